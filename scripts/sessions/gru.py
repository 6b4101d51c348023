"""The chapter gru: the four forms on the same numbers, and what may be exchanged for what."""

# --8<-- [start:shown]
import numpy as np

from rnn import GRUCell, exchange

x, state = np.array([[0.5, -1.0]]), (np.array([[0.8, -0.6]]),)
cells = {}
for reset in ("after", "before"):
    for update in ("keeps", "replaces"):
        cell = GRUCell(2, 2, reset=reset, update=update, rng=np.random.default_rng(0))
        cells[reset, update] = cell
        print(f"{reset:6} {update:8}", cell.step(x, state)[0][0])

keeps, replaces = cells["after", "keeps"], cells["after", "replaces"]
exchange.from_torch(replaces, exchange.to_torch(keeps))  # negates W_xz, W_hz, b_z
print("replaces, weights of keeps:", replaces.step(x, state)[0][0])
try:
    exchange.from_torch(cells["before", "keeps"], exchange.to_torch(keeps))
except ValueError as error:
    print(error)
# --8<-- [end:shown]

(given,), (taken,) = keeps.step(x, state)[0], replaces.step(x, state)[0]
assert np.allclose(given, taken, rtol=1e-14)
