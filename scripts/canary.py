"""Build the pages with two other site generators and compare what they make with what MkDocs makes.

MkDocs itself is no longer maintained, and Material says when its own support ends.  ProperDocs continues the one,
Zensical succeeds the other.  The day the book has to move should not be the day on which it is first tried: this keeps
the ways open.  On every page the identifiers of equations, figures, sections and whatever else can be linked to must be
the same, in the same order.  Labs are notebooks, which Zensical does not know; they are left aside.

Nothing that lands waits for this: a new version of a generator may break it on any day.  The versions are pinned in
pyproject.toml (group "canary") and requirements-canary.lock.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import yaml
from mkdocs.utils.yaml import get_yaml_loader, yaml_load

from scripts.book.closure import ROOT
from scripts.site import EDITIONS
from scripts.tree import copy_tree

CANARY = ROOT / "build" / "canary"
TREE = CANARY / "tree"
PYTHON = CANARY / "venv" / "bin" / "python"
LOCK = ROOT / "requirements-canary.lock"
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
OURS = re.compile(r"(?:docs|rnn|scripts)/\S+:\d+: .*")  # reported by scripts.book; Zensical counts it as no warning
MOST = 15  # lines shown of what is wrong
KINDS = {"eq-": "equations", "fig-": "figures", "tab-": "tables"}


def main() -> int:
    """Build three times, compare, and say of each generator and edition how it went."""
    prepare_environment()
    prepare_tree()
    reference = {}
    for edition, config in EDITIONS.items():
        site = TREE / "site" / "mkdocs" / edition
        mkdocs = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", config, "-d", str(site)]
        status, said = run(mkdocs)
        if status:
            return report(f"mkdocs │ {edition} │ the book itself does not build", said)
        reference[edition] = identifiers(site)
    for name in ("properdocs", "zensical"):
        for edition in EDITIONS:
            start = time.perf_counter()
            found = list(trial(name, edition, reference[edition]))
            counts = Counter(kind(anchor) for anchors in reference[edition].values() for anchor in anchors)
            what = ", ".join(f"{number} {kind}" for kind, number in counts.items())
            verdict = "DIFFERS from MkDocs" if found else f"the same as MkDocs: {len(reference[edition])} pages, {what}"
            status |= report(
                f"{name} {pinned(name)} │ {edition} │ {verdict}; {time.perf_counter() - start:.1f} s", found
            )
    return status


def report(sentence: str, faults: list[str]) -> int:
    """Print a sentence and the first faults under it; return 1 if there are any."""
    print(sentence, *faults[:MOST], *(["…"] if len(faults) > MOST else []), sep="\n  ", flush=True)
    return int(bool(faults))


def prepare_environment() -> None:
    """Make the canary's environment from its lock file, unless it is made."""
    made = CANARY / "venv" / "made-from"
    wanted = hashlib.sha256(LOCK.read_bytes()).hexdigest() + sys.version
    if made.exists() and made.read_text(encoding="utf-8") == wanted:
        return
    print(f"making {CANARY.relative_to(ROOT)}/venv from {LOCK.name} …", flush=True)
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(CANARY / "venv")], check=True)
    install = [uv, "pip", "install", "-q", "--python", str(PYTHON), "--require-hashes", "-r", str(LOCK)]
    subprocess.run(install, check=True)
    made.write_text(wanted, encoding="utf-8")


def prepare_tree() -> None:
    """Copy the sources, because Zensical wants its settings and its site inside the project, and add their settings."""
    shutil.rmtree(TREE, ignore_errors=True)
    copy_tree(TREE)
    shutil.copytree(ROOT / "docs" / "shared" / "katex", TREE / "docs" / "shared" / "katex")
    (ROOT / "build" / "cache").mkdir(parents=True, exist_ok=True)
    (TREE / "build").mkdir()
    (TREE / "build" / "cache").symlink_to(ROOT / "build" / "cache", target_is_directory=True)
    for edition in EDITIONS:
        text = yaml.safe_dump(for_zensical(edition), allow_unicode=True, sort_keys=False)
        (TREE / f"zensical.{edition}.yml").write_text(text, encoding="utf-8")


def for_zensical(edition: str) -> dict[str, Any]:
    """
    Derive Zensical's settings from those of MkDocs; each line here is a thing to do on the day of a move.

    Zensical reads mkdocs.yml, the tag `!!python/object/apply` too.  INHERIT it also knows, but joins lists where MkDocs
    replaces them (the nav and the palette would stand there twice), so that MkDocs' own loader reads the file here.
    """
    loader = get_yaml_loader()
    # The tag !relative is MkDocs' own.  Zensical is started where the settings are, so that a dot comes to the same.
    loader.add_constructor("!relative", lambda *_: ".")
    with (TREE / EDITIONS[edition]).open(encoding="utf-8") as file:
        settings: dict[str, Any] = yaml_load(file, loader)
    settings["site_dir"] = f"site/zensical/{edition}"
    # Our templates use methods of Python's strings, which MiniJinja lacks; the style sheets are beside the templates.
    del settings["theme"]["custom_dir"], settings["extra_css"]
    # The region is added by a file of ours (partials/languages/zh-CN.html), which went with the templates.
    settings["theme"]["language"] = settings["theme"]["language"].split("-")[0]
    settings["nav"] = only_pages(settings["nav"])
    return settings


def only_pages(nav: list[Any]) -> list[Any]:
    """Drop notebooks from a nav, and sections in which nothing is left."""
    kept: list[Any] = []
    for entry in nav:
        ((title, target),) = entry.items() if isinstance(entry, dict) else [("", entry)]
        if isinstance(target, list):
            kept += [{title: inside}] if (inside := only_pages(target)) else []
        elif target.endswith(".md"):
            kept.append(entry)
    return kept


def trial(name: str, edition: str, expected: dict[str, list[str]]) -> Iterator[str]:
    """Build one edition with one generator and yield all that is wrong."""
    program, site = str(PYTHON.with_name(name)), TREE / "site" / name / edition
    if name == "zensical":
        command = [program, "build", "--strict", "-f", f"zensical.{edition}.yml"]
    else:  # MkDocs' settings as they are
        command = [program, "build", "--strict", "-f", EDITIONS[edition], "-d", str(site)]
    status, said = run(command)
    if status:
        yield f"stopped with status {status}"
    yield from said
    found = identifiers(site)
    for page in sorted(expected.keys() | found.keys()):
        ours, theirs = expected.get(page), found.get(page)
        if ours is None or theirs is None:
            yield f"{page}: the page is {'missing' if theirs is None else 'not one of MkDocs’'}"
        elif ours != theirs:
            lost, new = Counter(ours) - Counter(theirs), Counter(theirs) - Counter(ours)
            order = "" if lost or new else "the order differs"
            yield f"{page}: missing {sorted(lost)}, new {sorted(new)} {order}".rstrip()
    for path in sorted(site.rglob("*.html")):
        if "eq-failed" in path.read_text(encoding="utf-8"):
            yield f"{path.relative_to(site)}: a formula that fails"


def run(command: list[str]) -> tuple[int, list[str]]:
    """Run a generator in the copy; return its status and what the book's extension said, else its own last words."""
    variables = os.environ | {"PYTHONPATH": str(TREE), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(
        command, cwd=TREE, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    )
    said = [line[0] for line in OURS.finditer(done.stdout)]
    return done.returncode, said or done.stdout.splitlines()[1 - MOST :] * bool(done.returncode)


class Anchors(HTMLParser):
    """Every id inside the article of a page, in order; those that begin with __ are the theme's."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.depth, self.found = 0, list[str]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an id; count how deep in the article we are."""
        if tag in VOID:
            return
        if self.depth or tag == "article":
            self.depth += 1
            self.found += [value for name, value in attrs if name == "id" and value and not value.startswith("__")]

    def handle_endtag(self, tag: str) -> None:
        """Leave an element."""
        self.depth -= bool(self.depth) and tag not in VOID


def identifiers(site: Path) -> dict[str, list[str]]:
    """Return the ids of every page of a site but the labs', by the page's address."""
    pages = {path.parent.relative_to(site).as_posix(): path for path in sorted(site.rglob("index.html"))}
    texts = {name: path.read_text(encoding="utf-8") for name, path in pages.items() if not name.startswith("labs")}
    return {name: Anchors(text).found for name, text in texts.items()}


def kind(anchor: str) -> str:
    """Say what an id belongs to."""
    return next((name for start, name in KINDS.items() if anchor.startswith(start)), "sections and others")


def pinned(name: str) -> str:
    """Return the version of a generator in the canary's environment."""
    (folder,) = (CANARY / "venv" / "lib").glob(f"python*/site-packages/{name}-*.dist-info")
    return folder.name.removeprefix(f"{name}-").removesuffix(".dist-info")


if __name__ == "__main__":
    sys.exit(main())
