"""Exercises of the chapter *gru*."""

import functools
from typing import Any

import numpy as np

from rnn.gradcheck import complex_step
from rnn.gru import GRUCell
from rnn.jacobians import gradient_norms_by_lag
from rnn.layers import GRU
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── hold for a thousand steps ───────────────────────────────────────────────────────────────────────────────────────


def smallest_bias(steps, loss):
    """Return the smallest whole b for which sigmoid(b) ** steps >= 1 - loss."""
    keep = (1 - loss) ** (1 / steps)
    return int(np.ceil(np.log(keep / (1 - keep))))


def holding_weights():
    """Return weights for GRUCell(2, 1), whose input is a value and a mark: it holds the value at the last mark."""
    weights = {f"W_x{gate}": np.zeros((2, 1)) for gate in "zrn"}
    weights |= {f"W_h{gate}": np.zeros((1, 1)) for gate in "zrn"}
    weights |= {name: np.zeros(1) for name in ("b_z", "b_r", "b_n", "b_hn")}
    weights["b_z"][0] = smallest_bias(1000, 0.01)
    weights["W_xz"][1, 0] = -24
    weights["W_xn"][0, 0] = 1
    return weights


def left_of_one(weights, steps):
    """Return what is left of a state of 1 after so many steps in which the input is zero."""
    cell = GRUCell(2, 1)
    for name, value in weights.items():
        cell.params[name][...] = value
    state = (np.ones((1, 1)),)
    for _ in range(steps):
        state, _ = cell.step(np.zeros((1, 2)), state)
    return state[0][0, 0]


HELD, LOST, STORED = 1000, 0.01, 0.01


def _sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def _one_step(w: dict[str, Any], x: Any, h: Any) -> Any:
    """Take a step of a single unit: x (B, 2), h (B,); after the product, z keeps."""
    z = _sigmoid(x @ w["W_xz"] + w["W_hz"] * h + w["b_z"])
    r = _sigmoid(x @ w["W_xr"] + w["W_hr"] * h + w["b_r"])
    n = np.tanh(x @ w["W_xn"] + w["b_n"] + r * (w["W_hn"] * h + w["b_hn"]))
    return z * h + (1 - z) * n


def _exact_bias(steps: int, loss: float) -> float:
    """Return the b at which sigmoid(b) ** steps is 1 - loss, with nothing rounded away."""
    return float(-np.log(np.expm1(-np.log1p(-loss) / steps)))


def _cases(rng: np.random.Generator) -> list[tuple[int, float]]:
    """Return the case of the page, and one on each side of a half, so that every way of rounding shows."""
    cases = [(HELD, LOST)]
    for low, high in ((0.15, 0.4), (0.6, 0.85)):
        while True:
            steps, loss = int(rng.integers(20, 3000)), float(rng.uniform(0.05, 0.45))
            if low < _exact_bias(steps, loss) % 1 < high:
                break
        cases.append((steps, loss))
    return cases


def check_holding(work: Subject) -> None:
    """Ask for the bias in three cases; then see that the unit stores, holds, and has the smallest bias."""
    rng = np.random.default_rng()
    for steps, loss in _cases(rng):  # what is rounded down shows in the first case, so "nearest" may come before it
        exact = _exact_bias(steps, loss)
        expect(
            f"smallest_bias({steps}, {loss:.3g})",
            work("smallest_bias", steps, loss),
            int(np.ceil(exact)),
            {
                "nearest": int(np.round(exact)),
                "rounded": int(np.floor(exact)),
                "not-whole": exact,
                "lost-for-kept": int(np.ceil(_exact_bias(steps, 1 - loss))),
                "one-step": int(np.ceil(_exact_bias(1, loss))),
                "replaces": -int(np.ceil(exact)),
                "half": int(np.ceil(_exact_bias(steps, 0.5))),
            },
        )
    came = work("holding_weights")
    if came is None:
        raise Wrong("returns-none", of="holding_weights()")
    difference = compare(came, {name: np.zeros(value.shape) for name, value in GRUCell(2, 1).params.items()})
    if difference is not None and difference.where == "shape":
        raise Wrong("shape", difference, of="holding_weights()")
    weights = {name: np.squeeze(np.asarray(value, dtype=float)) for name, value in came.items()}
    with np.errstate(over="ignore"):
        _check_storing(weights, rng)
        _check_keeping(weights)
    steps, b = int(rng.integers(20, 200)), float(weights["b_z"])
    truth = float(_sigmoid(b) ** steps)
    weaker = dict(came) | {"b_z": np.full(1, 3.0)}
    expect(
        "left_of_one(weights with b_z = 3, steps)",
        work("left_of_one", weaker, steps),
        float(_sigmoid(3.0) ** steps),
        {
            "one-too-many": float(_sigmoid(3.0) ** (steps + 1)),
            "one-too-few": float(_sigmoid(3.0) ** (steps - 1)),
            "lost-for-left": 1 - float(_sigmoid(3.0) ** steps),
            "weights-not-used": truth,
        },
    )
    expect("left_of_one(weights, 1000)", work("left_of_one", came, HELD), float(_sigmoid(b) ** HELD))


def _check_storing(w: dict[str, Any], rng: np.random.Generator) -> None:
    """See that a step with a mark puts tanh(u) in the place of whatever was there."""
    u, before = rng.uniform(-2, 2, size=40), rng.uniform(-1, 1, size=40)
    u[:2], before[:2] = (1.0, -1.0), (-1.0, 1.0)
    marked = np.stack([u, np.ones_like(u)], axis=1)
    after = _one_step(w, marked, before)
    if np.abs(after - np.tanh(u)).max() <= STORED:
        return
    if np.abs(after - before).max() <= 0.1:
        raise Wrong("mark-ignored")
    swapped = _one_step(w, marked[:, ::-1], before)
    if np.abs(swapped - np.tanh(u)).max() <= STORED:
        raise Wrong("swapped")
    closed = dict(w) | {"b_z": np.array(-1e3)}  # what it would store if z were 0
    if np.abs(_one_step(closed, marked, before) - np.tanh(u)).max() > STORED:
        raise Wrong("other-candidate")
    raise Wrong("half-open", left=f"{float(_sigmoid(w['b_z'] + w['W_xz'][1])):.3g}")


def _check_keeping(w: dict[str, Any]) -> None:
    """See that a thousand steps cost a hundredth, that z does not move with the value, and the bias is the smallest."""
    state = start = np.array([1.0, -1.0, 0.3])
    for _ in range(HELD):
        state = _one_step(w, np.zeros((3, 2)), state)
    if np.abs(state / start).min() < 1 - LOST:
        raise Wrong("forgets", left=f"{np.abs(state / start).min():.3g}")
    values = np.stack([np.array([3.0, -3.0]), np.zeros(2)], axis=1)
    if np.abs(_one_step(w, values, np.zeros(2))).max() > 2 * (1 - (1 - LOST) ** (1 / HELD)):
        raise Wrong("value-opens")
    if w["b_z"] != np.ceil(_exact_bias(HELD, LOST)):
        raise Wrong("not-smallest", bias=f"{float(w['b_z']):g}")


# ── the window that was read twice ──────────────────────────────────────────────────────────────────────────────────


def fed_once(layer, text):
    """Return the final state when only the newest character is fed and the state is passed on."""
    state = layer.zero_state(text.shape[1])
    for t in range(len(text)):
        _, state = layer.forward(text[t : t + 1], state)
    return state[0]


def fed_again(layer, text, window):
    """Return the final state when the last characters are fed again at every step and the state is passed on too."""
    state = layer.zero_state(text.shape[1])
    for t in range(1, len(text) + 1):
        _, state = layer.forward(text[max(0, t - window) : t], state)
    return state[0]


def times_read(length, window):
    """Return how often fed_again reads each character."""
    return np.array([min(window, length - t) for t in range(length)])


def relative_difference(once, again):
    """Return how far the second state is from the first, relative to the size of the first."""
    return np.linalg.norm(once - again) / np.linalg.norm(once)


def more_wrong():
    """Return the update bias, 0 or 3, with which the difference is larger."""
    return 3


def _random_gru(rng: np.random.Generator, D: int, H: int, **options: Any) -> GRU:
    layer = GRU(D, H, rng=rng, **options)
    for name, value in layer.params.items():
        if name.startswith("b_"):
            value += 0.5 * rng.normal(size=H)
    return layer


def _beside(work: Subject, cell: Any, maker: str, *sizes: int) -> Kept:
    """Make a network beside the submission that has the weights of ours."""
    net: Kept = work.call(maker, *sizes).value
    work.write(net, {path: cell.params[path.rpartition(".")[2]] for path in work.leaves(net)})
    return net


def _places(length: int, window: int, *, first: int = 1) -> list[range]:
    """Return the places that are read at each step, the first time when `first` characters are there."""
    return [range(max(0, t - window), t) for t in range(first, length + 1)]


def _refed(layer: GRU, text: Any, places: list[range]) -> Any:
    """Read it in one go: the sequence that nobody wrote."""
    return layer.forward(text[[p for step in places for p in step]])[1][0]


@functools.cache
def _more_wrong() -> int:
    """Measure it with 20 networks at once, each with a text of its own."""
    differences = {}
    for bias in (0, 3):
        rng = np.random.default_rng(0)
        layer = GRU(8, 16, update_bias=float(bias), seeds=20, rng=rng)
        text = np.eye(8)[rng.integers(8, size=(40, 20))][:, :, np.newaxis]
        once, again = layer.forward(text)[1][0], _refed(layer, text, _places(40, 10))
        norms = [np.linalg.norm(part, axis=(1, 2)) for part in (once - again, once)]
        differences[bias] = float(np.median(norms[0] / norms[1]))
    return max(differences, key=lambda bias: differences[bias])


def check_refed(work: Subject) -> None:
    """Hold both loops against one run over what they read; then the count, the difference, the conclusion."""
    rng = np.random.default_rng()
    T, B, D, H, window = 9, 2, 5, 4, 3
    layer = _random_gru(rng, D, H, update_bias=1.5)
    net, text = _beside(work, layer, "rnn.GRU", D, H), np.eye(D)[rng.integers(D, size=(T, B))]
    # Characters that differ where a window that is off by one would end.
    text[-1], text[-2] = np.eye(D)[0], np.eye(D)[1]
    once, again = layer.forward(text)[1][0], _refed(layer, text, _places(T, window))
    expect(
        "fed_once(layer, text)",
        work("fed_once", net, text),
        once,
        {"state-not-carried": layer.forward(text[-1:])[1][0], "newest-missing": layer.forward(text[:-1])[1][0]},
    )
    expect(
        "fed_again(layer, text, 3)",
        work("fed_again", net, text, window),
        again,
        {
            "from-zeros": layer.forward(text[-window:])[1][0],
            "full-windows-only": _refed(layer, text, _places(T, window, first=window)),
            "window-too-long": _refed(layer, text, _places(T, window + 1)),
            "window-too-short": _refed(layer, text, _places(T, window - 1)),
            "newest-missing": _refed(layer, text, _places(T - 1, window)),
            "once": once,
        },
    )
    for length, span in ((T, window), (40, 10), (4, 6)):
        read = np.minimum(span, length - np.arange(length))
        expect(
            f"times_read({length}, {span})",
            work("times_read", length, span),
            read,
            {
                "start-for-end": read[::-1],
                "always-all": np.full(length, span),
                "off-by-one": np.minimum(span, length - np.arange(length) - 1),
            },
        )
    expect(
        "relative_difference(once, again)",
        work("relative_difference", once, again),
        np.linalg.norm(once - again) / np.linalg.norm(once),
        {
            "other-size": np.linalg.norm(once - again) / np.linalg.norm(again),
            "absolute": np.linalg.norm(once - again),
            "squared": np.linalg.norm(once - again) ** 2 / np.linalg.norm(once) ** 2,
            "difference-of-norms": abs(np.linalg.norm(once) - np.linalg.norm(again)) / np.linalg.norm(once),
        },
    )
    truth = _more_wrong()
    expect("more_wrong()", work("more_wrong"), truth, {"forgets-faster": 3 - truth})


# ── the direct path and the network ─────────────────────────────────────────────────────────────────────────────────


def direct_path(bias, lags):
    """Return what the direct path leaves of a gradient after 0 … lags steps back."""
    return (1 + np.exp(-bias)) ** -np.arange(lags + 1.0)


def medians_by_lag(cells, inputs, d_h, factor):
    """Return the medians of the gradient's norm by lag, relative to d_h, with recurrent weights times factor."""
    left = []
    for cell in cells:
        before = {name: value.copy() for name, value in cell.params.items()}
        for name in ("W_hz", "W_hr", "W_hn"):
            cell.params[name][...] = factor * before[name]
        norms = gradient_norms_by_lag(cell, inputs, None, d_h)[:, 0]
        left.append(norms / np.linalg.norm(d_h))
        for name, value in before.items():
            cell.params[name][...] = value
    return np.median(left, axis=0)


def good_description():
    """Return the factor, and the update bias, with which the direct path is nearest to the medians."""
    return 1, 4


LAG = 40


def _scaled(cell: GRUCell, factor: float, names: str) -> GRUCell:
    """Return a cell in which the parameters whose names begin so are multiplied."""
    other = GRUCell(cell.input_size, cell.hidden_size)
    for name, value in cell.params.items():
        other.params[name][...] = value * (factor if name.startswith(tuple(names.split())) else 1)
    return other


def _relative_norms(cell: GRUCell, inputs: Any, d_h: Any) -> Any:
    """Return the norms by lag from complex steps in the states, (T + 1,)."""
    states = [cell.zero_state(1)[0]]
    for x_t in inputs:
        states.append(cell.step(x_t, (states[-1],))[0][0])

    def loss(h: Any, k: int) -> Any:
        for x_t in inputs[k:]:
            ((h,), _) = cell.step(x_t, (h,))
        return np.sum(d_h * h)

    norms = [np.linalg.norm(complex_step(functools.partial(loss, k=k), h)) for k, h in enumerate(states)]
    return np.array(norms[::-1]) / np.linalg.norm(d_h)


@functools.cache
def _good_description() -> tuple[int, int]:
    """Measure it: for each case 21 networks at once, and the distance of logarithms at the lag of the page."""
    far = {}
    for factor, bias in ((1, 0), (1, 2), (1, 4), (2, 2), (4, 2)):
        rng = np.random.default_rng(0)
        layer = GRU(4, 24, update_bias=float(bias), seeds=21, rng=rng)
        for name in ("W_hz", "W_hr", "W_hn"):
            layer.params[name][...] *= factor
        outputs, _ = layer.forward(rng.normal(size=(LAG, 21, 1, 4)))
        e, d_outputs = rng.normal(size=(21, 1, 24)), np.zeros_like(outputs)
        d_outputs[-1] = e
        (d_h0,) = layer.backward(d_outputs)[1]
        left = float(np.median(np.linalg.norm(d_h0, axis=-1) / np.linalg.norm(e, axis=-1)))
        far[factor, bias] = abs(np.log(left) - LAG * np.log(_sigmoid(float(bias))))
    return min((1, 2, 4), key=lambda f: far[f, 2]), min((0, 2, 4), key=lambda b: far[1, b])


def check_direct(work: Subject) -> None:
    """Ask for the direct path, medians over an even number of cells with two factors, and the conclusion."""
    rng = np.random.default_rng()
    bias, lags = float(rng.uniform(0.5, 3)), int(rng.integers(5, 20))
    n, keep = np.arange(lags + 1), float(_sigmoid(bias))
    expect(
        f"direct_path({bias:.3g}, {lags})",
        work("direct_path", bias, lags),
        keep**n,
        {
            "one-too-far": keep ** (n + 1),
            "gives-up": (1 - keep) ** n,
            "last-lag-missing": keep ** n[:-1],
            "other-sign": _sigmoid(-bias) ** n,
        },
    )
    T, D, H = 6, 3, 4
    cells = [_random_gru(rng, D, H, update_bias=2.0).cell for _ in range(6)]
    nets = [_beside(work, cell, "rnn.GRUCell", D, H) for cell in cells]
    inputs, d_h = rng.normal(size=(T, 1, D)), 3 * rng.normal(size=(1, H))
    for factor in (2.0, 1.0):
        of = f"medians_by_lag(cells, inputs, d_h, {factor:g})"
        came = work("medians_by_lag", nets, inputs, d_h, factor)
        left = np.array([_relative_norms(_scaled(cell, factor, "W_h"), inputs, d_h) for cell in cells])
        truth = np.median(left, axis=0)
        if compare(came, truth) is not None:
            expect(of, came, truth, _median_mistakes(cells, inputs, d_h, factor, left))
        for net, cell in zip(nets, cells, strict=True):
            after = work.leaves(net)
            if any(compare(after[f"params.{name}"], value) for name, value in cell.params.items()):
                raise Wrong("cells-changed", of=of)
    came, (factor_, bias_) = work("good_description"), _good_description()
    if not isinstance(came, list | tuple | np.ndarray) or len(came) != 2:
        raise Wrong("shape", of="good_description()")
    _expect_choice("good_description()[0]", came[0], factor_, (1, 2, 4), "large-weights")
    _expect_choice("good_description()[1]", came[1], bias_, (0, 2, 4), "forgetting")


def _expect_choice(of: str, came: Any, truth: int, choices: tuple[int, ...], key: str) -> None:
    """Name the mistake `key` where another of the choices has come."""
    if came is not None and any(compare(came, choice) is None for choice in choices if choice != truth):
        raise Wrong(key, of=of)
    expect(of, came, truth)


def _median_mistakes(cells: list[GRUCell], inputs: Any, d_h: Any, factor: float, left: Any) -> dict[str, Any]:
    """Return what known mistakes make of the medians."""

    def instead(names: str) -> Any:
        return np.median([_relative_norms(_scaled(cell, factor, names), inputs, d_h) for cell in cells], axis=0)

    median = np.median(left, axis=0)
    return {
        "not-relative": median * np.linalg.norm(d_h),
        "mean": left.mean(axis=0),
        "by-time": median[::-1],
        "candidate-alone": instead("W_hn"),
        "gates-alone": instead("W_hz W_hr"),
        "inputs-too": instead("W_h W_x"),
        "everything": instead("W_h W_x b_"),
        "biases-too": instead("W_h b_"),
        "not-scaled": instead("none"),
    }


EXERCISES = (
    Exercise(
        chapter="gru",
        number=4,
        title=Text("Hold for a thousand steps", "保持一千步"),
        task=Text(
            "Write smallest_bias(steps, loss): the smallest whole number b (an int) with which a state that is"
            " multiplied by sigmoid(b) at each of so many steps loses at most the share loss of itself, 0 < loss < 1.\n"
            "Write holding_weights(), which returns a dict with all parameters of GRUCell(2, 1), whose z keeps and whose"
            " reset acts after the product: W_xz, W_xr, W_xn (2, 1), W_hz, W_hr, W_hn (1, 1), b_z, b_r, b_n, b_hn (1,)."
            " The input is a value u and a mark s. After a step with s = 1 the state has to be tanh(u) within one"
            " hundredth, whatever it was before (from -1 to 1). With s = 0 the update gate must not depend on u, and 1000"
            " steps with u = s = 0 may cost one hundredth of the state at most. b_z is the smallest whole number with"
            " which that is so.\n"
            "Write left_of_one(weights, steps), which runs a GRUCell(2, 1) with such a dict of weights and returns what is"
            " left of a state of 1 after so many steps in which the inputs are 0, a number.",
            "写 smallest_bias(steps, loss)：状态每步乘 sigmoid(b)，走这么多步，最多损失自身的 loss 这一份（0 < loss < 1），"
            "返回能做到的最小整数 b（int）。\n"
            "写 holding_weights()，返回一个字典，装 GRUCell(2, 1) 的全部参数；它的 z 表示保留，重置在乘积之后："
            "W_xz、W_xr、W_xn 是 (2, 1)，W_hz、W_hr、W_hn 是 (1, 1)，b_z、b_r、b_n、b_hn 是 (1,)。"
            "输入是值 u 和标记 s。s = 1 的一步之后，不论状态原来是多少（从 -1 到 1），都必须等于 tanh(u)，误差不超过百分之一。"
            "s = 0 时更新门不得随 u 变化，并且 u = s = 0 走 1000 步，状态最多损失百分之一。"
            "b_z 是能做到这一点的最小整数。\n"
            "写 left_of_one(weights, steps)，用这样一个参数字典运行 GRUCell(2, 1)，返回输入为 0 走这么多步之后，"
            "状态 1 还剩多少，是一个数。",
        ),
        solution=(smallest_bias, holding_weights, left_of_one),
        check=check_holding,
        names={
            "rounded": Text(
                "This is rounded down: with this bias a little more is lost than allowed.",
                "这是往下取整：用这个偏置，损失比允许的多一点。",
            ),
            "nearest": Text(
                "This is the nearest whole number. Below the exact value the loss is too large; round up.",
                "这是最接近的整数。低于精确值，损失就超了；要往上取整。",
            ),
            "not-whole": Text("This is the exact bias; a whole number is asked.", "这是精确的偏置；题目要整数。"),
            "lost-for-kept": Text(
                "The share that may be lost stands where the share that is kept belongs.",
                "本该是保留的一份，却用了允许损失的一份。",
            ),
            "one-step": Text(
                "This bias loses that much in one step. The steps multiply: take the root.",
                "用这个偏置，一步就损失这么多。各步是相乘的：要开方。",
            ),
            "replaces": Text(
                "The sign is that of the other convention, in which z replaces. Here z keeps.",
                "这是 z 表示替换时的符号。这里 z 表示保留。",
            ),
            "half": Text(
                "This is the bias for a half-life. The share that may be lost is another here.",
                "这是按半衰期算的偏置。这里允许损失的是另一个比例。",
            ),
            "mark-ignored": Text(
                "After a step with a mark the state is as before. The mark has to bring z near 0.",
                "有标记的一步之后，状态还和原来一样。标记必须使 z 接近 0。",
            ),
            "swapped": Text(
                "The two inputs are exchanged: the first is the value, the second the mark.",
                "两个输入弄反了：第一个是值，第二个是标记。",
            ),
            "other-candidate": Text(
                "At a mark the candidate is not tanh(u). What does it hear besides the value?",
                "有标记时，候选值不是 tanh(u)。除了值，它还听到了什么？",
            ),
            "half-open": Text(
                "At a mark z is {left}: that share of the old state stays. The weight of the mark has to outdo the bias by"
                " far.",
                "有标记时 z 是 {left}：旧状态还留着这一份。标记的权重要远远压过偏置。",
            ),
            "forgets": Text(
                "After 1000 steps without a mark {left} is left of the state.",
                "没有标记走 1000 步之后，状态只剩 {left}。",
            ),
            "value-opens": Text(
                "Without a mark a value of 3 or -3 gets into the state: z moves with u.",
                "没有标记时，3 或 -3 这样的值进了状态：z 随 u 而变。",
            ),
            "not-smallest": Text(
                "It holds, but b_z = {bias} is not the smallest whole number with which it does.",
                "能保持，但 b_z = {bias} 不是能做到的最小整数。",
            ),
            "one-too-many": Text("This is one step too many.", "多走了一步。"),
            "one-too-few": Text("This is one step too few.", "少走了一步。"),
            "lost-for-left": Text("This is what is lost, not what is left.", "这是损失的，不是剩下的。"),
            "weights-not-used": Text("The weights that were handed over are not used.", "没有使用传进来的参数。"),
        },
        planted=(
            ("rounded", "np.ceil", "np.floor"),
            ("nearest", "np.ceil", "np.round"),
            ("not-whole", "int(np.ceil(np.log(keep / (1 - keep))))", "np.log(keep / (1 - keep))"),
            ("lost-for-kept", "(1 - loss) ** (1 / steps)", "loss ** (1 / steps)"),
            ("one-step", "(1 - loss) ** (1 / steps)", "1 - loss"),
            ("half", "(1 - loss) ** (1 / steps)", "0.5 ** (1 / steps)"),
            ("mark-ignored", 'weights["W_xz"][1, 0] = -24', "pass"),
            ("half-open", 'weights["W_xz"][1, 0] = -24', 'weights["W_xz"][1, 0] = -12'),
            (
                "swapped",
                '["W_xz"][1, 0] = -24\n    weights["W_xn"][0, 0]',
                '["W_xz"][0, 0] = -24\n    weights["W_xn"][1, 0]',
            ),
            ("other-candidate", 'weights["W_xn"][0, 0] = 1', 'weights["W_xn"][:] = 1'),
            ("forgets", '["b_z"][0] = smallest_bias(1000, 0.01)', '["b_z"][0] = smallest_bias(1000, 0.5)'),
            ("not-smallest", '["b_z"][0] = smallest_bias(1000, 0.01)', '["b_z"][0] = 13'),
            ("value-opens", 'weights["W_xz"][1, 0] = -24', 'weights["W_xz"][:, 0] = -4, -40'),
            ("one-too-many", "in range(steps):", "in range(steps + 1):"),
            ("weights-not-used", "cell.params[name][...] = value", "cell.params[name][...] = holding_weights()[name]"),
        ),
        hints=(
            Text(
                "With a candidate of 0 one step is a multiplication by z. What is a thousand of them?",
                "候选值为 0 时，一步就是乘以 z。一千步是多少？",
            ),
            Text(
                "z has to be the 1000th root of 0.99 at least; turn the sigmoid round for the bias. z should drop to"
                " nearly 0 where s = 1, and the candidate should hear u and nothing else.",
                "z 至少是 0.99 的 1000 次方根；把 sigmoid 反过来就得到偏置。s = 1 时 z 要降到接近 0，候选值只听 u，别的都不听。",
            ),
            Text(
                "b = ceil(log(k / (1 - k))) with k = (1 - loss) ** (1 / steps). Then W_xz = (0, -24), W_xn = (1, 0),"
                " b_z = 12, all others 0.",
                "b = ceil(log(k / (1 - k)))，其中 k = (1 - loss) ** (1 / steps)。然后 W_xz = (0, -24)，W_xn = (1, 0)，"
                "b_z = 12，其余为 0。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn import GRUCell",
    ),
    Exercise(
        chapter="gru",
        number=5,
        title=Text("The window that was read twice", "读了两遍的窗口"),
        task=Text(
            "layer is an rnn.GRU, text (T, B, D) one-hot vectors. Write fed_once(layer, text): feed the newest character"
            " alone at each step, pass the state on, begin with zeros, return the final h (B, H).\n"
            "Write fed_again(layer, text, window): at each step feed the last `window` characters (at first fewer, as many"
            " as there are) and pass on the final state of the previous call; return the final h (B, H).\n"
            "Write times_read(length, window): an array (length,) that says how often fed_again reads each character of a"
            " text of that length. Write relative_difference(once, again): the norm of the difference of the two states,"
            " all numbers together, divided by the norm of the first.\n"
            "Then compare GRU(8, 16) with update_bias 0 and 3, texts of 40 characters, windows of 10, at least 20 seeds,"
            " and write more_wrong(), which returns 0 or 3: the update bias with which the median difference is larger.",
            "layer 是 rnn.GRU，text (T, B, D) 是独热向量。写 fed_once(layer, text)：每步只送最新的字符，状态往下传，"
            "从零开始，返回最终的 h (B, H)。\n"
            "写 fed_again(layer, text, window)：每步送最近的 window 个字符（开头不够时，有多少送多少），"
            "同时把上一次调用的最终状态传进去；返回最终的 h (B, H)。\n"
            "写 times_read(length, window)：数组 (length,)，说明对这么长的文本，fed_again 把每个字符读了几遍。"
            "写 relative_difference(once, again)：两个状态之差的范数（所有数一起算），除以第一个状态的范数。\n"
            "然后比较 update_bias 为 0 和 3 的 GRU(8, 16)，文本 40 个字符，窗口 10，至少 20 个种子，写 more_wrong()，"
            "返回 0 或 3：差的中位数较大的那个 update_bias。",
        ),
        solution=(fed_once, fed_again, times_read, relative_difference, more_wrong),
        check=check_refed,
        names={
            "state-not-carried": Text(
                "The state is not passed on: the result knows the last character alone.",
                "状态没有往下传：结果只知道最后一个字符。",
            ),
            "newest-missing": Text(
                "The newest character is never fed. A slice ends before its second number.",
                "最新的字符始终没有送进去。切片不含第二个数所指的那一个。",
            ),
            "from-zeros": Text(
                "Every window begins from zeros. That is one of the right ways; the program in question passes on the"
                " state as well.",
                "每个窗口都从零开始。这是正确做法之一；题目里的程序还把状态传了下去。",
            ),
            "full-windows-only": Text(
                "The first steps, with fewer characters than the window holds, are missing.",
                "开头几步字符不足一个窗口，被漏掉了。",
            ),
            "window-too-long": Text("The window is one character too long.", "窗口多了一个字符。"),
            "window-too-short": Text("The window is one character too short.", "窗口少了一个字符。"),
            "once": Text(
                "Every character is read once: this is the right loop, not the one to be examined.",
                "每个字符只读了一遍：这是正确的循环，不是要考察的那一个。",
            ),
            "start-for-end": Text(
                "The characters at the start are read as often as the others: the windows move on over them. Which are in"
                " few windows?",
                "开头的字符与其他字符读得一样多：窗口会一个个移过它们。哪些字符只落在少数窗口里？",
            ),
            "always-all": Text(
                "The last characters are in fewer windows, because the text ends.",
                "末尾的字符落在较少的窗口里，因为文本到头了。",
            ),
            "off-by-one": Text("Even the last character is read once.", "最后一个字符也读了一遍。"),
            "other-size": Text(
                "Divided by the size of the second state; the first is the one that it should have been.",
                "除以了第二个状态的大小；应当以第一个，即正确的那个为准。",
            ),
            "absolute": Text("The difference has not been divided by the size of the state.", "差没有除以状态的大小。"),
            "squared": Text("This is the ratio of the squares: the root is missing.", "这是平方之比，没有开方。"),
            "difference-of-norms": Text(
                "This compares the lengths. Two states of equal length may point anywhere: subtract first.",
                "这是在比较长度。长度相同的两个状态可以指向不同方向：先相减。",
            ),
            "forgets-faster": Text(
                "A network that forgets fast knows little beyond the last window, read twice or not. Run both.",
                "忘得快的网络，除了最后一个窗口几乎什么都不知道，读没读两遍都一样。把两种都跑一遍。",
            ),
        },
        planted=(
            ("state-not-carried", "layer.forward(text[t : t + 1], state)", "layer.forward(text[t : t + 1])"),
            ("newest-missing", "in range(len(text)):", "in range(len(text) - 1):"),
            ("newest-missing", "range(1, len(text) + 1)", "range(1, len(text))"),
            ("from-zeros", "text[max(0, t - window) : t], state)", "text[max(0, t - window) : t])"),
            ("full-windows-only", "range(1, len(text) + 1)", "range(window, len(text) + 1)"),
            ("window-too-long", "max(0, t - window)", "max(0, t - window - 1)"),
            ("window-too-short", "max(0, t - window)", "max(0, t - window + 1)"),
            ("start-for-end", "min(window, length - t)", "min(window, t + 1)"),
            ("always-all", "min(window, length - t)", "window"),
            ("off-by-one", "min(window, length - t)", "min(window, length - t - 1)"),
            ("other-size", "/ np.linalg.norm(once)", "/ np.linalg.norm(again)"),
            ("absolute", " / np.linalg.norm(once)", ""),
            (
                "difference-of-norms",
                "np.linalg.norm(once - again)",
                "abs(np.linalg.norm(once) - np.linalg.norm(again))",
            ),
            ("forgets-faster", "return 3", "return 0"),
        ),
        hints=(
            Text(
                "Write down for five characters and a window of three which of them each call reads.",
                "取五个字符、长为三的窗口，写下每次调用读了哪几个。",
            ),
            Text(
                "The first call reads one character, the second two, then always three. The last character is in one"
                " window, the one before it in two.",
                "第一次调用读一个字符，第二次读两个，以后总是三个。最后一个字符只在一个窗口里，它前面的那个在两个里。",
            ),
            Text(
                "for t in 1 … T: feed text[max(0, t - window) : t] with the last state. Character number t, from 0, is"
                " read min(window, length - t) times.",
                "t 从 1 到 T：带着上次的状态送 text[max(0, t - window) : t]。第 t 个字符（从 0 数）被读 min(window, length - t) 遍。",
            ),
        ),
    ),
    Exercise(
        chapter="gru",
        number=6,
        title=Text("The direct path and the network", "直接的路与整个网络"),
        task=Text(
            "Write direct_path(bias, lags): an array (lags + 1,), what the direct path alone leaves of a gradient after 0,"
            " 1, …, lags steps back if the update gate (z keeps) is sigmoid(bias).\n"
            "Write medians_by_lag(cells, inputs, d_h, factor). cells is a list of rnn.GRUCell, inputs is (T, 1, D), d_h"
            " (1, H) the gradient of a loss at the last step. For each cell, with W_hz, W_hr and W_hn multiplied by"
            " factor, take the norm of the gradient for the state n steps before, divided by the norm of d_h; the state"
            " begins at zeros. Return the medians over the cells, (T + 1,), at index n = 0 … T. Afterwards the cells must"
            " be as they were. rnn.jacobians.gradient_norms_by_lag may be used.\n"
            "Then measure, with D = 4, H = 24 and biases of 0 but for z, and compare with the direct path at lag 40, as a"
            " ratio. Write good_description(), which returns a pair: the factor out of 1, 2, 4 with which the direct path"
            " describes the median best if update_bias is 2, and the update_bias out of 0, 2, 4 with which it does if the"
            " factor is 1.",
            "写 direct_path(bias, lags)：数组 (lags + 1,)，更新门（z 表示保留）是 sigmoid(bias) 时，往回走 0、1、…、lags 步，"
            "单靠直接的路还剩多少梯度。\n"
            "写 medians_by_lag(cells, inputs, d_h, factor)。cells 是 rnn.GRUCell 的列表，inputs 是 (T, 1, D)，d_h (1, H)"
            " 是最后一步的损失的梯度。对每个单元，W_hz、W_hr、W_hn 乘以 factor，取 n 步之前的状态的梯度的范数，除以 d_h 的范数；"
            "状态从零开始。返回对各单元的中位数 (T + 1,)，下标 n = 0 … T。之后这些单元必须与原来一样。"
            "可以用 rnn.jacobians.gradient_norms_by_lag。\n"
            "然后测量，取 D = 4、H = 24，除了 z 之外偏置为 0，在滞后 40 处与直接的路比较，看比值。写 good_description()，"
            "返回一对值：update_bias 为 2 时，1、2、4 中哪个倍数使直接的路最能描述中位数；"
            "倍数为 1 时，0、2、4 中哪个 update_bias 使它最能描述。",
        ),
        solution=(direct_path, medians_by_lag, good_description),
        check=check_direct,
        names={
            "one-too-far": Text("At lag 0 nothing has been multiplied yet.", "滞后 0 处还没有乘过任何东西。"),
            "gives-up": Text(
                "1 - sigmoid(b) is what the candidate gets. The direct path keeps the other share.",
                "1 - sigmoid(b) 是候选值得到的一份。直接的路保留的是另一份。",
            ),
            "other-sign": Text("The sign of the bias is turned round.", "偏置的符号反了。"),
            "last-lag-missing": Text("From 0 to lags there are lags + 1 entries.", "从 0 到 lags 一共有 lags + 1 个。"),
            "not-relative": Text("The norms have not been divided by that of d_h.", "范数没有除以 d_h 的范数。"),
            "mean": Text(
                "This is the mean over the cells. A few large ones carry it; the exercise asks for the median.",
                "这是对各单元的平均，少数大的值就左右了它；题目要中位数。",
            ),
            "by-time": Text(
                "The norms stand in the order of time; index 0 is lag 0, the last state.",
                "范数按时间排列了；下标 0 是滞后 0，即最后的状态。",
            ),
            "candidate-alone": Text(
                "Only W_hn has been multiplied. The gates have recurrent weights too.",
                "只有 W_hn 乘了倍数。两个门也有循环权重。",
            ),
            "gates-alone": Text(
                "W_hn has been left as it was. The candidate has recurrent weights too.",
                "W_hn 没有乘。候选值也有循环权重。",
            ),
            "inputs-too": Text("The weights of the inputs have been multiplied as well.", "输入的权重也乘了倍数。"),
            "biases-too": Text("The biases have been multiplied as well.", "偏置也乘了倍数。"),
            "everything": Text(
                "All parameters have been multiplied; recurrent weights are those of the state, W_h….",
                "所有参数都乘了倍数；循环权重只是状态的那些，W_h…。",
            ),
            "not-scaled": Text("The factor has no effect.", "倍数没有起作用。"),
            "cells-changed": Text(
                "The cells do not have the weights that they came with: a second factor would come on top of the first.",
                "单元的权重与传进来时不同了：下一个倍数会乘在上一个之上。",
            ),
            "large-weights": Text(
                "With larger recurrent weights the other paths bring more. Look at the three medians at lag 40 beside"
                " sigmoid(2) ** 40.",
                "循环权重越大，其他几条路带来的就越多。把滞后 40 处的三个中位数与 sigmoid(2) ** 40 放在一起看。",
            ),
            "forgetting": Text(
                "Every other path carries a factor 1 - z. With which bias is that smallest?",
                "其他每条路都带着因子 1 - z。哪个偏置使它最小？",
            ),
        },
        planted=(
            ("one-too-far", "-np.arange(lags + 1.0)", "-np.arange(1, lags + 2.0)"),
            ("gives-up", "(1 + np.exp(-bias))", "(1 + np.exp(bias))"),
            ("last-lag-missing", "np.arange(lags + 1.0)", "np.arange(float(lags))"),
            ("not-relative", "norms / np.linalg.norm(d_h)", "norms"),
            ("mean", "np.median(left, axis=0)", "np.mean(left, axis=0)"),
            ("by-time", "norms / np.linalg.norm(d_h)", "norms[::-1] / np.linalg.norm(d_h)"),
            ("candidate-alone", '("W_hz", "W_hr", "W_hn")', '("W_hn",)'),
            ("gates-alone", '("W_hz", "W_hr", "W_hn")', '("W_hz", "W_hr")'),
            ("everything", 'in ("W_hz", "W_hr", "W_hn"):', "in before:"),
            ("not-scaled", "factor * before[name]", "before[name]"),
            ("cells-changed", "cell.params[name][...] = value", "pass"),
            ("large-weights", "return 1, 4", "return 4, 4"),
            ("forgetting", "return 1, 4", "return 1, 0"),
        ),
        hints=(
            Text(
                "Which of the parameters are recurrent? And what must be undone before the next factor?",
                "哪些参数是循环的？下一个倍数之前要先还原什么？",
            ),
            Text(
                "Copy the parameters of a cell, multiply the three W_h…, measure, write the copies back. The direct path"
                " is a power of sigmoid(bias).",
                "先复制单元的参数，把三个 W_h… 乘以倍数，测量，再写回去。直接的路是 sigmoid(bias) 的幂。",
            ),
            Text(
                "gradient_norms_by_lag(cell, inputs, None, d_h)[:, 0] / np.linalg.norm(d_h) for each cell, then np.median"
                " over axis 0. The other paths close as z approaches 1.",
                "对每个单元求 gradient_norms_by_lag(cell, inputs, None, d_h)[:, 0] / np.linalg.norm(d_h)，"
                "再沿轴 0 取 np.median。z 接近 1 时，其他几条路都关上了。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn.jacobians import gradient_norms_by_lag",
    ),
)
