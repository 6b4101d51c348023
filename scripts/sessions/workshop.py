"""The chapter workshop: a backward pass of one's own, with one mistake, held against differentiation."""

# --8<-- [start:shown]
import numpy as np

from rnn.gradcheck import complex_step

rng = np.random.default_rng(0)
T, B, D, H = 6, 3, 2, 4  # all different, so that a wrong shape cannot fit by chance
inputs, h0 = rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
wanted = rng.normal(size=(T, B, H))
params = {"W_xh": rng.normal(size=(D, H)), "W_hh": rng.normal(size=(H, H)) / 2, "b_h": rng.normal(size=H)}


def forward(params):
    states = [h0]
    for x in inputs:
        states.append(np.tanh(x @ params["W_xh"] + states[-1] @ params["W_hh"] + params["b_h"]))
    return states


def backward(params, states, transposed):
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    from_later = np.zeros((B, H))
    for t in reversed(range(T)):
        delta = from_later + states[t + 1] - wanted[t]  # the loss is half the squared distance, at every step
        d_a = delta * (1 - states[t + 1] ** 2)
        grads["W_xh"] += inputs[t].T @ d_a
        grads["W_hh"] += states[t].T @ d_a
        grads["b_h"] += d_a.sum(axis=0)
        from_later = d_a @ (params["W_hh"].T if transposed else params["W_hh"])
    return grads


def loss_with(name):
    def loss(value):
        states = forward({**params, name: value})
        return sum(((h - y) ** 2).sum() / 2 for h, y in zip(states[1:], wanted, strict=True))

    return loss


for transposed in (False, True):
    grads = backward(params, forward(params), transposed)
    print("with the transpose" if transposed else "without it")
    for name in params:
        right = complex_step(loss_with(name), params[name])
        error = np.abs(grads[name] - right).max() / np.abs(right).max()
        print(f"  {name:5} {'agrees to 12 digits' if error < 1e-12 else f'is off by {error:.0%}'}")
# --8<-- [end:shown]
