"""Exercises of the chapter *depth*."""

from typing import Any

import numpy as np

from rnn import RNN, Adam, Bidirectional, Linear, Stacked
from rnn.losses import softmax_cross_entropy
from rnn.validate import Array
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, expect

# ── 4: the test for the leak ────────────────────────────────────────────────────────────────────────────────────────


def leak_test(model, inputs, targets):
    """Return the mean loss as in training, and with the future removed."""
    scores, _ = model.forward(inputs)
    whole, _ = softmax_cross_entropy(scores, targets)
    cut = [model.forward(inputs[: t + 1])[0][-1] for t in range(len(inputs))]
    removed, _ = softmax_cross_entropy(np.stack(cut), targets)
    return whole, removed


def conclusion():
    """Return for which of the two stacks the numbers differ: "RNN", "Bidirectional", "both" or "neither"."""
    return "Bidirectional"


MODELS = '''
from rnn import RNN, Bidirectional, Embedding, Linear, Stacked


def make_stack(kind, seed):
    """Make an untrained model of 5 symbols, its biases not zero."""
    rng = np.random.default_rng(seed)
    layer = RNN(3, 4, rng=rng) if kind == "RNN" else Bidirectional(RNN(3, 2, rng=rng), RNN(3, 2, rng=rng))
    return filled(Stacked([Embedding(5, 3, rng=rng), layer, Linear(4, 5, rng=rng)]), rng)


def make_pair(seed):
    """Make a bidirectional layer of one unit each way, its biases not zero."""
    rng = np.random.default_rng(seed)
    return filled(Bidirectional(RNN(1, 1, rng=rng), RNN(1, 1, rng=rng)), rng)


def filled(layer, rng):
    """Fill all parameters with numbers neither small nor zero."""
    for value in layer.params.values():
        value[...] = rng.choice([-1, 1], size=value.shape) * rng.uniform(0.5, 1.5, size=value.shape)
    return layer
'''


def _ours(name: str, *args: Any) -> Any:
    """Make here what is made beside the submission."""
    space: dict[str, Any] = {"np": np}
    exec(MODELS, space)
    return space[name](*args)


def check_leak(work: Subject) -> None:
    """Run a stack of each kind, each prefix on its own; then the conclusion from these numbers."""
    rng = np.random.default_rng()
    work.define(MODELS)
    differs = {}
    for kind in ("Bidirectional", "RNN"):
        seed, text = int(rng.integers(1 << 30)), rng.integers(0, 5, size=(7, 3))
        inputs, targets = text[:-1], text[1:]
        model = _ours("make_stack", kind, seed)
        whole, cut = model.forward(inputs)[0], _without_future(model, inputs)
        truth = _loss(whole, targets), _loss(cut, targets)
        differs[kind] = not np.isclose(*truth, rtol=1e-9)
        expect(
            f"leak_test(model with {kind}, inputs, targets)",
            work("leak_test", work.call("make_stack", kind, seed).value, inputs, targets),
            truth,
            _leak_slips(model, inputs, targets, whole, cut),
        )
    measured = {(True, False): "RNN", (False, True): "Bidirectional", (True, True): "both"}
    answer = measured.get((differs["RNN"], differs["Bidirectional"]), "neither")
    got = work("conclusion")
    if got in ("RNN", "Bidirectional", "both", "neither") and got != answer:
        raise Wrong("wrong-conclusion", got=got)
    expect("conclusion()", got, answer)


def _without_future(model: Any, inputs: Array) -> Array:
    """Return the scores of each step, the sequence being cut off behind it by its length."""
    T, B = inputs.shape
    return np.stack([model.forward(inputs, lengths=[t + 1] * B)[0][t] for t in range(T)])


def _loss(scores: Array, targets: Array) -> float:
    p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    return float(-np.log(np.take_along_axis(p, targets[..., np.newaxis], axis=-1)).mean())


def _leak_slips(model: Any, inputs: Array, targets: Array, whole: Array, cut: Array) -> dict[str, Any]:
    """Return what known mistakes lead to."""
    T = len(inputs)
    right, removed = _loss(whole, targets), _loss(cut, targets)
    runs = [model.forward(inputs[: t + 1])[0] for t in range(T)]

    def carried() -> float:
        state, scores = None, []
        for t in range(T):
            outputs, state = model.forward(inputs[: t + 1], state)
            scores.append(outputs[-1])
        return _loss(np.stack(scores), targets)

    def blanked() -> Array:
        known = [np.where(np.arange(T)[:, np.newaxis] <= t, inputs, 0) for t in range(T)]
        return np.stack([model.forward(x)[0][t] for t, x in enumerate(known)])

    return {
        "swapped": (removed, right),
        "future-left": (right, right),
        "first-output": (right, _loss(np.stack([run[0] for run in runs]), targets)),
        "past-removed": (right, _loss(np.stack([model.forward(x[np.newaxis])[0][0] for x in inputs]), targets)),
        "one-short": (right, _loss(np.stack([runs[max(t - 1, 0)][-1] for t in range(T)]), targets)),
        "every-step": (right, float(np.mean([_loss(run, targets[: len(run)]) for run in runs]))),
        "last-step": (right, _loss(cut[-1:], targets[-1:])),
        "sum": (right * T, removed * T),
        "sum-of-all": (right * targets.size, removed * targets.size),
        "sum-of-steps": (right, removed * T),
        "inputs-wanted": (_loss(whole, inputs), _loss(cut, inputs)),
        "state-carried": lambda: (right, carried()),
        "future-blanked": lambda: (right, _loss(blanked(), targets)),
    }


# ── 5: without lengths ──────────────────────────────────────────────────────────────────────────────────────────────


def still_number(W_xh, W_hh, b_h, h_0):
    """Return the input that leaves the state of one unit at h_0."""
    return (np.arctanh(h_0) - W_hh * h_0 - b_h) / W_xh


def hide(both, inputs, lengths):
    """Return the inputs with padding that leaves the backward state at zero."""
    W_xh, W_hh, b_h = (both.params[f"backward.{name}"].item() for name in ("W_xh", "W_hh", "b_h"))
    padding = np.arange(len(inputs))[:, np.newaxis] >= lengths
    return np.where(padding[..., np.newaxis], still_number(W_xh, W_hh, b_h, 0.0), inputs)


def difference(both, inputs, lengths):
    """Return by how much, at most, the outputs at the true steps change if the lengths are left out."""
    right, _ = both.forward(inputs, lengths=lengths)
    wrong, _ = both.forward(inputs)
    inside = np.arange(len(inputs))[:, np.newaxis] < lengths
    return np.max(np.abs(wrong - right)[inside])


def check_lengths(work: Subject) -> None:
    """One unit with states zero and other than zero; sequences with no padding, some, and all but one step."""
    rng = np.random.default_rng()
    work.define(MODELS)
    for h in (0.0, float(rng.uniform(0.3, 0.8)), float(-rng.uniform(0.3, 0.8))):
        W, R, b = (float(rng.choice([-1, 1]) * rng.uniform(0.4, 1.6)) for _ in range(3))
        of = f"still_number({W:.3f}, {R:.3f}, {b:.3f}, {h:.3f})"
        got = work("still_number", W, R, b, h)
        expect(of, got, _root(W, R, b, h), _still_slips(W, R, b, h), rtol=1e-7)
    seed, lengths = int(rng.integers(1 << 30)), np.array([6, 2, 4, 1])
    both, theirs = _ours("make_pair", seed), work.call("make_pair", seed).value
    inputs = rng.normal(size=(6, 4, 1))
    padding = (np.arange(6)[:, np.newaxis] >= lengths)[..., np.newaxis]
    hidden, slips = _hidden(both, inputs, padding, lengths)
    expect("hide(both, inputs, lengths)", work("hide", theirs, inputs, lengths), hidden, slips)
    for sign in (1, -1):
        _check_difference(work, rng, lengths, sign)
    expect("difference(both, hide(…), lengths)", work("difference", theirs, hidden, lengths), 0.0)


def _check_difference(work: Subject, rng: np.random.Generator, lengths: Array, sign: int) -> None:
    """Look at a network whose largest difference is above zero, or below: a forgotten absolute value shows in one."""
    inside = np.arange(6)[:, np.newaxis] < lengths
    while True:
        seed, padded = int(rng.integers(1 << 30)), np.where(inside[..., np.newaxis], rng.normal(size=(6, 4, 1)), 0.0)
        both = _ours("make_pair", seed)
        change = both.forward(padded)[0] - both.forward(padded, lengths=lengths)[0]
        if (sign * change[inside]).max() > 1.1 * (-sign * change[inside]).max() > 0.05:
            break
    expect(
        "difference(both, padded with zeros, lengths)",
        work("difference", work.call("make_pair", seed).value, padded, lengths),
        np.abs(change[inside]).max(),
        {
            "padding-compared": np.abs(change).max(),
            "only-padding": np.abs(change[~inside]).max(),
            "sign-kept": change[inside].max() if sign < 0 else -change[inside].min(),
            "mean-difference": np.abs(change[inside]).mean(),
            "square": (change[inside] ** 2).max(),
            "forward-half": np.abs(change[inside][:, 0]).max(),
        },
    )


def _root(W: float, R: float, b: float, h: float) -> float:
    """Find p with tanh(W p + R h + b) = h by halving an interval."""
    low, high = (-100.0, 100.0) if W > 0 else (100.0, -100.0)
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if np.tanh(W * middle + R * h + b) < h else (low, middle)
    return (low + high) / 2


def _still_slips(W: float, R: float, b: float, h: float) -> dict[str, float]:
    a = float(np.arctanh(h))
    return {
        "sign": (a - R * h + b) / W,
        "zero-state": -b / W,
        "no-inverse": (h - R * h - b) / W,
        "tanh-for-inverse": (np.tanh(h) - R * h - b) / W,
        "slope-for-inverse": (1 - h**2 - R * h - b) / W,
        "recurrence-missing": (a - b) / W,
        "recurrence-added": (a + R * h - b) / W,
        "bias-missing": (a - R * h) / W,
        "multiplied": (a - R * h - b) * W,
        "to-zero": (-R * h - b) / W,
        "not-divided": a - R * h - b,
    }


def _hidden(both: Any, inputs: Array, padding: Array, lengths: Array) -> tuple[Array, dict[str, Array]]:
    """Return the inputs as they should be, and as mistakes make them."""
    chains = {way: [both.params[f"{way}.{name}"].item() for name in ("W_xh", "b_h")] for way in ("forward", "backward")}
    p, other = (-b / W for W, b in (chains["backward"], chains["forward"]))
    steps = np.arange(len(inputs))[:, np.newaxis, np.newaxis]
    ends = lengths[:, np.newaxis]
    return np.where(padding, p, inputs), {
        "other-chain": np.where(padding, other, inputs),
        "true-steps": np.where(padding, inputs, p),
        "one-early": np.where(steps >= ends - 1, p, inputs),
        "one-late": np.where(steps > ends, p, inputs),
        "still-zeros": np.where(padding, 0.0, inputs),
        "sign": np.where(padding, -p, inputs),
        "as-it-was": inputs,
        "at-the-start": np.where(steps < len(inputs) - ends, p, inputs),
    }


# ── 6: how much future is needed ────────────────────────────────────────────────────────────────────────────────────


def nine_mean(inputs):
    """Return the mean of nine neighbours, for all steps that have them."""
    return np.mean([inputs[k : len(inputs) - 8 + k] for k in range(9)], axis=0)


def least(n):
    """Return the share of the variance that a network with a look-ahead of n must miss."""
    return max(4 - n, 0) / 9


def missed(outputs, inputs, n):
    """Return the share of the variance that the outputs of a network with a look-ahead of n miss."""
    goal = nine_mean(inputs)
    said = outputs[4 + n : len(inputs) - 4 + n]
    return np.mean((said - goal) ** 2) / np.var(goal)


def train(n, both, seed, updates):
    """Train a network; return its outputs for new inputs, and these."""
    rng = np.random.default_rng(seed)
    layers = [RNN(1, 8 if both else 16, rng=rng) for _ in range(1 + both)]
    net = Stacked([Bidirectional(*layers) if both else layers[0], Linear(16, 1, rng=rng)])
    optimizer = Adam(0.02)
    for _ in range(updates):
        inputs = rng.normal(size=(28, 16, 1))
        goal = nine_mean(inputs)
        outputs, _ = net.forward(inputs)
        d_outputs = np.zeros_like(outputs)
        d_outputs[4 + n : 24 + n] = 2 * (outputs[4 + n : 24 + n] - goal) / goal.size
        net.backward(d_outputs)
        optimizer.update(net.params, net.grads)
    inputs = rng.normal(size=(28, 200, 1))
    return net.forward(inputs)[0], inputs


def judge(n, share):
    """Return what a measured share says: "leak", "training" or "reached"."""
    if share < least(n) - 0.05:
        return "leak"
    return "training" if share > least(n) + 0.05 else "reached"


UPDATES = 80
ROOM = 0.1  # what chance may take off the least share of 200 sequences: more than four standard deviations
LEARNED = 0.25  # what may be left above the least share after so few updates; in 450 of ours at most 0.15
NEAR = 0.2  # how far from 4/9 a network may be that sees no future


def check_future(work: Subject) -> None:
    """Ask for the goal, the least share, a measurement of known outputs, three short trainings, the verdict."""
    rng = np.random.default_rng()
    x = rng.normal(size=(15, 3, 1))
    expect("nine_mean(inputs)", work("nine_mean", x), _goal(x), _goal_slips(x))
    for n in range(6):
        expect(
            f"least({n})",
            work("least", n),
            max(4 - n, 0) / 9,
            {
                "five-neighbours": max(2 - n, 0) / 5,
                "below-zero": (4 - n) / 9,
                "of-eight": max(4 - n, 0) / 8,
                "of-four": max(4 - n, 0) / 4,
                "seen-share": 1 - max(4 - n, 0) / 9,
                "root": np.sqrt(max(4 - n, 0) / 9),
                "now-unseen": max(5 - n, 0) / 9,
            },
        )
    for n in (3, 0, 4):
        _check_missed(work, rng, n)
    for n, both in ((4, False), (0, False), (0, True)):
        _check_training(work, n, both, int(rng.integers(1 << 30)))
    _check_verdicts(work)


def _goal(x: Array) -> Array:
    return np.stack([x[t - 4 : t + 5].mean(axis=0) for t in range(4, len(x) - 4)])


def _goal_slips(x: Array) -> dict[str, Array]:
    five = np.stack([x[t - 2 : t + 3].mean(axis=0) for t in range(2, len(x) - 2)])
    return {
        "five-neighbours": five,
        "eight-neighbours": np.stack([x[t - 4 : t + 4].mean(axis=0) for t in range(4, len(x) - 4)]),
        "sum": 9 * _goal(x),
        "whole-batch": np.broadcast_to(_goal(x).mean(axis=1, keepdims=True), _goal(x).shape),
    }


def _check_missed(work: Subject, rng: np.random.Generator, n: int) -> None:
    x = rng.normal(size=(30, 5, 1))
    y = 0.6 * rng.normal(size=x.shape) + 0.2
    goal, said = _goal(x), y[4 + n : 26 + n]
    power, error = goal.var(), said - goal
    slips = {
        "error-alone": (error**2).mean(),
        "of-outputs": (error**2).mean() / said.var(),
        "explained": 1 - (error**2).mean() / power,
        "root": np.sqrt((error**2).mean() / power),
        "deviation": (error**2).mean() / goal.std(),
        "mean-taken-out": error.var() / power,
        "of-inputs": (error**2).mean() / x.var(),
    }
    if n:
        slips["not-late"] = ((y[4:26] - goal) ** 2).mean() / power
        slips["turned-late"] = ((y[4 - n : 26 - n] - goal) ** 2).mean() / power
    expect(f"missed(outputs, inputs, {n})", work("missed", y, x, n), (error**2).mean() / power, slips)


def _check_training(work: Subject, n: int, both: bool, seed: int) -> None:
    of = f"train({n}, {both}, {seed}, {UPDATES})"
    came = work("train", n, both, seed, UPDATES)
    blank = np.zeros((28, 200, 1))
    if came is None:
        raise Wrong("returns-none", of=of)
    if not (isinstance(came, list | tuple) and len(came) == 2 and all(np.shape(a) == blank.shape for a in came)):
        expect(of, came, (blank, blank))
    y, x = (np.asarray(a, dtype=float) for a in came)
    if not (np.isfinite(y).all() and np.isfinite(x).all()):
        raise Wrong("not-finite", of=of)
    if abs((x[1:] * x[:-1]).mean()) > 0.1 or abs(x.var() - 1) > 0.15:
        raise Wrong("not-independent", of=of)
    goal = _goal(x)
    shares = [float(((y[4 + m : 24 + m] - goal) ** 2).mean() / goal.var()) for m in range(n + 1)]
    must = 0.0 if both else (4 - n) / 9
    values: dict[str, Any] = {"of": of, "share": f"{shares[n]:.2f}", "least": f"{must:.2f}"}
    if shares[n] < must - ROOM:
        raise Wrong("leak", **values)
    if shares[n] > must + LEARNED:
        blind = abs(shares[0] - 4 / 9) < NEAR  # read at once, it is as good as without a future
        raise Wrong("not-learned" if not blind else "one-direction" if both else "trained-early", **values)


def _check_verdicts(work: Subject) -> None:
    names = ("leak", "training", "reached")
    for n in range(5):
        must = (4 - n) / 9
        for above, truth in ((-0.2, "leak"), (-0.02, "reached"), (0.02, "reached"), (0.2, "training")):
            share = must + above
            if share < 0:
                continue
            of, got = f"judge({n}, {share:.3f})", work("judge", n, share)
            if got in names and got != truth:
                raise Wrong("verdict-turned" if {got, truth} == {"leak", "training"} else "verdict", of=of, got=got)
            expect(of, got, truth)


EXERCISES = (
    Exercise(
        chapter="depth",
        number=4,
        title=Text("The test for the leak", "泄漏的检验"),
        task=Text(
            "Write leak_test(model, inputs, targets). model is a layer of the package that takes symbols (T, B) to scores"
            " (T, B, V), for instance Stacked([Embedding(…), RNN(…), Linear(…)]); inputs and targets are arrays of symbols"
            " (T, B). It returns two mean losses, both over all T × B steps, by softmax_cross_entropy: as in training, from"
            " one run over the whole inputs; and with the future removed, where the scores of step t come from a run, from"
            " the zero state, over the inputs up to and with step t. And write conclusion(), which returns a string: for"
            ' which stack the two numbers differ, "RNN", "Bidirectional", "both" or "neither".',
            "写 leak_test(model, inputs, targets)。model 是程序包的层，把符号 (T, B) 变成得分 (T, B, V)，例如"
            " Stacked([Embedding(…), RNN(…), Linear(…)])；inputs 和 targets 是符号的数组 (T, B)。它返回两个平均损失，"
            "都用 softmax_cross_entropy，都对全部 T × B 步取平均：一个与训练时相同，对整个 inputs 运行一次；另一个去掉未来，"
            "第 t 步的得分来自从零状态开始、只到第 t 步（含）为止的一次运行。再写 conclusion()，返回一个字符串：两个数在哪一叠上不同，"
            '"RNN"、"Bidirectional"、"both"（两叠都不同）或 "neither"（都相同）。',
        ),
        solution=(leak_test, conclusion),
        check=check_leak,
        imports="import numpy as np\n\nfrom rnn.losses import softmax_cross_entropy",
        names={
            "swapped": Text("`{of}`: the two numbers have changed places.", "`{of}`：两个数的次序反了。"),
            "future-left": Text(
                "`{of}`: both numbers are the loss as in training. The second has to come from runs that have not seen the"
                " later inputs, not from a part of the outputs.",
                "`{of}`：两个数都是训练时的损失。第二个要来自没有见过后面输入的运行，而不是从原来的输出里截取。",
            ),
            "first-output": Text(
                "`{of}`: of each prefix the first output is taken. Which step does the prefix end with?",
                "`{of}`：每个前缀取的是第一个输出。前缀以哪一步结尾？",
            ),
            "past-removed": Text(
                "`{of}`: each step is run on its own, so that the past is gone too. Only the future was to go.",
                "`{of}`：每一步单独运行，连过去也没有了。只该去掉未来。",
            ),
            "one-short": Text(
                "`{of}`: each prefix ends one step too early. To answer at step t the model has read the input of step t.",
                "`{of}`：每个前缀都早了一步结束。在第 t 步回答时，模型已经读过第 t 步的输入。",
            ),
            "every-step": Text(
                "`{of}`: the loss of each prefix is a mean over all its steps, and in the earlier ones there is future"
                " again. Which of its steps has none?",
                "`{of}`：每个前缀的损失对它的所有步取了平均，而前面那些步又有了未来。它的哪一步没有未来？",
            ),
            "last-step": Text(
                "`{of}`: the second number is of the last step alone, where nothing has been removed.",
                "`{of}`：第二个数只是最后一步的，那里什么也没有去掉。",
            ),
            "sum": Text("`{of}`: sums over the steps; means were asked for.", "`{of}`：对各步求了和；要的是平均。"),
            "sum-of-all": Text(
                "`{of}`: sums over steps and sequences; means were asked for.",
                "`{of}`：对各步各条序列求了和；要的是平均。",
            ),
            "sum-of-steps": Text(
                "`{of}`: the second number is a sum over the steps, the first a mean. They cannot be compared.",
                "`{of}`：第二个数是对各步求和，第一个是平均，两者没法比较。",
            ),
            "inputs-wanted": Text(
                "`{of}`: the loss is taken against the inputs. What is wanted stands in targets.",
                "`{of}`：损失是对着 inputs 算的。要的答案在 targets 里。",
            ),
            "state-carried": Text(
                "`{of}`: the state of one prefix is handed on to the next, which reads the same inputs once more. Each run"
                " begins with the zero state.",
                "`{of}`：一个前缀的状态传给了下一个，而后者又把同样的输入读了一遍。每次运行都从零状态开始。",
            ),
            "future-blanked": Text(
                "`{of}`: the later inputs are replaced by symbol 0, which the backward chain reads as well. The sequence has"
                " to end at step t.",
                "`{of}`：后面的输入换成了符号 0，反向的链照样会读它。序列必须在第 t 步结束。",
            ),
            "wrong-conclusion": Text(
                "conclusion() is {got!r}. Your own two numbers for each of the stacks say something else; print them.",
                "conclusion() 是 {got!r}。你自己对两叠算出的数说的不是这个；把它们打印出来看。",
            ),
        },
        planted=(
            ("swapped", "return whole, removed", "return removed, whole"),
            ("future-left", "model.forward(inputs[: t + 1])[0][-1]", "scores[t]"),
            ("first-output", "[0][-1]", "[0][0]"),
            ("past-removed", "inputs[: t + 1]", "inputs[t : t + 1]"),
            ("one-short", "inputs[: t + 1]", "inputs[: max(t, 1)]"),
            (
                "every-step",
                "removed, _ = softmax_cross_entropy(np.stack(cut), targets)",
                "removed = np.mean([softmax_cross_entropy(model.forward(inputs[:t])[0], targets[:t])[0]"
                " for t in range(1, len(inputs) + 1)])",
            ),
            (
                "last-step",
                "softmax_cross_entropy(np.stack(cut), targets)",
                "softmax_cross_entropy(cut[-1], targets[-1])",
            ),
            (
                "sum-of-steps",
                "removed, _ = softmax_cross_entropy(np.stack(cut), targets)",
                "removed = sum(softmax_cross_entropy(c, w)[0] for c, w in zip(cut, targets))",
            ),
            ("sum-of-all", "return whole, removed", "return whole * targets.size, removed * targets.size"),
            (
                "state-carried",
                "    cut = [model.forward(inputs[: t + 1])[0][-1] for t in range(len(inputs))]",
                "    cut, state = [], None\n    for t in range(len(inputs)):\n"
                "        outputs, state = model.forward(inputs[: t + 1], state)\n        cut.append(outputs[-1])",
            ),
            (
                "future-blanked",
                "model.forward(inputs[: t + 1])[0][-1]",
                "model.forward(np.where(np.arange(len(inputs))[:, None] <= t, inputs, 0))[0][t]",
            ),
            ("wrong-conclusion", 'return "Bidirectional"', 'return "both"'),
        ),
        hints=(
            Text(
                "What does a model know at step t when it is used, and what did it know there in training?",
                "使用时，模型在第 t 步知道什么？训练时它在那里又知道什么？",
            ),
            Text(
                "Run the model T times, each time over one step more. Each of these runs gives one row of scores.",
                "把模型运行 T 次，每次多一步。每次运行给出一行得分。",
            ),
            Text(
                "The row is model.forward(inputs[: t + 1])[0][-1]. Stack the T rows to (T, B, V), and take the same loss as"
                " of the whole.",
                "那一行是 model.forward(inputs[: t + 1])[0][-1]。把 T 行叠成 (T, B, V)，再用与整体相同的损失。",
            ),
        ),
    ),
    Exercise(
        chapter="depth",
        number=5,
        title=Text("Without lengths", "没有长度"),
        task=Text(
            "Write three functions. still_number(W_xh, W_hh, b_h, h_0) takes four numbers, those of a tanh network with one"
            " input and one unit, -1 < h_0 < 1, and returns the number p: the input that leaves the state h_0 where it is."
            " hide(both, inputs, lengths) takes a Bidirectional(RNN(1, 1), RNN(1, 1)), inputs (T, B, 1) and an array of"
            " lengths (B,); it returns new inputs (T, B, 1), in which all padding, that is step t of sequence b with"
            " t >= lengths[b] counted from 0, is the number that leaves the zero state of the backward chain where it is."
            ' The parameters are both.params["backward.W_xh"] (1, 1), "backward.W_hh" (1, 1), "backward.b_h" (1,).'
            " difference(both, inputs, lengths) runs both.forward with the lengths and without, and returns the largest"
            " absolute difference of the outputs (T, B, 2) at the true steps; what comes out on padding does not count.",
            "写三个函数。still_number(W_xh, W_hh, b_h, h_0) 接受四个数，属于一个输入、一个单元的 tanh 网络，-1 < h_0 < 1，"
            "返回数 p：使状态 h_0 保持不动的输入。hide(both, inputs, lengths) 接受 Bidirectional(RNN(1, 1), RNN(1, 1))、"
            "inputs (T, B, 1) 和长度的数组 lengths (B,)；返回新的输入 (T, B, 1)，其中所有填充（序列 b 的第 t 步，t >= lengths[b]，"
            '从 0 数起）都换成使反向链的零状态保持不动的数。参数是 both.params["backward.W_xh"] (1, 1)、"backward.W_hh" (1, 1)、'
            '"backward.b_h" (1,)。difference(both, inputs, lengths) 分别带长度和不带长度运行 both.forward，返回真实各步上'
            "输出 (T, B, 2) 之差的最大绝对值；填充处的输出不算。",
        ),
        solution=(still_number, hide, difference),
        check=check_lengths,
        names={
            "sign": Text("`{of}`: the bias has the wrong sign.", "`{of}`：偏置的符号反了。"),
            "zero-state": Text(
                "`{of}` is right for a state of zero only. Solve the whole equation for p.",
                "`{of}` 只在状态为零时正确。请从整个方程解出 p。",
            ),
            "no-inverse": Text(
                "`{of}`: the pre-activation is set equal to the state. Between the two stands a tanh.",
                "`{of}`：让预激活等于状态了。两者之间还有 tanh。",
            ),
            "tanh-for-inverse": Text(
                "`{of}`: tanh was applied where it has to be undone.", "`{of}`：该把 tanh 解开的地方又套了一层 tanh。"
            ),
            "slope-for-inverse": Text(
                "`{of}`: 1 - h² is the slope of tanh, not its inverse.", "`{of}`：1 - h² 是 tanh 的导数，不是反函数。"
            ),
            "recurrence-missing": Text(
                "`{of}`: what the old state contributes through W_hh is missing.",
                "`{of}`：漏了旧状态通过 W_hh 的贡献。",
            ),
            "recurrence-added": Text(
                "`{of}`: the term with W_hh has the wrong sign.", "`{of}`：含 W_hh 的项符号反了。"
            ),
            "bias-missing": Text("`{of}`: the bias is missing.", "`{of}`：漏了偏置。"),
            "multiplied": Text(
                "`{of}`: multiplied by W_xh where it has to be divided.", "`{of}`：该除以 W_xh，却乘了它。"
            ),
            "not-divided": Text("`{of}`: this is W_xh p, not p.", "`{of}`：这是 W_xh p，不是 p。"),
            "to-zero": Text(
                "`{of}`: this input takes the state to zero. It is to stay at h_0.",
                "`{of}`：这个输入把状态带到零。它应停在 h_0。",
            ),
            "other-chain": Text(
                "`{of}`: the number is that of the forward chain. Which chain reads the padding first?",
                "`{of}`：这是正向链的数。先读到填充的是哪条链？",
            ),
            "true-steps": Text(
                "`{of}`: the true steps have been replaced and the padding was left.",
                "`{of}`：换掉的是真实的步，填充却留着。",
            ),
            "one-early": Text(
                "`{of}`: the last true step of each sequence has been replaced as well. Count from 0.",
                "`{of}`：每条序列最后一个真实的步也被换掉了。从 0 数起。",
            ),
            "one-late": Text(
                "`{of}`: the first step of padding was left as it was. Count from 0.",
                "`{of}`：填充的第一步没有换。从 0 数起。",
            ),
            "still-zeros": Text(
                "`{of}`: the padding is zero. With a bias that is not zero this moves the state.",
                "`{of}`：填充是零。偏置不为零时，零会移动状态。",
            ),
            "as-it-was": Text("`{of}`: the inputs have come back as they were.", "`{of}`：输入原样返回了。"),
            "at-the-start": Text(
                "`{of}`: the first steps have been replaced. Padding stands at the end.",
                "`{of}`：换掉的是开头的步。填充在末尾。",
            ),
            "padding-compared": Text(
                "`{of}`: the padding is compared too. There the outputs with lengths are zero, whatever the inputs.",
                "`{of}`：连填充处也比较了。带长度时，那里的输出总是零，不管输入是什么。",
            ),
            "only-padding": Text(
                "`{of}`: only the padding is compared. It is the true steps that matter.",
                "`{of}`：只比较了填充处。要紧的是真实的步。",
            ),
            "sign-kept": Text(
                "`{of}`: the largest difference, but not the largest in absolute value.",
                "`{of}`：这是最大的差，不是绝对值最大的差。",
            ),
            "mean-difference": Text("`{of}`: a mean; the largest was asked for.", "`{of}`：这是平均；要的是最大值。"),
            "square": Text(
                "`{of}`: a square; the difference itself was asked for.", "`{of}`：这是平方；要的是差本身。"
            ),
            "forward-half": Text(
                "`{of}`: only the forward half is compared, to which the padding does nothing.",
                "`{of}`：只比较了正向的一半，填充对它没有影响。",
            ),
        },
        planted=(
            ("sign", "- b_h) / W_xh", "+ b_h) / W_xh"),
            ("zero-state", "(np.arctanh(h_0) - W_hh * h_0 - b_h) / W_xh", "-b_h / W_xh"),
            ("no-inverse", "np.arctanh(h_0)", "h_0"),
            ("recurrence-missing", " - W_hh * h_0", ""),
            ("multiplied", " / W_xh", " * W_xh"),
            ("other-chain", 'both.params[f"backward.{name}"]', 'both.params[f"forward.{name}"]'),
            ("one-late", ">= lengths", "> lengths"),
            ("one-early", ">= lengths", ">= lengths - 1"),
            (
                "true-steps",
                "still_number(W_xh, W_hh, b_h, 0.0), inputs)",
                "inputs, still_number(W_xh, W_hh, b_h, 0.0))",
            ),
            ("padding-compared", "np.abs(wrong - right)[inside]", "np.abs(wrong - right)"),
            ("mean-difference", "np.max(np.abs(", "np.mean(np.abs("),
            ("sign-kept", "np.max(np.abs(wrong - right)[inside])", "np.max((wrong - right)[inside])"),
            ("sign-kept", "np.max(np.abs(wrong - right)[inside])", "np.max((right - wrong)[inside])"),
            ("forward-half", "np.abs(wrong - right)[inside]", "np.abs(wrong - right)[inside][:, 0]"),
            (
                "changed-argument",
                "    return np.where(padding[..., np.newaxis], still_number(W_xh, W_hh, b_h, 0.0), inputs)",
                "    inputs[padding] = still_number(W_xh, W_hh, b_h, 0.0)\n    return inputs",
            ),
        ),
        hints=(
            Text(
                "“Leaves the state where it is” is an equation: the step with input p, begun at h_0, ends at h_0.",
                "“保持不动”就是一个方程：从 h_0 出发、输入为 p 的一步，结果还是 h_0。",
            ),
            Text(
                "Undo the tanh first, then it is a linear equation for p. For the zero state the term with W_hh is gone.",
                "先解开 tanh，剩下的就是 p 的一次方程。零状态时，含 W_hh 的项没有了。",
            ),
            Text(
                "p = (artanh(h_0) - W_hh h_0 - b_h) / W_xh. The mask of the padding is"
                " np.arange(T)[:, None] >= lengths, of the shape (T, B); the backward chain's parameters go in.",
                "p = (artanh(h_0) - W_hh h_0 - b_h) / W_xh。填充的掩码是 np.arange(T)[:, None] >= lengths，形状 (T, B)；"
                "用的是反向链的参数。",
            ),
        ),
    ),
    Exercise(
        chapter="depth",
        number=6,
        title=Text("How much future is needed?", "需要多少未来？"),
        task=Text(
            "Write five functions. nine_mean(inputs) takes inputs (T, B, 1) to the means of nine neighbours, four before,"
            " the step itself, four after, (T - 8, B, 1): for the steps that have them all. least(n) returns the least"
            " possible share of the variance that a network with a look-ahead of n steps misses, for any n from 0 on."
            " missed(outputs, inputs, n) takes outputs (T, B, 1) of a network with the look-ahead n <= 4, so that the answer"
            " for step t stands in outputs[t + n]; it returns the mean squared error of these answers, over the T - 8 steps"
            " that have nine neighbours, divided by the variance of the right answers. train(n, both, seed, updates) trains"
            " a network with 16 units in all on inputs rng.normal(size=(28, 16, 1)), new ones for each update, with"
            " Adam(0.02) and the squared error at the 20 steps that count: RNN(1, 16) read off n steps late, or, if both is"
            " True, Bidirectional(RNN(1, 8), RNN(1, 8)) with n = 0, and Linear(16, 1) on top. It returns (outputs, inputs)"
            " of the trained network for new inputs rng.normal(size=(28, 200, 1)); rng is np.random.default_rng(seed)."
            ' judge(n, share) says in a word what a measured share means: "leak" if it is more than 0.05 below the least,'
            ' "training" (training has not got there) if more than 0.05 above, else "reached".',
            "写五个函数。nine_mean(inputs) 把输入 (T, B, 1) 变成九个相邻输入的平均，前四个、这一步、后四个，(T - 8, B, 1)：只对九个都有"
            "的步。least(n) 返回前瞻 n 步的网络漏掉的方差份额的最小可能值，n 是 0 或更大的数。missed(outputs, inputs, n) 接受前瞻"
            " n <= 4 的网络的输出 (T, B, 1)，第 t 步的回答在 outputs[t + n]；返回这些回答在有九个相邻输入的 T - 8 步上的均方误差，"
            "除以正确答案的方差。train(n, both, seed, updates) 训练一个共有 16 个单元的网络，每次更新用新的输入"
            " rng.normal(size=(28, 16, 1))，Adam(0.02)，误差是计入的 20 步上的平方误差：RNN(1, 16) 晚 n 步读出，或者 both 为 True 时，"
            "Bidirectional(RNN(1, 8), RNN(1, 8))，n = 0；上面都是 Linear(16, 1)。它返回训练好的网络对新输入"
            " rng.normal(size=(28, 200, 1)) 的 (outputs, inputs)；rng 是 np.random.default_rng(seed)。judge(n, share) 用一个词"
            '说明测得的份额：比最小值低 0.05 以上是 "leak"，高 0.05 以上是 "training"（训练还没有到），否则是 "reached"。',
        ),
        solution=(nine_mean, least, missed, train, judge),
        check=check_future,
        imports="import numpy as np\n\nfrom rnn import RNN, Adam, Bidirectional, Linear, Stacked",
        names={
            "five-neighbours": Text(
                "`{of}` is for five neighbours. Here there are nine.", "`{of}` 是五个相邻输入的。这里是九个。"
            ),
            "eight-neighbours": Text(
                "`{of}` leaves out one of the nine: the end of a slice does not belong to it.",
                "`{of}` 少了九个中的一个：切片不含末端。",
            ),
            "sum": Text("`{of}` is a sum; the mean was asked for.", "`{of}` 是和；要的是平均。"),
            "whole-batch": Text(
                "`{of}`: the sequences of the batch have been averaged too.", "`{of}`：把批里的各条序列也平均了。"
            ),
            "below-zero": Text(
                "`{of}` is below zero. No more can be missed than all that is unseen.",
                "`{of}` 小于零。没有看不见的，就没有漏掉的。",
            ),
            "of-eight": Text("`{of}`: the step itself is one of the neighbours too.", "`{of}`：这一步本身也算在内。"),
            "of-four": Text(
                "`{of}` is the unseen part of the future. How large a part of all is it?",
                "`{of}` 是未来中看不见的部分。它占全部的多少？",
            ),
            "seen-share": Text(
                "`{of}` is the share that is seen; asked for is the one that is missed.",
                "`{of}` 是看得见的份额；要的是漏掉的。",
            ),
            "root": Text(
                "`{of}` is a share of the standard deviation. Asked for is that of the variance.",
                "`{of}` 是标准差的份额。要的是方差的份额。",
            ),
            "now-unseen": Text(
                "`{of}`: the input of the step itself has been read when the answer is due.",
                "`{of}`：回答时，这一步本身的输入已经读过了。",
            ),
            "error-alone": Text(
                "`{of}` is the mean squared error. Divide it by the variance of the right answers.",
                "`{of}` 是均方误差。还要除以正确答案的方差。",
            ),
            "of-outputs": Text(
                "`{of}`: divided by the variance of what was said. Divide by that of what was wanted.",
                "`{of}`：除以的是回答的方差。应除以正确答案的方差。",
            ),
            "explained": Text(
                "`{of}` is what was got; asked for is what was missed.", "`{of}` 是答对的份额；要的是漏掉的。"
            ),
            "deviation": Text(
                "`{of}`: divided by the standard deviation, not by the variance.", "`{of}`：除以了标准差，而不是方差。"
            ),
            "mean-taken-out": Text(
                "`{of}`: the variance of the error forgives a constant error. Take the mean of its square.",
                "`{of}`：误差的方差会放过恒定的误差。应取误差平方的平均。",
            ),
            "of-inputs": Text(
                "`{of}`: divided by the variance of the inputs. The mean of nine varies less.",
                "`{of}`：除以了输入的方差。九个的平均变化要小得多。",
            ),
            "not-late": Text(
                "`{of}`: the answer for step t is read at step t. It stands n steps later.",
                "`{of}`：第 t 步的回答是在第 t 步读的。它在 n 步之后。",
            ),
            "turned-late": Text(
                "`{of}`: the answers are read n steps too early instead of late. Which of the two has to move?",
                "`{of}`：读早了 n 步，而不是晚 n 步。该移动的是哪一个？",
            ),
            "not-independent": Text(
                "`{of}`: the inputs are not independent with the variance 1; then the least share is another one.",
                "`{of}`：输入不是方差为 1 的独立的数；那样最小份额就不同了。",
            ),
            "leak": Text(
                "`{of}` misses {share} where {least} is the least possible. It sees something that it should not.",
                "`{of}` 只漏掉 {share}，而最小可能值是 {least}。它看到了不该看到的东西。",
            ),
            "trained-early": Text(
                "`{of}` misses {share} where {least} would be possible: its outputs are answers for the step at which they stand. Was"
                " it trained to wait n steps?",
                "`{of}` 漏掉 {share}，而 {least} 是可能的：它的输出是当步的回答。训练时让它等 n 步了吗？",
            ),
            "one-direction": Text(
                "`{of}` misses {share}, just as a network without any future. Where is the chain from the end?",
                "`{of}` 漏掉 {share}，和看不到未来的网络一样。从末尾走来的链在哪里？",
            ),
            "not-learned": Text(
                "`{of}` misses {share} where {least} would be possible. Look at the sign and the place of the gradient, and"
                " whether the parameters are updated.",
                "`{of}` 漏掉 {share}，而 {least} 是可能的。看看梯度的符号和位置，以及参数有没有更新。",
            ),
            "verdict-turned": Text(
                "`{of}` is {got!r}. Below the least possible there is a leak; above it something was not learned.",
                "`{of}` 是 {got!r}。低于最小可能值是泄漏；高于它是没有学到。",
            ),
            "verdict": Text(
                "`{of}` is {got!r}. Compare the share with least(n), and leave 0.05 on either side.",
                "`{of}` 是 {got!r}。把份额与 least(n) 比较，两边各留 0.05。",
            ),
        },
        planted=(
            (
                "five-neighbours",
                "inputs[k : len(inputs) - 8 + k] for k in range(9)",
                "inputs[k : len(inputs) - 4 + k] for k in range(5)",
            ),
            ("eight-neighbours", "for k in range(9)", "for k in range(8)"),
            ("sum", "np.mean([inputs", "np.sum([inputs"),
            ("below-zero", "max(4 - n, 0) / 9", "(4 - n) / 9"),
            ("of-eight", "max(4 - n, 0) / 9", "max(4 - n, 0) / 8"),
            ("not-late", "outputs[4 + n : len(inputs) - 4 + n]", "outputs[4 : len(inputs) - 4]"),
            ("turned-late", "outputs[4 + n : len(inputs) - 4 + n]", "outputs[4 - n : len(inputs) - 4 - n]"),
            ("error-alone", " / np.var(goal)", ""),
            ("of-outputs", "np.var(goal)", "np.var(said)"),
            ("mean-taken-out", "np.mean((said - goal) ** 2)", "np.var(said - goal)"),
            (
                "trained-early",
                "d_outputs[4 + n : 24 + n] = 2 * (outputs[4 + n : 24 + n] - goal) / goal.size",
                "d_outputs[4:24] = 2 * (outputs[4:24] - goal) / goal.size",
            ),
            (
                "leak",
                "Bidirectional(*layers) if both else layers[0]",
                "Bidirectional(RNN(1, 8, rng=rng), RNN(1, 8, rng=rng))",
            ),
            (
                "one-direction",
                "Bidirectional(*layers) if both else layers[0]",
                "Stacked([RNN(1, 8, rng=rng), RNN(8, 16, rng=rng)]) if both else layers[0]",
            ),
            ("not-learned", "= 2 * (outputs[4 + n : 24 + n] - goal)", "= 2 * (goal - outputs[4 + n : 24 + n])"),
            (
                "verdict-turned",
                'share < least(n) - 0.05:\n        return "leak"\n    return "training" if share >',
                'share > least(n) + 0.05:\n        return "leak"\n    return "training" if share <',
            ),
            ("verdict", "share > least(n) + 0.05", "share > least(n)"),
        ),
        hints=(
            Text(
                "Which of the nine has a network with the look-ahead n not yet read when its answer is due?",
                "前瞻为 n 的网络必须回答时，九个里有哪几个还没有读到？",
            ),
            Text(
                "The inputs are independent with equal variances, so each unseen one costs the same share. The answer for"
                " step t stands in outputs[t + n], in training as in measuring.",
                "各个输入独立，方差相同，所以每个看不见的输入代价相同。第 t 步的回答在 outputs[t + n]，训练时和测量时都一样。",
            ),
            Text(
                "least is max(4 - n, 0) / 9. With 28 steps the goal has 20 rows, for the steps 4 to 23; they meet"
                " outputs[4 + n : 24 + n]. The gradient is zero everywhere else.",
                "least 是 max(4 - n, 0) / 9。28 步时目标有 20 行，对应第 4 到 23 步；与它们相配的是 outputs[4 + n : 24 + n]。"
                "其余各处梯度为零。",
            ),
        ),
    ),
)
