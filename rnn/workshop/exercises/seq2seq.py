"""Exercises of the chapter *seq2seq*."""

import itertools
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import rnn.attention
from rnn.validate import Array
from rnn.workshop.exercise import Exercise
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Text, Wrong, expect

if TYPE_CHECKING:  # the model answer's own import; this module is read where there is no Lark, too
    from rnn.equations.seq2seq import by_table

# ── 4: which beam is wide enough ────────────────────────────────────────────────────────────────────────────────────


def draw(count, seed):
    """Draw tables of four symbols; each row says what follows a symbol."""
    rng = np.random.default_rng(seed)
    return [rng.dirichlet(np.ones(4), 4) for _ in range(count)]


def shares(tables, widths):
    """Return for each width in which share of the tables a beam finds the most probable sentence."""
    source, options = np.zeros((1, 1, 1)), {"start": 0, "end": 0, "max_length": 5}
    found = np.zeros(len(widths))
    for table in tables:
        model = by_table(table)
        best = model.beam(source, width=4**5, **options)[0][0]
        for k, width in enumerate(widths):
            came = model.beam(source, width=width, **options)[0][0]
            found[k] += np.array_equal(came.symbols, best.symbols)
    return found / len(tables)


LONGEST = 5


def check_beams(work: Subject) -> None:
    """Tables of the kind asked for; then beams on the first tables of the page, on some that hardly end, on new ones."""
    tables = work("draw", 60, 7)
    if not isinstance(tables, list | tuple | np.ndarray) or np.shape(tables) != (60, 4, 4):
        expect("draw(60, 7)", tables, np.zeros((60, 4, 4)))
    _check_tables(np.asarray(tables, dtype=float))
    rng = np.random.default_rng(0)
    first = [rng.dirichlet(np.ones(4), 4) for _ in range(34)]
    _expect_shares(work, "the first 34 tables of the page", first)
    fresh = np.random.default_rng()
    endless = [_clear(lambda: _endless(fresh)) for _ in range(4)]
    _expect_shares(work, "tables that hardly end", endless)
    _expect_shares(work, "new tables", [_clear(lambda: fresh.dirichlet(np.ones(4), 4)) for _ in range(5)])


def _endless(rng: np.random.Generator) -> Array:
    """Draw a table in which the end is improbable, so that the most probable sentence is one that is cut off."""
    return np.hstack([np.full((4, 1), 0.002), 0.998 * rng.dirichlet(np.ones(3), 4)])


def _check_tables(tables: Array) -> None:
    if not np.isfinite(tables).all() or tables.min() < 0:
        raise Wrong("no-chances", of="draw(60, 7)")
    if not np.allclose(tables.sum(axis=2), 1):
        raise Wrong("columns-drawn" if np.allclose(tables.sum(axis=1), 1) else "no-chances", of="draw(60, 7)")
    if np.allclose(tables, tables[0]):
        raise Wrong("one-table", of="draw(60, 7)")
    # For dirichlet(ones(4)) the square of an entry is 0.1 in the mean; for the mean of 960 of them 0.02 is far off.
    if abs((tables**2).mean() - 0.1) > 0.02:
        raise Wrong("other-parameters", of="draw(60, 7)")


def _expect_shares(work: Subject, of: str, tables: list[Array]) -> None:
    widths = [1, 2, 4]
    beams = [[_beam(table, width) for width in widths] for table in tables]
    truth = _agree(beams, [_best(table) for table in tables])
    turned = [table.T / table.T.sum(axis=1, keepdims=True) for table in tables]
    got = work("shares", tables, widths)

    def other(**options: Any) -> Array:
        came = [[_beam(t, width, **options) for width in widths] for t in tables]
        return _agree(came, [_best(t, **options) for t in tables])

    expect(
        f"shares({of}, {widths})",
        got,
        truth,
        {
            "counts": truth * len(tables),
            "percent": truth * 100,
            "missed": 1 - truth,
            "narrow-best": lambda: _agree(beams, [row[-1] for row in beams]),
            "greedy-best": lambda: _agree(beams, [row[0] for row in beams]),
            "only-ended": lambda: _agree(beams, [_best(t, ended=True) for t in tables]),
            "one-symbol": lambda: _agree([[s[:1] for s in row] for row in beams], [_best(t)[:1] for t in tables]),
            "shorter": lambda: other(longest=LONGEST - 1),
            "longer": lambda: other(longest=LONGEST + 1),
            "start-one": lambda: other(start=1),
            "columns": lambda: _agree([[_beam(t, w) for w in widths] for t in turned], [_best(t) for t in turned]),
        },
    )


def _agree(beams: list[Any], best: list[Any]) -> Array:
    found = [[came == right for came in row] for row, right in zip(beams, best, strict=True)]
    return np.asarray(np.mean(found, axis=0))


def _best(table: Array, *, longest: int = LONGEST, start: int = 0, ended: bool = False) -> tuple[int, ...]:
    """Return the most probable of all sentences."""
    sentences, *_ = _sentences(longest, start, ended)
    return sentences[int(_gained(table, longest, start, ended).argmax())]


def _gained(table: Array, longest: int, start: int, ended: bool) -> Array:
    """Return the logarithm of the probability of each sentence."""
    _, before, after, written = _sentences(longest, start, ended)
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(written, np.log(table)[before, after], 0.0).sum(axis=1))


def _clear(make: Callable[[], Array]) -> Array:
    """Draw a table until one sentence is the most probable: two with the same pairs in another order are equal."""
    while True:
        table = make()
        second, first = np.sort(_gained(table, LONGEST, 0, False))[-2:]
        if first - second > 1e-3:
            return table


@cache
def _sentences(longest: int, start: int, ended: bool) -> tuple[list[tuple[int, ...]], Array, Array, Array]:
    """Write down every sentence of four symbols; return them, and of each step what stood before, what came, if any."""
    found: list[tuple[int, ...]] = []
    for n in range(1, longest + 1):
        last = range(4) if n == longest and not ended else (0,)
        found += [(*letters, s) for letters in itertools.product((1, 2, 3), repeat=n - 1) for s in last]
    after = np.array([[*s, *[0] * (longest - len(s))] for s in found])
    before = np.hstack([np.full((len(found), 1), start), after[:, :-1]])
    written = np.arange(longest) < np.array([len(s) for s in found])[:, np.newaxis]
    return found, before, after, written


def _log_probability(table: Array, symbols: tuple[int, ...], start: int) -> float:
    before = (start, *symbols[:-1])
    with np.errstate(divide="ignore"):
        return float(np.log(table[list(before), list(symbols)]).sum())


def _beam(table: Array, width: int, *, longest: int = LONGEST, start: int = 0) -> tuple[int, ...]:
    """Return the first sentence of a beam search."""
    kept: list[tuple[int, ...]] = [()]
    for _ in range(longest):
        ways = [(*s, *more) for s in kept for more in ([()] if s and s[-1] == 0 else [(k,) for k in range(len(table))])]
        kept = sorted(ways, key=lambda s: -_log_probability(table, s, start))[:width]
    return kept[0]


# ── 5: break the mask ───────────────────────────────────────────────────────────────────────────────────────────────


def differences(model, source, lengths, target_in, b):
    """Return how far scores of source b in the batch are from those of it alone: with the mask, and without."""
    alone = model.forward(source[: lengths[b], b : b + 1], target_in[:, b : b + 1])[:, 0]
    masked = model.forward(source, target_in, source_lengths=lengths)[:, b]
    softmax = rnn.attention.softmax
    rnn.attention.softmax = lambda scores, inside: softmax(scores, np.ones_like(inside))
    try:
        unmasked = model.forward(source, target_in, source_lengths=lengths)[:, b]
    finally:
        rnn.attention.softmax = softmax
    return np.max(np.abs(masked - alone)), np.max(np.abs(unmasked - alone))


WRITERS = '''
import rnn.attention
from rnn.attention import AdditiveAttention, DotAttention
from rnn.gru import GRUCell
from rnn.seq2seq import Seq2Seq
from rnn.unrolled import Unrolled

right_softmax = rnn.attention.softmax


def make_session(seed):
    """Make the model of the session on teacher forcing."""
    rng = np.random.default_rng(seed)
    encoder = Unrolled(GRUCell(3, 4, rng=rng))
    return Seq2Seq(encoder, GRUCell(2 + 4, 5, rng=rng), 6, attention=AdditiveAttention(5, 4, 7, rng=rng), rng=rng)


def make_other(seed):
    """Make another, with dot products, and biases that are not zero."""
    rng = np.random.default_rng(seed)
    encoder, decoder = Unrolled(GRUCell(2, 4, rng=rng)), GRUCell(3 + 4, 4, rng=rng)
    model = Seq2Seq(encoder, decoder, 5, attention=DotAttention(4), rng=rng)
    for value in model.params.values():
        value[...] = rng.normal(size=value.shape)
    return model


def is_restored():
    """Return whether the mask still works."""
    return bool(rnn.attention.softmax(np.zeros(2), np.array([True, False]))[1] == 0)


def restore():
    """Put the softmax back, whatever has become of it."""
    rnn.attention.softmax = right_softmax
'''


def check_mask(work: Subject) -> None:
    """Ask for the model of the session, then for another one; afterwards the mask must work again."""
    rng = np.random.default_rng()
    work.define(WRITERS)
    space: dict[str, Any] = {"np": np}
    exec(WRITERS, space)
    session = np.random.default_rng(0)
    space["make_session"](session)  # the weights are drawn first, the source after them
    source = session.normal(size=(5, 2, 3))
    cases = [
        ("make_session", 0, source, np.array([5, 3]), np.array([[0, 0], [2, 5]]), 1),
        ("make_session", 0, source, np.array([5, 3]), np.array([[0, 0], [2, 5], [4, 1], [3, 1]]), 1),
        *(_other_case(space["make_other"], rng, sign) for sign in (1, -1)),
    ]
    for made, seed, x, lengths, written, b in cases:
        slips = _mask_slips(space[made](seed), x, lengths, written, b)
        truth = slips.pop("right")
        theirs = work.call(made, seed).value
        try:
            got = work("differences", theirs, x, lengths, written, b)
            restored = work.call("is_restored").value
        finally:
            work.call("restore")
        if restored is not True:
            raise Wrong("left-broken")
        expect(f"differences(model, source, {lengths.tolist()}, target_in, {b})", got, truth, slips)


def _other_case(make: Any, rng: np.random.Generator, sign: int) -> tuple[Any, ...]:
    """Draw a case whose largest difference is above zero, or below: a forgotten absolute value shows in one."""
    lengths = np.array([4, 7, 2])
    while True:
        seed, source, written = int(rng.integers(1 << 30)), rng.normal(size=(7, 3, 2)), rng.integers(0, 5, size=(3, 3))
        model = make(seed)
        change = sign * (
            _without_mask(model, source, lengths, written) - model.forward(source, written, source_lengths=lengths)
        )
        if change[:, 2].max() > -1.1 * change[:, 2].min():
            return "make_other", seed, source, lengths, written, 2


def _mask_slips(model: Any, source: Array, lengths: Array, written: Array, b: int) -> dict[str, Any]:
    """Return the two differences as they should be, under "right", and what known mistakes lead to."""

    def alone(steps: int) -> Array:
        return np.asarray(model.forward(source[:steps, b : b + 1], written[:, b : b + 1])[:, 0])

    n = int(lengths[b])
    first, open_eyed = alone(n), _without_mask(model, source, lengths, written)
    change = open_eyed[:, b] - first
    unread = model.forward(source, written)[:, b] - first
    neighbour = (b + 1) % len(lengths)
    longer = alone(len(source))
    largest = np.abs(change).max()
    read = model.forward(source, written, source_lengths=lengths)
    other_masked = np.abs(read[:, neighbour] - first).max()
    return {
        "right": (0.0, largest),
        "not-broken": (0.0, 0.0),
        "swapped": (largest, 0.0),
        "mean-change": (0.0, np.abs(change).mean()),
        "sign-kept": lambda: (0.0, max(change.max(), -change.min(), key=lambda v: v != largest)),
        "length": (0.0, np.sqrt((change**2).sum())),
        "lengths-missing": (0.0, np.abs(unread).max()),
        "lengths-missing-twice": (np.abs(unread).max(), np.abs(unread).max()),
        "padded-alone": (np.abs(read[:, b] - longer).max(), np.abs(open_eyed[:, b] - longer).max()),
        "with-each-other": (other_masked, np.abs(open_eyed[:, neighbour] - first).max()),
    }


def _without_mask(model: Any, source: Array, lengths: Array, written: Array) -> Array:
    """Run the model part by part with a memory that calls every step a part of its sequence."""
    encoded, state = model._read(source, lengths)
    memory = model._memory(encoded, lengths)
    memory = memory._replace(inside=np.ones_like(memory.inside))
    x, _ = model.embedding.forward(written)
    return np.asarray(model.read_out.forward(model.decoder.forward(x, state, memory, None))[0])


# ── 6: read backwards ───────────────────────────────────────────────────────────────────────────────────────────────


def turned(source, letters):
    """Return the sources with the letters of each turned round."""
    new = source.copy()
    for b, n in enumerate(letters):
        new[:n, b] = source[:n, b][::-1]
    return new


def exact(model, source, target, letters):
    """Return the share of strings that the model writes without a mistake, end symbol included."""
    written = model.greedy(source, source_lengths=letters + 1, start=0, end=1, max_length=len(source) + 2)
    right = [np.array_equal(written[b].symbols, target[: n + 1, b]) for b, n in enumerate(letters)]
    return np.mean(right)


def curve(found):
    """Return by length the worst, the median and the best of the seeds."""
    return np.min(found, axis=0), np.median(found, axis=0), np.max(found, axis=0)


def larger(in_order, turned_round):
    """Return by length whether the difference is larger than the spread."""
    low, middle, high = curve(in_order)
    low_turned, middle_turned, high_turned = curve(turned_round)
    return np.abs(middle_turned - middle) > np.maximum(high - low, high_turned - low_turned)


COPIER = '''
from rnn.seq2seq import Hypothesis


class Copier:
    """Something that writes down what it reads, with mistakes that depend on the first letter."""

    def greedy(self, source, *, start, end, max_length, source_lengths=None):
        source = np.asarray(source)
        lengths = [len(source)] * source.shape[1] if source_lengths is None else np.asarray(source_lengths).tolist()
        return [self.written(source[:n, b].tolist(), start, end, max_length) for b, n in enumerate(lengths)]

    def written(self, read, start, end, max_length):
        letters = [s for s in read if s != end] if read[-1] == end else read[:-1]
        if start != 0 or end != 1:
            letters = letters[:1]
        if read[0] == 2:
            letters = [*letters[:-1], 9]  # a wrong last letter
        if read[0] == 3:
            letters = [*letters, 4]  # it does not stop
        if read[0] == 4:
            letters = letters[:-1]  # it stops too early
        return Hypothesis(np.array([*letters, end][:max_length]), 0.0, None)


def make_copier():
    return Copier()
'''


def check_reading(work: Subject) -> None:
    """Give sources of different lengths, a copier with known mistakes, shares of seven seeds."""
    rng = np.random.default_rng()
    letters = np.array([6, 3, 1, 4, 2])
    source = _strings(rng, letters)
    truth = np.stack([np.r_[source[:n, b][::-1], source[n:, b]] for b, n in enumerate(letters)], axis=1)
    ends = np.stack([np.r_[source[: n + 1, b][::-1], source[n + 1 :, b]] for b, n in enumerate(letters)], axis=1)
    expect(
        "turned(source, letters)",
        work("turned", source, letters),
        truth,
        {
            "whole-column": source[::-1],
            "end-moved": ends,
            "batch-turned": source[:, ::-1],
            "as-it-was": source,
            "last-left": np.stack(
                [np.r_[source[: n - 1, b][::-1], source[n - 1 :, b]] for b, n in enumerate(letters)], axis=1
            ),
        },
    )
    _check_exact(work, rng)
    _check_curve(work, rng)


def _strings(rng: np.random.Generator, letters: Array) -> Array:
    """Draw strings of different letters, 2 to 9, each followed by end symbols, one at least."""
    source = np.full((letters.max() + 1, len(letters)), 1)
    for b, n in enumerate(letters):
        source[:n, b] = rng.permutation(np.arange(2, 10))[:n]
    return source


def _check_exact(work: Subject, rng: np.random.Generator) -> None:
    work.define(COPIER)
    letters = np.array([5, 7, 4, 6, 3, 7, 5, 4, 6, 5, 3])
    source = _strings(rng, letters)
    source[0] = [2, 3, 3, 4, 4, 4, 4, 5, 6, 7, 8]  # what kind of mistake there will be
    source[letters - 1, np.arange(11)] = 7  # the last letter; the wrong one is a 9
    space: dict[str, Any] = {"np": np}
    exec(COPIER, space)
    options: dict[str, Any] = {"start": 0, "end": 1, "max_length": 20}
    written = [h.symbols for h in space["Copier"]().greedy(source, source_lengths=letters + 1, **options)]
    target = source
    ends = letters + 1

    def share(compare: Any) -> float:
        return float(np.mean([compare(w, target[:n, b]) for b, (w, n) in enumerate(zip(written, ends, strict=True))]))

    truth = share(np.array_equal)
    symbols = [
        (w[: len(t)] == t[: len(w)]).sum()
        for w, t in zip(written, (target[:n, b] for b, n in enumerate(ends)), strict=True)
    ]
    expect(
        "exact(model, source, target, letters)",
        work("exact", work.call("make_copier").value, source, target, letters),
        truth,
        {
            "count": truth * len(letters),
            "mistaken": 1 - truth,
            "symbol-share": float(np.sum(symbols) / ends.sum()),
            "symbol-mean": float(np.mean(np.array(symbols) / ends)),
            "end-ignored": share(lambda w, t: np.array_equal(w[: len(t) - 1], t[:-1])),
            "first-symbol": share(lambda w, t: w[0] == t[0]),
            "length-only": share(lambda w, t: len(w) == len(t)),
            "nothing-right": 0.0,
        },
    )


def _check_curve(work: Subject, rng: np.random.Generator) -> None:
    found = rng.permutation(70).reshape(7, 10)[:, :4] / 70
    low, middle, high = (np.sort(found, axis=0)[k] for k in (0, 3, 6))
    spread = found.std(axis=0)
    expect(
        "curve(found)",
        work("curve", found),
        (low, middle, high),
        {
            "mean": (low, found.mean(axis=0), high),
            "quartiles": tuple(np.quantile(found, q, axis=0) for q in (0.25, 0.5, 0.75)),
            "deviation": (found.mean(axis=0) - spread, found.mean(axis=0), found.mean(axis=0) + spread),
            "turned-axes": lambda: (found.min(axis=1), np.median(found, axis=1), found.max(axis=1)),
            "all-lengths": (found.min(), np.median(found), found.max()),
            "order": (high, middle, low),
            "medians-first": (middle, low, high),
        },
    )
    one, two = _spread_cases()
    gaps, spreads = np.abs(np.median(two, axis=0) - np.median(one, axis=0)), [np.ptp(a, axis=0) for a in (one, two)]
    signed = np.median(two, axis=0) - np.median(one, axis=0)
    truth = gaps > np.maximum(*spreads)
    slips = {
        "smaller": ~truth,
        "only-better": signed > np.maximum(*spreads),
        "first-spread": gaps > spreads[0],
        "second-spread": gaps > spreads[1],
        "narrower": gaps > np.minimum(*spreads),
        "both-spreads": gaps > spreads[0] + spreads[1],
        "difference-alone": gaps > 0,
        "half-spread": gaps > np.maximum(*spreads) / 2,
        "overlap": (one.max(axis=0) < two.min(axis=0)) | (two.max(axis=0) < one.min(axis=0)),
        "deviations": gaps > np.maximum(one.std(axis=0), two.std(axis=0)),
    }
    as_numbers = {name: value.astype(int) for name, value in slips.items()}
    expect("larger(in_order, turned_round)", work("larger", one, two), truth.astype(int), as_numbers)


def _spread_cases() -> tuple[Array, Array]:
    """Return shares of seven seeds at ten lengths: a column for each way in which a difference can be judged."""
    rng = np.random.default_rng()
    around = np.array([-0.5, -0.3, -0.1, 0.0, 0.1, 0.3, 0.5])  # a spread of 1 with the median 0
    middles = (
        (0.2, 0.9),
        (0.9, 0.2),
        (0.5, 0.6),
        (0.5, 0.8),
        (0.3, 0.5),
        (0.6, 0.3),
        (0.4, 0.4),
        (0.3, 0.52),
        (0.5, 0.75),
        (0.6, 0.4),
    )
    widths = (
        (0.1, 0.1),
        (0.1, 0.2),
        (0.3, 0.3),
        (0.2, 0.5),
        (0.3, 0.12),
        (0.25, 0.25),
        (0.1, 0.1),
        (0.3, 0.12),
        (0.6, 0.2),
        (0.3, 0.25),
    )
    one, two = (
        np.stack([m[k] + w[k] * rng.permutation(around) for m, w in zip(middles, widths, strict=True)], axis=1)
        for k in (0, 1)
    )
    return one, two


EXERCISES = (
    Exercise(
        chapter="seq2seq",
        number=4,
        title=Text("Which beam is wide enough?", "束要多宽？"),
        task=Text(
            "Write draw(count, seed): it returns count tables (count, 4, 4), each with rows from rng.dirichlet(np.ones(4)),"
            " rng being np.random.default_rng(seed). And write shares(tables, widths): for each width in a list it returns"
            " in which share of the tables the first sentence of a beam of that width is the most probable one. Use"
            " by_table(table) from rnn.equations.seq2seq and its method beam(np.zeros((1, 1, 1)), start=0, end=0,"
            " max_length=5, width=…), whose result is a list for each source; the first of it is the best, with .symbols and"
            " .log_probability. A sentence is what beam writes: it ends with the symbol 0, or it is cut off after five"
            " symbols and counts as it is. For the numbers of the page: shares(draw(200, 0), [1, 2, 4]).",
            "写 draw(count, seed)：返回 count 张表 (count, 4, 4)，每张的各行由 rng.dirichlet(np.ones(4)) 抽取，rng 是"
            " np.random.default_rng(seed)。再写 shares(tables, widths)：对列表中的每个宽度，返回多大比例的表上，这个宽度的束的第一句"
            "就是最可能的句子。用 rnn.equations.seq2seq 的 by_table(table) 和它的方法 beam(np.zeros((1, 1, 1)), start=0, end=0,"
            " max_length=5, width=…)，结果对每条源序列是一个列表，其中第一个最好，带有 .symbols 和 .log_probability。句子就是 beam"
            " 写出来的：以符号 0 结束，或者写满五个符号被截断，照样算一句。页面上的数是 shares(draw(200, 0), [1, 2, 4])。",
        ),
        solution=(draw, shares),
        check=check_beams,
        imports="import numpy as np\n\nfrom rnn.equations.seq2seq import by_table",
        names={
            "no-chances": Text(
                "`{of}`: rows are not probabilities; each should add up to 1.", "`{of}`：各行不是概率；每行之和应为 1。"
            ),
            "columns-drawn": Text(
                "`{of}`: the columns add up to 1. A row says what follows a symbol.",
                "`{of}`：各列之和是 1。一行说的是某个符号之后来什么。",
            ),
            "one-table": Text(
                "`{of}`: all tables are the same. Make the generator once, before the loop.",
                "`{of}`：所有的表都一样。发生器要在循环之前造一次。",
            ),
            "other-parameters": Text(
                "`{of}`: the entries are too even or too uneven for a Dirichlet distribution with all parameters 1.",
                "`{of}`：对参数全为 1 的 Dirichlet 分布来说，各个数太平均或太悬殊了。",
            ),
            "counts": Text(
                "`{of}`: these are numbers of tables; shares were asked for.", "`{of}`：这是表的张数；要的是比例。"
            ),
            "percent": Text(
                "`{of}`: these are percent. A share is a number from 0 to 1.",
                "`{of}`：这是百分数。比例是 0 到 1 的数。",
            ),
            "missed": Text("`{of}`: these are the shares in which it is missed.", "`{of}`：这是没找到的比例。"),
            "narrow-best": Text(
                "`{of}`: the widest of the beams is taken for the truth, and so it is always right. How wide must a beam be"
                " to keep everything?",
                "`{of}`：把其中最宽的束当成了真值，它当然总是对。要多宽的束才什么都不丢？",
            ),
            "greedy-best": Text(
                "`{of}`: what greedy search writes is taken for the most probable sentence.",
                "`{of}`：把贪心搜索写的当成了最可能的句子。",
            ),
            "only-ended": Text(
                "`{of}`: sentences that are cut off after five symbols have been left out of the comparison.",
                "`{of}`：写满五个符号被截断的句子没有参加比较。",
            ),
            "one-symbol": Text("`{of}`: only the first symbol is compared.", "`{of}`：只比较了第一个符号。"),
            "shorter": Text(
                "`{of}`: sentences are cut off after four symbols. Look at max_length.",
                "`{of}`：句子在四个符号后就截断了。看看 max_length。",
            ),
            "longer": Text(
                "`{of}`: sentences are cut off after six symbols. Look at max_length.",
                "`{of}`：句子在六个符号后才截断。看看 max_length。",
            ),
            "start-one": Text(
                "`{of}`: the sentences begin after symbol 1. The start symbol is 0.",
                "`{of}`：句子从符号 1 之后开始。起始符号是 0。",
            ),
            "columns": Text(
                "`{of}`: the table has been turned. Row i says what follows symbol i.",
                "`{of}`：表转置了。第 i 行说的是符号 i 之后来什么。",
            ),
        },
        planted=(
            ("narrow-best", "width=4**5", "width=widths[-1]"),
            ("greedy-best", "width=4**5", "width=1"),
            ("counts", "found / len(tables)", "found"),
            ("missed", "np.array_equal(came.symbols, best.symbols)", "not np.array_equal(came.symbols, best.symbols)"),
            ("shorter", '"max_length": 5', '"max_length": 4'),
            ("start-one", '"start": 0', '"start": 1'),
            ("columns", "by_table(table)", "by_table(np.transpose(table))"),
            ("one-symbol", "np.array_equal(came.symbols, best.symbols)", "came.symbols[0] == best.symbols[0]"),
            (
                "only-ended",
                "best = model.beam(source, width=4**5, **options)[0][0]",
                "best = next(h for h in model.beam(source, width=4**5, **options)[0] if h.symbols[-1] == 0)",
            ),
            ("columns-drawn", "rng.dirichlet(np.ones(4), 4)", "rng.dirichlet(np.ones(4), 4).T"),
            ("one-table", "rng.dirichlet(np.ones(4), 4)", "np.random.default_rng(seed).dirichlet(np.ones(4), 4)"),
        ),
        hints=(
            Text(
                "How do you find out for certain which sentence is the most probable? There are not many.",
                "怎样才能确定哪一句最可能？句子并不多。",
            ),
            Text(
                "A beam that keeps everything loses nothing: at most 4**5 sentences. Compare its first sentence with that of"
                " the narrow beam.",
                "什么都留下的束不会丢掉任何东西：至多 4**5 句。把它的第一句与窄束的第一句比较。",
            ),
            Text(
                "For each table: best = model.beam(…, width=4**5)[0][0]; for each width came = model.beam(…, width=width)[0][0];"
                " count where came.symbols equals best.symbols, and divide by the number of tables.",
                "对每张表：best = model.beam(…, width=4**5)[0][0]；对每个宽度 came = model.beam(…, width=width)[0][0]；"
                "数出 came.symbols 等于 best.symbols 的次数，除以表的张数。",
            ),
        ),
    ),
    Exercise(
        chapter="seq2seq",
        number=5,
        title=Text("Break the mask", "弄坏掩码"),
        task=Text(
            "Write differences(model, source, lengths, target_in, b). model is a Seq2Seq with attention, source an array"
            " (S, B, D) with padding at the end, lengths (B,) how many steps of each source are true, target_in (T, B) the"
            " symbols before each step of writing. Compare scores (T, V) of source b, all T steps of them: as the whole batch"
            " gives them, with source_lengths=lengths, against those of this source alone, without its padding. Return the"
            " largest absolute difference twice: with the mask as it is, and with a softmax in rnn.attention whose mask is"
            " all True, in the run of the batch. When the function returns, rnn.attention.softmax must be what it was.",
            "写 differences(model, source, lengths, target_in, b)。model 是带注意力的 Seq2Seq，source 是数组 (S, B, D)，末尾有填充，"
            "lengths (B,) 是每条源序列真实的步数，target_in (T, B) 是写每一步之前的符号。比较源序列 b 的得分 (T, V)，全部 T 步："
            "一边是整批给出的，带 source_lengths=lengths，另一边是单独这一条、不带填充的。返回最大的绝对差，两次：一次掩码照旧；"
            "一次在运行整批时，让 rnn.attention 里 softmax 的掩码全为 True。函数返回时，rnn.attention.softmax 必须恢复原样。",
        ),
        solution=(differences,),
        check=check_mask,
        imports="import numpy as np\n\nimport rnn.attention",
        names={
            "left-broken": Text(
                "After your function has returned, the mask is still broken, for everything that comes later. Put the softmax"
                " back, also if something is raised in between.",
                "函数返回之后，掩码仍然是坏的，后面的一切都受影响。请把 softmax 放回去，中间抛出异常时也要放回。",
            ),
            "not-broken": Text(
                "`{of}`: the second difference is zero too, so the mask was still at work. Which name does the package look up"
                " when it takes the softmax, and what does your function do with the mask?",
                "`{of}`：第二个差也是零，说明掩码仍在起作用。程序包取 softmax 时查的是哪个名字？你的函数又把掩码怎样了？",
            ),
            "swapped": Text("`{of}`: the two differences have changed places.", "`{of}`：两个差的次序反了。"),
            "mean-change": Text(
                "`{of}`: a mean difference; the largest was asked for.", "`{of}`：这是平均的差；要的是最大的。"
            ),
            "sign-kept": Text(
                "`{of}`: differences below zero have been left out. Take absolute values first.",
                "`{of}`：漏掉了小于零的差。先取绝对值。",
            ),
            "length": Text(
                "`{of}`: the length of the difference; its largest entry was asked for.",
                "`{of}`：这是差的长度；要的是最大的一个数。",
            ),
            "lengths-missing": Text(
                "`{of}`: without source_lengths the encoder reads the padding as well. Only the mask of attention was to go.",
                "`{of}`：没有 source_lengths，编码器也会读填充。该去掉的只是注意力的掩码。",
            ),
            "lengths-missing-twice": Text(
                "`{of}`: without source_lengths padding is read in both runs of the batch.",
                "`{of}`：没有 source_lengths，整批的两次运行都读了填充。",
            ),
            "padded-alone": Text(
                "`{of}`: the source alone still has its padding. Cut it off at its length.",
                "`{of}`：单独的那条源序列还带着填充。按它的长度截断。",
            ),
            "with-each-other": Text(
                "`{of}`: two different sources of the batch are compared.", "`{of}`：比较的是批里两条不同的源序列。"
            ),
        },
        planted=(
            ("left-broken", "        rnn.attention.softmax = softmax\n", "        pass\n"),
            ("not-broken", "np.ones_like(inside)", "inside"),
            (
                "not-broken",
                "rnn.attention.softmax = lambda scores, inside: softmax(scores, np.ones_like(inside))",
                "open_softmax = lambda scores, inside: softmax(scores, np.ones_like(inside))",
            ),
            (
                "lengths-missing",
                "unmasked = model.forward(source, target_in, source_lengths=lengths)[:, b]",
                "unmasked = model.forward(source, target_in)[:, b]",
            ),
            ("padded-alone", "source[: lengths[b], b : b + 1]", "source[:, b : b + 1]"),
            (
                "swapped",
                "return np.max(np.abs(masked - alone)), np.max(np.abs(unmasked - alone))",
                "return np.max(np.abs(unmasked - alone)), np.max(np.abs(masked - alone))",
            ),
            ("mean-change", "np.max(np.abs(unmasked - alone))", "np.mean(np.abs(unmasked - alone))"),
            ("sign-kept", "np.max(np.abs(unmasked - alone))", "np.max(unmasked - alone)"),
            ("sign-kept", "np.max(np.abs(unmasked - alone))", "np.max(alone - unmasked)"),
            ("length", "np.max(np.abs(unmasked - alone))", "np.linalg.norm(unmasked - alone)"),
        ),
        hints=(
            Text(
                "The package looks the softmax up by its name in the module rnn.attention, each time. What can be done with a"
                " name in a module?",
                "程序包每次都按名字在模块 rnn.attention 里查找 softmax。对模块里的一个名字，可以做什么？",
            ),
            Text(
                "Keep the right function, assign to rnn.attention.softmax one that calls it with np.ones_like(inside), run,"
                " and assign the right one again in a `finally`.",
                "先留住正确的函数，给 rnn.attention.softmax 赋一个用 np.ones_like(inside) 调用它的函数，运行，再在 `finally` 里赋回去。",
            ),
            Text(
                "Three runs: model.forward(source[:n, b:b+1], target_in[:, b:b+1]) with n = lengths[b], and twice"
                " model.forward(source, target_in, source_lengths=lengths), of which column b is compared.",
                "运行三次：model.forward(source[:n, b:b+1], target_in[:, b:b+1])，n = lengths[b]；再两次"
                " model.forward(source, target_in, source_lengths=lengths)，取第 b 列比较。",
            ),
        ),
    ),
    Exercise(
        chapter="seq2seq",
        number=6,
        title=Text("Read backwards", "倒着读"),
        task=Text(
            "The training is yours, by the script; here are the four functions around it. turned(source, letters): source is an"
            " array of symbols (S, B); column b has letters[b] letters, and below them end symbols (1), one at least. Return"
            " a new array in which the letters of each column stand in the opposite order and all else is as before."
            " exact(model, source, target, letters): the share of the columns that the model writes without a mistake, end"
            " symbol included and nothing too much. model.greedy(source, source_lengths=…, start=0, end=1, max_length=…)"
            " returns a list with .symbols for each column; the source lengths count one end symbol, as in the script;"
            " target is like source. curve(found): found (seeds, lengths) holds the shares by seed and length; return three"
            " arrays (lengths,): the worst seed, the median, the best. larger(in_order, turned_round): two such tables; for"
            " each length True if the medians are further apart than the spread, which is the larger of the two distances"
            " from the worst seed to the best.",
            "训练由你用脚本来做；这里是它周围的四个函数。turned(source, letters)：source 是符号的数组 (S, B)；第 b 列有 letters[b] 个字母，"
            "下面是结束符（1），至少一个。返回新数组，每列的字母次序颠倒，其余照旧。exact(model, source, target, letters)：模型一个错也"
            "没有地写出来的列所占的比例，结束符也算在内，也不能多写。model.greedy(source, source_lengths=…, start=0, end=1,"
            " max_length=…) 返回列表，每列一项，带有 .symbols；和脚本里一样，源序列的长度把一个结束符也算进去；target 与 source 同样的"
            "格式。curve(found)：found (种子, 长度) 是各种子、各长度的比例；返回三个数组 (长度,)：最差的种子、中位数、最好的种子。"
            "larger(in_order, turned_round)：两张这样的表；对每个长度，两个中位数的距离大于离散程度时为 True，离散程度是两张表里"
            "最差到最好的种子的距离中较大的那个。",
        ),
        solution=(turned, exact, curve, larger),
        check=check_reading,
        names={
            "whole-column": Text(
                "`{of}`: whole columns have been turned round, so that the end symbols come first.",
                "`{of}`：整列都倒过来了，结束符跑到了前面。",
            ),
            "end-moved": Text(
                "`{of}`: an end symbol was turned round with the letters. It stays behind them.",
                "`{of}`：结束符跟字母一起倒过来了。它应留在字母后面。",
            ),
            "batch-turned": Text(
                "`{of}`: the columns have changed places. Turn along the steps.",
                "`{of}`：各列调换了位置。要沿着步的方向倒。",
            ),
            "as-it-was": Text("`{of}`: the source has come back as it was.", "`{of}`：源序列原样返回了。"),
            "last-left": Text("`{of}`: the last letter stayed where it was.", "`{of}`：最后一个字母没有动。"),
            "count": Text("`{of}` is a number of strings; a share was asked for.", "`{of}` 是串的个数；要的是比例。"),
            "mistaken": Text("`{of}` is the share with a mistake.", "`{of}` 是有错的比例。"),
            "symbol-share": Text(
                "`{of}` is a share of symbols. A string with one mistake is a mistake.",
                "`{of}` 是符号的比例。有一个错的串就是错的。",
            ),
            "symbol-mean": Text(
                "`{of}` is a mean share of symbols. A string with one mistake is a mistake.",
                "`{of}` 是符号比例的平均。有一个错的串就是错的。",
            ),
            "end-ignored": Text(
                "`{of}`: strings that do not stop count as right. The end symbol belongs to the string.",
                "`{of}`：停不下来的串也算对了。结束符是串的一部分。",
            ),
            "first-symbol": Text("`{of}`: only the first symbol is compared.", "`{of}`：只比较了第一个符号。"),
            "length-only": Text("`{of}`: only the lengths are compared.", "`{of}`：只比较了长度。"),
            "nothing-right": Text(
                "`{of}`: not one string is right, though some are. Is the end symbol read with the source, is it in what you"
                " compare with, and is max_length large enough for it?",
                "`{of}`：一条也不对，其实有些是对的。结束符随源序列读进去了吗？拿来比较的里面有它吗？max_length 够它写吗？",
            ),
            "mean": Text("`{of}`: a mean stands where the median should be.", "`{of}`：该是中位数的地方是平均值。"),
            "quartiles": Text(
                "`{of}`: quartiles; the worst and the best were asked for.", "`{of}`：这是四分位数；要的是最差和最好。"
            ),
            "deviation": Text(
                "`{of}`: mean and standard deviation; worst, median and best were asked for.",
                "`{of}`：这是平均值和标准差；要的是最差、中位数和最好。",
            ),
            "turned-axes": Text(
                "`{of}`: taken over the lengths. Take them over the seeds, the first axis.",
                "`{of}`：是对长度取的。应对种子取，即第一个轴。",
            ),
            "all-lengths": Text("`{of}`: all lengths have been thrown together.", "`{of}`：把所有长度混在一起了。"),
            "order": Text(
                "`{of}`: the best comes first; the worst should.", "`{of}`：最好的排在了最前；应是最差的在前。"
            ),
            "medians-first": Text(
                "`{of}`: the median stands in the middle of the three.", "`{of}`：中位数应排在三个的中间。"
            ),
            "smaller": Text("`{of}`: every answer is turned into its opposite.", "`{of}`：每个回答都反了。"),
            "only-better": Text(
                "`{of}`: a difference counts only if turning round is better. The other way round it is a difference too.",
                "`{of}`：只有倒过来更好时才算差别。反过来也是差别。",
            ),
            "first-spread": Text(
                "`{of}`: only the first table's spread is looked at.", "`{of}`：只看了第一张表的离散程度。"
            ),
            "second-spread": Text(
                "`{of}`: only the second table's spread is looked at.", "`{of}`：只看了第二张表的离散程度。"
            ),
            "narrower": Text(
                "`{of}`: compared with the smaller of the two spreads.", "`{of}`：与两个离散程度中较小的比较了。"
            ),
            "both-spreads": Text("`{of}`: the two spreads have been added.", "`{of}`：把两个离散程度加起来了。"),
            "difference-alone": Text(
                "`{of}`: any difference counts. Compare it with the spread.", "`{of}`：有差别就算。要与离散程度比较。"
            ),
            "half-spread": Text("`{of}`: compared with half the spread.", "`{of}`：与一半的离散程度比较了。"),
            "overlap": Text(
                "`{of}`: this says whether the ranges overlap. Compare the distance of the medians with the larger spread.",
                "`{of}`：这说的是两个范围有没有重叠。要把中位数的距离与较大的离散程度比较。",
            ),
            "deviations": Text(
                "`{of}`: compared with a standard deviation. The spread is from the worst seed to the best.",
                "`{of}`：与标准差比较了。离散程度是从最差的种子到最好的。",
            ),
        },
        planted=(
            ("whole-column", "new[:n, b] = source[:n, b][::-1]", "new[:, b] = source[:, b][::-1]"),
            ("end-moved", "new[:n, b] = source[:n, b][::-1]", "new[: n + 1, b] = source[: n + 1, b][::-1]"),
            ("changed-argument", "source.copy()", "source"),
            (
                "end-ignored",
                "np.array_equal(written[b].symbols, target[: n + 1, b])",
                "np.array_equal(written[b].symbols[:n], target[:n, b])",
            ),
            ("nothing-right", "target[: n + 1, b]", "target[:n, b]"),
            ("nothing-right", "max_length=len(source) + 2", "max_length=min(letters)"),
            ("nothing-right", "source_lengths=letters + 1", "source_lengths=letters"),
            (
                "length-only",
                "np.array_equal(written[b].symbols, target[: n + 1, b])",
                "len(written[b].symbols) == n + 1",
            ),
            ("count", "return np.mean(right)", "return np.sum(right)"),
            ("mean", "np.median(found, axis=0)", "np.mean(found, axis=0)"),
            (
                "turned-axes",
                "return np.min(found, axis=0), np.median(found, axis=0), np.max(found, axis=0)",
                "return np.min(found, axis=1), np.median(found, axis=1), np.max(found, axis=1)",
            ),
            ("only-better", "np.abs(middle_turned - middle)", "(middle_turned - middle)"),
            ("narrower", "np.maximum(high - low", "np.minimum(high - low"),
            ("first-spread", "np.maximum(high - low, high_turned - low_turned)", "high - low"),
            (
                "overlap",
                "np.abs(middle_turned - middle) > np.maximum(high - low, high_turned - low_turned)",
                "(high < low_turned) | (high_turned < low)",
            ),
        ),
        hints=(
            Text(
                "Two things are easily confused: the end of the letters and the end of the array. Which of them does each"
                " function need?",
                "有两样东西容易混淆：字母的末尾和数组的末尾。每个函数需要的是哪一个？",
            ),
            Text(
                "A string is right if what was written equals the first n + 1 symbols of its target, as a whole. The spread"
                " belongs to the seeds, so min, median and max go along the first axis.",
                "写出来的与目标的前 n + 1 个符号整个相等，才算对。离散程度是种子之间的，所以 min、median、max 沿第一个轴取。",
            ),
            Text(
                "new[:n, b] = source[:n, b][::-1]; np.array_equal(symbols, target[:n + 1, b]); and"
                " abs(median - median) > max(best - worst, best - worst).",
                "new[:n, b] = source[:n, b][::-1]；np.array_equal(symbols, target[:n + 1, b])；以及"
                " abs(中位数 - 中位数) > max(最好 - 最差, 最好 - 最差)。",
            ),
        ),
    ),
)
