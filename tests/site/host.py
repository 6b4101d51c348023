"""A host for static files, as plain as those that forks of the book are published on."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FORK = "some/fork"


def chapters() -> list[str]:
    """Return the addresses of the pages within an edition; both editions have the same."""
    sources = ROOT / "docs" / "en"
    texts = [*sources.rglob("*.md"), *(sources / "labs").glob("*.py")]
    pages = (path.relative_to(sources).with_suffix("").as_posix() for path in texts)
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


class BuildError(Exception):
    """The book does not build; the message is what the build printed."""


@contextlib.contextmanager
def published(host: Path) -> Iterator[Site]:
    """Build the book as a fork at a sub-path would, and serve it."""
    handler = functools.partial(PlainHost, directory=str(host))
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        url = f"http://127.0.0.1:{server.server_address[1]}/{FORK}/"
        command = [sys.executable, "-m", "scripts.site", "build", "--to", str(host / FORK)]
        environment = os.environ | {"SITE_URL": url}
        built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if built.returncode:
            raise BuildError(f"the book does not build:\n{built.stdout}{built.stderr}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(host / FORK, url)
        server.shutdown()
