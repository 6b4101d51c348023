"""SimpleRNN: against scalar loops, complex steps, PyTorch, and against itself in other arrangements."""

import json
import math
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rnn
from rnn.gradcheck import central_difference, complex_step
from rnn.layer import Cell
from rnn.simple import ElmanCell

pytestmark = pytest.mark.filterwarnings("error")

TORCH = json.loads((Path(__file__).parent / "data" / "torch_values.json").read_text(encoding="utf-8"))
T, B, D, H, O = 6, 3, 4, 5, 2


def random_net(rng, nonlinearity="tanh", sizes=(D, H, O), **options):
    net = rnn.SimpleRNN(*sizes, nonlinearity=nonlinearity, rng=rng, **options)
    for name, value in net.params.items():
        net.params[name] = (value + rng.normal(size=value.shape) / 2).astype(value.dtype)
    return net


def random_case(rng, nonlinearity="tanh", **options):
    net = random_net(rng, nonlinearity, **options)
    shapes = (T, B, D), (B, H), (T, B, O)
    return net, *(rng.normal(size=shape) for shape in shapes)


def by_scalars(params, f, inputs, h0):
    """Compute outputs and states one number at a time."""
    W_xh, W_hh, b_h, W_hy, b_y = (params[name] for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y"))
    hidden, outputs = np.zeros((*inputs.shape[:2], len(b_h))), np.zeros((*inputs.shape[:2], len(b_y)))
    for b in range(inputs.shape[1]):
        h = list(h0[b])
        for t in range(len(inputs)):
            new = []
            for j in range(len(b_h)):
                a = b_h[j]
                a += sum(inputs[t, b, d] * W_xh[d, j] for d in range(W_xh.shape[0]))
                a += sum(h[i] * W_hh[i, j] for i in range(len(h)))
                new.append(f(a))
            h = new
            hidden[t, b] = h
            for o in range(len(b_y)):
                outputs[t, b, o] = b_y[o] + sum(h[j] * W_hy[j, o] for j in range(len(h)))
    return outputs, hidden


@pytest.mark.parametrize(
    ("nonlinearity", "f"), [("tanh", math.tanh), ("relu", lambda a: max(a, 0.0)), ("identity", lambda a: a)]
)
def test_forward_agrees_with_scalar_loops(rng, nonlinearity, f):
    net, inputs, h0, _ = random_case(rng, nonlinearity)
    outputs, hidden = net.forward(inputs, h0=h0)
    expected_outputs, expected_hidden = by_scalars(net.params, f, inputs, h0)
    np.testing.assert_allclose(outputs, expected_outputs, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(hidden, expected_hidden, rtol=1e-12, atol=1e-13)


@settings(max_examples=25, deadline=None)
@given(*[st.integers(1, 4)] * 5, st.sampled_from(["tanh", "relu", "identity"]), st.integers(0, 10**6))
def test_backward_agrees_with_numerical_gradients_for_all_sizes(t, b, d, h, o, nonlinearity, seed):
    rng = np.random.default_rng(seed)
    net = random_net(rng, nonlinearity, (d, h, o))
    errors = rnn.gradcheck.check(net, seq_len=t, batch=b, method="complex", rng=rng)
    assert max(errors.values()) < 1e-11


@pytest.mark.parametrize(
    ("nonlinearity", "differentiate", "tolerance"),
    [("tanh", complex_step, 1e-12), ("identity", complex_step, 1e-12), ("relu", central_difference, 1e-8)],
)
def test_backward_agrees_with_numerical_gradients(rng, nonlinearity, differentiate, tolerance):
    net, inputs, h0, weights = random_case(rng, nonlinearity)
    net.forward(inputs, h0=h0)
    grads = net.backward(weights)
    assert grads is net.grads
    assert list(grads) == ["W_xh", "W_hh", "b_h", "W_hy", "b_y"]

    def loss(values):
        other = random_net(rng, nonlinearity)
        other.params = {name: values[name] for name in net.params}
        return (weights * other.forward(values["inputs"], h0=values["h0"])[0]).sum()

    leaves = {**net.params, "inputs": inputs, "h0": h0}
    for name, came in {**grads, "inputs": net.d_inputs, "h0": net.d_h0}.items():
        expected = differentiate(lambda value, name=name: loss({**leaves, name: value}), leaves[name])
        assert came.shape == leaves[name].shape
        np.testing.assert_allclose(came, expected, rtol=0, atol=tolerance * np.abs(expected).max())


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_values_and_gradients_of_pytorch(nonlinearity):
    case = TORCH[nonlinearity]
    leaves = {name: np.array(value) for name, value in case["given"].items()}
    net = rnn.SimpleRNN(4, 5, 2, nonlinearity=nonlinearity)
    net.params = {name: leaves[name] for name in net.params}
    outputs, hidden_states = net.forward(leaves["inputs"], h0=leaves["h0"])
    np.testing.assert_allclose(outputs, case["results"]["outputs"], rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(hidden_states, case["results"]["hidden_states"], rtol=1e-12, atol=1e-13)
    came = {**net.backward(case["d_outputs"]), "inputs": net.d_inputs, "h0": net.d_h0}
    assert came.keys() == case["grads"].keys()
    for name, expected in case["grads"].items():
        np.testing.assert_allclose(came[name], expected, rtol=1e-12, atol=1e-12)


def test_step_is_one_step_of_forward_and_step_back_of_backward(rng):
    net, inputs, h0, weights = random_case(rng)
    _outputs, hidden = net.forward(inputs[:1], h0=h0)
    (h,), cache = net.step(inputs[0], (h0,))
    np.testing.assert_array_equal(h, hidden[0])
    np.testing.assert_array_equal(h, net.activation(net.pre_activation(inputs[0], h0)))
    for came, expected in zip(cache, (inputs[0], h0, h), strict=True):
        np.testing.assert_array_equal(came, expected)
    net.backward(weights[:1])
    d_x, (d_h,), grads = net.step_back((weights[0] @ net.params["W_hy"].T,), cache)
    np.testing.assert_allclose(d_x, net.d_inputs[0], rtol=1e-13)
    np.testing.assert_allclose(d_h, net.d_h0, rtol=1e-13)
    assert list(grads) == ["W_xh", "W_hh", "b_h"]
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, net.grads[name], rtol=1e-13)


def test_the_state_begins_at_zero_by_default(rng):
    net, inputs, h0, _weights = random_case(rng)
    outputs, _ = net.forward(inputs)
    np.testing.assert_array_equal(outputs, net.forward(inputs, h0=np.zeros((B, H)))[0])
    assert np.abs(outputs[0] - net.forward(inputs, h0=h0)[0][0]).max() > 0.1


def test_a_batch_equals_its_rows(rng):
    net, inputs, h0, weights = random_case(rng)
    outputs, hidden = net.forward(inputs, h0=h0)
    grads, d_inputs, d_h0 = net.backward(weights), net.d_inputs, net.d_h0
    total = dict.fromkeys(grads, 0)
    for b in range(B):
        row_outputs, row_hidden = net.forward(inputs[:, b : b + 1], h0=h0[b : b + 1])
        np.testing.assert_allclose(row_outputs[:, 0], outputs[:, b], rtol=1e-12)
        np.testing.assert_allclose(row_hidden[:, 0], hidden[:, b], rtol=1e-12)
        row_grads = net.backward(weights[:, b : b + 1])
        np.testing.assert_allclose(net.d_inputs[:, 0], d_inputs[:, b], rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(net.d_h0[0], d_h0[b], rtol=1e-10, atol=1e-13)
        total = {name: total[name] + row_grads[name] for name in grads}
    for name in grads:
        np.testing.assert_allclose(total[name], grads[name], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("cut", [1, 2, T - 1])
def test_a_split_sequence_with_carried_state_equals_the_whole(rng, cut):
    net, inputs, h0, weights = random_case(rng)
    outputs, hidden = net.forward(inputs, h0=h0)
    whole, d_inputs, d_h0 = net.backward(weights), net.d_inputs, net.d_h0

    first, states = net.forward(inputs[:cut], h0=h0)
    second, more_states = net.forward(inputs[cut:], h0=states[-1])
    np.testing.assert_array_equal(np.concatenate([first, second]), outputs)
    np.testing.assert_array_equal(np.concatenate([states, more_states]), hidden)

    late, late_d_inputs, carried = net.backward(weights[cut:]), net.d_inputs, net.d_h0
    net.forward(inputs[:cut], h0=h0)
    early = net.backward(weights[:cut], d_h=carried)
    np.testing.assert_allclose(np.concatenate([net.d_inputs, late_d_inputs]), d_inputs, rtol=1e-12)
    np.testing.assert_allclose(net.d_h0, d_h0, rtol=1e-12)
    for name in whole:
        np.testing.assert_allclose(early[name] + late[name], whole[name], rtol=1e-10, atol=1e-12)


def test_an_output_depends_on_all_inputs_up_to_its_time_and_on_no_later_one(rng):
    net, inputs, h0, _ = random_case(rng)
    jacobian = complex_step(lambda x: net.forward(x, h0=h0)[0], inputs)
    for t in range(T):
        for s in range(T):
            block = np.abs(jacobian[t, 0, :, s, 0]).max()
            assert (block > 1e-4) if s <= t else (block == 0)
    assert np.abs(jacobian[:, 0, :, :, 1]).max() == 0  # nor on another sequence of the batch


def test_permuting_hidden_units_changes_nothing_outside(rng):
    net, inputs, h0, weights = random_case(rng)
    outputs, hidden = net.forward(inputs, h0=h0)
    net.backward(weights)
    p = rng.permutation(H)
    other = rnn.SimpleRNN(D, H, O)
    old = net.params
    other.params = {
        "W_xh": old["W_xh"][:, p],
        "W_hh": old["W_hh"][p][:, p],
        "b_h": old["b_h"][p],
        "W_hy": old["W_hy"][p],
        "b_y": old["b_y"],
    }
    same, permuted = other.forward(inputs, h0=h0[:, p])
    np.testing.assert_allclose(same, outputs, rtol=1e-12)
    np.testing.assert_allclose(permuted, hidden[:, :, p], rtol=1e-12)
    other.backward(weights)
    np.testing.assert_allclose(other.d_inputs, net.d_inputs, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(other.grads["W_hh"], net.grads["W_hh"][p][:, p], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
def test_derivative_is_that_of_the_activation(rng, nonlinearity):
    net = random_net(rng, nonlinearity)
    a = np.array([[-2.0, -0.3, 0.4, 1.7]])
    expected = np.diag(complex_step(lambda a: net.activation(a)[0], a)[:, 0])
    np.testing.assert_allclose(net.derivative(net.activation(a))[0], expected, rtol=1e-14)


def test_the_rectifier_has_slope_zero_at_zero_and_looks_at_the_real_part(rng):
    net = random_net(rng, "relu")
    assert net.activation(np.array([0.0, -1.0, 2.0])).tolist() == [0, 0, 2]
    assert net.derivative(np.array([0.0, 2.0])).tolist() == [0, 1]
    assert net.activation(np.array([-1 + 1j, 1 - 1j, 1j])).tolist() == [0, 1 - 1j, 0]
    assert net.derivative(np.array([1 - 1j, 0j])).tolist() == [1, 0]


def test_update_is_gradient_descent_in_place(rng):
    net, inputs, h0, weights = random_case(rng)
    net.forward(inputs, h0=h0)
    grads = net.backward(weights)
    before = {name: value.copy() for name, value in net.params.items()}
    arrays = dict(net.params)
    net.update_parameters(0.25)
    for name in before:
        assert net.params[name] is arrays[name]
        np.testing.assert_array_equal(net.params[name], before[name] - 0.25 * grads[name])
    net.update_parameters(0)  # allowed, and changes nothing
    np.testing.assert_array_equal(net.params["b_y"], before["b_y"] - 0.25 * grads["b_y"])


def test_backward_after_an_update_asks_for_a_new_forward(rng):
    net, inputs, _h0, weights = random_case(rng)
    net.forward(inputs)
    net.backward(weights)
    net.backward(weights)  # twice is fine
    net.update_parameters(0.1)
    with pytest.raises(RuntimeError, match=r"^backward: expected a call of forward first, got none"):
        net.backward(weights)
    net.forward(inputs)
    net.backward(weights)


def test_a_small_step_lowers_the_loss(rng):
    net, inputs, _h0, weights = random_case(rng)
    before = (weights * net.forward(inputs)[0]).sum()
    norm = sum((grad**2).sum() for grad in net.backward(weights).values())
    net.update_parameters(1e-6)
    after = (weights * net.forward(inputs)[0]).sum()
    assert before - after == pytest.approx(1e-6 * norm, rel=1e-2)


def test_assigned_and_written_parameters_both_take_effect(rng):
    net, inputs, _h0, _ = random_case(rng)
    before, _ = net.forward(inputs)
    net.params["W_hh"][...] = 0
    written, _ = net.forward(inputs)
    assert np.abs(written - before).max() > 0.01
    net.params["W_xh"] = np.zeros((D, H))
    net.params["b_h"] = np.zeros(H)
    np.testing.assert_array_equal(net.forward(inputs)[0], np.broadcast_to(net.params["b_y"], (T, B, O)))


def test_results_are_never_overwritten_and_arguments_never_changed(rng):
    net, inputs, h0, weights = random_case(rng)
    given = inputs.copy(), h0.copy(), weights.copy()
    results = [*net.forward(inputs, h0=h0)]
    results += [*net.backward(weights).values(), net.d_inputs, net.d_h0]
    (h,), cache = net.step(inputs[0], (h0,))
    d_x, (d_h,), grads = net.step_back((h0,), cache)
    results += [h, *cache, d_x, d_h, *grads.values()]
    copies = [result.copy() for result in results]
    net.forward(inputs[::-1], h0=-h0)
    net.backward(-weights)
    net.step(-inputs[0], (-h0,))
    net.update_parameters(0.1)
    for result, copy in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copy)
    for came, copy in zip((inputs, h0, weights), given, strict=True):
        np.testing.assert_array_equal(came, copy)


def test_what_the_caller_does_to_arrays_after_forward_does_not_reach_backward(rng):
    net, inputs, h0, weights = random_case(rng)
    net.forward(inputs, h0=h0)
    expected = net.backward(weights)
    outputs, hidden = net.forward(inputs, h0=h0)
    for array in (inputs, h0, outputs, hidden):
        array[...] = 7
    for name, value in net.backward(weights).items():
        np.testing.assert_array_equal(value, expected[name])


def test_single_precision_stays_single(rng):
    net, inputs, h0, weights = random_case(rng, dtype=np.float32)
    outputs, hidden = net.forward(inputs, h0=h0)
    grads = net.backward(weights)
    arrays = [outputs, hidden, net.d_inputs, net.d_h0, *grads.values(), *net.params.values()]
    (h,), _ = net.step(inputs[0], (h0,))
    assert {array.dtype for array in [*arrays, h]} == {np.dtype(np.float32)}
    net.update_parameters(0.1)
    assert {value.dtype for value in net.params.values()} == {np.dtype(np.float32)}
    double = rnn.SimpleRNN(D, H, O)
    net, *_ = random_case(np.random.default_rng(1), dtype=np.float32)
    double.params = {name: value.astype(float) for name, value in net.params.items()}
    np.testing.assert_allclose(net.forward(inputs)[0], double.forward(inputs)[0], atol=1e-5)
    assert double.forward(inputs.astype(np.float32))[0].dtype == np.float64
    assert net.forward(inputs.astype(complex))[0].dtype == np.complex128


def test_equal_seeds_give_equal_parameters_and_no_global_random_state_is_used():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    nets = [rnn.SimpleRNN(D, H, O, rng=np.random.default_rng(seed)) for seed in (3, 3, 4)]
    fresh = [rnn.SimpleRNN(D, H, O) for _ in range(2)]
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002
    for name in ("W_xh", "W_hh", "W_hy"):
        np.testing.assert_array_equal(nets[0].params[name], nets[1].params[name])
        assert (nets[0].params[name] != nets[2].params[name]).any()
        assert (fresh[0].params[name] != fresh[1].params[name]).any()


@pytest.mark.parametrize("nonlinearity", ["tanh", "identity", "relu"])
def test_initial_parameters(nonlinearity):
    net = rnn.SimpleRNN(30, 40, 20, nonlinearity=nonlinearity, rng=np.random.default_rng(0))
    p = net.params
    shapes = {name: value.shape for name, value in p.items()}
    assert shapes == {"W_xh": (30, 40), "W_hh": (40, 40), "b_h": (40,), "W_hy": (40, 20), "b_y": (20,)}
    assert not p["b_h"].any()
    assert not p["b_y"].any()
    assert 0.95 * np.sqrt(6 / 60) < np.abs(p["W_hy"]).max() <= np.sqrt(6 / 60)
    if nonlinearity == "relu":
        np.testing.assert_array_equal(p["W_hh"], np.eye(40))
        assert p["W_xh"].std() == pytest.approx(np.sqrt(2 / 30), rel=0.1)
        assert np.abs(p["W_xh"]).max() > 0.6
    else:
        np.testing.assert_allclose(p["W_hh"] @ p["W_hh"].T, np.eye(40), atol=1e-12)
        assert np.abs(p["W_hh"] - np.eye(40)).max() > 0.5
        assert 0.95 * np.sqrt(6 / 70) < np.abs(p["W_xh"]).max() <= np.sqrt(6 / 70)
    assert (net.input_size, net.hidden_size, net.output_size, net.grads) == (30, 40, 20, {})


def test_read_only_strided_foreign_and_list_inputs_are_fine(rng):
    net, inputs, h0, _weights = random_case(rng)
    expected, _ = net.forward(inputs, h0=h0)
    inputs.flags.writeable = False
    wide = np.repeat(inputs, 2, axis=2)[:, :, ::2]
    for same in (inputs, np.asfortranarray(inputs), wide, inputs.astype(">f8"), inputs.tolist()):
        np.testing.assert_array_equal(net.forward(same, h0=h0)[0], expected)


def test_complex_numbers_pass_and_come_out_complex(rng):
    net, inputs, h0, weights = random_case(rng)
    outputs, hidden = net.forward(inputs + 0j, h0=h0)
    assert outputs.dtype == hidden.dtype == np.complex128
    net.backward(weights * 1j)
    assert {value.dtype for value in net.grads.values()} == {np.dtype(complex)}
    before = {name: value.copy() for name, value in net.params.items()}
    sentence = r"^grads\['W_xh'\]: expected float64 or float32 numbers, got complex128$"
    with pytest.raises(TypeError, match=sentence):
        net.update_parameters(0.1)
    for name, value in net.params.items():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
def test_the_cell_alone_is_the_network_without_its_read_out(rng, nonlinearity):
    net, inputs, h0, _ = random_case(rng, nonlinearity)
    cell = ElmanCell(D, H, nonlinearity=nonlinearity)
    for name in cell.params:
        cell.params[name] = net.params[name]
    assert isinstance(cell, Cell)
    assert isinstance(net, ElmanCell)
    (h,), cache = cell.step(inputs[0], (h0,))
    np.testing.assert_array_equal(h, net.forward(inputs, h0=h0)[1][0])
    np.testing.assert_equal(cell.step_back((h0,), cache), net.step_back((h0,), cache))
    errors = rnn.gradcheck.check(cell, method="complex", rng=rng)
    assert list(errors) == ["W_xh", "W_hh", "b_h", "x", "state0"]
    assert max(errors.values()) < 1e-13


def test_the_cell_alone_begins_with_the_weights_of_the_network():
    for nonlinearity in ("tanh", "relu"):
        net, cell = (
            make(nonlinearity=nonlinearity, rng=np.random.default_rng(2), dtype=np.float32)
            for make in (partial(rnn.SimpleRNN, D, H, O), partial(ElmanCell, D, H))
        )
        assert list(cell.params) == ["W_xh", "W_hh", "b_h"]
        for name, value in cell.params.items():
            np.testing.assert_array_equal(value, net.params[name])
            assert value.dtype == np.float32


@pytest.mark.parametrize("make", [partial(ElmanCell, D, H), partial(rnn.SimpleRNN, D, H, O)])
def test_a_sequence_begins_with_zeros(make):
    (h,) = make(dtype=np.float32).zero_state(B)
    assert (h.shape, h.dtype, h.any()) == ((B, H), np.float32, False)
    with pytest.raises(ValueError, match=r"^batch: expected a whole number of at least 1, got 0$"):
        make().zero_state(0)


def test_the_cell_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"^nonlinearity: expected one of tanh, relu, identity, got 'elu'$"):
        ElmanCell(D, H, nonlinearity="elu")
    with pytest.raises(TypeError, match=r"^hidden_size: expected a whole number, got None$"):
        ElmanCell(D, None)
    cell = ElmanCell(D, H)
    del cell.params["b_h"]
    with pytest.raises(ValueError, match=r"^params: expected the keys W_xh, W_hh, b_h, got W_xh, W_hh$"):
        cell.step(np.ones((B, D)), cell.zero_state(B))
