"""Figures and numbers of the chapter gru."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np

from rnn import GRU, GRUCell
from rnn.gradients import log_norms
from rnn.jacobians import cell_jacobians, gradient_norms_by_lag
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, VERMILION, band, plot


def sigmoid(a: float) -> float:
    """Return the logistic function."""
    return float(1 / (1 + np.exp(-a)))


def spread(values: Iterable[float]) -> dict[str, float]:
    """Return the median and where nine tenths of the values lie."""
    low, middle, high = np.quantile(list(values), [0.05, 0.5, 0.95])
    return {"low": float(low), "median": float(middle), "high": float(high)}


def relative(a: Array, b: Array) -> float:
    """Return how far b is from a, relative to the norm of a."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(a))


# --------------------------------------------------------------------------- the cell


@figure()
def gru_cell() -> Drawing:
    """One step: the reset after the product, z keeps."""
    d = Diagram(5.9, 3.0)
    top, middle, low = 2.62, 1.66, 0.8
    before, after = d.point(0.4, top, "$h_{t-1}$", color=BLUE), d.point(5.5, top, "$h_t$", color=BLUE)
    keep, plus, take = d.gate(3.1, top), d.gate(4.4, top, "$+$"), d.gate(4.4, middle)
    z, r = d.box(3.1, middle, "$z_t$", color=VERMILION, fill=0.08), d.box(1.95, middle, "$r_t$", color=GREEN, fill=0.08)
    rest = d.circle(3.78, middle, "", radius=0.19, color=VERMILION)
    d.text(3.78, middle, "$1-$", color=VERMILION, size=10)
    m, reset = d.box(1.5, low, "$m_t$"), d.gate(3.1, low)
    n, x = d.box(4.4, low, "$n_t$"), d.point(2.35, 0.16, "$x_t$")
    for start, end in ((before, keep), (keep, plus), (plus, after)):
        d.arrow(start, end, color=BLUE, width=2.6)
    for start, end, color in ((z, keep, VERMILION), (z, rest, VERMILION), (rest, take, VERMILION), (r, reset, GREEN)):
        d.arrow(start, end, color=color)
    for start, end in ((m, reset), (reset, n), (n, take), (take, plus)):
        d.arrow(start, end)
    d.arrow(before, m, "$W_{hn}$", side=-0.26, size=10)
    d.arrow(x, n, "$W_{xn}$", side=-0.16, size=10)
    for gate in (z, r):
        d.arrow(before, gate, color=GREY, dashed=True)
        d.arrow(x, gate, color=GREY, dashed=True)
    return d.drawing()


# --------------------------------------------------------------------------- a unit that was set by hand

MARKS, LATCH = (4, 17, 29), 40


@cache
def latch() -> tuple[Array, Array, Array]:
    """Return the values, the gates and the states of a unit that stores the value at a mark, (T,) each."""
    cell = GRUCell(2, 1)
    for value in cell.params.values():
        value[...] = 0
    cell.params["W_xz"][1], cell.params["b_z"][:] = -16, 8  # a mark opens the fader
    cell.params["W_xn"][0] = 1
    values, marks = np.random.default_rng(60).uniform(-1.2, 1.2, LATCH), np.isin(np.arange(LATCH), MARKS)
    state, gates, states = cell.zero_state(1), [], []
    for value, mark in zip(values, marks, strict=True):
        state, cache = cell.step([[value, float(mark)]], state)
        gates.append(float(cache[2][0, 0]))
        states.append(float(state[0][0, 0]))
    return values, np.array(gates), np.array(states)


@figure()
def gru_latch() -> Drawing:
    """The state of that unit over a sequence, and its update gate."""
    values, gates, states = latch()
    t = np.arange(1, LATCH + 1)
    fig, (top, bottom) = plot(2, 1, width=5.6, height=2.8, sharex=True, height_ratios=[3, 2])
    marked = np.isin(t - 1, MARKS)
    top.plot(t[~marked], np.tanh(values[~marked]), "o", color=GREY, markersize=2.2)
    top.plot(t[marked], np.tanh(values[marked]), "o", color=VERMILION, markersize=6)
    top.step(t, states, where="mid", color=BLUE)
    top.set(ylim=(-1, 1), ylabel="$h_t$")
    bottom.step(t, gates, where="mid", color=VERMILION)
    bottom.set(ylim=(-0.08, 1.08), xlim=(0.5, LATCH + 0.5), xlabel="$t$", ylabel="$z_t$")
    columns = zip(t.tolist(), np.tanh(values).tolist(), gates.tolist(), states.tolist(), strict=True)
    rows = [row for row in columns if row[0] - 1 in {*MARKS, *(m - 1 for m in MARKS), *(m + 1 for m in MARKS)}]
    return Drawing(fig, ("$t$", r"$\tanh(u_t)$", "$z_t$", "$h_t$"), rows)


@number
def gru_latch_error() -> float:
    """How far the state is from the value at the last mark, at most."""
    values, _, states = latch()
    last = np.array([max((m for m in MARKS if m <= t), default=-1) for t in range(LATCH)])
    return float(np.abs(states - np.tanh(values[last]))[last >= 0].max())


# --------------------------------------------------------------------------- the four forms on the same weights

MISMATCH_SEEDS, MISMATCH_STEPS = 40, 40
D, H = 4, 24


def layer_of(seed: int, *, scale: float = 1.0, biases: float = 0.5, **options: Any) -> tuple[GRU, Array]:
    """Return a random GRU, its recurrent weights scaled, and inputs for it, (T, 1, D)."""
    rng = np.random.default_rng(seed)
    layer = GRU(D, H, rng=rng, **options)
    for name, value in layer.params.items():
        if name.startswith("W_h"):
            layer.params[name] = value * scale
        elif name.startswith("b"):
            layer.params[name] = value + biases * rng.normal(size=value.shape)
    return layer, rng.normal(size=(60, 1, D))


def with_weights(layer: GRU, *, reset: str = "after", update: str = "keeps") -> GRU:
    """Return another form of a GRU with the same weights; where one bias is missing, it is added to the other."""
    other = GRU(D, H, reset=reset, update=update)
    for name in other.params:
        more = layer.params["b_hn"] if name == "b_n" and reset == "before" else 0
        other.params[name] = layer.params[name] + more
    return other


@number
def gru_mismatch() -> dict[str, Any]:
    """How far the states are off when weights are read in the wrong form, relative to their size."""
    found: dict[str, list[float]] = {"label": [], "reset": [], "both": [], "order": []}
    for seed in range(MISMATCH_SEEDS):
        layer, inputs = layer_of(seed)
        inputs = inputs[:MISMATCH_STEPS]
        _, (right,) = layer.forward(inputs)
        swapped = with_weights(layer)
        for kind in ("W_x", "W_h", "b_"):
            swapped.params[f"{kind}z"], swapped.params[f"{kind}r"] = layer.params[f"{kind}r"], layer.params[f"{kind}z"]
        others = {
            "label": with_weights(layer, update="replaces"),
            "reset": with_weights(layer, reset="before"),
            "both": with_weights(layer, reset="before", update="replaces"),
            "order": swapped,
        }
        for name, other in others.items():
            found[name].append(relative(right, other.forward(inputs)[1][0]))
    spreads = {name: spread(values) for name, values in found.items()}
    return {"seeds": MISMATCH_SEEDS, "steps": MISMATCH_STEPS, **spreads}


RESET_SEEDS, SCALES = 40, (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


@cache
def reset_gap() -> Array:
    """Return how far the two resets are apart after 1 and after 40 steps, (2, seeds, scales)."""
    found = np.zeros((2, RESET_SEEDS, len(SCALES)))
    for seed in range(RESET_SEEDS):
        for k, scale in enumerate(SCALES):
            layer, inputs = layer_of(seed, scale=scale, biases=0.0)
            start = (np.random.default_rng(seed).uniform(-0.7, 0.7, size=(1, H)),)
            runs = [one.forward(inputs[:40], start)[0] for one in (layer, with_weights(layer, reset="before"))]
            found[:, seed, k] = [relative(runs[0][t], runs[1][t]) for t in (0, 39)]
    return found


@figure(training="chaotic", seeds=RESET_SEEDS)
def gru_resets() -> Drawing:
    """How far the two places of the reset lead apart, against the scale of the recurrent weights."""
    fig, ax = plot(width=5.2, height=2.6)
    for t, samples, color, line in zip((1, 40), reset_gap(), (BLUE, VERMILION), ("--", "-"), strict=True):
        band(ax, SCALES, samples, color=color, line=line, label=f"$t = {t}$")
    ax.set(xscale="log", yscale="log", xlabel="$s$", xticks=SCALES, xticklabels=[f"{s:g}" for s in SCALES])
    ax.minorticks_off()
    ax.set_ylim(3e-3, 3)
    ax.legend(loc="lower right")
    one, forty = np.median(reset_gap(), axis=1)
    return Drawing(fig, ("$s$", "$t = 1$", "$t = 40$"), list(zip(SCALES, one.tolist(), forty.tolist(), strict=True)))


@number
def gru_resets_seeds() -> int:
    """Over how many networks the figure goes."""
    return RESET_SEEDS


@number
def gru_resets_at() -> dict[str, float]:
    """The median after forty steps at two scales."""
    medians = dict(zip(SCALES, np.median(reset_gap()[1], axis=0).tolist(), strict=True))
    return {"one": medians[1.0], "four": medians[4.0]}


# --------------------------------------------------------------------------- gradients

LAG_SEEDS, LAGS, AT = 30, 60, 40
BIASES = {"zero": 0.0, "two": 2.0, "four": 4.0}


@cache
def lag_norms(bias: float, scale: float = 1.0) -> Array:
    """Return ‖δ_{t-n←t}‖/‖e_t‖ for n = 0 … 60 in random networks at the start of training, (seeds, lags + 1)."""
    found = []
    for seed in range(LAG_SEEDS):
        layer, inputs = layer_of(seed, scale=scale, biases=0.0, update_bias=bias)
        e = np.random.default_rng(seed).normal(size=(1, H))
        norms = gradient_norms_by_lag(layer.cell, inputs[:LAGS], layer.zero_state(1), e)[:, 0]
        found.append(norms / norms[0])
    return np.array(found)


@figure(training="chaotic", seeds=LAG_SEEDS)
def gru_lags() -> Drawing:
    """How much of a gradient is left after n steps back, for three biases of the update gate."""
    fig, ax = plot(width=5.4, height=2.8)
    n = np.arange(0, LAGS + 1, 3)
    columns = []
    for b, color, line in zip(BIASES.values(), (BLUE, VERMILION, GREEN), ("-", "--", "-."), strict=True):
        norms = lag_norms(b)
        band(ax, n, norms[:, n], color=color, line=line, label=f"$b = {b:g}$")
        ax.plot([0, LAGS], [1, sigmoid(b) ** LAGS], ":", color=color, linewidth=1)
        columns.append(np.median(norms, axis=0))
    ax.set(yscale="log", ylim=(1e-13, 6), xlim=(0, LAGS), xlabel="$n$", ylabel=r"$\delta_{t-n\leftarrow t}$")
    ax.legend(loc="lower left")
    rows = [(int(i), *(float(c[i]) for c in columns)) for i in range(0, LAGS + 1, 10)]
    return Drawing(fig, ("$n$", *(f"$b = {b:g}$" for b in BIASES.values())), rows)


@number
def gru_lags_at() -> dict[str, Any]:
    """The medians at one lag, and what the direct path alone would leave."""
    medians = {name: float(np.median(lag_norms(b)[:, AT])) for name, b in BIASES.items()}
    direct = {name: sigmoid(b) ** AT for name, b in BIASES.items()}
    return {"lag": AT, "seeds": LAG_SEEDS, "units": H, "direct": direct, **medians}


EXPLODES_SEEDS, EXPLODES_STEPS, EXPLODES_SCALE = 40, 40, 4


@number
def gru_explodes() -> dict[str, Any]:
    """The norm of the product of the Jacobians in networks with large recurrent weights."""
    norms = []
    for seed in range(EXPLODES_SEEDS):
        layer, inputs = layer_of(seed, scale=EXPLODES_SCALE, biases=0.0)
        J = cell_jacobians(layer.cell, inputs[:EXPLODES_STEPS], layer.zero_state(1))
        norms.append(float(np.exp(log_norms(J)[-1])))
    above = int(np.sum(np.array(norms) > 1))
    sizes = {"scale": EXPLODES_SCALE, "steps": EXPLODES_STEPS, "seeds": EXPLODES_SEEDS}
    return {**sizes, "above": above, **spread(norms)}


@number
def gru_half() -> dict[str, Any]:
    """What is kept with a bias b, the half-life in steps, and the bias for a half-life."""
    values = {"zero": 0.0, "one": 1.0, "two": 2.0, "four": 4.0}
    return {
        "keep": {**{name: sigmoid(b) for name, b in values.items()}, "minus": sigmoid(-2)},
        "life": {name: float(-np.log(2) / np.log(sigmoid(b))) for name, b in values.items()},
        "bias": {name: float(-np.log(2 ** (1 / steps) - 1)) for name, steps in (("twenty", 20), ("hundred", 100))},
    }


# --------------------------------------------------------------------------- counts, weights, answers


@number
def gru_counts() -> dict[str, int]:
    """The parameters of both forms for three inputs and five units."""
    return {reset: sum(p.size for p in GRUCell(3, 5, reset=reset).params.values()) for reset in ("before", "after")}


UNSCALED = 64


@number
def gru_unscaled() -> dict[str, int]:
    """How many gates in a hundred are within a hundredth of 0 or 1, with unscaled weights and with the package's."""
    rng = np.random.default_rng(0)
    cell = GRUCell(UNSCALED, UNSCALED, rng=rng)
    x = rng.normal(size=(200, UNSCALED))

    def shut() -> int:
        _, cache = cell.step(x, cell.zero_state(len(x)))
        gates = np.concatenate(cache[2:4])
        return round(100 * float(np.mean((gates < 0.01) | (gates > 0.99))))

    ours = shut()
    for name in cell.params:
        cell.params[name] = rng.normal(size=cell.params[name].shape)
    return {"units": UNSCALED, "ours": ours, "shut": shut()}


@number
def gru_answers() -> dict[str, Any]:
    """The numbers of the answers."""
    bias = int(np.ceil(-np.log(0.99 ** (-1 / 1000) - 1)))
    cell = GRUCell(2, 1)
    for value in cell.params.values():
        value[...] = 0
    cell.params["b_z"][:] = bias
    state = (np.ones((1, 1)),)
    for _ in range(1000):
        state, _ = cell.step(np.zeros((1, 2)), state)
    return {
        "bias": bias,
        "left": float(state[0][0, 0]),
        "seeds": REFED_SEEDS,
        "refed": float(np.median(refed(0.0))),
        "keeps": float(np.median(refed(3.0))),
        "double": float(np.median(lag_norms(2.0, 2.0)[:, AT])),
        "four": float(np.median(lag_norms(2.0, 4.0)[:, AT])),
    }


REFED_SEEDS, WINDOW = 20, 10


def refed(bias: float) -> list[float]:
    """Compare a state that has read each character once with one that was shown the last ten again at every step."""
    found = []
    for seed in range(REFED_SEEDS):
        rng = np.random.default_rng(seed)
        layer, text = GRU(8, 16, update_bias=bias, rng=rng), np.eye(8)[rng.integers(8, size=40)][:, None]
        once = again = layer.zero_state(1)
        for t in range(1, len(text) + 1):
            _, once = layer.forward(text[t - 1 : t], once)
            _, again = layer.forward(text[max(0, t - WINDOW) : t], again)
        found.append(relative(once[0], again[0]))
    return found
