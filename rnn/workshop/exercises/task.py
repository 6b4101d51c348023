"""Exercises of the chapter *task*."""

from typing import Any

import numpy as np

from rnn import SimpleRNN
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── nothing to train ────────────────────────────────────────────────────────────────────────────────────────────────


def fibonacci():
    """Return a linear SimpleRNN with one input and one output, and the state h0 (1, H) in which it begins."""
    net = SimpleRNN(1, 2, 1, nonlinearity="identity")
    net.params["W_hh"] = np.array([[1.0, 1.0], [1.0, 0.0]])
    net.params["W_hy"] = np.array([[0.0], [1.0]])
    return net, np.array([[1.0, 0.0]])


def remainders():
    """Return the same for the remainders modulo 2."""
    net = SimpleRNN(1, 3, 1, nonlinearity="identity")
    net.params["W_hh"] = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    net.params["W_hy"] = np.array([[1.0], [0.0], [0.0]])
    return net, np.array([[0.0, 1.0, 1.0]])


def radius(net):
    """Return the spectral radius of W_hh."""
    return float(np.abs(np.linalg.eigvals(net.params["W_hh"])).max())


def check_nothing_to_train(work: Subject) -> None:
    """Sixty numbers, six hundred remainders, and matrices whose eigenvalues are known."""
    numbers = [0.0, 1.0]
    while len(numbers) < 64:
        numbers.append(numbers[-1] + numbers[-2])
    for steps in (10, 60):  # the first ten by themselves: beside the sixtieth they are nothing
        _runs(
            work,
            "fibonacci",
            np.array(numbers[1 : steps + 1]),
            {
                "from-zero": np.array(numbers[:steps]),
                "late": np.array(numbers[2 : steps + 2]),
                "doubles": 2.0 ** np.arange(steps),
            },
        )
    row = np.array(numbers[:60]) % 2
    rows = {"from-zero": np.tile(row[:3], 200), "late-remainders": np.tile(row[2:5], 200)}
    rows |= {"stands-still": np.zeros(600), "stands-still-at-one": np.ones(600)}
    _runs(work, "remainders", np.tile(row[1:4], 200), rows, fibonacci=np.array(numbers[1:61]))
    came = work.call("remainders").value
    expect("radius(net of remainders())", work("radius", came[0]), 1.0)
    rng = np.random.default_rng()
    for mu in ([-1.7, 0.9, 0.2, 0.4], [1.2 * np.exp(1j), 1.2 * np.exp(-1j), -0.3, 0.8]):
        W_hh = _with_eigenvalues(np.array(mu), rng)
        net = work.call("rnn.SimpleRNN", 2, 4, 3).value
        work.write(net, {"params.W_hh": W_hh})
        expect(
            "radius(net)",
            work("radius", net),
            float(np.abs(mu).max()),
            {
                "no-absolute": float(np.real(mu).max()),
                "norm": float(np.linalg.norm(W_hh, 2)),
                "all-entries": float(np.linalg.norm(W_hh)),
                "smallest": float(np.abs(mu).min()),
                "largest-entry": float(np.abs(W_hh).max()),
                "mean-eigenvalue": float(np.abs(mu).mean()),
            },
        )


def _runs(work: Subject, name: str, truth: Any, otherwise: dict[str, Any], fibonacci: Any = None) -> None:
    """Let a network write, from its own start and without inputs, and compare."""
    pair = work(name)
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not isinstance(pair[0], Kept):
        raise Wrong("returns-none" if pair is None else "shape", of=f"{name}()")
    net, start = pair[0], np.asarray(pair[1])
    if start.dtype.kind not in "biuf" or start.ndim != 2 or len(start) != 1:
        raise Wrong("shape", of=f"{name}()[1]")
    start = start.astype(float)

    def written(steps: int) -> Any:
        return np.asarray(work.call(net, np.zeros((steps, 1, 1)), h0=start, method="forward").value[0])[:, 0, 0]

    if not start.any():
        raise Wrong("no-start", name=name)
    if fibonacci is not None and compare(written(len(fibonacci)), fibonacci) is None:
        raise Wrong("not-reduced")
    came = written(len(truth))
    weights = {key.removeprefix("params."): value for key, value in work.leaves(net).items()}
    if compare(came, truth) is not None and compare(_linear(weights, start, len(truth)), truth) is None:
        raise Wrong("not-linear", name=name)
    expect(f"{name}(): the outputs", came, truth, otherwise)


def _linear(weights: dict[str, Any], h: Any, steps: int) -> Any:
    """Return what a network writes if it has these weights and no nonlinearity."""
    written = []
    with np.errstate(all="ignore"):
        for _ in range(steps):
            h = h @ weights["W_hh"] + weights["b_h"]
            written.append((h @ weights["W_hy"] + weights["b_y"])[0, 0])
    return np.array(written)


def _with_eigenvalues(mu: Any, rng: np.random.Generator) -> Any:
    """Return a real matrix with these eigenvalues, in which they cannot be seen; complex ones come first, in pairs."""
    D = np.diag(np.real(mu)).astype(float)
    if np.iscomplexobj(mu):
        D[0, 1], D[1, 0] = np.imag(mu[0]), -np.imag(mu[0])
    while True:
        S = np.eye(len(mu)) + rng.normal(size=D.shape)
        if np.linalg.cond(S) < 30 and np.abs(W := S @ D @ np.linalg.inv(S)).max() > 1.2 * np.abs(mu).max():
            return W


# ── damping that stays ──────────────────────────────────────────────────────────────────────────────────────────────


def free_errors(step, values, window, horizon):
    """Return the root mean squared error of free runs 1 … horizon steps ahead, (horizon,), over all starts."""
    errors = []
    for start in range(window, len(values) - horizon + 1):
        row = list(values[start - window : start])
        for _ in range(horizon):
            row.append(step(np.array(row[-window:])))
        errors.append(np.array(row[window:]) - values[start : start + horizon])
    return np.sqrt(np.mean(np.square(errors), axis=0))


def by_height(step):
    """Return a step function that sees each window divided by its own height."""

    def scaled(window):
        height = np.abs(window).max()
        return height * step(window / height)

    return scaled


def report(steps, learned, test, window, horizon):
    """Return the median over the seeds of the error at the horizon, and that of AR(2)."""
    past = np.stack([learned[1:-1], learned[:-2]], axis=1)
    a, b = np.linalg.lstsq(past, learned[2:], rcond=None)[0]
    errors = [free_errors(step, test, window, horizon)[-1] for step in steps]
    rival = free_errors(lambda row: a * row[-1] + b * row[-2], test, window, horizon)
    return np.median(errors), rival[-1]


STEPS = """
def bent(row):
    return float(np.tanh(1.3 * row[-1] - 0.4 * row[0]) + 0.05 * np.sum(row))

def line(slope):
    return lambda row: float(slope * row[-1])

def slow(row):
    return float(0.5 * row[-1] + 0.2 * row[-2] ** 2)
"""


def _bent(row: Any) -> float:
    return float(np.tanh(1.3 * row[-1] - 0.4 * row[0]) + 0.05 * np.sum(row))


def check_damping(work: Subject) -> None:
    """Run a step that every mistake changes; scale a window that is lowest where it is highest; take five seeds."""
    rng = np.random.default_rng()
    values = np.exp(-0.02 * np.arange(40)) * np.sin(0.3 * np.arange(40) + rng.uniform(0, 6)) + rng.normal(0, 0.1, 40)
    work.define(STEPS)
    window, horizon = int(rng.integers(5, 8)), int(rng.integers(9, 12))

    def errors(**how: Any) -> Any:
        return _free(_bent, values, window, horizon, **how)

    wave = errors()
    expect(
        "free_errors(step, values, window, horizon)",
        work("free_errors", Kept("bent"), values, window, horizon),
        np.sqrt(np.mean(wave**2, axis=0)),
        {
            "truth-fed": lambda: np.sqrt(np.mean(errors(fed=True) ** 2, axis=0)),
            "window-grows": lambda: np.sqrt(np.mean(errors(grows=True) ** 2, axis=0)),
            "window-stays": lambda: np.sqrt(np.mean(errors(stays=True) ** 2, axis=0)),
            "start-missing": lambda: np.sqrt(np.mean(wave[:-1] ** 2, axis=0)),
            "one-start": lambda: np.sqrt(wave[0] ** 2),
            "absolute": np.mean(np.abs(wave), axis=0),
            "no-root": np.mean(wave**2, axis=0),
            "wrong-axis": np.sqrt(np.mean(wave**2, axis=1)),
            "signs-cancel": np.abs(np.mean(wave, axis=0)),
        },
    )
    row = np.array([0.3, -2.5, 1.1, 0.4, 0.8]) * rng.uniform(1, 2)
    scaled = work.call("by_height", Kept("bent")).value
    if not isinstance(scaled, Kept):
        raise Wrong("returns-none" if scaled is None else "not-a-function", of="by_height(step)")
    for height in (1.0, 0.01):  # the second call shows whether the height is that of this window
        last = height * row
        expect(
            "by_height(step)(window)",
            work(scaled, last),
            np.abs(last).max() * _bent(last / np.abs(last).max()),
            {
                "not-multiplied": _bent(last / np.abs(last).max()),
                "no-absolute": last.max() * _bent(last / last.max()),
                "by-range": np.ptp(last) * _bent(last / np.ptp(last)),
                "by-spread": last.std() * _bent(last / last.std()),
                "by-last": last[-1] * _bent(last / last[-1]),
                "by-norm": np.linalg.norm(last) * _bent(last / np.linalg.norm(last)),
                "not-divided": np.abs(last).max() * _bent(last),
                "old-height": np.abs(row).max() * _bent(last / np.abs(row).max()),
            },
        )
    _check_report(work, rng)


def _check_report(work: Subject, rng: np.random.Generator) -> None:
    wave = np.exp(-0.01 * np.arange(150)) * np.sin(0.3 * np.arange(150)) + rng.normal(0, 0.2, 150)
    learned, test = wave[:100], wave[100:]
    slopes = rng.permutation([0.1, 0.35, 0.6, 0.85, 1.06])
    seeds = [work.call("line", slope).value for slope in slopes]
    window, horizon = 4, 8

    def last(step: Any) -> float:
        return float(np.sqrt(np.mean(_free(step, test, window, horizon)[:, -1] ** 2)))

    def rival(values: Any, order: int = 2) -> float:
        rows = np.lib.stride_tricks.sliding_window_view(values[:-1], order)
        weights = np.linalg.pinv(rows) @ values[order:]
        return last(lambda row: float(weights @ row[-order:]))

    def exchanged() -> float:
        rows = np.lib.stride_tricks.sliding_window_view(learned[:-1], 2)
        return last(lambda row: float((np.linalg.pinv(rows) @ learned[2:]) @ row[-2:][::-1]))

    errors = [last(lambda row, slope=slope: float(slope * row[-1])) for slope in slopes]
    middle = float(np.median(errors))
    expect(
        "report(steps, learned, test, window, horizon)",
        work("report", seeds, learned, test, window, horizon),
        (middle, rival(learned)),
        {
            "mean-of-seeds": (float(np.mean(errors)), rival(learned)),
            "best-seed": (min(errors), rival(learned)),
            "fitted-on-test": lambda: (middle, rival(test)),
            "exchanged": lambda: (middle, exchanged()),
            "other-order": lambda: (middle, rival(learned, window)),
            "swapped": (rival(learned), middle),
        },
    )


def _free(
    step: Any, values: Any, window: int, horizon: int, *, fed: bool = False, grows: bool = False, stays: bool = False
) -> Any:
    """Return the errors of free runs (starts, horizon), or what three mistakes make of them."""
    rows = np.lib.stride_tricks.sliding_window_view(values, window + horizon)
    errors = np.zeros((len(rows), horizon))
    for i, truth in enumerate(rows):
        row = truth.copy()
        for n in range(window, window + horizon):
            first = 0 if grows or stays else n - window
            seen = truth if fed else row
            guess = step(seen[first : window if stays else n])
            errors[i, n - window], row[n] = guess - truth[n], guess
    return errors


EXERCISES = (
    Exercise(
        chapter="task",
        number=2,
        title=Text("Nothing to train", "不用训练"),
        task=Text(
            "Write fibonacci() and remainders(). Each takes nothing and returns (net, h0): a rnn.SimpleRNN with one input"
            ' and one output and nonlinearity="identity", whose weights you have set, and the state (1, H) in which it'
            " begins. Run on inputs of zeros, net.forward(np.zeros((T, 1, 1)), h0=h0)[0][:, 0, 0], the first writes"
            " 1, 1, 2, 3, 5, … and the second 1, 1, 0, 1, 1, 0, …, the Fibonacci numbers modulo 2. The first output is"
            " made from the state after one step.\n"
            'Write radius(net): the spectral radius of net.params["W_hh"], a number, for any SimpleRNN.',
            "写 fibonacci() 和 remainders()。两者都没有参数，返回 (net, h0)：net 是 rnn.SimpleRNN，一个输入，一个输出，"
            'nonlinearity="identity"，权重由你设定；h0 是它开始时的状态，形状 (1, H)。输入全是零时，'
            "net.forward(np.zeros((T, 1, 1)), h0=h0)[0][:, 0, 0] 对第一个是 1, 1, 2, 3, 5, …，对第二个是"
            " 1, 1, 0, 1, 1, 0, …，即斐波那契数模 2 的余数。第一个输出由走了一步之后的状态算出。\n"
            '再写 radius(net)：返回 net.params["W_hh"] 的谱半径，一个数，对任何 SimpleRNN 都适用。',
        ),
        solution=(fibonacci, remainders, radius),
        check=check_nothing_to_train,
        names={
            "from-zero": Text(
                "The row begins with 0, one number too early. The first output comes after one step: look at h0.",
                "这一行从 0 开始，早了一个数。第一个输出是走了一步之后的：看看 h0。",
            ),
            "late": Text(
                "The row begins with 1, 2: the first 1 is missing. Look at h0, or at which unit is read out.",
                "这一行从 1, 2 开始，少了第一个 1。看看 h0，或者读出的是哪个单元。",
            ),
            "doubles": Text(
                "Each number is twice the one before: both units hold the same. One of them should only keep.",
                "每个数都是前一个的两倍：两个单元存着同样的数。其中一个应当只负责保存。",
            ),
            "late-remainders": Text(
                "The row is 1, 0, 1, 1, 0, 1, …: it begins one step late. Look at h0.",
                "得到的是 1, 0, 1, 1, 0, 1, …：晚了一步。看看 h0。",
            ),
            "stands-still": Text(
                "The row is 0 all the time: the numbers are not passed on, or the wrong ones are read out.",
                "这一行一直是 0：数没有往下传，或者读出的不对。",
            ),
            "stands-still-at-one": Text(
                "The row is 1 all the time: the numbers are not passed on.", "这一行一直是 1：数没有往下传。"
            ),
            "not-reduced": Text(
                "remainders() writes the Fibonacci numbers themselves. Ask after how many steps the remainders repeat.",
                "remainders() 写出的是斐波那契数本身。想一想余数过几步就重复。",
            ),
            "not-linear": Text(
                "The weights of {name}() are right, but the network bends them: it is not linear.",
                "{name}() 的权重是对的，但网络把数弯了：它不是线性的。",
            ),
            "no-start": Text(
                "{name}() begins with a state of zeros. Without inputs a linear network stays there.",
                "{name}() 从全零的状态开始。没有输入，线性的网络就一直停在零。",
            ),
            "no-absolute": Text(
                "This is the largest real part of an eigenvalue. A negative or complex one may be larger in absolute value.",
                "这是特征值实部的最大值。负的或者复的特征值，绝对值可能更大。",
            ),
            "norm": Text(
                "This is the largest singular value. It says how far one step can stretch, not how many steps do.",
                "这是最大的奇异值。它说的是一步最多拉长多少，而不是许多步以后怎样。",
            ),
            "all-entries": Text(
                "This is the Frobenius norm, the root of the sum of all squared entries. The radius looks at eigenvalues.",
                "这是 Frobenius 范数，即所有元素平方和的根。谱半径看的是特征值。",
            ),
            "smallest": Text("This is the smallest absolute value of an eigenvalue.", "这是特征值绝对值中最小的。"),
            "largest-entry": Text(
                "This is the largest entry of the matrix. Its eigenvalues cannot be read off the entries.",
                "这是矩阵里最大的元素。特征值不能从元素上直接读出。",
            ),
            "mean-eigenvalue": Text(
                "This is the mean of the absolute values; the radius is the largest of them.",
                "这是各绝对值的平均；谱半径是其中最大的。",
            ),
        },
        planted=(
            ("from-zero", "np.array([[1.0, 0.0]])", "np.array([[0.0, 1.0]])"),
            ("late", "np.array([[0.0], [1.0]])", "np.array([[1.0], [0.0]])"),
            ("stands-still", "[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]", "np.eye(3)"),
            ("late-remainders", "np.array([[0.0, 1.0, 1.0]])", "np.array([[1.0, 1.0, 0.0]])"),
            ("not-linear", 'SimpleRNN(1, 2, 1, nonlinearity="identity")', "SimpleRNN(1, 2, 1)"),
            ("doubles", "[[1.0, 1.0], [1.0, 0.0]]", "[[1.0, 1.0], [1.0, 1.0]]"),
            ("no-start", "np.array([[0.0, 1.0, 1.0]])", "np.zeros((1, 3))"),
            (
                "no-absolute",
                'np.abs(np.linalg.eigvals(net.params["W_hh"]))',
                'np.linalg.eigvals(net.params["W_hh"]).real',
            ),
            ("norm", 'np.abs(np.linalg.eigvals(net.params["W_hh"])).max()', 'np.linalg.norm(net.params["W_hh"], 2)'),
            ("from-zero", "np.array([[0.0, 1.0, 1.0]])", "np.array([[1.0, 0.0, 1.0]])"),
        ),
        hints=(
            Text(
                "How many numbers must a state hold so that the next one follows from them?",
                "状态里要存几个数，才能由它们得到下一个？",
            ),
            Text(
                "For Fibonacci two neighbours; for a row of period three, three numbers that are passed on in a circle."
                " Begin one step before the first output.",
                "斐波那契要相邻的两个；周期为三的行要三个，沿圆圈传递。开始的状态比第一个输出早一步。",
            ),
            Text(
                "State (F[t+1], F[t]), W_hh = [[1, 1], [1, 0]], h0 = (1, 0), and the second unit is read out. In the"
                " circle W_hh has a single 1 in each row and column. The radius is the largest absolute value of an"
                " eigenvalue.",
                "状态 (F[t+1], F[t])，W_hh = [[1, 1], [1, 0]]，h0 = (1, 0)，读出第二个单元。圆圈的 W_hh 每行每列只有一个 1。"
                "谱半径是特征值绝对值的最大值。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn import SimpleRNN",
    ),
    Exercise(
        chapter="task",
        number=3,
        title=Text("Damping that stays", "留住衰减"),
        task=Text(
            "A step function takes the last `window` values, an array (window,) with the newest last, and returns the"
            " next value, a number.\n"
            "Write free_errors(step, values, window, horizon): from every start in values that has `window` values before"
            " it and `horizon` true values from it on, let step run freely, on its own predictions; return the root mean"
            " squared error over all starts, n = 1 … horizon steps ahead, (horizon,).\n"
            "Write by_height(step), one of the remedies: a new step function that divides each window by its height (the"
            " largest absolute value, never zero here), calls step, and multiplies what it says by the height.\n"
            "Write report(steps, learned, test, window, horizon): steps is a list of step functions, one for each seed."
            " Return (the median over the seeds of the error `horizon` steps ahead on test, the same error of AR(2))."
            " The two weights of AR(2), without a constant, are fitted to learned by least squares.",
            "步进函数的参数是最后 window 个值，数组 (window,)，最新的在最后；它返回下一个值，一个数。\n"
            "写 free_errors(step, values, window, horizon)：凡是前面有 window 个值、从它起还有 horizon 个真值的起点，都让 step"
            " 用自己的预测自由运行；返回所有起点上往前 n = 1 … horizon 步的均方根误差，形状 (horizon,)。\n"
            "写 by_height(step)，这是办法之一：返回一个新的步进函数，把每个窗口除以它的高度（绝对值的最大值，这里不会是零），"
            "调用 step，再把结果乘以高度。\n"
            "写 report(steps, learned, test, window, horizon)：steps 是步进函数的列表，每个种子一个。返回（各种子在 test 上往前"
            " horizon 步的误差的中位数，AR(2) 的同一误差）。AR(2) 的两个权重不带常数，在 learned 上用最小二乘拟合。",
        ),
        solution=(free_errors, by_height, report),
        check=check_damping,
        names={
            "truth-fed": Text(
                "After each step the true value is put into the window. A free run lives on its own predictions.",
                "每走一步，放进窗口的是真值。自由运行靠的是自己的预测。",
            ),
            "window-grows": Text(
                "The window grows with every prediction. The step function always sees the last `window` values.",
                "窗口随每次预测变长。步进函数看到的始终是最后 window 个值。",
            ),
            "window-stays": Text(
                "The step function sees the same window each time: no prediction gets into it.",
                "步进函数每次看到的都是同一个窗口：预测没有进入窗口。",
            ),
            "start-missing": Text(
                "The last start is missing: there is one more that has `horizon` true values from it on.",
                "少了最后一个起点：还有一个起点，从它起恰有 horizon 个真值。",
            ),
            "one-start": Text("This is the error from the first start alone.", "这只是第一个起点的误差。"),
            "absolute": Text(
                "This is the mean of the absolute errors; wanted is the root of the mean of their squares.",
                "这是误差绝对值的平均；要的是平方平均的根。",
            ),
            "no-root": Text("The root of the mean square is missing.", "均方没有开根。"),
            "wrong-axis": Text(
                "The mean goes over the steps ahead and leaves the starts. It should be the other way round.",
                "平均取在步数上，留下了起点。应当反过来。",
            ),
            "signs-cancel": Text(
                "The errors are averaged before they are squared, so those of opposite signs cancel.",
                "误差先平均再平方，正负抵消了。",
            ),
            "not-a-function": Text(
                "`by_height(step)` should return a function.", "`by_height(step)` 应当返回一个函数。"
            ),
            "not-multiplied": Text(
                "The answer is not multiplied by the height again: it is in units of the window.",
                "结果没有乘回高度：它还是以窗口高度为单位的。",
            ),
            "no-absolute": Text(
                "The height is the largest value. A wave is also high where it is below zero.",
                "取的高度是最大值。波在零以下也有高度。",
            ),
            "by-range": Text("This divides by the range, largest minus smallest.", "这里除以的是极差：最大减最小。"),
            "by-spread": Text(
                "This divides by the standard deviation, not by the height.", "这里除以的是标准差，不是高度。"
            ),
            "by-last": Text(
                "This divides by the last value, which may be near zero.", "这里除以的是最后一个值，它可能接近零。"
            ),
            "by-norm": Text(
                "This divides by the norm of the window, not by its height.", "这里除以的是窗口的范数，不是高度。"
            ),
            "not-divided": Text(
                "The window reaches step undivided; only the answer is scaled.",
                "窗口没有除就交给了 step，只有结果被缩放。",
            ),
            "old-height": Text(
                "The height of an earlier window is used. Each window has its own.",
                "用的是以前窗口的高度。每个窗口有自己的高度。",
            ),
            "mean-of-seeds": Text("This is the mean over the seeds, not the median.", "这是各种子的平均，不是中位数。"),
            "best-seed": Text(
                "This is the best seed. It was chosen by looking at the test.", "这是最好的种子，是看着测试挑出来的。"
            ),
            "fitted-on-test": Text(
                "AR(2) is fitted to the test part. The rival may not see it either.",
                "AR(2) 是在测试部分上拟合的。对手也不能先看测试。",
            ),
            "exchanged": Text(
                "The two weights of AR(2) are exchanged: which of them belongs to the newest value?",
                "AR(2) 的两个权重对调了：哪一个属于最新的值？",
            ),
            "other-order": Text(
                "The rival uses the whole window; AR(2) has two values.", "对手用了整个窗口；AR(2) 只用两个值。"
            ),
            "swapped": Text("First the networks, then AR(2).", "先是网络，后是 AR(2)。"),
        },
        planted=(
            ("truth-fed", "row[-window:])))", "values[start - window + _ : start + _])))"),
            ("window-grows", "row[-window:]", "row"),
            ("window-stays", "row[-window:]", "row[:window]"),
            ("start-missing", "len(values) - horizon + 1", "len(values) - horizon"),
            ("no-root", "np.sqrt(np.mean(np.square(errors), axis=0))", "np.mean(np.square(errors), axis=0)"),
            ("wrong-axis", "axis=0))", "axis=1))"),
            ("absolute", "np.sqrt(np.mean(np.square(errors), axis=0))", "np.mean(np.abs(errors), axis=0)"),
            ("not-multiplied", "return height * step", "return step"),
            ("no-absolute", "np.abs(window).max()", "window.max()"),
            ("by-spread", "np.abs(window).max()", "window.std()"),
            ("mean-of-seeds", "np.median", "np.mean"),
            (
                "fitted-on-test",
                "past = np.stack([learned[1:-1], learned[:-2]], axis=1)",
                "learned = test\n    past = np.stack([learned[1:-1], learned[:-2]], axis=1)",
            ),
            ("exchanged", "a * row[-1] + b * row[-2]", "b * row[-1] + a * row[-2]"),
        ),
        hints=(
            Text(
                "In a free run, where does the newest value of the window come from?",
                "自由运行时，窗口里最新的值从哪里来？",
            ),
            Text(
                "Keep a row that begins with `window` true values, append each prediction, and look at its end. Collect"
                " one row of errors for each start; only then square and average.",
                "用一行数，开头是 window 个真值，每次把预测接上去，再看它的末尾。每个起点存一行误差，最后才平方、平均。",
            ),
            Text(
                "Starts run from window to len(values) - horizon, both included. For AR(2) the targets are learned[2:], and"
                " the two columns learned[1:-1] and learned[:-2].",
                "起点从 window 到 len(values) - horizon，两端都算。AR(2) 的目标是 learned[2:]，两列是 learned[1:-1] 和"
                " learned[:-2]。",
            ),
        ),
    ),
)
