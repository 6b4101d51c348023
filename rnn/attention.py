"""Attention: a query weighs the steps of another sequence, and takes back the weighted sum of their values.

Inside, the batch comes first: queries (B, N, H), where N counts the queries to one sequence, memory (B, T_in, ·).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import init, validate
from rnn.layer import Joined, Params, State
from rnn.unrolled import add_to_shown, is_cell, shown
from rnn.validate import Array, quiet

Cache = tuple[Array, ...]  # of the scores: the queries, and what else their gradient needs
LookCache = tuple[Array, Cache]  # the weights, and that of the scores
Grads = dict[str, Array]


class Memory(NamedTuple):
    """The sequence that is looked at, in the form that every look needs; zero beyond a sequence's end.

    Parameters
    ----------
    keys : ndarray (B, T_in, K)
        What queries are compared with.
    projected : ndarray (B, T_in, A)
        What has been computed from the keys once for all queries.
    values : ndarray (B, T_in, C)
        What is summed.
    inside : ndarray of bool (B, 1, T_in)
        Where the sequence is, and not padding.
    """

    keys: Array
    projected: Array
    values: Array
    inside: Array


class _Attention:
    """What both kinds share: all but the scores."""

    def __init__(self, query_size: int, key_size: int, dtype: DTypeLike) -> None:
        self.query_size = validate.size("query_size", query_size)
        self.key_size = validate.size("key_size", key_size)
        self.dtype = validate.float_dtype(dtype)
        self.params: dict[str, Array] = {}
        self.grads: Grads = {}
        self._shapes: dict[str, validate.Shape] = {}
        self._last: tuple[validate.Shape, Memory, LookCache] | None = None  # of the last forward

    @quiet
    def forward(
        self, queries: ArrayLike, keys: ArrayLike, values: ArrayLike, *, lengths: ArrayLike | None = None
    ) -> tuple[Array, Array]:
        """Look once for each query.

        Parameters
        ----------
        queries : array_like (T_out, B, H) or (B, H)
            Many queries to each sequence, or one.
        keys : array_like (T_in, B, K)
            What the queries are compared with.
        values : array_like (T_in, B, C)
            What is summed; often the keys once more.
        lengths : array_like of int (B,), optional
            How long each sequence of keys is; nothing is seen of what lies beyond.

        Returns
        -------
        contexts : ndarray (T_out, B, C) or (B, C)
            The weighted sums of the values.
        weights : ndarray (T_out, B, T_in) or (B, T_in)
            How much of each step is in them: each row sums to 1 and is exactly 0 on padding.

        Raises
        ------
        TypeError, ValueError
            If an array is not made of floating-point numbers, has another shape, or holds NaN or infinity.
        FloatingPointError
            If the result overflows.
        """
        queries, keys, values, lengths = self._check_forward(queries, keys, values, lengths)
        memory = self.remember(keys, values, lengths)
        contexts, weights, cache = self.look(_batch_first(queries), memory)
        contexts = _batch_second(validate.result("contexts", contexts), queries.ndim)
        self._last = contexts.shape, memory, cache
        return contexts, _batch_second(weights, queries.ndim).copy()  # backward needs the weights as they are

    @quiet
    def backward(self, d_contexts: ArrayLike) -> tuple[Array, Array, Array]:
        """Take the gradient for the last forward's contexts back to what came in, and to `params`.

        Parameters
        ----------
        d_contexts : array_like (T_out, B, C) or (B, C)
            The loss's gradient.

        Returns
        -------
        d_queries, d_keys, d_values : ndarray
            Each of the shape of its argument. Where keys and values are one sequence, its gradient is the sum.

        Raises
        ------
        RuntimeError
            If there has been no forward.
        TypeError, ValueError, FloatingPointError
            As in `forward`.
        """
        d_contexts, memory, cache = self._check_backward(d_contexts)
        d_queries, d_projected, grads = self.look_back(_batch_first(d_contexts), memory, cache)
        d_values = self.values_back(_batch_first(d_contexts), cache[0])
        d_keys, key_grads = self.project_back(d_projected, memory.keys)
        grads |= key_grads
        validate.results("gradient", {"queries": d_queries, "keys": d_keys, "values": d_values} | grads)
        self.grads = grads
        return _batch_second(d_queries, d_contexts.ndim), d_keys.swapaxes(0, 1), d_values.swapaxes(0, 1)

    def remember(self, keys: Array, values: Array, lengths: Array | None) -> Memory:
        """Make the memory from keys (T_in, B, K) and values (T_in, B, C), for arguments that have been checked."""
        self.check_params()
        seq_len, batch = keys.shape[:2]
        ends = np.full(batch, seq_len) if lengths is None else lengths
        inside = np.arange(seq_len) < ends[:, None]
        keys = np.where(inside[..., None], keys.swapaxes(0, 1), 0)
        values = np.where(inside[..., None], values.swapaxes(0, 1), 0)
        return Memory(keys, self.project(keys), values, inside[:, None])

    # --8<-- [start:look]
    def look(self, queries: Array, memory: Memory) -> tuple[Array, Array, LookCache]:
        """Take queries (B, N, H) to contexts (B, N, C), weights (B, N, T_in) and a cache for `look_back`."""
        scores, cache = self.scores(queries, memory.projected)
        weights = softmax(validate.result("scores", scores), memory.inside)
        contexts = weights @ memory.values
        return contexts, weights, (weights, cache)

    # --8<-- [end:look]
    # --8<-- [start:look-back]
    def look_back(self, d_contexts: Array, memory: Memory, cache: LookCache) -> tuple[Array, Array, Grads]:
        """Take the gradient for the contexts back: to queries, projected keys, parameters."""
        weights, cache_of_scores = cache
        d_weights = d_contexts @ memory.values.swapaxes(1, 2)
        # A weight can only grow at the others' expense: what all of them gain alike has no effect.
        d_scores = weights * (d_weights - (weights * d_weights).sum(axis=-1, keepdims=True))
        return self.scores_back(d_scores, memory.projected, cache_of_scores)

    # --8<-- [end:look-back]
    def values_back(self, d_contexts: Array, weights: Array) -> Array:
        """Take the gradient for the contexts (B, N, C) back to the values (B, T_in, C)."""
        d_values: Array = weights.swapaxes(1, 2) @ d_contexts
        return d_values

    def project(self, keys: Array) -> Array:
        """Compute from the keys (B, T_in, K) what all queries need, (B, T_in, A)."""
        raise NotImplementedError

    def project_back(self, d_projected: Array, keys: Array) -> tuple[Array, Grads]:
        """Take the gradient for the projected keys back: to the keys and the parameters."""
        raise NotImplementedError

    def scores(self, queries: Array, projected: Array) -> tuple[Array, Cache]:
        """Return how well each query (B, N, H) fits each key, (B, N, T_in), and a cache for `scores_back`."""
        raise NotImplementedError

    def scores_back(self, d_scores: Array, projected: Array, cache: Cache) -> tuple[Array, Array, Grads]:
        """Take the gradient for the scores back: to the queries, the projected keys, the parameters."""
        raise NotImplementedError

    def check_params(self) -> None:
        """Raise a TypeError or ValueError if the parameters, which a caller may have assigned, do not fit."""
        validate.named("params", self.params, self._shapes)

    def _check_array(self, name: str, value: object, shape: validate.Shape | None) -> Array:
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _check_forward(
        self, queries: Any, keys: Any, values: Any, lengths: Any
    ) -> tuple[Array, Array, Array, Array | None]:
        keys = self._check_array("keys", keys, ("keys_len", "batch", self.key_size))
        seq_len, batch = keys.shape[:2]
        values = self._check_array("values", values, (seq_len, batch, "value_size"))
        queries = self._check_array("queries", queries, None)  # first an array at all, then its shape
        many = () if queries.ndim == 2 else ("seq_len",)
        queries = self._check_array("queries", queries, (*many, batch, self.query_size))
        return queries, keys, values, validate.lengths(lengths, seq_len, batch)

    def _check_backward(self, d_contexts: Any) -> tuple[Array, Memory, LookCache]:
        if self._last is None:
            raise RuntimeError("backward: expected a call of forward first, got none")
        shape, memory, cache = self._last
        self.check_params()
        return self._check_array("d_contexts", d_contexts, shape), memory, cache


class DotAttention(_Attention):
    """Attention whose scores are the dot products of queries and keys.

    Parameters
    ----------
    size : int
        The number of features H of queries and keys alike.
    scaled : bool
        Whether to divide by the square root of H, about the size of a product of random vectors, so that the
        softmax is not at its end from the start.
    dtype : data type
        float64 or float32: the type of the computation.

    Attributes
    ----------
    params, grads : dict of str to ndarray
        Empty: there is nothing to learn.

    Raises
    ------
    TypeError
        If `size` is not a whole number, `scaled` not a bool, or `dtype` not float64 or float32.
    ValueError
        If `size` is below 1.

    References
    ----------
    Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation".
    Vaswani et al. 2017, "Attention is all you need", for the scale.
    """

    def __init__(self, size: int, *, scaled: bool = False, dtype: DTypeLike = np.float64) -> None:
        super().__init__(validate.size("size", size), size, dtype)
        self.scaled = validate.flag("scaled", scaled)

    @property
    def scale(self) -> float:
        """The factor of all scores."""
        return self.key_size**-0.5 if self.scaled else 1.0

    def project(self, keys: Array) -> Array:
        """Compute from the keys (B, T_in, H) what all queries need: them, scaled."""
        return keys * self.scale

    def scores(self, queries: Array, projected: Array) -> tuple[Array, Cache]:
        """Return q · k for each query (B, N, H) and key, (B, N, T_in), and a cache for `scores_back`."""
        return queries @ projected.swapaxes(1, 2), (queries,)

    def scores_back(self, d_scores: Array, projected: Array, cache: Cache) -> tuple[Array, Array, Grads]:
        """Take the gradient for the scores back: to the queries, the projected keys, the parameters."""
        (queries,) = cache
        return d_scores @ projected, d_scores.swapaxes(1, 2) @ queries, {}

    def project_back(self, d_projected: Array, keys: Array) -> tuple[Array, Grads]:
        """Take the gradient for the projected keys back: to the keys and the parameters."""
        return d_projected * self.scale, {}


class AdditiveAttention(_Attention):
    """Attention whose scores are ``v · tanh(q @ W_q + k @ W_k)``: a small network with one hidden layer.

    Parameters
    ----------
    query_size, key_size : int
        The numbers of features H and K of queries and keys.
    size : int
        The number of hidden units A.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        ``W_q`` (H, A), ``W_k`` (K, A), ``v`` (A,).
        Assigning an array and writing into one both take effect.
    grads : dict of str to ndarray
        The gradients of the last `backward`, under the same keys. Empty before.

    Raises
    ------
    TypeError
        If a size is not a whole number, `rng` not a generator, or `dtype` not float64 or float32.
    ValueError
        If a size is below 1.

    References
    ----------
    Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate".
    """

    def __init__(
        self,
        query_size: int,
        key_size: int,
        size: int,
        *,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        super().__init__(query_size, key_size, dtype)
        self.size = validate.size("size", size)
        rng = validate.generator(rng)
        W_q, W_k = init.xavier((query_size, size), rng), init.xavier((key_size, size), rng)
        v = init.xavier((size, 1), rng)[:, 0]
        self.params = {name: value.astype(self.dtype) for name, value in (("W_q", W_q), ("W_k", W_k), ("v", v))}
        self._shapes = {name: value.shape for name, value in self.params.items()}

    def project(self, keys: Array) -> Array:
        """Compute from the keys (B, T_in, K) what all queries need: k @ W_k, (B, T_in, A)."""
        return keys @ self.params["W_k"]

    def scores(self, queries: Array, projected: Array) -> tuple[Array, Cache]:
        """Return v · u with u = tanh(q @ W_q + k @ W_k), (B, N, T_in), and a cache for `scores_back`."""
        q = queries @ self.params["W_q"]
        u = np.tanh(q[:, :, None] + projected[:, None])  # every query with every key: (B, N, T_in, A)
        return u @ self.params["v"], (queries, u)

    def scores_back(self, d_scores: Array, projected: Array, cache: Cache) -> tuple[Array, Array, Grads]:
        """Take the gradient for the scores back: to the queries, the projected keys, the parameters."""
        queries, u = cache
        d_a = d_scores[..., None] * (self.params["v"] * (1 - u**2))
        d_q = d_a.sum(axis=2)
        grads = {"W_q": _summed_outer(queries, d_q), "v": _summed_outer(d_scores[..., None], u)[0]}
        return d_q @ self.params["W_q"].T, d_a.sum(axis=1), grads

    def project_back(self, d_projected: Array, keys: Array) -> tuple[Array, Grads]:
        """Take the gradient for the projected keys back: to the keys and the parameters."""
        return d_projected @ self.params["W_k"].T, {"W_k": _summed_outer(keys, d_projected)}


Attention = DotAttention | AdditiveAttention


class AttentionDecoder:
    """A cell that looks at a memory before each of its steps.

    The query is the state h before the step. The context, what has been seen, enters the cell together with the
    input and is shown together with the new h: ``h = cell([x, context], h_prev)``, ``output = [h, context]``.

    Parameters
    ----------
    cell : Cell
        The cell; its inputs are E features and after them the C of a context.
    attention : DotAttention or AdditiveAttention
        How to look; values are the keys themselves, so that C is its `key_size`.

    Attributes
    ----------
    params, grads : mapping of str to ndarray
        Those of both, as ``cell.W_xz`` and ``attention.v``; `grads` is empty before `backward`.
    input_size, output_size : int
        E, and H + C.

    Raises
    ------
    TypeError
        If `cell` is not a cell, or `attention` none of the two.
    ValueError
        If their sizes do not fit.

    Notes
    -----
    It is a part of `Seq2Seq`, which checks what comes in.

    References
    ----------
    Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate".
    """

    def __init__(self, cell: Any, attention: Attention) -> None:
        if not is_cell(cell):
            raise TypeError(f"decoder: expected a cell or a layer that has one, got {type(cell).__name__}")
        if not isinstance(attention, Attention):
            raise TypeError(f"attention: expected a DotAttention or AdditiveAttention, got {type(attention).__name__}")
        if attention.query_size != cell.hidden_size:
            raise ValueError(f"attention: expected query_size {cell.hidden_size}, got {attention.query_size}")
        if cell.input_size <= attention.key_size:
            raise ValueError(
                f"decoder: expected input_size above {attention.key_size}, the size of a context, got {cell.input_size}"
            )
        self.cell, self.attention = cell, attention
        self.parts = (cell, attention)
        self.input_size: int = cell.input_size - attention.key_size
        self.output_size: int = cell.hidden_size + attention.key_size
        self.grads: dict[str, Array] = {}

    @property
    def params(self) -> Params:
        """The parameters of cell and attention."""
        return Joined({"cell": self.cell.params, "attention": self.attention.params})

    def zero_state(self, batch: int) -> State:
        """Return the cell's state in which a sequence begins."""
        state: State = self.cell.zero_state(batch)
        return state

    def step(self, x: Array, state: State, memory: Memory) -> tuple[Array, State, Array, Any]:
        """Take x (B N, E) and the states of N writers to a source: output, new state, weights, cache."""
        query = shown(state).reshape(len(memory.keys), -1, self.attention.query_size)
        context, weights, look = self.attention.look(query, memory)
        context = context.reshape(len(x), -1)
        state, cache = self.cell.step(np.concatenate([x, context], axis=-1), state)
        output = np.concatenate([shown(state), context], axis=-1)
        return output, state, weights.reshape(len(x), -1), (look, cache)

    def forward(self, inputs: Array, state: State, memory: Memory, ends: Array | None) -> Array:
        """Run over inputs (T, B, E) to outputs (T, B, H + C); what they hold beyond the `ends` means nothing."""
        outputs, caches = [], []
        for t, x in enumerate(inputs):
            if ends is not None:  # where a sequence is over, a state of zeros cannot overflow
                state = _zeroed(state, t >= ends)
            output, state, _, cache = self.step(x, state, memory)
            outputs.append(output)
            caches.append(cache)
        self._last = memory, state, caches
        return np.stack(outputs)

    def backward(self, d_outputs: Array) -> tuple[Array, State, Array]:
        """Take the gradient for the outputs back: to inputs, first state, keys (T_in, B, C) and `params`."""
        self.attention.check_params()
        memory, state, caches = self._last
        H, E = self.cell.hidden_size, self.input_size
        d_inputs, d_contexts, weights = [], [], []
        d_state, d_projected = each(state, np.zeros_like), np.zeros_like(memory.projected)
        totals = {name: np.zeros_like(value) for name, value in self.params.items()}
        for d_output, (look, cache) in zip(d_outputs[::-1], caches[::-1], strict=True):
            d_h, d_context = d_output[:, :H], d_output[:, H:]
            d_x, d_state, grads = self.cell.step_back(add_to_shown(d_state, d_h), cache)
            d_context = (d_context + d_x[:, E:])[:, None]  # what it did to the outputs, and to the cell
            d_query, d_p, look_grads = self.attention.look_back(d_context, memory, look)
            d_state = add_to_shown(d_state, validate.result("gradient['h']", d_query[:, 0]))
            d_projected = d_projected + d_p
            self._add(totals, grads, look_grads)
            d_inputs.append(d_x[:, :E])
            d_contexts.append(d_context)
            weights.append(look[0])
        d_keys, key_grads = self.attention.project_back(d_projected, memory.keys)
        self._add(totals, {}, key_grads)
        d_values = self.attention.values_back(np.concatenate(d_contexts, axis=1), np.concatenate(weights, axis=1))
        d_keys = validate.result("gradient['keys']", d_keys + d_values)
        validate.results("grads", totals)
        self.grads = totals
        return np.stack(d_inputs[::-1]), d_state, d_keys.swapaxes(0, 1)

    def _add(self, totals: dict[str, Array], cell: dict[str, Array], attention: dict[str, Array]) -> None:
        for name, grad in Joined({"cell": cell, "attention": attention}).items():
            totals[name] = totals[name] + grad

    def stream(self, state: State, memory: Memory) -> "AttentionStream":
        """Return the decoder as one that meets its inputs (B N, E) one by one."""
        return AttentionStream(self, state, memory)


class AttentionStream:
    """An `AttentionDecoder` that meets its inputs one by one.

    Parameters
    ----------
    decoder : AttentionDecoder
        The decoder, whose parameters it shares.
    state : tuple
        The state to begin with.
    memory : Memory
        What to look at.

    Attributes
    ----------
    weights : ndarray (B N, T_in)
        Where it looked before the last step.
    """

    weights: Array

    def __init__(self, decoder: AttentionDecoder, state: State, memory: Memory) -> None:
        self.state = state
        self._decoder, self._memory = decoder, memory

    def step(self, x: Array) -> Array:
        """Take one input x (B N, E) to its output (B N, H + C)."""
        output, self.state, self.weights, _ = self._decoder.step(x, self.state, self._memory)
        return output


def softmax(scores: Array, inside: Array) -> Array:
    """Return exp(score) / (sum of exp(score)) along the last axis, over what is inside; exactly 0 elsewhere.

    Parameters
    ----------
    scores : ndarray (..., T_in)
        Real or complex numbers.
    inside : ndarray of bool, of a shape that broadcasts to that of `scores`
        At least one in each row.

    Returns
    -------
    ndarray of the shape of `scores`
    """
    scores = np.where(inside, scores, -np.inf)
    e: Array = np.exp(scores - scores.real.max(axis=-1, keepdims=True))  # at most 1: nothing overflows
    probabilities: Array = e / e.sum(axis=-1, keepdims=True)
    return probabilities


def _summed_outer(left: Array, right: Array) -> Array:
    """Return the outer products of the rows of two arrays, summed over all other axes: a weight's gradient."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


def _batch_first(values: Array) -> Array:
    """Turn (N, B, ·), or (B, ·) for N = 1, into (B, N, ·)."""
    return values[:, None] if values.ndim == 2 else values.swapaxes(0, 1)


def _batch_second(values: Array, ndim: int) -> Array:
    """Turn (B, N, ·) back into an array with `ndim` axes."""
    return values[:, 0] if ndim == 2 else values.swapaxes(0, 1)


def _zeroed(state: State, rows: Array) -> State:
    """Return a state with zeros in some rows."""
    return each(state, lambda h: np.where(rows[:, None], 0, h))


def each(state: State, f: Callable[[Array], Array]) -> State:
    """Return the state made of f(h) for each array h of a state."""
    return tuple(each(part, f) if isinstance(part, tuple) else f(part) for part in state)
