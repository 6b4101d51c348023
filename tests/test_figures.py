"""Figures, tables and numbers: what enters a page is computed, repeats to the byte, and fails aloud."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from scripts.book import checks
from scripts.book.closure import ROOT
from scripts.figures import Declared, Drawing, compute, declared, figure, number, say, svg, table
from scripts.figures.__main__ import attempt
from scripts.figures.diagram import Diagram, Node, unrolled
from scripts.figures.plot import BLUE, VERMILION, band, heat, plot, seeds_of

COMPUTED = {
    "page-curve": {"kind": "figure", "svg": "<svg ></svg>", "columns": ["$t$", "n"], "rows": [[1, 0.25]], "digits": 3},
    "page-ratio": {"kind": "number", "values": {"": 0.5678}, "digits": 2},
    "page-parts": {"kind": "number", "values": {"a.b": 3e-9, "a.c": True, "d": "sufficient"}, "digits": 2},
    "page-rows": {"kind": "table", "rows": [[1, "$x_t$"], [20000, False]], "digits": 2},
    "page-broken": {"error": "scripts/figures/page.py:7: ValueError: expected numbers, got nan"},
}
PICTURE = "/// figure | page-curve\n    alt: A curve that falls.\n\nIt *falls*.\n///\n"


@pytest.fixture
def computed(monkeypatch):
    """Pretend that a chapter `page` has computed something."""
    registry = {
        name: {"kind": item.get("kind", "figure"), "place": "scripts/figures/page.py:1"}
        for name, item in COMPUTED.items()
    }
    monkeypatch.setattr(checks, "compute", lambda names: (registry, {n: COMPUTED[n] for n in names if n in COMPUTED}))


# --------------------------------------------------------------------------- on a page


def test_a_figure_has_a_number_a_caption_an_alternative_and_its_data(weave, computed):
    html, said = weave("# Page\n\n" + PICTURE + "\nSee [](#fig-page-curve).\n")
    assert said == []
    figure = ElementTree.fromstring(re.search(r'<figure class="fig".*?</figure>', html, re.S)[0])
    assert figure.get("id") == "fig-page-curve"
    assert figure.find(".//svg").get("aria-label") == "A curve that falls."
    assert "".join(figure.find("figcaption/p").itertext()) == "Figure 1. It falls."
    assert [cell.text for cell in figure.iter("td")] == ["1", "0.250"]
    assert figure.find(".//th").find(".//math") is not None or "math" in ElementTree.tostring(
        figure, encoding="unicode"
    )
    assert '<a class="fig-ref" href="#fig-page-curve">Figure 1</a>' in html


def test_a_figure_speaks_chinese_and_is_cited_from_another_page(weave, computed):
    html, said = weave("# 甲\n\n见 [](page1.md#fig-page-curve)。\n", "# 乙\n\n" + PICTURE, lang="zh")
    assert said == []
    assert "乙 图 1</a>" in html


def test_numbers_stand_in_text_tables_and_titles_but_not_in_code(weave, computed):
    page = (
        "# Page\n\nA **{{page-ratio}}** and {{ page-parts.a.b }}.\n\n| a | {{page-parts.d}} |\n|---|---|\n| b | {{page-parts.a.c}} |\n\n"
        "`{{page-ratio}}`\n\n```text\n{{page-nothing}}\n```\n"
    )
    html, said = weave(page)
    assert said == []
    assert '<strong><data value="0.5678">0.57</data></strong>' in html
    assert "3.0\u00a0×\u00a010<sup>\u22129</sup></data>" in html
    assert ">sufficient</data></th>" in html
    assert ">yes</data></td>" in html
    assert "<code>{{page-ratio}}</code>" in html
    assert "{{page-nothing}}" in html


def test_a_table_takes_its_rows_from_the_function(weave, computed):
    html, said = weave("# Page\n\n/// table | page-rows\n| $n$ | **which** |\n///\n", lang="zh")
    assert said == []
    assert re.search(r"<td>1</td><td>.*<math.*</td></tr><tr><td>20\u202f000</td><td>否</td></tr></tbody>", html, re.S)
    assert "<strong>which</strong></th>" in html


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/// figure | page-curv\n    alt: x\n\ny\n///", "3: figure page-curv: there is no @figure page_curv in scripts/figures/page.py; did you mean page-curve"),
        ("/// figure | page-ratio\n    alt: x\n\ny\n///", "3: figure page-ratio: there is no @figure"),
        ("/// figure | page-curve\n\ny\n///", "3: figure page-curve: expected an option alt"),
        ("/// figure | page-curve\n    alt: x\n\n///", "3: figure page-curve: expected an option alt"),
        ("/// figure | page-curve\n    alt: x: z\n\ny\n///", "4: alt: a text with a colon or a # in it stands in quotation marks"),
        ("/// figure | page-broken\n    alt: x\n\ny\n///", "3: figure page-broken stops: scripts/figures/page.py:7: ValueError: expected numbers, got nan"),
        ("Text {{page-ration}}.", "3: number page-ration: there is no @number page_ration in scripts/figures/page.py; did you mean page-ratio"),
        ("Text {{page-parts.a}}.", "3: number page-parts has no part a; did you mean a.c or a.b?"),
        ("Text {{page-parts}}.", "3: number page-parts has parts: a.b, a.c, d"),
        ("/// table | page-rows\n| a | b | c |\n///", "3: table page-rows: expected a heading, | a | b |, of 2 cells, got 3"),
        ("/// table | page-rows\nnothing\n///", "3: table page-rows: expected a heading"),
        ("See [](#fig-page-curv).", "3: there is no figure page-curv"),
    ],
)  # fmt: skip
def test_what_is_missing_or_misspelt_is_named(weave, computed, text, message):
    _, said = weave(f"# Page\n\n{text}\n")
    assert [line for line in said if message in line.partition("page0.md:")[2]], said


def test_what_no_page_shows_is_named(weave, computed, caplog):
    weave("# Page\n\nNothing.\n")
    said = [record.getMessage() for record in caplog.records]
    assert "scripts/figures/page.py:1: number page-ratio is on no page of the edition en" in said


def test_a_chapter_that_cannot_be_imported_is_said_once(weave, monkeypatch):
    def stop(names):
        raise checks.ComputeError("scripts/figures/page.py:3: NameError: no")

    monkeypatch.setattr(checks, "compute", stop)
    _, said = weave("# Page\n\n" + PICTURE)
    assert said == ["no figure can be drawn: scripts/figures/page.py:3: NameError: no"]


@pytest.mark.parametrize(
    ("value", "digits", "en", "zh"),
    [
        (0.0, 2, "0", "0"),
        (0.5678, 2, "0.57", "0.57"),
        (-12.0, 3, "\u221212.0", "\u221212.0"),
        (1234.5, 2, "1200", "1200"),
        (99.96, 3, "100", "100"),
        (3e-9, 1, "3\u00a0×\u00a010<sup>\u22129</sup>", "3\u00a0×\u00a010<sup>\u22129</sup>"),
        (1.5e12, 2, "1.5\u00a0×\u00a010<sup>12</sup>", "1.5\u00a0×\u00a010<sup>12</sup>"),
        (0.0012, 2, "0.0012", "0.0012"),
        (20648, 2, "20\u202f648", "20\u202f648"),
        (7, 2, "7", "7"),
        (True, 2, "yes", "是"),
        ("neither", 2, "neither", "都不是"),
    ],
)
def test_how_a_value_is_written(value, digits, en, zh):
    assert (say(value, "en", digits), say(value, "zh", digits)) == (en, zh)


# --------------------------------------------------------------------------- how they are declared


def test_all_that_is_declared_can_be_computed_and_knows_its_place():
    found = declared()
    assert found, "no chapter declares anything"
    for name, item in found.items():
        file, line = item.place.split(":")
        assert file == f"scripts/figures/{name.split('-')[0]}.py"
        source = (ROOT / file).read_text(encoding="utf-8").splitlines()
        assert source[int(line) - 1].startswith("@"), item.place


def test_a_training_figure_says_whether_it_is_stable():
    with pytest.raises(ValueError, match="training: expected"):
        figure(training="sometimes")
    with pytest.raises(ValueError, match="seeds: a chaotic figure"):
        figure(training="chaotic", seeds=4)
    with pytest.raises(ValueError, match="seeds: a chaotic figure"):
        figure(training="stable", seeds=20)
    assert figure(training="chaotic", seeds=5)(lambda: None).seeds == 5


def curve(values, *, seeds=0, color=BLUE, **columns) -> Declared:
    def draw() -> Drawing:
        drawn, ax = plot()
        ax.plot(values, color=color)
        if seeds:
            band(ax, range(3), np.ones((seeds, 3)), color=VERMILION)
        return Drawing(drawn, **columns)

    return Declared("figure", draw, training="chaotic" if seeds else "", seeds=5 if seeds else 0, name="page-curve")


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (curve([1.0, np.nan]), "ValueError: a coordinate of a Line2D is not a finite number"),
        (curve([1.0, np.inf]), "not a finite number"),
        (curve([1.0], color="#123456"), "colour #123456: expected one of scripts.figures.plot"),
        (curve([1.0], seeds=4), "a chaotic figure over 5 seeds, but its bands show 4"),
        (curve([1.0], columns=("a",), rows=[(1, 2)]), "rows: expected 1 values in each"),
        (curve([1.0], columns=("a",), rows=[(np.nan,)]), "expected numbers, got nan"),
        (curve([1.0], columns=("a",), rows=[(i,) for i in range(61)]), "rows: expected at most 60, got 61"),
        (number(lambda: float("inf")), "expected numbers, got inf"),
        (number(lambda: {"a": {"b": "perhaps"}}), "'perhaps' is not among the words"),
        (number(lambda: None), "expected a number, a bool or a word, got NoneType"),
        (table(lambda: [[1.0, float("nan")]]), "expected numbers, got nan"),
    ],
)
def test_bad_results_are_refused_with_a_place(item, message):
    item = Declared(**{**vars(item), "name": "page-curve"})
    error = attempt(item)["error"]
    assert message in error
    assert re.match(r"tests/test_figures\.py:\d+: ValueError: ", error)


def test_a_good_result_is_plain_json():
    item = Declared("number", lambda: {"a": np.float64(0.5), "b": {"c": np.int64(3), "d": np.bool_(True)}}, name="x-y")
    assert json.loads(json.dumps(compute(item)))["values"] == {"a": 0.5, "b.c": 3, "b.d": True}


# --------------------------------------------------------------------------- the picture


def drawn_with(change) -> str:
    picture, ax = plot()
    change(ax)
    return svg.inline(picture, "page-curve")


def test_the_picture_takes_the_colours_and_the_fonts_of_the_page():
    text = drawn_with(
        lambda ax: (ax.plot([1, 2], color=VERMILION), ax.set_xlabel(r"$\|\delta_{k\leftarrow t}\|, W_{hh}^\top$"))
    )
    root = ElementTree.fromstring(text.replace("<svg", f'<svg xmlns="{svg.SVG}"', 1))
    assert "var(--vermilion)" in text
    assert not re.search(r"#[0-9a-f]{6}|<style|xlink|DejaVu|cmmi|clip0|\bid=\"(?!page-curve)", text)
    label = ["".join(t.itertext()) for t in root.iter(f"{{{svg.SVG}}}text")]
    assert any(set("‖δk←tWhh⊤,") <= set(found) for found in label), label
    assert float(root.get("width")) == pytest.approx(5.2 * 96, abs=1)


def test_plain_labels_keep_their_colour_and_place():
    text = drawn_with(lambda ax: ax.set_xticks([0, 1], ["a", "b"], color=VERMILION))
    assert re.search(r'<text [^>]*fill="var\(--vermilion\)"[^>]*>b</text>', text)
    assert re.search(r'<text [^>]*text-anchor="middle"', text)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: ax.bar([0, 1], [1.0, np.nan]),
        lambda ax: ax.axvline(np.nan),
        lambda ax: ax.text(np.nan, 0.0, "a"),
        lambda ax: ax.scatter([0.0, np.nan], [0.0, 1.0]),
    ],
    ids=["bar", "line", "text", "points"],
)
def test_no_shape_may_have_a_place_that_is_no_number(draw):
    with pytest.raises(ValueError, match="is not a finite number"):
        drawn_with(draw)


def test_signs_that_the_page_has_no_font_for_are_refused():
    for tex in (r"$\mathcal{L}$", r"$\sqrt{2}$", r"$\sum_t$"):
        with pytest.raises(ValueError, match="is in no font of the page"):
            drawn_with(lambda ax, tex=tex: ax.set_xlabel(tex))


def test_a_band_is_the_middle_half_of_the_seeds(rng):
    picture, ax = plot()
    samples = rng.normal(size=(9, 4))
    band(ax, range(4), samples, color=BLUE)
    assert seeds_of(picture) == 9
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.sort(samples, axis=0)[4])
    edges = ax.collections[0].get_paths()[0].vertices[:, 1]
    assert edges.min() == pytest.approx(np.sort(samples, axis=0)[2].min())
    assert edges.max() == pytest.approx(np.sort(samples, axis=0)[6].max())
    samples[0, 0] = np.inf
    with pytest.raises(ValueError, match="finite"):
        band(ax, range(4), samples, color=BLUE)


def test_a_heat_map_shows_sign_and_size(rng):
    picture, ax = plot()
    heat(ax, [[1.0, -0.5, 0.0]])
    shades = {patch.get_facecolor()[3]: patch.get_path().vertices for patch in ax.patches}
    assert set(shades) == {1.0, 0.5}
    assert shades[1.0][:, 0].mean() < 0.5 < shades[0.5][:, 0].mean()
    with pytest.raises(ValueError, match="finite"):
        heat(ax, [[np.nan]])
    svg.inline(picture, "page-heat")


def test_arrows_end_on_outlines():
    box, ring = Node(1.0, 1.0, 0.4, 0.2), Node(3.0, 1.0, 0.5, 0.5, round=True)
    assert box.edge((3.0, 1.0)) == pytest.approx((1.2, 1.0))
    assert box.edge((1.0, 5.0)) == pytest.approx((1.0, 1.1))
    assert np.hypot(*np.subtract(ring.edge((0.3, 2.2)), (3.0, 1.0))) == pytest.approx(0.25)
    assert box.edge((1.0, 1.0)) == (1.0, 1.0)


def test_an_unrolled_graph_has_the_steps_that_were_asked_for():
    diagram = Diagram(5.0, 2.5)
    steps = unrolled(diagram, ["1", "", "T"], first="$h_0$", inputs=[0], outputs=[2])
    assert [step.input is not None for step in steps] == [True, False, False]
    assert [step.output is not None for step in steps] == [False, False, True]
    assert [step.state.x for step in steps] == sorted(step.state.x for step in steps)
    diagram.memory(0.5, 0.5, [1.0, -0.2])
    diagram.gate(1.0, 2.0, "$+$")
    diagram.frame([step.state for step in steps], "$T$")
    text = svg.inline(diagram.drawing().figure, "page-graph")
    assert text.count("<text") >= 7


# --------------------------------------------------------------------------- on other processors


def redraw(names: list[str], **environment: str) -> dict[str, dict]:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.figures"],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | environment,
        check=True,
    )
    return json.loads(done.stdout)["results"]


def older_processor() -> dict[str, str]:
    """Return settings under which NumPy and OpenBLAS behave as on a processor of 2008."""
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    present = [name for name in __cpu_dispatch__ if __cpu_features__[name]]
    return {"NPY_DISABLE_CPU_FEATURES": " ".join(present), "OPENBLAS_CORETYPE": "Nehalem", "PYTHONHASHSEED": "7"}


def test_figures_are_the_same_to_the_byte_on_an_older_processor():
    steady = [name for name, item in declared().items() if item.kind == "figure" and item.training != "chaotic"]
    here, there = redraw(steady), redraw(steady, **older_processor())
    assert [name for name in steady if "error" in here[name]] == []
    assert [name for name in steady if here[name]["svg"] != there[name]["svg"]] == []


def test_the_older_processor_is_really_another_one(rng):
    code = "import numpy as np; a = np.random.default_rng(0).normal(size=(99, 99)); print((a @ np.tanh(a)).tobytes().hex())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | e, check=True
        ).stdout
        for e in ({}, older_processor())
    }
    if not older_processor()["NPY_DISABLE_CPU_FEATURES"]:
        pytest.skip("this processor has nothing to switch off")
    assert len(runs) == 2
