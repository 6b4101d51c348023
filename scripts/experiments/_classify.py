"""Whole sequences to classes: several networks at once, and two rivals that need no network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn import init
from rnn.depth import Bidirectional, Stacked
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Linear
from rnn.losses import length_mask, softmax_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.text import Scaler, pad
from rnn.validate import Array
from scripts.experiments import Found

CELLS: dict[str, Any] = {"tanh": RNN, "lstm": LSTM, "gru": GRU}


class Spoken(NamedTuple):
    """Sequences of features, each (T, D), and the class of each."""

    sequences: list[Array]
    classes: Array


class Trained(NamedTuple):
    """Guesses for the test, (K, N), and how many updates were the best, (K,)."""

    guesses: Array
    updates: list[int]


# --8<-- [start:mean-scores]
def mean_scores(outputs: Array, lengths: Array) -> tuple[Array, Array]:
    """Return the mean of the scores over the steps of each sequence, and the weight of each step."""
    weights = length_mask(lengths, len(outputs)) / lengths
    return (weights[..., np.newaxis] * outputs).sum(axis=0), weights[..., np.newaxis].astype(outputs.dtype)


# --8<-- [end:mean-scores]


def guess(
    parts: tuple[Spoken, Spoken, Spoken],
    model: str,
    directions: int,
    hidden: int,
    *,
    nets: int,
    batch: int,
    updates: int,
    seed: int,
) -> tuple[Array, Found]:
    """Learn the first part by K networks, or by a rival, and classify the third: guesses (K, N), and what it took."""
    learned, _, test = parts
    if model in RIVALS:
        guesses = np.repeat(RIVALS[model](learned, test)[np.newaxis], nets, axis=0)
        return guesses, {"updates": [0] * nets, "size": [0] * nets}
    inputs, classes = learned.sequences[0].shape[1], len(np.unique(learned.classes))
    net = network(model, directions, inputs, hidden, classes, nets, seed)
    size = sum(value.size for value in net.params.values()) // nets
    guesses, when = train(net, parts, nets=nets, batch=batch, updates=updates, look=10, seed=seed)
    return guesses, {"updates": when, "size": [size] * nets}


def network(cell: str, directions: int, inputs: int, hidden: int, outputs: int, nets: int, seed: int) -> Stacked:
    """Make K networks with a read-out at every step."""
    rng = np.random.default_rng(seed)
    parts = [CELLS[cell](inputs, hidden, seeds=nets, rng=rng, dtype=np.float32) for _ in range(directions)]
    for part in parts:
        for name, weights in part.params.items():
            if name.startswith("W_h"):
                weights[...] = [init.orthogonal(one.shape, rng) for one in weights]
    below = parts[0] if directions == 1 else Bidirectional(*parts)
    return Stacked([below, Linear(directions * hidden, outputs, seeds=nets, rng=rng, dtype=np.float32)])


def train(
    net: Any, parts: tuple[Spoken, Spoken, Spoken], *, nets: int, batch: int, updates: int, look: int, seed: int
) -> Trained:
    """Train K networks on the first part, choose for each its best moment on the second, and classify the third."""
    learned, validation, test = parts
    scaler = Scaler().fit(np.concatenate(learned.sequences))
    rng, optimizer = np.random.default_rng([seed, 1]), Adam(3e-3)
    best, kept = np.full(nets, np.inf), {name: value.copy() for name, value in net.params.items()}
    when = np.zeros(nets, int)
    order = np.zeros(0, int)

    def scores(part: Spoken, chosen: Array) -> tuple[Array, Array]:
        x, lengths = pad([scaler.transform(part.sequences[i]).astype(np.float32) for i in chosen])
        x = np.repeat(x[:, np.newaxis], nets, axis=1)
        lengths = np.repeat(lengths[np.newaxis], nets, axis=0)
        outputs, _ = net.forward(x, lengths=lengths)
        return mean_scores(outputs, lengths)

    for update in range(updates + 1):
        if update % look == 0:
            mean, _ = scores(validation, np.arange(len(validation.classes)))
            loss, _ = softmax_cross_entropy(mean[np.newaxis], _wanted(validation.classes, nets), seeds=True)
            better = loss < best
            best, when = np.where(better, loss, best), np.where(better, update, when)
            for name, value in net.params.items():
                kept[name][better] = value[better]
        if len(order) < batch:
            order = rng.permutation(len(learned.classes))
        chosen, order = order[:batch], order[batch:]
        mean, weights = scores(learned, chosen)
        _, d_mean = softmax_cross_entropy(mean[np.newaxis], _wanted(learned.classes[chosen], nets), seeds=True)
        net.backward(weights * d_mean.astype(np.float32))
        grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
        optimizer.update(net.params, grads)
    for name, value in net.params.items():
        value[...] = kept[name]
    mean, _ = scores(test, np.arange(len(test.classes)))
    return Trained(mean.argmax(axis=-1), when.tolist())


def _wanted(classes: Array, nets: int) -> Array:
    return np.broadcast_to(classes, (1, nets, len(classes)))


# --8<-- [start:gaussians]
def gaussians(learned: Spoken, test: Spoken) -> Array:
    """Give each class a normal distribution of its frames, in any order; the likeliest class of all frames, (N,)."""
    scores = []
    for k in np.unique(learned.classes):
        frames = np.concatenate([learned.sequences[i] for i in np.flatnonzero(learned.classes == k)])
        precision = np.linalg.inv(np.cov(frames.T))
        away = [frames.mean(axis=0) - one for one in test.sequences]
        distance = np.array([np.einsum("ti,ij,tj", one, precision, one) for one in away])
        lengths = np.array([len(one) for one in away])
        scores.append(lengths * np.linalg.slogdet(precision)[1] - distance)
    return np.asarray(np.argmax(scores, axis=0))


# --8<-- [end:gaussians]


# --8<-- [start:warped]
def warped(learned: Spoken, test: Spoken) -> Array:
    """Return the class of the nearest learned sequence for each of the test, (N,), after stretching time (DTW)."""
    scaler = Scaler().fit(np.concatenate(learned.sequences))
    b, b_lengths = pad([scaler.transform(one) for one in learned.sequences])
    found = []
    for sequence in test.sequences:
        a = scaler.transform(sequence)
        D = np.full((len(b) + 1, b.shape[1]), np.inf)  # the cost up to here, of one row of the table
        D[0] = 0
        for x in a:
            steps = np.sqrt(((b - x) ** 2).sum(axis=-1))
            last, D = D, np.full_like(D, np.inf)
            for j, step in enumerate(steps):
                D[j + 1] = step + np.minimum(np.minimum(last[j], last[j + 1]), D[j])
        cost = D[b_lengths, np.arange(b.shape[1])] / (len(a) + b_lengths)
        found.append(learned.classes[np.argmin(cost)])
    return np.array(found)


# --8<-- [end:warped]


RIVALS: dict[str, Callable[[Spoken, Spoken], Array]] = {"gaussians": gaussians, "warped": warped}
