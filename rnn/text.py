"""From texts and series to batches: symbols become numbers, numbers are scaled, sequences are cut and padded."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.validate import Array, quiet

Batch = tuple[Array, Array, Array | None]  # inputs, targets, lengths


class Vocabulary:
    """The symbols of a text, numbered.

    Special symbols come first, in the order pad, start, end, unknown, so that the padding is number 0.

    Parameters
    ----------
    symbols : iterable of str
        The symbols in the order of their numbers, each once: the characters of a string, or words in a list.
    pad, start, end, unknown : str, optional
        Special symbols, such as "<pad>": what fills sequences up, what stands before the first symbol and after
        the last, and what stands for every symbol that is not in the vocabulary.

    Attributes
    ----------
    symbols : tuple of str
        All of them, the special ones included, in the order of their numbers.
    pad, start, end, unknown : str or None
        The special symbols.

    Raises
    ------
    TypeError
        If a symbol is not a string.
    ValueError
        If there is no symbol, or one comes twice.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        *,
        pad: str | None = None,
        start: str | None = None,
        end: str | None = None,
        unknown: str | None = None,
    ) -> None:
        self.pad, self.start, self.end, self.unknown = pad, start, end, unknown
        special = [symbol for symbol in (pad, start, end, unknown) if symbol is not None]
        self.symbols = tuple(_check_symbols([*special, *_check_symbols(symbols)]))
        if not self.symbols:
            raise ValueError("symbols: expected at least one, got none")
        repeated = [symbol for symbol, count in Counter(self.symbols).items() if count > 1]
        if repeated:
            raise ValueError(f"symbols: expected each once, got {repeated[0]!r} again")
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols)}

    @classmethod
    def from_text(cls, text: Iterable[str], *, at_least: int = 1, **special: str | None) -> "Vocabulary":
        """Return the vocabulary of a text, in the order of the symbols' code points.

        Parameters
        ----------
        text : str or iterable of str
            The text; the training part of it alone, so that nothing of the rest is known.
        at_least : int
            How often a symbol has to come to get a number; rarer ones are unknown.
        **special : str
            As in the class.

        Returns
        -------
        Vocabulary
        """
        validate.size("at_least", at_least)
        counts = Counter(_check_symbols(text))
        return cls(sorted(symbol for symbol, count in counts.items() if count >= at_least), **special)

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, text: Iterable[str], *, framed: bool = False) -> Array:
        """Return the numbers of a text's symbols.

        Parameters
        ----------
        text : str or iterable of str
            The text.
        framed : bool
            Whether the start symbol comes before it and the end symbol after it, as far as they exist.

        Returns
        -------
        ndarray (T,) of int

        Raises
        ------
        TypeError
            If a symbol is not a string.
        ValueError
            If a symbol is not in the vocabulary and there is none for unknown ones.
        """
        symbols = _check_symbols(text)
        if framed:
            symbols = [s for s in (self.start, *symbols, self.end) if s is not None]
        other = None if self.unknown is None else self._numbers[self.unknown]
        numbers = [self._numbers.get(symbol, other) for symbol in symbols]
        if None in numbers:
            t = numbers.index(None)
            raise ValueError(f"text: expected one of the {len(self)} known symbols, got {symbols[t]!r} at index {t}")
        return np.array(numbers, np.intp)

    def decode(self, numbers: ArrayLike) -> str:
        """Return the text that numbers stand for; padding, start and end are left out.

        Parameters
        ----------
        numbers : array_like of int (T,)
            Numbers of symbols.

        Returns
        -------
        str

        Raises
        ------
        TypeError, ValueError
            If they are not whole numbers, or one is not the number of a symbol.
        """
        if isinstance(numbers, list | np.ndarray) and len(numbers) == 0:
            return ""
        symbols = [self.symbols[n] for n in validate.indices("numbers", numbers, ("seq_len",), len(self))]
        return "".join(symbol for symbol in symbols if symbol not in (self.pad, self.start, self.end))


def _check_symbols(symbols: Iterable[str]) -> list[str]:
    if not isinstance(symbols, Iterable):
        raise TypeError(f"symbols: expected a text or a list of strings, got {validate.shown(symbols)}")
    came = list(symbols)
    for symbol in came:
        if not isinstance(symbol, str) or not symbol:
            raise TypeError(f"symbols: expected strings that are not empty, got {validate.shown(symbol)}")
    return came


class Scaler:
    """A linear change of scale, decided by the training data and by nothing else.

    Parameters
    ----------
    kind : {"standard", "range"}
        To mean 0 and standard deviation 1, or to smallest value 0 and largest value 1.

    Attributes
    ----------
    shift, scale : ndarray (D,) or ()
        What is subtracted and what is then divided by: a number for each feature, one for a series (T,). There
        are none before `fit`.

    Raises
    ------
    ValueError
        If `kind` is another one.
    """

    shift: Array
    scale: Array

    def __init__(self, kind: str = "standard") -> None:
        self.kind = validate.choice("kind", kind, ("standard", "range"))

    @quiet
    def fit(self, values: ArrayLike) -> "Scaler":
        """Look at the training data, once and for all.

        Parameters
        ----------
        values : array_like (T,) or (..., D)
            The numbers of the training part.

        Returns
        -------
        Scaler
            This one.

        Raises
        ------
        RuntimeError
            If it has been fitted before: what came first, the training part, decides.
        TypeError, ValueError
            If the values are not numbers, or those of a feature are all the same.
        FloatingPointError
            If they are too large to be squared.
        """
        if self.fitted:
            raise RuntimeError("fit: expected a new scaler, got one that has been fitted already")
        values = validate.array("values", values, None)
        if values.ndim == 0:
            raise ValueError("values: expected (T,) or (..., D), got a single number")
        axes = tuple(range(max(1, values.ndim - 1)))
        if self.kind == "standard":
            shift, scale = values.mean(axis=axes), values.std(axis=axes)
        else:
            shift, scale = values.min(axis=axes), np.ptp(values, axis=axes)
        if not (values.max(axis=axes) > values.min(axis=axes)).all():
            raise ValueError("values: expected numbers that vary, got a feature in which all are the same")
        self.shift, self.scale = np.asarray(shift), validate.result("scale", np.asarray(scale))
        return self

    @property
    def fitted(self) -> bool:
        """Whether `fit` has been called."""
        return hasattr(self, "shift")

    @quiet
    def transform(self, values: ArrayLike) -> Array:
        """Return numbers in the units of the data on the new scale: (values - shift) / scale.

        Parameters
        ----------
        values : array_like (...) or (..., D)
            Any numbers; outside the range of the training part, the results are too.

        Returns
        -------
        ndarray of the same shape

        Raises
        ------
        RuntimeError
            If the scaler has not been fitted.
        TypeError, ValueError
            If the values are not numbers or have another number of features.
        FloatingPointError
            If the result overflows.
        """
        return validate.result("values", (self._check(values) - self.shift) / self.scale)

    @quiet
    def inverse(self, values: ArrayLike) -> Array:
        """Return numbers on the new scale in the units of the data: values * scale + shift; as `transform`."""
        return validate.result("values", self._check(values) * self.scale + self.shift)

    def _check(self, values: ArrayLike) -> Array:
        if not self.fitted:
            raise RuntimeError("scaler: expected a call of fit first, got none")
        values = validate.array("values", values, None)
        if self.shift.ndim and (not values.ndim or values.shape[-1] != len(self.shift)):
            raise ValueError(f"values: expected (..., {len(self.shift)}), got {values.shape}")
        return values


def split(values: Any, *, validation: float = 0.2, test: float = 0.2) -> tuple[Any, Any, Any]:
    """Cut a sequence into training, validation and test part, in the order of time.

    Parameters
    ----------
    values : ndarray (N, ...) or sequence of length N
        Anything that can be sliced.
    validation, test : float
        The shares of the later two parts, rounded to whole steps.

    Returns
    -------
    train, validation, test
        Slices, of an array views.

    Raises
    ------
    TypeError, ValueError
        If a share is not a number of at least 0, or a part would be empty.
    """
    if not hasattr(values, "__len__") or not hasattr(values, "__getitem__"):
        raise TypeError(f"values: expected an array or a list, got {validate.shown(values)}")
    total = len(values)
    for_test = round(min(1.0, validate.number("test", test, at_least=0)) * total)
    first = total - for_test - round(min(1.0, validate.number("validation", validation, at_least=0)) * total)
    if not 0 < first < total - for_test < total:
        raise ValueError(f"values: expected enough for three parts that are not empty, got {total} and these shares")
    return values[:first], values[first : total - for_test], values[total - for_test :]


def windows(values: Array, window: int) -> tuple[Array, Array]:
    """Return every run of `window` values, oldest first, and the value that follows it.

    Parameters
    ----------
    values : ndarray (T,)
        A sequence.
    window : int
        How many values a run has.

    Returns
    -------
    past : ndarray (T - window, window)
        A view that cannot be written into.
    targets : ndarray (T - window,)

    Raises
    ------
    TypeError, ValueError
        If the values are not a sequence of numbers, or not more than `window`.
    """
    values, window = _numbers("values", values), validate.size("window", window)
    if values.ndim != 1 or len(values) <= window:
        raise ValueError(f"values: expected (T,) with T above {window}, got {values.shape}")
    return np.lib.stride_tricks.sliding_window_view(values, window)[:-1], values[window:]


def pad(sequences: Sequence[ArrayLike], *, value: float = 0) -> tuple[Array, Array]:
    """Put sequences of different lengths side by side.

    Parameters
    ----------
    sequences : sequence of array_like (t, ...)
        At least one, each with at least one step; all but the lengths agree.
    value : float
        What stands behind the ends. Layers that are given the lengths do not look at it.

    Returns
    -------
    padded : ndarray (T, B, ...)
        T is the largest length.
    lengths : ndarray (B,) of int

    Raises
    ------
    TypeError
        If they are not numbers.
    ValueError
        If there is no sequence, one has no steps, or they do not agree.
    """
    arrays = _arrays("sequences", sequences)
    if not arrays or not all(array.ndim and len(array) for array in arrays):
        raise ValueError(f"sequences: expected at least one, each with a step or more, got {len(arrays)}")
    if len({array.shape[1:] for array in arrays}) > 1:
        raise ValueError("sequences: expected the same number of features in all of them, got several")
    lengths = np.array([len(array) for array in arrays])
    shape = (lengths.max(), len(arrays), *arrays[0].shape[1:])
    padded = np.full(shape, validate.number("value", value), np.result_type(*arrays))
    for b, array in enumerate(arrays):
        padded[: len(array), b] = array
    return padded, lengths


class Batches:
    """Sequences of different lengths, in batches for one epoch after the other.

    Parameters
    ----------
    inputs : sequence of array_like (t, ...)
        N sequences.
    targets : sequence of array_like (t, ...)
        One for each, with as many steps; with `per_sequence` of any one shape.
    batch_size : int
        How many sequences a batch has; the last one of an epoch may have fewer.
    shuffle : bool
        Whether each epoch has an order of its own.
    bucket : bool
        Whether sequences of similar length share a batch, which leaves less to pad.
    per_sequence : bool
        Whether a target belongs to a sequence as a whole, as `rnn.losses.LastStep` takes it.

    Raises
    ------
    TypeError, ValueError
        If there is no sequence, or targets do not fit inputs.
    """

    def __init__(
        self,
        inputs: Sequence[ArrayLike],
        targets: Sequence[ArrayLike],
        batch_size: int,
        *,
        shuffle: bool = True,
        bucket: bool = False,
        per_sequence: bool = False,
    ) -> None:
        self.inputs, self.targets = _arrays("inputs", inputs), _arrays("targets", targets)
        self.batch_size = validate.size("batch_size", batch_size)
        self.shuffle, self.bucket = validate.flag("shuffle", shuffle), validate.flag("bucket", bucket)
        self.per_sequence = validate.flag("per_sequence", per_sequence)
        _, self.lengths = pad(self.inputs)
        if len(self.targets) != len(self.inputs):
            raise ValueError(f"targets: expected {len(self.inputs)}, as many as inputs, got {len(self.targets)}")
        for n, (x, y) in enumerate(zip(self.inputs, self.targets, strict=True)):
            if not per_sequence and y.shape[:1] != x.shape[:1]:
                raise ValueError(f"targets: expected {len(x)} steps as in inputs, got the shape {y.shape} at index {n}")

    def __len__(self) -> int:
        return -(-len(self.inputs) // self.batch_size)

    def __call__(self, rng: np.random.Generator | None = None) -> Iterator[Batch]:
        """Yield the batches of an epoch.

        Parameters
        ----------
        rng : numpy.random.Generator, optional
            Decides on the order; fresh entropy by default.

        Yields
        ------
        inputs : ndarray (T, B, ...)
        targets : ndarray (T, B, ...), or (B, ...) with `per_sequence`
        lengths : ndarray (B,) of int, or None where all are T
        """
        rng = validate.generator(rng)
        order = rng.permutation(len(self.inputs)) if self.shuffle else np.arange(len(self.inputs))
        if self.bucket:
            order = order[np.argsort(self.lengths[order], kind="stable")]  # equal lengths stay shuffled
        batches = [order[i : i + self.batch_size] for i in range(0, len(order), self.batch_size)]
        for n in rng.permutation(len(batches)) if self.shuffle else range(len(batches)):
            inputs, lengths = pad([self.inputs[i] for i in batches[n]])
            chosen = [self.targets[i] for i in batches[n]]
            targets = np.stack(chosen) if self.per_sequence else pad(chosen)[0]
            yield inputs, targets, None if (lengths == len(inputs)).all() else lengths


def stream_batches(
    values: ArrayLike, batch_size: int, seq_len: int
) -> Callable[[np.random.Generator | None], Iterator[Batch]]:
    """Cut one long sequence into parallel streams that are read on from batch to batch.

    Stream b of B begins at share b / B of the sequence; each batch goes on where the last one ended, so that the
    state can be carried over. The targets are the inputs one step later.

    Parameters
    ----------
    values : array_like (N, ...)
        The sequence, numbers of symbols for instance.
    batch_size : int
        The number of streams B.
    seq_len : int
        The number of steps T of a batch; the last one may have fewer.

    Returns
    -------
    callable
        Called for an epoch, with a generator of which it has no need, it yields (inputs, targets, None), both
        (T, B, ...).

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number of at least 1, or there are fewer values than streams need.
    """
    values = _numbers("values", values).copy()
    batch_size, seq_len = validate.size("batch_size", batch_size), validate.size("seq_len", seq_len)
    if not values.ndim or len(values) <= batch_size:
        raise ValueError(f"values: expected more than {batch_size}, one for each stream, got {values.shape}")
    steps = (len(values) - 1) // batch_size
    inputs, targets = (
        values[shift : shift + batch_size * steps].reshape(batch_size, steps, *values.shape[1:]).swapaxes(0, 1)
        for shift in (0, 1)
    )

    def batches(rng: np.random.Generator | None = None) -> Iterator[Batch]:
        for t in range(0, steps, seq_len):
            yield inputs[t : t + seq_len].copy(), targets[t : t + seq_len].copy(), None

    return batches


def _arrays(name: str, values: object) -> list[Array]:
    if not isinstance(values, Iterable) or isinstance(values, str):
        raise TypeError(f"{name}: expected a list of arrays, got {validate.shown(values)}")
    return [_numbers(f"{name}[{n}]", value) for n, value in enumerate(values)]


def _numbers(name: str, value: object) -> Array:
    """Return `value` as an array; layers and losses look closer at what is in it."""
    try:
        came = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name}: expected one array, got rows of different lengths") from None
    if came.dtype.kind not in "iufc":
        raise TypeError(f"{name}: expected numbers, got {came.dtype if came.ndim else type(value).__name__}")
    return came
