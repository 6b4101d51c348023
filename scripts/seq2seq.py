"""Train the models of the chapter seq2seq: copying and reversing strings, with attention and without.

``python -m scripts.seq2seq`` trains each of the four for every seed and writes ``scripts/figures/seq2seq.json``, which
the figures of the chapter read.  It takes some minutes; a test trains one model for a few updates.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
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

RESULTS = Path(__file__).parent / "figures" / "seq2seq.json"
START, END, LETTERS = 0, 1, 8  # the symbols: start, end, and eight letters 2 to 9
VOCABULARY = 2 + LETTERS
TRAINED, TESTED = 10, 14  # the longest strings
UNITS = {True: 32, False: 42}  # with attention, and without: so that the second model is the larger one
UPDATES, BATCH, RATE = 1500, 32, 0.01
SEEDS, STRINGS = 8, 100  # strings of each length, in the test
SHOWN = 8  # letters of the string whose weights are kept
ARMS = [(task, attends) for task in ("copy", "reverse") for attends in (False, True)]
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


def train(task: str, attends: bool, seed: int, updates: int = UPDATES) -> Seq2Seq:
    """Train a model on strings of random lengths."""
    rng = np.random.default_rng(seed)
    model = build(attends, rng)
    fit(
        TeacherForcing(model),
        lambda rng: (strings(task, rng.integers(1, TRAINED + 1, BATCH), rng) for _ in range(updates)),
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


def results(seeds: int = SEEDS, updates: int = UPDATES) -> dict[str, Any]:
    """Train all models and measure them."""
    found: dict[str, Any] = {
        "made": {
            "by": "python -m scripts.seq2seq",
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
            "seeds": list(range(seeds)),
            "updates": updates,
        },
        "parameters": {},
        "exact": {},
        "forced": {},
        "looks": {},
    }
    for task, attends in ARMS:
        arm = f"{task}-{'attention' if attends else 'vector'}"
        models = [train(task, attends, seed, updates) for seed in range(seeds)]
        found["parameters"][arm] = sum(value.size for value in models[0].params.values())
        found["exact"][arm] = [
            [exact(model, task, n, seed) for n in range(1, TESTED + 1)] for seed, model in enumerate(models)
        ]
        found["forced"][arm] = [forced(model, task, TRAINED, seed) for seed, model in enumerate(models)]
        if attends:
            found["looks"][arm] = look(models[0], task, 0)
    return found


if __name__ == "__main__":
    start = perf_counter()
    RESULTS.write_text(json.dumps(results(), indent=None, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{RESULTS}: {perf_counter() - start:.0f} s", file=sys.stderr)
