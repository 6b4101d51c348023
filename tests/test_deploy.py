"""Weights of one byte, and the statistics of drift: against definitions written out, and against each other."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnn
from rnn.deploy import (
    Monitor,
    Quantised,
    affine,
    kolmogorov_smirnov,
    quantisation_report,
    quantise,
    quantised,
    stability_index,
)
from rnn.depth import LayerNorm, Stacked
from rnn.layers import LSTM
from rnn.linear import Linear

pytestmark = pytest.mark.filterwarnings("error")


def lstm_model(rng, dtype=np.float64):
    return Stacked([LSTM(5, 24, rng=rng, dtype=dtype), LayerNorm(24, dtype=dtype), Linear(24, 3, rng=rng, dtype=dtype)])


# Weights of one byte


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10**6), st.sampled_from([np.float64, np.float32]))
def test_every_weight_is_the_nearest_multiple_of_its_columns_scale(rows, columns, seed, dtype):
    rng = np.random.default_rng(seed)
    W = (rng.normal(size=(rows, columns)) * 10.0 ** rng.integers(-3, 4, columns)).astype(dtype)
    q, scale = quantised(W)
    assert (q.dtype, q.shape, scale.dtype, scale.shape) == (np.int8, W.shape, dtype, (columns,))
    for d in range(rows):
        for h in range(columns):
            assert scale[h] == pytest.approx(max(abs(W[:, h])) / 127, rel=1e-6)
            assert abs(W[d, h] - q[d, h] * scale[h]) <= scale[h] * 0.50001
    np.testing.assert_array_equal(np.abs(q).max(axis=0), 127)
    np.testing.assert_array_equal(quantised(-W)[0], -q)  # symmetric


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.integers(2, 16), st.floats(-3, 3), st.integers(0, 10**6))
def test_a_grid_with_a_zero_point_holds_zero_and_rounds_to_the_nearest(size, bits, shift, seed):
    x = np.random.default_rng(seed).normal(size=size) + shift
    n, s, z = affine(x, bits=bits)
    assert n.shape == x.shape
    assert 0 <= n.min() <= n.max() < 2**bits
    assert 0 <= z < 2**bits
    assert (np.abs(x - s * (n - z)) <= s * 0.50001).all()
    assert s * (2**bits - 1) == pytest.approx(max(x.max(), 0) - min(x.min(), 0))


def test_a_grid_of_zeros_and_bits_that_are_none():
    n, s, z = affine(np.zeros(3))
    assert (n.tolist(), s, z) == ([0, 0, 0], 1.0, 0)
    for bits in (1, 17):
        with pytest.raises(ValueError, match="bits"):
            affine(np.zeros(3), bits=bits)


def test_a_column_of_zeros_stays_one_and_several_matrices_are_taken_one_by_one(rng):
    W = rng.normal(size=(2, 3, 4))
    W[1, :, 2] = 0
    q, scale = quantised(W)
    assert scale.shape == (2, 4)
    assert scale[1, 2] == 1
    for k in range(2):
        np.testing.assert_array_equal(q[k], quantised(W[k])[0])
        np.testing.assert_array_equal(scale[k], quantised(W[k])[1])


@pytest.mark.parametrize(
    "W", [np.ones(3), np.array([[np.nan]]), np.ones((2, 2), int), None, np.zeros((0, 2)), "W", [[1.0], []]]
)
def test_what_is_no_matrix_of_numbers_is_refused(W):
    with pytest.raises((TypeError, ValueError), match=r"^W: expected [^\n]*$"):
        quantised(W)


def test_a_quantised_model_runs_as_the_model_with_rounded_weights(rng):
    model = lstm_model(rng)
    before = {name: value.copy() for name, value in model.params.items()}
    small = quantise(model)
    rounded = lstm_model(rng)
    for name, value in model.params.items():
        matrix = value.ndim == 2
        rounded.params[name] = np.multiply(*quantised(value)) if matrix else value
        assert small.params[name].dtype == (np.int8 if matrix else np.float64)
        np.testing.assert_array_equal(value, before[name])  # the model stays as it is
    inputs, lengths = rng.normal(size=(7, 2, 5)), np.array([7, 3])
    outputs, state = small.forward(inputs, lengths=lengths)
    expected, expected_state = rounded.forward(inputs, lengths=lengths)
    np.testing.assert_array_equal(outputs, expected)
    np.testing.assert_array_equal(state[0][1], expected_state[0][1])
    assert (small.input_size, small.output_size) == (5, 3)
    assert small.zero_state(2)[0][0].shape == (2, 24)
    with_other_weights = quantise(model)
    with_other_weights.params["2.b"] = small.params["2.b"] + 1
    with_other_weights.params["0.W_xf"][...] = 0
    assert not np.allclose(with_other_weights.forward(inputs)[0], small.forward(inputs)[0] + 1)


def test_a_quantised_model_streams(rng):
    small = quantise(lstm_model(rng))
    inputs = rng.normal(size=(6, 2, 5))
    outputs, state = small.forward(inputs)
    stream = small.stream(batch=2)
    np.testing.assert_allclose([stream.step(x) for x in inputs], outputs, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(stream.state[0][0], state[0][0], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("dtype", "saving"), [(np.float64, 4), (np.float32, 2.5)])
def test_the_report_says_what_is_saved_and_lost(rng, dtype, saving):
    model = lstm_model(rng, dtype)
    inputs = rng.normal(size=(20, 4, 5)).astype(dtype)
    report = quantisation_report(model, inputs)
    numbers = sum(value.size for value in model.params.values())
    assert report["bytes_before"] == numbers * np.dtype(dtype).itemsize
    assert report["bytes_after"] == quantise(model).nbytes
    assert report["bytes_before"] / report["bytes_after"] > saving
    error = quantise(model).forward(inputs)[0] - model.forward(inputs)[0]
    assert report["largest_error"] == pytest.approx(np.abs(error).max())
    assert report["relative_error"] == pytest.approx(
        math.sqrt((error**2).sum() / (model.forward(inputs)[0] ** 2).sum()), rel=1e-5
    )
    assert 0 < report["relative_error"] < 0.02


def test_a_simple_rnn_can_be_quantised_too(rng):
    net = rnn.SimpleRNN(2, 16, 3, rng=rng)
    inputs, h0 = rng.normal(size=(5, 2, 2)), rng.normal(size=(2, 16))
    small = Quantised(net)
    np.testing.assert_allclose(small.forward(inputs, h0=h0)[0], net.forward(inputs, h0=h0)[0], atol=0.1)
    assert small.params["b_y"].dtype == np.float64
    net.params["b_y"][...] = 7
    assert not small.params["b_y"].any()


@pytest.mark.parametrize("bad", [None, 3, "text", {}])
def test_what_is_no_model_cannot_be_quantised(bad):
    for call in (quantise, lambda bad: quantisation_report(bad, np.ones((2, 1, 1)))):
        with pytest.raises(TypeError, match=rf"^model: expected a layer or a cell, got {type(bad).__name__}$"):
            call(bad)


# Drift


def normal_share(low, high):
    return (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2


def test_stability_index_by_hand():
    past, now = np.arange(8.0), np.array([0.0, 1, 1, 6, 7, 7, 7, 7])
    p = [4.5 / 9, 4.5 / 9]  # 0 to 3 and 4 to 7, with half a number more in each
    q = [3.5 / 9, 5.5 / 9]
    expected = sum((b - a) * (math.log(b) - math.log(a)) for a, b in zip(p, q, strict=True))
    assert stability_index(past, now, bins=2) == pytest.approx(expected, rel=1e-12)
    # A number on the edge, here 1, belongs to the bin below: 4 and 0 numbers against 1 and 1.
    expected = (1.5 / 3 - 4.5 / 5) * math.log(1.5 / 3 / 4.5 * 5) + (1.5 / 3 - 0.5 / 5) * math.log(1.5 / 3 / 0.5 * 5)
    assert stability_index([0.0, 1, 1, 1], [1.0, 2], bins=2) == pytest.approx(expected, rel=1e-12)


def test_stability_index_of_a_shifted_normal_distribution_is_that_of_its_bins(rng):
    past, now = rng.normal(size=200_000), rng.normal(0.5, 1, size=200_000)
    edges = [-math.inf, *np.quantile(past, np.arange(1, 10) / 10), math.inf]
    shares = [(0.1, normal_share(a - 0.5, b - 0.5)) for a, b in pairwise(edges)]
    expected = sum((q - p) * math.log(q / p) for p, q in shares)
    assert stability_index(past, now) == pytest.approx(expected, rel=0.03)
    assert stability_index(past, rng.normal(size=200_000)) < 0.001
    assert stability_index(past, now) == pytest.approx(stability_index(past.reshape(100, -1), now[::-1]), rel=1e-9)
    assert stability_index(past, now + 100) > 5  # nothing in nine bins, and yet finite


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=1, max_size=8), st.lists(st.integers(-3, 3), min_size=1, max_size=8))
def test_kolmogorov_smirnov_is_the_largest_difference_of_the_shares(a, b):
    a, b = [float(v) for v in a], [float(v) for v in b]
    expected = max(abs(sum(v <= x for v in a) / len(a) - sum(v <= x for v in b) / len(b)) for x in a + b)
    assert kolmogorov_smirnov(a, b) == pytest.approx(expected, abs=1e-15)
    assert kolmogorov_smirnov(b, a) == pytest.approx(expected, abs=1e-15)
    assert kolmogorov_smirnov(a, a) == 0
    assert stability_index(a, b, bins=3) >= 0
    assert stability_index(a, a, bins=3) == 0


def test_kolmogorov_smirnov_of_shifted_normal_distributions(rng):
    past, now = rng.normal(size=100_000), rng.normal(1, 1, size=50_000)
    assert kolmogorov_smirnov(past, now) == pytest.approx(2 * normal_share(0, 0.5), abs=0.01)
    assert kolmogorov_smirnov(past, past + 100) == 1


@pytest.mark.parametrize("bad", [None, [], [math.nan], [1], "text", np.float16([1.0])])
@pytest.mark.parametrize("measure", [stability_index, kolmogorov_smirnov])
def test_drift_of_bad_samples_is_refused(bad, measure):
    for pair in ((bad, np.ones(3)), (np.ones(3), bad)):
        with pytest.raises((TypeError, ValueError), match=r"^(reference|sample): expected [^\n]*$"):
            measure(*pair)


@pytest.mark.parametrize("bins", [1, 0, 2.5, "two", True])
def test_bad_bins_are_refused(bins):
    with pytest.raises((TypeError, ValueError), match=r"^bins: expected"):
        stability_index(np.ones(3), np.ones(3), bins=bins)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.integers(1, 3), st.integers(0, 10**6))
def test_monitor_has_the_mean_and_variance_of_all_rows(rows, size, seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(1e6, 1, size=(rows, size))  # where the mean of squares minus the squared mean has lost all digits
    monitor, cut = Monitor(size), rng.integers(1, rows + 1)
    monitor.update(x[:cut])
    if cut < rows:
        monitor.update(x[cut:])
    assert monitor.count == rows
    np.testing.assert_allclose(monitor.mean, x.mean(axis=0), rtol=1e-14)
    variance = x.var(axis=0, ddof=1) if rows > 1 else np.zeros(size)
    np.testing.assert_allclose(monitor.variance, variance, rtol=1e-7, atol=1e-12)


def test_monitor_gives_the_alarm_for_what_is_far_from_all_before(rng):
    monitor = Monitor(2, threshold=5, warm_up=50)
    wild = np.array([[0.0, 90.0]])
    assert not monitor.step(wild).any()  # nothing is known yet
    monitor = Monitor(2, threshold=5, warm_up=50)
    for _ in range(50):
        assert not monitor.step(rng.normal([3, -20], [1, 5], size=(1, 2))).any()
    mean, count = monitor.mean.copy(), monitor.count
    deviation = np.sqrt(monitor.variance)
    np.testing.assert_allclose(monitor.z_scores(mean[None] + deviation * [[2, -3]]), [[2, -3]], rtol=1e-12)
    near, far = mean + deviation * [4.9, -4.9], mean + deviation * [0, -5.1]
    np.testing.assert_array_equal(monitor.step(np.stack([far])), [True])
    assert monitor.count == count  # an outlier is not learned from
    np.testing.assert_array_equal(monitor.mean, mean)
    np.testing.assert_array_equal(monitor.step(np.stack([far, near])), [True, False])
    assert monitor.count == count + 1


@pytest.mark.parametrize("threshold", [0, 0.5, 1.5])
def test_monitor_takes_every_threshold_and_only_what_lies_beyond_is_far(threshold):
    monitor = Monitor(1, threshold=threshold, warm_up=3)
    monitor.update([[0.0], [2.0], [4.0]])  # mean 2, variance (4 + 0 + 4) / 2, standard deviation 2
    edge = 2 * threshold
    rows = [[2 - edge - 0.01], [2 - edge], [2 + edge], [2 + edge + 0.01]]
    np.testing.assert_array_equal(monitor.step(rows), [True, False, False, True])


def test_monitor_of_what_never_varies():
    monitor = Monitor(1, warm_up=2)
    monitor.update([[0.1]] * 3)
    np.testing.assert_array_equal(monitor.z_scores([[0.1], [0.2], [0.0]]), [[0], [math.inf], [-math.inf]])
    np.testing.assert_array_equal(monitor.step([[0.1], [0.2]]), [False, True])


def test_monitor_refuses_what_does_not_fit_and_stays_as_it_was():
    monitor = Monitor(2)
    monitor.update([[1.0, 2], [3, 4]])
    for bad in (None, [[1.0]], [1.0, 2], [[1, 2]], [[math.nan, 0]], np.zeros((0, 2)), "text"):
        for method in (monitor.update, monitor.step, monitor.z_scores):
            with pytest.raises((TypeError, ValueError), match=r"^x: expected [^\n]*$"):
                method(bad)
    with pytest.raises(FloatingPointError, match=r"^x"):
        monitor.update([[1.0, 1e308]])
    assert (monitor.count, *monitor.mean, *monitor.variance) == (2, 2, 3, 2, 2)
    for options in ({"size": 0}, {"threshold": -1}, {"threshold": math.nan}, {"warm_up": 1}, {"size": 1.5}):
        with pytest.raises((TypeError, ValueError), match=rf"^{next(iter(options))}: expected"):
            Monitor(**{"size": 2} | options)
