"""Exercises of the chapter *comparison*."""

import platform
import time
from typing import Any

import numpy as np

import rnn
from rnn import counts
from rnn.variants import LSTMVariant
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── coupled gates ───────────────────────────────────────────────────────────────────────────────────────────────────


def parameters(cell):
    """Return how many numbers the arrays of a cell hold."""
    return sum(value.size for value in cell.params.values())


def coupled_costs(input_size, hidden_size):
    """Return the parameters of a coupled cell, and the numbers that it stores at each step."""
    cell = LSTMVariant(input_size, hidden_size, coupled=True)
    return parameters(cell), counts.of(cell).stored


def bounds(c0, steps):
    """Return what |c| may come to after so many steps, in a coupled cell and in one whose gates are free."""
    return max(abs(c0), 1), abs(c0) + steps


def check_coupled(work: Subject) -> None:
    """Count cells of several kinds, the costs for the sizes of the page and others, and the bounds."""
    rng = np.random.default_rng()
    D, H = (int(size) for size in rng.permutation(np.arange(3, 12))[:2])
    for kind in ("rnn.LSTMVariant", "rnn.GRUCell"):
        net: Kept = work.call(kind, D, H).value
        arrays = [value for path, value in work.leaves(net).items() if path.startswith("params.")]
        expect(
            f"parameters({kind}({D}, {H}))",
            work("parameters", net),
            sum(value.size for value in arrays),
            {
                "arrays": len(arrays),
                "without-biases": sum(value.size for value in arrays if value.ndim == 2),
                "rows": sum(len(value) for value in arrays),
            },
        )
    for D_, H_ in ((10, 20), (D, H)):
        blocks = D_ * H_ + H_ * H_ + H_
        stored = D_ + 5 * H_  # x, and i, c_tilde, o, c, h
        came = work("coupled_costs", D_, H_)
        if not isinstance(came, list | tuple | np.ndarray) or len(came) != 2:
            raise Wrong("returns-none" if came is None else "shape", of=f"coupled_costs({D_}, {H_})")
        if compare(came, (stored, 3 * blocks)) is None:
            raise Wrong("exchanged", of=f"coupled_costs({D_}, {H_})")
        expect(
            f"coupled_costs({D_}, {H_})[0]",
            came[0],
            3 * blocks,
            {
                "still-four": 4 * blocks,
                "two-biases": 3 * (blocks + H_),
                "without-biases": 3 * (blocks - H_),
                "sizes-exchanged": 3 * (D_ * H_ + D_ * D_ + D_),
                "arrays": 9,
            },
        )
        expect(
            f"coupled_costs({D_}, {H_})[1]",
            came[1],
            stored,
            {
                "stores-both": D_ + 6 * H_,
                "input-missing": 5 * H_,
                "state-missing": D_ + 4 * H_,
                "products": 3 * (blocks - H_),
            },
        )
    steps = int(rng.integers(20, 100))
    for c0 in (0.0, float(rng.uniform(-0.9, -0.1)), float(rng.uniform(2, 5)), float(rng.uniform(-5, -2))):
        _check_bounds(work, c0, steps)


def _check_bounds(work: Subject, c0: float, steps: int) -> None:
    """Hold the bounds against what a cell reaches that pushes the same way all the time."""
    coupled = max(abs(c0), 1.0)  # an average of c_0 and of numbers up to 1; i = 1 and i = 0 reach it
    free = abs(c0) + steps  # f = i = 1 and a candidate of c_0's sign
    of = f"bounds({c0:.3g}, {steps})"
    came = work("bounds", c0, steps)
    if not isinstance(came, list | tuple | np.ndarray) or len(came) != 2:
        raise Wrong("returns-none" if came is None else "shape", of=of)
    if c0 == 0 and compare(came, (free, coupled)) is None:
        raise Wrong("exchanged", of=of)
    expect(
        f"{of}[0]",
        came[0],
        coupled,
        {
            "still-counts": free,
            "signed": max(c0, 1.0),
            "start-forgotten": 1.0,
            "start-alone": abs(c0),
            "added": abs(c0) + 1,
        },
    )
    expect(
        f"{of}[1]",
        came[1],
        free,
        {
            "bounded": coupled,
            "signed": c0 + steps,
            "start-forgotten": float(steps),
            "first-step-missing": abs(c0) + steps - 1,
        },
    )


# ── your machine ────────────────────────────────────────────────────────────────────────────────────────────────────


def seconds(layer, inputs, d_outputs, repetitions):
    """Return the median time of a forward and a backward together."""
    times = []
    for _ in range(repetitions):
        start = time.process_time()
        layer.forward(inputs)
        layer.backward(d_outputs)
        times.append(time.process_time() - start)
    return np.median(times)


def measure(sizes, repetitions):
    """Return the times of the three layers by name and hidden size."""
    rng, found = np.random.default_rng(), {}
    for name, kind in {"RNN": rnn.RNN, "GRU": rnn.GRU, "LSTM": rnn.LSTM}.items():
        found[name] = {}
        for H in sizes:
            inputs, d_outputs = rng.normal(size=(50, 16, 10)), rng.normal(size=(50, 16, H))
            found[name][H] = seconds(kind(10, H), inputs, d_outputs, repetitions)
    return found


def ratios(times):
    """Return the times of GRU and LSTM relative to those of the simple cell."""
    return {name: {H: times[name][H] / times["RNN"][H] for H in times["RNN"]} for name in ("GRU", "LSTM")}


def machine():
    """Return on what it was measured."""
    return {"machine": platform.machine(), "python": platform.python_version(), "numpy": np.__version__}


# A clock that goes on only while a layer works, and a layer that takes its time from two lists.
CLOCK = """
import time as _time

class Clock:
    def __init__(self, forward, backward):
        self.now, self.waited, self.calls, self.seen = 0.0, 0.0, [], []
        self.takes = {"forward": forward, "backward": backward}
        self.real = {name: getattr(_time, name) for name in READ}
        self.put({name: READ[name](self) for name in READ})

    def put(self, functions):
        for name, function in functions.items():
            old = getattr(_time, name)
            setattr(_time, name, function)
            for own in [key for key, value in vars(work).items() if value is old]:
                setattr(work, own, function)

    def spend(self, what, given):
        times = self.takes[what]
        self.now += times[self.calls.count(what) % len(times)]
        self.calls.append(what)
        self.seen.append(given)

    def forward(self, inputs, state=None, *, lengths=None):
        self.spend("forward", inputs)
        return inputs, (inputs[-1],)

    def backward(self, d_outputs, d_state=None):
        self.spend("backward", d_outputs)
        return d_outputs, d_state

# What does not count this process's work goes three times as fast here.
READ = {
    "process_time": lambda clock: lambda: clock.now,
    "process_time_ns": lambda clock: lambda: round(clock.now * 1e9),
    "perf_counter": lambda clock: lambda: 3 * clock.now,
    "perf_counter_ns": lambda clock: lambda: round(3e9 * clock.now),
    "monotonic": lambda clock: lambda: 3 * clock.now,
    "time": lambda clock: lambda: 3 * clock.now,
}

def a_clock(forward, backward):
    return Clock(list(forward), list(backward))

def given_back(clock):
    clock.put(clock.real)

def asked(clock):
    return clock.calls
"""


def check_machine(work: Subject) -> None:
    """Time a layer that takes known times, by a clock of ours; the ratios; and whether a run hangs together."""
    rng = np.random.default_rng()
    repetitions = 2 * int(rng.integers(5, 8)) + 1
    forward, backward = rng.uniform(1, 2, size=repetitions), rng.uniform(2, 9, size=repetitions)
    forward[rng.integers(repetitions)] += 100  # something else ran at that time
    work.define(CLOCK)
    clock: Kept = work.call("a_clock", forward, backward).value
    try:
        came = work("seconds", clock, rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 5)), repetitions)
        calls = work.call("asked", clock).value
    finally:
        work.call("given_back", clock)
    together = forward + backward
    if calls.count("forward") < repetitions or calls.count("backward") < repetitions:
        raise Wrong("too-few", wanted=repetitions, made=min(calls.count("forward"), calls.count("backward")))
    median = float(np.median(together))
    expect(
        f"seconds(layer, inputs, d_outputs, {repetitions})",
        came,
        median,
        {
            "mean": together.mean(),
            "fastest": together.min(),
            "total": together.sum(),
            "forward-alone": np.median(forward),
            "backward-alone": np.median(backward),
            "other-clock": 3 * median,
            "medians-apart": np.median(forward) + np.median(backward),
            "running-total": float(np.median(np.cumsum(together))),
        },
    )
    times = {name: {H: float(rng.uniform(1, 5)) for H in (16, 256)} for name in ("RNN", "GRU", "LSTM")}
    truth = _ratios(times, lambda cell, simple: cell / simple)
    expect(
        "ratios(times)",
        work("ratios", times),
        truth,
        {
            "upside-down": _ratios(times, lambda cell, simple: simple / cell),
            "difference": _ratios(times, lambda cell, simple: cell - simple),
            "simple-too": truth | {"RNN": {16: 1.0, 256: 1.0}},
            "smallest-size": {n: {H: times[n][H] / times["RNN"][16] for H in times[n]} for n in ("GRU", "LSTM")},
        },
    )
    sizes = [3, 5]
    found = work("measure", sizes, 10)
    blank = {name: dict.fromkeys(sizes, 0.0) for name in ("RNN", "GRU", "LSTM")}
    if not _is_table(found, blank):
        raise Wrong("returns-none" if found is None else "table", of=f"measure({sizes}, 10)")
    if not all(np.isfinite(t) and t >= 0 for row in found.values() for t in row.values()):
        raise Wrong("not-a-time", of=f"measure({sizes}, 10)")
    about = work("machine")
    if not isinstance(about, dict) or not all(isinstance(about.get(k), str) for k in ("machine", "python", "numpy")):
        raise Wrong("nameless")
    if about["numpy"] != np.__version__ or not platform.python_version().startswith(about["python"] or "?"):
        raise Wrong("other-version", numpy=np.__version__, python=platform.python_version())


def _ratios(times: dict[str, dict[int, float]], of: Any) -> dict[str, dict[int, float]]:
    simple = times["RNN"]
    return {name: {H: of(times[name][H], simple[H]) for H in simple} for name in ("GRU", "LSTM")}


def _is_table(found: Any, like: dict[str, dict[int, float]]) -> bool:
    """Tell whether something is a number for each name and size."""
    return (
        isinstance(found, dict)
        and set(found) == set(like)
        and all(isinstance(row, dict) and set(row) == set(like[name]) for name, row in found.items())
        and all(isinstance(t, int | float | np.number) for row in found.values() for t in row.values())
    )


EXERCISES = (
    Exercise(
        chapter="comparison",
        number=5,
        title=Text("Coupled gates", "耦合的门"),
        task=Text(
            "Write parameters(cell), which returns how many numbers the arrays in cell.params hold, for any cell of the"
            " package.\n"
            "Write coupled_costs(input_size, hidden_size), which returns a pair of whole numbers for"
            " LSTMVariant(input_size, hidden_size, coupled=True): its parameters, counted from the arrays, and the numbers"
            " that a step stores for the way back, by rnn.counts.of.\n"
            "Write bounds(c0, steps), c0 a number of either sign, steps at least 1: a pair of the smallest numbers that"
            " the absolute value of a component of c, which starts at c0, can never exceed in the steps 0 … steps,"
            " whatever the weights and inputs are. The first is for the coupled cell, the second for the usual one, whose"
            " f and i are free. (Gates lie between 0 and 1, candidates between -1 and 1, ends included.) They say whether"
            " a cell can count without limit.",
            "写 parameters(cell)，对程序包里的任何单元，返回 cell.params 的各数组一共有多少个数。\n"
            "写 coupled_costs(input_size, hidden_size)，对 LSTMVariant(input_size, hidden_size, coupled=True) 返回一对整数："
            "从数组数出的参数量，以及用 rnn.counts.of 数出的、每步为反向保存的数。\n"
            "写 bounds(c0, steps)，c0 是数，可正可负，steps 至少是 1：返回一对数，c 的一个分量从 c0 出发，不论权重和输入是什么，"
            "在第 0 到 steps 步中，绝对值都不会超过它们，而且它们是这样的数里最小的。第一个对耦合的单元，"
            "第二个对普通的、f 与 i 互不相干的单元。（门在 0 与 1 之间，候选值在 -1 与 1 之间，包括两端。）"
            "由此可知单元能否没有上限地计数。",
        ),
        solution=(parameters, coupled_costs, bounds),
        check=check_coupled,
        names={
            "arrays": Text("These are arrays. Count the numbers in them.", "数的是数组的个数，要数的是里面的数。"),
            "rows": Text(
                "len of a matrix is the number of its rows; all its numbers are parameters.",
                "矩阵的 len 是行数；参数是里面所有的数。",
            ),
            "without-biases": Text("The biases are missing.", "漏了偏置。"),
            "exchanged": Text("The two numbers stand in the other order.", "两个数的次序反了。"),
            "still-four": Text(
                "These are the parameters of the usual cell. Coupled, one gate has no weights of its own.",
                "这是普通单元的参数量。耦合之后，有一个门没有自己的权重。",
            ),
            "two-biases": Text(
                "Two biases for each gate is PyTorch's convention; the arrays here have one.",
                "每个门两个偏置是 PyTorch 的约定；这里的数组只有一个。",
            ),
            "sizes-exchanged": Text("Inputs and units have been exchanged.", "输入的个数与单元的个数弄反了。"),
            "stores-both": Text(
                "This is what the usual cell stores. 1 - i need not be kept beside i.",
                "这是普通单元保存的数。有了 i，就不必再存 1 - i。",
            ),
            "input-missing": Text(
                "The input of the step is missing; the gradient of W_x needs it.",
                "漏了这一步的输入；W_x 的梯度要用它。",
            ),
            "state-missing": Text(
                "One number for each unit is missing: what the step leaves are c and h, besides the gates.",
                "每个单元少了一个数：这一步除了门，还要留下 c 和 h。",
            ),
            "products": Text(
                "These are multiply-adds; the question is what is kept for the way back.",
                "这是乘加的次数；问的是为反向保存了多少。",
            ),
            "still-counts": Text(
                "In the coupled cell f and i add up to 1: c is an average. What bounds an average?",
                "耦合的单元里 f 与 i 之和是 1：c 是平均。平均以什么为界？",
            ),
            "signed": Text("c0 may be negative; it is its size that counts.", "c0 可以是负的；要看的是它的大小。"),
            "start-forgotten": Text(
                "The start is missing. A cell that begins at 3 is already beyond 1.",
                "漏了起点。从 3 出发的单元一开始就超过了 1。",
            ),
            "start-alone": Text(
                "A coupled cell can move away from its start: a candidate of 1 takes it to 1.",
                "耦合的单元可以离开起点：候选值为 1 就能把它带到 1。",
            ),
            "added": Text(
                "The candidate is not added to the whole of c: the shares add up to 1.",
                "候选值不是加在完整的 c 上：两份之和是 1。",
            ),
            "bounded": Text(
                "f = 1 and i = 1 at the same time are possible in the usual cell; it is no average.",
                "普通的单元里 f = 1 与 i = 1 可以同时成立；它不是平均。",
            ),
            "first-step-missing": Text("Every step can add 1, the first one too.", "每一步都能加 1，第一步也不例外。"),
        },
        planted=(
            ("arrays", "sum(value.size for value in cell.params.values())", "len(cell.params)"),
            ("rows", "value.size for", "len(value) for"),
            (
                "without-biases",
                "value.size for value in cell.params.values()",
                "value.size for value in cell.params.values() if value.ndim == 2",
            ),
            ("still-four", "coupled=True", "coupled=False"),
            (
                "exchanged",
                "return parameters(cell), counts.of(cell).stored",
                "return counts.of(cell).stored, parameters(cell)",
            ),
            (
                "two-biases",
                "return parameters(cell), ",
                'return counts.lstm_variant(input_size, hidden_size, coupled=True, biases="two").parameters, ',
            ),
            ("stores-both", "counts.of(cell).stored", "counts.lstm(input_size, hidden_size).stored"),
            ("input-missing", "counts.of(cell).stored", "counts.of(cell).stored - input_size"),
            ("products", "counts.of(cell).stored", "counts.of(cell).products"),
            ("sizes-exchanged", "LSTMVariant(input_size, hidden_size", "LSTMVariant(hidden_size, input_size"),
            ("signed", "max(abs(c0), 1)", "max(c0, 1)"),
            ("still-counts", "max(abs(c0), 1)", "abs(c0) + steps"),
            ("start-forgotten", "max(abs(c0), 1)", "1"),
            ("bounded", ", abs(c0) + steps", ", max(abs(c0), 1)"),
        ),
        hints=(
            Text(
                "Print the names and shapes in LSTMVariant(10, 20, coupled=True).params. Which gate is missing?",
                "打印 LSTMVariant(10, 20, coupled=True).params 的名字和形状。少了哪个门？",
            ),
            Text(
                "A coupled cell is an average of c_0 and candidates with shares that add up to 1. The usual one can keep"
                " all and add 1 at each step.",
                "耦合的单元是 c_0 与各候选值的平均，份额之和为 1。普通的单元可以全部保留，每步再加 1。",
            ),
            Text(
                "Add up value.size; take counts.of(cell).stored; the bounds are max(|c0|, 1) and |c0| + steps.",
                "把 value.size 加起来；取 counts.of(cell).stored；两个界是 max(|c0|, 1) 和 |c0| + steps。",
            ),
        ),
        imports="from rnn import LSTMVariant, counts",
    ),
    Exercise(
        chapter="comparison",
        number=6,
        title=Text("Your machine", "你的机器"),
        task=Text(
            "Write seconds(layer, inputs, d_outputs, repetitions): the median over so many repetitions of the time, by"
            " time.process_time, of layer.forward(inputs) and layer.backward(d_outputs) together, in seconds. (Calls"
            " before that to warm up are welcome and not timed.)\n"
            "Write measure(sizes, repetitions): a dict of dicts with these times for rnn.RNN, rnn.GRU and rnn.LSTM by name"
            ' and hidden size, such as {"RNN": {16: …, 256: …}, "GRU": …, "LSTM": …}. Inputs are up to you; 50 steps of 16'
            " sequences with D = 10 will do.\n"
            'Write ratios(times), which takes such a dict and returns {"GRU": {16: …, 256: …}, "LSTM": …}, the times'
            ' relative to those of the simple cell. Write machine(), which returns a dict of strings: "machine"'
            ' (platform.machine() will do), "python" and "numpy", the two versions.\n'
            "Then call measure([16, 256], 10) and compare with 3 and 4.",
            "写 seconds(layer, inputs, d_outputs, repetitions)：用 time.process_time 测量 layer.forward(inputs) 与"
            " layer.backward(d_outputs) 合起来的时间，重复这么多次，返回中位数，以秒计。（之前可以先空跑热身，不计时。）\n"
            "写 measure(sizes, repetitions)：返回字典的字典，按名字和隐藏大小装 rnn.RNN、rnn.GRU、rnn.LSTM 的时间，"
            '例如 {"RNN": {16: …, 256: …}, "GRU": …, "LSTM": …}。输入自定，比如 D = 10、50 步、16 个序列。\n'
            '写 ratios(times)，输入这样的字典，返回 {"GRU": {16: …, 256: …}, "LSTM": …}，即与简单单元的时间之比。'
            '写 machine()，返回字符串的字典："machine"（用 platform.machine() 就行），"python" 和 "numpy" 是两个版本。\n'
            "然后调用 measure([16, 256], 10)，与 3 和 4 比较。",
        ),
        solution=(seconds, measure, ratios, machine),
        check=check_machine,
        names={
            "too-few": Text(
                "{made} runs were made; {wanted} repetitions were asked for.",
                "只跑了 {made} 次；要求重复 {wanted} 次。",
            ),
            "mean": Text(
                "This is the mean: a single slow run, in which something else had the machine, moves it. Take the median.",
                "这是平均：别的程序占用机器的一次慢运行就能左右它。要取中位数。",
            ),
            "fastest": Text("This is the fastest run; the median was asked for.", "这是最快的一次；要的是中位数。"),
            "total": Text("These are all runs together.", "这是所有运行的总和。"),
            "forward-alone": Text(
                "Only forward is timed. Training needs both, and backward takes longer.",
                "只测了 forward。训练两样都要，而 backward 更费时间。",
            ),
            "backward-alone": Text("Only backward is timed.", "只测了 backward。"),
            "other-clock": Text(
                "This clock goes on while other programs have the processor. Use time.process_time.",
                "这个时钟在别的程序占用处理器时也在走。要用 time.process_time。",
            ),
            "medians-apart": Text(
                "The medians of forward and backward were taken apart and added. Time both together, then take the"
                " median.",
                "forward 与 backward 的中位数分开取，再加起来了。要合在一起计时，再取中位数。",
            ),
            "running-total": Text(
                "The clock is read once before all runs: each time contains all runs before it. Start it anew.",
                "只在所有运行之前读了一次时钟：每个时间都包含了前面各次。每次要重新起算。",
            ),
            "upside-down": Text(
                "The ratios are upside down: by how much is the gated cell slower?",
                "比值颠倒了：问的是门控单元慢几倍。",
            ),
            "difference": Text(
                "These are differences, which say nothing without the unit.", "这是差，离开单位就没有意义。"
            ),
            "simple-too": Text(
                "The simple cell relative to itself is 1; it was not asked for.", "简单单元与自己之比是 1，不必给出。"
            ),
            "smallest-size": Text("Each ratio is between cells of the same size.", "比值要在大小相同的单元之间取。"),
            "table": Text(
                "`{of}` should be a dict by RNN, GRU and LSTM, each a dict from each size to a number of seconds.",
                "`{of}` 应当是以 RNN、GRU、LSTM 为键的字典，每个值又是从大小到秒数的字典。",
            ),
            "not-a-time": Text(
                "In `{of}` there is a time below zero or one that is not finite.",
                "`{of}` 里有小于零或不是有限数的时间。",
            ),
            "nameless": Text(
                "A time without its machine says little: machine() should be a dict with the strings machine, python and"
                " numpy.",
                "没有机器的时间说明不了什么：machine() 应当是字典，有 machine、python、numpy 三个字符串。",
            ),
            "other-version": Text(
                "These are not the versions that ran here: NumPy {numpy}, Python {python}. Ask them, do not write them"
                " down.",
                "这不是在这里运行的版本：NumPy {numpy}，Python {python}。要去查询，不要写死。",
            ),
        },
        planted=(
            ("mean", "return np.median(times)", "return np.mean(times)"),
            ("fastest", "return np.median(times)", "return np.min(times)"),
            ("total", "return np.median(times)", "return np.sum(times)"),
            (
                "forward-alone",
                "layer.forward(inputs)\n        layer.backward(d_outputs)\n        times.append(time.process_time() - start)",
                "layer.forward(inputs)\n        times.append(time.process_time() - start)\n        layer.backward(d_outputs)",
            ),
            (
                "backward-alone",
                "start = time.process_time()\n        layer.forward(inputs)",
                "layer.forward(inputs)\n        start = time.process_time()",
            ),
            (
                "other-clock",
                "start = time.process_time()\n"
                "        layer.forward(inputs)\n"
                "        layer.backward(d_outputs)\n"
                "        times.append(time.process_time() - start)",
                "start = time.perf_counter()\n"
                "        layer.forward(inputs)\n"
                "        layer.backward(d_outputs)\n"
                "        times.append(time.perf_counter() - start)",
            ),
            (
                "running-total",
                "for _ in range(repetitions):\n        start = time.process_time()",
                "start = time.process_time()\n    for _ in range(repetitions):",
            ),
            ("too-few", "range(repetitions)", "range(5)"),
            ("upside-down", 'times[name][H] / times["RNN"][H]', 'times["RNN"][H] / times[name][H]'),
            ("difference", 'times[name][H] / times["RNN"][H]', 'times[name][H] - times["RNN"][H]'),
            ("smallest-size", 'times[name][H] / times["RNN"][H]', 'times[name][H] / times["RNN"][min(times["RNN"])]'),
            ("table", "found[name][H] = seconds", 'found[f"{name} {H}"] = seconds'),
            ("nameless", '"machine": platform.machine(), ', ""),
            ("other-version", "np.__version__", '"1.0"'),
        ),
        hints=(
            Text(
                "Which of Python's clocks stands still while another program has the processor?",
                "别的程序占用处理器时，Python 的哪个时钟是停着的？",
            ),
            Text(
                "Read the clock before forward and after backward, in every repetition; a slow run must not decide.",
                "每次重复都在 forward 之前和 backward 之后读时钟；不能让一次慢运行说了算。",
            ),
            Text(
                "start = time.process_time(); layer.forward(inputs); layer.backward(d_outputs);"
                " times.append(time.process_time() - start). Then np.median(times).",
                "start = time.process_time(); layer.forward(inputs); layer.backward(d_outputs);"
                " times.append(time.process_time() - start)。最后 np.median(times)。",
            ),
        ),
        imports="import platform\nimport time\n\nimport numpy as np\n\nimport rnn",
    ),
)
