"""The adding problem: of T numbers two are marked, and at the end their sum is wanted.

Hochreiter & Schmidhuber 1997, in the form of Le, Jaitly & Hinton 2015 and Arjovsky, Shah & Bengio 2016: numbers from
[0, 1], one mark in each half.  Always answering 1 has a mean squared error of 1/6.  Here 64 units, batches of 32, Adam;
the learning rate is 0.002 with gates and 0.001 without.

At the shortest length it is also measured, before and after training, how much of the gradient for the answer comes
back to the state of each earlier step.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn.jacobians import gradient_norms_by_lag
from rnn.losses import LastStep, mse
from rnn.optim import Adam, clip_by_norm
from rnn.tasks import adding
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._nets import CELLS, model

LOOK = 100  # updates between two looks at the test
TEST, LAG_TEST = 500, 100  # sequences
SOLVED = 0.01  # mean squared error
EVERY = 2  # of the lags one in so many is kept
FLOOR = 1e-30


def reach(net: Any, inputs: Array) -> Array:
    """Return log10 of the gradient of the last answer for the state n steps before, relative to n = 0."""
    layer, read_out = net.parts
    d_h = np.tile(read_out.params["W"][:, 0], (inputs.shape[1], 1))
    norms = gradient_norms_by_lag(layer.cell, inputs, None, d_h)
    middle: Array = np.median(norms / norms[0], axis=1)[::EVERY]
    return np.log10(np.maximum(middle, FLOOR))


# --8<-- [start:run]
def run(seed: int, cell: str, length: int, hidden: int, batch: int, rate: float, updates: int) -> Found:
    """Train until the test error is below 0.01, or the updates are used up."""
    rng = np.random.default_rng([seed, length])
    net, optimizer, loss = model(cell, 2, hidden, 1, rng), Adam(rate), LastStep(mse)
    test = adding(length, TEST, rng=np.random.default_rng([seed, length, 1]))
    before, curve = reach(net, test.inputs[:, :LAG_TEST]), []
    for update in range(updates + 1):
        if update % LOOK == 0:
            outputs, _ = net.forward(test.inputs.astype(np.float32))
            curve.append(float(mse(outputs[-1], test.answers)[0]))
            if curve[-1] < SOLVED:
                break
        task = adding(length, batch, rng=rng)
        outputs, _ = net.forward(task.inputs.astype(np.float32))
        _, d_outputs = loss(outputs, task.answers)
        net.backward(d_outputs.astype(np.float32))
        grads, _ = clip_by_norm(net.grads, 1.0)
        optimizer.update(net.params, grads)
    solved = LOOK * (len(curve) - 1) if curve[-1] < SOLVED else None
    found: Found = {"solved": solved, "error": curve[-1], "best": min(curve), "curve": curve}
    return found | {"before": before, "after": reach(net, test.inputs[:, :LAG_TEST])}


# --8<-- [end:run]


def arm(cell: str, length: int, updates: int, hidden: int = 64) -> dict[str, Any]:
    """Write down an arm."""
    rate = 0.002 if cell in ("lstm", "gru") else 0.001
    return {"cell": cell, "length": length, "hidden": hidden, "batch": 32, "rate": rate, "updates": updates}


# --8<-- [start:declaration]
EXPERIMENT = Experiment(
    run,
    arms=[
        *(arm(c, 50, 4000) for c in CELLS),
        *(arm(c, 100, 3000) for c in CELLS),
        *(arm(c, 200, 3000) for c in ("tanh", "gru")),
    ],
    reduced=[arm(c, 12, 300, hidden=32) for c in CELLS],
    chaotic=True,
)
# --8<-- [end:declaration]


# --8<-- [start:claim]
@claim
def gates_before_tanh(results: Results) -> Pair:
    """At the longest length a GRU gets to a smaller error than tanh, in the median."""
    length = max(results.arms("length"))
    gru, tanh = results.of("best", cell="gru", length=length), results.of("best", cell="tanh", length=length)
    return np.median(gru), np.median(tanh)


# --8<-- [end:claim]


@claim(reduced=False)
def tanh_stays_at_the_mean(results: Results) -> Pair:
    """At 100 steps and more tanh gets no better than four fifths of the error of always answering 1."""
    return 0.8 / 6, [np.median(results.of("best", cell="tanh", length=length)) for length in (100, 200)]


@claim(reduced=False)
def the_identity_does_without_gates(results: Results) -> Pair:
    """At 50 steps the median rectifier network that begins with the identity gets below a third of that error."""
    return np.median(results.of("best", cell="irnn", length=50)), 1 / 18


@claim(reduced=False)
def training_opens_the_way(results: Results) -> Pair:
    """At 50 steps more of the gradient comes back from the first step after training than before, with gates."""
    before, after = (
        [np.median(results.of(name, cell=cell, length=50)[:, -1]) for cell in ("lstm", "gru")]
        for name in ("before", "after")
    )
    return before, after


@claim(reduced=False)
def the_start_does_not_decide(results: Results) -> Pair:
    """At 50 steps the GRU begins with less of the gradient than the IRNN, and is quicker."""
    reach = {c: np.median(results.of("before", cell=c, length=50)[:, -1]) for c in ("gru", "irnn")}
    when = {c: np.median(results.of("solved", cell=c, length=50)) for c in ("gru", "irnn")}
    return [reach["gru"], when["gru"]], [reach["irnn"], when["irnn"]]


@claim(reduced=False)
def lost_where_nothing_is_learned(results: Results) -> Pair:
    """At 100 steps less of the gradient comes back in tanh networks after training than before."""
    before, after = (np.median(results.of(name, cell="tanh", length=100)[:, -1]) for name in ("before", "after"))
    return after, before
