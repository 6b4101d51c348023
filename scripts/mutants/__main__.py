"""The command: ``python -m scripts.mutants tex`` and ``… code``."""

from __future__ import annotations

import contextlib
import os
import queue
import random
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

import scripts.mutants
from rnn.equations import registry
from scripts.book.closure import ROOT
from scripts.book.pages import Edition
from scripts.mutants import Mutant
from scripts.mutants.equivalent import EQUIVALENT, reason
from scripts.mutants.formulas import break_formula
from scripts.mutants.package import code_mutants
from scripts.mutants.runner import Runner, Test, Verdicts, test_files

console = Console(highlight=False)
app = typer.Typer(add_completion=False, no_args_is_help=True, help=scripts.mutants.__doc__)


@app.command()
def tex(only: Annotated[str, typer.Option(help="Only formulas whose name begins so.")] = "") -> None:
    """Break every evaluated formula of the pages and check it again."""
    edition, known = Edition(ROOT / "docs" / "en"), registry()
    edition.refresh()
    formulas = [
        (f.name, f.tex) for f in edition.formulas.values() if f.name.startswith(only) and not known[f.name].twin
    ]
    survivors, killed, identical = list[Mutant](), 0, 0
    with ProcessPoolExecutor() as pool:
        done = track(
            pool.map(break_formula, formulas), "formulas", total=len(formulas), console=console, transient=True
        )
        for noticed, same, left in done:
            killed, identical, survivors = killed + noticed, identical + same, survivors + left
    console.print(f"{len(formulas)} formulas, {killed} breaks noticed, {identical} that leave every value as it was")
    _verdict(survivors)


@app.command()
def code(
    only: Annotated[list[str] | None, typer.Option(help="Only this module, such as simple; may be repeated.")] = None,
    sample: Annotated[float, typer.Option(help="Try this share of the breaks, drawn with seed 0.", max=1)] = 1.0,
    workers: Annotated[int, typer.Option(help="Breaks tried at once.", min=1)] = os.cpu_count() or 1,
) -> None:
    """Break every line of the package and run the tests that execute it.

    What was noticed is remembered: an interrupted run says how far it came, and the next one goes on from there.
    """
    modules = sorted(path for path in (ROOT / "rnn").glob("*.py") if not only or path.stem in only)
    if missing := set(only or ()) - {path.stem for path in modules}:
        raise typer.BadParameter(f"no module rnn/{missing.pop()}.py", param_hint="--only")
    mutants = [mutant for path in modules for mutant in code_mutants(path)]
    if sample < 1:
        mutants = random.Random(0).sample(mutants, round(sample * len(mutants)))
    survivors, untried = list[Mutant](), list[Mutant]()
    with tempfile.TemporaryDirectory() as scratch:
        runners = [Runner(Path(scratch) / str(i)) for i in range(workers)]
        try:
            _try(mutants, runners, survivors, untried)
        finally:
            for runner in runners:
                runner.close()
    noticed = len(mutants) - len(survivors) - len(untried)
    share = noticed / max(1, len(mutants) - len(untried))
    console.print(f"{len(modules)} modules, {noticed} of {len(mutants) - len(untried)} breaks noticed ({share:.1%})")
    if untried:
        console.print(f"interrupted: {len(untried)} breaks were not tried; the next run begins with them")
    _verdict(survivors)
    if untried:
        raise typer.Exit(130)
    places, used = {mutant.place for mutant in mutants}, {reason(mutant) for mutant in survivors}
    expected = [key for key in EQUIVALENT if (key[0] in places if only else key[0].startswith("rnn/"))]
    if sample == 1 and (idle := [key for key in expected if key not in used]):
        console.print(f"reasons that excuse nothing: {idle}", markup=False)
        raise typer.Exit(1)


def _try(mutants: list[Mutant], runners: list[Runner], survivors: list[Mutant], untried: list[Mutant]) -> None:
    """Try the breaks on all runners; add those that no test notices to one list, and what an interruption left."""
    verdicts, free = Verdicts(), queue.SimpleQueue[Runner]()
    for runner in runners:
        free.put(runner)
    untried.extend(mutant for mutant in mutants if not verdicts.noticed(mutant))

    def learn(name: str) -> list[Test]:
        tests = verdicts.tests(name)
        if tests is None:
            with _borrowed(free) as runner:
                tests = runner.trace(name)
            if tests is None:
                raise ValueError(f"{name} fails before anything is broken: mend it first")
            verdicts.keep_tests(name, tests)
        return tests

    def attempt(mutant: Mutant) -> str:
        with _borrowed(free) as runner:
            return runner.notices(mutant, tests)

    with ThreadPoolExecutor(len(runners)) as pool:
        try:
            files = test_files()
            traced = track(pool.map(learn, files), "tests", total=len(files), console=console, transient=True)
            tests = [test for some in traced for test in some]
            waiting = list(untried)
            tried = track(pool.map(attempt, waiting), "breaks", total=len(waiting), console=console)
            for mutant, file in zip(waiting, tried, strict=True):
                untried.remove(mutant)
                if file:
                    verdicts.keep(mutant, file)
                else:
                    survivors.append(mutant)
        except KeyboardInterrupt:
            pool.shutdown(cancel_futures=True)
        except ValueError as error:
            pool.shutdown(cancel_futures=True)
            console.print(str(error), markup=False)
            raise typer.Exit(1) from None


@contextlib.contextmanager
def _borrowed(free: queue.SimpleQueue[Runner]) -> Iterator[Runner]:
    """Take a runner that is free, and give it back."""
    runner = free.get()
    try:
        yield runner
    finally:
        free.put(runner)


def _verdict(survivors: list[Mutant]) -> None:
    """Print the survivors, with the reason where there is one; fail if one has none."""
    unexplained = 0
    for mutant in survivors:
        key = reason(mutant)
        unexplained += key is None
        says = "unexplained" if key is None else EQUIVALENT[key]
        console.print(
            f"  survives  {mutant.place}  {mutant.kind}  {mutant.shown}  ({says})", markup=False, soft_wrap=True
        )
    if unexplained:
        todo = "add a test, or a reason to scripts/mutants/equivalent.py"
        console.print(f"{unexplained} breaks survive without a reason: {todo}", soft_wrap=True)
        raise typer.Exit(1)
    console.print("no unexplained survivor")


if __name__ == "__main__":
    app()
