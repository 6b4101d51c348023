"""How the work begins: the assignment's skeleton and a sheet for the answers, under the names that are handed in."""

import contextlib
import re
import unicodedata
from importlib.resources import files
from pathlib import Path

from rnn.workshop.exercise import Exercise
from rnn.workshop.wrong import Text

LANGUAGES = ("zh", "en")
LONGEST = 255  # bytes of a file name, on nearly every system

SAID = {
    "lang": Text("lang: expected zh or en, got {got!r}", "lang：应为 zh 或 en，得到的是 {got!r}"),
    "name": Text("name", "姓名"),
    "number": Text("number", "学号"),
    "empty": Text("{what}: expected some characters, got none", "{what}：不能为空"),
    "character": Text(
        "{what}: expected what a file name can have, got {character} in {got}",
        "{what}：要用在文件名里，不能含有 {character}，得到的是 {got}",
    ),
    "edge": Text(
        "{what}: expected no space at the beginning or the end, got {got}",
        "{what}：开头和末尾不能有空格，得到的是 {got}",
    ),
    "hyphen": Text(
        "{what}: expected no hyphen, because in the file name one stands before it, got {got}",
        "{what}：不能含有连字符，因为文件名里用它分隔，得到的是 {got}",
    ),
    "reserved": Text(
        "{what}: expected another name, because Windows keeps {got} for itself",
        "{what}：{got} 是 Windows 保留的名字，不能用",
    ),
    "long": Text(
        "name and number: expected at most {most} bytes in the file name, got {size}",
        "姓名和学号：文件名最多 {most} 字节，现在有 {size} 字节",
    ),
    "folder": Text("{path}: expected a folder that exists", "{path}：没有这个文件夹"),
    "exists": Text(
        "{path}: it is there already, and nothing has been written",
        "{path}：文件已经存在，什么也没有写",
    ),
}

# Windows takes these for devices, with any ending; ¹²³ count as digits there.
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.I | re.S)


def start(folder: Path, *, name: str = "姓名", number: str = "学号", lang: str = "zh") -> tuple[Path, Path]:
    """Write the assignment's skeleton and the sheet for the answers.

    Parameters
    ----------
    folder : Path
        Where to; it must be there.
    name, number : str
        Of the student; they become a part of the file names.
    lang : {"zh", "en"}
        The language of both files.

    Returns
    -------
    tuple of Path
        ``ml-6-<name>-<number>.py`` and ``.md``.

    Raises
    ------
    ValueError
        If name or number cannot be part of a file name.
    OSError
        If one of the files is there already, or cannot be written; then neither is written.
    """
    stem = file_stem(name, number, lang=lang)
    who = {"name": stem_part(name), "number": stem_part(number)}
    sheet = re.sub(r"\{\{(name|number)\}\}", lambda match: who[match[1]], template(f"answers.{lang}.md"))
    code, answers = (Path(folder) / f"{stem}{ending}" for ending in (".py", ".md"))
    _write({code: template(f"skeleton.{lang}.py"), answers: sheet}, lang)
    return code, answers


def start_exercise(exercise: Exercise, folder: Path, *, lang: str = "zh") -> Path:
    """Write the skeleton of an exercise, ``<id>.py``; errors as in `start`."""
    check_lang(lang)
    path = Path(folder) / f"{exercise.id}.py"
    _write({path: exercise.skeleton(lang)}, lang)
    return path


def template(name: str) -> str:
    """Return one of the texts that are in the package."""
    return (files("rnn.workshop") / "texts" / name).read_text(encoding="utf-8")


def sentence(of: dict[str, Text], key: str, lang: str, **values: object) -> str:
    """Return a sentence in a language, with its values."""
    said: str = getattr(of[key], lang)
    return said.format(**values)


def check_lang(lang: str) -> str:
    """Return `lang` if the workshop speaks it."""
    if lang not in LANGUAGES:
        raise ValueError(sentence(SAID, "lang", "en", got=lang))
    return lang


# ── names of files ──────────────────────────────────────────────────────────────────────────────────────────────────


def file_stem(name: str, number: str, *, lang: str = "zh") -> str:
    """Return ``ml-6-<name>-<number>``, or raise ValueError if some system could not have a file of that name."""
    check_lang(lang)
    for what, part in (("name", name), ("number", number)):
        if found := _unfit(what, part):
            key, character = found
            values = {"what": getattr(SAID[what], lang), "got": repr(part), "character": character}
            raise ValueError(sentence(SAID, key, lang, **values))
    stem = f"ml-6-{stem_part(name)}-{stem_part(number)}"
    if (size := len(f"{stem}.py".encode())) > LONGEST:
        raise ValueError(sentence(SAID, "long", lang, most=LONGEST, size=size))
    return stem


def stem_part(part: str) -> str:
    """Return a name in the one form in which every system compares it equal."""
    return unicodedata.normalize("NFC", part)


def _unfit(what: str, part: str) -> tuple[str, str] | None:
    """Return what is wrong with a part of a file name, and with which character, or None."""
    if not part.strip():
        return "empty", ""
    for character in part:
        if character in '<>:"/\\|?*':
            return "character", character
        # Control characters, invisible ones, breaks of lines, halves of characters: none that a name consists of.
        if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            return "character", f"U+{ord(character):04X}"
    if part != part.strip():
        return "edge", ""
    if what == "number" and "-" in part:  # the name may have one: the last one parts the two
        return "hyphen", "-"
    return ("reserved", "") if RESERVED.fullmatch(part) else None


# ── files ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _write(contents: dict[Path, str], lang: str) -> None:
    """Write new files, all of them or none."""
    for path in contents:
        if not path.parent.is_dir():
            raise FileNotFoundError(sentence(SAID, "folder", lang, path=path.parent))
        if path.exists():
            raise FileExistsError(sentence(SAID, "exists", lang, path=path))
    made: list[Path] = []
    try:
        for path, content in contents.items():
            with path.open("x", encoding="utf-8", newline="\n") as file:
                made.append(path)
                file.write(content)
    except BaseException as error:
        for path in made:
            with contextlib.suppress(OSError):
                path.unlink()
        if isinstance(error, FileExistsError):  # it has come since one looked
            raise FileExistsError(sentence(SAID, "exists", lang, path=error.filename)) from None
        raise
