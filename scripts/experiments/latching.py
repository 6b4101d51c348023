"""A bit kept in one unit, against noise: how often it is kept, and how much of a gradient comes back.

Bengio, Simard & Frasconi 1994: a state that returns to where it was after a disturbance must contract, and with it the
gradient.  Nothing is trained here.  A unit holds +1 and meets noise of standard deviation 0.25 at each of 60 steps;
then its sign is looked at.  Three units: tanh with the weight w on its own state; the same without tanh; and a gate,
which keeps the share w of what was there and lets the rest of the noise in, like the update gate of a GRU.
"""

from __future__ import annotations

import numpy as np

from scripts.experiments import Experiment, Found, Pair, Results, claim

UNITS, STEPS, NOISE = 4000, 60, 0.25
WEIGHTS = {
    "tanh": (0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.6, 1.8, 2.0),
    "linear": (0.8, 0.85, 0.9, 0.95, 0.98, 1.0),
    "gate": (0.8, 0.85, 0.9, 0.95, 0.98, 0.99, 0.999),
}


def run(seed: int, unit: str) -> Found:
    """Let 4000 units run for each weight; return how many kept the sign, and log10 of the median |dh_60 / dh_0|."""
    rng, kept, left = np.random.default_rng(seed), [], []
    # --8<-- [start:units]
    for w in WEIGHTS[unit]:
        h, gradient = np.ones(UNITS), np.zeros(UNITS)
        for _ in range(STEPS):
            noise = NOISE * rng.normal(size=UNITS)
            h = w * h + ((1 - w) * noise if unit == "gate" else noise)
            slope = np.full(UNITS, w)
            if unit == "tanh":
                h = np.tanh(h)
                slope = w * (1 - h**2)
            gradient += np.log10(slope)
        kept.append(np.mean(h > 0))
        left.append(np.median(gradient))
    # --8<-- [end:units]
    return {"weight": WEIGHTS[unit], "kept": kept, "left": left}


EXPERIMENT = Experiment(run, arms=[{"unit": unit} for unit in WEIGHTS], reduced=[{"unit": unit} for unit in WEIGHTS])


@claim
def keeping_costs_the_gradient(results: Results) -> Pair:
    """Of the tanh units the one that keeps the sign most often passes on less gradient, by ten powers of ten."""
    kept, left = (np.median(results.of(name, unit="tanh"), axis=0) for name in ("kept", "left"))
    return left[np.argmax(kept)] + 10, left.max()


@claim
def the_gate_keeps_both(results: Results) -> Pair:
    """Of the gates the one that keeps most keeps the sign in 99 runs of 100, and nine tenths of the gradient."""
    kept, left = (np.median(results.of(name, unit="gate"), axis=0) for name in ("kept", "left"))
    return [0.99, np.log10(0.9)], [kept[-1], left[-1]]


@claim
def adding_up_is_not_enough(results: Results) -> Pair:
    """With weight 1 the linear unit passes on the whole gradient, and loses the sign in a fifth of the runs."""
    kept, left = (np.median(results.of(name, unit="linear"), axis=0) for name in ("kept", "left"))
    return [kept[-1], -1e-9], [0.8, left[-1]]
