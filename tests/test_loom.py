"""The Markdown extension: what is wrong with a page is named with file, line and reason, and never passes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.book import cache, checks, closure, katex
from scripts.book.badge import _span
from scripts.book.closure import ROOT
from scripts.book.pages import Edition, words

GOOD = r"\delta_{k\leftarrow t} = \prod_{i=k+1}^{t} \bigl(W_{hh}^\top\,\operatorname{diag}(1-h_i^2)\bigr)\, e_t"


def block(name: str, tex: str) -> str:
    return f"/// equation | {name}\n{tex}\n///\n"


def test_a_formula_that_holds(weave):
    html, said = weave("# Page\n\nText.\n\n" + block("bptt-product", GOOD))
    assert said == []
    assert 'id="eq-bptt-product"' in html
    assert 'class="eq eq-ok"' in html
    assert "<math" in html
    assert "katex-html" in html
    assert re.search(r'class="eq-figure">✓ \de-1\d<', html)
    assert "0 ≤ k ≤ t ≤ T, t ≥ 1" in html
    assert "rnn/equations/bptt.py:" in html
    assert "operatorname" not in html  # the TeX itself is not in the page


def test_a_slack_that_is_rounding_is_nought_without_a_sign():
    assert _span((-2e-16, 0.989)) == "0%–99%"
    assert _span((-2e-16, 0.0)) == "0%"


def test_the_badge_speaks_chinese(weave):
    html, said = weave("# 页\n\n" + block("bptt-product", GOOD), lang="zh")
    assert said == []
    assert "下标范围" in html
    assert 'aria-label="公式 1"' in html


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{i=k+1}", "{i=k}"),
        (r"W_{hh}^\top", "W_{hh}"),
        ("1-h", "1+h"),
        ("h_i^2", "h_{i-1}^2"),
        (r"\prod_{i=k+1}^{t}", r"\prod_{i=t}^{k+1}"),
        ("e_t", "e_k"),
        (r"k\leftarrow t", r"t\leftarrow k"),
    ],
)
def test_a_formula_that_fails_is_named_with_its_line(weave, old, new):
    assert old in GOOD
    html, said = weave("# Page\n\nText.\n\n" + block("bptt-product", GOOD.replace(old, new, 1)))
    assert len(said) == 1
    assert re.match(r".*page0\.md:6: equation bptt-product fails: ", said[0])
    assert 'class="eq eq-failed"' in html
    assert "eq-failure" in html
    assert "✗" in html


def test_the_line_is_that_of_the_claim(weave):
    rows = [r"a_t &= W_{xh}\,x_t + W_{hh}\,h_{t-1} + b_h", r"h_t &= \tanh(x_t)", r"y_t &= W_{hy}\,h_t"]
    tex = "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"
    _, said = weave("# Page\n\n" + block("bptt-forward", tex))
    assert said[0].split(": ")[0].endswith("page0.md:6")


def test_a_formula_that_does_not_parse(weave):
    _, said = weave("# Page\n\n" + block("bptt-product", r"\delta_k = \frac{1}{2} \mid e_t"))
    assert "fails: the TeX does not parse at “\\mid e_t”" in said[0]
    _, said = weave("# Page\n\n" + block("bptt-product", r"\delta_{k\leftarrow t} = V_{hh} e_t"))
    assert "unknown name V_{hh};" in said[0]
    assert "the context “elman” offers" in said[0]
    assert "W_{hh}" in said[0]


def test_a_formula_without_a_check(weave):
    html, said = weave("# Page\n\n" + block("bptt-prodct", GOOD))
    assert said[0].split(": ", 1)[0].endswith("page0.md:3")
    assert "equation bptt-prodct has no check: there is no bptt_prodct in rnn/equations/bptt.py;" in said[0]
    assert "did you mean bptt-product or " in said[0]
    assert "eq-failed" in html


def test_a_check_without_a_formula(weave, caplog):
    weave("# Page\n\n" + block("bptt-product", GOOD))
    unused = [r.getMessage() for r in caplog.records if "is on no page of the edition" in r.getMessage()]
    assert any(re.match(r"rnn/equations/notation\.py:\d+: equation notation-lstm is on no page", u) for u in unused)
    assert not any("bptt-product is" in u for u in unused)


def test_a_formula_that_stands_twice(weave):
    _, said = weave("# Page\n\n" + block("bptt-product", GOOD), "# Other\n\n" + block("bptt-product", GOOD))
    assert re.search(r"page1\.md:3: equation bptt-product stands already on .*page0\.md:3", said[0])


def test_tex_that_katex_refuses(weave):
    html, said = weave("# Page\n\n" + block("bptt-product", GOOD.replace("}", "", 1)) + "\nAnd $x_{$ here.\n")
    assert any(re.search(r"page0\.md:3: equation bptt-product cannot be set: ", s) for s in said)
    assert any(re.search(r"page0\.md:7: \$x_\{\$ cannot be set: ", s) for s in said)
    assert html.count("tex-error") == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Text\n\n$$x$$\n", ":5: bare $$"),
        ("## On $x$ { #x }\n", ":3: a heading with mathematics"),
        ("/// equation bptt-product\nx\n///\n", ":3: a block that is not understood"),
        ("/// eqation | bptt-product\nx\n///\n", ":3: a block that is not understood"),
        ("See [](#eq-bptt-prduct).\n", ":3: there is no equation bptt-prduct"),
        ('```python\n--8<-- "rnn/nowhere.py:step"\n```\n', ":4: listing rnn/nowhere.py: there is no such file"),
        (
            '```python\n--8<-- "rnn/simple.py:stepp"\n```\n',
            "simple.py has no section stepp; did you mean step",
        ),
        ("/// session | nowhere\n///\n", ":3: session nowhere: there is no scripts/sessions/nowhere.py"),
        ("/// session | index\nmore\n///\n", ":3: a session block is two lines"),
    ],
)
def test_what_is_missing_or_misspelt(weave, text, message):
    _, said = weave("# Page\n\n" + text)
    assert any(message in s for s in said), said


def test_an_indented_block_is_not_lost(weave):
    _, said = weave("# Page\n\n!!! note\n    /// equation | bptt-product\n    x = x\n    ///\n")
    assert len(said) == 1
    assert "begins and ends at the left margin" in said[0] or "not understood" in said[0]


def test_references_take_the_number_and_the_page(weave):
    page = "# One\n\nSee [](#eq-bptt-delta), [](page1.md#eq-bptt-product), [words](#eq-bptt-delta).\n\n"
    other = "# Two { #two }\n\n" + block("bptt-local-error", "x") + "\n" + block("bptt-product", GOOD)
    html, said = weave(page + block("bptt-delta", r"\delta_k = \frac{\partial L}{\partial h_k}"), other)
    assert [s for s in said if "local-error" not in s] == []
    assert '<a class="eq-ref" href="#eq-bptt-delta">(1)</a>' in html
    assert '<a class="eq-ref" href="page1.md#eq-bptt-product">Two (2)</a>' in html
    assert '<a href="#eq-bptt-delta">words</a>' in html


def test_inline_mathematics_is_set_and_code_is_left_alone(weave):
    html, said = weave("# Page\n\nThe state $h_t < 1$ and `$h_t$`.\n\n```text\n$$ $x$\n```\n")
    assert said == []
    assert html.count('class="math"') == 1
    assert "<code>$h_t$</code>" in html


def test_a_session_shows_its_code_and_what_it_printed(weave):
    html, said = weave("# Page\n\n/// session | index\n///\n")
    assert said == []
    text = re.sub(r"<[^>]+>", "", html)
    assert "SimpleRNN(input_size=3" in text
    assert "outputs (7, 4, 2) hidden states (7, 4, 5)" in text
    assert "[start:shown]" not in text
    assert "assert" not in text


def test_what_a_session_prints_has_no_spaces_at_the_ends_of_lines(monkeypatch, weave):
    monkeypatch.setattr(checks, "session", lambda name: "a sample  \nof a text \n")
    text = re.sub(r"<[^>]+>", "", weave("# Page\n\n/// session | index\n///\n")[0])
    assert "a sample\nof a text\n" in text


def test_a_session_that_raises_is_named(tmp_path, monkeypatch, weave):
    command = [sys.executable, "-c", "import rnn; rnn.SimpleRNN(0, 1, 1)"]
    monkeypatch.setattr(checks, "session", lambda name: checks.run(command, ""))
    _, said = weave("# Page\n\n/// session | index\n///\n")
    assert re.search(r":3: session index stops: rnn/\w+\.py:\d+: ValueError: input_size: ", said[0])


def test_when_nothing_can_be_checked_that_is_said_once(monkeypatch, weave):
    def stop(_formulas):
        raise checks.ComputeError("rnn/simple.py:7: SyntaxError: invalid syntax")

    monkeypatch.setattr(checks, "check", stop)
    html, said = weave("# Page\n\n" + block("bptt-product", GOOD))
    assert said == ["no equation can be checked: rnn/simple.py:7: SyntaxError: invalid syntax"]
    assert "eq-failed" in html


def test_a_page_is_found_by_its_text(tmp_path):
    (tmp_path / "a.md").write_text("---\ntitle: x\n---\n# A\n\ntext\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("# B\n", encoding="utf-8")
    edition = Edition(tmp_path)
    assert edition.refresh()
    assert not edition.refresh()
    assert edition.page_with("# A\n\ntext").path.name == "a.md"
    assert edition.page_with("# C").path.name == "(a page that is not on disk)"


# --------------------------------------------------------------------------- the cache


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Make a package of three modules and a data file, and let it be ours."""
    monkeypatch.setattr(closure, "ROOT", tmp_path)
    folder = tmp_path / "rnn"
    folder.mkdir()
    files = {
        "__init__.py": "",
        "a.py": '"""Doc."""\nfrom rnn import b\n\n\ndef f():\n    """Say f."""\n    return b.g()  # why\n',
        "b.py": 'import numpy\nDATA = "numbers.csv"\n\n\ndef g():\n    return 1\n',
        "c.py": "x = 1\n",
        "numbers.csv": "1\n",
    }
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_the_closure_is_what_a_module_imports(package):
    assert {path.name for path in closure.closure("rnn.a")} == {"__init__.py", "a.py", "b.py", "numbers.csv"}


@pytest.mark.parametrize(("line", "loads"), [("from rnn import x", True), ("import rnn", True), ("", False)])
def test_a_name_that_a_package_loads_when_asked_is_followed_to_its_home(package, line, loads):
    (package / "__init__.py").write_text("if TYPE_CHECKING:\n    from rnn.c import x as x\n")
    (package / "d.py").write_text(f"{line}\n")
    closure._read.cache_clear()
    assert ("c.py" in {path.name for path in closure.closure("rnn.d")}) is loads


@pytest.mark.parametrize(
    ("file", "old", "new", "changes"),
    [
        ("a.py", "Say f.", "Say it.", False),
        ("a.py", "# why", "# because", False),
        ("c.py", "1", "2", False),
        ("b.py", "return 1", "return 2", True),
        ("a.py", "b.g()", "-b.g()", True),
        ("numbers.csv", "1", "2", True),
    ],
)
def test_the_hash_sees_code_and_data_and_nothing_else(package, file, old, new, changes):
    before = closure.digest("rnn.a")
    text = (package / file).read_text()
    assert old in text
    (package / file).write_text(text.replace(old, new))
    closure._read.cache_clear()
    assert (closure.digest("rnn.a") != before) is changes


def test_results_are_remembered_and_failures_only_by_the_process(tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "CACHE", tmp_path)
    monkeypatch.setattr(checks, "_failures", {})
    runs = []
    real = checks.run
    monkeypatch.setattr(checks, "run", lambda *args: runs.append(args) or real(*args))
    good, bad = {"bptt-product": GOOD}, {"bptt-product": GOOD.replace("1-h", "1+h")}
    first = checks.check(good)
    assert checks.check(good) == first
    assert len(runs) == 1
    assert not checks.check(bad)[1]["bptt-product"]["ok"]
    assert not checks.check(bad)[1]["bptt-product"]["ok"]
    assert len(runs) == 2
    checks._failures.clear()
    assert not checks.check(bad)[1]["bptt-product"]["ok"]
    assert len(runs) == 3


# --------------------------------------------------------------------------- a broken book is not built


KEPT = {"notation", "bptt", "glossary", "references"}  # the chapter that is broken, and the pages that it points to


@pytest.fixture
def small_book(tmp_path):
    """Copy the book with a single chapter, so that only that one is computed anew when the package changes."""
    folder = tmp_path / "book"
    for name in ("rnn", "scripts", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for lang in ("en", "zh"):
        shutil.rmtree(folder / "docs" / lang / "labs", ignore_errors=True)
    for page in (folder / "docs" / "en").glob("*.md"):
        if page.stem not in KEPT:  # of the others only the places that links lead to
            headings = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
            page.write_text("\n\n".join(headings) + "\n", encoding="utf-8")
            for place in ("rnn/equations/{}.py", "rnn/workshop/exercises/{}.py", "scripts/figures/{}.py"):
                (folder / place.format(page.stem)).unlink(missing_ok=True)
    config = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    config = re.sub(r"^(hooks:| *mkdocs-jupyter:|.*: labs/).*\n", "", config, flags=re.M)
    (folder / "mkdocs.yml").write_text(config, encoding="utf-8")
    shutil.copy(ROOT / "package-lock.json", folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    if (cached := ROOT / "build" / "cache").exists():
        shutil.copytree(cached, folder / "build" / "cache")
    return folder


def build_strictly(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder / "site")]
    environment = {**os.environ, "PYTHONPATH": str(folder), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)


def test_the_small_book_is_whole(small_book):
    done = build_strictly(small_book)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("rnn/simple.py", "slope = 1 - h**2", "slope = 1 + h**2", r"bptt\.md:\d+: equation bptt-rows-package fails"),
        (
            "rnn/simple.py",
            'd_h_prev = d_a @ self.params["W_hh"].T',
            'd_h_prev = d_a @ self.params["W_hh"]',
            r"bptt\.md:\d+: equation bptt-rows fails",
        ),
        (
            "docs/en/bptt.md",
            "(W_{hh}^\\top\\,\\operatorname",
            "(W_{hh}\\,\\operatorname",
            r"bptt\.md:\d+: equation bptt-product-derivation fails",
        ),
        ("docs/en/bptt.md", "J_4\\,J_3\\,J_2\n", "J_4\\,J_3\\,J_1\n", r"bptt\.md:\d+: equation bptt-four-to-one fails"),
        (
            "scripts/figures/bptt.py",
            "x=0.5",
            'x=float("nan")',
            r"bptt\.md:\d+: figure bptt-unrolled stops: scripts/figures/bptt\.py:\d+: \w+: .*(NaN|nan|finite)",
        ),
        (
            "docs/en/bptt.md",
            "/// figure | bptt-unrolled",
            "/// figure | bptt-rolled",
            r"there is no @figure bptt_rolled",
        ),
    ],
)
def test_a_broken_book_is_not_built(small_book, file, old, new, message):
    text = (small_book / file).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (small_book / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    done = build_strictly(small_book)
    assert done.returncode != 0
    assert re.search(message, done.stderr), done.stderr


def test_katex_messages_are_one_line():
    with pytest.raises(katex.KatexError) as raised:
        katex.render(r"\frac{1}{", display=False)
    assert "\n" not in str(raised.value)


def test_words_are_counted_as_a_reader_does():
    text = "# One two\n\nThree’s *four* $x + y$ `code` {{a-b.c}} [five](six.md) [@seven2000].\n\n"
    text += "/// equation | a-b\nz = z\n///\n\n```text\nnot this\n```\n\n| six | seven |\n|:--|:--|\n| 中文 | x |\n"
    assert words(text) == 10


def test_a_chapter_with_exercises_says_how_long_it_takes(weave):
    chapter = "# Page\n\n" + "word " * 1800 + '\n\n!!! exercise "[code] Do it"\n    Now.\n'
    assert '<p class="minutes">10 minutes with a pencil</p>' in weave(chapter)[0]
    assert "拿着笔读，约 5 分钟" in weave(chapter.replace("word " * 1800, "字" * 320), lang="zh")[0]
    assert "minutes" not in weave("# Page\n\n" + "word " * 1800)[0]
