"""The chapter bptt: the gradient product walked through with numbers, and the same gradient by differentiation."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.gradcheck import complex_step
from rnn.gradients import gradient_product

rng = np.random.default_rng(1)
net = SimpleRNN(input_size=2, hidden_size=2, output_size=2, rng=rng)
inputs, h0 = rng.normal(size=(6, 1, 2)), rng.normal(size=(1, 2))
target = rng.normal(size=2)
outputs, hidden_states = net.forward(inputs, h0=h0)

k, t = 2, 5
W_hh = net.params["W_hh"].T  # as on paper
h = dict(enumerate(hidden_states[:, 0], start=1))  # h[1] … h[6]
e_t = net.params["W_hy"] @ (outputs[t - 1, 0] - target)

delta = e_t
print("e_5             ", delta)
for i in range(t, k, -1):
    weakened = (1 - h[i] ** 2) * delta
    delta = W_hh.T @ weakened
    print(f"back through {i}: ", delta, f" tanh let pass {1 - h[i] ** 2}")


def loss_at_t(h_k):
    """Start again from h_k and return the loss at step t alone."""
    y, _ = net.forward(inputs[k:t], h0=h_k[None])
    return ((y[-1, 0] - target) ** 2).sum() / 2


product = gradient_product(net, hidden_states, t, k) @ e_t
differentiated = complex_step(loss_at_t, h[k])
print("by the product  ", product)
print("differentiated  ", differentiated)
# --8<-- [end:shown]

assert np.abs(delta - product).max() < 1e-15
assert np.abs(delta - differentiated).max() < 1e-15
assert np.abs(delta).max() > 1e-3
