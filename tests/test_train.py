"""Training on sequences: the protocol, the baselines, the result on sunspots, the command."""

import dataclasses
import importlib.util
import re
import sys

import numpy as np
import pytest

import rnn
from rnn import data, train
from rnn.optim import SGD
from rnn.train import (
    Settings,
    autoregression,
    baselines,
    fit,
    fit_autoregression,
    score,
    train_step,
    windows,
)

pytestmark = pytest.mark.filterwarnings("error")

PARTS = {
    "train": (1712, 1920),
    "validation": (1841, 1920),
    "1921–1955": (1921, 1955),
    "1956–1979": (1956, 1979),
    "test": (1921, 2008),
}


@pytest.fixture(scope="module")
def quick():
    return rnn.train_rnn_on_sequence("noisy", length=80, window=5, epochs=4, hidden_size=3, weight_decays=(0.0, 0.5))


def test_windows():
    past, targets = windows(np.arange(6.0), 2)
    assert past.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]
    assert targets.tolist() == [2, 3, 4, 5]


def test_score():
    came = score(np.array([1.0, 2.0]), np.array([1.0, 5.0]), 9.0)
    assert came == (pytest.approx(np.sqrt(4.5)), pytest.approx(0.5))
    assert came.rmse == pytest.approx(np.sqrt(4.5))


def test_autoregression_finds_the_weights_that_made_a_sequence(rng):
    values = list(rng.normal(size=2))
    for _ in range(60):
        values.append(0.7 - 0.5 * values[-2] + 0.9 * values[-1])
    weights = fit_autoregression(np.array(values[:40]), 2)
    np.testing.assert_allclose(weights, [0.7, -0.5, 0.9], rtol=1e-6)
    past = np.array([[9.0, 9.0, values[50], values[51]]])
    np.testing.assert_allclose(autoregression(weights, past), values[52])
    noisy = baselines(rng.normal(size=50), past)
    assert list(noisy) == ["persistence", "AR(2)", "AR(4)"]
    assert noisy["persistence"] == values[51]
    assert list(baselines(rng.normal(size=50), past[:, -2:])) == ["persistence", "AR(2)"]


def test_train_step_follows_the_gradient_of_the_loss_with_its_decay(rng):
    net = rnn.SimpleRNN(1, 3, 1, rng=rng)
    net.params["b_h"] = rng.normal(size=3)
    past, targets = rng.normal(size=(7, 4)), rng.normal(size=7)
    params = {name: value.copy() for name, value in net.params.items()}

    def loss(values):
        other = rnn.SimpleRNN(1, 3, 1)
        other.params = dict(values)
        outputs, _ = other.forward(past.T[:, :, None])
        decay = sum((values[name] ** 2).sum() for name in ("W_xh", "W_hh", "W_hy"))
        return ((outputs[-1, :, 0] - targets) ** 2).sum() / 7 + 0.3 * decay

    seen = {}

    class Spy(SGD):
        def update(self, params, grads):
            seen.update(rate=self.learning_rate)
            super().update(params, grads)

        def _direction(self, g, *rest):
            seen[list(net.params)[len(seen) - 1]] = g
            return np.zeros_like(g)

    came = train_step(net, Spy(0.25, weight_decay=2 * 0.3), past, targets)
    assert type(came) is float
    assert came == pytest.approx(loss(params) - 0.3 * sum((params[n] ** 2).sum() for n in ("W_xh", "W_hh", "W_hy")))
    assert seen.pop("rate") == 0.25
    for name, grad in seen.items():
        expected = rnn.gradcheck.complex_step(lambda v, name=name: loss({**params, name: v}), params[name])
        np.testing.assert_allclose(grad, expected, rtol=1e-10, atol=1e-12)


def test_the_step_size_falls_along_half_a_cosine(monkeypatch):
    rates = []
    decays = set()

    def step(net, optimizer, past, targets):
        rates.append(optimizer.learning_rate)
        decays.add(optimizer.weight_decay)
        return 0.5

    monkeypatch.setattr(train, "train_step", step)
    told = []
    _, losses = fit(np.arange(20.0) % 3, Settings(0, 2, 4, 4, 0.1), 0.7, lambda *report: told.append(report))
    assert decays == {1.4}
    np.testing.assert_allclose(rates, 0.1 * np.cos(np.pi * np.arange(4) / 8) ** 2)
    np.testing.assert_array_equal(losses, [0.5] * 4)
    assert told == [(1, 4, 0.5), (2, 4, 0.5), (3, 4, 0.5), (4, 4, 0.5)]


def test_progress_is_counted_over_all_fits(capsys):
    told = []
    options = {"length": 60, "window": 5, "epochs": 4, "weight_decays": (0.0, 0.5)}
    result = rnn.train_rnn_on_sequence("sine", progress=lambda *report: told.append(report), **options)
    assert [report[:2] for report in told] == [(n, 12) for n in range(1, 13)]
    assert [report[2] for report in told[-4:]] == result.losses.tolist()
    rnn.train_rnn_on_sequence("sine", **options)
    assert capsys.readouterr() == ("", "")
    rnn.train_rnn_on_sequence("sine", progress=True, **options | {"epochs": 10})
    out, err = capsys.readouterr()
    assert out == ""
    lines = err.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"update {n} of 30" for n in range(3, 31, 3)]
    assert re.fullmatch(r"update 3 of 30: loss \d\.\d+", lines[0])
    rnn.train_rnn_on_sequence("sine", progress=True, **options | {"epochs": 3})
    assert len(capsys.readouterr().err.splitlines()) == 9  # below ten every one


def test_default_lengths():
    options = {"epochs": 1, "weight_decays": (0.0,)}
    assert len(rnn.train_rnn_on_sequence(**options).values) == 388
    assert rnn.train_rnn_on_sequence(**options).seq_type == "sine"
    assert rnn.train_rnn_on_sequence("damped", **options).parts["test"] == (320, 399)


def test_parts_of_other_sequences(quick):
    assert quick.parts == {"train": (5, 63), "validation": (48, 63), "test": (64, 79)}
    np.testing.assert_array_equal(quick.times, np.arange(5, 80))
    assert list(quick.metrics) == ["rnn", "persistence", "AR(2)", "AR(5)"]
    assert all(list(scores) == ["train", "validation", "test"] for scores in quick.metrics.values())
    values = rnn.generate_sequence_data("noisy", 80, rng=np.random.default_rng([0, 0]))
    assert quick.metrics["persistence"]["test"].arv == pytest.approx(np.mean(np.diff(values)[63:] ** 2) / values.var())
    assert quick.forecast.shape == (16,)
    net = quick.model.net
    assert (net.input_size, net.hidden_size, net.output_size) == (1, 3, 1)
    assert quick.weight_decay == min(quick.validation, key=lambda d: quick.validation[d].arv)
    assert list(quick.validation) == [0.0, 0.5]


def test_limits_that_are_just_allowed():
    options = {"epochs": 1, "weight_decays": [0.0], "hidden_size": 1, "learning_rate": 0}
    assert list(rnn.train_rnn_on_sequence("sine", length=60, **options).metrics)[-1] == "AR(12)"
    assert list(rnn.train_rnn_on_sequence("sine", length=60, window=2, **options).metrics)[-1] == "AR(2)"
    assert len(rnn.train_rnn_on_sequence("sunspots", length=309, **options).values) == 297


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (
            {"seq_type": "sunspot"},
            ValueError,
            "seq_type: expected one of fibonacci, sine, damped, noisy, sunspots",
        ),
        ({"seed": -1}, ValueError, "seed: expected a whole number of at least 0, got -1"),
        ({"seed": 0.5}, TypeError, "seed: expected a whole number, got 0.5"),
        ({"epochs": 0}, ValueError, "epochs: expected a whole number of at least 1, got 0"),
        ({"window": 1}, ValueError, "window: expected a whole number of at least 2, got 1"),
        ({"window": 81}, ValueError, "window: expected at most a fifth of the 400 values, got 81"),
        ({"hidden_size": 0}, ValueError, "hidden_size: expected a whole number of at least 1, got 0"),
        ({"learning_rate": -1}, ValueError, "learning_rate: expected a finite number of at least 0, got -1"),
        ({"weight_decays": ()}, TypeError, "weight_decays: expected a tuple of at least one number, got ()"),
        (
            {"weight_decays": 0.1},
            TypeError,
            "weight_decays: expected a tuple of at least one number, got 0.1",
        ),
        (
            {"weight_decays": (-1.0,)},
            ValueError,
            "weight_decays: expected a finite number of at least 0, got -1.0",
        ),
        ({"length": 0}, ValueError, "length: expected a whole number of at least 1, got 0"),
        ({"length": 59}, ValueError, "window: expected at most a fifth of the 59 values, got 12"),
        (
            {"seq_type": "sunspots", "length": 100},
            ValueError,
            "length: expected all 309 years for 'sunspots', got 100",
        ),
        (
            {"seq_type": "sunspots", "period": 3},
            TypeError,
            "period: expected no options for 'sunspots', got 'period'",
        ),
        ({"amplitude": 0.0}, ValueError, "values: expected numbers that vary, got 240 times 0"),
        (
            {"seq_type": "fibonacci", "length": 900},
            ValueError,
            "length: expected squares that float64 can hold, got values up to 5.5e+187",
        ),
        ({"learning_rate": 1e308, "epochs": 3}, FloatingPointError, "outputs: expected a finite result, got"),
        (
            {"learning_rate": 1e170, "epochs": 3},
            FloatingPointError,
            "loss: expected a finite result, got inf at",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(arguments, error, sentence):
    with pytest.raises(error) as caught:
        rnn.train_rnn_on_sequence(**arguments)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_what_is_held_out_changes_neither_weights_nor_scale(monkeypatch):
    options = {"epochs": 3, "weight_decays": (0.0, 0.01), "hidden_size": 3}
    honest = rnn.train_rnn_on_sequence("sunspots", **options)
    years, numbers = data.sunspots()
    other = np.where(years >= 1921, numbers[::-1] + 40, numbers)
    monkeypatch.setattr(data, "sunspots", lambda: (years, other))
    blind = rnn.train_rnn_on_sequence("sunspots", **options)
    assert (blind.model.mean, blind.model.scale) == (honest.model.mean, honest.model.scale)
    for name, value in honest.model.net.params.items():
        np.testing.assert_array_equal(blind.model.net.params[name], value)
    np.testing.assert_array_equal(blind.losses, honest.losses)
    np.testing.assert_array_equal(blind.forecast, honest.forecast)
    assert blind.weight_decay == honest.weight_decay
    np.testing.assert_array_equal(blind.predictions["AR(12)"][:209], honest.predictions["AR(12)"][:209])
    assert blind.metrics["rnn"]["test"] != honest.metrics["rnn"]["test"]

    # Nor do the validation years reach the models that are compared on them.
    late = np.where(years >= 1881, numbers[::-1] + 40, numbers)
    monkeypatch.setattr(data, "sunspots", lambda: (years, late))
    seen = []
    real = train.fit
    monkeypatch.setattr(train, "fit", lambda values, *rest: seen.append(values) or real(values, *rest))
    rnn.train_rnn_on_sequence("sunspots", **options)
    assert [len(values) for values in seen] == [141, 141, 221]
    np.testing.assert_array_equal(seen[0], numbers[:141])


def test_equal_seeds_give_equal_results_and_other_seeds_others():
    options = {"length": 80, "window": 5, "epochs": 3, "weight_decays": (0.0,)}
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    a, b, c = (rnn.train_rnn_on_sequence("noisy", seed=seed, **options) for seed in (1, 1, 2))
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_array_equal(a.values, b.values)
    np.testing.assert_array_equal(a.predictions["rnn"], b.predictions["rnn"])
    assert (a.values != c.values).all()
    expected = rnn.SimpleRNN(1, 8, 1, rng=np.random.default_rng([2, 1])).params["W_hh"]
    assert np.abs(c.model.net.params["W_hh"] - expected).max() < 0.05  # three small steps away
    noise = rnn.generate_sequence_data("noisy", 80, rng=np.random.default_rng([2, 0]))
    np.testing.assert_array_equal(c.values, noise[5:])


def test_fibonacci_shows_that_a_bounded_network_cannot_follow():
    result = rnn.train_rnn_on_sequence("fibonacci", epochs=20, weight_decays=(0.0,))
    assert len(result.values) == 48
    test = result.metrics["rnn"]["test"].rmse
    assert test > np.sqrt(np.mean(result.values[-12:] ** 2)) / 2
    assert result.metrics["AR(2)"]["test"].rmse < 1e-9 * test


def test_progress_on_a_terminal_is_a_bar(capsys, monkeypatch):
    pytest.importorskip("rich")
    options = {"length": 60, "window": 5, "epochs": 2, "weight_decays": (0.0,), "progress": True}
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    rnn.train_rnn_on_sequence("sine", **options)
    shown = capsys.readouterr().err
    assert "training" in shown
    assert shown.endswith("\x1b[2K")  # it leaves an empty line behind
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # without rich: plain lines
    rnn.train_rnn_on_sequence("sine", **options)
    assert "update 4 of 4" in capsys.readouterr().err


def test_results_cannot_be_assigned_to(quick):
    with pytest.raises(dataclasses.FrozenInstanceError):
        quick.window = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        quick.model.scale = 1.0


def test_a_sine_is_learned_and_options_reach_it():
    result = rnn.train_rnn_on_sequence("sine", epochs=150, weight_decays=(0.0,), length=200, period=9.0, phase=0.5)
    np.testing.assert_array_equal(result.values, rnn.generate_sequence_data("sine", 200, period=9.0, phase=0.5)[12:])
    assert result.metrics["rnn"]["test"].rmse < 0.1
    assert result.metrics["AR(2)"]["test"].rmse < 1e-12


# The default training of the sunspots, which takes a few seconds, comes last


@pytest.fixture(scope="module")
def sunspots():
    return rnn.train_rnn_on_sequence("sunspots")


def test_the_network_beats_the_linear_model_on_the_years_after_training(sunspots):
    arv = {model: {part: s.arv for part, s in scores.items()} for model, scores in sunspots.metrics.items()}
    assert list(arv) == ["rnn", "persistence", "AR(2)", "AR(12)"]
    assert arv["rnn"]["1921–1955"] < arv["AR(12)"]["1921–1955"]
    assert arv["rnn"]["test"] < arv["AR(2)"]["test"] < arv["persistence"]["test"]
    assert sunspots.weight_decay == 0.01
    assert 0.05 < arv["rnn"]["train"] < arv["AR(12)"]["train"]


def test_the_linear_model_has_its_published_errors(sunspots):
    # .132, .130 and .37 in the literature on these parts
    arv = sunspots.metrics["AR(12)"]
    assert arv["train"].arv == pytest.approx(0.1319, abs=5e-5)
    assert arv["1921–1955"].arv == pytest.approx(0.1296, abs=5e-5)
    assert arv["1956–1979"].arv == pytest.approx(0.3679, abs=5e-5)


def test_baselines_by_another_formula(sunspots):
    years, numbers = data.sunspots()
    variance = np.mean((numbers[:280] - np.mean(numbers[:280])) ** 2)

    def expected(order, last_fitted, part):
        targets = [n for n in range(order, 309) if years[n] <= last_fitted]
        design = np.array([[1.0, *(numbers[n - lag] for lag in range(1, order + 1))] for n in targets])
        # The normal equations, where the package uses an orthogonal factorisation.
        weights = np.linalg.solve(design.T @ design, design.T @ numbers[targets])
        errors = [
            weights[0] + sum(weights[lag] * numbers[n - lag] for lag in range(1, order + 1)) - numbers[n]
            for n in range(12, 309)
            if part[0] <= years[n] <= part[1]
        ]
        mean_square = np.mean(np.square(errors))
        return np.sqrt(mean_square), mean_square / variance

    for order in (2, 12):
        for name, part in PARTS.items():
            last = 1840 if name == "validation" else 1920
            np.testing.assert_allclose(sunspots.metrics[f"AR({order})"][name], expected(order, last, part), rtol=1e-8)
    for name, (first, last) in PARTS.items():
        change = np.diff(numbers)[first - 1701 : last - 1700]
        assert sunspots.metrics["persistence"][name].rmse == pytest.approx(np.sqrt(np.mean(change**2)))


def test_the_result_says_what_was_done(sunspots):
    years, numbers = data.sunspots()
    result = sunspots
    assert result.parts == PARTS
    np.testing.assert_array_equal(result.times, years[12:])
    np.testing.assert_array_equal(result.values, numbers[12:])
    assert (result.seq_type, result.window, result.losses.shape) == ("sunspots", 12, (500,))
    assert result.losses[-1] < result.losses[0] / 5
    assert list(result.validation) == [0.0, 0.001, 0.01, 0.1]
    assert result.validation[0.01] == min(result.validation.values()) == result.metrics["rnn"]["validation"]
    assert (result.model.mean, result.model.scale) == (numbers[:221].mean(), numbers[:221].std())
    assert result.model.net.hidden_size == 8


def test_predictions_come_from_the_true_past_and_scores_from_predictions(sunspots):
    _, numbers = data.sunspots()
    model, net = sunspots.model, sunspots.model.net
    for n in (0, 100, 296):
        seen = (numbers[n : n + 12] - model.mean) / model.scale
        outputs, _ = net.forward(seen.reshape(12, 1, 1))
        assert sunspots.predictions["rnn"][n] == pytest.approx(model.mean + model.scale * outputs[-1, 0, 0])
    error = (sunspots.predictions["rnn"] - numbers[12:])[1921 - 1712 : 1955 - 1711]
    assert sunspots.metrics["rnn"]["1921–1955"].rmse == pytest.approx(np.sqrt(np.mean(error**2)))
    assert sunspots.metrics["rnn"]["1921–1955"].arv == pytest.approx(np.mean(error**2) / numbers[:280].var())


def test_the_forecast_runs_on_from_its_own_predictions(sunspots):
    _, numbers = data.sunspots()
    assert sunspots.forecast.shape == (88,)
    past = list(numbers[1909 - 1700 : 1921 - 1700])
    for came in sunspots.forecast:
        assert came == pytest.approx(sunspots.model.predict(np.array([past]))[0])
        past = [*past[1:], came]
    # It goes on swinging as the sun does, roughly every eleven years.
    spectrum = np.abs(np.fft.rfft(sunspots.forecast - sunspots.forecast.mean()))
    assert 9 < 88 / spectrum.argmax() < 12


def test_the_parts_of_the_sunspots_are_those_of_the_literature():
    years, values, parts, variance = train._sequence("sunspots", None, 0, {})
    assert (years[0], years[-1], len(values)) == (1700, 2008, 309)
    assert parts == {
        "validation": (1841, 1920),
        "1921–1955": (1921, 1955),
        "1956–1979": (1956, 1979),
        "test": (1921, 2008),
    }
    np.testing.assert_allclose(variance, values[:280].var(), rtol=1e-13)  # 1700 to 1979


def test_validation_is_scored_by_what_was_fitted_before_it_and_the_forecast_goes_on_from_what_was_seen():
    options = {"length": 40, "window": 3, "hidden_size": 2, "epochs": 2, "weight_decays": (0.0,), "progress": False}
    result = rnn.train_rnn_on_sequence("noisy", **options)
    values = data.generate_sequence_data("noisy", 40, rng=np.random.default_rng([0, 0]))
    past, targets = windows(values, 3)
    np.testing.assert_array_equal(result.forecast, result.model.run_on(values[29:32], 8))
    inside = slice(24 - 3, 32 - 3)
    for name, guess in train.baselines(values[:24], past).items():
        expected = np.sqrt(np.mean((guess[inside] - targets[inside]) ** 2))
        np.testing.assert_allclose(result.metrics[name]["validation"].rmse, expected, rtol=1e-12)
