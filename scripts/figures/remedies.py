"""Figures, numbers and the table of the chapter remedies: what is done against vanishing and exploding gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from rnn import LSTMCell, SimpleRNN, init, optim
from rnn.equations.remedies import _reached
from rnn.gradients import lag_terms, mean_field, step_jacobians
from rnn.jacobians import cell_jacobians
from rnn.layers import RNN
from rnn.penalty import pascanu_penalty, total_gradients
from rnn.text import Batches
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, band, plot
from scripts.figures.vanishing import gaussian, network

# --------------------------------------------------------------------------- clipping


@figure()
def remedies_clipping() -> Drawing:
    """The plane with the threshold as a circle and as a square, and gradients that are brought inside."""
    fig, (left, right) = plot(1, 2, width=6.0, height=2.9)
    gradients = np.array([[2.9, 0.5], [1.5, 2.3], [-2.3, 1.1], [0.4, -0.55]])
    turn = np.linspace(0, 2 * np.pi, 60)
    left.plot(np.cos(turn), np.sin(turn), color=GREY, linewidth=0.8)
    right.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], color=GREY, linewidth=0.8)
    rows = []
    for g in gradients:
        hat = optim.clip_by_norm({"g": g}, 1.0)[0]["g"]
        bar = optim.clip_by_value({"g": g}, 1.0)["g"]
        for ax, clipped, color in ((left, hat, BLUE), (right, bar, VERMILION)):
            ax.plot([0, g[0]], [0, g[1]], color=GREY, linestyle=":", linewidth=1.1)
            ax.plot(*g, "o", color=GREY, markersize=3)
            ax.plot([0, clipped[0]], [0, clipped[1]], color=color, linewidth=1.8)
            ax.plot(*clipped, "o", color=color, markersize=4)
        rows.append((*map(float, g), *map(float, hat), *map(float, bar)))
    for ax, title in ((left, r"$\|g\|$"), (right, r"$|g_i|$")):
        ax.set(xlim=(-2.6, 3.2), ylim=(-1.5, 2.6), xlabel="$g_1$", ylabel="$g_2$", aspect="equal")
        ax.set_title(title, fontsize=11)
    names = ("$g_1$", "$g_2$", r"$\hat g_1$", r"$\hat g_2$", r"$\bar g_1$", r"$\bar g_2$")
    return Drawing(fig, names, rows)


def cosine_of(a: Array, b: Array) -> float:
    """Return the cosine of the angle between two vectors."""
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


@number
def remedies_angles() -> dict[str, Any]:
    """What clipping does to the direction of (100, 1): by value, by one norm for each tensor, by one for all."""
    g = np.array([100.0, 1.0])
    one, five = (optim.clip_by_value({"g": g}, limit)["g"] for limit in (1.0, 5.0))
    apart = [optim.clip_by_norm({"g": part}, 1.0)[0]["g"] for part in (g[:1], g[1:])]
    both, _ = optim.clip_by_norm({"a": g[:1], "b": g[1:]}, 1.0)
    million = np.array([1e9, *np.ones(9999)])
    return {
        "one": cosine_of(g, one),
        "five": cosine_of(g, five),
        "apart": cosine_of(g, np.concatenate(apart)),
        "together": round(cosine_of(g, np.concatenate([both["a"], both["b"]])), 12),
        "degrees": round(float(np.degrees(np.arccos(cosine_of(million, np.clip(million, -1, 1)))))),
    }


# --------------------------------------------------------------------------- a wall in the loss

WALL_STEPS, WALL_BIAS, WALL_TARGET, WALL_BEGIN = 50, -0.25, 0.6, 0.9
WALL_RATE, WALL_THRESHOLD, WALL_UPDATES, WALL_STARTS = 0.1, 0.15, 300, 300


def wall(w: Array) -> tuple[Array, Array]:
    """Return the loss of one unit after fifty steps, for many weights at once, and its derivative by w."""
    h, d_h = np.full(np.shape(w), WALL_BEGIN), np.zeros(np.shape(w))
    for _ in range(WALL_STEPS):
        after = np.tanh(w * h + WALL_BIAS)
        h, d_h = after, (1 - after**2) * (h + w * d_h)
    return (h - WALL_TARGET) ** 2 / 2, (h - WALL_TARGET) * d_h


@cache
def descents(threshold: float) -> Array:
    """Return the weights that gradient descent goes through from many starts, (updates + 1, starts)."""
    weights = [np.linspace(1.3, 2.3, WALL_STARTS)]
    for _ in range(WALL_UPDATES):
        slopes = wall(weights[-1])[1]
        clipped, _ = optim.clip_by_norm({"w": slopes}, threshold, seeds=True)
        weights.append(weights[-1] - WALL_RATE * clipped["w"])
    return np.stack(weights)


def thrown() -> Array:
    """Return which starts are thrown by more than 1 in a single update without clipping."""
    far: Array = np.abs(np.diff(descents(np.inf), axis=0)).max(axis=0) > 1
    return far


@figure()
def remedies_cliff() -> Drawing:
    """The loss against the weight of one unit after fifty steps: a wall, and a descent that meets it, in two ways."""
    fig, (left, right) = plot(1, 2, width=6.4, height=2.7)
    w = np.concatenate([np.linspace(1.2, 1.55, 15), np.linspace(1.556, 1.566, 25), np.linspace(1.57, 2.4, 40)])
    left.plot(w, wall(w)[0], color=BLUE)
    left.set(xlabel="$w$", ylabel="$L$", xlim=(1.2, 2.4), ylim=(0, 1.3))
    when = np.abs(np.diff(descents(np.inf), axis=0)).argmax(axis=0)
    start = int(np.flatnonzero(thrown() & (when > 10) & (when < 40))[0])
    n = np.arange(61)
    free, held = descents(np.inf)[:61, start], descents(WALL_THRESHOLD)[:61, start]
    right.plot(n, free, color=VERMILION, linestyle="--", label=r"$\theta = \infty$")
    right.plot(n, held, color=GREEN, label=r"$\theta = 0.15$")
    right.set(xlabel="$n$", ylabel="$w$", xlim=(0, 60))
    right.legend()
    rows = [(int(i), float(free[i]), float(held[i])) for i in range(0, 61, 5)]
    return Drawing(fig, ("$n$", "$w\\;(g)$", r"$w\;(\hat g)$"), rows)


@number
def remedies_jump() -> dict[str, Any]:
    """How steep the wall is, and what happens to three hundred descents without and with clipping."""
    fine = np.linspace(1.55, 1.57, 4001)
    slopes = np.abs(wall(fine)[1])
    free, held = descents(np.inf), descents(WALL_THRESHOLD)
    return {
        "starts": WALL_STARTS,
        "updates": WALL_UPDATES,
        "where": float(fine[slopes.argmax()]),
        "slope": float(slopes.max()),
        "usual": float(np.abs(wall(np.array([2.0]))[1][0])),
        "thrown": int(thrown().sum()),
        "farthest": float(np.abs(free).max()),
        "stuck": float(np.median(wall(free[-1, thrown()])[0])),
        "held": int((np.abs(np.diff(held, axis=0)).max(axis=0) > 1).sum()),
        "largest": float(np.abs(np.diff(held, axis=0)).max()),
        "unfinished": int((wall(held[-1])[0] > 0.02).sum()),
    }


# --------------------------------------------------------------------------- initial weights

INITIAL_SEEDS, INITIAL_UNITS, INITIAL_LAGS, INITIAL_INPUT = 20, 60, 40, 0.3


@cache
def critical_gain(sigma_x: float) -> float:
    """Return the gain at which χ = 1, by bisection."""
    low, high = 1.0, 6.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if mean_field(middle, sigma_x, steps=100)[1] < 1 else (low, middle)
    return low


INITIALS: dict[str, Callable[[np.random.Generator], Array]] = {
    "small": lambda rng: 0.01 * rng.normal(size=(INITIAL_UNITS, INITIAL_UNITS)),
    "xavier": lambda rng: init.xavier((INITIAL_UNITS, INITIAL_UNITS), rng),
    "orthogonal": lambda rng: init.orthogonal((INITIAL_UNITS, INITIAL_UNITS), rng),
    "gain": lambda rng: init.orthogonal((INITIAL_UNITS, INITIAL_UNITS), rng, gain=critical_gain(INITIAL_INPUT)),
    "identity": lambda rng: init.identity((INITIAL_UNITS, INITIAL_UNITS)),
    "unscaled": lambda rng: rng.normal(size=(INITIAL_UNITS, INITIAL_UNITS)),
}


@cache
def initial(name: str) -> tuple[Array, Array]:
    """Return ‖δ_{t-n←t}‖/‖e_t‖ for n = 0 … 40, (seeds, 41), and the share of saturated units by seed."""
    found, saturated = [], []
    for seed in range(INITIAL_SEEDS):
        rng = np.random.default_rng(seed)
        H = INITIAL_UNITS
        relu = name == "identity"
        net = SimpleRNN(H, H, 1, nonlinearity="relu" if relu else "tanh", rng=rng)
        W = INITIALS[name](rng)
        net.params |= {"W_hh": W, "W_xh": np.eye(H)}
        _, states = net.forward(INITIAL_INPUT * rng.normal(size=(INITIAL_LAGS + 30, 1, H)))
        delta, norms = rng.normal(size=H), []
        for h in states[::-1, 0][: INITIAL_LAGS + 1]:
            norms.append(float(np.linalg.norm(delta)))
            delta = W @ (net.derivative(h) * delta)
        found.append(np.array(norms) / norms[0])
        saturated.append(float((np.abs(states) > 0.99).mean()))
    return np.array(found), np.array(saturated)


@figure(training="chaotic", seeds=INITIAL_SEEDS)
def remedies_initial() -> Drawing:
    """The gradient against the lag, for six ways to begin."""
    fig, ax = plot(width=5.6, height=3.0)
    n = np.arange(INITIAL_LAGS + 1)
    styles = {
        "unscaled": (PURPLE, "--", "$1$"),
        "gain": (GREEN, "-", "$g\\,Q$"),
        "identity": (ORANGE, "-.", "$I$"),
        "orthogonal": (BLUE, "-", "$Q$"),
        "xavier": (SKY, "--", "$H^{-1/2}$"),
        "small": (VERMILION, ":", "$0.01$"),
    }
    medians = {}
    for name, (color, line, label) in styles.items():
        norms = initial(name)[0]
        band(ax, n[::2], np.maximum(norms[:, ::2], 1e-99), color=color, line=line, label=label)
        medians[name] = np.median(norms, axis=0)
    ax.set(yscale="log", ylim=(1e-9, 1e9), xlim=(0, INITIAL_LAGS), xlabel="$n$", ylabel=r"$\delta_{t-n\leftarrow t}$")
    ax.legend(ncols=2, fontsize=8.5)
    rows = [(int(i), *(float(f"{medians[name][i]:.2g}") for name in styles)) for i in (0, 1, 2, 5, 10, 20, 30, 40)]
    return Drawing(fig, ("$n$", *(label for _, _, label in styles.values())), rows)


@number
def remedies_initials() -> dict[str, Any]:
    """What is left after one, ten and forty steps, and the gain at which mean field says that nothing is lost."""
    found: dict[str, Any] = {"seeds": INITIAL_SEEDS, "units": INITIAL_UNITS}
    for name in INITIALS:
        norms, saturated = initial(name)
        found[name] = {
            "one": float(np.median(norms[:, 1])),
            "ten": float(np.median(norms[:, 10])),
            "forty": float(np.median(norms[:, 40])),
            "saturated": round(100 * float(np.median(saturated))),
        }
    gains = {key: critical_gain(s) for key, s in (("weak", 0.3), ("medium", 0.5), ("strong", 1.0))}
    return found | {"range": gains}


# --------------------------------------------------------------------------- truncation

KEPT_STEPS = 20


@cache
def kept(k1: int, k2: int) -> Array:
    """Return which share of the pairs at each lag is kept, (T,), counted in the package."""
    reached = _reached(k1, k2, KEPT_STEPS)
    return np.array([np.trace(reached, offset=-n) / (KEPT_STEPS - n) for n in range(KEPT_STEPS)])


@figure()
def remedies_share() -> Drawing:
    """The share of pairs at each lag that three truncations keep."""
    fig, ax = plot(width=5.2, height=2.5)
    n = np.arange(12)
    columns = []
    for (k1, k2), color, line in (((5, 5), VERMILION, "o-"), ((5, 10), BLUE, "s--"), ((1, 5), GREEN, "^-.")):
        share = kept(k1, k2)[:12]
        ax.plot(n, share, line, color=color, markersize=4, label=f"$k_1 = {k1},\\ k_2 = {k2}$")
        columns.append(share)
    ax.set(xlabel="$n$", ylabel="$K_n\\,/\\,(T-n)$", xlim=(-0.2, 11.2), ylim=(-0.04, 1.06))
    ax.legend()
    return Drawing(fig, ("$n$", "$5, 5$", "$5, 10$", "$1, 5$"), [(int(i), *(float(c[i]) for c in columns)) for i in n])


@number
def remedies_kept_share() -> dict[str, Any]:
    """The shares of the figure for blocks of five in a sequence of twenty, and the cost of forgetting to reuse."""
    shares = kept(5, 5)
    T = 100
    return {
        **{name: float(shares[n]) for n, name in enumerate(("zero", "one", "two", "three", "four", "five"))},
        "naive": T * (T**2 - 1) // 6,
        "reused": T - 1,
        "steps": T,
    }


@figure()
def remedies_windows() -> Drawing:
    """Blocks: states are handed on over the boundary, gradients stop there."""
    diagram = Diagram(6.4, 1.9)
    boxes = {t: diagram.box(0.4 + t * 0.92, 0.5, f"$h_{t}$", color=BLUE, fill=0.08, size=10) for t in range(7)}
    for t in range(1, 7):
        loss = diagram.circle(0.4 + t * 0.92, 1.55, f"$L_{t}$", radius=0.2, color=VERMILION, fill=0.08)
        diagram.arrow(loss, boxes[t], color=VERMILION, width=1.2)
        diagram.arrow(boxes[t - 1], boxes[t], color=GREY, bend=-0.3)
        if t in (1, 4):
            diagram.text(0.4 + t * 0.92 - 0.46, 0.74, "$0$", color=VERMILION, size=10)
        else:
            diagram.arrow(boxes[t], boxes[t - 1], color=VERMILION, bend=-0.3, width=1.2)
    return diagram.drawing()


BIAS_GAIN, BIAS_STEPS, BIAS_SEEDS = 0.9, 60, 20


@cache
def biases() -> Array:
    """Return how far truncation after k steps is from the gradient, relative to it, k = 1 … T."""
    slide = []
    for seed in range(BIAS_SEEDS):
        rng = np.random.default_rng(seed)
        net = SimpleRNN(4, 30, 2, rng=rng)
        net.params |= {"W_hh": init.orthogonal((30, 30), rng, gain=1.2), "W_xh": rng.normal(size=(4, 30)) / 4}
        outputs, states = net.forward(rng.normal(size=(BIAS_STEPS, 1, 4)))
        G = lag_terms(net, states, outputs - rng.normal(size=outputs.shape))
        whole = G.sum(axis=0)
        partial = np.cumsum(G, axis=0)
        slide.append(np.linalg.norm(whole - partial, axis=(1, 2)) / np.linalg.norm(whole))
    return np.array(slide)


@number
def remedies_missing() -> dict[str, Any]:
    """The part of the gradient that is missing after truncation to k steps, median over random networks."""
    slide = biases()
    return {
        "seeds": BIAS_SEEDS,
        "steps": BIAS_STEPS,
        **{
            name: float(np.median(slide[:, k - 1]))
            for name, k in (("one", 1), ("five", 5), ("ten", 10), ("twenty", 20))
        },
    }


@number
def remedies_stale() -> dict[str, Any]:
    """How far a carried state is from the one that the new weights would have reached, by the size of the update."""
    found: dict[str, Any] = {}
    for name, rate in (("small", 0.001), ("large", 0.1)):
        distances = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            net = SimpleRNN(3, 20, 2, rng=rng)
            x, y = rng.normal(size=(100, 8, 3)), rng.normal(size=(100, 8, 2))
            outputs, states = net.forward(x)
            grads, _ = optim.clip_by_norm(net.backward((outputs - y) / 8), 1.0)
            optim.SGD(rate).update(net.params, grads)
            _, fresh = net.forward(x)
            distances.append(float(np.linalg.norm(fresh[-1] - states[-1]) / np.linalg.norm(states[-1])))
        found[name] = 100 * float(np.median(distances))
    return found


@number
def remedies_padding() -> dict[str, Any]:
    """How much of the batches is padding, in a random order and sorted into buckets of similar length."""
    rng = np.random.default_rng(0)
    lengths = 1 + rng.geometric(0.04, size=512)
    found: dict[str, Any] = {
        "sequences": 512,
        "batch": 32,
        "mean": float(lengths.mean()),
        "longest": int(lengths.max()),
    }
    sequences = [np.zeros((int(n), 1)) for n in lengths]
    for name, bucket in (("mixed", False), ("sorted", True)):
        batches = Batches(sequences, sequences, 32, bucket=bucket)(np.random.default_rng(0))
        cells = sum(x.shape[0] * x.shape[1] for x, _, _ in batches)
        found[name] = round(100 * (1 - float(lengths.sum()) / cells))
    return found


# --------------------------------------------------------------------------- what acts on what, measured

UNITS, LONG, SHORT, MEASURED_SEEDS, LAG = 32, 80, 40, 11, 40
MEASURED_INPUT, LOUD, QUIET = 0.3, 3.0, 0.3
Norms = Array  # ‖δ_{t-n}‖ for n = 0 … 79, with a loss at the last step


def _going_back(J: Array, e: Array) -> Array:
    """Return the gradients at the states n = 0 … T - 1 steps before the end, (T, n)."""
    deltas = [e]
    for J_t in J[:0:-1]:
        deltas.append(J_t.T @ deltas[-1])
    return np.stack(deltas)


def _inputs(rng: np.random.Generator) -> Array:
    return MEASURED_INPUT * rng.normal(size=(LONG, UNITS))


def plain(W: Array, rng: np.random.Generator) -> Array:
    """J_t of a tanh network."""
    return step_jacobians(*network(W, inputs=_inputs(rng)))


def orthogonal(W: Array, rng: np.random.Generator) -> Array:
    """The same with an orthogonal W_hh in its place."""
    return plain(init.orthogonal(W.shape, rng), rng)


def leaky(W: Array, rng: np.random.Generator, keep: float = 0.98, new: float = 0.02) -> Array:
    """J_t of h = keep h + new tanh(…)."""
    h, found = np.zeros(UNITS), []
    for x in _inputs(rng):
        hat = np.tanh(W @ h + x)
        h = keep * h + new * hat
        found.append(keep * np.eye(UNITS) + new * (1 - hat**2)[:, None] * W)
    return np.stack(found)


def residual(W: Array, rng: np.random.Generator) -> Array:
    """J_t of h = h + tanh(…)."""
    return leaky(W, rng, 1.0, 1.0)


def rectified(W: Array, rng: np.random.Generator) -> Array:
    """J_t of rectified units with the identity as W_hh."""
    h, found = np.zeros(UNITS), []
    for x in _inputs(rng):
        h = np.maximum(h + x, 0)
        found.append(np.diag((h > 0).astype(float)))
    return np.stack(found)


def normalised(W: Array, rng: np.random.Generator) -> Array:
    """J_t of a network with layer normalisation of its pre-activations."""
    h, found = np.zeros(UNITS), []
    for x in _inputs(rng):
        a = W @ h + x
        size = np.sqrt(a.var() + 1e-5)
        hat = (a - a.mean()) / size
        h = np.tanh(hat)
        inner = (np.eye(UNITS) - 1 / UNITS - np.outer(hat, hat) / UNITS) / size
        found.append((1 - h**2)[:, None] * (inner @ W))
    return np.stack(found)


def gated(W: Array, rng: np.random.Generator) -> Array:
    """∂(h, c)/∂(h, c) of an LSTM with forget bias 3 and recurrent weights of the same size, drawn anew."""
    cell = LSTMCell(UNITS, UNITS, forget_bias=3.0, rng=rng)
    scale = W.std()
    for gate in "fico":
        cell.params[f"W_x{gate}"][...] = np.eye(UNITS)
        cell.params[f"W_h{gate}"][...] = scale * rng.normal(size=W.shape)
    return cell_jacobians(cell, _inputs(rng)[:, None])


@cache
def penalised(gain: float) -> list[Array]:
    """Return the W_hh of all seeds after sixty steps down the penalty alone."""
    K = MEASURED_SEEDS
    rngs = [np.random.default_rng(seed) for seed in range(K)]
    layer = RNN(UNITS, UNITS, seeds=K, rng=np.random.default_rng(0))
    layer.params["W_xh"] = np.stack([np.eye(UNITS)] * K)
    layer.params["b_h"] = np.zeros((K, UNITS))
    layer.params["W_hh"] = np.stack([gaussian(rng, UNITS, gain).T for rng in rngs])
    draw = np.random.default_rng(1)
    for n in range(80):
        x = MEASURED_INPUT * draw.normal(size=(12, K, 2, UNITS))
        h, _ = layer.forward(x)
        slopes, W = 1 - h**2, layer.params["W_hh"]
        e = np.zeros_like(h)
        e[-1] = draw.normal(size=h[-1].shape)
        _, d_W = pascanu_penalty(W, slopes, total_gradients(W, slopes, e))
        length = np.sqrt((d_W**2).sum(axis=(1, 2), keepdims=True))
        rate = 1.0 * (1 - n / 80)
        layer.params["W_hh"] = W - rate * d_W / np.maximum(length, 1.0)
    return [W.T for W in layer.params["W_hh"]]


def _lengths(deltas: Array) -> Norms:
    lengths: Array = np.linalg.norm(deltas, axis=1)
    return lengths


def _by_norm(deltas: Array) -> Array:
    return optim.clip_by_norm({"d": deltas}, 1.0)[0]["d"]


def _by_value(deltas: Array) -> Array:
    return optim.clip_by_value({"d": deltas}, 0.1)["d"]


def _cut(deltas: Array) -> Array:
    return np.where(np.arange(len(deltas))[:, None] < 20, deltas, 0.0)


Remedy = tuple[Callable[[Array, np.random.Generator], Array], Callable[[Array], Array]]
REMEDIES: dict[str, Remedy] = {
    "nothing": (plain, lambda d: d),
    "rate": (plain, lambda d: d / 10),
    "norm": (plain, _by_norm),
    "value": (plain, _by_value),
    "truncation": (plain, _cut),
    "orthogonal": (orthogonal, lambda d: d),
    "penalty": (plain, lambda d: d),
    "rectified": (rectified, lambda d: d),
    "residual": (residual, lambda d: d),
    "leaky": (leaky, lambda d: d),
    "layernorm": (normalised, lambda d: d),
    "gated": (gated, lambda d: d),
}


@cache
def measured(name: str, gain: float) -> tuple[float, float]:
    """Return how much the gradient grows when the sequence is twice as long, and what share is left at lag 40."""
    jacobians, treat = REMEDIES[name]
    growth, share = [], []
    for seed in range(MEASURED_SEEDS):
        rng = np.random.default_rng(seed)
        W = gaussian(rng, UNITS, gain)
        J = jacobians(penalised(gain)[seed] if name == "penalty" else W, rng)
        e = np.zeros(J.shape[-1])
        e[:UNITS] = rng.normal(size=UNITS)
        deltas = _going_back(J, e)
        long, short = treat(deltas), treat(deltas[:SHORT])
        growth.append(np.linalg.norm(long) / np.linalg.norm(short))
        lengths = _lengths(long)
        share.append(lengths[LAG] / lengths[0])
    return float(np.median(growth)), float(np.median(share))


@number
def remedies_table() -> dict[str, Any]:
    """For each remedy what it does in a network whose gradients explode and in one whose gradients vanish."""
    found: dict[str, Any] = {"seeds": MEASURED_SEEDS, "units": UNITS, "long": LONG, "short": SHORT}
    before = measured("nothing", QUIET)[1]
    for name in REMEDIES:
        growth, share = measured(name, LOUD)[0], measured(name, QUIET)[1]
        found[name] = {"growth": growth, "share": share, "explosion": growth < 2, "vanishing": share > 1000 * before}
    return found


# --------------------------------------------------------------------------- small numbers of the text, and answers


@number
def remedies_spike() -> dict[str, Any]:
    """Adam with gradients of 1, one of which is a thousand times as large: the updates that follow."""
    found: dict[str, Any] = {}
    for name, threshold in (("free", np.inf), ("held", 2.0)):
        params, adam = {"w": np.zeros(1)}, optim.Adam(1.0)
        sizes = []
        for n in range(9000):
            grads, _ = optim.clip_by_norm({"w": np.array([1000.0 if n == 1000 else 1.0])}, threshold)
            before = params["w"].copy()
            adam.update(params, grads)
            sizes.append(float(np.abs(params["w"] - before)[0]))
        later = np.array(sizes[1001:])
        found[name] = {"least": float(later.min()), "wait": int(np.flatnonzero(later[20:] > 0.5)[0]) + 20}
    return found


@number
def remedies_answers() -> dict[str, Any]:
    """The numbers in the answers to the exercises."""
    alpha, sigma = 0.02, 1.0
    g = np.array([3.0, 4.0, 12.0])
    return {
        "norm": float(np.linalg.norm(g)),
        "factor": 1.0 / float(np.linalg.norm(g)),
        "leakylow": (1 - alpha - alpha * sigma) ** 50,
        "window": int(np.ceil(np.log(0.01 * 0.1) / np.log(0.9))),
        "he": float(np.sqrt(2.0)),
        "single": 100 * 0.9**5 * 0.1 / (1 - 0.9),
    }
