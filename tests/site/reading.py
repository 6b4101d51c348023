"""What the tests of the pages do in a browser again and again."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import pytest
from host import chapters
from playwright.sync_api import Page, Request, Response

Reader = Callable[..., Page]
OTHER = {"en": "zh", "zh": "en"}
LOCALE = {"en": "en-US", "zh": "zh-CN"}
WORDS = {"en": "hidden state", "zh": "梯度"}
WIDTHS = (1366, 390, 320)
FULL = bool(os.environ.get("FULL"))  # try everything everywhere: `make check FULL=1`


def only_one_way(chapter: str, this: object, ways: Sequence[object]) -> None:
    """Skip all ways of trying a page but one, each page another: pages are built alike, and landing is to be quick."""
    if not FULL and this != ways[chapters().index(chapter) % len(ways)]:
        pytest.skip("full tier: make check FULL=1")


def visit(page: Page, url: str) -> None:
    """Open a page and wait until all of it has arrived: a quiet network alone may be a parser out of breath."""
    page.goto(url, wait_until="load")
    page.wait_for_load_state("networkidle")


def watch(page: Page, home: str) -> tuple[list[Response], list[str]]:
    """Collect what a page loads, and its complaints: violations of its policy too, and all that it asks of others."""
    responses: list[Response] = []
    complaints: list[str] = []

    def ask(request: Request) -> None:
        if not request.url.startswith((home, "data:")):
            complaints.append(f"asked elsewhere: {request.url}")

    page.on("request", ask)
    page.on("response", lambda response: responses.append(response))  # playwright cannot mark a built-in as its handler
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    page.add_init_script("""
        addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
            console.error(`against the policy: ${violatedDirective} ${blockedURI} ${sample}`));
    """)
    return responses, complaints


def watch_shifts(page: Page) -> None:
    """Add up in `shift` how far what is seen moves by itself."""
    page.add_init_script("""
        window.shift = 0;
        new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; })
            .observe({ type: "layout-shift", buffered: true });
    """)


def least_shift(page: Page, new: Callable[[], Page], most: float) -> float:
    """Return how far a visited page has moved, or one of two more readers saw it move if that is less.

    On a busy machine a page may be painted before a face that has arrived already; what moves by itself moves for all.
    """
    shift, url = float(page.evaluate("shift")), page.url
    for _ in range(2):
        if shift >= most:
            again = new()
            watch_shifts(again)
            visit(again, url)
            shift = min(shift, float(again.evaluate("shift")))
    return shift


def anchors(page: Page) -> list[str]:
    """Return the places of a page that other pages may point to."""
    places = "article :is(h2, h3, .eq)[id]"
    found: list[str] = page.evaluate(
        "(places) => [...document.querySelectorAll(places)].map((place) => place.id)", places
    )
    return found


def too_wide(page: Page) -> list[str]:
    """Return what of a page is wider than the screen."""
    found: list[str] = page.evaluate("""() => {
        const width = innerWidth, whole = document.documentElement.scrollWidth;
        const over = [...document.querySelectorAll("article > *")]
            .filter((part) => part.getBoundingClientRect().right > width + 1)
            .map((part) => part.outerHTML.slice(0, 120));
        return whole > width ? [`the page is ${whole} wide`, ...over] : over;
    }""")
    return found


def resize(page: Page, width: int) -> None:
    """Make the screen wider or narrower."""
    page.set_viewport_size({"width": width, "height": 900 if width > 600 else 844})


def unfold(page: Page) -> None:
    """Open every box that a reader can open in the text; badges, which lie over it, stay as they are."""
    page.evaluate("for (const button of document.querySelectorAll('.own button[aria-expanded=false]')) button.click()")
    page.evaluate("for (const box of document.querySelectorAll('article details:not(.eq-badge)')) box.open = true")


def search(page: Page, words: str) -> None:
    """Type words into the search; each key would ask once more, so they are typed at once."""
    field = page.locator(".md-search__input")
    if not field.is_visible() or page.viewport_size["width"] < 1220:
        page.locator("label.md-header__button[for=__search]").click()
    field.fill(words)
    field.press("End")
