"""Copying: ten symbols are read, and repeated after a delay; which start finds that, and weights that need no training.

Arjovsky, Shah & Bengio 2016 for the task, Henaff, Szlam & LeCun 2016 for the layer whose memory is linear, with the
orthogonal start and with the identity, and for the idea of weights that solve the task without being trained.  Knowing
when to speak but not what to say costs length · ln 8 / (delay + 2 · length) a step, the baseline.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn.depth import Stacked
from rnn.layers import RNN
from rnn.linear import Linear
from rnn.losses import softmax_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.orthogonal import OrthogonalRNN, copying_weights
from rnn.tasks import Task, copying, copying_baseline
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._nets import model

BATCH, RATE, LOUD = 20, 1e-3, 40
STARTS = ("orthogonal", "identity")


def built(delay: int, length: int) -> Stacked:
    """Return the network whose weights are written down: a loop of places for each of the eight symbols."""
    weights = copying_weights(8, delay + length)
    hidden = len(weights["b_h"])
    net = Stacked([RNN(10, hidden, nonlinearity="identity", dtype=np.float32), Linear(hidden, 9, dtype=np.float32)])
    for place, names in (("0", ("W_xh", "W_hh", "b_h")), ("1", ("W_hy", "b_y"))):
        for name in names:
            net.params[f"{place}.{name.replace('_hy', '').replace('_y', '')}"][...] = weights[name]
    net.params["1.W"] *= LOUD  # a lead of one half becomes one of LOUD / 2
    net.params["1.b"] *= LOUD
    return net


def network(start: str, hidden: int, delay: int, length: int, rng: np.random.Generator) -> Any:
    """Make the network of an arm: ``orthogonal`` and ``identity`` have a linear memory, ``built`` needs no training."""
    # --8<-- [start:starts]
    if start in STARTS:
        memory = OrthogonalRNN(10, hidden, start=start, rng=rng, dtype=np.float32)
        return Stacked([memory, Linear(hidden, 9, rng=rng, dtype=np.float32)])
    # --8<-- [end:starts]
    return built(delay, length) if start == "built" else model(start, 10, hidden, 9, rng)


def measured(net: Any, task: Task, length: int) -> tuple[float, float]:
    """Return the cross-entropy a step, and the share of symbols that are repeated correctly."""
    scores, _ = net.forward(task.inputs.astype(net.dtype))
    guesses: Array = scores[-length:].argmax(axis=-1)
    return float(softmax_cross_entropy(scores, task.targets)[0]), float(np.mean(guesses == task.targets[-length:]))


def run(seed: int, start: str, hidden: int, delay: int, length: int, updates: int) -> Found:
    """Train, and look at a test now and then."""
    rng = np.random.default_rng([seed, delay])
    net, optimizer = network(start, hidden, delay, length, rng), Adam(RATE)
    test = copying(delay, 20 if start == "built" else 200, length=length, rng=np.random.default_rng([seed, delay, 1]))
    look, curve = max(updates // 25, 1), []
    for update in range(updates + 1):
        if update % look == 0:
            curve.append(measured(net, test, length))
        if update < updates:
            task = copying(delay, BATCH, length=length, rng=rng)
            scores, _ = net.forward(task.inputs.astype(np.float32))
            _, d_scores = softmax_cross_entropy(scores, task.targets)
            net.backward(d_scores.astype(np.float32))
            optimizer.update(net.params, clip_by_norm(net.grads, 1.0)[0])
    losses, right = np.array(curve).T
    baseline = copying_baseline(delay, length=length)
    return {"loss": losses[-1], "right": right[-1], "baseline": baseline, "losses": losses, "curve": right}


def arms(starts: tuple[str, ...], **sizes: int) -> list[dict[str, Any]]:
    """List arms that differ in their start."""
    return [{"start": start, **sizes} for start in starts]


EXPERIMENT = Experiment(
    run,
    arms=[
        *arms((*STARTS, "tanh", "gru", "lstm"), hidden=128, delay=20, length=5, updates=1000),
        *arms((*STARTS, "lstm"), hidden=128, delay=100, length=10, updates=500),
        *arms(("built",), hidden=0, delay=100, length=10, updates=0),
        *arms(("built",), hidden=0, delay=200, length=10, updates=0),
    ],
    reduced=[
        *arms(STARTS, hidden=64, delay=10, length=3, updates=250),
        *arms(("built",), hidden=0, delay=30, length=5, updates=0),
    ],
    chaotic=True,
)


@claim
def orthogonal_copies(results: Results) -> Pair:
    """At every delay the orthogonal start ends below the identity, and repeats nine symbols of ten."""
    delays = [run.arm["delay"] for run in results.where(start="identity")]
    pairs = [[np.median(results.of("loss", start=s, delay=d)) for d in dict.fromkeys(delays)] for s in STARTS]
    right = [np.median(results.of("right", start="orthogonal", delay=d)) for d in dict.fromkeys(delays)]
    return [*pairs[0], *(0.9 for _ in right)], [*pairs[1], *right]


@claim
def no_training_needed(results: Results) -> Pair:
    """With the weights that are written down no symbol is wrong."""
    return 1 - results.of("right", start="built").min(), 1e-9


@claim(reduced=False)
def gates_are_behind(results: Results) -> Pair:
    """At delay 20 gates and tanh repeat fewer symbols than the identity, at 100 the LSTM is above the baseline."""
    right = {s: np.median(results.of("right", start=s, delay=20)) for s in ("tanh", "gru", "lstm", "identity")}
    loss = np.median(results.of("loss", start="lstm", delay=100))
    few = [right["tanh"], right["gru"], right["lstm"]]
    return [*few, results.of("baseline", start="lstm", delay=100)[0]], [right["identity"]] * 3 + [loss]
