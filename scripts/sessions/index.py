"""The first page: a network in six lines."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN, gradcheck

rng = np.random.default_rng(0)
net = SimpleRNN(input_size=3, hidden_size=5, output_size=2, rng=rng)
inputs = rng.normal(size=(7, 4, 3))  # 7 steps, a batch of 4, 3 features
outputs, hidden_states = net.forward(inputs)
print("outputs", outputs.shape, "hidden states", hidden_states.shape)

grads = net.backward(outputs)  # the gradient of the loss Σ y²/2 is y itself
print({name: grad.shape for name, grad in grads.items()})

worst = max(gradcheck.check(net, rng=rng).values())
print("backward agrees with differentiation to 12 digits:", worst < 1e-12)
# --8<-- [end:shown]

assert worst < 1e-12
assert outputs.shape == (7, 4, 2)
