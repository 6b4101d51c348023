"""Figures and numbers of the chapter after: trees, modes, counts, and what a diagonal recurrence cannot track."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rnn import SimpleRNN
from rnn.echo import EchoState, nrmse
from rnn.equations.after import tally
from rnn.gradients import gate_half_lives, step_jacobians
from rnn.scan import doubling, linear_recurrence, parallel_scan
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram, Node
from scripts.figures.plot import BLUE, GREEN, GREY, VERMILION, plot

# --------------------------------------------------------------------------- drawings


@figure()
def after_flow() -> Drawing:
    """Draw who waits for whom: a chain, a tree, and all pairs, over four inputs."""
    diagram = Diagram(5.6, 2.2)
    low, gap = 0.3, 0.46
    for panel, letter in enumerate("abc"):
        left = 0.25 + 1.86 * panel
        places = [left + gap * i for i in range(4)]
        inputs = [diagram.point(x, low, f"$x_{i}$") for i, x in enumerate(places, start=1)]
        diagram.text(places[0] + 1.5 * gap, 2.05, rf"$(\mathrm{{{letter}}})$", color=GREY)
        if letter == "a":
            states = [diagram.circle(x, 1.2, color=BLUE, fill=0.1, radius=0.13) for x in places]
            for i, state in enumerate(states):
                diagram.arrow(inputs[i], state, color=GREY)
                if i:
                    diagram.arrow(states[i - 1], state, color=BLUE)
        elif letter == "b":
            pairs = [diagram.circle(x, 1.0, color=BLUE, fill=0.1, radius=0.13) for x in places[1::2]]
            top = diagram.circle(places[3], 1.62, color=BLUE, fill=0.1, radius=0.13)
            third = diagram.circle(places[2], 1.62, color=VERMILION, fill=0.1, radius=0.13)
            for i, x in enumerate(inputs):
                diagram.arrow(x, pairs[i // 2], color=BLUE)
            diagram.arrow(pairs[0], top, color=BLUE)
            diagram.arrow(pairs[1], top, color=BLUE)
            diagram.arrow(pairs[0], third, color=VERMILION)
            diagram.arrow(inputs[2], third, color=VERMILION)
        else:
            outputs = [diagram.circle(x, 1.6, color=GREEN, fill=0.1, radius=0.13) for x in places]
            for i, output in enumerate(outputs):
                for j in range(i + 1):
                    diagram.arrow(inputs[j], output, color=GREEN, width=0.8)
    return diagram.drawing()


@figure()
def after_tree() -> Drawing:
    """Draw the scan over eight steps: pairs are joined upwards, the gaps are filled in downwards."""
    diagram = Diagram(5.2, 3.5)
    x = [0.4 + 0.63 * i for i in range(8)]
    rows = [0.35, 1.0, 1.6, 2.2, 2.75, 3.25]

    def dot(i: int, row: int, color: str, label: str) -> Node:
        return diagram.box(x[i], rows[row], label, color=color, fill=0.08 * bool(row), width=0.46, height=0.34, size=9)

    level = [dot(i, 0, GREY, f"${i + 1}$") for i in range(8)]
    levels = [level]
    for row in (1, 2, 3):
        width = 2**row
        level = [dot(i, row, BLUE, f"${i + 2 - width}..{i + 1}$") for i in range(width - 1, 8, width)]
        for n, joined in enumerate(level):
            diagram.arrow(levels[-1][2 * n], joined, color=BLUE)
            diagram.arrow(levels[-1][2 * n + 1], joined, color=BLUE)
        levels.append(level)
    sixth = dot(5, 4, VERMILION, "$1..6$")
    diagram.arrow(levels[2][0], sixth, color=VERMILION)
    diagram.arrow(levels[1][2], sixth, color=VERMILION)
    for i, before in ((2, levels[1][0]), (4, levels[2][0]), (6, sixth)):
        state = dot(i, 5, VERMILION, f"$1..{i + 1}$")
        diagram.arrow(before, state, color=VERMILION)
        diagram.arrow(levels[0][i], state, color=VERMILION, dashed=True)
    return diagram.drawing()


@cache
def counted(m: int) -> tuple[Any, Any]:
    """Count what the tree and doubling do over 2 to the m steps, with matrices of size 2."""
    return tally(2**m, 2), tally(2**m, 2, doubling)


@figure()
def after_depth() -> Drawing:
    """Draw work and rounds of the loop, the tree and doubling against the number of steps."""
    fig, (work, depth) = plot(1, 2, width=5.6, height=2.4)
    exponents = list(range(1, 11))
    steps = [2**m for m in exponents]
    rows = []
    for m in exponents:
        tree, ladder = counted(m)
        rows.append((2**m, 2**m, tree.joins + tree.states, ladder.joins, 2**m, tree.rounds, ladder.rounds))
    columns = np.array(rows).T
    for ax, first in ((work, 1), (depth, 4)):
        for line, color, values in zip(("-", "--", ":"), (GREY, BLUE, VERMILION), columns[first:], strict=False):
            ax.loglog(steps, values, line, color=color)
        ax.set(xlabel="$T$", xticks=[2, 32, 1024], xticklabels=["2", "32", "1024"])
        ax.minorticks_off()
    work.set(ylabel=r"$C + S$")
    depth.set(ylabel="$R$")
    for ax, names in ((work, (900, 2600, 16000)), (depth, (900, 24, 6))):
        for name, y, color in zip(("$h_t$", "$C$", r"$C'$"), names, (GREY, BLUE, VERMILION), strict=True):
            ax.annotate(name, (1150, y), color=color, annotation_clip=False, va="center", fontsize=9)
    data = [(T, done, quick, rounds, few) for T, _, done, quick, _, rounds, few in rows[1::2]]
    return Drawing(fig, ("$T$", "$C+S$", "$C'$", "$R$", "$R'$"), data)


@figure()
def after_modes() -> Drawing:
    """Draw the real part of the powers of three factors: slow, fast, turning."""
    fig, ax = plot(width=5.0, height=2.3)
    lags = np.arange(41)
    modes = {r"0.98": (0.98, 0.0), "0.8": (0.8, 0.0), r"0.95\,e^{0.5i}": (0.95, 0.5)}
    values = []
    for (label, (size, angle)), line in zip(modes.items(), ("-", "--", "-"), strict=True):
        A, b = np.full((41, 1, 1), size * np.exp(1j * angle)), np.zeros((41, 1, 1), complex)
        b[0] = 1
        curve = parallel_scan(A, b)[:, 0, 0].real
        values.append(curve)
        ax.plot(lags, curve, line, label=rf"$\lambda = {label}$")
    ax.axhline(0, color=GREY, linewidth=0.6)
    ax.set(xlabel="$n$", ylabel=r"$\mathrm{Re}\,\lambda^n$")
    ax.legend(loc="upper right", ncols=3, bbox_to_anchor=(1, 1.17), columnspacing=1.2)
    rows = [(n, *(float(curve[n]) for curve in values)) for n in range(0, 41, 5)]
    return Drawing(fig, ("$n$", *(rf"$\lambda = {label}$" for label in modes)), rows)


# --------------------------------------------------------------------------- counts

STEPS, UNITS = 1024, 64


@number
def after_counts() -> dict[str, Any]:
    """Count joins and rounds for 1024 steps."""
    tree, ladder = counted(10)
    return {
        "steps": STEPS,
        "joins": tree.joins,
        "rounds": tree.rounds,
        "quick": ladder.rounds,
        "many": ladder.joins,
    }


@number
def after_price() -> dict[str, Any]:
    """Compare the multiplications of the tree with those of the loop, for matrices and for diagonals."""
    tree, _ = counted(10)
    dense = tree.joins * (UNITS**3 + UNITS**2) + tree.states * UNITS**2
    diagonal = tree.joins * 2 * UNITS + tree.states * UNITS
    return {"dense": round(dense / (STEPS * UNITS**2)), "diagonal": diagonal / (STEPS * UNITS)}


@number
def after_costs() -> dict[str, Any]:
    """Find the step from which attention over 64 numbers multiplies more than a tanh step of 64 units."""
    crossing = next(t for t in range(1, 1000) if 2 * UNITS * t > UNITS**2)
    return {"units": UNITS, "crossing": crossing, "late": 10_000, "kept": 2 * UNITS * 10_000}


@number(digits=3)
def after_lives() -> dict[str, Any]:
    """Return half-lives of three factors."""
    short, middle, long = gate_half_lives(np.array([0.9, 0.99, 0.999]))
    return {"short": float(short), "middle": float(middle), "long": float(long)}


@number(digits=5)
def after_thousand() -> float:
    """Return the factor whose half-life is 1000."""
    return float(2 ** (-1 / 1000))


@number
def after_euler() -> dict[str, Any]:
    """Compare the size of the factors of the simple rule and of the hold."""
    alpha, s = -1 + 10j, 0.25
    return {"simple": float(abs(1 + alpha * s)), "hold": float(abs(np.exp(alpha * s)))}


# --------------------------------------------------------------------------- Newton over time

NEWTON_SEEDS, NEWTON_STEPS, NEWTON_UNITS = 11, 200, 8


def newton(net: SimpleRNN, inputs: Array) -> int:
    """Count the iterations until all states are found at once."""
    T, H = len(inputs), net.hidden_size
    h = np.zeros((T, 1, H))
    for iteration in range(1, T + 1):
        before = np.concatenate([np.zeros((1, 1, H)), h[:-1]])
        value = net.activation(net.pre_activation(inputs[:, 0], before[:, 0]))[:, None]
        A = step_jacobians(net, value).swapaxes(1, 2)
        found = parallel_scan(A, value - before @ A, dense=True)
        if np.abs(found - h).max() < 1e-10:
            return iteration
        h = found
    return T


@number
def after_newton() -> dict[str, Any]:
    """Solve random tanh networks for all their states by Newton's method: medians of iterations."""
    found: dict[str, Any] = {"seeds": NEWTON_SEEDS, "steps": NEWTON_STEPS, "units": NEWTON_UNITS}
    for name, gain in (("calm", 0.8), ("wild", 3.0)):
        counts = []
        for seed in range(NEWTON_SEEDS):
            rng = np.random.default_rng(seed)
            net = SimpleRNN(2, NEWTON_UNITS, 1, rng=rng)
            net.params["W_hh"] = gain * rng.normal(size=(NEWTON_UNITS, NEWTON_UNITS)) / np.sqrt(NEWTON_UNITS)
            counts.append(newton(net, 0.3 * rng.normal(size=(NEWTON_STEPS, 1, 2))))
        median = int(np.median(counts))
        found[name] = {"median": median if gain < 1 else round(median, -1)}  # in chaos rounding decides on the rest
    return found


# --------------------------------------------------------------------------- echo, rank, signs

ECHO_SEEDS = 10


@number
def after_echo() -> dict[str, Any]:
    """Let echo-state networks repeat their input of some steps ago; the error of later steps, median over seeds."""
    found: dict[str, Any] = {"seeds": ECHO_SEEDS, "units": 50}
    for name, lag in (("near", 5), ("far", 40)):
        errors = []
        for seed in range(ECHO_SEEDS):
            rng = np.random.default_rng(seed)
            u = rng.uniform(-1, 1, size=(1600, 1, 1))
            net = EchoState(1, 50, 1, spectral_radius=0.9, input_scale=0.1, rng=rng)
            net.fit(u[lag:1000], u[: 1000 - lag], washout=100)
            outputs, _ = net.forward(u[1000:])
            errors.append(nrmse(outputs[100:], u[1000 + 100 - lag : 1600 - lag]))
        found[name] = {"lag": lag, "median": float(np.median(errors))}
    return found


@number
def after_ranks() -> dict[str, int]:
    """Return the rank of the 10×10 Hankel matrix of some sequences."""
    n = np.arange(19)
    fibonacci = [1.0, 1.0]
    for _ in range(17):
        fibonacci.append(fibonacci[-1] + fibonacci[-2])
    sequences = {
        "fibonacci": np.array(fibonacci),
        "sine": np.sin(n),
        "sines": np.sin(n) + np.sin(2 * n),
        "squares": n.astype(float) ** 2,
        "noise": np.random.default_rng(0).normal(size=19),
    }
    index = np.arange(10)[:, None] + np.arange(10)
    return {name: int(np.linalg.matrix_rank(y[index], tol=1e-9 * np.abs(y).max())) for name, y in sequences.items()}


@number
def after_signs() -> dict[str, Any]:
    """Draw diagonal layers with factors between 0 and 1, feed them ones, and count how often the score changes sign."""
    tries, units, steps = 2000, 5, 300
    rng = np.random.default_rng(0)
    factors = rng.uniform(0, 1, size=(1, tries, units)) ** 0.2
    b, h0 = rng.normal(size=(1, tries, units)), rng.normal(size=(tries, units))
    states = linear_recurrence(np.repeat(factors, steps, axis=0), np.repeat(b, steps, axis=0), h0)
    weights = rng.normal(size=(tries, units))
    limit = b[0] / (1 - factors[0])
    scores = (states * weights).sum(axis=2) - (limit * weights).sum(axis=1)  # the bias at which most can happen
    signs = np.sign(scores) * (np.abs(scores) > 1e-9)
    changes = [(np.diff(column[column != 0]) != 0).sum() for column in signs.T]
    return {"tries": tries, "units": units, "steps": steps, "most": int(max(changes))}
