"""Layers that treat each step by itself and carry nothing on; what stands between other layers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import validate
from rnn.validate import Array, quiet


class Pointwise:
    """What layers have in common that treat each step by itself: their state is ``()``.

    A subclass says what inputs it takes (`_check`), what it makes of them, with a cache for the way back
    (`_apply`), and how gradients go back (`_apply_back`).

    Parameters
    ----------
    input_size, output_size : int
        The numbers of features, D and O.
    params : dict of str to ndarray
        The initial parameters.
    dtype : data type
        float64 or float32.
    """

    def __init__(self, input_size: int, output_size: int, params: dict[str, Array], dtype: DTypeLike) -> None:
        self.input_size, self.output_size = input_size, output_size
        self.dtype = validate.float_dtype(dtype)
        self.params: dict[str, Array] = {name: value.astype(self.dtype) for name, value in params.items()}
        self.grads: dict[str, Array] = {}
        self._shapes = {name: value.shape for name, value in params.items()}
        self._last: tuple[Any, Array, tuple[int, ...]] | None = None  # what backward needs of the last forward

    def zero_state(self, batch: int) -> tuple[()]:
        """Return ``()``: nothing is carried."""
        validate.size("batch", batch)
        return ()

    @quiet
    def forward(
        self, inputs: ArrayLike, state: tuple[()] | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[Array, tuple[()]]:
        """Take inputs (T, B, D) to outputs (T, B, O), which are 0 beyond a sequence's end, and ``()``."""
        validate.named("params", self.params, self._shapes)
        inputs = self._check("inputs", inputs, ("seq_len",))
        _check_no_state("state", state)
        beyond = steps_beyond(inputs.shape, lengths)
        inputs[beyond] = 0
        outputs, cache = self._apply(inputs)
        outputs[beyond] = 0
        validate.result("outputs", outputs)
        self._last = cache, beyond, outputs.shape
        return outputs, ()

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: tuple[()] | None = None) -> tuple[Any, tuple[()]]:
        """Take the gradient for the last outputs (T, B, O) back: to the inputs (T, B, D) and to `grads`."""
        if self._last is None:
            raise RuntimeError("backward: expected a call of forward first, got none")
        validate.named("params", self.params, self._shapes)
        cache, beyond, shape = self._last
        d_outputs = validate.array("d_outputs", d_outputs, shape, self.dtype, allow_complex=True)
        _check_no_state("d_state", d_state)
        d_outputs[beyond] = 0
        d_inputs, grads = self._apply_back(d_outputs, cache)
        validate.results("gradient", grads if d_inputs is None else {"inputs": d_inputs} | grads)
        self.grads = grads
        return d_inputs, ()

    def stream(self, state: tuple[()] | None = None, *, batch: int = 1) -> "PointwiseStream":
        """Return the layer as one that meets its inputs (B, D) one by one, as after training."""
        _check_no_state("state", state)
        validate.size("batch", batch)
        return PointwiseStream(self)

    def _check(self, name: str, value: object, steps: tuple[str, ...]) -> Array:
        """Return a checked copy of inputs (T, B, D), or of one step's, when `steps` is empty."""
        shape: validate.Shape = (*steps, "batch", self.input_size)
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _apply(self, inputs: Array) -> tuple[Array, Any]:
        raise NotImplementedError

    def _apply_back(self, d_outputs: Array, cache: Any) -> tuple[Any, dict[str, Array]]:
        raise NotImplementedError

    def _infer(self, inputs: Array) -> Array:
        return self._apply(inputs)[0]


def steps_beyond(shape: tuple[int, ...], lengths: object) -> Array:
    """Return (T, B) of bool: which steps of values (T, B, features) lie beyond their sequence's end."""
    seq_len, *batch = shape[:-1]
    ends = validate.lengths(lengths, seq_len, tuple(batch))
    times: Array = np.indices((seq_len, *batch))[0]
    return np.greater_equal(times, seq_len if ends is None else ends)


class PointwiseStream:
    """A `Pointwise` layer that meets its inputs one by one.

    Parameters
    ----------
    layer : Pointwise
        The layer, whose parameters it shares.
    """

    state: tuple[()] = ()

    def __init__(self, layer: Pointwise) -> None:
        self._layer = layer

    @quiet
    def step(self, x: ArrayLike) -> Array:
        """Take one input x (B, D) to its output (B, O)."""
        validate.named("params", self._layer.params, self._layer._shapes)
        return validate.result("y", self._layer._infer(self._layer._check("x", x, ())[None])[0])


class LayerNorm(Pointwise):
    """Numbers of mean 0 and variance 1, over the features of each step, then scaled: ``y = g * x_hat + b``.

    Parameters
    ----------
    size : int
        The number of features.
    eps : float
        What is added to the variance, so that nothing is divided by 0.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        ``g`` (size,), ones at first, and ``b`` (size,), zeros.
    grads : dict of str to ndarray
        The gradients of the last `backward`, under the same keys. Empty before.

    Raises
    ------
    TypeError, ValueError
        If `size` is not a whole number of at least 1, `eps` not a number above 0, or `dtype` not a float type.

    References
    ----------
    Ba, Kiros & Hinton 2016, "Layer normalization".
    """

    def __init__(self, size: int, *, eps: float = 1e-5, dtype: DTypeLike = np.float64) -> None:
        size = validate.size("size", size)
        super().__init__(size, size, {"g": np.ones(size), "b": np.zeros(size)}, dtype)
        self.eps = validate.number("eps", eps, at_least=float(np.finfo(self.dtype).tiny))

    # --8<-- [start:layer-norm]
    def _apply(self, inputs: Array) -> tuple[Array, Any]:
        centred = inputs - inputs.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self.eps)
        x_hat = centred / deviation
        return self.params["g"] * x_hat + self.params["b"], (x_hat, deviation)

    def _apply_back(self, d_outputs: Array, cache: Any) -> tuple[Array, dict[str, Array]]:
        x_hat, deviation = cache
        d_x_hat = d_outputs * self.params["g"]
        # A part along the ones, or along x_hat, moves the mean or the variance alone, and is taken out again.
        shift, stretch = (part.mean(axis=-1, keepdims=True) for part in (d_x_hat, d_x_hat * x_hat))
        d_inputs = (d_x_hat - shift - x_hat * stretch) / deviation
        every = tuple(range(d_outputs.ndim - 1))
        return d_inputs, {"g": (d_outputs * x_hat).sum(axis=every), "b": d_outputs.sum(axis=every)}

    # --8<-- [end:layer-norm]


class Dropout(Pointwise):
    """In training, numbers that are 0 with a probability, and the others divided by what is left.

    Parameters
    ----------
    rate : float
        The probability, from 0 up to but not 1.
    size : int
        The number of features.
    variational : bool
        Whether one draw for each sequence holds for all its steps, instead of one for each step.
    rng : numpy.random.Generator, optional
        Where the draws come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the computation.

    Attributes
    ----------
    training : bool
        Whether there is dropout; without, and in a stream, the outputs are the inputs.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.

    References
    ----------
    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".
    Gal & Ghahramani 2016, "A theoretically grounded application of dropout in recurrent neural networks", for
    the variational form.
    """

    def __init__(
        self,
        rate: float,
        size: int,
        *,
        variational: bool = False,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.rate = check_rate("rate", rate)
        self.variational = validate.flag("variational", variational)
        self.training = True
        self._rng = validate.generator(rng)
        size = validate.size("size", size)
        super().__init__(size, size, {}, dtype)

    def _apply(self, inputs: Array) -> tuple[Array, Any]:
        if not self.training:
            return inputs, 1
        shape = (1, *inputs.shape[1:]) if self.variational else inputs.shape
        kept = draw_kept(self._rng, self.rate, shape, self.dtype)
        return inputs * kept, kept

    def _apply_back(self, d_outputs: Array, kept: Any) -> tuple[Array, dict[str, Array]]:
        return d_outputs * kept, {}

    def _infer(self, inputs: Array) -> Array:
        return inputs


def _check_no_state(name: str, value: object) -> None:
    if value is not None and not (isinstance(value, tuple) and not value):
        came = f"a tuple of {len(value)}" if isinstance(value, tuple) else type(value).__name__
        raise TypeError(f"{name}: expected the empty tuple (), got {came}")


# --8<-- [start:draw-kept]
def draw_kept(rng: np.random.Generator, rate: float, shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Draw the factors of dropout: 0 with probability `rate`, else what keeps the mean at 1."""
    return np.asarray((rng.random(shape) >= rate) / (1 - rate), dtype)


# --8<-- [end:draw-kept]


def check_rate(name: str, rate: float) -> float:
    """Return `rate` if it is a probability from 0 up to but not 1."""
    rate = validate.number(name, rate, at_least=0)
    if rate >= 1:
        raise ValueError(f"{name}: expected a number below 1, got {rate:g}")
    return rate
