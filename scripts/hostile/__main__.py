"""The report: ``python -m scripts.hostile`` attacks everything public and prints what came of it."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

import scripts.hostile
from scripts.hostile import Case, attacks, run
from scripts.hostile.cases import cases

console = Console(highlight=False)


def main(only: Annotated[str, typer.Option(help="Only calls whose name begins so.")] = "") -> None:
    """Call everything public with what nobody should pass, and print what came of it."""
    chosen = [case for case in cases() if case.name.startswith(only)]
    if not chosen:
        raise typer.BadParameter(f"no call begins with {only!r}", param_hint="--only")
    table = Table("call", "attacks", "right results", "one sentence", "failures")
    total, failures = Counter[str](), list[str]()
    for case in track(chosen, "calls", console=console, transient=True):
        counts, failed = tally(case)
        table.add_row(case.name, *(str(counts[key]) for key in ("all", "result", "sentence")), str(len(failed)))
        total += counts
        failures += failed
    console.print(table)
    for failure in failures:
        console.print(failure, markup=False, soft_wrap=True)
    console.print(
        f"{len(chosen)} calls, {total['all']} attacks: {total['result']} right results, "
        f"{total['sentence']} sentences, {len(failures)} failures"
    )
    raise typer.Exit(bool(failures))


def tally(case: Case) -> tuple[Counter[str], list[str]]:
    """Make every attack on one call: how many ended how, and a line for each failure."""
    counts, failed = Counter[str](), []
    for attack in attacks(case.make()[2]):
        verdict = run(case, attack)
        counts += Counter({"all": 1, verdict: 1})
        if verdict not in ("result", "sentence"):
            failed.append(f"{case.name}({attack.argument} = {attack.kind}): {verdict}")
    return counts, failed


if __name__ == "__main__":
    main.__doc__ = scripts.hostile.__doc__
    typer.run(main)
