"""The layers RNN, LSTM and GRU: whole sequences at once, as fast as NumPy allows, and equal to loops over their cells.

Here is what surrounds the computation: arguments, parameters, results. The computation itself, and why it is fast, is
in `rnn.runs`.
"""

import cmath
import contextvars
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import validate
from rnn.gru import GRUCell
from rnn.layer import Params, State
from rnn.lstm import LSTMCell
from rnn.runs import GRUBeforeRun, GRURun, LSTMRun, RNNRun, Run
from rnn.simple import ElmanCell
from rnn.validate import Array, quiet


def surely_finite(x: Array) -> bool:
    """Tell quickly that all numbers are finite; False means that it takes a closer look."""
    flat = x.reshape(-1)
    return cmath.isfinite(flat.dot(flat))


class Recurrent:
    """What the three layers share: arguments in, results out, and the memory in between."""

    run: type[Run]
    columns: str  # of F, a letter for each H of them
    state_parts: tuple[str, ...] = ("h",)

    def __init__(self, make_cell: Callable[[], Any], seeds: int | None) -> None:
        self.seeds = None if seeds is None else validate.size("seeds", seeds)
        self.lead = () if self.seeds is None else (self.seeds,)
        self.cell, *others = [make_cell() for _ in range(math.prod(self.lead))]
        if self.lead:
            params = [cell.params for cell in (self.cell, *others)]
            self.cell.params = {name: np.stack([p[name] for p in params]) for name in params[0]}
        self.input_size: int = self.cell.input_size
        self.hidden_size: int = self.cell.hidden_size
        self.dtype: np.dtype[Any] = self.cell.dtype
        self.grads: dict[str, Array] = {}
        self._shapes = {name: value.shape for name, value in self.params.items()}
        self._places = {name: self._place(name) for name in self._shapes}
        self._run: Run | None = None

    @property
    def output_size(self) -> int:
        """The number H of features of an output."""
        return self.hidden_size

    @property
    def params(self) -> Params:
        """The weights, which are also the cell's; assigning one and writing into one both take effect."""
        params: Params = self.cell.params
        return params

    @params.setter
    def params(self, values: Params) -> None:
        self.cell.params = values

    def __getstate__(self) -> dict[str, Any]:
        """Leave out of copies and pickles the memory of a run, whose arrays are views of each other."""
        return {**self.__dict__, "_run": None}

    def zero_state(self, batch: int) -> State:
        """Return the state in which a sequence begins: zeros (B, H) for each part."""
        shape = (*self.lead, validate.size("batch", batch), self.hidden_size)
        return tuple(np.zeros(shape, self.dtype) for _ in self.state_parts)

    @quiet
    def forward(
        self, inputs: ArrayLike, state: State | None = None, *, lengths: ArrayLike | None = None
    ) -> tuple[Array, State]:
        """Run over a sequence.

        Parameters
        ----------
        inputs : array_like (T, B, D)
            The inputs; (T, K, B, D) for K seeds, and so on.
        state : tuple of array_like (B, H), optional
            The state before the first step; zeros by default.
        lengths : array_like of int (B,), optional
            The number of steps of each sequence; T by default. What the inputs hold beyond has no effect.

        Returns
        -------
        outputs : ndarray (T, B, H)
            The h of each step; zeros beyond the end of a sequence.
        state : tuple of ndarray (B, H)
            The state at the end of each sequence.

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter is not made of floating-point numbers, has another shape, or holds NaN or
            infinity.
        FloatingPointError
            If a result overflows. Then there is no last forward any more; all else is left as it was, and after the
            other errors everything is.
        """
        x = self._array("inputs", inputs, ("seq_len", *self.lead, "batch", self.input_size))
        T, B = len(x), x.shape[-2]
        start = self._state("state", state, B)
        ends = validate.lengths(lengths, T, (*self.lead, B))
        F = self._fused()
        dtype = _common_dtype(self.dtype, x, F, *start)
        run, self._run = self._run, None
        if run is None or run.X.shape[:-1] != (T, *self.lead, B) or run.dtype != dtype:
            run = self.run(self, T, B, dtype)
        run.F, run.past, run.ends = F, None, (T,)
        run.load()
        run.X[..., 1:] = x
        run.begin(start)
        run.forward(*run.all)
        if ends is not None:
            run.ends = (ends, *np.indices(ends.shape))
            run.past = np.arange(T).reshape(T, *(1 for _ in ends.shape)) >= ends
        end = run.state(run.ends)
        if run.past is not None:
            run.freeze(run.past)
        outputs = run.outputs()
        self._check_results(outputs=outputs, **dict(zip(self.state_parts, end, strict=True)))
        self._run = run
        return outputs, end

    @quiet
    def backward(self, d_outputs: ArrayLike, d_state: State | None = None) -> tuple[Array, State]:
        """Turn the gradients for the results of the last forward into those for its arguments and `params`.

        Parameters
        ----------
        d_outputs : array_like (T, B, H)
            The gradient for the outputs. Beyond the end of a sequence it has no effect.
        d_state : tuple of array_like (B, H), optional
            That for the state at the end; zeros by default.

        Returns
        -------
        d_inputs : ndarray (T, B, D)
        d_state : tuple of ndarray (B, H)
            The gradient for the state before the first step.

        Raises
        ------
        RuntimeError
            If there has been no forward.
        TypeError, ValueError, FloatingPointError
            As in `forward`; the layer is left as it was.
        """
        run = self._run
        if run is None:
            raise RuntimeError("backward: expected a call of forward first, got none")
        e = self._array("d_outputs", d_outputs, (run.T, *run.shape))
        d_end = self._state("d_state", d_state, run.B)
        if _common_dtype(run.dtype, e, *d_end) != run.dtype:
            raise TypeError("d_outputs: expected real numbers after a forward in real numbers, got complex128")
        d_inputs, d_start, dF = run.back(e, d_end)
        self._check_results(d_inputs=d_inputs, **{f"d_{n}": d for n, d in zip(self.state_parts, d_start, strict=True)})
        grads = self._parted(dF)
        if not surely_finite(dF):
            validate.results("grads", grads)
        self.grads = grads
        return d_inputs, d_start

    @quiet
    def stream(self, state: State | None = None, *, batch: int = 1) -> "_Stream":
        """Return what takes inputs one step at a time, with the weights that the layer has now.

        Parameters
        ----------
        state : tuple of array_like (B, H), optional
            The state to begin with; zeros by default.
        batch : int
            The number B of sequences; a state says it by itself.

        Returns
        -------
        Stream
            Its ``step(x)`` takes x (B, D) to the output (B, H), its ``state`` is the state after that.

        Raises
        ------
        TypeError, ValueError
            If an argument or a parameter does not fit.
        """
        return _Stream(self, state, batch)

    def _place(self, name: str) -> Any:
        """Return where a parameter stands in F: the rows are those of h, 1 and x, the columns those of its gate."""
        H, column = self.hidden_size, self.columns.index(self._column(name)) * self.hidden_size
        rows = {"W_h": slice(H), "W_x": slice(H + 1, None)}.get(name[:3], H)
        return ..., rows, slice(column, column + H)

    def _joined(self, params: Params) -> Array:
        """Return F (..., R, G H), all parameters in one matrix."""
        H, columns = self.hidden_size, len(self.columns) * self.hidden_size
        F = np.zeros((*self.lead, H + 1 + self.input_size, columns), _common_dtype(self.dtype, *params.values()))
        for name, place in self._places.items():
            F[place] = params[name]
        return F

    def _parted(self, dF: Array) -> dict[str, Array]:
        """Return the parts of a gradient for F by name."""
        return {name: dF[place] for name, place in self._places.items()}

    def _column(self, name: str) -> str:
        """Return the letter of the columns in which a parameter stands."""
        return name[-1]

    def _fused(self) -> Array:
        """Return F after checking the parameters, each by itself only where the whole looks wrong."""
        params = self.params
        shapes = {name: getattr(value, "shape", None) for name, value in params.items()}
        if shapes != self._shapes or {value.dtype for value in params.values()} != {self.dtype}:
            validate.named("params", params, self._shapes)
        F = self._joined(params)
        if not surely_finite(F):
            for name, value in params.items():  # what is finite may still not fit into float32
                validate.array(f"params[{name!r}]", value, None, self.dtype, allow_complex=True)
        return F

    def _array(self, name: str, value: Any, shape: validate.Shape) -> Array:
        """Return `value` itself where it is as it should be, else a checked copy."""
        if isinstance(value, np.ndarray) and value.dtype is self.dtype:
            sizes = zip(value.shape, shape, strict=False)
            fits = value.shape == shape or (
                value.ndim == len(shape)
                and all(came == size or (came and isinstance(size, str)) for came, size in sizes)
            )
            if fits and surely_finite(value):
                return value
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _state(self, name: str, value: object, batch: int | str) -> State:
        if value is None:
            return tuple(np.zeros((*self.lead, batch, self.hidden_size), self.dtype) for _ in self.state_parts)
        names = [name.removesuffix("state") + part for part in self.state_parts]
        parts = validate.state(name, value, tuple(names))
        shape: validate.Shape = (*self.lead, batch, self.hidden_size)
        checked = []
        for n, part in zip(names, parts, strict=True):
            checked.append(self._array(n, part, shape))
            shape = checked[0].shape
        return tuple(checked)

    def _check_results(self, **results: Array) -> None:
        for name, value in results.items():
            if not surely_finite(value):
                validate.result(name, value)


def _common_dtype(dtype: np.dtype[Any], *values: Array) -> np.dtype[Any]:
    """Return complex128 if one of `values` is complex, else `dtype`."""
    return np.dtype(np.complex128) if any(value.dtype.kind == "c" for value in values) else dtype


class _Stream:
    """What a layer's `stream` returns.

    Attributes
    ----------
    state : tuple of ndarray (B, H)
        The state after the last step, a copy.
    """

    def __init__(self, layer: Recurrent, state: State | None, batch: int) -> None:
        start = layer.zero_state(batch) if state is None else layer._state("state", state, "batch")
        F = layer._fused()
        dtype = _common_dtype(layer.dtype, F, *start)
        self._run = run = layer.run(layer, 2, start[0].shape[-2], dtype, ring=True)
        run.F = F
        run.load()
        run.X[..., 1:] = 0
        run.h[...] = 0
        run.begin(start)
        self._now = 0
        self._turns = [(run.X[k, ..., 1:], run.h[1 - k], run.views(slice(k, k + 1))) for k in (0, 1)]
        self._x = self._turns[0][0]
        self._watched = [(flat, np.zeros_like(flat)) for flat in run.memory]
        # A context of its own, in which NumPy gives no warnings, is entered in a tenth of the time of np.errstate.
        self._quietly = contextvars.copy_context()
        self._quietly.run(np.seterr, all="ignore")

    @property
    def state(self) -> State:
        return self._run.state((self._now,))

    def step(self, x: ArrayLike) -> Array:
        """Take one step.

        Parameters
        ----------
        x : array_like (B, D)
            The input.

        Returns
        -------
        ndarray (B, H)

        Raises
        ------
        TypeError, ValueError
            If x is not made of floating-point numbers, has another shape, or holds NaN or infinity.
        FloatingPointError
            If the result overflows. As after the other errors, the state is what it was.
        """
        usual = self._x
        if type(x) is not np.ndarray or x.shape != usual.shape or x.dtype is not usual.dtype:
            x = validate.array("x", x, usual.shape, usual.dtype, allow_complex=usual.dtype.kind == "c")
        turn = self._turns[self._now]  # the places of x and h, and the views that `forward` takes
        if self._quietly.run(self._step, x, *turn):
            y = turn[1].copy()
            validate.array("x", x, usual.shape, usual.dtype, allow_complex=True)
            validate.result("h", y)
        self._now = 1 - self._now
        h: Array = turn[1].copy()
        return h

    def _step(self, x: Array, place: Array, h: Array, views: tuple[Any, ...]) -> bool:
        """Take the step from one side of the ring to the other; tell whether a number is not finite."""
        place[...] = x
        self._run.forward(*views)
        for numbers, zeros in self._watched:  # noqa: SIM110 (any() takes longer)
            if numbers.dot(zeros):  # 0 if all are finite, else NaN
                return True
        return False


class RNN(Recurrent):
    """The simple recurrent layer: ``h = f(x @ W_xh + h_prev @ W_hh + b_h)`` at every step; its outputs are the h.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    nonlinearity : {"tanh", "relu", "identity"}
        The function f.
    seeds : int, optional
        A number K of independent networks, trained at once. K is then an axis before all others of the parameters,
        and before B in all other arrays: inputs are (T, K, B, D), lengths (K, B).
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    cell : ElmanCell
        The cell with the same parameters: ``Unrolled(layer.cell)`` computes the same. With seeds it only holds them.
    params : dict of str to ndarray
        Those of the cell. Assigning an array and writing into one both take effect at the next forward.
    grads : dict of str to ndarray
        The gradients of the last `backward`, under the same keys. Empty before.

    Raises
    ------
    TypeError, ValueError
        As in the cell, or if `seeds` is not a whole number of at least 1.

    Notes
    -----
    Gradients are those of a loss that is summed over steps and sequences. Real arrays are converted to the layer's
    type; complex128 is computed with as it is.

    References
    ----------
    Elman 1990, "Finding structure in time".
    """

    run = RNNRun
    columns = "h"
    cell: ElmanCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        nonlinearity: str = "tanh",
        seeds: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = validate.generator(rng)
        cell = partial(ElmanCell, input_size, hidden_size, nonlinearity=nonlinearity, rng=rng, dtype=dtype)
        super().__init__(cell, seeds)


class LSTM(Recurrent):
    """Long short-term memory: at every step what `LSTMCell` says, with the state (h, c); its outputs are the h.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    forget_bias : float
        The initial ``b_f``.
    seeds, rng, dtype
        As in `RNN`.

    Attributes
    ----------
    cell : LSTMCell
        The cell with the same parameters.
    params, grads
        As in `RNN`; the names are those of the cell.

    Raises
    ------
    TypeError, ValueError
        As in the cell, or if `seeds` is not a whole number of at least 1.

    References
    ----------
    Hochreiter & Schmidhuber 1997, "Long short-term memory".
    Gers, Schmidhuber & Cummins 2000, "Learning to forget", for the forget gate.
    """

    run = LSTMRun
    columns = "oifc"
    state_parts = ("h", "c")
    cell: LSTMCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        seeds: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        rng = validate.generator(rng)
        super().__init__(
            partial(LSTMCell, input_size, hidden_size, forget_bias=forget_bias, rng=rng, dtype=dtype), seeds
        )


class GRU(Recurrent):
    """The gated recurrent unit: at every step what `GRUCell` says, in each of its forms; its outputs are the h.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    reset : {"after", "before"}
        Whether the reset gate acts after the product with ``W_hn`` or before it.
    update : {"keeps", "replaces"}
        What the update gate does with the old state.
    update_bias : float
        The initial ``b_z``.
    seeds, rng, dtype
        As in `RNN`.

    Attributes
    ----------
    cell : GRUCell
        The cell with the same parameters.
    params, grads
        As in `RNN`; the names are those of the cell.

    Raises
    ------
    TypeError, ValueError
        As in the cell, or if `seeds` is not a whole number of at least 1.

    References
    ----------
    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine translation".
    Chung et al. 2014, "Empirical evaluation of gated recurrent neural networks on sequence modeling".
    """

    cell: GRUCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset: str = "after",
        update: str = "keeps",
        update_bias: float = 0.0,
        seeds: int | None = None,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        options: dict[str, Any] = {"reset": reset, "update": update, "update_bias": update_bias, "dtype": dtype}
        self.run, self.columns = (GRUBeforeRun, "zrn") if reset == "before" else (GRURun, "uzrn")
        super().__init__(partial(GRUCell, input_size, hidden_size, rng=validate.generator(rng), **options), seeds)

    def _column(self, name: str) -> str:
        return "u" if name in ("W_hn", "b_hn") and "u" in self.columns else name[-1]

    def _joined(self, params: Params) -> Array:
        return self._turned(super()._joined(params))

    def _parted(self, dF: Array) -> dict[str, Array]:
        return super()._parted(self._turned(dF))

    def _turned(self, F: Array) -> Array:
        """Negate the columns of z where z replaces, because 1 - sigma(a) is sigma(-a)."""
        if self.cell.update == "replaces":
            start = self.columns.index("z") * self.hidden_size
            F[..., start : start + self.hidden_size] *= -1
        return F
