"""Sequences to learn from: some by formula, one from the sky."""

import difflib
import math
import re
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.validate import Array, quiet

DEFAULT_LENGTH = 1000
LAST_FIBONACCI = 1476  # the next one is above the largest float64, 1.8e308
SHORTEST = 1e-6  # the shortest period, in steps; a step already passes many waves of it
LARGEST_MODULUS = 2**53  # up to here float64 holds every whole number

Options = dict[str, Any]


@quiet
def generate_sequence_data(
    seq_type: str = "fibonacci",
    length: int = DEFAULT_LENGTH,
    *,
    rng: np.random.Generator | None = None,
    **options: Any,
) -> Array:
    """Return a sequence of numbers.

    Parameters
    ----------
    seq_type : {"fibonacci", "sine", "damped", "noisy", "sunspots", "sines", "mackey_glass"}
        * ``fibonacci``: 1, 1, 2, 3, 5, …, each the float64 nearest to the exact integer, or a `form` of them.
        * ``sine``: amplitude · sin(2π n / period + phase) for n = 0, 1, …
        * ``damped``: the same times exp(-decay · n).
        * ``noisy``: the sine plus independent normal noise.
        * ``sunspots``: the yearly sunspot numbers from 1700 on, see `sunspots`.
        * ``sines``: the sum of amplitude · sin(2π n / period + phase) over several of each.
        * ``mackey_glass``: the solution of dx/dt = a x(t-τ) / (1 + x(t-τ)ⁿ) - b x(t) at t = 0, 1, …
    length : int
        How many numbers. Of the sunspots there are 309; the default stands for all of them.
    rng : numpy.random.Generator, optional
        Where the noise comes from; fresh entropy by default. Only ``noisy`` uses it.
    **options
        For the three sines: ``amplitude`` (1), ``period`` in steps (20) or instead of it ``omega`` in radians
        a step, ``phase`` in radians (0); for ``damped`` also ``decay`` a step (0.01), for ``noisy`` also
        ``noise``, the standard deviation (0.1).

        For ``sines``: ``periods``, the tuple (20, 33), and as many ``amplitudes`` (1) and ``phases`` (0).

        For ``fibonacci``: ``form``, one of "raw", "log" (the natural logarithm), "ratio" (each number's
        successor divided by it) and "modulo" (the remainder after division by ``modulus``, 10). All but
        "raw" go on for as long as one likes: they are computed from exact integers.

        For ``mackey_glass``: ``tau`` (17), ``a`` (0.2), ``b`` (0.1), ``n`` (10); ``start``, the constant past
        before t = 0 (1.2); ``washout``, how many values are left out at the beginning (0).

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

    References
    ----------
    Mackey & Glass 1977, "Oscillation and chaos in physiological control systems". With τ = 17 the sequence
    is chaotic, with 3 it settles at 1.
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


def autocorrelation(values: ArrayLike, largest: int) -> Array:
    """Return r_0 … r_largest, how alike a series is to itself n steps later: 1 is most, 0 not at all.

    Parameters
    ----------
    values : array_like (T,)
        The series, T above `largest`; not all its numbers are equal.
    largest : int
        The largest lag n.

    Returns
    -------
    ndarray (largest + 1,)

    Raises
    ------
    TypeError, ValueError
        If the values are not such a series, or `largest` is not a whole number from 0 on.
    """
    values, largest = validate.array("values", values, ("steps",)), validate.size("largest", largest, at_least=0)
    if len(values) <= largest or values.min() == values.max():
        raise ValueError(f"values: expected more than {largest}, not all equal, got {len(values)}")
    x = values / np.abs(values).max()  # so that no square overflows
    x = x - x.mean()
    return np.asarray([x[: len(x) - n] @ x[n:] for n in range(largest + 1)] / (x @ x))


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


def _fibonacci(length: int, rng: np.random.Generator, options: Options) -> Array:
    _check_options("fibonacci", options, ("form", "modulus"))
    form = validate.choice("form", options.get("form", "raw"), _FORMS)
    if form == "raw" and length > LAST_FIBONACCI:
        raise ValueError(
            f"length: expected at most {LAST_FIBONACCI} for 'fibonacci', got {length};"
            f" number {LAST_FIBONACCI} is the last that float64 can hold"
        )
    if "modulus" in options and form != "modulo":
        raise ValueError(f"modulus: expected the form 'modulo' with it, got {form!r}")
    modulus = validate.size("modulus", options.get("modulus", 10), at_least=2)
    if modulus > LARGEST_MODULUS:
        raise ValueError(f"modulus: expected at most 2**53, which float64 can hold, got {modulus}")
    # Python's integers are exact, so each number is rounded once.
    return np.array([_FORMS[form](a, b, modulus) for a, b in _fibonacci_pairs(length)], dtype=float)


_FORMS: dict[str, Callable[[int, int, int], float]] = {
    "raw": lambda a, b, modulus: float(a),
    "log": lambda a, b, modulus: math.log(a),
    "ratio": lambda a, b, modulus: b / a,
    "modulo": lambda a, b, modulus: a % modulus,
}


def _fibonacci_pairs(length: int) -> Iterator[tuple[int, int]]:
    """Yield each of the first numbers with its successor."""
    a, b = 1, 1
    for _ in range(length):
        yield a, b
        a, b = b, a + b


def _sine(length: int, rng: np.random.Generator, options: Options) -> Array:
    _check_options("sine", options, _WAVE)
    return _wave(length, options)


def _damped(length: int, rng: np.random.Generator, options: Options) -> Array:
    _check_options("damped", options, (*_WAVE, "decay"))
    decay = validate.number("decay", options.pop("decay", 0.01), at_least=0)
    fading: Array = np.exp(-decay * np.arange(length))
    return fading * _wave(length, options)


def _noisy(length: int, rng: np.random.Generator, options: Options) -> Array:
    _check_options("noisy", options, (*_WAVE, "noise"))
    noise = validate.number("noise", options.pop("noise", 0.1), at_least=0)
    return _wave(length, options) + noise * rng.normal(size=length)


def _sunspots(length: int, rng: np.random.Generator, options: Options) -> Array:
    _check_options("sunspots", options, ())
    _, numbers = sunspots()
    if length > len(numbers) and length != DEFAULT_LENGTH:
        raise ValueError(f"length: expected at most {len(numbers)} for 'sunspots' (1700–2008), got {length}")
    return numbers[:length]


def _sines(length: int, rng: np.random.Generator, options: Options) -> Array:
    _check_options("sines", options, ("periods", "amplitudes", "phases"))
    periods = _numbers("periods", options.get("periods", (20.0, 33.0)), None)
    amplitudes = _numbers("amplitudes", options.get("amplitudes", (1.0,) * len(periods)), len(periods))
    phases = _numbers("phases", options.get("phases", (0.0,) * len(periods)), len(periods))
    n = np.arange(length)[:, np.newaxis]
    waves: Array = amplitudes * np.sin(2 * np.pi * n / periods + phases)
    return np.asarray(waves.sum(axis=1))


def _numbers(name: str, values: object, count: int | None) -> Array:
    if not isinstance(values, tuple | list) or not values:
        raise TypeError(f"{name}: expected a tuple of numbers, got {values!r}")
    if count not in (None, len(values)):
        raise ValueError(f"{name}: expected as many as periods, {count}, got {len(values)}")
    smallest = SHORTEST if name == "periods" else -np.inf
    return np.array([validate.number(name, value, at_least=smallest) for value in values])


def _mackey_glass(length: int, rng: np.random.Generator, options: Options) -> Array:
    defaults: Options = {"tau": 17.0, "a": 0.2, "b": 0.1, "n": 10.0, "start": 1.2, "washout": 0}
    _check_options("mackey_glass", options, tuple(defaults))
    options = defaults | options
    washout = validate.size("washout", options.pop("washout"), at_least=0)
    smallest = {"tau": 1.0, "a": 0.0, "b": 0.0, "n": 0.0, "start": 0.0}
    tau, a, b, n, start = (np.float64(validate.number(k, options[k], at_least=v)) for k, v in smallest.items())
    return _solve_mackey_glass(washout + length, tau, a, b, n, start)[washout:]


def _solve_mackey_glass(length: int, tau: float, a: float, b: float, n: float, start: float, parts: int = 10) -> Array:
    """Return x(0), x(1), …, by the classical Runge–Kutta method with `parts` steps from one to the next.

    The delayed values lie between steps that have been made: there the solution is the cubic that has the
    values and slopes of the steps around it (Hermite), which is as exact as the method.
    """
    step = 1 / parts

    def slope(x: Any, delayed: Any) -> Any:
        return a * delayed / (1 + delayed**n) - b * x

    def past(position: float) -> Any:  # in steps; the function is constant before 0
        if position <= 0:
            return start
        k = math.ceil(position)
        s = k - position  # from the right end of the interval, 0, to its left, 1
        by_value = x[k] * (1 - s) ** 2 * (1 + 2 * s) + x[k - 1] * s**2 * (3 - 2 * s)
        by_slope = dx[k - 1] * s**2 * (1 - s) - dx[k] * s * (1 - s) ** 2
        return by_value + step * by_slope

    x, dx = [start], [slope(start, start)]
    for k in range((length - 1) * parts):
        here, middle, there = (past(k + share - tau * parts) for share in (0, 0.5, 1))
        k1 = slope(x[k], here)
        k2 = slope(x[k] + step / 2 * k1, middle)
        k3 = slope(x[k] + step / 2 * k2, middle)
        k4 = slope(x[k] + step * k3, there)
        x.append(x[k] + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
        dx.append(slope(x[-1], there))
    return np.array(x[::parts])


_WAVE = ("amplitude", "period", "omega", "phase")


def _wave(length: int, options: Options) -> Array:
    options = {name: validate.number(name, value) for name, value in options.items()}
    if "omega" in options and "period" in options:
        raise ValueError("omega: expected either omega or period, got both")
    period = validate.number("period", options.get("period", 20.0), at_least=SHORTEST)
    omega = options.get("omega", 2 * np.pi / period)
    wave: Array = np.sin(omega * np.arange(length) + options.get("phase", 0.0))
    return float(options.get("amplitude", 1.0)) * wave


_TYPES: dict[str, Callable[[int, np.random.Generator, Options], Array]] = {
    "fibonacci": _fibonacci,
    "sine": _sine,
    "damped": _damped,
    "noisy": _noisy,
    "sunspots": _sunspots,
    "sines": _sines,
    "mackey_glass": _mackey_glass,
}


def _check_options(seq_type: str, options: Options, known: tuple[str, ...]) -> None:
    for name in options:
        if name not in known:
            wanted = f"one of {', '.join(known)}" if known else "no options"
            raise TypeError(f"{name}: expected {wanted} for {seq_type!r}, got {name!r}")
