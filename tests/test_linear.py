"""Linear, Embedding, LayerNorm and Dropout: layers that treat each step by itself."""

import copy
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_assignment import BAD_NUMBERS

from rnn.depth import Dropout, LayerNorm
from rnn.gradcheck import check
from rnn.layer import Layer, leaves, set_training
from rnn.linear import Embedding, Linear

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, O = 5, 3, 4, 2
LENGTHS = np.array([2, 5, 1])
KINDS = {
    "linear": lambda rng, **o: Linear(D, O, rng=rng, **o),
    "embedding": lambda rng, **o: Embedding(7, D, rng=rng, **o),
    "norm": lambda rng, **o: LayerNorm(D, **o),
    "dropout": lambda rng, **o: Dropout(0.4, D, rng=rng, **o),
    "variational": lambda rng, **o: Dropout(0.4, D, variational=True, rng=rng, **o),
}
FLOATS = [kind for kind in KINDS if kind != "embedding"]


def random_layer(rng, kind, **options):
    layer = KINDS[kind](rng, **options)
    for name, value in layer.params.items():
        layer.params[name] = (value + rng.normal(size=value.shape) / 2).astype(value.dtype)
    return layer


def random_inputs(rng, kind):
    return rng.integers(7, size=(T, B)) if kind == "embedding" else rng.normal(size=(T, B, D))


@settings(max_examples=30, deadline=None)
@given(*[st.integers(1, 4)] * 4, st.sampled_from([*KINDS, "seeds"]), st.booleans(), st.integers(0, 10**6))
def test_backward_agrees_with_complex_steps_for_all_sizes(t, b, d, o, kind, padded, seed):
    rng = np.random.default_rng(seed)
    layer = {
        "linear": lambda: Linear(d, o, rng=rng),
        "seeds": lambda: Linear(d, o, seeds=2, rng=rng),
        "embedding": lambda: Embedding(o + 2, d, rng=rng),
        "norm": lambda: LayerNorm(d + 1, eps=0.1),
        "dropout": lambda: Dropout(0.3, d, rng=rng),
        "variational": lambda: Dropout(0.3, d, variational=True, rng=rng),
    }[kind]()
    for name, value in layer.params.items():
        layer.params[name] = value + rng.normal(size=value.shape)
    lengths = rng.integers(1, t + 1, size=(2, b) if kind == "seeds" else b) if padded else None
    errors = check(layer, seq_len=t, batch=b, lengths=lengths, rng=rng)
    assert ("inputs" in errors) == (kind != "embedding")
    assert max(errors.values()) < 1e-12


@pytest.mark.parametrize("kind", KINDS)
def test_a_layer_keeps_to_the_protocol(rng, kind):
    layer, inputs = random_layer(rng, kind), random_inputs(rng, kind)
    assert isinstance(layer, Layer)
    assert list(leaves(layer)) == [layer]
    assert layer.zero_state(B) == ()
    assert layer.grads == {}
    outputs, state = layer.forward(inputs, (), lengths=LENGTHS)
    assert outputs.shape == (T, B, layer.output_size)
    assert state == ()
    d_inputs, d_state = layer.backward(outputs, ())
    assert (d_inputs is None) if kind == "embedding" else (d_inputs.shape == inputs.shape)
    assert d_state == ()
    assert layer.grads.keys() == layer.params.keys()


def test_linear_is_a_product_and_a_sum(rng):
    layer, inputs = random_layer(rng, "linear"), random_inputs(rng, "linear")
    W, b = layer.params["W"], layer.params["b"]
    outputs, _ = layer.forward(inputs)
    for t, n, o in np.ndindex(T, B, O):
        assert outputs[t, n, o] == pytest.approx(sum(inputs[t, n, d] * W[d, o] for d in range(D)) + b[o], rel=1e-12)


def test_independent_networks_do_not_see_each_other(rng):
    both = Linear(D, O, seeds=2, rng=rng)
    both.params["b"] = rng.normal(size=(2, O))
    inputs, d_outputs = rng.normal(size=(T, 2, B, D)), rng.normal(size=(T, 2, B, O))
    lengths = np.array([LENGTHS, LENGTHS[::-1]])
    outputs, _ = both.forward(inputs, lengths=lengths)
    d_inputs, _ = both.backward(d_outputs)
    assert (both.params["W"][0] != both.params["W"][1]).all()
    for k in range(2):
        one = Linear(D, O)
        for name in one.params:
            one.params[name] = both.params[name][k]
        np.testing.assert_allclose(one.forward(inputs[:, k], lengths=lengths[k])[0], outputs[:, k], rtol=1e-13)
        np.testing.assert_allclose(one.backward(d_outputs[:, k])[0], d_inputs[:, k], rtol=1e-13)
        for name in one.grads:
            np.testing.assert_allclose(one.grads[name], both.grads[name][k], rtol=1e-12)
    x = rng.normal(size=(2, B, D))
    np.testing.assert_allclose(both.stream(batch=B).step(x), both.forward(x[None])[0][0], rtol=1e-13)
    with pytest.raises(ValueError, match=r"^inputs: expected \(seq_len, 2, batch, 4\) with .*, got \(5, 3, 4\)$"):
        both.forward(rng.normal(size=(T, B, D)))


def test_one_network_by_seeds_has_the_initial_weights_of_a_plain_one():
    plain, one = Linear(D, O, rng=np.random.default_rng(1)), Linear(D, O, seeds=1, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(plain.params["W"], one.params["W"][0])
    assert one.params["b"].shape == (1, O)
    limit = np.sqrt(6 / 70)
    assert 0.9 * limit < np.abs(Linear(30, 40).params["W"]).max() <= limit
    assert not Linear(30, 40).params["b"].any()


def test_embedding_is_a_linear_layer_for_a_single_one(rng):
    layer, symbols = random_layer(rng, "embedding"), random_inputs(rng, "embedding")
    linear = Linear(7, D)
    linear.params["W"] = layer.params["E"]
    one_hot, d_outputs = np.eye(7)[symbols], rng.normal(size=(T, B, D))
    for lengths in (None, LENGTHS):
        expected, _ = linear.forward(one_hot, lengths=lengths)
        np.testing.assert_array_equal(layer.forward(symbols, lengths=lengths)[0], expected)
        linear.backward(d_outputs)
        layer.backward(d_outputs)
        np.testing.assert_allclose(layer.grads["E"], linear.grads["W"], rtol=1e-13)
    np.testing.assert_array_equal(layer.stream(batch=B).step(symbols[0]), layer.params["E"][symbols[0]])
    assert Embedding(2000, 8, rng=rng).params["E"].std() == pytest.approx(1, rel=0.05)


def test_normalised_features_have_mean_0_and_variance_1_whatever_their_scale(rng):
    layer, inputs = LayerNorm(40, eps=1e-12), rng.normal(size=(T, B, 40))
    outputs, _ = layer.forward(7 + 3 * inputs)
    np.testing.assert_allclose(outputs.mean(axis=-1), np.zeros((T, B)), atol=1e-14)
    np.testing.assert_allclose(outputs.var(axis=-1), np.ones((T, B)), rtol=1e-9)
    np.testing.assert_allclose(layer.forward(inputs)[0], outputs, rtol=1e-10, atol=1e-12)
    layer.params["g"], layer.params["b"] = np.full(40, 2.0), np.full(40, 5.0)
    np.testing.assert_allclose(layer.forward(inputs)[0], 2 * outputs + 5, rtol=1e-10, atol=1e-11)
    assert not LayerNorm(3).forward(np.full((1, 1, 3), 0.25))[0].any()  # no variance, and no division by 0
    np.testing.assert_allclose(LayerNorm(2).forward([[[1.0, 3.0]]])[0], [[[-1, 1] / np.sqrt(1 + 1e-5)]], rtol=1e-14)


@pytest.mark.parametrize("kind", ["dropout", "variational"])
def test_dropout_keeps_the_mean_and_is_off_after_training(rng, kind):
    layer, ones = KINDS[kind](rng), np.ones((50, 400, D))
    outputs, _ = layer.forward(ones)
    np.testing.assert_allclose(np.unique(outputs), [0, 1 / 0.6])
    assert outputs.mean() == pytest.approx(1, abs=0.05)
    np.testing.assert_array_equal(layer.backward(ones)[0], outputs)  # the same numbers pass in both directions
    assert (outputs == outputs[:1]).all() == (kind == "variational")
    assert (outputs != outputs[:, :1]).any()
    assert (layer.forward(ones)[0] != outputs).any()  # and others the next time
    np.testing.assert_array_equal(layer.stream().step(ones[0]), ones[0])
    set_training(layer, False)
    np.testing.assert_array_equal(layer.forward(ones)[0], ones)
    np.testing.assert_array_equal(layer.backward(ones)[0], ones)
    assert not Dropout(0.0, 3).forward(np.zeros((1, 1, 3)))[0].any()


@pytest.mark.parametrize("variational", [False, True])
def test_a_rate_of_0_drops_nothing_whatever_is_drawn(rng, variational):
    class Zeros(np.random.Generator):
        def random(self, size):
            return np.zeros(size)

    x = rng.normal(size=(T, B, D))
    layer = Dropout(0.0, D, variational=variational, rng=Zeros(np.random.PCG64()))
    np.testing.assert_array_equal(layer.forward(x)[0], x)
    np.testing.assert_array_equal(layer.backward(x)[0], x)


def test_equal_generators_drop_the_same_numbers():
    one, other = (Dropout(0.5, D, rng=np.random.default_rng(3)) for _ in range(2))
    for _ in range(2):
        np.testing.assert_array_equal(one.forward(np.ones((T, B, D)))[0], other.forward(np.ones((T, B, D)))[0])


@pytest.mark.parametrize("kind", KINDS)
def test_padding_has_no_effect(rng, kind):
    layer, inputs, d_outputs = random_layer(rng, kind), random_inputs(rng, kind), rng.normal(size=(T, B, D))
    d_outputs, beyond = d_outputs[..., : layer.output_size], np.arange(T)[:, None] >= LENGTHS
    results = []
    for junk in (1, 6) if kind == "embedding" else (0.0, 1e308):
        inputs[beyond] = junk
        d_outputs[beyond] = 0.5 if junk == 1 else junk
        same = copy.deepcopy(layer)
        outputs, _ = same.forward(inputs, lengths=LENGTHS)
        d_inputs, _ = same.backward(d_outputs)
        assert not outputs[beyond].any()
        assert d_inputs is None or not d_inputs[beyond].any()
        results.append([outputs, d_inputs, same.grads])
    np.testing.assert_equal(*results)
    if kind not in ("dropout", "variational"):
        for b, end in enumerate(LENGTHS):
            alone, _ = layer.forward(inputs[:end, b : b + 1])
            np.testing.assert_allclose(alone[:, 0], outputs[:end, b], rtol=1e-12)


def test_a_single_symbol_may_be_padded(rng):
    layer = Embedding(1, D, rng=rng)
    outputs, _ = layer.forward(np.zeros((T, B), int), lengths=LENGTHS)
    for b, end in enumerate(LENGTHS):
        np.testing.assert_array_equal(outputs[:end, b], np.tile(layer.params["E"], (end, 1)))
        assert not outputs[end:, b].any()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_given_is_changed_and_nothing_returned_is_overwritten(rng, kind):
    layer, inputs, d_outputs = random_layer(rng, kind), random_inputs(rng, kind), rng.normal(size=(T, B, D))
    d_outputs = d_outputs[..., : layer.output_size]
    before = inputs.copy(), d_outputs.copy()
    outputs, _ = layer.forward(inputs, lengths=LENGTHS)
    expected = layer.backward(d_outputs, None)[0]
    np.testing.assert_equal((inputs, d_outputs), before)
    results = [outputs, expected, dict(layer.grads)]
    copies = copy.deepcopy(results)
    inputs[...] = 0
    outputs = layer.forward(inputs)[0]
    outputs[...] = 7
    layer.backward(-d_outputs)
    np.testing.assert_equal(results, copies)


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_stays_single_and_complex_stays_complex(rng, kind):
    layer, inputs = random_layer(rng, kind, dtype=np.float32), random_inputs(rng, kind)
    outputs, _ = layer.forward(inputs)
    d_inputs, _ = layer.backward(outputs.astype(float))
    arrays = [outputs, *layer.grads.values(), *layer.params.values()]
    arrays += [] if d_inputs is None else [d_inputs, layer.stream().step(inputs[0])]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    if d_inputs is not None:
        assert layer.forward(inputs + 0j)[0].dtype == np.complex128


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_arrays_that_do_not_fit_are_refused_in_a_sentence(rng, kind, bad):
    layer = random_layer(rng, kind)
    outputs, _ = layer.forward(random_inputs(rng, kind))
    layer.backward(outputs)
    make, error, sentence = BAD_NUMBERS[bad]
    calls = {
        "inputs": ((T, B, D), f"(seq_len, batch, {D}) with seq_len and batch at least 1", layer.forward),
        "d_outputs": (outputs.shape, str(outputs.shape), layer.backward),
        "x": ((B, D), f"(batch, {D}) with batch at least 1", layer.stream().step),
    }
    before = copy.deepcopy((layer.params, layer.grads))
    for name, (shape, written, call) in calls.items():
        with pytest.raises(error) as caught:
            call(make(shape))
        last = tuple(size - 1 for size in shape)
        expected = sentence.format(name=name, shape=written, last=last, less=shape[1:], more=(*shape, 1))
        assert str(caught.value).startswith(f"{name}: {expected}")
    np.testing.assert_equal((layer.params, layer.grads), before)
    layer.backward(outputs)  # of the forward before


LINEAR = Linear(D, O)
EMBEDDING = Embedding(7, D)
ONES = np.ones((T, B, D))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: Linear(0, 1), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        (lambda: Linear(1, None), TypeError, "output_size: expected a whole number, got None"),
        (lambda: Linear(1, 1, seeds=0), ValueError, "seeds: expected a whole number of at least 1, got 0"),
        (lambda: Linear(1, 1, rng=0), TypeError, "rng: expected a numpy.random.Generator, got 0"),
        (lambda: Linear(1, 1, dtype=int), TypeError, "dtype: expected float64 or float32, got <class 'int'>"),
        (lambda: Embedding(0, 1), ValueError, "vocabulary_size: expected a whole number of at least 1, got 0"),
        (lambda: Embedding(1, True), TypeError, "size: expected a whole number, got True"),
        (lambda: LayerNorm(0), ValueError, "size: expected a whole number of at least 1, got 0"),
        (lambda: LayerNorm(1, eps=0), ValueError, "eps: expected a finite number of at least"),
        (lambda: Dropout(1, 1), ValueError, "rate: expected a number below 1, got 1"),
        (lambda: Dropout(-0.1, 1), ValueError, "rate: expected a finite number of at least 0, got -0.1"),
        (lambda: Dropout("half", 1), TypeError, "rate: expected a number of at least 0, got 'half'"),
        (lambda: Dropout(0.5, 0), ValueError, "size: expected a whole number of at least 1, got 0"),
        (lambda: Dropout(0.5, 1, variational=1), TypeError, "variational: expected True or False, got 1"),
        (
            lambda: Linear(1, 1).backward([[[1.0]]]),
            RuntimeError,
            "backward: expected a call of forward first, got none",
        ),
        (lambda: LINEAR.forward(ONES, (1,)), TypeError, "state: expected the empty tuple (), got a tuple of 1"),
        (lambda: LINEAR.forward(ONES, []), TypeError, "state: expected the empty tuple (), got list"),
        (lambda: LINEAR.stream(0), TypeError, "state: expected the empty tuple (), got int"),
        (
            lambda: (LINEAR.forward(0 * ONES), LINEAR.backward(np.ones((T, B, O)), (1,))),
            TypeError,
            "d_state: expected the empty tuple (), got a tuple of 1",
        ),
        (lambda: LINEAR.stream(batch=0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (lambda: LINEAR.zero_state(0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (lambda: LINEAR.forward(ONES, lengths=[1, 2]), ValueError, "lengths: expected (3,), got (2,)"),
        (lambda: LINEAR.forward(ONES, lengths=[0, 1, 2]), ValueError, "lengths: expected numbers from 1 to 5, got 0"),
        (lambda: LINEAR.forward(ONES, lengths=[1, 2, 6]), ValueError, "lengths: expected numbers from 1 to 5, got 6"),
        (lambda: LINEAR.forward(ONES, lengths=[1.0] * 3), TypeError, "lengths: expected whole numbers, got float64"),
        (lambda: EMBEDDING.forward([[7]]), ValueError, "inputs: expected numbers from 0 to 6, got 7 at index (0, 0)"),
        (lambda: EMBEDDING.forward([[-1]]), ValueError, "inputs: expected numbers from 0 to 6, got -1 at index (0, 0)"),
        (lambda: EMBEDDING.forward([[1.0]]), TypeError, "inputs: expected whole numbers, got float64"),
        (lambda: EMBEDDING.forward([1]), ValueError, "inputs: expected (seq_len, batch) with seq_len and batch at"),
        (lambda: EMBEDDING.stream().step([[1]]), ValueError, "x: expected (batch,) with batch at least 1, got (1, 1)"),
        (lambda: LINEAR.forward(1e308 * ONES), FloatingPointError, "outputs: expected a finite result, got"),
        (lambda: LINEAR.stream().step(1e308 * ONES[0]), FloatingPointError, "y: expected a finite result, got"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    LINEAR.params["W"] = np.full((D, O), 1e10)
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name", "shape"),
    [("linear", "W", (D, 1)), ("linear", "b", (1,)), ("embedding", "E", (7, 1)), ("norm", "g", (1,))],
)
def test_parameters_that_would_fit_when_repeated_are_refused(rng, kind, name, shape):
    layer, inputs = random_layer(rng, kind), random_inputs(rng, kind)
    outputs, _ = layer.forward(inputs)
    right, layer.params[name] = layer.params[name].shape, np.ones(shape)
    stream = layer.stream(batch=B)
    for call in (lambda: layer.forward(inputs), lambda: layer.backward(outputs), lambda: stream.step(inputs[0])):
        with pytest.raises(ValueError, match="^" + re.escape(f"params['{name}']: expected {right}, got {shape}") + "$"):
            call()
    assert layer.grads == {}


def test_overflow_on_the_way_back_is_one_error_and_parameters_are_looked_at(rng):
    layer = random_layer(rng, "linear")
    layer.forward(ONES)
    for name, huge in (("W", np.full((D, O), 1e308)), ("W", np.full((D, O), np.nan)), ("b", np.ones(D)), ("b", 3)):
        layer.params[name] = huge
        with pytest.raises(
            (FloatingPointError, ValueError, TypeError), match=r"^(gradient\['inputs'\]|params\['.'\]): "
        ):
            layer.backward(np.full((T, B, O), 1e10))
        assert layer.grads == {}
    with pytest.raises(ValueError, match=r"^params\['W'\]: expected finite numbers, got nan"):
        layer.stream().step(ONES[0])
