"""Formulas, broken in their TeX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from rnn.equations import Equation, bindings, check, registry
from rnn.equations.context import Context
from rnn.equations.tex import Evaluator, TexError, directions, parse, text_of
from scripts.mutants import Mutant


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


def break_formula(formula: tuple[str, str]) -> tuple[int, int, list[Mutant]]:
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
