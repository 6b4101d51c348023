"""Exercises of the chapter *recurrence*."""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn import SimpleRNN, init
from rnn.gradients import influence
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# --------------------------------------------------------------------------- one to many


def cosine_network(omega):
    """Return a network that answers a single 1 with a cosine."""
    net = SimpleRNN(1, 2, 1, nonlinearity="identity")
    cos, sin = np.cos(omega), np.sin(omega)
    net.params["W_xh"][...] = [[1, 0]]
    net.params["W_hh"][...] = [[cos, sin], [-sin, cos]]  # the transpose of what stands on paper
    net.params["W_hy"][...] = [[1], [0]]
    return net


def largest_error(net, omega, steps):
    """Return how far the outputs for 1, 0, 0, … are from the cosine at most."""
    inputs = np.zeros((steps, 1, 1))
    inputs[0] = 1
    outputs, _ = net.forward(inputs)
    return np.abs(outputs[:, 0, 0] - np.cos(omega * np.arange(steps))).max()


def check_cosine(work: Subject) -> None:
    """Any frequency, the page's thousand steps, and the error of networks that are far from a cosine."""
    rng = np.random.default_rng()
    omega = float(rng.uniform(0.3, 1.2))
    _expect_cosine(work, omega, 40, 1e-9)
    _expect_cosine(work, 0.3, 1000, 1e-12)
    steps = 30
    t = np.arange(steps)
    for b_y in (-5.0, 5.0):  # all differences are below 0, then all above
        net = work.call("rnn.SimpleRNN", 1, 3, 1, nonlinearity="identity").value
        params = {name: rng.normal(size=a.shape) for name, a in _weights(work, net).items()}
        params |= {"W_hh": 0.8 * init.orthogonal((3, 3), rng), "b_h": 0.1 * rng.normal(size=3), "b_y": np.array([b_y])}
        params["W_hy"] /= np.linalg.norm(params["W_hy"])
        work.write(net, {f"params.{name}": a for name, a in params.items()})
        difference = _response(params, "identity", steps) - np.cos(omega * t)
        expect(
            "largest_error(net, omega, steps)",
            work("largest_error", net, omega, steps),
            np.abs(difference).max(),
            {
                "signed": difference.max(),
                "mean": np.abs(difference).mean(),
                "squared": np.mean(difference**2),
                "error-shifted": np.abs(difference + np.cos(omega * t) - np.cos(omega * (t + 1))).max(),
                "held": np.abs(_response(params, "identity", steps, held=True) - np.cos(omega * t)).max(),
            },
        )


def _expect_cosine(work: Subject, omega: float, steps: int, tolerance: float) -> None:
    net = work("cosine_network", omega)
    if not isinstance(net, Kept):
        raise Wrong("returns-none" if net is None else "no-network", of="cosine_network(omega)")
    params = _weights(work, net)
    if {name: a.shape for name, a in params.items()} != {
        name: a.shape for name, a in SimpleRNN(1, 2, 1).params.items()
    }:
        raise Wrong("no-network", of="cosine_network(omega)")
    outputs = work(net, np.eye(steps, 1)[:, :, np.newaxis], method="forward")[0]
    t, cos, sin = np.arange(steps), np.cos(omega), np.sin(omega)
    truth = np.cos(omega * t)
    got = outputs[:, 0, 0]
    if compare(got, truth, tolerance) and not compare(got, truth, 1e-7):
        raise Wrong("inexact", compare(got, truth, tolerance))
    expect(
        "cosine_network(omega).forward(inputs)[0]",
        got,
        truth,
        {
            "tanh": lambda: _response(params, "tanh", steps),
            "sine": np.sin(omega * t),
            "minus-sine": -np.sin(omega * t),
            "early": np.cos(omega * (t + 1)),
            "degrees": np.cos(np.deg2rad(omega) * t),
            "no-minus": ((cos + sin) ** t + (cos - sin) ** t) / 2,
        },
        rtol=tolerance,
    )
    expect("params", got, _response(params, "identity", steps), rtol=1e-9)  # the weights do it, and nothing else


def _weights(work: Subject, net: str) -> dict[str, np.ndarray]:
    leaves = work.leaves(net)
    return {path.removeprefix("params."): a for path, a in leaves.items() if path.startswith("params.")}


def _response(params: dict[str, np.ndarray], nonlinearity: str, steps: int, *, held: bool = False) -> np.ndarray:
    """Return the outputs for 1, 0, 0, …, or for 1, 1, 1, … where it is held."""
    net = SimpleRNN(1, len(params["W_hh"]), 1, nonlinearity=nonlinearity)
    net.params |= params
    outputs, _ = net.forward(np.ones((steps, 1, 1)) if held else np.eye(steps, 1)[:, :, np.newaxis])
    return np.asarray(outputs[:, 0, 0])


# --------------------------------------------------------------------------- a test for recurrence


def memory(net, inputs):
    """Return "no memory", "causal" or "looks ahead": what the outputs of a network depend on."""
    table = influence(net, inputs)
    if np.triu(table, 1).any():
        return "looks ahead"
    if np.tril(table, -1).any():
        return "causal"
    return "no memory"


Rule = Callable[[np.ndarray], Any]
VERDICTS = ("no memory", "causal", "looks ahead")
NETWORKS = """
from rnn import SimpleRNN


class Forgetful(SimpleRNN):
    def _step(self, x, h_prev):
        return super()._step(x, np.zeros_like(h_prev))


class Backwards(SimpleRNN):
    def forward(self, inputs, *, h0=None):
        outputs, states = super().forward(inputs[::-1], h0=h0)
        return outputs[::-1], states[::-1]


class BothWays(SimpleRNN):
    def forward(self, inputs, *, h0=None):
        outputs, states = super().forward(inputs, h0=h0)
        return outputs + super().forward(inputs[::-1], h0=h0)[0][::-1], states


class Peeking(Forgetful):  # is given each input one step too early
    def forward(self, inputs, *, h0=None):
        return super().forward(np.concatenate([inputs[1:], inputs[-1:]]), h0=h0)
"""


def check_memory(work: Subject) -> None:
    """Networks that remember all, nothing, hardly anything, one step; that see all the future, or one step of it."""
    rng = np.random.default_rng()
    T, B, D, H, O = 5, 2, 3, 4, 2
    work.define(NETWORKS)
    low, up, one = np.tril(np.ones((T, T))), np.triu(np.ones((T, T))), np.eye(T)
    one_step = np.zeros((H, H))
    one_step[:2, 2:] = rng.normal(size=(2, 2))  # the first two units write, the others are read: no way leads on
    cases = [  # a class, its W_hh if it is another, and the influence of the inputs
        ("SimpleRNN", None, low),
        ("Forgetful", None, one),
        ("Backwards", None, up),
        ("BothWays", None, low + up),
        ("Peeking", None, np.eye(T, k=1)),
        ("SimpleRNN", 1e-12 * rng.normal(size=(H, H)), one + 1e-12 * low),
        ("SimpleRNN", one_step, one + np.eye(T, k=-1)),
    ]
    got, tables = [], []
    for name, W_hh, table in cases:
        net = work.call(name, D, H, O).value
        work.write(net, {"params.b_h": rng.normal(size=H)} | ({} if W_hh is None else {"params.W_hh": W_hh}))
        came = work("memory", net, rng.normal(size=(T, B, D)))
        if came is not None and came not in VERDICTS:
            raise Wrong("no-verdict", of="memory(net, inputs)", came=str(came)[:40])
        got.append(came)
        tables.append(table)

    def verdicts(rule: Rule) -> list[Any]:
        return [rule(table) for table in tables]

    def by(ahead: Rule, behind: Rule) -> Rule:
        return lambda table: "looks ahead" if ahead(table) else "causal" if behind(table) else "no memory"

    right = by(lambda t: np.triu(t, 1).any(), lambda t: np.tril(t, -1).any())
    expect(
        "[memory(net, inputs) for net in …]",
        got,
        verdicts(right),
        {
            "returns-none": [None] * len(got),
            "transposed": verdicts(lambda t: right(t.T)),
            "diagonal-above": verdicts(by(np.any, np.any)),
            "diagonal-below": verdicts(by(lambda t: np.triu(t, 1).any(), np.any)),
            "memory-first": [{"looks ahead": "causal"}.get(right(t.T), right(t)) for t in tables],
            "tolerance": verdicts(lambda t: right(np.where(t > 1e-8, t, 0))),
            "corners": verdicts(by(lambda t: t[0, -1], lambda t: t[-1, 0])),
            "corner-below": verdicts(by(lambda t: np.triu(t, 1).any(), lambda t: t[-1, 0])),
            "corner-above": verdicts(by(lambda t: t[0, -1], lambda t: np.tril(t, -1).any())),
        },
    )


# --------------------------------------------------------------------------- how long an input stays visible


def visible(net, inputs):
    """Return ‖∂h_t/∂x_1‖ for t = 1 … T."""
    _, states = net.forward(inputs)
    W_hh, derivative = net.params["W_hh"].T, net.params["W_xh"].T
    norms = []
    for h in states[:, 0]:
        if norms:
            derivative = W_hh @ derivative
        derivative = (1 - h**2)[:, None] * derivative
        norms.append(np.linalg.norm(derivative))
    return np.array(norms)


def steps_until_faint(curve):
    """Return after how many steps a curve is below a thousandth of its first value; None if it never is."""
    for steps, value in enumerate(curve):
        if value < curve[0] / 1000:
            return steps
    return None


def longer():
    """Return in which network an input stays visible longer: "tanh", "linear" or "it depends"."""
    return "linear"


GAINS = (0.5, 0.9, 1.0)
LONGEST = 300


def check_visible(work: Subject) -> None:
    """Try a small network with biases, those of the page, and the linear ones beside them."""
    rng = np.random.default_rng()
    T, H = 9, 5
    net = work.call("rnn.SimpleRNN", 1, H, 2).value
    params = {name: 0.7 * rng.normal(size=a.shape) for name, a in _weights(work, net).items()}
    work.write(net, {f"params.{name}": a for name, a in params.items()})
    inputs = rng.normal(size=(T, 1, 1))
    mistakes = ("transposed", "no-slopes", "slope-of-before", "no-first-slope", "reversed", "outputs", "one-late")
    expect(
        "visible(net, inputs)",
        work("visible", net, inputs),
        _visible(params, inputs),
        {name: _visible(params, inputs, name) for name in mistakes} | {"squared-norm": _visible(params, inputs) ** 2},
    )
    curves = [_page_curve(g) for g in GAINS]
    linear = [g ** np.arange(float(LONGEST)) for g in GAINS]
    rebound = np.array([1.0, 0.5, 1e-4, 0.2, 1e-5]) * rng.uniform(1, 2)  # falls, and is seen again
    for curve in (300 * curves[1], *curves, *linear, rebound):
        steps = _until(curve)
        last = np.flatnonzero(curve >= curve[0] / 1000)[-1] + 1
        expect(
            "steps_until_faint(curve)",
            work("steps_until_faint", curve),
            steps,
            {
                "counts-times": (steps or 0) + 1,
                "never": LONGEST if steps is None else None,
                "absolute": int(np.argmax(curve < 1e-3)) if (curve < 1e-3).any() else None,
                "last": int(last) if last < len(curve) else None,
            },
        )
    order = [np.sign(b - a) for a, b in zip(map(_until, curves), map(_until, linear), strict=True) if a and b]
    order += [np.sign(b[-1] / b[0] - a[-1] / a[0]) for a, b in zip(curves, linear, strict=True)]
    truth = "linear" if min(order) >= 0 else "tanh" if max(order) <= 0 else "it depends"
    answers = {name: name for name in ("tanh", "it depends")}
    expect("longer()", work("longer"), truth, {"longer-tanh": answers["tanh"], "longer-depends": answers["it depends"]})


def _visible(params: dict[str, np.ndarray], inputs: np.ndarray, mistake: str = "") -> np.ndarray:
    """Return ‖∂h_t/∂x_1‖, or what a mistake makes of it; the norms are of derivatives with a step in x_1."""
    net = SimpleRNN(1, len(params["W_hh"]), params["W_hy"].shape[1])
    net.params |= params
    if mistake == "":
        nudged = inputs.astype(complex)
        nudged[0] += 1e-30j
        derivatives = net.forward(nudged)[1][:, 0].imag / 1e-30
        return np.asarray(np.linalg.norm(derivatives, axis=1))
    h = net.forward(inputs)[1][:, 0]
    before = np.vstack([np.zeros(h.shape[1]), h[:-1]])
    slopes = {"no-slopes": np.ones_like(h), "slope-of-before": 1 - before**2}.get(mistake, 1 - h**2)
    if mistake == "no-first-slope":
        slopes = np.vstack([np.ones(h.shape[1]), slopes[1:]])
    W = params["W_hh"] if mistake == "transposed" else params["W_hh"].T
    product, norms = np.eye(len(W)), []
    first = np.diag(slopes[0]) @ (W if mistake == "one-late" else np.eye(len(W))) @ params["W_xh"].T
    for t in range(len(h)):
        if t:
            J = np.diag(slopes[t]) @ W
            product = product @ J if mistake == "reversed" else J @ product
        derivative = product @ first
        norms.append(np.linalg.norm(params["W_hy"].T @ derivative if mistake == "outputs" else derivative))
    return np.array(norms)


def _page_curve(g: float) -> np.ndarray:
    """Return the curve of the page's network with its seeds."""
    rng = np.random.default_rng(0)
    net = SimpleRNN(1, 20, 1, rng=rng)
    net.params["W_hh"] = g * init.orthogonal((20, 20), rng)
    return _visible(dict(net.params), 0.5 * np.random.default_rng(1).normal(size=(LONGEST, 1, 1)))


def _until(curve: np.ndarray) -> int | None:
    below = np.flatnonzero(curve < 1e-3 * curve[0])
    return int(below[0]) if len(below) else None


EXERCISES = (
    Exercise(
        chapter="recurrence",
        number=4,
        title=Text("One to many", "一对多"),
        task=Text(
            "Write cosine_network(omega) and largest_error(net, omega, steps).\n"
            'cosine_network returns a SimpleRNN(1, 2, 1, nonlinearity="identity") whose weights you have set: for the inputs'
            " 1, 0, 0, … (shape (T, 1, 1)), from the state of zeros, its outputs are cos(omega (t - 1)) at the steps"
            " t = 1, 2, …; for omega = 0.3 and 1000 steps the error is below 1e-12.\n"
            "largest_error gives any network net with one input and one output the inputs 1, 0, 0, … of that many steps,"
            " and returns the largest absolute difference between its outputs and cos(omega (t - 1)), a number.",
            "写 cosine_network(omega) 和 largest_error(net, omega, steps)。\n"
            'cosine_network 返回一个 SimpleRNN(1, 2, 1, nonlinearity="identity")，权重由你设定：从全零的状态出发，'
            "输入为 1, 0, 0, …（形状 (T, 1, 1)）时，它在 t = 1, 2, … 各步的输出是 cos(omega (t - 1))；"
            "omega = 0.3、1000 步时误差小于 1e-12。\n"
            "largest_error 接受任何一个输入、一个输出的网络 net，给它 steps 步的输入 1, 0, 0, …，"
            "返回输出与 cos(omega (t - 1)) 之差的最大绝对值，是一个数。",
        ),
        imports="import numpy as np\n\nfrom rnn import SimpleRNN",
        solution=(cosine_network, largest_error),
        check=check_cosine,
        names={
            "no-network": Text(
                "`{of}`: a SimpleRNN with one input, two units and one output is expected.",
                "`{of}`：应当返回一个 SimpleRNN，一个输入、两个单元、一个输出。",
            ),
            "tanh": Text(
                "The outputs are those of your weights with tanh. Which nonlinearity does SimpleRNN take by default?",
                "输出是你的权重加上 tanh 的结果。SimpleRNN 默认用哪种非线性？",
            ),
            "sine": Text(
                "The outputs are a sine. Which component of the turning state does W_hy read?",
                "输出是正弦。W_hy 读的是转动的状态的哪个分量？",
            ),
            "minus-sine": Text(
                "The outputs are a sine with a minus. Which component does W_hy read, and which way does the state turn?",
                "输出是带负号的正弦。W_hy 读的是哪个分量？状态往哪个方向转？",
            ),
            "early": Text(
                "The cosine runs one step ahead. At t = 1 the state is W_xh alone and has not turned yet.",
                "余弦早了一步。t = 1 时状态只来自 W_xh，还没有转过。",
            ),
            "degrees": Text(
                "omega is in radians, as NumPy wants it; nothing has to be converted.",
                "omega 是弧度，正是 NumPy 要的，不必换算。",
            ),
            "no-minus": Text(
                "The outputs grow: both sines in W_hh have the same sign, and that is no rotation.",
                "输出在增长：W_hh 里两个正弦的符号相同，这不是旋转。",
            ),
            "inexact": Text(
                "It is a cosine, but the error is above 1e-12. Does something get rounded or approximated?",
                "是余弦，但误差超过 1e-12。是不是有什么被舍入或者近似了？",
            ),
            "signed": Text(
                "`{of}` is the largest difference with its sign. An error below the curve counts as well.",
                "`{of}` 是带符号的最大差。低于曲线的误差也要算。",
            ),
            "mean": Text("`{of}` is the mean of the errors, not the largest.", "`{of}` 是误差的平均值，不是最大值。"),
            "squared": Text(
                "`{of}` is the mean of the squares; the largest absolute difference is asked for.",
                "`{of}` 是平方的平均值；要的是最大的绝对差。",
            ),
            "error-shifted": Text(
                "`{of}` compares with a cosine that is one step off: at the first step it must be cos(0).",
                "`{of}` 所比较的余弦错开了一步：第一步应当是 cos(0)。",
            ),
            "held": Text(
                "`{of}`: the input stays at 1. It must be 1 at the first step and 0 from then on.",
                "`{of}`：输入一直是 1。它只在第一步是 1，以后都是 0。",
            ),
        },
        planted=(
            ("tanh", 'SimpleRNN(1, 2, 1, nonlinearity="identity")', "SimpleRNN(1, 2, 1)"),
            ("minus-sine", '["W_hy"][...] = [[1], [0]]', '["W_hy"][...] = [[0], [-1]]'),
            ("sine", '["W_hy"][...] = [[1], [0]]', '["W_hy"][...] = [[0], [1]]'),
            ("early", '["W_xh"][...] = [[1, 0]]', '["W_xh"][...] = [[cos, sin]]'),
            ("degrees", "np.cos(omega), np.sin(omega)", "np.cos(np.deg2rad(omega)), np.sin(np.deg2rad(omega))"),
            ("no-minus", "[-sin, cos]]", "[sin, cos]]"),
            ("inexact", "np.cos(omega), np.sin(omega)", "np.round(np.cos(omega), 13), np.round(np.sin(omega), 13)"),
            (
                "signed",
                "np.abs(outputs[:, 0, 0] - np.cos(omega * np.arange(steps))).max()",
                "(outputs[:, 0, 0] - np.cos(omega * np.arange(steps))).max()",
            ),
            ("mean", ".max()", ".mean()"),
            (
                "squared",
                "np.abs(outputs[:, 0, 0] - np.cos(omega * np.arange(steps))).max()",
                "np.mean((outputs[:, 0, 0] - np.cos(omega * np.arange(steps))) ** 2)",
            ),
            ("no-network", "    return net\n", "    return net.params\n"),
            ("error-shifted", "np.arange(steps)", "np.arange(1, steps + 1)"),
            ("held", "inputs[0] = 1", "inputs[:] = 1"),
            ("returns-none", "    return net\n", ""),
        ),
        hints=(
            Text(
                "A point that goes round a circle casts a shadow on one axis. What does the shadow do over time?",
                "一个点绕圆周走，在一根轴上投下影子。影子随时间怎样变化？",
            ),
            Text(
                "Let W_hh turn the state by omega at every step, let the 1 put the state on the axis, and read off the"
                " first component.",
                "让 W_hh 每一步把状态转过 omega，让输入的 1 把状态放到轴上，再读出第一个分量。",
            ),
            Text(
                "On paper W_hh has the rows (cos, -sin) and (sin, cos); in code it is the transpose. W_xh = [[1, 0]],"
                " W_hy = [[1], [0]].",
                "在纸上，W_hh 的两行是 (cos, -sin) 和 (sin, cos)；代码里是它的转置。W_xh = [[1, 0]]，W_hy = [[1], [0]]。",
            ),
        ),
    ),
    Exercise(
        chapter="recurrence",
        number=5,
        title=Text("A test for recurrence", "检验循环"),
        task=Text(
            "Write memory(net, inputs). net is a SimpleRNN or one of its subclasses, inputs have the shape (T, B, D) with"
            ' T at least 2. The function returns one of three strings: "looks ahead" if some output depends on a later'
            ' input; otherwise "causal" if some output depends on an earlier input; otherwise "no memory". Judge by'
            " rnn.gradients.influence(net, inputs) alone, (T, T), whose row t says what y_t depends on. A dependence"
            " counts however small it is.",
            "写 memory(net, inputs)。net 是 SimpleRNN 或它的子类，inputs 形状为 (T, B, D)，T 至少为 2。函数返回三个字符串之一："
            '有输出依赖更晚的输入，返回 "looks ahead"（看到未来）；否则，有输出依赖更早的输入，返回 "causal"（因果）；'
            '再否则，返回 "no memory"（没有记忆）。判断时只用 rnn.gradients.influence(net, inputs)，形状 (T, T)，'
            "第 t 行说明 y_t 依赖什么。依赖再小也算。",
        ),
        imports="import numpy as np\n\nfrom rnn.gradients import influence",
        solution=(memory,),
        check=check_memory,
        names={
            "no-verdict": Text(
                "`{of}` is {came}, which is none of the three strings of the task.",
                "`{of}` 是 {came}，不是题目里三个字符串中的任何一个。",
            ),
            "transposed": Text(
                "Past and future are swapped. Row t of the table is the output, column s the input: where is s above t?",
                "过去与未来弄反了。表的第 t 行是输出，第 s 列是输入：s 大于 t 的在哪一边？",
            ),
            "diagonal-above": Text(
                "Every network looks ahead, even `SimpleRNN`. The diagonal belongs to the input of the same step: leave it out.",
                "每个网络都成了看到未来，连 `SimpleRNN` 也是。对角线属于同一步的输入，不要算进去。",
            ),
            "diagonal-below": Text(
                "`Forgetful` counts as causal. The diagonal belongs to the input of the same step and is no memory.",
                "`Forgetful` 成了因果的。对角线属于同一步的输入，不是记忆。",
            ),
            "memory-first": Text(
                "A network that reads in both directions looks ahead too, though it remembers. Which question comes first?",
                "双向读的网络虽然有记忆，也看到未来。应当先问哪个问题？",
            ),
            "tolerance": Text(
                "A network with a very faint memory counts as one without. Compare with 0 exactly: what does not reach an output is"
                " exactly 0 here.",
                "记忆很微弱的网络被当成没有记忆。要与 0 严格比较：到不了输出的影响，在这里恰好是 0。",
            ),
            "corners": Text(
                "Only the corners of the table are looked at. A memory or a look ahead may reach over a single step.",
                "只看了表的两个角。记忆可能只有一步长，看到的未来也可能只有一步。",
            ),
            "corner-below": Text(
                "Only the influence of the first input on the last output is looked at. A memory may last for a single step.",
                "只看了第一个输入对最后一个输出的影响。记忆可能只有一步长。",
            ),
            "corner-above": Text(
                "Only the influence of the last input on the first output is looked at. A network may look ahead by one step.",
                "只看了最后一个输入对第一个输出的影响。网络可能只往前看一步。",
            ),
        },
        planted=(
            ("transposed", "influence(net, inputs)", "influence(net, inputs).T"),
            ("diagonal-above", "np.triu(table, 1)", "np.triu(table)"),
            ("diagonal-below", "np.tril(table, -1)", "np.tril(table)"),
            ("tolerance", "np.tril(table, -1).any()", "not np.allclose(np.tril(table, -1), 0)"),
            ("corner-below", "np.tril(table, -1).any()", "table[-1, 0]"),
            ("corner-above", "np.triu(table, 1).any()", "table[0, -1]"),
            (
                "memory-first",
                "if np.triu(table, 1).any():",
                "if np.triu(table, 1).any() and not np.tril(table, -1).any():",
            ),
            (
                "corners",
                'if np.triu(table, 1).any():\n        return "looks ahead"\n    if np.tril(table, -1).any():',
                'if table[0, -1]:\n        return "looks ahead"\n    if table[-1, 0]:',
            ),
            ("no-verdict", 'return "no memory"', 'return "forgetful"'),
        ),
        hints=(
            Text(
                "Which entries of the table say that an output knows the past, and which that it knows the future?",
                "表里哪些数说明输出知道过去，哪些说明它知道未来？",
            ),
            Text(
                "Row t, column s: above the diagonal s is later than t. The diagonal itself says nothing about memory.",
                "第 t 行、第 s 列：对角线以上，s 比 t 晚。对角线本身与记忆无关。",
            ),
            Text(
                "np.triu(table, 1).any() asks for the future, np.tril(table, -1).any() for the past. Ask for the future first.",
                "np.triu(table, 1).any() 问的是未来，np.tril(table, -1).any() 问的是过去。先问未来。",
            ),
        ),
    ),
    Exercise(
        chapter="recurrence",
        number=6,
        title=Text("How long does an input stay visible?", "一个输入能看见多久？"),
        task=Text(
            "Write three functions.\n"
            "visible(net, inputs): net is a SimpleRNN with tanh and one input, inputs have the shape (T, 1, 1), the initial"
            " state is zero. Returns the norms of ∂h_t/∂x_1, a column of H numbers, for t = 1 … T: shape (T,). Biases may"
            " be other than 0.\n"
            "steps_until_faint(curve): curve has the shape (T,). Returns the number of steps n after which curve[n] is for the"
            " first time below a thousandth of curve[0], and None if it never is. For the powers of 0.5 that is 10.\n"
            "longer(): with the same orthogonal matrix times g, g at most 1, in which network does an input stay visible"
            ' longer (or as long)? Returns "tanh", "linear" or "it depends" (on g), from your table.',
            "写三个函数。\n"
            "visible(net, inputs)：net 是 tanh 的 SimpleRNN，只有一个输入，inputs 形状为 (T, 1, 1)，初始状态为零。"
            "对 t = 1 … T 返回 ∂h_t/∂x_1（一列 H 个数）的范数，形状 (T,)。偏置可以不为零。\n"
            "steps_until_faint(curve)：curve 形状为 (T,)。返回步数 n，走了 n 步之后 curve[n] 第一次小于 curve[0] 的千分之一；"
            "如果从来没有，返回 None。对 0.5 的各次幂，答案是 10。\n"
            "longer()：W_hh 都是同一个正交矩阵的 g 倍，g 不超过 1，输入在哪个网络里看得见更久（或者一样久）？"
            '根据你的表返回 "tanh"、"linear" 或 "it depends"（取决于 g）。',
        ),
        solution=(visible, steps_until_faint, longer),
        check=check_visible,
        names={
            "transposed": Text(
                "`{of}`: W_hh goes the wrong way round. The array in params is the transpose of the matrix on paper.",
                "`{of}`：W_hh 的方向反了。params 里的数组是纸上矩阵的转置。",
            ),
            "no-slopes": Text(
                "`{of}` is that of a linear network: the slopes 1 - h² of tanh are missing.",
                "`{of}` 是线性网络的结果：漏了 tanh 的斜率 1 - h²。",
            ),
            "slope-of-before": Text(
                "`{of}`: the slope of step t belongs to h_t, not to h_{{t-1}}.",
                "`{of}`：第 t 步的斜率属于 h_t，不属于 h_{{t-1}}。",
            ),
            "no-first-slope": Text(
                "`{of}`: the first input goes through the tanh of step 1 too, before it becomes h_1.",
                "`{of}`：第一个输入变成 h_1 之前，也要经过第 1 步的 tanh。",
            ),
            "reversed": Text(
                "`{of}`: the factors stand in the opposite order. The latest step acts last and stands leftmost.",
                "`{of}`：因子的次序反了。最晚的一步最后起作用，站在最左边。",
            ),
            "outputs": Text(
                "`{of}` is the influence on the outputs y_t; the states h_t are asked for.",
                "`{of}` 是对输出 y_t 的影响；要的是状态 h_t。",
            ),
            "one-late": Text(
                "`{of}`: there is one W_hh too many. From x_1 to h_1 the way leads through W_xh alone.",
                "`{of}`：多乘了一个 W_hh。从 x_1 到 h_1 只经过 W_xh。",
            ),
            "squared-norm": Text("`{of}` is the square of the norm.", "`{of}` 是范数的平方。"),
            "counts-times": Text(
                "`{of}` is one too many: at curve[0] no step has been made yet.",
                "`{of}` 多了一：在 curve[0] 处还没有走过一步。",
            ),
            "never": Text(
                "`{of}`: a curve that never gets there must give None. A number, such as the length, would look like an answer.",
                "`{of}`：从来到不了的曲线应当返回 None。返回一个数（例如长度），看上去就像答案。",
            ),
            "absolute": Text(
                "`{of}` asks when the curve is below 0.001. A thousandth of its first value is meant.",
                "`{of}` 问的是曲线何时小于 0.001。题目指的是第一个值的千分之一。",
            ),
            "last": Text(
                "`{of}`: the curve rises again here, and the first time below the threshold is asked for.",
                "`{of}`：这条曲线后来又升高了；要的是第一次低于阈值的时候。",
            ),
            "longer-tanh": Text(
                "tanh never prolongs anything: none of its slopes is above 1. Compare the rows of your table again.",
                "tanh 不会延长任何东西：它的斜率都不超过 1。再对照一下表里的各行。",
            ),
            "longer-depends": Text(
                "Does it? Find the g in your table at which the tanh network needs more steps than the linear one.",
                "真的吗？在表里找找看，g 是多少时 tanh 网络比线性网络用的步数更多。",
            ),
        },
        planted=(
            ("transposed", 'net.params["W_hh"].T', 'net.params["W_hh"]'),
            ("no-slopes", "(1 - h**2)[:, None] * derivative", "1.0 * derivative"),
            (
                "no-first-slope",
                "        derivative = (1 - h**2)[:, None] * derivative",
                "        derivative = (1 - h**2)[:, None] * derivative if norms else derivative",
            ),
            ("slope-of-before", "for h in states[:, 0]:", "for h in [0 * states[0, 0], *states[:-1, 0]]:"),
            ("one-late", "if norms:", "if True:"),
            ("squared-norm", "np.linalg.norm(derivative)", "np.sum(derivative**2)"),
            ("outputs", "np.linalg.norm(derivative)", 'np.linalg.norm(net.params["W_hy"].T @ derivative)'),
            ("counts-times", "return steps\n", "return steps + 1\n"),
            ("absolute", "value < curve[0] / 1000", "value < 1e-3"),
            ("never", "    return None", "    return len(curve)"),
            (
                "last",
                "    for steps, value in enumerate(curve):\n        if value < curve[0] / 1000:\n            return steps\n    return None",
                "    seen = np.flatnonzero(curve >= curve[0] / 1000)[-1] + 1\n    return int(seen) if seen < len(curve) else None",
            ),
            ("longer-tanh", 'return "linear"', 'return "tanh"'),
            ("longer-depends", 'return "linear"', 'return "it depends"'),
        ),
        hints=(
            Text(
                "What stands between x_1 and h_1, and what does each further step add on the left?",
                "x_1 与 h_1 之间是什么？以后每一步在左边添上什么？",
            ),
            Text(
                "∂h_1/∂x_1 = diag(1 - h_1²) W_xh, and ∂h_t/∂x_1 = diag(1 - h_t²) W_hh ∂h_{t-1}/∂x_1, all as on paper. A"
                " thousandth is meant relative to the first value.",
                "∂h_1/∂x_1 = diag(1 - h_1²) W_xh，∂h_t/∂x_1 = diag(1 - h_t²) W_hh ∂h_{t-1}/∂x_1，都按纸上的写法。"
                "千分之一是相对于第一个值说的。",
            ),
            Text(
                'Start from net.params["W_xh"].T, multiply each row i by 1 - h_i², take the norm; at the next step multiply by'
                ' net.params["W_hh"].T from the left first. No slope is above 1: which network can only lose?',
                '从 net.params["W_xh"].T 开始，第 i 行乘 1 - h_i²，取范数；下一步先从左边乘 net.params["W_hh"].T。'
                "没有一个斜率超过 1：哪个网络只会更快地失去？",
            ),
        ),
    ),
)
