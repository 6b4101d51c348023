"""Figures, numbers and the table of the chapter lstm: a cell with valves, and what its gradient does."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rnn import LSTM, RNN, LSTMCell, init
from rnn.gradients import log_norms
from rnn.jacobians import cell_jacobians, input_norms_by_lag
from rnn.lstm import sigmoid
from rnn.validate import Array
from scripts.figures import Drawing, figure, number, table
from scripts.figures.diagram import Diagram, Node
from scripts.figures.plot import BLUE, GREEN, GREY, INK, ORANGE, VERMILION, band, plot

# --------------------------------------------------------------------------- the cell


@figure()
def lstm_cell() -> Drawing:
    """The cell: a straight line on which c is multiplied once and added to once, and three gates."""
    d = Diagram(5.7, 3.05)
    top, low, bus = 2.65, 1.2, 0.43
    before, after = d.point(0.35, top, "$c_{t-1}$", color=BLUE), d.point(5.35, top, "$c_t$", color=BLUE)
    keep, plus = d.gate(1.25, top, r"$\odot$"), d.gate(2.65, top, "$+$")
    for start, end in ((before, keep), (keep, plus), (plus, after)):
        d.arrow(start, end, color=BLUE, width=2.4)
    f, i = (d.box(x, low, f"${name}_t$", color=VERMILION, fill=0.1) for x, name in ((1.25, "f"), (2.2, "i")))
    candidate = d.box(3.1, low, "$c_t$", color=GREEN, fill=0.1)
    d.text(3.055, low + 0.11, r"$\sim$", color=GREEN, size=8)  # the accent has a font of its own, 12 KiB
    o = d.box(4.0, low, "$o_t$", color=VERMILION, fill=0.1)
    write, read = d.gate(2.65, 1.95, r"$\odot$"), d.gate(4.75, low, r"$\odot$")
    bend = d.box(4.75, 1.95, r"$\tanh$", width=0.6, height=0.36, size=10)
    h = d.point(5.4, low, "$h_t$")
    for start, end in ((f, keep), (i, write), (candidate, write), (write, plus), (bend, read), (o, read), (read, h)):
        d.arrow(start, end)
    d.arrow(Node(4.75, top, 0.02, 0.02), bend)
    for y, name in ((0.68, "$h_{t-1}$"), (0.18, "$x_t$")):
        d.text(0.35, y, name)
        d.ax.plot([0.62, 0.85, 4.0], [y, bus, bus], color=GREY, linewidth=1.1, zorder=0)
    for box in (f, i, candidate, o):
        d.arrow(Node(box.x, bus, 0.02, 0.02), box, color=GREY)
    return d.drawing()


def by_hand(cell: LSTMCell) -> None:
    """Give a unit weights with which it writes, keeps and shows on command: inputs are value, write, read."""
    commands = {"c": ([1, 0, 0], 0), "i": ([0, 12, 0], -6), "f": ([0, -12, 0], 6), "o": ([0, 0, 12], -6)}
    for gate, (weights, bias) in commands.items():
        cell.params[f"W_x{gate}"][:, 0], cell.params[f"W_h{gate}"][...] = weights, 0
        cell.params[f"b_{gate}"][...] = bias


@figure()
def lstm_valves() -> Drawing:
    """A cell set by hand over forty steps: what comes in, the three gates, what it holds and what it shows."""
    steps, writes, reads = 40, (4, 22), (14, 15, 16, 33, 34)
    x = np.zeros((steps, 3))
    x[:, 0] = np.random.default_rng(5).uniform(-1, 1, size=steps)
    x[writes[0], 0], x[writes[1], 0] = 1.1, -0.8
    x[list(writes), 1], x[list(reads), 2] = 1, 1
    cell = LSTMCell(3, 1, rng=np.random.default_rng(0))
    by_hand(cell)
    state, found = cell.zero_state(1), []
    for x_t in x:
        state, (_, _, _, f, i, _, o, _) = cell.step(x_t[None], state)
        found.append([float(v[0, 0]) for v in (f, i, o, state[1], state[0])])
    f, i, o, c, h = np.array(found).T
    t = np.arange(1, steps + 1)
    fig, axes = plot(5, 1, width=5.4, height=3.7, sharex=True, height_ratios=[1.5, 0.55, 0.55, 0.55, 1.5])
    axes[0].step(t, x[:, 0], where="mid", color=GREY, linewidth=1.2)
    axes[0].set(ylabel="$x$", ylim=(-1.3, 1.3), yticks=(-1, 0, 1))
    for ax, gate, name, color in zip(axes[1:4], (f, i, o), "fio", (BLUE, GREEN, VERMILION), strict=True):
        ax.fill_between(t, gate, step="mid", color=color, alpha=0.75, linewidth=0)
        ax.set(ylabel=f"${name}$", ylim=(0, 1.05), yticks=(0, 1))
    axes[4].step(t, c, where="mid", color=BLUE, label="$c$")
    axes[4].step(t, h, where="mid", color=VERMILION, linestyle="--", label="$h$")
    axes[4].set(ylim=(-1.05, 1.05), yticks=(-1, 0, 1), xlabel="$t$", xlim=(0.5, steps + 0.5))
    axes[4].legend(loc="upper right", ncols=2, borderpad=0)
    rows = [
        (int(k), *(float(v[k - 1]) for v in (x[:, 0], f, i, o, c, h))) for k in (1, 5, 6, 15, 16, 22, 23, 24, 34, 40)
    ]
    return Drawing(fig, ("$t$", "$x$", "$f$", "$i$", "$o$", "$c$", "$h$"), rows)


# --------------------------------------------------------------------------- how fast a gate forgets


def half_life(b_f: float) -> float:
    """Return after how many steps half is left of a cell whose forget gate is the logistic function of b_f."""
    return float(np.log(2) / np.log1p(np.exp(-b_f)))


@table
def lstm_biases_table() -> list[tuple[object, ...]]:
    """For some biases: the gate, the half-life, what is left after 32 and after 100 steps."""
    gates = [(b, float(sigmoid(np.array(b)))) for b in (0.0, 1.0, 2.0, 3.3, 5.0)]
    return [(f"{b:g}", f, half_life(b), f**32, f**100) for b, f in gates]


@figure()
def lstm_half_life() -> Drawing:
    """The half-life against the bias of the forget gate, and how an exponential comes close to it."""
    b = np.linspace(-2, 6, 25)
    n = np.array([half_life(float(x)) for x in b])
    fig, ax = plot(width=4.8, height=2.5)
    ax.semilogy(b, n, color=BLUE, label="$n$")
    ax.semilogy(b, np.exp(b) * np.log(2), color=VERMILION, linestyle="--", label=r"$e^{b_f}\,\log 2$")
    ax.plot([0, 1, 3.3, 5], [half_life(x) for x in (0, 1, 3.3, 5)], "o", color=BLUE, markersize=4)
    ax.axhline(1, color=GREY, linewidth=0.7)
    ax.set(xlabel="$b_f$", xlim=(-2, 6), ylim=(0.1, 300))
    ax.legend()
    rows = [(f"{x:g}", half_life(x), float(np.exp(x) * np.log(2))) for x in (-2, 0, 2, 4, 6)]
    return Drawing(fig, ("$b_f$", "$n$", r"$e^{b_f}\,\log 2$"), rows)


@number
def lstm_noisy() -> dict[str, float]:
    """What normal noise on the pre-activation of the forget gate does to the direct path, at b_f = 1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    mean = float(np.log(sigmoid(1 + nodes)) @ weights / weights.sum())
    still = float(np.log(sigmoid(np.array(1.0))))
    return {
        "still": still,
        "noisy": mean,
        "before": -np.log(2) / still,
        "after": -np.log(2) / mean,
        "share": float(np.exp(100 * (mean - still))),
    }


@number
def lstm_left() -> dict[str, float]:
    """What a hundred steps leave on the direct path: on average over chrono biases for T_max = 1000, and at b_f = 1."""
    b_f, _ = init.chrono(100_000, 1000, np.random.default_rng(0))
    return {"chrono": float((sigmoid(b_f) ** 100).mean()), "one": float(sigmoid(np.array(1.0)) ** 100)}


# --------------------------------------------------------------------------- gradient by lag, at initialisation

LAG_STEPS, LAG_SEEDS, UNITS = 101, 40, 32


@cache
def lag_norms(kind: str) -> Array:
    """Return how strongly h_T depends on the input n steps before, relative to n = 0: (seeds, T), new networks."""
    found = []
    for seed in range(LAG_SEEDS):
        rng = np.random.default_rng(seed)
        layer: Any = RNN(4, UNITS, rng=rng) if kind == "tanh" else LSTM(4, UNITS, rng=rng)
        if kind == "chrono":
            b_f, b_i = init.chrono(UNITS, LAG_STEPS, rng)
            layer.params["b_f"][...], layer.params["b_i"][...] = b_f, b_i
        elif kind != "tanh":
            bias, _, without = kind.partition(" ")
            layer.params["b_f"][...] = float(bias)
            if without:
                layer.params[without][...] = -3.0 if without == "b_i" else 0.0
        e = rng.normal(size=(1, UNITS))
        norms = input_norms_by_lag(layer, rng.normal(size=(LAG_STEPS, 1, 4)), None, e)[:, 0]
        found.append(norms / norms[0])
    return np.array(found)


KINDS = {"tanh": r"$\tanh$", "0": "$b_f = 0$", "1": "$b_f = 1$", "3": "$b_f = 3$", "chrono": r"$\log u$"}


@figure()
def lstm_lags() -> Drawing:
    """How strongly the last state depends on an input n steps before: a tanh network, and LSTMs by forget bias."""
    fig, ax = plot(width=5.6, height=3.0)
    n = np.arange(0, 101, 10)
    columns = []
    styles = zip(KINDS.items(), (INK, VERMILION, ORANGE, BLUE, GREEN), ("-", ":", "--", "-", "-."), strict=True)
    for (kind, label), color, line in styles:
        band(ax, n, lag_norms(kind)[:, n], color=color, line=line, label=label)
        columns.append(np.median(lag_norms(kind), axis=0))
    ax.set(yscale="log", ylim=(1e-16, 1e2), xlim=(0, 100), xlabel="$n$", ylabel=r"$\partial L/\partial x_{T-n}$")
    ax.legend(loc="lower left", fontsize=8.5)
    rows = [(int(k), *(float(c[k]) for c in columns)) for k in (0, 20, 60, 100)]
    return Drawing(fig, ("$n$", *KINDS.values()), rows)


def spread(values: Any) -> dict[str, float]:
    """Return the median and where nine tenths of the values lie."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"low": float(low), "median": float(middle), "high": float(high)}


@number
def lstm_compared() -> dict[str, Any]:
    """The figure in numbers: after 32 and after 99 steps."""
    names = {"tanh": "tanh", "zero": "0", "one": "1", "three": "3", "chrono": "chrono"}
    names |= {"shut": "3 b_i", "deaf": "3 W_hc", "blind": "3 W_hf"}
    return {
        "seeds": LAG_SEEDS,
        "units": UNITS,
        **{name: {"mid": spread(lag_norms(k)[:, 32]), "far": spread(lag_norms(k)[:, 99])} for name, k in names.items()},
        "directzero": 0.5**32,
        "directone": float(sigmoid(np.array(1.0)) ** 99),
        "above": int((lag_norms("3")[:, 99] > 1).sum()),
    }


# --------------------------------------------------------------------------- explosion through the gates

SCALES, BLOCK_STEPS, BLOCK_SEEDS, BLOCK_UNITS = (1.0, 2.0, 4.0), 30, 100, 16


@cache
def block_norms(scale: float) -> Array:
    """Return the norm of ∂(h, c)_t/∂(h, c)_0, (seeds, T): every f is the same number, the other weights normal.

    The Jacobians are those of the page's formula, for all seeds at once; `agrees` holds one against the package.
    """
    logs = np.zeros((BLOCK_SEEDS, BLOCK_STEPS))
    product = np.eye(2 * BLOCK_UNITS)
    for t, J in enumerate(_blocks(scale)):
        product = J @ product
        size = np.linalg.norm(product, 2, axis=(1, 2))
        product = product / size[:, None, None]
        logs[:, t] = logs[:, t - 1] + np.log(size)
    return np.exp(logs)


def _cells(scale: float) -> tuple[list[LSTMCell], Array]:
    """Return the cells of all seeds, and their inputs (T, seeds, 1, D)."""
    cells, inputs = [], []
    for seed in range(BLOCK_SEEDS):
        rng = np.random.default_rng(seed)
        cell = LSTMCell(4, BLOCK_UNITS, rng=rng)
        for gate in "ico":
            cell.params[f"W_h{gate}"][...] = rng.normal(size=(BLOCK_UNITS, BLOCK_UNITS)) * scale / np.sqrt(BLOCK_UNITS)
        cell.params["W_xf"][...] = cell.params["W_hf"][...] = 0
        cells.append(cell)
        inputs.append(rng.normal(size=(BLOCK_STEPS, 1, 4)))
    return cells, np.stack(inputs, axis=1)


def _blocks(scale: float) -> list[Array]:
    """Return J_1 … J_T of all seeds, each (seeds, 2H, 2H), by the formula lstm-block."""
    cells, inputs = _cells(scale)
    W = {name: np.stack([cell.params[name] for cell in cells]) for name in cells[0].params}
    h = c = np.zeros((len(cells), 1, BLOCK_UNITS))
    jacobians = []
    for x in inputs:
        a = {g: x @ W[f"W_x{g}"] + h @ W[f"W_h{g}"] + W[f"b_{g}"][:, None] for g in "fico"}
        f, i, o, c_tilde = sigmoid(a["f"]), sigmoid(a["i"]), sigmoid(a["o"]), np.tanh(a["c"])
        before, c = c, f * c + i * c_tilde
        h = o * np.tanh(c)
        column = {g: np.swapaxes(W[f"W_h{g}"], 1, 2) for g in "fico"}
        A = _scaled(before * f * (1 - f), column["f"]) + _scaled(c_tilde * i * (1 - i), column["i"])
        A = A + _scaled(i * (1 - c_tilde**2), column["c"])
        F, slope = _scaled(f, np.eye(BLOCK_UNITS)), o * (1 - np.tanh(c) ** 2)
        M = _scaled(np.tanh(c) * o * (1 - o), column["o"])
        jacobians.append(np.block([[_scaled(slope, A) + M, _scaled(slope, F)], [A, F]]))
    return jacobians


def _scaled(row: Array, matrix: Array) -> Array:
    """Multiply a diagonal matrix, given as a row for each seed, by a matrix for each seed."""
    product: Array = np.swapaxes(row, 1, 2) * matrix
    return product


def agrees(scale: float = 2.0, seed: int = 3) -> float:
    """Return how far the norms are from those of the package's Jacobians, for one seed."""
    cells, inputs = _cells(scale)
    exact = np.exp(log_norms(cell_jacobians(cells[seed], inputs[:, seed])))
    return float(np.abs(block_norms(scale)[seed] / exact - 1).max())


@number
def lstm_exploding() -> dict[str, Any]:
    """The figure in numbers, after thirty steps."""
    if agrees() > 1e-9:
        raise AssertionError("the blocks of the page are not those of the package")
    names = ("one", "two", "four")
    return {
        "seeds": BLOCK_SEEDS,
        "steps": BLOCK_STEPS,
        "units": BLOCK_UNITS,
        "gate": float(sigmoid(np.array(1.0))),
        "direct": float(sigmoid(np.array(1.0)) ** BLOCK_STEPS),
        **{
            name: {**spread(block_norms(s)[:, -1]), "above": int((block_norms(s)[:, -1] > 1).sum())}
            for name, s in zip(names, SCALES, strict=True)
        },
    }


# --------------------------------------------------------------------------- the rest


@number
def lstm_slopes() -> dict[str, float]:
    """How much the tanh between c and h lets pass, and a gate that is nearly shut or open lets its weights learn."""
    gate = float(sigmoid(np.array(10.0)))
    return {
        "three": 1 - float(np.tanh(3.0)) ** 2,
        "five": 1 - float(np.tanh(5.0)) ** 2,
        "short": 1 - gate,
        "thousand": gate**1000,
        "learns": gate * (1 - gate),
    }


@number
def lstm_answers() -> dict[str, Any]:
    """Numbers of the answers."""
    wanted = 0.5 ** (1 / 50)
    bias = float(np.log(wanted / (1 - wanted)))
    return {
        "bias": bias,
        "differ": float(np.log(50 / np.log(2))) - bias,
        "count": sum(value.size for value in LSTMCell(10, 20, rng=np.random.default_rng(0)).params.values()),
    }
