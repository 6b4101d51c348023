"""Exercises of the chapter *losses*."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby, pairwise, product
from typing import Any

import numpy as np

from rnn.losses import ctc, softmax_cross_entropy
from rnn.validate import Array
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, expect


def collapse(path: tuple[int, ...]) -> tuple[int, ...]:
    """Make each run of one symbol one, then take the blanks (0) out."""
    return tuple(symbol for symbol, _ in groupby(path) if symbol != 0)


def paths(p: Array, steps: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield every path of so many steps with its probability; p is (T, V)."""
    for path in product(range(p.shape[1]), repeat=steps):
        yield path, float(np.prod([p[t, symbol] for t, symbol in enumerate(path)]))


# ── 5: the naive loss ───────────────────────────────────────────────────────────────────────────────────────────────


def naive_loss(scores, target):
    """Return the loss of one step, exponential by exponential."""
    p = np.exp(scores) / np.sum(np.exp(scores))
    return -np.log(p[target])


def steady_loss(scores, target):
    """Return the same loss, for scores of any size."""
    largest = np.max(scores)
    return np.log(np.sum(np.exp(scores - largest))) + largest - scores[target]


def check_naive(work: Subject) -> None:
    """Scores of ordinary size, then scores whose exponentials are too large or too small."""
    rng = np.random.default_rng()
    scores, target = rng.normal(size=5), int(rng.integers(1, 5))
    truth, _ = softmax_cross_entropy(scores[np.newaxis], [target])
    slips = {
        "sign": -truth,
        "no-logarithm": np.exp(-truth),
        "bits": truth / np.log(2),
        "other-class": softmax_cross_entropy(scores[np.newaxis], [target - 1])[0],
        "sum-missing": -scores[target],
        "largest-missing": truth - scores.max(),
    }
    for name in ("naive_loss", "steady_loss"):
        expect(f"{name}(scores, {target})", work(name, scores, target), truth, slips)
    for large, right in (([1000.0, 999.0], 0), ([1000.0, 0.0], 1), ([-1000.0, -1001.0], 0)):
        of = f"naive_loss({large}, {right})"
        if _is_finite(work("naive_loss", np.array(large), right)):
            raise Wrong("not-naive", of=of)
    for large, right, why in (
        ([1000.0, 999.0], 0, "not-shifted"),
        ([-1000.0, -1001.0], 0, "not-shifted"),
        ([1000.0, 0.0, 0.0, 0.0], 0, "not-shifted"),
        ([1000.0, 0.0], 1, "log-of-zero"),
    ):
        of, got = f"steady_loss({large}, {right})", work("steady_loss", np.array(large), right)
        exact, _ = softmax_cross_entropy(np.array([large]), [right])
        if got is not None and np.ndim(got) == 0 and not _is_finite(got):
            raise Wrong(why, of=of)
        if why == "log-of-zero" and _is_finite(got) and 0 < got < 999:
            raise Wrong("held-down", of=of, got=f"{got:.4g}")
        expect(of, got, exact)


def _is_finite(value: object) -> bool:
    return isinstance(value, int | float | np.number | np.ndarray) and bool(np.isfinite(value).all())


# ── 6: sixteen lines of CTC ─────────────────────────────────────────────────────────────────────────────────────────


def likelihood(p, labels):
    """Return the probability of the labels, summed over all paths that read them."""
    places = [0]
    for label in labels:
        places += [label, 0]
    alpha = np.zeros(len(places))
    alpha[:2] = p[0, places[:2]]
    for t in range(1, len(p)):
        before, alpha = alpha, np.zeros(len(places))
        for s, symbol in enumerate(places):
            came = before[s]
            if s >= 1:
                came += before[s - 1]
            if s >= 2 and symbol != 0 and symbol != places[s - 2]:
                came += before[s - 2]
            alpha[s] = came * p[t, symbol]
    return alpha[-1] + alpha[-2]


def count_paths(steps, labels, symbols):
    """Return how many paths of so many steps read the labels."""
    p = np.full((steps, symbols), 1 / symbols)
    return likelihood(p, labels) * symbols**steps


def check_ctc(work: Subject) -> None:
    """Every path one by one, then the package for long sequences, then numbers of paths."""
    rng = np.random.default_rng()
    for labels in ([1, 2], [2, 2], [2], [1, 2, 1]):
        p = _chances(rng, 5, 3)
        truth = sum(weight for path, weight in paths(p, 5) if collapse(path) == tuple(labels))
        expect(f"likelihood(p, {labels})", work("likelihood", p, labels), truth, _slips(p, labels))
    scores, labels = rng.normal(size=(40, 1, 6)), [*(int(n) for n in rng.integers(1, 6, size=7)), 4, 4]
    p = np.exp(scores[:, 0]) / np.exp(scores[:, 0]).sum(axis=1, keepdims=True)
    loss, _ = ctc(scores, np.array([labels]))
    expect("likelihood(p, labels), 40 steps", work("likelihood", p, labels), np.exp(-loss), _slips(p, labels))
    expect("likelihood(p, [1, 1]), 2 steps", work("likelihood", _chances(rng, 2, 3), [1, 1]), 0.0)
    for steps, read, symbols in ((3, [1, 1], 3), (4, [1, 1], 3), (5, [1, 2], 3), (6, [2, 1], 4)):
        every = sum(collapse(path) == tuple(read) for path, _ in paths(np.ones((steps, symbols)), steps))
        expect(
            f"count_paths({steps}, {read}, {symbols})",
            work("count_paths", steps, read, symbols),
            float(every),
            {
                "not-counted": every / symbols**steps,
                "turned-power": every / symbols**steps * float(steps**symbols),
                "places-for-symbols": every / symbols**steps * float((2 * len(read) + 1) ** steps),
            },
        )


def _chances(rng: np.random.Generator, T: int, V: int) -> Array:
    return rng.dirichlet(np.full(V, 3.0), size=T)


def _slips(p: Array, labels: list[int]) -> dict[str, object]:
    """Return what known mistakes lead to."""
    right = _run(p, labels)
    return {
        "equal-skipped": lambda: _run(p, labels, skip="labels"),
        "label-skipped": lambda: _run(p, labels, skip="all"),
        "never-skips": lambda: _run(p, labels, skip="none"),
        "ends-on-blank": lambda: _run(p, labels, ends=(-1,)),
        "ends-on-label": lambda: _run(p, labels, ends=(-2,)),
        "begins-on-blank": lambda: _run(p, labels, begins=1),
        "begins-anywhere": lambda: _run(p, labels, begins=len(labels) * 2 + 1),
        "never-stays": lambda: _run(p, labels, stays=False),
        "overwritten": lambda: _run(p, labels, overwrites=True),
        "wraps-round": lambda: _run(p, labels, wraps=True),
        "step-before": lambda: _run(np.concatenate([p[:1], p[:-1]]), labels),
        "logarithm": lambda: -np.log(right),
    }


def _run(
    p: Array,
    labels: list[int],
    *,
    skip: str = "different",
    ends: tuple[int, ...] = (-1, -2),
    begins: int = 2,
    stays: bool = True,
    overwrites: bool = False,
    wraps: bool = False,
) -> float:
    """Run the recursion, right or with one mistake."""
    u = [0, *(symbol for label in labels for symbol in (label, 0))]
    allowed = {
        "different": [s > 1 and u[s] not in (0, u[s - 2]) for s in range(len(u))],
        "labels": [s > 1 and u[s] != 0 for s in range(len(u))],
        "all": [s > 1 for s in range(len(u))],
        "none": [False] * len(u),
    }[skip]
    alpha = np.zeros(len(u))
    alpha[:begins] = p[0, u[:begins]]
    for t in range(1, len(p)):
        came = alpha if overwrites else alpha.copy()
        alpha = alpha if overwrites else np.zeros(len(u))
        for s in range(len(u)):
            total = came[s] if stays else 0.0
            total += came[s - 1] if s or wraps else 0.0
            total += came[s - 2] if allowed[s] else 0.0
            alpha[s] = total * p[t, u[s]]
    return float(sum(alpha[end] for end in ends))


# ── 7: how much text is enough ──────────────────────────────────────────────────────────────────────────────────────


def long_run(A):
    """Return how often each symbol comes in a long text."""
    q = np.full(len(A), 1 / len(A))
    for _ in range(2000):
        q = q @ A
    return q


def pair_model(text, n, symbols, added):
    """Return what a model that has counted the first n pairs gives to each symbol after each symbol."""
    pairs = np.zeros((symbols, symbols))
    for before, after in pairwise(text[: n + 1]):
        pairs[before, after] += 1
    pairs = pairs + added
    return pairs / pairs.sum(axis=1, keepdims=True)


def perplexity(A, q, model):
    """Return the perplexity of a model of pairs on new text of the source."""
    comes = A > 0
    losses = -np.sum(A * np.log(np.where(comes, model, 1)), axis=1)
    return np.exp(q @ losses)


def needed(A, texts, lengths, added):
    """Return after how many pairs the median over the texts is within a twentieth of the least perplexity."""
    q = long_run(A)
    least = perplexity(A, q, A)
    for n in lengths:
        found = [perplexity(A, q, pair_model(text, n, len(A), added)) for text in texts]
        if np.median(found) <= 1.05 * least:
            return n
    return None


def check_text(work: Subject) -> None:
    """Each of the functions on its own; then the source of the page, and texts of which some teach nothing."""
    rng = np.random.default_rng()
    A = 0.9 * rng.dirichlet(np.full(4, 0.3), size=4) + 0.025
    A[1] = [0.0, 0.55, 0.25, 0.2]  # a pair that never comes
    q = _stationary(A)
    expect("long_run(A)", work("long_run", A), q, {"rows-alike": np.full(4, 0.25), "one-step": A.mean(axis=0)})
    _check_model(work, rng)
    model = rng.dirichlet(np.full(4, 2.0), size=4)
    losses = -(A * np.log(model)).sum(axis=1)
    expect(
        "perplexity(A, q, model)",
        work("perplexity", A, q, model),
        np.exp(q @ losses),
        {
            "mean-over-rows": np.exp(losses.mean()),
            "mean-of-perplexities": q @ np.exp(losses),
            "wrong-power": [2 ** (q @ losses)],
            "loss": q @ losses,
            "own-entropy": np.exp(q @ -(model * np.log(model)).sum(axis=1)),
            "sum-of-rows": np.exp(losses.sum()),
        },
    )
    logs = np.log(np.where(A > 0, A, 1))
    got = work("perplexity", A, q, A)
    if got is not None and not _is_finite(got):
        raise Wrong("zero-log")
    expect("perplexity(A, q, A)", got, np.exp(-(q[:, np.newaxis] * A * logs).sum()))
    _check_needed(work, rng)


def _check_model(work: Subject, rng: np.random.Generator) -> None:
    text, n, V, added = np.concatenate([[0, 1, 2] * 6, rng.integers(0, 3, size=40)]), 29, 5, 0.3
    pairs = np.zeros((V, V))
    np.add.at(pairs, (text[:n], text[1 : n + 1]), 1)
    fewer, once = pairs.copy(), (pairs > 0).astype(float)
    fewer[text[n - 1], text[n]] -= 1

    def divided(counts: Array, axis: int | None = 1) -> Array:
        total: Array = (counts + added).sum(axis=axis, keepdims=True)
        return np.asarray((counts + added) / total)

    with np.errstate(all="ignore"):
        slips = {
            "turned-pairs": divided(pairs.T),
            "by-column": divided(pairs, 0),
            "joint": divided(pairs, None),
            "added-once": (pairs + added) / (pairs.sum(axis=1, keepdims=True) + added),
            "one-short": divided(fewer),
            "counted-once": divided(once),
            "nothing-added": pairs / pairs.sum(axis=1, keepdims=True),
            "added-one": (pairs + 1) / (pairs + 1).sum(axis=1, keepdims=True),
        }
    expect(f"pair_model(text, {n}, {V}, {added})", work("pair_model", text, n, V, added), divided(pairs), slips)


def _check_needed(work: Subject, rng: np.random.Generator) -> None:
    B = np.array([[0.1, 0.6, 0.3], [0.5, 0.2, 0.3], [0.25, 0.15, 0.6]])
    some = _walks(B, 11, 600, rng)
    some[:3] = 0  # three texts that teach nothing; a median does not mind
    _expect_needed(work, B, some, list(range(20, 600, 10)), 0.5)
    A, texts = _page_source()
    lengths = [n for n in np.unique(np.geomspace(10, 10_000, 25).astype(int)).tolist() if n < len(texts[0])]
    for added in (1, 0.1):
        _expect_needed(work, A, texts, lengths, added)
    _expect_needed(work, A, texts, list(range(700, 1790, 40)), 1)


def _expect_needed(work: Subject, A: Array, texts: Array, lengths: list[int], added: float) -> None:
    curve, least = _curve(A, texts, lengths, added)

    def first(good: Any) -> int | None:
        return lengths[int(np.argmax(good))] if np.any(good) else None

    truth = first(np.median(curve, axis=1) <= 1.05 * least)
    expect(
        f"needed(A, texts, lengths, {added})",
        work("needed", A, texts, lengths, added),
        truth,
        {
            "index": None if truth is None else lengths.index(truth),
            "mean": lambda: first(curve.mean(axis=1) <= 1.05 * least),
            "any-text": lambda: first((curve <= 1.05 * least).any(axis=1)),
            "absolute": lambda: first(np.median(curve, axis=1) <= least + 0.05),
            "loss-within": lambda: first(np.log(np.median(curve, axis=1)) <= 1.05 * np.log(least)),
            "two-twentieths": lambda: first(np.median(curve, axis=1) <= 1.1 * least),
        },
    )


def _stationary(A: Array) -> Array:
    """Solve q = q A, with a sum of 1."""
    equations = np.vstack([A.T - np.eye(len(A)), np.ones(len(A))])
    return np.asarray(np.linalg.lstsq(equations, np.append(np.zeros(len(A)), 1.0), rcond=None)[0])


def _curve(A: Array, texts: Array, lengths: list[int], added: float) -> tuple[Array, float]:
    """Return the perplexities (lengths, texts), and the least that there can be."""
    weights = _stationary(A)[:, np.newaxis] * A
    rows = []
    for n in lengths:
        pairs = np.full((len(texts), *A.shape), float(added))
        np.add.at(pairs, (np.arange(len(texts))[:, np.newaxis], texts[:, :n], texts[:, 1 : n + 1]), 1)
        p = pairs / pairs.sum(axis=2, keepdims=True)
        rows.append(np.exp(-(weights * np.log(p)).sum(axis=(1, 2))))
    logs = np.log(np.where(A > 0, A, 1))
    return np.array(rows), float(np.exp(-(weights * logs).sum()))


def _walks(A: Array, count: int, steps: int, rng: np.random.Generator) -> Array:
    """Draw texts (count, steps + 1) of a source."""
    edges, texts = A.cumsum(axis=1), [rng.integers(len(A), size=count)]
    for _ in range(steps):
        after = (edges[texts[-1]] < rng.random(count)[:, np.newaxis]).sum(axis=1)
        texts.append(np.minimum(after, len(A) - 1))
    return np.stack(texts, axis=1)


@cache
def _page_source() -> tuple[Array, Array]:
    """Return the source of the page's figure, and the beginnings of its 20 texts."""
    A = np.random.default_rng(1).dirichlet(np.full(12, 0.3), size=12)
    return A, _walks(A, 20, 1800, np.random.default_rng(2))


EXERCISES = (
    Exercise(
        chapter="losses",
        number=5,
        title=Text("The naive loss", "天真的损失"),
        task=Text(
            "Write naive_loss(scores, target) and steady_loss(scores, target). scores is an array (V,), target the number"
            " of the class that came, counted from 0; both return the loss of the step, -log(p[target]), a number in nats."
            " The first goes straight by the softmax: exponentials (np.exp) of the scores as they are, divided by their"
            " sum. For the scores (1000, 0) and the second class it must go wrong, that is, return inf or nan. The second"
            " differs by the line that the package has, and is right for scores of any size. Write it without"
            " softmax_cross_entropy; compare with that in a program of your own.",
            "写 naive_loss(scores, target) 和 steady_loss(scores, target)。scores 是数组 (V,)，target 是出现的类别的编号，从 0"
            " 数起；两者都返回这一步的损失 -log(p[target])，一个以奈特为单位的数。前一个直接照 softmax 写：对原来的得分取指数"
            "（np.exp），除以它们的和。对得分 (1000, 0) 和第二类，它必须出错，也就是返回 inf 或 nan。后一个与它相差的，就是"
            "程序包里的那一行，对任意大小的得分都正确。这里不要用 softmax_cross_entropy；请在自己的程序里与它比较。",
        ),
        solution=(naive_loss, steady_loss),
        check=check_naive,
        names={
            "sign": Text(
                "`{of}` has the wrong sign. The logarithm of a probability is negative; a price is not.",
                "`{of}` 的符号反了。概率的对数是负数，价钱不是。",
            ),
            "no-logarithm": Text(
                "`{of}` is the probability itself. What is its price?", "`{of}` 是概率本身。它的价钱是多少？"
            ),
            "bits": Text(
                "`{of}` is in bits. The book takes the natural logarithm.", "`{of}` 以比特为单位。本书用自然对数。"
            ),
            "other-class": Text(
                "`{of}` is the loss of the class before. Classes are counted from 0.",
                "`{of}` 是前一个类别的损失。类别从 0 数起。",
            ),
            "sum-missing": Text(
                "`{of}` knows of one score alone. Where is the sum over all classes?",
                "`{of}` 只用到一个得分。对所有类别的和在哪里？",
            ),
            "largest-missing": Text(
                "`{of}` is too small by the largest score. It was subtracted inside the logarithm; look at what stands"
                " outside.",
                "`{of}` 正好少了最大的得分。对数里面减了它；看看外面写了什么。",
            ),
            "not-naive": Text(
                "`{of}` is finite. This function is to show the trouble: take the exponentials of the scores as they are.",
                "`{of}` 是有限的数。这个函数要让毛病显出来：直接对原来的得分取指数。",
            ),
            "not-shifted": Text(
                "`{of}` overflows, or divides zero by zero. Is the largest score subtracted before the exponentials"
                " are taken?",
                "`{of}` 溢出了，或者用零除以零。取指数之前，减去最大的得分了吗？",
            ),
            "log-of-zero": Text(
                "`{of}` is infinite though nothing overflows: exp(-1000) has been rounded to zero, and then its logarithm"
                " is taken. Which exponential need never be computed?",
                "`{of}` 是无穷大，虽然没有溢出：exp(-1000) 舍入成了零，然后又取它的对数。哪个指数根本不必算？",
            ),
            "held-down": Text(
                "`{of}` is {got}, because something keeps the probability or the score within bounds. The loss is 1000.",
                "`{of}` 是 {got}，因为概率或得分被限制在某个范围里。损失应是 1000。",
            ),
        },
        planted=(
            (
                "not-naive",
                "np.exp(scores) / np.sum(np.exp(scores))",
                "np.exp(scores - max(scores)) / np.sum(np.exp(scores - max(scores)))",
            ),
            (
                "log-of-zero",
                "np.log(np.sum(np.exp(scores - largest))) + largest - scores[target]",
                "-np.log((np.exp(scores - largest) / np.sum(np.exp(scores - largest)))[target])",
            ),
            ("largest-missing", " + largest - scores[target]", " - scores[target]"),
            ("not-shifted", "largest = np.max(scores)", "largest = 0.0"),
            ("not-shifted", "largest = np.max(scores)", "largest = np.mean(scores)"),
            ("sign", "-np.log(p[target])", "np.log(p[target])"),
            ("bits", "-np.log(p[target])", "-np.log2(p[target])"),
            ("other-class", "-np.log(p[target])", "-np.log(p[target - 1])"),
            (
                "held-down",
                "np.log(np.sum(np.exp(scores - largest))) + largest - scores[target]",
                "-np.log((np.exp(scores - largest) / np.sum(np.exp(scores - largest)))[target] + 1e-300)",
            ),
            ("changed-argument", "    largest = np.max(scores)", "    largest = 0.0\n    scores -= np.max(scores)"),
        ),
        hints=(
            Text(
                "Compute exp(1000) and exp(-1000). Which of the two spoils which division, which logarithm?",
                "算一算 exp(1000) 和 exp(-1000)。哪一个毁了哪个除法、哪个对数？",
            ),
            Text(
                "Put the softmax into -log(p) and simplify before you program: a logarithm of a sum, minus a score.",
                "先把 softmax 代入 -log(p) 化简，再写程序：一个和的对数，减去一个得分。",
            ),
            Text(
                "With m the largest score: log(Σ exp(y - m)) + m - y[target]. One of the exponentials is 1, so the sum is"
                " at least 1.",
                "设 m 为最大的得分：log(Σ exp(y - m)) + m - y[target]。其中有一个指数是 1，所以和至少是 1。",
            ),
        ),
        stubs=("rnn.losses:softmax_cross_entropy",),
    ),
    Exercise(
        chapter="losses",
        number=6,
        title=Text("Sixteen lines of CTC", "十六行的 CTC"),
        task=Text(
            "Write likelihood(p, labels): p is an array (T, V), row t the probabilities of the V symbols at step t, symbol 0"
            " being the blank; labels is a list of at least one number from 1 to V - 1. It returns the probability of the"
            " labels, the sum over all paths that read them (0 if there is none), by the recursion: forty steps and nine"
            " labels must come back at once. And write count_paths(steps, labels, symbols): how many paths of so many steps"
            " read the labels, symbols being the number V with the blank. A float that is whole up to rounding will do.",
            "写 likelihood(p, labels)：p 是数组 (T, V)，第 t 行是第 t 步 V 个符号的概率，符号 0 是空白符；labels 是列表，"
            "至少有一个 1 到 V - 1 的数。它用递推返回标签的概率，也就是读作这些标签的所有路径的概率之和（没有路径就是 0）："
            "四十步、九个标签也必须立刻返回。再写 count_paths(steps, labels, symbols)：这么多步里有多少条路径读作这些标签，"
            "symbols 是连空白符在内的 V。返回浮点数也行，只要除舍入外是整数。",
        ),
        solution=(likelihood, count_paths),
        check=check_ctc,
        names={
            "equal-skipped": Text(
                "`{of}`: the blank between two equal labels is left out. Then $a\\,a$ cannot be told from one long $a$.",
                "`{of}`：两个相同标签之间的空白符被跳过了。这样 $a\\,a$ 就和一个长的 $a$ 分不开。",
            ),
            "label-skipped": Text(
                "`{of}`: a move of two places is always allowed, from blank to blank too. That leaves out a label.",
                "`{of}`：总是允许走两格，从空白符到空白符也行。那样就漏掉了一个标签。",
            ),
            "never-skips": Text(
                "`{of}`: every path has to pass through each blank. Between two different labels it may be left out.",
                "`{of}`：每条路径都必须经过每个空白符。两个不同的标签之间，空白符可以跳过。",
            ),
            "ends-on-blank": Text(
                "`{of}`: only paths that end with a blank are counted. Where else may a path stand at the end?",
                "`{of}`：只算了以空白符结尾的路径。路径最后还可以停在哪里？",
            ),
            "ends-on-label": Text(
                "`{of}`: only paths that end on the last label are counted. A blank may follow it.",
                "`{of}`：只算了停在最后一个标签上的路径。它后面还可以有空白符。",
            ),
            "begins-on-blank": Text(
                "`{of}`: all paths begin with a blank. Look at the second place at the first step.",
                "`{of}`：所有路径都从空白符开始。看看第一步的第二个位置。",
            ),
            "begins-anywhere": Text(
                "`{of}`: at the first step a path may stand at any place. Which places has it had time to reach?",
                "`{of}`：第一步时路径可以停在任何位置。它来得及走到哪些位置？",
            ),
            "never-stays": Text(
                "`{of}`: a path moves on at every step. It may also stay where it is.",
                "`{of}`：路径每一步都往前走。它也可以停在原处。",
            ),
            "overwritten": Text(
                "`{of}`: the row of the step before is overwritten while it is still being read. Keep old and new apart.",
                "`{of}`：上一步的那一行还在读，就被改写了。新旧两行要分开放。",
            ),
            "wraps-round": Text(
                "`{of}`: what lies before the first place counts as zero. An index of -1 is the last place.",
                "`{of}`：第一个位置之前算作零。下标 -1 却是最后一个位置。",
            ),
            "step-before": Text(
                "`{of}`: each step uses the probabilities of the step before it. Compare the indices of α and p.",
                "`{of}`：每一步都用了前一步的概率。比较 α 与 p 的下标。",
            ),
            "logarithm": Text(
                "`{of}` is the loss, minus the logarithm; the probability itself is wanted.",
                "`{of}` 是损失，即负的对数；要的是概率本身。",
            ),
            "not-counted": Text(
                "`{of}` is a probability. How probable is each path if all symbols are alike, and so how many are there?",
                "`{of}` 是概率。所有符号等可能时，每条路径的概率是多少？那么一共有多少条？",
            ),
            "turned-power": Text(
                "`{of}`: base and exponent have changed places. How many paths are there in all?",
                "`{of}`：底数和指数调换了。路径一共有多少条？",
            ),
            "places-for-symbols": Text(
                "`{of}`: a path names one of the symbols at each step, not one of the places.",
                "`{of}`：路径每一步写的是一个符号，不是一个位置。",
            ),
        },
        planted=(
            ("equal-skipped", " and symbol != places[s - 2]", ""),
            ("label-skipped", "s >= 2 and symbol != 0 and symbol != places[s - 2]", "s >= 2"),
            ("never-skips", "came += before[s - 2]", "pass"),
            ("ends-on-blank", "alpha[-1] + alpha[-2]", "alpha[-1]"),
            ("ends-on-label", "alpha[-1] + alpha[-2]", "alpha[-2]"),
            ("begins-on-blank", "alpha[:2] = p[0, places[:2]]", "alpha[:1] = p[0, places[:1]]"),
            ("begins-anywhere", "alpha[:2] = p[0, places[:2]]", "alpha[:] = p[0, places]"),
            ("never-stays", "came = before[s]", "came = 0.0"),
            ("overwritten", "before, alpha = alpha, np.zeros(len(places))", "before = alpha"),
            ("wraps-round", "if s >= 1:", "if True:"),
            ("step-before", "came * p[t, symbol]", "came * p[t - 1, symbol]"),
            ("logarithm", "return alpha[-1] + alpha[-2]", "return -np.log(alpha[-1] + alpha[-2])"),
            ("not-counted", " * symbols**steps", ""),
            ("turned-power", "symbols**steps", "steps**symbols"),
        ),
        hints=(
            Text(
                "Write the labels with a blank before, between and after. Which of these places can a path stand at after"
                " one step, and from which places can it come to place s?",
                "在标签之前、之间、之后都写上空白符。走一步之后，路径能停在哪些位置？又能从哪些位置来到位置 s？",
            ),
            Text(
                "Keep two rows, that of the step before and a new one. To the new place s come: the old s, the old s - 1,"
                " and, if a blank may be left out there, the old s - 2; the sum times p[t, symbol].",
                "留两行：上一步的和新的。来到新位置 s 的有：旧的 s，旧的 s - 1，以及允许跳过空白符时旧的 s - 2；"
                "它们的和乘以 p[t, symbol]。",
            ),
            Text(
                "Skipping is allowed if place s is a label and differs from place s - 2. The answer is the sum of the last"
                " two places. With p all equal to 1/V each path has the probability V**-T.",
                "位置 s 是标签，而且与位置 s - 2 不同，才能跳。答案是最后两个位置之和。p 全等于 1/V 时，"
                "每条路径的概率是 V**-T。",
            ),
        ),
        stubs=("rnn.losses:ctc", "rnn.losses:_log_paths"),
    ),
    Exercise(
        chapter="losses",
        number=7,
        title=Text("How much text is enough?", "多少文本才够？"),
        task=Text(
            "The source is an array A (V, V): row i holds the probabilities of what follows symbol i; each V symbols long."
            " Write four functions. long_run(A) returns an array (V,), how often each symbol comes in a long text: the q"
            " with q = q A and the sum 1, to nine digits. pair_model(text, n, symbols, added) counts the first n pairs of a"
            " text (an array of whole numbers; the pairs are text[0] text[1] to text[n-1] text[n]), adds `added` to every"
            " one of the symbols × symbols counts, and returns the model (symbols, symbols): row i holds what it gives to"
            " each symbol after i. perplexity(A, q, model) returns the model's perplexity on new text of the source,"
            " averaged exactly, with q = long_run(A); where A is 0 nothing comes, so nothing is charged. needed(A, texts,"
            " lengths, added) returns the first n in the list lengths for which the median over the texts (N, steps + 1),"
            " a text in each row, of the perplexity after n pairs is at most 1.05 times the least possible, that of the"
            " source itself; None if there is none. Draw your own source and texts for the numbers.",
            "信源是数组 A (V, V)：第 i 行是符号 i 之后各符号的概率。写四个函数。long_run(A) 返回数组 (V,)，即长文本里各符号出现"
            "的比例：满足 q = q A、和为 1 的 q，准到九位。pair_model(text, n, symbols, added) 统计一段文本（整数数组）的前 n 对"
            "（从 text[0] text[1] 到 text[n-1] text[n]），给 symbols × symbols 个计数各加上 added，返回模型 (symbols, symbols)："
            "第 i 行是它给 i 之后每个符号的概率。perplexity(A, q, model) 返回模型在这个信源的新文本上的困惑度，精确地取平均，"
            "其中 q = long_run(A)；A 为 0 的地方什么也不会来，所以不收费。needed(A, texts, lengths, added) 返回列表 lengths 中的"
            "第一个 n，使得各段文本（N, steps + 1，每行一段）数完 n 对之后的困惑度的中位数不超过最小可能值的 1.05 倍，"
            "最小可能值就是信源本身的困惑度；没有这样的 n 就返回 None。求数值时，信源和文本请自己抽取。",
        ),
        imports="from itertools import groupby, pairwise, product\n\nimport numpy as np",
        solution=(long_run, pair_model, perplexity, needed),
        check=check_text,
        names={
            "rows-alike": Text(
                "`{of}` gives every symbol the same share. Multiply from the left, q A; from the right a constant column"
                " stays as it is.",
                "`{of}` 给每个符号同样的比例。要从左边乘，q A；从右边乘，常数列不会变。",
            ),
            "one-step": Text(
                "`{of}` is what comes after one step. The long run is what a further step does not change.",
                "`{of}` 是走一步之后的结果。长期的比例是再走一步也不变的。",
            ),
            "mean-over-rows": Text(
                "`{of}` counts every row alike. Symbols that come often count more often.",
                "`{of}` 每一行同等看待。常来的符号应算得更多。",
            ),
            "mean-of-perplexities": Text(
                "`{of}` is a mean of perplexities. Take the mean of the losses first, then the exponential.",
                "`{of}` 是困惑度的平均。先对损失取平均，再取指数。",
            ),
            "wrong-power": Text(
                "`{of}` is a power of 2 of a loss in nats. Base and logarithm must fit.",
                "`{of}` 用 2 的幂来还原以奈特为单位的损失。底数与对数必须一致。",
            ),
            "loss": Text("`{of}` is the mean loss, not yet its exponential.", "`{of}` 是平均损失，还没有取指数。"),
            "own-entropy": Text(
                "`{of}` averages with the model's own probabilities. It is the source that decides what comes.",
                "`{of}` 用模型自己的概率取平均。来什么，由信源决定。",
            ),
            "sum-of-rows": Text(
                "`{of}` sums the losses of all rows. What is the weight of each?",
                "`{of}` 把各行的损失加了起来。每一行的权重是多少？",
            ),
            "zero-log": Text(
                "The perplexity of the source itself is not finite: zero times the logarithm of zero. What never comes"
                " costs nothing.",
                "信源本身的困惑度不是有限的数：零乘以零的对数。从不出现的不收费。",
            ),
            "turned-pairs": Text(
                "`{of}`: rows and columns of the counts have changed places. The row is the symbol before.",
                "`{of}`：计数的行和列调换了。行是前一个符号。",
            ),
            "by-column": Text(
                "`{of}`: the columns add up to 1. After each symbol, that is in each row, something comes.",
                "`{of}`：各列之和是 1。每个符号之后，也就是每一行里，总要来一个。",
            ),
            "joint": Text(
                "`{of}`: all numbers together add up to 1. These are probabilities of pairs; wanted is the next symbol, given"
                " the one before.",
                "`{of}`：所有的数加起来才是 1。这是一对符号的概率；要的是给定前一个符号时下一个的概率。",
            ),
            "added-once": Text(
                "`{of}`: rows do not add up to 1. What was added to each count of a row is missing in its total.",
                "`{of}`：各行之和不是 1。一行里每个计数都加了，总数里却没有加够。",
            ),
            "one-short": Text(
                "`{of}`: n symbols have n - 1 pairs; n pairs were to be counted.",
                "`{of}`：n 个符号只有 n - 1 对；要数的是 n 对。",
            ),
            "counted-once": Text(
                "`{of}`: a pair that comes several times is counted once. With an array of indices `counts[i, j] += 1` adds"
                " one to each place once.",
                "`{of}`：出现几次的一对只数了一次。下标是数组时，`counts[i, j] += 1` 给每个位置只加一次。",
            ),
            "nothing-added": Text(
                "`{of}`: nothing has been added to the counts. The first pair that is new will cost infinitely much.",
                "`{of}`：计数没有加上任何数。第一个没见过的对就要付无穷大。",
            ),
            "added-one": Text("`{of}`: 1 was added, whatever `added` is.", "`{of}`：不管 `added` 是多少，加的都是 1。"),
            "index": Text(
                "`{of}` is the place in the list, not the n that stands there.", "`{of}` 是列表中的位置，不是那里的 n。"
            ),
            "mean": Text(
                "`{of}` takes the mean over the texts. One text that teaches nothing spoils it; the median was asked for.",
                "`{of}` 对各段文本取了平均值。一段毫无用处的文本就能毁了它；要的是中位数。",
            ),
            "any-text": Text(
                "`{of}` stops at the best text already. The median was asked for.",
                "`{of}` 最好的一段达到就停了。要的是中位数。",
            ),
            "absolute": Text(
                "`{of}` wants a distance of 0.05. A twentieth of the least perplexity is more than that.",
                "`{of}` 要求相差 0.05。最小困惑度的二十分之一比这大。",
            ),
            "loss-within": Text(
                "`{of}` compares losses. Wanted is a twentieth of the perplexity.",
                "`{of}` 比较的是损失。要的是困惑度的二十分之一。",
            ),
            "two-twentieths": Text(
                "`{of}` lets a tenth pass; it should be a twentieth.", "`{of}` 相差十分之一就放行了；应是二十分之一。"
            ),
        },
        planted=(
            ("rows-alike", "q = q @ A", "q = A @ q"),
            ("one-step", "range(2000)", "range(1)"),
            ("one-short", "text[: n + 1]", "text[:n]"),
            ("turned-pairs", "pairs[before, after] += 1", "pairs[after, before] += 1"),
            (
                "counted-once",
                "    for before, after in pairwise(text[: n + 1]):\n        pairs[before, after] += 1",
                "    pairs[text[:n], text[1 : n + 1]] += 1",
            ),
            ("joint", "pairs / pairs.sum(axis=1, keepdims=True)", "pairs / pairs.sum()"),
            ("by-column", "pairs.sum(axis=1, keepdims=True)", "pairs.sum(axis=0, keepdims=True)"),
            (
                "added-once",
                "pairs / pairs.sum(axis=1, keepdims=True)",
                "pairs / (pairs.sum(axis=1, keepdims=True) - (symbols - 1) * added)",
            ),
            ("nothing-added", "pairs = pairs + added", "pass"),
            ("mean-over-rows", "np.exp(q @ losses)", "np.exp(np.mean(losses))"),
            ("mean-of-perplexities", "np.exp(q @ losses)", "q @ np.exp(losses)"),
            (
                "own-entropy",
                "A * np.log(np.where(comes, model, 1))",
                "model * np.log(np.where(comes | (model > 0), model, 1))",
            ),
            ("zero-log", "np.where(comes, model, 1)", "model"),
            ("mean", "np.median(found)", "np.mean(found)"),
            ("absolute", "1.05 * least", "least + 0.05"),
            ("loss-within", "np.median(found) <= 1.05 * least", "np.log(np.median(found)) <= 1.05 * np.log(least)"),
            ("index", "return n\n    return None", "return lengths.index(n)\n    return None"),
        ),
        hints=(
            Text(
                "Which number cannot be undercut here, and which model would reach it?",
                "这里什么数不可能更低？哪个模型能达到它？",
            ),
            Text(
                "What a model costs after symbol i is a cross-entropy, -Σ_j A[i, j] log(model[i, j]). Average over i with the"
                " shares q, then take the exponential. The least is the same with A for the model.",
                "模型在符号 i 之后的价钱是一个交叉熵 -Σ_j A[i, j] log(model[i, j])。用比例 q 对 i 取平均，再取指数。"
                "最小值就是把模型换成 A。",
            ),
            Text(
                "q: start with equal shares and take q @ A two thousand times. Model: (counts + added), each row divided by its"
                " sum. Then for each n one perplexity a text, np.median of them, and compare with 1.05 times the least.",
                "q：从相等的比例出发，做两千次 q @ A。模型：计数加 added，每行除以该行的和。然后对每个 n，每段文本算一个困惑度，"
                "取 np.median，与最小值的 1.05 倍比较。",
            ),
        ),
    ),
)
