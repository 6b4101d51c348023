"""The chapter deployment: the same model in another runtime, one step at a time."""

# --8<-- [start:shown]
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from rnn import LSTM, Linear, Stacked
from rnn.onnx_export import OPSET, export

rng = np.random.default_rng(0)
model = Stacked([LSTM(3, 16, rng=rng), Linear(16, 2, rng=rng)])
path = Path(tempfile.mkdtemp()) / "model.onnx"
export(model, path, states=True)

graph = onnx.load(path).graph
lstm = next(node for node in graph.node if node.op_type == "LSTM")
shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
print("opset:", OPSET)
print("W, R, B of the LSTM:", [shapes[name] for name in lstm.input[1:4]])

session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
print("inputs:", [one.name for one in session.get_inputs()])
print("outputs:", [one.name for one in session.get_outputs()])

inputs = rng.normal(size=(100, 4, 3))
expected, _ = model.forward(inputs)  # all at once, in float64
h, c, largest = *np.zeros((2, 4, 16), np.float32), 0.0
for x, y in zip(inputs, expected, strict=True):  # step by step, in float32
    feed = {"inputs": np.float32(x[None]), "state.0.h": h, "state.0.c": c}
    got, h, c = session.run(None, feed)
    largest = max(largest, np.abs(got[0] - y).max())
print("largest difference, at most:", 10.0 ** np.ceil(np.log10(largest)))
# --8<-- [end:shown]

assert largest < 1e-6
