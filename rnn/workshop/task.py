"""The fifth part of the assignment, graded: the data, and a training on them.

What a training prints and returns counts for nothing. What counts is what went through the networks meanwhile
(`rnn.workshop.recorded`), and whether the outputs are those of the package's network with the same parameters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import rnn
from rnn.validate import Array
from rnn.workshop import recorded
from rnn.workshop.host import BACKWARD, FORWARD, UPDATE
from rnn.workshop.recorded import Fit, Network, Pair, Sequences, Tested
from rnn.workshop.subject import Subject, raised
from rnn.workshop.wrong import Difference, Text, Wrong, number, shown

DATA, TRAIN = "generate_sequence_data", "train_rnn_on_sequence"
CLASSES = ["SimpleRNN", "LSTMCell"]

LENGTH = 1000  # the default of the skeleton
SINES = ("sine", "sin", "sine_wave", "正弦", "正弦波")
UNKNOWN = ("ValueError", "KeyError", "NotImplementedError", "AssertionError", "UnboundLocalError")  # "no such type"
NEAR = 1e-6  # what a recurrence may be off by, relative to the numbers in it
LEAST = 1e-44  # and in any case: below that single precision has no numbers
OFTEN = 0.1  # the share of the steps at which remainders wrap round, at least

FALLS = 0.95  # the error at the end of training, as a share of that at the start, at most
HUGE = 1e-6  # the typical number, as a share of the largest, below which nothing is left to learn from
MANY_COVERED = 5  # sequences that overlap training windows on both sides
FEW_FRESH = 25  # times as many of them as of those that do not overlap at all, before it is called a random division
ENDS = 20  # updates at the start and at the end over which errors are averaged

NAMES: dict[str, Text] = {
    # ── the data ──
    "data-length": Text(
        "`generate_sequence_data({type!r}, {asked})` returns {got} numbers instead of {asked}: `length` is not heeded.",
        "`generate_sequence_data({type!r}, {asked})` 返回了 {got} 个数，应为 {asked} 个：没有按 `length` 生成。",
    ),
    "data-off-by-one": Text(
        "`generate_sequence_data({type!r}, {asked})` returns {got} numbers, one off. Look at the range of the loop and at"
        " the numbers that stand there before it.",
        "`generate_sequence_data({type!r}, {asked})` 返回了 {got} 个数，差了一个。检查循环的范围，以及循环之前已经放进去的数。",
    ),
    "data-shape": Text(
        "`generate_sequence_data({type!r}, {asked})` returns {got}. A sequence of numbers is expected, of shape"
        " ({asked},) or ({asked}, 1); cut it into windows in the training.",
        "`generate_sequence_data({type!r}, {asked})` 返回的是 {got}。应返回一列数，形状为 ({asked},) 或 ({asked}, 1)；切窗口放到训练函数里做。",
    ),
    "data-not-finite": Text(
        "Number {index} of `generate_sequence_data({type!r}, {asked})`, counted from 0, is {got}.",
        "`generate_sequence_data({type!r}, {asked})` 的第 {index} 个数（从 0 数起）是 {got}。",
    ),
    "data-constant": Text(
        "All numbers of `generate_sequence_data({type!r}, {asked})` are equal: there is nothing to learn.",
        "`generate_sequence_data({type!r}, {asked})` 的数全部相等，没有什么可学的。",
    ),
    "fibonacci-int64": Text(
        "The Fibonacci numbers overflow at number {index}, counted from 0: a 64-bit integer ends at about 9.2e18. Compute"
        " with Python's integers or with floats, or take remainders.",
        "斐波那契数从第 {index} 个（从 0 数起）开始溢出：64 位整数最大约为 9.2e18。可以用 Python 的整数或浮点数计算，或者取余数。",
    ),
    "fibonacci-int32": Text(
        "The Fibonacci numbers overflow at number {index}, counted from 0: a 32-bit integer ends at about 2.1e9. Compute"
        " with Python's integers or with floats, or take remainders.",
        "斐波那契数从第 {index} 个（从 0 数起）开始溢出：32 位整数最大约为 2.1e9。可以用 Python 的整数或浮点数计算，或者取余数。",
    ),
    "fibonacci-float32": Text(
        "The Fibonacci numbers become infinite at number {index}, counted from 0: single precision ends at about 3.4e38."
        " Use float64, which goes on to number 1476.",
        "斐波那契数从第 {index} 个（从 0 数起）开始变成无穷大：单精度最大约为 3.4e38。请用 float64，它能存到第 1476 个。",
    ),
    "fibonacci-broken": Text(
        "From number {index} on, counted from 0, the Fibonacci numbers do not follow their rule: each is the sum of the"
        " two before it. Logarithms, ratios, remainders and rescaled numbers would have been recognised.",
        "从第 {index} 个数（从 0 数起）开始不再满足斐波那契的规律：每个数应是前两个数之和。取对数、相邻比、余数或缩放之后的数都能识别，这里都不是。",
    ),
    "sine-integer": Text(
        "The sine consists of whole numbers only (−1, 0 and 1 at most): it was cut off to integers. Look for `dtype=int`.",
        "正弦序列里只有整数（最多 −1、0、1 三种）：它被截成了整数。检查是不是用了 `dtype=int`。",
    ),
    "sine-slow": Text(
        "In {asked} steps the sine does not complete half a wave. A network sees no oscillation there; take a larger step.",
        "这个正弦在 {asked} 步里连半个周期都没有走完，网络看不到任何振荡。请把步长取大一些。",
    ),
    "type-ignored": Text(
        "`generate_sequence_data` returns the same numbers for {type!r} as for 'fibonacci': `seq_type` is not heeded.",
        "`generate_sequence_data` 对 {type!r} 和 'fibonacci' 返回同样的数：没有按 `seq_type` 生成。",
    ),
    # ── advice on the data ──
    "advice-no-sine": Text(
        "None of the names sine, sin, sine_wave and 正弦 is a type of `generate_sequence_data`. The assignment suggests a sine"
        " beside the Fibonacci numbers.",
        "sine、sin、sine_wave、正弦 这几个名字 `generate_sequence_data` 都不认识。题目建议除斐波那契数列外再做一个正弦波。",
    ),
    "advice-short": Text(
        "With a `length` of 1 or 2, `generate_sequence_data` does not return 1 or 2 Fibonacci numbers.",
        "当 `length` 为 1 或 2 时，`generate_sequence_data` 返回的斐波那契数不是 1 个或 2 个。",
    ),
    # ── the training ──
    "unused": Text(
        "During `train_rnn_on_sequence` neither `SimpleRNN.forward` nor `LSTMCell.forward` is called. The task is to train"
        " the network that you wrote.",
        "`train_rnn_on_sequence` 运行时既没有调用 `SimpleRNN.forward`，也没有调用 `LSTMCell.forward`。题目要训练的是你自己写的网络。",
    ),
    "no-backward": Text(
        "The training calls `forward` {forward} times and `backward` never, and the parameters stay as they are: nothing is"
        " trained.",
        "训练过程调用了 {forward} 次 `forward`，却没有调用过 `backward`，参数也没有变：什么都没有训练。",
    ),
    "no-update": Text(
        "The training calls `backward` {backward} times, and the parameters are in the end what they were at the start"
        " (`update_parameters` was called {update} times).",
        "训练过程调用了 {backward} 次 `backward`，但参数从头到尾没有变（`update_parameters` 调用了 {update} 次）。",
    ),
    "targets-as-gradient": Text(
        "What is handed to `backward` does not depend on the outputs: it is the targets, or something else that is fixed."
        " `d_outputs` is the derivative of the loss with respect to the outputs, for squared errors 2 (outputs − targets) / N.",
        "传给 `backward` 的东西与输出无关：它是目标值，或者别的固定的数。`d_outputs` 应是损失对输出的导数，平方误差时为"
        " 2 (outputs − targets) / N。",
    ),
    "outputs-as-gradient": Text(
        "What is handed to `backward` is the outputs themselves: the targets do not occur in it. `d_outputs` is the derivative"
        " of the loss, for squared errors 2 (outputs − targets) / N.",
        "传给 `backward` 的就是输出本身，里面没有目标值。`d_outputs` 应是损失的导数，平方误差时为 2 (outputs − targets) / N。",
    ),
    "wrong-sign": Text(
        "`d_outputs` is targets − outputs: the sign is the wrong one, so that each update goes uphill. The error grows from"
        " {start} to {end}.",
        "`d_outputs` 写成了 targets − outputs，符号反了，每次更新都在往上坡走。误差从 {start} 增大到 {end}。",
    ),
    "not-shifted": Text(
        "The target of each step is the input of the same step: the network learns to repeat what it sees. To predict, shift"
        " the targets by one step.",
        "每一步的目标就是同一步的输入：网络学到的只是照抄。要做预测，目标应比输入晚一步。",
    ),
    "wrong-batch": Text(
        "The gradient that is handed to `backward` belongs to an earlier batch: between `forward` and `backward` another"
        " `forward` has run, and with it the stored states have changed. Evaluate after the update, or before `forward`.",
        "传给 `backward` 的梯度属于更早的一批数据：在 `forward` 和 `backward` 之间又运行了一次 `forward`，存下的状态已经换掉了。"
        "请在更新之后或 `forward` 之前做评估。",
    ),
    "training-not-finite": Text(
        "At forward pass {index} of {forward} the training arrives at numbers that are not finite. Take a smaller learning"
        " rate, or clip the gradients by their norm.",
        "训练到第 {index} 次前向传播（共 {forward} 次）时，输出不再是有限的数。请减小学习率，或者按范数裁剪梯度。",
    ),
    "error-stays": Text(
        "The error on the training data does not fall: {start} at the start, {end} after {updates} updates.",
        "训练数据上的误差没有下降：开始时是 {start}，{updates} 次更新之后是 {end}。",
    ),
    "not-your-network": Text(
        "The outputs during the training are not those of a network with these parameters: with them the same inputs lead to"
        " another number. What is recorded is not believed.",
        "训练过程中的输出与这组参数的网络对不上：用同样的参数和输入算出来的是另一个数。这份记录不可信。",
    ),
    "no-evaluation": Text(
        "After the training nothing is evaluated: no forward pass goes without a step back. Test the network on a later part"
        " of the sequence that it was not trained on.",
        "训练之后没有任何评估：每一次前向传播都用来训练了。请用序列后面没有参加训练的一段来测试网络。",
    ),
    "tested-on-training": Text(
        "All {count} sequences on which the network is tested were also in the training. Keep the last part of the sequence for"
        " the test.",
        "测试用的 {count} 段序列全部在训练里出现过。请把序列的最后一段留作测试。",
    ),
    "random-split": Text(
        "Of the sequences that were tested and not trained on, {covered} of {count} overlap training windows on both sides:"
        " the windows were divided at random. Divide the sequence in the order of time, and cut it into windows after that.",
        "没有参加训练的 {count} 个测试窗口里，有 {covered} 个在前后两侧都与训练窗口重叠：窗口是随机划分的。请先按时间先后划分序列，再切窗口。",
    ),
    "scaled-on-all": Text(
        "The scaling ({scaler}) uses the whole sequence, the test part included. Compute it from the training part alone, and"
        " apply the same numbers to the rest.",
        "缩放（{scaler}）用到了整个序列，包括测试部分。请只用训练部分计算，再把同样的数用到其余部分。",
    ),
    # ── advice on the training ──
    "advice-persistence": Text(
        "On the unseen sequences the network's error is not below that of repeating the last value.",
        "在没见过的序列上，网络的误差并不比重复上一个值小。",
    ),
    "advice-no-free-run": Text(
        "The network was tested one step ahead only. Let it run on its own outputs as well: one step ahead almost anything"
        " looks good.",
        "只测试了向前一步的预测。也让网络接着自己的输出往下跑：只看一步，几乎什么方法都显得不错。",
    ),
    "advice-known-data": Text(
        "The sequence repeats itself, so each window of the test has also occurred in training. Say so in the report, or take"
        " a period that is no whole number of steps.",
        "序列会重复，所以测试里的每个窗口在训练里也出现过。请在报告里说明，或者把周期取成非整数步。",
    ),
    "advice-huge": Text(
        "Most of the numbers that the network is trained on are nearly zero beside the largest one. Raw Fibonacci numbers"
        " cannot be learned like this; take remainders.",
        "训练用的数里，大多数与最大的那个相比几乎是零。原始的斐波那契数这样是学不会的，请改用余数。",
    ),
    "advice-one-length": Text(
        "All training sequences have the same length. The assignment asks what the length of the sequence does: train with several.",
        "训练用的序列长度都一样。题目要求分析不同序列长度的影响：请用几种长度分别训练。",
    ),
    "advice-no-picture": Text(
        "The training draws nothing. The assignment asks for a picture: the loss, and prediction against truth on the test part.",
        "训练过程没有画图。题目要求可视化：画出损失曲线，以及测试部分上预测与真实值的对比。",
    ),
}

ROWS: dict[str, Text] = {
    "updates": Text("updates", "更新次数"),
    "start": Text("training error at the start", "训练误差（开始）"),
    "end": Text("training error at the end", "训练误差（结束）"),
    "unseen": Text("error on unseen sequences", "没见过的序列上的误差"),
    "persistence": Text("repeating the last value, on the same", "同一批序列上重复上一个值的误差"),
    "trained-on": Text("sequences trained on", "训练用的序列数"),
    "tested-on": Text("unseen sequences", "没见过的序列数"),
}


# ── the data ────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_data(work: Subject) -> list[str]:
    """Check `generate_sequence_data`.

    Parameters
    ----------
    work : Subject
        The submission, loaded.

    Returns
    -------
    list of str
        Keys of advice in `NAMES`, which nobody fails for.

    Raises
    ------
    Wrong
        If it is wrong.
    """
    if DATA not in work.names:
        raise Wrong("missing", name=DATA)
    for asked in (7, 50):
        _series(work, "fibonacci", asked)
    fibonacci = _series(work, "fibonacci", LENGTH)
    _check_fibonacci(fibonacci)
    advice = [] if _is_short_right(work) else ["advice-short"]
    sines = {name: values for name in SINES if (values := _known(work, name)) is not None}
    if not sines:
        return [*advice, "advice-no-sine"]
    others = {name: values for name, values in sines.items() if not np.array_equal(values, fibonacci)}
    if not others:
        raise Wrong("type-ignored", type=next(iter(sines)))
    name, values = next(iter(others.items()))
    _series(work, name, 50)
    _check_sine(name, values)
    return advice


def _series(work: Subject, kind: str, asked: int) -> Array:
    """Return a sequence as numbers of float64, if it is one."""
    got = work(DATA, kind, asked)
    where: dict[str, Any] = {"type": kind, "asked": asked}
    if got is None:
        raise Wrong("returns-none", of=f"{DATA}({kind!r}, {asked})")
    try:
        values = np.array(got, dtype=float)  # from integers of any size, as far as float64 goes
    except OverflowError:
        raise Wrong("data-not-finite", index="?", got="inf", **where) from None
    except (TypeError, ValueError):
        raise Wrong("data-shape", got=shown(got), **where) from None
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise Wrong("data-shape", got=shown(got), **where)
    if len(values) != asked:
        key = "data-off-by-one" if abs(len(values) - asked) == 1 else "data-length"
        raise Wrong(key, got=len(values), **where)
    if not np.isfinite(values).all():
        index = int(np.flatnonzero(~np.isfinite(values))[0])
        single = isinstance(got, np.ndarray) and got.dtype.itemsize < 8 and kind == "fibonacci"
        infinite = single or (kind == "fibonacci" and 180 <= index <= 190)  # made there, and converted since
        raise Wrong(
            "fibonacci-float32" if infinite else "data-not-finite", index=index, got=number(values[index]), **where
        )
    if asked >= LENGTH and np.ptp(values) == 0 and (values.any() or kind == "fibonacci"):
        raise Wrong("data-constant", **where)
    return values


def _known(work: Subject, kind: str) -> Array | None:
    """Return a sequence of a kind that the submission may know; None if it says that it does not."""
    try:
        return _series(work, kind, LENGTH)
    except Wrong as wrong:
        unknown = wrong.values.get("type") in UNKNOWN and wrong.key in ("raises", "skeleton")
        if unknown or wrong.key == "returns-none":
            return None
        raise


def _is_short_right(work: Subject) -> bool:
    try:
        return all(len(_series(work, "fibonacci", asked)) == asked for asked in (1, 2))
    except Wrong:
        return False


def _check_fibonacci(values: Array) -> None:
    """Accept Fibonacci numbers in any form that keeps their rule, and name where it breaks."""
    if _is_sum(values) or _is_remainder(values) or _is_derived(values):
        return
    misfit = values[2:] - values[1:-1] - values[:-2]
    bad = np.abs(misfit) > NEAR * _sizes(values) + LEAST
    index = int(np.flatnonzero(bad)[0]) + 2 if bad.any() else 2
    expected = values[index - 1] + values[index - 2]
    difference = Difference(f"[{index}]", number(expected), number(values[index]))
    for bits, places in ((64, range(89, 96)), (32, range(44, 50))):
        wrapped = expected >= 2 ** (bits - 1) and abs(values[index] - expected + 2.0**bits) < 1e-9 * 2.0**bits
        if wrapped or (index in places and values[index:].min() < 0):
            raise Wrong(f"fibonacci-int{bits}", difference, index=index)
    raise Wrong("fibonacci-broken", difference, index=index)


def _sizes(values: Array) -> Array:
    """Return how large the numbers are that meet at each step of the recurrence."""
    sizes: Array = np.abs(np.lib.stride_tricks.sliding_window_view(values, 3)).max(axis=1)
    return np.where(sizes > 0, sizes, 1.0)


def _is_sum(values: Array) -> bool:
    """Tell whether each number is the sum of the two before it, and perhaps a constant."""
    misfit = values[2:] - values[1:-1] - values[:-2]
    shift = float(np.median(misfit[:40]))  # later, rounding would hide it
    return bool((np.abs(misfit - shift) <= NEAR * np.maximum(_sizes(values), abs(shift)) + LEAST).all())


def _is_remainder(values: Array) -> bool:
    """Tell whether the sum of the two before is missed by nothing or by one number, the modulus, and both often."""
    misfit = values[2:] - values[1:-1] - values[:-2]
    wraps = misfit < (misfit.max() + misfit.min()) / 2
    near = 1e-5 * np.ptp(values)
    both = all(np.ptp(part) <= near for part in (misfit[wraps], misfit[~wraps]) if part.size)
    modulus = misfit.max() - misfit.min()
    fits = np.ptp(values) <= modulus + near and modulus not in (2.0**32, 2.0**64)  # those are of integers that overflow
    return bool(both and fits and OFTEN <= wraps.mean() <= 1 - OFTEN)


def _is_derived(values: Array) -> bool:
    """Tell whether the numbers are logarithms or ratios of Fibonacci numbers, moved and scaled in any way."""
    for start in ((0, 1), (1, 1), (1, 2)):
        exact = list(start)
        while len(exact) <= len(values):
            exact.append(exact[-1] + exact[-2])
        now, then = (np.array([float(f) for f in part]) for part in (exact[:-1], exact[1:]))
        with np.errstate(divide="ignore", invalid="ignore"):
            forms = [np.log(now), np.log1p(now), then / now, now / then, np.append(1.0, then[:-1] / now[:-1])]
        if any(_is_scaled(values[3:], form[3:]) for form in forms):  # before that a zero may have been patched
            return True
    return False


def _is_scaled(values: Array, form: Array) -> bool:
    spread = form - form.mean()
    slope = float(spread @ (values - values.mean()) / (spread @ spread))
    misfit = values - values.mean() - slope * spread
    return bool(slope != 0 and np.abs(misfit).max() <= 1e-5 * np.ptp(values))


def _check_sine(kind: str, values: Array) -> None:
    if np.array_equal(values, np.round(values)) and len(np.unique(values)) <= 3:
        raise Wrong("sine-integer", type=kind)
    if _phase(values) < np.pi:
        raise Wrong("sine-slow", type=kind, asked=len(values))


def _phase(values: Array) -> float:
    """Return how far a clean sine has come, in radians; infinity for anything else, or for what has turned twice."""
    change = np.sign(np.diff(values))
    change = change[change != 0]
    if (change[1:] != change[:-1]).sum() > 1:
        return float("inf")
    lag = len(values) // 4  # the second difference of a sine is a multiple of its distance from the middle
    bend = values[2 * lag :] - 2 * values[lag:-lag] + values[: -2 * lag]
    middle = values[lag:-lag]
    matrix = np.stack([middle, np.ones_like(middle)], axis=1)
    (slope, shift), *_ = np.linalg.lstsq(matrix, bend, rcond=None)
    misfit = np.abs(bend - slope * middle - shift).max()
    if misfit > 1e-6 * np.ptp(values) or not -4 <= slope < 0:
        return float("inf")
    return float(np.arccos(1 + slope / 2) / lag * (len(values) - 1))


# ── the training ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Training:
    """What came out of a training that passes.

    Parameters
    ----------
    rows : list of (Text, str)
        A small table: what it is, and the number.
    advice : list of str
        Keys of advice in `NAMES`.
    pictures : list of str
        Paths in the sandbox.
    printed : str
        The end of what was printed.
    numbers : dict
        The numbers of the table by the keys of `ROWS`; None where they cannot be told.
    """

    rows: list[tuple[Text, str]]
    advice: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    printed: str = ""
    numbers: dict[str, float | int | None] = field(default_factory=dict)


ParamsOf = Callable[[dict[str, Array]], dict[str, Array] | None]


def check_training(work: Subject, params_of: ParamsOf, seconds: float) -> Training:
    """Run the training, and check what was recorded of it.

    Parameters
    ----------
    work : Subject
        The submission, loaded.
    params_of : callable
        Takes the arrays in a trained `SimpleRNN` to parameters in the package's form, or to None.
    seconds : float
        How long it may take.

    Returns
    -------
    Training

    Raises
    ------
    Wrong
        If no network in it has been trained and tested as it should be.
    """
    if TRAIN not in work.names:
        raise Wrong("missing", name=TRAIN)
    raw = work.train(TRAIN, CLASSES, DATA, seconds)
    try:
        sequences, nets, pictures = recorded.read(raw)
        if raw["error"] is not None:
            raise _why(nets, raised(raw["error"]))
        training = _best(sequences, nets, params_of)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise Wrong("nonsense", asked=TRAIN) from error
    if not pictures:
        training.advice.append("advice-no-picture")
    training.pictures, training.printed = pictures, work.printed()
    return training


def _why(nets: list[Network], error: Wrong) -> Wrong:
    """Return the mistake that led to an error, if the recording shows one: numbers that grow end in many ways."""
    for net in nets:
        try:
            _check_error(net, _check_gradient(net))
        except Wrong as wrong:
            if wrong.key != "error-stays":
                return wrong
    return error


def _best(sequences: Sequences, nets: list[Network], params_of: ParamsOf) -> Training:
    """Return the first network that passes: several may be trained, and one of them to show what goes wrong."""
    used = [net for net in nets if net.count(FORWARD)]
    if not used:
        raise Wrong("unused")
    faults = []
    for net in sorted(used, key=lambda net: (net.count(BACKWARD) > 0, net.updates), reverse=True):
        try:
            return _judge(net, used, sequences, params_of)
        except Wrong as wrong:
            faults.append(wrong)
    raise faults[0]


def _judge(net: Network, nets: list[Network], sequences: Sequences, params_of: ParamsOf) -> Training:
    _check_it_trains(net)
    fit = _check_gradient(net)
    start, end = _check_error(net, fit)
    _check_outputs(net, params_of)
    copies = _copies(net, nets)
    tested = _check_tests(net, copies, sequences)
    _check_scaling(net, tested, sequences)
    evaluations = [one for n in (net, *copies) for one in n.final()]
    error, persistence = _unseen_error(net, evaluations, tested, sequences, fit)
    numbers: dict[str, float | int | None] = dict.fromkeys(ROWS)
    numbers |= {"updates": net.updates, "start": start, "end": end, "unseen": error, "persistence": persistence}
    numbers |= {"trained-on": len(net.training), "tested-on": len(tested.unseen)}
    advice = list(_advice(net, nets, tested, sequences, numbers))
    return Training([(ROWS[key], _told(value)) for key, value in numbers.items()], advice, numbers=numbers)


def _copies(net: Network, nets: list[Network]) -> list[Network]:
    """Return networks that were not trained themselves: those with the same parameters, or else all of them."""
    idle = [n for n in nets if not n.trains.any() and n.names == net.names]

    def same(other: Network) -> bool:
        pairs = [(other.trained.get(name), a) for name, a in net.trained.items() if a.ndim == 2]
        return all(b is not None and np.array_equal(a, b) for b, a in pairs)

    return [n for n in idle if same(n)] or idle


def _check_it_trains(net: Network) -> None:
    counts: dict[str, Any] = {
        "forward": net.count(FORWARD),
        "backward": net.count(BACKWARD),
        "update": net.count(UPDATE),
    }
    if net.weighed and net.versions == 0:
        raise Wrong("no-update" if counts["backward"] else "no-backward", **counts)
    if not net.weighed and not counts["backward"]:
        raise Wrong("no-backward", **counts)


def _check_gradient(net: Network) -> Fit:
    """Name what is wrong with the gradients that were handed to the backward pass; return what they are."""
    if recorded.explains_earlier(net, net.pairs):
        raise Wrong("wrong-batch")
    fit = recorded.explain(net, net.pairs)
    keys = {"targets": "targets-as-gradient", "inputs": "targets-as-gradient", "independent": "targets-as-gradient"}
    keys |= {"outputs": "outputs-as-gradient", "input": "not-shifted"}
    if fit.kind in keys:
        raise Wrong(keys[fit.kind])
    return fit


def _check_error(net: Network, fit: Fit) -> tuple[float | None, float | None]:
    """Return the error at both ends of the training, if it falls."""
    start, end = _errors(net, fit)
    forward = np.flatnonzero(net.what == FORWARD)
    bad = np.flatnonzero(net.trains[forward] & ~net.finite[forward])
    grew = start is not None and end is not None and not end <= start
    if fit.kind in ("next", "other") and fit.factor < 0 and (bad.size or grew):
        raise Wrong("wrong-sign", start=_told(start), end=_told(end))
    if bad.size:
        raise Wrong("training-not-finite", index=int(bad[0]) + 1, forward=len(forward))
    if start is not None and end is not None and not end <= FALLS * start:
        raise Wrong("error-stays", start=_told(start), end=_told(end), updates=net.updates)
    return start, end


def _told(value: float | int | None) -> str:
    """Return a number as the table and the sentences have it."""
    if value is None:
        return "–"
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _errors(net: Network, fit: Fit) -> tuple[float | None, float | None]:
    """Return the root mean squared error at the start and at the end, of the same sequences if there are enough."""
    early, late = _by_sequence(net, fit, net.first), _by_sequence(net, fit, (net.last or net.first)[::-1])
    if net.last and len(both := early.keys() & late.keys()) >= MANY_COVERED:
        early, late = ({n: errors[n] for n in both} for errors in (early, late))
    elif len(net.pairs) > 2 * ENDS:
        early = _by_sequence(net, fit, net.first[:ENDS])
        late = _by_sequence(net, fit, net.pairs[-ENDS:][::-1])
    if not early or not late:
        return None, None
    with np.errstate(all="ignore"):
        start, end = (float(np.sqrt(np.mean(list(errors.values())))) for errors in (early, late))
    return start, end


def _by_sequence(net: Network, fit: Fit, pairs: list[Pair]) -> dict[int, float]:
    """Return the mean squared error of each sequence where it comes first."""
    used = recorded.steps_trained(net.pairs)
    found: dict[int, float] = {}
    for pair in pairs:
        targets = _targets(net, fit, pair)
        steps = used[len(used) - len(pair.outputs) :] if len(pair.outputs) <= len(used) else np.ones(0, dtype=bool)
        if targets is None or len(steps) != len(pair.outputs):
            continue
        with np.errstate(all="ignore"):
            squares = ((pair.outputs - targets) ** 2)[steps]
        for column, sequence in enumerate(pair.seen[: squares.shape[1]].tolist()):
            known = squares[:, column][~np.isnan(targets[steps][:, column])]
            if known.size:
                found.setdefault(int(sequence), float(np.mean(known)))
    return found


def _targets(net: Network, fit: Fit, pair: Pair) -> Array | None:
    if fit.kind == "other":
        targets = np.full(pair.outputs.shape, np.nan)
        for column, sequence in enumerate(pair.seen[: pair.outputs.shape[1]].tolist()):
            known = fit.targets.get(int(sequence))
            if known is not None and known.shape == pair.outputs[:, column].shape:
                targets[:, column] = known
        return targets
    if fit.kind != "next":
        return None
    _, then = recorded.now_and_next(net.sequences, pair.seen, pair.outputs.shape, fit.feature, net.after)
    return then


# ── whether it is the network that answered ─────────────────────────────────────────────────────────────────────────


def _check_outputs(net: Network, params_of: ParamsOf) -> None:
    """Hold the outputs after the training to the package's network with the same parameters."""
    if "SimpleRNN" not in net.names:
        return
    params = params_of(net.trained)
    if params is None or not all(np.isfinite(np.asarray(a, dtype=float)).all() for a in params.values()):
        return
    single = any(np.asarray(a).dtype.itemsize < 8 for a in net.trained.values())
    near = 2e-3 if single else 1e-6
    for one in net.final():
        if one.inputs.shape[2] != params["W_xh"].shape[0] or one.outputs.shape[2] != params["W_hy"].shape[1]:
            continue
        difference = _difference(params, one, near)
        if difference is not None:
            raise Wrong("not-your-network", difference)


def _difference(params: dict[str, Array], one: recorded.Evaluation, near: float) -> Difference | None:
    """Compare with outputs from a state of zero, or if a state was carried over, step by step from the recorded ones."""
    H = params["W_hh"].shape[0]
    model = rnn.SimpleRNN(one.inputs.shape[2], H, one.outputs.shape[2])
    for name, value in params.items():
        model.params[name][...] = value
    truth, _ = model.forward(one.inputs)
    scale = near * (float(np.abs(truth).max()) or 1.0)
    if np.abs(truth - one.outputs).max() <= scale:
        return None
    if one.states is not None and one.states.shape[1:] == (1, H):
        states = one.states[-len(one.inputs) :] if len(one.states) <= len(one.inputs) else one.states[1:]
        steps = min(len(states), len(one.inputs))
        states, inputs = states[:steps, 0], one.inputs[:steps, 0]
        again = np.tanh(inputs[1:] @ params["W_xh"] + states[:-1] @ params["W_hh"] + params["b_h"])
        read = states @ params["W_hy"] + params["b_y"]
        same = np.abs(read - one.outputs[:steps, 0]).max() <= scale
        if same and (steps < 2 or np.abs(again - states[1:]).max() <= near):
            return None
    t, b, o = np.argwhere(np.abs(truth - one.outputs) > scale)[0].tolist()
    return Difference(f"outputs[{t}, {b}, {o}]", number(truth[t, b, o]), number(one.outputs[t, b, o]))


# ── the test ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_tests(net: Network, copies: list[Network], sequences: Sequences) -> Tested:
    """Sort what the network was tested on, and insist that there is something new in it."""
    also = {n for copy in copies for n in copy.tested}
    outputs = [one.outputs for n in (net, *copies) for one in n.evaluations]
    tested = recorded.tested(net, sequences, also, outputs)
    known, covered, fresh = len(tested.trained), len(tested.covered), len(tested.unseen)
    late = (net.what == FORWARD) & ~net.trains
    too_many_to_tell = bool(late.any() and (net.batch[late] < 0).any())
    if too_many_to_tell or sequences.repeats(net.training):
        return tested
    if not (known or covered or fresh or tested.made):
        raise Wrong("no-evaluation")
    if covered >= MANY_COVERED and covered >= FEW_FRESH * len(tested.apart):
        raise Wrong("random-split", covered=covered, count=covered + fresh)
    if not fresh and not (tested.made and recorded.runs_beyond(net, tested)):
        raise Wrong("tested-on-training", count=known + covered)
    return tested


def _unseen_error(
    net: Network, evaluations: list[recorded.Evaluation], tested: Tested, sequences: Sequences, fit: Fit
) -> tuple[float | None, float | None]:
    """Return the error on unseen sequences, and that of repeating the last value, both on the steps trained on."""
    if fit.kind != "next":
        return None, None
    after = sequences.followers(tested.unseen | tested.covered | tested.trained)
    used = recorded.steps_trained(net.pairs)
    squares, rivals = [], []
    for one in evaluations:
        columns = [c for c, n in enumerate(one.seen.tolist()) if int(n) in tested.unseen]
        if not columns:
            continue
        y = one.outputs[:, columns]
        now, then = recorded.now_and_next(sequences, one.seen[columns], y.shape, fit.feature, after)
        steps = used
        if len(used) != len(y):  # as in training, all steps or the last
            steps = np.arange(len(y)) >= (0 if used.all() else len(y) - 1)
        known = np.isfinite(then) & steps[:, np.newaxis, np.newaxis]
        squares.append((y - then)[known] ** 2)
        rivals.append((now - then)[known] ** 2)
    if not squares or not sum(s.size for s in squares):
        return None, None
    return float(np.sqrt(np.mean(np.concatenate(squares)))), float(np.sqrt(np.mean(np.concatenate(rivals))))


def _scalers() -> Iterator[tuple[str, Callable[[Array], tuple[float, float]]]]:
    """Yield the usual scalings: each takes numbers to a shift and a factor."""
    yield "min–max", lambda s: (float(s.min()), 1 / np.ptp(s))
    yield "min–max", lambda s: (float(s.min() + s.max()) / 2, 2 / np.ptp(s))
    yield "mean, std", lambda s: (float(s.mean()), 1 / s.std())
    yield "mean, std", lambda s: (float(s.mean()), 1 / s.std(ddof=1))
    yield "mean, max", lambda s: (float(s.mean()), 1 / float(np.abs(s - s.mean()).max()))
    yield "mean", lambda s: (float(s.mean()), 1.0)
    yield "max", lambda s: (0.0, 1 / float(s.max()))
    yield "max", lambda s: (0.0, 1 / float(np.abs(s).max()))


def _check_scaling(net: Network, tested: Tested, sequences: Sequences) -> None:
    """Complain if the scale of the whole sequence explains the windows, and that of their own part does not."""
    training = [row[:, 0] for _, row in sequences.rows(net.training)]
    unseen = [row[:, 0] for _, row in sequences.rows(tested.unseen)]
    if not training or not unseen or sequences.repeats(net.training):
        return
    for raw in sequences.series:
        with np.errstate(all="ignore"):
            forms = [raw, np.log(raw), np.log1p(raw)] if (raw > 0).all() else [raw]
        for series in (form for form in forms if np.isfinite(form).all() and np.ptp(form) > 0):
            if name := _scaled_on_all(series, training, unseen):
                raise Wrong("scaled-on-all", scaler=name)


def _scaled_on_all(series: Array, training: list[Array], unseen: list[Array]) -> str | None:
    for name, scaler in _scalers():
        with np.errstate(all="ignore"):
            shift, factor = scaler(series)
            if not np.isfinite(factor):
                continue
            scaled = (series - shift) * factor
        ends = [_end(scaled, row) for row in training[:: max(1, len(training) // 20)]]
        if not all(ends) or not all(np.isfinite(scaled)):
            continue
        last = max(_end(scaled, row) or len(series) for row in training)
        if not any((_end(scaled, row) or 0) > last for row in unseen):
            continue
        parts = [scaler(series[:end]) for end in (last - 1, last, last + 1) if np.ptp(series[:end]) > 0]
        if not any(np.allclose((shift, factor), part, rtol=1e-7, atol=0) for part in parts):
            return name
    return None


def _end(series: Array, row: Array) -> int | None:
    """Return where in a series a row of numbers ends, or None."""
    near = 1e-9 * max(float(np.abs(series).max()), 1e-300)
    for place in np.flatnonzero(np.abs(series[: len(series) - len(row) + 1] - row[0]) <= near):
        if np.abs(series[place : place + len(row)] - row).max() <= near:
            return int(place) + len(row)
    return None


def _advice(
    net: Network, nets: list[Network], tested: Tested, sequences: Sequences, numbers: dict[str, float | int | None]
) -> Iterator[str]:
    error, persistence = numbers["unseen"], numbers["persistence"]
    if error is not None and persistence is not None and error >= persistence:
        yield "advice-persistence"
    if not tested.made:
        yield "advice-no-free-run"
    if (not tested.unseen and not tested.made) or recorded.nearly_known(sequences, tested.unseen, net.training):
        yield "advice-known-data"
    values = np.concatenate([np.abs(row).ravel() for _, row in sequences.rows(net.training)] or [np.ones(1)])
    if np.median(values) < HUGE * values.max():
        yield "advice-huge"
    lengths = {len(row) for n in nets if n.trains.any() for _, row in sequences.rows(n.training)}
    if len(lengths) == 1:
        yield "advice-one-length"
