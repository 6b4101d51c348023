"""Echo-state networks: a random recurrent network that is left as it is, and a read-out found in one step."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import init, validate
from rnn.validate import Array, quiet


class EchoState:
    """A reservoir, whose states echo the inputs, with a linear read-out.

    At every step ``h = (1 - leak) * h_prev + leak * tanh(x @ W_xh + h_prev @ W_hh + b_h)`` and
    ``y = h @ W_hy + x @ W_xy + b_y``. The reservoir ``W_xh W_hh b_h`` is random and stays so; the read-out
    ``W_hy W_xy b_y`` is zero until `fit`.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        The sizes D, H and O.
    spectral_radius : float
        To what the largest modulus of W_hh's eigenvalues is scaled. A radius below 1 usually lets the network
        forget where it began; that it always does, or does only then, is a myth.
    leak : float
        How much of a state is new, above 0 and at most 1. Small values make the network slow.
    input_scale, bias_scale : float
        W_xh is uniform between minus and plus `input_scale`, b_h likewise.
    incoming : int, optional
        How many units each unit listens to; by default 10, or all where there are fewer.
    rng : numpy.random.Generator, optional
        Where the weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32.

    Attributes
    ----------
    params : dict of str to ndarray
        ``W_xh`` (D, H), ``W_hh`` (H, H), ``b_h`` (H,), ``W_hy`` (H, O), ``W_xy`` (D, O), ``b_y`` (O,).

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    Notes
    -----
    There is no `backward`: the reservoir does not learn, and for the read-out there is a closed form.

    References
    ----------
    Jaeger 2001, "The 'echo state' approach to analysing and training recurrent neural networks".
    Jaeger & Haas 2004, "Harnessing nonlinearity: predicting chaotic systems and saving energy in wireless
    communication".
    Jaeger, Lukoševičius, Popovici & Siewert 2007, "Optimization and applications of echo state networks with
    leaky-integrator neurons".
    Lukoševičius & Jaeger 2009, "Reservoir computing approaches to recurrent neural network training", a survey.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        spectral_radius: float = 0.9,
        leak: float = 1.0,
        input_scale: float = 1.0,
        bias_scale: float = 0.2,
        incoming: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.input_size = validate.size("input_size", input_size)
        self.hidden_size = validate.size("hidden_size", hidden_size)
        self.output_size = validate.size("output_size", output_size)
        self.leak = validate.number("leak", leak, at_least=0)
        if not 0 < self.leak <= 1:
            raise ValueError(f"leak: expected a number above 0 and at most 1, got {leak}")
        self.dtype = validate.float_dtype(dtype)
        rng = validate.generator(rng)
        D, H, O = self.input_size, self.hidden_size, self.output_size
        input_scale = validate.number("input_scale", input_scale, at_least=0)
        bias_scale = validate.number("bias_scale", bias_scale, at_least=0)
        W_hh = init.sparse((H, H), rng, incoming=min(10, H) if incoming is None else incoming)
        params = {
            "W_xh": input_scale * rng.uniform(-1, 1, size=(D, H)),
            "W_hh": init.rescaled(W_hh, spectral_radius),
            "b_h": bias_scale * rng.uniform(-1, 1, size=H),
            "W_hy": np.zeros((H, O)),
            "W_xy": np.zeros((D, O)),
            "b_y": np.zeros(O),
        }
        self.params = {name: value.astype(self.dtype) for name, value in params.items()}
        self._shapes = {name: value.shape for name, value in self.params.items()}

    def _step(self, x: Array, h_prev: Array) -> Array:
        p = self.params
        h: Array = (1 - self.leak) * h_prev + self.leak * np.tanh(x @ p["W_xh"] + h_prev @ p["W_hh"] + p["b_h"])
        return h

    def read_out(self, x: Array, h: Array) -> Array:
        """Return y, (..., O), for inputs (..., D) and states (..., H)."""
        y: Array = h @ self.params["W_hy"] + x @ self.params["W_xy"] + self.params["b_y"]
        return y

    @quiet
    def states(self, inputs: ArrayLike, state: Any = None) -> Array:
        """Return the states h_1 … h_T, (T, B, H), for inputs (T, B, D): the network driven by what it is given."""
        x, h = self._check_run(inputs, state)
        states = []
        for x_t in x:
            h = self._step(x_t, h)
            states.append(h)
        return validate.result("states", np.stack(states))

    @quiet
    def forward(self, inputs: ArrayLike, state: Any = None) -> tuple[Array, tuple[Array]]:
        """Run over inputs (T, B, D) to outputs (T, B, O) and the last state (h,)."""
        h = self.states(inputs, state)
        x = validate.array("inputs", inputs, (*h.shape[:2], self.input_size), self.dtype)
        return validate.result("outputs", self.read_out(x, h)), (h[-1].copy(),)

    @quiet
    def run_on(self, x: ArrayLike, state: Any, steps: int) -> tuple[Array, tuple[Array]]:
        """Let the network hear itself: each output is the next input.

        Parameters
        ----------
        x : array_like (B, D)
            The first input; O must be D.
        state : tuple (h,)
            The state (B, H) before it.
        steps : int
            How many outputs are wanted.

        Returns
        -------
        outputs : ndarray (steps, B, O)
        state : tuple (h,)
        """
        if self.input_size != self.output_size:
            raise ValueError(
                f"run_on: expected as many outputs as inputs, got {self.output_size} and {self.input_size}"
            )
        y = validate.array("x", x, ("batch", self.input_size), self.dtype)
        _, h = self._check_run(y[None], state)
        outputs = []
        for _ in range(validate.size("steps", steps)):
            h = self._step(y, h)
            y = self.read_out(y, h)
            outputs.append(y)
        return validate.result("outputs", np.stack(outputs)), (h.copy(),)

    @quiet
    def fit(self, inputs: ArrayLike, targets: ArrayLike, *, washout: int = 0, ridge: float = 1e-8) -> Array:
        """Find the read-out with the least ``|outputs - targets|² + ridge * |read-out|²``, over all sequences.

        Parameters
        ----------
        inputs : array_like (T, B, D)
            What drives the network. To predict, the targets are the inputs one step later.
        targets : array_like (T, B, O)
            What the outputs should be.
        washout : int
            How many of the first steps do not count, because the states still depend on where they began.
        ridge : float
            The weight of the penalty, at least 0; it holds for the bias b_y too.

        Returns
        -------
        ndarray (T, B, O)
            The outputs with the new read-out.
        """
        h = self.states(inputs)
        x = validate.array("inputs", inputs, (*h.shape[:2], self.input_size), self.dtype)
        targets = validate.array("targets", targets, (*h.shape[:2], self.output_size), self.dtype)
        if validate.size("washout", washout, at_least=0) >= len(h):
            raise ValueError(f"washout: expected fewer than the {len(h)} steps there are, got {washout}")
        features = np.concatenate([h, x, np.ones((*h.shape[:2], 1), self.dtype)], axis=2)[washout:]
        W = ridge_regression(
            features.reshape(-1, features.shape[2]), targets[washout:].reshape(-1, self.output_size), ridge
        )
        H, D = self.hidden_size, self.input_size
        read_out = {"W_hy": W[:H], "W_xy": W[H : H + D], "b_y": W[H + D]}
        self.params |= {name: value.astype(self.dtype) for name, value in read_out.items()}
        return validate.result("outputs", self.read_out(x, h))

    def zero_state(self, batch: int) -> tuple[Array]:
        """Return the state (h,) in which a sequence begins, (B, H)."""
        return (np.zeros((validate.size("batch", batch), self.hidden_size), self.dtype),)

    def _check_run(self, inputs: ArrayLike, state: Any) -> tuple[Array, Array]:
        validate.named("params", self.params, self._shapes, allow_complex=False)
        x = validate.array("inputs", inputs, ("seq_len", "batch", self.input_size), self.dtype)
        (h,) = validate.state("state", self.zero_state(x.shape[1]) if state is None else state, ("h",))
        return x, validate.array("h", h, (x.shape[1], self.hidden_size), self.dtype)


@quiet
def ridge_regression(X: ArrayLike, Y: ArrayLike, ridge: float) -> Array:
    """Return the W, (features, outputs), with the least ``|X W - Y|² + ridge * |W|²``.

    The penalty is written as further rows of an ordinary least-squares problem. Solved so it keeps twice the
    digits of ``(XᵀX + ridge I)⁻¹ XᵀY``, where the condition number of X is squared.

    Parameters
    ----------
    X : array_like (rows, features)
        What is known.
    Y : array_like (rows, outputs)
        What is wanted.
    ridge : float
        The weight of the penalty, at least 0.

    Returns
    -------
    ndarray (features, outputs)
    """
    X = validate.array("X", X, ("rows", "features"))
    Y = validate.array("Y", Y, (len(X), "outputs"))
    penalty = np.sqrt(validate.number("ridge", ridge, at_least=0)) * np.eye(X.shape[1])
    W, *_ = np.linalg.lstsq(np.vstack([X, penalty]), np.vstack([Y, np.zeros((X.shape[1], Y.shape[1]))]), rcond=None)
    return validate.result("W", W)


@quiet
def nrmse(outputs: ArrayLike, targets: ArrayLike, *, variance: float | None = None) -> float:
    """Return the root of the mean squared error, divided by the targets' standard deviation.

    1 is what predicting the mean achieves. The NRMSE84 of the Mackey–Glass literature is this at the 84th step of
    `EchoState.run_on`, over many runs, with the variance of the whole sequence.

    Parameters
    ----------
    outputs, targets : array_like
        Of one shape.
    variance : float, optional
        By what the mean squared error is divided; by default the variance of `targets`.

    Returns
    -------
    float
    """
    targets = validate.array("targets", targets, None)
    outputs = validate.array("outputs", outputs, targets.shape)
    variance = float(targets.var()) if variance is None else validate.number("variance", variance, at_least=0)
    if variance == 0:
        raise ValueError("variance: expected targets that vary, got the same number everywhere")
    return float(validate.result("nrmse", np.sqrt(((outputs - targets) ** 2).mean() / variance)))
