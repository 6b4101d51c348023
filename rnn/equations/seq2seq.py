"""The formulas of the chapter *seq2seq*: an encoder, a decoder, and attention between them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from rnn.attention import AdditiveAttention, DotAttention, softmax
from rnn.equations import Sides, definition, equation, twin
from rnn.equations.context import Run, world
from rnn.equations.tex import Rows
from rnn.equations.worlds import Seen, _randomise, _sizes, _with
from rnn.losses import softmax_cross_entropy
from rnn.seq2seq import Seq2Seq
from rnn.simple import ElmanCell
from rnn.unrolled import Unrolled
from rnn.validate import Array

# --------------------------------------------------------------------------- contexts


def _translation(q: Run, rng: np.random.Generator, *, certain: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:translation]
    S, T = (int(n) for n in rng.permutation([4, 5, 6])[:2])
    D, H, M, V = _sizes(rng, 4)
    reader, writer = ElmanCell(D, H, rng=rng), ElmanCell(M, H, rng=rng)
    model = Seq2Seq(Unrolled(reader), Unrolled(writer), V, rng=rng)
    _randomise(dict(model.params), rng)
    source, written = rng.normal(size=(S, 1, D)), rng.integers(0, V, T + 1)  # the start symbol, then T symbols
    if certain:  # only one symbol is ever written
        written[:] = written[0]
        model.params["read_out.b"][written[0]] += 200

    q["S"], q["T"], q["D"], q["H"], q["M"], q["V"], q[r"\mathbf{1}"] = S, T, D, H, M, V, np.ones((V, 1))
    q["W_{xh}"], q["W_{hh}"], q["b_{h}"] = (np.atleast_2d(reader.params[n]).T for n in ("W_xh", "W_hh", "b_h"))
    q["W_{ws}"], q["W_{ss}"], q["b_{s}"] = (np.atleast_2d(writer.params[n]).T for n in ("W_xh", "W_hh", "b_h"))
    q["W_{sy}"], q["b_{y}"] = (np.atleast_2d(model.read_out.params[n]).T for n in ("W", "b"))
    q["E"] = model.embedding.params["E"].T
    q["h", 0] = np.zeros((H, 1))
    for j in range(1, S + 1):
        q["x", j] = source[j - 1].T
        at_j = _with(reader, W_hh=q["W_{hh}"].T)
        q["h", j] = at_j.activation(at_j.pre_activation(q["x", j].T, q["h", j - 1].T)).T
    q["s", 0] = q["h", S]
    q["w", 0] = np.eye(V)[:, written[:1]]
    q["L"] = 0.0
    for t in range(1, T + 1):
        p = q["E"] @ q["w", t - 1]
        q["s", t] = writer.activation(writer.pre_activation(p.T, q["s", t - 1].T)).T
        q["y", t] = q["W_{sy}"] @ q["s", t] + q["b_{y}"]
        q["w", t] = np.eye(V)[:, written[t : t + 1]]
        q["p", t] = softmax(q["y", t].T, np.ones((1, V), bool)).T
        q["L", t] = -np.log((q["w", t].T @ q["p", t])[0, 0])
        q["L"] = q["L"] + q["L", t]
    # --8<-- [end:translation]
    q["P"] = np.exp(-q["L"])
    read = {j: j for j in range(1, S + 1)}, {S + 1 - j: j for j in range(1, S + 1)}  # at which step is symbol j read?
    for j in range(1, S + 1):  # and how many steps later is symbol j written?
        q[r"\ell", j], q[r"\hat{\ell}", j] = (
            float(S + j - next(step for step, symbol in order.items() if symbol == j)) for order in read
        )

    def seen() -> Seen:
        """Run the package's model under teacher forcing, and backwards."""
        scores = model.forward(source, written[:-1, None])
        loss, d_scores = softmax_cross_entropy(scores, written[1:, None])
        d_outputs, _ = model.read_out.backward(T * d_scores)
        _, (d_s,) = model.decoder.backward(d_outputs)
        found: Seen = {("L",): np.asarray(T * loss), (r"\delta", S): d_s.T}
        for t in range(1, T + 1):
            found["y", t], found["d", t] = scores[t - 1].T, T * d_scores[t - 1].T
        return found

    return seen


_MEANS = {r"\delta_j": r"\frac{\partial L}{\partial h_j}", r"e_t": r"\frac{\partial L_t}{\partial s_t}"}


@world(means=_MEANS)
def translation(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """An encoder and a decoder, both tanh networks, with one sentence and its translation."""
    return _translation(q, rng)


@world(means=_MEANS)
def certain(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but every symbol has the probability 1."""
    return _translation(q, rng, certain=True)


def _attending(q: Run, rng: np.random.Generator, *, masked: bool = True) -> Callable[[], Seen]:
    # --8<-- [start:attending]
    S, T = (int(n) for n in rng.permutation([4, 5, 6])[:2])
    (D, H, M, V), padding = _sizes(rng, 4), 2
    reader, writer, attention = ElmanCell(D, H, rng=rng), ElmanCell(M + H, H, rng=rng), DotAttention(H)
    model = Seq2Seq(Unrolled(reader), writer, V, attention=attention, rng=rng)
    _randomise(dict(model.params), rng)
    source, written = rng.normal(size=(S + padding, 1, D)), rng.integers(0, V, T + 1)

    q["S"], q["T"], q["D"], q["H"], q["M"], q["V"], q["N"], q["I"] = S, T, D, H, M, V, padding, np.eye(H)
    q["W_{xh}"], q["W_{hh}"], q["b_{h}"] = (np.atleast_2d(reader.params[n]).T for n in ("W_xh", "W_hh", "b_h"))
    q["W_{ws}"], q["W_{cs}"] = writer.params["W_xh"][:M].T, writer.params["W_xh"][M:].T
    q["W_{ss}"], q["b_{s}"] = (np.atleast_2d(writer.params[n]).T for n in ("W_hh", "b_h"))
    q["W_{sy}"], q["W_{cy}"] = model.read_out.params["W"][:H].T, model.read_out.params["W"][H:].T
    q["b_{y}"], q["E"] = np.atleast_2d(model.read_out.params["b"]).T, model.embedding.params["E"].T
    q["h", 0] = np.zeros((H, 1))
    for j in range(1, S + 1):
        q["x", j] = source[j - 1].T
        q["h", j] = reader.activation(reader.pre_activation(q["x", j].T, q["h", j - 1].T)).T
    q["s", 0] = q["h", S]
    keys = np.stack([q["h", j][:, 0] for j in range(1, S + 1)])[None]
    q["L"] = 0.0
    for t in range(1, T + 1):
        m, _ = attention.scores(q["s", t - 1].T[None], attention.project(keys))
        for j in range(1, S + 1):
            q["m", t, j] = m[0, 0, j - 1]
        row = np.stack([q["m", t, j] for j in range(1, S + 1)] + [0 * m[0, 0, 0]] * padding)  # keys of zeros
        for j, weight in enumerate(softmax(row, (np.arange(S + padding) < S) | (not masked))[:S], start=1):
            q[r"\alpha", t, j] = weight
        q["c", t] = sum(q[r"\alpha", t, j] * q["h", j] for j in range(1, S + 1))
        x = np.concatenate([model.embedding.params["E"][written[t - 1]][:, None], q["c", t]])
        q["s", t] = writer.activation(writer.pre_activation(x.T, q["s", t - 1].T)).T
        q["w", t - 1], q["w", t] = (np.eye(V)[:, written[i : i + 1]] for i in (t - 1, t))
        q["y", t] = (np.concatenate([q["s", t], q["c", t]]).T @ model.read_out.params["W"]).T + q["b_{y}"]
        q["p", t] = softmax(q["y", t].T, np.ones((1, V), bool)).T
        q["L", t] = -np.log((q["w", t].T @ q["p", t])[0, 0])
        q["L"] = q["L"] + q["L", t]
    # --8<-- [end:attending]

    def seen() -> Seen:
        """Run the package's model on the padded source; watch where it looks, and what comes back to the encoder."""
        scores = model.forward(source, written[:-1, None], source_lengths=[S])
        _, d_scores = softmax_cross_entropy(scores, written[1:, None])
        d_outputs, _ = model.read_out.backward(T * d_scores)
        _, (d_s,), d_encoded = model.decoder.backward(d_outputs)
        memory, _, caches = model.decoder._last
        found: Seen = {(r"\delta", S): (d_s + d_encoded[S - 1]).T}
        for t, (look, _) in enumerate(caches, start=1):
            found["y", t], found["c", t] = scores[t - 1].T, (look[0] @ memory.values)[0].T
            for j in range(1, S + padding + 1):
                found[r"\alpha", t, j] = np.asarray(look[0][0, 0, j - 1])
        return found

    return seen if masked else dict  # the package always masks


@world(means=_MEANS, held=["h", "s", r"\alpha"])
def attending(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with attention by dot products; the source is padded."""
    return _attending(q, rng)


@world(means=_MEANS, held=["h", "s", r"\alpha"])
def unmasked(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the padding read as if it were source: its keys and values are zeros."""
    return _attending(q, rng, masked=False)


def _looking(q: Run, rng: np.random.Generator, kind: str, *, parallel: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:looking]
    S, T = (int(n) for n in rng.permutation([4, 5, 6])[:2])
    H, K, C, A = _sizes(rng, 4)
    K = K if kind == "additive" else H
    attention: Any = DotAttention(H, scaled=kind == "scaled")
    if kind == "additive":
        attention = AdditiveAttention(H, K, A, rng=rng)
        q["W_{q}"], q["W_{k}"], q["v"] = (np.atleast_2d(attention.params[n]).T for n in ("W_q", "W_k", "v"))
    q["S"], q["T"], q["H"], q["C"] = S, T, H, C
    values, wanted, q[r"\beta"] = rng.normal(size=(S, C)), rng.normal(size=(T, C)), rng.normal()
    if parallel:
        values = rng.uniform(0.1, 1.0, size=(S, 1)) * values[:1]
    for t in range(1, T + 1):
        q["q", t] = rng.normal(size=(H, 1))
    for j in range(1, S + 1):
        q["k", j], q["h", j] = rng.normal(size=(K, 1)), values[j - 1][:, None]
    q["L"] = 0.0
    for t in range(1, T + 1):
        for j in range(1, S + 1):
            at = _with(attention, **{n: q[f"W_{{{n[2]}}}"].T for n in attention.params if n != "v"})
            at.params = {**at.params, **({"v": q["v"][:, 0]} if kind == "additive" else {})}
            m, cache = at.scores(q["q", t].T[None], at.project(q["k", j].T[None]))
            q["m", t, j] = m[0, 0, 0]
            if kind == "additive":
                q["u", t, j] = cache[1][0, 0].T
        row = np.stack([q["m", t, j] for j in range(1, S + 1)])
        for j, weight in enumerate(softmax(row, np.ones(S, bool)), start=1):
            q[r"\alpha", t, j] = weight
        q["c", t] = sum(q[r"\alpha", t, j] * q["h", j] for j in range(1, S + 1))
        q["L"] = q["L"] + ((q["c", t] - wanted[t - 1][:, None]) ** 2).sum() / 2
    # --8<-- [end:looking]

    def seen() -> Seen:
        """Let the package look with all queries at once, and go back."""
        queries = np.stack([q["q", t].T for t in range(1, T + 1)])
        keys, kept = (np.stack([q[name, j].T for j in range(1, S + 1)]) for name in ("k", "h"))
        contexts, weights = attention.forward(queries, keys, kept)
        back = attention.backward(contexts - wanted[:, None])
        found: Seen = {(r"d" + name,): np.atleast_2d(grad).T for name, grad in attention.grads.items()}
        for name, arrays in zip(("\\bar{q}", "\\bar{k}", "\\bar{h}"), back, strict=True):
            for i, array in enumerate(arrays, start=1):
                found[name, i] = array.T
        for t in range(1, T + 1):
            found["c", t] = contexts[t - 1].T
            for j in range(1, S + 1):
                found[r"\alpha", t, j] = np.asarray(weights[t - 1, 0, j - 1])
        return found

    return seen


@world()
def looking(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Attention on its own, by dot products: queries, keys, values, and a squared error for each context."""
    return _looking(q, rng, "dot")


@world()
def looking_scaled(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with scaled dot products."""
    return _looking(q, rng, "scaled")


@world()
def looking_additive(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with additive scores."""
    return _looking(q, rng, "additive")


@world()
def looking_along(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same as `looking`, with values that all point in one direction."""
    return _looking(q, rng, "dot", parallel=True)


_D = {
    rf"\mathtt{{d\_{name}}}": rf"\frac{{\partial L}}{{\partial \mathtt{{{name}}}}}"
    for name in ("queries", "keys", "values", "scores", "weights", "contexts")
}


@world(means=_D)
def looking_rows(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same as `looking`, as arrays of the code: one sequence of a batch, in typewriter."""
    S, T = (int(n) for n in rng.permutation([4, 5, 6])[:2])
    H, C = _sizes(rng, 2)
    attention, wanted = DotAttention(H), rng.normal(size=(T, C))
    q["S"], q["T"], q["H"], q["C"], q[r"\mathbf{1}"] = S, T, H, C, np.ones((S, 1))
    for name, shape in (("queries", (T, H)), ("keys", (S, H)), ("values", (S, C))):
        q[rf"\mathtt{{{name}}}"] = rng.normal(size=shape).view(Rows)
    scores, _ = attention.scores(q[r"\mathtt{queries}"][None], attention.project(q[r"\mathtt{keys}"][None]))
    q[r"\mathtt{scores}"] = scores[0].view(Rows)
    q[r"\mathtt{weights}"] = softmax(q[r"\mathtt{scores}"], np.ones((T, S), bool)).view(Rows)
    q[r"\mathtt{contexts}"] = (q[r"\mathtt{weights}"] @ q[r"\mathtt{values}"]).view(Rows)
    q["L"] = np.asarray(((q[r"\mathtt{contexts}"] - wanted) ** 2).sum() / 2)

    def seen() -> Seen:
        """Let the package look, and go back."""
        given = [np.array(q[rf"\mathtt{{{name}}}"])[:, None] for name in ("queries", "keys", "values")]
        contexts, weights = attention.forward(*given)
        back = attention.backward(contexts - wanted[:, None])
        names = ("d\\_queries", "d\\_keys", "d\\_values", "contexts", "weights")
        arrays = (*back, contexts, weights)
        return {(rf"\mathtt{{{n}}}",): a[:, 0].view(Rows) for n, a in zip(names, arrays, strict=True)}

    return seen


# --------------------------------------------------------------------------- models that write a few symbols


# --8<-- [start:by-table]
def by_table(table: Array) -> Seq2Seq:
    """Make a model in which the symbol before alone decides: row i holds the probabilities of what follows symbol i."""
    V = len(table)
    model = Seq2Seq(Unrolled(ElmanCell(1, V)), Unrolled(ElmanCell(V, V)), V)
    halves = np.log(table) / 2
    by_hand = {
        "embedding.E": np.eye(V),
        "decoder.W_xh": 40 * np.eye(V),  # tanh(20) is 1: the state says which symbol came before
        "decoder.W_hh": np.zeros((V, V)),
        "decoder.b_h": np.full(V, -20.0),
        "read_out.W": halves,
        "read_out.b": halves.sum(axis=0),
    }
    for name, value in by_hand.items():
        model.params[name][...] = value
    return model


# --8<-- [end:by-table]


MISLED = np.array([[0.10, 0.50, 0.40], [0.40, 0.30, 0.30], [0.90, 0.05, 0.05]])  # of the end, A and B


def _tree(q: Run, table: Array) -> None:
    model, source = by_table(table), np.zeros((1, 1, 1))
    greedy = model.greedy(source, start=0, end=0, max_length=3)[0]
    q[r"\hat{P}"] = np.exp(greedy.log_probability)
    q["P^\\ast"] = np.exp(max(log_p for _, log_p in _enumerated(model, source, 3)))


@world()
def misled(q: Run, rng: np.random.Generator) -> None:
    """A model of three symbols in which the likeliest beginning has no likely end."""
    _tree(q, np.array([*rng.dirichlet([400, 2000, 1600], 1), [0.4, 0.3, 0.3], [0.9, 0.05, 0.05]]))


@world()
def not_misled(q: Run, rng: np.random.Generator) -> None:
    """The same with an order of the rows in which the likeliest beginning has the likeliest end."""
    _tree(q, np.array([*rng.dirichlet([400, 2000, 1600], 1), [0.9, 0.05, 0.05], [0.4, 0.3, 0.3]]))


def _random_writer(rng: np.random.Generator) -> tuple[Seq2Seq, Array]:
    """Make a model with random parameters that writes three symbols, of which 0 is the end; and a source."""
    model = Seq2Seq(Unrolled(ElmanCell(2, 4)), Unrolled(ElmanCell(3, 4)), 3, rng=rng)
    for value in model.params.values():
        value[...] = rng.normal(size=value.shape)
    return model, rng.normal(size=(4, 1, 2))


def _enumerated(model: Seq2Seq, source: Array, longest: int) -> list[tuple[list[int], float]]:
    """List every sentence that ends, or is cut off at the longest length, with the logarithm of its probability."""
    found = []
    for n in range(1, longest + 1):
        for w in itertools.product(range(model.vocabulary_size), repeat=n):
            if 0 in w[:-1] or (w[-1] != 0 and n < longest):
                continue
            loss, _ = softmax_cross_entropy(
                model.forward(source, np.array([[0], *([i] for i in w[:-1])])), np.array([w]).T
            )
            found.append((list(w), -n * float(loss)))
    return found


# --------------------------------------------------------------------------- formulas

STEPS, PAIRS = "1 <= t <= T", "1 <= t <= T and 1 <= j <= S"

# encoder and decoder
seq2seq_forward = equation(where=translation, for_all=PAIRS)
seq2seq_probability = equation(where=translation, for_all=STEPS)
seq2seq_product = equation(where=translation)
seq2seq_loss = definition(where=translation)
seq2seq_shorter = equation(where=translation, for_all=STEPS, equal_in=certain)

# backwards
seq2seq_output_error = definition(where=translation, for_all=STEPS)
seq2seq_decoder_back = equation(where=translation, for_all="1 <= t < T")
seq2seq_handover = definition(where=translation)
seq2seq_encoder_back = equation(where=translation, for_all="1 <= j < S")
seq2seq_long_way = equation(where=translation, for_all=PAIRS)
seq2seq_neck = equation(where=translation, for_all=PAIRS)

# source reversal
seq2seq_lags = equation(where=translation, for_all="1 <= j <= S", kind="count")

# attention
seq2seq_dot = equation(where=looking, for_all=PAIRS)
seq2seq_scaled = equation(where=looking_scaled, for_all=PAIRS)
seq2seq_additive = equation(where=looking_additive, for_all=PAIRS)
seq2seq_weights = definition(where=looking, for_all=PAIRS)
seq2seq_shift = equation(where=(looking, looking_additive), for_all=PAIRS)
seq2seq_rows_sum = equation(where=(looking, looking_additive, attending), for_all=STEPS)
seq2seq_context = definition(where=looking, for_all=STEPS)
seq2seq_attending = equation(where=attending, for_all=PAIRS)
seq2seq_mask = equation(where=attending, for_all=STEPS)
seq2seq_unmasked = equation(where=attending, for_all=PAIRS, equal_in=unmasked)
seq2seq_convex = equation(where=looking, for_all=STEPS, equal_in=looking_along)
seq2seq_direct = equation(where=attending, for_all=PAIRS)
seq2seq_no_neck = equation(where=attending, for_all=PAIRS, equal_in=translation)
seq2seq_rows = equation(where=looking_rows)

# backwards through attention
seq2seq_d_weights = equation(where=(looking, looking_additive), for_all=PAIRS)
seq2seq_d_scores = equation(where=(looking, looking_additive), for_all=PAIRS)
seq2seq_d_inputs = definition(where=looking, for_all=PAIRS)
seq2seq_d_additive = equation(where=looking_additive, for_all=PAIRS)
seq2seq_d_rows = equation(where=looking_rows)
seq2seq_d_rows_inputs = definition(where=looking_rows)
seq2seq_three_roads = equation(where=attending, for_all="1 <= j < S")

# writing
seq2seq_not_greedy = equation(where=misled, equal_in=not_misled)


@twin()
def seq2seq_total(rng: np.random.Generator) -> Sides:
    """Let a beam keep everything that can be written in up to three symbols, and add up its probabilities."""
    model, source = _random_writer(rng)
    every = model.beam(source, start=0, end=0, max_length=3, width=3**3)[0]
    return sum(np.exp(h.log_probability) for h in every), 1.0


@twin()
def seq2seq_beam(rng: np.random.Generator) -> Sides:
    """Ask a beam that keeps everything for the best; teacher-force every sentence of up to three symbols."""
    model, source = _random_writer(rng)
    best = model.beam(source, start=0, end=0, max_length=3, width=3**3)[0][0]
    return best.log_probability, max(log_p for _, log_p in _enumerated(model, source, 3))


@twin()
def seq2seq_normalised(rng: np.random.Generator) -> Sides:
    """Let the beam order by the penalised value; compute that value of every sentence."""
    model, source = _random_writer(rng)
    kappa = rng.uniform(0.5, 3.0)
    best = model.beam(source, start=0, end=0, max_length=3, width=3**3, length_penalty=kappa)[0][0]
    value = best.log_probability / ((5 + len(best.symbols)) / 6) ** kappa
    return value, max(log_p / ((5 + len(w)) / 6) ** kappa for w, log_p in _enumerated(model, source, 3))


@twin()
def seq2seq_first_mistake(rng: np.random.Generator) -> Sides:
    """Write freely and compare with the target; or force the target, and see whether each step's best is right.

    The model is one that ends at different lengths, and half of the targets are what it writes: both answers occur.
    """
    free: list[list[int]] = []
    while len({len(own) for own in free if own[-1] == 0}) < 2:
        model, _ = _random_writer(rng)
        source = rng.normal(size=(4, 200, 2))
        free = [written.symbols.tolist() for written in model.greedy(source, start=0, end=0, max_length=3)]
    exact, forced = np.zeros(len(free)), np.zeros(len(free))
    for b, own in enumerate(free):
        drawn = [*rng.integers(1, 3, rng.integers(3)).tolist(), 0]  # of one to three symbols, the end included
        target = own if b % 2 and own[-1] == 0 else drawn
        scores = model.forward(source[:, [b]], np.array([[0, *target[:-1]]]).T)
        exact[b], forced[b] = own == target, (scores[:, 0].argmax(axis=-1) == target).all()
    return exact, forced
