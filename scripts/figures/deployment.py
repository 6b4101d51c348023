"""Figures and numbers of the chapter deployment: from a trained model to a service."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from rnn import GRU, LSTM, RNN, SimpleRNN, counts, train_rnn_on_sequence
from rnn.deploy import quantisation_report, quantise, quantised, stability_index
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, INK, VERMILION, band, plot

# --------------------------------------------------------------------------- the service

SEEDS = 50


@figure()
def deployment_service() -> Drawing:
    """One set of weights, and a state for each user that is fetched, moved on by a step, and put back."""
    rng = np.random.default_rng(3)
    diagram = Diagram(5.6, 2.1)
    cell = diagram.box(3.1, 1.05, "$W_{xh}, W_{hh}$", color=BLUE, fill=0.08, width=1.3, height=0.6)
    rows = []
    for b, y in ((1, 1.7), (2, 1.05), (3, 0.4)):
        rows.append(diagram.memory(1.0, y, rng.uniform(-1, 1, size=5), upright=False))
        diagram.text(0.3, y, f"$h^{{({b})}}$", color=INK)
    diagram.frame(rows)
    given, answer = diagram.point(3.1, 0.2, "$x_t^{(2)}$"), diagram.point(5.1, 1.05, "$y_t^{(2)}$")
    diagram.arrow(rows[1], cell, color=VERMILION, bend=0.25)
    diagram.arrow(cell, rows[1], color=GREEN, bend=0.25)
    diagram.arrow(given, cell)
    diagram.arrow(cell, answer)
    diagram.text(2.0, 1.72, "$h_{t-1}$", color=VERMILION)
    diagram.text(2.0, 0.4, "$h_t$", color=GREEN)
    return diagram.drawing()


@cache
def misled(kind: str) -> Array:
    """Return ‖ĥ_t − h_t‖ / ‖h_t‖ after 0 … 60 steps, (SEEDS, 61): a fresh LSTM whose state was lost or mixed up."""
    errors = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        layer = LSTM(8, 64, rng=rng)
        past, inputs = rng.normal(size=(50, 2, 8)), rng.normal(size=(60, 1, 8))
        _, (h, c) = layer.forward(past)
        wrong = (h[1:], c[1:]) if kind == "mixed" else layer.zero_state(1)
        right, other = (
            np.concatenate([state[0][None], layer.forward(inputs, state)[0]]) for state in ((h[:1], c[:1]), wrong)
        )
        errors.append(np.linalg.norm(other - right, axis=(1, 2)) / np.linalg.norm(right, axis=(1, 2)))
    return np.array(errors)


@number
def deployment_state() -> dict[str, Any]:
    """What a state weighs, and how long a wrong one is felt."""
    layer = LSTM(8, 64, dtype=np.float32, rng=np.random.default_rng(0))
    found: dict[str, Any] = {"seeds": SEEDS, "bytes": sum(part.nbytes for part in layer.zero_state(1))}
    for kind in ("lost", "mixed"):
        median = np.median(misled(kind), axis=0)
        found[kind] = {"one": 100 * median[1], "ten": 100 * median[10], "sixty": 100 * median[60]}
        found[kind]["percent"] = int(np.flatnonzero(median < 0.01)[0])
    return found


@number
def deployment_renamed() -> dict[str, Any]:
    """Two networks that give the same outputs, and the state of the one handed to the other."""
    same, handed = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        first, second = (SimpleRNN(4, 32, 3, rng=rng) for _ in range(2))
        order = rng.permutation(32)
        second.params |= {
            "W_xh": first.params["W_xh"][:, order],
            "W_hh": first.params["W_hh"][np.ix_(order, order)],
            "b_h": first.params["b_h"][order],
            "W_hy": first.params["W_hy"][order],
            "b_y": first.params["b_y"],
        }
        inputs = rng.normal(size=(40, 1, 4))
        outputs, hidden_states = first.forward(inputs)
        same.append(np.abs(second.forward(inputs)[0] - outputs).max())
        continued, _ = second.forward(inputs[20:], h0=hidden_states[19])
        handed.append(np.linalg.norm(continued[0] - outputs[20]) / np.linalg.norm(outputs[20]))
    if max(same) > 1e-12:
        raise ValueError(f"expected equal outputs, got a difference of {max(same)}")
    return {"seeds": SEEDS, "handed": 100 * float(np.median(handed))}


@number
def deployment_twice() -> dict[str, Any]:
    """A text generator of the common kind: it carries the state and shows the last ten symbols again."""
    found: dict[str, Any] = {"seeds": 20}
    for name, bias in (("percent", 0.0), ("keeping", 2.0)):
        errors = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            layer = GRU(32, 128, rng=rng)
            layer.params["b_z"] += bias  # z keeps
            inputs, state = rng.normal(size=(30, 1, 32)), layer.zero_state(1)
            right, _ = layer.forward(inputs)
            for t in range(30):
                _, state = layer.forward(inputs[max(t - 9, 0) : t + 1], state)
            errors.append(np.linalg.norm(state[0] - right[-1]) / np.linalg.norm(right[-1]))
        found[name] = 100 * float(np.median(errors))
    return found


# --------------------------------------------------------------------------- latency and throughput

FETCH = (1, 10, 100)  # multiply-adds that fetching a weight costs: an assumption, written beside the figure
RATES = (0.3, 0.6, 0.9)  # requests in the time of the multiply-adds of one


def capacity(B: Any, c: float) -> Any:
    """Return the requests in the time of the multiply-adds of one, where P = M."""
    return B / (c + B)


def latency(B: Any, c: float, rate: float) -> Any:
    """Return the mean wait for a full batch and the work on it, in the same unit."""
    return (B - 1) / (2 * rate) + c + B


@figure()
def deployment_batching() -> Drawing:
    """Left: throughput against the size of a batch. Right: latency, where the service keeps up."""
    fig, (left, right) = plot(1, 2, width=6.4, height=2.6)
    B = np.arange(1, 257)
    for c, color, line in zip(FETCH, (BLUE, VERMILION, GREEN), ("-", "--", "-."), strict=True):
        left.semilogx(B, capacity(B, c), base=2, color=color, linestyle=line, label=f"$c = {c}$")
    for rate, color, line in zip(RATES, (BLUE, VERMILION, GREEN), ("-", "--", "-."), strict=True):
        kept = capacity(B, 10) >= rate
        right.loglog(
            B[kept], latency(B[kept], 10, rate), base=2, color=color, linestyle=line, label=rf"$\lambda = {rate}/M$"
        )
        right.plot(B[kept][:1], latency(B[kept][:1], 10, rate), "o", color=color, markersize=4)
    left.set(xlabel="$B$", ylim=(0, 1.05), xlim=(1, 256))
    right.set(xlabel="$B$", xlim=(1, 256))
    for ax in (left, right):
        ax.set_xticks([1, 4, 16, 64, 256], ["1", "4", "16", "64", "256"])
    right.set_yticks([16, 64, 256, 1024], ["16", "64", "256", "1024"])
    right.minorticks_off()
    left.legend(loc="lower right")
    right.legend(loc="upper left")
    rows = [(int(b), *(float(capacity(b, c)) for c in FETCH)) for b in (1, 4, 16, 64, 256)]
    return Drawing(fig, ("$B$", *(f"$c = {c}$" for c in FETCH)), rows)


@number(digits=3)
def deployment_batch() -> dict[str, Any]:
    """An LSTM's costs, and the smallest batches that keep up."""
    cost = counts.lstm(64, 256)
    smallest = {f"r{int(10 * rate)}": math.ceil(10 * rate / (1 - rate) - 1e-9) for rate in RATES}
    return {
        "weights": cost.parameters,
        "products": cost.products,
        "one": 100 * float(capacity(1, 10)),
        "thirty": 100 * float(capacity(32, 10)),
        **smallest,
        "atnine": round(float(latency(smallest["r9"], 10, 0.9))),
        "large": round(float(latency(256, 10, 0.9))),
    }


# --------------------------------------------------------------------------- rounding

ERROR_SEEDS, ERROR_STEPS, ERROR_UNITS = 20, 200, 64
CONTRACTING, CHAOTIC = 0.4, 2.5


def _drawn(seed: int, gain: float) -> tuple[RNN, Array]:
    """Draw a layer whose recurrent weights have about this spectral radius, and inputs (T, 1, 3) for it."""
    rng = np.random.default_rng(seed)
    layer = RNN(3, ERROR_UNITS, rng=rng)
    layer.params["W_hh"][...] = rng.normal(size=(ERROR_UNITS, ERROR_UNITS)) * gain / np.sqrt(ERROR_UNITS)
    layer.params["W_xh"][...] = rng.normal(size=(3, ERROR_UNITS)) * 0.3
    return layer, rng.normal(size=(ERROR_STEPS, 1, 3))


@cache
def rounding_errors(gain: float) -> dict[str, Array]:
    """Return the root mean square error of the states, (seeds, T), with weights in int8 and all in float32.

    With it, for each seed, κ and the bound ε / (1 − κ) on the same scale where κ < 1.
    """
    found: dict[str, list[Any]] = {"int8": [], "float32": [], "kappa": [], "bound": []}
    for seed in range(ERROR_SEEDS):
        layer, inputs = _drawn(seed, gain)
        exact, small, single = (
            layer.forward(inputs)[0],
            quantise(layer).restored(),
            RNN(3, ERROR_UNITS, dtype=np.float32),
        )
        for name, value in layer.params.items():
            single.params[name][...] = value
        for kind, other in (("int8", small), ("float32", single)):
            error = other.forward(inputs.astype(other.dtype))[0] - exact
            found[kind].append(np.sqrt((error**2).mean(axis=(1, 2))))
        before = np.concatenate([np.zeros((1, 1, ERROR_UNITS)), exact[:-1]])
        fresh = small.cell.pre_activation(inputs, before) - layer.cell.pre_activation(inputs, before)
        kappa = np.linalg.norm(small.params["W_hh"], 2)
        found["kappa"].append(kappa)
        found["bound"].append(np.linalg.norm(fresh, axis=(1, 2)).max() / (1 - kappa) / np.sqrt(ERROR_UNITS))
    return {name: np.array(values) for name, values in found.items()}


@figure(training="chaotic", seeds=ERROR_SEEDS)
def deployment_errors() -> Drawing:
    """The error of the states against the steps, for two kinds of number and two kinds of network."""
    fig, axes = plot(1, 2, width=6.4, height=2.7, sharey=True)
    t = np.unique(np.round(np.geomspace(1, ERROR_STEPS, 28)).astype(int))
    columns = []
    for ax, gain in zip(axes, (CONTRACTING, CHAOTIC), strict=True):
        found = rounding_errors(gain)
        for kind, bits, color, line in (("int8", 8, VERMILION, "-"), ("float32", 32, BLUE, "--")):
            band(ax, t, found[kind][:, t - 1], color=color, line=line, label=f"${bits}$")
            columns.append(np.median(found[kind], axis=0))
        ax.set(xscale="log", yscale="log", xlabel="$t$", xlim=(1, ERROR_STEPS), ylim=(1e-8, 5))
        ax.set_xticks([1, 10, 100], ["1", "10", "100"])
        ax.set_title(f"$g = {gain}$", fontsize=10)
    axes[0].axhline(np.median(rounding_errors(CONTRACTING)["bound"]), color=GREY, linewidth=0.9, linestyle=":")
    axes[0].legend(loc=(0.66, 0.32))
    rows = [(i, *(float(c[i - 1]) for c in columns)) for i in (1, 2, 5, 10, 20, 50, 100, 200)]
    names = [f"$g = {gain}$, {bits}" for gain in (CONTRACTING, CHAOTIC) for bits in (8, 32)]
    return Drawing(fig, ("$t$", *names), rows)


@number
def deployment_rounding() -> dict[str, Any]:
    """What the figure shows, in numbers."""
    calm, wild = rounding_errors(CONTRACTING), rounding_errors(CHAOTIC)

    def first_above(errors: Array, level: float) -> int:
        return int(np.median([np.flatnonzero(row > level)[0] + 1 for row in errors]))

    return {
        "seeds": ERROR_SEEDS,
        "kappa": float(np.median(calm["kappa"])),
        "bound": float(np.median(calm["bound"])),
        "calm": float(np.median(calm["int8"][:, -1])),
        "calmten": float(np.median(calm["int8"][:, 9])),
        "single": float(np.median(calm["float32"][:, -1])),
        "wild": first_above(wild["int8"], 0.1),
        "wildsingle": first_above(wild["float32"], 0.1),
        "gained": first_above(wild["float32"], 0.1) - first_above(wild["int8"], 0.1),
        "digits": float(np.median(calm["int8"][:, -1]) / np.median(calm["float32"][:, -1])),
    }


def in_one_scale(layer: Any) -> Any:
    """Return a copy of a layer whose matrices are each rounded with a single scale."""
    other = quantise(layer).restored()  # a copy, whose matrices are replaced
    for name, W in layer.params.items():
        if W.ndim == 2:
            scale = np.abs(W).max() / 127
            other.params[name] = np.rint(W / scale) * scale
    return other


@number
def deployment_channels() -> dict[str, Any]:
    """One scale for a matrix against one for each unit, where the units are alike and where they are not."""
    found: dict[str, Any] = {"seeds": SEEDS}
    for kind, low in (("even", 1.0), ("uneven", 0.02)):
        ratios: dict[str, list[float]] = {"tensor": [], "channel": []}
        for seed in range(SEEDS):
            rng = np.random.default_rng(seed)
            layer = RNN(8, 32, rng=rng)
            sizes = np.exp(rng.uniform(np.log(low), 0, size=32))
            layer.params["W_xh"][...] = rng.normal(size=(8, 32)) / np.sqrt(8) * sizes
            layer.params["W_hh"][...] = rng.normal(size=(32, 32)) * 0.5 / np.sqrt(32) * sizes
            inputs = rng.normal(size=(60, 1, 8))
            exact = layer.forward(inputs)[0]
            for name, other in (("tensor", in_one_scale(layer)), ("channel", quantise(layer))):
                error = (other.forward(inputs)[0] - exact) ** 2
                ratios[name].append(float(np.sqrt((error.mean(axis=(0, 1)) / (exact**2).mean(axis=(0, 1))).mean())))
        found[kind] = {name: 100 * float(np.median(values)) for name, values in ratios.items()}
        found[kind]["factor"] = found[kind]["tensor"] / found[kind]["channel"]
    return found


@number(digits=3)
def deployment_sizes() -> dict[str, Any]:
    """The bytes of an LSTM before and after."""
    found: dict[str, Any] = {}
    for name, dtype in (("single", np.float32), ("double", np.float64)):
        layer = LSTM(64, 256, dtype=dtype, rng=np.random.default_rng(0))
        report = quantisation_report(layer, np.random.default_rng(1).normal(size=(20, 4, 64)).astype(dtype))
        found[name] = {
            "before": round(report["bytes_before"] / 1000),
            "after": round(report["bytes_after"] / 1000),
            "ratio": report["bytes_before"] / report["bytes_after"],
            "percent": 100 * report["relative_error"],
        }
    return found


@cache
def trained() -> list[Any]:
    """Train three small networks on the sunspots, briefly."""
    return [train_rnn_on_sequence("sunspots", seed=seed, epochs=100, weight_decays=(0.01,)) for seed in range(3)]


@number(digits=3)
def deployment_trained() -> dict[str, Any]:
    """A trained network before and after quantisation, and in the two halves of its test part."""
    before, after = [], []
    for result in trained():
        values, window, model = result.values, result.window, result.model
        windows = np.lib.stride_tricks.sliding_window_view(values, window)[:-1]
        last = result.times[window:] >= 1921
        truth, past = values[window:][last], windows[last]
        before.append(np.sqrt(np.mean((model.predict(past) - truth) ** 2)))
        small = type(model)(quantise(model.net).restored(), model.mean, model.scale)
        after.append(np.sqrt(np.mean((small.predict(past) - truth) ** 2)))
    scores = {
        name: float(np.median([result.metrics["rnn"][part].rmse for result in trained()]))
        for name, part in (("validation", "validation"), ("early", "1921–1955"), ("late", "1956–1979"))
    }
    change = float(np.max(np.abs(np.array(after) / np.array(before) - 1)))
    return {
        "seeds": 3,
        "before": float(np.median(before)),
        "after": float(np.median(after)),
        "change": 100 * change,
        **scores,
    }


@cache
def clipped(bits: int) -> tuple[Array, Array]:
    """Return ranges in standard deviations, and the root mean square error of normal weights clipped to each."""
    W = np.random.default_rng(0).normal(size=20000)
    last = 2 ** (bits - 1) - 1
    ranges = np.linspace(0.5, float(np.abs(W).max()), 60)
    errors = [np.sqrt(np.mean((np.clip(np.rint(W / r * last), -last, last) * r / last - W) ** 2)) for r in ranges]
    return ranges, np.array(errors)


@number(digits=3)
def deployment_clip() -> dict[str, Any]:
    """Where the range of the grid should end, for weights that are normal."""
    found: dict[str, Any] = {}
    for bits in (8, 4):
        ranges, errors = clipped(bits)
        found[f"b{bits}"] = {
            "best": float(ranges[errors.argmin()]),
            "gain": float(errors[-1] / errors.min()),
            "largest": float(ranges[-1]),
        }
    return found


# --------------------------------------------------------------------------- drift

WINDOWS, WINDOW, PAST, STREAMS, CHANGE, BINS = 50, 500, 5000, 20, 20, 10


def floor(m: int, n: int) -> float:
    """Return what the index is on average without drift, for independent numbers."""
    return (BINS - 1) * (1 / m + 1 / n)


@cache
def shifting() -> Array:
    """Return the index of each window of streams whose mean moves from window 20 on, (streams, windows)."""
    rng = np.random.default_rng(0)
    moved = 0.02 * np.maximum(np.arange(WINDOWS) - CHANGE, 0)
    past = rng.normal(size=(STREAMS, PAST))
    return np.array([[stability_index(one, rng.normal(size=WINDOW) + m) for m in moved] for one in past])


def autoregressive(rng: np.random.Generator, keeps: Array, streams: int) -> Array:
    """Return streams x_t = a_t x_{t-1} + noise whose variance stays 1, (streams, len(keeps))."""
    x, noise = np.empty((len(keeps), streams)), rng.normal(size=(len(keeps), streams))
    before = rng.normal(size=streams)
    for t, a in enumerate(keeps):
        x[t] = before = a * before + math.sqrt(1 - a * a) * noise[t]
    return x.T


@cache
def reordered() -> tuple[Array, Array]:
    """Return index and squared error of each window, (streams, windows): the memory of the stream drops at window 20.

    The forecast is that of a linear network with one unit, set to the memory at training; the error is relative to
    that at training.
    """
    rng = np.random.default_rng(1)
    net = SimpleRNN(1, 1, 1, nonlinearity="identity", rng=rng)
    for name, value in (("W_xh", 0.9), ("W_hh", 0.0), ("W_hy", 1.0), ("b_h", 0.0), ("b_y", 0.0)):
        net.params[name][...] = value
    past = autoregressive(rng, np.full(PAST, 0.9), STREAMS)
    keeps = np.where(np.arange(WINDOWS * WINDOW) < CHANGE * WINDOW, 0.9, 0.5)
    now = autoregressive(rng, keeps, STREAMS)
    outputs, _ = net.forward(now.T[:-1, :, None])
    errors = np.pad((outputs[:, :, 0].T - now[:, 1:]) ** 2, ((0, 0), (1, 0))) / (1 - 0.9**2)
    index = [
        [stability_index(one, window) for window in stream.reshape(WINDOWS, WINDOW)]
        for one, stream in zip(past, now, strict=True)
    ]
    return np.array(index), errors.reshape(STREAMS, WINDOWS, WINDOW).mean(axis=2)


@figure()
def deployment_drift() -> Drawing:
    """Left: the index of a stream whose mean moves. Right: index and error of one whose order changes."""
    fig, (left, right) = plot(1, 2, width=6.4, height=2.6)
    t = np.arange(1, WINDOWS + 1)
    band(left, t, shifting(), color=BLUE, label=r"$\phi$")
    for level in (0.1, 0.25):
        left.axhline(level, color=GREY, linewidth=0.8, linestyle="--")
    left.axhline(floor(PAST, WINDOW), color=VERMILION, linewidth=0.9, linestyle=":")
    index, errors = reordered()
    band(right, t, errors, color=VERMILION, line="--", label="$e^2$")
    band(right, t, index, color=BLUE, label=r"$\phi$")
    right.set(yscale="log", ylim=(0.01, 10))
    right.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
    for ax in (left, right):
        ax.axvline(CHANGE + 0.5, color=GREY, linewidth=0.7)
        ax.set(xlabel="$i$", xlim=(1, WINDOWS))
    left.legend(loc="upper left")
    right.legend(loc="center left")
    rows = [
        (int(i), *(float(np.median(one[:, i - 1])) for one in (shifting(), index, errors)))
        for i in (1, 10, 20, 21, 25, 30, 35, 40, 45, 50)
    ]
    return Drawing(fig, ("$i$", r"$\phi$", r"$\phi$", "$e^2$"), rows)


@number
def deployment_index() -> dict[str, Any]:
    """What the index is without drift, how often it crosses the rule of thumb, and what it cannot see."""
    rng = np.random.default_rng(2)

    def undrifted(n: int) -> Array:
        return np.array([stability_index(rng.normal(size=PAST), rng.normal(size=n)) for _ in range(300)])

    small, large, (index, errors) = undrifted(50), undrifted(500), reordered()
    first = int(np.median([np.flatnonzero(row > 0.1)[0] + 1 for row in shifting()]))
    return {
        "floor": float(large.mean()),
        "smallfloor": float(small.mean()),
        "small": 100 * float((small > 0.1).mean()),
        "large": 100 * float((large > 0.1).mean()),
        "quantile": float(np.quantile(small, 0.99)),
        "largequantile": float(np.quantile(large, 0.99)),
        "first": first,
        "moved": 0.02 * (first - 1 - CHANGE),
        "dependent": float(index[:, :CHANGE].mean()),
        "dependentshare": 100 * float((index[:, :CHANGE] > 0.1).mean()),
        "after": float(index[:, CHANGE:].mean()),
        "errorafter": float(np.median(errors[:, CHANGE:])),
    }


@number
def deployment_falsealarms() -> dict[str, Any]:
    """Alarms without a cause: twenty features, checked every hour for a week, or each second for a day."""
    checks, alpha = 20 * 24 * 7, 0.01
    tails = {name: math.erfc(z / math.sqrt(2)) for name, z in (("three", 3.0), ("six", 6.0))}
    return {
        "checks": checks,
        "expected": checks * alpha,
        "level": 0.01 / checks,
        **{name: 20 * 86400 * tail for name, tail in tails.items()},
    }


# --------------------------------------------------------------------------- answers


def with_states_in_bytes(layer: RNN, inputs: Array, bits: int) -> Array:
    """Return the states of a layer whose state is kept between steps as whole numbers of so many bits."""
    (h,), found, last = layer.zero_state(1), [], 2**bits - 1
    for x in inputs:
        (h,), _ = layer.cell.step(x, (h,))
        found.append(h)
        h = np.clip(np.rint((h + 1) / 2 * last), 0, last) / last * 2 - 1
    return np.array(found)


@number
def deployment_answers() -> dict[str, Any]:
    """The numbers in the answers."""
    errors: dict[int, list[float]] = {8: [], 4: []}
    for seed in range(ERROR_SEEDS):
        layer, inputs = _drawn(seed, CONTRACTING)
        exact = layer.forward(inputs)[0]
        for bits in errors:
            errors[bits].append(
                float(np.sqrt(((with_states_in_bytes(layer, inputs, bits)[-1] - exact[-1]) ** 2).mean()))
            )
    rng, shares = np.random.default_rng(5), {}
    for n in (30, 100, 300):
        found = [stability_index(rng.normal(size=PAST), rng.normal(size=n)) for _ in range(200)]
        shares[f"n{n}"] = 100 * float(np.mean(np.array(found) > 0.1))
    W = np.array([[0.5, 40.0], [0.25, -20.0], [-1.0, 10.0]])
    scales = quantised(W)[1]
    return {
        "byte": float(np.median(errors[8])),
        "nibble": float(np.median(errors[4])),
        "ratio": float(np.median(errors[4]) / np.median(errors[8])),
        **shares,
        "fine": float(scales[0]),
        "coarse": float(scales[1]),
        "alpha": 100 * (1 - (1 - 0.01) ** 100),
    }
