"""RNN, LSTM, GRU: against plain loops over their cells, complex steps, and against themselves in other arrangements."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn import runs
from rnn.depth import Unrolled
from rnn.gradcheck import central_difference, complex_step
from rnn.layer import Layer
from rnn.layers import GRU, LSTM, RNN

KINDS = {
    "tanh": (RNN, {}),
    "relu": (RNN, {"nonlinearity": "relu"}),
    "identity": (RNN, {"nonlinearity": "identity"}),
    "lstm": (LSTM, {}),
    "gru": (GRU, {}),
    "gru replaces": (GRU, {"update": "replaces"}),
    "gru before": (GRU, {"reset": "before"}),
    "gru before replaces": (GRU, {"reset": "before", "update": "replaces"}),
}
T, B, D, H = 6, 3, 4, 5
every_kind = pytest.mark.parametrize("kind", KINDS)


def make(kind, rng, sizes=(D, H), **options):
    """Return a layer with random parameters, biases too."""
    cls, more = KINDS[kind]
    layer = cls(*sizes, rng=rng, **more, **options)
    for name, value in layer.params.items():
        layer.params[name] = (0.7 * value + rng.normal(size=value.shape) / (2 * sizes[1] ** 0.5)).astype(value.dtype)
    return layer


def case(layer, rng, shape=(T, B), dtype=np.float64):
    """Return inputs, state, d_outputs and d_state for a layer; with seeds `shape` is (T, K, B)."""
    state = (*shape[1:], layer.hidden_size)
    parts = len(layer.zero_state(1))
    x, d_outputs = rng.normal(size=(*shape, layer.input_size)), rng.normal(size=(shape[0], *state))
    states, d_states = (tuple(rng.normal(size=state).astype(dtype) for _ in range(parts)) for _ in range(2))
    return x.astype(dtype), states, d_outputs.astype(dtype), d_states


def run(layer, x, state, d_outputs, d_state, lengths=None):
    """Return everything that comes out of a forward and a backward, by name."""
    outputs, end = layer.forward(x, state, lengths=lengths)
    d_inputs, d_start = layer.backward(d_outputs, d_state)
    return {"outputs": outputs, "d_inputs": d_inputs, **named(end, "end"), **named(d_start, "d_start"), **layer.grads}


def named(parts, name):
    return {f"{name} {k}": part for k, part in enumerate(parts)}


def loop(cell, x, state, d_outputs, d_state, lengths=None):
    """Return the same by a plain loop over the cell."""
    lengths = np.full(x.shape[1], len(x)) if lengths is None else lengths
    outputs, caches = np.zeros(d_outputs.shape), []
    for t, x_t in enumerate(x):
        there = (t < lengths)[:, None]
        new, cache = cell.step(x_t, state)
        state = tuple(np.where(there, n, old) for n, old in zip(new, state, strict=True))
        outputs[t] = np.where(there, new[0], 0)
        caches.append(cache)
    d_inputs, grads = np.zeros(x.shape), dict.fromkeys(cell.params, 0)
    for t in reversed(range(len(x))):
        there = (t < lengths)[:, None]
        d_new = tuple(np.where(there, d, 0) for d in (d_state[0] + d_outputs[t], *d_state[1:]))
        d_inputs[t], d_old, step_grads = cell.step_back(d_new, caches[t])
        d_state = tuple(np.where(there, d, kept) for d, kept in zip(d_old, d_state, strict=True))
        grads = {name: grads[name] + step_grads[name] for name in grads}
    return {"outputs": outputs, "d_inputs": d_inputs, **named(state, "end"), **named(d_state, "d_start"), **grads}


def assert_close(came, expected, tolerance=1e-12):
    assert came.keys() == expected.keys()
    for name, value in expected.items():
        scale = np.abs(value).max()
        np.testing.assert_allclose(came[name], value, rtol=0, atol=tolerance * scale, err_msg=name)


SHAPES = [(1, 1, 1, 1), (5, 1, 3, 4), (4, 3, 1, 5), (3, 2, 4, 1), (1, 3, 2, 4), (7, 4, 3, 6)]


@every_kind
@pytest.mark.parametrize("padded", [False, True])
def test_layer_equals_the_loop_over_its_cell(kind, padded, rng):
    for seq_len, batch, *sizes in SHAPES:
        layer = make(kind, rng, sizes)
        arguments = case(layer, rng, (seq_len, batch))
        lengths = rng.integers(1, seq_len + 1, batch) if padded else None
        assert_close(run(layer, *arguments, lengths), loop(layer.cell, *arguments, lengths))


@every_kind
@pytest.mark.parametrize(("block", "chunk", "small"), [(1, 1, 10**6), (80, 5, 300), (170, 7, 150), (10**6, 10**6, 1)])
def test_blocks_chunks_and_tiles_make_no_difference(kind, block, chunk, small, rng, monkeypatch):
    for name, value in {"BLOCK": block, "CHUNK": chunk, "SMALL": small, "TILE": 2}.items():
        monkeypatch.setattr(runs, name, value)
    for sizes in ((D, 6), (1, 8), (3, 7)):
        layer = make(kind, rng, sizes)
        arguments = case(layer, rng, (11, B))
        lengths = rng.integers(1, 12, B)
        assert_close(run(layer, *arguments), loop(layer.cell, *arguments))
        assert_close(run(layer, *arguments, lengths), loop(layer.cell, *arguments, lengths))


@every_kind
def test_a_size_at_which_products_are_cut_into_tiles(kind, rng):
    layer = make(kind, rng, (20, 128))
    arguments = case(layer, rng, (3, 60))
    assert_close(run(layer, *arguments), loop(layer.cell, *arguments))
    weights = runs._Weights(layer._run, 149, 1)
    assert (weights.n, weights.whole) == (2, False)


@every_kind
def test_layer_equals_unrolled_cell(kind, rng):
    layer = make(kind, rng)
    arguments, lengths = case(layer, rng), np.array([2, T, 1])
    assert_close(run(layer, *arguments, lengths), run(Unrolled(layer.cell), *arguments, lengths))


def numerical_gradients(kind, layer, arguments, lengths, differentiate):
    x, state, d_outputs, d_state = arguments

    def loss(values):
        other = type(layer)(layer.input_size, layer.hidden_size, **KINDS[kind][1])
        other.params = {name: values[name] for name in layer.params}
        start = tuple(values[f"d_start {k}"] for k in range(len(state)))
        outputs, end = other.forward(values["d_inputs"], start, lengths=lengths)
        return (d_outputs * outputs).sum() + sum((d * part).sum() for d, part in zip(d_state, end, strict=True))

    leaves = {**layer.params, "d_inputs": x, **named(state, "d_start")}

    def gradient(name):
        return differentiate(lambda value: loss({**leaves, name: value}), leaves[name])

    return {name: gradient(name) for name in leaves}


@every_kind
@settings(max_examples=4, deadline=None)
@given(*[st.integers(1, 4)] * 4, st.booleans(), st.integers(0, 10**6))
def test_backward_agrees_with_numerical_gradients(kind, t, b, d, h, padded, seed):
    rng = np.random.default_rng(seed)
    layer = make(kind, rng, (d, h))
    arguments = case(layer, rng, (t, b))
    lengths = rng.integers(1, t + 1, b) if padded else None
    method, tolerance = (central_difference, 1e-7) if kind == "relu" else (complex_step, 1e-12)
    expected = numerical_gradients(kind, layer, arguments, lengths, method)
    came = run(layer, *arguments, lengths)
    for name, value in expected.items():
        error = np.abs(came[name] - value).max()
        assert error <= tolerance * max(np.abs(value).max(), 1e-3), name


@every_kind
def test_complex_numbers_go_all_the_way(kind, rng):
    layer = make(kind, rng)
    real = case(layer, rng)
    expected = run(layer, *real)
    x, state, d_outputs, d_state = real
    came = run(layer, x + 0j, state, d_outputs, d_state)
    assert all(value.dtype == np.complex128 for value in came.values())
    assert_close(came, expected, 1e-14)
    for name, value in layer.params.items():  # backward is linear in what comes from above
        layer.params[name] = value + 0j
    twice = run(layer, x, state, 2j * d_outputs, tuple(2j * d for d in d_state))
    for name in (*layer.params, "d_inputs", "d_start 0"):
        np.testing.assert_allclose(twice[name], 2j * expected[name], rtol=1e-11, atol=1e-13)
    layer = make(kind, rng)
    layer.forward(x, state)
    with pytest.raises(TypeError, match=r"^d_outputs: expected real numbers after a forward in real numbers"):
        layer.backward(d_outputs + 0j)


@every_kind
@pytest.mark.parametrize("padded", [False, True])
def test_seeds_are_independent_networks(kind, padded, rng):
    K = 3
    layer = make(kind, rng, seeds=K)
    x, state, d_outputs, d_state = case(layer, rng, (T, K, B))
    lengths = rng.integers(1, T + 1, (K, B)) if padded else None
    came = run(layer, x, state, d_outputs, d_state, lengths)
    for k in range(K):
        one = make(kind, rng)
        one.params = {name: value[k] for name, value in layer.params.items()}
        mine = tuple(s[k] for s in state), d_outputs[:, k], tuple(d[k] for d in d_state)
        expected = run(one, x[:, k], *mine, None if lengths is None else lengths[k])
        axis = {name: 1 if name in ("outputs", "d_inputs") else 0 for name in came}
        assert_close({name: value.take(k, axis[name]) for name, value in came.items()}, expected, 1e-13)
    stream = layer.stream(state)
    outputs, _ = layer.forward(x, state)
    np.testing.assert_allclose(np.stack([stream.step(x_t) for x_t in x]), outputs, rtol=1e-13, atol=1e-14)
    assert layer.zero_state(2)[0].shape == (K, 2, H)
    assert layer.stream(batch=2).step(x[0, :, :2]).shape == (K, 2, H)


def test_seeds_begin_as_that_many_layers_in_turn():
    layer, rng = GRU(D, H, seeds=2, rng=np.random.default_rng(3)), np.random.default_rng(3)
    for k in range(2):
        for name, value in GRU(D, H, rng=rng).params.items():
            np.testing.assert_array_equal(layer.params[name][k], value)


@every_kind
def test_a_batch_equals_its_rows_and_a_sequence_its_pieces(kind, rng):
    layer = make(kind, rng)
    x, state, d_outputs, d_state = case(layer, rng)
    whole = run(layer, x, state, d_outputs, d_state)
    total = dict.fromkeys(layer.params, 0)
    for b in range(B):
        row = slice(b, b + 1)
        mine = run(layer, x[:, row], tuple(s[row] for s in state), d_outputs[:, row], tuple(d[row] for d in d_state))
        np.testing.assert_allclose(mine["outputs"], whole["outputs"][:, row], rtol=1e-12)
        np.testing.assert_allclose(mine["d_inputs"], whole["d_inputs"][:, row], rtol=1e-11, atol=1e-13)
        total = {name: total[name] + mine[name] for name in total}
    assert_close(total, {name: whole[name] for name in total})
    first, middle = layer.forward(x[:2], state)
    second, _ = layer.forward(x[2:], middle)
    np.testing.assert_allclose(np.concatenate([first, second]), whole["outputs"], rtol=1e-12)
    d_second, d_middle = layer.backward(d_outputs[2:], d_state)
    late = layer.grads
    layer.forward(x[:2], state)
    d_first, _ = layer.backward(d_outputs[:2], d_middle)
    np.testing.assert_allclose(np.concatenate([d_first, d_second]), whole["d_inputs"], rtol=1e-11, atol=1e-13)
    assert_close({name: late[name] + layer.grads[name] for name in late}, {name: whole[name] for name in late})


@every_kind
def test_padding_changes_nothing(kind, rng):
    layer = make(kind, rng)
    for name, value in layer.params.items():
        if name.startswith("W_x") or kind in ("relu", "identity"):
            layer.params[name] = 1e3 * (
                abs(value) if name == "W_hh" else value
            )  # what goes on beyond the end overflows
    x, state, d_outputs, d_state = case(layer, rng, (120, B))
    lengths = np.array([4, 1, 7])
    came = run(layer, x, state, d_outputs, d_state, lengths)
    for b, length in enumerate(lengths):
        beyond = slice(length, None), b
        assert not came["outputs"][beyond].any()
        assert not came["d_inputs"][beyond].any()
        x[beyond] = 1e306 * np.sign(rng.normal(size=x[beyond].shape))
        d_outputs[beyond] = -1e300
    again = run(layer, x, state, d_outputs, d_state, lengths)
    for name, value in came.items():
        np.testing.assert_array_equal(again[name], value)
    short = run(layer, x[:7], state, d_outputs[:7], d_state, lengths)
    came |= {name: came[name][:7] for name in ("outputs", "d_inputs")}
    assert_close(short, came)


@every_kind
def test_results_are_nobody_elses_and_arguments_are_left_alone(kind, rng):
    layer = make(kind, rng)
    arguments = case(layer, rng)
    x, state, d_outputs, d_state = arguments
    given_arrays = [x, *state, d_outputs, *d_state]
    before = [array.copy() for array in given_arrays]
    expected = {name: value.copy() for name, value in run(layer, *arguments).items()}
    came = run(layer, *arguments)
    run(layer, *case(layer, rng))
    run(layer, *case(layer, rng, (2, 1)))
    for name, value in expected.items():
        np.testing.assert_array_equal(came[name], value)
    for array, value in zip(given_arrays, before, strict=True):
        np.testing.assert_array_equal(array, value)
    outputs, end = layer.forward(x, state)
    for array in (x, *state, outputs, *end):
        array[...] = 9  # what the caller does with them does not reach backward
    for name in layer.params:
        layer.params[name][...] = 9
    for _ in range(2):  # it can be asked again
        d_inputs, _ = layer.backward(d_outputs, d_state)
        np.testing.assert_array_equal(d_inputs, expected["d_inputs"])
        for name in layer.params:
            np.testing.assert_array_equal(layer.grads[name], expected[name])


def strided(array):
    return np.repeat(array, 2, axis=0)[::2]


@every_kind
def test_other_forms_of_the_same_arguments(kind, rng):
    layer = make(kind, rng)
    x, state, d_outputs, d_state = case(layer, rng)
    expected = run(layer, x, state, d_outputs, d_state)
    for other in (np.asfortranarray, strided, lambda a: a.astype(">f8"), np.ndarray.tolist):
        came = run(layer, other(x), tuple(map(other, state)), other(d_outputs), tuple(map(other, d_state)))
        assert_close(came, expected, 1e-14)
    for array in (x, *state, d_outputs, *d_state):
        array.flags.writeable = False
    assert_close(run(layer, x, state, d_outputs, d_state), expected, 1e-15)
    zeros = layer.zero_state(B)
    default, _ = layer.forward(x)
    np.testing.assert_array_equal(default, layer.forward(x, zeros)[0])
    np.testing.assert_array_equal(layer.backward(d_outputs)[0], layer.backward(d_outputs, zeros)[0])


@every_kind
def test_single_precision(kind, rng):
    layer = make(kind, rng, dtype=np.float32)
    arguments = case(layer, rng)
    expected = loop(layer.cell, *arguments)
    for dtype in (np.float32, np.float64):
        came = run(layer, *(a.astype(dtype) if isinstance(a, np.ndarray) else a for a in arguments))
        assert {value.dtype for value in came.values()} == {np.dtype(np.float32)}
        assert_close(came, expected, 1e-5)
    assert layer.stream().step(np.ones((1, D), np.float32)).dtype == np.float32


@every_kind
def test_parameters_can_be_assigned_and_written_into(kind, rng):
    layer = make(kind, rng)
    x, state, *_ = case(layer, rng)
    old, _ = layer.forward(x, state)
    for name in layer.params:
        kept = layer.params[name]
        layer.params[name] = kept + 0.1
        assigned, _ = layer.forward(x, state)
        layer.params[name] = kept
        kept += 0.1
        written, _ = layer.forward(x, state)
        kept -= 0.1
        np.testing.assert_array_equal(assigned, written)
        assert np.abs(assigned - old).max() > 1e-6
    assert layer.params is layer.cell.params


@every_kind
def test_a_stream_equals_the_whole_sequence(kind, rng):
    layer = make(kind, rng)
    for batch in (1, B):
        x, state, *_ = case(layer, rng, (T, batch))
        outputs, end = layer.forward(x, state)
        stream = layer.stream(state)
        came = [stream.step(x_t) for x_t in x]
        np.testing.assert_allclose(came, outputs, rtol=1e-13, atol=1e-15)
        for part, expected in zip(stream.state, end, strict=True):
            np.testing.assert_allclose(part, expected, rtol=1e-13, atol=1e-15)
        fresh = layer.stream(batch=batch)
        np.testing.assert_allclose(fresh.step(x[0].tolist()), layer.forward(x[:1])[0][0], rtol=1e-13, atol=1e-15)
        stream = layer.stream(tuple(s + 0j for s in state))
        assert stream.step(x[0]).dtype == np.complex128
        assert layer.forward(x[:1], state)[0].dtype == np.float64


@every_kind
@pytest.mark.parametrize("batch", [1, 2])
def test_a_stream_that_refuses_is_as_before(kind, batch, rng):
    layer = make(kind, rng)
    x = rng.normal(size=(2, batch, D))
    stream, other = layer.stream(batch=batch), layer.stream(batch=batch)
    stream.step(x[0]), other.step(x[0])
    for bad in (np.nan, np.inf):
        wrong = x[1].copy()
        wrong[-1, 1] = bad
        with pytest.raises(ValueError, match=r"^x: expected finite numbers, got (nan|inf) at index"):
            stream.step(wrong)
    for wrong in (x, x[0, 0], x[0][:, 1:], x[0][:0]):
        with pytest.raises(ValueError, match=r"^x: expected "):
            stream.step(wrong)
    for wrong in (x[0].astype(int), x[0].astype(np.float16), x[0] + 0j, None, "abc"):
        with pytest.raises(TypeError, match=r"^x: expected float64 or float32"):
            stream.step(wrong)
    np.testing.assert_array_equal(stream.step(x[1]), other.step(x[1]))
    for part, expected in zip(stream.state, other.state, strict=True):
        np.testing.assert_array_equal(part, expected)


@pytest.mark.parametrize("batch", [1, 2])
def test_a_stream_that_overflows_is_as_before(batch):
    layer = RNN(1, 2, nonlinearity="relu", rng=np.random.default_rng(0))
    layer.params["W_xh"][...] = 10
    stream = layer.stream(batch=batch)
    y = stream.step(np.ones((batch, 1)))
    with pytest.raises(FloatingPointError, match=r"^h: expected a finite result, got inf at index"):
        stream.step(np.full((batch, 1), 1e308))
    np.testing.assert_array_equal(stream.state[0], y)
    np.testing.assert_array_equal(stream.step(np.zeros((batch, 1))), y)  # W_hh is the identity


BAD_INPUTS = {
    "inputs: expected finite numbers, got nan at index (1, 2, 3)": (ValueError, (1, 2, 3), np.nan),
    "inputs: expected finite numbers, got -inf at index (0, 0, 0)": (ValueError, (0, 0, 0), -np.inf),
}


@every_kind
def test_bad_arguments_are_refused_in_a_sentence_and_change_nothing(kind, rng):
    layer = make(kind, rng)
    x, state, d_outputs, d_state = case(layer, rng)
    expected = run(layer, x, state, d_outputs, d_state)

    def refused(error, start, call, *arguments, **options):
        with pytest.raises(error) as caught:
            call(*arguments, **options)
        assert str(caught.value).startswith(start), caught.value
        assert "\n" not in str(caught.value)

    for message, (error, index, value) in BAD_INPUTS.items():
        wrong = x.copy()
        wrong[index] = value
        refused(error, message, layer.forward, wrong, state)
    for wrong in (x[:0], x[:, :0], x[..., 1:], x[0], x[None], np.ones(3)):
        refused(ValueError, "inputs: expected (seq_len, batch, 4) with", layer.forward, wrong)
    for wrong in (x.astype(int), x.astype(np.float16), x.astype(object), None, "abc", x > 0):
        refused(TypeError, "inputs: expected float64, float32 or complex128 numbers", layer.forward, wrong)
    for wrong in ([*state], (), (*state, *state), state[0], 3):
        refused(TypeError, "state: expected the tuple (h", layer.forward, x, wrong)
    refused(ValueError, "h: expected (3, 5), got (2, 5)", layer.forward, x, tuple(s[:2] for s in state))
    refused(ValueError, "h: expected finite", layer.forward, x, tuple(np.full_like(s, np.nan) for s in state))
    for wrong in ([0, 1, 2], [1, 2, T + 1], [1, 2], [[1, 2, 3]]):
        refused(ValueError, "lengths: expected", layer.forward, x, lengths=np.array(wrong))
    refused(TypeError, "lengths: expected whole numbers", layer.forward, x, lengths=np.ones(B))
    for name, value in list(layer.params.items()):
        for wrong in (value[..., 1:], value[None], np.float64(3), value.astype(int), [1.0]):
            layer.params[name] = wrong
            refused((TypeError, ValueError), f"params[{name!r}]: expected", layer.forward, x)
        layer.params[name] = np.full_like(value, np.inf)
        refused(ValueError, f"params[{name!r}]: expected finite numbers", layer.forward, x)
        del layer.params[name]
        refused(ValueError, "params: expected the keys", layer.forward, x)
        layer.params[name] = value
    for wrong in (d_outputs[1:], d_outputs[..., 1:], np.full_like(d_outputs, np.nan)):
        refused(ValueError, "d_outputs: expected", layer.backward, wrong)
    refused(TypeError, "d_state: expected the tuple (d_h", layer.backward, d_outputs, 3)
    refused(ValueError, "d_h: expected (3, 5), got (1, 5)", layer.backward, d_outputs, tuple(d[:1] for d in d_state))
    refused(FloatingPointError, "d_inputs: expected a finite result", layer.backward, np.full_like(d_outputs, 1e308))
    assert set(layer.grads) == set(layer.params)
    for name, value in layer.grads.items():
        np.testing.assert_array_equal(value, expected[name])
    np.testing.assert_array_equal(layer.backward(d_outputs, d_state)[0], expected["d_inputs"])


@every_kind
def test_backward_needs_a_forward(kind, rng):
    layer = make(kind, rng)
    assert layer.grads == {}
    with pytest.raises(RuntimeError, match=r"^backward: expected a call of forward first, got none$"):
        layer.backward(np.ones((T, B, H)))


def test_overflow_is_an_error_and_forgets_the_run():
    layer = RNN(1, 2, nonlinearity="identity", dtype=np.float32)
    layer.params["W_hh"][...] = 10 * np.eye(2)
    layer.params["W_xh"][...] = 1
    x = np.ones((30, 2, 1))
    layer.forward(x)
    with pytest.raises(FloatingPointError, match=r"^outputs: expected a finite result, got inf at index \(39, 0, 0\)$"):
        layer.forward(np.ones((50, 2, 1)))
    with pytest.raises(RuntimeError, match="forward first"):
        layer.backward(np.ones((50, 2, 2)))
    layer.params["W_xh"] = np.full((1, 2), 1e300)
    with pytest.raises(ValueError, match=r"^params\['W_xh'\]: expected numbers that fit into float32"):
        layer.forward(x)
    layer.params["W_xh"] = np.full((1, 2), 1e25, np.float32)  # finite, though its square is not
    assert layer.forward(x[:2])[0][1, 0, 0] == pytest.approx(1.1e26)


@every_kind
def test_copies_and_pickles(kind, rng):
    layer = make(kind, rng)
    arguments = case(layer, rng)
    expected = run(layer, *arguments)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert_close(run(other, *arguments), expected, 1e-15)
        other.params["W_xh" if kind in ("tanh", "relu", "identity") else "W_xo" if kind == "lstm" else "W_xz"][...] = 0
    assert_close(run(layer, *arguments), expected, 1e-15)


@every_kind
def test_memory_serves_until_another_shape_comes(kind, rng):
    layer = make(kind, rng)
    arguments = case(layer, rng)
    run(layer, *arguments)
    memory = layer._run
    run(layer, *arguments)
    assert layer._run is memory
    layer.forward(arguments[0][1:])
    assert layer._run is not memory
    assert layer._run.A.ctypes.data % 64 == 0


@every_kind
def test_what_a_layer_says_of_itself(kind, rng):
    cls, options = KINDS[kind]
    layer = cls(D, H, rng=np.random.default_rng(5), **options)
    assert isinstance(layer, Layer)
    assert (layer.input_size, layer.hidden_size, layer.output_size, layer.dtype) == (D, H, H, np.float64)
    cell = type(layer.cell)(D, H, rng=np.random.default_rng(5), **options)
    assert list(layer.params) == list(cell.params)
    for name, value in cell.params.items():
        np.testing.assert_array_equal(layer.params[name], value)
    for part in layer.zero_state(2):
        assert part.shape == (2, H)
        assert not part.any()
    run(layer, *case(layer, rng))
    assert list(layer.grads) == list(layer.params)
    for wrong in (0, True, 1.5):
        with pytest.raises((TypeError, ValueError), match=r"^seeds: expected"):
            cls(D, H, seeds=wrong)
    with pytest.raises(ValueError, match=r"^input_size: expected"):
        cls(0, H)
    with pytest.raises(TypeError, match=r"^rng: expected"):
        cls(D, H, rng=0)


def test_options_reach_the_cell():
    assert LSTM(D, H, forget_bias=3.0).params["b_f"].tolist() == [3.0] * H
    assert GRU(D, H, update_bias=-1.0).params["b_z"].tolist() == [-1.0] * H
    assert "b_hn" not in GRU(D, H, reset="before").params
    with pytest.raises(ValueError, match=r"^nonlinearity: expected"):
        RNN(D, H, nonlinearity="sin")
    with pytest.raises(ValueError, match=r"^reset: expected"):
        GRU(D, H, reset="never")
    with pytest.raises(ValueError, match=r"^update: expected"):
        GRU(D, H, update="never")


# --------------------------------------------------------------------------- numbers at the end of what floats hold


@pytest.mark.parametrize("batch", [1, 2])
def test_what_overflows_on_the_way_to_a_tanh_gives_no_warning(batch):
    layer = GRU(1, 1)
    for name, value in {"W_xn": 1.0, "W_hn": 1.0, "b_r": 100.0, "b_z": -100.0}.items():  # r = 1 and z = 0
        layer.params[name][...] = value
    for name in ("W_xr", "W_hr", "W_xz", "W_hz"):
        layer.params[name][...] = 0
    h = np.full((batch, 1), 1.5e308)  # W_xn x + W_hn h is too large for a float, and its tanh is 1
    np.testing.assert_array_equal(layer.stream((h,)).step(h), np.ones((batch, 1)))
    np.testing.assert_array_equal(layer.forward(h[None], (h,))[0], np.ones((1, batch, 1)))


@pytest.mark.parametrize("kind", [RNN, LSTM, GRU])
def test_a_weights_gradient_that_overflows_is_reported_and_the_last_one_stays(kind, rng):
    layer = kind(1, 2, rng=rng)
    for name, value in layer.params.items():
        value[...] = 1e-200 if name.startswith("W_x") else 0.1
    layer.forward(np.ones((3, 1, 1)))
    layer.backward(np.ones((3, 1, 2)))
    before = layer.grads
    layer.forward(np.full((3, 1, 1), 1e200))  # x W_x is 1
    with pytest.raises(FloatingPointError, match=r"^grads\['W_x"):
        layer.backward(np.full((3, 1, 2), 1e200))  # the inputs' gradient fits, the weights' does not
    assert layer.grads is before


def test_large_complex_weights_are_looked_at_one_by_one_and_accepted(rng):
    layer, other = RNN(1, 2, rng=rng), RNN(1, 2, rng=rng)
    layer.params = {name: value + 0j for name, value in other.params.items()}
    layer.params["W_xh"] = np.full((1, 2), 1e200 + 0j)  # its square is no float any more
    other.params["W_xh"] = np.ones((1, 2))
    came, expected = layer.forward(np.full((3, 1, 1), 1e-200))[0], other.forward(np.ones((3, 1, 1)))[0]
    np.testing.assert_allclose(came, expected, rtol=1e-13)


def test_a_complex_stream_says_what_is_wrong_with_its_input():
    stream = RNN(2, 3).stream((np.zeros((1, 3), complex),))
    with pytest.raises(ValueError, match=r"^x: expected finite numbers, got .*nan.* at index \(0, 1\)"):
        stream.step(np.array([[0.5, np.nan + 1j]]))


@every_kind
@pytest.mark.parametrize("batch", [1, 3])
def test_what_memory_held_before_is_never_seen(kind, batch, rng, monkeypatch):
    layer = make(kind, rng)
    x, e = rng.normal(size=(5, batch, D)), rng.normal(size=(5, batch, H))
    lengths = np.arange(batch) + 3

    def results():
        layer._run = None
        outputs, _ = layer.forward(x, lengths=lengths)
        d_inputs, d_start = layer.backward(e)
        stream = layer.stream(batch=batch)
        return [outputs, d_inputs, *d_start, *layer.grads.values(), *(stream.step(x_t) for x_t in x)]

    expected = results()
    empty = np.empty
    monkeypatch.setattr(np, "empty", lambda *args, **options: np.asarray(dirty(empty(*args, **options))))
    for came, right in zip(results(), expected, strict=True):
        np.testing.assert_array_equal(came, right)


def dirty(array):
    """Fill an array with bytes that are NaN when they are read as floats."""
    array.view(np.uint8)[...] = 255
    return array
