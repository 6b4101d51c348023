"""Japanese vowels, and which of nine speakers says them: one direction against two, on real speech.

The data of Kudo, Toyama & Shimbo 1999: 640 utterances of 7 to 29 frames with 12 cepstra each; 270 for learning, thirty
of each speaker, 370 for the test.  Of the thirty, the last six are kept for validation.  Sizes are chosen so that all
networks have about 5000 parameters.  The score of an utterance is the mean of the scores of its frames.  The rivals: a
normal distribution of the frames of each speaker, which does not know the order of frames, and the nearest utterance
after stretching time.
"""

from __future__ import annotations

import numpy as np

from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._classify import Spoken, guess
from scripts.experiments.fetch import fetch

NETS = 5
EACH, KEPT = 30, 6  # utterances of each speaker


def load(part: str) -> Spoken:
    """Read one of the two files: an utterance a line, its features parted by colons, the speaker last."""
    lines = fetch(f"vowels_{part}").read_text(encoding="utf-8").split("@data\n")[1].splitlines()
    rows = [line.split(":") for line in lines if line]
    sequences = [np.array([one.split(",") for one in row[:-1]], dtype=float).T for row in rows]
    return Spoken(sequences, np.array([int(row[-1]) - 1 for row in rows]))


def parts() -> tuple[Spoken, Spoken, Spoken]:
    """Return what is learned, what is kept of it for validation, and the test."""
    whole, test = load("train"), load("test")
    place = np.array([np.sum(whole.classes[:i] == k) for i, k in enumerate(whole.classes)])  # among those of a speaker

    def those(chosen: Array) -> Spoken:
        return Spoken([whole.sequences[i] for i in np.flatnonzero(chosen)], whole.classes[chosen])

    return those(place < EACH - KEPT), those(place >= EACH - KEPT), test


def run(seed: int, model: str, directions: int, hidden: int, updates: int) -> Found:
    """Train five networks, or ask a rival; each gives the share of the test that is right, in percent."""
    data = parts()
    guesses, took = guess(data, model, directions, hidden, nets=NETS, batch=54, updates=updates, seed=seed)
    return {"right": 100 * (guesses == data[-1].classes).mean(axis=1), **took}


SIZES = {("tanh", 1): 60, ("tanh", 2): 41, ("lstm", 1): 29, ("lstm", 2): 18, ("gru", 1): 33, ("gru", 2): 22}
EXPERIMENT = Experiment(
    run,
    arms=[
        *({"model": m, "directions": d, "hidden": h, "updates": 600} for (m, d), h in SIZES.items()),
        {"model": "gaussians", "directions": 0, "hidden": 0, "updates": 0},
        {"model": "warped", "directions": 0, "hidden": 0, "updates": 0},
    ],
    reduced=[
        {"model": "gru", "directions": 1, "hidden": 33, "updates": 40},
        {"model": "gru", "directions": 2, "hidden": 22, "updates": 40},
        {"model": "gaussians", "directions": 0, "hidden": 0, "updates": 0},
    ],
    seeds=2,
    nets=NETS,
    data=("vowels_train", "vowels_test"),
    chaotic=True,
)


@claim
def frames_first(results: Results) -> Pair:
    """Ask that the distributions of frames, which know no order, are better than each kind of network (medians)."""
    kinds = {(run.arm["model"], run.arm["directions"]) for run in results.runs if run.arm["directions"]}
    nets = [np.median(results.of("right", model=model, directions=d)) for model, d in sorted(kinds)]
    return nets, np.median(results.of("right", model="gaussians"))


@claim(reduced=False)
def two_directions(results: Results) -> Pair:
    """Ask that with as many parameters two directions are better than one, for each cell (medians)."""
    one, two = (
        [np.median(results.of("right", model=m, directions=d)) for m in ("tanh", "lstm", "gru")] for d in (1, 2)
    )
    return one, two
