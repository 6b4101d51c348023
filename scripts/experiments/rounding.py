"""How long a training remembers a rounding error: the same run twice, with one weight changed in its last digits.

Gradient descent follows the same function in both runs.  Whether it carries the two apart is what is asked; nothing
else differs, neither data nor order nor machine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn.losses import LastStep, mse
from rnn.optim import Adam, clip_by_norm
from rnn.tasks import adding
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._nets import model

LOOKS = 30  # how often the two are compared


# --8<-- [start:run]
def run(seed: int, cell: str, length: int, hidden: int, updates: int, change: float) -> Found:
    """Train twice in float64 and measure how far apart the weights are, relative to their size."""
    one, other = (model(cell, 2, hidden, 1, np.random.default_rng(seed), dtype=np.float64) for _ in range(2))
    first = next(iter(other.params.values()))
    first[0, 0] *= 1 + change
    distances, losses = [], []
    for at, (here, there) in enumerate(zip(steps(one, seed, length), steps(other, seed, length), strict=False), 1):
        if at % (updates // LOOKS) == 0:
            distances.append(distance(one.params, other.params))
            losses.append([here, there])
        if at == updates:
            break
    return {"distance": distances, "loss": losses, "every": updates // LOOKS}


# --8<-- [end:run]


def steps(net: Any, seed: int, length: int) -> Any:
    """Train on the same batches whatever the network, and yield the loss of each."""
    rng, optimizer, loss = np.random.default_rng([seed, 1]), Adam(3e-3), LastStep(mse)
    while True:
        task = adding(length, 20, rng=rng)
        outputs, _ = net.forward(task.inputs)
        value, d_outputs = loss(outputs, task.answers)
        net.backward(d_outputs)
        grads, _ = clip_by_norm(net.grads, 1.0)
        optimizer.update(net.params, grads)
        yield value


def distance(here: Any, there: Any) -> float:
    """Return the distance of two sets of parameters, relative to the size of the first."""
    apart = sum(float(((here[name] - there[name]) ** 2).sum()) for name in here)
    return float(np.sqrt(apart / sum(float((value**2).sum()) for value in here.values())))


EXPERIMENT = Experiment(
    run,
    arms=[{"cell": c, "length": 30, "hidden": 32, "updates": 3000, "change": 1e-14} for c in ("tanh", "lstm", "gru")],
    reduced=[{"cell": "tanh", "length": 30, "hidden": 32, "updates": 300, "change": 1e-14}],
    reduced_seeds=3,
    chaotic=True,
)


@claim
def it_grows(results: Results) -> Pair:
    """The two runs come apart, rather than together again."""
    apart = results.of("distance", cell="tanh")
    return np.median(apart[:, 0]) * 1.5, np.median(apart[:, -1])


@claim(reduced=False)
def digits_decide(results: Results) -> Pair:
    """In the end two tanh networks, or two LSTMs, differ by a thousandth of their size or more, in every pair."""
    return 1e-3, [results.of("distance", cell=cell)[:, -1] for cell in ("tanh", "lstm")]


@claim(reduced=False)
def not_for_all(results: Results) -> Pair:
    """Two GRUs, which learn smoothly here, stay a thousand times closer than two LSTMs (medians)."""
    lstm, gru = (np.median(results.of("distance", cell=cell)[:, -1]) for cell in ("lstm", "gru"))
    return 1e3 * gru, lstm
