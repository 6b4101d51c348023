"""Figures and numbers of the chapter recurrence."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.patches import FancyArrowPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from rnn import SimpleRNN, init
from rnn.gradients import ordered_product, step_jacobians
from rnn.optim import Adam, cosine
from scripts.figures import Drawing, figure, number, table
from scripts.figures.diagram import Diagram, unrolled
from scripts.figures.plot import BLUE, GREEN, GREY, VERMILION, heat, plot

Array = NDArray[Any]
LAG, SEEN = 3, 20  # the echo comes three steps late; training shows sequences of 20 steps


@figure()
def recurrence_unrolled() -> Drawing:
    """Draw the network with its loop, and the same network unrolled over three steps."""
    diagram = Diagram(6.3, 2.25)
    y, rise = 1.08, 0.82
    state = diagram.box(0.6, y, "$h$", color=BLUE, fill=0.08)
    below, above = diagram.point(0.6, y - rise, "$x$"), diagram.point(0.6, y + rise, "$y$")
    diagram.arrow(below, state, "$W_{xh}$", color=GREY, side=-0.27)
    diagram.arrow(state, above, "$W_{hy}$", color=GREY, side=-0.27)
    loop = FancyArrowPatch(
        path=Path([(0.88, y + 0.12), (1.5, y + 0.5), (1.5, y - 0.5), (0.88, y - 0.12)], [1, 4, 4, 4]),
        arrowstyle="-|>,head_width=2.6,head_length=4.6",
        mutation_scale=1,
        color=BLUE,
        linewidth=1.1,
    )
    diagram.ax.add_patch(loop)
    diagram.text(1.6, y, "$W_{hh}$", color=BLUE, size=11)
    diagram.text(2.04, y, "$=$", color=GREY, size=14)
    unrolled(
        diagram,
        ["1", "2", "3"],
        x=2.5,
        y=y,
        gap=1.12,
        rise=rise,
        weights=("$W_{xh}$", "$W_{hh}$", "$W_{hy}$"),
        first="$h_0$",
        color=BLUE,
    )
    return diagram.drawing()


@figure()
def recurrence_shapes() -> Drawing:
    """Draw four patterns, in the order of `sequences_kinds`: which steps have an input and which an output."""
    diagram = Diagram(5.6, 4.3)
    patterns = [
        (0.45, 3.2, ["1", "2", "3"], (0,), (0, 1, 2)),
        (3.3, 3.2, ["1", "2", "3"], (0, 1, 2), (2,)),
        (0.45, 1.05, ["1", "2", "3"], (0, 1, 2), (0, 1, 2)),
        (3.3, 1.05, ["1", "2", "3", "4"], (0, 1), (2, 3)),
    ]
    for i, (x, y, indices, inputs, outputs) in enumerate(patterns):
        gap = 0.85 if len(indices) == 3 else 0.66
        unrolled(diagram, indices, x=x, y=y, gap=gap, rise=0.68, inputs=inputs, outputs=outputs, color=BLUE)
        diagram.text(x - 0.3, y + 0.92, rf"$(\mathrm{{{'abcd'[i]}}})$", color=GREY, size=10, align="left")
    return diagram.drawing()


@figure()
def recurrence_impulse() -> Drawing:
    """Draw the hidden states of a small random network after a single input."""
    states = _after_an_impulse(steps=30, units=6)
    fig, ax = plot(width=5.6, height=1.7)
    heat(ax, states.T)
    ax.set(xlabel="$t$", ylabel="$i$", **_grid(*states.shape))
    rows = [(t + 1, *states[t, :3]) for t in range(4, len(states), 5)]
    return Drawing(fig, ("$t$", "$h_{t,1}$", "$h_{t,2}$", "$h_{t,3}$"), rows)


@figure()
def recurrence_visible() -> Drawing:
    """Draw how strongly the state depends on the first input, for three scales of the recurrent weights."""
    fig, ax = plot(width=5.6, height=2.8)
    t = np.arange(1, 41)
    curves = {}
    for scale, color, line in ((0.5, VERMILION, ":"), (0.9, BLUE, "--"), (1.0, GREEN, "-")):
        curves[scale] = _visible(scale)
        ax.semilogy(t, curves[scale], line, color=color)
        end = (t[-1], curves[scale][-1])
        ax.annotate(f"${scale:g}$", end, (5, 0), textcoords="offset points", va="center", color=color)
    ax.set(xlabel="$t$", ylabel=r"$\Vert\partial h_t/\partial x_1\Vert$", xlim=(1, 40), xticks=[1, 10, 20, 30, 40])
    rows = [(int(n), *(curves[scale][n - 1] for scale in curves)) for n in t[::6]]
    return Drawing(fig, ("$t$", *(f"{scale:g}" for scale in curves)), rows)


@figure(training="stable")
def recurrence_echo() -> Drawing:
    """Draw a network trained to repeat its input three steps later: inputs, outputs, hidden states."""
    T = 24
    inputs = _signs(np.random.default_rng(7), T, 1)
    outputs, states = _echo().forward(inputs)
    fig, (top, bottom) = plot(2, 1, width=5.6, height=2.7, sharex=True, height_ratios=[2, 3])
    t = np.arange(T)
    top.step(t, inputs[:, 0, 0], where="mid", color=GREY, linewidth=1)
    top.plot(t[LAG:], outputs[LAG:, 0, 0], "o", color=VERMILION, markersize=3.2)
    top.set(yticks=[-1, 1], ylim=(-1.3, 1.3), ylabel="$x_t,\\ y_t$")
    order = [unit - 1 for unit, *_ in _followed()]
    heat(bottom, states[:, 0, order].T, largest=1.0)
    bottom.set(xlabel="$t$", ylabel="$i$", **_grid(T, 6))
    bottom.set(yticklabels=[str(unit + 1) for unit in order])
    rows = [(n + 1, inputs[n, 0, 0], outputs[n, 0, 0]) for n in t]
    return Drawing(fig, ("$t$", "$x_t$", "$y_t$"), rows)


@number
def recurrence_echo_error() -> dict[str, Any]:
    """Measure the trained echo on new sequences, as long as in training and much longer: root mean squared errors."""
    rng = np.random.default_rng(11)
    error = {}
    for name, steps in (("trained", SEEN), ("longer", 100 * SEEN)):
        inputs = _signs(rng, steps, 50)
        outputs, _ = _echo().forward(inputs)
        error[name] = float(np.sqrt(np.mean((outputs[LAG:] - inputs[:-LAG]) ** 2)))
    return {**error, "steps": SEEN, "more": 100 * SEEN}


@table
def recurrence_units() -> list[tuple[int, int, float]]:
    """For each unit of the trained echo: how old the input is that it follows best, and which share it explains."""
    return _followed()


def _followed() -> list[tuple[int, int, float]]:
    """Return the unit, the age of the input that it follows best, and the share; the newest inputs first."""
    found = [(i + 1, int(row.argmax()), float(row.max())) for i, row in enumerate(_shares(_echo()))]
    return sorted(found, key=lambda row: row[1])


@number
def recurrence_mixed() -> float:
    """Find the smallest such share in the networks of four other seeds."""
    return min(float(_shares(_echo(seed)).max(axis=1).min()) for seed in range(1, 5))


@number
def recurrence_decoded() -> dict[str, float]:
    """Find which share of past inputs a linear formula of the state recovers; `missing`: at most, of 0 … 3."""
    states, past = _read(_echo())
    design = np.column_stack([states, np.ones(len(states))])
    left = past - design @ np.linalg.lstsq(design, past, rcond=None)[0]
    shares = 1 - left.var(axis=0) / past.var(axis=0)
    return {"missing": float(1 - shares[: LAG + 1].min()), "four": float(shares[4]), "five": float(shares[5])}


@number
def recurrence_capacity() -> dict[str, int]:
    """Count the bits that the state of a network can hold at most, and as how many letters out of 27."""
    units = 100
    bits = 64 * units
    return {"units": units, "bits": bits, "letters": int(bits / np.log2(27))}


@number
def recurrence_sizes() -> dict[str, int]:
    """Count parameters, for 10 inputs, 20 hidden units, 5 outputs: recurrent, and for windows of 10 and 100 steps."""
    D, H, O = 10, 20, 5
    net = SimpleRNN(D, H, O)
    sizes = {"recurrent": sum(value.size for value in net.params.values())}
    for name, steps in (("ten", 10), ("hundred", 100)):
        sizes[name] = SimpleRNN(steps * D, H, O).params["W_xh"].size + H + O * (H + 1)
    return sizes


@table
def recurrence_half_life() -> list[tuple[str, int, int]]:
    """List, for a single linear unit: its weight, and after how many steps at most a half, a thousandth is left."""
    weights = (0.5, 0.9, 0.99, 0.999)
    return [(f"{w:g}", _steps_until(0.5, w), _steps_until(0.001, w)) for w in weights]


def _steps_until(left: float, weight: float) -> int:
    """Return the first n with weightⁿ ≤ left."""
    return int(np.ceil(np.log(left) / np.log(weight)))


@number
def recurrence_steps() -> dict[str, int]:
    """Count the steps until the first input matters less than a thousandth of what it did at first."""
    scales = {"half": 0.5, "most": 0.9, "all": 1.0}
    steps = {name: _until(_visible(scale, steps=2000)) for name, scale in scales.items()}
    linear = {f"linear-{name}": _until(scales[name] ** np.arange(2000.0)) for name in ("half", "most")}
    return steps | linear


@number
def recurrence_golden() -> float:
    """Compute the factor by which the Fibonacci network grows at each step, in the long run."""
    return float(np.abs(np.linalg.eigvals(np.array([[1.0, 1.0], [1.0, 0.0]]))).max())


@number
def recurrence_cosine() -> dict[str, Any]:
    """Run two linear units that turn by 0.3 a step, beside the cosine."""
    omega, steps = 0.3, 1000
    net = SimpleRNN(1, 2, 1, nonlinearity="identity")
    net.params["W_xh"] = np.array([[1.0, 0.0]])
    net.params["W_hh"] = np.array([[np.cos(omega), np.sin(omega)], [-np.sin(omega), np.cos(omega)]])
    net.params["W_hy"] = np.array([[1.0], [0.0]])
    impulse = np.eye(steps, 1)[:, :, np.newaxis]
    outputs, _ = net.forward(impulse)
    error = float(np.abs(outputs[:, 0, 0] - np.cos(omega * np.arange(steps))).max())
    assert error < 1e-12  # rounding, which differs between machines: the page says only that it is below this
    return {"steps": steps, "omega": omega}


def _until(curve: Array) -> int:
    """Return the first place at which a curve is below a thousandth of its beginning; its length if there is none."""
    below = np.flatnonzero(curve < 1e-3 * curve[0])
    return int(below[0]) if len(below) else len(curve)


def _after_an_impulse(steps: int, units: int) -> Array:
    """Run a network over zeros, but for a single input at step 5: its states, (steps, units)."""
    inputs = np.zeros((steps, 1, 1))
    inputs[4] = 1.5
    _, states = _orthogonal(0.9, units, seed=4).forward(inputs)
    return states[:, 0]


def _grid(steps: int, units: int) -> dict[str, Any]:
    """Label the cells of states over time: steps from 1, every fifth, and units from 1."""
    times = np.arange(4, steps, 5)
    return {
        "xticks": times,
        "xticklabels": [str(t + 1) for t in times],
        "yticks": range(units),
        "yticklabels": [str(i + 1) for i in range(units)],
    }


def _orthogonal(scale: float, H: int, *, seed: int) -> SimpleRNN:
    """Return a network whose recurrent weights are a multiple of an orthogonal matrix."""
    rng = np.random.default_rng(seed)
    net = SimpleRNN(1, H, 1, rng=rng)
    net.params["W_hh"] = scale * init.orthogonal((H, H), rng)
    return net


def _visible(scale: float, *, steps: int = 40) -> Array:
    """Return ‖∂h_t/∂x_1‖ for t = 1, 2, … in a network of 20 units that reads small noise."""
    net = _orthogonal(scale, 20, seed=0)
    inputs = 0.5 * np.random.default_rng(1).normal(size=(steps, 1, 1))
    _, states = net.forward(inputs)
    jacobians = step_jacobians(net, states)
    into_h1 = np.diag(net.derivative(states[0, 0])) @ net.params["W_xh"].T
    norms = []
    for t in range(1, steps + 1):
        into_h1 = ordered_product(jacobians, t, t - 1) @ into_h1 if t > 1 else into_h1
        norms.append(float(np.linalg.norm(into_h1)))
    return np.array(norms)


def _signs(rng: np.random.Generator, steps: int, batch: int) -> Array:
    """Return sequences of random signs, (steps, batch, 1)."""
    return rng.choice([-1.0, 1.0], size=(steps, batch, 1))


@cache
def _echo(seed: int = 0) -> SimpleRNN:
    """Return a network of 6 units trained to repeat its input three steps later; nobody may change it."""
    rng = np.random.default_rng(seed)
    net = SimpleRNN(1, 6, 1, rng=rng)
    optimizer, schedule = Adam(), cosine(600)
    inputs = _signs(rng, SEEN, 16)
    for epoch in range(600):
        outputs, _ = net.forward(inputs)
        error = np.zeros_like(outputs)
        error[LAG:] = outputs[LAG:] - inputs[:-LAG]  # before there is anything to repeat, nothing is asked for
        optimizer.learning_rate = 0.02 * schedule(epoch)
        optimizer.update(net.params, net.backward(2 * error / error.size))
    return net


def _read(net: SimpleRNN) -> tuple[Array, Array]:
    """Run a trained echo over new signs: its states, (n, 6), and the inputs 0 … 5 steps before each, (n, 6)."""
    inputs = _signs(np.random.default_rng(3), 4000, 1)
    _, states = net.forward(inputs)
    past = np.column_stack([inputs[10 - n : len(inputs) - n, 0, 0] for n in range(6)])
    return states[10:, 0], past


def _shares(net: SimpleRNN) -> Array:
    """Return what share of the variance of each unit each of the last six inputs explains, (units, inputs)."""
    states, past = _read(net)
    return np.asarray(np.corrcoef(states.T, past.T)[:6, 6:] ** 2)
