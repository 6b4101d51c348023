"""Exercises of the chapter *sequences*."""

from functools import partial
from typing import Any

import numpy as np

from rnn import generate_sequence_data
from rnn.train import fit_autoregression
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, expect

# --------------------------------------------------------------------------- two numbers are enough


def fitted(omega, length):
    """Return phi_1 and phi_2 of the AR(2) that fits a sine."""
    weights = fit_autoregression(generate_sequence_data("sine", length, omega=omega), 2)
    return weights[2], weights[1]  # the oldest value stands first


def neighbours(omega, value):
    """Return sin(omega (t + 1)) + sin(omega (t - 1)) from sin(omega t)."""
    return 2 * np.cos(omega) * value


def check_two_numbers(work: Subject) -> None:
    """Try the frequency of the page and another, and the identity for any phase and amplitude."""
    rng = np.random.default_rng()
    for omega, length in ((0.3, 400), (float(rng.uniform(0.5, 1.2)), 90)):
        double = 2 * np.cos(omega)
        (one,) = fit_autoregression(generate_sequence_data("sine", length, omega=omega), 1)[1:]
        got = work("fitted", omega, length)
        expect(
            "fitted(omega, length)",
            got,
            np.array([double, -1.0]),
            {
                "oldest-first": np.array([-1.0, double]),
                "with-intercept": np.array([0.0, -1.0, double]),
                "intercept-first": np.array([0.0, -1.0]),
                "intercept-second": np.array([-1.0, 0.0]),
                "minus": np.array([double, 1.0]),
                "one-weight": np.array([one]),
                "period": [2 * np.cos(2 * np.pi * omega), -1.0],
            },
        )
    t, omega = np.arange(7), float(rng.uniform(0.2, 1.4))
    phase, amplitude = rng.uniform(0, 6), rng.uniform(1, 3)

    def sine(at: Any) -> Any:
        return amplitude * np.sin(omega * at + phase)

    expect(
        "neighbours(omega, value)",
        work("neighbours", omega, sine(t)),
        sine(t + 1) + sine(t - 1),
        {
            "half": np.cos(omega) * sine(t),
            "double-angle": np.cos(2 * omega) * sine(t),
            "sine": 2 * np.sin(omega) * sine(t),
            "not-around": sine(t),
        },
    )


# --------------------------------------------------------------------------- data in place of sharing


def sequences(start, rises, noise):
    """Return the noise with a rise or a fall of three steps added to each sequence."""
    x = noise.copy()
    for b in range(x.shape[1]):
        sign = 1 if rises[b] else -1
        x[start[b] : start[b] + 3, b] += sign * np.array([-1.0, 0.0, 1.0])
    return x


def learning_curve(params, x, rises, test_x, test_rises, learning_rate):
    """Return the share of right answers before any update and after each, and the weights in the end."""
    params = {name: value.copy() for name, value in params.items()}
    n = len(params["W"])

    def run(x):
        windows = np.lib.stride_tricks.sliding_window_view(x, n, axis=0)  # (places, B, n)
        h = np.tanh(windows @ params["W"] + params["b"])
        return windows, h, (h @ params["v"]).sum(axis=0)

    def share():
        return np.mean((run(test_x)[2] > 0) == (test_rises == 1))

    curve = [share()]
    for batch, wanted in zip(x, rises, strict=True):
        windows, h, scores = run(batch)
        d_scores = (1 / (1 + np.exp(-scores)) - wanted) / len(wanted)
        d_a = d_scores[:, None] * params["v"] * (1 - h**2)
        params["v"] -= learning_rate * np.einsum("b,pbh->h", d_scores, h)
        params["W"] -= learning_rate * np.einsum("pbn,pbh->nh", windows, d_a)
        params["b"] -= learning_rate * d_a.sum(axis=(0, 1))
        curve.append(share())
    return np.array(curve), params


def updates_needed(curves, level):
    """Return after how many updates the median over the seeds is at least at the level; None if it never is."""
    for updates, median in enumerate(np.median(curves, axis=0)):
        if median >= level:
            return updates
    return None


def check_learning(work: Subject) -> None:
    """Try data with given noise, both networks with given weights, and medians of five seeds."""
    rng = np.random.default_rng()
    _check_sequences(work, rng)
    T, H, B, N = 7, 4, 6, 5
    start, rises = rng.integers(0, T - 2, size=(N, B)), rng.integers(0, 2, size=(N, B)).astype(float)
    x = np.stack([_sequences(s, r, 0.2 * rng.normal(size=(T, B))) for s, r in zip(start, rises, strict=True)])
    test_rises = rng.integers(0, 2, size=1000).astype(float)
    test_x = _sequences(rng.integers(0, T - 2, size=1000), test_rises, 0.4 * rng.normal(size=(T, 1000)))
    for n in (3, T):
        params = {"W": 0.7 * rng.normal(size=(n, H)), "b": 0.7 * rng.normal(size=H), "v": 0.3 * rng.normal(size=H)}
        given = (params, x, rises, test_x, test_rises, 0.1)
        curve, trained = _curve(*given)
        came = work("learning_curve", *given)
        if not isinstance(came, tuple | list) or len(came) != 2:
            expect("learning_curve(…)", came, (curve, trained))
        mistakes: tuple[str, ...] = ("sum", "no-sigmoid", "no-slope", "new-v", "uphill", "fixed-v")
        mistakes += ("mean-of-places", "mean-in-scores", "last-place") if n < T else ()
        expect(
            "learning_curve(…)[1]",
            came[1],
            trained,
            {name: partial(_outcome, given, name, 1) for name in mistakes},
        )
        expect(
            "learning_curve(…)[0]",
            came[0],
            curve,
            {
                "no-start": curve[1:],
                "no-end": curve[:-1],
                "errors": 1 - curve,
                "training-share": partial(_outcome, given, "training-share", 0),
                "threshold": partial(_outcome, given, "threshold", 0),
            },
        )
    _check_updates(work, rng)


def _check_sequences(work: Subject, rng: np.random.Generator) -> None:
    T, B = 9, 8
    inside = rng.integers(1, T - 3, size=B)
    for start in (inside, np.concatenate([[0, T - 3], inside[2:]])):  # then at both ends
        rises, noise = rng.permutation(B) % 2.0, rng.normal(size=(T, B))
        truth = _sequences(start, rises, noise)
        pattern = truth - noise
        everywhere = _sequences(start, np.ones(B), np.zeros((T, B)), (1.0, 1.0, 1.0)) > 0
        expect(
            "sequences(start, rises, noise)",
            work("sequences", start, rises, noise),
            truth,
            {
                "noise-replaced": np.where(everywhere, pattern, noise),
                "no-noise": pattern,
                "swapped": noise - pattern,
                "all-rise": _sequences(start, np.ones(B), noise),
                "from-one": noise + np.roll(pattern, -1, axis=0),
                "one-late": noise + np.roll(pattern, 1, axis=0),
            },
        )


def _check_updates(work: Subject, rng: np.random.Generator) -> None:
    base = np.linspace(0.4, 0.95, 12)
    curves = np.clip(np.stack([base + d for d in (-0.3, -0.28, 0.0, 0.04, 0.05)]), 0, 1)[rng.permutation(5)]
    for level in (0.63, float(base[5]), 0.3, 1.01):
        median = np.median(curves, axis=0)
        truth = _first(median, level)
        expect(
            "updates_needed(curves, level)",
            work("updates_needed", curves, level),
            truth,
            {
                "mean": _first(curves.mean(axis=0), level),
                "best-seed": _first(curves.max(axis=0), level),
                "all-seeds": _first(curves.min(axis=0), level),
                "strictly": _first(median, level + 1e-9),
                "one-more": None if truth is None else truth + 1,
                "never": len(base) if truth is None else None,
                "never-last": len(base) - 1 if truth is None else None,
            },
        )
    dip = np.tile([0.5, 0.9, 0.6, 0.95], (5, 1))
    expect("updates_needed(curves, level)", work("updates_needed", dip, 0.85), 1, {"last-time": 3})


def _first(curve: np.ndarray, level: float) -> int | None:
    reached = np.flatnonzero(curve >= level)
    return int(reached[0]) if len(reached) else None


def _sequences(
    start: Any, rises: Any, noise: np.ndarray, values: tuple[float, float, float] = (-1.0, 0.0, 1.0)
) -> np.ndarray:
    x = noise.copy()
    for i, value in enumerate(values):
        x[start + i, np.arange(len(start))] += value * np.where(rises == 1, 1, -1)
    return x


def _scores(params: dict[str, Any], x: np.ndarray, mistake: str = "") -> Any:
    """Return the scores by a loop over the places, which takes complex numbers too."""
    n = len(params["W"])
    each = [np.tanh(x[s : s + n].T @ params["W"] + params["b"]) @ params["v"] for s in range(len(x) - n + 1)]
    mean = sum(each) / len(each)
    return {"mean-of-places": mean, "mean-in-scores": mean, "last-place": each[-1]}.get(mistake, sum(each))


def _curve(
    params: Any, x: Any, rises: Any, test_x: Any, test_rises: Any, learning_rate: float, mistake: str = ""
) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the curve and the weights, or those of a mistake; the gradients are derivatives of the scores with a complex step."""
    params = {name: value.copy() for name, value in params.items()}

    def share(x: Any, rises: Any) -> float:
        border = 0.5 if mistake == "threshold" else 0.0
        return float(np.mean((_scores(params, x, mistake) > border) == (rises == 1)))

    curve = [share(test_x, test_rises)]
    for batch, wanted in zip(x, rises, strict=True):
        scores = _scores(params, batch, mistake)
        p = scores if mistake == "no-sigmoid" else 1 / (1 + np.exp(-scores))
        d_scores = (p - wanted) / (1 if mistake == "sum" else len(wanted))
        grads = {"v": _gradient(params, "v", batch, d_scores, mistake)}
        at = params | {"v": params["v"] - learning_rate * grads["v"]} if mistake == "new-v" else params
        grads |= {name: _gradient(at, name, batch, d_scores, mistake) for name in ("W", "b")}
        for name, grad in grads.items():
            if not (mistake == "fixed-v" and name == "v"):
                params[name] = params[name] - (-1 if mistake == "uphill" else 1) * learning_rate * grad
        curve.append(share(batch, wanted) if mistake == "training-share" else share(test_x, test_rises))
    return np.array(curve), params


def _outcome(given: Any, mistake: str, which: int) -> Any:
    arguments: Any = (*given, mistake)
    return _curve(*arguments)[which]


def _gradient(params: dict[str, Any], name: str, x: np.ndarray, d_scores: np.ndarray, mistake: str) -> np.ndarray:
    """Return the gradient of Σ d_scores · scores for one parameter."""
    if mistake == "no-slope" and name != "v":
        n, places = len(params["W"]), len(x) - len(params["W"]) + 1
        d_a = d_scores[:, None] * params["v"]
        return np.asarray(sum(x[s : s + n] @ d_a for s in range(places)) if name == "W" else places * d_a.sum(axis=0))
    if mistake == "mean-in-scores":
        mistake = ""
    grad: np.ndarray = np.zeros_like(params[name])
    for place in np.ndindex(grad.shape):
        nudged = params[name].astype(complex)
        nudged[place] += 1e-30j
        grad[place] = np.sum(d_scores * _scores(params | {name: nudged}, x, mistake)).imag / 1e-30
    return grad


EXERCISES = (
    Exercise(
        chapter="sequences",
        number=4,
        title=Text("Two numbers are enough", "两个数就够了"),
        task=Text(
            "Write fitted(omega, length) and neighbours(omega, value).\n"
            'fitted fits AR(2) to generate_sequence_data("sine", length, omega=omega) and returns the two weights'
            " (phi_1, phi_2) of x_{t+1} = phi_1 x_t + phi_2 x_{t-1}, the newer value first, without the intercept."
            " rnn.train.fit_autoregression may be used.\n"
            "neighbours explains them: from omega and the value sin(omega t) alone, a number or an array, it returns"
            " sin(omega (t+1)) + sin(omega (t-1)). It must hold for any amplitude and phase of the sine.",
            "写 fitted(omega, length) 和 neighbours(omega, value)。\n"
            'fitted 对 generate_sequence_data("sine", length, omega=omega) 拟合 AR(2)，返回'
            " x_{t+1} = phi_1 x_t + phi_2 x_{t-1} 的两个权重 (phi_1, phi_2)，较新的值的权重在前，不含截距。"
            "可以用 rnn.train.fit_autoregression。\n"
            "neighbours 解释它们：只由 omega 和 sin(omega t) 的值（一个数或一个数组），返回"
            " sin(omega (t+1)) + sin(omega (t-1))。正弦的振幅和相位无论多少，都要成立。",
        ),
        imports="import numpy as np\n\nfrom rnn import generate_sequence_data\nfrom rnn.train import fit_autoregression",
        solution=(fitted, neighbours),
        check=check_two_numbers,
        names={
            "oldest-first": Text(
                "`{of}`: the weights stand the other way round. fit_autoregression puts the oldest value first; phi_1 belongs to the latest.",
                "`{of}`：两个权重的次序反了。fit_autoregression 把最旧的值放在最前；phi_1 属于最新的值。",
            ),
            "with-intercept": Text(
                "`{of}` still contains the intercept, which fit_autoregression returns first.",
                "`{of}` 里还有截距，fit_autoregression 返回的第一个数就是它。",
            ),
            "intercept-first": Text(
                "`{of}` is made of the intercept and the weight of the older value. Which three numbers does fit_autoregression return?",
                "`{of}` 是截距和较旧的值的权重。fit_autoregression 返回的是哪三个数？",
            ),
            "intercept-second": Text(
                "`{of}` is made of the weight of the older value and the intercept. Which three numbers does fit_autoregression return?",
                "`{of}` 是较旧的值的权重和截距。fit_autoregression 返回的是哪三个数？",
            ),
            "minus": Text(
                "`{of}`: phi_2 has the wrong sign. It stands with a plus in the equation of the task.",
                "`{of}`：phi_2 的符号错了。题目的式子里，它前面是加号。",
            ),
            "one-weight": Text("`{of}` is that of AR(1): the order is 2.", "`{of}` 是 AR(1) 的结果；阶数应当是 2。"),
            "period": Text(
                "`{of}`: omega has been multiplied by 2π. It is in radians a step already.",
                "`{of}`：omega 又乘了 2π。它的单位已经是每步的弧度。",
            ),
            "half": Text(
                "`{of}` is half of the sum. Both neighbours contribute cos(omega) sin(omega t).",
                "`{of}` 只有和的一半。两个邻居各贡献一份 cos(omega) sin(omega t)。",
            ),
            "double-angle": Text(
                "`{of}`: cos(2 omega) is not 2 cos(omega).",
                "`{of}`：cos(2 omega) 不是 2 cos(omega)。",
            ),
            "sine": Text(
                "`{of}`: the factor has a sine. Expand both sines with the addition theorem, and see which terms cancel.",
                "`{of}`：因子里是正弦。用和角公式展开两个正弦，看看哪些项抵消。",
            ),
            "not-around": Text("`{of}` is the value itself.", "`{of}` 就是这个值本身。"),
        },
        planted=(
            ("intercept-second", "weights[2], weights[1]", "weights[1], weights[0]"),
            ("not-around", "return 2 * np.cos(omega) * value", "return value"),
            ("oldest-first", "weights[2], weights[1]", "weights[1], weights[2]"),
            ("with-intercept", "return weights[2], weights[1]", "return weights"),
            ("intercept-first", "weights[2], weights[1]", "weights[0], weights[1]"),
            ("minus", "weights[2], weights[1]", "weights[2], -weights[1]"),
            (
                "one-weight",
                "omega=omega), 2)\n    return weights[2], weights[1]",
                "omega=omega), 1)\n    return weights[1:]",
            ),
            ("period", "omega=omega", "omega=2 * np.pi * omega"),
            ("half", "2 * np.cos(omega)", "np.cos(omega)"),
            ("double-angle", "2 * np.cos(omega)", "np.cos(2 * omega)"),
            ("sine", "2 * np.cos(omega)", "2 * np.sin(omega)"),
        ),
        hints=(
            Text(
                "Print what fit_autoregression returns for order 2. There are three numbers; which is which?",
                "打印 fit_autoregression 在阶数为 2 时的结果。有三个数，各是什么？",
            ),
            Text(
                "It is the intercept, then the weight of the older value, then that of the newer. For the identity write"
                " sin(omega t ± omega) with the addition theorem.",
                "依次是截距、较旧的值的权重、较新的值的权重。至于恒等式，用和角公式写出 sin(omega t ± omega)。",
            ),
            Text(
                "phi_1 = weights[2], phi_2 = weights[1]. In the sum of the two sines the terms with cos(omega t) cancel, and"
                " 2 cos(omega) sin(omega t) is left.",
                "phi_1 = weights[2]，phi_2 = weights[1]。两个正弦相加，含 cos(omega t) 的项抵消，剩下 2 cos(omega) sin(omega t)。",
            ),
        ),
    ),
    Exercise(
        chapter="sequences",
        number=5,
        title=Text("Make up for it with data", "用数据弥补"),
        task=Text(
            "Write three functions; with them you can draw the curve for both networks and count the updates.\n"
            "sequences(start, rises, noise): noise (T, B), start (B,) whole numbers counted from 0, rises (B,) of 1.0 and 0.0."
            " Returns new sequences (T, B): the noise plus a rise (-1, 0, 1), or a fall (1, 0, -1) where rises is 0, at the"
            " steps start, start+1, start+2.\n"
            "learning_curve(params, x, rises, test_x, test_rises, learning_rate): a network with the weights W (n, H), b (H,),"
            " v (H,) looks at every window of n steps; the score of a sequence is the sum of tanh(window @ W + b) @ v over all"
            " windows. With n = T that is the whole-sequence network. x (N, T, B) and rises (N, B) are N batches. Make one"
            " update of plain gradient descent on each: params minus learning_rate times the gradient of the mean over the batch"
            " of the binary cross-entropy, where sigmoid(score) is the probability of a rise; all three gradients at the weights"
            " before the update. Returns a pair: the share of right answers on test_x (T, M), test_rises (M,), before the first"
            " update and after each, shape (N+1,); and a dict of the weights after the last. A score above 0 says “rise”. Do not"
            " change params.\n"
            "updates_needed(curves, level): curves (seeds, N+1); the smallest number of updates after which the median over the"
            " seeds is at least level, and None if there is none.",
            "写三个函数，用它们就能画出两种网络的曲线，数出更新次数。\n"
            "sequences(start, rises, noise)：noise 形状为 (T, B)，start 为 (B,) 的整数，从 0 数起，rises 为 (B,)，取 1.0 或 0.0。"
            "返回新的序列 (T, B)：在噪声上，从 start 起的三步加上上升 (-1, 0, 1)；rises 为 0 的加上下降 (1, 0, -1)。\n"
            "learning_curve(params, x, rises, test_x, test_rises, learning_rate)：网络的权重是 W (n, H)、b (H,)、v (H,)，"
            "它看每一个 n 步的窗口；一条序列的得分是 tanh(window @ W + b) @ v 对所有窗口之和。n = T 就是整段序列网络。"
            "x (N, T, B) 和 rises (N, B) 是 N 个批。对每个批作一次普通的梯度下降：params 减去 learning_rate 乘以梯度，"
            "损失是二元交叉熵对批的平均，sigmoid(得分) 是上升的概率；三个梯度都在更新之前的权重处计算。"
            "返回一对结果：在 test_x (T, M)、test_rises (M,) 上答对的比例，第一次更新之前和每次更新之后各一个，形状 (N+1,)；"
            "以及最后一次更新之后的权重的字典。得分大于 0 表示“上升”。不要改动 params。\n"
            "updates_needed(curves, level)：curves 形状为 (种子数, N+1)；返回最少更新多少次之后，对种子取的中位数不低于 level；"
            "如果没有，返回 None。",
        ),
        solution=(sequences, learning_curve, updates_needed),
        check=check_learning,
        names={
            "noise-replaced": Text(
                "`{of}`: the pattern has replaced the noise. It is added to it.",
                "`{of}`：模式取代了噪声。它应当加在噪声上。",
            ),
            "no-noise": Text("`{of}`: the noise is missing.", "`{of}`：漏了噪声。"),
            "swapped": Text("`{of}`: rises and falls are swapped.", "`{of}`：上升与下降弄反了。"),
            "all-rise": Text(
                "`{of}`: every pattern rises. Where rises is 0, it is turned over.",
                "`{of}`：所有模式都在上升。rises 为 0 时要反过来。",
            ),
            "from-one": Text(
                "`{of}`: the pattern begins one step early. start is counted from 0 here.",
                "`{of}`：模式早了一步。这里的 start 从 0 数起。",
            ),
            "one-late": Text(
                "`{of}`: the pattern begins one step late. start is counted from 0 here.",
                "`{of}`：模式晚了一步。这里的 start 从 0 数起。",
            ),
            "training-share": Text(
                "The curve is measured on the training batches. Use test_x, which no update has seen.",
                "曲线是在训练的批上测的。请用 test_x，任何更新都没有见过它。",
            ),
            "no-start": Text(
                "The curve begins after the first update. It has one value more: before any.",
                "曲线从第一次更新之后开始。还应当有一个值：任何更新之前的。",
            ),
            "no-end": Text(
                "The value after the last update is missing: measure after each update, and once before.",
                "缺了最后一次更新之后的值：每次更新之后测一次，开始之前再测一次。",
            ),
            "errors": Text("The curve shows the share of wrong answers.", "曲线是答错的比例。"),
            "sum": Text(
                "The loss is summed over the batch, so every step is as many times too long. It is to be a mean.",
                "损失对批求了和，所以每一步都长了这么多倍。应当求平均。",
            ),
            "no-sigmoid": Text(
                "The gradient for a score is its sigmoid minus the target; here it is the score minus the target.",
                "对得分的梯度是它的 sigmoid 减目标；这里用的是得分减目标。",
            ),
            "threshold": Text(
                "A score is compared with 0.5. That is the border for a probability; a score is right above 0.",
                "得分是与 0.5 比的。0.5 是概率的分界；得分的分界是 0。",
            ),
            "mean-of-places": Text(
                "The scores of the places are averaged. They are to be added up.",
                "各个位置的得分取了平均。应当相加。",
            ),
            "mean-in-scores": Text(
                "The scores of the places are averaged, though their gradient is that of a sum. They are to be added up.",
                "各个位置的得分取了平均，梯度却是和的梯度。应当相加。",
            ),
            "last-place": Text(
                "Only the last window counts. The scores of all windows are added up.",
                "只算了最后一个窗口。应当把所有窗口的得分相加。",
            ),
            "no-slope": Text(
                "The slope 1 - h² of tanh is missing in the gradients of W and b.",
                "W 和 b 的梯度里，漏了 tanh 的斜率 1 - h²。",
            ),
            "new-v": Text(
                "v is updated before the gradients of W and b are computed with it. Compute all gradients first.",
                "先更新了 v，再用它算 W 和 b 的梯度。请先把所有梯度算好。",
            ),
            "uphill": Text("The updates go uphill: a gradient is subtracted.", "更新在上坡：梯度应当减去。"),
            "fixed-v": Text("v is never updated.", "v 从来没有更新。"),
            "one-more": Text(
                "`{of}` is one too large: curves[:, 0] was measured before any update.",
                "`{of}` 多了一：curves[:, 0] 是任何更新之前测的。",
            ),
            "never": Text(
                "`{of}`: the level is never reached. A number would look like an answer; return None.",
                "`{of}`：从来没有达到这个水平。返回一个数看上去就像答案；应当返回 None。",
            ),
            "never-last": Text(
                "`{of}`: the level is never reached, not even by the last value. Return None.",
                "`{of}`：从来没有达到这个水平，最后一个值也没有。应当返回 None。",
            ),
            "mean": Text(
                "`{of}` uses the mean over the seeds. Two bad ones move it; the median is asked for.",
                "`{of}` 用的是对种子的平均值。两个差的就会拉动它；要的是中位数。",
            ),
            "best-seed": Text(
                "`{of}` asks when the first seed gets there; the median is asked for.",
                "`{of}` 问的是最快的种子何时达到；要的是中位数。",
            ),
            "all-seeds": Text(
                "`{of}` asks when all seeds are there; the median is asked for.",
                "`{of}` 问的是所有种子何时都达到；要的是中位数。",
            ),
            "strictly": Text(
                "`{of}`: a median equal to the level is as good.", "`{of}`：中位数恰好等于这个水平，也算达到。"
            ),
            "last-time": Text(
                "`{of}`: the median falls again after it has reached the level. The first time is asked for.",
                "`{of}`：中位数达到之后又降了下来。要的是第一次达到的时候。",
            ),
        },
        planted=(
            ("noise-replaced", "x[start[b] : start[b] + 3, b] += sign", "x[start[b] : start[b] + 3, b] = sign"),
            ("no-noise", "x = noise.copy()", "x = 0 * noise"),
            ("swapped", "1 if rises[b] else -1", "-1 if rises[b] else 1"),
            ("all-rise", "1 if rises[b] else -1", "1"),
            ("one-late", "start[b] : start[b] + 3", "start[b] + 1 : start[b] + 4"),
            ("from-one", "start[b] : start[b] + 3", "start[b] - 1 : start[b] + 2"),
            (
                "training-share",
                "        curve.append(share())",
                "        curve.append(np.mean((run(batch)[2] > 0) == (wanted == 1)))",
            ),
            ("no-start", "return np.array(curve)", "return np.array(curve[1:])"),
            ("errors", "== (test_rises == 1)", "!= (test_rises == 1)"),
            ("sum", " / len(wanted)", ""),
            ("no-sigmoid", "1 / (1 + np.exp(-scores)) - wanted", "scores - wanted"),
            ("threshold", "(run(test_x)[2] > 0)", "(run(test_x)[2] > 0.5)"),
            ("last-place", "sliding_window_view(x, n, axis=0)", "sliding_window_view(x, n, axis=0)[-1:]"),
            ("no-end", "return np.array(curve)", "return np.array(curve[:-1])"),
            ("uphill", "(1 / (1 + np.exp(-scores)) - wanted)", "(wanted - 1 / (1 + np.exp(-scores)))"),
            ("fixed-v", 'params["v"] -= learning_rate', 'params["v"] -= 0'),
            ("all-seeds", "np.median(curves, axis=0)", "np.min(curves, axis=0)"),
            ("never-last", "    return None", "    return curves.shape[1] - 1"),
            (
                "last-time",
                "    for updates, median in enumerate(np.median(curves, axis=0)):\n        if median >= level:\n            return updates\n    return None",
                "    below = np.flatnonzero(np.append(-np.inf, np.median(curves, axis=0)) < level)[-1]\n"
                "    return int(below) if below < curves.shape[1] else None",
            ),
            ("mean-in-scores", '(h @ params["v"]).sum(axis=0)', '(h @ params["v"]).mean(axis=0)'),
            (
                "mean-of-places",
                "d_scores = (1 / (1 + np.exp(-scores)) - wanted)",
                "d_scores = (1 / (1 + np.exp(-scores / len(h))) - wanted) / len(h)",
            ),
            ("no-slope", "(1 - h**2)", "np.ones_like(h)"),
            (
                "new-v",
                'd_a = d_scores[:, None] * params["v"] * (1 - h**2)\n        params["v"] -= learning_rate * np.einsum("b,pbh->h", d_scores, h)',
                'params["v"] -= learning_rate * np.einsum("b,pbh->h", d_scores, h)\n        d_a = d_scores[:, None] * params["v"] * (1 - h**2)',
            ),
            (
                "changed-argument",
                "params = {name: value.copy() for name, value in params.items()}",
                "params = dict(params)",
            ),
            ("one-more", "return updates\n", "return updates + 1\n"),
            ("mean", "np.median(curves, axis=0)", "np.mean(curves, axis=0)"),
            ("best-seed", "np.median(curves, axis=0)", "np.max(curves, axis=0)"),
            ("strictly", "median >= level", "median > level"),
            ("never", "    return None", "    return curves.shape[1]"),
        ),
        hints=(
            Text(
                "One function for both networks: the whole-sequence network has a single window. What changes is the number of"
                " rows of W.",
                "两种网络用同一个函数：整段序列网络只有一个窗口。变的只是 W 的行数。",
            ),
            Text(
                "np.lib.stride_tricks.sliding_window_view(x, n, axis=0) has the shape (places, B, n). The gradient for a score"
                " is (sigmoid(score) - rises) / B, and it is the same for all windows of a sequence.",
                "np.lib.stride_tricks.sliding_window_view(x, n, axis=0) 的形状是 (位置, B, n)。对得分的梯度是"
                " (sigmoid(score) - rises) / B，一条序列的所有窗口都相同。",
            ),
            Text(
                "d_a = d_scores[:, None] * v * (1 - h²), shape (places, B, H). The gradient of W sums windowᵀ d_a over places and"
                " sequences, that of b sums d_a, that of v sums d_scores h. Measure once before the loop and after each update.",
                "d_a = d_scores[:, None] * v * (1 - h²)，形状 (位置, B, H)。W 的梯度是 windowᵀ d_a 对位置和序列求和，"
                "b 的是 d_a 之和，v 的是 d_scores 乘 h 之和。循环之前测一次，每次更新之后再测一次。",
            ),
        ),
    ),
)
