"""Where the time of a training step goes: the parts of the limit one by one, and what is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np

from scripts.bench import Case, arrays
from scripts.bench.contenders import Ours
from scripts.bench.limit import Limit, forms
from scripts.bench.report import grid

RATE = 1e-6  # so small that the weights, and so the work, stay as they are
SHORTEST = 0.02  # seconds of a sample
LOOP = ("add", "mul", "sub", "tanh")  # what the loops of `rnn.runs` call beside the products


def measure(case: Case, rounds: int) -> dict[str, float]:
    """Return the seconds of our step and of its parts, medians over rounds in which all take turns.

    The parts are those of the limit in its fastest form. "calls" are what our step calls NumPy for beyond the calls
    of the limit, at the price of a call that has nothing to do; "rest" is what remains: additions, copies, checks, the
    interpreter, and numbers that come from beyond the cache.
    """
    ours = Ours(case, arrays(case), RATE)
    best = min(forms(case), key=lambda form: seconds(form.train))
    tasks = {"step": ours.train, **parts(best), "call": empty()}
    samples = [{name: seconds(task) for name, task in tasks.items()} for _ in range(rounds)]
    found = {name: median(sample[name] for sample in samples) for name in tasks}
    more = max(0, calls(case) - calls_of(best, case))
    found["calls"] = more * found.pop("call")
    found["rest"] = found["step"] - sum(value for name, value in found.items() if name != "step")
    return found


def parts(limit: Limit) -> dict[str, Callable[[], None]]:
    """Return the limit's products, its tanh and its multiplications as three tasks."""
    product = limit.up[0]

    def products() -> None:
        for _ in range(limit.T):
            product(*limit.up[1:])
            limit.down[0](*limit.down[1:])
        for left, right, out in limit.once:
            np.dot(left, right, out)

    def tanh() -> None:
        for _ in range(limit.T):
            for x, y in limit.tanh:
                np.tanh(x, y)

    def multiply() -> None:
        for _ in range(limit.T):
            for some in limit.factors:
                for left, right, out in some:
                    np.multiply(left, right, out)

    return {"products": products, "tanh": tanh, "multiplications": multiply}


def calls_of(limit: Limit, case: Case) -> int:
    """Count the limit's calls of NumPy in a step."""
    return case.size[0] * (2 + len(limit.tanh) + sum(map(len, limit.factors))) + len(limit.once)


def calls(case: Case) -> int:
    """Count what the loops of our step call NumPy for: two products, the RNN's own f, and what has a name there."""
    count = (3 if case.cell == "rnn" else 2) * case.size[0]

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            return function(*args, **options)

        return call

    from rnn import runs

    with ExitStack() as patched:
        for name in LOOP:
            patched.enter_context(patch.object(runs, name, counted(getattr(runs, name))))
        Ours(case, arrays(case), RATE).train()
    return count


def empty() -> Callable[[], None]:
    """Return a call of NumPy on a single number."""
    one = np.ones(1, np.float32)

    def call() -> None:
        np.multiply(one, one, one)

    return call


def seconds(task: Callable[[], None]) -> float:
    """Return the processor's seconds that a task takes, from as many runs as can be measured."""
    task()
    runs, spent = 1, 0.0
    while True:
        begin = time.process_time()
        for _ in range(runs):
            task()
        spent = time.process_time() - begin
        if spent >= SHORTEST:
            return spent / runs
        runs *= 2


def table(found: list[tuple[Case, dict[str, float]]]) -> str:
    """Write each case with its microseconds a step and the shares of the parts."""
    shares = ("products", "tanh", "multiplications", "calls", "rest")
    rows = [
        [case.cell, ", ".join(map(str, case.size)), f"{1e6 * f['step'] / case.size[0]:.1f}"]
        + [f"{f[name] / f['step']:.0%}" for name in shares]
        for case, f in found
    ]
    return grid(["cell", "T, B, D, H", "µs for one t", *shares], rows)
