"""Write tests/data/torch_values.json: what PyTorch computes for layers with given weights, and its gradients.

PyTorch is needed only to run this script (made with torch 2.13.0), not for the tests, which read the file.
"""

import json
from pathlib import Path

import numpy as np
import torch

TARGET = Path(__file__).parents[1] / "tests" / "data" / "torch_values.json"
T, B, D, H, O = 6, 3, 4, 5, 2


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


if __name__ == "__main__":
    rng = np.random.default_rng(2024)
    values = {"tanh": simple(rng, "tanh"), "relu": simple(rng, "relu"), "lstm": lstm(rng)}
    TARGET.write_text(json.dumps(values) + "\n", encoding="utf-8")
