"""LSTMCell: against scalar loops, complex steps, PyTorch, and against itself in other arrangements."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnn
from rnn.gradcheck import complex_step
from rnn.layer import Cell
from rnn.lstm import sigmoid

pytestmark = pytest.mark.filterwarnings("error")

TORCH = json.loads((Path(__file__).parent / "data" / "torch_values.json").read_text(encoding="utf-8"))
B, D, H = 3, 4, 5


def random_cell(rng, sizes=(D, H), **options):
    cell = rnn.LSTMCell(*sizes, rng=rng, **options)
    for name, value in cell.params.items():
        cell.params[name] = (value + rng.normal(size=value.shape) / 2).astype(value.dtype)
    return cell


def random_case(rng, **options):
    return random_cell(rng, **options), rng.normal(size=(B, D)), *rng.normal(size=(4, B, H))


def test_step_agrees_with_scalar_loops(rng):
    cell, x, h, c, *_ = random_case(rng)
    p = cell.params
    new_h, new_c = cell.forward(x, h, c)
    for b in range(B):
        for j in range(H):
            a = {
                g: sum(x[b, d] * p[f"W_x{g}"][d, j] for d in range(D))
                + sum(h[b, i] * p[f"W_h{g}"][i, j] for i in range(H))
                + p[f"b_{g}"][j]
                for g in "fico"
            }
            f, i, o = (1 / (1 + math.exp(-a[g])) for g in "fio")
            expected = f * c[b, j] + i * math.tanh(a["c"])
            assert new_c[b, j] == pytest.approx(expected, rel=1e-13)
            assert new_h[b, j] == pytest.approx(o * math.tanh(expected), rel=1e-13)


def test_backward_agrees_with_complex_steps(rng):
    cell, x, h, c, d_h, d_c = random_case(rng)
    cell.forward(x, h, c)
    d_x, d_h_prev, d_c_prev, grads = cell.backward(d_h, d_c)
    assert list(grads) == list(cell.params)

    def loss(values):
        other = rnn.LSTMCell(D, H)
        other.params = {name: values[name] for name in cell.params}
        new_h, new_c = other.forward(values["x"], values["h"], values["c"])
        return (d_h * new_h + d_c * new_c).sum()

    leaves = {**cell.params, "x": x, "h": h, "c": c}
    for name, came in {**grads, "x": d_x, "h": d_h_prev, "c": d_c_prev}.items():
        expected = complex_step(lambda value, name=name: loss({**leaves, name: value}), leaves[name])
        np.testing.assert_allclose(came, expected, rtol=0, atol=1e-12 * np.abs(expected).max())


@settings(max_examples=20, deadline=None)
@given(*[st.integers(1, 4)] * 3, st.integers(0, 10**6))
def test_backward_agrees_with_complex_steps_for_all_sizes(b, d, h, seed):
    rng = np.random.default_rng(seed)
    assert max(rnn.gradcheck.check(random_cell(rng, (d, h)), batch=b, rng=rng).values()) < 1e-11


def test_values_and_gradients_of_pytorch():
    case = TORCH["lstm"]
    leaves = {name: np.array(value) for name, value in case["given"].items()}
    cell = rnn.LSTMCell(4, 5)
    cell.params = {name: leaves[name] for name in cell.params}
    h, c = cell.forward(leaves["input_t"], leaves["hidden_state"], leaves["cell_state"])
    np.testing.assert_allclose(h, case["results"]["h"], rtol=1e-12)
    np.testing.assert_allclose(c, case["results"]["c"], rtol=1e-12)
    d_x, d_h, d_c, grads = cell.backward(case["d_hidden"], case["d_cell"])
    came = {**grads, "input_t": d_x, "hidden_state": d_h, "cell_state": d_c}
    assert came.keys() == case["grads"].keys()
    for name, expected in case["grads"].items():
        np.testing.assert_allclose(came[name], expected, rtol=1e-12, atol=1e-13)


def test_forward_is_step_and_backward_is_step_back(rng):
    cell, x, h, c, d_h, d_c = random_case(rng)
    (new_h, new_c), cache = cell.step(x, (h, c))
    for came, expected in zip(cell.forward(x, h, c), (new_h, new_c), strict=True):
        np.testing.assert_array_equal(came, expected)
    assert len(cache) == 8
    d_x, d_h_prev, d_c_prev, grads = cell.backward(d_h, d_c)
    step_d_x, (step_d_h, step_d_c), step_grads = cell.step_back((d_h, d_c), cache)
    for came, expected in ((d_x, step_d_x), (d_h_prev, step_d_h), (d_c_prev, step_d_c)):
        np.testing.assert_array_equal(came, expected)
    for name, grad in grads.items():
        np.testing.assert_array_equal(grad, step_grads[name])


def test_two_steps_chained_have_the_gradient_of_the_whole(rng):
    cell, x, h, c, d_h, d_c = random_case(rng)
    y = rng.normal(size=(B, D))
    state, first = cell.step(x, (h, c))
    _, second = cell.step(y, state)
    _, d_state, _ = cell.step_back((d_h, d_c), second)
    d_x, (d_h0, d_c0), _ = cell.step_back(d_state, first)

    def loss(x, h, c):
        new_h, new_c = cell.step(y, cell.step(x, (h, c))[0])[0]
        return (d_h * new_h + d_c * new_c).sum()

    np.testing.assert_allclose(d_x, complex_step(lambda v: loss(v, h, c), x), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(d_h0, complex_step(lambda v: loss(x, v, c), h), rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(d_c0, complex_step(lambda v: loss(x, h, v), c), rtol=1e-10, atol=1e-13)


def test_a_batch_equals_its_rows(rng):
    cell, x, h, c, d_h, d_c = random_case(rng)
    whole = cell.forward(x, h, c)
    grads = cell.backward(d_h, d_c)[3]
    total = dict.fromkeys(grads, 0)
    for b in range(B):
        row = slice(b, b + 1)
        for came, expected in zip(cell.forward(x[row], h[row], c[row]), whole, strict=True):
            np.testing.assert_allclose(came[0], expected[b], rtol=1e-12)
        row_grads = cell.backward(d_h[row], d_c[row])[3]
        total = {name: total[name] + row_grads[name] for name in grads}
    for name in grads:
        np.testing.assert_allclose(total[name], grads[name], rtol=1e-10, atol=1e-13)


def test_permuting_hidden_units_changes_nothing_outside(rng):
    cell, x, h, c, *_ = random_case(rng)
    p = rng.permutation(H)
    other = rnn.LSTMCell(D, H)
    for name, value in cell.params.items():
        other.params[name] = value[p][:, p] if name.startswith("W_h") else value[..., p]
    for came, expected in zip(other.forward(x, h[:, p], c[:, p]), cell.forward(x, h, c), strict=True):
        np.testing.assert_allclose(came, expected[:, p], rtol=1e-12)


def test_results_are_never_overwritten_and_arguments_never_changed(rng):
    cell, x, h, c, d_h, d_c = random_case(rng)
    given = [array.copy() for array in (x, h, c, d_h, d_c)]
    d_x, d_h_prev, d_c_prev, grads = (cell.forward(x, h, c), cell.backward(d_h, d_c))[1]
    results = [*cell.forward(x, h, c), d_x, d_h_prev, d_c_prev, *grads.values()]
    copies = [result.copy() for result in results]
    cell.forward(-x, c, h)
    cell.backward(d_c, d_h)
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)
    for came, copy in zip((x, h, c, d_h, d_c), given, strict=True):
        np.testing.assert_array_equal(came, copy)
    cell.forward(x, h, c)
    x[...] = h[...] = c[...] = 9  # what the caller does next does not reach backward
    np.testing.assert_array_equal(cell.backward(d_h, d_c)[0], d_x)


def test_initial_parameters():
    cell = rnn.LSTMCell(30, 40, rng=np.random.default_rng(0))
    assert list(cell.params) == [f"{kind}{gate}" for gate in "fico" for kind in ("W_x", "W_h", "b_")]
    for gate in "fico":
        W_x, W_h, b = (cell.params[name] for name in (f"W_x{gate}", f"W_h{gate}", f"b_{gate}"))
        assert W_x.shape == (30, 40)
        assert 0.95 * np.sqrt(6 / 70) < np.abs(W_x).max() <= np.sqrt(6 / 70)
        np.testing.assert_allclose(W_h @ W_h.T, np.eye(40), atol=1e-12)
        np.testing.assert_array_equal(b, np.full(40, 1.0 if gate == "f" else 0.0))
    np.testing.assert_array_equal(rnn.LSTMCell(2, 3, forget_bias=-2).params["b_f"], [-2, -2, -2])
    same = rnn.LSTMCell(30, 40, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(same.params["W_ho"], cell.params["W_ho"])
    assert (rnn.LSTMCell(30, 40).params["W_xo"] != cell.params["W_xo"]).any()
    assert (cell.input_size, cell.hidden_size, cell.dtype) == (30, 40, np.float64)


def test_single_precision_stays_single_and_complex_stays_complex(rng):
    cell, x, h, c, d_h, d_c = random_case(rng, dtype=np.float32)
    state = cell.forward(x, h, c)
    d_x, d_h_prev, d_c_prev, grads = cell.backward(d_h, d_c)
    arrays = [*state, d_x, d_h_prev, d_c_prev, *grads.values(), *cell.params.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert cell.forward(x + 0j, h, c)[0].dtype == np.complex128


def test_sigmoid_is_right_and_never_overflows():
    a = np.array([-1e4, -5.0, 0.0, 0.3, 1e4])
    np.testing.assert_allclose(sigmoid(a), [0, 1 / (1 + np.exp(5)), 0.5, 1 / (1 + np.exp(-0.3)), 1], rtol=1e-13)


def test_a_sequence_begins_with_zeros():
    cell = rnn.LSTMCell(D, H, dtype=np.float32)
    assert isinstance(cell, Cell)
    h, c = cell.zero_state(B)
    for part in (h, c):
        assert (part.shape, part.dtype, part.any()) == ((B, H), np.float32, False)
    assert h is not c
    with pytest.raises(TypeError, match=r"^batch: expected a whole number, got 2.0$"):
        cell.zero_state(2.0)
