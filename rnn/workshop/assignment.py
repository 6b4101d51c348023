"""The assignment, graded in stages: the first that fails ends it, with the mistake named."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from rnn.workshop import cell, names, network, task
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, say

NAMES: dict[str, Text] = (
    {
        "not-a-class": Text("`{name}` is not a class.", "`{name}` 不是类。"),
        "not-a-function": Text("`{name}` is not a function.", "`{name}` 不是函数。"),
        "no-method": Text("`{name}` has no method `{method}`.", "`{name}` 没有方法 `{method}`。"),
        "arguments": Text(
            "`{name}` takes other arguments than asked: it must be callable as {wanted}. Further ones may have defaults.",
            "`{name}` 的参数与要求不符：必须能这样调用：{wanted}。多出来的参数可以有默认值。",
        ),
    }
    | names.PARAMETERS
    | names.NETWORK
    | names.CELL
    | task.NAMES
)

STAGES: dict[str, Text] = {
    "signatures": Text("class and signatures", "类与函数签名"),
    "shapes": Text("shapes", "形状"),
    "forward": Text("forward", "前向计算"),
    "W_hy": Text("gradient of W_hy", "W_hy 的梯度"),
    "b_y": Text("gradient of b_y", "b_y 的梯度"),
    "b_h": Text("gradient of b_h", "b_h 的梯度"),
    "W_xh": Text("gradient of W_xh", "W_xh 的梯度"),
    "W_hh": Text("gradient of W_hh", "W_hh 的梯度"),
    "calls": Text("gradients of a second call", "再次调用时的梯度"),
    "update": Text("update", "参数更新"),
    "cell": Text("LSTM cell", "LSTM 单元"),
    "data": Text("data", "数据"),
    "training": Text("training", "训练"),
}

# What must be there, and how the grader calls it.
INTERFACE = {
    "SimpleRNN": ("input_size", "hidden_size", "output_size"),
    "SimpleRNN.forward": ("inputs",),
    "SimpleRNN.backward": ("d_outputs",),
    "SimpleRNN.update_parameters": ("learning_rate",),
    "LSTMCell": ("input_size", "hidden_size"),
    "LSTMCell.forward": ("input_t", "hidden_state", "cell_state"),
    "generate_sequence_data": ("seq_type", "length"),
    "train_rnn_on_sequence": (),
}


@dataclass
class Report:
    """What came of grading a submission.

    Attributes
    ----------
    stages : dict of str to float
        The stages that passed, and their seconds.
    failed : str
        The stage that failed; empty if none did.
    wrong : Wrong or None
        Why.
    advice : list of str
        Keys of what does not fail anybody and is worth a thought.
    training : task.Training or None
        What the training came to.
    """

    stages: dict[str, float] = field(default_factory=dict)
    failed: str = ""
    wrong: Wrong | None = None
    advice: list[str] = field(default_factory=list)
    training: task.Training | None = None

    @property
    def passed(self) -> bool:
        """Whether every stage passed; what was not reached has not."""
        return self.wrong is None and list(self.stages) == list(STAGES)

    def sentence(self, lang: str) -> str:
        """Return the sentence that names the mistake."""
        return say(self.wrong, lang, NAMES) if self.wrong else ""

    def advices(self, lang: str) -> list[str]:
        """Return the advice in sentences."""
        return [getattr(NAMES[key], lang).format() for key in dict.fromkeys(self.advice)]


Watcher = Callable[[str], None]


def grade(
    work: Subject,
    source: str,
    *,
    seconds: float = 120.0,
    only: Sequence[str] = (),
    watcher: Watcher = lambda stage: None,
) -> Report:
    """Grade a submission stage by stage, until one fails.

    Parameters
    ----------
    work : Subject
        An empty one.
    source : str
        The submission.
    seconds : float
        How long the training may take.
    only : sequence of str
        Stop after these stages; all by default.
    watcher : callable
        Is told each stage before it begins.
    """
    report = Report()
    stages = _stages(work, source, report, seconds)
    for name in STAGES:
        if only and name not in only:
            break
        watcher(name)
        begun = time.perf_counter()
        try:
            next(stages)
        except Wrong as wrong:
            report.failed, report.wrong = name, wrong
            return report
        report.stages[name] = time.perf_counter() - begun
    return report


def _stages(work: Subject, source: str, report: Report, seconds: float) -> Iterator[None]:
    """Do one stage after the other, in the order of `STAGES`."""
    work.load(source)
    _check_signatures(work.names)
    yield
    net = network.check_shapes(work)
    report.advice += network.check_start(work, net)
    yield
    network.check_forward(work, net)
    yield
    trial = network.Trial(work, net)
    for role in ("W_hy", "b_y", "b_h", "W_xh", "W_hh"):
        trial.check(role)
        yield
    network.check_calls(work, net)
    yield
    report.advice += network.check_update(work, net)
    yield
    cell.check(work)
    yield
    report.advice += task.check_data(work)
    yield
    report.training = task.check_training(work, lambda values: network.params_if(net.leaves, values), seconds)
    report.advice += report.training.advice
    yield


def _check_signatures(there_is: dict[str, Any]) -> None:
    for name, wanted in INTERFACE.items():
        owner, _, method = name.partition(".")
        if owner not in there_is:
            raise Wrong("missing", name=owner)
        there = there_is[owner]
        is_class = owner in ("SimpleRNN", "LSTMCell")
        if there.get("kind") != ("class" if is_class else "function"):
            raise Wrong("not-a-class" if is_class else "not-a-function", name=owner)
        if method and method not in there.get("methods", {}):
            raise Wrong("no-method", name=owner, method=method)
        parameters_ = there["methods"][method] if method else there.get("parameters")
        if isinstance(parameters_, list) and not _takes(parameters_, len(wanted), bound=bool(method)):
            raise Wrong("arguments", name=name, wanted=f"{name}({', '.join(wanted)})")


def _takes(parameters_: list[Any], count: int, *, bound: bool) -> bool:
    """Whether something can be called with so many arguments by position; a method has `self` besides."""
    positional = [p for p in parameters_ if p[1] in ("POSITIONAL_ONLY", "POSITIONAL_OR_KEYWORD")]
    if bound and positional and positional[0][0] == "self":
        positional = positional[1:]
    needed = sum(1 for p in positional if p[2]) + (any(p[1] == "KEYWORD_ONLY" and p[2] for p in parameters_) * 1000)
    most = 1000 if any(p[1] == "VAR_POSITIONAL" for p in parameters_) else len(positional)
    return needed <= count <= most
