"""Run tests against broken copies of the package, quickly: every run is a fork of a process that is warm already.

A warm process has NumPy, pytest and hypothesis loaded, but nothing of ours, and works in a copy of the checkout.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from scripts.book.closure import ROOT, closure
from scripts.mutants import Mutant

WARM = """
import json, os, signal, sys, time
import hypothesis, numpy, numpy.testing, pytest
for line in sys.stdin:
    seconds, args = json.loads(line)
    child = os.fork()
    if not child:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        try:
            os._exit(int(pytest.main(args)))
        except BaseException:
            os._exit(70)
    end, status = time.monotonic() + seconds, None
    while status is None:
        time.sleep(0.01)
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
        elif time.monotonic() > end:  # a break that never ends is noticed too
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            status = 124
    print(status, flush=True)
"""
PATIENCE = 20.0  # seconds that are always allowed, beyond five times what the tests take of the unbroken package


class Runner:
    """A copy of the checkout and the process that tries tests in it.

    Parameters
    ----------
    folder : Path
        Where the copy goes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seconds: dict[str, float] = {}
        _copy(folder)
        environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-c", WARM],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def survives(self, mutant: Mutant) -> bool:
        """Put a break into the copy, run the tests that could notice it, and take it out again."""
        target = self.folder / mutant.place
        whole = target.read_text(encoding="utf-8")
        target.write_text(mutant.text, encoding="utf-8")
        try:
            return all(self._passes(name) for name in tests_of(mutant.place))
        finally:
            target.write_text(whole, encoding="utf-8")

    def failing(self, place: str) -> str | None:
        """Return the first test file that fails before anything is broken, and learn how long each takes."""
        for name in tests_of(place):
            if name not in self._seconds:
                start = time.monotonic()
                if not self._passes(name):
                    return name
                self._seconds[name] = time.monotonic() - start
        return None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _passes(self, name: str) -> bool:
        loaded = "ignore::pytest.PytestAssertRewriteWarning"  # hypothesis is there before pytest looks for it
        args = ["-x", "-q", "-W", loaded, "-p", "no:cacheprovider", "--hypothesis-seed=0", name]
        limit = PATIENCE + 5 * self._seconds.get(name, 60)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([limit, args]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline()) == 0


def tests_of(place: str) -> list[str]:
    """Return the test files that import a module of the package, its own ones first.

    Parameters
    ----------
    place : str
        The module's file, such as ``rnn/simple.py``.

    Returns
    -------
    list of str
    """
    stem = Path(place).stem
    own = [f"tests/test_{'command' if stem == '__main__' else stem}.py"]
    wide = ["tests/test_hostile.py", "tests/test_assignment.py"]
    users = [path for path in sorted((ROOT / "tests").glob("test_*.py")) if ROOT / place in _reached(path)]
    names = [str(path.relative_to(ROOT)) for path in users]
    slow = {"tests/test_loom.py", "tests/test_book.py", "tests/test_cards.py", "tests/test_labs.py"}
    ordered = sorted(names, key=lambda name: (name not in own, name not in wide, name))
    return [name for name in ordered if name not in slow]


def _reached(test: Path) -> set[Path]:
    """Return the files of ours that a test imports, directly or not; of the package, those whose names it writes."""
    tree, modules = ast.parse(test.read_text(encoding="utf-8")), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "rnn":
            modules.add(f"rnn.{node.attr}")
    return closure(*modules)


def _copy(folder: Path) -> None:
    """Copy what the tests need."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in files.stdout.splitlines():
        if name.startswith(("rnn/", "tests/", "scripts/", "docs/", "pyproject.toml")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
