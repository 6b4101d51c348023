"""Figures, tables and numbers of the chapter frameworks; what other libraries computed is read from a stored file."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from rnn import ElmanCell, LSTMCell, exchange, init
from rnn.gradients import spectral_radius
from rnn.jacobians import gradient_norms_by_lag
from rnn.validate import Array
from scripts.figures import Drawing, figure, number, table
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, PURPLE, VERMILION, band, plot
from scripts.frameworks import found

NAMES = {"numpy": "NumPy", "torch": "PyTorch", "keras": "Keras", "jax": "JAX"}


# --------------------------------------------------------------------------- what the programs printed


@table(digits=1)
def frameworks_programs() -> list[list[object]]:
    """For each program its version, two numbers of the last state, and the largest differences to ours."""
    stored, rows = found(), []
    for name, label in NAMES.items():
        program = stored["programs"][name]
        state = [f"{value:.5f}".replace("-", "\u2212") for value in program["outputs"][-1][0][:2]]
        distances = [program[f"distance_{key}"] for key in ("outputs", "d_h0")]
        rows.append([label, stored["versions"][name], *state, *(distances if name != "numpy" else ["", ""])])
    return rows


@table(digits=1)
def frameworks_orders() -> list[list[object]]:
    """Which order of the gates gives a framework's outputs, and how far the next best is off."""
    facts, rows = found()["facts"], []
    for name in ("torch", "keras"):
        for layer in ("lstm", "gru"):
            tried = facts[name][layer]
            order = "$" + r",\ ".join(tried["order"]) + "$"
            rows.append([NAMES[name], layer.upper(), order, tried["tried"], tried["distance"], tried["next"]])
    return rows


@number
def frameworks_found() -> dict[str, Any]:
    """All that was found by running the frameworks."""
    stored = found()
    facts = {name: dict(value) for name, value in stored["facts"].items()}
    for name in ("torch", "keras"):
        del facts[name]["lstm"], facts[name]["gru"]
    return facts


# --------------------------------------------------------------------------- the arrays


@figure()
def frameworks_arrays() -> Drawing:
    """The four blocks of an LSTM here, in PyTorch's array and in Keras's."""
    d = Diagram(5.9, 2.35)
    colors = {"i": BLUE, "f": VERMILION, "c": GREEN, "o": PURPLE}
    side = 0.46
    for k, (gate, color) in enumerate(colors.items()):
        x, y = 0.4 + 0.62 * (k % 2), 1.5 - 0.72 * (k // 2)
        d.box(x, y, f"$W_{{h{gate}}}$", color=color, fill=0.1, width=side, height=side, size=10)
        d.box(2.5, 1.88 - 0.46 * k, f"$W_{{h{gate}}}$", color=color, fill=0.1, width=side, height=side, size=10)
        d.box(4.05 + 0.46 * k, 1.19, rf"$W_{{h{gate}}}^\top$", color=color, fill=0.1, width=side, height=side, size=10)
    d.text(2.5, 0.08, r"$4H\times H$", color=GREY, size=10)
    d.text(4.74, 0.08, r"$H\times 4H$", color=GREY, size=10)
    d.text(0.71, 0.08, r"$H\times H$", color=GREY, size=10)
    return d.drawing()


# --------------------------------------------------------------------------- what training starts from

D, H, LAGS, SEEDS = 4, 32, 40, 20


def _like_torch(cell: Any, rng: np.random.Generator) -> None:
    """Draw the weights as PyTorch does: everything evenly between -1/sqrt(H) and 1/sqrt(H), both biases too."""
    k = 1 / np.sqrt(H)
    arrays = exchange.to_torch(cell)
    exchange.from_torch(cell, {name: rng.uniform(-k, k, size=value.shape) for name, value in arrays.items()})


def _like_keras(cell: Any, rng: np.random.Generator) -> None:
    """Draw the weights as Keras does: Glorot, orthogonal, no biases but 1 for the forget gate."""
    arrays = exchange.to_keras(cell)
    bias = np.zeros_like(arrays["bias"])
    if len(bias) == 4 * H:
        bias[H : 2 * H] = 1
    kernel, recurrent = init.xavier(arrays["kernel"].shape, rng), init.orthogonal(arrays["recurrent_kernel"].shape, rng)
    exchange.from_keras(cell, {"kernel": kernel, "recurrent_kernel": recurrent, "bias": bias})


@cache
def norms(kind: str, way: str) -> Array:
    """Return how much of a gradient is left after n steps back in fresh networks, (seeds, lags + 1)."""
    samples = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        cell: Any = ElmanCell(D, H) if kind == "rnn" else LSTMCell(D, H)
        (_like_keras if way == "keras" else _like_torch)(cell, rng)
        if way == "torch, forget bias 1":
            cell.params["b_f"] = np.ones(H)
        e, inputs = rng.normal(size=(1, H)), rng.normal(size=(LAGS, 1, D))
        left = gradient_norms_by_lag(cell, inputs, cell.zero_state(1), e)[:, 0]
        samples.append(left / left[0])
    return np.array(samples)


CURVES = (
    ("rnn", "torch", VERMILION, "--"),
    ("rnn", "keras", VERMILION, "-"),
    ("lstm", "torch", BLUE, "--"),
    ("lstm", "keras", BLUE, "-"),
)


@figure(training="chaotic", seeds=SEEDS)
def frameworks_start() -> Drawing:
    """How much of a gradient is left after n steps back before any training, by the library's own weights."""
    fig, ax = plot(width=5.2, height=2.7)
    n = np.arange(0, LAGS + 1, 2)
    columns = []
    for kind, way, color, line in CURVES:
        label = f"{'RNN' if kind == 'rnn' else 'LSTM'}, {NAMES[way]}"
        band(ax, n, norms(kind, way)[:, n], color=color, line=line, label=label)
        columns.append((label, np.median(norms(kind, way), axis=0)))
    ax.set(yscale="log", xlim=(0, LAGS), ylim=(1e-13, 10), xlabel="$n$", ylabel=r"$\delta_{t-n\leftarrow t}$")
    ax.legend(loc="lower left")
    rows = [(i, *(float(values[i]) for _, values in columns)) for i in range(0, LAGS + 1, 10)]
    return Drawing(fig, ("$n$", *(label for label, _ in columns)), rows)


@number
def frameworks_left() -> dict[str, Any]:
    """The medians after 20 steps, and the spectral radii of the recurrent matrices."""
    radii = {}
    for way in ("torch", "keras"):
        values = []
        for seed in range(SEEDS):
            cell = ElmanCell(D, 128)
            rng, k = np.random.default_rng(seed), 1 / np.sqrt(128)
            weights = rng.uniform(-k, k, size=(128, 128)) if way == "torch" else init.orthogonal((128, 128), rng)
            cell.params["W_hh"] = weights
            values.append(float(spectral_radius(cell.params["W_hh"])))
        radii[way] = float(np.median(values))
    at = {f"{kind}-{way}": float(np.median(norms(kind, way)[:, 20])) for kind, way, _, _ in CURVES}
    remembering = float(np.median(norms("lstm", "torch, forget bias 1")[:, 20]))
    factor = at["lstm-keras"] / at["lstm-torch"]
    return {
        "remembering": remembering,
        "factor": factor,
        "seeds": SEEDS,
        "units": H,
        "lag": 20,
        "radius": radii,
        "third": float(1 / np.sqrt(3)),
        **at,
    }


@number
def frameworks_answers() -> dict[str, int]:
    """From which step on Keras's epsilon is at most twice as large as it is called."""
    return {"twice": int(np.ceil(np.log(3 / 4) / np.log(0.999)))}
