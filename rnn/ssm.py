"""A layer that is linear in time: complex numbers that decay and turn, from Gupta's DSS to Orvieto's LRU."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import validate
from rnn.scan import added, later, scan
from rnn.validate import Array, quiet

# A complex number is kept as a pair of real ones, on the axis before (B, N): so the step into the imaginary
# direction that differentiates a layer does not mix with the imaginary parts that the layer has of its own.


def _pair(re: Array, im: Array) -> Array:
    return np.stack([re, im], axis=-3)


def _parts(pair: Array) -> tuple[Array, Array]:
    return pair[..., 0, :, :], pair[..., 1, :, :]


def _times(a: Array, b: Array) -> Array:
    (a_re, a_im), (b_re, b_im) = _parts(a), _parts(b)
    return _pair(a_re * b_re - a_im * b_im, a_re * b_im + a_im * b_re)


def _conjugate(a: Array) -> Array:
    re, im = _parts(a)
    return _pair(re, -im)


class DiagonalSSM:
    """A linear layer whose state decays and turns, each of its N complex numbers for itself.

    At every step ``h = lam * h_prev + gamma * (x @ W_xh)`` and ``y = Re(h @ W_hy) + x @ W_xy + b_y``, with complex
    lam, W_xh, W_hy and ``lam = exp(-exp(nu) + i theta)``: its size is below 1 whatever nu is, so that the layer is
    stable. ``gamma = sqrt(1 - |lam|²)`` keeps the state as large as the input, however slowly it decays. Linear in
    time, the layer is usually followed by a nonlinear one without time.

    Parameters
    ----------
    input_size, hidden_size, output_size : int
        The sizes D, N and O.
    slowest, fastest : float
        Between which sizes lam begins, uniformly over the ring between them; 0 <= fastest < slowest < 1.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32.

    Attributes
    ----------
    params : dict of str to ndarray
        ``nu`` (N,), ``theta`` (N,), ``W_xh_re``, ``W_xh_im`` (D, N), ``W_hy_re``, ``W_hy_im`` (N, O), ``W_xy``
        (D, O), ``b_y`` (O,). All are real.
    grads : dict of str to ndarray
        The gradients of the last `backward`; empty before.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    Notes
    -----
    The state is ``(h_re, h_im)``, both (B, N) and real. `forward` runs over time by `parallel_scan`, `stream` step
    by step. Arguments and errors of the methods are those of every `rnn.layer.Layer`.

    References
    ----------
    Gupta, Gu & Berant 2022, "Diagonal state spaces are as effective as structured state spaces".
    Gu, Gupta, Goel & Ré 2022, "On the parameterization and initialization of diagonal state space models".
    Orvieto et al. 2023, "Resurrecting recurrent neural networks for long sequences", for nu and gamma.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        *,
        slowest: float = 0.99,
        fastest: float = 0.0,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.input_size = validate.size("input_size", input_size)
        self.hidden_size = validate.size("hidden_size", hidden_size)
        self.output_size = validate.size("output_size", output_size)
        self.dtype = validate.float_dtype(dtype)
        fastest = validate.number("fastest", fastest, at_least=0)
        slowest = validate.number("slowest", slowest, at_least=fastest)
        if not fastest < slowest < 1:
            raise ValueError(f"slowest: expected a number above fastest = {fastest:g} and below 1, got {slowest:g}")
        self.params = self._initial_params(fastest, slowest, validate.generator(rng))
        self.grads: dict[str, Array] = {}
        self._shapes = {name: value.shape for name, value in self.params.items()}
        self._cache: tuple[Array, ...] | None = None  # of the last forward

    def _initial_params(self, fastest: float, slowest: float, rng: np.random.Generator) -> dict[str, Array]:
        D, N, O = self.input_size, self.hidden_size, self.output_size
        size = np.sqrt(rng.uniform(fastest**2, slowest**2, size=N))  # uniform over the ring's area
        params = {"nu": np.log(-np.log(size)), "theta": rng.uniform(0, 2 * np.pi, size=N)}
        params |= {name: rng.normal(0, np.sqrt(0.5 / D), size=(D, N)) for name in ("W_xh_re", "W_xh_im")}
        params |= {name: rng.normal(0, np.sqrt(1 / N), size=(N, O)) for name in ("W_hy_re", "W_hy_im")}
        params |= {"W_xy": rng.normal(0, np.sqrt(1 / D), size=(D, O)), "b_y": np.zeros(O)}
        return {name: value.astype(self.dtype) for name, value in params.items()}

    def eigenvalues(self) -> Array:
        """Return lam as a pair, (2, 1, N): the real parts, then the imaginary ones."""
        size, theta = np.exp(-np.exp(self.params["nu"])), self.params["theta"]
        return _pair((size * np.cos(theta))[None], (size * np.sin(theta))[None])

    def gain(self) -> Array:
        """Return gamma, (N,)."""
        gamma: Array = np.sqrt(-np.expm1(-2 * np.exp(self.params["nu"])))
        return gamma

    def _run(self, x: Array, h0: Array, alive: Array) -> tuple[Array, Array, Array]:
        """Return for inputs (T, B, D) the outputs, the states (T, 2, B, N) and each step's factors."""
        p, lam = self.params, self.eigenvalues()
        u = self.gain() * _pair(x @ p["W_xh_re"], x @ p["W_xh_im"])
        still = _pair(np.ones_like(lam[0]), np.zeros_like(lam[0]))  # beyond its end a sequence rests: times 1, plus 0
        A = np.where(alive, lam, still)
        h = scan(A, added(u, 0, _times(h0, A[0])), _times)
        h_re, h_im = _parts(h)
        y = h_re @ p["W_hy_re"] - h_im @ p["W_hy_im"] + x @ p["W_xy"] + p["b_y"]
        return np.where(alive[:, 0], y, 0), h, A

    @quiet
    def forward(self, inputs: ArrayLike, state: Any = None, *, lengths: Any = None) -> tuple[Array, tuple[Array, ...]]:
        """Run over inputs (T, B, D) to outputs (T, B, O) and the last state."""
        x, h0, alive = self._check_forward(inputs, state, lengths)
        y, h, A = self._run(x, h0, alive)
        validate.results("result", {"outputs": y, "state": h})
        self._cache = (x, h0, alive, h, A)
        return y, _state(h[-1])

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: Any = None) -> tuple[Array, tuple[Array, ...]]:
        """Turn the gradients for the last forward's results into those for its inputs, state and `params`."""
        d_y, d_h, (x, h0, alive, h, A) = self._check_backward(d_outputs, d_state)
        p, lam, gamma = self.params, self.eigenvalues(), self.gain()
        e = _pair(d_y @ p["W_hy_re"].T, -d_y @ p["W_hy_im"].T)  # minus: the output takes the real part
        e = added(e, -1, d_h)
        delta = scan(later(_conjugate(A)), e[::-1], _times)[::-1]  # on the way back lam turns the other way
        h_prev = np.concatenate([h0[None], h[:-1]])
        d_h0, delta = _times(delta[0], _conjugate(A[0])), np.where(alive, delta, 0)

        d_lam = _times(delta, _conjugate(h_prev)).sum(axis=(0, 2))
        d_gamma = (delta * _pair(x @ p["W_xh_re"], x @ p["W_xh_im"])).sum(axis=(0, 1, 2))
        d_u_re, d_u_im = _parts(gamma * delta)
        d_x = d_u_re @ p["W_xh_re"].T + d_u_im @ p["W_xh_im"].T + d_y @ p["W_xy"].T
        decay = np.exp(p["nu"])
        (d_re, d_im), (re, im) = d_lam, lam[:, 0]
        h_re, h_im = _parts(h)
        grads = {
            "nu": d_gamma * np.exp(-2 * decay) * decay / gamma - decay * (d_re * re + d_im * im),
            "theta": d_im * re - d_re * im,
            "W_xh_re": _over_time(x, d_u_re),
            "W_xh_im": _over_time(x, d_u_im),
            "W_hy_re": _over_time(h_re, d_y),
            "W_hy_im": -_over_time(h_im, d_y),
            "W_xy": _over_time(x, d_y),
            "b_y": d_y.sum(axis=(0, 1)),
        }
        validate.results("gradient", {"inputs": d_x, "state": d_h0} | grads)
        self.grads = grads
        return d_x, _state(d_h0)

    def zero_state(self, batch: int) -> tuple[Array, ...]:
        """Return the state in which a sequence begins, two arrays (B, N)."""
        shape = (validate.size("batch", batch), self.hidden_size)
        return np.zeros(shape, self.dtype), np.zeros(shape, self.dtype)

    @quiet
    def step(self, x: ArrayLike, state: Any) -> tuple[Array, tuple[Array, ...]]:
        """Take an input (B, D) and the state to the output (B, O) and the next state, without a `backward`."""
        x = validate.array("x", x, ("batch", self.input_size), self.dtype, allow_complex=True)
        x, h0, alive = self._check_forward(x[None], state, None)
        y, h, _ = self._run(x, h0, alive)
        validate.results("result", {"output": y, "state": h})
        return y[0], _state(h[0])

    def stream(self, state: Any = None, *, batch: int = 1) -> "SSMStream":
        """Return the layer as one that meets its inputs one by one."""
        return SSMStream(self, self.zero_state(batch) if state is None else state)

    def _check_forward(self, inputs: ArrayLike, state: Any, lengths: Any) -> tuple[Array, Array, Array]:
        validate.named("params", self.params, self._shapes)
        x = validate.array("inputs", inputs, ("seq_len", "batch", self.input_size), self.dtype, allow_complex=True)
        T, B = x.shape[:2]
        lengths = validate.lengths(lengths, T, B)
        alive = np.ones((T, 1), bool) if lengths is None else np.arange(T)[:, None] < lengths
        x = np.where(alive[:, :, None], x, 0)
        return x, self._check_state("state", state, B), alive[:, None, :, None]

    def _check_state(self, name: str, state: Any, batch: int) -> Array:
        parts = validate.state(name, self.zero_state(batch) if state is None else state, ("h_re", "h_im"))
        shape = (batch, self.hidden_size)
        re, im = (
            validate.array(part, value, shape, self.dtype, allow_complex=True)
            for part, value in zip(("h_re", "h_im"), parts, strict=True)
        )
        return _pair(re, im)

    def _check_backward(self, d_outputs: ArrayLike, d_state: Any) -> tuple[Array, Array, tuple[Array, ...]]:
        if self._cache is None:
            raise RuntimeError("backward: expected a call of forward first, got none")
        validate.named("params", self.params, self._shapes)
        x, _, alive, *_ = self._cache
        shape = (*x.shape[:2], self.output_size)
        d_y = validate.array("d_outputs", d_outputs, shape, self.dtype, allow_complex=True)
        return np.where(alive[:, 0], d_y, 0), self._check_state("d_state", d_state, x.shape[1]), self._cache


class SSMStream:
    """A `DiagonalSSM` that meets its inputs one by one and carries its state on.

    Parameters
    ----------
    layer : DiagonalSSM
        The layer.
    state : tuple of ndarray
        The state to begin with.
    """

    def __init__(self, layer: DiagonalSSM, state: Any) -> None:
        self.layer, self.state = layer, state

    def step(self, x: ArrayLike) -> Array:
        """Take one input (B, D) to its output (B, O)."""
        y, self.state = self.layer.step(x, self.state)
        return y


def _state(pair: Array) -> tuple[Array, ...]:
    re, im = pair
    return re.copy(), im.copy()


def _over_time(a: Array, b: Array) -> Array:
    """Return aᵀ b summed over steps and sequences, from (T, B, m) and (T, B, n) to (m, n)."""
    product: Array = a.reshape(-1, a.shape[-1]).T @ b.reshape(-1, b.shape[-1])
    return product
