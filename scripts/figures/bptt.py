"""Figures of the chapter bptt."""

from __future__ import annotations

from scripts.figures import Drawing, figure
from scripts.figures.diagram import Diagram, unrolled
from scripts.figures.plot import BLUE, GREY, VERMILION


@figure()
def bptt_unrolled() -> Drawing:
    """The network unrolled: forwards along the states, backwards from the loss of one step to an earlier state."""
    diagram = Diagram(5.75, 2.5)
    steps = unrolled(diagram, ["k", "k+1", "", "t-1", "t"], x=0.5, y=0.98, gap=1.18, rise=0.7, outputs=[4], color=BLUE)
    last = steps[-1]
    assert last.output is not None
    loss = diagram.circle(last.state.x, 2.25, "$L_t$", radius=0.22, color=VERMILION, fill=0.08)
    diagram.arrow(last.output, loss, color=GREY)
    diagram.arrow(loss, last.state, "$e_t$", color=VERMILION, bend=-0.22, side=-0.15)
    labels = {0: r"$W_{hh}^\top D_{k+1}$", 3: r"$W_{hh}^\top D_t$"}
    for i in range(3, -1, -1):
        diagram.arrow(
            steps[i + 1].state, steps[i].state, labels.get(i, ""), color=VERMILION, bend=-0.34, side=-0.19, size=10.5
        )
    first = steps[0].state
    diagram.text(first.x - 0.02, first.y + 0.4, r"$\delta_{k\leftarrow t}$", color=VERMILION)
    return diagram.drawing()
