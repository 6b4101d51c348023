"""Questions with explained choices.

::

    !!! quiz "The question?"

        ??? wrong "A choice that many would take"
            Why it is not so.

        ??? right "The answer"
            Why it is so.

Which choice is right shows only when it is opened, in its colour, in its sign, and for everybody in a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from markdown.treeprocessors import Treeprocessor

from scripts.book.pages import prose

QUESTION = re.compile(r'^!!! quiz "(?P<question>.*)" *$', re.M)
VERDICT = {"en": {"right": "Right. ", "wrong": "Not quite. "}, "zh": {"right": "对。", "wrong": "不对。"}}
MIN_WRONG = 2


class Quiz(Treeprocessor):
    """Say in each explanation whether the choice was right; report a question that is none."""

    def run(self, root: Element) -> None:
        """Go through the questions of the page in their order, which is also that of the text."""
        book, page = self.md.book, self.md.book_page
        lines = [page.line_of(match.start()) for match in QUESTION.finditer(prose(page.text))]
        boxes = [box for box in root.iter("div") if {"admonition", "quiz"} <= set(box.get("class", "").split())]
        if len(lines) != len(boxes):
            problem = f'expected every quiz at the left margin as !!! quiz "The question?"; found {len(boxes)}'
            book.report(page, page.find("!!! quiz"), f"{problem} boxes for {len(lines)} such lines")
        for box, line in zip(boxes, [*lines, *[1] * len(boxes)], strict=False):
            for problem in self.problems(box):
                book.report(page, line, f"this quiz {problem}")
            for choice in box.findall("details"):
                if verdict := VERDICT[book.lang].get(choice.get("class", "")):
                    self.say(choice, verdict)

    def problems(self, box: Element) -> Iterator[str]:
        """Say what a question lacks."""
        choices = box.findall("details")
        kinds = Counter(choice.get("class", "") for choice in choices)
        if kinds["right"] != 1:
            yield f'needs exactly one ??? right "…", and has {kinds["right"]}'
        if kinds["wrong"] < MIN_WRONG:
            yield f'needs at least {MIN_WRONG} ??? wrong "…", and has {kinds["wrong"]}'
        if other := kinds.keys() - {"right", "wrong"}:
            yield f"has a choice that is neither right nor wrong: {', '.join(sorted(other))}"
        for number, choice in enumerate(choices, start=1):
            if len(choice) < 2:  # the summary alone
                yield f"does not explain choice {number}"

    def say(self, choice: Element, verdict: str) -> None:
        """Begin the explanation with the verdict in words: colour and sign alone would not reach everybody."""
        if len(choice) < 2:
            return
        first = choice[1]
        if first.tag != "p":
            first = Element("p")
            choice.insert(1, first)
        word = Element("b", {"class": "verdict"})
        word.text, word.tail = verdict.rstrip(), verdict[len(verdict.rstrip()) :] + (first.text or "")
        first.text = ""
        first.insert(0, word)
