"""Losses: against their definitions over scalars, sums over all paths, complex steps and central differences."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn.gradcheck import central_difference, complex_step
from rnn.losses import (
    LastStep,
    binary_cross_entropy,
    ctc,
    length_mask,
    mse,
    perplexity,
    softmax_cross_entropy,
)

pytestmark = pytest.mark.filterwarnings("error")

KINDS = [mse, softmax_cross_entropy, binary_cross_entropy]


def targets_for(loss, shape, rng):
    if loss is softmax_cross_entropy:
        return rng.integers(0, shape[-1], size=shape[:-1])
    return rng.normal(size=shape) if loss is mse else rng.uniform(size=shape)


def one_step(loss, y, wanted):
    """Return the loss of a single step, written over scalars."""
    if loss is mse:
        return sum((a - b) ** 2 for a, b in zip(y, wanted, strict=True)) / len(y)
    if loss is softmax_cross_entropy:
        return -math.log(math.exp(y[wanted]) / sum(math.exp(a) for a in y))
    p = [1 / (1 + math.exp(-a)) for a in y]
    return -sum(t * math.log(q) + (1 - t) * math.log(1 - q) for q, t in zip(p, wanted, strict=True))


@pytest.mark.parametrize("loss", KINDS)
@pytest.mark.parametrize("shape", [(4, 3, 5), (3, 2), (1, 1), (2, 3, 4, 2)])
@pytest.mark.parametrize("masked", [False, True])
def test_the_definition_over_scalars(loss, shape, masked, rng):
    outputs, targets = rng.normal(size=shape), targets_for(loss, shape, rng)
    mask = rng.uniform(size=shape[:-1]) < 0.6 if masked else np.ones(shape[:-1], bool)
    mask.flat[0] = True
    places = [i for i in np.ndindex(mask.shape) if mask[i]]
    expected = sum(one_step(loss, outputs[i], targets[i]) for i in places) / len(places)
    came, d_outputs = loss(outputs, targets, mask if masked else None)
    assert type(came) is float
    assert came == pytest.approx(expected, rel=1e-13)
    assert not d_outputs[~mask].any()
    assert (d_outputs[mask] != 0).any() or loss is softmax_cross_entropy  # of one class nothing can change


@pytest.mark.parametrize("loss", KINDS)
@settings(max_examples=15, deadline=None)
@given(*[st.integers(1, 4)] * 3, st.floats(-2, 2), st.booleans(), st.integers(0, 10**6))
def test_gradients_agree_with_complex_steps(loss, T, B, O, exponent, masked, seed):
    rng = np.random.default_rng(seed)
    outputs, targets = 10**exponent * rng.normal(size=(T, B, O)), targets_for(loss, (T, B, O), rng)
    mask = length_mask(rng.integers(1, T + 1, size=B), T) if masked else None
    _, d_outputs = loss(outputs, targets, mask)
    expected = complex_step(lambda value: loss(value, targets, mask)[0], outputs)
    np.testing.assert_allclose(d_outputs, expected, rtol=1e-12, atol=1e-13 * max(1, np.abs(expected).max()))
    assert loss(outputs + 0j, targets, mask)[1].dtype == np.complex128


@pytest.mark.parametrize("loss", KINDS)
def test_each_seed_has_a_mean_of_its_own(loss, rng):
    T, K, B, O = 4, 3, 2, 5
    outputs, targets = rng.normal(size=(T, K, B, O)), targets_for(loss, (T, K, B, O), rng)
    mask = length_mask(rng.integers(1, T + 1, size=(K, B)), T)
    losses, d_outputs = loss(outputs, targets, mask, seeds=True)
    assert losses.shape == (K,)
    for k in range(K):
        alone, d_alone = loss(outputs[:, k], targets[:, k], mask[:, k])
        assert losses[k] == pytest.approx(alone)
        np.testing.assert_allclose(d_outputs[:, k], d_alone, rtol=1e-13, atol=1e-16)
    last, d_last = loss(outputs[-1], targets[-1], seeds=True)
    assert last.shape == (K,)
    np.testing.assert_allclose(d_last[1], loss(outputs[-1, 1], targets[-1, 1])[1], rtol=1e-13)
    with pytest.raises(ValueError, match=r": expected at least 3 axes, got the shape \(2, 5\)$"):
        loss(outputs[0, 0], targets[0, 0], seeds=True)
    mask[:, 1] = False
    with pytest.raises(ValueError, match=r"^mask: expected at least one step that counts, got none$"):
        loss(outputs, targets, mask, seeds=True)


@pytest.mark.parametrize("loss", KINDS)
def test_what_is_masked_has_no_effect_at_all(loss, rng):
    outputs, targets = rng.normal(size=(4, 3, 5)), targets_for(loss, (4, 3, 5), rng)
    mask = length_mask([2, 4, 1], 4)
    expected, d_expected = loss(outputs, targets, mask)
    for value in (-1, 99) if loss is softmax_cross_entropy else (np.nan, np.inf):
        other = np.where(mask if targets.ndim == 2 else mask[..., None], targets, value)
        came, d_came = loss(np.where(mask[..., None], outputs, 7), other, mask)
        assert came == expected
        np.testing.assert_array_equal(d_came, d_expected)
    parts = [loss(outputs[:n, b : b + 1], targets[:n, b : b + 1])[0] for b, n in enumerate((2, 4, 1))]
    assert expected == pytest.approx(np.average(parts, weights=[2, 4, 1]))


@pytest.mark.parametrize("loss", KINDS)
def test_arguments_stay_as_they_are_and_single_stays_single(loss, rng):
    outputs, targets = rng.normal(size=(4, 3, 5)), targets_for(loss, (4, 3, 5), rng)
    given = outputs.copy(), targets.copy()
    expected, d_expected = loss(outputs, targets)
    np.testing.assert_array_equal(outputs, given[0])
    np.testing.assert_array_equal(targets, given[1])
    outputs.flags.writeable = False
    came, d_outputs = loss(outputs.astype(np.float32)[:, ::-1], targets[:, ::-1])
    assert type(came) is float
    assert came == pytest.approx(expected, rel=1e-5)
    assert d_outputs.dtype == np.float32
    np.testing.assert_allclose(d_outputs[:, ::-1], d_expected, rtol=1e-4, atol=1e-7)
    assert loss(outputs.tolist(), targets.tolist())[0] == expected


def test_extreme_scores_neither_overflow_nor_warn():
    for big in (1e3, 1e300):
        scores = np.array([[big, 0.0, -big]])
        assert softmax_cross_entropy(scores, [0])[0] == 0
        assert softmax_cross_entropy(scores, [1])[0] == big
        np.testing.assert_array_equal(softmax_cross_entropy(scores, [1])[1], [[1, -1, 0]])
        came, d_scores = binary_cross_entropy(np.array([[big, -big, big, -big]]), np.array([[1.0, 0, 0, 1]]))
        assert came == 2 * big
        np.testing.assert_array_equal(d_scores, [[0, 0, 1, -1]])
    tiny = binary_cross_entropy(np.array([[40.0]]), np.array([[1.0]]))
    assert tiny[0] == pytest.approx(math.exp(-40), rel=1e-13, abs=0)
    assert binary_cross_entropy(np.array([[-40.0]]), np.array([[0.0]]))[0] == pytest.approx(math.exp(-40), abs=0)
    for loss, wanted in ((softmax_cross_entropy, [2]), (mse, np.zeros((1, 3)))):
        with pytest.raises(FloatingPointError, match=r"^loss: expected a finite result, got inf at index \(\)$"):
            loss(np.array([[1.7e308, 0.0, -1.7e308]]), wanted)


X = np.ones((4, 3, 2))


@pytest.mark.parametrize("loss", KINDS)
@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"outputs": X * np.nan}, ValueError, "{}: expected finite numbers, got nan at index (0, 0, 0)"),
        ({"outputs": X.astype(int)}, TypeError, "{}: expected float64, float32 or complex128 numbers, got int64"),
        ({"outputs": X.astype(np.float16)}, TypeError, "{}: expected float64, float32 or complex128 numbers, got flo"),
        ({"outputs": X[0, 0]}, ValueError, "{}: expected at least 2 axes, got the shape (2,)"),
        ({"outputs": X[:0]}, ValueError, "{}: expected at least one number, got the shape (0, 3, 2)"),
        ({"outputs": None}, TypeError, "{}: expected float64, float32 or complex128 numbers, got NoneType"),
        ({"outputs": [[1.0], [1.0, 2.0]]}, ValueError, "{}: expected one array, got rows of different lengths"),
        ({"targets": np.ones((4, 1, 2))}, (TypeError, ValueError), "targets: expected"),
        ({"targets": "a"}, (TypeError, ValueError), "targets: expected"),
        ({"targets": [[1], [1, 2]]}, ValueError, "targets: expected one array, got rows of different lengths"),
        ({"mask": np.zeros((4, 3), bool)}, ValueError, "mask: expected at least one step that counts, got none"),
        ({"mask": np.ones((4, 3))}, TypeError, "mask: expected booleans, got float64"),
        ({"mask": 1}, TypeError, "mask: expected booleans, got int"),
        ({"mask": np.ones(3, bool)}, ValueError, "mask: expected (4, 3), got (3,)"),
        ({"mask": [[True], []]}, ValueError, "mask: expected one array, got rows of different lengths"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(loss, change, error, sentence, rng):
    arguments = {"outputs": X, "targets": targets_for(loss, X.shape, rng), "mask": None, **change}
    with pytest.raises(error) as caught:
        loss(*arguments.values())
    assert str(caught.value).startswith(sentence.format("outputs" if loss is mse else "scores"))
    assert "\n" not in str(caught.value)


def test_targets_out_of_range_are_refused():
    with pytest.raises(ValueError, match=r"^targets: expected numbers from 0 to 1, got 0 to 1.5$"):
        binary_cross_entropy(X[0, :1], np.array([[0, 1.5]]))
    with pytest.raises(ValueError, match=r"^targets: expected numbers from 0 to 1, got -0.1 to 0$"):
        binary_cross_entropy(X[0, :1], np.array([[0, -0.1]]))
    with pytest.raises(ValueError, match=r"^targets: expected numbers from 0 to 1, got 2 at index \(0,\)$"):
        softmax_cross_entropy(X[0, :1], [2])
    with pytest.raises(ValueError, match=r"^targets: expected finite numbers, got nan at index \(0, 1\)$"):
        mse(X[0, :1], np.array([[0, np.nan]]))


def test_the_last_step_of_each_sequence(rng):
    outputs, targets = rng.normal(size=(4, 3, 5)), rng.integers(0, 5, size=3)
    lengths = np.array([2, 4, 1])
    loss = LastStep(softmax_cross_entropy)
    assert loss.per_sequence
    came, d_outputs = loss(outputs, targets, length_mask(lengths, 4))
    expected, d_last = softmax_cross_entropy(outputs[lengths - 1, range(3)], targets)
    assert came == expected
    np.testing.assert_array_equal(d_outputs[lengths - 1, range(3)], d_last)
    assert np.count_nonzero(d_outputs) == 15
    np.testing.assert_array_equal(loss(outputs, targets)[1][:3], 0)
    assert loss(outputs, targets)[0] == softmax_cross_entropy(outputs[-1], targets)[0]
    several = LastStep(lambda scores, wanted: softmax_cross_entropy(scores, wanted, seeds=True))
    wide, wanted = rng.normal(size=(4, 2, 3, 5)), rng.integers(0, 5, size=(2, 3))
    ends = np.array([[2, 4, 1], [3, 3, 4]])
    losses, d_wide = several(wide, wanted, length_mask(ends, 4))
    for k in range(2):
        assert losses[k] == pytest.approx(loss(wide[:, k], wanted[k], length_mask(ends[k], 4))[0])
    np.testing.assert_allclose(d_wide, complex_step(lambda v: several(v, wanted, length_mask(ends, 4))[0].sum(), wide))
    gap = np.ones((4, 3), bool)
    for t in (0, 2):
        gap[...] = True
        gap[t, 1] = False
        with pytest.raises(
            ValueError, match=r"^mask: expected True from each sequence's first step to its last, got a"
        ):
            loss(outputs, targets, gap)
    with pytest.raises(ValueError, match=r"^outputs: expected at least 3 axes, got the shape \(3, 5\)$"):
        loss(outputs[0], targets)
    with pytest.raises(TypeError, match=r"^loss: expected a function, got str$"):
        LastStep("mse")


# Connectionist temporal classification


def spelt(path, blank):
    return [k for k, _ in itertools.groupby(path) if k != blank]


def by_enumeration(scores, labels, blank=0):
    """Return p(labels): the sum over every path there is that spells them."""
    p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    paths = itertools.product(range(scores.shape[1]), repeat=len(scores))
    return math.fsum(math.prod(p[t, k] for t, k in enumerate(path)) for path in paths if spelt(path, blank) == labels)


@pytest.mark.parametrize("blank", [0, 1, 2])
@pytest.mark.parametrize("kind", [[], [0], [0, 1], [0, 0], [1, 0, 1], [1, 1, 0]])
@pytest.mark.parametrize("T", [1, 2, 3, 5])
def test_ctc_is_the_sum_over_all_paths(blank, kind, T, rng):
    symbols = [k for k in range(3) if k != blank]
    labels = [symbols[k] for k in kind]
    scores = 2 * rng.normal(size=(T, 1, 3))
    needed = len(kind) + sum(a == b for a, b in itertools.pairwise(kind))
    row = np.array([[*labels, symbols[0]]])  # what stands beyond the target's length does not count
    if needed > T:
        assert by_enumeration(scores[:, 0], labels, blank) == 0
        with pytest.raises(
            ValueError, match=rf"^targets\[0\]: expected labels for {T} steps, got some that need {needed}"
        ):
            ctc(scores, row, target_lengths=[len(kind)], blank=blank)
        return
    loss, d_scores = ctc(scores, row, target_lengths=[len(kind)], blank=blank)
    assert type(loss) is float
    assert loss == pytest.approx(-math.log(by_enumeration(scores[:, 0], labels, blank)), rel=1e-12)
    numerical = central_difference(lambda s: -math.log(by_enumeration(s[:, 0], labels, blank)), scores)
    np.testing.assert_allclose(d_scores, numerical, atol=1e-8)


def test_ctc_of_a_batch_is_the_mean_over_its_rows(rng):
    T, B, V = 9, 4, 5
    scores = rng.normal(size=(T, B, V))
    targets = np.array([[1, 2, 3, 4], [2, 2, 1, 1], [4, 1, 1, 0], [3, 0, 0, 0]])
    lengths, target_lengths = np.array([9, 7, 4, 1]), np.array([4, 4, 2, 1])
    loss, d_scores = ctc(scores, targets, lengths, target_lengths)
    alone = []
    for b in range(B):
        n, s = lengths[b], target_lengths[b]
        one, d_one = ctc(scores[:n, b : b + 1], targets[b : b + 1, :s])
        alone.append(one)
        np.testing.assert_allclose(d_scores[:n, b], d_one[:, 0] / B, rtol=1e-12, atol=1e-15)
        assert not d_scores[n:, b].any()
    assert loss == pytest.approx(np.mean(alone), rel=1e-13)
    np.testing.assert_allclose(d_scores.sum(axis=-1), 0, atol=1e-15)  # shifting all scores changes nothing
    scores[7:, 1] = 1e5  # beyond the end
    assert ctc(scores, targets, lengths, target_lengths)[0] == loss


def test_ctc_gradients_agree_with_complex_steps(rng):
    scores = rng.normal(size=(6, 2, 4))
    targets, lengths, target_lengths = np.array([[1, 1, 3], [2, 3, 3]]), [6, 4], [3, 2]

    def loss(value):
        return ctc(value, targets, lengths, target_lengths)[0]

    came = ctc(scores, targets, lengths, target_lengths)[1]
    np.testing.assert_allclose(came, complex_step(loss, scores), rtol=1e-12, atol=1e-15)
    single, d_single = ctc(scores.astype(np.float32), targets, lengths, target_lengths)
    assert single == pytest.approx(loss(scores), rel=1e-6)
    assert d_single.dtype == np.float32


def test_ctc_of_a_long_sequence_and_of_extreme_scores(rng):
    # With equal scores every path is equally likely: count those that spell one label in T steps, T (T + 1) / 2.
    T = 2000
    loss, d_scores = ctc(np.zeros((T, 1, 4)), [[2]])
    assert loss == pytest.approx(T * math.log(4) - math.log(T * (T + 1) / 2), rel=1e-12)
    assert np.isfinite(d_scores).all()
    sure = np.full((3, 1, 3), -1e5)
    sure[[0, 1, 2], 0, [1, 0, 1]] = 1e5
    loss, d_scores = ctc(sure, [[1, 1]])
    assert loss == 0
    assert not d_scores.any()
    assert ctc(sure, [[2]])[0] == pytest.approx(4e5 - math.log(2), rel=1e-14)  # the label first or last
    with pytest.raises(FloatingPointError, match=r"^loss: expected labels of a probability above 0, got scores that"):
        ctc(sure * 1e303, [[2, 2]])
    assert ctc(sure * 1e303, [[1, 1]])[0] == 0


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"scores": X[0]}, ValueError, "scores: expected (seq_len, batch, symbols) with"),
        ({"scores": X * np.inf}, ValueError, "scores: expected finite numbers, got inf at index (0, 0, 0)"),
        ({"targets": np.ones(3, int)}, ValueError, "targets: expected (3, labels) with labels at least 1, got (3,)"),
        ({"targets": np.ones((3, 1))}, TypeError, "targets: expected whole numbers, got float64"),
        ({"targets": np.full((3, 1), 2)}, ValueError, "targets: expected numbers from 0 to 1, got 2 at index (0, 0)"),
        ({"targets": np.zeros((3, 1), int)}, ValueError, "targets: expected labels other than the blank, got 0"),
        ({"lengths": [4, 4]}, ValueError, "lengths: expected (3,), got (2,)"),
        ({"lengths": [4, 0, 4]}, ValueError, "lengths: expected numbers from 1 to 4, got 0 at index (1,)"),
        (
            {"target_lengths": [1, 1, 2]},
            ValueError,
            "target_lengths: expected numbers from 0 to 1, got 2 at index (2,)",
        ),
        ({"blank": 2}, ValueError, "blank: expected a number from 0 to 1, got 2"),
        ({"blank": -1}, ValueError, "blank: expected a whole number of at least 0, got -1"),
        ({"blank": None}, TypeError, "blank: expected a whole number, got None"),
    ],
)
def test_ctc_refuses_what_does_not_fit(change, error, sentence):
    arguments = {"scores": X, "targets": np.ones((3, 1), int), **change}
    with pytest.raises(error) as caught:
        ctc(**arguments)
    assert str(caught.value).startswith(sentence)


# What is smaller


def test_perplexity():
    assert perplexity(0.0) == 1
    scores = np.zeros((3, 2, 7))
    assert perplexity(softmax_cross_entropy(scores, np.zeros((3, 2), int))[0]) == pytest.approx(7)
    with pytest.raises(ValueError, match=r"^mean_nll: expected a finite number of at least 0, got -1$"):
        perplexity(-1)
    with pytest.raises(FloatingPointError, match=r"^perplexity: expected a finite result, got exp\(1000\)$"):
        perplexity(1000.0)


def test_length_mask():
    assert length_mask([1, 3, 2], 3).tolist() == [[1, 1, 1], [0, 1, 1], [0, 1, 0]]
    assert length_mask([[1, 2], [2, 2]], 2).tolist() == [[[1, 1], [1, 1]], [[0, 1], [1, 1]]]
    assert length_mask([1], 1).dtype == bool
    for lengths, seq_len, error, sentence in (
        ([0], 1, ValueError, "lengths: expected numbers from 1 to 1, got 0 at index (0,)"),
        ([3], 2, ValueError, "lengths: expected numbers from 1 to 2, got 3 at index (0,)"),
        ([1.0], 2, TypeError, "lengths: expected whole numbers, got float64"),
        (None, 2, TypeError, "lengths: expected whole numbers, got NoneType"),
        ([], 2, TypeError, "lengths: expected whole numbers, got float64"),
        ([1], 0, ValueError, "seq_len: expected a whole number of at least 1, got 0"),
    ):
        with pytest.raises(error) as caught:
            length_mask(lengths, seq_len)
        assert str(caught.value) == sentence


def test_a_blank_beyond_the_symbols_is_refused_with_their_range():
    with pytest.raises(ValueError, match=r"^blank: expected a number from 0 to 3, got 4$"):
        ctc(np.zeros((3, 1, 4)), np.array([[1]]), blank=4)


def test_a_loss_of_the_last_step_is_counted_by_sequences(rng):
    assert LastStep(mse).per_sequence is True
    outputs, targets = rng.normal(size=(4, 6, 2)), rng.normal(size=(6, 2))
    loss, _ = LastStep(mse)(outputs, targets)
    parts = [LastStep(mse)(outputs[:, rows], targets[rows])[0] for rows in (slice(4), slice(4, 6))]
    np.testing.assert_allclose(
        loss, (4 * parts[0] + 2 * parts[1]) / 6, rtol=1e-13
    )  # weighed by sequences, not by steps
