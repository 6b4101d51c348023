"""Numerical gradients: against formulas, and against layers that are broken on purpose."""

from copy import deepcopy

import numpy as np
import pytest

import rnn
from rnn.depth import Dropout, Stacked, Unrolled
from rnn.gradcheck import central_difference, check, complex_step
from rnn.gru import GRUCell
from rnn.linear import Embedding, Linear

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(("differentiate", "tolerance"), [(complex_step, 1e-14), (central_difference, 1e-9)])
def test_jacobian_of_a_matrix_function(rng, differentiate, tolerance):
    A, x = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))
    jacobian = differentiate(lambda x: A @ np.sin(x), x)
    assert jacobian.shape == (2, 4, 3, 4)
    expected = np.zeros((2, 4, 3, 4))
    for i, k, j in np.ndindex(2, 4, 3):
        expected[i, k, j, k] = A[i, j] * np.cos(x[j, k])
    np.testing.assert_allclose(jacobian, expected, atol=tolerance)


@pytest.mark.parametrize("differentiate", [complex_step, central_difference])
def test_gradient_of_a_number_and_at_a_number(differentiate):
    np.testing.assert_allclose(differentiate(lambda x: (x**3).sum(), [1.0, 2.0]), [3, 12], rtol=1e-9)
    slope = differentiate(np.exp, 0.5)
    assert slope.shape == ()
    assert slope == pytest.approx(np.exp(0.5), rel=1e-9)


def test_complex_step_is_exact_to_rounding_and_leaves_x_alone():
    x = np.array([0.3, -1.2])
    x.flags.writeable = False
    np.testing.assert_allclose(
        complex_step(lambda x: np.tanh(x) ** 2, x).diagonal(), 2 * np.tanh(x) / np.cosh(x) ** 2, rtol=1e-15
    )


def test_complex_step_steps_by_1e_minus_30():
    steps = []
    complex_step(lambda x: steps.append(x) or x.sum(), [1.0, 2.0])
    assert [step.tolist() for step in steps] == [[1 + 1e-30j, 2], [1, 2 + 1e-30j]]


def test_central_difference_steps_in_proportion_above_one_or_by_eps():
    seen = []
    central_difference(lambda x: seen.append(x.copy()) or x.sum(), [0.5, -1000.0])
    widths = [(seen[0] - seen[1])[0], (seen[2] - seen[3])[1]]
    eps = np.finfo(float).eps ** (1 / 3)
    np.testing.assert_allclose(widths, [2 * eps, 2000 * eps], rtol=1e-6)
    seen.clear()
    central_difference(lambda x: seen.append(x.copy()) or x.sum(), [1000.0], eps=0.5)
    assert [x.tolist() for x in seen] == [[1000.5], [999.5]]
    assert central_difference(lambda x: x[0] ** 2, [0.1], eps=0.7)[0] == pytest.approx(0.2, rel=1e-12)
    assert central_difference(lambda x: int(x[0] > 0), [0.0], eps=1.0)[0] == 0.5


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: complex_step(np.abs, [1.0]),
            TypeError,
            "f: expected complex numbers for complex ones, got float64; complex_step needs an analytic"
            " function (no abs, norm, max or clip), central_difference does not",
        ),
        (
            lambda: complex_step(np.exp, [1]),
            TypeError,
            "x: expected float64 or float32 numbers, got int64; convert with x.astype(float)",
        ),
        (
            lambda: central_difference(np.exp, [1]),
            TypeError,
            "x: expected float64 or float32 numbers, got int64; convert with x.astype(float)",
        ),
        (
            lambda: complex_step(np.exp, [1j]),
            TypeError,
            "x: expected float64 or float32 numbers, got complex128",
        ),
        (lambda: complex_step(np.exp, []), ValueError, "x: expected at least one number, got the shape (0,)"),
        (
            lambda: complex_step(np.exp, [1.0, np.nan]),
            ValueError,
            "x: expected finite numbers, got nan at index (1,)",
        ),
        (
            lambda: complex_step(lambda x: x * np.inf, [1.0]),
            FloatingPointError,
            "f(x): expected a finite result",
        ),
        (
            lambda: central_difference(lambda x: x * np.inf, [1.0]),
            FloatingPointError,
            "f(x): expected a finite result, got inf at index (0,)",
        ),
        (
            lambda: central_difference(lambda x: x + 1j, [1.0]),
            TypeError,
            "f: expected real numbers, got complex128",
        ),
        (
            lambda: central_difference(np.exp, [1.0], eps=0),
            ValueError,
            "eps: expected a finite number of at least",
        ),
        (lambda: central_difference(np.exp, [1.0], eps="1"), TypeError, "eps: expected a number of at least"),
        (lambda: check(3), TypeError, "layer: expected a layer or a cell, got int"),
        (
            lambda: check(rnn.LSTMCell(1, 1), seq_len=0),
            ValueError,
            "seq_len: expected a whole number of at least 1, got 0",
        ),
        (
            lambda: check(rnn.LSTMCell(1, 1), batch=0),
            ValueError,
            "batch: expected a whole number of at least 1, got 0",
        ),
        (
            lambda: check(rnn.LSTMCell(1, 1), method="forward"),
            ValueError,
            "method: expected one of complex, central, got 'forward'",
        ),
        (
            lambda: check(rnn.LSTMCell(1, 1), rng=3),
            TypeError,
            "rng: expected a numpy.random.Generator, got 3",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with np.errstate(all="ignore"), pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("nonlinearity", ["tanh", "identity", "relu"])
def test_check_passes_good_layers(rng, nonlinearity):
    net = rnn.SimpleRNN(3, 4, 2, nonlinearity=nonlinearity, rng=rng)
    errors = check(net, rng=rng)
    assert list(errors) == ["W_xh", "W_hh", "b_h", "W_hy", "b_y", "inputs", "h0"]
    largest = max(errors.values())
    # The rectifier is differentiated by central differences, which shows in the size of the error.
    assert (1e-13 < largest < 1e-7) if nonlinearity == "relu" else (largest < 1e-13)
    assert 1e-13 < max(check(net, rng=rng, method="central").values()) < 1e-7
    assert max(check(net, rng=rng, method="complex").values()) < 1e-13


def test_check_passes_cells_and_single_precision(rng):
    errors = check(rnn.LSTMCell(3, 4, rng=rng), rng=rng)
    assert list(errors)[-3:] == ["input_t", "hidden_state", "cell_state"]
    assert len(errors) == 15
    assert max(errors.values()) < 1e-13
    single = rnn.SimpleRNN(3, 4, 2, rng=rng, dtype=np.float32), rnn.LSTMCell(3, 4, rng=rng, dtype=np.float32)
    for layer in single:
        assert 1e-9 < max(check(layer, rng=rng).values()) < 1e-5


def test_check_finds_a_broken_backward_and_names_the_parameter(rng):
    class Broken(rnn.SimpleRNN):
        def backward(self, d_outputs):
            grads = super().backward(d_outputs)
            return grads | {"W_hh": 1.01 * grads["W_hh"]}

    errors = check(Broken(3, 4, 2, rng=rng), rng=rng)
    assert errors.pop("W_hh") == pytest.approx(0.01, rel=1e-6)
    assert max(errors.values()) < 1e-13


def test_errors_are_relative_to_small_gradients_too(rng):
    class Broken(rnn.SimpleRNN):
        def backward(self, d_outputs):
            grads = super().backward(d_outputs)
            self.d_h0 = 1.5 * self.d_h0
            return grads

    net = Broken(3, 4, 2, rng=rng)
    net.params["W_hh"] = 1e-6 * net.params["W_hh"]
    assert check(net, rng=rng)["h0"] == pytest.approx(0.5, rel=1e-6)


def test_check_uses_steps_sequences_and_random_numbers_as_told(rng):
    shapes = []

    class Spy(rnn.SimpleRNN):
        def forward(self, inputs, *, h0=None):
            shapes.append((np.shape(inputs), np.shape(h0)))
            return super().forward(inputs, h0=h0)

    check(Spy(3, 4, 2), seq_len=7, batch=2)
    assert set(shapes) == {((7, 2, 3), (2, 4))}
    shapes.clear()
    check(Spy(3, 4, 2))
    assert set(shapes) == {((5, 3, 3), (3, 4))}
    net = rnn.SimpleRNN(3, 4, 2, rng=rng)
    first, second = (check(net, rng=np.random.default_rng(1)) for _ in range(2))
    assert first == second


def test_check_leaves_the_layer_as_it_was(rng):
    net = rnn.SimpleRNN(3, 4, 2, rng=rng)
    before = {name: (value, value.copy()) for name, value in net.params.items()}
    check(net)
    assert net.grads == {}
    for name, (array, copy) in before.items():
        assert net.params[name] is array
        np.testing.assert_array_equal(array, copy)
    with pytest.raises(RuntimeError):
        net.backward(np.zeros((5, 3, 2)))


def test_an_error_where_nothing_is_expected_counts_in_full(rng):
    net = rnn.SimpleRNN(3, 4, 2, rng=rng)
    net.params["W_xh"] = np.zeros((3, 4))  # then nothing reaches the inputs

    class Broken(rnn.SimpleRNN):
        def backward(self, d_outputs, *, d_h=None):
            grads = super().backward(d_outputs)
            self.d_inputs = np.full_like(self.d_inputs, 0.25)
            return grads

    broken = Broken(3, 4, 2)
    broken.params = net.params
    assert check(net)["inputs"] == 0
    assert check(broken)["inputs"] == 0.25


@pytest.mark.parametrize("differentiate", [complex_step, central_difference])
def test_functions_may_return_lists_and_plain_numbers(differentiate):
    jacobian = differentiate(lambda x: [x[0] * x[1], 3 * x[0]], [2.0, 5.0])
    np.testing.assert_allclose(jacobian, [[5, 2], [3, 0]], atol=1e-8)
    np.testing.assert_allclose(differentiate(lambda x: x.tolist()[0] ** 2, [2.0, 5.0]), [4, 0], atol=1e-8)


def test_check_passes_cells_and_layers_and_names_their_states(rng):
    stack = Stacked([GRUCell(3, 4, rng=rng), rnn.LSTMCell(4, 2, rng=rng)])
    assert list(check(GRUCell(3, 4), rng=rng))[-3:] == ["b_hn", "x", "state0"]
    assert list(check(stack, rng=rng))[-5:] == ["1.b_o", "state0", "state1", "state2", "inputs"]
    assert list(check(Stacked([Embedding(5, 3), Linear(3, 2)]), rng=rng)) == ["0.E", "1.W", "1.b"]
    for layer in (GRUCell(3, 4), stack, Linear(3, 2, seeds=2), Stacked([Embedding(5, 3), Linear(3, 2)])):
        assert max(check(layer, rng=rng).values()) < 1e-13
        assert 1e-13 < max(check(layer, rng=rng, method="central").values()) < 1e-7
    single = Unrolled(GRUCell(3, 4, rng=rng, dtype=np.float32))
    assert 1e-9 < max(check(single, rng=rng).values()) < 1e-5


def test_check_finds_a_layer_that_forgets_a_part_of_its_gradient(rng):
    class Forgetful(Unrolled):
        def backward(self, d_outputs, d_state=None):
            d_inputs, d_state0 = super().backward(d_outputs)  # without d_state
            return d_inputs, d_state0

    class Cut(Unrolled):
        def backward(self, d_outputs, d_state=None):
            d_inputs, (d_h,) = super().backward(d_outputs, d_state)
            return d_inputs, (0 * d_h,)

    assert min(check(Forgetful(GRUCell(3, 4)), rng=rng).values()) > 1e-3
    errors = check(Cut(GRUCell(3, 4)), rng=rng)
    assert errors.pop("state0") == 1
    assert max(errors.values()) < 1e-13


def test_check_does_not_pass_over_a_gradient_too_many(rng):
    class Generous(rnn.LSTMCell):
        def backward(self, d_h, d_c):
            *d_arguments, grads = super().backward(d_h, d_c)
            return *d_arguments, d_c, grads

    assert max(check(rnn.LSTMCell(3, 4), rng=rng).values()) < 1e-13
    with pytest.raises(ValueError, match="longer"):
        check(Generous(3, 4), rng=rng)


def test_check_passes_the_lengths_on(rng):
    layer, seen = Unrolled(GRUCell(3, 4)), []

    class Spy(Unrolled):
        def forward(self, inputs, state=None, *, lengths=None):
            seen.append((inputs.shape, lengths))
            return super().forward(inputs, state, lengths=lengths)

    check(Spy(layer.cell), seq_len=4, batch=2, lengths=[4, 1], rng=rng)
    assert all(call == ((4, 2, 3), [4, 1]) for call in seen)
    with pytest.raises(ValueError, match=r"^lengths: expected numbers from 1 to 5, got 6 at index"):
        check(layer, lengths=[1, 6, 2], rng=rng)


def test_dropout_drops_the_same_numbers_throughout_a_check_even_from_a_shared_generator(rng):
    layer = Stacked([Linear(3, 40, rng=rng), Dropout(0.5, 40, rng=rng)])
    before = deepcopy(rng)
    assert max(check(layer, rng=np.random.default_rng(0)).values()) < 1e-13
    assert rng.random() == before.random()  # the layer's own draws go on where they were
    assert max(check(layer, rng=rng).values()) < 1e-13
    layer.forward(np.ones((2, 2, 3)))
    assert max(check(layer, rng=rng).values()) < 1e-13
