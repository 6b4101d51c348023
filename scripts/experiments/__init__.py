"""The laboratory: training runs whose results stand in the book.

One module an experiment.  It has a function ``run``, which trains once and returns what was measured, a declaration of
what is varied, and the claims that the book makes of it::

    def run(seed: int, cell: str, length: int, updates: int) -> Found: ...


    EXPERIMENT = Experiment(
        run,
        arms=[{"cell": c, "length": 50, "updates": 3000} for c in ("tanh", "lstm")],
        reduced=[{"cell": c, "length": 10, "updates": 60} for c in ("tanh", "lstm")],
    )


    @claim
    def lstm_first(results: Results) -> Pair:  # the first is smaller than the second
        return results.of("error", cell="lstm"), results.of("error", cell="tanh")

``make experiments`` runs every arm with every seed and writes ``scripts/experiments/results/<name>.json``; figures and
numbers of the book read it with `results`.  `scripts.experiments.sweep` does the running.  What stands in this file
decides on no result, so that editing it makes none of them old.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import numpy as np

from rnn.validate import Array

RESULTS = Path(__file__).parent / "results"
KIT = {"__main__", "fetch", "store", "sweep"}  # of the other modules, those without an underscore are experiments
FEWEST_SEEDS = 5
TIERS = ("full", "reduced")

Found = dict[str, Any]  # what one run has measured: numbers, and lists and dicts of numbers
Arm = dict[str, Any]  # the arguments of `run` besides the seed
Pair = tuple[Any, Any]  # the first should be smaller, number by number


@dataclass(frozen=True)
class Experiment:
    """What is run, and how often.

    Attributes
    ----------
    run : callable
        Takes a seed and the arguments of an arm; returns a dict of what was measured.  The same arguments give the
        same result: all random numbers come from the seed.
    arms : list of dict
        What is varied, in full.
    reduced : list of dict
        The same question at a size that takes a few seconds, which every landing asks again.
    seeds : int
        How many runs each arm has: the seeds 0, 1, ….  A `run` that trains several nets at once, on a leading axis,
        says in ``nets`` how many.
    reduced_seeds : int
        How many in the reduced tier.
    nets : int
        How many independent networks one run trains.
    data : tuple of str
        Sources of `scripts.experiments.fetch` that it reads.
    chaotic : bool
        Whether rounding decides on single runs: then a repeated run need not give the same numbers on another
        processor, and only the claims are held to it.
    tolerance : float
        Else, how far a repeated run may be from the stored one, relative to the size of the numbers.
    """

    run: Callable[..., Found]
    arms: Sequence[Arm]
    reduced: Sequence[Arm]
    seeds: int = FEWEST_SEEDS
    reduced_seeds: int = 1
    nets: int = 1
    data: tuple[str, ...] = ()
    chaotic: bool = False
    tolerance: float = 1e-3

    def __post_init__(self) -> None:
        if self.seeds * self.nets < FEWEST_SEEDS:
            raise ValueError(f"seeds: expected at least {FEWEST_SEEDS}, got {self.seeds} of {self.nets} nets")
        known = list(inspect.signature(self.run).parameters)
        for arm in (*self.arms, *self.reduced):
            if sorted(["seed", *arm]) != sorted(known):
                raise ValueError(f"arm: expected the arguments of run but for the seed, {known}, got {list(arm)}")

    def tasks(self, tier: str) -> list[tuple[Arm, int]]:
        """List every arm with every seed."""
        arms, seeds = (self.arms, self.seeds) if tier == "full" else (self.reduced, self.reduced_seeds)
        return [(dict(arm), seed) for arm in arms for seed in range(seeds)]


@dataclass(frozen=True)
class Run:
    """One run: what it was asked, and what it measured."""

    arm: Arm
    seed: int
    found: Found
    seconds: float  # by the clock
    cpu: float  # of the processor


@dataclass(frozen=True)
class Results:
    """All runs of an experiment in one tier, and how they came about.

    Attributes
    ----------
    name, tier : str
        Of which experiment; "full" or "reduced".
    made : dict
        The versions, the machine, and the hash of the sources.
    runs : list of Run
        Arm by arm, seed by seed.
    nets : int
        How many independent networks each run has trained.
    chaotic : bool
        Whether rounding decides on single runs.
    """

    name: str
    tier: str
    made: dict[str, Any]
    runs: Sequence[Run] = field(repr=False)
    nets: int = 1
    chaotic: bool = False

    def where(self, **arm: Any) -> list[Run]:
        """Return the runs whose arms have these values.

        Raises
        ------
        KeyError
            If there is none.
        """
        found = [run for run in self.runs if all(run.arm.get(key) == value for key, value in arm.items())]
        if not found:
            raise KeyError(f"{self.name}: no run in the tier {self.tier} has {arm}")
        return found

    def of(self, measured: str, **arm: Any) -> Array:
        """Return what the runs with these values measured, (runs, …); of nets on a leading axis all in one row.

        A number that is missing (``None``: it never happened) is infinite.
        """
        values = [run.found[measured] for run in self.where(**arm)]
        rows = np.array([_floats(value) for value in values], dtype=float)
        return rows.reshape(-1, *rows.shape[2:]) if self.nets > 1 else rows

    def arms(self, key: str) -> list[Any]:
        """List the values that one argument takes, in order of appearance."""
        return list(dict.fromkeys(run.arm[key] for run in self.runs))


@dataclass(frozen=True)
class Claim:
    """What the book says of an experiment: a pair whose first part is smaller than its second."""

    function: Callable[[Results], Pair]
    reduced: bool = True

    @property
    def name(self) -> str:
        """The name of the function, with hyphens."""
        return self.function.__name__.replace("_", "-")

    def complaint(self, results: Results) -> str:
        """Say by how much the claim fails; nothing if it holds."""
        less, more = (np.asarray(side, dtype=float) for side in self.function(results))
        if np.all(less < more):
            return ""
        less, more = np.broadcast_arrays(less, more)
        at = np.unravel_index(np.argmin(less < more), less.shape)
        return f"{results.name}: claim {self.name}: expected {less[at]:.4g} < {more[at]:.4g} ({results.tier} results)"


@overload
def claim(function: Callable[[Results], Pair]) -> Claim: ...
@overload
def claim(*, reduced: bool) -> Callable[[Callable[[Results], Pair]], Claim]: ...
def claim(function: Callable[[Results], Pair] | None = None, *, reduced: bool = True) -> Any:
    """Declare a claim; with ``reduced=False`` it holds of the full results only, and the reduced ones are too short."""
    return Claim(function) if function else lambda f: Claim(f, reduced)


def names() -> list[str]:
    """Name all experiments."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name not in KIT and module.name[0] != "_"
    )


def module_of(name: str) -> str:
    """Return the module of an experiment; a dotted name is one already."""
    return name if "." in name else f"{__name__}.{name}"


def experiment(name: str) -> Experiment:
    """Return what an experiment's module declares."""
    found: Experiment = importlib.import_module(module_of(name)).EXPERIMENT
    return found


def claims(name: str) -> list[Claim]:
    """Return the claims of an experiment."""
    return [value for value in vars(importlib.import_module(module_of(name))).values() if isinstance(value, Claim)]


def everything(pattern: str, tier: str = "full") -> list[Results]:
    """Read the results of all experiments; the pattern ``*.json`` says so to the build, as in `results`."""
    return [results(path.name, tier) for path in sorted(RESULTS.glob(pattern))]


class ResultError(Exception):
    """A file of results is broken; the message says what to do."""


class NoResultError(ResultError):
    """There are no results yet."""


def results(file: str, tier: str = "full") -> Results:
    """Read the results of an experiment, such as ``adding.json``.

    The ending is there so that the build sees in the code of a figure which results it depends on.

    Raises
    ------
    ResultError
        If the file is missing or broken.
    """
    name = file.removesuffix(".json")
    path = RESULTS / f"{name.rsplit('.', 1)[-1]}.json"
    again = f"`make experiments ONLY={name}` makes them"
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(parts, dict) and tier not in parts:
            raise NoResultError(f"{path.name}: expected {tier} results of {name}, found none: {again}")
        part = parts[tier]
        return Results(name, tier, part["made"], [Run(**run) for run in part["runs"]], part["nets"], part["chaotic"])
    except FileNotFoundError:
        raise NoResultError(f"{path.name}: expected the results of {name}, found none: {again}") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise ResultError(
            f"{path.name}: expected the results of {name}, got a broken file ({error}): {again} anew"
        ) from None


def _floats(value: Any) -> Any:
    """Put infinity where a number is missing."""
    if isinstance(value, list):
        return [_floats(one) for one in value]
    return np.inf if value is None else value
