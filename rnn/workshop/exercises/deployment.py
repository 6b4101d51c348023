"""Exercises of the chapter *deployment*."""

from statistics import NormalDist
from typing import Any

import numpy as np

from rnn.deploy import stability_index
from rnn.validate import Array
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, expect

# ── 4: the state in one byte ────────────────────────────────────────────────────────────────────────────────────────


def store(h, bits):
    """Return states as whole numbers from 0 to 2**bits - 1."""
    return np.rint((h + 1) / 2 * (2**bits - 1)).astype(int)


def restore(n, bits):
    """Return the states for which whole numbers stand."""
    return n / (2**bits - 1) * 2 - 1


def last_error(layer, inputs, bits):
    """Return the root mean square error of the last state if states are stored between steps."""
    exact, _ = layer.forward(inputs)
    state = layer.zero_state(inputs.shape[1])
    for x in inputs:
        _, (h,) = layer.forward(x[None], state)
        state = (restore(store(h, bits), bits),)
    return np.sqrt(np.mean((h - exact[-1]) ** 2))


def predicted_ratio(bits, fewer):
    """Return how many times larger the bound is with fewer bits."""
    return (2**bits - 1) / (2**fewer - 1)


def _grid(h: Array, bits: int) -> Array:
    """Return the points of the grid that are nearest to some states."""
    last = 2**bits - 1
    return np.asarray(np.floor((h + 1) * last / 2 + 0.5) / last * 2 - 1)


def _errors(params: dict[str, Array], inputs: Array, bits: int) -> dict[str, float]:
    """Return the error of the last state under the name "", and what mistakes make of it."""

    def run(kind: str) -> Array:
        h = np.zeros((inputs.shape[1], len(params["b_h"])))
        before, found = _grid(h, bits) if kind == "first-state" else h, []
        for x in inputs:
            h = np.tanh(x @ params["W_xh"] + before @ params["W_hh"] + params["b_h"])
            before = {"exact": h, "not-carried": np.zeros_like(h)}.get(kind, _grid(h, bits))
            found.append(h)
        return np.array(found)

    exact, rounded = run("exact"), run("")
    error = rounded - exact
    return {
        "": float(np.sqrt(np.mean(error[-1] ** 2))),
        "first-state": float(np.sqrt(np.mean((run("first-state")[-1] - exact[-1]) ** 2))),
        "stored-state": float(np.sqrt(np.mean((_grid(rounded[-1], bits) - exact[-1]) ** 2))),
        "rounded-once": float(np.sqrt(np.mean((_grid(exact[-1], bits) - exact[-1]) ** 2))),
        "not-carried": float(np.sqrt(np.mean((run("not-carried")[-1] - exact[-1]) ** 2))),
        "no-root": float(np.mean(error[-1] ** 2)),
        "no-mean": float(np.sqrt(np.sum(error[-1] ** 2))),
        "largest": float(np.abs(error[-1]).max()),
        "absolute": float(np.abs(error[-1]).mean()),
        "all-steps": float(np.sqrt(np.mean(error**2))),
        "never-read": 0.0,  # the last, since other numbers may be close to it
    }


def check_byte(work: Subject) -> None:
    """Try the grid with its ends, a contracting network with 8 and 4 bits, and the ratio of the bound."""
    rng = np.random.default_rng()
    for bits in (8, 4):
        h = np.tanh(rng.normal(size=(3, 5)))
        h[0, :2] = -1, 1
        last = 2**bits - 1
        truth = np.floor((h + 1) * last / 2 + 0.5)
        came = work("store", h, bits)
        expect(
            f"store(h, {bits})",
            came,
            truth,
            {
                "levels": np.floor((h + 1) / 2 * (last + 1) + 0.5),
                "levels-cut": np.minimum(np.floor((h + 1) / 2 * (last + 1) + 0.5), last),
                "truncated": np.floor((h + 1) * last / 2),
                "signed": np.floor(h * (last // 2) + 0.5),
                "not-moved": np.floor(h * last / 2 + 0.5),
                "wrapped": truth.astype(np.uint8).astype(np.int8),
                "not-whole": (h + 1) * last / 2,
            },
        )
        expect(
            f"restore(n, {bits})",
            work("restore", came, bits),
            _grid(h, bits),
            {
                "levels": truth / (last + 1) * 2 - 1,
                "not-moved": truth / last * 2,
                "signed": truth / (last // 2),
                "wrapped": (2 * truth) % 256 / last - 1,
            },
        )
    params = {
        "W_xh": 0.3 * rng.normal(size=(3, 8)),
        "W_hh": 0.4 * rng.normal(size=(8, 8)) / np.sqrt(8),
        "b_h": 0.2 * rng.normal(size=8),
    }
    layer = work.call("rnn.RNN", 3, 8).value
    work.write(layer, {f"cell.params.{name}": value for name, value in params.items()})
    for bits, T, B in ((8, 50, 2), (4, 20, 3), (4, 1, 3)):  # with one step nothing is stored
        inputs = rng.normal(size=(T, B, 3))
        errors = _errors(params, inputs, bits)
        while T > 20 and np.isclose(errors["stored-state"], errors["rounded-once"]):
            inputs = rng.normal(size=(T, B, 3))
            errors = _errors(params, inputs, bits)
        expect(f"last_error(layer, inputs, {bits})", work("last_error", layer, inputs, bits), errors.pop(""), errors)
    for bits, fewer in ((8, 4), (9, 3)):
        slips = {"powers": 2.0 ** (bits - fewer), "bits": bits / fewer, "upside-down": (2**fewer - 1) / (2**bits - 1)}
        expect(
            f"predicted_ratio({bits}, {fewer})",
            work("predicted_ratio", bits, fewer),
            (2**bits - 1) / (2**fewer - 1),
            slips,
        )


BYTE = Exercise(
    chapter="deployment",
    number=4,
    title=Text("The state in one byte", "状态也用一字节"),
    task=Text(
        "Write four functions.\n"
        "store(h, bits): h is an array of states from -1 to 1, of any shape. Return whole numbers from 0 to 2**bits - 1 of the"
        " same shape, 0 for -1 and the largest for 1, each the nearest.\n"
        "restore(n, bits): what store has returned; return the states for which the numbers stand.\n"
        "last_error(layer, inputs, bits): layer is an rnn.RNN, inputs (T, B, D). Run it from layer.zero_state(B) step by step"
        " (layer.forward(x[None], (h,)) takes one step and returns outputs and the new state), storing and restoring the state"
        " between two steps. The zeros before the first step are not stored. Return the root mean square error of the state"
        " that the last step gives, before it is stored, against the last state of the same layer without storing.\n"
        "predicted_ratio(bits, fewer): by how much the bound of the chapter grows with fewer bits for the states.",
        "写四个函数。\n"
        "store(h, bits)：h 是 -1 到 1 之间的状态，形状任意。返回同样形状的整数，从 0 到 2**bits - 1，-1 对应 0，1 对应最大的数，"
        "每个都取最近的。\n"
        "restore(n, bits)：n 是 store 返回的；返回这些整数所代表的状态。\n"
        "last_error(layer, inputs, bits)：layer 是 rnn.RNN，inputs 为 (T, B, D)。从 layer.zero_state(B) 开始一步一步地走"
        "（layer.forward(x[None], (h,)) 走一步，返回输出和新的状态），在两步之间把状态存下再读回。第一步之前的零不存。"
        "取最后一步给出的状态（存之前），与同一层不存状态时的最后一个状态相比，返回均方根误差。\n"
        "predicted_ratio(bits, fewer)：状态的位数减少时，本章的界变为多少倍。",
    ),
    solution=(store, restore, last_error, predicted_ratio),
    check=check_byte,
    names={
        "levels": Text(
            "The grid has one interval too many: between 2**bits points there are 2**bits - 1 steps.",
            "格子多了一段：2**bits 个点之间只有 2**bits - 1 段。",
        ),
        "levels-cut": Text(
            "The grid has 2**bits intervals, and its last point is cut off: numbers near 1 are stored too low.",
            "格子有 2**bits 段，最后一点被截掉了：接近 1 的数存得偏低。",
        ),
        "truncated": Text(
            "The numbers are cut off, not rounded: the error is twice as large, and always downwards.",
            "数是截断的，不是四舍五入：误差大一倍，而且总是偏低。",
        ),
        "signed": Text(
            "The grid is that of the weights, symmetric about zero. Here -1 stands for 0.",
            "这是权重的格子，关于零对称。这里 -1 对应 0。",
        ),
        "not-moved": Text("The shift by 1 is missing: -1 stands for 0.", "漏了平移 1：-1 对应 0。"),
        "wrapped": Text(
            "Numbers above what the data type holds come back from the other end. Which type has 0 to 255, and what does twice"
            " such a number give?",
            "超出数据类型范围的数从另一头绕回来了。哪种类型能放 0 到 255？这样的数乘以二又是多少？",
        ),
        "not-whole": Text("These numbers are not whole.", "这些数不是整数。"),
        "first-state": Text(
            "The zeros before the first step are rounded, too. Zero is not on the grid.",
            "第一步之前的零也取整了。零不在格子上。",
        ),
        "stored-state": Text(
            "The last state is compared after it was stored. Its own rounding counts only in the next step.",
            "比较的是存过的最后一个状态。它自己的舍入到下一步才算。",
        ),
        "rounded-once": Text(
            "Only the last state is rounded. Every state is stored before the next step reads it.",
            "只舍入了最后一个状态。每个状态都要先存下，下一步再读。",
        ),
        "never-read": Text(
            "The error is zero: the next step reads the exact state, not the one that was stored.",
            "误差是零：下一步读的是准确的状态，不是存过的。",
        ),
        "not-carried": Text(
            "Each step begins from zeros: the state is not handed on.", "每一步都从零开始：状态没有往下传。"
        ),
        "no-root": Text("The root is missing: this is the mean square.", "没有开方：这是均方。"),
        "no-mean": Text(
            "This is the norm of the error; the mean over the numbers is missing.",
            "这是误差的范数，没有对各个数取平均。",
        ),
        "largest": Text(
            "This is the largest error; the root mean square is asked for.", "这是最大的误差；题目要均方根。"
        ),
        "absolute": Text(
            "This is the mean absolute error; the root mean square is asked for.", "这是平均绝对误差；题目要均方根。"
        ),
        "all-steps": Text(
            "The mean is taken over all steps. Only the last state counts.", "对所有步取了平均。只看最后一个状态。"
        ),
        "powers": Text(
            "This is the ratio of the numbers of points. The bound follows the scale, the distance between two of them.",
            "这是点数之比。界取决于尺度，也就是相邻两点的距离。",
        ),
        "bits": Text(
            "This is the ratio of the bits. How does the scale depend on them?", "这是位数之比。尺度怎样取决于位数？"
        ),
        "upside-down": Text("Upside down: with fewer bits the bound is larger.", "反了：位数少，界更大。"),
    },
    planted=(
        ("levels", "(h + 1) / 2 * (2**bits - 1)", "(h + 1) / 2 * 2**bits"),
        ("truncated", "np.rint((h + 1) / 2 * (2**bits - 1)).astype(int)", "((h + 1) / 2 * (2**bits - 1)).astype(int)"),
        ("wrapped", ".astype(int)", ".astype(int).astype(np.int8)"),
        ("signed", "np.rint((h + 1) / 2 * (2**bits - 1))", "np.rint(h * (2 ** (bits - 1) - 1))"),
        ("not-moved", "* 2 - 1", "* 2"),
        ("never-read", "state = (restore(store(h, bits), bits),)", "state = (h,)"),
        ("not-carried", "layer.forward(x[None], state)", "layer.forward(x[None])"),
        ("stored-state", "np.mean((h - exact[-1]) ** 2)", "np.mean((state[0] - exact[-1]) ** 2)"),
        (
            "first-state",
            "state = layer.zero_state(inputs.shape[1])",
            "state = (restore(store(layer.zero_state(inputs.shape[1])[0], bits), bits),)",
        ),
        ("rounded-once", "restore(store(h, bits), bits),)", "h,); h = restore(store(h, bits), bits)"),
        ("powers", "(2**bits - 1) / (2**fewer - 1)", "2**bits / 2**fewer"),
        ("upside-down", "(2**bits - 1) / (2**fewer - 1)", "(2**fewer - 1) / (2**bits - 1)"),
    ),
    hints=(
        Text(
            "How many steps are there between 256 points from -1 to 1?",
            "从 -1 到 1 的 256 个点之间有几段？",
        ),
        Text(
            "With s = 2 / (2**bits - 1) the number is (h + 1) / s, rounded, and the state is s·n − 1. The bound is proportional to s.",
            "设 s = 2 / (2**bits - 1)，整数是 (h + 1) / s 取整，状态是 s·n − 1。界与 s 成正比。",
        ),
        Text(
            "for x in inputs: _, (h,) = layer.forward(x[None], state), then state = (restore(store(h, bits), bits),). At the end"
            " compare h with layer.forward(inputs)[0][-1].",
            "for x in inputs：先 _, (h,) = layer.forward(x[None], state)，再 state = (restore(store(h, bits), bits),)。"
            "最后把 h 与 layer.forward(inputs)[0][-1] 比较。",
        ),
    ),
)

# ── 5: an honest threshold ──────────────────────────────────────────────────────────────────────────────────────────


def indices(past, windows):
    """Return the index of each window against its own numbers from training."""
    return np.array([stability_index(p, w) for p, w in zip(past, windows, strict=True)])


def share_above(index, level):
    """Return the share of the windows whose index is above a level."""
    return np.mean(index > level)


def threshold(index, rate):
    """Return the level that undrifted windows pass at this rate."""
    return np.quantile(index, 1 - rate)


def with_memory(noise, a):
    """Return a stream of variance 1 whose neighbours have the correlation a."""
    x = [noise[0]]
    for e in noise[1:]:
        x.append(a * x[-1] + np.sqrt(1 - a**2) * e)
    return np.array(x)


def conclusion():
    """Say what a threshold for independent numbers is on a stream with memory."""
    return "too low"


def _index(past: Array, window: Array) -> float:
    """Return the stability index with ten bins."""
    edges = np.quantile(past, np.linspace(0.1, 0.9, 9))
    p, q = (np.histogram(values, [-np.inf, *edges, np.inf])[0] + 0.5 for values in (past, window))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def _autoregressive(noise: Array, a: float, s: float | None = None, first: float = 1.0) -> Array:
    """Return x_t = a x_{t-1} + s e_t along the first axis, from x_0 = first e_0; by default of variance 1."""
    s = np.sqrt(1 - a**2) if s is None else s
    x = [first * noise[0]]
    for e in noise[1:]:
        x.append(a * x[-1] + s * e)
    return np.array(x)


def check_threshold(work: Subject) -> None:
    """Hold indices, shares, quantiles and streams to their definitions, and measure what memory does."""
    rng = np.random.default_rng()
    past, windows = rng.normal(size=(7, 300)), rng.normal(size=(7, 40))
    pairs = list(zip(past, windows, strict=True))
    expect(
        "indices(past, windows)",
        work("indices", past, windows),
        [_index(p, w) for p, w in pairs],
        {
            "exchanged": [_index(w, p) for p, w in pairs],
            "one-past": [_index(past[0], w) for w in windows],
            "all-past": [_index(past.ravel(), w) for w in windows],
            "all-together": _index(past.ravel(), windows.ravel()),
        },
    )
    index = rng.gamma(2.0, 0.05, size=61)
    level = float(np.sort(index)[41])
    expect(
        "share_above(index, level)",
        work("share_above", index, level),
        19 / 61,
        {"number": 19, "percent": 1900 / 61, "below": 42 / 61, "at-least": 20 / 61},
    )
    for rate, place in ((0.05, 57), (0.1, 54)):  # of 61 numbers: no need to say how one interpolates
        expect(
            f"threshold(index, {rate})",
            work("threshold", index, rate),
            np.sort(index)[place],
            {
                "low-side": np.sort(index)[60 - place],
                "largest": index.max(),
                "normal": index.mean() + NormalDist().inv_cdf(1 - rate) * index.std(),
                "middle": np.median(index),
                "average": index.mean(),
            },
        )
    noise, a = rng.normal(size=23), rng.uniform(0.5, 0.8)
    got, truth, root = work("with_memory", noise, a), _autoregressive(noise, a), float(np.sqrt(1 - a**2))
    factors = {"no-factor": 1.0, "linear-factor": 1 - a, "squared-factor": 1 - a**2}
    slips = {key: _autoregressive(noise, a, s) for key, s in factors.items()}
    slips["from-zero"] = _autoregressive(noise, a, root, root)
    slips["noise-before"] = np.append(noise[0], a * noise[:-1] + root * noise[1:])
    expect("with_memory(noise, a)", got, truth, {**slips, "noise": noise})
    expect("conclusion()", work("conclusion"), _verdict(rng), {key: key for key in ("too high", "right")})


def _verdict(rng: np.random.Generator) -> str:
    """Measure how often a stream with memory passes a threshold for one false alarm in twenty among independent numbers."""
    past, windows = rng.normal(size=(60, 500)), rng.normal(size=(60, 200))
    level = np.quantile([_index(p, w) for p, w in zip(past, windows, strict=True)], 0.95)
    noise = rng.normal(size=(700, 60))
    streams = _autoregressive(noise, 0.9).T
    passed = np.mean([_index(x[:500], x[500:]) > level for x in streams])
    return "too low" if passed > 0.15 else "too high" if passed < 0.01 else "right"


THRESHOLD = Exercise(
    chapter="deployment",
    number=5,
    title=Text("An honest threshold", "诚实的阈值"),
    task=Text(
        "Write five functions.\n"
        "indices(past, windows): past is (R, m), numbers from training, windows (R, n), numbers of now. Return (R,): the index"
        " of each row of windows against the same row of past, by rnn.deploy.stability_index with ten bins.\n"
        "share_above(index, level): index is (R,). Return which share of it, from 0 to 1, is above level.\n"
        "threshold(index, rate): index is (R,), from undrifted windows. Return the level above which the share rate of them"
        " lies: the quantile 1 - rate, as np.quantile has it.\n"
        "with_memory(noise, a): noise is (T,), independent normal numbers of variance 1. Return (T,): x[0] = noise[0], and"
        " after that a times the number before plus so much of noise[t] that the variance stays 1.\n"
        "conclusion(): draw streams with a = 0.9 and nothing else changed. A threshold that was found for independent numbers"
        ' is there "too low", "right" or "too high".',
        "写五个函数。\n"
        "indices(past, windows)：past 为 (R, m)，训练时的数；windows 为 (R, n)，现在的数。返回 (R,)："
        "windows 的每一行相对于 past 的同一行的指数，用 rnn.deploy.stability_index，十个箱。\n"
        "share_above(index, level)：index 为 (R,)。返回其中大于 level 的份额，从 0 到 1。\n"
        "threshold(index, rate)：index 为 (R,)，来自没有漂移的窗口。返回一个水平，有份额 rate 在它之上：即 1 - rate 分位数，"
        "与 np.quantile 一致。\n"
        "with_memory(noise, a)：noise 为 (T,)，方差为 1 的独立正态数。返回 (T,)：x[0] = noise[0]，此后是 a 乘以前一个数，"
        "再加上 noise[t] 的若干倍，使方差保持 1。\n"
        'conclusion()：抽 a = 0.9 的流，其他不变。按独立的数定的阈值，在那里是 "too low"（太低）、"right"（正好）'
        '还是 "too high"（太高）？',
    ),
    solution=(indices, share_above, threshold, with_memory, conclusion),
    check=check_threshold,
    names={
        "exchanged": Text(
            "The bins are cut at the quantiles of the window. They belong to the numbers from training: the first argument.",
            "箱子按窗口的分位数切了。应当按训练时的数切：那是第一个参数。",
        ),
        "one-past": Text("All windows are compared with the first row of past.", "所有窗口都和 past 的第一行比较。"),
        "all-past": Text(
            "Each window is compared with all rows of past together.", "每个窗口和 past 的所有行一起比较。"
        ),
        "all-together": Text(
            "This is one index for everything; one for each row is asked for.",
            "这是全部合在一起的一个指数；题目要每行一个。",
        ),
        "number": Text("This is a number of windows, not a share.", "这是窗口的个数，不是份额。"),
        "percent": Text(
            "This is in percent; the share from 0 to 1 is asked for.", "这是百分数；题目要 0 到 1 的份额。"
        ),
        "below": Text("This is the share that is not above the level.", "这是没有超过水平的份额。"),
        "at-least": Text(
            "A window that stands exactly at the level is not above it.", "正好等于水平的窗口，不算超过。"
        ),
        "low-side": Text(
            "This quantile is on the low side: nearly every undrifted window is above it.",
            "分位数取在了低的一侧：没有漂移的窗口几乎全在它之上。",
        ),
        "largest": Text(
            "This is the largest index that was seen. It grows with the number of windows and has no rate.",
            "这是见过的最大的指数。它随窗口的个数增长，没有固定的误报率。",
        ),
        "normal": Text(
            "This would hold if the index were normal. It is never negative and has a long tail: take its own quantile.",
            "指数是正态的，才能这样算。它从不为负，尾巴又长：取它自己的分位数。",
        ),
        "middle": Text("This is the median: every second window passes it.", "这是中位数：每两个窗口就有一个超过。"),
        "average": Text(
            "This is the mean: far too many undrifted windows pass it.", "这是平均值：没有漂移的窗口有太多会超过它。"
        ),
        "from-zero": Text(
            "The stream starts from zero: its first numbers have a smaller variance.",
            "流是从零开始的：最初的数方差偏小。",
        ),
        "no-factor": Text(
            "The noise is added in full: the variance grows to 1 / (1 - a²).",
            "噪声全部加上去了：方差会长到 1 / (1 - a²)。",
        ),
        "linear-factor": Text(
            "The noise has the factor 1 - a. Variances add, not deviations.",
            "噪声的因子是 1 - a。相加的是方差，不是标准差。",
        ),
        "squared-factor": Text(
            "1 - a² is the variance that the noise has to add; its factor is the root.",
            "1 - a² 是噪声该补上的方差；因子是它的平方根。",
        ),
        "noise-before": Text(
            "a multiplies the noise before, not the stream: this memory ends after one step.",
            "a 乘的是前一个噪声，不是前一个数：这样的记忆一步就没了。",
        ),
        "noise": Text("This is the noise itself, without memory.", "这就是噪声本身，没有记忆。"),
        "too high": Text(
            "Measure it: neighbours that resemble each other are worth fewer numbers, and with fewer numbers the index is larger.",
            "量一量：相邻的数彼此相像，等于数的个数少了；个数少，指数就大。",
        ),
        "right": Text(
            "Measure it: how often does a stream with memory pass the threshold, and how often should it?",
            "量一量：有记忆的流超过阈值有多频繁？应当有多频繁？",
        ),
    },
    planted=(
        ("exchanged", "stability_index(p, w)", "stability_index(w, p)"),
        ("all-past", "stability_index(p, w)", "stability_index(past, w)"),
        ("below", "index > level", "index <= level"),
        ("at-least", "index > level", "index >= level"),
        ("low-side", "1 - rate)", "rate)"),
        ("largest", "np.quantile(index, 1 - rate)", "np.max(index)"),
        ("no-factor", "np.sqrt(1 - a**2) * e", "e"),
        ("squared-factor", "np.sqrt(1 - a**2) * e", "(1 - a**2) * e"),
        ("linear-factor", "np.sqrt(1 - a**2) * e", "(1 - a) * e"),
        ("from-zero", "x = [noise[0]]", "x = [np.sqrt(1 - a**2) * noise[0]]"),
        ("noise-before", "a * x[-1]", "a * noise[len(x) - 1]"),
        ("percent", "np.mean(index > level)", "100 * np.mean(index > level)"),
        ("right", '"too low"', '"right"'),
        ("too high", '"too low"', '"too high"'),
    ),
    hints=(
        Text(
            "Without drift the index is not zero. Which numbers does it depend on?",
            "没有漂移时指数也不是零。它取决于什么？",
        ),
        Text(
            "If one window in a hundred may raise an alarm, the threshold is the quantile 0.99 of undrifted windows. And the"
            " variance of a·x + s·e is a² + s².",
            "允许一百个窗口里误报一个，阈值就是没有漂移的窗口的 0.99 分位数。而 a·x + s·e 的方差是 a² + s²。",
        ),
        Text(
            "np.mean(index > level); np.quantile(index, 1 - rate); x[t] = a · x[t − 1] + sqrt(1 − a²) · noise[t]. In the chapter's"
            " table the last row is the one with memory.",
            "np.mean(index > level)；np.quantile(index, 1 - rate)；x[t] = a · x[t − 1] + sqrt(1 − a²) · noise[t]。"
            "本章的表里，有记忆的是最后一行。",
        ),
    ),
    imports="import numpy as np\n\nfrom rnn.deploy import stability_index",
)

# ── 6: blind to order ───────────────────────────────────────────────────────────────────────────────────────────────


def quantity(past, window):
    """Return the squared error of predicting each number from the one before it, relative to training."""
    a = past[1:] @ past[:-1] / (past[:-1] @ past[:-1])
    return np.mean((window[1:] - a * window[:-1]) ** 2) / np.mean((past[1:] - a * past[:-1]) ** 2)


def alarm_level(past, windows, rate):
    """Return the level that the quantity passes on undrifted windows at this rate."""
    return np.quantile([quantity(past, window) for window in windows], 1 - rate)


COUNT, LENGTH = 41, 300


def check_order(work: Subject) -> None:
    """Look at undrifted windows, at the same windows shuffled, and at windows with less memory."""
    rng = np.random.default_rng()
    stream = _autoregressive(rng.normal(size=1500 + COUNT * LENGTH), 0.9)
    past, windows = stream[:1500], stream[1500:].reshape(COUNT, LENGTH)
    shuffled = np.array([rng.permutation(window) for window in windows])
    forgetful = _autoregressive(rng.normal(size=(LENGTH, COUNT)), 0.5).T

    def of(rows: Array) -> Array:
        return np.array([_number(work("quantity", past, row)) for row in rows])

    calm, again, mixed, less = of(windows), of(windows[:3]), of(shuffled), of(forgetful)
    if not np.array_equal(calm[:3], again):
        raise Wrong("not-repeatable", of="quantity(past, window)")
    if np.allclose(calm, mixed, rtol=1e-8, atol=1e-12):
        raise Wrong("blind", of="quantity(past, window)")
    low, high = np.quantile(calm, [0.1, 0.9])
    for key, values in (("shuffled", mixed), ("forgetful", less)):
        share = float(np.mean(values > high))
        if np.mean(values < low) > 0.75:
            raise Wrong("falls", of="quantity(past, window)")
        if share < 0.75:
            raise Wrong(f"misses-{key}", of="quantity(past, window)", share=round(100 * share))
    for rate, place in ((0.05, 38), (0.1, 36)):
        by_index = np.sort([_index(past, window) for window in windows])
        expect(
            f"alarm_level(past, windows, {rate})",
            work("alarm_level", past, windows, rate),
            np.sort(calm)[place],
            {
                "low-side": np.sort(calm)[40 - place],
                "largest": calm.max(),
                "average": calm.mean(),
                "middle": np.median(calm),
                "normal": calm.mean() + NormalDist().inv_cdf(1 - rate) * calm.std(),
                "of-the-index": by_index[place],
                "rule-of-thumb": 0.1,
            },
        )


def _number(got: Any) -> float:
    """Return what the quantity is, if it is one finite number."""
    if isinstance(got, bool) or not isinstance(got, int | float | np.integer | np.floating):
        expect("quantity(past, window)", got, 1.0)
        raise Wrong("shape", of="quantity(past, window)")
    if not np.isfinite(got):
        raise Wrong("not-finite", of="quantity(past, window)")
    return float(got)


ORDER = Exercise(
    chapter="deployment",
    number=6,
    title=Text("Blind to order", "看不见次序"),
    task=Text(
        "Write two functions.\n"
        "quantity(past, window): past is (m,), the stream in training, window (n,), a piece of it now, both in the order of time."
        " Return one number of your choice, the larger the more the order has changed. It has to be above nine in ten of the"
        " values of undrifted windows when a window is shuffled, and when neighbours, whose correlation was 0.9, have the"
        " correlation 0.5 (at least three times in four; n is 300 in the check). It may use nothing but its two arguments, and"
        " gives the same for the same.\n"
        "alarm_level(past, windows, rate): windows is (R, n), undrifted. Return the level above which the share rate of them"
        " lies by your quantity: the quantile 1 - rate of its values, as np.quantile has it.",
        "写两个函数。\n"
        "quantity(past, window)：past 为 (m,)，训练时的流；window 为 (n,)，现在的一段；都按时间次序。"
        "返回你选的一个数，次序变得越多，它越大。窗口被打乱时，以及相邻两数的相关从 0.9 变成 0.5 时，"
        "它应当大于没有漂移的窗口的值的十分之九（四次里至少三次；检验时 n 为 300）。只能用这两个参数，同样的输入给出同样的数。\n"
        "alarm_level(past, windows, rate)：windows 为 (R, n)，没有漂移。返回一个水平，按你的量有份额 rate 在它之上："
        "即各值的 1 - rate 分位数，与 np.quantile 一致。",
    ),
    solution=(quantity, alarm_level),
    check=check_order,
    names={
        "blind": Text(
            "Shuffling a window does not change the quantity: it counts values and does not see which follows which.",
            "把窗口打乱，这个量不变：它数的是值，看不见谁跟着谁。",
        ),
        "falls": Text(
            "The quantity does see the order, and it falls when the order goes. Turn it round: larger has to mean more change.",
            "这个量看得见次序，但次序没了它反而变小。把它反过来：变化越多，应当越大。",
        ),
        "misses-shuffled": Text(
            "Only {share} % of the shuffled windows are above nine tenths of the undrifted ones. What does the order of a whole"
            " window determine, and not that of a few numbers?",
            "打乱的窗口只有 {share} % 大于没有漂移的十分之九。什么东西取决于整个窗口的次序，而不只是几个数的次序？",
        ),
        "misses-forgetful": Text(
            "Shuffling is noticed, but only {share} % of the windows with the correlation 0.5 are. Compare neighbours with"
            " neighbours.",
            "打乱能发现，相关为 0.5 的窗口却只发现 {share} %。要拿相邻的数来比。",
        ),
        "not-repeatable": Text(
            "The same window gives another number when it is asked again.", "同一个窗口，再问一次，数就变了。"
        ),
        "low-side": Text(
            "This quantile is on the low side: nearly every undrifted window is above it.",
            "分位数取在了低的一侧：没有漂移的窗口几乎全在它之上。",
        ),
        "largest": Text(
            "This is the largest value that was seen. It grows with the number of windows and has no rate.",
            "这是见过的最大的值。它随窗口的个数增长，没有固定的误报率。",
        ),
        "average": Text(
            "This is the mean: far too many undrifted windows pass it.", "这是平均值：没有漂移的窗口有太多会超过它。"
        ),
        "middle": Text("This is the median: every second window passes it.", "这是中位数：每两个窗口就有一个超过。"),
        "normal": Text(
            "This would hold if the quantity were normal. Take its own quantile.",
            "这个量是正态的，才能这样算。取它自己的分位数。",
        ),
        "of-the-index": Text(
            "This is the threshold of the index. Each quantity has its own.", "这是指数的阈值。每个量有自己的阈值。"
        ),
        "rule-of-thumb": Text(
            "This is the rule of thumb, 0.1, for an index. Take the level from the windows.",
            "这是指数的经验值 0.1。水平要从窗口里取。",
        ),
    },
    planted=(
        ("blind", "np.mean((window[1:] - a * window[:-1]) ** 2)", "np.mean(window**2)"),
        ("falls", "np.mean((window[1:] - a * window[:-1]) ** 2)", "np.mean(window[1:] * window[:-1])"),
        ("misses-shuffled", "np.mean((window[1:] - a * window[:-1]) ** 2)", "window[0] ** 2"),
        ("not-repeatable", "return np.mean(", "return np.random.default_rng().normal() + np.mean("),
        ("shape", "np.mean((window[1:] - a * window[:-1]) ** 2)", "(window[1:] - a * window[:-1]) ** 2"),
        ("low-side", "1 - rate", "rate"),
        (
            "largest",
            "np.quantile([quantity(past, window) for window in windows], 1 - rate)",
            "max(quantity(past, window) for window in windows)",
        ),
        (
            "average",
            "np.quantile([quantity(past, window) for window in windows], 1 - rate)",
            "np.mean([quantity(past, window) for window in windows])",
        ),
        ("rule-of-thumb", "np.quantile([quantity(past, window) for window in windows], 1 - rate)", "0.1"),
    ),
    hints=(
        Text(
            "What does a recurrent network live on, that a histogram does not show?",
            "循环网络靠什么吃饭，而直方图里看不见？",
        ),
        Text(
            "Differences of neighbours, or the error of a forecast from the number before: its label is the next input, which is"
            " there already.",
            "相邻的差分，或者由前一个数作预报的误差：它的标签就是下一个输入，已经在手里了。",
        ),
        Text(
            "stability_index(np.diff(past), np.diff(window)) is one; the mean of (window[1:] − a·window[:-1])² another, with a"
            " fitted on past. The level is np.quantile of the values, 1 − rate.",
            "stability_index(np.diff(past), np.diff(window)) 是一个；(window[1:] − a·window[:-1])² 的平均是另一个，a 在 past 上拟合。"
            "水平是各值的 np.quantile，取 1 − rate。",
        ),
    ),
)

EXERCISES = (BYTE, THRESHOLD, ORDER)
