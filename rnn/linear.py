"""Weights without a memory: for the features of each step, or for symbols."""

import numpy as np
from numpy.typing import DTypeLike

from rnn import init, validate
from rnn.pointwise import Pointwise
from rnn.validate import Array


class Linear(Pointwise):
    """The same weights at every step: ``y = x @ W + b``.

    Parameters
    ----------
    input_size, output_size : int
        The sizes D and O.
    seeds : int, optional
        The number K of independent networks: then inputs are (T, K, B, D), outputs (T, K, B, O), and every
        parameter has a first axis of K.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        ``W`` (D, O), ``b`` (O,).
    grads : dict of str to ndarray
        The gradients of the last `backward`, under the same keys. Empty before.

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number of at least 1, `rng` not a generator, or `dtype` not float64 or float32.
    """

    def __init__(
        self,
        input_size: int,
        output_size: int,
        *,
        seeds: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        D, O = validate.size("input_size", input_size), validate.size("output_size", output_size)
        self.seeds = None if seeds is None else validate.size("seeds", seeds)
        dtype, rng = validate.float_dtype(dtype), validate.generator(rng)
        W = np.stack([init.xavier((D, O), rng) for _ in range(self.seeds or 1)])
        b = np.zeros((len(W), O))
        super().__init__(D, O, {"W": W, "b": b} if self.seeds else {"W": W[0], "b": b[0]}, dtype)

    def _check(self, name: str, value: object, steps: tuple[str, ...]) -> Array:
        seeds = (self.seeds,) if self.seeds else ()
        shape: validate.Shape = (*steps, *seeds, "batch", self.input_size)
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _apply(self, inputs: Array) -> tuple[Array, Array]:
        outputs = self._rows(inputs) @ self.params["W"] + self.params["b"][..., None, :]
        return self._steps(outputs, inputs.shape), inputs

    def _apply_back(self, d_outputs: Array, inputs: Array) -> tuple[Array, dict[str, Array]]:
        x, d_y = self._rows(inputs), self._rows(d_outputs)
        d_x = d_y @ self.params["W"].swapaxes(-1, -2)
        return self._steps(d_x, inputs.shape), {"W": x.swapaxes(-1, -2) @ d_y, "b": d_y.sum(axis=-2)}

    def _rows(self, values: Array) -> Array:
        """Write all steps and sequences below each other, (T B, features) or (K, T B, features)."""
        features = values.shape[-1]
        return values.swapaxes(0, 1).reshape(self.seeds, -1, features) if self.seeds else values.reshape(-1, features)

    def _steps(self, rows: Array, shape: tuple[int, ...]) -> Array:
        """Undo `_rows`, for values that were of `shape` but for the features."""
        if self.seeds:
            return rows.reshape(self.seeds, shape[0], shape[2], -1).swapaxes(0, 1)
        return rows.reshape(*shape[:-1], -1)


class Embedding(Pointwise):
    """A vector for each symbol of a vocabulary: row k of ``E`` for symbol k.

    It is a `Linear` layer for inputs that have a single 1, without the multiplications by 0.

    Parameters
    ----------
    vocabulary_size : int
        The number V of symbols; inputs are whole numbers (T, B) from 0 to V - 1.
    size : int
        The length of a vector.
    rng : numpy.random.Generator, optional
        Where the initial vectors come from, normal numbers of variance 1; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the outputs.

    Attributes
    ----------
    params : dict of str to ndarray
        ``E`` (V, size).
    grads : dict of str to ndarray
        The gradient of the last `backward`, under the same key. Empty before.

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number of at least 1, `rng` not a generator, or `dtype` not float64 or float32.

    Notes
    -----
    Whole numbers have no gradient: the first result of `backward` is None.
    """

    def __init__(
        self,
        vocabulary_size: int,
        size: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.vocabulary_size = validate.size("vocabulary_size", vocabulary_size)
        size, dtype = validate.size("size", size), validate.float_dtype(dtype)
        E = validate.generator(rng).normal(size=(self.vocabulary_size, size))
        super().__init__(self.vocabulary_size, size, {"E": E}, dtype)

    def _check(self, name: str, value: object, steps: tuple[str, ...]) -> Array:
        # A last axis of one makes room for the features.
        return validate.indices(name, value, (*steps, "batch"), self.vocabulary_size)[..., None]

    def _apply(self, inputs: Array) -> tuple[Array, Array]:
        return self.params["E"][inputs[..., 0]], inputs[..., 0]

    def _apply_back(self, d_outputs: Array, symbols: Array) -> tuple[None, dict[str, Array]]:
        d_E = np.zeros(self._shapes["E"], d_outputs.dtype)
        np.add.at(d_E, symbols, d_outputs)
        return None, {"E": d_E}
