"""The page of answers: all that answers a question is put into one part, so that it can be folded until it is wanted.

Nothing is folded without JavaScript. With it, ``js/answers.js`` puts a field of the reader's own before each such part.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement

from markdown.treeprocessors import Treeprocessor

PAGE = "answers"
QUESTION = re.compile(r"\d+\. ")


class Answers(Treeprocessor):
    """Wrap what follows a question, up to the next heading, in ``<div class="model" data-question="its id">``."""

    def run(self, root: Element) -> None:
        """Go through the page; the paragraph under the heading of a question is the question."""
        if self.md.book_page.path.stem != PAGE:
            return
        parts = list(root)
        root[:] = []
        model, asked = root, ""  # where the next part goes, and the question that has not been asked yet
        for part in parts:
            if part.tag == "h2":
                model, asked = root, self.question(part)
            model.append(part)
            if asked and part.tag == "p":
                model, asked = SubElement(root, "div", {"class": "model", "data-question": asked}), ""
        for model in root.findall("div[@class='model']"):  # so that a link to one of these finds it open from the start
            model.set("data-places", " ".join(name for part in model.iter() if (name := part.get("id"))))

    def question(self, heading: Element) -> str:
        """Return the id of a question, of another heading nothing."""
        return heading.get("id", "") if QUESTION.match(heading.text or "") else ""
