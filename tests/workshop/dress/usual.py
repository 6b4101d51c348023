"""As it is written most often: zeros behind the last state, which index -1 finds; loops over samples in the training."""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.input_size, self.hidden_size, self.output_size = input_size, hidden_size, output_size
        self.Wxh = np.random.randn(input_size, hidden_size) * np.sqrt(2.0 / (input_size + hidden_size))
        self.Whh = np.random.randn(hidden_size, hidden_size) * np.sqrt(1.0 / hidden_size)
        self.Why = np.random.randn(hidden_size, output_size) * np.sqrt(2.0 / (hidden_size + output_size))
        self.bh = np.zeros((1, hidden_size))
        self.by = np.zeros((1, output_size))
        self.dWxh = np.zeros_like(self.Wxh)
        self.mem = {"Wxh": np.zeros_like(self.Wxh), "Whh": np.zeros_like(self.Whh)}

    def forward(self, inputs):
        seq_len, batch_size, _ = inputs.shape
        self.inputs = inputs
        self.hs = np.zeros((seq_len + 1, batch_size, self.hidden_size))
        self.outputs = np.zeros((seq_len, batch_size, self.output_size))
        for t in range(seq_len):
            self.hs[t] = np.tanh(np.dot(inputs[t], self.Wxh) + np.dot(self.hs[t - 1], self.Whh) + self.bh)
            self.outputs[t] = np.dot(self.hs[t], self.Why) + self.by
        return self.outputs, self.hs

    def backward(self, d_outputs):
        self.dWxh, self.dWhh, self.dWhy = np.zeros_like(self.Wxh), np.zeros_like(self.Whh), np.zeros_like(self.Why)
        self.dbh, self.dby = np.zeros_like(self.bh), np.zeros_like(self.by)
        dh_next = np.zeros_like(self.hs[0])
        for t in reversed(range(self.inputs.shape[0])):
            dy = d_outputs[t]
            self.dWhy += np.dot(self.hs[t].T, dy)
            self.dby += np.sum(dy, axis=0, keepdims=True)
            dh = np.dot(dy, self.Why.T) + dh_next
            dh_raw = (1 - self.hs[t] ** 2) * dh
            self.dbh += np.sum(dh_raw, axis=0, keepdims=True)
            self.dWxh += np.dot(self.inputs[t].T, dh_raw)
            self.dWhh += np.dot(self.hs[t - 1].T, dh_raw)
            dh_next = np.dot(dh_raw, self.Whh.T)
        return {"dWxh": self.dWxh, "dWhh": self.dWhh, "dWhy": self.dWhy, "dbh": self.dbh, "dby": self.dby}

    def update_parameters(self, learning_rate):
        for param, grad in [
            ("Wxh", self.dWxh),
            ("Whh", self.dWhh),
            ("Why", self.dWhy),
            ("bh", self.dbh),
            ("by", self.dby),
        ]:
            np.clip(grad, -5, 5, out=grad)
            setattr(self, param, getattr(self, param) - learning_rate * grad)


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        scale = np.sqrt(1.0 / (input_size + hidden_size))
        for gate in ("f", "i", "c", "o"):
            setattr(self, "W" + gate, np.random.randn(input_size, hidden_size) * scale)
            setattr(self, "U" + gate, np.random.randn(hidden_size, hidden_size) * scale)
            setattr(self, "b" + gate, np.zeros((1, hidden_size)))

    @staticmethod
    def sigmoid(x):
        return 1 / (1 + np.exp(-np.clip(x, -500, 500)))

    def forward(self, input_t, hidden_state, cell_state):
        f_t = self.sigmoid(input_t @ self.Wf + hidden_state @ self.Uf + self.bf)
        i_t = self.sigmoid(input_t @ self.Wi + hidden_state @ self.Ui + self.bi)
        c_tilde = np.tanh(input_t @ self.Wc + hidden_state @ self.Uc + self.bc)
        o_t = self.sigmoid(input_t @ self.Wo + hidden_state @ self.Uo + self.bo)
        new_cell_state = f_t * cell_state + i_t * c_tilde
        new_hidden_state = o_t * np.tanh(new_cell_state)
        return new_hidden_state, new_cell_state
