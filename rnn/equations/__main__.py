"""Check formulas that arrive as JSON on standard input, ``{name: tex}``; answer with what was found, by name.

The build runs this in a fresh interpreter, so that it always sees the package as it is on disk.
"""

from __future__ import annotations

import inspect
import json
import sys
import textwrap
import time
from typing import Any

from rnn.equations import Equation, check, kind_of, registry


def describe(eq: Equation, tex: str) -> dict[str, Any]:
    """Check one formula and say all that the badge shows."""
    began = time.perf_counter()
    result = check(eq, tex)
    return {
        "ok": result.ok,
        "why": result.why,
        "row": result.row,
        "error": min(result.error, 1e300),  # JSON has no infinity
        "slack": result.slack,
        "draws": result.draws,
        "kind": eq.kind or kind_of(tex),
        "contexts": [world.name for world in eq.worlds],
        "equal_in": list(dict.fromkeys(world.name for world in eq.equal_in)),
        "for_all": eq.for_all,
        "twin": textwrap.dedent(inspect.getsource(eq.twin)) if eq.twin else "",
        "seconds": round(time.perf_counter() - began, 3),
    }


def main() -> None:
    """Check every formula given whose name is registered; list all that are registered."""
    asked: dict[str, str] = json.load(sys.stdin)
    known = registry()
    json.dump(
        {
            "registry": {name: {"file": eq.file, "line": eq.line} for name, eq in known.items()},
            "results": {name: describe(known[name], tex) for name, tex in asked.items() if name in known},
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
