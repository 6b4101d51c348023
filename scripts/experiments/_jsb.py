"""The chorales as arrays: which of 88 keys sound at each quarter note, and the loss that their papers report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from rnn.losses import binary_cross_entropy, length_mask
from rnn.text import Batches
from rnn.validate import Array
from scripts.experiments.fetch import fetch

KEYS, LOWEST = 88, 21  # of a piano, and the number of the lowest
PARTS = ("train", "valid", "test")


@cache
def chorales(pieces: int = 0) -> dict[str, list[Array]]:
    """Read the pieces of each part, (steps, keys) of 0 and 1; all, or only the first few."""
    found: dict[str, list[Array]] = {}
    for part, music in json.loads(fetch("jsb").read_text(encoding="utf-8")).items():
        found[part] = []
        for chords in music[: pieces or None]:
            keys = np.zeros((len(chords), KEYS), np.float32)
            for t, chord in enumerate(chords):
                keys[t, np.array(chord, int) - LOWEST] = 1
            found[part].append(keys)
    return {part: found[part] for part in PARTS}


def log_odds(part: list[Array]) -> Array:
    """Return how often each key sounds, as the score that a network without inputs should give it."""
    often = (np.concatenate(part).sum(axis=0) + 0.5) / (sum(len(piece) for piece in part) + 1)
    return np.log(often / (1 - often))  # type: ignore[no-any-return]


def alone(music: dict[str, list[Array]]) -> float:
    """Return the test loss of a network without inputs: each key as often as in training, whatever came before."""
    y = np.concatenate(music["test"])[None]
    return float(binary_cross_entropy(np.broadcast_to(log_odds(music["train"]), y.shape), y)[0])


def batches(part: list[Array], size: int, *, shuffle: bool = True) -> Batches:
    """Make batches whose inputs are the chord before: silence before the first one."""
    before = [np.concatenate([np.zeros_like(piece[:1]), piece[:-1]]) for piece in part]
    return Batches(before, part, size, shuffle=shuffle, bucket=True)


def nats(net: Any, part: list[Array], nets: int = 0) -> Array:
    """Return the mean negative log-likelihood of a chord, in nats, (nets,) or a number."""
    total, steps = np.zeros(nets or ()), 0
    for x, y, lengths in batches(part, 32, shuffle=False)(np.random.default_rng(0)):
        x, y, lengths, mask = padded(x, y, lengths, nets)
        outputs, _ = net.forward(x, lengths=lengths)
        loss, _ = binary_cross_entropy(outputs, y, mask, seeds=bool(nets))
        count = int(mask.sum()) // (nets or 1)
        total, steps = total + np.asarray(loss) * count, steps + count
    return total / steps


def padded(x: Array, y: Array, lengths: Array | None, nets: int) -> tuple[Array, Array, Array, Array]:
    """Return inputs, targets, lengths and mask; for nets on a leading axis the same for each."""
    lengths = np.full(x.shape[1], len(x)) if lengths is None else lengths
    mask = length_mask(lengths, len(x))
    if not nets:
        return x, y, lengths, mask
    x, y, mask = (np.repeat(values[:, None], nets, axis=1) for values in (x, y, mask))
    return x, y, np.repeat(lengths[None], nets, axis=0), mask


def epoch(part: list[Array], size: int, rng: np.random.Generator, nets: int = 0) -> Iterator[Any]:
    """Yield the batches of one epoch as `padded` returns them."""
    for x, y, lengths in batches(part, size)(rng):
        yield padded(x, y, lengths, nets)
