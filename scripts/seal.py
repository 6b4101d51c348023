"""Seal built pages: each one tells the browser what it may load and run, and nothing else does."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

SCRIPT = re.compile(r"<script(?![^>]*\b(?:src=|type=[\"']?application/json))[^>]*>(.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"]*">\n?')
CHARSET = re.compile(r'<meta charset="utf-8">\s*')


def seal(site: Path) -> None:
    """Write its policy into every page of a site that has just been built."""
    for page in site.rglob("*.html"):
        page.write_text(sealed(page.read_text(encoding="utf-8")), encoding="utf-8")


def sealed(html: str) -> str:
    """Return a page with a policy made for what stands in it, in place of the one it may have."""
    html = POLICY.sub("", html)
    place = CHARSET.search(html)
    if place is None:
        raise ValueError('a page to seal: expected <meta charset="utf-8"> in its head; give its template one')
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy(html)}">\n'
    return html[: place.end()] + tag + html[place.end() :]


def policy(html: str) -> str:
    """
    Return the strictest policy under which a page works.

    Nothing is loaded from another host.  Of scripts and styles inside the page those run that stood there when it
    was built, each named by its hash.
    """
    rules = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *_hashes(SCRIPT, html)]),
        "style-src": " ".join(["'self'", *_hashes(STYLE, html)]),
        "style-src-attr": "'unsafe-inline'",  # KaTeX places every sign with a style of its own; none can run
        "img-src": "'self' data:",  # data: for the icons inside Material's style sheet
        "font-src": "'self'",
        "connect-src": "'self'",  # the search index
        "worker-src": "'self'",  # the search
        "base-uri": "'none'",
        "form-action": "'none'",  # the search answers without sending its form
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _hashes(blocks: re.Pattern[str], html: str) -> list[str]:
    """Return the hash of each different block, as a policy names it; browsers hash what stands between the tags."""
    found = dict.fromkeys(block.replace("\r\n", "\n") for block in blocks.findall(html))
    digests = (hashlib.sha256(block.encode()).digest() for block in found)
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
