"""The picture of a training: what it shows, where it is written, and that the same run writes the same bytes."""

import importlib.util

import numpy as np
import pytest

import rnn
from rnn import picture

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def quick():
    return rnn.train_rnn_on_sequence("noisy", length=80, window=5, epochs=4, hidden_size=3, weight_decays=(0.0,))


@pytest.fixture(scope="module")
def sunspots():
    return rnn.train_rnn_on_sequence("sunspots", epochs=3, hidden_size=3, weight_decays=(0.0,))


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_figure_writes_the_same_bytes_twice(quick, tmp_path, ending):
    pytest.importorskip("matplotlib")
    first, second = (quick.figure(tmp_path / f"{n}.{ending}") for n in range(2))
    assert first == tmp_path / f"0.{ending}"
    assert first.read_bytes() == second.read_bytes()
    assert first.stat().st_size > 5000
    assert isinstance(quick.figure(str(first)), type(first))


def test_figure_shows_what_it_should(sunspots, quick, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **options: drawn.append((self, options)))
    sunspots.figure(tmp_path / "a.png")
    quick.figure(tmp_path / "a.svg")
    (first, options), (second, svg_options) = drawn
    assert options == {"metadata": None}
    assert svg_options == {"metadata": {"Date": None}}
    series, curve = first.axes
    labels = [line.get_label() for line in series.lines]
    assert labels == [
        "true",
        "SimpleRNN, one step ahead",
        "AR(12), one step ahead",
        "SimpleRNN, running freely",
    ]
    test = slice(1921 - 1712, None)
    expected = [sunspots.values, sunspots.predictions["rnn"], sunspots.predictions["AR(12)"]]
    for line, values in zip(series.lines, [*(v[test] for v in expected), sunspots.forecast], strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1921, 2009))
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert len({(line.get_linestyle(), line.get_marker()) for line in series.lines}) == 4  # not by colour alone
    assert len({line.get_color() for line in series.lines}) == 4
    assert (series.get_xlabel(), series.get_ylabel(), series.get_xlim()) == (
        "year",
        "sunspot number",
        (1921, 2008),
    )
    np.testing.assert_array_equal(curve.lines[0].get_xdata(), [1, 2, 3])
    np.testing.assert_array_equal(curve.lines[0].get_ydata(), sunspots.losses)
    assert (curve.get_xlabel(), curve.get_ylabel(), curve.get_ylim()[0]) == ("epoch", "training loss", 0)
    assert (second.axes[0].get_xlabel(), second.axes[0].get_ylabel()) == ("step", "value")


def test_gradients_are_drawn_on_a_logarithmic_axis(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    norms = {"rnn": np.array([1, 0.1, 0, 0.001]), "lstm": np.array([1, 0.5, 0.25, 0.125])}
    first, second = (picture.draw_gradients(norms, tmp_path / f"{n}.svg").read_bytes() for n in range(2))
    assert first == second
    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **options: drawn.append(self))
    picture.draw_gradients(norms, tmp_path / "a.png")
    (axes,) = drawn[0].axes
    rnn_line, lstm_line = axes.lines
    assert (rnn_line.get_xdata().tolist(), rnn_line.get_ydata().tolist()) == ([0, 1, 3], [1, 0.1, 0.001])
    assert (lstm_line.get_xdata().tolist(), lstm_line.get_ydata().tolist()) == ([0, 1, 2, 3], [1, 0.5, 0.25, 0.125])
    assert [line.get_label() for line in axes.lines] == ["rnn", "lstm"]
    assert len({line.get_linestyle() for line in axes.lines}) == len({line.get_color() for line in axes.lines}) == 2
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_ylabel()) == ("log", "lag", "norm of the gradient")


def test_legends_name_every_line(quick, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **options: drawn.append(self))
    quick.figure(tmp_path / "a.png")
    picture.draw_gradients({"rnn": np.ones(3), "lstm": np.ones(3)}, tmp_path / "a.png")
    names = [[text.get_text() for text in figure.axes[0].get_legend().get_texts()] for figure in drawn]
    assert names == [
        ["true", "SimpleRNN, one step ahead", "AR(5), one step ahead", "SimpleRNN, running freely"],
        ["rnn", "lstm"],
    ]


def test_more_architectures_than_kinds_of_lines_begin_anew(tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    drawn = []
    monkeypatch.setattr(Figure, "savefig", lambda self, path, **options: drawn.append(self))
    picture.draw_gradients({f"net {n}": np.ones(3) for n in range(9)}, tmp_path / "a.png")
    looks = [(line.get_color(), line.get_linestyle()) for line in drawn[0].axes[0].lines]
    for of_one in zip(*looks, strict=True):
        assert len(set(of_one[:4])) == 4
        assert of_one[4:] == (*of_one[:4], of_one[0])


def test_paths_that_do_not_fit_are_refused(quick, tmp_path, monkeypatch):
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match=r"^path: expected a name that ends in .svg, .png or .pdf, got 'a.txt'$"):
        quick.figure(tmp_path / "a.txt")
    with pytest.raises(FileNotFoundError) as caught:
        quick.figure(tmp_path / "nowhere" / "a.svg")
    assert str(caught.value) == f"path: expected an existing directory, got {str(tmp_path / 'nowhere')!r}"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    sentence = "^figure: Matplotlib is not installed; pip install matplotlib brings it$"
    with pytest.raises(ModuleNotFoundError, match=sentence):
        picture.check_path("a.svg")
