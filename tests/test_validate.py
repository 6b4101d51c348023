"""The sentences of the input checks: they name the first number that does not fit, and show what came if short."""

import numpy as np
import pytest

from rnn import validate


@pytest.mark.parametrize(
    ("lengths", "sentence"),
    [
        ([1, 5, 9], "got 9 at index (2,)"),  # 1 and 5 fit: the least and the most
        ([5, 0, 9], "got 0 at index (1,)"),
        ([5, 1, -2], "got -2 at index (2,)"),
    ],
)
def test_the_first_length_that_does_not_fit_is_named(lengths, sentence):
    with pytest.raises(ValueError, match=r"^lengths: expected numbers from 1 to 5, ") as caught:
        validate.lengths(lengths, 5, 3)
    assert str(caught.value).endswith(sentence)
    np.testing.assert_array_equal(validate.lengths([1, 5, 3], 5, 3), [1, 5, 3])


@pytest.mark.parametrize(
    ("indices", "sentence"),
    [([0, 4, 5], "got 5 at index (2,)"), ([4, -1, 9], "got -1 at index (1,)"), ([1, 0, 7], "got 7 at index (2,)")],
)
def test_the_first_index_that_does_not_fit_is_named(indices, sentence):
    with pytest.raises(ValueError, match=r"^targets: expected ") as caught:
        validate.indices("targets", indices, (3,), 5)
    assert sentence in str(caught.value)
    np.testing.assert_array_equal(validate.indices("targets", [0, 4, 2], (3,), 5), [0, 4, 2])


class Wordy:
    """A value that has so many words for itself."""

    def __init__(self, words: str) -> None:
        self.words = words

    def __repr__(self) -> str:
        return self.words


@pytest.mark.parametrize("words", ["x" * 60, "three words only"])
def test_what_is_short_is_shown_in_its_own_words(words):
    assert validate.shown(Wordy(words)) == words


@pytest.mark.parametrize("words", ["x" * 61, "two\nlines", "x" * 61 + "\n"])
def test_what_is_long_is_shown_by_its_kind(words):
    assert validate.shown(Wordy(words)) == "an object of type Wordy"
    assert validate.shown(np.zeros((2, 3))) == "an array of shape (2, 3)"
