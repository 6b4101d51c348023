"""The book and the code say the same thing, in both languages."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from rnn.equations import kind_of, registry
from scripts.book.closure import ROOT
from scripts.book.pages import Page
from scripts.figures import declared

LANGUAGES = ("en", "zh")
PAGES = {
    lang: {
        str(path.relative_to(ROOT / "docs" / lang)): Page(path, path.read_text(encoding="utf-8"))
        for path in sorted((ROOT / "docs" / lang).rglob("*.md"))
    }
    for lang in LANGUAGES
}
NAMES = sorted(PAGES["en"])
SOURCES = sorted(path for folder in ("rnn", "scripts") for path in (ROOT / folder).rglob("*.py"))
MARKER = re.compile(r"# --8<-- \[(start|end):([\w-]+)\]")
INCLUDE = re.compile(r'--8<-- "([^":]+):([\w-]+)"')
CJK = r"\u4e00-\u9fff"


def test_both_editions_have_the_same_pages():
    assert sorted(PAGES["en"]) == sorted(PAGES["zh"])
    assert {"index.md", "notation.md", "bptt.md"} <= set(NAMES)


# --------------------------------------------------------------------------- line for line


def shape(text: str) -> list[tuple[int, object]]:
    """Blank the prose of a page and keep all the rest: what is left is the same in every language."""
    lines: list[tuple[int, object]] = []
    verbatim = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if verbatim:
            lines.append((number, line))
            verbatim = "" if line.strip() == verbatim else verbatim
            continue
        bare = line.strip()
        if bare.startswith("```") or bare.startswith("/// equation"):
            verbatim = "```" if bare.startswith("```") else "///"
            lines.append((number, line))
        elif bare.startswith("///"):  # the prose of a figure or a table stands between two of these
            lines.append((number, line))
        elif option := re.match(r"    (\w+): ", line):
            lines.append((number, (option[1], tokens(line))))
        elif heading := re.match(r"(#+) .*?(\{ #[\w-]+ \})?$", line):
            lines.append((number, (heading[1], heading[2])))
        elif box := re.match(r'(\s*(?:!!!|\?\?\?\+?) [\w ]+) ".*"$', line):
            lines.append((number, (box[1], tokens(line))))
        else:
            lines.append(
                (number, (re.match(r"\s*(?:[-*] |\d+\. |\|)?", line)[0], line.count("|"), bool(bare), tokens(line)))
            )
    return lines


def tokens(line: str) -> Counter[str]:
    """Collect what may not differ inside a sentence: inline mathematics, code, and where links lead."""
    without_table_bars = line.replace(r"\|", "")
    return Counter(re.findall(r"\$[^$]+\$|`[^`]+`|\]\([^)]*\)|\{\{[^}]+\}\}|\[@[^\]]+\]", without_table_bars))


@pytest.mark.parametrize("name", NAMES)
def test_line_n_of_one_edition_is_line_n_of_the_other(name):
    en, zh = (PAGES[lang][name].text for lang in LANGUAGES)
    for left, right in zip(shape(en), shape(zh), strict=False):
        assert left == right
    assert len(en.splitlines()) == len(zh.splitlines())


def test_the_parity_test_sees_a_difference():
    text = PAGES["en"]["bptt.md"].text
    whole = shape(text)
    for old, new in (
        ("$x_t$", "$x_s$"),
        ("(notation.md)", "(index.md)"),
        ("{ #idea }", "{ #ideas }"),
        (r"J_4\,J_3\,J_2", r"J_2\,J_3\,J_4"),
        ("`delta`", "`d_h`"),
        ("!!! myth", "!!! note"),
        ("/// figure | bptt-unrolled", "/// figure | bptt-rolled"),
        ("    alt: ", "    title: "),
        ("simple.py:backward", "simple.py:forward"),
        ("\n\nThe loss is", "\nThe loss is"),
    ):
        assert old in text
        assert shape(text.replace(old, new, 1)) != whole, f"{old} -> {new} is not seen"


# --------------------------------------------------------------------------- the sets are equal


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_equation_is_checked_and_every_check_is_in_the_book(lang):
    shown = Counter(f.name for page in PAGES[lang].values() for f in page.formulas)
    assert not [name for name, times in shown.items() if times > 1], "a formula stands twice"
    assert set(shown) == set(registry())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_formula_stands_in_its_chapter(lang):
    for name, page in PAGES[lang].items():
        for formula in page.formulas:
            assert formula.name.startswith(Path(name).stem + "-"), f"{formula.name} stands in {name}"


def test_most_formulas_are_evaluated_from_their_tex():
    twins = [name for name, eq in registry().items() if eq.twin]
    assert len(twins) <= len(registry()) / 4


def test_every_bound_can_be_reached_and_every_false_claim_has_its_special_case():
    for formula in (f for page in PAGES["en"].values() for f in page.formulas):
        cases = registry()[formula.name].kind in ("equation", "definition")  # there a ≤ only tells cases apart
        if kind_of(formula.tex) != "equation" and not cases:
            assert registry()[formula.name].equal_in, f"{formula.name}: in which context are the two sides equal?"


def sections(path: Path) -> list[str]:
    """List the named sections of a file; markers must pair and not nest."""
    names, open_ = [], None
    for line in path.read_text(encoding="utf-8").splitlines():
        if marker := MARKER.search(line):
            kind, name = marker.groups()
            assert (kind, open_) in (("start", None), ("end", name)), f"{path}: {marker[0]}"
            open_ = name if kind == "start" else None
            names += [name] if kind == "start" else []
    assert open_ is None, f"{path}: {open_} has no end"
    assert len(names) == len(set(names)), f"{path}: a section name is used twice"
    return names


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_named_section_is_in_the_book_and_every_listing_exists(lang):
    text = "\n".join(page.text for page in PAGES[lang].values())
    shown = {f"{file}:{section}" for file, section in INCLUDE.findall(text)}
    shown |= {f"scripts/sessions/{name}.py:shown" for name in re.findall(r"^/// session \| (\w+)$", text, re.M)}
    assert shown == {f"{path.relative_to(ROOT)}:{name}" for path in SOURCES for name in sections(path)}


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_python_on_a_page_is_never_typed(lang, name):
    text = PAGES[lang][name].text
    for info, block in re.findall(r"^```(\w*)[^\n]*\n(.*?)^```", text, re.M | re.S):
        if info != "text":
            assert re.fullmatch(r'--8<-- "[^"]+"\n', block), f"{name}: {block!r}"
    titles = re.findall(r'^```python title="([^"]+)"\n--8<-- "([^":]+)', text, re.M)
    assert all(title == file for title, file in titles)


# --------------------------------------------------------------------------- numbers are computed

# Decimals that nobody measured: versions, licences, thresholds, and what an exercise makes up or wants to be set.
TYPED = {
    "data.md": {"2.5", "4.0"},
    "index.md": {"3.11", "4.0"},
    "laboratory.md": {"0.01", "0.02", "0.3", "92.8", "93.1"},
    "teaching.md": {"3.11", "3.14", "4.0"},
}
DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.]*\d)|\d+(?:\.\d+)? ?[%％]")


def decimals(text: str) -> list[tuple[int, str]]:
    """Find the decimals and percentages that stand in prose: not in code, formulas, links or alternatives of code."""
    text = re.sub(r"^(```|/// equation).*?^(```|///) *$", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S)
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        prose = re.sub(r"`[^`]*`|\$[^$]*\$|\{\{[^}]*\}\}|\]\([^)]*\)|\{ #[\w-]+ \}", " ", line)
        found += [(number, decimal) for decimal in DECIMAL.findall(prose)]
    return found


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_no_measured_number_is_typed(lang, name):
    allowed = TYPED.get(name, set())
    assert [found for found in decimals(PAGES[lang][name].text) if found[1] not in allowed] == []


def test_the_test_of_typed_numbers_sees_them():
    text = "A 0.57 of `0.1` and $0.2$.\n\n```text\n0.3\n```\n\n/// equation | a-b\n0.4\n///\n\nAnd 12% {{a-b.c}}."
    assert decimals(text) == [(1, "0.57"), (11, "12%")]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_computed_is_shown_once_and_everything_shown_is_computed(lang):
    figures = Counter(name for page in PAGES[lang].values() for name in (*page.figures, *page.tables))
    numbers = {name for page in PAGES[lang].values() for name in page.numbers}
    assert not [name for name, times in figures.items() if times > 1], "a figure or table stands twice"
    assert figures.keys() | numbers == declared().keys()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_computed_for_a_chapter_stands_in_it(lang):
    for name, page in PAGES[lang].items():
        for item in (*page.figures, *page.tables):
            assert item.startswith(Path(name).stem + "-"), f"{item} stands in {name}"


# --------------------------------------------------------------------------- pages


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_headings_carry_ids_that_do_not_depend_on_the_language(lang, name):
    text = re.sub(r"^```.*?^```", "", PAGES[lang][name].text, flags=re.M | re.S)
    ids = []
    for level, heading in re.findall(r"^(#+) (.*)$", text, re.M):
        if level == "#":
            continue
        found = re.search(r"\{ #([a-z][a-z0-9-]*) \}$", heading)
        assert found, f"{name}: {heading!r} has no id"
        ids.append(found[1])
    assert len(ids) == len(set(ids))
    assert text.startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_chinese_is_set_as_chinese(name):
    prose = re.sub(r"^(```|///).*?^\1 *$", "", PAGES["zh"][name].text, flags=re.M | re.S)
    for number, line in enumerate(prose.splitlines(), start=1):
        plain = re.sub(r"`[^`]*`|\]\([^)]*\)|\{ #[\w-]+ \}", "`", line)
        assert not re.search(rf"[{CJK}][,;:?!]|[{CJK}]\.(?!\w)", plain), f"{number}: half-width punctuation: {plain}"
        latin = re.sub(r"\$[^$]*\$|[*`“”]", "", plain)
        assert not re.search(rf"[{CJK}][A-Za-z0-9]|[A-Za-z0-9][{CJK}]", latin), f"{number}: no space: {latin}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_context_is_explained_where_the_badges_link_to(lang):
    used = {world.name.replace("_", "-") for eq in registry().values() for world in (*eq.worlds, *eq.equal_in)}
    explained = set(re.findall(r"\{ #context-([\w-]+) \}", PAGES[lang]["contexts.md"].text))
    assert used == explained


# --------------------------------------------------------------------------- the README


def test_the_examples_of_the_readme_run(tmp_path):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n((?:import|from) .*?)^```", readme, re.M | re.S))
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "'AR(12)'" in done.stdout
    assert (tmp_path / "sunspots.svg").stat().st_size > 10_000
    losses = ast.literal_eval(done.stdout.splitlines()[-1])
    assert losses[0] > 0.15 > 0.02 > losses[-1]
    assert (tmp_path / "adding.safetensors").exists()


def test_the_readme_names_only_what_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for document in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / document).read_text(encoding="utf-8")
        for target in re.findall(r"`?\bmake ([a-z]+)\b", text):
            assert re.search(rf"^{target}:", makefile, re.M), f"{document}: make {target}"
        for path in re.findall(r"`((?:docs|rnn|scripts|tests)/[\w/.-]+)`|\]\(([\w./-]+)\)", text):
            name = path[0] or path[1]
            assert "<" in name or (ROOT / name).exists(), f"{document}: {name}"
        for name in re.findall(r"/// equation \| ([\w-]+)", text):
            assert name in registry()
