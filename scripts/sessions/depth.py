"""The chapter depth: a bidirectional layer sees the future, and therefore has no step."""

# --8<-- [start:shown]
import numpy as np

from rnn import RNN, Bidirectional
from rnn.gradcheck import complex_step

rng = np.random.default_rng(0)
inputs = rng.normal(size=(5, 1, 2))


def influence(layer):
    """Return the size of ∂h_t/∂x_s in row t, column s."""
    jacobian = complex_step(lambda x: layer.forward(x)[0], inputs)  # (T, B, H, T, B, D)
    return np.sqrt((jacobian**2).sum(axis=(1, 2, 4, 5))).round(2)


both = Bidirectional(RNN(2, 4, rng=rng), RNN(2, 4, rng=rng))
print(influence(RNN(2, 4, rng=rng)))
print(influence(both))
print("has a step:", hasattr(both, "step"), "| has a stream:", hasattr(both, "stream"))
# --8<-- [end:shown]

assert (influence(both) > 0).all()
