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

# The loss of the last step, of each network by itself: scores (T, K, B, V), answers (K, B).
last_step = LastStep(partial(softmax_cross_entropy, seeds=True))


def layer(cell: str, inputs: int, hidden: int, nets: int, rng: np.random.Generator, **options: Any) -> Any:
    """Make K recurrent layers on a leading axis, with the package's own start.

    Parameters
    ----------
    cell : str
        ``tanh`` and ``linear``, whose recurrent weights start orthogonal; ``irnn``, with rectifiers, with the identity
        and small input weights (Le, Jaitly & Hinton 2015); ``lstm`` with a forget bias of 1; ``gru``.
    inputs, hidden, nets : int
        The sizes D and H, and the number K.
    rng : numpy.random.Generator
        Where the weights come from.
    options
        Passed to the layer: ``forget_bias``, ``update_bias``; ``dtype``, which is float32 if it is not given.
    """
    options = {"seeds": nets, "rng": rng, "dtype": np.float32, **options}
    if cell in ("lstm", "gru"):
        return {"lstm": LSTM, "gru": GRU}[cell](inputs, hidden, **options)
    nonlinearity = {"linear": "identity", "tanh": "tanh", "irnn": "relu"}[cell]
    made = RNN(inputs, hidden, nonlinearity=nonlinearity, **options)
    if cell == "irnn":
        made.params["W_xh"][...] = rng.normal(0, 0.001, made.params["W_xh"].shape)
    return made


def models(
    cell: str, inputs: int, hidden: int, outputs: int, nets: int, rng: np.random.Generator, **options: Any
) -> Stacked:
    """Make K such layers with linear scores on top; arrays are (T, K, B, D) then."""
    below = layer(cell, inputs, hidden, nets, rng, **options)
    return Stacked([below, Linear(hidden, outputs, seeds=nets, rng=rng, dtype=options.get("dtype", np.float32))])


def single(net: Stacked, k: int) -> Stacked:
    """Return network k of several by itself, with the same weights."""
    below, above = net.parts
    one = Stacked(
        [
            type(below)(below.input_size, below.hidden_size, dtype=np.float32),
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
