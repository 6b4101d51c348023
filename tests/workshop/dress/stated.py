"""Names that say nothing, an array beside that acts too, and a mapping that says which is which."""

import numpy as np

PARAMETERS = {
    "W_xh": "a",
    "W_hh": "b.T",
    "b_h": "c",
    "W_hy": "d",
    "b_y": "e",
    **{f"W_x{gate}": f"x{n}" for n, gate in enumerate("fico")},
    **{f"W_h{gate}": f"h{n}.T" for n, gate in enumerate("fico")},
    **{f"b_{gate}": f"v{n}" for n, gate in enumerate("fico")},
}


class SimpleRNN:
    def __init__(self, input_size, hidden_size, output_size):
        self.a = np.random.randn(input_size, hidden_size) * 0.3
        self.b = np.random.randn(hidden_size, hidden_size) * 0.3
        self.mask = np.ones((hidden_size, hidden_size))  # acts on b, and is no parameter
        self.c = np.zeros(hidden_size)
        self.d = np.random.randn(hidden_size, output_size) * 0.3
        self.e = np.zeros(output_size)

    def forward(self, inputs):
        h = np.zeros((inputs.shape[1], len(self.c)))
        self.seen = [(inputs[0], h, h)][:0]
        for x in inputs:
            new = np.tanh(x @ self.a + h @ (self.mask * self.b).T + self.c)
            self.seen.append((x, h, new))
            h = new
        states = np.stack([new for _, _, new in self.seen])
        return states @ self.d + self.e, states

    def backward(self, d_outputs):
        g = [np.zeros_like(v) for v in (self.a, self.b, self.c, self.d, self.e)]
        back = 0.0
        for (x, h, new), d in reversed(list(zip(self.seen, d_outputs, strict=True))):
            s = (d @ self.d.T + back) * (1 - new**2)
            for total, part in zip(g, (x.T @ s, (h.T @ s).T, s.sum(0), new.T @ d, d.sum(0)), strict=True):
                total += part
            back = s @ self.b
        self.g = g
        return tuple(g)

    def update_parameters(self, learning_rate):
        for v, g in zip((self.a, self.b, self.c, self.d, self.e), self.g, strict=True):
            v -= learning_rate * g


class LSTMCell:
    def __init__(self, input_size, hidden_size):
        for n in range(4):
            setattr(self, f"x{n}", np.random.randn(input_size, hidden_size) * 0.3)
            setattr(self, f"h{n}", np.random.randn(hidden_size, hidden_size) * 0.3)
            setattr(self, f"v{n}", np.zeros(hidden_size))

    def forward(self, input_t, hidden_state, cell_state):
        f, i, g, o = (
            input_t @ getattr(self, f"x{n}") + hidden_state @ getattr(self, f"h{n}").T + getattr(self, f"v{n}")
            for n in range(4)
        )
        f, i, o = (1 / (1 + np.exp(-s)) for s in (f, i, o))
        c = f * cell_state + i * np.tanh(g)
        return o * np.tanh(c), c
