"""Figures, tables and numbers of the chapter sequences."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnn import RNN, Adam, Linear, SimpleRNN, Stacked
from rnn.data import autocorrelation, generate_sequence_data, sunspots
from rnn.echo import ridge_regression
from rnn.losses import binary_cross_entropy
from rnn.optim import cosine
from rnn.text import windows
from rnn.train import autoregression, fit_autoregression
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram, Node
from scripts.figures.plot import BLUE, FAINT, GREEN, GREY, VERMILION, band, plot

Array = NDArray[Any]
STEPS, PATTERN, SEEN, SEEDS, UNITS = 16, 3, 7, 10, 6  # a pattern of 3 in 16 steps; training has it at the starts 1 to 7
UPDATES = 250
STARTS = STEPS - PATTERN + 1
LAG, ORDERS = 6, 12  # an echo of 6 steps, and windows of up to 12


@figure()
def sequences_kinds() -> Drawing:
    """Draw four kinds of tasks: which items come in and which go out, without saying what stands between."""
    diagram = Diagram(5.2, 3.65)
    kinds: list[tuple[float, float, tuple[float, ...], tuple[float, ...]]] = [
        (0.75, 2.8, (0,), (0, 1, 2)),
        (3.6, 2.8, (0, 1, 2), (2,)),
        (0.75, 0.95, (0, 1, 2), (0, 1, 2)),
        (3.6, 0.95, (0, 1, 2), (0.5, 1.5)),
    ]
    gap = 0.62
    for i, (x, y, inputs, outputs) in enumerate(kinds):
        bar = diagram.box(x + gap, y, "$f$", width=2 * gap + 0.46, height=0.36, color=GREY)
        for t, place in enumerate(inputs, start=1):
            below = diagram.box(x + gap * place, y - 0.64, f"$x_{t}$", width=0.4, height=0.34, color=BLUE)
            diagram.arrow(below, Node(below.x, bar.y, 0.1, bar.height), color=GREY)
        for t, place in enumerate(outputs, start=1):
            above = diagram.box(x + gap * place, y + 0.64, f"$y_{t}$", width=0.4, height=0.34, color=VERMILION)
            diagram.arrow(Node(above.x, bar.y, 0.1, bar.height), above, color=GREY)
        diagram.text(x - 0.62, y + 0.64, rf"$(\mathrm{{{'abcd'[i]}}})$", color=GREY, size=10, align="left")
    return diagram.drawing()


@figure()
def sequences_sliding() -> Drawing:
    """Draw a window of three that slides along a sequence: the same weights at each place."""
    diagram = Diagram(5.4, 2.35)
    gap, y = 0.72, 0.4
    cells = [diagram.box(0.5 + gap * t, y, f"$x_{t + 1}$", width=0.5, height=0.36, color=BLUE) for t in range(7)]
    for t, color in ((2, GREEN), (4, GREY), (6, VERMILION)):
        hidden = diagram.box(0.5 + gap * t, 1.36, f"$h_{t + 1}$", color=color)
        for cell, i, place in zip(
            cells[t - 2 : t + 1], (2, 1, 0), ((-0.06, 0.17), (0.2, -0.08), (0.17, 0)), strict=True
        ):
            diagram.arrow(cell, hidden, color=color)
            x, y_ = cell.x + 0.36 * (hidden.x - cell.x), cell.y + 0.36 * (hidden.y - cell.y)
            diagram.text(x + place[0], y_ + place[1] + 0.06, f"$W_{i}$", color=color, size=9)
        above = diagram.point(0.5 + gap * t, 2.14, f"$y_{t + 1}$", color=color)
        diagram.arrow(hidden, above, "$W_{hy}$", color=color, side=-0.26, size=9)
    return diagram.drawing()


@figure()
def sequences_growth() -> Drawing:
    """Draw how many parameters a hidden layer has against the length of the sequence: whole, window, recurrent."""
    D, H, n = 10, 20, 5
    T = np.array([1, 2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 500, 1000])
    curves = {"whole": H * T * D + H, "window": np.full(len(T), H * n * D + H), "rnn": np.full(len(T), H * (D + H + 1))}
    assert curves["whole"][4] == _size(SimpleRNN(8 * D, H, 1), "W_xh", "b_h")  # the formulas are those of the package
    assert curves["window"][0] == _size(SimpleRNN(n * D, H, 1), "W_xh", "b_h")
    assert curves["rnn"][0] == _size(SimpleRNN(D, H, 1), "W_xh", "W_hh", "b_h")
    every = (T * D) * (T * H) + T * H
    fig, ax = plot(width=5.2, height=2.7)
    ax.loglog(T, every, ":", color=GREY)
    ax.loglog(T, curves["whole"], color=VERMILION)
    ax.loglog(T, curves["window"], "--", color=GREEN)
    ax.loglog(T, curves["rnn"], "-.", color=BLUE)
    for values, place, text, color in (
        (every, -3, "$TD\\cdot TH+TH$", GREY),
        (curves["whole"], -3, "$H(TD+1)$", VERMILION),
        (curves["window"], -4, "$H(nD+1)$", GREEN),
        (curves["rnn"], -4, "$H(D+H+1)$", BLUE),
    ):
        offset = (-4, 4) if values is not curves["rnn"] else (-4, -11)
        ax.annotate(text, (T[place], values[place]), offset, textcoords="offset points", ha="right", color=color)
    ax.set(xlabel="$T$", xlim=(1, 1000), ylim=(100, 1e8))
    ax.tick_params(which="minor", length=0)
    ax.minorticks_off()
    rows = [(int(t), *(int(curves[k][i]) for k in curves), int(every[i])) for i, t in enumerate(T)]
    return Drawing(fig, ("$T$", "$H(TD+1)$", "$H(nD+1)$", "$H(D+H+1)$", "$TD\\cdot TH+TH$"), rows)


def _size(net: SimpleRNN, *names: str) -> int:
    """Count the numbers in some parameters."""
    return sum(net.params[name].size for name in names)


@number
def sequences_sizes() -> dict[str, int]:
    """Count the parameters of hidden layers, for 10 inputs and 20 units: whole sequences of 10, 100, 1000 steps."""
    D, H = 10, 20
    sizes = {
        name: _size(SimpleRNN(T * D, H, 1), "W_xh", "b_h")
        for name, T in (("ten", 10), ("hundred", 100), ("thousand", 1000), ("five", 5))
    }
    return sizes | {"recurrent": _size(SimpleRNN(D, H, 1), "W_xh", "W_hh", "b_h")}


# --------------------------------------------------------------------------- a pattern, learned at some places


def _patterns(rng: np.random.Generator, start: Array, steps: int = STEPS) -> tuple[Array, Array]:
    """Draw sequences with a rise or a fall of three steps, begun at `start` (K, B): inputs (T, K, B), 1 for a rise."""
    rises = rng.integers(0, 2, size=start.shape)
    x = 0.2 * rng.normal(size=(steps, *start.shape))
    network, example = np.indices(start.shape)
    for i, value in enumerate((-1.0, 0.0, 1.0)):
        x[start + i, network, example] += value * (2 * rises - 1)
    return x, rises[..., np.newaxis].astype(float)


class _Slid:
    """A fully connected network on a window, one for each seed; its scores are added up over all places."""

    def __init__(self, window: int, rng: np.random.Generator) -> None:
        self.window = window
        self.hidden = Linear(window, UNITS, seeds=SEEDS, rng=rng)
        self.scores = Linear(UNITS, 1, seeds=SEEDS, rng=rng)

    @property
    def params(self) -> dict[str, Array]:
        return {f"{i}{name}": v for i, part in enumerate((self.hidden, self.scores)) for name, v in part.params.items()}

    def forward(self, x: Array) -> Array:
        seen = np.lib.stride_tricks.sliding_window_view(x, self.window, axis=0)  # (places, K, B, window)
        self.h = np.tanh(self.hidden.forward(seen)[0])
        scores: Array = self.scores.forward(self.h)[0].sum(axis=0)
        return scores

    def backward(self, d_scores: Array) -> dict[str, Array]:
        d_h, _ = self.scores.backward(np.repeat(d_scores[np.newaxis], len(self.h), axis=0))
        self.hidden.backward(d_h * (1 - self.h**2))
        return {f"{i}{name}": g for i, part in enumerate((self.hidden, self.scores)) for name, g in part.grads.items()}


class _Recurrent:
    """A recurrent network, one for each seed, of whose outputs the last one counts."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.net = Stacked([RNN(1, UNITS, seeds=SEEDS, rng=rng), Linear(UNITS, 1, seeds=SEEDS, rng=rng)])

    @property
    def params(self) -> Any:
        return self.net.params

    def forward(self, x: Array) -> Array:
        self.outputs = self.net.forward(x[..., np.newaxis])[0]
        last: Array = self.outputs[-1]
        return last

    def backward(self, d_scores: Array) -> Any:
        d_outputs = np.zeros_like(self.outputs)
        d_outputs[-1] = d_scores
        self.net.backward(d_outputs)
        return self.net.grads


@cache
def _trained(kind: str, places: int = SEEN) -> Any:
    """Train networks on sequences whose pattern begins at one of the first places."""
    make: dict[str, Callable[[np.random.Generator], Any]] = {
        "whole": lambda rng: _Slid(STEPS, rng),
        "window": lambda rng: _Slid(PATTERN, rng),
        "recurrent": _Recurrent,
    }
    rng = np.random.default_rng(5)
    net = make[kind](rng)
    optimizer, schedule = Adam(), cosine(UPDATES)
    for step in range(UPDATES):
        x, rises = _patterns(rng, rng.integers(0, places, size=(SEEDS, 40)))
        _, d_scores = binary_cross_entropy(net.forward(x), rises)
        optimizer.learning_rate = 0.03 * schedule(step)
        optimizer.update(net.params, net.backward(SEEDS * d_scores))
    return net


def _right(net: Any, start: Array, steps: int = STEPS) -> Array:
    """Return the share of right answers for each step at which the pattern may begin, (seeds, places)."""
    every = np.tile(np.repeat(start, 100), (SEEDS, 1))
    x, rises = _patterns(np.random.default_rng(6), every, steps)
    right = (net.forward(x) > 0) == (rises > 0)
    return np.asarray(right.reshape(SEEDS, len(start), 100).mean(axis=2))


@cache
def _learned(kind: str) -> Array:
    """Return the share of right answers at each place after training on early places, (seeds, places)."""
    return _right(_trained(kind), np.arange(STARTS))


@figure(training="chaotic", seeds=SEEDS)
def sequences_places() -> Drawing:
    """Draw the share of right answers against the place of the pattern, for three networks trained on early places."""
    fig, ax = plot(width=5.4, height=2.6)
    places = np.arange(1, STARTS + 1)
    ax.axvspan(0.5, SEEN + 0.5, color=FAINT, linewidth=0)
    kinds = (("whole", VERMILION, "-"), ("window", GREEN, "--"), ("recurrent", BLUE, "-."))
    for kind, color, line in kinds:
        band(ax, places, _learned(kind), color=color, line=line)
    ax.axhline(0.5, color=GREY, linewidth=0.7)
    ax.set(xlabel="$s$", ylim=(-0.04, 1.04), xlim=(0.5, STARTS + 0.5), xticks=places[::2], yticks=[0, 0.5, 1])
    rows = [(int(s), *(float(np.median(_learned(kind)[:, s - 1])) for kind, *_ in kinds)) for s in places]
    return Drawing(fig, ("$s$", "$T$", "$n=3$", "$h_T$"), rows)


@number
def sequences_learned() -> dict[str, Any]:
    """Summarise those answers: at places of the training, and at places that share no step with any of them."""
    found: dict[str, Any] = {"seeds": SEEDS, "steps": STEPS, "seen": SEEN, "next": SEEN + 1, "new": SEEN + PATTERN}
    for kind in ("whole", "window", "recurrent"):
        right = _learned(kind)
        new = right[:, SEEN + PATTERN - 1 :].mean(axis=1)
        found[kind] = {"old": float(np.median(right[:, :SEEN].mean(axis=1))), "new": float(np.median(new))}
        found[kind] |= {"low": float(new.min()), "high": float(new.max())}
    found["between"] = float(np.median(_learned("whole")[:, SEEN : SEEN + PATTERN - 1].mean(axis=1)))
    later = SEEN + PATTERN - 1  # the first place that shares no step with those of the training, counted from 0
    cases = {
        "late": (np.arange(SEEN) + later, STEPS + later),  # what was seen in training, after noise
        "soon": (np.arange(STARTS - later), STEPS - later),  # what is new, without the steps before it
    }
    for name, (start, steps) in cases.items():
        right = _right(_trained("recurrent"), start, steps).mean(axis=1)
        found[name] = {"steps": steps, "right": float(np.median(right)), "low": float(right.min())}
    found["late"]["by"] = later
    return found


# --------------------------------------------------------------------------- what stands before the window


@cache
def _echo_left() -> list[float]:
    """Return which share of an echo of six steps a linear formula leaves open, on new data, by the window n."""
    x = np.random.default_rng(2).choice([-1.0, 1.0], size=3000)
    left = []
    for n in range(1, ORDERS + 1):
        past, _ = windows(np.append(x, 0.0), n)
        design, wanted = np.column_stack([past, np.ones(len(past))])[ORDERS - n :], x[ORDERS - 1 - LAG : -LAG]
        half = len(wanted) // 2
        weights = ridge_regression(design[:half], wanted[:half, np.newaxis], 1e-9)[:, 0]
        left.append(float(np.mean((design[half:] @ weights - wanted[half:]) ** 2)))
    return left


@cache
def _sunspot_errors() -> list[float]:
    """Return the error of AR(n) on the sunspots of 1921 to 1979, fitted on what comes before, by n."""
    years, values = sunspots()
    errors = []
    for n in range(1, ORDERS + 1):
        weights = fit_autoregression(values[years <= 1920], n)
        past, truth = windows(values, n)
        test = (years[n:] >= 1921) & (years[n:] <= 1979)
        errors.append(float(np.sqrt(np.mean((autoregression(weights, past[test]) - truth[test]) ** 2))))
    return errors


@figure()
def sequences_before() -> Drawing:
    """Draw the error against the length of the window: an echo of six steps, and the sunspots."""
    fig, (left, right) = plot(1, 2, width=5.8, height=2.3)
    n = np.arange(1, ORDERS + 1)
    left.plot(n, _echo_left(), "o-", color=BLUE, markersize=3.5)
    left.axvline(LAG + 1, color=GREY, linewidth=0.7, linestyle=":")
    left.set(xlabel="$n$", ylabel="$(y_t-x_{t-6})^2$", ylim=(-0.05, 1.2), xticks=n[::2])
    right.plot(n, _sunspot_errors(), "o-", color=VERMILION, markersize=3.5)
    right.set(xlabel="$n$", ylabel="RMSE", ylim=(0, None), xticks=n[::2])
    rows = [(int(i), round(a, 9), b) for i, a, b in zip(n, _echo_left(), _sunspot_errors(), strict=True)]
    return Drawing(fig, ("$n$", "$(y_t-x_{t-6})^2$", "RMSE"), rows)


@number(digits=3)
def sequences_orders() -> dict[str, Any]:
    """Give some of those errors, and the lag of the echo."""
    spots = _sunspot_errors()
    echo = _echo_left()
    assert max(echo[LAG:]) < 1e-12 < min(echo[:LAG])
    return {
        "lag": LAG,
        "six": echo[LAG - 1],
        "one": spots[0],
        "two": spots[1],
        "nine": spots[8],
        "twelve": spots[11],
    }


@figure()
def sequences_sunspots() -> Drawing:
    """Draw the autocorrelation of the sunspot numbers."""
    r = autocorrelation(sunspots()[1], 40)
    fig, bottom = plot(width=5.4, height=2.0)
    bottom.vlines(np.arange(41), 0, r, color=BLUE, linewidth=1.6)
    bottom.axhline(0, color=GREY, linewidth=0.7)
    bottom.set(xlabel="$n$", ylabel="$r_n$", xlim=(-0.6, 40.6), xticks=[0, 10, 20, 30, 40])
    return Drawing(fig, ("$n$", "$r_n$"), [(n, float(r[n])) for n in range(0, 41, 2)])


@number
def sequences_correlated() -> dict[str, Any]:
    """Give the autocorrelation of the sunspots at some lags, and its next peak."""
    _, values = sunspots()
    r = autocorrelation(values, 40)
    peak = 6 + int(r[6:17].argmax())
    return {
        "years": len(values),
        "one": float(r[1]),
        "five": float(r[5]),
        "peak": peak,
        "at": float(r[peak]),
        "late": 28 + int(r[28:38].argmax()),
        "third": float(r[28:38].max()),
        "noise": float(2 / np.sqrt(len(values))),
    }


@number
def sequences_answers() -> dict[str, Any]:
    """Compute what the answers of the chapter say."""
    D, H = 40, 100
    phi = fit_autoregression(generate_sequence_data("sine", 400, omega=0.3), 2)
    shuffled = np.random.default_rng(1).permutation(sunspots()[1])
    r = np.abs(autocorrelation(shuffled, 40)[1:])
    everywhere = {
        f"all-{kind}": float(np.median(_right(_trained(kind, STARTS), np.arange(STARTS)).mean(axis=1)))
        for kind in ("whole", "recurrent")
    }
    return everywhere | {
        "crossing": 1 + H / D,
        "whole": _size(SimpleRNN(100 * D, H, 1), "W_xh", "b_h"),
        "recurrent": _size(SimpleRNN(D, H, 1), "W_xh", "W_hh", "b_h"),
        "first": float(phi[2]),
        "second": float(phi[1]),
        "shuffled": float(r.max()),
        "outside": int((r > 2 / np.sqrt(len(shuffled))).sum()),
    }
