"""Counts from sizes alone: against the arrays of real layers, and against an array that counts what is done to it."""

import itertools

import numpy as np
import pytest

from rnn import counts, gru, layers, lstm, variants
from rnn.counts import Counts
from rnn.depth import Bidirectional, Residual, Stacked
from rnn.linear import Embedding, Linear
from rnn.pointwise import Dropout, LayerNorm
from rnn.simple import ElmanCell, SimpleRNN
from rnn.unrolled import Unrolled

pytestmark = pytest.mark.filterwarnings("error")

D, H, O = 5, 7, 3
VARIANTS = [
    {"without": parts, "peepholes": peepholes, "coupled": coupled}
    for parts in [(), *itertools.combinations(variants.PARTS, 1), ("output gate", "forget gate", "input activation")]
    for peepholes in (False, True)
    for coupled in (False, True)
    if not (coupled and {"input gate", "forget gate"} & set(parts))
]
CELLS = {
    "rnn": (lambda **options: ElmanCell(D, H, **options), counts.rnn(D, H)),
    "lstm": (lambda **options: lstm.LSTMCell(D, H, **options), counts.lstm(D, H)),
    "gru after": (lambda **options: gru.GRUCell(D, H, **options), counts.gru(D, H)),
    "gru before": (lambda **options: gru.GRUCell(D, H, reset="before", **options), counts.gru(D, H, reset="before")),
} | {
    f"variant {n}": (
        lambda variant=variant, **options: variants.LSTMVariant(D, H, **variant, **options),
        counts.lstm_variant(D, H, **variant),
    )
    for n, variant in enumerate(VARIANTS)
}


class Counting(np.ndarray):
    """An array that notes the products and elementwise operations in which it or its offspring takes part."""

    products = 0
    elementwise = 0

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [np.asarray(x) for x in inputs]
        if "out" in kwargs:
            kwargs["out"] = tuple(np.asarray(x) for x in kwargs["out"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        if ufunc is np.matmul:
            Counting.products += plain[0].size * plain[1].shape[-1]
        elif method == "reduce" and ufunc is np.add:
            Counting.elementwise += plain[0].size - result.size  # a sum of n numbers is n - 1 additions
        elif method == "__call__" and ufunc is not np.isfinite:  # which only looks at the result
            Counting.elementwise += result.size
        return result.view(Counting)


def sigmoid(a):
    Counting.elementwise += a.size
    return (1 / (1 + np.exp(-np.asarray(a)))).view(Counting)


def counted(monkeypatch, cell, x):
    """Return how many products and elementwise operations a step of the cell takes, its parameters counting."""
    for module in (lstm, gru, variants):
        monkeypatch.setattr(module, "sigmoid", sigmoid)
    for name, value in cell.params.items():
        cell.params[name] = value.view(Counting)
    state = tuple(part.view(Counting) for part in cell.zero_state(len(x)))
    monkeypatch.setattr(cell, "_check_step", lambda x, state: (x, *state))
    Counting.products = Counting.elementwise = 0
    cell.step(x, state)
    return Counting.products, Counting.elementwise


@pytest.mark.parametrize("name", CELLS)
def test_cells_do_what_is_counted(name, monkeypatch, rng):
    make, expected = CELLS[name]
    cell = make(rng=rng)
    products, elementwise = counted(monkeypatch, cell, rng.normal(size=(1, D)))
    # The code of a variant multiplies by the ones that stand for a missing gate.
    ones = H * sum(part.endswith("gate") for part in getattr(cell, "without", ()))
    assert expected.parameters == sum(value.size for value in cell.params.values())
    assert (expected.products, expected.elementwise) == (products, elementwise - ones)


@pytest.mark.parametrize("name", CELLS)
def test_cells_keep_what_is_counted(name, rng):
    make, expected = CELLS[name]
    cell = make(rng=rng)
    state, caches, T = tuple(rng.normal(size=(1, H)) for _ in cell.zero_state(1)), [], 4
    first = {value for part in state for value in part.ravel().tolist()}
    for _ in range(T):
        state, cache = cell.step(rng.normal(size=(1, D)), state)
        caches.append(cache)
    # A state that is kept after one step and before the next is the same numbers: they count once.
    kept = {value for cache in caches for part in cache for value in part.ravel().tolist()}
    kept |= set(state[0].ravel().tolist())
    derived = T * H if getattr(cell, "coupled", False) else 0  # f, which is 1 - i
    assert len(kept - first - {1.0}) == T * expected.stored + derived


def test_the_book_s_example():
    assert [counts.rnn(10, 20).parameters, counts.lstm(10, 20).parameters] == [620, 2480]
    assert counts.gru(10, 20, reset="before").parameters == 1860
    assert counts.gru(10, 20).parameters == 1880  # and the bias that r reaches
    kinds = (counts.rnn, counts.gru, counts.lstm)
    assert [kind(10, 20, biases="two").parameters for kind in kinds] == [640, 1920, 2560]
    assert [kind(10, 20, biases="keras").parameters for kind in kinds] == [620, 1920, 2480]
    assert counts.gru(10, 20, reset="before", biases="keras").parameters == 1860
    assert counts.gru(10, 20, reset="before", biases="two").parameters == 1920
    products = [kind(10, 20).products for kind in kinds]
    assert products == [600, 1800, 2400]
    assert [kind(10, 20, biases="two").products for kind in kinds] == products


def test_a_second_bias_is_a_second_addition():
    for kind in (counts.rnn, counts.gru, counts.lstm, counts.lstm_variant):
        one, two = kind(D, H), kind(D, H, biases="two")
        assert two.elementwise - one.elementwise == two.parameters - one.parameters > 0
        assert two.stored == one.stored


# With 2 inputs and 3 units: W_x has 6 numbers, W_h 9, a bias 3. The third number is what each unit does: for each gate
# or candidate an addition of two products and one of a bias, then functions, then the other products and sums.
BY_HAND = [
    (lambda: counts.rnn(2, 3), (15 + 3, 15, 3 * (2 + 1), 2 + 3)),  # tanh; x, h
    (lambda: counts.rnn(2, 3, biases="two"), (15 + 6, 15, 3 * (3 + 1), 2 + 3)),
    (lambda: counts.rnn(2, 3, biases="keras"), (15 + 3, 15, 3 * (2 + 1), 2 + 3)),
    # f, i, c_tilde, o; f * c_prev + i * c_tilde, o * tanh(c); f, i, c_tilde, o, c, h are kept
    (lambda: counts.lstm(2, 3), (60 + 12, 60, 3 * (8 + 4 + 3 + 2), 2 + 18)),
    (lambda: counts.lstm(2, 3, biases="two"), (60 + 24, 60, 3 * (12 + 4 + 3 + 2), 2 + 18)),
    (lambda: counts.lstm(2, 3, biases="keras"), (60 + 12, 60, 3 * (8 + 4 + 3 + 2), 2 + 18)),
    # z, r, n; r * h_prev or r * (h_prev @ W_hn + b_hn); z * h_prev + (1 - z) * n; z, r, what r acts upon, n, h
    (lambda: counts.gru(2, 3, reset="before"), (45 + 9, 45, 3 * (6 + 3 + 1 + 4), 2 + 15)),
    (lambda: counts.gru(2, 3, reset="before", biases="two"), (45 + 18, 45, 3 * (9 + 3 + 1 + 4), 2 + 15)),
    (lambda: counts.gru(2, 3, reset="before", biases="keras"), (45 + 9, 45, 3 * (6 + 3 + 1 + 4), 2 + 15)),
    (lambda: counts.gru(2, 3), (45 + 12, 45, 3 * (7 + 3 + 1 + 4), 2 + 15)),
    (lambda: counts.gru(2, 3, biases="two"), (45 + 18, 45, 3 * (9 + 3 + 1 + 4), 2 + 15)),
    (lambda: counts.gru(2, 3, biases="keras"), (45 + 18, 45, 3 * (9 + 3 + 1 + 4), 2 + 15)),
    # without a gate: three are left, two sigmoids and tanh, and a product less; f, i or o is not kept
    (lambda: counts.lstm_variant(2, 3, without=["input gate"]), (45 + 9, 45, 3 * (6 + 3 + 2 + 2), 2 + 15)),
    (lambda: counts.lstm_variant(2, 3, without=["forget gate"]), (45 + 9, 45, 3 * (6 + 3 + 2 + 2), 2 + 15)),
    (lambda: counts.lstm_variant(2, 3, without=["output gate"]), (45 + 9, 45, 3 * (6 + 3 + 3 + 1), 2 + 15)),
    (lambda: counts.lstm_variant(2, 3, without=["input activation"]), (60 + 12, 60, 3 * (8 + 3 + 3 + 2), 2 + 18)),
    (lambda: counts.lstm_variant(2, 3, without=["output activation"]), (60 + 12, 60, 3 * (8 + 4 + 3 + 1), 2 + 18)),
    # without any gate: c = c_prev + tanh(a), h = tanh(c)
    (lambda: counts.lstm_variant(2, 3, without=variants.PARTS[:3]), (15 + 3, 15, 3 * (2 + 1 + 1 + 1), 2 + 9)),
    # each peephole is 3 parameters, and to each unit a product and an addition
    (lambda: counts.lstm_variant(2, 3, peepholes=True), (72 + 9, 60, 3 * (17 + 6), 2 + 18)),
    (
        lambda: counts.lstm_variant(2, 3, peepholes=True, without=["output gate"], biases="two"),
        (63 + 6, 45, 3 * (16 + 4), 2 + 15),
    ),
    # i, c_tilde, o, and f = 1 - i, which is not kept
    (lambda: counts.lstm_variant(2, 3, coupled=True), (45 + 9, 45, 3 * (6 + 3 + 1 + 3 + 2), 2 + 15)),
    (lambda: counts.lstm_variant(2, 3, coupled=True, peepholes=True), (54 + 6, 45, 3 * (15 + 4), 2 + 15)),
]


@pytest.mark.parametrize(("count", "expected"), BY_HAND)
def test_small_cells_counted_by_hand(count, expected):
    assert count() == Counts(*expected)


def test_the_whole_variant_is_the_lstm():
    assert counts.lstm_variant(D, H) == counts.lstm(D, H)


def test_linear_and_embedding(rng):
    layer = Linear(D, O)
    expected = counts.linear(D, O)
    assert expected == Counts(D * O + O, D * O, O, D)
    assert expected.parameters == sum(value.size for value in layer.params.values())
    Counting.products = Counting.elementwise = 0
    rng.normal(size=(1, D)).view(Counting) @ layer.params["W"] + layer.params["b"]
    assert (Counting.products, Counting.elementwise) == (expected.products, expected.elementwise)
    assert counts.embedding(9, 4) == Counts(Embedding(9, 4).params["E"].size, 0, 0, 1)


def test_stacks_and_directions():
    parts = counts.lstm(D, H), counts.gru(H, 4), counts.linear(4, O)
    whole = counts.stacked(*parts)
    for field in ("parameters", "products", "elementwise", "stored"):
        assert getattr(whole, field) == sum(getattr(part, field) for part in parts)
        assert getattr(counts.bidirectional(whole), field) == 2 * getattr(whole, field)


LAYERS = {
    "RNN": (lambda: layers.RNN(D, H), counts.rnn(D, H)),
    "LSTM": (lambda: layers.LSTM(D, H), counts.lstm(D, H)),
    "GRU": (lambda: layers.GRU(D, H), counts.gru(D, H)),
    "GRU before": (lambda: layers.GRU(D, H, reset="before", update="replaces"), counts.gru(D, H, reset="before")),
    "seeds": (lambda: layers.LSTM(D, H, seeds=3), counts.stacked(*[counts.lstm(D, H)] * 3)),
    "SimpleRNN": (lambda: SimpleRNN(D, H, O), counts.stacked(counts.rnn(D, H), counts.linear(H, O))),
    "Linear": (lambda: Linear(D, O), counts.linear(D, O)),
    "Linear seeds": (lambda: Linear(D, O, seeds=2), counts.stacked(*[counts.linear(D, O)] * 2)),
    "Embedding": (lambda: Embedding(D, O), counts.embedding(D, O)),
    "LayerNorm": (lambda: LayerNorm(D), counts.layer_norm(D)),
    "Dropout": (lambda: Dropout(0.5, D), counts.dropout(D)),
    "Unrolled": (lambda: Unrolled(lstm.LSTMCell(D, H)), counts.lstm(D, H)),
    "Residual": (lambda: Residual(layers.RNN(D, D)), counts.residual(counts.rnn(D, D), D)),
    "Bidirectional": (
        lambda: Bidirectional(layers.GRU(D, H), layers.GRU(D, H)),
        counts.bidirectional(counts.gru(D, H)),
    ),
    "Stacked": (
        lambda: Stacked([Embedding(9, D), Bidirectional(layers.LSTM(D, H), gru.GRUCell(D, 2)), Linear(H + 2, O)]),
        counts.stacked(counts.embedding(9, D), counts.lstm(D, H), counts.gru(D, 2), counts.linear(H + 2, O)),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_real_layers_are_counted(name):
    make, expected = LAYERS[name]
    layer = make()
    assert counts.of(layer) == expected
    assert expected.parameters == sum(value.size for value in layer.params.values())


@pytest.mark.parametrize("name", CELLS)
def test_real_cells_are_counted(name):
    make, expected = CELLS[name]
    assert counts.of(make()) == expected


def test_layers_by_step_do_what_is_counted(rng):
    for layer in (LayerNorm(D), Dropout(0.5, D)):
        Counting.products = Counting.elementwise = 0
        layer._apply(rng.normal(size=(1, 1, D)).view(Counting))
        expected = counts.of(layer)
        assert (Counting.products, Counting.elementwise) == (expected.products, expected.elementwise)
        layer.forward(rng.normal(size=(1, 1, D)))
        kept = layer._last[0]
        assert sum(part.size for part in (kept if isinstance(kept, tuple) else (kept,))) == expected.stored


def test_a_residual_adds_its_inputs():
    plain, around = counts.rnn(D, D), counts.residual(counts.rnn(D, D), D)
    assert around == Counts(plain.parameters, plain.products, plain.elementwise + D, plain.stored)


def test_table():
    rows = counts.table(D, H)
    assert list(rows) == ["RNN", "GRU, reset before", "GRU, reset after", "LSTM"]
    assert {row.hidden_size for row in rows.values()} == {H}
    assert rows["LSTM"].counts == {biases: counts.lstm(D, H, biases=biases) for biases in ("one", "two", "keras")}
    assert rows["GRU, reset before"].counts["keras"] == counts.gru(D, H, reset="before", biases="keras")
    assert rows["GRU, reset after"].counts["one"] == counts.gru(D, H)
    assert rows["RNN"].counts["two"] == counts.rnn(D, H, biases="two")
    deep = counts.table(D, H, depth=3)["RNN"].counts["one"]
    assert deep == counts.stacked(counts.rnn(D, H), counts.rnn(H, H), counts.rnn(H, H))
    both = counts.table(D, H, depth=2, both_directions=True)["RNN"].counts["one"]
    expected = counts.stacked(counts.bidirectional(counts.rnn(D, H)), counts.bidirectional(counts.rnn(2 * H, H)))
    assert both == expected


def test_table_of_equal_budgets():
    rows = counts.table(88, parameters=20_000)
    assert rows["LSTM"].hidden_size == counts.hidden_size_for(20_000, lambda H: counts.lstm(88, H))
    assert len({row.hidden_size for row in rows.values()}) >= 3
    for name, row in rows.items():
        assert row.counts["one"].parameters == pytest.approx(20_000, rel=0.02)
        assert row.counts == counts.table(88, row.hidden_size)[name].counts
    deep = counts.table(88, parameters=20_000, depth=2)["RNN"]
    assert deep.counts["one"].parameters == pytest.approx(20_000, rel=0.02)


def test_hidden_size_for_a_budget():
    def chung(kind):  # Chung et al. 2014 gave 20 thousand parameters to each for the music data
        return counts.hidden_size_for(20_000, lambda H: kind(88, H))

    for kind in (counts.rnn, counts.gru, counts.lstm):
        best = chung(kind)
        errors = {size: abs(kind(88, size).parameters - 20_000) for size in range(1, 200)}
        assert best == min(errors, key=errors.get)
    assert counts.hidden_size_for(1, lambda H: counts.lstm(9, H)) == 1
    exact = counts.stacked(counts.lstm(9, 13), counts.linear(13, 4)).parameters
    for off in (-1, 0, 1):
        found = counts.hidden_size_for(exact + off, lambda H: counts.stacked(counts.lstm(9, H), counts.linear(H, 4)))
        assert found == 13
    assert counts.hidden_size_for(15, lambda H: Counts(10 * H, 0, 0, 0)) == 1  # as far from 10 as from 20


@pytest.mark.parametrize(("each", "others"), [(1, -1), (1, 0), (1, 9), (2, 0), (3, 4), (10, 1)])
def test_hidden_size_for_every_small_budget(each, others):
    for budget in range(1, 60):
        expected = min(range(1, 99), key=lambda H: abs(each * H + others - budget))  # the first of those that are
        assert counts.hidden_size_for(budget, lambda H: Counts(each * H + others, 0, 0, 0)) == expected


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: counts.of(Counting),
            TypeError,
            "layer: expected layers or cells whose operations are known, got type",
        ),
        (lambda: counts.rnn(0, 3), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        (lambda: counts.lstm(3, 2.0), TypeError, "hidden_size: expected a whole number, got 2.0"),
        (lambda: counts.lstm(3, 2, biases="three"), ValueError, "biases: expected one of one, two, keras, got 'three'"),
        (lambda: counts.gru(3, 2, reset="late"), ValueError, "reset: expected one of after, before, got 'late'"),
        (lambda: counts.linear(3, -1), ValueError, "output_size: expected a whole number of at least 1, got -1"),
        (lambda: counts.embedding(0, 1), ValueError, "vocabulary_size: expected a whole number of at least 1, got 0"),
        (lambda: counts.table(3, 2, depth=0), ValueError, "depth: expected a whole number of at least 1, got 0"),
        (
            lambda: counts.table(3),
            ValueError,
            "hidden_size: expected either it or parameters, got both or none",
        ),
        (
            lambda: counts.table(3, 0),
            ValueError,
            "hidden_size: expected a whole number of at least 1, got 0",
        ),
        (
            lambda: counts.table(3, parameters=0),
            ValueError,
            "parameters: expected a whole number of at least 1, got 0",
        ),
        (lambda: counts.stacked(), TypeError, "parts: expected at least one Counts and nothing else, got ()"),
        (
            lambda: counts.bidirectional(3),
            TypeError,
            "parts: expected at least one Counts and nothing else, got (3, 3)",
        ),
        (
            lambda: counts.residual(None, 3),
            TypeError,
            "parts: expected at least one Counts and nothing else, got (None,)",
        ),
        (
            lambda: counts.hidden_size_for(5, None),
            TypeError,
            "model: expected a function of the hidden size, got None",
        ),
        (
            lambda: counts.hidden_size_for(5, lambda H: counts.linear(1, 1)),
            ValueError,
            "model: expected parameters that grow with the hidden size, got too few",
        ),
        (
            lambda: counts.hidden_size_for(0, lambda H: counts.rnn(1, H)),
            ValueError,
            "parameters: expected a whole number of at least 1, got 0",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence
