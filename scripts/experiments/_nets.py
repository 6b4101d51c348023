"""The networks that most experiments compare, each with the start that its papers give it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from rnn import init
from rnn.depth import Stacked
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Linear

CELLS = ("tanh", "irnn", "lstm", "gru")


def layer(
    cell: str, inputs: int, hidden: int, rng: np.random.Generator, *, dtype: DTypeLike = np.float32, **options: Any
) -> Any:
    """Make a recurrent layer by its name; recurrent weights start orthogonal, those of the IRNN as the identity.

    Parameters
    ----------
    cell : str
        ``tanh``; ``irnn``, the rectifier network of Le, Jaitly & Hinton 2015; ``lstm`` with a forget bias of 1;
        ``gru`` with the reset after the product.
    inputs, hidden : int
        The sizes D and H.
    rng : numpy.random.Generator
        Where the weights come from.
    dtype : data type
        float32, because training does not need more.
    options
        Passed to the layer: ``forget_bias``, ``update_bias``.
    """
    if cell == "irnn":
        made: Any = RNN(inputs, hidden, nonlinearity="relu", rng=rng, dtype=dtype, **options)
        made.params["W_hh"][...] = init.identity((hidden, hidden))
        made.params["W_xh"][...] = rng.normal(0, 0.001, (inputs, hidden))
        return made
    made = {"tanh": RNN, "lstm": LSTM, "gru": GRU}[cell](inputs, hidden, rng=rng, dtype=dtype, **options)
    for name, weights in made.params.items():
        if name.startswith("W_h"):
            weights[...] = init.orthogonal(weights.shape, rng)
    return made


def model(cell: str, inputs: int, hidden: int, outputs: int, rng: np.random.Generator, **options: Any) -> Stacked:
    """Make a recurrent layer with linear scores on top."""
    below = layer(cell, inputs, hidden, rng, **options)
    return Stacked([below, Linear(hidden, outputs, rng=rng, dtype=options.get("dtype", np.float32))])
