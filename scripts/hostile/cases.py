"""A right call of everything public, for `attacks` to spoil: T = 5 steps, B = 2 sequences, D = 3, H = 4, O = 6."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import rnn.attention as attention
import rnn.counts as counts
import rnn.data as data
import rnn.deploy as deploy
import rnn.depth as depth
import rnn.echo as echo
import rnn.exchange as exchange
import rnn.files as files
import rnn.gradcheck as gradcheck
import rnn.gradients as gradients
import rnn.init as init
import rnn.jacobians as jacobians
import rnn.layers as layers
import rnn.linear as linear
import rnn.losses as losses
import rnn.metrics as metrics
import rnn.optim as optim
import rnn.orthogonal as orthogonal
import rnn.penalty as penalty
import rnn.pointwise as pointwise
import rnn.rtrl as rtrl
import rnn.scan as scan
import rnn.seq2seq as seq2seq
import rnn.simple as simple
import rnn.ssm as ssm
import rnn.tasks as tasks
import rnn.text as text
import rnn.train as train
import rnn.training as training
import rnn.unrolled as unrolled
import rnn.variants as variants
from rnn.gru import GRUCell
from rnn.lstm import LSTMCell
from scripts.hostile import Case

T, B, D, H, O, V, K = 5, 2, 3, 4, 6, 7, 2

Call = tuple[Any, Callable[..., Any], dict[str, Any]]


def normal(*shape: int, seed: int = 1) -> np.ndarray:
    """Draw numbers that are the same each time."""
    return np.random.default_rng([seed, *shape]).normal(size=shape) / 2


def rng() -> np.random.Generator:
    """Return a generator that begins the same way each time."""
    return np.random.default_rng(7)


def cases() -> Iterator[Case]:
    """Yield a right call of every function, class and method that a user may call."""
    yield from _constructors()
    yield from _cells()
    yield from _layers()
    yield from _functions()
    yield from _objects()


def _constructors() -> Iterator[Case]:
    plain = {"input_size": D, "hidden_size": H, "rng": rng(), "dtype": np.float64}
    known: dict[Any, dict[str, Any]] = {
        simple.ElmanCell: plain | {"nonlinearity": "relu"},
        simple.SimpleRNN: plain | {"nonlinearity": "tanh", "output_size": O},
        LSTMCell: plain | {"forget_bias": 1.0},
        variants.LSTMVariant: plain | {"peepholes": True, "coupled": False, "forget_bias": 1.0},
        GRUCell: plain | {"reset": "before", "update": "keeps", "update_bias": 0.0},
        layers.RNN: plain | {"nonlinearity": "tanh", "seeds": K},
        layers.LSTM: plain | {"forget_bias": 1.0, "seeds": K},
        layers.GRU: plain | {"reset": "before", "update": "replaces", "seeds": K},
        linear.Linear: {"input_size": D, "output_size": O, "seeds": K, "rng": rng(), "dtype": np.float64},
        linear.Embedding: {"vocabulary_size": V, "size": D, "rng": rng(), "dtype": np.float64},
        pointwise.Dropout: {"rate": 0.5, "size": D, "variational": True, "rng": rng(), "dtype": np.float64},
        pointwise.LayerNorm: {"size": D, "eps": 1e-5, "dtype": np.float64},
        ssm.DiagonalSSM: plain | {"output_size": O, "slowest": 0.9, "fastest": 0.1},
        orthogonal.OrthogonalRNN: plain | {"start": "orthogonal", "held": True, "nonlinearity": "tanh"},
        orthogonal.LinearTransitionCell: plain | {"nonlinearity": "tanh"},
        orthogonal.CayleyCell: plain | {"nonlinearity": "tanh"},
        attention.DotAttention: {"size": H, "scaled": True, "dtype": np.float64},
        attention.AdditiveAttention: {"query_size": H, "key_size": D, "size": O, "rng": rng(), "dtype": np.float64},
        echo.EchoState: plain | {"output_size": O, "spectral_radius": 0.9, "leak": 0.5, "input_scale": 1.0},
        optim.SGD: {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        optim.RMSprop: {"learning_rate": 0.1, "decay": 0.9, "eps": 1e-8, "weight_decay": 0.1},
        optim.Adam: {"learning_rate": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1},
        optim.Plateau: {"patience": 3, "factor": 0.5},
        text.Scaler: {"kind": "standard"},
        text.Vocabulary: {"symbols": "abc"},
        deploy.Monitor: {"size": D, "threshold": 6.0, "warm_up": 10},
        unrolled.Unrolled: {"cell": GRUCell(D, H), "recurrent_dropout": 0.5, "rng": rng()},
    }
    for kind, arguments in known.items():
        yield Case(kind.__name__, partial(_call, None, kind, arguments))


def _cells() -> Iterator[Case]:
    kinds: dict[str, Callable[[], Any]] = {
        "ElmanCell": lambda: simple.ElmanCell(D, H, rng=rng()),
        "LSTMCell": lambda: LSTMCell(D, H, rng=rng()),
        "LSTMVariant": lambda: variants.LSTMVariant(D, H, peepholes=True, rng=rng()),
        "GRUCell before": lambda: GRUCell(D, H, reset="before", rng=rng()),
        "GRUCell after": lambda: GRUCell(D, H, update="replaces", rng=rng()),
        "LinearTransitionCell": lambda: orthogonal.LinearTransitionCell(D, H, rng=rng()),
        "CayleyCell": lambda: orthogonal.CayleyCell(D, H, rng=rng()),
        "Stacked of cells": lambda: depth.Stacked([GRUCell(D, H, rng=rng()), LSTMCell(H, O, rng=rng())]),
    }
    for name, make in kinds.items():

        def step(make: Callable[[], Any] = make) -> Call:
            cell = make()
            return cell, cell.step, {"x": normal(B, D), "state": _like(cell.zero_state(B))}

        def step_back(make: Callable[[], Any] = make) -> Call:
            cell = make()
            state, cache = cell.step(normal(B, D), _like(cell.zero_state(B)))
            return cell, lambda d_state: cell.step_back(d_state, cache), {"d_state": _like(state)}

        def zero(make: Callable[[], Any] = make) -> Call:
            cell = make()
            return cell, cell.zero_state, {"batch": B}

        yield Case(f"{name}.step", step)
        yield Case(f"{name}.step_back", step_back)
        yield Case(f"{name}.zero_state", zero)

    def lstm() -> Call:
        cell = LSTMCell(D, H, rng=rng())
        return cell, cell.forward, {"input_t": normal(B, D), "hidden_state": normal(B, H), "cell_state": normal(B, H)}

    def lstm_back() -> Call:
        cell, forward, arguments = lstm()
        forward(**arguments)
        return cell, cell.backward, {"d_hidden": normal(B, H), "d_cell": normal(B, H)}

    def net() -> Call:
        simple_rnn = simple.SimpleRNN(D, H, O, rng=rng())
        return simple_rnn, simple_rnn.forward, {"inputs": normal(T, B, D), "h0": normal(B, H)}

    def net_back() -> Call:
        simple_rnn, forward, arguments = net()
        forward(**arguments)
        return simple_rnn, simple_rnn.backward, {"d_outputs": normal(T, B, O), "d_h": normal(B, H)}

    def net_update() -> Call:
        simple_rnn, backward, arguments = net_back()
        backward(**arguments)
        return simple_rnn, simple_rnn.update_parameters, {"learning_rate": 0.1}

    yield from (Case("LSTMCell.forward", lstm), Case("LSTMCell.backward", lstm_back))
    yield from (Case("SimpleRNN.forward", net), Case("SimpleRNN.backward", net_back))
    yield Case("SimpleRNN.update_parameters", net_update)


def _like(state: Any) -> Any:
    """Return a state of random numbers."""
    return tuple(_like(part) if isinstance(part, tuple) else normal(*part.shape) for part in state)


def _layers() -> Iterator[Case]:
    kinds: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
        "RNN": (lambda: layers.RNN(D, H, rng=rng()), (T, B, D)),
        "RNN relu": (lambda: layers.RNN(D, H, nonlinearity="relu", rng=rng()), (T, B, D)),
        "LSTM": (lambda: layers.LSTM(D, H, rng=rng()), (T, B, D)),
        "GRU after": (lambda: layers.GRU(D, H, rng=rng()), (T, B, D)),
        "GRU before": (lambda: layers.GRU(D, H, reset="before", rng=rng()), (T, B, D)),
        "RNN of seeds": (lambda: layers.RNN(D, H, seeds=K, rng=rng()), (T, K, B, D)),
        "LSTM of seeds": (lambda: layers.LSTM(D, H, seeds=K, rng=rng()), (T, K, B, D)),
        "Unrolled": (lambda: unrolled.Unrolled(variants.LSTMVariant(D, H, rng=rng())), (T, B, D)),
        "Stacked": (
            lambda: depth.Stacked([layers.LSTM(D, H, rng=rng()), linear.Linear(H, O, rng=rng())]),
            (T, B, D),
        ),
        "Bidirectional": (
            lambda: depth.Bidirectional(layers.GRU(D, H, rng=rng()), layers.GRU(D, H, rng=rng())),
            (T, B, D),
        ),
        "Residual": (lambda: depth.Residual(layers.RNN(D, D, rng=rng())), (T, B, D)),
        "LayerNorm": (lambda: pointwise.LayerNorm(D), (T, B, D)),
        "Dropout": (lambda: pointwise.Dropout(0.5, D, rng=rng()), (T, B, D)),
        "Linear": (lambda: linear.Linear(D, O, rng=rng()), (T, B, D)),
        "DiagonalSSM": (lambda: ssm.DiagonalSSM(D, H, O, rng=rng()), (T, B, D)),
        "OrthogonalRNN": (lambda: orthogonal.OrthogonalRNN(D, H, held=True, rng=rng()), (T, B, D)),
    }
    for name, (make, shape) in kinds.items():

        def forward(make: Callable[[], Any] = make, shape: tuple[int, ...] = shape) -> Call:
            layer = make()
            lengths = np.resize([T, 3], shape[1:-1])
            arguments = {"inputs": normal(*shape), "state": _like(layer.zero_state(B)), "lengths": lengths}
            return layer, layer.forward, {key: value for key, value in arguments.items() if key != "state" or value}

        def backward(make: Callable[[], Any] = make, shape: tuple[int, ...] = shape) -> Call:
            layer, call, arguments = forward(make, shape)
            outputs, state = call(**arguments)
            given = {"d_outputs": normal(*outputs.shape), "d_state": _like(state)}
            return layer, layer.backward, {key: value for key, value in given.items() if key != "d_state" or value}

        def stream(make: Callable[[], Any] = make, shape: tuple[int, ...] = shape) -> Call:
            layer = make()
            arguments = {"state": _like(layer.zero_state(B)), "batch": B}
            return layer, layer.stream, {key: value for key, value in arguments.items() if key != "state" or value}

        def step(make: Callable[[], Any] = make, shape: tuple[int, ...] = shape) -> Call:
            running = make().stream(batch=B)
            return running, running.step, {"x": normal(*shape[1:])}

        yield Case(f"{name}.forward", forward)
        yield Case(f"{name}.backward", backward)
        if hasattr(make(), "stream"):
            yield Case(f"{name}.stream", stream)
            yield Case(f"{name}.stream.step", step)

    def embedding() -> Call:
        layer = linear.Embedding(V, D, rng=rng())
        return layer, layer.forward, {"inputs": np.arange(T * B).reshape(T, B) % V, "lengths": np.array([T, 3])}

    yield Case("Embedding.forward", embedding)


def _functions() -> Iterator[Case]:
    net = simple.SimpleRNN(D, H, O, rng=rng())
    states = normal(T, B, H)
    square, matrices, slopes = normal(H, H), normal(T, H, H), abs(normal(T, H)).clip(max=1)
    cell, h0 = GRUCell(D, H, rng=rng()), (normal(B, H),)
    grads = {"W": normal(D, H), "b": normal(H)}
    known: dict[Any, dict[str, Any]] = {
        data.autocorrelation: {"values": normal(12), "largest": 4},
        data.generate_sequence_data: {"seq_type": "noisy", "length": 9, "rng": rng(), "period": 5.0, "noise": 0.1},
        init.xavier: {"shape": (D, H), "rng": rng()},
        init.he: {"shape": (D, H), "rng": rng()},
        init.orthogonal: {"shape": (D, H), "rng": rng(), "gain": 1.0},
        init.identity: {"shape": (H, H), "scale": 1.0},
        init.sparse: {"shape": (D, H), "rng": rng(), "incoming": 2, "std": 1.0},
        init.rescaled: {"weights": square, "spectral_radius": 0.9},
        init.chrono: {"hidden_size": H, "longest": 10.0, "rng": rng()},
        metrics.edit_distances: {"reference": list("abca"), "guess": list("bcb")},
        metrics.word_error_rate: {"references": [list("abca"), ["d"]], "guesses": [list("bcb"), ["d"]]},
        metrics.entities: {"tags": ["O", "B-PER", "I-PER"]},
        metrics.compare_entities: {"references": [["O", "B-PER"], ["O"]], "guesses": [["O", "O"], ["O"]]},
        losses.mse: {"outputs": normal(T, B, O), "targets": normal(T, B, O, seed=2), "mask": np.eye(T, B) == 0},
        losses.softmax_cross_entropy: {
            "scores": normal(T, B, V),
            "targets": np.arange(T * B).reshape(T, B) % V,
            "mask": np.eye(T, B) == 0,
        },
        losses.binary_cross_entropy: {
            "scores": normal(T, B, O),
            "targets": (normal(T, B, O, seed=2) > 0).astype(float),
            "mask": np.eye(T, B) == 0,
        },
        losses.ctc: {
            "scores": normal(T, B, V),
            "targets": np.array([[1, 2], [3, 3]]),
            "lengths": np.array([T, 4]),
            "target_lengths": np.array([2, 2]),
            "blank": 0,
        },
        losses.perplexity: {"mean_nll": 2.0},
        losses.length_mask: {"lengths": np.array([T, 3]), "seq_len": T},
        optim.clip_by_norm: {"grads": grads, "max_norm": 0.5},
        optim.clip_by_value: {"grads": grads, "limit": 0.5},
        optim.cosine: {"steps": 10, "warmup": 2, "smallest": 0.1},
        optim.step_decay: {"every": 10, "factor": 0.1},
        optim.exponential: {"factor": 0.9},
        gradients.step_jacobians: {"net": net, "hidden_states": states, "batch": 1},
        gradients.ordered_product: {"jacobians": matrices, "t": 4, "k": 1},
        gradients.gradient_product: {"net": net, "hidden_states": states, "t": 4, "k": 1, "batch": 1},
        gradients.backpropagated: {"net": net, "hidden_states": states, "t": 4, "e": normal(H), "batch": 1},
        gradients.lag_terms: {"net": net, "hidden_states": states, "d_outputs": normal(T, B, O), "h0": normal(B, H)},
        gradients.orthogonal_steps: {"jacobians": matrices},
        gradients.lyapunov_exponents: {"jacobians": matrices},
        gradients.log_norms: {"jacobians": matrices},
        gradients.influence: {"net": net, "inputs": normal(2, 1, D), "h0": normal(1, H)},
        gradients.singular_values: {"matrices": matrices},
        gradients.spectral_radius: {"matrices": matrices},
        gradients.product_bounds: {"W_hh": square, "slopes": slopes},
        gradients.gate_half_lives: {"gates": slopes.clip(0.1, 0.9)},
        gradients.mean_field: {"gain": 1.2, "sigma_x": 0.1, "steps": 20},
        jacobians.cell_jacobians: {"cell": cell, "inputs": normal(T, B, D), "state": h0, "batch": 1},
        jacobians.lag_contributions: {
            "cell": cell,
            "inputs": normal(T, B, D),
            "state": h0,
            "d_h": normal(T, B, H, seed=3),
        },
        jacobians.gradient_norms_by_lag: {
            "cell": cell,
            "inputs": normal(T, B, D),
            "state": h0,
            "d_h": normal(B, H, seed=3),
        },
        jacobians.input_norms_by_lag: {
            "layer": layers.GRU(D, H, rng=rng()),
            "inputs": normal(T, B, D),
            "state": h0,
            "d_output": normal(B, H, seed=3),
        },
        penalty.total_gradients: {"W_hh": square, "slopes": normal(T, B, H), "d_h": normal(T, B, H, seed=3)},
        penalty.pascanu_penalty: {
            "W_hh": square,
            "slopes": normal(T, B, H),
            "deltas": normal(T, B, H, seed=3),
            "form": "paper",
        },
        rtrl.rtrl: {"cell": cell, "inputs": normal(T, B, D), "d_h": normal(T, B, H, seed=3), "state": h0},
        scan.linear_recurrence: {"A": slopes[:, None], "b": normal(T, B, H), "h0": normal(B, H)},
        scan.parallel_scan: {"A": slopes[:, None], "b": normal(T, B, H), "h0": normal(B, H)},
        scan.scan_back: {
            "A": slopes[:, None],
            "states": normal(T, B, H),
            "d_states": normal(T, B, H, seed=2),
            "h0": normal(B, H),
        },
        orthogonal.copying_weights: {"symbols": 3, "delay": 4},
        echo.ridge_regression: {"X": normal(9, D), "Y": normal(9, O), "ridge": 0.1},
        echo.nrmse: {"outputs": normal(T, B), "targets": normal(T, B, seed=2), "variance": 1.0},
        tasks.adding: {"length": 20, "batch": B, "form": "2016", "rng": rng()},
        tasks.copying: {"delay": 5, "batch": B, "symbols": 3, "length": 4, "rng": rng()},
        tasks.copying_baseline: {"delay": 5, "symbols": 3, "length": 4},
        tasks.temporal_order: {"length": 50, "batch": B, "form": "2013", "rng": rng()},
        tasks.delayed_echo: {"length": 9, "batch": B, "delay": 3, "symbols": 2, "rng": rng()},
        tasks.delayed_average: {"length": 50, "batch": B, "delay": 3, "rng": rng()},
        tasks.delayed_average_baseline: {"delay": 3},
        tasks.embedded_reber: {"batch": B, "rng": rng()},
        tasks.legal_lead: {"scores": normal(T, B, 7), "legal": normal(T, B, 7, seed=2) > 0},
        train.train_rnn_on_sequence: {
            "seq_type": "noisy",
            "seed": 1,
            "length": 60,
            "hidden_size": 2,
            "window": 3,
            "epochs": 2,
            "learning_rate": 0.01,
        },
        counts.rnn: {"input_size": D, "hidden_size": H, "biases": "two"},
        counts.lstm: {"input_size": D, "hidden_size": H, "biases": "keras"},
        counts.gru: {"input_size": D, "hidden_size": H, "reset": "before", "biases": "one"},
        counts.lstm_variant: {"input_size": D, "hidden_size": H, "peepholes": True, "coupled": False},
        counts.linear: {"input_size": D, "output_size": O},
        counts.embedding: {"vocabulary_size": V, "size": D},
        counts.layer_norm: {"size": D},
        counts.dropout: {"size": D},
        counts.residual: {"part": counts.rnn(D, D), "size": D},
        counts.table: {"input_size": D, "hidden_size": H, "depth": 2, "both_directions": True},
        counts.hidden_size_for: {"parameters": 1000, "model": lambda size: counts.lstm(D, size)},
        text.pad: {"sequences": [normal(T, D), normal(2, D)], "value": 0.0},
        text.split: {"values": normal(20), "validation": 0.2, "test": 0.2},
        text.windows: {"values": normal(20), "window": 4},
        text.stream_batches: {"values": np.arange(40) % V, "batch_size": B, "seq_len": T},
        deploy.quantised: {"W": normal(D, H)},
        deploy.affine: {"x": normal(D, H), "bits": 8},
        deploy.stability_index: {"reference": normal(40), "sample": normal(30), "bins": 4},
        deploy.kolmogorov_smirnov: {"reference": normal(40), "sample": normal(30)},
        gradcheck.check: {"layer": cell, "seq_len": 2, "batch": B, "method": "complex", "rng": rng()},
        gradcheck.complex_step: {"f": np.tanh, "x": normal(D)},
        gradcheck.central_difference: {"f": np.tanh, "x": normal(D), "eps": 1e-5},
    }
    may_be_infinite: set[Any] = {gradients.lyapunov_exponents, gradients.log_norms, gradients.gate_half_lives}
    may_be_infinite |= {text.split, text.windows}  # they return what has come
    for function, arguments in known.items():
        thing = arguments.get("layer", arguments.get("net", arguments.get("cell")))
        infinite = function in may_be_infinite
        yield Case(function.__name__, partial(_call, thing, function, arguments), infinite)

    def from_torch() -> Call:
        layer = layers.GRU(D, H, rng=rng())
        return (
            layer,
            lambda state_dict: exchange.from_torch(layer, state_dict),
            {"state_dict": exchange.to_torch(layer)},
        )

    def from_keras() -> Call:
        layer = layers.LSTM(D, H, rng=rng())
        given = {"weights": exchange.to_keras(layer)}
        return layer, lambda weights: exchange.from_keras(layer, weights), given

    yield from (Case("from_torch", from_torch), Case("from_keras", from_keras))


def _call(thing: Any, call: Callable[..., Any], arguments: dict[str, Any]) -> Call:
    """Return a call whose generators are at the beginning."""
    fresh = {key: rng() if isinstance(value, np.random.Generator) else value for key, value in arguments.items()}
    return thing, call, fresh


def _objects() -> Iterator[Case]:
    def update(kind: Any) -> Callable[[], Call]:
        def make() -> Call:
            optimizer = kind(0.1)
            arguments = {"params": {"W": normal(D, H), "b": normal(H)}, "grads": {"W": normal(D, H), "b": normal(H)}}
            return optimizer, lambda grads: optimizer.update(arguments["params"], grads), {"grads": arguments["grads"]}

        return make

    for kind in (optim.SGD, optim.RMSprop, optim.Adam):
        yield Case(f"{kind.__name__}.update", update(kind))

    def scaler(method: str) -> Callable[[], Call]:
        def make() -> Call:
            fitted = text.Scaler()
            fitted.fit(normal(20))
            return fitted, getattr(fitted, method), {"values": normal(9)}

        return make

    yield Case("Scaler.transform", scaler("transform"))
    yield Case("Scaler.inverse", scaler("inverse"))

    def fit_scaler() -> Call:
        fresh = text.Scaler()
        return fresh, fresh.fit, {"values": normal(20)}

    def encode() -> Call:
        vocabulary = text.Vocabulary("abc")
        return vocabulary, vocabulary.encode, {"text": "abca"}

    def decode() -> Call:
        vocabulary = text.Vocabulary("abc")
        return vocabulary, vocabulary.decode, {"numbers": np.array([0, 1, 2])}

    yield from (Case("Scaler.fit", fit_scaler), Case("Vocabulary.encode", encode), Case("Vocabulary.decode", decode))

    def once_noisy() -> Call:
        params = {"W": normal(D, H), "b": normal(H)}

        def enter(scale: float, rng: np.random.Generator) -> None:
            with optim.weight_noise(params, scale, rng):
                pass

        return None, enter, {"scale": 0.1, "rng": rng()}

    def last_step() -> Call:
        loss = losses.LastStep(losses.softmax_cross_entropy)
        given = {"outputs": normal(T, B, V), "targets": np.array([1, 2]), "mask": np.ones((T, B), bool)}
        return loss, loss.__call__, given

    def online() -> Call:
        learner = rtrl.RTRL(GRUCell(D, H, rng=rng()), batch=B)
        return learner, learner.step, {"x": normal(B, D)}

    def batches() -> Call:
        given = {"inputs": [normal(T, D), normal(2, D)], "targets": [normal(T, O), normal(2, O)], "batch_size": 1}
        return None, text.Batches, given | {"shuffle": True, "bucket": False, "per_sequence": False}

    def loaded() -> Call:
        path = Path(tempfile.gettempdir()) / "rnn-hostile-load.safetensors"
        files.save(layers.GRU(D, H, rng=rng()), path)
        return None, files.load, {"path": str(path)}

    yield from (Case("weight_noise", once_noisy), Case("LastStep", last_step), Case("RTRL.step", online))
    yield from (Case("Batches", batches), Case("load", loaded))

    def monitor() -> Call:
        watch = deploy.Monitor(D, warm_up=2)
        watch.update(normal(B, D))
        return watch, watch.step, {"x": normal(B, D, seed=2)}

    yield Case("Monitor.step", monitor)

    def dot() -> Call:
        look = attention.DotAttention(H)
        given = {"queries": normal(T, B, H), "keys": normal(6, B, H, seed=2), "values": normal(6, B, D, seed=3)}
        return look, look.forward, given | {"lengths": np.array([6, 4])}

    def additive() -> Call:
        look = attention.AdditiveAttention(H, D, O, rng=rng())
        given = {"queries": normal(T, B, H), "keys": normal(6, B, D, seed=2), "values": normal(6, B, D, seed=3)}
        return look, look.forward, given | {"lengths": np.array([6, 4])}

    yield from (Case("DotAttention.forward", dot), Case("AdditiveAttention.forward", additive))

    def translator() -> seq2seq.Seq2Seq:
        encoder = depth.Stacked([linear.Embedding(V, D, rng=rng()), layers.GRU(D, H, rng=rng())])
        look = attention.DotAttention(H)
        return seq2seq.Seq2Seq(encoder, GRUCell(D + H, H, rng=rng()), V, attention=look, rng=rng())

    source, target = np.arange(T * B).reshape(T, B) % V, np.arange(3 * B).reshape(3, B) % V

    def forced() -> Call:
        model = translator()
        given = {"source": source, "target_in": target, "source_lengths": np.array([T, 3])}
        return model, model.forward, given | {"target_lengths": np.array([3, 2])}

    def greedy() -> Call:
        model = translator()
        given = {"source": source, "start": 0, "end": 1, "max_length": 3, "source_lengths": np.array([T, 3])}
        return model, model.greedy, given

    def beam() -> Call:
        model, _, given = greedy()
        return model, model.beam, given | {"width": 2, "length_penalty": 0.5}

    yield from (Case("Seq2Seq.forward", forced), Case("Seq2Seq.greedy", greedy), Case("Seq2Seq.beam", beam))

    def reservoir(method: str, **given: Any) -> Callable[[], Call]:
        def make() -> Call:
            network = echo.EchoState(D, H, O, rng=rng())
            network.fit(normal(20, 1, D), normal(20, 1, O), washout=2, ridge=0.1)
            return network, getattr(network, method), dict(given)

        return make

    yield Case("EchoState.forward", reservoir("forward", inputs=normal(T, B, D), state=(normal(B, H),)))
    fitting = {"inputs": normal(20, 1, D), "targets": normal(20, 1, O), "washout": 2, "ridge": 0.1}
    yield Case("EchoState.fit", reservoir("fit", **fitting))

    def saved() -> Call:
        path = Path(tempfile.gettempdir()) / "rnn-hostile.safetensors"
        model = layers.GRU(D, H, rng=rng())
        return model, lambda metadata: files.save(model, path, metadata=metadata), {"metadata": {"note": "text"}}

    yield Case("save", saved)

    def fitting_once(**given: Any) -> Callable[[], Call]:
        def make() -> Call:
            model = depth.Stacked([layers.RNN(D, H, rng=rng()), linear.Linear(H, O, rng=rng())])
            batch = (normal(T, B, D), normal(T, B, O), None)
            arguments: dict[str, Any] = {"epochs": 1, "clip": 1.0, "weight_noise": 0.1, "rng": rng()}

            def call(**options: Any) -> Any:
                history = training.fit(model, lambda _: [batch], losses.mse, optim.SGD(0.01), **options)
                return history.loss

            return None, call, arguments | given

        return make

    yield Case("fit", fitting_once())


# What one module lends another, so that what comes has been checked; what only holds values; and what takes a whole
# model, with tests of its own for those that it refuses.
INTERNAL = {
    "counts": {"Counts", "Row", "of", "stacked", "bidirectional"},
    "data": {"sunspots", "check_type"},
    "deploy": {"Quantised", "quantise", "quantisation_report"},
    "exchange": {"to_torch", "to_keras", "cell_of", "side_by_side"},
    "files": {"read_metadata", "write"},
    "jacobians": {"check_run", "as_rows", "as_state", "shown_columns"},
    "layer": {"Cell", "Layer", "Stream", "Joined", "leaves", "set_training"},
    "metrics": {"Found"},
    "onnx_export": {"export", "Graph"},
    "optim": {"Optimizer", "constant"},
    "scan": {"scan", "doubling", "later", "added"},
    "seq2seq": {"TeacherForcing"},
    "tasks": {"Task"},
}
