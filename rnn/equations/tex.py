r"""Read a displayed formula and compute both of its sides.

What the reader sees is what runs: the TeX of the page is parsed with the grammar below and evaluated in a
`Context`, a network of the package with random parameters.  The reading conventions are those of the book
(chapter *notation*):

* a vector is a column ``(n, 1)``; a scalar has no axis; a 1×1 product is a scalar;
* names in typewriter (``\mathtt{W\_hh}``) are NumPy arrays, with NumPy's elementwise power and row broadcasting;
* juxtaposition is the product, strict about shapes; it binds tighter than ``\odot``, and ``\odot`` than ``+ -``;
* ``h^2`` squares a vector elementwise; a power of a matrix is a matrix power; ``1 - h^2`` broadcasts the number;
* ``f(x)^2`` is (f(x))²; ``f x`` without brackets takes the next factor only;
* ``\sum`` takes the rest of its term; ``\prod`` takes one factor, which is a bracket unless nothing follows it;
* ``\prod_{i=a}^{b}`` puts i = a leftmost; it runs downwards when its limits do; an empty one is the identity;
* ``\frac{\partial X}{\partial Y}`` is the total derivative: Y is varied and all that comes later is computed anew
  (rows follow X, columns follow Y; if X is a scalar, the result has the shape of Y).
  ``\partial^+`` holds the quantities that the context lists as held, so that only the direct dependence is left;
* ``\underbrace{A}_{H\times D}`` claims that A has that shape;
* ``\begin{bmatrix} A & B \\ C & D \end{bmatrix}`` puts blocks beside and below each other, and their edges must meet;
* a row that begins with a relation or a sign continues the row above; every relation is a claim;
* ``\approx`` allows what the chapter says: ``equation(where=…, approx=0.1)`` is a tenth of the larger side.

Whatever the grammar does not know is an error, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import numpy as np
from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput
from numpy.typing import NDArray

Value = NDArray[Any]
Key = tuple[Any, ...]
Env = dict[str, int]
Node = Any  # a lark Tree; what its children are depends on the rule, which no type checker can follow

GRAMMAR = r"""
display: claim ((NEWLINE | GAP) claim)*
claim: sum (RELATION sum)+
sum: SIGN? term (SIGN term)*
term: product (ODOT product)*
product: _item+ total? | total
_item: factor | ordered
total: "\\sum" limits term
ordered: "\\prod" limits factor
limits: SUB SUP | SUP SUB
?factor: call | scripted
call: FUNC SUP* group script*            -> call
    | FUNC SUP* plain script*            -> call_plain
scripted: (plain | group) script*
script: SUB | SUP
?plain: NUMBER -> number | NAME -> name | fraction | derivative | norm | absolute | cases | shaped | blocks
group: "(" sum ")" | "[" sum "]" | "{" sum "}"
     | "[" sum (COMMA sum)+ "]"          -> stack
fraction: FRAC "{" sum "}" "{" sum "}"
derivative: FRAC "{" PARTIAL sum "}" "{" PARTIAL factor "}"
norm: "\\lVert" sum "\\rVert"
absolute: "\\lvert" sum "\\rvert"
cases: "\\begin{cases}" case (NEWLINE case)* "\\end{cases}"
case: sum COMMA (claim | OTHERWISE)
shaped: "\\underbrace" "{" sum "}" SUB
blocks: "\\begin{bmatrix}" block_row (NEWLINE block_row)* "\\end{bmatrix}"
block_row: sum (AMPERSAND sum)*

RELATION.3: /=|\\(?:leq?|geq?|neq?|approx)(?![A-Za-z])|<|>/
SIGN: /[+-]/
ODOT.3: "\\odot"
FRAC.3: /\\[dt]?frac(?![A-Za-z])/
PARTIAL.3: /\\partial(?:\^\{?\+\}?)?(?![A-Za-z])/
FUNC.3: /\\(?:tanh|sinh|sigma|exp|log|sqrt|det)'?(?![A-Za-z_])/
      | /\\operatorname\{(?:diag|tr)\}/
      | /\\rho(?=\s*\()/ | /\\sigma_\{\\mathrm\{(?:max|min)\}\}/
NAME: /\\(?:tilde|hat|bar|mathtt|mathbf|over(?:left|right)arrow)\s*(?:\{[^{}]*\}|[A-Za-z])/
    | /\\(?:alpha|beta|gamma|delta|varepsilon|eta|theta|kappa|lambda|mu|phi|chi|omega|ell|Lambda|Sigma)(?![A-Za-z])/
    | /[A-Za-z]/
NUMBER: /\d+(?:\.\d+)?/
SUB: /_(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[A-Za-z0-9])/
SUP: /\^(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[A-Za-z0-9])/
OTHERWISE: "\\text{otherwise}"
GAP.4: /[,;]\s*\\q?quad(?![A-Za-z])/
NEWLINE.4: /[,;]?\s*\\\\(?:\[[^\]]*\])?/
COMMA: /[,;]/
END.5: /[.,;]\s*(?=$|\\end)/
AMPERSAND: "&"
LAYOUT.2: /\\[,;:! ]|\\q?quad(?![A-Za-z])|~|\\(?:left|right|[bB]igg?[lr]?|cdot|displaystyle)(?![A-Za-z])/
        | /\\(?:begin|end)\{aligned\}/
%ignore LAYOUT
%ignore END
%ignore /\s+/
"""


class TexError(Exception):
    """A formula cannot be read: unknown syntax, an unknown name, or shapes that do not fit."""


class _Layout:
    """Decide what a line break or an ampersand means: the next claim, or only layout.

    A row that begins with a relation or a sign continues the row above.  In an aligned row the ampersand before a
    relation is layout, one before anything else begins the next column, and so the next claim.  Inside a matrix the
    breaks separate its blocks.
    """

    always_accept = ("AMPERSAND",)  # outside of a matrix the grammar does not know it
    BREAKS = ("NEWLINE", "AMPERSAND")
    CONTINUES = ("RELATION", "SIGN", "ODOT", "$END")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Take the tokens of a formula and keep of the breaks what separates claims."""
        tokens = list(stream)
        kinds = [token.type for token in tokens] + ["$END"]
        in_cases, in_matrix, waiting = False, False, False
        for i, token in enumerate(tokens):
            if token.value in (r"\begin{cases}", r"\end{cases}"):
                in_cases = token.value == r"\begin{cases}"
            if token.value in (r"\begin{bmatrix}", r"\end{bmatrix}"):
                in_matrix = token.value == r"\begin{bmatrix}"
            if in_matrix:
                yield token
            elif in_cases:
                if token.type != "AMPERSAND":
                    yield token
            elif token.type in self.BREAKS:
                waiting = i > 0
            elif token.type != "COMMA" or kinds[i + 1] not in self.BREAKS:
                if waiting and token.type not in self.CONTINUES:
                    yield Token.new_borrow_pos("NEWLINE", "", token)
                waiting = False
                yield token


_PARSER = Lark(
    GRAMMAR,
    start=["display", "sum", "factor"],
    parser="lalr",
    lexer="basic",
    postlex=_Layout(),
    propagate_positions=True,
)


@cache
def parse(tex: str, start: str = "display") -> Node:
    """Parse a formula (``display``), an expression (``sum``) or one symbol (``factor``)."""
    try:
        return _PARSER.parse(tex, start=start)
    except UnexpectedInput as e:
        at = e.pos_in_stream if e.pos_in_stream is not None and e.pos_in_stream >= 0 else len(tex)
        piece = tex[at : at + 24].split("\n")[0] or "the end"
        row = tex.count("\n", 0, at) + 1
        raise TexError(f"the TeX does not parse at “{piece}” (row {row} of the formula)") from None


class Rows(np.ndarray):
    """An array written in typewriter: it obeys NumPy's rules, not those of columns."""


def fail(message: str) -> NoReturn:
    """Raise `TexError`, as an expression."""
    raise TexError(message)


def size(value: Value) -> str:
    """Show the shape of a value as the book writes it: ``3×1``, or ``a scalar``."""
    return "×".join(map(str, value.shape)) or "a scalar"


# --------------------------------------------------------------------------- functions that a formula may name


def _sigmoid(x: Value) -> Value:
    return (1 + np.tanh(x / 2)) / 2


def _diag(x: Value) -> Value:
    return np.diagflat(x) if x.shape[1:] == (1,) else fail(f"diag takes a vector, not {size(x)}")


def _square(x: Value) -> Value:
    return x if x.ndim == 2 and x.shape[0] == x.shape[1] else fail(f"a square matrix is needed, not {size(x)}")


def _real(x: Value, what: str) -> Value:
    return fail(f"{what} is not analytic, so nothing can be differentiated through it") if np.iscomplexobj(x) else x


def _singular(x: Value, which: int) -> Value:
    return np.asarray(np.linalg.svd(_real(x, "a singular value"), compute_uv=False)[which])


FUNCTIONS: dict[str, Callable[[Value], Value]] = {
    r"\tanh": np.tanh,
    r"\tanh'": lambda x: 1 - np.tanh(x) ** 2,
    r"\sinh": np.sinh,
    r"\sigma": _sigmoid,
    r"\sigma'": lambda x: _sigmoid(x) * (1 - _sigmoid(x)),
    r"\exp": np.exp,
    r"\log": np.log,
    r"\sqrt": np.sqrt,
    r"\det": lambda x: np.asarray(np.linalg.det(_square(x))),
    r"\operatorname{diag}": _diag,
    r"\operatorname{tr}": lambda x: np.asarray(np.trace(_square(x))),
    r"\rho": lambda x: np.asarray(np.abs(np.linalg.eigvals(_real(_square(x), "the spectral radius"))).max()),
    r"\sigma_{\mathrm{max}}": lambda x: _singular(x, 0),
    r"\sigma_{\mathrm{min}}": lambda x: _singular(x, -1),
}


def _norm(x: Value) -> Value:
    if x.ndim == 0 or x.shape[1] == 1:  # written so that the complex step passes through
        return np.asarray(np.sqrt((x * x).sum()))
    return np.asarray(np.linalg.norm(_real(x, "the norm of a matrix"), 2))


def _addable(a: Value, b: Value) -> bool:
    """Allow the same shape; a number and a vector; in typewriter, what NumPy broadcasts along rows."""
    if a.shape == b.shape:
        return True
    small, large = (a, b) if a.size < b.size else (b, a)
    if isinstance(a, Rows) or isinstance(b, Rows):
        return small.ndim == 0 or small.shape == (1, large.shape[1])
    return small.ndim == 0 and large.shape[1] == 1


def _add(a: Value, b: Value, sign: str) -> Value:
    if not _addable(a, b):
        fail(f"cannot add {size(a)} and {size(b)}")
    return a + b if sign == "+" else a - b


def _multiply(a: Value, b: Value) -> Value:
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.shape[1] != b.shape[0]:
        fail(f"cannot multiply {size(a)} by {size(b)}")
    product = a @ b
    return np.asarray(product[0, 0]) if product.shape == (1, 1) else product


def _joined(blocks: list[Value], axis: int) -> Value:
    """Put blocks below (0) or beside (1) each other; a number is a block of one entry."""
    blocks = [block if block.ndim else block.reshape(1, 1) for block in blocks]
    if len({block.shape[1 - axis] for block in blocks}) > 1:
        fail(f"blocks do not meet: {', '.join(map(size, blocks))} {('below', 'beside')[axis]} each other")
    return np.concatenate(blocks, axis)


def text_of(script: str) -> str:
    r"""Take a script apart: ``_{t-1}`` is ``t-1``, ``^{\!\top}`` is ``\top``."""
    body = script[1:]
    return body[1:-1].replace(r"\!", "").strip() if body.startswith("{") else body


def integer(value: Value) -> int:
    """Turn an index or an exponent into an int; anything else is an error."""
    number = complex(value) if np.ndim(value) == 0 else fail(f"an index must be a number, not {size(value)}")
    return int(number.real) if number == int(number.real) else fail(f"an index must be an integer, not {number.real:g}")


def limits_of(node: Node) -> tuple[str, str, str]:
    """Return the variable and the two limits of a sum or a product."""
    below, above = sorted((str(t) for t in node.children), key=lambda s: s[0] == "^")
    variable, equals, first = text_of(below).partition("=")
    if not equals:
        fail(f"the lower limit of a sum or product must read “i=…”, not “{text_of(below)}”")
    return variable.strip(), first, text_of(above)


class Evaluator:
    r"""Compute a parsed formula in one run of a context, with integers for its free indices.

    Parameters
    ----------
    context : Context
        Offers the symbols: ``base`` (quantities of its run), ``notation`` (names that mean TeX), ``seen``.
    run : mapping
        The run of the context's model to read from.
    env : dict
        Integers for the free indices.
    downward : dict
        For each ``\prod`` node, whether its index decreases (see `directions`).
    from_package : bool
        Take symbols that the package also computes from the package instead of from their meaning.
    """

    def __init__(
        self, context: Any, run: Any, env: Env, downward: dict[int, bool], *, from_package: bool = False
    ) -> None:
        self.context, self.run, self.env, self.downward = context, run, env, downward
        self.from_package, self.took = from_package, False

    def __call__(self, node: Node) -> Value:
        """Compute a parsed expression: each rule of the grammar has its method."""
        value: Value = getattr(self, f"_{node.data}")(*node.children)
        return value

    def bind(self, **env: int) -> Evaluator:
        """Return the same evaluator with further indices bound."""
        return Evaluator(self.context, self.run, {**self.env, **env}, self.downward, from_package=self.from_package)

    def index(self, tex: str) -> int:
        """Evaluate an index expression such as ``t-1``."""
        return integer(self(parse(tex.strip(), "sum")))

    # sums, products, scripts

    def _sum(self, *parts: Any) -> Value:
        signed = parts if isinstance(parts[0], Token) else ("+", *parts)
        total = self(signed[1]) if signed[0] == "+" else -self(signed[1])
        for sign, term in zip(signed[2::2], signed[3::2], strict=True):
            total = _add(total, self(term), sign)
        return total

    def _term(self, *parts: Any) -> Value:
        out = self(parts[0])
        for part in parts[2::2]:
            value = self(part)
            if out.shape != value.shape:
                fail(rf"cannot take the \odot of {size(out)} and {size(value)}")
            out = out * value
        return out

    def _product(self, *items: Any) -> Value:
        out: Value | None = None
        for i, item in enumerate(items):
            if item.data == "ordered" and i + 1 < len(items) and not self._bracketed(item.children[1]):
                fail(r"put brackets around what \prod multiplies: something follows it")
            value = self(item)
            out = value if out is None else _multiply(out, value)
        assert out is not None  # the grammar has at least one item
        return out

    @staticmethod
    def _bracketed(factor: Node) -> bool:
        first = factor.children[0]
        return factor.data == "scripted" and isinstance(first, Tree) and first.data == "group"

    def _total(self, limits: Node, term: Node) -> Value:
        variable, first, last = limits_of(limits)
        a, b = self.index(first), self.index(last)
        if b < a - 1:
            fail(rf"the limits of \sum run backwards: {a} to {b}")
        out: Value | None = None
        for i in range(a, b + 1):
            value = self.bind(**{variable: i})(term)
            out = value if out is None else _add(out, value, "+")
        return out if out is not None else np.zeros(self._missing(variable, (a, b), term))

    def _ordered(self, limits: Node, factor: Node) -> Value:
        variable, first, last = limits_of(limits)
        a, b = self.index(first), self.index(last)
        down = self.downward.get(id(factor), a > b)
        indices = range(a, b - 1, -1) if down else range(a, b + 1)
        out: Value | None = None
        for i in indices:
            value = self.bind(**{variable: i})(factor)
            out = value if out is None else _multiply(out, value)
        if out is None:
            shape = self._missing(variable, (a, b), factor)
            out = np.eye(shape[0]) if shape else np.asarray(1.0)
        return out

    def _missing(self, variable: str, candidates: tuple[int, int], node: Node) -> tuple[int, ...]:
        """Return the shape that the terms of an empty sum, or the factors of an empty product, would have."""
        for i in candidates:
            with suppress(TexError):
                return self.bind(**{variable: i})(node).shape
        fail(r"an empty \sum or \prod has nothing to take its size from")

    def _scripts(self, value: Value, scripts: list[Token]) -> Value:
        for script in scripts:
            if script.type == "SUB":
                fail(f"a subscript does not fit here: “{script}”")
            value = self._power(value, text_of(script))
        return value

    def _power(self, value: Value, exponent: str) -> Value:
        if exponent == r"\top":
            return value.T if value.ndim == 2 else fail("a scalar has no transpose")
        n = self(parse(exponent, "sum"))
        if value.ndim == 2 and value.shape[1] > 1 and not isinstance(value, Rows):
            return np.linalg.matrix_power(_square(value), integer(n))
        return np.asanyarray(value**n)

    # symbols

    def _number(self, token: Token) -> Value:
        return np.asarray(float(token))

    def _name(self, token: Token) -> Value:
        return self.lookup(self.key(token, [])[0])

    def _scripted(self, base: Node, *scripts: Node) -> Value:
        tokens = [s.children[0] for s in scripts]
        if base.data == "name":
            key, rest = self.key(base.children[0], tokens)
            return self._scripts(self.lookup(key), rest)
        return self._scripts(self(base), tokens)

    def key(self, token: Node, scripts: list[Node]) -> tuple[Key, list[Token]]:
        r"""Split a symbol's scripts into its key and the powers that follow.

        A name that the context knows wins over the reading as an index: in ``W_{hh}`` and ``b_h`` the letters
        belong to the name, in ``h_t`` the letter is an index.  ``^{(t)}`` is an index, ``^\ast`` part of a name.
        """
        name = re.sub(r"^(\\(?:tilde|hat|bar|mathtt|mathbf))\s*([A-Za-z])$", r"\1{\2}", token)  # \tilde c is \tilde{c}
        indices: list[int] = []
        for i, script in enumerate(scripts):
            text = text_of(script)
            if script.type == "SUP" and text == r"\ast":
                name += r"^\ast"
            elif script.type == "SUP" and not re.fullmatch(r"\(.*\)", text):
                return (name, *indices), scripts[i:]
            elif script.type == "SUB" and self.context.knows(f"{name}_{{{text}}}"):
                name = f"{name}_{{{text}}}"
            else:
                if not self.context.knows_family(name):
                    self._unknown(f"{name}{script}")
                name += r"\leftarrow" if r"\leftarrow" in text else ""
                parts = re.split(r",|\\leftarrow", text.strip("()") if script.type == "SUP" else text)
                indices += [self.index(part) for part in parts]
        return (name, *indices), []

    def lookup(self, key: Key) -> Value:
        """Find a symbol: a bound index, a quantity of the run, a notation, or what the package was seen to do."""
        name, *indices = key
        if not indices and name in self.env:
            return np.asarray(float(self.env[name]))
        if self.from_package and key in self.context.seen:
            self.took = True
            return self._seen(key)
        if key in self.run:
            return np.asanyarray(self.run[key])
        if (name, len(indices)) in self.context.notation:
            parameters, tex = self.context.notation[name, len(indices)]
            inner = Evaluator(self.context, self.run, dict(zip(parameters, indices, strict=True)), self.downward)
            return inner(parse(tex, "sum"))
        if key in self.context.seen and self.run is not self.context.base:
            fail(f"{show(key)} is only observed, so it cannot be differentiated")
        if key in self.context.seen:
            return self._seen(key)
        return self._unknown(show(key))

    def _unknown(self, name: str) -> NoReturn:
        fail(f"unknown name {name}; the context “{self.context.name}” offers {self.context.offers()}")

    def _seen(self, key: Key) -> Value:
        return np.asanyarray(self.context.seen[key])

    # brackets, functions, derivatives

    def _group(self, inner: Node) -> Value:
        return self(inner)

    def _stack(self, *parts: Any) -> Value:
        return _joined([self(part) for part in parts[::2]], 0)

    def _blocks(self, *rows: Any) -> Value:
        return _joined([self(row) for row in rows[::2]], 0)

    def _block_row(self, *blocks: Any) -> Value:
        return _joined([self(block) for block in blocks[::2]], 1)

    def _call(self, token: Token, *parts: Any) -> Value:
        powers = [p for p in parts if isinstance(p, Token)]
        argument, *scripts = (p for p in parts if not isinstance(p, Token))
        return self._scripts(self._scripts(FUNCTIONS[token](self(argument)), powers), [s.children[0] for s in scripts])

    def _call_plain(self, token: Token, *parts: Any) -> Value:
        powers = [p for p in parts if isinstance(p, Token)]
        argument, *scripts = (p for p in parts if not isinstance(p, Token))
        return self._scripts(FUNCTIONS[token](self._scripted(argument, *scripts)), powers)

    def _norm(self, inner: Node) -> Value:
        return _norm(self(inner))

    def _absolute(self, inner: Node) -> Value:
        value = self(inner)
        if value.ndim:
            fail(f"|·| takes a number, not {size(value)}")
        return np.asarray(abs(_real(value, "|·|")))

    def _fraction(self, _frac: Token, top: Node, bottom: Node) -> Value:
        denominator = self(bottom)
        return self(top) / denominator if denominator.ndim == 0 else fail(f"cannot divide by {size(denominator)}")

    def _cases(self, *rows: Any) -> Value:
        for row in rows:
            if isinstance(row, Token):
                continue
            value, _comma, condition = row.children
            if isinstance(condition, Token) or all(compare(*c).ok for c in self.relations(condition)):
                return self(value)
        return fail("no case applies")

    def _shaped(self, inner: Node, claim: Token) -> Value:
        value = self(inner)
        wanted = tuple(self.index(part) for part in text_of(claim).split(r"\times"))
        found = value.shape or (1, 1)
        if found != wanted:
            fail(f"the brace claims {'×'.join(map(str, wanted))}, the value is {size(value)}")
        return value

    def _derivative(self, _frac: Token, mark: Token, top: Node, _mark: Token, bottom: Node) -> Value:
        if self.run is not self.context.base:
            fail("a derivative of a derivative needs a twin")
        key = self._symbol(bottom)
        if key not in self.run:
            fail(f"cannot differentiate by {show(key)}: it is no quantity of the context “{self.context.name}”")
        at = self.run[key]
        held = self.context.held_except(self._symbol(top)) if "+" in mark else {}
        columns = []
        for i in np.ndindex(at.shape):
            bumped = self.context.bumped(key, i, held)
            columns.append(Evaluator(self.context, bumped, self.env, self.downward)(top).imag / self.context.step)
        if columns[0].ndim == 0:
            return np.array(columns).reshape(at.shape).view(type(at))
        if at.ndim == 0 or at.shape[1] == 1:
            return np.hstack([np.asarray(c) for c in columns])
        return fail(f"{size(columns[0])} by {size(at)} is no matrix: differentiate a scalar, or by a vector")

    def _symbol(self, node: Node) -> Key:
        while node.data in ("sum", "term", "product") and len(node.children) == 1:
            node = node.children[0]
        base = node.children[0] if node.data == "scripted" else None
        if isinstance(base, Tree) and base.data == "name":
            key, rest = self.key(base.children[0], [s.children[0] for s in node.children[1:]])
            if not rest:
                return key
        return fail("a derivative is taken by a symbol, not by an expression")

    # claims

    def relations(self, claim: Node) -> list[tuple[str, Value, Value]]:
        """Evaluate a chain ``a = b <= c`` into its relations ``(=, a, b)`` and ``(<=, b, c)``."""
        sides = claim.children[::2]
        values = [zero() if is_zero(s) else self(s) for s in sides]
        return [(str(r), values[i], values[i + 1]) for i, r in enumerate(claim.children[1::2])]


def show(key: Key) -> str:
    r"""Write a key as a reader would: ``h_{3}``, ``\delta_{1,4}``, ``W_{hh}``."""
    name, *indices = key
    return f"{name}_{{{','.join(map(str, indices))}}}" if indices else str(name)


def zero() -> Value:
    """Return the 0 of a right side: it fits every shape."""
    return np.zeros(())


def is_zero(side: Node) -> bool:
    """Tell whether a side of a relation is the bare number 0."""
    return [str(t) for t in side.scan_values(lambda _: True)] == ["0"]


# --------------------------------------------------------------------------- relations


@dataclass(frozen=True)
class Distance:
    """How one relation came out: whether it holds, and by how much."""

    ok: bool
    error: float = 0.0  # of an equality, relative to the larger side
    slack: float | None = None  # of a bound or a ≠, relative to the larger side
    why: str = ""


COUNTEREXAMPLE_MARGIN = 0.01  # a ≠ must be missed by one percent in every draw, not by rounding


def compare(relation: str, a: Value, b: Value, tolerance: float = 1e-10, approx: float = 0.0) -> Distance:
    """Compare two sides: the error of an equality is relative to the larger side, the slack of a bound to its right."""
    literal_zero = [v for v in (a, b) if v.shape == () and not v.any()]
    if a.shape != b.shape and not literal_zero:
        return Distance(False, np.inf, why=f"the left side is {size(a)}, the right side {size(b)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return Distance(False, np.inf, why="a side is not a number")
    absolute = literal_zero and relation != r"\approx"  # an error of 1e-11 is one of zero; a tenth of zero is zero
    scale = 1.0 if absolute else float(max(np.abs(a).max(), np.abs(b).max())) or 1.0
    error = float(np.abs(a - b).max()) / scale
    if relation in ("=", r"\approx"):
        allowed = tolerance if relation == "=" else approx or fail(r"\approx: how far may it be off? say approx=…")
        return Distance(error <= allowed, error, why=f"the two sides differ by {error:.0e}, allowed is {allowed:.0e}")
    if relation in (r"\ne", r"\neq"):
        return Distance(error >= COUNTEREXAMPLE_MARGIN, slack=error, why=f"the two sides agree to {error:.0e}")
    left, right = (a, b) if relation in (r"\le", r"\leq", "<") else (b, a)
    slack = float((right - left).min()) / scale
    ok = slack > 0 if relation in "<>" else slack >= -tolerance
    return Distance(ok, slack=slack, why=f"the bound is broken by {-slack:.0e}")


# --------------------------------------------------------------------------- the direction of ordered products


def directions(tree: Node, evaluator: Evaluator, envs: list[Env]) -> dict[int, bool]:
    r"""Decide for each ``\prod`` whether its index decreases, from all bindings of the free indices.

    One binding does not tell: from 4 to 3 may be two factors downwards or none upwards.  The limits of one product
    run one way over all bindings, and only an empty product steps one beyond.
    """
    spans: dict[int, tuple[Node, set[int]]] = {}

    def walk(node: Any, envs: list[Env]) -> None:
        if not isinstance(node, Tree):
            return
        if node.data in ("total", "ordered"):
            variable, first, last = limits_of(node.children[0])
            inner: list[Env] = []
            for env in envs:
                local = evaluator.bind(**env)
                a, b = local.index(first), local.index(last)
                if node.data == "ordered":
                    spans.setdefault(id(node.children[1]), (node, set()))[1].add(b - a)
                inner += [{**env, variable: i} for i in range(min(a, b), max(a, b) + 1)]
            walk(node.children[1], inner)
            return
        for child in node.children:
            walk(child, envs)

    walk(tree, envs)
    downward = {}
    for key, (node, steps) in spans.items():
        up, down = max(steps) > 1 or steps == {0}, min(steps) < -1
        if up == down:
            fail(rf"cannot tell which way \prod{''.join(map(str, node.children[0].children))} runs")
        downward[key] = down
    return downward
