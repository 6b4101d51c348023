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
LEAST_RECALL = 1.0
LEAST_HITS = 0.95  # among three pages of twenty-six

# Questions to the search's worker and its answers are counted; the page shows an answer as soon as it is there.
COUNT = """
    window.questions = window.answers = 0;
    const Plain = window.Worker;
    window.Worker = class extends Plain {
        constructor(...given) {
            super(...given);
            this.addEventListener("message", ({ data }) => { if (data.type === 3) window.answers += 1; });
        }
        postMessage(message) {
            if (message.type === 2) window.questions += 1;
            super.postMessage(message);
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
    before = page.evaluate("questions")
    field = page.locator(".md-search__input")
    field.fill(words)
    field.press("End")
    page.wait_for_function("(before) => questions > before && answers === questions", arg=before)
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
    assert len(queries) >= 80
    page = reader(locale=LOCALE[lang])
    page.add_init_script(COUNT)
    visit(page, f"{site.url}{lang}/")
    page.locator(".md-search__input").focus()
    found = {words: find(ask(page, words), urljoin(f"{site.url}{lang}/", place)) for words, place in queries}
    poor = [f"{words} → {place}: {found[words]}" for words, place in queries if not near(found[words])]
    recall = sum(answer.place > 0 for answer in found.values()) / len(found)
    hits = 1 - len(poor) / len(found)
    first = sum(answer.page == 1 for answer in found.values()) / len(found)
    print(
        f"{lang}: {len(found)} queries, recall {recall:.2f}, hit@3 {hits:.2f}, page first {first:.2f}", *poor, sep="\n"
    )
    assert recall >= LEAST_RECALL, poor
    assert hits >= LEAST_HITS, poor


def near(answer: Found) -> bool:
    """Tell whether an answer is among the first three pages, and its place among the first three of its page."""
    return 1 <= answer.page <= 3 and 1 <= answer.place <= 3


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_golden_queries_are_all_different(lang: str) -> None:
    queries = [words for words, _ in tomllib.loads(GOLDEN.read_text(encoding="utf-8"))[lang]]
    assert [words for words in queries if queries.count(words) > 1] == []
