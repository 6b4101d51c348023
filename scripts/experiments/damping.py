"""A damped sine, continued freely: the network keeps the wave and not the damping, whatever the weight decay.

`train_rnn_on_sequence` on a sine that falls by half in some 140 steps, with one weight decay at a time.  One step ahead
the damping is hardly to be seen; the height of the wave in a free run shows it.
"""

from __future__ import annotations

import numpy as np

from rnn.train import train_rnn_on_sequence
from scripts.experiments import Experiment, Found, Pair, Results, claim

PERIOD = 21  # steps, to a tenth of a step
DAMPING = 0.005


def run(seed: int, decay: float, length: int, periods: int, epochs: int) -> Found:
    """Train with this weight decay, then continue the training part by so many periods, and measure their heights."""
    # --8<-- [start:run]
    result = train_rnn_on_sequence(
        "damped", seed=seed, length=length, epochs=epochs, weight_decays=(decay,), omega=0.3, decay=DAMPING
    )
    seen = result.values[result.times < result.parts["test"][0]]
    free = result.model.run_on(seen[-result.window :], periods * PERIOD)
    heights = np.sqrt(2) * free.reshape(periods, PERIOD).std(axis=1)
    # --8<-- [end:run]
    return {"heights": heights, "error": result.metrics["rnn"]["test"].rmse}


EXPERIMENT = Experiment(
    run,
    arms=[{"decay": decay, "length": 400, "periods": 10, "epochs": 500} for decay in (0.0, 0.001, 0.01, 0.1)],
    reduced=[{"decay": decay, "length": 200, "periods": 4, "epochs": 60} for decay in (0.0, 0.1)],
    seeds=6,
    chaotic=True,
)


@claim
def decay_damps(results: Results) -> Pair:
    """With the strongest weight decay the wave has a smaller height in the end than without any."""
    last = {decay: np.median(results.of("heights", decay=decay)[:, -1]) for decay in results.arms("decay")}
    return last[max(last)], last[0.0]


@claim(reduced=False)
def the_wave_goes_on(results: Results) -> Pair:
    """With little weight decay or none the height in the end is more than twice that of the truth; with much, half."""
    start = 400 * 4 // 5
    true = np.exp(-DAMPING * (start + 9.5 * PERIOD))
    last = {decay: np.median(results.of("heights", decay=decay)[:, -1]) for decay in results.arms("decay")}
    return [2 * true, 2 * true, 2 * true, last[0.1]], [last[0.0], last[0.001], last[0.01], true / 2]
