"""Gradients by two routes that know nothing of the chain rule, and a layer's backward held against them."""

import copy
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.lstm import LSTMCell
from rnn.simple import SimpleRNN
from rnn.validate import Array

# Nothing is subtracted, so the step may be so small that its square vanishes: the error is rounding alone.
COMPLEX_STEP = 1e-30

# A difference of two rounded values is best at the cube root of the rounding error.
CENTRAL_STEP = float(np.cbrt(np.finfo(np.float64).eps))


def complex_step(f: Callable[[Array], ArrayLike], x: ArrayLike) -> Array:
    """Differentiate f at x by a step into the imaginary direction, exact to rounding.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape to a number or an array, analytically: through ``abs``, ``norm``, ``max``,
        ``clip`` and the like the method does not work. Where that shows, because f turns complex numbers into
        real ones, it is an error.
    x : array_like
        Where to differentiate; real floating-point numbers of any shape.

    Returns
    -------
    ndarray of shape ``f(x).shape + x.shape``

    Raises
    ------
    TypeError
        If x is not real floating-point, or f returns real numbers for complex ones.
    ValueError
        If x is empty or not finite.
    FloatingPointError
        If f returns numbers that are not finite.

    References
    ----------
    Squire & Trapp 1998, "Using complex variables to estimate derivatives of real functions".
    """
    x = validate.array("x", x, None)
    columns = []
    for index in np.ndindex(x.shape):
        nudged = x.astype(np.complex128)
        nudged[index] += 1j * COMPLEX_STEP
        columns.append(_complex_result(f(nudged)).imag / COMPLEX_STEP)
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


def central_difference(f: Callable[[Array], ArrayLike], x: ArrayLike, eps: float | None = None) -> Array:
    """Differentiate f at x by the difference of its values on both sides, good to about ten digits.

    Parameters
    ----------
    f : callable
        Takes an array of x's shape to a number or an array.
    x : array_like
        Where to differentiate; real floating-point numbers of any shape.
    eps : float, optional
        The step to each side; by default 6e-6, and in proportion for numbers above 1.

    Returns
    -------
    ndarray of shape ``f(x).shape + x.shape``

    Raises
    ------
    TypeError
        If x is not real floating-point, f returns complex numbers, or `eps` is not a number.
    ValueError
        If x is empty or not finite, or `eps` not above 0.
    FloatingPointError
        If f returns numbers that are not finite.
    """
    x = validate.array("x", x, None)
    step = CENTRAL_STEP if eps is None else validate.number("eps", eps, at_least=float(np.finfo(float).tiny))
    columns = []
    for index in np.ndindex(x.shape):
        h = step if eps is not None else step * max(1.0, float(abs(x[index])))
        ahead, behind = x.copy(), x.copy()
        ahead[index] += h
        behind[index] -= h
        columns.append((_real_result(f(ahead)) - _real_result(f(behind))) / (ahead[index] - behind[index]))
    return np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape)


def check(
    layer: SimpleRNN | LSTMCell,
    *,
    seq_len: int = 5,
    batch: int = 3,
    method: str | None = None,
    rng: np.random.Generator | None = None,
) -> dict[str, float]:
    """Compare a layer's backward with numerical gradients, for random inputs, states and loss weights.

    Parameters
    ----------
    layer : SimpleRNN or LSTMCell
        The layer, with the parameters it has. A copy is worked on, so that nothing about it changes.
    seq_len, batch : int
        How many steps (of a `SimpleRNN`) and sequences.
    method : {"complex", "central"}, optional
        `complex_step`, the default, or `central_difference`, the default for a rectifier.
    rng : numpy.random.Generator, optional
        Where the random numbers come from; fresh entropy by default.

    Returns
    -------
    dict of str to float
        For each parameter, input and initial state the largest error, relative to the largest gradient in it.
        About 1e-15 is good, 1e-9 for central differences, 1e-6 for a layer in float32.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    """
    validate.size("seq_len", seq_len)
    validate.size("batch", batch)
    rng = validate.generator(rng)
    if method not in (None, "complex", "central"):
        raise ValueError(f"method: expected 'complex' or 'central', got {method!r}")
    layer = copy.deepcopy(layer)
    if isinstance(layer, SimpleRNN):
        leaves, loss, grads = _simple_problem(layer, seq_len, batch, rng)
        method = method or ("central" if layer.nonlinearity == "relu" else "complex")
    elif isinstance(layer, LSTMCell):
        leaves, loss, grads = _lstm_problem(layer, batch, rng)
    else:
        raise TypeError(f"layer: expected a SimpleRNN or an LSTMCell, got {type(layer).__name__}")
    differentiate = central_difference if method == "central" else complex_step
    errors = {}
    for name, value in leaves.items():
        numerical = differentiate(lambda changed, name=name: loss({**leaves, name: changed}), value)  # type: ignore[misc]
        errors[name] = _relative_error(grads[name], numerical)
    return errors


Problem = tuple[dict[str, Array], Callable[[dict[str, Array]], ArrayLike], dict[str, Array]]


def _simple_problem(net: SimpleRNN, seq_len: int, batch: int, rng: np.random.Generator) -> Problem:
    inputs = rng.normal(size=(seq_len, batch, net.input_size)).astype(net.dtype)
    h0 = rng.normal(size=(batch, net.hidden_size)).astype(net.dtype)
    weights = rng.normal(size=(seq_len, batch, net.output_size)).astype(net.dtype)
    leaves = {**net.params, "inputs": inputs, "h0": h0}

    def loss(values: dict[str, Array]) -> ArrayLike:
        net.params = {name: values[name] for name in net.params}
        outputs, _ = net.forward(values["inputs"], h0=values["h0"])
        total: ArrayLike = np.sum(weights * outputs)
        return total

    loss(leaves)
    grads = net.backward(weights)
    return leaves, loss, {**grads, "inputs": net.d_inputs, "h0": net.d_h0}


def _lstm_problem(cell: LSTMCell, batch: int, rng: np.random.Generator) -> Problem:
    x = rng.normal(size=(batch, cell.input_size)).astype(cell.dtype)
    h, c, weights_h, weights_c = rng.normal(size=(4, batch, cell.hidden_size)).astype(cell.dtype)
    leaves = {**cell.params, "input_t": x, "hidden_state": h, "cell_state": c}

    def loss(values: dict[str, Array]) -> ArrayLike:
        cell.params = {name: values[name] for name in cell.params}
        h_new, c_new = cell.forward(values["input_t"], values["hidden_state"], values["cell_state"])
        total: ArrayLike = np.sum(weights_h * h_new) + np.sum(weights_c * c_new)
        return total

    loss(leaves)
    d_x, d_h, d_c, grads = cell.backward(weights_h, weights_c)
    return leaves, loss, {**grads, "input_t": d_x, "hidden_state": d_h, "cell_state": d_c}


def _relative_error(came: Array, expected: Array) -> float:
    error, largest = np.abs(came - expected).max(), np.abs(expected).max()
    return float(error / largest if largest > 0 else error)


def _complex_result(value: ArrayLike) -> Array:
    value = np.asarray(value)
    if value.dtype.kind != "c":
        raise TypeError(
            f"f: expected complex numbers for complex ones, got {value.dtype}; complex_step needs an analytic"
            " function (no abs, norm, max or clip), central_difference does not"
        )
    return validate.result("f(x)", value)


def _real_result(value: ArrayLike) -> Array:
    value = np.asarray(value)
    if value.dtype.kind not in "iuf":
        raise TypeError(f"f: expected real numbers, got {value.dtype}")
    return validate.result("f(x)", value.astype(float))
