"""The chapter bptt: the gradient product, and the same gradient by differentiation."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.gradcheck import complex_step
from rnn.gradients import gradient_product

rng = np.random.default_rng(1)
net = SimpleRNN(input_size=2, hidden_size=3, output_size=2, rng=rng)
inputs, h0 = rng.normal(size=(6, 1, 2)), rng.normal(size=(1, 3))
target = rng.normal(size=2)
outputs, hidden_states = net.forward(inputs, h0=h0)

k, t = 2, 5
e_t = net.params["W_hy"] @ (outputs[t - 1, 0] - target)
delta = gradient_product(net, hidden_states, t, k) @ e_t


def loss_at_t(h_k):
    """Start again from h_k and return the loss at step t alone."""
    y, _ = net.forward(inputs[k:t], h0=h_k[None])
    return ((y[-1, 0] - target) ** 2).sum() / 2


differentiated = complex_step(loss_at_t, hidden_states[k - 1, 0])
print("by the product      ", delta)
print("by differentiation  ", differentiated)
print("largest difference below 1e-15:", np.abs(delta - differentiated).max() < 1e-15)
# --8<-- [end:shown]

assert np.abs(delta - differentiated).max() < 1e-15
assert np.abs(delta).max() > 1e-3
