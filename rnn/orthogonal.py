"""Recurrent networks whose step back is the same matrix every time, and weights that solve two tasks exactly.

With ``h = f(x @ W_xh + b_h) + h_prev @ W_hh`` the nonlinearity stands before the memory, not on it: the derivative
of h_t for h_k is a power of W_hh. Where W_hh is orthogonal, no gradient vanishes and none explodes.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import init, validate
from rnn.simple import ElmanCell
from rnn.unrolled import CellStream
from rnn.validate import Array, quiet

Cache = tuple[Array, Array, Array]
Grads = dict[str, Array]


class LinearTransitionCell(ElmanCell):
    """One step of ``h = f(x @ W_xh + b_h) + h_prev @ W_hh``.

    Parameters, params and errors are those of `rnn.simple.ElmanCell`; W_hh begins orthogonal.

    References
    ----------
    Henaff, Szlam & LeCun 2016, "Recurrent orthogonal networks and long-memory tasks".
    """

    def transition(self) -> Array:
        """Return W_hh, (H, H), which takes h_prev on."""
        return self.params["W_hh"]

    def transition_back(self, d_W_hh: Array) -> Grads:
        """Take the gradient for W_hh to the parameters that it is made of."""
        return {"W_hh": d_W_hh}

    def drive(self, x: Array) -> Array:
        """Return f(x @ W_xh + b_h), which is added to the memory."""
        return self.activation(x @ self.params["W_xh"] + self.params["b_h"])

    def _initial_params(self, rng: np.random.Generator) -> dict[str, Array]:
        D, H = self.input_size, self.hidden_size
        return {"W_xh": init.xavier((D, H), rng), "W_hh": init.orthogonal((H, H), rng), "b_h": np.zeros(H)}

    def _step(self, x: Array, h_prev: Array) -> tuple[Array, Cache]:
        u = self.drive(x)
        h = validate.result("h", u + h_prev @ self.transition())
        return h, (x, h_prev, u)

    def _step_back(self, delta: Array, cache: Cache) -> tuple[Array, Array, Grads]:
        x, h_prev, u = cache
        d_a = delta * self.derivative(u)
        grads = {"W_xh": x.T @ d_a, **self.transition_back(h_prev.T @ delta), "b_h": d_a.sum(axis=0)}
        d_x, d_h_prev = d_a @ self.params["W_xh"].T, delta @ self.transition().T
        validate.results("gradient", {"x": d_x, "h": d_h_prev} | grads)
        return d_x, d_h_prev, grads


class CayleyCell(LinearTransitionCell):
    """A linear-transition cell whose W_hh stays orthogonal, whatever is learned.

    ``W_hh = (I + S)⁻¹ (I - S)`` with S = -Sᵀ. The parameter is ``skew``, the H (H - 1) / 2 numbers of S above its
    diagonal, row by row. So every orthogonal matrix without the eigenvalue -1 can be reached; a complex unitary one
    of size H is among the real ones of size 2 H. Otherwise as `LinearTransitionCell`.

    References
    ----------
    Helfrich, Willmott & Ye 2018, "Orthogonal recurrent neural networks with scaled Cayley transform".
    """

    def transition(self) -> Array:
        """Return W_hh, (H, H)."""
        S, eye = self._skew_matrix(), np.eye(self.hidden_size, dtype=self.dtype)
        return np.linalg.solve(eye + S, eye - S)

    def transition_back(self, d_W_hh: Array) -> Grads:
        """Take the gradient for W_hh to ``skew``: from (I + S) W = I - S follows (I + S) dW = -dS (I + W)."""
        S, eye = self._skew_matrix(), np.eye(self.hidden_size, dtype=self.dtype)
        d_S = -np.linalg.solve((eye + S).T, d_W_hh) @ (eye + self.transition()).T
        return {"skew": (d_S - d_S.T)[self._above()]}  # each number stands in S twice, once with a minus

    def _initial_params(self, rng: np.random.Generator) -> dict[str, Array]:
        params = super()._initial_params(rng)
        skew = rng.normal(0, 1 / np.sqrt(self.hidden_size), size=len(self._above()[0]))  # angles up to about 127°
        return {"W_xh": params["W_xh"], "skew": skew, "b_h": params["b_h"]}

    def _above(self) -> tuple[Array, ...]:
        return np.triu_indices(self.hidden_size, 1)

    def _skew_matrix(self) -> Array:
        skew = self.params["skew"]
        S = np.zeros((self.hidden_size, self.hidden_size), skew.dtype)
        S[self._above()] = skew
        return S - S.T


class OrthogonalRNN:
    """A layer of ``h = f(x @ W_xh + b_h) + h_prev @ W_hh`` with W_hh orthogonal, at first or for ever.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H; an output is the state h.
    start : {"orthogonal", "identity"}
        What W_hh is at first: random, for memories that have to be told apart by their age, or the identity, for
        sums.
    held : bool
        Whether W_hh stays orthogonal while it is learned, as in `CayleyCell`; by default it is free.
    nonlinearity : {"tanh", "relu", "identity"}
        The function f.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32.

    Attributes
    ----------
    cell : LinearTransitionCell or CayleyCell
        One step of the layer, with the same `params`.
    params : dict of str to ndarray
        ``W_xh`` (D, H), ``b_h`` (H,), and ``W_hh`` (H, H) or, where it is held, ``skew`` (H (H - 1) / 2,).
    grads : dict of str to ndarray
        The gradients of the last `backward`; empty before.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    Notes
    -----
    The state is ``(h,)``. Arguments and errors of the methods are those of every `rnn.layer.Layer`.

    References
    ----------
    Henaff, Szlam & LeCun 2016, "Recurrent orthogonal networks and long-memory tasks".
    Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        start: str = "orthogonal",
        held: bool = False,
        nonlinearity: str = "tanh",
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        validate.choice("start", start, ("orthogonal", "identity"))
        self.held = validate.flag("held", held)
        kind = CayleyCell if held else LinearTransitionCell
        self.cell = kind(input_size, hidden_size, nonlinearity=nonlinearity, rng=rng, dtype=dtype)
        self.input_size, self.hidden_size = self.cell.input_size, self.cell.hidden_size
        self.output_size, self.dtype = self.hidden_size, self.cell.dtype
        self.nonlinearity = self.cell.nonlinearity
        if start == "identity":
            name, value = ("skew", 0.0) if held else ("W_hh", init.identity((self.hidden_size, self.hidden_size)))
            self.params[name][...] = value
        self.grads: Grads = {}
        self._shapes = {name: value.shape for name, value in self.params.items()}
        self._cache: tuple[Array, ...] | None = None  # of the last forward

    @property
    def params(self) -> dict[str, Array]:
        """The weights; assigning one and writing into one both take effect."""
        return self.cell.params

    @quiet
    def forward(self, inputs: ArrayLike, state: Any = None, *, lengths: Any = None) -> tuple[Array, tuple[Array]]:
        """Run over inputs (T, B, D) to outputs (T, B, H) and the last state."""
        x, h0, alive = self._check_forward(inputs, state, lengths)
        W_hh, u = self.cell.transition(), self.cell.drive(x)  # all steps at once: no u depends on a state
        states = [h0]
        for t in range(len(x)):
            states.append(np.where(alive[t], u[t] + states[-1] @ W_hh, states[-1]))
        h = validate.result("outputs", np.stack(states))
        self._cache = (x, h[:-1], u, alive)
        return np.where(alive, h[1:], 0), (h[-1].copy(),)

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: Any = None) -> tuple[Array, tuple[Array]]:
        """Turn the gradients for the last forward's results into those for its inputs, state and `params`."""
        e, d_h, (x, h_prev, u, alive) = self._check_backward(d_outputs, d_state)
        W_hh = self.cell.transition()
        deltas: list[Array] = []
        for t in reversed(range(len(e))):
            delta = e[t] + d_h
            d_h = np.where(alive[t], delta @ W_hh.T, d_h)
            deltas.insert(0, delta)
        delta = np.where(alive, np.stack(deltas), 0)
        d_a = delta * self.cell.derivative(u)
        rows = [a.reshape(-1, a.shape[-1]) for a in (x, h_prev, delta, d_a)]
        d_W_hh = rows[1].T @ rows[2]
        grads = {"W_xh": rows[0].T @ rows[3], **self.cell.transition_back(d_W_hh), "b_h": rows[3].sum(axis=0)}
        d_x = d_a @ self.params["W_xh"].T
        validate.results("gradient", {"inputs": d_x, "state": d_h} | grads)
        self.grads = grads
        return d_x, (d_h,)

    def zero_state(self, batch: int) -> tuple[Array]:
        """Return the state (h,) in which a sequence begins, (B, H)."""
        return self.cell.zero_state(batch)

    def stream(self, state: Any = None, *, batch: int = 1) -> CellStream:
        """Return the layer as one that meets its inputs one by one."""
        return CellStream(self.cell, self.zero_state(batch) if state is None else state)

    def _check_forward(self, inputs: ArrayLike, state: Any, lengths: Any) -> tuple[Array, Array, Array]:
        validate.named("params", self.params, self._shapes)
        shape = ("seq_len", "batch", self.input_size)
        x = validate.array("inputs", inputs, shape, self.dtype, allow_complex=True)
        T, B = x.shape[:2]
        lengths = validate.lengths(lengths, T, B)
        alive = np.ones((T, 1), bool) if lengths is None else np.arange(T)[:, None] < lengths
        return np.where(alive[:, :, None], x, 0), self._check_state("state", state, B), alive[:, :, None]

    def _check_state(self, name: str, state: Any, batch: int) -> Array:
        (h,) = validate.state(name, self.zero_state(batch) if state is None else state, ("h",))
        return validate.array("h", h, (batch, self.hidden_size), self.dtype, allow_complex=True)

    def _check_backward(self, d_outputs: ArrayLike, d_state: Any) -> tuple[Array, Array, tuple[Array, ...]]:
        if self._cache is None:
            raise RuntimeError("backward: expected a call of forward first, got none")
        validate.named("params", self.params, self._shapes)
        _, _, u, alive = self._cache
        e = validate.array("d_outputs", d_outputs, u.shape, self.dtype, allow_complex=True)
        return np.where(alive, e, 0), self._check_state("d_state", d_state, u.shape[1]), self._cache


def copying_weights(symbols: int, delay: int) -> dict[str, Array]:
    """Return weights that repeat each symbol `delay` steps later: a loop of places through which it moves on.

    For each symbol there are delay + 1 places. An input writes 1 into the first place of its symbol, W_hh moves all
    on by one place and the last one back to the first, which is a permutation and so orthogonal, and the output
    looks at the last place. Nothing is learned and nothing is lost.

    Parameters
    ----------
    symbols : int
        The number of symbols K. The inputs are one-hot of size K + 2: the blank, the symbols, the sign; the
        outputs are scores of size K + 1, without the sign. So it is in `rnn.tasks.copying`.
    delay : int
        After how many steps the symbol is due, at least 1: in `rnn.tasks.copying` delay + length.

    Returns
    -------
    dict of str to ndarray
        ``W_xh`` (K + 2, H), ``W_hh`` (H, H), ``b_h`` (H,), ``W_hy`` (H, K + 1), ``b_y`` (K + 1,) with
        H = K (delay + 1), for a layer without nonlinearity. A symbol that is due has the score 1, all other symbols
        have 0, and the blank always has ½. The loop closes after delay + 1 steps: a symbol comes back to the first
        place, and is due again another `delay` steps later.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a whole number of at least 1.

    References
    ----------
    Henaff, Szlam & LeCun 2016, "Recurrent orthogonal networks and long-memory tasks", for the idea.
    """
    K, places = validate.size("symbols", symbols), validate.size("delay", delay) + 1
    H = K * places
    first, last = np.arange(K) * places, np.arange(K) * places + places - 1
    W_xh, W_hy, b_y = np.zeros((K + 2, H)), np.zeros((H, K + 1)), np.zeros(K + 1)
    W_xh[np.arange(1, K + 1), first] = 1
    W_hy[last, np.arange(1, K + 1)] = 1
    b_y[0] = 0.5
    W_hh = np.kron(np.eye(K), np.roll(np.eye(places), 1, axis=1))  # row j has its 1 in column j + 1
    return {"W_xh": W_xh, "W_hh": W_hh, "b_h": np.zeros(H), "W_hy": W_hy, "b_y": b_y}


def adding_weights() -> dict[str, Array]:
    """Return weights that add up the marked ones of numbers from [0, 1], with a single unit that forgets nothing.

    A rectifier of value + mark - 1 passes the value where the mark is 1 and nothing where it is 0; W_hh = 1 adds.

    Returns
    -------
    dict of str to ndarray
        ``W_xh`` (2, 1), ``W_hh`` (1, 1), ``b_h`` (1,), ``W_hy`` (1, 1), ``b_y`` (1,), for a layer with the
        rectifier, whose inputs are (value, mark).

    References
    ----------
    Henaff, Szlam & LeCun 2016, "Recurrent orthogonal networks and long-memory tasks", for the idea.
    """
    one = np.ones((1, 1))
    return {"W_xh": np.ones((2, 1)), "W_hh": one, "b_h": -np.ones(1), "W_hy": one.copy(), "b_y": np.zeros(1)}
