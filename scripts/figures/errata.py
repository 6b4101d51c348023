"""Numbers and the figure of the chapter errata: what popular claims say, and what comes out."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np

from rnn import GRUCell, LSTMCell, LSTMVariant, SimpleRNN, counts, exchange, generate_sequence_data, init
from rnn.data import sunspots
from rnn.gradcheck import central_difference, complex_step
from rnn.gradients import gradient_product, influence, lag_terms, log_norms, spectral_radius, step_jacobians
from rnn.jacobians import cell_jacobians, gradient_norms_by_lag
from rnn.losses import perplexity, softmax_cross_entropy
from rnn.lstm import sigmoid
from rnn.optim import clip_by_norm, clip_by_value
from rnn.train import autoregression, fit_autoregression
from rnn.validate import Array
from scripts.figures import Drawing, figure, number
from scripts.figures.plot import BLUE, GREY, INK, VERMILION, plot

SEEDS = 50


def network(rng: np.random.Generator, H: int, gain: float, *, D: int = 3, O: int = 2, drive: float = 1.0) -> SimpleRNN:
    """Make a tanh network with normal weights; W_hh has the gain g."""
    net = SimpleRNN(D, H, O, rng=rng)
    net.params |= {
        "W_hh": rng.normal(size=(H, H)) * gain / np.sqrt(H),
        "W_xh": rng.normal(size=(D, H)) * drive / np.sqrt(D),
        "b_h": rng.normal(size=H) * 0.1,
    }
    return net


def off(found: Any, truth: Any) -> float:
    """Return how far something is from the truth, relative to the truth."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


# --------------------------------------------------------------------------- derivatives


class Untransposed(SimpleRNN):
    """A network whose way back forgets to transpose W_hh."""

    def _step_back(self, delta: Array, cache: Any) -> tuple[Array, Array, dict[str, Array]]:
        d_x, _, grads = super()._step_back(delta, cache)
        return d_x, delta * self.derivative(cache[2]) @ self.params["W_hh"], grads


class Deaf(SimpleRNN):
    """A network whose way back forgets the losses of the steps before the last."""

    def backward(self, d_outputs: Any, **options: Any) -> dict[str, Array]:
        """Go back with the last loss alone."""
        last = np.zeros_like(d_outputs)
        last[-1] = d_outputs[-1]
        return super().backward(last, **options)


class SlopeAgain(SimpleRNN):
    """A network whose way back applies tanh to h, which is the tanh of a already."""

    def derivative(self, h: Array) -> Array:
        """Take h for a."""
        return np.asarray(1 - np.tanh(h) ** 2)


def wrong(kind: type[SimpleRNN], gain: float) -> float:
    """Return how far the gradient of W_hh is from that of the package: median over networks."""
    errors = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        right = network(rng, 12, gain)
        inputs, targets, h0 = rng.normal(size=(10, 1, 3)), rng.normal(size=(10, 1, 2)), rng.normal(size=(1, 12)) / 2
        grads = []
        for made in (SimpleRNN, kind):
            net = made(3, 12, 2, rng=np.random.default_rng(0))
            net.params |= right.params
            outputs, _ = net.forward(inputs, h0=h0)
            grads.append(net.backward(outputs - targets)["W_hh"])
        errors.append(off(grads[1], grads[0]))
    return float(np.median(errors))


@number
def errata_transposed() -> dict[str, Any]:
    """How wrong the gradient is without the transpose, in percent, for three gains of W_hh."""
    gains = {"tiny": 0.01, "small": 0.3, "one": 1.0}
    return {"seeds": SEEDS, **{name: 100 * wrong(Untransposed, gain) for name, gain in gains.items()}}


@number
def errata_products() -> dict[str, Any]:
    """How wrong a product over ten steps is that reverses the order, moves the diagonals, or collects the power."""
    found: dict[str, list[float]] = {"reversed": [], "swapped": [], "collected": []}
    jacobians = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        net = network(rng, 12, 1.0)
        _, states = net.forward(rng.normal(size=(10, 1, 3)))
        W, slopes, e = net.params["W_hh"], 1 - states[:, 0] ** 2, rng.normal(size=12)  # the code's W is the book's Wᵀ
        truth = gradient_product(net, states, 10, 0) @ e
        backwards, moved = np.eye(12), np.eye(12)
        for d in slopes:
            backwards, moved = W @ np.diag(d) @ backwards, moved @ np.diag(d) @ W
        found["reversed"].append(off(backwards @ e, truth))
        found["swapped"].append(off(moved @ e, truth))
        found["collected"].append(off(np.linalg.matrix_power(W, 10) @ (slopes.prod(axis=0) * e), truth))
        J = step_jacobians(net, states)[-1]
        jacobians.append(off(W @ np.diag(slopes[-1]), J))
    percents = {name: round(100 * float(np.median(errors))) for name, errors in found.items()}
    return {"seeds": SEEDS, **percents, "jacobian": round(100 * float(np.median(jacobians)))}


@number(digits=4)
def errata_paths() -> dict[str, Any]:
    """The derivative of the sum of all states for the weight of one tanh unit: right, and with paths counted twice."""
    x = np.array([0.5, -0.3, 0.9, 0.2])[:, None, None]
    net = SimpleRNN(1, 1, 1, rng=np.random.default_rng(0))
    net.params |= {"W_hh": np.array([[0.8]]), "W_xh": np.eye(1), "W_hy": np.eye(1)}

    def states(w: Array) -> Array:
        net.params["W_hh"] = w
        return net.forward(x)[1][:, 0, 0]

    once = np.array([[0.8]])
    of_states = complex_step(states, once)[:, 0, 0]  # total derivatives of h_1 … h_4
    net.params["W_hh"] = once
    outputs, hidden_states = net.forward(x)
    right = float(net.backward(np.ones_like(outputs))["W_hh"][0, 0])
    deltas: list[float] = []
    delta = 0.0
    for h in hidden_states[::-1, 0, 0]:
        deltas.insert(0, 1 + delta)
        delta = deltas[0] * (1 - h**2) * 0.8
    if abs(of_states.sum() - right) > 1e-12:
        raise AssertionError("complex step and backward differ")
    return {"right": right, "twice": float(of_states @ deltas)}


@number
def errata_one_road() -> dict[str, Any]:
    """The term of step 1 against the whole gradient of W_hh, ten steps, in percent; and what a forgotten term costs."""
    shares = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        net = network(rng, 12, 1.0)
        h0 = rng.normal(size=(1, 12)) / 2
        outputs, states = net.forward(rng.normal(size=(10, 1, 3)), h0=h0)
        d_outputs = np.zeros_like(outputs)
        d_outputs[-1] = outputs[-1] - rng.normal(size=(1, 2))
        whole = net.backward(d_outputs)["W_hh"]
        terms = lag_terms(net, states, d_outputs, h0=h0)
        if off(terms.sum(axis=0).T, whole) > 1e-12:
            raise AssertionError("the terms are not the gradient")
        shares.append(float(np.linalg.norm(terms[-1]) / np.linalg.norm(whole)))
    return {"seeds": SEEDS, "first": 100 * float(np.median(shares))}


@number
def errata_backward() -> dict[str, Any]:
    """How wrong the gradient of W_hh is, in percent, without earlier losses, and with tanh applied to h again."""
    return {
        "local": round(100 * wrong(Deaf, 1.0)),
        "slope": round(100 * wrong(SlopeAgain, 1.0)),
        "right": 1 - 0.9**2,
        "again": 1 - float(np.tanh(0.9)) ** 2,
    }


def about(value: float) -> float:
    """Return the nearest power of ten: of rounding errors the digits differ between processors."""
    return float(10.0 ** round(math.log10(value)))


@number(digits=1)
def errata_differences() -> dict[str, Any]:
    """The relative error of a derivative of a network by differences with three steps, and by a complex step."""
    rng = np.random.default_rng(0)
    net = network(rng, 12, 1.0)
    inputs = rng.normal(size=(10, 1, 3))

    def f(h0: Array) -> Any:
        return (net.forward(inputs, h0=h0)[0] ** 2).sum() / 2

    h0 = rng.normal(size=(1, 12)) / 2
    net.backward(net.forward(inputs, h0=h0)[0])
    truth = net.d_h0
    steps = {"large": 0.1, "middle": 1e-5, "small": 1e-13}
    found = {name: about(off(central_difference(f, h0, step), truth)) for name, step in steps.items()}
    bound = 1e-13
    if off(complex_step(f, h0), truth) > bound:
        raise AssertionError("the complex step is not exact")
    return found | {"complex": bound}


# --------------------------------------------------------------------------- vanishing

REVIVED, REVIVED_INPUT = np.array([[4.0, -4.0], [4.0, -4.0]]), np.array([1.5, 6.5])


@number
def errata_eigenvalues() -> dict[str, Any]:
    """A spectral radius of 0 with a growing product, from many starts; a weight of 1.5 with a vanishing one."""
    net = SimpleRNN(2, 2, 1, rng=np.random.default_rng(0))
    net.params |= {"W_hh": REVIVED.T.copy(), "W_xh": np.eye(2)}
    norms = []
    for seed in range(20):
        h0 = np.random.default_rng(seed).uniform(-1, 1, size=(1, 2))
        _, states = net.forward(np.tile(REVIVED_INPUT, (60, 1))[:, None], h0=h0)
        norms.append(float(np.exp(log_norms(step_jacobians(net, states))[-1])))
    unit = SimpleRNN(1, 1, 1, rng=np.random.default_rng(0))
    unit.params |= {"W_hh": np.array([[1.5]])}
    _, states = unit.forward(np.zeros((220, 1, 1)), h0=np.array([[0.5]]))
    if float(spectral_radius(REVIVED)) > 1e-6:
        raise AssertionError("the eigenvalues are not 0")
    return {"starts": 20, "least": min(norms), "twenty": float((unit.derivative(states[200:]) * 1.5).prod())}


@number
def errata_singular() -> dict[str, Any]:
    """Gaussian networks with a largest singular value far above 1, and what is left after 60 steps."""
    sigma, left = [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        net = network(rng, 50, 0.8)
        _, states = net.forward(rng.normal(size=(60, 1, 3)))
        sigma.append(float(np.linalg.norm(net.params["W_hh"], 2)))
        left.append(float(np.exp(log_norms(step_jacobians(net, states))[-1])))
    return {"seeds": SEEDS, "sigma": float(np.median(sigma)), "least": min(sigma), "left": max(left)}


@number
def errata_hump() -> dict[str, Any]:
    """The powers of a matrix with the spectral radius 0.9: the largest norm, where, and when it is below 1."""
    norms = np.exp(log_norms(np.stack([np.array([[0.9, 50.0], [0.0, 0.9]])] * 120)))
    return {
        "peak": round(float(norms.max())),
        "at": int(norms.argmax()) + 1,
        "below": int(np.flatnonzero(norms < 1)[0]) + 1,
    }


@cache
def _lags() -> tuple[SimpleRNN, Array, Array]:
    """Return a contracting network, the parts of its gradient by lag, and the gradient of W_hh, 40 steps."""
    rng = np.random.default_rng(5)
    net = network(rng, 16, 1.0)
    net.params["W_hh"] *= 0.6 / np.linalg.norm(net.params["W_hh"], 2)
    outputs, states = net.forward(rng.normal(size=(40, 1, 3)))
    d_outputs = 20 * (outputs - rng.normal(size=outputs.shape))
    terms = lag_terms(net, states, d_outputs)
    return net, terms, net.backward(d_outputs)["W_hh"]


@number
def errata_lags() -> dict[str, Any]:
    """The parts of lag 0 and lag 10 against the whole, in a network with sigma_max = 0.6; and after clipping to 1."""
    _, terms, whole = _lags()
    norms = np.linalg.norm(terms, axis=(1, 2))
    clipped, before = clip_by_norm({f"{n}": G for n, G in enumerate(terms)}, 1.0)
    after = [float(np.linalg.norm(clipped[str(n)])) for n in (0, 10)]
    return {
        "zero": float(norms[0] / np.linalg.norm(whole)),
        "ten": float(norms[10] / np.linalg.norm(whole)),
        "ratio": float(norms[10] / norms[0]),
        "clipped": after[1] / after[0],
        "norm": float(before),
    }


@number
def errata_slopes() -> dict[str, float]:
    """The slope of tanh at 0 and at 2, and that of tanh(3a), whose values lie between -1 and 1 as well."""
    net = SimpleRNN(1, 1, 1, rng=np.random.default_rng(0))
    zero, two = (float(net.derivative(np.tanh(np.array(a)))) for a in (0.0, 2.0))
    steep = float(complex_step(lambda a: np.tanh(3 * a), np.array(0.0)))
    return {"zero": zero, "two": two, "steep": steep}


@number
def errata_drawn() -> dict[str, float]:
    """How often a normal weight is on the wrong side of 1, in percent."""

    def above(scale: float) -> float:
        return 100 * math.erfc(1 / (scale * math.sqrt(2)))

    return {"explodes": above(0.8), "vanishes": 100 - above(1.2)}


@number
def errata_direction() -> dict[str, Any]:
    """The cosine between a large gradient of a network and what clipping makes of it: median over networks."""
    found: dict[str, list[float]] = {"value": [], "norm": [], "size": []}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        net = network(rng, 12, 2.5, drive=0.3)
        outputs, _ = net.forward(rng.normal(size=(20, 1, 3)))
        grads = net.backward(20 * (outputs - rng.normal(size=outputs.shape)))
        g = flat(grads)
        found["size"].append(float(np.linalg.norm(g)))
        found["value"].append(cosine(g, flat(clip_by_value(grads, 1.0))))
        found["norm"].append(cosine(g, flat(clip_by_norm(grads, 1.0)[0])))
    return {"seeds": SEEDS, **{name: float(np.median(values)) for name, values in found.items()}}


def flat(grads: dict[str, Array]) -> Array:
    """Put all gradients into one vector."""
    return np.concatenate([g.ravel() for g in grads.values()])


def cosine(u: Array, v: Array) -> float:
    """Return the cosine of the angle between two vectors."""
    return float(u @ v / np.linalg.norm(u) / np.linalg.norm(v))


@number
def errata_tiny() -> dict[str, Any]:
    """What ten steps leave of a gradient with weights of standard deviation 0.01, and with an orthogonal matrix."""
    found: dict[str, list[float]] = {"tiny": [], "orthogonal": []}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        net = network(rng, 100, 1.0, drive=0.3)
        e, inputs = rng.normal(size=100), rng.normal(size=(10, 1, 3))
        for name, W in (("tiny", 0.01 * rng.normal(size=(100, 100))), ("orthogonal", init.orthogonal((100, 100), rng))):
            net.params["W_hh"] = W
            _, states = net.forward(inputs)
            left = gradient_product(net, states, 10, 0) @ e
            found[name].append(float(np.linalg.norm(left) / np.linalg.norm(e)))
    return {name: float(np.median(values)) for name, values in found.items()}


# --------------------------------------------------------------------------- gates

BLOCK, STEPS, CELLS = 6, 30, 40


@cache
def _gated_norms(scale: float) -> tuple[float, ...]:
    """Return the norm of the product of 30 Jacobians of LSTM cells whose forget gates stand still at 0.73."""
    norms = []
    for seed in range(CELLS):
        rng = np.random.default_rng(seed)
        cell = LSTMCell(2, BLOCK, rng=rng, forget_bias=1.0)
        for gate in "fico":
            cell.params[f"W_x{gate}"] = np.zeros((2, BLOCK))
            cell.params[f"W_h{gate}"] = rng.normal(size=(BLOCK, BLOCK)) * scale / np.sqrt(BLOCK) * (gate != "f")
        state = rng.normal(size=(1, BLOCK)) * 0.1, rng.normal(size=(1, BLOCK)) * 0.1
        J = cell_jacobians(cell, np.zeros((STEPS, 1, 2)), state)
        norms.append(float(np.exp(log_norms(J)[-1])))
    return tuple(norms)


@number
def errata_gated() -> dict[str, Any]:
    """How many of the LSTM cells have a product above 1, in percent, at three scales of the recurrent weights."""
    found: dict[str, Any] = {"seeds": CELLS, "steps": STEPS, "direct": float(sigmoid(np.array(1.0))) ** STEPS}
    for name, scale in (("one", 1.0), ("four", 4.0), ("eight", 8.0)):
        norms = np.array(_gated_norms(scale))
        found[name] = {"above": round(100 * float(np.mean(norms > 1))), "median": float(np.median(norms))}
    return found


@number
def errata_merged() -> dict[str, Any]:
    """How far cell states with and without a forget gate are apart after twenty steps, in percent: median."""
    errors = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        inputs, ends = rng.normal(size=(20, 1, 3)), []
        modern, old = LSTMCell(3, 8, rng=rng), LSTMVariant(3, 8, without=("forget gate",), rng=rng)
        for name in old.params:
            old.params[name] = modern.params[name].copy()
        for cell in (modern, old):
            state = cell.zero_state(1)
            for x in inputs:
                state, _ = cell.step(x, state)
            ends.append(state[1])
        errors.append(off(ends[1], ends[0]))
    return {"off": round(100 * float(np.median(errors)))}


@number
def errata_bias() -> dict[str, Any]:
    """What forget biases keep, and what arrives over 32 steps in an LSTM and in an orthogonal tanh network."""
    found: dict[str, Any] = {}
    for name, b in (("zero", 0.0), ("one", 1.0), ("five", 5.0)):
        f = float(sigmoid(np.array(b)))
        found[name] = {"f": f, "half": math.log(0.5) / math.log(f), "left": f**32}
    arrived: dict[str, list[float]] = {"gated": [], "tanh": []}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        inputs, e = rng.normal(size=(32, 1, 3)) * 0.3, rng.normal(size=(1, 32))
        cell = LSTMCell(3, 32, rng=rng, forget_bias=0.0)
        state = np.zeros((1, 32)), np.zeros((1, 32))
        norms = gradient_norms_by_lag(cell, inputs, state, e)[:, 0]
        arrived["gated"].append(float(norms[-1] / norms[0]))
        net = network(rng, 32, 1.0)
        net.params["W_hh"] = init.orthogonal((32, 32), rng)
        _, states = net.forward(inputs)
        back = gradient_product(net, states, 32, 0) @ e[0]
        arrived["tanh"].append(float(np.linalg.norm(back) / np.linalg.norm(e)))
    return found | {name: float(np.median(values)) for name, values in arrived.items()}


@number
def errata_units() -> dict[str, Any]:
    """How far GRUs with the same weights are apart after twenty steps, relative to the state: medians, in percent."""
    found: dict[str, list[float]] = {"reset": [], "blend": [], "plain": []}
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        inputs = rng.normal(size=(20, 1, 3))
        cells = {
            "right": GRUCell(3, 8, reset="after", update="keeps", rng=rng),
            "reset": GRUCell(3, 8, reset="before", update="keeps", rng=rng),
            "blend": GRUCell(3, 8, reset="after", update="replaces", rng=rng),
        }
        for name, value in cells["right"].params.items():
            value[...] = rng.normal(size=value.shape) * (0.6 if name != "b_hn" else 0.0)
        for other in ("reset", "blend"):
            for name in cells[other].params:
                cells[other].params[name] = cells["right"].params[name].copy()
        ends = {name: run(cell, inputs) for name, cell in cells.items()}
        found["reset"].append(off(ends["reset"], ends["right"]))
        found["blend"].append(off(ends["blend"], ends["right"]))
        right = cells["right"].params
        net = SimpleRNN(3, 8, 1, rng=rng)  # what is left if the reset gate stands at 1 and the update gate is cut out
        net.params |= {"W_xh": right["W_xn"], "W_hh": right["W_hn"], "b_h": right["b_n"]}
        right |= {"W_xr": np.zeros((3, 8)), "W_hr": np.zeros((8, 8)), "b_r": np.full(8, 800.0)}
        found["plain"].append(off(run(cells["right"], inputs), net.forward(inputs)[1][-1]))
    return {"seeds": SEEDS, **{name: round(100 * float(np.median(values))) for name, values in found.items()}}


def run(cell: GRUCell, inputs: Array) -> Array:
    """Return the last state of a GRU that starts from zeros."""
    state = cell.zero_state(1)
    for x in inputs:
        state, _ = cell.step(x, state)
    return state[0]


# --------------------------------------------------------------------------- counting


@number
def errata_counted() -> dict[str, Any]:
    """Parameters of layers with 10 inputs and 20 units, in the conventions, checked against arrays."""
    kinds = {"rnn": counts.rnn, "gru": counts.gru, "lstm": counts.lstm}
    found: dict[str, Any] = {}
    for biases in ("one", "two", "keras"):
        found[biases] = {name: kind(10, 20, biases=biases).parameters for name, kind in kinds.items()}
    found["one"]["gru"] = counts.gru(10, 20, reset="before").parameters
    stored = exchange.to_torch(LSTMCell(10, 20, rng=np.random.default_rng(0)))
    if sum(np.size(value) for value in stored.values()) != found["two"]["lstm"]:
        raise AssertionError("the count is not that of the arrays")
    top = counts.linear(256, 10_000)
    word = {name: counts.stacked(kind(128, 256), top) for name, kind in kinds.items()}
    found["products"] = {name: word[name].products / word["rnn"].products for name in ("gru", "lstm")}
    return found


class Counting(SimpleRNN):
    """A network that counts how often it goes one step back."""

    steps = 0

    def _step_back(self, delta: Array, cache: Any) -> tuple[Array, Array, dict[str, Array]]:
        self.steps += 1
        return super()._step_back(delta, cache)


@number
def errata_backwards() -> dict[str, int]:
    """Count the steps back through a hundred steps, by the recursion; and by a loop over all pairs."""
    net = Counting(1, 2, 1, rng=np.random.default_rng(0))
    outputs, _ = net.forward(np.ones((100, 1, 1)))
    net.backward(outputs)
    return {"steps": 100, "recursion": net.steps, "pairs": sum(t - k for t in range(1, 101) for k in range(1, t + 1))}


@number
def errata_window() -> dict[str, Any]:
    """How far the outputs of windows that start from zeros are from the true ones, in percent; and their reach."""
    errors = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        net, inputs = network(rng, 12, 1.0), rng.normal(size=(40, 1, 3))
        whole, _ = net.forward(inputs)
        pieces = np.concatenate([net.forward(inputs[s : s + 10])[0] for s in range(0, 40, 10)])
        errors.append(off(pieces[10:], whole[10:]))
    return {"seeds": SEEDS, "window": 10, "off": round(100 * float(np.median(errors)))}


@number
def errata_chains() -> dict[str, Any]:
    """How many times the parameters of one direction two directions have, at the same number of units in each."""
    one = counts.rnn(50, 100)
    return {"ratio": counts.bidirectional(one).parameters // one.parameters}


@number
def errata_markov() -> dict[str, int]:
    """Count the products of the forward recursion of a hidden Markov model: 10 states, 100 steps."""
    states, steps, products = 10, 100, 0
    rng = np.random.default_rng(0)
    A, alpha = rng.dirichlet(np.ones(states), states), np.full(states, 1 / states)
    for _ in range(steps):
        after = np.zeros(states)
        for i in range(states):
            for j in range(states):
                after[j] += alpha[i] * A[i, j]
                products += 1
        alpha = after
    if abs(alpha.sum() - 1) > 1e-12:
        raise AssertionError("these are no probabilities")
    return {"states": states, "steps": steps, "claimed": states * steps, "counted": products}


# --------------------------------------------------------------------------- data and evaluation


@number
def errata_fibonacci() -> dict[str, Any]:
    """Where 64-bit numbers stop being Fibonacci numbers, and what is left of a thousand after scaling."""
    a, whole = np.ones(1000, dtype=np.int64), [1, 1]
    with np.errstate(over="ignore"):
        for i in range(2, 1000):
            a[i] = a[i - 1] + a[i - 2]
            whole.append(whole[-1] + whole[-2])
    values = generate_sequence_data("fibonacci", 1000)
    rounded = next(n for n, (f, exact) in enumerate(zip(values, whole, strict=True), start=1) if int(f) != exact)
    return {
        "negative": int(np.argmax(a < 0)) + 1,
        "rounded": rounded,
        "last": float(values[-1]),
        "tiny": 100 * float(np.mean(values / values.max() < 1e-6)),
    }


WAVE = np.sin(np.linspace(0, 50, 500))


@cache
def _forecasts() -> dict[str, Array]:
    """Predict the last hundred values of a sine by persistence and by AR(2): one step ahead, and running free."""
    seen, found = WAVE[:400], {}
    weights = fit_autoregression(seen, 2)
    pairs = np.stack([WAVE[398:498], WAVE[399:499]], axis=1)
    found["persistence"], found["ar"] = pairs[:, -1], autoregression(weights, pairs)
    past = list(seen[-2:])
    for _ in range(100):
        past.append(float(autoregression(weights, np.array([past[-2:]]))[0]))
    found["persistence free"], found["ar free"] = np.full(100, seen[-1]), np.array(past[2:])
    return found


def rmse(guess: Array) -> float:
    """Return the root mean squared error on the last hundred values."""
    return float(np.sqrt(np.mean((guess - WAVE[400:]) ** 2)))


@number
def errata_copied() -> dict[str, Any]:
    """The correlation of the plot of persistence with the truth, and errors one step ahead and running free."""
    found = _forecasts()
    return {
        "correlation": float(np.corrcoef(found["persistence"], WAVE[400:])[0, 1]),
        "one": rmse(found["persistence"]),
        "free": rmse(found["persistence free"]),
    }


@number(digits=1)
def errata_alone() -> float:
    """Bound the errors of the linear formula, which are of rounding, one step ahead and running free."""
    found, bound = _forecasts(), 1e-10
    if max(rmse(found["ar"]), rmse(found["ar free"])) > bound:
        raise AssertionError("the linear formula does not continue the sine")
    return bound


@figure()
def errata_plots() -> Drawing:
    """Show one-step predictions by persistence, which look perfect, and the same predictor running free."""
    found = {name: np.round(values, 6) for name, values in _forecasts().items()}  # without the errors of rounding
    n = np.arange(100)
    fig, (left, right) = plot(1, 2, width=6.4, height=2.3, sharey=True)
    for ax, name in ((left, "persistence"), (right, "persistence free")):
        ax.plot(n, WAVE[400:], color=GREY, linewidth=3, alpha=0.5)
        ax.plot(n, found[name], color=VERMILION)
        ax.set(xlabel="$t$", ylim=(-1.3, 1.3))
    right.plot(n[::5], found["ar free"][::5], "o", color=BLUE, markersize=2.5)
    left.set(ylabel="$x_t$")
    left.axhline(0, color=INK, linewidth=0.4)
    right.axhline(0, color=INK, linewidth=0.4)
    names = ("persistence", "persistence free", "ar free")
    rows = [(int(i), float(WAVE[400 + i]), *(float(found[name][i]) for name in names)) for i in range(0, 100, 10)]
    return Drawing(fig, ("$t$", "$x_t$", "$x_{t-1}$", "$x_{-1}$", "AR(2)"), rows)


@number(digits=4)
def errata_scaled() -> dict[str, float]:
    """The largest sunspot number before 1921, and of all years."""
    years, values = sunspots()
    return {"before": float(values[years < 1921].max()), "all": float(values.max())}


class Forgetful(SimpleRNN):
    """A network of which every step starts from zeros."""

    def _step(self, x: Array, h_prev: Array) -> tuple[Array, Any]:
        return super()._step(x, np.zeros_like(h_prev))


@number
def errata_moved() -> dict[str, Any]:
    """How much the last of five outputs moves with the first input; and the first output with all later inputs."""
    inputs = np.random.default_rng(0).normal(size=(5, 1, 2))
    found: dict[str, Any] = {}
    for name, made in (("broken", Forgetful), ("right", SimpleRNN)):
        net = made(2, 4, 3, rng=np.random.default_rng(1))
        found[name] = float(influence(net, inputs)[4, 0])
    net = SimpleRNN(2, 4, 3, rng=np.random.default_rng(1))
    other = inputs.copy()
    other[1:] = inputs[:0:-1]
    moved = np.abs(net.forward(other)[0] - net.forward(inputs)[0]).max(axis=(1, 2))
    return found | {"first": float(moved[0]), "last": float(moved[-1])}


# --------------------------------------------------------------------------- losses


def of_probabilities(p: Any) -> float:
    """Return the package's perplexity for a model that gives the right symbol these probabilities, one a step."""
    p = np.asarray(p)
    scores = np.log(np.stack([p, 1 - p], axis=-1))[:, None]
    return perplexity(float(softmax_cross_entropy(scores, np.zeros((len(p), 1), int))[0]))


@number
def errata_perplexities() -> dict[str, float]:
    """Perplexities of a few probabilities, and what popular descriptions make of them."""
    p = np.array([0.5, 0.25, 0.05])
    return {
        "right": of_probabilities(p),
        "harmonic": float(1 / p.mean()),
        "arithmetic": float(np.mean([of_probabilities(p[i : i + 1]) for i in range(3)])),
        "reciprocal": float(np.prod(p) ** (1 / 3)),
        "worse": of_probabilities(np.full(4, 0.001)),
    }


@number
def errata_greedy() -> dict[str, Any]:
    """In how many random models of three symbols over three steps the most probable sentence is not the greedy one."""
    missed = 0
    for seed in range(1000):
        rng = np.random.default_rng(seed)
        first, after = rng.dirichlet(np.ones(3)), rng.dirichlet(np.ones(3), 3)
        sentences = first[:, None, None] * after[:, :, None] * after[None, :, :]
        greedy = [int(first.argmax())]
        for _ in range(2):
            greedy.append(int(after[greedy[-1]].argmax()))
        missed += bool(sentences[tuple(greedy)] < sentences.max() * (1 - 1e-12))
    return {"models": 1000, "missed": missed}


@number
def errata_answers() -> dict[str, Any]:
    """Numbers in the answers to the exercises: a shape test, a weight that is checked near 0, a mean of means."""
    short, long = np.full((2, 1, 2), 0.0), np.full((8, 1, 2), 0.0)
    short[..., 0], long[..., 0] = np.log(9), 0.0  # p = 0.9 on two steps, 0.5 on eight
    losses = [float(softmax_cross_entropy(s, np.zeros(s.shape[:2], int))[0]) for s in (short, long)]
    return {
        "sentences": float(np.mean(losses)),
        "tokens": (2 * losses[0] + 8 * losses[1]) / 10,
        "zero": off(_from_zero(Untransposed), _from_zero(SimpleRNN)),
    }


def _from_zero(made: type[SimpleRNN]) -> Array:
    """Return the gradient of W_hh over a single step from a random state."""
    rng = np.random.default_rng(2)
    net = made(3, 5, 2, rng=rng)
    outputs, _ = net.forward(rng.normal(size=(1, 1, 3)), h0=rng.normal(size=(1, 5)))
    return net.backward(outputs)["W_hh"]
