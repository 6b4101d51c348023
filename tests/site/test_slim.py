"""What `scripts/slim.py` leaves out of the built site is nowhere to be seen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from host import ROOT, Site
from playwright.sync_api import Page, Route
from reading import FULL, LOCALE, Reader, resize, search, unfold, visit

from scripts.assets import MOST_TABS
from scripts.slim import share_paths, short_lengths, slim_script, slim_style, without_indentation

# The style of every kind of element as the browser computes it, and that of what stands before and after it.  A kind is
# a tag with its classes inside another: one of each is enough, and a page has twenty thousand elements.
STYLES = """() => {
    const known = new Set(), all = [];
    for (const part of document.querySelectorAll("*")) {
        const name = (one) => `${one?.tagName}.${one?.getAttribute("class")}`;
        const kind = `${name(part.parentElement?.parentElement)} ${name(part.parentElement)} ${name(part)}`;
        if (known.has(kind)) continue;
        known.add(kind);
        for (const side of ["", "::before", "::after"]) {
            const style = getComputedStyle(part, side || null);
            if (side && style.content === "none") continue;
            const text = [...style].filter((name) => !name.startsWith("--") && !/transition|animation/.test(name))
                .map((name) => `${name}: ${style.getPropertyValue(name)}`).join("; ");
            all.push(`${kind}${side} ${text}`);
        }
    }
    return all;
}"""


def styles(page: Page, width: int) -> list[str]:
    """Return the styles of a page at a width, with its boxes and its search open."""
    resize(page, width)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(500)  # for what slides or fades
    found: list[str] = page.evaluate(STYLES)
    return found


def test_slim_style_sheets_paint_as_the_whole_ones_do(site: Site, reader: Reader, lang: str) -> None:
    def whole(route: Route) -> None:
        path = Path(route.request.url.split(f"/{lang}/", 1)[1])
        route.fulfill(body=(ROOT / "docs" / "shared" / path).read_text(encoding="utf-8"), content_type="text/css")

    for chapter in ("", "notation/") if FULL else ("notation/",):
        seen = []
        for full in (False, True):
            page = reader(locale=LOCALE[lang])
            page.emulate_media(reduced_motion="reduce")
            if full:
                page.route("**/*.css", whole)
            visit(page, f"{site.url}{lang}/{chapter}")
            unfold(page)
            for badge in page.locator(".eq-ok .eq-badge").all()[:2]:
                badge.evaluate("(badge) => { badge.open = true }")
            wide = styles(page, 1366)
            search(page, "rnn")
            page.locator(".md-search-result__item").first.wait_for()
            seen.append([wide, styles(page, 1366), styles(page, 390)])
        for slim, full_styles in zip(*seen, strict=True):
            assert [pair for pair in zip(slim, full_styles, strict=True) if pair[0] != pair[1]][:3] == []


def test_shared_drawings_look_as_they_did(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, f"{site.url}en/notation/")
    name = page.locator(".eq:has(use[href^='#path-'])").first.get_attribute("id")
    equation = page.locator(f"#{name}")
    shared = equation.screenshot()
    page.evaluate("""() => {
        for (const use of document.querySelectorAll("use[href^='#path-']")) {
            const path = document.querySelector(use.getAttribute("href")).cloneNode();
            path.removeAttribute("id");
            use.replaceWith(path);
        }
    }""")
    assert equation.locator("use").count() == 0
    assert equation.screenshot() == shared


def test_selectors_go_with_their_classes() -> None:
    sheet = """
        /* a note */ @charset "UTF-8";
        .a, .b .c, p > .a:not(.z) { color : red ; --seen: 1; --lost: 2 }
        .z { color: blue }
        @media (width > 1px) { .z { top: 0 } .a::before { content: "{ ; }" } }
        @media print { .z { top: 0 } }
        @font-face { font-family: "Here"; src: url(x) }
        @font-face { font-family: Gone; src: url(x) }
        .a { font: 1em "Here" !important }
    """
    assert slim_style(sheet, {"a", "b"}, {"--seen"}) == (
        '@charset "UTF-8";.a,p > .a:not(.z){color:red;--seen:1}@media (width > 1px) {.a::before{content:"{ ; }"}}'
        '@font-face { font-family: "Here"; src: url(x) }.a{font:1em "Here"!important}'
    )


def test_indentation_goes_but_code_stays() -> None:
    page = "<p>\n\n   a b\n  </p>\n<pre>\n  x\n\n  y</pre>\n   <i>z</i>"
    assert without_indentation(page) == "<p>\na b\n</p>\n<pre>\n  x\n\n  y</pre>\n<i>z</i>"


def test_a_stretched_sign_is_drawn_once_and_other_drawings_stay() -> None:
    long, short = "M0 " + "1 " * 40, "M0 1"
    box = '<svg preserveAspectRatio="xMinYMin slice">'
    page = f'{box}<path d="{long}"/>{box}<path d="{short}"/>{box}<path d="{long}"></path><path d="{long}"/>'
    assert share_paths(page) == (
        f'{box}<path id="path-0" stroke="none" d="{long}"/>{box}<path d="{short}"/>{box}<use href="#path-0"/>'
        f'<path d="{long}"/>'
    )


def test_a_page_has_no_more_tabs_side_by_side_than_the_style_sheet_knows(site: Site) -> None:
    sets = re.compile(r'<div class="tabbed-set[^"]*" data-tabs="\d+:(\d+)"')
    found = [int(number) for page in site.folder.rglob("*.html") for number in sets.findall(page.read_text("utf-8"))]
    assert found
    assert max(found) <= MOST_TABS


def test_lengths_are_short_and_the_same() -> None:
    boxes = '<span class="katex-strut" style="height:0.5806em;vertical-align:-0.15em;"></span>'
    assert short_lengths(boxes) == '<span class="katex-strut" style="height:.581em;vertical-align:-.15em"></span>'
    assert short_lengths('<span style="margin-left:0em;margin-right:1.0em;">') == '<span style="margin-right:1em">'
    far = '<span style="top:-10.5em;height:100.0006em;width:-0.0004em;left:20.0em">'
    assert short_lengths(far) == '<span style="top:-10.5em;height:100.001em;width:0em;left:20em">'
    for other in ("<p>0.1234em</p>", '<span class="a">height:0.1234em;</span>', '<svg style="--wide:614px">'):
        assert short_lengths(other) == other


def test_a_script_loses_its_comments_and_no_text() -> None:
    script = "// a note\n{\n  // another\n\n  const address = `https://${host}//x`; // stays\n}\n"
    assert slim_script(script) == "{\nconst address = `https://${host}//x`; // stays\n}\n"
    with pytest.raises(ValueError, match="backticks"):
        slim_script("const text = `two\n// lines`;\n")
