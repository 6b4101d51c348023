"""Build or serve both editions and the root page that sends each reader to one of them."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import jinja2
import typer

from scripts import address
from scripts.book import checks
from scripts.book.pages import Edition
from scripts.seal import seal, sealed
from scripts.slim import slim

ROOT = Path(__file__).resolve().parents[1]
EDITIONS = {"en": "mkdocs.yml", "zh": "mkdocs.zh.yml"}
SHARED = ROOT / "docs" / "shared"
WATCHED = ["docs", "rnn", "scripts", "mkdocs.yml", "mkdocs.zh.yml"]

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)


@app.command()
def build(
    to: Annotated[Path, typer.Option(help="Where the site goes; what was there is replaced.")] = ROOT / "site",
) -> None:
    """Build both editions, strictly, and replace the site only when both are whole."""
    start = time.perf_counter()
    _check_address()
    fresh = ROOT / "build" / f"site-{os.getpid()}"
    try:
        if not _editions(fresh, strict=True):
            raise typer.Exit(1)
        _root(fresh)
        slim(fresh)
        seal(fresh)
        _replace(to, fresh)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    pages = len(list(to.rglob("index.html")))
    print(f"{pages} pages for {address()} in {_relative(to)}/, {time.perf_counter() - start:.1f} s")


@app.command()
def serve(port: Annotated[int, typer.Option(min=1, max=65535, help="The port to serve on.")] = 8000) -> None:
    """Serve both editions and rebuild on a change; a failing equation shows on its page and does not stop the book."""
    import watchfiles
    from mkdocs.livereload import LiveReloadServer

    os.environ["SITE_URL"] = f"http://127.0.0.1:{port}/"
    fresh, shown = (ROOT / "build" / name for name in ("serve-next", "serve"))

    def rebuild() -> None:
        shutil.rmtree(fresh, ignore_errors=True)
        if not _editions(fresh, strict=False):
            raise SystemExit("The book could not be built; what is served is the last state that could.")
        _root(fresh)
        slim(fresh)
        seal(fresh)
        _replace(shown, fresh)

    class Server(LiveReloadServer):
        """MkDocs' own server, told of changes by watchfiles, which knows what an editor's temporary file is."""

        def follow(self) -> None:
            for _ in watchfiles.watch(*(ROOT / name for name in WATCHED), step=200, raise_interrupt=False):
                with self._rebuild_cond:
                    self._want_rebuild = True
                    self._rebuild_cond.notify_all()

        def _inject_js_into_html(self, content: bytes, epoch: float) -> bytes:
            """Seal a page once more, because the script that reloads it is part of it now."""
            page: bytes = super()._inject_js_into_html(content, epoch)  # type: ignore[no-untyped-call]
            return sealed(page.decode()).encode()

    server = Server(rebuild, host="127.0.0.1", port=port, root=str(shown))
    server.error_handler = lambda code: (shown / "404.html").read_bytes() if code == 404 else None
    server._watched_paths = dict.fromkeys(WATCHED, 1)  # so that pages get the script that reloads them
    try:
        server.server_bind()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        sentence = f"Port {port} is in use: stop what serves there, or try `make serve PORT={port + 1}`."
        print(sentence, file=sys.stderr)
        raise typer.Exit(1) from None
    try:
        rebuild()
        server.server_activate()
        server.serve_thread.start()
        threading.Thread(target=server.follow, daemon=True).start()
        print(f"Serving http://127.0.0.1:{port}/ (en/ and zh/); Ctrl-C stops", flush=True)
        server._build_loop()  # type: ignore[no-untyped-call]
    except KeyboardInterrupt:
        print()
    finally:
        server.shutdown()


@app.command()
def picture() -> None:
    """Take the picture of the README from the built site, with Chromium."""
    from playwright.sync_api import sync_playwright

    target = ROOT / "docs" / "readme" / "equation.png"
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as play:
        page = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]).new_page(
            viewport={"width": 760, "height": 900}, device_scale_factor=2
        )
        page.goto((ROOT / "site" / "en" / "bptt" / "index.html").as_uri())
        page.locator("#eq-bptt-product details").evaluate("badge => badge.open = true")
        page.locator("#eq-bptt-product").scroll_into_view_if_needed()
        formula = page.locator("#eq-bptt-product").bounding_box()
        panel = page.locator(".eq-evidence:visible").bounding_box()
        assert formula is not None
        assert panel is not None
        height = panel["y"] + panel["height"] + 9 - formula["y"]
        page.screenshot(
            path=target,
            clip={"x": panel["x"] - 8, "y": formula["y"] - 8, "width": panel["width"] + 16, "height": height},
        )
    print(f"picture: {_relative(target)}")


def _editions(to: Path, *, strict: bool) -> bool:
    """Build the editions side by side, each in a fresh interpreter, and pass on what they print."""
    print("checking the formulas and running the sessions of the book …", flush=True)
    checks.prepare(Edition(ROOT / "docs" / "en"))
    no_date = {"SOURCE_DATE_EPOCH": "0"}  # else MkDocs writes the day into sitemap.xml.gz
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"} | no_date
    running = {}
    for edition, config in EDITIONS.items():
        command = [sys.executable, "-m", "mkdocs", "build", "-f", config, "-d", str(to / edition)]
        running[edition] = subprocess.Popen(
            command + ["--strict"] * strict,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )

    def relay(edition: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"{edition} │ {line.rstrip()}", flush=True)

    readers = [threading.Thread(target=relay, args=item) for item in running.items()]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return set(map(subprocess.Popen.wait, running.values())) == {0}


def _root(site: Path) -> None:
    """Write what stands above the editions: the page that chooses one, the page for lost readers, lists of pages."""
    pages = [page.relative_to(site / "en").parent for page in (site / "en").rglob("index.html")]
    chapters = sorted(page.as_posix() for page in pages if page.name and (site / "zh" / page / "index.html").exists())
    root = address()
    folders = [SHARED / "root", SHARED / "css", SHARED]
    templates = jinja2.Environment(loader=jinja2.FileSystemLoader(folders), autoescape=True, trim_blocks=True)
    for name in ("index.html", "404.html"):
        text = templates.get_template(name).render(root=root, path=urlsplit(root).path, chapters=chapters)
        (site / name).write_text(text + "\n", encoding="utf-8")
    shutil.copy(SHARED / "loop.svg", site)
    lists = "".join(f"<sitemap><loc>{escape(root)}{edition}/sitemap.xml</loc></sitemap>" for edition in EDITIONS)
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    (site / "sitemap.xml").write_text(f'<sitemapindex xmlns="{space}">{lists}</sitemapindex>\n', encoding="utf-8")
    (site / "robots.txt").write_text(f"User-agent: *\nAllow: /\nSitemap: {root}sitemap.xml\n", encoding="utf-8")


def _replace(old: Path, new: Path) -> None:
    """Put a finished site where the last one stands."""
    gone = new.with_name(new.name + "-gone")
    old.parent.mkdir(parents=True, exist_ok=True)
    if old.exists():
        shutil.move(old, gone)
    shutil.move(new, old)
    shutil.rmtree(gone, ignore_errors=True)


def _check_address() -> None:
    """Say in one sentence, before any work, that `SITE_URL` is no address."""
    from mkdocs.exceptions import ConfigurationError

    try:
        address()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from None


def _relative(path: Path) -> str:
    """Shorten a path for a message."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    app()
