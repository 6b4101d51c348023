"""Tasks: each label is found again from the inputs alone, each string is read by another automaton."""

import itertools
import math
import re

import numpy as np
import pytest

from rnn import tasks

pytestmark = pytest.mark.filterwarnings("error")

DRAWS = {
    "adding": lambda rng=None: tasks.adding(12, 5, rng=rng),
    "adding 1997": lambda rng=None: tasks.adding(40, 5, form="1997", rng=rng),
    "copying": lambda rng=None: tasks.copying(7, 5, rng=rng),
    "temporal order": lambda rng=None: tasks.temporal_order(20, 5, rng=rng),
    "temporal order 1997": lambda rng=None: tasks.temporal_order(30, 5, form="1997", rng=rng),
    "echo": lambda rng=None: tasks.delayed_echo(9, 5, delay=3, rng=rng),
    "average": lambda rng=None: tasks.delayed_average(40, 5, delay=2, rng=rng),
    "reber": lambda rng=None: tasks.embedded_reber(5, rng=rng),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_what_all_tasks_share(draw):
    task = draw(np.random.default_rng(3))
    T, B, _ = task.inputs.shape
    assert B == 5
    assert task.inputs.dtype == np.float64
    assert task.targets.shape[:2] == task.mask.shape == (T, B)
    assert task.mask.dtype == bool
    assert task.targets.dtype in (np.float64, np.int64)
    assert task.targets.ndim == (3 if task.targets.dtype == np.float64 else 2)
    assert not task.targets[~task.mask].any()
    assert task.mask.any(axis=0).all()
    if task.lengths is not None:
        assert task.lengths.max() == T
        beyond = np.arange(T)[:, np.newaxis] >= task.lengths
        assert not task.inputs[beyond].any()
        assert not task.mask[beyond].any()
    ends = [T] * B if task.lengths is None else task.lengths
    np.testing.assert_array_equal(task.answers, [task.targets[end - 1, b] for b, end in enumerate(ends)])
    for came, again in zip(task, draw(np.random.default_rng(3)), strict=True):
        np.testing.assert_array_equal(came, again)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert draw().inputs.tobytes() != draw().inputs.tobytes()
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_adding_asks_for_the_sum_of_one_number_from_each_half(rng):
    for length in (2, 7, 50):
        task = tasks.adding(length, 2000, rng=rng)
        values, marks = task.inputs[..., 0], task.inputs[..., 1]
        assert task.inputs.shape == (length, 2000, 2)
        assert task.lengths is None
        assert set(np.unique(marks)) <= {0, 1}
        np.testing.assert_array_equal(marks[: length // 2].sum(axis=0), 1)
        np.testing.assert_array_equal(marks[length // 2 :].sum(axis=0), 1)
        for b in range(20):
            total = sum(value for value, mark in zip(values[:, b], marks[:, b], strict=True) if mark == 1)
            assert task.targets[-1, b, 0] == pytest.approx(total, rel=1e-15)
        np.testing.assert_array_equal(task.mask, np.arange(length)[:, np.newaxis] == np.full(2000, length - 1))
        assert (marks.sum(axis=1) > 0).all()  # every step is marked now and then
        assert 0 <= values.min() < 0.01
        assert 0.99 < values.max() <= 1
        assert np.mean((task.targets[-1] - 1) ** 2) == pytest.approx(tasks.ADDING_BASELINE, rel=0.1)
    assert tasks.ADDING_BASELINE == 1 / 6


def test_adding_as_in_1997(rng):
    task = tasks.adding(100, 4000, form="1997", rng=rng)
    values, marks = task.inputs[..., 0], task.inputs[..., 1]
    assert set(task.lengths) == set(range(100, 111))
    seconds = set()
    for b, length in enumerate(task.lengths):
        assert marks[0, b] == marks[length - 1, b] == -1
        (where,) = np.nonzero(marks[:, b] == 1)
        assert len(where) == (1 if values[0, b] == 0 else 2)
        assert where.min() < 10 or values[0, b] == 0
        seconds.add(int(where.max()))
        assert task.targets[length - 1, b, 0] == pytest.approx(0.5 + values[where, b].sum() / 4, rel=1e-12)
        assert task.mask[:, b].nonzero()[0].tolist() == [length - 1]
    assert set(np.unique(marks)) == {-1, 0, 1}
    # The second mark is one of the first 49 others, so that with the first before it, 49 is the last step.
    assert max(seconds) == 49
    # One in ten first marks is lost at the start, and now and then a second one.
    lost = tasks.adding(100, 30_000, form="1997", rng=rng).inputs[0, :, 0] == 0
    assert lost.mean() == pytest.approx(0.1 + 0.9 / 49, abs=0.007)
    assert -1 <= values.min() < -0.99
    assert 0.99 < values.max() <= 1
    np.testing.assert_allclose(task.targets[task.mask].mean(), 0.5, atol=0.02)
    tasks.adding(20, 300, form="1997", rng=rng)


def test_copying_repeats_the_string_at_the_sign(rng):
    delay, symbols, length = 7, 5, 3
    task = tasks.copying(delay, 400, symbols=symbols, length=length, rng=rng)
    given = task.inputs.argmax(axis=-1)
    np.testing.assert_array_equal(task.inputs.sum(axis=-1), 1)
    assert task.inputs.shape == (delay + 2 * length, 400, symbols + 2)
    assert task.mask.all()
    for b in range(400):
        text, answer = given[:, b].tolist(), task.targets[:, b].tolist()
        assert text[length:] == [0] * (delay - 1) + [symbols + 1] + [0] * length
        assert answer == [0] * (delay + length) + text[:length]
        assert text.index(symbols + 1) + 1 == delay + length  # the answer begins right after the sign
    shares = np.bincount(given[:length].ravel(), minlength=symbols + 2) / (400 * length)
    np.testing.assert_allclose(shares, [0] + [1 / symbols] * symbols + [0], atol=0.05)
    default = tasks.copying(100, 2, rng=rng)
    assert default.inputs.shape == (120, 2, 10)
    assert default.targets.max() <= 8


def test_baseline_of_copying_is_the_entropy_of_the_string(rng):
    assert tasks.copying_baseline(100) == pytest.approx(0.1733, abs=5e-5)
    assert tasks.copying_baseline(500) == pytest.approx(0.0400, abs=5e-5)
    delay, symbols, length = 6, 5, 3
    task = tasks.copying(delay, 3, symbols=symbols, length=length, rng=rng)
    known = np.full((*task.targets.shape, symbols + 1), -np.inf)
    known[: delay + length, :, 0] = 0
    known[delay + length :, :, 1:] = -math.log(symbols)
    log_p = np.take_along_axis(known, task.targets[..., np.newaxis], axis=-1)
    expected = tasks.copying_baseline(delay, symbols=symbols, length=length)
    assert -log_p.mean() == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("form", ["2013", "1997"])
@pytest.mark.parametrize("length", [10, 20, 57, 100])
def test_temporal_order_is_read_off_the_inputs(form, length, rng):
    task = tasks.temporal_order(length, 700, form=form, rng=rng)
    late = form == "1997"
    tenth, half = length // 10, length // 2
    firsts, seconds, counts = set(), set(), np.zeros(4)
    lengths = task.lengths if late else [length] * 700
    assert (task.lengths is None) == (not late)
    for b, end in enumerate(lengths):
        symbols = task.inputs[:end, b].argmax(axis=-1)
        np.testing.assert_array_equal(task.inputs[:end, b].sum(axis=-1), 1)
        (one, two) = (t for t, symbol in enumerate(symbols) if symbol < 2)
        firsts.add(one)
        seconds.add(two)
        label = ["AA", "AB", "BA", "BB"].index("AB"[symbols[one]] + "AB"[symbols[two]])
        assert task.targets[end - 1, b] == label
        assert task.mask[:, b].nonzero()[0].tolist() == [end - 1]
        counts[label] += 1
        noise = set(symbols.tolist()) - {0, 1}
        assert noise <= ({2, 3, 4, 5, 6, 7} if late else {2, 3, 4, 5})
        if late:
            assert [t for t in range(end) if symbols[t] in (6, 7)] == [0, end - 1]
            assert (symbols[0], symbols[end - 1]) == (6, 7)
    assert firsts == set(range(tenth, 2 * tenth + late))
    assert seconds == set(range(half, half + tenth + late))
    np.testing.assert_allclose(counts / 700, 0.25, atol=0.07)
    assert task.inputs.shape[2] == (8 if late else 6)
    if late:
        assert set(task.lengths) == set(range(length, length + tenth + 1))
    assert math.log(4) == tasks.TEMPORAL_ORDER_BASELINE


@pytest.mark.parametrize("form", ["2013", "1997"])
def test_all_distractors_come_as_often(form, rng):
    task = tasks.temporal_order(40, 500, form=form, rng=rng)
    symbols = task.inputs[2:4].argmax(axis=-1)  # before all that counts, after the start
    np.testing.assert_allclose(np.bincount(symbols.ravel()) / symbols.size, [0, 0, 0.25, 0.25, 0.25, 0.25], atol=0.06)


@pytest.mark.parametrize(("delay", "symbols"), [(0, 2), (1, 3), (4, 2)])
def test_delayed_echo(delay, symbols, rng):
    task = tasks.delayed_echo(delay + 60, 50, delay=delay, symbols=symbols, rng=rng)
    assert task.inputs.shape == (delay + 60, 50, symbols)
    for t, b in itertools.product(range(delay + 60), range(50)):
        assert task.mask[t, b] == (t >= delay)
        if t >= delay:
            assert task.inputs[t - delay, b].tolist() == np.eye(symbols)[task.targets[t, b]].tolist()
    np.testing.assert_allclose(task.inputs.mean(axis=(0, 1)), 1 / symbols, atol=0.05)
    assert tasks.delayed_echo(5, 1, delay=1).inputs.shape == (5, 1, 2)


@pytest.mark.parametrize("delay", [0, 1, 7, 20, 25])
def test_delayed_average(delay, rng):
    T, B = 60, 3
    task = tasks.delayed_average(T, B, delay=delay, rng=rng)
    x = task.inputs[..., 0]
    shares = {k: 1 - abs(k) / (11 if k < 0 else 21) for k in range(-10, 21)}
    for t, b in itertools.product(range(T), range(B)):
        needed = [t - delay + k for k in shares]
        assert task.mask[t, b] == (needed[0] >= 0 and needed[-1] < T)
        if task.mask[t, b]:
            mean = sum(share * x[t - delay + k, b] for k, share in shares.items()) / sum(shares.values())
            assert task.targets[t, b, 0] == pytest.approx(mean, rel=1e-13)
    assert task.mask.any()
    assert tasks.delayed_average(max(31, 11 + delay), 1, delay=delay).mask.sum() == 1


@pytest.mark.parametrize(("T", "B"), [(31, 1), (50, 4)])
def test_the_average_is_of_one_number_a_step(T, B, rng):
    task = tasks.delayed_average(T, B, rng=rng)
    assert task.inputs.shape == task.targets.shape == (T, B, 1)
    assert task.mask.sum() == B * (T - 30)  # ten steps at the start and twenty at the end do not count: no delay


def test_weights_of_the_average_fall_on_both_sides():
    w = tasks.AVERAGE_WEIGHTS
    assert w.shape == (31,)
    assert w.sum() == pytest.approx(1)
    np.testing.assert_allclose(np.diff(w[:11]), w[0])
    np.testing.assert_allclose(np.diff(w[10:]), -w[-1])
    assert w.argmax() == 10


def test_baseline_of_the_average_is_what_the_best_linear_guess_reaches(rng):
    x = rng.uniform(size=200_000)
    windows = np.lib.stride_tricks.sliding_window_view(x, 31)
    averages = windows @ tasks.AVERAGE_WEIGHTS
    for delay in (0, 5, 15):
        design = np.column_stack([np.ones(len(windows)), windows[:, : 11 + delay]])
        weights, *_ = np.linalg.lstsq(design, averages, rcond=None)
        error = np.mean((design @ weights - averages) ** 2)
        assert tasks.delayed_average_baseline(delay) == pytest.approx(error, rel=0.02)
    assert tasks.delayed_average_baseline(-11) == pytest.approx(averages.var(), rel=0.02)
    assert tasks.delayed_average_baseline(20) == tasks.delayed_average_baseline(40) == 0
    shares = [tasks.delayed_average_baseline(d) / tasks.delayed_average_baseline(-11) for d in range(21)]
    assert all(later < earlier for earlier, later in itertools.pairwise(shares))


# The Reber grammar as a regular expression, made by eliminating its states one by one.
TAIL = "(?:XT*VP)*(?:S|XT*VV)E"
REBER = f"B(?:TS*X{TAIL}|PT*V(?:P{TAIL}|VE))"
EMBEDDED = re.compile(f"B(?:T{REBER}T|P{REBER}P)E")


def strings_of(task):
    letters = np.array(list(tasks.REBER_SYMBOLS))
    given = letters[task.inputs.argmax(axis=-1)]
    following = letters[task.targets]
    return ["".join(given[:length, b]) + following[length - 1, b] for b, length in enumerate(task.lengths)], following.T


def test_reber_strings_are_read_by_another_automaton(rng):
    task = tasks.embedded_reber(1500, rng=rng)
    strings, following = strings_of(task)
    for string, symbols, length in zip(strings, following, task.lengths, strict=True):
        assert EMBEDDED.fullmatch(string)
        assert "".join(symbols[:length]) == string[1:]
        assert len(string) == length + 1
    assert min(map(len, strings)) == 9
    np.testing.assert_array_equal(task.mask, np.arange(len(task.mask))[:, np.newaxis] < task.lengths)
    np.testing.assert_array_equal(task.inputs.sum(axis=-1), task.mask)
    assert np.mean([string[1] == "T" for string in strings]) == pytest.approx(0.5, abs=0.05)
    # Each of the two shortest inner strings comes with probability 1/8.
    assert np.mean([string[2:-2] == "BTXSE" for string in strings]) == pytest.approx(1 / 8, abs=0.03)
    assert np.mean([string[2:-2] == "BPVVE" for string in strings]) == pytest.approx(1 / 8, abs=0.03)


def test_legal_symbols_are_those_that_follow_somewhere(rng):
    task = tasks.embedded_reber(3000, rng=rng)
    strings, _ = strings_of(task)
    seen, said = {}, {}
    for b, string in enumerate(strings):
        for t in range(len(string) - 1):
            seen.setdefault(string[: t + 1], set()).add(string[t + 1])
            legal = "".join(np.array(list(tasks.REBER_SYMBOLS))[task.legal[t, b]])
            assert said.setdefault(string[: t + 1], legal) == legal
    for prefix, symbols in seen.items():
        assert symbols <= set(said[prefix])
        if len(prefix) < 7:  # seen often enough to have been followed by all that can follow
            assert symbols == set(said[prefix])
    assert said["B"] == "TP"
    assert said["BPBTXSE"] == "P"
    assert said["BPBTXSEP"] == "E"


def test_legal_lead(rng):
    task = tasks.embedded_reber(40, rng=rng)
    scores = task.legal + 0.9 * rng.uniform(size=task.legal.shape)
    np.testing.assert_array_equal(tasks.legal_lead(scores, task.legal), True)
    t, b = task.lengths[7] - 1, 7
    scores[t, b, ~task.legal[t, b]] = 2  # at one step of one string
    np.testing.assert_array_equal(tasks.legal_lead(scores, task.legal), np.arange(40) != 7)
    scores = np.zeros(task.legal.shape)  # a draw is no lead
    assert not tasks.legal_lead(scores, task.legal).any()


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: tasks.adding(1, 2), ValueError, "length: expected a whole number of at least 2, got 1"),
        (
            lambda: tasks.adding(19, 2, form="1997"),
            ValueError,
            "length: expected a whole number of at least 20, got 19",
        ),
        (lambda: tasks.adding(9, 2, form="2017"), ValueError, "form: expected one of 2016, 1997, got '2017'"),
        (lambda: tasks.adding(9, 2, form=2016), ValueError, "form: expected one of 2016, 1997, got 2016"),
        (lambda: tasks.adding(9, 0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (
            lambda: tasks.adding(9, 2, rng=1),
            TypeError,
            "rng: expected a numpy.random.Generator, got 1; try np.random.default_rng(0)",
        ),
        (lambda: tasks.copying(0, 2), ValueError, "delay: expected a whole number of at least 1, got 0"),
        (lambda: tasks.copying(5, 2, symbols=0), ValueError, "symbols: expected a whole number of at least 1, got 0"),
        (lambda: tasks.copying(5, 2, length=2.0), TypeError, "length: expected a whole number, got 2.0"),
        (lambda: tasks.temporal_order(9, 2), ValueError, "length: expected a whole number of at least 10, got 9"),
        (lambda: tasks.temporal_order(20, 2, form=""), ValueError, "form: expected one of 2013, 1997, got ''"),
        (lambda: tasks.delayed_echo(3, 2, delay=3), ValueError, "length: expected a whole number of at least 4, got 3"),
        (
            lambda: tasks.delayed_echo(3, 2, delay=-1),
            ValueError,
            "delay: expected a whole number of at least 0, got -1",
        ),
        (
            lambda: tasks.delayed_echo(3, 2, delay=1, symbols=1),
            ValueError,
            "symbols: expected a whole number of at least 2, got 1",
        ),
        (
            lambda: tasks.delayed_average(32, 2, delay=22),
            ValueError,
            "length: expected a whole number of at least 33, got 32",
        ),
        (lambda: tasks.copying_baseline(0), ValueError, "delay: expected a whole number of at least 1, got 0"),
        (
            lambda: tasks.delayed_average_baseline(-12),
            ValueError,
            "delay: expected a whole number of at least -11, got -12",
        ),
        (
            lambda: tasks.legal_lead(np.ones((2, 1, 7)), np.ones((1, 2, 7), bool)),
            ValueError,
            "legal: expected bool of shape (2, 1, 7), got bool of (1, 2, 7)",
        ),
        (
            lambda: tasks.legal_lead(np.ones((2, 1, 7)), np.ones((2, 1, 7))),
            ValueError,
            "legal: expected bool of shape (2, 1, 7), got float64 of (2, 1, 7)",
        ),
        (lambda: tasks.embedded_reber("3"), TypeError, "batch: expected a whole number, got '3'"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence


def test_a_network_learns_the_order(rng):
    from rnn.depth import Stacked
    from rnn.layers import GRU
    from rnn.linear import Linear
    from rnn.losses import LastStep, softmax_cross_entropy
    from rnn.optim import Adam
    from rnn.training import fit

    def batches(rng):
        for _ in range(10):
            task = tasks.temporal_order(10, 20, form="1997", rng=rng)
            yield task.inputs, task.answers, task.lengths

    model = Stacked([GRU(8, 12, rng=rng), Linear(12, 4, rng=rng)])
    loss = LastStep(softmax_cross_entropy)
    history = fit(model, batches, loss, Adam(0.02), epochs=20, clip=1.0, rng=rng)
    assert history.loss[0] == pytest.approx(tasks.TEMPORAL_ORDER_BASELINE, rel=0.15)
    assert history.loss[-1] < 0.1
