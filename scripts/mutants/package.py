"""The package, broken in its code."""

from __future__ import annotations

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.book.closure import ROOT
from scripts.mutants import Mutant

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

# What the fast layers write instead of operators.
UFUNCS = {"add": "subtract", "subtract": "add", "sub": "add", "multiply": "add", "mul": "add"}


def code_mutants(path: Path) -> Iterator[Mutant]:
    """Yield every break of a module: operators, transposes, indices, dropped terms, conditions."""
    source = path.read_text(encoding="utf-8")
    tree, lines = ast.parse(source), source.encode().splitlines()
    place, whole = str(path.relative_to(ROOT)), pickle.dumps(tree)  # faster to copy than the tree itself
    for number, node in enumerate(ast.walk(tree)):
        for kind, change in _changes(node):
            fresh = pickle.loads(whole)
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
    elif isinstance(node, ast.Call) and _callee(node) in UFUNCS:
        yield "function", lambda n: _rename(n, UFUNCS[_callee(n)])
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "drop call", lambda n: ast.Pass()
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition", lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _rename(call: ast.Call, name: str) -> None:
    if isinstance(call.func, ast.Attribute):
        call.func.attr = name
    else:
        call.func = ast.Name(name)
