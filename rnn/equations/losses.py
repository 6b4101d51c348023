"""The formulas of the chapter *losses*: from scores to a number, and the gradient that begins the way back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rnn import SimpleRNN
from rnn.equations import Sides, equation, twin
from rnn.equations.context import Run, world
from rnn.equations.tex import Rows
from rnn.equations.worlds import Seen, _randomise, _sizes, _tex, _with
from rnn.losses import LastStep, binary_cross_entropy, ctc, length_mask, mse, perplexity, softmax_cross_entropy
from rnn.validate import Array

# --------------------------------------------------------------------------- where they are held against the package


def _network(q: Run, rng: np.random.Generator, steps: int, apart: float | None = None) -> None:
    """Run a tanh network of the package over one sequence, in columns; `apart` puts its scores so far apart."""
    D, H, O = _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    if apart is not None:
        net.params |= {"W_hy": np.zeros((H, O)), "b_y": apart * rng.permutation(O)}
    q["T"], q["D"], q["H"], q["O"], q["V"], q[r"\mathbf{1}"] = steps, D, H, O, O, np.ones((O, 1))
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    here = _with(net, **{name: q[_tex(name)].T for name in net.params})
    q["h", 0] = rng.normal(size=(H, 1)) * 0.5
    for t in range(1, steps + 1):
        q["x", t] = rng.normal(size=(D, 1))
        q["h", t] = here.activation(here.pre_activation(q["x", t].T, q["h", t - 1].T)).T
        q["y", t] = here.read_out(q["h", t].T).T
        for i in range(1, O + 1):
            q["y", t, i] = q["y", t][i - 1, 0]


def _softmax(scores: Array) -> Array:
    """Return the package's probabilities, (1, V): its gradient is p minus one in the place of the target."""
    d_scores = softmax_cross_entropy(scores, [0])[1]
    return np.asarray(d_scores + np.eye(1, scores.shape[1]))


def _all(q: Run, name: str) -> Array:
    """Collect the columns of all steps into an array of the code, (T, 1, O)."""
    return np.stack([q[name, t].T for t in range(1, int(q["T"].real) + 1)])


def _scored(q: Run, rng: np.random.Generator, apart: float | None = None) -> Callable[[], Seen]:
    T = int(rng.integers(4, 7))
    _network(q, rng, T, apart)
    V, right = int(q["V"]), []
    q["c"], q[r"\theta"] = rng.normal(), rng.uniform(0.4, 2.5)
    for t in range(1, T + 1):
        right.append(int(q["y", t].real.argmax()) if apart else int(rng.integers(V)))
        q["v", t], q[r"y^\ast", t] = right[-1] + 1, np.eye(V)[:, right[-1:]]
        q["p", t], q[r"\hat{p}", t] = _softmax(q["y", t].T).T, _softmax(q["y", t].T / q[r"\theta"]).T
        q["m", t] = q["y", t].real.max()
        for i in range(1, V + 1):
            q["p", t, i], q[r"\hat{p}", t, i] = q["p", t][i - 1, 0], q[r"\hat{p}", t][i - 1, 0]
        q["L", t] = softmax_cross_entropy(q["y", t].T, right[-1:])[0]
        q[r"\hat{L}", t] = softmax_cross_entropy(q["y", t].T / q[r"\theta"], right[-1:])[0]
    q["L"] = sum(q["L", t] for t in range(1, T + 1))
    q[r"\bar{L}"] = softmax_cross_entropy(_all(q, "y"), np.array(right)[:, None])[0]
    q[r"\tilde{L}"] = LastStep(softmax_cross_entropy)(_all(q, "y"), right[-1:])[0]

    def seen() -> Seen:
        mean = float(q[r"\bar{L}"])
        return {("P",): np.asarray(perplexity(mean)), ("R",): np.asarray(mean / np.log(2))}

    return seen


@world(means={r"e_t": r"\frac{\partial L_t}{\partial h_t}"})
def scored(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network over one sequence, with the package's softmax cross-entropy at every step."""
    return _scored(q, rng)


@world()
def decided(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, so sure of the right class that in double precision its probability is 1."""
    return _scored(q, rng, apart=60.0)


@world()
def undecided(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with equal scores for all classes."""
    return _scored(q, rng, apart=0.0)


@world()
def squared(q: Run, rng: np.random.Generator) -> None:
    """A tanh network whose outputs the package's mse compares with numbers; and numbers u_i beside a constant m."""
    _network(q, rng, int(rng.integers(4, 7)))
    for t in range(1, int(q["T"]) + 1):
        q[r"y^\ast", t] = rng.normal(size=(int(q["O"]), 1))
    q["M"] = mse(_all(q, "y"), _all(q, r"y^\ast"))[0]
    q["N"], q["m"] = 5, rng.normal()
    values = rng.normal(size=5) * 2 + 1
    for i in range(1, 6):
        q["u", i] = values[i - 1]
    q[r"\bar{u}"] = values.mean()
    q["E"] = mse(q["m"] * np.ones((5, 1)), values[:, None])[0]


def _beliefs(q: Run, rng: np.random.Generator, known: bool = False) -> None:
    V = int(rng.integers(3, 7))
    truth = rng.dirichlet(np.ones(V))
    q["V"], q["q"], q["y"] = V, truth[:, None], np.log(truth)[:, None] + 1 if known else rng.normal(size=(V, 1))
    q["p"] = _softmax(q["y"].T).T
    for i in range(1, V + 1):
        q["q", i], q["p", i] = truth[i - 1], q["p"][i - 1, 0]
    q["C"] = sum(truth[i] * softmax_cross_entropy(q["y"].T, [i])[0] for i in range(V))
    q["S"] = sum(truth[i] * softmax_cross_entropy(np.log(truth)[None], [i])[0] for i in range(V))


@world()
def beliefs(q: Run, rng: np.random.Generator) -> None:
    """Classes that come with the probabilities q, a model that says p, and what the package's loss is on average."""
    _beliefs(q, rng)


@world()
def known(q: Run, rng: np.random.Generator) -> None:
    """The same with a model that says p = q."""
    _beliefs(q, rng, known=True)


@world()
def switches(q: Run, rng: np.random.Generator) -> None:
    """A tanh network whose outputs are on or off by themselves, with the package's binary cross-entropy."""
    _network(q, rng, int(rng.integers(4, 7)))
    for t in range(1, int(q["T"]) + 1):
        q[r"y^\ast", t] = rng.uniform(size=(int(q["O"]), 1))
        for i in range(1, int(q["O"]) + 1):
            q[r"y^\ast", t, i] = q[r"y^\ast", t][i - 1, 0]
        q["L", t] = binary_cross_entropy(q["y", t].T, q[r"y^\ast", t].T)[0]


def _padded(q: Run, rng: np.random.Generator, full: bool = False) -> Callable[[], Seen]:
    T, (B, D, H, O) = 5, _sizes(rng, 4)
    lengths = np.full(B, T) if full else np.append(rng.integers(1, T, size=B - 1), T)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    net.params["W_hy"] = net.params["W_hy"] * 3
    q["T"], q["B"], q["V"], q["N"] = T, B, O, int(lengths.sum())
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    inputs, targets = rng.normal(size=(T + 3, B, D)), rng.integers(O, size=(T + 3, B))
    other, wrong = rng.normal(size=(T + 3, B, D)), rng.integers(O, size=(T + 3, B))
    inside = length_mask(lengths, T + 3)
    here = _with(net, **{name: q[_tex(name)].T for name in net.params})

    def run(x: Array, steps: int) -> Array:
        """Return the scores of so many steps, (steps, B, O)."""
        h, scores = np.zeros((B, H)), []
        for t in range(steps):
            h = here.activation(here.pre_activation(x[t], h))
            scores.append(here.read_out(h))
        return np.stack(scores)

    scores = run(inputs, T)
    for b in range(1, B + 1):
        q[r"\ell", b] = lengths[b - 1]
        for t in range(1, T + 1):
            q["y", t, b] = scores[t - 1, b - 1][:, None]
            q["p", t, b] = _softmax(q["y", t, b].T).T
            q[r"\mu", t, b] = float(inside[t - 1, b - 1])
            q[r"y^\ast", t, b] = np.eye(O)[:, targets[t - 1, b - 1]][:, None]
            q["L", t, b] = softmax_cross_entropy(q["y", t, b].T, targets[t - 1, b - 1 : b])[0]
    scores = np.stack([np.stack([q["y", t, b][:, 0] for b in range(1, B + 1)]) for t in range(1, T + 1)])
    q["L"] = softmax_cross_entropy(scores, targets[:T], inside[:T])[0]
    refilled = run(np.where(inside[..., None], inputs, other), T + 3)  # more padding, and other numbers in it
    q[r"\tilde{L}"] = softmax_cross_entropy(refilled, np.where(inside, targets, wrong), inside)[0]

    def seen() -> Seen:
        d_outputs = softmax_cross_entropy(scores, targets[:T], inside[:T])[1]
        places = itertools.product(range(1, T + 1), range(1, B + 1))
        return {(r"\mathtt{d\_outputs}", t, b): d_outputs[t - 1, b - 1 : b].view(Rows) for t, b in places}

    return seen


@world()
def padded(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network over a batch of sequences of different lengths, filled up to one; classes, and a mask."""
    return _padded(q, rng)


@world()
def full(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with sequences of one length, so that nothing is padded."""
    return _padded(q, rng, full=True)


def collapse(path: Sequence[int], blank: int = 0) -> tuple[int, ...]:
    """Make each run of one symbol one, then take the blanks out."""
    return tuple(symbol for symbol, _ in itertools.groupby(path) if symbol != blank)


def paths(p: Array, steps: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Yield every path of so many steps with its probability; p is (T, V)."""
    for path in itertools.product(range(p.shape[1]), repeat=steps):
        yield path, float(np.prod([p[t, symbol] for t, symbol in enumerate(path)]))


@world()
def aligned(q: Run, rng: np.random.Generator) -> None:
    """Random scores, two labels without times, the package's ctc, and sums over all paths, one path at a time."""
    T, V = 5, 3
    labels = (int(rng.integers(1, V)), int(rng.integers(1, V)))
    places = [0, labels[0], 0, labels[1], 0]
    q["T"], q["V"], q["S"], q["O"] = T, V, 5, 5
    for s, symbol in enumerate(places, start=1):
        q["u", s] = symbol
        q["g", s] = float(s > 2 and symbol != 0 and symbol != places[s - 3])
    for t in range(1, T + 1):
        q["y", t] = rng.normal(size=(V, 1))
        q["p", t] = _softmax(q["y", t].T).T
        for i in range(V):
            q["p", t, i] = q["p", t][i, 0]
    q["L"] = ctc(_all(q, "y"), np.array([labels]))[0]

    p = _all(q, "p").real[:, 0]
    for t in range(1, T + 1):
        heads = list(paths(p, t))
        for s in range(-1, 6):  # the paths of t steps that have spelled the labels up to place s and stand there
            spelled = tuple(symbol for symbol in places[: max(s, 0)] if symbol)
            q[r"\alpha", t, s] = sum(
                w for path, w in heads if s > 0 and (collapse(path), path[-1]) == (spelled, places[s - 1])
            )
    good = [(path, w) for path, w in paths(p, T) if collapse(path) == labels]
    for t in range(1, T + 1):
        shares = [sum(w for path, w in good if path[t - 1] == symbol) for symbol in range(V)]
        q[r"\gamma", t] = np.array(shares)[:, None] / sum(w for _, w in good)


# --------------------------------------------------------------------------- the formulas

# one number for all steps
losses_sum = equation(where=scored, for_all="1 <= t <= T")
losses_mean = equation(where=scored)

# squared error
losses_mse = equation(where=squared, for_all="1 <= t <= T")
losses_constant = equation(where=squared)

# softmax and cross-entropy
losses_softmax = equation(where=scored, for_all="1 <= t <= T and 1 <= i <= O")
losses_shift = equation(where=scored, for_all="1 <= t <= T and 1 <= i <= O")
losses_cross_entropy = equation(where=scored, for_all="1 <= t <= T")
losses_largest = equation(where=scored, for_all="1 <= t <= T")
losses_between = equation(where=scored, for_all="1 <= t <= T", equal_in=(decided, undecided))
losses_jacobian = equation(where=scored, for_all="1 <= t <= T")
losses_gradient = equation(where=scored, for_all="1 <= t <= T")
losses_local_error = equation(where=scored, for_all="1 <= t <= T")
losses_temperature = equation(where=scored, for_all="1 <= t <= T and 1 <= i <= O and 1 <= j <= O and i != j")

# what cannot be undercut
losses_divergence = equation(where=beliefs)
losses_floor = equation(where=beliefs, equal_in=known)

# on or off
losses_binary = equation(where=switches, for_all="1 <= t <= T")
losses_two_classes = equation(where=switches, for_all="1 <= t <= T")

# which steps count
losses_masked = equation(where=padded)
losses_masked_gradient = equation(where=padded, for_all="1 <= t <= T and 1 <= b <= B")
losses_padding = equation(where=padded)
losses_not_positions = equation(where=padded, equal_in=full)
losses_not_sequences = equation(where=padded, equal_in=full)
losses_last = equation(where=scored, for_all="1 <= t < T")

# perplexity
losses_likelihood = equation(where=scored)
losses_perplexity = equation(where=scored)
losses_uniform = equation(where=undecided)
losses_least = equation(where=scored, equal_in=decided)
losses_harmonic = equation(where=scored, equal_in=undecided)
losses_reciprocal = equation(where=scored)
losses_bits = equation(where=scored)

# labels without times
losses_ctc_start = equation(where=aligned, for_all="3 <= s <= O")
losses_ctc_forward = equation(where=aligned, for_all="2 <= t <= T and 1 <= s <= O")
losses_ctc_end = equation(where=aligned)
losses_ctc_gradient = equation(where=aligned, for_all="1 <= t <= T")


@twin()
def losses_all_texts(rng: np.random.Generator) -> Sides:
    """Let a network read each of the V^T texts, and add up the probabilities that it gives to their symbols."""
    T, V, H = 4, 3, 5
    net = SimpleRNN(V, H, V, rng=rng)
    _randomise(net.params, rng)
    total = 0.0
    for text in itertools.product(range(V), repeat=T):
        inputs = np.zeros((T, 1, V))
        inputs[np.arange(1, T), 0, text[:-1]] = 1  # at the first step nothing has been read
        outputs, _ = net.forward(inputs)
        total += np.exp(-T * softmax_cross_entropy(outputs, np.array(text)[:, None])[0])
    return total, 1.0


@twin()
def losses_ctc_paths(rng: np.random.Generator) -> Sides:
    """Take the package's loss, and add up the probabilities of all paths that collapse to the labels, one by one."""
    T, V = 5, 4
    scores, labels = rng.normal(size=(T, 1, V)), tuple(rng.integers(1, V, size=2).tolist())
    p = np.exp(scores[:, 0]) / np.exp(scores[:, 0]).sum(axis=1, keepdims=True)
    return np.exp(-ctc(scores, np.array([labels]))[0]), sum(w for path, w in paths(p, T) if collapse(path) == labels)


@twin("count")
def losses_ctc_steps(rng: np.random.Generator) -> Sides:
    """Try more and more steps until some path collapses to the labels; count labels and repeats."""
    fewest, counted = [], []
    for labels in itertools.product((1, 2), repeat=3):
        even = np.full((6, 3), 1 / 3)
        fewest.append(next(T for T in range(1, 7) if any(collapse(path) == labels for path, _ in paths(even, T))))
        counted.append(len(labels) + sum(a == b for a, b in itertools.pairwise(labels)))
    return fewest, counted
