"""Unrolled, Stacked, Bidirectional, Residual: against loops by hand, complex steps, and each other."""

import copy
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_assignment import BAD_NUMBERS

from rnn import LSTMCell, SimpleRNN
from rnn.depth import Bidirectional, Dropout, LayerNorm, Residual, Stacked, Unrolled, reversed_within
from rnn.gradcheck import check
from rnn.gru import GRUCell
from rnn.layer import Cell, Joined, Layer, leaves, set_training
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.simple import ElmanCell
from rnn.unrolled import add_to_shown, flatten, is_cell
from rnn.variants import LSTMVariant

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, H, O = 4, 3, 2, 5, 1
LENGTHS = np.array([2, 4, 1])
BEYOND = np.arange(T)[:, None] >= LENGTHS

CELLS = {
    "elman": lambda rng, d=D, h=H, **o: ElmanCell(d, h, rng=rng, **o),
    "lstm": lambda rng, d=D, h=H, **o: LSTMCell(d, h, rng=rng, **o),
    "gru": lambda rng, d=D, h=H, **o: GRUCell(d, h, rng=rng, **o),
    "before": lambda rng, d=D, h=H, **o: GRUCell(d, h, reset="before", update="replaces", rng=rng, **o),
    "peepholes": lambda rng, d=D, h=H, **o: LSTMVariant(d, h, peepholes=True, rng=rng, **o),
    "stack": lambda rng, d=D, h=H, **o: Stacked([GRUCell(d, 3, rng=rng, **o), LSTMCell(3, h, rng=rng, **o)]),
}
LAYERS = {name: lambda rng, make=make, **o: Unrolled(make(rng, **o)) for name, make in CELLS.items()}
LAYERS |= {
    "dropped": lambda rng, **o: Unrolled(GRUCell(D, H, rng=rng, **o), recurrent_dropout=0.4, rng=rng),
    "stacked": lambda rng, **o: Stacked([LSTMCell(D, 3, rng=rng, **o), ElmanCell(3, H, rng=rng, **o)]),
    "both ways": lambda rng, **o: Bidirectional(LSTMCell(D, 4, rng=rng, **o), GRUCell(D, 2, rng=rng, **o)),
    "around": lambda rng, **o: Residual(LSTMCell(D, D, rng=rng, **o)),
    "deep": lambda rng, **o: Stacked(
        [
            Linear(D, 3, rng=rng, **o),
            Bidirectional(ElmanCell(3, 2, rng=rng, **o), Stacked([GRUCell(3, 2, rng=rng, **o)])),
            LayerNorm(4, **o),
            Residual(
                Stacked([LSTMCell(4, 3, rng=rng, **o), Dropout(0.3, 3, rng=rng, **o), Linear(3, 4, rng=rng, **o)])
            ),
            Dropout(0.5, 4, variational=True, rng=rng, **o),
            Unrolled(LSTMCell(4, O, rng=rng, **o), recurrent_dropout=0.5, rng=rng),
        ]
    ),
}
DRAWING = ("dropped", "deep")
CAUSAL = [name for name in LAYERS if name not in ("both ways", "deep")]


def randomised(rng, layer):
    for name, value in layer.params.items():
        layer.params[name] = (value + rng.normal(size=value.shape) / 2).astype(value.dtype)
    return layer


def random_state(rng, like):
    return tuple(random_state(rng, part) if isinstance(part, tuple) else rng.normal(size=part.shape) for part in like)


def random_case(rng, name, **options):
    layer = randomised(rng, LAYERS[name](rng, **options))
    state, d_state = (random_state(rng, layer.zero_state(B)) for _ in range(2))
    inputs, d_outputs = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, layer.output_size))
    return SimpleNamespace(layer=layer, inputs=inputs, state=state, d_outputs=d_outputs, d_state=d_state)


def run(case, lengths=None, layer=None):
    """Run forward and back on a copy, with the same draws each time, and return all that comes out."""
    layer = copy.deepcopy(layer or case.layer)
    outputs, state = layer.forward(case.inputs, case.state, lengths=lengths)
    d_inputs, d_state = layer.backward(case.d_outputs, case.d_state)
    return SimpleNamespace(outputs=outputs, state=state, d_inputs=d_inputs, d_state=d_state, grads=dict(layer.grads))


def assert_close(came, expected, atol=1e-12):
    if isinstance(came, dict):
        assert came.keys() == expected.keys()
        came, expected = tuple(came.values()), tuple(expected[name] for name in came)
    if isinstance(came, tuple):
        assert len(came) == len(expected)
        for pair in zip(came, expected, strict=True):
            assert_close(*pair, atol=atol)
    else:
        assert came.shape == expected.shape
        np.testing.assert_allclose(came, expected, rtol=1e-10, atol=atol)


def rows(state, which):
    return tuple(rows(part, which) if isinstance(part, tuple) else part[which] for part in state)


# --------------------------------------------------------------------------- exactness


@settings(max_examples=12, deadline=None)
@given(*[st.integers(1, 3)] * 4, st.sampled_from(sorted(CELLS)), st.booleans(), st.integers(0, 10**6))
def test_backward_through_the_loop_agrees_with_complex_steps_for_all_sizes(t, b, d, h, name, padded, seed):
    rng = np.random.default_rng(seed)
    layer = randomised(rng, Unrolled(CELLS[name](rng, d, h)))
    lengths = rng.integers(1, t + 1, size=b) if padded else None
    assert max(check(layer, seq_len=t, batch=b, lengths=lengths, rng=rng).values()) < 1e-11


@pytest.mark.parametrize(
    ("name", "lengths"), [(name, [3, 1]) for name in LAYERS] + [(name, None) for name in LAYERS if name not in CELLS]
)
def test_backward_agrees_with_complex_steps(rng, name, lengths):
    layer = randomised(rng, LAYERS[name](rng))
    errors = check(layer, seq_len=3, batch=2, lengths=lengths, rng=rng)
    assert len(errors) == len(layer.params) + 1 + len(list(flatten(layer.zero_state(1))))
    assert max(errors.values()) < 1e-12


def test_a_whole_model_from_symbols_to_scores(rng):
    body = [Bidirectional(GRUCell(3, 4), LSTMCell(3, 2)), Residual(ElmanCell(6, 6))]
    model = randomised(rng, Stacked([Embedding(7, 3), *body, Dropout(0.2, 6), Linear(6, 2)]))
    errors = check(model, seq_len=4, batch=2, lengths=[4, 2], rng=rng)
    assert "inputs" not in errors
    assert next(iter(errors)) == "0.E"
    assert max(errors.values()) < 1e-12
    model.forward(rng.integers(7, size=(T, B)))
    assert model.backward(np.ones((T, B, 2)))[0] is None


def test_independent_networks_in_both_directions_and_around(rng):
    options = {"seeds": 2, "rng": rng}
    body = [Bidirectional(LSTM(3, 2, **options), GRU(3, 2, **options)), Residual(RNN(4, 4, **options))]
    model = randomised(rng, Stacked([*body, Linear(4, 1, **options)]))
    lengths = [[4, 2, 1], [1, 3, 4]]
    errors = check(model, seq_len=4, batch=3, lengths=lengths, rng=rng)
    assert max(errors.values()) < 1e-12
    inputs, state = rng.normal(size=(4, 2, 3, 3)), random_state(rng, model.zero_state(3))
    outputs, end = model.forward(inputs, state, lengths=lengths)
    for k in range(2):
        body = [Bidirectional(LSTM(3, 2), GRU(3, 2)), Residual(RNN(4, 4))]
        one = Stacked([*body, Linear(4, 1)])
        for name, value in model.params.items():
            one.params[name] = value[k]
        came, its_end = one.forward(inputs[:, k], rows(state, k), lengths=lengths[k])
        assert_close((came, its_end), (outputs[:, k], rows(end, k)))


@pytest.mark.parametrize("name", ["elman", "lstm", "gru", "before"])
def test_the_fast_layer_of_a_cell_and_its_loop_may_stand_for_each_other(rng, name):
    cell = CELLS[name](rng)
    kind = {"elman": RNN, "lstm": LSTM}.get(name, GRU)
    fast = kind(D, H, reset=cell.reset, update=cell.update) if kind is GRU else kind(D, H)
    case = random_case(rng, name)
    for key, value in case.layer.params.items():
        fast.params[key] = value
    for lengths in (None, LENGTHS):
        assert_close(vars(run(case, lengths, fast)), vars(run(case, lengths)))
        assert_close(vars(run(case, lengths, Unrolled(fast.cell))), vars(run(case, lengths)))


def test_a_rectifier_in_the_depths_is_differentiated_by_central_differences(rng):
    model = randomised(
        rng, Stacked([Bidirectional(ElmanCell(3, 4, nonlinearity="relu"), ElmanCell(3, 2)), Linear(6, 1)])
    )
    assert 1e-13 < max(check(model, rng=rng).values()) < 1e-7
    assert max(check(model, rng=rng, method="complex").values()) < 1e-12


# --------------------------------------------------------------------------- one way of computing against another


@pytest.mark.parametrize("name", CELLS)
def test_the_loop_is_steps_with_a_carried_state(rng, name):
    case = random_case(rng, name)
    came, state = run(case), case.state
    for t in range(T):
        state, _ = case.layer.cell.step(case.inputs[t], state)
        np.testing.assert_array_equal(came.outputs[t], (state[-1] if name == "stack" else state)[0])
    np.testing.assert_equal(came.state, state)


def test_the_loop_over_the_cell_of_a_simple_network_is_that_network_without_its_read_out(rng):
    net = randomised(rng, SimpleRNN(D, H, O, rng=rng))
    layer, inputs, h0, d_outputs = Unrolled(net), *(rng.normal(size=s) for s in ((T, B, D), (B, H), (T, B, O)))
    outputs, (h,) = layer.forward(inputs, (h0,))
    np.testing.assert_array_equal(outputs, net.forward(inputs, h0=h0)[1])
    np.testing.assert_array_equal(h, outputs[-1])
    d_inputs, (d_h0,) = layer.backward(d_outputs @ net.params["W_hy"].T)
    grads = net.backward(d_outputs)
    assert_close((d_inputs, d_h0), (net.d_inputs, net.d_h0))
    assert_close({name: layer.grads[name] for name in ("W_xh", "W_hh", "b_h")}, {n: grads[n] for n in list(grads)[:3]})
    assert not layer.grads["W_hy"].any()


def test_a_stack_of_one_is_its_cell_and_its_layer(rng):
    case = random_case(rng, "lstm")
    alone = run(case)
    cell = case.layer.cell
    for stack in (Stacked([cell]), Stacked((case.layer,)), Stacked([Stacked([cell])])):
        nested = SimpleNamespace(**vars(case) | {"layer": stack})
        depth = 2 if isinstance(stack.parts[0], Stacked) else 1
        for _ in range(depth):
            nested.state, nested.d_state = (nested.state,), (nested.d_state,)
        came = run(nested)
        np.testing.assert_array_equal(came.outputs, alone.outputs)
        np.testing.assert_array_equal(came.d_inputs, alone.d_inputs)
        assert [name.split(".")[-1] for name in came.grads] == list(alone.grads)
        np.testing.assert_equal(list(came.grads.values()), list(alone.grads.values()))
        np.testing.assert_equal(list(flatten(came.d_state)), list(alone.d_state))
    x, state, d_state = case.inputs[0], case.state, case.d_state
    (new,), caches = Stacked([cell]).step(x, (state,))
    expected, cache = cell.step(x, state)
    np.testing.assert_equal(new, expected)
    d_x, (d_before,), grads = Stacked([cell]).step_back((d_state,), caches)
    np.testing.assert_equal(
        (d_x, d_before, list(grads.values())),
        (*cell.step_back(d_state, cache)[:2], [*cell.step_back(d_state, cache)[2].values()]),
    )


def test_a_stack_of_cells_unrolled_is_a_stack_of_unrolled_cells(rng):
    case = random_case(rng, "stack")
    stack = case.layer.cell
    assert is_cell(stack)
    assert isinstance(stack, Cell)
    for other in (stack, Stacked([Unrolled(cell) for cell in stack.parts])):
        for lengths in (None, LENGTHS):
            came, expected = run(case, lengths, other), run(case, lengths)
            assert_close(vars(came), vars(expected))


def test_a_stack_is_its_parts_one_after_another(rng):
    case = random_case(rng, "stacked")
    below, above = (Unrolled(cell) for cell in case.layer.parts)
    came = run(case)
    middle, first = below.forward(case.inputs, case.state[0])
    outputs, second = above.forward(middle, case.state[1])
    np.testing.assert_equal((came.outputs, came.state), (outputs, (first, second)))
    d_middle, d_second = above.backward(case.d_outputs, case.d_state[1])
    d_inputs, d_first = below.backward(d_middle, case.d_state[0])
    np.testing.assert_equal((came.d_inputs, came.d_state), (d_inputs, (d_first, d_second)))
    for prefix, part in (("0", below), ("1", above)):
        for name, grad in part.grads.items():
            np.testing.assert_array_equal(came.grads[f"{prefix}.{name}"], grad)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_reversing_time_swaps_the_two_directions(rng, lengths):
    there, back = (randomised(rng, Unrolled(CELLS[name](rng, D, 3))) for name in ("lstm", "gru"))
    inputs = rng.normal(size=(T, B, D))
    both, swapped = Bidirectional(there, back), Bidirectional(copy.deepcopy(back), copy.deepcopy(there))
    ends = np.full(B, T) if lengths is None else lengths
    reverse = np.stack([[*range(end - 1, -1, -1), *range(end, T)] for end in ends], axis=1), np.arange(B)
    outputs, (end, start) = both.forward(inputs, lengths=lengths)
    mirrored, other = swapped.forward(inputs[reverse], lengths=lengths)
    assert_close(mirrored[reverse], np.concatenate([outputs[..., 3:], outputs[..., :3]], axis=-1))
    assert_close(other, (start, end))
    np.testing.assert_equal(there.forward(inputs, lengths=lengths)[0], outputs[..., :3])
    d_outputs = rng.normal(size=(T, B, 6))
    d_inputs, _ = both.backward(d_outputs)
    d_mirrored = np.concatenate([d_outputs[..., 3:], d_outputs[..., :3]], axis=-1)[reverse]
    assert_close(swapped.backward(d_mirrored)[0][reverse], d_inputs)


@pytest.mark.parametrize("lengths", [[1, 3, 6, 5], [[2, 6, 4, 1], [5, 1, 3, 6]]])
def test_a_sequence_is_reversed_within_its_length_and_padding_stays_where_it_is(rng, lengths):
    lengths = np.array(lengths)
    values = rng.normal(size=(6, *lengths.shape, 2))
    came = reversed_within(values, lengths)
    for which, end in np.ndenumerate(lengths):
        one = values[:, *which]
        np.testing.assert_array_equal(came[:, *which], [*one[:end][::-1], *one[end:]])
    np.testing.assert_array_equal(reversed_within(values, None), reversed_within(values, np.full_like(lengths, 6)))


def test_the_backward_direction_of_an_output_has_seen_the_future_only(rng):
    layer, inputs = Bidirectional(ElmanCell(D, 3), ElmanCell(D, 3)), rng.normal(size=(T, B, D))
    outputs, _ = layer.forward(inputs)
    inputs[2] += 1
    changed = np.abs(layer.forward(inputs)[0] - outputs).max(axis=1) > 0
    assert (changed[:, :3].all(axis=1) == [False, False, True, True]).all()
    assert (changed[:, 3:].all(axis=1) == [True, True, True, False]).all()


def test_around_a_layer_that_gives_nothing_the_inputs_pass_unchanged(rng):
    layer, inputs = Residual(Linear(D, D)), rng.normal(size=(T, B, D))
    layer.params["W"] = np.zeros((D, D))
    np.testing.assert_array_equal(layer.forward(inputs)[0], inputs)
    np.testing.assert_array_equal(layer.backward(inputs)[0], inputs)
    assert layer.grads["b"] == pytest.approx(inputs.sum(axis=(0, 1)))


# --------------------------------------------------------------------------- the same, arranged differently


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in DRAWING])
@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_a_batch_equals_its_rows(rng, name, lengths):
    case = random_case(rng, name)
    whole, total = run(case, lengths), {}
    for b in range(B):
        row = slice(b, b + 1)
        one = SimpleNamespace(layer=case.layer, inputs=case.inputs[:, row], d_outputs=case.d_outputs[:, row])
        one.state, one.d_state = rows(case.state, row), rows(case.d_state, row)
        came = run(one, None if lengths is None else lengths[row])
        assert_close((came.outputs, came.d_inputs), (whole.outputs[:, row], whole.d_inputs[:, row]))
        assert_close((came.state, came.d_state), (rows(whole.state, row), rows(whole.d_state, row)))
        total = {key: total.get(key, 0) + grad for key, grad in came.grads.items()}
    assert_close(total, whole.grads)


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("cut", [1, 3])
def test_a_split_sequence_with_carried_state_equals_the_whole(rng, name, cut):
    case = random_case(rng, name)
    set_training(case.layer, False)
    whole, layer = run(case), case.layer
    first, state = layer.forward(case.inputs[:cut], case.state)
    second, end = layer.forward(case.inputs[cut:], state)
    assert_close((np.concatenate([first, second]), end), (whole.outputs, whole.state))
    d_late, d_carried = layer.backward(case.d_outputs[cut:], case.d_state)
    late = dict(layer.grads)
    layer.forward(case.inputs[:cut], case.state)
    d_early, d_state = layer.backward(case.d_outputs[:cut], d_carried)
    assert_close((np.concatenate([d_early, d_late]), d_state), (whole.d_inputs, whole.d_state))
    assert_close({key: layer.grads[key] + late[key] for key in late}, whole.grads)


@pytest.mark.parametrize("name", LAYERS)
def test_padding_has_no_effect(rng, name):
    case = random_case(rng, name)
    results = []
    for junk in (0.0, -3.0, 1e308):
        case.inputs[BEYOND] = case.d_outputs[BEYOND] = junk
        results.append(run(case, LENGTHS))
        assert not results[-1].outputs[BEYOND].any()
        assert not results[-1].d_inputs[BEYOND].any()
    np.testing.assert_equal(vars(results[0]), vars(results[1]))
    np.testing.assert_equal(vars(results[0]), vars(results[2]))
    if name not in DRAWING:
        case.inputs[BEYOND] = case.d_outputs[BEYOND] = 0.5
        longer = SimpleNamespace(**vars(case))
        longer.inputs, longer.d_outputs = (np.concatenate([v, v]) for v in (case.inputs, case.d_outputs))
        came = run(longer, LENGTHS)
        assert_close(came.grads, results[0].grads)
        assert_close((came.state, came.d_state), (results[0].state, results[0].d_state))
        assert not came.outputs[T:].any()
        assert_close(vars(run(case, [T] * B)), vars(run(case)))


@pytest.mark.parametrize("name", CAUSAL)
def test_a_stream_is_forward_one_step_at_a_time_without_dropout(rng, name):
    case = random_case(rng, name)
    set_training(case.layer, False)
    for state in (None, case.state):
        outputs, end = case.layer.forward(case.inputs, state)
        stream = case.layer.stream(state, batch=B)
        set_training(case.layer, True)
        for x, y in zip(case.inputs, outputs, strict=True):
            came = stream.step(x)
            np.testing.assert_allclose(came, y, rtol=1e-12, atol=1e-14)
            came[...] = 9  # what is returned is not what is carried on
        assert_close(stream.state, end)
        set_training(case.layer, False)
    case.layer.backward(case.d_outputs)  # streaming has not disturbed it
    assert len(case.layer.stream().step(case.inputs[0, :1])) == 1


def test_a_stream_through_all_that_looks_back_only(rng):
    parts = [Embedding(7, D), LSTMCell(D, D), LayerNorm(D), Residual(GRUCell(D, D)), Dropout(0.5, D), Linear(D, O)]
    model, symbols = randomised(rng, Stacked(parts)), rng.integers(7, size=(T, B))
    stream = model.stream(batch=B)
    streamed = np.stack([stream.step(x) for x in symbols])
    set_training(model, False)
    outputs, end = model.forward(symbols)
    assert_close(streamed, outputs)
    assert_close(stream.state, end)
    again = model.stream(end)
    assert_close(again.step(symbols[0]), model.forward(symbols[:1], end)[0][0])


def test_what_needs_the_future_has_no_stream_and_no_step(rng):
    both = Bidirectional(ElmanCell(D, 1), ElmanCell(D, D - 1))
    assert not hasattr(both, "stream")
    assert not hasattr(both, "step")
    assert not is_cell(both)
    why = "^stream: expected layers that look back only, got a Bidirectional: one step would need the future$"
    for model in (Stacked([both, Linear(D, 1)]), Stacked([Residual(Stacked([both]))]), Residual(both)):
        with pytest.raises(TypeError, match=why):
            model.stream()


# --------------------------------------------------------------------------- dropout from step to step


def test_recurrent_dropout_drops_the_same_units_at_every_step(rng):
    cell = randomised(rng, GRUCell(D, 50, rng=rng))
    layer, inputs = Unrolled(cell, recurrent_dropout=0.4, rng=np.random.default_rng(1)), rng.normal(size=(T, B, D))
    outputs, _ = layer.forward(inputs)
    kept = np.random.default_rng(1).random((50, 1)) >= 0.4
    masked = copy.deepcopy(cell)
    for name in ("W_hz", "W_hr", "W_hn"):
        masked.params[name] = cell.params[name] * kept / 0.6
    np.testing.assert_allclose(outputs, Unrolled(masked).forward(inputs)[0], rtol=1e-12)
    layer.backward(outputs)
    for name, grad in layer.grads.items():
        dropped = ~kept[:, 0] if name.startswith("W_h") else np.zeros(len(grad), bool)
        assert not grad[dropped].any()
        assert grad[~dropped].any(axis=-1).all()
    assert np.abs(layer.forward(inputs)[0] - outputs).max() > 0.01  # others the next time
    set_training(layer, False)
    np.testing.assert_array_equal(layer.forward(inputs)[0], Unrolled(cell).forward(inputs)[0])
    layer.backward(outputs)  # without training every gradient is whole
    assert layer.grads["W_hn"].any(axis=-1).all()


def test_the_gradient_is_that_of_the_weights_drawn_even_if_training_ends_in_between(rng):
    case = random_case(rng, "dropped")
    expected = run(case)
    case.layer.forward(case.inputs, case.state)
    set_training(case.layer, False)
    np.testing.assert_array_equal(case.layer.backward(case.d_outputs, case.d_state)[0], expected.d_inputs)


# --------------------------------------------------------------------------- the protocol


@pytest.mark.parametrize("name", LAYERS)
def test_layers_keep_to_the_protocol(rng, name):
    case = random_case(rng, name)
    layer, params = case.layer, dict(case.layer.params)
    assert isinstance(layer, Layer)
    assert dict(layer.grads) == {}
    came = run(case, LENGTHS)
    assert came.outputs.shape == (T, B, layer.output_size)
    assert came.grads.keys() == params.keys()
    for key, value in params.items():
        assert came.grads[key].shape == value.shape
    zero = layer.zero_state(B)
    assert all(not part.any() and part.shape[0] == B for part in flatten(zero))
    np.testing.assert_equal(copy.deepcopy(layer).forward(case.inputs, zero), copy.deepcopy(layer).forward(case.inputs))
    set_training(layer, False)
    for key, value in params.items():
        before, _ = layer.forward(case.inputs, case.state)
        layer.params[key] = value + rng.normal(size=value.shape)  # assigned
        assert (layer.forward(case.inputs, case.state)[0] != before).any()
        layer.params[key][...] = value  # written
        np.testing.assert_array_equal(layer.forward(case.inputs, case.state)[0], before)


def test_parameters_carry_the_names_of_the_parts():
    model = Stacked([Bidirectional(ElmanCell(D, 2), ElmanCell(D, 3)), Residual(Linear(5, 5)), Stacked([LayerNorm(5)])])
    assert list(model.params) == [
        *(f"0.{way}.{name}" for way in ("forward", "backward") for name in ("W_xh", "W_hh", "b_h")),
        *("1.W", "1.b", "2.0.g", "2.0.b"),
    ]
    assert (model.input_size, model.output_size, model.dtype) == (D, 5, np.float64)
    assert [type(leaf).__name__ for leaf in leaves(model)] == ["ElmanCell", "ElmanCell", "Linear", "LayerNorm"]


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_given_is_changed_and_nothing_returned_is_overwritten(rng, name):
    case = random_case(rng, name)
    given = case.inputs, case.state, case.d_outputs, case.d_state
    before, expected = copy.deepcopy(given), run(case, LENGTHS)
    outputs, state = case.layer.forward(case.inputs, case.state, lengths=LENGTHS)
    for array in (outputs, case.inputs, *flatten(state), *flatten(case.state)):
        array[...] = 9  # what the caller does next does not reach backward
    d_inputs, d_state = case.layer.backward(case.d_outputs, case.d_state)
    np.testing.assert_equal(
        (d_inputs, d_state, dict(case.layer.grads)), (expected.d_inputs, expected.d_state, expected.grads)
    )
    results = d_inputs, d_state, case.layer.grads
    copies = copy.deepcopy(results)
    np.testing.assert_equal((case.d_outputs, case.d_state), before[2:])
    case.layer.forward(before[0], before[1])
    case.layer.backward(-before[2])
    np.testing.assert_equal(results, copies)


@pytest.mark.parametrize("name", LAYERS)
def test_single_precision_stays_single_and_complex_stays_complex(rng, name):
    case = random_case(rng, name, dtype=np.float32)
    came = run(case, LENGTHS)
    arrays = [came.outputs, came.d_inputs, *flatten(came.state), *flatten(came.d_state), *came.grads.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert {part.dtype for part in flatten(case.layer.zero_state(1))} == {np.dtype(np.float32)}
    assert case.layer.dtype == np.float32
    assert case.layer.forward(case.inputs + 0j)[0].dtype == np.complex128
    assert case.layer.backward(case.d_outputs)[0].dtype == np.complex128


@pytest.mark.parametrize("name", LAYERS)
def test_read_only_strided_and_list_inputs_are_fine(rng, name):
    case = random_case(rng, name)
    expected = vars(run(case))
    case.inputs = np.repeat(case.inputs, 2, axis=2)[:, :, ::2]
    case.inputs.flags.writeable = case.d_outputs.flags.writeable = False
    np.testing.assert_equal(vars(run(case)), expected)
    case.inputs, case.d_outputs = case.inputs.tolist(), np.asfortranarray(case.d_outputs)
    np.testing.assert_equal(vars(run(case)), expected)


# --------------------------------------------------------------------------- what does not fit


def attempt(case, argument, value):
    layer = case.layer
    return {
        "inputs": lambda: layer.forward(value, case.state),
        "state": lambda: layer.forward(case.inputs, value),
        "d_outputs": lambda: layer.backward(value, case.d_state),
        "d_state": lambda: layer.backward(case.d_outputs, value),
        "lengths": lambda: layer.forward(case.inputs, case.state, lengths=value),
    }[argument]()


def assert_refused(case, argument, value, error, sentence):
    """Check that the call fails with a sentence, and that backward still differentiates the forward before."""
    layer = case.layer
    layer.forward(case.inputs, case.state)
    expected = layer.backward(case.d_outputs, case.d_state)
    before = copy.deepcopy((dict(layer.params), dict(layer.grads)))
    with pytest.raises(error) as caught:
        attempt(case, argument, value)
    message = str(caught.value)
    assert message.startswith(sentence)
    assert "\n" not in message
    np.testing.assert_equal((dict(layer.params), dict(layer.grads)), before)
    np.testing.assert_equal(layer.backward(case.d_outputs, case.d_state), expected)


@pytest.mark.parametrize("bad", BAD_NUMBERS)
@pytest.mark.parametrize("name", ["lstm", "stacked", "both ways", "around"])
def test_arrays_that_do_not_fit_are_refused_in_a_sentence(rng, name, bad):
    case = random_case(rng, name)
    make, error, sentence = BAD_NUMBERS[bad]
    for argument, shape in (("inputs", (T, B, D)), ("d_outputs", (T, B, case.layer.output_size))):
        features = shape[-1]
        written = (
            f"(seq_len, batch, {features}) with seq_len and batch at least 1" if argument == "inputs" else str(shape)
        )
        words = {"name": argument, "shape": written, "less": shape[1:], "more": (*shape, 1)}
        expected = sentence.format(**words, last=tuple(size - 1 for size in shape))
        assert_refused(case, argument, make(shape), error, f"{argument}: {expected}")


def with_last(state, value):
    return (*state[:-1], with_last(state[-1], value) if isinstance(state[-1], tuple) else value)


@pytest.mark.parametrize("argument", ["state", "d_state"])
@pytest.mark.parametrize("name", LAYERS)
def test_states_that_do_not_fit_are_refused_in_a_sentence(rng, name, argument):
    case = random_case(rng, name)
    good = case.state
    *_, last = flatten(good)
    for value in (np.ones((B + 1, last.shape[1])), np.ones((B, 9)), np.full(last.shape, np.nan), "h", None, 3.0):
        error = TypeError if value is None or isinstance(value, str) else ValueError
        assert_refused(case, argument, with_last(good, value), error, f"{argument}[")
    for value in (good[0] if not isinstance(good[0], tuple) else list(good), (), (*good, good[0]), "state", 0):
        assert_refused(case, argument, value, TypeError, f"{argument}: expected a tuple of {len(good)}, got ")


@pytest.mark.parametrize("kind", ["symbols", "features", "seeds"])
def test_a_state_for_another_number_of_sequences_is_refused_before_any_part_has_run(rng, kind):
    axes, options = ((2,), {"seeds": 2}) if kind == "seeds" else ((), {})
    first = Embedding(7, 4) if kind == "symbols" else Linear(D, 4, **options)
    model = Stacked([first, LSTM(4, H, **options)])
    inputs = rng.integers(7, size=(T, B)) if kind == "symbols" else rng.normal(size=(T, *axes, B, D))
    state, d_state = (random_state(rng, model.zero_state(B)) for _ in range(2))
    d_outputs = rng.normal(size=(T, *axes, B, H))
    case = SimpleNamespace(layer=model, inputs=inputs, state=state, d_outputs=d_outputs, d_state=d_state)
    sentence = f"state[1][0]: expected {(*axes, B, H)}, got {(*axes, 6, H)}"  # the place is that in the whole
    assert_refused(case, "state", model.zero_state(6), ValueError, sentence)


@pytest.mark.parametrize("name", LAYERS)
def test_lengths_that_do_not_fit_are_refused_in_a_sentence(rng, name):
    case = random_case(rng, name)
    for value, error in (([1, 2], ValueError), ([0, 1, 2], ValueError), ([1, 2, T + 1], ValueError)):
        assert_refused(case, "lengths", value, error, "lengths: expected ")
    for value in ([1.0, 2.0, 3.0], "123", [True] * 3):
        assert_refused(case, "lengths", value, TypeError, "lengths: expected whole numbers, got ")


def test_an_overflow_in_the_depths_leaves_nothing_that_backward_could_take_for_whole(rng):
    ones = np.ones((T, B, D))
    for model in (
        Stacked([Linear(D, D), Linear(D, D)]),
        Bidirectional(Linear(D, D), Linear(D, D)),
        Residual(Linear(D, D)),
    ):
        model.forward(ones)
        model.backward(np.ones((T, B, model.output_size)))
        before = copy.deepcopy(dict(model.grads))
        *_, W, _b = model.params
        model.params[W] = np.eye(D) if isinstance(model, Residual) else np.full((D, D), 1e308)
        with pytest.raises(FloatingPointError, match=r"^outputs: expected a finite result, got -?inf"):
            model.forward(1.7e308 * ones if isinstance(model, Residual) else 1e300 * ones)
        with pytest.raises(RuntimeError, match=r"^backward: expected a call of forward first, got none$"):
            model.backward(np.ones((T, B, model.output_size)))
        np.testing.assert_equal(dict(model.grads), before)
        model.params[W] = np.eye(D)
        model.forward(ones)
        with pytest.raises(FloatingPointError, match=r"^gradient\['(inputs|W)'\]: expected a finite result"):
            model.backward(np.full((T, B, model.output_size), 1.7e308))
        np.testing.assert_equal(dict(model.grads), before)


@pytest.mark.parametrize("name", LAYERS)
def test_huge_numbers_give_a_right_result_or_a_sentence(rng, name):
    case = random_case(rng, name)
    case.layer.forward(case.inputs)
    for argument in ("inputs", "state", "d_outputs", "d_state"):
        value = getattr(case, argument)
        huge = 1e307 * value if isinstance(value, np.ndarray) else scaled(value, 1e307)
        try:
            results = attempt(case, argument, huge)
        except FloatingPointError as error:
            message = str(error)
            assert ": expected a finite result, got" in message
            case.layer.forward(case.inputs)
        else:
            assert all(np.isfinite(part).all() for part in flatten(results))


def scaled(state, factor):
    return tuple(scaled(part, factor) if isinstance(part, tuple) else factor * part for part in state)


CELL = ElmanCell(D, H)
STACK = Stacked([GRUCell(D, H), LSTMCell(H, 2)])
X, STATE = np.ones((B, D)), STACK.zero_state(B)
CACHE = STACK.step(X, STATE)[1]


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: Unrolled(3), TypeError, "cell: expected a cell, which has step and step_back, got int"),
        (lambda: Unrolled(Linear(1, 1)), TypeError, "cell: expected a cell, which has step and step_back, got Linear"),
        (
            lambda: Unrolled(Stacked([CELL, Linear(H, 1)])),
            TypeError,
            "cell: expected a cell, which has step and step_back, got Stacked",
        ),
        (
            lambda: Unrolled(CELL, recurrent_dropout=1),
            ValueError,
            "recurrent_dropout: expected a number below 1, got 1",
        ),
        (lambda: Unrolled(CELL, recurrent_dropout=-1), ValueError, "recurrent_dropout: expected a finite number of at"),
        (
            lambda: Unrolled(STACK, recurrent_dropout=0.1),
            ValueError,
            "recurrent_dropout: expected 0 for a Stacked, got",
        ),
        (lambda: Unrolled(CELL, rng=3), TypeError, "rng: expected a numpy.random.Generator, got 3"),
        (lambda: Unrolled(CELL).backward(1), RuntimeError, "backward: expected a call of forward first, got none"),
        (lambda: Stacked([]), ValueError, "parts: expected at least one layer or cell, got none"),
        (lambda: Stacked(CELL), TypeError, "parts: expected a list of layers or cells, got ElmanCell"),
        (lambda: Stacked([CELL, 3]), TypeError, "part 1: expected a layer or a cell, got int"),
        (lambda: Stacked([CELL, CELL]), ValueError, "parts: expected each layer once, got one of them twice"),
        (lambda: Stacked([CELL, LayerNorm(6)]), ValueError, "parts[1]: expected input size 5, got 6"),
        (lambda: STACK.backward(1), RuntimeError, "backward: expected a call of forward first, got none"),
        (lambda: STACK.zero_state(0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (lambda: STACK.step(X, STATE[0]), TypeError, "state: expected a tuple of 2, got a tuple of 1"),
        (lambda: STACK.step(X[0], STATE), ValueError, "x: expected (batch, 2) with batch at least 1, got (2,)"),
        (lambda: STACK.step_back(STATE, CACHE[:1]), TypeError, "cache: expected a tuple of 2, got a tuple of 1"),
        (lambda: STACK.step_back(STATE[:1], CACHE), TypeError, "d_state: expected a tuple of 2, got a tuple of 1"),
        (lambda: STACK.step_back((STATE[0], ("h", 1)), CACHE), TypeError, "d_state[1][0]: expected float64, float32"),
        (lambda: STACK.step_back("hc", CACHE), TypeError, "d_state: expected a tuple of 2, got str"),
        (
            lambda: Stacked([ElmanCell(D, H), Linear(H, 1)]).step(X, ()),
            TypeError,
            "step: expected a stack of cells, got one with a Linear",
        ),
        (
            lambda: Stacked([ElmanCell(D, H), Linear(H, 1)]).step_back((), ()),
            TypeError,
            "step_back: expected a stack of cells, got one with a Linear",
        ),
        (lambda: STACK.stream((1, 2)), TypeError, "state[0]: expected a tuple of 1, got int"),
        (lambda: STACK.stream(batch=0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (lambda: Unrolled(CELL).stream((X,)), ValueError, "state[0]: expected (3, 5), got (3, 2)"),
        (lambda: Unrolled(CELL).stream(([[1.0], []],)), ValueError, "state[0]: expected one array, got rows of"),
        (lambda: Unrolled(CELL).stream("h"), TypeError, "state: expected a tuple of 1, got str"),
        (lambda: Unrolled(CELL).stream(batch=B).step(X[:1]), ValueError, "h: expected (1, 5), got (3, 5)"),
        (lambda: STACK.stream().step("x"), TypeError, "x: expected float64, float32 or complex128 numbers, got str"),
        (lambda: Bidirectional(CELL, 3), TypeError, "part backward: expected a layer or a cell, got int"),
        (lambda: Bidirectional(CELL, CELL), ValueError, "parts: expected each layer once, got one of them twice"),
        (lambda: Bidirectional(CELL, Linear(3, 2)), ValueError, "backward_layer: expected input size 2, got 3"),
        (
            lambda: Bidirectional(CELL, Linear(D, 2)).backward(1),
            RuntimeError,
            "backward: expected a call of forward first, got none",
        ),
        (lambda: Residual(3), TypeError, "part layer: expected a layer or a cell, got int"),
        (lambda: Residual(CELL), ValueError, "layer: expected outputs of the size of the inputs, got 2 and 5"),
        (
            lambda: Residual(LayerNorm(2)).backward(1),
            RuntimeError,
            "backward: expected a call of forward first, got none",
        ),
        (
            lambda: Residual(Linear(1, 1)).stream().step(np.full((1, 1), np.nan)),
            ValueError,
            "x: expected finite numbers, got nan at index (0, 0)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_joined_parameters_take_no_new_names():
    parts = {"0": {"W": np.ones(2)}, "1": {"b": np.zeros(3)}}
    joined = Joined(parts)
    for name in ("0.b", "1.W", "2.W", "W", ""):
        with pytest.raises(KeyError, match=f"^'{name}'$"):
            joined[name] = np.ones(1)
        assert name not in joined
    assert {name: list(part) for name, part in parts.items()} == {"0": ["W"], "1": ["b"]}


def test_a_gradient_for_a_stack_of_states_reaches_the_last_part_alone():
    lower, upper = (np.ones((2, 3)), np.full((2, 3), 2.0)), (np.full((2, 4), 3.0),)
    d_h = np.full((2, 4), 10.0)
    (d_lower_h, d_lower_c), middle, (d_upper,) = add_to_shown((lower, lower, upper), d_h)
    np.testing.assert_array_equal(d_lower_h, lower[0])
    np.testing.assert_array_equal(d_lower_c, lower[1])
    assert middle is lower
    np.testing.assert_array_equal(d_upper, np.full((2, 4), 13.0))


def test_a_sum_of_weights_gradients_that_overflows_is_reported():
    cell = ElmanCell(1, 1, nonlinearity="identity")
    for name, value in {"W_xh": 1e-300, "W_hh": 0.0, "b_h": 0.0}.items():
        cell.params[name][...] = value
    layer = Unrolled(cell)
    layer.forward(np.full((2, 1, 1), 1e300))
    before = layer.grads
    with pytest.raises(FloatingPointError, match=r"^grads\['W_xh'\]: expected a finite result, got inf"):
        layer.backward(np.full((2, 1, 1), 1e8))  # 1e308 from each step, and their sum is no float
    assert layer.grads is before
