"""A small network that reads a text character by character and then writes on by itself."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rnn import files, validate
from rnn.depth import Stacked
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.losses import softmax_cross_entropy
from rnn.optim import Adam
from rnn.text import Vocabulary, stream_batches
from rnn.training import History, fit
from rnn.validate import Array

CELLS: dict[str, Any] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


@dataclass(frozen=True)
class CharacterModel:
    """A network with the characters that it knows.

    Attributes
    ----------
    network : Stacked
        From the numbers of characters (T, B) to scores (T, B, V) of the next one.
    vocabulary : Vocabulary
        The V characters.
    first : str
        The first character of the text it has learned from: what it begins with when nothing else is said.
    history : History
        How the training went; empty for a model from a file.
    """

    network: Stacked
    vocabulary: Vocabulary
    first: str
    history: History = field(default_factory=History)

    def generate(
        self, length: int, *, start: str = "", temperature: float = 1.0, rng: np.random.Generator | None = None
    ) -> str:
        """Write on.

        Parameters
        ----------
        length : int
            How many characters.
        start : str
            What comes before them; by default `first`.
        temperature : float
            What the scores are divided by before the softmax: below 1 likely characters become likelier still, at
            0 the likeliest one always comes.
        rng : numpy.random.Generator, optional
            Draws the characters; fresh entropy by default.

        Returns
        -------
        str
            The `length` characters, without the start.

        Raises
        ------
        TypeError, ValueError
            If an argument is not of the kind above, or the start has a character that is not known.
        """
        length, rng = validate.size("length", length, at_least=0), validate.generator(rng)
        temperature = validate.number("temperature", temperature, at_least=0)
        stream, scores = self.network.stream(), np.zeros((1, len(self.vocabulary)))
        for number in self.vocabulary.encode(start or self.first):
            scores = stream.step(np.array([number]))
        numbers = []
        for _ in range(length):
            numbers.append(_draw(scores[0], temperature, rng))
            scores = stream.step(np.array(numbers[-1:]))
        return self.vocabulary.decode(numbers)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network and its characters to a file; errors as for `rnn.files.save`."""
        metadata = {"characters": list(self.vocabulary.symbols), "first": self.first}
        files.save(self.network, path, metadata=metadata)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "CharacterModel":
        """Read what `save` has written; errors as for `rnn.files.load`."""
        metadata, network = files.read_metadata(path), files.load(path)
        if not {"characters", "first"} <= metadata.keys():
            raise ValueError(f"{path}: expected a model of characters, got one without a vocabulary")
        return cls(network, Vocabulary(metadata["characters"]), metadata["first"])


def _draw(scores: Array, temperature: float, rng: np.random.Generator) -> int:
    """Draw a class from the softmax of scores / temperature.

    The largest of the scores is that of a random class with just these probabilities, if to each is added
    temperature times an independent number of the Gumbel distribution.
    """
    return int(np.argmax(scores + temperature * rng.gumbel(size=len(scores))))


def train_character_model(
    text: str,
    *,
    cell: str = "gru",
    hidden_size: int = 64,
    updates: int = 200,
    seq_len: int = 50,
    learning_rate: float = 0.005,
    seed: int = 0,
    progress: bool | Callable[[int, int, float], None] = False,
) -> CharacterModel:
    """Train a network to predict each character of a text from those before it.

    The text is read in up to 32 parallel streams, the state carried from one batch to the next.

    Parameters
    ----------
    text : str
        What to learn from, at least two characters.
    cell : {"rnn", "gru", "lstm"}
        The recurrent layer.
    hidden_size : int
        The number of its units, and the length of the vectors that stand for characters.
    updates : int
        About how many updates; each part of the text is read at least once.
    seq_len : int
        Over how many steps gradients flow back.
    learning_rate : float
        The step size of Adam.
    seed : int
        Decides on the initial weights.
    progress : bool or callable
        As in `rnn.training.fit`.

    Returns
    -------
    CharacterModel

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    FloatingPointError
        If training diverges.
    """
    if not isinstance(text, str) or len(text) < 2:
        raise ValueError(f"text: expected at least two characters, got {text!r}")
    if not isinstance(cell, str) or cell not in CELLS:
        raise ValueError(f"cell: expected one of {', '.join(CELLS)}, got {cell!r}")
    hidden_size, updates = validate.size("hidden_size", hidden_size), validate.size("updates", updates)
    rng = np.random.default_rng(validate.size("seed", seed, at_least=0))
    vocabulary = Vocabulary.from_text(text)
    V, H = len(vocabulary), hidden_size
    layers = [
        Embedding(V, H, rng=rng, dtype=np.float32),
        CELLS[cell](H, H, rng=rng, dtype=np.float32),
        Linear(H, V, rng=rng, dtype=np.float32),
    ]
    network: Any = Stacked(layers)
    streams = min(32, 1 + len(text) // (3 * validate.size("seq_len", seq_len)))
    batches = stream_batches(vocabulary.encode(text), streams, seq_len)
    epochs = max(1, round(updates / sum(1 for _ in batches(rng))))
    options: dict[str, Any] = {"epochs": epochs, "clip": 1.0, "carry_state": True, "progress": progress, "rng": rng}
    history = fit(network, batches, softmax_cross_entropy, Adam(learning_rate), **options)
    return CharacterModel(network, vocabulary, text[0], history)
