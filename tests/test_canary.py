"""What the comparison of site generators looks at, and what it is made from."""

import re
import tomllib

from scripts.book.closure import ROOT
from scripts.canary import Anchors, only_pages


def test_anchors_are_those_of_the_article_in_order():
    page = (
        '<p id="before"><article><h1 id="a">A<br></h1><figure id="eq-b"><img id="x"></figure></article><p id="after">'
    )
    assert Anchors(page).found == ["a", "eq-b"]
    assert Anchors('<article><a id="__skip"></a></article>').found == []


def test_notebooks_leave_the_nav_and_empty_sections_with_them():
    nav = [{"A": "index.md"}, {"Labs": [{"L": "labs/l.py"}]}, {"B": [{"C": "c.md"}, {"D": "labs/d.py"}]}]
    assert only_pages(nav) == [{"A": "index.md"}, {"B": [{"C": "c.md"}]}]


def test_the_lock_of_the_canary_pins_what_pyproject_names_and_what_the_book_uses():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["canary"]
    lock, book = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements-canary.lock", "requirements.lock")
    )
    assert "http" not in lock
    pins, own = (set(re.findall(r"^[\w.-]+==\S+", text, re.M)) for text in (lock, book))  # for fewer systems, it may be
    assert set(wanted) <= pins
    names = {pin.split("==")[0] for pin in own}
    assert {pin for pin in pins if pin.split("==")[0] in names} <= own, "run `make lock`: the book has moved on"
