"""The experiments dates, spelling and sentiment, as far as nothing has to be trained for it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from scripts.experiments import dates, sentiment, spelling
from scripts.experiments._pairs import batch as side_by_side
from scripts.experiments._pairs import encoded, vocabularies


@pytest.mark.parametrize(
    ("day", "form", "english", "chinese"),
    [
        (date(2090, 3, 18), 0, "saturday, march 18, 2090", "二〇九〇年三月十八日星期六"),
        (date(1999, 11, 30), 1, "tue 30 nov 1999", "一九九九年十一月三十日星期二"),
        (date(2000, 2, 29), 2, "29 february 2000, tuesday", "二〇〇〇年二月二十九日星期二"),
        (date(1900, 10, 7), 3, "sunday, 10/7/1900", "一九〇〇年十月七日星期日"),
        (date(2001, 1, 1), 4, "2001-01-01 (mon)", "二〇〇一年一月一日星期一"),
    ],
)
def test_dates_are_written_in_both_languages(day, form, english, chinese):
    assert dates.english(day, form) == english
    assert dates.chinese(day) == chinese


def test_the_days_are_those_of_two_centuries():
    assert (date(2100, 1, 1) - dates.FIRST).days == dates.DAYS
    assert (date(2200, 1, 1) - date(2100, 1, 1)).days == dates.LATER


def test_targets_are_told_one_step_late():
    read, wrote = vocabularies(["ab", "b"], ["XY", "Z"])
    (source, lengths, told), target, ends = side_by_side(encoded(["ab", "b"], ["XY", "Z"], read, wrote), np.arange(2))
    assert [read.decode(source[:n, b]) for b, n in enumerate(lengths)] == ["ab", "b"]
    assert told[0].tolist() == [0, 0]
    np.testing.assert_array_equal(told[1:, 0], target[:-1, 0])
    assert ends.tolist() == [3, 2]
    assert target[1, 1] == 1


def test_letters_and_phones_are_aligned():
    words = ["bat", "tab", "box", "ax", "tot"]
    sounds = [("B", "A", "T"), ("T", "A", "B"), ("B", "O", "K", "S"), ("A", "K", "S"), ("T", "O", "T")]
    cost = spelling._costs(words * 5, sounds * 5)
    assert spelling._aligned("bat", sounds[0], cost) == [("B",), ("A",), ("T",)]
    pieces = spelling._aligned("box", sounds[2], cost)
    assert (len(pieces), sum(pieces, ())) == (3, sounds[2])
    assert spelling._aligned("a", ("A", "B", "A"), cost) == []  # three phones for one letter: no way
    rival = spelling.Neighbours(words * 5, sounds * 5)
    assert [rival(word) for word in words] == sounds
    assert rival("bab") == ("B", "A", "B")


def test_of_equal_texts_one_is_kept_and_none_that_disagree():
    texts = [(("a",), 1), (("a",), 1), (("b",), 1), (("b",), 0), ((), 1)]
    assert sentiment._once(texts) == [(("a",), 1)]


def test_naive_bayes_adds_up_what_the_symbols_say():
    counter = sentiment.Bayes([(("good", "film"), 1), (("bad", "film"), 0)], 1)
    assert counter(("good",)) > 0 > counter(("bad",))
    assert counter(("film", "film")) == pytest.approx(0)
    assert sentiment.pieces(("a", "b"), 2) == [("a",), ("b",), ("a", "b")]


def test_the_mean_leaves_padding_out_and_has_the_right_gradient():
    rng = np.random.default_rng(0)
    outputs, targets, mask = (
        rng.normal(size=(3, 2, 2)),
        np.array([0, 1]),
        np.array([[True, True], [True, False], [True, False]]),
    )
    loss, gradient = sentiment.Mean()(outputs, targets, mask)
    changed = outputs.copy()
    changed[1:, 1] = 100
    assert sentiment.Mean()(changed, targets, mask)[0] == loss
    for place in np.ndindex(outputs.shape):
        step = np.zeros_like(outputs)
        step[place] = 1e-6
        slope = (
            sentiment.Mean()(outputs + step, targets, mask)[0] - sentiment.Mean()(outputs - step, targets, mask)[0]
        ) / 2e-6
        assert gradient[place] == pytest.approx(slope, abs=1e-8)
