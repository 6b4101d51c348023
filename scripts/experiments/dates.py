"""Dates from English to Chinese: reading everything before writing, with attention and through one fixed vector.

A task of our own, in the place of the word order that Bahdanau, Cho & Bengio 2015 show in their Figure 3: a date in
one of five English forms, letter by letter, becomes a date in Chinese, character by character.  The day of the week
stands first in some of the forms and always last in Chinese; the year stands last and comes first; two digits may
become one character, or three.  Days are drawn from 1900 to 2099.  Those of the test are never seen in training, in
no form.  Beyond these years there is a second test, of the century that follows.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from rnn.metrics import word_error_rate
from rnn.seq2seq import Seq2Seq
from rnn.text import Vocabulary
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments._pairs import Pairs, encoded, model, symbols_of, train, vocabularies, write

# --8<-- [start:forms]
FORMS = (
    "{0:%A}, {0:%B} {0.day}, {0.year}",
    "{0:%a} {0.day} {0:%b} {0.year}",
    "{0.day} {0:%B} {0.year}, {0:%A}",
    "{0:%A}, {0.month}/{0.day}/{0.year}",
    "{0.year}-{0:%m}-{0:%d} ({0:%a})",
)
DIGITS, WEEK = "〇一二三四五六七八九", "一二三四五六日"


def numeral(n: int) -> str:
    """Write a number below 100 in Chinese."""
    tens, ones = divmod(n, 10)
    return (DIGITS[tens] if tens > 1 else "") + ("十" if tens else "") + (DIGITS[ones] if ones else "")


def chinese(day: date) -> str:
    """Write a date in Chinese."""
    year = "".join(DIGITS[int(digit)] for digit in str(day.year))
    return f"{year}年{numeral(day.month)}月{numeral(day.day)}日星期{WEEK[day.weekday()]}"


# --8<-- [end:forms]

FIRST, DAYS, LATER = date(1900, 1, 1), 73049, 36524  # 1900 to 2099, and from there to 2199
SHOWN = date(2090, 3, 18)  # in the first form; in no training part
LONGEST = 20  # characters of Chinese
VALID = 500
BATCH = 64


def english(day: date, form: int) -> str:
    """Write a date in one of the English forms."""
    return FORMS[form].format(day).lower()


def drawn(days: Any, rng: np.random.Generator) -> tuple[list[str], list[str], Any]:
    """Write days, counted from the first, in a random form each and in Chinese; return the forms too."""
    dates = [FIRST + timedelta(days=int(day)) for day in days]
    forms = rng.integers(len(FORMS), size=len(dates))
    return [english(*one) for one in zip(dates, forms, strict=True)], [chinese(day) for day in dates], forms


def translated(net: Seq2Seq, part: Pairs, vocabulary: Vocabulary) -> tuple[list[str], list[str]]:
    """Return the right dates and those that are written."""
    came = write(net, part.sources, LONGEST)
    wanted = [vocabulary.decode(target) for target in part.targets]
    return wanted, ["".join(symbols_of(one, vocabulary)) for one in came]


def exact(wanted: list[str], came: list[str]) -> Any:
    """Tell which dates are written without a mistake."""
    return np.array(wanted) == np.array(came)


def run(seed: int, attends: bool, cells: int, looks: int, every: int, test: int) -> Found:
    """Train on days of two centuries; test on days held out, by form, and on the century after."""
    rng = np.random.default_rng(seed)
    shown = (SHOWN - FIRST).days
    days = np.setdiff1d(rng.permutation(DAYS), [shown], assume_unique=True)
    days = rng.permutation(days)
    used = test + VALID + BATCH * looks * every  # as many for training as there are places in its batches
    parts = [drawn(some, rng) for some in np.split(days[:used], [test, test + VALID])]
    parts.append(drawn(DAYS + rng.choice(LATER, test, replace=False), rng))
    read, wrote = vocabularies(*parts[2][:2])
    tested, valid, training, later = (encoded(*part[:2], read, wrote) for part in parts)
    net = model(cells, len(read), len(wrote), attends=attends, rng=rng)
    curve: list[float] = []

    def look(update: int) -> None:
        curve.append(float(exact(*translated(net, valid, wrote)).mean()))

    train(net, training, size=BATCH, looks=looks, every=every, look=look, rng=rng)
    wanted, came = translated(net, tested, wrote)
    right, forms = exact(wanted, came), parts[0][2]
    written = write(net, [read.encode(english(SHOWN, 0))], LONGEST)[0]
    found: Found = {
        "parameters": sum(value.size for value in net.params.values()),
        "curve": curve,  # of the validation part
        "exact": float(right.mean()),
        "wrong": float(1 - right.mean()),
        "characters": word_error_rate(wanted, came),
        "forms": [float(right[forms == form].mean()) for form in range(len(FORMS))],
        "later": float(exact(*translated(net, later, wrote)).mean()),
        "shown": {"source": english(SHOWN, 0), "target": chinese(SHOWN), "written": symbols_of(written, wrote)},
    }
    if written.weights is not None and seed == 0:
        found["weights"] = written.weights.round(3)
    return found


EXPERIMENT = Experiment(
    run,
    arms=[
        {"attends": attends, "cells": cells, "looks": 20, "every": 40, "test": 1000}
        for attends, cells in ((True, 48), (False, 64))
    ],
    reduced=[
        {"attends": attends, "cells": cells, "looks": 4, "every": 40, "test": 100}
        for attends, cells in ((True, 32), (False, 40))
    ],
    chaotic=True,
)


@claim
def attention_first(results: Results) -> Pair:
    """With attention fewer characters of the held-out dates are wrong than without."""
    return np.median(results.of("characters", attends=True)), np.median(results.of("characters", attends=False))


@claim(reduced=False)
def attention_first_on_whole_dates(results: Results) -> Pair:
    """Every seed with attention has fewer dates with a mistake than the best without."""
    return results.of("wrong", attends=True), results.of("wrong", attends=False).min()


@claim(reduced=False)
def every_held_out_day_is_right(results: Results) -> Pair:
    """With attention no seed has a mistake on a held-out day, in no form."""
    return results.of("wrong", attends=True), 0.0005


@claim(reduced=False)
def most_of_a_new_century_is_wrong(results: Results) -> Pair:
    """With attention or without, every seed has a mistake in most dates of the century after."""
    return results.of("later", attends=True).max(), 0.5


@claim(reduced=False)
def seeds_differ_in_a_new_century(results: Results) -> Pair:
    """With attention the best and the worst seed are further apart there than a fifth of the dates."""
    later = results.of("later", attends=True)
    return 0.2, later.max() - later.min()
