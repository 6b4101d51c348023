"""The search finds what a reader would look for: golden.toml says which page, and which section, must come up."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from host import Site
from playwright.sync_api import Page
from reading import LOCALE, Reader, visit

GOLDEN = Path(__file__).with_name("golden.toml")
LEAST_RECALL, LEAST_HITS = 1.0, 0.97

# What the search's worker answers; the page shows it once the answer is there.
COUNT_ANSWERS = """
    window.answers = 0;
    const Plain = window.Worker;
    window.Worker = class extends Plain {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", ({ data }) => { if (data.type === 3) window.answers += 1; });
        }
    };
"""
SHOWN = """() => [...document.querySelectorAll(".md-search-result__item")].map(
    (item) => [...item.querySelectorAll("a.md-search-result__link")].map((link) => link.href))"""


class Found(NamedTuple):
    """Where an answer stands: the page among the pages, the place among the page's places; 0 is nowhere."""

    page: int
    place: int


def ask(page: Page, words: str) -> list[list[str]]:
    """Return the places that the search shows for some words, page by page, in the order in which they are shown."""
    before = page.evaluate("window.answers")
    field = page.locator(".md-search__input")
    field.fill(words)
    field.press("End")
    page.wait_for_function("(before) => window.answers > before", arg=before)
    page.evaluate("new Promise((shown) => requestAnimationFrame(() => requestAnimationFrame(shown)))")
    shown: list[list[str]] = page.evaluate(SHOWN)
    return shown


def find(shown: list[list[str]], wanted: str) -> Found:
    """Look up an address in what the search shows; an address without a place is found with its page."""
    path, place = urldefrag(wanted)
    for number, links in enumerate(shown, 1):
        if urlsplit(links[0]).path == urlsplit(path).path:
            places = [unquote(urldefrag(link).fragment) for link in links]
            return Found(number, places.index(place) + 1 if place in places else 0)
    return Found(0, 0)


def test_golden_queries(site: Site, reader: Reader, lang: str) -> None:
    queries = tomllib.loads(GOLDEN.read_text(encoding="utf-8"))[lang]
    assert len(queries) >= 40
    page = reader(locale=LOCALE[lang])
    page.add_init_script(COUNT_ANSWERS)
    visit(page, f"{site.url}{lang}/")
    page.locator(".md-search__input").focus()
    found = {words: find(ask(page, words), urljoin(f"{site.url}{lang}/", place)) for words, place in queries}
    recall = sum(answer.place > 0 for answer in found.values()) / len(found)
    hits = sum(0 < answer.page <= 3 and 0 < answer.place <= 3 for answer in found.values()) / len(found)
    first = sum(answer == (1, 1) for answer in found.values()) / len(found)
    poor = [f"{words} → {place}: page {found[words].page}, place {found[words].place}" for words, place in queries
            if not (0 < found[words].page <= 3 and 0 < found[words].place <= 3)]
    print(f"{lang}: {len(found)} queries, recall {recall:.2f}, among the first three {hits:.2f}, first {first:.2f}", *poor, sep="\n")
    assert (recall, hits) >= (LEAST_RECALL, 0), poor
    assert hits >= LEAST_HITS, poor


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_golden_queries_are_all_different(lang: str) -> None:
    queries = [words for words, _ in tomllib.loads(GOLDEN.read_text(encoding="utf-8"))[lang]]
    assert [words for words in queries if queries.count(words) > 1] == []
