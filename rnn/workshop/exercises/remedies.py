"""Exercises of the chapter *remedies*."""

from typing import Any

import numpy as np

from rnn import SimpleRNN
from rnn.gradcheck import complex_step
from rnn.gradients import lag_terms
from rnn.init import orthogonal
from rnn.losses import mse
from rnn.optim import clip_by_norm
from rnn.tasks import ADDING_BASELINE
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, expect

# --------------------------------------------------------------------------- a clipping test


def clip(grads, max_norm):
    """Return the gradients, scaled down so that their common norm is at most max_norm."""
    values = [np.asarray(grad, dtype=float) for grad in grads.values()]
    if not all(np.isfinite(value).all() for value in values):
        raise ValueError("grads: expected finite numbers")
    largest = max(np.abs(value).max() for value in values)
    if largest == 0:
        return {name: grad.copy() for name, grad in grads.items()}
    norm = largest * np.sqrt(sum(np.sum((value / largest) ** 2) for value in values))
    return {name: grad * min(1.0, max_norm / norm) for name, grad in grads.items()}


def check_clip(work: Subject) -> None:
    """Short gradients, several tensors, zeros, huge numbers, a NaN."""
    rng = np.random.default_rng()
    grads = {"W": rng.normal(size=(2, 3)), "b": 5 * rng.normal(size=4)}
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    alone = {name: g * min(1.0, 1.0 / float(np.linalg.norm(g))) for name, g in grads.items()}
    clamped = {name: np.clip(g, -1.0, 1.0) for name, g in grads.items()}
    expect(
        "clip(grads, 1.0)",
        work("clip", grads, 1.0),
        clip_by_norm(grads, 1.0)[0],
        {
            "each-alone": alone,
            "clamped": clamped,
            "squared-norm": {n: g / norm**2 for n, g in grads.items()},
            "absolute-sum": {n: g / sum(np.abs(x).sum() for x in grads.values()) for n, g in grads.items()},
        },
    )
    short = {name: g / (4 * norm) for name, g in grads.items()}
    expect("clip(short, 1.0)", work("clip", short, 1.0), short, {"stretched": {n: g * 4 for n, g in short.items()}})
    zeros = {"W": np.zeros((2, 3))}
    expect("clip(zeros, 1.0)", work("clip", zeros, 1.0), zeros, {"zero-norm": {"W": np.full((2, 3), np.nan)}})
    huge = {"W": 1e200 * grads["W"]}
    expect(
        "clip(huge, 1.0)", work("clip", huge, 1.0), clip_by_norm(huge, 1.0)[0], {"overflow": {"W": np.zeros((2, 3))}}
    )
    try:
        work("clip", {"W": np.array([1.0, np.nan])}, 1.0)
    except Wrong as wrong:
        if wrong.key != "raises":
            raise
    else:
        raise Wrong("nan-passes")


# --------------------------------------------------------------------------- the critical gain in practice


def network(gain, hidden_size, seed):
    """Return a tanh network for the adding problem, with an orthogonal W_hh times the gain."""
    rng = np.random.default_rng(seed)
    net = SimpleRNN(2, hidden_size, 1, rng=rng)
    net.params["W_hh"] = orthogonal((hidden_size, hidden_size), rng, gain)
    return net


def train(net, inputs, targets, learning_rate):
    """Make one update on each batch, clipped at the norm 1; return the share of updates that were clipped."""
    clipped = 0
    for x, wanted in zip(inputs, targets, strict=True):
        outputs, _ = net.forward(x)
        d_outputs = np.zeros_like(outputs)
        _, d_outputs[-1] = mse(outputs[-1], wanted)
        grads, norm = clip_by_norm(net.backward(d_outputs), 1.0)
        clipped += norm > 1
        for name, grad in grads.items():
            net.params[name] -= learning_rate * grad
    return clipped / len(inputs)


def lag_ratio(net, inputs, target, lag):
    """Return the norm of G_lag over that of G_0, for a loss at the last step."""
    outputs, states = net.forward(inputs)
    d_outputs = np.zeros_like(outputs)
    d_outputs[-1] = 2 * (outputs[-1] - target)
    norms = np.linalg.norm(lag_terms(net, states, d_outputs), axis=(1, 2))
    return norms[lag] / norms[0]


def share_started(errors):
    """Return the share of seeds whose error is below half of the baseline."""
    return np.mean(np.asarray(errors) < ADDING_BASELINE / 2)


def check_gain(work: Subject) -> None:
    """Each of the four on its own: what is drawn, some updates, one ratio by differentiation, a count."""
    rng = np.random.default_rng()
    _check_network(work, rng)
    _check_train(work, rng)
    _check_ratio(work, rng)
    errors = ADDING_BASELINE * np.array([0.02, 0.3, 0.7, 0.9, 1.05, 1.1, 1.3])
    expect(
        "share_started(errors)",
        work("share_started", rng.permutation(errors)),
        2 / 7,
        {
            "whole-baseline": 4 / 7,
            "not-started": 5 / 7,
            "seeds-counted": 2,
            "root": np.mean(np.sqrt(errors) < ADDING_BASELINE / 2),
            "median": float(np.median(errors) < ADDING_BASELINE / 2),
            "half": np.mean(errors < 0.5),
        },
    )


def _check_network(work: Subject, rng: np.random.Generator) -> None:
    H, seed = 6, int(rng.integers(1000))
    drawn = []
    for gain, s in ((0.5, seed), (1.4, seed), (1.4, seed), (1.4, seed + 1)):
        net = work("network", gain, H, s)
        params = _params(work, net) if isinstance(net, Kept) else {}
        if {name: a.shape for name, a in params.items()} != {n: a.shape for n, a in SimpleRNN(2, H, 1).params.items()}:
            raise Wrong("returns-none" if net is None else "no-network", of="network(gain, hidden_size, seed)")
        drawn.append(params["W_hh"])
        square = drawn[-1].T @ drawn[-1]
        expect(
            "W_hh.T @ W_hh",
            square,
            gain**2 * np.eye(H),
            {
                "no-gain": np.eye(H),
                "root-gain": gain * np.eye(H),
                "squared-gain": gain**4 * np.eye(H),
                "not-orthogonal": square,  # nothing else comes to mind
            },
        )
    if np.abs(drawn[1] - drawn[2]).max() > 1e-12 or np.abs(drawn[2] - drawn[3]).max() < 1e-12:
        raise Wrong("seed", of="network(gain, hidden_size, seed)")


def _check_train(work: Subject, rng: np.random.Generator) -> None:
    N, T, B, H = 9, 6, 4, 5
    while True:  # until some updates are clipped and some are not, and some numbers alone are above 1
        params = {name: 0.4 * rng.normal(size=a.shape) for name, a in SimpleRNN(2, H, 1).params.items()}
        net = SimpleRNN(2, H, 1)
        net.params |= params
        inputs = rng.normal(size=(N, T, B, 2))
        far = np.geomspace(0.01, 3, N)[:, None, None]  # at first even a sum over the batch stays below 1
        targets = np.stack([net.forward(x)[0][-1] for x in inputs]) + far * rng.normal(size=(N, B, 1))
        truth = _trained(params, inputs, targets)
        free, cut = (_trained(params, inputs, targets, key) for key in ("unclipped", "by-value"))
        if 2 / N < truth["share"] < 7 / N and np.abs(free["b_y"] - cut["b_y"]).max() > 1e-3:
            break
    theirs = work.call("rnn.SimpleRNN", 2, H, 1).value
    work.write(theirs, {f"params.{name}": a for name, a in params.items()})
    share = work("train", theirs, inputs, targets, 0.1)
    mistakes = ("each-alone", "stretched", "by-value", "unclipped", "all-steps", "half-loss", "sum")
    expect(
        "net.params",
        _params(work, theirs),
        {name: truth[name] for name in params},
        {"not-updated": params}
        | {key: {n: a for n, a in _trained(params, inputs, targets, key).items() if n != "share"} for key in mistakes},
    )
    expect(
        "train(net, inputs, targets, learning_rate)",
        share,
        truth["share"],
        {"counted": truth["share"] * N, "norm-after": 0.0, "unclipped-share": 1 - truth["share"]},
    )


def _params(work: Subject, net: str) -> dict[str, Any]:
    leaves = work.leaves(net)
    return {path.removeprefix("params."): a for path, a in leaves.items() if path.startswith("params.")}


def _trained(params: dict[str, Any], inputs: np.ndarray, targets: np.ndarray, mistake: str = "") -> dict[str, Any]:
    """Return the parameters after the updates and the share of the clipped ones, or what a mistake makes of them."""
    T, B = inputs.shape[1:3]
    net = SimpleRNN(2, len(params["W_hh"]), 1)
    net.params |= {name: a.copy() for name, a in params.items()}
    share = 0.0
    for x, wanted in zip(inputs, targets, strict=True):
        y, _ = net.forward(x)
        error = 2 / B * (y - wanted)
        if mistake == "all-steps":
            error /= T
        else:
            error[:-1] = 0
        error *= {"half-loss": 0.5, "sum": B}.get(mistake, 1.0)
        grads = net.backward(error)
        norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
        share += (norm > 1) / len(inputs)
        for name, g in grads.items():
            own = float(np.linalg.norm(g))
            factor = {"each-alone": min(1.0, 1 / own), "stretched": 1 / norm, "unclipped": 1.0}
            step = np.clip(g, -1, 1) if mistake == "by-value" else factor.get(mistake, min(1.0, 1 / norm)) * g
            net.params[name] -= 0.1 * step
    return {"share": share, **net.params}


def _check_ratio(work: Subject, rng: np.random.Generator) -> None:
    T, H = 7, 4
    params: dict[str, Any] = {name: 0.6 * rng.normal(size=a.shape) for name, a in SimpleRNN(2, H, 1).params.items()}
    net = work.call("rnn.SimpleRNN", 2, H, 1).value
    work.write(net, {f"params.{name}": a for name, a in params.items()})
    inputs, target = rng.normal(size=(T, 1, 2)), rng.normal(size=(1, 1))

    def last_loss(W: Any) -> Any:  # with a matrix of its own for each step: its gradient is the part of that step
        h = np.zeros(H)
        for x, W_hh in zip(inputs[:, 0], W, strict=True):
            h = np.tanh(x @ params["W_xh"] + h @ W_hh + params["b_h"])
        return ((h @ params["W_hy"] + params["b_y"] - target[0]) ** 2).sum()

    G = complex_step(last_loss, np.stack([params["W_hh"]] * T))[::-1]  # by the lag
    norms = np.linalg.norm(G, axis=(1, 2))
    same = SimpleRNN(2, H, 1)
    same.params |= params
    outputs, states = same.forward(inputs)
    every = np.linalg.norm(lag_terms(same, states, outputs - target), axis=(1, 2))
    deltas = [outputs[-1, 0] @ params["W_hy"].T]
    for h in states[::-1, 0]:
        deltas.append(((1 - h**2) * deltas[-1]) @ params["W_hh"].T)
    sizes = np.linalg.norm(deltas, axis=1)
    for lag in (3, 5):
        expect(
            "lag_ratio(net, inputs, target, lag)",
            work("lag_ratio", net, inputs, target, lag),
            norms[lag] / norms[0],
            {
                "one-lag-more": norms[lag + 1] / norms[0],
                "one-lag-less": norms[lag - 1] / norms[0],
                "forwards": norms[T - 1 - lag] / norms[T - 1] if norms[T - 1] else np.inf,
                "upside-down": norms[0] / norms[lag],
                "squared-ratio": (norms[lag] / norms[0]) ** 2,
                "every-step": every[lag] / every[0],
                "states": sizes[lag] / sizes[0],
                "no-ratio": norms[lag],
                "share-of-whole": norms[lag] / np.linalg.norm(G.sum(axis=0)),
            },
        )


EXERCISES = (
    Exercise(
        chapter="remedies",
        number=5,
        title=Text("A clipping test", "检验裁剪"),
        task=Text(
            "Write clip(grads, max_norm). grads is a dict of arrays; the function returns a new dict with the same keys,"
            " in which all arrays are multiplied by the same number, so that the norm of all of them together is at most"
            " max_norm. Gradients that are short enough come back as they are. A NaN is an error (raise ValueError).",
            "写 clip(grads, max_norm)。grads 是数组的字典；函数返回键相同的新字典，其中所有数组乘以同一个数，"
            "使它们合在一起的范数不超过 max_norm。本来就够短的梯度原样返回。遇到 NaN 报错（raise ValueError）。",
        ),
        solution=(clip,),
        check=check_clip,
        names={
            "each-alone": Text(
                "Each array is clipped by its own norm. That turns the gradient; take one norm for all of them.",
                "每个数组按自己的范数裁剪，这会改变梯度的方向。要对所有数组只算一个范数。",
            ),
            "clamped": Text(
                "Each number is clamped on its own. That turns the gradient; multiply all by one factor.",
                "每个数各自截断，这会改变梯度的方向。要把所有数乘以同一个因子。",
            ),
            "squared-norm": Text("The root of the sum of squares is missing.", "平方和没有开方。"),
            "absolute-sum": Text(
                "This is the sum of absolute values; the norm is the root of the sum of squares.",
                "这是绝对值之和；范数是平方和的平方根。",
            ),
            "stretched": Text(
                "A gradient shorter than the threshold is stretched to it. The factor is at most 1.",
                "比阈值短的梯度被拉长了。因子最多是 1。",
            ),
            "zero-norm": Text("A gradient of zeros is divided by its norm, zero.", "全零的梯度除以了自己的范数零。"),
            "overflow": Text(
                "The squares overflow: divide by the largest absolute value before squaring.",
                "平方溢出了：先除以绝对值的最大值，再平方。",
            ),
            "nan-passes": Text(
                "A NaN goes through without a word. A comparison with it is false, whichever way it is written.",
                "NaN 悄悄通过了。与它比较总是假，不管怎么写。",
            ),
        },
        planted=(
            ("each-alone", "max_norm / norm)", "max_norm / np.linalg.norm(grad))"),
            ("squared-norm", "largest * np.sqrt(sum(", "largest ** 2 * (sum("),
            ("stretched", "min(1.0, max_norm / norm)", "max_norm / norm"),
            ("overflow", "largest = max(np.abs(value).max() for value in values)", "largest = 1.0"),
            ("nan-passes", 'raise ValueError("grads: expected finite numbers")', "pass"),
            ("clamped", "grad * min(1.0, max_norm / norm)", "np.clip(grad, -max_norm, max_norm)"),
            (
                "changed-argument",
                "return {name: grad * min(1.0, max_norm / norm) for name, grad in grads.items()}",
                "[grad.__imul__(min(1.0, max_norm / norm)) for grad in grads.values()]\n    return grads",
            ),
        ),
        hints=(
            Text("How many norms does the gradient of a whole network have?", "整个网络的梯度有几个范数？"),
            Text(
                "Add up the squares of all numbers in all arrays and take the root. What happens to 1e200 when squared?",
                "把所有数组里所有数的平方加起来，再开方。1e200 平方之后是多少？",
            ),
            Text(
                "With m the largest absolute value, the norm is m·sqrt(Σ (g/m)²). The factor is min(1, max_norm / norm).",
                "设 m 为绝对值的最大值，范数就是 m·sqrt(Σ (g/m)²)。因子是 min(1, max_norm / norm)。",
            ),
        ),
        stubs=("rnn.optim:clip_by_norm",),
    ),
    Exercise(
        chapter="remedies",
        number=6,
        title=Text("The critical gain in practice", "实践中的临界增益"),
        task=Text(
            "Write the four parts of the experiment; small sizes are used to check them.\n"
            "network(gain, hidden_size, seed): a SimpleRNN(2, hidden_size, 1) with tanh whose W_hh is an orthogonal matrix times"
            " gain; all random numbers come from np.random.default_rng(seed).\n"
            "train(net, inputs, targets, learning_rate): inputs (N, T, B, 2) and targets (N, B, 1) are N batches as"
            " rnn.tasks.adding makes them. On each, make one update of plain gradient descent of net, in place: the loss is the"
            " mean over the batch of the squared error of the last output (rnn.losses.mse); the gradient of all parameters"
            " together is clipped at the norm 1. Returns the share of updates that were clipped.\n"
            "lag_ratio(net, inputs, target, lag): inputs (T, 1, 2), target (1, 1); ‖G_lag‖/‖G_0‖ for the loss at the last"
            " step alone, from the state of zeros.\n"
            "share_started(errors): errors (seeds,), mean squared errors after training; the share of seeds below half of"
            " rnn.tasks.ADDING_BASELINE.",
            "写出这个实验的四个部分；检查时用很小的规模。\n"
            "network(gain, hidden_size, seed)：一个 tanh 的 SimpleRNN(2, hidden_size, 1)，W_hh 是正交矩阵乘 gain；"
            "所有随机数都来自 np.random.default_rng(seed)。\n"
            "train(net, inputs, targets, learning_rate)：inputs (N, T, B, 2) 和 targets (N, B, 1) 是 N 个批，"
            "与 rnn.tasks.adding 给出的一样。对每个批，就地对 net 作一次普通的梯度下降：损失是最后一个输出的平方误差对批的平均"
            "（rnn.losses.mse）；所有参数合在一起的梯度按范数裁剪到 1。返回被裁剪的更新的比例。\n"
            "lag_ratio(net, inputs, target, lag)：inputs (T, 1, 2)，target (1, 1)；只有最后一步有损失，从全零的状态出发，"
            "返回 ‖G_lag‖/‖G_0‖。\n"
            "share_started(errors)：errors (种子数,) 是训练之后的均方误差；返回误差低于 rnn.tasks.ADDING_BASELINE 一半的种子的比例。",
        ),
        imports="import numpy as np\n\nfrom rnn import SimpleRNN\nfrom rnn.gradients import lag_terms\nfrom rnn.init import orthogonal\n"
        "from rnn.losses import mse\nfrom rnn.optim import clip_by_norm\nfrom rnn.tasks import ADDING_BASELINE",
        solution=(network, train, lag_ratio, share_started),
        check=check_gain,
        names={
            "no-network": Text(
                "`{of}`: a SimpleRNN with two inputs, hidden_size units and one output is expected.",
                "`{of}`：应当返回一个 SimpleRNN，两个输入、hidden_size 个单元、一个输出。",
            ),
            "no-gain": Text(
                "W_hh is orthogonal, but the gain is missing.",
                "W_hh 是正交的，但没有乘增益。",
            ),
            "root-gain": Text(
                "W_hh changes lengths by the root of the gain.",
                "W_hh 使长度变为增益的平方根倍。",
            ),
            "squared-gain": Text(
                "The gain is in W_hh twice: rnn.init.orthogonal has an argument for it.",
                "W_hh 里增益乘了两次：rnn.init.orthogonal 已有这个参数。",
            ),
            "not-orthogonal": Text(
                "W_hh is no multiple of an orthogonal matrix: W_hhᵀ W_hh must be gain² times the identity.",
                "W_hh 不是正交矩阵的倍数：W_hhᵀ W_hh 必须是单位矩阵的 gain² 倍。",
            ),
            "seed": Text(
                "`{of}`: the same seed must give the same network, another seed another one.",
                "`{of}`：种子相同，网络就相同；种子不同，网络就不同。",
            ),
            "not-updated": Text(
                "`train` leaves the parameters of the network as they were.",
                "`train` 没有改动网络的参数。",
            ),
            "each-alone": Text(
                "Each parameter's gradient is clipped by its own norm. Take one norm for all of them.",
                "每个参数的梯度按自己的范数裁剪了。要对所有参数只算一个范数。",
            ),
            "stretched": Text(
                "Gradients shorter than 1 are stretched to the length 1. Clipping only shortens.",
                "比 1 短的梯度被拉长到 1。裁剪只会缩短。",
            ),
            "by-value": Text(
                "The gradient is clipped by value, number by number. The norm is to be clipped.",
                "梯度是逐个数按值裁剪的。应当按范数裁剪。",
            ),
            "unclipped": Text(
                "The updates are made with the gradient before clipping.",
                "更新用的是裁剪之前的梯度。",
            ),
            "all-steps": Text(
                "The loss looks at the outputs of all steps. In the adding problem only the last one counts.",
                "损失看了所有步的输出。在加法任务里，只有最后一步算数。",
            ),
            "half-loss": Text(
                "The gradient is half as long as it should be: the derivative of a square has a 2.",
                "梯度只有应有的一半长：平方的导数里有一个 2。",
            ),
            "sum": Text(
                "The loss is summed over the batch; it is to be the mean.",
                "损失对批求了和；应当求平均。",
            ),
            "counted": Text(
                "`{of}` is the number of clipped updates; their share is asked for.",
                "`{of}` 是被裁剪的更新的次数；要的是比例。",
            ),
            "norm-after": Text(
                "`{of}` is 0: was the norm measured after clipping, when it is never above 1?",
                "`{of}` 是 0：范数是不是在裁剪之后测的？那时它不会超过 1。",
            ),
            "unclipped-share": Text(
                "`{of}` is the share of updates that were not clipped.",
                "`{of}` 是没有被裁剪的更新的比例。",
            ),
            "one-lag-more": Text(
                "`{of}` belongs to a lag that is one longer. G_0 is the part of the last step.",
                "`{of}` 对应的滞后多了一步。G_0 是最后一步的部分。",
            ),
            "one-lag-less": Text(
                "`{of}` belongs to a lag that is one shorter. G_0 is the part of the last step.",
                "`{of}` 对应的滞后少了一步。G_0 是最后一步的部分。",
            ),
            "forwards": Text(
                "`{of}` counts the lag from the first step. It is counted back from the step of the loss.",
                "`{of}` 是从第一步起数滞后的。滞后要从有损失的那一步往回数。",
            ),
            "upside-down": Text("`{of}` is the inverse: G_0 stands below.", "`{of}` 上下颠倒了：G_0 应当在分母。"),
            "squared-ratio": Text(
                "`{of}` is the ratio of the squares: the root is missing.",
                "`{of}` 是平方之比：没有开方。",
            ),
            "every-step": Text(
                "`{of}` is that of losses at every step. Only the last step has one: d_outputs is 0 everywhere else.",
                "`{of}` 对应每一步都有损失的情形。只有最后一步有损失，别处 d_outputs 都是 0。",
            ),
            "states": Text(
                "`{of}` compares the gradients at the states, δ. G_n is the part of the gradient of W_hh.",
                "`{of}` 比较的是状态处的梯度 δ。G_n 是 W_hh 的梯度中的一部分。",
            ),
            "no-ratio": Text("`{of}` is ‖G_lag‖ itself; divide by ‖G_0‖.", "`{of}` 是 ‖G_lag‖ 本身；还要除以 ‖G_0‖。"),
            "share-of-whole": Text(
                "`{of}` divides by the norm of the whole gradient; ‖G_0‖ is asked for.",
                "`{of}` 除的是整个梯度的范数；应当除以 ‖G_0‖。",
            ),
            "whole-baseline": Text(
                "`{of}` counts all seeds below the baseline itself; below half of it is asked for.",
                "`{of}` 数的是低于基线本身的种子；要的是低于基线一半的。",
            ),
            "not-started": Text("`{of}` is the share of the other seeds.", "`{of}` 是其余种子的比例。"),
            "seeds-counted": Text(
                "`{of}` is a number of seeds; a share is asked for.", "`{of}` 是种子的个数；要的是比例。"
            ),
            "root": Text(
                "`{of}`: roots were taken of the errors. The baseline is a mean square too.",
                "`{of}`：误差开了方。基线也是均方误差。",
            ),
            "median": Text(
                "`{of}` looks at the median alone and hides the seeds that never start.",
                "`{of}` 只看了中位数，掩盖了从来没有起步的种子。",
            ),
            "half": Text(
                "`{of}` compares with 0.5. The baseline is 1/6, half of it is 1/12.",
                "`{of}` 是与 0.5 比的。基线是 1/6，它的一半是 1/12。",
            ),
        },
        planted=(
            ("root-gain", "rng, gain)", "rng, gain**0.5)"),
            ("no-network", "    return net\n", "    return net.params\n"),
            ("not-updated", "net.params[name] -= learning_rate * grad", "grad = grad - learning_rate * grad"),
            (
                "by-value",
                "clip_by_norm(net.backward(d_outputs), 1.0)",
                "clip_by_norm(net.backward(d_outputs), 1.0)\n        grads = {name: np.clip(g, -1, 1) for name, g in net.grads.items()}",
            ),
            ("unclipped-share", "norm > 1", "norm <= 1"),
            ("one-lag-more", "norms[lag] / norms[0]", "norms[lag + 1] / norms[0]"),
            ("no-ratio", "norms[lag] / norms[0]", "norms[lag]"),
            ("share-of-whole", "/ norms[0]", "/ np.linalg.norm(lag_terms(net, states, d_outputs).sum(axis=0))"),
            (
                "states",
                "    return norms[lag] / norms[0]",
                "    from rnn.gradients import backpropagated\n"
                '    deltas = backpropagated(net, states, len(inputs), net.params["W_hy"][:, 0])[::-1]\n'
                "    return np.linalg.norm(deltas[lag]) / np.linalg.norm(deltas[0])",
            ),
            ("half", "ADDING_BASELINE / 2", "0.5"),
            ("not-started", "< ADDING_BASELINE / 2", ">= ADDING_BASELINE / 2"),
            ("root", "np.asarray(errors)", "np.sqrt(errors)"),
            ("no-gain", "(hidden_size, hidden_size), rng, gain", "(hidden_size, hidden_size), rng"),
            (
                "not-orthogonal",
                "orthogonal((hidden_size, hidden_size), rng, gain)",
                "gain * rng.normal(size=(hidden_size, hidden_size))",
            ),
            (
                "squared-gain",
                "orthogonal((hidden_size, hidden_size), rng, gain)",
                "gain * orthogonal((hidden_size, hidden_size), rng, gain)",
            ),
            ("seed", "np.random.default_rng(seed)", "np.random.default_rng()"),
            (
                "all-steps",
                "_, d_outputs[-1] = mse(outputs[-1], wanted)",
                "_, d_outputs = mse(outputs, wanted + np.zeros_like(outputs))",
            ),
            ("sum", "mse(outputs[-1], wanted)", "(0, 2 * (outputs[-1] - wanted))"),
            ("half-loss", "mse(outputs[-1], wanted)", "(0, (outputs[-1] - wanted) / len(wanted))"),
            (
                "unclipped",
                "grads, norm = clip_by_norm(net.backward(d_outputs), 1.0)",
                "grads = net.backward(d_outputs)\n        norm = clip_by_norm(grads, 1.0)[1]",
            ),
            (
                "each-alone",
                "for name, grad in grads.items():",
                "for name, grad in ((n, g / max(1.0, np.linalg.norm(g))) for n, g in net.grads.items()):",
            ),
            (
                "stretched",
                "clip_by_norm(net.backward(d_outputs), 1.0)",
                "clip_by_norm(net.backward(d_outputs), 1.0)\n        grads = {name: g / min(1.0, norm) for name, g in grads.items()}",
            ),
            ("counted", "clipped / len(inputs)", "clipped"),
            ("norm-after", "clipped += norm > 1", "clipped += clip_by_norm(grads, np.inf)[1] > 1 + 1e-9"),
            (
                "every-step",
                "d_outputs = np.zeros_like(outputs)\n    d_outputs[-1] = 2 * (outputs[-1] - target)",
                "d_outputs = outputs - target",
            ),
            ("squared-ratio", "norms[lag] / norms[0]", "(norms[lag] / norms[0]) ** 2"),
            ("one-lag-less", "norms[lag] / norms[0]", "norms[lag - 1] / norms[0]"),
            ("upside-down", "norms[lag] / norms[0]", "norms[0] / norms[lag]"),
            ("seeds-counted", "np.mean(np.asarray", "np.sum(np.asarray"),
            ("whole-baseline", "ADDING_BASELINE / 2", "ADDING_BASELINE"),
            (
                "median",
                "np.mean(np.asarray(errors) < ADDING_BASELINE / 2)",
                "float(np.median(errors) < ADDING_BASELINE / 2)",
            ),
        ),
        hints=(
            Text(
                "The package has every piece: init.orthogonal, losses.mse, optim.clip_by_norm, gradients.lag_terms. What does each return?",
                "每一块程序包里都有：init.orthogonal、losses.mse、optim.clip_by_norm、gradients.lag_terms。它们各返回什么？",
            ),
            Text(
                "d_outputs is zero but for the last step. clip_by_norm returns the norm before clipping: an update was clipped"
                " where it is above 1. lag_terms has G_0 first.",
                "除最后一步外，d_outputs 都是零。clip_by_norm 返回的是裁剪之前的范数：它大于 1 的更新就是被裁剪的。"
                "lag_terms 的第一个是 G_0。",
            ),
            Text(
                "_, d_outputs[-1] = mse(outputs[-1], wanted); grads, norm = clip_by_norm(net.backward(d_outputs), 1.0); then"
                " net.params[name] -= learning_rate * grads[name]. The ratio is taken of np.linalg.norm(terms, axis=(1, 2)).",
                "_, d_outputs[-1] = mse(outputs[-1], wanted)；grads, norm = clip_by_norm(net.backward(d_outputs), 1.0)；然后"
                " net.params[name] -= learning_rate * grads[name]。比值由 np.linalg.norm(terms, axis=(1, 2)) 求得。",
            ),
        ),
    ),
)
