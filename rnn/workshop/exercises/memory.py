"""Exercises of the chapter *memory*."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rnn.gradcheck import complex_step
from rnn.losses import softmax_cross_entropy
from rnn.optim import clip_by_norm
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── two symbols instead of four ─────────────────────────────────────────────────────────────────────────────────────


def run(net, optimizer, kinds, length, batch, updates, seed):
    """Train a network to name the first symbol; return the share of right answers of each batch, (updates,)."""
    rng = np.random.default_rng(seed)
    right = np.zeros(updates)
    for update in range(updates):
        symbols = rng.integers(0, kinds, (length, batch))
        scores, _ = net.forward(np.eye(kinds)[symbols])
        right[update] = np.mean(scores[-1].argmax(axis=-1) == symbols[0])
        d_scores = np.zeros_like(scores)
        d_scores[-1] = softmax_cross_entropy(scores[-1], symbols[0])[1]
        net.backward(d_scores)
        optimizer.update(net.params, clip_by_norm(net.grads, 1.0)[0])
    return right


def learned(right, over, share):
    """Return how many networks, of right (updates, nets), have reached the share on average over so many batches."""
    windows = np.lib.stride_tricks.sliding_window_view(right, over, axis=0)
    return int(np.any(windows.mean(axis=-1) >= share, axis=0).sum())


SPY = """
class Spy:
    # A network and an optimizer in one, that says what it likes and keeps what it is given.

    def __init__(self, seed):
        self.rng, self.log, self.said, self.updates = np.random.default_rng(seed), [], {}, 0
        self.params, self.grads = {"W": np.zeros(3)}, {"W": np.array([3.0, 4.0, 12.0])}

    def forward(self, inputs, *rest, **named):
        inputs = np.array(inputs, dtype=float)
        key = self.updates, inputs.shape, inputs.tobytes()
        if key not in self.said:
            scores = self.rng.normal(size=inputs.shape)
            for step, symbols in ((-1, inputs[0]), (0, inputs[0]), (-1, inputs[-1])):
                scores[step] += 3 * symbols * self.rng.integers(0, 2, (*symbols.shape[:-1], 1))
            self.said[key] = scores
        self.log.append(["forward", inputs, self.said[key].copy()])
        return self.said[key].copy(), None

    def backward(self, d_outputs, *rest):
        self.log.append(["backward", np.array(d_outputs, dtype=float)])

    def update(self, params, grads):
        self.updates += 1
        self.log.append(["update", {name: np.array(value) for name, value in grads.items()}])

    def told(self):
        return self.log
"""


def check_run(work: Subject) -> None:
    """Look at what a network is given that keeps it; then at networks that did learn and did not."""
    rng = np.random.default_rng()
    work.define(SPY)
    for kinds in (2, 8):
        length, batch, updates, seed = int(rng.integers(5, 8)), 30, 7, int(rng.integers(1000))
        spy = work.call("Spy", seed).value
        right = work.call("run", spy, spy, kinds, length, batch, updates, seed).value
        _check_log(right, work.call(spy, method="told").value, (length, batch, kinds), updates)
    _check_learned(work, rng)


def _check_log(right: Any, log: list[Any], shape: tuple[int, ...], updates: int) -> None:
    """Follow what the network was given, update by update."""
    ends = [n for n, what in enumerate(log) if what[0] == "update"]
    if len(ends) != updates:
        raise Wrong("number-of-updates", came=len(ends), wanted=updates)
    rounds = [log[a + 1 : b + 1] for a, b in zip([-1, *ends], ends, strict=False)]
    forwards = [[what for what in one if what[0] == "forward"] for one in rounds]
    backs = [[what for what in one if what[0] == "backward"] for one in rounds]
    if not all(forwards) or not all(backs):
        raise Wrong("not-in-turn")
    inputs, scores = (np.array([one[-1][n] for one in forwards]) for n in (1, 2))
    expect("the shape of the inputs of net.forward", list(inputs.shape[1:]), list(shape))
    symbols, answers = inputs.argmax(axis=-1), scores.argmax(axis=-1)
    _check_symbols(inputs, symbols)
    first = symbols[:, :1]
    truth = (answers[:, -1] == first[:, 0]).mean(axis=1)
    expect(
        "run(…)",
        right,
        truth,
        {
            "last-symbol": (answers[:, -1] == symbols[:, -1]).mean(axis=1),
            "first-output": (answers[:, 0] == first[:, 0]).mean(axis=1),
            "all-outputs": (answers == first).mean(axis=(1, 2)),
            "counted": truth * shape[1],
            "share-wrong": 1 - truth,
            "answered-after": _answered_after(log, ends, inputs),
        },
    )
    for n, one in enumerate(rounds):
        _check_gradient(backs[n][-1][1], scores[n], symbols[n])
        whole = {"W": np.array([3.0, 4.0, 12.0])}
        expect("the gradient that the optimizer gets", one[-1][1], clip_by_norm(whole, 1.0)[0], {"not-clipped": whole})


def _check_symbols(inputs: Any, symbols: Any) -> None:
    """Every symbol one-hot, every kind there, new ones in each batch and at each step."""
    if set(np.unique(inputs)) - {0.0, 1.0} or (inputs.sum(axis=-1) != 1).any():
        raise Wrong("not-one-hot")
    if len(np.unique(symbols)) != inputs.shape[-1]:
        raise Wrong("kinds-missing", kinds=inputs.shape[-1])
    if (symbols == symbols[:1]).all():
        raise Wrong("same-batch")
    if (symbols == symbols[:, :1]).all():
        raise Wrong("one-symbol")


def _answered_after(log: list[Any], ends: list[int], inputs: Any) -> Any:
    """Return the shares of right answers to the same inputs, asked again after the update."""
    shares = []
    for a, b, given in zip(ends, [*ends[1:], len(log)], inputs, strict=True):
        for what in log[a:b]:
            if what[0] == "forward" and compare(what[1], given) is None:
                shares.append(np.mean(what[2][-1].argmax(axis=-1) == given[0].argmax(axis=-1)))
                break
    return np.array(shares)


def _check_gradient(came: Any, scores: Any, symbols: Any) -> None:
    def back(steps: Any, wanted: Any) -> Any:
        d = np.zeros_like(scores)
        d[steps] = softmax_cross_entropy(scores[steps], wanted)[1]
        return d

    every = np.broadcast_to(symbols[0], symbols.shape)
    truth = back(slice(-1, None), symbols[:1])
    expect(
        "net.backward(d_scores)",
        came,
        truth,
        {
            "taught-last-symbol": back(slice(-1, None), symbols[-1:]),
            "taught-everywhere": back(slice(None), every),
            "taught-everywhere-summed": back(slice(None), every) * len(scores),
            "taught-itself": back(slice(None), symbols),
            "summed": truth * symbols.shape[1],
            "uphill": -truth,
            "taught-first-output": back(slice(0, 1), symbols[:1]),
        },
    )


def _check_learned(work: Subject, rng: np.random.Generator) -> None:
    """Networks that had it at the beginning, in the middle, at the very end; and for too short a time."""
    right = np.full((23, 11), 0.25)
    right[:4, 0] = right[9:13, 1] = right[-4:, 2] = right[-4:, 3] = 1.0
    right[6:10, 4] = (0.75, 1.0, 0.75, 1.0)  # just so
    right[13:17, 5] = right[2:6, 6] = (1.0, 1.0, 0.75, 1.0)  # on average
    right[5:8, 7] = right[[1, 5, 9, 13], 8] = right[20, 9] = 1.0  # not long enough, not in a row, lucky once
    right[:, 10] = 0.5
    right = right[:, rng.permutation(11)]
    expect(
        "learned(right, 4, 0.875)",
        work("learned", right, 4, 0.875),
        7,
        {
            "at-the-end": 2,
            "each-batch": 4,
            "one-batch": 10,
            "share-of-networks": 7 / 11,
            "strictly": 6,
            "over-all": 0,
            "last-missing": 5,
            "blocks": 1,
        },
    )


# ── half a cut ──────────────────────────────────────────────────────────────────────────────────────────────────────


def cut_gradient(net, inputs, d_outputs, k):
    """Return the gradient of a SimpleRNN in which every loss goes back over its last k steps."""
    _, h = net.forward(inputs)
    total = {name: np.zeros_like(value) for name, value in net.params.items()}
    for t in range(len(inputs)):
        first = max(0, t + 1 - k)
        before = h[first - 1] if first > 0 else np.zeros_like(h[0])
        net.forward(inputs[first : t + 1], h0=before)
        d_window = np.zeros_like(d_outputs[first : t + 1])
        d_window[-1] = d_outputs[t]
        grads = net.backward(d_window)
        total = {name: total[name] + grads[name] for name in total}
    return total


def good_from(shares, whole):
    """Return the k from which on every share is at least that of the whole gradient, or None."""
    found = None
    for k in sorted(shares, reverse=True):
        if shares[k] < whole:
            break
        found = k
    return found


def check_cut(work: Subject) -> None:
    """Windows of one step, of some, of all; then shares that rise, fall back, and never arrive."""
    rng = np.random.default_rng()
    T, B, D, H, O = 7, 2, 3, 4, 2
    net = work.call("rnn.SimpleRNN", D, H, O).value
    shapes = {"W_xh": (D, H), "W_hh": (H, H), "b_h": (H,), "W_hy": (H, O), "b_y": (O,)}
    params = {name: rng.normal(0, 0.7, shape) for name, shape in shapes.items()}
    work.write(net, {f"params.{name}": value for name, value in params.items()})
    x, d_outputs = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, O))
    for k in (3, 1, 4, T, T + 5):

        def cut(k: int = k, **how: Any) -> dict[str, Any]:
            return _cut(params, x, d_outputs, _windows(T, k, **how), **how)

        expect(
            f"cut_gradient(net, inputs, d_outputs, {k})",
            work("cut_gradient", net, x, d_outputs, k),
            cut(),
            {
                "state-lost": partial(cut, zeros=True),
                "one-too-many": partial(cut, k + 1),
                "one-too-few": partial(cut, max(k - 1, 1)),
                "whole": partial(cut, T),
                "counted-again": partial(cut, again=True),
                "blocks": partial(cut, blocks=True),
                "state-late": partial(cut, late=True),
                "averaged": {name: value / T for name, value in cut().items()},
                "short-windows-left-out": partial(cut, full=True),
                "last-window": partial(cut, last=True),
            },
        )
    cases = [
        ({1: 0.0, 24: 0.9, 48: 0.9, 6: 0.9, 3: 0.2}, 0.8, 6),
        ({1: 0.0, 3: 0.8, 6: 0.8, 12: 0.8}, 0.8, 3),
        ({1: 0.2, 3: 0.9, 6: 0.4, 12: 0.8}, 0.6, 12),
        ({1: 0.0, 3: 0.2, 6: 0.4, 12: 0.6}, 0.8, None),
        ({6: 0.8, 12: 1.0, 3: 0.6, 1: 0.6}, 0.6, 1),
    ]
    for shares, whole, truth in cases:
        came = work("good_from", shares, whole)
        walk = list(shares.items())[::-1]
        fails = next((n for n, (_, value) in enumerate(walk) if value < whole), len(walk))
        in_order = (next((k for k in shares if shares[k] >= whole), None), walk[fails - 1][0] if fails else None)
        otherwise = {
            **({"unsorted": came} if list(shares) != sorted(shares) and came in in_order else {}),
            "first-time": min((k for k in shares if shares[k] >= whole), default=None),
            "strictly": _good_from(shares, whole, np.greater),
            "best-share": max(sorted(shares), key=lambda k: shares[k]),
            "largest": max((k for k in shares if shares[k] >= whole), default=None),
            "last-failure": max((k for k in shares if shares[k] < whole), default=None),
        }
        expect(f"good_from({shares}, {whole})", came, truth, otherwise)


def _good_from(shares: dict[int, float], whole: float, as_good: Any) -> int | None:
    good = [k for k in shares if all(as_good(shares[n], whole) for n in shares if n >= k)]
    return min(good, default=None)


def _windows(T: int, k: int, *, blocks: bool = False, full: bool = False, **_: Any) -> list[tuple[int, int]]:
    """Return for each loss at t the first step of its window, and t."""
    firsts = [t // k * k if blocks else max(0, t + 1 - k) for t in range(T)]
    return [(first, t) for t, first in enumerate(firsts) if not full or t + 1 >= k]


def _cut(
    params: dict[str, Any],
    x: Any,
    d_outputs: Any,
    windows: list[tuple[int, int]],
    *,
    zeros: bool = False,
    again: bool = False,
    late: bool = False,
    last: bool = False,
    **_: Any,
) -> dict[str, Any]:
    """Differentiate, by complex steps, losses whose windows begin in states that are constants."""
    h = [np.zeros((x.shape[1], len(params["b_h"])))]
    for x_t in x:
        h.append(np.tanh(x_t @ params["W_xh"] + h[-1] @ params["W_hh"] + params["b_h"]))
    cuts = np.cumsum([0, *(value.size for value in params.values())])

    def loss(flat: Any) -> Any:
        W_xh, W_hh, b_h, W_hy, b_y = (
            flat[a:b].reshape(value.shape) for a, b, value in zip(cuts, cuts[1:], params.values(), strict=False)
        )
        total = 0
        for first, t in windows[-1:] if last else windows:
            state = h[0] if zeros else h[first + 1 if late and first else first]
            for s in range(first, t + 1):
                state = np.tanh(x[s] @ W_xh + state @ W_hh + b_h)
                if s == t or again:
                    total = total + np.sum(d_outputs[s] * (state @ W_hy + b_y))
        return total

    flat = complex_step(loss, np.concatenate([value.ravel() for value in params.values()]))
    return {
        name: flat[a:b].reshape(value.shape)
        for a, b, (name, value) in zip(cuts, cuts[1:], params.items(), strict=False)
    }


# ── more patience ───────────────────────────────────────────────────────────────────────────────────────────────────


def solved(right, over, share):
    """Return for each network, of right (updates, nets), after how many updates it had learned the task, or None."""
    windows = np.lib.stride_tricks.sliding_window_view(right, over, axis=0).mean(axis=-1)
    return [over + int(np.argmax(net >= share)) if (net >= share).any() else None for net in windows.T]


def rates(when, budget):
    """Return for each method the share of its networks that had learned the task within the budget."""
    return {
        method: sum(update is not None and update <= budget for update in updates) / len(updates)
        for method, updates in when.items()
    }


def only_now(when, budget):
    """Return the pairs (A, B) of which it is true with twice the budget, and was not, that A brings more there."""
    before, after = rates(when, budget), rates(when, 2 * budget)
    return [(a, b) for a in when for b in when if after[a] > after[b] and before[a] <= before[b]]


def check_patience(work: Subject) -> None:
    """Networks that arrive early, late, just in time, for a while, never; methods that overtake each other."""
    rng = np.random.default_rng()
    right = np.full((30, 7), 0.25)
    right[:4, 0] = right[15:19, 1] = right[-4:, 2] = 1.0
    right[6:10, 3] = (0.75, 1.0, 0.75, 1.0)  # just so
    right[10:13, 4] = right[::2, 5] = 1.0  # not long enough, every other time
    right[5:9, 6] = right[20:25, 6] = 1.0  # twice
    right = right[:, rng.permutation(7)]
    truth = _solved(right, 4, 0.875)

    def shifted(by: int) -> list[int | None]:
        return [None if update is None else update + by for update in truth]

    expect(
        "solved(right, 4, 0.875)",
        work("solved", right, 4, 0.875),
        truth,
        {
            "from-zero": shifted(-1),
            "first-of-window": shifted(-4),
            "first-of-window-from-one": shifted(-3),
            "one-late": shifted(1),
            "strictly": _solved(right, 4, 0.876),
            "one-batch": _solved(right, 1, 0.875),
            "never-is-zero": [update or 0 for update in truth],
            "never-is-the-end": [update or 30 for update in truth],
            "never-is-four": [update or 4 for update in truth],
        },
    )
    _check_rates(work, rng)


def _solved(right: Any, over: int, share: float) -> list[int | None]:
    found: list[int | None] = []
    for net in right.T:
        ends = [n for n in range(over, len(net) + 1) if net[n - over : n].mean() >= share]
        found.append(ends[0] if ends else None)
    return found


def _check_rates(work: Subject, rng: np.random.Generator) -> None:
    budget = 100 * int(rng.integers(20, 60))
    soon = rng.integers(1, budget, 8).tolist()  # early, and late
    late = rng.integers(budget + 1, 2 * budget, 10).tolist()
    when: dict[str, list[int | None]] = {
        "sgd": [soon[0], *late[:3], *[None] * 6],
        "clip": [budget, *soon[1:3], late[3], 2 * budget, 2 * budget + 1, *[None] * 4],
        "penalty": [*soon[3:6], *late[4:], None],
        "other": [*soon[6:], 1, 2, *[None] * 6],
    }
    when = {str(name): [when[name][n] for n in rng.permutation(10)] for name in rng.permutation(list(when))}

    def share(limit: int, before: Callable[[int, int], bool] = int.__le__) -> dict[str, float]:
        return {name: sum(u is not None and before(u, limit) for u in row) / 10 for name, row in when.items()}

    for limit in (budget, 2 * budget):
        arrived = {name: sum(u is not None for u in row) for name, row in when.items()}
        within = share(limit)
        expect(
            "rates(when, budget)",
            work("rates", when, limit),
            within,
            {
                "strictly": share(limit, int.__lt__),
                "of-those-that-arrived": {name: within[name] * 10 / arrived[name] for name in when},
                "no-budget": {name: arrived[name] / 10 for name in when},
                "counted": {name: 10 * value for name, value in within.items()},
                "still-missing": {name: 1 - value for name, value in within.items()},
            },
        )
    before, after = share(budget), share(2 * budget)
    pairs = [(a, b) for a in when for b in when]
    came = work("only_now", when, budget)
    expect(
        "only_now(when, budget)",
        sorted(map(tuple, came)) if isinstance(came, list | tuple) and all(map(_is_pair, came)) else came,
        sorted((a, b) for a, b in pairs if after[a] > after[b] and before[a] <= before[b]),
        {
            "ties-forgotten": sorted((a, b) for a, b in pairs if after[a] > after[b] and before[a] < before[b]),
            "true-before": sorted((a, b) for a, b in pairs if after[a] > after[b]),
            "true-only-then": sorted((a, b) for a, b in pairs if after[a] <= after[b] and before[a] > before[b]),
            "pairs-turned": sorted((b, a) for a, b in pairs if after[a] > after[b] and before[a] <= before[b]),
            "also-level": sorted((a, b) for a, b in pairs if after[a] >= after[b] and before[a] < before[b]),
            "gained-more": sorted((a, b) for a, b in pairs if after[a] - before[a] > after[b] - before[b]),
        },
    )


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and all(isinstance(one, str) for one in item)


EXERCISES = (
    Exercise(
        chapter="memory",
        number=1,
        title=Text("Two symbols instead of four", "两种符号，而不是四种"),
        task=Text(
            "Write run(net, optimizer, kinds, length, batch, updates, seed), the training of the experiment for any number"
            " of kinds of symbols. Every update draws new symbols, rng.integers(0, kinds, (length, batch)), with"
            " rng = np.random.default_rng(seed); gives them one-hot, (length, batch, kinds), to net.forward, which returns"
            " (scores, state) with scores (length, batch, kinds); and notes the share of sequences whose last scores name"
            " the first symbol, before it learns from them. net.backward gets the gradient of the mean cross-entropy of the"
            " last scores, zero at all other steps; then optimizer.update(net.params, grads), grads being net.grads clipped"
            " to norm 1 by rnn.optim.clip_by_norm. Return the shares, (updates,).\n"
            "Write learned(right, over, share): right is (updates, nets), such shares of several networks. Return how many"
            " networks have, at some moment, an average of at least `share` over `over` batches in a row.",
            "写 run(net, optimizer, kinds, length, batch, updates, seed)，即实验里的训练，符号的种数任意。每次更新用"
            " rng = np.random.default_rng(seed) 抽新的符号 rng.integers(0, kinds, (length, batch))；以独热的形式"
            " (length, batch, kinds) 交给 net.forward，它返回 (scores, state)，scores 的形状是 (length, batch, kinds)；在学习之前"
            "记下最后的分数说对第一个符号的序列所占的比例。net.backward 得到最后分数的平均交叉熵的梯度，其余各步为零；然后"
            " optimizer.update(net.params, grads)，grads 是用 rnn.optim.clip_by_norm 裁剪到范数 1 的 net.grads。返回这些比例，形状"
            " (updates,)。\n"
            "写 learned(right, over, share)：right 的形状是 (updates, nets)，是几个网络的这种比例。返回有多少个网络曾在某一时刻，"
            "连续 over 批的平均达到 share。",
        ),
        solution=(run, learned),
        check=check_run,
        names={
            "number-of-updates": Text(
                "The optimizer was called {came} times; there should be {wanted} updates.",
                "优化器被调用了 {came} 次；应当有 {wanted} 次更新。",
            ),
            "not-in-turn": Text(
                "An update comes without a forward and a backward before it.",
                "有一次更新之前没有 forward 或者没有 backward。",
            ),
            "not-one-hot": Text(
                "The inputs are not one-hot: one 1 for each symbol.", "输入不是独热的：每个符号只有一个 1。"
            ),
            "kinds-missing": Text(
                "Of the {kinds} kinds of symbols some never occur. The end of rng.integers is not included.",
                "{kinds} 种符号里，有的从不出现。rng.integers 的上界不包含在内。",
            ),
            "same-batch": Text(
                "All batches are the same. Each update needs new symbols; else they are learned by heart.",
                "每批都一样。每次更新都要抽新的符号，不然就背下来了。",
            ),
            "one-symbol": Text("All steps of a sequence show the same symbol.", "一个序列的各步都是同一个符号。"),
            "last-symbol": Text(
                "The answers are compared with the last symbol. The first one is asked for.",
                "答案拿去和最后一个符号比了。要问的是第一个。",
            ),
            "first-output": Text(
                "The scores of the first step are judged. The answer comes at the end.",
                "评的是第一步的分数。答案在末尾。",
            ),
            "all-outputs": Text(
                "The scores of all steps are judged; only the last ones count.",
                "各步的分数都算进去了；只有最后的算数。",
            ),
            "counted": Text(
                "This is a number of sequences; asked is the share of the batch.",
                "这是序列的个数；要的是在一批里的比例。",
            ),
            "share-wrong": Text("This is the share of wrong answers.", "这是答错的比例。"),
            "answered-after": Text(
                "Each batch is answered after it was learned from. Note the answer before the update.",
                "每一批都是学过之后才答的。要在更新之前记下答案。",
            ),
            "taught-last-symbol": Text(
                "The network is taught to name the last symbol.", "教给网络的是说出最后一个符号。"
            ),
            "taught-everywhere": Text(
                "Every step gets a gradient. Only the last answer is asked for: the others get zero.",
                "每一步都得到了梯度。只问最后的答案：其余各步是零。",
            ),
            "taught-everywhere-summed": Text(
                "Every step gets a gradient. Only the last answer is asked for: the others get zero.",
                "每一步都得到了梯度。只问最后的答案：其余各步是零。",
            ),
            "taught-itself": Text("The network is taught to repeat each symbol.", "教给网络的是重复每个符号。"),
            "summed": Text(
                "The gradient is that of the sum over the batch; wanted is the mean.",
                "这是整批之和的梯度；要的是平均的梯度。",
            ),
            "uphill": Text("The gradient has the wrong sign: this goes uphill.", "梯度的符号反了：这是在上坡。"),
            "taught-first-output": Text(
                "The gradient goes to the first step; it belongs to the last.", "梯度给了第一步；它属于最后一步。"
            ),
            "not-clipped": Text("The gradient is not clipped to norm 1.", "梯度没有裁剪到范数 1。"),
            "at-the-end": Text(
                "Only the last batches are looked at. A network has learned it if it ever got there.",
                "只看了最后几批。只要曾经达到，就算学会。",
            ),
            "each-batch": Text(
                "Not every batch has to reach the share, only their average.", "不必每一批都达到，平均达到就行。"
            ),
            "one-batch": Text(
                "One good batch is luck. Average over `over` batches in a row.",
                "一批好是运气。要取连续 over 批的平均。",
            ),
            "share-of-networks": Text(
                "This is a share of the networks; asked is how many.", "这是网络的比例；问的是几个。"
            ),
            "strictly": Text("An average that is exactly the share counts as well.", "平均正好等于 share 也算。"),
            "over-all": Text("This averages over the whole training.", "这是整个训练的平均。"),
            "last-missing": Text(
                "The last window is missing: of n batches there are n − over + 1 windows.",
                "少了最后一个窗口：n 批有 n − over + 1 个窗口。",
            ),
            "blocks": Text("The windows must slide by one batch, not by `over`.", "窗口每次移动一批，而不是 over 批。"),
        },
        planted=(
            ("last-symbol", "== symbols[0])", "== symbols[-1])"),
            (
                "taught-last-symbol",
                "softmax_cross_entropy(scores[-1], symbols[0])",
                "softmax_cross_entropy(scores[-1], symbols[-1])",
            ),
            (
                "taught-everywhere",
                "d_scores[-1] = softmax_cross_entropy(scores[-1], symbols[0])[1]",
                "d_scores = softmax_cross_entropy(scores, np.tile(symbols[0], (length, 1)))[1]",
            ),
            (
                "answered-after",
                "optimizer.update(net.params, clip_by_norm(net.grads, 1.0)[0])",
                "optimizer.update(net.params, clip_by_norm(net.grads, 1.0)[0])\n"
                "        right[update] = np.mean(net.forward(np.eye(kinds)[symbols])[0][-1].argmax(axis=-1) == symbols[0])",
            ),
            ("same-batch", "symbols = rng.integers", "symbols = np.random.default_rng(seed).integers"),
            ("kinds-missing", "rng.integers(0, kinds,", "rng.integers(0, kinds - 1,"),
            ("not-clipped", "clip_by_norm(net.grads, 1.0)[0]", "net.grads"),
            ("summed", "symbols[0])[1]", "symbols[0])[1] * batch"),
            ("at-the-end", "windows.mean(axis=-1) >= share, axis=0)", "windows[-1:].mean(axis=-1) >= share, axis=0)"),
            ("each-batch", "windows.mean(axis=-1)", "windows.min(axis=-1)"),
            ("one-batch", "windows.mean(axis=-1)", "windows.max(axis=-1)"),
            ("last-missing", "np.any(windows.mean", "np.any(windows[:-1].mean"),
            (
                "share-of-networks",
                "int(np.any(windows.mean(axis=-1) >= share, axis=0).sum())",
                "np.any(windows.mean(axis=-1) >= share, axis=0).mean()",
            ),
        ),
        hints=(
            Text(
                "Which step of the scores answers, and about which step of the symbols?",
                "分数的哪一步是答案？问的又是符号的哪一步？",
            ),
            Text(
                "np.eye(kinds)[symbols] is one-hot. Start the gradient as zeros like the scores and fill one step."
                " rnn.losses.softmax_cross_entropy returns (loss, gradient).",
                "np.eye(kinds)[symbols] 就是独热。梯度先取与分数同形状的零，再填一步。rnn.losses.softmax_cross_entropy 返回"
                " (损失, 梯度)。",
            ),
            Text(
                "scores[-1].argmax(axis=-1) == symbols[0], noted before the update. For learned:"
                " np.lib.stride_tricks.sliding_window_view(right, over, axis=0).mean(axis=-1) >= share, any along axis 0.",
                "scores[-1].argmax(axis=-1) == symbols[0]，在更新之前记下。learned 用"
                " np.lib.stride_tricks.sliding_window_view(right, over, axis=0).mean(axis=-1) >= share，再沿轴 0 取 any。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn.losses import softmax_cross_entropy\nfrom rnn.optim import clip_by_norm",
    ),
    Exercise(
        chapter="memory",
        number=4,
        title=Text("Half a cut", "切一半"),
        task=Text(
            "Write cut_gradient(net, inputs, d_outputs, k). net is a rnn.SimpleRNN, inputs (T, B, D), d_outputs (T, B, O)"
            " the gradient of the loss for the outputs; the state begins at zero. Return the gradient as a dict with the"
            " keys of net.params, but with sliding windows: the loss of step t goes back over the last k steps, t itself"
            " among them, and into nothing before; the state in which a window begins is the one the whole sequence has"
            " there. k may be larger than T. With k = 1 that is the arm that cuts after one step, with k = T the whole"
            " gradient.\n"
            "Write good_from(shares, whole): shares is a dict from k to the share of networks that learned the grammar,"
            " whole the share with the whole gradient. Return the smallest k of the dict from which on every k of the dict"
            " has a share of at least whole, or None.",
            "写 cut_gradient(net, inputs, d_outputs, k)。net 是 rnn.SimpleRNN，inputs (T, B, D)，d_outputs (T, B, O) 是损失对输出的"
            "梯度；状态从零开始。返回梯度，字典，键与 net.params 相同，但用滑动窗口：第 t 步的损失只往回走最后 k 步（t 自己算在内），"
            "再往前什么也不传；窗口开始时的状态，就是整个序列在那里的状态。k 可以大于 T。k = 1 就是走一步就断的那个臂，k = T 是完整的"
            "梯度。\n"
            "写 good_from(shares, whole)：shares 是字典，从 k 到学会文法的网络的份额；whole 是用完整梯度时的份额。返回字典里最小的"
            " k，使得从它起字典里每个 k 的份额都不低于 whole；没有就返回 None。",
        ),
        solution=(cut_gradient, good_from),
        check=check_cut,
        names={
            "state-lost": Text(
                "Each window begins with a state of zeros. The gradient is cut, not the memory: begin with the state of the"
                " step before.",
                "每个窗口都从全零的状态开始。切断的是梯度，不是记忆：应从前一步的状态开始。",
            ),
            "one-too-many": Text(
                "The windows are one step too long: k steps include t itself.", "窗口长了一步：k 步里包括 t 自己。"
            ),
            "one-too-few": Text(
                "The windows are one step too short: k steps include t itself.", "窗口短了一步：k 步里包括 t 自己。"
            ),
            "whole": Text("This is the whole gradient: nothing is cut.", "这是完整的梯度：什么也没有切断。"),
            "counted-again": Text(
                "Losses are counted again in each window that contains them. Of a window only the last step has a loss.",
                "损失在每个包含它的窗口里都被算了一次。一个窗口里只有最后一步有损失。",
            ),
            "blocks": Text(
                "These are blocks of k steps. With sliding windows every step has a window of its own.",
                "这是 k 步一块。滑动窗口是每一步都有自己的窗口。",
            ),
            "state-late": Text(
                "The window begins with the state after its first step; it needs the one before.",
                "窗口开始时用了它第一步之后的状态；要用第一步之前的。",
            ),
            "averaged": Text(
                "The windows are averaged; their gradients add up.", "各窗口取了平均；它们的梯度应当相加。"
            ),
            "short-windows-left-out": Text(
                "The first steps are left out. Their windows are shorter, but their losses count.",
                "漏掉了开头几步。它们的窗口短一些，但损失也算。",
            ),
            "last-window": Text("Only the last window is there: add them up.", "只剩最后一个窗口：要加起来。"),
            "first-time": Text(
                "This is the first k that is good. A larger one is not: “from which on” asks for all that follow.",
                "这是第一个够好的 k，而更大的有的不够。“从它起”要求后面的都够。",
            ),
            "strictly": Text("As good as whole is enough; it need not be better.", "与完整的一样好就够，不必更好。"),
            "best-share": Text("This is the k with the best share.", "这是份额最大的 k。"),
            "largest": Text(
                "This is the largest k that is good; asked is the smallest from which on all are.",
                "这是够好的最大的 k；问的是从哪个最小的 k 起都够好。",
            ),
            "unsorted": Text("The dict need not be in the order of k.", "字典不一定按 k 的次序排。"),
            "last-failure": Text(
                "This is the last k that fails; the next one is asked for.",
                "这是最后一个不够好的 k；问的是它的下一个。",
            ),
        },
        planted=(
            ("state-lost", "h[first - 1] if first > 0 else np.zeros_like(h[0])", "np.zeros_like(h[0])"),
            ("one-too-many", "max(0, t + 1 - k)", "max(0, t - k)"),
            ("counted-again", "d_window[-1] = d_outputs[t]", "d_window[:] = d_outputs[first : t + 1]"),
            ("blocks", "max(0, t + 1 - k)", "t // k * k"),
            ("state-late", "h[first - 1] if first", "h[first] if first"),
            ("whole", "max(0, t + 1 - k)", "0"),
            ("averaged", "total[name] + grads[name]", "total[name] + grads[name] / len(inputs)"),
            ("last-window", "total[name] + grads[name]", "grads[name]"),
            ("short-windows-left-out", "range(len(inputs))", "range(k - 1, len(inputs))"),
            ("first-time", "            break", "            continue"),
            ("strictly", "shares[k] < whole", "shares[k] <= whole"),
            ("unsorted", "sorted(shares, reverse=True)", "list(shares)[::-1]"),
        ),
        hints=(
            Text(
                "What goes over the edge of a window, and what does not: the state, or the gradient?",
                "什么越过窗口的边缘，什么不越过：状态，还是梯度？",
            ),
            Text(
                "Run the whole sequence once and keep its states. Then run each window by itself from the right state, with"
                " a gradient at its last step alone, and add up.",
                "先把整个序列跑一遍，留下各步的状态。再从正确的状态单独跑每个窗口，只在最后一步给梯度，然后相加。",
            ),
            Text(
                "first = max(0, t + 1 − k); net.forward(inputs[first : t + 1], h0=h[first − 1]), or zeros if first is 0. For"
                " good_from go from the largest k down, and stop at the first that fails.",
                "first = max(0, t + 1 − k)；net.forward(inputs[first : t + 1], h0=h[first − 1])，first 为 0 时用零。good_from"
                " 从最大的 k 往下走，遇到第一个不够好的就停。",
            ),
        ),
        stubs=("rnn.training:truncated_backward",),
    ),
    Exercise(
        chapter="memory",
        number=5,
        title=Text("More patience", "多一点耐心"),
        task=Text(
            "Write solved(right, over, share): right is (updates, nets), the share of right answers of each batch. Return a"
            " list with an entry for each network: the number of updates after which the average of the last `over` batches"
            " was at least `share` for the first time (so at least `over`), or None if it never was.\n"
            "Write rates(when, budget): when is a dict from a method to such a list. Return a dict from the method to the"
            " share of its networks, of all of them, that had learned the task after at most `budget` updates.\n"
            "Write only_now(when, budget): return the list of pairs (A, B) of methods, in any order, for which the sentence"
            " “more networks learn it with A than with B” is true with 2 × budget and would have been false with budget."
            " The runs in when are long enough.",
            "写 solved(right, over, share)：right 的形状是 (updates, nets)，是每批答对的比例。返回列表，每个网络一项：最后 over 批的平均"
            "第一次达到 share 时，已做了多少次更新（所以至少是 over）；从未达到则为 None。\n"
            "写 rates(when, budget)：when 是字典，从方法到这样的列表。返回字典，从方法到比例：它的全部网络里，至多 budget 次更新就学会的"
            "占多少。\n"
            "写 only_now(when, budget)：返回方法对 (A, B) 的列表，次序任意：“用 A 学会的网络比用 B 的多”这句话，在 2 × budget 时为真，"
            "在 budget 时为假。when 里的运行足够长。",
        ),
        solution=(solved, rates, only_now),
        check=check_patience,
        names={
            "from-zero": Text(
                "The numbers are one too small: after the first batch one update has been made, not none.",
                "数字小了一：第一批之后已做了一次更新，不是零次。",
            ),
            "first-of-window": Text(
                "This is where the window begins. The average is known only at its end.",
                "这是窗口的开头。平均要到窗口末尾才知道。",
            ),
            "first-of-window-from-one": Text(
                "This is where the window begins. The average is known only at its end.",
                "这是窗口的开头。平均要到窗口末尾才知道。",
            ),
            "one-late": Text("The numbers are one too large.", "数字大了一。"),
            "strictly": Text(
                "What is exactly at the limit counts as well: at least the share, at most the budget.",
                "正好在界限上的也算：至少是 share，至多是 budget。",
            ),
            "one-batch": Text(
                "One good batch is luck: average over the last `over`.", "一批好是运气：要取最后 over 批的平均。"
            ),
            "never-is-zero": Text(
                "A network that never learned it has None, not 0.", "从未学会的网络是 None，不是 0。"
            ),
            "never-is-the-end": Text(
                "A network that never learned it has None, not the number of all updates.",
                "从未学会的网络是 None，不是全部更新次数。",
            ),
            "never-is-four": Text(
                "A network that never learned it has None. argmax of nothing but False is 0: ask any first.",
                "从未学会的网络是 None。全是 False 时 argmax 得 0：先问 any。",
            ),
            "of-those-that-arrived": Text(
                "This is a share of those that ever learned it. Divide by all networks.",
                "这是在终于学会的网络里的比例。要除以全部网络。",
            ),
            "no-budget": Text("The budget is not looked at.", "没有看预算。"),
            "counted": Text("This is a number of networks, not a share.", "这是网络的个数，不是比例。"),
            "still-missing": Text("This is the share of those that had not learned it.", "这是没有学会的比例。"),
            "ties-forgotten": Text(
                "“More” is false for equal numbers, too: level before and ahead now is a new sentence.",
                "个数相等时，“更多”也是假的：先前相等、现在领先，就是一句新的话。",
            ),
            "true-before": Text(
                "Some of these were true with the smaller budget already.", "其中有的在原来的预算下已经是真的。"
            ),
            "true-only-then": Text(
                "These were true before and are false now; asked is the reverse.",
                "这些先前为真，现在为假；问的是反过来的。",
            ),
            "pairs-turned": Text(
                "The pairs are turned round: A is the one that brings more.", "每一对都反了：A 是更多的那个。"
            ),
            "also-level": Text(
                "With twice the budget A must be ahead, not level.", "预算加倍时，A 必须领先，不能只是相等。"
            ),
            "gained-more": Text(
                "These pairs say who has gained more. Asked is who has more, then and now.",
                "这些对说的是谁涨得多。问的是先后两次谁更多。",
            ),
        },
        planted=(
            ("first-of-window", "[over + int(np.argmax", "[int(np.argmax"),
            ("from-zero", "[over + int(np.argmax", "[over - 1 + int(np.argmax"),
            ("strictly", "np.argmax(net >= share)) if (net >= share)", "np.argmax(net > share)) if (net > share)"),
            ("never-is-four", "if (net >= share).any() else None", ""),
            ("strictly", "update <= budget", "update < budget"),
            ("no-budget", " and update <= budget", ""),
            ("of-those-that-arrived", "/ len(updates)", "/ sum(update is not None for update in updates)"),
            ("counted", " / len(updates)", ""),
            ("ties-forgotten", "before[a] <= before[b]", "before[a] < before[b]"),
            ("true-before", " and before[a] <= before[b]", ""),
            ("pairs-turned", "[(a, b) for", "[(b, a) for"),
        ),
        hints=(
            Text(
                "A window over batches 0 to 99 is complete after how many updates?",
                "第 0 到 99 批的窗口，做了多少次更新才完整？",
            ),
            Text(
                "A sentence “more” is false both when A is behind and when the two are level. None never counts, but it"
                " stays in the denominator.",
                "A 落后时，“更多”是假的；两者相等时，也是假的。None 永远不算学会，但留在分母里。",
            ),
            Text(
                "The first window that is good has the number i, counted from 0: the answer is over + i. Pairs:"
                " after[a] > after[b] and before[a] <= before[b].",
                "第一个够好的窗口是第 i 个（从 0 数）：答案是 over + i。对：after[a] > after[b] 且 before[a] <= before[b]。",
            ),
        ),
    ),
)
