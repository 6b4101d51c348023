"""Figures, tables and numbers of the chapter language: dates, pronunciation and sentiment, with their rivals."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rnn.validate import Array
from scripts.experiments import Results, results
from scripts.figures import Drawing, figure, number, table
from scripts.figures.plot import BLUE, GREY, VERMILION, band, heat, plot

# The Chinese signs of a date as the figure's fonts have them; the caption names them.
SIGNS = {sign: str(n) for n, sign in enumerate("〇一二三四五六七八九十")}
SIGNS |= {"年": "y", "月": "m", "日": "d", "星": "w", "期": "w"}


def _dates() -> Results:
    return results("dates.json")


def _spelling() -> Results:
    return results("spelling.json")


@cache
def _sentiment() -> Results:
    return results("sentiment.json")


def _spread(values: Array) -> dict[str, float]:
    return {"median": float(np.median(values)), "low": float(values.min()), "high": float(values.max())}


# --------------------------------------------------------------------------- dates


def _looks(there: Results, key: str) -> Array:
    """Return after how many updates the runs of the first arm with this key looked at validation."""
    arm = there.where(**({"attends": True} if key == "attends" else {"who": key}))[0].arm
    return np.arange(1, arm["looks"] + 1) * int(arm["every"])


@figure()
def language_dates() -> Drawing:
    """Draw the share of held-out dates without a mistake against the updates, with attention and without."""
    fig, ax = plot(width=4.6, height=2.4)
    updates, rows = _looks(_dates(), "attends"), []
    for attends, color, line in ((True, BLUE, "-"), (False, VERMILION, "--")):
        curves = _dates().of("curve", attends=attends)
        band(ax, updates, curves, color=color, line=line)
        rows.append(np.median(curves, axis=0))
    ax.set(xlabel="$u$", ylim=(-0.03, 1.03), xlim=(0, updates[-1]))
    data = [(int(u), float(a), float(b)) for u, a, b in zip(updates, *rows, strict=True)]
    return Drawing(fig, ("$u$", r"$\alpha$", "$s_0$"), data)


@figure()
def language_map() -> Drawing:
    """Draw where the first model with attention looks while it writes a date."""
    found = _dates().where(attends=True)[0].found
    source, written = found["shown"]["source"], [SIGNS[sign] for sign in found["shown"]["written"]]
    return _map(found["weights"], list(source), written, width=4.8, height=2.9)


def _map(weights: list[list[float]], source: list[str], written: list[str], *, width: float, height: float) -> Drawing:
    fig, ax = plot(width=width, height=height)
    heat(ax, weights, largest=1.0)
    ax.set_xticks(range(len(source)), source)
    ax.set_yticks(range(len(weights)), [*written, "."][: len(weights)])
    ax.set_xlabel("$x_j$", labelpad=6)
    ax.set_ylabel("$w_t$")
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    return Drawing(fig)


@number
def language_exact() -> dict[str, Any]:
    """Measure the share of dates without a mistake: held out, by form, and of the next century."""
    found: dict[str, Any] = {}
    for attends, name in ((True, "attention"), (False, "vector")):
        one = _dates().where(attends=attends)[0]
        found[name] = {
            "held": _spread(_dates().of("exact", attends=attends)),
            "characters": float(np.median(_dates().of("characters", attends=attends))),
            "later": _spread(_dates().of("later", attends=attends)),
            "parameters": one.found["parameters"],
        }
    arm = _dates().where(attends=True)[0].arm
    middle = np.median(_dates().of("curve", attends=True), axis=0)
    return {
        **found,
        "updates": arm["looks"] * arm["every"],
        "reached": int(_looks(_dates(), "attends")[np.argmax(middle >= 0.95)]),
        "test": arm["test"],
        "seeds": len(_dates().where(attends=True)),
    }


@table
def language_written() -> list[tuple[object, ...]]:
    """What the models without attention write for the date of the map."""
    runs = _dates().where(attends=False)
    return [(run.seed + 1, "".join(run.found["shown"]["written"])) for run in runs]


# --------------------------------------------------------------------------- spelling

PUBLISHED = {"ctc": 0.258, "joint": 0.213}  # word error rates in the abstract of Rao et al. 2015


@figure()
def language_spelling() -> Drawing:
    """Draw the share of validation words with a mistake against the updates; the rival's as a line."""
    fig, ax = plot(width=4.6, height=2.4)
    curves = _spelling().of("curve", who="attention")
    updates, words = curves[0, :, 0], curves[:, :, 2]
    rival = float(np.median(_spelling().of("wer", who="neighbours", share=1.0)))
    band(ax, updates, words, color=BLUE)
    ax.axhline(rival, color=GREY, linewidth=0.9, linestyle="--")
    ax.set(xlabel="$u$", ylim=(0, 0.8), xlim=(0, updates[-1]))
    data = [(int(u), float(w)) for u, w in zip(updates, np.median(words, axis=0), strict=True)]
    return Drawing(fig, ("$u$", "WER"), data)


@figure()
def language_word() -> Drawing:
    """Draw where the first model looks while it writes the phones of a word."""
    run = _spelling().where(who="attention")[0]
    return _map(run.found["weights"], list("knowledge"), run.found["said"][0].lower().split(), width=3.4, height=2.4)


@number(digits=3)
def language_phones() -> dict[str, Any]:
    """Measure the errors of the network and of the rival, with the whole dictionary and with a tenth."""
    arms: dict[str, dict[str, Any]] = {
        "network": {"who": "attention"},
        "rival": {"who": "neighbours", "share": 1.0},
        "tenth": {"who": "neighbours", "share": 0.1},
    }
    kinds = ("per", "wer", "any", "consonants", "vowels", "short", "long")
    found: dict[str, Any] = {
        name: {kind: float(np.median(_spelling().of(kind, **arm))) for kind in kinds} for name, arm in arms.items()
    }
    words = _spelling().of("wer", who="attention")
    one = _spelling().where(who="attention")[0]
    first, last = (float(np.median(_spelling().of("curve", who="attention")[:, k, 2])) for k in (0, -1))
    return {
        **found,
        "spread": {"low": float(words.min()), "high": float(words.max())},
        "gain": float(np.min(_spelling().of("wer", who="neighbours", share=1.0) - words)),
        "words": one.found["words"],
        "tenthwords": _spelling().where(who="neighbours", share=0.1)[0].found["words"],
        "parameters": one.found["parameters"],
        "updates": one.arm["looks"] * one.arm["every"],
        "epochs": float(one.found["epochs"]),
        "minutes": round(np.median([run.cpu for run in _spelling().where(who="attention")]) / 60),
        "seconds": round(np.median([run.cpu for run in _spelling().where(who="neighbours", share=1.0)])),
        "total": round(sum(run.cpu for run in _spelling().runs) / 60),
        "first": first,
        "last": last,
        "seeds": len(_spelling().where(who="attention")),
        "published": PUBLISHED,
    }


@table
def language_said() -> list[tuple[object, ...]]:
    """What was said for one word: the dictionary, the rival, and the networks one by one."""
    word = _spelling().where(who="attention")
    rows: list[tuple[object, ...]] = [("✓", word[0].found["said"][1])]
    rows += [("∼", _spelling().where(who="neighbours", share=1.0)[0].found["said"][0])]
    return rows + [(run.seed + 1, run.found["said"][0]) for run in word]


# --------------------------------------------------------------------------- sentiment

WHO = ("bayes", "pairs", "bag", "tanh", "gru", "lstm")


@number(digits=3)
def language_right() -> dict[str, Any]:
    """Measure the share of texts judged right: by language and method, median and extremes over the seeds."""
    there = _sentiment()
    found: dict[str, Any] = {}
    for text in ("zh", "en"):
        found[text] = {who: _spread(there.of("accuracy", text=text, who=who)) for who in WHO}
        run = there.where(text=text, who="gru")[0]
        found[text] |= {
            "texts": run.found["texts"],
            "held": run.found["held"],
            "usual": float(np.median(there.of("usual", text=text))),
        }
    found["seconds"] = {
        who: round(np.median([run.cpu for run in there.where(text="zh", who=who)])) for who in ("pairs", "gru")
    }
    found["order"] = found["zh"]["gru"]["median"] - found["zh"]["bag"]["median"]
    found["seeds"] = len(there.where(text="zh", who="gru"))
    return found


@table
def language_telling() -> list[tuple[object, ...]]:
    """Name the pieces that say most to naive Bayes: pairs in Chinese, words in English."""
    zh, en = (
        _sentiment().where(text=text, who=who)[0].found["telling"] for text, who in (("zh", "pairs"), ("en", "bayes"))
    )
    return list(zip(zh["good"], zh["bad"], en["good"], en["bad"], strict=True))
