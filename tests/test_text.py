"""Vocabularies, scaling, cutting and padding: what goes in comes out again, and nothing of the test part leaks."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn import text
from rnn.text import Batches, Scaler, Vocabulary, pad, split, stream_batches, windows

pytestmark = pytest.mark.filterwarnings("error")

POEM = "床前明月光，疑是地上霜。举头望明月，低头思故乡。"


def test_a_vocabulary_is_sorted_and_the_same_for_any_order_of_the_text():
    vocabulary = Vocabulary.from_text("banana")
    assert vocabulary.symbols == ("a", "b", "n")
    assert len(vocabulary) == 3
    np.testing.assert_array_equal(vocabulary.encode("nab"), [2, 0, 1])
    assert vocabulary.encode("nab").dtype == np.intp
    assert Vocabulary.from_text(reversed("banana")).symbols == vocabulary.symbols
    assert Vocabulary("nba").symbols == ("n", "b", "a")  # given symbols keep their order


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=20))
def test_what_is_encoded_is_decoded(string):
    vocabulary = Vocabulary.from_text(string)
    assert vocabulary.decode(vocabulary.encode(string)) == string
    assert list(vocabulary.symbols) == sorted(set(string))
    framed = Vocabulary.from_text(string, pad="<pad>", start="<start>", end="<end>", unknown="<?>")
    assert framed.decode(framed.encode(string, framed=True)) == string


def test_chinese_and_words():
    vocabulary = Vocabulary.from_text(POEM)
    assert vocabulary.decode(vocabulary.encode("明月思")) == "明月思"
    words = Vocabulary(["to", "be", "or"])
    np.testing.assert_array_equal(words.encode(["or", "to"]), [2, 0])
    assert words.decode([1, 1]) == "bebe"


def test_special_symbols_come_first_and_padding_is_zero():
    vocabulary = Vocabulary("xy", unknown="<?>", end="<end>", start="<start>", pad="<pad>")
    assert vocabulary.symbols == ("<pad>", "<start>", "<end>", "<?>", "x", "y")
    np.testing.assert_array_equal(vocabulary.encode("xzy", framed=True), [1, 4, 3, 5, 2])
    np.testing.assert_array_equal(vocabulary.encode("xzy"), [4, 3, 5])
    np.testing.assert_array_equal(Vocabulary("xy", end="<end>").encode("x", framed=True), [1, 0])
    assert vocabulary.decode([1, 4, 3, 5, 2, 0, 0]) == "x<?>y"
    assert (vocabulary.pad, vocabulary.start, vocabulary.end, vocabulary.unknown) == (
        "<pad>",
        "<start>",
        "<end>",
        "<?>",
    )
    np.testing.assert_array_equal(vocabulary.encode("", framed=True), [1, 2])
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode([]) == ""


def test_rare_symbols_are_unknown():
    vocabulary = Vocabulary.from_text("aabbbc", at_least=2, unknown="<?>")
    assert vocabulary.symbols == ("<?>", "a", "b")
    np.testing.assert_array_equal(vocabulary.encode("cab"), [0, 1, 2])


@pytest.mark.parametrize("kind", ["standard", "range"])
@pytest.mark.parametrize("shape", [(50,), (50, 3), (10, 5, 3)])
def test_scaler_brings_training_data_to_the_scale_and_back(kind, shape, rng):
    values = 7 + 3 * rng.normal(size=shape)
    scaler = Scaler(kind).fit(values)
    scaled = scaler.transform(values)
    rows = scaled.reshape(-1, shape[-1] if len(shape) > 1 else 1)
    first, second = (
        (rows.mean(axis=0), rows.std(axis=0)) if kind == "standard" else (rows.min(axis=0), rows.max(axis=0))
    )
    np.testing.assert_allclose(first, 0, atol=1e-14)
    np.testing.assert_allclose(second, 1, rtol=1e-14)
    np.testing.assert_allclose(scaler.inverse(scaled), values, rtol=1e-14)
    later = rng.normal(size=(4, *shape[1:]))
    np.testing.assert_allclose(scaler.transform(later), (later - scaler.shift) / scaler.scale, rtol=1e-14)


def test_scaler_is_fitted_once_and_before_it_is_used(rng):
    scaler = Scaler()
    assert not scaler.fitted
    for use in (scaler.transform, scaler.inverse):
        with pytest.raises(RuntimeError, match=r"^scaler: expected a call of fit first, got none$"):
            use(np.ones(3))
    with pytest.raises(ValueError, match="expected numbers that vary"):
        scaler.fit(np.ones(3))
    with pytest.raises(FloatingPointError, match=r"^scale: expected a finite result"):
        scaler.fit(np.array([1e300, -1e300]))
    assert not scaler.fitted  # what was refused has left no trace
    scaler.fit(np.arange(4.0))
    with pytest.raises(RuntimeError, match=r"^fit: expected a new scaler, got one that has been fitted already$"):
        scaler.fit(np.arange(9.0))
    assert scaler.shift == 1.5
    assert scaler.transform(np.float64(1.5)) == 0


def test_split_keeps_the_order_of_time():
    values = np.arange(20)
    train, validation, test = split(values)
    assert (train.tolist(), validation.tolist(), test.tolist()) == (
        [*range(12)],
        [*range(12, 16)],
        [*range(16, 20)],
    )
    parts = split("abcdefghij", validation=0.3, test=0.1)
    assert parts == ("abcdef", "ghi", "j")
    assert split("abc", validation=0.3, test=0.3) == ("a", "b", "c")
    assert [len(part) for part in split([0] * 100, validation=0.29, test=0.57)] == [14, 29, 57]


def test_windows():
    past, targets = windows(np.arange(6.0), 2)
    np.testing.assert_array_equal(past, [[0, 1], [1, 2], [2, 3], [3, 4]])
    np.testing.assert_array_equal(targets, [2, 3, 4, 5])


def test_there_is_one_implementation_of_windows():
    from rnn import train

    assert train.windows is text.windows


def test_pad_fills_up_and_says_how_long():
    padded, lengths = pad([[1, 2, 3], [4], [5, 6]])
    np.testing.assert_array_equal(padded, [[1, 4, 5], [2, 0, 6], [3, 0, 0]])
    np.testing.assert_array_equal(lengths, [3, 1, 2])
    assert padded.dtype == np.int64
    padded, _ = pad([np.ones((2, 4)), np.full((1, 4), 2.0)], value=-1)
    assert padded.shape == (2, 2, 4)
    np.testing.assert_array_equal(padded[:, 1, 0], [2, -1])


def sequences(rng, count=23, per_sequence=False):
    inputs = [np.column_stack([np.full(t, n), np.arange(t)]) for n, t in enumerate(rng.integers(1, 9, count))]
    return inputs, [n * 10 if per_sequence else x[:, 0] * 100 + x[:, 1] for n, x in enumerate(inputs)]


@pytest.mark.parametrize("bucket", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_an_epoch_has_each_sequence_once(bucket, shuffle, rng):
    inputs, targets = sequences(rng)
    batches = Batches(inputs, targets, 5, shuffle=shuffle, bucket=bucket)
    seen, padding = [], 0
    epoch = list(batches(rng))
    assert len(epoch) == len(batches) == 5
    for x, y, lengths in epoch:
        ends = np.full(x.shape[1], len(x)) if lengths is None else lengths
        assert lengths is None or (lengths.min() < lengths.max() == len(x))
        for b, length in enumerate(ends):
            number = int(x[0, b, 0])
            np.testing.assert_array_equal(x[:length, b], inputs[number])
            np.testing.assert_array_equal(y[:length, b], targets[number])
            assert not x[length:, b].any()
            seen.append(number)
        padding += int((len(x) - ends).sum())
    assert sorted(seen) == list(range(23))
    assert (seen == list(range(23))) == (not shuffle and not bucket)
    assert sorted(x.shape[1] for x, _, _ in epoch) == [3, 5, 5, 5, 5]
    if bucket:
        unsorted = Batches(inputs, targets, 5, shuffle=False)
        assert padding < sum((len(x) - lengths).sum() for x, _, lengths in unsorted() if lengths is not None)
        longest = sorted((len(x) for x, _, _ in epoch), reverse=not shuffle)
        assert shuffle or [len(x) for x, _, _ in epoch] == longest[::-1]


@pytest.mark.parametrize("bucket", [False, True])
def test_the_generator_decides_on_the_order(bucket, rng):
    batches = Batches(*sequences(rng), 4, bucket=bucket)

    def order(seed):
        return [x[0, :, 0].tolist() for x, _, _ in batches(np.random.default_rng(seed))]

    assert order(1) == order(1) != order(2)
    assert set(map(frozenset, order(1))) != set(map(frozenset, order(2)))  # not only the batches move


def test_targets_of_whole_sequences(rng):
    inputs, targets = sequences(rng, per_sequence=True)
    for x, y, _ in Batches(inputs, targets, 4, per_sequence=True)(rng):
        np.testing.assert_array_equal(y, x[0, :, 0] * 10)
    for _, y, _ in Batches(inputs, [np.ones(3)] * 23, 4, per_sequence=True)(rng):
        assert y.shape in {(4, 3), (3, 3)}


@pytest.mark.parametrize(
    ("size", "streams", "seq_len"), [(101, 4, 10), (100, 4, 7), (9, 1, 3), (5, 4, 2), (27, 3, 100)]
)
def test_streams_go_on_where_they_ended(size, streams, seq_len, rng):
    values = np.arange(size)
    epoch = list(stream_batches(values, streams, seq_len)(rng))
    assert all(lengths is None for _, _, lengths in epoch)
    assert all(len(x) == seq_len for x, _, _ in epoch[:-1])
    whole = np.concatenate([x for x, _, _ in epoch])
    np.testing.assert_array_equal(np.concatenate([y for _, y, _ in epoch]), whole + 1)
    np.testing.assert_array_equal(np.diff(whole, axis=0), 1)
    np.testing.assert_array_equal(whole.T.ravel(), values[: whole.size])  # the streams are contiguous
    assert size - streams <= whole.size <= size - 1
    for (x, _, _), (following, _, _) in itertools.pairwise(epoch):
        np.testing.assert_array_equal(following[0], x[-1] + 1)


def test_streams_of_vectors_are_copies(rng):
    values = rng.normal(size=(11, 2))
    batches = stream_batches(values, 2, 5)
    values[:] = 0
    ((x, y, _),) = batches(None)
    assert x.shape == (5, 2, 2)
    x[:] = y[:] = 0
    ((x, _, _),) = batches(None)
    assert x.all()


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: Vocabulary(""), ValueError, "symbols: expected at least one, got none"),
        (lambda: Vocabulary(None), TypeError, "symbols: expected a text or a list of strings, got None"),
        (lambda: Vocabulary("a").encode(7), TypeError, "symbols: expected a text or a list of strings, got 7"),
        (lambda: Scaler(["range"]), ValueError, "kind: expected one of standard, range, got ['range']"),
        (lambda: split(None), TypeError, "values: expected an array or a list, got None"),
        (lambda: windows(np.ones(3), 3), ValueError, "values: expected (T,) with T above 3, got (3,)"),
        (lambda: windows(np.ones((3, 2)), 1), ValueError, "values: expected (T,) with T above 1, got (3, 2)"),
        (lambda: windows(np.ones(3), 0), ValueError, "window: expected a whole number of at least 1, got 0"),
        (lambda: windows(None, 1), TypeError, "values: expected numbers, got NoneType"),
        (lambda: pad("abc"), TypeError, "sequences: expected a list of arrays, got 'abc'"),
        (lambda: pad(3), TypeError, "sequences: expected a list of arrays, got 3"),
        (lambda: pad(["abc"]), TypeError, "sequences[0]: expected numbers, got str"),
        (lambda: pad([[1], [[1], 2]]), ValueError, "sequences[1]: expected one array, got rows of different lengths"),
        (lambda: Batches(None, [], 1), TypeError, "inputs: expected a list of arrays, got None"),
        (lambda: stream_batches(["a", "b"], 1, 1), TypeError, "values: expected numbers, got <U1"),
        (lambda: Vocabulary("aba"), ValueError, "symbols: expected each once, got 'a' again"),
        (lambda: Vocabulary("ab", pad="a"), ValueError, "symbols: expected each once, got 'a' again"),
        (lambda: Vocabulary([1]), TypeError, "symbols: expected strings that are not empty, got 1"),
        (lambda: Vocabulary("a", pad=""), TypeError, "symbols: expected strings that are not empty, got ''"),
        (lambda: Vocabulary.from_text("ab", at_least=2), ValueError, "symbols: expected at least one, got none"),
        (
            lambda: Vocabulary("ab").encode("aXb"),
            ValueError,
            "text: expected one of the 2 known symbols, got 'X' at index 1",
        ),
        (
            lambda: Vocabulary("ab").decode([0, 2]),
            ValueError,
            "numbers: expected numbers from 0 to 1, got 2 at index (1,)",
        ),
        (lambda: Vocabulary("ab").decode([0.0]), TypeError, "numbers: expected whole numbers, got float64"),
        (lambda: Scaler("minmax"), ValueError, "kind: expected one of standard, range, got 'minmax'"),
        (
            lambda: Scaler().fit(np.eye(3)).transform(np.ones((2, 4))),
            ValueError,
            "values: expected (..., 3), got (2, 4)",
        ),
        (
            lambda: Scaler().fit(np.array([[1.0, 2.0], [1.0, 3.0]])),
            ValueError,
            "values: expected numbers that vary, got a feature in which all are the same",
        ),
        (
            lambda: Scaler().fit([1, 2]),
            TypeError,
            "values: expected float64 or float32 numbers, got int64; convert with values.astype(float)",
        ),
        (
            lambda: Scaler().fit(np.array([0.0, 1e-300])).transform(np.array([1e200])),
            FloatingPointError,
            "values: expected a finite result, got inf at index (0,)",
        ),
        (
            lambda: split([1, 2, 3], test=0.1),
            ValueError,
            "values: expected enough for three parts that are not empty, got 3 and these shares",
        ),
        (
            lambda: split([1] * 9, test=0.9),
            ValueError,
            "values: expected enough for three parts that are not empty, got 9 and these shares",
        ),
        (
            lambda: split([1] * 9, validation=0),
            ValueError,
            "values: expected enough for three parts that are not empty, got 9 and these shares",
        ),
        (lambda: split([1] * 9, test=-0.1), ValueError, "test: expected a finite number of at least 0, got -0.1"),
        (lambda: pad([]), ValueError, "sequences: expected at least one, each with a step or more, got 0"),
        (lambda: pad([[1], []]), ValueError, "sequences: expected at least one, each with a step or more, got 2"),
        (
            lambda: pad([np.ones((2, 3)), np.ones((2, 4))]),
            ValueError,
            "sequences: expected the same number of features in all of them, got several",
        ),
        (lambda: Batches([[1]], [[1], [2]], 2), ValueError, "targets: expected 1, as many as inputs, got 2"),
        (
            lambda: Batches([[1], [2]], [[1], [1, 2]], 2),
            ValueError,
            "targets: expected 1 steps as in inputs, got the shape (2,) at index 1",
        ),
        (lambda: Batches([[1]], [[1]], 0), ValueError, "batch_size: expected a whole number of at least 1, got 0"),
        (
            lambda: stream_batches([1, 2], 2, 5),
            ValueError,
            "values: expected more than 2, one for each stream, got (2,)",
        ),
        (lambda: stream_batches([1, 2], 1, 0), ValueError, "seq_len: expected a whole number of at least 1, got 0"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_training_part_without_values_is_refused():
    with pytest.raises(ValueError, match=r"^values: expected enough for three parts that are not empty, got 10"):
        split([1] * 10, validation=0.5, test=0.5)
    assert [len(part) for part in split([1] * 10, validation=0.5, test=0.4)] == [1, 5, 4]


@pytest.mark.parametrize("at_least", [0, -1, 1.5, True, None, "2"])
def test_how_often_a_symbol_must_come_is_a_whole_number(at_least):
    with pytest.raises((TypeError, ValueError), match=r"^at_least: expected "):
        Vocabulary.from_text("aab", at_least=at_least)
