"""The glossary: a link to one of its terms carries the definition, which opens beside it as a card."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString

from scripts.book.pages import Edition, Page, nearest, prose

GLOSSARY = "glossary.md"
ENTRY = re.compile(r"^### (?P<name>.+?) · (?P<other>.+?) \{ #(?P<id>[a-z][a-z0-9-]*) \}\n\n(?P<meaning>[^\n]+)$", re.M)
LINK = re.compile(rf"\]\((?:[\w./-]*/)?{re.escape(GLOSSARY)}#(?P<id>[^)\s]+)\)")
HREF = re.compile(rf"(?P<page>(?:[\w./-]*/)?{re.escape(GLOSSARY)})?#(?P<id>.+)")
MARKED = re.compile(r"[$*`\[\]<]")


@dataclass(frozen=True)
class Term:
    """A word of the book in the language of the edition and in the other, and what it means."""

    id: str
    name: str
    other: str
    meaning: str
    line: int

    @property
    def card(self) -> str:
        """What the card shows."""
        return f"<b>{html.escape(self.name)} · {html.escape(self.other)}</b> {html.escape(self.meaning, quote=False)}"


def attribute(text: str) -> str:
    """Prepare HTML for a `data-` attribute: Markdown's serializer would take its entities for its own."""
    return text.replace("&", "&amp;")


def glossary(edition: Edition) -> dict[str, Term]:
    """Return the terms of an edition by id."""
    page = next((page for page in edition.pages if page.path == edition.docs / GLOSSARY), None)
    return {term.id: term for term in terms(page)} if page else {}


def terms(page: Page) -> list[Term]:
    """Return the terms that stand on the page of the glossary, in its order."""
    return [Term(**entry.groupdict(), line=page.line_of(entry.start())) for entry in ENTRY.finditer(page.text)]


class CheckTerms(Preprocessor):
    """Report every link of a page to a term that there is not, and every entry of the glossary that makes no card."""

    def run(self, lines: list[str]) -> list[str]:
        """Leave the page as it is."""
        book, page = self.md.book, self.md.book_page
        known = glossary(book.edition)
        text = prose(page.text)
        for link in LINK.finditer(text):
            if link["id"] not in known:
                problem = f"the glossary has no term {link['id']}{nearest(link['id'], known)}"
                book.report(page, page.line_of(link.start()), problem)
        if page.path == book.edition.docs / GLOSSARY:
            self.check_entries(page, text)
        return lines

    def check_entries(self, page: Page, text: str) -> None:
        """Report a heading that is no entry, and a definition that a card cannot show."""
        good = {term.line: term for term in terms(page)}
        for heading in re.finditer(r"^### .*$", text, re.M):
            line = page.line_of(heading.start())
            if line not in good:
                shape = "### term · the same in the other language { #id }, an empty line, and a definition"
                self.md.book.report(page, line, f"expected an entry of the glossary, {shape}")
            elif MARKED.search(good[line].meaning):
                problem = "a definition is plain words; mathematics, code and links belong in the paragraph after it"
                self.md.book.report(page, line + 2, f"{good[line].name}: {problem}")


class Terms(Treeprocessor):
    """Put the definition of a term into every link to it."""

    def run(self, root: Element) -> None:
        """Change links, and on the glossary's own page also headings."""
        book, page = self.md.book, self.md.book_page
        known, home = glossary(book.edition), page.path == book.edition.docs / GLOSSARY
        for link in root.iter("a"):
            href = HREF.fullmatch(link.get("href", ""))
            if href and (href["page"] or home) and href["id"] in known:
                link.set("class", f"{link.get('class', '')} term".strip())
                link.set("data-card", attribute(known[href["id"]].card))
        for heading in root.iter("h3") if home else ():
            self.mark_language(heading, {"en": "zh-CN", "zh": "en"}[book.lang])

    def mark_language(self, heading: Element, lang: str) -> None:
        """Let a screen reader and the fonts know that the second half of a heading is in the other language."""
        name, dot, other = (heading.text or "").partition(" · ")
        if dot:
            heading.text = name + dot
            part = Element("span", {"lang": lang})
            part.text = AtomicString(other)
            heading.insert(0, part)
