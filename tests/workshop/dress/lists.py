"""Plain Python: weights as lists of lists, loops in place of products, gates without telling names."""

import math
import random

import numpy as np


def matrix(rows, columns):
    return [[random.uniform(-0.3, 0.3) for _ in range(columns)] for _ in range(rows)]


def times(row, weights):
    return [sum(r * w[j] for r, w in zip(row, weights, strict=True)) for j in range(len(weights[0]))]


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.W_in, self.W_rec = matrix(input_size, hidden_size), matrix(hidden_size, hidden_size)
        self.W_out = matrix(hidden_size, output_size)
        self.b_rec, self.b_out = [0.0] * hidden_size, [0.0] * output_size

    def forward(self, inputs):
        self.x = [[[float(v) for v in row] for row in step] for step in inputs]
        h = [[0.0] * len(self.b_rec) for _ in self.x[0]]
        self.h, y = [h], []
        for step in self.x:
            h = [
                [
                    math.tanh(a + r + b)
                    for a, r, b in zip(times(x, self.W_in), times(old, self.W_rec), self.b_rec, strict=True)
                ]
                for x, old in zip(step, h, strict=True)
            ]
            self.h.append(h)
            y.append([[s + b for s, b in zip(times(row, self.W_out), self.b_out, strict=True)] for row in h])
        return y, self.h[1:]

    def backward(self, d_outputs):
        x, h, W_out, W_rec = np.array(self.x), np.array(self.h), np.array(self.W_out), np.array(self.W_rec)
        d_a = np.zeros((len(x), *h[0].shape))
        carried = np.zeros_like(h[0])
        for t in reversed(range(len(x))):
            d_a[t] = (d_outputs[t] @ W_out.T + carried) * (1 - h[t + 1] ** 2)
            carried = d_a[t] @ W_rec.T
        self.g = {
            "W_in": sum(a.T @ b for a, b in zip(x, d_a, strict=True)).tolist(),
            "W_rec": sum(a.T @ b for a, b in zip(h, d_a, strict=False)).tolist(),
            "W_out": sum(a.T @ b for a, b in zip(h[1:], d_outputs, strict=True)).tolist(),
            "b_rec": d_a.sum(axis=(0, 1)).tolist(),
            "b_out": np.sum(d_outputs, axis=(0, 1)).tolist(),
        }
        return self.g

    def update_parameters(self, learning_rate):
        for name, grad in self.g.items():
            setattr(self, name, (np.array(getattr(self, name)) - learning_rate * np.array(grad)).tolist())


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        self.inward = [np.random.randn(input_size, hidden_size) * 0.3 for _ in range(4)]
        self.again = [np.random.randn(hidden_size, hidden_size) * 0.3 for _ in range(4)]
        self.offset = [np.zeros(hidden_size) for _ in range(4)]

    def forward(self, input_t, hidden_state, cell_state):
        a = [input_t @ W + hidden_state @ U + b for W, U, b in zip(self.inward, self.again, self.offset, strict=True)]
        keep, write, show = (1 / (1 + np.exp(-s)) for s in a[1:])
        cell = keep * cell_state + write * np.tanh(a[0])
        return show * np.tanh(cell), cell
