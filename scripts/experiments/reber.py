"""The embedded Reber grammar, and a gradient that is cut off after one step.

Hochreiter & Schmidhuber 1997, experiment 1: 256 strings to learn from and 256 others; a network has learned the grammar
when, at every position of all 512 strings, the symbols that may come next have the highest outputs.  The number of
strings seen until then counts.  The networks of the time differ from these in nearly everything but that rule: here
Adam, a batch of one string, LSTM cells with forget gates.

Elman's own network took the state before as one more input, and no gradient went into it.  So the way back is one step
long.  That is the arm ``cut``: all steps are one batch of single steps that begin in the states they had.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from rnn.losses import length_mask, softmax_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.tasks import embedded_reber, legal_lead
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._many import first, models, single

NETS, RATE, STRINGS, LOOK = 15, 0.01, 256, 500
loss = partial(softmax_cross_entropy, seeds=True)


def legal(net: Any, task: Any) -> Array:
    """Return for each network the share of strings in which the legal symbols lead everywhere."""
    shares = []
    for k in range(NETS):
        scores, _ = single(net, k).forward(task.inputs.astype(np.float32), lengths=task.lengths)
        shares.append(legal_lead(scores, task.legal).mean())
    return np.array(shares)


def run(seed: int, cell: str, hidden: int, cut: bool, sequences: int) -> Found:
    """Train fifteen networks, a string at a time; count the strings until everything is right."""
    rng = np.random.default_rng([seed, hidden])
    net, optimizer = models(cell, 7, hidden, 7, NETS, rng), Adam(RATE)
    train, test = embedded_reber(STRINGS, rng=rng), embedded_reber(STRINGS, rng=rng)
    assert train.lengths is not None
    layer, read_out = net.parts
    looks = []
    for seen in range(sequences + 1):
        if seen % LOOK == 0:
            shares = [legal(net, task) for task in (train, test)]
            looks.append(np.all(np.array(shares) == 1, axis=0))
            if np.any(looks, axis=0).all():
                break
        chosen = rng.integers(0, STRINGS, NETS)
        lengths = train.lengths[chosen][:, np.newaxis]
        T = lengths.max()
        x = train.inputs[:T, chosen, np.newaxis].astype(np.float32)
        h, _ = layer.forward(x, lengths=lengths)
        scores, _ = read_out.forward(h)
        _, d_scores = loss(scores, train.targets[:T, chosen, np.newaxis], length_mask(lengths, T))
        d_h, _ = read_out.backward(d_scores)
        # --8<-- [start:cut]
        if cut:  # all steps at once, each from the state before it, which is an input like any other
            before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])
            layer.forward(steps(x), (steps(before)[0],))
            d_h = steps(d_h)
        layer.backward(d_h)
        # --8<-- [end:cut]
        net.grads = {f"{k}.{name}": g for k, part in enumerate(net.parts) for name, g in part.grads.items()}
        optimizer.update(net.params, clip_by_norm(net.grads, 1.0, seeds=True)[0])
    return {
        "solved": first(np.array(looks), LOOK),
        "legal": shares[1],
        "share": np.logical_or.accumulate(looks).mean(axis=1),
    }


def steps(values: Array) -> Array:
    """Make all steps (T, K, 1, D) one batch of single steps, (1, K, T, D)."""
    return values.transpose(2, 1, 0, 3)


EXPERIMENT = Experiment(
    run,
    arms=[
        {"cell": "lstm", "hidden": 8, "cut": False, "sequences": 20_000},
        {"cell": "gru", "hidden": 8, "cut": False, "sequences": 20_000},
        {"cell": "tanh", "hidden": 15, "cut": False, "sequences": 20_000},
        {"cell": "tanh", "hidden": 15, "cut": True, "sequences": 20_000},
    ],
    reduced=[{"cell": "tanh", "hidden": 15, "cut": cut, "sequences": 1500} for cut in (True, False)],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


@claim
def cut_is_not_enough(results: Results) -> Pair:
    """On strings not learned from an Elman network is right more often with the whole gradient than with a cut one."""
    cut, whole = (results.of("legal", cell="tanh", cut=cut).mean() for cut in (True, False))
    return cut, whole


@claim(reduced=False)
def most_lstms_learn_it(results: Results) -> Pair:
    """More than half of the LSTMs learn it, and none of the Elman networks with the gradient cut off."""
    lstm = np.isfinite(results.of("solved", cell="lstm")).mean()
    return [0.5, np.isfinite(results.of("solved", cut=True)).mean()], [lstm, 0.01]
