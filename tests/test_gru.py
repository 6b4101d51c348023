"""GRUCell: every published form against scalar loops, complex steps, its siblings, and itself in other arrangements."""

import copy
import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_assignment import BAD_NUMBERS, arrays_in, assert_unchanged, snapshot, with_value

from rnn.gradcheck import check
from rnn.gru import GRUCell

pytestmark = pytest.mark.filterwarnings("error")

B, D, H = 3, 4, 5
FORMS = [(reset, update) for reset in ("before", "after") for update in ("keeps", "replaces")]


def random_cell(rng, reset="after", update="keeps", sizes=(D, H), **options):
    cell = GRUCell(*sizes, reset=reset, update=update, rng=rng, **options)
    for name, value in cell.params.items():
        cell.params[name] = (value + rng.normal(size=value.shape) / 2).astype(value.dtype)
    return cell


def random_case(rng, *form, **options):
    return random_cell(rng, *form, **options), rng.normal(size=(B, D)), *rng.normal(size=(2, B, H))


def by_scalars(cell, x, h_prev):
    """Compute the new state one number at a time."""
    p, H = cell.params, cell.hidden_size

    def affine(gate, j, x, h):
        a = p[f"b_{gate}"][j] + sum(x[d] * p[f"W_x{gate}"][d, j] for d in range(len(x)))
        return a + sum(h[i] * p[f"W_h{gate}"][i, j] for i in range(H))

    new = np.zeros(h_prev.shape)
    for b, (x_b, h_b) in enumerate(zip(x, h_prev, strict=True)):
        z, r = ([1 / (1 + math.exp(-affine(gate, j, x_b, h_b))) for j in range(H)] for gate in "zr")
        for j in range(H):
            if cell.reset == "before":
                n = math.tanh(affine("n", j, x_b, [r[i] * h_b[i] for i in range(H)]))
            else:
                seen = p["b_hn"][j] + sum(h_b[i] * p["W_hn"][i, j] for i in range(H))
                n = math.tanh(affine("n", j, x_b, [0] * H) + r[j] * seen)
            new[b, j] = z[j] * h_b[j] + (1 - z[j]) * n if cell.update == "keeps" else (1 - z[j]) * h_b[j] + z[j] * n
    return new


@pytest.mark.parametrize("form", FORMS)
def test_step_agrees_with_scalar_loops(rng, form):
    cell, x, h, _ = random_case(rng, *form)
    np.testing.assert_allclose(cell.step(x, (h,))[0][0], by_scalars(cell, x, h), rtol=1e-13, atol=1e-15)


@settings(max_examples=40, deadline=None)
@given(*[st.integers(1, 4)] * 3, st.sampled_from(FORMS), st.integers(0, 10**6))
def test_step_back_agrees_with_complex_steps_for_all_sizes_and_forms(b, d, h, form, seed):
    rng = np.random.default_rng(seed)
    errors = check(random_cell(rng, *form, sizes=(d, h)), batch=b, rng=rng)
    assert len(errors) == 9 + (form[0] == "after") + 2
    assert max(errors.values()) < 1e-12


@pytest.mark.parametrize("reset", ["before", "after"])
def test_negating_the_update_gate_leads_from_one_convention_to_the_other(rng, reset):
    keeps, x, h, d_h = random_case(rng, reset, "keeps")
    replaces = GRUCell(D, H, reset=reset, update="replaces")
    for name, value in keeps.params.items():
        replaces.params[name] = -value if name.endswith("z") else value
    (came,), cache = replaces.step(x, (h,))
    (expected,), own = keeps.step(x, (h,))
    np.testing.assert_allclose(came, expected, rtol=1e-13)
    d_x, _, grads = replaces.step_back((d_h,), cache)
    np.testing.assert_allclose(d_x, keeps.step_back((d_h,), own)[0], rtol=1e-12)
    np.testing.assert_allclose(grads["W_hz"], -keeps.step_back((d_h,), own)[2]["W_hz"], rtol=1e-12)


def test_reset_before_and_after_the_product_are_different_functions_unless_the_product_is_diagonal(rng):
    after, x, h, _ = random_case(rng, "after")
    before = GRUCell(D, H, reset="before")
    after.params["b_hn"][...] = 0
    before.params |= {name: after.params[name] for name in before.params}

    def distance():
        return np.abs(after.step(x, (h,))[0][0] - before.step(x, (h,))[0][0]).max()

    assert distance() > 0.01
    before.params["W_hn"] = after.params["W_hn"] = np.diag(rng.normal(size=H))
    assert distance() < 1e-15


def test_an_open_reset_gate_and_an_update_gate_that_replaces_give_the_simple_network(rng):
    cell, x, h, _ = random_case(rng, "after", "replaces")
    for gate in "zr":
        cell.params[f"b_{gate}"] = np.full(H, 1e4)
    p = cell.params
    expected = np.tanh(x @ p["W_xn"] + p["b_n"] + h @ p["W_hn"] + p["b_hn"])
    np.testing.assert_allclose(cell.step(x, (h,))[0][0], expected, rtol=1e-14)
    cell.params["b_r"] = np.full(H, -1e4)  # and closed, one without a memory
    expected = np.tanh(x @ p["W_xn"] + p["b_n"])
    np.testing.assert_allclose(cell.step(x, (h,))[0][0], expected, rtol=1e-14)


@pytest.mark.parametrize(("update", "sign"), [("keeps", 1), ("replaces", -1)])
def test_which_bias_of_the_update_gate_remembers(rng, update, sign):
    x, h = rng.normal(size=(B, D)), rng.normal(size=(B, H))
    change = {
        bias: np.abs(GRUCell(D, H, update=update, update_bias=bias).step(x, (h,))[0][0] - h).max() for bias in (-30, 30)
    }
    assert change[sign * 30] < 1e-8
    assert change[-sign * 30] > 0.1


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_equals_its_rows(rng, form):
    cell, x, h, d_h = random_case(rng, *form)
    (whole,), cache = cell.step(x, (h,))
    d_x, (d_h_prev,), grads = cell.step_back((d_h,), cache)
    total = dict.fromkeys(grads, 0)
    for b in range(B):
        row = slice(b, b + 1)
        (h_row,), cache = cell.step(x[row], (h[row],))
        d_x_row, (d_h_row,), row_grads = cell.step_back((d_h[row],), cache)
        np.testing.assert_allclose(h_row[0], whole[b], rtol=1e-12)
        np.testing.assert_allclose(d_x_row[0], d_x[b], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(d_h_row[0], d_h_prev[b], rtol=1e-10, atol=1e-13)
        total = {name: total[name] + row_grads[name] for name in grads}
    for name in grads:
        np.testing.assert_allclose(total[name], grads[name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("form", FORMS)
def test_permuting_hidden_units_changes_nothing_outside(rng, form):
    cell, x, h, _ = random_case(rng, *form)
    p, other = rng.permutation(H), random_cell(rng, *form)
    for name, value in cell.params.items():
        other.params[name] = value[p][:, p] if name.startswith("W_h") else value[..., p]
    np.testing.assert_allclose(other.step(x, (h[:, p],))[0][0], cell.step(x, (h,))[0][0][:, p], rtol=1e-12)


@pytest.mark.parametrize("form", FORMS)
def test_initial_parameters(form):
    reset, update = form
    cell = GRUCell(30, 40, reset=reset, update=update, update_bias=0.5, rng=np.random.default_rng(0))
    names = [f"{kind}{gate}" for gate in "zrn" for kind in ("W_x", "W_h", "b_")]
    assert list(cell.params) == names + ["b_hn"] * (reset == "after")
    for gate in "zrn":
        W_x, W_h, b = (cell.params[name] for name in (f"W_x{gate}", f"W_h{gate}", f"b_{gate}"))
        assert W_x.shape == (30, 40)
        assert 0.95 * np.sqrt(6 / 70) < np.abs(W_x).max() <= np.sqrt(6 / 70)
        np.testing.assert_allclose(W_h @ W_h.T, np.eye(40), atol=1e-12)
        np.testing.assert_array_equal(b, np.full(40, 0.5 if gate == "z" else 0))
    same = GRUCell(30, 40, reset="before", update="replaces", rng=np.random.default_rng(0))
    np.testing.assert_array_equal(same.params["W_hn"], cell.params["W_hn"])
    assert not GRUCell(3, 2).params["b_z"].any()
    assert not GRUCell(3, 2).params["b_hn"].any()
    assert (cell.input_size, cell.hidden_size, cell.reset, cell.update, cell.dtype) == (30, 40, *form, np.float64)
    np.testing.assert_array_equal(cell.zero_state(2)[0], np.zeros((2, 40)))


def test_the_forms_by_default_are_those_of_pytorch():
    assert (GRUCell(1, 1).reset, GRUCell(1, 1).update) == ("after", "keeps")


@pytest.mark.parametrize("form", FORMS)
def test_single_precision_stays_single_and_complex_stays_complex(rng, form):
    cell, x, h, d_h = random_case(rng, *form, dtype=np.float32)
    (new,), cache = cell.step(x, (h,))
    d_x, (d_h_prev,), grads = cell.step_back((d_h,), cache)
    arrays = [new, *cache, d_x, d_h_prev, *grads.values(), *cell.zero_state(1)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert cell.step(x + 0j, (h,))[0][0].dtype == np.complex128


@pytest.mark.parametrize("form", FORMS)
def test_nothing_given_is_changed_and_nothing_returned_is_overwritten(rng, form):
    cell, x, h, d_h = random_case(rng, *form)
    before = [array.copy() for array in (x, h, d_h)]
    (new,), cache = cell.step(x, (h,))
    results = [new, *cache, *arrays_in(cell.step_back((d_h,), cache))]
    copies = copy.deepcopy(results)
    for array, own in zip((x, h, d_h), before, strict=True):
        np.testing.assert_array_equal(array, own)
        array[...] = 9
    cell.step_back((-d_h,), cell.step(-x, (-h,))[1])
    np.testing.assert_equal(results, copies)


CELL = GRUCell(D, H, rng=np.random.default_rng(0))
CACHE = CELL.step(np.ones((B, D)), (np.ones((B, H)),))[1]
CALLS = {
    "x": ((B, D), f"(batch, {D}) with batch at least 1", lambda value: CELL.step(value, (np.ones((B, H)),))),
    "h": ((B, H), f"({B}, {H})", lambda value: CELL.step(np.ones((B, D)), (value,))),
    "d_h": ((B, H), f"({B}, {H})", lambda value: CELL.step_back((value,), CACHE)),
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
    assert "\n" not in str(caught.value)
    assert_unchanged(CELL, before)


@pytest.mark.parametrize("argument", CALLS)
def test_huge_numbers_give_a_right_result_or_a_sentence(argument):
    shape, _, call = CALLS[argument]
    for value in (np.full(shape, 1e308), np.full(shape, -1e308), with_value(shape, 1e308)):
        try:
            results = call(value)
        except FloatingPointError as error:
            message = str(error)
            assert re.fullmatch(r"\S+: expected a finite result, got .*", message)
        else:
            assert all(np.isfinite(array).all() for array in arrays_in(results))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: GRUCell(0, 1), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        (lambda: GRUCell(1, 1.0), TypeError, "hidden_size: expected a whole number, got 1.0"),
        (lambda: GRUCell(1, 1, reset="v3"), ValueError, "reset: expected one of after, before, got 'v3'"),
        (lambda: GRUCell(1, 1, reset=np.ones(2)), ValueError, "reset: expected one of after, before, got an array"),
        (lambda: GRUCell(1, 1, update=None), ValueError, "update: expected one of keeps, replaces, got None"),
        (lambda: GRUCell(1, 1, update_bias=np.inf), ValueError, "update_bias: expected a finite number, got inf"),
        (lambda: GRUCell(1, 1, rng=0), TypeError, "rng: expected a numpy.random.Generator, got 0"),
        (lambda: GRUCell(1, 1, dtype=int), TypeError, "dtype: expected float64 or float32, got <class 'int'>"),
        (lambda: CELL.zero_state(0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (lambda: CELL.step(np.ones((B, D)), np.ones((B, H))), TypeError, "state: expected the tuple (h,), got ndarray"),
        (lambda: CELL.step_back((1, 2), CACHE), TypeError, "d_state: expected the tuple (d_h,), got a tuple of 2"),
        (lambda: CELL.step_back((1,), CACHE[1:]), TypeError, "cache: expected the tuple (x, h_prev, z, r, m, n), got"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize("bad", [np.full((D, H), np.nan), np.ones((D, H + 1)), None])
def test_parameters_that_do_not_fit_are_refused_where_they_are_used(rng, bad):
    cell, x, h, d_h = random_case(rng)
    _, cache = cell.step(x, (h,))
    cell.params["W_xr"] = bad
    for call in (lambda: cell.step(x, (h,)), lambda: cell.step_back((d_h,), cache)):
        with pytest.raises((TypeError, ValueError), match=r"^params\['W_xr'\]: expected "):
            call()
