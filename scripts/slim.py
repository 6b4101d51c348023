"""Leave out of a built site what none of its pages uses: selectors, faces, repeated drawings, comments, indentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby, pairwise
from pathlib import Path
from typing import Any

import tinycss2

WORD = re.compile(r"[A-Za-z_][\w-]*")
CLASSES = re.compile(r'\sclass="([^"]*)"')
AS_IT_IS = re.compile(r"(<(pre|script|style|textarea)\b.*?</\2>)", re.DOTALL)
READ = re.compile(r"var\((--[\w-]+)|getPropertyValue\(\W(--[\w-]+)")
PALETTE = re.compile(r""":root|\[data-md-color-scheme(=["']?\w+["']?)?\]""")
EVERY_PALETTE = ":root,[data-md-color-scheme]"
SWITCH = re.compile(r"<input\b([^>]*?)\s*/>")
STYLED = re.compile(r'<span\b[^>]* style="[^"]*em;?">')  # so are KaTeX's boxes, and nothing else
LENGTH = re.compile(r"(-?\d*\.\d+)em")
STRETCHED = re.compile(r'(preserveAspectRatio="x\w+ slice">)<path d="([^"]{60,})"\s*/?>(?:</path>)?')  # a brace, a root


def slim(site: Path) -> None:
    """Rewrite the pages and the style sheets of a site that has just been built."""
    names: set[str] = set()
    read: set[str] = set()
    sheets = {path: path.read_text(encoding="utf-8") for path in site.glob("*/*/*.css")}
    scripts = [*site.glob("*/js/*.js"), *site.glob("*/assets/javascripts/bundle.*.js")]
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        for classes in CLASSES.findall(html):
            names.update(classes.split())
        read.update(chain.from_iterable(READ.findall(html)))
        page.write_text(short_lengths(share_paths(without_indentation(plain_switches(html)))), encoding="utf-8")
    for script in scripts:  # they make elements and give them classes
        names.update(WORD.findall(script.read_text(encoding="utf-8")))
    for text in (*sheets.values(), *(script.read_text(encoding="utf-8") for script in scripts)):
        read.update(chain.from_iterable(READ.findall(text)))
    for script in site.glob("*/js/*.js"):
        script.write_text(slim_script(script.read_text(encoding="utf-8")), encoding="utf-8")
    for path, text in sheets.items():
        own = path.with_name("book.css") if path.parent.name == "css" else path.parents[1] / "css" / "book.css"
        settled = _root_properties(sheets[own]) if path.name == "material.css" else frozenset()
        path.write_text(slim_style(text, names, read, settled), encoding="utf-8")


def plain_switches(html: str) -> str:
    """Return a page with the switches of its tabs written as HTML has them, not as XML: pymdownx writes the latter."""
    return SWITCH.sub(lambda m: "<input" + m[1].replace(' checked="checked"', " checked") + ">", html)


def short_lengths(html: str) -> str:
    """Return a page whose formulas are set with lengths of three decimals: a thousandth of an em is not seen."""
    return STYLED.sub(lambda tag: LENGTH.sub(_rounded, tag[0]).replace("margin-left:0em;", "").replace(';"', '"'), html)


def _rounded(length: re.Match[str]) -> str:
    number = f"{float(length[1]):.3f}".rstrip("0").rstrip(".")
    return re.sub(r"^(-?)0(?=\.)", r"\1", "0" if number == "-0" else number) + "em"


def without_indentation(html: str) -> str:
    """Return a page without the blank lines and the indentation of its templates; what stands in `pre` stays."""
    parts = AS_IT_IS.split(html)
    for index in range(0, len(parts), 3):  # text, then what stays as it is, then the name of its tag
        parts[index] = re.sub(r"\s*\n\s*", "\n", parts[index])
    return "".join(part for index, part in enumerate(parts) if index % 3 != 2)


def share_paths(html: str) -> str:
    """Return a page in which a stretched sign of KaTeX is drawn once, named, and used wherever it comes again."""
    drawn = [path for _, path in STRETCHED.findall(html)]
    names = {path: f"path-{index}" for index, path in enumerate(dict.fromkeys(drawn)) if drawn.count(path) > 1}
    seen: set[str] = set()

    def replace(match: re.Match[str]) -> str:
        box, path = match.groups()
        if path not in names:
            return match[0]
        if path in seen:
            return f'{box}<use href="#{names[path]}"/>'
        seen.add(path)
        return f'{box}<path id="{names[path]}" stroke="none" d="{path}"/>'  # KaTeX's style sheet reaches no copy

    return STRETCHED.sub(replace, html)


def slim_script(text: str) -> str:
    """Return a script of ours without the lines that are comments, and without indentation; the source keeps both."""
    lines = [line.strip() for line in text.splitlines()]
    if open_ := [line for line in lines if line.count("`") % 2]:
        raise ValueError(f"script: expected every text in backticks to end on its line, got {open_[0]!r}")
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("//"))


def slim_style(text: str, names: set[str], read: set[str], settled: frozenset[str] = frozenset()) -> str:
    """
    Return a style sheet without what has no effect.

    Parameters
    ----------
    text : str
        The sheet.
    names : set of str
        Every class that an element may have; a selector that asks for another one goes.
    read : set of str
        The custom properties that something reads; the others go.
    settled : frozenset of str
        Custom properties of the root that a later sheet sets for every palette; here they go.

    Returns
    -------
    str
        The rest, without comments; a face stays if a rule that stays names its family.
    """
    sheet = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    rules = list(_used(sheet, names, read, settled))
    said = "".join(rule for rule in rules if not rule.startswith("@font-face"))
    return "".join(rule for rule in rules if not rule.startswith("@font-face") or _family(rule) in said)


def _used(rules: Iterable[Any], names: set[str], read: set[str], settled: frozenset[str]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            parts = [compact(part) for part in split(rule.prelude) if _classes(part) <= names]
            gone = settled if all(PALETTE.fullmatch(part) for part in parts) else frozenset()
            if parts and (kept := ";".join(_declarations(rule.content, read, gone))):
                yield f"{','.join(parts)}{{{kept}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if inside := "".join(_used(inner, names, read, settled)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inside}}}"
        else:
            yield rule.serialize()


def _declarations(content: list[Any], read: set[str], gone: frozenset[str]) -> Iterator[str]:
    """Write the declarations of a rule that have an effect."""
    for part in tinycss2.parse_declaration_list(content, skip_comments=True, skip_whitespace=True):
        if part.type != "declaration":
            raise ValueError(f"style sheet: expected a declaration, got {part.serialize()!r}; mend the sheet")
        if not part.name.startswith("--") or (part.name in read and part.name not in gone):
            yield f"{part.name}:{compact(part.value)}{'!important' * part.important}"


def _root_properties(text: str) -> frozenset[str]:
    """Return the custom properties that a sheet sets for the root and every palette alike."""
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    roots = [rule for rule in rules if rule.type == "qualified-rule" and compact(rule.prelude) == EVERY_PALETTE]
    found = (tinycss2.parse_declaration_list(rule.content, skip_whitespace=True) for rule in roots)
    return frozenset(part.name for part in chain.from_iterable(found) if part.type == "declaration")


def split(prelude: list[Any]) -> Iterator[list[Any]]:
    """Split a rule's selectors at the commas between them, not at those inside brackets."""
    for is_comma, part in groupby(prelude, key=lambda token: token == ","):
        if not is_comma:
            yield list(part)


def _classes(selector: list[Any]) -> set[str]:
    """Return the classes that a selector asks for; those inside `:is()`, `:not()` and the like do not count."""
    return {name.value for dot, name in pairwise(selector) if dot == "." and name.type == "ident"}


def compact(tokens: list[Any]) -> str:
    """Write tokens with one blank where there are many, and with none at a comma or at either end."""
    text = ""
    for token in tokens:
        word = " " if token.type in ("whitespace", "comment") else token.serialize()
        if word == " " and text[-1:] in ("", " ", ","):
            continue
        text = (text.rstrip(" ") if word == "," else text) + word
    return text.rstrip(" ")


def _family(rule: str) -> str:
    """Return the name that a face goes by."""
    found = re.search(r"""font-family:\s*["']?([^"';}]+)""", rule)
    assert found is not None
    return found[1].strip()
