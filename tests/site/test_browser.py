"""What only a browser can see: requests, readable mathematics, the switch of languages, steadiness, width."""

from __future__ import annotations

import gzip
from urllib.parse import urljoin

import pytest
from host import Site
from playwright.sync_api import Page, expect
from reading import (
    FULL,
    LOCALE,
    OTHER,
    WIDTHS,
    WORDS,
    Reader,
    anchors,
    least_shift,
    only_one_way,
    resize,
    search,
    too_wide,
    unfold,
    visit,
    watch,
    watch_shifts,
)

KIB = 1024
MOST_REQUESTS, MOST_BYTES, MOST_SCRIPT = 15, 150 * KIB, 40 * KIB  # a page in an empty cache, compressed as hosts do
MOST_SHIFT = 0.02


def test_a_first_visit_is_light_and_quiet(site: Site, reader: Reader, lang: str, chapter: str) -> None:
    page = reader(width=390, locale=LOCALE[lang])
    responses, complaints = watch(page, site.url)
    watch_shifts(page)
    visit(page, f"{site.url}{lang}/{chapter}")
    sizes = {r.url: len(r.body() if r.url.endswith(".woff2") else gzip.compress(r.body(), 6)) for r in responses}
    assert len(responses) <= MOST_REQUESTS, sorted(sizes)
    assert sum(size for url, size in sizes.items() if url.endswith(".js")) <= MOST_SCRIPT, sizes
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert [url for url in sizes if "search" in url] == []
    assert least_shift(page, lambda: reader(width=390, locale=LOCALE[lang]), MOST_SHIFT) < MOST_SHIFT
    assert too_wide(page) == []

    page.mouse.wheel(0, 20000)
    use_everything(page)
    if FULL:  # else on one page alone, below
        search(page, WORDS[lang])
        expect(page.locator(".md-search-result__item").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert complaints == []
    assert [r.url for r in responses if r.status >= 400] == []


def use_everything(page: Page) -> None:
    """Use what a page offers: badges, boxes, the copy button, light and dark."""
    unfold(page)
    badge = page.locator(".eq-ok .eq-badge > summary")
    if badge.count():
        badge.first.click()
        page.keyboard.press("Escape")
    copy = page.locator(".md-code__button:visible")  # one in a closed badge cannot be clicked
    if copy.count():
        copy.first.click()
        expect(page.locator(".md-dialog--active")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").strip()
    page.locator("label[for^=__palette]:visible").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")


def test_a_page_reads_without_javascript(site: Site, reader: Reader, lang: str, chapter: str) -> None:
    only_one_way(chapter, lang, ("en", "zh"))
    page = reader(js=False)
    page.goto(f"{site.url}{lang}/{chapter}", wait_until="load")
    page.evaluate("document.fonts.ready")
    seen = page.evaluate("""() => {
        const shown = (box) => !box.closest("details:not([open])");
        const area = (box) => box.getBoundingClientRect().width * box.getBoundingClientRect().height;
        const boxes = [...document.querySelectorAll(".katex-html")];
        const text = document.querySelector("article").cloneNode(true);
        for (const known of text.querySelectorAll(".katex, code, pre")) known.remove();
        return {
            boxes: boxes.length,
            maths: document.querySelectorAll(".katex math").length,
            broken: document.querySelectorAll("math merror, .katex-error, .tex-error").length,
            flat: boxes.filter(shown).filter((box) => !box.checkVisibility() || !area(box)).length,
            raw: text.textContent.match(/\\$\\$|\\\\[([]|\\\\(begin|frac|delta|sum)|^\\/\\/\\//m),
            faces: [...document.fonts].filter((face) => face.status === "error").map((face) => face.family),
        };
    }""")
    equations = page.locator(".eq").count()
    assert seen["boxes"] == seen["maths"] >= equations
    assert (seen["broken"], seen["flat"], seen["raw"], seen["faces"]) == (0, 0, None, [])
    for width in WIDTHS:
        resize(page, width)
        assert too_wide(page) == [], width
    page.click(".book-switch")
    page.wait_for_url(f"{site.url}{OTHER[lang]}/{chapter}")


@pytest.mark.parametrize("width", [390, 1366])
def test_a_deep_link_arrives_and_nothing_moves(site: Site, reader: Reader, lang: str, chapter: str, width: int) -> None:
    only_one_way(chapter, (lang, width), [("en", 390), ("zh", 1366), ("zh", 390), ("en", 1366)])
    page = reader(width=width, locale=LOCALE[lang])
    watch_shifts(page)
    visit(page, f"{site.url}{lang}/{chapter}")
    assert least_shift(page, lambda: reader(width=width, locale=LOCALE[lang]), MOST_SHIFT) < MOST_SHIFT
    assert too_wide(page) == []
    places = anchors(page)
    page.goto("about:blank")
    place = places[len(places) // 2]
    visit(page, f"{site.url}{lang}/{chapter}#{place}")
    page.wait_for_timeout(300)
    assert page.evaluate("shift") < MOST_SHIFT
    top = page.evaluate("(id) => document.getElementById(id).getBoundingClientRect().top", place)
    bottom = page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
    assert 40 <= top <= 400 or bottom <= 1, f"#{place} stands {top} px from the top"

    anchor = f"#{places[-1]}"
    page.evaluate("(anchor) => { location.hash = anchor }", anchor)
    page.click(".book-switch")
    page.wait_for_url(f"{site.url}{OTHER[lang]}/{chapter}{anchor}")
    assert page.locator(anchor).count() == 1, f"{anchor} is in one language only"
    page.goto(site.url)
    page.wait_for_url(f"{site.url}{OTHER[lang]}/")  # the choice is remembered


def test_switch_keeps_the_place_that_is_being_read(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, f"{site.url}en/bptt/")
    headings = page.locator("article h2[id]")
    middle = headings.nth(headings.count() // 2)
    place = middle.get_attribute("id")
    middle.evaluate("(heading) => heading.scrollIntoView()")
    page.click(".book-switch")
    page.wait_for_url(f"{site.url}zh/bptt/#*")
    assert page.url.endswith(f"#{place}")


def settled_height(page: Page) -> int:
    """Return the height of a page once its fonts are there and it has stopped changing."""
    heights = [-1, -2]
    while heights[-1] != heights[-2]:
        page.wait_for_timeout(200)
        heights.append(page.evaluate("document.fonts.ready.then(() => document.documentElement.scrollHeight)"))
    return heights[-1]


def test_the_badge_opens_without_javascript_and_moves_nothing(site: Site, reader: Reader, lang: str) -> None:
    page = reader(js=False)
    visit(page, f"{site.url}{lang}/bptt/")
    badge = page.locator(".eq-ok .eq-badge").first
    height = settled_height(page)
    expect(badge.locator(".eq-evidence")).to_be_hidden()
    badge.locator("summary").click()
    expect(badge.locator(".eq-evidence")).to_be_visible()
    assert abs(settled_height(page) - height) <= 1  # a fraction of a pixel may round either way


def test_dark_needs_no_javascript(site: Site, reader: Reader, lang: str) -> None:
    for dark, js in ((False, True), (False, False), (True, True), (True, False)):
        page = reader(dark=dark, js=js)
        page.goto(f"{site.url}{lang}/")
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)")
        assert (sum(paper) < 3 * 64) == dark, (dark, js, paper)


def test_search_waits_until_it_is_wanted_and_then_finds(site: Site, reader: Reader, lang: str) -> None:
    page = reader(locale=LOCALE[lang])
    responses, complaints = watch(page, site.url)
    visit(page, f"{site.url}{lang}/")
    assert [r.url for r in responses if "search" in r.url] == []
    search(page, WORDS[lang])
    expect(page.locator(".md-search-result__item").first).to_be_visible()
    assert complaints == []
    found = ".md-search-result__link:not([href$='?h=']):visible"  # above a section stands its page, found or not
    page.locator(found).first.click()
    expect(page.locator("article mark").first).to_be_attached()


@pytest.mark.parametrize(("locale", "edition"), [("en-US", "en"), ("zh-CN", "zh"), ("zh-TW", "zh"), ("fr-FR", "en")])
def test_the_root_sends_readers_by_their_language(site: Site, reader: Reader, locale: str, edition: str) -> None:
    page = reader(locale=locale)
    page.goto(site.url)
    page.wait_for_url(f"{site.url}{edition}/")


@pytest.mark.parametrize("path", ["", "no/such/page"])
def test_root_pages_offer_both_editions_without_javascript(site: Site, reader: Reader, path: str) -> None:
    for width, dark in ((320, False), (1366, True)):
        page = reader(js=False, width=width, dark=dark)
        page.goto(f"{site.url}{path}")
        for lang in ("en", "zh"):
            door = page.locator(f"a.door[href$='{lang}/']")
            expect(door).to_be_visible()
            assert urljoin(page.url, door.get_attribute("href")) == f"{site.url}{lang}/"
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_lost_reader_is_told_in_both_languages_the_own_one_first(site: Site, reader: Reader) -> None:
    lost = [("en", "a/b/c/", "en"), ("zh", "a/b/c/", "zh-CN"), ("en", "zh/nope/", "zh-CN"), ("zh", "en/x/y", "en")]
    for mine, path, first in lost:
        page = reader(locale=LOCALE[mine])
        answer = page.goto(f"{site.url}{path}")
        assert answer is not None
        assert answer.status == 404
        assert page.locator("section").first.get_attribute("lang") == first


@pytest.mark.parametrize("path", ["bptt", "bptt/", "bptt.html", "bptt/index.html"])
def test_a_chapter_without_its_language_opens_in_the_readers(site: Site, reader: Reader, lang: str, path: str) -> None:
    page = reader(locale=LOCALE[lang])
    page.goto(f"{site.url}{path}#product")
    page.wait_for_url(f"{site.url}{lang}/bptt/#product")
