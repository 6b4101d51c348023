"""The forget bias: the first of sixty symbols is to be named at the end; how long until that is learned.

Gers, Schmidhuber & Cummins 2000 gave the LSTM its forget gate; Jozefowicz, Zaremba & Sutskever 2015 recommend to let
its bias begin at 1.  The task is ours: symbols of four kinds, each as likely as the others, and the first is asked for
after the last.  So 1 in 4 answers is right by chance.  The update gate of the GRU (here, as in PyTorch, it *keeps*) is
treated alike.
"""

from __future__ import annotations

import numpy as np

from rnn.optim import Adam, clip_by_norm
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._many import averaged, first, last_step, models

NETS, SYMBOLS, HIDDEN, BATCH, RATE = 8, 4, 32, 20, 3e-3
SOLVED, OVER = 0.98, 20  # the share of right answers, on average over so many batches


def run(seed: int, cell: str, bias: float, length: int, updates: int) -> Found:
    """Train on new sequences all the time; each batch is answered before it is learned from."""
    rng = np.random.default_rng([seed, length])
    # --8<-- [start:bias]
    start = {
        "lstm": {"forget_bias": bias},
        "gru": {"update_bias": bias},
        "tanh": {},
    }[cell]
    net, optimizer = (
        models(cell, SYMBOLS, HIDDEN, SYMBOLS, NETS, rng, **start),
        Adam(RATE),
    )
    right = np.zeros((updates, NETS))
    for update in range(updates):
        symbols = rng.integers(0, SYMBOLS, (length, NETS, BATCH))
        scores, _ = net.forward(np.eye(SYMBOLS, dtype=np.float32)[symbols])
        right[update] = (scores[-1].argmax(axis=-1) == symbols[0]).mean(axis=-1)
        _, d_scores = last_step(scores, symbols[0])
        net.backward(d_scores)
        optimizer.update(net.params, clip_by_norm(net.grads, 1.0, seeds=True)[0])
    # --8<-- [end:bias]
    average = averaged(right, OVER)
    return {
        "solved": first(average >= SOLVED, start=OVER),
        "end": average[-1],
        "curve": average[:: max(len(average) // 30, 1)].T,
    }


STARTS = [("lstm", -1.0), ("lstm", 0.0), ("lstm", 1.0), ("lstm", 2.0), ("lstm", 4.0), ("lstm", 8.0)]
STARTS += [("gru", 0.0), ("gru", 2.0), ("gru", 4.0), ("tanh", 0.0)]

EXPERIMENT = Experiment(
    run,
    arms=[{"cell": cell, "bias": bias, "length": 60, "updates": 1200} for cell, bias in STARTS],
    reduced=[{"cell": "lstm", "bias": bias, "length": 20, "updates": 200} for bias in (-1.0, 4.0)],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


@claim
def keeping_first(results: Results) -> Pair:
    """In the end an LSTM that begins by forgetting is right less often than one that begins by keeping."""
    low, high = (results.of("end", cell="lstm", bias=bias) for bias in (-1.0, 4.0))
    return np.median(low), np.median(high)


@claim(reduced=False)
def four_learns(results: Results) -> Pair:
    """With a forget bias of 4 more than half of the networks get there within the budget, with 1 fewer than half."""
    return np.median(results.of("solved", cell="lstm", bias=4.0)), np.median(
        results.of("solved", cell="lstm", bias=1.0)
    )


@claim(reduced=False)
def the_update_gate_too(results: Results) -> Pair:
    """In the end a GRU whose update gate begins at a bias of 4 is right more often than one at 0."""
    zero, four = (results.of("end", cell="gru", bias=bias) for bias in (0.0, 4.0))
    return np.median(zero), np.median(four)


@claim(reduced=False)
def tanh_does_not(results: Results) -> Pair:
    """In the end a tanh network is right less often than an LSTM with a bias of 4."""
    return np.median(results.of("end", cell="tanh")), np.median(results.of("end", cell="lstm", bias=4.0))
