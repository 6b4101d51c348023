"""Models of characters, and how much text they need before they are better than counting.

A GRU reads Shakespeare, or the Three Hundred Tang Poems, and predicts each next character.  The rivals count how often
a character followed the last n ones.  The plays that are learned are Hamlet, Othello and King Lear; Macbeth is kept for
validation (its first part) and for the test.  Of the poems, put into a random order that is the same for all seeds, a
tenth each is kept.  A character that the learned text has only once is unknown there.  No paper's number belongs to
these texts; the samples are in the manner of Karpathy 2015.
"""

from __future__ import annotations

import re

import numpy as np

from rnn.characters import CharacterModel
from rnn.depth import Stacked
from rnn.layers import GRU
from rnn.linear import Embedding, Linear
from rnn.losses import softmax_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.text import Vocabulary, stream_batches
from rnn.validate import Array
from scripts.experiments import Arm, Experiment, Found, Pair, Results, claim
from scripts.experiments.fetch import fetch

LOOKS = 30  # at the validation text, during a long training
STREAMS = 20  # in validation and test
TEMPERATURES = (0.5, 1.0, 1.5)
UNKNOWN = "□"
ORDERS = {"plays": 6, "poems": 3}  # how many characters the longest counted piece has
PIECE = {"plays": 20, "poems": 7}  # a piece of a sample that counts as copied if the learned text has it


def read(text: str, size: int) -> tuple[str, str, str]:
    """Return what is learned, `size` characters of it or all with 0, then validation and test."""
    if text == "plays":
        learned, kept = "".join(_play(name) for name in ("hamlet", "othello", "lear")), _play("macbeth")
        parts = [learned, kept[:20_000], kept[20_000:]]
    else:
        poems = _poems()
        order = np.random.default_rng(0).permutation(len(poems))
        tenth = len(poems) // 10
        cuts = order[2 * tenth :], order[:tenth], order[tenth : 2 * tenth]
        parts = ["".join(poems[i] for i in cut) for cut in cuts]
    return parts[0][: size or None], parts[1], parts[2]


def _play(name: str) -> str:
    whole = fetch(name).read_text(encoding="ascii")
    return re.sub(r"\n{3,}", "\n\n", whole[whole.index("ACT I") :])


def _poems() -> list[str]:
    """Return the poems without titles and authors, a line a verse and an empty line after each poem."""
    plain = re.sub(r"\x1b\[\d*m", "", fetch("tang300").read_text(encoding="utf-8"))
    found = []
    for one in plain.split("\n%"):
        verses = [line.strip() for line in one.strip().splitlines()[2:]]
        if verses:
            found.append("\n".join(verses) + "\n\n")
    return found


# --8<-- [start:counted]
def counted(learned: Array, text: Array, orders: int, V: int, strength: list[float]) -> Array:
    """Return -log p of each symbol of a text for n = 1 … orders, (orders, T): from counts of pieces of n symbols.

    Where the counts say little, the shorter piece is asked: p = (count + a p_shorter) / (count of the context + a).
    """
    p, found = np.full(len(text) - orders + 1, 1 / V), []
    for n, a in zip(range(1, orders + 1), strength, strict=True):
        whole, context = _counts(learned, text, n, V), _counts(learned[:-1], text[:-1], n - 1, V)
        whole, context = whole[orders - n :], context[orders - n :]
        p = (whole + a * p) / (context + a)
        found.append(-np.log(p))
    return np.array(found)


# --8<-- [end:counted]


def _counts(learned: Array, text: Array, n: int, V: int) -> Array:
    """Return how often each piece of n symbols of a text stands in what is learned, one for each end of a piece."""
    if n == 0:
        return np.full(len(text) + 1, float(len(learned) + 1))
    there, here = (np.lib.stride_tricks.sliding_window_view(one, n) @ V ** np.arange(n) for one in (learned, text))
    keys, counts = np.unique(there, return_counts=True)
    at = np.minimum(np.searchsorted(keys, here), len(keys) - 1)
    return np.where(keys[at] == here, counts[at], 0).astype(float)


def rivals(learned: Array, validation: Array, test: Array, orders: int, V: int) -> list[list[float]]:
    """Return the loss of counting on the last two for n = 1 … orders, each strength chosen on the first of them."""
    strength: list[float] = []
    for n in range(1, orders + 1):
        tried = [1e-2, 1e-1, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0]
        losses = [counted(learned, validation, n, V, [*strength, a])[-1].mean() for a in tried]
        strength.append(tried[int(np.argmin(losses))])
    return [counted(learned, part, orders, V, strength).mean(axis=1).tolist() for part in (validation, test)]


def loss_on(net: Stacked, numbers: Array) -> float:
    """Return the mean -log p of the symbols of a text, read in a few streams."""
    losses, weights, state = [], [], None
    for inputs, targets, _ in stream_batches(numbers, STREAMS, 500)(None):
        scores, state = net.forward(inputs, state)
        losses.append(softmax_cross_entropy(scores, targets)[0])
        weights.append(len(inputs))
    return float(np.average(losses, weights=weights))


def run(seed: int, text: str, size: int, hidden: int, batch: int, steps: int, updates: int) -> Found:
    """Train, look at the validation text at times, and judge the best moment on the test."""
    rng = np.random.default_rng(seed)
    parts = read(text, size)
    vocabulary = Vocabulary.from_text(parts[0], at_least=2, unknown=UNKNOWN)
    learned, validation, test = (vocabulary.encode(part) for part in parts)
    V = len(vocabulary)
    net = Stacked(
        [
            Embedding(V, hidden, rng=rng, dtype=np.float32),
            GRU(hidden, hidden, rng=rng, dtype=np.float32),
            Linear(hidden, V, rng=rng, dtype=np.float32),
        ]
    )
    optimizer, batches = Adam(3e-3), stream_batches(learned, batch, steps)
    a_reading = sum(1 for _ in batches(None))
    look, on_learned, on_validation = max(updates // LOOKS, 10), [], []
    best: dict[str, Array] = {}
    # --8<-- [start:run]
    for update in range(updates + 1):
        if update % look == 0:
            on_learned.append(loss_on(net, learned[: len(validation)]))
            on_validation.append(loss_on(net, validation))
            if on_validation[-1] == min(on_validation):
                best = {name: value.copy() for name, value in net.params.items()}
        if update % a_reading == 0:  # the text has been read: from the beginning
            state, stream = None, batches(None)
        inputs, targets, _ = next(stream)
        scores, state = net.forward(inputs, state)
        _, d_scores = softmax_cross_entropy(scores, targets)
        net.backward(d_scores)
        grads, _ = clip_by_norm(net.grads, 1.0)
        optimizer.update(net.params, grads)
    # --8<-- [end:run]
    on_kept, counts = rivals(learned, validation, test, ORDERS[text], V)
    found = {
        "sizes": {"learned": len(learned), "validation": len(validation), "test": len(test), "symbols": V},
        "unknown": float(np.mean(test == 0)),
        "curve": {"update": list(range(0, updates + 1, look)), "learned": on_learned, "validation": on_validation},
        "best": look * int(np.argmin(on_validation)),
        "counted": counts,
        "counted_validation": on_kept,
        "last": loss_on(net, test),
        "last_written": written(net, vocabulary, parts[0], text, seed),
    }
    for name, value in best.items():
        net.params[name][...] = value
    kept = loss_on(net, test)
    return {**found, "kept": kept, "kept_written": written(net, vocabulary, parts[0], text, seed)}


def written(net: Stacked, vocabulary: Vocabulary, learned: str, text: str, seed: int) -> Found:
    """Let the network write at three temperatures; say what is copied, and how many words are words."""
    net.params["2.b"][0] -= 1e6  # what is unknown cannot be written
    model, n = CharacterModel(net, vocabulary, learned[0]), PIECE[text]
    words = set(re.findall(r"[A-Za-z']+", learned))
    begin, samples, copied, known = "\n\n" if text == "plays" else "。\n\n", [], [], []
    for temperature in TEMPERATURES:
        length = 1500 if text == "plays" else 500
        came = model.generate(length, start=begin, temperature=temperature, rng=np.random.default_rng([seed, 1]))
        pieces = [came[i : i + n] for i in range(len(came) - n + 1)]
        copied.append(float(np.mean([piece in learned for piece in pieces])))
        said = re.findall(r"[A-Za-z']+", came)[:-1]
        known.append(float(np.mean([word in words for word in said])) if said else None)
        samples.append(came[:160] if text == "plays" else came[:64])
    return {"samples": samples, "copied": copied, "known": known}


EXPERIMENT = Experiment(
    run,
    arms=[
        {"text": "plays", "size": 0, "hidden": 128, "batch": 32, "steps": 50, "updates": 1500},
        {"text": "plays", "size": 20_000, "hidden": 128, "batch": 16, "steps": 50, "updates": 900},
        {"text": "poems", "size": 0, "hidden": 128, "batch": 16, "steps": 50, "updates": 900},
    ],
    reduced=[
        {"text": "plays", "size": 20_000, "hidden": 32, "batch": 16, "steps": 50, "updates": 150},
        {"text": "poems", "size": 6_000, "hidden": 32, "batch": 16, "steps": 25, "updates": 90},
    ],
    data=("hamlet", "othello", "lear", "macbeth", "tang300"),
    chaotic=True,
)


ARMS: dict[str, Arm] = {
    "all": {"text": "plays", "size": 0},
    "short": {"text": "plays", "size": 20_000},
    "poems": {"text": "poems"},
}


@claim
def before_single_characters(results: Results) -> Pair:
    """Ask that at its best the network is better than counting single characters, in every run."""
    return results.of("kept"), [run.found["counted"][0] for run in results.runs]


@claim(reduced=False)
def before_pairs(results: Results) -> Pair:
    """Ask that it is better than counting pairs, on each of the texts (medians)."""
    kept = [np.median(results.of("kept", **arm)) for arm in ARMS.values()]
    return kept, [results.of("counted", **arm)[0, 1] for arm in ARMS.values()]


@claim(reduced=False)
def before_longer_pieces(results: Results) -> Pair:
    """With all three plays it is better than counts of six characters, too."""
    return np.median(results.of("kept", **ARMS["all"])), results.of("counted", **ARMS["all"])[0, -1]


@claim(reduced=False)
def counts_come_most_of_the_way(results: Results) -> Pair:
    """From pairs to the network, longer counts make more than half of the way."""
    _, pairs, *_, longest = results.of("counted", **ARMS["all"])[0]
    return longest, (pairs + np.median(results.of("kept", **ARMS["all"]))) / 2


@claim(reduced=False)
def short_texts_overfit(results: Results) -> Pair:
    """On the short texts the network ends worse than counting pairs, in every run, and worse than at its best."""
    short, poems = (results.where(**ARMS[name]) for name in ("short", "poems"))
    return [run.found["counted"][1] for run in (*short, *poems)], [run.found["last"] for run in (*short, *poems)]


@claim(reduced=False)
def much_text_does_not(results: Results) -> Pair:
    """With all plays the end is not a fiftieth worse than the best moment."""
    return results.of("last", **ARMS["all"]), 1.02 * results.of("kept", **ARMS["all"])


@claim(reduced=False)
def words_by_temperature(results: Results) -> Pair:
    """Ask that at a lower temperature more of the words are words of the plays (medians)."""
    known = np.median([run.found["kept_written"]["known"] for run in results.where(**ARMS["all"])], axis=0)
    return known[1:], known[:-1]


@claim(reduced=False)
def little_ahead_on_short_texts(results: Results) -> Pair:
    """Ask that on the short texts the network at its best leads the best counts, by less than a fifth (medians)."""
    kept = np.array([np.median(results.of("kept", **ARMS[name])) for name in ("short", "poems")])
    counts = np.array([min(results.of("counted", **ARMS[name])[0]) for name in ("short", "poems")])
    return [*kept, *counts], [*counts, *(kept + np.log(1.2))]


@claim(reduced=False)
def poems_are_copied(results: Results) -> Pair:
    """Ask that at the lowest temperature the network that was trained to the end copies more of the poems (medians)."""
    runs = results.where(**ARMS["poems"])
    kept, last = ([run.found[f"{when}_written"]["copied"][0] for run in runs] for when in ("kept", "last"))
    return np.median(kept), np.median(last)
