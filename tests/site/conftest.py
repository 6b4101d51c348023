"""The book, built for a fork and served; and a browser that can reach nothing else."""

from __future__ import annotations

import functools
import os
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
from host import FORK, ROOT, PlainHost, Site, chapters
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `lang` and `chapter` on every page of both editions."""
    for name, values in (("lang", ["en", "zh"]), ("chapter", chapters())):
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, values, ids=lambda value: value.strip("/") or "index")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Build the book as a fork at a sub-path would, and serve it."""
    host = tmp_path_factory.mktemp("host")
    handler = functools.partial(PlainHost, directory=str(host))
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        url = f"http://127.0.0.1:{server.server_address[1]}/{FORK}/"
        command = [sys.executable, "-m", "scripts.site", "build", "--to", str(host / FORK)]
        environment = os.environ | {"SITE_URL": url}
        built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
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
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
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
