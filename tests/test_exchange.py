"""Weights of PyTorch and Keras: layers that take them compute what theirs computed, and give them back."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from rnn.depth import Bidirectional, Dropout, LayerNorm, Residual, Stacked, Unrolled
from rnn.exchange import from_keras, from_torch, side_by_side, to_keras, to_torch
from rnn.gru import GRUCell
from rnn.layer import set_training
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.lstm import LSTMCell
from rnn.simple import ElmanCell, SimpleRNN
from rnn.variants import LSTMVariant

pytestmark = pytest.mark.filterwarnings("error")

# By scripts/exchange_values.py.
VALUES = json.loads((Path(__file__).parent / "data" / "exchange.json").read_text(encoding="utf-8"))
D, H, V = 2, 3, 5


def gru(update="keeps", reset="after"):
    return lambda: GRU(D, H, update=update, reset=reset)


def text():
    return Stacked([Embedding(V, D), LayerNorm(D), Dropout(0.5, D), Linear(D, H)])


# Ours for each case, several where several compute the same.
LAYERS = {
    "torch: RNN": [lambda: RNN(D, H), lambda: Unrolled(ElmanCell(D, H)), lambda: Stacked([RNN(D, H)])],
    "torch: RNN relu": [lambda: RNN(D, H, nonlinearity="relu")],
    "torch: LSTM": [lambda: LSTM(D, H), lambda: Unrolled(LSTMCell(D, H))],
    "torch: GRU": [gru(), gru("replaces"), lambda: Unrolled(GRUCell(D, H, update="replaces"))],
    "torch: LSTM deep": [lambda: Stacked([LSTM(D, H), Unrolled(LSTMCell(H, H))])],
    "torch: GRU both ways": [
        lambda: Stacked([Bidirectional(GRU(D, H), GRU(D, H)), Bidirectional(GRUCell(2 * H, H), GRU(2 * H, H))])
    ],
    "torch: GRUCell": [lambda: GRUCell(D, H), lambda: GRUCell(D, H, update="replaces")],
    "torch: LSTMCell": [lambda: LSTMCell(D, H)],
    "torch: text": [text],
    "keras: RNN": [lambda: RNN(D, H)],
    "keras: LSTM": [lambda: LSTM(D, H)],
    "keras: GRU after": [gru(), gru("replaces")],
    "keras: GRU before": [gru(reset="before"), gru("replaces", "before")],
    "keras: both ways": [lambda: Stacked([Bidirectional(LSTM(D, H), LSTM(D, H)), Linear(2 * H, 2)])],
    "keras: text": [lambda: Stacked([Embedding(V, D), LayerNorm(D), Linear(D, H)])],
}
CASES = [(name, k) for name, layers in LAYERS.items() for k in range(len(layers))]


def torch_weights(name):
    return {key: np.array(value) for key, value in VALUES[name]["weights"].items()}


def run(layer, inputs):
    if hasattr(layer, "forward") and not isinstance(layer, LSTMCell):
        set_training(layer, False)
        return layer.forward(inputs)[0]
    return layer.step(inputs, layer.zero_state(len(inputs)))[0][0]


def taken(name, k):
    """Return our layer with the weights of a case."""
    layer = LAYERS[name][k]()
    if name.startswith("torch"):
        from_torch(layer, torch_weights(name))
    else:
        given = [np.array(value) for value in VALUES[name]["weights"]]
        from_keras(layer, dict(zip(to_keras(layer), given, strict=True)))
    return layer


def test_there_is_a_layer_for_every_stored_case():
    assert LAYERS.keys() == VALUES.keys()


@pytest.mark.parametrize(("name", "k"), CASES)
def test_with_their_weights_ours_compute_what_theirs_did(name, k):
    came = run(taken(name, k), np.array(VALUES[name]["inputs"]))
    np.testing.assert_allclose(came, VALUES[name]["outputs"], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("name", "k"), CASES)
def test_what_was_taken_is_given_back(name, k):
    layer = taken(name, k)
    if name.startswith("keras"):
        came = to_keras(layer)
        assert [key.rpartition(".")[2] for key in came] == VALUES[name]["names"]
        for key, expected in zip(came, VALUES[name]["weights"], strict=True):
            same_but_for_the_split_of_biases(
                came[key], np.array(expected), name == "keras: GRU after" and key == "bias"
            )
        return
    came, expected = to_torch(layer), torch_weights(name)
    assert list(came) == list(expected)
    for key, value in came.items():
        assert value.shape == expected[key].shape
        if "bias_" not in key:
            np.testing.assert_array_equal(value, expected[key])
    for key in (key for key in came if "bias_ih" in key):
        other = key.replace("ih", "hh")
        np.testing.assert_allclose(came[key] + came[other], expected[key] + expected[other], rtol=1e-14)
        assert not came[other][: 2 * H].any()  # of a GRU the last third acts by itself
        if "GRU" in name:
            np.testing.assert_array_equal(came[other][2 * H :], expected[other][2 * H :])
        else:
            assert not came[other].any()


def same_but_for_the_split_of_biases(value, expected, bias):
    """Of Keras's two biases of a GRU the sum is ours, but for the candidate's, the last third."""
    if bias:
        np.testing.assert_allclose(value.sum(axis=0), expected.sum(axis=0), rtol=1e-14)
        np.testing.assert_array_equal(value[:, 2 * H :], expected[:, 2 * H :])
        assert not value[1, : 2 * H].any()
    else:
        np.testing.assert_array_equal(value, expected)


def random_layers(rng):
    layers = [layer() for layers in LAYERS.values() for layer in layers]
    layers += [Residual(GRU(4, 4)), Stacked([Residual(LSTM(2, 2)), Stacked([RNN(2, 3)])]), RNN(2, 3, dtype=np.float32)]
    for layer in layers:
        for name, value in layer.params.items():
            layer.params[name] = rng.normal(size=value.shape).astype(value.dtype)
    return layers


def test_the_way_there_and_back_changes_no_digit(rng):
    for layer in random_layers(rng):
        before = {name: value.copy() for name, value in layer.params.items()}
        ways = [(to_torch, from_torch), (to_keras, from_keras)]
        if "before" in (getattr(getattr(layer, "cell", layer), "reset", None),):
            ways = ways[1:]  # PyTorch has none that resets before
        for there, back in ways:
            weights = there(layer)
            for value in layer.params.values():
                value[...] = 0
            assert any(value.any() for value in weights.values())  # copies, not views
            assert all(value.flags.c_contiguous for value in weights.values())
            back(layer, weights)
            for name, value in layer.params.items():
                np.testing.assert_array_equal(value, before[name])
                assert value.dtype == before[name].dtype
                assert value.flags.c_contiguous


def test_the_gates_stand_where_they_should():
    cell = LSTMCell(1, 1)
    for gate, number in zip("fico", (1.0, 2.0, 3.0, 4.0), strict=True):
        for kind in ("W_x", "W_h", "b_"):
            cell.params[f"{kind}{gate}"][...] = number
    for weights in (to_torch(cell)["weight_ih"].ravel(), to_keras(cell)["recurrent_kernel"].ravel()):
        np.testing.assert_array_equal(weights, [2, 1, 3, 4])
    cell = GRUCell(1, 1, update="replaces")
    for gate, number in zip("zrn", (1.0, 2.0, 3.0), strict=True):
        for kind in ("W_x", "W_h", "b_"):
            cell.params[f"{kind}{gate}"][...] = number
    cell.params["b_hn"][...] = 9
    assert to_torch(cell)["weight_hh"].ravel().tolist() == [2, -1, 3]
    assert to_torch(cell)["bias_hh"].tolist() == [0, 0, 9]
    assert to_keras(cell)["kernel"].ravel().tolist() == [-1, 2, 3]
    assert to_keras(cell)["bias"].tolist() == [[-1, 2, 3], [0, 0, 9]]
    assert [value.tolist() for value in side_by_side(cell, "nz")[2:]] == [[3, -1], [9, 0]]


def test_names():
    both_ways = Bidirectional(LSTM(2, 3), LSTM(2, 3))
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]
    assert list(to_torch(both_ways)) == names + [f"{name}_reverse" for name in names]
    mixed = Stacked([both_ways, Residual(GRU(6, 6)), Linear(6, 1)])
    assert list(to_torch(mixed))[:1] == ["0.weight_ih_l0"]
    assert list(to_torch(mixed))[-5:] == ["1.weight_hh_l0", "1.bias_ih_l0", "1.bias_hh_l0", "2.weight", "2.bias"]
    assert list(to_keras(mixed))[2:7] == [
        "0.forward.bias", "0.backward.kernel", "0.backward.recurrent_kernel", "0.backward.bias", "1.kernel",
    ]  # fmt: skip
    unlike = {
        "units": Stacked([LSTM(2, 3), LSTM(3, 4)]),
        "kinds": Stacked([LSTM(2, 3), GRU(3, 3)]),
        "directions": Stacked([both_ways, LSTM(6, 3)]),
        "nonlinearities": Stacked([RNN(2, 3), RNN(3, 3, nonlinearity="relu")]),
    }
    for stack in unlike.values():
        assert "0.weight_ih_l0" in to_torch(stack)
    assert list(to_torch(Stacked([ElmanCell(2, 3), ElmanCell(3, 3)])))[4] == "1.weight_ih"


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (GRU(2, 3, reset="before"), "layer: expected a GRU with reset='after', which PyTorch has, got reset='before'"),
        (RNN(2, 3, nonlinearity="identity"), "layer: expected tanh or relu, which PyTorch has, got 'identity'"),
        (LSTM(2, 3, seeds=4), "layer: expected one without a leading axis, got seeds=4"),
        (Linear(2, 3, seeds=4), "layer: expected one without a leading axis, got seeds=4"),
        (LSTMVariant(2, 3), "layer: expected one that Torch has too, got LSTMVariant"),
        (Unrolled(LSTMVariant(2, 3)), "layer: expected one that Torch has too, got Unrolled"),
        (SimpleRNN(2, 3, 1), "layer: expected one that Torch has too, got SimpleRNN"),
        (
            Bidirectional(LSTM(2, 3), GRU(2, 3)),
            "layer: expected two directions alike, which PyTorch has, got LSTMCell 3 and GRUCell 3",
        ),
        (
            Bidirectional(LSTM(2, 3), LSTM(2, 4)),
            "layer: expected two directions alike, which PyTorch has, got LSTMCell 3 and LSTMCell 4",
        ),
        (
            Bidirectional(Linear(2, 3), Linear(2, 3)),
            "layer: expected two directions alike, .* got Linear and Linear",
        ),
        (None, "layer: expected one that Torch has too, got NoneType"),
        ({}, "layer: expected one that Torch has too, got dict"),
    ],
)
def test_what_pytorch_does_not_have_is_refused(layer, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        to_torch(layer)
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        from_torch(layer, {})


@pytest.mark.parametrize("layer", [LSTM(2, 3, seeds=4), LSTMVariant(2, 3), SimpleRNN(2, 3, 1), None])
def test_what_keras_does_not_have_is_refused(layer):
    with pytest.raises((TypeError, ValueError), match=r"^layer: expected [^\n]*$"):
        to_keras(layer)


def spoilt(weights):
    """Yield bad versions of some weights and what should be said of them."""
    name = list(weights)[-1]
    value = weights[name]
    yield {key: value for key, value in weights.items() if key != name}, f"got a mapping without {name}$"
    yield weights | {"weight_hr_l0": value}, "got a mapping with weight_hr_l0$"
    yield weights | {name: value[1:]}, rf"\['{name}'\]: expected \("
    yield weights | {name: value[None]}, rf"\['{name}'\]: expected \("
    for bad in (np.nan, np.inf):
        yield weights | {name: np.full_like(value, bad)}, rf"\['{name}'\]: expected finite numbers"
    for other in (value.astype(int), value.astype(np.float16), value.astype(complex), value.astype(object), None, "W"):
        yield weights | {name: other}, rf"\['{name}'\]: expected float64 or float32"
    yield list(weights.items()), "expected a mapping of names to arrays, got list"
    yield None, "expected a mapping of names to arrays, got NoneType"


@pytest.mark.parametrize(("there", "back"), [(to_torch, from_torch), (to_keras, from_keras)])
def test_bad_weights_are_refused_and_nothing_is_half_done(there, back, rng):
    layer = Stacked([LSTM(2, 3), LSTM(3, 3)])
    before = {name: value.copy() for name, value in layer.params.items()}
    other = {name: rng.normal(size=value.shape) for name, value in there(layer).items()}
    for weights, message in spoilt(other):
        with pytest.raises((TypeError, ValueError), match=f"^(state_dict|weights)[^\n]*{message}"):
            back(layer, weights)
        for name, value in before.items():
            np.testing.assert_array_equal(layer.params[name], value)
    back(layer, other)
    assert all((layer.params[name] != value).all() for name, value in before.items())


def test_biases_that_overflow_together_are_refused():
    layer = RNN(1, 2)
    weights = to_torch(layer) | {"bias_ih_l0": np.full(2, 1e308), "bias_hh_l0": np.full(2, 1e308)}
    with pytest.raises(FloatingPointError, match=r"^state_dict\['b_h'\]: expected a finite result, got inf"):
        from_torch(layer, weights)
    assert not layer.params["b_h"].any()


def test_a_layer_keeps_its_precision_and_its_own_copies(rng):
    layer = RNN(2, 3, dtype=np.float32)
    weights = {name: rng.normal(size=value.shape) for name, value in to_torch(layer).items()}
    from_torch(layer, weights)
    assert {value.dtype for value in layer.params.values()} == {np.dtype(np.float32)}
    kept = layer.params["W_hh"].copy()
    for value in weights.values():
        value[...] = 7
    np.testing.assert_array_equal(layer.params["W_hh"], kept)
    net, names = Linear(2, 3), ("kernel", "bias")
    from_keras(net, dict(zip(names, (np.ones((2, 3)), np.zeros(3)), strict=True)))
    np.testing.assert_array_equal(net.params["W"], np.ones((2, 3)))


def test_z_that_replaces_is_z_that_keeps_with_the_sign_turned(rng):
    for reset, framework in itertools.product(("after", "before"), ((to_torch, from_torch), (to_keras, from_keras))):
        if reset == "before" and framework[0] is to_torch:
            continue
        there, back = framework
        keeps, replaces = GRU(2, 3, reset=reset), GRU(2, 3, reset=reset, update="replaces")
        for name, value in keeps.params.items():
            keeps.params[name] = rng.normal(size=value.shape)
        back(replaces, there(keeps))
        inputs = rng.normal(size=(5, 2, 2))
        np.testing.assert_allclose(replaces.forward(inputs)[0], keeps.forward(inputs)[0], rtol=1e-12, atol=1e-14)
