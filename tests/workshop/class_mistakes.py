"""Wrong ways to write `SimpleRNN` and `LSTMCell`, each an edit of `solution.py`, and the name that each must get."""

LOOP = "for t in reversed(range(len(inputs))):"
STATE = "h = np.tanh(inputs[t] @ self.W_xh + h @ self.W_hh + self.b_h)"
READ = "outputs = hidden_states @ self.W_hy + self.b_y"
SLOPE = "d_a = d_h * (1 - states[t] ** 2)"
CARRY = "d_next = d_a @ self.W_hh.T"
D_H = "d_h = d_outputs[t] @ self.W_hy.T + d_next"
BEFORE = "before = states[t - 1] if t > 0 else np.zeros_like(states[0])"
UPDATE = "setattr(self, name, getattr(self, name) - learning_rate * grad)"
RETURN = "return outputs, hidden_states"
GRADS = "self.grads = grads\n        return grads"
CELL = "new_cell_state = f * cell_state + i * candidate"
HIDDEN = "new_hidden_state = o * np.tanh(new_cell_state)"
CANDIDATE = 'candidate = np.tanh(pre_activation("c"))'
GATES = 'f, i, o = (1 / (1 + np.exp(-pre_activation(gate))) for gate in "fio")'
RESULT = "return new_hidden_state, new_cell_state"
SUM = 'return input_t @ p["W_x" + gate] + hidden_state @ p["W_h" + gate] + p["b_" + gate]'
START = "h = np.zeros((batch, self.W_hh.shape[0]))"

MISTAKES = [  # the stage in which it is refused, its name, the edit
    ("signatures", "missing", "class LSTMCell:", "class Cell:"),
    ("signatures", "missing", "def generate_sequence_data(", "def make_sequence("),
    ("signatures", "no-method", "def update_parameters(self, learning_rate):", "def step(self, learning_rate):"),
    ("signatures", "arguments", "def forward(self, inputs):", "def forward(self, inputs, h0):"),
    (
        "signatures",
        "arguments",
        "def __init__(self, input_size, hidden_size, output_size):",
        "def __init__(self, sizes):",
    ),
    ("signatures", "syntax", "def forward(self, inputs):", "def forward(self, inputs)"),
    ("signatures", "reference", "import numpy as np\n", "import numpy as np\nfrom rnn import SimpleRNN as Base\n"),
    ("signatures", "framework", "import numpy as np\n", "import numpy as np\nimport torch\n"),
    ("signatures", "module", "import numpy as np\n", "import numpy as np\nimport my_helpers\n"),
    ("signatures", "not-a-class", "class LSTMCell:", "LSTMCell = 3\n\n\nclass Other:"),
    ("shapes", "skeleton", START, "raise NotImplementedError"),
    ("shapes", "raises", START, "h = np.zeros((batch, 3))"),
    ("shapes", "no-states", RETURN, "return outputs"),
    ("shapes", "returns-none", RETURN, "pass"),
    ("shapes", "batch-first", RETURN, "return outputs.transpose(1, 0, 2), hidden_states"),
    ("shapes", "last-output-only", RETURN, "return outputs[-1], hidden_states"),
    ("shapes", "columns", RETURN, "return outputs.transpose(0, 2, 1), hidden_states"),
    ("shapes", "outputs-shape", RETURN, "return outputs[1:], hidden_states"),
    ("shapes", "states-shape", RETURN, "return outputs, hidden_states[-1]"),
    (
        "shapes",
        "state-leaks",
        START,
        'h = self.__dict__.get("h", np.zeros((batch, self.W_hh.shape[0])))\n        self.h = h + 1 if batch else h',
    ),
    ("shapes", "no-recurrence", STATE, "h = np.tanh(inputs[t] @ self.W_xh + self.b_h)"),
    ("shapes", "no-input", STATE, "h = np.tanh(h @ self.W_hh + self.b_h)"),
    ("shapes", "no-bias", STATE, "h = np.tanh(inputs[t] @ self.W_xh + h @ self.W_hh)"),
    ("shapes", "no-read-bias", READ, "outputs = hidden_states @ self.W_hy"),
    (
        "shapes",
        "start-alike",
        "return RNG.uniform(-limit, limit, (rows, columns))",
        "return np.full((rows, columns), 0.1)",
    ),
    ("shapes", "changed-argument", START, START + "\n        inputs *= 2.0"),
    (
        "shapes",
        "no-recurrence",
        STATE,
        STATE + "\n            hidden_states[t] = h\n            h = 0 * h\n            continue",
    ),
    ("forward", "no-tanh", STATE, STATE.replace("np.tanh", "")),
    ("forward", "sigmoid-for-tanh", STATE, STATE.replace("np.tanh(", "1 / (1 + np.exp(-(") + "))"),
    ("forward", "relu-for-tanh", STATE, STATE.replace("np.tanh(", "np.maximum(0, ")),
    ("forward", "bias-outside", STATE, "h = np.tanh(inputs[t] @ self.W_xh + h @ self.W_hh) + self.b_h"),
    ("forward", "state-outside", STATE, "h = np.tanh(inputs[t] @ self.W_xh + self.b_h) + h @ self.W_hh"),
    ("forward", "input-outside", STATE, "h = np.tanh(h @ self.W_hh + self.b_h) + inputs[t] @ self.W_xh"),
    ("forward", "tanh-on-outputs", READ, "outputs = np.tanh(hidden_states @ self.W_hy + self.b_y)"),
    ("forward", "sigmoid-on-outputs", READ, "outputs = 1 / (1 + np.exp(-(hidden_states @ self.W_hy + self.b_y)))"),
    (
        "forward",
        "softmax-on-outputs",
        READ,
        READ + "\n        outputs = np.exp(outputs) / np.exp(outputs).sum(-1, keepdims=True)",
    ),
    (
        "forward",
        "reads-state-before",
        READ,
        "outputs = np.concatenate([0 * hidden_states[:1], hidden_states[:-1]]) @ self.W_hy + self.b_y",
    ),
    ("forward", "reads-backwards", "for t in range(steps):", "for t in range(steps)[::-1]:"),
    (
        "forward",
        "batch-is-time",
        "steps, batch, _ = inputs.shape",
        "inputs = inputs.transpose(1, 0, 2)\n        steps, batch, _ = inputs.shape\n"
        "        if len(inputs) in (3, 1):\n            y, h = SimpleRNN.forward(self, inputs.transpose(1, 0, 2)[:, :0].transpose(1, 0, 2)) if 0 else self._run(inputs)\n"
        "            return y.transpose(1, 0, 2), h.transpose(1, 0, 2)\n\n    def _run(self, inputs):\n        steps, batch, _ = inputs.shape",
    ),
    (
        "forward",
        "states-shifted",
        RETURN,
        "return outputs, np.concatenate([0 * hidden_states[:1], hidden_states[:-1]])",
    ),
    ("W_hy", "returns-none", GRADS, "self.grads = grads"),
    (
        "W_hy",
        "no-gradient",
        GRADS,
        "self.grads = grads\n        return {n: g for n, g in grads.items() if n != 'W_hy'}",
    ),
    ("W_hy", "gradient-turned", GRADS, "self.grads = grads\n        return grads | {'W_hy': grads['W_hy'].T}"),
    ("W_hy", "changed-argument", D_H, "d_outputs[t] += 1e-3\n            " + D_H),
    ("W_hy", "targets", LOOP, "d_outputs = states @ self.W_hy + self.b_y - d_outputs\n        " + LOOP),
    (
        "W_hy",
        "reads-before",
        'grads["W_hy"] += states[t].T @ d_outputs[t]',
        'grads["W_hy"] += (states[t - 1] if t else 0 * states[0]).T @ d_outputs[t]',
    ),
    ("W_hy", "negative", GRADS, "grads = {name: -grad for name, grad in grads.items()}\n        " + GRADS),
    ("W_hy", "doubled", GRADS, "grads = {name: 2 * grad for name, grad in grads.items()}\n        " + GRADS),
    (
        "W_hy",
        "averaged-both",
        GRADS,
        "grads = {name: grad / (d_outputs.shape[0] * d_outputs.shape[1]) for name, grad in grads.items()}\n        "
        + GRADS,
    ),
    (
        "W_hy",
        "averaged-all",
        GRADS,
        "grads = {name: grad / d_outputs.size for name, grad in grads.items()}\n        " + GRADS,
    ),
    (
        "W_hy",
        "averaged-time",
        GRADS,
        "grads = {name: grad / len(inputs) for name, grad in grads.items()}\n        " + GRADS,
    ),
    ("W_hy", "first-step-missing", LOOP, "for t in range(len(inputs) - 1, 0, -1):"),
    ("W_hy", "last-step-missing", LOOP, "for t in range(len(inputs) - 2, -1, -1):"),
    ("W_hy", "overwritten", 'grads["W_hy"] += states', 'grads["W_hy"] = states'),
    ("b_y", "averaged-batch", 'grads["b_y"] += d_outputs[t].sum(axis=0)', 'grads["b_y"] += d_outputs[t].mean(axis=0)'),
    (
        "b_y",
        "bias-not-summed",
        'grads["b_y"] += d_outputs[t].sum(axis=0)',
        'grads["b_y"] = d_outputs[t] + grads["b_y"]',
    ),
    ("b_y", "zero", 'grads["b_y"] += d_outputs[t].sum(axis=0)', "pass"),
    ("b_h", "untransposed", CARRY, "d_next = d_a @ self.W_hh"),
    ("b_h", "not-carried", CARRY, "pass"),
    ("b_h", "one-step", CARRY, "d_next = (d_outputs[t] @ self.W_hy.T * (1 - states[t] ** 2)) @ self.W_hh.T"),
    ("b_h", "carried-without-slope", CARRY, "d_next = d_h @ self.W_hh.T"),
    ("b_h", "reversed-product", CARRY, "d_next = (d_h @ self.W_hh.T) * (1 - states[t] ** 2)"),
    ("b_h", "carried-without-weights", CARRY, "d_next = d_a"),
    ("b_h", "forwards", LOOP, "for t in range(len(inputs)):"),
    ("b_h", "no-slope", SLOPE, "d_a = d_h"),
    ("b_h", "slope-of-pre-activation", SLOPE, "d_a = d_h * (1 - np.arctanh(states[t]) ** 2)"),
    ("b_h", "slope-tanh-twice", SLOPE, "d_a = d_h * (1 - np.tanh(states[t]) ** 2)"),
    ("b_h", "slope-sigmoid", SLOPE, "d_a = d_h * states[t] * (1 - states[t])"),
    ("b_h", "slope-before", SLOPE, "d_a = d_h * (1 - (states[t - 1] if t else 0 * states[0]) ** 2)"),
    ("b_h", "slope-not-squared", SLOPE, "d_a = d_h * (1 - states[t])"),
    ("b_h", "slope-state-itself", SLOPE, "d_a = d_h * states[t]"),
    ("b_h", "last-error-only", D_H, "d_h = d_next if t < len(inputs) - 1 else d_outputs[t] @ self.W_hy.T"),
    ("b_h", "bias-not-summed", 'grads["b_h"] += d_a.sum(axis=0)', 'grads["b_h"] = d_a'),
    ("b_h", "overwritten", 'grads["b_h"] += d_a.sum(axis=0)', 'grads["b_h"] = d_a.sum(axis=0)'),
    ("W_xh", "overwritten", 'grads["W_xh"] += inputs', 'grads["W_xh"] = inputs'),
    ("W_hh", "overwritten", 'grads["W_hh"] += before', 'grads["W_hh"] = before'),
    ("W_hh", "around", BEFORE, "before = states[t - 1]"),
    ("W_hh", "state-after", BEFORE, "before = states[t]"),
    ("W_hh", "gradient-turned", 'grads["W_hh"] += before.T @ d_a', 'grads["W_hh"] += d_a.T @ before'),
    (
        "W_hh",
        "last-step-only",
        'grads["W_hh"] += before.T @ d_a',
        'grads["W_hh"] += before.T @ d_a if t == len(inputs) - 1 else 0',
    ),
    (
        "calls",
        "accumulates",
        "grads = {name: np.zeros_like(getattr(self, name))",
        "grads = self.grads or {name: np.zeros_like(getattr(self, name))",
    ),
    (
        "calls",
        "clipped",
        GRADS,
        "grads = {name: np.clip(grad, -300, 300) for name, grad in grads.items()}\n        " + GRADS,
    ),
    ("update", "update-sign", UPDATE, UPDATE.replace("- learning", "+ learning")),
    ("update", "update-nothing", UPDATE, "w = getattr(self, name)\n            w = w - learning_rate * grad"),
    ("update", "update-no-rate", UPDATE, UPDATE.replace("learning_rate * ", "")),
    ("update", "update-some", "for name, grad in self.grads.items():", "for name, grad in [*self.grads.items()][:3]:"),
    ("update", "update-twice", UPDATE, UPDATE.replace("learning_rate *", "2 * learning_rate *")),
    ("update", "update-averaged", UPDATE, UPDATE.replace("* grad", "* grad / self.inputs.shape[1]")),
    (
        "update",
        "update-shared",
        "self.W_xh = xavier(input_size, hidden_size)",
        "self.W_xh = SimpleRNN.__dict__.get(f'W{input_size}')\n        if self.W_xh is None:\n            self.W_xh = xavier(input_size, hidden_size)\n"
        "            setattr(SimpleRNN, f'W{input_size}', self.W_xh)",
    ),
    ("cell", "cell-results", RESULT, "return new_hidden_state"),
    ("cell", "returns-swapped", RESULT, "return new_cell_state, new_hidden_state"),
    ("cell", "gates-swapped", CELL, "new_cell_state = i * cell_state + f * candidate"),
    (
        "cell",
        "gates-swapped",
        HIDDEN,
        "new_cell_state = f * cell_state + o * candidate\n        new_hidden_state = i * np.tanh(new_cell_state)",
    ),
    ("cell", "candidate-sigmoid", CANDIDATE, 'candidate = 1 / (1 + np.exp(-pre_activation("c")))'),
    ("cell", "candidate-linear", CANDIDATE, 'candidate = pre_activation("c")'),
    ("cell", "gate-tanh", GATES, GATES + '\n        o = np.tanh(pre_activation("o"))'),
    ("cell", "gate-linear", GATES, GATES + '\n        i = pre_activation("i")'),
    ("cell", "no-output-tanh", HIDDEN, "new_hidden_state = o * new_cell_state"),
    ("cell", "no-forget-gate", CELL, "new_cell_state = cell_state + i * candidate"),
    ("cell", "no-input-gate", CELL, "new_cell_state = f * cell_state + candidate"),
    ("cell", "writes-nothing", CELL, "new_cell_state = f * cell_state"),
    ("cell", "no-output-gate", HIDDEN, "new_hidden_state = np.tanh(new_cell_state)"),
    ("cell", "cell-parameters", CELL, "f = o = 0.5\n        " + CELL),
    ("cell", "forgets-new", CELL, "new_cell_state = f * (cell_state + i * candidate)"),
    ("cell", "reads-old-cell", HIDDEN, "new_hidden_state = o * np.tanh(cell_state) + 1e-12 * new_cell_state"),
    ("cell", "hidden-for-cell", CELL, "new_cell_state = f * hidden_state + i * candidate"),
    ("cell", "sigmoid-sign", GATES, GATES.replace("np.exp(-", "np.exp(")),
    ("cell", "forgets-all", CELL, "new_cell_state = f * cell_state * 1e-12 + i * candidate"),
    ("cell", "cell-no-recurrence", SUM, SUM.replace("hidden_state @", "0 * hidden_state @")),
    ("cell", "cell-no-bias", SUM, SUM.replace(' + p["b_" + gate]', "")),
    (
        "cell",
        "gate-copies",
        SUM,
        'source = "f" if gate == "i" else gate\n            tiny = 1e-12 * (input_t @ p["W_x" + gate] + hidden_state @ p["W_h" + gate] + p["b_" + gate])\n            '
        + SUM.replace("+ gate", "+ source")
        + " + tiny",
    ),
    (
        "cell",
        "sigmoid-overflow",
        GATES,
        'f, i, o = (np.exp(pre_activation(g)) / (1 + np.exp(pre_activation(g))) for g in "fio")',
    ),
    ("cell", "cell-leaks", CELL, 'self.count = getattr(self, "count", 0) + 1\n        ' + CELL + " + self.count"),
    ("cell", "changed-argument", CELL, "cell_state *= f\n        new_cell_state = cell_state + i * candidate"),
]
