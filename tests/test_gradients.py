"""Jacobians and their products: against complex steps, against each other, against backward."""

import numpy as np
import pytest

import rnn
from rnn.gradcheck import complex_step
from rnn.gradients import (
    backpropagated,
    gate_half_lives,
    gradient_product,
    influence,
    lag_terms,
    log_norms,
    lyapunov_exponents,
    mean_field,
    ordered_product,
    orthogonal_steps,
    product_bounds,
    singular_values,
    spectral_radius,
    step_jacobians,
)

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, H, O = 6, 3, 2, 4, 5


@pytest.fixture(params=["tanh", "identity", "relu"])
def case(request, rng):
    net = rnn.SimpleRNN(D, H, O, nonlinearity=request.param, rng=rng)
    for name, value in net.params.items():
        net.params[name] = value + rng.normal(size=value.shape) / 3
    inputs, h0 = rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    return net, inputs, h0, net.forward(inputs, h0=h0)[1]


def state_after(net, inputs, h, k, t, b):
    """Run sequence b from state h at time k to time t."""
    for x in inputs[k:t, b]:
        h = net.activation(net.pre_activation(x, h))
    return h


def states_from_0(h0, hidden_states, b):
    return [h0[b], *hidden_states[:, b]]


@pytest.mark.parametrize("b", [0, 2])
def test_step_jacobians_are_derivatives_in_column_convention(case, b):
    net, inputs, h0, hidden = case
    jacobians = step_jacobians(net, hidden, batch=b)
    assert jacobians.shape == (T, H, H)
    h = states_from_0(h0, hidden, b)
    for t in range(1, T + 1):
        expected = complex_step(lambda h, t=t: state_after(net, inputs, h, t - 1, t, b), h[t - 1])
        np.testing.assert_allclose(jacobians[t - 1], expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("t", "k"), [(T, 0), (T, 1), (4, 1), (3, 2), (1, 0), (3, 3), (0, 0), (T, T)])
def test_products_are_derivatives_over_many_steps(case, t, k):
    net, inputs, h0, hidden = case
    b = 1
    h_k = states_from_0(h0, hidden, b)[k]
    expected = complex_step(lambda h: state_after(net, inputs, h, k, t, b), h_k)
    product = ordered_product(step_jacobians(net, hidden, batch=b), t, k)
    np.testing.assert_allclose(product, expected, rtol=1e-11, atol=1e-13)
    transposed = gradient_product(net, hidden, t, k, batch=b)
    np.testing.assert_allclose(transposed, expected.T, rtol=1e-11, atol=1e-13)


def test_one_step_alone_is_its_own_product(rng):
    jacobians = rng.normal(size=(1, 3, 3))
    np.testing.assert_array_equal(ordered_product(jacobians, 1, 0), jacobians[0])
    np.testing.assert_array_equal(ordered_product(jacobians, 1, 1), np.eye(3))


def test_backpropagated_is_the_product_times_the_error_at_every_time(case, rng):
    net, _inputs, _h0, hidden = case
    e, t = rng.normal(size=H), 5
    deltas = backpropagated(net, hidden, t, e, batch=1)
    assert deltas.shape == (t + 1, H)
    for k in range(t + 1):
        expected = gradient_product(net, hidden, t, k, batch=1) @ e
        np.testing.assert_allclose(deltas[k], expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_array_equal(backpropagated(net, hidden, 0, e), [e])


def test_their_sum_over_later_times_is_what_backward_finds(case, rng):
    net, _inputs, _h0, hidden = case
    weights = rng.normal(size=(T, B, O))
    net.backward(weights)
    for b in range(B):
        e = weights[:, b] @ net.params["W_hy"].T
        parts = [backpropagated(net, hidden, t, e[t - 1], batch=b)[0] for t in range(1, T + 1)]
        np.testing.assert_allclose(sum(parts), net.d_h0[b], rtol=1e-10, atol=1e-13)


def test_the_first_sequence_is_the_default(case):
    net, _inputs, _h0, hidden = case
    np.testing.assert_array_equal(step_jacobians(net, hidden), step_jacobians(net, hidden, batch=0))
    first = gradient_product(net, hidden, 3, 1, batch=0)
    np.testing.assert_array_equal(gradient_product(net, hidden, 3, 1), first)
    np.testing.assert_array_equal(
        backpropagated(net, hidden, 3, np.ones(H))[1], backpropagated(net, hidden, 3, np.ones(H), batch=0)[1]
    )


def test_an_orthogonal_linear_network_keeps_all_lengths(rng):
    net = rnn.SimpleRNN(1, H, 1, nonlinearity="identity", rng=rng)
    hidden = np.ones((200, 1, H))
    np.testing.assert_allclose(np.linalg.norm(gradient_product(net, hidden, 200, 0), 2), 1, rtol=1e-10)


NET = rnn.SimpleRNN(2, 3, 1, nonlinearity="identity")
STATES = np.zeros((4, 2, 3))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: step_jacobians(3, STATES), TypeError, "net: expected a SimpleRNN, got int"),
        (
            lambda: step_jacobians(NET, STATES[0]),
            ValueError,
            "hidden_states: expected (seq_len, batch, 3) with seq_len and batch at least 1, got (2, 3)",
        ),
        (
            lambda: step_jacobians(NET, STATES + 0j),
            TypeError,
            "hidden_states: expected float64 or float32 numbers, got complex128",
        ),
        (
            lambda: step_jacobians(NET, STATES, batch=2),
            ValueError,
            "batch: expected a whole number below 2, got 2",
        ),
        (
            lambda: gradient_product(NET, STATES, 1, 0, batch=-1),
            ValueError,
            "batch: expected a whole number of at least 0, got -1",
        ),
        (
            lambda: gradient_product(NET, STATES, 5, 0),
            ValueError,
            "t: expected at most the 4 steps there are, got 5",
        ),
        (lambda: gradient_product(NET, STATES, 2, 3), ValueError, "k: expected at most t = 2, got 3"),
        (
            lambda: ordered_product(np.ones((4, 3, 3)), 2, -1),
            ValueError,
            "k: expected a whole number of at least 0, got -1",
        ),
        (
            lambda: ordered_product(np.ones((4, 3, 3)), -1, -1),
            ValueError,
            "t: expected a whole number of at least 0, got -1",
        ),
        (
            lambda: ordered_product(np.ones((4, 3, 3)), 5, 1),
            ValueError,
            "t: expected at most the 4 steps there are, got 5",
        ),
        (
            lambda: ordered_product(np.ones((4, 3, 2)), 2, 1),
            ValueError,
            "jacobians: expected square matrices, got (4, 3, 2)",
        ),
        (
            lambda: ordered_product(np.ones((3, 3)), 2, 1),
            ValueError,
            "jacobians: expected (seq_len, hidden, hidden) with seq_len and hidden at least 1, got (3, 3)",
        ),
        (
            lambda: ordered_product(np.full((4, 3, 3), 1e200), 4, 0),
            FloatingPointError,
            "product: expected a finite result, got inf at index (0, 0)",
        ),
        (lambda: backpropagated(NET, STATES, 2, np.ones(2)), ValueError, "e: expected (3,), got (2,)"),
        (
            lambda: backpropagated(NET, STATES, 5, np.ones(3)),
            ValueError,
            "t: expected at most the 4 steps there are, got 5",
        ),
        (
            lambda: backpropagated(NET, STATES, 2.0, np.ones(3)),
            TypeError,
            "t: expected a whole number, got 2.0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "f",
    [
        lambda net: step_jacobians(net, STATES),
        lambda net: gradient_product(net, STATES, 4, 0),
        lambda net: backpropagated(net, STATES, 4, np.ones(3)),
    ],
)
def test_overflow_is_one_sentence(f):
    net = rnn.SimpleRNN(2, 3, 1, nonlinearity="identity")
    net.params["W_hh"] = np.full((3, 3), 1e308)
    net.derivative = lambda h: np.full_like(h, 10.0)
    with pytest.raises(FloatingPointError, match=r"^(jacobians|product|gradient): expected a finite result, got"):
        f(net)


# --------------------------------------------------------------------------- which output depends on which input


def test_influence_is_the_product_of_the_way_from_the_input_to_the_output(case):
    net, inputs, h0, _ = case
    found = influence(net, inputs, h0=h0)
    assert found.shape == (T, T)
    squares = np.zeros((T, T))
    for b in range(B):  # sequences of a batch do not know of each other, so their squares add up
        hidden = net.forward(inputs, h0=h0)[1]
        jacobians = step_jacobians(net, hidden, batch=b)
        for t in range(1, T + 1):
            for s in range(1, t + 1):
                into_h = np.diag(net.derivative(hidden[s - 1, b])) @ net.params["W_xh"].T
                derivative = net.params["W_hy"].T @ ordered_product(jacobians, t, s) @ into_h
                squares[t - 1, s - 1] += (derivative**2).sum()
    np.testing.assert_allclose(found, np.sqrt(squares), rtol=1e-11, atol=1e-14)


def test_influence_sees_a_network_that_forgets_and_one_that_looks_ahead(rng):
    class Forgetful(rnn.SimpleRNN):
        def _step(self, x, h_prev):
            return super()._step(x, np.zeros_like(h_prev))

    class Backwards(rnn.SimpleRNN):
        def forward(self, inputs, *, h0=None):
            outputs, states = super().forward(np.asarray(inputs)[::-1], h0=h0)
            return outputs[::-1], states[::-1]

    inputs = rng.normal(size=(T, 1, D))
    dependent = {kind: influence(kind(D, H, O, rng=rng), inputs) > 0 for kind in (rnn.SimpleRNN, Forgetful, Backwards)}
    everything = np.ones((T, T), bool)
    np.testing.assert_array_equal(dependent[rnn.SimpleRNN], np.tril(everything))
    np.testing.assert_array_equal(dependent[Forgetful], np.eye(T, dtype=bool))
    np.testing.assert_array_equal(dependent[Backwards], np.triu(everything))


# --------------------------------------------------------------------------- lags, rates, random weights


@pytest.mark.parametrize("b", [0, 2])
def test_lag_terms_are_the_pairs_of_steps_at_each_distance(case, rng, b):
    net, _inputs, h0, hidden = case
    d_outputs = rng.normal(size=(T, B, O))
    terms = lag_terms(net, hidden, d_outputs, h0=h0, batch=b)
    assert terms.shape == (T, H, H)
    expected = np.zeros((T, H, H))
    states, jacobians = states_from_0(h0, hidden, b), step_jacobians(net, hidden, batch=b)
    for t in range(1, T + 1):
        e = net.params["W_hy"] @ d_outputs[t - 1, b]
        for k in range(1, t + 1):
            delta = ordered_product(jacobians, t, k).T @ e
            expected[t - k] += np.outer(net.derivative(states[k]) * delta, states[k - 1])
    np.testing.assert_allclose(terms, expected, rtol=1e-10, atol=1e-12)


def test_lag_terms_add_up_to_what_backward_finds(case, rng):
    net, inputs, h0, _hidden = case
    d_outputs = rng.normal(size=(T, B, O))
    for start in (h0, None):
        hidden = net.forward(inputs, h0=start)[1]
        whole = net.backward(d_outputs)["W_hh"].T
        parts = sum(lag_terms(net, hidden, d_outputs, h0=start, batch=b).sum(axis=0) for b in range(B))
        np.testing.assert_allclose(parts, whole, rtol=1e-10, atol=1e-12)


def test_orthogonal_steps_factor_every_product(rng):
    jacobians = rng.normal(size=(T, H, H))
    Q, R = orthogonal_steps(jacobians)
    np.testing.assert_array_equal(Q[0], np.eye(H))
    product = np.eye(H)
    for t in range(1, T + 1):
        product = R[t - 1] @ product
        np.testing.assert_allclose(Q[t] @ Q[t].T, np.eye(H), atol=1e-13)
        np.testing.assert_allclose(Q[t] @ product, ordered_product(jacobians, t, 0), rtol=1e-10, atol=1e-12)
        assert np.all(np.diag(R[t - 1]) > 0)
        assert not np.tril(R[t - 1], -1).any()


def test_lyapunov_exponents_of_one_matrix_are_the_logarithms_of_its_eigenvalues(rng):
    eigenvalues = np.array([1.4, -0.9, 0.5, 0.2])
    V = rng.normal(size=(4, 4))
    W = V @ np.diag(eigenvalues) @ np.linalg.inv(V)
    exponents = lyapunov_exponents(np.stack([W] * 4000))
    np.testing.assert_allclose(exponents, np.log(np.abs(eigenvalues)), atol=2e-3)


def test_lyapunov_exponents_add_up_to_the_growth_of_volume(rng):
    jacobians = rng.normal(size=(50, H, H))
    volume = np.linalg.slogdet(jacobians)[1].mean()
    assert lyapunov_exponents(jacobians).sum() == pytest.approx(volume, rel=1e-12)


def test_a_direction_that_is_lost_has_the_exponent_minus_infinity():
    exponents = lyapunov_exponents(np.stack([np.diag([0.5, 0.0])] * 3))
    np.testing.assert_allclose(exponents, [np.log(0.5), -np.inf])


def test_log_norms_are_those_of_the_products(rng):
    jacobians = rng.normal(size=(T, H, H))
    expected = [np.log(np.linalg.norm(ordered_product(jacobians, t, 0), 2)) for t in range(1, T + 1)]
    np.testing.assert_allclose(log_norms(jacobians), expected, rtol=1e-12)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_log_norms_go_where_the_product_cannot(factor):
    logs = log_norms(np.full((1000, 1, 1), factor))
    np.testing.assert_allclose(logs, np.log(factor) * np.arange(1, 1001), rtol=1e-12)


def test_one_step_alone_has_its_own_factors_exponents_and_norm(rng):
    J = rng.normal(size=(H, H))
    Q, R = orthogonal_steps(J[None])
    np.testing.assert_allclose(Q[1] @ R[0], J, rtol=1e-12, atol=1e-14)
    lengths = [np.linalg.norm(J[:, 0]), abs(np.linalg.det(J))]  # of the first column, and the volume of all
    exponents = lyapunov_exponents(J[None])
    np.testing.assert_allclose([exponents[0], exponents.sum()], np.log(lengths), rtol=1e-10)
    np.testing.assert_allclose(log_norms(J[None]), np.log(np.linalg.eigvalsh(J.T @ J)[-1:]) / 2, rtol=1e-10)


def test_log_norms_of_nothing_are_minus_infinity():
    nilpotent = np.array([[0.0, 3.0], [0.0, 0.0]])
    np.testing.assert_allclose(log_norms(np.stack([nilpotent] * 3)), [np.log(3), -np.inf, -np.inf])


@pytest.mark.parametrize(("gain", "sigma_x"), [(0.6, 0.3), (1.2, 0.5), (3.0, 1.0)])
def test_mean_field_reproduces_itself_over_random_numbers(gain, sigma_x, rng):
    q, chi = mean_field(gain, sigma_x)
    h = np.tanh(np.sqrt(q) * rng.normal(size=1_000_000))
    assert q == pytest.approx(gain**2 * (h**2).mean() + sigma_x**2, rel=5e-3)
    assert chi == pytest.approx(gain**2 * ((1 - h**2) ** 2).mean(), rel=5e-3)


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_mean_field_begins_with_1_and_goes_as_many_steps_as_told(steps):
    z, weight = np.polynomial.hermite_e.hermegauss(150)  # another way to average over normal numbers
    gain, sigma_x, q = 0.8, 0.3, 1.0
    for _ in range(steps):
        q = gain**2 * np.average(np.tanh(np.sqrt(q) * z) ** 2, weights=weight) + sigma_x**2
    chi = gain**2 * np.average(np.cosh(np.sqrt(q) * z) ** -4.0, weights=weight)
    assert mean_field(gain, sigma_x, steps=steps) == pytest.approx((q, chi), rel=1e-11)


def test_mean_field_without_input():
    q, chi = mean_field(0.5, 0)
    assert q == pytest.approx(0, abs=1e-12)
    assert chi == pytest.approx(0.25)  # near 0 the network is linear
    assert mean_field(0.0, 0.7) == (pytest.approx(0.49), 0.0)
    assert mean_field(1.2, 0.5, steps=1)[0] != pytest.approx(mean_field(1.2, 0.5)[0])


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: lag_terms(NET, STATES, np.ones((4, 1, 5))),
            ValueError,
            f"d_outputs: expected (4, {STATES.shape[1]}, {NET.output_size}), got (4, 1, 5)",
        ),
        (
            lambda: lag_terms(NET, STATES, np.ones((4, STATES.shape[1], NET.output_size)), h0=np.ones((7, 3))),
            ValueError,
            f"h0: expected ({STATES.shape[1]}, 3), got (7, 3)",
        ),
        (
            lambda: orthogonal_steps(np.ones((2, 3, 4))),
            ValueError,
            "jacobians: expected square matrices, got (2, 3, 4)",
        ),
        (lambda: mean_field(-1.0, 0.5), ValueError, "gain: expected a finite number of at least 0, got -1.0"),
        (lambda: mean_field(1.0, -0.5), ValueError, "sigma_x: expected a finite number of at least 0, got -0.5"),
    ],
)
def test_what_does_not_fit_a_rate_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence


@pytest.mark.parametrize("f", [orthogonal_steps, lyapunov_exponents, log_norms])
def test_jacobians_beyond_all_numbers_are_one_sentence(f):
    with pytest.raises(FloatingPointError, match=r"^(R|norm): expected a finite result, got"):
        f(np.full((3, 3, 3), 1.7e308))


# --------------------------------------------------------------------------- sizes of a matrix and of products


def test_singular_values_are_the_roots_of_the_eigenvalues_of_the_square(rng):
    W = rng.normal(size=(3, H, H))
    values = singular_values(W)
    assert values.shape == (3, H)
    assert (np.diff(values, axis=1) <= 0).all()
    np.testing.assert_allclose(values**2, np.linalg.eigvalsh(W.swapaxes(1, 2) @ W)[:, ::-1], rtol=1e-10)
    np.testing.assert_array_equal(singular_values(W[1]), values[1])


def test_the_spectral_radius_is_the_growth_of_powers(rng):
    W = rng.normal(size=(3, H, H))
    radius = spectral_radius(W)
    assert radius.shape == (3,)
    for matrix, expected in zip(W, radius, strict=True):
        power = np.linalg.matrix_power(matrix / expected, 2000)
        assert abs(np.log(np.linalg.norm(power, 2)) / 2000) < 2e-3
        assert spectral_radius(matrix) == pytest.approx(expected, rel=1e-13)
    assert spectral_radius(np.array([[0.0, -3.0], [3.0, 0.0]])) == pytest.approx(3)


def test_products_stay_within_their_bounds(case):
    net, _inputs, _h0, hidden = case
    slopes = net.derivative(hidden[:, 1])
    for n in (1, 3, T):
        product = ordered_product(step_jacobians(net, hidden[:n], batch=1), n, 0)
        lower, upper = product_bounds(net.params["W_hh"], slopes[:n])
        values = singular_values(product)
        assert lower <= values[-1] * (1 + 1e-12)
        assert upper >= values[0] * (1 - 1e-12)
        assert upper <= singular_values(net.params["W_hh"])[0] ** n * (1 + 1e-12)  # γ = 1


def test_bounds_are_reached_where_all_slopes_are_equal(rng):
    W = 1.3 * np.linalg.qr(rng.normal(size=(H, H)))[0]
    assert product_bounds(W, np.full((7, H), -0.5)) == pytest.approx((0.65**7, 0.65**7))
    W = np.diag([3.0, 2.0])
    assert product_bounds(W, np.array([[0.1, 0.9], [0.5, 0.4]])) == pytest.approx((0.1 * 0.4 * 4, 0.9 * 0.5 * 9))


def test_half_lives():
    f = np.array([[0.0, 0.25, 0.5], [0.5**0.05, 0.5**0.01, 1.0]])
    half_lives = gate_half_lives(f)
    np.testing.assert_allclose(half_lives, [[0, 0.5, 1], [20, 100, np.inf]])
    assert not np.signbit(half_lives).any()
    b_f = np.array([3.3, 5.0, 1.0])
    np.testing.assert_allclose(gate_half_lives(1 / (1 + np.exp(-b_f))), [19.1, 103.2, 2.2], atol=0.1)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: singular_values(np.ones(3)), ValueError, "matrices: expected square matrices, got (3,)"),
        (lambda: spectral_radius(np.ones((2, 3))), ValueError, "matrices: expected square matrices, got (2, 3)"),
        (lambda: product_bounds(np.eye(3), np.ones((2, 2))), ValueError, "slopes: expected (steps, 3) with"),
        (lambda: product_bounds(np.ones((2, 3, 3)), np.ones((2, 3))), ValueError, "W_hh: expected (hidden, hidden)"),
        (
            lambda: product_bounds(np.eye(3) * 1e200, np.ones((2, 3))),
            FloatingPointError,
            "upper: expected a finite result",
        ),
        (
            lambda: gate_half_lives(np.array([0.5, 1.5])),
            ValueError,
            "gates: expected numbers from 0 to 1, got 0.5 to 1.5",
        ),
        (lambda: gate_half_lives(-0.1), ValueError, "gates: expected numbers from 0 to 1, got -0.1 to -0.1"),
        (lambda: singular_values(np.full((2, 2), 1.7e308)), FloatingPointError, "singular values: expected a finite"),
        (lambda: spectral_radius(np.full((2, 2), 1.7e308)), FloatingPointError, "spectral radius: expected a finite"),
    ],
)
def test_what_does_not_fit_a_size_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
