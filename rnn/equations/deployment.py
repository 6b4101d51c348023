"""The formulas of the chapter *deployment*: from a trained model to a service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn import LSTM, RNN, counts
from rnn.deploy import affine, quantise, quantised, stability_index
from rnn.equations import definition, equation
from rnn.equations.context import Run, world
from rnn.equations.worlds import Seen, _sizes
from rnn.exchange import side_by_side
from rnn.validate import Array


def _shake(layer: Any, rng: np.random.Generator) -> None:
    """Give every parameter, biases too, values at which tanh bends but does not saturate."""
    for value in layer.params.values():
        value[...] = rng.normal(size=value.shape) * 0.6


# --------------------------------------------------------------------------- one step at a time


@world()
def deployed(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """An LSTM over the sequences of several users: all steps at once, and as a stream."""
    # --8<-- [start:deployed]
    T, (B, D, H) = int(rng.integers(4, 7)), _sizes(rng, 3)
    layer = LSTM(D, H, rng=rng)
    _shake(layer, rng)
    start, inputs = tuple(rng.normal(size=(2, B, H))), rng.normal(size=(T, B, D))
    q["T"], q["B"], q["D"], q["H"] = T, B, D, H

    def seen() -> Seen:
        """Return what `forward` gives, and with a tilde what `stream` gives; a column for each user."""
        outputs, (_, c) = layer.forward(inputs, start)
        stream = layer.stream(start)
        found: Seen = {("c", T): c.T}
        for t in range(1, T + 1):
            found["h", t] = outputs[t - 1].T
            found[r"\tilde{h}", t] = stream.step(inputs[t - 1]).T
            found[r"\tilde{c}", t] = stream.state[1].T
        return found

    # --8<-- [end:deployed]
    return seen


@world()
def deployed_together(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Three users of a tanh network: a stream for each of them, and one stream for all."""
    # --8<-- [start:deployed-together]
    T, B, (D, H) = int(rng.integers(4, 7)), 3, rng.permutation([2, 4, 5])[:2]
    layer = RNN(int(D), int(H), rng=rng)
    _shake(layer, rng)
    start, inputs = rng.normal(size=(B, H)), rng.normal(size=(T, B, D))
    q["T"], q["B"], q["D"], q["H"], q[r"\mathbf{1}"] = T, B, D, H, np.ones((B, 1))
    q["W_{xh}"], q["W_{hh}"] = layer.params["W_xh"].T, layer.params["W_hh"].T
    q["b_{h}"] = layer.params["b_h"][:, None]

    def seen() -> Seen:
        """Return the states of the streams; S has those of all users side by side."""
        alone, together = [layer.stream((start[b : b + 1],)) for b in range(B)], layer.stream((start,))
        found: Seen = {("S", 0): start.T}
        for t in range(1, T + 1):
            found["X", t], found["S", t] = inputs[t - 1].T, together.step(inputs[t - 1]).T
            for b in range(B):
                found["h", t, b + 1] = alone[b].step(inputs[t - 1, b : b + 1]).T
        return found

    # --8<-- [end:deployed-together]
    return seen


def _misled(q: Run, rng: np.random.Generator, *, straight: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:deployed-misled]
    T, (D, H) = int(rng.integers(4, 7)), _sizes(rng, 2)
    layer = RNN(D, H, nonlinearity="identity" if straight else "tanh", rng=rng)
    _shake(layer, rng)
    if straight:
        layer.params["W_hh"][...] = 0.8 * np.linalg.qr(layer.params["W_hh"])[0]
    inputs = rng.normal(size=(T, 1, D))
    states = {"h": rng.normal(size=(1, H)), r"\hat{h}": rng.normal(size=(1, H))}
    q["T"], q["H"], q["W_{hh}"] = T, H, layer.params["W_hh"].T

    def seen() -> Seen:
        """Return the states from the right start, and with a hat those from a wrong one."""
        found: Seen = {}
        for name, start in states.items():
            outputs, _ = layer.forward(inputs, (start,))
            found |= {(name, t): h.T for t, h in enumerate([start, *outputs])}
        return found

    # --8<-- [end:deployed-misled]
    return seen


@world()
def deployed_misled(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network that reads the same inputs from its own state and from somebody else's."""
    return _misled(q, rng)


@world()
def deployed_misled_turning(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same without tanh, and with a multiple of an orthogonal matrix as W_hh."""
    return _misled(q, rng, straight=True)


def _twice(q: Run, rng: np.random.Generator, *, forgetful: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:deployed-twice]
    T, n, (D, H) = int(rng.integers(4, 7)), 3, _sizes(rng, 2)
    layer = RNN(D, H, rng=rng)
    _shake(layer, rng)
    layer.params["W_hh"] *= 0.0 if forgetful else 1.0
    inputs, start = rng.normal(size=(T, 1, D)), rng.normal(size=(1, H))
    q["T"], q["n"] = T, n

    def seen() -> Seen:
        """Return the states of the whole, and with a hat those of the network that reads inputs again."""
        outputs, _ = layer.forward(inputs, (start,))
        found: Seen = {}
        state: tuple[Array, ...] = (start,)
        for t in range(1, T + 1):
            _, state = layer.forward(inputs[max(t - n, 0) : t], state)
            found["h", t], found[r"\hat{h}", t] = outputs[t - 1].T, state[0].T
        return found

    # --8<-- [end:deployed-twice]
    return seen


@world()
def deployed_twice(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network that gets the last three inputs at every step, and its own state on top."""
    return _twice(q, rng)


@world()
def deployed_twice_forgetful(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with W_hh = 0, so that only the newest input counts."""
    return _twice(q, rng, forgetful=True)


deployment_stream = equation(where=deployed, for_all="1 <= t <= T")
deployment_batch = definition(where=deployed_together, for_all="1 <= t <= T")
deployment_users = equation(where=deployed_together, for_all="1 <= t <= T")
deployment_wrong_state = equation(where=deployed_misled, for_all="0 <= t <= T", equal_in=deployed_misled_turning)
deployment_twice = equation(where=deployed_twice, for_all="2 <= t <= T", equal_in=deployed_twice_forgetful)

# --------------------------------------------------------------------------- waiting and working


def _queue(q: Run, rng: np.random.Generator, *, free: bool = False) -> None:
    # --8<-- [start:deployed-queue]
    B, (D, H) = int(rng.integers(2, 9)), _sizes(rng, 2)
    rate, cost = rng.uniform(0.5, 2), counts.lstm(D, H)
    arrivals = np.cumsum(np.full(B, 1 / rate))
    q["B"], q[r"\lambda"], q["c"] = B, rate, 0.0 if free else rng.uniform(1, 30)
    q["P"], q["M"] = cost.parameters, cost.products
    time = sum([float(q["c"])] * cost.parameters)  # every weight is fetched once
    for j in range(1, B + 1):
        time += cost.products
        q["w", j] = arrivals[-1] - arrivals[j - 1]  # the batch starts when the last one is there
    q["r"] = B / time
    # --8<-- [end:deployed-queue]


@world()
def deployed_queue(q: Run, rng: np.random.Generator) -> None:
    """Requests that come at even intervals and wait until a batch is full; the costs are those of an LSTM."""
    _queue(q, rng)


@world()
def deployed_queue_free(q: Run, rng: np.random.Generator) -> None:
    """The same where fetching a weight costs nothing."""
    _queue(q, rng, free=True)


deployment_waiting = equation(where=deployed_queue)
deployment_throughput = equation(where=deployed_queue, equal_in=deployed_queue_free)

# --------------------------------------------------------------------------- other runtimes, and bytes


@world()
def deployed_elsewhere(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """An LSTM of the package, the matrix that its ONNX graph has, and the bytes of its weights before and after."""
    # --8<-- [start:deployed-elsewhere]
    D, H = _sizes(rng, 2)
    layer = LSTM(D, H, rng=rng, dtype=np.float32)
    q["D"], q["H"], q["k"], q[r"\beta"] = D, H, 4, layer.dtype.itemsize
    for gate in "fico":
        q[f"W_{{x{gate}}}"] = layer.params[f"W_x{gate}"].T

    def seen() -> Seen:
        """Return what `rnn.onnx_export` writes into the graph as W, and the bytes of the weights."""
        W_x, *_ = side_by_side(layer.cell, "iofc")
        before = sum(value.nbytes for value in layer.params.values())
        return {("W",): W_x.T, ("N",): np.asarray(before), (r"\hat{N}",): np.asarray(quantise(layer).nbytes)}

    # --8<-- [end:deployed-elsewhere]
    return seen


deployment_gates = definition(where=deployed_elsewhere)
deployment_bytes = equation(where=deployed_elsewhere, kind="count")

# --------------------------------------------------------------------------- rounding


def _grid(q: Run, x: Array) -> None:
    # --8<-- [start:deployed-grid]
    n, s, z = affine(x)
    q["T"], q["N"], q["s"], q["z"] = 8, len(x), s, z
    q["x"], q[r"\hat{x}"] = x[:, None], s * (n - z)[:, None]
    for i in range(1, 9):
        q["x", i], q["n", i], q[r"\tilde{x}", i] = x[i - 1], n[i - 1], np.float64(np.float32(x[i - 1]))
    # --8<-- [end:deployed-grid]


@world()
def deployed_grid(q: Run, rng: np.random.Generator) -> None:
    """Random numbers, in one byte with a scale and a zero point, and in single precision."""
    _grid(q, rng.normal(size=4000) + rng.uniform(-1, 1))


@world()
def deployed_grid_halves(q: Run, rng: np.random.Generator) -> None:
    """The same with numbers in the middle between two points of the grid."""
    x = rng.integers(-90, 120, size=100) + 0.5
    x[[50, 51]] = -100.0, 155.0  # the ends of the grid, so that its scale is 1
    _grid(q, x)


@world()
def deployed_grid_ties(q: Run, rng: np.random.Generator) -> None:
    """The same with numbers in the middle between two of single precision, just above a power of two."""
    _grid(q, (1 + 2.0**-24) * rng.choice([-1.0, 1.0], size=20) * 2.0 ** rng.integers(-2, 3, size=20))


def _product(q: Run, W: Array, v: Array) -> Callable[[], Seen]:
    # --8<-- [start:deployed-product]
    n, s = quantised(W.T)  # rows in code, columns here
    (H, D), W_hat = W.shape, (n * s).T
    q["H"], q["D"], q["W"], q["v"] = H, D, W, v
    q["a"], q[r"\hat{a}"] = W @ v, W_hat @ v
    for i in range(1, H + 1):
        q["s", i], q["a", i], q[r"\hat{a}", i] = s[i - 1], q["a"][i - 1, 0], q[r"\hat{a}"][i - 1, 0]
    for j in range(1, D + 1):
        q["v", j] = v[j - 1, 0]
    q["Q"], q["s"] = n.T, s[:, None]

    # --8<-- [end:deployed-product]
    def seen() -> Seen:
        """Return the matrix that the quantised layer restores."""
        layer = RNN(D, H, rng=np.random.default_rng(0))
        layer.params["W_xh"][...] = W.T
        return {(r"\hat{W}",): quantise(layer).restored().params["W_xh"].T}

    return seen


@world()
def deployed_product(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A random matrix and its copy in one byte a number, applied to the same vector."""
    H, D = _sizes(rng, 2)
    return _product(q, rng.normal(size=(H, D)), rng.normal(size=(D, 1)))


@world()
def deployed_product_worst(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same where every weight but the largest is rounded by half a step, always in the direction that hurts."""
    H, D = _sizes(rng, 2)
    W = 2.0 * rng.integers(0, 60, size=(H, D)) + 1.5  # 1.5 becomes 2, 3.5 becomes 4, and so on
    W[:, 0] = 127
    return _product(q, W, np.vstack([[0.0], rng.uniform(0.1, 1, size=(D - 1, 1))]))


deployment_grid = equation(where=deployed_grid, for_all="1 <= i <= T", equal_in=deployed_grid_halves)
deployment_noise = equation(where=deployed_grid, approx=0.05)
deployment_single = equation(where=deployed_grid, for_all="1 <= i <= T", equal_in=deployed_grid_ties)
deployment_scales = definition(where=deployed_product)
deployment_product = equation(where=deployed_product, for_all="1 <= i <= H", equal_in=deployed_product_worst)

# --------------------------------------------------------------------------- errors that go round


def _rounded(q: Run, rng: np.random.Generator, layer: RNN, inputs: Array, start: Array) -> None:
    # --8<-- [start:deployed-rounded]
    small = quantise(layer).restored()
    T, (exact, _), (rough, _) = len(inputs), layer.forward(inputs, (start,)), small.forward(inputs, (start,))
    q["T"], q["h", 0], q[r"\hat{h}", 0] = T, start.T, start.T
    for name in ("W_{xh}", "W_{hh}"):
        q[name], q[r"\hat{W}" + name[1:]] = (one.params["W_" + name[3:5]].T for one in (layer, small))
    for t in range(1, T + 1):
        x, h, h_hat = inputs[t - 1], q["h", t - 1].T, q[r"\hat{h}", t - 1].T
        q["x", t], q["h", t], q[r"\hat{h}", t] = x.T, exact[t - 1].T, rough[t - 1].T
        q["a", t], q[r"\hat{a}", t] = layer.cell.pre_activation(x, h).T, small.cell.pre_activation(x, h_hat).T
        q[r"\varepsilon", t] = np.linalg.norm(small.cell.pre_activation(x, h) - layer.cell.pre_activation(x, h))
    q[r"\varepsilon"] = max(q[r"\varepsilon", t] for t in range(1, T + 1))
    q[r"\kappa"] = np.linalg.norm(small.params["W_hh"], 2)
    # --8<-- [end:deployed-rounded]


@world()
def deployed_rounded(q: Run, rng: np.random.Generator) -> None:
    """A contracting tanh network and its copy with weights of one byte, over the same inputs."""
    T, (D, H) = int(rng.integers(4, 7)), _sizes(rng, 2)
    layer = RNN(D, H, rng=rng)
    _shake(layer, rng)
    layer.params["W_hh"] *= 0.8 / np.linalg.norm(layer.params["W_hh"], 2)
    _rounded(q, rng, layer, rng.normal(size=(T, 1, D)), rng.normal(size=(1, H)))


@world()
def deployed_rounded_straight(q: Run, rng: np.random.Generator) -> None:
    """The same with a single unit without tanh, whose errors all have the same sign."""
    layer = RNN(3, 1, nonlinearity="identity", rng=rng)
    layer.params["W_hh"], layer.params["W_xh"] = np.array([[rng.uniform(0.3, 0.9)]]), np.array([[1.0], [0.31], [0.57]])
    inputs = rng.uniform(0.1, 1, size=(5, 1, 1)) * np.array([[[1.0, 0.5, -0.5]]])
    _rounded(q, rng, layer, inputs, rng.normal(size=(1, 1)))


@world()
def deployed_rounded_forgetful(q: Run, rng: np.random.Generator) -> None:
    """The same, but nothing is carried from step to step and the input never changes."""
    layer = RNN(3, 2, nonlinearity="identity", rng=rng)
    _shake(layer, rng)
    layer.params["W_hh"][...] = 0
    _rounded(q, rng, layer, np.tile(rng.normal(size=(1, 1, 3)), (5, 1, 1)), rng.normal(size=(1, 2)))


deployment_sources = equation(where=deployed_rounded, for_all="1 <= t <= T")
deployment_carried = equation(
    where=deployed_rounded, for_all="1 <= t <= T", equal_in=(deployed_rounded_straight, deployed_rounded_straight)
)
deployment_geometric = equation(
    where=deployed_rounded, for_all="1 <= t <= T", equal_in=(deployed_rounded_straight, deployed_rounded_forgetful)
)

# --------------------------------------------------------------------------- drift


def _watched(q: Run, past: Array, now: Array, K: int) -> Callable[[], Seen]:
    # --8<-- [start:deployed-watched]
    edges = [-np.inf, *np.quantile(past, np.arange(1, K) / K), np.inf]
    q["K"] = K
    for name, values in (("p", past), ("q", now)):
        for i in range(1, K + 1):
            inside = (values > edges[i - 1]) & (values <= edges[i])
            q[name, i] = (inside.sum() + 0.5) / (len(values) + 0.5 * K)
    # --8<-- [end:deployed-watched]
    return lambda: {(r"\phi",): np.asarray(stability_index(past, now, bins=K))}


@world()
def deployed_watched(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Numbers from training and others from use, from distributions that differ, counted in bins."""
    return _watched(q, rng.normal(size=200), rng.normal(size=150) * 1.3 + 0.4, int(rng.integers(4, 9)))


@world()
def deployed_watched_same(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same where both are the same numbers."""
    past = rng.normal(size=200)
    return _watched(q, past, past, 6)


@world()
def deployed_undrifted(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A thousand pairs of samples, all from one distribution, counted in a few bins."""
    # --8<-- [start:deployed-undrifted]
    N, K, m, n = 1000, int(rng.integers(3, 6)), 2000, 500  # so few bins that K for K - 1 would be seen
    q["N"], q["K"], q["m"], q["n"] = N, K, m, n

    def seen() -> Seen:
        """Return the index of each pair."""
        pairs = ((rng.normal(size=m), rng.normal(size=n)) for _ in range(N))
        return {(r"\phi", i): np.asarray(stability_index(*pair, bins=K)) for i, pair in enumerate(pairs, start=1)}

    # --8<-- [end:deployed-undrifted]
    return seen


def _alarmed(q: Run, rng: np.random.Generator, T: int) -> None:
    # --8<-- [start:deployed-alarmed]
    q["T"], q[r"\alpha"] = T, rng.uniform(0.001, 0.2)
    quiet = 1.0
    for n in range(1, T + 1):
        quiet -= quiet * float(q[r"\alpha"])
        q["P", n] = 1 - quiet
    # --8<-- [end:deployed-alarmed]


@world()
def deployed_alarmed(q: Run, rng: np.random.Generator) -> None:
    """Independent checks, each with the same probability of a false alarm, until the first alarm."""
    _alarmed(q, rng, 30)


@world()
def deployed_alarmed_once(q: Run, rng: np.random.Generator) -> None:
    """The same with a single check."""
    _alarmed(q, rng, 1)


deployment_psi = definition(where=deployed_watched)
deployment_psi_divergences = equation(where=deployed_watched, equal_in=deployed_watched_same)
deployment_psi_noise = equation(where=deployed_undrifted, approx=0.1)
deployment_alarms = equation(where=deployed_alarmed, for_all="1 <= n <= T", equal_in=deployed_alarmed_once)
