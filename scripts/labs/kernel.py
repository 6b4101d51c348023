"""Run the code cells of a lab, in order, as Jupyter would; ``python -m scripts.labs.kernel`` reads and answers in JSON.

IPython alone, in a fresh interpreter: no ports, none of the user's configuration, nothing that changes from run to run.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # small matrices: quicker, and the sums are always taken in one order

import matplotlib as mpl
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from matplotlib import pyplot
from matplotlib.figure import Figure
from traitlets.config import Config

from scripts.figures import plot, svg
from scripts.labs.lean import lean

SVG = "image/svg+xml"


class Recorder(StringIO):
    """What the running cell has put out so far, in order; it stands in for the standard output stream."""

    def __init__(self) -> None:
        super().__init__()
        self.outputs: list[dict[str, Any]] = []

    def write(self, text: str) -> int:
        """Keep what is printed, as one piece as long as nothing else comes between."""
        if not self.outputs or "text" not in self.outputs[-1]:
            self.outputs.append({"text": ""})
        self.outputs[-1]["text"] += text
        return len(text)

    def show(self, data: dict[str, Any]) -> None:
        """Keep what is displayed: a figure, or else its plain text."""
        self.outputs.append({"svg": data[SVG]} if SVG in data else {"value": data["text/plain"]})


record = Recorder()


class Values(DisplayHook):
    """Records the value of a cell's last line."""

    def write_output_prompt(self) -> None:
        """Print no number."""

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        """Keep it."""
        record.show(format_dict)

    def finish_displayhook(self) -> None:
        """Print no blank line."""


class Displayed(DisplayPublisher):
    """Records what a cell displays in other ways, above all figures."""

    def publish(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        """Keep it."""
        record.show(data)


class Names(CachingCompiler):
    """Names a cell's code by its number, so that a traceback says which cell it was."""

    def get_code_name(self, *_: Any) -> str:
        """Return a name that `_line` understands."""
        return f"<cell {Shell.cell}>"


class Shell(InteractiveShell):
    """IPython, with records in the place of a terminal."""

    cell = 0  # that is running
    displayhook_class = Values
    display_pub_class = Displayed
    compiler_class = Names

    shown: BaseException | None = None

    def showtraceback(self, *_: Any, **__: Any) -> None:
        """Leave errors to `execute`; those in drawing a figure come by this way alone."""
        self.shown = sys.exc_info()[1]

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        """Leave these to `execute` too."""


def execute(name: str, cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Run cells one after the other.

    Parameters
    ----------
    name : str
        The lab, whose figures get their ids from it.
    cells : list of dict
        ``code`` and ``line``, the line of the file that it begins on.

    Returns
    -------
    dict
        ``outputs``, for every cell that was run a list of ``{"text": …}`` (printed), ``{"value": …}`` or
        ``{"svg": …}``; and, if one has failed, ``error`` with ``line`` and ``reason``.
    """
    done: list[list[dict[str, Any]]] = []
    with _shell(name) as shell:
        for number, cell in enumerate(cells):
            record.outputs, complaints = [], StringIO()
            Shell.cell, shell.shown = number, None
            with redirect_stdout(record), redirect_stderr(complaints):
                result = shell.run_cell(cell["code"])  # type: ignore[no-untyped-call]
            done.append(record.outputs)
            failure = result.error_before_exec or result.error_in_exec or shell.shown
            if failure is not None:
                return {"outputs": done, "error": {"line": _line(failure, cells, number), "reason": _reason(failure)}}
            if complaints.getvalue():
                reason = f"the cell wrote to the standard error stream: {complaints.getvalue().strip()}"
                return {"outputs": done, "error": {"line": cell["line"], "reason": reason}}
    return {"outputs": done}


@contextmanager
def _shell(name: str) -> Iterator[Shell]:
    """Start IPython with figures in the house style."""
    with tempfile.TemporaryDirectory() as folder:
        config = Config({"HistoryManager": {"enabled": False}})
        shell = Shell.instance(ipython_dir=folder, config=config)
        pyplot.switch_backend("module://matplotlib_inline.backend_inline")
        mpl.rcdefaults()
        mpl.rcParams.update(plot.STYLE)
        figures = iter(range(1000))
        assert shell.display_formatter is not None
        formatters: dict[str, Any] = shell.display_formatter.formatters
        for formatter in formatters.values():
            formatter.pop(Figure, None)
        draw = formatters[SVG]
        draw.for_type(Figure, lambda figure: lean(svg.inline(figure, f"lab-{name}-{next(figures)}")))
        draw.enabled = True
        yield shell


def _line(error: BaseException, cells: list[dict[str, Any]], number: int) -> int:
    """Return the line of the file on which an error arose: the innermost one in a cell."""
    if isinstance(error, SyntaxError) and error.lineno:
        return int(cells[number]["line"] + error.lineno - 1)
    line, trace = int(cells[number]["line"]), error.__traceback__
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith("<cell "):
            line = cells[int(file[6:-1])]["line"] + trace.tb_lineno - 1
        trace = trace.tb_next
    return line


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error.msg if isinstance(error, SyntaxError) else error}"


def main() -> None:
    """Read the lab, run it, answer."""
    lab = json.load(sys.stdin)
    answer = execute(lab["name"], lab["cells"])
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
