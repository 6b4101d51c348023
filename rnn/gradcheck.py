"""Gradients by two routes that know nothing of the chain rule, and a layer's backward held against them."""

import copy
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.layer import Cell, Layer, State, leaves
from rnn.lstm import LSTMCell
from rnn.simple import SimpleRNN
from rnn.unrolled import flatten, seeds_of
from rnn.validate import Array, quiet

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


@quiet
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
    return validate.result("derivative", np.stack(columns, axis=-1).reshape(columns[0].shape + x.shape))


def check(
    layer: Any,
    *,
    seq_len: int = 5,
    batch: int = 3,
    method: str | None = None,
    lengths: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> dict[str, float]:
    """Compare the backward of a layer or cell with numerical gradients, for random inputs, states and loss weights.

    Parameters
    ----------
    layer : Layer, Cell, SimpleRNN or LSTMCell
        What to check, with the parameters it has. Copies are worked on, so that nothing about it changes, and
        that dropout, where there is any, drops the same numbers each time.
    seq_len, batch : int
        How many steps (not of a cell, which makes one) and sequences.
    method : {"complex", "central"}, optional
        `complex_step`, the default, or `central_difference`, the default where there is a rectifier.
    lengths : array_like of int (B,), optional
        The lengths of the sequences, for a layer that takes them.
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
    if method is not None:
        validate.choice("method", method, ("complex", "central"))
    layer = copy.deepcopy(layer)  # its dropout may draw from the same generator
    arguments, run = _problem(layer, seq_len, batch, lengths, rng)
    given = {**layer.params, **arguments}

    def results(values: dict[str, Array]) -> tuple[list[Array], Back]:
        other = copy.deepcopy(layer)
        params = other.params
        for name in params:
            params[name] = values[name]
        return run(other, values)

    values, back = results(given)
    weights = [rng.normal(size=value.shape).astype(value.dtype) for value in values]
    grads = back(weights)

    def loss(values: dict[str, Array]) -> Any:
        return sum(np.sum(weight * value) for weight, value in zip(weights, results(values)[0], strict=True))

    rectifies = any(getattr(part, "nonlinearity", None) == "relu" for part in _cells(layer))
    differentiate = central_difference if (method or (rectifies and "central")) == "central" else complex_step
    errors = {}
    for name, value in given.items():
        numerical = differentiate(lambda changed, name=name: loss({**given, name: changed}), value)  # type: ignore[misc]
        errors[name] = _relative_error(grads[name], numerical)
    return errors


# A problem: the arguments that a layer is differentiated for, by name, and a function that runs the layer with such
# arguments and returns its results, with a function from gradients for these to the gradients by name.
Back = Callable[[list[Array]], dict[str, Any]]
Run = Callable[[Any, dict[str, Array]], tuple[list[Array], Back]]
Problem = tuple[dict[str, Array], Run]


def _problem(layer: Any, seq_len: int, batch: int, lengths: Any, rng: np.random.Generator) -> Problem:
    if isinstance(layer, SimpleRNN):
        return _simple_problem(layer, seq_len, batch, rng)
    if isinstance(layer, LSTMCell):
        return _lstm_problem(layer, batch, rng)
    if isinstance(layer, Layer):
        return _layer_problem(layer, seq_len, batch, lengths, rng)
    if isinstance(layer, Cell):
        return _cell_problem(layer, batch, rng)
    raise TypeError(f"layer: expected a layer or a cell, got {type(layer).__name__}")


def _simple_problem(net: SimpleRNN, seq_len: int, batch: int, rng: np.random.Generator) -> Problem:
    inputs = rng.normal(size=(seq_len, batch, net.input_size)).astype(net.dtype)
    h0 = rng.normal(size=(batch, net.hidden_size)).astype(net.dtype)

    def run(net: SimpleRNN, values: dict[str, Array]) -> tuple[list[Array], Back]:
        outputs, _ = net.forward(values["inputs"], h0=values["h0"])
        return [outputs], lambda d: {**net.backward(d[0]), "inputs": net.d_inputs, "h0": net.d_h0}

    return {"inputs": inputs, "h0": h0}, run


def _lstm_problem(cell: LSTMCell, batch: int, rng: np.random.Generator) -> Problem:
    x = rng.normal(size=(batch, cell.input_size)).astype(cell.dtype)
    h, c = rng.normal(size=(2, batch, cell.hidden_size)).astype(cell.dtype)
    names = "input_t", "hidden_state", "cell_state"

    def run(cell: LSTMCell, values: dict[str, Array]) -> tuple[list[Array], Back]:
        def back(d: list[Array]) -> dict[str, Array]:
            *d_arguments, grads = cell.backward(*d)
            return {**grads, **dict(zip(names, d_arguments, strict=True))}

        return list(cell.forward(*(values[name] for name in names))), back

    return dict(zip(names, (x, h, c), strict=True)), run


def _cell_problem(cell: Any, batch: int, rng: np.random.Generator) -> Problem:
    like = cell.zero_state(batch)
    x = rng.normal(size=(batch, cell.input_size)).astype(getattr(cell, "dtype", float))

    def run(cell: Any, values: dict[str, Array]) -> tuple[list[Array], Back]:
        state, cache = cell.step(values["x"], _state_of(values, like))

        def back(d: list[Array]) -> dict[str, Array]:
            d_x, d_state, grads = cell.step_back(_nested(iter(d), like), cache)
            return {**grads, "x": d_x, **_named_state(d_state)}

        return list(flatten(state)), back

    return {"x": x, **_named_state(_random_like(like, rng))}, run


def _layer_problem(layer: Any, seq_len: int, batch: int, lengths: Any, rng: np.random.Generator) -> Problem:
    like = layer.zero_state(batch)
    first = next(leaves(layer))
    arguments, fixed = _named_state(_random_like(like, rng)), {}
    if hasattr(first, "vocabulary_size"):  # symbols, for which there is no gradient
        fixed["inputs"] = rng.integers(first.vocabulary_size, size=(seq_len, batch))
    else:
        inputs = rng.normal(size=(seq_len, *seeds_of(layer), batch, layer.input_size))
        arguments["inputs"] = inputs.astype(getattr(layer, "dtype", float))

    def run(layer: Any, values: dict[str, Array]) -> tuple[list[Array], Back]:
        inputs = (fixed | values)["inputs"]
        outputs, state = layer.forward(inputs, _state_of(values, like), lengths=lengths)

        def back(d: list[Array]) -> dict[str, Any]:
            d_inputs, d_state = layer.backward(d[0], _nested(iter(d[1:]), like))
            return {**layer.grads, "inputs": d_inputs, **_named_state(d_state)}

        return [outputs, *flatten(state)], back

    return arguments, run


def _named_state(state: State) -> dict[str, Array]:
    return {f"state{k}": part for k, part in enumerate(flatten(state))}


def _state_of(values: dict[str, Array], like: State) -> State:
    return _nested((values[f"state{k}"] for k in count()), like)


def _nested(arrays: Iterator[Array], like: State) -> State:
    """Give arrays the structure of the state `like`."""
    return tuple(_nested(arrays, part) if isinstance(part, tuple) else next(arrays) for part in like)


def _random_like(state: State, rng: np.random.Generator) -> State:
    return _nested((rng.normal(size=part.shape).astype(part.dtype) for part in flatten(state)), state)


def _cells(layer: Any) -> Iterator[Any]:
    """Yield the cells and layers in which a layer computes."""
    for leaf in leaves(layer):
        cell = getattr(leaf, "cell", leaf)
        yield from leaves(cell)


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
