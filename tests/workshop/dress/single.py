"""Single precision throughout, and lists where others have arrays."""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        def draw(*shape):
            return (np.random.standard_normal(shape) * 0.2).astype(np.float32)

        self.params = {
            "Wxh": draw(input_size, hidden_size),
            "Whh": draw(hidden_size, hidden_size),
            "Why": draw(hidden_size, output_size),
            "bh": np.zeros((1, hidden_size), np.float32),
            "by": np.zeros((1, output_size), np.float32),
        }

    def forward(self, inputs):
        p, h = self.params, 0
        self.xs, self.hs, ys = [np.asarray(x, np.float32) for x in inputs], [], []
        for x in self.xs:
            h = np.tanh(x @ p["Wxh"] + (h @ p["Whh"] if len(self.hs) else 0) + p["bh"])
            self.hs.append(h)
            ys.append(h @ p["Why"] + p["by"])
        return ys, self.hs

    def backward(self, d_outputs):
        p = self.params
        g = {"d" + k: np.zeros_like(v) for k, v in p.items()}
        dh = np.zeros_like(self.hs[0])
        for t in range(len(self.xs))[::-1]:
            dy = np.asarray(d_outputs[t], np.float32)
            dh = dh + dy @ p["Why"].T
            da = dh * (1 - self.hs[t] * self.hs[t])
            g["dWhy"] += self.hs[t].T @ dy
            g["dby"] += dy.sum(axis=0, keepdims=True)
            g["dWxh"] += self.xs[t].T @ da
            if t:
                g["dWhh"] += self.hs[t - 1].T @ da
            g["dbh"] += da.sum(axis=0, keepdims=True)
            dh = da @ p["Whh"].T
        self.g = g
        return g

    def update_parameters(self, learning_rate):
        for k in self.params:
            self.params[k] -= np.float32(learning_rate) * self.g["d" + k]


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.H = hidden_size
        self.W = (np.random.standard_normal((input_size, 4 * hidden_size)) * 0.2).astype(np.float32)
        self.U = (np.random.standard_normal((hidden_size, 4 * hidden_size)) * 0.2).astype(np.float32)
        self.b = np.zeros(4 * hidden_size, np.float32)

    def forward(self, input_t, hidden_state, cell_state):
        a = np.asarray(input_t, np.float32) @ self.W + np.asarray(hidden_state, np.float32) @ self.U + self.b
        i, f, g, o = np.split(a, 4, axis=1)
        i, f, o = (0.5 * (1 + np.tanh(0.5 * s)) for s in (i, f, o))
        c = f * np.asarray(cell_state, np.float32) + i * np.tanh(g)
        return [o * np.tanh(c), c]
