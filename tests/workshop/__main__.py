"""Print every mistake that is planted in the assignment with the name that it gets, and every right variant.

``make workshop`` runs this; the exit status says whether the grader does what it promises. The exercises have
``rnn check --self``.
"""

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from rnn.workshop.assignment import STAGES, Report, grade
from rnn.workshop.subject import local
from tests.workshop import class_mistakes, task_mistakes

HERE = Path(__file__).parent
CLASSES = tuple(name for name in STAGES if name not in ("data", "training"))


def cases() -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return what is graded: what it is, the name that it must get ("" for none), its source, the stages."""
    solution = task_mistakes.SOURCE
    found = [
        (
            f"{old.strip().splitlines()[0]} → {(new.strip() or '—').splitlines()[0]}",
            key,
            solution.replace(old, new, 1),
            CLASSES,
        )
        for _, key, old, new in class_mistakes.MISTAKES
    ]
    found += [
        (
            f"{old.strip().splitlines()[0]} → {(new.strip() or '—').splitlines()[0]}",
            key,
            solution.replace(old, new, 1),
            (),
        )
        for key, old, new in task_mistakes.MISTAKES
    ]
    for path in sorted((HERE / "dress").glob("*.py")):
        found.append((f"in other dress: {path.stem}", "", f"{solution}\n\n{path.read_text(encoding='utf-8')}", CLASSES))
    found += [(f"in other dress: {name}", "", source, ()) for name, source in task_mistakes.VARIANTS.items()]
    return found


def named(report: Report) -> str:
    """Return the name of the mistake in a report, "" if there is none."""
    return report.wrong.key if report.wrong else ""


def main() -> int:
    """Grade all of them and print the table."""
    console = Console()
    table, bad = Table("", "stage", "named", "edit of tests/workshop/solution.py"), 0
    every = cases()
    for what, key, source, stages in track(every, "grading", console=Console(stderr=True), transient=True):
        report = grade(local(), source, only=stages)
        good = named(report) == key
        bad += not good
        table.add_row("✓" if good else "✗", report.failed or "—", named(report) or "accepted", what[:90])
    console.print(table)
    wrong = sum(1 for case in every if case[1])
    names = len({case[1] for case in every if case[1]})
    console.print(
        f"{wrong} wrong submissions with {names} different mistakes, {len(every) - wrong} right ones; {bad} misjudged"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
