"""Print each edition of the built site into one PDF, with an outline, page numbers and links that work inside it.

A browser does all of it: it loads the pages of the edition one after the other, puts their articles into one document,
turns links between pages into links inside that document, and prints it.
"""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from mkdocs.utils.yaml import get_yaml_loader, yaml_load
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console

from scripts.book.closure import ROOT
from scripts.site import EDITIONS

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CONTENTS = {"en": "Contents", "zh": "目录"}
STYLE = """
@page { size: A4; margin: 18mm 17mm 20mm }
.chapter { break-before: page }
.title { display: flex; flex-direction: column; justify-content: center; height: 240mm; text-align: center }
.title h1 { font-size: 40pt; margin: 0 }
body, .md-typeset { background: none }
.contents ol { line-height: 2 }
.md-typeset pre > code { font-size: 7.5pt }
.filename { break-after: avoid }
.eq, figure, .admonition, details, .highlight, tr { break-inside: avoid }
.admonition:has(pre), details:has(figure) { break-inside: auto }
.tabbed-set > input { display: none }
details > summary::after { display: none !important }
.minutes, .eq-meta > details { display: none }
"""

# Ids get their page's name in front, so that they stay apart; a link to a page of the edition becomes a link to an id.
# Figures have ids of their own that nothing else uses; of what is drawn only KaTeX's shared strokes need a name.
GATHER = """async ({ pages, home, title, about, contents }) => {
    const name = (page) => page.replace(/\\/$/, "").replaceAll("/", "-") || "index";
    const chapters = await Promise.all(pages.map(async (page) => {
        const url = new URL(page, home).href;
        const text = await (await fetch(url)).text();
        return [page, url, new DOMParser().parseFromString(text, "text/html").querySelector("article")];
    }));
    const known = new Map(pages.map((page) => [new URL(page, home).pathname, page]));
    const list = document.createElement("ol");
    const whole = document.createElement("main");
    for (const [page, url, article] of chapters) {
        const prefix = `${name(page)}--`;
        for (const one of article.querySelectorAll("[id]")) {
            if (!one.closest("svg") || one.id.startsWith("path-")) one.id = prefix + one.id;
        }
        for (const one of article.querySelectorAll("[href]")) {
            const href = one.getAttribute("href"), there = new URL(href, url);
            if (one.closest("svg") && !href.startsWith("#path-")) continue;
            if (href.startsWith("#")) one.setAttribute("href", "#" + prefix + href.slice(1));
            else if (there.origin === location.origin && known.has(there.pathname)) {
                const hash = decodeURIComponent(there.hash.slice(1));
                one.setAttribute("href", "#" + name(known.get(there.pathname)) + (hash ? "--" + hash : ""));
            } else one.setAttribute("href", there.href);
        }
        for (const box of article.querySelectorAll("details:not(.eq-badge)")) box.open = true;
        for (const image of article.querySelectorAll("img")) image.loading = "eager";
        const chapter = document.createElement("section");
        chapter.className = "chapter";
        chapter.id = name(page);
        chapter.append(...article.childNodes);
        whole.append(chapter);
        const link = document.createElement("a");
        link.href = "#" + name(page);
        link.textContent = (chapter.querySelector("h1")?.firstChild ?? chapter).textContent.trim();
        const item = document.createElement("li");
        item.append(link);
        list.append(item);
    }
    const front = document.createElement("section"), table = document.createElement("section");
    front.className = "title";
    table.className = "contents chapter";
    front.append(Object.assign(document.createElement("h1"), { textContent: title }),
                 Object.assign(document.createElement("p"), { textContent: about }));
    table.append(Object.assign(document.createElement("h2"), { textContent: contents }), list);
    whole.prepend(front, table);
    whole.className = "md-typeset";
    document.body.replaceChildren(whole);
    document.title = title;
    await document.fonts.ready;
    const lost = [...document.querySelectorAll("main a[href^='#']")].map((link) => link.getAttribute("href").slice(1));
    return [...new Set(lost)].filter((id) => !document.getElementById(id));
}"""
FOOT = (
    '<div style="width: 100%; font: 8pt sans-serif; color: #666; text-align: center">'
    '<span class="pageNumber"></span></div>'
)

console = Console(highlight=False)
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=__doc__)
def main(
    lang: Annotated[list[str] | None, typer.Option(help="Only this edition, en or zh.")] = None,
    site: Annotated[Path, typer.Option(help="The built site.")] = ROOT / "site",
    to: Annotated[Path, typer.Option(help="The folder for the PDFs.")] = ROOT / "build",
) -> None:
    """Print the editions and say where they are."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        raise typer.BadParameter("a PDF needs Chromium, and none is on the PATH: install chromium and run this again")
    if unknown := set(lang or ()) - EDITIONS.keys():
        raise typer.BadParameter(f"--lang: expected en or zh, got {unknown.pop()}")
    if missing := next((name for name in lang or EDITIONS if not (site / name / "index.html").is_file()), None):
        raise typer.BadParameter(f"there is no {site / missing / 'index.html'}: run `make site` first")
    to.mkdir(parents=True, exist_ok=True)
    with served(site) as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        for name in lang or EDITIONS:
            with console.status(f"printing {name} …"):
                pages = printed(browser, f"{home}{name}/", name, to / f"unrolled-{name}.pdf")
            console.print(f"{to / f'unrolled-{name}.pdf'}: {pages} chapters", soft_wrap=True)
        browser.close()


def printed(browser: Browser, home: str, name: str, file: Path) -> int:
    """Print one edition into a file and return how many chapters it has."""
    settings = edition(name)
    context = browser.new_context(bypass_csp=True, color_scheme="light", locale={"en": "en-US", "zh": "zh-CN"}[name])
    page = context.new_page()
    page.goto(home, wait_until="load")
    pages = chapters(settings["nav"])
    given = {"title": settings["site_name"], "about": settings["site_description"], "contents": CONTENTS[name]}
    if lost := page.evaluate(GATHER, {"pages": pages, "home": home, **given}):
        raise RuntimeError(f"{name}: these links lead nowhere in the PDF: {', '.join(lost)}")
    page.add_style_tag(content=STYLE)
    page.emulate_media(media="print", color_scheme="light")
    page.wait_for_load_state("networkidle")
    numbers = {"display_header_footer": True, "header_template": "<span></span>", "footer_template": FOOT}
    page.pdf(path=file, prefer_css_page_size=True, print_background=True, outline=True, tagged=True, **numbers)
    context.close()
    return len(pages)


def edition(name: str) -> dict[str, Any]:
    """Return the settings of an edition, with those that it inherits."""
    loader = get_yaml_loader()
    loader.add_constructor("!relative", lambda *_: ".")  # a tag of MkDocs' own
    with (ROOT / EDITIONS[name]).open(encoding="utf-8") as file:
        settings: dict[str, Any] = yaml_load(file, loader)
    return settings


def chapters(nav: list[dict[str, str]]) -> list[str]:
    """Return the addresses of the pages within an edition, in the order in which they are read."""
    files = (Path(file).with_suffix("").as_posix() for entry in nav for file in entry.values())
    return ["" if file == "index" else f"{file}/" for file in files]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


if __name__ == "__main__":
    app()
