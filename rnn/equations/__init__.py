r"""What the book's formulas are held against: one module a chapter, one name a formula.

A page shows ``/// equation | bptt-product``; the module of that chapter says, under the same name, where the formula
is true::

    bptt_product = equation(where=elman, for_all="0 <= k <= t <= T")

The TeX itself stands in the page alone.  `check` parses it and computes both sides (see `rnn.equations.tex`).  What
the grammar cannot say has a twin, a function of that name that computes both sides by different routes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from lark import Tree

from rnn.equations.context import Context, World
from rnn.equations.tex import Distance, Env, Evaluator, Node, TexError, compare, directions, fail, is_zero, parse

ROOT = Path(__file__).resolve().parents[2]
LOOM = {"context", "tex", "worlds", "__main__"}  # every other module of this package is a chapter
SEEDS = (0, 1, 2)
BINDINGS = 8  # of the free indices, a draw: the first, the last and some between
TOLERANCE = 1e-11

Sides = tuple[Any, Any]
Twin = Callable[[np.random.Generator], Sides]


@dataclass(frozen=True)
class Equation:
    """Where a formula holds and what kind of claim it is.

    Attributes
    ----------
    worlds : tuple of World
        Where both sides are computed; empty for a twin.
    for_all : str
        The range of the free indices, such as ``1 <= k <= t <= T``.
    kind : str
        ``definition`` (the left side is taken from the package), ``count`` (exact integers); else it follows from
        the relations: ``equation``, ``bound``, or, for ≠, ``counterexample`` (a popular claim that is false).
    twin : callable, optional
        ``twin(rng)`` returns both sides.
    equal_in : tuple of World
        For each relation of a bound or a counterexample in turn, a special case in which the two sides are equal: it
        shows that a bound can be reached, and pins down what the false side of a ≠ says.
    approx : float
        How far the sides of an ≈ may differ, relative to the larger.
    """

    name: str
    file: str
    line: int
    kind: str = ""
    worlds: tuple[World, ...] = ()
    for_all: str = ""
    twin: Twin | None = None
    equal_in: tuple[World, ...] = ()
    approx: float = 0.0


@dataclass
class Result:
    """How a formula came out over all its draws; ``why`` says what is wrong when it is not ``ok``."""

    ok: bool = True
    why: str = ""
    error: float = 0.0
    slack: tuple[float, float] | None = None
    draws: int = 0
    row: int = 0  # of the claim that failed, in the formula

    def add(self, distance: Distance) -> None:
        """Count one relation in."""
        self.draws += 1
        self.error = max(self.error, distance.error)
        if distance.slack is not None:
            low, high = self.slack or (distance.slack, distance.slack)
            self.slack = min(low, distance.slack), max(high, distance.slack)
        if not distance.ok and self.ok:
            self.ok, self.why = False, distance.why


def equation(
    *,
    where: World | tuple[World, ...],
    for_all: str = "",
    kind: str = "",
    equal_in: World | tuple[World, ...] = (),
    approx: float = 0.0,
) -> Equation:
    """Register the formula of this name; its kind follows from its relations unless it is given."""
    worlds = where if isinstance(where, tuple) else (where,)
    reached = equal_in if isinstance(equal_in, tuple) else (equal_in,)
    return Equation("", *_place(), kind, worlds, for_all, equal_in=reached, approx=approx)


def definition(*, where: World, for_all: str = "") -> Equation:
    """Register a formula that binds its left side; the package's own value is put there and must agree."""
    return Equation("", *_place(), "definition", (where,), for_all)


def twin(kind: str = "equation") -> Callable[[Twin], Equation]:
    """Register a function that computes both sides of a formula that the grammar cannot say."""
    return lambda f: Equation("", _relative(inspect.getfile(f)), f.__code__.co_firstlineno, kind, twin=f)


def _place() -> tuple[str, int]:
    """Return the file and line of the chapter that calls a function of this module."""
    caller = sys._getframe(2)
    return _relative(caller.f_code.co_filename), caller.f_lineno


def _relative(file: str) -> str:
    return str(Path(file).relative_to(ROOT))


def registry() -> dict[str, Equation]:
    """Collect the equations of all chapters, by the name that the page uses: ``bptt_product`` is ``bptt-product``."""
    found: dict[str, Equation] = {}
    for module in chapters():
        for identifier, value in vars(importlib.import_module(f"{__name__}.{module}")).items():
            if isinstance(value, Equation):
                name = identifier.replace("_", "-")
                if not name.startswith(f"{module}-"):
                    raise ValueError(f"{value.file}:{value.line}: {name}: a name begins with its chapter, {module}")
                found[name] = Equation(**{**vars(value), "name": name})
    return found


def chapters() -> list[str]:
    """Name the chapters that have equations."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in LOOM)


# --------------------------------------------------------------------------- checking


def check(eq: Equation, tex: str) -> Result:
    """Compute both sides of a formula over all draws and bindings.

    Parameters
    ----------
    eq : Equation
        Where it holds.
    tex : str
        The formula as the page has it.  A twin ignores it: only KaTeX reads it.

    Returns
    -------
    Result
        With ``ok`` False and a reason if a side cannot be computed or a relation fails.
    """
    result = Result()
    try:
        with np.errstate(all="ignore"):  # what overflows is not finite, and that fails
            _check_twin(eq, result) if eq.twin else _check_tex(eq, tex, result)
    except TexError as e:
        result.ok, result.why = False, str(e)
    return result


def _check_twin(eq: Equation, result: Result) -> None:
    relation = {"bound": r"\le", "counterexample": r"\ne"}.get(eq.kind, "=")
    assert eq.twin is not None
    moves = False
    for seed in SEEDS:
        left, right = (np.asarray(side) for side in eq.twin(np.random.default_rng(seed)))
        result.add(compare(relation, left, right, 0.0 if eq.kind == "count" else TOLERANCE))
        moves |= bool(np.any(left) or np.any(right))
    if not moves:
        fail("both sides are zero in every draw: nothing is tested")


def _check_tex(eq: Equation, tex: str, result: Result) -> None:
    claims = [c for c in parse(tex).children if isinstance(c, Tree)]
    _refuse_tautology(claims, eq)
    for claim in claims:
        moves = False
        for context in (world.draw(seed) for world in eq.worlds for seed in SEEDS):
            found = list(_relations(claim, context, eq))
            moves |= any(moved for _, _, moved in found)
            if kind_of(tex) == "counterexample":  # not true in general: one choice of indices a draw shows it
                found = [max(found, key=lambda f: f[0].slack or 0.0)]
            for distance, env, _ in found:
                _count(result, distance, claim, context, env)
                if not result.ok:
                    return
        if not moves:
            result.row = claim.meta.line
            fail("both sides are zero in every draw: nothing is tested")
    _check_equal_cases(eq, claims, result)


def _check_equal_cases(eq: Equation, claims: list[Node], result: Result) -> None:
    """See that each bound is reached, and each ≠ an equality, where the chapter says so."""
    unequal = [(claim, i) for claim in claims for i, r in enumerate(claim.children[1::2]) if r != "="]
    for (claim, i), world in zip(unequal, eq.equal_in, strict=True) if eq.equal_in else ():
        for context in map(world.draw, SEEDS):
            for evaluator in _evaluators(claim, context, eq):
                _, left, right = evaluator.relations(claim)[i]
                _count(result, compare("=", left, right, TOLERANCE), claim, context, evaluator.env)
                if not result.ok:
                    return


def _count(result: Result, distance: Distance, claim: Node, context: Context, env: Env) -> None:
    """Count a comparison in; where it fails, say in which row and for which indices."""
    result.add(distance)
    if not distance.ok:
        result.row, result.why = claim.meta.line, f"{result.why} ({_where(context, env)})"


def _evaluators(claim: Node, context: Context, eq: Equation) -> Iterator[Evaluator]:
    """Yield an evaluator for each choice of the free indices that is tried."""
    every = bindings(eq.for_all, context)
    downward = directions(claim, Evaluator(context, context.base, {}, {}), every)
    for env in _some(every):
        yield Evaluator(context, context.base, env, downward)


def _relations(claim: Node, context: Context, eq: Equation) -> Iterator[tuple[Distance, Env, bool]]:
    """Yield how each relation of a chain came out, for which indices, and whether it could have failed."""
    sides = claim.children[::2]
    for evaluator in _evaluators(claim, context, eq):
        relations = evaluator.relations(claim)
        if eq.kind == "definition":
            package = Evaluator(context, context.base, evaluator.env, evaluator.downward, from_package=True)
            relation, _, right = relations[0]
            relations[0] = relation, package(sides[0]), right
            if not package.took:
                fail("a definition has a name on its left that the package computes too")
        for i, (relation, left, right) in enumerate(relations):
            if eq.kind == "count" and (np.any(left % 1) or np.any(right % 1)):
                fail("a count has whole numbers on both sides")
            moves = bool(np.any(left) or np.any(right) or is_zero(sides[i]) or is_zero(sides[i + 1]))
            tolerance = 0.0 if eq.kind == "count" else TOLERANCE
            yield compare(relation, left, right, tolerance, eq.approx), evaluator.env, moves


def _refuse_tautology(claims: list[Node], eq: Equation) -> None:
    """Refuse ``A = A``, also where the left is a notation that means the right: such a check cannot fail."""
    if eq.kind == "definition":
        return
    for claim in claims:
        sides = claim.children[::2]
        for left, right in pairwise(sides):
            if _plain(left) == _plain(right):
                fail("both sides of a relation are the same formula: nothing is tested")
            for world in eq.worlds:
                if _meaning(left, world) == right or _meaning(right, world) == left:
                    fail("the left side means the right side here: register it as a definition")


def _plain(side: Node) -> str:
    """Write a side without the braces of scripts of one letter: ``h_{t}`` is ``h_t``."""
    return re.sub(r"([_^])\{(\w)\}", r"\1\2", str(side))


def _meaning(side: Node, world: World) -> Node | None:
    """Return what a notation means, if its indices are written with the letters of its declaration."""
    tokens = [str(t) for t in side.scan_values(lambda _: True)]
    name, scripts = tokens[0], "".join(tokens[1:])
    for (symbol, _), (parameters, tex) in world.notation.items():
        arrow = r"\leftarrow" if symbol.endswith(r"\leftarrow") else ","
        letters = re.sub(r"[{}()_^\s]", "", scripts).replace(r"\leftarrow", arrow)
        if symbol.removesuffix(r"\leftarrow") == name and letters == arrow.join(parameters).replace(" ", ""):
            return parse(tex, "sum")
    return None


def bindings(for_all: str, context: Context) -> list[Env]:
    """List every choice of the free indices that the range allows."""
    names = sorted(set(re.findall(r"\b[a-z]\b", for_all)))
    if not names:
        return [{}]
    numbers = {name: context.base[name] for name in "TBDHOS" if (name,) in context.base}
    sizes = {name: int(number) for name, number in numbers.items() if number.ndim == 0}
    condition = compile(for_all, "for_all", "eval")
    span = range(max(sizes.values()) + 1)
    every = [dict(zip(names, point, strict=True)) for point in np.ndindex(*[len(span)] * len(names))]
    good = [env for env in every if eval(condition, {"__builtins__": {}}, {**sizes, **env})]
    return good or fail(f"no index satisfies {for_all}")


def _some(envs: list[Env]) -> list[Env]:
    """Take the first, the last and some between: always the same ones."""
    if len(envs) <= BINDINGS:
        return envs
    inner = np.random.default_rng(len(envs)).choice(np.arange(1, len(envs) - 1), BINDINGS - 2, replace=False)
    return [envs[0], *(envs[i] for i in sorted(inner)), envs[-1]]


def _where(context: Context, env: Env) -> str:
    at = "".join(f", {name} = {value}" for name, value in env.items())
    return f"in the context “{context.name}”{at}"


def kind_of(tex: str) -> str:
    """Tell the kind of a formula from its relations."""
    relations = set(re.findall(r"\\(neq?|leq?|geq?)(?![A-Za-z])|([<>])", tex))
    names = {a or b for a, b in relations}
    if names & {"ne", "neq"}:
        return "counterexample"
    return "bound" if names else "equation"
