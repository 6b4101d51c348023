"""Linear recurrences: in a row and in a tree, forwards and back."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn import scan as module
from rnn.gradcheck import complex_step
from rnn.gradients import backpropagated, step_jacobians
from rnn.scan import doubling, linear_recurrence, parallel_scan, scan, scan_back
from rnn.simple import SimpleRNN

pytestmark = pytest.mark.filterwarnings("error")

KINDS = {"own": False, "shared": False, "dense": True}


def recurrence(rng, kind, T, B=2, H=3):
    shape = {"own": (T, B, H), "shared": (T, 1, H), "dense": (T, H, H)}[kind]
    return rng.uniform(-1, 1, size=shape), rng.normal(size=(T, B, H)), rng.normal(size=(B, H))


# --------------------------------------------------------------------------- the recurrences


@pytest.mark.parametrize("kind", KINDS)
def test_one_after_the_other_agrees_with_scalar_loops(rng, kind):
    A, b, h0 = recurrence(rng, kind, T=4)
    came = linear_recurrence(A, b, h0, dense=KINDS[kind])
    h = h0
    for t in range(4):
        expected = b[t].copy()
        for s in range(2):
            for j in range(3):
                if kind == "dense":
                    expected[s, j] += sum(h[s, i] * A[t, i, j] for i in range(3))
                else:
                    expected[s, j] += A[t, 0 if kind == "shared" else s, j] * h[s, j]
        np.testing.assert_allclose(came[t], expected, rtol=1e-13)
        h = expected


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=30, deadline=None)
@given(st.integers(1, 40), st.integers(1, 3), st.integers(1, 4), st.integers(0, 10**6), st.booleans())
def test_the_tree_agrees_with_the_row(kind, T, B, H, seed, started):
    A, b, h0 = recurrence(np.random.default_rng(seed), kind, T, B, H)
    start = (h0,) if started else ()
    row, tree = (run(A, b, *start, dense=KINDS[kind]) for run in (linear_recurrence, parallel_scan))
    np.testing.assert_allclose(tree, row, rtol=0, atol=1e-12 * np.abs(row).max())


@pytest.mark.parametrize("T", [1, 2, 3, 7, 8, 13])
@pytest.mark.parametrize("kind", KINDS)
def test_doubling_agrees_with_the_tree_in_the_fewest_rounds(rng, kind, T):
    A, b, _ = recurrence(rng, kind, T)
    calls = []

    def counting(a, b):
        calls.append(len(a))
        return a @ b if KINDS[kind] else a * b

    np.testing.assert_allclose(doubling(A, b, counting), parallel_scan(A, b, dense=KINDS[kind]), rtol=0, atol=1e-12)
    assert len(calls) == 2 * math.ceil(math.log2(T))


def test_matrices_on_the_left_of_columns_are_these_on_the_right_of_rows(rng):
    A, b, h0 = recurrence(rng, "dense", T=5, B=1)
    h = h0[0]
    for t in range(5):
        h = A[t].T @ h + b[t, 0]
    np.testing.assert_allclose(parallel_scan(A, b, h0, dense=True)[-1, 0], h, rtol=1e-12)


@pytest.mark.parametrize("T", [1, 2, 3, 7, 8, 13, 64, 100])
def test_the_tree_has_as_many_rounds_and_products_as_it_says(rng, T):
    A, b, _ = recurrence(rng, "own", T)
    calls = []

    def counting(a, b):
        calls.append(len(a))
        return a * b

    scan(A, b, counting)
    levels = math.floor(math.log2(T))
    assert len(calls) == 3 * levels  # on the way down products of A with A and of b with A, and one on the way up
    downwards = [n for i in range(levels) for n in (T >> (i + 1),) * 2]
    assert calls[: 2 * levels] == downwards
    assert sum(downwards) // 2 < T
    assert sum(calls[2 * levels :]) < T


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("T", [1, 2, 5, 8])
def test_back_agrees_with_complex_steps(rng, kind, T):
    A, b, h0 = recurrence(rng, kind, T)
    weights, dense = rng.normal(size=b.shape), KINDS[kind]
    came = scan_back(A, parallel_scan(A, b, h0, dense=dense), weights, h0, dense=dense)
    leaves = [A, b, h0]
    for i, gradient in enumerate(came):
        for run in (linear_recurrence, parallel_scan):

            def loss(value, i=i, run=run):
                return (weights * run(*leaves[:i], value, *leaves[i + 1 :], dense=dense)).sum()

            expected = complex_step(loss, leaves[i])
            np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


def test_complex_factors_turn_the_state():
    A, b = np.full((4, 1, 1), 1j), np.zeros((4, 1, 1))
    np.testing.assert_allclose(parallel_scan(A, b, np.ones((1, 1)))[:, 0, 0], [1j, -1, -1j, 1], atol=1e-15)


def test_back_with_complex_numbers_is_the_sum_over_all_paths(rng):
    """The state at s depends on b at t ≤ s through the factors after t; nothing is conjugated."""
    T = 5
    A, h, e = rng.normal(size=(3, T, 2, 3)) + 1j * rng.normal(size=(3, T, 2, 3))
    h0 = rng.normal(size=(2, 3)) + 1j * rng.normal(size=(2, 3))
    d_A, d_b, d_h0 = scan_back(A, h, e, h0)
    paths = [sum(e[s] * np.prod(A[t + 1 : s + 1], axis=0) for s in range(t, T)) for t in range(T)]
    np.testing.assert_allclose(d_b, paths, rtol=1e-12)
    np.testing.assert_allclose(
        d_A, [before * path for before, path in zip([h0, *h[:-1]], paths, strict=True)], rtol=1e-12
    )
    np.testing.assert_allclose(d_h0, sum(e[s] * np.prod(A[: s + 1], axis=0) for s in range(T)), rtol=1e-12)


def test_back_through_time_is_a_linear_recurrence_whatever_the_network(rng):
    net = SimpleRNN(2, 4, 3, rng=rng)
    hidden = net.forward(rng.normal(size=(9, 1, 2)))[1]
    weights = rng.normal(size=(9, 1, 3))
    net.backward(weights)
    e = weights @ net.params["W_hy"].T
    jacobians = step_jacobians(net, hidden)
    for run in (linear_recurrence, parallel_scan):
        delta = run(module.later(jacobians), e[::-1], dense=True)[::-1]
        np.testing.assert_allclose(delta[0] @ jacobians[0], net.d_h0, rtol=1e-12)
        parts = sum(backpropagated(net, hidden, t, e[t - 1, 0])[3] for t in range(3, 10))
        np.testing.assert_allclose(delta[2, 0], parts, rtol=1e-12)


def test_arguments_stay_and_results_are_ones_own(rng):
    A, b, h0 = recurrence(rng, "own", T=5)
    given = [value.copy() for value in (A, b, h0)]
    for value in (A, b, h0):
        value.setflags(write=False)
    first = parallel_scan(A, b, h0)
    copy = first.copy()
    scan_back(A, first, b, h0)
    parallel_scan(A, -b, h0)
    np.testing.assert_array_equal(first, copy)
    for came, expected in zip((A, b, h0), given, strict=True):
        np.testing.assert_array_equal(came, expected)
    one = b[:1]
    assert not np.shares_memory(parallel_scan(A[:1], one), one)
    np.testing.assert_array_equal(
        parallel_scan(A[::-1], b[::-1], h0), parallel_scan(A[::-1].copy(), b[::-1].copy(), h0)
    )


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: parallel_scan(np.ones((2, 1, 3)), np.ones((2, 2, 2))),
            ValueError,
            "A: expected (2, 1, 2), got (2, 1, 3)",
        ),
        (
            lambda: parallel_scan([[1.0], [1.0, 2.0]], np.ones((2, 2, 2))),
            ValueError,
            "A: expected one array, got rows of different lengths",
        ),
        (lambda: parallel_scan(np.ones((2, 2)), np.ones((2, 2, 2))), ValueError, "A: expected (2, 2, 2), got (2, 2)"),
        (
            lambda: parallel_scan(np.ones((2, 1, 3)), np.ones((2, 2, 3)), dense=True),
            ValueError,
            "A: expected (2, 3, 3), got (2, 1, 3)",
        ),
        (
            lambda: linear_recurrence(np.ones((1, 1, 1)), np.ones((1, 1))),
            ValueError,
            "b: expected (seq_len, batch, hidden)",
        ),
        (
            lambda: linear_recurrence(np.ones((1, 1, 1)), np.ones((1, 1, 1)), np.ones((2, 1))),
            ValueError,
            "h0: expected (1, 1), got (2, 1)",
        ),
        (lambda: parallel_scan(np.full((3, 1, 1), 1e308), np.ones((3, 1, 1))), FloatingPointError, "states: expected"),
        (
            lambda: linear_recurrence(np.full((3, 1, 1), 1e308), np.ones((3, 1, 1))),
            FloatingPointError,
            "states: expected",
        ),
        (
            lambda: scan_back(np.full((3, 1, 1), 1e308), np.ones((3, 1, 1)), np.ones((3, 1, 1))),
            FloatingPointError,
            "gradient['A']: expected",
        ),
        (lambda: scan_back(*[np.ones((3, 1, 1))] * 2, np.ones((2, 1, 1))), ValueError, "d_states: expected (3, 1, 1)"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
