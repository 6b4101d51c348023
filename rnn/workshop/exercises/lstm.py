"""Exercises of the chapter *lstm*."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from rnn.gradcheck import complex_step
from rnn.layers import LSTM
from rnn.lstm import LSTMCell
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── the forgotten share ─────────────────────────────────────────────────────────────────────────────────────────────


def forgotten_back(cell, d_state, cache):
    """Take (d_h, d_c) back through one step, with d_c overwritten where it should be added to."""
    d_h, d_c = d_state
    x, h_prev, c_prev, f, i, c_tilde, o, c = cache
    d_c = d_h * o * (1 - np.tanh(c) ** 2)
    d_a = {
        "f": d_c * c_prev * f * (1 - f),
        "i": d_c * c_tilde * i * (1 - i),
        "c": d_c * i * (1 - c_tilde**2),
        "o": d_h * np.tanh(c) * o * (1 - o),
    }
    grads = {}
    d_x, d_h_prev = np.zeros_like(x), np.zeros_like(h_prev)
    for gate, d in d_a.items():
        grads |= {f"W_x{gate}": x.T @ d, f"W_h{gate}": h_prev.T @ d, f"b_{gate}": d.sum(axis=0)}
        d_x = d_x + d @ cell.params[f"W_x{gate}"].T
        d_h_prev = d_h_prev + d @ cell.params[f"W_h{gate}"].T
    return d_x, (d_h_prev, d_c * f), grads


def errors_by_lag(cell, inputs, d_h, d_c, back):
    """Return how far `back` is from the derivative of Σ d_h · h_T + Σ d_c · c_T, for the input of each lag."""

    def loss(x):
        state = cell.zero_state(x.shape[1])
        for x_t in x:
            state, _ = cell.step(x_t, state)
        return np.sum(d_h * state[0]) + np.sum(d_c * state[1])

    truth = complex_step(loss, inputs)
    state, caches = cell.zero_state(inputs.shape[1]), []
    for x_t in inputs:
        state, cache = cell.step(x_t, state)
        caches.append(cache)
    d_state, errors = (d_h, d_c), []
    for cache, d_true in zip(reversed(caches), reversed(truth), strict=True):
        d_x, d_state, _ = back(cell, d_state, cache)
        errors.append(np.abs(d_x - d_true).max())
    return np.array(errors)


def conclusion():
    """Return which of the three checks notice, and the first lag at which the gradient is wrong."""
    return "bc", 1


BACK = "def right_back(cell, d_state, cache):\n    return cell.step_back(d_state, cache)\n"
SMALLEST_ERROR = 1e-9  # between rounding and a wrong gradient


def _random_cell(rng: np.random.Generator, D: int, H: int) -> LSTMCell:
    cell = LSTMCell(D, H, rng=rng)
    for gate in "fico":
        cell.params[f"b_{gate}"] += rng.normal(size=H)
    return cell


def _beside(work: Subject, cell: Any, maker: str, *sizes: int) -> Kept:
    """Make a network beside the submission that has the weights of ours."""
    net: Kept = work.call(maker, *sizes).value
    work.write(net, {path: cell.params[path.rpartition(".")[2]] for path in work.leaves(net)})
    return net


def _cached(cell: LSTMCell, inputs: Any) -> tuple[Any, list[Any]]:
    state, caches = cell.zero_state(inputs.shape[1]), []
    for x_t in inputs:
        state, cache = cell.step(x_t, state)
        caches.append(cache)
    return state, caches


def _without_share(cell: LSTMCell, d_state: Any, cache: Any) -> Any:
    return cell.step_back((d_state[0], np.zeros_like(d_state[1])), cache)


def _right(cell: LSTMCell, d_state: Any, cache: Any) -> Any:
    return cell.step_back(d_state, cache)


def _errors(cell: LSTMCell, inputs: Any, d_h: Any, d_c: Any, back: Any, *, how: str = "") -> Any:
    """Return the errors by lag, or what a mistake makes of them; `how` is its key."""

    def loss(x: Any) -> Any:
        (h, c), _ = _cached(cell, x)
        return np.sum(d_h * h) + (0 if how == "no-cell-in-loss" else np.sum(d_c * c))

    truth = complex_step(loss, inputs)
    d_state, errors = (d_h, d_c), []
    for cache, d_true in zip(reversed(_cached(cell, inputs)[1]), truth[::-1], strict=True):
        d_x, d_before, _ = back(cell, d_state, cache)
        d_state = d_state if how == "not-carried" else d_before
        errors.append((d_x - d_true).max() if how == "signed" else np.abs(d_x - d_true).max())
    return np.array(errors[::-1] if how == "by-time" else errors)


@functools.cache
def _measured() -> tuple[str, int]:
    """Return which of the checks of the exercise notice the missing share, and from which lag on it is missing."""
    rng = np.random.default_rng(0)
    cell, d_h, zero = _random_cell(rng, 3, 4), rng.normal(size=(2, 4)), np.zeros((2, 4))
    inputs = rng.normal(size=(5, 2, 3))
    one_step = [_errors(cell, inputs[:1], d_h, d_c, _without_share) for d_c in (zero, rng.normal(size=(2, 4)))]
    five = _errors(cell, inputs, d_h, zero, _without_share)
    noticed = [errors.max() > SMALLEST_ERROR for errors in (*one_step, five)]
    return "".join(np.array(list("abc"))[noticed]), int(np.argmax(five > SMALLEST_ERROR))


def check_forgotten(work: Subject) -> None:
    """One step with both gradients random, then errors by lag with a right and with a wrong backward pass."""
    rng = np.random.default_rng()
    cell = _random_cell(rng, 3, 4)
    net = _beside(work, cell, "rnn.LSTMCell", 3, 4)
    inputs, d_h, d_c = rng.normal(size=(5, 2, 3)), *rng.normal(size=(2, 2, 4))
    _, caches = _cached(cell, inputs)
    d_x, (d_before, d_kept), grads = truth = _without_share(cell, (d_h, d_c), caches[-1])
    unscaled = (d_x, (d_before, d_kept / caches[-1][3]), grads)
    expect(
        "forgotten_back(cell, (d_h, d_c), cache)",
        work("forgotten_back", net, (d_h, d_c), tuple(caches[-1])),
        truth,
        {
            "still-added": _right(cell, (d_h, d_c), caches[-1]),
            "gate-left-out": unscaled,
            "not-transposed": (d_x, (_untransposed(cell, d_h, caches[-1]), d_kept), grads),
        },
    )
    work.define(BACK)
    # The largest error has a sign; it shows in one of the last two cases.
    for d_shown, d_cell in ((d_h, np.zeros_like(d_c)), (d_h, d_c), (-d_h, -d_c)):
        for back, name in ((_right, "right_back"), (_without_share, "work.forgotten_back")):
            _expect_errors(
                f"errors_by_lag(…, {name.rpartition('.')[2]})",
                work("errors_by_lag", net, inputs, d_shown, d_cell, Kept(name)),
                functools.partial(_errors, cell, inputs, d_shown, d_cell, back),
            )
    notices, lag = _measured()
    came = work("conclusion")
    if not isinstance(came, list | tuple | np.ndarray) or len(came) != 2 or not isinstance(came[0], str):
        raise Wrong("shape", of="conclusion()")
    said = "".join(sorted(came[0]))
    if said != notices:
        raise Wrong("a-cannot-notice" if "a" in said else "more-notice", of="conclusion()[0]")
    expect("conclusion()[1]", came[1], lag, {"lag-zero": 0})


def _expect_errors(of: str, came: Any, errors: Callable[..., Any]) -> None:
    """Compare errors, of which those of rounding are no errors, and name the mistake that explains them."""
    truth = errors()
    difference = compare(came, truth)
    if difference is None or (difference.where != "shape" and np.abs(np.asarray(came) - truth).max() < SMALLEST_ERROR):
        return
    others = {how: errors(how=how) for how in ("by-time", "not-carried", "no-cell-in-loss", "signed")}
    expect(of, came, truth, {how: value for how, value in others.items() if np.abs(value).max() > SMALLEST_ERROR})


def _untransposed(cell: LSTMCell, d_h: Any, cache: Any) -> Any:
    """Return d_h_prev without the share of c and with matrices that have not been transposed."""
    _, _, c_prev, f, i, c_tilde, o, c = cache
    d_c = d_h * o * (1 - np.tanh(c) ** 2)
    d_a = {"f": d_c * c_prev * f * (1 - f), "i": d_c * c_tilde * i * (1 - i), "c": d_c * i * (1 - c_tilde**2)}
    d_a["o"] = d_h * np.tanh(c) * o * (1 - o)
    return sum(d @ cell.params[f"W_h{gate}"] for gate, d in d_a.items())


# ── a unit that counts ──────────────────────────────────────────────────────────────────────────────────────────────


def counting_weights():
    """Return weights for LSTMCell(1, 1) with which c counts the ones among the inputs."""
    weights = {f"W_{place}{gate}": np.zeros((1, 1)) for place in "xh" for gate in "fico"}
    weights |= {f"b_{gate}": np.zeros(1) for gate in "fico"}
    weights["b_f"][0] = 40
    weights["b_i"][0] = 40
    weights["W_xc"][0, 0] = 20
    return weights


def slope(count):
    """Return the derivative of tanh(c) at c = count."""
    return 1 - np.tanh(count) ** 2


COUNTED, COUNT_ERROR = 1000, 1e-6


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _cells_over(weights: dict[str, Any], inputs: Any) -> Any:
    """Run one unit over inputs (T, B) and return c_1 … c_T."""
    h = c = np.zeros(inputs.shape[1])
    cells = []
    for x in inputs:
        f, i, a, o = (weights[f"W_x{g}"] * x + weights[f"W_h{g}"] * h + weights[f"b_{g}"] for g in "fico")
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(a)
        h = _sigmoid(o) * np.tanh(c)
        cells.append(c)
    return np.array(cells)


def check_counting(work: Subject) -> None:
    """All zeros, all ones, ones at random; then the slope."""
    rng = np.random.default_rng()
    came = work("counting_weights")
    wanted = {name: value.shape for name, value in LSTMCell(1, 1).params.items()}
    shapes = {name: np.zeros(shape) for name, shape in wanted.items()}
    if came is None:
        raise Wrong("returns-none", of="counting_weights()")
    difference = compare(came, shapes)
    if difference is not None and difference.where == "shape":
        raise Wrong("shape", difference, of="counting_weights()")
    weights = {name: float(np.asarray(value).ravel()[0]) for name, value in came.items()}
    inputs = (rng.random((COUNTED, 4)) < [0.0, 1.0, 0.5, 0.05]).astype(float)
    with np.errstate(over="ignore"):
        _name_miscount(weights, _cells_over(weights, inputs), np.cumsum(inputs, axis=0))
    for count in (5.0, float(rng.uniform(0.3, 3))):
        tanh, sigmoid = np.tanh(count), float(_sigmoid(count))
        expect(
            f"slope({count:.3g})",
            work("slope", count),
            1 / np.cosh(count) ** 2,
            {"not-squared": 1 - tanh, "value": tanh, "of-the-gate": sigmoid * (1 - sigmoid), "two": 1 - 2 * tanh},
        )


def _name_miscount(weights: dict[str, Any], cells: Any, counts: Any) -> None:
    """Say what is wrong with a unit that does not count, from what its parts do at h = 0."""
    if np.abs(cells - counts).max() <= COUNT_ERROR:
        return
    gates = {g: np.array([weights[f"b_{g}"], weights[f"b_{g}"] + weights[f"W_x{g}"]]) for g in "fic"}
    forget, inlet, candidate = _sigmoid(gates["f"]), _sigmoid(gates["i"]), np.tanh(gates["c"])
    small = COUNT_ERROR / COUNTED
    if abs(inlet[0] * candidate[0]) > small:
        raise Wrong("counts-zeros", written=f"{inlet[0] * candidate[0]:.3g}")
    if forget.min() < 1 - small:
        raise Wrong("forgets", gate=f"{forget.min():.6g}")
    if inlet[1] < 1 - small:
        raise Wrong("inlet", gate=f"{inlet[1]:.6g}")
    if candidate[1] < 1 - small:
        raise Wrong("candidate-short", candidate=f"{candidate[1]:.6g}")
    if any(weights[f"W_h{g}"] for g in "fic"):
        raise Wrong("listens")
    raise Wrong("differs", of="c_t")


# ── where does it come from? ────────────────────────────────────────────────────────────────────────────────────────


def gradient_by_lag(layer, inputs, d_output):
    """Return how strongly the last output depends on the input n steps before, relative to n = 0."""
    outputs, _ = layer.forward(inputs)
    d_outputs = np.zeros_like(outputs)
    d_outputs[-1] = d_output
    d_inputs, _ = layer.backward(d_outputs)
    norms = np.linalg.norm(d_inputs[::-1, 0], axis=-1)
    return norms / norms[0]


def cell_sizes(layer, inputs):
    """Return the root mean square of c_t after each step."""
    state, sizes = layer.zero_state(inputs.shape[1]), []
    for x_t in inputs:
        _, state = layer.forward(x_t[np.newaxis], state)
        sizes.append(np.sqrt(np.mean(state[1] ** 2)))
    return np.array(sizes)


def medians(layers, inputs, d_output):
    """Return for each recurrent matrix the median of the last lag over layers in which it is zero."""
    found = {}
    for name in ("W_hf", "W_hi", "W_hc", "W_ho"):
        left = []
        for layer in layers:
            before = layer.params[name].copy()
            layer.params[name][...] = 0
            left.append(gradient_by_lag(layer, inputs, d_output)[-1])
            layer.params[name][...] = before
        found[name] = np.median(left)
    return found


def origin():
    """Return the matrix without which the curve does not turn up, and what the cells do over time."""
    return "W_hc", "grow"


MATRICES = ("W_hf", "W_hi", "W_hc", "W_ho")


def _random_lstm(rng: np.random.Generator, D: int, H: int) -> LSTM:
    layer = LSTM(D, H, rng=rng)
    for gate in "fico":
        layer.params[f"b_{gate}"] += rng.normal(size=H)
    return layer


def _by_lag(layer: LSTM, inputs: Any, d_output: Any, *, how: str = "") -> Any:
    """Return the gradients by lag from a complex step, or what a mistake makes of them."""

    def loss(x: Any) -> Any:
        outputs, _ = layer.forward(x)
        return np.sum(d_output * (outputs if how == "every-step" else outputs[-1]))

    d_inputs = complex_step(loss, inputs)[:, 0]
    norms = np.abs(d_inputs).sum(axis=-1) if how == "absolute-sum" else np.linalg.norm(d_inputs, axis=-1)
    norms = norms**2 if how == "squared" else norms
    if how == "by-time":
        return norms / norms[-1]
    return norms[::-1] / (1 if how == "not-relative" else norms[-1])


def _cut(layers: list[LSTM], inputs: Any, d_output: Any, *, for_good: bool = False) -> dict[str, Any]:
    """Return for each matrix the last lag of every layer without it, or without it and those before it."""
    found: dict[str, Any] = {}
    gone: list[str] = []
    for name in MATRICES:
        gone = [*gone, name] if for_good else [name]
        found[name] = []
        for layer in layers:
            bare = LSTM(inputs.shape[-1], layer.hidden_size)
            for key, value in layer.params.items():
                bare.params[key][...] = 0 if key in gone else value
            outputs, _ = bare.forward(inputs)
            d_outputs = np.zeros_like(outputs)
            d_outputs[-1] = d_output
            norms = np.linalg.norm(bare.backward(d_outputs)[0][:, 0], axis=-1)
            found[name].append(norms[0] / norms[-1])
    return found


@functools.cache
def _origin() -> tuple[str, str]:
    """Measure it: 20 networks of 32 units as in the figure, all at once."""
    rng, left = np.random.default_rng(0), {}
    layer = LSTM(4, 32, seeds=20, rng=rng)
    layer.params["b_f"][...] = 3
    inputs, e = rng.normal(size=(100, 20, 1, 4)), rng.normal(size=(20, 1, 32))
    for name in MATRICES:
        before = layer.params[name].copy()
        layer.params[name][...] = 0
        outputs, _ = layer.forward(inputs)
        d_outputs = np.zeros_like(outputs)
        d_outputs[-1] = e
        norms = np.linalg.norm(layer.backward(d_outputs)[0], axis=-1)
        left[name] = float(np.median(norms[0] / norms[-1]))
        layer.params[name][...] = before
    sizes = [np.sqrt(np.mean(layer.forward(inputs[:t])[1][1] ** 2)) for t in (1, 100)]
    return min(left, key=lambda name: left[name]), "grow" if sizes[1] > sizes[0] else "shrink"


def check_origin(work: Subject) -> None:
    """Gradients by lag, sizes of the cell, medians over an even number of layers, the conclusion."""
    rng = np.random.default_rng()
    T, D, H = 8, 3, 5
    layers = [_random_lstm(rng, D, H) for _ in range(6)]
    nets = [_beside(work, layer, "rnn.LSTM", D, H) for layer in layers]
    inputs, d_output = rng.normal(size=(T, 1, D)), rng.normal(size=(1, H))
    keys = ("by-time", "not-relative", "squared", "absolute-sum", "every-step")
    expect(
        "gradient_by_lag(layer, inputs, d_output)",
        work("gradient_by_lag", nets[0], inputs, d_output),
        _by_lag(layers[0], inputs, d_output),
        {key: _by_lag(layers[0], inputs, d_output, how=key) for key in keys},
    )
    batch = rng.normal(size=(T, 2, D))
    ends = [layers[0].forward(batch[:t])[1] for t in range(1, T + 1)]
    expect(
        "cell_sizes(layer, inputs)",
        work("cell_sizes", nets[0], batch),
        np.array([np.sqrt(np.mean(c**2)) for _, c in ends]),
        {
            "hidden-state": np.array([np.sqrt(np.mean(h**2)) for h, _ in ends]),
            "signed-mean": np.array([np.mean(c) for _, c in ends]),
            "no-root": np.array([np.mean(c**2) for _, c in ends]),
            "state-not-carried": np.array(
                [np.sqrt(np.mean(layers[0].forward(x_t[np.newaxis])[1][1] ** 2)) for x_t in batch]
            ),
        },
    )
    cut, for_good = (_cut(layers, inputs, d_output, for_good=forever) for forever in (False, True))
    expect(
        "medians(layers, inputs, d_output)",
        work("medians", nets, inputs, d_output),
        {name: np.median(left) for name, left in cut.items()},
        {
            "cut-for-good": {name: np.median(left) for name, left in for_good.items()},
            "mean": {name: np.mean(left) for name, left in cut.items()},
        },
    )
    for net, layer in zip(nets, layers, strict=True):
        left = work.leaves(net)
        if any(compare(left[f"cell.params.{name}"], value) for name, value in layer.params.items()):
            raise Wrong("cut-for-good", of="medians(layers, inputs, d_output)")
    came, (matrix, trend) = work("origin"), _origin()
    if not isinstance(came, list | tuple | np.ndarray) or len(came) != 2:
        raise Wrong("shape", of="origin()")
    others = {"forget-matrix": "W_hf", **{f"other-matrix-{name[-1]}": name for name in MATRICES}}
    expect("origin()[0]", came[0], matrix, others)
    expect("origin()[1]", came[1], trend, {"cells-shrink": "shrink"})


OTHER_MATRIX = Text(
    "Without this matrix the median stays of the order of 1. Which of the four is smaller by orders of magnitude?",
    "去掉这个矩阵，中位数仍在 1 上下。四个里哪一个小了几个数量级？",
)

EXERCISES = (
    Exercise(
        chapter="lstm",
        number=3,
        title=Text("The forgotten share", "忘掉的一份"),
        task=Text(
            "Write forgotten_back(cell, d_state, cache): a copy of LSTMCell.step_back in which d_c is overwritten by the"
            " share of h instead of added to. d_state is (d_h, d_c), both (B, H); cache is what cell.step returns as its"
            " second result. It returns (d_x, (d_h_prev, d_c_prev), grads) as step_back does.\n"
            "Write errors_by_lag(cell, inputs, d_h, d_c, back). cell is an LSTMCell, inputs is (T, B, D), the state"
            " begins at zeros, and L is the sum of d_h * h_T plus the sum of d_c * c_T. The function runs over the"
            " inputs, takes the gradient of L back by back(cell, d_state, cache), and returns an array (T,): at index n"
            " the largest absolute difference between the gradient for the input of lag n, that is x_{T-n}, and the"
            " derivative of L by rnn.gradcheck.complex_step.\n"
            "Use it for the three checks of the exercise and write conclusion(), which returns a pair: the letters of"
            ' the checks that notice the mistake, such as "ab", and the smallest lag at which check (c) finds the'
            " gradient wrong. In (c) the loss is one of h_5 alone.",
            "写 forgotten_back(cell, d_state, cache)：抄一份 LSTMCell.step_back，只是 d_c 不加上 h 的那一份，而是被它覆盖。"
            "d_state 是 (d_h, d_c)，都是 (B, H)；cache 是 cell.step 的第二个返回值。它像 step_back 一样返回"
            " (d_x, (d_h_prev, d_c_prev), grads)。\n"
            "写 errors_by_lag(cell, inputs, d_h, d_c, back)。cell 是 LSTMCell，inputs 是 (T, B, D)，状态从零开始，"
            "L 是 d_h * h_T 的和加上 d_c * c_T 的和。函数走完输入，用 back(cell, d_state, cache) 把 L 的梯度往回传，"
            "返回数组 (T,)：下标 n 处是滞后为 n 的输入（即 x_{T-n}）的梯度，与 rnn.gradcheck.complex_step"
            " 求出的 L 的导数之间，绝对值最大的差。\n"
            '用它做题目里的三个检验，再写 conclusion()，返回一对值：能发现错误的检验的字母，例如 "ab"；'
            "以及检验（c）发现梯度有错的最小滞后。（c）的损失只取决于 h_5。",
        ),
        solution=(forgotten_back, errors_by_lag, conclusion),
        check=check_forgotten,
        names={
            "still-added": Text(
                "This is the right gradient: the share of the next cell, d_c, is still in it. The exercise is to lose"
                " it.",
                "这是正确的梯度：下一步单元状态的那一份 d_c 还在里面。题目要的正是把它丢掉。",
            ),
            "gate-left-out": Text(
                "What goes to the cell before has not met the forget gate.",
                "传给前一步单元状态的部分没有乘遗忘门。",
            ),
            "not-transposed": Text(
                "d_h_prev goes through W_h as if it went forwards. They are square, so no shape complains.",
                "d_h_prev 通过 W_h 的方向像是往前走的。矩阵是方的，所以形状不会报错。",
            ),
            "by-time": Text(
                "The errors stand in the order of time. Lag 0 is the last input; it comes first.",
                "误差按时间排列了。滞后 0 是最后一个输入，应当排在最前。",
            ),
            "not-carried": Text(
                "Every step begins with the gradients of the last one. What one step back returns belongs to the next.",
                "每一步都从最后一步的梯度开始。往回走一步得到的状态梯度，要交给下一次使用。",
            ),
            "no-cell-in-loss": Text(
                "The loss that is differentiated lacks the part of the cell, the sum of d_c * c_T.",
                "求导的损失里缺了单元状态的部分，即 d_c * c_T 的和。",
            ),
            "signed": Text(
                "The largest difference was taken with its sign; a large negative one escapes.",
                "取最大差时带着符号，很大的负差就漏掉了。",
            ),
            "a-cannot-notice": Text(
                "In (a) d_cell is zero. What is the difference between adding to zero and overwriting it?",
                "（a）中的 d_cell 是零。加到零上，与把零覆盖掉，有什么差别？",
            ),
            "more-notice": Text(
                "This is not what the errors say. Run all three, and ask in each whether d_c is zero at every step.",
                "误差给出的不是这个结论。把三个都跑一遍，逐个问：d_c 在每一步都是零吗？",
            ),
            "lag-zero": Text(
                "At lag 0 the error is that of rounding: with a loss of h_T alone the last step has no share of a next"
                " cell to lose.",
                "滞后 0 处只有舍入误差：损失只取决于 h_T 时，最后一步没有下一步单元状态的那一份可丢。",
            ),
        },
        planted=(
            ("still-added", "d_c = d_h * o", "d_c = d_c + d_h * o"),
            ("gate-left-out", "(d_h_prev, d_c * f)", "(d_h_prev, d_c)"),
            ("not-transposed", 'cell.params[f"W_h{gate}"].T', 'cell.params[f"W_h{gate}"]'),
            ("by-time", "return np.array(errors)", "return np.array(errors[::-1])"),
            ("not-carried", "d_x, d_state, _ = back", "d_x, _, _ = back"),
            ("no-cell-in-loss", " + np.sum(d_c * state[1])", ""),
            ("signed", "np.abs(d_x - d_true).max()", "(d_x - d_true).max()"),
            ("a-cannot-notice", '"bc", 1', '"abc", 1'),
            ("more-notice", '"bc", 1', '"c", 1'),
            ("lag-zero", '"bc", 1', '"bc", 0'),
        ),
        hints=(
            Text(
                "A check sees a forgotten term only where the term is not zero. Where is d_c zero?",
                "漏掉一项，只有这一项不为零的地方才看得出来。d_c 在哪里是零？",
            ),
            Text(
                "errors_by_lag needs two runs: a loss as a function of the inputs for complex_step, and the caches of"
                " all steps for the way back. Going back, the first step you meet is lag 0.",
                "errors_by_lag 要走两趟：一趟是给 complex_step 的、以输入为自变量的损失，一趟留下每一步的 cache 供往回走。"
                "往回走时，最先遇到的一步就是滞后 0。",
            ),
            Text(
                "Start with d_state = (d_h, d_c); for each cache, last first: d_x, d_state, _ = back(cell, d_state, cache)"
                " and np.abs(d_x - truth[t]).max(). Then look which of the three arrays is more than rounding.",
                "从 d_state = (d_h, d_c) 开始；从最后一个 cache 往前：d_x, d_state, _ = back(cell, d_state, cache)，"
                "再取 np.abs(d_x - truth[t]).max()。最后看三个数组里哪些超过了舍入误差。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn.gradcheck import complex_step",
    ),
    Exercise(
        chapter="lstm",
        number=4,
        title=Text("A unit that counts", "会数数的单元"),
        task=Text(
            "Write counting_weights(), which returns a dict with all parameters of LSTMCell(1, 1): W_xf, W_hf (1, 1),"
            " b_f (1,), and so on for i, c, o. With them, from a state of zeros, c_t has to be the number of ones among"
            " x_1 … x_t. Over 1000 inputs, whichever of them are ones, it may be off by one millionth at most.\n"
            "Write slope(count), which returns the derivative of tanh(c) at c = count, a number. It says how much of a"
            " change of the count h_t can show.",
            "写 counting_weights()，返回一个字典，装 LSTMCell(1, 1) 的全部参数：W_xf、W_hf 是 (1, 1)，b_f 是 (1,)，"
            "i、c、o 照此。用这些参数，状态从零开始，c_t 必须等于 x_1 … x_t 中 1 的个数。走 1000 个输入，"
            "不论其中哪些是 1，误差最多百万分之一。\n"
            "写 slope(count)，返回 tanh(c) 在 c = count 处的导数，是一个数。它说明计数的变化有多少能在 h_t 里看出来。",
        ),
        solution=(counting_weights, slope),
        check=check_counting,
        names={
            "counts-zeros": Text(
                "A zero writes {written} into the cell; nothing may come in then. What makes the candidate zero at x = 0?",
                "输入 0 时往单元里写了 {written}，这时什么也不该进来。候选值在 x = 0 时怎样才是零？",
            ),
            "forgets": Text(
                "The forget gate is {gate}: of a count some is lost at every step, and a thousand steps add up.",
                "遗忘门是 {gate}：计数每一步都漏掉一点，一千步就很可观。",
            ),
            "inlet": Text(
                "The input gate is {gate} when a one comes: a one does not count as one.",
                "输入 1 到来时，输入门是 {gate}：一个 1 没有算成一。",
            ),
            "candidate-short": Text(
                "The candidate for a one is {candidate}, not 1. tanh needs a large argument to be 1.",
                "输入 1 的候选值是 {candidate}，不是 1。tanh 的自变量要大，值才是 1。",
            ),
            "listens": Text(
                "The gates and the candidate listen to h, so that the count so far decides what the next one adds.",
                "门或候选值在听 h，于是已有的计数会影响下一次加多少。",
            ),
            "not-squared": Text("The derivative of tanh has its value squared.", "tanh 的导数里，它的值要平方。"),
            "two": Text("The value is doubled where it should be squared.", "值应当平方，这里却乘了二。"),
            "value": Text("This is the value of tanh, not its slope.", "这是 tanh 的值，不是它的斜率。"),
            "of-the-gate": Text(
                "This is the slope of the logistic function. The cell is shown through tanh.",
                "这是逻辑函数的斜率。单元状态是经过 tanh 显示的。",
            ),
        },
        planted=(
            ("forgets", 'weights["b_f"][0] = 40', 'weights["b_f"][0] = 5'),
            ("forgets", 'weights["b_f"][0] = 40', 'weights["W_xf"][0, 0] = 40'),
            ("inlet", 'weights["b_i"][0] = 40', "pass"),
            ("candidate-short", 'weights["W_xc"][0, 0] = 20', 'weights["W_xc"][0, 0] = 1'),
            ("counts-zeros", 'weights["W_xc"][0, 0] = 20', 'weights["b_c"][0] = 20'),
            ("listens", "np.zeros((1, 1)) for place", 'np.full((1, 1), 0.0 if place == "x" else -1e3) for place'),
            ("not-squared", "np.tanh(count) ** 2", "np.tanh(count)"),
            ("two", "np.tanh(count) ** 2", "np.tanh(count) * 2"),
            ("value", "return 1 - np.tanh(count) ** 2", "return np.tanh(count)"),
        ),
        hints=(
            Text(
                "c_t = f c_{t-1} + i c̃. Which values of f, i and c̃ make this a counter?",
                "c_t = f c_{t-1} + i c̃。f、i、c̃ 取什么值，它就是计数器？",
            ),
            Text(
                "Both gates should be 1 whatever comes. The candidate should be 1 for a one and exactly 0 for a zero."
                " How large must a bias be for the sigmoid to be 1 up to rounding?",
                "两个门不论来什么都应是 1。候选值对 1 应是 1，对 0 应恰好是 0。偏置要多大，sigmoid 才在舍入意义下等于 1？",
            ),
            Text(
                "b_f = b_i = 40, W_xc = 20, all others 0. The slope of tanh at c is 1 - tanh(c)².",
                "b_f = b_i = 40，W_xc = 20，其余为 0。tanh 在 c 处的斜率是 1 - tanh(c)²。",
            ),
        ),
    ),
    Exercise(
        chapter="lstm",
        number=5,
        title=Text("Where does it come from?", "它从哪里来？"),
        task=Text(
            "Write gradient_by_lag(layer, inputs, d_output). layer is an rnn.LSTM, inputs is (T, 1, D), d_output (1, H) is"
            " the gradient of a loss for the last output alone. Return an array (T,): at index n the norm of the gradient"
            " for the input n steps before the last, divided by that at n = 0. (rnn.jacobians.input_norms_by_lag would be"
            " all of it; do it with forward and backward.)\n"
            "Write cell_sizes(layer, inputs), inputs (T, B, D): an array (T,) with the root mean square of all numbers in"
            " c_t, for t = 1 … T, from a state of zeros.\n"
            'Write medians(layers, inputs, d_output), which returns a dict: for each of "W_hf", "W_hi", "W_hc", "W_ho" the'
            " median over the layers (a list of rnn.LSTM) of the last entry of gradient_by_lag with this one matrix set to"
            " zero. Afterwards the layers must be as they were.\n"
            "Then run the experiment: b_f = 3, D = 4, H = 32, 100 steps, at least 20 seeds. Write origin(), which returns"
            " a pair: the name of the matrix without which the old inputs lose their weight, and what the sizes of the"
            ' cells do from the first step to the last, "grow" or "shrink".',
            "写 gradient_by_lag(layer, inputs, d_output)。layer 是 rnn.LSTM，inputs 是 (T, 1, D)，d_output (1, H)"
            " 是损失只对最后一个输出的梯度。返回数组 (T,)：下标 n 处是往前 n 步的输入的梯度的范数，除以 n = 0 处的值。"
            "（rnn.jacobians.input_norms_by_lag 就是全部答案；请用 forward 和 backward 来写。）\n"
            "写 cell_sizes(layer, inputs)，inputs 是 (T, B, D)：返回数组 (T,)，状态从零开始，对 t = 1 … T 给出 c_t"
            " 中所有数的均方根。\n"
            '写 medians(layers, inputs, d_output)，返回字典：对 "W_hf"、"W_hi"、"W_hc"、"W_ho" 各给一个中位数，'
            "即只把这一个矩阵置零时，各层（rnn.LSTM 的列表）的 gradient_by_lag 最后一个元素的中位数。"
            "之后这些层必须与原来一样。\n"
            "然后做实验：b_f = 3，D = 4，H = 32，100 步，至少 20 个种子。写 origin()，返回一对值："
            '没有它，旧的输入就失去分量的那个矩阵的名字；从第一步到最后一步，单元状态的大小怎样变化，"grow" 或 "shrink"。',
        ),
        solution=(gradient_by_lag, cell_sizes, medians, origin),
        check=check_origin,
        names={
            "by-time": Text(
                "The norms stand in the order of time; index 0 should be the latest input.",
                "范数按时间排列了；下标 0 应当是最近的输入。",
            ),
            "not-relative": Text(
                "The norms have not been divided by that of the latest input.", "范数没有除以最近的输入的范数。"
            ),
            "squared": Text("These are squared norms: the root is missing.", "这是范数的平方，没有开方。"),
            "absolute-sum": Text(
                "This is the sum of absolute values; the norm is the root of the sum of squares.",
                "这是绝对值之和；范数是平方和的平方根。",
            ),
            "every-step": Text(
                "The gradient was put at every output. The loss looks at the last one alone.",
                "每一步的输出都放上了梯度。损失只看最后一个输出。",
            ),
            "hidden-state": Text(
                "This is the size of h; the cell is the second part of the state.",
                "这是 h 的大小；单元状态是状态的第二部分。",
            ),
            "signed-mean": Text(
                "This is the mean of c with its signs, which cancel. Square first, then average, then take the root.",
                "这是带符号的 c 的平均，正负会抵消。先平方，再平均，再开方。",
            ),
            "no-root": Text("This is the mean square: the root is missing.", "这是均方，没有开方。"),
            "state-not-carried": Text(
                "Each step begins from zeros. Hand on the state, both parts of it.",
                "每一步都从零开始了。要把状态传下去，两个部分都要传。",
            ),
            "cut-for-good": Text(
                "A matrix that was set to zero stays so: the next case has two of them cut, and the caller's layers are"
                " changed. Put it back.",
                "置零的矩阵没有恢复：下一种情形就少了两个矩阵，调用者的层也被改了。用完要还原。",
            ),
            "mean": Text(
                "This is the mean over the layers. A few large ones carry it; the exercise asks for the median.",
                "这是对各层的平均，少数大的值就左右了它；题目要中位数。",
            ),
            "forget-matrix": Text(
                "What the forget gate hears of h is not it: without W_hf the curve still turns up. Compare the four"
                " medians.",
                "不是遗忘门听到的 h：去掉 W_hf，曲线照样上翘。比较四个中位数。",
            ),
            **{f"other-matrix-{gate}": OTHER_MATRIX for gate in "fico"},
            "cells-shrink": Text(
                "Plot cell_sizes: the cells begin empty, and forget gates of about 0.95 let them fill.",
                "画出 cell_sizes：单元起初是空的，遗忘门在 0.95 左右，单元会渐渐装满。",
            ),
        },
        planted=(
            (
                "by-time",
                "d_inputs[::-1, 0], axis=-1)\n    return norms / norms[0]",
                "d_inputs[:, 0], axis=-1)\n    return norms / norms[-1]",
            ),
            ("not-relative", "return norms / norms[0]", "return norms"),
            ("squared", "return norms / norms[0]", "return (norms / norms[0]) ** 2"),
            ("absolute-sum", "np.linalg.norm(d_inputs[::-1, 0], axis=-1)", "np.abs(d_inputs[::-1, 0]).sum(axis=-1)"),
            ("every-step", "d_outputs[-1] = d_output", "d_outputs[:] = d_output"),
            ("hidden-state", "state[1] ** 2", "state[0] ** 2"),
            ("no-root", "np.sqrt(np.mean(state[1] ** 2))", "np.mean(state[1] ** 2)"),
            ("signed-mean", "np.sqrt(np.mean(state[1] ** 2))", "np.mean(state[1])"),
            ("state-not-carried", "layer.forward(x_t[np.newaxis], state)", "layer.forward(x_t[np.newaxis])"),
            ("cut-for-good", "layer.params[name][...] = before", "pass"),
            ("mean", "np.median(left)", "np.mean(left)"),
            ("forget-matrix", '"W_hc", "grow"', '"W_hf", "grow"'),
            ("other-matrix-o", '"W_hc", "grow"', '"W_ho", "grow"'),
            ("cells-shrink", '"W_hc", "grow"', '"W_hc", "shrink"'),
        ),
        hints=(
            Text(
                "A loss on the last output alone: what does the array look like that backward takes?",
                "损失只取决于最后一个输出：backward 要的数组长什么样？",
            ),
            Text(
                "backward returns the gradient for all inputs, (T, 1, D), in the order of time. A layer shows h only; c_t"
                " is in the state that forward returns, so feed one step at a time.",
                "backward 返回所有输入的梯度，(T, 1, D)，按时间排列。层只给出 h；c_t 在 forward 返回的状态里，"
                "所以一步一步地喂。",
            ),
            Text(
                "d_outputs is zero but for d_outputs[-1] = d_output; take norms of d_inputs[::-1, 0] and divide by the"
                " first. In medians copy the matrix, write zeros into it, measure, write the copy back.",
                "d_outputs 除了 d_outputs[-1] = d_output 之外都是零；对 d_inputs[::-1, 0] 取范数，除以第一个。"
                "在 medians 里先复制矩阵，写入零，测量，再写回去。",
            ),
        ),
        stubs=("rnn.jacobians:input_norms_by_lag",),
    ),
)
