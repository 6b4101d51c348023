"""The chapter recurrence: a shift register repeats its input three steps later, exactly; with tanh, nearly."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN


def shift_register(nonlinearity, scale=1.0):
    """Repeat the input three steps later; inside it is `scale` times as large."""
    net = SimpleRNN(1, 4, 1, nonlinearity=nonlinearity)
    net.params["W_xh"] = scale * np.eye(1, 4)
    net.params["W_hh"] = np.eye(4, k=1)
    net.params["W_hy"] = np.eye(4, 1, k=-3) / scale
    return net


inputs = np.array([5.0, 0, -2, 1, 0, 0, 3, 0])[:, None, None]
print("inputs          ", inputs.ravel())
exact, _ = shift_register("identity").forward(inputs)
print("linear          ", exact.ravel())
for scale in (1.0, 0.1, 0.001):
    outputs, _ = shift_register("tanh", scale).forward(inputs)
    print(f"tanh, scale {scale:<5}", outputs.ravel().round(3) + 0.0)
# --8<-- [end:shown]

assert np.array_equal(exact[3:], inputs[:-3])
assert np.abs(outputs - exact).max() < 1e-3
