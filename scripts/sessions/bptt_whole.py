"""The chapter bptt: a whole network in NumPy alone: forward, backward, a comparison with differences, training."""

# --8<-- [start:shown]
import numpy as np

rng = np.random.default_rng(0)
T, B, D, H, O = 12, 32, 1, 8, 1  # steps, sequences, inputs, hidden units, outputs
shapes = {"W_xh": (D, H), "W_hh": (H, H), "b_h": (H,), "W_hy": (H, O), "b_y": (O,)}
params = {name: rng.normal(size=shape) / np.sqrt(H) for name, shape in shapes.items()}


def forward(params, inputs):
    states = [np.zeros((B, H))]  # the initial state; inputs[t] makes states[t + 1]
    for x in inputs:
        a = x @ params["W_xh"] + states[-1] @ params["W_hh"] + params["b_h"]
        states.append(np.tanh(a))
    return states, np.array([h @ params["W_hy"] + params["b_y"] for h in states[1:]])


def loss_and_gradients(params, inputs, wanted):
    states, outputs = forward(params, inputs)
    d_outputs = (outputs - wanted) / (T * B)  # of a mean, hence the factor
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    d_h = np.zeros((B, H))  # what comes from later steps: nothing yet
    for t in reversed(range(T)):
        grads["W_hy"] += states[t + 1].T @ d_outputs[t]
        grads["b_y"] += d_outputs[t].sum(axis=0)
        delta = d_outputs[t] @ params["W_hy"].T + d_h
        d_a = delta * (1 - states[t + 1] ** 2)
        grads["W_xh"] += inputs[t].T @ d_a
        grads["W_hh"] += states[t].T @ d_a
        grads["b_h"] += d_a.sum(axis=0)
        d_h = d_a @ params["W_hh"].T
    return ((outputs - wanted) ** 2).sum() / (2 * T * B), grads


def batch():  # random signs; wanted is the sign of two steps before, and 0 at first
    inputs = rng.choice([-1.0, 1.0], size=(T, B, D))
    return inputs, np.concatenate([np.zeros((2, B, D)), inputs[:-2]])


inputs, wanted = batch()
_, grads = loss_and_gradients(params, inputs, wanted)
for name, value in params.items():  # every entry a little up, a little down
    numerical = np.zeros_like(value)
    for i in np.ndindex(value.shape):
        for change, sign in ((1e-5, 1), (-2e-5, -1)):
            value[i] += change
            numerical[i] += sign * loss_and_gradients(params, inputs, wanted)[0] / 2e-5
        value[i] += 1e-5
    error = np.abs(grads[name] - numerical).max() / np.abs(numerical).max()
    print(f"{name:5}", "agrees" if error < 1e-6 else f"is off by {error:.0%}")

for step in range(301):
    loss, grads = loss_and_gradients(params, *batch())
    if step % 60 == 0:
        print(f"step {step:3}  loss {loss:.3f}")
    for name in params:
        params[name] -= 0.3 * grads[name]
# --8<-- [end:shown]

assert loss < 0.01
