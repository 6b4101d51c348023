"""What can be seen in the built files without a browser: languages, addresses, and that no page names another host."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from host import FORK, Site, chapters

from scripts import address

TAGS = {"en": "en", "zh": "zh-CN"}


class Tags(HTMLParser):
    """Every tag of a page with its attributes."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """Return the attributes of the tags that have these among them."""
        return [found for name, found in self.tags if name == tag and wanted.items() <= found.items()]


def test_language_and_addresses(site: Site, lang: str, chapter: str) -> None:
    page = Tags(site.folder / lang / chapter / "index.html")
    assert page.all("html")[0]["lang"] == TAGS[lang]
    assert [link["href"] for link in page.all("link", rel="canonical")] == [f"{site.url}{lang}/{chapter}"]
    assert {link["hreflang"]: link["href"] for link in page.all("link", rel="alternate")} == {
        "en": f"{site.url}en/{chapter}",
        "zh-CN": f"{site.url}zh/{chapter}",
        "x-default": f"{site.url}en/{chapter}" if chapter else site.url,
    }
    assert len(page.all("h1")) == 1
    assert page.all("meta", name="description")[0]["content"]


def test_the_switch_is_a_plain_relative_link_to_the_same_page(site: Site, lang: str, chapter: str) -> None:
    other = {"en": "zh", "zh": "en"}[lang]
    (switch,) = Tags(site.folder / lang / chapter / "index.html").all("a", **{"class": "book-switch"})
    assert not urlsplit(switch["href"]).netloc
    assert urljoin(f"{site.url}{lang}/{chapter}", switch["href"]) == f"{site.url}{other}/{chapter}"
    assert switch["hreflang"] == switch["lang"] == TAGS[other]


def test_ids_are_unique(site: Site, lang: str, chapter: str) -> None:
    ids = [attrs["id"] for _, attrs in Tags(site.folder / lang / chapter / "index.html").tags if "id" in attrs]
    assert [name for name in set(ids) if ids.count(name) > 1] == []


def test_nothing_is_loaded_from_another_host(site: Site) -> None:
    foreign = []
    for path in site.folder.rglob("*.html"):
        for tag, attrs in Tags(path).tags:
            loads = attrs.get("src") or (attrs.get("href") if tag == "link" else None) or attrs.get("srcset") or ""
            if urlsplit(loads).netloc and not loads.startswith(site.url):
                foreign.append((path.relative_to(site.folder), tag, loads))
    styles = [path for path in site.folder.rglob("*.css") if "url(http" in path.read_text(encoding="utf-8")]
    assert (foreign, styles) == ([], [])


def test_own_404_of_an_edition_works_at_any_depth(site: Site, lang: str) -> None:
    page = Tags(site.folder / lang / "404.html")
    links = [attrs.get("href") or attrs.get("src") or "" for tag, attrs in page.tags if tag in ("link", "script", "a")]
    links = [link for link in links if link and not link.startswith("#")]
    assert links
    for link in links:
        assert urljoin(f"{site.url}{lang}/a/b/c/", link).startswith(site.url), link
        assert urlsplit(link).path.startswith(f"/{FORK}/"), link


def test_sitemaps_name_every_page(site: Site) -> None:
    assert f"{site.url}en/sitemap.xml" in (site.folder / "sitemap.xml").read_text(encoding="utf-8")
    assert f"{site.url}zh/sitemap.xml" in (site.folder / "sitemap.xml").read_text(encoding="utf-8")
    for lang in ("en", "zh"):
        listed = (site.folder / lang / "sitemap.xml").read_text(encoding="utf-8")
        for chapter in chapters():
            assert f"<loc>{site.url}{lang}/{chapter}</loc>" in listed


def test_chinese_words_are_in_the_search_index_one_by_one(site: Site) -> None:
    index = json.loads((site.folder / "zh" / "search" / "search_index.json").read_text(encoding="utf-8"))
    assert any("\u200b" in entry["text"] for entry in index["docs"]), "jieba has not cut the text into words"


@pytest.mark.parametrize("given", ["", "https://example.org", "https://example.org/rnn", "https://example.org/rnn/"])
def test_site_url_is_the_root_above_both_editions(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", given)
    root = (given or "http://127.0.0.1:8000").rstrip("/") + "/"
    assert (address(), address("zh")) == (root, f"{root}zh/")


@pytest.mark.parametrize(
    "given", ["example.org/rnn", "ftp://example.org/", "https://example.org/?a=b", "https:///rnn/"]
)
def test_site_url_that_is_no_address_is_refused_in_a_sentence(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_URL", given)
    with pytest.raises(Exception, match=r"SITE_URL: expected an address such as .*, got"):
        address()
