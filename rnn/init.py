"""Initial weights: how large random numbers should be so that signals keep their size.

Every function but `chrono` returns a weight as the code holds it, of shape ``(inputs, outputs)``.
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
    # --8<-- [start:orthogonal]
    gaussian = _check_rng(rng).normal(size=(max(inputs, outputs), min(inputs, outputs)))
    q, r = np.linalg.qr(gaussian)
    # QR alone favours certain signs; with those of R's diagonal the columns are uniform (the Haar measure).
    q = q * np.sign(np.diag(r))
    return gain * (q if inputs >= outputs else q.T)
    # --8<-- [end:orthogonal]


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


def sparse(shape: tuple[int, int], rng: np.random.Generator, *, incoming: int = 15, std: float = 1.0) -> Array:
    """Draw normal weights, of which each output keeps only a few.

    Parameters
    ----------
    shape : (int, int)
        The number of inputs and of outputs.
    rng : numpy.random.Generator
        The source of randomness.
    incoming : int
        How many inputs each output is connected to, the others' weights being 0.
    std : float
        The standard deviation of the weights that are not.

    Returns
    -------
    ndarray of `shape`

    Raises
    ------
    TypeError, ValueError
        If `shape` is not two whole numbers of at least 1, `incoming` not one from 1 to the number of inputs,
        `std` not a finite number of at least 0, or `rng` not a generator.

    References
    ----------
    Martens 2010, "Deep learning via Hessian-free optimization".
    """
    inputs, outputs = _check_shape(shape)
    if validate.size("incoming", incoming) > inputs:
        raise ValueError(f"incoming: expected at most the {inputs} inputs there are, got {incoming}")
    std, rng = validate.number("std", std, at_least=0), _check_rng(rng)
    kept = rng.permuted(np.arange(inputs)[:, np.newaxis] < np.full(outputs, incoming), axis=0)
    weights: Array = kept * rng.normal(0, std, size=(inputs, outputs))
    return weights


def rescaled(weights: Array, spectral_radius: float) -> Array:
    """Return a multiple of square weights whose eigenvalues reach as far from 0 as wanted.

    Parameters
    ----------
    weights : array_like (H, H)
        The weights.
    spectral_radius : float
        The modulus that the largest eigenvalue should have, at least 0.

    Returns
    -------
    ndarray (H, H)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or all eigenvalues are 0.
    """
    weights = validate.array("weights", weights, ("hidden", "hidden"))
    if weights.shape[0] != weights.shape[1]:
        raise ValueError(f"weights: expected a square matrix, got {weights.shape}")
    spectral_radius = validate.number("spectral_radius", spectral_radius, at_least=0)
    weights = weights / (np.abs(weights).max() or 1.0)  # so that nothing overflows
    radius = float(np.abs(np.linalg.eigvals(weights)).max())
    if radius == 0:
        raise ValueError("weights: expected an eigenvalue other than 0, got none")
    return weights * (spectral_radius / radius)


def chrono(hidden_size: int, longest: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Draw biases with which the gates of an LSTM begin by remembering for 1 to `longest` steps.

    Parameters
    ----------
    hidden_size : int
        The number of units H.
    longest : float
        About how many steps apart things are that belong together, T_max; at least 2.
    rng : numpy.random.Generator
        The source of randomness.

    Returns
    -------
    b_f, b_i : ndarray (H,)
        The logarithms of numbers uniform between 1 and longest - 1, and minus these. For a GRU whose update gate
        keeps the state, b_f is for ``b_z``; where it replaces the state, b_i is.

    Raises
    ------
    TypeError, ValueError
        If `hidden_size` is not a whole number of at least 1, `longest` not a number of at least 2, or `rng` not a
        generator.

    References
    ----------
    Tallec & Ollivier 2018, "Can recurrent neural networks warp time?".
    """
    longest = validate.number("longest", longest, at_least=2)
    b_f = np.log(_check_rng(rng).uniform(1, longest - 1, size=validate.size("hidden_size", hidden_size)))
    return b_f, -b_f


def _check_shape(shape: tuple[int, int]) -> tuple[int, int]:
    inputs, outputs = validate.state("shape", shape, ("inputs", "outputs"))
    return validate.size("shape[0]", inputs), validate.size("shape[1]", outputs)


def _check_rng(rng: np.random.Generator) -> np.random.Generator:
    if rng is None:
        raise TypeError("rng: expected a numpy.random.Generator, got None; try np.random.default_rng(0)")
    return validate.generator(rng)
