"""A cell as a layer: the plain loop through time and back, and the states that pass through it."""

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.layer import Cell, Params, State, leaves
from rnn.pointwise import check_rate, draw_kept
from rnn.validate import Array, quiet

NO_FORWARD = "backward: expected a call of forward first, got none"

# --------------------------------------------------------------------------- states, which are nested tuples


def flatten(state: State) -> Iterator[Any]:
    """Yield the arrays of a state, which may be a tuple of tuples, in order."""
    for part in state:
        if isinstance(part, tuple):
            yield from flatten(part)
        else:
            yield part


def shown(state: State) -> Array:
    """Return the part of a cell's state that it shows to the outside: the first, and of a stack its last cell's."""
    while isinstance(state[0], tuple):
        state = state[-1]
    h: Array = state[0]
    return h


def add_to_shown(d_state: State, d_h: Array) -> State:
    """Return a gradient for a state to which that for the part shown has been added."""
    if isinstance(d_state[0], tuple):
        return (*d_state[:-1], add_to_shown(d_state[-1], d_h))
    return (d_state[0] + d_h, *d_state[1:])


def check_state(name: str, value: Any, like: Any) -> Any:
    """Return a copy of `value`, a state or a gradient for one, if it has the structure and shapes of `like`."""
    if not isinstance(like, tuple):
        return validate.array(name, value, like.shape, like.dtype, allow_complex=True)
    check_tuple(name, value, len(like))
    return tuple(check_state(f"{name}[{k}]", *pair) for k, pair in enumerate(zip(value, like, strict=True)))


def check_tuple(name: str, value: Any, size: int) -> None:
    """Raise a TypeError if `value` is not a tuple of that size."""
    if not isinstance(value, tuple) or len(value) != size:
        came = f"a tuple of {len(value)}" if isinstance(value, tuple) else type(value).__name__
        raise TypeError(f"{name}: expected a tuple of {size}, got {came}")


def check_own_state(name: str, value: Any, layer: Any) -> Any:
    """Check a state by the layer it is for; how many sequences there are is up to the state."""
    return check_state(name, value, layer.zero_state(batch_of(value) if isinstance(value, tuple) else 1))


def batch_of(state: State) -> int:
    """Return how many sequences a state is for, 1 if that cannot be told."""
    shape = shape_of(next(flatten(state), None))
    return (shape[-2] or 1) if len(shape) > 1 else 1


def seeds_of(layer: Any) -> tuple[int, ...]:
    """Return what stands before the batch in a layer's arrays: (K,) for K independent networks, else ()."""
    first = next(leaves(layer))
    for part in flatten(first.zero_state(1)):
        return tuple(part.shape[:-2])
    seeds = getattr(first, "seeds", None)
    return () if seeds is None else (seeds,)


def shape_of(values: Any) -> tuple[int, ...]:
    """Return the shape of values, ``()`` if they have none."""
    try:
        return np.shape(values)
    except ValueError:
        return ()


def _take(state: State, rows: Any) -> State:
    """Return some rows of all arrays of a state."""
    return tuple(_take(part, rows) if isinstance(part, tuple) else part[rows] for part in state)


def _put(state: State, rows: Any, new: State) -> State:
    """Return a state in which some rows are new."""
    pairs = zip(state, new, strict=True)
    return tuple(_put(old, rows, n) if isinstance(old, tuple) else _put_rows(old, rows, n) for old, n in pairs)


def _put_rows(old: Array, rows: Any, new: Array) -> Array:
    full = np.array(old, dtype=np.result_type(old, new))
    full[rows] = new
    return full


# --------------------------------------------------------------------------- the loop


def is_cell(part: Any) -> bool:
    """Tell whether something is a cell, and made of cells alone if it is made of others."""
    return isinstance(part, Cell) and all(is_cell(inner) for inner in getattr(part, "parts", ()))


class Unrolled:
    """Any cell as a layer: the plain loop over the steps, and backpropagation through it.

    Parameters
    ----------
    cell : Cell
        The cell. Its parameters are the layer's.
    recurrent_dropout : float
        The probability with which, in training, a unit's state does not reach the next step's gates and
        candidate: its row of each ``W_h…`` is 0, and the others are divided by what is left. One draw holds
        for all steps and sequences of a `forward`.
    rng : numpy.random.Generator, optional
        Where the draws come from; fresh entropy by default.

    Attributes
    ----------
    params, grads : mapping of str to ndarray
        Those of the cell, and the gradients of the last `backward` under the same keys.
    training : bool
        Whether there is dropout.

    Raises
    ------
    TypeError
        If `cell` is none, or another argument is of the wrong type.
    ValueError
        If `recurrent_dropout` is not from 0 up to but not 1, or the cell has no weights ``W_h…``.

    References
    ----------
    Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks".
    """

    def __init__(self, cell: Any, *, recurrent_dropout: float = 0.0, rng: np.random.Generator | None = None) -> None:
        if not is_cell(cell):
            raise TypeError(f"cell: expected a cell, which has step and step_back, got {type(cell).__name__}")
        self.cell = cell
        self.recurrent_dropout = check_rate("recurrent_dropout", recurrent_dropout)
        if self.recurrent_dropout and not any(name.startswith("W_h") for name in cell.params):
            raise ValueError(f"recurrent_dropout: expected 0 for a {type(cell).__name__}, got {recurrent_dropout}")
        self.input_size, self.output_size = cell.input_size, cell.hidden_size
        self.dtype = shown(cell.zero_state(1)).dtype
        self.training = True
        self.grads: dict[str, Array] = {}
        self._rng = validate.generator(rng)
        self._last: Any = None  # what backward needs of the last forward

    @property
    def params(self) -> Params:
        """The parameters of the cell."""
        params: Params = self.cell.params
        return params

    def zero_state(self, batch: int) -> State:
        """Return the cell's state in which a sequence begins."""
        state: State = self.cell.zero_state(batch)
        return state

    @quiet
    def forward(
        self, inputs: ArrayLike, state: State | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[Array, State]:
        """Run over inputs (T, B, D) to outputs (T, B, H) and the last state; see `rnn.layer.Layer`."""
        shape: validate.Shape = ("seq_len", "batch", self.input_size)
        inputs = validate.array("inputs", inputs, shape, self.dtype, allow_complex=True)
        seq_len, batch, _ = inputs.shape
        ends = validate.lengths(lengths, seq_len, batch)
        zeros = self.zero_state(batch)
        state = zeros if state is None else check_state("state", state, zeros)
        cell, keep = self._draw()
        outputs, caches, alive = [shown(zeros)] * seq_len, [], []
        for t in range(seq_len if ends is None else ends.max()):
            rows = slice(None) if ends is None else np.flatnonzero(ends > t)  # the sequences that are not over
            new, cache = cell.step(inputs[t][rows], _take(state, rows))
            state = _put(state, rows, new)
            outputs[t] = _put_rows(shown(zeros), rows, shown(new))
            caches.append(cache)
            alive.append(rows)
        self._last = cell, keep, caches, alive, inputs.shape, state
        return np.stack(outputs), state

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: State | None = None) -> tuple[Array, State]:
        """Take the gradients for the last outputs and state back: to the inputs, the first state, and `grads`."""
        if self._last is None:
            raise RuntimeError(NO_FORWARD)
        cell, keep, caches, alive, (seq_len, batch, _), end = self._last
        shape = (seq_len, batch, self.output_size)
        d_outputs = validate.array("d_outputs", d_outputs, shape, self.dtype, allow_complex=True)
        d_state = self.zero_state(batch) if d_state is None else check_state("d_state", d_state, end)
        grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        d_inputs = [np.zeros((batch, self.input_size), self.dtype)] * seq_len
        for t in reversed(range(len(caches))):
            rows = alive[t]
            d_new = add_to_shown(_take(d_state, rows), d_outputs[t][rows])
            d_x, d_before, step_grads = cell.step_back(d_new, caches[t])
            d_state = _put(d_state, rows, d_before)
            d_inputs[t] = _put_rows(d_inputs[t], rows, d_x)
            for name, grad in step_grads.items():
                grads[name] = grads[name] + grad
        grads = {name: grad * keep.get(name, 1) for name, grad in grads.items()}
        validate.results("grads", grads)
        self.grads = grads
        return np.stack(d_inputs), d_state

    def stream(self, state: State | None = None, *, batch: int = 1) -> "CellStream":
        """Return the layer as one that meets its inputs (B, D) one by one, without dropout."""
        start = self.zero_state(batch) if state is None else check_own_state("state", state, self)
        return CellStream(self.cell, start)

    def _draw(self) -> tuple[Any, dict[str, Array]]:
        """Return the cell to run, some rows of its recurrent weights 0, and the factors by which they differ."""
        if not (self.training and self.recurrent_dropout):
            return self.cell, {}
        kept = draw_kept(self._rng, self.recurrent_dropout, (self.output_size, 1), self.dtype)
        keep = {name: kept for name in self.params if name.startswith("W_h")}
        cell = copy.copy(self.cell)
        cell.params = {name: value * keep.get(name, 1) for name, value in self.params.items()}
        return cell, keep


class CellStream:
    """A cell that meets its inputs one by one and carries its state on.

    Parameters
    ----------
    cell : Cell
        The cell.
    state : tuple
        The state to begin with.
    """

    def __init__(self, cell: Any, state: State) -> None:
        self.cell, self.state = cell, state

    def step(self, x: ArrayLike) -> Array:
        """Take one input x (B, D) to the output (B, H)."""
        self.state, _ = self.cell.step(x, self.state)
        return shown(self.state).copy()
