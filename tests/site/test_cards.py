"""Cards and questions in a browser: they open under mouse and keyboard, go away when asked, and cover nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from host import Site
from playwright.sync_api import Browser, Locator, Page, expect

Reader = Callable[..., Page]

CARD = "#book-card"
CITATION = "article p a.cite"
TERM = "article p a.term"
FORMULA = "article p > a.eq-ref[href='#eq-bptt-recursion']"  # on the same page
ELSEWHERE = "article p a[href='../bptt/#eq-bptt-product']"  # on another


def visit(page: Page, url: str) -> None:
    """Open a page and wait until all of it has arrived."""
    page.goto(url, wait_until="load")
    page.wait_for_load_state("networkidle")


def beside(page: Page, link: Locator) -> None:
    """Check that the card is in the window and does not cover the link that it belongs to."""
    there, here = page.locator(CARD).bounding_box(), link.bounding_box()
    assert there is not None
    assert here is not None
    assert there["x"] >= 0
    assert there["x"] + there["width"] <= page.viewport_size["width"]
    assert there["y"] >= here["y"] + here["height"] or there["y"] + there["height"] <= here["y"]


@pytest.mark.parametrize(("edition", "what"), [("en", CITATION), ("zh", TERM), ("en", FORMULA)])
def test_a_card_opens_under_the_mouse_and_closes(site: Site, reader: Reader, edition: str, what: str) -> None:
    page = reader(dark=edition == "zh")
    visit(page, f"{site.url}{edition}/bptt/")
    link = page.locator(what).first
    expect(page.locator(CARD)).to_be_hidden()
    link.hover()
    expect(page.locator(CARD)).to_be_visible()
    beside(page, link)
    assert link.get_attribute("aria-describedby") == CARD.removeprefix("#")
    page.locator(CARD).hover()  # the mouse may go there to read, and the card stays
    page.wait_for_timeout(400)
    expect(page.locator(CARD)).to_be_visible()
    page.mouse.move(2, 2)
    expect(page.locator(CARD)).to_be_hidden()
    assert link.get_attribute("aria-describedby") is None


def test_every_card_of_a_page_stays_in_the_window(site: Site, reader: Reader, lang: str) -> None:
    page = reader(width=390)
    visit(page, f"{site.url}{lang}/bptt/")
    for link in page.locator("article a:is([data-card], .eq-ref)").all():
        if link.is_visible():
            page.keyboard.press("Escape")
            link.scroll_into_view_if_needed()
            link.hover()
            expect(page.locator(CARD)).to_be_visible()
            beside(page, link)


def test_a_card_opens_with_the_keyboard_and_escape_closes_it(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, f"{site.url}en/bptt/")
    page.keyboard.press("Tab")  # from now on focus is the keyboard's
    link = page.locator(CITATION).first
    link.focus()
    expect(page.locator(CARD)).to_be_visible()
    assert page.locator(CARD).get_attribute("role") == "tooltip"
    assert "Werbos" in page.locator(CARD).inner_text()
    page.mouse.move(5, 500)
    page.wait_for_timeout(400)
    expect(page.locator(CARD)).to_be_visible()  # the mouse does not take it from the keyboard
    page.keyboard.press("Escape")
    expect(page.locator(CARD)).to_be_hidden()
    expect(link).to_be_focused()
    link.blur()
    link.focus()
    expect(page.locator(CARD)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(f"{CARD}:has-text('Werbos')")).to_be_hidden()


def test_a_card_shows_the_formula_of_another_page_and_asks_for_it_once(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, f"{site.url}en/notation/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/bptt/" in request.url else None)
    page.evaluate(
        """() => {
            const link = Object.assign(document.createElement("a"), {textContent: "x"});
            link.setAttribute("href", "../bptt/#eq-bptt-product");
            document.querySelector("article p").append(" ", link);
        }"""
    )
    for _ in range(2):
        page.locator(ELSEWHERE).hover()
        expect(page.locator(f"{CARD} .katex-display")).to_be_visible()
        page.keyboard.press("Escape")
        page.mouse.move(2, 2)
    assert len(asked) == 1
    assert page.evaluate("document.querySelectorAll('[id]').length") == page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map((one) => one.id)).size"
    )


@pytest.fixture
def finger(browser: Browser) -> Iterator[Page]:
    """Return the page of a reader who has no mouse."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    yield context.new_page()
    context.close()


def test_a_touch_follows_the_link(site: Site, finger: Page) -> None:
    visit(finger, f"{site.url}en/bptt/")
    finger.locator(TERM).first.tap()
    finger.wait_for_url(f"{site.url}en/glossary/#hidden-state")


def test_without_javascript_the_links_lead_there(site: Site, reader: Reader, lang: str) -> None:
    page = reader(js=False)
    visit(page, f"{site.url}{lang}/bptt/")
    expect(page.locator(CARD)).to_have_count(0)
    page.locator(CITATION).first.click()
    page.wait_for_url(f"{site.url}{lang}/references/#ref-werbos1990")
    expect(page.locator("#ref-werbos1990")).to_be_in_viewport()


def test_choices_look_alike_until_they_are_opened(site: Site, reader: Reader, lang: str) -> None:
    page = reader(js=False)
    visit(page, f"{site.url}{lang}/bptt/")
    look = """(choice) => { const ring = getComputedStyle(choice.querySelector("summary"), "::before");
        const text = getComputedStyle(choice.querySelector("summary"));
        return [ring.borderColor, ring.backgroundColor, ring.content, text.color, text.fontWeight].join(); }"""
    choices = page.locator(".quiz > details")
    assert len(set(choices.evaluate_all(f"(all) => all.map({look})"))) == 1
    right, wrong = page.locator(".quiz > .right").first, page.locator(".quiz > .wrong").first
    right.locator("summary").focus()
    page.keyboard.press("Enter")
    wrong.locator("summary").click()
    words = {"en": ("Right.", "Not quite."), "zh": ("对。", "不对。")}[lang]
    for choice, sign, word in zip((right, wrong), "✓✗", words, strict=True):
        expect(choice.locator(".verdict")).to_have_text(word)
        expect(choice.locator(".verdict")).to_be_visible()
        assert sign in choice.evaluate(look)
    assert right.evaluate(look) != wrong.evaluate(look)
