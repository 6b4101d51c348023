"""What is reported when the loss is not what one cares for: errors in transcripts, names found and missed."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from rnn.validate import Array

S = TypeVar("S")


def edit_distances(reference: Sequence[object], guess: Sequence[object]) -> Array:
    """Return, for every beginning of the reference and of the guess, the fewest edits that turn one into the other.

    An edit puts a symbol in, takes one out, or replaces one by another.

    Parameters
    ----------
    reference, guess : sequence
        M and N symbols: letters of a string, or words in a list.

    Returns
    -------
    ndarray (M + 1, N + 1) of int
        In row i and column j the distance of the first i symbols from the first j; the last entry is that of the whole.

    Raises
    ------
    TypeError
        If one of them is no sequence.
    """
    reference, guess = _sequence("reference", reference), _sequence("guess", guess)
    # --8<-- [start:edits]
    D = np.zeros((len(reference) + 1, len(guess) + 1), int)
    D[:, 0], D[0, :] = np.arange(len(reference) + 1), np.arange(len(guess) + 1)
    for i, wanted in enumerate(reference, start=1):
        for j, came in enumerate(guess, start=1):
            D[i, j] = min(D[i - 1, j] + 1, D[i, j - 1] + 1, D[i - 1, j - 1] + (wanted != came))
    return D
    # --8<-- [end:edits]


def word_error_rate(references: Sequence[Sequence[object]], guesses: Sequence[Sequence[object]]) -> float:
    """Return the edits that all guesses need, divided by the number of symbols of all references.

    Parameters
    ----------
    references, guesses : sequence of sequences
        As many of one as of the other; lists of words, or strings for the error rate of characters.

    Returns
    -------
    float
        At least 0; it may be above 1.

    Raises
    ------
    TypeError
        If they are not sequences of sequences.
    ValueError
        If their numbers differ, or the references have no symbol.
    """
    references, guesses = _sequences("references", references), _sequences("guesses", guesses)
    if len(references) != len(guesses):
        raise ValueError(f"guesses: expected {len(references)}, as many as references, got {len(guesses)}")
    symbols = sum(len(reference) for reference in references)
    if not symbols:
        raise ValueError("references: expected at least one symbol, got none")
    edits = sum(int(edit_distances(r, g)[-1, -1]) for r, g in zip(references, guesses, strict=True))
    return edits / symbols


class Found(NamedTuple):
    """How many entities were found, invented and missed."""

    right: int
    invented: int
    missed: int

    @property
    def precision(self) -> float:
        """The share of the right ones among those that were announced; 0 if there are none."""
        return self.right / max(1, self.right + self.invented)

    @property
    def recall(self) -> float:
        """The share of those that were found among those that there are; 0 if there are none."""
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of the two; 0 if nothing is right."""
        return 2 * self.right / max(1, 2 * self.right + self.invented + self.missed)


def entities(tags: Sequence[str]) -> set[tuple[str, int, int]]:
    """Return the entities in a sequence of BIO tags: kind, first step, and the step after the last.

    ``B-PER`` begins an entity of the kind PER, ``I-PER`` continues it, ``O`` belongs to none. An I- that continues
    nothing of its kind begins an entity.

    Parameters
    ----------
    tags : sequence of str
        A tag for each step.

    Returns
    -------
    set of (str, int, int)

    Raises
    ------
    TypeError
        If they are no sequence.
    ValueError
        If one is no BIO tag.
    """
    tags = _sequence("tags", tags)
    for step, tag in enumerate(tags):
        if not (isinstance(tag, str) and (tag == "O" or (tag[:2] in ("B-", "I-") and tag[2:]))):
            raise ValueError(f"tags: expected O, B-kind or I-kind, got {tag!r} at step {step}")
    # --8<-- [start:entities]
    found, kind, first = set(), "", 0
    for step, tag in enumerate([*tags, "O"]):
        if kind and tag != f"I-{kind}":
            found.add((kind, first, step))
            kind = ""
        if tag != "O" and not kind:
            kind, first = tag[2:], step
    return found
    # --8<-- [end:entities]


def compare_entities(references: Sequence[Sequence[str]], guesses: Sequence[Sequence[str]]) -> Found:
    """Count entities: one is right if its kind, its beginning and its end are.

    Parameters
    ----------
    references, guesses : sequence of sequences of str
        BIO tags, sequence by sequence.

    Returns
    -------
    Found

    Raises
    ------
    TypeError
        If they are not sequences of sequences.
    ValueError
        If they do not have the same lengths, or one is no BIO tag.
    """
    references, guesses = _sequences("references", references), _sequences("guesses", guesses)
    if [len(r) for r in references] != [len(g) for g in guesses]:
        raise ValueError("guesses: expected a tag for each of the references, got other lengths")
    pairs = [(entities(r), entities(g)) for r, g in zip(references, guesses, strict=True)]
    right = sum(len(r & g) for r, g in pairs)
    return Found(right, sum(len(g) for _, g in pairs) - right, sum(len(r) for r, _ in pairs) - right)


def _sequence(name: str, value: Sequence[S]) -> Sequence[S]:
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return list(value)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return value
    raise TypeError(f"{name}: expected a sequence of symbols, such as a list of words, got {type(value).__name__}")


def _sequences(name: str, value: Sequence[Sequence[S]]) -> list[Sequence[S]]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"{name}: expected a list of sequences, got {type(value).__name__}")
    return [_sequence(f"{name}[{i}]", one) for i, one in enumerate(value)]
