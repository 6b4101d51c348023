"""Initial weights: how large random numbers should be so that signals keep their size.

Every function returns a weight as the code holds it, of shape ``(inputs, outputs)``.
"""

import numpy as np

from rnn import validate
from rnn.validate import Array


def xavier(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Draw weights uniformly with variance 2 / (inputs + outputs), for layers with tanh.

    Parameters
    ----------
    shape : (int, int)
        The number of inputs and of outputs.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    ndarray of `shape`
        Numbers between plus and minus sqrt(6 / (inputs + outputs)).

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two whole numbers of at least 1, or `rng` is not a generator.

    References
    ----------
    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """
    inputs, outputs = _check_shape(shape)
    limit = np.sqrt(6 / (inputs + outputs))
    return _check_rng(rng).uniform(-limit, limit, size=(inputs, outputs))


def he(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Draw normal weights with variance 2 / inputs, for layers with a rectifier.

    Parameters
    ----------
    shape : (int, int)
        The number of inputs and of outputs.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    ndarray of `shape`

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two whole numbers of at least 1, or `rng` is not a generator.

    References
    ----------
    He et al. 2015, "Delving deep into rectifiers".
    """
    inputs, outputs = _check_shape(shape)
    return _check_rng(rng).normal(0, np.sqrt(2 / inputs), size=(inputs, outputs))


def orthogonal(shape: tuple[int, int], rng: np.random.Generator, gain: float = 1.0) -> Array:
    """Draw a matrix that keeps all lengths, uniformly among all that do.

    Parameters
    ----------
    shape : (int, int)
        The number of inputs and of outputs. When they differ, the shorter side is orthonormal.
    rng : numpy.random.Generator
        The source of randomness.
    gain : float
        The factor by which lengths change.

    Returns
    -------
    ndarray of `shape`

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two whole numbers of at least 1, `rng` no generator or `gain` not a finite number.

    References
    ----------
    Saxe et al. 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """
    inputs, outputs = _check_shape(shape)
    gain = validate.number("gain", gain)
    gaussian = _check_rng(rng).normal(size=(max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(gaussian)
    # QR alone favours certain signs; with those of R's diagonal the columns are uniform (the Haar measure).
    q = q * np.sign(np.diag(r))
    return gain * (q if inputs >= outputs else q.T)


def identity(shape: tuple[int, int], scale: float = 1.0) -> Array:
    """Return a multiple of the identity, with which a rectifier network starts by remembering.

    Parameters
    ----------
    shape : (int, int)
        The number of inputs and of outputs, which must be equal.
    scale : float
        The number on the diagonal.

    Returns
    -------
    ndarray of `shape`

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two equal whole numbers of at least 1, or `scale` not a finite number.

    References
    ----------
    Le, Jaitly & Hinton 2015, "A simple way to initialize recurrent networks of rectified linear units".
    """
    inputs, outputs = _check_shape(shape)
    if inputs != outputs:
        raise ValueError(f"shape: expected a square shape, got {(inputs, outputs)}")
    return validate.number("scale", scale) * np.eye(inputs)


def _check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    inputs, outputs = validate.state("shape", shape, ("inputs", "outputs"))
    return validate.size("shape[0]", inputs), validate.size("shape[1]", outputs)


def _check_rng(rng: np.random.Generator) -> np.random.Generator:
    if rng is None:
        raise TypeError("rng: expected a numpy.random.Generator, got None; try np.random.default_rng(0)")
    return validate.generator(rng)
