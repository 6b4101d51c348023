"""What the length of a sequence does: four tasks in which it matters, at several lengths, for four cells.

* ``echo``: repeat the random sign of `length` steps ago (`rnn.tasks.delayed_echo`).
* ``adding``: of `length` numbers add the two that are marked (Hochreiter & Schmidhuber 1997, in the form of 2016).
* ``order``: which two symbols came, in which order, and how long ago (Pascanu, Mikolov & Bengio 2013).
* ``sine``: say the next value of a sine of unknown phase from `length` noisy ones.

An error is given as the share of what is left when one always gives the same answer: 1 is that bad, 0 is solved.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn import tasks
from rnn.losses import mse, softmax_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.tasks import Task
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._many import models

NETS, HIDDEN, BATCH, TEST = 5, 32, 32, 200  # the last two for each net
LOOKS = 20  # at the error, in each training
LEARNED, SOLVED = 0.1, 0.01  # below the first error a task counts as learned; if all are below the second, it ends
LARGEST = 100.0  # what is worse counts as that
OMEGA, NOISE = 0.3, 0.5
SIZES = {"echo": (2, 2), "adding": (2, 1), "order": (6, 4), "sine": (1, 1)}  # inputs, outputs


def draw(task: str, length: int, batch: int, rng: np.random.Generator, longer: int = 1) -> Task:
    """Draw new sequences; `longer` times as long as those of the training."""
    if task == "echo":
        return tasks.delayed_echo(longer * (length + 12), batch, delay=length, rng=rng)
    if task == "adding":
        return tasks.adding(longer * length, batch, rng=rng)
    if task == "order":
        return tasks.temporal_order(longer * length, batch, rng=rng)
    t, phase = np.arange(longer * length + 1)[:, np.newaxis], rng.uniform(0, 2 * np.pi, batch)
    clean = np.sin(OMEGA * t + phase)[..., np.newaxis]  # it is the clean wave that is wanted
    last = np.repeat(t[:-1] == longer * length - 1, batch, axis=1)
    return Task(clean[:-1] + NOISE * rng.normal(size=clean[:-1].shape), clean[1:], last)


def by_net(values: Array) -> Array:
    """Give each network its part of a batch: (T, NETS B, …) becomes (T, NETS, B, …)."""
    return values.reshape(len(values), NETS, -1, *values.shape[2:])


def left(task: str, outputs: Array, data: Task) -> Array:
    """Return, net by net, the error relative to that of the best constant answer."""
    targets, mask = by_net(data.targets), by_net(data.mask)
    if task in ("adding", "sine"):
        wrong, most = ((outputs - targets) ** 2)[..., 0], {"adding": tasks.ADDING_BASELINE, "sine": 0.5}[task]
    else:
        wrong, most = outputs.argmax(axis=-1) != targets, 1 - 1 / outputs.shape[-1]
    return np.asarray((wrong * mask).sum(axis=(0, 2)) / mask.sum(axis=(0, 2)) / most)


def run(seed: int, task: str, length: int, cell: str, updates: int) -> Found:
    """Train five networks on ever new sequences; then test them, also on longer sequences than they have met."""
    if cell == "formula":
        return {
            "error": _formula(length, np.random.default_rng([seed, length, 2])),
            "learned": [None] * NETS,
            "updates": [0] * NETS,
        }
    rng = np.random.default_rng([seed, length])
    net, optimizer = models(cell, SIZES[task][0], HIDDEN, SIZES[task][1], NETS, rng), Adam(RATES[cell])
    loss = mse if task in ("adding", "sine") else softmax_cross_entropy

    def error(of: str, longer: int = 1) -> Array:
        own = np.random.default_rng([seed, length, longer, 1 + (of == "validation")])
        data = draw(task, length, NETS * TEST, own, longer)
        try:
            outputs, _ = net.forward(by_net(data.inputs).astype(np.float32))
        except FloatingPointError:  # rectifiers may explode on sequences longer than those of the training
            return np.full(NETS, LARGEST)
        return np.minimum(left(task, outputs, data), LARGEST)

    learned: list[int | None] = [None] * NETS
    every = max(1, updates // LOOKS)
    for update in range(1, updates + 1):
        # --8<-- [start:train]
        data = draw(task, length, NETS * BATCH, rng)
        outputs, _ = net.forward(by_net(data.inputs).astype(np.float32))
        _, d_outputs = loss(outputs, by_net(data.targets), by_net(data.mask), seeds=True)
        net.backward(d_outputs.astype(np.float32))
        grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
        optimizer.update(net.params, grads)
        # --8<-- [end:train]
        if update % every == 0:
            now = error("validation")
            learned = [n or (update if e < LEARNED else None) for n, e in zip(learned, now, strict=True)]
            if now.max() < SOLVED:
                break
    found: Found = {"error": error("test"), "learned": learned, "updates": [update] * NETS}
    if task in ("adding", "order"):
        found["longer"] = np.stack([error("test", longer) for longer in (1, 2, 4)], axis=1)
    return found


def _formula(length: int, rng: np.random.Generator) -> Array:
    """Fit the best linear formula of all noisy values, by least squares, and test it."""
    few, many = draw("sine", length, 20_000, rng), draw("sine", length, NETS * TEST, rng)
    weights = np.linalg.lstsq(few.inputs[..., 0].T, few.targets[-1], rcond=None)[0]
    outputs = by_net((many.inputs[..., 0].T @ weights)[np.newaxis])
    return left("sine", outputs, Task(many.inputs[-1:], many.targets[-1:], many.mask[-1:]))


CELLS = ("tanh", "irnn", "lstm", "gru")
RATES = {"tanh": 0.002, "irnn": 0.001, "lstm": 0.003, "gru": 0.003}  # of Adam
LENGTHS = {"echo": (2, 4, 8, 16, 32), "adding": (10, 20, 40, 80), "order": (10, 20, 40, 80), "sine": (2, 4, 8, 16, 32)}
EXPERIMENT = Experiment(
    run,
    arms=[
        *(
            {"task": task, "length": length, "cell": cell, "updates": 1500}
            for task, lengths in LENGTHS.items()
            for length in reversed(lengths)
            for cell in CELLS
        ),
        *({"task": "sine", "length": length, "cell": "formula", "updates": 0} for length in LENGTHS["sine"]),
    ],
    reduced=[{"task": "echo", "length": length, "cell": "gru", "updates": 120} for length in (2, 12)],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


def middle(results: Results, task: str, cell: str, length: int, measured: str = "error") -> Any:
    """Return the median over the networks."""
    return np.median(results.of(measured, task=task, cell=cell, length=length), axis=0)


@claim
def a_longer_delay_is_harder(results: Results) -> Pair:
    """With the same number of updates a GRU repeats what came two steps ago better than what came long ago."""
    lengths = sorted({run.arm["length"] for run in results.where(task="echo", cell="gru")})
    return middle(results, "echo", "gru", lengths[0]), middle(results, "echo", "gru", lengths[-1])


@claim(reduced=False)
def an_echo_needs_no_gates(results: Results) -> Pair:
    """Let a tanh network, which starts orthogonal, repeat from sixteen steps ago: it beats LSTM and GRU."""
    gates = [middle(results, "echo", cell, 16) for cell in ("lstm", "gru")]
    return [middle(results, "echo", "tanh", 16)] * 2, gates


@claim(reduced=False)
def a_sum_needs_gates(results: Results) -> Pair:
    """At length 40 LSTM and GRU add better than tanh."""
    gates = [middle(results, "adding", cell, 40) for cell in ("lstm", "gru")]
    return gates, middle(results, "adding", "tanh", 40)


@claim(reduced=False)
def rectifiers_wait_longest(results: Results) -> Pair:
    """In adding, with this budget, the IRNN leaves more than tanh up to length 40."""
    lengths = (10, 20, 40)
    tanh, irnn = ([middle(results, "adding", cell, n) for n in lengths] for cell in ("tanh", "irnn"))
    return tanh, irnn


@claim(reduced=False)
def order_at_eighty(results: Results) -> Pair:
    """In temporal order at length 80 LSTM and IRNN have learned what GRU and tanh have not."""
    have, have_not = ([middle(results, "order", c, 80) for c in pair] for pair in (("lstm", "irnn"), ("gru", "tanh")))
    return have, np.array(have_not) / 2


@claim(reduced=False)
def networks_know_the_height(results: Results) -> Pair:
    """From eight noisy values on every cell is better than the best linear formula."""
    lengths = (8, 16, 32)
    cells = [[middle(results, "sine", cell, n) for cell in CELLS] for n in lengths]
    return cells, [[middle(results, "sine", "formula", n)] * len(CELLS) for n in lengths]


@claim(reduced=False)
def more_of_a_noisy_sine_is_better(results: Results) -> Pair:
    """From 32 noisy values every cell predicts better than from 4."""
    few, many = ([middle(results, "sine", cell, n) for cell in CELLS] for n in (4, 32))
    return many, few


@claim(reduced=False)
def trained_short_fails_long(results: Results) -> Pair:
    """Test at length 80 what was learned at 20: the error is larger, for both tasks and all cells."""
    pairs = [middle(results, task, cell, 20, "longer") for task in ("adding", "order") for cell in CELLS]
    return [pair[0] for pair in pairs], [pair[2] for pair in pairs]
