"""Tasks with a known answer: what must be remembered, and for how long, is set by the one who asks.

Each function draws a batch of new sequences, so that nothing can be learned by heart. Inputs are (T, B, D);
where the loss counts, `mask` is True, and everywhere else the targets are 0 and mean nothing.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.validate import Array

ADDING_BASELINE = 1 / 6
"""The mean squared error of always answering 1 in `adding`, the variance of a sum of two numbers from [0, 1]."""

TEMPORAL_ORDER_BASELINE = math.log(4)
"""The cross-entropy of guessing in `temporal_order`, whose four classes are equally likely."""


class Task(NamedTuple):
    """A batch of sequences with what a network should make of them.

    Attributes
    ----------
    inputs : ndarray (T, B, D)
        Numbers, or one-hot symbols.
    targets : ndarray (T, B, O) of float64, or (T, B) of int
        Numbers, or classes.
    mask : ndarray (T, B) of bool
        The steps at which the loss counts.
    lengths : ndarray (B,) of int, or None
        How many steps each sequence has; None if all have T.
    legal : ndarray (T, B, symbols) of bool, or None
        Which symbols may come next; only `embedded_reber` knows.
    """

    inputs: Array
    targets: Array
    mask: Array
    lengths: Array | None = None
    legal: Array | None = None

    @property
    def answers(self) -> Array:
        """The targets at the last step of each sequence, (B, O) or (B,), as `rnn.losses.LastStep` takes them."""
        last = len(self.inputs) - 1 if self.lengths is None else self.lengths - 1
        return np.asarray(self.targets[last, np.arange(self.targets.shape[1])])


def adding(length: int, batch: int, *, form: str = "2016", rng: np.random.Generator | None = None) -> Task:
    """Draw sequences of numbers, two of which are marked: at the end their sum is wanted.

    Parameters
    ----------
    length : int
        The number of steps T.
    batch : int
        The number of sequences B.
    form : {"2016", "1997"}
        * "2016": numbers from [0, 1]; the marks are 1, one in each half, and the target is the sum.
        * "1997": numbers from [-1, 1]; lengths from T to 1.1 T. The first mark is among the first ten steps,
          the second on one of the first T/2 - 1 others; the first and the last step are marked -1 instead, and
          a number that would have been marked there is 0. The target is 0.5 + (X₁ + X₂) / 4; an answer counts
          as right within 0.04.
    rng : numpy.random.Generator, optional
        Where the sequences come from; fresh entropy by default.

    Returns
    -------
    Task
        The inputs are (number, mark) pairs, D = 2; the target (O = 1) counts at the last step.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or `length` below 2, for "1997" below 20.

    References
    ----------
    Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks".
    Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 4.
    """
    batch, rng = validate.size("batch", batch), validate.generator(rng)
    if validate.choice("form", form, ("2016", "1997")) == "2016":
        return _adding_2016(validate.size("length", length, at_least=2), batch, rng)
    return _adding_1997(validate.size("length", length, at_least=20), batch, rng)


def _adding_2016(length: int, batch: int, rng: np.random.Generator) -> Task:
    values, marks = rng.uniform(size=(length, batch)), np.zeros((length, batch))
    every = np.arange(batch)
    marks[rng.integers(0, length // 2, batch), every] = 1
    marks[rng.integers(length // 2, length, batch), every] = 1
    return _at_the_end(np.stack([values, marks], axis=-1), (values * marks).sum(axis=0)[:, np.newaxis])


def _adding_1997(length: int, batch: int, rng: np.random.Generator) -> Task:
    lengths = rng.integers(length, length + length // 10 + 1, batch)
    inside = np.arange(lengths.max())[:, np.newaxis] < lengths
    values, marks = inside * rng.uniform(-1, 1, inside.shape), np.zeros(inside.shape)
    every = np.arange(batch)
    first = rng.integers(0, 10, batch)
    second = rng.integers(0, length // 2 - 1, batch)
    second += second >= first  # counted among the steps that are not marked yet
    marks[first, every] = marks[second, every] = 1
    values[0, marks[0] == 1] = 0
    marks[0] = marks[lengths - 1, every] = -1
    total = (values * (marks == 1)).sum(axis=0)
    return _at_the_end(np.stack([values, marks], axis=-1), 0.5 + total[:, np.newaxis] / 4, lengths)


def copying(
    delay: int, batch: int, *, symbols: int = 8, length: int = 10, rng: np.random.Generator | None = None
) -> Task:
    """Draw strings that have to be repeated after a delay, at a sign.

    The inputs are `length` symbols 1 … `symbols`, delay - 1 blanks (0), the sign (symbols + 1) and `length`
    blanks; the targets are delay + length blanks and then the string.

    Parameters
    ----------
    delay : int
        How long to wait, called T in the paper; the sequences have delay + 2 · length steps.
    batch : int
        The number of sequences B.
    symbols : int
        How many symbols there are to choose from.
    length : int
        How many of them make a string.
    rng : numpy.random.Generator, optional
        Where the strings come from; fresh entropy by default.

    Returns
    -------
    Task
        The inputs are one-hot, D = symbols + 2, the targets one of symbols + 1 classes; all steps count.

    Raises
    ------
    TypeError, ValueError
        If a number is not a whole one of at least 1, or `rng` not a generator.

    References
    ----------
    Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks".
    """
    delay, batch = validate.size("delay", delay), validate.size("batch", batch)
    symbols, length = validate.size("symbols", symbols), validate.size("length", length)
    string = validate.generator(rng).integers(1, symbols + 1, (length, batch))
    given = np.zeros((delay + 2 * length, batch), int)
    targets = np.zeros_like(given)
    given[:length] = targets[-length:] = string
    given[length + delay - 1] = symbols + 1
    return Task(_one_hot(given, symbols + 2), targets, np.ones(given.shape, bool))


def copying_baseline(delay: int, *, symbols: int = 8, length: int = 10) -> float:
    """Return the cross-entropy, a step, of knowing when to speak in `copying` but not what to say.

    Parameters
    ----------
    delay, symbols, length : int
        As in `copying`.

    Returns
    -------
    float
        length · ln(symbols) / (delay + 2 · length).

    Raises
    ------
    TypeError, ValueError
        If a number is not a whole one of at least 1.
    """
    delay, symbols = validate.size("delay", delay), validate.size("symbols", symbols)
    length = validate.size("length", length)
    return length * math.log(symbols) / (delay + 2 * length)


def temporal_order(length: int, batch: int, *, form: str = "2013", rng: np.random.Generator | None = None) -> Task:
    """Draw noise with two symbols in it, each one of two: which, and in which order, is asked at the end.

    Parameters
    ----------
    length : int
        The number of steps L.
    batch : int
        The number of sequences B.
    form : {"2013", "1997"}
        * "2013": the first symbol at a step in [0.1 L, 0.2 L), the second in [0.5 L, 0.6 L), four kinds of
          noise elsewhere; nothing says that the end has come. D = 6: the two symbols, then the noise.
        * "1997": task 6a. Lengths from L to 1.1 L; the symbols at steps from 0.1 L to 0.2 L and from 0.5 L to
          0.6 L, ends included; the first step has a symbol of its own and the last one too. D = 8: the two
          symbols, the noise, start, end. In the paper L = 100.
    rng : numpy.random.Generator, optional
        Where the sequences come from; fresh entropy by default.

    Returns
    -------
    Task
        The inputs are one-hot; the class, 2 · first + second, counts at the last step.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or `length` below 10.

    References
    ----------
    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", in the form of
    the authors' program.
    Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 6.
    """
    length, batch = validate.size("length", length, at_least=10), validate.size("batch", batch)
    rng, late = validate.generator(rng), validate.choice("form", form, ("2013", "1997")) == "1997"
    tenth, half, every = length // 10, length // 2, np.arange(batch)
    lengths = rng.integers(length, length + tenth + 1, batch) if late else np.full(batch, length)
    symbols = rng.integers(2, 6, (lengths.max(), batch))
    first, second = rng.integers(0, 2, (2, batch))
    symbols[tenth + rng.integers(0, tenth + late, batch), every] = first
    symbols[half + rng.integers(0, tenth + late, batch), every] = second
    if late:
        symbols[0], symbols[lengths - 1, every] = 6, 7
    inputs = _one_hot(symbols, 8 if late else 6)
    inputs[np.arange(len(inputs))[:, np.newaxis] >= lengths] = 0
    return _at_the_end(inputs, 2 * first + second, lengths if late else None)


def delayed_echo(
    length: int, batch: int, *, delay: int, symbols: int = 2, rng: np.random.Generator | None = None
) -> Task:
    """Draw random symbols that have to be repeated `delay` steps later, all the time.

    To be right a state has to hold the last `delay` symbols. Without memory the cross-entropy is ln(symbols).

    Parameters
    ----------
    length, batch : int
        The number of steps T, more than `delay`, and of sequences B.
    delay : int
        How many steps later; 0 asks for the symbol that has just come.
    symbols : int
        How many symbols there are.
    rng : numpy.random.Generator, optional
        Where the symbols come from; fresh entropy by default.

    Returns
    -------
    Task
        The inputs are one-hot, D = symbols; the targets, classes, count from step `delay` on.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    """
    delay = validate.size("delay", delay, at_least=0)
    length, batch = validate.size("length", length, at_least=delay + 1), validate.size("batch", batch)
    symbols = validate.size("symbols", symbols, at_least=2)
    given = validate.generator(rng).integers(0, symbols, (length, batch))
    targets, mask = np.zeros_like(given), np.zeros(given.shape, bool)
    targets[delay:], mask[delay:] = given[: length - delay], True
    return Task(_one_hot(given, symbols), targets, mask)


def delayed_average(length: int, batch: int, *, delay: int = 0, rng: np.random.Generator | None = None) -> Task:
    """Draw random numbers whose weighted average over the past and the future is wanted.

    At step t the target is ``sum(w[k] * x[t - delay + k])`` for k from -10 to 20, with `AVERAGE_WEIGHTS` w: they
    sum to 1 and fall linearly on both sides of k = 0. A network that runs forwards only cannot know what comes
    after t: with a delay of 20 it has seen all that it needs, a bidirectional one with none.

    Parameters
    ----------
    length : int
        The number of steps T, at least 31, and 11 + delay.
    batch : int
        The number of sequences B.
    delay : int
        How many steps later the answer is wanted.
    rng : numpy.random.Generator, optional
        Where the numbers, from [0, 1], come from; fresh entropy by default.

    Returns
    -------
    Task
        D = O = 1; steps whose average needs numbers from before the start or after the end do not count.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    References
    ----------
    Schuster & Paliwal 1997, "Bidirectional recurrent neural networks", for the experiment.
    """
    delay = validate.size("delay", delay, at_least=0)
    length = validate.size("length", length, at_least=_PAST + 1 + max(_FUTURE, delay))
    inputs = validate.generator(rng).uniform(size=(length, validate.size("batch", batch), 1))
    averages = np.lib.stride_tricks.sliding_window_view(inputs, len(AVERAGE_WEIGHTS), axis=0) @ AVERAGE_WEIGHTS
    targets, mask = np.zeros_like(inputs), np.zeros(inputs.shape[:2], bool)
    known = slice(_PAST + delay, _PAST + delay + len(averages))  # those beyond the end are never asked for
    mask[known], targets[known] = True, averages[: length - known.start]
    return Task(inputs, targets, mask)


_PAST, _FUTURE = 10, 20
_SIDES = np.concatenate([np.arange(1, _PAST + 1) / (_PAST + 1), np.arange(_FUTURE + 1, 0, -1) / (_FUTURE + 1)])
AVERAGE_WEIGHTS: Array = _SIDES / _SIDES.sum()
"""The weights of `delayed_average`, for k = -10 … 20."""


def delayed_average_baseline(delay: int) -> float:
    """Return the least mean squared error in `delayed_average` without knowledge of the future.

    The numbers are independent, with variance 1/12: of those that have not come yet nothing better is known
    than their mean, and each adds its variance times its squared weight.

    Parameters
    ----------
    delay : int
        As in `delayed_average`; -11 stands for knowing nothing at all, which gives the targets' variance.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If it is not a whole number of at least -11.
    """
    delay = validate.size("delay", delay, at_least=-_PAST - 1)
    return float(np.sum(AVERAGE_WEIGHTS[_PAST + 1 + delay :] ** 2) / 12)


REBER_SYMBOLS = "BTPSXVE"
# The Reber grammar: in each state the symbols that may come and where they lead; 7 is the end.
_REBER = ({"B": 1}, {"T": 2, "P": 3}, {"S": 2, "X": 4}, {"T": 3, "V": 5}, {"X": 3, "S": 6}, {"P": 4, "V": 6}, {"E": 7})


def embedded_reber(batch: int, *, rng: np.random.Generator | None = None) -> Task:
    """Draw strings of the embedded Reber grammar, in which the next symbol is to be predicted.

    A string is B, then T or P, then a string of the Reber grammar, then the same T or P as before, then E.
    Where two symbols may come next they are equally likely. The last but one symbol can only be known by those
    who remember the second, at least six steps earlier.

    Parameters
    ----------
    batch : int
        The number of strings B.
    rng : numpy.random.Generator, optional
        Where the strings come from; fresh entropy by default.

    Returns
    -------
    Task
        The inputs are the symbols but the last, one-hot in the order of `REBER_SYMBOLS`; the targets the symbols
        but the first; `legal` says which symbols may come.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    References
    ----------
    Hochreiter & Schmidhuber 1997, "Long short-term memory", experiment 1.
    Cleeremans, Servan-Schreiber & McClelland 1989, "Finite state automata and simple recurrent networks", for
    the grammar.
    """
    batch, rng = validate.size("batch", batch), validate.generator(rng)
    strings = [_reber_string(rng) for _ in range(batch)]
    lengths = np.array([len(string) - 1 for string in strings])
    inputs = np.zeros((lengths.max(), batch, len(REBER_SYMBOLS)))
    targets, legal = np.zeros(inputs.shape[:2], int), np.zeros(inputs.shape, bool)
    for b, string in enumerate(strings):
        for t, ((symbol, _), (following, possible)) in enumerate(itertools.pairwise(string)):
            inputs[t, b, REBER_SYMBOLS.index(symbol)] = 1
            targets[t, b] = REBER_SYMBOLS.index(following)
            legal[t, b, [REBER_SYMBOLS.index(other) for other in possible]] = True
    return Task(inputs, targets, np.any(legal, axis=-1), lengths, legal)


def legal_lead(scores: ArrayLike, legal: ArrayLike) -> Array:
    """Return for which strings the legal symbols have the highest scores at every step.

    With this criterion the embedded Reber grammar counts as learned when it holds for every string.

    Parameters
    ----------
    scores : array_like (T, B, symbols)
        A network's outputs.
    legal : array_like (T, B, symbols) of bool
        As `embedded_reber` gives it; steps at which nothing is legal lie beyond a string's end and pass.

    Returns
    -------
    ndarray (B,) of bool

    Raises
    ------
    TypeError, ValueError
        If `scores` are not numbers, or `legal` is not of bool and the same shape.
    """
    scores = validate.array("scores", scores, ("seq_len", "batch", len(REBER_SYMBOLS)))
    legal = np.asarray(legal)
    if legal.dtype != bool or legal.shape != scores.shape:
        raise ValueError(f"legal: expected bool of shape {scores.shape}, got {legal.dtype} of {legal.shape}")
    lowest = np.where(legal, scores, np.inf).min(axis=-1)
    highest = np.where(legal, -np.inf, scores).max(axis=-1)
    return np.asarray((lowest > highest).all(axis=0))


def _reber_string(rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return a string of the embedded grammar, with each symbol all that might have come in its place."""
    outer = "TP"[rng.integers(2)]
    string, state = [("B", "B"), (outer, "TP")], 0
    while state < len(_REBER):
        possible = "".join(_REBER[state])
        symbol = possible[rng.integers(len(possible))]
        string.append((symbol, possible))
        state = _REBER[state][symbol]
    return [*string, (outer, outer), ("E", "E")]


def _one_hot(symbols: Array, count: int) -> Array:
    return np.eye(count)[symbols]


def _at_the_end(inputs: Array, answers: Array, lengths: Array | None = None) -> Task:
    """Return the task whose targets, answers (B, …), count at the last step of each sequence."""
    last = len(inputs) - 1 if lengths is None else lengths - 1
    mask = np.arange(len(inputs))[:, np.newaxis] == last
    mask = np.broadcast_to(mask, inputs.shape[:2]).copy()
    targets = np.zeros((len(inputs), *answers.shape), answers.dtype)
    targets[last, np.arange(len(answers))] = answers
    return Task(inputs, targets, mask, lengths)
