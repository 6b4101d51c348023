"""Compute figures, numbers and tables by name; ``python -m scripts.figures`` reads names as JSON and answers in JSON.

The build runs this in a fresh interpreter, so that it always sees the code as it is on disk.
"""

from __future__ import annotations

import json
import sys
import traceback
from pathlib import Path
from typing import Any

from scripts.figures import ROOT, Declared, compute, declared


def main() -> None:
    """Answer with all that is declared and with the result, or the error, of each name that was asked for."""
    asked: list[str] = json.load(sys.stdin)
    known = declared()
    registry = {
        name: {"kind": item.kind, "place": item.place, "training": item.training} for name, item in known.items()
    }
    results = {name: attempt(known[name]) for name in asked if name in known}
    json.dump({"registry": registry, "results": results}, sys.stdout)


def attempt(item: Declared) -> dict[str, Any]:
    """Return the result of a function, or where and why it stopped."""
    try:
        return compute(item)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in frames if Path(frame.filename).stem == item.name.split("-")[0]] or []
        place = f"{Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else item.place
        return {"error": f"{place}: {type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
