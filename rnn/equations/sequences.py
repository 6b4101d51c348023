"""The formulas of the chapter *sequences*: fully connected networks on sequences, whole or a window at a time."""

# ruff: noqa: D401  (a docstring here is the caption of a context)

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnn import Linear, SimpleRNN
from rnn.data import autocorrelation
from rnn.equations import definition, equation
from rnn.equations.context import Run, world
from rnn.equations.worlds import Seen, _randomise, _sizes, _tex, _with
from rnn.simple import ElmanCell
from rnn.text import windows
from rnn.train import autoregression, fit_autoregression
from rnn.validate import Array


def _layer(q: Run, net: SimpleRNN, x: Array) -> Array:
    """Send a column through the hidden layer of a network: one step of the package, from a state of zeros."""
    q["a"] = _with(net, W_xh=q["W_{xh}"].T, b_h=q["b_{h}"].T).pre_activation(x.T, np.zeros((1, net.hidden_size))).T
    q["h"] = net.activation(q["a"].T).T
    return q["h"]


def _scored(q: Run, net: SimpleRNN, rng: np.random.Generator) -> None:
    """Read out the scores, and take the squared error as the loss."""
    q["y"] = _with(net, W_hy=q["W_{hy}"].T, b_y=q["b_{y}"].T).read_out(q["h"].T).T
    q[r"y^\ast"] = rng.normal(size=q["y"].shape)
    q["L"] = ((q["y"] - q[r"y^\ast"]) ** 2).sum() / 2


@world()
def feedforward(q: Run, rng: np.random.Generator) -> None:
    """A fully connected network with one hidden layer: the package's network, one step long, from zeros."""
    D, H, O = _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    q["D"], q["H"], q["O"] = D, H, O
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    q["x"] = rng.normal(size=(D, 1))
    _layer(q, net, q["x"])
    _scored(q, net, rng)


@world()
def whole(q: Run, rng: np.random.Generator) -> None:
    """The same network for a whole sequence at once: all inputs stand below each other in one column."""
    T, (D, H, O) = int(rng.integers(4, 7)), _sizes(rng, 3)
    net = SimpleRNN(T * D, H, O, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["D"], q["H"], q["O"] = T, D, H, O
    for name in ("b_h", "W_hy", "b_y"):
        q[_tex(name)] = np.atleast_2d(net.params[name]).T
    for t in range(1, T + 1):
        q["x", t], q["W", t] = rng.normal(size=(D, 1)), net.params["W_xh"][(t - 1) * D : t * D].T
        q["P", t] = sum(value.size for value in Linear(t * D, H, rng=rng).params.values())
    q["R"] = sum(value.size for value in ElmanCell(D, H, rng=rng).params.values())
    q[r"\mathbf{x}"] = np.vstack([q["x", t] for t in range(1, T + 1)])
    q["W_{xh}"] = np.hstack([q["W", t] for t in range(1, T + 1)])
    _layer(q, net, q[r"\mathbf{x}"])
    _scored(q, net, rng)


# --------------------------------------------------------------------------- from every step to every step


def _every(q: Run, rng: np.random.Generator, *, shared: bool) -> Callable[[], Seen]:
    T, (D, H) = int(rng.integers(4, 7)), _sizes(rng, 2)
    layer = Linear(T * D, T * H, rng=rng)
    q["T"], q["D"], q["H"] = T, D, H
    V, b = rng.normal(size=(T, H, D)) * 0.4, rng.normal(size=(H, 1)) * 0.4
    for t in range(1, T + 1):
        q["x", t], q["b", t] = rng.normal(size=(D, 1)), b if shared else rng.normal(size=(H, 1)) * 0.4
        for s in range(1, T + 1):
            q["W", t, s] = V[t - s] * (s <= t) if shared else rng.normal(size=(H, D)) * 0.4
            layer.params["W"][(s - 1) * D : s * D, (t - 1) * H : t * H] = q["W", t, s].T
        layer.params["b"][(t - 1) * H : t * H] = q["b", t][:, 0]

    def hidden(inputs: Array) -> Array:
        """Run the layer over inputs (T, D): its states (T, H)."""
        outputs, _ = layer.forward(inputs.reshape(1, 1, T * D))
        return np.tanh(outputs).reshape(T, H)

    x = np.stack([q["x", t][:, 0] for t in range(1, T + 1)])
    for t, h in enumerate(hidden(x), start=1):
        q["h", t] = h[:, None]

    def seen() -> Seen:
        """Let the inputs come k steps late, after zeros; what falls behind the end is lost."""
        found: Seen = {}
        for k in range(1, T):
            late = np.concatenate([np.zeros((k, D)), x[:-k]])
            found |= {(r"\bar{h}", t, k): h[:, None] for t, h in enumerate(hidden(late), start=1)}
        return found

    return seen


@world()
def every_to_every(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A fully connected layer from all steps of a sequence to all steps, with a matrix for each pair of steps."""
    return _every(q, rng, shared=False)


@world()
def every_alike(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but the matrix depends on the distance of the two steps alone, and none leads back in time."""
    return _every(q, rng, shared=True)


# --------------------------------------------------------------------------- a window that slides


WINDOW = 3


def _windowed(q: Run, rng: np.random.Generator, *, nonlinearity: str = "tanh") -> Callable[[], Seen]:
    n, T, (D, H, O) = WINDOW, int(rng.integers(6, 9)), _sizes(rng, 3)
    net = SimpleRNN(n * D, H, O, nonlinearity=nonlinearity, rng=rng)
    _randomise(net.params, rng)
    q["n"], q["T"], q["D"], q["H"], q["O"] = n, T, D, H, O
    for i, block in enumerate(np.split(net.params["W_xh"], n)):
        q["W", i] = block.T  # for the input of i steps ago
    for name in ("b_h", "W_hy", "b_y"):
        q[_tex(name)] = np.atleast_2d(net.params[name]).T
    q["p"] = rng.normal(size=(D, 1))
    for t in range(1 - n, T + 1):
        q["x", t] = rng.normal(size=(D, 1)) if t >= 1 else q["p"]  # before the sequence stands padding
    for t in range(1, T + 1):
        window = np.vstack([q["x", t - i] for i in range(n)]).T
        a = net.pre_activation(window, np.zeros((1, H)))
        q["h", t] = net.activation(a).T
        q["y", t] = net.read_out(q["h", t].T).T

    def answers(x: list[Array]) -> Array:
        """Slide the network along a sequence, after as much padding as it needs."""
        padded = np.stack([q["p"].T] * (n - 1) + [x_t.T for x_t in x])
        newest_first = np.concatenate([padded[n - 1 - i : len(padded) - i] for i in range(n)], axis=2)
        outputs = [net.forward(window[np.newaxis])[0] for window in newest_first]  # every window afresh
        return np.concatenate(outputs)

    def seen() -> Seen:
        """Change the first s inputs; let the sequence come s steps late."""
        x = [q["x", t] for t in range(1, T + 1)]
        found: Seen = {}
        for s in range(T):
            other = [x_t + np.random.default_rng(t).normal(size=x_t.shape) * (t < s) for t, x_t in enumerate(x)]
            for accent, inputs in (("tilde", other), ("bar", [q["p"]] * s + x)):
                found |= {(rf"\{accent}{{y}}", t, s): y.T for t, y in enumerate(answers(inputs), start=1)}
        return found

    return seen


@world()
def windowed(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A fully connected network that slides along a sequence and sees the last three inputs."""
    return _windowed(q, rng)


@world()
def straight_window(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the identity in the place of tanh."""
    return _windowed(q, rng, nonlinearity="identity")


# --------------------------------------------------------------------------- a recurrent network beside it


def _reread(q: Run, rng: np.random.Generator, change: Callable[[SimpleRNN], None]) -> Callable[[], Seen]:
    T, (D, H, O) = int(rng.integers(5, 8)), _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    change(net)
    q["T"], q["D"], q["H"], q["O"] = T, D, H, O
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    h0, x = rng.normal(size=(1, H)) * 0.5, rng.normal(size=(T, 1, D))
    order = np.roll(rng.permutation(T - 1), 1)[::-1]
    order = np.append(T - 1, order)  # the last comes first, so that something has moved
    outputs, states = net.forward(x, h0=h0)
    for t in range(1, T + 1):
        q["x", t], q["h", t], q["y", t] = x[t - 1].T, states[t - 1].T, outputs[t - 1].T
        q[r"\tilde{x}", t] = x[order[t - 1]].T

    def from_bag(inputs: Array) -> Array:
        """Return the hidden layer of a network that is given the sum of all inputs."""
        return net.activation(net.pre_activation(inputs.sum(axis=0), np.zeros((1, H)))).T

    q["g"] = from_bag(x)

    def seen() -> Seen:
        """Change the first s inputs; and read all inputs in another order."""
        found: Seen = {(r"\tilde{g}",): from_bag(x[order])}
        _, shuffled = net.forward(x[order], h0=h0)
        found |= {(r"\tilde{h}", t): h.T for t, h in enumerate(shuffled, start=1)}
        for s in range(1, T):
            other = x.copy()
            other[:s] += np.random.default_rng(s).normal(size=(s, 1, D))
            changed, _ = net.forward(other, h0=h0)
            found |= {(r"\tilde{y}", t, s): y.T for t, y in enumerate(changed, start=1)}
        return found

    return seen


@world()
def reread(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network reads a sequence, then with other inputs at its beginning, and in another order (tilde)."""
    return _reread(q, rng, lambda net: None)


@world()
def carrying_nothing(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with W_hh = 0."""
    return _reread(q, rng, lambda net: net.params["W_hh"].fill(0))


@world()
def adding_up(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same without tanh and with the identity as W_hh: the state adds up what comes."""

    def change(net: SimpleRNN) -> None:
        net.nonlinearity = "identity"
        net.params["W_hh"] = np.eye(net.hidden_size)

    return _reread(q, rng, change)


# --------------------------------------------------------------------------- a series of numbers


@world()
def series(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A short series of numbers; the package fits an autoregression to it and computes its autocorrelation."""
    T, n = int(rng.integers(11, 15)), 3
    x = np.cumsum(rng.normal(size=T)) + 2
    phi = fit_autoregression(x, n)
    q["T"], q["n"], q["m"] = T, n, x.mean()
    q[r"\phi", 0] = phi[0]
    for i in range(1, n + 1):
        q[r"\phi", i] = phi[n + 1 - i]  # the package has the oldest value first
    for t in range(1, T + 1):
        q["x", t] = x[t - 1]

    def seen() -> Seen:
        past, _ = windows(x, n)
        found: Seen = {("r", k): value for k, value in enumerate(autocorrelation(x, T - 1))}
        return found | {(r"\hat{x}", t): guess for t, guess in enumerate(autoregression(phi, past), start=n + 1)}

    return seen


# a fully connected network, and one for a whole sequence
sequences_network = equation(where=feedforward)
sequences_backward = equation(where=feedforward)
sequences_blocks = equation(where=whole)
sequences_own_gradient = equation(where=whole, for_all="1 <= t <= T")
sequences_parameters = equation(where=whole, for_all="1 <= t <= T", kind="count")
sequences_every = equation(where=every_to_every, for_all="1 <= t <= T")
sequences_not_shifted = equation(where=every_to_every, for_all="1 <= k and 1 <= t and t + k <= T", equal_in=every_alike)

# a window
sequences_window = equation(where=windowed, for_all="1 <= t <= T")
sequences_linear_window = equation(where=straight_window, for_all="1 <= t <= T")
sequences_late_window = equation(where=windowed, for_all="0 <= s < T and 1 <= t <= T")
sequences_blind = equation(where=windowed, for_all="1 <= t <= T and (1 <= s <= t - 3 or t < s <= T)")
sequences_same_answer = equation(where=windowed, for_all="1 <= s and s + 3 <= t <= T")
sequences_other_answer = equation(where=reread, for_all="1 <= s < t <= T", equal_in=carrying_nothing)

# autoregression and dependence
sequences_autoregression = definition(where=series, for_all="3 <= t < T")
sequences_residual = equation(where=series, for_all="1 <= i <= 3")
sequences_autocorrelation = definition(where=series, for_all="0 <= n < T")

# order
sequences_bag = equation(where=reread)
sequences_order = equation(where=reread, equal_in=adding_up)
