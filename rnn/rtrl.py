"""Real-time recurrent learning: the gradient of backpropagation through time, carried forward in time.

Instead of keeping the past, one keeps how the present state depends on every weight, ``P_t = ∂s_t/∂θ``, and moves it
along with the state: ``P_t = J_t P_{t-1} + ∂⁺s_t/∂θ``, where ∂⁺ is what the step itself does with θ. So the gradient
is known at each step, and a sequence needs no end. The price: for H units and about H² weights P holds H³ numbers, and
J_t P costs H⁴ operations a step. Backpropagation keeps H numbers of each step and costs H² operations.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.jacobians import as_rows, as_state, check_run, shown_columns
from rnn.layer import Cell, State
from rnn.validate import Array, quiet

Grads = dict[str, Array]


class RTRL:
    """A cell that runs and knows at each step how its state depends on its weights.

    Parameters
    ----------
    cell : Cell
        A small one: with ten times the units a step costs ten thousand times the operations.
    state : tuple, optional
        The state to begin with; zeros by default.
    batch : int
        The number of sequences B.

    Attributes
    ----------
    state : tuple
        The state now.
    sensitivity : dict of str to ndarray
        For each weight ∂s/∂θ, (B, n, …) with the n components of the state as in `rnn.jacobians` and the weight's
        own shape; empty before the first step.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    Notes
    -----
    The weights may be changed between two steps; online learning does. P then mixes derivatives at older and newer
    weights, and the gradient is right up to terms of the size of the changes.

    References
    ----------
    Williams & Zipser 1989, "A learning algorithm for continually running fully recurrent neural networks".
    """

    def __init__(self, cell: Cell, state: Any = None, *, batch: int = 1) -> None:
        nothing = np.zeros((1, validate.size("batch", batch), getattr(cell, "input_size", 1)))
        _, self.state = check_run(cell, nothing, state)
        self.cell = cell
        self.sensitivity: Grads = {}

    @quiet
    def step(self, x: ArrayLike) -> Array:
        """Take one input (B, D), move the state and its sensitivity on, and return the cell's output h (B, H)."""
        rows = as_rows(self.state)
        x = validate.array("x", x, (len(rows), self.cell.input_size))
        steps = [self._step_one(b, x[b : b + 1], rows[b : b + 1]) for b in range(len(rows))]
        sensitivity = {name: np.stack([P[name] for _, P in steps]) for name in steps[0][1]}
        validate.results("sensitivity", sensitivity)
        after = np.concatenate([s for s, _ in steps])
        self.state, self.sensitivity = as_state(after, self.state), sensitivity
        return after[:, shown_columns(self.state)]

    def _step_one(self, b: int, x: Array, s: Array) -> tuple[Array, Grads]:
        """Return the new state (1, n) of sequence b and its sensitivity."""
        after, cache = self.cell.step(x, as_state(s, self.state))
        J, direct = [], []
        for component in np.eye(s.shape[1]):
            _, d_before, grads = self.cell.step_back(as_state(component[np.newaxis], self.state), cache)
            J.append(as_rows(d_before)[0])
            direct.append(grads)
        P = {name: np.stack([grads[name] for grads in direct]) for name in direct[0]}
        if self.sensitivity:  # the state to begin with depends on no weight
            P = {name: np.tensordot(np.stack(J), self.sensitivity[name][b], axes=1) + P[name] for name in P}
        return as_rows(after), P

    @quiet
    def gradient(self, d_h: ArrayLike) -> Grads:
        """Take the gradient (B, H) of a loss for the present output to that for each weight."""
        if not self.sensitivity:
            raise RuntimeError("gradient: expected a call of step first, got none")
        columns = shown_columns(self.state)
        d_h = validate.array("d_h", d_h, (len(as_rows(self.state)), len(columns)))
        grads = {name: np.tensordot(d_h, P[:, columns], axes=2) for name, P in self.sensitivity.items()}
        validate.results("gradient", grads)
        return grads


@quiet
def rtrl(cell: Cell, inputs: ArrayLike, d_h: ArrayLike, state: Any = None) -> tuple[Grads, State]:
    """Return the gradients of a whole sequence's losses for the weights, and the last state.

    Parameters
    ----------
    cell : Cell
        The cell.
    inputs : array_like (T, B, D)
        What it reads.
    d_h : array_like (T, B, H)
        The gradient of the losses for each output h_1 … h_T.
    state : tuple, optional
        The state before the first step; zeros by default.

    Returns
    -------
    grads : dict of str to ndarray
        What backpropagation through time gives.
    state : tuple

    Raises
    ------
    TypeError, ValueError, FloatingPointError
        If an argument is not of the kind above, or a result overflows.
    """
    x, state = check_run(cell, inputs, state)
    d_h = validate.array("d_h", d_h, (*x.shape[:2], cell.hidden_size))
    run, total = RTRL(cell, state, batch=x.shape[1]), dict[str, Any]()
    for x_t, e_t in zip(x, d_h, strict=True):
        run.step(x_t)
        total = {name: total.get(name, 0) + grad for name, grad in run.gradient(e_t).items()}
    return total, run.state
