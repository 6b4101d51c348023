"""The package, broken in its code."""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, cast

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
    whole = path.read_bytes()
    starts = [0, *accumulate(len(line) for line in whole.splitlines(keepends=True))]
    place, alike = str(path.relative_to(ROOT)), Counter[tuple[str, str]]()
    tree = ast.parse(whole)
    as_good = set(_sizes_to_find(tree))
    for node, string, statement in _nodes(tree):
        if node in as_good:
            continue
        for kind, broken, change in _changes(node):
            # Before Python 3.12 what stands in an f-string does not know its place: the string is written anew.
            fresh = copy.deepcopy(string or broken)
            target = _same(broken, string, fresh)
            before = ast.unparse(target)
            replacement = change(target) or target
            if string is None:
                fresh = replacement
            elif replacement is not target:
                fresh = _Replace(target, replacement).visit(fresh)
            after, old = ast.unparse(replacement), cast(Any, string or broken)
            start = starts[old.lineno - 1] + old.col_offset
            end = starts[old.end_lineno - 1] + old.end_col_offset
            new = _spliced(fresh, old.col_offset)
            text = (whole[:start] + new.encode() + whole[end:]).decode()
            shown = _in_line(whole.splitlines(), old, before.splitlines()[0], after.splitlines()[0])
            alike[kind, shown.partition(": ")[2]] += 1
            yield Mutant(kind, place, text, shown, _lines(statement), alike[kind, shown.partition(": ")[2]])


def _nodes(tree: ast.AST) -> Iterator[tuple[Any, Any, Any]]:
    """Yield every node, outermost first, with the f-string and the statement that it stands in."""
    waiting: list[tuple[ast.AST, ast.AST | None, ast.AST]] = [(tree, None, tree)]
    for node, string, statement in waiting:
        yield node, string, node if isinstance(node, ast.stmt) else statement
        string = node if isinstance(node, ast.JoinedStr) and string is None else string
        inside = node if isinstance(node, ast.stmt) else statement
        waiting += [(child, string, inside) for child in ast.iter_child_nodes(node)]


def _sizes_to_find(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the 1 of every ``reshape(…, -1, …)``: any negative number is the size that NumPy is to find."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _callee(call) == "reshape":
            for size in (one for given in call.args for one in getattr(given, "elts", [given])):
                if isinstance(size, ast.UnaryOp) and isinstance(size.op, ast.USub):
                    yield size.operand


def _same(node: ast.AST, string: ast.AST | None, fresh: ast.AST) -> Any:
    """Return the node's counterpart in a copy of its f-string, or the copy itself."""
    if string is None:
        return fresh
    return next(new for old, new in zip(ast.walk(string), ast.walk(fresh), strict=True) if old is node)


def _spliced(fresh: ast.AST, column: int) -> str:
    """Write a node so that it may stand where another stood; a statement's later lines are indented as its first."""
    text = ast.unparse(ast.fix_missing_locations(fresh))
    return text.replace("\n", "\n" + " " * column) if isinstance(fresh, ast.stmt) else f"({text})"


def _lines(statement: Any) -> tuple[int, int]:
    """Return the first and the last line of a statement, of a compound one those before its body."""
    body = getattr(statement, "body", None)
    return statement.lineno, max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno


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


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST, Any]]:
    """Yield the breaks of one node: what is broken, and a function that changes it or returns what takes its place."""
    if isinstance(node, ast.BinOp):
        if type(node.op) in SWAPS:
            yield "operator", node, lambda n: setattr(n, "op", SWAPS[type(n.op)]())
        if isinstance(node.op, ast.Add | ast.Sub) and not isinstance(node.left, ast.JoinedStr):
            yield "drop term", node, lambda n: n.left
            yield "drop term", node, lambda n: n.right
        if isinstance(node.op, ast.MatMult):
            yield "order", node, lambda n: ast.BinOp(n.right, n.op, n.left)
    elif isinstance(node, ast.Compare):
        yield "comparison", node, lambda n: n.ops.__setitem__(0, SWAPS[type(n.ops[0])]())
    elif isinstance(node, ast.BoolOp):
        yield "condition", node, lambda n: setattr(n, "op", SWAPS[type(n.op)]())
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.USub):
        yield "negation", node, lambda n: n.operand
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transpose", node, lambda n: n.value
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield "number", node, lambda n: setattr(n, "value", n.value + 1 if n.value + 1 != n.value else 0.0)
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        yield "number", node, lambda n: setattr(n, "value", not n.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "reversed":
        yield "order", node, lambda n: n.args[0]
    elif isinstance(node, ast.Call) and _callee(node) in UFUNCS:
        yield "function", node, lambda n: _rename(n, UFUNCS[_callee(n)])
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "drop call", node, lambda n: ast.Pass()
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        yield "condition", node.test, lambda n: ast.UnaryOp(ast.Not(), n)


def _callee(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _rename(call: ast.Call, name: str) -> None:
    if isinstance(call.func, ast.Attribute):
        call.func.attr = name
    else:
        call.func = ast.Name(name)
