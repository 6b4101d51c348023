"""What cells and layers agree on, so that any of them can stand in any place of a model.

A cell is one step; a layer is a run over a whole sequence; a model is a layer made of layers. All of them keep
their weights in `params` and, after `backward`, the gradients in `grads`, two mappings with the same keys.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, Protocol, runtime_checkable

from rnn.validate import Array

Params = MutableMapping[str, Array]
State = tuple[Any, ...]  # (h,) or (h, c); () where nothing is carried; a stack's is the tuple of its parts' states


@runtime_checkable
class Cell(Protocol):
    """One step forward and one step back, with all that passes between them in an explicit cache.

    The first part of the state, h, is also what the cell shows to the outside.
    """

    @property
    def input_size(self) -> int:
        """The number D of features of an input."""

    @property
    def hidden_size(self) -> int:
        """The number H of features of a state."""

    @property
    def params(self) -> Params:
        """The weights; assigning one and writing into one both take effect."""

    def zero_state(self, batch: int) -> State:
        """Return the state in which a sequence begins, each part (B, H)."""

    def step(self, x: Any, state: Any) -> tuple[Any, Any]:
        """Take x (B, D) and a state to the next state and a cache for `step_back`."""

    def step_back(self, d_state: Any, cache: Any) -> tuple[Any, Any, Any]:
        """Take the gradient for the new state back: to x, the state before, the parameters."""


@runtime_checkable
class Layer(Protocol):
    """A run over a sequence and its gradient."""

    @property
    def input_size(self) -> int:
        """The number of features of an input."""

    @property
    def output_size(self) -> int:
        """The number of features of an output."""

    @property
    def params(self) -> Params:
        """The weights; assigning one and writing into one both take effect."""

    @property
    def grads(self) -> Mapping[str, Array]:
        """The gradients of the last `backward`, under the same keys; empty before."""

    def zero_state(self, batch: int) -> State:
        """Return the state in which a sequence begins."""

    def forward(self, inputs: Any, state: Any = None, *, lengths: Any = None) -> tuple[Array, State]:
        """Run over inputs (T, B, D) to outputs (T, B, O) and the last state.

        Where `lengths` (B,) are given, sequence b ends after ``lengths[b]`` steps: what the inputs hold beyond has
        no effect, the outputs beyond are zero, and the state returned is the one at its end.
        """

    def backward(self, d_outputs: Any, d_state: Any = None) -> tuple[Any, State]:
        """Turn the gradients for the last forward's results into those for its inputs, state and `params`."""


class Stream(Protocol):
    """A layer that meets its inputs one by one, without knowing the next; layers that can have `stream`."""

    state: State

    def step(self, x: Any) -> Array:
        """Take one input (B, D) to its output (B, O), and carry the state on."""


class Joined(MutableMapping[str, Array]):
    """The mappings of several parts as one, a part's name before each key: ``"0.W_xh"``.

    Parameters
    ----------
    parts : mapping of str to mapping
        The mappings by name. They are looked at each time, not copied.
    """

    def __init__(self, parts: Mapping[str, Params]) -> None:
        self._parts = parts

    def __getitem__(self, key: str) -> Array:
        part, name = self._find(key)
        return part[name]

    def __setitem__(self, key: str, value: Array) -> None:
        part, name = self._find(key)
        part[name] = value

    def __delitem__(self, key: str) -> None:
        raise TypeError(f"params: expected to keep every parameter, got the request to delete {key!r}")

    def __iter__(self) -> Iterator[str]:
        return (f"{part}.{name}" for part, values in self._parts.items() for name in values)

    def __len__(self) -> int:
        return sum(map(len, self._parts.values()))

    def _find(self, key: str) -> tuple[Params, str]:
        part, _, name = key.partition(".")
        if part not in self._parts or name not in self._parts[part]:
            raise KeyError(key)
        return self._parts[part], name


def leaves(layer: Any) -> Iterator[Any]:
    """Yield the layers and cells that a layer is made of, those without parts of their own, in order.

    Parameters
    ----------
    layer : Layer or Cell
        One that has `parts`, or is its only leaf itself.

    Yields
    ------
    Layer or Cell
    """
    if not hasattr(layer, "parts"):
        yield layer
    else:
        for part in layer.parts:
            yield from leaves(part)


def set_training(layer: Any, training: bool) -> None:
    """Tell every part that behaves differently in training, dropout for one, which of the two it is.

    Parameters
    ----------
    layer : Layer
        Any layer.
    training : bool
        False for evaluation.
    """
    for leaf in leaves(layer):
        if hasattr(leaf, "training"):
            leaf.training = training
