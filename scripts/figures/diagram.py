"""A kit for drawings of networks: cells, arrows, gates, memory, and the graph of a network unrolled in time.

Positions are in inches from the lower left corner, so that what is drawn is as large as it says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from scripts.figures import Drawing
from scripts.figures.plot import BLUE, FAINT, GREY, INK, PAPER, STYLE, VERMILION

LABEL = 12  # points, of symbols


@dataclass(frozen=True)
class Node:
    """Something at a place that arrows begin and end at.

    Attributes
    ----------
    x, y : float
        The middle, in inches.
    width, height : float
        In inches.
    round : bool
        Whether its outline is a circle.
    """

    x: float
    y: float
    width: float
    height: float
    round: bool = False

    def __post_init__(self) -> None:
        """Refuse a place that is none: the drawing would fail later, and say less."""
        if not np.all(np.isfinite([self.x, self.y, self.width, self.height])):
            raise ValueError(f"a node has its place in finite numbers, got {self.x}, {self.y}")

    def edge(self, towards: tuple[float, float]) -> tuple[float, float]:
        """Return where a line from the middle to a point leaves the outline."""
        dx, dy = towards[0] - self.x, towards[1] - self.y
        if not (dx or dy):
            return self.x, self.y
        if self.round:
            share = self.width / 2 / float(np.hypot(dx, dy))
        else:
            share = min(side / 2 / abs(d) for side, d in ((self.width, dx), (self.height, dy)) if d)
        return self.x + share * dx, self.y + share * dy


class Diagram:
    """A drawing to which parts are added one by one.

    Parameters
    ----------
    width, height : float
        In inches.  A phone shows 3.6 inches without scrolling; the text is 6.6 wide.
    """

    def __init__(self, width: float, height: float) -> None:
        mpl.rcParams.update(STYLE)
        self.figure = pyplot.figure(figsize=(width, height))
        self.ax = self.figure.add_axes((0, 0, 1, 1))
        self.ax.set(xlim=(0, width), ylim=(0, height))
        self.ax.axis("off")

    def drawing(self, columns: Sequence[str] = (), rows: Sequence[Sequence[object]] = ()) -> Drawing:
        """Return the finished drawing, with the data behind it if there are any."""
        return Drawing(self.figure, columns, rows)

    def box(
        self,
        x: float,
        y: float,
        label: str = "",
        *,
        width: float = 0.52,
        height: float = 0.42,
        color: str = INK,
        fill: float = 0.0,
        size: float = LABEL,
    ) -> Node:
        """Draw a box with rounded corners; `fill` from 0 to 1 is how much of its colour is inside."""
        node = Node(x, y, width, height)
        corner = FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.08",
            edgecolor=color,
            facecolor=PAPER,
            linewidth=1.1,
            zorder=2,
        )
        self.ax.add_patch(corner)
        if fill:
            tint = FancyBboxPatch(
                (x - width / 2, y - height / 2),
                width,
                height,
                boxstyle="round,pad=0,rounding_size=0.08",
                facecolor=(*to_rgb(color), fill),
                linewidth=0,
                zorder=2,
            )
            self.ax.add_patch(tint)
        self.text(x, y, label, color=color, size=size)
        return node

    def circle(
        self, x: float, y: float, label: str = "", *, radius: float = 0.21, color: str = INK, fill: float = 0.0
    ) -> Node:
        """Draw a circle: an operation, or a quantity."""
        self.ax.add_patch(Circle((x, y), radius, edgecolor=color, facecolor=PAPER, linewidth=1.1, zorder=2))
        if fill:
            self.ax.add_patch(Circle((x, y), radius, facecolor=(*to_rgb(color), fill), linewidth=0, zorder=2))
        self.text(x, y, label, color=color)
        return Node(x, y, 2 * radius, 2 * radius, round=True)

    def gate(self, x: float, y: float, label: str = r"$\times$", *, color: str = INK) -> Node:
        """Draw a small circle in which two flows meet: times, plus, or a function."""
        return self.circle(x, y, label, radius=0.14, color=color)

    def point(self, x: float, y: float, label: str = "", *, color: str = INK) -> Node:
        """Write a symbol without an outline, which arrows keep clear of."""
        self.text(x, y, label, color=color)
        return Node(x, y, 0.44, 0.38)

    def text(
        self, x: float, y: float, label: str, *, color: str = INK, size: float = LABEL, align: str = "center"
    ) -> None:
        """Write symbols."""
        if label:
            self.ax.text(x, y, label, color=color, fontsize=size, ha=align, va="center", zorder=3)

    def arrow(
        self,
        start: Node,
        end: Node,
        label: str = "",
        *,
        color: str = INK,
        bend: float = 0.0,
        dashed: bool = False,
        side: float = 0.16,
        size: float = LABEL - 1,
        width: float = 1.1,
    ) -> None:
        """Draw an arrow from the outline of one node to that of another.

        Parameters
        ----------
        start, end : Node
            The two ends.
        label : str
            Written beside the middle, on the left as one walks along the arrow; on the right if `side` is negative.
        color : str
            One of `scripts.figures.plot`.
        bend : float
            How far the arrow bows to the left, as a share of its length.
        dashed : bool
            Whether it is dashed.
        side : float
            Distance of the label from the line, in inches.
        size, width : float
            Of the label and of the line, in points.
        """
        middle = np.array([(start.x + end.x) / 2, (start.y + end.y) / 2])
        along = np.array([end.x - start.x, end.y - start.y])
        left = np.array([-along[1], along[0]])
        knee = middle + left * bend  # of the quadratic curve: it passes half way to it
        first, last = start.edge((float(knee[0]), float(knee[1]))), end.edge((float(knee[0]), float(knee[1])))
        shape = FancyArrowPatch(
            first,
            last,
            connectionstyle=f"arc3,rad={-bend}",
            arrowstyle="-|>,head_width=2.6,head_length=4.6",
            mutation_scale=1,
            shrinkA=1.5,
            shrinkB=1.5,
            color=color,
            linewidth=width,
            linestyle=(0, (3, 2.2)) if dashed else "-",
            zorder=1,
        )
        self.ax.add_patch(shape)
        place = middle + left * bend / 2 + left / float(np.hypot(*left)) * side
        self.text(float(place[0]), float(place[1]), label, color=color, size=size)

    def memory(self, x: float, y: float, values: Iterable[float], *, cell: float = 0.16, upright: bool = True) -> Node:
        """Draw a vector as a strip of cells: blue above zero, vermilion below, the stronger the larger (1 is full)."""
        numbers = [float(value) for value in values]
        long = cell * len(numbers)
        width, height = (cell, long) if upright else (long, cell)
        for i, value in enumerate(numbers):
            corner = (
                (x - width / 2, y + height / 2 - (i + 1) * cell)
                if upright
                else (x - width / 2 + i * cell, y - cell / 2)
            )
            shade = (*to_rgb(BLUE if value > 0 else VERMILION), round(min(abs(value), 1.0), 2))
            self.ax.add_patch(Rectangle(corner, cell, cell, facecolor=PAPER, linewidth=0, zorder=2))
            self.ax.add_patch(Rectangle(corner, cell, cell, facecolor=shade, edgecolor=GREY, linewidth=0.5, zorder=2))
        return Node(x, y, width, height)

    def frame(self, nodes: Iterable[Node], label: str = "", *, pad: float = 0.12, color: str = FAINT) -> None:
        """Draw a thin frame round some nodes, with a label at its upper left."""
        parts = list(nodes)
        left, right = min(n.x - n.width / 2 for n in parts) - pad, max(n.x + n.width / 2 for n in parts) + pad
        low, high = min(n.y - n.height / 2 for n in parts) - pad, max(n.y + n.height / 2 for n in parts) + pad
        frame = FancyBboxPatch(
            (left, low),
            right - left,
            high - low,
            boxstyle="round,pad=0,rounding_size=0.1",
            edgecolor=color,
            facecolor="none",
            linewidth=0.9,
            zorder=0,
        )
        self.ax.add_patch(frame)
        self.text(left + 0.08, high - 0.12, label, color=GREY, size=LABEL - 2, align="left")

    def dots(self, x: float, y: float) -> Node:
        """Draw an ellipsis: and so on."""
        self.text(x, y, r"$\cdots$", color=GREY)
        return Node(x, y, 0.36, 0.3)


@dataclass(frozen=True)
class Step:
    """The parts of one time step of an unrolled network; those that were not asked for are missing."""

    state: Node
    input: Node | None
    output: Node | None


def unrolled(
    diagram: Diagram,
    indices: Sequence[str],
    *,
    x: float = 0.5,
    y: float = 1.1,
    gap: float = 1.15,
    rise: float = 0.78,
    inputs: Iterable[int] | None = None,
    outputs: Iterable[int] | None = None,
    weights: tuple[str, str, str] = ("", "", ""),
    first: str = "",
    color: str = INK,
) -> list[Step]:
    """Draw a network step by step: states in a row, inputs below, outputs above.

    Parameters
    ----------
    diagram : Diagram
        Where to draw.
    indices : sequence of str
        The index of each step, such as ``t-1``; an empty one is drawn as an ellipsis.
    x, y : float
        Middle of the first state.
    gap, rise : float
        Distance between states, and between the rows.
    inputs, outputs : iterable of int, optional
        Which steps have one, counted from 0; all by default.
    weights : tuple of str
        Labels of the arrows from the input, between states, and to the output.
    first : str
        The state before the first one, such as ``$h_0$``; nothing by default.
    color : str
        Of the states.

    Returns
    -------
    list of Step
    """
    has_input = set(range(len(indices)) if inputs is None else inputs)
    has_output = set(range(len(indices)) if outputs is None else outputs)
    steps: list[Step] = []
    before = diagram.point(x, y, first) if first else None
    for i, index in enumerate(indices):
        at = x + gap * (i + bool(first))
        state = diagram.box(at, y, f"$h_{{{index}}}$", color=color, fill=0.08) if index else diagram.dots(at, y)
        below = above = None
        if index and i in has_input:
            below = diagram.point(at, y - rise, f"$x_{{{index}}}$")
            diagram.arrow(below, state, weights[0], color=GREY, side=-0.24)
        if index and i in has_output:
            above = diagram.point(at, y + rise, f"$y_{{{index}}}$")
            diagram.arrow(state, above, weights[2], color=GREY, side=-0.24)
        if before is not None:
            diagram.arrow(before, state, weights[1], color=color)
        steps.append(Step(state, below, above))
        before = state
    return steps
