"""Figures, tables and numbers of the chapter data: networks beside simple rules on texts, weather, prices, speech."""

from __future__ import annotations

import html
import re
from typing import Any

import numpy as np
from matplotlib.ticker import NullLocator

from rnn.validate import Array
from scripts.experiments import Arm, Results, Run, results
from scripts.figures import Drawing, figure, number, table
from scripts.figures.plot import BLUE, GREEN, INK, ORANGE, VERMILION, band, heat, plot

TEXTS: dict[str, Arm] = {
    "all": {"text": "plays", "size": 0},
    "short": {"text": "plays", "size": 20_000},
    "poems": {"text": "poems", "size": 0},
}
TEMPERATURES = ("0.5", "1", "1.5")


# --------------------------------------------------------------------------- text


def _characters() -> Results:
    return results("characters.json")


@figure()
def data_curves() -> Drawing:
    """Perplexity per character on the learned text and on the validation text, against updates, for three texts."""
    fig, axes = plot(1, 3, width=6.2, height=2.4)
    rows: list[list[object]] = []
    for place, (ax, (name, arm)) in enumerate(zip(axes, TEXTS.items(), strict=True)):
        runs = _characters().where(**arm)
        updates = np.array(runs[0].found["curve"]["update"])[1:]
        for part, color, line in (("learned", GREEN, "--"), ("validation", BLUE, "-")):
            curves = np.exp([run.found["curve"][part] for run in runs])[:, 1:]
            band(ax, updates, curves, color=color, line=line)
            if part == "learned":
                learned = np.median(curves, axis=0)
        kept = np.median(curves, axis=0)
        counts = np.exp(runs[0].found["counted_validation"])
        for value, style in ((counts[1], ":"), (counts.min(), "-.")):
            ax.axhline(value, color=VERMILION, linestyle=style, linewidth=1)
        small = name != "poems"
        ticks = (2, 3, 5, 8, 12, 20) if small else (2, 5, 20, 50, 200, 500)
        ax.set(xlabel="$k$", yscale="log", xlim=(0, updates[-1]), ylim=(1.8, 25) if small else (1.8, 2000))
        ax.set_yticks(ticks, [f"${tick}$" for tick in ticks])
        ax.yaxis.set_minor_locator(NullLocator())
        ax.set_xticks((0, updates[-1] // 2, updates[-1]))
        ax.text(0.05, 0.05, f"$({'abc'[place]})$", transform=ax.transAxes, fontsize=10)
        for i in range(1, len(updates), 3):
            rows.append([f"({'abc'[place]})", int(updates[i]), float(learned[i]), float(kept[i])])
    axes[0].set_ylabel("$P$")
    return Drawing(fig, ("(·)", "$k$", "$P_1$", "$P_2$"), rows)


@table(digits=3)
def data_counts() -> list[tuple[object, ...]]:
    """Perplexity on the test: counted pieces of one to six characters, the network at its best and at the end."""
    runs = {name: _characters().where(**arm) for name, arm in TEXTS.items()}
    rows: list[tuple[object, ...]] = []
    for n in range(6):
        values = [found[0].found["counted"] for found in runs.values()]
        rows.append((f"$n = {n + 1}$", *(float(np.exp(v[n])) if n < len(v) else "–" for v in values)))
    for measured, mark in (("kept", "GRU"), ("last", "GRU, $k = k_{\\mathrm{max}}$")):
        middle = [float(np.exp(np.median([run.found[measured] for run in found]))) for found in runs.values()]
        rows.append((mark, *middle))
    return rows


def _written(text: str, when: str, length: int) -> list[str]:
    """Return what the first network has written at each temperature, fit for a cell of a table."""
    run, lang = _characters().where(**TEXTS[text])[0], "zh-CN" if text == "poems" else "en"
    lines = [re.sub(r"\n+", "\n", sample[:length]).strip() for sample in run.found[f"{when}_written"]["samples"]]
    broken = [html.escape(line).replace("\n", "<br>") for line in lines]
    return [f'<span lang="{lang}">{line}</span>' for line in broken]


@table
def data_plays() -> list[tuple[object, ...]]:
    """What the GRU writes after all three plays, at three temperatures, and how many of its words are words."""
    known = np.median([run.found["kept_written"]["known"] for run in _characters().where(**TEXTS["all"])], axis=0)
    written = _written("all", "kept", 150)
    return [(t, f"{100 * share:.0f}", text) for t, share, text in zip(TEMPERATURES, known, written, strict=True)]


@table
def data_poems() -> list[tuple[object, ...]]:
    """What the GRU writes after the poems, at its best moment and at the end, at three temperatures."""
    columns = [_written("poems", when, 50) for when in ("kept", "last")]
    return list(zip(TEMPERATURES, *columns, strict=True))


def _readings(run: Run) -> float:
    """Return how often the learned text is read in a training."""
    return float(run.arm["updates"] * run.arm["batch"] * run.arm["steps"] / run.found["sizes"]["learned"])


@number(digits=3)
def data_text() -> dict[str, Any]:
    """The sizes of the three texts, and what came out."""
    found: dict[str, Any] = {}
    for name, arm in TEXTS.items():
        runs = _characters().where(**arm)
        counts = np.exp(runs[0].found["counted"])
        kept, last = (np.exp([run.found[m] for run in runs]) for m in ("kept", "last"))
        copied = np.median([run.found["last_written"]["copied"] for run in runs], axis=0)
        found[name] = {
            **runs[0].found["sizes"],
            "hidden": runs[0].arm["hidden"],
            "updates": runs[0].arm["updates"],
            "readings": runs[0].arm["updates"]
            * runs[0].arm["batch"]
            * runs[0].arm["steps"]
            / runs[0].found["sizes"]["learned"],
            "pairs": float(counts[1]),
            "longest": float(counts[-1]),
            "best": float(np.median(kept)),
            "low": float(kept.min()),
            "high": float(kept.max()),
            "last": float(np.median(last)),
            "when": int(np.median([run.found["best"] for run in runs])),
            "unknown": 100 * runs[0].found["unknown"],
            "copied": float(100 * copied[0]),
        }
    found["seeds"] = len(runs)
    return found


# --------------------------------------------------------------------------- weather and prices


def _errors(series: str, model: str, sees: str, measured: str = "error") -> Array:
    return results("forecasts.json").of(measured, series=series, model=model, sees=sees)


@figure()
def data_weather() -> Drawing:
    """The error of the warmest temperature of a day against how many days ahead it is forecast."""
    fig, ax = plot(width=5.2, height=2.7)
    days = np.arange(1, 8)
    lines = [
        ("persistence", "levels", INK, ":"),
        ("season", "departures", ORANGE, "-."),
        ("window", "levels", VERMILION, "--"),
    ]
    columns = []
    for model, sees, color, line in lines:
        columns.append(_errors("weather", model, sees)[0])
        ax.plot(days, columns[-1], line, color=color)
    nets = _errors("weather", "gru", "departures")
    band(ax, days, nets, color=BLUE)
    columns.append(np.median(nets, axis=0))
    ax.set(xlabel="$n$", ylabel=r"$\mathrm{RMSE}$", ylim=(2.4, 5.1))
    rows = [(int(n), *(float(column[i]) for column in columns)) for i, n in enumerate(days)]
    return Drawing(
        fig, ("$n$", r"$\mathrm{RMSE}_1$", r"$\mathrm{RMSE}_2$", r"$\mathrm{RMSE}_3$", r"$\mathrm{RMSE}_4$"), rows
    )


@table(digits=3)
def data_prices() -> list[tuple[object, ...]]:
    """Errors of the logarithm of the price, in percent, one to twenty days ahead."""
    models = [("persistence", "levels"), ("window", "levels"), ("gru", "levels"), ("gru", "changes")]
    errors = [100 * np.median(_errors("prices", *model), axis=0) for model in models]
    return [(n, *(float(column[i]) for column in errors)) for i, n in enumerate((1, 2, 5, 10, 20))]


@number(digits=3)
def data_forecasts() -> dict[str, Any]:
    """What came out on the weather and on prices, in words of the text."""
    weather = {
        "persistence": _errors("weather", "persistence", "levels")[0],
        "season": _errors("weather", "season", "departures")[0],
        "window": _errors("weather", "window", "levels")[0],
        "tanh": np.median(_errors("weather", "tanh", "departures"), axis=0),
        "levels": np.median(_errors("weather", "gru", "levels"), axis=0),
        "departures": np.median(_errors("weather", "gru", "departures"), axis=0),
    }
    nets = _errors("weather", "gru", "departures")[:, 0]
    signs = _errors("prices", "gru", "changes", "sign")[:, 0]
    changes, stay = _errors("prices", "gru", "changes"), _errors("prices", "persistence", "levels")[0]
    ratio = np.median(changes, axis=0) / stay
    return {
        "nets": len(nets),
        "first": {name: float(values[0]) for name, values in weather.items()},
        "third": {name: float(values[2]) for name, values in weather.items()},
        "last": {name: float(values[-1]) for name, values in weather.items()},
        "beaten": int(np.sum(nets < weather["window"][0])),
        "correlation": float(_errors("prices", "persistence", "levels", "correlation")[0]),
        "sign": {"low": float(signs.min()), "median": float(np.median(signs)), "high": float(signs.max())},
        "up": float(_errors("prices", "gru", "changes", "up")[0, 0]),
        "ratio": {"first": float(ratio[0]), "low": float(ratio.min()), "high": float(ratio.max())},
        "saturated": float(100 * np.median(_errors("prices", "gru", "levels")[:, 0])),
    }


# --------------------------------------------------------------------------- speech

CELLS = {"tanh": "RNN", "lstm": "LSTM", "gru": "GRU"}


@figure()
def data_speakers() -> Drawing:
    """Shares of the test that are right: vowels and digits in two languages, one and two directions, two rivals."""
    fig, axes = plot(1, 3, width=6.0, height=2.5, sharey=True)
    tasks: list[tuple[str, str, Arm]] = [
        ("$(a)$", "vowels.json", {}),
        ("$(b)$", "digits.json", {"language": "en"}),
        ("$(c)$", "digits.json", {"language": "cmn"}),
    ]
    rows: list[list[object]] = []
    for ax, (mark, file, arm) in zip(axes, tasks, strict=True):
        found = results(file)
        for directions, color, shape, shift in ((1, GREEN, "o", -0.12), (2, BLUE, "s", 0.12)):
            right = [found.of("right", model=cell, directions=directions, **arm) for cell in CELLS]
            low, middle, high = np.array([np.quantile(one, [0.25, 0.5, 0.75]) for one in right]).T
            x = np.arange(3) + shift
            ax.vlines(x, low, high, color=color, linewidth=2.2, alpha=0.45)
            ax.plot(x, middle, shape, color=color, markersize=5)
            rows.append([mark, directions, *(float(m) for m in middle)])
        rules = [float(found.of("right", model=model, **arm)[0]) for model in ("gaussians", "warped")]
        for value, line in zip(rules, (":", "--"), strict=True):
            ax.axhline(value, color=VERMILION, linestyle=line, linewidth=1.1)
        ax.set_xticks(range(3), list(CELLS.values()))
        ax.set(xlim=(-0.5, 2.5), ylim=(73, 102))
        ax.text(0.04, 0.05, mark, transform=ax.transAxes, fontsize=10)
    axes[0].set_ylabel("$A$")
    return Drawing(fig, ("(·)", "$d$", "RNN", "LSTM", "GRU"), rows)


@table(digits=3)
def data_heard() -> list[tuple[object, ...]]:
    """Percent of the test that is right: by rule and network, for vowels and for digits in two languages."""
    vowels, digits = results("vowels.json"), results("digits.json")
    rows: list[tuple[object, ...]] = []
    for model in ("gaussians", "warped"):
        name = {"gaussians": "Gauss", "warped": "DTW"}[model]
        right = [digits.of("right", model=model, language=language)[0] for language in ("en", "cmn")]
        rows.append((name, float(vowels.of("right", model=model)[0]), *map(float, right)))
    for cell, name in CELLS.items():
        for d in (1, 2):
            right = [digits.of("right", model=cell, directions=d, language=language) for language in ("en", "cmn")]
            medians = [float(np.median(one)) for one in (vowels.of("right", model=cell, directions=d), *right)]
            rows.append((f"{name}, $d = {d}$", *medians))
    return rows


def _confusions(model: str, directions: int) -> Array:
    """Return in percent how often a Mandarin digit (row) was taken for another (column)."""
    heard = results("digits.json").of("heard", language="cmn", model=model, directions=directions).sum(axis=0)
    return np.asarray(100 * heard / heard.sum(axis=1, keepdims=True))


@figure()
def data_confusions() -> Drawing:
    """Which Mandarin digits are taken for which: by distributions of frames, and by GRUs."""
    fig, axes = plot(1, 2, width=5.4, height=2.8)
    rows: list[list[object]] = []
    for ax, mark, arm in zip(axes, ("$(a)$", "$(b)$"), (("gaussians", 0), ("gru", 1)), strict=True):
        matrix = _confusions(*arm)
        heat(ax, matrix, largest=100)
        ax.set(xlabel="$j$", xticks=range(10), yticks=range(10))
        ax.set_title(mark, fontsize=10)
        worst = sorted(((float(matrix[i, j]), i, j) for i in range(10) for j in range(10) if i != j), reverse=True)[:5]
        rows += [[mark, i, j, value] for value, i, j in worst]
    axes[0].set_ylabel("$i$")
    return Drawing(fig, ("(·)", "$i$", "$j$", r"$\%$"), rows)


@number(digits=3)
def data_speech() -> dict[str, Any]:
    """What came out on vowels and digits: medians of the networks, the rules, sizes."""
    vowels, digits = results("vowels.json"), results("digits.json")
    found: dict[str, Any] = {"nets": len(vowels.of("right", model="gru", directions=1))}
    sizes = [int(run.found["size"][0]) for run in vowels.runs if run.arm["directions"]]
    found["size"] = {"least": min(sizes), "most": max(sizes)}
    for name, source, arm in (
        ("vowels", vowels, {}),
        ("en", digits, {"language": "en"}),
        ("cmn", digits, {"language": "cmn"}),
    ):
        found[name] = {model: float(source.of("right", model=model, **arm)[0]) for model in ("gaussians", "warped")}
        medians = {
            f"{cell}{d}": float(np.median(source.of("right", model=cell, directions=d, **arm)))
            for cell in CELLS
            for d in (1, 2)
        }
        found[name] |= {**medians, "best": max(medians.values()), "worst": min(medians.values())}
    rule, nets = _confusions("gaussians", 0), _confusions("gru", 1)
    found["mistaken"] = {
        name: {"rule": round(float(rule[i, j])), "nets": round(float(nets[i, j]))}
        for name, i, j in (("eight", 8, 3), ("one", 1, 7))
    }
    return found
