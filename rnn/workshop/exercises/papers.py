"""Exercises of the chapter *papers*."""

from typing import Any

import numpy as np

from rnn.tasks import delayed_average, delayed_average_baseline
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, expect


def parameters(units):
    """Return how many parameters a tanh network has: one input, one output, biases in both layers."""
    return units + units**2 + units + units + 1


def error(net, delay, sequences, seed):
    """Return the mean squared error of a network on fresh sequences, in units of the targets' variance."""
    task = delayed_average(100, sequences, delay=delay, rng=np.random.default_rng(seed))
    outputs, _ = net.forward(task.inputs)
    return np.mean((outputs - task.targets)[task.mask] ** 2) / delayed_average_baseline(-11)


def curve(errors):
    """Return (units, parameters, median error over the seeds) in the order of the units."""
    return [(units, parameters(units), np.median(errors[units])) for units in sorted(errors)]


def cheapest(errors, both):
    """Return the smallest number of units whose median error is at most that of two directions, or None."""
    return next((units for units, _, median in curve(errors) if median <= both), None)


SPY = """
class Spy:
    def __init__(self, slope, level, lag):
        self.slope, self.level, self.lag = slope, level, lag

    def forward(self, inputs, *rest, **named):
        late = np.concatenate([np.zeros_like(inputs[: self.lag]), inputs[: len(inputs) - self.lag]])
        return self.level + self.slope * late, None
"""


def check_delay(work: Subject) -> None:
    """Ask a network whose outputs are known, with several delays; then curves with a bend."""
    rng = np.random.default_rng()
    for units in (24, 7, int(rng.integers(30, 80))):  # the first of them has 649, as in the chapter
        H = units
        expect(
            f"parameters({units})",
            work("parameters", units),
            H * H + 3 * H + 1,
            {
                "two-biases": H * H + 4 * H + 1,
                "no-read-out-bias": H * H + 3 * H,
                "no-hidden-bias": H * H + 2 * H + 1,
                "no-bias": H * H + 2 * H,
                "no-read-out": H * H + 2 * H,
                "both-directions": 2 * (H * H + 2 * H) + 2 * H + 1,
            },
        )
    work.define(SPY)
    for delay in (20, 0, 7):
        slope, level, lag, seed = 0.3, float(rng.uniform(0.3, 0.5)), int(rng.integers(1, 9)), int(rng.integers(1000))
        spy = work.call("Spy", slope, level, lag).value
        _check_error(work("error", spy, delay, 5, seed), _outputs(slope, level, lag), delay, seed)
    _check_curve(work, rng)


def _outputs(slope: float, level: float, lag: int) -> Any:
    """Return the function that the spy computes."""
    return lambda inputs: level + slope * np.concatenate([np.zeros_like(inputs[:lag]), inputs[:-lag]])


def _check_error(came: Any, outputs: Any, delay: int, seed: int) -> None:
    task = delayed_average(100, 5, delay=delay, rng=np.random.default_rng(seed))
    weights = np.concatenate([np.arange(1, 11) / 11, np.arange(21, 0, -1) / 21])  # as the chapter describes them
    variance = np.sum((weights / weights.sum()) ** 2) / 12
    squares = (outputs(task.inputs) - task.targets)[..., 0] ** 2
    truth = squares[task.mask].mean() / variance
    at_once = delayed_average(100, 5, rng=np.random.default_rng(seed))
    undelayed = (outputs(at_once.inputs) - at_once.targets)[at_once.mask]
    early = (outputs(task.inputs)[delay:] - task.targets[: 100 - delay])[task.mask[: 100 - delay]]
    expect(
        f"error(net, {delay}, 5, seed)",
        came,
        truth,
        {
            "no-mask": squares.mean() / variance,
            "divided-by-all": (squares * task.mask).mean() / variance,
            "no-unit": truth * variance,
            "spread-for-variance": truth * np.sqrt(variance),
            "root": [float(np.sqrt(truth)), float(np.sqrt(truth * variance))][0],
            "sample-variance": truth * variance / task.targets[task.mask].var(),
            "inputs-variance": truth * variance * 12,
            "least-as-unit": truth * variance / delayed_average_baseline(delay) if delay < 20 else np.inf,
            "no-delay": (undelayed**2).mean() / variance,
            "delayed-twice": (early**2).mean() / variance if early.size else np.nan,
            "summed": squares[task.mask].sum() / variance,
        },
    )


def _check_curve(work: Subject, rng: np.random.Generator) -> None:
    """Medians that fall, rise and fall again; a lucky seed that gets there before, a bad one that spoils the mean."""
    shape = {16: 0.20, 24: 0.12, 32: 0.05, 40: 0.07, 56: 0.03, 80: 0.02}
    around = np.array([-0.019, -0.005, 0.0, 0.004, 0.3])
    errors = {n: [float(v) for v in rng.permutation(m + around)] for n, m in shape.items()}
    names = [32, 80, 16, 56, 24, 40]
    errors = {n: errors[n] for n in names}

    def points(middle: Any = np.median, order: Any = sorted) -> Any:
        return [(n, n * n + 3 * n + 1, float(middle(errors[n]))) for n in order(errors)]

    expect(
        "curve(errors)",
        work("curve", errors),
        points(),
        {
            "mean-of-seeds": points(np.mean),
            "best-seed": points(np.min),
            "worst-seed": points(np.max),
            "unsorted": points(order=list),
            "by-error": points(order=lambda some: sorted(some, key=lambda n: np.median(some[n]))),
        },
    )
    exact = float(np.median(errors[56]))
    for both, truth in ((0.06, 32), (exact, 56), (0.01, None), (0.102, 32)):
        expect(
            f"cheapest(errors, {both:.3g})",
            work("cheapest", errors, both),
            truth,
            {
                "lucky-seed": min((n for n in errors if min(errors[n]) <= both), default=None),
                "all-seeds": min((n for n in errors if max(errors[n]) <= both), default=None),
                "strictly": min((n for n in errors if np.median(errors[n]) < both), default=None),
                "mean-of-seeds": min((n for n in errors if np.mean(errors[n]) <= both), default=None),
                "smallest-error": 80,
                "stays-there": 56,
                "parameters-for-units": None if truth is None else truth * truth + 3 * truth + 1,
                "nearest": min(errors, key=lambda n: abs(np.median(errors[n]) - both)),
            },
        )


EXERCISES = (
    Exercise(
        chapter="papers",
        number=3,
        title=Text("A cheaper delay", "便宜一些的延迟"),
        task=Text(
            "Write parameters(units): how many parameters the network with one direction has, with one input, `units` tanh"
            " units with one bias each, and a linear output with a bias. For 24 units it is 649.\n"
            "Write error(net, delay, sequences, seed). net.forward(inputs) returns (outputs, state), inputs and outputs"
            " (100, sequences, 1). Draw rnn.tasks.delayed_average(100, sequences, delay=delay, rng=np.random.default_rng(seed))"
            " and return the mean squared error over the steps that its mask counts, in units of the targets' variance,"
            " rnn.tasks.delayed_average_baseline(-11).\n"
            "Write curve(errors): errors is a dict from a number of units to the list of the errors of five networks, in any"
            " order. Return a list of (units, parameters, median error) in rising order of the units.\n"
            "Write cheapest(errors, both): the smallest number of units whose median error is at most `both`, the error with"
            " two directions, or None.",
            "写 parameters(units)：单向网络有多少个参数：一个输入，units 个 tanh 单元，每个一个偏置，一个带偏置的线性输出。"
            "24 个单元是 649。\n"
            "写 error(net, delay, sequences, seed)。net.forward(inputs) 返回 (outputs, state)，inputs 和 outputs 的形状都是"
            " (100, sequences, 1)。抽取 rnn.tasks.delayed_average(100, sequences, delay=delay, rng=np.random.default_rng(seed))，"
            "返回掩码算在内的各步上的均方误差，以目标的方差 rnn.tasks.delayed_average_baseline(-11) 为单位。\n"
            "写 curve(errors)：errors 是字典，从单元数到五个网络的误差的列表，次序任意。返回 (单元数, 参数个数, 误差的中位数) 的列表，"
            "单元数从小到大。\n"
            "写 cheapest(errors, both)：误差的中位数不大于 both（双向的误差）的最小单元数；没有就返回 None。",
        ),
        solution=(parameters, error, curve, cheapest),
        check=check_delay,
        names={
            "two-biases": Text("Each unit has one bias here, not two.", "这里每个单元一个偏置，不是两个。"),
            "no-read-out-bias": Text("The bias of the output is missing.", "少了输出的偏置。"),
            "no-hidden-bias": Text("The biases of the units are missing.", "少了各单元的偏置。"),
            "no-bias": Text(
                "Something is missing: the biases of both layers, or all of the output.",
                "少了东西：两层的偏置，或者整个输出。",
            ),
            "no-read-out": Text("The output is missing: it has weights and a bias.", "少了输出：它有权重和偏置。"),
            "both-directions": Text("This is the count for two directions.", "这是双向的参数个数。"),
            "no-mask": Text(
                "All steps are counted. At some of them nothing is asked for: look at the mask.",
                "各步都算进去了。有些步什么也没有问：看看掩码。",
            ),
            "divided-by-all": Text(
                "The errors are masked, but divided by the number of all steps. Divide by those that count.",
                "误差用了掩码，却除以了全部步数。应除以算在内的步数。",
            ),
            "no-unit": Text("The error is not in units of the targets' variance.", "误差没有以目标的方差为单位。"),
            "spread-for-variance": Text(
                "The error is divided by the standard deviation, not the variance.", "误差除以了标准差，不是方差。"
            ),
            "root": Text("This is a root mean square; asked is the mean square.", "这是均方根；要的是均方。"),
            "sample-variance": Text(
                "This divides by the variance of this very sample. The unit should be the same for all: the true variance.",
                "这里除以的是这一份样本的方差。单位应当对所有网络相同：真正的方差。",
            ),
            "inputs-variance": Text(
                "This divides by the variance of the inputs, 1/12.", "这里除以的是输入的方差 1/12。"
            ),
            "least-as-unit": Text(
                "This divides by the least error possible at this delay.", "这里除以的是这个延迟下最小的误差。"
            ),
            "no-delay": Text("The task is drawn without its delay.", "抽任务时没有给延迟。"),
            "delayed-twice": Text(
                "The outputs are moved by the delay once more. The targets of the task are delayed already.",
                "输出又移了一次延迟。任务的目标已经推迟过了。",
            ),
            "summed": Text(
                "This is a sum; asked is the mean over the steps that count.", "这是和；要的是算在内各步的平均。"
            ),
            "mean-of-seeds": Text(
                "This is the mean of the seeds. One bad network moves it; take the median.",
                "这是各种子的平均。一个坏的网络就能改变它；要取中位数。",
            ),
            "best-seed": Text("This is the best seed, not the median.", "这是最好的种子，不是中位数。"),
            "worst-seed": Text("This is the worst seed, not the median.", "这是最差的种子，不是中位数。"),
            "unsorted": Text(
                "The points are in the order of the dict; sort them by units.", "各点是字典的次序；要按单元数排序。"
            ),
            "by-error": Text(
                "The points are sorted by the error; sort them by units.", "各点按误差排了序；要按单元数排。"
            ),
            "lucky-seed": Text(
                "One lucky seed gets there; the median does not.", "有一个走运的种子做到了，中位数没有。"
            ),
            "all-seeds": Text(
                "All seeds get there here; the median is enough.", "这里要求所有种子都做到；中位数做到就够。"
            ),
            "strictly": Text("An error equal to that of two directions matches it.", "误差与双向的相等，也算赶上。"),
            "smallest-error": Text(
                "This is the network with the smallest error, not the cheapest.", "这是误差最小的网络，不是最便宜的。"
            ),
            "stays-there": Text(
                "From here on all are good enough. Asked is the smallest number of units, even if a larger one is worse.",
                "从这里起都够好。问的是最小的单元数，哪怕大一点的反而差。",
            ),
            "parameters-for-units": Text(
                "This is the number of parameters; asked are the units.", "这是参数个数；问的是单元数。"
            ),
            "nearest": Text(
                "This error is the nearest to that of two directions, and above it.", "这个误差离双向的最近，却比它大。"
            ),
        },
        planted=(
            ("two-biases", "units + units**2 + units + units + 1", "units + units**2 + 2 * units + units + 1"),
            ("no-read-out-bias", "units + units + 1", "units + units"),
            ("no-mask", "[task.mask]", ""),
            (
                "divided-by-all",
                "np.mean((outputs - task.targets)[task.mask] ** 2)",
                "np.sum((outputs - task.targets)[task.mask] ** 2) / task.mask.size",
            ),
            ("no-unit", " / delayed_average_baseline(-11)", ""),
            ("spread-for-variance", "delayed_average_baseline(-11)", "np.sqrt(delayed_average_baseline(-11))"),
            ("sample-variance", "delayed_average_baseline(-11)", "task.targets[task.mask].var()"),
            ("no-delay", "delay=delay, ", ""),
            ("mean-of-seeds", "np.median", "np.mean"),
            ("unsorted", "sorted(errors)", "errors"),
            ("strictly", "median <= both", "median < both"),
            ("lucky-seed", "if median <= both", "if min(errors[units]) <= both"),
            ("parameters-for-units", "next((units for units, _, median", "next((_ for units, _, median"),
        ),
        hints=(
            Text(
                "At the first thirty steps of a sequence with a delay of twenty nothing is asked for. Who knows that?",
                "延迟二十步时，序列的前三十步什么也没有问。谁知道这一点？",
            ),
            Text(
                "Choose the squared errors with the mask before you take the mean. The targets are delayed already. One"
                " median for each number of units.",
                "先用掩码选出平方误差，再取平均。目标已经推迟过了。每个单元数一个中位数。",
            ),
            Text(
                "np.mean((outputs − targets)[mask] ** 2) / delayed_average_baseline(−11). With H units: H for the input, H²,"
                " H biases, H for the output and 1. The cheapest is the first of the sorted units with median <= both.",
                "np.mean((outputs − targets)[mask] ** 2) / delayed_average_baseline(−11)。H 个单元：输入 H，H²，偏置 H，输出 H，再加 1。"
                "最便宜的，是排好序的单元数里第一个 median <= both 的。",
            ),
        ),
        imports="import numpy as np\n\nfrom rnn.tasks import delayed_average, delayed_average_baseline",
    ),
)
