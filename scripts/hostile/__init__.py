"""Call everything public with what nobody should pass, and see that it gives a right result or one sentence.

A `Case` is a call that is right. Each of its arguments is replaced, one at a time, by all that could stand in its
place by mistake: `attacks` knows what that is for an array, a size, a number, a name, a state. Afterwards

* the call has returned finite numbers, and the same as before where only the form of the argument was another one;
* or it has raised one of `REFUSALS` with a single sentence that says what was expected and what came;
* no warning has been given, no argument has changed, and the object gives the same result as before.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np

REFUSALS = (TypeError, ValueError, FloatingPointError, RuntimeError, OSError)


@dataclass(frozen=True)
class Case:
    """A right call: of a function, of a class, or of a method after others.

    Attributes
    ----------
    name : str
        What is called, such as ``GRU.forward``.
    make : callable
        Returns the object on which it is called (None for a function), the callable and its arguments by name.
    infinite : bool
        Whether it may return infinity, because its docstring says when.
    """

    name: str
    make: Callable[[], tuple[Any, Callable[..., Any], dict[str, Any]]]
    infinite: bool = False


@dataclass(frozen=True)
class Attack:
    """One argument replaced; `same` where the value is another form of the right one."""

    argument: str
    kind: str
    value: Any
    same: bool = False


def run(case: Case, attack: Attack) -> str:
    """Make one attack: return "result", "sentence", or what went wrong.

    Parameters
    ----------
    case : Case
        The call.
    attack : Attack
        The argument to replace.

    Returns
    -------
    str
    """
    thing, call, arguments = case.make()
    arguments |= {attack.argument: attack.value}
    before, untouched = copy.deepcopy(arguments), _snapshot(thing)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            came = call(**arguments)
        except REFUSALS as error:
            verdict = _judged_sentence(attack, error)
            if verdict == "sentence" and not _equal(_snapshot(thing), untouched):
                verdict = "the object has changed although the call was refused"
        except BaseException as error:
            return f"raises {type(error).__name__}: {str(error)[:100]}"
        else:
            verdict = _judged_result(case, attack, came)
    if not _equal(arguments, before):
        return "an argument has changed"
    return verdict


def _judged_sentence(attack: Attack, error: BaseException) -> str:
    says = str(error)
    if isinstance(error, Warning):
        return f"warns: {says[:100]}"
    if attack.same:
        return f"refuses a right value: {says[:100]}"
    if "\n" in says or not 10 < len(says) < 400 or ": " not in says or "expected" not in says:
        return f"does not say what was expected: {says[:100]!r}"
    return "sentence"


def _judged_result(case: Case, attack: Attack, came: Any) -> str:
    if not (case.infinite or _finite(came)):
        return "returns numbers that are not finite"
    if attack.same:
        _, call, arguments = case.make()
        if not _equal(came, call(**arguments)):
            return "gives another result for another form of the same numbers"
    return "result"


# --------------------------------------------------------------------------- what may come


def attacks(arguments: dict[str, Any]) -> Iterator[Attack]:
    """Yield everything that may stand in the place of each argument of a right call.

    Parameters
    ----------
    arguments : dict
        The right arguments by name.

    Yields
    ------
    Attack
    """
    for name, value in arguments.items():
        for kind, wrong, same in _instead(value):
            yield Attack(name, kind, wrong, same)


def _instead(value: Any) -> Iterator[tuple[str, Any, bool]]:
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        yield from _instead_of_numbers(value)
    elif isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        yield from _instead_of_indices(value)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "b":
        yield from _instead_of_a_mask(value)
    elif isinstance(value, bool):
        yield from ((repr(wrong), wrong, False) for wrong in ("no", 2.5, np.ones(3)))
    elif isinstance(value, int):
        wrong: tuple[Any, ...] = (0, -1, 1.5, True, None, "3", np.nan, [2], -(10**30), 2 + 0j)
        yield from ((repr(item), item, False) for item in wrong)
        yield "np.int64", np.int64(value), True
    elif isinstance(value, float):
        wrong = (np.nan, np.inf, -np.inf, -1.5, "1", None, True, 1j, [0.5], 1e308, -1e308, np.ones(3))
        yield from ((repr(item), item, False) for item in wrong)
        yield "np.float64", np.float64(value), True
    elif isinstance(value, str):
        yield from ((repr(item), item, False) for item in ("", "no such thing", None, 3, b"x", ["x"]))
    elif isinstance(value, np.random.Generator):
        yield from ((repr(item), item, False) for item in (0, "seed", np.random.RandomState, [1]))
    elif isinstance(value, type) and issubclass(value, np.generic):
        wrong = (int, np.float16, np.complex128, "x", None, object, 3)
        yield from ((repr(item), item, False) for item in wrong)
    elif isinstance(value, list) and value:
        wrong = (None, 3, 0.5, b"x", {}, object)
        yield from ((repr(item), item, False) for item in wrong)
        yield "nothing in it", [], False
        yield "one too few", value[:-1], False
        yield "one too many", [*value, value[0]], False
        yield "an array", np.array([0.5, np.nan]), False
        wrong = (None, 3, np.nan, b"x", "", "x", [])
        yield from ((f"{item!r} in it", [*value[:-1], item], False) for item in wrong)
        yield "a tuple", tuple(value), True
    elif isinstance(value, tuple) and value:
        yield "one too few", value[:-1], False
        yield "one too many", (*value, value[0]), False
        yield "not a tuple", "state", False
        for index, part in enumerate(value):
            for kind, item, same in _instead(part):
                yield f"[{index}] {kind}", (*value[:index], item, *value[index + 1 :]), same
    elif isinstance(value, dict) and value:
        yield "empty", {}, False
        yield "not a mapping", [1.0], False
        yield "foreign key", value | {"foreign": np.ones(1)}, False
        key = next(iter(value))
        for kind, item, same in _instead(value[key]):
            yield f"[{key!r}] {kind}", value | {key: item}, same and isinstance(item, np.ndarray)


def _instead_of_numbers(value: np.ndarray) -> Iterator[tuple[str, Any, bool]]:
    for kind, number in {"nan": np.nan, "inf": np.inf, "-inf": -np.inf, "1e308": 1e308, "-1e308": -1e308}.items():
        for where in (0, -1):
            wrong = value.copy()
            wrong.flat[where] = number
            yield f"{kind} at {where}", wrong, False
    for dtype in (int, bool, np.float16, np.complex64, object, str, np.longdouble):
        yield np.dtype(dtype).name, value.astype(dtype), False
    yield "complex nan", value * (1 + 0j) * complex(np.nan, 0), False
    yield from (
        ("none", None, False),
        ("a word", "numbers", False),
        ("a number", 0.5, False),
        ("ragged", [[1.0], [1.0, 2.0]], False),
    )
    for axis in range(value.ndim):
        yield f"nothing along axis {axis}", np.take(value, [], axis=axis), False
        yield f"more along axis {axis}", np.concatenate([value, value], axis=axis), False
    yield "one axis more", value[None], False
    if value.ndim:
        yield "one axis less", value[0], False
        yield "a list", value.tolist(), True
        yield "backwards in memory", np.ascontiguousarray(value[::-1])[::-1], True
    yield "in Fortran's order", np.asfortranarray(value), True
    yield "the other byte order", value.astype(value.dtype.newbyteorder()), True
    yield "read-only", _read_only(value), True


def _instead_of_indices(value: np.ndarray) -> Iterator[tuple[str, Any, bool]]:
    for number in (-1, 10**9, 0):
        wrong = value.copy()
        wrong.flat[-1] = number
        yield f"{number} at the end", wrong, False
    for dtype in (float, bool, complex, object, str):
        yield np.dtype(dtype).name, value.astype(dtype), False
    yield from (
        ("none", None, False),
        ("a word", "indices", False),
        ("a number", 3, False),
        ("ragged", [[1], [1, 2]], False),
    )
    for axis in range(value.ndim):
        yield f"nothing along axis {axis}", np.take(value, [], axis=axis), False
        yield f"more along axis {axis}", np.concatenate([value, value], axis=axis), False
    yield "one axis more", value[None], False
    yield "a list", value.tolist(), True
    yield "int32", value.astype(np.int32), True
    yield "read-only", _read_only(value), True


def _instead_of_a_mask(value: np.ndarray) -> Iterator[tuple[str, Any, bool]]:
    yield "floats", value.astype(float), False
    yield "a word", "mask", False
    yield "none of it", np.zeros_like(value), False
    yield "one axis more", value[None], False
    yield "one axis less", value[0], False
    yield "a list", value.tolist(), True


def _read_only(value: np.ndarray) -> np.ndarray:
    copied = value.copy()
    copied.flags.writeable = False
    return copied


# --------------------------------------------------------------------------- comparing


def _snapshot(thing: Any) -> dict[str, Any]:
    """Copy what an object shows of itself: parameters, gradients, state, and whatever else has a name to ask for."""
    shown = {key: value for key, value in getattr(thing, "__dict__", {}).items() if not key.startswith("_")}
    mappings = {key: dict(getattr(thing, key)) for key in ("params", "grads") if hasattr(thing, key)}
    return copy.deepcopy({key: value for key, value in (shown | mappings).items() if _is_data(value)})


def _is_data(value: Any) -> bool:
    if isinstance(value, dict | list | tuple):
        return all(map(_is_data, value.values() if isinstance(value, dict) else value))
    return isinstance(value, np.ndarray | np.random.Generator | int | float | str | None)


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return np.shape(a) == np.shape(b) and _same_array(a, b)
    if isinstance(a, np.random.Generator):
        return isinstance(b, np.random.Generator)  # one that has been drawn from is meant to be another one
    if hasattr(a, "keys") and hasattr(b, "keys"):
        return list(a) == list(b) and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (math.isnan(a) and math.isnan(b))
    if hasattr(a, "__dict__") and not callable(a):
        return type(a) is type(b) and _equal(_snapshot(a), _snapshot(b))
    return True if callable(a) else bool(a == b)


def _same_array(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.newbyteorder("=") != b.dtype.newbyteorder("="):
        return False
    if a.dtype.kind in "fc":
        return bool(np.array_equal(a, b, equal_nan=True))
    return bool(np.array_equal(a, b)) if a.dtype.kind != "O" else repr(a) == repr(b)


def _finite(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, list | tuple):
        return all(map(_finite, value))
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    if is_dataclass(value):
        return all(_finite(getattr(value, field.name)) for field in fields(value))
    return True
