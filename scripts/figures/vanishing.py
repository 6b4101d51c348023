"""Figures, numbers and the table of the chapter vanishing: how large the gradient is after many steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from rnn import SimpleRNN, init
from rnn.equations.worlds import WIDE
from rnn.gradients import lag_terms, log_norms, lyapunov_exponents, mean_field, ordered_product, step_jacobians
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.diagram import Diagram
from scripts.figures.plot import BLUE, GREEN, GREY, INK, PURPLE, VERMILION, band, plot

# --------------------------------------------------------------------------- networks


def network(
    W: Array, *, inputs: Array | None = None, h0: Array | None = None, steps: int = 0
) -> tuple[SimpleRNN, Array]:
    """Run a tanh network with the book's W_hh over inputs (T, H) that are added to the pre-activation; (T, 1, H)."""
    H = len(W)
    net = SimpleRNN(H, H, 1, rng=np.random.default_rng(0))
    net.params |= {"W_hh": W.T.copy(), "W_xh": np.eye(H)}
    added = np.zeros((steps, H)) if inputs is None else np.asarray(inputs, dtype=float)
    _, hidden_states = net.forward(added[:, None], h0=np.zeros((1, H)) if h0 is None else h0[None])
    return net, hidden_states


def jacobians(W: Array, *, inputs: Array | None = None, h0: Array | None = None, steps: int = 0) -> Array:
    """Return J_1 … J_T of such a network."""
    return step_jacobians(*network(W, inputs=inputs, h0=h0, steps=steps))


def gaussian(rng: np.random.Generator, H: int, gain: float) -> Array:
    """Draw a matrix with independent normal entries of variance gain²/H."""
    W: Array = rng.normal(size=(H, H)) * gain / np.sqrt(H)
    return W


def spread(values: Any) -> dict[str, float]:
    """Return the median and where nine tenths of the values lie."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95])
    return {"low": float(low), "median": float(middle), "high": float(high)}


# --------------------------------------------------------------------------- what each lag contributes

LAG_GAINS, LAG_STEPS, LAG_SEEDS = (0.6, 0.9, 1.2), 60, 100


@cache
def lag_norms(gain: float) -> tuple[Array, Array]:
    """Return the norms of the lag terms, (seeds, T), and of their sum, (seeds,): a loss at every step, 30 units."""
    terms = []
    for seed in range(LAG_SEEDS):
        rng = np.random.default_rng(seed)
        net = SimpleRNN(4, 30, 2, rng=rng)
        net.params |= {"W_hh": gaussian(rng, 30, gain), "W_xh": rng.normal(size=(4, 30)) / 4}
        outputs, hidden_states = net.forward(rng.normal(size=(LAG_STEPS, 1, 4)))
        G = lag_terms(net, hidden_states, outputs - rng.normal(size=outputs.shape))
        terms.append([*np.linalg.norm(G, axis=(1, 2)), np.linalg.norm(G.sum(axis=0))])
    found = np.array(terms)
    return found[:, :-1], found[:, -1]


@figure()
def vanishing_lags() -> Drawing:
    """The norm of each lag's part of the gradient of W_hh, relative to the whole gradient, for three gains."""
    fig, ax = plot(width=5.4, height=2.7)
    n = np.arange(0, 41, 2)
    columns = []
    for gain, color, line in zip(LAG_GAINS, (BLUE, VERMILION, GREEN), ("-", "--", "-."), strict=True):
        norms, whole = lag_norms(gain)
        share = norms[:, n] / whole[:, None]
        band(ax, n, share, color=color, line=line, label=f"$g = {gain}$")
        columns.append(np.median(share, axis=0))
    ax.set(yscale="log", ylim=(1e-9, 5), xlim=(0, 40), xlabel="$n$", ylabel="$G_n$")
    ax.legend()
    rows = [(int(n[i]), *(float(c[i]) for c in columns)) for i in range(0, 21, 5)]
    return Drawing(fig, ("$n$", *(f"$g = {gain}$" for gain in LAG_GAINS)), rows)


@number
def vanishing_share() -> dict[str, Any]:
    """How much of the gradient of W_hh comes from which distance, in a contracting network."""
    norms, whole = lag_norms(0.9)
    return {
        "seeds": LAG_SEEDS,
        "steps": LAG_STEPS,
        "zero": spread(norms[:, 0] / whole),
        "ten": spread(norms[:, 10] / whole),
        "thirty": spread(norms[:, 30] / whole),
        "whole": spread(whole),
    }


@figure()
def vanishing_flow() -> Drawing:
    """The gradient of one loss on its way back, drawn from a network: strips that fade."""
    rng = np.random.default_rng(4)
    net, hidden_states = network(gaussian(rng, 6, 1.0), inputs=rng.normal(size=(7, 6)) * 0.8)
    J = step_jacobians(net, hidden_states)
    e = rng.normal(size=6)
    e /= np.abs(e).max()
    diagram = Diagram(6.2, 2.35)
    steps = range(6, 0, -1)
    nodes = {}
    for t in steps:
        delta = ordered_product(J, 6, t).T @ e
        at = 0.55 + (t - 1) * 0.92
        name = "t" if t == 6 else f"t-{6 - t}"
        nodes[t] = diagram.box(at, 0.55, f"$h_{{{name}}}$", color=BLUE, fill=0.08, size=10)
        diagram.memory(at, 1.6, delta, cell=0.14)
        size = float(np.linalg.norm(delta) / np.linalg.norm(e))
        if t < 6:
            diagram.arrow(nodes[t + 1], nodes[t], color=VERMILION, bend=-0.3, width=max(2.4 * size, 0.35))
            diagram.arrow(nodes[t], nodes[t + 1], color=GREY)
    loss = diagram.circle(5.85, 0.55, "$L_t$", radius=0.2, color=VERMILION, fill=0.08)
    diagram.arrow(loss, nodes[6], color=VERMILION, width=2.4)
    diagram.text(5.6, 1.6, "$e_t$", color=VERMILION)
    for t in (1, 3):
        diagram.text(0.55 + (t - 1) * 0.92, 2.2, rf"$\delta_{{t-{6 - t}\leftarrow t}}$", color=VERMILION, size=10)
    sizes = [(6 - t, float(np.linalg.norm(ordered_product(J, 6, t).T @ e) / np.linalg.norm(e))) for t in steps]
    return diagram.drawing(("$n$", r"$\|\delta_{t-n\leftarrow t}\|\,/\,\|e_t\|$"), sizes)


# --------------------------------------------------------------------------- powers of one matrix

KEEP, HAND_ON = 0.9, 5.0
SHEAR = np.array([[KEEP, HAND_ON], [0.0, KEEP]])


@cache
def power_norms(steps: int = 120) -> Array:
    """Return the norms of the powers 1 … steps of the shear."""
    return np.exp(log_norms(np.stack([SHEAR] * steps)))


@figure()
def vanishing_nonnormal() -> Drawing:
    """Norms of the powers of a matrix with ρ = 0.9, between what ρ and what σ_max alone would say."""
    k = np.arange(1, 81)
    norms, sigma = power_norms()[:80], float(np.linalg.norm(SHEAR, 2))
    fig, ax = plot(width=5.4, height=2.6)
    ax.semilogy(k[:6], sigma ** k[:6], color=VERMILION, linestyle="--", label=r"$\sigma_{\max}^{\,k}$")
    ax.semilogy(k, norms, color=BLUE, label="$W^k$")
    ax.semilogy(k, KEEP**k, color=GREEN, linestyle="-.", label=r"$\rho^{\,k}$")
    ax.axhline(1, color=GREY, linewidth=0.7)
    ax.set(xlabel="$k$", xlim=(0, 80), ylim=(1e-3, 1e3))
    ax.legend()
    rows = [(int(i), float(norms[i - 1]), float(KEEP**i)) for i in (1, 2, 5, 9, 20, 40, 60, 80)]
    return Drawing(fig, ("$k$", r"$\|W^k\|$", r"$\rho^{\,k}$"), rows)


@number
def vanishing_transient() -> dict[str, Any]:
    """The hump of the figure: how high, where, and when it is over."""
    norms = power_norms()
    return {
        "sigma": float(np.linalg.norm(SHEAR, 2)),
        "peak": float(norms.max()),
        "at": int(norms.argmax()) + 1,
        "below": int(np.flatnonzero(norms < 1)[0]) + 1,
    }


TYPICAL_SEEDS = 100


@number
def vanishing_typical() -> dict[str, Any]:
    """What ten steps with one Gaussian matrix do to a random vector, and what the largest singular value would say."""
    stretch, worst, bound, radius, sigma = [], [], [], [], []
    for seed in range(TYPICAL_SEEDS):
        rng = np.random.default_rng(seed)
        W = gaussian(rng, 100, 1.0)
        v, tenth = rng.normal(size=100), np.linalg.matrix_power(W.T, 10)
        stretch.append(float(np.linalg.norm(tenth @ v) / np.linalg.norm(v)))
        worst.append(float(np.linalg.norm(tenth, 2)))
        sigma.append(float(np.linalg.norm(W, 2)))
        bound.append(sigma[-1] ** 10)
        radius.append(float(np.abs(np.linalg.eigvals(W)).max()))
    found = {"vector": stretch, "worst": worst, "bound": bound, "rho": radius, "sigma": sigma}
    return {"seeds": TYPICAL_SEEDS, **{name: spread(values) for name, values in found.items()}}


# --------------------------------------------------------------------------- tanh against the spectral radius

REVIVED, REVIVED_INPUT = np.array([[4.0, -4.0], [4.0, -4.0]]), np.array([1.5, 6.5])
STARTS, REVIVED_STEPS = 1000, 30


def from_many_starts(W: Array, added: Array, *, noise: float = 0.0, steps: int = REVIVED_STEPS) -> Array:
    """Return log ‖∂h_t/∂h_0‖ from random starts, (starts, steps): what `log_norms` does for one, for all at once."""
    rng = np.random.default_rng(0)
    net, _ = network(W, steps=1)
    h, product, logs = rng.uniform(-1, 1, size=(STARTS, len(W))), np.eye(len(W)), np.zeros((STARTS, steps))
    for t in range(steps):
        (h,), _ = net.step(added + noise * rng.normal(size=h.shape), (h,))
        product = net.derivative(h)[:, :, None] * (W @ product)
        size = np.linalg.norm(product, 2, axis=(1, 2))
        product = product / size[:, None, None]
        logs[:, t] = logs[:, t - 1] + np.log(size) if t else np.log(size)
    return logs


@cache
def revived(noise: float = 0.0, steps: int = REVIVED_STEPS) -> Array:
    """Return the logarithms for W_hh with the spectral radius 0."""
    return from_many_starts(REVIVED, REVIVED_INPUT, noise=noise, steps=steps)


@cache
def settled(steps: int = REVIVED_STEPS) -> Array:
    """Return the logarithms for one unit with the self-weight 1.5 and no input."""
    return from_many_starts(np.array([[1.5]]), np.zeros(1), steps=steps)


@figure(training="chaotic", seeds=STARTS)
def vanishing_spectral_fails() -> Drawing:
    """Left: ρ(W_hh) = 0, and the gradient grows; right: ρ(W_hh) = 1.5, and it vanishes."""
    t = np.arange(1, REVIVED_STEPS + 1)
    fig, (left, right) = plot(1, 2, width=6.4, height=2.6)
    grown, shrunk = np.exp(revived()), np.exp(settled())
    for ax, samples, title in ((left, grown, r"$\rho(W_{hh}) = 0$"), (right, shrunk, r"$\rho(W_{hh}) = 1.5$")):
        band(ax, t, samples, color=BLUE, label=r"$\partial h_t/\partial h_0$")
        ax.axhline(1, color=GREY, linewidth=0.7)
        ax.set(yscale="log", xlabel="$t$", xlim=(0, REVIVED_STEPS))
        ax.set_title(title, fontsize=10)
    left.plot([1], [np.linalg.norm(REVIVED, 2)], "o", color=VERMILION, markersize=3.5, label="$W_{hh}^t$")
    right.semilogy(t, 1.5**t, color=VERMILION, linestyle="--", label="$W_{hh}^t$")
    left.legend(loc="upper left")
    right.legend(loc="center right")
    rows = [
        (int(i), float(np.median(grown[:, i - 1])), float(np.median(shrunk[:, i - 1]))) for i in (1, 5, 10, 15, 20, 30)
    ]
    return Drawing(fig, ("$t$", r"$\rho = 0$", r"$\rho = 1.5$"), rows)


@number
def vanishing_revival() -> dict[str, Any]:
    """The network with spectral radius 0: what thirty steps do, and the exponent in the long run."""
    thirty, long = np.exp(revived()[:, -1]), revived(steps=1000)[:, -1] / 1000
    noisy = revived(0.3, 300)[:, -1] / 300
    return {
        "starts": STARTS,
        "thirty": spread(thirty),
        "exponent": spread(long),
        "grows": int((long > 0).sum()),
        "noisy": {**spread(noisy), "grows": int((noisy > 0).sum())},
    }


@number
def vanishing_settled() -> dict[str, Any]:
    """One unit with the self-weight 1.5: where it settles, and what is left of the gradient."""
    h = 1.0
    for _ in range(500):
        h = np.tanh(1.5 * h)
    slope = 1.5 * (1 - h**2)
    return {
        "h": h,
        "slope": slope,
        "twenty": slope**20,
        "linear": 1.5**20,
        "thirty": spread(np.exp(settled()[:, -1])),
        "vanishes": bool((settled(60)[:, -1] < 0).all()),
    }


# --------------------------------------------------------------------------- saturation

INPUT_SCALES = (0.3, 1.0, 3.0, 10.0)


@cache
def gradient_norms(gain: float, sigma_x: float, *, lags: int = 30, H: int = 60, seeds: int = 40) -> Array:
    """Return ‖δ_{t-n←t}‖/‖e_t‖ for n = 0 … lags, (seeds, lags + 1), in random networks after a run-in."""
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        W = gaussian(rng, H, gain)
        net, hidden_states = network(W, inputs=sigma_x * rng.normal(size=(lags + 40, H)))
        delta, norms = rng.normal(size=H), []
        for h in hidden_states[::-1, 0][: lags + 1]:
            norms.append(float(np.linalg.norm(delta)))
            delta = W.T @ (net.derivative(h) * delta)
        found.append(np.array(norms) / norms[0])
    return np.array(found)


@figure()
def vanishing_saturation() -> Drawing:
    """Left: stronger inputs, the same weights, smaller gradients. Right: the factor of one unit at rest against w."""
    fig, (left, right) = plot(1, 2, width=6.4, height=2.7)
    n = np.arange(31)
    columns = []
    styles = zip(INPUT_SCALES, (BLUE, VERMILION, GREEN, PURPLE), ("-", "--", "-.", ":"), strict=True)
    for sigma_x, color, line in styles:
        norms = gradient_norms(1.2, sigma_x)
        band(left, n[::2], norms[:, ::2], color=color, line=line, label=f"$\\sigma_x = {sigma_x:g}$")
        columns.append(np.median(norms, axis=0))
    left.set(yscale="log", ylim=(1e-12, 3), xlim=(0, 30), xlabel="$n$", ylabel=r"$\delta_{t-n\leftarrow t}$")
    left.legend(fontsize=8.5, handlelength=1.8)
    w = np.append(np.linspace(0, 0.98, 3), np.linspace(1, 4, 40))
    slopes = np.array([at_rest(float(x)) for x in w])
    right.plot(w, w, color=VERMILION, linestyle="--", label="$w$")
    right.plot(w, slopes, color=BLUE, label="$w\\,(1-h^2)$")
    right.set(xlabel="$w$", xlim=(0, 4), ylim=(0, 1.6))
    right.legend()
    rows = [(int(i), *(float(c[i]) for c in columns)) for i in (0, 5, 10, 20, 30)]
    return Drawing(fig, ("$n$", *(f"$\\sigma_x = {s:g}$" for s in INPUT_SCALES)), rows)


def at_rest(w: float) -> float:
    """Return the factor w (1 - h²) of one unit without input where it comes to rest; h = tanh(w h) by bisection."""
    low, high = (0.0, 1.0) if w > 1 else (0.0, 0.0)
    if w > 1:
        low = np.sqrt(max(1 - 1 / w, 0.0)) * 1e-3
        for _ in range(200):
            middle = (low + high) / 2
            low, high = (middle, high) if np.tanh(w * middle) > middle else (low, middle)
    return w * (1 - low**2)


@number
def vanishing_saturated() -> dict[str, Any]:
    """How much a saturated unit lets pass, and what input ten times as strong does."""
    medians = {scale: float(np.median(gradient_norms(1.2, scale)[:, 20])) for scale in INPUT_SCALES}
    return {
        "two": 1 - float(np.tanh(2.0)) ** 2,
        "three": 1 - float(np.tanh(3.0)) ** 2,
        "five": 1 - float(np.tanh(5.0)) ** 2,
        "weak": medians[0.3],
        "unit": medians[1.0],
        "strong": medians[3.0],
        "restfour": at_rest(4.0),
        "resttwo": at_rest(2.0),
        "resthalf": at_rest(0.5),
    }


# --------------------------------------------------------------------------- random weights

RANDOM_GAINS = (0.4, 0.7, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0)
RANDOM_SEEDS, RANDOM_WIDTH, RANDOM_LAGS, RANDOM_INPUT = 30, 120, 30, 0.5


@cache
def growth(gain: float, H: int = RANDOM_WIDTH) -> Array:
    """Return the mean growth of ‖δ‖ in a step back, (seeds,)."""
    norms = gradient_norms(gain, RANDOM_INPUT, lags=RANDOM_LAGS, H=H, seeds=RANDOM_SEEDS)
    rates: Array = norms[:, -1] ** (1 / RANDOM_LAGS)
    return rates


@figure(training="chaotic", seeds=RANDOM_SEEDS)
def vanishing_random() -> Drawing:
    """Growth of the gradient in a step against the gain: measured, mean field, and the bound."""
    fig, ax = plot(width=5.4, height=2.9)
    g = np.linspace(0.05, 3, 60)
    chi = np.array([mean_field(float(x), RANDOM_INPUT)[1] for x in g])
    measured = np.stack([growth(gain) for gain in RANDOM_GAINS], axis=1)
    ax.plot(g, 2 * g, color=VERMILION, linestyle="--", label=r"$\sigma_{\max}$")
    ax.plot(g, g, color=GREEN, linestyle="-.", label=r"$\rho$")
    ax.plot(g, np.sqrt(chi), color=INK, linewidth=1, label=r"$\chi^{1/2}$")
    band(ax, RANDOM_GAINS, measured, color=BLUE, line="o", label=r"$\delta_{t-n\leftarrow t}$")
    ax.axhline(1, color=GREY, linewidth=0.7)
    ax.set(xlabel="$g$", xlim=(0, 3), ylim=(0, 2.2))
    ax.legend(loc="upper left")
    rows = [
        (
            gain,
            *(float(x) for x in np.quantile(measured[:, i], [0.25, 0.5, 0.75])),
            mean_field(gain, RANDOM_INPUT)[1] ** 0.5,
        )
        for i, gain in enumerate(RANDOM_GAINS)
    ]
    return Drawing(fig, ("$g$", "25 %", "50 %", "75 %", r"$\chi^{1/2}$"), rows)


@number
def vanishing_measured() -> dict[str, Any]:
    """The growth at one gain: mean field, measured, and the bound."""
    q, chi = mean_field(1.2, RANDOM_INPUT)
    sigma = [
        np.linalg.norm(gaussian(np.random.default_rng(seed), RANDOM_WIDTH, 1.2), 2) for seed in range(RANDOM_SEEDS)
    ]
    low, high = 0.5, 3.0
    for _ in range(60):  # where χ = 1
        middle = (low + high) / 2
        low, high = (middle, high) if mean_field(middle, RANDOM_INPUT)[1] < 1 else (low, middle)
    return {
        "q": q,
        "chi": chi,
        "root": chi**0.5,
        "exponent": 0.5 * float(np.log(chi)),
        "sigma": float(np.median(sigma)),
        "seeds": RANDOM_SEEDS,
        "width": RANDOM_WIDTH,
        "critical": low,
        **spread(growth(1.2)),
    }


EXPONENT_SEEDS, EXPONENT_UNITS, EXPONENT_STEPS = 20, 20, 400


@number
def vanishing_exponent_check() -> dict[str, Any]:
    """The largest exponent of random networks, by QR, where mean field has its prediction."""
    largest = []
    for seed in range(EXPONENT_SEEDS):
        rng = np.random.default_rng(seed)
        inputs = RANDOM_INPUT * rng.normal(size=(EXPONENT_STEPS, EXPONENT_UNITS))
        largest.append(lyapunov_exponents(jacobians(gaussian(rng, EXPONENT_UNITS, 1.2), inputs=inputs)).max())
    return {"seeds": EXPONENT_SEEDS, "units": EXPONENT_UNITS, "steps": EXPONENT_STEPS, **spread(largest)}


# --------------------------------------------------------------------------- keeping a bit


@cache
def latched(w: float, steps: int = 60, noise: float = 0.25) -> tuple[Array, Array]:
    """Start one unit at rest, disturb it, and return whether the sign was kept and log |∂h_60/∂h_0|, (1000,) each."""
    h0 = np.sqrt(1 - at_rest(w) / w) if w > 1 else 0.5
    net, _ = network(np.array([[w]]), steps=1)
    inputs = noise * np.random.default_rng(0).normal(size=(steps, STARTS, 1))
    _, hidden_states = net.forward(inputs, h0=np.full((STARTS, 1), h0))
    factors = w * net.derivative(hidden_states[:, :, 0])
    return hidden_states[-1, :, 0] > 0, np.log(factors).sum(axis=0)


@number
def vanishing_latch() -> dict[str, Any]:
    """Keeping a sign for sixty steps against keeping its gradient."""
    found: dict[str, Any] = {"starts": STARTS, "rest": at_rest(2.0), "sixty": at_rest(2.0) ** 60}
    for name, w in (("one", 1.0), ("two", 2.0)):
        kept, logs = latched(w)
        found[name] = {"kept": round(100 * float(kept.mean())), **spread(np.exp(logs))}
    return found


# --------------------------------------------------------------------------- what each condition says

CASE_STEPS, MARGIN, ROUNDING = 500, 0.006, 1e-9


@dataclass(frozen=True)
class Case:
    """A tanh network on one bounded input sequence: W_hh and the Jacobians of all steps."""

    W: Array
    J: Array

    @cached_property
    def slope(self) -> float:
        """The rate of log ‖∂h_t/∂h_0‖ over the second half of the steps; -inf where the product is 0."""
        logs = log_norms(self.J)
        half = CASE_STEPS // 2
        return float((logs[-1] - logs[half - 1]) / half) if np.isfinite(logs[-1]) else -np.inf

    @cached_property
    def exponent(self) -> float:
        """The largest Lyapunov exponent, by QR, over the second half."""
        return float(lyapunov_exponents(self.J[CASE_STEPS // 2 :]).max())

    @property
    def rho(self) -> float:
        """The spectral radius of W_hh."""
        return float(np.abs(np.linalg.eigvals(self.W)).max())

    @property
    def sigma(self) -> float:
        """The largest singular value of W_hh."""
        return float(np.linalg.norm(self.W, 2))


# Two copies of the network with spectral radius 0, each feeding the other. By turns one is driven as before and the
# other into saturation, so that every J_t has small eigenvalues, while what the free one hands on grows.
SWITCHED = np.kron(np.array([[0.0, 1.0], [1.0, 0.0]]), REVIVED)
SWITCHED_INPUT = np.stack([[*REVIVED_INPUT, 15.0, 15.0], [15.0, 15.0, *REVIVED_INPUT]])


@number
def vanishing_switched() -> dict[str, Any]:
    """Every J_t has a small spectral radius, and the product grows, from many starts."""
    exponents, largest = [], []
    for seed in range(100):
        h0 = np.random.default_rng(seed).uniform(-1, 1, size=4)
        J = jacobians(SWITCHED, inputs=np.tile(SWITCHED_INPUT, (50, 1)), h0=h0)
        largest.append(np.abs(np.linalg.eigvals(J)).max())
        exponents.append(log_norms(J)[-1] / len(J))
    grows = int(np.sum(np.array(exponents) > 0))
    return {"starts": 100, "rho": float(np.max(largest)), "grows": grows, **spread(exponents)}


def cases() -> Iterator[Case]:
    """Yield random networks and those that were built to break a rule."""

    def case(W: Array, inputs: Array | float = 0.0, h0: Array | None = None) -> Case:
        H = len(W)
        added = np.broadcast_to(np.asarray(inputs, dtype=float), (CASE_STEPS, H))
        return Case(W, jacobians(W, inputs=added, h0=rng.uniform(-1, 1, size=H) if h0 is None else h0))

    for seed in range(5):
        rng = np.random.default_rng(seed)
        for gain in (0.3, 0.6, 1.2, 3.0):
            for H in (2, 5):
                W = gaussian(rng, H, gain)
                yield case(W)
                yield case(W, rng.normal(size=H))
                yield case(W, rng.normal(size=(CASE_STEPS, H)) * rng.choice([0.3, 1.0, 3.0]))
                yield case(W, np.sin(np.arange(CASE_STEPS)[:, None] * rng.uniform(0.1, 2, size=H)))
        Q = init.orthogonal((4, 4), rng)
        for gain in (0.5, 0.97, 1.0, 1.4, 4.0):
            yield case(gain * Q)
            yield case(gain * Q, h0=np.zeros(4))  # at 0 the network is linear: the bound is reached
            yield case(gain * Q, rng.normal(size=(CASE_STEPS, 4)))
        yield case(REVIVED, REVIVED_INPUT)
        yield case(REVIVED, REVIVED_INPUT + 0.2 * rng.normal(size=(CASE_STEPS, 2)))
        yield case(SHEAR, h0=np.zeros(2))
        yield case(SHEAR, 0.3 * rng.normal(size=(CASE_STEPS, 2)))
        for w in (0.9, 1.0, 1.5, 3.0):
            yield case(np.array([[w]]))
            yield case(np.array([[w]]), h0=np.zeros(1))
        yield case(SWITCHED, np.tile(SWITCHED_INPUT, (CASE_STEPS // 2, 1)))
        yield case(gaussian(rng, 30, 3.0))  # large and without input: chaos


CONDITIONS: dict[str, Callable[[Case], bool]] = {
    "sigmabelow": lambda c: c.sigma < 1 - ROUNDING,
    "stepbelow": lambda c: bool(np.linalg.norm(c.J, 2, axis=(1, 2)).max() < 0.99),
    "rhobelow": lambda c: c.rho < 1 - ROUNDING,
    "rhostep": lambda c: bool(np.abs(np.linalg.eigvals(c.J)).max() < 1 - ROUNDING),
    "orthogonal": lambda c: bool(np.allclose(c.W @ c.W.T, np.eye(len(c.W)))),
    "rhoabove": lambda c: c.rho > 1 + ROUNDING,
    "sigmaabove": lambda c: c.sigma > 1 + ROUNDING,
    "negative": lambda c: c.exponent < -MARGIN,
    "positive": lambda c: c.exponent > MARGIN,
}

# A yes needs more than examples.  The formula of the page that proves it, or the definition of the exponent.
PROOFS = {
    ("sigmabelow", "vanish", "sufficient"): "vanishing-upper",
    ("sigmabelow", "explode", "excludes"): "vanishing-upper",
    ("stepbelow", "vanish", "sufficient"): "vanishing-upper",
    ("stepbelow", "explode", "excludes"): "vanishing-upper",
    ("orthogonal", "explode", "excludes"): "vanishing-orthogonal",
    ("sigmaabove", "explode", "necessary"): "vanishing-upper",
    ("negative", "vanish", "sufficient"): "",
    ("negative", "vanish", "necessary"): "",
    ("negative", "explode", "excludes"): "",
    ("positive", "explode", "sufficient"): "",
    ("positive", "explode", "necessary"): "",
}
LEAST = 6  # cases in which a rule could have been broken, before its survival says anything


@cache
def clear_cases() -> list[Case]:
    """Return the cases, without those whose rate is too close to 0 to be told from it in so many steps."""
    return [case for case in cases() if not MARGIN / 2 < abs(case.slope) < 2 * MARGIN]


@cache
def verdicts() -> dict[str, dict[str, dict[str, bool]]]:
    """Ask of every condition, in every case, whether it is sufficient or necessary, and whether it excludes growth.

    A rule that a case breaks is false.  One that no case breaks must have a proof in `PROOFS`, and one that has a
    proof must not be broken: both are checked here.
    """
    tried = clear_cases()
    vanish = np.array([c.slope < -MARGIN for c in tried])
    explode = np.array([c.slope > MARGIN for c in tried])
    found: dict[str, dict[str, dict[str, bool]]] = {}
    for name, condition in CONDITIONS.items():
        given = np.array([condition(c) for c in tried])
        rules = {
            ("vanish", "sufficient"): (given, vanish),
            ("vanish", "necessary"): (vanish, given),
            ("explode", "sufficient"): (given, explode),
            ("explode", "necessary"): (explode, given),
            ("explode", "excludes"): (given, ~explode),
        }
        for (what, kind), (premise, conclusion) in rules.items():
            holds = not np.any(premise & ~conclusion)
            if premise.sum() < LEAST:
                raise ValueError(f"{name}, {what}, {kind}: only {premise.sum()} cases could break it")
            if holds != ((name, what, kind) in PROOFS):
                why = "no case breaks it, but nothing proves it" if holds else "proved, yet broken"
                raise ValueError(f"{name}, {what}, {kind}: {why}")
            found.setdefault(name, {}).setdefault(what, {})[kind] = holds
    return found


@number
def vanishing_table() -> dict[str, Any]:
    """What each condition says about a tanh network with bounded inputs; true where a proof and every case agree."""
    return {"cases": len(clear_cases()), "steps": CASE_STEPS, **verdicts()}


# --------------------------------------------------------------------------- small numbers of the text, and answers


@number
def vanishing_tenth() -> dict[str, Any]:
    """Forty steps that each take away, or add, a tenth."""
    return {"less": 0.9**40, "more": 1.1**40}


@number
def vanishing_wide() -> dict[str, Any]:
    """How wide the networks are in which the limits of wide networks are checked."""
    return {"units": WIDE}


@number
def vanishing_answers() -> dict[str, Any]:
    """The numbers in the answers to the exercises."""
    half = 1 - float(np.tanh(0.5)) ** 2
    slope = at_rest(1.5)
    product, steps = 1.0, 0
    while product > 0:
        product, steps = product * slope, steps + 1
    return {
        "half": half,
        "rate": 2 * half,
        "hump": -1 / float(np.log(0.9)),
        "later": -1 / float(np.log(0.99)),
        "underflow": steps,
        "above": 100 * math.erfc(1 / (0.8 * math.sqrt(2))),
        "logarithm": round(2000 * float(np.log(slope))),
        "narrow": float(np.median(growth(1.5, 50))),
        "wide": float(np.median(growth(1.5, 200))),
        "field": mean_field(1.5, RANDOM_INPUT)[1] ** 0.5,
    }
