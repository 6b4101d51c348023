"""Exercises of the chapter *errata*."""

from typing import Any

import numpy as np

from rnn import SimpleRNN
from rnn.validate import Array, quiet
from rnn.workshop.exercise import Exercise
from rnn.workshop.host import Kept
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, compare, expect, shown


class Exhibit(SimpleRNN):
    """A network with an error.

    Claim: …
    In fact: …
    """

    def _step_back(self, delta, cache):
        # Claim: on the way back the error is multiplied by W_hh, as the state was. In fact by its transpose.
        d_x, _, grads = super()._step_back(delta, cache)
        slope = self.derivative(cache[2])
        return d_x, (delta * slope) @ self.params["W_hh"], grads


def fewest_steps():
    """Return the smallest number of steps that unmasks the error."""
    return 1


def special_case():
    """Return parameters, inputs, h0 and d_outputs with which the error goes unnoticed."""
    rng = np.random.default_rng(0)
    W = rng.normal(size=(4, 4))
    params = {
        "W_xh": rng.normal(size=(3, 4)),
        "W_hh": (W + W.T) / 2,
        "b_h": rng.normal(size=4),
        "W_hy": rng.normal(size=(4, 2)),
        "b_y": rng.normal(size=2),
    }
    return params, rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(5, 2, 2))


MOST = 6  # steps that are tried
Case = tuple[dict[str, Array], Array, Array, Array]


def _drawn(rng: np.random.Generator, T: int) -> Case:
    D, H, O, B = 3, 4, 2, 5
    sizes = {"W_xh": (D, H), "W_hh": (H, H), "b_h": (H,), "W_hy": (H, O), "b_y": (O,)}
    params = {name: rng.normal(size=size) for name, size in sizes.items()}
    return params, rng.normal(size=(T, B, D)), rng.normal(size=(B, H)), rng.normal(size=(T, B, O))


@quiet
def _right(case: Case) -> dict[str, Any]:
    """Return outputs, states and gradients of the right network."""
    params, inputs, h0, d_outputs = case
    D, H = params["W_xh"].shape
    net = SimpleRNN(D, H, len(params["b_y"]))
    net.params.update(params)
    outputs, hidden_states = net.forward(inputs, h0=h0)
    grads = net.backward(d_outputs)
    return {"outputs": outputs, "hidden_states": hidden_states, **grads, "inputs": net.d_inputs, "h0": net.d_h0}


def _shown(work: Subject, case: Case) -> dict[str, Any]:
    """Return the same of the exhibit; each time it is made anew."""
    params, inputs, h0, d_outputs = case
    net = work.call("Exhibit", *params["W_xh"].shape, len(params["b_y"])).value
    if not isinstance(net, Kept):
        raise Wrong("no-network", of="Exhibit")
    work.write(net, {f"params.{name}": value for name, value in params.items()})
    forward = work.call(net, inputs, method="forward", h0=h0).value
    grads = work.call(net, d_outputs, method="backward").value
    if not isinstance(forward, list | tuple) or len(forward) != 2 or not isinstance(grads, dict):
        raise Wrong("no-network", of="Exhibit")
    leaves = work.leaves(net)
    return {
        "outputs": forward[0],
        "hidden_states": forward[1],
        **{name: grads.get(name) for name in params},
        "inputs": leaves.get("d_inputs"),
        "h0": leaves.get("d_h0"),
    }


def _unmasked(work: Subject, case: Case) -> list[str]:
    """Return in what the exhibit differs from the right network."""
    came, truth = _shown(work, case), _right(case)
    return [name for name, value in truth.items() if compare(came[name], value) is not None]


def check_exhibit(work: Subject) -> None:
    """Find the fewest steps by trying, and run the special case through both networks."""
    rng = np.random.default_rng()
    case = _drawn(rng, MOST)
    if compare(_shown(work, case), _shown(work, case)):
        raise Wrong("random", of="Exhibit")
    found = {T: _unmasked(work, _drawn(rng, T)) for T in range(1, MOST + 1)}
    fewest = next((T for T, names in found.items() if names), None)
    if fewest is None:
        raise Wrong("no-error", of="Exhibit", steps=MOST)
    others = {"inputs", "h0", "hidden_states"}
    lazily = next((T for T, names in found.items() if set(names) - others), fewest)
    steps = work("fewest_steps")
    where = ", ".join(found[fewest])
    slips = {"not-looked-at": lazily} if lazily != fewest else {}
    if isinstance(steps, int | np.integer) and steps not in (fewest, *slips.values()):
        slips["too-many" if steps > fewest else "too-few"] = int(steps)
    expect("fewest_steps()", steps, fewest, slips, names=where, steps=fewest)

    case = _told(work("special_case"))
    if len(case[1]) < fewest:
        raise Wrong("too-short", of="special_case()", steps=fewest)
    try:
        truth = _right(case)
    except (TypeError, ValueError, FloatingPointError) as error:
        raise Wrong("no-case", of="special_case()", message=str(error)[:200]) from None
    if not np.abs(truth["W_hh"]).max() > 0:
        raise Wrong("nothing-to-see", of="special_case()")
    if names := _unmasked(work, case):
        raise Wrong("noticed", of="special_case()", names=", ".join(names))


def _told(got: Any) -> Case:
    """Return a special case as arrays, if it is one."""
    if not isinstance(got, list | tuple) or len(got) != 4 or not isinstance(got[0], dict):
        raise Wrong("no-case", of="special_case()", message=shown(got))
    try:
        params = {str(name): np.asarray(value, dtype=float) for name, value in got[0].items()}
        inputs, h0, d_outputs = (np.asarray(value, dtype=float) for value in got[1:])
    except (TypeError, ValueError):
        raise Wrong("no-case", of="special_case()", message="?") from None
    if {name: value.ndim for name, value in params.items()} != {"W_xh": 2, "W_hh": 2, "b_h": 1, "W_hy": 2, "b_y": 1}:
        raise Wrong("no-case", of="special_case()", message=", ".join(f"{k} {v.shape}" for k, v in params.items()))
    (D, H), O = params["W_xh"].shape, len(params["b_y"])
    T, B = (*inputs.shape, 0, 0)[:2]
    sizes = {"W_hh": (H, H), "b_h": (H,), "W_hy": (H, O)}
    wrong = [name for name, size in sizes.items() if params[name].shape != size]
    given = {"inputs": (inputs, (T, B, D)), "h0": (h0, (B, H)), "d_outputs": (d_outputs, (T, B, O))}
    wrong += [name for name, (value, size) in given.items() if value.shape != size]
    if wrong or not T * B:
        raise Wrong("no-case", of="special_case()", message=", ".join(wrong) or "T = 0")
    return params, inputs, h0, d_outputs


EXERCISES = (
    Exercise(
        chapter="errata",
        number=3,
        title=Text("Your own exhibit", "你自己的展品"),
        task=Text(
            "Write a class and two functions.\n"
            "Exhibit: a subclass of SimpleRNN with an error of your choice in its forward or its backward, made and called like"
            " SimpleRNN; parameters keep their names and shapes. The claim and the true sentence go into its docstring, for"
            " people to read.\n"
            "fewest_steps(): the smallest number of steps T at which the error shows for random parameters, inputs, h0 and"
            " d_outputs: something is wrong there among outputs, hidden_states, the five gradients, d_inputs and d_h0. (For an"
            " error on the way back that is what rnn.gradcheck.check looks at.) It is at most 6.\n"
            "special_case(): return (params, inputs, h0, d_outputs) with which nothing at all is wrong although there are at"
            " least fewest_steps() steps: a dict of the five parameters, and arrays (T, B, D), (B, H) and (T, B, O), of any"
            " sizes. The gradient of W_hh must not be all zeros there.",
            "写一个类和两个函数。\n"
            "Exhibit：SimpleRNN 的子类，在 forward 或 backward 里有一个你选的错误，构造和调用都与 SimpleRNN 一样；参数的名字和形状不变。"
            "错误的说法和正确的句子写在它的文档字符串里，给人读。\n"
            "fewest_steps()：参数、输入、h0 和 d_outputs 都随机时，能看出错误的最少步数 T："
            "outputs、hidden_states、五个梯度、d_inputs、d_h0 之中有一样不对。（回程上的错误，正是 rnn.gradcheck.check 要查的。）不超过 6。\n"
            "special_case()：返回 (params, inputs, h0, d_outputs)，步数不少于 fewest_steps()，却什么都没有不对："
            "五个参数的字典，以及数组 (T, B, D)、(B, H)、(T, B, O)，尺寸任选。那里 W_hh 的梯度不能全是零。",
        ),
        solution=(Exhibit, fewest_steps, special_case),
        check=check_exhibit,
        names={
            "no-network": Text(
                "Exhibit does not return what SimpleRNN returns: forward (outputs, hidden_states), backward a dict of"
                " gradients.",
                "Exhibit 的返回值与 SimpleRNN 不一样：forward 应返回 (outputs, hidden_states)，backward 应返回梯度的字典。",
            ),
            "random": Text(
                "The same call gives something else each time. An exhibit has to be wrong in the same way for everybody.",
                "同样的调用，每次结果不同。展品的错误要人人看到的都一样。",
            ),
            "no-error": Text(
                "No error was found in Exhibit, up to {steps} steps with everything random: this network is right.",
                "一切取随机数，直到 {steps} 步，没有发现 Exhibit 有错：这个网络是对的。",
            ),
            "not-looked-at": Text(
                "That many are needed if one looks at the outputs and the parameters alone. With fewer steps there is a"
                " witness already: {names}.",
                "只看输出和参数，才要这么多步。步数更少时已经有证人：{names}。",
            ),
            "too-many": Text(
                "Fewer steps are enough to unmask it: look at {names}.", "更少的步数就能揭穿它：看 {names}。"
            ),
            "too-few": Text("With so few steps everything is still right.", "步数这么少的时候，一切都还是对的。"),
            "too-short": Text(
                "The special case is shorter than {steps} steps; there the error cannot show anyway.",
                "特殊情形不足 {steps} 步；那样的话，错误本来就看不出来。",
            ),
            "nothing-to-see": Text(
                "In the special case the gradient of W_hh is zero throughout: nothing is learned there, right or wrong. Let"
                " some loss reach it.",
                "在这个特殊情形里，W_hh 的梯度全是零：那里无论对错都学不到什么。要让某个损失传到它那里。",
            ),
            "noticed": Text(
                "In the special case the error does show, in {names}.", "在这个特殊情形里，错误看得出来：{names}。"
            ),
            "no-case": Text(
                "`{of}` is no case that one could run: {message}. Expected a dict of the five parameters, inputs (T, B, D), h0"
                " (B, H) and d_outputs (T, B, O).",
                "`{of}` 给出的情形没法运行：{message}。要的是五个参数的字典、inputs (T, B, D)、h0 (B, H) 和 d_outputs (T, B, O)。",
            ),
        },
        planted=(
            ("no-error", '@ self.params["W_hh"], grads', '@ self.params["W_hh"].T, grads'),
            ("not-looked-at", "return 1", "return 2"),
            ("too-many", "return 1", "return 5"),
            ("too-few", "return 1", "return 0"),
            ("noticed", "(W + W.T) / 2", "W"),
            ("noticed", "(W + W.T) / 2", "(W - W.T) / 2"),
            ("nothing-to-see", "rng.normal(size=(5, 2, 2))", "np.zeros((5, 2, 2))"),
            ("no-case", "rng.normal(size=(5, 2, 3))", "rng.normal(size=(2, 5, 3))"),
            ("random", '@ self.params["W_hh"], grads', "@ np.random.default_rng().normal(size=(4, 4)), grads"),
        ),
        hints=(
            Text(
                "Take any exhibit of this page whose shapes fit. What does one step use of it, and what is only handed on?",
                "从本页挑一个形状对得上的展品。走一步时用到了它的什么，什么只是往下传？",
            ),
            Text(
                "Override _step_back, or backward, or forward; call super() for what is right. Then let rnn.gradcheck.check"
                " look, with seq_len from 1 on. Read all its entries.",
                "改写 _step_back、backward 或 forward，对的部分调用 super()。然后用 rnn.gradcheck.check 来查，seq_len 从 1 开始，"
                "每一项都要看。",
            ),
            Text(
                "Without the transpose: one step unmasks it, in h0. It goes unnoticed with a symmetric W_hh, (W + W.T) / 2, or"
                " with a single unit.",
                "漏掉转置：一步就在 h0 上露馅。W_hh 对称（(W + W.T) / 2）时，或者只有一个单元时，看不出来。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn import SimpleRNN",
    ),
)
