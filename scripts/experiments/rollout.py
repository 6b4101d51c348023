"""Left to itself: four cells and a linear network continue a sine, and count on in Fibonacci numbers.

Networks of 16 units read chunks of the training part, say the next value at every step, and are then fed with their
own predictions.  Two sequences: a sine, continued for 200 steps; and the logarithms of the Fibonacci numbers, which
are asked for far beyond those that were seen.
"""

from __future__ import annotations

import numpy as np

from rnn.data import generate_sequence_data
from rnn.depth import Stacked
from rnn.losses import mse
from rnn.optim import Adam, clip_by_norm, cosine
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._many import models

NETS = 10
HIDDEN, BATCH = 16, 16
HORIZONS = (1, 2, 5, 10, 20, 50, 100, 150, 200)
SEEN = 40  # Fibonacci numbers in training


def run(seed: int, kind: str, cell: str, updates: int) -> Found:
    """Train on the first part of a sequence, and continue what follows it."""
    rng = np.random.default_rng([seed, 2])
    sine = kind == "sine"
    values = generate_sequence_data("sine", 1000, omega=0.3) if sine else generate_sequence_data(length=60, form="log")
    cut, steps = (600, 40) if sine else (SEEN, 12)
    mean, scale = values[:cut].mean(), values[:cut].std()
    series = (values - mean) / scale
    net, optimizer, schedule = models(cell, 1, HIDDEN, 1, NETS, rng, dtype=np.float64), Adam(), cosine(updates)
    # --8<-- [start:train]
    for update in range(updates):
        starts = rng.integers(0, cut - steps, (NETS, BATCH))
        chunks = series[starts + np.arange(steps + 1)[:, np.newaxis, np.newaxis], np.newaxis]
        outputs, _ = net.forward(chunks[:-1])
        loss, d_outputs = mse(outputs, chunks[1:], seeds=True)
        net.backward(d_outputs)
        grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
        optimizer.learning_rate = 0.01 * schedule(update)
        optimizer.update(net.params, grads)
    # --8<-- [end:train]
    return {"loss": loss, **(_sine(net, series, cut) if sine else _fibonacci(net, series, scale))}


def _free(net: Stacked, given: Array, steps: int) -> Array:
    """Read `given` (T, NETS, B, 1), then run on the predictions; return them, (steps, NETS, B)."""
    outputs, state = net.forward(given)
    said = [outputs[-1:]]
    for _ in range(steps - 1):
        output, state = net.forward(said[-1], state)
        said.append(output)
    return np.concatenate(said)[..., 0]


def _sine(net: Stacked, series: Array, cut: int) -> Found:
    """Continue from 100 starts in the test part: errors and heights, of standard deviations, net by net."""
    starts, last = np.arange(cut, cut + 100), HORIZONS[-1]
    given = series[starts + np.arange(40)[:, np.newaxis]]
    truth = series[starts + 40 + np.arange(last)[:, np.newaxis]][:, np.newaxis]
    said = _free(net, np.repeat(given[:, np.newaxis, :, np.newaxis], NETS, axis=1), last)
    errors = np.sqrt(np.mean((said - truth) ** 2, axis=2))
    return {
        "error": errors[np.array(HORIZONS) - 1].T,
        "height": said[-42:].std(axis=(0, 2)) / truth[-42:].std(),  # two periods
    }


def _fibonacci(net: Stacked, series: Array, scale: float) -> Found:
    """Say each number from the twelve before, and continue from the last one seen; relative errors, net by net."""
    past, truth = np.lib.stride_tricks.sliding_window_view(series[:-1], 12), series[12:]
    given = np.repeat(past.T[:, np.newaxis, :, np.newaxis], NETS, axis=1)
    outputs, _ = net.forward(given)
    free = _free(net, given[:, :, SEEN - 12 : SEEN - 11], len(series) - SEEN)[..., 0].T
    return {
        "error": np.abs(np.expm1(scale * (outputs[-1, ..., 0] - truth))),
        "free": np.abs(np.expm1(scale * (free - series[SEEN:]))),
    }


CELLS = ("linear", "tanh", "irnn", "lstm", "gru")
EXPERIMENT = Experiment(
    run,
    arms=[
        *({"kind": "sine", "cell": cell, "updates": 1500} for cell in ("linear", "tanh", "lstm", "gru")),
        *({"kind": "fibonacci", "cell": cell, "updates": 1500} for cell in CELLS),
    ],
    reduced=[{"kind": "fibonacci", "cell": cell, "updates": 150} for cell in ("linear", "tanh", "lstm")],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


@claim
def bounded_cells_stop_counting(results: Results) -> Pair:
    """Far beyond the numbers seen the linear network is nearer than tanh and LSTM."""
    far = {cell: np.median(results.of("error", kind="fibonacci", cell=cell)[:, -1]) for cell in ("tanh", "lstm")}
    linear = np.median(results.of("error", kind="fibonacci", cell="linear")[:, -1])
    return linear, [far["tanh"] / 5, far["lstm"] / 5]


@claim(reduced=False)
def the_period_is_kept(results: Results) -> Pair:
    """Two hundred steps on, the free run through a sine is much nearer than always saying 0 would be."""
    cells = [run.arm["cell"] for run in results.where(kind="sine")]
    return [np.median(results.of("error", kind="sine", cell=cell)[:, -1]) for cell in cells], [0.5] * len(cells)
