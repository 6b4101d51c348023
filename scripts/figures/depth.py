"""Figures, tables and numbers of the chapter depth: two directions, many layers."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from rnn import SimpleRNN, counts
from rnn.depth import Bidirectional, Residual, Stacked
from rnn.equations.depth import _rounds
from rnn.gradcheck import complex_step
from rnn.gradients import influence
from rnn.layers import RNN
from rnn.linear import Embedding, Linear
from rnn.losses import softmax_cross_entropy
from rnn.optim import Adam
from rnn.validate import Array
from scripts.figures import Drawing, figure, number, table
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, FAINT, GREEN, GREY, INK, VERMILION, band, heat, plot

# --------------------------------------------------------------------------- the graph of two directions


@figure()
def depth_two_ways() -> Drawing:
    """Draw a bidirectional network over four steps: one chain to the right, one to the left, outputs from both."""
    diagram = Diagram(5.2, 3.15)
    x, there, back, y = 0.35, 1.1, 1.95, 2.82
    places = [0.95 + 1.05 * i for i in range(4)]
    rows: dict[str, list[Any]] = {"x": [], "there": [], "back": [], "y": []}
    for i, at in enumerate(places, start=1):
        rows["x"].append(diagram.point(at, x, f"$x_{i}$"))
        rows["there"].append(
            diagram.box(at - 0.14, there, rf"$\overrightarrow{{h}}_{i}$", color=BLUE, fill=0.08, width=0.5)
        )
        rows["back"].append(
            diagram.box(at + 0.14, back, rf"$\overleftarrow{{h}}_{i}$", color=VERMILION, fill=0.08, width=0.5)
        )
        rows["y"].append(diagram.point(at, y, f"$y_{i}$"))
    for i in range(4):
        diagram.arrow(rows["x"][i], rows["there"][i], color=GREY)
        diagram.arrow(rows["x"][i], rows["back"][i], color=GREY, bend=-0.18)
        diagram.arrow(rows["there"][i], rows["y"][i], color=GREY, bend=0.18)
        diagram.arrow(rows["back"][i], rows["y"][i], color=GREY)
        if i:
            diagram.arrow(rows["there"][i - 1], rows["there"][i], color=BLUE)
            diagram.arrow(rows["back"][i], rows["back"][i - 1], color=VERMILION)
    first = diagram.point(0.12, there, "", color=BLUE)
    last = diagram.point(places[-1] + 0.98, back, "", color=VERMILION)
    diagram.arrow(first, rows["there"][0], color=BLUE)
    diagram.arrow(last, rows["back"][3], color=VERMILION)
    return diagram.drawing()


# --------------------------------------------------------------------------- what depends on what

SEEN, DELAY = 8, 2


@cache
def influences() -> dict[str, Array]:
    """Return how strongly each output depends on each input, (T, T), in three random networks of 6 units."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(SEEN, 1, 2))
    net = SimpleRNN(2, 6, 2, rng=rng)
    net.params["W_hh"] *= 0.8  # so that one sees it fade
    both = Bidirectional(RNN(2, 6, rng=rng), RNN(2, 6, rng=rng))
    for way in ("forward", "backward"):
        both.params[f"{way}.W_hh"] = both.params[f"{way}.W_hh"] * 0.8
    outputs_by_inputs = complex_step(lambda x: both.forward(x)[0], inputs)
    two = np.sqrt((outputs_by_inputs**2).sum(axis=(1, 2, 4, 5)))
    longer = np.concatenate([inputs, np.zeros((DELAY, 1, 2))])  # the answer for t is read off at t + 2
    late = influence(net, longer)[DELAY:, :SEEN]
    return {"one": influence(net, inputs), "two": two, "late": late}


@figure()
def depth_influence() -> Drawing:
    """Draw which output depends on which input: one direction, one direction read off late, two directions."""
    fig, axes = plot(1, 3, width=5.6, height=2.15)
    found = influences()
    for ax, name, letter in zip(axes, ("one", "late", "two"), "abc", strict=True):
        heat(ax, found[name] ** 0.5)
        ticks = [0, SEEN - 1]
        ax.plot([-0.5, SEEN - 0.5], [-0.5, SEEN - 0.5], color=GREY, linewidth=0.7)
        ax.set(xticks=ticks, xticklabels=["1", str(SEEN)], yticks=ticks, yticklabels=["1", str(SEEN)], aspect="equal")
        ax.set(xlabel="$s$", title=rf"$(\mathrm{{{letter}}})$")
    axes[0].set(ylabel="$t$")
    rows = [(t + 1, *(float(found[name][3, t]) for name in ("one", "late", "two"))) for t in range(SEEN)]
    return Drawing(fig, ("$s$", *(rf"$(\mathrm{{{letter}}})$" for letter in "abc")), rows)


# --------------------------------------------------------------------------- the leak

SYMBOLS, STEPS, LEAK_SEEDS, UPDATES = 8, 20, 5, 100
END = SYMBOLS  # the sign that stands after the last symbol of a text


def followers(rng: np.random.Generator) -> Array:
    """Draw which two symbols may follow each symbol, (V, 2)."""
    return np.stack([rng.permutation(SYMBOLS)[:2] for _ in range(SYMBOLS)])


def walks(rng: np.random.Generator, allowed: Array, batch: int, *, ended: bool) -> Array:
    """Draw texts (T + 1, B) in which each symbol is followed by one of its two, with even chances, or by the end."""
    symbols = [rng.integers(SYMBOLS, size=batch)]
    for _ in range(STEPS):
        symbols.append(allowed[symbols[-1], rng.integers(2, size=batch)])
    if ended:
        symbols[-1] = np.full(batch, END)
    return np.stack(symbols)


@cache
def leak(seed: int, both: bool, ended: bool = True) -> dict[str, float]:
    """Train a network to name the next symbol at every step; measure it as trained, and without the future."""
    rng = np.random.default_rng(seed)
    allowed = followers(rng)
    layers = [RNN(SYMBOLS, 12 if both else 24, rng=rng) for _ in range(1 + both)]
    layer: Any = Bidirectional(*layers) if both else layers[0]
    net: Any = Stacked([Embedding(SYMBOLS + 1, SYMBOLS, rng=rng), layer, Linear(24, SYMBOLS + 1, rng=rng)])
    optimizer = Adam(0.03)
    for _ in range(UPDATES):
        text = walks(rng, allowed, 16, ended=ended)
        _, d_scores = softmax_cross_entropy(net.forward(text[:-1])[0], text[1:])
        net.backward(d_scores)
        optimizer.update(net.params, net.grads)
    text = walks(rng, allowed, 100, ended=False)
    whole, _ = softmax_cross_entropy(net.forward(text[:-1])[0][:-1], text[1:-1])
    cut, ends = [], []
    for t in range(5, STEPS - 1, 3):  # what it says of the next symbol when the text is known up to here
        scores = net.forward(text[: t + 1])[0][-1:]
        cut.append(float(softmax_cross_entropy(scores, text[t + 1 : t + 2])[0]))
        chances = np.exp(scores - scores.max(axis=-1, keepdims=True))
        ends.append(float((chances[..., END] / chances.sum(axis=-1)).mean()))
    return {"whole": float(whole), "cut": float(np.mean(cut)), "ends": 100 * float(np.mean(ends))}


@number
def depth_leak() -> dict[str, Any]:
    """Compare a network in one direction and one in two on the next symbol: medians over the seeds."""
    found: dict[str, Any] = {"seeds": LEAK_SEEDS, "updates": UPDATES, "symbols": SYMBOLS, "floor": float(np.log(2))}
    found |= {"uniform": float(np.log(SYMBOLS))}
    for name, both, ended in (("one", False, True), ("two", True, True), ("window", True, False)):
        runs = [leak(seed, both, ended) for seed in range(LEAK_SEEDS)]
        found[name] = {key: float(np.median([run[key] for run in runs])) for key in runs[0]}
    return found


# --------------------------------------------------------------------------- cost, padding


@number
def depth_cost() -> dict[str, Any]:
    """Count parameters of networks with 50 inputs and 100 units in each layer and direction."""
    D, H = 50, 100
    one, upper = counts.rnn(D, H).parameters, counts.rnn(H, H).parameters
    two, upper_two = 2 * one, counts.bidirectional(counts.rnn(2 * H, H)).parameters
    pair = Bidirectional(RNN(D, H), RNN(D, H))
    assert sum(value.size for value in pair.params.values()) == two
    return {
        "one": one,
        "two": two,
        "upper": upper,
        "uppertwo": upper_two,
        "ratio": upper_two / upper,
        "three": one + 2 * upper,
        "threetwo": two + 2 * upper_two,
        "whole": (two + 2 * upper_two) / (one + 2 * upper),
        "products": counts.bidirectional(counts.rnn(D, H)).products // counts.rnn(D, H).products,
    }


PADDING_SEEDS = 100


@number
def depth_padding() -> dict[str, Any]:
    """Compare the backward states of sequences of 10 steps, reversed with and without 1 or 10 steps of padding."""
    found: dict[str, Any] = {"seeds": PADDING_SEEDS}
    errors: dict[str, list[float]] = {"last": [], "first": [], "short": []}
    for seed in range(PADDING_SEEDS):
        rng = np.random.default_rng(seed)
        layer = Bidirectional(RNN(3, 16, rng=rng), RNN(3, 16, rng=rng))
        for name, value in layer.params.items():
            if name.endswith("b_h"):
                layer.params[name] = rng.normal(size=value.shape) * 0.3
        inputs = rng.normal(size=(20, 1, 3))
        inputs[10:] = 0
        right = layer.forward(inputs, lengths=[10])[0][:10, 0, 16:]
        wrong, short = (layer.forward(inputs[:steps])[0][:10, 0, 16:] for steps in (20, 11))
        error = np.linalg.norm(wrong - right, axis=-1) / np.linalg.norm(right, axis=-1)
        errors["last"].append(float(error[-1]))
        errors["first"].append(float(error[0]))
        errors["short"].append(float(np.linalg.norm(short[-1] - right[-1]) / np.linalg.norm(right[-1])))
    return found | {name: 100 * float(np.median(values)) for name, values in errors.items()}


# --------------------------------------------------------------------------- the grid


@figure()
def depth_grid() -> Drawing:
    """Draw four steps and three layers, with the rounds in which they can be computed, and one path through them."""
    diagram = Diagram(4.6, 3.2)
    steps, layers = 4, 3
    left, low, gap, rise = 0.75, 0.95, 0.98, 0.72
    place = {(t, l): (left + gap * (t - 1), low + rise * (l - 1)) for t in range(1, 5) for l in range(1, 4)}
    rounds = _rounds(steps, layers)
    shades = {1: 0.04, 0: 0.2}
    nodes = {}
    for (t, l), at in place.items():
        nodes[t, l] = diagram.box(
            *at, f"$h_{t}^{{({l})}}$", color=BLUE, fill=shades[rounds[t, l] % 2], width=0.54, size=10
        )
    path = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3)]
    walked = set(pairwise(path))
    for t, l in place:
        for other in ((t + 1, l), (t, l + 1)):
            if other in nodes:
                on = ((t, l), other) in walked
                diagram.arrow(nodes[t, l], nodes[other], color=VERMILION if on else GREY, width=2.0 if on else 0.9)
    for t in range(1, steps + 1):
        below = diagram.point(place[t, 1][0], 0.27, f"$x_{t}$", color=VERMILION if t == 1 else INK)
        on = t == 1
        diagram.arrow(below, nodes[t, 1], color=VERMILION if on else GREY, width=2.0 if on else 0.9)
    for t in range(1, steps + layers):
        at = (min(t, steps), max(1, t - steps + 1))
        top = (max(1, t - layers + 1), min(t, layers))
        (x0, y0), (x1, y1) = place[at], place[top]
        diagram.ax.plot(
            [x0 + 0.2, x1 - 0.2], [y0 - 0.2, y1 + 0.2], color=FAINT, linewidth=7, zorder=0, solid_capstyle="round"
        )
        diagram.text(x1 - 0.3, y1 + 0.36, f"${t}$", color=GREEN, size=10)
    return diagram.drawing()


@number
def depth_schedule() -> dict[str, int]:
    """Count rounds for 100 steps and 4 layers: one after the other, in a wave, and in two directions."""
    T, N = 100, 4
    return {
        "steps": T,
        "layers": N,
        "cells": T * N,
        "wave": max(_rounds(T, N).values()),
        "two": max(_rounds(T, N, both_ways=True).values()),
    }


# --------------------------------------------------------------------------- gradients by layer

LAYERS_DEEP, WIDTH, DEEP_STEPS, DEEP_SEEDS = 12, 20, 10, 20


@cache
def layer_norms(skip: bool) -> Array:
    """Return ‖∂L/∂(inputs of layer l)‖ over that of the top outputs, (seeds, layers + 1), a loss at the last step."""
    found = []
    for seed in range(DEEP_SEEDS):
        rng = np.random.default_rng(seed)
        layers: list[Any] = []
        for _ in range(LAYERS_DEEP):
            layer = RNN(WIDTH, WIDTH, rng=rng)
            layer.params["W_xh"] = rng.normal(size=(WIDTH, WIDTH)) * 0.5 / np.sqrt(WIDTH)
            layer.params["W_hh"] = rng.normal(size=(WIDTH, WIDTH)) * 0.5 / np.sqrt(WIDTH)
            layers.append(Residual(layer) if skip else layer)
        x = rng.normal(size=(DEEP_STEPS, 1, WIDTH))
        for layer in layers:
            x, _ = layer.forward(x)
        d = np.zeros_like(x)
        d[-1] = rng.normal(size=(1, WIDTH))
        norms = [float(np.linalg.norm(d))]
        for layer in reversed(layers):
            d, _ = layer.backward(d)
            norms.append(float(np.linalg.norm(d)))
        found.append(np.array(norms[::-1]) / norms[0])
    return np.array(found)


@figure()
def depth_skips() -> Drawing:
    """Draw the gradient that arrives at each layer of a deep network at initialisation, with and without skips."""
    fig, ax = plot(width=5.2, height=2.5)
    levels = np.arange(LAYERS_DEEP + 1)
    plain, skip = layer_norms(False), layer_norms(True)
    band(ax, levels, plain, color=VERMILION, line="--", label=r"$h^{(l)}$")
    band(ax, levels, skip, color=BLUE, label=r"$r^{(l)}$")
    ax.set(yscale="log", xlabel="$l$", ylabel=r"$\|\partial L/\partial h^{(l)}\|$", xlim=(0, LAYERS_DEEP))
    ax.set(xticks=levels[::3])
    ax.legend(loc="lower right")
    rows = [(int(l), float(np.median(plain[:, l])), float(np.median(skip[:, l]))) for l in levels[::2]]
    return Drawing(fig, ("$l$", "$h^{(l)}$", "$r^{(l)}$"), rows)


@number
def depth_skip_sizes() -> dict[str, Any]:
    """How much of the gradient arrives at the inputs of twelve layers, with and without skips."""
    plain, skip = layer_norms(False)[:, 0], layer_norms(True)[:, 0]
    return {
        "seeds": DEEP_SEEDS,
        "layers": LAYERS_DEEP,
        "plain": float(np.median(plain)),
        "skip": float(np.median(skip)),
        "low": float(np.quantile(skip, 0.25)),
        "high": float(np.quantile(skip, 0.75)),
    }


# --------------------------------------------------------------------------- dropout, answers


@number
def depth_survival() -> dict[str, float]:
    """Compute how likely a path through twenty steps is whole when a fifth falls out."""
    return {"fresh": 100 * 0.8**20, "shared": 100 * 0.8}


@number
def depth_answers() -> dict[str, Any]:
    """Compute what the exercises ask for."""
    paths = len(set(_lattice(9, 2)))
    two = counts.bidirectional(counts.rnn(50, 100))
    same = counts.hidden_size_for(two.parameters, lambda H: counts.rnn(50, H))
    return {"paths": paths, "wide": same}


def _lattice(n: int, d: int) -> list[tuple[int, ...]]:
    """List the paths of n moves on and d moves up, each by when it goes up."""
    if not d:
        return [()]
    return [(first, *rest) for first in range(n + 1) for rest in _lattice(n - first, d - 1)]


@cache
def smoothing(kind: str) -> Array:
    """Return, over 5 seeds, the share of the variance that is left of the mean of five neighbours, after training."""
    left = []
    for seed in range(5):
        rng = np.random.default_rng(seed)
        both, delay = kind == "two", {"one": 0, "late1": 1}.get(kind, 2)
        layers = [RNN(1, 8 if both else 16, rng=rng) for _ in range(1 + both)]
        layer: Any = Bidirectional(*layers) if both else layers[0]
        net = Stacked([layer, Linear(16, 1, rng=rng)])
        optimizer = Adam(0.02)
        for update in range(151):
            x = rng.normal(size=(24, 16 if update < 150 else 200, 1))
            goal = np.mean([x[n : 20 + n] for n in range(5)], axis=0)  # for the steps 2 … 21
            outputs, _ = net.forward(x)
            first = 2 if both else 2 + delay
            error = outputs[first : first + 20] - goal
            d = np.zeros_like(outputs)
            d[first : first + 20] = 2 * error / error.size
            if update < 150:
                net.backward(d)
                optimizer.update(net.params, net.grads)
        left.append(float((error**2).mean() / goal.var()))
    return np.array(left)


@table
def depth_smoothing() -> list[tuple[str, str, float]]:
    """List how much of the answer is missed: the least that is possible, and measured."""
    least = {"one": "2/5", "late1": "1/5", "late2": "0", "two": "0"}
    names = {"one": "→, $n = 0$", "late1": "→, $n = 1$", "late2": "→, $n = 2$", "two": "→ ←"}
    return [(names[kind], least[kind], float(np.median(smoothing(kind)))) for kind in names]


@number
def depth_missed() -> dict[str, float]:
    """Repeat two entries of the table."""
    return {name: float(np.median(smoothing(kind))) for name, kind in (("one", "one"), ("late", "late2"))}
