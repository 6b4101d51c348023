"""Make of a Matplotlib figure an SVG that stands in a page: with the page's colours and fonts, the same to the byte."""

from __future__ import annotations

import io
import re
import subprocess
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from scripts.node import find_node

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The colours that a figure may use, and the variable of docs/shared/css/book.css that each becomes.
COLOURS = {
    "#1d2126": "--ink",
    "#575d64": "--ink-2",
    "#e4e0d6": "--rule",
    "#fffefb": "--paper",
    "#f6f4ee": "--paper-2",
    "#0063a0": "--blue",
    "#b24400": "--vermilion",
    "#00694d": "--green",
    "#98447a": "--purple",
    "#8f5b00": "--orange",
    "#1f6f9b": "--sky",
}
SVG, XLINK = "http://www.w3.org/2000/svg", "{http://www.w3.org/1999/xlink}href"
NUMBER = re.compile(r"-?\d+\.\d+(?:e[+-]?\d+)?")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")
DEFAULTS = {"stroke-linejoin": "round", "stroke-linecap": "butt", "fill-opacity": "1", "stroke-opacity": "1"}


def inline(figure: Figure, name: str) -> str:
    """Return the figure as an ``<svg>`` element without a style sheet, an address or an id of its own making.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to show; its colours are those of `COLOURS`.
    name : str
        The name of the figure, which its ids begin with.

    Returns
    -------
    str
        The element, as wide as the figure in inches.  Its text is text, in the fonts that the page's formulas use.

    Raises
    ------
    ValueError
        If a coordinate is not a number, a colour is not the book's, or a sign is in no font of the page.
    """
    import matplotlib as mpl

    refuse_nan(figure)
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}):
        figure.savefig(
            out, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(out.getvalue())
    for label in root.iter(f"{{{SVG}}}text"):
        _set_text(label)
    _strip(root)
    _rename(root, name)
    _, _, width, height = (float(number) for number in root.get("viewBox", "").split())
    wide, high = (f"{points / 0.75:.0f}" for points in (width, height))
    root.attrib = {"viewBox": f"0 0 {width:g} {height:g}", "width": wide, "height": high}
    text = NUMBER.sub(_round, ElementTree.tostring(root, encoding="unicode"))
    text = _slim(text).replace(f' xmlns="{SVG}"', "")
    return text.replace("<svg ", f'<svg style="--wide:{wide}px" ', 1)


def _slim(text: str) -> str:
    """Have SVGO write the same picture in fewer bytes."""
    command = [find_node(), str(Path(__file__).with_name("svgo.mjs"))]
    done = subprocess.run(command, input=text, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        missing = "ERR_MODULE_NOT_FOUND" in done.stderr
        said = done.stderr.strip()[-300:]
        raise ValueError("SVGO is not installed: run `make setup`" if missing else f"SVGO stops: {said}")
    return done.stdout


def refuse_nan(figure: Figure) -> None:
    """Raise if anything drawn has a coordinate that is not a number: Matplotlib would leave it out without a word."""
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    for artist in figure.findobj():
        points: list[object] = []
        if isinstance(artist, Line2D):
            points = [artist.get_xydata()]
        elif isinstance(artist, Patch):
            points = [artist.get_patch_transform().transform(artist.get_path().vertices)]
        elif isinstance(artist, Text) and artist.get_text():
            points = [artist.get_position()]
        elif isinstance(artist, Collection):
            points = [artist.get_offsets(), *(path.vertices for path in artist.get_paths())]
        if not all(np.all(np.isfinite(np.ma.filled(np.ma.asarray(part), np.nan))) for part in points):
            raise ValueError(f"a coordinate of a {type(artist).__name__} is not a finite number")


# Matplotlib sets mathematics in Computer Modern, glyph by glyph; KaTeX's fonts are the same faces with the same widths.
FACES = {"cmr10": "", "cmmi10": "mi", "cmsy10": "", "STIXGeneral": ""}


def _set_text(text: Element) -> None:
    """Write the glyphs of a text in the page's fonts, neighbours of one face together."""
    glyphs = [_glyph(span) for span in text]
    if not glyphs:  # plain text, which has no parts
        style = text.attrib.pop("style", "")
        family, points = re.search(r"'([^']+)'", style), re.search(r"([\d.]+)px", style)
        if family is None or points is None or family[1] not in FACES:
            raise ValueError(f"text {text.text!r}: expected Computer Modern, so that the page has the font")
        text.set("font-size", points[1])
        for name, value in re.findall(r"(text-anchor|fill): ([^;]+)", style):
            text.set(name, COLOUR.sub(_themed, value))
        return
    sizes = [float(size) for _, _, size, _, _ in glyphs]
    text.clear()
    text.set("font-size", f"{max(sizes):g}")
    runs = [list(run) for _, run in groupby(sorted(glyphs, key=lambda glyph: (glyph[0], glyph[1])), key=_Run())]
    for (x, y, size, face, sign), *more in runs:
        alone = len(runs) == 1 and (x, round(y, 1)) == (0, 0)
        span = text if alone else ElementTree.SubElement(text, f"{{{SVG}}}tspan", {"x": f"{x:.2f}", "y": f"{y:.2f}"})
        if face:
            span.set("class", face)
        if float(size) != max(sizes):
            span.set("font-size", f"{float(size):g}")
        span.text = sign + "".join(glyph[4] for glyph in more)


class _Run:
    """A key for `groupby`: equal for letters and digits that stand side by side in one face, size and height."""

    def __init__(self) -> None:
        self.last: tuple[object, ...] = ()
        self.number = 0

    def __call__(self, glyph: tuple[float, float, str, str, str]) -> int:
        _, y, size, face, sign = glyph
        kind = (y, size, face, (sign.isalnum() or sign == ".") and not face)
        if kind != self.last or not kind[-1]:
            self.number += 1
        self.last = kind
        return self.number


def _glyph(span: Element) -> tuple[float, float, str, str, str]:
    """Return place, size, class and sign of a glyph."""
    style = span.get("style", "")
    family, size = re.search(r"'([^']+)'", style), re.search(r"font-size: ([\d.]+)px", style)
    assert family is not None
    assert size is not None
    face = FACES.get(family[1])
    sign = _signs().get((family[1], span.text or ""), "")
    if not sign and (((span.text or "").isascii() and family[1] in ("cmr10", "cmmi10")) or family[1] == "STIXGeneral"):
        sign = span.text or ""
    if face is None or not sign:
        raise ValueError(f"the sign {span.text!r} of {family[1]} is in no font of the page: write it in another way")
    face = "" if sign in ".,/<>" else face  # these have their place in the upright font
    return float(span.get("x", "0")), float(span.get("y", "0")), size[1], face, sign


@cache
def _signs() -> dict[tuple[str, str], str]:
    """Map Computer Modern's own codes to Unicode."""
    from matplotlib._mathtext_data import latex_to_bakoma, tex2uni

    signs: dict[tuple[str, str], str] = {}
    for name, (face, code) in latex_to_bakoma.items():
        bare = name.lstrip("\\")
        if face in FACES and (len(name) == 1 or bare in tex2uni):
            signs[face, chr(code)] = name if len(name) == 1 else chr(tex2uni[bare])
    return signs


def _strip(root: Element) -> None:
    """Drop metadata and the style sheet, and give every shape the page's colours."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    for element in root.iter():
        style = dict(
            part.split(":", 1) for part in element.attrib.pop("style", "").replace(": ", ":").split(";") if ":" in part
        )
        rules = {key.strip(): COLOUR.sub(_themed, value.strip()) for key, value in style.items()}
        rules = {key: value for key, value in rules.items() if DEFAULTS.get(key) != value}
        if rules:
            element.set("style", ";".join(f"{key}:{value}" for key, value in rules.items()))


def _themed(colour: re.Match[str]) -> str:
    variable = COLOURS.get(colour[0].lower())
    if variable is None:
        raise ValueError(f"colour {colour[0]}: expected one of scripts.figures.plot, so that it follows the theme")
    return f"var({variable})"


def _rename(root: Element, name: str) -> None:
    """Keep the ids that something points to, and make them the figure's own."""
    used: dict[str, str] = {}
    for element in root.iter():
        for key, value in element.attrib.items():
            target = value[1:] if key == XLINK else (re.findall(r"url\(#([^)]+)\)", value) or [""])[0]
            if target:
                used.setdefault(target, f"{name}-{len(used)}")
    for element in root.iter():
        identifier = element.attrib.pop("id", "")
        if identifier in used:
            element.set("id", used[identifier])
        for key, value in list(element.attrib.items()):
            if key == XLINK:
                del element.attrib[key]
                element.set("href", f"#{used[value[1:]]}")
            else:
                element.set(key, re.sub(r"url\(#([^)]+)\)", lambda m: f"url(#{used[m[1]]})", value))


def _round(number: re.Match[str]) -> str:
    """Two digits after the point are a fiftieth of a pixel, and what rounding errors differ in is behind them."""
    value = float(number[0])
    digits = 2 if abs(value) >= 0.1 else 5
    return f"{round(value, digits) + 0.0:.{digits}f}".rstrip("0").rstrip(".")
