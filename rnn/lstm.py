"""One step of long short-term memory, forward and back."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import init, validate
from rnn.validate import Array, quiet

State = tuple[Array, Array]
Cache = tuple[Array, ...]
Grads = dict[str, Array]


def sigmoid(a: Array) -> Array:
    """Return 1 / (1 + exp(-a)), elementwise, in a form in which nothing overflows.

    Parameters
    ----------
    a : ndarray
        Real or complex numbers.

    Returns
    -------
    ndarray of the same shape
    """
    half: Array = np.tanh(a / 2)
    return (1 + half) / 2


class LSTMCell:
    """A cell with an inner state c that gate f keeps, gate i fills and gate o shows.

    At every step ``c = f * c_prev + i * c_tilde`` and ``h = o * tanh(c)``; each gate is a sigmoid of its own
    ``x @ W_x? + h_prev @ W_h? + b_?``, and the candidate c_tilde a tanh.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    forget_bias : float
        The initial ``b_f``. Above 0 it lets the cell begin by remembering; all other biases begin at 0.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        For each letter f, i, c, o: ``W_xf`` (D, H), ``W_hf`` (H, H), ``b_f`` (H,), and so on.
        Assigning an array and writing into one both take effect.

    Raises
    ------
    TypeError
        If a size is not a whole number, `forget_bias` not a number, `rng` not a generator, or `dtype` not
        float64 or float32.
    ValueError
        If a size is below 1, or `forget_bias` not finite.

    Notes
    -----
    As in `SimpleRNN`, gradients are sums over the batch, real arrays are converted to the cell's type,
    complex128 passes, and a method that raises one of the errors listed there leaves the cell as it was.

    References
    ----------
    Hochreiter & Schmidhuber 1997, "Long short-term memory".
    Gers, Schmidhuber & Cummins 2000, "Learning to forget", for the forget gate.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.input_size = validate.size("input_size", input_size)
        self.hidden_size = validate.size("hidden_size", hidden_size)
        self.dtype = validate.float_dtype(dtype)
        forget_bias = validate.number("forget_bias", forget_bias)
        self.params = self._initial_params(forget_bias, validate.generator(rng))
        self._shapes = {name: value.shape for name, value in self.params.items()}
        self._cache: Cache | None = None  # of the last forward

    def _initial_params(self, forget_bias: float, rng: np.random.Generator) -> dict[str, Array]:
        D, H = self.input_size, self.hidden_size
        params = {}
        for gate in "fico":
            params[f"W_x{gate}"] = init.xavier((D, H), rng)
            params[f"W_h{gate}"] = init.orthogonal((H, H), rng)
            params[f"b_{gate}"] = np.full(H, forget_bias if gate == "f" else 0.0)
        return {name: value.astype(self.dtype) for name, value in params.items()}

    def zero_state(self, batch: int) -> State:
        """Return the state (h, c) in which a sequence begins: zeros (batch, H)."""
        shape = (validate.size("batch", batch), self.hidden_size)
        return np.zeros(shape, self.dtype), np.zeros(shape, self.dtype)

    def pre_activation(self, gate: str, x: Array, h_prev: Array) -> Array:
        """Return the argument of one gate's nonlinearity, (B, H); `gate` is f, i, c or o."""
        W_x, W_h, b = (self.params[name] for name in (f"W_x{gate}", f"W_h{gate}", f"b_{gate}"))
        a: Array = x @ W_x + h_prev @ W_h + b
        return a

    # --8<-- [start:step]
    @quiet
    def step(self, x: ArrayLike, state: tuple[ArrayLike, ArrayLike]) -> tuple[State, Cache]:
        """Take one step: x (B, D) and the state (h_prev, c_prev) to (h, c) and a cache for `step_back`."""
        x, h_prev, c_prev = self._check_step(x, state)
        f = sigmoid(self.pre_activation("f", x, h_prev))
        i = sigmoid(self.pre_activation("i", x, h_prev))
        c_tilde = np.tanh(self.pre_activation("c", x, h_prev))
        o = sigmoid(self.pre_activation("o", x, h_prev))
        c = f * c_prev + i * c_tilde
        h = o * np.tanh(c)
        validate.results("state", {"h": h, "c": c})
        return (h, c), (x, h_prev, c_prev, f, i, c_tilde, o, c)

    # --8<-- [end:step]

    # --8<-- [start:step-back]
    @quiet
    def step_back(self, d_state: tuple[ArrayLike, ArrayLike], cache: Cache) -> tuple[Array, State, Grads]:
        """Take the gradients (d_h, d_c) back through one step: to x, the state before, the parameters."""
        d_h, d_c, (x, h_prev, c_prev, f, i, c_tilde, o, c) = self._check_step_back(d_state, cache)
        d_c = d_c + d_h * o * (1 - np.tanh(c) ** 2)  # c acts through the next cell state and through h
        d_a = {
            "f": d_c * c_prev * f * (1 - f),
            "i": d_c * c_tilde * i * (1 - i),
            "c": d_c * i * (1 - c_tilde**2),
            "o": d_h * np.tanh(c) * o * (1 - o),
        }
        grads: Grads = {}
        d_x, d_h_prev = np.zeros_like(x), np.zeros_like(h_prev)
        for gate, d in d_a.items():
            grads |= {f"W_x{gate}": x.T @ d, f"W_h{gate}": h_prev.T @ d, f"b_{gate}": d.sum(axis=0)}
            d_x = d_x + d @ self.params[f"W_x{gate}"].T
            d_h_prev = d_h_prev + d @ self.params[f"W_h{gate}"].T
        d_c_prev = d_c * f
        validate.results("gradient", {"x": d_x, "h": d_h_prev, "c": d_c_prev} | grads)
        return d_x, (d_h_prev, d_c_prev), grads

    # --8<-- [end:step-back]

    def forward(self, input_t: ArrayLike, hidden_state: ArrayLike, cell_state: ArrayLike) -> State:
        """Take one step and keep what `backward` needs.

        Parameters
        ----------
        input_t : array_like (B, D)
            The input x.
        hidden_state, cell_state : array_like (B, H)
            The state (h, c) before the step.

        Returns
        -------
        new_hidden_state, new_cell_state : ndarray (B, H)

        Raises
        ------
        TypeError, ValueError
            If an array is not made of floating-point numbers, has another shape, or holds NaN or infinity.
        FloatingPointError
            If the result overflows.
        """
        x = self._check_array("input_t", input_t, ("batch", self.input_size))
        h = self._check_array("hidden_state", hidden_state, (len(x), self.hidden_size))
        c = self._check_array("cell_state", cell_state, (len(x), self.hidden_size))
        state, self._cache = self.step(x, (h, c))
        return state

    def backward(self, d_hidden: ArrayLike, d_cell: ArrayLike) -> tuple[Array, Array, Array, Grads]:
        """Take the gradient for the last forward's results back to its arguments and to the parameters.

        Parameters
        ----------
        d_hidden, d_cell : array_like (B, H)
            The gradients for the new hidden state and the new cell state.

        Returns
        -------
        d_input : ndarray (B, D)
        d_hidden_state, d_cell_state : ndarray (B, H)
        grads : dict of str to ndarray
            Under the same keys as `params`.

        Raises
        ------
        RuntimeError
            If there has been no forward.
        TypeError, ValueError, FloatingPointError
            As in `forward`.
        """
        if self._cache is None:
            raise RuntimeError("backward: expected a call of forward first, got none")
        *_, c = self._cache
        d_h = self._check_array("d_hidden", d_hidden, c.shape)
        d_c = self._check_array("d_cell", d_cell, c.shape)
        d_x, (d_h_prev, d_c_prev), grads = self.step_back((d_h, d_c), self._cache)
        return d_x, d_h_prev, d_c_prev, grads

    def _check_array(self, name: str, value: object, shape: validate.Shape) -> Array:
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _check_step(self, x: ArrayLike, state: tuple[ArrayLike, ArrayLike]) -> tuple[Array, Array, Array]:
        validate.named("params", self.params, self._shapes)
        x = self._check_array("x", x, ("batch", self.input_size))
        h_prev, c_prev = validate.state("state", state, ("h", "c"))
        shape = (len(x), self.hidden_size)
        return x, self._check_array("h", h_prev, shape), self._check_array("c", c_prev, shape)

    def _check_step_back(self, d_state: object, cache: object) -> tuple[Array, Array, Cache]:
        validate.named("params", self.params, self._shapes)
        others = ("h_prev", "c_prev", "f", "i", "c_tilde", "o", "c")
        sizes = {"x": self.input_size} | dict.fromkeys(others, self.hidden_size)
        cache = validate.cache(cache, sizes)
        d_h, d_c = validate.state("d_state", d_state, ("d_h", "d_c"))
        *_, c = cache
        return self._check_array("d_h", d_h, c.shape), self._check_array("d_c", d_c, c.shape), cache
