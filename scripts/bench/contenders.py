"""The contenders in training: each does the same work in its own way, the fastest that its users would write.

A contender has `train`, one step with update; `forward`, the outputs alone; and `results`, which takes one step and
returns all that came out under our names, so that it can be compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scripts.bench import GATES, Case, limit, states, weights

Array = NDArray[Any]
Arrays = dict[str, Array]

# The order in which the others lay their gates side by side; ours by letter.
TORCH = {"rnn": "h", "lstm": "ifco", "gru": "rzn"}
KERAS = {"rnn": "h", "lstm": "ifco", "gru": "zrn"}


def fused(given: Arrays, kind: str, order: str) -> Array:
    """Lay the arrays of all gates side by side: kind is "W_x", "W_h" or "b_"."""
    return np.ascontiguousarray(np.concatenate([given[kind + gate] for gate in order], axis=-1))


def split(kind: str, order: str, array: Any) -> Arrays:
    """Take side by side apart."""
    return {kind + gate: part for gate, part in zip(order, np.split(np.asarray(array), len(order), -1), strict=True)}


def state_bias(given: Arrays, order: str) -> Array:
    """Return the second bias of those who have two: zero, but for the GRU's candidate."""
    none = np.zeros_like(given["b_" + order[0]])
    return np.concatenate([given["b_hn"] if gate == "n" else none for gate in order])


class Ours:
    """`rnn.layers` with `rnn.optim.SGD`."""

    def __init__(self, case: Case, given: Arrays, rate: float) -> None:
        from rnn.optim import SGD

        self.layer, self.state = our_layer(case, given)
        self.inputs, self.d_outputs, self.sgd = given["inputs"], given["d_outputs"], SGD(rate)

    def forward(self) -> None:
        """Compute the outputs."""
        self.outputs, _ = self.layer.forward(self.inputs, self.state)

    def train(self) -> None:
        """Take one step."""
        self.forward()
        self.d_inputs, self.d_state = self.layer.backward(self.d_outputs)
        self.sgd.update(self.layer.params, self.layer.grads)

    def results(self) -> Arrays:
        """Take one step and return everything."""
        self.train()
        came = {"outputs": self.outputs, "d_inputs": self.d_inputs, **named_states(self.d_state)}
        return came | {f"d_{name}": grad for name, grad in self.layer.grads.items()} | after(self.layer.params)


def our_layer(case: Case, given: Arrays) -> tuple[Any, tuple[Array, ...]]:
    """Return our layer with the given weights, and the initial state."""
    from rnn import layers

    layer = getattr(layers, case.cell.upper())(case.size[2], case.size[3], dtype=case.dtype)
    for name, value in weights(given).items():
        layer.params[name] = value
    return layer, tuple(given[part] for part in states(case.cell))


def named_states(parts: Iterable[Any]) -> Arrays:
    """Name the gradients for the parts of the initial state."""
    return {f"d_{name}": np.asarray(part) for name, part in zip(("h0", "c0"), parts, strict=False)}


def after(params: Any) -> Arrays:
    """Name the weights after the update. Biases are left out: where there are two, both of them move."""
    return {f"new {name}": np.array(value) for name, value in params.items() if name.startswith("W_")}


class Torch:
    """`nn.RNN`, `nn.LSTM`, `nn.GRU` with `torch.optim.SGD`, eagerly."""

    def __init__(self, case: Case, given: Arrays, rate: float) -> None:
        import torch

        self.torch, self.order = torch, TORCH[case.cell]
        self.layer = torch_weights(getattr(torch.nn, case.cell.upper())(*case.size[2:]), case, given)
        self.inputs = torch.tensor(given["inputs"], requires_grad=True)
        self.state = [torch.tensor(given[part][None], requires_grad=True) for part in states(case.cell)]
        self.initial = tuple(self.state) if case.cell == "lstm" else self.state[0]
        self.d_outputs = torch.tensor(given["d_outputs"])
        self.sgd = torch.optim.SGD(self.layer.parameters(), lr=rate)

    def forward(self) -> None:
        """Compute the outputs alone."""
        with self.torch.inference_mode():
            self.layer(self.inputs, self.initial)

    def train(self) -> None:
        """Take one step."""
        self.sgd.zero_grad()
        for leaf in (self.inputs, *self.state):
            leaf.grad = None
        self.outputs, _ = self.layer(self.inputs, self.initial)
        self.outputs.backward(self.d_outputs)
        self.sgd.step()

    def results(self) -> Arrays:
        """Take one step and return everything."""
        self.train()
        layer, order = self.layer, self.order
        came = {"outputs": self.outputs.detach().numpy(), "d_inputs": self.inputs.grad.numpy()}
        came |= named_states(part.grad.numpy()[0] for part in self.state)
        for kind, matrix in (("W_x", layer.weight_ih_l0), ("W_h", layer.weight_hh_l0)):
            came |= split("d_" + kind, order, matrix.grad.numpy().T)
            came |= after(split(kind, order, matrix.detach().numpy().T))
        came |= split("d_b_", order, layer.bias_ih_l0.grad.numpy())
        if "n" in order:
            came["d_b_hn"] = np.split(layer.bias_hh_l0.grad.numpy(), 3)[2]
        return came


def torch_weights(module: Any, case: Case, given: Arrays) -> Any:
    """Give PyTorch's layer or cell the weights."""
    import torch

    order = TORCH[case.cell]
    module = module.to(getattr(torch, case.dtype))
    values = {
        "weight_ih": fused(given, "W_x", order).T,
        "weight_hh": fused(given, "W_h", order).T,
        "bias_ih": fused(given, "b_", order),
        "bias_hh": state_bias(given, order),
    }
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            parameter.copy_(torch.tensor(values[name.removesuffix("_l0")]))
    return module


class Jax:
    """A jitted scan over the steps, all gates in one product, the inputs' product outside of the scan."""

    def __init__(self, case: Case, given: Arrays, rate: float, *, unroll: int = 1) -> None:
        import jax

        self.case, self.order, self.form = case, GATES[case.cell], f"unroll {unroll}"
        self.params, step = jax_cell(case, given)
        self.inputs, self.d_outputs = jax.device_put((given["inputs"], given["d_outputs"]))
        self.state = jax.device_put(tuple(given[part] for part in states(case.cell)))
        self.wait = jax.block_until_ready

        def run(params: Any, inputs: Any, state: Any) -> Any:
            a = inputs @ params["W_x"] + params["b"]
            return jax.lax.scan(lambda state, a: step(params, state, a), state, a, unroll=unroll)[1]

        def train(params: Any, inputs: Any, state: Any, d_outputs: Any) -> Any:
            outputs, back = jax.vjp(run, params, inputs, state)
            grads, d_inputs, d_state = back(d_outputs)
            return jax.tree.map(lambda p, g: p - rate * g, params, grads), outputs, grads, d_inputs, d_state

        self.run, self.step = jax.jit(run), jax.jit(train, donate_argnums=0)

    def forward(self) -> None:
        """Compute the outputs alone."""
        self.wait(self.run(self.params, self.inputs, self.state))

    def train(self) -> None:
        """Take one step."""
        self.params, *self.came = self.wait(self.step(self.params, self.inputs, self.state, self.d_outputs))

    def results(self) -> Arrays:
        """Take one step and return everything."""
        self.train()
        outputs, grads, d_inputs, d_state = self.came
        came = {"outputs": np.asarray(outputs), "d_inputs": np.asarray(d_inputs), **named_states(d_state)}
        for kind, key in (("W_x", "W_x"), ("W_h", "W_h"), ("b_", "b")):
            came |= split("d_" + kind, self.order, grads[key])
            came |= after(split(kind, self.order, self.params[key]))
        return came | ({"d_b_hn": np.asarray(grads["b_hn"])} if "b_hn" in grads else {})


def jax_cell(case: Case, given: Arrays) -> tuple[Any, Callable[..., Any]]:
    """Return the weights, all gates side by side, and the step from a state and a = x W_x + b to (state, output)."""
    import jax
    import jax.numpy as jnp

    def rnn(params: Any, state: Any, a: Any) -> Any:
        h = jnp.tanh(a + state[0] @ params["W_h"])
        return (h,), h

    def lstm(params: Any, state: Any, a: Any) -> Any:
        h, c = state
        f, i, g, o = jnp.split(a + h @ params["W_h"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    def gru(params: Any, state: Any, a: Any) -> Any:
        (h,) = state
        (a_z, a_r, a_n), (u_z, u_r, u_n) = jnp.split(a, 3, axis=-1), jnp.split(h @ params["W_h"], 3, axis=-1)
        z, r = jax.nn.sigmoid(a_z + u_z), jax.nn.sigmoid(a_r + u_r)
        n = jnp.tanh(a_n + r * (u_n + params["b_hn"]))
        h = n + z * (h - n)
        return (h,), h

    order = GATES[case.cell]
    params = {"W_x": fused(given, "W_x", order), "W_h": fused(given, "W_h", order), "b": fused(given, "b_", order)}
    params |= {"b_hn": given["b_hn"]} if "b_hn" in given else {}
    return jax.device_put(params), {"rnn": rnn, "lstm": lstm, "gru": gru}[case.cell]


class Keras:
    """`SimpleRNN`, `LSTM`, `GRU` on TensorFlow in a `tf.function`; sequences lie as Keras has them, batch first."""

    def __init__(self, case: Case, given: Arrays, rate: float) -> None:
        import keras
        import tensorflow as tf

        self.order = KERAS[case.cell]
        make = {"rnn": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[case.cell]
        layer = make(case.size[3], return_sequences=True, dtype=case.dtype)
        layer.build((case.size[1], case.size[0], case.size[2]))
        bias = fused(given, "b_", self.order)
        bias = np.stack([bias, state_bias(given, self.order)]) if case.cell == "gru" else bias
        layer.set_weights([fused(given, "W_x", self.order), fused(given, "W_h", self.order), bias])
        self.variables = [variable.value for variable in layer.trainable_variables]
        self.inputs, self.d_outputs = (tf.constant(given[name].swapaxes(0, 1)) for name in ("inputs", "d_outputs"))
        self.state = [tf.constant(given[part]) for part in states(case.cell)]

        def train(inputs: Any, state: Any, d_outputs: Any) -> Any:
            with tf.GradientTape() as tape:
                tape.watch([inputs, *state])
                outputs = layer(inputs, initial_state=state)
            grads = tape.gradient(outputs, [*self.variables, inputs, *state], output_gradients=d_outputs)
            for variable, grad in zip(self.variables, grads, strict=False):
                variable.assign_sub(rate * grad)
            return outputs, grads

        self.run = tf.function(lambda inputs, state: layer(inputs, initial_state=state))
        self.step = tf.function(train)

    def forward(self) -> None:
        """Compute the outputs alone."""
        self.run(self.inputs, self.state)

    def train(self) -> None:
        """Take one step."""
        self.came = self.step(self.inputs, self.state, self.d_outputs)

    def results(self) -> Arrays:
        """Take one step and return everything."""
        self.train()
        outputs, (d_W_x, d_W_h, d_b, d_inputs, *d_state) = self.came
        came = {"outputs": outputs.numpy().swapaxes(0, 1), "d_inputs": d_inputs.numpy().swapaxes(0, 1)}
        came |= named_states(d_state) | split("d_b_", self.order, d_b[0] if len(d_b.shape) == 2 else d_b)
        if len(d_b.shape) == 2:
            came["d_b_hn"] = np.split(d_b.numpy()[1], 3)[2]
        for kind, grad, variable in (("W_x", d_W_x, self.variables[0]), ("W_h", d_W_h, self.variables[1])):
            came |= split("d_" + kind, self.order, grad) | after(split(kind, self.order, variable.numpy()))
        return came


# numpy-ml's letters for the gates of the LSTM.
NUMPY_ML = {"f": "f", "i": "u", "c": "c", "o": "o"}


class NumpyML:
    """numpy-ml's cells in the loop that its own layers have; those cannot be constructed in version 0.1.2."""

    def __init__(self, case: Case, given: Arrays, rate: float) -> None:
        from numpy_ml.neural_nets.layers.layers import LSTMCell, RNNCell
        from numpy_ml.neural_nets.optimizers import SGD

        self.case, self.given = case, given
        self.cell: Any = {"rnn": RNNCell, "lstm": LSTMCell}[case.cell](case.size[3], optimizer=SGD(lr=rate))
        self.cell.n_in = case.size[2]
        self.cell._init_params()
        if case.cell == "rnn":
            b = given["b_h"][:, None]
            self.cell.parameters = {"Waa": given["W_hh"], "Wax": given["W_xh"], "ba": b, "bx": np.zeros_like(b)}
        else:
            self.cell.parameters = {
                kind + its: value
                for ours, its in NUMPY_ML.items()
                for kind, value in (
                    ("W", np.concatenate([given[f"W_h{ours}"], given[f"W_x{ours}"]])),
                    ("b", given[f"b_{ours}"][None]),
                )
            }

    def forward(self) -> None:
        """Compute the outputs alone."""
        cell, given = self.cell, self.given
        cell.flush_gradients()
        cell.derived_variables |= {"dLdA_accumulator": None, "dLdC_accumulator": None, "A": [given["h0"]]}
        if self.case.cell == "lstm":
            cell.derived_variables["C"] = [given["c0"]]
        for x in given["inputs"]:
            cell.forward(x)

    def train(self) -> None:
        """Take one step."""
        self.backward()
        self.cell.update()

    def backward(self) -> None:
        """Forward and backward, without the update, which forgets the gradients."""
        self.forward()
        self.d_inputs = [self.cell.backward(d) for d in self.given["d_outputs"][::-1]][::-1]

    def results(self) -> Arrays:
        """Take one step and return everything."""
        self.backward()
        kept = self.cell.derived_variables
        came = {"outputs": np.array(kept["A"][1:]), "d_inputs": np.array(self.d_inputs)}
        came |= named_states(kept[f"dLd{part}_accumulator"] for part in "AC"[: len(states(self.case.cell))])
        came |= {f"d_{name}": grad for name, grad in self.by_our_names(self.cell.gradients).items()}
        self.cell.update()
        return came | after(self.by_our_names(self.cell.parameters))

    def by_our_names(self, its: Any) -> Arrays:
        """Translate its parameters or their gradients."""
        if self.case.cell == "rnn":
            return {"W_hh": its["Waa"], "W_xh": its["Wax"], "b_h": its["bx"][:, 0]}
        H = self.case.size[3]
        return {
            name: value
            for ours, letter in NUMPY_ML.items()
            for name, value in (
                (f"W_h{ours}", its["W" + letter][:H]),
                (f"W_x{ours}", its["W" + letter][H:]),
                (f"b_{ours}", its["b" + letter][0]),
            )
        }


def forms(name: str, case: Case, given: Arrays, rate: float) -> list[Any]:
    """Return a contender for training in each of the forms of which the fastest is to count."""
    if name == "jax":
        return [Jax(case, given, rate, unroll=unroll) for unroll in (1, 5)]
    if name == "limit":
        return list(limit.forms(case))
    return [{"ours": Ours, "torch": Torch, "keras": Keras, "numpy-ml": NumpyML}[name](case, given, rate)]


def load(name: str, threads: int) -> dict[str, str]:
    """Import what a contender needs, tell it the number of threads, and return the versions."""
    versions = {"numpy": np.__version__}
    if name == "ours":
        from rnn import layers, optim  # noqa: F401
    if name.startswith("torch"):
        import torch

        torch.set_num_threads(threads)
        torch.set_num_interop_threads(1)
        versions["torch"] = torch.__version__
    if name == "jax":
        import jax

        versions["jax"] = jax.__version__
    if name == "keras":
        import keras
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        versions |= {"keras": keras.__version__, "tensorflow": tf.__version__}
    if name.startswith("onnxruntime"):
        import onnxruntime

        versions["onnxruntime"] = onnxruntime.__version__
    if name == "numpy-ml":
        import collections
        import importlib.metadata
        import warnings

        collections.Hashable = collections.abc.Hashable  # type: ignore[attr-defined]  # it was written for Python 3.9
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it misses packages for other things than layers
            import numpy_ml.neural_nets.layers  # noqa: F401
        versions["numpy-ml"] = importlib.metadata.version("numpy-ml")
    return versions
