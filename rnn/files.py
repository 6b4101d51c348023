"""A whole model in one file: its weights by name, and in the header the plan from which it is built anew.

The format is safetensors: a length, a JSON header, numbers. Nothing in it can run, unlike a pickle. What the
header says about the model is believed only as far as the numbers in the file bear it out: nothing is
allocated that the file itself is too small for, and a checksum covers plan and numbers.
"""

import hashlib
import inspect
import json
import math
import os
import secrets
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from rnn import _HOMES, validate
from rnn.validate import Array

FORMAT = 1
HEADER_LIMIT = 1_000_000  # bytes; a model with a thousand weights needs a tenth of them

# The module of each class that a file may name. No other can be built from a file.
_NAMED = (
    "AdditiveAttention",
    "Bidirectional",
    "DiagonalSSM",
    "DotAttention",
    "Dropout",
    "EchoState",
    "ElmanCell",
    "Embedding",
    "GRU",
    "GRUCell",
    "LSTM",
    "LSTMCell",
    "LSTMVariant",
    "LayerNorm",
    "Linear",
    "OrthogonalRNN",
    "RNN",
    "Residual",
    "Seq2Seq",
    "SimpleRNN",
    "Stacked",
    "Unrolled",
)
CLASSES = {name: _HOMES[name] for name in _NAMED} | {"Quantised": "deploy"}
DTYPES: dict[str, np.dtype[Any]] = {"F64": np.dtype(np.float64), "F32": np.dtype(np.float32), "I8": np.dtype(np.int8)}


def save(model: Any, path: str | os.PathLike[str], *, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a model to a file from which `load` builds it anew, weights and all.

    The file is complete or not there: it is written beside `path` and then moved. What a model carries from
    call to call, such as gradients, is not kept, nor are random generators; a loaded model is in training mode.

    Parameters
    ----------
    model : Layer or Cell
        Of a class of this package, or made of such.
    path : path
        The file; one that is there is replaced.
    metadata : mapping of str to JSON values, optional
        Whatever else should stand in the file; `read_metadata` returns it.

    Raises
    ------
    TypeError
        If the model, or a part of it, is not of a class that can be saved, or `metadata` is not JSON.
    ValueError
        If a weight does not fit the model or is not finite.
    OSError
        If the file cannot be written.
    ImportError
        If safetensors is not installed.
    """
    safetensors, plan = _safetensors(), _plan(model)
    params = {name: np.ascontiguousarray(value) for name, value in model.params.items()}
    found = {name: (value.dtype, value.shape) for name, value in params.items()}
    _check_amount(plan, found)
    _check_shapes(_built(plan), found)  # what load would refuse is not written
    _check_finite(params)
    header = {"format": FORMAT, "model": plan, "metadata": _checked_metadata(metadata)}
    header["sha256"] = _digest(header, params)
    # One text: safetensors would write several in a random order.
    write(path, safetensors.numpy.save(params, {"rnn": json.dumps(header)}))


def load(path: str | os.PathLike[str]) -> Any:
    """Read a model that `save` has written.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Layer or Cell
        Of the same class, with the same weights bit for bit.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is not a file by `save`, or damaged.
    ImportError
        If safetensors is not installed.
    """
    with _opened(path) as (header, file):
        found = {name: _described(name, file) for name in file.keys()}  # noqa: SIM118, not a mapping
        _check_amount(header["model"], found)
        model = _built(header["model"])
        _check_shapes(model, found)
        params = {name: file.get_tensor(name) for name in found}
        _check_finite(params)
        if header.pop("sha256", None) != _digest(header, params):
            raise ValueError("expected what was saved, got bytes that the checksum does not fit")
    for name, value in params.items():
        model.params[name] = value
    return model


def read_metadata(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the `metadata` that was given to `save`.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    dict

    Raises
    ------
    OSError, ValueError, ImportError
        As in `load`, though the numbers are not looked at.
    """
    with _opened(path) as (header, _):
        return dict(header["metadata"])


def write(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file that is complete or not there: under another name first, which is then changed.

    Parameters
    ----------
    path : path
        The file; one that is there is replaced.
    content : bytes
        What it should hold.

    Raises
    ------
    OSError
        If it cannot be written; a file that was there is as it was.
    """
    path = _path(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: expected a file, got a directory")
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # the content before the name, also when the power fails
        unfinished.replace(path)
    except OSError as error:
        raise type(error)(
            f"{path}: expected a place that can be written to, got {error.strerror or str(error)!r}"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


# Reading


def _path(path: object) -> Path:
    if not isinstance(path, str | os.PathLike) or isinstance(path, bytes):
        raise TypeError(f"path: expected the name of a file, got {validate.shown(path)}")
    return Path(path)


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[dict[str, Any], Any]]:
    """Open a file for its header and tensors; whatever goes wrong names the file, in one sentence."""
    safetensors, path = _safetensors(), _path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: expected a model, got no such file")
    if not path.is_file():
        raise OSError(f"{path}: expected a file, got a directory or device")
    try:
        _check_length(path)
        with safetensors.safe_open(path, framework="numpy") as file:
            yield _header(file.metadata()), file
    except OSError as error:
        raise type(error)(f"{path}: expected a file that can be read, got {error.strerror or str(error)!r}") from error
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from error
    except Exception as error:  # safetensors' own, or what a hostile plan runs into, such as endless nesting
        reason = str(error).partition("\n")[0]
        raise ValueError(f"{path}: expected a whole model by rnn.files.save, got {reason!r}") from error


def _check_length(path: Path) -> None:
    with path.open("rb") as file:
        start = file.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 0 < length <= min(path.stat().st_size - 8, HEADER_LIMIT):
        raise ValueError(f"expected a header that fits into the file and {HEADER_LIMIT} bytes, got one of {length}")


def _header(texts: Mapping[str, str] | None) -> dict[str, Any]:
    try:
        header = json.loads((texts or {}).get("rnn", "null"))
    except ValueError as error:
        raise ValueError(f"expected a header in JSON, got {str(error)!r}") from error
    if not isinstance(header, dict) or type(header.get("format")) is not int:
        raise ValueError("expected a model by rnn.files.save, got other tensors")
    if header["format"] != FORMAT:
        raise ValueError(f"expected format {FORMAT}, got {header['format']} (by another version of this package?)")
    if header.keys() != {"format", "model", "metadata", "sha256"} or not isinstance(header["model"], dict):
        raise ValueError(f"expected format, model, metadata and sha256 in the header, got {', '.join(header)}")
    return header


def _described(name: str, file: Any) -> tuple[np.dtype[Any], tuple[int, ...]]:
    tensor = file.get_slice(name)
    dtype = tensor.get_dtype()
    if dtype not in DTYPES:
        raise ValueError(f"params[{name!r}]: expected numbers in {', '.join(DTYPES)}, got {dtype}")
    return DTYPES[dtype], tuple(tensor.get_shape())


def _digest(header: Mapping[str, Any], params: Mapping[str, Array]) -> str:
    """Return a checksum of all that the file says."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(params):
        digest.update(params[name].data)
    return digest.hexdigest()


def _check_shapes(model: Any, found: Mapping[str, tuple[Any, tuple[int, ...]]]) -> None:
    wanted = {name: (value.dtype, value.shape) for name, value in model.params.items()}
    if wanted.keys() != found.keys():
        raise ValueError(f"params: expected the keys {', '.join(wanted)}, got {', '.join(found)}")
    for name, came in found.items():
        if came != wanted[name]:
            expected, got = (f"{dtype} {shape}" for dtype, shape in (wanted[name], came))
            raise ValueError(f"params[{name!r}]: expected {expected}, got {got}")


def _check_finite(params: Mapping[str, Array]) -> None:
    for name, value in params.items():
        if not np.isfinite(value).all():
            raise ValueError(f"params[{name!r}]: expected finite numbers, got NaN or infinity among them")


def _checked_metadata(metadata: Mapping[str, Any] | None) -> Any:
    try:
        return json.loads(json.dumps(dict(metadata or {}), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise TypeError(f"metadata: expected a mapping of JSON values, got one for which {error}") from error


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError:
        raise ImportError("rnn.files needs safetensors: pip install 'rnn-unrolled[files]'") from None
    return safetensors


# Plans: a class and its constructor's arguments, nested


def _plan(model: Any) -> dict[str, Any]:
    """Describe a model in JSON's terms."""
    name = type(model).__name__
    if name not in CLASSES or type(model) is not _class(name):
        raise TypeError(f"model: expected one made of {', '.join(CLASSES)}, got {name}")
    return {"class": name, **{key: _argument(value) for key, value in _kept(model).items()}}


def _argument(value: Any) -> Any:
    """Describe an argument of a constructor."""
    if isinstance(value, set | frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple):
        return [_argument(member) for member in value]
    if value is None or isinstance(value, bool | str | int | float):
        return value
    if type(value).__name__ == "AttentionDecoder":  # which Seq2Seq makes of a cell
        value = value.cell
    return value.name if isinstance(value, np.dtype) else _plan(value)


def _kept(layer: Any) -> dict[str, Any]:
    """Return the arguments that a layer was made with, but for those that were only about its first weights."""
    names = list(_arguments(type(layer)))
    kept = dict(zip(names, getattr(layer, "parts", ()), strict=False))  # parts may have no name of their own
    kept["size"] = getattr(layer, "output_size", getattr(layer, "key_size", None))  # where there is only one
    kept["dtype"] = next((value.dtype for value in layer.params.values()), None)
    for home in (getattr(layer, "cell", None), layer):  # a fast layer leaves its options to its cell
        kept |= {name: getattr(home, name) for name in names if hasattr(home, name)}
    return {name: kept[name] for name in names if name in kept}


def _built(plan: Any) -> Any:
    """Build what `_plan` has described."""
    if isinstance(plan, list):
        return [_built(member) for member in plan]
    if not isinstance(plan, dict):
        return plan
    kind = _class(plan.get("class"))
    known, given = _arguments(kind), [key for key in plan if key != "class"]
    needed = {name for name, argument in known.items() if argument.default is argument.empty}
    if not needed <= set(given) <= known.keys():
        raise ValueError(
            f"{kind.__name__}: expected the arguments {', '.join(known)}, got {', '.join(given) or 'none'}"
        )
    return kind(**{key: _built(plan[key]) for key in given})


def _class(name: object) -> Any:
    if not isinstance(name, str) or name not in CLASSES:
        raise ValueError(f"model: expected a class among {', '.join(CLASSES)}, got {name!r}")
    return getattr(import_module(f"rnn.{CLASSES[name]}"), name)


def _arguments(kind: Any) -> dict[str, inspect.Parameter]:
    """Return the arguments of a constructor that say what is built; the generator only says which numbers."""
    return {name: value for name, value in inspect.signature(kind).parameters.items() if name != "rng"}


def _check_amount(plan: Any, found: Mapping[str, tuple[Any, tuple[int, ...]]]) -> None:
    """Check that there are enough numbers for the model, before a large one is built."""
    _amount(plan, sum(math.prod(shape) for _, shape in found.values()))


def _amount(plan: Any, most: int) -> int:
    """Return how many weights a model will have that has not been built, which must be `most` or fewer."""
    parts = [part for value in plan.values() for part in _parts(value)]
    amount = sum(_amount(part, most) for part in parts)
    sizes = {key: validate.size(key, value) for key, value in plan.items() if value is not None and _is_size(key)}
    if sizes:
        amount = _extrapolated(plan, sizes)
    if amount > most:
        raise ValueError(f"params: expected {amount} numbers for such a model, got {most}")
    return amount


def _extrapolated(plan: dict[str, Any], sizes: dict[str, int]) -> int:
    """Return the number of weights from those of small models: it is a polynomial, at most a square in each size."""
    if not sizes:
        return sum(value.size for value in _built(plan).params.values())
    key, n = next(iter(sizes.items()))
    others = {name: size for name, size in sizes.items() if name != key}
    one, two, three = (_extrapolated(plan | {key: small}, others) for small in (1, 2, 3))
    return one + (n - 1) * (two - one) + (n - 1) * (n - 2) // 2 * (three - 2 * two + one)


def _is_size(argument: str) -> bool:
    return argument in ("size", "seeds") or argument.endswith("_size")


def _parts(value: Any) -> Iterator[Any]:
    """Yield the plans in an argument, or in a list of arguments."""
    if isinstance(value, dict):
        yield value
    if isinstance(value, list):
        for member in value:
            yield from _parts(member)
