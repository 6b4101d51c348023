"""The chapter recurrence: two sequences that end alike, told apart by a network with weights set by hand."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN

mornings = np.array([[18.0, 19, 20], [22, 21, 20]]).T[:, :, None]  # 3 steps, batch 2
net = SimpleRNN(1, 2, 1, nonlinearity="identity")
net.params["W_xh"] = np.array([[1.0, 0.0]])  # the first unit takes the input,
net.params["W_hh"] = np.array([[0.0, 1.0], [0.0, 0.0]])  # the second what that one had
net.params["W_hy"] = np.array([[2.0], [-1.0]])  # twice today minus yesterday

outputs, hidden_states = net.forward(mornings)
print("rising ", hidden_states[-1, 0], "→", outputs[-1, 0])
print("falling", hidden_states[-1, 1], "→", outputs[-1, 1])

net.params["W_hh"] = np.zeros((2, 2))
outputs, hidden_states = net.forward(mornings)
print("rising,  nothing carried", hidden_states[-1, 0], "→", outputs[-1, 0])
print("falling, nothing carried", hidden_states[-1, 1], "→", outputs[-1, 1])
# --8<-- [end:shown]

assert outputs[-1, 0] == outputs[-1, 1] == 40
