"""The chapter deployment: what stands in a file of weights, what one wrong bit does, and what a pickle may do."""

# --8<-- [start:shown]
import json
import pickle
import tempfile
from pathlib import Path

import numpy as np

from rnn import LSTM, Linear, Stacked
from rnn.files import load, read_metadata, save

model = Stacked([LSTM(3, 8, rng=np.random.default_rng(0)), Linear(8, 2, rng=np.random.default_rng(1))])
path = Path(tempfile.mkdtemp()) / "model.safetensors"
save(model, path, metadata={"version": "7", "trained on": "2024-01 to 2024-06", "seed": 0})

content = path.read_bytes()
length = int.from_bytes(content[:8], "little")  # the header's, in front of it
header = json.loads(content[8 : 8 + length])
print("bytes:", 8, "+", length, "+", len(content) - 8 - length, "| tensors:", len(header) - 1)
print("one of them:", header["0.W_hf"])
print("its plan:", json.loads(header["__metadata__"]["rnn"])["model"]["parts"])
print("metadata:", read_metadata(path))

inputs = np.random.default_rng(2).normal(size=(5, 1, 3))
print("equal to the bit:", np.array_equal(load(path).forward(inputs)[0], model.forward(inputs)[0]))

path.write_bytes(content[:-5] + bytes([content[-5] ^ 1]) + content[-4:])  # a single bit of the last weight
try:
    load(path)
except ValueError as error:
    print("one bit:", str(error).partition(": ")[2])


class Trick:
    def __reduce__(self):
        return print, ("a pickle has run a function of its own choice",)


weights = pickle.loads(pickle.dumps(Trick()))
# --8<-- [end:shown]
