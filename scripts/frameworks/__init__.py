"""One network in four programs, and what the frameworks do by default; run in the environment of the peers.

``.venv-peers/bin/python -m scripts.frameworks`` runs all of it and writes ``found.json``, which the chapter shows.
"""

from __future__ import annotations

import hashlib
import io
import json
import tokenize
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]

HERE = Path(__file__).resolve().parent
FILE = HERE / "found.json"
SIZES = {"T": 5, "B": 2, "D": 3, "H": 4}
PROGRAMS = ("numpy", "torch", "keras", "jax")


def given() -> tuple[Arrays, Array, Array]:
    """Draw what all four programs are given: parameters, inputs (T, B, D) and an initial state (B, H)."""
    rng = np.random.default_rng(2026)
    T, B, D, H = SIZES.values()
    params = {f"W_x{gate}": rng.normal(size=(D, H)) for gate in "zrn"}
    params |= {f"W_h{gate}": rng.normal(size=(H, H)) for gate in "zrn"}
    params |= {name: rng.normal(size=H) for name in ("b_z", "b_r", "b_n", "b_hn")}
    return params, rng.normal(size=(T, B, D)), rng.uniform(-0.9, 0.9, size=(B, H))


def digest() -> str:
    """Hash the programs, without comments and line breaks: `found.json` belongs to sources with this hash."""
    parts = []
    for path in sorted(HERE.glob("*.py")):
        tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
        left_out = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
        parts += [path.name, *(token.string for token in tokens if token.type not in left_out)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def found() -> dict[str, Any]:
    """Read what the programs printed when they ran last."""
    stored: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return stored
