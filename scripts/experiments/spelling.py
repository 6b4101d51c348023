"""From spelling to sound: a pronouncing dictionary as a task of translation.

The data are the CMU Pronouncing Dictionary, as Yao & Zweig 2015 and Rao et al. 2015 used it: letters in, phones out.
The set-up is our own and easier to state than theirs: words of the letters a to z alone, stress left out, the first
pronunciation only, 1,000 words drawn at random for the test and as many for validation, no other text, greedy search.

The rival knows no gradients: letters and phones of the training words are aligned, and a letter is pronounced as it
most often was between the same neighbours; the widest neighbourhood that has occurred decides.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from math import inf, log
from typing import Any

import numpy as np

from rnn.metrics import word_error_rate
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._pairs import encoded, model, symbols_of, train, vocabularies, write
from scripts.experiments.fetch import fetch

Phones = tuple[str, ...]
Words = dict[str, list[Phones]]  # all pronunciations of a word, the first one first

VOWELS = {"AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"}
SHOWN = "knowledge"  # in no training part
HELD = 1000  # words for the test, and as many for validation
LOOKED = 300  # of the validation words at each look
LONGEST = 24  # phones


def dictionary() -> Words:
    """Read the words that are made of letters, with their pronunciations, stress left out."""
    words: Words = {}
    for line in fetch("cmudict").read_text(encoding="utf-8").splitlines():
        word, *phones = line.partition("#")[0].split()
        word = word.partition("(")[0]  # a further pronunciation is called word(2)
        if word.isascii() and word.isalpha():
            words.setdefault(word, []).append(tuple(phone.rstrip("012") for phone in phones))
    return words


def split(words: Words, share: float, rng: np.random.Generator) -> tuple[list[str], list[str], list[str]]:
    """Draw the words of the test, of validation and of training, of which only a share is kept."""
    order = rng.permutation([word for word in words if word != SHOWN]).tolist()
    return order[:HELD], order[HELD : 2 * HELD], order[2 * HELD : 2 * HELD + int(share * len(order))]


# --------------------------------------------------------------------------- the rival

SIDES = (4, 3, 2, 1, 0)  # letters on either side, the widest first
ALIGNED = 2000  # words from which the costs of the alignment are counted
UNSEEN = (4.0, 12.0, 8.0)  # what no, one and two phones cost that a letter has not been seen with


class Neighbours:
    """Pronounce each letter as it most often was between the same neighbours."""

    def __init__(self, words: list[str], sounds: list[Phones]) -> None:
        cost = _costs(words[:ALIGNED], sounds[:ALIGNED])
        seen: dict[tuple[str, str], Counter[Phones]] = defaultdict(Counter)
        for word, phones in zip(words, sounds, strict=True):
            for i, sound in enumerate(_aligned(word, phones, cost)):
                for side in SIDES:
                    seen[_around(word, i, side)][sound] += 1
        self.usual = {place: counts.most_common(1)[0][0] for place, counts in seen.items()}

    def __call__(self, word: str) -> Phones:
        """Pronounce a word."""
        found: list[str] = []
        for i in range(len(word)):
            found += next(self.usual[p] for side in SIDES if (p := _around(word, i, side)) in self.usual)
        return tuple(found)


def _around(word: str, i: int, side: int) -> tuple[str, str]:
    """Return a letter with its neighbours, and where among them it stands."""
    framed = "_" * side + word + "_" * side
    return framed[i : i + side], framed[i + side : i + 2 * side + 1]


def _costs(words: list[str], sounds: list[Phones]) -> dict[tuple[str, Phones], float]:
    """Count what each letter is pronounced as, in alignments that are the better the better the counts are."""
    counts: Counter[tuple[str, Phones]] = Counter()
    for word, phones in zip(words, sounds, strict=True):
        for i, letter in enumerate(word):  # at first: the phones at about the same share of the word
            for k, phone in enumerate(phones):
                counts[letter, (phone,)] += int(abs(k * len(word) - i * len(phones)) <= len(word))
    for _ in range(3):
        of_letter: Counter[str] = Counter()
        for (letter, _), n in counts.items():
            of_letter[letter] += n
        cost = {key: -log(n / of_letter[key[0]]) for key, n in counts.items() if n}
        pairs = zip(words, sounds, strict=True)
        counts = Counter(pair for w, p in pairs for pair in zip(w, _aligned(w, p, cost), strict=False))
    return cost


def _aligned(word: str, phones: Phones, cost: dict[tuple[str, Phones], float]) -> list[Phones]:
    """Cut phones into a piece for each letter, of none, one or two, at the least cost; nothing if there is none."""
    N = len(phones)
    best = [(0.0, ()) if k == 0 else (inf, ()) for k in range(N + 1)]
    for letter in word:
        now: list[tuple[float, Any]] = []
        for k in range(N + 1):
            ways = []
            for size in range(min(2, k) + 1):
                piece = phones[k - size : k]
                total = best[k - size][0] + cost.get((letter, piece), UNSEEN[size])
                ways.append((total, (best[k - size][1], piece)))
            now.append(min(ways, key=lambda way: way[0]))
        best = now
    total, path = best[N]
    pieces: list[Phones] = []
    while path:
        path, piece = path
        pieces.append(piece)
    return pieces[::-1] if total < inf else []


# --------------------------------------------------------------------------- the network


def measured(words: Words, tested: list[str], came: list[Phones]) -> Found:
    """Compare what was written with the dictionary."""
    first = [words[word][0] for word in tested]
    pairs = list(zip(first, came, strict=True))
    lengths = np.array([len(word) for word in tested])
    wrong = np.array([a != b for a, b in pairs])
    return {
        "per": word_error_rate(first, came),
        "wer": float(wrong.mean()),
        "any": float(np.mean([c not in words[word] for word, c in zip(tested, came, strict=True)])),
        "consonants": float(np.mean([_without(a, VOWELS) != _without(b, VOWELS) for a, b in pairs])),
        "vowels": float(np.mean([_only(a, VOWELS) != _only(b, VOWELS) for a, b in pairs])),
        "short": float(wrong[lengths <= 6].mean()),
        "long": float(wrong[lengths >= 9].mean()),
    }


def _without(phones: Phones, some: set[str]) -> list[str]:
    return [phone for phone in phones if phone not in some]


def _only(phones: Phones, some: set[str]) -> list[str]:
    return [phone for phone in phones if phone in some]


def run(seed: int, who: str, cells: int, size: int, looks: int, every: int, share: float) -> Found:
    """Learn the training words, and pronounce the words of the test."""
    rng = np.random.default_rng(seed)
    words = dictionary()
    tested, valid, training = split(words, share, rng)
    if who == "neighbours":
        rival = Neighbours(training, [words[word][0] for word in training])
        said = [" ".join(rival(SHOWN)), " ".join(words[SHOWN][0])]
        return {**measured(words, tested, [rival(word) for word in tested]), "words": len(training), "said": said}
    # --8<-- [start:run]
    read, wrote = vocabularies(training, [words[word][0] for word in training])
    pairs = encoded(training, [words[word][0] for word in training], read, wrote)
    net = model(cells, len(read), len(wrote), attends=who == "attention", rng=rng)

    def spoken(some: list[str]) -> list[Phones]:
        came = write(net, [read.encode(word) for word in some], LONGEST)
        return [tuple(symbols_of(one, wrote)) for one in came]

    curve: list[tuple[int, float, float]] = []

    def look(update: int) -> None:
        now = measured(words, valid[:LOOKED], spoken(valid[:LOOKED]))
        curve.append((update, now["per"], now["wer"]))

    losses = train(net, pairs, size=size, looks=looks, every=every, look=look, rng=rng)
    found = measured(words, tested, spoken(tested))
    # --8<-- [end:run]
    shown = write(net, [read.encode(SHOWN)], LONGEST)[0]
    found["said"] = [" ".join(symbols_of(shown, wrote)), " ".join(words[SHOWN][0])]
    if shown.weights is not None and seed == 0:
        found["weights"] = shown.weights.round(3)
    return {
        **found,
        "words": len(training),
        "epochs": size * looks * every / len(training),
        "parameters": sum(value.size for value in net.params.values()),
        "curve": curve,
        "losses": losses,
    }


NOTHING = {"cells": 0, "size": 0, "looks": 0, "every": 0}
EXPERIMENT = Experiment(
    run,
    arms=[
        {"who": "attention", "cells": 96, "size": 64, "looks": 16, "every": 400, "share": 1.0},
        {"who": "neighbours", **NOTHING, "share": 1.0},
        {"who": "neighbours", **NOTHING, "share": 0.1},
    ],
    reduced=[
        {"who": "attention", "cells": 32, "size": 64, "looks": 2, "every": 40, "share": 0.02},
        {"who": "neighbours", **NOTHING, "share": 0.02},
        {"who": "neighbours", **NOTHING, "share": 0.005},
    ],
    data=("cmudict",),
    chaotic=True,
)


@claim
def more_words_help_the_neighbours(results: Results) -> Pair:
    """With ten times the training words, or four times, the rival gets fewer phones wrong."""
    shares = sorted({run.arm["share"] for run in results.where(who="neighbours")})
    few, many = (results.of("per", who="neighbours", share=share) for share in (shares[0], shares[-1]))
    return np.median(many), np.median(few)


@claim
def consonants_are_easier(results: Results) -> Pair:
    """Of the rival's answers fewer have a wrong consonant than a wrong vowel."""
    share = max(run.arm["share"] for run in results.where(who="neighbours"))
    consonants, vowels = (results.of(kind, who="neighbours", share=share) for kind in ("consonants", "vowels"))
    return np.median(consonants), np.median(vowels)


@claim
def the_network_learns(results: Results) -> Pair:
    """At the last look fewer phones are wrong than at the first."""
    curves = results.of("curve", who="attention")
    return np.median(curves[:, -1, 1]), np.median(curves[:, 0, 1])


@claim(reduced=False)
def consonants_are_easier_for_the_network(results: Results) -> Pair:
    """So it is with the network."""
    return np.median(results.of("consonants", who="attention")), np.median(results.of("vowels", who="attention"))


@claim(reduced=False)
def network_before_neighbours(results: Results) -> Pair:
    """With the whole dictionary and this budget every seed of the network has fewer words wrong than the rival."""
    return results.of("wer", who="attention"), results.of("wer", who="neighbours", share=1.0)


@claim(reduced=False)
def network_first_on_short_words(results: Results) -> Pair:
    """Of the words of at most six letters the network has fewer wrong."""
    return np.median(results.of("short", who="attention")), np.median(results.of("short", who="neighbours", share=1.0))


@claim(reduced=False)
def neighbours_first_on_long_words(results: Results) -> Pair:
    """Of the words of nine letters or more the rival has fewer wrong."""
    return np.median(results.of("long", who="neighbours", share=1.0)), np.median(results.of("long", who="attention"))


@claim(reduced=False)
def length_matters_little_to_neighbours(results: Results) -> Pair:
    """Between short and long words the rival differs less than a quarter of what the network does."""
    short, long = (
        [np.median(results.of(kind, **arm)) for arm in ({"who": "neighbours", "share": 1.0}, {"who": "attention"})]
        for kind in ("short", "long")
    )
    return abs(long[0] - short[0]), abs(long[1] - short[1]) / 4
