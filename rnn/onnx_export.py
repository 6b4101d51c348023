"""A whole model as an ONNX graph, for runtimes that know nothing of this package.

ONNX has operators for the three recurrent layers. What is left is bookkeeping: their order of gates, and which
inputs and outputs the graph shows.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from rnn import validate
from rnn.depth import Bidirectional, Residual, Stacked, as_layer
from rnn.exchange import cell_of, side_by_side
from rnn.files import write
from rnn.gru import GRUCell
from rnn.linear import Embedding, Linear
from rnn.lstm import LSTMCell
from rnn.pointwise import Dropout, LayerNorm
from rnn.simple import ElmanCell, SimpleRNN
from rnn.validate import Array

OPSET, IR_VERSION = 17, 8  # of 2022: the first with layer normalisation, so that older runtimes can read it too

# The operator for each cell, the order of our gates in it, and the members of its state.
OPERATORS = {ElmanCell: ("RNN", "h", "h"), LSTMCell: ("LSTM", "iofc", "hc"), GRUCell: ("GRU", "zrn", "h")}
ACTIVATIONS: dict[str, dict[str, Any]] = {
    "tanh": {"activations": ["Tanh"]},
    "relu": {"activations": ["Relu"]},
    "identity": {"activations": ["Affine"], "activation_alpha": [1.0], "activation_beta": [0.0]},
}


def export(
    model: Any,
    path: str | os.PathLike[str],
    *,
    states: bool = False,
    lengths: bool = False,
    dtype: DTypeLike = np.float32,
) -> None:
    """Write a model to a file as an ONNX graph; T and B are free in it.

    Its inputs are ``inputs`` (T, B, D), or (T, B) of int64 where the model begins with an embedding, and on
    request ``lengths`` (B,) of int64 and a state to begin with. Its outputs are ``outputs`` (T, B, O) and, by
    the same request, the last state. The members of a state are (B, H) and called ``state.h``, ``state.c``
    before and ``new_state.h``, ``new_state.c`` after, with the place of the layer in the middle as in `params`:
    ``state.0.forward.h``. Dropout is left out.

    Parameters
    ----------
    model : Layer
        `RNN`, `LSTM`, `GRU` in all their forms, `SimpleRNN`, `Unrolled` of their cells, `Bidirectional` of
        these, `Linear`, `Embedding`, `LayerNorm`, `Dropout`, and any `Stacked` and `Residual` of all these.
    path : path
        The file; one that is there is replaced.
    states, lengths : bool
        Whether the graph has these inputs. Without them a sequence begins at zero and ends at T.
    dtype : data type
        float32, or float64 for a runtime that has the recurrent operators in it.

    Raises
    ------
    TypeError
        If ONNX has no operator for a part of the model.
    ValueError
        If a layer has a leading axis for seeds, or a weight is not finite or too large for `dtype`.
    OSError
        If the file cannot be written.
    ImportError
        If onnx is not installed.

    Notes
    -----
    The operators' GRU has both resets, and a z that keeps; one that replaces is turned by the sign of its
    weights, as in `rnn.exchange`.
    """
    try:
        import onnx
    except ImportError:
        raise ImportError("rnn.onnx_export needs onnx: pip install 'rnn-unrolled[onnx]'") from None
    model = model if isinstance(model, SimpleRNN) else as_layer("model", model)
    graph = Graph(onnx, validate.float_dtype(dtype), states=states)
    if _begins_with_embedding(model):
        inputs = graph.input("inputs", ["T", "B"], np.int64)
    else:
        inputs = graph.input("inputs", ["T", "B", model.input_size])
    if lengths:
        graph.lengths = graph.input("lengths", ["B"], np.int64)
    if isinstance(model, SimpleRNN):
        outputs = _linear(graph, _recurrent(graph, model, inputs, ()), model.params["W_hy"], model.params["b_y"])
    else:
        outputs = _convert(graph, model, inputs, ())
    graph.output("outputs", graph.mask(outputs), ["T", "B", model.output_size])
    write(path, graph.serialised())


class Graph:
    """An ONNX graph that grows by a node at a time.

    Parameters
    ----------
    onnx : module
        The package onnx.
    dtype : dtype
        Of the numbers in it.
    states : bool
        Whether it has states among its inputs and outputs.
    """

    def __init__(self, onnx: Any, dtype: np.dtype[Any], *, states: bool) -> None:
        self.onnx, self.dtype, self.states = onnx, dtype, states
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.lengths = ""  # the name of that input, if there is one

    def input(self, name: str, shape: Sequence[int | str], dtype: DTypeLike | None = None) -> str:
        """Declare an input of the graph; return its name."""
        self.inputs[name] = self._declared(name, shape, dtype)
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare `value` an output of the graph, under another name."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs[name] = self._declared(name, shape, None)

    def constant(self, value: Array) -> str:
        """Add an array as it is; return its name."""
        name = f"constant{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def weight(self, name: str, value: Array) -> str:
        """Add an array of weights in the graph's type; return its name."""
        return self.constant(validate.array(name, value, None, self.dtype))

    def node(self, operator: str, *inputs: str, results: int = 1, **attributes: Any) -> Any:
        """Add a node; return the name of its result, or the list of their names."""
        names = [f"{operator.lower()}{len(self.nodes)}.{k}" for k in range(results)]
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), names, **attributes))
        return names[0] if results == 1 else names

    def mask(self, outputs: str) -> str:
        """Return the outputs (T, B, O) with zeros beyond the end of each sequence."""
        if not self.lengths:
            return outputs
        zero, one, first, last = (self.constant(np.array(n)) for n in (0, 1, [0], [-1]))
        seq_len = self.node("Gather", self.node("Shape", outputs), zero)
        times = self.node("Unsqueeze", self.node("Range", zero, seq_len, one), last)  # (T, 1)
        inside = self.node("Less", times, self.node("Unsqueeze", self.lengths, first))  # (T, B)
        nothing = self.weight("zero", np.zeros(1))
        return str(self.node("Where", self.node("Unsqueeze", inside, last), outputs, nothing))

    def serialised(self) -> bytes:
        """Check the graph and return the content of its file."""
        helper = self.onnx.helper
        outputs = [self.outputs[name] for name in sorted(self.outputs, key="outputs".__ne__)]  # these before states
        graph = helper.make_graph(self.nodes, "rnn", list(self.inputs.values()), outputs, self.constants)
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, producer_name="rnn-unrolled", opset_imports=opset, ir_version=IR_VERSION)
        self.onnx.checker.check_model(model, full_check=True)
        content: bytes = model.SerializeToString()
        return content

    def _declared(self, name: str, shape: Sequence[int | str], dtype: DTypeLike | None) -> Any:
        kind = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype or self.dtype))
        return self.onnx.helper.make_tensor_value_info(name, kind, shape)


def _convert(graph: Graph, part: Any, x: str, place: tuple[str, ...]) -> str:
    """Add a layer that takes x; return the name of its outputs."""
    if isinstance(part, Stacked):
        for k, inner in enumerate(part.parts):
            x = _convert(graph, inner, x, (*place, str(k)))
        return x
    if isinstance(part, Residual):
        return str(graph.node("Add", x, _convert(graph, part.parts[0], x, place)))
    if isinstance(part, Bidirectional):
        ahead, back = part.parts
        outputs = [
            _recurrent(graph, ahead, x, (*place, "forward")),
            _recurrent(graph, back, x, (*place, "backward"), direction="reverse"),
        ]
        return str(graph.node("Concat", *outputs, axis=-1))
    if isinstance(part, Linear):
        return _linear(graph, x, cell_of(part).params["W"], part.params["b"])
    if isinstance(part, LayerNorm):
        g, b = (graph.weight(name, part.params[name]) for name in ("g", "b"))
        return str(graph.node("LayerNormalization", x, g, b, axis=-1, epsilon=part.eps))
    if isinstance(part, Embedding):
        return str(graph.node("Gather", graph.weight("E", part.params["E"]), x))
    return x if isinstance(part, Dropout) else _recurrent(graph, part, x, place)


def _linear(graph: Graph, x: str, W: Array, b: Array) -> str:
    return str(graph.node("Add", graph.node("MatMul", x, graph.weight("W", W)), graph.weight("b", b)))


def _recurrent(graph: Graph, part: Any, x: str, place: tuple[str, ...], direction: str = "forward") -> str:
    """Add a recurrent layer: ``W`` and ``R`` are (1, gates H, D) and (1, gates H, H), ``Y`` is (T, 1, B, H)."""
    cell = cell_of(part)
    kind = ElmanCell if isinstance(cell, SimpleRNN) else type(cell)
    if kind not in OPERATORS:
        raise TypeError(f"model: expected layers that ONNX has operators for, got a {kind.__name__}")
    operator, gates, members = OPERATORS[kind]
    W_x, W_h, b_x, b_h = side_by_side(cell, gates)
    weights = {"W": W_x.T, "R": W_h.T, "B": np.concatenate([b_x, b_h])}
    given = [graph.weight(f"{operator}.{name}", value[None]) for name, value in weights.items()]
    to_int32 = graph.onnx.TensorProto.INT32
    ends = graph.node("Cast", graph.lengths, to=to_int32) if graph.lengths else ""
    before = [_state_before(graph, ".".join(("state", *place, name)), cell) for name in members]
    options = _options(cell) | {"hidden_size": cell.hidden_size, "direction": direction}
    Y, *after = graph.node(operator, x, *given, ends, *before, results=1 + len(members), **options)
    if graph.states:
        for name, value in zip(members, after, strict=True):
            h = graph.node("Squeeze", value, graph.constant(np.array([0])))
            graph.output(".".join(("new_state", *place, name)), h, ["B", cell.hidden_size])
    return str(graph.node("Squeeze", Y, graph.constant(np.array([1]))))


def _state_before(graph: Graph, name: str, cell: Any) -> str:
    """Return an input of the graph as the operators want it, (1, B, H), or nothing."""
    if not graph.states:
        return ""
    return str(graph.node("Unsqueeze", graph.input(name, ["B", cell.hidden_size]), graph.constant(np.array([0]))))


def _options(cell: Any) -> dict[str, Any]:
    if isinstance(cell, ElmanCell):
        return ACTIVATIONS[cell.nonlinearity]
    return {"linear_before_reset": int(cell.reset == "after")} if isinstance(cell, GRUCell) else {}


def _begins_with_embedding(model: Any) -> bool:
    while isinstance(model, Stacked):
        model = model.parts[0]
    return isinstance(model, Embedding)
