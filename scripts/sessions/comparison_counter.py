"""The chapter comparison: an LSTM cell with weights set by hand that compares two numbers."""

# --8<-- [start:shown]
import numpy as np

from rnn import LSTMCell

cell = LSTMCell(input_size=1, hidden_size=1)
for name, array in cell.params.items():  # gates open, and the sign of the input as the candidate
    array[...] = 50.0 if name in ("W_xc", "b_f", "b_i", "b_o") else 0.0

for opened, closed in ((3, 3), (3, 2), (1000, 1000), (1000, 1001)):
    state = cell.zero_state(1)
    for x in [1.0] * opened + [-1.0] * closed:
        (h, c), _ = cell.step(np.array([[x]]), state)
        state = h, c
    print(f"{opened:4d} opened, {closed:4d} closed: c = {c[0, 0]:2.0f}, h = {h[0, 0]:5.2f}")
# --8<-- [end:shown]

assert c[0, 0] == -1
