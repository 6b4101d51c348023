"""The chapter lstm: a memory cell whose valves are set by hand, and what a thousand steps leave of its content."""

# --8<-- [start:shown]
import numpy as np

from rnn import LSTMCell
from rnn.unrolled import Unrolled

# three inputs a step: a value, the command to write, the command to read
inputs = np.zeros((1001, 1, 3))
inputs[:, 0, 0] = np.random.default_rng(0).uniform(-1, 1, size=1001)  # values all the time
inputs[0, 0] = [0.5, 1, 0]  # only this one is to be kept
inputs[-1, 0, 2] = 1  # and only now is it asked for

cell = LSTMCell(3, 1)
for b_f in (10, 3, 1):
    for gate, weights, bias in (
        ("c", [1, 0, 0], 0),  # the candidate is the value
        ("i", [0, 20, 0], -10),  # open while writing
        ("f", [0, -b_f - 10, 0], b_f),  # shut while writing: the old goes
        ("o", [0, 0, 20], -10),  # open while reading
    ):
        cell.params[f"W_x{gate}"][:, 0] = weights
        cell.params[f"W_h{gate}"][...] = 0
        cell.params[f"b_{gate}"][...] = bias
    layer = Unrolled(cell)
    h, _ = layer.forward(inputs)
    d_x, _ = layer.backward(np.eye(1001)[-1].reshape(1001, 1, 1))  # of the last h
    first, second = d_x[:2, 0, 0]
    print(f"b_f = {b_f:2}: h = {h[-1, 0, 0]:+.5f}, dh/dx_1 = {first:.0e}, dh/dx_2 = {second:.0e}")
# --8<-- [end:shown]
