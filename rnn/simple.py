"""The simple recurrent network, a step and a sequence, and its gradients by backpropagation through time."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import init, validate
from rnn.validate import Array, quiet

Cache = tuple[Array, Array, Array]
Grads = dict[str, Array]


class ElmanCell:
    """One step of the simple recurrent network: ``h = f(x @ W_xh + h_prev @ W_hh + b_h)``.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    nonlinearity : {"tanh", "relu", "identity"}
        The function f.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        ``W_xh`` (D, H), ``W_hh`` (H, H), ``b_h`` (H,).
        Assigning an array and writing into one both take effect.

    Raises
    ------
    TypeError
        If a size is not a whole number, `rng` not a generator, or `dtype` not float64 or float32.
    ValueError
        If a size is below 1, or `nonlinearity` unknown.

    Notes
    -----
    Gradients are those of a loss that is summed over steps and sequences: nothing is averaged or clipped.

    Real arrays of either precision are converted to the cell's; integers, booleans and float16 are refused,
    because they are nearly always a mistake. Complex128 is accepted and computed with as it is, so that
    complex-step differentiation goes through the cell; the rectifier then looks at the real part.

    A method that raises leaves the cell as it was: ``TypeError`` or ``ValueError`` for an argument that does
    not fit, ``RuntimeError`` for a call before its turn, ``FloatingPointError`` for a result that overflows.

    References
    ----------
    Elman 1990, "Finding structure in time".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: str = "tanh",
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.input_size = validate.size("input_size", input_size)
        self.hidden_size = validate.size("hidden_size", hidden_size)
        self.nonlinearity = validate.choice("nonlinearity", nonlinearity, ("tanh", "relu", "identity"))
        self.dtype = validate.float_dtype(dtype)
        params = self._initial_params(validate.generator(rng))
        self.params: dict[str, Array] = {name: value.astype(self.dtype) for name, value in params.items()}
        self._shapes = {name: value.shape for name, value in params.items()}

    def _initial_params(self, rng: np.random.Generator) -> dict[str, Array]:
        D, H = self.input_size, self.hidden_size
        if self.nonlinearity == "relu":
            # A rectifier passes half of its inputs, hence He; the identity remembers (Le et al. 2015).
            W_xh, W_hh = init.he((D, H), rng), init.identity((H, H))
        else:
            # Xavier keeps tanh off its flat parts; an orthogonal W_hh keeps the length of what it carries.
            W_xh, W_hh = init.xavier((D, H), rng), init.orthogonal((H, H), rng)
        return {"W_xh": W_xh, "W_hh": W_hh, "b_h": np.zeros(H)}

    def zero_state(self, batch: int) -> tuple[Array]:
        """Return the state (h,) in which a sequence begins: zeros (batch, H)."""
        return (np.zeros((validate.size("batch", batch), self.hidden_size), self.dtype),)

    # --8<-- [start:pre-activation]
    def pre_activation(self, x: Array, h_prev: Array) -> Array:
        """Return a = x @ W_xh + h_prev @ W_hh + b_h, the argument of the nonlinearity, (B, H)."""
        a: Array = x @ self.params["W_xh"] + h_prev @ self.params["W_hh"] + self.params["b_h"]
        return a

    # --8<-- [end:pre-activation]

    # --8<-- [start:activation]
    def activation(self, a: Array) -> Array:
        """Return f(a), elementwise."""
        if self.nonlinearity == "tanh":
            return np.tanh(a)
        if self.nonlinearity == "relu":
            return np.where(a.real <= 0, 0, a)  # written so that NaN stays NaN
        return a

    # --8<-- [end:activation]

    def derivative(self, h: Array) -> Array:
        """Return f'(a), elementwise, from the output h = f(a)."""
        slope: Array = np.ones_like(h)
        if self.nonlinearity == "tanh":
            slope = 1 - h**2
        if self.nonlinearity == "relu":
            slope = np.asarray(h.real > 0, h.dtype)
        return slope

    # --8<-- [start:step]
    @quiet
    def step(self, x: ArrayLike, state: tuple[ArrayLike]) -> tuple[tuple[Array], Cache]:
        """Take one step: x (B, D) and the state (h_prev,) to the state (h,) and a cache for `step_back`."""
        h, cache = self._step(*self._check_step(x, state))
        return (h,), cache

    def _step(self, x: Array, h_prev: Array) -> tuple[Array, Cache]:
        """Take the step, for arguments that have been checked."""
        a = self.pre_activation(x, h_prev)
        h = validate.result("h", self.activation(a))
        return h, (x, h_prev, h)

    # --8<-- [end:step]

    # --8<-- [start:step-back]
    @quiet
    def step_back(self, d_state: tuple[ArrayLike], cache: Cache) -> tuple[Array, tuple[Array], Grads]:
        """Take the gradient (delta,) back through one step: to x, the state before, the parameters."""
        d_x, d_h_prev, grads = self._step_back(*self._check_step_back(d_state, cache))
        return d_x, (d_h_prev,), grads

    def _step_back(self, delta: Array, cache: Cache) -> tuple[Array, Array, Grads]:
        """Go back through the step, for arguments that have been checked."""
        x, h_prev, h = cache
        d_a = delta * self.derivative(h)
        grads = {"W_xh": x.T @ d_a, "W_hh": h_prev.T @ d_a, "b_h": d_a.sum(axis=0)}
        d_x = d_a @ self.params["W_xh"].T
        d_h_prev = d_a @ self.params["W_hh"].T
        validate.results("gradient", {"x": d_x, "h": d_h_prev} | grads)
        return d_x, d_h_prev, grads

    # --8<-- [end:step-back]

    def _check_array(self, name: str, value: object, shape: validate.Shape) -> Array:
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _check_step(self, x: ArrayLike, state: tuple[ArrayLike]) -> tuple[Array, Array]:
        validate.named("params", self.params, self._shapes)
        x = self._check_array("x", x, ("batch", self.input_size))
        (h_prev,) = validate.state("state", state, ("h",))
        return x, self._check_array("h", h_prev, (len(x), self.hidden_size))

    def _check_step_back(self, d_state: tuple[ArrayLike], cache: Cache) -> tuple[Array, Cache]:
        validate.named("params", self.params, self._shapes)
        D, H = self.input_size, self.hidden_size
        x, h_prev, h = validate.cache(cache, {"x": D, "h_prev": H, "h": H})
        (d_h,) = validate.state("d_state", d_state, ("d_h",))
        return self._check_array("d_h", d_h, h.shape), (x, h_prev, h)


class SimpleRNN(ElmanCell):
    """A recurrent layer with one hidden state and a linear read-out.

    At every step ``h = f(x @ W_xh + h_prev @ W_hh + b_h)`` and ``y = h @ W_hy + b_y``. The outputs are
    scores: a softmax, where one is wanted, belongs to the loss.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        The sizes D, H and O.
    nonlinearity : {"tanh", "relu", "identity"}
        The function f.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        ``W_xh`` (D, H), ``W_hh`` (H, H), ``b_h`` (H,), ``W_hy`` (H, O), ``b_y`` (O,).
        Assigning an array and writing into one both take effect.
    grads : dict of str to ndarray
        The gradients of the last `backward`, under the same keys. Empty before.
    d_inputs : ndarray (T, B, D)
        The gradient for the inputs; there is none before `backward`.
    d_h0 : ndarray (B, H)
        The gradient for the initial state; there is none before `backward`.

    Raises
    ------
    TypeError, ValueError
        As in `ElmanCell`.

    Notes
    -----
    What is said in `ElmanCell` of types and errors holds here too.

    `backward` differentiates the last `forward`: ``d_outputs`` is (T, B, O), and ``d_h`` (B, H), if given, is
    what reaches the last state from steps beyond. After `update_parameters` comes a new `forward` first.

    References
    ----------
    Elman 1990, "Finding structure in time".
    Werbos 1990, "Backpropagation through time: what it does and how to do it".
    """

    d_inputs: Array
    d_h0: Array

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        nonlinearity: str = "tanh",
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.output_size = validate.size("output_size", output_size)
        super().__init__(input_size, hidden_size, nonlinearity=nonlinearity, rng=rng, dtype=dtype)
        self.grads: Grads = {}
        self._caches: list[Cache] = []  # one a step of the last forward

    def _initial_params(self, rng: np.random.Generator) -> dict[str, Array]:
        params = super()._initial_params(rng)
        W_hy = init.xavier((self.hidden_size, self.output_size), rng)
        return params | {"W_hy": W_hy, "b_y": np.zeros(self.output_size)}

    # --8<-- [start:read-out]
    def read_out(self, h: Array) -> Array:
        """Return y = h @ W_hy + b_y, the scores, for states h (..., H)."""
        return h @ self.params["W_hy"] + self.params["b_y"]

    # --8<-- [end:read-out]

    # --8<-- [start:forward]
    @quiet
    def forward(self, inputs: ArrayLike, *, h0: ArrayLike | None = None) -> tuple[Array, Array]:
        """Run over inputs (T, B, D) from h0 (B, H), by default zeros: outputs (T, B, O), states (T, B, H)."""
        inputs, h = self._check_forward(inputs, h0)
        states, caches = [], []
        for x in inputs:
            h, cache = self._step(x, h)
            states.append(h)
            caches.append(cache)
        hidden_states = np.stack(states)
        outputs = validate.result("outputs", self.read_out(hidden_states))
        self._caches = caches
        return outputs, hidden_states

    # --8<-- [end:forward]

    # --8<-- [start:backward]
    @quiet
    def backward(self, d_outputs: ArrayLike, *, d_h: ArrayLike | None = None) -> Grads:
        """Turn the loss's gradient for the last forward's outputs into that for parameters, inputs and h0."""
        d_outputs, d_h = self._check_backward(d_outputs, d_h)
        grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        d_inputs: list[Array] = []
        for t in reversed(range(len(d_outputs))):
            h = self._caches[t][-1]
            e = d_outputs[t] @ self.params["W_hy"].T  # what h_t does to its own step's loss
            delta = e + d_h  # and to the losses of all later steps
            d_x, d_h, step_grads = self._step_back(delta, self._caches[t])
            step_grads |= {"W_hy": h.T @ d_outputs[t], "b_y": d_outputs[t].sum(axis=0)}
            grads = {name: grads[name] + step_grads[name] for name in grads}
            d_inputs.insert(0, d_x)
        validate.results("grads", grads)
        self.grads, self.d_inputs, self.d_h0 = grads, np.stack(d_inputs), d_h
        return grads

    # --8<-- [end:backward]

    # --8<-- [start:update-parameters]
    @quiet
    def update_parameters(self, learning_rate: float) -> None:
        """Take one step of gradient descent, in place: a parameter minus learning_rate times its gradient."""
        learning_rate = self._check_update(learning_rate)
        updated = {name: value - learning_rate * self.grads[name] for name, value in self.params.items()}
        validate.results("params", updated)
        for name, value in updated.items():
            self.params[name][...] = value
        self._caches = []  # that forward was made with other parameters: it cannot be differentiated any more

    # --8<-- [end:update-parameters]

    def _check_forward(self, inputs: ArrayLike, h0: ArrayLike | None) -> tuple[Array, Array]:
        inputs = self._check_array("inputs", inputs, ("seq_len", "batch", self.input_size))
        shape = (inputs.shape[1], self.hidden_size)
        h0 = np.zeros(shape, self.dtype) if h0 is None else self._check_array("h0", h0, shape)
        validate.named("params", self.params, self._shapes)
        return inputs, h0

    def _check_backward(self, d_outputs: ArrayLike, d_h: ArrayLike | None) -> tuple[Array, Array]:
        if not self._caches:
            raise RuntimeError("backward: expected a call of forward first, got none since the last update")
        _, _, h = self._caches[-1]
        d_outputs = self._check_array("d_outputs", d_outputs, (len(self._caches), len(h), self.output_size))
        d_h = np.zeros(h.shape, self.dtype) if d_h is None else self._check_array("d_h", d_h, h.shape)
        validate.named("params", self.params, self._shapes)
        return d_outputs, d_h

    def _check_update(self, learning_rate: float) -> float:
        if not self.grads:
            raise RuntimeError("update_parameters: expected a call of backward first, got none")
        validate.writable("params", self.params)
        for name, values in (("params", self.params), ("grads", self.grads)):
            validate.named(name, values, self._shapes, allow_complex=False)
        return validate.number("learning_rate", learning_rate, at_least=0)
