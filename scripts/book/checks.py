"""Have formulas checked and sessions run, in a fresh interpreter, and remember what came out."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scripts.book.closure import ROOT, digest

CACHE = ROOT / "build" / "cache"
LOOM = "rnn.equations.__main__"


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
    keys = {name: _key(digests[chapter_of(name)], name, tex) for name, tex in formulas.items()}
    modules = sorted(path.stem for path in (ROOT / "rnn" / "equations").glob("[a-z]*.py"))
    register = _key(_digest(LOOM, *(f"rnn.equations.{module}" for module in modules)), "the registry")
    stored = {name: found for name, key in keys.items() if (found := _load("checks", key)) is not None}
    registry = _load("checks", register)
    missing = {name: tex for name, tex in formulas.items() if name not in stored}
    if registry is None or any(name in registry for name in missing):
        answer = json.loads(run([sys.executable, "-m", "rnn.equations"], json.dumps(missing)))
        registry = answer["registry"]
        _store("checks", register, registry)
        for name, result in answer["results"].items():
            stored[name] = result
            if result["ok"]:  # a failure is looked at again
                _store("checks", keys[name], result)
    return registry, stored


def session(name: str) -> str:
    """Run ``scripts/sessions/<name>.py`` and return what it prints.

    Raises
    ------
    ComputeError
        If it raises.
    """
    key = _key(_digest(f"scripts.sessions.{name}"), "session")
    printed = _load("sessions", key)
    if printed is None:
        printed = run([sys.executable, "-m", f"scripts.sessions.{name}"], "")
        _store("sessions", key, printed)
    return str(printed)


def run(command: list[str], stdin: str) -> str:
    """Run a command in the repository and return what it prints; its last words, if it fails."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, cwd=ROOT, encoding="utf-8", check=False)
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


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _load(kind: str, key: str) -> Any:
    try:
        return json.loads((CACHE / kind / f"{key}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def _store(kind: str, key: str, value: Any) -> None:
    """Write a result so that two builds at once never see half of it."""
    folder = CACHE / kind
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(file.name, folder / f"{key}.json")
