"""Several independent networks trained at once, on a leading axis, and what their answers are worth."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from rnn.depth import Stacked
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Linear
from rnn.losses import LastStep, softmax_cross_entropy
from rnn.validate import Array

KINDS: dict[str, Any] = {"tanh": RNN, "lstm": LSTM, "gru": GRU}

# The loss of the last step, of each network by itself: scores (T, K, B, V), answers (K, B).
last_step = LastStep(partial(softmax_cross_entropy, seeds=True))


def models(
    cell: str, inputs: int, hidden: int, outputs: int, nets: int, rng: np.random.Generator, **options: Any
) -> Stacked:
    """Make K networks of a recurrent layer and linear scores, in single precision, with the package's own start.

    Parameters
    ----------
    cell : {"tanh", "lstm", "gru"}
        Which; recurrent weights are orthogonal, the forget bias is 1, the update bias 0.
    inputs, hidden, outputs, nets : int
        The sizes D, H and O, and the number K.
    rng : numpy.random.Generator
        Where the weights come from.
    options
        Passed to the layer: ``forget_bias``, ``update_bias``.
    """
    below = KINDS[cell](inputs, hidden, seeds=nets, rng=rng, dtype=np.float32, **options)
    return Stacked([below, Linear(hidden, outputs, seeds=nets, rng=rng, dtype=np.float32)])


def single(net: Stacked, cell: str, k: int) -> Stacked:
    """Return network k of several by itself, with the same weights."""
    below, above = net.parts
    one = Stacked(
        [
            KINDS[cell](below.input_size, below.hidden_size, dtype=np.float32),
            Linear(below.hidden_size, above.output_size, dtype=np.float32),
        ]
    )
    for name, weights in net.params.items():
        one.params[name][...] = weights[k]
    return one


def apart(values: Array, nets: int, axis: int) -> Array:
    """Give each network a part of a batch of its own: the axis of sequences becomes two, (K, B)."""
    shape = (*values.shape[:axis], nets, -1, *values.shape[axis + 1 :])
    return values.astype(np.float32 if values.dtype.kind == "f" else values.dtype).reshape(shape)


def first(reached: Array, step: int = 1, start: int = 0) -> list[int | None]:
    """Say for each network, of booleans (looks, K), at which update it was first so; None if it never was."""
    return [start + step * int(np.argmax(one)) if one.any() else None for one in np.asarray(reached).T]


def averaged(right: Array, over: int) -> Array:
    """Average (updates, K) over each update and those before it, `over` of them; shorter by ``over - 1``."""
    total = np.cumsum(np.vstack([np.zeros_like(right[:1]), right]), axis=0)
    average: Array = (total[over:] - total[:-over]) / over
    return average
