"""The formulas of the chapter *applications*: what is measured, what bounds it, and what runs by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rnn import SimpleRNN
from rnn.equations import Sides, equation, twin
from rnn.equations.context import Run, world
from rnn.equations.worlds import _randomise, _sizes, _tanh_states, _tex, _with
from rnn.losses import mse, perplexity, softmax_cross_entropy
from rnn.metrics import Found, compare_entities, edit_distances, word_error_rate

# --------------------------------------------------------------------------- forecasting


# --8<-- [start:alone]
@world()
def applications_alone(q: Run, rng: np.random.Generator) -> None:
    """A tanh network reads T inputs and then runs on, four steps, each input its own last output."""
    T, n, (D, H) = 4, 4, _sizes(rng, 2)
    net = SimpleRNN(D, H, D, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["S"], q["D"], q["H"] = T, T + n, D, H
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    q["A"] = q["W_{hh}"] + q["W_{xh}"] @ q["W_{hy}"]
    here = _with(net, **{name: q[_tex(name)].T for name in net.params})
    q["h", 0] = rng.normal(size=(H, 1)) * 0.5
    for t in range(1, T + n + 1):
        if t <= T:
            q["x", t] = rng.normal(size=(D, 1))
        read = q["x", t] if t <= T else q[r"\hat{x}", t]
        if t == T:
            q[r"\hat{x}", t] = read  # the last true value is the first that is read by the recursion
        q["h", t] = here.activation(here.pre_activation(read.T, q["h", t - 1].T)).T
        if t >= T:
            q[r"\hat{x}", t + 1] = here.read_out(q["h", t].T).T


# --8<-- [end:alone]


def _walk(q: Run, rng: np.random.Generator, *, persist: bool) -> None:
    n, past = int(rng.integers(3, 7)), 5
    walk = np.cumsum(rng.choice([-1.0, 1.0], size=past))
    net = SimpleRNN(1, 3, 1, rng=rng)
    _randomise(net.params, rng)
    outputs, _ = net.forward(walk[:, None, None])
    q["n"], q["S"], q["x"] = n, 2**n, walk[-1]
    q["g"] = walk[-1] if persist else walk[-1] + outputs[-1, 0, 0]
    for s in range(2**n):
        q["x", s + 1] = walk[-1] + sum(1 if s >> i & 1 else -1 for i in range(n))


@world()
def applications_walk(q: Run, rng: np.random.Generator) -> None:
    """A random walk in steps of ±1, all its futures of n steps, and a network's forecast from its past."""
    _walk(q, rng, persist=False)


@world()
def applications_stay(q: Run, rng: np.random.Generator) -> None:
    """The same walk with the forecast that nothing changes."""
    _walk(q, rng, persist=True)


# --------------------------------------------------------------------------- a model that counts


# --8<-- [start:pairs]
def _counted(q: Run, rng: np.random.Generator, *, smoothing: float) -> None:
    V = int(rng.integers(3, 6))
    every = np.array([(u, v) for u in range(V) for v in range(V)])
    pairs = np.concatenate([every, rng.integers(V, size=(30, 2))])  # each pair at least once
    n = np.zeros((V, V))
    np.add.at(n, (pairs[:, 0], pairs[:, 1]), 1)
    p = (n + smoothing) / (n.sum(axis=1, keepdims=True) + V * smoothing)
    q["V"], q["S"], q["N"], q[r"\alpha"] = V, V, len(pairs), smoothing
    for u in range(1, V + 1):
        q["m", u] = sum(pairs[:, 0] == u - 1)
        for v in range(1, V + 1):
            q["n", u, v], q["p", u, v] = n[u - 1, v - 1], p[u - 1, v - 1]
    q["L"] = softmax_cross_entropy(np.log(p)[pairs[:, 0]], pairs[:, 1])[0]
    q["P"] = perplexity(float(q["L"]))


# --8<-- [end:pairs]


@world()
def applications_pairs(q: Run, rng: np.random.Generator) -> None:
    """Pairs of neighbouring symbols, their counts, and the package's cross-entropy of the smoothed counts."""
    _counted(q, rng, smoothing=float(rng.uniform(0.2, 2)))


@world()
def applications_plain(q: Run, rng: np.random.Generator) -> None:
    """The same without smoothing."""
    _counted(q, rng, smoothing=0.0)


# --------------------------------------------------------------------------- one answer for a sequence


# --8<-- [start:pooled]
@world()
def applications_pooled(q: Run, rng: np.random.Generator) -> None:
    """A tanh network of the package that answers once, from the mean of all its states, with a squared error."""
    _, here = _tanh_states(q, rng)
    T, O = int(q["T"]), int(q["O"])
    q[r"\bar{h}"] = np.stack([q["h", t] for t in range(1, T + 1)]).mean(axis=0)
    q["y"] = here.read_out(q[r"\bar{h}"].T).T
    q["L"] = mse(q["y"].T, rng.normal(size=(1, O)))[0]


# --8<-- [end:pooled]


# --------------------------------------------------------------------------- speech: frames and errors


@world()
def applications_framed(q: Run, rng: np.random.Generator) -> None:
    """A signal of N samples, cut into frames of w samples, one every s; T frames fit, r samples are left over."""
    s = int(rng.integers(2, 6))
    w = s + int(rng.integers(1, 7))
    N = w + int(rng.integers(4, 9)) * s + int(rng.integers(1, s))
    frames = np.lib.stride_tricks.sliding_window_view(np.arange(N), w)[::s]
    q["N"], q["w"], q["s"], q["T"], q["r"] = N, w, s, len(frames), N - 1 - frames[-1, -1]


def _transcribed(q: Run, reference: Sequence[int], guess: Sequence[int]) -> None:
    q["M"], q["N"] = len(reference), len(guess)
    for i, row in enumerate(edit_distances(reference, guess)):
        for j, distance in enumerate(row):
            q["D", i, j] = distance
    q["W"] = word_error_rate([reference], [guess])


@world()
def applications_transcript(q: Run, rng: np.random.Generator) -> None:
    """A random reference and a longer random guess, with the package's edit distances and error rate."""
    M = int(rng.integers(4, 7))
    _transcribed(q, rng.integers(3, size=M).tolist(), rng.integers(3, size=M + int(rng.integers(1, 5))).tolist())


@world()
def applications_inserted(q: Run, rng: np.random.Generator) -> None:
    """The same with a guess that is the reference with something put in."""
    M = int(rng.integers(4, 7))
    reference = rng.integers(3, size=M).tolist()
    _transcribed(q, reference, reference[:2] + rng.integers(3, size=int(rng.integers(1, 5))).tolist() + reference[2:])


@world()
def applications_babble(q: Run, rng: np.random.Generator) -> None:
    """A longer guess in which no word is one of the reference."""
    M = int(rng.integers(4, 7))
    _transcribed(q, rng.integers(3, size=M).tolist(), rng.integers(3, 6, size=M + int(rng.integers(1, 9))).tolist())


# --------------------------------------------------------------------------- names found and missed


def _found(q: Run, counts: Found) -> None:
    q["a"], q["b"], q["c"] = counts
    q["P"], q["R"], q["F"] = counts.precision, counts.recall, counts.f1


def _random_tags(rng: np.random.Generator, share: float) -> tuple[list[str], list[str]]:
    tags = np.array(["O", "B-PER", "I-PER", "B-LOC"])
    truth = rng.choice(tags, size=40)
    return truth.tolist(), np.where(rng.random(40) < share, rng.choice(tags, size=40), truth).tolist()


@world()
def applications_named(q: Run, rng: np.random.Generator) -> None:
    """Random tags and a guess that is partly wrong; a, b and c count the entities found, invented and missed."""
    while True:
        truth, guess = _random_tags(rng, 0.3)
        counts = compare_entities([truth], [guess])
        if counts.right and counts.invented != counts.missed:
            return _found(q, counts)


@world()
def applications_even(q: Run, rng: np.random.Generator) -> None:
    """The same with as many invented as missed."""
    while True:
        truth, guess = _random_tags(rng, 0.3)
        counts = compare_entities([truth], [guess])
        if counts.right and counts.invented == counts.missed:
            return _found(q, counts)


# --------------------------------------------------------------------------- the formulas

applications_free_running = equation(where=applications_alone, for_all="T <= t <= S")
applications_closed_loop = equation(where=applications_alone, for_all="T < t <= S")
applications_random_walk = equation(where=applications_walk, equal_in=applications_stay)
applications_bigram = equation(where=applications_pairs, for_all="1 <= u <= S and 1 <= v <= S")
applications_bigram_perplexity = equation(where=applications_pairs)
applications_counts = equation(where=applications_pairs, equal_in=applications_plain)
applications_frames = equation(where=applications_framed, kind="count")
applications_wer = equation(where=applications_transcript)
applications_wer_least = equation(where=applications_transcript, equal_in=applications_inserted)
applications_wer_above = equation(where=applications_babble)
applications_pooling = equation(where=applications_pooled)
applications_pooling_gradient = equation(where=applications_pooled, for_all="1 <= t < T")
applications_f1 = equation(where=applications_named)
applications_harmonic = equation(where=applications_named, equal_in=applications_even)


def _fewest_edits(reference: tuple[int, ...], guess: tuple[int, ...], symbols: int) -> int:
    """Search from the reference outwards, one edit at a time, until the guess is found."""
    reached, edits = {reference}, 0
    while guess not in reached:
        edits += 1
        shorter = {r[:i] + r[i + 1 :] for r in reached for i in range(len(r))}
        other = {(*r[:i], s, *r[i + 1 :]) for r in reached for i in range(len(r)) for s in range(symbols)}
        longer = {(*r[:i], s, *r[i:]) for r in reached for i in range(len(r) + 1) for s in range(symbols)}
        reached |= shorter | other | longer
    return edits


@twin("count")
def applications_edit(rng: np.random.Generator) -> Sides:
    """Take the package's table, filled by the recursion; search for the fewest edits, one after another."""
    found, searched = [], []
    for M, N in ((3, 3), (4, 3), (2, 4)):
        reference, guess = tuple(rng.integers(2, size=M).tolist()), tuple(rng.integers(2, size=N).tolist())
        D = edit_distances(reference, guess)
        for i in range(M + 1):
            for j in range(N + 1):
                found.append(int(D[i, j]))
                searched.append(_fewest_edits(reference[:i], guess[:j], 2))
    return found, searched
