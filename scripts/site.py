"""Build or serve both editions and the root page that sends each reader to one of them."""

from __future__ import annotations

import errno
import importlib.util
import logging
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import types
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import jinja2
import typer

from scripts import address
from scripts.book import checks
from scripts.book.katex import find_node
from scripts.book.pages import Edition

ROOT = Path(__file__).resolve().parents[1]
EDITIONS = {"en": "mkdocs.yml", "zh": "mkdocs.zh.yml"}
SHARED = ROOT / "docs" / "shared"
SHIPPED = SHARED / "katex"  # made at set-up: style sheet and fonts of KaTeX, and what the book uses of Material's
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
        _replace(shown, fresh)

    class Server(LiveReloadServer):
        """MkDocs' own server, told of changes by watchfiles, which knows what an editor's temporary file is."""

        def follow(self) -> None:
            for _ in watchfiles.watch(*(ROOT / name for name in WATCHED), step=200, raise_interrupt=False):
                with self._rebuild_cond:
                    self._want_rebuild = True
                    self._rebuild_cond.notify_all()

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


# The signs that most chapters need.  These fonts are cut in two, and the rest is fetched only by a page that uses it.
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
COMMON = {
    "Main-Regular": LATIN
    + "0123456789 !\"'()*+,-./:;<=>?[]_`{|}~\u00a0\u200b\ue020"
    + "∂∇∑∏→←⇒⋯…⋮⋱≤≥≠≈≡∼≪≫∈⊤⊥⊙⊗×·⋅±−∥′∞∀∗∝¬√⟨⟩⌊⌋¯ˉΓΔΘΛΣΦΨΩ",
    "Main-Bold": "0123456789",
    "Math-Italic": LATIN + "\u00a0αβγδεζηθικλμνξπρστυφχψωϵϕ",
    "Typewriter-Regular": LATIN + "0123456789_ ()[].,=+-*/",
    "AMS-Regular": "ENQRZ",
}
# Parts of Material that the book does not use: a third of its style sheet.
UNUSED = re.compile(
    r"dir=rtl|mermaid|linenos|critic|\.grid|emoji|giscus|task-list"
    r"|md-(annotation|author|banner|blog|consent|draft|feedback|meta|nav--integrated|nav--lifted|pagination|path|post"
    r"|profile|progress|search__suggest|select|social|source|status|tabs|tag|tooltip|top|version)(?![a-z])"
    r"|\.(abstract|bug|danger|example|failure|info|note|question|quote|success|tip|warning)(?![a-z])"
)


@app.command()
def assets() -> None:
    """Prepare what pages load of KaTeX and Material (a part of `make setup`): small, yet without losing a sign."""
    katex = ROOT / "node_modules" / "katex"
    (SHIPPED / "fonts").mkdir(parents=True, exist_ok=True)
    style = (katex / "dist" / "katex.min.css").read_text(encoding="utf-8")
    style = re.sub(r"@font-face\{.*?\}", lambda face: _face(face[0], katex / "dist" / "fonts"), style)
    (SHIPPED / "katex.min.css").write_text(style, encoding="utf-8")
    shutil.copy(katex / "LICENSE", SHIPPED)
    package = importlib.util.find_spec("material")
    assert package is not None
    assert package.origin is not None
    (material,) = Path(package.origin).parent.glob("templates/assets/stylesheets/main.*.min.css")
    (SHIPPED / "material.css").write_text(_used(material.read_text(encoding="utf-8")), encoding="utf-8")


def _face(rule: str, fonts: Path) -> str:
    """Return a font's rule with its woff2 file alone, which every browser reads, or the two rules of its two halves."""
    match = re.search(r"url\(fonts/KaTeX_([\w-]+)\.woff2\)", rule)
    assert match is not None
    name = match[1]
    whole = re.sub(r"src:[^;}]*", f'src:url(fonts/KaTeX_{name}.woff2) format("woff2")', rule)
    font = fonts / f"KaTeX_{name}.ttf"
    signs = _signs(font)
    if name not in COMMON:
        _subset(font, signs, SHIPPED / "fonts" / f"KaTeX_{name}.woff2")
        return whole
    common = {ord(sign) for sign in COMMON[name]}
    rules = ""
    for part, half in (("common", common), ("rest", set(range(0x110000)) - common)):
        _subset(font, signs & half, SHIPPED / "fonts" / f"KaTeX_{name}.{part}.woff2")
        span = ",".join(f"U+{first:X}-{last:X}" if last > first else f"U+{first:X}" for first, last in _runs(half))
        rules += whole.replace(f"{name}.woff2", f"{name}.{part}.woff2").replace("}", f";unicode-range:{span}}}")
    return rules


def _signs(font: Path) -> set[int]:
    from fontTools.ttLib import TTFont

    with TTFont(font) as opened:
        return set(opened.getBestCmap())


def _subset(font: Path, signs: set[int], to: Path) -> None:
    """Write the part of a font that shows the given signs."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    sys.modules.setdefault("brotli", _brotli())
    from fontTools import subset

    options = subset.Options(hinting=False, layout_features=["*"])
    options.flavor = "woff2"
    opened = subset.load_font(str(font), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=signs)
    subsetter.subset(opened)
    subset.save_font(opened, str(to), options)


def _brotli() -> types.ModuleType:
    """Return what fontTools needs of Python's brotli, made from the same compressor inside Node."""
    program = "const b=require('fs').readFileSync(0);process.stdout.write(require('zlib').brotliCompressSync(b))"
    module = types.ModuleType("brotli")
    module.MODE_FONT = 2  # type: ignore[attr-defined]

    def compress(data: bytes, mode: int) -> bytes:
        return subprocess.run([find_node(), "-e", program], input=data, stdout=subprocess.PIPE, check=True).stdout

    module.compress = compress  # type: ignore[attr-defined]
    return module


def _runs(signs: set[int]) -> list[tuple[int, int]]:
    """Return the unbroken runs of a set of numbers."""
    runs: list[tuple[int, int]] = []
    for sign in sorted(signs):
        if runs and runs[-1][1] == sign - 1:
            runs[-1] = (runs[-1][0], sign)
        else:
            runs.append((sign, sign))
    return runs


def _used(style: str) -> str:
    """Return a minified style sheet without the rules, and the selectors in a list, that `UNUSED` names."""
    out = ""
    while style:
        head, _, rest = style.partition("{")
        if not rest:
            return out
        depth, end = 1, 0
        for token in re.finditer(r"\"[^\"]*\"|'[^']*'|[{}]", rest):
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            end = token.end()
            if depth == 0:
                break
        body, style = rest[: end - 1], rest[end:]
        if head.startswith(("@media", "@supports")):
            body = _used(body)
        elif head.startswith(":root"):
            body = re.sub(r"--md-admonition-icon--[\w-]+:url\([^)]*\);?", "", body)  # css/book.css hides these pictures
        elif not head.startswith("@"):
            head = ",".join(part for part in re.split(r",(?![^(\[]*[)\]])", head) if not UNUSED.search(part))
        if head and body:
            out += f"{head}{{{body}}}"
    return out


def _editions(to: Path, *, strict: bool) -> bool:
    """Build the editions side by side, each in a fresh interpreter, and pass on what they print."""
    print("checking the formulas and running the sessions of the book …", flush=True)
    checks.prepare(Edition(ROOT / "docs" / "en"))
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "PYTHONUNBUFFERED": "1"}
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
