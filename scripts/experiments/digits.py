"""Spoken digits in English and Mandarin, told from each other in voices that were not there in training.

A speech synthesiser says ten digits in each language with eighteen voices, at four speeds and pitches: 720 words a
language, as cepstra (`_speak` made them, and says how).  Twelve voices are learned, two are for validation, four for
the test.  No paper's number belongs to this: a synthesiser is far more regular than people are.  The rivals are those
of the vowels: normal distributions of frames, and the nearest word after stretching time.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._classify import Spoken, guess

NETS = 5
DIGITS = 10
FIRST = {"learned": 0, "validation": 12, "test": 14}  # of the voices of each part


def load(language: str) -> tuple[Spoken, Spoken, Spoken]:
    """Return what is learned, what is for validation, and the test."""
    with np.load(Path(__file__).with_name("spoken.npz")) as file:
        frames, step, lengths, digit, voice = (
            file[f"{language}_{name}"] for name in ("frames", "step", "length", "digit", "voice")
        )
    sequences = np.split(frames * step.astype(float), np.cumsum(lengths)[:-1])
    part = np.searchsorted(list(FIRST.values()), voice, side="right") - 1

    def those(chosen: Array) -> Spoken:
        return Spoken([sequences[i] for i in np.flatnonzero(chosen)], digit[chosen].astype(int))

    return those(part == 0), those(part == 1), those(part == 2)


def run(seed: int, language: str, model: str, directions: int, hidden: int, updates: int) -> Found:
    """Train five networks, or ask a rival; each gives the share of the test that is right, in percent."""
    data = load(language)
    guesses, took = guess(data, model, directions, hidden, nets=NETS, batch=60, updates=updates, seed=seed)
    classes = data[-1].classes
    heard = np.zeros((NETS, DIGITS, DIGITS), int)
    for k, row in enumerate(guesses):
        np.add.at(heard[k], (classes, row), 1)
    return {"right": 100 * (guesses == classes).mean(axis=1), "heard": heard, **took}


SIZES = {("tanh", 1): 60, ("tanh", 2): 41, ("lstm", 1): 29, ("lstm", 2): 18, ("gru", 1): 33, ("gru", 2): 22}
EXPERIMENT = Experiment(
    run,
    arms=[
        {"language": language, **arm}
        for language in ("en", "cmn")
        for arm in (
            *({"model": m, "directions": d, "hidden": h, "updates": 400} for (m, d), h in SIZES.items()),
            {"model": "gaussians", "directions": 0, "hidden": 0, "updates": 0},
            {"model": "warped", "directions": 0, "hidden": 0, "updates": 0},
        )
    ],
    reduced=[
        {"language": "en", "model": "gru", "directions": 1, "hidden": 33, "updates": 30},
        {"language": "en", "model": "gaussians", "directions": 0, "hidden": 0, "updates": 0},
    ],
    seeds=2,
    nets=NETS,
    chaotic=True,
)


@claim
def above_chance(results: Results) -> Pair:
    """Ask that every network hears more than three words of ten."""
    nets = [run.found["right"] for run in results.runs if run.arm["directions"]]
    return 30, nets


@claim(reduced=False)
def stretching_first(results: Results) -> Pair:
    """Ask that stretching time is better than each kind of network (medians), in both languages."""
    nets = [
        [np.median(results.of("right", language=l, model=m, directions=d)) for m, d in SIZES] for l in ("en", "cmn")
    ]
    return np.max(nets, axis=1), [results.of("right", language=l, model="warped")[0] for l in ("en", "cmn")]


@claim(reduced=False)
def two_directions_help_the_lstm(results: Results) -> Pair:
    """Ask that two directions are better than one for the LSTM, and worse for the GRU (medians), in both languages."""
    right = [
        [np.median(results.of("right", language=l, model=m, directions=d)) for l in ("en", "cmn")]
        for m, d in (("lstm", 1), ("gru", 2), ("lstm", 2), ("gru", 1))
    ]
    return right[:2], right[2:]


@claim(reduced=False)
def order_matters(results: Results) -> Pair:
    """Ask that a GRU is better than the distributions of frames, which know no order (medians), in both languages."""
    frames = [results.of("right", language=l, model="gaussians")[0] for l in ("en", "cmn")]
    return frames, [np.median(results.of("right", language=l, model="gru", directions=1)) for l in ("en", "cmn")]
