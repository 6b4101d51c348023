"""The boxes of exercises that a program can check: anchor, command, complaints; and the parts of the answers."""

from __future__ import annotations

import logging

import markdown
import pytest

from rnn.workshop.exercise import registry
from scripts import book
from scripts.book import checks
from scripts.book.answers import PAGE
from scripts.book.closure import ROOT
from scripts.book.exercises import Known, from_json, listed, problems
from scripts.book.pages import Edition

TEXT = """# Chapter

!!! exercise "[concept] First"
    Think.

??? answer "Answer"
    So.

```text
!!! exercise "[code] In a listing"
```

!!! exercise "[code] Second, with `code`"
    Write it.

    In two paragraphs.
"""
SECOND = Known("chapter-2", "chapter", 2, {"en": "Second, with `code`", "zh": "第二"})


@pytest.fixture
def edition(tmp_path) -> Edition:
    (tmp_path / "chapter.md").write_text(TEXT, encoding="utf-8")
    found = Edition(tmp_path)
    found.refresh()
    return found


def said(edition: Edition, *known: Known) -> list[tuple[int, str]]:
    return [(line, reason) for _, line, reason in problems(edition, "en", list(known))]


def test_an_exercise_that_fits_is_not_complained_about(edition):
    assert said(edition, SECOND, SECOND._replace(id="chapter-1", number=1, titles={"en": "First"})) == []


def test_a_title_a_number_and_a_page_that_do_not_fit_are_named(edition):
    (other,) = said(edition, SECOND._replace(titles={"en": "Second"}))
    assert other == (
        13,
        "exercise chapter-2: expected “Second”, the title in rnn/workshop, got “Second, with `code`”",
    )
    (far,) = said(edition, SECOND._replace(id="chapter-3", number=3))
    assert far == (1, "exercise chapter-3: expected 3 exercises or more, found 2")
    (nowhere,) = said(edition, SECOND._replace(id="chapters-2", chapter="chapters"))
    assert nowhere[1].endswith("there is no page chapters; did you mean chapter?")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_both_editions_have_the_exercises_of_the_workshop(lang):
    edition = Edition(ROOT / "docs" / lang)
    edition.refresh()
    assert list(problems(edition, lang, listed())) == []


def test_the_build_is_told_of_every_exercise():
    assert checks.exercises() == listed()
    assert [known.id for known in listed()] == list(registry())
    assert from_json('[["a-1", "a", 1, {"en": "A", "zh": "甲"}]]') == [Known("a-1", "a", 1, {"en": "A", "zh": "甲"})]


def convert(tmp_path, monkeypatch, text: str, lang: str = "en", name: str = "chapter") -> str:
    (tmp_path / f"{name}.md").write_text(text, encoding="utf-8")
    monkeypatch.setattr(book.Book, "refresh", lambda self: self.edition.refresh())
    book._EDITIONS.clear()
    extensions = ["admonition", "attr_list", "pymdownx.details", "pymdownx.superfences", "toc"]
    md = markdown.Markdown(extensions=[*extensions, book.BookExtension(lang=lang, docs=str(tmp_path))])
    md.book.exercises = [SECOND]
    return md.convert(text)


@pytest.mark.parametrize(("lang", "words"), [("en", "Check it</a>: <code>"), ("zh", "检验</a>：<code>")])
def test_the_box_has_an_anchor_and_a_last_line(tmp_path, monkeypatch, lang, words):
    page = convert(tmp_path, monkeypatch, TEXT, lang)
    first, second = page.split('<div class="admonition exercise"')[1:]
    assert "rnn check" not in first
    assert second.startswith(' id="exercise-chapter-2">')
    assert (
        f'<p><a href="workshop.md#check-exercises">{words}rnn check chapter-2 chapter-2.py</code></p></div>' in second
    )


def test_a_page_without_checks_stays_as_it_is(tmp_path, monkeypatch):
    page = convert(tmp_path, monkeypatch, TEXT.replace("Chapter", "Other"), name="other")
    assert "rnn check" not in page
    assert "exercise-" not in page


def test_refresh_reports_the_difference_once(tmp_path, monkeypatch, caplog):
    (tmp_path / "chapter.md").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(checks, "exercises", lambda: [SECOND._replace(titles={"en": "Other"})])
    there = book.Book("en", str(tmp_path))
    with caplog.at_level(logging.WARNING, "mkdocs.plugins.book"):
        there._count_exercises(there.edition.refresh())
        there._count_exercises(there.edition.refresh())
    assert [record.getMessage().partition(":13: ")[2] for record in caplog.records] == [
        "exercise chapter-2: expected “Other”, the title in rnn/workshop, got “Second, with `code`”"
    ]


def test_a_workshop_that_cannot_be_imported_is_reported(tmp_path, monkeypatch, caplog):
    def broken() -> list[Known]:
        raise checks.ComputeError("rnn/workshop/exercises/bptt.py:3: NameError")

    monkeypatch.setattr(checks, "exercises", broken)
    with caplog.at_level(logging.WARNING, "mkdocs.plugins.book"):
        book.Book("en", str(tmp_path))._count_exercises(True)
    assert "no exercise can be checked: rnn/workshop/exercises/bptt.py:3" in caplog.text


QUESTIONS = """# Answers

## The questions { #questions }

A list.

## 1. Why? { #why }

*Explain.*

**One minute.** Because.
{ #proof }

??? answer "Marking: 2 points"
    - **2**: it.

## 2. How? { #how }

*Derive.*

So.

## The end { #end }

Nothing.
"""


def test_what_answers_a_question_is_one_part(tmp_path, monkeypatch):
    page = convert(tmp_path, monkeypatch, QUESTIONS, name=PAGE)
    before, why, how = page.split('<div class="model" ')
    assert "Explain." in before
    assert why.startswith('data-places="proof" data-question="why">')
    assert "Because." in why
    assert "Marking" in why
    assert why.index("</div>") < why.index("2. How?") < why.index("Derive.")
    assert how.startswith('data-places="" data-question="how">')
    assert how.index("So.") < how.index("</div>") < how.index("The end")
    assert 'class="model"' not in convert(
        tmp_path, monkeypatch, QUESTIONS.replace("# Answers", "# Others"), name="others"
    )
