"""The chapter vanishing: a network whose weight matrix has the spectral radius 0, and whose gradient grows."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.gradients import ordered_product, step_jacobians

net = SimpleRNN(input_size=2, hidden_size=2, output_size=1, rng=np.random.default_rng(0))
W_hh = np.array([[4.0, -4.0], [4.0, -4.0]])
net.params["W_hh"], net.params["W_xh"] = W_hh.T, np.eye(2)  # rows, as always in code
inputs = np.tile([1.5, 6.5], (20, 1, 1))  # the same input at every step
print("W_hh @ W_hh =", (W_hh @ W_hh).tolist())
print("steps              ", *(f"{t:9d}" for t in (1, 2, 5, 10, 20)))

for start in ([0.3, -0.2], [-0.7, 0.1], [0.9, 0.9]):
    _, hidden_states = net.forward(inputs, h0=np.array([start]))
    J = step_jacobians(net, hidden_states)
    sizes = [np.linalg.norm(ordered_product(J, t, 0), 2) for t in (1, 2, 5, 10, 20)]
    print(f"from {start!s:14}", *(f"{size:9.2e}" for size in sizes))
# --8<-- [end:shown]

assert not (W_hh @ W_hh).any()
assert min(sizes[-1:]) > 1
