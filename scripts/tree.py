"""A second copy of the repository, as git sees it, with uncommitted files and without anything that is made."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from scripts.book.closure import ROOT


def copy_tree(to: Path) -> None:
    """
    Copy every file that git knows or would know, and lend the copy what `make setup` has fetched.

    Parameters
    ----------
    to : Path
        A folder that does not exist yet.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    for name in map(os.fsdecode, filter(None, names.split(b"\0"))):
        source, target = ROOT / name, to / name
        if source.is_file():  # a file may be in the index and deleted
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    (to / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
