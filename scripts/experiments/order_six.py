"""Temporal order over a hundred steps: task 6a of Hochreiter & Schmidhuber 1997.

Two symbols, each of two kinds, in noise of 100 to 110 steps; at the end their order is asked for.  The rule for
stopping is theirs: training ends when the last 2000 sequences were all answered correctly, that is, every output
within 0.3 of its target, and their mean squared error is below 0.1.  Then 2560 new sequences are asked.  The networks
are not theirs: here 16 units with forget gates, Adam, and batches.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn.losses import length_mask
from rnn.optim import Adam, clip_by_norm
from rnn.tasks import temporal_order
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._many import apart, last_step, models, single

NETS, HIDDEN, BATCH, RATE = 5, 16, 16, 1e-2
STREAK, TEST, WITHIN = 2000, 2560, 0.3


def good(scores: Array, answers: Array) -> tuple[Array, Array]:
    """Tell which answers have every output within 0.3 of its target; and return the mean squared error of each."""
    p = np.exp(scores - scores.max(axis=-1, keepdims=True))
    error = p / p.sum(axis=-1, keepdims=True) - (np.arange(4) == answers[..., np.newaxis])
    return (np.abs(error) < WITHIN).all(axis=-1), (error**2).mean(axis=-1)


def wrong(net: Any, seed: int, length: int) -> int:
    """Count the mistakes of one network on 2560 new sequences."""
    test = temporal_order(length, TEST, form="1997", rng=np.random.default_rng([seed, length, 1]))
    assert test.lengths is not None
    scores, _ = net.forward(test.inputs.astype(np.float32), lengths=test.lengths)
    return TEST - int(good(scores[test.lengths - 1, np.arange(TEST)], test.answers)[0].sum())


def run(seed: int, cell: str, bias: float, length: int, sequences: int) -> Found:
    """Train five networks and count the sequences until each may stop, and its mistakes on new ones then."""
    rng = np.random.default_rng([seed, length])
    start = {"lstm": {"forget_bias": bias}, "gru": {"update_bias": bias}, "tanh": {}}[cell]
    net, optimizer = models(cell, 8, HIDDEN, 4, NETS, rng, **start), Adam(RATE)
    streak, share, seen = np.zeros(NETS, int), [], 0
    stopped: list[int | None] = [None] * NETS
    mistakes: list[int | None] = [None] * NETS
    while seen < sequences and None in stopped:
        task = temporal_order(length, NETS * BATCH, form="1997", rng=rng)
        assert task.lengths is not None
        answers, lengths = apart(task.answers, NETS, 0), apart(task.lengths, NETS, 0)
        scores, _ = net.forward(apart(task.inputs, NETS, 1), lengths=lengths)
        last = np.take_along_axis(scores, lengths[np.newaxis, ..., np.newaxis] - 1, axis=0)[0]
        right, error = good(last, answers)
        streak = np.where(right.all(axis=1) & (error.mean(axis=1) < 0.1), streak + BATCH, 0)
        share.append(right.mean(axis=1))
        seen += BATCH
        for k in np.flatnonzero(streak >= STREAK).tolist():
            if stopped[k] is None:
                stopped[k], mistakes[k] = seen, wrong(single(net, k), seed, length)
        _, d_scores = last_step(scores, answers, length_mask(lengths, len(scores)))
        net.backward(d_scores)
        optimizer.update(net.params, clip_by_norm(net.grads, 1.0, seeds=True)[0])
    return {"stopped": stopped, "mistakes": mistakes, "right": np.mean(share[-50:], axis=0)}


EXPERIMENT = Experiment(
    run,
    arms=[
        {"cell": cell, "bias": bias, "length": 100, "sequences": 60_000}
        for cell, bias in (("lstm", 4.0), ("lstm", 1.0), ("gru", 2.0), ("tanh", 0.0))
    ],
    reduced=[
        {"cell": cell, "bias": bias, "length": 20, "sequences": 6000} for cell, bias in (("gru", 2.0), ("tanh", 0.0))
    ],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


@claim
def the_gru_before_tanh(results: Results) -> Pair:
    """In the median a GRU may stop before a tanh network may."""
    return np.median(results.of("stopped", cell="gru")), np.median(results.of("stopped", cell="tanh"))


@claim(reduced=False)
def gates_learn_it(results: Results) -> Pair:
    """Within the budget the LSTM and the GRU may stop, in the median; tanh may not."""
    lstm, gru, tanh = (results.of("stopped", cell=c, bias=b) for c, b in (("lstm", 4.0), ("gru", 2.0), ("tanh", 0.0)))
    return [np.median(lstm), np.median(gru)], [np.median(tanh)] * 2
