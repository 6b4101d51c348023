"""The chapter lstm: a memory cell whose valves are set by hand, and what a thousand steps leave of value and gradient."""

# --8<-- [start:shown]
import numpy as np

from rnn import LSTMCell
from rnn.unrolled import Unrolled

inputs = np.zeros((1001, 1, 3))  # three numbers a step: a value, the command to write, the command to read
inputs[:, 0, 0] = np.random.default_rng(0).uniform(-1, 1, size=1001)  # values come all the time
inputs[0, 0] = [0.5, 1, 0]  # only this one is to be kept
inputs[-1, 0, 2] = 1  # and only now is it asked for

cell = LSTMCell(3, 1)
for kept in (10, 3, 1):
    for gate, weights, bias in (
        ("c", [1, 0, 0], 0),  # the candidate is the value
        ("i", [0, 20, 0], -10),  # open while writing
        ("f", [0, -kept - 10, 0], kept),  # shut while writing, so that the old value goes
        ("o", [0, 0, 20], -10),  # open while reading
    ):
        cell.params[f"W_x{gate}"][:, 0], cell.params[f"W_h{gate}"][...], cell.params[f"b_{gate}"][...] = (
            weights,
            0,
            bias,
        )
    layer = Unrolled(cell)
    h, _ = layer.forward(inputs)
    d_inputs, _ = layer.backward(np.eye(1001)[-1].reshape(-1, 1, 1))  # the gradient of the last h
    print(
        f"b_f = {kept:2}:  h = {h[-1, 0, 0]:+.5f}, dh/dx_1 = {d_inputs[0, 0, 0]:.1e}, dh/dx_2 = {d_inputs[1, 0, 0]:.1e}"
    )
# --8<-- [end:shown]

assert abs(np.tanh(0.5) - 0.462) < 1e-3
