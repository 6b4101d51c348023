"""Finding structure in time: exclusive or as a stream of bits, and words run together (Elman 1990).

``xor``: two random bits, then their exclusive or, and so on; the next bit is to be predicted, and only every third
can be.  ``letters``: fourteen words in random order without spaces; the next letter is to be predicted.  With
``reach`` 1 the gradient goes no further back than the step itself, the state before it being an input like others,
as it was in 1990; with 0 it goes through all steps.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rnn.depth import Stacked
from rnn.layers import RNN
from rnn.linear import Linear
from rnn.losses import mse, softmax_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim

NETS = 10
WORDS = ["many", "years", "ago", "a", "boy", "and", "girl", "lived", "by", "the", "sea", "they", "played", "happily"]
LETTERS = sorted({letter for word in WORDS for letter in word})
STEPS, BATCH, TEST = 60, 20, 200
SHOWN = {"xor": 12, "letters": 36}  # steps of the curve
LOSS = {"xor": mse, "letters": softmax_cross_entropy}


def bits(batch: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw streams of bits: inputs (T, batch, 1), the next bit, and its place in the group of three."""
    pairs = rng.integers(0, 2, (STEPS // 3 + 1, 2, batch))
    stream = np.concatenate([pairs, pairs[:, :1] ^ pairs[:, 1:]], axis=1).reshape(-1, batch)[: STEPS + 1, :, None]
    places = np.broadcast_to((np.arange(STEPS)[:, None] + 1) % 3, (STEPS, batch))
    return stream[:-1].astype(np.float32), stream[1:].astype(np.float32), places


def letters(batch: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw streams of letters: inputs (T, batch, letters) one-hot, the next letter, and its place in its word."""
    numbers, places = np.empty((2, STEPS + 1, batch), int)
    for b in range(batch):
        text = [(letter, n) for word in rng.choice(WORDS, STEPS + 1) for n, letter in enumerate(str(word))]
        numbers[:, b] = [LETTERS.index(letter) for letter, _ in text[: STEPS + 1]]
        places[:, b] = [n for _, n in text[: STEPS + 1]]
    return np.eye(len(LETTERS), dtype=np.float32)[numbers[:-1]], numbers[1:], places[1:]


DRAW = {"xor": bits, "letters": letters}


def many(task: str, batch: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Draw for each of the networks streams of its own: all with axes (T, NETS, batch, …)."""
    x, wanted, places = (
        values.reshape(STEPS, NETS, batch, *values.shape[2:]) for values in DRAW[task](NETS * batch, rng)
    )
    return x, wanted, places


# --8<-- [start:reach]
def one_step(net: Stacked, layer: RNN, x: Array) -> Array:
    """Run all steps as sequences of length 1, each with the state before it: nothing flows back beyond a step."""
    h, _ = layer.forward(x)
    before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])
    outputs: Array = net.forward(side_by_side(x), ((side_by_side(before)[0],), ()))[0]
    return outputs


def side_by_side(values: Array) -> Array:
    """Turn steps into sequences: (T, K, B, …) into (1, K, T B, …)."""
    return values.swapaxes(0, 1).reshape(1, values.shape[1], -1, *values.shape[3:])


# --8<-- [end:reach]


def best(wanted: Array) -> Array:
    """Return the cross-entropy, (T - 1, streams), of whoever knows the words: the least that is possible.

    What is known at each step is a probability for each place in each word.
    """
    places = [(word, n) for word in WORDS for n in range(len(word))]
    shown = np.array([LETTERS.index(word[n]) for word, n in places])
    first = np.array([n == 0 for _, n in places]) / len(WORDS)
    following = np.zeros((len(places), len(places)))
    for i, (word, n) in enumerate(places):
        following[i] = first if n == len(word) - 1 else [p == (word, n + 1) for p in places]
    losses = []
    belief = np.broadcast_to(first, (wanted.shape[1], len(places)))
    for seen, following_letter in pairwise(wanted):
        belief = belief * (shown == seen[:, None])
        belief = belief / belief.sum(axis=1, keepdims=True) @ following
        losses.append(-np.log((belief * (shown == following_letter[:, None])).sum(axis=1)))
    return np.array(losses)


def run(seed: int, task: str, reach: int, hidden: int, updates: int) -> Found:
    """Train on new streams; measure the error by place on others."""
    rng, loss = np.random.default_rng([seed, hidden]), LOSS[task]
    inputs, outputs = (1, 1) if task == "xor" else (len(LETTERS), len(LETTERS))
    layer = RNN(inputs, hidden, seeds=NETS, rng=rng, dtype=np.float32)
    net, optimizer = Stacked([layer, Linear(hidden, outputs, seeds=NETS, rng=rng, dtype=np.float32)]), Adam(0.01)
    for _ in range(updates):
        x, wanted, _ = many(task, BATCH, rng)
        if reach:
            came, wanted = one_step(net, layer, x), side_by_side(wanted)
        else:
            came, _ = net.forward(x)
        _, d_outputs = loss(came, wanted, seeds=True)
        net.backward(d_outputs)
        grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
        optimizer.update(net.params, grads)
    x, wanted, places = DRAW[task](TEST, np.random.default_rng([seed, 1]))
    came, _ = net.forward(np.repeat(x[:, None], NETS, axis=1))
    errors = by_step(task, came, wanted)
    found: Found = {
        "by_place": [[float(e[places == n].mean()) for n in range(places.max() + 1)] for e in errors],
        "error": errors.mean(axis=(1, 2)).tolist(),
    }
    shown = slice(SHOWN[task])
    if task == "xor":
        return found | {"curve": errors[:, shown].mean(axis=2).round(4).tolist()}
    least = best(np.concatenate([x[:1].argmax(axis=-1), wanted]))
    return found | {
        "curve": errors[:, shown, 0].round(3).tolist(),
        "text": "".join(LETTERS[n] for n in wanted[shown, 0]),
        "starts": (places[shown, 0] == 0).tolist(),
        "boundary": [_ranked(e[places == 0], e[places > 0]) for e in errors],
        "least": float(least.mean()),
        "least_by_place": [float(least[places == n].mean()) for n in range(places.max() + 1)],
    }


def by_step(task: str, came: Array, wanted: Array) -> Array:
    """Return the error at each step of each stream, (NETS, T, streams)."""
    if task == "xor":
        return ((came - wanted[:, None]) ** 2)[..., 0].swapaxes(0, 1).astype(float)
    scores = came.astype(float) - came.max(axis=-1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    index = np.broadcast_to(wanted[:, None, :, None], (*log_p.shape[:-1], 1))
    chosen: Array = np.take_along_axis(log_p, index, axis=-1)[..., 0]
    return -chosen.swapaxes(0, 1)


def _ranked(large: Array, small: Array) -> float:
    """Return the probability that a number of the first kind is larger than one of the second."""
    order = np.concatenate([large, small]).argsort().argsort()[: len(large)] + 1
    return float((order.sum() - len(large) * (len(large) + 1) / 2) / (len(large) * len(small)))


EXPERIMENT = Experiment(
    run,
    arms=[{"task": "xor", "reach": r, "hidden": h, "updates": 1500} for h in (2, 8) for r in (1, 0)]
    + [{"task": "letters", "reach": r, "hidden": 20, "updates": 1000} for r in (1, 0)],
    reduced=[
        {"task": "xor", "reach": 0, "hidden": 8, "updates": 250},
        {"task": "letters", "reach": 0, "hidden": 20, "updates": 60},
    ],
    seeds=1,
    nets=NETS,
    chaotic=True,
)


def _by_place(results: Results, task: str, **arm: int) -> Array:
    middle: Array = np.median(results.of("by_place", task=task, reach=0, **arm), axis=0)
    return middle


@claim
def every_third(results: Results) -> Pair:
    """Of the bits, the third of a group is predicted better than the first and the second."""
    first, second, third = _by_place(results, "xor", hidden=8)
    return [third, third], [0.8 * first, 0.8 * second]


@claim
def words_begin_with_a_surprise(results: Results) -> Pair:
    """At the first letter of a word the error is larger than at the second, and there larger than at the third."""
    first, second, third = _by_place(results, "letters")[:3]
    return [second, third], [first, second]


@claim
def errors_find_the_words(results: Results) -> Pair:
    """In every network the first letter of a word has the larger error nearly always."""
    return 0.9, results.of("boundary", task="letters", reach=0).min()


@claim(reduced=False)
def random_bits_stay_random(results: Results) -> Pair:
    """Random bits are not predicted: the mean squared error stays that of one half, 1/4."""
    return [0.24, 0.24], _by_place(results, "xor", hidden=8)[:2]


@claim(reduced=False)
def nearly_all_there_is(results: Results) -> Pair:
    """Letters are predicted nearly as well as by whoever knows the words."""
    least = results.where(task="letters", reach=0)[0].found["least"]
    return np.median(results.of("error", task="letters", reach=0)), 1.1 * least
