"""Several independent networks on one leading axis: small networks then cost hardly more together than one alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from rnn.depth import Stacked
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Linear


def model(
    cell: str, inputs: int, hidden: int, outputs: int, nets: int, rng: np.random.Generator, dtype: DTypeLike
) -> Stacked:
    """Make `nets` recurrent layers with linear scores on top; arrays are (T, nets, B, D) then.

    ``linear`` and ``tanh`` start with an orthogonal recurrent matrix, ``irnn``, with rectifiers, with the identity and
    small input weights (Le, Jaitly & Hinton 2015), ``lstm`` with a forget bias of 1, ``gru`` as the package makes it.
    """
    options: dict[str, Any] = {"seeds": nets, "rng": rng, "dtype": dtype}
    if cell in ("lstm", "gru"):
        below: Any = {"lstm": LSTM, "gru": GRU}[cell](inputs, hidden, **options)
    else:
        nonlinearity = {"linear": "identity", "tanh": "tanh", "irnn": "relu"}[cell]
        below = RNN(inputs, hidden, nonlinearity=nonlinearity, **options)
    if cell == "irnn":
        below.params["W_xh"][...] = rng.normal(0, 0.001, below.params["W_xh"].shape)
    return Stacked([below, Linear(hidden, outputs, **options)])
