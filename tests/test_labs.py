"""Labs: one source a language, one run for both, and what readers get of them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from test_book import CJK, LANGUAGES, shape

from scripts.book import checks
from scripts.book.closure import ROOT, closure
from scripts.labs import build
from scripts.labs.build import LabError, for_readers, imported, outputs
from scripts.labs.lean import lean
from scripts.labs.source import FENCE, SourceError, as_markdown, cells

LABS = sorted(path.stem for path in (ROOT / "docs" / "en" / "labs").glob("*.py"))
MOST_OUTPUT = 45_000  # bytes of SVG and text: a lab's article is to stay below 80 kB

SMALL = """\
# %% [markdown]
# # Title
#
# A sentence.

# %%
import numpy as np

def half(x):
    return 1 / (x - 2)

# %% alt="A line."
import matplotlib.pyplot as plt
plt.plot([1, 2, 4], label="a")
plt.legend()
plt.show()

# %% [markdown]
# The end.

# %%
print(half(3))
np.arange(3)
"""


def source(lang: str, lab: str) -> str:
    return (ROOT / "docs" / lang / "labs" / f"{lab}.py").read_text(encoding="utf-8")


def code(text: str) -> list[str]:
    return [cell.text for cell in cells(text) if cell.kind == "code"]


@pytest.fixture
def small(tmp_path, monkeypatch):
    """Return a function that writes a small lab and runs it, with a cache of its own."""
    monkeypatch.setattr(build.cache, "CACHE", tmp_path / "cache")
    path = tmp_path / "small.py"

    def run(text: str = SMALL):
        path.write_text(text, encoding="utf-8")
        return outputs(path)

    return run


# --------------------------------------------------------------------------- the two editions


def test_there_is_a_lab_and_it_is_in_both_languages():
    assert "sunspots" in LABS
    assert sorted(path.stem for path in (ROOT / "docs" / "zh" / "labs").glob("*.py")) == LABS


@pytest.mark.parametrize("lab", LABS)
def test_line_n_of_one_edition_is_line_n_of_the_other_and_the_code_is_the_same(lab):
    en, zh = (source(lang, lab) for lang in LANGUAGES)
    assert code(en) == code(zh)
    assert [(cell.kind, cell.line, bool(cell.alt)) for cell in cells(en)] == [
        (cell.kind, cell.line, bool(cell.alt)) for cell in cells(zh)
    ]
    for left, right in zip(shape(as_markdown(en)), shape(as_markdown(zh)), strict=True):
        assert left == right


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("lab", LABS)
def test_every_section_has_an_id_and_something_to_do(lang, lab):
    text = "\n".join(cell.text for cell in cells(source(lang, lab)) if cell.kind == "markdown")
    sections = re.split(r"^## ", text, flags=re.M)
    assert len(sections) > 8
    for section in sections[1:]:
        assert re.match(r".* \{ #[a-z][a-z-]* \}\n", section), section[:60]
        assert {"en": "**Your turn.** ", "zh": "**动手。** "}[lang] in section, section[:60]
    assert text.startswith("# ")
    assert "$$" not in text


@pytest.mark.parametrize("lab", LABS)
def test_chinese_is_set_as_chinese(lab):
    said = [cell.text for cell in cells(source("zh", lab)) if cell.kind == "markdown"]
    said += [cell.alt for cell in cells(source("zh", lab))]
    for line in "\n".join(said).splitlines():
        plain = re.sub(r"`[^`]*`|\]\([^)]*\)|\{ #[\w-]+ \}", "`", line)
        assert not re.search(rf"[{CJK}][,;:?!]|[{CJK}]\.(?!\w)", plain), plain
        latin = re.sub(r"\$[^$]*\$|[*`“”\[\]]", "", plain)
        assert not re.search(rf"[{CJK}][A-Za-z0-9]|[A-Za-z0-9][{CJK}]", latin), latin


# --------------------------------------------------------------------------- the source


def test_a_page_has_the_line_numbers_of_its_notebook():
    page = as_markdown(SMALL).splitlines()
    lines = SMALL.splitlines()
    assert page[3] == "A sentence."
    assert page[lines.index("# %%")] == FENCE
    assert page[lines.index("print(half(3))")] == "print(half(3))"
    assert page.count("```") == page.count(FENCE) == 3
    assert page[-1] == "```"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("import numpy\n\n# %%\n1\n", 1, "expected a cell's first line"),
        ("# %%\n1\n\n# %% [raw]\n2\n", 4, "expected # %% [markdown]"),
        ("# %% [markdown]\n# a\nb\n", 3, "expected Markdown in a comment, got 'b'"),
        ("# %%\n\n# %%\n1\n", 1, "this cell is empty"),
        ("# %%\n1\n# %%\n2\n", 3, "expected a blank line"),
    ],
)
def test_what_is_no_notebook_is_named_with_its_line(text, line, reason):
    with pytest.raises(SourceError, match=re.escape(reason)) as raised:
        as_markdown(text)
    assert raised.value.line == line


@pytest.mark.parametrize("text", [SMALL, *(source(lang, lab) for lang in LANGUAGES for lab in LABS)])
def test_jupytext_reads_the_same_cells(text):
    theirs = [cell.source for cell in jupytext.reads(text, fmt="py:percent").cells]
    assert [cell.text for cell in cells(text)] == theirs


# --------------------------------------------------------------------------- the run


def test_a_lab_gives_what_it_prints_and_shows(small):
    empty, drawn, last = small()
    assert empty == []
    assert [list(output) for output in drawn] == [["svg"]]
    assert drawn[0]["svg"].startswith("<svg ")
    assert "var(--blue)" in drawn[0]["svg"]
    assert last == [{"text": "1.0\n"}, {"value": "array([0, 1, 2])"}]


def test_a_lab_runs_once_until_its_code_changes(small, monkeypatch):
    first = small()
    monkeypatch.setattr(checks, "run", lambda *_: pytest.fail("the lab was run again"))
    assert small() == first
    assert small(SMALL.replace("A sentence.", "Another sentence.").replace("A line.", "Eine Linie.")) == first
    with pytest.raises(pytest.fail.Exception):
        small(SMALL.replace("half(3)", "half(4)"))
    monkeypatch.setattr(build, "digest", lambda *_: "the package has changed")
    with pytest.raises(pytest.fail.Exception):
        small()


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_is_run_again_when_the_package_changes(lab):
    modules = [*imported([cell for cell in cells(source("en", lab)) if cell.kind == "code"])]
    read = {str(path.relative_to(ROOT)) for path in closure(build.KERNEL, *modules)}
    assert {"rnn/simple.py", "scripts/figures/svg.py", "scripts/labs/lean.py"} <= read
    if lab == "sunspots":
        assert {"rnn/train.py", "rnn/sunspots.csv"} <= read


@pytest.mark.parametrize(
    ("old", "new", "where", "reason"),
    [
        ("print(half(3))", "print(half(2))", "    return 1 / (x - 2)", "ZeroDivisionError: division by zero"),
        ("print(half(3))", "print(hlaf(3))", "print(hlaf(3))", "NameError: name 'hlaf' is not defined"),
        ("print(half(3))", "\nprint(half(3)", "print(half(3)", "SyntaxError: '(' was never closed"),
        (
            "print(half(3))",
            "import warnings\nwarnings.warn('oh')",
            "import warnings",
            "the cell wrote to the standard error",
        ),
        ("np.arange(3)", "assert not np.arange(3).size", "assert not np.arange(3).size", "AssertionError"),
        ("[1, 2, 4]", "[1, np.nan]", None, "ValueError: a coordinate of a Line2D is not a finite number"),
    ],
)
def test_a_cell_that_raises_is_named_with_file_line_and_reason(small, old, new, where, reason):
    text = SMALL.replace(old, new)
    line = text.splitlines().index(where) + 1 if where else r"\d+"
    with pytest.raises(LabError, match=rf"small\.py:{line}: {re.escape(reason)}"):
        small(text)


@pytest.mark.parametrize("lab", LABS)
def test_a_second_run_gives_the_same_bytes(lab, tmp_path, monkeypatch):
    path = ROOT / "docs" / "en" / "labs" / f"{lab}.py"
    first = outputs(path)
    monkeypatch.setattr(build.cache, "CACHE", tmp_path)
    assert outputs(path) == first
    assert sum(len(value) for shown in first for output in shown for value in output.values()) <= MOST_OUTPUT


def test_a_lighter_picture_is_the_same_picture():
    tick = '<defs><path id="t" stroke="var(--ink-2)" stroke-width=".7" d="M0 0v3.5"/></defs>'
    dot = '<defs><path id="d" stroke="var(--blue)" d="M0 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"/></defs>'
    colours = 'fill="var(--ink-2)" stroke="var(--ink-2)" stroke-width=".7"'
    line = '<path fill="none" stroke="var(--blue)" d="M0 0h9"/>'
    kept = f'{tick}{dot}{line}<use x="1" y="2" {colours} href="#d"/>'
    heavy = f'<svg><path fill="none" d="M0 0h9v9H0z"/>{kept}<use x="1" y="2" {colours} href="#t"/></svg>'
    assert lean(heavy) == f'<svg>{kept}<use x="1" y="2" href="#t"/></svg>'


def test_the_pictures_of_a_lab_are_made_lighter(small):
    _, drawn, _ = small()
    assert re.search(r'<use x="[^"]+" y="[^"]+" href="#lab-small-0-0"/>', drawn[0]["svg"])
    assert '<path fill="none" d=' not in drawn[0]["svg"]


# --------------------------------------------------------------------------- what readers get


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("lab", LABS)
def test_the_notebook_is_valid_whole_and_needs_no_book_around_it(lang, lab):
    text = source(lang, lab)
    done = outputs(ROOT / "docs" / lang / "labs" / f"{lab}.py")
    kept = for_readers(text, done, "https://example.org/rnn/en/")
    notebook = nbformat.reads(kept, as_version=4)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells if cell.cell_type == "code"] == code(text)
    assert sum(len(cell.get("outputs", [])) for cell in notebook.cells) == sum(map(len, done))
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert not re.search(r"\{ #|\]\(\.|\.md|\[@", prose)
    assert "](https://example.org/rnn/en/bptt/)" in prose
    assert "](https://example.org/rnn/en/glossary/#hidden-state)" in prose
    assert "var(--" not in kept


# What the text says about the outputs of sunspots; its names are those of the script.
CLAIMS = """
import itertools
spans = dict(zip(("train", "to 1955", "to 1979", "to 2008"), spans))
ours, theirs = ({k: error(guess, s) for k, s in spans.items()} for guess in (result.predictions["rnn"], linear))
# the mean of both neighbours is much better than the year before
assert rmse((before + after) / 2, year) < 0.6 * rmse(before, year)
# later waves are higher; the test has the greatest maximum
assert numbers.mean() > seen.mean() and numbers.std() > seen.std() and numbers.max() > seen.max()
# the largest step is from AR(1) to AR(2); a hard span is hard for all
ar = {p: [error(autoregression(fit_autoregression(seen, p), past), s) for s in spans.values()] for p in (1, 2, 9, 12)}
rows = np.array([[error(past[:, -1], s) for s in spans.values()], *ar.values()])
assert (-np.diff(rows[:, 1:], axis=0).sum(axis=1)).argmax() == 1
assert (rows[:, 2] == rows[:, 1:].max(axis=1)).all()
# ahead before 1956, behind at the great maximum, in each of five runs; by hand the same
for run in runs:
    assert error(run.predictions["rnn"], spans["to 1955"]) < theirs["to 1955"]
    assert error(run.predictions["rnn"], spans["to 1979"]) > theirs["to 1979"]
outputs, _ = net.forward(x)
hand = mean + scale * outputs[-1, :, 0]
assert error(hand, spans["to 1955"]) < theirs["to 1955"] and error(hand, spans["to 1979"]) > theirs["to 1979"]
# the spread of the seeds is small beside the distance between the spans
each = np.array([[error(run.predictions["rnn"], s) for s in list(spans.values())[1:]] for run in runs])
assert np.ptp(each, axis=0).max() < np.diff(np.sort(each.mean(axis=0))).min()
assert theirs["to 2008"] - 0.5 < each[:, 2].min() and each[:, 2].max() < theirs["to 2008"] + 3
# without decay the loss turns early and climbs; with it, it hardly matters when one stops; the spike
free_of, decayed = curves[0.0], curves[0.01]
assert free_of[:, 1].argmin() < 100 and free_of[-1, 1] > 1.25 * free_of[:, 1].min()
assert decayed[-1, 1] < 1.02 * decayed[:, 1].min() and decayed[-1, 1] < free_of[:, 1].min()
assert free_of[-1, 0] < decayed[-1, 0]
# level and change can be read off the state, better than off any one unit; later nearly as well
design = np.column_stack([np.ones(len(h)), h])
for known in (level, change):
    read = design @ np.linalg.lstsq(design[~test], known[~test], rcond=None)[0]
    single = max(abs(np.corrcoef(h[~test, unit], known[~test])[0, 1]) for unit in range(8))
    assert np.corrcoef(read[~test], known[~test])[0, 1] > max(0.94, single)
    assert np.corrcoef(read[test], known[test])[0, 1] > 0.85
assert any((abs(h[test, unit]) > 0.95).mean() > 0.1 for unit in largest)
# running freely: full waves of one height, AR(12) fades; worse than the mean at home, better in the test
def peaks(v):
    return np.flatnonzero((v[1:-1] > v[:-2]) & (v[1:-1] >= v[2:])) + 1
assert np.ptp(free[peaks(free)]) < 0.3 * np.ptp(targets[test][peaks(targets[test])])
assert np.ptp(fading[-22:]) < 0.25 * np.ptp(free[-22:])
assert np.corrcoef(free, targets[test])[0, 1] > 0.7
for span, worse in (("1712-1901", True), ("1921-1989", False)):
    starts = np.flatnonzero(within(span))
    truth = targets[starts[:, np.newaxis] + ahead - 1]
    miss = np.sqrt(np.mean((run_on(by_network, past[starts], 20) - truth) ** 2, axis=0))
    line = rmse(seen.mean(), truth)
    assert (miss[15:] > line).all() and (miss[:9] < line).all() if worse else (miss < 0.8 * line).all()
# the cycles after 1920 are more even
smooth = np.convolve(numbers, np.ones(5) / 5, "same")
tops = [years[i] for i in peaks(smooth) if smooth[i] == smooth[max(i - 3, 0) : i + 4].max()]
lengths = {later: [b - a for a, b in itertools.pairwise(tops) if (a > 1915) == later] for later in (False, True)}
assert np.ptp(lengths[True]) <= 3 < 6 <= np.ptp(lengths[False]), lengths
assert len(lengths[True]) == 7 or len(lengths[True]) == 8
"""


def test_the_script_runs_and_the_text_says_what_it_finds(tmp_path):
    script = tmp_path / "sunspots.py"
    script.write_text(source("zh", "sunspots") + CLAIMS, encoding="utf-8")
    command = [sys.executable, "-W", "ignore:FigureCanvasAgg", str(script)]
    environment = {"MPLBACKEND": "Agg", "PATH": "", "HOME": str(tmp_path), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    printed = [
        output["text"]
        for shown in outputs(ROOT / "docs" / "en" / "labs" / "sunspots.py")
        for output in shown
        if "text" in output
    ]
    assert done.stdout == "".join(printed)


# --------------------------------------------------------------------------- the page

CONFIG = """\
site_name: A book
site_url: https://example.org/en/
docs_dir: docs/en
extra: {{edition: {{dir: en}}, other: {{dir: zh}}}}
theme: {{name: null, custom_dir: theme}}
hooks: [{hook}]
plugins: {{mkdocs-jupyter: {{include: ["labs/*.py", "labs/*.ipynb"], ignore: ["*.md"], execute: false, cache: false}}}}
markdown_extensions:
  toc: {{}}
  attr_list: {{}}
  pymdownx.highlight: {{anchor_linenums: false}}
  pymdownx.superfences: {{}}
"""


@pytest.fixture
def book(tmp_path):
    """Return a function that builds a book of one lab, strictly, and gives what was printed and the page."""
    (tmp_path / "mkdocs.yml").write_text(CONFIG.format(hook=ROOT / "scripts" / "labs" / "hook.py"), encoding="utf-8")
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "main.html").write_text("<article>{{ page.content }}</article>", encoding="utf-8")

    def construct(en: str, zh: str | None = None) -> tuple[str, str, Path]:
        for lang, text in (("en", en), ("zh", zh or en)):
            (tmp_path / "docs" / lang / "labs").mkdir(parents=True, exist_ok=True)
            (tmp_path / "docs" / lang / "labs" / "trial.py").write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(tmp_path / "mkdocs.yml")]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        page = tmp_path / "site" / "labs" / "trial" / "index.html"
        return done.stderr, "" if done.returncode else page.read_text(encoding="utf-8"), page.parent

    return construct


def test_a_lab_becomes_a_page_with_outputs_and_downloads_and_nothing_of_jupyter(book):
    said, page, folder = book(SMALL)
    assert page, said
    assert page.count("<h1") == 1
    assert len(page) < 20_000
    for foreign in ("<style", "<script", "jp-", "clipboard", "http://www.w3.org/2000/svg"):
        assert foreign not in page
    parts = ["A sentence.", "numpy", 'aria-label="A line."', "The end.", "(half(", "1.0\n", "array([0, 1, 2])"]
    assert [page.index(part) for part in parts] == sorted(page.index(part) for part in parts)
    assert 'viewBox="' in page
    assert re.findall(r"<p>\s*<div", page) == []
    for link in re.findall(r'href="(trial\.\w+)"', page):
        assert (folder / link).is_file()
    assert (folder / "trial.py").read_text(encoding="utf-8") == SMALL
    kept = json.loads((folder / "trial.ipynb").read_text(encoding="utf-8"))
    assert [cell["cell_type"][0] for cell in kept["cells"]] == ["m", "c", "c", "m", "c"]


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("print(half(3))", "print(half(2))", 10, "ZeroDivisionError: division by zero"),
        (' alt="A line."', "", 12, 'begins with # %% alt="what it shows"'),
        ("# A sentence.", "A sentence.", 4, "expected Markdown in a comment"),
    ],
)
def test_what_is_wrong_stops_the_strict_build_with_file_line_and_reason(book, old, new, line, reason):
    said, page, _ = book(SMALL.replace(old, new))
    assert not page
    assert re.search(rf"docs/en/labs/trial\.py:{line}: .*{re.escape(reason)}", said), said


def test_code_that_differs_between_the_languages_stops_the_build(book):
    said, page, _ = book(SMALL, SMALL.replace("half(3)", "half(5)"))
    assert not page
    assert re.search(r"docs/en/labs/trial\.py:\d+: from here on the code is not that of .*zh/labs/trial\.py:\d+", said)
