"""The book, built for a fork and served; and a browser that can reach nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from host import BuildError, Site, chapters, published
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"
expect.set_options(timeout=20_000)  # a machine may be busy with other tests
OPEN = contextlib.ExitStack()  # what lives as long as the whole run: the folder of the site and its server


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `lang` and `chapter` on every page of both editions."""
    for name, values in (("lang", ["en", "zh"]), ("chapter", chapters())):
        given = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
        if name in metafunc.fixturenames and name not in given:
            metafunc.parametrize(name, values, ids=lambda value: value.strip("/") or "index")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Build and serve the book once for all of pytest-xdist's workers."""
    if not hasattr(node.config, "book"):
        try:
            folder = OPEN.enter_context(tempfile.TemporaryDirectory())
            site = OPEN.enter_context(published(Path(folder)))
            node.config.book = (str(site.folder), site.url)
        except BuildError as error:
            raise pytest.UsageError(str(error)) from None
    node.workerinput["book"] = node.config.book


def pytest_unconfigure() -> None:
    """Stop the server and remove the site."""
    OPEN.close()


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return the book, built as a fork at a sub-path would and served."""
    given = getattr(request.config, "workerinput", {}).get("book")
    if given:
        yield Site(Path(given[0]), given[1])
        return
    try:
        with published(tmp_path_factory.mktemp("host")) as site:
            yield site
    except BuildError as error:
        pytest.fail(str(error), pytrace=False)


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
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """Return the source of axe, which finds what keeps readers out."""
    if not AXE.exists():
        pytest.fail("axe-core is not there: `make browser` fetches it", pytrace=False)
    return AXE.read_text(encoding="utf-8")
