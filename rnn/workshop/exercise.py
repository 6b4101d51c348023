"""The exercises of the book that a program can check: each is a solution, what is asked, hints, mistakes and a check.

An exercise is called by its chapter and its number there, ``bptt-4``. Its solution is the functions and classes of
its module that it names: their source is the model answer, and with the bodies taken out it is the skeleton. A
planted mistake is an edit of that source; the check must not only refuse it but name it.
"""

import ast
import inspect
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import count
from typing import Any

import numpy as np

from rnn.workshop.subject import Subject, local
from rnn.workshop.wrong import GENERAL, Text, Wrong

HINTS = 3
LEAST_PLANTED = 5


@dataclass(frozen=True)
class Exercise:
    """An exercise that can be checked.

    Parameters
    ----------
    chapter, number : str, int
        The page, and which of all the exercises there it is, counted from 1.
    title : Text
        As it stands on the page, without the kind in brackets.
    task : Text
        What the function takes and returns, with shapes: all that one must know beside the page.
    solution : tuple of functions and classes
        The model answer.
    check : callable
        Takes a `Subject`; raises `Wrong`.
    names : dict of str to Text
        The mistakes that the check can name.
    planted : tuple of (key, old, new)
        Edits of the solution's source, each with the key under which the check must refuse it. `old` stands there once.
    hints : three Texts
        From a nudge to nearly the answer.
    imports : str
        The first lines of the file.
    package : bool
        Whether the answer may use the package.
    stubs : tuple of str
        Functions of the package that would be the answer, as ``"rnn.optim:clip_by_norm"``.
    """

    chapter: str
    number: int
    title: Text
    task: Text
    solution: tuple[Any, ...]
    check: Callable[[Subject], None]
    names: dict[str, Text]
    planted: tuple[tuple[str, str, str], ...]
    hints: tuple[Text, Text, Text]
    imports: str = "import numpy as np"
    package: bool = True
    stubs: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What it is called: ``bptt-4``."""
        return f"{self.chapter}-{self.number}"

    @property
    def source(self) -> str:
        """The model answer as a file."""
        parts = [textwrap.dedent(inspect.getsource(part)).strip() for part in self.solution]
        return "\n\n\n".join([self.imports, *parts]) + "\n"

    def skeleton(self, lang: str = "en") -> str:
        """Return the file that one begins with: the task as a comment, and functions without bodies.

        Docstrings are in English; in Chinese the task alone says it.
        """
        task = [f"{self.id}  {getattr(self.title, lang)}", "", *_wrapped(getattr(self.task, lang), lang)]
        head = "\n".join(f"# {line}".rstrip() for line in task)
        return f"{head}\n\n{_emptied(self.source, docstrings=lang == 'en')}\n"

    def grade(self, work: Subject, source: str) -> Wrong | None:
        """Return what is wrong with a submission, or None."""
        try:
            work.load(source)
            missing = [part.__name__ for part in self.solution if part.__name__ not in work.names]
            if missing:
                raise Wrong("missing", name=missing[0])
            self.check(work)
        except Wrong as wrong:
            return wrong
        return None

    def problems(self) -> list[str]:
        """Hold the exercise to what is promised of it: the skeleton fails, the answer passes, mistakes are named."""
        with same_numbers():
            return self._problems()

    def _problems(self) -> list[str]:
        found = [f"{key} is planted and has no name" for key, *_ in self.planted if key not in GENERAL | self.names]
        if len({(old, new) for _, old, new in self.planted}) < LEAST_PLANTED:
            found.append(f"expected at least {LEAST_PLANTED} planted mistakes, got {len(self.planted)}")
        for lang in ("en", "zh"):
            wrong = self.grade(self._subject(), self.skeleton(lang))
            if wrong is None or wrong.key != "skeleton":
                found.append(f"the skeleton ({lang}): expected skeleton, got {wrong}")
        if wrong := self.grade(self._subject(), self.source):
            found.append(f"the model answer: expected to pass, got {wrong}")
        for key, old, new in self.planted:
            if self.source.count(old) != 1:
                found.append(f"{key}: expected {old!r} once in the model answer, found {self.source.count(old)}")
                continue
            wrong = self.grade(self._subject(), self.source.replace(old, new))
            if wrong is None or wrong.key != key:
                found.append(f"{old!r} → {new!r}: expected {key}, got {wrong}")
        return found

    def _subject(self) -> Subject:
        return local(package=self.package, stubs=self.stubs)


@contextmanager
def same_numbers(seed: int = 0) -> Iterator[None]:
    """Let the fresh generators of `np.random.default_rng()` be the same ones in every run, each unlike the others."""
    fresh, number = np.random.default_rng, count()
    np.random.default_rng = lambda given=None: fresh([seed, next(number)] if given is None else given)  # type: ignore[assignment]
    try:
        yield
    finally:
        np.random.default_rng = fresh


@cache
def registry() -> dict[str, Exercise]:
    """Return every exercise by what it is called."""
    import rnn.workshop.exercises as home

    modules = [import_module(f"{home.__name__}.{info.name}") for info in pkgutil.iter_modules(home.__path__)]
    exercises = [exercise for module in modules for exercise in getattr(module, "EXERCISES", ())]
    return {exercise.id: exercise for exercise in sorted(exercises, key=lambda e: (e.chapter, e.number))}


def _wrapped(text: str, lang: str) -> list[str]:
    """Break a text into lines; Chinese has no spaces to break at, only words in Latin letters are kept whole."""
    if lang == "en":
        return [line for paragraph in text.strip().split("\n") for line in textwrap.wrap(paragraph, 96) or [""]]
    lines, width = [""], 0
    for piece in re.findall(r"[!-~]+|.|\n", text.strip()):
        size = len(piece) if piece.isascii() else 2
        if piece == "\n" or (width + size > 92 and piece not in "，。；：、！？）”"):
            lines.append("")
            width = 0
        if piece.strip() or lines[-1]:
            lines[-1] += piece.strip("\n")
            width += size
    return lines


def _emptied(source: str, *, docstrings: bool) -> str:
    """Return a source with `raise NotImplementedError` for the body of each function; docstrings are kept or not."""
    lines = source.splitlines()
    cuts = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            said, body = (node.body[:1], node.body[1:]) if ast.get_docstring(node) is not None else ([], node.body)
            gone = body if isinstance(node, ast.FunctionDef) else []
            gone = gone if docstrings else [*said, *gone]
            if gone:
                stub = "raise NotImplementedError" if isinstance(node, ast.FunctionDef) else ""
                indent = " " * gone[0].col_offset if stub else ""
                cuts.append((gone[0].lineno, gone[-1].end_lineno or gone[0].lineno, indent + stub))
    for first, last, stub in sorted(cuts, reverse=True):
        if not any(a < first and last <= b for a, b, _ in cuts):  # a function in a function goes with it
            lines[first - 1 : last] = [stub] if stub else []
    return "\n".join(lines)
