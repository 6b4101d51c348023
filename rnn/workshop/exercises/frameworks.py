"""Exercises of the chapter *frameworks*."""

import functools
from typing import Any

import numpy as np

from rnn import GRU, LSTM, Adam, Linear, exchange, tasks
from rnn.losses import softmax_cross_entropy
from rnn.optim import clip_by_norm
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect

# ── from Keras to PyTorch without a framework ───────────────────────────────────────────────────────────────────────


def keras_to_torch(kernel, recurrent_kernel, bias):
    """Return the arrays of a Keras GRU with reset_after=True as PyTorch's GRU has them."""

    def reordered(array):
        z, r, h = np.split(np.asarray(array), 3, axis=-1)
        return np.concatenate([r, z, h], axis=-1).T

    return {
        "weight_ih": reordered(kernel),
        "weight_hh": reordered(recurrent_kernel),
        "bias_ih": reordered(bias[0]),
        "bias_hh": reordered(bias[1]),
    }


NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def _blocks(array: Any, order: str = "rzh", *, axis: int = -1) -> Any:
    """Return the thirds z, r, h of a Keras array in another order."""
    thirds = dict(zip("zrh", np.split(array, 3, axis=axis), strict=True))
    return np.concatenate([thirds[letter] for letter in order], axis=axis)


def _ported(kernel: Any, recurrent: Any, rows: Any, order: str = "rzh") -> dict[str, Any]:
    arrays = [_blocks(kernel, order).T, _blocks(recurrent, order).T, *(_blocks(row, order) for row in rows)]
    return dict(zip(NAMES, arrays, strict=True))


def _summed(arrays: dict[str, Any]) -> dict[str, Any]:
    """Add the second bias to the first where only the sum counts, for r and z."""
    H = len(arrays["bias_ih"]) // 3
    first, second = np.array(arrays["bias_ih"], dtype=float), np.array(arrays["bias_hh"], dtype=float)
    first[: 2 * H] += second[: 2 * H]
    second[: 2 * H] = 0
    return {**arrays, "bias_ih": first, "bias_hh": second}


def _through_the_package(kernel: Any, recurrent: Any, bias: Any) -> dict[str, Any]:
    D, H = len(kernel), len(recurrent)
    layer = GRU(D, H)
    exchange.from_keras(layer, {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias})
    return {name.removesuffix("_l0"): value for name, value in exchange.to_torch(layer).items()}


def check_port(work: Subject) -> None:
    """Random arrays, biases included, through the submission and through the package."""
    rng = np.random.default_rng()
    D, H = 3, 4
    kernel, recurrent, bias = (rng.normal(size=shape) for shape in ((D, 3 * H), (H, 3 * H), (2, 3 * H)))
    of = "keras_to_torch(kernel, recurrent_kernel, bias)"
    came = work("keras_to_torch", kernel, recurrent, bias)
    difference = compare(came, _ported(kernel, recurrent, bias))
    if difference is not None and difference.where == "shape":
        got_kernel = np.shape(came.get("weight_ih", 0)) if isinstance(came, dict) else ()
        if got_kernel == kernel.shape:
            raise Wrong("not-transposed", difference, of=of)
        raise Wrong("returns-none" if came is None else "shape", difference, of=of)
    truth = _through_the_package(kernel, recurrent, bias)
    if compare(_summed(came), truth) is None:
        return
    right = _ported(kernel, recurrent, bias)
    zero = np.zeros_like(bias[0])
    others = {
        "order": _ported(kernel, recurrent, bias, "zrh"),
        "lstm-like": _ported(kernel, recurrent, bias, "hrz"),
        "biases-as-they-were": {**right, "bias_ih": bias[0], "bias_hh": bias[1]},
        "rows-exchanged": _ported(kernel, recurrent, bias[::-1]),
        "merged": _ported(kernel, recurrent, (bias[0] + bias[1], zero)),
        "dropped": _ported(kernel, recurrent, (bias[0], zero)),
        "blocks-not-transposed": {**right, "weight_hh": _stacked(recurrent)},
        "input-order": {**right, "weight_ih": kernel.T},
        "recurrent-order": {**right, "weight_hh": recurrent.T},
        "rows-reshaped": {**right, "weight_ih": kernel.reshape(3 * H, D), "weight_hh": recurrent.reshape(3 * H, H)},
        "reshaped-after": _reshaped(kernel, recurrent, bias),
    }
    expect(of, _summed(came), truth, {key: _summed(value) for key, value in others.items()})


def _stacked(recurrent: Any) -> Any:
    """Stack the blocks without turning each of them: square blocks fit either way."""
    return np.concatenate(np.split(_blocks(recurrent), 3, axis=-1), axis=0)


def _reshaped(kernel: Any, recurrent: Any, bias: Any) -> dict[str, Any]:
    """Reshape where a transpose is needed, after the blocks have been ordered."""
    right = _ported(kernel, recurrent, bias)
    return {
        **right,
        **{
            name: _blocks(a).reshape(right[name].shape) for name, a in (("weight_ih", kernel), ("weight_hh", recurrent))
        },
    }


# ── what the default costs ──────────────────────────────────────────────────────────────────────────────────────────


def torch_start(input_size, hidden_size, seed):
    """Return an LSTM's arrays as PyTorch draws them: everything evenly between -1/sqrt(H) and 1/sqrt(H)."""
    rng, k, rows = np.random.default_rng(seed), 1 / np.sqrt(hidden_size), 4 * hidden_size
    return {
        "weight_ih_l0": rng.uniform(-k, k, size=(rows, input_size)),
        "weight_hh_l0": rng.uniform(-k, k, size=(rows, hidden_size)),
        "bias_ih_l0": rng.uniform(-k, k, size=rows),
        "bias_hh_l0": rng.uniform(-k, k, size=rows),
    }


def keras_start(input_size, hidden_size, seed):
    """Return an LSTM's arrays as Keras draws them: Glorot, orthogonal, biases of zero but for the forget gate."""
    rng, columns = np.random.default_rng(seed), 4 * hidden_size
    limit = np.sqrt(6 / (input_size + columns))
    q, r = np.linalg.qr(rng.normal(size=(columns, hidden_size)))
    bias = np.zeros(columns)
    bias[hidden_size : 2 * hidden_size] = 1
    return {
        "kernel": rng.uniform(-limit, limit, size=(input_size, columns)),
        "recurrent_kernel": (q * np.sign(np.diag(r))).T,
        "bias": bias,
    }


def train(layer, length, updates, learning_rate, seed):
    """Train a layer and a read-out on temporal order; return the share of right answers before each update."""
    rng = np.random.default_rng(seed)
    read_out, optimizer = Linear(layer.hidden_size, 4, rng=rng), Adam(learning_rate)
    right = []
    for _ in range(updates):
        task = tasks.temporal_order(length, 20, rng=rng)
        outputs, _ = layer.forward(task.inputs)
        scores, _ = read_out.forward(outputs[-1:])
        right.append(np.mean(scores[0].argmax(axis=-1) == task.answers))

        _, d_scores = softmax_cross_entropy(scores[0], task.answers)
        d_outputs = np.zeros_like(outputs)
        d_outputs[-1:], _ = read_out.backward(d_scores[np.newaxis])
        layer.backward(d_outputs)
        params = {**layer.params, **{f"read-out {name}": value for name, value in read_out.params.items()}}
        grads = {**layer.grads, **{f"read-out {name}": value for name, value in read_out.grads.items()}}
        optimizer.update(params, clip_by_norm(grads, 1.0)[0])
    return np.array(right)


def updates_needed(right, window):
    """Return after how many updates the mean over the last `window` shares is first at least 0.99, or None."""
    for n in range(window, len(right) + 1):
        if np.mean(right[n - window : n]) >= 0.99:
            return n
    return None


def summary(needed):
    """Return the median, None if it is a run that has not solved the task, and how many have solved it."""
    solved = [n for n in needed if n is not None]
    ordered = sorted(solved) + [None] * (len(needed) - len(solved))
    return ordered[len(needed) // 2], len(solved)


def more_left():
    """Return whose start leaves more of a gradient after 20 steps."""
    return "keras"


FAR = 1.2  # a factor that the spread of a few hundred numbers does not reach by chance
STARTS: tuple[tuple[str, Any, Any], ...] = (
    ("torch", torch_start, exchange.from_torch),
    ("keras", keras_start, exchange.from_keras),
)
LENGTH, UPDATES, RATE, LEARNED = 10, 110, 0.02, 0.6


@functools.cache
def _more_left() -> str:
    """Measure it with 21 networks of 32 units by each rule."""
    left: dict[str, list[float]] = {"torch": [], "keras": []}
    for seed in range(21):
        rng = np.random.default_rng(seed)
        inputs, e = rng.normal(size=(20, 1, 4)), rng.normal(size=(1, 32))
        for name, start, put in STARTS:
            layer = LSTM(4, 32)
            put(layer, start(4, 32, seed))
            outputs, _ = layer.forward(inputs)
            d_outputs = np.zeros_like(outputs)
            d_outputs[-1] = e
            _, d_state = layer.backward(d_outputs)
            left[name].append(float(np.linalg.norm(np.concatenate(d_state)) / np.linalg.norm(e)))
    return max(left, key=lambda name: np.median(left[name]))


def check_default(work: Subject) -> None:
    """Look at both starts, the count of updates, the summary, the conclusion, and a short training."""
    rng = np.random.default_rng()
    D, H, seed = 20, 64, int(rng.integers(1000))
    _check_torch_start(work, D, H, seed)
    _check_keras_start(work, D, H, seed)
    _check_counting(work, rng)
    truth = _more_left()
    expect("more_left()", work("more_left"), truth, {"other-start": "torch" if truth == "keras" else "keras"})

    net: Kept = work.call("rnn.LSTM", 6, 16).value
    layer = LSTM(6, 16)
    _, start, put = STARTS[1]
    put(layer, start(6, 16, seed))
    before = {f"cell.params.{name}": value for name, value in layer.params.items()}
    work.write(net, before)
    of = f"train(layer, {LENGTH}, {UPDATES}, {RATE}, {seed})"
    right = work("train", net, LENGTH, UPDATES, RATE, seed)
    difference = compare(right, np.zeros(UPDATES))
    if difference is not None and difference.where == "shape":
        raise Wrong("returns-none" if right is None else "shape", difference, of=of)
    right = np.asarray(right)
    if right.dtype.kind not in "iuf" or (right < 0).any() or (right > 1).any():
        raise Wrong("not-shares", of=of)
    if np.abs(20 * right - np.round(20 * right)).max() > 1e-6:
        raise Wrong("not-shares", of=of)
    after = work.leaves(net)
    if all(compare(after[path], value) is None for path, value in before.items()):
        raise Wrong("layer-frozen", of=of)
    if right[-40:].mean() < LEARNED:
        raise Wrong("does-not-learn", of=of, first=f"{right[:40].mean():.2f}", last=f"{right[-40:].mean():.2f}")


def _arrays(work: Subject, of: str, like: dict[str, Any], sizes: tuple[int, int], seed: int) -> dict[str, Any]:
    """Ask for a start; see that it has the right arrays, and that the seed decides on them."""
    D, H = sizes
    came, again, other = (work(of, D, H, number) for number in (seed, seed, seed + 1))
    difference = compare(came, like)
    if difference is not None and difference.where == "shape":
        raise Wrong("returns-none" if came is None else "shape", difference, of=f"{of}({D}, {H}, {seed})")
    if compare(again, came) is not None or compare(other, came) is None:
        raise Wrong("seed", of=of)
    return {name: np.asarray(value, dtype=float) for name, value in came.items()}


def _check_torch_start(work: Subject, D: int, H: int, seed: int) -> None:
    like = {name: np.zeros(value.shape) for name, value in exchange.to_torch(LSTM(D, H)).items()}
    came, k = _arrays(work, "torch_start", like, (D, H), seed), 1 / np.sqrt(H)
    if not came["bias_ih_l0"].any() and not came["bias_hh_l0"].any():
        raise Wrong("no-biases")
    for name, value in came.items():
        of, largest, width = f"torch_start(…)[{name!r}]", np.abs(value).max(), value.std() * np.sqrt(3)
        if not value.any():
            raise Wrong("one-bias", of=of)
        if abs(value.mean()) > k / 4:
            raise Wrong("one-sided", of=of)
        if abs(np.log(largest * np.sqrt(D))) < 0.05:
            raise Wrong("from-the-inputs", of=of)
        if largest > k * (1 + 1e-9):
            raise Wrong("beyond", of=of, largest=f"{largest:.3g}", k=f"{k:.3g}")
        if width < k / FAR:
            raise Wrong("too-narrow", of=of, width=f"{width:.3g}", k=f"{k:.3g}")
    if compare(came["bias_ih_l0"], came["bias_hh_l0"]) is None:
        raise Wrong("same-bias")


def _check_keras_start(work: Subject, D: int, H: int, seed: int) -> None:
    like = {name: np.zeros(value.shape) for name, value in exchange.to_keras(LSTM(D, H)).items()}
    came = _arrays(work, "keras_start", like, (D, H), seed)
    expect(
        "keras_start(…)['bias']",
        came["bias"],
        np.eye(4)[1].repeat(H),
        {
            "no-forget-bias": np.zeros(4 * H),
            "wrong-gate": np.eye(4)[0].repeat(H),
            "wrong-gate-too": np.eye(4)[2].repeat(H),
            "all-ones": np.ones(4 * H),
        },
    )
    K, blocks = came["recurrent_kernel"], np.split(came["recurrent_kernel"], 4, axis=1)
    if np.abs(K @ K.T - np.eye(H)).max() > 1e-6:
        if all(np.abs(block @ block.T - np.eye(H)).max() < 1e-6 for block in blocks):
            raise Wrong("each-orthogonal")
        raise Wrong("not-orthogonal")
    of, largest, limit = "keras_start(…)['kernel']", np.abs(came["kernel"]).max(), np.sqrt(6 / (D + 4 * H))
    if abs(np.log(largest / np.sqrt(6 / (D + H)))) < 0.05:
        raise Wrong("gate-by-gate", of=of)
    if largest > limit * (1 + 1e-9):
        raise Wrong("beyond", of=of, largest=f"{largest:.3g}", k=f"{limit:.3g}")
    if (width := came["kernel"].std() * np.sqrt(3)) < limit / FAR:
        raise Wrong("too-narrow", of=of, width=f"{width:.3g}", k=f"{limit:.3g}")


def _check_counting(work: Subject, rng: np.random.Generator) -> None:
    """Ask about a run that is good for a moment, then for good; one that ends in time; one that never is."""
    window, start = int(rng.integers(5, 12)), int(rng.integers(20, 30))
    right = np.full(start + 2 * window, 0.5)
    right[start:] = 1.0
    right[3] = 1.0  # luck
    late: dict[str, Any] = {
        "first-luck": 4,
        "first-luck-at": 3,
        "first-luck-in-window": window,
        "window-start": start,
        "one-too-few": start + window - 1,
        "one-too-many": start + window + 1,
    }
    of, cut = "updates_needed(right, window)", right[: start + window]
    expect(of, work("updates_needed", right, window), start + window, late)
    came = work("updates_needed", cut, window)
    expect(f"{of}, solved by the last update", came, start + window, late | {"last-window-missing": None})
    came = work("updates_needed", cut[:-1], window)
    expect(f"{of}, never solved", came, None, late | {"never-is-none": len(cut) - 1})
    a, b, c, d, e = (int(n) for n in np.cumsum(rng.integers(10, 100, size=5)) * [1, 1, 1, 1, 3])
    cases: tuple[tuple[list[Any], tuple[Any, int]], ...] = (
        ([d, a, e, b, c], (c, 5)),
        ([d, None, a, b, None], (d, 3)),
        ([None, a, None, b, None], (None, 2)),
    )
    for needed, truth in cases:
        solved = [n for n in needed if n is not None]
        expect(
            f"summary({needed})",
            work("summary", needed),
            truth,
            {
                "survivors": (float(np.median(solved)), len(solved)),
                "never-as-zero": (float(np.median([n or 0 for n in needed])), len(solved)),
                "mean": (float(np.mean(solved)), len(solved)),
                "unsolved-counted": (truth[0], len(needed) - len(solved)),
                "all-counted": (truth[0], len(needed)),
                "not-sorted": (needed[2], len(solved)),
                "infinite": (float("inf"), len(solved)),
            },
        )


LUCK = Text(
    "A single good batch is not enough: it is the mean over the window that counts.",
    "一批全对还不够：要看窗口内的平均。",
)
RESHAPED = Text("A reshape is no transpose: it reads the numbers row by row.", "改变形状不是转置：它按行逐个读数。")

EXERCISES = (
    Exercise(
        chapter="frameworks",
        number=4,
        title=Text("From Keras to PyTorch without a framework", "不用框架，从 Keras 到 PyTorch"),
        task=Text(
            "Write keras_to_torch(kernel, recurrent_kernel, bias) with NumPy alone. The arguments are the arrays of a Keras"
            " GRU with reset_after=True: kernel (D, 3H), recurrent_kernel (H, 3H), bias (2, 3H). Return a dict with those"
            " of PyTorch's GRU: weight_ih (3H, D), weight_hh (3H, H), bias_ih (3H,), bias_hh (3H,). How the biases of r and"
            " z are split between the two is up to you; only their sum is checked.",
            "只用 NumPy 写 keras_to_torch(kernel, recurrent_kernel, bias)。参数是 Keras 的 GRU（reset_after=True）的数组："
            "kernel (D, 3H)，recurrent_kernel (H, 3H)，bias (2, 3H)。返回一个字典，装 PyTorch 的 GRU 的数组："
            "weight_ih (3H, D)，weight_hh (3H, H)，bias_ih (3H,)，bias_hh (3H,)。r 和 z 的偏置怎样分给两个数组由你决定，"
            "只检查它们的和。",
        ),
        solution=(keras_to_torch,),
        check=check_port,
        names={
            "not-transposed": Text(
                "The matrices stand as in Keras, (inputs, 3H); PyTorch has (3H, inputs).",
                "矩阵还是 Keras 的样子，(输入, 3H)；PyTorch 的是 (3H, 输入)。",
            ),
            "order": Text(
                "The blocks are still in the order of Keras, z, r, h. All shapes fit, and the gates have changed places.",
                "各块还是 Keras 的次序 z、r、h。形状都对，可是两个门换了位置。",
            ),
            "lstm-like": Text(
                "The blocks stand in the order h, r, z, from back to front. Look up the order of PyTorch's GRU.",
                "各块的次序是 h、r、z，前后颠倒了。查一下 PyTorch 的 GRU 的次序。",
            ),
            "biases-as-they-were": Text(
                "The matrices are in the new order, the biases still in the old one.",
                "矩阵换了次序，偏置还是旧的次序。",
            ),
            "rows-exchanged": Text(
                "The two rows of bias are exchanged: the first goes with the input, the second with the state.",
                "bias 的两行弄反了：第一行属于输入，第二行属于状态。",
            ),
            "merged": Text(
                "The two biases have been added for all three. In the candidate r stands between them.",
                "三份的两个偏置都加在一起了。候选值里，r 夹在两者之间。",
            ),
            "dropped": Text("The second row of bias is lost.", "bias 的第二行丢了。"),
            "blocks-not-transposed": Text(
                "The recurrent blocks are stacked, but each is as it was. They are square, so nothing complains.",
                "循环权重的各块叠放了，但每一块没有转置。它们是方的，所以不会报错。",
            ),
            "input-order": Text("Only weight_ih is still in the old order.", "只有 weight_ih 还是旧的次序。"),
            "recurrent-order": Text("Only weight_hh is still in the old order.", "只有 weight_hh 还是旧的次序。"),
            "rows-reshaped": RESHAPED,
            "reshaped-after": RESHAPED,
        },
        planted=(
            ("not-transposed", "np.concatenate([r, z, h], axis=-1).T", "np.concatenate([r, z, h], axis=-1)"),
            ("order", "[r, z, h]", "[z, r, h]"),
            ("lstm-like", "[r, z, h]", "[h, r, z]"),
            (
                "biases-as-they-were",
                'reordered(bias[0]),\n        "bias_hh": reordered(bias[1])',
                'bias[0],\n        "bias_hh": bias[1]',
            ),
            (
                "rows-exchanged",
                'reordered(bias[0]),\n        "bias_hh": reordered(bias[1])',
                'reordered(bias[1]),\n        "bias_hh": reordered(bias[0])',
            ),
            (
                "merged",
                'reordered(bias[0]),\n        "bias_hh": reordered(bias[1])',
                'reordered(bias[0] + bias[1]),\n        "bias_hh": 0 * bias[1]',
            ),
            ("dropped", "reordered(bias[1])", "0 * bias[1]"),
            (
                "blocks-not-transposed",
                "reordered(recurrent_kernel)",
                "np.concatenate([b.T for b in np.split(reordered(recurrent_kernel), 3)])",
            ),
            ("recurrent-order", "reordered(recurrent_kernel)", "recurrent_kernel.T"),
            ("input-order", "reordered(kernel)", "kernel.T"),
            ("reshaped-after", "axis=-1).T", "axis=-1).reshape(array.shape[::-1])"),
        ),
        hints=(
            Text(
                "In which order do the thirds stand in Keras, in which in PyTorch? And which of the two is transposed?",
                "Keras 里三份的次序是什么，PyTorch 里呢？哪一个是转置的？",
            ),
            Text(
                "Cut along the last axis into z, r, h; put r first; transpose the matrices. The rows of bias go the same"
                " way, without a transpose.",
                "沿最后一个轴切成 z、r、h；把 r 放到最前；矩阵转置。bias 的每一行同样处理，只是不用转置。",
            ),
            Text(
                "z, r, h = np.split(a, 3, axis=-1); np.concatenate([r, z, h], axis=-1).T, for kernel, recurrent_kernel,"
                " bias[0] and bias[1]; the transpose of a vector is itself.",
                "z, r, h = np.split(a, 3, axis=-1)；np.concatenate([r, z, h], axis=-1).T，"
                "对 kernel、recurrent_kernel、bias[0]、bias[1] 都这样做；一维数组的转置是它自己。",
            ),
        ),
        package=False,
    ),
    Exercise(
        chapter="frameworks",
        number=5,
        title=Text("What the default costs", "默认值的代价"),
        task=Text(
            "Write torch_start(input_size, hidden_size, seed) and keras_start(input_size, hidden_size, seed): dicts of"
            " arrays for an LSTM, drawn by the rules of the chapter with np.random.default_rng(seed), in the form that"
            " exchange.from_torch and exchange.from_keras take: weight_ih_l0 (4H, D), weight_hh_l0 (4H, H), bias_ih_l0 and"
            " bias_hh_l0 (4H,); kernel (D, 4H), recurrent_kernel (H, 4H), bias (4H,), gates in the order i, f, c, o. Glorot's"
            " rule for kernel is that of the whole array, an even draw between plus and minus sqrt(6 / (D + 4H)).\n"
            "Write train(layer, length, updates, learning_rate, seed). layer is an rnn.LSTM with 6 inputs, which learns"
            " together with an rnn.Linear from its last output to 4 scores. For each update draw a fresh batch of 20"
            " sequences with rnn.tasks.temporal_order(length, 20, rng=rng); cross-entropy, gradients clipped to norm 1,"
            " rnn.Adam. Return an array (updates,): the share of right answers in each batch, before its update. The weights"
            " of layer are to change in place.\n"
            "Write updates_needed(right, window): the smallest number n of updates for which the mean of the last `window` of"
            " the first n shares is at least 0.99, or None. Write summary(needed): for a list of an odd number of such"
            " results a pair, the median, in which a None counts as larger than all numbers (so it may be None itself), and"
            " how many are not None.\n"
            'Then compare five seeds each at length 60. Write more_left(), which returns "torch" or "keras": the start that'
            " leaves more of a gradient after 20 steps, before any training.",
            "写 torch_start(input_size, hidden_size, seed) 和 keras_start(input_size, hidden_size, seed)：按本章的规则，用"
            " np.random.default_rng(seed) 抽取 LSTM 的数组，返回 exchange.from_torch 和 exchange.from_keras 所要的字典："
            "weight_ih_l0 (4H, D)，weight_hh_l0 (4H, H)，bias_ih_l0 和 bias_hh_l0 (4H,)；kernel (D, 4H)，"
            "recurrent_kernel (H, 4H)，bias (4H,)，门的次序是 i、f、c、o。kernel 的 Glorot 规则按整个数组计算，"
            "在正负 sqrt(6 / (D + 4H)) 之间均匀抽取。\n"
            "写 train(layer, length, updates, learning_rate, seed)。layer 是有 6 个输入的 rnn.LSTM，"
            "与一个 rnn.Linear 一起学习，后者把它最后的输出变成 4 个分数。每次更新用"
            " rnn.tasks.temporal_order(length, 20, rng=rng) 新抽一批 20 个序列；用交叉熵，梯度裁剪到范数 1，rnn.Adam。"
            "返回数组 (updates,)：每一批在更新之前答对的比例。layer 的权重要就地改变。\n"
            "写 updates_needed(right, window)：最小的更新次数 n，使前 n 个比例中最后 window 个的平均不小于 0.99；没有就返回"
            " None。写 summary(needed)：对奇数个这样的结果组成的列表返回一对值：中位数，其中 None 算作比所有的数都大"
            "（所以它自己也可能是 None）；以及有几个不是 None。\n"
            '然后在长度 60 上各用五个种子比较。写 more_left()，返回 "torch" 或 "keras"：训练之前，往回走 20 步，'
            "哪一种初始权重剩下的梯度更多。",
        ),
        solution=(torch_start, keras_start, train, updates_needed, summary, more_left),
        check=check_default,
        names={
            "seed": Text(
                "The seed does not decide: the same one should give the same arrays in `{of}`, another one others.",
                "种子没有起作用：在 `{of}` 里，同一个种子应给出同样的数组，换一个种子就不同。",
            ),
            "no-biases": Text(
                "PyTorch draws the biases too; they do not begin at zero.", "PyTorch 的偏置也是抽取的，不从零开始。"
            ),
            "one-bias": Text(
                "`{of}` is zero. PyTorch draws both biases of a gate.",
                "`{of}` 是零。PyTorch 把一个门的两个偏置都随机抽取。",
            ),
            "same-bias": Text(
                "Both biases are the same array; they are drawn one by one.", "两个偏置是同一个数组；应当各抽各的。"
            ),
            "one-sided": Text("`{of}` does not have the mean zero.", "`{of}` 的平均不是零。"),
            "from-the-inputs": Text(
                "The range of `{of}` is 1/sqrt(D). PyTorch takes the number of units for all arrays of a recurrent layer.",
                "`{of}` 的范围是 1/sqrt(D)。PyTorch 的循环层，所有数组都按单元个数来定。",
            ),
            "beyond": Text(
                "`{of}` reaches {largest}; even draws by the rule end at {k}.",
                "`{of}` 里有 {largest}；按规则均匀抽取，最大是 {k}。",
            ),
            "too-narrow": Text(
                "The numbers of `{of}` spread as if between ±{width}; the rule says ±{k}.",
                "`{of}` 的数散布得像是在 ±{width} 之间；规则是 ±{k}。",
            ),
            "no-forget-bias": Text(
                "All biases are zero. In Keras the forget gate begins with 1.", "偏置全是零。Keras 的遗忘门从 1 开始。"
            ),
            "wrong-gate": Text(
                "The ones stand in the block of the input gate. The order is i, f, c, o.",
                "1 放在了输入门那一块。次序是 i、f、c、o。",
            ),
            "wrong-gate-too": Text(
                "The ones stand in the block of the candidate. The order is i, f, c, o.",
                "1 放在了候选值那一块。次序是 i、f、c、o。",
            ),
            "all-ones": Text("Only the forget gate's biases are 1.", "只有遗忘门的偏置是 1。"),
            "each-orthogonal": Text(
                "Each block is orthogonal by itself. In Keras the array as a whole has orthonormal rows; a block keeps a"
                " quarter on average.",
                "每一块各自正交了。Keras 里是整个数组的各行标准正交；一块平均只保留四分之一。",
            ),
            "not-orthogonal": Text(
                "The rows of recurrent_kernel are not orthonormal.", "recurrent_kernel 的各行不是标准正交的。"
            ),
            "gate-by-gate": Text(
                "The range of `{of}` is that of one gate alone. Keras looks at the shape of the whole array, D and 4H.",
                "`{of}` 的范围是按一个门算的。Keras 看的是整个数组的形状，D 和 4H。",
            ),
            "first-luck": LUCK,
            "first-luck-at": LUCK,
            "first-luck-in-window": LUCK,
            "window-start": Text(
                "This is where the good window begins. It is known at its end only.",
                "这是好窗口的开头。到窗口结束才能知道。",
            ),
            "one-too-few": Text(
                "This is the index of the last batch in the window; count updates from 1.",
                "这是窗口里最后一批的下标；更新次数从 1 数起。",
            ),
            "one-too-many": Text("This is one update too many.", "多算了一次更新。"),
            "last-window-missing": Text(
                "A window that ends with the last update counts as well.", "恰好在最后一次更新结束的窗口也算。"
            ),
            "never-is-none": Text(
                "This run has not solved the task. That is a result of its own: None.",
                "这一次没有学会。这本身就是一个结果：None。",
            ),
            "survivors": Text(
                "The median of those that have solved it leaves out the bad ones: the more fail, the better it looks.",
                "只对学会的取中位数，就漏掉了坏的：失败得越多，看上去越好。",
            ),
            "never-as-zero": Text(
                "A run that has not solved the task counts as the fastest of all here.", "没学会的在这里反倒算作最快。"
            ),
            "mean": Text("This is the mean; the median was asked for.", "这是平均；要的是中位数。"),
            "unsolved-counted": Text("These are those that have not solved it.", "这是没学会的个数。"),
            "all-counted": Text(
                "These are all runs; count those that are not None.", "这是全部的个数；要数不是 None 的。"
            ),
            "not-sorted": Text(
                "This is the one in the middle of the list as it came; sort first.",
                "这是未排序的列表中间的那个；要先排序。",
            ),
            "infinite": Text(
                "Where the median is a run that has not solved the task, it should be None.",
                "中位数落在没学会的一次上时，应当是 None。",
            ),
            "other-start": Text(
                "Measure it: with a forget gate near one half, twenty steps leave a millionth on the direct path.",
                "量一量：遗忘门在一半左右，走二十步，直接的路上只剩百万分之一。",
            ),
            "not-shares": Text(
                "`{of}` should hold shares of 20 right answers, 0, 0.05, … 1.",
                "`{of}` 里应当是 20 个答案中答对的比例，0、0.05、… 1。",
            ),
            "layer-frozen": Text(
                "The weights of the layer have not changed: its gradients do not reach the optimiser.",
                "layer 的权重没有变：它的梯度没有传到优化方法那里。",
            ),
            "does-not-learn": Text(
                "At first {first} of the answers are right, at the end {last}; a right program has nearly all of them by"
                " then. Look at the step the gradient goes to, and at its sign.",
                "起初答对 {first}，最后答对 {last}；正确的程序这时几乎全对。看看梯度放在了哪一步，符号对不对。",
            ),
        },
        planted=(
            ("one-bias", '"bias_hh_l0": rng.uniform(-k, k, size=rows)', '"bias_hh_l0": np.zeros(rows)'),
            ("beyond", '"weight_hh_l0": rng.uniform(-k, k, size=', '"weight_hh_l0": rng.normal(0, k, size='),
            ("one-sided", '"weight_ih_l0": rng.uniform(-k, k', '"weight_ih_l0": rng.uniform(0, k'),
            ("from-the-inputs", "1 / np.sqrt(hidden_size)", "1 / np.sqrt(input_size)"),
            ("seed", "np.random.default_rng(seed), 1 /", "np.random.default_rng(), 1 /"),
            ("no-forget-bias", "bias[hidden_size : 2 * hidden_size] = 1", "pass"),
            ("wrong-gate", "bias[hidden_size : 2 * hidden_size] = 1", "bias[:hidden_size] = 1"),
            ("gate-by-gate", "6 / (input_size + columns)", "6 / (input_size + hidden_size)"),
            (
                "each-orthogonal",
                "(q * np.sign(np.diag(r))).T",
                "np.concatenate([np.linalg.qr(rng.normal(size=(hidden_size, hidden_size)))[0] for _ in range(4)], axis=1)",
            ),
            ("not-orthogonal", "(q * np.sign(np.diag(r))).T", "2 * q.T"),
            ("last-window-missing", "range(window, len(right) + 1)", "range(window, len(right))"),
            ("first-luck-in-window", "np.mean(right[n - window : n]) >= 0.99", "np.max(right[n - window : n]) >= 0.99"),
            ("window-start", "            return n\n", "            return n - window\n"),
            ("survivors", "return ordered[len(needed) // 2], len(solved)", "return np.median(solved), len(solved)"),
            (
                "unsolved-counted",
                "return ordered[len(needed) // 2], len(solved)",
                "return ordered[len(needed) // 2], len(needed) - len(solved)",
            ),
            (
                "not-sorted",
                "return ordered[len(needed) // 2], len(solved)",
                "return needed[len(needed) // 2], len(solved)",
            ),
            ("other-start", 'return "keras"', 'return "torch"'),
            ("does-not-learn", "d_outputs[-1:], _ = read_out", "d_outputs[:1], _ = read_out"),
            (
                "does-not-learn",
                "clip_by_norm(grads, 1.0)[0])",
                "{n: -g for n, g in clip_by_norm(grads, 1.0)[0].items()})",
            ),
            (
                "layer-frozen",
                "params = {**layer.params, ",
                "params = {**{n: v.copy() for n, v in layer.params.items()}, ",
            ),
            ("not-shares", "np.mean(scores[0]", "np.sum(scores[0]"),
        ),
        hints=(
            Text(
                "PyTorch has one rule for everything, Keras three: one for each array.",
                "PyTorch 只有一条规则，管所有数组；Keras 有三条，一个数组一条。",
            ),
            Text(
                "Orthonormal rows of (H, 4H): the transposed Q of a QR decomposition of a random (4H, H). The gradient of the"
                " read-out belongs at the last step of d_outputs, all others are zero.",
                "(H, 4H) 的标准正交行：对随机的 (4H, H) 作 QR 分解，取 Q 的转置。读出层的梯度放在 d_outputs 的最后一步，"
                "其余是零。",
            ),
            Text(
                "In train: forward, read_out.forward(outputs[-1:]), softmax_cross_entropy(scores[0], answers),"
                " read_out.backward, layer.backward, clip_by_norm over the gradients of both, one optimizer.update. For the"
                " median sort the numbers and put the None at the end.",
                "train 里：forward，read_out.forward(outputs[-1:])，softmax_cross_entropy(scores[0], answers)，"
                "read_out.backward，layer.backward，对两者的梯度一起 clip_by_norm，再 optimizer.update。"
                "求中位数时把数排序，None 放到最后。",
            ),
        ),
        imports=(
            "import numpy as np\n\nfrom rnn import Adam, Linear, tasks\n"
            "from rnn.losses import softmax_cross_entropy\nfrom rnn.optim import clip_by_norm"
        ),
    ),
)
