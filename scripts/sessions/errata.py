"""The chapter errata: a museum piece that one step does not unmask, and several do."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN
from rnn.gradcheck import check


class Untransposed(SimpleRNN):
    """The way back forgets to transpose W_hh."""

    def _step_back(self, delta, cache):
        d_x, d_h_prev, grads = super()._step_back(delta, cache)
        h = cache[2]
        d_h_prev = (delta * self.derivative(h)) @ self.params["W_hh"]
        return d_x, d_h_prev, grads


net = Untransposed(3, 4, 2, rng=np.random.default_rng(0))
for steps in (1, 5):
    errors = check(net, seq_len=steps, rng=np.random.default_rng(1))
    print("steps:", steps)
    for name in ("W_xh", "W_hh", "h0"):
        print(f"    {name}  {'wrong' if errors[name] > 1e-6 else 'right'}")
# --8<-- [end:shown]

assert check(net, seq_len=1, rng=np.random.default_rng(2))["W_hh"] < 1e-9
assert errors["W_hh"] > 1e-2
