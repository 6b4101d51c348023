"""Citations: ``[@key]`` in a page, the works in ``docs/references.bib``, and the page that lists them.

Only a work whose entry says ``status = {verified}`` may be cited: somebody has found its authors, title, year and venue
to agree in two independent places.
"""

from __future__ import annotations

import functools
import html
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from bibtexparser.entrypoint import parse_file
from bibtexparser.middlewares import LatexDecodingMiddleware, NameParts, SeparateCoAuthors, SplitNameParts
from bibtexparser.model import Entry
from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.preprocessors import Preprocessor
from markdown.util import AtomicString
from pymdownx.blocks.block import Block

from scripts.book.cards import attribute
from scripts.book.closure import ROOT
from scripts.book.pages import Page, nearest, prose

log = logging.getLogger("mkdocs.plugins.book")

BIB = ROOT / "docs" / "references.bib"
LIST = "references.md"  # the page with the block /// references
CITATION = re.compile(r"(?<!\\)\[(?P<keys>@[^\[\]\n]*)\]")
LANGUAGES = {"english": "en", "german": "de", "french": "fr"}  # what langid says, and how HTML calls it
# Between authors, before the last author, before the title, after it, between the parts of the venue, at the end.
SIGNS = {
    "en": (", ", " and ", ": ", ". ", ", ", "."),
    "zh": ("、", "、", "：", "。", "，", "。"),
}


@dataclass(frozen=True)
class Work:
    """An article, a book or whatever else can be cited."""

    key: str
    authors: tuple[NameParts, ...]
    title: str
    venue: tuple[str, ...]
    year: str
    links: tuple[tuple[str, str], ...]  # what is shown, and the address
    lang: str
    verified: bool
    checked: str
    letter: str = field(default="", compare=False)  # tells apart what would have the same label

    def label(self, lang: str) -> str:
        """Name the work as a sentence does: by its authors' last names and its year."""
        names = [_surname(author) for author in self.authors]
        joined = {"en": " & ", "zh": " 和 "}[lang].join(names)
        if len(names) > 2:
            joined = names[0] + {"en": " et al.", "zh": " 等"}[lang]
        return f"{joined} {self.year}{self.letter}"

    def describe(self, lang: str) -> str:
        """Write everything that helps to find the work, as HTML without links."""
        comma, last, colon, stop, between, end = SIGNS[lang]
        names = [" ".join([*author.first, *author.von, *author.last, *author.jr]) for author in self.authors]
        authors = last.join(filter(None, (comma.join(names[:-1]), names[-1])))
        title = f'<cite lang="{self.lang}">{html.escape(self.title, quote=False)}</cite>'
        rest = between.join([*self.venue, self.year + self.letter])
        stop = stop if self.title[-1] not in "?!" else " "
        return f"{html.escape(authors)}{colon}{title}{stop}{html.escape(rest, quote=False)}{end}"

    @property
    def order(self) -> tuple[str, ...]:
        """Where the work stands in a list: by last name, without regard to “van”."""
        return (*(" ".join(author.last).casefold() for author in self.authors), self.year, self.letter)


def _surname(author: NameParts) -> str:
    return " ".join([*author.von, *author.last])


# --------------------------------------------------------------------------- the works


def library() -> dict[str, Work]:
    """Return the works of ``references.bib`` by key; what is wrong with the file is reported when it is read."""
    return _read(BIB, BIB.stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _read(path: Path, _time: int) -> dict[str, Work]:
    middleware = [LatexDecodingMiddleware(), SeparateCoAuthors(), SplitNameParts()]
    bib = parse_file(str(path), append_middleware=middleware, encoding="utf-8")
    file = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    for block in bib.failed_blocks:
        log.warning(
            "%s:%d: this is not BibTeX, or its key stands twice: %s", file, (block.start_line or 0) + 1, block.error
        )
    works = {}
    for entry in bib.entries:
        try:
            works[entry.key] = _work(entry)
        except KeyError as missing:
            log.warning("%s:%d: %s has no field %s", file, (entry.start_line or 0) + 1, entry.key, missing)
    return _told_apart(works)


def _work(entry: Entry) -> Work:
    """Read one entry; a field that every work must have raises `KeyError` when it is missing."""
    fields: dict[str, Any] = {name: item.value for name, item in entry.fields_dict.items()}
    if fields["status"] not in ("verified", "unverified"):
        raise KeyError("status = {verified} or {unverified}")
    return Work(
        key=entry.key,
        authors=tuple(fields["author"]),
        title=fields["title"],
        venue=tuple(_venue(fields)),
        year=fields["year"],
        links=tuple(_links(fields)),
        lang=LANGUAGES[fields.get("langid", "english")],
        verified=fields["status"] == "verified",
        checked=fields["checked"],
    )


def _venue(fields: dict[str, Any]) -> Iterator[str]:
    """Say where a work appeared, part by part."""
    volume = fields.get("volume", "") + (f"({fields['number']})" if "number" in fields else "")
    if "journal" in fields:
        yield f"{fields['journal']} {volume}".strip()
    elif "booktitle" in fields:
        yield fields["booktitle"] if "series" in fields else f"{fields['booktitle']} {volume}".strip()
        if "series" in fields:
            yield f"{fields['series']} {volume}".strip()
    for name in ("type", "school", "publisher", "howpublished", "note", "pages"):
        if name in fields:
            yield fields[name]


def _links(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Say where a work can be read."""
    if "doi" in fields:
        yield f"doi:{fields['doi']}", f"https://doi.org/{fields['doi']}"
    if "eprint" in fields:
        yield f"arXiv:{fields['eprint']}", f"https://arxiv.org/abs/{fields['eprint']}"
    if "url" in fields:
        yield fields["url"].split("://")[-1].rstrip("/"), fields["url"]


def _told_apart(works: dict[str, Work]) -> dict[str, Work]:
    """Give a letter to works whose labels would be the same: Cho et al. 2014a, 2014b."""
    same = Counter(work.label("en") for work in works.values())
    seen: Counter[str] = Counter()
    for key, work in sorted(works.items()):
        label = work.label("en")
        if same[label] > 1:
            works[key] = Work(**{**vars(work), "letter": chr(ord("a") + seen[label])})
            seen[label] += 1
    return works


# --------------------------------------------------------------------------- in a page


def keys(citation: str) -> list[str]:
    """Return the keys of ``@one; @other``, and nothing if it is not of that form."""
    parts = [part.strip() for part in citation.split(";")]
    return [part[1:] for part in parts] if all(re.fullmatch(r"@[\w-]+", part) for part in parts) else []


def cited(page: Page) -> list[str]:
    """Return the keys that a page cites."""
    return [key for match in CITATION.finditer(prose(page.text)) for key in keys(match["keys"])]


class CheckCitations(Preprocessor):
    """Report every citation of a page that leads nowhere, with its line."""

    def run(self, lines: list[str]) -> list[str]:
        """Leave the page as it is."""
        page: Page = self.md.book_page
        for match in CITATION.finditer(prose(page.text)):
            for problem in self.problems(match):
                self.md.book.report(page, page.line_of(match.start()), problem)
        return lines

    def problems(self, match: re.Match[str]) -> Iterator[str]:
        """Say what is wrong with one pair of brackets."""
        works = library()
        if not keys(match["keys"]):
            yield f"{match[0]}: a citation is written [@key] or [@key; @other]"
        for key in keys(match["keys"]):
            if key not in works:
                yield f"there is no work {key} in docs/references.bib{nearest(key, works)}"
            elif not works[key].verified:
                why = f"the work {key} is not verified ({works[key].checked})"
                yield f"{why}: find it in two independent places and say so in docs/references.bib, or do not cite it"


class Citation(InlineProcessor):
    """``[@key]``: the authors and the year, linked to the list of references."""

    def __init__(self, md: Markdown) -> None:
        super().__init__(CITATION.pattern, md)

    def handleMatch(self, m: re.Match[str], data: str) -> tuple[Element | None, int | None, int | None]:
        """Put a link for each work there; leave alone what `CheckCitations` has complained about."""
        book, works = self.md.book, library()
        found = [works[key] for key in keys(m["keys"]) if key in works]
        if not found:
            return None, None, None
        links = [self.link(work, book.lang) for work in found]
        for link in links[:-1]:
            link.tail = {"en": "; ", "zh": "；"}[book.lang]
        whole = links[0] if len(links) == 1 else Element("span")
        whole.extend(links if len(links) > 1 else [])
        return whole, m.start(0), m.end(0)

    def link(self, work: Work, lang: str) -> Element:
        """Write one link.  It has no `title`: a screen reader would say it after the text, and again with the card."""
        page, docs = self.md.book_page, self.md.book.edition.docs
        up = "../" * (len(page.path.relative_to(docs).parts) - 1)
        attributes = {
            "class": "cite",
            "href": f"{up}{LIST}#ref-{work.key}",
            "data-card": attribute(work.describe(lang)),
        }
        link = Element("a", attributes)
        link.text = AtomicString(work.label(lang))
        return link


class ReferencesBlock(Block):
    """``/// references``: every work that the edition cites, and where."""

    NAME = "references"

    def on_create(self, parent: Element) -> Element:
        """Make the list."""
        return SubElement(parent, "ul", {"class": "references"})

    def on_end(self, block: Element) -> None:
        """Fill it; the items are elements, so that MkDocs sees their ids and makes their links relative."""
        book, works = self.md.book, library()
        where: dict[str, list[Page]] = {}
        for page in book.edition.pages:
            for key in dict.fromkeys(cited(page)):
                where.setdefault(key, []).append(page)
        for work in sorted((works[key] for key in where if key in works), key=lambda work: work.order):
            self.item(block, work, where[work.key])

    def item(self, block: Element, work: Work, where: list[Page]) -> None:
        """Write one work, its addresses, and links back to the chapters that cite it."""
        book = self.md.book
        item = SubElement(block, "li", {"id": f"ref-{work.key}"})
        text = f"<b>{html.escape(work.label(book.lang), quote=False)}</b> {work.describe(book.lang)}"
        item.text = AtomicString(self.md.htmlStash.store(text) + " ")
        for shown, address in work.links:
            link = SubElement(item, "a", {"class": "address", "href": address})
            link.text, link.tail = AtomicString(shown), " "
        back = SubElement(item, "span", {"class": "cited-in"})
        back.text = {"en": "Cited in ", "zh": "引用处："}[book.lang]
        comma, end = SIGNS[book.lang][0], SIGNS[book.lang][-1]
        for page in where:
            link = SubElement(back, "a", {"href": page.path.relative_to(book.edition.docs).as_posix()})
            link.text, link.tail = AtomicString(page.title), end if page is where[-1] else comma
