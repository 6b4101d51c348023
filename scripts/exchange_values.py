"""Write tests/data/exchange.json: weights of PyTorch's and Keras's layers by name, and what they compute.

The two are needed only to run this script (made with torch 2.13.0 and keras 3.15.1), not for the tests, which
read the file.
"""

import json
import os
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import torch

TARGET = Path(__file__).parents[1] / "tests" / "data" / "exchange.json"
T, B, D, H, V = 4, 2, 2, 3, 5


def run_torch(module, inputs):
    """Give a module random weights and run it."""
    module = module.double()
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter)
    weights = {name: value.numpy().tolist() for name, value in module.state_dict().items()}
    with torch.no_grad():
        outputs = module(torch.tensor(inputs))
    outputs = outputs[0] if isinstance(outputs, tuple) else outputs
    return {"weights": weights, "inputs": inputs.tolist(), "outputs": outputs.numpy().tolist()}


def run_keras(layers, rng, inputs):
    """Give a model random weights and run it; Keras has the batch as the first axis."""
    model = keras.Sequential([keras.Input((T,) if inputs.ndim == 2 else (T, D)), *layers])
    model.set_weights([rng.normal(size=value.shape) for value in model.get_weights()])
    outputs = model(inputs.swapaxes(0, 1)).numpy().swapaxes(0, 1)
    weights = [value.tolist() for value in model.get_weights()]
    names = [variable.path.rpartition("/")[2] for variable in model.weights]
    return {"names": names, "weights": weights, "inputs": inputs.tolist(), "outputs": outputs.tolist()}


def torch_cases(rng):
    """Run each kind of module."""
    nn, inputs = torch.nn, rng.normal(size=(T, B, D))
    symbols, h = rng.integers(0, V, (T, B)), rng.normal(size=(B, D))
    return {
        "RNN": run_torch(nn.RNN(D, H), inputs),
        "RNN relu": run_torch(nn.RNN(D, H, nonlinearity="relu"), inputs),
        "LSTM": run_torch(nn.LSTM(D, H), inputs),
        "GRU": run_torch(nn.GRU(D, H), inputs),
        "LSTM deep": run_torch(nn.LSTM(D, H, num_layers=2), inputs),
        "GRU both ways": run_torch(nn.GRU(D, H, num_layers=2, bidirectional=True), inputs),
        "GRUCell": run_torch(nn.GRUCell(D, H), h),
        "LSTMCell": run_torch(nn.LSTMCell(D, H), h),
        "text": run_torch(
            nn.Sequential(nn.Embedding(V, D), nn.LayerNorm(D), nn.Dropout(0.0), nn.Linear(D, H)), symbols
        ),
    }


def keras_cases(rng):
    """Run each kind of layer."""
    layers, inputs, symbols = keras.layers, rng.normal(size=(T, B, D)), rng.integers(0, V, (T, B))
    both_ways = layers.Bidirectional(layers.LSTM(H, return_sequences=True))
    return {
        "RNN": run_keras([layers.SimpleRNN(H, return_sequences=True)], rng, inputs),
        "LSTM": run_keras([layers.LSTM(H, return_sequences=True)], rng, inputs),
        "GRU after": run_keras([layers.GRU(H, return_sequences=True)], rng, inputs),
        "GRU before": run_keras([layers.GRU(H, return_sequences=True, reset_after=False)], rng, inputs),
        "both ways": run_keras([both_ways, layers.Dense(2)], rng, inputs),
        "text": run_keras(
            [layers.Embedding(V, D), layers.LayerNormalization(epsilon=1e-5), layers.Dense(H)], rng, symbols
        ),
    }


if __name__ == "__main__":
    keras.config.set_floatx("float64")
    torch.manual_seed(0)
    values = {"torch": torch_cases(np.random.default_rng(0)), "keras": keras_cases(np.random.default_rng(1))}
    lines = ",\n".join(
        f"{json.dumps(f'{framework}: {name}')}: {json.dumps(case)}"
        for framework, cases in values.items()
        for name, case in cases.items()
    )
    TARGET.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
