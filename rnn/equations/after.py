"""The formulas of the chapter *after*: linear recurrences, what can be done with them, and attention beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn import SimpleRNN, gradients
from rnn.attention import DotAttention
from rnn.echo import ridge_regression
from rnn.equations import Sides, definition, equation, twin
from rnn.equations.context import Run, world
from rnn.equations.worlds import Seen, _randomise, _sizes, _tex, _with, algebra
from rnn.gru import GRUCell
from rnn.orthogonal import CayleyCell
from rnn.rtrl import RTRL
from rnn.scan import doubling, linear_recurrence, parallel_scan, scan, scan_back
from rnn.simple import ElmanCell
from rnn.ssm import DiagonalSSM
from rnn.validate import Array

# --------------------------------------------------------------------------- linear recurrences


def _one_step(A: Array, b: Array, h: Array, *, dense: bool = True) -> Array:
    """Take h one step further, with the package; columns in and out."""
    after: Array = linear_recurrence(A.T[None], b.T[None], h.T, dense=dense)[0].T
    return after


def _linear(q: Run, rng: np.random.Generator, *, alike: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:matrices]
    T, (H, B) = int(rng.integers(4, 8)), _sizes(rng, 2)
    A, b = rng.normal(size=(T, H, H)) / np.sqrt(H), rng.normal(size=(T, B, H))
    if alike:  # the matrices are made of one, and all steps leave the same point where it is
        A = A[0] * rng.normal(size=(T, 1, 1)) + np.eye(H) * rng.normal(size=(T, 1, 1))
        b = b[0] @ (np.eye(H) - A)
    h0 = rng.normal(size=(B, H))
    q["T"], q["H"], q["h", 0] = T, H, h0[:1].T
    q[r"\mathbf{0}"] = np.zeros((1, H))
    for t in range(1, T + 1):
        q["A", t], q["b", t] = A[t - 1].T, b[t - 1, :1].T
        q["h", t] = _one_step(q["A", t], q["b", t], q["h", t - 1])
    # --8<-- [end:matrices]

    def seen() -> Seen:
        states = parallel_scan(A, b, h0, dense=True)
        return {("h", t): states[t - 1, :1].T for t in range(1, T + 1)}

    return seen


@world()
def after_matrices(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A linear recurrence with a random matrix and a random vector for each step, by the package's loop and scan."""
    return _linear(q, rng)


@world()
def after_matrices_alike(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with matrices that commute and one fixed point for all steps, which therefore may change places."""
    return _linear(q, rng, alike=True)


@world()
def after_diagonal(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A linear recurrence with one vector of factors for all steps, positive and negative."""
    T, (H,) = 6, _sizes(rng, 1)
    q["T"], q["H"] = T, H
    q[r"\lambda"] = rng.uniform(0.4, 1.2, size=(H, 1)) * rng.choice([-1, 1], size=(H, 1))
    q["h", 0] = rng.normal(size=(H, 1))
    for t in range(1, T + 1):
        q["b", t] = rng.normal(size=(H, 1))
        q["h", t] = _one_step(q[r"\lambda"], q["b", t], q["h", t - 1], dense=False)

    def seen() -> Seen:
        A, b = np.tile(q[r"\lambda"].T, (T, 1, 1)), np.stack([q["b", t].T for t in range(1, T + 1)])
        states = parallel_scan(A, b, q["h", 0].T)
        return {("h", t): states[t - 1].T for t in range(1, T + 1)}

    return seen


@world()
def after_steady(q: Run, rng: np.random.Generator) -> None:
    """The same with one and the same input at every step."""
    T, (H,) = 6, _sizes(rng, 1)
    q["T"], q[r"\lambda"], q["b"] = T, rng.uniform(0.2, 1.1, size=(H, 1)), rng.normal(size=(H, 1))
    q["h", 0] = rng.normal(size=(H, 1))
    for t in range(1, T + 1):
        q["h", t] = _one_step(q[r"\lambda"], q["b"], q["h", t - 1], dense=False)


class Tally:
    """What stands between two factors, and counts: how many rounds, joins of two pairs, and states made from states.

    In one round of the tree or of `doubling`, all that does not wait for each other is done by one call.
    """

    def __init__(self, product: Any = np.matmul) -> None:
        self.product, self.calls, self.multiplications = product, list[tuple[int, bool]](), 0

    def __call__(self, first: Array, second: Array) -> Array:
        """Multiply, and note how many pairs there were and whether they were factors or states."""
        factors = first.shape[1] == first.shape[2] > 1
        if len(first):
            self.calls.append((len(first), factors))
            rows, H = first.shape[1:]
            self.multiplications += len(first) * rows * H * (H if self.product is np.matmul else 1)
        out: Array = self.product(first, second)
        return out

    @property
    def joins(self) -> int:
        """How many pairs were joined: each costs a product of two factors."""
        return sum(n for n, factors in self.calls if factors)

    @property
    def states(self) -> int:
        """How many products of a state and a factor stand outside of joins."""
        return sum(n for n, factors in self.calls if not factors) - self.joins

    @property
    def rounds(self) -> int:
        """How many rounds: of the two products of a join, neither waits for the other."""
        return len(self.calls) - sum(factors for _, factors in self.calls)


def tally(steps: int, H: int, run: Any = scan) -> Tally:
    """Count what a scan over so many steps does, with H×H matrices and one sequence."""
    counted = Tally()
    rng = np.random.default_rng(steps)
    A, b = rng.normal(size=(steps, H, H)) / np.sqrt(H), rng.normal(size=(steps, 1, H))
    states = run(A, b, counted)
    assert np.allclose(states, linear_recurrence(A, b, dense=True))
    return counted


@world()
def after_counted(q: Run, rng: np.random.Generator) -> None:
    """Scans over 2 to the m steps by the package, with every product counted."""
    # --8<-- [start:counted]
    q["T"], (H,) = 6, _sizes(rng, 1)
    q["H"] = H
    for m in range(1, 7):
        tree, ladder = tally(2**m, H), tally(2**m, H, doubling)
        q["C", m], q["S", m], q["R", m] = tree.joins, tree.states, tree.rounds
        q[r"\hat{C}", m], q[r"\hat{R}", m] = ladder.joins, ladder.rounds
        q["M", m] = tree.multiplications
    # --8<-- [end:counted]


# --------------------------------------------------------------------------- the way back


@world(
    means={
        r"e_t": r"\frac{\partial L_t}{\partial h_t}",
        r"J_t": r"\frac{\partial h_t}{\partial h_{t-1}}",
        r"\delta_t": r"\frac{\partial L}{\partial h_t}",
    },
    held=["h"],
)
def after_tanh(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network with a squared error at every step, and a small change v that moves along with its state."""
    # --8<-- [start:tanh]
    T, (D, H, O) = 5, _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["H"] = T, H
    for name, value in net.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    q["h", 0], q["v", 0], q["L"] = rng.normal(size=(H, 1)) * 0.5, rng.normal(size=(H, 1)), 0.0
    for t in range(1, T + 1):
        q["x", t], q[r"y^\ast", t] = rng.normal(size=(D, 1)), rng.normal(size=(O, 1))
        at = _with(net, b_h=q["b_{h}"].T)
        q["h", t] = at.activation(at.pre_activation(q["x", t].T, q["h", t - 1].T)).T
        q["y", t] = net.read_out(q["h", t].T).T
        q["L", t] = ((q["y", t] - q[r"y^\ast", t]) ** 2).sum() / 2
        q["L"] = q["L"] + q["L", t]
    # --8<-- [end:tanh]

    def seen() -> Seen:
        """Return δ by `scan_back`, v by `step_jacobians`, and what real-time recurrent learning keeps."""
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        outputs, states = net.forward(inputs, h0=q["h", 0].T)
        J = gradients.step_jacobians(net, states)
        errors = outputs - np.stack([q[r"y^\ast", t].T for t in range(1, T + 1)])
        _, delta, _ = scan_back(J.swapaxes(1, 2), states, errors @ net.params["W_hy"].T, q["h", 0].T, dense=True)
        found: Seen = {}
        cell = ElmanCell(D, H)
        for name in cell.params:
            cell.params[name][...] = net.params[name]
        learner, v = RTRL(cell, (q["h", 0].T,)), q["v", 0]
        found["P", 0] = np.zeros((H, H))
        for t in range(1, T + 1):
            v = J[t - 1] @ v
            learner.step(inputs[t - 1])
            found["v", t], found[r"\delta", t] = v, delta[t - 1].T
            found["P", t] = learner.sensitivity["b_h"][0]
        return found

    return seen


# --------------------------------------------------------------------------- a layer of modes


@world()
def after_modes(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The package's diagonal state-space layer over one sequence from a state of zeros; bars are complex conjugates."""
    # --8<-- [start:modes]
    T, (D, N, O) = 5, _sizes(rng, 3)
    layer = DiagonalSSM(D, N, O, rng=rng)
    layer.params["b_y"] = rng.normal(size=O)
    p, (re, im) = layer.params, layer.eigenvalues()
    q["T"], q["N"], q[r"\Lambda"], q[r"\gamma"] = T, N, np.diagflat(re + 1j * im), layer.gain()[:, None]
    q["W_{xh}"], q["W_{hy}"] = ((p[f"{name}_re"] + 1j * p[f"{name}_im"]).T for name in ("W_xh", "W_hy"))
    q["W_{xy}"], q["b_{y}"] = p["W_xy"].T, p["b_y"][:, None]
    for name in (r"\Lambda", "W_{xh}", "W_{hy}"):
        bar = r"\bar{\Lambda}" if name == r"\Lambda" else rf"\bar{{W}}{name[1:]}"
        q[bar] = q[name].conj()
    q["h", 0] = np.zeros((N, 1), complex)
    state = layer.zero_state(1)
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        y, state = layer.step(q["x", t].T, state)
        q["h", t], q["y", t] = (state[0] + 1j * state[1]).T, y.T
        q[r"\bar{h}", t] = q["h", t].conj()
    impulse = np.zeros((T, D, D))
    impulse[0] = np.eye(D)  # D sequences: in each a 1 for one input at the first step
    response, _ = layer.forward(impulse)
    for n in range(T):
        q["K", n] = (response[n] - p["b_y"]).T - (q["W_{xy}"] if n == 0 else 0)
    # --8<-- [end:modes]

    def seen() -> Seen:
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        outputs, _ = layer.forward(inputs)
        found: Seen = {("y", t): outputs[t - 1].T for t in range(1, T + 1)}
        return found | {("h", t): q["h", t] for t in range(1, T + 1)}

    return seen


@world()
def after_continuous(q: Run, rng: np.random.Generator) -> None:
    """One mode in continuous time, solved in small steps while the input is held for a time s."""
    T, mu = 4, float(rng.normal())
    alpha = mu + 1j * rng.normal()
    q["T"], q["s"], q[r"\alpha"], q[r"\beta"] = T, rng.uniform(0.3, 0.8), alpha, rng.normal()
    q[r"\mu"], q[r"\bar{\alpha}"] = mu, np.conj(alpha)
    q["h", 0] = rng.normal() + 1j * rng.normal()
    small = 400
    for t in range(1, T + 1):
        q["x", t] = rng.normal()
        h, step = complex(q["h", t - 1]), float(q["s"]) / small
        drive = complex(q[r"\beta"] * q["x", t])
        for _ in range(small):  # Runge and Kutta's rule of the fourth order
            k1 = alpha * h + drive
            k2 = alpha * (h + step / 2 * k1) + drive
            k3 = alpha * (h + step / 2 * k2) + drive
            k4 = alpha * (h + step * k3) + drive
            h += step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        q["h", t] = h
    fast = DiagonalSSM(1, 1, 1, rng=rng)
    fast.params["nu"], fast.params["theta"] = np.log(abs(mu) * np.ones(1)), np.array([alpha.imag])
    (re, im) = fast.eigenvalues()[:, 0, 0]
    q[r"\kappa"] = np.hypot(re, im)
    q["n"] = gradients.gate_half_lives(np.array([q[r"\kappa"]]))[0]


# --------------------------------------------------------------------------- gates


def _gated(q: Run, rng: np.random.Generator, *, blind: bool) -> Callable[[], Seen]:
    # --8<-- [start:gated]
    T, (D, H) = 5, _sizes(rng, 2)
    cell = GRUCell(D, H, rng=rng)
    _randomise(cell.params, rng)
    if blind:  # gates and candidate see the input alone
        for name in ("W_hz", "W_hr", "W_hn", "b_hn"):
            cell.params[name][...] = 0
    q["T"], q["H"], q["h", 0] = T, H, rng.normal(size=(H, 1))
    for name, value in cell.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        (h,), (_, _, z, _, _, n) = cell.step(q["x", t].T, (q["h", t - 1].T,))
        q["z", t], q["n", t], q["h", t] = z.T, n.T, h.T
    # --8<-- [end:gated]

    def seen() -> Seen:
        z, n = (np.stack([q[name, t].T for t in range(1, T + 1)]) for name in ("z", "n"))
        states = parallel_scan(z, (1 - z) * n, q["h", 0].T)
        return {("h", t): states[t - 1].T for t in range(1, T + 1)} if blind else {}

    return seen


@world()
def after_blind(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A GRU cell whose gates and candidate do not see the state: its matrices from the state are zero."""
    return _gated(q, rng, blind=True)


@world()
def after_gru(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A GRU cell with all its weights."""
    return _gated(q, rng, blind=False)


# --------------------------------------------------------------------------- other roads


@world()
def after_cayley(q: Run, rng: np.random.Generator) -> None:
    """The matrix of a cell that stays orthogonal, and the skew matrix S that it is made of."""
    D, H = _sizes(rng, 2)
    cell = CayleyCell(D, H + 1, nonlinearity="identity", rng=rng)
    q["T"], q["I"], q["S"], q["W_{hh}"] = 4, np.eye(H + 1), cell._skew_matrix().T, cell.transition().T
    q["u"], q["v"] = rng.normal(size=(2, H + 1, 1))
    for name, h in (("h", q["u"]), (r"\hat{h}", q["v"])):
        q[name, 0] = h
        steps = np.random.default_rng(0)
        for t in range(1, 5):
            (after,), _ = cell.step(steps.normal(size=(1, D)), (q[name, t - 1].T,))
            q[name, t] = after.T


@world()
def after_free(q: Run, rng: np.random.Generator) -> None:
    """A linear network without inputs that runs on from a random state."""
    H, O = 3, 1
    net = SimpleRNN(1, H, O, nonlinearity="identity", rng=rng)
    net.params["W_hh"][...] = rng.normal(size=(H, H)) * 0.6
    q["T"], q["H"], q["W_{hh}"], q["W_{hy}"] = 8, H, net.params["W_hh"].T, net.params["W_hy"].T
    q["h", 0] = rng.normal(size=(H, 1))
    outputs, states = net.forward(np.zeros((8, 1, 1)), h0=q["h", 0].T)
    q["y", 0] = net.read_out(q["h", 0].T).item()
    for t in range(1, 9):
        q["h", t], q["y", t] = states[t - 1].T, outputs[t - 1].item()


@world()
def after_ridge(q: Run, rng: np.random.Generator) -> None:
    """A read-out found by the package's ridge regression: rows of states and rows of targets."""
    H, O = _sizes(rng, 2)
    q["T"], q["I"], q[r"\varepsilon"] = 12, np.eye(H), rng.uniform(0.1, 2)
    q["X"], q["Y"] = rng.normal(size=(12, H)), rng.normal(size=(12, O))
    q["W"] = ridge_regression(q["X"], q["Y"], float(q[r"\varepsilon"]))


# --------------------------------------------------------------------------- attention


@world()
def after_attending(q: Run, rng: np.random.Generator) -> None:
    """Causal attention over one sequence: each step looks at itself and all before, by softmax and without."""
    # --8<-- [start:attending]
    T, (H, V) = 5, _sizes(rng, 2)
    q["T"], q["H"], q["V"] = T, H, V
    keys, queries = rng.uniform(0.1, 1, size=(2, T, 1, H))  # positive, as features are
    values = rng.normal(size=(T, 1, V))
    attention = DotAttention(H)
    for t in range(1, T + 1):
        q["k", t], q["q", t], q["v", t] = keys[t - 1].T, queries[t - 1].T, values[t - 1].T
        contexts, _ = attention.forward(queries[t - 1], keys[:t], values[:t])
        q["c", t] = contexts.T
        weights = np.array([(keys[j, 0] * queries[t - 1, 0]).sum() for j in range(t)])
        q[r"\hat{c}", t] = (weights[:, None, None] * values[:t]).sum(axis=0).T / weights.sum()
    q["S", 0], q["r", 0] = np.zeros((V, H)), np.zeros((H, 1))
    ones, zeros = np.ones((T, 1, H * V)), np.zeros((1, H * V))
    outer = np.stack([(q["v", t] @ q["k", t].T).reshape(1, -1) for t in range(1, T + 1)])
    for t, (S, r) in enumerate(zip(parallel_scan(ones, outer, zeros), np.cumsum(keys, axis=0), strict=True), start=1):
        q["S", t], q["r", t] = S.reshape(V, H), r.T
    # --8<-- [end:attending]
    q["C"] = sum(t for t in range(1, T + 1))
    q["N"] = sum(2 * H * len(keys[:t]) for t in range(1, T + 1))


# --------------------------------------------------------------------------- parity

GAIN = 10.0


def parity_weights(gain: float = GAIN) -> dict[str, Array]:
    """Return the weights of a tanh network with two units that keeps the parity of the ones it has read."""
    # --8<-- [start:parity]
    return {
        "W_xh": gain * np.array([[1.0, 1.0]]),
        "W_hh": gain / 2 * np.array([[1.0, 1.0], [-1.0, -1.0]]),
        "b_h": -gain * np.array([0.5, 1.5]),  # one or more; both
        "W_hy": np.array([[0.5], [-0.5]]),
        "b_y": np.zeros(1),
    }
    # --8<-- [end:parity]


@world()
def after_parity(q: Run, rng: np.random.Generator) -> None:
    """A tanh network with two units and weights set by hand, reading random bits; and signs that are multiplied."""
    net = SimpleRNN(1, 2, 1, rng=rng)
    for name, value in parity_weights().items():
        net.params[name][...] = value
    T = 8
    bits = rng.integers(2, size=(T, 1, 1)).astype(float)
    bits[:2, 0, 0] = [1, 1]
    h0 = -np.ones((1, 2))
    outputs, states = net.forward(bits, h0=h0)
    q["T"], q["h", 0], q["y", 0], q["g"] = T, h0.T, 0.0, GAIN
    q["W_{hh}"] = net.params["W_hh"].T
    signs = parallel_scan(1 - 2 * bits, np.zeros((T, 1, 1)), np.ones((1, 1)))
    for t in range(1, T + 1):
        q["x", t], q["h", t], q["y", t] = bits[t - 1, 0, 0], states[t - 1].T, outputs[t - 1, 0, 0]
        q["s", t] = signs[t - 1, 0, 0]


# --------------------------------------------------------------------------- the formulas

EVERY = "1 <= t <= T"

after_linear = definition(where=after_matrices, for_all=EVERY)
after_two_steps = equation(where=after_matrices, for_all="2 <= t <= T")
after_blocks = equation(where=after_matrices)
after_associative = equation(where=after_matrices)
after_not_commuting = equation(where=after_matrices, equal_in=after_matrices_alike)
after_unrolled = equation(where=after_matrices, for_all=EVERY)
after_elementwise = definition(where=after_diagonal, for_all=EVERY)
after_work = equation(where=after_counted, for_all="1 <= m <= T", kind="count")
after_doubling = equation(where=after_counted, for_all="1 <= m <= T", kind="count")
after_price = equation(where=after_counted, for_all="1 <= m <= T", kind="count")

after_back = definition(where=after_tanh, for_all="1 <= t < T")
after_adjoint = equation(where=after_tanh, for_all="1 < t <= T")
after_forward_gradient = definition(where=after_tanh, for_all=EVERY)

after_convolution = equation(where=after_diagonal, for_all=EVERY)
after_hold = equation(where=after_continuous, for_all=EVERY)
after_stable = equation(where=after_continuous)
after_half_life = equation(where=after_continuous)
after_layer = equation(where=after_modes, for_all=EVERY)
after_kernel = equation(where=after_modes, for_all="0 <= n < T")
after_by_kernel = definition(where=after_modes, for_all=EVERY)

after_gated = definition(where=after_blind, for_all=EVERY)
after_gates = equation(where=after_blind, for_all=EVERY)
after_not_gates = equation(where=after_gru, for_all=EVERY, equal_in=after_blind)

after_orthogonal = equation(where=after_cayley)
after_distance = equation(where=after_cayley, for_all=EVERY)
after_hankel = equation(where=after_free, for_all="0 <= i <= 4 and 0 <= j <= 3")
after_fibonacci = equation(where=algebra)
after_regression = equation(where=after_ridge)

after_attention = equation(where=after_attending, for_all=EVERY)
after_linear_attention = equation(where=after_attending, for_all=EVERY)
after_matrix_state = equation(where=after_attending, for_all=EVERY)
after_pairs = equation(where=after_attending, kind="count")

after_xor = equation(where=after_parity, for_all=EVERY, approx=1e-3)
after_flip = equation(where=after_parity, for_all=EVERY, approx=1e-3)
after_monotone = equation(where=after_steady, for_all=EVERY)


@twin()
def after_compose(rng: np.random.Generator) -> Sides:
    """Run the package's loop over two steps from zero and from each unit vector: that is all there is to a step."""
    H = int(rng.integers(2, 6))
    A, b = rng.normal(size=(2, H, H)), rng.normal(size=(2, H, 1))
    rows, offsets = A.swapaxes(1, 2), np.tile(b.swapaxes(1, 2), (1, H + 1, 1))
    ends = linear_recurrence(rows, offsets, np.vstack([np.zeros((1, H)), np.eye(H)]), dense=True)[-1]
    both = np.hstack([(ends[1:] - ends[0]).T, ends[:1].T])
    return both, np.hstack([A[1] @ A[0], A[1] @ b[0] + b[1]])
