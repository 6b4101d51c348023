"""Linear recurrences, h_t = A_t h_{t-1} + b_t: one step after the other, or all at once in a tree.

What one step does, ``h -> h A + b`` in rows, is the pair (A, b), and two steps are one such pair again:
``(A_1, b_1)`` and then ``(A_2, b_2)`` make ``(A_1 A_2, b_1 A_2 + b_2)``. Pairs may therefore be combined in any
grouping, as the terms of a sum may, but not in another order.

Arguments, wherever they occur:

A : array_like
    The factors. Where they are diagonal, (T, B, H), or (T, 1, H) if all sequences share them; matrices, with
    ``dense=True``, are (T, H, H) and act on rows: in the columns of the mathematics A_t is ``A[t - 1].T``.
b : array_like (T, B, H)
    What is added at each step.
h0 : array_like (B, H), optional
    The state before the first step; zeros by default.
dense : bool
    Whether A holds matrices.

Backward through time is a linear recurrence too, whatever the network: ``delta_t = delta_{t+1} J_{t+1} + e_t`` with
the Jacobians as `rnn.gradients.step_jacobians` gives them.

All numbers may be complex128. Nothing is conjugated: gradients are those of analytic functions.

References
----------
Blelloch 1990, "Prefix sums and their applications".
Martin & Cundy 2018, "Parallelizing linear recurrent neural nets over sequence length".
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.validate import Array, quiet

Product = Callable[[Array, Array], Array]


@quiet
def linear_recurrence(A: ArrayLike, b: ArrayLike, h0: ArrayLike | None = None, *, dense: bool = False) -> Array:
    """Return h_1 … h_T, (T, B, H), in T steps one after the other."""
    A, b, h, product = _check(A, b, h0, dense)
    states = []
    for A_t, b_t in zip(A, b, strict=True):
        h = product(h, A_t) + b_t
        states.append(h)
    return validate.result("states", np.stack(states))


@quiet
def parallel_scan(A: ArrayLike, b: ArrayLike, h0: ArrayLike | None = None, *, dense: bool = False) -> Array:
    """Return h_1 … h_T, (T, B, H), in 2 floor(log2 T) rounds, each of operations that do not wait for each other.

    Fewer than T pairs are combined and fewer than T states made from them. With diagonal A that is about three
    times the multiplications of `linear_recurrence`; with matrices a combination costs H³ where a step costs H².
    """
    A, b, h, product = _check(A, b, h0, dense)
    return validate.result("states", scan(A, added(b, 0, product(h, A[0])), product))


def scan(A: Array, b: Array, product: Product) -> Array:
    """Return h_1 … h_T from h_0 = 0: neighbours are joined, half as many steps solved, and the gaps filled in.

    Parameters
    ----------
    A, b : ndarray (T, ...)
        The steps.
    product : callable
        What stands between two factors, or a state and a factor: ``np.multiply``, ``np.matmul``, or another
        associative product that distributes over addition.

    Returns
    -------
    ndarray of b's shape
    """
    # --8<-- [start:scan]
    if len(b) == 1:
        return b
    paired = len(b) // 2 * 2  # an odd last step has no partner
    first, second = slice(0, paired, 2), slice(1, paired, 2)
    at_second = scan(product(A[first], A[second]), product(b[first], A[second]) + b[second], product)
    h = np.empty(b.shape, np.result_type(A, b))
    h[0], h[second] = b[0], at_second
    h[2::2] = product(at_second[: len(h[2::2])], A[2::2]) + b[2::2]
    return h
    # --8<-- [end:scan]


def doubling(A: Array, b: Array, product: Product) -> Array:
    """Return what `scan` returns, in fewer rounds with more products, as Hillis and Steele do it.

    After round r each pair stands for the last 2^r steps: ceil(log2 T) rounds, but T joins in nearly each of them.

    Parameters
    ----------
    A, b, product
        As in `scan`.

    Returns
    -------
    ndarray of b's shape

    References
    ----------
    Hillis & Steele 1986, "Data parallel algorithms".
    """
    # --8<-- [start:doubling]
    d = 1
    while d < len(b):
        b = np.concatenate([b[:d], product(b[:-d], A[d:]) + b[d:]])
        A = np.concatenate([A[:d], product(A[:-d], A[d:])])
        d *= 2
    return b
    # --8<-- [end:doubling]


@quiet
def scan_back(
    A: ArrayLike,
    states: ArrayLike,
    d_states: ArrayLike,
    h0: ArrayLike | None = None,
    *,
    dense: bool = False,
) -> tuple[Array, Array, Array]:
    """Take the gradient for h_1 … h_T back to A, b and h0: the same recurrence from the end, with each A transposed.

    Parameters
    ----------
    A, h0, dense
        As above.
    states : array_like (T, B, H)
        What `linear_recurrence` or `parallel_scan` has returned.
    d_states : array_like (T, B, H)
        The gradient for each state, apart from what it does to later ones.

    Returns
    -------
    d_A, d_b, d_h0 : ndarray
    """
    A, h, first, product = _check(A, states, h0, dense, name="states")
    e = validate.array("d_states", d_states, h.shape, allow_complex=True)
    A_T = A.swapaxes(1, 2) if dense else A
    delta = scan(later(A_T), e[::-1], product)[::-1]
    h_prev = np.concatenate([first[None], h[:-1]])
    d_A = h_prev.swapaxes(1, 2) @ delta if dense else h_prev * delta
    if d_A.shape != A.shape:
        d_A = d_A.sum(axis=1, keepdims=True)  # one A for all sequences gathers from all
    d_h0 = product(delta[0], A_T[0])
    validate.results("gradient", {"A": d_A, "b": delta, "h0": d_h0})
    return d_A, delta, d_h0


def later(A: Array) -> Array:
    """Return the factors for the way back, on which the gradient at step t arrives through the factor of t + 1.

    Parameters
    ----------
    A : ndarray (T, ...)
        The factors in the order of time.

    Returns
    -------
    ndarray of A's shape
        For t = T, T - 1, …, 1. Nothing arrives at T, so the first one may be any.
    """
    return np.concatenate([A[:1], A[:0:-1]])


def _check(
    A: ArrayLike, b: ArrayLike, h0: ArrayLike | None, dense: bool, *, name: str = "b"
) -> tuple[Array, Array, Array, Product]:
    """Return A, b and h0 as arrays of one type, and the product that A asks for."""
    b = validate.array(name, b, ("seq_len", "batch", "hidden"), allow_complex=True)
    T, B, H = b.shape
    A = validate.array("A", A, None, allow_complex=True)
    shared = not dense and A.shape[1:2] == (1,)
    A = validate.array("A", A, (T, H, H) if dense else (T, 1 if shared else B, H), allow_complex=True)
    h0 = np.zeros((B, H)) if h0 is None else validate.array("h0", h0, (B, H), allow_complex=True)
    return A, b, h0, np.matmul if dense else np.multiply


def added(values: Array, t: int, term: Array) -> Array:
    """Return a copy of `values` in which `term` has been added to member t.

    Parameters
    ----------
    values : ndarray (T, ...)
        The members.
    t : int
        Which of them.
    term : ndarray (...)
        What is added.

    Returns
    -------
    ndarray of the shape of `values`
    """
    values = values.astype(np.result_type(values, term))
    values[t] += term
    return values
