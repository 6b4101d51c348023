"""The assignment's own task: train a recurrent network on a sequence made by a formula, and test it on what follows.

`train_rnn_on_sequence` with its defaults: a tanh network of 8 units reads windows of 12 values; the parts are in the
order of time; the weight decay is chosen on the validation part.  Its rivals see the same windows.  Besides the error
one step ahead it is measured how each method fares on its own predictions, from many starts in the test part.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn.data import generate_sequence_data
from rnn.text import windows
from rnn.train import autoregression, fit_autoregression, train_rnn_on_sequence
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim

WINDOW = 12
RIVALS = ("rnn", "persistence", "AR(2)", "AR(12)", "mean")  # in this order stand the numbers of a result
STEPS = (1, 2, 3, 4, 6, 8, 10, 12, 16, 20, 25, 30, 35, 40)  # at which the free run is compared with the truth
KINDS: dict[str, dict[str, Any]] = {  # 2 π / 0.3 is no whole number: no value of the test part occurs in training
    "sine": {"seq_type": "sine", "omega": 0.3},
    "damped": {"seq_type": "damped", "omega": 0.3, "decay": 0.005},
    "noisy": {"seq_type": "noisy", "omega": 0.3, "noise": 0.2},
    "sines": {"seq_type": "sines", "periods": (21.0, 34.1)},
    "raw": {"seq_type": "fibonacci", "form": "raw"},
    "log": {"seq_type": "fibonacci", "form": "log"},
    "ratio": {"seq_type": "fibonacci", "form": "ratio"},
    "modulo3": {"seq_type": "fibonacci", "form": "modulo", "modulus": 3},
    "modulo10": {"seq_type": "fibonacci", "form": "modulo", "modulus": 10},
}


def rms(errors: Array) -> Array:
    """Return the root mean square over the first axis."""
    return np.asarray(np.sqrt(np.mean(errors**2, axis=0)))


def run_on(predict: Callable[[Array], Array], starts: Array, steps: int) -> Array:
    """Continue windows (N, WINDOW) by `steps` values each, every prediction joining the next window."""
    values = starts
    for _ in range(steps):
        values = np.column_stack([values, predict(values[:, -WINDOW:])])
    return np.asarray(values[:, WINDOW:])


def run(seed: int, kind: str, length: int, epochs: int) -> Found:
    """Train and choose as `train_rnn_on_sequence` does, then compare with the rivals; errors are root mean squares."""
    # --8<-- [start:run]
    result = train_rnn_on_sequence(seed=seed, length=length, window=WINDOW, epochs=epochs, **KINDS[kind])
    values = generate_sequence_data(length=length, rng=np.random.default_rng([seed, 0]), **KINDS[kind])
    cut = result.parts["test"][0]  # whatever is fitted is fitted on what comes before
    weights = {order: fit_autoregression(values[:cut], order) for order in (2, WINDOW)}
    rivals: dict[str, Callable[[Array], Array]] = {
        "rnn": result.model.predict,
        "persistence": lambda past: past[:, -1],
        "AR(2)": lambda past: autoregression(weights[2], past),
        "AR(12)": lambda past: autoregression(weights[WINDOW], past),
        "mean": lambda past: np.full(len(past), values[:cut].mean()),
    }
    # --8<-- [end:run]
    past, truth = windows(values, WINDOW)
    there = cut - WINDOW  # the first window whose next value belongs to the test part
    steps = np.array([n for n in STEPS if n <= (length - cut) // 2])
    starts = np.arange(there, len(past) - steps[-1] + 1)
    found: Found = {"decay": result.weight_decay, "spread": values[cut:].std(), "steps": steps.tolist()}
    found |= {"train": [], "test": [], "right": [], "free": [], "path": []}
    for name in RIVALS:
        errors = rivals[name](past) - truth
        found["train"].append(float(rms(errors[:there])))
        found["test"].append(float(rms(errors[there:])))
        found["right"].append(float(np.mean(np.abs(errors[there:]) < 0.5)))  # of whole numbers, after rounding
        free = run_on(rivals[name], past[starts], int(steps[-1]))[:, steps - 1]
        found["free"].append(rms(free - truth[starts[:, np.newaxis] + steps - 1]))
        found["path"].append(run_on(rivals[name], past[there : there + 1], 12)[0])  # the first of the test part
    return found


EXPERIMENT = Experiment(
    run,
    arms=[
        {"kind": kind, "length": 60 if kind in ("raw", "log", "ratio") else 400, "epochs": 500}
        for kind in ("sine", "damped", "noisy", "sines", "raw", "log", "ratio", "modulo3", "modulo10")
    ],
    reduced=[{"kind": kind, "length": length, "epochs": 60} for kind, length in (("sine", 160), ("raw", 60))],
    seeds=8,
    chaotic=True,
)


def error(results: Results, kind: str, rival: str, measured: str = "test") -> Array:
    """Return a rival's error on a kind of sequence, run by run."""
    return np.asarray(results.of(measured, kind=kind)[:, RIVALS.index(rival)])


@claim
def two_weights_are_enough_for_a_sine(results: Results) -> Pair:
    """On a clean sine AR(2) is better than every network, by a factor of a million."""
    return 1e6 * error(results, "sine", "AR(2)"), error(results, "sine", "rnn")


@claim
def raw_fibonacci_is_not_learned(results: Results) -> Pair:
    """On raw Fibonacci numbers every network is worse than repeating the last value."""
    return error(results, "raw", "persistence"), error(results, "raw", "rnn")


@claim
def the_recursion_is_exact(results: Results) -> Pair:
    """AR(2), which is the recursion of the Fibonacci numbers, has almost no error on them."""
    return 1e6 * error(results, "raw", "AR(2)"), error(results, "raw", "mean")


@claim(reduced=False)
def four_numbers_of_a_wave(results: Results) -> Pair:
    """Two waves need four past values: AR(12) is exact on them, AR(2) and the networks are not."""
    exact = 1e6 * error(results, "sines", "AR(12)")
    return [exact, exact], [error(results, "sines", "AR(2)"), error(results, "sines", "rnn")]


@claim(reduced=False)
def noise_needs_a_longer_window(results: Results) -> Pair:
    """With noise the network is clearly better than AR(2), though not better than AR(12) by a tenth."""
    rnn, two, twelve = (np.median(error(results, "noisy", rival)) for rival in ("rnn", "AR(2)", "AR(12)"))
    return [rnn, 0.9 * twelve], [0.8 * two, rnn]


@claim(reduced=False)
def the_logarithm_is_not_enough(results: Results) -> Pair:
    """On the logarithms every network is worse than persistence: they leave the range it has seen."""
    return error(results, "log", "persistence"), error(results, "log", "rnn")


@claim(reduced=False)
def remainders_want_a_network(results: Results) -> Pair:
    """On the remainders modulo 10 the network is far better than any linear formula of the window."""
    return np.median(error(results, "modulo10", "rnn")), np.median(error(results, "modulo10", "AR(12)")) / 3


@claim(reduced=False)
def a_small_step_says_little(results: Results) -> Pair:
    """Forty steps on, the free run through the damped sine is ten times as far off as one step on, and no forecast."""
    free = np.median(results.of("free", kind="damped"), axis=0)
    rnn, mean = free[RIVALS.index("rnn")], free[RIVALS.index("mean")]
    return [10 * rnn[0], 0.6 * mean[-1]], [rnn[-1], rnn[-1]]


@claim(reduced=False)
def two_waves_are_not_learned(results: Results) -> Pair:
    """On two sines every network is behind AR(2) one step ahead, and forty steps on behind the mean."""
    free = np.median(results.of("free", kind="sines"), axis=0)[:, -1]
    behind = [free[RIVALS.index("mean")], free[RIVALS.index("rnn")]]
    return [*error(results, "sines", "AR(2)"), behind[0]], [*error(results, "sines", "rnn"), behind[1]]


@claim(reduced=False)
def remainders_are_lost_alone(results: Results) -> Pair:
    """Left alone on the remainders modulo 10, the network is worse than the mean within forty steps."""
    free = np.median(results.of("free", kind="modulo10"), axis=0)[:, -1]
    return free[RIVALS.index("mean")], free[RIVALS.index("rnn")]
