"""The page of answers: every question has three depths, a marking scheme that adds up, and viva questions."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from scripts.book.closure import ROOT

WORDS = {
    "en": {
        "minute": "**One minute.**",
        "exam": "**Exam.**",
        "full": ("Full account", "Full proof"),
        "marking": r"Marking: (\d+) points",
        "viva": "Viva: ",
        "lost": "*Lost by*: ",
    },
    "zh": {
        "minute": "**一分钟。**",
        "exam": "**考试。**",
        "full": ("完整回答", "完整证明"),
        "marking": r"评分：(\d+) 分",
        "viva": "追问：",
        "lost": "*常见失分*：",
    },
}
QUESTION = re.compile(r"^## (?P<number>\d+)\. .* \{ #(?P<id>[a-z0-9-]+) \}$")
BOX = re.compile(r'^\?\?\? answer "(?P<title>.*)"$')
ROW = re.compile(r"^\| .*\[(?P<number>\d+)\. .*\]\(#(?P<id>[a-z0-9-]+)\) \| (?P<points>\d+) \|$", re.M)


@dataclass
class Question:
    """A section of the page: its number and id, its lines, and its folded boxes by title."""

    number: int
    id: str
    lines: list[str]

    @property
    def boxes(self) -> dict[str, str]:
        """Collect what stands in each folded box."""
        found: dict[str, str] = {}
        title = ""
        for line in self.lines:
            if box := BOX.match(line):
                title = box["title"]
                assert title not in found, f"{self.id}: {title} stands twice"
                found[title] = ""
            elif line and not line.startswith("    "):
                title = ""
            elif title:
                found[title] += line[4:] + "\n"
        return found


def text_of(lang: str) -> str:
    return (ROOT / "docs" / lang / "answers.md").read_text(encoding="utf-8")


def questions(text: str) -> list[Question]:
    """Cut the page into its numbered sections."""
    found: list[Question] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("## "):
            heading = QUESTION.match(line)
            inside = bool(heading)
            if heading:
                found.append(Question(int(heading["number"]), heading["id"], []))
        elif inside:
            found[-1].lines.append(line)
    return found


def faults(lang: str, text: str) -> list[str]:
    """Say what is missing in which question."""
    words, said = WORDS[lang], []
    for question in questions(text):
        boxes = question.boxes
        for depth in ("minute", "exam"):
            if sum(line.startswith(words[depth]) for line in question.lines) != 1:
                said.append(f"{question.id}: {depth}")
        if sum(title in words["full"] and bool(body.strip()) for title, body in boxes.items()) != 1:
            said.append(f"{question.id}: full")
        schemes = [(found, body) for title, body in boxes.items() if (found := re.fullmatch(words["marking"], title))]
        if len(schemes) != 1:
            said.append(f"{question.id}: marking")
        for found, body in schemes:
            if sum(int(points) for points in re.findall(r"^- \*\*(\d+)\*\*", body, re.M)) != int(found[1]):
                said.append(f"{question.id}: points")
            if words["lost"] not in body:
                said.append(f"{question.id}: lost")
        if sum(title.startswith(words["viva"]) and bool(body.strip()) for title, body in boxes.items()) < 2:
            said.append(f"{question.id}: viva")
    return said


@pytest.mark.parametrize("lang", WORDS)
def test_every_question_is_answered_at_three_depths_marked_and_asked_further(lang):
    assert faults(lang, text_of(lang)) == []


@pytest.mark.parametrize("lang", WORDS)
def test_the_list_at_the_top_names_every_question_and_what_it_is_worth(lang):
    text = text_of(lang)
    listed = [(int(row["number"]), row["id"], int(row["points"])) for row in ROW.finditer(text)]
    worth = [
        (question.number, question.id, int(found[1]))
        for question in questions(text)
        for title in question.boxes
        if (found := re.fullmatch(WORDS[lang]["marking"], title))
    ]
    assert listed == worth
    assert [number for number, _, _ in listed] == list(range(1, len(listed) + 1))
    assert len(listed) >= 15


def test_both_languages_give_the_same_points_line_by_line():
    marks = [re.findall(r"^    - \*\*(\d+)\*\*", text_of(lang), re.M) for lang in WORDS]
    assert marks[0] == marks[1]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("**One minute.**", "**Two minutes.**", "recurrent: minute"),
        ('??? answer "Full account"', '??? answer "Some account"', "recurrent: full"),
        ("    - **2**: the state equation", "    - **3**: the state equation", "recurrent: points"),
        ("*Lost by*: ", "", "recurrent: lost"),
        ('"Viva: ', '"Why: ', "recurrent: viva"),
    ],
)
def test_the_test_of_the_answers_sees_what_is_missing(old, new, fault):
    text = text_of("en")
    assert old in text
    assert fault in faults("en", text.replace(old, new, 1))
