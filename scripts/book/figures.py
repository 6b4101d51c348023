"""Figures, tables and numbers in a page: ``/// figure | name``, ``/// table | name`` and ``{{name}}``."""

from __future__ import annotations

import html
import re
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown.inlinepatterns import InlineProcessor
from markdown.util import AtomicString
from pymdownx.blocks.block import Block, type_string

from scripts.book import katex
from scripts.book.pages import NUMBER, nearest
from scripts.figures import say

WORDS = {
    "en": {"figure": "Figure", "data": "The numbers behind it"},
    "zh": {"figure": "图", "data": "图中的数据"},
}


def label(number: int, lang: str) -> str:
    """Name a figure by its number."""
    return f"{WORDS[lang]['figure']} {number}"


class FigureBlock(Block):
    """``/// figure | name`` with an option ``alt`` and a caption: the picture, and the data behind it, folded."""

    NAME = "figure"
    ARGUMENT = True
    OPTIONS = {"alt": ["", type_string]}  # noqa: RUF012  (so the base class has it)

    def on_create(self, parent: Element) -> Element:
        """Make the figure that carries the anchor, with its caption."""
        figure = SubElement(parent, "figure", {"class": "fig", "id": f"fig-{self.argument}"})
        SubElement(figure, "figcaption")
        return figure

    def on_add(self, block: Element) -> Element:
        """Let the content become the caption."""
        (caption,) = block
        return caption

    def on_end(self, block: Element) -> None:
        """Put the picture above the caption and the data below it."""
        book, page = self.md.book, self.md.book_page
        line, words = page.find(f"figure | {self.argument}"), WORDS[book.lang]
        (caption,) = block
        result = book.computed("figure", self.argument, page, line)
        if result is None:
            return
        alt = self.options["alt"].strip()
        if not alt or caption.find("p") is None:
            book.report(
                page, line, f"figure {self.argument}: expected an option alt (four spaces, alt: …) and a caption"
            )
            return
        number = page.figures.index(self.argument) + 1
        picture = result["svg"].replace("<svg ", f'<svg role="img" aria-label="{html.escape(alt)}" ', 1)
        frame = (
            f'<div class="fig-frame" tabindex="0" role="group" aria-label="{label(number, book.lang)}" '
            f'data-search-exclude="1">{picture}</div>'
        )
        block.text = AtomicString(self.md.htmlStash.store(frame))
        first = caption.find("p")
        assert first is not None
        link = Element("a", {"class": "fig-number", "href": f"#fig-{self.argument}"})
        link.text = label(number, book.lang)
        link.tail = {"en": ". ", "zh": "　"}[book.lang] + (first.text or "").lstrip()
        first.text = None
        first.insert(0, link)
        if result["rows"]:
            details = SubElement(caption, "details", {"class": "fig-data"})
            head = "".join(f'<th scope="col">{mathematics(column)}</th>' for column in result["columns"])
            body = rows(result, book.lang)
            details.text = AtomicString(
                self.md.htmlStash.store(
                    f'<summary>{words["data"]}</summary><div class="fig-rows" tabindex="0" role="group" '
                    f'aria-label="{words["data"]}" data-search-exclude="1"><table><thead><tr>{head}</tr></thead>'
                    f"<tbody>{body}</tbody></table></div>"
                )
            )


class TableBlock(Block):
    """``/// table | name`` with a heading row: the rows are computed."""

    NAME = "table"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        """Make the place of the table."""
        return SubElement(parent, "div", {"class": "computed", "id": f"table-{self.argument}"})

    def on_end(self, block: Element) -> None:
        """Put the computed rows under the heading that the page gives."""
        book, page = self.md.book, self.md.book_page
        line = page.find(f"table | {self.argument}")
        result = book.computed("table", self.argument, page, line)
        (paragraph,) = list(block) or [Element("p")]
        cells = re.fullmatch(r"\|(.*)\|", (paragraph.text or "").strip())
        if result is None:
            return
        width = len(cells[1].split("|")) if cells else 0
        if cells is None or any(len(row) != width for row in result["rows"]):
            found = len(result["rows"][0]) if result["rows"] else 0
            book.report(
                page, line, f"table {self.argument}: expected a heading, | a | b |, of {found} cells, got {width}"
            )
            return
        for child in list(block):
            block.remove(child)
        table = SubElement(block, "table")
        heading = SubElement(SubElement(table, "thead"), "tr")
        for cell in cells[1].split("|"):
            SubElement(heading, "th", {"scope": "col"}).text = cell.strip()
        body = SubElement(table, "tbody")
        body.text = AtomicString(self.md.htmlStash.store(rows(result, book.lang)))


class Number(InlineProcessor):
    """``{{name}}`` or ``{{name.part}}``: a computed value."""

    def __init__(self, md: Any) -> None:
        super().__init__(NUMBER.pattern, md)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element | None, int, int]:
        """Put the value there."""
        book, page = self.md.book, self.md.book_page
        line, (name, part) = page.find(m[0]), (m["name"], m["part"] or "")
        result = book.computed("number", name, page, line)
        if result is None:
            return None, m.start(0), m.end(0)
        if part not in result["values"]:
            known = [leaf for leaf in result["values"] if leaf]
            problem = (
                f"number {name} has no part {part}{nearest(part, known)}"
                if part
                else f"number {name} has parts: {', '.join(known)}"
            )
            book.report(page, line, problem)
            return None, m.start(0), m.end(0)
        value = result["values"][part]
        text = say(value, book.lang, result["digits"])
        element = Element("data", {"value": str(value)})
        element.text = AtomicString(self.md.htmlStash.store(text) if "<" in text else text)
        return element, m.start(0), m.end(0)


def rows(result: dict[str, Any], lang: str) -> str:
    """Write the rows of a table."""
    cells = (
        "".join(
            f"<td>{mathematics(v) if isinstance(v, str) and '$' in v else say(v, lang, result['digits'])}</td>"
            for v in row
        )
        for row in result["rows"]
    )
    return "".join(f"<tr>{row}</tr>" for row in cells)


def mathematics(text: str) -> str:
    """Set the ``$…$`` of a text."""
    return re.sub(r"\$([^$]+)\$", lambda m: f'<span class="math">{katex.render(m[1], display=False)}</span>', text)
