r"""The contexts that the book's formulas are evaluated in; each runs the package.

Sizes differ from each other, parameters are random and so are the biases, h₀ is not zero, there is a loss at every
step: a dropped term or a wrong transpose has nowhere to hide.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
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


def _randomise(params: Mapping[str, Array], rng: np.random.Generator) -> None:
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
    nonlinearity: str = "tanh",
) -> Callable[[], Seen]:
    # --8<-- [start:elman]
    T, (D, H, O) = steps or int(rng.integers(4, 7)), _sizes(rng, 3)
    net = SimpleRNN(D, H, O, nonlinearity=nonlinearity, rng=rng)
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
        found |= {
            ("G", n): G_n for n, G_n in enumerate(gradients.lag_terms(net, hidden_states, d_outputs, h0=q["h", 0].T))
        }
        for t in range(1, T + 1):
            found["e", t] = net.params["W_hy"] @ d_outputs[t - 1].T
            found["J", t] = gradients.step_jacobians(net, hidden_states)[t - 1]
            for k in range(t + 1):
                found[r"\delta\leftarrow", k, t] = gradients.gradient_product(net, hidden_states, t, k) @ found["e", t]
        for k in range(1, T + 1):
            found[r"\delta", k] = np.sum([found[r"\delta\leftarrow", k, t] for t in range(k, T + 1)], axis=0)
        return found

    return seen


def _tanh_states(q: Run, rng: np.random.Generator) -> tuple[SimpleRNN, SimpleRNN]:
    """Run a tanh network over one sequence; return it, and the same with the parameters that the run has."""
    # --8<-- [start:tanh-states]
    T, (D, H, O) = int(rng.integers(4, 7)), _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["D"], q["H"], q["O"] = T, D, H, O
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    here: SimpleRNN = _with(net, **{name: q[_tex(name)].T for name in net.params})
    q["h", 0] = rng.normal(size=(H, 1)) * 0.5
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        q["h", t] = here.activation(here.pre_activation(q["x", t].T, q["h", t - 1].T)).T
    # --8<-- [end:tanh-states]
    return net, here


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
def unison(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but all hidden units do the same: all rows of W_hh have one sum, and W_hh is not symmetric."""

    def change(params: dict[str, Array]) -> None:
        rows_on_paper = params["W_hh"].T
        rows_on_paper += (rng.normal() - rows_on_paper.sum(axis=1, keepdims=True)) / len(rows_on_paper)
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


# --------------------------------------------------------------------------- one sequence, read in several ways


def _retold(
    q: Run,
    rng: np.random.Generator,
    *,
    nonlinearity: str = "tanh",
    change: Callable[[dict[str, Array]], None] = lambda params: None,
    at_rest: bool = False,
) -> Callable[[], Seen]:
    # --8<-- [start:retold]
    T, (D, H, O) = int(rng.integers(4, 7)), _sizes(rng, 3)
    net = SimpleRNN(D, H, O, nonlinearity=nonlinearity, rng=rng)
    _randomise(net.params, rng)
    change(net.params)  # the special contexts below
    q["p"], q["h", 0] = rng.normal(size=(D, 1)), rng.uniform(-0.9, 0.9, size=(H, 1))
    if at_rest:  # with this bias h_0 stays where it is while p is read
        into_h0 = np.arctanh(q["h", 0].T) - net.pre_activation(q["p"].T, q["h", 0].T)
        net.params["b_h"] += into_h0[0]

    q["T"], q["D"], q["H"], q["O"] = T, D, H, O
    q["N"] = sum(value.size for value in net.params.values())
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        q["h", t] = net.activation(net.pre_activation(q["x", t].T, q["h", t - 1].T)).T
        q["y", t] = net.read_out(q["h", t].T).T
        window = {"W_xh": (t * D, H), "b_h": (H,), "W_hy": (H, O), "b_y": (O,)}  # a network that sees t inputs at once
        q["M", t] = sum(np.empty(shape).size for shape in window.values())

    # --8<-- [end:retold]

    def seen() -> Seen:
        """Read the inputs from step s on, once with the state carried and once from zeros; and all of them s late."""
        x, padding = np.stack([q["x", t].T for t in range(1, T + 1)]), q["p"].T[np.newaxis]
        found: Seen = {}
        for s in range(T):
            late = np.concatenate([padding] * s + [x])
            for accent, inputs, start in (
                ("tilde", x[s:], q["h", s]),
                ("hat", x[s:], np.zeros((H, 1))),
                ("bar", late, q["h", 0]),
            ):
                outputs, states = net.forward(inputs, h0=start.T)
                for t, (y, h) in enumerate(zip(outputs, states, strict=True), start=1):
                    found[rf"\{accent}{{h}}", t, s], found[rf"\{accent}{{y}}", t, s] = h.T, y.T
        return found

    return seen


@world(means={r"J_t": r"\frac{\partial h_t}{\partial h_{t-1}}"})
def retold(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network that reads one sequence in several ways: whole, in pieces, from a state of zeros, late."""
    return _retold(q, rng)


@world()
def resting(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, with a bias for which the initial state stays where it is while the padding is read."""
    return _retold(q, rng, at_rest=True)


@world()
def memoryless(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with W_hh = 0: nothing is carried from step to step."""
    return _retold(q, rng, change=lambda params: params["W_hh"].fill(0))


@world()
def straight(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the identity in the place of tanh."""
    return _retold(q, rng, nonlinearity="identity")


@world()
def turning(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same as `straight`, with a multiple of an orthogonal matrix as W_hh, which stretches every vector alike."""

    def change(params: dict[str, Array]) -> None:
        params["W_hh"][...] = rng.choice([0.8, 1.25]) * np.linalg.qr(params["W_hh"])[0]

    return _retold(q, rng, nonlinearity="identity", change=change)


@world()
def register(q: Run, rng: np.random.Generator) -> None:
    """A linear network with weights chosen by hand: a shift register of four places."""
    net = SimpleRNN(1, 4, 1, nonlinearity="identity", rng=rng)
    by_hand = {"W_xh": np.eye(1, 4), "W_hh": np.eye(4, k=1), "b_h": np.zeros(4), "W_hy": np.eye(4, 1, -3), "b_y": [0]}
    for name, value in by_hand.items():
        net.params[name][...] = value
        q[_tex(name)] = np.atleast_2d(net.params[name]).T
    q["T"], q["h", 0] = 8, rng.normal(size=(4, 1))
    for t in range(1, 9):
        q["x", t] = rng.normal(size=(1, 1))
        q["h", t] = net.activation(net.pre_activation(q["x", t].T, q["h", t - 1].T)).T
        q["y", t] = net.read_out(q["h", t].T).T


# --------------------------------------------------------------------------- vanishing and exploding gradients


def _orthogonal(params: dict[str, Array]) -> None:
    """Make W_hh orthogonal."""
    params["W_hh"][...] = np.linalg.qr(params["W_hh"])[0]


@world(means=_ELMAN_NOTATION, held=["h"])
def orthogonal(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network with an orthogonal W_hh."""
    return _elman(q, rng, change=_orthogonal)


@world(means=_ELMAN_NOTATION, held=["h"])
def isometry(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A network without a nonlinearity and with an orthogonal W_hh."""
    return _elman(q, rng, change=_orthogonal, nonlinearity="identity")


def _with_eigenvalues(q: Run, rng: np.random.Generator, *, normal: bool) -> Callable[[], Seen]:
    def change(params: dict[str, Array]) -> None:
        V = rng.normal(size=params["W_hh"].shape)
        q["V"] = rng.uniform(0.5, 2.0) * np.linalg.qr(V)[0] if normal else V  # at right angles, and of any length
        q[r"\Lambda"] = np.diag(rng.uniform(0.3, 1.5, size=len(V)) * rng.choice([-1, 1], size=len(V)))
        params["W_hh"][...] = (q["V"] @ q[r"\Lambda"] @ np.linalg.inv(q["V"])).T

    return _elman(q, rng, change=change, nonlinearity="identity")


@world(means=_ELMAN_NOTATION, held=["h"])
def diagonalisable(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A network without a nonlinearity, W_hh = V Λ V⁻¹ with random real eigenvalues and eigenvectors."""
    return _with_eigenvalues(q, rng, normal=False)


@world(means=_ELMAN_NOTATION, held=["h"])
def normal(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with eigenvectors at right angles to each other."""
    return _with_eigenvalues(q, rng, normal=True)


@world()
def shear(q: Run, rng: np.random.Generator) -> None:
    """A network without a nonlinearity and two hidden units: both keep the share a, the second is handed on b-fold."""
    net = SimpleRNN(1, 2, 1, nonlinearity="identity", rng=rng)
    q["T"], q["a"], q["b"] = 6, rng.uniform(0.5, 1.2), rng.normal() * 3
    net.params["W_hh"] = np.array([[q["a"], q["b"]], [0.0, q["a"]]]).T
    q["W_{hh}"] = net.params["W_hh"].T
    q["h", 0] = rng.normal(size=(2, 1))
    for t in range(1, 7):
        q["h", t] = net.activation(net.pre_activation(np.zeros((1, 1)), q["h", t - 1].T)).T


@world(means=_ELMAN_NOTATION, held=["h"])
def rank_one(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network whose W_hh is a column u times a row, and the row is at right angles to u."""

    def change(params: dict[str, Array]) -> None:
        u, v = rng.normal(size=(2, len(params["W_hh"]), 1))
        q["u"], q["v"] = u, v - u * (u.T @ v) / (u.T @ u)
        params["W_hh"][...] = (q["u"] @ q["v"].T).T

    return _elman(q, rng, change=change)


def _one_unit(q: Run, rng: np.random.Generator, a: float) -> None:
    net = SimpleRNN(1, 1, 1, rng=rng)
    q["T"], q["a"], q["w"], q["h"] = 5, a, a / np.tanh(a), np.tanh(a)
    net.params["W_hh"] = np.array([[q["w"]]])
    q["h", 0] = q["h"]
    for t in range(1, 6):
        at_t = _with(net, W_hh=q["w"].reshape(1, 1))
        q["h", t] = at_t.activation(at_t.pre_activation(np.zeros((1, 1)), q["h", t - 1].reshape(1, 1)))[0, 0]


@world()
def one_unit(q: Run, rng: np.random.Generator) -> None:
    """One tanh unit with the self-weight w and no input, started where it stays: h = tanh(w h), and a = w h."""
    _one_unit(q, rng, rng.uniform(0.3, 2.0))


@world()
def one_unit_near_zero(q: Run, rng: np.random.Generator) -> None:
    """The same with w hardly above 1."""
    _one_unit(q, rng, rng.uniform(0.5e-6, 1e-6))


@world()
def lyapunov(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The tanh network of elman, with the factors Q_t and R_t and the exponents that the package finds."""
    observed = _elman(q, rng)

    def seen() -> Seen:
        found = observed()
        jacobians = np.stack([found["J", t] for t in range(1, int(q["T"]) + 1)])
        Q, R = gradients.orthogonal_steps(jacobians)
        found |= {("Q", t): Q_t for t, Q_t in enumerate(Q)}
        for t, R_t in enumerate(R, start=1):
            found["R", t] = R_t
            found |= {("r", t, i): r for i, r in enumerate(np.diag(R_t), start=1)}
            found |= {("h", t, i): h for i, h in enumerate(q["h", t][:, 0], start=1)}
        return found | {(r"\lambda", i): x for i, x in enumerate(gradients.lyapunov_exponents(jacobians), start=1)}

    return seen


WIDE = 300


@world()
def wide(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network with 300 hidden units and independent normal weights of variance g²/H, after a run-in."""
    # --8<-- [start:wide]
    T, H = 4, WIDE
    net = SimpleRNN(H, H, 1, rng=rng)
    q["T"], q["H"] = T, H
    q["g"], q[r"\sigma_{x}"] = rng.uniform(0.8, 1.2), rng.uniform(0.6, 1.0)
    net.params["W_hh"] = (rng.normal(size=(H, H)) * q["g"] / np.sqrt(H)).T
    net.params["W_xh"] = q[r"\sigma_{x}"] * np.eye(H)
    q["W_{hh}"] = net.params["W_hh"].T
    q["q"], q[r"\chi"] = gradients.mean_field(float(q["g"]), float(q[r"\sigma_{x}"]))
    _, before = net.forward(rng.normal(size=(20, 1, H)))
    inputs = rng.normal(size=(T, 1, H))
    _, hidden_states = net.forward(inputs, h0=before[-1])
    for t in range(1, T + 1):
        q["h", t], q["e", t] = hidden_states[t - 1].T, rng.normal(size=(H, 1))
        q["a", t] = net.pre_activation(inputs[t - 1], hidden_states[t - 2] if t > 1 else before[-1]).T
    # --8<-- [end:wide]

    def seen() -> Seen:
        found: Seen = {}
        for t in range(1, T + 1):
            deltas = gradients.backpropagated(net, hidden_states, t, q["e", t][:, 0])
            found |= {(r"\delta\leftarrow", k, t): delta[:, None] for k, delta in enumerate(deltas)}
        return found

    return seen
