"""Optimisers, clipping, schedules and weight noise: against steps made by hand and closed forms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn import optim
from rnn.layer import Joined

pytestmark = pytest.mark.filterwarnings("error")

MAKERS = {
    "descent": lambda rate=0.1, **o: optim.SGD(rate, **o),
    "momentum": lambda rate=0.1, **o: optim.SGD(rate, momentum=0.8, **o),
    "nesterov": lambda rate=0.1, **o: optim.SGD(rate, momentum=0.8, nesterov=True, **o),
    "rmsprop": lambda rate=0.1, **o: optim.RMSprop(rate, decay=0.7, eps=1e-3, **o),
    "adam": lambda rate=0.1, **o: optim.Adam(rate, beta1=0.6, beta2=0.95, eps=1e-3, **o),
}


def by_hand(kind, p, grads, rate=0.1):
    """Take one number through several updates, written as the papers write them."""
    v = s = m = 0.0
    for n, g in enumerate(grads, start=1):
        if kind == "descent":
            p -= rate * g
        elif kind == "momentum":
            v = 0.8 * v + g
            p -= rate * v
        elif kind == "nesterov":
            v = 0.8 * v + g
            p -= rate * (g + 0.8 * v)
        elif kind == "rmsprop":
            s = 0.7 * s + 0.3 * g * g
            p -= rate * g / (math.sqrt(s) + 1e-3)
        else:
            m, s = 0.6 * m + 0.4 * g, 0.95 * s + 0.05 * g * g
            p -= rate * (m / (1 - 0.6**n)) / (math.sqrt(s / (1 - 0.95**n)) + 1e-3)
    return p


def random_params(rng):
    return {"W_xh": rng.normal(size=(2, 3)), "b_h": rng.normal(size=3)}


def random_grads(rng, params):
    return {name: rng.normal(size=value.shape).astype(value.dtype) for name, value in params.items()}


@pytest.mark.parametrize("kind", MAKERS)
def test_updates_by_hand(kind, rng):
    params = random_params(rng)
    start = {name: value.copy() for name, value in params.items()}
    arrays = dict(params)
    optimizer = MAKERS[kind]()
    history = [random_grads(rng, params) for _ in range(5)]
    for grads in history:
        given = {name: grad.copy() for name, grad in grads.items()}
        optimizer.update(params, grads)
        for name, grad in grads.items():
            np.testing.assert_array_equal(grad, given[name])
    assert optimizer.count == 5
    for name, value in params.items():
        assert value is arrays[name]  # written into
        for index in np.ndindex(value.shape):
            expected = by_hand(kind, start[name][index], [grads[name][index] for grads in history])
            assert value[index] == pytest.approx(expected, rel=1e-13)


def test_defaults():
    adam = optim.Adam()
    assert (adam.learning_rate, adam.beta1, adam.beta2, adam.eps, adam.weight_decay) == (1e-3, 0.9, 0.999, 1e-8, 0)
    rmsprop = optim.RMSprop(0.5)
    assert (rmsprop.learning_rate, rmsprop.decay, rmsprop.eps, rmsprop.weight_decay) == (0.5, 0.9, 1e-8, 0)
    sgd = optim.SGD(0.5)
    assert (sgd.learning_rate, sgd.momentum, sgd.nesterov, sgd.weight_decay) == (0.5, 0, False, 0)


@pytest.mark.parametrize("kind", MAKERS)
def test_the_learning_rate_may_change_between_updates(kind, rng):
    params, one = random_params(rng), np.array([1.0])
    optimizer = MAKERS[kind](1.0)
    optimizer.update(params, random_grads(rng, params))
    before = {name: value.copy() for name, value in params.items()}
    optimizer.learning_rate = 0.0
    optimizer.update(params, random_grads(rng, params))
    for name, value in params.items():
        np.testing.assert_array_equal(value, before[name])
    optimizer.learning_rate = -1
    with pytest.raises(ValueError, match=r"^learning_rate: expected a finite number of at least 0, got -1$"):
        optimizer.update({"b": one}, {"b": one})


@pytest.mark.parametrize("kind", MAKERS)
def test_decay_is_the_gradient_of_the_squares_of_weight_matrices(kind, rng):
    params = {"W_xh": rng.normal(size=(2, 3)), "0.W": rng.normal(size=(3, 1)), "b_W": rng.normal(size=(2, 2))}
    params["b"], params["W.b"] = rng.normal(size=(2, 3)), rng.normal(size=2)
    other = {name: value.copy() for name, value in params.items()}
    decaying, plain = MAKERS[kind](weight_decay=0.3), MAKERS[kind]()
    for _ in range(3):
        grads = random_grads(rng, params)
        decaying.update(params, grads)
        decayed = {n: g + 0.3 * other[n] if n in ("W_xh", "0.W") else g for n, g in grads.items()}
        plain.update(other, decayed)
    for name, value in params.items():
        np.testing.assert_allclose(value, other[name], rtol=1e-13)


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_state_continues_bit_for_bit(kind, dtype, rng):
    params = {"W": rng.normal(size=(3, 2)).astype(dtype), "1.b": rng.normal(size=2).astype(dtype)}
    optimizer = MAKERS[kind]()
    for _ in range(3):
        optimizer.update(params, random_grads(rng, params))
    state = optimizer.state
    assert all(value.dtype == dtype for name, value in state.items() if name != "count")
    assert state["count"] == 3
    copies = {name: value.copy() for name, value in params.items()}
    other = MAKERS[kind]()
    other.load(state)
    state["count"][...] = 7  # nothing is shared
    for value in state.values():
        value[...] = 7
    for _ in range(3):
        grads = random_grads(rng, params)
        optimizer.update(params, grads)
        other.update(copies, grads)
    for name, value in params.items():
        assert value.dtype == dtype
        np.testing.assert_array_equal(value, copies[name])
    for name, value in optimizer.state.items():
        np.testing.assert_array_equal(value, other.state[name])


def test_a_fresh_state_is_loaded_too(rng):
    params = random_params(rng)
    optimizer = optim.Adam()
    optimizer.load(optim.Adam().state)
    optimizer.update(params, random_grads(rng, params))
    assert list(optimizer.state) == ["count", "mean.W_xh", "square.W_xh", "mean.b_h", "square.b_h"]
    assert list(optim.SGD(1, momentum=0.5).state) == ["count"]


@pytest.mark.parametrize(
    ("kind", "state", "error", "sentence"),
    [
        ("adam", {}, ValueError, "state: expected the keys count, mean.<parameter>, square.<parameter>, got none"),
        ("adam", {"count": np.array(1), "square.W": np.ones(2)}, ValueError, "state: expected the keys count, mean."),
        ("rmsprop", optim.SGD(1, momentum=0.1), ValueError, "state: expected the keys count, square.<parameter>, got "),
        ("descent", optim.SGD(1, momentum=0.1), ValueError, "state: expected the keys count, got count, velocity.W"),
        (
            "rmsprop",
            {"count": np.array(0.5), "square.W": np.ones(2)},
            TypeError,
            "state['count']: expected a whole number, got 0.5",
        ),
        (
            "rmsprop",
            {"count": np.array(-1), "square.W": np.ones(2)},
            ValueError,
            "state['count']: expected a whole number of at least 0",
        ),
        (
            "rmsprop",
            {"count": np.array(2)},
            ValueError,
            "state: expected the keys count, square.<parameter>, got count",
        ),
        (
            "rmsprop",
            {"count": np.array(1), "square.W": np.array([np.nan])},
            ValueError,
            "square.W: expected finite numbers, got nan",
        ),
    ],
)
def test_a_foreign_state_is_refused_in_a_sentence(kind, state, error, sentence):
    if isinstance(state, optim.Optimizer):
        state.update({"W": np.ones(2)}, {"W": np.ones(2)})
        state = state.state
    optimizer = MAKERS[kind]()
    with pytest.raises(error) as caught:
        optimizer.load(state)
    assert str(caught.value).startswith(sentence)
    assert optimizer.count == 0


def test_joined_and_strided_params_are_updated_in_place(rng):
    fused = rng.normal(size=(3, 8))
    start = fused.copy()
    params = Joined({"0": {"W": fused[:, :4]}, "1": {"W": fused[:, 4:]}})
    grads = {"0.W": rng.normal(size=(4, 3)).T, "1.W": rng.normal(size=(3, 4))}
    for maker in MAKERS.values():
        fused[...] = start
        optimizer = maker()
        optimizer.update(params, grads)
        optimizer.update(params, grads)
        plain = {"0.W": start[:, :4].copy(), "1.W": start[:, 4:].copy()}
        optimizer = maker()
        optimizer.update(plain, grads)
        optimizer.update(plain, grads)
        np.testing.assert_array_equal(fused, np.hstack([plain["0.W"], plain["1.W"]]))


W = np.ones((2, 3))


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("params", "grads", "error", "sentence"),
    [
        ({"W": W}, {}, ValueError, "grads: expected the keys W, got none"),
        ({"W": W}, {"V": W}, ValueError, "grads: expected the keys W, got V"),
        ({"W": W}, {"W": W.T}, ValueError, "grads['W']: expected (2, 3), got (3, 2)"),
        ({"W": W}, {"W": W + 0j}, TypeError, "grads['W']: expected an array of float64 or float32 numbers, got (2, 3)"),
        ({"W": W}, [W], TypeError, "grads: expected a mapping of names to arrays, got list"),
        ({"W": W}, {"W": W.tolist()}, TypeError, "grads['W']: expected an array of float64 or float32 numbers, got li"),
        ({"W": W.astype(int)}, {"W": W}, TypeError, "params['W']: expected an array of float64 or float32 numbers"),
        (
            {"W": None},
            {"W": W},
            TypeError,
            "params['W']: expected an array of float64 or float32 numbers, got NoneType",
        ),
        ({"W": W}, {"W": W * np.nan}, FloatingPointError, "grads['W']: expected a finite result, got nan at index"),
        (
            {"W": W * np.nan},
            {"W": W},
            FloatingPointError,
            "params['W']: expected a finite result, got nan at index (0, 0)",
        ),
        ({"W": W}, {"W": W * np.inf}, FloatingPointError, "grads['W']: expected a finite result, got inf at index"),
        ({"W": np.broadcast_to(1.0, 2)}, {"W": W[0, :2]}, ValueError, "params['W']: expected a writable array"),
    ],
)
def test_what_does_not_fit_changes_nothing(kind, params, grads, error, sentence, rng):
    first, optimizer = {"a": np.ones(2), **params}, MAKERS[kind]()
    before = {name: np.array(value) for name, value in first.items()}
    with pytest.raises(error) as caught:
        optimizer.update(first, {"a": np.ones(2), **grads} if isinstance(grads, dict) else grads)
    assert str(caught.value).replace("a, ", "").replace("got a", "got none").startswith(sentence)
    assert "\n" not in str(caught.value)
    for name, value in first.items():
        np.testing.assert_array_equal(value, before[name])
    assert (optimizer.count, list(optimizer.state)) == (0, ["count"])


@pytest.mark.parametrize("kind", MAKERS)
def test_parameters_that_would_overflow_change_nothing(kind):
    params = {"a": np.ones(2), "b": np.array([1e308])}
    optimizer = MAKERS[kind](1e307)
    optimizer.update(params, {"a": np.zeros(2), "b": np.zeros(1)})
    state = optimizer.state
    optimizer.learning_rate = 1e308
    with pytest.raises(FloatingPointError, match=r"^params\['b'\]: expected a finite result, got inf at index \(0,\)$"):
        optimizer.update(params, {"a": np.zeros(2), "b": np.array([-1e3])})
    assert params["a"].tolist() == [1, 1]
    assert params["b"] == 1e308
    for name, value in optimizer.state.items():
        np.testing.assert_array_equal(value, state[name])


def test_gradients_whose_squares_overflow_are_refused_where_squares_are_taken():
    params, grads = {"W": np.ones(2)}, {"W": np.array([1.0, 1e200])}
    for kind in ("rmsprop", "adam"):
        with pytest.raises(
            FloatingPointError, match=r"^grads\['W'\]: expected numbers with finite squares, got larger"
        ):
            MAKERS[kind]().update(params, grads)
    optim.SGD(1e-200).update(params, grads)
    assert params["W"].tolist() == [1, 0]


@pytest.mark.parametrize("kind", [kind for kind in MAKERS if kind != "descent"])
def test_other_parameters_than_at_first_are_refused(kind):
    optimizer = MAKERS[kind]()
    optimizer.update({"W": W.copy()}, {"W": W})
    for params, sentence in (
        ({"V": np.ones(2)}, "params: expected the keys W as before, got V"),
        ({"W": np.ones(2)}, "params['W']: expected (2, 3) of float64 as before, got (2,) of float64"),
        ({"W": np.float32(W)}, "params['W']: expected (2, 3) of float64 as before, got (2, 3) of float32"),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            optimizer.update(params, params)
        assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: optim.SGD(-1), "learning_rate: expected a finite number of at least 0, got -1"),
        (lambda: optim.SGD(1, momentum=1), "momentum: expected a number below 1, got 1.0"),
        (lambda: optim.SGD(1, momentum=-0.1), "momentum: expected a finite number of at least 0, got -0.1"),
        (lambda: optim.SGD(1, nesterov=True), "momentum: expected a number above 0 for Nesterov's momentum, got 0"),
        (lambda: optim.RMSprop(1, decay=1.0), "decay: expected a number below 1, got 1.0"),
        (lambda: optim.RMSprop(1, eps=0), "eps: expected a finite number of at least 2.22507e-308, got 0"),
        (lambda: optim.Adam(beta1=1), "beta1: expected a number below 1, got 1.0"),
        (lambda: optim.Adam(beta2=1), "beta2: expected a number below 1, got 1.0"),
        (lambda: optim.Adam(weight_decay=-1), "weight_decay: expected a finite number of at least 0, got -1"),
    ],
)
def test_settings_are_checked(make, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        make()
    assert str(caught.value) == sentence


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(-150, 150), st.floats(0.1, 3))
def test_clipping_keeps_the_direction_and_bounds_the_norm(seed, exponent, ratio):
    rng, scale = np.random.default_rng(seed), 10.0**exponent
    grads = {"W": scale * rng.normal(size=(3, 2)), "b": scale * rng.normal(size=4)}
    given = {name: g.copy() for name, g in grads.items()}
    exact = scale * math.sqrt(math.fsum((g / scale) ** 2 for a in given.values() for g in a.ravel()))
    clipped, norm = optim.clip_by_norm(grads, exact * ratio)
    assert type(norm) is float
    assert norm == pytest.approx(exact, rel=1e-12)
    for name, g in grads.items():
        np.testing.assert_array_equal(g, given[name])
        np.testing.assert_allclose(clipped[name], g * min(1, ratio), rtol=1e-12)
        assert ratio < 1 or clipped[name] is g


def test_clipping_of_nothing_and_of_the_largest_numbers():
    grads = {"W": np.zeros((2, 2)), "b": np.zeros(2)}
    clipped, norm = optim.clip_by_norm(grads, 1.0)
    assert norm == 0
    assert not clipped["W"].any()
    clipped, norm = optim.clip_by_norm({"W": np.array([[3e307, 4e307]])}, 5.0)
    np.testing.assert_allclose(clipped["W"], [[3, 4]], rtol=1e-15)
    assert norm == pytest.approx(5e307)
    with pytest.raises(FloatingPointError, match=r"^norm: expected a finite result, got inf at index \(0,\)$"):
        optim.clip_by_norm({"W": np.full(9, 1e308)}, 1.0)
    assert optim.clip_by_norm({"W": np.array([3.0, 4.0])}, np.inf)[1] == 5
    single = {"W": np.array([3.0, 4.0], np.float32), "b": np.float32(1e30) * np.ones(2, np.float32)}
    clipped, norm = optim.clip_by_norm(single, 2.0)
    assert norm == pytest.approx(np.sqrt(2) * 1e30, rel=1e-6)
    assert {g.dtype for g in clipped.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(clipped["b"], np.sqrt(2), rtol=1e-6)


def test_each_seed_has_a_norm_of_its_own(rng):
    grads = {"W": rng.normal(size=(4, 3, 2)), "b": rng.normal(size=(4, 5))}
    grads["W"][2] *= 100
    grads["b"][1] = grads["W"][1] = 0
    clipped, norms = optim.clip_by_norm(grads, 3.0, seeds=True)
    assert norms.shape == (4,)
    for k in range(4):
        alone, norm = optim.clip_by_norm({name: g[k] for name, g in grads.items()}, 3.0)
        assert norms[k] == pytest.approx(norm)
        for name, g in alone.items():
            np.testing.assert_allclose(clipped[name][k], g, rtol=1e-14)
    grads["W"][0] *= 1e200
    assert optim.clip_by_norm(grads, 3.0, seeds=True)[1][3] == pytest.approx(norms[3])
    for b in (np.ones(5), np.array(1.0)):
        with pytest.raises(ValueError, match=r"^grads: expected a first axis of one length, that of the seeds, got"):
            optim.clip_by_norm({"W": grads["W"], "b": b}, 3.0, seeds=True)


@pytest.mark.parametrize("clip", [optim.clip_by_norm, optim.clip_by_value])
def test_clipping_refuses_what_it_cannot_clip(clip):
    good = np.ones(2)
    for grads, limit, error, sentence in (
        ({}, 1.0, ValueError, "grads: expected a gradient by each parameter's name, got {}"),
        (None, 1.0, ValueError, "grads: expected a gradient by each parameter's name, got None"),
        ({"W": [1.0]}, 1.0, TypeError, "grads['W']: expected an array of float64 or float32 numbers, got list"),
        ({"W": np.ones((2, 0))}, 1.0, TypeError, "grads['W']: expected an array of float64 or float32 numbers, got (2"),
        ({"a": good, "W": np.array([1, np.nan])}, 1.0, FloatingPointError, "grads['W']: expected a finite result, got"),
        ({"W": np.array([1, np.inf])}, 1.0, FloatingPointError, "grads['W']: expected a finite result, got inf at"),
        ({"W": good}, 0.0, ValueError, f"{'max_norm' if clip is optim.clip_by_norm else 'limit'}: expected a finite"),
        ({"W": good}, None, TypeError, f"{'max_norm' if clip is optim.clip_by_norm else 'limit'}: expected a number"),
    ):
        with pytest.raises(error) as caught:
            clip(grads, limit)
        assert str(caught.value).startswith(sentence)


def test_clipping_by_value():
    grads = {"W": np.array([[-3.0, 0.5], [1.0, 1.5]])}
    assert optim.clip_by_value(grads, 1.0)["W"].tolist() == [[-1, 0.5], [1, 1]]
    assert grads["W"][0, 0] == -3


def test_schedules():
    assert [optim.constant()(n) for n in (0, 10)] == [1, 1]
    fall = optim.cosine(8)
    np.testing.assert_allclose([fall(n) for n in range(9)], np.cos(np.pi * np.arange(9) / 16) ** 2, atol=1e-15)
    assert fall(8) == fall(100) == 0
    warm = optim.cosine(10, warmup=4, smallest=0.1)
    np.testing.assert_allclose([warm(n) for n in (0, 1, 2, 3, 4, 7, 10, 11)], [0.2, 0.4, 0.6, 0.8, 1, 0.55, 0.1, 0.1])
    assert [optim.step_decay(3, 0.5)(n) for n in range(7)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    assert optim.step_decay(1)(2) == pytest.approx(0.01)
    assert optim.exponential(0.5)(3) == 0.125
    with pytest.raises(ValueError, match=r"^warmup: expected less than the 3 steps, got 3$"):
        optim.cosine(3, warmup=3)
    for make in (lambda: optim.cosine(0), lambda: optim.step_decay(0), lambda: optim.Plateau(0)):
        with pytest.raises(ValueError, match=r"expected a whole number of at least 1, got 0$"):
            make()


def test_plateau():
    plateau = optim.Plateau(2, factor=0.5)
    seen = []
    for loss in (3.0, 2.0, 2.0, 2.5, 1.9, 2.0, 2.0, 1.9, 1.9, 1.0):
        plateau.observe(loss)
        seen.append(plateau(99))
    assert seen == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125]
    other = optim.Plateau(2)
    other.state = plateau.state
    other.observe(2.0)
    other.observe(2.0)
    assert (other(0), plateau(0)) == (0.0625, 0.125)
    with pytest.raises(ValueError, match=r"^loss: expected a finite number, got nan$"):
        plateau.observe(np.nan)


def test_a_plateau_counts_the_epochs_since_the_best_loss():
    plateau = optim.Plateau(3, factor=0.25)
    assert plateau.state == {"scale": 1.0, "best": None, "waited": 0}
    for loss, scale, best, waited in (
        (2.0, 1.0, 2.0, 0),
        (2.5, 1.0, 2.0, 1),
        (2.0, 1.0, 2.0, 2),  # as good is not better
        (1.5, 1.0, 1.5, 0),
        (1.6, 1.0, 1.5, 1),
        (1.5, 1.0, 1.5, 2),
        (1.7, 0.25, 1.5, 0),
        (1.6, 0.25, 1.5, 1),
    ):
        plateau.observe(loss)
        assert plateau.state == {"scale": scale, "best": best, "waited": waited}


def test_weight_noise_comes_and_goes_without_a_trace(rng):
    params = {"W": rng.normal(size=(50, 40)), "b": rng.normal(size=30).astype(np.float32)}
    arrays, true = dict(params), {name: value.copy() for name, value in params.items()}
    with optim.weight_noise(params, 0.5, np.random.default_rng(3)):
        noise = {name: params[name] - true[name] for name in params}
        assert noise["W"].std() == pytest.approx(0.5, rel=0.05)
        assert 0.3 < noise["b"].std() < 0.7
    for name, value in params.items():
        assert value is arrays[name]
        np.testing.assert_array_equal(value, true[name])
    with optim.weight_noise(params, 0.5, np.random.default_rng(3)):
        np.testing.assert_array_equal(params["W"] - true["W"], noise["W"])
    with pytest.raises(KeyError, match="stop"), optim.weight_noise(params, 1.0, rng):
        raise KeyError("stop")
    np.testing.assert_array_equal(params["W"], true["W"])
    before = rng.bit_generator.state
    with optim.weight_noise(params, 0, rng):
        np.testing.assert_array_equal(params["W"], true["W"])
    assert rng.bit_generator.state == before
    params["b"].flags.writeable = False
    with (
        pytest.raises(ValueError, match=r"^params.'b'.: expected a writable array"),
        optim.weight_noise(params, 1, rng),
    ):
        pass
    params["b"].flags.writeable = True
    with (
        pytest.raises(FloatingPointError, match=r"^params\['b'\]: expected a finite"),
        optim.weight_noise(params, 1e60, rng),
    ):
        pass
    np.testing.assert_array_equal(params["b"], true["b"])
    with pytest.raises(TypeError, match=r"^params\['W'\]: expected an array"), optim.weight_noise({"W": [1.0]}, 1, rng):
        pass
    with pytest.raises(TypeError, match=r"^rng: expected"), optim.weight_noise(params, 1, 0):
        pass
    np.testing.assert_array_equal(params["W"], true["W"])
