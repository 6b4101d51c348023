"""What is handed in: two files, the student's own `.py` and one `.md` with answers, results, figures and photos.

A mail takes two attachments, so pictures stand inside the `.md`, as data. Pictures that a submission has drawn are
taken from its folder as one takes something from a stranger; photos and answers are the student's own.
"""

import base64
import contextlib
import html
import math
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from rnn.workshop.start import LANGUAGES, check_lang, file_stem, sentence, stem_part, template
from rnn.workshop.wrong import Text

MB = 1_000_000
LARGEST_PICTURE, MOST_PICTURES, MOST_PATHS = 5 * MB, 8, 64
LARGEST_PHOTO = 10 * MB
LARGEST_MAIL = 20 * MB
PARTS = ("derivations", "results")
DERIVED = ("propagation", "weights")  # questions that a derivation answers, also one on a photo
BEGIN, END = "<!-- pack -->", "<!-- /pack -->"  # between these stands what `pack` has put in

SAID = {
    "outside": Text(
        "{name}: left out, because it is not in the folder of the submission", "{name}：不在作业的文件夹里，没有放进去"
    ),
    "not-a-file": Text("{name}: left out, because it is not an ordinary file", "{name}：不是普通文件，没有放进去"),
    "big-picture": Text("{name}: left out, because it has more than {most} MB", "{name}：超过 {most} MB，没有放进去"),
    "not-a-picture": Text(
        "{name}: left out, because it is no PNG, JPEG or SVG", "{name}：不是 PNG、JPEG 或 SVG，没有放进去"
    ),
    "too-many": Text(
        "{count} more pictures are left out: {most} are enough", "图最多放 {most} 幅，另有 {count} 幅没有放进去"
    ),
    "no-photo": Text("photo: expected a file, got {path}", "照片：没有文件 {path}"),
    "heic": Text(
        "photo: {path} is HEIC, which few programs can show; save it as JPEG (on an iPhone: Settings, Camera, Formats,"
        " Most Compatible; or take a screenshot of the photo)",
        "照片：{path} 是 HEIC 格式，很多程序打不开；请另存为 JPEG（iPhone：设置 → 相机 → 格式 → 兼容性最佳；或者把照片截一次屏）",
    ),
    "photo-kind": Text(
        "photo: expected JPEG, PNG or WebP, got something else in {path}", "照片：只收 JPEG、PNG 或 WebP，{path} 不是"
    ),
    "big-photo": Text(
        "photo: expected at most {most} MB, got {size} in {path}; make it smaller",
        "照片：每张最多 {most} MB，{path} 有 {size} MB，请缩小",
    ),
    "file-name": Text(
        "source: expected a file named ml-6-name-number.py, got {got!r}",
        "源文件：文件名应为 ml-6-姓名-学号.py，得到的是 {got!r}",
    ),
    "nobody": Text(
        "source: {got!r} still has a placeholder for name or number; rename it",
        "源文件：{got!r} 里还没有换成自己的姓名和学号，请改名",
    ),
    "another": Text(
        "answers: {answers!r} belongs to another name or number than {source!r}",
        "回答：{answers!r} 与 {source!r} 的姓名或学号不同",
    ),
    "no-source": Text("source: expected a file, got {path}", "源文件：没有文件 {path}"),
    "no-answers": Text("answers: expected a file, got {path}", "回答：没有文件 {path}"),
    "encoding": Text(
        "answers: expected a text in UTF-8, got other bytes in {path}; save it as UTF-8",
        "回答：{path} 不是 UTF-8 编码，请另存为 UTF-8",
    ),
    "to": Text("to: expected a folder, got {path}", "目标：应为文件夹，得到的是 {path}"),
    "itself": Text(
        "to: expected another folder, because {path} would be replaced by what is made of it",
        "目标：请换一个文件夹，否则 {path} 会被打包的结果覆盖",
    ),
    "there": Text("{path}: it is there already, and nothing has been written", "{path}：文件已经存在，什么也没有写"),
    "no-picture": Text(
        "the answers show the picture {name}, which cannot be put in: {why}", "回答里的图 {name} 放不进去：{why}"
    ),
    "picture-missing": Text("there is no such file", "没有这个文件"),
    "picture-kind": Text("it is no PNG, JPEG, WebP, GIF or SVG", "不是 PNG、JPEG、WebP、GIF 或 SVG"),
    "picture-big": Text("it has more than {most} MB", "超过 {most} MB"),
    "fence": Text(
        "the answers: the code block that begins in line {line} does not end, and swallows all that follows",
        "回答：第 {line} 行开始的代码块没有结束，后面的内容都成了代码",
    ),
    "mail": Text(
        "{name} has {size} MB; many mail servers refuse more than {most} MB, so make the photos smaller",
        "{name} 有 {size} MB，很多邮箱不收超过 {most} MB 的邮件，请把照片缩小",
    ),
    "quantity": Text("Training", "训练"),
    "value": Text("Value", "数值"),
    "figure": Text("Figure {n}", "图 {n}"),
    "photo": Text("Derivation, page {n}", "推导，第 {n} 页"),
}


class Picture(NamedTuple):
    """A picture as it goes into the document: what its file is called, what kind it is, its bytes."""

    name: str
    mime: str
    data: bytes


class Answer(NamedTuple):
    """An answer: the question's id and title, what has been written, and how many words it has."""

    id: str
    title: str
    text: str
    words: int


class Packed(NamedTuple):
    """The two files, the subject of the mail, the titles of questions without an answer, and what one should know."""

    py: Path
    md: Path
    subject: str
    unanswered: list[str]
    warnings: list[str]


# ── pictures ────────────────────────────────────────────────────────────────────────────────────────────────────────


def pictures(folder: Path, paths: list[str], *, tell: Callable[[Text], None] = lambda said: None) -> list[Picture]:
    """Return the pictures that a submission has drawn; it is not trusted.

    Parameters
    ----------
    folder : Path
        Where the submission could write.
    paths : list of str
        The pictures, as the submission's process has reported them.
    tell : callable
        Is given a sentence for each that is left out.

    Returns
    -------
    list of Picture
        At most 8, each a PNG, JPEG or SVG of at most 5 MB that is a file of its own inside the folder.
    """
    found: list[Picture] = []
    waiting = list(dict.fromkeys(str(path) for path in paths))
    for count, path in enumerate(waiting):
        if len(found) == MOST_PICTURES or count == MOST_PATHS:
            tell(_said("too-many", count=len(waiting) - count, most=MOST_PICTURES))
            break
        got = _drawn(Path(folder), path)
        if isinstance(got, Picture):
            found.append(got)
        else:
            tell(got)
    return found


def _drawn(folder: Path, path: str) -> Picture | Text:
    """Return a picture from a folder, or the sentence that says why not."""
    inside = _inside(folder, path)
    if inside is None:
        return _said("outside", name=_plain(path))
    name = "/".join(inside)
    try:
        data = _read_below(folder, inside, LARGEST_PICTURE + 1)
    except (OSError, ValueError):
        return _said("not-a-file", name=_plain(name))
    if len(data) > LARGEST_PICTURE:
        return _said("big-picture", name=_plain(name), most=LARGEST_PICTURE // MB)
    mime = _kind(data)
    if mime not in ("image/png", "image/jpeg", "image/svg+xml"):
        return _said("not-a-picture", name=_plain(name))
    return Picture(name, mime, data)


def _inside(folder: Path, path: str) -> tuple[str, ...] | None:
    """Return the way from a folder down to a path, or None if there is none."""
    if "\0" in path:
        return None
    for home in (os.path.abspath(folder), os.path.realpath(folder)):
        with contextlib.suppress(ValueError):
            parts = Path(os.path.normpath(os.path.join(home, path))).relative_to(home).parts
            return parts or None
    return None


def _read_below(folder: Path, parts: tuple[str, ...], most: int) -> bytes:
    """Return the first bytes of an ordinary file, following no link on the way; OSError for anything else."""
    number = _open_below(folder, parts)
    try:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink > 1:
            raise OSError("not an ordinary file")
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read(most)
    finally:
        os.close(number)


def _open_below(folder: Path, parts: tuple[str, ...]) -> int:
    # A pipe must not keep one waiting; and the folder may still be written to, so every step is taken from the
    # folder that has been opened, and not from its name.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    if os.open not in os.supports_dir_fd:
        steps = [folder.joinpath(*parts[: n + 1]) for n in range(len(parts))]
        if any(step.is_symlink() for step in steps):
            raise OSError("a link")
        return os.open(steps[-1], flags)
    here = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    for part in parts:
        try:
            there = os.open(part, flags, dir_fd=here)
        finally:
            os.close(here)
        here = there
    return here


def _kind(data: bytes) -> str | None:
    """Return what a picture is by its first bytes."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if data[4:8] == b"ftyp" and data[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"):
        return "image/heic"
    return "image/svg+xml" if _is_svg(data) else None


def _is_svg(data: bytes) -> bool:
    """Say whether the first element of a file is <svg>; entities of its own making are not wanted."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    head = data[:4096].decode("utf-8", "ignore").removeprefix("\ufeff").lstrip()
    while head.startswith(("<?", "<!")):
        before, end, head = head.partition("-->" if head.startswith("<!--") else ">")
        if not end or (before.startswith("<!DOCTYPE") and "[" in before):
            return False
        head = head.lstrip()
    return re.match(r"<svg[\s>]", head) is not None


def photos(paths: list[Path], *, lang: str = "zh") -> list[Picture]:
    """Return the photos of derivations that a student attaches.

    Parameters
    ----------
    paths : list of Path
        JPEG, PNG or WebP, of at most 10 MB each.
    lang : {"zh", "en"}
        The language of the sentences.

    Raises
    ------
    ValueError
        If one is something else, or too large.
    OSError
        If one cannot be read.
    """
    check_lang(lang)
    found = []
    for path in map(Path, paths):
        if not path.is_file():
            raise FileNotFoundError(sentence(SAID, "no-photo", lang, path=path))
        mime = _kind(_beginning(path))
        if mime not in ("image/jpeg", "image/png", "image/webp"):
            key = "heic" if mime == "image/heic" else "photo-kind"
            raise ValueError(sentence(SAID, key, lang, path=path))
        if (size := path.stat().st_size) > LARGEST_PHOTO:
            most = LARGEST_PHOTO // MB
            raise ValueError(sentence(SAID, "big-photo", lang, path=path, most=most, size=_megabytes(size)))
        found.append(Picture(path.name, mime, path.read_bytes()))
    return found


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _megabytes(size: int) -> str:
    return f"{math.ceil(size / MB * 10) / 10:g}"  # rounded up: what is too large never looks as if it were not


def _said(key: str, **values: object) -> Text:
    """Return a sentence in both languages."""
    return Text(*(template.format(**values) for template in SAID[key]))


def _plain(name: str) -> str:
    """Return a name without anything that a terminal, Markdown or HTML would take for a command."""
    return "".join(c if c.isalnum() or c in " .,_-/" else "_" for c in name)[-80:]


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Section(NamedTuple):
    """A part of the file: its id and title, and the lines of its heading, its mark, and the first beyond it."""

    id: str
    title: str
    start: int
    mark: int
    end: int


def answers(text: str, lang: str) -> list[Answer]:
    """Return the answer to each question of the assignment, from the sheet of `start` or a file that the book exports.

    A question is known by the comment below its heading, or else by its title; any other heading, comment or block of
    code belongs to the answer in which it stands.

    Parameters
    ----------
    text : str
        The whole file.
    lang : {"zh", "en"}
        The language of the titles.

    Returns
    -------
    list of Answer
        All questions in their order; a question that the file has not has an empty answer.
    """
    return _answers(_lines(text), check_lang(lang))


def _answers(lines: Sequence[str], lang: str) -> list[Answer]:
    found: dict[str, list[str]] = {}
    for section in _sections(lines):
        found.setdefault(section.id, []).append(_trimmed(lines[section.mark + 1 : section.end]))
    written = {key: "\n\n".join(filter(None, texts)) for key, texts in found.items()}
    return [
        Answer(key, title, written.get(key, ""), count_words(written.get(key, "")))
        for key, title in _titles(lang).items()
        if key not in PARTS
    ]


def count_words(text: str) -> int:
    """Count words, and Chinese characters as a word each; comments do not count."""
    shown = re.sub(r"<!--.*?(-->|\Z)", " ", text, flags=re.S)
    han = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
    return len(re.findall(rf"[{han}]|[^\W_{han}](?:[^\W_{han}]|[’'-])*", shown))


@cache
def _titles(lang: str) -> dict[str, str]:
    """Return the title of each question and part by its id, as the sheet has them."""
    lines = _lines(template(f"answers.{lang}.md"))
    return {mark: title for line, below in pairwise(lines) if (title := _heading(line)) and (mark := _comment(below))}


def _lines(text: str) -> list[str]:
    return re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff")).split("\n")


def _trimmed(lines: Sequence[str]) -> str:
    """Join lines without the empty ones at both ends; what begins with spaces keeps them."""
    written = [n for n, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[written[0] : written[-1] + 1]) if written else ""


def _heading(line: str) -> str | None:
    """Return the title if a line is a heading."""
    rest = line.strip().lstrip("#")
    level = len(line.strip()) - len(rest)
    return rest.strip() if 1 <= level <= 6 and rest[:1] in (" ", "\t") else None


def _comment(line: str) -> str | None:
    """Return what a line that is one comment says."""
    inner = line.strip()
    if len(inner) > 7 and inner.startswith("<!--") and inner.endswith("-->"):
        return inner[4:-3].strip()
    return None


def _sections(lines: Sequence[str]) -> list[_Section]:
    """Return the sections of a file in their order."""
    known = _titles("en")
    found = []
    for n, line in enumerate(lines):
        title = _heading(line)
        below = next((m for m in range(n + 1, len(lines)) if lines[m].strip()), n) if title else n
        if title and (key := _comment(lines[below])) in known and key is not None:
            found.append((n, key, title, below))
    # Where only one of the two is left, it must do; an answer may have a heading that is called like a part.
    by_title = {title: key for lang in LANGUAGES for key, title in _titles(lang).items()}
    have = {key for _, key, *_ in found}
    for n, line in enumerate(lines):
        title = _heading(line)
        key = by_title.get(title) if title else _comment(line)
        if key in known and key is not None and key not in have:
            found.append((n, key, title or "", n))
            have.add(key)
    found.sort()
    ends = [*(start for start, *_ in found[1:]), len(lines)]
    return [_Section(key, title, start, mark, end) for (start, key, title, mark), end in zip(found, ends, strict=False)]


def _is_derived(lines: Sequence[str]) -> bool:
    """Say whether the part for derivations has more in it than the sheet had."""
    given = {line.strip() for lang in LANGUAGES for line in _lines(template(f"answers.{lang}.md"))}
    parts = [lines[s.mark + 1 : s.end] for s in _sections(lines) if s.id == "derivations"]
    own = [line for part in parts for line in part if line.strip() not in given]
    return count_words("\n".join(own)) > 0


# ── the document ────────────────────────────────────────────────────────────────────────────────────────────────────


def _with_part(lines: list[str], part: str, block: list[str], lang: str) -> list[str]:
    """Return the document with a block in one of its parts, in place of what an earlier `pack` has put there."""
    section = next((s for s in _sections(lines) if s.id == part), None)
    if section is None:
        if not block:
            return lines
        lines = [
            *lines,
            *([""] if lines and lines[-1].strip() else []),
            f"## {_titles(lang)[part]}",
            f"<!-- {part} -->",
        ]
        return [*lines, "", BEGIN, *block, END]
    body = _without_packed(lines[section.mark + 1 : section.end])
    if block and part == "results":
        body = ["", BEGIN, *block, END, *body]
    elif block:  # photos come after the equations that are given, and after what has been typed
        written = max((n + 1 for n, line in enumerate(body) if line.strip()), default=0)
        body = [*body[:written], "", BEGIN, *block, END, *body[written:]]
    return [*lines[: section.mark + 1], *body, *lines[section.end :]]


def _without_packed(lines: list[str]) -> list[str]:
    if BEGIN not in lines or END not in lines[lines.index(BEGIN) :]:
        return lines
    first = lines.index(BEGIN)
    last = lines.index(END, first)
    return [*lines[: first - 1 if first and not lines[first - 1].strip() else first], *lines[last + 1 :]]


def _results(rows: Sequence[Sequence[object]], figures: Iterable[Picture], lang: str) -> list[str]:
    """Return the table and the figures."""
    block = _table(rows, lang)
    for n, figure in enumerate(figures, 1):
        title = sentence(SAID, "figure", lang, n=n)
        block += ["", f"{title} · {_plain(figure.name)}", "", _image(title, figure)]
    return [*block, ""] if block else []


def _table(rows: Sequence[Sequence[object]], lang: str) -> list[str]:
    if not rows:
        return []
    width = max(2, *map(len, rows))
    heads = [sentence(SAID, key, lang) for key in ("quantity", "value")]
    lines = [
        "| " + " | ".join([*row, *[""] * (width - len(row))]) + " |"
        for row in [heads, *([_cell(item, lang) for item in row] for row in rows)]
    ]
    return ["", lines[0], "|:--|" + "--:|" * (width - 1), *lines[1:]]


def _cell(item: object, lang: str) -> str:
    said = str(getattr(item, lang) if isinstance(item, Text) else item)
    return re.sub(r"([\\|`*\[])", r"\\\1", html.escape(" ".join(said.split()), quote=False))


def _photographed(pages: Iterable[Picture], lang: str) -> list[str]:
    block: list[str] = []
    for n, page in enumerate(pages, 1):
        block += ["", _image(sentence(SAID, "photo", lang, n=n), page)]
    return [*block, ""] if block else []


def _image(title: str, picture: Picture) -> str:
    address = _address(picture.mime, picture.data)
    if picture.mime == "image/svg+xml":  # as <img> its scripts do not run; some readers take no SVG from ![]()
        return f'<img alt="{html.escape(title)}" src="{address}">'
    return f"![{title}]({address})"


def _address(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


# A picture beside the answers, ![…](name.png): without it in the mail there would be a hole.
LINKED = re.compile(r"(!\[[^\[\]\n]*\]\()<?([^()<>\n\"]+?)>?((?:[ \t]+\"[^\"\n]*\")?\))")


def _embedded(lines: list[str], folder: Path, lang: str, warnings: list[str]) -> list[str]:
    """Return the document with the pictures in it to which it refers by the name of a file."""

    def embed(match: re.Match[str]) -> str:
        name = match[2].strip()
        if re.match(r"[a-z][a-z0-9+.-]+:|//|#", name, re.I):
            return match[0]
        got = _own(folder, name)
        if isinstance(got, Text):
            warnings.append(sentence(SAID, "no-picture", lang, name=name, why=getattr(got, lang)))
            return match[0]
        if got.mime == "image/svg+xml":
            return _image(match[1][2:-2], got)
        return match[1] + _address(got.mime, got.data) + match[3]

    return [line if code else LINKED.sub(embed, line) for line, code in _with_fences(lines)]


def _own(folder: Path, name: str) -> Picture | Text:
    for spelt in dict.fromkeys((name, unquote(name))):
        path = folder / spelt
        with contextlib.suppress(OSError, ValueError):
            if not path.is_file():
                continue
            if path.stat().st_size > LARGEST_PHOTO:
                return _said("picture-big", most=LARGEST_PHOTO // MB)
            data = path.read_bytes()
            mime = _kind(data)
            return Picture(path.name, mime, data) if mime not in (None, "image/heic") else _said("picture-kind")
    return _said("picture-missing")


def _with_fences(lines: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield each line with the number of the line in which its block of code begins, or 0 if it is in none."""
    fence, begun = "", 0
    for number, line in enumerate(lines, 1):
        mark = re.match(r" {0,3}(`{3,}|~{3,})(.*)", line)
        if fence:
            yield line, begun
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence, begun = mark[1], number
            yield line, begun
        else:
            yield line, 0


# ── packing ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def pack(
    source: Path,
    answers: Path,
    *,
    to: Path | None = None,
    rows: Sequence[Sequence[object]] = (),
    pictures: Sequence[Picture] = (),
    photos: Sequence[Picture] = (),
    lang: str = "zh",
    again: bool = False,
) -> Packed:
    """Write the two files that are handed in.

    Parameters
    ----------
    source : Path
        The student's file, ``ml-6-<name>-<number>.py``; it is handed in byte for byte.
    answers : Path
        The sheet of `start` or the file that the book exports, in UTF-8. Pictures that it shows by the names of files
        are put into it.
    to : Path
        The folder of the two files; by default ``submission`` beside the source. It is made.
    rows : sequence of rows
        The table of the training: what it is, and the number. A cell may be a `Text`.
    pictures, photos : sequence of Picture
        What goes under results, and what under derivations.
    lang : {"zh", "en"}
        The language of headings and sentences.
    again : bool
        Whether two files that are there already are replaced.

    Returns
    -------
    Packed

    Raises
    ------
    ValueError
        If the name of a file, or what is in it, does not fit.
    OSError
        If a file is missing, or there already, or cannot be written. Then none of the two has been written.
    """
    py, md = places(source, answers, to=to, lang=lang, again=again)
    lines = _lines(_read(Path(answers), lang))
    warnings: list[str] = []
    unanswered = _unanswered(lines, bool(photos), lang)
    *_, (_, line) = _with_fences([*lines, ""])
    if line:  # a line at the end would still be code
        warnings.append(sentence(SAID, "fence", lang, line=line))
    lines = _with_part(lines, "derivations", _photographed(photos, lang), lang)
    lines = _with_part(lines, "results", _results(rows, pictures, lang), lang)
    lines = _embedded(lines, Path(answers).parent, lang, warnings)
    document = ("\n".join(lines).rstrip("\n") + "\n").encode()
    if len(document) > LARGEST_MAIL:
        size, most = _megabytes(len(document)), LARGEST_MAIL // MB
        warnings.append(sentence(SAID, "mail", lang, name=md.name, size=size, most=most))
    _place({py: Path(source).read_bytes(), md: document}, again, lang)
    return Packed(py, md, py.stem.removeprefix("ml-"), unanswered, warnings)


def places(
    source: Path, answers: Path, *, to: Path | None = None, lang: str = "zh", again: bool = False
) -> tuple[Path, Path]:
    """Return where `pack` would write, and raise what it would raise of that: before a long check, not after it."""
    stem = _stem_of(Path(source), Path(answers), check_lang(lang))
    folder = Path(source).parent / "submission" if to is None else Path(to)
    py, md = folder / f"{stem}.py", folder / f"{stem}.md"
    _check_places((py, md), (Path(source), Path(answers)), again, lang)
    return py, md


def _unanswered(lines: list[str], photographed: bool, lang: str) -> list[str]:
    derived = DERIVED if photographed or _is_derived(lines) else ()
    return [one.title for one in _answers(lines, lang) if not one.words and one.id not in derived]


def _stem_of(source: Path, answers: Path, lang: str) -> str:
    """Return ``ml-6-<name>-<number>`` from the name of the source, or say what is wrong with it."""
    who = _who(source, ".py")
    if who is None:
        raise ValueError(sentence(SAID, "file-name", lang, got=source.name))
    if not source.is_file():
        raise FileNotFoundError(sentence(SAID, "no-source", lang, path=source))
    stem = file_stem(*who, lang=lang)
    if _is_nobody(who):
        raise ValueError(sentence(SAID, "nobody", lang, got=source.name))
    other = _who(answers, ".md")
    if other is not None and not _is_nobody(other) and _compared(other) != _compared(who):
        raise ValueError(sentence(SAID, "another", lang, answers=answers.name, source=source.name))
    return stem


def _who(path: Path, ending: str) -> tuple[str, str] | None:
    match = re.fullmatch(r"ml-6-(.+)-([^-]+)", path.name.removesuffix(ending), re.S)
    return (match[1], match[2]) if match and path.name.endswith(ending) else None


def _compared(who: tuple[str, str]) -> tuple[str, ...]:
    """Return a name and a number as a browser may have written them: without spaces, or with (1) behind."""
    return tuple(re.sub(r"\(\d+\)$|\s", "", stem_part(part)).casefold() for part in who)


def _is_nobody(who: tuple[str, str]) -> bool:
    return who[0].lower() in ("姓名", "name") or who[1].lower() in ("学号", "number")


def _read(path: Path, lang: str) -> str:
    if not path.is_file():
        raise FileNotFoundError(sentence(SAID, "no-answers", lang, path=path))
    try:
        written = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        written = "\0"
    if "\0" in written:  # so does UTF-16 look
        raise ValueError(sentence(SAID, "encoding", lang, path=path))
    return written


def _check_places(places: tuple[Path, ...], originals: tuple[Path, ...], again: bool, lang: str) -> None:
    folder = places[0].parent
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(sentence(SAID, "to", lang, path=folder))
    for place in places:
        for original in originals:
            if place.exists() and place.samefile(original):
                raise ValueError(sentence(SAID, "itself", lang, path=original))
        if place.is_dir() or (not again and (place.exists() or place.is_symlink())):
            raise FileExistsError(sentence(SAID, "there", lang, path=place))


def _place(contents: dict[Path, bytes], again: bool, lang: str) -> None:
    """Write files all at once: each beside its place, and only when all are complete they are moved there."""
    folder = next(iter(contents)).parent
    made = _make(folder)
    moved: dict[Path, bytes | None] = {}
    try:
        with _beside(folder) as waiting:
            for path, content in contents.items():
                _write(waiting / path.name, content)
            for path in contents:
                before = path.read_bytes() if path.is_file() else None
                _move(waiting / path.name, path, again)
                moved[path] = before
    except BaseException as error:
        for path, old in moved.items():
            with contextlib.suppress(OSError):
                path.unlink() if old is None else path.write_bytes(old)
        for one in made:
            with contextlib.suppress(OSError):
                one.rmdir()
        if isinstance(error, FileExistsError):  # it has come since one looked
            raise FileExistsError(sentence(SAID, "there", lang, path=folder / Path(error.filename).name)) from None
        raise


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the new ones, the innermost first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


@contextlib.contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """Give a folder that is removed afterwards, on the same file system."""
    waiting = Path(tempfile.mkdtemp(prefix=".pack-", dir=folder))
    try:
        yield waiting
    finally:
        shutil.rmtree(waiting, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _move(source: Path, place: Path, again: bool) -> None:
    if again:
        source.replace(place)
        return
    try:
        os.link(source, place)  # unlike a change of name, this never replaces a file
    except FileExistsError as error:
        raise FileExistsError(error.errno, error.strerror, str(place)) from None
    except OSError:  # a file system without links
        if place.exists():
            raise FileExistsError(0, "", str(place)) from None
        source.replace(place)
