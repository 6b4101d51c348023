"""Edits between transcripts, and names that were found, invented or missed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn.metrics import Found, compare_entities, edit_distances, entities, word_error_rate


def distance(reference, guess):
    return int(edit_distances(reference, guess)[-1, -1])


@pytest.mark.parametrize(
    ("reference", "guess", "edits"),
    [("kitten", "sitting", 3), ("", "", 0), ("", "abc", 3), ("abc", "", 3), ("ab", "ba", 2), ("abc", "abc", 0)],
)
def test_edit_distance(reference, guess, edits):
    assert distance(reference, guess) == edits


words = st.text("ab", max_size=6)


@settings(max_examples=60, deadline=None)
@given(words, words, words)
def test_edit_distance_is_a_distance(u, v, w):
    assert distance(u, v) == distance(v, u)
    assert (distance(u, v) == 0) == (u == v)
    assert distance(u, w) <= distance(u, v) + distance(v, w)
    assert abs(len(u) - len(v)) <= distance(u, v) <= max(len(u), len(v))


def test_the_table_has_the_distances_of_all_beginnings():
    D = edit_distances("abca", "bcb")
    assert D.shape == (5, 4)
    assert all(D[i, j] == distance("abca"[:i], "bcb"[:j]) for i in range(5) for j in range(4))


def test_word_error_rate_divides_all_edits_by_all_words():
    references, guesses = [["a"], ["a", "b", "c"]], [["x"], ["a", "b", "c"]]
    assert word_error_rate(references, guesses) == 1 / 4  # the mean of the two rates would be 1/2
    assert word_error_rate([["a"]], [["b", "c", "d"]]) == 3
    with pytest.raises(ValueError, match="guesses: expected 1, as many as references, got 0"):
        word_error_rate([["a"]], [])
    with pytest.raises(ValueError, match="references: expected at least one symbol"):
        word_error_rate([[]], [["a"]])


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O B-PER I-PER O O B-LOC", {("PER", 1, 3), ("LOC", 5, 6)}),
        ("B-PER B-PER", {("PER", 0, 1), ("PER", 1, 2)}),
        ("B-PER I-LOC I-LOC O", {("PER", 0, 1), ("LOC", 1, 3)}),
        ("I-LOC O I-LOC", {("LOC", 0, 1), ("LOC", 2, 3)}),
        ("O O", set()),
        ("", set()),
    ],
)
def test_entities(tags, found):
    assert entities(tags.split()) == found


def test_counts_and_measures():
    truth, guess = ["B-LOC", "I-LOC", "O", "B-PER"], ["B-LOC", "O", "O", "B-PER"]
    found = compare_entities([truth], [guess])
    assert found == Found(right=1, invented=1, missed=1)
    assert (found.precision, found.recall, found.f1) == (0.5, 0.5, 0.5)
    assert Found(0, 0, 0).f1 == Found(0, 0, 3).precision == Found(0, 2, 0).recall == 0
    np.testing.assert_allclose(Found(30, 20, 10).f1, 2 / 3)
    with pytest.raises(ValueError, match="got other lengths"):
        compare_entities([truth], [guess[:-1]])


def test_right_invented_and_missed_are_told_apart():
    truth = [["B-PER", "O", "B-LOC", "O", "B-ORG"], ["B-PER"]]
    guess = [["B-PER", "O", "B-ORG", "O", "O"], ["O"]]
    assert compare_entities(truth, guess) == Found(right=1, invented=1, missed=3)
    assert compare_entities(guess, truth) == Found(right=1, invented=3, missed=1)
    assert compare_entities([["O"]], [["O"]]) == Found(0, 0, 0)


def test_a_single_entity_that_is_found_makes_all_measures_1():
    assert (Found(1, 0, 0).precision, Found(1, 0, 0).recall, Found(1, 0, 0).f1) == (1, 1, 1)
    assert Found(0, 1, 0).precision == Found(0, 0, 1).recall == 0


@pytest.mark.parametrize("tag", ["PER", "B-", "B", "", "E-PER", None, 3])
def test_what_is_no_tag_is_refused(tag):
    with pytest.raises(ValueError, match=r"tags: expected O, B-kind or I-kind, got .* at step 1"):
        entities(["O", tag])


def test_what_is_no_sequence_is_refused():
    with pytest.raises(TypeError, match=r"reference: expected a sequence of symbols.*got NoneType"):
        edit_distances(None, "a")
    with pytest.raises(TypeError, match=r"guesses\[0\]: expected a sequence of symbols.*got int"):
        word_error_rate([["a"]], [3])
    with pytest.raises(TypeError, match="references: expected a list of sequences, got str"):
        word_error_rate("ab", "ac")
    np.testing.assert_array_equal(edit_distances(np.array([1, 2, 3]), [1, 3]), edit_distances("abc", "ac"))


def test_a_kind_may_have_one_letter():
    assert entities(["B-X", "I-X", "B-Y"]) == {("X", 0, 2), ("Y", 2, 3)}
