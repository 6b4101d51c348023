"""Run what is missing, here or on a cluster, and keep each run as soon as it is done.

A run is a pure function of its arm and its seed.  Workers hand its result back and write nothing themselves, so it does
not matter which of them does it, or how often: what comes back is kept once.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import joblib

from scripts.experiments import Arm, ResultError, Run, experiment, module_of, results, store

PATIENCE = "20s"  # for a scheduler to answer
ONE_THREAD: dict[str, Any] = {"threads_per_worker": 1, "dashboard_address": None}


class Task(NamedTuple):
    """One run that is still to be done."""

    name: str
    tier: str
    arm: Arm
    seed: int
    hashed: str  # of the sources

    def __str__(self) -> str:
        return f"{self.name}, {' '.join(map(str, self.arm.values()))}, seed {self.seed}"


class Outcome(NamedTuple):
    """What a worker hands back: the run, or why there is none."""

    task: Task
    run: Run | None
    failure: str


class SweepError(Exception):
    """The workers cannot be had; the message says why."""


@dataclass
class Plan:
    """An experiment in one size: the runs that are there, and those that are not.

    Attributes
    ----------
    name, tier, hashed : str
        Which experiment, in which size, from which sources.
    there : dict of str to Run
        What is known, by arm and seed.
    missing : list of Task
        What is not.
    notes : list of str
        Which files were broken.
    """

    name: str
    tier: str
    hashed: str
    there: dict[str, Run]
    missing: list[Task]
    notes: list[str]

    @classmethod
    def of(cls, name: str, tier: str, *, afresh: bool = False) -> Plan:
        """Look for the runs of an experiment: among the committed results, then among those kept one by one.

        Parameters
        ----------
        name, tier : str
            Which experiment, and in which size.
        afresh : bool
            Whether to take none of them.
        """
        plan = cls(name, tier, store.sources(name), {}, [], [])
        try:
            committed = [] if afresh else store.stored(name, tier, plan.hashed)
        except ResultError as error:
            plan.notes.append(str(error))
            committed = []
        known = {store.which(run.arm, run.seed): run for run in committed}
        for arm, seed in experiment(name).tasks(tier):
            key = store.which(arm, seed)
            run = known.get(key) or (None if afresh else plan._kept(arm, seed))
            if run:
                plan.there[key] = run
            else:
                plan.missing.append(Task(name, tier, arm, seed, plan.hashed))
        return plan

    def _kept(self, arm: Arm, seed: int) -> Run | None:
        try:
            return store.kept(store.place(self.name, self.tier, arm, seed, self.hashed))
        except ResultError as error:
            self.notes.append(f"{error}; it is done again")
            return None

    def add(self, task: Task, run: Run) -> bool:
        """Take a run in; say whether none is missing now."""
        self.there[store.which(task.arm, task.seed)] = run
        return self.is_whole

    @property
    def is_whole(self) -> bool:
        """Whether no run is missing."""
        return len(self.there) == len(experiment(self.name).tasks(self.tier))

    @property
    def runs(self) -> list[Run]:
        """All runs, arm by arm and seed by seed, when none is missing."""
        return [self.there[store.which(*task)] for task in experiment(self.name).tasks(self.tier)]

    @property
    def is_written(self) -> bool:
        """Whether the committed results are just these."""
        if self.notes or store.stored(self.name, self.tier, self.hashed) != self.runs:
            return False
        there, about = results(self.name, self.tier), experiment(self.name)
        return (there.nets, there.chaotic) == (about.nets, about.chaotic)

    def write(self) -> Path:
        """Write the results where they are committed."""
        return store.write(self.name, self.tier, self.hashed, self.runs)


def work(task: Task) -> Outcome:
    """Do one run, on whatever machine this is.  An exception becomes a sentence, so that the other runs go on."""
    try:
        here = store.sources(task.name)
        if here != task.hashed:
            return Outcome(task, None, f"the worker has other sources ({here[:8]}) than the sweep ({task.hashed[:8]})")
        run = importlib.import_module(module_of(task.name)).EXPERIMENT.run
        start, cpu = time.perf_counter(), time.process_time()
        found = store.plain(run(seed=task.seed, **task.arm))
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return Outcome(task, Run(task.arm, task.seed, found, store.plain(seconds), store.plain(cpu)), "")
    except Exception as error:
        return Outcome(task, None, f"{type(error).__name__}: {error}")


def sweep(tasks: Iterable[Task], *, jobs: int, cluster: str = "", keep: bool = True) -> Iterator[Outcome]:
    """Do these runs in parallel and yield the outcome of each once; what is done is on disk before it is yielded.

    Parameters
    ----------
    tasks : iterable of Task
        The runs; those that took longest the last time are begun first.
    jobs : int
        How many processes of this machine work.
    cluster : str
        Nothing, or the address of a Dask scheduler, whose workers then do the runs; ``local`` starts one here, with
        as many workers as `jobs`.
    keep : bool
        Whether to write the runs to `store.KEPT`.

    Raises
    ------
    SweepError
        If there is no such cluster.
    OSError
        If a run cannot be written; those before it are.
    """
    ordered = sorted(tasks, key=_expected, reverse=True)
    for outcome in _on_a_cluster(ordered, cluster, jobs) if cluster else _here(ordered, jobs):
        task, run, _ = outcome
        if run and keep:
            store.keep(store.place(task.name, task.tier, task.arm, task.seed, task.hashed), run)
        yield outcome


def _here(tasks: Sequence[Task], jobs: int) -> Iterator[Outcome]:
    parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, pre_dispatch="all")
    yield from parallel(joblib.delayed(work)(task) for task in tasks)


def _on_a_cluster(tasks: Sequence[Task], cluster: str, jobs: int) -> Iterator[Outcome]:
    """Let the workers of a scheduler do the runs; what a dead one had begun the scheduler gives to another.

    joblib's own way to Dask is not taken: with a single worker it would do the runs in this process.
    """
    import distributed

    with _client(cluster, jobs) as client:
        futures = {client.submit(work, task, pure=False, key=f"{task} {i}"): task for i, task in enumerate(tasks)}
        for future in distributed.as_completed(futures):
            try:
                yield future.result()
            except Exception as error:  # the worker has died too often, or cannot import this module
                yield Outcome(futures[future], None, f"{type(error).__name__}: {error}")


@contextmanager
def _client(cluster: str, jobs: int) -> Iterator[Any]:
    """Connect to a scheduler that has workers."""
    import distributed

    with ExitStack() as stack:
        try:
            local: Any = distributed.LocalCluster(n_workers=jobs, **ONE_THREAD) if cluster == "local" else None
            there = stack.enter_context(local) if local else cluster
            client: Any = stack.enter_context(distributed.Client(there, timeout=PATIENCE))
            client.wait_for_workers(1, timeout=PATIENCE)
        except (OSError, ValueError, TypeError) as error:
            wanted = "the address of a Dask scheduler that has workers, such as tcp://host:8786, or local"
            raise SweepError(f"cluster: expected {wanted}, got {cluster!r}: {error}") from None
        yield client


def _expected(task: Task) -> float:
    """Return the seconds that the last results say a run takes; of what is new, more than any."""
    try:
        return max(one.seconds for one in results(task.name, task.tier).where(**task.arm))
    except (ResultError, KeyError):
        return float("inf")
