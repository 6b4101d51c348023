"""Exercises of the chapter *data*."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn.text import stream_batches
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── how much text? ──────────────────────────────────────────────────────────────────────────────────────────────────


def updates(size, batch, steps, readings):
    """Return how many updates it takes to read a text so many times."""
    streams = (size - 1) // batch
    return readings * int(np.ceil(streams / steps))


def curve(runs):
    """Return the sizes, the perplexity of the network, that of the longest counts, and the lead."""
    sizes = sorted({run["size"] for run in runs})
    network, counts = [], []
    for size in sizes:
        seeds = [run for run in runs if run["size"] == size]
        kept = [run["test"][np.argmin(run["validation"])] for run in seeds]
        network.append(np.exp(np.median(kept)))
        counts.append(np.exp(seeds[0]["counted"][-1]))
    return sizes, network, counts, list(np.divide(counts, network))


def check_curve(work: Subject) -> None:
    """Sizes that divide and sizes that do not; curves whose three minima lie at different looks."""
    rng = np.random.default_rng()
    for size, batch, steps in ((2 * int(rng.integers(300, 400)) + 1, 2, 7), (603, 3, 20), (601, 3, 20), (653, 4, 9)):
        one = sum(1 for _ in stream_batches(np.zeros(size), batch, steps)(None))
        readings = int(rng.integers(5, 9))
        expect(
            f"updates({size}, {batch}, {steps}, {readings})",
            work("updates", size, batch, steps, readings),
            readings * one,
            {
                "once": one,
                "rest-dropped": readings * ((size - 1) // batch // steps),
                "no-streams": readings * -(-(size - 1) // steps),
                "no-steps": readings * ((size - 1) // batch),
                "last-target": readings * -(-(size // batch) // steps),
                "readings-at-once": -(-(readings * ((size - 1) // batch)) // steps),
            },
        )
    runs = _runs(rng)
    expect(
        "curve(runs)",
        work("curve", runs),
        _curve(runs, _kept),
        {
            "at-the-end": lambda: _curve(runs, lambda run: run["test"][-1]),
            "chosen-on-test": lambda: _curve(runs, lambda run: min(run["test"])),
            "validation-reported": lambda: _curve(runs, lambda run: min(run["validation"])),
            "mean-of-seeds": lambda: _curve(runs, _kept, np.mean),
            "best-seed": lambda: _curve(runs, _kept, np.min),
            "one-seed": lambda: _curve(runs, _kept, lambda values: values[0]),
            "losses": lambda: _curve(runs, _kept, exp=lambda loss: loss),
            "base-two": lambda: _curve(runs, _kept, exp=np.exp2),
            "best-counts": lambda: _curve(runs, _kept, counted=min),
            "pairs": lambda: _curve(runs, _kept, counted=lambda losses: losses[1]),
            "lead-upside-down": lambda: _curve(runs, _kept, lead=lambda network, counts: network / counts),
            "lead-difference": lambda: _curve(runs, _kept, lead=lambda network, counts: counts - network),
            "unsorted": lambda: _curve(runs, _kept, sizes=list(dict.fromkeys(run["size"] for run in runs))),
        },
    )


def _kept(run: dict[str, Any]) -> float:
    return float(run["test"][int(np.argmin(run["validation"]))])


def _runs(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Make runs of four sizes and five seeds: validation is best in the middle, the test a look before."""
    runs = []
    for size in (180_000, 20_000, 552_000, 60_000):
        counted = np.array([*rng.permutation([3.1, 2.4, 1.5, 1.9]), 1.7]) + rng.uniform(0, 0.1)  # not the least
        for spread in rng.permutation([0.0, 0.02, 0.05, 0.3, 0.9]):
            validation = np.array([3.0, 2.2, 1.9, 1.4, 1.8, 2.1]) + spread + rng.uniform(0, 0.1, 6)
            test = np.array([3.1, 2.1, 1.2, 1.6, 1.9, 2.3]) + spread + rng.uniform(0, 0.1, 6)
            losses = {"validation": validation.tolist(), "test": test.tolist(), "counted": counted.tolist()}
            runs.append({"size": size, **losses})
    return [runs[i] for i in (0, 5, *rng.permutation([i for i in range(20) if i not in (0, 5)]))]


def _curve(
    runs: list[dict[str, Any]],
    choose: Callable[[dict[str, Any]], Any],
    middle: Callable[[Any], Any] = np.median,
    *,
    counted: Callable[[Any], Any] = lambda losses: losses[-1],
    exp: Callable[[Any], Any] = np.exp,
    lead: Callable[[Any, Any], Any] = lambda network, counts: counts / network,
    sizes: list[int] | None = None,
) -> Any:
    """Return the curve, or what a mistake makes of it. Of each size there is an odd number of seeds."""
    rows = []
    for size in sizes or sorted({run["size"] for run in runs}):
        seeds = [run for run in runs if run["size"] == size]
        network = exp(middle([choose(run) for run in seeds]))
        counts = exp(counted(seeds[0]["counted"]))
        rows.append((size, network, counts, lead(network, counts)))
    return tuple(np.array(column) for column in zip(*rows, strict=True))


# ── noise ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def noisy(utterances, share, seed):
    """Return utterances with normal noise: each coefficient's standard deviation over all frames, times share."""
    rng = np.random.default_rng(seed)
    spread = np.concatenate(utterances).std(axis=0)
    return [one + rng.normal(size=one.shape) * share * spread for one in utterances]


def table(methods, learned, classes, test, truth, seed):
    """Return for each method the percent that are right of the clean test, and with noise of a quarter, of a half."""
    tests = [noisy(test, share, seed) for share in (0, 0.25, 0.5)]
    return {
        name: [100 * np.mean(np.asarray(method(learned, classes, one)) == truth) for one in tests]
        for name, method in methods.items()
    }


def suffers_most(rows):
    """Return the name of the method that loses most from the clean test to the noise of a half."""
    return max(rows, key=lambda name: rows[name][0] - rows[name][2])


METHODS = """
seen = []

def method(kind):
    def classify(learned, classes, test):
        seen.append([kind, [np.array(one) for one in learned], np.array(classes), [np.array(one) for one in test]])
        first = [one[0, 0] for one in test] if kind == "first" else [one.mean() for one in test]
        return np.digitize(first, (-1.0, 1.0))
    return classify

def take():
    came = list(seen)
    seen.clear()
    return came
"""


def check_noise(work: Subject) -> None:
    """Coefficients of very different size, utterances of different length, methods that keep what they are given."""
    rng = np.random.default_rng()
    _check_noisy(work, rng)
    work.define(METHODS)
    methods = {kind: work.call("method", kind).value for kind in ("bag", "first")}
    learned, test = ([5 * rng.normal(size=(int(n), 3)) for n in rng.integers(3, 9, size)] for size in (11, 37))
    classes, truth = rng.integers(0, 3, 11), rng.integers(0, 3, 37)
    rows = work("table", methods, learned, classes, test, truth, 5)
    seen = work.call("take").value
    given = {kind: [one for one in seen if one[0] == kind] for kind in methods}
    for kind in methods:
        if not given[kind]:
            raise Wrong("method-left-out", name=kind)
        if any(compare(one[1], learned) is not None for one in given[kind]):
            raise Wrong("noise-in-training")
    if any(len(given[kind]) != 3 for kind in methods):
        raise Wrong("three-tests", count=len(given["bag"]))
    order = {kind: sorted(given[kind], key=lambda one: _size_of_noise(one[3], test)) for kind in methods}
    _check_tests([one[3] for one in order["bag"]], test)
    for bag, first in zip(order["bag"], order["first"], strict=True):
        if compare(first[3], bag[3]) is not None:
            raise Wrong("other-noise")
    right = {kind: [100 * float(np.mean(_guess(kind, one[3]) == truth)) for one in order[kind]] for kind in methods}
    expect(
        "table(…)",
        rows,
        right,
        {
            "share-of-one": {kind: [value / 100 for value in row] for kind, row in right.items()},
            "wrong-counted": {kind: [100 - value for value in row] for kind, row in right.items()},
            "counts": {kind: [value * 0.37 for value in row] for kind, row in right.items()},
            "noisiest-first": {kind: row[::-1] for kind, row in right.items()},
        },
    )
    _check_most(work, rng)


def _check_noisy(work: Subject, rng: np.random.Generator) -> None:
    """Look at the noise itself: its size by coefficient, its mean, whether frames and coefficients share it."""
    sizes = np.array([0.02, 9.0, 1.0, 3.0])
    levels = rng.normal(size=(60, 1, 4))  # utterances differ, so that the spread within one is not that of all
    clean = [
        sizes * (level + rng.normal(size=(int(n), 4)) + 4)
        for level, n in zip(levels, rng.integers(60, 90, 60), strict=True)
    ]
    frames = np.concatenate(clean)
    seed, share = int(rng.integers(1000)), 0.25
    came = work("noisy", clean, share, seed)
    if came is None:
        raise Wrong("returns-none", of="noisy(utterances, share, seed)")
    if not isinstance(came, list | tuple) or [np.shape(one) for one in came] != [one.shape for one in clean]:
        raise Wrong("shape", of="noisy(utterances, share, seed)")
    noise = np.concatenate([np.asarray(one, dtype=float) for one in came]) - frames
    if compare(work("noisy", clean, share, seed), list(came)) is not None:
        raise Wrong("seed-unused")
    if compare(work("noisy", clean, share, seed + 1), list(came)) is None:
        raise Wrong("seed-fixed")
    got, truth = noise.std(axis=0), share * frames.std(axis=0)
    otherwise = {
        "no-share": frames.std(axis=0),
        "same-for-all": np.full(4, share * frames.std()),
        "absolute-size": np.full(4, share),
        "variance": share * frames.var(axis=0),
        "share-squared": share**2 * frames.std(axis=0),
        "share-of-mean": share * np.abs(frames.mean(axis=0)),
        "within-utterances": share * np.sqrt(np.mean([one.var(axis=0) for one in clean], axis=0)),
        "first-utterance": share * clean[0].std(axis=0),
        "uniform": share * frames.std(axis=0) / np.sqrt(3),
    }
    if not noise.any():
        raise Wrong("clean")
    unit = (noise - noise.mean(axis=0)) / np.where(got > 0, got, 1)
    if np.mean(unit[1:] * unit[:-1]) > 0.2:
        raise Wrong("one-draw")
    if np.mean(unit[:, 0] * unit[:, 1]) > 0.2:
        raise Wrong("one-draw-per-frame")
    if _far(got, truth):
        for key, value in otherwise.items():
            if not _far(got, value):
                raise Wrong(key)
        expect("noisy(utterances, 0.25, seed): the spread of the noise", got, truth)
    if (np.abs(noise.mean(axis=0)) > 0.2 * truth).any():
        raise Wrong("not-centred")
    expect("noisy(utterances, 0, seed)", work("noisy", clean, 0, seed), clean)


def _far(got: Any, wanted: Any) -> bool:
    """Tell whether two spreads differ by more than chance does, with 4000 frames."""
    with np.errstate(all="ignore"):
        return bool((np.abs(np.log(got / wanted)) > 0.1).any())


def _size_of_noise(came: list[Any], test: list[Any]) -> float:
    return float(np.std(np.concatenate(came) - np.concatenate(test)))


def _check_tests(came: list[list[Any]], test: list[Any]) -> None:
    """Hold the three tests to noise of 0, a quarter and a half: with 200 frames of three coefficients, roughly."""
    spread = np.concatenate(test).std(axis=0)
    found = [float(np.std((np.concatenate(one) - np.concatenate(test)) / spread)) for one in came]
    if found[0] > 1e-9:
        raise Wrong("no-clean-row")
    if not 0.18 < found[1] < 0.33 or not 0.36 < found[2] < 0.66:
        raise Wrong("other-shares", shares=", ".join(f"{value:.2f}" for value in found))


def _guess(kind: str, test: list[Any]) -> Any:
    return np.digitize([one[0, 0] if kind == "first" else one.mean() for one in test], (-1.0, 1.0))


def _check_most(work: Subject, rng: np.random.Generator) -> None:
    """Show rows in which the largest fall, the lowest end and the largest ratio belong to different methods."""
    shift = rng.uniform(0, 2)
    rows = {"DTW": [96.0, 62.0, 58.0], "bag": [61.0, 40.0, 30.0], "GRU": [92.0, 84.0, 40.0], "words": [24.0, 15.0, 9.0]}
    names = list(rng.permutation(list(rows)))
    rows = {str(name): [value + shift for value in rows[name]] for name in names}
    came = work("suffers_most", rows)
    expect(
        "suffers_most(rows)",
        came,
        "GRU",
        {"to-a-quarter": "DTW", "lowest-at-the-end": "words", "suffers-least": "words"},
    )
    worst = {"first": [90.0, 80.0, 70.0], "second": [50.0, 30.0, 10.0], "third": [99.0, 99.0, 99.0]}
    expect("suffers_most(rows)", work("suffers_most", worst), "second", {"suffers-least": "third"})


EXERCISES = (
    Exercise(
        chapter="data",
        number=2,
        title=Text("How much text?", "多少文本才够"),
        task=Text(
            "Write updates(size, batch, steps, readings): how many updates it takes to read a text of `size` characters"
            " `readings` times, with the batches of rnn.text.stream_batches: `batch` streams, at most `steps` steps an"
            " update, and every reading begins anew. For five readings of the 60,000 characters this is the least budget.\n"
            "Write curve(runs). runs is a list of dicts, one for each size and seed, in any order, with an odd number of"
            ' seeds for each size: "size"; "validation" and "test", the losses of the network in nats at each look (lists'
            ' of equal length); "counted", the losses on the test of counting pieces of 1, 2, … characters, the same for'
            " all seeds of a size. Return four lists: the sizes in rising order; for each the test perplexity of the"
            " network at its best look, which validation chooses, the median over the seeds; the perplexity of the longest"
            " counts; and the lead, counts divided by network.",
            "写 updates(size, batch, steps, readings)：size 个字符的文本读 readings 遍，要多少次更新。批次由"
            " rnn.text.stream_batches 切成：batch 条流，每次更新最多 steps 步，每一遍都从头开始。60,000 个字符读五遍，"
            "至少要这么多预算。\n"
            "写 curve(runs)。runs 是字典的列表，每种大小、每个种子一个，次序任意，每种大小的种子数是奇数："
            '"size"；"validation" 和 "test" 是网络在每次查看时的损失，单位 nat（两个等长的列表）；"counted" 是数 1、2、…… 个字符的片段'
            "在测试上的损失，同一大小的各种子相同。返回四个列表：从小到大的 size；每种大小上，网络在最好那次查看（由验证选出）时的"
            "测试困惑度，取各种子的中位数；最长的计数的困惑度；领先的倍数，即计数除以网络。",
        ),
        solution=(updates, curve),
        check=check_curve,
        names={
            "once": Text("This is one reading. Multiply by the number of readings.", "这只是读一遍。要乘以遍数。"),
            "rest-dropped": Text(
                "The last update of a reading may have fewer steps; it counts as well.",
                "一遍里最后一次更新的步数可能少一些，它也算一次。",
            ),
            "no-streams": Text(
                "The text is read by several streams at once: divide by `batch`.", "文本由几条流同时读：要除以 batch。"
            ),
            "no-steps": Text(
                "An update reads `steps` characters of each stream.", "一次更新在每条流上读 steps 个字符。"
            ),
            "last-target": Text(
                "The last character is only a target. The streams share size − 1 inputs.",
                "最后一个字符只作目标。各条流分的是 size − 1 个输入。",
            ),
            "readings-at-once": Text(
                "Each reading begins anew, so each has its own short last batch. Round up before you multiply.",
                "每一遍都重新开始，都有自己的那个短的末批。先取整，再乘。",
            ),
            "at-the-end": Text(
                "This is the network at the end of its training. Validation says at which look it was best.",
                "这是训练结束时的网络。哪一次查看最好，由验证来定。",
            ),
            "chosen-on-test": Text(
                "The look is chosen by the test itself, which flatters the network. Let validation choose.",
                "查看的时刻是由测试自己选的，这偏袒了网络。应由验证来选。",
            ),
            "validation-reported": Text(
                "Validation has chosen the look, but its own loss is reported. Take the test loss of that look.",
                "时刻由验证选出，报告的却是验证的损失。应取那一次的测试损失。",
            ),
            "mean-of-seeds": Text("This is the mean of the seeds, not the median.", "这是各种子的平均，不是中位数。"),
            "best-seed": Text("This is the best of the seeds, not the median.", "这是最好的种子，不是中位数。"),
            "one-seed": Text("Only one seed of each size is used.", "每种大小只用了一个种子。"),
            "losses": Text(
                "These are losses in nats. The perplexity is their exponential.",
                "这是以 nat 计的损失。困惑度是它的指数。",
            ),
            "base-two": Text("The losses are in nats: the base is e, not 2.", "损失以 nat 计：底是 e，不是 2。"),
            "best-counts": Text(
                "This is the best of the counts. Wanted is the longest piece, the last entry.",
                "这是计数里最好的。要的是最长的片段，即最后一个。",
            ),
            "pairs": Text("These are counts of pairs, the easy rival.", "这是数两个字符的，是容易的对手。"),
            "lead-upside-down": Text(
                "The lead is upside down: above 1 the network is ahead.", "领先的倍数颠倒了：大于 1 表示网络在前。"
            ),
            "lead-difference": Text(
                "The lead is a ratio of perplexities, not a difference.", "领先是困惑度之比，不是差。"
            ),
            "unsorted": Text(
                "The sizes are in the order of the runs. A curve needs them sorted.",
                "各大小按运行的次序排。画曲线要先排好序。",
            ),
        },
        planted=(
            ("once", "return readings * int(", "return int("),
            ("rest-dropped", "int(np.ceil(streams / steps))", "(streams // steps)"),
            ("last-target", "(size - 1) // batch", "size // batch"),
            (
                "readings-at-once",
                "readings * int(np.ceil(streams / steps))",
                "int(np.ceil(readings * streams / steps))",
            ),
            ("at-the-end", '[np.argmin(run["validation"])]', "[-1]"),
            ("chosen-on-test", 'np.argmin(run["validation"])', 'np.argmin(run["test"])'),
            ("validation-reported", 'run["test"][', 'run["validation"]['),
            ("mean-of-seeds", "np.median", "np.mean"),
            ("best-counts", 'seeds[0]["counted"][-1]', 'min(seeds[0]["counted"])'),
            ("lead-upside-down", "np.divide(counts, network)", "np.divide(network, counts)"),
            ("unsorted", 'sorted({run["size"] for run in runs})', 'list(dict.fromkeys(run["size"] for run in runs))'),
        ),
        hints=(
            Text(
                "Which part of the data may say at which moment a network was at its best?",
                "网络什么时候最好，数据的哪一部分有权来说？",
            ),
            Text(
                "For each run find the look with the smallest validation loss and take the test loss of that look. In one"
                " reading a stream has (size − 1) // batch steps.",
                "每次运行先找验证损失最小的那次查看，再取那一次的测试损失。读一遍，一条流有 (size − 1) // batch 步。",
            ),
            Text(
                "Round the updates of one reading up, then multiply. Perplexity is exp of the loss; the longest counts are"
                " counted[-1]; the lead is counts / network.",
                "先把一遍的更新次数向上取整，再乘。困惑度是损失的 exp；最长的计数是 counted[-1]；领先是 计数 / 网络。",
            ),
        ),
    ),
    Exercise(
        chapter="data",
        number=3,
        title=Text("Noise", "噪声"),
        task=Text(
            "An utterance is an array (T, D): T frames of D cepstra; T differs from one to the next.\n"
            "Write noisy(utterances, share, seed): a new list with independent normal noise added to every number. Its"
            " standard deviation is `share` times that of the coefficient, taken over all frames of all these utterances."
            " The noise comes from np.random.default_rng(seed).\n"
            "Write table(methods, learned, classes, test, truth, seed). methods is a dict of functions"
            " method(learned, classes, test), each of which returns the classes (N,) that it guesses for the test; learned"
            " and test are lists of utterances, classes and truth their right classes. Return a dict with the same names:"
            " for each method a list of three numbers, the percent that are right of the clean test, with noise of a"
            " quarter, and of a half. All methods see the same noise; learned stays clean. (To train with noise, give"
            " noisy(learned, …) as learned.)\n"
            "Write suffers_most(rows): of such a dict the name of the method that loses most percent points from clean to"
            " a half.",
            "一段话是数组 (T, D)：T 帧，每帧 D 个倒谱系数；各段的 T 不同。\n"
            "写 noisy(utterances, share, seed)：返回新列表，每个数都加上独立的正态噪声，标准差是 share 乘以该系数的标准差，"
            "后者在所有这些段的全部帧上计算。噪声来自 np.random.default_rng(seed)。\n"
            "写 table(methods, learned, classes, test, truth, seed)。methods 是函数的字典，每个函数 method(learned, classes, test)"
            " 返回它对测试猜的类别 (N,)；learned 和 test 是段的列表，classes 和 truth 是它们正确的类别。返回同样名字的字典：每种方法"
            "三个数，即干净的测试、噪声取四分之一、取一半时，正确的百分比。各方法看到同样的噪声；learned 保持干净。"
            "（要用带噪声的数据训练，把 noisy(learned, …) 作为 learned 交进去。）\n"
            "写 suffers_most(rows)：从这样的字典里，返回从干净到一半损失百分点最多的方法的名字。",
        ),
        solution=(noisy, table, suffers_most),
        check=check_noise,
        names={
            "no-share": Text(
                "The noise is as large as the coefficient's own spread: `share` is missing.",
                "噪声与系数本身的波动一样大：少乘了 share。",
            ),
            "same-for-all": Text(
                "All coefficients get noise of the same size. Each has a standard deviation of its own: mind the axis.",
                "所有系数的噪声一样大。每个系数有自己的标准差：注意轴。",
            ),
            "absolute-size": Text(
                "The noise has the standard deviation `share`, whatever the coefficient. It is a share of something.",
                "不管哪个系数，噪声的标准差都是 share。它应当是某个量的一部分。",
            ),
            "variance": Text(
                "The noise is scaled by the variance, not by the standard deviation.",
                "噪声按方差缩放，而不是按标准差。",
            ),
            "share-squared": Text("`share` enters twice.", "share 乘了两次。"),
            "share-of-mean": Text(
                "The noise is a share of the mean of each coefficient. Wanted is a share of its spread.",
                "噪声按各系数的平均取份额。要的是按波动取。",
            ),
            "within-utterances": Text(
                "The spread is taken inside each utterance. Take it over all frames together.",
                "标准差是在每段之内算的。要在全部帧上一起算。",
            ),
            "first-utterance": Text(
                "The spread of the first utterance is used for all.", "所有段都用了第一段的标准差。"
            ),
            "uniform": Text("The noise is uniform, not normal.", "噪声是均匀的，不是正态的。"),
            "clean": Text("There is no noise in what comes back.", "返回的数据里没有噪声。"),
            "not-centred": Text("The noise has a mean far from zero.", "噪声的平均离零很远。"),
            "one-draw": Text(
                "Neighbouring frames share their noise. Every frame needs numbers of its own.",
                "相邻的帧用了同样的噪声。每一帧都要有自己的数。",
            ),
            "one-draw-per-frame": Text(
                "All coefficients of a frame share one number. Draw an array of the shape of the utterance.",
                "一帧的所有系数共用一个数。要抽一个与整段形状相同的数组。",
            ),
            "seed-unused": Text("The same seed gives other noise the next time.", "同一个种子，再来一次，噪声却不同。"),
            "seed-fixed": Text("Another seed gives the same noise.", "换了种子，噪声还是一样。"),
            "method-left-out": Text("The method {name} is never called.", "方法 {name} 没有被调用。"),
            "noise-in-training": Text(
                "What is learned from has noise too. In this table it stays clean.",
                "用来学习的数据也有噪声。在这张表里它保持干净。",
            ),
            "three-tests": Text(
                "Each method has three tests, clean, a quarter and a half; here it has {count}.",
                "每种方法有三次测试：干净、四分之一、一半；这里是 {count} 次。",
            ),
            "other-noise": Text(
                "Each method meets other noise. Make the noisy tests once, and show them to all.",
                "各方法遇到的噪声不同。先把带噪声的测试做好，再给所有方法看。",
            ),
            "no-clean-row": Text("The first test is not clean.", "第一次测试不是干净的。"),
            "other-shares": Text(
                "The noise of the three tests is {shares} of the spread; wanted are 0, 0.25 and 0.5.",
                "三次测试的噪声是波动的 {shares}；要的是 0、0.25 和 0.5。",
            ),
            "share-of-one": Text("These are shares of one; the table is in percent.", "这是份额；表里是百分比。"),
            "wrong-counted": Text(
                "These are the wrong answers; the table has the right ones.", "这是答错的；表里是答对的。"
            ),
            "counts": Text("These are numbers of utterances; the table is in percent.", "这是段数；表里是百分比。"),
            "noisiest-first": Text(
                "The columns are in the wrong order: the clean test comes first.", "各列次序反了：干净的测试在前。"
            ),
            "to-a-quarter": Text(
                "This method loses most up to a quarter; asked is clean to a half.",
                "它到四分之一时损失最多；问的是从干净到一半。",
            ),
            "lowest-at-the-end": Text(
                "This method has the smallest number. Another one has lost more from where it began.",
                "它的数最小。另有方法比自己的起点掉得更多。",
            ),
            "suffers-least": Text("This method loses least.", "它损失最少。"),
        },
        planted=(
            ("no-share", "* share * spread", "* spread"),
            ("same-for-all", ".std(axis=0)", ".std()"),
            ("absolute-size", "* share * spread", "* share"),
            ("variance", ".std(axis=0)", ".var(axis=0)"),
            ("within-utterances", "* share * spread", "* share * one.std(axis=0)"),
            ("one-draw-per-frame", "rng.normal(size=one.shape)", "rng.normal(size=(len(one), 1))"),
            ("one-draw", "rng.normal(size=one.shape)", "rng.normal(size=one.shape[1:])"),
            ("seed-unused", "default_rng(seed)", "default_rng()"),
            (
                "noise-in-training",
                "method(learned, classes, one)",
                "method(noisy(learned, 0.25, seed), classes, one)",
            ),
            ("share-of-one", "100 * np.mean", "np.mean"),
            ("other-shares", "(0, 0.25, 0.5)", "(0, 0.5, 1)"),
            ("to-a-quarter", "rows[name][2]", "rows[name][1]"),
            ("lowest-at-the-end", "rows[name][0] - rows[name][2]", "-rows[name][2]"),
        ),
        hints=(
            Text(
                "The first coefficient is ten times as large as the last. What does the same noise on both do?",
                "第一个系数比最后一个大十倍。两者加同样大的噪声，会怎样？",
            ),
            Text(
                "Put all frames under one another, (frames, D), and take the standard deviation along the frames. Make the"
                " three tests before the loop over the methods.",
                "把所有帧摞成 (帧数, D)，沿帧的方向取标准差。三份测试在遍历方法之前做好。",
            ),
            Text(
                "spread = np.concatenate(utterances).std(axis=0); each utterance gets rng.normal(size=one.shape) * share *"
                " spread. Percent right: 100 * np.mean(guess == truth).",
                "spread = np.concatenate(utterances).std(axis=0)；每段加 rng.normal(size=one.shape) * share * spread。"
                "正确的百分比：100 * np.mean(guess == truth)。",
            ),
        ),
    ),
)
