"""Prepare what every page loads of KaTeX and Material, small, yet without losing a sign; `make setup` runs this."""

from __future__ import annotations

import importlib.util
import logging
import re
import shutil
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import tinycss2
from fontTools import subset
from fontTools.ttLib import TTFont

from scripts.book.closure import ROOT
from scripts.slim import split

KATEX = ROOT / "node_modules" / "katex"
SHIPPED = ROOT / "docs" / "shared" / "katex"

# The signs that most chapters need.  These fonts are cut in two, and the rest is fetched only by a page that uses it.
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
COMMON = {
    "Main-Regular": LATIN[26:]
    + "AEFGILMNPRSTUW0123456789 !\"'()*+,-./:;<=>?[]_`{|}\u00a0\u200b\ue020"
    + "∂→←⋯…≤≥≠≈∼∈⊤⊙×·⋅±−∥′∞∗√⟨⟩ˉ∣‖^~ℓ∅⊗%ΛΩ",
    "Main-Bold": "0123456789",
    "Math-Italic": LATIN + "\u00a0αβγδεηθκλμνπρστφχωϕ",
    "Typewriter-Regular": "KW_abcdefghiklnopqrstuvwxyz",  # the package's names of arrays
    "AMS-Regular": "ENQRZ",
}
MOST_TABS = 4  # side by side in a page; Material's style sheet has rules for each of twenty
# Parts of Material that the book does not use: a third of its style sheet.
UNUSED = re.compile(
    rf"tabbed.*:nth-child\(({'|'.join(map(str, range(MOST_TABS + 1, 21)))})\)"
    r"|dir=rtl|mermaid|linenos|critic|\.grid|emoji|giscus|task-list"
    r"|md-(annotation|author|banner|blog|consent|draft|feedback|meta|nav--integrated|nav--lifted|pagination|path|post"
    r"|profile|progress|search__suggest|select|social|source|status|tabs|tag|tooltip|top|version)(?![a-z])"
    r"|\.(abstract|bug|danger|example|failure|info|note|question|quote|success|tip|warning)(?![a-z])"
)
HIDDEN_ICONS = re.compile(r"--md-admonition-icon--[\w-]+:url\([^)]*\);?")  # css/book.css does not show them


def main() -> None:
    """Write the style sheets and the fonts into docs/shared/katex."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    (SHIPPED / "fonts").mkdir(parents=True, exist_ok=True)
    style = (KATEX / "dist" / "katex.min.css").read_text(encoding="utf-8")
    style = re.sub(r"@font-face\{.*?\}", lambda face: font_face(face[0]), style)
    (SHIPPED / "katex.min.css").write_text(style, encoding="utf-8")
    shutil.copy(KATEX / "LICENSE", SHIPPED)
    package = importlib.util.find_spec("material")
    assert package is not None
    assert package.origin is not None
    (material,) = Path(package.origin).parent.glob("templates/assets/stylesheets/main.*.min.css")
    rules = tinycss2.parse_stylesheet(material.read_text(encoding="utf-8"), skip_comments=True, skip_whitespace=True)
    (SHIPPED / "material.css").write_text("".join(used(rules)), encoding="utf-8")


def font_face(rule: str) -> str:
    """Return a font's rule with its woff2 file alone, which every browser reads, or the two rules of its two halves."""
    match = re.search(r"url\(fonts/KaTeX_([\w-]+)\.woff2\)", rule)
    assert match is not None
    name = match[1]
    whole = re.sub(r"src:[^;}]*", f'src:url(fonts/KaTeX_{name}.woff2) format("woff2")', rule)
    with TTFont(KATEX / "dist" / "fonts" / f"KaTeX_{name}.ttf") as font:
        signs = set(font.getBestCmap())
    if name not in COMMON:
        write_font(name, signs, "")
        return whole
    common = {ord(sign) for sign in COMMON[name]}
    rules = ""
    for part, half in ((".common", common), (".rest", set(range(0x110000)) - common)):
        write_font(name, signs & half, part)
        rules += whole.replace(f"{name}.woff2", f"{name}{part}.woff2").replace("}", f";unicode-range:{spans(half)}}}")
    return rules


def write_font(name: str, signs: set[int], part: str) -> None:
    """Write the part of a font that shows the given signs."""
    options = subset.Options(hinting=False, layout_features=["*"])
    options.flavor = "woff2"
    font = subset.load_font(str(KATEX / "dist" / "fonts" / f"KaTeX_{name}.ttf"), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=signs)
    subsetter.subset(font)
    subset.save_font(font, str(SHIPPED / "fonts" / f"KaTeX_{name}{part}.woff2"), options)


def spans(signs: set[int]) -> str:
    """Write a set of signs as CSS wants it: ``U+41-5A,U+61``."""
    runs = (list(run) for _, run in groupby(enumerate(sorted(signs)), key=lambda pair: pair[1] - pair[0]))
    return ",".join(f"U+{run[0][1]:X}-{run[-1][1]:X}" if len(run) > 1 else f"U+{run[0][1]:X}" for run in runs)


def used(rules: Iterable[Any]) -> Iterator[str]:
    """Yield the rules of a style sheet without the selectors that `UNUSED` names."""
    for rule in rules:
        if rule.type == "qualified-rule":
            parts = (tinycss2.serialize(part) for part in split(rule.prelude))
            if kept := ",".join(part for part in parts if not UNUSED.search(part)):
                yield f"{kept}{{{HIDDEN_ICONS.sub('', tinycss2.serialize(rule.content))}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if kept := "".join(used(inner)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{kept}}}"
        else:
            yield rule.serialize()


if __name__ == "__main__":
    main()
