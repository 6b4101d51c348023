"""Make a figure's SVG lighter by what SVGO leaves in: a lab has many figures, and they are half of its page."""

from __future__ import annotations

import re

INVISIBLE = re.compile(r'<path fill="none" d="[^"]*"/>')
TICK = re.compile(r'<path id="([^"]+)" stroke="[^"]+" stroke-width="[^"]+" d="M0 0[vh][^"]+"/>')
USE = re.compile(r'<use x="([^"]+)" y="([^"]+)" [^>]*href="#([^"]+)"/>')


def lean(picture: str) -> str:
    """
    Return the same picture in fewer bytes.

    Parameters
    ----------
    picture : str
        What `scripts.figures.svg.inline` returns.

    Returns
    -------
    str
        Without shapes that show nothing; and of a tick mark's colours, which the mark itself has, without the copies.
    """
    ticks = set(TICK.findall(picture))

    def bare(use: re.Match[str]) -> str:
        x, y, mark = use.groups()
        return f'<use x="{x}" y="{y}" href="#{mark}"/>' if mark in ticks else use[0]

    return USE.sub(bare, INVISIBLE.sub("", picture))
