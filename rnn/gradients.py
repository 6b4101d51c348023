"""What one step does to a gradient, and what many do: Jacobians of the simple network and their products.

Everything here is in the columns of the mathematics: ``J[a, b]`` is the derivative of component a of h_t for
component b of h_{t-1}, and W_hh of the book is ``params["W_hh"].T``. Times count from 1, as in the book;
time 0 is the initial state.

Arguments, wherever they occur:

net
    A `SimpleRNN`.
hidden_states : array_like (T, B, H)
    Its states h_1 … h_T, as `forward` returns them.
batch : int
    Which of the B sequences to look at.
jacobians : array_like (T, H, H)
    J_1 … J_T, as `step_jacobians` returns them.
t, k : int
    The later and the earlier time, 0 <= k <= t <= T.
e : array_like (H,)
    The gradient for h_t of the loss at time t.

Every function raises ``TypeError`` or ``ValueError`` for an argument that does not fit, and
``FloatingPointError`` for a result that overflows.
"""

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.simple import SimpleRNN
from rnn.validate import Array, quiet


# --8<-- [start:step-jacobians]
@quiet
def step_jacobians(net: SimpleRNN, hidden_states: ArrayLike, *, batch: int = 0) -> Array:
    """Return J_t = diag(f'(a_t)) W_hh, (T, H, H), J_t at index t - 1; for tanh f'(a_t) is 1 - h_t²."""
    h = _check_states(net, hidden_states, batch)
    W_hh = net.params["W_hh"].T
    jacobians = np.stack([np.diag(net.derivative(h_t)) @ W_hh for h_t in h])
    return validate.result("jacobians", jacobians)


# --8<-- [end:step-jacobians]


# --8<-- [start:ordered-product]
@quiet
def ordered_product(jacobians: ArrayLike, t: int, k: int) -> Array:
    """Return J_t J_{t-1} … J_{k+1}, (H, H), the derivative of h_t for h_k; the identity for t = k."""
    jacobians = _check_jacobians(jacobians)
    _check_times(t, k, len(jacobians))
    product = np.eye(len(jacobians[0]))
    for i in range(k + 1, t + 1):
        product = jacobians[i - 1] @ product  # the later step acts last, so it stands on the left
    return validate.result("product", product)


# --8<-- [end:ordered-product]


# --8<-- [start:gradient-product]
@quiet
def gradient_product(net: SimpleRNN, hidden_states: ArrayLike, t: int, k: int, *, batch: int = 0) -> Array:
    """Return the product of W_hhᵀ diag(f'(a_i)), i = k+1 … t, smallest index leftmost, (H, H)."""
    h = _check_states(net, hidden_states, batch)
    _check_times(t, k, len(h))
    W_hh = net.params["W_hh"].T
    product = np.eye(net.hidden_size)
    for i in range(k + 1, t + 1):
        product = product @ W_hh.T @ np.diag(net.derivative(h[i - 1]))
    return validate.result("product", product)


# --8<-- [end:gradient-product]


# --8<-- [start:backpropagated]
@quiet
def backpropagated(net: SimpleRNN, hidden_states: ArrayLike, t: int, e: ArrayLike, *, batch: int = 0) -> Array:
    """Return the part of the gradient at h_k that comes from e at t: (t + 1, H), k = 0 … t, O(H²) a step."""
    h = _check_states(net, hidden_states, batch)
    _check_times(t, 0, len(h))
    W_hh = net.params["W_hh"].T
    deltas = [validate.array("e", e, (net.hidden_size,))]
    for i in range(t, 0, -1):
        deltas.insert(0, W_hh.T @ (net.derivative(h[i - 1]) * deltas[0]))
    return validate.result("gradient", np.stack(deltas))


# --8<-- [end:backpropagated]


def _check_states(net: SimpleRNN, hidden_states: ArrayLike, batch: int) -> Array:
    if not isinstance(net, SimpleRNN):
        raise TypeError(f"net: expected a SimpleRNN, got {type(net).__name__}")
    states = validate.array("hidden_states", hidden_states, ("seq_len", "batch", net.hidden_size))
    if validate.size("batch", batch, at_least=0) >= states.shape[1]:
        raise ValueError(f"batch: expected a whole number below {states.shape[1]}, got {batch}")
    return states[:, batch]


def _check_jacobians(jacobians: ArrayLike) -> Array:
    jacobians = validate.array("jacobians", jacobians, ("seq_len", "hidden", "hidden"))
    if jacobians.shape[1] != jacobians.shape[2]:
        raise ValueError(f"jacobians: expected square matrices, got {jacobians.shape}")
    return jacobians


def _check_times(t: int, k: int, seq_len: int) -> None:
    if validate.size("t", t, at_least=0) > seq_len:
        raise ValueError(f"t: expected at most the {seq_len} steps there are, got {t}")
    if validate.size("k", k, at_least=0) > t:
        raise ValueError(f"k: expected at most t = {t}, got {k}")
