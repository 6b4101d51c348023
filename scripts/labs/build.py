"""Run a lab once for both editions, and write the notebooks that readers and mkdocs-jupyter get."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from scripts.book import cache, checks
from scripts.book.closure import ROOT, digest
from scripts.figures.svg import COLOURS
from scripts.labs.source import Cell, SourceError, cells

KERNEL = "scripts.labs.kernel"
LIBRARIES = ("ipython", "matplotlib")  # digest knows NumPy's version
Outputs = list[list[dict[str, str]]]


class LabError(checks.ComputeError):
    """A cell that raises; the message says file, line and reason.

    Attributes
    ----------
    outputs : list
        Of the cells before it, and what it put out itself.
    """

    def __init__(self, message: str, outputs: Outputs) -> None:
        super().__init__(message)
        self.outputs = outputs


def outputs(path: Path) -> Outputs:
    """Return what each code cell of a lab puts out; run it only if its code, or code that it imports, has changed.

    Parameters
    ----------
    path : Path
        The lab.  The editions' code cells are equal, so what the first one computes the second finds.

    Raises
    ------
    LabError
        If a cell raises, or the file is no notebook.
    """
    file = str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
    try:
        code = [cell for cell in cells(path.read_text(encoding="utf-8")) if cell.kind == "code"]
    except SourceError as error:
        raise LabError(f"{file}:{error.line}: {error}", []) from None
    texts = [cell.text for cell in code]
    versions = [version(library) for library in LIBRARIES]
    key = cache.key(digest(KERNEL, *imported(code)), *versions, path.stem, json.dumps(texts))
    store = cache.CACHE / "labs" / f"{key}.json"
    if (found := cache.load(store)) is not None:
        return _outputs(found)
    question = {"name": path.stem, "cells": [{"code": cell.text, "line": cell.line} for cell in code]}
    answer = json.loads(checks.run([sys.executable, "-m", KERNEL], json.dumps(question)))
    if failure := answer.get("error"):
        raise LabError(f"{file}:{failure['line']}: {failure['reason']}", answer["outputs"])
    cache.store(store, json.dumps(answer["outputs"]))
    return _outputs(json.dumps(answer["outputs"]))


def imported(code: list[Cell]) -> Iterator[str]:
    """Yield the modules that the code cells import; what is no Python will be reported by the kernel."""
    for cell in code:
        try:
            tree = ast.parse(cell.text)
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


def notebook(source: str, done: Outputs, **metadata: str) -> dict[str, Any]:
    """Return a lab with its outputs, in Jupyter's format.

    Parameters
    ----------
    source : str
        The percent notebook.
    done : list
        What `outputs` returned; of a lab that failed, for the cells up to there.
    **metadata : str
        Kept under ``book``.
    """
    waiting = iter(done)
    written: list[dict[str, Any]] = []
    for number, cell in enumerate(cells(source)):
        common = {"id": f"cell-{number}", "metadata": {"alt": cell.alt} if cell.alt else {}, "source": cell.text}
        if cell.kind == "markdown":
            written.append({"cell_type": "markdown", **common})
        else:
            results = [_output(output) for output in next(waiting, [])]
            written.append({"cell_type": "code", "execution_count": None, "outputs": results, **common})
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    about = {"kernelspec": kernel, "language_info": {"name": "python"}} | ({"book": metadata} if metadata else {})
    return {"cells": written, "metadata": about, "nbformat": 4, "nbformat_minor": 5}


def for_readers(source: str, done: Outputs, pages: str) -> str:
    """Return the notebook that a reader downloads: it must be right in any Jupyter, without the book around it.

    Parameters
    ----------
    source, done
        As in `notebook`.
    pages : str
        The address that links to other pages of the book begin with.
    """
    lab = notebook(source, done)
    for cell in lab["cells"]:
        if cell["cell_type"] == "markdown":
            text = re.sub(r"^(#+ .*?) *\{ #[\w-]+ \}$", r"\1", cell["source"], flags=re.M)
            text = re.sub(r"\[@([\w-]+)\]", rf"[\1]({pages}references/#ref-\1)", text)
            text = re.sub(r"\]\(\.\./(index)?([\w/-]*)\.(?:md|py)", rf"]({pages}\2/", text)
            cell["source"] = text.replace(f"]({pages}/", f"]({pages}")
        for output in cell.get("outputs", []):
            if picture := output.get("data", {}).get("image/svg+xml"):
                output["data"]["image/svg+xml"] = _on_its_own(picture)
    return json.dumps(lab, ensure_ascii=False, indent=1) + "\n"


def _outputs(text: str) -> Outputs:
    found: Outputs = json.loads(text)
    return found


def _output(output: dict[str, str]) -> dict[str, Any]:
    if "text" in output:
        return {"output_type": "stream", "name": "stdout", "text": output["text"]}
    kind, value = ("image/svg+xml", output["svg"]) if "svg" in output else ("text/plain", output["value"])
    return {"output_type": "display_data", "metadata": {}, "data": {kind: value}}


def _on_its_own(picture: str) -> str:
    """Give a figure the light colours, on paper, that it takes from the page while it stands in one."""
    for colour, variable in COLOURS.items():
        picture = picture.replace(f"var({variable})", colour)
    style = "svg{background:#fffefb}text{font-family:'Latin Modern Math','Times New Roman',serif}.mi{font-style:italic}"
    return re.sub(r"^<svg ([^>]*)>", rf'<svg xmlns="http://www.w3.org/2000/svg" \1><style>{style}</style>', picture)
