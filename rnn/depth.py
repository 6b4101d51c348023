"""Models built from layers: on top of each other, in both directions, around each other; and what stands between."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import validate
from rnn.layer import Joined, Layer, Params, State, Stream, leaves
from rnn.pointwise import Dropout, LayerNorm, steps_beyond
from rnn.unrolled import (
    NO_FORWARD,
    Unrolled,
    add_to_shown,
    batch_of,
    check_own_state,
    check_state,
    check_tuple,
    is_cell,
    seeds_of,
    shape_of,
    shown,
)
from rnn.validate import Array, quiet

__all__ = ["Bidirectional", "Dropout", "LayerNorm", "Residual", "Stacked", "Unrolled"]


def as_layer(name: str, part: Any) -> Any:
    """Return a layer as it is and a cell unrolled."""
    if is_cell(part) and not isinstance(part, Composite):
        return Unrolled(part)
    if not isinstance(part, Layer):
        raise TypeError(f"part {name}: expected a layer or a cell, got {type(part).__name__}")
    return part


def stream_of(layer: Any, state: State) -> Any:
    """Return a layer's stream, or say why there is none."""
    if not hasattr(layer, "stream"):
        kind = type(layer).__name__
        raise TypeError(f"stream: expected layers that look back only, got a {kind}: one step would need the future")
    return layer.stream(state, batch=batch_of(state))


class Composite:
    """What layers have in common that are made of named parts: a key for each parameter, a tuple for the state."""

    def __init__(self, parts: dict[str, Any]) -> None:
        self._layers = {name: as_layer(name, part) for name, part in parts.items()}
        self.parts = tuple(parts.values())
        every = [id(leaf) for part in self.parts for leaf in leaves(part)]
        if len(set(every)) < len(every):  # the second run would overwrite what the first keeps for backward
            raise ValueError("parts: expected each layer once, got one of them twice")
        self.grads: dict[str, Array] = {}
        self._end: Any = None  # the last state of the last forward

    @property
    def input_size(self) -> int:
        """The number of features of an input."""
        size: int = self.parts[0].input_size
        return size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the parameters of the first part."""
        dtype: np.dtype[Any] = next(iter(self._layers.values())).dtype
        return dtype

    @property
    def params(self) -> Params:
        """The parameters of all parts, a part's name before each key."""
        return Joined({name: layer.params for name, layer in self._layers.items()})

    def zero_state(self, batch: int) -> State:
        """Return the tuple of the states in which the parts begin a sequence."""
        return tuple(layer.zero_state(batch) for layer in self._layers.values())

    def _check_start(self, state: Any, inputs: Any) -> Any:
        if state is None:
            return (None,) * len(self.parts)
        axis = -1 if hasattr(next(leaves(self)), "vocabulary_size") else -2  # symbols (T, B) or features (T, B, D)
        shape, ndim = shape_of(inputs), 1 - axis + len(seeds_of(self))
        if len(shape) != ndim or not shape[axis]:  # what is wrong with the inputs, the first part will say
            return check_own_state("state", state, self)
        return check_state("state", state, self.zero_state(shape[axis]))

    def _check_end(self, d_state: Any) -> Any:
        if self._end is None:
            raise RuntimeError(NO_FORWARD)
        return (None,) * len(self.parts) if d_state is None else check_state("d_state", d_state, self._end)

    def _collect_grads(self) -> None:
        self.grads = dict(Joined({name: layer.grads for name, layer in self._layers.items()}))


class Stacked(Composite):
    """Layers on top of each other: the outputs of one are the inputs of the next.

    A stack of cells is itself a cell, with `step` and `step_back`; as a layer it unrolls each of them.

    Parameters
    ----------
    parts : sequence of Layer or Cell
        The parts, the one that meets the inputs first.

    Attributes
    ----------
    params, grads : mapping of str to ndarray
        Those of the parts, their number before each key: ``"0.W_xh"``, ``"1.W_xh"``, …

    Raises
    ------
    TypeError
        If a part is neither a layer nor a cell.
    ValueError
        If there is none, one stands in two places, or its input size is not the output size of the one before.
    """

    def __init__(self, parts: Any) -> None:
        super().__init__({str(k): part for k, part in enumerate(_check_parts(parts))})
        layers = list(self._layers.values())
        for k, (below, above) in enumerate(pairwise(layers), start=1):
            if below.output_size != above.input_size:
                raise ValueError(f"parts[{k}]: expected input size {below.output_size}, got {above.input_size}")

    @property
    def output_size(self) -> int:
        """The number of features of an output."""
        size: int = self._layers[str(len(self.parts) - 1)].output_size
        return size

    @property
    def hidden_size(self) -> int:
        """The number of features that a stack of cells shows."""
        return self.output_size

    def forward(
        self, inputs: ArrayLike, state: State | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[Any, State]:
        """Run part by part over inputs (T, B, D) to outputs (T, B, O) and the parts' last states."""
        begin, end = self._check_start(state, inputs), []
        for layer, part in zip(self._layers.values(), begin, strict=True):
            inputs, part = layer.forward(inputs, part, lengths=lengths)
            self._end = None  # until all have run there is nothing to differentiate
            end.append(part)
        self._end = tuple(end)
        return inputs, self._end

    def backward(self, d_outputs: ArrayLike, d_state: State | None = None) -> tuple[Any, State]:
        """Take the gradients for the last outputs and states back, part by part from the top."""
        d_end, d_begin = self._check_end(d_state), []
        for layer, d_part in zip(reversed(self._layers.values()), reversed(d_end), strict=True):
            d_outputs, d_part = layer.backward(d_outputs, d_part)
            d_begin.append(d_part)
        self._collect_grads()
        return d_outputs, tuple(reversed(d_begin))

    def stream(self, state: State | None = None, *, batch: int = 1) -> "StackedStream":
        """Return the stack as a layer that meets its inputs (B, D) one by one, without dropout."""
        begin = self.zero_state(batch) if state is None else check_own_state("state", state, self)
        return StackedStream([stream_of(layer, part) for layer, part in zip(self._layers.values(), begin, strict=True)])

    # --8<-- [start:stacked-step]
    def step(self, x: Any, state: Any) -> tuple[State, Any]:
        """Take one step of a stack of cells: x (B, D) and their states to the states after and a cache."""
        self._check_cells("step")
        check_tuple("state", state, len(self.parts))
        new, caches = [], []
        for cell, part in zip(self.parts, state, strict=True):
            part, cache = cell.step(x, part)
            x = shown(part)
            new.append(part)
            caches.append(cache)
        return tuple(new), tuple(caches)

    # --8<-- [end:stacked-step]

    @quiet
    def step_back(self, d_state: Any, cache: Any) -> tuple[Array, State, dict[str, Array]]:
        """Take the gradient for the states of a stack of cells back through one step."""
        self._check_cells("step_back")
        check_tuple("cache", cache, len(self.parts))
        d_state = check_own_state("d_state", d_state, self)
        d_before = list(d_state)
        grads: dict[str, dict[str, Array]] = {str(k): {} for k in range(len(self.parts))}
        d_x = np.zeros_like(shown(d_state))
        for k, cell in reversed(list(enumerate(self.parts))):
            d_x, d_before[k], grads[str(k)] = cell.step_back(add_to_shown(d_state[k], d_x), cache[k])
        return d_x, tuple(d_before), dict(Joined(grads))

    def _check_cells(self, method: str) -> None:
        others = [type(part).__name__ for part in self.parts if not is_cell(part)]
        if others:
            raise TypeError(f"{method}: expected a stack of cells, got one with a {others[0]}")


class StackedStream:
    """A stack that meets its inputs one by one.

    Parameters
    ----------
    streams : list of Stream
        The streams of the parts.
    """

    def __init__(self, streams: list[Stream]) -> None:
        self._streams = streams

    @property
    def state(self) -> State:
        """The states of the parts."""
        return tuple(stream.state for stream in self._streams)

    def step(self, x: Any) -> Array:
        """Take one input x (B, D) to its output (B, O)."""
        for stream in self._streams:
            x = stream.step(x)
        y: Array = x
        return y


class Bidirectional(Composite):
    """Two layers over the same inputs, one from the first step on, one from the last: their outputs side by side.

    Each sequence is reversed within its own length, so that padding stays at its end. There is no `step` and no
    `stream`, because one step would need the future.

    Parameters
    ----------
    forward_layer, backward_layer : Layer or Cell
        The layers, with the same input size.

    Attributes
    ----------
    params, grads : mapping of str to ndarray
        Those of the layers: ``"forward.W_xh"``, …, ``"backward.W_xh"``, …

    Raises
    ------
    TypeError
        If one is neither a layer nor a cell.
    ValueError
        If their input sizes differ, or it is one layer twice.

    References
    ----------
    Schuster & Paliwal 1997, "Bidirectional recurrent neural networks".
    """

    def __init__(self, forward_layer: Any, backward_layer: Any) -> None:
        super().__init__({"forward": forward_layer, "backward": backward_layer})
        there, back = self._layers.values()
        if there.input_size != back.input_size:
            raise ValueError(f"backward_layer: expected input size {there.input_size}, got {back.input_size}")
        self.output_size: int = there.output_size + back.output_size
        self._last: Any = None  # the lengths and the outputs' kind of the last forward

    # --8<-- [start:both-ways]
    def forward(
        self, inputs: ArrayLike, state: State | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[Array, State]:
        """Run both ways over inputs (T, B, D) to outputs (T, B, O) and the states (of the end, of the start)."""
        begin = self._check_start(state, inputs)
        there, back = self._layers.values()
        ahead, end = there.forward(inputs, begin[0], lengths=lengths)
        self._end = None
        ends = None if lengths is None else np.asarray(lengths)
        behind, start = back.forward(reversed_within(np.asarray(inputs), ends), begin[1], lengths=lengths)
        outputs = np.concatenate([ahead, reversed_within(behind, ends)], axis=-1)
        self._last = ends, outputs.shape, outputs.dtype
        self._end = end, start
        return outputs, self._end

    # --8<-- [end:both-ways]

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: State | None = None) -> tuple[Array, State]:
        """Take the gradients for the last outputs and states back through both."""
        d_end = self._check_end(d_state)
        ends, shape, dtype = self._last
        d_outputs = validate.array("d_outputs", d_outputs, shape, dtype, allow_complex=True)
        there, back = self._layers.values()
        d_ahead, d_behind = np.split(d_outputs, [there.output_size], axis=-1)
        d_inputs, d_there = there.backward(d_ahead, d_end[0])
        d_reversed, d_back = back.backward(reversed_within(d_behind, ends), d_end[1])
        d_inputs = validate.result("gradient['inputs']", d_inputs + reversed_within(d_reversed, ends))
        self._collect_grads()
        return d_inputs, (d_there, d_back)


# --8<-- [start:reversed-within]
def reversed_within(values: Array, lengths: Array | None) -> Array:
    """Return values (T, B, …) with each sequence reversed within its own length; padding stays where it is."""
    if lengths is None:
        return values[::-1]
    times = np.arange(len(values)).reshape(-1, *[1] * lengths.ndim)
    source = np.where(times < lengths, lengths - 1 - times, times)
    return np.take_along_axis(values, source[..., None], axis=0)


# --8<-- [end:reversed-within]


class Residual:
    """A layer around which its inputs pass too: ``y = layer(x) + x``.

    Parameters
    ----------
    layer : Layer or Cell
        A layer whose outputs have the size of its inputs. Parameters, gradients and states are its own.

    Raises
    ------
    TypeError
        If it is neither a layer nor a cell.
    ValueError
        If its sizes differ.

    References
    ----------
    He et al. 2016, "Deep residual learning for image recognition".
    """

    def __init__(self, layer: Any) -> None:
        self._layer = as_layer("layer", layer)
        if self._layer.input_size != self._layer.output_size:
            sizes = f"{self._layer.input_size} and {self._layer.output_size}"
            raise ValueError(f"layer: expected outputs of the size of the inputs, got {sizes}")
        self.parts = (layer,)
        self.input_size = self.output_size = self._layer.input_size
        self.dtype = self._layer.dtype
        self._beyond: Array | None = None  # the padded steps of the last forward

    @property
    def params(self) -> Params:
        """The parameters of the layer."""
        params: Params = self._layer.params
        return params

    @property
    def grads(self) -> Any:
        """The gradients of the layer."""
        return self._layer.grads

    def zero_state(self, batch: int) -> State:
        """Return the layer's state in which a sequence begins."""
        state: State = self._layer.zero_state(batch)
        return state

    @quiet
    def forward(
        self, inputs: ArrayLike, state: State | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[Array, State]:
        """Run over inputs (T, B, D) to outputs (T, B, D) and the layer's last state."""
        outputs, end = self._layer.forward(inputs, state, lengths=lengths)
        self._beyond = None  # until the sum too has turned out well
        beyond = steps_beyond(outputs.shape, lengths)
        outputs = validate.result("outputs", outputs + _without(inputs, beyond, outputs.dtype))
        self._beyond = beyond
        return outputs, end

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: State | None = None) -> tuple[Array, State]:
        """Take the gradients for the last outputs and state back, through the layer and around it."""
        if self._beyond is None:
            raise RuntimeError(NO_FORWARD)
        d_inputs, d_begin = self._layer.backward(d_outputs, d_state)
        d_inputs = d_inputs + _without(d_outputs, self._beyond, d_inputs.dtype)
        return validate.result("gradient['inputs']", d_inputs), d_begin

    def stream(self, state: State | None = None, *, batch: int = 1) -> "ResidualStream":
        """Return the layer as one that meets its inputs (B, D) one by one."""
        begin = self.zero_state(batch) if state is None else check_own_state("state", state, self)
        return ResidualStream(stream_of(self._layer, begin))


class ResidualStream:
    """A `Residual` layer that meets its inputs one by one.

    Parameters
    ----------
    stream : Stream
        The stream of the layer inside.
    """

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    @property
    def state(self) -> State:
        """The state of the layer inside."""
        return self._stream.state

    @quiet
    def step(self, x: ArrayLike) -> Array:
        """Take one input x (B, D) to its output (B, D)."""
        y = self._stream.step(x)
        return validate.result("y", y + np.asarray(x, y.dtype))


def _without(values: ArrayLike, beyond: Array, dtype: DTypeLike) -> Array:
    """Return a copy of values that is 0 at some steps."""
    copy = np.array(values, dtype)
    copy[beyond] = 0
    return copy


def _check_parts(parts: Any) -> tuple[Any, ...]:
    if not isinstance(parts, list | tuple):
        raise TypeError(f"parts: expected a list of layers or cells, got {type(parts).__name__}")
    if not parts:
        raise ValueError("parts: expected at least one layer or cell, got none")
    return tuple(parts)
