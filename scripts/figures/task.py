"""Figures, tables and numbers of the chapter *task*: the assignment's sequences, free runs, and the length."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.ticker import NullFormatter, NullLocator

from rnn.data import generate_sequence_data
from rnn.layers import RNN
from rnn.text import windows
from rnn.train import autoregression, fit_autoregression
from rnn.validate import Array
from scripts.experiments import Results, results
from scripts.experiments.damping import DAMPING, PERIOD
from scripts.experiments.lengths import CELLS, LENGTHS, RATES
from scripts.experiments.rollout import HORIZONS, SEEN
from scripts.experiments.sequences import KINDS, RIVALS, WINDOW
from scripts.figures import Drawing, figure, number
from scripts.figures.plot import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION, band, plot

# --------------------------------------------------------------------------- three sequences, one network

OMEGA, DECAY, LONG = 0.7, 0.1, 400
WRITERS: dict[str, tuple[float, float]] = {  # a and b
    "fibonacci": (1.0, 1.0),
    "sine": (2 * np.cos(OMEGA), -1.0),
    "damped": (2 * np.exp(-DECAY) * np.cos(OMEGA), -np.exp(-2 * DECAY)),
}
LOOKS = {"fibonacci": (VERMILION, "s", "--"), "sine": (BLUE, "o", "-"), "damped": (GREEN, "^", "-.")}


def _matrix(kind: str) -> Array:
    a, b = WRITERS[kind]
    return np.array([[a, b], [1.0, 0.0]])


@cache
def _written(kind: str) -> tuple[Array, Array]:
    """Return what the linear network with weights set by hand writes, (T, 2) states, and the sequence itself."""
    length = 80 if kind == "fibonacci" else LONG
    options: dict[str, Any] = {} if kind == "fibonacci" else {"omega": OMEGA}
    if kind == "damped":
        options["decay"] = DECAY
    values = generate_sequence_data(kind, length + 1, **options)
    net = RNN(1, 2, nonlinearity="identity")
    net.params["W_hh"][...], net.params["b_h"][...] = _matrix(kind).T, 0
    states, _ = net.forward(np.zeros((length - 1, 1, 1)), (values[[1, 0]][np.newaxis],))
    return states[:, 0], values


@figure()
def task_roots() -> Drawing:
    """Draw the eigenvalues of the three networks beside the unit circle, and how long their states become."""
    fig, (left, right) = plot(1, 2, width=5.6, height=2.5)
    circle = np.linspace(0, 2 * np.pi, 49)
    left.plot(np.cos(circle), np.sin(circle), color=GREY, linewidth=0.8)
    rows: list[tuple[object, ...]] = []
    for kind, (color, mark, line) in LOOKS.items():
        values = np.linalg.eigvals(_matrix(kind))
        left.plot(values.real, values.imag, mark, color=color, markersize=5)
        norms = np.linalg.norm(_written(kind)[0][:60], axis=1)
        right.semilogy(np.arange(1, len(norms) + 1), norms, line, color=color)
        a, b = WRITERS[kind]
        rows.append((a, b, float(np.abs(values).max()), *(float(norms[t - 1]) for t in (10, 30, 50))))
    left.set(xlim=(-1.2, 1.8), ylim=(-1.2, 1.2), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    left.set(xlabel=r"$\mathrm{Re}\,\mu$", ylabel=r"$\mathrm{Im}\,\mu$", aspect="equal")
    right.set(
        xlabel="$t$", ylabel=r"$\Vert h_t\Vert$", xlim=(0, 60), ylim=(1e-4, 1e12), yticks=[1e-4, 1, 1e4, 1e8, 1e12]
    )
    right.yaxis.set_minor_locator(NullLocator())
    heads = ("$a$", "$b$", r"$\rho$", r"$\Vert h_{10}\Vert$", r"$\Vert h_{30}\Vert$", r"$\Vert h_{50}\Vert$")
    return Drawing(fig, heads, rows)


@number
def task_exact() -> dict[str, Any]:
    """How far those networks are from the sequences in the end, relative to the largest value of each."""
    found: dict[str, Any] = {"steps": LONG, "fewer": 80}
    for kind in WRITERS:
        states, values = _written(kind)
        found[kind] = float(np.abs(states[:, 1] - values[1:-1]).max() / np.abs(values).max())
    return found


# --------------------------------------------------------------------------- the whole task in one call

SHORT = {"rnn": "rnn", "persistence": "persistence", "AR(2)": "two", "AR(12)": "twelve", "mean": "mean"}


def _sequences() -> Results:
    return results("sequences.json")


def _middle(measured: str, kind: str, rival: str) -> Array:
    """Return the median over the seeds."""
    return np.asarray(np.median(_sequences().of(measured, kind=kind)[:, RIVALS.index(rival)], axis=0))


@number
def task_errors() -> dict[str, Any]:
    """The error of each method one step ahead on the test part, by kind of sequence."""
    found: dict[str, Any] = {"seeds": len(_sequences().where(kind="sine")), "window": WINDOW}
    for kind in KINDS:
        found[kind] = {SHORT[rival]: float(_middle("test", kind, rival)) for rival in RIVALS}
        rnn = _sequences().of("test", kind=kind)[:, 0]
        found[kind] |= {"least": float(rnn.min()), "most": float(rnn.max())}
    found["times"] = found["sine"]["persistence"] / found["sine"]["rnn"]
    return found


@number
def task_remainders() -> dict[str, Any]:
    """Of the remainders, which share is right after rounding; and where they repeat."""
    found: dict[str, Any] = {}
    for kind in ("modulo3", "modulo10"):
        right = _sequences().of("right", kind=kind)
        found[kind] = {SHORT[rival]: float(np.median(100 * right[:, RIVALS.index(rival)])) for rival in RIVALS}
        found[kind] |= {"least": float(100 * right[:, 0].min())}
        values = generate_sequence_data(length=400, **KINDS[kind])
        period = next(n for n in range(1, 100) if np.array_equal(values[n:], values[:-n]))
        weights = fit_autoregression(values[:320], period)
        past, truth = windows(values, period)
        errors = autoregression(weights, past)[-80:] - truth[-80:]
        found[kind] |= {"period": period, "whole": float(np.abs(errors).max())}
    return found


@number
def task_forms() -> dict[str, Any]:
    """Where the ratio stops changing, and how far outside of the training range the other forms are tested."""
    ratio = generate_sequence_data("fibonacci", 100, form="ratio")
    found: dict[str, Any] = {"constant": 1 + int(np.flatnonzero(ratio != ratio[-1])[-1]) + 1}
    for form in ("raw", "log"):
        values = generate_sequence_data("fibonacci", 60, form=form)
        found[form] = float(values[-1] / values[:48].max())
    return found


@figure()
def task_fibonacci() -> Drawing:
    """Draw the free run through raw Fibonacci numbers, and the error of five cells beyond the numbers seen."""
    fig, (left, right) = plot(1, 2, width=6.0, height=2.6)
    numbers = generate_sequence_data("fibonacci", 60)
    n = np.arange(49, 61)
    left.semilogy(np.arange(37, 61), numbers[36:], color=GREY, linewidth=1)
    paths = _sequences().of("path", kind="raw")
    left.semilogy(n, np.median(paths[:, RIVALS.index("AR(2)")], axis=0), "o", color=GREEN, markersize=3)
    band(left, n, np.maximum(paths[:, 0], 1), color=BLUE)
    left.axvline(48.5, color=GREY, linewidth=0.7, linestyle=":")
    left.set(xlabel="$n$", ylabel="$F_n$", xlim=(37, 60), ylim=(1e7, 1e13), yticks=[1e8, 1e10, 1e12])
    left.yaxis.set_minor_locator(NullLocator())
    runs, places, columns = results("rollout.json"), np.arange(13, 61, 2), []
    for cell, color, line in (
        ("linear", GREY, "-"),
        ("tanh", BLUE, "-"),
        ("irnn", ORANGE, ":"),
        ("lstm", VERMILION, "--"),
        ("gru", GREEN, "-."),
    ):
        errors = runs.of("error", kind="fibonacci", cell=cell)[:, places - 13]
        band(right, places, errors, color=color, line=line)
        columns.append(np.median(errors, axis=0))
    right.axvline(SEEN + 0.5, color=GREY, linewidth=0.7, linestyle=":")
    right.set(xlabel="$n$", ylabel=r"$\vert y_n-F_n\vert\,/\,F_n$", xlim=(13, 60), ylim=(0, 1.02))
    rows = [(int(p), *(float(c[i]) for c in columns)) for i, p in enumerate(places) if i % 2 == 0]
    return Drawing(fig, ("$n$", "linear", "tanh", "ReLU", "LSTM", "GRU"), rows)


@number
def task_beyond() -> dict[str, Any]:
    """The relative errors of the cells on Fibonacci numbers, in per cent: inside, just outside, far outside; alone."""
    runs = results("rollout.json")
    found: dict[str, Any] = {}
    for cell in ("linear", "tanh", "irnn", "lstm", "gru"):
        errors, free = (100 * np.median(runs.of(m, kind="fibonacci", cell=cell), axis=0) for m in ("error", "free"))
        found[cell] = {
            "inside": float(errors[: SEEN - 12].max()),
            "ten": float(errors[SEEN + 10 - 13]),
            "far": float(errors[-1]),
            "free": float(free[9]),
        }
    found["worst"] = max(one["inside"] for one in found.values())
    return {**found, "nets": len(runs.of("loss", kind="fibonacci", cell="tanh")), "seen": SEEN}


# --------------------------------------------------------------------------- on its own


@figure()
def task_free() -> Drawing:
    """Draw the error of free runs against the horizon for four sequences."""
    fig, axes = plot(2, 2, width=5.8, height=4.2, sharex=True)
    rows: list[list[object]] = []
    for ax, kind, title in zip(axes.flat, ("sine", "damped", "noisy", "sines"), "abcd", strict=True):
        steps = np.array(_sequences().where(kind=kind)[0].found["steps"])
        for rival, color, line in (
            ("persistence", GREY, ":"),
            ("mean", PURPLE, (0, (6, 1.5))),
            ("AR(2)", GREEN, "-."),
            ("AR(12)", VERMILION, "--"),
        ):
            ax.plot(steps, _middle("free", kind, rival), color=color, linestyle=line)
        band(ax, steps, _sequences().of("free", kind=kind)[:, 0], color=BLUE)
        ax.set(xlim=(1, 40), ylim=(0, None), xticks=[1, 10, 20, 30, 40])
        ax.text(0.03, 0.97, rf"$(\mathrm{{{title}}})$", transform=ax.transAxes, va="top", color=GREY)
        for step in (1, 10, 20, 40):
            at = int(np.flatnonzero(steps == step)[0])
            rows.append([title, step, *(float(_middle("free", kind, rival)[at]) for rival in RIVALS)])
    for ax in axes[1]:
        ax.set_xlabel("$n$")
    for ax in axes[:, 0]:
        ax.set_ylabel("RMSE")
    return Drawing(fig, ("(·)", "$n$", "$h_t$", "$x_t$", "AR(2)", "AR(12)", r"$\bar{x}$"), rows)


@number
def task_rollout() -> dict[str, Any]:
    """The free run of four cells through a sine: errors by horizon."""
    runs, found = results("rollout.json"), {}
    for cell in ("linear", "tanh", "lstm", "gru"):
        errors = np.median(runs.of("error", kind="sine", cell=cell), axis=0)
        found[cell] = {
            word: float(errors[HORIZONS.index(n)])
            for word, n in (("one", 1), ("ten", 10), ("fifty", 50), ("hundred", 100), ("last", 200))
        }
    return found


@number(digits=4)
def task_kept() -> dict[str, float]:
    """The height of the wave at the end of that run, relative to the true one."""
    runs = results("rollout.json")
    return {
        cell: float(np.median(runs.of("height", kind="sine", cell=cell))) for cell in ("linear", "tanh", "lstm", "gru")
    }


@number
def task_damped() -> dict[str, Any]:
    """The free run through the damped sine, forty steps on."""
    return {SHORT[rival]: float(_middle("free", "damped", rival)[-1]) for rival in RIVALS}


@figure()
def task_damping() -> Drawing:
    """Draw the height of the wave in the free run through a damped sine, by weight decay, beside the true one."""
    fig, ax = plot(width=5.2, height=2.6)
    runs = results("damping.json")
    n = PERIOD * np.arange(len(runs.runs[0].found["heights"])) + PERIOD / 2
    true = np.exp(-DAMPING * (320 + n))
    ax.plot(n, true, color=GREY, linewidth=1)
    columns = []
    for decay, color, line in ((0.0, BLUE, "-"), (0.001, GREEN, "-."), (0.01, ORANGE, ":"), (0.1, VERMILION, "--")):
        heights = runs.of("heights", decay=decay)
        band(ax, n, heights, color=color, line=line, label=rf"${decay:g}$")
        columns.append(np.median(heights, axis=0))
    ax.set(xlabel="$n$", xlim=(0, n[-1]), ylim=(0, 1))
    ax.legend(ncols=2, loc="upper left")
    rows = [(float(at), float(true[i]), *(float(c[i]) for c in columns)) for i, at in enumerate(n)]
    heads = ("$n$", "$A_n$", *(f"${decay:g}$" for decay in (0, 0.001, 0.01, 0.1)))
    return Drawing(fig, heads, rows)


@number
def task_heights() -> dict[str, Any]:
    """The heights in the end, and the errors one step ahead, by weight decay."""
    runs, found = results("damping.json"), {}
    for word, decay in (("none", 0.0), ("little", 0.001), ("more", 0.01), ("much", 0.1)):
        heights = runs.of("heights", decay=decay)[:, -1]
        found[word] = {
            "last": float(np.median(heights)),
            "least": float(heights.min()),
            "most": float(heights.max()),
            "error": float(np.median(runs.of("error", decay=decay))),
        }
    steps = PERIOD * (len(runs.runs[0].found["heights"]) - 0.5)
    return {**found, "true": float(np.exp(-DAMPING * (320 + steps))), "seeds": len(runs.where(decay=0.0))}


# --------------------------------------------------------------------------- the length

STYLES = {"tanh": (BLUE, "-"), "irnn": (ORANGE, ":"), "lstm": (VERMILION, "--"), "gru": (GREEN, "-.")}


def _lengths() -> Results:
    return results("lengths.json")


@figure()
def task_lengths() -> Drawing:
    """Draw the error that is left against the length, for four tasks and four cells."""
    fig, axes = plot(2, 2, width=5.8, height=4.4)
    rows: list[tuple[object, ...]] = []
    for ax, task, title in zip(axes.flat, LENGTHS, "abcd", strict=True):
        lengths = np.array(LENGTHS[task])
        for cell, (color, line) in STYLES.items():
            errors = np.column_stack([_lengths().of("error", task=task, cell=cell, length=int(n)) for n in lengths])
            band(ax, lengths, errors, color=color, line=line)
        if task == "sine":
            formula = [np.median(_lengths().of("error", task=task, cell="formula", length=int(n))) for n in lengths]
            ax.plot(lengths, formula, ":", color=GREY)
        ax.set(xscale="log", xlim=(lengths[0], lengths[-1]), ylim=(0, 0.5 if task == "sine" else 1.12))
        ax.set_xticks(lengths, [f"${n}$" for n in lengths])
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.text(0.03, 0.97, rf"$(\mathrm{{{title}}})$", transform=ax.transAxes, va="top", color=GREY)
        for n in lengths:
            middles = (np.median(_lengths().of("error", task=task, cell=cell, length=int(n))) for cell in CELLS)
            rows.append((title, int(n), *map(float, middles)))
    for ax in axes[1]:
        ax.set_xlabel("$T$")
    return Drawing(fig, ("(·)", "$T$", "tanh", "IRNN", "LSTM", "GRU"), rows)


WORDS = {2: "two", 4: "four", 8: "eight", 10: "ten", 16: "sixteen", 20: "twenty", 32: "last", 40: "forty", 80: "last"}


@number
def task_left() -> dict[str, Any]:
    """What is left of the error, by task, cell and length; how many nets have learned it, and when."""
    found: dict[str, Any] = {"nets": len(_lengths().of("error", task="echo", cell="gru", length=2))}
    found["updates"] = _lengths().where(task="echo", cell="gru")[0].arm["updates"]
    for task, lengths in LENGTHS.items():
        for cell in (*CELLS, *(["formula"] if task == "sine" else [])):
            for n in lengths:
                one = _lengths().where(task=task, cell=cell, length=n)[0].found
                learned = [u for u in one["learned"] if u is not None]
                place = found.setdefault(task, {}).setdefault(cell, {}).setdefault(WORDS[n], {})
                place["error"], place["learned"] = float(np.median(one["error"])), len(learned)
                if learned:
                    place["when"] = int(np.median(learned))
    return found


@number
def task_longer() -> dict[str, Any]:
    """What was learned at length 20, tested at 20, 40 and 80."""
    found: dict[str, Any] = {}
    for task in ("adding", "order"):
        for cell in CELLS:
            errors = np.median(_lengths().of("longer", task=task, cell=cell, length=20), axis=0)
            found.setdefault(task, {})[cell] = dict(zip(("one", "two", "four"), map(float, errors), strict=True))
    return found


@number
def task_clock() -> dict[str, Any]:
    """Milliseconds of the processor for an update of five networks, by length, in the adding problem."""
    found: dict[str, Any] = {}
    for cell in CELLS:
        for n in (10, 20, 40, 80):
            run = _lengths().where(task="adding", cell=cell, length=n)[0]
            found.setdefault(cell, {})[WORDS[n]] = 1000 * run.cpu / run.found["updates"][0]
        found[cell]["ratio"] = found[cell]["last"] / found[cell]["ten"]
    return found


@number(digits=1)
def task_rates() -> dict[str, float]:
    """The learning rates, which were fixed for each cell."""
    return RATES
