"""The chapter depth: two sequences of different lengths in one array, reversed with and without their lengths."""

# --8<-- [start:shown]
import numpy as np

from rnn import RNN, Bidirectional

rng = np.random.default_rng(1)
both = Bidirectional(RNN(1, 2, rng=rng), RNN(1, 2, rng=rng))
both.params["backward.b_h"] = np.array([0.5, -0.5])  # as after training: not zero
inputs = np.zeros((5, 2, 1))
inputs[:, 0, 0] = [0.3, -1.2, 0.8, 1.5, -0.4]
inputs[:3, 1, 0] = [0.9, 0.2, -0.7]  # a sequence of three steps, and two of padding

alone, _ = both.forward(inputs[:3, 1:])
right, _ = both.forward(inputs, lengths=[5, 3])
wrong, _ = both.forward(inputs)
for name, outputs in (("alone", alone[:, 0]), ("with lengths", right[:3, 1]), ("without", wrong[:3, 1])):
    print(f"{name:12}", outputs[:, 2:].round(3).tolist())  # the backward half
# --8<-- [end:shown]

assert np.allclose(alone[:, 0], right[:3, 1], rtol=1e-12)
assert np.abs(wrong[:3, 1] - alone[:, 0])[:, 2:].max() > 0.1
assert np.allclose(wrong[:3, 1, :2], alone[:, 0, :2], rtol=1e-12)
