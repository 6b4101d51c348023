"""Write tests/data/torch_*.json: what PyTorch computes for layers with given weights, and its gradients.

PyTorch is needed only to run this script (`.venv-peers/bin/python -m scripts.torch_values`, made with torch 2.13.0),
not for the tests, which read the files.
"""

import json
from pathlib import Path

import numpy as np
import torch

from scripts.compare import Model, is_parameter, model_arrays

DATA = Path(__file__).parents[1] / "tests" / "data"
T, B, D, H, O = 6, 3, 4, 5, 2
GATES = {"tanh": "h", "relu": "h", "lstm": "ifco", "gru": "rzn"}  # in PyTorch's order


def numbers(tensors):
    """Return a dict of tensors as nested lists, every digit kept."""
    return {name: tensor.detach().numpy().tolist() for name, tensor in tensors.items()}


def leaves(rng, **shapes):
    """Draw tensors of the given shapes that gradients are wanted for."""
    drawn = {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}
    return {name: torch.tensor(value, requires_grad=True) for name, value in drawn.items()}


def grads(tensors):
    """Return the gradients of a dict of tensors."""
    return {name: tensor.grad for name, tensor in tensors.items()}


def simple(rng, nonlinearity):
    """Run nn.RNN with a linear read-out; its second bias is zero, ours is one bias."""
    given = leaves(rng, W_xh=(D, H), W_hh=(H, H), b_h=(H,), W_hy=(H, O), b_y=(O,), inputs=(T, B, D), h0=(B, H))
    weights = torch.tensor(rng.normal(size=(T, B, O)))
    layer = torch.nn.RNN(D, H, nonlinearity=nonlinearity).double()
    state = {
        "weight_ih_l0": given["W_xh"].T,
        "weight_hh_l0": given["W_hh"].T,
        "bias_ih_l0": given["b_h"],
        "bias_hh_l0": torch.zeros(H, dtype=torch.float64),
    }
    hidden_states, _ = torch.func.functional_call(layer, state, (given["inputs"], given["h0"][None]))
    outputs = hidden_states @ given["W_hy"] + given["b_y"]
    (weights * outputs).sum().backward()
    return {
        "given": numbers(given),
        "d_outputs": weights.tolist(),
        "results": numbers({"outputs": outputs, "hidden_states": hidden_states}),
        "grads": numbers(grads(given)),
    }


def lstm(rng):
    """Run one step of nn.LSTMCell; PyTorch's order of the gates is i, f, g (our c), o."""
    shapes = {}
    for gate in "fico":
        shapes |= {f"W_x{gate}": (D, H), f"W_h{gate}": (H, H), f"b_{gate}": (H,)}
    given = leaves(rng, **shapes, input_t=(B, D), hidden_state=(B, H), cell_state=(B, H))
    d_hidden, d_cell = torch.tensor(rng.normal(size=(2, B, H)))
    state = {
        "weight_ih": torch.cat([given[f"W_x{gate}"].T for gate in "ifco"]),
        "weight_hh": torch.cat([given[f"W_h{gate}"].T for gate in "ifco"]),
        "bias_ih": torch.cat([given[f"b_{gate}"] for gate in "ifco"]),
        "bias_hh": torch.zeros(4 * H, dtype=torch.float64),
    }
    cell = torch.nn.LSTMCell(D, H).double()
    before = (given["hidden_state"], given["cell_state"])
    h, c = torch.func.functional_call(cell, state, (given["input_t"], before))
    (d_hidden * h + d_cell * c).sum().backward()
    return {
        "given": numbers(given),
        "d_hidden": d_hidden.tolist(),
        "d_cell": d_cell.tolist(),
        "results": numbers({"h": h, "c": c}),
        "grads": numbers(grads(given)),
    }


def torch_layer(model: Model, given: dict) -> dict:
    """Run nn.RNN, nn.LSTM or nn.GRU of any depth and direction; results and gradients under the names of `rnn`.

    PyTorch has two biases where we have one: it gets three quarters of ours in one and a quarter in the other.
    """
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in given.items() if name != "lengths"}
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}.get(model.cell, torch.nn.RNN)
    options = {"num_layers": model.layers, "bidirectional": model.bidirectional, "dtype": torch.float64}
    options |= {"nonlinearity": model.cell} if kind is torch.nn.RNN else {}
    layer = kind(model.size[2], model.size[3], **options)
    state = {}
    for place, prefix in enumerate(model.prefixes()):
        suffix = f"_l{place // model.directions}" + "_reverse" * (place % model.directions)
        names = [f"{prefix}{{}}{gate}" for gate in GATES[model.cell]]
        biases = [leaves[name.format("b_")] for name in names]
        first, second = [0.75 * b for b in biases], [0.25 * b for b in biases]
        if model.cell == "gru":  # the bias within the reset gate's reach is one of ours too
            first[-1], second[-1] = biases[-1], leaves[f"{prefix}b_hn"]
        state["weight_ih" + suffix] = torch.cat([leaves[name.format("W_x")].T for name in names])
        state["weight_hh" + suffix] = torch.cat([leaves[name.format("W_h")].T for name in names])
        state["bias_ih" + suffix], state["bias_hh" + suffix] = torch.cat(first), torch.cat(second)
    inputs, start = leaves["inputs"], tuple(leaves[name] for name in model.states)
    if model.padded:
        ends = torch.tensor(given["lengths"])
        inputs = torch.nn.utils.rnn.pack_padded_sequence(inputs, ends, enforce_sorted=False)
    arguments = (inputs, start if model.cell == "lstm" else start[0])
    outputs, end = torch.func.functional_call(layer, state, arguments)
    if model.padded:
        outputs, _ = torch.nn.utils.rnn.pad_packed_sequence(outputs, total_length=model.size[0])
    end = end if model.cell == "lstm" else (end,)
    results = {"outputs": outputs, **dict(zip(model.ends, end, strict=True))}
    sum((leaves[f"d_{name}"].detach() * value).sum() for name, value in results.items()).backward()
    wanted = ["inputs", *model.states, *filter(is_parameter, leaves)]
    results |= {f"d_{name}": leaves[name].grad for name in wanted}
    return {name: value.detach().numpy() for name, value in results.items()}


def stored(model, rng):
    """Run a model for the file."""
    given = model_arrays(model, rng)
    return {"model": vars(model), "given": lists(given), "results": lists(torch_layer(model, given))}


def lists(arrays):
    """Return a dict of arrays as nested lists, every digit kept."""
    return {name: array.tolist() for name, array in arrays.items()}


def write(name, values):
    """Write a file, one line."""
    (DATA / name).write_text(json.dumps(values) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rng = np.random.default_rng(2024)
    write("torch_values.json", {"tanh": simple(rng, "tanh"), "relu": simple(rng, "relu"), "lstm": lstm(rng)})
    rng = np.random.default_rng(2025)
    forms = [(1, False, False), (1, True, True), (2, False, True), (2, True, False)]
    models = [Model(cell, (4, 3, 2, 3), *form) for cell in GATES for form in forms]
    write("torch_layers.json", [stored(model, rng) for model in models])
