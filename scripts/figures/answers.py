"""The figure and the numbers of the page answers: four roads back, sizes, and what a slip in the product costs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from rnn import SimpleRNN, counts, gradients
from rnn.lstm import sigmoid
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, PURPLE, VERMILION

INPUTS, UNITS, STEPS = 10, 20, 100
SEEDS = 100


@figure()
def answers_roads() -> Drawing:
    """Four roads from step t back to step k, and what the gradient is multiplied by on each."""
    d = Diagram(4.6, 3.1)
    places = (0.3, 1.3, 2.3, 3.3, 4.3)
    times = ("k", "k+1", "k+2", "t-1", "t")
    rows = (
        ("h", r"$W_{hh}^\top D$", VERMILION, 2.7),
        ("c", "$f$", BLUE, 1.85),
        ("h", "$z$", GREEN, 1.05),
    )
    for letter, label, color, y in rows:
        nodes = [d.point(x, y, f"${letter}_{{{time}}}$", color=color) for x, time in zip(places, times, strict=True)]
        for i, (left, right) in enumerate(pairwise(nodes)):
            if i == 2:
                d.text((places[2] + places[3]) / 2, y, r"$\cdots$", color=GREY)
            else:
                d.arrow(right, left, label, color=color, side=-0.24, size=12)
    far, near = d.point(places[0], 0.25, "$h_k$", color=PURPLE), d.point(places[4], 0.25, "$c_t$", color=PURPLE)
    d.arrow(near, far, r"$\alpha_{t,k}$", color=PURPLE, side=-0.24, size=12)
    return d.drawing()


@number
def answers_sizes() -> dict[str, Any]:
    """What layers of one size cost, one bias for each gate; and a layer that reads 100 steps at once."""
    kinds = {
        "rnn": counts.rnn(INPUTS, UNITS),
        "gru": counts.gru(INPUTS, UNITS, reset="before"),
        "lstm": counts.lstm(INPUTS, UNITS),
    }
    two = {
        "rnn": counts.rnn(INPUTS, UNITS, biases="two"),
        "gru": counts.gru(INPUTS, UNITS, biases="two"),
        "lstm": counts.lstm(INPUTS, UNITS, biases="two"),
    }
    return {
        "inputs": INPUTS,
        "units": UNITS,
        "steps": STEPS,
        "whole": UNITS * (STEPS * INPUTS + 1),
        "both": 2 * kinds["rnn"].parameters,
        "after": counts.gru(INPUTS, UNITS, reset="after").parameters,
        **{
            name: {
                "parameters": kind.parameters,
                "two": two[name].parameters,
                "products": kind.products,
                "stored": kind.stored,
            }
            for name, kind in kinds.items()
        },
    }


@number
def answers_powers() -> dict[str, float]:
    """What many equal factors leave, and the slope of tanh at 2."""
    return {
        "less": 0.9**40,
        "more": 1.1**40,
        "slope": float(1 - np.tanh(2) ** 2),
        "nine": 0.9**50,
        "ninetynine": 0.99**50,
        "one": float(sigmoid(np.array(1.0)) ** 50),
    }


@number
def answers_lags() -> dict[str, int]:
    """How many pairs k ≤ t a sequence of 100 steps has, and how many of them are at least 50 steps apart."""
    distances = [t - k for t in range(1, STEPS + 1) for k in range(1, t + 1)]
    return {"all": len(distances), "far": sum(n >= 50 for n in distances)}


@number
def answers_slips() -> dict[str, Any]:
    """How far the product is off after three kinds of slip, over four steps: median of the relative error."""
    found: dict[str, list[float]] = {"untransposed": [], "swapped": [], "reversed": []}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        net = SimpleRNN(3, 6, 2, rng=rng)
        _, states = net.forward(rng.normal(size=(6, 1, 3)))
        W, e = net.params["W_hh"].T, rng.normal(size=(6, 1))  # W_math is W_code.T
        D = [np.diag(1 - states[i, 0] ** 2) for i in range(2, 6)]  # of the steps k + 1, …, t
        right = gradients.gradient_product(net, states, 6, 2) @ e
        slips = {
            "untransposed": [W @ d for d in D],
            "swapped": [d @ W.T for d in D],
            "reversed": [W.T @ d for d in D[::-1]],
        }
        if not np.allclose(np.linalg.multi_dot([W.T @ d for d in D]) @ e, right):
            raise AssertionError("the product is not that of the package")
        for name, factors in slips.items():
            wrong = np.linalg.multi_dot(factors) @ e
            found[name].append(float(np.linalg.norm(wrong - right) / np.linalg.norm(right)))
    return {"seeds": SEEDS, **{name: float(np.median(errors)) for name, errors in found.items()}}
