"""The built pages opened from a disk or a USB stick, with no server at all."""

from __future__ import annotations

from collections.abc import Callable

from host import Site
from playwright.sync_api import Page


def test_the_book_reads_from_a_stick(site: Site, reader: Callable[..., Page]) -> None:
    page = reader(locale="zh-CN")
    page.goto((site.folder / "index.html").as_uri())
    page.wait_for_url("**/zh/index.html")
    page.locator("article a[href*=bptt]").first.click()
    page.wait_for_url("**/zh/bptt/index.html")
    assert page.locator("#eq-bptt-product .katex").count()
    page.wait_for_function("[...document.fonts].some(face => face.family == 'KaTeX_Math' && face.status == 'loaded')")
    page.locator(".book-switch").click()
    page.wait_for_url("**/en/bptt/index.html*")
    assert page.locator(".md-search").count() == 0
    page.locator("label[for^=__palette]:visible").click()
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    page.locator("#eq-bptt-product .eq-badge summary").click()
    assert page.locator("#eq-bptt-product .eq-badge").evaluate("badge => badge.open")
    page.locator(".md-header .md-logo").click()
    page.wait_for_url("**/en/index.html")


def test_without_javascript_a_page_reads_from_a_stick(site: Site, reader: Callable[..., Page]) -> None:
    page = reader(js=False)
    page.goto((site.folder / "en" / "bptt" / "index.html").as_uri())
    assert page.locator("#eq-bptt-product .katex").first.is_visible()
    assert page.locator(".md-header").evaluate("header => getComputedStyle(header).position") == "sticky"
