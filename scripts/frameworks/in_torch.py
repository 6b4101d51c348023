"""The network in PyTorch."""

import torch

from scripts.frameworks import Array, Arrays


# --8<-- [start:run]
def run(params: Arrays, inputs: Array, h0: Array) -> tuple[Array, Array]:
    """Return all states (T, B, H) and the gradient for h0 (B, H)."""
    p = {name: torch.tensor(value) for name, value in params.items()}
    none = torch.zeros_like(p["b_n"])
    layer = torch.nn.GRU(inputs.shape[2], h0.shape[1], dtype=torch.float64)
    layer.load_state_dict(
        {
            "weight_ih_l0": torch.cat([p["W_xr"].T, p["W_xz"].T, p["W_xn"].T]),
            "weight_hh_l0": torch.cat([p["W_hr"].T, p["W_hz"].T, p["W_hn"].T]),
            "bias_ih_l0": torch.cat([p["b_r"], p["b_z"], p["b_n"]]),
            "bias_hh_l0": torch.cat([none, none, p["b_hn"]]),
        }
    )
    start = torch.tensor(h0, requires_grad=True)
    outputs, _ = layer(torch.tensor(inputs), start[None])  # (layers · directions, B, H)
    (outputs.square().sum() / 2).backward()
    return outputs.detach().numpy(), start.grad.numpy()
    # --8<-- [end:run]
