"""A host for static files, as plain as those that forks of the book are published on."""

from __future__ import annotations

import http.server
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FORK = "some/fork"


def chapters() -> list[str]:
    """Return the addresses of the pages within an edition; both editions have the same."""
    sources = ROOT / "docs" / "en"
    pages = (path.relative_to(sources).with_suffix("").as_posix() for path in sources.rglob("*.md"))
    return sorted("" if page == "index" else f"{page}/" for page in pages)


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
