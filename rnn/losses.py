"""Losses of a whole batch, each with its gradient, ready for a layer's backward.

Every loss takes what a layer has put out and what was wanted and returns ``(loss, d_outputs)``. The loss is a mean
over the steps and sequences that count, and ``d_outputs`` is the gradient of that mean. Where a `mask` is False, the
targets have no effect at all (not even NaN), and the gradient is zero. Complex outputs are computed with as they are,
so that complex-step differentiation goes through every loss.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.validate import Array, quiet

Loss = Any  # a float; complex for complex outputs; an array (K,) of one loss a seed


@quiet
def mse(outputs: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None, *, seeds: bool = False) -> Any:
    """Return the mean squared error: over the steps and sequences that count, and over the features.

    Parameters
    ----------
    outputs : array_like (..., O)
        What came, (T, B, O) or (B, O), or (T, K, B, O) with a leading axis of independent networks.
    targets : array_like (..., O)
        What was wanted.
    mask : array_like of bool (...), optional
        Which steps of which sequences count; by default all.
    seeds : bool
        Whether the third axis from the end is one of independent networks: then each has a mean of its own.

    Returns
    -------
    loss : float
        With `seeds` an array (K,), and the gradient is that of its sum.
    d_outputs : ndarray (..., O)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or nothing counts.
    FloatingPointError
        If the loss overflows.
    """
    outputs, weights = _check_outputs("outputs", outputs, mask, seeds)
    error = outputs - _check_targets(targets, mask, outputs)
    features = error.shape[-1]
    loss = _mean((error**2).sum(axis=-1) / features, weights, seeds)
    return loss, validate.result("d_outputs", 2 / features * weights[..., np.newaxis] * error)


@quiet
def softmax_cross_entropy(
    scores: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None, *, seeds: bool = False
) -> Any:
    """Return the mean of -log p(target), p being the softmax of the scores.

    Parameters
    ----------
    scores : array_like (..., V)
        The scores of V classes, (T, B, V) or (B, V), or (T, K, B, V) with an axis of independent networks.
    targets : array_like of int (...)
        The index of the right class.
    mask : array_like of bool (...), optional
        Which steps of which sequences count; by default all.
    seeds : bool
        Whether the third axis from the end is one of independent networks: then each has a mean of its own.

    Returns
    -------
    loss : float
        With `seeds` an array (K,), and the gradient is that of its sum.
    d_scores : ndarray (..., V)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or nothing counts.
    FloatingPointError
        If the loss overflows.
    """
    scores, weights = _check_outputs("scores", scores, mask, seeds)
    right = _check_classes(targets, mask, scores)[..., np.newaxis]
    # --8<-- [start:softmax]
    scores -= scores.real.max(axis=-1, keepdims=True)  # no exponential overflows
    exps = np.exp(scores)
    sums = exps.sum(axis=-1, keepdims=True)
    losses = np.log(sums) - np.take_along_axis(scores, right, -1)
    loss = _mean(losses[..., 0], weights, seeds)
    d_scores = exps / sums
    np.put_along_axis(d_scores, right, np.take_along_axis(d_scores, right, -1) - 1, -1)
    return loss, d_scores * weights[..., np.newaxis]
    # --8<-- [end:softmax]


@quiet
def binary_cross_entropy(
    scores: ArrayLike, targets: ArrayLike, mask: ArrayLike | None = None, *, seeds: bool = False
) -> Any:
    """Return the mean of -log p(target), where each feature is on or off by itself, on with p = sigmoid(score).

    The mean is over the steps and sequences that count; the features of a step are summed, because the
    probability of a whole step is the product of theirs.

    Parameters
    ----------
    scores : array_like (..., O)
        The scores, (T, B, O) or (B, O), or (T, K, B, O) with an axis of independent networks.
    targets : array_like (..., O)
        0.0 for off and 1.0 for on, or a probability between them.
    mask : array_like of bool (...), optional
        Which steps of which sequences count; by default all.
    seeds : bool
        Whether the third axis from the end is one of independent networks: then each has a mean of its own.

    Returns
    -------
    loss : float
        With `seeds` an array (K,), and the gradient is that of its sum.
    d_scores : ndarray (..., O)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or nothing counts.
    FloatingPointError
        If the loss overflows.
    """
    scores, weights = _check_outputs("scores", scores, mask, seeds)
    wanted = _check_targets(targets, mask, scores)
    if not (wanted.min() >= 0 and wanted.max() <= 1):
        raise ValueError(f"targets: expected numbers from 0 to 1, got {wanted.min():g} to {wanted.max():g}")
    # --8<-- [start:binary]
    positive = scores.real > 0
    e = np.exp(np.where(positive, -scores, scores))  # at most 1
    wrong = np.where(positive, 1 - wanted, -wanted) * scores  # 0 on the right side
    on = np.where(positive, 1, e) / (1 + e)
    loss = _mean((wrong + np.log1p(e)).sum(axis=-1), weights, seeds)
    return loss, (on - wanted) * weights[..., np.newaxis]
    # --8<-- [end:binary]


@dataclass(frozen=True)
class LastStep:
    """A loss that looks at the last output of each sequence alone, as classifying sequences needs it.

    Called like the other losses, with outputs (T, B, O), targets without the axis of steps, and a mask (T, B)
    that is True from a sequence's first step to its last, as `length_mask` makes it.

    Parameters
    ----------
    loss : callable
        A loss of (B, O), such as `softmax_cross_entropy`.
    """

    loss: Callable[[Array, Any], Any]
    per_sequence = True  # `rnn.training.fit` counts a batch by its sequences, not by its steps

    def __post_init__(self) -> None:
        if not callable(self.loss):
            raise TypeError(f"loss: expected a function, got {type(self.loss).__name__}")

    def __call__(self, outputs: ArrayLike, targets: Any, mask: ArrayLike | None = None) -> Any:
        """Return the loss and its gradient, which is zero but for the last steps."""
        outputs = _check_floats("outputs", outputs, at_least=3)
        shape = outputs.shape[:-1]
        kept = np.ones(shape, bool) if mask is None else _check_mask(mask, shape)
        if not (kept[0].all() and (kept[:-1] >= kept[1:]).all()):
            raise ValueError("mask: expected True from each sequence's first step to its last, got a gap")
        # --8<-- [start:last-step]
        last = kept.sum(axis=0)[np.newaxis, ..., np.newaxis] - 1
        loss, d_last = self.loss(np.take_along_axis(outputs, last, axis=0)[0], targets)
        d_outputs = np.zeros_like(outputs)
        np.put_along_axis(d_outputs, last, d_last[np.newaxis], axis=0)
        return loss, d_outputs
        # --8<-- [end:last-step]


@quiet
def ctc(
    scores: ArrayLike,
    targets: ArrayLike,
    lengths: ArrayLike | None = None,
    target_lengths: ArrayLike | None = None,
    *,
    blank: int = 0,
) -> tuple[Any, Array]:
    """Return the mean of -log p(labels), summed over all ways of stretching the labels over the steps.

    A path names one symbol a step. It spells the labels if they remain after runs of one symbol are made one and
    blanks taken out; p(labels) is the sum of the probabilities of all such paths. It is computed by the forward-
    backward algorithm on logarithms, in double precision. The mean is over sequences.

    Parameters
    ----------
    scores : array_like (T, B, V)
        The scores of the symbols, blank included, before the softmax.
    targets : array_like of int (B, S)
        The labels of each sequence; of what stands beyond its target length nothing depends.
    lengths : array_like of int (B,), optional
        How many steps each sequence has; by default T.
    target_lengths : array_like of int (B,), optional
        How many labels each sequence has, 0 allowed; by default S.
    blank : int
        The index of the blank.

    Returns
    -------
    loss : float
    d_scores : ndarray (T, B, V)

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or labels need more steps than there are.
    FloatingPointError
        If the loss overflows.

    References
    ----------
    Graves, Fernández, Gomez & Schmidhuber 2006, "Connectionist temporal classification: labelling unsegmented
    sequence data with recurrent neural networks".
    """
    dtype = _precision(scores)
    scores = validate.array("scores", scores, ("seq_len", "batch", "symbols"), allow_complex=True)
    T, B, V = scores.shape
    ends = np.full(B, T) if lengths is None else np.asarray(validate.lengths(lengths, T, B))
    labels, counts = _check_labels(targets, target_lengths, ends, V, blank)

    scores -= scores.real.max(axis=-1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    log_p = np.where(log_p.real < LOG_ZERO, LOG_ZERO, log_p)
    symbols = np.full((B, 2 * labels.shape[1] + 1), blank)
    symbols[:, 1::2] = labels  # blank, first label, blank, second label, …, blank
    log_emit = np.take_along_axis(log_p, np.broadcast_to(symbols, (T, *symbols.shape)), axis=-1)
    log_paths, log_total = _log_paths(log_emit, symbols, blank, ends, counts)
    if log_total.real.min() < LOG_ZERO / 2:
        raise FloatingPointError("loss: expected labels of a probability above 0, got scores that leave none")
    loss = _mean(-log_total, np.full(B, 1 / B), seeds=False)

    posterior = np.zeros_like(log_p)  # the probability of a symbol at a step, given the labels
    for s in range(symbols.shape[1]):
        posterior[:, np.arange(B), symbols[:, s]] += np.exp(log_paths[..., s] - log_total)
    d_scores = np.where(length_mask(ends, T)[..., np.newaxis], (np.exp(log_p) - posterior) / B, 0)
    return loss, d_scores if np.iscomplexobj(d_scores) else d_scores.astype(dtype)


# The logarithm of a probability of 0: of -inf and complex numbers would come NaN.
LOG_ZERO = -1e300


def _log_paths(log_emit: Array, symbols: Array, blank: int, ends: Array, counts: Array) -> tuple[Array, Array]:
    """Sum the paths through each symbol at each step, (T, B, 2S+1), and all paths, (B,), as logarithms."""
    T, B, N = log_emit.shape
    skips = np.zeros((B, N), bool)  # a blank between two different labels may be left out
    skips[:, 2:] = (symbols[:, 2:] != blank) & (symbols[:, 2:] != symbols[:, :-2])
    last_blank = 2 * counts[:, np.newaxis]
    final = (np.arange(N) == last_blank) | (np.arange(N) == last_blank - 1)  # a path ends there or on the last label

    # --8<-- [start:ctc-forward]
    before = np.full_like(log_emit, LOG_ZERO)  # paths up to t, its symbol included
    before[0, :, :2] = log_emit[0, :, :2]
    for t in range(1, T):
        came = before[t - 1]
        skipped = np.where(skips, _moved(came, 2), LOG_ZERO)
        before[t] = _log_add(came, _moved(came, 1), skipped) + log_emit[t]
    # --8<-- [end:ctc-forward]

    after = np.full_like(log_emit, LOG_ZERO)  # the paths behind t, its own symbol not included
    for t in reversed(range(T)):
        if t < T - 1:
            came = after[t + 1] + log_emit[t + 1]
            after[t] = _log_add(came, _moved(came, -1), _moved(np.where(skips, came, LOG_ZERO), -2))
        after[t, (ends == t + 1)[:, np.newaxis] & final] = 0

    at_end = np.where(final, before[ends - 1, np.arange(B)], LOG_ZERO)
    return before + after, _log_add(*at_end.T)


def _moved(values: Array, by: int) -> Array:
    """Move along the symbols, to the right or, for a negative number, to the left."""
    moved = np.full_like(values, LOG_ZERO)
    if by > 0:
        moved[:, by:] = values[:, :-by]
    else:
        moved[:, :by] = values[:, -by:]
    return moved


def _log_add(*logs: Array) -> Array:
    """Return the logarithm of the sum of the numbers whose logarithms these are."""
    stacked = np.stack(logs)
    largest = stacked.real.max(axis=0)
    return np.asarray(largest + np.log(np.exp(stacked - largest).sum(axis=0)))


def perplexity(mean_nll: float) -> float:
    """Return exp(mean_nll): among how many equally likely symbols one would be as unsure as this.

    Parameters
    ----------
    mean_nll : float
        A mean negative log-likelihood in nats, such as `softmax_cross_entropy` returns.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If it is not a number of at least 0.
    FloatingPointError
        If the result overflows.
    """
    mean_nll = validate.number("mean_nll", mean_nll, at_least=0)
    try:
        return math.exp(mean_nll)
    except OverflowError:
        raise FloatingPointError(f"perplexity: expected a finite result, got exp({mean_nll:g})") from None


def length_mask(lengths: ArrayLike, seq_len: int) -> Array:
    """Return which steps belong to a sequence, and which are padding.

    Parameters
    ----------
    lengths : array_like of int (B,)
        How many steps each sequence has; (K, B) with an axis of independent networks.
    seq_len : int
        The number of steps T of the whole batch.

    Returns
    -------
    ndarray of bool (T, B)

    Raises
    ------
    TypeError, ValueError
        If they are not whole numbers, or a length is not between 1 and T.
    """
    seq_len = validate.size("seq_len", seq_len)
    came = validate.indices("lengths", lengths, None, np.iinfo(np.intp).max)
    came = np.asarray(validate.lengths(came, seq_len, came.shape))
    return np.arange(seq_len).reshape(-1, *[1] * came.ndim) < came


def _mean(losses: Array, weights: Array, seeds: bool) -> Any:
    """Return the weighted sum, one a seed if asked for, if it is finite."""
    total = (losses * weights).sum(axis=_averaged(losses.ndim, seeds))
    validate.result("loss", np.asarray(total))
    return total if seeds else total.item()


def _averaged(ndim: int, seeds: bool) -> tuple[int, ...]:
    """Return the axes that a mean is over: all, or all but the seeds', which is the one before the batch."""
    return tuple(axis for axis in range(ndim) if not (seeds and axis == ndim - 2))


def _precision(value: object) -> type[np.floating[Any]]:
    return np.float32 if getattr(value, "dtype", None) == np.float32 else np.float64


def _check_floats(name: str, value: ArrayLike, at_least: int) -> Array:
    """Return a copy of float64, float32 or complex128 numbers with so many axes or more."""
    came = validate.array(name, value, None, _precision(value), allow_complex=True)
    if came.ndim < at_least:
        raise ValueError(f"{name}: expected at least {at_least} axes, got the shape {came.shape}")
    return came


def _check_mask(mask: ArrayLike, shape: tuple[int, ...]) -> Array:
    try:
        came = np.asarray(mask)
    except (ValueError, TypeError):
        raise ValueError("mask: expected one array, got rows of different lengths") from None
    if came.dtype != bool:
        raise TypeError(f"mask: expected booleans, got {came.dtype if came.ndim else type(mask).__name__}")
    if came.shape != shape:
        raise ValueError(f"mask: expected {shape}, got {came.shape}")
    return came


def _check_outputs(name: str, outputs: ArrayLike, mask: ArrayLike | None, seeds: bool) -> tuple[Array, Array]:
    """Return a copy of the outputs (..., O), and what each step counts in its mean (...)."""
    outputs = _check_floats(name, outputs, at_least=3 if seeds else 2)
    shape = outputs.shape[:-1]
    kept = np.ones(shape) if mask is None else _check_mask(mask, shape)
    number = kept.sum(axis=_averaged(kept.ndim, seeds), keepdims=True)
    if not number.all():
        raise ValueError("mask: expected at least one step that counts, got none")
    return outputs, (kept / number).astype(outputs.real.dtype)


def _check_targets(targets: ArrayLike, mask: ArrayLike | None, outputs: Array) -> Array:
    """Return real targets of the outputs' shape and precision, zero where they are masked."""
    with suppress(ValueError, TypeError):  # what does not fit is for validate to say
        if mask is not None and np.shape(targets) == outputs.shape:
            targets = np.where(np.expand_dims(mask, -1), targets, 0)
    return validate.array("targets", targets, outputs.shape, outputs.real.dtype)


def _check_classes(targets: ArrayLike, mask: ArrayLike | None, scores: Array) -> Array:
    """Return the targets as indices of classes, 0 where they are masked."""
    shape = scores.shape[:-1]
    with suppress(ValueError, TypeError):
        if mask is not None and np.shape(targets) == shape:
            targets = np.where(mask, targets, 0)
    return validate.indices("targets", targets, shape, scores.shape[-1])


def _check_labels(
    targets: ArrayLike, target_lengths: ArrayLike | None, ends: Array, V: int, blank: int
) -> tuple[Array, Array]:
    """Return the labels (B, S) and how many there are of each sequence (B,)."""
    B = len(ends)
    labels = validate.indices("targets", targets, (B, "labels"), V)
    S = labels.shape[1]
    counts = np.full(B, S) if target_lengths is None else target_lengths
    counts = validate.indices("target_lengths", counts, (B,), S + 1)
    if validate.size("blank", blank, at_least=0) >= V:
        raise ValueError(f"blank: expected a number from 0 to {V - 1}, got {blank}")
    inside = np.arange(S) < counts[:, np.newaxis]
    if (labels[inside] == blank).any():
        raise ValueError(f"targets: expected labels other than the blank, got {blank}")
    repeats = inside[:, 1:] & (labels[:, 1:] == labels[:, :-1])  # each needs a blank between
    for b, needed in enumerate(counts + repeats.sum(axis=1)):
        if needed > ends[b]:
            raise ValueError(f"targets[{b}]: expected labels for {ends[b]} steps, got some that need {needed}")
    return labels, counts
