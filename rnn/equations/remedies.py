"""The formulas of the chapter *remedies*: what is done against vanishing and exploding gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from rnn import RNN, EchoState, SimpleRNN, gradients, init, optim, penalty
from rnn.equations import Sides, definition, equation, twin
from rnn.equations.context import Run, world
from rnn.equations.tex import Key, Value
from rnn.equations.worlds import _ELMAN_NOTATION, _elman, _randomise, _sizes, _tex, _with
from rnn.pointwise import LayerNorm
from rnn.training import truncated_backward
from rnn.validate import Array

Seen = dict[Key, Value]

# --------------------------------------------------------------------------- clipping

NUMBERS = 5  # the parameters of a network with one input, one hidden unit and one output


def _column(grads: dict[str, Array]) -> Array:
    """Put all gradients below each other, (5, 1)."""
    return np.concatenate([grad.ravel() for grad in grads.values()])[:, None]


def _updates(q: Run, rng: np.random.Generator, *, largest: float = 0.0, best: bool = False) -> Callable[[], Seen]:
    net = SimpleRNN(1, 1, 1, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["N"] = 6, NUMBERS
    q[r"\eta"] = rng.uniform(0.05, 0.5)
    found: list[dict[str, Array]] = []
    for n in range(1, 7):
        outputs, _ = net.forward(rng.normal(size=(4, 2, 1)))
        grads = net.backward(4.0 ** (n - 3) * rng.normal(size=outputs.shape))  # short ones and long ones
        if largest:  # one number is by far the largest
            grads = {
                name: np.where(name == "W_hh", largest, rng.choice([-1.0, 1.0])) + 0 * g for name, g in grads.items()
            }
        found.append(grads)
    sizes = [float(np.abs(_column(grads)).max()) for grads in found]
    theta = 1.0 if largest else 0.3 * min(sizes) if best else float(np.sort(sizes)[2])
    q[r"\theta"] = theta
    seen: Seen = {}
    for n, grads in enumerate(found, start=1):
        q["g", n] = _column(grads)
        hat, bar = _column(optim.clip_by_norm(grads, theta)[0]), _column(optim.clip_by_value(grads, theta))
        seen[r"\hat{g}", n], seen[r"\bar{g}", n] = hat, bar
        for i in range(NUMBERS):
            q["g", n, i + 1] = q["g", n][i, 0]
            seen[r"\bar{g}", n, i + 1] = bar[i, 0]
        inside = rng.normal(size=hat.shape)
        q["s", n] = -q[r"\eta"] * hat if best else inside * q[r"\eta"] * theta * rng.uniform() / np.linalg.norm(inside)
        q["r", n] = -q[r"\eta"] * bar if best else rng.uniform(-1, 1, size=hat.shape) * q[r"\eta"] * theta
    return lambda: seen


@world()
def updates(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Six gradients of a tanh network with five parameters, short and long ones, and random steps inside the limits."""
    return _updates(q, rng)


@world()
def all_clipped(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with a threshold below them all, and with the steps that clipped gradients lead to."""
    return _updates(q, rng, best=True)


@world()
def lopsided(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with one number that is far larger than the others, which are as large as the threshold."""
    return _updates(q, rng, largest=1e14)


@world()
def untouched(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with all numbers as large as the threshold, so that nothing is clipped by value."""
    return _updates(q, rng, largest=1.0)


EACH = "1 <= n <= T"
remedies_clip = definition(where=updates, for_all=EACH)
remedies_clip_keeps = equation(where=updates, for_all=EACH, equal_in=(all_clipped,))
remedies_square = equation(where=updates, for_all=EACH)
remedies_trust = equation(where=updates, for_all=EACH, equal_in=(all_clipped, all_clipped))
remedies_value = definition(where=updates, for_all="1 <= n <= T and 1 <= i <= 5")
remedies_rotation = equation(where=updates, for_all=EACH, equal_in=(lopsided, untouched))

# --------------------------------------------------------------------------- a wall in the loss


@world()
def wall(q: Run, rng: np.random.Generator) -> None:
    """One tanh unit with the self-weight w and a bias, and a squared error after the last step."""
    net = SimpleRNN(1, 1, 1, rng=rng)
    T = int(rng.integers(4, 7))
    q["T"], q["w"], q["b"], q[r"y^\ast"] = T, rng.normal(), rng.normal(), rng.normal()
    q["h", 0] = rng.normal() * 0.5
    for t in range(1, T + 1):
        at_t = _with(net, W_hh=q["w"].reshape(1, 1), b_h=q["b"].reshape(1))
        q["h", t] = at_t.activation(at_t.pre_activation(np.zeros((1, 1)), q["h", t - 1].reshape(1, 1)))[0, 0]
    q["L"] = (q["h", T] - q[r"y^\ast"]) ** 2 / 2


remedies_wall = equation(where=wall)

# --------------------------------------------------------------------------- initial weights

MANY = 600


def _layers(q: Run, rng: np.random.Generator, nonlinearity: str) -> None:
    D, H = MANY + 300, MANY
    net = SimpleRNN(D, H, 1, nonlinearity=nonlinearity, rng=rng)
    W = net.params["W_xh"]
    q["D"], q["H"], q["v"] = D, H, np.mean(W**2)
    q["W_{xh}"], q["x"], q["d"] = W.T, rng.normal(size=(D, 1)), rng.normal(size=(H, 1))
    q["a"] = net.pre_activation(q["x"].T, np.zeros((1, H))).T
    q["h"] = net.activation(q["a"].T).T


@world()
def broad(q: Run, rng: np.random.Generator) -> None:
    """A fresh tanh network of the package with 900 inputs and 600 hidden units, at its first step."""
    _layers(q, rng, "tanh")


@world()
def broad_rectified(q: Run, rng: np.random.Generator) -> None:
    """The same with rectified units."""
    _layers(q, rng, "relu")


@world()
def fresh(q: Run, rng: np.random.Generator) -> None:
    """The W_hh of a fresh tanh network of the package, and one drawn with a gain."""
    D, H = _sizes(rng, 2)
    q["H"], q["I"], q["g"] = H, np.eye(H), rng.uniform(0.5, 2)
    q["W_{hh}"], q["e"] = SimpleRNN(D, H, 1, rng=rng).params["W_hh"].T, rng.normal(size=(H, 1))
    q["A"] = init.orthogonal((H, H), rng, gain=float(q["g"])).T


remedies_variance = equation(where=(broad, broad_rectified), approx=0.2)
remedies_xavier = equation(where=broad, approx=0.1)
remedies_he = equation(where=broad_rectified, approx=0.2)
remedies_orthogonal = equation(where=fresh)

# --------------------------------------------------------------------------- other units


def _observed_slopes(
    q: Run, rng: np.random.Generator, change: Callable[[dict[str, Array]], None]
) -> Callable[[], Seen]:
    seen = _elman(q, rng, change=change, nonlinearity="relu")
    net = SimpleRNN(1, 1, 1, nonlinearity="relu", rng=rng)
    return lambda: seen() | {("m", t): net.derivative(q["h", t]) for t in range(1, int(q["T"]) + 1)}


@world(means=_ELMAN_NOTATION, held=["h"])
def rectified(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The network of elman with rectified units; m_t holds their slopes, 0 or 1, as the package has them."""
    return _observed_slopes(q, rng, lambda params: None)


@world(means=_ELMAN_NOTATION, held=["h"])
def remembering(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the identity as W_hh, and biases above 0 so that many units are on."""

    def change(params: dict[str, Array]) -> None:
        params["W_hh"][...] = np.eye(len(params["W_hh"]))
        params["b_h"] += 0.7

    return _observed_slopes(q, rng, change)


@world(means=_ELMAN_NOTATION, held=["h"])
def growing(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Rectified units that are all alike and all on, with a multiple of the identity as W_hh and no input."""
    T, H = 4, int(rng.integers(2, 6))
    net = SimpleRNN(2, H, 1, nonlinearity="relu", rng=rng)
    _randomise(net.params, rng)
    net.params["W_hh"], net.params["b_h"] = rng.uniform(0.5, 2) * np.eye(H), np.ones(H) * rng.uniform(0.5, 2)
    q["T"], q["H"], q["I"], q["h", 0] = T, H, np.eye(H), np.ones((H, 1)) * rng.uniform(0.5, 2)
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    for t in range(1, T + 1):
        q["x", t] = np.zeros((2, 1))
        q["h", t] = net.activation(net.pre_activation(q["x", t].T, q["h", t - 1].T)).T
    return dict


def _leaky(q: Run, rng: np.random.Generator, scale: float = 0.0) -> None:
    T, (D, H) = 4, _sizes(rng, 2)
    net = EchoState(D, H, 1, leak=rng.uniform(0.1, 0.4), rng=rng)
    net.params["W_hh"] = scale * rng.uniform(0.5, 1) * np.eye(H) if scale else rng.normal(size=(H, H)) * 0.6
    net.params["b_h"] = np.zeros(H) if scale else rng.normal(size=H)
    q["T"], q["H"], q["I"], q[r"\alpha"] = T, H, np.eye(H), net.leak
    q["W_{xh}"], q["W_{hh}"], q["b_{h}"] = net.params["W_xh"].T, net.params["W_hh"].T, net.params["b_h"][:, None]
    q["h", 0] = np.zeros((H, 1)) if scale else rng.normal(size=(H, 1))
    for t in range(1, T + 1):
        q["x", t] = np.zeros((D, 1)) if scale else rng.normal(size=(D, 1))
        q["h", t] = net._step(q["x", t].T, q["h", t - 1].T).T
        q[r"\hat{h}", t] = (q["h", t] - (1 - q[r"\alpha"]) * q["h", t - 1]) / q[r"\alpha"]


_LEAKY = {r"J_t": r"\frac{\partial h_t}{\partial h_{t-1}}"}


@world(means=_LEAKY)
def leaky(q: Run, rng: np.random.Generator) -> None:
    """The leaky units of the package's echo state network; the hat is the part that is new."""
    _leaky(q, rng)


@world(means=_LEAKY)
def leaky_against(q: Run, rng: np.random.Generator) -> None:
    """The same at rest, with W_hh a negative multiple of the identity."""
    _leaky(q, rng, -1.0)


@world(means=_LEAKY)
def leaky_along(q: Run, rng: np.random.Generator) -> None:
    """The same with a positive multiple."""
    _leaky(q, rng, 1.0)


@world()
def normalised(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The package's layer normalisation of a vector a, and of c times a."""
    H = int(rng.integers(3, 7))
    layer = LayerNorm(H, eps=1e-3)
    q["H"], q["a"], q["c"] = H, rng.normal(size=(H, 1)) + rng.normal(), rng.uniform(2, 9)
    q[r"\varepsilon"], q[r"\mu"] = layer.eps, q["a"].mean()
    hat = layer.forward(q["a"].T[None])
    return lambda: {(r"\hat{a}",): np.asarray(hat[0] if isinstance(hat, tuple) else hat)[0].T}


remedies_identity = equation(where=remembering, for_all="0 <= k <= t <= T and t >= 1")
remedies_rectified = equation(where=(rectified, remembering), for_all="1 <= t <= T")
remedies_unbounded = equation(where=rectified, for_all="1 <= t <= T", equal_in=growing)
remedies_leaky = equation(where=leaky, for_all="1 <= t <= T")
remedies_slow = equation(where=leaky, for_all="1 <= t <= T", equal_in=(leaky_against, leaky_along))
remedies_layernorm = definition(where=normalised)

# --------------------------------------------------------------------------- truncation

WINDOWS = 3


def _layer(net: SimpleRNN) -> RNN:
    """Return the layer with the same weights, without a read-out."""
    layer = RNN(net.input_size, net.hidden_size, nonlinearity=net.nonlinearity)
    for name in layer.params:
        layer.params[name] = net.params[name]
    return layer


def _cut(q: Run, net_of: SimpleRNN, k1: int, k2: int) -> Array:
    """Return the gradient of the book's W_hh that truncated backpropagation finds in the sequence of a run."""
    T = int(q["T"])
    inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
    targets = np.stack([q[r"y^\ast", t].T for t in range(1, T + 1)])

    def d_outputs_of(h: Array, newest: slice) -> Array:
        e: Array = (net_of.read_out(h) - targets[newest]) @ net_of.params["W_hy"].T
        return e

    grads, _, _ = truncated_backward(_layer(net_of), inputs, d_outputs_of, k1, k2, state=(q["h", 0].T,))
    W_hh: Array = grads["W_hh"].T
    return W_hh


def _network_of(q: Run, nonlinearity: str = "tanh") -> SimpleRNN:
    """Return the network of a run of `elman`."""
    net = SimpleRNN(len(q["x", 1]), len(q["h", 0]), len(q["y", 1]), nonlinearity=nonlinearity)
    for name in net.params:
        value = q[_tex(name)]
        net.params[name] = value.T if name.startswith("W") else value[:, 0]
    return net


def _of_step(losses: Array, _: Array, newest: slice) -> Array:
    """Return the gradients for the outputs of the newest steps."""
    return losses[newest]


def _reached(k1: int, k2: int, T: int) -> Array:
    """Return which steps the loss at t reaches in the package, (T, T), t in the rows.

    Each step has an input of its own, a one: the gradient of its weights is 0 just where nothing came back to it.
    """
    layer = RNN(T, 2, rng=np.random.default_rng(0))
    reached = []
    for t in range(T):
        losses = np.zeros((T, 1, 2))
        losses[t] = 1.0
        grads, _, _ = truncated_backward(layer, np.eye(T)[:, None], partial(_of_step, losses), k1, k2)
        reached.append(np.abs(grads["W_xh"]).sum(axis=1) > 0)
    return np.stack(reached)


@world(means=_ELMAN_NOTATION, held=["h"])
def windowed(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The network of elman, its gradient truncated: three times k_1 steps, and each time back over k_2 steps."""
    k1 = int(rng.integers(1, 4))
    k2 = k1 + int(rng.integers(0, 4))
    seen = _elman(q, rng, steps=WINDOWS * k1)
    q["M"], q["k", 1], q["k", 2] = WINDOWS, k1, k2

    def more() -> Seen:
        first = _reached(k1, k2, WINDOWS * k1).argmax(axis=1) + 1
        found = seen() | {(r"\hat{G}",): _cut(q, _network_of(q), k1, k2)}
        return found | {("q", m): first[m * k1 - 1] for m in range(1, WINDOWS + 1)}

    return more


@world()
def blocks(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A sequence in M blocks of k steps; K_n counts the pairs at the lag n that the package's truncation keeps."""
    k, M = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    q["T"], q["k"], q["M"] = k * M, k, M

    def seen() -> Seen:
        reached = _reached(k, k, k * M)
        return {("K", n): np.trace(reached, offset=-n) for n in range(k * M)}

    return seen


def _sliding(q: Run, seen: Callable[[], Seen], nonlinearity: str = "tanh") -> Seen:
    net, found = _network_of(q, nonlinearity), seen()
    T = int(q["T"])
    return found | {(r"\tilde{G}", k): _cut(q, net, 1, k) for k in range(1, T + 1)}


@world(means=_ELMAN_NOTATION, held=["h"])
def sliding(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The network of elman; at every step its loss is sent back over the last k steps."""
    seen = _elman(q, rng)
    return lambda: _sliding(q, seen)


@world(means=_ELMAN_NOTATION, held=["h"])
def contracting(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with a W_hh of norm below 1; C and β are the smallest that bound its lag terms with this β."""

    def change(params: dict[str, Array]) -> None:
        params["W_hh"] *= rng.uniform(0.3, 0.8) / np.linalg.norm(params["W_hh"], 2)

    seen = _elman(q, rng, change=change)
    if np.iscomplexobj(q["L"]):  # while a derivative is taken; C and β are constants
        return dict
    q[r"\beta"] = np.linalg.norm(q["W_{hh}"], 2)
    found = _sliding(q, seen)
    q["C"] = max(np.linalg.norm(found["G", n], 2) / q[r"\beta"] ** n for n in range(int(q["T"])))
    return lambda: found


def _geometric(q: Run, rng: np.random.Generator, beta: float) -> Callable[[], Seen]:
    T = 6
    net = SimpleRNN(1, 1, 1, nonlinearity="identity", rng=rng)
    net.params["W_hh"], net.params["b_h"] = np.array([[beta]]), np.array([1 - beta])
    error = rng.uniform(1, 2) / float(net.params["W_hy"][0, 0])
    q["T"], q[r"\beta"], q["C"] = T, beta, net.params["W_hy"][0, 0] * error
    q["W_{hh}"], q["h", 0] = beta, 1.0
    for t in range(1, T + 1):
        at_t = _with(net, W_hh=q["W_{hh}"].reshape(1, 1))
        q["h", t] = at_t.activation(at_t.pre_activation(np.zeros((1, 1)), q["h", t - 1].reshape(1, 1)))[0, 0]
    q["L"] = net.params["W_hy"][0, 0] * q["h", T] * error
    inputs, start, d_outputs = np.zeros((T, 1, 1)), np.ones((1, 1)), np.zeros((T, 1, 1))
    d_outputs[-1] = error

    def truncated(k: int) -> Value:
        def d_h(_: Array, newest: slice) -> Array:
            return d_outputs[newest] @ net.params["W_hy"].T

        grads, _, _ = truncated_backward(_layer(net), inputs, d_h, 1, k, state=(start,))
        return np.asarray(grads["W_hh"][0, 0])

    def seen() -> Seen:
        terms = gradients.lag_terms(net, net.forward(inputs, h0=start)[1], d_outputs, h0=start)
        found: Seen = {("G", n): term[0, 0] for n, term in enumerate(terms)}
        return found | {(r"\tilde{G}", k): truncated(k) for k in range(1, T + 1)}

    return seen


@world()
def geometric(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """One unit without a nonlinearity, at rest at 1, with a loss at the last step alone: G_n is C times βⁿ."""
    return _geometric(q, rng, rng.uniform(0.4, 0.9))


@world()
def geometric_steep(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with a β so small that the sequence might as well be endless."""
    return _geometric(q, rng, rng.uniform(0.5e-4, 1e-4))


remedies_window = definition(where=windowed, for_all="1 <= m <= 3")
remedies_truncated = definition(where=windowed)
remedies_kept = definition(where=blocks, for_all="0 <= n < T")
remedies_sliding = definition(where=sliding, for_all="1 <= k <= T")
remedies_dropped = equation(where=sliding, for_all="1 <= k < T")
remedies_bias = equation(where=contracting, for_all="1 <= k <= 2", equal_in=(geometric, geometric_steep))

# --------------------------------------------------------------------------- a penalty, and a schedule


@world(means=_ELMAN_NOTATION, held=["h"])
def penalised(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The network of elman, and the penalty that the package finds for its W_hh."""
    seen = _elman(q, rng)

    def more() -> Seen:
        found = seen()
        T = int(q["T"])
        slopes = np.stack([1 - q["h", t].T ** 2 for t in range(1, T + 1)])
        e = np.stack([found["e", t].T for t in range(1, T + 1)])
        W = q["W_{hh}"].T
        omega, _ = penalty.pascanu_penalty(W, slopes, penalty.total_gradients(W, slopes, e))
        return found | {(r"\omega",): omega}

    return more


remedies_penalty = definition(where=penalised)


@twin()
def remedies_cosine(rng: np.random.Generator) -> Sides:
    """Take the factors of the package; the right side adds up the half cosine from its angle's complex exponential."""
    N, warmup = int(rng.integers(20, 40)), int(rng.integers(2, 6))
    schedule = optim.cosine(N, warmup=warmup)
    rise = [(n + 1) / (warmup + 1) for n in range(warmup)]
    fall = [0.5 + np.exp(1j * np.pi * (n - warmup) / (N - warmup)).real / 2 for n in range(warmup, N + 1)]
    return [schedule(n) for n in range(N + 1)], rise + fall
