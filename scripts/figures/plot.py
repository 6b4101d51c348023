"""The house style of curves: thin axes, the book's colours, symbols set as on the page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike

mpl.use("Agg")

INK, GREY, FAINT, PAPER, PANEL = "#1d2126", "#575d64", "#e4e0d6", "#fffefb", "#f6f4ee"
# The palette of the page, which the colour-blind tell apart; line styles differ too where lines could be confused.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0063a0", "#b24400", "#00694d", "#98447a", "#8f5b00", "#1f6f9b"

STYLE: dict[Any, Any] = {
    "font.size": 9,
    "font.family": "cmr10",  # its widths are those of the font of the page's formulas
    "mathtext.fontset": "cm",
    "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY]),
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.labelsize": 11,
    "axes.formatter.use_mathtext": True,
    "axes.unicode_minus": False,
    "text.color": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "patch.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "legend.handlelength": 1.6,
    "path.simplify": True,
    "path.simplify_threshold": 0.2,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.bbox": None,
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style for a while."""
    with mpl.rc_context(STYLE):
        yield


def plot(
    rows: int = 1, columns: int = 1, *, width: float = 5.2, height: float = 2.6, **options: Any
) -> tuple[Figure, Any]:
    """Make a figure with axes in the house style.

    Parameters
    ----------
    rows, columns : int
        How many axes, as for `matplotlib.pyplot.subplots`.
    width, height : float
        In inches; the text is 6.6 inches wide.  A phone shows 3.6, so the narrower the better it reads there.
    **options
        Passed on to `matplotlib.pyplot.subplots`.

    Returns
    -------
    figure, axes
        As `matplotlib.pyplot.subplots` returns them.
    """
    mpl.rcParams.update(STYLE)  # a fresh interpreter draws the figures of the book and nothing else
    figure, axes = pyplot.subplots(rows, columns, figsize=(width, height), layout="constrained", **options)
    return figure, axes


def band(ax: Axes, x: ArrayLike, samples: ArrayLike, *, color: str, label: str = "", line: str = "-") -> None:
    """Draw the median of samples and the quarter of them on either side of it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    x : array_like, shape (n,)
        Positions.
    samples : array_like, shape (seeds, n)
        A row for each seed.
    color, label, line : str
        Of the median.
    """
    values = np.asarray(samples)
    if not np.all(np.isfinite(values)):  # of an area Matplotlib would cut the part out, and leave nothing to be found
        raise ValueError("samples: expected finite numbers")
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    ax.fill_between(np.asarray(x), low, high, color=color, alpha=0.18, linewidth=0)
    ax.plot(x, middle, line, color=color, label=label or None)
    figure = ax.get_figure()
    assert figure is not None
    shown: list[int] = figure.__dict__.setdefault("_seeds", [])
    shown.append(len(values))


def seeds_of(figure: Figure) -> int:
    """Return over how many seeds the bands of a figure go; 0 if it has none."""
    shown: list[int] = figure.__dict__.get("_seeds", [0])
    return min(shown)


def heat(ax: Axes, values: ArrayLike, *, largest: float | None = None) -> None:
    """Draw a matrix as cells: blue above zero, vermilion below, the stronger the larger; row 0 on top.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; its axes are put round the cells.
    values : array_like, shape (m, n)
        The matrix.
    largest : float, optional
        The absolute value that is drawn in full colour; the largest of the matrix by default.
    """
    matrix = np.asarray(values, dtype=float)
    if not np.all(np.isfinite(matrix)):
        raise ValueError("values: expected finite numbers")
    top = largest or float(np.abs(matrix).max()) or 1.0
    strength = (np.clip(np.abs(matrix) / top, 0, 1) * 20).round() / 20
    for sign, colour in ((1, BLUE), (-1, VERMILION)):
        for level in np.unique(strength[(np.sign(matrix) == sign) & (strength > 0)]):
            corners = np.argwhere((strength == level) & (np.sign(matrix) == sign))[:, ::-1] - 0.5
            squares = [Path.unit_rectangle().vertices + corner for corner in corners]
            codes = np.tile(np.asarray(Path.unit_rectangle().codes), len(squares))
            cells = Path(np.concatenate(squares), codes)  # one shape for all cells of a shade
            ax.add_patch(PathPatch(cells, facecolor=(*to_rgb(colour), level), linewidth=0))
    ax.set(xlim=(-0.5, matrix.shape[1] - 0.5), ylim=(matrix.shape[0] - 0.5, -0.5))
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0)
