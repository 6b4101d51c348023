"""What one step of any cell does to a gradient, and what each lag adds: `rnn.gradients` for LSTM, GRU and stacks.

Only `step` and `step_back` of the cell are used. Its state, (h,) or (h, c) or that of a stack, is taken as one vector
s of n components, the parts one after the other. As in `rnn.gradients`, Jacobians are in columns, ``J[a, b]`` is the
derivative of component a of s_t for component b of s_{t-1}, and J_t stands at index t - 1; so `ordered_product`,
`log_norms` and `lyapunov_exponents` take them as they are.

Arguments, wherever they occur:

cell : Cell
    `ElmanCell`, `LSTMCell`, `GRUCell`, `LSTMVariant`, a stack of these, or another one. Of a layer: its ``cell``.
inputs : array_like (T, B, D)
    What it reads.
state : tuple, optional
    The state before the first step; zeros by default.
d_h : array_like
    The gradient of the losses for the cell's output h; of a stack, for that of the last cell.

Every function raises ``TypeError`` or ``ValueError`` for an argument that does not fit, and ``FloatingPointError``
for a result that overflows.
"""

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.layer import Cell, Layer, State
from rnn.unrolled import check_state, flatten, shown
from rnn.validate import Array, quiet


@quiet
def cell_jacobians(cell: Cell, inputs: ArrayLike, state: Any = None, *, batch: int = 0) -> Array:
    """Return J_t = ∂s_t/∂s_{t-1} for one sequence, (T, n, n); for (h, c) that is ∂(h, c)/∂(h, c) in four blocks.

    A step is taken for n copies of the sequence, and each goes back with the gradient for another component of the
    state: what comes out are the rows of J_t.
    """
    x, state = check_run(cell, inputs, state)
    if validate.size("batch", batch, at_least=0) >= x.shape[1]:
        raise ValueError(f"batch: expected a whole number below {x.shape[1]}, got {batch}")
    s = as_rows(state)[batch]
    n, jacobians = len(s), []
    for x_t in x[:, batch]:
        after, cache = cell.step(np.tile(x_t, (n, 1)), as_state(np.tile(s, (n, 1)), state))
        _, d_before, _ = cell.step_back(as_state(np.eye(n), state), cache)
        jacobians.append(as_rows(d_before))
        s = as_rows(after)[0]
    return np.stack(jacobians)


@quiet
def lag_contributions(cell: Cell, inputs: ArrayLike, state: Any, d_h: ArrayLike) -> dict[str, Array]:
    """Return what each lag adds to the gradient of each weight, (T, …), lag n = 0 … T - 1 at index n.

    Member n is the sum over k, and over all sequences, of what step k does to the weights with the gradient that
    comes from the loss at k + n alone. All members together are what backpropagation through time finds.

    Parameters
    ----------
    d_h : array_like (T, B, H)
        The gradients of the losses for h_1 … h_T.
    """
    x, state = check_run(cell, inputs, state)
    T, B, D = x.shape
    e = validate.array("d_h", d_h, (T, B, cell.hidden_size))
    before = np.stack(_states(cell, x, state)[:-1])
    # Once the states are known no step waits for another: all are one big batch, and a lag is one step back of all.
    _, cache = cell.step(x.reshape(T * B, D), as_state(before.reshape(T * B, -1), state))
    deltas = np.zeros_like(before)  # row k: the gradient at s_k from the loss at k + n
    deltas[:, :, shown_columns(state)] = e
    terms = []
    for _ in range(T):
        _, d_before, grads = cell.step_back(as_state(deltas.reshape(T * B, -1), state), cache)
        terms.append(grads)
        deltas = np.concatenate([as_rows(d_before).reshape(before.shape)[1:], np.zeros_like(before[:1])])
    return {name: np.stack([grads[name] for grads in terms]) for name in terms[0]}


@quiet
def gradient_norms_by_lag(cell: Cell, inputs: ArrayLike, state: Any, d_h: ArrayLike) -> Array:
    """Return ‖∂L/∂s_{T-n}‖ of a loss at the end, (T + 1, B), at index n = 0 … T.

    Parameters
    ----------
    d_h : array_like (B, H)
        The gradient of the loss for h_T.
    """
    x, state = check_run(cell, inputs, state)
    e = validate.array("d_h", d_h, (x.shape[1], cell.hidden_size))
    caches, after = [], state
    for x_t in x:
        after, cache = cell.step(x_t, after)
        caches.append(cache)
    delta = np.zeros_like(as_rows(state))
    delta[:, shown_columns(state)] = e
    norms = [_norm(delta)]
    for cache in reversed(caches):
        _, d_before, _ = cell.step_back(as_state(delta, state), cache)
        delta = as_rows(d_before)
        norms.append(_norm(delta))
    return validate.result("norms", np.stack(norms))


@quiet
def input_norms_by_lag(layer: Any, inputs: ArrayLike, state: Any, d_output: ArrayLike) -> Array:
    """Return ‖∂L/∂x_{T-n}‖ of a loss on a layer's last output, (T, B), at index n = 0 … T - 1; for any layer.

    Parameters
    ----------
    layer : Layer
        Whatever it is made of.
    d_output : array_like (B, O)
        The gradient of the loss for y_T.
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layer: expected a layer, with forward and backward, got {type(layer).__name__}")
    layer = copy.deepcopy(layer)  # so that its last forward, and its gradients, stay what they are
    outputs, _ = layer.forward(inputs, state)
    d_outputs = np.zeros_like(outputs)
    d_outputs[-1] = validate.array("d_output", d_output, outputs.shape[1:])
    d_inputs, _ = layer.backward(d_outputs)
    return validate.result("norms", _norm(d_inputs[::-1]))


def _states(cell: Cell, x: Array, state: State) -> list[Array]:
    """Return s_0 … s_T as rows, each (B, n)."""
    rows = [as_rows(state)]
    for x_t in x:
        state, _ = cell.step(x_t, state)
        rows.append(as_rows(state))
    return rows


def _norm(delta: Array) -> Array:
    norm: Array = np.linalg.norm(delta, axis=-1)
    return norm


def check_run(cell: Cell, inputs: ArrayLike, state: Any) -> tuple[Array, State]:
    """Return the inputs and the state for a cell, zeros for None, after checking all three.

    Parameters
    ----------
    cell, inputs, state
        As above.

    Returns
    -------
    inputs : ndarray (T, B, D)
    state : tuple
    """
    if not isinstance(cell, Cell):
        raise TypeError(f"cell: expected a cell, with step and step_back, got {type(cell).__name__}")
    x = validate.array("inputs", inputs, ("seq_len", "batch", cell.input_size))
    zero = cell.zero_state(x.shape[1])
    return x, zero if state is None else check_state("state", state, zero)


def as_rows(state: State) -> Array:
    """Return all parts of a state side by side, (B, n).

    Parameters
    ----------
    state : tuple
        A state, or a gradient for one.

    Returns
    -------
    ndarray (B, n)
    """
    return np.concatenate(list(flatten(state)), axis=1)


def as_state(rows: Array, like: State) -> State:
    """Return rows (any number, n) as a state: the inverse of `as_rows`.

    Parameters
    ----------
    rows : ndarray (any, n)
        The parts side by side.
    like : tuple
        A state of the structure wanted.

    Returns
    -------
    tuple
    """
    parts, start = [], 0
    for part in like:
        size = as_rows(part).shape[1] if isinstance(part, tuple) else part.shape[1]
        columns = rows[:, start : start + size]
        parts.append(as_state(columns, part) if isinstance(part, tuple) else columns)
        start += size
    return tuple(parts)


def shown_columns(state: State) -> Array:
    """Return which columns of `as_rows` are the h that the cell shows to the outside.

    Parameters
    ----------
    state : tuple
        A state of the cell.

    Returns
    -------
    ndarray (H,) of int
    """
    columns: Array = shown(as_state(np.arange(as_rows(state).shape[1])[np.newaxis], state))[0]
    return columns
