"""Make a figure's SVG lighter without a visible difference: a lab has many, and they are a large part of its page."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
LINE = re.compile(r"\s*M[^MLCQz]+(?:L[^MLCQz]+)+")
TICK = re.compile(r"\s*M 0 0\s+L \S+ \S+\s*")
PLACE = re.compile(r"translate\((\S+) (\S+)\)")


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
        Without groups that group nothing and shapes that show nothing, with places to a tenth of a point.
    """
    root = ElementTree.fromstring(picture)
    ticks = {f"#{path.get('id')}" for path in root.iter("path") if TICK.fullmatch(path.get("d", ""))}
    for tick in (use for use in root.iter("use") if use.get("href") in ticks):
        tick.attrib.pop("style", None)  # the mark itself says how it is drawn, and a line is not filled
    for group in root.iter("g"):
        _plain_text(group)
    for text in root.iter("text"):
        if text.get("transform", "").startswith("rotate(0 "):
            del text.attrib["transform"]
    for text in (child for group in root.iter("g") if "fill" not in group.get("style", "") for child in group):
        if text.tag == "text" and "fill" not in text.get("style", ""):
            text.set("style", "fill:var(--ink)")  # else it would be black, at night too
    _unwrap(root)
    for element in root.iter():
        for name in ("x", "y", "transform") if element.tag != "tspan" else ():
            if name in element.attrib and "scale" not in element.attrib[name]:
                element.set(name, NUMBER.sub(lambda number: _tenth(float(number[0])), element.attrib[name]))
        if "d" in element.attrib:
            element.set("d", _shorter(element.attrib["d"]))
    return ElementTree.tostring(root, encoding="unicode").replace(" />", "/>")


def _plain_text(group: Element) -> None:
    """Make one element of a group that only moves a text of a single piece."""
    if [child.tag for child in group] != ["text"] or [child.tag for child in group[0]] != ["tspan"]:
        return
    text, span = group[0], group[0][0]
    place = PLACE.fullmatch(group.get("transform", ""))
    if place is None or "transform" in text.attrib or not set(span.attrib) <= {"x", "y", "class"}:
        return
    x, y = (float(at) + float(span.get(name, "0")) for at, name in zip(place.groups(), "xy", strict=True))
    kept = {name: value for name, value in (group.attrib | text.attrib | span.attrib).items() if name != "transform"}
    group.tag, group.attrib, group.text = "text", kept | {"x": str(x), "y": str(y)}, span.text
    group[:] = []


def _unwrap(parent: Element) -> None:
    """Replace every group without attributes by what it contains, and leave out what is empty or invisible."""
    kept: list[Element] = []
    for child in list(parent):
        _unwrap(child)
        if child.tag == "g" and not child.attrib:
            kept += child
        elif not (child.tag in ("g", "defs") and not len(child)) and not _invisible(child):
            kept.append(child)
    parent[:] = kept


def _invisible(element: Element) -> bool:
    return element.tag == "path" and element.get("style") == "fill:none" and not element.get("id")


def _shorter(path: str) -> str:
    """Write a broken line by its steps, in whole tenths, so that rounding does not add up; other paths as they are."""
    if not LINE.fullmatch(path):
        return re.sub(r"(?<=[MLCQz])\s+|\s+(?=[MLCQz])|\s+$", "", path)
    tenths = [round(float(number[0]) * 10) for number in NUMBER.finditer(path)]
    points = list(zip(tenths[::2], tenths[1::2], strict=True))
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(points)]
    start, *rest = (f"{_tenth(x / 10)} {_tenth(y / 10)}" for x, y in [points[0], *steps])
    return f"M{start}l{' '.join(rest)}".replace(" -", "-")


def _tenth(number: float) -> str:
    return f"{round(number, 1) + 0.0:.1f}".removesuffix(".0").replace("0.", ".", 1 if abs(number) < 1 else 0)
