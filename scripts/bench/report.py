"""The tables of a benchmark, made from its file and from nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from statistics import median, quantiles
from typing import Any

from scripts.bench import CELLS, TARGETS

Record = dict[str, Any]
Samples = Sequence[float | None]


def ratios(ours: Samples, theirs: Samples) -> list[float]:
    """Return the ratios within rounds, of those rounds in which both were measured."""
    return [a / b for a, b in zip(ours, theirs, strict=True) if a is not None and b is not None]


def quartiles(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile, by linear interpolation."""
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def geometric_mean(values: Iterable[float]) -> float:
    """Return the geometric mean, NaN of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else math.nan


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the slope of the line through (log x, log y), by least squares."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    x_mean, y_mean = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    across = sum((x - x_mean) ** 2 for x, _ in logs)
    return float(sum((x - x_mean) * (y - y_mean) for x, y in logs) / across)


def tables(record: Record) -> str:
    """Return all tables of a run in Markdown."""
    parts = [head(record), targets(record)]
    parts += list(timed(record, "train", "Training: forward, full backward, update"))
    parts += list(timed(record, "forward", "Forward alone"))
    parts += list(timed(record, "stream", "Streaming: one step, one sequence"))
    parts += [memory(record), start(record), slopes(record)]
    return "\n\n".join(part for part in parts if part)


def head(record: Record) -> str:
    """Say where and with what it was measured."""
    here, kernels = record["machine"], set()
    versions: dict[str, str] = {}
    for said in record["workers"].values():
        versions |= said["versions"]
        kernels |= {
            f"{pool['internal_api']} {pool['version']} ({pool['architecture']})"
            for pool in said["pools"]
            if pool["user_api"] == "blas" and pool["architecture"]
        }
    lines = [
        f"Measured {record['made']} on {here['cpu']}, {here['cores']} cores; load {here['load before']} before.",
        f"{', '.join(f'{name} {version}' for name, version in sorted(versions.items()))}; "
        f"BLAS: {', '.join(sorted(kernels)) or 'unknown'}.",
        "Each entry is the median of ours / theirs over the rounds, with its quartiles: below 1, ours is faster.",
    ]
    return "\n".join([*lines, *(f"- {note}" for note in record["notes"])])


def found(record: Record, part: str, **wanted: Any) -> list[Record]:
    """Return the timed cases of a part with these values."""
    return [
        timed
        for timed in record["timed"]
        if timed["part"] == part and all(timed["case"][key] == value for key, value in wanted.items())
    ]


def against(timed: Record, name: str) -> list[float]:
    """Return the ratios of ours to a contender, none where one of them was not measured."""
    samples = timed["samples"]
    return ratios(samples["ours"], samples[name]) if "ours" in samples and name in samples else []


def timed(record: Record, part: str, title: str) -> Iterator[str]:
    """Yield a table for each precision and number of threads."""
    for dtype, threads in sorted({(t["case"]["dtype"], t["case"]["threads"]) for t in found(record, part)}):
        rows = found(record, part, dtype=dtype, threads=threads)
        names = [name for name in dict.fromkeys(name for row in rows for name in row["samples"]) if name != "ours"]
        order = sorted(rows, key=lambda row: (record_size(row), CELLS.index(row["case"]["cell"])))
        body = [
            [str(record_size(row))[1:-1], row["case"]["cell"], duration(row["samples"].get("ours", []))]
            + [spread(against(row, name)) for name in names]
            for row in order
        ]
        means = [geometric_mean(median(r) for row in rows if (r := against(row, name))) for name in names]
        body.append(["geometric mean", "", "", *(f"**{mean:.2f}**" if mean == mean else "–" for mean in means)])
        yield f"### {title}, {dtype}, {threads} thread{'s'[: threads - 1]}\n\n" + grid(
            ["T, B, D, H", "cell", "ours", *names], body
        )


def record_size(row: Record) -> tuple[int, ...]:
    """Return the size of a timed case, by which tables are sorted: by hidden size first."""
    return tuple(row["case"]["size"])


def memory(record: Record) -> str:
    """Tabulate the peak memory of a step."""
    rows, names = record["memory"], list(dict.fromkeys(row["contender"] for row in record["memory"]))
    if not rows:
        return ""
    size = ", ".join(map(str, rows[0]["case"]["size"]))
    body = []
    for cell in dict.fromkeys(row["case"]["cell"] for row in rows):
        peak = {row["contender"]: row["bytes"] for row in rows if row["case"]["cell"] == cell}
        relative = (f"{peak['ours'] / peak[name]:.2f}" if {"ours", name} <= peak.keys() else "–" for name in names[1:])
        body.append([cell, *(f"{peak[name] / 1e6:.0f} MB" if name in peak else "–" for name in names), *relative])
    heading = ["cell", *names, *(f"ours / {name}" for name in names[1:])]
    return f"### Peak memory of a training step at {size}, float32\n\n" + grid(heading, body)


def start(record: Record) -> str:
    """Tabulate imports and the time to the first gradient."""
    if not record["start"]:
        return ""
    samples, imports, body = record["start"]["samples"], record["imports"], []
    for name, said in samples.items():
        if said:
            pairs = zip(samples.get("ours", []), said, strict=False)
            relative = spread([one["first"] / two["first"] for one, two in pairs]) if name != "ours" else "1"
            body.append([name, *(duration([one[key] for one in said]) for key in ("import", "first")), relative])
    text = "### From nothing to a gradient, CPU time\n\n" + grid(
        ["contender", "import", "first gradient", "ours / theirs"], body
    )
    lines = [
        f"`import {name}`: {duration(values)}, {spread(ratios(values, imports['numpy']))} of `import numpy`"
        for name, values in imports.items()
        if name != "numpy" and values
    ]
    return "\n\n".join([text, *lines])


def slopes(record: Record) -> str:
    """Tabulate the slopes of log time."""
    body, parts = [], [found(record, f"slopes {axis}") for axis in "TBH"]
    names = list(dict.fromkeys(name for rows in parts for row in rows for name in row["samples"]))
    for axis, rows in zip("TBH", parts, strict=True):
        for cell in dict.fromkeys(row["case"]["cell"] for row in rows):
            mine = [row for row in rows if row["case"]["cell"] == cell]
            body.append([axis, cell, *(f"{slope_of(mine, name, axis):.2f}" for name in names)])
    return (
        "### Slopes of log time, training, float32, 1 thread\n\n" + grid(["in", "cell", *names], body) if body else ""
    )


def slope_of(rows: Sequence[Record], name: str, axis: str) -> float:
    """Return the slope of one contender's median times, NaN where it was measured at fewer than two places."""
    at = "TBDH".index(axis)
    points = [
        (row["case"]["size"][at], median(measured(row["samples"][name]))) for row in rows if name in row["samples"]
    ]
    return slope(points) if len(points) > 1 else math.nan


def figures(record: Record) -> dict[str, float]:
    """Return the figures that the issue sets targets for; those that were not measured are missing."""
    rows = found(record, "train", dtype="float32", threads=1)

    def medians(name: str, least_batch: int = 1) -> list[float]:
        return [median(r) for row in rows if row["case"]["size"][1] >= least_batch and (r := against(row, name))]

    streams = {}
    for row in found(record, "stream"):
        best = [median(r) for name in row["samples"] if name not in ("ours", "limit") and (r := against(row, name))]
        if best:
            streams[row["case"]["cell"], row["case"]["size"][3]] = max(best)
    peak = {(row["contender"], row["case"]["cell"]): row["bytes"] for row in record["memory"]}
    peaks = [
        value / peak["torch", cell]
        for (name, cell), value in peak.items()
        if name == "ours" and ("torch", cell) in peak
    ]
    first = record["start"].get("samples", {})
    pairs = [
        one["first"] / two["first"] for one, two in zip(first.get("ours", []), first.get("torch", []), strict=False)
    ]
    in_T = found(record, "slopes T")
    imports = record["imports"]
    values = {
        "geometric mean to torch": [geometric_mean(medians("torch"))] if medians("torch") else [],
        "worst case to torch": medians("torch"),
        "worst case to jax, B ≥ 32": medians("jax", 32),
        "median to the limit, B ≥ 32": [median(medians("limit", 32))] if medians("limit", 32) else [],
        "worst case to the limit, B ≥ 32": medians("limit", 32),
        "streaming LSTM at H = 64 to the best peer": [r for key, r in streams.items() if key == ("lstm", 64)],
        "streaming, worst case to the best peer": list(streams.values()),
        "peak memory to torch": peaks,
        "time to first gradient to torch": [median(pairs)] if pairs else [],
        "slope in T": [
            slope_of([row for row in in_T if row["case"]["cell"] == cell], "ours", "T")
            for cell in dict.fromkeys(row["case"]["cell"] for row in in_T)
        ],
        "import rnn.layers to import numpy": [median(ratios(imports["rnn.layers"], imports["numpy"]))]
        if imports
        else [],
    }
    return {name: max(found) for name, found in values.items() if found}


def targets(record: Record) -> str:
    """Tabulate what was aimed at and what was reached."""
    reached = figures(record)
    body = [
        [name, f"≤ {TARGETS[name]:.2f}", f"{value:.2f}", "yes" if round(value, 2) <= TARGETS[name] else "**no**"]
        for name, value in reached.items()
    ]
    return (
        "### Targets (float32, one thread)\n\n" + grid(["figure", "target", "measured", "reached"], body)
        if body
        else ""
    )


def measured(samples: Samples) -> list[float]:
    """Return the samples that there are."""
    return [sample for sample in samples if sample is not None]


def spread(values: Sequence[float]) -> str:
    """Write a median with its quartiles."""
    if not values:
        return "–"
    low, middle, high = quartiles(values)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def duration(samples: Samples) -> str:
    """Write the median of times with a unit that suits it."""
    if not (values := measured(samples)):
        return "–"
    seconds = median(values)
    unit, factor = next(((u, f) for u, f in (("s", 1.0), ("ms", 1e3)) if seconds * f >= 1), ("µs", 1e6))
    return f"{seconds * factor:.3g} {unit}"


def grid(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table in Markdown."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
