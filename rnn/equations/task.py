"""The formulas of the chapter *task*: sequences that a linear network without inputs writes, and a bound of tanh."""

from __future__ import annotations

import numpy as np

from rnn import SimpleRNN
from rnn.data import generate_sequence_data
from rnn.equations import equation
from rnn.equations.context import Run, world
from rnn.equations.worlds import _randomise
from rnn.layers import RNN
from rnn.validate import Array


def _written(q: Run, values: Array, a: float, b: float) -> None:
    """Take y from the data, and h from a linear network that meets zeros and holds two neighbours of y."""
    net, T = RNN(1, 2, nonlinearity="identity"), len(values) - 2
    net.params["W_hh"][...], net.params["b_h"][...] = np.array([[a, 1.0], [b, 0.0]]), 0
    outputs, _ = net.forward(np.zeros((T, 1, 1)), (values[[1, 0]][np.newaxis],))
    q["a"], q["b"], q["W_{hh}"], q["T"] = a, b, net.params["W_hh"].T, T
    for t, h in enumerate([values[[1, 0]][np.newaxis], *outputs]):
        q["h", t], q["y", t] = h.T, values[t]
    q["y", T + 1] = values[T + 1]


@world()
def task_waves(q: Run, rng: np.random.Generator) -> None:
    """A damped sine made by the package, and a linear network with two units and these weights."""
    omega, q[r"\lambda"] = rng.uniform(0.2, 2.5), rng.uniform(0, 0.1)
    decay, phase = float(q[r"\lambda"]), rng.uniform(0, 6)
    values = generate_sequence_data("damped", 12, omega=omega, decay=decay, phase=phase)
    fading = np.exp(-q[r"\lambda"])
    _written(q, values, float(2 * fading * np.cos(omega)), float(-(fading**2)))


@world()
def task_fibonacci(q: Run, rng: np.random.Generator) -> None:
    """The Fibonacci numbers made by the package, and the same network with both weights equal to 1."""
    _written(q, generate_sequence_data("fibonacci", int(rng.integers(8, 30))), 1.0, 1.0)


def _read_out(q: Run, rng: np.random.Generator, *, saturated: bool) -> None:
    T, H = 5, int(rng.integers(2, 6))
    net = SimpleRNN(1, H, 1, rng=rng)
    _randomise(net.params, rng)
    if saturated:
        net.params["b_h"][...] = 1e3 * np.sign(net.params["W_hy"][:, 0])
    outputs, _ = net.forward(rng.normal(size=(T, 1, 1)))
    q["T"], q["H"], q["b_{y}"] = T, H, net.params["b_y"][0]
    for j, w in enumerate(net.params["W_hy"][:, 0], start=1):
        q["w", j] = w
    for t, y in enumerate(outputs[:, 0, 0], start=1):
        q[r"\hat{y}", t] = y


@world()
def task_outputs(q: Run, rng: np.random.Generator) -> None:
    """A tanh network with one output and random weights; $w_j$ are the entries of $W_{hy}$."""
    _read_out(q, rng, saturated=False)


@world()
def task_saturated(q: Run, rng: np.random.Generator) -> None:
    """The same with biases so large that every unit is at its limit, on the side of its weight."""
    _read_out(q, rng, saturated=True)


SEQUENCES = (task_waves, task_fibonacci)

task_recursion = equation(where=SEQUENCES, for_all="1 <= t <= T")
task_network = equation(where=SEQUENCES, for_all="1 <= t <= T")
task_radius = equation(where=task_waves)
task_golden = equation(where=task_fibonacci)
task_bound = equation(where=task_outputs, for_all="1 <= t <= T", equal_in=task_saturated)
