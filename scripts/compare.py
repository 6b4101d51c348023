"""Hold the package to what PyTorch, Keras and JAX compute with the same numbers: values and all gradients, live.

Configurations are drawn: cell, sizes (1 among them), depth, direction, padding, initial states, weights. An error is
the largest difference in an array relative to the largest number in it. Above 1e-10 anywhere the exit status is 1.
`make compare` runs this in the environment of the peers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from rnn import layers, losses, optim
from rnn.depth import Bidirectional, Stacked

Array = NDArray[Any]
Arrays = dict[str, Array]

TOLERANCE = 1e-10
STEPS = 20  # of an optimiser
GATES = {"tanh": "h", "relu": "h", "lstm": "fico", "gru": "zrn"}


@dataclass(frozen=True)
class Model:
    """A layer or a stack of them; what `model_arrays` draws for it is all that it computes with."""

    cell: str  # "tanh", "relu", "lstm" or "gru"
    size: tuple[int, int, int, int]  # T, B, D, H
    layers: int = 1
    bidirectional: bool = False
    padded: bool = False
    reset: str = "after"
    update: str = "keeps"

    @property
    def directions(self) -> int:
        """How many layers stand side by side."""
        return 1 + self.bidirectional

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the parts of an initial state; an array (layers · directions, B, H) each."""
        return ("h0", "c0") if self.cell == "lstm" else ("h0",)

    @property
    def ends(self) -> tuple[str, ...]:
        """The names of the parts of a final state."""
        return ("h_end", "c_end") if self.cell == "lstm" else ("h_end",)

    def prefixes(self) -> list[str]:
        """Return what stands before the names of the parameters of each single layer, in PyTorch's order."""
        ways = ["forward.", "backward."] if self.bidirectional else [""]
        return [f"{k}." * (self.layers > 1) + way for k in range(self.layers) for way in ways]


def model_arrays(model: Model, rng: np.random.Generator) -> Arrays:
    """Draw inputs, initial states, upstream gradients and parameters, all different from zero."""
    T, B, D, H = model.size
    width = model.directions * H
    drawn = {"inputs": rng.normal(size=(T, B, D)), "d_outputs": rng.normal(size=(T, B, width))}
    drawn |= {name: rng.normal(size=(model.layers * model.directions, B, H)) for name in model.states}
    drawn |= {f"d_{name}": rng.normal(size=(model.layers * model.directions, B, H)) for name in model.ends}
    for k, prefix in enumerate(model.prefixes()):
        rows = D if k < model.directions else width
        for gate in GATES[model.cell]:
            drawn[f"{prefix}W_x{gate}"] = rng.normal(size=(rows, H)) / np.sqrt(rows)
            drawn[f"{prefix}W_h{gate}"] = rng.normal(size=(H, H)) / np.sqrt(H)
            drawn[f"{prefix}b_{gate}"] = rng.normal(size=H) / 2
        if model.cell == "gru" and model.reset == "after":
            drawn[f"{prefix}b_hn"] = rng.normal(size=H) / 2
    return drawn | ({"lengths": rng.integers(1, T + 1, B)} if model.padded else {})


def is_parameter(name: str) -> bool:
    """Tell parameters, however deep, from the other arrays."""
    return name.rpartition(".")[2].startswith(("W_", "b_"))


def ours(model: Model, given: Mapping[str, Array]) -> Arrays:
    """Run the package's layers: outputs and final states, and "d_…" of inputs, initial states and parameters."""
    layer = build(model)
    for name in filter(is_parameter, given):
        layer.params[name] = given[name]
    outputs, end = layer.forward(
        given["inputs"], nested(model, [given[n] for n in model.states]), lengths=given.get("lengths")
    )
    d_inputs, d_start = layer.backward(given["d_outputs"], nested(model, [given[f"d_{n}"] for n in model.ends]))
    results = {"outputs": outputs, "d_inputs": d_inputs, **{f"d_{name}": grad for name, grad in layer.grads.items()}}
    results |= dict(zip(model.ends, flat(end), strict=True))
    return results | {f"d_{name}": part for name, part in zip(model.states, flat(d_start), strict=True)}


def build(model: Model) -> Any:
    """Make the layers."""

    def one(D: int) -> Any:
        H = model.size[3]
        if model.cell == "lstm":
            return layers.LSTM(D, H)
        if model.cell == "gru":
            return layers.GRU(D, H, reset=model.reset, update=model.update)
        return layers.RNN(D, H, nonlinearity=model.cell)

    sizes = [model.size[2]] + [model.directions * model.size[3]] * (model.layers - 1)
    parts = [Bidirectional(one(D), one(D)) if model.bidirectional else one(D) for D in sizes]
    return parts[0] if model.layers == 1 else Stacked(parts)


def nested(model: Model, parts: list[Array]) -> Any:
    """Turn arrays (layers · directions, B, H) into a state of our layers."""
    units: list[Any] = list(zip(*parts, strict=True))
    if model.bidirectional:
        units = list(zip(units[::2], units[1::2], strict=True))
    return units[0] if model.layers == 1 else tuple(units)


def flat(state: Any) -> list[Array]:
    """Turn a state of our layers into arrays (layers · directions, B, H)."""

    def units(state: Any) -> Iterable[Any]:
        return [state] if isinstance(state[0], np.ndarray) else [unit for part in state for unit in units(part)]

    return [np.stack(parts) for parts in zip(*units(state), strict=True)]


def worst(came: Mapping[str, Array], expected: Mapping[str, Array]) -> float:
    """Return the largest error over all arrays; names that do not match are an error without bound."""
    if came.keys() != expected.keys():
        return np.inf
    return float(np.max([np.abs(came[n] - e).max() / (np.abs(e).max() or 1.0) for n, e in expected.items()]))


def draw(rng: np.random.Generator, cell: str, **options: Any) -> Model:
    """Draw sizes, in which 1 is frequent."""
    T, B, D, H = (int(rng.integers(1, most + 1)) if rng.random() < 0.8 else 1 for most in (12, 6, 7, 9))
    return Model(cell, (T, B, D, H), padded=bool(rng.random() < 0.5), **options)


def jax_layer(model: Model, given: Mapping[str, Array]) -> Arrays:
    """Run a scan over the formulas, written as they are in the book, and let JAX differentiate it."""
    import jax
    import jax.numpy as jnp

    def linear(p: Any, gate: str, x: Any, h: Any) -> Any:
        return x @ p[f"W_x{gate}"] + h @ p[f"W_h{gate}"] + p[f"b_{gate}"]

    def step(p: Any, state: Any, x: Any) -> Any:
        sigmoid, h = jax.nn.sigmoid, state[0]
        if model.cell == "lstm":
            f, i, o = (sigmoid(linear(p, gate, x, h)) for gate in "fio")
            c = f * state[1] + i * jnp.tanh(linear(p, "c", x, h))
            return o * jnp.tanh(c), c
        if model.cell == "gru":
            z, r = (sigmoid(linear(p, gate, x, h)) for gate in "zr")
            if model.reset == "after":
                n = jnp.tanh(x @ p["W_xn"] + p["b_n"] + r * (h @ p["W_hn"] + p["b_hn"]))
            else:
                n = jnp.tanh(linear(p, "n", x, r * h))
            return (z * h + (1 - z) * n,) if model.update == "keeps" else ((1 - z) * h + z * n,)
        a = linear(p, "h", x, h)
        return (jnp.tanh(a) if model.cell == "tanh" else jnp.maximum(a, 0),)

    ends = given.get("lengths", np.full(model.size[1], model.size[0]))

    def run(leaves: Any) -> Any:
        def body(state: Any, now: Any) -> Any:
            t, x = now
            new, alive = step(leaves, state, x), (t < ends)[:, None]
            kept = tuple(jnp.where(alive, a, b) for a, b in zip(new, state, strict=True))
            return kept, jnp.where(alive, new[0], 0)

        start = tuple(leaves[name][0] for name in model.states)
        end, outputs = jax.lax.scan(body, start, (jnp.arange(model.size[0]), leaves["inputs"]))
        return {"outputs": outputs, **{name: part[None] for name, part in zip(model.ends, end, strict=True)}}

    upstream = {name: given[f"d_{name}"] for name in ("outputs", *model.ends)}
    leaves = {name: given[name] for name in given if name in ("inputs", *model.states) or is_parameter(name)}
    values, back = jax.vjp(run, leaves)
    (grads,) = back(jax.tree.map(jnp.asarray, upstream))
    return {n: np.asarray(v) for n, v in (values | {f"d_{name}": grad for name, grad in grads.items()}).items()}


def keras_layer(model: Model, given: Mapping[str, Array]) -> Arrays:
    """Run Keras's layer; it repeats what stands beyond the end of a sequence unless it is told to write zeros."""
    with silence():
        import keras
        import tensorflow as tf

    T, B, D, H = model.size
    order = {"lstm": "ifco", "gru": "zrn"}.get(model.cell, "h")
    options: dict[str, Any] = {"return_sequences": True, "return_state": True, "zero_output_for_mask": True}
    if model.cell == "lstm":
        layer = keras.layers.LSTM(H, dtype="float64", **options)
    elif model.cell == "gru":
        layer = keras.layers.GRU(H, dtype="float64", reset_after=model.reset == "after", **options)
    else:
        layer = keras.layers.SimpleRNN(H, dtype="float64", activation=model.cell, **options)
    layer.build((B, T, D))
    W_x, W_h, b = (np.concatenate([given[kind + gate] for gate in order], axis=-1) for kind in ("W_x", "W_h", "b_"))
    two = "b_hn" in given
    layer.set_weights([W_x, W_h, np.stack([b, np.concatenate([np.zeros(2 * H), given["b_hn"]])]) if two else b])
    inputs, state = tf.constant(given["inputs"].swapaxes(0, 1)), [tf.constant(given[name][0]) for name in model.states]
    mask = tf.constant(np.arange(T) < given["lengths"][:, None]) if model.padded else None
    variables = [variable.value for variable in layer.trainable_variables]
    with tf.GradientTape() as tape:
        tape.watch([inputs, *state])
        outputs, *end = layer(inputs, initial_state=state, mask=mask)
    upstream = [given["d_outputs"].swapaxes(0, 1), *(given[f"d_{name}"][0] for name in model.ends)]
    grads = tape.gradient(
        [outputs, *end], [*variables, inputs, *state], output_gradients=list(map(tf.constant, upstream))
    )
    d_W_x, d_W_h, d_b, d_inputs, *d_state = (np.asarray(grad) for grad in grads)
    results = {"outputs": outputs.numpy().swapaxes(0, 1), "d_inputs": d_inputs.swapaxes(0, 1)}
    results |= {name: part.numpy()[None] for name, part in zip(model.ends, end, strict=True)}
    results |= {f"d_{name}": part[None] for name, part in zip(model.states, d_state, strict=True)}
    if two:
        results["d_b_hn"] = np.split(d_b[1], 3)[2]
    for kind, grad in (("W_x", d_W_x), ("W_h", d_W_h), ("b_", d_b[0] if two else d_b)):
        results |= {f"d_{kind}{gate}": part for gate, part in zip(order, np.split(grad, len(order), -1), strict=True)}
    return results


@contextmanager
def silence() -> Iterator[None]:
    """Let nothing through to the terminal: TensorFlow talks while it is loaded, below the level of Python."""
    terminal, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)


def loss_pair(kind: str, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Return a loss and its gradient twice, as the package and as PyTorch have it."""
    import torch
    from torch.nn import functional as F  # noqa: N812

    T, B, V = (int(rng.integers(1, most)) for most in (15, 6, 7))
    V += 1  # a class that is right and one that is not; or a label and the blank
    scores, mask = 3 * rng.normal(size=(T, B, V)), rng.random((T, B)) < 0.7
    mask[0, 0] = True
    theirs = torch.tensor(scores, requires_grad=True)
    counted = torch.tensor(mask)
    if kind == "cross-entropy":
        classes = rng.integers(0, V, (T, B))
        ours = losses.softmax_cross_entropy(scores, classes, mask)
        loss = F.cross_entropy(theirs[counted], torch.tensor(classes)[counted])
    elif kind == "binary cross-entropy":
        wanted = rng.random((T, B, V))
        ours = losses.binary_cross_entropy(scores, wanted, mask)
        each = F.binary_cross_entropy_with_logits(theirs, torch.tensor(wanted), reduction="none")
        loss = each.sum(-1)[counted].mean()
    elif kind == "mean squared error":
        wanted = rng.normal(size=(T, B, V))
        ours = losses.mse(scores, wanted, mask)
        loss = F.mse_loss(theirs[counted], torch.tensor(wanted)[counted])
    else:
        lengths = rng.integers(1, T + 1, B)
        counts = rng.integers(0, (lengths + 1) // 2 + 1)  # so few that repeated ones fit with a blank between them
        labels = rng.integers(1, V, (B, max(1, int(counts.max()))))
        ours = losses.ctc(scores, labels, lengths, counts)
        logs, ends = F.log_softmax(theirs, -1), tuple(map(torch.tensor, (lengths, counts)))
        loss = F.ctc_loss(logs, torch.tensor(labels), *ends, reduction="none").mean()
    loss.backward()
    return as_arrays(*ours), as_arrays(loss.item(), theirs.grad.numpy())


def as_arrays(loss: float, d_scores: Array) -> Arrays:
    """Give a loss and its gradient the form in which they are compared."""
    return {"loss": np.asarray(loss), "d_scores": d_scores}


def optimizer_pair(kind: str, rng: np.random.Generator) -> tuple[Arrays, Arrays]:
    """Return parameters after some steps twice, as the package and as PyTorch leave them."""
    import torch

    rate, decay, beta = rng.uniform(0.001, 0.1), rng.uniform(0.5, 0.99), rng.uniform(0.5, 0.99)
    values = {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4)}
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in values.items()}
    if kind == "RMSprop":
        mine: Any = optim.RMSprop(rate, decay=decay)
        theirs = torch.optim.RMSprop(leaves.values(), lr=rate, alpha=decay, eps=1e-8)
    elif kind == "Adam":
        mine = optim.Adam(rate, beta1=beta, beta2=decay)
        theirs = torch.optim.Adam(leaves.values(), lr=rate, betas=(beta, decay), eps=1e-8)
    else:
        momentum, nesterov = (0.0 if kind == "SGD" else decay), kind.endswith("Nesterov")
        mine = optim.SGD(rate, momentum=momentum, nesterov=nesterov)
        theirs = torch.optim.SGD(leaves.values(), lr=rate, momentum=momentum, nesterov=nesterov)
    for _ in range(STEPS):
        grads = {name: rng.normal(size=value.shape) for name, value in values.items()}
        mine.update(values, grads)
        for name, leaf in leaves.items():
            leaf.grad = torch.tensor(grads[name])
        theirs.step()
    return values, {name: leaf.detach().numpy() for name, leaf in leaves.items()}


def comparisons(number: int, rng: np.random.Generator) -> Iterable[tuple[str, float]]:
    """Yield the name of each kind and the error of a configuration of it, `number` of them with PyTorch's layers."""
    from scripts.torch_values import torch_layer

    cells, few = tuple(GATES), max(1, number // 10)
    for k in range(number):
        cell, deep = cells[k % 4], int(rng.integers(1, 4))
        model = draw(rng, cell, layers=deep, bidirectional=bool(rng.random() < 0.5))
        given = model_arrays(model, rng)
        yield f"PyTorch {cell}", worst(ours(model, given), torch_layer(model, given))
    forms = [{"reset": reset, "update": update} for reset in ("after", "before") for update in ("keeps", "replaces")]
    for k in range(few):
        for cell in cells:
            model = draw(rng, cell, **(forms[k % 4] if cell == "gru" else {}))
            given = model_arrays(model, rng)
            name = f"{cell}, reset {model.reset}, update {model.update}" if cell == "gru" else cell
            yield f"JAX {name}", worst(ours(model, given), jax_layer(model, given))
    for k in range(few):
        for cell in cells:
            model = draw(rng, cell, **({"reset": ("after", "before")[k % 2]} if cell == "gru" else {}))
            given = model_arrays(model, rng)
            name = f"{cell}, reset {model.reset}" if cell == "gru" else cell
            yield f"Keras {name}", worst(ours(model, given), keras_layer(model, given))
    for _ in range(few):
        for kind in ("cross-entropy", "binary cross-entropy", "mean squared error", "CTC"):
            yield f"PyTorch {kind}", worst(*loss_pair(kind, rng))
        for kind in ("SGD", "SGD, momentum", "SGD, Nesterov", "RMSprop", "Adam"):
            yield f"PyTorch {kind}, {STEPS} steps", worst(*optimizer_pair(kind, rng))


def main(
    configurations: Annotated[
        int, typer.Option(min=1, help="Random layers to hold against PyTorch's; others a tenth.")
    ] = 500,
    seed: Annotated[int, typer.Option(min=0, help="Where the configurations come from.")] = 0,
) -> None:
    """Compare, print the worst error of each kind, and exit with 1 if one is too large."""
    found: dict[str, list[float]] = {}
    total = configurations + 17 * max(1, configurations // 10)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        pairs = comparisons(configurations, np.random.default_rng(seed))
        for name, error in progress.track(pairs, total=total, description="comparing"):
            found.setdefault(name, []).append(error)
    table = Table("against", "configurations", "worst error", box=SIMPLE)
    too_large = [name for name, errors in found.items() if not np.max(errors) <= TOLERANCE]
    for name, errors in found.items():
        table.add_row(name, str(len(errors)), f"{np.max(errors):.1e}", style="red" if name in too_large else "")
    Console().print(table)
    if too_large:
        raise SystemExit(f"More than {TOLERANCE:g} away: {', '.join(too_large)}.")
    print(f"All within {TOLERANCE:g}; seed {seed}.")


if __name__ == "__main__":
    os.environ |= {
        "JAX_ENABLE_X64": "1",
        "JAX_PLATFORMS": "cpu",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    typer.run(main)
