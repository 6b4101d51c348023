"""The grader: every planted mistake is refused and named; correct work in other dress passes."""

import re
from pathlib import Path

import pytest

from rnn.workshop.assignment import STAGES, grade
from rnn.workshop.exercise import same_numbers
from rnn.workshop.subject import local
from tests.workshop.class_mistakes import MISTAKES

SOLUTION = (Path(__file__).parent / "workshop" / "solution.py").read_text(encoding="utf-8")
CLASSES = tuple(name for name in STAGES if name not in ("data", "training"))


def graded(source, stages=CLASSES):
    with same_numbers():
        return grade(local(), source, only=stages)


@pytest.mark.parametrize(
    ("stage", "key", "old", "new"), MISTAKES, ids=[f"{s}-{k}-{n}" for n, (s, k, *_) in enumerate(MISTAKES)]
)
def test_a_mistake_in_the_classes_is_refused_and_named(stage, key, old, new):
    assert old in SOLUTION
    report = graded(SOLUTION.replace(old, new, 1))
    assert (report.failed, report.wrong and report.wrong.key) == (stage, key), report.wrong
    for lang in ("en", "zh"):
        assert not re.search(r"\{\w*\}", report.sentence(lang))


DRESS = sorted((Path(__file__).parent / "workshop" / "dress").glob("*.py"))


@pytest.mark.parametrize("path", DRESS, ids=[path.stem for path in DRESS])
def test_correct_classes_in_other_dress_pass(path):
    report = graded(SOLUTION + "\n\n" + path.read_text(encoding="utf-8"))
    assert report.wrong is None, (report.failed, report.sentence("en"), report.wrong.difference)
    assert list(report.stages) == list(CLASSES)


STATED = (Path(__file__).parent / "workshop" / "dress" / "stated.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("no-such-array", '"W_hh": "b.T"', '"W_hh": "net.b"'),
        ("too-many", "PARAMETERS = {", "NOTHING = {"),
        (None, '"W_hh": "b.T"', '"W_hh": "b"'),  # how a square matrix lies is tried out
        (None, '"W_hh": "b.T"', '"W_hh": "self.b.T"'),
    ],
)
def test_what_the_file_says_of_its_arrays_is_heeded(key, old, new):
    assert old in STATED
    report = graded(f"{SOLUTION}\n\n{STATED.replace(old, new)}")
    assert (report.wrong and report.wrong.key) == key
