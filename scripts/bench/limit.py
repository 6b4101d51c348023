"""The limit: what any layer in NumPy has to compute at the least, on buffers that are always in the cache."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.bench import GATES, Case

Array = NDArray[Any]

# Multiplications for each hidden unit and step, those that occur twice made once. A sigmoid's half is one.
# LSTM: three halves, f c, i g, o tanh c. GRU: two halves, r u, z (h - n).
FORWARD = {"rnn": 0, "lstm": 6, "gru": 4}
# RNN: h h and d (1 - h h).  LSTM, with p = d_h o, t = tanh c, q = d_c i: p, p t (1 - o), t t, p (1 - t t), d_c f,
# d_c f c (1 - f), q, q g (1 - i), g g, q (1 - g g).  GRU, with m = h - n: d m z (1 - z), n n, d (1 - z) (1 - n n) = q,
# q r, q r u (1 - r), d z.
BACKWARD = {"rnn": 2, "lstm": 13, "gru": 10}
CALL = 2**14  # numbers in one call of multiply: three such buffers stay in the second-level cache


class Limit:
    """The bare arithmetic on hot buffers: what no layer in NumPy that does the same sums can go below.

    - Forward, each step: the product of [h, x] (B, H+D) with the weights of all gates (H+D, GH); one tanh for each
      element of a gate (a sigmoid is a tanh of half the argument) and, in the LSTM, of the cell state; the
      multiplications of the formulas.
    - Backward, each step: the product (B, GH) with (GH, H), and the multiplications, from gates that forward has kept.
    - Once: the products for the weights' gradients (H+D, TB) with (TB, GH) and for the inputs' (TB, GH) with (GH, D),
      and one multiplication for each weight, by the learning rate.

    The number of multiplications is the smallest that the formulas leave. Additions, biases, copies, checks, and
    loading and storing what is not in the cache count nothing: a ratio to the limit is above 1. Multiplications are
    made in as few calls as keep the buffers in the cache. The products of a step are made in one or in several with
    `columns` columns each, all the same arithmetic; of those `forms` the fastest is the limit.
    """

    def __init__(self, case: Case, columns: int) -> None:
        T, B, D, H = case.size
        GH, rng = len(GATES[case.cell]) * H, np.random.default_rng(0)
        self.T, self.form = T, f"products of {columns} columns"

        def make(*shape: int) -> Array:
            # At the beginning of a cache line: products of small matrices are faster there.
            memory = np.empty(math.prod(shape) * np.dtype(case.dtype).itemsize + 64, np.uint8)
            array: Array = np.ndarray(shape, case.dtype, memory, -memory.ctypes.data % 64)
            array[...] = rng.standard_normal(shape) * H**-0.5
            return array

        def product(rows: int, inner: int, outer: int) -> tuple[Callable[..., Any], Array, Array, Array]:
            if columns >= outer:
                return np.dot, make(rows, inner), make(inner, outer), make(rows, outer)
            n = outer // columns
            return np.matmul, make(rows, inner), make(n, inner, columns), make(n, rows, columns)

        self.up, self.down = product(B, H + D, GH), product(B, GH, H)
        self.once = [(make(H + D, T * B), d_a := make(T * B, GH), make(H + D, GH)), (d_a, make(GH, D), make(T * B, D))]
        self.tanh = [(make(B * GH), make(B * GH))] + [(make(B * H), make(B * H))] * (case.cell == "lstm")
        self.factors = [factors(number[case.cell] * B * H, make) for number in (FORWARD, BACKWARD)]
        self.weights = make(H + D, GH), make(H + D, GH)

    def forward(self) -> None:
        """Do what forward cannot do without."""
        product, x, W, y = self.up
        for _ in range(self.T):
            product(x, W, y)
            for x_tanh, y_tanh in self.tanh:
                np.tanh(x_tanh, y_tanh)
            for left, right, out in self.factors[0]:
                np.multiply(left, right, out)

    def train(self) -> None:
        """Do what a step cannot do without."""
        self.forward()
        product, x, W, y = self.down
        for _ in range(self.T):
            for left, right, out in self.factors[1]:
                np.multiply(left, right, out)
            product(x, W, y)
        for left, right, out in self.once:
            np.dot(left, right, out)
        grads, steps = self.weights
        np.multiply(grads, grads.dtype.type(0.5), steps)

    def results(self) -> dict[str, Array]:
        """Return nothing: these are no outputs of anything."""
        return {}


def forms(case: Case) -> list[Limit]:
    """Return the limit with products of all columns, of a gate's, and of the narrow ones that BLAS has own code for."""
    GH, H = len(GATES[case.cell]) * case.size[3], case.size[3]
    return [Limit(case, columns) for columns in sorted({GH, H} | {c for c in (32, 64) if H % c == 0})]


def factors(total: int, make: Callable[..., Array]) -> list[tuple[Array, Array, Array]]:
    """Return the buffers of the calls of multiply that deal with so many numbers: two factors and a product."""
    calls = -(-total // CALL)
    edges = [total * i // calls for i in range(calls + 1)] if calls else []
    sizes = [b - a for a, b in pairwise(edges)]
    left, right, out = (make(max(sizes, default=0)) for _ in range(3))
    return [(left[:size], right[:size], out[:size]) for size in sizes]


class LimitStream:
    """The bare arithmetic of one step for one sequence."""

    xs = (None,) * 100

    def __init__(self, case: Case) -> None:
        one = Case("forward", case.cell, (1, *case.size[1:]), case.dtype)
        self.limit = Limit(one, len(GATES[case.cell]) * case.size[3])

    def step(self, x: Any) -> Any:
        """Do what a step cannot do without."""
        self.limit.forward()
