"""Nobody is kept out: axe finds nothing on any page, light and dark, on phones and desks, in any state of the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from host import Site
from playwright.sync_api import Page, Route, expect
from reading import FULL, LOCALE, WIDTHS, WORDS, Reader, only_one_way, resize, search, unfold, visit

# What axe finds and the book keeps: the rule, the elements in question, the reason.
KEPT = {
    "empty-table-header": ":has(math)",  # axe takes MathML for nothing; the programs that read to readers say it
    "summary-name": ":has(math)",  # likewise an answer of a quiz that is a formula
}

COLOURS = ["color-contrast", "link-in-text-block"]
SIZES = ["target-size", "scrollable-region-focusable", "meta-viewport"]

# A formula's visible half is hidden from screen readers (its MathML is not) and has no colour of its own; but it is
# most of a long page's elements, and axe would take four times as long.  So it becomes an empty box of the same size.
BOX_FORMULAS = """() => {
    const halves = [...document.querySelectorAll(".katex-html")];
    const sizes = halves.map((half) => half.getBoundingClientRect());
    window.formulas = halves.map((half) => [half, [...half.childNodes]]);
    halves.forEach((half, index) => {
        half.replaceChildren();
        half.style.cssText = `display: inline-block; width: ${sizes[index].width}px; height: ${sizes[index].height}px`;
    });
}"""
SHOW_FORMULAS = """() => {
    for (const [half, nodes] of window.formulas ?? []) {
        half.removeAttribute("style");
        half.replaceChildren(...nodes);
    }
}"""
RUN = """([options, kept]) => axe.run(document, options).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
    nodes.filter(({ target }) => !(id in kept && document.querySelector(target[0])?.matches(kept[id])))
        .map(({ target, html, failureSummary }) => `${id}: ${target} ${html.slice(0, 160)} ${failureSummary}`)))"""


def barriers(page: Page, axe: str, *, only: Sequence[str] = ()) -> list[str]:
    """Return what axe finds in a page as it stands, by all its rules or by some."""
    options: dict[str, Any] = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
    if only:
        options = {"resultTypes": ["violations"], "runOnly": only}
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe)
    found: list[str] = page.evaluate(RUN, [options, KEPT])
    if found:  # a busy machine may be caught between two states; what a reader meets is still there after a moment
        page.wait_for_timeout(1000)
        found = page.evaluate(RUN, [options, KEPT])
    return found


def turn(page: Page, scheme: str) -> None:
    """Turn a page dark or light, with its own switch if it has one."""
    switch = page.locator("label[for^=__palette]:visible")
    if switch.count():
        switch.click()
    else:
        page.emulate_media(color_scheme=scheme)
    expect(page.locator("html")).to_have_css("color-scheme", scheme if switch.count() else "light dark")


def try_all_sizes(page: Page, axe: str) -> None:
    """Hold a page to all rules on a desk, to those on sizes on phones too, and to those on colour in the dark too.

    The full tier holds it to all rules, and to those on colour in the dark, at every width.
    """
    for width in WIDTHS:
        page.evaluate(SHOW_FORMULAS)
        resize(page, width)
        page.evaluate(BOX_FORMULAS)
        every = FULL or width == WIDTHS[0]
        assert barriers(page, axe, only=() if every else SIZES) == [], f"light, {width} px"
        if every:
            turn(page, "dark")
            assert barriers(page, axe, only=COLOURS) == [], f"dark, {width} px"
            turn(page, "light")


def test_a_page_has_no_barriers(site: Site, reader: Reader, axe: str, lang: str, chapter: str) -> None:
    only_one_way(chapter, lang, ("zh", "en"))
    page = reader(locale=LOCALE[lang])
    page.emulate_media(reduced_motion="reduce")  # so that no colour is caught while it changes
    visit(page, f"{site.url}{lang}/{chapter}")
    unfold(page)
    try_all_sizes(page, axe)


@pytest.mark.parametrize("path", ["", "en/404.html", "zh/404.html", "no/such/page"])
def test_the_pages_above_have_no_barriers(site: Site, reader: Reader, axe: str, path: str) -> None:
    page = reader()
    page.emulate_media(reduced_motion="reduce")
    page.route(site.url, stay)
    page.goto(f"{site.url}{path}", wait_until="load")
    try_all_sizes(page, axe)


def stay(route: Route) -> None:
    """Answer with a page that does not send its reader on."""
    answer = route.fetch()
    route.fulfill(response=answer, body=re.sub("<script>.*?</script>", "", answer.text(), flags=re.DOTALL))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_what_opens_has_no_barriers(site: Site, reader: Reader, axe: str, lang: str, dark: bool) -> None:
    page = reader(locale=LOCALE[lang], dark=dark)
    page.emulate_media(reduced_motion="reduce")
    visit(page, f"{site.url}{lang}/")
    assert barriers(page, axe) == [], "the page with its formulas in it"
    page.locator(".eq-ok .eq-badge > summary").first.click()
    assert barriers(page, axe) == [], "an open badge"
    page.keyboard.press("Escape")
    search(page, WORDS[lang])
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert barriers(page, axe) == [], "the search"
    page.keyboard.press("Escape")
    resize(page, 390)
    page.locator("label.md-header__button[for=__drawer]").click()
    expect(page.locator(".md-nav--primary")).to_be_in_viewport()
    assert barriers(page, axe) == [], "the table of contents on a phone"
