"""The assignment as a good student hands it in: one file, NumPy and Matplotlib alone.

It is the model that the grader must pass; the mistakes that it must name are edits of this source.
"""

import matplotlib.pyplot as plt
import numpy as np

RNG = np.random.default_rng(6)


class SimpleRNN:
    """h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h), y_t = h_t W_hy + b_y."""

    def __init__(self, input_size, hidden_size, output_size):

        def xavier(rows, columns):
            limit = np.sqrt(6 / (rows + columns))
            return RNG.uniform(-limit, limit, (rows, columns))

        self.W_xh = xavier(input_size, hidden_size)
        self.W_hh = xavier(hidden_size, hidden_size)
        self.b_h = np.zeros(hidden_size)
        self.W_hy = xavier(hidden_size, output_size)
        self.b_y = np.zeros(output_size)
        self.grads = {}

    def forward(self, inputs):
        """Take inputs (T, B, D) to outputs (T, B, O) and hidden states (T, B, H)."""
        steps, batch, _ = inputs.shape
        h = np.zeros((batch, self.W_hh.shape[0]))
        hidden_states = np.zeros((steps, batch, self.W_hh.shape[0]))
        for t in range(steps):
            h = np.tanh(inputs[t] @ self.W_xh + h @ self.W_hh + self.b_h)
            hidden_states[t] = h
        outputs = hidden_states @ self.W_hy + self.b_y
        self.inputs, self.hidden_states = inputs, hidden_states
        return outputs, hidden_states

    def backward(self, d_outputs):
        """Take the gradient of the outputs back through time; return the gradient of each parameter."""
        inputs, states = self.inputs, self.hidden_states
        grads = {name: np.zeros_like(getattr(self, name)) for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")}
        d_next = np.zeros_like(states[0])
        for t in reversed(range(len(inputs))):
            grads["W_hy"] += states[t].T @ d_outputs[t]
            grads["b_y"] += d_outputs[t].sum(axis=0)
            d_h = d_outputs[t] @ self.W_hy.T + d_next
            d_a = d_h * (1 - states[t] ** 2)
            before = states[t - 1] if t > 0 else np.zeros_like(states[0])
            grads["W_xh"] += inputs[t].T @ d_a
            grads["W_hh"] += before.T @ d_a
            grads["b_h"] += d_a.sum(axis=0)
            d_next = d_a @ self.W_hh.T
        self.grads = grads
        return grads

    def update_parameters(self, learning_rate):
        """Take a step against the gradient."""
        for name, grad in self.grads.items():
            setattr(self, name, getattr(self, name) - learning_rate * grad)


class LSTMCell:
    """One step of an LSTM."""

    def __init__(self, input_size, hidden_size):
        x_limit, h_limit = np.sqrt(6 / (input_size + hidden_size)), np.sqrt(3 / hidden_size)
        self.params = {}
        for gate in "fico":
            self.params["W_x" + gate] = RNG.uniform(-x_limit, x_limit, (input_size, hidden_size))
            self.params["W_h" + gate] = RNG.uniform(-h_limit, h_limit, (hidden_size, hidden_size))
            self.params["b_" + gate] = np.zeros(hidden_size)
        self.params["b_f"] += 1.0

    def forward(self, input_t, hidden_state, cell_state):
        """Take one step: (B, D), (B, H), (B, H) to the new hidden and the new cell state."""

        def pre_activation(gate):
            p = self.params
            return input_t @ p["W_x" + gate] + hidden_state @ p["W_h" + gate] + p["b_" + gate]

        f, i, o = (1 / (1 + np.exp(-pre_activation(gate))) for gate in "fio")
        candidate = np.tanh(pre_activation("c"))
        new_cell_state = f * cell_state + i * candidate
        new_hidden_state = o * np.tanh(new_cell_state)
        self.cache = input_t, hidden_state, cell_state, f, i, o, candidate, new_cell_state
        return new_hidden_state, new_cell_state

    def backward(self, d_hidden, d_cell):
        """Go back through the last step: to its input, to both states, and to the parameters."""
        x, h, c, f, i, o, candidate, new_c = self.cache
        tanh_c = np.tanh(new_c)
        d_c = d_cell + d_hidden * o * (1 - tanh_c**2)
        d_gates = {
            "f": d_c * c * f * (1 - f),
            "i": d_c * candidate * i * (1 - i),
            "c": d_c * i * (1 - candidate**2),
            "o": d_hidden * tanh_c * o * (1 - o),
        }
        grads, d_x, d_h = {}, np.zeros_like(x), np.zeros_like(h)
        for gate, d_a in d_gates.items():
            grads["W_x" + gate], grads["W_h" + gate], grads["b_" + gate] = x.T @ d_a, h.T @ d_a, d_a.sum(axis=0)
            d_x = d_x + d_a @ self.params["W_x" + gate].T
            d_h = d_h + d_a @ self.params["W_h" + gate].T
        return d_x, d_h, d_c * f, grads


def generate_sequence_data(seq_type="fibonacci", length=1000):
    """Return a sequence of `length` numbers: the Fibonacci numbers or a sine."""
    if seq_type == "fibonacci":
        values = np.ones(length)
        for n in range(2, length):
            values[n] = values[n - 1] + values[n - 2]
        return values
    if seq_type == "sine":
        return np.sin(0.3 * np.arange(length))
    raise ValueError(f"unknown sequence type: {seq_type}")


def make_windows(series, seq_len):
    """Cut a series into inputs and targets of shape (T, N, 1); each target is the value one step later."""
    starts = np.arange(len(series) - seq_len)
    inputs = np.stack([series[s : s + seq_len] for s in starts], axis=1)
    targets = np.stack([series[s + 1 : s + seq_len + 1] for s in starts], axis=1)
    return inputs[:, :, np.newaxis], targets[:, :, np.newaxis]


def rmse(predictions, targets):
    """Return the root mean squared error."""
    return float(np.sqrt(np.mean((predictions - targets) ** 2)))


def train_network(inputs, targets, hidden_size=8, epochs=15, batch_size=32, learning_rate=0.1):
    """Train a network by stochastic gradient descent; return it and its losses."""
    net = SimpleRNN(1, hidden_size, 1)
    losses = []
    for _ in range(epochs):
        order = RNG.permutation(inputs.shape[1])
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            x, y = inputs[:, chosen], targets[:, chosen]
            outputs, _ = net.forward(x)
            d_outputs = 2 * (outputs - y) / y.size
            net.backward(d_outputs)
            net.update_parameters(learning_rate)
            losses.append(np.mean((outputs - y) ** 2))
    return net, losses


def run_freely(net, seed_values, steps):
    """Let the network go on from its own predictions."""
    values = list(seed_values)
    for _ in range(steps):
        window = np.array(values[-len(seed_values) :]).reshape(-1, 1, 1)
        outputs, _ = net.forward(window)
        values.append(outputs[-1, 0, 0])
    return np.array(values[len(seed_values) :])


def train_rnn_on_sequence():
    """Train on a sine with windows of several lengths, test on its end, compare with persistence, draw."""
    series = generate_sequence_data("sine", 1000)
    cut = 700
    mean, std = series[:cut].mean(), series[:cut].std()
    scaled = (series - mean) / std
    train, test = scaled[:cut], scaled[cut:]

    results = {}
    for seq_len in (5, 10, 20):
        x_train, y_train = make_windows(train, seq_len)
        x_test, y_test = make_windows(test, seq_len)
        net, losses = train_network(x_train, y_train)
        predictions, _ = net.forward(x_test)
        results[seq_len] = {
            "rmse": rmse(predictions[-1], y_test[-1]) * std,
            "persistence": rmse(x_test[-1], y_test[-1]) * std,
            "free": rmse(run_freely(net, test[:seq_len], 40), test[seq_len : seq_len + 40]) * std,
        }
        print(seq_len, {name: round(float(error), 4) for name, error in results[seq_len].items()})

    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    left.semilogy(losses)
    left.set_title("loss")
    right.plot(y_test[-1, :80, 0], label="truth")
    right.plot(predictions[-1, :80, 0], "--", label="prediction")
    right.legend()
    figure.savefig("prediction.png")
    plt.close(figure)
    return results


if __name__ == "__main__":
    train_rnn_on_sequence()
