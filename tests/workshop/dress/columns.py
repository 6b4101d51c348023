"""Column vectors: weights (outputs, inputs), one matrix product for each step, other names, biases (H, 1)."""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.U = np.random.randn(hidden_size, input_size) * 0.1
        self.W = np.random.randn(hidden_size, hidden_size) * 0.1
        self.V = np.random.randn(output_size, hidden_size) * 0.1
        self.b = np.zeros((hidden_size, 1))
        self.c = np.zeros((output_size, 1))

    def forward(self, inputs):
        self.xs, self.hs, outputs = inputs, {-1: np.zeros((self.W.shape[0], inputs.shape[1]))}, []
        for t in range(len(inputs)):
            self.hs[t] = np.tanh(self.U @ inputs[t].T + self.W @ self.hs[t - 1] + self.b)
            outputs.append((self.V @ self.hs[t] + self.c).T)
        return outputs, {t: h.T for t, h in self.hs.items()}

    def backward(self, d_outputs):
        dU, dW, dV, db, dc = (np.zeros_like(p) for p in (self.U, self.W, self.V, self.b, self.c))
        dh_next = 0
        for t in range(len(self.xs) - 1, -1, -1):
            dy = d_outputs[t].T
            dV += dy @ self.hs[t].T
            dc += dy.sum(axis=1, keepdims=True)
            da = (self.V.T @ dy + dh_next) * (1 - self.hs[t] ** 2)
            dU += da @ self.xs[t]
            dW += da @ self.hs[t - 1].T
            db += da.sum(axis=1, keepdims=True)
            dh_next = self.W.T @ da
        self.all = dU, dW, dV, db, dc
        return dU, dW, dV, db, dc

    def update_parameters(self, learning_rate):
        for p, g in zip((self.U, self.W, self.V, self.b, self.c), self.all, strict=True):
            p -= learning_rate * g


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        n = hidden_size
        self.Wf, self.Wi, self.Wc, self.Wo = (np.random.randn(n, n + input_size) * 0.1 for _ in range(4))
        self.bf, self.bi, self.bc, self.bo = (np.zeros((n, 1)) for _ in range(4))

    def forward(self, input_t, hidden_state, cell_state):
        z = np.concatenate([hidden_state, input_t], axis=1).T
        f, i, o = (
            1 / (1 + np.exp(-(W @ z + b))) for W, b in ((self.Wf, self.bf), (self.Wi, self.bi), (self.Wo, self.bo))
        )
        c = f * cell_state.T + i * np.tanh(self.Wc @ z + self.bc)
        return (o * np.tanh(c)).T, c.T
