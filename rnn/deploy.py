"""For a model that is done learning: weights of one byte each, and a watch over what it meets afterwards."""

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.layer import State
from rnn.validate import Array, quiet

# Weights of one byte


def quantised(W: ArrayLike) -> tuple[Array, Array]:
    """Return integers q from -127 to 127 and a scale for each column, so that ``q * scale`` is close to W.

    Every entry is the multiple of its column's scale that is nearest: ``|W - q * scale| <= scale / 2``.

    Parameters
    ----------
    W : array_like (..., D, H)
        A matrix, or several; a row for each input.

    Returns
    -------
    q : ndarray of int8 (..., D, H)
    scale : ndarray (..., H)
        The largest absolute value of each column, divided by 127; 1 for a column of zeros.

    Raises
    ------
    TypeError
        If the numbers are not float64 or float32.
    ValueError
        If there is no matrix, or a number is not finite.

    References
    ----------
    Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference".
    """
    single = getattr(getattr(W, "dtype", None), "itemsize", 8) == 4
    came = validate.array("W", W, None, np.float32 if single else np.float64)
    if came.ndim < 2:
        raise ValueError(f"W: expected a matrix, got the shape {came.shape}")
    # --8<-- [start:quantised]
    scale = np.abs(came).max(axis=-2) / 127
    scale = np.where(scale > 0, scale, 1).astype(came.dtype)
    return np.rint(came / scale[..., None, :]).astype(np.int8), scale
    # --8<-- [end:quantised]


def affine(x: ArrayLike, *, bits: int = 8) -> tuple[Array, float, int]:
    """Return whole numbers n, one scale s and a zero point z, so that ``s * (n - z)`` is close to x.

    The grid reaches from the smallest number to the largest, and to 0 if all lie on one side of it. Zero itself is
    on the grid, and ``|x - s * (n - z)| <= s / 2``.

    Parameters
    ----------
    x : array_like
        Numbers of any shape, such as inputs or states.
    bits : int
        How many bits a number gets, 2 to 16.

    Returns
    -------
    n : ndarray of int64
        From 0 to ``2**bits - 1``; of the shape of x.
    s : float
    z : int

    Raises
    ------
    TypeError, ValueError
        If the numbers are not finite floating-point numbers, or `bits` not such a whole number.

    References
    ----------
    Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
    inference", equation 1.
    """
    came, bits = validate.array("x", x, None), validate.size("bits", bits, at_least=2)
    if bits > 16:
        raise ValueError(f"bits: expected at most 16, got {bits}")
    # --8<-- [start:affine]
    low, high, last = min(came.min(), 0.0), max(came.max(), 0.0), 2**bits - 1
    s = (high - low) / last or 1.0
    z = round(-low / s)
    n = np.clip(np.rint(came / s).astype(int) + z, 0, last)
    # --8<-- [end:affine]
    return n, float(s), z


class Quantised:
    """A model whose matrices are kept as integers of one byte, with a scale for each column; for inference only.

    What is smaller is the file, and what has to be sent. The arithmetic is that of the model: `forward` and
    `stream` turn the integers into ``q * scale`` once and then run it. Biases, and all else that is not a
    matrix, stay as they are.

    Parameters
    ----------
    model : Layer or Cell
        The trained model; it stays as it is.

    Attributes
    ----------
    params : dict of str to ndarray
        Under the model's names int8 matrices and other weights, and under such a name with ``.scale`` appended
        the scales of a matrix. Assigning an array and writing into one both take effect.
    nbytes : int
        The bytes in `params`.

    Raises
    ------
    TypeError
        If it is neither a layer nor a cell, or a matrix is complex.
    ValueError
        If a matrix is not finite.
    """

    def __init__(self, model: Any) -> None:
        if not hasattr(model, "params"):
            raise TypeError(f"model: expected a layer or a cell, got {type(model).__name__}")
        self.model = copy.deepcopy(model)
        self.parts = (self.model,)
        self.params: dict[str, Array] = {}
        for name, value in model.params.items():
            if value.ndim < 2:
                self.params[name] = value.copy()
            else:
                self.params[name], self.params[f"{name}.scale"] = quantised(value)

    @property
    def input_size(self) -> int:
        """The number of features of an input."""
        return int(self.model.input_size)

    @property
    def output_size(self) -> int:
        """The number of features of an output."""
        return int(self.model.output_size)

    @property
    def nbytes(self) -> int:
        """The bytes in `params`."""
        return sum(value.nbytes for value in self.params.values())

    def restored(self) -> Any:
        """Return the model with the weights ``q * scale``."""
        for name in self.model.params:
            value, scale = self.params[name], self.params.get(f"{name}.scale")
            self.model.params[name] = value if scale is None else value * scale[..., None, :]
        return self.model

    def zero_state(self, batch: int) -> State:
        """Return the state in which a sequence begins."""
        state: State = self.model.zero_state(batch)
        return state

    def forward(self, inputs: Any, *args: Any, **options: Any) -> tuple[Array, Any]:
        """Run over inputs as the model does, and with the same arguments."""
        outputs, state = self.restored().forward(inputs, *args, **options)
        return outputs, state

    def stream(self, *args: Any, **options: Any) -> Any:
        """Return a stream as that of the model."""
        return self.restored().stream(*args, **options)


def quantise(model: Any) -> Quantised:
    """Return a copy of a trained model with its matrices in one byte a number.

    Parameters
    ----------
    model : Layer or Cell
        The model; it stays as it is.

    Returns
    -------
    Quantised

    Raises
    ------
    TypeError, ValueError
        As in `Quantised`.
    """
    return Quantised(model)


def quantisation_report(model: Any, inputs: Any, **options: Any) -> dict[str, float]:
    """Measure what quantisation saves, and what it changes in the outputs.

    Parameters
    ----------
    model : Layer
        The model as it is. Dropout should be switched off.
    inputs : array_like (T, B, D)
        Inputs such as it is used for.
    **options
        What else its `forward` takes: a state, lengths.

    Returns
    -------
    dict of str to float
        ``bytes_before`` and ``bytes_after`` of the weights; ``largest_error`` among the outputs, and
        ``relative_error``, the root mean square of the errors over that of the outputs.

    Raises
    ------
    TypeError, ValueError
        As in `Quantised` and the model's `forward`.
    """
    small = quantise(model)
    expected, _ = model.forward(inputs, **options)
    error = small.forward(inputs, **options)[0] - expected
    return {
        "bytes_before": sum(value.nbytes for value in model.params.values()),
        "bytes_after": small.nbytes,
        "largest_error": float(np.abs(error).max()),
        "relative_error": float(np.sqrt((error**2).mean() / max((expected**2).mean(), np.finfo(float).tiny))),
    }


# Drift: is what comes in, or goes out, still what it was?


def stability_index(reference: ArrayLike, sample: ArrayLike, *, bins: int = 10) -> float:
    """Return the population stability index, ``sum((q - p) * log(q / p))`` over the bins.

    Here p and q are the shares of the reference and of the sample in a bin. By a rule of thumb a value below 0.1
    is no drift, one above 0.25 much. It is the sum of the two Kullback-Leibler divergences between p and q.

    Parameters
    ----------
    reference, sample : array_like
        Numbers of any shape, taken together: those at training, and those now.
    bins : int
        How many, bounded by the quantiles of the reference; at least 2. Half a number is added to each bin, so
        that none is empty.

    Returns
    -------
    float
        0 or more.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not finite floating-point numbers, or `bins` not such a whole number.

    References
    ----------
    Kullback & Leibler 1951, "On information and sufficiency".
    Siddiqi 2006, "Credit risk scorecards", for the name and the rule.
    """
    bins = validate.size("bins", bins, at_least=2)
    past, now = validate.array("reference", reference, None), validate.array("sample", sample, None)
    # --8<-- [start:stability]
    edges = np.quantile(past, np.arange(1, bins) / bins)
    p, q = (_shares(values, edges) for values in (past, now))
    return float(((q - p) * np.log(q / p)).sum())
    # --8<-- [end:stability]


def _shares(values: Array, edges: Array) -> Array:
    counts = np.bincount(np.searchsorted(edges, values.ravel()), minlength=len(edges) + 1) + 0.5
    return np.asarray(counts / counts.sum())


def kolmogorov_smirnov(reference: ArrayLike, sample: ArrayLike) -> float:
    """Return the largest distance between the two distribution functions, from 0 to 1.

    Parameters
    ----------
    reference, sample : array_like
        Numbers of any shape, taken together.

    Returns
    -------
    float
        ``max |F(v) - G(v)|``, where F(v) and G(v) are the shares of numbers that are at most v.

    Raises
    ------
    TypeError, ValueError
        If the arrays are not finite floating-point numbers.

    References
    ----------
    Smirnov 1948, "Table for estimating the goodness of fit of empirical distributions".
    """
    past, now = (
        np.sort(validate.array(n, v, None), axis=None) for n, v in (("reference", reference), ("sample", sample))
    )
    at = np.concatenate([past, now])  # between these numbers neither function changes
    F, G = (np.searchsorted(values, at, side="right") / values.size for values in (past, now))
    return float(np.abs(F - G).max())


class Monitor:
    """Mean and variance of all that a stream has shown, and an alarm for what lies far from it.

    Parameters
    ----------
    size : int
        The number of features D, which are watched one by one.
    threshold : float
        How many standard deviations from the mean are too far.
    warm_up : int
        How many rows have to be seen before there can be an alarm; at least 2.

    Attributes
    ----------
    count : int
        How many rows have been learned from.
    mean : ndarray (D,)
        Their mean.

    Raises
    ------
    TypeError, ValueError
        If an argument is not such a number.

    References
    ----------
    Welford 1962, "Note on a method for calculating corrected sums of squares and products".
    """

    def __init__(self, size: int, *, threshold: float = 6.0, warm_up: int = 100) -> None:
        self.size = validate.size("size", size)
        self.threshold = validate.number("threshold", threshold, at_least=0)
        self.warm_up = validate.size("warm_up", warm_up, at_least=2)
        self.count = 0
        self.mean = np.zeros(self.size)
        self._squares = np.zeros(self.size)  # the sum of squared distances from the mean

    @property
    def variance(self) -> Array:
        """The variance of each feature (D,), with ``count - 1`` below the fraction; zeros at first."""
        return self._squares / max(self.count - 1, 1)

    @quiet
    def update(self, x: ArrayLike) -> None:
        """Learn from rows x (B, D), one after the other, by Welford's method: no large numbers cancel."""
        count, mean, squares = self.count, self.mean, self._squares
        for row in self._checked(x):
            count += 1
            before = row - mean
            mean = mean + before / count
            squares = squares + before * (row - mean)
        validate.results("x", {"mean": mean, "squares": squares})
        self.count, self.mean, self._squares = count, mean, squares

    @quiet
    def z_scores(self, x: ArrayLike) -> Array:
        """Return (x - mean) / standard deviation for rows x (B, D); infinite off a mean without deviation."""
        difference = self._checked(x) - self.mean
        return np.where(difference == 0, 0, difference / np.sqrt(self.variance))

    def step(self, x: ArrayLike) -> Array:
        """Return which of the rows x (B, D) raise an alarm, as bool (B,), and learn from the others."""
        x = self._checked(x)
        far = np.abs(self.z_scores(x)) > self.threshold
        alarm: Array = np.any(far, axis=1) & (self.count >= self.warm_up)
        if not alarm.all():
            self.update(x[~alarm])
        return alarm

    def _checked(self, x: ArrayLike) -> Array:
        return validate.array("x", x, ("batch", self.size))
