"""The pictures that the commands write: the only place where the package draws and needs Matplotlib."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnn.validate import Array

if TYPE_CHECKING:
    from rnn.train import TrainingResult

# Okabe & Ito's colours, which stay apart in every kind of colour vision; line styles differ too.
BLACK, BLUE, ORANGE, GREY = "#000000", "#0072b2", "#d55e00", "#767676"


def check_path(path: str | Path) -> Path:
    """Return `path` as a Path if a picture can be written there.

    Parameters
    ----------
    path : str or Path
        The file to write.

    Returns
    -------
    Path

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is not installed.
    ValueError
        If the ending is not svg, png or pdf.
    FileNotFoundError
        If the directory does not exist.
    """
    if not importlib.util.find_spec("matplotlib"):
        raise ModuleNotFoundError("figure: Matplotlib is not installed; pip install matplotlib brings it")
    path = Path(path)
    if path.suffix not in (".svg", ".png", ".pdf"):
        raise ValueError(f"path: expected a name that ends in .svg, .png or .pdf, got {path.name!r}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"path: expected an existing directory, got {str(path.parent)!r}")
    return path


def draw(result: "TrainingResult", path: str | Path) -> Path:
    """Draw the test part with its predictions, and the training curve.

    Parameters
    ----------
    result : TrainingResult
        What to draw.
    path : str or Path
        The file to write; its ending decides on the format.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ModuleNotFoundError, ValueError, FileNotFoundError
        As in `check_path`.
    """
    path = check_path(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 6), layout="constrained")
    series, curve = figure.subplots(2, 1, height_ratios=[3, 2])
    first, last = result.parts["test"]
    test = result.times >= first
    times, baseline = result.times[test], f"AR({result.window})"
    series.plot(times, result.values[test], ".-", color=BLACK, lw=1, label="true")
    one_step = {name: guess[test] for name, guess in result.predictions.items()}
    series.plot(times, one_step["rnn"], "-", color=ORANGE, lw=2, label="SimpleRNN, one step ahead")
    series.plot(times, one_step[baseline], "--", color=BLUE, lw=1.5, label=f"{baseline}, one step ahead")
    series.plot(times, result.forecast, ":", color=GREY, lw=1.5, label="SimpleRNN, running freely")
    series.set_xlabel("year" if result.seq_type == "sunspots" else "step")
    series.set_ylabel("sunspot number" if result.seq_type == "sunspots" else "value")
    series.set_xlim(first, last)
    series.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False)

    curve.semilogx(range(1, len(result.losses) + 1), result.losses, "-", color=ORANGE, lw=2)
    curve.set_ylim(bottom=0)
    curve.set_xlabel("epoch")
    curve.set_ylabel("training loss")

    return _save(figure, path)


def draw_gradients(norms: Mapping[str, Array], path: str | Path) -> Path:
    """Draw how large a gradient still is after so many steps back.

    Parameters
    ----------
    norms : mapping of str to ndarray (T + 1,)
        By name of an architecture, the norms at lags 0 … T; what is 0 is left out.
    path : str or Path
        The file to write; its ending decides on the format.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    ModuleNotFoundError, ValueError, FileNotFoundError
        As in `check_path`.
    """
    path = check_path(path)
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for n, (name, values) in enumerate(norms.items()):
        lags = [lag for lag, value in enumerate(values) if value > 0]
        color = (BLACK, BLUE, ORANGE, GREY)[n % 4]
        axes.semilogy(lags, values[lags], ("-", "--", "-.", ":")[n % 4], color=color, lw=2, label=name)
    axes.set_xlabel("lag")
    axes.set_ylabel("norm of the gradient")
    axes.legend(frameon=False)
    return _save(figure, path)


def _save(figure: Any, path: Path) -> Path:
    """Write the same bytes for the same picture: no date, and ids in the SVG that do not change."""
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "rnn", "svg.fonttype": "path"}):
        no_date = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix)
        figure.savefig(path, metadata=no_date)
    return path
