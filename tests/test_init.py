"""Initial weights: their size, their shape, their distribution."""

import numpy as np
import pytest

from rnn import init

pytestmark = pytest.mark.filterwarnings("error")


def test_xavier_is_uniform_up_to_its_limit(rng):
    weights = init.xavier((200, 300), rng)
    limit = np.sqrt(6 / 500)
    assert weights.shape == (200, 300)
    assert 0.999 * limit < weights.max() <= limit
    assert -limit <= weights.min() < -0.999 * limit
    assert weights.var() == pytest.approx(2 / 500, rel=0.01)
    assert np.abs(weights).mean() == pytest.approx(limit / 2, rel=0.01)  # uniform, not normal


def test_he_is_normal_with_the_inputs_in_its_variance(rng):
    weights = init.he((200, 300), rng)
    assert weights.shape == (200, 300)
    assert weights.var() == pytest.approx(2 / 200, rel=0.02)
    assert weights.mean() == pytest.approx(0, abs=0.001)
    assert (weights**4).mean() / weights.var() ** 2 == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("shape", [(6, 6), (7, 4), (4, 7)])
def test_orthogonal_keeps_lengths_along_its_shorter_side(rng, shape):
    weights = init.orthogonal(shape, rng, gain=2.5)
    assert weights.shape == shape
    short = weights @ weights.T if shape[0] <= shape[1] else weights.T @ weights
    np.testing.assert_allclose(short, 2.5**2 * np.eye(min(shape)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(init.orthogonal((3, 3), rng), axis=0), 1)


def test_orthogonal_is_uniform_where_bare_qr_is_not(rng):
    draws = np.array([init.orthogonal((3, 3), rng) for _ in range(4000)])
    # Under the Haar measure every entry has mean 0 and variance 1/3; bare QR's first one is below 0 always.
    np.testing.assert_allclose(draws.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(draws.var(axis=0), 1 / 3, atol=0.03)
    assert np.linalg.det(draws).mean() == pytest.approx(0, abs=0.08)  # as many reflections as rotations
    assert np.trace(draws, axis1=1, axis2=2).mean() == pytest.approx(0, abs=0.08)


def test_orthogonal_is_q_with_the_signs_of_r(rng):
    gaussian = np.random.default_rng(5).normal(size=(4, 4))
    weights = init.orthogonal((4, 4), np.random.default_rng(5))
    triangle = weights.T @ gaussian  # Q'A is R, and with those signs its diagonal is positive
    np.testing.assert_allclose(np.tril(triangle, -1), 0, atol=1e-12)
    assert (np.diag(triangle) > 0).all()


def test_identity():
    np.testing.assert_array_equal(init.identity((3, 3)), np.eye(3))
    np.testing.assert_array_equal(init.identity((2, 2), scale=0.5), [[0.5, 0], [0, 0.5]])


@pytest.mark.parametrize("incoming", [1, 15, 40])
def test_sparse_keeps_as_many_of_each_units_inputs_as_it_says(rng, incoming):
    weights = init.sparse((40, 300), rng, incoming=incoming, std=0.2)
    np.testing.assert_array_equal((weights != 0).sum(axis=0), incoming)
    assert weights[weights != 0].std() == pytest.approx(0.2, rel=0.1)
    assert abs(weights[weights != 0].mean()) < 0.05
    expected = incoming / 40 * 300
    np.testing.assert_allclose(
        (weights != 0).sum(axis=1), expected, atol=5 * np.sqrt(expected)
    )  # no input is preferred
    default = init.sparse((40, 30), np.random.default_rng(0))
    np.testing.assert_array_equal((default != 0).sum(axis=0), 15)
    assert default[default != 0].std() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("size", [1.0, 1e-200, 1e307])
def test_rescaled_has_the_spectral_radius_wanted(rng, size):
    weights = rng.normal(size=(6, 6))
    came = init.rescaled(weights * size, 0.95)
    assert np.abs(np.linalg.eigvals(came)).max() == pytest.approx(0.95, rel=1e-12)
    np.testing.assert_allclose(came / came[0, 0], weights / weights[0, 0], rtol=1e-12)
    assert not init.rescaled(weights, 0.0).any()


def test_chrono_spreads_the_gates_over_all_lengths_of_memory(rng):
    b_f, b_i = init.chrono(20000, 101, rng)
    np.testing.assert_array_equal(b_i, -b_f)
    steps = np.exp(b_f)  # the sigmoid of b is 1 - 1 / (steps + 1)
    assert 1 <= steps.min() < 1.05
    assert 99.95 < steps.max() <= 100
    assert steps.mean() == pytest.approx(50.5, rel=0.02)
    assert steps.std() == pytest.approx(99 / np.sqrt(12), rel=0.02)
    np.testing.assert_array_equal(init.chrono(3, 2, rng)[0], 0)


def test_chrono_remembers_where_a_bias_of_one_does_not(rng):
    b_f, _ = init.chrono(2000, 1000, rng)
    kept = 1 / (1 + np.exp(-b_f))
    assert (kept**100).mean() == pytest.approx(0.73, abs=0.02)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda r: init.xavier((0, 3), r),
            ValueError,
            "shape[0]: expected a whole number of at least 1, got 0",
        ),
        (
            lambda r: init.he((3, -1), r),
            ValueError,
            "shape[1]: expected a whole number of at least 1, got -1",
        ),
        (lambda r: init.he((3, 2.5), r), TypeError, "shape[1]: expected a whole number, got 2.5"),
        (lambda r: init.orthogonal((True, 3), r), TypeError, "shape[0]: expected a whole number, got True"),
        (lambda r: init.xavier(3, r), TypeError, "shape: expected the tuple (inputs, outputs), got int"),
        (
            lambda r: init.identity((1, 2, 3)),
            TypeError,
            "shape: expected the tuple (inputs, outputs), got a tuple of 3",
        ),
        (lambda r: init.identity((2, 3)), ValueError, "shape: expected a square shape, got (2, 3)"),
        (lambda r: init.identity((2, 2), np.nan), ValueError, "scale: expected a finite number, got nan"),
        (
            lambda r: init.sparse((3, 2), r, incoming=4),
            ValueError,
            "incoming: expected at most the 3 inputs there are, got 4",
        ),
        (
            lambda r: init.sparse((3, 2), r, incoming=1, std=-1.0),
            ValueError,
            "std: expected a finite number of at least 0, got -1.0",
        ),
        (
            lambda r: init.rescaled(np.ones((2, 3)), 1.0),
            ValueError,
            "weights: expected a square matrix, got (2, 3)",
        ),
        (
            lambda r: init.rescaled(np.zeros((2, 2)), 1.0),
            ValueError,
            "weights: expected an eigenvalue other than 0, got none",
        ),
        (
            lambda r: init.rescaled(np.ones((2, 2)), -1.0),
            ValueError,
            "spectral_radius: expected a finite number of at least 0, got -1.0",
        ),
        (
            lambda r: init.chrono(3, 1.5, r),
            ValueError,
            "longest: expected a finite number of at least 2, got 1.5",
        ),
        (
            lambda r: init.chrono(0, 9, r),
            ValueError,
            "hidden_size: expected a whole number of at least 1, got 0",
        ),
        (lambda r: init.orthogonal((2, 2), r, "2"), TypeError, "gain: expected a number, got '2'"),
        (
            lambda r: init.xavier((2, 2), 0),
            TypeError,
            "rng: expected a numpy.random.Generator, got 0; try np.random.default_rng(0)",
        ),
        (
            lambda r: init.he((2, 2), None),
            TypeError,
            "rng: expected a numpy.random.Generator, got None; try np.random.default_rng(0)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(rng, call, error, sentence):
    with pytest.raises(error) as caught:
        call(rng)
    assert str(caught.value) == sentence
