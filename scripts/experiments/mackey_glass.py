"""Mackey–Glass by an echo-state network: 84 steps ahead on its own predictions (Jaeger & Haas 2004).

The delay is 17.  The read-out is fitted to 3000 steps; then the network hears the true sequence for a while and runs
on by itself, from many places of another part of the sequence.  NRMSE84 is the error at the 84th step over these
places, in standard deviations of the sequence.  Beside it two simple rivals that also run on: autoregression of 24
steps, and the last value for ever.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from rnn.data import generate_sequence_data
from rnn.echo import EchoState, nrmse
from rnn.train import autoregression, fit_autoregression
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, claim

SEEN, WASHOUT, HEARD, AHEAD = 3000, 100, 200, 160  # steps: fitted to, left out, heard before a run, run on
LOOKS = (1, 4, 7, *range(14, AHEAD + 1, 7))  # steps of the curve; 84 is one of them
PLACES = 50  # from which the network runs on
ORDER = 24


@cache
def sequence() -> Array:
    """Return the solution, minus 1 so that it swings about zero."""
    length = SEEN + 1 + PLACES * (HEARD + AHEAD)
    return generate_sequence_data("mackey_glass", length, washout=1000) - 1


def by_network(network: EchoState, ridge: float, x: Array, later: Array) -> Array:
    """Fit the read-out to x, then run on from each place of `later`, (HEARD + AHEAD, PLACES), for AHEAD steps."""
    # --8<-- [start:echo]
    network.fit(x[:-1, None, None], x[1:, None, None], washout=WASHOUT, ridge=ridge)
    h = network.states(later[: HEARD - 1, :, None])[-1]  # before the last value that it hears
    outputs, _ = network.run_on(later[HEARD - 1, :, None], (h,), AHEAD)
    # --8<-- [end:echo]
    return np.asarray(outputs[..., 0])


def by_formula(x: Array, later: Array) -> Array:
    """Let an autoregression run on in the same way."""
    weights = fit_autoregression(x, ORDER)
    values = later[HEARD - ORDER : HEARD].T
    for _ in range(AHEAD):
        values = np.column_stack([values, autoregression(weights, values[:, -ORDER:])])
    return values[:, ORDER:].T


def run(seed: int, units: int, ridge: float) -> Found:
    """Make one reservoir, fit its read-out, and measure how the error grows."""
    values = sequence()
    x, later = values[: SEEN + 1], values[SEEN + 1 :].reshape(PLACES, -1).T
    network = EchoState(
        1, units, 1, spectral_radius=0.8, input_scale=1.0, bias_scale=0.2, rng=np.random.default_rng(seed)
    )
    truth, variance = later[HEARD:], float(values.var())
    guesses = {
        "network": np.clip(by_network(network, ridge, x, later), -3, 3),
        "formula": by_formula(x, later),
        "last": np.broadcast_to(later[HEARD - 1], truth.shape),
    }
    return {
        name: [float(np.log10(nrmse(guess[n - 1], truth[n - 1], variance=variance))) for n in LOOKS]
        for name, guess in guesses.items()
    }


EXPERIMENT = Experiment(
    run,
    arms=[{"units": units, "ridge": 1e-12} for units in (50, 100, 200, 400, 1000)] + [{"units": 1000, "ridge": 1e-8}],
    reduced=[{"units": units, "ridge": 1e-12} for units in (50, 200)],
    seeds=10,
    reduced_seeds=2,
    chaotic=True,
)


def at_84(results: Results, who: str = "network", **arm: float) -> Array:
    """Return the logarithm of NRMSE84 by seed."""
    errors: Array = results.of(who, **arm)[:, LOOKS.index(84)]
    return errors


@claim
def more_units_less_error(results: Results) -> Pair:
    """Each larger reservoir is better than the one before it."""
    found = [np.median(at_84(results, units=units, ridge=1e-12)) for units in results.arms("units")]
    return found[1:], found[:-1]


@claim
def before_the_formula(results: Results) -> Pair:
    """Two hundred units are better than a linear autoregression, by more than a factor of ten."""
    return np.median(at_84(results, units=200)) + 1, np.median(at_84(results, "formula", units=200))
