"""Jacobians and lags of any cell: against complex steps, the closed form for the LSTM, and backward."""

import numpy as np
import pytest

from rnn import gradients
from rnn.depth import Stacked
from rnn.gradcheck import complex_step
from rnn.gru import GRUCell
from rnn.jacobians import (
    as_rows,
    as_state,
    cell_jacobians,
    gradient_norms_by_lag,
    input_norms_by_lag,
    lag_contributions,
    shown_columns,
)
from rnn.lstm import LSTMCell
from rnn.orthogonal import CayleyCell, LinearTransitionCell
from rnn.simple import ElmanCell, SimpleRNN
from rnn.ssm import DiagonalSSM
from rnn.variants import LSTMVariant

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, H = 5, 3, 2, 4

CELLS = {
    "tanh": lambda rng: ElmanCell(D, H, rng=rng),
    "lstm": lambda rng: LSTMCell(D, H, rng=rng),
    "gru": lambda rng: GRUCell(D, H, rng=rng),
    "gru-before": lambda rng: GRUCell(D, H, reset="before", update="replaces", rng=rng),
    "peepholes": lambda rng: LSTMVariant(D, H, peepholes=True, rng=rng),
    "linear": lambda rng: LinearTransitionCell(D, H, rng=rng),
    "cayley": lambda rng: CayleyCell(D, H, rng=rng),
    "stack": lambda rng: Stacked([LSTMCell(D, 3, rng=rng), ElmanCell(3, 2, rng=rng), GRUCell(2, H, rng=rng)]),
}


@pytest.fixture(params=CELLS)
def case(request, rng):
    cell = CELLS[request.param](rng)
    for name, value in list(cell.params.items()):
        cell.params[name] = value + rng.normal(size=value.shape) / 3
    zero = cell.zero_state(B)
    state = as_state(rng.normal(size=as_rows(zero).shape), zero)
    return cell, rng.normal(size=(T, B, D)), state


def run(cell, x, state):
    states, caches = [state], []
    for x_t in x:
        state, cache = cell.step(x_t, state)
        states.append(state)
        caches.append(cache)
    return states, caches


def back(cell, caches, state, d_h):
    """Return the gradient for the parameters and the state before by plain backpropagation through time."""
    delta, total = np.zeros_like(as_rows(state)), {}
    for cache, e in zip(reversed(caches), reversed(d_h), strict=True):
        delta[:, shown_columns(state)] += e
        _, before, grads = cell.step_back(as_state(delta, state), cache)
        delta = as_rows(before)
        total = {name: total.get(name, 0) + grad for name, grad in grads.items()}
    return total, delta


@pytest.mark.parametrize("b", [0, 2])
def test_jacobians_are_derivatives_in_column_convention(case, b):
    cell, x, state = case
    jacobians = cell_jacobians(cell, x, state, batch=b)
    states, _ = run(cell, x, state)
    for t in range(T):
        s = as_rows(states[t])[b : b + 1]

        def after(s, t=t):
            return as_rows(cell.step(x[t, b : b + 1], as_state(s, state))[0])[0]

        expected = complex_step(after, s)[:, 0]
        np.testing.assert_allclose(jacobians[t], expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_products_of_them_are_derivatives_over_many_steps(case):
    cell, x, state = case

    def last(s):
        return as_rows(run(cell, x[:, :1], as_state(s, state))[0][-1])[0]

    expected = complex_step(last, as_rows(state)[:1])[:, 0]
    product = gradients.ordered_product(cell_jacobians(cell, x, state), T, 0)
    np.testing.assert_allclose(product, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    norm = np.linalg.norm(expected, 2)
    assert gradients.log_norms(cell_jacobians(cell, x, state))[-1] == pytest.approx(np.log(norm), rel=1e-10)


def test_of_the_simple_network_they_are_those_of_gradients(rng):
    net, x, h0 = SimpleRNN(D, H, 2, rng=rng), rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    hidden = net.forward(x, h0=h0)[1]
    expected = gradients.step_jacobians(net, hidden, batch=1)
    np.testing.assert_allclose(cell_jacobians(net, x, (h0,), batch=1), expected, rtol=1e-12, atol=1e-15)
    weights = rng.normal(size=(T, B, 2))
    terms = sum(gradients.lag_terms(net, hidden, weights, h0=h0, batch=b) for b in range(B))
    came = lag_contributions(net, x, (h0,), weights @ net.params["W_hy"].T)
    np.testing.assert_allclose(came["W_hh"].swapaxes(1, 2), terms, rtol=1e-10, atol=1e-13)


def test_of_the_lstm_they_are_the_four_blocks(rng):
    cell, x = LSTMCell(D, H, rng=rng), rng.normal(size=(1, 1, D))
    h, c = rng.normal(size=(2, 1, H))
    (h_1, c_1), (_, _, _, f, i, g, o, _) = cell.step(x[0], (h, c))
    W = {gate: cell.params[f"W_h{gate}"].T for gate in "fico"}
    diag = lambda v: np.diag(v[0])  # noqa: E731
    A = diag(g * i * (1 - i)) @ W["i"] + diag(c * f * (1 - f)) @ W["f"] + diag(i * (1 - g**2)) @ W["c"]
    B_, M = diag(o * (1 - np.tanh(c_1) ** 2)), diag(np.tanh(c_1) * o * (1 - o)) @ W["o"]
    expected = np.block([[B_ @ A + M, B_ @ diag(f)], [A, diag(f)]])
    J = cell_jacobians(cell, x, (h, c))[0]
    np.testing.assert_allclose(J, expected, rtol=0, atol=1e-14)
    assert np.linalg.det(J) == pytest.approx(np.linalg.det(M) * np.prod(f), rel=1e-9)
    np.testing.assert_allclose(h_1, o * np.tanh(c_1))


def test_lags_add_up_to_backpropagation_through_time(case, rng):
    cell, x, state = case
    d_h = rng.normal(size=(T, B, H))
    lags = lag_contributions(cell, x, state, d_h)
    total, _ = back(cell, run(cell, x, state)[1], state, d_h)
    assert lags.keys() == total.keys() == cell.params.keys()
    for name, terms in lags.items():
        assert terms.shape == (T, *total[name].shape)
        np.testing.assert_allclose(terms.sum(axis=0), total[name], rtol=0, atol=1e-12 * np.abs(total[name]).max())


def test_a_lag_is_what_the_losses_of_that_distance_do(case, rng):
    cell, x, state = case
    d_h, lags = rng.normal(size=(T, B, H)), None
    lags = lag_contributions(cell, x, state, d_h)
    states, caches = run(cell, x, state)
    for lag in (0, 1, T - 1):
        total = {}
        for k in range(T - lag):  # the loss at k + lag, seen by the parameters of step k only
            delta = np.zeros_like(as_rows(state))
            delta[:, shown_columns(state)] = d_h[k + lag]
            for t in range(k + lag, k - 1, -1):
                _, before, grads = cell.step_back(as_state(delta, state), caches[t])
                delta = as_rows(before)
            total = {name: total.get(name, 0) + grad for name, grad in grads.items()}
        for name, expected in total.items():
            np.testing.assert_allclose(lags[name][lag], expected, rtol=0, atol=1e-12 * np.abs(expected).max() + 1e-15)
    assert len(states) == T + 1


def test_norms_by_lag_are_those_of_the_gradients(case, rng):
    cell, x, state = case
    d_h = rng.normal(size=(B, H))
    norms = gradient_norms_by_lag(cell, x, state, d_h)
    assert norms.shape == (T + 1, B)
    np.testing.assert_allclose(norms[0], np.linalg.norm(d_h, axis=1))
    losses = np.zeros((T, B, H))
    losses[-1] = d_h
    states, caches = run(cell, x, state)
    for k in range(T):
        _, delta = back(cell, caches[k:], state, losses[k:])
        np.testing.assert_allclose(norms[T - k], np.linalg.norm(delta, axis=1), rtol=1e-12)
    assert len(states) == T + 1


def test_one_unit_and_one_step_alone(rng):
    cell, x, h0 = ElmanCell(1, 1, rng=rng), rng.normal(size=(2, 1, 1)), rng.normal(size=(1, 1))
    w = cell.params["W_hh"].item()
    states, _ = run(cell, x, (h0,))
    slopes = [1 - state[0].item() ** 2 for state in states[1:]]
    np.testing.assert_allclose(cell_jacobians(cell, x, (h0,))[:, 0, 0], w * np.array(slopes), rtol=1e-12)
    lags = lag_contributions(cell, x[:1], (h0,), np.ones((1, 1, 1)))
    np.testing.assert_allclose(lags["W_hh"], slopes[0] * h0[np.newaxis], rtol=1e-12)


def test_without_a_state_all_begin_at_zero(case, rng):
    cell, x, _ = case
    zero, d_h = cell.zero_state(B), rng.normal(size=(T, B, H))
    np.testing.assert_array_equal(cell_jacobians(cell, x), cell_jacobians(cell, x, zero, batch=0))
    np.testing.assert_array_equal(
        gradient_norms_by_lag(cell, x, None, d_h[0]), gradient_norms_by_lag(cell, x, zero, d_h[0])
    )
    first, second = lag_contributions(cell, x, None, d_h), lag_contributions(cell, x, zero, d_h)
    for name, terms in first.items():
        np.testing.assert_array_equal(terms, second[name])


def test_a_linear_network_without_loss_keeps_every_gradient(rng):
    cell, x = CayleyCell(D, H, rng=rng), rng.normal(size=(50, B, D))
    np.testing.assert_allclose(gradient_norms_by_lag(cell, x, None, np.ones((B, H))), 2, rtol=1e-12)


def test_input_norms_of_a_layer(rng):
    layer, x, e = DiagonalSSM(D, 6, 3, rng=rng), rng.normal(size=(T, B, D)), rng.normal(size=(B, 3))
    norms = input_norms_by_lag(layer, x, None, e)

    def loss(inputs):
        return (layer.forward(inputs)[0][-1] * e).sum()

    expected = np.linalg.norm(complex_step(loss, x), axis=2)[::-1]
    np.testing.assert_allclose(norms, expected, rtol=1e-11)


CELL = LSTMCell(D, H, rng=np.random.default_rng(0))
X = np.ones((T, B, D))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: cell_jacobians(3, X), TypeError, "cell: expected a cell, with step and step_back, got int"),
        (lambda: cell_jacobians(CELL, X, batch=3), ValueError, "batch: expected a whole number below 3, got 3"),
        (lambda: cell_jacobians(CELL, X, batch=-1), ValueError, "batch: expected a whole number of at least 0, got -1"),
        (lambda: cell_jacobians(CELL, X[0]), ValueError, "inputs: expected (seq_len, batch, 2) with"),
        (lambda: cell_jacobians(CELL, X, (np.ones((B, H)),)), TypeError, "state: expected a tuple of 2"),
        (
            lambda: lag_contributions(CELL, X, None, np.ones((T, B, 3))),
            ValueError,
            "d_h: expected (5, 3, 4), got (5, 3, 3)",
        ),
        (lambda: gradient_norms_by_lag(CELL, X, None, np.ones((B, 3))), ValueError, "d_h: expected (3, 4), got (3, 3)"),
        (
            lambda: input_norms_by_lag(3, X, None, np.ones((B, 3))),
            TypeError,
            "layer: expected a layer, with forward and backward, got int",
        ),
        (
            lambda: input_norms_by_lag(DiagonalSSM(D, 1, 1), X, None, np.ones((B, 3))),
            ValueError,
            "d_output: expected (3, 1), got (3, 3)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
