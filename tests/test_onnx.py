"""ONNX graphs: onnxruntime and onnx's own reference compute what the model does."""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator

from rnn.depth import Bidirectional, Dropout, LayerNorm, Residual, Stacked, Unrolled
from rnn.gru import GRUCell
from rnn.layer import set_training
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.lstm import LSTMCell
from rnn.onnx_export import Graph, export
from rnn.simple import ElmanCell, SimpleRNN
from rnn.unrolled import flatten
from rnn.variants import LSTMVariant

pytestmark = pytest.mark.filterwarnings("error")

RECURRENT = {
    "tanh": lambda D, H: RNN(D, H),
    "relu": lambda D, H: RNN(D, H, nonlinearity="relu"),
    "identity": lambda D, H: RNN(D, H, nonlinearity="identity"),
    "LSTM": lambda D, H: LSTM(D, H),
    "GRU after keeps": lambda D, H: GRU(D, H),
    "GRU after replaces": lambda D, H: GRU(D, H, update="replaces"),
    "GRU before keeps": lambda D, H: GRU(D, H, reset="before"),
    "GRU before replaces": lambda D, H: GRU(D, H, reset="before", update="replaces"),
    "Unrolled": lambda D, H: Unrolled(LSTMCell(D, H), recurrent_dropout=0.5),
}
MODELS = {
    "text": lambda: Stacked([Embedding(7, 4), LSTM(4, 5), Dropout(0.5, 5), GRU(5, 3), Linear(3, 7)]),
    "both ways": lambda: Stacked([Bidirectional(GRU(3, 4), LSTM(3, 2)), LayerNorm(6, eps=0.1), Linear(6, 2)]),
    "residual": lambda: Stacked([Linear(3, 5), Residual(Stacked([GRU(5, 4), Linear(4, 5)])), Residual(RNN(5, 5))]),
    "deep both ways": lambda: Residual(
        Stacked([Bidirectional(RNN(4, 3), RNN(4, 3)), Bidirectional(LSTM(6, 2), LSTM(6, 2))])
    ),
    "cells": lambda: Stacked([ElmanCell(3, 4), LSTMCell(4, 2), Unrolled(GRUCell(2, 3, reset="before"))]),
    "no time": lambda: Linear(3, 2),
    "nested": lambda: Stacked([Stacked([Embedding(4, 2)]), Stacked([LSTM(2, 3)])]),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.onnx"


def shaken(model, rng):
    """Give a model random weights everywhere, biases too, and switch dropout off."""
    for name, value in model.params.items():
        model.params[name] = (value + rng.normal(size=value.shape) * 0.3).astype(value.dtype)
    set_training(model, False)
    return model


def random_state(model, batch, rng):
    def drawn(part):
        return tuple(map(drawn, part)) if isinstance(part, tuple) else rng.normal(size=part.shape)

    return drawn(model.zero_state(batch))


def in_onnx(path, feed):
    """Run a graph in onnxruntime, in float32; return the outputs by name."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    assert [one.name for one in session.get_inputs()] == list(feed)
    feed = {name: np.float32(value) if value.dtype.kind == "f" else value for name, value in feed.items()}
    return dict(zip([one.name for one in session.get_outputs()], session.run(None, feed), strict=True))


def assert_agrees(model, path, rng, *, states, lengths, sizes=((6, 3), (1, 1))):
    """Compare a graph with its model for several T and B."""
    export(model, path, states=states, lengths=lengths)
    for seq_len, batch in sizes:
        symbols = model.input_size if "text" in str(path) or "nested" in str(path) else None
        inputs = rng.normal(size=(seq_len, batch, model.input_size))
        feed = {"inputs": rng.integers(0, symbols, (seq_len, batch)) if symbols else inputs}
        options = {}
        if lengths:
            feed["lengths"] = options["lengths"] = rng.integers(1, seq_len + 1, batch)
        if states:
            options["state"] = random_state(model, batch, rng)
            names = state_names(model)
            feed |= dict(zip([f"state{name}" for name in names], flatten(options["state"]), strict=True))
        outputs, state = model.forward(feed["inputs"], **options)
        expected = {"outputs": outputs}
        if states:
            expected |= dict(zip([f"new_state{name}" for name in names], flatten(state), strict=True))
        came = in_onnx(path, feed)
        assert list(came) == list(expected)
        for name, value in expected.items():
            assert came[name].shape == value.shape
            np.testing.assert_allclose(came[name], value, rtol=1e-5, atol=1e-5 * max(1, np.abs(value).max()))
        if lengths:
            beyond = np.arange(seq_len)[:, None] >= feed["lengths"]
            assert not came["outputs"][beyond].any()


def state_names(model, place=""):
    """Name the members of a model's state, as the docstring of `export` says it."""
    if isinstance(model, Residual):
        return state_names(model.parts[0], place)
    if isinstance(model, Bidirectional | Stacked):
        parts = ("forward", "backward") if isinstance(model, Bidirectional) else map(str, range(len(model.parts)))
        return [name for k, part in zip(parts, model.parts, strict=True) for name in state_names(part, f"{place}.{k}")]
    return [f"{place}.{member}" for member, _ in zip("hc", model.zero_state(1), strict=False)]


@pytest.mark.parametrize(("states", "lengths"), [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize("kind", RECURRENT)
def test_recurrent_layers_agree(kind, states, lengths, path, rng):
    assert_agrees(shaken(RECURRENT[kind](3, 4), rng), path, rng, states=states, lengths=lengths)


@pytest.mark.parametrize(("states", "lengths"), [(False, False), (True, True)])
@pytest.mark.parametrize("kind", MODELS)
def test_models_agree(kind, states, lengths, path, rng):
    path = path.with_name(f"{kind}.onnx")
    assert_agrees(shaken(MODELS[kind](), rng), path, rng, states=states, lengths=lengths)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "identity"])
def test_the_simple_network_agrees(nonlinearity, path, rng):
    net = shaken(SimpleRNN(3, 4, 2, nonlinearity=nonlinearity), rng)
    inputs, h0 = rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 4))
    export(net, path)
    np.testing.assert_allclose(
        in_onnx(path, {"inputs": inputs})["outputs"], net.forward(inputs)[0], rtol=1e-5, atol=1e-5
    )
    export(net, path, states=True)
    came = in_onnx(path, {"inputs": inputs, "state.h": h0})
    outputs, hidden_states = net.forward(inputs, h0=h0)
    np.testing.assert_allclose(came["outputs"], outputs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(came["new_state.h"], hidden_states[-1], rtol=1e-5, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(list(RECURRENT)), *[st.integers(1, 5)] * 4, st.integers(0, 10**6))
def test_random_sizes_agree(tmp_path_factory, kind, D, H, T, B, seed):
    rng = np.random.default_rng(seed)
    model = shaken(Bidirectional(RECURRENT[kind](D, H), LSTM(D, 2)), rng)
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    assert_agrees(model, path, rng, states=True, lengths=True, sizes=[(T, B)])


@pytest.mark.parametrize("kind", [kind for kind in RECURRENT if kind not in ("relu", "identity")])  # not in it
def test_graphs_in_double_precision_agree_to_the_last_digits(kind, path, rng):
    """By onnx's own reference; onnxruntime has the recurrent operators in float32 only."""
    model = shaken(Stacked([RECURRENT[kind](3, 4), Linear(4, 2)]), rng)
    export(model, path, dtype=np.float64)
    inputs = rng.normal(size=(5, 2, 3))
    (came,) = ReferenceEvaluator(str(path)).run(None, {"inputs": inputs})
    assert came.dtype == np.float64
    np.testing.assert_allclose(came, model.forward(inputs)[0], rtol=1e-12, atol=1e-13)


def test_what_has_no_time_agrees_in_onnxruntime_in_double_precision(path, rng):
    model = shaken(Stacked([Embedding(7, 4), LayerNorm(4, eps=0.125), Residual(Linear(4, 4)), Dropout(0.5, 4)]), rng)
    export(model, path, dtype=np.float64, lengths=True)
    inputs, lengths = rng.integers(0, 7, (5, 2)), np.array([5, 2])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (came,) = session.run(None, {"inputs": inputs, "lengths": lengths})
    np.testing.assert_allclose(came, model.forward(inputs, lengths=lengths)[0], rtol=1e-12, atol=1e-13)


def test_a_graph_runs_step_by_step_with_carried_state(path, rng):
    model = shaken(Stacked([LSTM(3, 4), GRU(4, 2)]), rng)
    export(model, path, states=True)
    inputs, names = rng.normal(size=(6, 2, 3)), ["state.0.h", "state.0.c", "state.1.h"]
    feed = dict(zip(names, flatten(model.zero_state(2)), strict=True))
    outputs = []
    for x in inputs:
        came = in_onnx(path, {"inputs": x[None]} | feed)
        outputs.append(came["outputs"][0])
        feed = {name: came[f"new_{name}"] for name in names}
    np.testing.assert_allclose(outputs, model.forward(inputs)[0], rtol=1e-5, atol=1e-5)


def test_the_graph_is_made_of_the_standard_operators_and_the_file_is_always_the_same(path, rng):
    model = MODELS["text"]()
    export(model, path)
    content = path.read_bytes()
    graph = onnx.load(path)
    assert [(one.domain, one.version) for one in graph.opset_import] == [("", 17)]
    assert {"Gather", "LSTM", "GRU", "MatMul"} <= {node.op_type for node in graph.graph.node}
    assert "Dropout" not in {node.op_type for node in graph.graph.node}
    assert [size.dim_param for size in graph.graph.input[0].type.tensor_type.shape.dim] == ["T", "B"]
    export(model, path)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (
            Unrolled(LSTMVariant(3, 4)),
            {},
            "model: expected layers that ONNX has operators for, got a LSTMVariant",
        ),
        (Stacked([Linear(3, 3), LSTM(3, 4, seeds=2)]), {}, "layer: .*, got seeds=2"),
        (Linear(3, 4, seeds=2), {}, "layer: .*, got seeds=2"),
        (Bidirectional(RNN(3, 4), Linear(3, 4)), {}, "model: expected layers that ONNX .*, got a Linear"),
        (Unrolled(Stacked([ElmanCell(3, 4)])), {}, "model: expected layers that ONNX .*, got a Stacked"),
        (None, {}, "part model: expected a layer or a cell, got NoneType"),
        (3, {}, "part model: expected a layer or a cell, got int"),
        (RNN(3, 4), {"dtype": np.float16}, "dtype: expected float64 or float32, got"),
    ],
)
def test_what_onnx_does_not_have_is_refused(model, options, message, path):
    path.write_text("precious")
    with pytest.raises((TypeError, ValueError), match=f"^{message}[^\n]*$"):
        export(model, path, **options)
    assert path.read_text() == "precious"


def test_weights_that_do_not_fit_are_refused(path):
    model = RNN(2, 3)
    for bad in (1e300, np.nan):
        model.params["W_hh"] = np.full((3, 3), bad)
        with pytest.raises(ValueError, match=r"^RNN.R: expected (numbers that fit into float32|finite numbers), got"):
            export(model, path)
    assert not path.exists()


def test_without_onnx_there_is_a_sentence():
    code = (
        "import sys; sys.modules['onnx'] = None; sys.modules['safetensors'] = None\n"
        "import rnn.onnx_export, rnn.files, rnn.simple\n"
        "net = rnn.simple.SimpleRNN(1, 2, 1)\n"
        "for call in (rnn.onnx_export.export, rnn.files.save):\n"
        "    try: call(net, 'never')\n"
        "    except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "rnn.onnx_export needs onnx: pip install 'rnn-unrolled[onnx]'",
        "rnn.files needs safetensors: pip install 'rnn-unrolled[files]'",
    ]


def test_a_graph_that_makes_no_sense_is_not_written():
    graph = Graph(onnx, np.dtype(np.float32), states=False)
    x = graph.input("inputs", ["T", 3])
    graph.output("outputs", graph.node("MatMul", x, graph.weight("W", np.ones((4, 2)))), ["T", 2])
    with pytest.raises(onnx.shape_inference.InferenceError, match="MatMul"):
        graph.serialised()
