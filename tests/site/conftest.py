"""The book, built for a fork and served as a plain host would serve it; and a browser that can reach nothing else."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FORK = "some/fork"
FLAGS = "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"


def chapters() -> list[str]:
    """Return the addresses of the pages within an edition; both editions have the same."""
    pages = (path.relative_to(ROOT / "docs" / "en").with_suffix("").as_posix() for path in (ROOT / "docs" / "en").rglob("*.md"))
    return sorted("" if page == "index" else f"{page}/" for page in pages)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `lang` and `chapter` on every page of both editions."""
    for name, values in (("lang", ["en", "zh"]), ("chapter", chapters())):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=lambda value: value.strip("/") or "index")


class PlainHost(http.server.SimpleHTTPRequestHandler):
    """A static host: files, and the fork's own 404.html for everything else."""

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer with the page for lost readers."""
        body = (Path(self.directory) / FORK / "404.html").read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@dataclass(frozen=True)
class Site:
    """Where the built book is, on disk and on this machine's network."""

    folder: Path
    url: str


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Build the book as a fork at a sub-path would, and serve it."""
    host = tmp_path_factory.mktemp("host")
    handler = functools.partial(PlainHost, directory=str(host))
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        url = f"http://127.0.0.1:{server.server_address[1]}/{FORK}/"
        command = [sys.executable, "-m", "scripts.site", "build", "--to", str(host / FORK)]
        built = subprocess.run(command, cwd=ROOT, env=os.environ | {"SITE_URL": url}, capture_output=True, text=True, check=False)
        if built.returncode:
            pytest.fail(f"the book does not build:\n{built.stdout}{built.stderr}", pytrace=False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(host / FORK, url)
        server.shutdown()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start headless Chromium; skip without one, unless REQUIRE_BROWSER=1."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome", "chrome"))
    program = next(filter(None, found), None)
    if program is None:
        message = "no Chromium on the PATH: the pages were not tried in a browser"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def reader(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that gives a fresh reader's page: phone or desk, language, with or without JavaScript."""
    contexts: list[BrowserContext] = []

    def new(*, width: int = 1366, locale: str = "en-US", js: bool = True, dark: bool = False) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900 if width > 600 else 844},
            locale=locale,
            java_script_enabled=js,
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()
