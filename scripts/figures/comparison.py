"""Figures, tables and numbers of the chapter comparison: what RNN, LSTM and GRU cost, and what they can hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from matplotlib.ticker import NullFormatter, NullLocator

from rnn import counts
from rnn.equations.comparison import counting_cell
from rnn.exchange import to_keras, to_torch
from rnn.gru import GRUCell
from rnn.jacobians import input_norms_by_lag
from rnn.layers import GRU, LSTM, RNN
from rnn.lstm import LSTMCell, sigmoid
from rnn.validate import Array
from rnn.variants import LSTMVariant
from scripts.figures import Drawing, figure, number, table
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, INK, PURPLE, VERMILION, band, plot

MEASURED: dict[str, Any] = json.loads((Path(__file__).parent / "comparison.json").read_text(encoding="utf-8"))
COLORS = {"rnn": INK, "gru": GREEN, "gruone": PURPLE, "lstm": BLUE}
NAMES = {"rnn": "RNN", "gru": "GRU", "gruone": "GRU, $b_z = 1$", "lstm": "LSTM"}
LABELS = NAMES | {"gruone": r"$\mathrm{GRU},\ b_z = 1$"}
KINDS: dict[str, Callable[..., counts.Counts]] = {
    "rnn": counts.rnn,
    "gru": partial(counts.gru, reset="before"),
    "lstm": counts.lstm,
}


# --------------------------------------------------------------------------- the three cells


def _path(diagram: Diagram, points: Sequence[tuple[float, float]], *, color: str = INK, width: float = 1.1) -> None:
    """Draw a line of straight pieces, without a head."""
    xs, ys = zip(*points, strict=True)
    diagram.ax.plot(xs, ys, color=color, linewidth=width, solid_capstyle="butt", zorder=1)


@figure()
def comparison_cells() -> Drawing:
    """The three cells side by side: what happens to the memory on its way from left to right."""
    diagram = Diagram(6.5, 2.75)
    top, low, floor = 2.1, 1.15, 0.3

    # the simple cell: the whole memory passes a matrix and tanh
    left = 0.3
    before, after = diagram.point(left, top, "$h_{t-1}$"), diagram.point(left + 1.35, top, "$h_t$")
    unit = diagram.box(left + 0.68, top, r"$\tanh$", color=VERMILION, fill=0.08, width=0.56, size=10)
    x = diagram.point(left + 0.68, floor, "$x_t$")
    diagram.arrow(before, unit, color=VERMILION, width=1.8)
    diagram.arrow(unit, after, color=VERMILION, width=1.8)
    diagram.arrow(x, unit, color=GREY)

    # the GRU: a mixture of old and new
    left = 2.2
    before, after = diagram.point(left, top, "$h_{t-1}$"), diagram.point(left + 1.7, top, "$h_t$")
    times, plus = diagram.gate(left + 0.55, top), diagram.gate(left + 1.15, top, "$+$")
    z = diagram.box(left + 0.55, low, "$z_t$", color=GREEN, fill=0.08, width=0.4, height=0.36)
    n = diagram.box(left + 1.15, low, "$n_t$", color=VERMILION, fill=0.08, width=0.4, height=0.36)
    r = diagram.box(left, low, "$r_t$", color=GREEN, fill=0.08, width=0.4, height=0.36)
    x = diagram.point(left + 0.55, floor, r"$x_t,\ h_{t-1}$")
    diagram.arrow(before, times, color=BLUE, width=1.8)
    diagram.arrow(times, plus, color=BLUE, width=1.8)
    diagram.arrow(plus, after, color=BLUE, width=1.8)
    diagram.arrow(z, times, color=GREEN)
    diagram.arrow(n, plus, r"$1 - z_t$", color=VERMILION, side=-0.3, size=9)
    diagram.arrow(r, n, color=GREEN, bend=-0.45)
    for gate in (z, r, n):
        diagram.arrow(x, gate, color=GREY)

    # the LSTM: a memory of its own, and a part of it shown
    left = 4.5
    before, after = diagram.point(left, top, "$c_{t-1}$"), diagram.point(left + 1.76, top, "$c_t$")
    times, plus = diagram.gate(left + 0.45, top), diagram.gate(left + 1.0, top, "$+$")
    added, shown = diagram.gate(left + 1.0, top - 0.44), diagram.gate(left + 1.76, low)
    f = diagram.box(left, low, "$f_t$", color=GREEN, fill=0.08, width=0.36, height=0.36)
    i = diagram.box(left + 0.43, low, "$i_t$", color=GREEN, fill=0.08, width=0.36, height=0.36)
    c = diagram.box(left + 0.87, low - 0.01, "$c_t$", color=VERMILION, fill=0.08, width=0.36, height=0.36)
    diagram.text(left + 0.855, low + 0.09, r"$\sim$", color=VERMILION, size=8)
    o = diagram.box(left + 1.3, low, "$o_t$", color=GREEN, fill=0.08, width=0.36, height=0.36)
    x = diagram.point(left + 0.68, floor, r"$x_t,\ h_{t-1}$")
    h = diagram.point(left + 1.76, floor, "$h_t$")
    diagram.arrow(before, times, color=BLUE, width=1.8)
    diagram.arrow(times, plus, color=BLUE, width=1.8)
    diagram.arrow(plus, after, color=BLUE, width=1.8)
    diagram.arrow(f, times, color=GREEN)
    diagram.arrow(i, added, color=GREEN)
    diagram.arrow(c, added, color=VERMILION)
    diagram.arrow(added, plus, color=VERMILION)
    for gate in (f, i, c, o):
        diagram.arrow(x, gate, color=GREY)
    diagram.arrow(after, shown, r"$\tanh$", color=BLUE, side=-0.2, size=9)
    diagram.arrow(o, shown, color=GREEN)
    diagram.arrow(shown, h, color=BLUE)
    for x_rule in (1.84, 4.12):
        _path(diagram, [(x_rule, 0.15), (x_rule, 2.6)], color=GREY, width=0.5)
    return diagram.drawing()


# --------------------------------------------------------------------------- parameters


@figure()
def comparison_growth() -> Drawing:
    """Left: parameters against H; right: those of a model with read-out, relative to the RNN, for three O."""
    fig, (left, right) = plot(1, 2, width=6.4, height=2.6)
    H, D = np.array([8, 16, 32, 64, 128, 256, 512, 1024]), 10
    found = {cell: np.array([kind(D, int(h)).parameters for h in H]) for cell, kind in KINDS.items()}
    for cell, line in (("rnn", ":"), ("gru", "--"), ("lstm", "-")):
        left.loglog(H, found[cell], line, color=COLORS[cell], label=NAMES[cell])
    left.set(xlabel="$H$", ylabel="$P$")
    left.legend()
    rows: list[list[object]] = [[int(h), *(int(found[cell][i]) for cell in KINDS)] for i, h in enumerate(H)]
    for O, color, line in ((1, BLUE, "-"), (100, VERMILION, "--"), (10_000, GREEN, "-.")):
        R = O * (H + 1)
        share = (found["lstm"] + R) / (found["rnn"] + R)
        right.semilogx(H, share, line, color=color, label="$O = 10^4$" if O == 10_000 else f"$O = {O}$")
        for row, value in zip(rows, share, strict=True):
            row.append(float(value))
    right.axhline(4, color=GREY, linewidth=0.7)
    right.set(xlabel="$H$", ylabel="$N_4/N_1$", ylim=(0.8, 4.2))
    right.legend(loc="center right")
    for ax in (left, right):
        _powers(ax, (8, 64, 512))
    return Drawing(fig, ("$H$", "$P_1$", "$P_3$", "$P_4$", "$O = 1$", "$O = 100$", "$O = 10^4$"), rows)


def _powers(ax: Any, ticks: Sequence[int]) -> None:
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(ticks, [f"${tick}$" for tick in ticks])
    ax.xaxis.set_minor_formatter(NullFormatter())


def _numbers(arrays: Any) -> int:
    return sum(np.asarray(value).size for value in arrays)


@table
def comparison_costs() -> list[tuple[object, ...]]:
    """For D = 10 and H = 20: parameters under three conventions, multiply-adds, stored numbers, the state."""
    layers: dict[str, tuple[Any, counts.Counts]] = {
        "RNN": (RNN(10, 20), counts.rnn(10, 20)),
        "GRU": (GRU(10, 20, reset="before"), counts.gru(10, 20, reset="before")),
        "GRU*": (GRU(10, 20), counts.gru(10, 20)),
        "LSTM": (LSTM(10, 20), counts.lstm(10, 20)),
    }
    rows: list[tuple[object, ...]] = []
    for name, (layer, found) in layers.items():
        ours, keras = _numbers(layer.params.values()), _numbers(to_keras(layer).values())
        torch: object = "–" if name == "GRU" else _numbers(to_torch(layer).values())
        state = _numbers(layer.zero_state(1))
        rows.append((name, ours, torch, keras, found.products, found.elementwise, found.stored, state))
    return rows


@number
def comparison_models() -> dict[str, Any]:
    """Count the models of an experiment at equal size: 88 keys in and out, with and without the read-out."""
    sizes = {"gru": 46, "lstm": 36, "tanh": 100, "smaller": 80}
    found: dict[str, Any] = {}
    for name, H in sizes.items():
        layer = KINDS[{"tanh": "rnn", "smaller": "rnn"}.get(name, name)](88, H)
        whole = counts.stacked(layer, counts.linear(H, 88))
        found[name] = {"layer": layer.parameters, "whole": whole.parameters}
    found["more"] = found["tanh"]["whole"] / found["lstm"]["whole"]
    return found


BUDGET = 20_000


@table
def comparison_budget() -> list[tuple[object, ...]]:
    """Hidden sizes for one budget of parameters, without and with a read-out of 88 outputs, for 88 inputs."""
    rows = []
    for cell, kind in KINDS.items():
        row: list[object] = [NAMES[cell]]
        for O in (0, 88):

            def model(H: int, kind: Any = kind, O: int = O) -> counts.Counts:
                layer: counts.Counts = kind(88, H)
                return counts.stacked(layer, counts.linear(H, O)) if O else layer

            H = counts.hidden_size_for(BUDGET, model)
            row += [H, model(H).parameters]
        rows.append((*row, model(H).products))
    return rows


@number
def comparison_sizes() -> dict[str, Any]:
    """Other sizes of the text: a model of words, and what is stored for the way back."""
    word = {cell: kind(128, 256).parameters for cell, kind in KINDS.items()}
    read_out, embedding = counts.linear(256, 10_000).parameters, counts.embedding(10_000, 128).parameters
    stored = {cell: kind(28, 128).stored for cell, kind in KINDS.items()}
    return {
        "word": {**word, "rest": read_out + embedding},
        "whole": (word["lstm"] + read_out + embedding) / (word["rnn"] + read_out + embedding),
        "stored": stored,
        "kept": {cell: 4 * 100 * 32 * n / 1e6 for cell, n in stored.items()},  # MB in float32
    }


@number(digits=4)  # type: ignore[untyped-decorator]
def comparison_answers() -> dict[str, Any]:
    """What the exercises ask for: the widest LSTM within a budget, a coupled one, a stack of two layers."""
    root = (np.sqrt((4 * 65) ** 2 + 16 * 100_000) - 4 * 65) / 8
    width = int(root)
    coupled, whole = LSTMVariant(10, 20, coupled=True), LSTMCell(10, 20)
    stack = {cell: kind(10, 20).parameters + kind(20, 20).parameters for cell, kind in KINDS.items()}
    return {
        "root": float(root),
        "width": width,
        "below": counts.lstm(64, width).parameters,
        "above": counts.lstm(64, width + 1).parameters,
        "coupled": {"arrays": _numbers(coupled.params.values()), "stored": counts.of(coupled).stored},
        "uncoupled": {"arrays": _numbers(whole.params.values()), "stored": counts.of(whole).stored},
        "stack": stack,
    }


# --------------------------------------------------------------------------- time


@cache
def _times(dtype: str = "float32") -> dict[int, dict[str, dict[str, Any]]]:
    """Return the measured cases by hidden size and cell."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for case in MEASURED["time"]["cases"]:
        if case["dtype"] == dtype:
            found.setdefault(case["size"][3], {})[case["cell"]] = case
    return found


def _relative(H: int, cell: str, who: str, dtype: str = "float32") -> float:
    cases = _times(dtype)[H]
    return float(cases[cell][who] / cases["rnn"][who])


@figure()
def comparison_time() -> Drawing:
    """Measured time of a training step relative to the simple cell's, this package and PyTorch, against H."""
    fig, axes = plot(1, 2, width=6.4, height=2.5, sharey=True)
    H = list(_times())
    rows: list[list[object]] = [[h] for h in H]
    for ax, cell, line in zip(axes, ("gru", "lstm"), (3, 4), strict=True):
        for who, color, mark in (("ours", BLUE, "o-"), ("torch", VERMILION, "s--")):
            values = [_relative(h, cell, who) for h in H]
            ax.semilogx(H, values, mark, color=color, markersize=4)
            for row, value in zip(rows, values, strict=True):
                row.append(value)
        ax.axhline(line, color=GREY, linewidth=0.8, linestyle=":")
        ax.text(H[0], line + 0.08, f"${line}$", color=GREY, fontsize=10)
        _powers(ax, H)
        ax.set(xlabel="$H$", ylim=(0, 5.6))
    heads = ("$H$", "GRU", "GRU, PyTorch", "LSTM", "LSTM, PyTorch")
    return Drawing(fig, heads, rows)


@table
def comparison_torch() -> list[tuple[object, ...]]:
    """By size: microseconds of a step of the simple cell, and for each cell ours divided by PyTorch's time."""
    rows: list[tuple[object, ...]] = []
    for cases in _times().values():
        size = cases["rnn"]["size"]
        pace = 1e6 * cases["rnn"]["ours"] / size[0]
        ratios = [cases[cell]["ours"] / cases[cell]["torch"] for cell in KINDS]
        rows.append((", ".join(map(str, size)), pace, *ratios))
    return rows


@number
def comparison_clock() -> dict[str, Any]:
    """The extremes of the measured ratios, where they were measured, and the same in double precision."""
    found: dict[str, Any] = {}
    for cell in ("gru", "lstm"):
        for who in ("ours", "torch"):
            ratios = [_relative(H, cell, who) for H in _times()]
            found[f"{cell}-{who}"] = {"least": min(ratios), "most": max(ratios)}
    twice = [_relative(H, "lstm", "torch", "float64") for H in _times("float64")]
    cases = MEASURED["time"]["cases"]
    return {
        **found,
        "double": {"least": min(twice), "most": max(twice)},
        "cores": MEASURED["time"]["cores"],
        "rounds": {"least": min(c["rounds"] for c in cases), "most": max(c["rounds"] for c in cases)},
    }


# --------------------------------------------------------------------------- gradients at the start

LAGS, NETS, UNITS = 50, 50, 32


@cache
def _lag_norms() -> dict[str, Array]:
    """Return ‖∂/∂x_{T-n}‖ of a random direction of h_T, relative to lag 0, (nets, LAGS + 1), for each cell."""
    kinds: dict[str, Callable[..., Any]] = {
        "rnn": RNN,
        "gru": GRU,
        "gruone": partial(GRU, update_bias=1.0),
        "lstm": LSTM,
    }
    found = {}
    for place, (cell, kind) in enumerate(kinds.items()):
        rng = np.random.default_rng(place)
        layer = kind(8, UNITS, seeds=NETS, rng=rng)
        inputs, d_output = rng.normal(size=(LAGS + 1, NETS, 1, 8)), rng.normal(size=(NETS, 1, UNITS))
        norms = input_norms_by_lag(layer, inputs, None, d_output)[..., 0]
        found[cell] = (norms / norms[0]).T
    return found


@figure()
def comparison_lags() -> Drawing:
    """How much of a gradient arrives n steps before, at initialisation, for the three cells."""
    fig, ax = plot(width=5.6, height=2.8)
    n, columns = np.arange(0, LAGS + 1, 2), []
    for cell, line in (("rnn", ":"), ("lstm", "-"), ("gruone", "-."), ("gru", "--")):
        norms = _lag_norms()[cell][:, n]
        band(ax, n, norms, color=COLORS[cell], line=line, label=LABELS[cell])
        columns.append(np.median(norms, axis=0))
    ax.set(yscale="log", xlim=(0, LAGS), xlabel="$n$")
    ax.legend()
    rows = [(int(n[i]), *(float(c[i]) for c in columns)) for i in range(0, len(n), 5)]
    return Drawing(fig, ("$n$", "RNN", "LSTM", "GRU, $b_z = 1$", "GRU"), rows)


@number
def comparison_reach() -> dict[str, Any]:
    """What arrives after 50 steps at initialisation, and what the direct path alone would let pass."""
    found: dict[str, Any] = {"nets": NETS, "units": UNITS, "lags": LAGS}
    for cell, norms in _lag_norms().items():
        low, middle, high = np.quantile(norms[:, LAGS], [0.05, 0.5, 0.95])
        found[cell] = {"low": float(low), "median": float(middle), "high": float(high)}
    half, more = 0.5, float(sigmoid(np.array(1.0)))
    return {**found, "direct": {"half": half**LAGS, "more": more**LAGS, "gate": more}}


# --------------------------------------------------------------------------- counting

RISE = 30


@cache
def _counted() -> tuple[Array, Array]:
    """Return c_t of the counting LSTM and h_t of the leaky GRU while 30 ones and then 30 minus ones are read."""
    inputs = np.repeat([1.0, -1.0], RISE)
    lstm, gru = LSTMCell(1, 1), GRUCell(1, 1, update_bias=2.0)
    for name, value in lstm.params.items():
        value[...] = 50.0 if name in ("W_xc", "b_f", "b_i", "b_o") else 0.0
    for name, value in gru.params.items():
        if name != "b_z":
            value[...] = 50.0 if name == "W_xn" else 0.0
    state, inner, held, kept = lstm.zero_state(1), gru.zero_state(1), [0.0], [0.0]
    for x in inputs:
        state, _ = lstm.step(np.array([[x]]), state)
        inner, _ = gru.step(np.array([[x]]), inner)
        held.append(float(state[1][0, 0]))
        kept.append(float(inner[0][0, 0]))
    return np.array(held), np.array(kept)


@figure()
def comparison_counting() -> Drawing:
    """The cell of the LSTM and the state of the GRU while as many minus ones follow as there were ones."""
    held, kept = _counted()
    fig, (left, right) = plot(1, 2, width=6.2, height=2.3)
    t = np.arange(len(held))
    left.plot(t, held, color=BLUE)
    right.plot(t, kept, color=GREEN)
    for ax, label in ((left, "$c_t$"), (right, "$h_t$")):
        ax.axhline(0, color=GREY, linewidth=0.7)
        ax.axvline(RISE, color=GREY, linewidth=0.7, linestyle=":")
        ax.set(xlabel="$t$", ylabel=label, xlim=(0, 2 * RISE), xticks=(0, RISE, 2 * RISE))
    right.set(ylim=(-1.1, 1.1))
    rows = [(int(i), float(held[i]), float(kept[i])) for i in range(0, 2 * RISE + 1, 5)]
    return Drawing(fig, ("$t$", "$c_t$", "$h_t$"), rows)


@number
def comparison_counts() -> dict[str, Any]:
    """Where the counters end, where the GRU crosses zero, how close its steps come, and where a float stops."""
    held, kept = _counted()
    assert counting_cell.name  # the same weights as in the formula's context
    cell = LSTMCell(1, 1, dtype=np.float32)
    for name, value in cell.params.items():
        value[...] = 50.0 if name in ("W_xc", "b_f", "b_i", "b_o") else 0.0
    full = 2**24
    at = [np.float32(full - 1)]
    for _ in range(2):
        (_, c), _ = cell.step(np.ones((1, 1), np.float32), (np.zeros((1, 1), np.float32), at[-1].reshape(1, 1)))
        at.append(c[0, 0])
    assert int(at[1]) == int(at[2]) == full
    z = float(sigmoid(np.array(2.0)))
    return {
        "rise": RISE,
        "top": int(held.max()),
        "end": int(held[-1]),
        "gru": {"top": float(kept.max()), "end": float(kept[-1])},
        "crosses": int(np.argmax(kept[RISE:] < 0)),
        "keep": z,
        "step": {"ten": (1 - z) * z**9, "hundred": (1 - z) * z**99},  # of h_t from h_{t-1}
        "single": full,
    }


# --------------------------------------------------------------------------- training


def _solved(run: dict[str, Any]) -> list[int]:
    return sorted(u for u in run["solved"] if u is not None)


def _best(cell: str, length: int) -> dict[str, Any]:
    """Return the runs with the learning rate that solved most, of equal ones the fastest."""
    runs = [r for r in MEASURED["training"]["runs"] if (r["cell"], r["length"]) == (cell, length)]
    return max(runs, key=lambda r: (len(_solved(r)), -median(_solved(r) or [r["updates"]])))


@table
def comparison_trained() -> list[tuple[object, ...]]:
    """Temporal order at equal parameters: length, cell, H, rate, how many solved it, and when."""
    rows: list[tuple[object, ...]] = []
    for length in (20, 60):
        for cell, name in NAMES.items():
            run = _best(cell, length)
            when = _solved(run)
            spread = f"{round(median(when))}\u00a0({when[0]}–{when[-1]})" if when else "–"
            rows.append(
                (
                    length,
                    name,
                    run["hidden"],
                    f"{run['rate']:g}",
                    f"{len(when)}/{len(run['solved'])}",
                    spread,
                )
            )
    return rows


@number
def comparison_trials() -> dict[str, Any]:
    """The setting of that experiment, and how many of all runs solved the longer one, by cell and learning rate."""
    found: dict[str, Any] = {"seeds": MEASURED["training"]["seeds"], "batch": MEASURED["training"]["batch"]}
    for run in MEASURED["training"]["runs"]:
        found.setdefault("updates", {})[{20: "short", 60: "long"}[run["length"]]] = run["updates"]
        if run["length"] == 60:
            rate = {0.001: "slow", 0.003: "middle", 0.01: "fast"}[run["rate"]]
            found.setdefault(run["cell"], {})[rate] = len(_solved(run))
    return found
