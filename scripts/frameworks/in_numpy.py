"""The network in NumPy: the layer of this package."""

from rnn import GRU
from scripts.frameworks import Array, Arrays


# --8<-- [start:run]
def run(params: Arrays, inputs: Array, h0: Array) -> tuple[Array, Array]:
    """Return all states (T, B, H) and the gradient for h0 (B, H)."""
    layer = GRU(inputs.shape[2], h0.shape[1])
    layer.params.update(params)
    outputs, _ = layer.forward(inputs, (h0,))
    _, (d_h0,) = layer.backward(outputs)
    return outputs, d_h0
    # --8<-- [end:run]
