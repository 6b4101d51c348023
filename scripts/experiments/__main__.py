"""The command behind ``make experiments``: run what is missing, list what there is, hold it to its claims."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import joblib
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from scripts.book.closure import ROOT
from scripts.experiments import TIERS, ResultError, claims, experiment, fetch, names, results, store
from scripts.experiments.sweep import Plan, SweepError, Task, sweep

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help="Run the experiments of the book."
)
console = Console(stderr=True)
Only = Annotated[str, typer.Option(help="Experiments, by name, with commas between them; all by default.")]
Jobs = Annotated[int, typer.Option(help="Processes; as many as there are processors by default.", min=0)]
Cluster = Annotated[str, typer.Option(help="A Dask scheduler, tcp://host:port, or `local` to start one here.")]
Give = Annotated[list[str] | None, typer.Option(help="NAME=PATH of data that no package has; may be repeated.")]


@app.command()
def run(
    only: Only = "",
    tier: Annotated[str, typer.Option(help="full, reduced or both.")] = "both",
    jobs: Jobs = 0,
    cluster: Cluster = "",
    give: Give = None,
    afresh: Annotated[bool, typer.Option(help="Run again what is there already.")] = False,
) -> None:
    """Run what is missing or was made by other sources, and write the results; what was interrupted goes on."""
    chosen, tiers = _chosen(only), _tiers(tier)
    with _messages():
        for given in give or []:
            fetch.give(*_parts(given))
        plans = {(name, t): Plan.of(name, t, afresh=afresh) for name in chosen for t in tiers}
        for note in (note for plan in plans.values() for note in plan.notes):
            _say(note)
        failures = _without_data({name for (name, _), plan in plans.items() if plan.missing})
        for plan in plans.values():
            if plan.is_whole and not plan.is_written:
                _write(plan)
        tasks = [task for plan in plans.values() for task in plan.missing if plan.name not in failures]
        complaints = list(failures.values())
        with _progress(len(tasks)) as done:
            for task, one, failure in sweep(tasks, jobs=jobs or joblib.cpu_count(), cluster=cluster):
                done(task, failure)
                if one is None:
                    complaints.append(f"{task}: {failure}")
                elif plans[task.name, task.tier].add(task, one):
                    _write(plans[task.name, task.tier])
        whole = [plan for plan in plans.values() if plan.is_whole]
        complaints += [text for plan in whole for text in store.broken_claims(results(plan.name, plan.tier))]
    _end(complaints)


@app.command()
def check(
    only: Only = "",
    jobs: Jobs = 0,
    cluster: Cluster = "",
    again: Annotated[bool, typer.Option(help="Whether to do the reduced runs again.")] = True,
) -> None:
    """Hold the committed results to their sources and claims, and do the reduced runs again.

    What cannot be done again because its data cannot be had is named; with REQUIRE_DATA=1 it is a failure, unless no
    package has that data.
    """
    chosen = _chosen(only)
    complaints: list[str] = []
    with _messages():
        for name in chosen:
            try:
                complaints += store.complaints(name)
            except ResultError as error:
                complaints.append(str(error))
        if complaints or not again:
            _end(complaints)
            return
        missing = _without_data(set(chosen))
        for name, why in missing.items():
            _say(f"{name} is not done again: {why}")
            if os.environ.get("REQUIRE_DATA") == "1" and any(
                fetch.source(s).kind != "given" for s in experiment(name).data
            ):
                complaints.append(f"{name}: its data is required")
        plans = {name: Plan.of(name, "reduced", afresh=True) for name in chosen if name not in missing}
        tasks = [task for plan in plans.values() for task in plan.missing]
        with _progress(len(tasks)) as done:
            for task, one, failure in sweep(tasks, jobs=jobs or joblib.cpu_count(), cluster=cluster, keep=False):
                done(task, failure)
                if one is None:
                    complaints.append(f"{task}: {failure}")
                elif plans[task.name].add(task, one):
                    complaints += store.differences(task.name, plans[task.name].runs)
    _end(complaints)


@app.command("list")
def list_() -> None:
    """Print what experiments there are, what they took, and whether their results are of the present sources."""
    table = Table("experiment", "runs", "processor, s", "reduced, s", "claims", "data", "results")
    total = 0.0
    for name in names():
        row = [name]
        try:
            full, reduced = (results(name, tier) for tier in TIERS)
            cost = sum(one.cpu for one in full.runs)
            total += cost
            state = "; ".join(store.complaints(name)) or "of these sources"
            row += [str(len(full.runs)), f"{cost:.0f}", f"{sum(one.cpu for one in reduced.runs):.1f}"]
        except ResultError as error:
            state = str(error)
            row += ["", "", ""]
        table.add_row(*row, str(len(claims(name))), ", ".join(experiment(name).data), state)
    Console().print(table)
    Console().print(f"all in full: {total / 60:.0f} minutes of one processor")


def _chosen(only: str) -> list[str]:
    chosen = [name for name in only.split(",") if name] or names()
    for name in chosen:
        if "." not in name and name not in names():
            raise typer.BadParameter(f"expected some of {', '.join(names())}, got {name!r}", param_hint="--only")
    return chosen


def _tiers(tier: str) -> tuple[str, ...]:
    if tier not in (*TIERS, "both"):
        raise typer.BadParameter(f"expected full, reduced or both, got {tier!r}", param_hint="--tier")
    return TIERS if tier == "both" else (tier,)


def _parts(given: str) -> tuple[str, str]:
    name, equals, path = given.partition("=")
    if not equals:
        raise typer.BadParameter(f"expected NAME=PATH, got {given!r}", param_hint="--give")
    return name, path


def _without_data(chosen: set[str]) -> dict[str, str]:
    """Fetch the data of these experiments; return why, for those whose data cannot be had."""
    failures = {}
    for name in sorted(chosen):
        try:
            for source in experiment(name).data:
                fetch.fetch(source)
        except fetch.DataError as error:
            failures[name] = str(error)
    return failures


def _write(plan: Plan) -> None:
    console.print(f"{plan.name}, {plan.tier}: {len(plan.there)} runs in {plan.write().relative_to(ROOT)}")


def _say(text: str, style: str = "yellow") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _end(complaints: list[str]) -> None:
    for complaint in complaints:
        _say(complaint, "red")
    if complaints:
        raise typer.Exit(1)


@contextmanager
def _messages() -> Iterator[None]:
    """Turn what can go wrong outside of an experiment into a sentence and an exit status."""
    again = "what is done is kept, and the same command goes on from there"
    try:
        yield
    except KeyboardInterrupt:
        _say(f"interrupted: {again}")
        raise typer.Exit(130) from None
    except OSError as error:
        _say(f"cannot write: {'the disk is full' if error.errno == errno.ENOSPC else error}; {again}", "red")
        raise typer.Exit(1) from None
    except (fetch.DataError, SweepError, ResultError) as error:
        _say(str(error), "red")
        raise typer.Exit(1) from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[Task, str], None]]:
    """Show a bar on a terminal, and a line for each run elsewhere."""
    if not sys.stderr.isatty():
        count = iter(range(1, total + 1))

        def line(task: Task, failure: str) -> None:
            print(f"{next(count)}/{total} {task}{' FAILED' if failure else ''}", file=sys.stderr, flush=True)

        yield line
        return
    columns = TextColumn("{task.description:40.40}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("experiments", total=total)

        def step(task: Task, _: str) -> None:
            progress.update(bar, advance=1, description=str(task))

        yield step


if __name__ == "__main__":
    app()
