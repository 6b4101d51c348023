"""Grade a file, an exercise or a folder of submissions, each in a sandbox of its own."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rnn.workshop.assignment import NAMES, STAGES, Report, Watcher, grade
from rnn.workshop.exercise import Exercise
from rnn.workshop.sandbox import MEMORY, Sandbox, bubblewrap
from rnn.workshop.subject import Subject, sandboxed
from rnn.workshop.wrong import Text, Wrong, say

LONGEST = 1 << 20  # bytes of a submission
SECONDS = 120.0  # for the training
SLOW = ("matplotlib.pyplot",)  # what takes long to import, and is imported ahead of need

NOTICE = Text(
    "bubblewrap is not here (or may not work here): the submission runs with limits and a guard in Python, but a program"
    " that means harm could get round them. Check only what you trust, or install bubblewrap.",
    "这里没有 bubblewrap（或者不能用）：作业在有限制、有 Python 内部防护的进程里运行，但存心作恶的程序可以绕过。"
    "只检查你信任的代码，或者安装 bubblewrap。",
)


@dataclass(frozen=True)
class Limits:
    """What a submission may take: seconds for its training, bytes of memory."""

    seconds: float = SECONDS
    memory: int = MEMORY


def read(path: Path) -> str:
    """Return the text of a submission.

    Raises
    ------
    OSError, ValueError
        If it cannot be read, is too long, or is not in UTF-8.
    """
    if path.is_dir():
        raise IsADirectoryError(f"expected a file, got the folder {str(path)!r}")
    if not path.is_file():
        raise FileNotFoundError(f"expected a file, got {str(path)!r}, which is not there")
    with path.open("rb") as file:
        data = file.read(LONGEST + 1)
    if len(data) > LONGEST:
        raise ValueError(f"{path.name}: expected at most {LONGEST >> 10} KiB of Python, got more")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name}: expected a text in UTF-8, got other bytes; save it as UTF-8") from None


def check_file(
    path: Path,
    limits: Limits | None = None,
    *,
    watcher: Watcher = lambda stage: None,
    then: Callable[[Sandbox, Report], None] = lambda sandbox, report: None,
) -> Report:
    """Grade the assignment in a file.

    Parameters
    ----------
    path : Path
    limits : Limits, optional
    watcher : callable
        Is told each stage before it begins.
    then : callable
        Is given the sandbox and the report before the sandbox is removed: to fetch what the submission has drawn.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read.
    """
    limits = limits or Limits()
    source = read(path)
    sandbox = Sandbox(memory=limits.memory)
    try:
        report = grade(sandboxed(sandbox), source, seconds=limits.seconds, watcher=watcher)
        then(sandbox, report)
        return report
    finally:
        sandbox.close()


def check_exercise(exercise: Exercise, path: Path, limits: Limits | None = None) -> Wrong | None:
    """Return what is wrong with an answer to an exercise, or None.

    Raises
    ------
    OSError, ValueError
        If the file cannot be read.
    """
    source = read(path)
    sandbox = Sandbox(package=exercise.package, memory=(limits or Limits()).memory)
    try:
        return exercise.grade(sandboxed(sandbox, package=exercise.package, stubs=exercise.stubs), source)
    finally:
        sandbox.close()


def submissions(folder: Path) -> list[Path]:
    """Return the submissions in a folder: those that are named like one, else all Python files.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    files = sorted(path for path in folder.rglob("*.py") if path.is_file() and not path.is_symlink())
    named = [path for path in files if path.name.startswith("ml-6-")]
    if not files:
        raise FileNotFoundError(f"expected Python files in the folder {str(folder)!r}, found none")
    return named or files


def check_folder(
    paths: Sequence[Path], limits: Limits | None = None, jobs: int = 0
) -> Iterator[tuple[Path, Report | str]]:
    """Grade many submissions at a time; yield each as it is done, with a sentence where it could not be read."""

    def one(path: Path) -> Report | str:
        try:
            return check_file(path, limits)
        except (OSError, ValueError) as error:
            return str(error)

    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        futures = {pool.submit(one, path): path for path in paths}
        for future in as_completed(futures):
            yield futures[future], future.result()


def as_json(path: Path, report: Report | str, lang: str) -> dict[str, Any]:
    """Return a report as JSON."""
    if isinstance(report, str):
        return {"file": str(path), "passed": False, "failed": "file", "mistake": "file", "message": report}
    told = {
        "file": str(path),
        "passed": report.passed,
        "stages": {name: name in report.stages for name in STAGES},
        "seconds": {name: round(seconds, 3) for name, seconds in report.stages.items()},
        "failed": report.failed or None,
        "sandbox": "bubblewrap" if bubblewrap() else "limits",
        "advice": report.advices(lang),
    }
    return told | wrong_as_json(report.wrong, lang, NAMES)


def wrong_as_json(wrong: Wrong | None, lang: str, names: dict[str, Text]) -> dict[str, Any]:
    """Return a mistake as JSON."""
    if wrong is None:
        return {"mistake": None, "message": None}
    told: dict[str, Any] = {"mistake": wrong.key, "message": say(wrong, lang, names)}
    if wrong.difference is not None:
        told |= wrong.difference._asdict()
    return told


class Watch:
    """Grades a file again and again; a new start ends the last one.

    Parameters
    ----------
    path : Path
    limits : Limits
    begin, told : callable
        Are told the stages as they begin, and the report; what an ended run would still say is dropped.
    """

    def __init__(self, path: Path, limits: Limits, begin: Watcher, told: Callable[[Report | str], None]) -> None:
        self.path, self.limits, self.begin, self.told = path, limits, begin, told
        self._number = 0
        self._lock = threading.Lock()
        self._running: tuple[threading.Thread, Sandbox] | None = None
        self._next = self._warm()

    def start(self) -> None:
        """Grade the file as it is now, in the sandbox that has been waiting."""
        self.stop()
        sandbox, ready = self._next
        ready.join()
        self._number += 1
        thread = threading.Thread(target=self._grade, args=(sandbox, self._number), daemon=True)
        self._running = thread, sandbox
        thread.start()
        self._next = self._warm()

    def stop(self) -> None:
        """End the run that is under way."""
        self._number += 1
        if self._running:
            thread, sandbox = self._running
            sandbox.close()
            thread.join()
            self._running = None

    def close(self) -> None:
        """End everything."""
        self.stop()
        self._next[0].close()

    def wait(self) -> None:
        """Wait until the run that is under way has ended."""
        if self._running:
            self._running[0].join()

    def _warm(self) -> tuple[Sandbox, threading.Thread]:
        sandbox = Sandbox(memory=self.limits.memory)
        thread = threading.Thread(target=self._preload, args=(Subject(sandbox.ask),), daemon=True)
        thread.start()
        return sandbox, thread

    def _preload(self, work: Subject) -> None:
        try:
            source = read(self.path)
            work.preload([name for name in SLOW if name.partition(".")[0] in source])
        except (Wrong, OSError, ValueError):
            pass  # it will be said when the file is graded

    def _grade(self, sandbox: Sandbox, number: int) -> None:
        report: Report | str
        try:
            work = sandboxed(sandbox)
            report = grade(
                work, read(self.path), seconds=self.limits.seconds, watcher=self._if_current(number, self.begin)
            )
        except (OSError, ValueError) as error:
            report = str(error)
        finally:
            sandbox.close()
        self._if_current(number, self.told)(report)

    def _if_current(self, number: int, say: Callable[[Any], None]) -> Callable[[Any], None]:
        def told(what: Any) -> None:
            if number == self._number:
                say(what)

        return told
