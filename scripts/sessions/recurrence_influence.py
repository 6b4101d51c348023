"""The chapter recurrence: the test that tells a recurrent network from one that only has the right shapes."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.gradients import influence


class Forgetful(SimpleRNN):
    """A network with a mistake: every step starts from zeros."""

    def _step(self, x, h_prev):
        return super()._step(x, np.zeros_like(h_prev))


inputs = np.random.default_rng(0).normal(size=(5, 1, 2))
for network in (SimpleRNN, Forgetful):
    net = network(2, 4, 3, rng=np.random.default_rng(1))
    outputs, hidden_states = net.forward(inputs)
    print(network.__name__, outputs.shape, hidden_states.shape)
    print(influence(net, inputs).round(2))
# --8<-- [end:shown]

assert np.array_equal(influence(net, inputs) > 0, np.eye(5, dtype=bool))
assert np.array_equal(influence(SimpleRNN(2, 4, 3), inputs) > 0, np.tril(np.ones((5, 5), bool)))
