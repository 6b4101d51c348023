"""Set TeX as HTML with MathML while the book is built, so that its mathematics reads without JavaScript."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import threading
from pathlib import Path

from scripts.book import cache
from scripts.book.closure import ROOT
from scripts.node import NodeError, find_node

ENGINE = Path(__file__).with_name("katex.mjs")

_lock = threading.Lock()


class KatexError(Exception):
    """TeX that cannot be set; the message is KaTeX's own, in one line."""


def render(tex: str, *, display: bool) -> str:
    """
    Return the HTML and MathML of a formula.

    Parameters
    ----------
    tex : str
        The formula without delimiters.
    display : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        One `span`: of class `katex-display` on a line of its own, of class `katex` inside text.

    Raises
    ------
    KatexError
        If the formula is not clean LaTeX, or if KaTeX has not been set up.
    """
    tex = tex.strip()
    path = cache.CACHE / "katex" / f"{cache.key(_edition(), tex, display)}.html"
    html = cache.load(path)
    if html is None:
        html = _ask(tex, display)
        cache.store(path, html)
    return _said_once(html, ends=3 if display else 2)


def _said_once(html: str, ends: int) -> str:
    """
    Keep the visible half of a formula out of the search: its MathML is read there already.

    Material's search takes every `span` within an excluded one for its end; so the excluded element is no `span`.
    """
    start, end = '<span class="katex-html" aria-hidden="true">', "</span>"
    head, found, half = html.removesuffix(end * ends).partition(start)
    if not found or not html.endswith(end * ends):
        raise KatexError(f"KaTeX: expected {start} at the end of a formula, got {html[-80:]!r}; see its change log")
    return f'{head}<bdi class="katex-html" aria-hidden="true" data-search-exclude="1">{half}</bdi>{end * (ends - 1)}'


def _ask(tex: str, display: bool) -> str:
    """Send one formula to KaTeX and wait for it."""
    request = json.dumps({"tex": tex, "display": display}) + "\n"
    with _lock:
        process = _engine()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            _engine.cache_clear()
            raise KatexError(f"KaTeX stopped while setting {tex!r}; its own message stands above")
    answer = json.loads(line)
    if "error" in answer:
        raise KatexError(answer["error"])
    return str(answer["html"])


@functools.cache
def _engine() -> subprocess.Popen[str]:
    """Start Node once; it ends by itself when this process does, because its input closes."""
    try:
        node = find_node()
    except NodeError as error:
        raise KatexError(str(error)) from None
    return subprocess.Popen(
        [node, str(ENGINE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT
    )


@functools.cache
def _edition() -> str:
    """Name everything besides the formula that its HTML depends on: KaTeX's version and how it is called."""
    package = ROOT / "node_modules" / "katex" / "package.json"
    try:
        version = json.loads(package.read_text(encoding="utf-8"))["version"]
    except FileNotFoundError:
        raise KatexError("KaTeX is not installed (no node_modules/katex): run `make setup`") from None
    return f"{version} {hashlib.sha256(ENGINE.read_bytes()).hexdigest()}"
