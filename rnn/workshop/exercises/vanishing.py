"""Exercises of the chapter *vanishing*."""

from functools import cache
from typing import Any

import numpy as np

import rnn.gradients
from rnn.gradients import mean_field
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# --------------------------------------------------------------------------- without underflow


def log_norms(jacobians):
    """Return log ‖J_t … J_1‖ for t = 1 … T."""
    product, total, logs = np.eye(len(jacobians[0])), 0.0, []
    for J in jacobians:
        product = J @ product
        norm = np.linalg.norm(product, 2)
        product = product / norm
        total += np.log(norm)
        logs.append(total)
    return np.array(logs)


def steps_to_zero(w):
    """Return after how many steps at rest the product of Jacobians is exactly 0, for one unit."""
    h = 1.0
    for _ in range(1000):
        h = np.tanh(w * h)
    product, steps = 1.0, 0
    while product > 0:
        product *= w * (1 - h**2)
        steps += 1
    return steps


def check_log_norms(work: Subject) -> None:
    """Try a short product, two thousand steps down and up, and the unit of the chapter."""
    rng = np.random.default_rng()
    T, H = 6, 4
    jacobians = rng.normal(size=(T, H, H))
    products, reversed_ = [jacobians[0]], [jacobians[0]]
    for J in jacobians[1:]:
        products.append(J @ products[-1])
        reversed_.append(reversed_[-1] @ J)
    truth = rnn.gradients.log_norms(jacobians)
    each = np.log([np.linalg.norm(J, 2) for J in jacobians])
    radii = [float(np.abs(np.linalg.eigvals(P)).max()) for P in products]
    expect(
        "log_norms(jacobians)",
        work("log_norms", jacobians),
        truth,
        {
            "reversed": np.log([np.linalg.norm(P, 2) for P in reversed_]),
            "each-alone": np.cumsum(each),
            "each-alone-last": each,
            "not-added": np.diff(truth, prepend=0.0),
            "frobenius": np.log([np.linalg.norm(P) for P in products]),
            "eigenvalues": np.log(radii),
            "decimal": truth / np.log(10),
            "no-logarithm": np.exp(truth),
            "last": truth[-1],
        },
    )
    for factor, key in ((0.39, "underflow"), (3.0, "overflow")):
        long = factor * np.stack([np.linalg.qr(rng.normal(size=(2, 2)))[0] for _ in range(2000)])
        logs = work("log_norms", long)
        truth = np.log(factor) * np.arange(1, 2001)
        if np.shape(logs) == truth.shape and not np.isfinite(np.asarray(logs, dtype=float)).all():
            raise Wrong(key, compare(logs, truth), of="log_norms(jacobians)")
        expect("log_norms(jacobians)", logs, truth)
    for w in (1.5, float(rng.uniform(1.6, 2.4))):
        slope = _slope_at_rest(w)
        truth_steps = _multiplications(slope)
        steps = work("steps_to_zero", w)
        expect(
            "steps_to_zero(w)",
            steps,
            truth_steps,
            {
                "one-less": truth_steps - 1,
                "one-more": truth_steps + 1,
                "smallest-normal": _multiplications(slope, float(np.finfo(float).tiny)),
                "epsilon": _multiplications(slope, float(np.finfo(float).eps)),
                "without-w": _multiplications(slope / w),
            },
        )


def _slope_at_rest(w: float) -> float:
    """Return the factor of a step at rest, the place found by Newton's method."""
    h = 1.0
    for _ in range(50):
        h -= (h - np.tanh(w * h)) / (1 - w * (1 - np.tanh(w * h) ** 2))
    return float(w * (1 - h**2))


def _multiplications(factor: float, least: float = 0.0) -> int:
    product, steps = 1.0, 0
    while product > least:
        product, steps = product * factor, steps + 1
    return steps


# --------------------------------------------------------------------------- through the critical gain


def growth(W_hh, drive, e, lags):
    """Return by which factor ‖δ‖ changes in a step back, on average over the last steps."""
    h, states = np.zeros(len(W_hh)), []
    for added in drive:
        h = np.tanh(W_hh @ h + added)
        states.append(h)
    delta = e
    for h in states[: -lags - 1 : -1]:
        delta = W_hh.T @ ((1 - h**2) * delta)
    return (np.linalg.norm(delta) / np.linalg.norm(e)) ** (1 / lags)


def measure(gain, H, networks, seed):
    """Return the growth in several random networks."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(networks):
        W_hh = gain / np.sqrt(H) * rng.normal(size=(H, H))
        drive = 0.5 * rng.normal(size=(70, H))
        found.append(growth(W_hh, drive, rng.normal(size=H), 30))
    return np.array(found)


def with_width():
    """Return what becomes of the distance to mean field as H grows: "shrinks", "stays" or "grows"."""
    return "shrinks"


WIDTH, NETWORKS = 150, 15
GROWTH = (
    "transposed",
    "no-slopes",
    "slope-of-before",
    "slope-late",
    "other-end",
    "not-rooted",
    "arithmetic",
    "squared",
)


def check_growth(work: Subject) -> None:
    """One matrix against differentiation; many of them against mean field; and what their width does."""
    rng = np.random.default_rng()
    H, T, lags = 6, 12, 5
    W_hh, drive, e = rng.normal(size=(H, H)) / 2, 0.5 * rng.normal(size=(T, H)), rng.normal(size=H)
    expect(
        "growth(W_hh, drive, e, lags)",
        work("growth", W_hh, drive, e, lags),
        _growth(W_hh, drive, e, lags),
        {name: _growth(W_hh, drive, e, lags, name) for name in GROWTH},
    )
    seed = int(rng.integers(1000))
    for gain in (1.0, 2.0):
        found = work("measure", gain, WIDTH, NETWORKS, seed)
        if compare(found, np.zeros(NETWORKS), rtol=np.inf):
            expect("measure(gain, H, networks, seed)", found, np.zeros(NETWORKS))
        if np.ptp(found) < 1e-9:
            raise Wrong("one-network", of="measure(gain, H, networks, seed)")
        if compare(work("measure", gain, WIDTH, NETWORKS, seed), found):
            raise Wrong("no-seed", of="measure(gain, H, networks, seed)")
        _expect_field(gain, float(np.median(found)))
    answer = work("with_width")
    if answer not in ("shrinks", "stays", "grows"):
        raise Wrong("returns-none" if answer is None else "no-answer", of="with_width()", came=str(answer)[:40])
    expect("with_width()", answer, _with_width(), {f"width-{name}": name for name in ("stays", "grows")})


def _expect_field(gain: float, median: float) -> None:
    """Hold a median against mean field, within what so many networks leave open, and then against mistakes."""
    field = mean_field(gain, 0.5)[1] ** 0.5
    of = "np.median(measure(gain, H, networks, seed))"
    if compare(median, field, rtol=0.04) is None:
        return
    known = {
        "no-input": _median(gain, noise=0.0),
        "variance-for-deviation": _median(gain, noise=0.25),
        "unscaled": _median(gain * WIDTH**0.5),
        "scaled-twice": _median(gain / WIDTH**0.5),
        "root-gain": _median(gain**0.5),
        "chi": field**2,
    }
    nearest = min(known, key=lambda name: abs(np.log(known[name] / abs(median))))
    expect(
        of, median, field, {nearest: known[nearest] if abs(median / known[nearest] - 1) > 0.1 else median}, rtol=0.04
    )


def _growth(W: np.ndarray, drive: np.ndarray, e: np.ndarray, lags: int, mistake: str = "") -> float:
    """Return the growth, or what a mistake makes of it."""
    h = [np.zeros(len(W))]
    for added in drive:
        h.append(np.tanh(W @ h[-1] + added))
    T, norms, delta = len(drive), [float(np.linalg.norm(e))], e
    if mistake == "other-end":
        T = lags
    for i in range(T, T - lags, -1):
        slope: Any = {"no-slopes": 1.0, "slope-of-before": 1 - h[i - 1] ** 2}.get(mistake, 1 - h[i] ** 2)
        back = W if mistake == "transposed" else W.T
        delta = slope * (back @ delta) if mistake == "slope-late" else back @ (slope * delta)
        norms.append(float(np.linalg.norm(delta)))
    ratio = norms[-1] / norms[0]
    if mistake == "arithmetic":
        return float(np.mean(np.array(norms[1:]) / norms[:-1]))
    return float({"not-rooted": ratio, "squared": ratio ** (2 / lags)}.get(mistake, ratio ** (1 / lags)))


@cache
def _median(gain: float, *, noise: float = 0.5, H: int = WIDTH, networks: int = NETWORKS) -> float:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(networks):
        W = gain / np.sqrt(H) * rng.normal(size=(H, H))
        found.append(_growth(W, noise * rng.normal(size=(70, H)), rng.normal(size=H), 30))
    return float(np.median(found))


def _with_width() -> str:
    """Measure the distance to mean field at the gain 1.5, in narrow networks and in wide ones."""
    field = mean_field(1.5, 0.5)[1] ** 0.5
    narrow, wide = (abs(_median(1.5, H=H, networks=30) - field) for H in (20, 150))
    return "shrinks" if wide < narrow / 2 else "grows" if wide > 2 * narrow else "stays"


EXERCISES = (
    Exercise(
        chapter="vanishing",
        number=5,
        title=Text("Without underflow", "不下溢"),
        task=Text(
            "Write log_norms(jacobians) and steps_to_zero(w).\n"
            "jacobians has the shape (T, H, H), with J_1 first; log_norms returns the natural logarithms of ‖J_t … J_1‖ for"
            " t = 1 … T, shape (T,), the norm of a matrix being its largest singular value. It must stay finite where the"
            " product itself would become 0 or infinite. No product is exactly singular to 0.\n"
            "steps_to_zero(w): one tanh unit without input and bias, with the self-weight w between 1.5 and 2.4, rests where"
            " h = tanh(w h), h > 0. Multiply 1.0 by the factor of such a step again and again, in double precision, and return"
            " after how many multiplications the product is exactly 0.",
            "写 log_norms(jacobians) 和 steps_to_zero(w)。\n"
            "jacobians 形状为 (T, H, H)，J_1 在最前；log_norms 对 t = 1 … T 返回 ‖J_t … J_1‖ 的自然对数，形状 (T,)，"
            "矩阵的范数指最大奇异值。乘积本身会变成 0 或无穷大时，结果仍须有限。乘积本身不会真的是零矩阵。\n"
            "steps_to_zero(w)：一个 tanh 单元，没有输入和偏置，自身权重 w 在 1.5 与 2.4 之间，停在 h = tanh(w h)、h > 0 处。"
            "从 1.0 开始，用双精度反复乘上这样一步的因子，返回乘多少次之后乘积恰好是 0。",
        ),
        solution=(log_norms, steps_to_zero),
        check=check_log_norms,
        names={
            "underflow": Text(
                "`{of}`: the product has become 0 on the way. Divide it by its norm after each step, and keep the logarithm.",
                "`{of}`：乘积在半路变成了 0。每一步之后用范数除它，把范数的对数记下来。",
            ),
            "overflow": Text(
                "`{of}`: the product has grown beyond double precision on the way. It must be divided in this case too.",
                "`{of}`：乘积在半路超出了双精度的范围。这种情形也要除。",
            ),
            "reversed": Text(
                "`{of}`: the factors stand in the opposite order. The later step acts last, so it stands on the left.",
                "`{of}`：因子的次序反了。晚的一步最后起作用，站在左边。",
            ),
            "each-alone": Text(
                "`{of}` adds up the logarithms of the norms of single factors. That is only an upper bound: the norm of a product may be"
                " smaller than the product of the norms.",
                "`{of}` 把单个因子范数的对数加了起来。这只是上界：乘积的范数可以小于范数的乘积。",
            ),
            "each-alone-last": Text(
                "`{of}` holds the logarithms of the norms of the single factors, without any product.",
                "`{of}` 是单个因子范数的对数，没有作乘积。",
            ),
            "not-added": Text(
                "`{of}` holds what each step adds. What has been divided out before has to be added up.",
                "`{of}` 是每一步增添的部分。先前除掉的要累加起来。",
            ),
            "frobenius": Text(
                "`{of}` uses the root of the sum of squares (Frobenius), the default of np.linalg.norm. The largest singular value is"
                " asked for.",
                "`{of}` 用的是平方和的平方根（弗罗贝尼乌斯范数），即 np.linalg.norm 的默认值。要的是最大奇异值。",
            ),
            "eigenvalues": Text(
                "`{of}` uses the spectral radius. How far a matrix can stretch is its largest singular value.",
                "`{of}` 用的是谱半径。矩阵最多能拉长多少，要看最大奇异值。",
            ),
            "decimal": Text("`{of}` holds logarithms to the base 10.", "`{of}` 是以 10 为底的对数。"),
            "no-logarithm": Text("`{of}` holds the norms, not their logarithms.", "`{of}` 是范数，没有取对数。"),
            "last": Text(
                "`{of}` is the last value alone; all T are asked for.", "`{of}` 只有最后一个值；要的是全部 T 个。"
            ),
            "one-less": Text(
                "`{of}` is one too small: after so many steps the product is still above 0. A formula with the smallest positive number"
                " does not see how rounding decides; multiply.",
                "`{of}` 少了一：走这么多步之后，乘积还大于 0。用最小的正数代公式，看不出舍入如何决定；请真的去乘。",
            ),
            "one-more": Text(
                "`{of}` is one too large: the product was 0 one step before.",
                "`{of}` 多了一：前一步乘积已经是 0。",
            ),
            "smallest-normal": Text(
                "`{of}` stops at 2.2e-308. Below it there are smaller numbers still, with fewer digits, down to 5e-324.",
                "`{of}` 停在了 2.2e-308。它以下还有更小的数，只是位数更少，一直到 5e-324。",
            ),
            "epsilon": Text(
                "`{of}` stops at 2.2e-16, the distance of 1 from the next number. Small numbers lie much closer together.",
                "`{of}` 停在了 2.2e-16，那是 1 与下一个数的距离。小的数彼此靠得近得多。",
            ),
            "without-w": Text(
                "`{of}`: the factor of a step is w (1 - h²); the weight is missing.",
                "`{of}`：一步的因子是 w (1 - h²)，漏了权重。",
            ),
        },
        planted=(
            ("underflow", "product = product / norm\n        total += np.log(norm)", "total = np.log(norm)"),
            (
                "each-alone-last",
                "product = product / norm\n        total += np.log(norm)",
                "total = np.log(np.linalg.norm(J, 2))",
            ),
            ("no-logarithm", "return np.array(logs)", "return np.exp(logs)"),
            (
                "overflow",
                "product = product / norm\n        total += np.log(norm)\n        logs.append(total)",
                "logs.append(total + np.log(norm))\n        if norm < 1e-100:\n            product, total = product / norm, logs[-1]\n"
                "        if norm > 1e300:\n            product, total = np.eye(len(J)), np.inf",
            ),
            ("not-added", "total += np.log(norm)", "total = np.log(norm)"),
            ("reversed", "product = J @ product", "product = product @ J"),
            ("frobenius", "np.linalg.norm(product, 2)", "np.linalg.norm(product)"),
            (
                "eigenvalues",
                "norm = np.linalg.norm(product, 2)\n        product = product / norm\n        total += np.log(norm)",
                "total = np.log(np.abs(np.linalg.eigvals(product)).max())",
            ),
            ("each-alone", "norm = np.linalg.norm(product, 2)", "norm = np.linalg.norm(J, 2)"),
            ("decimal", "total += np.log(norm)", "total += np.log10(norm)"),
            ("last", "return np.array(logs)", "return logs[-1]"),
            ("one-less", "steps = 1.0, 0", "steps = 1.0, -1"),
            ("one-more", "steps = 1.0, 0", "steps = 1.0, 1"),
            ("smallest-normal", "while product > 0:", "while product >= np.finfo(float).tiny:"),
            ("epsilon", "while product > 0:", "while product > np.finfo(float).eps:"),
            ("without-w", "product *= w * (1 - h**2)", "product *= 1 - h**2"),
        ),
        hints=(
            Text(
                "The logarithm of a product is a sum. Which number may you divide out without losing anything?",
                "乘积的对数是和。哪个数可以除掉而不丢失什么？",
            ),
            Text(
                "After each step divide the product by its norm and add the logarithm of the norm to a sum. For the number of"
                " steps find the place of rest by iterating h = tanh(w h).",
                "每一步之后用范数除乘积，把范数的对数加到和里。要数步数，先反复算 h = tanh(w h)，找到停住的地方。",
            ),
            Text(
                "product = J @ product; norm = np.linalg.norm(product, 2); product /= norm; total += log(norm). The factor at"
                " rest is w (1 - h²): count while the product is above 0.",
                "product = J @ product；norm = np.linalg.norm(product, 2)；product /= norm；total += log(norm)。"
                "停住时的因子是 w (1 - h²)：乘积大于 0 就继续数。",
            ),
        ),
        stubs=("rnn.gradients:log_norms",),
    ),
    Exercise(
        chapter="vanishing",
        number=6,
        title=Text("Through the critical gain", "越过临界增益"),
        task=Text(
            "Write three functions.\n"
            "growth(W_hh, drive, e, lags): W_hh (H, H) as on paper, h_t = tanh(W_hh h_{t-1} + drive_t) with h_0 = 0 and drive"
            " (T, H). Go back from step T with the error e (H,) over that many steps, lags at most T. Returns the factor by"
            " which ‖δ‖ changes in a step on average, a number g with ‖δ_{T-lags←T}‖ = g^lags ‖e‖.\n"
            "measure(gain, H, networks, seed): the growth in so many random networks, shape (networks,). The entries of W_hh are"
            " normal with variance gain²/H; drive has 70 steps and is normal with standard deviation 0.5; e is normal; lags is 30."
            " All numbers come from one np.random.default_rng(seed).\n"
            "with_width(): what becomes of the distance between the median of the growth and √χ"
            ' (rnn.gradients.mean_field) as H grows? "shrinks", "stays" or "grows".',
            "写三个函数。\n"
            "growth(W_hh, drive, e, lags)：W_hh 形状为 (H, H)，写法与纸上相同，h_t = tanh(W_hh h_{t-1} + drive_t)，h_0 = 0，"
            "drive 形状为 (T, H)。从第 T 步带着误差 e（形状 (H,)）往回走 lags 步，lags 不超过 T。返回 ‖δ‖ 平均每步变为几倍，"
            "即满足 ‖δ_{T-lags←T}‖ = g^lags ‖e‖ 的数 g。\n"
            "measure(gain, H, networks, seed)：networks 个随机网络里的增长，形状 (networks,)。W_hh 的元素服从正态分布，"
            "方差为 gain²/H；drive 有 70 步，服从标准差为 0.5 的正态分布；e 服从正态分布；lags 为 30。"
            "所有随机数都来自同一个 np.random.default_rng(seed)。\n"
            "with_width()：H 增大时，增长的中位数与 √χ（rnn.gradients.mean_field）的差距怎样变化？"
            '返回 "shrinks"（缩小）、"stays"（不变）或 "grows"（增大）。',
        ),
        solution=(growth, measure, with_width),
        check=check_growth,
        names={
            "transposed": Text(
                "`{of}`: the gradient goes back through W_hh. Changes go forwards through W_hh, gradients back through its transpose.",
                "`{of}`：梯度往回乘的是 W_hh。变化往前乘 W_hh，梯度往回乘它的转置。",
            ),
            "no-slopes": Text("`{of}`: the slopes 1 - h² are missing.", "`{of}`：漏了斜率 1 - h²。"),
            "slope-of-before": Text(
                "`{of}`: the slopes are one step off. The first tanh on the way back is that of step T.",
                "`{of}`：斜率错开了一步。往回遇到的第一个 tanh 属于第 T 步。",
            ),
            "slope-late": Text(
                "`{of}`: W_hhᵀ and the slopes are swapped. On the way back the tanh of a step comes first, then W_hhᵀ.",
                "`{of}`：W_hhᵀ 与斜率的次序对调了。往回走时，先经过这一步的 tanh，再乘 W_hhᵀ。",
            ),
            "other-end": Text(
                "`{of}` goes back over the first steps. The error sits at step T.",
                "`{of}` 走的是最前面的几步。误差在第 T 步。",
            ),
            "not-rooted": Text(
                "`{of}` is the change over all steps together. What is it for one step on average?",
                "`{of}` 是所有步合在一起的变化。平均每一步是多少？",
            ),
            "arithmetic": Text(
                "`{of}` is the mean of the factors. Factors are multiplied, so their average is a root, not a sum.",
                "`{of}` 是各步因子的算术平均。因子是相乘的，所以平均要开方，而不是相加。",
            ),
            "squared": Text(
                "`{of}` is the growth of ‖δ‖², which is what χ describes; the growth of ‖δ‖ is its root.",
                "`{of}` 是 ‖δ‖² 的增长，那是 χ 所描述的；‖δ‖ 的增长是它的平方根。",
            ),
            "one-network": Text(
                "`{of}`: all numbers are the same. Is the generator made anew for each network, or the network drawn only once?",
                "`{of}`：所有的数都一样。是不是每个网络都重新建立了随机数发生器，或者网络只抽了一次？",
            ),
            "no-seed": Text(
                "`{of}`: the same seed gives other numbers the second time.",
                "`{of}`：种子相同，第二次得到的数却不同。",
            ),
            "no-input": Text(
                "`{of}` is that of networks without an input. The input moves the units away from 0, where tanh is steepest.",
                "`{of}` 是没有输入的网络的结果。输入把单元从 0（tanh 最陡的地方）推开。",
            ),
            "variance-for-deviation": Text(
                "`{of}` is that of an input of standard deviation 0.25. 0.5 is the standard deviation, not its root.",
                "`{of}` 对应标准差 0.25 的输入。0.5 就是标准差，不要再平方。",
            ),
            "unscaled": Text(
                "`{of}`: the weights are as large as the gain, whatever H. The variance is gain²/H.",
                "`{of}`：权重的大小等于增益，与 H 无关。方差应当是 gain²/H。",
            ),
            "scaled-twice": Text(
                "`{of}`: the weights are divided by H. The variance is gain²/H, so the standard deviation is gain/√H.",
                "`{of}`：权重除以了 H。方差是 gain²/H，所以标准差是 gain/√H。",
            ),
            "root-gain": Text(
                "`{of}` is that of the root of the gain. The variance is gain²/H, not gain/H.",
                "`{of}` 对应增益的平方根。方差是 gain²/H，不是 gain/H。",
            ),
            "chi": Text(
                "`{of}` is χ. That is the growth of ‖δ‖²; its root is asked for.",
                "`{of}` 是 χ。那是 ‖δ‖² 的增长；要的是它的平方根。",
            ),
            "no-answer": Text(
                "`{of}` is {came}, which is none of the three strings of the task.",
                "`{of}` 是 {came}，不是题目里三个字符串中的任何一个。",
            ),
            "width-stays": Text(
                "Look at the medians for H = 20 and H = 200 at the same gain: are they equally far from √χ?",
                "看看同一增益下 H = 20 与 H = 200 的中位数：它们离 √χ 一样远吗？",
            ),
            "width-grows": Text(
                "The other way round: mean field is a statement about very wide networks. Compare the medians for H = 20 and H = 200.",
                "正相反：平均场说的是非常宽的网络。比较 H = 20 与 H = 200 的中位数。",
            ),
        },
        planted=(
            ("transposed", "W_hh.T @ ((1 - h**2) * delta)", "W_hh @ ((1 - h**2) * delta)"),
            ("no-slopes", "(1 - h**2) * delta", "delta"),
            ("slope-late", "W_hh.T @ ((1 - h**2) * delta)", "(1 - h**2) * (W_hh.T @ delta)"),
            ("slope-of-before", "states[: -lags - 1 : -1]", "states[-2 : -lags - 2 : -1]"),
            ("other-end", "states[: -lags - 1 : -1]", "states[:lags][::-1]"),
            ("not-rooted", " ** (1 / lags)", ""),
            ("squared", " ** (1 / lags)", " ** (2 / lags)"),
            (
                "arithmetic",
                "    return (np.linalg.norm(delta) / np.linalg.norm(e)) ** (1 / lags)",
                "    norms = [np.linalg.norm(e)]\n    delta = e\n    for h in states[: -lags - 1 : -1]:\n"
                "        delta = W_hh.T @ ((1 - h**2) * delta)\n        norms.append(np.linalg.norm(delta))\n"
                "    return np.mean(np.array(norms[1:]) / norms[:-1])",
            ),
            ("variance-for-deviation", "0.5 * rng.normal(size=(70, H))", "0.25 * rng.normal(size=(70, H))"),
            ("chi", "rng.normal(size=H), 30))", "rng.normal(size=H), 30) ** 2)"),
            ("no-answer", 'return "shrinks"', 'return "falls"'),
            ("root-gain", "gain / np.sqrt(H)", "np.sqrt(gain / H)"),
            ("unscaled", "gain / np.sqrt(H)", "gain"),
            ("scaled-twice", "gain / np.sqrt(H)", "gain / H"),
            ("no-input", "0.5 * rng.normal(size=(70, H))", "0.0 * rng.normal(size=(70, H))"),
            (
                "one-network",
                "for _ in range(networks):\n",
                "for _ in range(networks):\n        rng = np.random.default_rng(seed)\n",
            ),
            ("no-seed", "np.random.default_rng(seed)", "np.random.default_rng()"),
            ("width-stays", 'return "shrinks"', 'return "stays"'),
            ("width-grows", 'return "shrinks"', 'return "grows"'),
        ),
        hints=(
            Text(
                "First forwards, keeping the states; then backwards from the last. What is the average of factors that are multiplied?",
                "先往前走，把状态留下；再从最后一步往回走。相乘的因子，怎样求平均？",
            ),
            Text(
                "δ ← W_hhᵀ ((1 - h_i²) δ) for i = T, T-1, …; the growth is (‖δ‖/‖e‖) to the power 1/lags.",
                "对 i = T, T-1, … 作 δ ← W_hhᵀ ((1 - h_i²) δ)；增长是 ‖δ‖/‖e‖ 的 1/lags 次方。",
            ),
            Text(
                "gain / np.sqrt(H) * rng.normal(size=(H, H)), one generator for all networks. Compare"
                " np.median(measure(1.5, H, 30, 0)) for H = 20, 50 and 200 with mean_field(1.5, 0.5)[1] ** 0.5.",
                "gain / np.sqrt(H) * rng.normal(size=(H, H))，所有网络共用一个发生器。把 H = 20、50、200 时的"
                " np.median(measure(1.5, H, 30, 0)) 与 mean_field(1.5, 0.5)[1] ** 0.5 比较。",
            ),
        ),
    ),
)
