"""What the build computes for a page besides its formulas: figures, numbers and tables, by name.

One module a chapter.  A page shows ``/// figure | vanishing-lags``, ``/// table | …`` or ``{{vanishing-ratio}}``; the
module ``scripts/figures/vanishing.py`` has the function of that name, with underscores::

    @figure()
    def vanishing_lags() -> Drawing: ...


    @number
    def vanishing_ratio() -> float: ...

Words stand in the page, once for each language; a figure carries symbols alone.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Rows = Callable[[], Sequence[Sequence[object]]]
ROOT = Path(__file__).resolve().parents[2]
KIT = {"__main__", "diagram", "plot", "svg"}  # every other module of this package is a chapter
MOST_ROWS = 60  # of a table in a page: more is no longer read and weighs
FEWEST_SEEDS = 5

# The words that a number may be, in each language.
WORDS: dict[str, dict[str, str]] = {
    "yes": {"en": "yes", "zh": "是"},
    "no": {"en": "no", "zh": "否"},
    "sufficient": {"en": "sufficient", "zh": "充分"},
    "necessary": {"en": "necessary", "zh": "必要"},
    "both": {"en": "necessary and sufficient", "zh": "充分必要"},
    "neither": {"en": "neither", "zh": "都不是"},
}


@dataclass(frozen=True)
class Drawing:
    """A picture and the data behind it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The picture.
    columns : sequence of str
        A heading for each column of the table: symbols, in ``$…$`` where they are mathematics.
    rows : sequence of sequences
        The values; at most 60 rows.  A diagram has none.
    """

    figure: Figure
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[object]] = ()


@dataclass(frozen=True)
class Declared:
    """A function of a chapter that the build runs, and how its result is treated."""

    kind: str
    function: Callable[[], Any]
    training: str = ""
    seeds: int = 0
    digits: int = 2
    name: str = field(default="")

    @property
    def place(self) -> str:
        """File and line, for messages."""
        file = Path(inspect.getsourcefile(self.function) or "?")
        return f"{file.relative_to(ROOT)}:{self.function.__code__.co_firstlineno}"


def figure(*, training: str = "", seeds: int = 0) -> Callable[[Callable[[], Drawing]], Declared]:
    """Declare a function that draws a figure.

    Parameters
    ----------
    training : str
        Nothing if the function trains no network and iterates no chaotic map; ``stable`` if it does, and the picture
        is the same to the byte on other processors (a test tries that); ``chaotic`` if rounding decides, so that the
        picture must show a distribution: at least one `plot.band`, over at least 5 seeds.
    seeds : int
        Of a chaotic figure, how many.
    """
    if training not in ("", "stable", "chaotic"):
        raise ValueError(f"training: expected nothing, 'stable' or 'chaotic', got {training!r}")
    if (training == "chaotic") != (seeds >= FEWEST_SEEDS):
        raise ValueError(
            f"seeds: a chaotic figure shows at least {FEWEST_SEEDS} seeds, another names none; got {seeds}"
        )
    return lambda function: Declared("figure", function, training=training, seeds=seeds)


@overload
def number(function: Callable[[], Any]) -> Declared: ...
@overload
def number(*, digits: int = 2) -> Callable[[Callable[[], Any]], Declared]: ...
def number(function: Callable[[], Any] | None = None, *, digits: int = 2) -> Any:
    """Declare a function that returns a number, a yes or no (a bool), a word of `WORDS`, or a dict of such by name.

    Parameters
    ----------
    function : callable
        Given when the decorator has no brackets.
    digits : int
        Significant digits that are printed of a float; an int is printed whole.
    """
    if function is not None:
        return Declared("number", function)
    return lambda f: Declared("number", f, digits=digits)


@overload
def table(function: Rows) -> Declared: ...
@overload
def table(*, digits: int = 2) -> Callable[[Rows], Declared]: ...
def table(function: Rows | None = None, *, digits: int = 2) -> Any:
    """Declare a function that returns the rows of a table; the page has the heading."""
    if function is not None:
        return Declared("table", function)
    return lambda f: Declared("table", f, digits=digits)


def declared() -> dict[str, Declared]:
    """Collect what the chapters declare, by the name that the page uses: ``vanishing_lags`` is ``vanishing-lags``."""
    found: dict[str, Declared] = {}
    for chapter in chapters():
        for identifier, value in vars(importlib.import_module(f"{__name__}.{chapter}")).items():
            if isinstance(value, Declared):
                name = identifier.replace("_", "-")
                if not name.startswith(f"{chapter}-"):
                    raise ValueError(f"{value.place}: {name}: a name begins with its chapter, {chapter}")
                found[name] = Declared(**{**vars(value), "name": name})
    return found


def chapters() -> list[str]:
    """Name the chapters that have figures, numbers or tables."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in KIT)


def compute(item: Declared) -> dict[str, Any]:
    """Run a declared function and return what a page needs of it, ready for JSON.

    Raises
    ------
    ValueError
        If the result has something that is not a number, or is not what its kind asks for.
    """
    result = item.function()
    if item.kind == "number":
        return {"kind": "number", "values": dict(_leaves("", result)), "digits": item.digits}
    if item.kind == "table":
        return {"kind": "table", "rows": _rows(result), "digits": item.digits}
    return {"kind": "figure", "digits": 3, **_drawn(item, result)}


def _drawn(item: Declared, drawing: Drawing) -> dict[str, Any]:
    from matplotlib import pyplot

    from scripts.figures import plot, svg

    if item.seeds and plot.seeds_of(drawing.figure) < item.seeds:
        shown = plot.seeds_of(drawing.figure)
        raise ValueError(
            f"a chaotic figure over {item.seeds} seeds, but its bands show {shown}: draw them with plot.band"
        )
    rows = _rows(drawing.rows)
    if any(len(row) != len(drawing.columns) for row in rows):
        raise ValueError(f"rows: expected {len(drawing.columns)} values in each, one for each column")
    picture = svg.inline(drawing.figure, item.name)
    pyplot.close(drawing.figure)
    return {"svg": picture, "columns": list(drawing.columns), "rows": rows}


def _leaves(path: str, value: object) -> list[tuple[str, object]]:
    """Flatten nested dicts to dotted names."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in _leaves(f"{path}.{key}" if path else str(key), inner)]
    return [(path, _plain(value))]


def _rows(rows: Sequence[Sequence[object]]) -> list[list[object]]:
    if len(rows) > MOST_ROWS:
        raise ValueError(f"rows: expected at most {MOST_ROWS}, got {len(rows)}: leave some out")
    return [[_plain(value, anything=True) for value in row] for row in rows]


def _plain(value: object, *, anything: bool = False) -> object:
    """Turn a value of NumPy into one of Python; refuse what cannot be printed."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected numbers, got {value}")
    if isinstance(value, str) and not anything and value not in WORDS:
        raise ValueError(f"{value!r} is not among the words that a number may be: {', '.join(WORDS)}")
    if not isinstance(value, bool | int | float | str):
        raise ValueError(f"expected a number, a bool or a word, got {type(value).__name__}")
    return value


def say(value: object, lang: str, digits: int = 2) -> str:
    """Write a value as a page prints it, in HTML.

    Parameters
    ----------
    value : bool, int, float or str
        What to write.
    lang : str
        ``en`` or ``zh``.
    digits : int
        Significant digits of a float.

    Returns
    -------
    str
        ``0.57``, ``8.0 × 10⁻⁹`` with a real superscript, ``20 648`` with narrow spaces, a word, or the string itself.
    """
    if isinstance(value, bool):
        return WORDS["yes" if value else "no"][lang]
    if isinstance(value, str):
        return WORDS[value][lang] if value in WORDS else value
    if isinstance(value, int):
        return _sign(f"{value:,}".replace(",", "\u202f") if abs(value) >= 10_000 else str(value))
    assert isinstance(value, float)
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    if value == 0 or -4 < int(exponent) < 5:
        return _sign(f"{float(f'{mantissa}e{exponent}'):.{max(digits - 1 - int(exponent), 0)}f}" if value else "0")
    return f"{_sign(mantissa)}\u00a0×\u00a010<sup>{_sign(str(int(exponent)))}</sup>"


def _sign(text: str) -> str:
    return text.replace("-", "\u2212")
