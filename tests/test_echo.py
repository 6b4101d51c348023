"""Echo-state networks: the formula, the closed form of the read-out, and a chaotic sequence carried on."""

import numpy as np
import pytest

from rnn import generate_sequence_data
from rnn.echo import EchoState, nrmse, ridge_regression
from rnn.gradcheck import complex_step

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, H, O = 12, 3, 2, 5, 2


@pytest.fixture
def net(rng):
    net = EchoState(D, H, O, leak=0.3, rng=rng)
    for name in ("W_hy", "W_xy", "b_y"):
        net.params[name] = rng.normal(size=net.params[name].shape)
    return net


def test_the_formula(net, rng):
    x, h = rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    states, (outputs, (last,)) = net.states(x, (h,)), net.forward(x, (h,))
    p = net.params
    for t in range(T):
        h = 0.7 * h + 0.3 * np.tanh(x[t] @ p["W_xh"] + h @ p["W_hh"] + p["b_h"])
        np.testing.assert_allclose(states[t], h, rtol=1e-13)
        np.testing.assert_allclose(outputs[t], h @ p["W_hy"] + x[t] @ p["W_xy"] + p["b_y"], rtol=1e-12)
    np.testing.assert_allclose(last, h, rtol=1e-13)
    np.testing.assert_array_equal(net.states(x), net.states(x, net.zero_state(B)))


def test_running_on_is_a_loop_from_output_to_input(net, rng):
    x, h = rng.normal(size=(B, D)), rng.normal(size=(B, H))
    outputs, (last,) = net.run_on(x, (h,), 4)
    assert outputs.shape == (4, B, O)
    for y in outputs:
        expected, (h,) = net.forward(x[np.newaxis], (h,))
        np.testing.assert_allclose(y, expected[0], rtol=1e-12)
        x = y
    np.testing.assert_allclose(last, h, rtol=1e-12)


def test_how_it_begins():
    net = EchoState(3, 40, 2, spectral_radius=0.7, input_scale=0.5, bias_scale=0.1, rng=np.random.default_rng(0))
    W_hh = net.params["W_hh"]
    assert np.abs(np.linalg.eigvals(W_hh)).max() == pytest.approx(0.7)
    np.testing.assert_array_equal((W_hh != 0).sum(axis=0), 10)
    assert 0.45 < np.abs(net.params["W_xh"]).max() <= 0.5
    assert 0.09 < np.abs(net.params["b_h"]).max() <= 0.1
    assert net.params["W_xh"].min() < 0
    assert not any(net.params[name].any() for name in ("W_hy", "W_xy", "b_y"))
    assert [net.params[name].shape for name in ("W_hy", "W_xy", "b_y")] == [(40, 2), (3, 2), (2,)]
    assert ((EchoState(3, 40, 2, incoming=4).params["W_hh"] != 0).sum(axis=0) == 4).all()
    same = EchoState(3, 40, 2, spectral_radius=0.7, input_scale=0.5, bias_scale=0.1, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(same.params["W_hh"], W_hh)
    assert (net.input_size, net.hidden_size, net.output_size) == (3, 40, 2)


def test_weights_of_the_input_and_biases_are_spread_evenly_around_0(rng):
    net = EchoState(1, 150, 1, input_scale=0.7, bias_scale=0.3, rng=rng)
    for name, scale in (("W_xh", 0.7), ("b_h", 0.3)):
        quantiles = np.quantile(net.params[name], [0, 0.25, 0.5, 0.75, 1])
        np.testing.assert_allclose(quantiles / scale, [-1, -0.5, 0, 0.5, 1], atol=0.25)


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 10.0])
def test_ridge_regression_has_the_normal_equations_and_no_slope(rng, ridge):
    X, Y = rng.normal(size=(20, 4)), rng.normal(size=(20, 3))
    W = ridge_regression(X, Y, ridge)
    np.testing.assert_allclose(W, np.linalg.solve(X.T @ X + ridge * np.eye(4), X.T @ Y), rtol=1e-10)
    slope = complex_step(lambda W: ((X @ W - Y) ** 2).sum() + ridge * (W**2).sum(), W)
    np.testing.assert_allclose(slope, 0, atol=1e-12)


def test_ridge_regression_keeps_the_digits_that_the_normal_equations_lose(rng):
    X = rng.normal(size=(50, 6)) @ np.diag(10.0 ** -np.arange(0, 12, 2))
    W = rng.normal(size=(6, 1))
    np.testing.assert_allclose(ridge_regression(X, X @ W, 0.0), W, rtol=1e-4)


def test_fitting_finds_what_can_be_found(net, rng):
    x = rng.normal(size=(200, B, D))
    targets = net.forward(x)[0]
    found = EchoState(D, H, O, leak=0.3)
    found.params |= {name: net.params[name] for name in ("W_xh", "W_hh", "b_h")}
    outputs = found.fit(x, targets, washout=50, ridge=0.0)
    np.testing.assert_allclose(outputs, targets, atol=1e-9)
    for name, value in net.params.items():
        np.testing.assert_allclose(found.params[name], value, atol=1e-9)
    np.testing.assert_array_equal(found.forward(x)[0], outputs)
    small = found.fit(x, targets, washout=50, ridge=1e6)
    assert np.abs(small).max() < 0.1 * np.abs(targets).max()


def test_the_washout_does_not_count(net, rng):
    x, targets = rng.normal(size=(60, B, D)), rng.normal(size=(60, B, O))
    net.fit(x, targets, washout=20)
    expected = dict(net.params)
    targets[:20] = 1e6
    net.fit(x, targets, washout=20)
    for name, value in expected.items():
        np.testing.assert_array_equal(net.params[name], value)
    net.fit(x, targets, washout=19)
    assert np.abs(net.params["W_hy"] - expected["W_hy"]).max() > 1


def test_a_reservoir_forgets_where_it_began(rng):
    net, x = EchoState(1, 50, 1, rng=rng), rng.normal(size=(300, 2, 1))
    x[:, 1] = x[:, 0]
    states = net.states(x, (rng.normal(size=(2, 50)),))
    assert np.abs(states[-1, 0] - states[-1, 1]).max() < 1e-10


def test_a_chaotic_sequence_is_carried_on():
    z = np.tanh(generate_sequence_data("mackey_glass", 6000) - 1)[:, np.newaxis]
    net = EchoState(1, 200, 1, leak=0.5, rng=np.random.default_rng(1))
    net.fit(z[:2500, np.newaxis], z[1:2501, np.newaxis], washout=200, ridge=1e-10)
    starts = 3000 + np.arange(20) * 100
    drive = np.stack([z[start : start + 300] for start in starts], axis=1)
    _, state = net.forward(drive[:-1])
    outputs, _ = net.run_on(drive[-1], state, 84)
    truth = np.stack([z[start + 300 : start + 384] for start in starts], axis=1)
    errors = [nrmse(outputs[t], truth[t], variance=float(z.var())) for t in (0, 83)]
    assert errors[0] < 1e-3
    assert errors[1] < 10**-2.2  # -2.9 to -3.1 in three draws, -4.3 and -4.5 with 1000 units


def test_nrmse():
    targets = np.array([1.0, 3.0, 5.0])
    assert nrmse(targets, targets) == 0
    assert nrmse(np.full(3, 3.0), targets) == pytest.approx(1)
    assert nrmse(targets + 2, targets, variance=16.0) == pytest.approx(0.5)


def test_single_precision_stays_single(rng):
    net = EchoState(1, 6, 1, rng=rng, dtype=np.float32)
    x = rng.normal(size=(20, 2, 1))
    outputs = net.fit(x, x)
    run_on, (h,) = net.run_on(x[0], net.zero_state(2), 3)
    for value in (outputs, run_on, h, net.states(x), net.forward(x)[0], *net.params.values()):
        assert value.dtype == np.float32


NET = EchoState(D, H, O, rng=np.random.default_rng(0))
X = np.ones((T, B, D))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: EchoState(D, H, O, leak=0.0), ValueError, "leak: expected a number above 0 and at most 1, got 0.0"),
        (lambda: EchoState(D, H, O, leak=1.5), ValueError, "leak: expected a number above 0 and at most 1, got 1.5"),
        (
            lambda: EchoState(D, H, O, incoming=6),
            ValueError,
            "incoming: expected at most the 5 inputs there are, got 6",
        ),
        (lambda: EchoState(D, H, O, spectral_radius=-1), ValueError, "spectral_radius: expected a finite number of at"),
        (lambda: NET.states(X[0]), ValueError, "inputs: expected (seq_len, batch, 2) with"),
        (lambda: NET.states(X + 0j), TypeError, "inputs: expected float64 or float32 numbers, got complex128"),
        (lambda: NET.forward(X, (np.ones((B, 4)),)), ValueError, "h: expected (3, 5), got (3, 4)"),
        (lambda: NET.fit(X, np.ones((T, B, 1))), ValueError, "targets: expected (12, 3, 2), got (12, 3, 1)"),
        (lambda: NET.fit(X, X, washout=12), ValueError, "washout: expected fewer than the 12 steps there are, got 12"),
        (lambda: NET.fit(X, X, ridge=-1.0), ValueError, "ridge: expected a finite number of at least 0, got -1.0"),
        (
            lambda: ridge_regression(X[0], X[0] * 1e308, -1e-9),
            ValueError,
            "ridge: expected a finite number of at least 0",
        ),
        (
            lambda: NET.run_on(X[0], NET.zero_state(B), 0),
            ValueError,
            "steps: expected a whole number of at least 1, got 0",
        ),
        (
            lambda: EchoState(2, 3, 1).run_on(X[0], (np.ones((B, 3)),), 1),
            ValueError,
            "run_on: expected as many outputs as inputs, got 1 and 2",
        ),
        (lambda: nrmse(X, X[0]), ValueError, "outputs: expected (3, 2), got (12, 3, 2)"),
        (lambda: nrmse(X, X), ValueError, "variance: expected targets that vary, got the same number everywhere"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    before = dict(NET.params)
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
    assert all(NET.params[name] is value for name, value in before.items())


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"W_hh": np.ones((4, H))}, ValueError, "params['W_hh']: expected (5, 5), got (4, 5)"),
        ({"b_h": np.zeros(1)}, ValueError, "params['b_h']: expected (5,), got (1,)"),  # which would broadcast
        ({"W_xy": np.full((D, O), np.inf)}, ValueError, "params['W_xy']: expected finite numbers, got inf"),
        (
            {"b_y": np.zeros(O, complex)},
            TypeError,
            "params['b_y']: expected float64 or float32 numbers, got complex128",
        ),
        ({"W_xh": [[1.0] * H] * D}, TypeError, "params['W_xh']: expected a NumPy array, got list"),
        ({"b": np.zeros(H)}, ValueError, "params: expected the keys W_xh, W_hh, b_h, W_hy, W_xy, b_y, got"),
    ],
)
def test_assigned_parameters_that_do_not_fit_are_refused_in_a_sentence(net, change, error, sentence):
    net.params |= change
    calls = (
        lambda: net.states(X),
        lambda: net.forward(X),
        lambda: net.run_on(X[0], net.zero_state(B), 2),
        lambda: net.fit(X, X),
    )
    for call in calls:
        with pytest.raises(error) as caught:
            call()
        assert str(caught.value).startswith(sentence)


def test_a_read_out_that_runs_away_is_one_sentence(rng):
    net = EchoState(1, 3, 1, rng=rng)
    net.params["W_xy"] = np.full((1, 1), 1e200)
    with pytest.raises(FloatingPointError, match=r"^outputs: expected a finite result"):
        net.run_on(np.ones((1, 1)), net.zero_state(1), 5)
