"""Figures and numbers of the chapter seq2seq."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

import rnn.attention
from rnn.attention import AdditiveAttention, DotAttention, softmax
from rnn.equations.seq2seq import MISLED, by_table
from rnn.gru import GRUCell
from rnn.seq2seq import Seq2Seq
from rnn.simple import ElmanCell
from rnn.unrolled import Unrolled
from rnn.validate import Array
from scripts.experiments import Found, results
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, PURPLE, VERMILION, band, heat, plot

LETTERS = "abcdefgh"
LOOKS = {
    "copy-vector": (VERMILION, "-"),
    "reverse-vector": (PURPLE, "--"),
    "copy-attention": (BLUE, "-"),
    "reverse-attention": (GREEN, "--"),
}


def trained(arm: str) -> list[Found]:
    """Return what the experiment measured with a task, with attention or without, seed by seed."""
    task, kind = arm.split("-")
    return [run.found for run in results("seq2seq.json").where(task=task, attends=kind == "attention")]


# --------------------------------------------------------------------------- diagrams


@figure()
def seq2seq_model() -> Drawing:
    """Draw encoder and decoder: four symbols are read, three and the end are written."""
    diagram = Diagram(6.4, 2.15)
    before = None
    for j in range(1, 5):
        h = diagram.box(0.42 + 0.78 * (j - 1), 1.05, f"$h_{j}$", color=BLUE, fill=0.08)
        x = diagram.point(h.x, 0.3, f"$x_{j}$")
        diagram.arrow(x, h, color=GREY)
        if before:
            diagram.arrow(before, h, color=BLUE)
        before = h
    for t in range(1, 5):
        s = diagram.box(3.62 + 0.78 * (t - 1), 1.05, f"$s_{t}$", color=VERMILION, fill=0.08)
        w = diagram.point(s.x, 0.3, f"$w_{t - 1}$")
        y = diagram.point(s.x, 1.82, f"$y_{t}$")
        diagram.arrow(w, s, color=GREY)
        diagram.arrow(s, y, color=GREY)
        assert before is not None
        diagram.arrow(before, s, "$s_0$" if t == 1 else "", color=VERMILION, width=2.2 if t == 1 else 1.1)
        before = s
    return diagram.drawing()


@figure()
def seq2seq_attention() -> Drawing:
    """Draw one look: a query, weights, and the sum that enters the decoder."""
    diagram = Diagram(4.9, 3.0)
    weights = (0.1, 0.65, 0.2, 0.05)
    states = [diagram.box(0.5 + 0.85 * j, 0.4, f"$h_{j + 1}$", color=BLUE, fill=0.08) for j in range(4)]
    for left, right in pairwise(states):
        diagram.arrow(left, right, color=BLUE)
    context = diagram.circle(1.78, 2.1, "$c_t$", radius=0.25, color=GREEN, fill=0.08)
    for j, (state, weight) in enumerate(zip(states, weights, strict=True), start=1):
        diagram.arrow(state, context, color=GREEN, width=0.6 + 5 * weight)
        side = (-0.3, -0.37, 0.33, 0.3)[j - 1]
        diagram.text(
            (state.x + context.x) / 2 + side,
            (1.14, 0.92, 0.92, 1.14)[j - 1],
            rf"$\alpha_{{t,{j}}}$",
            color=GREEN,
            size=10.5,
        )
    query = diagram.box(3.35, 2.1, "$s_{t-1}$", color=VERMILION, fill=0.08)
    state = diagram.box(4.45, 2.1, "$s_t$", color=VERMILION, fill=0.08)
    diagram.arrow(query, state, color=VERMILION)
    diagram.arrow(query, context, "$q_t$", color=VERMILION, dashed=True, side=-0.17)
    diagram.arrow(context, state, color=GREEN, bend=0.34)
    return diagram.drawing()


@figure()
def seq2seq_tree() -> Drawing:
    """Draw what may be written in two symbols, and the paths of greedy search and of the best sentence."""
    diagram = Diagram(4.6, 3.0)
    names = (r"$\cdot$", "a", "b")
    root = diagram.circle(0.45, 1.5, r"$w_0$", radius=0.2)
    for i in range(3):
        y = (0.3, 2.25, 1.0)[i]
        color = {1: VERMILION, 2: BLUE}.get(i, GREY)
        node = diagram.circle(1.75, y, names[i], radius=0.18, color=color, fill=0.08 * (i > 0))
        diagram.arrow(
            root,
            node,
            f"{MISLED[0, i]:.1f}",
            color=color,
            width=2.2 if i else 1.1,
            side=0.15 if i == 2 else -0.17 if i == 0 else 0.17,
            size=10,
        )
        if i == 0:
            diagram.text(2.55, y, f"{MISLED[0, 0]:.2f}", color=GREY, size=10)
            continue
        for k in range(3):
            leaf = diagram.circle(3.25, y + 0.42 * (1 - k), names[k], radius=0.15, color=color if k == 0 else GREY)
            diagram.arrow(node, leaf, color=color if k == 0 else GREY, width=2.2 if k == 0 else 1.1)
            diagram.text(2.85, y + 0.42 * (1 - k) * 0.73 + 0.14, f"{MISLED[i, k]:.2f}", color=GREY, size=8)
            total = MISLED[0, i] * MISLED[i, k]
            diagram.text(3.9, y + 0.42 * (1 - k), f"{total:.3f}", color=color if k == 0 else GREY, size=10)
    return diagram.drawing()


# --------------------------------------------------------------------------- trained models


@figure()
def seq2seq_lengths() -> Drawing:
    """Draw the share of strings written without a mistake against their length."""
    fig, ax = plot(width=5.2, height=2.7)
    exact = {arm: np.array([found["exact"] for found in trained(arm)]) for arm in LOOKS}
    lengths = np.arange(1, exact["copy-vector"].shape[1] + 1)
    for arm, (color, line) in LOOKS.items():
        band(ax, lengths, exact[arm], color=color, line=line)
    ax.axvline(10, color=GREY, linewidth=0.7, linestyle=":")
    ax.set(xlabel="$S$", ylim=(-0.02, 1.03), xticks=lengths[1::2])
    rows = [[int(n), *(float(np.median(exact[arm][:, i])) for arm in LOOKS)] for i, n in enumerate(lengths)]
    return Drawing(
        fig,
        (
            "$S$",
            "$w = x$, $s_0$",
            r"$w = \overleftarrow{x}$, $s_0$",
            r"$w = x$, $\alpha$",
            r"$w = \overleftarrow{x}$, $\alpha$",
        ),
        rows,
    )


@figure()
def seq2seq_map() -> Drawing:
    """Draw where a model that reverses looks before each symbol that it writes."""
    shown = trained("reverse-attention")[0]["look"]
    weights = np.array(shown["weights"])
    fig, ax = plot(width=3.3, height=3.1)
    heat(ax, weights, largest=1.0)
    ax.set_xticks(range(weights.shape[1]), [_letter(symbol) for symbol in shown["source"]])
    ax.set_yticks(range(weights.shape[0]), [_letter(symbol) for symbol in shown["written"]])
    ax.set(xlabel="$x_j$", ylabel="$w_t$")
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    return Drawing(fig)


def _letter(symbol: int) -> str:
    return "." if symbol == 1 else LETTERS[symbol - 2]


def _summary(values: list[float]) -> dict[str, float]:
    return {"median": float(np.median(values)), "low": min(values), "high": max(values)}


@number
def seq2seq_exact() -> dict[str, dict[str, Any]]:
    """Measure the share of strings without a mistake at some lengths, over the seeds."""
    return {
        arm: {
            name: _summary([found["exact"][n - 1] for found in trained(arm)])
            for name, n in (("five", 5), ("eight", 8), ("ten", 10), ("twelve", 12), ("fourteen", 14))
        }
        for arm in LOOKS
    }


@number
def seq2seq_setup() -> dict[str, int]:
    """Say how the models were trained."""
    found = {kind: trained(f"copy-{kind}") for kind in ("vector", "attention")}
    return {
        "seeds": len(found["vector"]),
        "updates": results("seq2seq.json").arms("updates")[0],
        **{kind: runs[0]["parameters"] for kind, runs in found.items()},
        "letters": 64 * 42 // 3,  # of 3 bits each, in 42 numbers of 64 bits
    }


@number
def seq2seq_forced() -> dict[str, Any]:
    """Compare measures of the models that copy ten letters without attention."""
    runs = [found["forced"] for found in trained("copy-vector")]
    after = {
        name: sum(run[f"after_{name}"] for run in runs) / sum(run["after"] for run in runs) for name in ("told", "free")
    }
    symbols = float(np.mean([run["symbols"] for run in runs]))
    return {
        "loss": float(np.mean([run["loss"] for run in runs])),
        "perplexity": float(np.exp(np.mean([run["loss"] for run in runs]))),
        "symbols": symbols,
        "power": symbols**11,
        "exact": float(np.mean([run["exact"] for run in runs])),
        "beam": float(np.mean([run["exact_beam"] for run in runs])),
        "same": all(run["exact"] == run["exact_free"] for run in runs),
        "told": after["told"],
        "free": after["free"],
    }


@number
def seq2seq_looks() -> dict[str, float]:
    """Average the weights on the letter that is about to be written and on the step after it, in the map."""
    weights = np.array(trained("reverse-attention")[0]["look"]["weights"])
    n = weights.shape[1] - 1
    return {
        "letter": float(np.mean([weights[t, n - 1 - t] for t in range(n)])),
        "next": float(np.mean([weights[t, n - t] for t in range(n)])),
    }


# --------------------------------------------------------------------------- untrained models


@cache
def _gradients(attends: bool, seeds: int = 20, S: int = 30) -> Array:
    """Return the norms of the gradient of the first output's loss for each input, nearest first, by seed."""
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        D, H, V = 4, 24, 8
        attention = AdditiveAttention(H, H, H, rng=rng) if attends else None
        decoder = GRUCell(D + H * attends, H, rng=rng)
        model = Seq2Seq(
            Unrolled(ElmanCell(D, H, rng=rng)),
            decoder if attends else Unrolled(decoder),
            V,
            attention=attention,
            rng=rng,
        )
        _shrink(model.encoder.params["W_hh"], 0.8)
        source = rng.normal(size=(S, 1, D))
        scores = model.forward(source, np.zeros((1, 1), int))
        e = np.exp(scores)
        d_scores = e / e.sum()
        d_scores[0, 0, 0] -= 1
        model.backward(d_scores)
        found.append(np.linalg.norm(model.d_source[::-1, 0], axis=-1))
    return np.array(found)


def _shrink(W: Array, gain: float) -> None:
    """Make a matrix this multiple of an orthogonal one."""
    W[...] = gain * np.linalg.qr(W)[0]


@figure()
def seq2seq_paths() -> Drawing:
    """Draw how strongly an input acts on the loss of the first symbol, against its distance from the end."""
    fig, ax = plot(width=4.6, height=2.4)
    rows = []
    for attends, color, line in ((False, VERMILION, "-"), (True, BLUE, "--")):
        norms = _gradients(attends)
        band(ax, np.arange(norms.shape[1]), np.log10(norms), color=color, line=line)
        rows.append(np.median(norms, axis=0))
    ax.set(xlabel="$S-j$", ylabel=r"$\log_{10}\,\Vert\partial L_1/\partial x_j\Vert$")
    return Drawing(
        fig, ("$S-j$", "$s_0$", r"$\alpha$"), [[n, float(rows[0][n]), float(rows[1][n])] for n in range(0, 30, 2)]
    )


@number
def seq2seq_far() -> dict[str, float]:
    """Compare the gradient for the first input with that for the last, with attention and without."""
    return {
        name: float(np.median(_gradients(attends)[:, -1] / _gradients(attends)[:, 0]))
        for name, attends in (("vector", False), ("attention", True))
    }


@number
def seq2seq_rank() -> dict[str, int]:
    """Count the independent directions in which the inputs can move the outputs."""
    S, T, D, H, V = 12, 10, 3, 4, 5
    found = {"units": H, "inputs": S * D, "outputs": T * V}
    for name, attends in (("vector", False), ("attention", True)):
        rng = np.random.default_rng(0)
        reader = Unrolled(ElmanCell(D, H, rng=rng))
        writer = ElmanCell(D + H * attends, H, rng=rng)
        attention = DotAttention(H) if attends else None
        model = Seq2Seq(reader, writer if attends else Unrolled(writer), V, attention=attention, rng=rng)
        _shrink(reader.params["W_hh"], 1.0)
        rows = []
        for i in range(T * V):
            model.forward(rng.normal(size=(S, 1, D)) if i < 0 else _source(S, D), np.zeros((T, 1), int))
            model.backward(np.eye(T * V)[i].reshape(T, 1, V))
            rows.append(model.d_source.ravel())
        found[name] = int(np.linalg.matrix_rank(np.array(rows), tol=1e-9))
    return found


def _source(S: int, D: int) -> Array:
    return np.random.default_rng(1).normal(size=(S, 1, D))


@number
def seq2seq_scale() -> dict[str, float]:
    """Measure the largest weight among ten random keys, with and without the scale, for H = 64 and 1024."""
    rng = np.random.default_rng(0)
    found = {}
    for name, H in (("small", 64), ("large", 1024)):
        queries, keys = rng.normal(size=(200, 1, H)), rng.normal(size=(10, 1, H))
        for scaled in (False, True):
            _, weights = DotAttention(H, scaled=scaled).forward(queries, keys, keys)
            found[f"{name}{'scaled' if scaled else 'plain'}"] = float(np.median(weights.max(axis=-1)))
    return found


@number
def seq2seq_written() -> dict[str, float]:
    """Give the probabilities that greedy search, and beams of width 2 and of all, find in the small example."""
    model, source = by_table(MISLED), np.zeros((1, 1, 1))
    options = {"start": 0, "end": 0, "max_length": 6}
    greedy = model.greedy(source, **options)[0]
    beams = {width: model.beam(source, width=width, **options)[0][0] for width in (2, 64)}
    longer = model.beam(source, width=64, length_penalty=4.0, **options)[0][0]
    return {
        "greedy": float(np.exp(greedy.log_probability)),
        "two": float(np.exp(beams[2].log_probability)),
        "all": float(np.exp(beams[64].log_probability)),
        "longer": len(longer.symbols) - 1,
        "longp": float(np.exp(longer.log_probability)),
    }


@number
def seq2seq_beams() -> dict[str, float]:
    """Count in how many of 200 random tables of four symbols a beam finds the most probable sentence."""
    rng = np.random.default_rng(0)
    options = {"start": 0, "end": 0, "max_length": 5}
    widths, found = {"one": 1, "two": 2, "four": 4}, dict.fromkeys(("one", "two", "four"), 0)
    for _ in range(200):
        model, source = by_table(rng.dirichlet(np.ones(4), 4)), np.zeros((1, 1, 1))
        best = model.beam(source, width=4**5, **options)[0][0]
        for name, width in widths.items():
            came = model.beam(source, width=width, **options)[0][0]
            found[name] += bool(np.isclose(came.log_probability, best.log_probability, rtol=1e-9))
    return {name: count / 200 for name, count in found.items()}


@number
def seq2seq_answers() -> dict[str, float]:
    """Compute what answers to exercises say: weights with padding, and scores without a mask."""
    padded = float(np.exp(2) / (3 * np.exp(2) + 2))
    rng = np.random.default_rng(0)
    model = Seq2Seq(
        Unrolled(GRUCell(3, 4, rng=rng)),
        GRUCell(2 + 4, 5, rng=rng),
        6,
        attention=AdditiveAttention(5, 4, 7, rng=rng),
        rng=rng,
    )
    source, written = rng.normal(size=(5, 2, 3))[:, 1:], np.array([[0], [5]])
    alone = model.forward(source[:3], written)
    unmasked, everywhere = rnn.attention.softmax, lambda scores, inside: softmax(scores, np.ones_like(inside))
    try:
        rnn.attention.softmax = everywhere
        broken = model.forward(source, written, source_lengths=[3])
    finally:
        rnn.attention.softmax = unmasked
    return {"padded": padded, "zeros": 1 - 3 * padded, "broken": float(np.abs(broken - alone).max())}
