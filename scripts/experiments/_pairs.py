"""Pairs of sequences, one to be read and one to be written: their batches, a model of them, and what it writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rnn.attention import AdditiveAttention
from rnn.depth import Bidirectional, Stacked
from rnn.layers import GRU
from rnn.linear import Embedding
from rnn.losses import softmax_cross_entropy
from rnn.optim import Adam, cosine
from rnn.seq2seq import Hypothesis, Seq2Seq, TeacherForcing
from rnn.text import Vocabulary, pad
from rnn.training import fit
from rnn.validate import Array

START, END = 0, 1  # in the vocabulary of what is written
POOL = 20  # batches are sorted by length this many at a time, so that little has to be padded

Strings = Sequence[Sequence[str]]
Report = Callable[[int], None]


class Pairs(NamedTuple):
    """Sequences of symbols by their numbers; the targets stand between start and end."""

    sources: list[Array]
    targets: list[Array]


def vocabularies(sources: Strings, targets: Strings) -> tuple[Vocabulary, Vocabulary]:
    """Collect the symbols that are read, and those that are written, and number them."""
    read, write = (sorted({symbol for one in part for symbol in one}) for part in (sources, targets))
    return Vocabulary(read), Vocabulary(write, start="<start>", end="<end>")


def encoded(sources: Strings, targets: Strings, read: Vocabulary, write: Vocabulary) -> Pairs:
    """Turn symbols into numbers."""
    return Pairs([read.encode(one) for one in sources], [write.encode(one, framed=True) for one in targets])


# --8<-- [start:model]
def model(cells: int, symbols: int, written: int, *, attends: bool, rng: np.random.Generator) -> Seq2Seq:
    """Make a model: GRUs read from both sides, one writes."""
    E, H = 32, cells
    options: dict[str, Any] = {"rng": rng, "dtype": np.float32}
    both = Bidirectional(GRU(E, H, **options), GRU(E, H, **options))
    encoder = Stacked([Embedding(symbols, E, **options), both])
    if not attends:
        return Seq2Seq(encoder, GRU(E, H, **options), written, **options)
    attention = AdditiveAttention(H, 2 * H, H // 2, **options)
    return Seq2Seq(
        encoder,
        GRU(E + 2 * H, H, **options),
        written,
        attention=attention,
        **options,
    )


# --8<-- [end:model]


def batch(pairs: Pairs, rows: Array) -> tuple[Any, Array, Array]:
    """Put some pairs side by side, as `rnn.seq2seq.TeacherForcing` takes them."""
    source, lengths = pad([pairs.sources[i] for i in rows])
    target, ends = pad([pairs.targets[i] for i in rows])
    return (source, lengths, target[:-1]), target[1:], ends - 1


def batches(pairs: Pairs, size: int, updates: int) -> Callable[[np.random.Generator], Iterator[Any]]:
    """Return a function that yields so many batches, epoch after epoch, each of sources of similar length."""

    def some(rng: np.random.Generator) -> Iterator[Any]:
        for _ in range(updates // POOL):
            rows = rng.choice(len(pairs.sources), POOL * size)
            rows = rows[np.argsort([len(pairs.sources[i]) for i in rows], kind="stable")]
            for k in rng.permutation(POOL):
                yield batch(pairs, rows[k * size : (k + 1) * size])

    return some


def train(net: Seq2Seq, pairs: Pairs, *, size: int, looks: int, every: int, look: Report, rng: Any) -> list[float]:
    """Train, stop `looks` times on the way, every so many updates, to look; return the training loss between looks."""

    def report(done: int, total: int, loss: float) -> None:
        look(every * done)

    history = fit(
        TeacherForcing(net),
        batches(pairs, size, every),
        softmax_cross_entropy,
        Adam(3e-3),
        schedule=cosine(looks * every, warmup=every // 2, smallest=0.01),
        epochs=looks,
        clip=1.0,
        progress=report,
        rng=rng,
    )
    return [float(loss) for loss in history.loss]


def write(net: Seq2Seq, sources: Sequence[Array], longest: int) -> list[Hypothesis]:
    """Write for each source the most probable symbol at each step."""
    found: list[Hypothesis] = []
    for first in range(0, len(sources), 250):
        source, lengths = pad(sources[first : first + 250])
        found += net.greedy(source, source_lengths=lengths, start=START, end=END, max_length=longest)
    return found


def symbols_of(one: Hypothesis, vocabulary: Vocabulary) -> list[str]:
    """Return what was written, without the end."""
    return [vocabulary.symbols[n] for n in one.symbols if n not in (START, END)]
