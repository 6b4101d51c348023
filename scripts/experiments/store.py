"""Where runs are kept: each by itself as soon as it is done, and all of an experiment together when none is missing."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import math
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np

from scripts.book import cache
from scripts.book.closure import ROOT, closure, hashed, spelled
from scripts.experiments import (
    KIT,
    RESULTS,
    TIERS,
    Arm,
    NoResultError,
    ResultError,
    Results,
    Run,
    claims,
    experiment,
    fetch,
    module_of,
    results,
)

KEPT = ROOT / "build" / "experiments"
DIGITS = 6  # significant ones, of every number in a file
# What decides on no result: the names of the package, and what surrounds the experiments.
HERE = Path(__file__).parent
APART = {
    ROOT / "rnn" / "__init__.py",
    ROOT / "scripts" / "__init__.py",
    *(HERE / f"{name}.py" for name in ("__init__", *KIT)),
}


def sources(name: str) -> str:
    """Hash the code that a run of an experiment depends on: its function, all that this uses, and the data.

    The arms stand beside the runs, and a claim changes no number: neither is hashed.  Nor are docstrings, comments and
    the versions of libraries, which are written down beside the results.
    """
    module = module_of(name)
    path = Path(inspect.getsourcefile(importlib.import_module(module)) or "")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = [spelled(node) for node in _needed(tree, experiment(name).run.__name__)]
    data = [fetch.source(one).sha256 for one in experiment(name).data]
    return hashed([*own, *data], closure(module, without=APART) - {path})


def _needed(tree: ast.Module, name: str) -> list[ast.stmt]:
    """Return the statements of a module that a function of it depends on, without docstrings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
    defined: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        for one in _defines(statement):
            defined.setdefault(one, []).append(statement)
    waiting, found = [name], []
    while waiting:
        new = [statement for statement in defined.pop(waiting.pop(), []) if statement not in found]
        found += new
        waiting += [node.id for statement in new for node in ast.walk(statement) if isinstance(node, ast.Name)]
    return [statement for statement in tree.body if statement in found]


def _defines(statement: ast.stmt) -> list[str]:
    """Name what a statement of a module defines; what comes from this package decides on no result."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return [statement.name]
    if isinstance(statement, ast.ImportFrom) and statement.module == __package__:
        return []
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).partition(".")[0] for alias in statement.names]
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement]
    nodes = (node for target in targets for node in ast.walk(target))
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


def made() -> dict[str, str]:
    """Say with what results are made."""
    return {"python": platform.python_version(), "numpy": np.__version__, "machine": _processor()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def place(name: str, tier: str, arm: Arm, seed: int, hashed: str) -> Path:
    """Return the file of one run."""
    return KEPT / name / tier / f"{cache.key(hashed, json.dumps(arm, sort_keys=True), seed)}.json"


def keep(path: Path, run: Run) -> None:
    """Write one run, at once and whole."""
    cache.store(path, json.dumps(plain(vars(run))) + "\n")


def kept(path: Path) -> Run | None:
    """Read one run; None if it is not there.

    Raises
    ------
    ResultError
        If the file is broken.
    """
    text = cache.load(path)
    try:
        return None if text is None else Run(**json.loads(text))
    except (ValueError, TypeError):
        raise ResultError(f"{path.relative_to(ROOT)}: expected a run, got a broken file") from None


def stored(name: str, tier: str, hashed: str) -> list[Run]:
    """Return the committed runs of an experiment if these sources have made them, else none.

    Raises
    ------
    ResultError
        If the file is broken.
    """
    try:
        found = results(name, tier)
    except NoResultError:
        return []
    return list(found.runs) if found.made["sources"] == hashed else []


def which(arm: Arm, seed: int) -> str:
    """Name a run."""
    return json.dumps([arm, seed], sort_keys=True)


def write(name: str, tier: str, hashed: str, runs: list[Run]) -> Path:
    """Write all runs of a tier into the file of the experiment, beside those of the other one."""
    path = RESULTS / f"{name.rsplit('.', 1)[-1]}.json"
    try:
        parts = dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        parts = {}  # of a broken file the runs are kept elsewhere, or done again
    about = {"by": f"make experiments ONLY={name}", "on": time.strftime("%Y-%m-%d"), "sources": hashed, **made()}
    kind = {"nets": experiment(name).nets, "chaotic": experiment(name).chaotic}
    parts[tier] = {"made": about, **kind, "runs": [plain(vars(run)) for run in runs]}
    cache.store(path, _laid_out({t: parts[t] for t in TIERS if t in parts}))
    return path


def _laid_out(parts: dict[str, Any]) -> str:
    """Write a run a line, so that a change of one run is a change of one line."""
    tiers = []
    for tier, part in parts.items():
        runs = ",\n".join(json.dumps(run, separators=(",", ":")) for run in part["runs"])
        about = json.dumps({key: value for key, value in part.items() if key != "runs"})[1:-1]
        tiers.append(f'"{tier}": {{{about}, "runs": [\n{runs}\n]}}')
    return "{" + ",\n".join(tiers) + "}\n"


def plain(value: Any) -> Any:
    """Make a measurement fit for JSON: numbers of Python, six digits; refuse what is no finite number.

    Raises
    ------
    ValueError
        If there is something else in it; what never happened is None.
    """
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [plain(one) for one in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"expected finite numbers, or None for what never happened, got {value}")
        return float(f"{value:.{DIGITS}g}")
    if value is None or isinstance(value, bool | int | str):
        return value
    raise ValueError(f"expected numbers, lists and dicts, got {type(value).__name__}")


def unlike(here: Any, there: Any, tolerance: float) -> str:
    """Say where two measurements differ by more than rounding; nothing if they do not."""
    if isinstance(here, dict) and isinstance(there, dict) and here.keys() == there.keys():
        found = (f"{key}: {text}" for key in here if (text := unlike(here[key], there[key], tolerance)))
        return next(found, "")
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        size = max((abs(x) for x in [*here, *there] if isinstance(x, float)), default=0.0)
        for i, (a, b) in enumerate(zip(here, there, strict=True)):
            close = isinstance(a, float | int) and isinstance(b, float | int) and abs(a - b) <= tolerance * size
            if not close and (text := unlike(a, b, tolerance)):
                return f"[{i}] {text}"
        return ""
    if isinstance(here, float | int) and isinstance(there, float | int):
        return "" if abs(here - there) <= tolerance * max(abs(here), abs(there)) else f"{here} is not {there}"
    return "" if here == there else f"{here} is not {there}"


def complaints(name: str) -> list[str]:
    """Say what is wrong with the committed results: of other sources, of other runs, against a claim."""
    found, hashed, again = [], sources(name), f"`make experiments ONLY={name}` brings them up to date"
    for tier in TIERS:
        there = results(name, tier)
        if there.made["sources"] != hashed:
            found.append(f"{name}: the {tier} results were made by other sources: {again}")
        elif (there.nets, there.chaotic) != (experiment(name).nets, experiment(name).chaotic):
            found.append(f"{name}: the {tier} results are of another kind than the experiment: {again}")
        elif [which(run.arm, run.seed) for run in there.runs] != [
            which(*task) for task in experiment(name).tasks(tier)
        ]:
            found.append(f"{name}: the {tier} results have other runs than the experiment: {again}")
        else:
            found += broken_claims(there)
    return found


def broken_claims(there: Results) -> list[str]:
    """Say which claims of an experiment these results contradict."""
    chosen = [one for one in claims(there.name) if one.reduced or there.tier == "full"]
    return [text for one in chosen if (text := one.complaint(there))]


def differences(name: str, repeated: list[Run]) -> list[str]:
    """Compare the reduced runs, done again, with the committed ones, and hold them to the claims."""
    about, before = experiment(name), results(name, "reduced")
    found = broken_claims(Results(name, "reduced", made(), repeated, about.nets, about.chaotic))
    if about.chaotic:
        return found
    for one, old in zip(repeated, before.runs, strict=True):
        if text := unlike(one.found, old.found, about.tolerance):
            found.append(f"{name}: {one.arm}, seed {one.seed}, done again: {text}")
    return found
