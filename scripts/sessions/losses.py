"""The chapter losses: one network, a loss at every step and at the last only, and the gradient that goes back."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.gradcheck import complex_step
from rnn.losses import LastStep, perplexity, softmax_cross_entropy

rng = np.random.default_rng(0)
net = SimpleRNN(3, 8, 4, rng=rng)
inputs, targets = rng.normal(size=(5, 2, 3)), rng.integers(4, size=(5, 2))
outputs, _ = net.forward(inputs)

loss, d_outputs = softmax_cross_entropy(outputs, targets)
print(f"every step: loss {loss:.3f}, perplexity {perplexity(loss):.2f}")
print("gradient at steps", np.flatnonzero(d_outputs.any(axis=(1, 2))) + 1)
grads = net.backward(d_outputs)  # from here on: backpropagation through time

measured = complex_step(lambda y: softmax_cross_entropy(y, targets)[0], outputs)
print("as measured by complex step:", np.allclose(d_outputs, measured, rtol=1e-12))

loss, d_outputs = LastStep(softmax_cross_entropy)(outputs, targets[-1])
print(f"last step:  loss {loss:.3f}")
print("gradient at steps", np.flatnonzero(d_outputs.any(axis=(1, 2))) + 1)
# --8<-- [end:shown]

assert np.allclose(d_outputs[-1].sum(axis=-1), 0)
