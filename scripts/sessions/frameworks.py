"""The chapter frameworks: a test with zeros passes two wrong ports, one with random biases and states finds both."""

# --8<-- [start:shown]
import numpy as np

from rnn import GRUCell, exchange
from rnn.lstm import sigmoid


def port(w, x, h, mistake):
    """One step of a GRU for PyTorch's arrays, with one of two mistakes."""
    b_x, b_h = w["bias_ih"], w["bias_hh"]
    if mistake == "biases":
        b_x, b_h = b_x + b_h, 0
    r, z, n = np.split(x @ w["weight_ih"].T + b_x, 3, axis=1)
    h_r, h_z, h_n = np.split(h @ w["weight_hh"].T + b_h, 3, axis=1)
    if mistake == "order":
        h_r, h_z = h_z, h_r
    r, z = sigmoid(r + h_r), sigmoid(z + h_z)
    return z * h + (1 - z) * np.tanh(n + r * h_n)


rng = np.random.default_rng(0)
print("biases states | error of the two ports")
for biases, states in ((0, 0), (0, 1), (1, 0), (1, 1)):
    cell, x = GRUCell(3, 4, rng=rng), rng.normal(size=(5, 3))
    h = states * rng.normal(size=(5, 4))
    for name in ("b_z", "b_r", "b_n", "b_hn"):
        cell.params[name] = biases * rng.normal(size=4)
    w, ((expected,), _) = exchange.to_torch(cell), cell.step(x, (h,))
    errors = [np.abs(port(w, x, h, m) - expected).max() for m in ("biases", "order")]
    print(f"{biases:6} {states:6} |", *(f"{error:9.0e}" for error in errors))
# --8<-- [end:shown]

assert min(errors) > 0.01
assert np.abs(port(w, x, h, None) - expected).max() < 1e-14
