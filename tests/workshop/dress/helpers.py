"""Helper classes: parameters that carry their gradient, gates that are objects; further results; states with h_0."""

import numpy as np


class Parameter:
    __slots__ = ("grad", "value")

    def __init__(self, value):
        self.value, self.grad = value, np.zeros_like(value)


class Dense:
    def __init__(self, rows, columns):
        self.weight = Parameter(np.random.randn(rows, columns) / np.sqrt(rows))
        self.bias = Parameter(np.zeros(columns))

    def __call__(self, x):
        return x @ self.weight.value + self.bias.value


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.inward, self.outward = Dense(input_size, hidden_size), Dense(hidden_size, output_size)
        self.again = Parameter(np.eye(hidden_size) * 0.5 + 0.01 * np.random.randn(hidden_size, hidden_size))

    def forward(self, inputs, h0=None):
        T, B, _ = np.shape(inputs)
        self.x = np.asarray(inputs)
        self.h = np.zeros((T + 1, B, self.again.value.shape[0]))
        if h0 is not None:
            self.h[0] = h0
        for t in range(T):
            self.h[t + 1] = np.tanh(self.inward(self.x[t]) + self.h[t] @ self.again.value)
        return self.outward(self.h[1:]), self.h, {"steps": T}

    def backward(self, d_outputs):
        for p in self.parameters():
            p.grad[...] = 0
        carried = np.zeros_like(self.h[0])
        for t in reversed(range(len(self.x))):
            self.outward.weight.grad += self.h[t + 1].T @ d_outputs[t]
            self.outward.bias.grad += d_outputs[t].sum(0)
            d = (d_outputs[t] @ self.outward.weight.value.T + carried) * (1 - self.h[t + 1] ** 2)
            self.inward.weight.grad += self.x[t].T @ d
            self.inward.bias.grad += d.sum(0)
            self.again.grad += self.h[t].T @ d
            carried = d @ self.again.value.T
        return {
            "inward": {"dW": self.inward.weight.grad, "db": self.inward.bias.grad},
            "again": self.again.grad,
            "outward": [self.outward.weight.grad, self.outward.bias.grad],
            "d_h0": carried,
        }

    def parameters(self):
        return [self.inward.weight, self.inward.bias, self.again, self.outward.weight, self.outward.bias]

    def update_parameters(self, learning_rate):
        for p in self.parameters():
            p.value = p.value - learning_rate * p.grad


class Gate:
    def __init__(self, input_size, hidden_size, activation):
        self.W = np.random.randn(input_size, hidden_size) * 0.3
        self.U = np.random.randn(hidden_size, hidden_size) * 0.3
        self.b = np.zeros(hidden_size)
        self.activation = activation

    def __call__(self, x, h):
        return self.activation(x @ self.W + h @ self.U + self.b)


def sigmoid(a):
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), np.exp(-np.abs(a)) / (1 + np.exp(-np.abs(a))))


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.gates = {
            "output": Gate(input_size, hidden_size, sigmoid),
            "input": Gate(input_size, hidden_size, sigmoid),
            "forget": Gate(input_size, hidden_size, sigmoid),
            "candidate": Gate(input_size, hidden_size, np.tanh),
        }

    def forward(self, input_t, hidden_state, cell_state):
        gate = {name: g(input_t, hidden_state) for name, g in self.gates.items()}
        new_cell = gate["forget"] * cell_state + gate["input"] * gate["candidate"]
        return gate["output"] * np.tanh(new_cell), new_cell, gate
