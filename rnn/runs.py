# ruff: noqa: D102  (a method without a docstring does what `Run` says of the one of that name)
"""What the layers compute: a run over a sequence and back, as fast as NumPy allows and equal to a loop over the cell.

Four ideas make it fast. None changes a result by more than rounding.

**One row, one matrix.** All that a step needs stands in the row ``s_t = [h_{t-1} | 1 | x_t]``. A single matrix F, with
a row for each number in s and H columns for each gate, then holds every weight and every bias, and ``a_t = s_t F`` is
every pre-activation. With the rows of many steps one below the other, ``S^T dA`` is the gradient of all of F.

**One tanh for all gates.** ``sigma(a) = (1 + tanh(a / 2)) / 2``, which cannot overflow. With the weights of the
sigmoid gates halved beforehand, ``tanh(s_t W)`` serves them and the candidate in one call.

**Backward through time is a linear recurrence.** The network is not linear, but its gradient is linear in the gradient
that comes from above. After the forward pass all gates are known, so every derivative within a step is a known number.
They are computed for a block of steps in a few calls, while the block is in the cache. The loop is left with what
depends on later steps: with J_t the Jacobian of step t in rows, ``delta_{t-1} = e_{t-1} + delta_t J_t``.

**Nothing is made twice.** Buffers, and the views into them that the loops need, are made once for a shape of inputs and
serve until another shape comes. In the loops every call is told where its result goes, and each gate is in one piece.
What a product needs in rows, beside other things, is copied there: NumPy copies into the pieces of rows three times as
fast as it computes into them.

Below, three dots in a shape stand for the axis of independent networks, if there is one. It needs no code of its own.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import add, matmul, tanh
from numpy import multiply as mul
from numpy import subtract as sub

from rnn.layer import State
from rnn.validate import Array

if TYPE_CHECKING:
    from rnn.layers import Recurrent

BLOCK = 2**16  # numbers of all gates in a block of steps: a few such arrays fit into the L2 cache
CHUNK = 256  # rows in one product S^T dA: they are still in that cache, and adding up the products costs little
SMALL = 10**6  # multiplications up to which OpenBLAS treats a product of matrices as small
TILE = 32  # the least number of columns worth a product of their own

Product = Callable[[Array, Array], Any]  # of W and where the result goes; the rows are known
Rows = list[tuple[Any, Product, Array, Array]]  # what to put into the row s, its product, h_{t-1}, h_t
Block = tuple[tuple[Array, ...], list[Any]]  # the views for `coefficients` and, for each step, for `backward`


def tiles(x: Array, n: int, at: int = 0) -> Array:
    """View (..., n w) as n arrays (..., w), the axis of the n at `at`."""
    rest = x.ndim - 1
    return x.reshape(*x.shape[:-1], n, -1).transpose(*range(at), rest, *range(at, rest), rest + 1)


def _spans(start: int, stop: int, size: int) -> list[slice]:
    """Cut the steps from `start` to `stop` into pieces of at most `size`, the last first."""
    return [slice(low, min(low + size, stop)) for low in reversed(range(start, stop, size))]


class _Weights:
    """A matrix (..., R, G H) to multiply rows with, copied into tiles (G, n, ..., R, H/n) where that is faster."""

    def __init__(self, run: "Run", rows: int, gates: int) -> None:
        lead, B, H = run.lead, run.B, run.H
        most = 1 if lead or B == 1 else max(1, H // TILE)
        small = (n for n in range(1, most + 1) if H % n == 0 and B * rows * H // n <= SMALL)
        self.n = next(small, 1)
        self.gates, self.batch, self.whole = gates, B, not lead and (B == 1 or gates * self.n == 1)
        self.W = run.new(rows, gates * H) if self.whole else run.new(gates, self.n, *lead, rows, H // self.n)
        self.by_gate = tiles(self.W, gates) if self.whole else self.W

    def load(self, W: Array) -> None:
        """Copy W."""
        by_gate = tiles(W, self.gates)
        self.by_gate[...] = by_gate if self.whole else tiles(by_gate, self.n, at=1)

    def product(self, rows: Array) -> Product:
        """Return the function that multiplies `rows` (..., B, R)."""
        return rows.dot if self.whole else partial(matmul, rows)

    def out(self, a: Array) -> Array:
        """View gates (G, ..., B, H) as what a product fills."""
        return a.reshape(self.batch, -1) if self.whole else tiles(a, self.n, at=1)


class Run:
    """The memory of one run, forward and back, and the views into it that the loops go through.

    Forward, a row s = [h | 1 | x] (..., B, R) meets the weights W. Kept are [1 | x] in X (T, ..., B, 1 + D), the states
    in h (T+1, ..., B, H) and the gates in A (T+1, slots, ..., B, H). Back, for a chunk of m steps the rows S
    (m, ..., B, R) and the gradients dA (m, ..., B, G H) are put together for the product S^T dA; within the chunk, the
    derivatives J (G, ..., B, H) of a block of steps are computed at once.

    The run of a stream is a ring of two steps: after the last comes the first.
    """

    slots = 0  # what A keeps of a step
    gates = 1  # in the product with W
    sigmoids = slice(0)  # those of them that are sigmoids
    keeps_h = True  # or gives the states away as the outputs
    frozen: tuple[int, ...] = ()  # what A holds beyond a sequence's end, such that no gradient comes from there
    F: Array  # the fused weights (..., R, G H)

    def __init__(self, layer: "Recurrent", T: int, B: int, dtype: np.dtype[Any], ring: bool = False) -> None:
        self.lead, self.T, self.B, self.D, self.H = layer.lead, T, B, layer.input_size, layer.hidden_size
        self.G, self.R, self.dtype, self.ring = len(layer.columns), self.H + 1 + self.D, dtype, ring
        self.zero, self.half, self.one = (np.array(v, dtype) for v in (0, 0.5, 1))  # half the cost of Python's
        self.sees_h, self.sees_x = slice(self.gates * self.H), slice(None)  # columns of F in which they have a part
        self.shape, rows = (*self.lead, B, self.H), T + (not ring)
        self.in_rows = not self.lead and B == 1
        if self.in_rows:  # a single row has its h and its x in one piece each: they can stay in it
            S = self.new(rows, B, self.R)
            self.h, self.X, self.memory = S[..., : self.H], S[:T, ..., self.H :], [S.reshape(-1)]
        else:
            S = self.new(1, *self.lead, B, self.R)
            self.h = self.new(rows if self.keeps_h or ring else 1, *self.shape)
            self.X = self.new(T, *self.lead, B, 1 + self.D)
            self.memory = [self.h.reshape(-1), self.X.reshape(-1)]
        self.X[..., 0] = 1
        self.s_h, self.s_x = S[0, ..., : self.H], S[0, ..., self.H :]
        self.A, self.uv = self.new(rows, self.slots, *self.shape), self.new(2, *self.shape)
        self.u, self.v = self.uv  # for what is used at once
        self.W = _Weights(self, self.R, self.gates)
        self.products = [self.W.product(s) for s in (S[:T] if self.in_rows else [S[0]] * T)]
        self.steps = self.prepare()
        self.all = self.views(slice(0, T)) if len(self.h) == rows else ()
        self.ends: tuple[Any, ...] = ()  # the rows of h that hold the last state of each sequence
        self.past: Array | None = None  # (T, ..., B): is this step beyond the sequence's end?
        self.plan: list[Any] = []  # of the way back, made when it is gone for the first time

    def new(self, *shape: int) -> Array:
        """Return memory that begins where a cache line does: small products are faster there."""
        raw = np.empty(math.prod(shape) * self.dtype.itemsize + 64, np.uint8)
        return np.ndarray(shape, self.dtype, raw, -raw.ctypes.data % 64)

    def before(self, x: Array) -> Array:
        """Of (T+1, ...) show what each step begins with."""
        return x if self.ring else x[:-1]

    def after(self, x: Array) -> Array:
        """Of (T+1, ...) show what each step ends with."""
        return x[::-1] if self.ring else x[1:]

    # What each kind of layer has to say for itself.

    def prepare(self) -> list[Any]:
        """Return the views for each step forward."""
        raise NotImplementedError

    def forward(self, rows: Rows, steps: list[Any]) -> None:
        """Go through steps."""
        raise NotImplementedError

    def views_back(self, t: slice, k: slice) -> Block:
        """Return the views for a block: the steps t, which within their chunk are the steps k; the last one first."""
        raise NotImplementedError

    def coefficients(self, *views: Array) -> None:
        """Compute what the gates of a block say about gradients."""
        raise NotImplementedError

    def backward(self, d_outputs: Array, steps: list[Any]) -> None:
        """Go back through a block; both arguments begin with its last step."""
        raise NotImplementedError

    # What is the same for all, but for details.

    def load(self) -> None:
        """Copy F to where the loop forward needs it."""
        self.W.load(self.F[..., self.sees_h])
        sigmoids = self.W.by_gate[self.sigmoids]
        mul(sigmoids, self.half, sigmoids)

    def views(self, t: slice) -> tuple[Any, ...]:
        """Return the arguments of `forward` for the steps t."""
        h_prev, h = self.before(self.h)[t], self.after(self.h)[t]
        fills: list[Any] = [()] * len(h)
        if not self.in_rows:
            fills = [((self.s_h, old), (self.s_x, x)) for old, x in zip(h_prev, self.X[t], strict=True)]
        return list(zip(fills, self.products[t], h_prev, h, strict=True)), self.steps[t]

    def begin(self, state: State) -> None:
        """Set the state before the first step."""
        self.h[0] = state[0]

    def state(self, where: tuple[Any, ...]) -> State:
        """Return the state in the rows `where`."""
        return (self.h[where].copy(),)

    def freeze(self, past: Array) -> None:
        """Undo what has happened beyond the ends of sequences."""
        self.h[1:][past] = 0
        kept = np.moveaxis(self.A[:-1, : len(self.frozen)], 1, -2)
        kept[past] = np.reshape(self.frozen, (-1, 1))

    def outputs(self) -> Array:
        """Return the outputs, which are the caller's from now on."""
        return self.h[1:].copy()

    def back(self, d_outputs: Array, d_state: State) -> tuple[Array, State, Array]:
        """Return the gradients for the inputs, the first state and F."""
        if not self.plan:
            self.prepare_back()
        if self.past is not None:  # where a sequence ends, its last state is an output
            d_outputs = np.where(self.past[..., None], self.zero, d_outputs)
            lengths, *others = self.ends
            d_outputs[lengths - 1, *others] += d_state[0]
            d_state = (0, *d_state[1:])
        self.load_back()
        self.begin_back(d_state)
        d_inputs, dF = np.empty(self.X[..., 1:].shape, self.dtype), np.zeros(self.F.shape, self.dtype)
        for chunk, blocks in self.plan:
            for t, views, steps in blocks:
                self.coefficients(*views)
                self.backward(d_outputs[t][::-1], steps)
            self.collect(chunk, dF, d_inputs[chunk])
        return d_inputs, self.end_back(), dF

    def collect(self, t: slice, dF: Array, d_x: Array) -> None:
        """Turn the dA of a chunk, the steps t, into gradients for F and the inputs."""
        S, dA = self.S[: len(d_x)], self.dA[: len(d_x)]
        self.recall(t, S[..., : self.H])
        S[..., self.H :] = self.X[t]
        self.weigh(self.rows(S), self.rows(dA), dF)
        W_x, dA = self.F[..., self.H + 1 :, self.sees_x].swapaxes(-1, -2), dA[..., self.sees_x]
        if not self.lead:  # one product for all steps
            dA, d_x = self.rows(dA), self.rows(d_x)
        matmul(dA, W_x, d_x)

    def rows(self, x: Array) -> Array:
        """Return x (m, ..., B, k) as (..., m B, k): the rows of all its steps one below the other."""
        return np.moveaxis(x, 0, -3).reshape(*self.lead, -1, x.shape[-1]) if self.lead else x.reshape(-1, x.shape[-1])

    def recall(self, t: slice, S_h: Array) -> None:
        """Put the states before the steps t into their rows."""
        S_h[...] = self.h[t]

    def weigh(self, S: Array, dA: Array, dF: Array) -> None:
        """Add the product of the rows S and dA to the gradient for F."""
        dF += S.swapaxes(-1, -2) @ dA

    def prepare_back(self) -> None:
        """Make the memory for the way back, and its plan: chunks of blocks of steps, the last first."""
        G, H, T, batch = self.G, self.H, self.T, math.prod(self.shape[:-1])
        block = min(T, max(1, BLOCK // (G * batch * H)))
        chunk = min(T, block * -(-CHUNK // (block * batch)))
        self.S, self.dA = self.new(chunk + 1, *self.lead, self.B, self.R), self.new(chunk, *self.lead, self.B, G * H)
        self.J, self.P = self.new(block, G, *self.shape), self.new(block, 2, *self.shape)
        self.dd, self.d_gates = self.new(G, *self.shape), self.new(G, *self.shape)  # dd begins with dh
        self.V = _Weights(self, self.gates * H, 1)  # of h, transposed: a copy in the right order is worth a fifth
        self.dh_prev = self.V.out(self.dd[:1])
        self.prepare_more(chunk)
        for t in _spans(0, T, chunk):
            blocks = _spans(t.start, t.stop, block)
            views = [self.views_back(b, slice(b.start - t.start, b.stop - t.start)) for b in blocks]
            self.plan.append((t, [(b, *v) for b, v in zip(blocks, views, strict=True)]))

    def prepare_more(self, chunk: int) -> None:
        """Make what else the way back needs for so many steps."""

    def load_back(self) -> None:
        """Copy F to where the loop back needs it."""
        self.V.load(self.F[..., : self.H, self.sees_h].swapaxes(-1, -2))

    def begin_back(self, d_state: State) -> None:
        """Set the gradient for the last state."""
        self.dd[0] = d_state[0]

    def end_back(self) -> State:
        """Return the gradient for the first state."""
        return (self.dd[0].copy(),)


class RNNRun(Run):
    """The loops of ``h_t = f(s_t F)``."""

    def __init__(self, layer: "Recurrent", *shape: Any, **options: Any) -> None:
        self.f, self.slope = _NONLINEARITIES[layer.cell.nonlinearity]
        super().__init__(layer, *shape, **options)

    def prepare(self) -> list[Any]:
        self.a = self.W.out(self.uv[:1])
        return [()] * self.T

    def forward(self, rows: Rows, steps: list[Any]) -> None:
        W, a, u, f = self.W.W, self.a, self.u, self.f  # a and u are the same numbers
        for fill, product, _, h in rows:
            for place, value in fill:
                place[...] = value
            product(W, a)
            f(u, h)

    def views_back(self, t: slice, k: slice) -> Block:
        da = self.dA[k]
        return (self.h[1:][t], da), list(zip(da, map(self.V.product, da), strict=True))[::-1]

    def coefficients(self, *views: Array) -> None:
        """J = f'(a), in the place of da."""
        self.slope(*views)

    def backward(self, d_outputs: Array, steps: list[Any]) -> None:
        """Compute da_t = dh_t J_t and dh_{t-1} = dy_{t-1} + da_t W_hh^T."""
        V, dh, dh_prev = self.V.W, self.dd[0], self.dh_prev  # dh_prev is dh, where the product puts it
        for dy, (da, product) in zip(d_outputs, steps, strict=True):
            add(dh, dy, dh)
            mul(da, dh, da)
            product(V, dh_prev)


def _relu(a: Array, h: Array) -> None:
    if a.dtype.kind == "c":
        h[...] = np.where(a.real <= 0, 0, a)
    else:
        np.maximum(a, 0, out=h)


def _slope_of_tanh(h: Array, J: Array) -> None:
    mul(h, h, J)
    sub(1, J, J)


# f(a, h) computes the function into h, slope(h, J) its derivative into J.
_NONLINEARITIES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "tanh": (tanh, _slope_of_tanh),
    "relu": (_relu, lambda h, J: np.copyto(J, h.real > 0)),
    "identity": (np.positive, lambda h, J: J.fill(1)),
}


class LSTMRun(Run):
    """The loops of ``o, i, f = sigma(a), g = tanh(a); c_t = f c_{t-1} + i g; h_t = o tanh(c_t)``.

    A keeps o, i, f, g, c_{t-1}: the sigmoids are neighbours, and (i, f) times (g, c_{t-1}) is one call. The states h
    need not be kept; o and c tell them.
    """

    slots, gates, sigmoids, keeps_h = 5, 4, slice(3), False
    frozen = (0, 0, 1, 0)  # f = 1: the gradient for c comes back to the end as it is

    def prepare(self) -> list[Any]:
        A, c = self.before(self.A), self.after(self.A)[:, 4]
        a = map(self.W.out, A[:, :4])
        return list(zip(a, A[:, :4], A[:, :3], A[:, 0], A[:, 1:3], A[:, 3:], c, strict=True))

    def forward(self, rows: Rows, steps: list[Any]) -> None:
        W, uv, u, v, one, half = self.W.W, self.uv, self.u, self.v, self.one, self.half
        for (fill, product, _, h), (a, oifg, oif, o, i_f, g_c, c) in zip(rows, steps, strict=True):
            for place, value in fill:
                place[...] = value
            product(W, a)
            tanh(oifg, oifg)
            add(oif, one, oif)
            mul(oif, half, oif)
            mul(i_f, g_c, uv)
            add(u, v, c)
            tanh(c, u)
            mul(o, u, h)

    def begin(self, state: State) -> None:
        if len(self.h) == 1:
            self.h = self.new(self.T + 1, *self.shape)
            self.all = self.views(slice(0, self.T))
        super().begin(state)
        self.A[0, 4] = state[1]

    def state(self, where: tuple[Any, ...]) -> State:
        return (*super().state(where), self.A[:, 4][where].copy())

    def freeze(self, past: Array) -> None:
        super().freeze(past)
        self.A[1:, 4][past] = 0

    def outputs(self) -> Array:
        if self.in_rows:
            return super().outputs()
        h, self.h, self.all = self.h, self.h[:1].copy(), ()
        return h[1:]

    def recall(self, t: slice, S_h: Array) -> None:
        """All but the first have come with the coefficients."""
        S_h[0] = self.A[t.start - 1, 0] * tanh(self.A[t.start, 4]) if t.start else self.h[0]

    def begin_back(self, d_state: State) -> None:
        super().begin_back(d_state)
        self.dd[1] = d_state[1]

    def end_back(self) -> State:
        return (*super().end_back(), self.dd[1].copy())

    def views_back(self, t: slice, k: slice) -> Block:
        A, J, P = self.A[t], self.J[: k.stop - k.start], self.P[: k.stop - k.start]
        o, i, f, g, _ = A.swapaxes(0, 1)
        rows, S_h = self.dA[k], self.S[k.start + 1 : k.stop + 1, ..., : self.H]
        views = o, i, g, self.A[1:][t, 4], A[:, 1:3], A[:, 3:], J[:, 0], J[:, 1:3], J[:, 3], P, P[:, 0], P[:, 1], S_h
        steps = zip(f, P[:, 1], J, tiles(rows, 4, at=1), map(self.V.product, rows), strict=True)
        return views, list(steps)[::-1]

    def coefficients(self, *views: Array) -> None:
        """Compute the J by which dh_t gives da^o and dc_t the other da, and the K by which dh_t adds to dc_t.

        J^i = ig - i (ig), J^f = f c_{t-1} - f (f c_{t-1}), J^g = i - (ig) g, J^o = h - o h, K = o - h tanh(c_t).
        """
        o, i, g, c, i_f, g_c, Jo, Jif, Jg, ig_fc, ig, K, S_h = views
        mul(i_f, g_c, ig_fc)
        mul(i_f, ig_fc, Jif)
        sub(ig_fc, Jif, Jif)
        mul(ig, g, Jg)
        sub(i, Jg, Jg)
        tanh_c = tanh(c, K)
        h = mul(o, tanh_c, ig)
        S_h[...] = h
        mul(o, h, Jo)
        sub(h, Jo, Jo)
        mul(h, tanh_c, K)
        sub(o, K, K)

    def backward(self, d_outputs: Array, steps: list[Any]) -> None:
        """Compute dc_t += dh_t K, da = (dh_t, dc_t, …, dc_t) J, dh_{t-1} = dy_{t-1} + da W_h^T, dc_{t-1} = dc_t f."""
        V, dd, d_gates, dh_prev, u = self.V.W, self.dd, self.d_gates, self.dh_prev, self.u
        dh, dc, dc_again = dd[0], dd[1], dd[2:]
        for dy, (f, K, J, da, product) in zip(d_outputs, steps, strict=True):
            add(dh, dy, dh)
            mul(K, dh, u)
            add(dc, u, dc)
            dc_again[...] = dc
            mul(J, dd, d_gates)
            da[...] = d_gates
            product(V, dh_prev)
            mul(dc, f, dc)


class GRURun(Run):
    """The loops of ``z, r = sigma(a); n = tanh(v + r u); h_t = n + z (h_{t-1} - n)``, the reset gate after the product.

    Here u = h W_hn + b_hn and v = x W_xn + b_n. A keeps u, z, r, n, and these are the columns of F; the places of x
    under u and of h under n stay 0.
    """

    slots, gates, sigmoids = 4, 3, slice(1, 3)
    frozen: tuple[int, ...] = (0, 0, 0, 0)

    def prepare(self) -> list[Any]:
        A, P = self.before(self.A), self.gates
        self.N, self.n, self.sees_x = self.new(*self.lead, 1 + self.D, self.H), A[:, P], slice((P - 2) * self.H, None)
        a = map(self.W.out, A[:, :P])
        return list(zip(a, A[:, P - 2 : P], *A.swapaxes(0, 1), strict=True))

    def load(self) -> None:
        super().load()
        self.N[...] = self.F[..., self.H :, -self.H :]

    def views(self, t: slice) -> tuple[Any, ...]:
        x, n = self.X[t], self.n[t]
        v = partial(x[0].dot, self.N, n[0]) if len(x) == 1 and not self.lead else partial(matmul, x, self.N, n)
        rows, steps = super().views(t)
        return rows, steps, v

    def forward(self, rows: Rows, steps: list[Any], v: Callable[[], Any] = int) -> None:
        W, d, one, half = self.W.W, self.u, self.one, self.half
        v()  # of all steps, to where n will be
        for (fill, product, h_prev, h), (a, zr, u, z, r, n) in zip(rows, steps, strict=True):
            for place, value in fill:
                place[...] = value
            product(W, a)
            tanh(zr, zr)
            add(zr, one, zr)
            mul(zr, half, zr)
            mul(r, u, d)
            add(n, d, n)
            tanh(n, n)
            sub(h_prev, n, d)
            mul(z, d, d)
            add(n, d, h)

    def views_back(self, t: slice, k: slice) -> Block:
        A, J, d = self.A[t], self.J[: k.stop - k.start], self.P[: k.stop - k.start, 0]
        rows = self.dA[k]
        products = map(self.V.product, rows[..., self.sees_h])
        steps = zip(A[:, self.gates - 2], J, tiles(rows, self.G, at=1), products, strict=True)
        return (*A.swapaxes(0, 1), self.h[t], *J.swapaxes(0, 1), d), list(steps)[::-1]

    def coefficients(self, *views: Array) -> None:
        """Compute the J by which dh_t gives each da: J^u = r J^n, J^r = (1-r) u J^u, and those of `mix`."""
        u, z, r, n, h_prev, Ju, Jz, Jr, Jn, d = views
        self.mix(z, n, h_prev, Jz, Jn, d)
        mul(Jn, r, Ju)
        sub(self.one, r, Jr)
        mul(Jr, u, Jr)
        mul(Jr, Ju, Jr)

    def mix(self, z: Array, n: Array, h_prev: Array, Jz: Array, Jn: Array, d: Array) -> None:
        """Compute J^z = z (1-z) (h_{t-1} - n) and J^n = (1-z) (1-n^2)."""
        sub(self.one, z, Jz)
        mul(n, n, Jn)
        sub(self.one, Jn, Jn)
        mul(Jn, Jz, Jn)
        mul(Jz, z, Jz)
        sub(h_prev, n, d)
        mul(Jz, d, Jz)

    def backward(self, d_outputs: Array, steps: list[Any]) -> None:
        """Compute da = dh_t J and dh_{t-1} = dy_{t-1} + dh_t z + da^{u,z,r} W_h^T."""
        V, dd, d_gates, dh_prev, kept = self.V.W, self.dd, self.d_gates, self.dh_prev, self.u
        dh, dh_again = dd[0], dd[1:]
        for dy, (z, J, da, product) in zip(d_outputs, steps, strict=True):
            add(dh, dy, dh)
            dh_again[...] = dh
            mul(J, dd, d_gates)
            da[...] = d_gates
            mul(z, dh, kept)
            product(V, dh_prev)
            add(dh, kept, dh)

    def weigh(self, S: Array, dA: Array, dF: Array) -> None:
        H, St = self.H, S.swapaxes(-1, -2)
        dF[..., : H + 1, :H] += St[..., : H + 1, :] @ dA[..., :H]
        dF[..., H : 3 * H] += St @ dA[..., H : 3 * H]
        dF[..., H:, 3 * H :] += St[..., H:, :] @ dA[..., 3 * H :]


class GRUBeforeRun(GRURun):
    """The loops with the reset gate before the product: n = tanh(v + (r h_{t-1}) W_hn). A keeps z, r, n."""

    slots, gates, sigmoids = 3, 2, slice(2)
    frozen = (0, 0, 0)

    def prepare(self) -> list[Any]:
        self.U, self.q = _Weights(self, self.H, 1), self.new(*self.shape)
        self.product_q, self.into_u = self.U.product(self.q), self.U.out(self.uv[:1])
        return super().prepare()

    def load(self) -> None:
        super().load()
        self.U.load(self.F[..., : self.H, -self.H :])

    def forward(self, rows: Rows, steps: list[Any], v: Callable[[], Any] = int) -> None:
        W, U, u, q, one, half = self.W.W, self.U.W, self.u, self.q, self.one, self.half
        product_q, into_u = self.product_q, self.into_u
        v()
        for (fill, product, h_prev, h), (a, zr, z, r, n) in zip(rows, steps, strict=True):
            for place, value in fill:
                place[...] = value
            product(W, a)
            tanh(zr, zr)
            add(zr, one, zr)
            mul(zr, half, zr)
            mul(r, h_prev, q)
            product_q(U, into_u)
            add(n, u, n)
            tanh(n, n)
            sub(h_prev, n, u)
            mul(z, u, u)
            add(n, u, h)

    def prepare_more(self, chunk: int) -> None:
        self.V_n, self.dq, self.Q = _Weights(self, self.H, 1), self.new(1, *self.shape), self.new(chunk, *self.shape)

    def load_back(self) -> None:
        super().load_back()
        self.V_n.load(self.F[..., : self.H, -self.H :].swapaxes(-1, -2))

    def views_back(self, t: slice, k: slice) -> Block:
        views, steps = super().views_back(t, k)
        products = map(self.V_n.product, self.dA[k, ..., -self.H :][::-1])
        steps = [(*step, r, product) for step, r, product in zip(steps, self.A[t, 1][::-1], products, strict=True)]
        return (*views, self.Q[k]), steps

    def coefficients(self, *views: Array) -> None:
        """Compute also J^r = (1-r) q, by which the gradient for q = r h_{t-1} gives da^r."""
        z, r, n, h_prev, Jz, Jr, Jn, d, q = views
        self.mix(z, n, h_prev, Jz, Jn, d)
        mul(r, h_prev, q)
        sub(self.one, r, Jr)
        mul(Jr, q, Jr)

    def backward(self, d_outputs: Array, steps: list[Any]) -> None:
        """Compute dq = da^n W_hn^T, da^r = dq J^r, dh_{t-1} = dy_{t-1} + dh_t z + dq r + da^{z,r} W_h^T."""
        V, V_n, dh, dh_prev, kept, more = self.V.W, self.V_n.W, self.dd[0], self.dh_prev, self.u, self.v
        dq, into_dq = self.dq[0], self.V_n.out(self.dq)
        for dy, (z, (Jz, Jr, Jn), (daz, dar, dan), product, r, product_n) in zip(d_outputs, steps, strict=True):
            add(dh, dy, dh)
            mul(dh, Jz, daz)
            mul(dh, Jn, dan)
            product_n(V_n, into_dq)
            mul(dq, Jr, dar)
            mul(dh, z, kept)
            mul(dq, r, more)
            add(kept, more, kept)
            product(V, dh_prev)
            add(dh, kept, dh)

    def weigh(self, S: Array, dA: Array, dF: Array) -> None:
        H, St = self.H, S.swapaxes(-1, -2)
        Q = self.rows(self.Q)[..., : S.shape[-2], :]
        dF[..., : 2 * H] += St @ dA[..., : 2 * H]
        dF[..., :H, 2 * H :] += Q.swapaxes(-1, -2) @ dA[..., 2 * H :]
        dF[..., H:, 2 * H :] += St[..., H:, :] @ dA[..., 2 * H :]
