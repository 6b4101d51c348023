"""Figures, tables and numbers of the chapter papers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rnn.tasks import delayed_average_baseline
from rnn.validate import Array
from scripts.experiments import Results, results
from scripts.figures import Drawing, figure, number, table
from scripts.figures.plot import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, band, plot

CHORALES = {"tanh": 9.10, "lstm": 8.67, "gru": 8.54}  # Chung et al. 2014, Table 2, test
CELLS = {"tanh": ("tanh", GREY, ":"), "lstm": ("LSTM", VERMILION, "--"), "gru": ("GRU", BLUE, "-")}
STEPS_OF_THE_CURVE = 3  # epochs between two looks, as in scripts.experiments.chorales
AHEAD = (1, 4, 7, *range(14, 161, 7))  # as in scripts.experiments.mackey_glass


def spread(values: Array, digits: int = 3) -> str:
    """Print the median and, in brackets, the smallest and the largest."""
    low, middle, high = (f"{v:.{digits}f}" for v in (values.min(), np.median(values), values.max()))
    return f"{middle} ({low}–{high})"


# --------------------------------------------------------------------------- two directions, or a delay


@figure()
def papers_delays() -> Drawing:
    """Draw the error against the delay, beside that of two directions and the least that is possible."""
    found = results("delays.json")
    one_way = {run.arm["delay"]: np.array(run.found["error"]) for run in found.where(directions=1)}
    both = found.of("error", directions=2, delay=0)
    delays = np.array(list(one_way))
    fig, ax = plot(width=4.8, height=2.5)
    band(ax, delays, np.log10(np.stack(list(one_way.values()), axis=1)), color=BLUE)
    band(ax, delays, np.log10(np.repeat(both[:, None], len(delays), axis=1)), color=VERMILION, line="--")
    known = np.arange(18)
    least = [delayed_average_baseline(int(n)) / delayed_average_baseline(-11) for n in known]
    ax.plot(known, np.log10(least), ":", color=GREY, linewidth=1.2)
    ax.set(xlabel="$n$", ylabel=r"$\log_{10}\,L$", xticks=delays)
    rows = [[int(n), float(np.median(errors)), float(np.median(both))] for n, errors in one_way.items()]
    return Drawing(fig, ("$n$", r"$\rightarrow$", r"$\rightleftarrows$"), rows)


@number(digits=2)
def papers_delayed() -> dict[str, Any]:
    """Measure the errors at some delays, and of two directions."""
    found = results("delays.json")
    one_way = {n: found.of("error", directions=1, delay=n) for n in found.arms("delay")}
    both = found.of("error", directions=2, delay=0)
    middle = {n: float(np.median(errors)) for n, errors in one_way.items()}
    best = min(middle, key=lambda n: middle[n])
    return {
        "nets": found.nets,
        "updates": found.arms("updates")[0],
        "zero": middle[0],
        "least": delayed_average_baseline(0) / delayed_average_baseline(-11),
        "best": {"delay": best, "error": middle[best]},
        "late": middle[30],
        "fifteen": {"least": float(found.of("least", directions=1, delay=15)[0]), "error": middle[15]},
        "both": float(np.median(both)),
        "one": found.where(directions=1)[0].found["parameters"],
        "two": found.where(directions=2)[0].found["parameters"],
    }


# --------------------------------------------------------------------------- structure in time


@figure()
def papers_xor() -> Drawing:
    """Draw the error of the next bit by step, with the gradient of one step and of all."""
    found = results("elman.json")
    fig, ax = plot(width=4.8, height=2.1)
    curves = {reach: found.of("curve", task="xor", reach=reach, hidden=8) for reach in (1, 0)}
    steps = np.arange(2, 2 + curves[0].shape[1])
    for (_, curve), (color, line) in zip(curves.items(), ((VERMILION, "--"), (BLUE, "-")), strict=True):
        band(ax, steps, curve, color=color, line=line)
    ax.axhline(0.25, color=GREY, linewidth=0.7, linestyle=":")
    ax.set(xlabel="$t$", ylabel="$L$", ylim=(-0.01, 0.3), xticks=steps)
    rows = [[int(t), *(float(np.median(curves[r][:, k])) for r in (1, 0))] for k, t in enumerate(steps)]
    return Drawing(fig, ("$t$", "$1$", r"$\infty$"), rows)


@figure()
def papers_letters() -> Drawing:
    """Draw the surprise at each letter of a stream."""
    found = results("elman.json")
    run, shown = found.where(task="letters", reach=0)[0].found, slice(10, 36)
    curve = found.of("curve", task="letters", reach=0)[:, shown]
    text, starts = run["text"][shown], run["starts"][shown]
    fig, ax = plot(width=5.2, height=2.2)
    steps = np.arange(curve.shape[1])
    for n in steps[np.array(starts)]:
        ax.axvline(n, color=GREY, linewidth=0.6, linestyle=":")
    band(ax, steps, curve, color=BLUE)
    ax.set(ylabel="$L$", ylim=(-0.1, None))
    ax.set_xticks(steps, list(text))
    ax.tick_params(axis="x", length=0)
    rows = [[text[n], float(np.median(curve[:, n]))] for n in steps]
    return Drawing(fig, ("$x_t$", "$L$"), rows)


@number(digits=3)
def papers_structure() -> dict[str, Any]:
    """Measure both tasks of 1990."""
    found = results("elman.json")
    xor = {
        name: np.median(found.of("by_place", task="xor", reach=reach, hidden=hidden), axis=0)
        for name, reach, hidden in (("full", 0, 8), ("one", 1, 8), ("two", 0, 2), ("elman", 1, 2))
    }
    letters = {
        name: np.median(found.of("by_place", task="letters", reach=reach), axis=0)
        for name, reach in (("full", 0), ("one", 1))
    }
    run = found.where(task="letters", reach=0)[0].found
    boundary = found.of("boundary", task="letters", reach=0)
    return {
        "nets": found.nets,
        "xor": {name: {"random": float(e[:2].mean()), "third": float(e[2])} for name, e in xor.items()},
        "letters": {
            name: {"first": float(e[0]), "second": float(e[1]), "third": float(e[2])} for name, e in letters.items()
        },
        "error": float(np.median(found.of("error", task="letters", reach=0))),
        "least": run["least"],
        "boundary": float(np.median(boundary)),
        "worst": float(boundary.min()),
    }


# --------------------------------------------------------------------------- chorales


def chosen(found: Results, cell: str, measured: str) -> Array:
    """Return what the networks of a cell measured with the rate that was better in validation."""
    return found.of(measured, cell=cell, rate=rate(found, cell), biased=True)


def rate(found: Results, cell: str) -> float:
    """Return that rate."""
    rates: list[float] = found.arms("rate")
    return min(rates, key=lambda r: float(np.median(found.of("valid", cell=cell, rate=r, biased=True))))


@table
def papers_chorales() -> Sequence[Sequence[object]]:
    """Cell, units, parameters, test loss, the paper's."""
    found = results("chorales.json")
    units = {"tanh": 80, "lstm": 36, "gru": 46}
    return [
        [
            name,
            units[cell],
            found.where(cell=cell)[0].found["parameters"],
            spread(chosen(found, cell, "test"), 2),
            f"{CHORALES[cell]:.2f}",
        ]
        for cell, (name, _, _) in CELLS.items()
    ]


@figure()
def papers_learning() -> Drawing:
    """Draw the validation loss of the three cells against the epochs."""
    found = results("chorales.json")
    fig, ax = plot(width=4.8, height=2.3)
    columns = []
    for cell, (name, color, line) in CELLS.items():
        curve = chosen(found, cell, "curve")
        epochs = STEPS_OF_THE_CURVE * np.arange(1, curve.shape[1] + 1)
        band(ax, epochs, curve, color=color, line=line, label=rf"$\{name}$" if cell == "tanh" else name)
        columns.append(np.median(curve, axis=0))
    ax.set(xlabel="$n$", ylabel="$L$", ylim=(8.4, 10.0))
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    return Drawing(fig, ("$n$", r"$\tanh$", "LSTM", "GRU"), list(zip(epochs, *columns, strict=True)))


@number(digits=3)
def papers_music() -> dict[str, Any]:
    """Measure what the text says of the chorales."""
    found = results("chorales.json")
    test = {cell: float(np.median(chosen(found, cell, "test"))) for cell in CELLS}
    return {
        "nets": found.nets,
        "epochs": found.arms("epochs")[0],
        "coin": 88 * float(np.log(2)),
        "alone": float(found.of("alone")[0]),
        "gap": test["tanh"] - test["gru"],
        "close": abs(test["lstm"] - test["gru"]),
        **{
            name: {cell: float(np.median(found.of("test", cell=cell, rate=3e-3, biased=b))) for cell in CELLS}
            for name, b in (("biased", True), ("unbiased", False))
        },
        "paper": {"gap": CHORALES["tanh"] - CHORALES["gru"], "close": CHORALES["lstm"] - CHORALES["gru"]},
        **test,
    }


# --------------------------------------------------------------------------- ablations


@figure()
def papers_ablations() -> Drawing:
    """Draw the test loss of each variant: median, and the range over the seeds."""
    found = results("ablations.json")
    variants = found.arms("variant")
    losses = {v: found.of("test", variant=v) for v in variants}
    order = sorted(variants, key=lambda v: float(np.median(losses[v])))
    fig, ax = plot(width=4.8, height=2.4)
    for place, variant in enumerate(order):
        color = BLUE if variant == "V" else VERMILION if variant in ("NFG", "NOAF") else GREY
        ax.plot([losses[variant].min(), losses[variant].max()], [place, place], color=color, linewidth=1.2)
        ax.plot(float(np.median(losses[variant])), place, "|", color=color, markersize=9, markeredgewidth=2)
    ax.set_yticks(range(len(order)), order)
    ax.set(xlabel="$L$", ylim=(len(order) - 0.5, -0.5))
    rows = [[v, float(losses[v].min()), float(np.median(losses[v])), float(losses[v].max())] for v in order]
    return Drawing(fig, ("LSTM", r"$\min L$", "$L$", r"$\max L$"), rows)


@number(digits=3)
def papers_ablated() -> dict[str, Any]:
    """Measure what the text says of the variants."""
    found = results("ablations.json")
    middle = {v.lower(): float(np.median(found.of("test", variant=v))) for v in found.arms("variant")}
    return {
        "seeds": len(found.where(variant="V")),
        "epochs": found.arms("epochs")[0],
        "units": found.arms("hidden")[0],
        "best": min(middle.values()),
        "rest": max(loss for v, loss in middle.items() if v not in ("nfg", "noaf")),
        "range": max(middle.values()) - min(middle.values()),
        "epoch": {v: int(np.median(found.of("best", variant=v.upper()))) for v in ("v", "nfg")},
        **middle,
    }


# --------------------------------------------------------------------------- sunspots


@table
def papers_sunspots() -> Sequence[Sequence[object]]:
    """Model, and its average relative variance in the years of fitting and in the two parts of the test."""
    found = results("sunspots.json")
    arm = found.where(hidden=8, decay="chosen")[0].found
    rows: list[list[object]] = [
        [name, *(f"{value:.3f}" for value in arm[key])]
        for name, key in (("persistence", "persistence"), ("AR(2)", "ar2"), ("AR(12)", "ar12"))
    ]
    for name, decay in ((r"RNN, $\lambda = 0$", "none"), (r"RNN, $\lambda > 0$", "chosen")):
        values = found.of("rnn", hidden=8, decay=decay)
        rows.append([name, *(spread(values[:, part]) for part in range(values.shape[1]))])
    return rows


@number
def papers_spots() -> dict[str, Any]:
    """Say how the networks of the sunspots were trained, and what other sizes give."""
    found = results("sunspots.json")
    sizes = {
        name: np.median(found.of("rnn", hidden=h, decay="chosen"), axis=0) for name, h in (("small", 4), ("large", 16))
    }
    return {
        "seeds": len(found.where(hidden=8, decay="chosen")),
        "updates": found.arms("epochs")[0],
        **{name: {"early": float(v[1]), "late": float(v[2])} for name, v in sizes.items()},
    }


# --------------------------------------------------------------------------- echo


@figure()
def papers_echo() -> Drawing:
    """Draw how the error of free runs grows, for reservoirs of several sizes and two rivals."""
    found = results("mackey_glass.json")
    fig, ax = plot(width=4.8, height=2.8)
    at = np.array(AHEAD)
    looks = {50: (GREY, ":"), 100: (PURPLE, "-."), 400: (ORANGE, "--"), 1000: (BLUE, "-")}
    columns = []
    for units, (color, line) in looks.items():
        curve = found.of("network", units=units, ridge=1e-12)
        band(ax, at, curve, color=color, line=line, label=f"${units}$")
        columns.append(np.median(curve, axis=0))
    formula = np.array(found.runs[0].found["formula"])
    ax.plot(at, formula, color=GREEN, linewidth=1, label="AR(24)")
    ax.axvline(84, color=GREY, linewidth=0.7, linestyle=":")
    ax.set(xlabel="$n$", ylabel=r"$\log_{10}\,E_n$")
    ax.legend(ncols=5, loc="lower center", bbox_to_anchor=(0.5, 1), columnspacing=1.0)
    rows = list(zip(at, *columns, formula, strict=True))
    return Drawing(fig, ("$n$", *(f"${units}$" for units in looks), "AR(24)"), rows)


@number(digits=2)
def papers_echoes() -> dict[str, Any]:
    """Measure the error at the 84th step."""
    found = results("mackey_glass.json")
    at = AHEAD.index(84)
    middle = {
        name: float(10 ** np.median(found.of("network", units=units, ridge=ridge)[:, at]))
        for name, units, ridge in (
            ("fifty", 50, 1e-12),
            ("hundred", 100, 1e-12),
            ("four", 400, 1e-12),
            ("thousand", 1000, 1e-12),
            ("ridge", 1000, 1e-8),
        )
    }
    return {
        "seeds": len(found.where(units=1000, ridge=1e-12)),
        "formula": float(10 ** found.runs[0].found["formula"][at]),
        "cost": float(np.median([run.cpu for run in found.where(units=1000)])),
        **middle,
    }


# --------------------------------------------------------------------------- source reversal


@number
def papers_published() -> dict[str, float]:
    """Return the perplexities of Sutskever et al. 2014 without turning the source round, and with it."""
    return {"before": 5.8, "after": 4.7}


@table
def papers_reversal() -> Sequence[Sequence[object]]:
    """Copying without attention: the share of strings without a mistake by length, in order and turned round."""
    found = results("seq2seq.json")
    rows = []
    for length in (6, 8, 10, 12):
        shares = [found.of("exact", task=task, attends=False)[:, length - 1] for task in ("copy", "reverse")]
        rows.append([length, *(f"{np.median(s):.2f} ({s.min():.2f}–{s.max():.2f})" for s in shares)])
    return rows
