"""The source of a lab, a percent notebook: its cells, and the same lines as a page in Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = re.compile(r"^# %%(?P<kind> \[markdown\])?(?: alt=\"(?P<alt>[^\"]*)\")?$")
FENCE = "```{.python .lab}"  # by this class the place of a cell is found again in the finished page


class SourceError(Exception):
    """A notebook that is not written as `cells` expects."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Cell:
    """One cell of a lab.

    Attributes
    ----------
    kind : str
        ``markdown`` or ``code``.
    text : str
        Its Markdown, without the signs of a comment, or its code.
    line : int
        Where that text begins in the file, counted from 1.
    alt : str
        Of a code cell with a figure: what it shows, for those who cannot see it.
    """

    kind: str
    text: str
    line: int
    alt: str = ""


def cells(source: str) -> list[Cell]:
    """Return the cells of a percent notebook.

    Parameters
    ----------
    source : str
        Its text: a line ``# %% [markdown]`` begins a cell of Markdown, in comments, and ``# %%`` or
        ``# %% alt="…"`` one of code.

    Raises
    ------
    SourceError
        If a line belongs to no cell, or a line of Markdown is no comment.
    """
    found: list[Cell] = []
    lines = source.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("# %%")]
    if starts[:1] != [0]:
        raise SourceError(1, "expected a cell's first line, # %% [markdown] or # %%")
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        header = HEADER.match(lines[start])
        if header is None:
            raise SourceError(start + 1, f'expected # %% [markdown], # %% or # %% alt="…", got {lines[start]!r}')
        body = lines[start + 1 : end]
        while body and not body[-1].strip():
            body.pop()
        if not body:
            raise SourceError(start + 1, "this cell is empty")
        first = start + next(i for i, line in enumerate(body) if line.strip()) + 2  # IPython counts from there, too
        body = body[first - start - 2 :]
        if header["kind"]:
            body = [_uncommented(line, number) for number, line in enumerate(body, start=first)]
        kind = "markdown" if header["kind"] else "code"
        found.append(Cell(kind, "\n".join(body), first, header["alt"] or ""))
    return found


def as_markdown(source: str) -> str:
    """Return a lab as one page of Markdown whose line n is line n of the file, so that messages name the right line.

    A code cell becomes a fenced listing: the fence opens in the place of ``# %%`` and closes in that of the blank line.
    """
    given = [*source.splitlines(), ""]
    lines = [""] * len(given)
    for cell in cells(source):
        text = cell.text.splitlines()
        lines[cell.line - 1 : cell.line - 1 + len(text)] = text
        if cell.kind == "code":
            lines[cell.line - 2] = FENCE
            after = cell.line - 1 + len(text)
            if given[after].strip():
                raise SourceError(after + 1, "expected a blank line between a code cell and the next cell")
            lines[after] = "```"
    return "\n".join(lines)


def _uncommented(line: str, number: int) -> str:
    if line != "#" and not line.startswith("# "):
        raise SourceError(number, f"expected Markdown in a comment, got {line!r}")
    return line[2:]
