"""One hash for all that a module's results depend on: the sources it imports, without what cannot change a result.

Equations, sessions and whatever else the build computes are cached under it, so that editing a docstring or a comment
recomputes nothing and editing a line of code recomputes just what could have changed.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("rnn", "scripts")
DATA = re.compile(r"[\w-]+\.(?!py$)\w+")
RESULTS, ALL_RESULTS = ROOT / "scripts" / "experiments" / "results", "*.json"


def digest(*modules: str, without: Collection[Path] = ()) -> str:
    """Hash the sources of these modules and of all of ours that they import, directly or not.

    Parameters
    ----------
    modules : str
        Dotted names, such as ``rnn.equations.bptt``.
    without : collection of Path
        Files that are left out, with all that only they import.

    Returns
    -------
    str
        It changes when code, a constant, a data file named in the code or the version of NumPy or Matplotlib changes.
    """
    return hashed(_versions(), closure(*modules, without=without))


def hashed(also: Iterable[str], files: Iterable[Path]) -> str:
    """Hash some text and the code of files, without their docstrings and comments."""
    parts = [*also, *(f"{path.relative_to(ROOT)} {_source(path)[0]}" for path in sorted(files))]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


@cache
def _versions() -> tuple[str, ...]:
    return tuple(f"{name} {version(name)}" for name in ("numpy", "matplotlib"))


def closure(*modules: str, without: Collection[Path] = ()) -> set[Path]:
    """List the files that `digest` reads."""
    found: set[Path] = set()
    waiting = [path for module in modules for path in _files(module)]
    while waiting:
        path = waiting.pop()
        if path in found or path in without:
            continue
        found.add(path)
        _, imports, data = _source(path)
        waiting += [*(file for module in imports for file in _files(module)), *data]
    return found


def _files(module: str) -> Iterator[Path]:
    """Yield the file of a module of ours and the ``__init__`` of every package around it."""
    parts = module.split(".")
    if parts[0] not in OURS:
        return
    for i in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[:i])
        for path in (base / "__init__.py", base.with_suffix(".py")):
            if path.is_file():
                yield path
    package, name = ROOT.joinpath(*parts[:-1], "__init__.py"), parts[-1]
    if package.is_file():
        for key, home in _homes(package, package.stat().st_mtime_ns).items():
            if name in (key, "*"):
                yield from _files(home)


def _imports(tree: ast.AST) -> Iterator[str]:
    if _is_for_annotations(tree):
        return
    if isinstance(tree, ast.Import):
        for alias in tree.names:
            yield from (alias.name, f"{alias.name}.*")  # whatever the package has may be asked for
    elif isinstance(tree, ast.ImportFrom) and tree.module:
        yield tree.module
        yield from (f"{tree.module}.{alias.name}" for alias in tree.names)  # it may be a module
    for child in ast.iter_child_nodes(tree):
        yield from _imports(child)


@cache
def _homes(package: Path, _mtime: int) -> dict[str, str]:
    """Return where the names are defined that a package loads when asked: it imports them for annotations alone."""
    blocks = filter(_is_for_annotations, ast.parse(package.read_text(encoding="utf-8")).body)
    imports = [node for block in blocks for node in ast.walk(block) if isinstance(node, ast.ImportFrom) and node.module]
    return {alias.asname or alias.name: str(node.module) for node in imports for alias in node.names}


def _is_for_annotations(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _data(tree: ast.AST, path: Path) -> Iterator[Path]:
    """Yield the data files that a module names in a string, beside it or among the results of the experiments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and DATA.fullmatch(node.value):
            yield from (home / node.value for home in (path.parent, RESULTS) if (home / node.value).is_file())
        elif isinstance(node, ast.Constant) and node.value == ALL_RESULTS:
            yield from RESULTS.glob(ALL_RESULTS)


def _source(path: Path) -> tuple[str, list[str], list[Path]]:
    """Return the hash of a file, the modules it imports and the data files it names."""
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _mtime: int) -> tuple[str, list[str], list[Path]]:
    if path.suffix != ".py":
        return hashlib.sha256(path.read_bytes()).hexdigest(), [], []
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    imports, data = list(_imports(tree)), list(_data(tree, path))
    for node in ast.walk(tree):  # comments and layout are not in the tree anyway
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node, clean=False):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(spelled(tree).encode()).hexdigest(), imports, data


def spelled(node: object) -> str:
    """Write a syntax tree in the same way under every version of Python: without what is empty, and without types.

    `ast.dump` would name fields that only some versions have, and results are kept for longer than a version lasts.
    """
    if isinstance(node, ast.AST):
        fields = ((name, value) for name, value in ast.iter_fields(node) if value not in (None, []))
        inner = ",".join(f"{name}={spelled(value)}" for name, value in fields if name not in ("kind", "ctx"))
        return f"{type(node).__name__}({inner})"
    return f"[{','.join(map(spelled, node))}]" if isinstance(node, list) else repr(node)
