"""Sequences: against exact integers, formulas and the data file's own landmarks."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from rnn import data, generate_sequence_data

pytestmark = pytest.mark.filterwarnings("error")


def test_fibonacci_numbers_are_the_nearest_to_the_exact_ones():
    numbers = generate_sequence_data("fibonacci", 1476)
    assert numbers.dtype == np.float64
    assert numbers[:10].tolist() == [1, 1, 2, 3, 5, 8, 13, 21, 34, 55]
    exact = [1, 1]
    while len(exact) < 1477:
        exact.append(exact[-1] + exact[-2])
    assert numbers.tolist() == [float(n) for n in exact[:1476]]
    with pytest.raises(OverflowError):
        float(exact[1476])
    np.testing.assert_array_equal(generate_sequence_data(), numbers[:1000])
    np.testing.assert_array_equal(generate_sequence_data(length=1), [1])


def test_fibonacci_ends_where_float64_does():
    sentence = "length: expected at most 1476 for 'fibonacci', got 1477; number 1476 is the last that float64 can hold"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        generate_sequence_data("fibonacci", 1477)


def test_sine():
    assert generate_sequence_data("sine").shape == (1000,)
    default = generate_sequence_data("sine", 45)
    np.testing.assert_allclose(default, [math.sin(2 * math.pi * n / 20) for n in range(45)], atol=1e-13)
    options = {"amplitude": 3.0, "period": 7.5, "phase": 0.4}
    expected = [3 * math.sin(2 * math.pi * n / 7.5 + 0.4) for n in range(30)]
    np.testing.assert_allclose(generate_sequence_data("sine", 30, **options), expected, atol=1e-13)
    by_omega = generate_sequence_data("sine", 30, amplitude=3, omega=2 * math.pi / 7.5, phase=0.4)
    np.testing.assert_allclose(by_omega, expected, atol=1e-13)


def test_damped_sine():
    options = {"amplitude": 3.0, "period": 7.5, "phase": 0.4}
    sine = generate_sequence_data("sine", 30, **options)
    for decay in (0.0, 0.25):
        expected = [math.exp(-decay * n) * sine[n] for n in range(30)]
        damped = generate_sequence_data("damped", 30, decay=decay, **options)
        np.testing.assert_allclose(damped, expected, rtol=1e-12)
    ratio = generate_sequence_data("damped", 30, phase=1)[25] / generate_sequence_data("sine", 30, phase=1)[25]
    assert ratio == pytest.approx(math.exp(-0.25))


def test_noisy_sine():
    sine = generate_sequence_data("sine", 20_000, phase=1)
    noise = generate_sequence_data("noisy", 20_000, rng=np.random.default_rng(1), phase=1) - sine
    np.testing.assert_allclose(noise, 0.1 * np.random.default_rng(1).normal(size=20_000), atol=1e-12)
    louder = generate_sequence_data("noisy", 20_000, rng=np.random.default_rng(1), phase=1, noise=0.5) - sine
    np.testing.assert_allclose(louder, 5 * noise, atol=1e-12)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    assert (generate_sequence_data("noisy", 9) != generate_sequence_data("noisy", 9)).any()
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_allclose(generate_sequence_data("noisy", 9, noise=0), generate_sequence_data("sine", 9))


def test_sunspots():
    years, numbers = data.sunspots()
    np.testing.assert_array_equal(years, np.arange(1700, 2009))
    assert numbers.shape == (309,)
    assert numbers.dtype == np.float64
    landmarks = {1700: 5.0, 1712: 0.0, 1778: 154.4, 1810: 0.0, 1957: 190.2, 1979: 155.4, 2008: 2.9}
    assert {year: numbers[year - 1700] for year in landmarks} == landmarks
    assert numbers.max() == 190.2  # the highest of this series; the revised one has 269.3 in that year
    assert numbers[:280].var() == pytest.approx(1495.6, abs=0.05)
    for same in (generate_sequence_data("sunspots"), generate_sequence_data("sunspots", 309)):
        np.testing.assert_array_equal(same, numbers)
    np.testing.assert_array_equal(generate_sequence_data("sunspots", 3), [5, 11, 16])
    assert generate_sequence_data("sunspots") is not generate_sequence_data("sunspots")


def test_the_data_file_names_its_source():
    from importlib import resources

    text = (resources.files("rnn") / "sunspots.csv").read_text(encoding="utf-8")
    assert "SILSO" in text
    assert "version 1" in text
    assert "Royal Observatory of Belgium" in text
    assert "year,sunspots\n1700,5\n" in text


def exact_fibonacci(count):
    numbers = [1, 1]
    while len(numbers) < count:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers[:count]


def test_logarithms_of_fibonacci_numbers_go_on_where_float64_ends():
    logs = generate_sequence_data("fibonacci", 3000, form="log")
    np.testing.assert_allclose(logs[:1476], np.log(generate_sequence_data("fibonacci", 1476)), rtol=1e-15)
    # Binet: log F_n = n log φ - log √5, but for a share of 1/φ^2n.
    golden = (1 + math.sqrt(5)) / 2
    n = np.arange(40, 3001)
    np.testing.assert_allclose(logs[39:], n * math.log(golden) - math.log(5) / 2, rtol=1e-14)


def test_ratios_of_fibonacci_numbers_are_the_nearest_ones():
    ratios = generate_sequence_data("fibonacci", 2000, form="ratio")
    exact = exact_fibonacci(2001)
    assert ratios.tolist() == [float(Fraction(b, a)) for a, b in itertools.pairwise(exact)]
    np.testing.assert_array_equal(ratios[60:], (1 + math.sqrt(5)) / 2)


@pytest.mark.parametrize(("modulus", "period"), [(2, 3), (10, 60), (12, 24), (2**53, 3 * 2**52)])
def test_fibonacci_numbers_modulo_repeat(modulus, period):
    numbers = generate_sequence_data("fibonacci", 1600, form="modulo", modulus=modulus)
    assert numbers.tolist() == [n % modulus for n in exact_fibonacci(1600)]
    if period < 800:
        np.testing.assert_array_equal(numbers[:period], numbers[period : 2 * period])
    default = generate_sequence_data("fibonacci", 20, form="modulo")
    np.testing.assert_array_equal(default, generate_sequence_data("fibonacci", 20, form="modulo", modulus=10))


def test_raw_is_the_form_by_default():
    np.testing.assert_array_equal(
        generate_sequence_data("fibonacci", 90, form="raw"), generate_sequence_data(length=90)
    )


def test_sum_of_sines():
    waves = [(20, 1, 0), (33, 1, 0)]
    expected = [sum(a * math.sin(2 * math.pi * n / p + f) for p, a, f in waves) for n in range(50)]
    np.testing.assert_allclose(generate_sequence_data("sines", 50), expected, atol=1e-13)
    waves = [(7.5, 3, 0.1), (11, -2, 0.2), (4, 0.5, 0.3)]
    expected = [sum(a * math.sin(2 * math.pi * n / p + f) for p, a, f in waves) for n in range(50)]
    periods, amplitudes, phases = (list(column) for column in zip(*waves, strict=True))
    came = generate_sequence_data("sines", 50, periods=periods, amplitudes=amplitudes, phases=phases)
    np.testing.assert_allclose(came, expected, atol=1e-13)
    alone = generate_sequence_data("sines", 50, periods=(12.0,))
    np.testing.assert_allclose(alone, generate_sequence_data("sine", 50, period=12), atol=1e-13)


def test_mackey_glass_begins_with_its_closed_form():
    # As long as the delayed value is the constant past, the equation is linear: x' = c - b x.
    a, b, n, start, tau = 0.3, 0.15, 7.0, 0.8, 23.0
    x = generate_sequence_data("mackey_glass", 24, a=a, b=b, n=n, start=start, tau=tau)
    c = a * start / (1 + start**n)
    np.testing.assert_allclose(x, c / b + (start - c / b) * np.exp(-b * np.arange(24)), rtol=1e-9)


@pytest.mark.parametrize("n", [0, 0.5, 1])
def test_mackey_glass_takes_every_exponent_from_zero_on(n):
    x = generate_sequence_data("mackey_glass", 6, a=0.7, b=0.25, n=n, start=0.4, tau=5)
    rest = 0.7 * 0.4 / (1 + 0.4**n) / 0.25  # where x' = 0 as long as the delayed value is the start
    np.testing.assert_allclose(x, [rest + (0.4 - rest) * math.exp(-0.25 * t) for t in range(6)], rtol=1e-8)


def heun(length, tau, parts=500):
    """Integrate with another method and a finer step; the delay is a whole number of steps."""
    delay, step = tau * parts, 1 / parts
    x = [1.2] * (delay + 1)
    for _ in range((length - 1) * parts):
        forces = [0.2 * past / (1 + past**10) for past in (x[-delay - 1], x[-delay])]
        ahead = x[-1] + step * (forces[0] - 0.1 * x[-1])
        x.append(x[-1] + step / 2 * (forces[0] - 0.1 * x[-1] + forces[1] - 0.1 * ahead))
    return x[delay::parts]


def test_mackey_glass_agrees_with_another_method():
    np.testing.assert_allclose(generate_sequence_data("mackey_glass", 120), heun(120, 17), atol=1e-5)
    args = (200, 17.0, 0.2, 0.1, 10.0, 1.2)
    np.testing.assert_allclose(data._solve_mackey_glass(*args), data._solve_mackey_glass(*args, parts=40), atol=1e-7)
    # With a delay between the steps the interpolation of the past has its share.
    args = (100, 16.37, 0.2, 0.1, 10.0, 1.2)
    np.testing.assert_allclose(data._solve_mackey_glass(*args), data._solve_mackey_glass(*args, parts=80), atol=1e-5)


def test_mackey_glass_rests_settles_and_wanders():
    np.testing.assert_allclose(generate_sequence_data("mackey_glass", 60, start=1.0), 1, rtol=1e-14)
    np.testing.assert_allclose(generate_sequence_data("mackey_glass", 20, tau=3, washout=500), 1, atol=1e-6)
    x = generate_sequence_data("mackey_glass", 600)
    np.testing.assert_array_equal(generate_sequence_data("mackey_glass", 500, washout=100), x[100:])
    assert 0.4 < x[100:].min() < 0.5
    assert 1.25 < x[100:].max() < 1.4


KINDS = "fibonacci, sine, damped, noisy, sunspots, sines, mackey_glass"
WAVE = "amplitude, period, omega, phase"


@pytest.mark.parametrize(
    ("arguments", "options", "error", "sentence"),
    [
        (("sin",), {}, ValueError, f"seq_type: expected one of {KINDS}, got 'sin'; did you mean 'sine'?"),
        (
            ("Fibonaci",),
            {},
            ValueError,
            f"seq_type: expected one of {KINDS}, got 'Fibonaci'; did you mean 'fibonacci'?",
        ),
        (("xyz",), {}, ValueError, f"seq_type: expected one of {KINDS}, got 'xyz'"),
        ((None,), {}, ValueError, f"seq_type: expected one of {KINDS}, got None"),
        (
            (["sine"],),
            {},
            ValueError,
            f"seq_type: expected one of {KINDS}, got ['sine']; did you mean 'sine'?",
        ),
        (("sine", 0), {}, ValueError, "length: expected a whole number of at least 1, got 0"),
        (("fibonacci", -3), {}, ValueError, "length: expected a whole number of at least 1, got -3"),
        (("sine", 2.5), {}, TypeError, "length: expected a whole number, got 2.5"),
        (("sine", True), {}, TypeError, "length: expected a whole number, got True"),
        (("sine", "9"), {}, TypeError, "length: expected a whole number, got '9'"),
        (
            ("sunspots", 310),
            {},
            ValueError,
            "length: expected at most 309 for 'sunspots' (1700–2008), got 310",
        ),
        (
            ("noisy",),
            {"rng": 3},
            TypeError,
            "rng: expected a numpy.random.Generator, got 3; try np.random.default_rng(0)",
        ),
        (("sine",), {"decay": 1.0}, TypeError, f"decay: expected one of {WAVE} for 'sine', got 'decay'"),
        (
            ("damped",),
            {"noise": 1.0},
            TypeError,
            f"noise: expected one of {WAVE}, decay for 'damped', got 'noise'",
        ),
        (
            ("noisy",),
            {"decay": 1.0},
            TypeError,
            f"decay: expected one of {WAVE}, noise for 'noisy', got 'decay'",
        ),
        (("fibonacci", 9), {"a": 1.0}, TypeError, "a: expected one of form, modulus for 'fibonacci', got 'a'"),
        (("sunspots",), {"a": 1.0}, TypeError, "a: expected no options for 'sunspots', got 'a'"),
        (
            ("sine",),
            {"period": 3.0, "omega": 1.0},
            ValueError,
            "omega: expected either omega or period, got both",
        ),
        (
            ("fibonacci",),
            {"form": "logarithm"},
            ValueError,
            "form: expected one of raw, log, ratio, modulo, got 'logarithm'",
        ),
        (("fibonacci",), {"form": ["log"]}, ValueError, "form: expected one of raw, log, ratio, modulo, got ['log']"),
        (("fibonacci",), {"modulus": 5}, ValueError, "modulus: expected the form 'modulo' with it, got 'raw'"),
        (
            ("fibonacci",),
            {"form": "modulo", "modulus": 1},
            ValueError,
            "modulus: expected a whole number of at least 2, got 1",
        ),
        (
            ("fibonacci",),
            {"form": "modulo", "modulus": 2**53 + 1},
            ValueError,
            "modulus: expected at most 2**53, which float64 can hold, got 9007199254740993",
        ),
        (("sines",), {"periods": 20}, TypeError, "periods: expected a tuple of numbers, got 20"),
        (("sines",), {"periods": ()}, TypeError, "periods: expected a tuple of numbers, got ()"),
        (("sines",), {"phases": (1.0,)}, ValueError, "phases: expected as many as periods, 2, got 1"),
        (
            ("sines",),
            {"periods": (20.0, 0)},
            ValueError,
            "periods: expected a finite number of at least 1e-06, got 0",
        ),
        (
            ("sines",),
            {"period": 3.0},
            TypeError,
            "period: expected one of periods, amplitudes, phases for 'sines', got 'period'",
        ),
        (
            ("mackey-glass",),
            {},
            ValueError,
            f"seq_type: expected one of {KINDS}, got 'mackey-glass'; did you mean 'mackey_glass'?",
        ),
        (
            ("mackey_glass",),
            {"delay": 17},
            TypeError,
            "delay: expected one of tau, a, b, n, start, washout for 'mackey_glass', got 'delay'",
        ),
        (("mackey_glass",), {"tau": 0.5}, ValueError, "tau: expected a finite number of at least 1, got 0.5"),
        (("mackey_glass",), {"b": -0.1}, ValueError, "b: expected a finite number of at least 0, got -0.1"),
        (("mackey_glass",), {"washout": 0.5}, TypeError, "washout: expected a whole number, got 0.5"),
        (
            ("mackey_glass", 50),
            {"b": 1e5},
            FloatingPointError,
            "mackey_glass: expected a finite result, got nan at index (3,)",
        ),
        (("sine",), {"amplitude": "2"}, TypeError, "amplitude: expected a number, got '2'"),
        (("sine",), {"phase": np.nan}, ValueError, "phase: expected a finite number, got nan"),
        (("sine",), {"amplitude": True}, TypeError, "amplitude: expected a number, got True"),
        (("damped",), {"decay": -0.5}, ValueError, "decay: expected a finite number of at least 0, got -0.5"),
        (("noisy",), {"noise": -0.5}, ValueError, "noise: expected a finite number of at least 0, got -0.5"),
        (
            ("sine",),
            {"omega": 1e308},
            FloatingPointError,
            "sine: expected a finite result, got nan at index (2,)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(arguments, options, error, sentence):
    with pytest.raises(error) as caught:
        generate_sequence_data(*arguments, **options)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("period", [0, -2.0])
def test_a_period_has_to_be_above_zero(period):
    with pytest.raises(ValueError, match=r"^period: expected a finite number of at least 1e-06, got (0|-2)"):
        generate_sequence_data("sine", period=period)


def test_autocorrelation_against_its_sums():
    x = [2.0, -1.0, 0.5, 3.0, 1.0, -2.0]
    centred = [value - sum(x) / 6 for value in x]
    whole = sum(value**2 for value in centred)
    expected = [sum(a * b for a, b in zip(centred, centred[n:], strict=False)) / whole for n in range(6)]
    np.testing.assert_allclose(data.autocorrelation(x, 5), expected, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(data.autocorrelation(x, 2), expected[:3], rtol=1e-14, atol=1e-15)
    np.testing.assert_array_equal(data.autocorrelation(x, 0), [1.0])


def test_autocorrelation_of_a_wave_follows_its_period():
    r = data.autocorrelation(generate_sequence_data("sine", 2000, period=20), 20)
    assert r[20] > 0.98
    assert r[10] < -0.98


@pytest.mark.parametrize(
    ("values", "largest", "sentence"),
    [
        ([1.0, 2.0], 2, "values: expected more than 2, not all equal, got 2"),
        ([1.0, 1.0, 1.0], 1, "values: expected more than 1, not all equal, got 3"),
    ],
)
def test_autocorrelation_refuses_what_has_none(values, largest, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        data.autocorrelation(values, largest)
