"""The diagonal state-space layer: the formula with complex numbers, complex steps, and itself in other arrangements."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn import layer as protocol
from rnn.gradcheck import complex_step
from rnn.ssm import DiagonalSSM

pytestmark = pytest.mark.filterwarnings("error")

D, N, O = 2, 3, 4


def random_layer(rng, sizes=(D, N, O), **options):
    layer = DiagonalSSM(*sizes, rng=rng, **options)
    for name, value in layer.params.items():
        layer.params[name] = (value + rng.normal(size=value.shape) / 3).astype(value.dtype)
    return layer


def loss_of(layer, leaves, weights, lengths):
    layer.params.update({name: leaves[name] for name in layer.params})
    outputs, state = layer.forward(leaves["inputs"], (leaves["h_re"], leaves["h_im"]), lengths=lengths)
    return sum((w * value).sum() for w, value in zip(weights, (outputs, *state), strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), *[st.integers(1, 3)] * 4, st.integers(0, 10**6), st.booleans())
def test_layer_backward_agrees_with_complex_steps(T, B, d, n, o, seed, padded):
    rng = np.random.default_rng(seed)
    layer = random_layer(rng, (d, n, o))
    lengths = rng.integers(1, T + 1, B) if padded else None
    h_re, h_im, *d_state = rng.normal(size=(4, B, n))
    leaves = dict(layer.params) | {"inputs": rng.normal(size=(T, B, d)), "h_re": h_re, "h_im": h_im}
    weights = (rng.normal(size=(T, B, o)), *d_state)
    layer.forward(leaves["inputs"], (h_re, h_im), lengths=lengths)
    d_inputs, (d_re, d_im) = layer.backward(weights[0], weights[1:])
    came = layer.grads | {"inputs": d_inputs, "h_re": d_re, "h_im": d_im}
    other = random_layer(rng, (d, n, o))
    for name, value in leaves.items():
        expected = complex_step(lambda v, name=name: loss_of(other, leaves | {name: v}, weights, lengths), value)
        assert came[name].shape == expected.shape
        np.testing.assert_allclose(came[name], expected, rtol=0, atol=1e-12 * max(np.abs(expected).max(), 1e-3))


def test_the_layer_is_the_formula_with_complex_numbers(rng):
    layer, x = random_layer(rng), rng.normal(size=(7, 2, D))
    p = layer.params
    lam = np.exp(-np.exp(p["nu"]) + 1j * p["theta"])
    assert (np.abs(lam) < 1).all()
    W_xh, W_hy = p["W_xh_re"] + 1j * p["W_xh_im"], p["W_hy_re"] + 1j * p["W_hy_im"]
    h0 = rng.normal(size=(2, 2, N))
    h = h0[0] + 1j * h0[1]
    outputs, state = layer.forward(x, tuple(h0))
    for t in range(7):
        h = lam * h + np.sqrt(1 - np.abs(lam) ** 2) * (x[t] @ W_xh)
        np.testing.assert_allclose(outputs[t], (h @ W_hy).real + x[t] @ p["W_xy"] + p["b_y"], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(state, [h.real, h.imag], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(layer.eigenvalues()[:, 0], [lam.real, lam.imag], rtol=1e-13)


def test_white_noise_of_variance_one_gives_states_as_large(rng):
    layer = DiagonalSSM(1, 5, 1, fastest=0.3, slowest=0.95, rng=rng)
    layer.params["W_xh_re"] = np.ones((1, 5))
    layer.params["W_xh_im"] = np.zeros((1, 5))
    _, (re, im) = layer.forward(rng.normal(size=(120, 1500, 1)))
    np.testing.assert_allclose((re**2 + im**2).mean(axis=0), 1, rtol=0.1)


def test_stream_and_split_sequences_are_the_whole(rng):
    layer, x = random_layer(rng), rng.normal(size=(9, 2, D))
    start = tuple(rng.normal(size=(2, 2, N)))
    whole, last = layer.forward(x, start)
    stream = layer.stream(start)
    np.testing.assert_allclose([stream.step(x_t) for x_t in x], whole, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(stream.state, last, rtol=1e-11, atol=1e-13)
    first, state = layer.forward(x[:4], start)
    second, end = layer.forward(x[4:], state)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(end, last, rtol=1e-11, atol=1e-13)
    assert layer.stream(batch=3).step(x[0, [0, 1, 1]]).shape == (3, O)


def test_the_stream_does_not_disturb_what_backward_differentiates(rng):
    layer, x = random_layer(rng), rng.normal(size=(5, 2, D))
    outputs, _ = layer.forward(x)
    expected = layer.backward(outputs)[0]
    layer.stream(batch=1).step(x[0, :1])
    np.testing.assert_array_equal(layer.backward(outputs)[0], expected)


def test_what_is_done_to_a_returned_state_does_not_reach_backward(rng):
    layer, x = random_layer(rng), rng.normal(size=(5, 2, D))
    outputs, state = layer.forward(x)
    expected = layer.backward(outputs)[0], dict(layer.grads)
    outputs, state = layer.forward(x)
    given = outputs.copy()
    for value in (outputs, *state):
        value[...] = 9
    np.testing.assert_array_equal(layer.backward(given)[0], expected[0])
    for name, grad in layer.grads.items():
        np.testing.assert_array_equal(grad, expected[1][name])


def test_a_step_takes_complex_inputs_by_their_parts(rng):
    layer, start = random_layer(rng), tuple(rng.normal(size=(2, 2, N)))
    x, dx = rng.normal(size=(2, 2, D))
    y, state = layer.step(x + 1j * dx, start)
    real, there = layer.step(x, start)
    moved, beyond = layer.step(x + dx, start)
    np.testing.assert_allclose(y, real + 1j * (moved - real), rtol=1e-11)
    for part, at, after in zip(state, there, beyond, strict=True):
        np.testing.assert_allclose(part, at + 1j * (after - at), rtol=1e-11)


def test_a_complex_gradient_goes_back_by_its_parts(rng):
    layer = random_layer(rng)
    layer.forward(rng.normal(size=(5, 2, D)), tuple(rng.normal(size=(2, 2, N))))
    came = []
    re, im = rng.normal(size=(2, 5, 2, O))
    for d_outputs in (re + 1j * im, re, im):
        d_inputs, d_start = layer.backward(d_outputs)
        came.append([d_inputs, *d_start, *layer.grads.values()])
    for both, real, imaginary in zip(*came, strict=True):
        np.testing.assert_allclose(both, real + 1j * imaginary, rtol=1e-10, atol=1e-12)


def test_padding_changes_nothing(rng):
    layer, x, lengths = random_layer(rng), rng.normal(size=(6, 3, D)), np.array([2, 6, 1])
    start, weights = tuple(rng.normal(size=(2, 3, N))), rng.normal(size=(6, 3, O))
    d_last = tuple(rng.normal(size=(2, 3, N)))
    for b, n in enumerate(lengths):
        x[n:, b] = 1e308
    outputs, state = layer.forward(x, start, lengths=lengths)
    d_inputs, d_start = layer.backward(weights, d_last)
    grads, totals = layer.grads, dict.fromkeys(layer.params, 0)
    for b, n in enumerate(lengths):
        one = slice(b, b + 1)
        alone, end = layer.forward(x[:n, one], tuple(part[one] for part in start))
        d_alone, d_begin = layer.backward(weights[:n, one], tuple(part[one] for part in d_last))
        np.testing.assert_allclose(outputs[:n, one], alone, rtol=1e-11, atol=1e-13)
        assert not outputs[n:, b].any()
        assert not d_inputs[n:, b].any()
        np.testing.assert_allclose(d_inputs[:n, one], d_alone, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose([part[one] for part in state], end, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose([part[one] for part in d_start], d_begin, rtol=1e-11, atol=1e-13)
        totals = {name: totals[name] + layer.grads[name] for name in totals}
    for name, total in totals.items():
        np.testing.assert_allclose(grads[name], total, rtol=1e-10, atol=1e-12)


def test_the_layer_is_one_and_begins_as_it_says(rng):
    layer = DiagonalSSM(2, 1000, 3, fastest=0.5, slowest=0.9, rng=rng)
    assert isinstance(layer, protocol.Layer)
    size = np.hypot(*layer.eigenvalues()[:, 0])
    assert 0.5 <= size.min() < 0.51
    assert 0.89 < size.max() <= 0.9
    assert (size**2).mean() == pytest.approx((0.5**2 + 0.9**2) / 2, rel=0.05)
    np.testing.assert_allclose(layer.gain(), np.sqrt(1 - size**2))
    outputs, state = layer.forward(np.ones((4, 2, 2)))
    assert outputs.shape == (4, 2, 3)
    assert [part.shape for part in state] == [(2, 1000)] * 2
    assert layer.grads == {}
    layer.backward(outputs)
    assert layer.grads.keys() == layer.params.keys()
    assert (layer.input_size, layer.hidden_size, layer.output_size) == (2, 1000, 3)


def test_initial_weights_keep_the_size_of_what_passes():
    params = DiagonalSSM(20, 400, 30, rng=np.random.default_rng(0)).params
    assert 0 <= params["theta"].min() < 0.1
    assert 2 * np.pi - 0.1 < params["theta"].max() < 2 * np.pi
    variances = {"W_xh_re": 0.5 / 20, "W_xh_im": 0.5 / 20, "W_hy_re": 1 / 400, "W_hy_im": 1 / 400, "W_xy": 1 / 20}
    for name, variance in variances.items():
        assert params[name].var() == pytest.approx(variance, rel=0.15)
        assert abs(params[name].mean()) < 0.2 * np.sqrt(variance)
    assert not params["b_y"].any()


def test_single_precision_stays_single_and_weights_can_be_written_into(rng):
    layer = random_layer(rng, dtype=np.float32)
    outputs, state = layer.forward(rng.normal(size=(5, 2, D)), lengths=np.array([2, 5]))
    d_inputs, d_start = layer.backward(outputs, state)
    for value in (
        outputs,
        *state,
        d_inputs,
        *d_start,
        *layer.grads.values(),
        layer.stream(batch=1).step(np.ones((1, D))),
    ):
        assert value.dtype == np.float32
    layer.params["b_y"][...] = 1000
    assert layer.forward(np.zeros((1, 1, D)))[0].min() > 900


LAYER = DiagonalSSM(2, 3, 4, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: DiagonalSSM(0, 1, 1), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        (
            lambda: DiagonalSSM(1, 1, 1, slowest=1.0),
            ValueError,
            "slowest: expected a number above fastest = 0 and below 1, got 1",
        ),
        (
            lambda: DiagonalSSM(1, 1, 1, slowest=0.5, fastest=0.5),
            ValueError,
            "slowest: expected a number above fastest = 0.5 and below 1, got 0.5",
        ),
        (
            lambda: DiagonalSSM(2, 3, 4).backward(np.ones((1, 1, 4))),
            RuntimeError,
            "backward: expected a call of forward first, got none",
        ),
        (lambda: LAYER.forward(np.ones((2, 1, 3))), ValueError, "inputs: expected (seq_len, batch, 2) with"),
        (lambda: LAYER.forward(np.ones((2, 1, 2)), (np.ones((1, 3)),)), TypeError, "state: expected the tuple"),
        (lambda: LAYER.forward(np.ones((2, 1, 2)), lengths=[3]), ValueError, "lengths: expected numbers from 1 to 2"),
        (lambda: LAYER.step(np.ones((1, 3)), LAYER.zero_state(1)), ValueError, "x: expected"),
        (lambda: LAYER.zero_state(0), ValueError, "batch: expected a whole number of at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)


def test_assigned_parameters_that_do_not_fit_are_named(rng):
    layer, x = random_layer(rng), rng.normal(size=(3, 2, D))
    outputs, state = layer.forward(x)
    calls = (lambda: layer.forward(x), lambda: layer.backward(outputs), lambda: layer.step(x[0], state))
    fitting = layer.params["theta"]
    for value, error, sentence in [
        (np.full(N, np.nan), ValueError, r"params\['theta'\]: expected finite numbers, got nan"),
        (np.ones(1), ValueError, r"params\['theta'\]: expected \(3,\), got \(1,\)"),
        (list(fitting), TypeError, r"params\['theta'\]: expected a NumPy array, got list"),
    ]:
        layer.params["theta"] = value
        for call in calls:
            with pytest.raises(error, match=sentence):
                call()
    assert layer.grads == {}


def test_a_step_that_overflows_is_one_sentence(rng):
    layer = random_layer(rng)
    layer.params["b_y"] = np.full(O, 1.7e308)
    layer.params["W_xy"] = np.ones((D, O))
    with pytest.raises(FloatingPointError, match=r"result\['output'\]: expected a finite result"):
        layer.step(np.full((1, D), 1e308), layer.zero_state(1))


def test_overflow_is_one_sentence_and_changes_nothing(rng):
    layer, x = random_layer(rng), rng.normal(size=(3, 1, D))
    outputs, _ = layer.forward(x)
    expected = layer.backward(outputs)[0]
    grads = layer.grads
    with pytest.raises(FloatingPointError, match="expected a finite result"):
        layer.forward(np.full((3, 1, D), 1.7e308))
    with pytest.raises(FloatingPointError, match="expected a finite result"):
        layer.backward(np.full((3, 1, O), 1.7e308))
    assert layer.grads is grads
    np.testing.assert_array_equal(layer.backward(outputs)[0], expected)
