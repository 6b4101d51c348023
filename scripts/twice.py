"""Build the book twice, as differently as one machine allows, and compare the two sites byte for byte.

The first build is made here, with all that is cached.  The second is made from a copy of the working tree, with another
path, time zone, language, hash seed and ages of files, with an empty cache and without a network.  So this gate also
shows that after `make setup` nothing is fetched, that a cached result is the computed one, and that nothing which git
does not know is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.book.closure import ROOT
from scripts.tree import copy_tree

HERE = ROOT / "build" / "twice"
LONG_AGO = 1_000_000_000  # seconds: 9 September 2001
NOWHERE = "http://127.0.0.1:9"  # nobody listens there
ADDRESS = "https://example.org/some/fork/"
FIRST = {"TZ": "UTC", "PYTHONHASHSEED": "1", "SOURCE_DATE_EPOCH": "1700000000", "LC_ALL": "C.UTF-8"}
SECOND = {"TZ": "Pacific/Kiritimati", "PYTHONHASHSEED": "2", "SOURCE_DATE_EPOCH": "1", "LC_ALL": "C"}
OFFLINE = {name: NOWHERE for proxy in ("http_proxy", "https_proxy", "all_proxy") for name in (proxy, proxy.upper())}
CONTEXT = 60  # bytes shown on each side of a difference


def main() -> int:
    """Build, copy, build, compare; say in one line how it went."""
    shutil.rmtree(HERE, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="unrolled-") as folder:
        copy = Path(folder) / "another path, 另一处"  # a space and Chinese, because a reader's may have them
        copy_tree(copy)
        for path in copy.rglob("*"):
            os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)
        build(ROOT, HERE / "here", FIRST)
        start = time.perf_counter()
        build(copy, copy / "site", SECOND | OFFLINE | {"HOME": folder}, first=["-m", "scripts.assets"])
        cold = time.perf_counter() - start
        found = list(differences(HERE / "here", copy / "site"))
        if found:
            shutil.copytree(copy / "site", HERE / "there")
    for difference in found:
        print(difference)
    if found:
        print(f"{len(found)} files differ; both sites are in build/twice/")
        return 1
    files = sum(path.is_file() for path in (HERE / "here").rglob("*"))
    how = "without a network" if offline() else "with proxies that lead nowhere (no network namespace to be had)"
    print(f"{files} files are the same; the second build took {cold:.1f} s, uncached, {how}")
    return 0


def build(root: Path, to: Path, environment: dict[str, str], first: list[str] | None = None) -> None:
    """Build the site from a tree, with that tree's code; end the program if it does not build."""
    variables = os.environ | {"PYTHONPATH": str(root), "SITE_URL": ADDRESS} | environment
    wall = offline() if root != ROOT else []
    check = (
        "import sys, pathlib, rnn, scripts; "
        "sys.exit(any(pathlib.Path(sys.argv[1]) not in pathlib.Path(m.__file__).parents for m in (rnn, scripts)))"
    )
    steps = [["-c", check, str(root)], *([first] if first else []), ["-m", "scripts.site", "build", "--to", str(to)]]
    for step in steps:
        command = [*wall, sys.executable, *step]
        done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, encoding="utf-8")
        if done.returncode:
            print(done.stdout + done.stderr)
            sys.exit(f"{' '.join(step[:2])} failed in {root}; nothing was compared")


def offline() -> list[str]:
    """Return the command that runs another one without a network; nothing where the system does not allow it."""
    command = ["unshare", "--map-root-user", "--net"]
    allowed = shutil.which("unshare") and not subprocess.run([*command, "true"], capture_output=True).returncode
    return command if allowed else []


def differences(left: Path, right: Path) -> Iterator[str]:
    """Describe every file that is not in both sites with the same bytes."""
    names = [{path.relative_to(site) for path in site.rglob("*") if path.is_file()} for site in (left, right)]
    for name in sorted(names[0] ^ names[1]):
        yield f"{name}: only in the {'first' if name in names[0] else 'second'} site"
    for name in sorted(names[0] & names[1]):
        one, two = (left / name).read_bytes(), (right / name).read_bytes()
        if one != two:
            at = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
            yield f"{name}: differs at byte {at}\n  {excerpt(one, at)}\n  {excerpt(two, at)}"


def excerpt(content: bytes, at: int) -> str:
    """Show the bytes around a place on one line."""
    return content[max(at - CONTEXT, 0) : at + CONTEXT].decode("utf-8", "backslashreplace").replace("\n", "⏎")


if __name__ == "__main__":
    sys.exit(main())
