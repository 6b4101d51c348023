"""The command: ``python -m scripts.mutants tex`` and ``… code``."""

from __future__ import annotations

import os
import queue
import random
import tempfile
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
from scripts.mutants.runner import Runner

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
    """Break every line of the package and run the tests that import it."""
    modules = sorted(path for path in (ROOT / "rnn").glob("*.py") if not only or path.stem in only)
    if missing := set(only or ()) - {path.stem for path in modules}:
        raise typer.BadParameter(f"no module rnn/{missing.pop()}.py", param_hint="--only")
    mutants = [mutant for path in modules for mutant in code_mutants(path)]
    if sample < 1:
        mutants = random.Random(0).sample(mutants, round(sample * len(mutants)))
    with tempfile.TemporaryDirectory() as scratch:
        runners = [Runner(Path(scratch) / str(i)) for i in range(workers)]
        try:
            survivors = _try(mutants, runners)
        finally:
            for runner in runners:
                runner.close()
    noticed = len(mutants) - len(survivors)
    share = noticed / max(1, len(mutants))
    console.print(f"{len(modules)} modules, {noticed} of {len(mutants)} breaks noticed ({share:.1%})")
    _verdict(survivors)
    places, used = {mutant.place for mutant in mutants}, {reason(mutant) for mutant in survivors}
    if sample == 1 and (idle := [key for key in EQUIVALENT if key[0] in places and key not in used]):
        console.print(f"reasons that excuse nothing: {idle}", markup=False)
        raise typer.Exit(1)


def _try(mutants: list[Mutant], runners: list[Runner]) -> list[Mutant]:
    """Try the breaks on all runners, and return those that no test notices."""
    free: queue.SimpleQueue[Runner] = queue.SimpleQueue()
    places = sorted({mutant.place for mutant in mutants})

    def learn(runner: Runner) -> str | None:
        return next((name for place in places if (name := runner.failing(place))), None)

    def attempt(mutant: Mutant) -> bool:
        runner = free.get()
        try:
            return runner.survives(mutant)
        finally:
            free.put(runner)

    with ThreadPoolExecutor(len(runners)) as pool:
        if failing := next(filter(None, pool.map(learn, runners)), None):
            console.print(f"{failing} fails before anything is broken: mend it first")
            raise typer.Exit(1)
        for runner in runners:
            free.put(runner)
        verdicts = list(track(pool.map(attempt, mutants), "breaks", total=len(mutants), console=console))
    return [mutant for mutant, alive in zip(mutants, verdicts, strict=True) if alive]


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
