"""Run tests against broken copies of the package, quickly.

Which tests execute a line is measured once, by coverage, on the whole package; a break is shown to these alone, the
quickest first.  Every run is a fork of a process that is warm already: it has NumPy, pytest and hypothesis loaded, but
nothing of ours, and works in a copy of the checkout.  Time is the processor's, so that a busy machine decides nothing.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scripts.book.cache import CACHE, key, load, store
from scripts.book.closure import ROOT, digest
from scripts.mutants import Mutant

WARM = """
import json, os, resource, signal, sys, time
import hypothesis, lark, markdown, matplotlib, numpy, numpy.testing, pytest
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
from scripts.mutants.trace import trace
for line in sys.stdin:
    seconds, args, report = json.loads(line)
    child = os.fork()
    if not child:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        try:
            sys.dont_write_bytecode = report is None  # a broken module must not be found compiled by the next run
            os._exit(int(pytest.main(args) if report is None else trace(args, report)))
        except BaseException:
            os._exit(70)
    end, status = time.monotonic() + 20 * seconds, None
    while status is None:
        time.sleep(0.005)
        done, code = os.waitpid(child, os.WNOHANG)
        if done:
            status = os.waitstatus_to_exitcode(code)
        elif time.monotonic() > end:  # a break that never ends is noticed too
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            status = 124
    print(status, flush=True)
"""
QUIET = ["-x", "-q", "-W", "ignore::pytest.PytestAssertRewriteWarning", "-p", "no:cacheprovider", "-p", "no:xdist"]
PATIENCE = 15.0  # seconds of the processor, beyond five times what the tests take of the unbroken package
SURFACE = "tests/test_api.py"
SHORT = 1.0  # seconds of tests that are tried first
LONG = 600.0  # seconds for the tests of one file, traced
OLD = 946_684_800  # a time of change for all files, so that what is compiled stays valid, and a break's is newer


@dataclass(frozen=True)
class Test:
    """A test: its id, what it takes, and which lines of the package it executes, file by file."""

    name: str
    seconds: float
    lines: dict[str, frozenset[int]]

    @classmethod
    def read(cls, name: str, seconds: float, lines: dict[str, list[int]]) -> Test:
        """Make one of what JSON holds."""
        return cls(name, seconds, {file: frozenset(numbers) for file, numbers in lines.items()})

    def written(self) -> tuple[str, float, dict[str, list[int]]]:
        """Return what JSON can hold."""
        return self.name, self.seconds, {file: sorted(numbers) for file, numbers in self.lines.items()}

    @property
    def file(self) -> str:
        """The file that it stands in."""
        return self.name.partition("::")[0]


class Runner:
    """A copy of the checkout and the process that tries tests in it.

    Parameters
    ----------
    folder : Path
        Where the copy goes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        _copy(folder)
        self._process = subprocess.Popen(
            [sys.executable, "-c", WARM],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def trace(self, name: str) -> list[Test] | None:
        """Run a test file on the unbroken package and return its tests, or None if one fails."""
        report = self.folder / "report.json"
        if self._run([*QUIET, "--hypothesis-seed=0", name], LONG, report):
            return None
        found = json.loads(report.read_text(encoding="utf-8"))
        return [Test.read(name, seconds, reached) for name, (seconds, reached) in found.items()]

    def notices(self, mutant: Mutant, tests: list[Test]) -> str:
        """Put a break into the copy, run the tests that could notice it, and take it out again.

        Returns the test file that fails, or nothing.
        """
        target = self.folder / mutant.place
        whole = target.read_bytes()
        target.write_text(mutant.text, encoding="utf-8")
        try:
            return next((batch[0].file for batch in batches(mutant, tests) if not self._passes(batch)), "")
        finally:
            target.write_bytes(whole)
            os.utime(target, (OLD, OLD))

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _passes(self, tests: list[Test]) -> bool:
        limit = PATIENCE + 5 * sum(test.seconds for test in tests)
        return not self._run([*QUIET, "--hypothesis-seed=0", *(test.name for test in tests)], limit)

    def _run(self, args: list[str], seconds: float, report: Path | None = None) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([seconds, args, report and str(report)]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


def batches(mutant: Mutant, tests: list[Test]) -> Iterator[list[Test]]:
    """Yield the tests that could notice a break: some quick ones of its module's own file, then file by file.

    What runs when the module is imported, and what no test is seen to execute (it may run in another process), is shown
    to all tests of the module's own file, or, if it has none, to all that execute anything of the module.  Last comes
    the test that knows all defaults and constants: as it imports every module and calls nothing, the lines that it
    executes are those that run on import.
    """
    own = own_tests(mutant.place)
    surface = [test for test in tests if test.file == SURFACE]
    others = [test for test in tests if test.file != SURFACE]
    reached = [test for test in others if _executes(test, mutant)]
    if not reached or any(_executes(test, mutant) for test in surface):
        mine = [test for test in others if test.file == own] or [test for test in others if mutant.place in test.lines]
        reached += [test for test in mine if test not in reached]
    seen = sorted(reached, key=lambda test: (test.file != own, test.seconds))
    quick, spent = [], 0.0
    for test in seen:
        spent += test.seconds
        if spent <= SHORT and test.file == seen[0].file:
            quick.append(test)
    tried = {test.name for test in quick}
    if quick:
        yield quick
    totals: dict[str, list[Test]] = {}
    for test in seen:
        if test.name not in tried:
            totals.setdefault(test.file, []).append(test)
    yield from sorted(totals.values(), key=lambda some: (some[0].file != own, sum(t.seconds for t in some)))
    if surface:
        yield surface


def _executes(test: Test, mutant: Mutant) -> bool:
    first, last = mutant.lines
    return any(first <= line <= last for line in test.lines.get(mutant.place, ()))


class Verdicts:
    """What earlier runs have found, so that a run that was interrupted goes on where it stopped.

    A break stays noticed as long as its module and what that imports are the same, and the test file that noticed it
    has lost nothing: tests may be added.
    """

    def __init__(self) -> None:
        package = sorted((ROOT / "rnn").glob("*.py"))
        door = ROOT / "rnn" / "__init__.py"  # says which names there are: a new one changes nothing for the others
        self._modules = {  # blind to comments
            f"rnn/{path.name}": digest(f"rnn.{path.stem}", without=() if path == door else (door,)) for path in package
        }
        self._bytes = key(*(path.read_bytes() for path in package))  # lines have numbers
        self._tests: dict[str, str] = {}
        self._stands: dict[tuple[str, str], bool] = {}

    def noticed(self, mutant: Mutant) -> bool:
        """Tell whether a test is known to notice the break."""
        file, _, version = (load(self._path(mutant)) or "").partition(" ")
        if (file, version) not in self._stands:
            then = load(self._parts_of(version))
            self._stands[file, version] = then is not None and set(json.loads(then)) <= parts(file)
        return self._stands[file, version]

    def keep(self, mutant: Mutant, file: str) -> None:
        """Remember which test file notices the break."""
        version = self._version(file)
        if not self._parts_of(version).exists():
            store(self._parts_of(version), json.dumps(sorted(parts(file))))
        store(self._path(mutant), f"{file} {version}")

    def tests(self, name: str) -> list[Test] | None:
        """Return what was traced of a test file, if nothing has changed since."""
        found = load(self._traced(name))
        return None if found is None else [Test.read(*entry) for entry in json.loads(found)]

    def keep_tests(self, name: str, tests: list[Test]) -> None:
        """Remember what was traced of a test file."""
        store(self._traced(name), json.dumps([test.written() for test in tests]))

    def _path(self, mutant: Mutant) -> Path:
        _, _, shown = mutant.shown.partition(": ")  # without the line's number
        return CACHE / "mutants" / key(self._modules[mutant.place], mutant.place, mutant.kind, mutant.number, shown)

    def _parts_of(self, version: str) -> Path:
        return CACHE / "mutants" / "tests" / f"{version or 'none'}.json"

    def _traced(self, name: str) -> Path:
        return CACHE / "traces" / f"{key(self._bytes, name, self._version(name))}.json"

    def _version(self, name: str) -> str:
        if name not in self._tests:
            path = ROOT / name
            self._tests[name] = key(path.read_bytes()) if path.is_file() else ""
        return self._tests[name]


@cache
def parts(name: str) -> frozenset[str]:
    """Hash each test, function and constant of a test file; what it imports does not count."""
    path = ROOT / name
    body = ast.parse(path.read_text(encoding="utf-8")).body if path.is_file() else []
    return frozenset(key(ast.dump(node)) for node in body if not isinstance(node, ast.Import | ast.ImportFrom))


def own_tests(place: str) -> str:
    """Return the test file of a module of the package."""
    stem = Path(place).stem
    return f"tests/test_{'command' if stem in ('__main__', 'commands') else stem}.py"


def test_files() -> list[str]:
    """Return the test files that could notice a break in the package; those of the book alone are not among them."""
    book = {"test_book", "test_cards", "test_labs", "test_loom", "test_figures", "test_workflows", "test_canary"}
    files = [path for path in sorted((ROOT / "tests").glob("test_*.py")) if path.stem not in book]
    return [str(path.relative_to(ROOT)) for path in files]


def _copy(folder: Path) -> None:
    """Copy the checkout."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in files.stdout.splitlines():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
            os.utime(folder / name, (OLD, OLD))
