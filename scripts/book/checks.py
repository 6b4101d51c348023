"""Have formulas checked, figures drawn and sessions run, in a fresh interpreter, and remember what came out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from scripts.book import cache
from scripts.book import exercises as listing
from scripts.book.closure import ROOT, digest
from scripts.book.pages import Edition

LOOM = "rnn.equations.__main__"
_failures: dict[tuple[str, str], Any] = {}


class ComputeError(Exception):
    """The code that a page asks for cannot be run; the message says file, line and reason."""


def check(formulas: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the registry of the package and the result for each formula whose name is in it.

    Parameters
    ----------
    formulas : mapping of str to str
        The TeX of each formula, by name.

    Returns
    -------
    registry, results : dict
        See `rnn.equations.__main__`.

    Raises
    ------
    ComputeError
        If the equations cannot even be imported.
    """
    chapters = {chapter_of(name) for name in formulas}
    digests = {chapter: _digest(LOOM, f"rnn.equations.{chapter}") for chapter in chapters}
    keys = {name: cache.key(digests[chapter_of(name)], name, tex) for name, tex in formulas.items()}
    modules = sorted(path.stem for path in (ROOT / "rnn" / "equations").glob("[a-z]*.py"))
    register = cache.key(_digest(LOOM, *(f"rnn.equations.{module}" for module in modules)), "the registry")
    return _ask("rnn.equations", "checks", register, keys, lambda missing: {name: formulas[name] for name in missing})


def compute(names: set[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is declared in ``scripts/figures``, and the result for each of these names that is.

    Parameters
    ----------
    names : set of str
        Of figures, tables and numbers.

    Returns
    -------
    registry, results : dict
        See `scripts.figures.__main__`.

    Raises
    ------
    ComputeError
        If a module cannot even be imported.
    """
    chapters = sorted(path.stem for path in (ROOT / "scripts" / "figures").glob("[a-z]*.py"))
    register = cache.key(
        _digest("scripts.figures.__main__", *(f"scripts.figures.{name}" for name in chapters)), "declared"
    )
    words = {chapter_of(name) for name in names}
    digests = {word: _digest("scripts.figures.__main__", f"scripts.figures.{word}") for word in words}
    tools = (ROOT / "package-lock.json").read_text(encoding="utf-8")  # SVGO slims the pictures
    keys = {name: cache.key(digests[chapter_of(name)], name, tools) for name in names}
    return _ask("scripts.figures", "figures", register, keys, sorted)


def _ask(
    module: str, kind: str, register: str, keys: Mapping[str, str], request: Callable[[list[str]], Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the registry and the results that are stored under these keys; have a module compute what is not.

    A failure is not stored but for this process: the next build looks at it again, the next page need not.
    """
    stored = {name: found for name, key in keys.items() if (found := _load(kind, key)) is not None}
    registry, missing = _load(kind, register), [name for name in keys if name not in stored]
    if registry is None or any(name in registry for name in missing):
        answer = json.loads(run([sys.executable, "-m", module], json.dumps(request(missing))))
        registry = answer["registry"]
        _store(kind, register, registry)
        for name, result in answer["results"].items():
            stored[name] = result
            if result.get("ok", "error" not in result):
                _store(kind, keys[name], result)
            else:
                _failures[kind, keys[name]] = result
    return registry, stored


def session(name: str) -> str:
    """Run ``scripts/sessions/<name>.py`` and return what it prints.

    Raises
    ------
    ComputeError
        If it raises.
    """
    key = cache.key(_digest(f"scripts.sessions.{name}"), "session")
    printed = _load("sessions", key)
    if printed is None:
        printed = run([sys.executable, "-m", f"scripts.sessions.{name}"], "")
        _store("sessions", key, printed)
    return str(printed)


def exercises() -> list[listing.Known]:
    """Return the exercises that the workshop can check.

    Raises
    ------
    ComputeError
        If one of its modules cannot be imported.
    """
    modules = sorted(path.stem for path in (ROOT / "rnn" / "workshop" / "exercises").glob("[a-z]*.py"))
    names = (f"rnn.workshop.exercises.{module}" for module in modules)
    key = cache.key(_digest(listing.__name__, "rnn.workshop.exercise", *names), "exercises", *modules)
    printed = _load("exercises", key)
    if printed is None:
        printed = run([sys.executable, "-m", listing.__name__], "")
        _store("exercises", key, printed)
    return listing.from_json(printed)


def prepare(edition: Edition) -> None:
    """Compute side by side what the pages will ask for, so that two builds at once find it done.

    What goes wrong is left to the build, which knows the page and the line.
    """
    from scripts.labs import build as labs  # which runs them by what is above

    edition.refresh()
    tasks: list[Callable[[], Any]] = [partial(check, {name: formula.tex for name, formula in edition.formulas.items()})]
    chapters = {chapter_of(name) for name in edition.computed}
    tasks += [
        partial(compute, {name for name in edition.computed if chapter_of(name) == chapter}) for chapter in chapters
    ]
    tasks += [exercises]
    tasks += [partial(session, name) for page in edition.pages for name in page.sessions]
    tasks += [partial(labs.outputs, path) for path in sorted(edition.docs.glob("labs/*.py"))]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for task in [pool.submit(task) for task in tasks]:
            with suppress(ComputeError):
                task.result()


def run(command: list[str], stdin: str) -> str:
    """Run a command in the repository and return what it prints; its last words, if it fails."""
    alone = os.environ | {
        "OPENBLAS_NUM_THREADS": "1"
    }  # small matrices gain nothing by threads, and sums keep their order
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, cwd=ROOT, env=alone, encoding="utf-8", check=False
    )
    if done.returncode:
        raise ComputeError(_last_words(done.stderr))
    return done.stdout


def _last_words(stderr: str) -> str:
    """Make ``file:line: reason`` of a traceback."""
    lines = stderr.strip().splitlines() or ["no reason given"]
    places = [line.strip() for line in lines if line.strip().startswith('File "') and str(ROOT) in line]
    if not places:
        return lines[-1]
    file, line = places[-1].split('"')[1], places[-1].split("line ")[1].split(",")[0]
    return f"{Path(file).relative_to(ROOT)}:{line}: {lines[-1]}"


def chapter_of(name: str) -> str:
    """Return the chapter of a formula, which is the first word of its name."""
    return name.split("-")[0]


def _digest(*modules: str) -> str:
    try:
        return digest(*modules)
    except SyntaxError as e:
        raise ComputeError(f"{Path(e.filename or '?').relative_to(ROOT)}:{e.lineno}: {e.msg}") from None


def _load(kind: str, key: str) -> Any:
    found = cache.load(cache.CACHE / kind / f"{key}.json")
    return _failures.get((kind, key)) if found is None else json.loads(found)


def _store(kind: str, key: str, value: Any) -> None:
    cache.store(cache.CACHE / kind / f"{key}.json", json.dumps(value))
