"""The Markdown extension of the book: formulas that are checked, mathematics that is set at build, sessions that ran.

It is an extension of Python-Markdown and of no site generator, so that the book can move.  Whatever is wrong is
reported as ``file:line: reason`` on a logger under which MkDocs counts warnings: ``--strict`` stops the build, and
``serve`` shows a red badge instead.
"""

from __future__ import annotations

import html
import logging
import re
from typing import Any, ClassVar
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from pymdownx.blocks import BlocksExtension, BlocksProcessor
from pymdownx.blocks.block import Block

from scripts.book import checks, katex
from scripts.book.answers import Answers
from scripts.book.badge import badge, failure
from scripts.book.cards import CheckTerms, Terms
from scripts.book.citations import CheckCitations, Citation, ReferencesBlock
from scripts.book.closure import ROOT
from scripts.book.exercises import Exercises, Known, problems
from scripts.book.figures import FigureBlock, Number, TableBlock, label
from scripts.book.pages import SESSION, Edition, Formula, Page, nearest
from scripts.book.quiz import Quiz

log = logging.getLogger("mkdocs.plugins.book")

_EDITIONS: dict[str, Book] = {}  # MkDocs makes a new Markdown for every page; an edition is read once


class Book:
    """One edition with its checks: what all pages of a build share."""

    def __init__(self, lang: str, docs: str) -> None:
        self.lang, self.edition = lang, Edition(ROOT / docs)
        self.registry: dict[str, Any] = {}
        self.results: dict[str, Any] = {}
        self.broken = ""  # why nothing can be checked at all
        self.declared: dict[str, Any] = {}
        self.drawn: dict[str, Any] = {}
        self.unready = ""  # why nothing can be drawn at all
        self.exercises: list[Known] = []  # those that the workshop can check
        self.unlisted = ""  # why it cannot say which these are

    def refresh(self) -> None:
        """Read the pages and check their formulas, if anything has changed; report what concerns no one page."""
        changed = self.edition.refresh()
        self._compute()
        self._count_exercises(changed)
        try:
            registry, self.results = checks.check({name: f.tex for name, f in self.edition.formulas.items()})
        except checks.ComputeError as e:
            if self.broken != str(e):
                log.warning("no equation can be checked: %s", e)
            self.broken = str(e)
            return
        changed |= bool(self.broken) or registry != self.registry
        self.broken, self.registry = "", registry
        if changed:
            self._report_twice_and_never()

    def _compute(self) -> None:
        """Have the figures, tables and numbers computed; report those that no page shows."""
        before = self.declared, self.unready
        try:
            self.declared, self.drawn = checks.compute(self.edition.computed)
            self.unready = ""
        except checks.ComputeError as e:
            self.unready = str(e)
            if before[1] != self.unready:
                log.warning("no figure can be drawn: %s", e)
        if (self.declared, self.unready) != before:
            for name in sorted(self.declared.keys() - self.edition.computed):
                place = self.declared[name]["place"]
                log.warning(
                    "%s: %s %s is on no page of the edition %s", place, self.declared[name]["kind"], name, self.lang
                )

    def _count_exercises(self, changed: bool) -> None:
        """Ask the workshop which exercises it checks; report where it and the pages differ."""
        before = self.exercises, self.unlisted
        try:
            self.exercises, self.unlisted = checks.exercises(), ""
        except checks.ComputeError as e:
            self.exercises, self.unlisted = [], str(e)
            if before[1] != self.unlisted:
                log.warning("no exercise can be checked: %s", e)
        if changed or (self.exercises, self.unlisted) != before:
            for page, line, reason in problems(self.edition, self.lang, self.exercises):
                if page:
                    report(page, line, reason)
                else:
                    log.warning("%s; it is on no page of the edition %s", reason, self.lang)

    def computed(self, kind: str, name: str, page: Page, line: int) -> dict[str, Any] | None:
        """Return the result of a figure, table or number; if there is none, report why."""
        result: dict[str, Any] | None = self.drawn.get(name)
        if self.unready:
            return None
        if result is None or ("error" not in result and result["kind"] != kind):
            identifier, file = name.replace("-", "_"), f"scripts/figures/{checks.chapter_of(name)}.py"
            known = [other for other, item in self.declared.items() if item["kind"] == kind]
            self.report(page, line, f"{kind} {name}: there is no @{kind} {identifier} in {file}{nearest(name, known)}")
        elif "error" in result:
            self.report(page, line, f"{kind} {name} stops: {result['error']}")
        else:
            return result
        return None

    def report(self, page: Page, line: int, message: str) -> None:
        """Say what is wrong, and where."""
        report(page, line, message)

    def _report_twice_and_never(self) -> None:
        first = self.edition.formulas
        for formula in (f for page in self.edition.pages for f in page.formulas):
            if (other := first[formula.name]) is not formula:
                there = f"{other.page.file}:{other.line}"
                report(formula.page, formula.line, f"equation {formula.name} stands already on {there}")
        for name in sorted(self.registry.keys() - first.keys()):
            place = self.registry[name]
            where = f"{place['file']}:{place['line']}"
            log.warning("%s: equation %s is on no page of the edition %s", where, name, self.lang)


def report(page: Page, line: int, message: str) -> None:
    """Say what is wrong, and where, in a form that editors understand."""
    log.warning("%s:%d: %s", page.file, line, message)


class BookExtension(BlocksExtension):
    """``scripts.book: {lang: en, docs: docs/en}``."""

    def __init__(self, **kwargs: Any) -> None:
        self.config = {"lang": ["en", "language of the badges"], "docs": ["docs/en", "folder of the edition's pages"]}
        super().__init__(**kwargs)

    def extendMarkdown(self, md: Markdown) -> None:
        """Register everything that works on the whole page."""
        lang, docs = self.getConfig("lang"), self.getConfig("docs")
        md.book = _EDITIONS.setdefault(docs, Book(lang, docs))
        super().extendMarkdown(md)
        md.preprocessors.register(Begin(md), "book-begin", 200)  # before snippets (32): it must see the page itself
        md.preprocessors.register(CheckCitations(md), "book-check-citations", 199)  # with the page as it stands on disk
        md.preprocessors.register(CheckTerms(md), "book-check-terms", 199)
        md.preprocessors.register(Sessions(md), "book-sessions", 35)  # before superfences (25)
        md.treeprocessors.register(References(md), "book-references", 5)  # after inline (20), before MkDocs' links (0)
        md.treeprocessors.register(Terms(md), "book-terms", 5)
        md.treeprocessors.register(Quiz(md), "book-quiz", 5)
        md.treeprocessors.register(Answers(md), "book-answers", 5)
        md.treeprocessors.register(Exercises(md), "book-exercises", 5)  # its links are MkDocs' to resolve (0)
        md.treeprocessors.register(ReadingTime(md), "book-reading-time", 5)
        md.inlinePatterns.register(Citation(md), "book-citation", 184)
        md.inlinePatterns.register(Number(md), "book-number", 185)  # after code (190), before links and emphasis
        md.postprocessors.register(Mathematics(md), "book-mathematics", 5)  # when raw HTML is back in its place

    def extendMarkdownBlocks(self, md: Markdown, block_mgr: BlocksProcessor) -> None:
        """Register the blocks ``/// equation``, ``/// figure`` and ``/// table``."""
        for block in (EquationBlock, FigureBlock, TableBlock, ReferencesBlock):
            block_mgr.register(block, {})


class Begin(Preprocessor):
    """Find out which page this is, and look for what the other parts would miss or stumble over."""

    INCLUDE = re.compile(r'--8<-- "(?P<file>[^":]+)(?::(?P<section>[^"]+))?"')

    def run(self, lines: list[str]) -> list[str]:
        """Leave the page as it is, but for listings that do not exist."""
        self.md.book.refresh()
        page = self.md.book_page = self.md.book.edition.page_with("\n".join(lines))
        code = False
        for number, line in enumerate(page.text.splitlines(), start=1):
            code ^= line.startswith("```")
            if not code and "$$" in line:
                report(
                    page,
                    number,
                    "bare $$: a displayed formula is a block with a name, /// equation | name, so that it is checked",
                )
            if not code and re.match(r"    alt: *[^\"'].*(: | #)", line):
                report(page, number, "alt: a text with a colon or a # in it stands in quotation marks")
            if not code and re.match(r"#+ .*\$", line):
                report(page, number, "a heading with mathematics cannot be shown in the table of contents")
        return [line for line in lines if not self._lacks_its_listing(line, page)]

    def _lacks_its_listing(self, line: str, page: Page) -> bool:
        include = self.INCLUDE.match(line)
        if include is None:
            return False
        file, section = include["file"], include["section"]
        if not (ROOT / file).is_file():
            report(page, page.find(include[0]), f"listing {file}: there is no such file")
            return True
        sections = re.findall(r"--8<-- \[start:([\w-]+)\]", (ROOT / file).read_text(encoding="utf-8"))
        if section and section not in sections:
            report(page, page.find(include[0]), f"listing {file} has no section {section}{nearest(section, sections)}")
            return True
        return False


class EquationBlock(Block):
    """``/// equation | name``: the formula, its number, and a badge that says how exactly it holds."""

    NAME = "equation"
    ARGUMENT = True

    def on_create(self, parent: Element) -> Element:
        """Make the figure that carries the anchor."""
        return SubElement(parent, "figure", {"class": "eq", "id": f"eq-{self.argument}"})

    def on_markdown(self) -> str:
        """Keep Markdown's hands off the TeX."""
        return "raw"

    def on_end(self, block: Element) -> None:
        """Set the formula, and put its evidence beside it."""
        book, page = self.md.book, self.md.book_page
        block.text = None
        formula = next((f for f in page.formulas if f.name == self.argument), None)
        if formula is None:
            problem = f"equation {self.argument}: the block begins and ends at the left margin, with lines “///”"
            report(page, page.find(f"equation | {self.argument}"), problem)
            return
        mathematics, problem = self._set(formula)
        evidence = book.results.get(formula.name)
        problem = problem or book.broken or self._doubt(formula, evidence)
        block.set("class", f"eq {'eq-failed' if problem else 'eq-ok'}")
        if evidence:
            block.set("data-kind", evidence["kind"])
        place = book.registry.get(formula.name)
        meta = failure(problem, book.lang) if problem else badge(formula, evidence, place, book.lang)
        label = {"en": "Equation", "zh": "公式"}[book.lang]
        parts = (
            f'<div class="eq-math" tabindex="0" role="group" aria-label="{label} {formula.number}">{mathematics}</div>'
            f'<figcaption class="eq-meta"><a class="eq-number" href="#eq-{formula.name}">({formula.number})</a>'
            f"{meta}</figcaption>"
        )
        block.text = AtomicString(self.md.htmlStash.store(parts))

    def _doubt(self, formula: Formula, evidence: dict[str, Any] | None) -> str:
        """Report what is wrong with a formula, if anything is, and return it."""
        book, line, problem = self.md.book, formula.line, ""
        if evidence is None:
            identifier, chapter = formula.name.replace("-", "_"), checks.chapter_of(formula.name)
            problem = f"equation {formula.name} has no check: there is no {identifier} in rnn/equations/{chapter}.py"
            problem += nearest(formula.name, book.registry)
        elif not evidence["ok"]:
            problem = f"equation {formula.name} fails: {evidence['why']}"
            line += max(evidence["row"], 1)
        if problem:
            report(formula.page, line, problem)
        return problem

    def _set(self, formula: Formula) -> tuple[str, str]:
        try:
            return katex.render(formula.tex, display=True), ""
        except katex.KatexError as e:
            problem = f"equation {formula.name} cannot be set: {e}"
            report(formula.page, formula.line, problem)
            return f'<code class="tex-error">{html.escape(formula.tex)}</code>', problem


class Sessions(Preprocessor):
    """``/// session | name``: a script of ``scripts/sessions`` and what it printed, as two listings."""

    SHOWN = re.compile(r"^# --8<-- \[start:shown\]\n(?P<code>.*?)^# --8<-- \[end:shown\]", re.M | re.S)

    def run(self, lines: list[str]) -> list[str]:
        """Replace the two lines of each block."""
        out: list[str] = []
        rest = iter(lines)
        for line in rest:
            match = SESSION.match(line)
            out += self.listings(match["name"], line) if match else [line]
            if match and next(rest, None) != "///":
                problem = "a session block is two lines, /// session | name and ///"
                report(self.md.book_page, self.md.book_page.find(line), problem)
        return out

    def listings(self, name: str, line: str) -> list[str]:
        """Return the listing and its output as fenced code."""
        page, file = self.md.book_page, f"scripts/sessions/{name}.py"
        known = sorted(path.stem for path in (ROOT / "scripts" / "sessions").glob("[a-z]*.py"))
        if name not in known:
            report(page, page.find(line), f"session {name}: there is no {file}{nearest(name, known)}")
            return []
        code = self.SHOWN.search((ROOT / file).read_text(encoding="utf-8"))
        try:
            printed = checks.session(name)
        except checks.ComputeError as e:
            report(page, page.find(line), f"session {name} stops: {e}")
            return []
        if code is None:
            report(page, page.find(line), f"session {name}: {file} has no section “shown”")
            return []
        title = {"en": "prints", "zh": "输出"}[self.md.book.lang]
        listing = [f'```python title="{file}"', *code["code"].rstrip().splitlines(), "```"]
        return [
            *listing,
            "",
            f'```text title="{title}"',
            *(line.rstrip() for line in printed.rstrip().splitlines()),
            "```",
        ]


class References(Treeprocessor):
    """Give ``[](#eq-name)``, ``[](page.md#fig-name)`` and the like their text: the number, and the page if another."""

    ANCHOR = re.compile(r"(?P<page>[^#]*)#(?P<kind>eq|fig)-(?P<name>.+)")

    def run(self, root: Element) -> None:
        """Fill in every empty link to an equation or a figure; report the ones to what does not exist."""
        page, edition = self.md.book_page, self.md.book.edition
        formulas = {name: (formula.page, formula.number) for name, formula in edition.formulas.items()}
        for link in root.iter("a"):
            target = self.ANCHOR.fullmatch(link.get("href", ""))
            if target is None or "://" in target["page"]:
                continue
            kind, name = target["kind"], target["name"]
            known = formulas if kind == "eq" else edition.figures
            if name not in known:
                word = {"eq": "equation", "fig": "figure"}[kind]
                report(page, page.find(f"#{kind}-{name}"), f"there is no {word} {name}{nearest(name, known)}")
            elif not (link.text or len(link)):
                there, number = known[name]
                self._fill(
                    link,
                    there if target["page"] else None,
                    f"({number})" if kind == "eq" else label(number, self.md.book.lang),
                )
                link.set("class", f"{kind}-ref")

    def _fill(self, link: Element, there: Page | None, text: str) -> None:
        link.text = f"{there.title} {text}" if there else text


class ReadingTime(Treeprocessor):
    """Say under the title of a chapter that has exercises how long it takes to read."""

    SAYS: ClassVar[dict[str, str]] = {"en": "{} minutes with a pencil", "zh": "拿着笔读，约 {} 分钟"}

    def run(self, root: Element) -> None:
        """Put the line under the title."""
        page, title = self.md.book_page, root.find("h1")
        if title is not None and "!!! exercise" in page.text:
            line = Element("p", {"class": "minutes"})
            line.text = self.SAYS[self.md.book.lang].format(max(5, 5 * round(page.minutes / 5)))
            root.insert(list(root).index(title) + 1, line)


class Mathematics(Postprocessor):
    """Set inline mathematics, and look for blocks that nobody took."""

    INLINE = re.compile(r'<(span|div) class="arithmatex">\s*\\[(\[](?P<tex>.*?)\\[)\]]\s*</\1>', re.S)

    def run(self, text: str) -> str:
        """Put KaTeX's HTML in the place of each formula."""
        page = self.md.book_page
        if left := re.search(r"<p>(///.*)", text):
            report(page, page.find(html.unescape(left[1])), f"a block that is not understood: {html.unescape(left[1])}")
        return self.INLINE.sub(lambda match: self._set(html.unescape(match["tex"]).strip()), text)

    def _set(self, tex: str) -> str:
        try:
            return f'<span class="math">{katex.render(tex, display=False)}</span>'
        except katex.KatexError as e:
            page = self.md.book_page
            report(page, page.find(f"${tex}$"), f"${tex}$ cannot be set: {e}")
            return f'<code class="tex-error">{html.escape(tex)}</code>'


def makeExtension(**kwargs: Any) -> BookExtension:
    """Make the extension."""
    return BookExtension(**kwargs)
