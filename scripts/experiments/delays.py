"""Two directions against a delay: a weighted average over ten numbers of the past and twenty of the future.

The regression experiment of Schuster & Paliwal 1997, as `rnn.tasks.delayed_average` has it.  A network that runs
forwards may answer later, when it has seen more; then it also has to remember longer.  One that runs both ways sees
all, with no delay.  Both have about 600 parameters.  Errors are in units of the targets' variance.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn import init
from rnn.depth import Bidirectional, Stacked
from rnn.layers import RNN
from rnn.linear import Linear
from rnn.losses import mse
from rnn.optim import Adam, clip_by_norm, cosine
from rnn.tasks import delayed_average, delayed_average_baseline
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim

NETS = 5
HIDDEN = {1: 24, 2: 16}  # by directions: 649 and 609 parameters
STEPS, BATCH, TEST = 100, 16, 1000
DELAYS = (0, 5, 10, 15, 20, 25, 30)


def build(directions: int, rng: np.random.Generator) -> Stacked:
    """Make NETS networks on a leading axis."""
    H = HIDDEN[directions]
    layers: list[Any] = [RNN(1, H, seeds=NETS, rng=rng, dtype=np.float32) for _ in range(directions)]
    for layer in layers:
        layer.params["W_hh"][...] = [init.orthogonal((H, H), rng) for _ in range(NETS)]
    below = layers[0] if directions == 1 else Bidirectional(*layers)
    return Stacked([below, Linear(directions * H, 1, seeds=NETS, rng=rng, dtype=np.float32)])


def draw(delay: int, batch: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw inputs, targets and mask, (T, NETS, batch, …): for each network sequences of its own."""
    task = delayed_average(STEPS, NETS * batch, delay=delay, rng=rng)
    shape = (STEPS, NETS, batch)
    x, y = (values.reshape(*shape, 1).astype(np.float32) for values in (task.inputs, task.targets))
    return x, y, task.mask.reshape(shape)


def run(seed: int, directions: int, delay: int, updates: int) -> Found:
    """Train and return the error on new sequences, by network, and the least that is possible."""
    rng = np.random.default_rng([seed, directions, delay])
    # --8<-- [start:train]
    net, optimizer, schedule = build(directions, rng), Adam(4e-3), cosine(updates)
    for update in range(updates):
        x, y, mask = draw(delay, BATCH, rng)
        outputs, _ = net.forward(x)
        _, d_outputs = mse(outputs, y, mask, seeds=True)
        net.backward(d_outputs)
        grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
        optimizer.learning_rate = 4e-3 * schedule(update)
        optimizer.update(net.params, grads)
    # --8<-- [end:train]
    x, y, mask = draw(delay, TEST, np.random.default_rng([seed, directions, delay, 1]))
    outputs, _ = net.forward(x)
    error, _ = mse(outputs, y, mask, seeds=True)
    variance = delayed_average_baseline(-11)
    least = 0.0 if directions == 2 else delayed_average_baseline(delay) / variance
    return {
        "error": (error / variance).tolist(),
        "least": [least] * NETS,
        "parameters": sum(value[0].size for value in net.params.values()),
    }


EXPERIMENT = Experiment(
    run,
    arms=[{"directions": 1, "delay": d, "updates": 2000} for d in DELAYS]
    + [{"directions": 2, "delay": 0, "updates": 2000}],
    reduced=[{"directions": 1, "delay": d, "updates": 250} for d in (0, 15)]
    + [{"directions": 2, "delay": 0, "updates": 250}],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


def _error(results: Results, directions: int, delay: int) -> Array:
    return results.of("error", directions=directions, delay=delay)


@claim
def both_ways_best(results: Results) -> Pair:
    """Both ways without delay is better than one way with any of them (medians)."""
    one_way = [np.median(_error(results, 1, delay)) for delay in results.arms("delay")]
    return np.median(_error(results, 2, 0)), one_way


@claim
def delay_helps(results: Results) -> Pair:
    """Fifteen steps later the answer is better than at once."""
    return np.median(_error(results, 1, 15)), np.median(_error(results, 1, 0))


@claim(reduced=False)
def too_late(results: Results) -> Pair:
    """Beyond the delay that shows everything the error grows again."""
    return np.median(_error(results, 1, 20)), [np.median(_error(results, 1, delay)) for delay in (10, 30)]


@claim
def no_better_than_possible(results: Results) -> Pair:
    """Without a view of the future no network is better than the bound, but for the chance of the sample."""
    return 0.95 * results.of("least", directions=1, delay=0), _error(results, 1, 0)
