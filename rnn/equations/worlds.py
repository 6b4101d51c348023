r"""The contexts that the book's formulas are evaluated in; each runs the package.

Sizes differ from each other, parameters are random and so are the biases, h₀ is not zero, there is a loss at every
step: a dropped term or a wrong transpose has nowhere to hide.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from rnn import LSTMCell, SimpleRNN, gradients
from rnn.equations.context import Run, world
from rnn.equations.tex import Key, Rows, Value
from rnn.validate import Array

Seen = dict[Key, Value]


def _sizes(rng: np.random.Generator, n: int) -> list[int]:
    """Draw n sizes of 2 to 6, all different."""
    return [int(size) for size in rng.permutation(np.arange(2, 7))[:n]]


def _randomise(params: dict[str, Array], rng: np.random.Generator) -> None:
    """Give every parameter, biases too, values at which tanh bends but does not saturate."""
    for value in params.values():
        value[...] = rng.normal(size=value.shape) * 0.6


def _tex(name: str) -> str:
    """Turn the code's ``W_hh`` into the page's ``W_{hh}``."""
    letter, _, index = name.partition("_")
    return f"{letter}_{{{index}}}"


def _typewriter(name: str) -> str:
    r"""Turn the code's ``W_hh`` into the page's ``\mathtt{W\_hh}``."""
    return r"\mathtt{" + name.replace("_", r"\_") + "}"


def _with(net: Any, **params: Array) -> Any:
    """Return the same network, or cell, with other parameters."""
    other = copy.copy(net)
    other.params = {**net.params, **params}
    return other


def _elman(
    q: Run,
    rng: np.random.Generator,
    *,
    steps: int | None = None,
    change: Callable[[dict[str, Array]], None] = lambda params: None,
    small: float = 1.0,
    alike: bool = False,
) -> Callable[[], Seen]:
    # --8<-- [start:elman]
    T, (D, H, O) = steps or int(rng.integers(4, 7)), _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    change(net.params)  # the special contexts below
    h0 = rng.normal(size=(1, 1)) * np.ones((H, 1)) if alike else rng.normal(size=(H, 1))

    q["T"], q["D"], q["H"], q["O"], q["I"] = T, D, H, O, np.eye(H)
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]  # W_math is W_code.T
    q["h", 0] = h0 * 0.5 * small
    q["L"] = 0.0
    for t in range(1, T + 1):
        q["x", t], q[r"y^\ast", t] = rng.normal(size=(D, 1)) * small, rng.normal(size=(O, 1))
        for name in ("W_{xh}", "W_{hh}", "b_{h}"):
            q[name, t] = q[name]  # a copy of its own for every step
        at_t = _with(net, W_xh=q["W_{xh}", t].T, W_hh=q["W_{hh}", t].T, b_h=q["b_{h}", t].T)
        q["a", t] = at_t.pre_activation(q["x", t].T, q["h", t - 1].T).T
        q["h", t] = at_t.activation(q["a", t].T).T
        q["y", t] = _with(net, W_hy=q["W_{hy}"].T, b_y=q["b_{y}"].T).read_out(q["h", t].T).T
        q["L", t] = ((q["y", t] - q[r"y^\ast", t]) ** 2).sum() / 2
        q["L"] = q["L"] + q["L", t]
    # --8<-- [end:elman]

    def seen() -> Seen:
        """Return what the package says of the same network: `backward`, and the products of `rnn.gradients`."""
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        outputs, hidden_states = net.forward(inputs, h0=q["h", 0].T)
        d_outputs = outputs - np.stack([q[r"y^\ast", t].T for t in range(1, T + 1)])
        net.backward(d_outputs)
        found: Seen = {(r"\delta", 0): net.d_h0.T}
        for t in range(1, T + 1):
            found["e", t] = net.params["W_hy"] @ d_outputs[t - 1].T
            found["J", t] = gradients.step_jacobians(net, hidden_states)[t - 1]
            for k in range(t + 1):
                found[r"\delta\leftarrow", k, t] = gradients.gradient_product(net, hidden_states, t, k) @ found["e", t]
        for k in range(1, T + 1):
            found[r"\delta", k] = np.sum([found[r"\delta\leftarrow", k, t] for t in range(k, T + 1)], axis=0)
        return found

    return seen


_ELMAN_NOTATION = {
    r"e_t": r"\frac{\partial L_t}{\partial h_t}",
    r"J_t": r"\frac{\partial h_t}{\partial h_{t-1}}",
    r"\delta_t": r"\frac{\partial L}{\partial h_t}",
    r"\delta_{k\leftarrow t}": r"\frac{\partial L_t}{\partial h_k}",
}


@world(means=_ELMAN_NOTATION, held=["h"])
def elman(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network over one sequence, with a squared error at every step."""
    return _elman(q, rng)


@world(means=_ELMAN_NOTATION, held=["h"])
def nearly_linear(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same near h = 0, with a multiple of an orthogonal matrix as W_hh."""

    def change(params: dict[str, Array]) -> None:
        params["W_hh"][...] = rng.choice([0.8, 1.25]) * np.linalg.qr(params["W_hh"])[0]
        params["b_h"] *= 1e-7

    return _elman(q, rng, change=change, small=1e-7)


@world(means=_ELMAN_NOTATION, held=["h"])
def alike(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but all hidden units do the same and none listens to another: every factor is a number times I."""

    def change(params: dict[str, Array]) -> None:
        params["W_hh"][...] = params["W_hh"][0, 0] * np.eye(len(params["W_hh"]))
        params["W_xh"][...] = params["W_xh"][:, :1]
        params["b_h"][...] = params["b_h"][0]

    return _elman(q, rng, change=change, alike=True)


@world(means=_ELMAN_NOTATION, held=["h"])
def one_step(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with a single step."""
    return _elman(q, rng, steps=1)


_ROWS_NOTATION = {
    r"\delta_t^{(b)}": r"\frac{\partial L^{(b)}}{\partial h_t^{(b)}}",
    r"\mathtt{d\_y}_t": r"\frac{\partial L}{\partial \mathtt{y}_t}",
    r"\mathtt{delta}_t": r"\frac{\partial L}{\partial \mathtt{h}_t}",
    r"\mathtt{d\_a}_t": r"\frac{\partial L}{\partial \mathtt{a}_t}",
    r"\mathtt{d\_x}_t": r"\frac{\partial L}{\partial \mathtt{x}_t}",
    **{
        rf"\mathtt{{d{name}}}": rf"\frac{{\partial L}}{{\partial \mathtt{{{name}}}}}"
        for name in (r"W\_xh", r"W\_hh", r"b\_h", r"W\_hy", r"b\_y")
    },
}


@world(means=_ROWS_NOTATION)
def rows(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The code's batched arrays, in typewriter, beside each sequence on its own, in columns."""
    # --8<-- [start:rows]
    T, (B, D, H, O) = 4, _sizes(rng, 4)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["B"], q["D"], q["H"], q["O"], q[r"\mathbf{1}"] = T, B, D, H, O, np.ones((B, 1))
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
        q[_typewriter(name)] = q[_tex(name)].T.view(Rows)
    batch = _with(net, **{name: q[_typewriter(name)] for name in net.params})
    inputs, targets = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, O))

    # the whole batch, as the package computes it
    q[r"\mathtt{h}", 0] = (rng.normal(size=(B, H)) * 0.5).view(Rows)
    q["L"] = 0.0
    for t in range(1, T + 1):
        q[r"\mathtt{x}", t] = inputs[t - 1].view(Rows)
        q[r"\mathtt{a}", t] = batch.pre_activation(q[r"\mathtt{x}", t], q[r"\mathtt{h}", t - 1])
        q[r"\mathtt{h}", t] = batch.activation(q[r"\mathtt{a}", t])
        q[r"\mathtt{y}", t] = batch.read_out(q[r"\mathtt{h}", t])
        q["L"] = q["L"] + np.asarray(((q[r"\mathtt{y}", t] - targets[t - 1]) ** 2).sum() / 2)

    # each sequence alone, in columns
    for b in range(1, B + 1):
        q["h", 0, b] = np.array(q[r"\mathtt{h}", 0])[b - 1][:, None]
        q["L", b] = 0.0
        for t in range(1, T + 1):
            q["x", t, b] = inputs[t - 1, b - 1][:, None]
            a = q["W_{xh}"] @ q["x", t, b] + q["W_{hh}"] @ q["h", t - 1, b] + q["b_{h}"]
            q["h", t, b] = np.tanh(a)
            y = q["W_{hy}"] @ q["h", t, b] + q["b_{y}"]
            q["L", b] = q["L", b] + ((y - targets[t - 1, b - 1][:, None]) ** 2).sum() / 2
    # --8<-- [end:rows]

    def seen() -> Seen:
        """Return what `forward` and `backward` give, and what the variables of its loop hold."""
        deltas: list[Array] = []
        arriving: list[Array] = []
        step_back = net._step_back

        def watched(delta: Array, cache: Any) -> Any:
            d_x, d_h, grads = step_back(delta, cache)
            deltas.insert(0, delta)
            arriving.insert(0, d_h)
            return d_x, d_h, grads

        net._step_back = watched  # type: ignore[method-assign]
        outputs, hidden_states = net.forward(inputs, h0=np.array(q[r"\mathtt{h}", 0]))
        d_outputs = outputs - targets
        grads = net.backward(d_outputs)
        found: Seen = {(_typewriter("d" + name),): np.atleast_2d(value).view(Rows) for name, value in grads.items()}
        for t in range(T):
            found[r"\mathtt{d\_h}", t] = arriving[t].view(Rows)
        for t in range(1, T + 1):
            found[r"\mathtt{e}", t] = (d_outputs[t - 1] @ net.params["W_hy"].T).view(Rows)
            found[r"\mathtt{delta}", t] = deltas[t - 1].view(Rows)
            found[r"\mathtt{d\_x}", t] = net.d_inputs[t - 1].view(Rows)
            for b in range(1, B + 1):
                found[r"\mathtt{h}", t, b] = hidden_states[t - 1][b - 1 : b].view(Rows)
                found[r"\mathtt{delta}", t, b] = deltas[t - 1][b - 1 : b].view(Rows)
        found[r"\mathtt{d\_h}", T] = found[r"\mathtt{delta}", T] - found[r"\mathtt{e}", T]
        return found

    return seen


@world()
def lstm(q: Run, rng: np.random.Generator) -> None:
    """An LSTM cell over one sequence."""
    # --8<-- [start:lstm]
    T, (D, H) = 4, _sizes(rng, 2)
    cell = LSTMCell(D, H, rng=rng)
    _randomise(cell.params, rng)
    q["T"], q["D"], q["H"] = T, D, H
    for name, value in cell.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    q["h", 0], q["c", 0] = rng.normal(size=(H, 1)) * 0.5, rng.normal(size=(H, 1))
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        (h, c), cache = cell.step(q["x", t].T, (q["h", t - 1].T, q["c", t - 1].T))
        q["f", t], q["i", t], q[r"\tilde{c}", t], q["o", t] = (gate.T for gate in cache[3:7])
        q["c", t], q["h", t] = c.T, h.T
    # --8<-- [end:lstm]


@world()
def algebra(q: Run, rng: np.random.Generator) -> None:
    """Random vectors and matrices; nothing of the package."""
    n = int(rng.integers(2, 6))
    q["n"], q["I"] = n, np.eye(n)
    q["u"], q["v"], q["a"] = (rng.normal(size=(n, 1)) for _ in range(3))
    for i in range(1, 5):
        q["A", i] = rng.normal(size=(n, n))
