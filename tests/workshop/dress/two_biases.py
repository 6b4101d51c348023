"""Two biases for each sum, named and laid out as in PyTorch."""

import numpy as np


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        k = 1 / np.sqrt(hidden_size)
        self.weight_ih = np.random.uniform(-k, k, (hidden_size, input_size))
        self.weight_hh = np.random.uniform(-k, k, (hidden_size, hidden_size))
        self.bias_ih = np.random.uniform(-k, k, hidden_size)
        self.bias_hh = np.random.uniform(-k, k, hidden_size)
        self.fc_weight = np.random.uniform(-k, k, (output_size, hidden_size))
        self.fc_bias = np.random.uniform(-k, k, output_size)

    def forward(self, inputs):
        h, states = np.zeros((inputs.shape[1], len(self.bias_hh))), []
        for x in inputs:
            h = np.tanh(x @ self.weight_ih.T + self.bias_ih + h @ self.weight_hh.T + self.bias_hh)
            states.append(h)
        self.inputs, self.states = inputs, np.stack(states)
        return self.states @ self.fc_weight.T + self.fc_bias, self.states

    def backward(self, d_outputs):
        g = {
            n: np.zeros_like(v)
            for n, v in vars(self).items()
            if n.startswith(("weight", "bias", "fc")) and "grad" not in n
        }
        d_next = np.zeros_like(self.states[0])
        for t in reversed(range(len(self.inputs))):
            g["fc_weight"] += d_outputs[t].T @ self.states[t]
            g["fc_bias"] += d_outputs[t].sum(0)
            d_a = (d_outputs[t] @ self.fc_weight + d_next) * (1 - self.states[t] ** 2)
            g["weight_ih"] += d_a.T @ self.inputs[t]
            g["weight_hh"] += d_a.T @ (self.states[t - 1] if t else np.zeros_like(d_a))
            g["bias_ih"] += d_a.sum(0)
            g["bias_hh"] += d_a.sum(0)
            d_next = d_a @ self.weight_hh
        self.gradients = g
        return {f"grad_{name}": value for name, value in g.items()}

    def update_parameters(self, learning_rate):
        for name, value in self.gradients.items():
            setattr(self, name, getattr(self, name) - learning_rate * value)


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        for gate in "ifgo":
            setattr(self, f"W_i{gate}", np.random.randn(hidden_size, input_size) * 0.2)
            setattr(self, f"W_h{gate}", np.random.randn(hidden_size, hidden_size) * 0.2)
            setattr(self, f"b_i{gate}", np.zeros(hidden_size))
            setattr(self, f"b_h{gate}", np.zeros(hidden_size))

    def forward(self, input_t, hidden_state, cell_state):
        def a(g):
            inward = input_t @ getattr(self, f"W_i{g}").T + getattr(self, f"b_i{g}")
            return inward + hidden_state @ getattr(self, f"W_h{g}").T + getattr(self, f"b_h{g}")

        def sig(v):
            return 1 / (1 + np.exp(-np.clip(v, -500, 500)))

        c = sig(a("f")) * cell_state + sig(a("i")) * np.tanh(a("g"))
        return sig(a("o")) * np.tanh(c), c
