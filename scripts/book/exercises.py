"""Exercises that a program can check: their boxes say how, and are held to what the workshop knows of them.

The workshop counts the exercises of a page and repeats their titles; a page that is cut or reordered must not send its
readers to another one's check.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement

from markdown.treeprocessors import Treeprocessor

from scripts.book.pages import Edition, Page, nearest, prose

BOX = re.compile(r'^!!! exercise "(?:\[.*?\] )?(?P<title>.*)" *$', re.M)
GUIDE = "workshop.md#check-exercises"
SAYS = {"en": ("Check it", ": "), "zh": ("检验", "：")}


class Known(NamedTuple):
    """An exercise of the workshop: what it is called, where it stands, and its titles by language."""

    id: str
    chapter: str
    number: int
    titles: Mapping[str, str]


def problems(edition: Edition, lang: str, known: list[Known]) -> Iterator[tuple[Page | None, int, str]]:
    """Say where the pages and the workshop differ: page, line and reason."""
    pages = {page.path.stem: page for page in edition.pages if page.path.parent == edition.docs}
    for exercise in known:
        page, title = pages.get(exercise.chapter), exercise.titles[lang]
        if page is None:
            reason = f"there is no page {exercise.chapter}{nearest(exercise.chapter, pages)}"
            yield None, 1, f"exercise {exercise.id}: {reason}"
            continue
        places = [match.start() for match in BOX.finditer(prose(page.text))]
        if exercise.number > len(places):
            yield page, 1, f"exercise {exercise.id}: expected {exercise.number} exercises or more, found {len(places)}"
            continue
        place = places[exercise.number - 1]
        if (box := BOX.match(page.text, place)) and box["title"] != title:
            reason = f"expected “{title}”, the title in rnn/workshop, got “{box['title']}”"
            yield page, page.line_of(place), f"exercise {exercise.id}: {reason}"


class Exercises(Treeprocessor):
    """Give the exercises that can be checked an anchor, and a last line with the command."""

    def run(self, root: Element) -> None:
        """Go through the exercises of the page, which are counted from 1."""
        book, page = self.md.book, self.md.book_page
        if page.path.parent != book.edition.docs:  # a lab may be called as a chapter is
            return
        here = {exercise.number: exercise.id for exercise in book.exercises if exercise.chapter == page.path.stem}
        boxes = [box for box in root.iter("div") if {"admonition", "exercise"} <= set(box.get("class", "").split())]
        for number, box in enumerate(boxes, start=1):
            if number in here:
                self.say(box, here[number], book.lang)

    def say(self, box: Element, name: str, lang: str) -> None:
        """Write the anchor and the line."""
        box.set("id", f"exercise-{name}")
        word, colon = SAYS[lang]
        line = SubElement(box, "p")
        link = SubElement(line, "a", {"href": GUIDE})
        link.text, link.tail = word, colon
        SubElement(line, "code").text = f"rnn check {name} {name}.py"


def listed() -> list[Known]:
    """Return the exercises of the workshop, in the order in which they are listed there."""
    from rnn.workshop.exercise import registry

    return [Known(e.id, e.chapter, e.number, e.title._asdict()) for e in registry().values()]


def from_json(text: str) -> list[Known]:
    """Read what this module prints when it is run."""
    rows: list[list[Any]] = json.loads(text)
    return [Known(*row) for row in rows]


if __name__ == "__main__":
    print(json.dumps(listed()))
