"""Copying and reversing strings, with attention and with a fixed vector between encoder and decoder.

Two questions.  How does what fits through one vector fall with the length (Cho et al. 2014; Bahdanau, Cho & Bengio
2015), and does it help to turn the source round (Sutskever, Vinyals & Le 2014)?  The tasks are our own: strings of
eight letters.  To write a string down in reverse order is, for the network, to copy a source that has been turned
round; so the two tasks without attention are the two orders of one source.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn.attention import AdditiveAttention
from rnn.depth import Stacked
from rnn.layers import GRU
from rnn.linear import Embedding
from rnn.losses import length_mask, softmax_cross_entropy
from rnn.optim import Adam, cosine
from rnn.seq2seq import Seq2Seq, TeacherForcing
from rnn.training import fit
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim

START, END, LETTERS = 0, 1, 8  # the symbols: start, end, and eight letters 2 to 9
VOCABULARY = 2 + LETTERS
BEYOND = 4  # how much longer than in training the longest strings of the test are
UNITS = {True: 32, False: 42}  # with attention, and without: so that the second model is the larger one
BATCH, RATE = 32, 0.01
STRINGS = 100  # of each length, in the test
SHOWN = 8  # letters of the string whose weights are kept
TASKS = ("copy", "reverse")
TURN: dict[str, Callable[[Array], Array]] = {"copy": lambda s: s, "reverse": lambda s: s[::-1]}


def strings(task: str, lengths: Array, rng: np.random.Generator) -> tuple[Any, Array, Array]:
    """Draw strings of these lengths, each followed by the end symbol, and what should be written."""
    most, every = lengths.max() + 1, np.arange(len(lengths))
    source, target = np.full((2, most, len(lengths)), END)
    for b, n in enumerate(lengths):
        source[:n, b] = rng.integers(2, VOCABULARY, n)
        target[:n, b] = TURN[task](source[:n, b])
    target_in = np.concatenate([np.full((1, len(every)), START), target[:-1]])
    return (source, lengths + 1, target_in), target, lengths + 1


# --8<-- [start:build]
def build(attends: bool, rng: np.random.Generator) -> Seq2Seq:
    """Make an untrained model: a GRU reads, a GRU writes."""
    H, E = UNITS[attends], 10
    encoder = Stacked([Embedding(VOCABULARY, E, rng=rng), GRU(E, H, rng=rng)])
    if not attends:
        return Seq2Seq(encoder, GRU(E, H, rng=rng), VOCABULARY, rng=rng)
    attention = AdditiveAttention(H, H, H // 2, rng=rng)
    return Seq2Seq(encoder, GRU(E + H, H, rng=rng), VOCABULARY, attention=attention, rng=rng)


# --8<-- [end:build]


def train(task: str, attends: bool, seed: int, longest: int, updates: int) -> Seq2Seq:
    """Train a model on strings of random lengths."""
    rng = np.random.default_rng(seed)
    model = build(attends, rng)
    fit(
        TeacherForcing(model),
        lambda rng: (strings(task, rng.integers(1, longest + 1, BATCH), rng) for _ in range(updates)),
        softmax_cross_entropy,
        Adam(RATE),
        schedule=cosine(updates),
        epochs=1,
        clip=1.0,
        rng=rng,
    )
    return model


def exact(model: Seq2Seq, task: str, length: int, seed: int, n: int = STRINGS) -> float:
    """Return the share of new strings that are written without a mistake, end symbol included."""
    (source, ends, _), target, _ = strings(task, np.full(n, length), np.random.default_rng([seed, length]))
    came = model.greedy(source, source_lengths=ends, start=START, end=END, max_length=length + 3)
    return float(np.mean([np.array_equal(c.symbols, target[:, b]) for b, c in enumerate(came)]))


def forced(model: Seq2Seq, task: str, length: int, seed: int, n: int = STRINGS) -> dict[str, float]:
    """Compare, on new strings of one length, what is written freely with what is written after true symbols."""
    (source, ends, target_in), target, steps = strings(task, np.full(n, length), np.random.default_rng([seed, length]))
    scores = model.forward(source, target_in, source_lengths=ends, target_lengths=steps)
    loss, _ = softmax_cross_entropy(scores, target, length_mask(steps, len(target)))
    told = scores.argmax(axis=-1) == target
    free = np.zeros_like(told)
    for b, c in enumerate(model.greedy(source, source_lengths=ends, start=START, end=END, max_length=length + 1)):
        free[: len(c.symbols), b] = c.symbols == target[: len(c.symbols), b]
    first = np.where(told.all(axis=0), length + 1, (~told).argmax(axis=0))
    after = np.arange(length + 1)[:, None] > first
    beam = model.beam(source, source_lengths=ends, start=START, end=END, max_length=length + 3, width=8)
    return {
        "loss": float(loss),
        "symbols": float(told.mean()),
        "exact": float(told.all(axis=0).mean()),
        "exact_free": float(free.all(axis=0).mean()),
        "exact_beam": float(np.mean([np.array_equal(c[0].symbols, target[:, b]) for b, c in enumerate(beam)])),
        "after_told": float(told[after].sum()),
        "after_free": float(free[after].sum()),
        "after": float(after.sum()),
    }


def look(model: Seq2Seq, task: str, seed: int) -> dict[str, Any]:
    """Return one string, what the model writes, and where it looks."""
    (source, ends, _), _, _ = strings(task, np.array([SHOWN]), np.random.default_rng([seed, 99]))
    came = model.greedy(source, source_lengths=ends, start=START, end=END, max_length=SHOWN + 3)[0]
    weights = came.weights
    assert weights is not None
    return {"source": source[:, 0].tolist(), "written": came.symbols.tolist(), "weights": weights.round(3).tolist()}


def run(seed: int, task: str, attends: bool, longest: int, updates: int) -> Found:
    """Train one model; measure the share of strings without a mistake at each length."""
    model = train(task, attends, seed, longest, updates)
    found: Found = {
        "parameters": sum(value.size for value in model.params.values()),
        "exact": [exact(model, task, n, seed) for n in range(1, longest + BEYOND + 1)],
        "forced": forced(model, task, longest, seed),
    }
    if attends and seed == 0:
        found["look"] = look(model, task, seed)
    return found


EXPERIMENT = Experiment(
    run,
    arms=[{"task": t, "attends": a, "longest": 10, "updates": 1500} for t in TASKS for a in (False, True)],
    reduced=[{"task": "copy", "attends": a, "longest": 4, "updates": 200} for a in (False, True)],
    seeds=8,
    reduced_seeds=2,
    chaotic=True,
)


def _exact(results: Results, task: str, attends: bool, length: int = 0) -> Array:
    """Return by seed the share of strings without a mistake, of a length or of the longest in training."""
    return results.of("exact", task=task, attends=attends)[:, (length or results.arms("longest")[0]) - 1]


@claim
def attention_before_vector(results: Results) -> Pair:
    """Of the longest strings of the training more are copied without a mistake with attention (medians)."""
    return np.median(_exact(results, "copy", False)), np.median(_exact(results, "copy", True))


@claim(reduced=False)
def every_seed_with_attention(results: Results) -> Pair:
    """From eight letters to eleven the worst seed with attention is better than the best without."""
    without = [_exact(results, task, False, n).max() for task in TASKS for n in range(8, 12)]
    return without, [_exact(results, task, True, n).min() for task in TASKS for n in range(8, 12)]


@claim(reduced=False)
def turning_helps(results: Results) -> Pair:
    """Without attention a source that is turned round is copied better: at eight letters by every seed."""
    return _exact(results, "copy", False, 8).max(), _exact(results, "reverse", False, 8).min()


@claim(reduced=False)
def little_beyond(results: Results) -> Pair:
    """Four letters beyond the training even attention copies less than a tenth of the strings."""
    return np.median(_exact(results, "copy", True, 14)), 0.1
