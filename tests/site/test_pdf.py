"""An edition in one PDF: every link inside it leads somewhere, and what is missing is said in a sentence."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from host import ROOT, Site
from playwright.sync_api import Browser
from reading import FULL

from scripts.pdf import GATHER, chapters, printed


def test_the_chapters_stand_in_one_document_and_links_stay_inside(site: Site, browser: Browser) -> None:
    page = browser.new_context(bypass_csp=True).new_page()
    home = f"{site.url}en/"
    page.goto(home)
    given = {"pages": ["bptt/", "glossary/"], "home": home, "title": "T", "about": "A", "contents": "C"}
    lost = page.evaluate(GATHER, given)
    assert all(not place.startswith(("bptt", "glossary")) for place in lost)
    assert page.locator("#bptt a[href^='#glossary--']").count() > 3
    assert page.locator("#bptt--eq-bptt-product .katex").count() == 1
    assert page.locator("details:not(.eq-badge):not([open])").count() == 0
    ids = page.evaluate("[...document.querySelectorAll('main [id]')].map((one) => one.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_edition_is_printed(site: Site, browser: Browser, tmp_path: Path, lang: str) -> None:
    if not FULL and lang == "en":
        pytest.skip("full tier: make check FULL=1")
    file = tmp_path / "book.pdf"
    number = printed(browser, f"{site.url}{lang}/", lang, file)
    assert number == len(list((ROOT / "docs" / lang).rglob("*.md"))) + len(
        list((ROOT / "docs" / lang).glob("labs/*.py"))
    )
    bytes_ = file.read_bytes()
    assert bytes_.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b", bytes_)) > 2 * number


def test_the_order_is_that_of_the_contents() -> None:
    assert chapters([{"A": "index.md"}, {"B": "bptt.md"}, {"C": "labs/x.py"}]) == ["", "bptt/", "labs/x/"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--site", "nowhere"], "make site"), (["--lang", "fr"], "expected en or zh, got fr")],
)
def test_what_is_missing_is_said(arguments: list[str], says: str) -> None:
    command = [sys.executable, "-m", "scripts.pdf", *arguments]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 2
    assert says in re.sub(r"[\s│]+", " ", run.stderr)
    assert "Traceback" not in run.stderr
