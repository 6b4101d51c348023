"""Break the book and the package in one place at a time, and list the breaks that no check notices.

``python -m scripts.mutants tex`` breaks the formulas of the pages and asks the equation checks; ``… code`` breaks the
package and asks the tests.  A survivor has to be explained in `EQUIVALENT` below, or the command fails.
"""

from __future__ import annotations

import ast
import copy
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.progress import track

from rnn.equations import Equation, bindings, check, registry
from rnn.equations.context import Context
from rnn.equations.tex import Evaluator, TexError, directions, parse, text_of
from scripts.book.closure import ROOT
from scripts.book.pages import Edition

console = Console(highlight=False)
app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)

# Breaks that cannot be noticed because nothing changes, or nothing that is promised; the reason stands beside each.
# A formula's break is named by the formula and the kind, the package's by the file and a part of what is shown.
WRONG_TOO = "the same factors in another wrong order: that ≠ is as true, and also an equality when all units are alike"
EQUIVALENT: dict[tuple[str, str], str] = {
    **{
        (f"bptt-not-{name}", "add transpose"): WRONG_TOO
        for name in ("reversed", "swapped", "collected", "untransposed")
    },
    **{(f"bptt-not-{name}", "drop transpose"): WRONG_TOO for name in ("reversed", "swapped", "collected")},
    **{(f"bptt-not-{name}", "swap"): WRONG_TOO for name in ("reversed", "collected", "untransposed")},
    **{(f"bptt-not-{name}", "reverse"): WRONG_TOO for name in ("swapped", "untransposed")},
    ("bptt-counted-twice", "add transpose"): "not the gradient either; with one step the derivative is diagonal",
    ("bptt-counted-twice", "drop transpose"): "not the gradient either; with one step the derivative is diagonal",
    ("bptt-rows-start", "add transpose"): "0 has every shape",
    ("vanishing-one-factor", "drop transpose"): "as true: a matrix and its transpose have the same singular values",
    ("recurrence-causal", "add transpose"): "0 has every shape",
    **{
        ("rnn/picture.py", piece): "looks only: a size, a width or a place, on which nothing that is shown depends"
        for piece in ("figsize=([", "figsize=(8, [", "height_ratios=[[", "height_ratios=[3, [", "lw=[")
    },
    **{
        ("rnn/picture.py", f"{piece}["): "looks only: where the legend stands, and how"
        for piece in ("bbox_to_anchor=(", "bbox_to_anchor=(0, ", "ncols=", "frameon=")
    },
    ("rnn/picture.py", "TYPE_CHECKING"): "importing rnn has imported rnn.train before; only annotations use the name",
    ("rnn/init.py", "q / np.sign("): "a sign is 1 or -1, so that dividing by it is multiplying by it",
    ("rnn/validate.py", "sizes.items(), arrays, strict=["): "`state` has found as many arrays as there are sizes",
    ("rnn/validate.py", "zip(came, shape, strict=["): "reached only where the two lengths have been found equal",
}


@dataclass(frozen=True)
class Mutant:
    """One break: what kind it is, where, and what the text reads afterwards."""

    kind: str
    place: str
    text: str
    shown: str


# --------------------------------------------------------------------------- formulas


class Span:
    """A piece of a formula, by its place in the text."""

    def __init__(self, first: Any, last: Any = None) -> None:
        self.start = first.start_pos if hasattr(first, "start_pos") else first.meta.start_pos
        last = first if last is None else last
        self.end = last.end_pos if hasattr(last, "end_pos") else last.meta.end_pos


def tex_mutants(name: str, tex: str) -> Iterator[Mutant]:
    """Yield every break of a formula: signs, transposes, indices, numbers, order and dropped terms or factors."""
    for kind, start, end, new in sorted(set(_edits(tex)), key=lambda edit: edit[1:]):
        broken = tex[:start] + new + tex[end:]
        shown = f"{tex[max(0, start - 12) : start]}[{tex[start:end]} → {new}]{tex[end : end + 12]}".replace("\n", " ")
        yield Mutant(kind, name, broken, shown)


def _edits(tex: str) -> Iterator[tuple[str, int, int, str]]:
    tree = parse(tex)
    for node in tree.iter_subtrees():
        kids = node.children
        if node.data == "sum":
            yield from _sum_edits(tex, kids)
        elif node.data == "product":
            yield from _product_edits(tex, kids)
        elif node.data == "scripted":
            yield from _script_edits(kids)
        elif node.data in ("total", "ordered"):
            yield from _limit_edits(node)
        elif node.data == "number":
            span = Span(kids[0])
            yield "number", span.start, span.end, str(float(kids[0]) + 1).removesuffix(".0")
        elif node.data in ("call", "call_plain"):
            other = {r"\tanh": r"\sigma", r"\sigma": r"\tanh"}.get(str(kids[0]))
            if other:
                yield "function", Span(kids[0]).start, Span(kids[0]).end, other


def _sum_edits(tex: str, kids: list[Any]) -> Iterator[tuple[str, int, int, str]]:
    signs = [k for k in kids if hasattr(k, "type")]
    terms = [k for k in kids if not hasattr(k, "type")]
    for sign in signs:
        yield "sign", Span(sign).start, Span(sign).end, "-" if sign == "+" else "+"
    if not signs or signs[0] is not kids[0]:
        yield "sign", Span(terms[0]).start, Span(terms[0]).start, "-"
    if len(terms) > 1:
        for i, term in enumerate(terms):
            if i == 0:
                following = kids[kids.index(terms[1]) - 1]
                start = Span(kids[0]).start
                yield "drop term", start, Span(terms[1]).start, "-" if following == "-" else ""
            else:
                yield "drop term", Span(kids[kids.index(term) - 1]).start, Span(term).end, ""


def _product_edits(tex: str, items: list[Any]) -> Iterator[tuple[str, int, int, str]]:
    for left, right in pairwise(items):
        a, b = Span(left), Span(right)
        if right.data != "total":
            yield "swap", a.start, b.end, f"{tex[b.start : b.end]} {tex[a.end : b.start]} {tex[a.start : a.end]}"
    if len(items) > 1:
        for item in items:
            yield "drop factor", Span(item).start, Span(item).end, ""


def _script_edits(kids: list[Any]) -> Iterator[tuple[str, int, int, str]]:
    base, scripts = kids[0], [k.children[0] for k in kids[1:]]
    transposed = False
    for script in scripts:
        span, text = Span(script), text_of(str(script))
        if text == r"\top":
            transposed = True
            yield "drop transpose", span.start, span.end, ""
        elif script.type == "SUP" and text.isdigit():
            yield "number", span.start, span.end, f"^{{{int(text) + 1}}}"
        elif text in (r"\ast", "+") or re.fullmatch(r"[a-z]{2,}", text) or base.data == "group":
            continue
        else:
            yield from _index_edits(script, span, text, base)
    if not transposed and base.data != "number":
        end = Span(scripts[-1]).end if scripts else Span(base).end
        yield "add transpose", end, end, r"^\top"


def _index_edits(script: Any, span: Span, text: str, base: Any) -> Iterator[tuple[str, int, int, str]]:
    if str(base.children[0]) in ("W", "b") and not text.startswith("("):
        return  # the letters of W_{hh} and b_h are a name
    inner = text[1:-1] if text.startswith("(") else text
    pieces = re.split(r"(,|\\leftarrow)", inner)
    for i in range(0, len(pieces), 2):
        for shift in ("+1", "-1"):
            moved = "".join([*pieces[:i], f"{pieces[i].strip()}{shift} ", *pieces[i + 1 :]])
            yield "index", span.start, span.end, f"{script[0]}{{{f'({moved})' if text.startswith('(') else moved}}}"


def _limit_edits(node: Any) -> Iterator[tuple[str, int, int, str]]:
    limits = node.children[0].children
    below, above = sorted(limits, key=lambda token: str(token)[0] == "^")
    variable, _, first = text_of(str(below)).partition("=")
    last = text_of(str(above))
    for shift in ("+1", "-1"):
        yield "limit", Span(below).start, Span(below).end, f"_{{{variable}={first}{shift}}}"
        yield "limit", Span(above).start, Span(above).end, f"^{{{last}{shift}}}"
    if node.data == "ordered":
        start, end = Span(limits[0]).start, Span(limits[-1]).end
        yield "reverse", start, end, f"_{{{variable}={last}}}^{{{first}}}"


def same_values(eq: Equation, tex: str, broken: str) -> bool:
    """Tell whether a break changes neither side of any relation, in any draw: then it says the same thing."""
    try:
        before, after = (_values(eq, text) for text in (tex, broken))
    except TexError:
        return False
    return len(before) == len(after) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-12) for a, b in zip(before, after, strict=True)
    )


def _values(eq: Equation, tex: str) -> list[Any]:
    values: list[Any] = []
    for where in eq.worlds:
        for seed in range(5):
            context: Context = where.draw(seed)
            every = bindings(eq.for_all, context)
            at = Evaluator(context, context.base, {}, {})
            for claim in parse(tex).children:
                if hasattr(claim, "data"):
                    downward = directions(claim, at, every)
                    for env in every:
                        relations = Evaluator(context, context.base, env, downward).relations(claim)
                        values += [side for _, left, right in relations for side in (left, right)]
    return values


@app.command()
def tex(only: Annotated[str, typer.Option(help="Only formulas whose name begins so.")] = "") -> None:
    """Break every evaluated formula of the pages and check it again."""
    edition, known = Edition(ROOT / "docs" / "en"), registry()
    edition.refresh()
    formulas = [
        (f.name, f.tex) for f in edition.formulas.values() if f.name.startswith(only) and not known[f.name].twin
    ]
    survivors, killed, identical = list[Mutant](), 0, 0
    with ProcessPoolExecutor() as pool:
        done = track(pool.map(_break, formulas), "formulas", total=len(formulas), console=console, transient=True)
        for noticed, same, left in done:
            killed, identical, survivors = killed + noticed, identical + same, survivors + left
    console.print(f"{len(formulas)} formulas, {killed} breaks noticed, {identical} that leave every value as it was")
    _verdict(survivors, whole=not only)


def _break(formula: tuple[str, str]) -> tuple[int, int, list[Mutant]]:
    """Break one formula everywhere: how many breaks are noticed, how many change nothing, and the others."""
    name, tex = formula
    eq, survivors, killed, identical = registry()[name], list[Mutant](), 0, 0
    for mutant in tex_mutants(name, tex):
        if not check(eq, mutant.text).ok:
            killed += 1
        elif same_values(eq, tex, mutant.text):
            identical += 1
        else:
            survivors.append(mutant)
    return killed, identical, survivors


# --------------------------------------------------------------------------- code


SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


def code_mutants(path: Path) -> Iterator[Mutant]:
    """Yield every break of a module: operators, transposes, indices, dropped terms, conditions."""
    source = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.encode().splitlines()
    place = str(path.relative_to(ROOT))
    for number, node in enumerate(ast.walk(tree)):
        for kind, change in _changes(node):
            fresh = copy.deepcopy(tree)
            target = next(n for i, n in enumerate(ast.walk(fresh)) if i == number)
            before = ast.unparse(target)
            replacement = change(target)
            if replacement is not None:
                fresh = _Replace(target, replacement).visit(fresh)
            after = ast.unparse(target if replacement is None else replacement)
            shown = _in_line(lines, node, before.splitlines()[0], after.splitlines()[0])
            yield Mutant(kind, place, ast.unparse(ast.fix_missing_locations(fresh)), shown)


def _in_line(lines: list[bytes], node: Any, before: str, after: str) -> str:
    """Show a break in the line where it is, after the line's number."""
    start, end = lines[node.lineno - 1][: node.col_offset], lines[node.end_lineno - 1][node.end_col_offset :]
    return f"{node.lineno}: {start.decode().lstrip()}[{before} → {after}]{end.decode()}"


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        """Put the new node in the place of the old one."""
        return self.new if node is self.old else super().visit(node)


def _changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """Yield the breaks of one node: a function that changes it, or returns what stands in its place."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPS:
            yield "operator", lambda n: setattr(n, "op", SWAPS[type(n.op)]())
        if isinstance(node.op, ast.Add | ast.Sub) and not isinstance(node.left, ast.JoinedStr):
            yield "drop term", lambda n: n.left
            yield "drop term", lambda n: n.right
        if isinstance(node.op, ast.MatMult):
            yield "order", lambda n: ast.BinOp(n.right, n.op, n.left)
    elif isinstance(node, ast.Compare):
        yield "comparison", lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]())
    elif isinstance(node, ast.BoolOp):
        yield "condition", lambda n: setattr(n, "op", SWAPS[type(n.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield "negation", lambda n: n.operand
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", lambda n: n.value
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "number", lambda n: setattr(n, "value", n.value + 1)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "number", lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reversed":
        yield "order", lambda n: n.args[0]
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))


def survives(mutant: Mutant, folder: Path) -> bool:
    """Run the tests of the package against a broken copy; True if they pass."""
    target = folder / mutant.place
    whole = target.read_text(encoding="utf-8")
    target.write_text(mutant.text, encoding="utf-8")
    try:
        return passes(Path(mutant.place).stem, folder)
    finally:
        target.write_text(whole, encoding="utf-8")


def passes(module: str, folder: Path) -> bool:
    """Run the tests of the package in a copy of it, those of one module first, up to the first that fails."""
    own = {"tests/test_command.py" if module == "__main__" else f"tests/test_{module}.py", "tests/test_assignment.py"}
    first = sorted((name for name in own if (folder / name).exists()), key="tests/test_assignment.py".__eq__)
    slow = ["tests/site", "tests/test_loom.py", "tests/test_book.py"]  # the book's, which ask nothing of the package
    rest = ["tests", *(f"--ignore={name}" for name in [*first, *slow])]
    return _passes(first, folder) and _passes(rest, folder)


def _passes(tests: list[str], folder: Path) -> bool:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", *tests]
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return False  # a break that never ends is noticed too
    return done.returncode == 0


@app.command()
def code(
    only: Annotated[str, typer.Option(help="Only this module, such as simple.")] = "",
    workers: Annotated[int, typer.Option(help="Breaks tried at once.")] = os.cpu_count() or 1,
) -> None:
    """Break every line of the package and run its tests."""
    modules = sorted(path for path in (ROOT / "rnn").glob("*.py") if path.stem.startswith(only))
    mutants = [mutant for path in modules for mutant in code_mutants(path)]
    with tempfile.TemporaryDirectory() as scratch:
        folders = [_copy(Path(scratch) / str(i)) for i in range(workers)]
        free = list(folders)
        if not passes("", folders[0]):
            console.print("the tests fail before anything is broken: run them first")
            raise typer.Exit(1)

        def attempt(mutant: Mutant) -> bool:
            folder = free.pop()
            try:
                return survives(mutant, folder)
            finally:
                free.append(folder)

        with ThreadPoolExecutor(workers) as pool:
            verdicts = list(track(pool.map(attempt, mutants), "breaks", total=len(mutants), console=console))
    survivors = [mutant for mutant, alive in zip(mutants, verdicts, strict=True) if alive]
    console.print(f"{len(modules)} modules, {len(mutants) - len(survivors)} of {len(mutants)} breaks noticed")
    _verdict(survivors, whole=not only)
    places = {mutant.place for mutant in mutants}
    named = {key for key in EQUIVALENT for m in survivors if key[0] == m.place and _names(key[1], m)}
    if idle := [key for key in EQUIVALENT if key[0] in places and key not in named]:
        console.print(f"reasons that excuse nothing: {idle}", markup=False)
        raise typer.Exit(1)


def _copy(folder: Path) -> Path:
    """Copy what the tests need."""
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    for name in files.stdout.splitlines():
        if name.startswith(("rnn/", "tests/", "scripts/", "docs/", "pyproject.toml")) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def _names(piece: str, mutant: Mutant) -> bool:
    return piece == mutant.kind or piece in mutant.shown


def _verdict(survivors: list[Mutant], *, whole: bool) -> None:
    """Print the survivors, with the reason where there is one; fail if one has none, or a reason has no survivor."""
    used = set()
    unexplained = 0
    for mutant in survivors:
        reason = next((k for k in EQUIVALENT if k[0] == mutant.place and _names(k[1], mutant)), None)
        used |= {reason}
        unexplained += reason is None
        says = "unexplained" if reason is None else EQUIVALENT[reason]
        console.print(
            f"  survives  {mutant.place}  {mutant.kind}  {mutant.shown}  ({says})", markup=False, soft_wrap=True
        )
    if unexplained:
        console.print(f"{unexplained} breaks survive without a reason: add a test, or a reason to scripts/mutants.py")
        raise typer.Exit(1)
    console.print("no unexplained survivor")


if __name__ == "__main__":
    app()
