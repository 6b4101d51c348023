"""What the build has computed once, on disk under build/cache."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from scripts.book.closure import ROOT

CACHE = ROOT / "build" / "cache"


def key(*parts: object) -> str:
    """Name a result by all that it depends on."""
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:32]


def load(path: Path) -> str | None:
    """Read what was stored; None if nothing was."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def store(path: Path, text: str) -> None:
    """Write a file in one step, so that two builds side by side never see half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        os.unlink(temporary)
        raise
