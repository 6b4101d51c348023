"""Forecasts of the weather and of prices, beside rules that cost nothing.

The weather: the warmest temperature of each day in Seattle, one to seven days ahead; 2012 and 2013 are learned, 2014 is
for validation, 2015 for the test.  Prices: the logarithm of the closing price of the S&P 500, one to twenty days ahead;
1999 to 2010 are learned, 2011 to 2013 are for validation, 2014 to 2018 for the test.  All models see the same days
before, and forecast all horizons at once.  The strength of the ridge and the moment to stop are chosen on validation.
"""

from __future__ import annotations

import csv
import gzip
from datetime import date, datetime
from typing import Any, NamedTuple

import numpy as np

from rnn.depth import Stacked
from rnn.layers import GRU, RNN
from rnn.linear import Linear
from rnn.losses import mse
from rnn.optim import Adam, clip_by_norm
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim
from scripts.experiments.fetch import fetch

NETS, HIDDEN, BATCH, LOOK = 5, 16, 64, 20
HORIZONS = {"weather": (1, 2, 3, 4, 5, 6, 7), "prices": (1, 2, 5, 10, 20)}
WINDOW = {"weather": 14, "prices": 20}
CUTS = {"weather": (date(2014, 1, 1), date(2015, 1, 1)), "prices": (date(2011, 1, 1), date(2014, 1, 1))}


class Days(NamedTuple):
    """A series: the days, what is to be forecast, everything that is known on a day, and the season."""

    days: list[date]
    values: Array
    features: Array
    season: Array


class Windows(NamedTuple):
    """One part of a series: the days before (W, N, D), the last value (N,), and the future (N, horizons)."""

    past: Array
    last: Array
    season: Array  # of the days before (W, N, 5)
    ahead: Array  # of the days to come (N, horizons, 5)
    future: Array

    def without(self, usual: Array) -> Windows:
        """Return the departures from the usual value of the season, five weights."""
        past = self.past.copy()
        past[..., 0] -= self.season @ usual
        return self._replace(past=past, last=past[-1, :, 0], future=self.future - self.ahead @ usual)


def load(series: str) -> Days:
    """Read a series from the file of its package."""
    if series == "weather":
        rows = list(csv.DictReader(fetch("seattle").read_text(encoding="utf-8").splitlines()))
        days = [datetime.strptime(row["date"], "%Y/%m/%d").date() for row in rows]
        numbers = np.array([[float(row[k]) for k in ("temp_max", "temp_min", "precipitation", "wind")] for row in rows])
        features = np.column_stack([numbers[:, :2], np.log1p(numbers[:, 2:])])
    else:
        rows = list(csv.DictReader(gzip.decompress(fetch("sp500").read_bytes()).decode().splitlines()))
        days = [datetime.strptime(row["Date"], "%m/%d/%Y").date() for row in rows]
        numbers = np.log([[float(row["Close"])] for row in rows])
        features = numbers
    angle = 2 * np.pi * np.array([day.timetuple().tm_yday for day in days]) / 365.25
    season = np.column_stack([np.ones(len(days)), *(f(k * angle) for k in (1, 2) for f in (np.sin, np.cos))])
    return Days(days, numbers[:, 0], features, season)


def parts(series: str) -> list[Windows]:
    """Cut a series into what is learned, validation and test, by the day that is forecast first."""
    whole, W, horizons = load(series), WINDOW[series], np.array(HORIZONS[series])
    first, second = (sum(day < cut for day in whole.days) for cut in CUTS[series])
    found = []
    for begin, end in ((W, first), (first, second), (second, len(whole.days))):
        at = np.arange(begin, end - horizons[-1] + 1)  # no forecast reaches into the next part
        days = at - 1 - np.arange(W)[::-1, np.newaxis]
        past = whole.features[days]
        future = whole.values[at[:, np.newaxis] + horizons - 1]
        ahead = whole.season[at[:, np.newaxis] + horizons - 1]
        found.append(Windows(past, whole.values[at - 1], whole.season[days], ahead, future))
    return found


# --8<-- [start:rules]
def rule(model: str, learned: Windows, validation: Windows, test: Windows) -> Array:
    """Forecast without a network, (N, horizons)."""
    if model == "persistence":
        return np.repeat(test.last[:, np.newaxis], test.future.shape[1], axis=1)
    if model == "season":
        return np.zeros_like(test.future)  # no departure from it
    # a linear window
    tried = [_ridge(strength, learned) for strength in (1e-3, 1e-1, 1.0, 10.0, 100.0, 1000.0)]
    errors = [np.mean((_design(validation) @ weights - validation.future) ** 2) for weights in tried]
    return np.asarray(_design(test) @ tried[int(np.argmin(errors))])


# --8<-- [end:rules]


def _design(part: Windows) -> Array:
    return np.column_stack([np.ones(len(part.last)), part.past[..., 0].T])


def _ridge(strength: float, learned: Windows) -> Array:
    X = _design(learned)
    penalty = np.diag(strength * X.std(axis=0) ** 2)  # none for the constant
    return np.asarray(np.linalg.solve(X.T @ X + penalty, X.T @ learned.future))


def run(seed: int, series: str, model: str, sees: str, updates: int) -> Found:
    """Forecast the test by a rule or five networks, which see levels, daily changes, or departures from the season."""
    whole = parts(series)
    usual = np.zeros(whole[0].ahead.shape[-1])
    if sees == "departures":
        usual = np.linalg.lstsq(whole[0].ahead[:, 0], whole[0].future[:, 0], rcond=None)[0]
    learned, validation, test = (part.without(usual) for part in whole)
    when = [0] * NETS
    if model in ("tanh", "gru"):
        guesses, when = train(seed, model, sees, (learned, validation, test), updates)
    else:
        guesses = np.repeat(rule(model, learned, validation, test)[np.newaxis], NETS, axis=0)
    guesses, test = guesses + whole[2].ahead @ usual, whole[2]
    error = guesses - test.future
    truth, said = test.future - test.last[:, np.newaxis], guesses - test.last[:, np.newaxis]
    return {
        "error": np.sqrt((error**2).mean(axis=1)),  # by net and horizon
        "sign": 100 * ((said > 0) == (truth > 0)).mean(axis=1),
        "up": 100 * (truth > 0).mean(axis=0)[np.newaxis].repeat(NETS, axis=0),
        "correlation": [float(np.corrcoef(one[:, 0], test.future[:, 0])[0, 1]) for one in guesses],
        "updates": when,
    }


def train(
    seed: int, cell: str, sees: str, parts: tuple[Windows, Windows, Windows], updates: int
) -> tuple[Array, list[int]]:
    """Train five networks on windows, keep for each its best moment on validation, and forecast the test."""
    learned, validation, test = (_inputs(part, sees) for part in parts)
    x_shift, x_scale = learned[0].mean(axis=(0, 1)), learned[0].std(axis=(0, 1)) + 1e-12
    y_shift, y_scale = learned[1].mean(axis=0), learned[1].std(axis=0)
    rng = np.random.default_rng(seed)
    make: Any = {"tanh": RNN, "gru": GRU}[cell]
    D, O = learned[0].shape[-1], learned[1].shape[-1]
    options: dict[str, Any] = {"seeds": NETS, "rng": rng, "dtype": np.float32}
    net, optimizer = Stacked([make(D, HIDDEN, **options), Linear(HIDDEN, O, **options)]), Adam(3e-3)
    best, when = np.full(NETS, np.inf), np.zeros(NETS, int)
    kept = {name: value.copy() for name, value in net.params.items()}

    def outputs(x: Array) -> Array:
        x = ((x - x_shift) / x_scale).astype(np.float32)
        scores, _ = net.forward(np.repeat(x[:, np.newaxis], NETS, axis=1))
        return np.asarray(scores)

    def wanted(y: Array) -> Array:
        return np.repeat(((y - y_shift) / y_scale)[np.newaxis, np.newaxis], NETS, axis=1)

    for update in range(updates + 1):
        if update % LOOK == 0:
            loss, _ = mse(outputs(validation[0])[-1:].astype(float), wanted(validation[1]), seeds=True)
            better = loss < best
            best, when = np.where(better, loss, best), np.where(better, update, when)
            for name, value in net.params.items():
                kept[name][better] = value[better]
        chosen = rng.integers(learned[0].shape[1], size=BATCH)
        came = outputs(learned[0][:, chosen])
        d_outputs = np.zeros_like(came)
        _, d_outputs[-1:] = mse(came[-1:], wanted(learned[1][chosen]).astype(np.float32), seeds=True)
        net.backward(d_outputs)
        grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
        optimizer.update(net.params, grads)
    for name, value in net.params.items():
        value[...] = kept[name]
    forecast = outputs(test[0])[-1].astype(float) * y_scale + y_shift
    return forecast + (parts[2].last[:, np.newaxis] if sees == "changes" else 0), when.tolist()


def _inputs(part: Windows, sees: str) -> tuple[Array, Array]:
    """Return what a network reads, (W, N, D), and what it is to say, (N, horizons)."""
    if sees == "changes":
        return np.diff(part.past, axis=0), part.future - part.last[:, np.newaxis]
    return np.concatenate([part.past, part.season[..., 1:3]], axis=-1), part.future


ARMS = [
    ("weather", "persistence", "levels"),
    ("weather", "season", "departures"),
    ("weather", "window", "levels"),
    ("weather", "window", "departures"),
    ("weather", "tanh", "departures"),
    ("weather", "gru", "levels"),
    ("weather", "gru", "departures"),
    ("prices", "persistence", "levels"),
    ("prices", "window", "levels"),
    ("prices", "gru", "levels"),
    ("prices", "gru", "changes"),
]
EXPERIMENT = Experiment(
    run,
    arms=[
        {"series": series, "model": model, "sees": sees, "updates": 1000 if model in ("tanh", "gru") else 0}
        for series, model, sees in ARMS
    ],
    reduced=[
        {"series": "weather", "model": "persistence", "sees": "levels", "updates": 0},
        {"series": "weather", "model": "window", "sees": "levels", "updates": 0},
        {"series": "weather", "model": "gru", "sees": "levels", "updates": 60},
        {"series": "prices", "model": "persistence", "sees": "levels", "updates": 0},
        {"series": "prices", "model": "gru", "sees": "levels", "updates": 60},
    ],
    seeds=2,
    nets=NETS,
    data=("seattle", "sp500"),
    chaotic=True,
)


def _middle(results: Results, series: str, model: str, sees: str, measured: str = "error") -> Array:
    """Return the median over the nets, by horizon."""
    return np.asarray(np.median(results.of(measured, series=series, model=model, sees=sees), axis=0))


@claim
def window_before_persistence(results: Results) -> Pair:
    """Ask that a linear window forecasts the weather better than persistence, for every day ahead."""
    return _middle(results, "weather", "window", "levels"), _middle(results, "weather", "persistence", "levels")


@claim(reduced=False)
def season_from_the_third_day(results: Results) -> Pair:
    """Ask that from the third day on the season alone is better than persistence."""
    persistence = _middle(results, "weather", "persistence", "levels")
    return _middle(results, "weather", "season", "departures")[2:], persistence[2:]


@claim(reduced=False)
def persistence_on_the_first_day(results: Results) -> Pair:
    """Ask that for the first day persistence is better than the season."""
    season = _middle(results, "weather", "season", "departures")
    return _middle(results, "weather", "persistence", "levels")[0], season[0]


@claim(reduced=False)
def window_before_networks(results: Results) -> Pair:
    """Ask that for the first day the linear window is better than the networks (medians)."""
    nets = [("tanh", "departures"), ("gru", "levels"), ("gru", "departures")]
    window = _middle(results, "weather", "window", "levels")[0]
    return window, [_middle(results, "weather", model, sees)[0] for model, sees in nets]


@claim(reduced=False)
def departures_help(results: Results) -> Pair:
    """Ask that for the first day a GRU is better on departures from the season than on levels (medians)."""
    return _middle(results, "weather", "gru", "departures")[0], _middle(results, "weather", "gru", "levels")[0]


@claim
def persistence_before_levels(results: Results) -> Pair:
    """Ask that for prices persistence is better than each GRU that sees levels, at every horizon."""
    nets = results.of("error", series="prices", model="gru", sees="levels")
    return _middle(results, "prices", "persistence", "levels"), nets.min(axis=0)


@claim(reduced=False)
def persistence_before_window(results: Results) -> Pair:
    """Ask that for prices persistence is better than a linear window, at every horizon."""
    return _middle(results, "prices", "persistence", "levels"), _middle(results, "prices", "window", "levels")


@claim(reduced=False)
def changes_are_persistence(results: Results) -> Pair:
    """Ask that a GRU that sees changes is nowhere more than 3 % better than persistence (medians)."""
    return 0.97 * _middle(results, "prices", "persistence", "levels"), _middle(results, "prices", "gru", "changes")


@claim(reduced=False)
def no_sense_of_direction(results: Results) -> Pair:
    """Ask that on the next day it tells up from down no more than two percent points better than saying up."""
    sign, up = (_middle(results, "prices", "gru", "changes", measured)[0] for measured in ("sign", "up"))
    return sign, up + 2


@claim(reduced=False)
def window_before_season(results: Results) -> Pair:
    """Ask that a linear window forecasts the weather better than the season alone, for every day ahead."""
    return _middle(results, "weather", "window", "levels"), _middle(results, "weather", "season", "departures")


@claim(reduced=False)
def later_level(results: Results) -> Pair:
    """Ask that from the third day on GRU and window are within a twentieth of each other (medians)."""
    gru, window = (
        _middle(results, "weather", model, sees)[2:] for model, sees in (("gru", "departures"), ("window", "levels"))
    )
    return [*gru, *window], [*(1.05 * window), *(1.05 * gru)]


@claim(reduced=False)
def levels_behind_persistence(results: Results) -> Pair:
    """Ask that for the first day a GRU on levels is worse than persistence (medians)."""
    return _middle(results, "weather", "persistence", "levels")[0], _middle(results, "weather", "gru", "levels")[0]
