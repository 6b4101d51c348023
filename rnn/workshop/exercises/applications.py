"""Exercises of the chapter *applications*."""

from collections.abc import Sequence
from functools import cache
from itertools import permutations
from typing import Any

import numpy as np

from rnn.metrics import edit_distances
from rnn.validate import Array
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Difference, Text, Wrong, compare, expect, shown

# ── 4: which edits ──────────────────────────────────────────────────────────────────────────────────────────────────


def edits(reference, guess):
    """Return the numbers of replacements, deletions and insertions on a shortest way."""
    D = edit_distances(reference, guess)
    i, j = len(reference), len(guess)
    replaced = deleted = inserted = 0
    while i or j:
        if i and j and D[i, j] == D[i - 1, j - 1] + (reference[i - 1] != guess[j - 1]):
            replaced += reference[i - 1] != guess[j - 1]
            i, j = i - 1, j - 1
        elif i and D[i, j] == D[i - 1, j] + 1:
            deleted += 1
            i -= 1
        else:
            inserted += 1
            j -= 1
    return replaced, deleted, inserted


def tie():
    """Return two strings, between which shortest ways differ in what they do."""
    return "ab", "ba"


Way = tuple[int, int, int, int]  # replacements, deletions, insertions, and symbols that stay


def _ways(reference: Sequence[Any], guess: Sequence[Any], *, edges: bool = True) -> dict[Way, int]:
    """Return what the shortest ways do, and how many there are of each kind; without `edges` what the edges add is lost."""

    @cache
    def ways(i: int, j: int) -> dict[Way, int]:
        if not i and not j:
            return {(0, 0, 0, 0): 1}
        moves = []
        if i and j:
            same = reference[i - 1] == guess[j - 1]
            moves.append((ways(i - 1, j - 1), (int(not same), 0, 0, int(same))))
        if i:
            moves.append((ways(i - 1, j), (0, 1, 0, 0)))
        if j:
            moves.append((ways(i, j - 1), (0, 0, 1, 0)))
        found: dict[Way, int] = {}
        for before, step in moves:
            for way, count in before.items():
                r, d, n, kept = (a + b for a, b in zip(way, step, strict=True))
                found[r, d, n, kept] = found.get((r, d, n, kept), 0) + count
        least = min(sum(way[:3]) for way in found)
        return {way: count for way, count in found.items() if sum(way[:3]) == least}

    if edges:
        return ways(len(reference), len(guess))
    inner = [(i, j) for i in range(len(reference) + 1) for j in range(len(guess) + 1) if not (i and j)]
    total = {sum(way[:3]) for way in ways(len(reference), len(guess))}.pop()
    lost: dict[Way, int] = {}
    for i, j in inner:
        for way in _ways(reference[i:], guess[j:]):
            if sum(way[:3]) == total - i - j:
                lost[way] = 1
    return lost


def _hold(work: Subject, reference: Sequence[Any], guess: Sequence[Any]) -> None:
    of = f"edits({reference!r}, {guess!r})"
    got = work("edits", reference, guess)
    ways = _ways(reference, guess)
    counts = {way[:3] for way in ways}
    if not isinstance(got, list | tuple | np.ndarray) or len(got) != 3:
        expect(of, got, min(counts))
    try:
        r, d, n = (int(number) for number in got)
    except (TypeError, ValueError):
        raise Wrong("shape", Difference("shape", "three whole numbers", shown(got)), of=of) from None
    if (r, d, n) in counts:
        return
    truth = min(counts, key=lambda way: abs(way[0] - r))
    difference = Difference("", str(truth), str((r, d, n)))
    if (r, n, d) in counts:
        raise Wrong("exchanged", difference, of=of)
    if (r, d, n) in {(way[0] + way[3], *way[1:3]) for way in ways}:
        raise Wrong("matches-counted", difference, of=of)
    if (r, d, n) in {way[:3] for way in _ways(reference, guess, edges=False)}:
        raise Wrong("edges", difference, of=of)
    if (r, d, n) in {(0, b + a, c + a) for a, b, c in counts}:
        raise Wrong("replaced-twice", difference, of=of)
    if any(order in counts for order in permutations((r, d, n))):
        raise Wrong("order", difference, of=of)
    if r + d + n > sum(truth) and d - n == truth[1] - truth[2]:
        raise Wrong("longer", difference, of=of)
    raise Wrong("differs", difference, of=of)


def check_edits(work: Subject) -> None:
    """Try words with one answer, empty sequences, random ones against all shortest ways; and an example of a tie."""
    _hold(work, "kitten", "sitting")
    _hold(work, "unlikely", "like")
    _hold(work, "xyabc", "abc")
    _hold(work, "bcda", "abcd")
    for reference, guess in (("", "abc"), ("ab", ""), ("", ""), ("same", "same")):
        _hold(work, reference, guess)
    _hold(work, ["switch", "off", "the", "light"], ["switch", "of", "light", "now", "please"])
    rng = np.random.default_rng()
    for _ in range(12):
        _hold(work, *(rng.integers(3, size=rng.integers(2, 8)).tolist() for _ in range(2)))

    pair = work("tie")
    if (
        not isinstance(pair, list | tuple)
        or len(pair) != 2
        or not all(isinstance(one, str | list | tuple) for one in pair)
    ):
        expect("tie()", pair, ("ab", "ba"))  # the kind is wrong, whatever stands in it
    if max(len(one) for one in pair) > 12:
        raise Wrong("long-example", of="tie()")
    ways = _ways(*pair)
    if len({way[:3] for way in ways}) < 2:
        raise Wrong("same-kinds" if sum(ways.values()) > 1 else "one-way", of="tie()", count=sum(ways.values()))


EDITS = Exercise(
    chapter="applications",
    number=4,
    title=Text("Which edits?", "是哪几种编辑"),
    task=Text(
        "Write two functions.\n"
        "edits(reference, guess): two strings or two lists of symbols, either of which may be empty. Return three whole"
        " numbers (replacements, deletions, insertions) on a shortest way from reference to guess; a deletion takes a symbol"
        " of the reference out, an insertion puts one of the guess in. rnn.metrics.edit_distances(reference, guess) gives the"
        " table; walk back from its last corner. Where there is more than one shortest way, any of them will do.\n"
        "tie(): return two strings of at most 12 symbols, between which there are two shortest ways with different numbers"
        " of the three kinds.",
        "写两个函数。\n"
        "edits(reference, guess)：两个字符串，或者两个符号的列表，都可以为空。返回从 reference 到 guess 的一种最短办法的三个整数"
        "（替换、删除、插入）；删除是去掉 reference 的一个符号，插入是放进 guess 的一个符号。"
        "rnn.metrics.edit_distances(reference, guess) 给出整张表，从它的最后一角往回走。最短的办法不止一种时，哪一种都可以。\n"
        "tie()：返回两个字符串，各不超过 12 个符号，它们之间有两种最短的办法，三种编辑的次数不同。",
    ),
    solution=(edits, tie),
    check=check_edits,
    names={
        "exchanged": Text(
            "`{of}`: deletions and insertions are exchanged. A step from one row to the next uses up a symbol of the reference"
            " alone: it is taken out.",
            "`{of}`：删除和插入对调了。从一行走到另一行，只用掉 reference 的一个符号：它被去掉了。",
        ),
        "matches-counted": Text(
            "`{of}`: symbols that stay as they are are counted as replacements.",
            "`{of}`：没有变的符号也算成了替换。",
        ),
        "edges": Text(
            "`{of}`: the walk ends at the edge of the table. What is left of one of the two has to be counted, too.",
            "`{of}`：走到表的边上就停了。其中一个序列剩下的符号也要算。",
        ),
        "replaced-twice": Text(
            "`{of}`: each replacement is counted as a deletion and an insertion.",
            "`{of}`：每次替换算成了一次删除加一次插入。",
        ),
        "order": Text(
            "`{of}`: the numbers stand in another order than replacements, deletions, insertions.",
            "`{of}`：三个数的次序不是替换、删除、插入。",
        ),
        "longer": Text(
            "`{of}`: this way is longer than the shortest. Go only to a neighbour from which the recursion may have come:"
            " its entry and the cost of the step must add up.",
            "`{of}`：这条路不是最短的。只能走到递推可能来自的邻格：那里的数加上这一步的代价，要正好相等。",
        ),
        "one-way": Text(
            "`{of}`: between these two there is a single shortest way.", "`{of}`：这两个字符串之间最短的办法只有一种。"
        ),
        "same-kinds": Text(
            "`{of}`: there are {count} shortest ways, but all have the same numbers of the three kinds. Look for one that"
            " replaces where another takes out and puts in.",
            "`{of}`：最短的办法有 {count} 种，但三种编辑的次数都一样。找一对，一种办法用替换，另一种用删除加插入。",
        ),
        "long-example": Text("`{of}`: at most 12 symbols.", "`{of}`：最多 12 个符号。"),
    },
    planted=(
        ("exchanged", "return replaced, deleted, inserted", "return replaced, inserted, deleted"),
        ("matches-counted", "replaced += reference[i - 1] != guess[j - 1]", "replaced += 1"),
        ("edges", "while i or j:", "while i and j:"),
        ("longer", "if i and j and D[i, j] == D[i - 1, j - 1] + (reference[i - 1] != guess[j - 1]):", "if i and j:"),
        ("order", "return replaced, deleted, inserted", "return deleted, inserted, replaced"),
        (
            "replaced-twice",
            "replaced += reference[i - 1] != guess[j - 1]",
            "deleted += reference[i - 1] != guess[j - 1]\n            inserted += reference[i - 1] != guess[j - 1]",
        ),
        ("one-way", 'return "ab", "ba"', 'return "kitten", "sitting"'),
        ("same-kinds", 'return "ab", "ba"', 'return "aab", "ab"'),
    ),
    hints=(
        Text(
            "Each entry is the smallest of three sums. Which of the three gave it?",
            "表里每个数都是三个和中最小的。它来自哪一个？",
        ),
        Text(
            "Compare D[i, j] with D[i − 1, j − 1] (plus 1 if the symbols differ), D[i − 1, j] + 1 and D[i, j − 1] + 1. Take care"
            " at the edges, where only one way is left.",
            "把 D[i, j] 与 D[i − 1, j − 1]（符号不同时再加 1）、D[i − 1, j] + 1、D[i, j − 1] + 1 比较。边上只剩一条路，要小心。",
        ),
        Text(
            "while i or j: the diagonal if i and j and it fits; else up (a deletion) if i and it fits; else left (an insertion)."
            " For a tie, two neighbours that change places are enough.",
            "while i or j：i、j 都不为零且吻合，走对角；否则 i 不为零且吻合，往上（删除）；否则往左（插入）。"
            "要找平局，两个相邻的符号换个位置就够了。",
        ),
    ),
    imports="import numpy as np\n\nfrom rnn.metrics import edit_distances",
)

# ── 5: predicting noise ─────────────────────────────────────────────────────────────────────────────────────────────


def smooth(x, centred):
    """Return the mean of five numbers at every step; beyond the ends stand zeros."""
    if centred:
        return np.convolve(x, np.ones(5) / 5, mode="same")
    return np.convolve(x, np.ones(5) / 5)[: len(x)]


def explained(x, smoothed):
    """Return the share of the variance of x that a linear window of smoothed values explains on the second half."""
    past = np.lib.stride_tricks.sliding_window_view(smoothed, 24)[:-1]
    wanted = x[24:]
    half = len(past) // 2
    design = np.column_stack([past, np.ones(len(past))])
    weights = np.linalg.lstsq(design[:half], wanted[:half], rcond=None)[0]
    errors = design[half:] @ weights - wanted[half:]
    return 1 - np.mean(errors**2) / np.var(wanted[half:])


def conclusion():
    """Return how many numbers from after the window stand in its last centred mean."""
    return 2


def _mean_of(x: Array, offsets: Sequence[int]) -> Array:
    """Return at each step the mean of the numbers at these offsets, zero beyond the ends."""
    steps = range(len(x))
    return np.array([sum(x[t + k] for k in offsets if 0 <= t + k < len(x)) / len(offsets) for t in steps])


def _fitted(X: Array, y: Array) -> Array:
    """Return weights by the normal equations, about the means."""
    centre = X.mean(axis=0)
    w = np.linalg.solve((X - centre).T @ (X - centre), (X - centre).T @ (y - y.mean()))
    return np.append(w, y.mean() - centre @ w)


def _shares(x: Array, smoothed: Array) -> list[tuple[str, float]]:
    """Return the explained share, under the name "", and what mistakes make of it."""
    R = len(x) - 24
    half = R // 2
    early, late, every = slice(0, half), slice(half, None), slice(None)

    def fit(rows: int, first: int, target: Array, train: slice, test: slice) -> tuple[float, float]:
        past, y = np.array([smoothed[k : k + 24] for k in range(rows)]), target[first : first + rows]
        W = _fitted(past[train], y[train])
        return float(np.mean((past[test] @ W[:-1] + W[-1] - y[test]) ** 2)), float(y[test].var())

    def share(rows: int, first: int, target: Array, train: slice, test: slice) -> float:
        error, variance = fit(rows, first, target, train, test)
        return 1 - error / variance

    past, y = np.array([smoothed[k : k + 24] for k in range(R)]), x[24:]
    w = np.linalg.solve(past[early].T @ past[early], past[early].T @ y[early])
    error, variance = fit(R, 24, x, early, late)
    shifted = [(key, rows, first) for key, first in (("inside", 23), ("too-far", 25)) for rows in (R, len(x) - first)]
    return [
        ("", 1 - error / variance),
        ("smoothed-target", share(R, 24, smoothed, early, late)),
        ("training-half", share(R, 24, x, early, early)),
        ("fitted-on-all", share(R, 24, x, every, late)),
        ("later-half-first", share(R, 24, x, late, early)),
        ("no-constant", 1 - float(np.mean((past[late] @ w - y[late]) ** 2)) / variance),
        ("unexplained", error / variance),
        ("not-divided", 1 - error),
        ("squared-error", error),
        ("deviation", 1 - float(np.sqrt(error / variance))),
        *(
            (key, share(rows, first, x, slice(0, rows // 2), slice(rows // 2, None)))
            for key, rows, first in shifted
            if rows + first <= len(x)
        ),
    ]


def check_noise(work: Subject) -> None:
    """Try both means; the share on noise with a mean and on numbers with a memory; and what the centred mean contains."""
    rng = np.random.default_rng()
    x = 2 + rng.normal(size=31)
    means = {"centred": (-2, -1, 0, 1, 2), "last-five": (-4, -3, -2, -1, 0), "next-five": (0, 1, 2, 3, 4)}
    smoothed = {name: _mean_of(x, offsets) for name, offsets in means.items()}
    for name, centred in (("centred", True), ("last-five", False)):
        truth, others = smoothed[name], {key: value for key, value in smoothed.items() if key != name}
        inside = (
            np.convolve(np.ones(31), np.ones(5) / 5, mode="same") if centred else _mean_of(np.ones(31), means[name])
        )
        of = f"smooth(x, {centred})"
        kept = truth[2:-2] if centred else truth[4:]
        expect(
            of,
            work("smooth", x, centred),
            truth,
            {**others, "sum": 5 * truth, "edges": truth / inside, "shorter": kept},
        )

    steady, moving = rng.normal(size=700), [0.0]
    for noise in rng.normal(size=700):
        moving.append(0.7 * moving[-1] + noise)
    for values in (3 + steady, 1 + 2 * np.array(moving[1:])):
        for offsets in (means["centred"], means["last-five"]):
            smoothed_values = _mean_of(values, offsets)
            (_, right), *slips = _shares(values, smoothed_values)
            got = work("explained", values, smoothed_values)
            known = next(({key: value} for key, value in slips if compare(got, value) is None), {})
            expect("explained(x, smoothed)", got, right, known)

    touched = [k for k in range(-4, 5) if _mean_of(np.eye(9)[4 + k], means["centred"])[4] != 0]
    future = sum(k > 0 for k in touched)
    expect("conclusion()", work("conclusion"), future, {"only-the-target": 1, "all-five": 5, "no-future": 0})


NOISE = Exercise(
    chapter="applications",
    number=5,
    title=Text("Predicting noise", "预测噪声"),
    task=Text(
        "Write three functions.\n"
        "smooth(x, centred): x is (N,). Return (N,): at each step the mean of five numbers of x, two before it to two after it if"
        " centred is True, else the four before it and itself. Beyond the ends of x stand zeros.\n"
        "explained(x, smoothed): both (N,). A row of the regression has the 24 values smoothed[k], …, smoothed[k + 23] and a"
        " constant, its target is x[k + 24]; k = 0, …, N - 25. Fit by least squares on the first half of the rows, (N - 24) // 2"
        " of them. Return the explained share of the variance on the others: 1 minus the mean squared error over the variance"
        " of their targets, which may be negative.\n"
        "conclusion(): how many numbers of x from after the window stand in its last centred mean, smoothed[k + 23]?",
        "写三个函数。\n"
        "smooth(x, centred)：x 为 (N,)。返回 (N,)：每一步是 x 的五个数的平均；centred 为 True 时从前面两个到后面两个，"
        "否则是前面四个和它自己。x 的两端之外当作零。\n"
        "explained(x, smoothed)：都是 (N,)。回归的一行是 24 个值 smoothed[k]、…、smoothed[k + 23] 和一个常数，目标是 x[k + 24]；"
        "k = 0、…、N - 25。用前一半的行（(N - 24) // 2 行）做最小二乘。返回在其余各行上解释了方差的多大份额："
        "1 减去均方误差与目标方差之比，可以为负。\n"
        "conclusion()：窗口最后一个居中平均 smoothed[k + 23] 里，含有 x 的几个在窗口之后的数？",
    ),
    solution=(smooth, explained, conclusion),
    check=check_noise,
    names={
        "centred": Text(
            "The mean of the last five is centred here as well: it contains two later numbers.",
            "最近五个的平均在这里也是居中的：它含有后面的两个数。",
        ),
        "last-five": Text("The centred mean is here that of the last five.", "居中的平均在这里成了最近五个的平均。"),
        "next-five": Text(
            "The mean looks forward: of this number and the four after it.", "平均朝前看了：取了这个数和它后面四个。"
        ),
        "sum": Text("This is the sum of five numbers: it is not divided by five.", "这是五个数的和，没有除以五。"),
        "edges": Text(
            "At the ends it is divided by fewer than five. Zeros stand there, and they count.",
            "在两端除以的数少于五。那里放的是零，也要算进去。",
        ),
        "shorter": Text(
            "The result is shorter than x: the steps at the ends, where fewer than five numbers are there, are missing.",
            "结果比 x 短：两端不足五个数的那些步缺了。",
        ),
        "smoothed-target": Text(
            "The target is a smoothed value. The raw number is asked for.", "目标是平滑后的值。题目问的是原始的数。"
        ),
        "training-half": Text(
            "The share is that of the first half, on which it was fitted.", "份额是在拟合用的前一半上算的。"
        ),
        "fitted-on-all": Text("The fit has seen the second half as well.", "拟合时把后一半也用上了。"),
        "later-half-first": Text(
            "The halves are exchanged: fit on the earlier, measure on the later.",
            "两半对调了：要在前一半上拟合，在后一半上测量。",
        ),
        "no-constant": Text("The regression has no constant term.", "回归里没有常数项。"),
        "inside": Text(
            "The target x[k + 23] lies within the window: it is one step too early.",
            "目标 x[k + 23] 在窗口之内：早了一步。",
        ),
        "too-far": Text("The target is x[k + 25]: one step too far.", "目标是 x[k + 25]：远了一步。"),
        "unexplained": Text("This is the share that is *not* explained.", "这是**没有**解释的份额。"),
        "not-divided": Text(
            "The squared error is not divided by the variance of the targets.", "均方误差没有除以目标的方差。"
        ),
        "squared-error": Text("This is the mean squared error itself.", "这是均方误差本身。"),
        "deviation": Text(
            "This is a share of the standard deviation, not of the variance.", "这是标准差的份额，不是方差的份额。"
        ),
        "only-the-target": Text(
            "The number that is asked for is one of them. The mean reaches further than that.",
            "所问的那个数是其中之一。平均伸得比它还远。",
        ),
        "all-five": Text(
            "Five numbers stand in the mean, most of them from within the window.", "平均里有五个数，但多数在窗口之内。"
        ),
        "no-future": Text(
            "Then the share could not be far above zero on noise. Write down which x stand in smoothed[k + 23].",
            "那样的话，对噪声解释的份额不会远大于零。写出 smoothed[k + 23] 含有哪几个 x。",
        ),
    },
    planted=(
        ("centred", "np.convolve(x, np.ones(5) / 5)[: len(x)]", 'np.convolve(x, np.ones(5) / 5, mode="same")'),
        ("next-five", "np.convolve(x, np.ones(5) / 5)[: len(x)]", "np.convolve(x, np.ones(5) / 5)[4:]"),
        ("shorter", 'mode="same"', 'mode="valid"'),
        ("smoothed-target", "wanted = x[24:]", "wanted = smoothed[24:]"),
        ("inside", "wanted = x[24:]", "wanted = x[23:-1]"),
        ("fitted-on-all", "np.linalg.lstsq(design[:half], wanted[:half],", "np.linalg.lstsq(design, wanted,"),
        (
            "training-half",
            "errors = design[half:] @ weights - wanted[half:]\n    return 1 - np.mean(errors**2) / np.var(wanted[half:])",
            "errors = design[:half] @ weights - wanted[:half]\n    return 1 - np.mean(errors**2) / np.var(wanted[:half])",
        ),
        ("no-constant", "np.column_stack([past, np.ones(len(past))])", "past"),
        ("unexplained", "return 1 - np.mean(errors**2) / np.var", "return np.mean(errors**2) / np.var"),
        ("inside", "[:-1]\n    wanted = x[24:]", "\n    wanted = x[23:]"),
        ("too-far", "[:-1]\n    wanted = x[24:]", "[:-2]\n    wanted = x[25:]"),
        ("not-divided", " / np.var(wanted[half:])", ""),
        ("only-the-target", "return 2", "return 1"),
    ),
    hints=(
        Text(
            "Noise cannot be predicted. If a share far above zero comes out, the answer was in the inputs.",
            "噪声是预测不了的。如果份额远大于零，答案就在输入里。",
        ),
        Text(
            "np.convolve has two modes for the two means; sliding_window_view makes the rows. The last window has no target.",
            "np.convolve 的两种模式正好是两种平均；sliding_window_view 给出各行。最后一个窗口没有目标。",
        ),
        Text(
            'np.convolve(x, np.ones(5) / 5, mode="same") is the centred mean, the first len(x) numbers of the full convolution'
            " are the other. The last centred mean has x[k + 21] to x[k + 25].",
            'np.convolve(x, np.ones(5) / 5, mode="same") 是居中的平均，完整卷积的前 len(x) 个数是另一种。'
            "最后一个居中的平均含有 x[k + 21] 到 x[k + 25]。",
        ),
    ),
)

EXERCISES = (EDITS, NOISE)
