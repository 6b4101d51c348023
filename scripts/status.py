"""Count what the book has, page by page: equations, lines of derivations, figures, questions, exercises, words."""

from __future__ import annotations

import re
from collections import Counter

from lark import Tree
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from rnn.equations import kind_of, registry
from rnn.equations.tex import parse
from scripts.book.citations import cited
from scripts.book.closure import ROOT
from scripts.book.pages import Edition, Formula, Page, words

COLUMNS = {  # what is counted, and the head of its column
    "equations": "eqs",
    "evaluated": "TeX",  # evaluated from their TeX, not by a twin
    "claims": "lines",
    "figures": "figs",
    "tables": "tabs",
    "quizzes": "quiz",
    "questions": "ask",
    "exercises": "exer",
    "words": "words",
    "字": "字",
    "minutes": "min",
}
KINDS = ("concept", "derivation", "code", "experiment")


def main() -> None:
    """Print the table and the sums."""
    editions = {lang: Edition(ROOT / "docs" / lang) for lang in ("en", "zh")}
    for edition in editions.values():
        edition.refresh()
    table = Table("chapter", box=SIMPLE, padding=(0, 1, 0, 0))
    for head in COLUMNS.values():
        table.add_column(head, justify="right", no_wrap=True)
    sums: Counter[str] = Counter()
    for en, zh in zip(editions["en"].pages, editions["zh"].pages, strict=True):
        counts = count(en) | Counter(words=words(en.text), 字=words(zh.text), minutes=en.minutes)
        sums += counts
        cells = [f"{counts[name]:,}" if counts[name] else "" for name in COLUMNS]
        table.add_row(str(en.path.relative_to(editions["en"].docs).with_suffix("")), *cells)
    table.add_section()
    table.add_row("all", *(f"{sums[name]:,}" for name in COLUMNS))
    pages = editions["en"].pages
    kinds = Counter(kind_of(f.tex) if not registry()[f.name].kind else registry()[f.name].kind for f in formulas(pages))
    exercises = Counter(kind for page in pages for kind in re.findall(r'^!!! exercise "\[(\w+)\]', page.text, re.M))
    references = {key for page in pages for key in cited(page)}
    console = Console(highlight=False)
    console.print(table)
    console.print("equations by kind: " + ", ".join(f"{number} {kind}" for kind, number in kinds.most_common()))
    console.print("exercises by kind: " + ", ".join(f"{exercises[kind]} {kind}" for kind in KINDS))
    console.print(f"myths: {sum(_blocks(page, '!!! myth') for page in pages)}; works cited: {len(references)}")


def formulas(pages: list[Page]) -> list[Formula]:
    """Return the displayed formulas of some pages."""
    return [formula for page in pages for formula in page.formulas]


def count(page: Page) -> Counter[str]:
    """Count what one page has."""
    known = registry()
    evaluated = [formula for formula in page.formulas if not known[formula.name].twin]
    return Counter(
        equations=len(page.formulas),
        evaluated=len(evaluated),
        claims=sum(sum(isinstance(part, Tree) for part in parse(formula.tex).children) for formula in evaluated),
        figures=len(page.figures),
        tables=len(page.tables),
        quizzes=_blocks(page, "!!! quiz"),
        questions=_blocks(page, r"\?\?\? question"),
        exercises=_blocks(page, "!!! exercise"),
    )


def _blocks(page: Page, opening: str) -> int:
    """Count the blocks that open so at the beginning of a line; a mention in a sentence is none."""
    return len(re.findall(rf"^ *{opening} ", page.text, re.M))


if __name__ == "__main__":
    main()
