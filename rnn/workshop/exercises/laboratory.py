"""Exercises of the chapter *laboratory*."""

from typing import Any

import numpy as np

from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, expect


def more_arms(arms):
    """Return the arms, and after them the same with a learning rate ten times as large."""
    return [dict(arm) for arm in arms] + [{**arm, "rate": 10 * arm["rate"]} for arm in arms]


def curve(solved, budgets):
    """Return for each budget the share of the runs that have solved the task within it."""
    return [np.mean([update is not None and update <= budget for update in solved]) for budget in budgets]


def same_order(first, second):
    """Say whether any two networks compare by their medians in the same way in both, a run without success last."""

    def median(solved):
        return np.median([np.inf if update is None else update for update in solved])

    def compared(runs, a, b):
        return median(runs[a]) > median(runs[b]), median(runs[a]) < median(runs[b])

    return all(compared(first, a, b) == compared(second, a, b) for a in first for b in first)


def check_rate(work: Subject) -> None:
    """Arms that differ in more than the rate; runs that end just in time; orders with ties and with failures."""
    rng = np.random.default_rng()
    cells = [str(cell) for cell in rng.permutation(["tanh", "irnn", "lstm", "gru"])]
    rates = {"tanh": 0.001, "irnn": 0.003, "lstm": 0.002, "gru": 0.004}
    arms = [{"cell": c, "length": 50 + n, "batch": 32, "rate": rates[c], "updates": 3000} for n, c in enumerate(cells)]

    def times(change: Any) -> list[dict[str, Any]]:
        return [{**arm, "rate": change(arm["rate"])} for arm in arms]

    large = times(lambda rate: 10 * rate)
    gated = [arm for arm in large if arm["cell"] in ("lstm", "gru")]
    expect(
        "more_arms(arms)",
        work("more_arms", arms),
        arms + large,
        {
            "replaced": large,
            "nothing-new": [arms, arms + arms][1],
            "new-first": large + arms,
            "in-turn": [arm for pair in zip(arms, large, strict=True) for arm in pair],
            "same-rate-for-all": arms + [{**arm, "rate": large[0]["rate"]} for arm in arms],
            "a-tenth": arms + times(lambda rate: rate / 10),
            "ten-added": arms + times(lambda rate: rate + 10),
            "both-changed": large + large,
            "gates-only": arms + gated,
            "rate-only": arms + [{"rate": arm["rate"]} for arm in large],
        },
    )
    solved = [300, None, 1200, 700, None, 3000, 700]
    solved = [solved[n] for n in rng.permutation(7)]
    done = [update for update in solved if update is not None]
    budgets = [0, 300, 699, 700, 1500, 3000, 5000]
    within = np.array([sum(update <= budget for update in done) for budget in budgets])
    expect(
        "curve(solved, budgets)",
        work("curve", solved, budgets),
        within / 7,
        {
            "strictly": np.array([sum(update < budget for update in done) for budget in budgets]) / 7,
            "of-those-that-solved": within / 5,
            "counted": within,
            "failures-as-zero": (within + 2) / 7,
            "not-yet": 1 - within / 7,
            "not-added-up": np.diff(within, prepend=0) / 7,
            "in-percent": 100 * within / 7,
        },
    )
    _check_order(work, rng)


def _check_order(work: Subject, rng: np.random.Generator) -> None:
    """Pairs of results whose means, best runs, winners or rates of success would say something else."""
    never = None
    slow: dict[str, list[int | None]] = {
        "gru": [300, 400, 500, 600, 2900],
        "lstm": [800, 900, 1000, 1100, 1200],
        "irnn": [200, 2000, never, never, never],
        "tanh": [never] * 5,
    }
    cases: list[tuple[dict[str, Any], bool]] = [
        ({"gru": [100, 200, 300, never, never], "lstm": [350, 360, 400, 500, 600]}, True),  # fewer succeed, sooner
        ({"gru": [100, 200, 300, 400, 9000], "lstm": [310, 320, 330, 340, 350]}, True),  # a larger mean
        ({"gru": [500, 510, 520, 530, 540], "lstm": [10, 1800, 1900, 2000, 2100]}, True),  # a later best
        ({"irnn": [10, 20, 700, 800, 850]}, False),  # the winner remains, the second does not
        ({"irnn": [10, 20, 2500, never, never]}, False),  # a tie is broken
        ({"gru": [1100, 1200, 1300, 1400, 1500]}, False),
        ({"lstm": [never, never, never, 100, 200]}, False),  # a tie is new
        ({"irnn": [never, never, 30, 20, never]}, True),  # still a tie: neither median is a number
    ]
    pairs = []
    for change, _ in cases:
        fast = {**slow, **change}
        fast = {str(name): [fast[name][n] for n in rng.permutation(5)] for name in ("lstm", "tanh", "irnn", "gru")}
        given = {name: [row[n] for n in rng.permutation(5)] for name, row in slow.items()}
        pairs += [(given, fast), (fast, given)]
    came = tuple(work("same_order", *pair) for pair in pairs)
    truth = tuple(same for _, same in cases for _ in range(2))
    rules = [_otherwise(*pair) for pair in pairs]
    expect("same_order(first, second)", came, truth, {key: tuple(rule[key] for rule in rules) for key in rules[0]})


def _otherwise(first: Any, second: Any) -> dict[str, bool]:
    """Say what other rules for the order lead to."""

    def ranks(rule: Any) -> list[Any]:
        return [
            {a: {b: float(rule(r[a]) > rule(r[b])) - (rule(r[a]) < rule(r[b])) for b in r} for a in r}
            for r in (first, second)
        ]

    def number(update: int | None) -> float:
        return np.inf if update is None else update

    def same(rule: Any) -> bool:
        one, other = ranks(rule)
        return bool(one == other)

    def sorted_names(runs: Any) -> list[str]:
        return sorted(runs, key=lambda name: np.median([number(u) for u in runs[name]]))

    return {
        "by-mean": same(lambda row: np.mean([number(u) for u in row])),
        "by-best": same(lambda row: min(map(number, row))),
        "by-success": same(lambda row: -sum(u is not None for u in row)),
        "failures-left-out": same(lambda row: np.median([u for u in row if u is not None] or [np.inf])),
        "failures-as-zero": same(lambda row: np.median([u or 0 for u in row])),
        "winner-only": sorted_names(first)[0] == sorted_names(second)[0],
        "order-of-the-dict": list(first) == list(second),
    }


EXERCISES = (
    Exercise(
        chapter="laboratory",
        number=3,
        title=Text("Another rate", "换一个学习率"),
        task=Text(
            'Write more_arms(arms): arms is a list of dicts, each with a "rate". Return a new list: first the arms as they'
            " are, then, in the same order, the same arms with a rate ten times as large.\n"
            "Write curve(solved, budgets): solved is a list with the number of updates after which each run had solved the"
            " task, or None. Return for each budget the share of all runs, between 0 and 1, that had solved it after at most"
            " so many updates.\n"
            "Write same_order(first, second): two dicts with the same networks, each from the name to such a list of an odd"
            " number of runs. A network counts by its median, where a run without success is later than all others. Return"
            " True if every two networks compare in both dicts in the same way (the one sooner, the other sooner, or level),"
            " else False.",
            '写 more_arms(arms)：arms 是字典的列表，每个都有 "rate"。返回新列表：先是原样的各臂，然后按同样的次序，是学习率放大到十倍的'
            "同样的臂。\n"
            "写 curve(solved, budgets)：solved 是列表，是每次运行解决任务时的更新次数，没有解决就是 None。对每个预算，返回全部运行里"
            "至多用这么多次更新就解决了的比例，在 0 和 1 之间。\n"
            "写 same_order(first, second)：两个字典，网络相同，从名字到这样的列表，运行次数是奇数。每个网络看中位数，没有成功的运行"
            "算作比所有别的都晚。如果任何两个网络在两个字典里的先后都一样（这个早，那个早，或者不分先后），返回 True，否则 False。",
        ),
        solution=(more_arms, curve, same_order),
        check=check_rate,
        names={
            "replaced": Text("The old arms are gone. Eight curves need both.", "原来的臂没有了。八条曲线两者都要。"),
            "nothing-new": Text("The new arms have the old rates.", "新的臂还是原来的学习率。"),
            "new-first": Text("The old arms come first.", "原来的臂在前。"),
            "in-turn": Text(
                "Old and new arms alternate; first come all of the old.", "新旧交替了；应当先列出全部旧的。"
            ),
            "same-rate-for-all": Text(
                "All new arms have the same rate. Each should have ten times its own.",
                "新的臂学习率全一样。每个应当是自己的十倍。",
            ),
            "a-tenth": Text(
                "The rate is a tenth; it should be ten times as large.", "学习率成了十分之一；应当是十倍。"
            ),
            "ten-added": Text("Ten is added to the rate; it should be multiplied.", "学习率加了十；应当乘以十。"),
            "both-changed": Text(
                "The old arms have the new rate too: the same dict stands in the list twice. Make copies.",
                "旧的臂也成了新的学习率：同一个字典在列表里出现了两次。要复制。",
            ),
            "gates-only": Text("Only the gated networks have new arms.", "只有带门的网络添了新臂。"),
            "rate-only": Text("The new arms have lost everything but the rate.", "新的臂除了学习率，别的都丢了。"),
            "strictly": Text("A run that needs exactly the budget is within it.", "正好用完预算的运行，也在预算之内。"),
            "of-those-that-solved": Text(
                "This is a share of the runs that succeeded at all. Divide by all runs.",
                "这是在终于成功的运行里的比例。要除以全部运行。",
            ),
            "counted": Text("This is a number of runs, not a share.", "这是运行的个数，不是比例。"),
            "failures-as-zero": Text(
                "A run without success is taken for one that needed no updates.",
                "没有成功的运行被当成了不用更新就成功的。",
            ),
            "not-yet": Text("This is the share that had not solved it.", "这是没有解决的比例。"),
            "not-added-up": Text(
                "This counts those that solved it since the last budget. Whoever was done before counts as well.",
                "这里只数了上一个预算之后解决的。先前解决的也算。",
            ),
            "in-percent": Text("The shares lie between 0 and 1, not in percent.", "比例在 0 和 1 之间，不是百分数。"),
            "by-mean": Text(
                "This order is that of the means. One slow run decides there.",
                "这是平均的名次。在那里，一次慢的运行就能决定。",
            ),
            "by-best": Text("This order is that of the best runs.", "这是最好的那次运行的名次。"),
            "by-success": Text("This order is that of how many runs succeeded.", "这是成功次数的名次。"),
            "failures-left-out": Text(
                "Runs without success are left out. A network that rarely succeeds looks quick then.",
                "没有成功的运行被略去了。这样，很少成功的网络看上去就很快。",
            ),
            "winner-only": Text("Only the first place is compared.", "只比较了第一名。"),
            "order-of-the-dict": Text(
                "The order of the names in the dict does not matter.", "字典里名字的次序无关紧要。"
            ),
        },
        planted=(
            ("replaced", "[dict(arm) for arm in arms] + ", ""),
            ("same-rate-for-all", '10 * arm["rate"]', '10 * arms[0]["rate"]'),
            ("ten-added", '10 * arm["rate"]', '10 + arm["rate"]'),
            ("rate-only", '{**arm, "rate"', '{"rate"'),
            ("strictly", "update <= budget", "update < budget"),
            (
                "of-those-that-solved",
                "update <= budget for update in solved]",
                "update <= budget for update in solved if update is not None]",
            ),
            ("failures-as-zero", "update is not None and update <= budget", "(update or 0) <= budget"),
            ("by-mean", "np.median(", "np.mean("),
            ("by-best", "np.median(", "np.min("),
            (
                "failures-left-out",
                "[np.inf if update is None else update for update in solved]",
                "[update for update in solved if update is not None] or [np.inf]",
            ),
            (
                "winner-only",
                "all(compared(first, a, b) == compared(second, a, b) for a in first for b in first)",
                "min(first, key=lambda a: median(first[a])) == min(second, key=lambda a: median(second[a]))",
            ),
            (
                "changed-argument",
                '[dict(arm) for arm in arms] + [{**arm, "rate": 10 * arm["rate"]} for arm in arms]',
                'list(arms) + [arm.update(rate=10 * arm["rate"]) or arm for arm in arms]',
            ),
        ),
        hints=(
            Text(
                "A run that never solved the task: where does it stand in the order, and in the denominator?",
                "从未解决任务的运行，在名次里排在哪里？在分母里算不算？",
            ),
            Text(
                "Make new dicts, {**arm, …}; a changed dict changes in both places. For the median put np.inf in place of"
                " None. Infinity equals infinity.",
                "要做新的字典 {**arm, …}；改动一个字典，两处都变。取中位数时用 np.inf 代替 None。无穷与无穷相等。",
            ),
            Text(
                "np.mean([u is not None and u <= budget for u in solved]). For each pair compare m[a] > m[b] and m[a] < m[b]"
                " in both dicts; all of it must agree.",
                "np.mean([u is not None and u <= budget for u in solved])。对每一对，在两个字典里都比较 m[a] > m[b] 和 m[a] < m[b]；"
                "要全部一致。",
            ),
        ),
    ),
)
