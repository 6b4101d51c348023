"""The pages of one edition as they stand on disk: which formulas they show, and where."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from scripts.book.closure import ROOT
from scripts.labs.source import SourceError, as_markdown

BLOCK = re.compile(r"^/// equation \| *(?P<name>\S+) *\n(?P<tex>.*?)^/// *$", re.M | re.S)
FIGURE = re.compile(r"^/// figure \| *(?P<name>\S+) *$", re.M)
TABLE = re.compile(r"^/// table \| *(?P<name>\S+) *$", re.M)
NUMBER = re.compile(r"\{\{ *(?P<name>[\w-]+)(?:\.(?P<part>[\w.-]+))? *\}\}")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.M | re.S)
SESSION = re.compile(r"^/// session \| *(?P<name>\w+) *$", re.M)
CJK = "[\u4e00-\u9fff]"
WORDS_A_MINUTE, SIGNS_A_MINUTE = 180, 320  # of a text that has to be understood
TITLE = re.compile(r"^# (?P<title>.*?)(?: *\{.*\})? *$", re.M)


@dataclass(frozen=True)
class Formula:
    """A displayed formula: its number counts from 1 on each page."""

    name: str
    tex: str
    number: int
    page: Page = field(repr=False)
    line: int


@dataclass(eq=False)
class Page:
    """A Markdown file of the book."""

    path: Path
    text: str

    def __post_init__(self) -> None:
        """Find the title, the formulas, and what else has to be computed for the page."""
        self.file = str(self.path.relative_to(ROOT)) if self.path.is_relative_to(ROOT) else str(self.path)
        title = TITLE.search(self.text)
        self.title = title["title"] if title else self.path.stem
        self.formulas = [
            Formula(block["name"], block["tex"].strip("\n"), number, self, self.line_of(block.start()))
            for number, block in enumerate(BLOCK.finditer(self.text), start=1)
        ]
        self.figures = [match["name"] for match in FIGURE.finditer(self.text)]
        self.tables = [match["name"] for match in TABLE.finditer(self.text)]
        self.numbers = list(dict.fromkeys(match["name"] for match in NUMBER.finditer(prose(self.text))))
        self.sessions = [match["name"] for match in SESSION.finditer(self.text)]

    @property
    def minutes(self) -> int:
        """How long the page takes to read with a pencil: its words, and half a minute for each displayed formula."""
        return round(words(self.text) / (WORDS_A_MINUTE if self.latin else SIGNS_A_MINUTE) + len(self.formulas) / 2)

    @property
    def latin(self) -> bool:
        """Whether the page is written in Latin letters."""
        return len(re.findall(CJK, self.text)) < len(self.text) / 20

    def line_of(self, position: int) -> int:
        """Return the line number of a position in the text."""
        return self.text.count("\n", 0, position) + 1

    def find(self, piece: str) -> int:
        """Return the line on which a piece of the page first stands; 1 if nowhere."""
        return self.line_of(max(self.text.find(piece), 0))


class Edition:
    """All pages under a folder, read once for each state of the folder."""

    def __init__(self, docs: Path) -> None:
        self.docs, self.pages = docs, list[Page]()
        self._state: tuple[tuple[Path, int], ...] = ()

    def refresh(self) -> bool:
        """Read the pages anew if one has changed; tell whether that was so."""
        paths = sorted([*self.docs.rglob("*.md"), *self.docs.glob("labs/*.py")])
        state = tuple((path, path.stat().st_mtime_ns) for path in paths)
        if state == self._state:
            return False
        self._state, self.pages = state, [Page(path, _read(path)) for path in paths]
        return True

    @property
    def formulas(self) -> dict[str, Formula]:
        """Every formula by its name; of a name that is used twice, the first."""
        found: dict[str, Formula] = {}
        for formula in (f for page in self.pages for f in page.formulas):
            found.setdefault(formula.name, formula)
        return found

    @property
    def figures(self) -> dict[str, tuple[Page, int]]:
        """The page of every figure and its number there, which counts from 1; of a name used twice, the first."""
        found: dict[str, tuple[Page, int]] = {}
        for page in self.pages:
            for number, name in enumerate(page.figures, start=1):
                found.setdefault(name, (page, number))
        return found

    @property
    def computed(self) -> set[str]:
        """The names of all figures, tables and numbers."""
        return {name for page in self.pages for name in (*page.figures, *page.tables, *page.numbers)}

    def page_with(self, text: str) -> Page:
        """Find the page that is being converted; Markdown is not told its name, so its text must do."""
        text = text.strip()
        for page in self.pages:
            if page.text.rstrip().endswith(text):  # what stands before it is front matter
                return page
        return Page(self.docs / "(a page that is not on disk)", text)


def _read(path: Path) -> str:
    """Return the Markdown of a page; of a lab, with the line numbers of the notebook."""
    text = path.read_text(encoding="utf-8")
    try:
        return as_markdown(text) if path.suffix == ".py" else text
    except SourceError:  # the build of the labs says where and why
        return ""


def prose(text: str) -> str:
    """Blank the code of a page; every other character keeps its place."""
    return CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)


def words(text: str) -> int:
    """Count the words of a page as a reader does: those of its prose, and of 中文 the characters."""
    text = re.sub(r"^///.*?$|^[^\n]*\|\s*:?-+.*$|!!! |\?\?\? ", " ", BLOCK.sub(" ", prose(text)), flags=re.M)
    text = re.sub(r"\$[^$]*\$|\]\([^)]*\)|\{\{.*?\}\}|\{ #[^}]*\}|\[@[^\]]*\]", " ", text)
    return len(re.findall(rf"{CJK}|[A-Za-zÀ-ÿ]+(?:[’'-][A-Za-z]+)*", text))


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint for a misspelt name, ready to be put behind a message."""
    close = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""
