"""Measure pages with Lighthouse's phone: three runs of each page, the median of each number, a table and a file.

The site is built for the address from which it is then served here, compressed as ordinary hosts do it.  Lighthouse is
installed under build/ when this is first run.  Its scores depend on the machine and on what else it is doing, so that
nothing is decided by them.
"""

from __future__ import annotations

import functools
import gzip
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from scripts.book.closure import ROOT

PACKAGE = Path(__file__).parent
HOME = ROOT / "build" / "lighthouse"
RESULT = ROOT / "build" / "lighthouse.json"
FLAGS = "--headless=new --no-sandbox --disable-quic --no-first-run --disable-background-networking"
SCORES = {"performance": "speed", "accessibility": "access", "best-practices": "practice", "seo": "search"}
TIMES = {
    "first-contentful-paint": "FCP s",
    "largest-contentful-paint": "LCP s",
    "total-blocking-time": "TBT s",
    "cumulative-layout-shift": "CLS",
}
COMPRESSED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt"}


def main(
    pages: Annotated[str, typer.Option(help="Pages within an edition, with commas between; “index” is the first.")] = (
        "index,notation,bptt"
    ),
    runs: Annotated[int, typer.Option(min=1, help="Runs of each page, of which the median is taken.")] = 3,
) -> None:
    """Install, build, serve, measure, print."""
    program = install()
    results: dict[str, dict[str, float]] = {}
    with host() as url:
        for page in pages.split(","):
            for edition in ("en", "zh"):
                name = f"{edition}/" if page == "index" else f"{edition}/{page}/"
                measured = [measure(program, url + name) for _ in range(runs)]
                results[name] = {key: median(run[key] for run in measured) for key in measured[0]}
                print(f"{name}: {runs} runs", flush=True)
    RESULT.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = Table(title=f"Lighthouse, phone, median of {runs}", box=SIMPLE, pad_edge=False, collapse_padding=True)
    table.add_column("page", no_wrap=True)
    for heading in (*SCORES.values(), *TIMES.values()):
        table.add_column(heading, justify="right")
    for name, row in results.items():
        scores = (f"{100 * row[key]:.0f}" for key in SCORES)
        times = (f"{row[key] if key.endswith('shift') else row[key] / 1000:.2f}" for key in TIMES)
        table.add_row(name, *scores, *times)
    Console().print(table)
    print(f"written to {RESULT.relative_to(ROOT)}; nothing waits for these numbers")


def install() -> Path:
    """Install the pinned Lighthouse under build/, unless it is there; return its program."""
    program = HOME / "node_modules" / ".bin" / "lighthouse"
    lock = (PACKAGE / "package-lock.json").read_bytes()
    copied = HOME / "package-lock.json"
    if not (program.exists() and copied.exists() and copied.read_bytes() == lock):
        print("fetching Lighthouse …", flush=True)
        HOME.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE / "package.json", HOME)
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        copied.write_bytes(lock)
        if subprocess.run(npm, cwd=HOME, stdout=subprocess.DEVNULL, check=False).returncode:
            copied.unlink()
            sys.exit(
                "Lighthouse could not be fetched: it needs the network once, and npm from .venv (run `make setup`)"
            )
    return program


def chromium() -> str:
    """Find the browser."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    if found := next(filter(None, map(shutil.which, names)), None):
        return found
    sys.exit("no Chromium on the PATH: Lighthouse measures pages in it")


def measure(program: Path, url: str) -> dict[str, float]:
    """Run Lighthouse once on one page and return its scores (0 to 1) and times (milliseconds)."""
    command = [str(program), url, "--quiet", "--output=json", "--no-enable-error-reporting", f"--chrome-flags={FLAGS}"]
    command.append(f"--only-categories={','.join(SCORES)}")
    environment = os.environ | {"CHROME_PATH": chromium()}
    done = subprocess.run(command, cwd=HOME, env=environment, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"Lighthouse stopped at {url}:\n{done.stderr}")
    report: dict[str, Any] = json.loads(done.stdout)
    if "runtimeError" in report:
        sys.exit(f"Lighthouse could not measure {url}: {report['runtimeError']['message']}")
    scores = {key: report["categories"][key]["score"] for key in SCORES}
    return scores | {key: report["audits"][key]["numericValue"] for key in TIMES}


class Host(http.server.SimpleHTTPRequestHandler):
    """A static host that compresses text."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""

    def send_head(self) -> io.BytesIO | Any:
        """Answer with the compressed file; leave folders without their slash, and what is missing, to the parent."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() and self.path.endswith("/") else path
        if not path.is_file() or path.suffix not in COMPRESSED:
            return super().send_head()
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", f"{self.guess_type(str(path))}; charset=utf-8")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")  # as GitHub Pages
        self.end_headers()
        return io.BytesIO(body)


@contextmanager
def host() -> Iterator[str]:
    """Build the site for a free port of this machine and serve it there."""
    site = HOME / "site"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Host, directory=str(site))) as server:
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        command = [sys.executable, "-m", "scripts.site", "build", "--to", str(site)]
        subprocess.run(command, cwd=ROOT, env=os.environ | {"SITE_URL": url}, check=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield url
        server.shutdown()


if __name__ == "__main__":
    typer.run(main)
