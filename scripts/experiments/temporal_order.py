"""Temporal order with plain gradient descent: as it is, with clipping, with clipping and the penalty.

Pascanu, Mikolov & Bengio 2013, figure 7, the short end of it, with the settings of their program: 50 tanh units,
weights normal with standard deviation 0.1, batches of 20, a learning rate of 0.01 without momentum, clipping at norm
1, the penalty with weight 4.  They made up to five million updates; the number made here is part of each arm.  A
network has learned the task when 99 of 100 answers are right: here over the last 100 batches, each answered before it
is learned from, there over 10,000 sequences.
"""

from __future__ import annotations

import numpy as np

from rnn.optim import SGD, clip_by_norm
from rnn.penalty import pascanu_penalty, total_gradients
from rnn.tasks import temporal_order
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._many import apart, averaged, first, last_step, models

NETS, HIDDEN, BATCH, RATE, THRESHOLD, ALPHA = 10, 50, 20, 0.01, 1.0, 4.0
SOLVED, OVER = 0.99, 100


def run(seed: int, method: str, length: int, updates: int) -> Found:
    """Train ten networks by SGD (``sgd``), with clipping (``clip``), with clipping and penalty (``penalty``)."""
    rng = np.random.default_rng([seed, length])
    net, optimizer = models("tanh", 6, HIDDEN, 4, NETS, rng), SGD(RATE)
    for name, weights in net.params.items():
        weights[...] = 0 if ".b" in name else rng.normal(0, 0.1, weights.shape)
    layer, read_out = net.parts
    right: list[Array] = []
    while len(right) < updates:
        task = temporal_order(length, NETS * BATCH, rng=rng)
        answers = apart(task.answers, NETS, 0)
        h, _ = layer.forward(apart(task.inputs, NETS, 1))
        scores, _ = read_out.forward(h[-1:])
        right.append((scores[0].argmax(axis=-1) == answers).mean(axis=-1))
        _, d_scores = last_step(scores, answers)
        # --8<-- [start:methods]
        d_h = np.zeros_like(h)
        d_h[-1:], _ = read_out.backward(d_scores)
        layer.backward(d_h)
        net.grads = {f"{k}.{name}": g for k, part in enumerate(net.parts) for name, g in part.grads.items()}
        if method == "penalty":
            W_hh, slopes = layer.params["W_hh"], 1 - h**2
            _, d_W_hh = pascanu_penalty(W_hh, slopes, total_gradients(W_hh, slopes, d_h), form="program")
            net.grads["0.W_hh"] += np.float32(ALPHA) * d_W_hh
        if method != "sgd":
            net.grads, _ = clip_by_norm(net.grads, THRESHOLD, seeds=True)
        optimizer.update(net.params, net.grads)
        # --8<-- [end:methods]
        if len(right) % 500 == 0 and (averaged(np.array(right), OVER) >= SOLVED).any(axis=0).all():
            break
    average = averaged(np.array(right), OVER)
    return {
        "solved": first(average >= SOLVED, start=OVER),
        "best": average.max(axis=0),
        "updates": len(right),
    }


METHODS = ("sgd", "clip", "penalty")

EXPERIMENT = Experiment(
    run,
    arms=[
        {"method": method, "length": length, "updates": updates}
        for length, updates in ((20, 4000), (30, 6000))
        for method in METHODS
    ],
    reduced=[{"method": method, "length": 12, "updates": 300} for method in METHODS],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


@claim
def penalty_first(results: Results) -> Pair:
    """At every length a network with the penalty gets further than one with clipping alone."""
    lengths = results.arms("length")
    means = [[np.mean(results.of("best", method=m, length=L)) for L in lengths] for m in ("clip", "penalty")]
    return means[0], means[1]


@claim(reduced=False)
def the_longer_the_fewer(results: Results) -> Pair:
    """Within the budget fewer of the networks without the penalty learn length 30 than length 20."""
    solved = [np.isfinite(results.of("solved", method="clip", length=length)).mean() for length in (30, 20)]
    return solved[0], solved[1]


@claim(reduced=False)
def more_with_the_penalty(results: Results) -> Pair:
    """At length 30 more networks learn the task with the penalty than without, clipped or not."""
    share = {m: np.isfinite(results.of("solved", method=m, length=30)).mean() for m in METHODS}
    return [share["sgd"], share["clip"]], [share["penalty"]] * 2
