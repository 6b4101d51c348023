"""Linear transitions: against complex steps, against their cells, and two tasks solved without learning."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn import layer as protocol
from rnn import tasks
from rnn.gradcheck import central_difference, complex_step
from rnn.orthogonal import CayleyCell, LinearTransitionCell, OrthogonalRNN, adding_weights, copying_weights
from rnn.simple import SimpleRNN
from rnn.unrolled import Unrolled

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, H = 5, 3, 2, 4
READ_OUT = ("W_hy", "b_y")


def random_layer(rng, sizes=(D, H), **options):
    layer = OrthogonalRNN(*sizes, rng=rng, **options)
    for name, value in list(layer.params.items()):
        layer.params[name] = (value + rng.normal(size=value.shape) / 3).astype(value.dtype)
    return layer


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 5), *[st.integers(1, 3)] * 2, st.integers(1, 4), st.integers(0, 10**6), st.booleans(), st.booleans()
)
def test_backward_agrees_with_numerical_gradients(T, B, d, h, seed, held, padded):
    rng = np.random.default_rng(seed)
    nonlinearity = rng.choice(["tanh", "identity", "relu"])
    layer = random_layer(rng, (d, h), held=held, nonlinearity=nonlinearity)
    lengths = rng.integers(1, T + 1, B) if padded else None
    x, h0, d_h, weights = (rng.normal(size=shape) for shape in ((T, B, d), (B, h), (B, h), (T, B, h)))
    leaves = dict(layer.params) | {"inputs": x, "h0": h0}
    layer.forward(x, (h0,), lengths=lengths)
    d_inputs, (d_h0,) = layer.backward(weights, (d_h,))
    came = layer.grads | {"inputs": d_inputs, "h0": d_h0}
    assert list(layer.grads) == list(layer.params)

    def loss(values):
        layer.params.update({name: values[name] for name in layer.params})
        outputs, (last,) = layer.forward(values["inputs"], (values["h0"],), lengths=lengths)
        return (weights * outputs).sum() + (d_h * last).sum()

    differentiate = central_difference if nonlinearity == "relu" else complex_step
    digits = 1e-7 if nonlinearity == "relu" else 1e-12
    for name, value in leaves.items():
        if value.size:
            expected = differentiate(lambda v, name=name: loss(leaves | {name: v}), value)
            np.testing.assert_allclose(came[name], expected, rtol=0, atol=digits * max(np.abs(expected).max(), 0.01))


@pytest.mark.parametrize("held", [False, True])
def test_the_layer_is_its_cell_unrolled(rng, held):
    layer = random_layer(rng, held=held)
    unrolled = Unrolled(layer.cell)
    x, h0, lengths = rng.normal(size=(T, B, D)), rng.normal(size=(B, H)), np.array([2, 5, 1])
    weights, d_h = rng.normal(size=(T, B, H)), rng.normal(size=(B, H))
    results = []
    for one in (layer, unrolled):
        outputs, state = one.forward(x, (h0,), lengths=lengths)
        d_x, d_state = one.backward(weights, (d_h,))
        results.append([outputs, *state, d_x, *d_state, *(one.grads[name] for name in layer.params)])
    for came, expected in zip(*results, strict=True):
        np.testing.assert_allclose(came, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    assert layer.params is layer.cell.params


def test_the_formula(rng):
    layer, x, h = random_layer(rng), rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    outputs, _ = layer.forward(x, (h,))
    p = layer.params
    for x_t, y_t in zip(x, outputs, strict=True):
        h = np.tanh(x_t @ p["W_xh"] + p["b_h"]) + h @ p["W_hh"]
        np.testing.assert_allclose(y_t, h, rtol=1e-12)


def test_the_cayley_transform_is_orthogonal_and_stays_so(rng):
    cell = CayleyCell(D, 6, rng=rng)
    for scale in (0, 1, 30):
        cell.params["skew"] = scale * rng.normal(size=15)
        W = cell.transition()
        np.testing.assert_allclose(W @ W.T, np.eye(6), atol=1e-13)
    cell.params["skew"] = np.zeros(15)
    np.testing.assert_array_equal(cell.transition(), np.eye(6))
    angle = CayleyCell(1, 2)
    angle.params["skew"] = np.array([np.tan(0.3)])  # S = [[0, s], [-s, 0]] turns by 2 atan(s)
    turn = [[np.cos(0.6), -np.sin(0.6)], [np.sin(0.6), np.cos(0.6)]]
    np.testing.assert_allclose(angle.transition(), turn, atol=1e-15)
    assert CayleyCell(1, 1).transition() == 1


@pytest.mark.parametrize("held", [False, True])
def test_no_gradient_vanishes_or_explodes(rng, held):
    layer = OrthogonalRNN(D, H, held=held, rng=rng)
    layer.forward(rng.normal(size=(200, B, D)))
    d_h = rng.normal(size=(B, H))
    _, (d_h0,) = layer.backward(np.zeros((200, B, H)), (d_h,))
    np.testing.assert_allclose(np.linalg.norm(d_h0, axis=1), np.linalg.norm(d_h, axis=1), rtol=1e-12)


def test_how_it_begins(rng):
    for held in (False, True):
        W = OrthogonalRNN(D, 5, start="identity", held=held, rng=rng).cell.transition()
        np.testing.assert_array_equal(W, np.eye(5))
        W = OrthogonalRNN(D, 5, held=held, rng=rng).cell.transition()
        np.testing.assert_allclose(W @ W.T, np.eye(5), atol=1e-13)
        assert np.abs(W - np.eye(5)).max() > 0.1
    layer = OrthogonalRNN(30, 40, rng=rng)
    assert isinstance(layer, protocol.Layer)
    assert isinstance(layer.cell, protocol.Cell)
    assert 0.95 * np.sqrt(6 / 70) < np.abs(layer.params["W_xh"]).max() <= np.sqrt(6 / 70)
    assert not layer.params["b_h"].any()
    assert (layer.input_size, layer.hidden_size, layer.output_size) == (30, 40, 40)
    angles = np.angle(np.linalg.eigvals(OrthogonalRNN(1, 300, held=True, rng=rng).cell.transition()))
    assert 2.0 < np.abs(angles).max() < 2.4
    assert layer.grads == {}


def test_stream_and_split_sequences_are_the_whole(rng):
    layer, x, h0 = random_layer(rng), rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    whole, (last,) = layer.forward(x, (h0,))
    expected = layer.backward(whole)[0]
    stream = layer.stream((h0,))
    np.testing.assert_allclose([stream.step(x_t) for x_t in x], whole, rtol=1e-12)
    np.testing.assert_allclose(stream.state[0], last, rtol=1e-12)
    np.testing.assert_array_equal(layer.backward(whole)[0], expected)
    first, state = layer.forward(x[:2], (h0,))
    second, _ = layer.forward(x[2:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-12)
    assert layer.stream(batch=2).step(x[0, :2]).shape == (2, H)


def test_padding_changes_nothing(rng):
    layer, x, lengths = random_layer(rng), rng.normal(size=(T, B, D)), np.array([2, 5, 1])
    weights, d_h = rng.normal(size=(T, B, H)), rng.normal(size=(B, H))
    layer.params["W_hh"] *= 3
    for b, n in enumerate(lengths):
        x[n:, b] = 1e308
    outputs, (last,) = layer.forward(x, lengths=lengths)
    d_x, (d_h0,) = layer.backward(weights, (d_h,))
    grads, totals = layer.grads, dict.fromkeys(layer.params, 0)
    for b, n in enumerate(lengths):
        one = slice(b, b + 1)
        alone, (end,) = layer.forward(x[:n, one])
        d_alone, (d_begin,) = layer.backward(weights[:n, one], (d_h[one],))
        np.testing.assert_allclose(outputs[:n, one], alone, rtol=1e-12)
        np.testing.assert_allclose(d_x[:n, one], d_alone, rtol=1e-11)
        np.testing.assert_allclose(np.concatenate([last[one], d_h0[one]]), np.concatenate([end, d_begin]), rtol=1e-11)
        assert not outputs[n:, b].any()
        assert not d_x[n:, b].any()
        totals = {name: totals[name] + layer.grads[name] for name in totals}
    for name, total in totals.items():
        np.testing.assert_allclose(grads[name], total, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("held", [False, True])
def test_single_precision_stays_single(rng, held):
    layer = random_layer(rng, held=held, dtype=np.float32)
    outputs, state = layer.forward(rng.normal(size=(T, B, D)), lengths=np.array([2, 5, 1]))
    d_x, d_state = layer.backward(outputs, state)
    for value in (outputs, *state, d_x, *d_state, *layer.grads.values()):
        assert value.dtype == np.float32


@pytest.mark.parametrize("held", [False, True])
def test_complex_gradients_are_two_real_ones(rng, held):
    layer = random_layer(rng, held=held)
    layer.forward(rng.normal(size=(T, B, D)), lengths=np.array([2, 5, 1]))
    real, imaginary = rng.normal(size=(2, T, B, H))
    d_h = rng.normal(size=(2, B, H))
    results = []
    for weights, d_end in ((real, d_h[0]), (imaginary, d_h[1]), (real + 1j * imaginary, d_h[0] + 1j * d_h[1])):
        d_x, (d_h0,) = layer.backward(weights, (d_end,))
        results.append({"x": d_x, "h": d_h0} | layer.grads)
    for name, both in results[2].items():
        np.testing.assert_allclose(both, results[0][name] + 1j * results[1][name], rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("held", [False, True])
def test_assigned_parameters_are_looked_at_on_both_ways(rng, held):
    layer, x = random_layer(rng, held=held), rng.normal(size=(T, B, D))
    outputs, _ = layer.forward(x)
    d_x, _ = layer.backward(outputs)
    grads, last = layer.grads, list(layer.params)[1]
    for name, wrong, error, sentence in (
        ("b_h", np.ones(1), ValueError, "params['b_h']: expected (4,), got (1,)"),  # would fit, repeated
        ("b_h", [0.0] * H, TypeError, "params['b_h']: expected a NumPy array, got list"),
        ("W_xh", np.ones((D + 1, H)), ValueError, "params['W_xh']: expected (2, 4), got (3, 4)"),
        (last, np.full(layer.params[last].shape, np.inf), ValueError, f"params['{last}']: expected finite numbers"),
    ):
        right, layer.params[name] = layer.params[name], wrong
        for call in (lambda: layer.forward(x), lambda: layer.backward(outputs)):
            with pytest.raises(error) as caught:
                call()
            assert str(caught.value).startswith(sentence)
        layer.params[name] = right
    assert layer.grads is grads
    np.testing.assert_array_equal(layer.backward(outputs)[0], d_x)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("x", {"W_xh": 1e10}),
        ("h", {"W_hh": 1e10}),
        ("W_xh", {"x": 1e10}),
        ("W_hh", {"h": 1e10}),
        ("b_h", {"delta": 1e308}),
    ],
)
def test_a_step_back_that_overflows_is_an_error(name, sizes):
    size = {"W_xh": 0.0, "W_hh": 0.0, "x": 0.0, "h": 0.0, "delta": 1e300} | sizes
    cell = LinearTransitionCell(D, H, nonlinearity="identity")
    for weights in ("W_xh", "W_hh"):
        cell.params[weights][...] = size[weights]
    _, cache = cell.step(np.full((B, D), size["x"]), (np.full((B, H), size["h"]),))
    with pytest.raises(FloatingPointError) as caught:
        cell.step_back((np.full((B, H), size["delta"]),), cache)
    assert str(caught.value).startswith(f"gradient['{name}']: expected a finite result, got inf")


def test_results_are_ones_own_and_a_failure_changes_nothing(rng):
    layer, x = random_layer(rng, nonlinearity="identity"), rng.normal(size=(T, B, D))
    outputs, (last,) = layer.forward(x)
    d_x, _ = layer.backward(outputs)
    copies = [value.copy() for value in (outputs, last, d_x)]
    grads = layer.grads
    with pytest.raises(FloatingPointError, match=r"^outputs: expected a finite result"):
        layer.forward(np.full((T, B, D), 1.7e308))
    with pytest.raises(FloatingPointError, match=r"expected a finite result"):
        layer.backward(np.full((T, B, H), 1.7e308))
    assert layer.grads is grads
    np.testing.assert_array_equal(layer.backward(outputs)[0], d_x)
    _, (again,) = layer.forward(x)
    assert not np.shares_memory(again, layer._cache[1].base)
    layer.forward(-x)
    for value, copy in zip((outputs, last, d_x), copies, strict=True):
        np.testing.assert_array_equal(value, copy)


# --------------------------------------------------------------------------- solved by hand


@pytest.mark.parametrize(("delay", "symbols", "length"), [(1, 1, 1), (5, 3, 2), (20, 8, 5), (60, 4, 10)])
def test_copying_is_solved_exactly(rng, delay, symbols, length):
    task = tasks.copying(delay, 6, symbols=symbols, length=length, rng=rng)
    weights = copying_weights(symbols, delay + length)
    W_hh = weights["W_hh"]
    np.testing.assert_array_equal(W_hh @ W_hh.T, np.eye(len(W_hh)))
    layer = OrthogonalRNN(symbols + 2, len(W_hh), nonlinearity="identity")
    layer.params.update({name: value for name, value in weights.items() if name not in READ_OUT})
    scores = layer.forward(task.inputs)[0] @ weights["W_hy"] + weights["b_y"]
    np.testing.assert_array_equal(scores.argmax(axis=2), task.targets)
    np.testing.assert_array_equal(np.unique(scores), [0, 0.5, 1])
    net = SimpleRNN(symbols + 2, len(W_hh), symbols + 1, nonlinearity="identity")
    net.params.update(weights)
    np.testing.assert_array_equal(net.forward(task.inputs)[0], scores)


def test_adding_is_solved_exactly(rng):
    task = tasks.adding(1000, 50, rng=rng)
    weights = adding_weights()
    layer = OrthogonalRNN(2, 1, nonlinearity="relu")
    layer.params.update({name: value for name, value in weights.items() if name not in READ_OUT})
    sums = layer.forward(task.inputs)[0] @ weights["W_hy"] + weights["b_y"]
    assert ((sums[-1] - task.targets[-1]) ** 2).mean() < 1e-31


def test_solutions_share_no_array():
    for weights in (adding_weights(), copying_weights(2, 2)):
        arrays = list(weights.values())
        assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[:i])


def test_solutions_have_the_shapes_of_the_parameters_that_they_are_for():
    for weights, sizes in ((adding_weights(), (2, 1, 1)), (copying_weights(3, 4), (5, 15, 4))):
        assert {name: w.shape for name, w in weights.items()} == {
            name: w.shape for name, w in SimpleRNN(*sizes).params.items()
        }


LAYER = OrthogonalRNN(D, H, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: OrthogonalRNN(D, H, start="zero"),
            ValueError,
            "start: expected one of orthogonal, identity, got 'zero'",
        ),
        (lambda: OrthogonalRNN(0, H), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        (lambda: LinearTransitionCell(D, H, nonlinearity="x"), ValueError, "nonlinearity: expected one of"),
        (
            lambda: OrthogonalRNN(D, H).backward(np.ones((1, 1, H))),
            RuntimeError,
            "backward: expected a call of forward",
        ),
        (lambda: LAYER.forward(np.ones((T, B, 3))), ValueError, "inputs: expected (seq_len, batch, 2) with"),
        (lambda: LAYER.forward(np.ones((T, B, D)), np.ones((B, H))), TypeError, "state: expected the tuple (h,), got"),
        (lambda: LAYER.forward(np.ones((T, B, D)), (np.ones((B, 3)),)), ValueError, "h: expected (3, 4), got (3, 3)"),
        (
            lambda: LAYER.forward(np.ones((T, B, D)), lengths=[1, 2, 6]),
            ValueError,
            "lengths: expected numbers from 1 to 5",
        ),
        (lambda: copying_weights(0, 3), ValueError, "symbols: expected a whole number of at least 1, got 0"),
        (lambda: copying_weights(3, 0), ValueError, "delay: expected a whole number of at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
