"""Exercises of the chapter *bptt*."""

from functools import partial
from typing import Any

import numpy as np

from rnn import SimpleRNN, init
from rnn.gradcheck import complex_step
from rnn.gradients import backpropagated
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, expect

Arrays = dict[str, Any]

# --------------------------------------------------------------------------- a backward pass


class MyRNN(SimpleRNN):
    """A simple network with a backward pass of its own."""

    def backward(self, d_outputs):
        """Turn the gradient for the last forward's outputs into that for parameters, inputs and h0."""
        W_xh, W_hh, W_hy = (self.params[name] for name in ("W_xh", "W_hh", "W_hy"))
        grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        d_inputs, d_h = [], 0.0
        for (x, h_prev, h), d_y in reversed(list(zip(self._caches, d_outputs, strict=True))):
            grads["W_hy"] += h.T @ d_y
            grads["b_y"] += d_y.sum(axis=0)
            delta = d_y @ W_hy.T + d_h
            d_a = (1 - h**2) * delta
            grads["W_xh"] += x.T @ d_a
            grads["W_hh"] += h_prev.T @ d_a
            grads["b_h"] += d_a.sum(axis=0)
            d_inputs.append(d_a @ W_xh.T)
            d_h = d_a @ W_hh.T
        self.d_inputs, self.d_h0 = np.array(d_inputs[::-1]), d_h
        return grads


BESIDE = """
def left_behind(net):
    return {name: getattr(net, name, None) for name in ("d_inputs", "d_h0")}
"""
BACKWARD: tuple[str, ...] = (
    "not-carried",
    "transposed",
    "no-slope",
    "slope-of-before",
    "slope-skipped",
    "state-of-now",
    "overwritten",
)
BACKWARD += ("forwards", "mean", "inputs-reversed", "h0-early")


def check_backward(work: Subject) -> None:
    """All gradients at once, by differentiating the forward pass; then a second sequence of another size."""
    rng = np.random.default_rng()
    D, H, O = 2, 5, 3
    work.define(BESIDE)
    net = work.call("MyRNN", D, H, O).value
    params: Arrays = {name: 0.6 * rng.normal(size=a.shape) for name, a in SimpleRNN(D, H, O).params.items()}
    work.write(net, {f"params.{name}": a for name, a in params.items()})
    before: Arrays = {}
    for T, B in ((4, 3), (6, 2)):
        given = {"inputs": rng.normal(size=(T, B, D)), "h0": rng.normal(size=(B, H))}
        d_y = rng.normal(size=(T, B, O))
        work.call(net, given["inputs"], method="forward", h0=given["h0"])
        grads = work(net, d_y, method="backward")
        beside = work.call("left_behind", net).value
        unset = [name for name, value in beside.items() if value is None]
        if unset and grads is not None:
            raise Wrong("not-set", name=unset[0])
        truth = _differentiated(params | given, d_y)
        twice = {name: before[name] + truth[name] for name in params} if before else {}
        known = {name: _by_hand(params | given, d_y, name) for name in BACKWARD}
        if not isinstance(grads, dict) or set(grads) != set(params):
            expect("backward(d_outputs)", grads, {name: truth[name] for name in params})
        for name in params:
            expect(
                f"backward(d_outputs)[{name!r}]",
                grads[name],
                truth[name],
                ({"piled-up": twice[name]} if twice else {}) | {key: value[name] for key, value in known.items()},
            )
        expect(
            "d_inputs, d_h0",
            beside,
            {"d_inputs": truth["inputs"], "d_h0": truth["h0"]},
            {key: {"d_inputs": value["inputs"], "d_h0": value["h0"]} for key, value in known.items()},
        )
        before = truth


def _differentiated(values: Arrays, d_y: np.ndarray) -> Arrays:
    """Return the derivatives of Σ d_y · y for parameters, inputs and h0, from the forward pass alone."""

    def loss(name: str, changed: Any) -> Any:
        now = values | {name: changed}
        h, total = now["h0"], 0.0
        for x, d in zip(now["inputs"], d_y, strict=True):
            h = np.tanh(x @ now["W_xh"] + h @ now["W_hh"] + now["b_h"])
            total += np.sum(d * (h @ now["W_hy"] + now["b_y"]))
        return total

    return {name: complex_step(lambda changed, name=name: loss(name, changed), value) for name, value in values.items()}  # type: ignore[misc]


def _by_hand(values: Arrays, d_y: np.ndarray, mistake: str) -> Arrays:
    """Return what a backward pass with this mistake leads to."""
    W_xh, W_hh, W_hy = (values[name] for name in ("W_xh", "W_hh", "W_hy"))
    x, (T, B) = values["inputs"], d_y.shape[:2]
    h = [values["h0"]]
    for x_t in x:
        h.append(np.tanh(x_t @ W_xh + h[-1] @ W_hh + values["b_h"]))
    grads = {name: np.zeros_like(value) for name, value in values.items()}
    d_h = np.zeros_like(h[0])
    for t in range(T) if mistake == "forwards" else reversed(range(T)):
        delta = d_y[t] @ W_hy.T + (0 if mistake == "not-carried" else d_h)
        slope = {"no-slope": 1.0, "slope-of-before": 1 - h[t] ** 2}.get(mistake, 1 - h[t + 1] ** 2)
        d_a = slope * delta
        step = {"W_xh": x[t].T @ d_a, "b_h": d_a.sum(axis=0), "W_hy": h[t + 1].T @ d_y[t], "b_y": d_y[t].sum(axis=0)}
        step["W_hh"] = h[t + (mistake == "state-of-now")].T @ d_a
        for name, value in step.items():
            grads[name] = value / (B if mistake == "mean" else 1) + (0 if mistake == "overwritten" else grads[name])
        grads["inputs"][t] = d_a @ W_xh.T
        d_h = (delta if mistake == "slope-skipped" else d_a) @ (W_hh if mistake == "transposed" else W_hh.T)
        grads["h0"] = delta if mistake == "h0-early" else d_h
    if mistake == "inputs-reversed":
        grads["inputs"] = grads["inputs"][::-1]
    return grads


# --------------------------------------------------------------------------- how far the blame reaches


def blame(net, inputs, h0, target, factors):
    """Return the norms of the gradient at h_{T-1} … h_0 that comes from step T, a row for each factor of W_hh."""
    original = net.params["W_hh"].copy()
    curves = []
    for factor in factors:
        net.params["W_hh"] = factor * original
        outputs, hidden_states = net.forward(inputs, h0=h0)
        e = net.params["W_hy"] @ (outputs[-1, 0] - target)
        deltas = backpropagated(net, hidden_states, len(inputs), e)
        curves.append(np.linalg.norm(deltas[-2::-1], axis=1))
    net.params["W_hh"] = original
    return np.array(curves)


def decides():
    """Return what decides which way the curve goes: "the factor", "the states" or "both"."""
    return "both"


def check_blame(work: Subject) -> None:
    """Try a small network with three factors, and measure what decides."""
    rng = np.random.default_rng()
    T, D, H, O = 7, 2, 4, 3
    factors = [1.0, 0.5, 2.0]
    net = work.call("rnn.SimpleRNN", D, H, O).value
    params: Arrays = {name: 0.6 * rng.normal(size=a.shape) for name, a in SimpleRNN(D, H, O).params.items()}
    work.write(net, {f"params.{name}": a for name, a in params.items()})
    inputs, h0, target = rng.normal(size=(T, 1, D)), rng.normal(size=(1, H)), rng.normal(size=O)
    curves = work("blame", net, inputs, h0, target, factors)

    def all_rows(mistake: str = "") -> np.ndarray:
        return np.stack([_blamed(params, inputs, h0, target, f, mistake) for f in factors])

    piled = np.cumprod(factors)
    mistakes = ("stale-states", "unscaled", "from-T", "to-k-1", "transposed", "forwards", "no-slopes", "no-read-out")
    expect(
        "blame(net, inputs, h0, target, factors)",
        curves,
        all_rows(),
        {
            "piled-up": np.stack([_blamed(params, inputs, h0, target, f) for f in piled]),
            "squared-norm": all_rows() ** 2,
            "logarithm": np.log10(all_rows()),
            "natural-logarithm": np.log(all_rows()),
            **{name: partial(all_rows, name) for name in mistakes},
        },
    )
    left = work.leaves(net)["params.W_hh"]
    expect('net.params["W_hh"]', left, params["W_hh"], {"net-changed": left})
    answer = work("decides")
    if answer not in ("the factor", "the states", "both"):
        raise Wrong("returns-none" if answer is None else "no-answer", of="decides()", came=str(answer)[:40])
    expect("decides()", answer, _what_decides(), {"factor-alone": "the factor", "states-alone": "the states"})


def _blamed(
    params: Arrays, inputs: np.ndarray, h0: np.ndarray, target: Any, factor: float, mistake: str = ""
) -> np.ndarray:
    """Return ‖δ_{k←T}‖ for k = T - 1 … 0, or what a mistake makes of it."""
    scaled: Arrays = params | {"W_hh": factor * params["W_hh"]}
    states, y = _run(scaled, inputs, h0)
    if mistake == "stale-states":
        states, y = _run(params, inputs, h0)
    e = scaled["W_hy"] @ (y - target)
    W, T = scaled["W_hh"], len(inputs)  # (H, H) as in code: the gradient of the book is W_codeᵀᵀ = W_code times it
    if mistake == "no-read-out":
        e = scaled["W_hy"] @ y
    W = {"transposed": W.T, "unscaled": params["W_hh"]}.get(mistake, W)
    deltas = [e]
    for i in range(T, 0, -1):
        slope = {"to-k-1": 1 - states[i - 1] ** 2, "no-slopes": 1.0}.get(mistake, 1 - states[i] ** 2)
        deltas.append(W @ (slope * deltas[-1]))
    norms = np.linalg.norm(deltas, axis=1)
    if mistake == "from-T":
        return np.asarray(norms[:-1])
    return np.asarray(norms[:0:-1] if mistake == "forwards" else norms[1:])


def _run(params: Arrays, inputs: np.ndarray, h0: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    states = [h0[0]]
    for x in inputs[:, 0]:
        states.append(np.tanh(x @ params["W_xh"] + states[-1] @ params["W_hh"] + params["b_h"]))
    return states, states[-1] @ params["W_hy"] + params["b_y"]


def _what_decides() -> str:
    """Measure: the same factor with weak and with strong inputs, and the same states with two factors."""
    rng = np.random.default_rng(0)
    H, T = 10, 30
    net = SimpleRNN(H, H, 1, rng=rng)
    net.params |= {"W_xh": np.eye(H), "W_hh": 2 * init.orthogonal((H, H), rng)}
    noise, e = rng.normal(size=(T, 1, H)), rng.normal(size=H)

    def grows(states: np.ndarray) -> bool:
        deltas = backpropagated(net, states, T, e)
        return bool(np.linalg.norm(deltas[0]) > np.linalg.norm(e))

    at_rest = np.zeros((T, 1, H))
    same_factor = {grows(at_rest), grows(net.forward(20 * noise)[1])}
    same_states = {grows(at_rest)}
    net.params["W_hh"] /= 4
    same_states.add(grows(at_rest))
    by_states, by_factor = len(same_factor) == 2, len(same_states) == 2
    return "both" if by_states and by_factor else "the states" if by_states else "the factor"


EXERCISES = (
    Exercise(
        chapter="bptt",
        number=4,
        title=Text("Your own backward pass", "自己写反向传播"),
        task=Text(
            "Write the method backward(self, d_outputs) of a subclass MyRNN of SimpleRNN, for tanh. d_outputs has the shape"
            " (T, B, O): the gradient of the loss for the outputs of the last forward. self._caches holds (x, h_prev, h) for"
            " each of the T steps, with the shapes (B, D), (B, H), (B, H). Return a dict with the keys of self.params, W_xh"
            " (D, H), W_hh (H, H), b_h (H,), W_hy (H, O), b_y (O,): gradients summed over steps and sequences. Set"
            " self.d_inputs (T, B, D) and self.d_h0 (B, H) too. Each call begins anew.",
            "在 SimpleRNN 的子类 MyRNN 里写方法 backward(self, d_outputs)，只考虑 tanh。d_outputs 形状为 (T, B, O)，"
            "是损失对最近一次 forward 的输出的梯度。self._caches 里 T 步各有一组 (x, h_prev, h)，形状为 (B, D)、(B, H)、(B, H)。"
            "返回一个字典，键与 self.params 相同：W_xh (D, H)、W_hh (H, H)、b_h (H,)、W_hy (H, O)、b_y (O,)，"
            "梯度对各步和各条序列求和。还要设好 self.d_inputs (T, B, D) 和 self.d_h0 (B, H)。每次调用都从头算起。",
        ),
        imports="import numpy as np\n\nfrom rnn import SimpleRNN",
        solution=(MyRNN,),
        check=check_backward,
        names={
            "not-set": Text(
                "`self.{name}` is not set. The gradient goes on to the inputs and to the initial state.",
                "没有设 `self.{name}`。梯度还要传到输入和初始状态。",
            ),
            "not-carried": Text(
                "`{of}`: nothing comes from later steps. The gradient at h_t has a part from the loss of its own step and a"
                " part that comes back from h_{{t+1}}.",
                "`{of}`：没有来自后面各步的梯度。h_t 处的梯度，一部分来自本步的损失，另一部分从 h_{{t+1}} 传回。",
            ),
            "transposed": Text(
                "`{of}`: on the way from one step to the step before, W_hh is not transposed. Forwards rows are multiplied by"
                " W_hh; what about backwards?",
                "`{of}`：退回前一步时，W_hh 没有转置。前向时行向量乘的是 W_hh，反向时乘什么？",
            ),
            "no-slope": Text(
                "`{of}`: the slope 1 - h² of tanh is missing between h_t and its pre-activation.",
                "`{of}`：在 h_t 与预激活之间，漏了 tanh 的斜率 1 - h²。",
            ),
            "slope-of-before": Text(
                "`{of}`: the slope is taken at h_prev. The tanh of this step has made h.",
                "`{of}`：斜率取在 h_prev 处。这一步的 tanh 产生的是 h。",
            ),
            "slope-skipped": Text(
                "`{of}`: what goes back to h_prev has not passed the tanh of this step. Which of the two gradients reaches W_hh?",
                "`{of}`：传回 h_prev 的梯度没有经过这一步的 tanh。到达 W_hh 的是两个梯度中的哪一个？",
            ),
            "state-of-now": Text(
                "`{of}`: the gradient of W_hh is formed with h. Which state did W_hh multiply in this step?",
                "`{of}`：W_hh 的梯度用了 h。这一步里，W_hh 乘的是哪个状态？",
            ),
            "overwritten": Text(
                "`{of}`: only one step is left in the gradients. The weights are used at every step, so add the parts up.",
                "`{of}`：梯度里只剩下一步。每一步都用到这些权重，所以要把各步加起来。",
            ),
            "forwards": Text(
                "`{of}`: the loop runs from the first step to the last. What comes back from later steps is not known then.",
                "`{of}`：循环从第一步走到最后一步，那时还不知道后面各步传回什么。",
            ),
            "mean": Text(
                "`{of}`: the gradients are divided by the size of the batch. The loss decides about means; here everything is summed.",
                "`{of}`：梯度除以了批的大小。是否求平均由损失决定，这里一律求和。",
            ),
            "inputs-reversed": Text(
                "`{of}`: d_inputs stands in the order of the way back; d_inputs[0] belongs to the first step.",
                "`{of}`：d_inputs 按反向的次序排列；d_inputs[0] 应当属于第一步。",
            ),
            "h0-early": Text(
                "`{of}`: d_h0 is the gradient at h_1. The last step back, from h_1 to h_0, is missing.",
                "`{of}`：d_h0 是 h_1 处的梯度，还差从 h_1 退到 h_0 的一步。",
            ),
            "piled-up": Text(
                "`{of}`: the second call adds to the gradients of the first. Begin with zeros in every call.",
                "`{of}`：第二次调用把梯度加到了第一次的上面。每次调用都从零开始。",
            ),
        },
        planted=(
            ("not-carried", "d_y @ W_hy.T + d_h", "d_y @ W_hy.T"),
            ("transposed", "d_a @ W_hh.T", "d_a @ W_hh"),
            ("no-slope", "(1 - h**2) * delta", "delta"),
            ("slope-of-before", "(1 - h**2)", "(1 - h_prev**2)"),
            ("slope-skipped", "d_a @ W_hh.T", "delta @ W_hh.T"),
            ("state-of-now", "h_prev.T @ d_a", "h.T @ d_a"),
            ("forwards", "reversed(list(zip(self._caches, d_outputs, strict=True)))", "zip(self._caches, d_outputs)"),
            ("inputs-reversed", "d_inputs[::-1]", "d_inputs"),
            ("h0-early", "np.array(d_inputs[::-1]), d_h", "np.array(d_inputs[::-1]), delta"),
            ("not-set", "        self.d_inputs, self.d_h0 = np.array(d_inputs[::-1]), d_h\n", ""),
            ("mean", "return grads", "return {name: grad / len(h) for name, grad in grads.items()}"),
            (
                "piled-up",
                "{name: np.zeros_like(value) for name, value in self.params.items()}",
                "self.grads = self.grads or {name: np.zeros_like(value) for name, value in self.params.items()}",
            ),
            ("overwritten", 'grads["W_hh"] += h_prev', 'grads["W_hh"] = h_prev'),
        ),
        hints=(
            Text(
                "Write down what comes into one step backwards (two gradients) and what goes out of it.",
                "写下反向走一步时，进来的是什么（两个梯度），出去的是什么。",
            ),
            Text(
                "Go from the last step to the first: delta is d_y W_hyᵀ plus what the later step sends back; d_a is delta times"
                " 1 - h².",
                "从最后一步走到第一步：delta 等于 d_y W_hyᵀ 加上后一步传回的；d_a 等于 delta 乘 1 - h²。",
            ),
            Text(
                "Every weight's gradient is (what it multiplied)ᵀ @ (gradient of what came out): x.T @ d_a, h_prev.T @ d_a,"
                " h.T @ d_y, added up over the steps. Back go d_a @ W_xh.T and d_a @ W_hh.T.",
                "每个权重的梯度都是（它所乘的）ᵀ @（结果的梯度）：x.T @ d_a、h_prev.T @ d_a、h.T @ d_y，各步相加。"
                "往回传的是 d_a @ W_xh.T 和 d_a @ W_hh.T。",
            ),
        ),
        stubs=(
            "rnn.simple:SimpleRNN.backward",
            "rnn.simple:ElmanCell.step_back",
            "rnn.simple:ElmanCell._step_back",
        ),
    ),
    Exercise(
        chapter="bptt",
        number=5,
        title=Text("How far does the blame reach?", "责任能追多远？"),
        task=Text(
            "Write blame(net, inputs, h0, target, factors) and decides().\n"
            "net is a SimpleRNN with tanh, inputs (T, 1, D), h0 (1, H), target (O,), factors a list of n numbers. For each"
            " factor, multiply the original W_hh by it, run the network anew, and take the error at the last step as the"
            " program in the text does: e_T = W_hy (y_T - target), with the array W_hy of net.params. Return the norms of"
            " δ_{k←T} for k = T-1, …, 0, shape (n, T), not their logarithms. Afterwards net has its original W_hh again.\n"
            "decides(): what decides whether such a curve rises or falls on its way back? Returns"
            ' "the factor" (of W_hh, alone), "the states" (alone) or "both".',
            "写 blame(net, inputs, h0, target, factors) 和 decides()。\n"
            "net 是 tanh 的 SimpleRNN，inputs 形状为 (T, 1, D)，h0 为 (1, H)，target 为 (O,)，factors 是 n 个数的列表。"
            "对每个倍数，把原来的 W_hh 乘以它，重新运行网络，像正文的程序那样取最后一步的误差：e_T = W_hy (y_T - target)，"
            "W_hy 就是 net.params 里的数组。返回 k = T-1, …, 0 时 δ_{k←T} 的范数，形状 (n, T)，不取对数。"
            "返回之后，net 的 W_hh 恢复原样。\n"
            'decides()：往回走时，这样的曲线上升还是下降，由什么决定？返回 "the factor"（只由 W_hh 所乘的倍数）、'
            '"the states"（只由状态）或 "both"（两者）。',
        ),
        imports="import numpy as np\n\nfrom rnn.gradients import backpropagated",
        solution=(blame, decides),
        check=check_blame,
        names={
            "piled-up": Text(
                "`{of}`: the factors pile up, because each one multiplies the W_hh that the one before has left. Keep a copy of"
                " the original.",
                "`{of}`：倍数累积起来了，每个倍数都乘在前一个留下的 W_hh 上。请保留一份原来的矩阵。",
            ),
            "stale-states": Text(
                "`{of}`: states and error are those of the original W_hh. With other weights the network has to run anew.",
                "`{of}`：状态和误差还是原来那个 W_hh 的。权重变了，网络就得重新运行。",
            ),
            "unscaled": Text(
                "`{of}`: the network ran with the scaled W_hh, but the way back uses the original one.",
                "`{of}`：网络用乘过倍数的 W_hh 运行，往回走时却用了原来的。",
            ),
            "from-T": Text(
                "`{of}`: the row begins with e_T itself, k = T. It should run from k = T-1 to k = 0.",
                "`{of}`：这一行从 e_T 本身（k = T）开始。应当从 k = T-1 到 k = 0。",
            ),
            "to-k-1": Text(
                "`{of}`: the slopes are those of steps k to T-1. The tanh passed on the way are those of steps k+1 to T.",
                "`{of}`：用的是第 k 步到第 T-1 步的斜率。路上经过的 tanh 属于第 k+1 步到第 T 步。",
            ),
            "transposed": Text(
                "`{of}`: W_hh goes the wrong way round. The array in params is the transpose of the matrix on paper.",
                "`{of}`：W_hh 的方向反了。params 里的数组是纸上矩阵的转置。",
            ),
            "forwards": Text(
                "`{of}`: the rows run from k = 0 up. The walk begins next to the loss, at k = T-1.",
                "`{of}`：各行从 k = 0 往上排。应当从损失旁边的 k = T-1 开始。",
            ),
            "no-slopes": Text("`{of}`: the slopes 1 - h² are missing.", "`{of}`：漏了斜率 1 - h²。"),
            "no-read-out": Text(
                "`{of}`: the error is formed with the output; take its difference from the target.",
                "`{of}`：误差用的是输出本身；应当用它与目标之差。",
            ),
            "squared-norm": Text("`{of}` holds the squares of the norms.", "`{of}` 是范数的平方。"),
            "logarithm": Text(
                "`{of}` holds logarithms. The axis is to be logarithmic, the numbers stay as they are.",
                "`{of}` 是对数。对数的是坐标轴，数保持原样。",
            ),
            "natural-logarithm": Text(
                "`{of}` holds natural logarithms. The axis is to be logarithmic, the numbers stay as they are.",
                "`{of}` 是自然对数。对数的是坐标轴，数保持原样。",
            ),
            "net-changed": Text(
                "`{of}` is another one afterwards. Put the original back: the caller goes on with this network.",
                "调用之后 `{of}` 变了。请恢复原样：调用者还要用这个网络。",
            ),
            "no-answer": Text(
                "`{of}` is {came}, which is none of the three strings of the task.",
                "`{of}` 是 {came}，不是题目里三个字符串中的任何一个。",
            ),
            "factor-alone": Text(
                "Try the same factor with inputs of another strength: where units are saturated, 1 - h² takes away what W_hh adds.",
                "倍数不变，换一种强度的输入试试：单元饱和时，W_hh 添上的会被 1 - h² 拿走。",
            ),
            "states-alone": Text(
                "Try it at rest, with all states 0: all slopes are 1 there, and the curve still depends on the factor.",
                "在所有状态都是 0 时试试：那里斜率都是 1，曲线仍然随倍数而变。",
            ),
        },
        planted=(
            ("piled-up", "factor * original", 'factor * net.params["W_hh"]'),
            (
                "stale-states",
                '        net.params["W_hh"] = factor * original\n        outputs, hidden_states = net.forward(inputs, h0=h0)',
                '        net.params["W_hh"] = original\n        outputs, hidden_states = net.forward(inputs, h0=h0)'
                '\n        net.params["W_hh"] = factor * original',
            ),
            ("from-T", "deltas[-2::-1]", "deltas[:0:-1]"),
            ("forwards", "deltas[-2::-1]", "deltas[:-1]"),
            ("squared-norm", "np.linalg.norm(deltas[-2::-1], axis=1)", "np.sum(deltas[-2::-1]**2, axis=1)"),
            ("shape", "np.linalg.norm(deltas[-2::-1], axis=1)", "np.linalg.norm(deltas[-2::-1], axis=0)"),
            ("logarithm", "return np.array(curves)", "return np.log10(curves)"),
            ("net-changed", '    net.params["W_hh"] = original\n    return', "    return"),
            ("no-read-out", "(outputs[-1, 0] - target)", "outputs[-1, 0]"),
            ("natural-logarithm", "return np.array(curves)", "return np.log(curves)"),
            (
                "unscaled",
                "        deltas = backpropagated(",
                '        net.params["W_hh"] = original\n        deltas = backpropagated(',
            ),
            (
                "transposed",
                "        deltas = backpropagated(",
                '        net.params["W_hh"] = factor * original.T\n        deltas = backpropagated(',
            ),
            (
                "to-k-1",
                "backpropagated(net, hidden_states, len(inputs), e)",
                "backpropagated(net, np.concatenate([h0[None], hidden_states[:-1]]), len(inputs), e)",
            ),
            ("no-slopes", "backpropagated(net, hidden_states,", "backpropagated(net, 0 * hidden_states,"),
            ("no-answer", 'return "both"', 'return "neither"'),
            ("factor-alone", 'return "both"', 'return "the factor"'),
            ("states-alone", 'return "both"', 'return "the states"'),
        ),
        hints=(
            Text(
                "Three runs of the same program, each with its own states and its own error. What must be computed anew?",
                "同一个程序运行三次，每次有自己的状态和自己的误差。哪些要重新算？",
            ),
            Text(
                "Save a copy of W_hh; for each factor set it, call forward, form e, and call"
                " rnn.gradients.backpropagated(net, hidden_states, T, e), which returns k = 0 … T.",
                "保存一份 W_hh；对每个倍数设好它，调用 forward，算出 e，再调用"
                " rnn.gradients.backpropagated(net, hidden_states, T, e)，它返回 k = 0 … T。",
            ),
            Text(
                "Leave out the last row, which is e itself, turn the order round, and take the norm of each row. For decides():"
                " each step multiplies by W_hh and by 1 - h², and the second can be anything from 0 to 1.",
                "去掉最后一行（就是 e 本身），把次序倒过来，对每一行取范数。至于 decides()：每一步既乘 W_hh，又乘 1 - h²，"
                "后者可以是 0 到 1 之间的任何数。",
            ),
        ),
    ),
)
