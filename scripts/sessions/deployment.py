"""The chapter deployment: what stands in a file of weights, what one wrong bit does, and what a pickle may do."""

# --8<-- [start:shown]
import json
import pickle
import tempfile
from pathlib import Path

import numpy as np

from rnn import LSTM, Linear, Stacked
from rnn.files import load, read_metadata, save

rng = np.random.default_rng(0)
model = Stacked([LSTM(3, 8, rng=rng), Linear(8, 2, rng=rng)])
path = Path(tempfile.mkdtemp()) / "model.safetensors"
save(model, path, metadata={"version": "7", "mean": 51.2, "seed": 0})

content = path.read_bytes()
length = int.from_bytes(content[:8], "little")  # of the header
header = json.loads(content[8 : 8 + length])
print("bytes:", 8, "+", length, "+", len(content) - 8 - length)
print("one weight:", header["0.W_hf"])
for part in json.loads(header["__metadata__"]["rnn"])["model"]["parts"]:
    print("plan:", part)
print("metadata:", read_metadata(path))

inputs = rng.normal(size=(5, 1, 3))
before, _ = model.forward(inputs)
after, _ = load(path).forward(inputs)
print("equal to the bit:", np.array_equal(before, after))

one_bit = bytes([content[-5] ^ 1])  # of the last weight
path.write_bytes(content[:-5] + one_bit + content[-4:])
try:
    load(path)
except ValueError as error:
    print("damaged:", str(error).partition(": ")[2])


class Trick:
    def __reduce__(self):
        return print, ("a pickle has run a function of its choice",)


weights = pickle.loads(pickle.dumps(Trick()))
# --8<-- [end:shown]
