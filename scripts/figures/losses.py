"""Figures and numbers of the chapter losses: what is charged for which scores, and what perplexity says."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from rnn.equations.losses import collapse, paths
from rnn.losses import binary_cross_entropy, ctc, length_mask, perplexity, softmax_cross_entropy
from rnn.poems import TEXTS
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.plot import BLUE, GREEN, GREY, INK, PAPER, PURPLE, VERMILION, band, plot

# --------------------------------------------------------------------------- four letters

RIGHT = np.array([0.5, 0.1, 0.9, 0.02])  # the probabilities of the four symbols that came


def scores_of(p: Array) -> Array:
    """Return scores of two classes, (T, 1, 2), of which the first has the probability p."""
    return np.asarray(np.log(np.stack([p, 1 - p], axis=-1))[:, np.newaxis])


@number(digits=3)
def losses_four() -> dict[str, Any]:
    """The four symbols: the mean loss, its exponential, and what two popular descriptions of perplexity give."""
    mean, _ = softmax_cross_entropy(scores_of(RIGHT), np.zeros((4, 1), int))
    return {
        "loss": mean,
        "bits": mean / math.log(2),
        "perplexity": perplexity(mean),
        "harmonic": float(1 / RIGHT.mean()),
        "reciprocal": float(np.prod(RIGHT) ** 0.25),
        "share": round(100 * math.log(0.02) / math.log(float(np.prod(RIGHT)))),
        "without": perplexity(float(-np.log(RIGHT[:3]).mean())),
    }


# --------------------------------------------------------------------------- what is charged for a margin


def charged(margin: Array) -> dict[str, tuple[Array, Array]]:
    """Return the loss and its slope for the right score minus the other: cross-entropy, and two squared errors."""
    cross = np.array([binary_cross_entropy(np.array([[m]]), [[1.0]]) for m in margin], dtype=object)
    p = 1 / (1 + np.exp(-margin))
    return {
        "cross": (np.array([float(loss) for loss, _ in cross]), np.array([float(d[0, 0]) for _, d in cross])),
        "squared": ((1 - p) ** 2, -2 * (1 - p) ** 2 * p),
        "scores": ((margin - 1) ** 2 / 2, margin - 1),
    }


@figure()
def losses_margin() -> Drawing:
    """Three losses, and their slopes, against the margin by which the right score leads."""
    m = np.linspace(-6, 6, 61)
    fig, (left, right) = plot(1, 2, width=6.4, height=2.6)
    styles = (
        ("cross", BLUE, "-", r"$-\log\,\sigma(m)$"),
        ("squared", VERMILION, "--", r"$(1-\sigma(m))^2$"),
        ("scores", GREEN, "-.", r"$(m-1)^2/2$"),
    )
    for name, color, line, label in styles:
        loss, slope = charged(m)[name]
        left.plot(m, loss, line, color=color)
        right.plot(m, slope, line, color=color, label=label)
    left.set(xlabel="$m$", ylabel="$L_t$", xlim=(-6, 6), ylim=(0, 6.5))
    right.set(xlabel="$m$", ylabel=r"$\partial L_t\,/\,\partial m$", xlim=(-6, 6), ylim=(-2.5, 2.5))
    right.axhline(0, color=GREY, linewidth=0.7)
    right.legend(loc="upper left", fontsize=8.5)
    few = np.arange(-6.0, 7.0, 2.0)
    table = charged(few)
    columns = ("$m$", r"$-\log\,\sigma$", r"$(1-\sigma)^2$", r"$(m-1)^2/2$")
    rows = [(int(x), *(float(table[name][0][i]) for name, *_ in styles)) for i, x in enumerate(few)]
    return Drawing(fig, columns, rows)


@number
def losses_slopes() -> dict[str, Any]:
    """How hard a hopeless score of -10 is pushed, and where the doubled softmax cannot fall below."""
    table = charged(np.array([-10.0]))
    V = 50
    p = np.zeros(V)
    p[0] = 1.0  # the best that a softmax can put out, taken for scores
    return {
        "cross": float(table["cross"][1][0]),
        "squared": float(table["squared"][1][0]),
        "doubled": softmax_cross_entropy(p[np.newaxis], [0])[0],
        "perplexity": perplexity(softmax_cross_entropy(p[np.newaxis], [0])[0]),
        "largest": math.log(np.finfo(np.float64).max),
    }


# --------------------------------------------------------------------------- temperature

SCORES = np.array([2.0, 1.0, 0.0, -1.0, -2.0])
THETAS = (0.5, 1.0, 2.0)


def softmax(scores: Array) -> Array:
    """Return the probabilities of one row of scores, from the package's gradient."""
    d_scores = softmax_cross_entropy(scores[np.newaxis], [0])[1][0]
    return np.asarray(d_scores + np.eye(len(scores))[0])


@figure()
def losses_heat() -> Drawing:
    """Left: one set of scores at three temperatures. Right: each probability against the temperature."""
    fig, (left, right) = plot(1, 2, width=6.4, height=2.5)
    places = np.arange(1, 6)
    for k, (theta, color) in enumerate(zip(THETAS, (BLUE, GREEN, VERMILION), strict=True)):
        left.bar(places + 0.26 * (k - 1), softmax(SCORES / theta), 0.22, color=color, label=rf"$\theta = {theta:g}$")
    left.set(xlabel="$i$", ylabel="$p_i$", xticks=places, ylim=(0, 1))
    left.legend()
    grid = np.geomspace(0.1, 20, 40)
    curves = np.stack([softmax(SCORES / theta) for theta in grid])
    for i, (color, line) in enumerate(
        zip((BLUE, VERMILION, GREEN, PURPLE, INK), ("-", "--", "-.", ":", "-"), strict=True)
    ):
        right.plot(grid, curves[:, i], line, color=color, label=f"$i = {i + 1}$")
    right.axhline(0.2, color=GREY, linewidth=0.7)
    right.set(xscale="log", xlabel=r"$\theta$", xlim=(0.1, 20), ylim=(0, 1))
    right.legend(fontsize=8.5)
    rows = [(i + 1, *(float(softmax(SCORES / theta)[i]) for theta in THETAS)) for i in range(5)]
    return Drawing(fig, ("$i$", *(rf"$\theta = {theta:g}$" for theta in THETAS)), rows)


@number
def losses_tempered() -> dict[str, Any]:
    """The first probability at each temperature."""
    return {name: float(softmax(SCORES / theta)[0]) for name, theta in zip(("cold", "one", "hot"), THETAS, strict=True)}


# --------------------------------------------------------------------------- the wrong mean

LENGTHS, SYMBOLS = (20, 5, 5, 2), 10


@number(digits=3)
def losses_wrong_mean() -> dict[str, Any]:
    """A batch of which most is padding, and scores that are all equal."""
    T, B = max(LENGTHS), len(LENGTHS)
    scores, targets, mask = np.zeros((T, B, SYMBOLS)), np.zeros((T, B), int), length_mask(LENGTHS, T)
    right, _ = softmax_cross_entropy(scores, targets, mask)
    padded = scores.copy()
    padded[~mask, 0] = 12.0  # the padding is easy: it is learned in no time
    return {
        "tokens": int(mask.sum()),
        "positions": T * B,
        "right": perplexity(right),
        "positions-perplexity": perplexity(right * mask.mean()),
        "learned": perplexity(softmax_cross_entropy(padded, targets)[0]),
        "share": float(mask.mean()),
        "weight": LENGTHS[0] // LENGTHS[-1],
    }


# --------------------------------------------------------------------------- a model as it learns

V, LONGEST, TEXT_SEEDS = 12, 10_000, 20
SEEN = np.unique(np.geomspace(10, LONGEST, 25).astype(int))


@cache
def source() -> tuple[Array, Array]:
    """Return a random chain of symbols: its transition probabilities (V, V), and how often each symbol comes."""
    A = np.random.default_rng(1).dirichlet(np.full(V, 0.3), size=V)
    often = np.full(V, 1 / V)
    for _ in range(2000):
        often = often @ A
    return A, often


@cache
def learned() -> dict[str, Array]:
    """Count pairs of symbols in longer and longer texts; return perplexities (texts, lengths).

    The model gives the next symbol the probability (count + 1) / (total + V). What it says of new text is not sampled
    but averaged exactly, since here the source is known.
    """
    A, often = source()
    rng = np.random.default_rng(2)
    edges, rows = A.cumsum(axis=1), np.arange(TEXT_SEEDS)
    symbol = rng.integers(V, size=TEXT_SEEDS)
    pairs = np.zeros((TEXT_SEEDS, V, V))
    found: dict[str, list[list[float]]] = {"new": [], "tenth": [], "own": [], "alone": []}
    for n in range(1, LONGEST + 1):
        after = np.minimum((edges[symbol] < rng.random(TEXT_SEEDS)[:, np.newaxis]).sum(axis=1), V - 1)
        pairs[rows, symbol, after] += 1
        symbol = after
        if n in SEEN:
            p, less = ((pairs + added) / (pairs + added).sum(axis=2, keepdims=True) for added in (1, 0.1))
            alone = (pairs.sum(axis=1) + 1) / (n + V)
            means = {
                "new": -(often[:, np.newaxis] * A * np.log(p)).sum(axis=(1, 2)),
                "tenth": -(often[:, np.newaxis] * A * np.log(less)).sum(axis=(1, 2)),
                "own": -(pairs * np.log(p)).sum(axis=(1, 2)) / n,
                "alone": -(often * np.log(alone)).sum(axis=1),
            }
            for name, values in means.items():
                found[name].append([perplexity(float(value)) for value in values])
    return {name: np.array(values).T for name, values in found.items()}


def floors() -> tuple[float, float]:
    """Return the least perplexity that a model of pairs, and one of single symbols, can have on this source."""
    A, often = source()
    logs = np.log(np.where(A > 0, A, 1))
    return perplexity(float(-(often[:, np.newaxis] * A * logs).sum())), perplexity(
        float(-(often * np.log(often)).sum())
    )


@figure()
def losses_learning() -> Drawing:
    """Perplexity of counted models against how much text they have seen, between V and the floor."""
    fig, ax = plot(width=5.6, height=2.9)
    found, (floor, single) = learned(), floors()
    styles = (("alone", PURPLE, "-."), ("new", BLUE, "-"), ("own", VERMILION, "--"))
    for (name, color, line), label in zip(styles, ("$P_1$", "$P_2$", r"$P_2^{\,\ast}$"), strict=True):
        band(ax, SEEN, found[name], color=color, line=line, label=label)
    for level in (V, single, floor):
        ax.axhline(level, color=GREY, linewidth=0.7)
    ax.set(xscale="log", xlabel="$n$", ylabel="$P$", xlim=(10, LONGEST), ylim=(2.5, 13))
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.5))
    medians = {name: np.median(values, axis=0) for name, values in found.items()}
    rows = [(int(SEEN[k]), *(float(medians[name][k]) for name, *_ in styles)) for k in range(0, len(SEEN), 4)]
    return Drawing(fig, ("$n$", "$P_1$", "$P_2$", r"$P_2^{\,\ast}$"), rows)


@number
def losses_learned() -> dict[str, Any]:
    """The levels of the figure, and where the medians stand after a hundred symbols and at the end."""
    found, (floor, single) = learned(), floors()
    near = int(np.abs(SEEN - 100).argmin())
    medians = {name: np.median(values, axis=0) for name, values in found.items()}
    within, tenth = (int(SEEN[np.flatnonzero(medians[name] < 1.05 * floor)[0]]) for name in ("new", "tenth"))
    return {
        "symbols": V,
        "texts": TEXT_SEEDS,
        "floor": floor,
        "single": single,
        "at": int(SEEN[near]),
        "new": float(medians["new"][near]),
        "own": float(medians["own"][near]),
        "end": float(medians["new"][-1]),
        "longest": LONGEST,
        "within": within,
        "tenth": tenth,
    }


@number(digits=3)
def losses_units() -> dict[str, Any]:
    """A sonnet in characters and in words: what a perplexity in the one unit is in the other."""
    text = TEXTS["sonnet"]
    characters, words = len(text), len(text.split())
    return {
        "characters": characters,
        "words": words,
        "hundred": 100 ** (words / characters),
        "three": 3 ** (characters / words),
        "bits": math.log2(100) * words / characters,
    }


# --------------------------------------------------------------------------- labels without times

LATTICE_LABELS, LATTICE_STEPS = (1, 2), 5


@figure()
def losses_lattice() -> Drawing:
    """The places of two labels with blanks against five steps; darker where more of the probability passes."""
    scores = np.random.default_rng(5).normal(size=(LATTICE_STEPS, 3)) * 0.8
    p = np.stack([softmax(row) for row in scores])
    places = (0, LATTICE_LABELS[0], 0, LATTICE_LABELS[1], 0)
    through = np.zeros((LATTICE_STEPS, 5))
    roads: dict[tuple[int, int, int], float] = {}
    for path, weight in paths(p, LATTICE_STEPS):
        if collapse(path) == LATTICE_LABELS:
            at = walked(path, places)
            for t, s in enumerate(at):
                through[t, s] += weight
            for t in range(1, LATTICE_STEPS):
                roads[t, at[t - 1], at[t]] = roads.get((t, at[t - 1], at[t]), 0.0) + weight
    total = through[0].sum()
    fig, ax = plot(width=4.6, height=2.6)
    for (t, before, after), weight in sorted(roads.items()):
        ax.plot([t, t + 1], [before, after], color=BLUE, linewidth=round(0.5 + 3.5 * weight / total, 2), alpha=0.55)
    for t, s in zip(*np.nonzero(through), strict=True):
        share = round(float(through[t, s] / total), 2)
        ax.plot([t + 1], [s], "o", markersize=11, color=PAPER, markeredgecolor=BLUE)
        ax.plot([t + 1], [s], "o", markersize=11, color=BLUE, alpha=share, markeredgewidth=0)
    labels = [r"$\varnothing$", "$a$", r"$\varnothing$", "$b$", r"$\varnothing$"]
    ax.set(xlabel="$t$", xticks=range(1, LATTICE_STEPS + 1), yticks=range(5), yticklabels=labels, ylabel="$s$")
    ax.set(xlim=(0.7, LATTICE_STEPS + 0.3), ylim=(4.4, -0.4))
    ax.tick_params(length=0)
    rows = [(t + 1, *(float(x / total) for x in through[t])) for t in range(LATTICE_STEPS)]
    return Drawing(fig, ("$t$", *(f"$s = {s}$" for s in range(1, 6))), rows)


def walked(path: tuple[int, ...], places: tuple[int, ...]) -> list[int]:
    """Return the place at which a path that spells the labels stands at each step."""
    at, s = [], 0 if path[0] == places[0] else 1
    for t, symbol in enumerate(path):
        if t and symbol != path[t - 1]:
            s += 1 if places[s + 1] == symbol else 2
        at.append(s)
    return at


@number
def losses_ctc_counts() -> dict[str, Any]:
    """How many paths there are, from the package's loss of equal scores."""

    def count(steps: int, labels: tuple[int, ...], symbols: int) -> float:
        return math.exp(-ctc(np.zeros((steps, 1, symbols)), np.array([labels]))[0]) * float(symbols**steps)

    return {
        "small": round(count(5, (1, 2), 3)),
        "large": count(50, (1, 2, 3, 4, 5), 6),
        "sums": 50 * 11,
        "twice": round(count(5, (1, 1), 3)),
        "three": round(count(3, (1, 1), 3)),
        "four": round(count(4, (1, 1), 3)),
    }


# --------------------------------------------------------------------------- answers


@number(digits=3)
def losses_answers() -> dict[str, Any]:
    """The numbers in the answers to the exercises."""
    one_miss = np.append(np.full(99, 0.5), 1e-6)
    return {
        "miss": perplexity(float(-np.log(one_miss).mean())),
        "rest": perplexity(float(-np.log(one_miss[:-1]).mean())),
        "rare": 0.01 * 99 / (0.01 * 99 + 0.99 * 1),
        "naive": softmax_cross_entropy(np.array([[1000.0, 0.0]]), [1])[0],
    }
