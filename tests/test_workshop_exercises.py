"""The exercises: each skeleton fails, each model answer passes, each planted mistake is refused and named."""

import re
from pathlib import Path

import pytest

from rnn.workshop.check import check_exercise
from rnn.workshop.exercise import HINTS, LEAST_PLANTED, registry
from rnn.workshop.wrong import GENERAL, Text

ROOT = Path(__file__).resolve().parents[1]
EXERCISES = registry()
KINDS = {"en": "code|experiment", "zh": "代码|实验"}


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_does_what_it_promises(name):
    assert EXERCISES[name].problems() == []


@pytest.mark.parametrize("name", [name for n, name in enumerate(EXERCISES) if n % 5 == 0])
def test_a_model_answer_passes_in_the_sandbox(name, tmp_path):
    path = tmp_path / f"{name}.py"
    path.write_text(EXERCISES[name].source, encoding="utf-8")
    assert check_exercise(EXERCISES[name], path) is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_code_exercise_and_experiment_of_the_book_can_be_checked(lang):
    found = {}
    for page in sorted((ROOT / "docs" / lang).glob("*.md")):
        titles = re.findall(r'^!!! exercise "\[(.+?)\] (.+)"$', page.read_text(encoding="utf-8"), re.M)
        for number, (kind, title) in enumerate(titles, 1):
            if re.fullmatch(KINDS[lang], kind):
                found[f"{page.stem}-{number}"] = title
    assert {name: getattr(exercise.title, lang) for name, exercise in EXERCISES.items()} == found


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_speaks_both_languages(name):
    exercise = EXERCISES[name]
    assert len(exercise.hints) == HINTS
    assert len({(old, new) for _, old, new in exercise.planted}) >= LEAST_PLANTED
    own = [key for key, *_ in exercise.planted if key not in GENERAL]
    assert len(set(own)) >= LEAST_PLANTED - 2
    texts = [exercise.title, exercise.task, *exercise.hints, *exercise.names.values()]
    for text in texts:
        assert isinstance(text, Text)
        assert exercise.chapter == "language" or not re.search("[\u4e00-\u9fff]", text.en)
        assert re.search("[\u4e00-\u9fff]", text.zh), text
        gaps = [sorted(re.findall(r"(?<!\{)\{(\w*)[}:!]", one)) for one in text]
        assert gaps[0] == gaps[1]
