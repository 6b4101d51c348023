"""Each page says what it may load and run: it works so, the policy bites, and other hosts do not matter."""

from __future__ import annotations

import re

import pytest
from host import Site
from playwright.sync_api import Page, Route
from reading import LOCALE, Reader, visit, watch

STRICT = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "connect-src 'self'", "font-src 'self'"]


def test_every_page_is_sealed(site: Site) -> None:
    for path in site.folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        policies = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
        assert len(policies) == 1, path
        rules = policies[0].split("; ")
        assert [rule for rule in STRICT if rule not in rules] == [], path
        assert re.search(r"<script|<style|<link", text[: text.index(policies[0])]) is None, f"{path}: too late"
        (scripts,) = (rule for rule in rules if rule.startswith("script-src "))
        (styles,) = (rule for rule in rules if rule.startswith("style-src "))
        assert re.fullmatch(r"(script|style)-src 'self'( 'sha256-[\w+/]{43}=')*", scripts), path
        assert re.fullmatch(r"(script|style)-src 'self'( 'sha256-[\w+/]{43}=')*", styles), path


@pytest.mark.parametrize("path", ["en/404.html", "zh/404.html", "no/such/page", ""])
@pytest.mark.parametrize("js", [True, False], ids=["js", "no-js"])
def test_the_pages_above_keep_to_their_policy(site: Site, reader: Reader, path: str, js: bool) -> None:
    page = reader(js=js)
    _, complaints = watch(page, site.url)
    page.goto(f"{site.url}{path}", wait_until="load")
    page.wait_for_load_state("networkidle")
    expected = ("404 (", f"failed: {site.url}")  # the root page may be left for an edition before it has loaded
    assert [said for said in complaints if not any(part in said for part in expected)] == []


INTRUDERS = """
<script>window.ran = ["inline"]</script>
<script>window.ran.push("second")</script>
<script src="https://example.org/x.js"></script>
<link rel="stylesheet" href="https://example.org/x.css">
<style>body { outline: 7px solid red }</style>
<img src="https://example.org/x.png" alt="">
<img src="x:" alt="" onerror="window.ran = ['handler']">
<iframe src="https://example.org/"></iframe>
<base href="https://example.org/">
<a id="intruder" href="javascript:window.ran = ['link']">x</a>
"""


@pytest.mark.parametrize("path", ["en/", "zh/bptt/", "en/404.html", "no/such/page"])
def test_the_policy_bites(site: Site, reader: Reader, path: str) -> None:
    page = reader()
    asked: list[str] = []
    page.route("https://example.org/**", lambda route: asked.append(route.request.url))
    page.add_init_script("""
        window.stopped = [];
        addEventListener("securitypolicyviolation", (found) => window.stopped.push(found.effectiveDirective));
    """)

    def tamper(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{INTRUDERS}</main>", 1))

    page.route(f"{site.url}{path}", tamper)
    page.goto(f"{site.url}{path}", wait_until="load")
    page.locator("#intruder").dispatch_event("click")
    page.evaluate("""() => {
        const late = document.createElement("script");
        late.textContent = "window.ran = ['late']";
        document.body.append(late);
    }""")
    assert page.evaluate("window.ran") is None
    assert page.evaluate("getComputedStyle(document.body).outlineWidth") != "7px"
    assert page.evaluate("document.baseURI") == page.url
    assert asked == []
    stopped = set(page.evaluate("window.stopped"))
    assert stopped >= {"script-src-elem", "script-src-attr", "style-src-elem", "img-src", "frame-src", "base-uri"}


def readable_after(page: Page, url: str) -> float:
    """Return the milliseconds until a page's text and its fonts are there to be read."""
    page.goto(url, wait_until="load")
    after: float = page.evaluate("document.fonts.ready.then(() => performance.now())")
    return after


@pytest.mark.parametrize("chapter", ["", "bptt/"], ids=["index", "bptt"])  # that no page asks: see test_a_first_visit
def test_hosts_that_hang_change_nothing(site: Site, reader: Reader, lang: str, chapter: str) -> None:
    hanging: list[str] = []
    url = f"{site.url}{lang}/{chapter}"
    with_all = readable_after(reader(locale=LOCALE[lang]), url)
    page = reader(locale=LOCALE[lang])
    elsewhere = re.compile(f"^(?!{re.escape(site.url)})")
    page.route(elsewhere, lambda route: hanging.append(route.request.url))  # and never an answer
    without = readable_after(page, url)
    page.wait_for_load_state("networkidle")
    assert hanging == []
    assert without < 1.5 * with_all + 1000, "a page waits for another host"


def test_a_host_that_hangs_is_noticed(site: Site, reader: Reader) -> None:
    page = reader()
    hanging: list[str] = []
    page.route("https://example.org/**", lambda route: hanging.append(route.request.url))
    visit(page, f"{site.url}en/")
    page.evaluate("() => { location.href = 'https://example.org/' }")
    page.wait_for_timeout(300)
    assert hanging == ["https://example.org/"]
