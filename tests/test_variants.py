"""LSTMVariant: against scalar loops, complex steps, and the LSTMCell that it becomes in special cases."""

import copy
import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_assignment import BAD_NUMBERS, arrays_in, assert_unchanged, snapshot

from rnn import LSTMCell
from rnn.gradcheck import check
from rnn.variants import PARTS, LSTMVariant

pytestmark = pytest.mark.filterwarnings("error")

B, D, H = 3, 4, 5
SUBSETS = [subset for size in range(6) for subset in combinations(PARTS, size)]
VARIANTS = [{"without": subset, "peepholes": p} for subset in SUBSETS for p in (False, True)]
VARIANTS += [
    {"without": subset, "peepholes": p, "coupled": True}
    for subset in SUBSETS
    if not {"input gate", "forget gate"} & set(subset)
    for p in (False, True)
]


def random_variant(rng, sizes=(D, H), **options):
    cell = LSTMVariant(*sizes, rng=rng, **options)
    for name, value in cell.params.items():
        cell.params[name] = (value + rng.normal(size=value.shape) / 2).astype(value.dtype)
    return cell


def arguments(rng):
    return rng.normal(size=(B, D)), *rng.normal(size=(4, B, H))


def run(cell, x, h, c, d_h, d_c):
    state, cache = cell.step(x, (h, c))
    return [*state, *arrays_in(cell.step_back((d_h, d_c), cache)[:2])]


def by_scalars(cell, x, h_prev, c_prev):
    """Compute h and c one number at a time."""
    p, without = cell.params, cell.without

    def affine(gate, b, j):
        a = sum(x[b, d] * p[f"W_x{gate}"][d, j] for d in range(D)) + p[f"b_{gate}"][j]
        return a + sum(h_prev[b, i] * p[f"W_h{gate}"][i, j] for i in range(H))

    def gate(letter, name, b, j, seen):
        if name in without:
            return 1.0
        return 1 / (1 + math.exp(-affine(letter, b, j) - (p[f"p_{letter}"][j] * seen if cell.peepholes else 0)))

    h, c = np.zeros((2, B, H))
    for b, j in np.ndindex(B, H):
        i = gate("i", "input gate", b, j, c_prev[b, j])
        f = 1 - i if cell.coupled else gate("f", "forget gate", b, j, c_prev[b, j])
        a = affine("c", b, j)
        c[b, j] = f * c_prev[b, j] + i * (a if "input activation" in without else math.tanh(a))
        o = gate("o", "output gate", b, j, c[b, j])
        h[b, j] = o * (c[b, j] if "output activation" in without else math.tanh(c[b, j]))
    return h, c


@pytest.mark.parametrize("options", VARIANTS)
def test_step_agrees_with_scalar_loops(rng, options):
    cell, (x, h, c, *_) = random_variant(rng, **options), arguments(rng)
    for came, expected in zip(cell.step(x, (h, c))[0], by_scalars(cell, x, h, c), strict=True):
        np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("options", VARIANTS)
def test_step_back_agrees_with_complex_steps(rng, options):
    cell = random_variant(rng, **options)
    assert max(check(cell, rng=rng).values()) < 1e-12
    x, h, c, d_h, d_c = arguments(rng)
    grads = cell.step_back((d_h, d_c), cell.step(x, (h, c))[1])[2]
    assert list(grads) == list(cell.params)


@settings(max_examples=30, deadline=None)
@given(*[st.integers(1, 3)] * 3, st.sampled_from(VARIANTS), st.integers(0, 10**6))
def test_step_back_agrees_with_complex_steps_for_all_sizes(b, d, h, options, seed):
    rng = np.random.default_rng(seed)
    assert max(check(random_variant(rng, (d, h), **options), batch=b, rng=rng).values()) < 1e-11


def test_with_nothing_left_out_it_is_the_lstm_bit_for_bit(rng):
    variant = LSTMVariant(D, H, rng=np.random.default_rng(0))
    cell = LSTMCell(D, H, rng=np.random.default_rng(0))
    np.testing.assert_equal(variant.params, cell.params)
    given = arguments(rng)
    np.testing.assert_equal(run(variant, *given)[:2], run(cell, *given)[:2])
    for came, expected in zip(run(variant, *given), run(cell, *given), strict=True):
        np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-15)
    peeping = LSTMVariant(D, H, peepholes=True, rng=np.random.default_rng(0))  # peepholes begin at 0
    np.testing.assert_equal(run(peeping, *given)[:2], run(cell, *given)[:2])


@pytest.mark.parametrize("gate", ["forget gate", "input gate", "output gate"])
def test_a_gate_left_out_is_a_gate_held_open(rng, gate):
    cell = LSTMCell(D, H, rng=rng)
    variant = LSTMVariant(D, H, without=[gate])
    assert set(cell.params) - set(variant.params) == {f"{kind}{gate[0]}" for kind in ("W_x", "W_h", "b_")}
    for name in variant.params:
        variant.params[name] = cell.params[name]
    cell.params[f"b_{gate[0]}"][...] = 1e4
    given = arguments(rng)
    for came, expected in zip(run(variant, *given), run(cell, *given), strict=True):
        np.testing.assert_allclose(came, expected, rtol=1e-11, atol=1e-14)


def test_coupled_gates_are_a_forget_gate_with_the_negated_weights_of_the_input_gate(rng):
    variant = random_variant(rng, coupled=True)
    cell = LSTMCell(D, H)
    cell.params |= variant.params
    cell.params |= {f"{kind}f": -variant.params[f"{kind}i"] for kind in ("W_x", "W_h", "b_")}
    given = arguments(rng)
    for came, expected in zip(run(variant, *given), run(cell, *given), strict=True):
        np.testing.assert_allclose(came, expected, rtol=1e-11, atol=1e-14)


def test_with_everything_left_out_it_adds_up(rng):
    cell, (x, h, c, *_) = random_variant(rng, without=PARTS), arguments(rng)
    assert list(cell.params) == ["W_xc", "W_hc", "b_c"]
    (new_h, new_c), _ = cell.step(x, (h, c))
    np.testing.assert_allclose(new_c, c + cell.pre_activation("c", x, h), rtol=1e-14)
    np.testing.assert_array_equal(new_h, new_c)


def test_the_cell_without_a_forget_gate_passes_errors_on_unchanged(rng):
    cell, (x, h, c, d_h, d_c) = random_variant(rng, without=["forget gate"]), arguments(rng)
    _, cache = cell.step(x, (h, c))
    np.testing.assert_array_equal(cell.step_back((0 * d_h, d_c), cache)[1][1], d_c)


@pytest.mark.parametrize("options", [{}, {"peepholes": True}, {"coupled": True, "peepholes": True}])
def test_a_batch_equals_its_rows_and_units_have_no_order(rng, options):
    cell, (x, h, c, d_h, d_c) = random_variant(rng, **options), arguments(rng)
    whole = run(cell, x, h, c, d_h, d_c)
    for b in range(B):
        row = slice(b, b + 1)
        for came, expected in zip(run(cell, *(v[row] for v in (x, h, c, d_h, d_c))), whole, strict=True):
            np.testing.assert_allclose(came[0], expected[b], rtol=1e-10, atol=1e-13)
    p, other = rng.permutation(H), LSTMVariant(D, H, **options)
    for name, value in cell.params.items():
        other.params[name] = value[p][:, p] if name.startswith("W_h") else value[..., p]
    for came, expected in zip(other.step(x, (h[:, p], c[:, p]))[0], whole, strict=False):
        np.testing.assert_allclose(came, expected[:, p], rtol=1e-12, atol=1e-15)


def test_initial_parameters():
    cell = LSTMVariant(D, H, peepholes=True, forget_bias=2.0)
    assert list(cell.params)[-3:] == ["p_f", "p_i", "p_o"]
    for gate in "fio":
        np.testing.assert_array_equal(cell.params[f"p_{gate}"], np.zeros(H))
    np.testing.assert_array_equal(cell.params["b_f"], np.full(H, 2.0))
    coupled = LSTMVariant(D, H, peepholes=True, coupled=True, forget_bias=2.0)
    assert [name for name in coupled.params if name.startswith("p_")] == ["p_i", "p_o"]
    np.testing.assert_array_equal(coupled.params["b_i"], np.full(H, -2.0))
    assert "b_f" not in coupled.params
    without = LSTMVariant(D, H, peepholes=True, without={"output gate"})
    assert [name for name in without.params if name.startswith("p_")] == ["p_f", "p_i"]
    assert (cell.peepholes, cell.coupled, cell.without) == (True, False, frozenset())
    assert [part.shape for part in cell.zero_state(2)] == [(2, H)] * 2


@pytest.mark.parametrize("options", VARIANTS[::7])
def test_single_precision_stays_single_and_complex_stays_complex(rng, options):
    cell, (x, h, c, d_h, d_c) = random_variant(rng, dtype=np.float32, **options), arguments(rng)
    state, cache = cell.step(x, (h, c))
    arrays = [*state, *cache, *arrays_in(cell.step_back((d_h, d_c), cache)), *cell.params.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert {part.dtype for part in cell.step(x + 0j, (h, c))[0]} == {np.dtype(complex)}


def test_nothing_given_is_changed_and_nothing_returned_is_overwritten(rng):
    cell, given = random_variant(rng, peepholes=True, without=("output activation",)), arguments(rng)
    before = copy.deepcopy(given)
    results = run(cell, *given)
    copies = copy.deepcopy(results)
    np.testing.assert_equal(given, before)
    for array in given:
        array[...] = 9
    run(cell, *given)
    np.testing.assert_equal(results, copies)


CELL = LSTMVariant(D, H, peepholes=True, coupled=True, rng=np.random.default_rng(0))
X, Y = np.ones((B, D)), np.ones((B, H))
CACHE = CELL.step(X, (Y, Y))[1]
CALLS = {
    "x": ((B, D), f"(batch, {D}) with batch at least 1", lambda value: CELL.step(value, (Y, Y))),
    "h": ((B, H), f"({B}, {H})", lambda value: CELL.step(X, (value, Y))),
    "c": ((B, H), f"({B}, {H})", lambda value: CELL.step(X, (Y, value))),
    "d_h": ((B, H), f"({B}, {H})", lambda value: CELL.step_back((value, Y), CACHE)),
    "d_c": ((B, H), f"({B}, {H})", lambda value: CELL.step_back((Y, value), CACHE)),
}


@pytest.mark.parametrize("argument", CALLS)
@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_arrays_that_do_not_fit_are_refused_in_a_sentence(argument, bad):
    shape, written, call = CALLS[argument]
    make, error, sentence = BAD_NUMBERS[bad]
    before = snapshot(CELL)
    with pytest.raises(error) as caught:
        call(make(shape))
    last = tuple(size - 1 for size in shape)
    expected = sentence.format(name=argument, shape=written, last=last, less=shape[1:], more=(*shape, 1))
    assert str(caught.value).startswith(f"{argument}: {expected}")
    assert_unchanged(CELL, before)


@pytest.mark.parametrize("options", VARIANTS[::5])
def test_overflow_is_one_error(options):
    cell = LSTMVariant(1, 1, rng=np.random.default_rng(0), **options)
    huge = np.full((1, 1), 1.7e308)
    for call in (
        lambda: cell.step(huge, (huge, huge)),
        lambda: cell.step_back((huge, huge), cell.step(huge / huge, (huge / huge, huge / huge))[1]),
    ):
        try:
            results = call()
        except FloatingPointError as error:
            message = str(error)
            assert "expected a finite result, got" in message
        else:
            assert all(np.isfinite(array).all() for array in arrays_in(results))


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        (
            {"without": "forget gate"},
            TypeError,
            "without: expected a collection of names such as ('forget gate',), got",
        ),
        ({"without": 3}, TypeError, "without: expected a collection of names such as ('forget gate',), got 3"),
        ({"without": ["cell"]}, ValueError, "without: expected some of input gate, forget gate, output gate, input"),
        ({"without": [[]]}, ValueError, "without: expected some of input gate"),
        (
            {"without": ["forget gate"], "coupled": True},
            ValueError,
            "without: expected both gates where they are coupled, got 'forget gate'",
        ),
        (
            {"without": ["input gate"], "coupled": True},
            ValueError,
            "without: expected both gates where they are coupled, got 'input gate'",
        ),
        ({"peepholes": 1}, TypeError, "peepholes: expected True or False, got 1"),
        ({"coupled": None}, TypeError, "coupled: expected True or False, got None"),
        ({"forget_bias": np.nan}, ValueError, "forget_bias: expected a finite number, got nan"),
        ({"rng": 1}, TypeError, "rng: expected a numpy.random.Generator, got 1"),
        ({"dtype": np.float16}, TypeError, "dtype: expected float64 or float32, got"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, error, sentence):
    with pytest.raises(error) as caught:
        LSTMVariant(2, 3, **options)
    assert str(caught.value).startswith(sentence)
