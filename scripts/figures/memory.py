"""Figures, tables and numbers of the chapter memory: what the experiments on long memory have found."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from rnn.lstm import sigmoid
from rnn.tasks import ADDING_BASELINE
from rnn.validate import Array
from scripts.experiments import Results, results
from scripts.figures import Drawing, figure, number, table
from scripts.figures.plot import BLUE, GREEN, GREY, INK, PURPLE, VERMILION, band, plot

NAMES = {"tanh": r"$\tanh$", "irnn": "IRNN", "lstm": "LSTM", "gru": "GRU"}
COLORS = {"tanh": INK, "irnn": PURPLE, "lstm": BLUE, "gru": GREEN}
LINES = {"tanh": ":", "irnn": "-.", "lstm": "-", "gru": "--"}


def _many(solved: Array) -> str:
    """Say how many of all have got there."""
    return f"{int(np.isfinite(solved).sum())}/{len(solved)}"


def _when(solved: Array) -> object:
    """Return the median over all, those that did not get there counted as never; a dash if that is the median."""
    middle = float(np.median(solved))
    return round(middle) if np.isfinite(middle) else "–"


# --------------------------------------------------------------------------- a bit against noise

UNITS = {
    "tanh": (r"$\tanh(w\,h + x)$", VERMILION, "o-"),
    "linear": (r"$w\,h + x$", BLUE, "s--"),
    "gate": (r"$w\,h + (1-w)\,x$", GREEN, "D-"),
}


@figure()
def memory_latch() -> Drawing:
    """How often a unit keeps its sign against how much of the gradient comes back, one point for each weight."""
    found = results("latching.json")
    fig, ax = plot(width=5.4, height=2.8)
    rows: list[list[object]] = []
    for unit, (label, color, line) in UNITS.items():
        left, kept = (np.median(found.of(name, unit=unit), axis=0) for name in ("left", "kept"))
        ax.plot(left, kept, line, color=color, markersize=3.5, label=label)
        weights = found.of("weight", unit=unit)[0]
        rows += [[label, float(w), float(x), float(y)] for w, x, y in zip(weights, left, kept, strict=True)]
    ax.axhline(0.5, color=GREY, linewidth=0.7, linestyle=":")
    ax.set(xlabel=r"$\log_{10}\,|\partial h_{60}/\partial h_0|$", ylabel="$P(h_{60} > 0)$", ylim=(0.44, 1.04))
    ax.legend(loc="center left", bbox_to_anchor=(0.02, 0.5))
    return Drawing(fig, ("$h$", "$w$", r"$\log_{10}$", "$P$"), rows)


@number
def memory_latched() -> dict[str, Any]:
    """The unit that keeps best of each kind, and the tanh unit whose gradient is largest."""
    found = results("latching.json")
    numbers: dict[str, Any] = {}
    for unit in UNITS:
        left, kept = (np.median(found.of(name, unit=unit), axis=0) for name in ("left", "kept"))
        for name, at in (("keeps", int(np.argmax(kept))), ("passes", int(np.argmax(left)))):
            here = {
                "kept": 100 * float(kept[at]),
                "left": float(10 ** left[at]),
                "w": float(found.of("weight", unit=unit)[0, at]),
            }
            numbers.setdefault(unit, {})[name] = here
    return numbers


# --------------------------------------------------------------------------- the forget bias


@figure()
def memory_forget() -> Drawing:
    """The share of right answers while an LSTM learns to name the first of sixty symbols, by its forget bias."""
    found = results("forget.json")
    fig, ax = plot(width=5.4, height=2.7)
    styles = {0.0: (INK, ":"), 1.0: (VERMILION, "-."), 2.0: (GREEN, "--"), 4.0: (BLUE, "-")}
    columns = []
    for bias, (color, line) in styles.items():
        curve = found.of("curve", cell="lstm", bias=bias)
        n = np.linspace(20, found.where(cell="lstm")[0].arm["updates"], curve.shape[1])
        band(ax, n, curve, color=color, line=line, label=f"$b_f = {bias:g}$")
        columns.append(np.median(curve, axis=0))
    ax.axhline(0.25, color=GREY, linewidth=0.7, linestyle=":")
    ax.set(xlabel="$n$", ylabel="$P$", ylim=(0, 1.05), xlim=(0, n[-1]))
    ax.legend(loc=(0.74, 0.28))
    rows = [(round(float(n[i])), *(float(c[i]) for c in columns)) for i in range(0, len(n), 3)]
    return Drawing(fig, ("$n$", *(f"$b_f = {bias:g}$" for bias in styles)), rows)


@table
def memory_starts() -> list[tuple[object, ...]]:
    """By cell and bias: the gate at the start, how many nets got there, the median update, right answers at the end."""
    found = results("forget.json")
    rows: list[tuple[object, ...]] = []
    for run in found.runs:
        cell, bias = run.arm["cell"], run.arm["bias"]
        solved, end = (found.of(name, cell=cell, bias=bias) for name in ("solved", "end"))
        gate = f"{sigmoid(np.array(bias)):.4f}" if cell != "tanh" else "–"
        shown = f"{bias:g}".replace("-", "−") if cell != "tanh" else "–"
        rows.append((NAMES[cell], shown, gate, _many(solved), _when(solved), 100 * float(np.median(end))))
    return rows


@number
def memory_forgetting() -> dict[str, Any]:
    """How many networks got there, and within how many updates."""
    found = results("forget.json")
    numbers: dict[str, Any] = {"nets": len(found.of("end", cell="tanh")), "updates": found.runs[0].arm["updates"]}
    names = {-1.0: "below", 0.0: "zero", 1.0: "one", 2.0: "two", 4.0: "four", 8.0: "eight"}
    for run in found.runs:
        if run.arm["cell"] != "tanh":
            solved = found.of("solved", cell=run.arm["cell"], bias=run.arm["bias"])
            here = {"many": int(np.isfinite(solved).sum())}
            if np.isfinite(np.median(solved)):
                here["when"] = round(float(np.median(solved)))
            numbers.setdefault(run.arm["cell"], {})[names[run.arm["bias"]]] = here
    return numbers


# --------------------------------------------------------------------------- adding

LENGTHS = (50, 100, 200)


def _has(found: Results, cell: str, length: int) -> bool:
    """Tell whether a network was run at a length."""
    return any(run.arm["cell"] == cell and run.arm["length"] == length for run in found.runs)


def _curves(found: Results, **arm: Any) -> tuple[Array, Array]:
    """Return the updates and the test errors, those of a run that has stopped held at its last one."""
    runs = found.where(**arm)
    updates = runs[0].arm["updates"]
    n = np.arange(0, updates + 1, 100)
    curves = [one.found["curve"] for one in runs]
    return n, np.array([[*c, *(c[-1] for _ in range(len(n) - len(c)))] for c in curves])


@figure()
def memory_adding() -> Drawing:
    """The test error of the adding problem while four kinds of network learn it, for three lengths."""
    found = results("adding.json")
    fig, axes = plot(1, 3, width=6.6, height=2.5, sharey=True)
    rows: list[list[object]] = []
    for ax, length in zip(axes, LENGTHS, strict=True):
        columns: dict[str, Array] = {}
        for cell in NAMES:
            if not _has(found, cell, length):
                continue
            n, curves = _curves(found, cell=cell, length=length)
            every = slice(None, None, 2)
            band(ax, n[every], curves[:, every], color=COLORS[cell], line=LINES[cell], label=NAMES[cell])
            columns[cell] = np.median(curves, axis=0)
        ax.axhline(ADDING_BASELINE, color=GREY, linewidth=0.7, linestyle=":")
        ax.set(yscale="log", ylim=(0.004, 6), xlim=(0, n[-1]), xlabel="$n$", title=f"$T = {length}$")
        for i in range(0, len(n), 5):
            rows.append([length, int(n[i]), *(float(columns[c][i]) if c in columns else "–" for c in NAMES)])
    axes[0].set(ylabel="$L$")
    axes[2].legend(*axes[0].get_legend_handles_labels(), loc="upper right")
    return Drawing(fig, ("$T$", "$n$", *NAMES.values()), rows)


@table
def memory_added() -> list[tuple[object, ...]]:
    """By length and cell: the budget, how many of the seeds got below 0.01, when, in sequences, and the last error."""
    found = results("adding.json")
    rows: list[tuple[object, ...]] = []
    for length in LENGTHS:
        for cell in [name for name in NAMES if _has(found, name, length)]:
            arm = found.where(cell=cell, length=length)[0].arm
            solved, best = (found.of(name, cell=cell, length=length) for name in ("solved", "best"))
            when = _when(solved)
            seen: object = when * arm["batch"] if isinstance(when, int) else "–"
            rows.append((length, NAMES[cell], arm["updates"], _many(solved), when, seen, float(np.median(best))))
    return rows


@number
def memory_sums() -> dict[str, Any]:
    """Who got there at which length, and after how many updates."""
    found = results("adding.json")
    numbers: dict[str, Any] = {"seeds": len(found.where(cell="gru", length=50)), "baseline": ADDING_BASELINE}
    for length, name in zip(LENGTHS, ("short", "middle", "long"), strict=True):
        for cell in [name for name in NAMES if _has(found, name, length)]:
            solved, best = (found.of(what, cell=cell, length=length) for what in ("solved", "best"))
            here: dict[str, Any] = {"many": int(np.isfinite(solved).sum()), "best": float(np.median(best))}
            if np.isfinite(np.median(solved)):
                here["when"] = round(float(np.median(solved)))
            numbers.setdefault(cell, {})[name] = here
    return numbers


@figure()
def memory_reach() -> Drawing:
    """How much of the gradient for the answer comes back n steps, before training and after it, at T = 50."""
    found = results("adding.json")
    fig, axes = plot(1, 2, width=6.4, height=2.6, sharey=True)
    columns: list[Array] = []
    for ax, when in zip(axes, ("before", "after"), strict=True):
        for cell in NAMES:
            norms = found.of(when, cell=cell, length=50)
            n = 2 * np.arange(norms.shape[1])
            band(ax, n, norms, color=COLORS[cell], line=LINES[cell], label=NAMES[cell])
            columns.append(np.median(norms, axis=0))
        ax.set(xlabel="$n$", xlim=(0, n[-1]))
    axes[0].set(ylabel=r"$\log_{10}\,\|\delta_{T-n}\|/\|\delta_T\|$")
    axes[0].legend(loc="lower left")
    rows = [(int(n[i]), *(float(c[i]) for c in columns)) for i in range(0, len(n), 2)]
    return Drawing(fig, ("$n$", *NAMES.values(), *NAMES.values()), rows)


@number
def memory_reached() -> dict[str, Any]:
    """What comes back from the answer to the start, before and after training, at T = 50."""
    found = results("adding.json")
    lost = {
        when: float(10 ** np.median(found.of(when, cell="tanh", length=100)[:, -1])) for when in ("before", "after")
    }
    return {"lost": lost} | {
        cell: {
            when: float(10 ** np.median(found.of(when, cell=cell, length=50)[:, -1])) for when in ("before", "after")
        }
        for cell in NAMES
    }


# --------------------------------------------------------------------------- temporal order

METHODS = {"sgd": ("SGD", INK, ":"), "clip": ("SGD-C", VERMILION, "--"), "penalty": ("SGD-CR", BLUE, "-")}


@figure()
def memory_order() -> Drawing:
    """The share of ten networks that have learned temporal order after n updates, for three ways of descending."""
    found = results("temporal_order.json")
    fig, axes = plot(1, 2, width=6.4, height=2.4, sharey=True)
    rows: list[list[object]] = []
    for ax, length in zip(axes, (20, 30), strict=True):
        budget = found.where(length=length)[0].arm["updates"]
        n, columns = np.linspace(0, budget, 31), []
        for method, (label, color, line) in METHODS.items():
            solved = found.of("solved", method=method, length=length)
            share = (solved[:, np.newaxis] <= n).mean(axis=0)
            ax.plot(n, share, line, color=color, label=label, drawstyle="steps-post")
            columns.append(share)
        ax.set(xlabel="$n$", xlim=(0, budget), ylim=(-0.04, 1.06), title=f"$L = {length}$")
        rows += [[length, round(float(n[i])), *(float(c[i]) for c in columns)] for i in range(0, 31, 3)]
    axes[1].legend(loc="center right")
    return Drawing(fig, ("$L$", "$n$", *(label for label, *_ in METHODS.values())), rows)


@table
def memory_descents() -> list[tuple[object, ...]]:
    """By length and method: the budget, how many of ten networks got there, the median update, the best share."""
    found = results("temporal_order.json")
    rows: list[tuple[object, ...]] = []
    for run in found.runs:
        length, method = run.arm["length"], run.arm["method"]
        solved, best = (found.of(name, length=length, method=method) for name in ("solved", "best"))
        row = (length, METHODS[method][0], run.arm["updates"], _many(solved), _when(solved))
        rows.append((*row, 100 * float(np.median(best))))
    return rows


@number
def memory_ordered() -> dict[str, Any]:
    """How many of the ten got there."""
    found = results("temporal_order.json")
    return {
        method: {
            **{
                name: int(np.isfinite(found.of("solved", length=length, method=method)).sum())
                for name, length in (("short", 20), ("long", 30))
            },
            "early": int((found.of("solved", length=20, method=method) <= 1000).sum()),
        }
        for method in METHODS
    } | {
        "nets": len(found.of("solved", length=20, method="sgd")),
        "stuck": 100 * float(np.median(_of_the_others(found, length=20, method="sgd"))),
        "updates": {
            name: found.where(length=length)[0].arm["updates"] for name, length in (("short", 20), ("long", 30))
        },
    }


def _of_the_others(found: Results, **arm: Any) -> Array:
    """Return the best shares of right answers of the networks that have not learned it."""
    best: Array = found.of("best", **arm)[~np.isfinite(found.of("solved", **arm))]
    return best


PAPER_SIX = {"sequences": 31_390, "wrong": 1, "of": 2560}  # Hochreiter & Schmidhuber 1997, table 9


@table
def memory_six() -> list[tuple[object, ...]]:
    """Task 6a: cell, the gate's bias, how many might stop, after how many sequences, mistakes on new ones."""
    found = results("order_six.json")
    rows: list[tuple[object, ...]] = []
    for run in found.runs:
        cell, bias = run.arm["cell"], run.arm["bias"]
        stopped, wrong = (found.of(name, cell=cell, bias=bias) for name in ("stopped", "mistakes"))
        known = wrong[np.isfinite(wrong)]
        mistakes = f"{int(known.min())}–{int(known.max())}" if len(known) else "–"
        shown = f"{bias:g}" if cell != "tanh" else "–"
        rows.append((NAMES[cell], shown, _many(stopped), _when(stopped), mistakes))
    return [*rows, ("LSTM, 1997", "–", "–", PAPER_SIX["sequences"], str(PAPER_SIX["wrong"]))]


@number
def memory_sixth() -> dict[str, Any]:
    """The medians of task 6a, and the paper's number."""
    found = results("order_six.json")
    numbers: dict[str, Any] = {"paper": PAPER_SIX, "budget": found.runs[0].arm["sequences"], "nets": 5}
    for name, arm in (("four", ("lstm", 4.0)), ("one", ("lstm", 1.0)), ("gru", ("gru", 2.0)), ("tanh", ("tanh", 0.0))):
        stopped = found.of("stopped", cell=arm[0], bias=arm[1])
        numbers[name] = {"many": int(np.isfinite(stopped).sum())}
        if np.isfinite(np.median(stopped)):
            numbers[name]["when"] = round(float(np.median(stopped)))
    return numbers


# --------------------------------------------------------------------------- the grammar

KINDS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "lstm": ({"cell": "lstm"}, "LSTM", BLUE, "-"),
    "gru": ({"cell": "gru"}, "GRU", GREEN, "--"),
    "whole": ({"cell": "tanh", "cut": False}, r"$\tanh$", INK, ":"),
    "cut": ({"cell": "tanh", "cut": True}, r"$\tanh,\ \delta_{t-1} = 0$", VERMILION, "-."),
}


@figure()
def memory_reber() -> Drawing:
    """The share of networks that have learned the embedded Reber grammar after so many strings."""
    found = results("reber.json")
    fig, ax = plot(width=5.4, height=2.6)
    budget = found.runs[0].arm["sequences"]
    n, columns = np.linspace(0, budget, 41), []
    for arm, label, color, line in KINDS.values():
        share = (found.of("solved", **arm)[:, np.newaxis] <= n).mean(axis=0)
        ax.plot(n, share, line, color=color, label=label, drawstyle="steps-post")
        columns.append(share)
    ax.set(xlabel="$n$", ylim=(-0.04, 1.06), xlim=(0, budget))
    ax.set_xticks([0, budget // 2, budget])
    ax.legend(loc="center right")
    rows = [(round(float(n[i])), *(float(c[i]) for c in columns)) for i in range(0, 41, 4)]
    return Drawing(fig, ("$n$", *(label for _, label, *_ in KINDS.values())), rows)


@table
def memory_grammar() -> list[tuple[object, ...]]:
    """By network: units, how many learned the grammar, the mean number of strings of those that did; then the paper."""
    found = results("reber.json")
    rows: list[tuple[object, ...]] = []
    for arm, label, *_ in KINDS.values():
        solved, legal = found.of("solved", **arm), found.of("legal", **arm)
        there = solved[np.isfinite(solved)]
        mean: object = round(float(there.mean())) if len(there) else "–"
        hidden = found.where(**arm)[0].arm["hidden"]
        rows.append((label, hidden, 100 * len(there) / len(solved), mean, 100 * float(np.median(legal))))
    return rows


@number
def memory_rules() -> dict[str, Any]:
    """How many learned the grammar, after how many strings on average, and the share of strings that were right."""
    found = results("reber.json")
    numbers: dict[str, Any] = {"nets": 15, "budget": found.runs[0].arm["sequences"]}
    for name, (arm, *_) in KINDS.items():
        solved = found.of("solved", **arm)
        there = solved[np.isfinite(solved)]
        numbers[name] = {"many": len(there), "legal": 100 * float(np.median(found.of("legal", **arm)))}
        if len(there):
            numbers[name]["mean"] = round(float(there.mean()))
    return numbers


# --------------------------------------------------------------------------- copying

STARTS = {
    "orthogonal": ("$W_{hh}^\\top W_{hh} = I$", VERMILION, "-"),
    "identity": ("$W_{hh} = I$", PURPLE, "-."),
    "tanh": (r"$\tanh$", INK, ":"),
    "gru": ("GRU", GREEN, "--"),
    "lstm": ("LSTM", BLUE, "-"),
}


@figure()
def memory_copying() -> Drawing:
    """The share of symbols that are repeated correctly after n updates, for two delays."""
    found = results("copying.json")
    fig, axes = plot(1, 2, width=6.4, height=2.6, sharey=True)
    rows: list[list[object]] = []
    for ax, delay in zip(axes, (20, 100), strict=True):
        columns: dict[str, Array] = {}
        for start, (label, color, line) in STARTS.items():
            if not any(run.arm["start"] == start and run.arm["delay"] == delay for run in found.runs):
                continue
            curve = found.of("curve", start=start, delay=delay)
            n = np.linspace(0, found.where(start=start, delay=delay)[0].arm["updates"], curve.shape[1])
            band(ax, n, curve, color=color, line=line, label=label)
            columns[start] = np.median(curve, axis=0)
        ax.axhline(1 / 8, color=GREY, linewidth=0.7, linestyle=":")
        ax.set(xlabel="$n$", xlim=(0, n[-1]), ylim=(0, 1.05), title=f"$T = {delay}$")
        for i in range(0, len(n), 5):
            rows.append([delay, round(float(n[i])), *(float(columns[s][i]) if s in columns else "–" for s in STARTS)])
    axes[0].set(ylabel="$P$")
    axes[1].legend(*axes[0].get_legend_handles_labels(), loc=(0.52, 0.29))
    return Drawing(fig, ("$T$", "$n$", *(label for label, *_ in STARTS.values())), rows)


@table
def memory_copied() -> list[tuple[object, ...]]:
    """By delay and start: the updates, the cross-entropy at the end, the baseline, the share of right symbols."""
    found = results("copying.json")
    rows: list[tuple[object, ...]] = []
    for run in found.runs:
        start, delay = run.arm["start"], run.arm["delay"]
        if run.seed == 0 and start != "built":
            loss, right, base = (
                float(np.median(found.of(k, start=start, delay=delay))) for k in ("loss", "right", "baseline")
            )
            rows.append((delay, STARTS[start][0], run.arm["updates"], loss, base, 100 * right))
    return rows


def _bag(length: int, kinds: int = 8) -> float:
    """Return the share of right guesses of one who knows how many symbols of each kind there were, but no order.

    The best guess is the most frequent kind each time.  Of K^S strings those without a kind that comes more than m
    times are counted by S! times the coefficient of x^S in (1 + x + … + x^m / m!)^K.
    """
    most = Fraction(0)
    for m in range(length):
        few = [Fraction(1, math.factorial(j)) for j in range(m + 1)]
        power = [Fraction(1)] + [Fraction(0)] * length
        for _ in range(kinds):
            power = [sum((power[i - j] * few[j] for j in range(min(i, m) + 1)), Fraction(0)) for i in range(length + 1)]
        most += 1 - power[length] * math.factorial(length) / kinds**length
    return float(most) / length


@number
def memory_copies() -> dict[str, Any]:
    """The medians of the text, and what the weights that are written down get right."""
    found = results("copying.json")
    numbers: dict[str, Any] = {"built": {"right": 100 * float(found.of("right", start="built").min())}}
    for name, delay in (("short", 20), ("long", 100)):
        for start in STARTS:
            if any(run.arm["start"] == start and run.arm["delay"] == delay for run in found.runs):
                loss, right = (float(np.median(found.of(k, start=start, delay=delay))) for k in ("loss", "right"))
                numbers.setdefault(start, {})[name] = {"loss": loss, "right": 100 * right}
        numbers.setdefault("bag", {})[name] = 100 * _bag(found.where(delay=delay)[0].arm["length"])
        numbers.setdefault("baseline", {})[name] = float(found.of("baseline", start="orthogonal", delay=delay)[0])
    return numbers
