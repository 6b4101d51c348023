"""What the frameworks do by default and where they differ, found by running them."""

from __future__ import annotations

import warnings
from itertools import permutations
from typing import Any

import jax
import jax.numpy as jnp
import keras
import numpy as np
import tensorflow as tf
import torch

from rnn import GRU, LSTM
from scripts.frameworks import Array, given, in_torch

T, B, D, H = 6, 3, 4, 5
MANY = 128  # units, where a statistic is taken


def distance(a: Any, b: Any) -> float:
    """Return the largest difference of two arrays."""
    return float(np.abs(np.asarray(a) - np.asarray(b)).max())


def order(letters: str, weights: list[Array], inputs: Array, outputs: Array) -> dict[str, Any]:
    """Try all orders of the gates in fused weights (D, kH), (H, kH), (2, kH); say which gives these outputs."""
    tried = {}
    for names in permutations(letters):
        layer: Any = LSTM(D, H) if len(letters) == 4 else GRU(D, H)
        for k, gate in enumerate(names):
            W_x, W_h, b = (value[:, k * H : (k + 1) * H] for value in weights)
            layer.params |= {f"W_x{gate}": W_x, f"W_h{gate}": W_h, f"b_{gate}": b.sum(axis=0)}
            if gate == "n":
                layer.params |= {"b_n": b[0], "b_hn": b[1]}
        tried["".join(names)] = distance(layer.forward(inputs)[0], outputs)
    best, second = sorted(tried, key=lambda name: tried[name])[:2]
    return {"order": best, "tried": len(tried), "distance": tried[best], "next": tried[second]}


def in_pytorch() -> dict[str, Any]:
    """Run PyTorch's layers."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    inputs = rng.normal(size=(T, B, D))
    x = torch.tensor(inputs)
    facts: dict[str, Any] = {}
    for kind, letters in (("LSTM", "fico"), ("GRU", "zrn")):
        layer = getattr(torch.nn, kind)(D, H).double()
        for value in layer.parameters():
            torch.nn.init.normal_(value)
        W_x, W_h, b_ih, b_hh = (value.detach().numpy() for value in layer.parameters())
        outputs = layer(x)[0].detach().numpy()
        facts[kind.lower()] = order(letters, [W_x.T, W_h.T, np.stack([b_ih, b_hh])], inputs, outputs)

    # the axes: another first sequence must not change the results of the second
    other = x.clone()
    other[0] += 1
    for name, first in (("wrong_axis", False), ("right_axis", True)):
        layer = torch.nn.LSTM(D, H, batch_first=first).double()
        facts[name] = distance(layer(x)[0][1].detach(), layer(other)[0][1].detach())

    # states: layers first, directions inside; never batch first
    layer = torch.nn.LSTM(D, H, num_layers=3, bidirectional=True, batch_first=True).double()
    outputs, (h, _) = layer(x.swapaxes(0, 1))
    facts["state"] = {"layers": h.shape[0], "batch": h.shape[1], "units": h.shape[2]}
    facts["ends"] = {
        "forward": distance(outputs[:, -1, :H].detach(), h[-2].detach()),
        "backward": distance(outputs[:, 0, H:].detach(), h[-1].detach()),
        "last_step": distance(outputs[:, -1, H:].detach(), h[-1].detach()),
    }

    # padding
    layer, lengths = torch.nn.LSTM(D, H).double(), torch.tensor([T, 3, 2])
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths)
    with torch.no_grad():
        alone, with_padding = layer(x[:2, 2:])[1][0][0, 0], layer(x)[1][0][0, 2]
        together, (end, _) = layer(packed)
        facts["packed"] = distance(end[0, 2], alone)
        facts["unpacked"] = distance(with_padding, alone)
        back, _ = torch.nn.utils.rnn.pad_packed_sequence(together)
        facts["beyond"] = float(back[2:, 2].abs().max())

    # initial values
    layer = torch.nn.LSTM(3, MANY)
    values = torch.cat([value.detach().flatten() for value in layer.parameters()]).double().numpy()
    facts["init"] = {
        "largest": float(np.abs(values).max() * MANY**0.5),
        "variance": float(values.var() * 3 * MANY),
        "forget": float((layer.bias_ih_l0 + layer.bias_hh_l0)[MANY : 2 * MANY].detach().mean()),
    }

    # what detach cuts
    layer = torch.nn.RNN(D, H).double()
    early, late = x[:3].clone().requires_grad_(), x[3:].clone().requires_grad_()
    _, h = layer(early)
    kept, _ = layer(late, h.detach())
    kept.sum().backward()
    facts["detached"] = early.grad is None
    facts["same_value"] = distance(kept.detach(), layer(torch.cat([early, late]))[0][3:].detach())
    _, h = layer(early)
    layer(late, h)[0].sum().backward()
    try:
        layer(late, h)[0].sum().backward()
    except RuntimeError as error:
        facts["twice"] = "second time" in str(error)

    # two biases learn twice as fast as one
    layer = torch.nn.RNN(D, H).double()
    before = (layer.bias_ih_l0 + layer.bias_hh_l0).detach().clone()
    layer(x)[0].sum().backward()
    torch.optim.SGD(layer.parameters(), lr=0.01).step()
    moved = (layer.bias_ih_l0 + layer.bias_hh_l0).detach() - before
    facts["bias_step"] = float((moved / (-0.01 * layer.bias_ih_l0.grad)).mean())

    # dropout stands between layers, so that one layer has none
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        layer = torch.nn.LSTM(D, H, dropout=0.5).double()
    facts["dropout_warns"] = any("dropout" in str(one.message) for one in said)
    facts["dropout_one_layer"] = distance(layer(x)[0].detach(), layer(x)[0].detach())
    facts["float32"] = torch.nn.LSTM(1, 1).weight_ih_l0.dtype == torch.float32

    # rounding: the same weights and 1000 steps in float32
    layer, long = torch.nn.LSTM(D, 64).double(), torch.tensor(rng.normal(size=(1000, B, D)))
    with torch.no_grad():
        wide, narrow = layer(long)[0], layer.float()(long.float())[0].double()
    facts["rounding"] = {"ten": distance(wide[:10], narrow[:10]), "thousand": distance(wide[-10:], narrow[-10:])}

    # a first step of Adam for a small gradient, in learning rates
    leaf = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    leaf.grad = torch.full((1,), 1e-7, dtype=torch.float64)
    torch.optim.Adam([leaf], lr=1.0).step()
    facts["adam"] = -float(leaf.detach())
    facts["adam_eps"] = torch.optim.Adam([leaf]).defaults["eps"]
    return facts


def in_keras() -> dict[str, Any]:
    """Run Keras's layers."""
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    inputs = rng.normal(size=(T, B, D))
    x = tf.constant(inputs.swapaxes(0, 1))
    facts: dict[str, Any] = {}
    for kind, letters in (("LSTM", "fico"), ("GRU", "zrn")):
        layer = getattr(keras.layers, kind)(H, return_sequences=True, dtype="float64")
        layer.build(x.shape)
        weights = [rng.normal(size=value.shape) for value in layer.get_weights()]
        layer.set_weights(weights)
        W_x, W_h, b = weights
        b = b if b.ndim == 2 else np.stack([b, np.zeros_like(b)])
        facts[kind.lower()] = order(letters, [W_x, W_h, b], inputs, layer(x).numpy().swapaxes(0, 1))
        facts[f"{kind.lower()}_biases"] = weights[2].ndim

    config = keras.layers.GRU(H).get_config()
    facts["reset_after"] = config["reset_after"]
    facts["sigmoid"] = config["recurrent_activation"] == "sigmoid"
    facts["unit_forget_bias"] = keras.layers.LSTM(H).get_config()["unit_forget_bias"]
    facts["float32"] = keras.layers.LSTM(H).compute_dtype == "float32"
    facts["axes"] = len(keras.layers.LSTM(H)(x).shape)  # two: the last step alone

    # another activation of the gates
    layers = [keras.layers.LSTM(H, dtype="float64", recurrent_activation=name) for name in ("sigmoid", "hard_sigmoid")]
    for layer in layers:
        layer.build(x.shape)
    layers[1].set_weights(layers[0].get_weights())
    facts["hard"] = distance(layers[0](x), layers[1](x))
    a = np.linspace(-8, 8, 1601)
    facts["hard_gate"] = distance(keras.activations.hard_sigmoid(a), keras.activations.sigmoid(a))
    facts["hard_formula"] = distance(keras.activations.hard_sigmoid(a), np.clip(a / 6 + 0.5, 0, 1))

    # initial values
    layer = keras.layers.LSTM(MANY, dtype="float64")
    layer.build((None, None, 3))
    kernel, recurrent, bias = layer.get_weights()
    i, f, c, o = np.split(bias, 4)
    singular = np.array([np.linalg.svd(block, compute_uv=False) for block in np.split(recurrent, 4, axis=1)])
    radii = [float(np.abs(np.linalg.eigvals(block)).max()) for block in np.split(recurrent, 4, axis=1)]
    facts["init"] = {
        "kernel": float(np.abs(kernel).max() / np.sqrt(6 / (3 + 4 * MANY))),
        "together": distance(recurrent @ recurrent.T, np.eye(MANY)),
        "smallest": float(singular.min()),
        "middle": float(np.median(singular)),
        "largest": float(singular.max()),
        "radius": max(radii),
        "forget": float(f.min()),
        "others": float(np.abs([i, c, o]).max()),
    }
    layer = keras.layers.SimpleRNN(MANY, dtype="float64")
    layer.build((None, None, 3))
    _, recurrent, _ = layer.get_weights()
    facts["init"]["simple"] = distance(recurrent @ recurrent.T, np.eye(MANY))

    # padding
    mask = tf.constant(np.arange(T)[None] < np.array([[T], [3], [2]]))
    layer = keras.layers.LSTM(H, return_sequences=True, return_state=True, dtype="float64")
    outputs, h, _ = layer(x, mask=mask)
    alone = layer(x[2:, :2])[1]
    facts["masked"] = distance(h[2], alone[0])
    facts["repeats"] = distance(outputs[2, 2:], np.tile(outputs[2, 1], (T - 2, 1)))

    # a state that stays
    layer = keras.layers.LSTM(H, dtype="float64")
    facts["forgets"] = distance(layer(x), layer(x))
    layer = keras.layers.LSTM(H, stateful=True, return_sequences=True, dtype="float64")
    first, again = layer(x[:, :3]).numpy(), layer(x[:, 3:]).numpy()
    layer.reset_state()
    facts["carries"] = distance(np.concatenate([first, again], axis=1), layer(x))
    layer.reset_state()
    early = tf.Variable(x[:, :3])
    with tf.GradientTape() as tape:
        layer(early)
        loss = tf.reduce_sum(layer(x[:, 3:]))
    facts["cut"] = tape.gradient(loss, early) is None

    leaf = keras.Variable(np.zeros(1), dtype="float64")
    optimizer = keras.optimizers.Adam(1.0)
    optimizer.build([leaf])
    optimizer.apply([tf.constant([1e-7], dtype=tf.float64)])
    facts["adam"] = -float(np.asarray(leaf.value)[0])
    facts["adam_eps"] = optimizer.epsilon
    return facts


def in_jax() -> dict[str, Any]:
    """Run JAX with and without float64."""
    jax.config.update("jax_enable_x64", False)
    facts: dict[str, Any] = {"float32": jnp.asarray(np.ones(1)).dtype == jnp.float32}
    jax.config.update("jax_enable_x64", True)
    facts["float64"] = jnp.asarray(np.ones(1)).dtype == jnp.float64
    return facts


def mistakes() -> dict[str, float]:
    """Give PyTorch's GRU weights that were carried over wrongly, and say how far the outputs are off."""
    params, inputs, h0 = given()
    right, _ = in_torch.run(params, inputs, h0)
    swapped = params | {f"{kind}{a}": params[f"{kind}{b}"] for kind in ("W_x", "W_h", "b_") for a, b in ("zr", "rz")}
    negated = params | {name: -params[name] for name in ("W_xz", "W_hz", "b_z")}
    wrong = {
        "order": swapped,
        "transpose": params | {name: value.T for name, value in params.items() if name.startswith("W_h")},
        "label": negated,
        "merged": params | {"b_n": params["b_n"] + params["b_hn"], "b_hn": 0 * params["b_hn"]},
        "dropped": params | {"b_hn": 0 * params["b_hn"]},
    }
    return {name: distance(in_torch.run(changed, inputs, h0)[0], right) for name, changed in wrong.items()}
