"""An experiment that takes as long as it is told and says which process did it."""

import os
import time
from pathlib import Path

import numpy as np

from scripts.experiments import Experiment, Found, Pair, Results, claim


def run(seed: int, size: int, seconds: float, log: str) -> Found:
    """Average some numbers; write into a file when it begins."""
    if log:
        with Path(log).open("a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {size} {seed}\n")
    time.sleep(seconds)
    if size == 13:
        raise ValueError("size: expected anything but 13, got 13")
    return {"mean": float(np.random.default_rng([seed, size]).normal(size=size).mean() ** 2), "never": None}


EXPERIMENT = Experiment(
    run,
    arms=[{"size": size, "seconds": 0.0, "log": ""} for size in (4, 4000)],
    reduced=[{"size": size, "seconds": 0.0, "log": ""} for size in (4, 4000)],
    reduced_seeds=3,
)


@claim
def more_is_nearer(results: Results) -> Pair:
    """The mean of many is nearer to zero."""
    few, *_, many = results.arms("size")
    return np.median(results.of("mean", size=many)), np.median(results.of("mean", size=few))


@claim(reduced=False)
def all_are_small(results: Results) -> Pair:
    """No mean is far from zero."""
    return results.of("mean"), 9.0
