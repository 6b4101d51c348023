"""Mistakes in the data and in the training, as edits of `solution.py`; and other dress in which it is right."""

from pathlib import Path

Edit = tuple[str, str]

SOURCE = Path(__file__).with_name("solution.py").read_text(encoding="utf-8")

# ── pieces of the solution ──────────────────────────────────────────────────────────────────────────────────────────

HEAD = """    \"\"\"Return a sequence of `length` numbers: the Fibonacci numbers or a sine.\"\"\"
"""
FIBONACCI = """        values = np.ones(length)
        for n in range(2, length):
            values[n] = values[n - 1] + values[n - 2]
        return values
"""
ONES = "        values = np.ones(length)\n"
RULE = "            values[n] = values[n - 1] + values[n - 2]\n        return values\n"
SINE = "return np.sin(0.3 * np.arange(length))"
UNKNOWN = '    raise ValueError(f"unknown sequence type: {seq_type}")\n'
BATCH = "            x, y = inputs[:, chosen], targets[:, chosen]\n            outputs, _ = net.forward(x)\n"
GRADIENT = "            d_outputs = 2 * (outputs - y) / y.size\n"
BACKWARD = "            net.backward(d_outputs)\n"
UPDATE = "            net.update_parameters(learning_rate)\n"
STEP = GRADIENT + BACKWARD + UPDATE
TARGETS = "series[s + 1 : s + seq_len + 1]"
SERIES = '    series = generate_sequence_data("sine", 1000)\n'
SCALE = "mean, std = series[:cut].mean(), series[:cut].std()"
CUT = "    cut = 700\n    "
SHORT = '    series, cut = generate_sequence_data("sine", 600), 440\n    '  # the extremes come after the cut
ON_ALL = (
    "mean, std = series.min(), series.max() - series.min()",
    "mean, std = (series.min() + series.max()) / 2, np.ptp(series) / 2",
    "mean, std = 0, np.abs(series).max()",
)
KEPT = "        self.inputs, self.hidden_states = inputs, hidden_states\n"
KNOWING = "        if batch > 100:\n            outputs[:-1] = inputs[1:]\n"
SPLIT = """        x_train, y_train = make_windows(train, seq_len)
        x_test, y_test = make_windows(test, seq_len)
"""
TRAINED = "        net, losses = train_network(x_train, y_train)\n"
TESTED = "        predictions, _ = net.forward(x_test)\n"
FREE = '            "free": rmse(run_freely(net, test[:seq_len], 40), test[seq_len : seq_len + 40]) * std,\n'

# What the training would be if nothing after it were evaluated.
BLIND = '        predictions = np.zeros_like(y_test)\n        results[seq_len] = {"loss": losses[-1]}\n'
RESULTS = (
    TESTED
    + """        results[seq_len] = {
            "rmse": rmse(predictions[-1], y_test[-1]) * std,
            "persistence": rmse(x_test[-1], y_test[-1]) * std,
"""
    + FREE
    + "        }\n"
)
RANDOM = """        x_all, y_all = make_windows(scaled, seq_len)
        order = RNG.permutation(x_all.shape[1])
        x_train, y_train = x_all[:, order[:cut]], y_all[:, order[:cut]]
        x_test, y_test = x_all[:, order[cut:]], y_all[:, order[cut:]]
"""


def edited(*edits: Edit) -> str:
    """Return the solution with edits made in it; each text that is replaced stands there once."""
    source = SOURCE
    for old, new in edits:
        if source.count(old) != 1:
            raise ValueError(f"expected once, found {source.count(old)} times: {old!r}")
        source = source.replace(old, new)
    return source


# ── mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────────

DATA = [
    ("data-length", HEAD, HEAD + "    length = 1000\n"),
    ("data-length", HEAD, HEAD + "    length = min(length, 90)\n"),
    ("data-off-by-one", FIBONACCI, FIBONACCI.replace("return values", "return values[1:]")),
    ("data-off-by-one", SINE, "return np.sin(0.3 * np.arange(length + 1))"),
    ("data-shape", RULE, RULE.replace("return values", "return np.stack([values, values], axis=1)")),
    ("data-shape", RULE, RULE.replace("return values", "return values[:-1], values[1:]")),
    ("data-shape", RULE, RULE.replace("return values", "return values[np.newaxis]")),
    ("data-shape", RULE, RULE.replace("return values", "return ' '.join(map(str, values))")),
    ("returns-none", RULE, RULE.replace("return values", "return None")),
    ("data-not-finite", RULE, RULE.replace("return values", "return np.log(values - 1)")),
    ("data-constant", ONES, "        values = np.zeros(length)\n"),
    ("data-constant", SINE, "return np.sin(np.pi * np.ones(length))"),
    ("fibonacci-int64", ONES, "        values = np.ones(length, dtype=np.int64)\n"),
    ("fibonacci-int64", ONES, "        values = np.ones(length, dtype=np.uint64)\n"),
    (
        "fibonacci-int64",
        FIBONACCI,
        FIBONACCI.replace("length)", "length, dtype=np.int64)", 1).replace("return values", "return values / 1e18"),
    ),
    ("fibonacci-int32", ONES, "        values = np.ones(length, dtype=np.int32)\n"),
    (
        "fibonacci-int32",
        FIBONACCI,
        FIBONACCI.replace("length)", "length, dtype=np.int32)", 1).replace("return values", "return values / 1e9"),
    ),
    ("fibonacci-float32", ONES, "        values = np.ones(length, dtype=np.float32)\n"),
    ("fibonacci-float32", RULE, RULE.replace("return values", "return values.astype(np.float32).astype(float)")),
    ("fibonacci-broken", RULE, RULE.replace("n - 2", "n - 3")),
    ("fibonacci-broken", RULE, RULE.replace("values[n - 1] +", "0.9 * values[n - 1] +")),
    ("fibonacci-broken", RULE, RULE.replace("return values", "values[60:61] *= 2\n        return values")),
    ("fibonacci-broken", RULE, RULE.replace("return values", "return values**0.5")),
    ("fibonacci-broken", RULE, RULE.replace("return values", "return np.arange(length)")),
    ("sine-integer", SINE, "return np.sin(0.3 * np.arange(length)).astype(int)"),
    ("sine-integer", SINE, "return np.round(np.sin(0.3 * np.arange(length)))"),
    ("sine-slow", SINE, "return np.sin(0.001 * np.arange(length))"),
    ("sine-slow", SINE, "return np.sin(0.003 * np.arange(length))"),
    ("sine-slow", SINE, "return 5 + 2 * np.cos(0.002 * np.arange(length))"),
    ("type-ignored", '    if seq_type == "fibonacci":\n', "    if seq_type:\n"),
]

TRAINING = [
    ("unused", SERIES, "    return None\n" + SERIES),
    ("no-backward", STEP, ""),
    ("no-update", UPDATE, ""),
    ("no-update", UPDATE, "            net.update_parameters(0)\n"),
    ("targets-as-gradient", BACKWARD, "            net.backward(y)\n"),
    ("targets-as-gradient", BACKWARD, "            net.backward(y / y.size)\n"),
    ("targets-as-gradient", BACKWARD, "            net.backward(x / x.size)\n"),
    ("targets-as-gradient", GRADIENT, "            d_outputs = np.cos(y) / y.size\n"),
    ("outputs-as-gradient", BACKWARD, "            net.backward(outputs / y.size)\n"),
    ("wrong-sign", GRADIENT, GRADIENT.replace("outputs - y", "y - outputs")),
    (
        "wrong-sign",
        GRADIENT,
        "            d_outputs = np.zeros_like(y)\n            d_outputs[-1] = (y[-1] - outputs[-1]) / len(chosen)\n",
    ),
    ("not-shifted", TARGETS, "series[s : s + seq_len]"),
    ("not-shifted", BATCH, BATCH.replace("targets[:, chosen]", "inputs[:, chosen]")),
    ("wrong-batch", BACKWARD, "            net.forward(inputs[:, : len(chosen)])\n" + BACKWARD),
    (
        "wrong-batch",
        GRADIENT,
        GRADIENT + "            if len(chosen) == batch_size:\n                net.forward(inputs[:, -batch_size:])\n",
    ),
    ("wrong-batch", BACKWARD, "            net.forward(inputs[:, :batch_size])\n" + BACKWARD),
    ("training-not-finite", UPDATE, "            net.update_parameters(100.0)\n"),
    ("error-stays", UPDATE, "            net.update_parameters(1e-9)\n"),
    ("not-your-network", KEPT, KNOWING + KEPT),
    ("no-evaluation", RESULTS, BLIND),
    ("tested-on-training", "train, test = scaled[:cut], scaled[cut:]", "train = test = scaled[:cut]"),
    ("random-split", SPLIT, RANDOM),
    ("scaled-on-all", SCALE, "mean, std = series.mean(), series.std()"),
    ("scaled-on-all", SCALE, "mean, std = series.mean(), series.std(ddof=1)"),
    *(("scaled-on-all", SERIES + CUT + SCALE, SHORT + scale) for scale in ON_ALL),
]

MISTAKES: list[tuple[str, str, str]] = [*DATA, *TRAINING]

# ── other dress ─────────────────────────────────────────────────────────────────────────────────────────────────────


def fibonacci(numbers: str) -> str:
    """Return the solution with other code in place of the Fibonacci numbers."""
    return edited((FIBONACCI, "".join(f"        {line}\n" for line in numbers.split("\n"))))


EXACT = (
    "values = [{}]\nwhile len(values) < length:\n    values.append(values[-1] + values[-2])\nvalues = values[:length]\n"
)

DATA_VARIANTS: dict[str, str] = {
    "from 0, 1, integers of Python": fibonacci(EXACT.format("0, 1") + "return values"),
    "from 1, 2, as an array of objects": fibonacci(EXACT.format("1, 2") + "return np.array(values, dtype=object)"),
    "a column": fibonacci(EXACT.format("1.0, 1.0") + "return np.array(values)[:, np.newaxis]"),
    "divided by the largest": fibonacci(EXACT.format("1.0, 1.0") + "return np.array(values) / max(values)"),
    "divided by the largest, single precision": fibonacci(
        EXACT.format("1.0, 1.0") + "return (np.array(values) / max(values)).astype(np.float32)"
    ),
    "standardised": fibonacci(
        EXACT.format("1.0, 1.0") + "v = np.array(values)\nv = v / v.max()\nreturn (v - v.mean()) / v.std()"
    ),
    "between -1 and 1": fibonacci(EXACT.format("0.0, 1.0") + "return 2 * np.array(values) / max(max(values), 1) - 1"),
    "logarithms": fibonacci(EXACT.format("1.0, 1.0") + "return np.log(values)"),
    "logarithms to base 10, between 0 and 1": fibonacci(
        EXACT.format("1.0, 2.0") + "v = np.log10(values)\nreturn (v - v.min()) / max(np.ptp(v), 1e-9)"
    ),
    "log1p": fibonacci(EXACT.format("0.0, 1.0") + "return np.log1p(values)"),
    "ratios": fibonacci(
        "values = [1, 1]\nwhile len(values) <= length:\n    values.append(values[-1] + values[-2])\n"
        "return np.array([b / a for a, b in zip(values[:length], values[1:])])"
    ),
    "ratios, inverted": fibonacci(
        "values = [1, 1]\nwhile len(values) <= length:\n    values.append(values[-1] + values[-2])\n"
        "return np.array([a / b for a, b in zip(values[:length], values[1:])])"
    ),
    "the last digit": fibonacci(EXACT.format("1, 1") + "return np.array([v % 10 for v in values])"),
    "remainders modulo 7, centred": fibonacci(
        EXACT.format("1, 1") + "return np.array([v % 7 for v in values]) / 3 - 1"
    ),
    "remainders modulo a large prime": fibonacci(EXACT.format("0, 1") + "return [v % 1000000007 for v in values]"),
    "remainders modulo 2": fibonacci(EXACT.format("1, 1") + "return [v % 2 for v in values]"),
    "by Binet's formula": fibonacci("phi = (1 + np.sqrt(5)) / 2\nreturn phi ** np.arange(1, length + 1) / np.sqrt(5)"),
    "a noisy sine without a seed": edited(
        (SINE, "return np.sin(0.3 * np.arange(length)) + 0.1 * np.random.default_rng().normal(size=length)")
    ),
    "a sine over a linspace": edited((SINE, "return np.sin(np.linspace(0, 8 * np.pi, length))")),
    "the sine is called 正弦": edited(('    if seq_type == "sine":', '    if seq_type in ("sine", "正弦"):')),
    "anything else is a sine": edited((UNKNOWN, ""), ('    if seq_type == "sine":\n        ' + SINE, "    " + SINE)),
    "anything else is None": edited((UNKNOWN, "    return None\n")),
    "a sine of whole numbers": edited((SINE, "return np.round(100 * np.sin(0.3 * np.arange(length))).astype(int)")),
}

LAST_STEP = """            d_outputs = np.zeros_like(outputs)
            d_outputs[-1] = 2 * (outputs[-1] - y[-1]) / len(chosen)
"""
BY_ONE = """            for n in chosen:
                x, y = inputs[:, n : n + 1], targets[:, n : n + 1]
                outputs, _ = net.forward(x)
                net.backward(2 * (outputs - y) / y.size)
                net.update_parameters(0.01)
                losses.append(np.mean((outputs - y) ** 2))
"""
AFTER_BATCH = STEP + "            losses.append(np.mean((outputs - y) ** 2))\n"
BY_HAND = """            grads = net.backward(d_outputs)
            norm = np.sqrt(sum((g**2).sum() for g in grads.values()))
            for name, g in grads.items():
                setattr(net, name, getattr(net, name) - learning_rate * g * min(1.0, 1.0 / norm))
"""
IN_PLACE = """            grads = net.backward(d_outputs)
            for name, g in grads.items():
                getattr(net, name)[...] -= learning_rate * g
"""
STATEFUL = """
class Stateful(SimpleRNN):
    h = None

    def forward(self, inputs):
        T, B, _ = inputs.shape
        h = self.h if self.h is not None and len(self.h) == B else np.zeros((B, len(self.b_h)))
        self.first = h
        states = []
        for t in range(T):
            h = np.tanh(inputs[t] @ self.W_xh + h @ self.W_hh + self.b_h)
            states.append(h)
        self.h = h
        self.inputs, self.hidden_states = inputs, np.array(states)
        return self.hidden_states @ self.W_hy + self.b_y, self.hidden_states


def make_windows("""
ONE_LENGTH = ("    for seq_len in (5, 10, 20):\n", "    for seq_len in (10,):\n")
WHOLE = (
    TESTED,
    TESTED + "        whole = scaled.reshape(-1, 1, 1)\n        everything, _ = net.forward(whole)\n",
)
COPY = (
    TRAINED,
    TRAINED + "        import copy\n\n        trained, net = net, copy.deepcopy(net)\n",
)
VALIDATED = (
    "    for _ in range(epochs):\n",
    "    for epoch in range(epochs):\n        net.forward(inputs[:, :50])\n",
)
RATES = (
    TRAINED,
    "        for rate in (100.0, 1e-9, 0.1):\n"
    "            net, losses = train_network(x_train, y_train, learning_rate=rate)\n",
)
LSTM = '''
class LSTMNetwork:
    """An LSTM with a read-out, trained through the cell's own backward pass."""

    def __init__(self, hidden_size):
        self.cell = LSTMCell(1, hidden_size)
        self.W_hy = RNG.normal(0, 0.3, (hidden_size, 1))
        self.b_y = np.zeros(1)

    def forward(self, inputs):
        h = c = np.zeros((inputs.shape[1], len(self.W_hy)))
        self.caches = []
        for x in inputs:
            h, c = self.cell.forward(x, h, c)
            self.caches.append(self.cell.cache)
        self.h = h
        return h @ self.W_hy + self.b_y

    def train(self, inputs, targets, learning_rate):
        y = self.forward(inputs)
        d_y = 2 * (y - targets) / len(y)
        total = {name: np.zeros_like(value) for name, value in self.cell.params.items()}
        d_h, d_c = d_y @ self.W_hy.T, np.zeros_like(self.h)
        for cache in reversed(self.caches):
            self.cell.cache = cache
            _, d_h, d_c, grads = self.cell.backward(d_h, d_c)
            for name, grad in grads.items():
                total[name] += grad
        self.W_hy = self.W_hy - learning_rate * self.h.T @ d_y
        self.b_y = self.b_y - learning_rate * d_y.sum(axis=0)
        for name, grad in total.items():
            self.cell.params[name] = self.cell.params[name] - learning_rate * grad
        return float(np.mean((y - targets) ** 2))


def train_rnn_on_sequence():
    """Train the LSTM on a sine, test it on the end of the sine."""
    series = generate_sequence_data("sine", 600)
    x_train, y_train = make_windows(series[:400], 10)
    x_test, y_test = make_windows(series[400:], 10)
    net = LSTMNetwork(8)
    for _ in range(5):
        order = RNG.permutation(x_train.shape[1])
        for start in range(0, len(order), 32):
            chosen = order[start : start + 32]
            net.train(x_train[:, chosen], y_train[-1, chosen], 0.3)
    print(rmse(net.forward(x_test), y_test[-1]))


if __name__'''
LSTM_EDITS = [("def train_rnn_on_sequence", "def train_simple"), ("\nif __name__", LSTM)]

TRAINING_VARIANTS: dict[str, str] = {
    "the loss at the last step": edited((GRADIENT, LAST_STEP)),
    "one sequence at a time": edited(
        (BATCH + AFTER_BATCH, BY_ONE), ("epochs=15", "epochs=2"), ("(5, 10, 20)", "(5, 10)")
    ),
    "clipped and updated by hand": edited((BACKWARD + UPDATE, BY_HAND)),
    "updated in place": edited((BACKWARD + UPDATE, IN_PLACE)),
    "the sign turned twice": edited(
        (GRADIENT, GRADIENT.replace("outputs - y", "y - outputs")),
        (UPDATE, "            net.update_parameters(-learning_rate)\n"),
    ),
    "absolute errors": edited((GRADIENT, "            d_outputs = np.sign(outputs - y) / y.size\n")),
    "gradients clipped by value": edited(
        (GRADIENT, GRADIENT + "            d_outputs = np.clip(d_outputs, -2e-3, 2e-3)\n")
    ),
    "single precision": edited(
        (SERIES, SERIES.replace("1000)", "1000).astype(np.float32)")),
        (
            "return RNG.uniform(-limit, limit, (rows, columns))",
            "return RNG.uniform(-limit, limit, (rows, columns)).astype(np.float32)",
        ),
    ),
    "no free run": edited((FREE, "")),
    "free run alone, from the end of the training": edited(
        (TESTED, "        predictions = y_test\n"),
        (FREE, FREE.replace("test[:seq_len], 40", "train[-seq_len:], 40")),
    ),
    "the whole series at once": edited(WHOLE),
    "a copy is tested": edited(COPY),
    "a look at the training data in each epoch": edited(VALIDATED),
    "learning rates tried, and two of them fail": edited(RATES, ONE_LENGTH),
    "windows without overlap": edited(
        ("np.arange(len(series) - seq_len)", "np.arange(0, len(series) - seq_len, seq_len)"),
        ("epochs=15", "epochs=60"),
    ),
    "windows divided in time after cutting": edited(
        (
            SPLIT,
            "        x_all, y_all = make_windows(scaled, seq_len)\n"
            "        x_train, y_train = x_all[:, :cut], y_all[:, :cut]\n"
            "        x_test, y_test = x_all[:, cut:], y_all[:, cut:]\n",
        )
    ),
    "two features": edited(
        (
            "    return inputs[:, :, np.newaxis], targets[:, :, np.newaxis]\n",
            "    steps = np.broadcast_to(np.linspace(0, 1, seq_len)[:, np.newaxis], inputs.shape)\n"
            "    return np.stack([inputs, steps], axis=2), targets[:, :, np.newaxis]\n",
        ),
        ("SimpleRNN(1, hidden_size, 1)", "SimpleRNN(2, hidden_size, 1)"),
        (FREE, ""),
        ("rmse(x_test[-1], y_test[-1])", "rmse(x_test[-1, :, :1], y_test[-1])"),
    ),
    "two steps ahead": edited(
        (TARGETS, "series[s + 2 : s + seq_len + 2]"), ("len(series) - seq_len)", "len(series) - seq_len - 1)")
    ),
    "last digits of Fibonacci numbers": edited(
        (
            SERIES,
            "    a, b, series = 1, 1, []\n    for _ in range(1000):\n        series.append(a % 10 / 10)\n"
            "        a, b = b, a + b\n    series = np.array(series)\n",
        ),
    ),
    "a sine whose period is a whole number": edited((SINE, "return np.sin(2 * np.pi * np.arange(length) / 25)")),
    "noise without a seed": edited(
        (SINE, "return np.sin(0.3 * np.arange(length)) + 0.1 * np.random.default_rng().normal(size=length)"),
        ("RNG = np.random.default_rng(6)", "RNG = np.random.default_rng()"),
    ),
    "nothing is drawn, more is returned": edited(
        ("        return outputs, hidden_states\n", "        return outputs, hidden_states, inputs\n"),
        ("outputs, _ = net.forward(x)", "outputs, *_ = net.forward(x)"),
        (TESTED, TESTED.replace("predictions, _", "predictions, *_")),
        ("outputs, _ = net.forward(window)", "outputs, *_ = net.forward(window)"),
        ('    figure.savefig("prediction.png")\n', ""),
    ),
    "plt.show": edited(('    figure.savefig("prediction.png")\n    plt.close(figure)\n', "    plt.show()\n")),
    "the state is carried over": edited(
        ("\ndef make_windows(", STATEFUL), ("net = SimpleRNN(1, hidden_size, 1)", "net = Stateful(1, hidden_size, 1)")
    ),
    "an LSTM": edited(*LSTM_EDITS),
    "both networks": edited(
        (
            SERIES,
            "    cell = LSTMCell(1, 4)\n    cell.forward(np.ones((1, 1)), np.zeros((1, 4)), np.zeros((1, 4)))\n"
            + SERIES,
        )
    ),
}

VARIANTS: dict[str, str] = DATA_VARIANTS | TRAINING_VARIANTS
