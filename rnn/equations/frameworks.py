"""The formulas of the chapter *frameworks*: weights carried from one library to another, and what they start from."""

from __future__ import annotations

import numpy as np

from rnn import GRUCell, LSTMCell, exchange, init
from rnn.equations import equation
from rnn.equations.context import Run, world
from rnn.equations.worlds import _randomise, _sizes, _tex, _typewriter
from rnn.optim import Adam
from rnn.validate import Array


def _columns(q: Run, params: dict[str, Array]) -> None:
    """Give matrices and biases their names in columns: W_math is W_code.T."""
    for name, value in params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]


def _theirs(name: str) -> str:
    """Write the name of one of their arrays."""
    return r"\mathtt{" + name.replace("_", r"\_") + "}"


@world()
def frameworks_lstm(q: Run, rng: np.random.Generator) -> None:
    """An LSTM cell that was given the arrays of one of PyTorch, with two random biases, and what Keras would hold."""
    # --8<-- [start:lstm]
    D, H = _sizes(rng, 2)
    shapes = {"weight_ih": (4 * H, D), "weight_hh": (4 * H, H), "bias_ih": (4 * H,), "bias_hh": (4 * H,)}
    theirs = {name: rng.normal(size=shape) * 0.6 for name, shape in shapes.items()}
    cell = LSTMCell(D, H, rng=rng)
    exchange.from_torch(cell, theirs)
    x, h_prev = (rng.normal(size=(1, size)) for size in (D, H))
    # --8<-- [end:lstm]
    q["D"], q["H"] = D, H
    _columns(q, cell.params)
    for spelt, arrays in ((_theirs, theirs), (_theirs, exchange.to_keras(cell)), (_typewriter, cell.params)):
        for name, value in arrays.items():  # as the program holds it; a bias as a column
            q[spelt(name)] = value if value.ndim == 2 else value[:, None]
    q["x_{t}"], q["h_{t-1}"] = x.T, h_prev.T
    for gate in "ifco":
        q[rf"\hat{{{gate}}}_{{t}}"] = cell.pre_activation(gate, x, h_prev).T


@world()
def frameworks_gru(q: Run, rng: np.random.Generator) -> None:
    """A GRU cell that was given the arrays of one of PyTorch, with two random biases for every gate."""
    # --8<-- [start:gru]
    D, H = _sizes(rng, 2)
    shapes = {"weight_ih": (3 * H, D), "weight_hh": (3 * H, H), "bias_ih": (3 * H,), "bias_hh": (3 * H,)}
    theirs = {name: rng.normal(size=shape) * 0.6 for name, shape in shapes.items()}
    cell = GRUCell(D, H, rng=rng)
    exchange.from_torch(cell, theirs)
    x, h_prev = rng.normal(size=(1, D)), rng.normal(size=(1, H))
    _, (_, _, z, r, _, n) = cell.step(x, (h_prev,))
    # --8<-- [end:gru]
    _columns(q, cell.params)
    for side, biases in (("i", theirs["bias_ih"]), ("h", theirs["bias_hh"])):
        for gate, part in zip("rzn", np.split(biases, 3), strict=True):
            q[f"b_{{{side}{gate}}}"] = part[:, None]
    q["x_{t}"], q["h_{t-1}"], q["z_{t}"], q["r_{t}"], q["n_{t}"] = x.T, h_prev.T, z.T, r.T, n.T
    q[r"\hat{n}_{t}"] = np.arctanh(n).T


@world()
def frameworks_bias_step(q: Run, rng: np.random.Generator) -> None:
    """A bias of an LSTM's forget gate, and the same bias kept as a sum of two that learn separately (bar)."""
    # --8<-- [start:bias-step]
    D, H = _sizes(rng, 2)
    cell = LSTMCell(D, H, rng=rng)
    _randomise(cell.params, rng)
    state, q[r"\eta"] = tuple(rng.normal(size=(2, 1, H))), rng.uniform(0.1, 0.5)
    _, cache = cell.step(rng.normal(size=(1, D)), state)
    *_, grads = cell.step_back(tuple(rng.normal(size=(2, 1, H))), cache)
    first = rng.normal(size=H)
    second = cell.params["b_f"] - first
    first, second = (part - q[r"\eta"] * grads["b_f"] for part in (first, second))  # each gets the same gradient
    # --8<-- [end:bias-step]
    q["b_{f}"], q["g_{f}"] = cell.params["b_f"][:, None], grads["b_f"][:, None]
    q[r"\bar{b}_{f}"] = (first + second)[:, None]


@world()
def frameworks_uniform(q: Run, rng: np.random.Generator) -> None:
    """A weight drawn evenly between -k and k; V is its variance, by a quadrature that is exact for polynomials."""
    # --8<-- [start:uniform]
    q["H"] = int(rng.integers(2, 200))
    q["k"] = 1 / np.sqrt(q["H"])
    nodes, weights = np.polynomial.legendre.leggauss(4)  # on [-1, 1], where the density is 1/2
    q["V"] = float((weights * (q["k"] * nodes) ** 2).sum() / 2)
    # --8<-- [end:uniform]


def _orthogonal(q: Run, rng: np.random.Generator, kernel: Array) -> None:
    D, H = 2, len(kernel)
    cell = LSTMCell(D, H, rng=rng)
    zeros = {"kernel": np.zeros((D, 4 * H)), "bias": np.zeros(4 * H)}
    exchange.from_keras(cell, zeros | {"recurrent_kernel": kernel})
    _columns(q, cell.params)
    q[r"\mathtt{K}"], q["I"], q["H"] = kernel, np.eye(H), H


@world()
def frameworks_orthogonal(q: Run, rng: np.random.Generator) -> None:
    """The recurrent weights of an LSTM whose fused array was drawn orthogonal, as Keras does."""
    H = int(rng.integers(2, 7))
    _orthogonal(q, rng, init.orthogonal((H, 4 * H), rng))


@world()
def frameworks_one_gate(q: Run, rng: np.random.Generator) -> None:
    """The same with an array in which only the block of the forget gate is not zero."""
    H = int(rng.integers(2, 7))
    none = np.zeros((H, H))
    _orthogonal(q, rng, np.concatenate([none, init.orthogonal((H, H), rng), none, none], axis=1))


@world()
def frameworks_adam(q: Run, rng: np.random.Generator) -> None:
    """One number under Adam; s is the package's last step, s with a bar that with the epsilon that Keras means."""
    # --8<-- [start:adam]
    n, eta, beta, gamma = int(rng.integers(1, 9)), *rng.uniform([0.1, 0.5, 0.9], [1.0, 0.9, 0.999])
    epsilon = rng.uniform(0.1, 1.0)  # so large that no place of it can be mistaken
    gradients = rng.normal(size=n)
    for name, eps in (("s", epsilon), (r"\bar{s}", epsilon / np.sqrt(1 - gamma**n))):
        optimizer, values = Adam(eta, beta1=beta, beta2=gamma, eps=eps), {"w": np.zeros(1)}
        for g in gradients:
            before = values["w"].copy()
            optimizer.update(values, {"w": np.array([g])})
        q[name] = float((values["w"] - before)[0])
    # --8<-- [end:adam]
    q["n"], q[r"\eta"], q[r"\beta_{1}"], q[r"\beta_{2}"], q[r"\varepsilon"] = n, eta, beta, gamma, epsilon
    q["m"] = float((1 - beta) * (beta ** np.arange(n)[::-1] * gradients).sum())
    q["v"] = float((1 - gamma) * (gamma ** np.arange(n)[::-1] * gradients**2).sum())


frameworks_torch = equation(where=frameworks_lstm)
frameworks_keras = equation(where=frameworks_lstm)
frameworks_fused = equation(where=frameworks_lstm)
frameworks_one_bias = equation(where=frameworks_lstm)
frameworks_double = equation(where=frameworks_bias_step)
frameworks_two_biases = equation(where=frameworks_gru)
frameworks_merged = equation(where=frameworks_gru)
frameworks_variance = equation(where=frameworks_uniform)
frameworks_together = equation(where=frameworks_orthogonal)
frameworks_not_each = equation(where=frameworks_orthogonal, equal_in=frameworks_one_gate)
frameworks_epsilon = equation(where=frameworks_adam)
