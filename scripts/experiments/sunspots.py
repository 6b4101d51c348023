"""Sunspots: average relative variance of a small tanh network, with weight decay and without, and of AR(12).

The parts of Weigend, Huberman & Rumelhart 1990: fitted on the years up to 1920, tested on 1921–1955 and 1956–1979.
The weight decay is chosen on 1841–1920 by networks that know the years up to 1840, never on the test: see
`rnn.train.train_rnn_on_sequence`.  The squared error is divided by the variance of the years 1700–1979.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn import train_rnn_on_sequence
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim

PARTS = ("train", "1921–1955", "1956–1979")
MODELS = {"rnn": "rnn", "ar12": "AR(12)", "ar2": "AR(2)", "persistence": "persistence"}
DECAYS = {"none": (0.0,), "chosen": (0.0, 0.001, 0.01, 0.1)}


def run(seed: int, hidden: int, decay: str, epochs: int) -> Found:
    """Train once; return the average relative variances part by part, and which weight decay was chosen."""
    result = train_rnn_on_sequence(
        "sunspots", seed=seed, hidden_size=hidden, epochs=epochs, weight_decays=DECAYS[decay]
    )
    found: dict[str, Any] = {
        name: [result.metrics[model][part].arv for part in PARTS] for name, model in MODELS.items()
    }
    return found | {"decay": result.weight_decay, "validation": result.metrics["rnn"]["validation"].arv}


EXPERIMENT = Experiment(
    run,
    arms=[{"hidden": hidden, "decay": decay, "epochs": 500} for hidden in (4, 8, 16) for decay in DECAYS],
    reduced=[{"hidden": 8, "decay": decay, "epochs": 150} for decay in DECAYS],
    seeds=10,
    reduced_seeds=2,
    chaotic=True,
)


def _median(results: Results, model: str, decay: str = "chosen") -> Array:
    """Return the median over the seeds, part by part, of the networks with eight units."""
    return np.median(results.of(model, hidden=8, decay=decay), axis=0)


@claim
def network_before_line_in_quiet_years(results: Results) -> Pair:
    """In 1921–1955 the network is better than AR(12)."""
    return _median(results, "rnn")[1], _median(results, "ar12")[1]


@claim
def line_before_network_at_the_maximum(results: Results) -> Pair:
    """In 1956–1979 AR(12) is better than the network, and better than persistence."""
    ar12 = _median(results, "ar12")[2]
    return [ar12, ar12], [_median(results, "rnn")[2], _median(results, "persistence")[2]]


@claim(reduced=False)
def decay_fits_less(results: Results) -> Pair:
    """With weight decay the network fits its training years less well."""
    return _median(results, "rnn", "none")[0], _median(results, "rnn")[0]


@claim(reduced=False)
def decay_costs_at_the_maximum(results: Results) -> Pair:
    """In 1956–1979 the decay that was best on 1841–1920 is worse than none."""
    return _median(results, "rnn", "none")[2], _median(results, "rnn")[2]


@claim(reduced=False)
def so_with_other_sizes(results: Results) -> Pair:
    """With four and with sixteen units too AR(12) is better in 1956–1979."""
    ar12 = _median(results, "ar12")[2]
    return [ar12, ar12], [np.median(results.of("rnn", hidden=h, decay="chosen"), axis=0)[2] for h in (4, 16)]


@claim(reduced=False)
def decay_brings_seeds_together(results: Results) -> Pair:
    """In 1921–1955 the results of the seeds lie closer together with weight decay."""
    ranges = [np.ptp(results.of("rnn", hidden=8, decay=decay)[:, 1]) for decay in ("chosen", "none")]
    return ranges[0], ranges[1]
