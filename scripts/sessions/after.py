"""The chapter after: two tanh units with weights set by hand keep the parity of a long stream of bits."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.equations.after import parity_weights

net = SimpleRNN(1, 2, 1)
for name, value in parity_weights().items():
    net.params[name][...] = value
bits = np.random.default_rng(0).integers(2, size=(100_000, 1, 1))
outputs, _ = net.forward(bits.astype(float), h0=[[-1.0, -1.0]])
parity = np.cumsum(bits) % 2
print("last bits:  ", *bits[-8:, 0, 0])
print("last parity:", *outputs[-8:, 0, 0].round().astype(int))
print("mistakes:   ", int((outputs[:, 0, 0].round() != parity).sum()), "in", len(bits))
# --8<-- [end:shown]

assert (outputs[:, 0, 0].round() == parity).all()
