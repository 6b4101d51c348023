"""The input checks that all layers share: each raises a single sentence or returns what is safe to use."""

import numbers
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Shape = tuple[int | str, ...]

# A layer computes with these warnings off: it looks at its results and reports overflow once, as an error.
quiet = np.errstate(all="ignore")


def array(
    name: str,
    value: object,
    shape: Shape | None,
    dtype: DTypeLike = np.float64,
    *,
    allow_complex: bool = False,
) -> Array:
    """Return a fresh copy of `value` in `dtype`, after checking its dtype, its shape and that it is finite.

    The copy is the point where the caller's array and ours part: neither changes when the other does.

    Parameters
    ----------
    name : str
        The argument's name, as the message should give it.
    value : array_like
        Numbers in float64 or float32; complex128 too where `allow_complex` is set.
    shape : tuple of int or str, or None
        The sizes expected; a string names a size that is free but not 0, as in ``("seq_len", "batch", 3)``.
        None stands for any shape that is not empty.
    dtype : data type
        What real numbers are converted to. Complex numbers stay complex128.
    allow_complex : bool
        Whether complex128 is accepted, which complex-step differentiation needs.

    Returns
    -------
    ndarray of the checked shape

    Raises
    ------
    TypeError
        If the numbers are of another type: integers, booleans, float16, objects, strings.
    ValueError
        If the shape differs, a free size is zero, or a number is NaN, infinite or too large for `dtype`.
    """
    try:
        came = np.asarray(value)
    except (ValueError, TypeError):
        raise ValueError(f"{name}: expected one array, got rows of different lengths") from None
    _check_dtype(name, came, value, allow_complex)
    _check_shape(name, came.shape, shape)
    _check_finite(name, came)
    with np.errstate(all="ignore"):  # what does not fit is reported below
        copy = np.array(came, dtype=np.complex128 if came.dtype.kind == "c" else dtype, order="C")
    if not np.isfinite(copy).all():
        raise ValueError(f"{name}: expected numbers that fit into {copy.dtype}, got {came[_first_bad(copy)]}")
    return copy


def lengths(value: object, seq_len: int, batch: int | tuple[int, ...]) -> Array | None:
    """Return the lengths of the sequences in a padded batch as integers, or None for None.

    Parameters
    ----------
    value : array_like of int (B,), or None
        How many steps each sequence has.
    seq_len : int
        The number of steps T of the whole batch.
    batch : int or tuple of int
        The number of sequences B, or the shape that `value` should have.

    Returns
    -------
    ndarray of int, or None

    Raises
    ------
    TypeError
        If they are not whole numbers.
    ValueError
        If there are not as many as sequences, or one is not between 1 and T.
    """
    if value is None:
        return None
    shape = (batch,) if isinstance(batch, int) else batch
    try:
        came = np.asarray(value)
    except (ValueError, TypeError):
        raise ValueError("lengths: expected one array, got rows of different lengths") from None
    if came.dtype.kind not in "iu":
        raise TypeError(f"lengths: expected whole numbers, got {came.dtype if came.ndim else type(value).__name__}")
    _check_shape("lengths", came.shape, shape)
    if came.size and not (came.min() >= 1 and came.max() <= seq_len):
        where = tuple(int(i) for i in np.argwhere((came < 1) | (came > seq_len))[0])
        raise ValueError(f"lengths: expected numbers from 1 to {seq_len}, got {came[where]} at index {where}")
    return came.astype(np.intp)


def indices(name: str, value: object, shape: Shape | None, below: int) -> Array:
    """Return a copy of `value` as integers, each at least 0 and less than `below`.

    Parameters
    ----------
    name : str
        The argument's name.
    value : array_like of int
        Indices, such as those of characters in a vocabulary.
    shape : tuple of int or str, or None
        As in `array`.
    below : int
        How many there are to choose from.

    Returns
    -------
    ndarray of int of the checked shape

    Raises
    ------
    TypeError
        If they are not whole numbers.
    ValueError
        If the shape differs or a number is out of range.
    """
    try:
        came = np.asarray(value)
    except (ValueError, TypeError):
        raise ValueError(f"{name}: expected one array, got rows of different lengths") from None
    if came.dtype.kind not in "iu":
        raise TypeError(f"{name}: expected whole numbers, got {came.dtype if came.ndim else type(value).__name__}")
    _check_shape(name, came.shape, shape)
    if not (came.min() >= 0 and came.max() < below):
        where = tuple(int(i) for i in np.argwhere((came < 0) | (came >= below))[0])
        raise ValueError(f"{name}: expected numbers from 0 to {below - 1}, got {came[where]} at index {where}")
    return came.astype(np.intp)


def named(name: str, values: Mapping[str, Any], shapes: Mapping[str, Any], *, allow_complex: bool = True) -> None:
    """Check that parameters or gradients, which a caller may have assigned, fit the layer.

    Parameters
    ----------
    name : str
        "params" or "grads".
    values : mapping of str to ndarray
        The arrays.
    shapes : mapping of str to tuple of int
        The shape that each of them should have.
    allow_complex : bool
        Whether complex128 is accepted.

    Raises
    ------
    TypeError
        If a value is not an array of float64, float32 or, where allowed, complex128.
    ValueError
        If a key is missing or unknown, a shape differs, or a number is NaN or infinite.
    """
    if values.keys() != shapes.keys():
        raise ValueError(f"{name}: expected the keys {', '.join(shapes)}, got {', '.join(values)}")
    for key, shape in shapes.items():
        item, value = f"{name}[{key!r}]", values[key]
        if not isinstance(value, np.ndarray):
            raise TypeError(f"{item}: expected a NumPy array, got {type(value).__name__}")
        _check_dtype(item, value, value, allow_complex)
        _check_shape(item, value.shape, shape)
        _check_finite(item, value)


def writable(name: str, values: Mapping[str, Any]) -> None:
    """Check that arrays which are about to be updated in place can be.

    Parameters
    ----------
    name : str
        What the mapping is called.
    values : mapping of str to ndarray
        The arrays.

    Raises
    ------
    ValueError
        If one is read-only.
    """
    for key, value in values.items():
        if isinstance(value, np.ndarray) and not value.flags.writeable:
            raise ValueError(f"{name}[{key!r}]: expected a writable array, got a read-only one")


def state(name: str, value: object, parts: tuple[str, ...]) -> tuple[Any, ...]:
    """Return `value` if it is a tuple with as many members as `parts` has names.

    Parameters
    ----------
    name : str
        The argument's name.
    value : tuple
        The state, ``(h,)`` or ``(h, c)``.
    parts : tuple of str
        The names of its members.

    Returns
    -------
    tuple

    Raises
    ------
    TypeError
        If it is not a tuple, or one of another length.
    """
    if not isinstance(value, tuple) or len(value) != len(parts):
        came = f"a tuple of {len(value)}" if isinstance(value, tuple) else type(value).__name__
        wanted = f"({parts[0]},)" if len(parts) == 1 else f"({', '.join(parts)})"
        raise TypeError(f"{name}: expected the tuple {wanted}, got {came}")
    return value


def cache(value: object, sizes: Mapping[str, int]) -> tuple[Array, ...]:
    """Return `value` if it looks like the cache that a layer's step has returned.

    Parameters
    ----------
    value : tuple of ndarray
        What came as the cache.
    sizes : mapping of str to int
        The name and number of features of each array in it, all (B, features).

    Returns
    -------
    tuple of ndarray

    Raises
    ------
    TypeError
        If it is not a tuple of that many arrays.
    ValueError
        If an array has another shape.
    """
    arrays = state("cache", value, tuple(sizes))
    for (name, size), came in zip(sizes.items(), arrays, strict=True):
        if not isinstance(came, np.ndarray):
            raise TypeError(f"cache: expected the array {name} that step returned, got {type(came).__name__}")
        batch = len(arrays[0]) if arrays[0].ndim else 0
        if came.shape != (batch, size):
            raise ValueError(f"cache: expected {name} of shape {(batch, size)}, got {came.shape}")
    return arrays


def result(name: str, value: Array) -> Array:
    """Return a computed `value` if it is finite.

    Parameters
    ----------
    name : str
        What has been computed.
    value : ndarray
        The result.

    Returns
    -------
    ndarray
        The same array.

    Raises
    ------
    FloatingPointError
        If the computation has overflowed.
    """
    if not np.isfinite(value).all():
        where = _first_bad(value)
        raise FloatingPointError(f"{name}: expected a finite result, got {value[where]} at index {where}")
    return value


def results(name: str, values: Mapping[str, Array]) -> None:
    """Check that all members of a computed mapping are finite.

    Parameters
    ----------
    name : str
        "params" or "grads".
    values : mapping of str to ndarray
        The arrays.

    Raises
    ------
    FloatingPointError
        If the computation has overflowed.
    """
    for key, value in values.items():
        result(f"{name}[{key!r}]", value)


def size(name: str, value: object, *, at_least: int = 1) -> int:
    """Return `value` as an int if it is a whole number that is large enough.

    Parameters
    ----------
    name : str
        The argument's name.
    value : int
        The size; booleans are not numbers here.
    at_least : int
        The smallest value that makes sense.

    Returns
    -------
    int

    Raises
    ------
    TypeError
        If it is not an integer.
    ValueError
        If it is too small.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name}: expected a whole number, got {shown(value)}")
    if value < at_least:
        raise ValueError(f"{name}: expected a whole number of at least {at_least}, got {value}")
    return int(value)


def number(name: str, value: object, *, at_least: float = -np.inf) -> float:
    """Return `value` as a float if it is a finite real number that is large enough.

    Parameters
    ----------
    name : str
        The argument's name.
    value : float
        The number; booleans are not numbers here.
    at_least : float
        The smallest value that makes sense.

    Returns
    -------
    float

    Raises
    ------
    TypeError
        If it is not a real number.
    ValueError
        If it is NaN, infinite or too small.
    """
    bound = "" if at_least == -np.inf else f" of at least {at_least:g}"
    if isinstance(value, bool | np.bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: expected a number{bound}, got {shown(value)}")
    if not np.isfinite(float(value)) or value < at_least:
        raise ValueError(f"{name}: expected a finite number{bound}, got {value}")
    return float(value)


def choice(name: str, value: object, known: Iterable[str]) -> str:
    """Return `value` if it is one of the words there are to choose from.

    Parameters
    ----------
    name : str
        The argument's name.
    value : str
        The word.
    known : iterable of str
        The words.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If it is anything else.
    """
    known = tuple(known)
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {shown(value)}")
    return value


def flag(name: str, value: object) -> bool:
    """Return `value` if it is True or False.

    Parameters
    ----------
    name : str
        The argument's name.
    value : bool
        The answer.

    Returns
    -------
    bool

    Raises
    ------
    TypeError
        If it is anything else.
    """
    if not isinstance(value, bool | np.bool):
        raise TypeError(f"{name}: expected True or False, got {shown(value)}")
    return bool(value)


def shown(value: object) -> str:
    """Return a value as a sentence can show it: in its own words if they are few, else by its kind.

    Parameters
    ----------
    value : object
        What came.

    Returns
    -------
    str
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of shape {value.shape}"
    words = repr(value)
    return words if len(words) <= 60 and "\n" not in words else f"an object of type {type(value).__name__}"


def float_dtype(value: DTypeLike) -> np.dtype[Any]:
    """Return `value` as a NumPy dtype if it is one that a layer can keep its parameters in.

    Parameters
    ----------
    value : data type
        ``np.float64`` or ``np.float32``.

    Returns
    -------
    dtype

    Raises
    ------
    TypeError
        If it is anything else.
    """
    for allowed in (np.float64, np.float32):
        if value is not None and value == np.dtype(allowed):  # NumPy takes None for float64
            return np.dtype(allowed)
    raise TypeError(f"dtype: expected float64 or float32, got {shown(value)}")


def generator(rng: object) -> np.random.Generator:
    """Return the random number generator `rng`, or one with fresh entropy for None.

    Parameters
    ----------
    rng : numpy.random.Generator or None
        The caller's generator.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    TypeError
        If it is something else, such as a bare seed.
    """
    if rng is None:
        return np.random.default_rng()
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng: expected a numpy.random.Generator, got {shown(rng)}; try np.random.default_rng(0)")
    return rng


def _check_dtype(name: str, came: Array, value: object, allow_complex: bool) -> None:
    # Compared by type, so that another byte order is no obstacle.
    if came.dtype.type in (np.float64, np.float32) or (allow_complex and came.dtype.type is np.complex128):
        return
    wanted = "float64, float32 or complex128" if allow_complex else "float64 or float32"
    # A lone object, None for instance, is better named by its own type than as "object".
    got = str(came.dtype) if came.ndim else type(value).__name__
    hint = f"; convert with {name}.astype(float)" if came.dtype.kind in "biuf" else ""
    raise TypeError(f"{name}: expected {wanted} numbers, got {got}{hint}")


def _check_shape(name: str, came: tuple[int, ...], shape: Shape | None) -> None:
    if shape is None:
        if 0 in came:
            raise ValueError(f"{name}: expected at least one number, got the shape {came}")
        return
    fits = len(came) == len(shape) and all(
        came_i > 0 if isinstance(wanted, str) else came_i == wanted for came_i, wanted in zip(came, shape, strict=True)
    )
    if not fits:
        raise ValueError(f"{name}: expected {_written(shape)}, got {came}")


def _check_finite(name: str, came: Array) -> None:
    if not np.isfinite(came).all():
        where = _first_bad(came)
        raise ValueError(f"{name}: expected finite numbers, got {came[where]} at index {where}")


def _first_bad(values: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.argwhere(~np.isfinite(values))[0])


def _written(shape: Shape) -> str:
    free = dict.fromkeys(size for size in shape if isinstance(size, str))  # each name once
    sizes = ", ".join(map(str, shape))
    at_least = f" with {' and '.join(free)} at least 1" if free else ""
    return f"({sizes}{',' if len(shape) == 1 else ''}){at_least}"
