"""Measure what the chapter comparison shows and cannot compute while it is built; its file holds medians alone.

``python -m scripts.comparison_measured time build/bench/full.json`` takes the times from a record of the benchmark
(``python -m scripts.bench``); ``… train`` trains the three cells on the task of temporal order, about ten minutes.
Each replaces its part of ``scripts/figures/comparison.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from rnn import counts, tasks
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Linear
from rnn.optim import Adam, clip_by_norm

FILE = Path(__file__).resolve().parent / "figures" / "comparison.json"
CELLS = ("rnn", "gru", "lstm")

# --------------------------------------------------------------------------- time


def times(record: dict[str, Any]) -> dict[str, Any]:
    """Take from a benchmark's record the median seconds of a training step on one thread, ours and PyTorch's.

    Parameters
    ----------
    record : dict
        What ``python -m scripts.bench`` writes.

    Returns
    -------
    dict
        With ``cases``, each of a size (T, B, D, H), a data type and a cell, and what was measured with what and when.
    """
    workers = [record["workers"][name] for name in ("ours 1", "torch 1")]
    versions = {"python": workers[0]["python"]}
    for worker in workers:
        versions |= worker["versions"]
    cases = []
    for timed in record["timed"]:
        case, samples = timed["case"], timed["samples"]
        if timed["part"] != "train" or case["threads"] != 1:
            continue
        seconds = {name: [s for s in samples[name] if s is not None] for name in ("ours", "torch")}
        found = {name: float(f"{median(values):.4g}") for name, values in seconds.items()}
        rounds = min(len(values) for values in seconds.values())
        cases.append({"cell": case["cell"], "size": case["size"], "dtype": case["dtype"], "rounds": rounds, **found})
    order = {name: place for place, name in enumerate(CELLS)}
    return {
        "measured": record["made"][:10],
        "cpu": record["machine"]["cpu"],
        "cores": record["machine"]["cores"],
        "threads": 1,
        "versions": versions,
        "cases": sorted(cases, key=lambda c: (c["dtype"], c["size"][3], order[c["cell"]])),
    }


# --------------------------------------------------------------------------- training

SEEDS, BATCH, BUDGET, SYMBOLS, CLASSES = 20, 20, 2000, 6, 4
RATES, TASKS = (0.001, 0.003, 0.01), {20: 600, 60: 1500}  # learning rates; the length and its number of updates
SOLVED, OVER = 0.99, 50  # the share of right answers that counts as solved, over so many batches

MODELS: dict[str, tuple[Callable[..., Any], Callable[[int], counts.Counts]]] = {
    "rnn": (RNN, partial(counts.rnn, SYMBOLS)),
    "gru": (GRU, partial(counts.gru, SYMBOLS)),
    "gruone": (partial(GRU, update_bias=1.0), partial(counts.gru, SYMBOLS)),  # it begins by remembering, as the LSTM
    "lstm": (LSTM, partial(counts.lstm, SYMBOLS)),
}


def size_of(cell: str) -> tuple[int, int]:
    """Return the hidden size with which a cell and its read-out come nearest to the budget, and their parameters."""

    def model(hidden_size: int) -> counts.Counts:
        return counts.stacked(MODELS[cell][1](hidden_size), counts.linear(hidden_size, CLASSES))

    hidden_size = counts.hidden_size_for(BUDGET, model)
    return hidden_size, model(hidden_size).parameters


def train(cell: str, length: int, rate: float, updates: int, *, seeds: int = SEEDS) -> np.ndarray[Any, Any]:
    """Train on new sequences all the time and return the share of right answers before each update.

    Parameters
    ----------
    cell : {"rnn", "gru", "gruone", "lstm"}
        Which, with the sizes of `size_of` and its default initialisation; ``gruone`` with the update bias 1.
    length : int
        Of the sequences.
    rate : float
        The learning rate of Adam; gradients are clipped to norm 1, each network's by itself.
    updates, seeds : int
        How many.

    Returns
    -------
    ndarray (updates, seeds)
    """
    rng, data = np.random.default_rng(0), np.random.default_rng(1)
    hidden_size, _ = size_of(cell)
    layer = MODELS[cell][0](SYMBOLS, hidden_size, seeds=seeds, rng=rng, dtype=np.float32)
    read_out = Linear(hidden_size, CLASSES, seeds=seeds, rng=rng, dtype=np.float32)
    optimizer, right = Adam(rate), np.zeros((updates, seeds))
    for update in range(updates):
        task = tasks.temporal_order(length, seeds * BATCH, rng=data)
        h, _ = layer.forward(task.inputs.astype(np.float32).reshape(length, seeds, BATCH, SYMBOLS))
        scores, _ = read_out.forward(h[-1:])
        answers = task.answers.reshape(1, seeds, BATCH, 1)
        right[update] = (scores.argmax(axis=-1) == answers[..., 0]).mean(axis=(0, 2))

        d_scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        d_scores /= d_scores.sum(axis=-1, keepdims=True)
        d_scores = (d_scores - (np.arange(CLASSES) == answers)) / np.float32(BATCH)
        d_h = np.zeros_like(h)
        d_h[-1:], _ = read_out.backward(d_scores.astype(np.float32))
        layer.backward(d_h)
        grads = {f"{i}.{name}": g for i, part in enumerate((layer, read_out)) for name, g in part.grads.items()}
        params = {f"{i}.{name}": p for i, part in enumerate((layer, read_out)) for name, p in part.params.items()}
        optimizer.update(params, clip_by_norm(grads, 1.0, seeds=True)[0])
    return right


def solved_after(right: np.ndarray[Any, Any]) -> list[int | None]:
    """Return for each seed after how many updates the average over the last batches first counted as solved."""
    total = np.cumsum(np.vstack([np.zeros_like(right[:1]), right]), axis=0)
    average = (total[OVER:] - total[:-OVER]) / OVER
    return [int(np.argmax(good)) + OVER if good.any() else None for good in (average.T >= SOLVED)]


def training() -> dict[str, Any]:
    """Train every cell on every length with every learning rate."""
    runs = []
    for length, updates in TASKS.items():
        for cell in MODELS:
            hidden_size, parameters = size_of(cell)
            for rate in RATES:
                right = train(cell, length, rate, updates)
                last = float(np.median(right[-OVER:].mean(axis=0)))
                run = {"cell": cell, "hidden": hidden_size, "parameters": parameters, "length": length, "rate": rate}
                run |= {"updates": updates, "last": round(last, 3), "solved": solved_after(right)}
                print(run, flush=True)
                runs.append(run)
    return {"seeds": SEEDS, "batch": BATCH, "versions": {"numpy": np.__version__}, "runs": runs}


def main(part: str, *arguments: str) -> None:
    """Measure one part anew and put it into the file."""
    found = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    if part == "time":
        found["time"] = times(json.loads(Path(arguments[0]).read_text(encoding="utf-8")))
    else:
        found["training"] = training()
    lines = json.dumps(found, indent=1)
    FILE.write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
