"""Input and state joined before one product; Adam in the update; gates cut out of one product with state first."""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.n = input_size
        self.W = np.random.randn(input_size + hidden_size, hidden_size) * 0.2
        self.bias = np.zeros(hidden_size)
        self.W_out = np.random.randn(hidden_size, output_size) * 0.2
        self.bias_out = np.zeros(output_size)
        self.m = dict.fromkeys(("W", "bias", "W_out", "bias_out"), 0.0)
        self.v = dict(self.m)
        self.t = 0

    def forward(self, inputs):
        h = np.zeros((inputs.shape[1], len(self.bias)))
        self.z, self.states = [], []
        for x in inputs:
            self.z.append(np.hstack([x, h]))
            h = np.tanh(self.z[-1] @ self.W + self.bias)
            self.states.append(h)
        states = np.array(self.states)
        return states @ self.W_out + self.bias_out, states

    def backward(self, d_outputs):
        states = np.array(self.states)
        grads = {
            "W_out": np.einsum("tbh,tbo->ho", states, d_outputs),
            "bias_out": d_outputs.sum(axis=(0, 1)),
            "W": np.zeros_like(self.W),
            "bias": np.zeros_like(self.bias),
        }
        d_z = np.zeros_like(self.z[0])
        for t in reversed(range(len(d_outputs))):
            d_a = (d_outputs[t] @ self.W_out.T + d_z[:, self.n :]) * (1 - states[t] ** 2)
            grads["W"] += self.z[t].T @ d_a
            grads["bias"] += d_a.sum(axis=0)
            d_z = d_a @ self.W.T
        self.grads = grads
        return grads

    def update_parameters(self, learning_rate):
        self.t += 1
        for k, g in self.grads.items():
            self.m[k] = 0.9 * self.m[k] + 0.1 * g
            self.v[k] = 0.999 * self.v[k] + 0.001 * g**2
            m, v = self.m[k] / (1 - 0.9**self.t), self.v[k] / (1 - 0.999**self.t)
            setattr(self, k, getattr(self, k) - learning_rate * m / (np.sqrt(v) + 1e-12))


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.kernel = np.random.randn(hidden_size + input_size, 4 * hidden_size) * 0.3
        self.bias = np.zeros((1, 4 * hidden_size))

    def forward(self, input_t, hidden_state, cell_state):
        a = np.hstack((hidden_state, input_t)) @ self.kernel + self.bias
        n = hidden_state.shape[1]
        o, g, f, i = (a[:, k * n : (k + 1) * n] for k in range(4))

        def s(v):
            return 1 / (1 + np.exp(-v))

        cell_state = s(f) * cell_state + s(i) * np.tanh(g)
        return s(o) * np.tanh(cell_state), cell_state
