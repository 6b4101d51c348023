"""Figures and numbers of the chapter laboratory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnn.validate import Array
from scripts.experiments import everything, results
from scripts.figures import Drawing, figure, number, table
from scripts.figures.plot import BLUE, GREY, PURPLE, VERMILION, band, plot

ADDING = results("adding.json")
ROUNDING = results("rounding.json")
LENGTH = 100
LOOK = 100  # updates between two looks, as in scripts.experiments.adding
COLOURS = {"tanh": (GREY, ":"), "irnn": (PURPLE, "-."), "lstm": (VERMILION, "--"), "gru": (BLUE, "-")}
LABELS = {"tanh": r"$\tanh$", "irnn": "IRNN", "lstm": "LSTM", "gru": "GRU"}


@figure()
def laboratory_seeds() -> Drawing:
    """The error of every LSTM run against updates."""
    fig, ax = plot(height=2.4)
    curves = [run.found["curve"] for run in ADDING.where(cell="lstm", length=LENGTH)]
    for curve in curves:
        ax.semilogy(LOOK * np.arange(len(curve)), curve, color=VERMILION, linewidth=1)
    ax.axhline(1 / 6, color=GREY, linestyle=":", linewidth=1)
    ax.axhline(0.01, color=GREY, linewidth=0.7)
    ax.set(xlabel="$n$", ylabel="$L$")
    longest = max(map(len, curves))
    rows = [
        [LOOK * at, *(f"{curve[at]:.2g}" if at < len(curve) else "" for curve in curves)]
        for at in range(0, longest, max(1, longest // 20))
    ]
    return Drawing(fig, ("$n$", *(f"${seed}$" for seed in range(len(curves)))), rows)


def _solved_within(cell: str, budgets: Array) -> Array:
    return np.array([(ADDING.of("solved", cell=cell, length=LENGTH) <= budget).mean() for budget in budgets])


@figure()
def laboratory_budget() -> Drawing:
    """The share of runs that have solved the adding problem against the budget."""
    fig, ax = plot(height=2.4)
    budgets = LOOK * np.arange(1 + max(run.arm["updates"] for run in ADDING.where(length=LENGTH)) // LOOK)
    for cell, (color, line) in COLOURS.items():
        ax.step(budgets, _solved_within(cell, budgets), line, where="post", color=color, label=LABELS[cell])
    ax.set(xlabel="$n$", ylim=(-0.04, 1.04))
    ax.legend(ncols=4, loc="lower center", bbox_to_anchor=(0.5, 1))
    shown = budgets[:: max(1, len(budgets) // 20)]
    rows = list(zip(shown, *(_solved_within(cell, shown) for cell in COLOURS), strict=True))
    return Drawing(fig, ("$n$", *LABELS.values()), rows)


@figure()
def laboratory_rounding() -> Drawing:
    """How far two runs come apart that differ in the last digits of one weight."""
    fig, ax = plot(height=2.5)
    columns = []
    for cell, (color, line) in COLOURS.items():
        if cell in ROUNDING.arms("cell"):
            apart = ROUNDING.of("distance", cell=cell)
            at = ROUNDING.where(cell=cell)[0].found["every"] * np.arange(1, apart.shape[1] + 1)
            band(ax, at, apart, color=color, label=LABELS[cell], line=line)
            columns.append(np.median(apart, axis=0))
    ax.set(xlabel="$n$", yscale="log")
    ax.legend(ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1))
    return Drawing(fig, ("$n$", *(LABELS[c] for c in ROUNDING.arms("cell"))), list(zip(at, *columns, strict=True)))


@table
def laboratory_experiments() -> Sequence[Sequence[object]]:
    """Every experiment: its arms, its seeds, the minutes that it took, and whether it is chaotic."""
    rows = []
    for one in everything("*.json"):
        arms = {str(run.arm) for run in one.runs}
        minutes = sum(run.cpu for run in one.runs) / 60
        rows.append(
            [one.name, len(arms), len(one.runs) // len(arms) * one.nets, round(minutes, 1), "×" if one.chaotic else ""]
        )
    return rows


@number
def laboratory_total() -> dict[str, int]:
    """What all experiments take."""
    cost = {
        tier: sum(run.cpu for one in everything("*.json", tier) for run in one.runs) for tier in ("full", "reduced")
    }
    return {"minutes": round(cost["full"] / 60), "reduced": round(cost["reduced"])}


@number
def laboratory_spread() -> dict[str, int]:
    """The fastest and the slowest of the LSTM's runs."""
    solved = ADDING.of("solved", cell="lstm", length=LENGTH)
    return {"length": LENGTH, "seeds": len(solved), "first": int(solved.min()), "last": int(solved.max())}


@number(digits=1)
def laboratory_rounding_numbers() -> dict[str, object]:
    """How far apart the runs are in the end, and how many pairs of tanh networks differ in their losses."""
    apart = {cell: float(np.median(ROUNDING.of("distance", cell=cell)[:, -1])) for cell in ROUNDING.arms("cell")}
    here, there = ROUNDING.of("loss", cell="tanh")[:, -1].T
    differ = np.abs(here - there) > 0.1 * np.maximum(here, there)
    return {**apart, "losses": int(differ.sum()), "updates": ROUNDING.runs[0].arm["updates"], "seeds": len(differ)}
