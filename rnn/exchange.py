"""Weights to and from PyTorch and Keras, by the names that they have there.

Three things differ between the three: the order in which the gates stand side by side, how many biases a gate
has, and whether a matrix is (inputs, outputs), as here and in Keras, or transposed, as in PyTorch. All of it is
bookkeeping: not a digit changes on the way there and back. Neither framework is needed; arrays go in and out,
and PyTorch's tensors, which NumPy can read, go in as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from rnn import validate
from rnn.depth import Bidirectional, Residual, Stacked
from rnn.gru import GRUCell
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.lstm import LSTMCell
from rnn.pointwise import Dropout, LayerNorm
from rnn.simple import ElmanCell
from rnn.unrolled import Unrolled
from rnn.validate import Array

Weights = dict[str, Array]
Place = tuple[Any, str, str]  # a part, and what stands before and after the names of its weights

RECURRENT = (RNN, LSTM, GRU, Unrolled)

# Our letters of the gates in the order of each framework; their g is our c, and h in Keras's GRU is our n.
TORCH_GATES = {ElmanCell: "h", LSTMCell: "ifco", GRUCell: "rzn"}
KERAS_GATES = {ElmanCell: "h", LSTMCell: "ifco", GRUCell: "zrn"}


def to_torch(layer: Any) -> Weights:
    """Return the weights under the names of PyTorch's `state_dict`.

    Parameters
    ----------
    layer : Layer or Cell
        `RNN`, `LSTM`, `GRU`, `Unrolled` become ``nn.RNN``, ``nn.LSTM``, ``nn.GRU``; their cells ``nn.RNNCell``
        and so on; `Linear`, `Embedding`, `LayerNorm` what has the same name. `Bidirectional` is
        ``bidirectional=True``, and a `Stacked` of such layers, alike but for their input, ``num_layers``. Any
        other `Stacked` is an ``nn.Sequential``: the number of a part stands before its names.

    Returns
    -------
    dict of str to ndarray
        Where PyTorch has two biases and one would do, ours is ``bias_ih``, and ``bias_hh`` is zero.

    Raises
    ------
    TypeError
        If PyTorch has no such layer.
    ValueError
        If PyTorch's layer lacks the option: a GRU that resets before the product, an identity for a
        nonlinearity, a leading axis for seeds.

    Notes
    -----
    A GRU whose z replaces becomes one whose z keeps, by the opposite sign of W_xz, W_hz and b_z:
    ``1 - sigmoid(a) == sigmoid(-a)``. The two agree to the last rounding, not bit for bit.
    """
    return _gathered(_torch_places(layer, ""), _to_torch)


def from_torch(layer: Any, state_dict: Mapping[str, Any]) -> None:
    """Give a layer the weights of a PyTorch module, all of them or, in case of an error, none.

    Parameters
    ----------
    layer : Layer or Cell
        As in `to_torch`; it keeps its precision.
    state_dict : mapping of str to array_like
        Arrays or tensors of float64 or float32. The two biases of a gate are added up where they act as one.

    Raises
    ------
    TypeError
        If PyTorch has no such layer, or a weight is not an array of such numbers.
    ValueError
        If PyTorch's layer lacks an option of ours, a name is missing or unknown, a shape differs, or a number
        is not finite.
    FloatingPointError
        If the sum of two biases overflows.
    """
    _scatter("state_dict", list(_torch_places(layer, "")), state_dict, _to_torch, _from_torch)


def to_keras(layer: Any) -> Weights:
    """Return the weights under Keras's names, in the order of ``get_weights`` and ``set_weights``.

    Parameters
    ----------
    layer : Layer or Cell
        `RNN` becomes ``SimpleRNN``, `Linear` ``Dense``, `LayerNorm` ``LayerNormalization``; the others have the
        same names. A GRU that resets after the product has ``reset_after=True``, as is Keras's default, and
        one that resets before has not.

    Returns
    -------
    dict of str to ndarray
        ``kernel``, ``recurrent_kernel``, ``bias``, … with the part before them as in `params`: ``0.kernel``,
        ``forward.kernel``.

    Raises
    ------
    TypeError
        If Keras has no such layer.
    ValueError
        If it has a leading axis for seeds.

    Notes
    -----
    In Keras too z keeps; one that replaces is changed as in `to_torch`.
    """
    return _gathered(_keras_places(layer, ""), _to_keras)


def from_keras(layer: Any, weights: Mapping[str, Any]) -> None:
    """Give a layer the weights of one of Keras, all of them or, in case of an error, none.

    Parameters
    ----------
    layer : Layer or Cell
        As in `to_keras`; it keeps its precision.
    weights : mapping of str to array_like
        By the names of `to_keras`: ``dict(zip(to_keras(layer), keras_layer.get_weights()))``.

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        As in `from_torch`.
    """
    _scatter("weights", list(_keras_places(layer, "")), weights, _to_keras, _from_keras)


# Cells: their gates side by side, and apart again


def cell_of(part: Any) -> Any:
    """Return the cell of a recurrent layer, which shares its weights; all else as it is.

    Parameters
    ----------
    part : object
        A layer or a cell.

    Returns
    -------
    object

    Raises
    ------
    ValueError
        If it has a leading axis for seeds, which is known nowhere else.
    """
    if getattr(part, "seeds", None) is not None:
        raise ValueError(f"layer: expected one without a leading axis, got seeds={part.seeds}")
    return part.cell if isinstance(part, RECURRENT) else part


def side_by_side(cell: Any, gates: str) -> tuple[Array, Array, Array, Array]:
    """Return the weights of a cell's gates side by side, those of a GRU in the form in which z keeps.

    Parameters
    ----------
    cell : ElmanCell, LSTMCell or GRUCell
        With H units.
    gates : str
        The letters of its gates in the order wanted.

    Returns
    -------
    W_x : ndarray (D, len(gates) * H)
    W_h : ndarray (H, len(gates) * H)
    b_x, b_h : ndarray (len(gates) * H,)
        What is added on the side of the input and of the state. The latter is zero but for ``b_hn``.
    """
    params = _in_which_z_keeps(cell, cell.params)
    W_x, W_h, b_x = (np.concatenate([params[kind + gate] for gate in gates], axis=-1) for kind in ("W_x", "W_h", "b_"))
    b_h = np.concatenate([params.get(f"b_h{gate}", np.zeros_like(params[f"b_{gate}"])) for gate in gates])
    return W_x, W_h, b_x, b_h


def _apart(cell: Any, gates: str, W_x: Array, W_h: Array, b_x: Array, b_h: Array) -> Weights:
    """Undo `side_by_side`, for any two biases."""
    params: Weights = {}
    for k, gate in enumerate(gates):
        own = slice(k * cell.hidden_size, (k + 1) * cell.hidden_size)
        params |= {f"W_x{gate}": W_x[:, own], f"W_h{gate}": W_h[:, own]}
        if f"b_h{gate}" in cell.params:
            params |= {f"b_{gate}": b_x[own], f"b_h{gate}": b_h[own]}
        else:
            params[f"b_{gate}"] = b_x[own] + b_h[own]
    return _in_which_z_keeps(cell, params)


def _in_which_z_keeps(cell: Any, params: Mapping[str, Array]) -> Weights:
    """Turn z into 1 - z for a GRU in which it replaces; doing so twice changes nothing."""
    turned = ("W_xz", "W_hz", "b_z") if getattr(cell, "update", "keeps") == "replaces" else ()
    return {name: -value if name in turned else value for name, value in params.items()}


# PyTorch


def _torch_places(layer: Any, prefix: str) -> Iterator[Place]:
    if isinstance(layer, Residual):
        yield from _torch_places(layer.parts[0], prefix)
    elif isinstance(layer, Stacked) and not _is_one_module(layer):
        for k, part in enumerate(layer.parts):
            yield from _torch_places(part, f"{prefix}{k}.")
    else:
        for k, part in enumerate(layer.parts if isinstance(layer, Stacked) else [layer]):
            for direction, suffix in zip(_directions(part), ("", "_reverse"), strict=False):
                yield direction, prefix, f"_l{k}{suffix}" if _is_recurrent(part) else ""


def _is_one_module(stack: Any) -> bool:
    """Whether PyTorch makes one module of it: recurrent layers alike in kind, units and number of directions."""
    if not all(map(_is_recurrent, stack.parts)):
        return False
    directions = [_directions(part) for part in stack.parts]
    return len({_kind(one) for part in directions for one in part}) == len({len(part) for part in directions}) == 1


def _is_recurrent(part: Any) -> bool:
    """Whether it runs through time by itself, which a cell does not."""
    return isinstance(part, (Bidirectional, *RECURRENT))


def _directions(part: Any) -> tuple[Any, ...]:
    if not isinstance(part, Bidirectional):
        return (part,)
    there, back = map(_kind, part.parts)
    if there != back or type(cell_of(part.parts[0])) not in TORCH_GATES:
        raise ValueError(f"layer: expected two directions alike, which PyTorch has, got {there} and {back}")
    return tuple(part.parts)


def _kind(part: Any) -> str:
    """Say what has to be the same in all layers and directions of one module."""
    cell = cell_of(part)
    options = [str(getattr(cell, name)) for name in ("hidden_size", "nonlinearity") if hasattr(cell, name)]
    return " ".join([type(cell).__name__, *options])


def _to_torch(part: Any) -> Weights:
    cell = cell_of(part)
    if type(cell) in TORCH_GATES:
        _check_torch(cell)
        W_x, W_h, b_x, b_h = side_by_side(cell, TORCH_GATES[type(cell)])
        return {"weight_ih": W_x.T.copy(), "weight_hh": W_h.T.copy(), "bias_ih": b_x, "bias_hh": b_h}
    if isinstance(part, Linear):
        return {"weight": part.params["W"].T.copy(), "bias": part.params["b"].copy()}
    return {name: part.params[ours].copy() for ours, name in _renamed(part, "torch").items()}


def _from_torch(part: Any, given: Weights) -> Weights:
    cell = cell_of(part)
    if type(cell) in TORCH_GATES:
        W_x, W_h = given["weight_ih"].T, given["weight_hh"].T
        return _apart(cell, TORCH_GATES[type(cell)], W_x, W_h, given["bias_ih"], given["bias_hh"])
    if isinstance(part, Linear):
        return {"W": given["weight"].T, "b": given["bias"]}
    return {ours: given[name] for ours, name in _renamed(part, "torch").items()}


def _check_torch(cell: Any) -> None:
    if getattr(cell, "reset", "after") != "after":
        raise ValueError("layer: expected a GRU with reset='after', which PyTorch has, got reset='before'")
    if getattr(cell, "nonlinearity", "tanh") not in ("tanh", "relu"):
        raise ValueError(f"layer: expected tanh or relu, which PyTorch has, got {cell.nonlinearity!r}")


# Keras


def _keras_places(layer: Any, prefix: str) -> Iterator[Place]:
    if isinstance(layer, Residual):
        yield from _keras_places(layer.parts[0], prefix)
    elif isinstance(layer, Stacked):
        for k, part in enumerate(layer.parts):
            yield from _keras_places(part, f"{prefix}{k}.")
    elif isinstance(layer, Bidirectional):
        for direction, name in zip(layer.parts, ("forward", "backward"), strict=True):
            yield from _keras_places(direction, f"{prefix}{name}.")
    else:
        yield layer, prefix, ""


def _to_keras(part: Any) -> Weights:
    cell = cell_of(part)
    if type(cell) in KERAS_GATES:
        W_x, W_h, b_x, b_h = side_by_side(cell, KERAS_GATES[type(cell)])
        bias = np.stack([b_x, b_h]) if "b_hn" in cell.params else b_x
        return {"kernel": W_x, "recurrent_kernel": W_h, "bias": bias}
    return {name: part.params[ours].copy() for ours, name in _renamed(part, "keras").items()}


def _from_keras(part: Any, given: Weights) -> Weights:
    cell = cell_of(part)
    if type(cell) in KERAS_GATES:
        bias = given["bias"]
        b_x, b_h = bias if "b_hn" in cell.params else (bias, np.zeros_like(bias))
        return _apart(cell, KERAS_GATES[type(cell)], given["kernel"], given["recurrent_kernel"], b_x, b_h)
    return {ours: given[name] for ours, name in _renamed(part, "keras").items()}


# What both have in common

# Layers that differ in nothing but the names of their weights.
NAMES = {
    "torch": {Embedding: {"E": "weight"}, LayerNorm: {"g": "weight", "b": "bias"}, Dropout: {}},
    "keras": {
        Linear: {"W": "kernel", "b": "bias"},
        Embedding: {"E": "embeddings"},
        LayerNorm: {"g": "gamma", "b": "beta"},
        Dropout: {},
    },
}


def _renamed(part: Any, framework: str) -> dict[str, str]:
    if type(part) not in NAMES[framework]:
        raise TypeError(f"layer: expected one that {framework.capitalize()} has too, got {type(part).__name__}")
    return NAMES[framework][type(part)]


def _gathered(places: Iterator[Place], convert: Callable[[Any], Weights]) -> Weights:
    return {before + name + after: value for part, before, after in places for name, value in convert(part).items()}


@validate.quiet
def _scatter(
    argument: str,
    places: list[Place],
    given: Mapping[str, Any],
    there: Callable[[Any], Weights],
    back: Callable[[Any, Weights], Weights],
) -> None:
    """Check what is given, convert all of it, and only then touch the layer."""
    if not isinstance(given, Mapping):
        raise TypeError(f"{argument}: expected a mapping of names to arrays, got {type(given).__name__}")
    wanted = _gathered(iter(places), there)
    for names, problem in ((wanted.keys() - given.keys(), "without"), (given.keys() - wanted.keys(), "with")):
        if names:
            raise ValueError(f"{argument}: expected {', '.join(wanted)}, got a mapping {problem} {min(names, key=str)}")
    checked = {
        name: validate.array(f"{argument}[{name!r}]", given[name], value.shape, value.dtype)
        for name, value in wanted.items()
    }
    converted = []
    for part, before, after in places:
        own = {name: checked[before + name + after] for name in there(part)}
        converted.append((part, back(part, own)))
        validate.results(argument, converted[-1][1])
    for part, weights in converted:
        for name, value in weights.items():
            part.params[name] = np.ascontiguousarray(value)
