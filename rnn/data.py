"""Sequences to learn from: some by formula, one from the sky."""

import difflib
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

import numpy as np

from rnn import validate
from rnn.validate import Array, quiet

DEFAULT_LENGTH = 1000
LAST_FIBONACCI = 1476  # the next one is above the largest float64, 1.8e308
SHORTEST = 1e-6  # the shortest period, in steps; a step already passes many waves of it


@quiet
def generate_sequence_data(
    seq_type: str = "fibonacci",
    length: int = DEFAULT_LENGTH,
    *,
    rng: np.random.Generator | None = None,
    **options: float,
) -> Array:
    """Return a sequence of numbers.

    Parameters
    ----------
    seq_type : {"fibonacci", "sine", "damped", "noisy", "sunspots"}
        * ``fibonacci``: 1, 1, 2, 3, 5, …, each the float64 nearest to the exact integer.
        * ``sine``: amplitude · sin(2π n / period + phase) for n = 0, 1, …
        * ``damped``: the same times exp(-decay · n).
        * ``noisy``: the sine plus independent normal noise.
        * ``sunspots``: the yearly sunspot numbers from 1700 on, see `sunspots`.
    length : int
        How many numbers. Of the sunspots there are 309; the default stands for all of them.
    rng : numpy.random.Generator, optional
        Where the noise comes from; fresh entropy by default. Only ``noisy`` uses it.
    **options : float
        For the three sines: ``amplitude`` (1), ``period`` in steps (20) or instead of it ``omega`` in radians
        a step, ``phase`` in radians (0); for ``damped`` also ``decay`` a step (0.01), for ``noisy`` also
        ``noise``, the standard deviation (0.1).

    Returns
    -------
    ndarray (length,) of float64

    Raises
    ------
    TypeError
        If `length` is not a whole number, or an option is unknown or not a number.
    ValueError
        If `seq_type` is unknown, `length` below 1 or beyond what there is (Fibonacci number 1476 is the last
        one that float64 can hold, 2008 the last year), or an option out of range.
    FloatingPointError
        If the options are so large that the result overflows.
    """
    make = _TYPES[check_type(seq_type)]
    return validate.result(seq_type, make(validate.size("length", length), validate.generator(rng), options))


def sunspots() -> tuple[Array, Array]:
    """Return the yearly mean sunspot numbers 1700–2008, in the series used before its revision of 2015.

    Returns
    -------
    years : ndarray (309,) of int
    numbers : ndarray (309,) of float64

    References
    ----------
    World Data Center SILSO, Royal Observatory of Belgium, Brussels: sunspot number, version 1.
    """
    text = (resources.files("rnn") / "sunspots.csv").read_text(encoding="utf-8")
    rows = re.findall(r"^(\d+),(\S+)$", text, flags=re.MULTILINE)
    return np.array([int(year) for year, _ in rows]), np.array([float(number) for _, number in rows])


def check_type(seq_type: Any) -> str:
    """Return `seq_type` if there is such a kind of sequence.

    Parameters
    ----------
    seq_type : str
        What a caller wants.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it is unknown; the message gives the kinds there are and the closest one.
    """
    if not isinstance(seq_type, str) or seq_type not in _TYPES:
        close = difflib.get_close_matches(str(seq_type).lower(), _TYPES)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"seq_type: expected one of {', '.join(_TYPES)}, got {seq_type!r}{hint}")
    return seq_type


def _fibonacci(length: int, rng: np.random.Generator, options: dict[str, float]) -> Array:
    _check_options("fibonacci", options, ())
    if length > LAST_FIBONACCI:
        raise ValueError(
            f"length: expected at most {LAST_FIBONACCI} for 'fibonacci', got {length};"
            f" number {LAST_FIBONACCI} is the last that float64 can hold"
        )
    numbers, a, b = [], 1, 1
    for _ in range(length):
        numbers.append(float(a))  # Python's integers are exact, so each number is rounded once
        a, b = b, a + b
    return np.array(numbers)


def _sine(length: int, rng: np.random.Generator, options: dict[str, float]) -> Array:
    _check_options("sine", options, _WAVE)
    return _wave(length, options)


def _damped(length: int, rng: np.random.Generator, options: dict[str, float]) -> Array:
    _check_options("damped", options, (*_WAVE, "decay"))
    decay = validate.number("decay", options.pop("decay", 0.01), at_least=0)
    fading: Array = np.exp(-decay * np.arange(length))
    return fading * _wave(length, options)


def _noisy(length: int, rng: np.random.Generator, options: dict[str, float]) -> Array:
    _check_options("noisy", options, (*_WAVE, "noise"))
    noise = validate.number("noise", options.pop("noise", 0.1), at_least=0)
    return _wave(length, options) + noise * rng.normal(size=length)


def _sunspots(length: int, rng: np.random.Generator, options: dict[str, float]) -> Array:
    _check_options("sunspots", options, ())
    _, numbers = sunspots()
    if length > len(numbers) and length != DEFAULT_LENGTH:
        raise ValueError(f"length: expected at most {len(numbers)} for 'sunspots' (1700–2008), got {length}")
    return numbers[:length]


_WAVE = ("amplitude", "period", "omega", "phase")


def _wave(length: int, options: dict[str, float]) -> Array:
    options = {name: validate.number(name, value) for name, value in options.items()}
    if "omega" in options and "period" in options:
        raise ValueError("omega: expected either omega or period, got both")
    period = validate.number("period", options.get("period", 20.0), at_least=SHORTEST)
    omega = options.get("omega", 2 * np.pi / period)
    wave: Array = np.sin(omega * np.arange(length) + options.get("phase", 0.0))
    return options.get("amplitude", 1.0) * wave


_TYPES: dict[str, Callable[[int, np.random.Generator, dict[str, float]], Array]] = {
    "fibonacci": _fibonacci,
    "sine": _sine,
    "damped": _damped,
    "noisy": _noisy,
    "sunspots": _sunspots,
}


def _check_options(seq_type: str, options: dict[str, float], known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            wanted = f"one of {', '.join(known)}" if known else "no options"
            raise TypeError(f"{name}: expected {wanted} for {seq_type!r}, got {name!r}")
