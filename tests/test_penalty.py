"""Pascanu's penalty: by its definition, step by step, and its immediate derivative."""

import numpy as np
import pytest

from rnn.gradcheck import central_difference, complex_step
from rnn.gradients import gradient_product
from rnn.init import orthogonal
from rnn.penalty import SHORTEST_GRADIENT, pascanu_penalty, total_gradients
from rnn.simple import SimpleRNN

pytestmark = pytest.mark.filterwarnings("error")

T, K, B, H = 5, 2, 3, 4


@pytest.fixture
def case(rng):
    W_hh, slopes = rng.normal(size=(K, H, H)), rng.uniform(0.1, 1, size=(T, K, B, H))
    return W_hh, slopes, rng.normal(size=(T, K, B, H))


def test_total_gradients_are_those_of_backward(rng):
    net = SimpleRNN(2, H, 3, rng=rng)
    _, hidden = net.forward(rng.normal(size=(T, B, 2)), h0=rng.normal(size=(B, H)))
    weights = rng.normal(size=(T, B, 3))
    net.backward(weights)
    e = weights @ net.params["W_hy"].T
    deltas = total_gradients(net.params["W_hh"], 1 - hidden**2, e)
    d_a = deltas * (1 - hidden**2)
    np.testing.assert_allclose(d_a.sum(axis=(0, 1)), net.grads["b_h"], rtol=1e-12)
    np.testing.assert_allclose(d_a[0] @ net.params["W_hh"].T, net.d_h0, rtol=1e-12)
    expected = sum(gradient_product(net, hidden, t, 2, batch=1) @ e[t - 1, 1] for t in range(2, T + 1))
    np.testing.assert_allclose(deltas[1, 1], expected, rtol=1e-12)


@pytest.mark.parametrize("form", ["paper", "program"])
def test_omega_is_what_the_definition_says(case, form):
    W_hh, slopes, deltas = case
    omega, _ = pascanu_penalty(W_hh, slopes, deltas, form=form)
    for k in range(K):
        ratios = []
        for t in range(T):
            for b in range(B):
                J = np.diag(slopes[t, k, b]) @ W_hh[k].T  # the book's
                ratios.append(np.linalg.norm(J.T @ deltas[t, k, b]) / np.linalg.norm(deltas[t, k, b]))
        r = np.array(ratios)
        expected = ((r - 1) ** 2).sum() if form == "paper" else ((r**2 - 1) ** 2).mean()
        assert omega[k] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("form", ["paper", "program"])
def test_the_gradient_is_the_immediate_one(case, form):
    W_hh, slopes, deltas = case
    deltas[1, 0, 2] = deltas[2] = 1e-12  # too short to count
    _, d_W_hh = pascanu_penalty(W_hh, slopes, deltas, form=form)
    expected = complex_step(lambda W: pascanu_penalty(W, slopes, deltas, form=form)[0].sum(), W_hh)
    np.testing.assert_allclose(d_W_hh, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@pytest.mark.parametrize("form", ["paper", "program"])
def test_independent_networks_are_what_they_are_alone(case, form):
    W_hh, slopes, e = case
    deltas = total_gradients(W_hh, slopes, e)
    omega, d_W_hh = pascanu_penalty(W_hh, slopes, deltas, form=form)
    assert omega.shape == (K,)
    for k in range(K):
        alone = total_gradients(W_hh[k], slopes[:, k], e[:, k])
        np.testing.assert_allclose(alone, deltas[:, k], rtol=1e-12)
        value, gradient = pascanu_penalty(W_hh[k], slopes[:, k], alone, form=form)
        assert value.shape == ()
        assert value == pytest.approx(omega[k], rel=1e-12)
        np.testing.assert_allclose(gradient, d_W_hh[k], rtol=1e-11)


def test_one_step_alone(rng):
    W_hh, slopes, e = rng.normal(size=(H, H)), rng.uniform(size=(1, 1, H)), rng.normal(size=(1, 1, H))
    np.testing.assert_array_equal(total_gradients(W_hh, slopes, e), e)
    ratio = np.linalg.norm((slopes * e)[0, 0] @ W_hh.T) / np.linalg.norm(e)
    assert pascanu_penalty(W_hh, slopes, e)[0] == pytest.approx((ratio - 1) ** 2, rel=1e-12)


@pytest.mark.parametrize("form", ["paper", "program"])
def test_short_gradients_do_not_count(case, form):
    W_hh, slopes, deltas = (value[0] if i == 0 else value[:, 0] for i, value in enumerate(case))
    long = pascanu_penalty(W_hh, slopes[1:], deltas[1:], form=form)
    deltas[0] *= 1e-11
    short = pascanu_penalty(W_hh, slopes, deltas, form=form)
    for came, expected in zip(short, long, strict=True):
        np.testing.assert_allclose(came, expected, rtol=1e-12)
    nothing = pascanu_penalty(W_hh, slopes, np.zeros_like(deltas), form=form)
    assert nothing[0] == 0
    assert not nothing[1].any()
    zero = pascanu_penalty(np.zeros((H, H)), slopes, deltas, form=form)
    assert not zero[1].any()


def test_the_shortest_gradient_that_counts():
    """With one unit and W_hh = 4 the ratio is 4; of one step the mean is the step's own."""
    W_hh, slopes = np.array([[4.0]]), np.ones((1, 1, 1))
    for size, paper, program in (
        (SHORTEST_GRADIENT, (9, 6), (225, 240)),
        (np.nextafter(SHORTEST_GRADIENT, 0), (0, 0), (0, 0)),
    ):
        for form, expected in (("paper", paper), ("program", program)):
            omega, d_W_hh = pascanu_penalty(W_hh, slopes, np.full((1, 1, 1), size), form=form)
            np.testing.assert_allclose([omega, d_W_hh.item()], expected, rtol=1e-12)


def test_complex_numbers_go_all_the_way(case):
    W_hh, slopes, e = (value[0] if i == 0 else value[:2, 0] for i, value in enumerate(case))
    other = case[2][2:4, 0]
    np.testing.assert_allclose(
        total_gradients(W_hh, slopes, e + 1j * other),
        total_gradients(W_hh, slopes, e) + 1j * total_gradients(W_hh, slopes, other),
        rtol=1e-12,
    )
    # Of two steps, sum(δ_1 · other) contains the slopes of the second as the sum of slope · e_2 · (W_hhᵀ other).
    came = complex_step(lambda s: (total_gradients(W_hh, s, e)[0] * other[0]).sum(), slopes)
    np.testing.assert_allclose(came, [np.zeros((B, H)), e[1] * (other[0] @ W_hh)], rtol=1e-12)
    for form in ("paper", "program"):
        for name, value in (("slopes", slopes), ("deltas", e)):

            def omega(v, form=form, name=name):
                given = {"slopes": slopes, "deltas": e} | {name: v}
                return pascanu_penalty(W_hh, **given, form=form)[0]

            expected = central_difference(omega, value)
            np.testing.assert_allclose(complex_step(omega, value), expected, rtol=0, atol=1e-6 * np.abs(expected).max())


def test_a_network_that_keeps_lengths_is_not_penalised_and_descent_leads_to_one(rng):
    deltas, slopes = rng.normal(size=(T, B, H)), np.ones((T, B, H))
    assert pascanu_penalty(orthogonal((H, H), rng), slopes, deltas)[0] < 1e-25
    W_hh = rng.normal(size=(H, H)) / 10
    first, _ = pascanu_penalty(W_hh, slopes, deltas)
    for _ in range(300):
        W_hh = W_hh - 0.02 * pascanu_penalty(W_hh, slopes, deltas)[1]
    assert pascanu_penalty(W_hh, slopes, deltas)[0] < 0.05 * first


ONES = np.ones((T, B, H))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: pascanu_penalty(np.eye(H), ONES, ONES, form="book"),
            ValueError,
            "form: expected one of paper, program, got",
        ),
        (lambda: pascanu_penalty(np.ones((H, 3)), ONES, ONES), ValueError, "W_hh: expected square weights, got (4, 3)"),
        (
            lambda: pascanu_penalty(np.ones((2, H, 3)), ONES, ONES),
            ValueError,
            "W_hh: expected square weights, got (2, 4, 3)",
        ),
        (lambda: pascanu_penalty(np.ones(H), ONES, ONES), ValueError, "W_hh: expected square weights, got (4,)"),
        (lambda: pascanu_penalty(np.eye(H), ONES[0], ONES), ValueError, "slopes: expected (seq_len, batch, 4)"),
        (lambda: pascanu_penalty(np.eye(H), ONES, ONES[:2]), ValueError, "deltas: expected (5, 3, 4), got (2, 3, 4)"),
        (lambda: total_gradients(np.eye(H), ONES, ONES[:2]), ValueError, "d_h: expected (5, 3, 4), got (2, 3, 4)"),
        (lambda: total_gradients(np.eye(H) * 1e200, ONES, ONES), FloatingPointError, "gradient: expected a finite"),
        (lambda: pascanu_penalty(np.eye(H) * 1e200, ONES, ONES), FloatingPointError, "penalty: expected a finite"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
