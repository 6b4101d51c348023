"""The penalty that asks a network not to let its gradients vanish (Pascanu, Mikolov & Bengio 2013).

It is for networks with ``h = f(x @ W_xh + h_prev @ W_hh + b_h)``. Arrays are those of a layer, in rows, W_hh as in
``params``; K stands for the leading axis of independent networks, if there is one. In training, after a tanh layer's
forward and backward::

    slopes = 1 - outputs**2
    omega, d_W_hh = pascanu_penalty(W_hh, slopes, total_gradients(W_hh, slopes, d_outputs))
    grads["W_hh"] += alpha * d_W_hh

Every function raises ``TypeError`` or ``ValueError`` for an argument that does not fit, and ``FloatingPointError``
for a result that overflows.
"""

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.validate import Array, quiet

SHORTEST_GRADIENT = 1e-10  # below it `pascanu_penalty` does not ask for a gradient's length


@quiet
def total_gradients(W_hh: ArrayLike, slopes: ArrayLike, d_h: ArrayLike) -> Array:
    """Return δ_t = ∂L/∂h_t in total: through the loss at t, and through those that come later.

    Parameters
    ----------
    W_hh : array_like ([K,] H, H)
        The recurrent weights.
    slopes : array_like (T, [K,] B, H)
        f'(a_t); for tanh 1 - h_t².
    d_h : array_like (T, [K,] B, H)
        The gradient of the losses for h_t through the output at t alone, as a layer's `backward` takes it.

    Returns
    -------
    ndarray (T, [K,] B, H)
    """
    W_hh, slopes, e = _check_penalty(W_hh, slopes, d_h, "d_h")
    deltas, later = [], np.zeros_like(e[0])
    for e_t, slope in zip(e[::-1], slopes[::-1], strict=True):
        deltas.append(e_t + later)
        later = (slope * deltas[-1]) @ W_hh.swapaxes(-1, -2)
    return validate.result("gradient", np.stack(deltas[::-1]))


@quiet
def pascanu_penalty(
    W_hh: ArrayLike, slopes: ArrayLike, deltas: ArrayLike, *, form: str = "paper"
) -> tuple[Array, Array]:
    """Return Ω, which is 0 where a step back keeps the length of the gradient, and its gradient for W_hh.

    With the ratio r_t = ‖δ_t ∂h_t/∂h_{t-1}‖ / ‖δ_t‖ for each step and sequence:

    * "paper": Ω is the sum of (r_t - 1)²;
    * "program", by the authors: Ω is the mean of (r_t² - 1)².

    In both the gradient is the immediate one: slopes and δ_t are taken as constants, though they depend on W_hh too.
    Steps at which ‖δ_t‖ is below 1e-10 do not count, as in the program: their direction is mostly rounding.

    Parameters
    ----------
    W_hh : array_like ([K,] H, H)
        The recurrent weights, as in ``params``.
    slopes : array_like (T, [K,] B, H)
        f'(a_t); for tanh 1 - h_t².
    deltas : array_like (T, [K,] B, H)
        The gradients δ_t, from `total_gradients`.
    form : {"paper", "program"}
        Which of the two.

    Returns
    -------
    omega : ndarray, a number or ([K,])
    d_W_hh : ndarray ([K,] H, H)
        To be added, times the weight of the penalty, to the loss's gradient.

    References
    ----------
    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks".
    """
    validate.choice("form", form, ("paper", "program"))
    W_hh, slopes, deltas = _check_penalty(W_hh, slopes, deltas, "deltas")
    # --8<-- [start:ratio]
    d_a = slopes * deltas
    back = d_a @ W_hh.swapaxes(-1, -2)  # δ_t ∂h_t/∂h_{t-1}
    length, before = np.sqrt((deltas**2).sum(axis=-1)), np.sqrt((back**2).sum(axis=-1))
    counts = length.real >= SHORTEST_GRADIENT
    length = np.where(counts, length, 1)
    ratio = np.where(counts, before / length, 1)
    # --8<-- [end:ratio]
    if form == "paper":
        terms, d_ratio = (ratio - 1) ** 2, 2 * (ratio - 1)
    else:
        share = counts / np.maximum(counts.sum(axis=(0, -1), keepdims=True), 1)
        terms, d_ratio = share * (ratio**2 - 1) ** 2, share * 4 * (ratio**2 - 1) * ratio
    # dr = back · d(back) / (before · length), and back is linear in W_hh; at 0 the gradient is taken as 0
    factor = d_ratio / (length * np.where(before == 0, 1, before))
    d_W_hh = (_one_after_another(factor[..., np.newaxis] * back).swapaxes(-1, -2)) @ _one_after_another(d_a)
    omega = terms.sum(axis=(0, -1))
    return validate.result("penalty", omega), validate.result("gradient", d_W_hh)


def _check_penalty(W_hh: ArrayLike, slopes: ArrayLike, deltas: ArrayLike, name: str) -> tuple[Array, Array, Array]:
    W_hh = validate.array("W_hh", W_hh, None, allow_complex=True)
    if W_hh.ndim < 2 or W_hh.shape[-1] != W_hh.shape[-2]:
        raise ValueError(f"W_hh: expected square weights, got {W_hh.shape}")
    shape = ("seq_len", *W_hh.shape[:-2], "batch", W_hh.shape[-1])
    slopes = validate.array("slopes", slopes, shape, allow_complex=True)
    return W_hh, slopes, validate.array(name, deltas, slopes.shape, allow_complex=True)


def _one_after_another(values: Array) -> Array:
    """Return (T, …, B, H) as (…, T B, H): all steps of all sequences of a network."""
    values = np.moveaxis(values, 0, -3)
    return values.reshape(*values.shape[:-3], -1, values.shape[-1])
