"""The formulas of the chapter *depth*: networks that read in both directions, and networks with many layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np

from rnn import SimpleRNN
from rnn.depth import Bidirectional, Residual, Stacked, reversed_within
from rnn.equations import definition, equation
from rnn.equations.context import Run, world
from rnn.equations.worlds import Seen, _randomise, _sizes, _tex, _with
from rnn.layers import RNN
from rnn.linear import Linear
from rnn.pointwise import LayerNorm, draw_kept
from rnn.simple import ElmanCell
from rnn.validate import Array

THERE, BACK = r"\overrightarrow", r"\overleftarrow"


def _of(arrow: str, name: str) -> str:
    r"""Turn the code's ``W_xh`` into the page's ``\overrightarrow{W}_{xh}``."""
    letter, _, index = name.partition("_")
    return f"{arrow}{{{letter}}}_{{{index}}}" if index else f"{arrow}{{{letter}}}"


def _in_columns(value: Array) -> Array:
    return value.T if value.ndim == 2 else value[:, None]


# --------------------------------------------------------------------------- two directions


def _cell_step(cell: ElmanCell, q: Run, x: Array, h: Array, keys: dict[str, Any]) -> Array:
    """Take one step of a cell with the parameters that the run has under these keys; columns in and out."""
    at = _with(cell, **{name: q[key].T for name, key in keys.items()})
    a: Array = at.activation(at.pre_activation(x.T, h.T)).T
    return a


def _in_direction(arrow: str, cell: ElmanCell) -> dict[str, Any]:
    """Return under which key a run has each parameter of one direction."""
    return {name: _of(arrow, name) for name in cell.params}


def _in_layer(l: int, cell: ElmanCell) -> dict[str, Any]:
    """Return under which key a run has each parameter of layer l."""
    return {name: (_tex(name), l) for name in cell.params}


def _two_ways(q: Run, rng: np.random.Generator, *, alike: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:two-ways]
    T, (D, H, O) = int(rng.integers(4, 7)), _sizes(rng, 3)
    cells = {arrow: ElmanCell(D, H, rng=rng) for arrow in (THERE, BACK)}
    read_out = Linear(2 * H, O, rng=rng)
    for params in (*(cell.params for cell in cells.values()), read_out.params):
        _randomise(params, rng)
    inputs = np.tile(rng.normal(size=(1, 1, D)), (T, 1, 1)) if alike else rng.normal(size=(T, 1, D))
    if alike:  # nothing is carried backwards, and both halves are read off alike
        cells[BACK].params["W_hh"][...] = 0
        read_out.params["W"][H:] = read_out.params["W"][:H]

    q["T"], q["D"], q["H"], q["O"], q["b_{y}"] = T, D, H, O, read_out.params["b"][:, None]
    for arrow, cell in cells.items():
        for name, value in cell.params.items():
            q[_of(arrow, name)] = _in_columns(value)  # W_math is W_code.T
    q[THERE + "{W}_{hy}"], q[BACK + "{W}_{hy}"] = (half.T for half in np.split(read_out.params["W"], 2))
    for t in range(1, T + 1):
        q["x", t], q[r"y^\ast", t] = inputs[t - 1].T, rng.normal(size=(O, 1))
    q[THERE + "{h}", 0], q[BACK + "{h}", T + 1] = rng.normal(size=(2, H, 1)) * 0.5
    for t in range(1, T + 1):
        before = q[THERE + "{h}", t - 1]
        q[THERE + "{h}", t] = _cell_step(cells[THERE], q, q["x", t], before, _in_direction(THERE, cells[THERE]))
    for t in range(T, 0, -1):
        after = q[BACK + "{h}", t + 1]
        q[BACK + "{h}", t] = _cell_step(cells[BACK], q, q["x", t], after, _in_direction(BACK, cells[BACK]))
    q["L"] = 0.0
    for t in range(1, T + 1):
        q["h", t] = np.vstack([q[THERE + "{h}", t], q[BACK + "{h}", t]])
        W_hy = np.hstack([q[THERE + "{W}_{hy}"], q[BACK + "{W}_{hy}"]])
        q["y", t] = _with(read_out, W=W_hy.T).forward(q["h", t].T[None])[0][0].T
        q["L"] = q["L"] + ((q["y", t] - q[r"y^\ast", t]) ** 2).sum() / 2
    # --8<-- [end:two-ways]
    kinds: dict[str, tuple[Any, ...]] = {"P": (RNN(D, H), RNN(H, H)), r"\bar{P}": (_pair(D, H), _pair(2 * H, H))}
    for name, parts in kinds.items():
        for l, part in enumerate(parts, start=1):
            q[name, l] = sum(value.size for value in part.params.values())

    def seen() -> Seen:
        """Return what `Bidirectional` and its two layers give."""
        layer = Bidirectional(cells[THERE], cells[BACK])
        start = q[THERE + "{h}", 0].T, q[BACK + "{h}", T + 1].T
        outputs, _ = layer.forward(inputs, tuple((h,) for h in start))
        _, back = layer._layers.values()
        behind, _ = back.forward(inputs[::-1], (start[1],))
        y, _ = read_out.forward(outputs)
        found: Seen = {}
        for t in range(1, T + 1):
            found["h", t], found["y", t] = outputs[t - 1].T, y[t - 1].T
            found[THERE + "{h}", t], found[BACK + "{h}", t] = outputs[t - 1, :, :H].T, outputs[t - 1, :, H:].T
            found[r"\tilde{h}", t] = behind[t - 1].T
        return found

    return seen


def _pair(input_size: int, hidden_size: int) -> Bidirectional:
    return Bidirectional(RNN(input_size, hidden_size), RNN(input_size, hidden_size))


_TWO_WAYS_NOTATION = {
    r"\overrightarrow{\delta}_t": r"\frac{\partial L}{\partial \overrightarrow{h}_t}",
    r"\overleftarrow{\delta}_t": r"\frac{\partial L}{\partial \overleftarrow{h}_t}",
    r"\overleftarrow{J}_t": r"\frac{\partial \overleftarrow{h}_t}{\partial \overleftarrow{h}_{t+1}}",
}


@world(means=_TWO_WAYS_NOTATION)
def two_ways(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Two tanh chains over one sequence, one in each direction, with a squared error at every step."""
    return _two_ways(q, rng)


@world(means=_TWO_WAYS_NOTATION)
def two_ways_alike(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but the input never changes, the backward chain carries nothing, and both halves are read off alike."""
    return _two_ways(q, rng, alike=True)


@world()
def looking_ahead(q: Run, rng: np.random.Generator) -> None:
    """A tanh network in one direction whose answer for step t is read off two steps later."""
    T, (D, H, O) = 6, _sizes(rng, 3)
    net = SimpleRNN(D, H, O, rng=rng)
    _randomise(net.params, rng)
    q["T"], q["n"] = T, 2
    for name, value in net.params.items():
        q[_tex(name)] = _in_columns(value)
    q["h", 0] = rng.normal(size=(H, 1)) * 0.5
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        q["h", t] = net.activation(net.pre_activation(q["x", t].T, q["h", t - 1].T)).T
    for t in range(1, T - 1):
        q[r"\hat{y}", t] = net.read_out(q["h", t + 2].T).T


def _padded(q: Run, rng: np.random.Generator, *, at_rest: bool = False) -> Callable[[], Seen]:
    # --8<-- [start:padded]
    T, (D, H) = int(rng.integers(5, 8)), _sizes(rng, 2)
    layer = Bidirectional(ElmanCell(D, H, rng=rng), ElmanCell(D, H, rng=rng))
    _randomise(layer.params, rng)
    inputs, start = rng.normal(size=(T, 1, D)), rng.uniform(-0.9, 0.9, size=(1, H))
    m = T - 2
    inputs[m:] = rng.normal(size=D)  # the sequence has m steps; the rest is padding
    if at_rest:  # a bias for which the padding leaves the state where it is
        back = layer.parts[1]
        back.params["b_h"][...] = 0
        back.params["b_h"][...] = (np.arctanh(start) - back.pre_activation(inputs[-1], start))[0]
    state = (start,), (start,)
    right, _ = layer.forward(inputs, state, lengths=[m])
    wrong, _ = layer.forward(inputs, state)  # the whole padded array is reversed
    q["T"], q["m"] = T, m
    for t in range(1, T + 1):
        q["x", t] = inputs[t - 1].T
        q[BACK + "{h}", t], q[r"\hat{h}", t] = right[t - 1, :, H:].T, wrong[t - 1, :, H:].T
    # --8<-- [end:padded]

    def seen() -> Seen:
        turned = reversed_within(inputs, np.array([m]))
        return {(r"\tilde{x}", t): turned[t - 1].T for t in range(1, T + 1)}

    return seen


@world()
def padded_both_ways(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Two tanh chains over a sequence of m steps in an array of T = m + 2; the hat: reversed with its padding."""
    return _padded(q, rng)


@world()
def padded_at_rest(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with a bias for which the padding leaves the state of the backward chain where it is."""
    return _padded(q, rng, at_rest=True)


@world()
def hidden_markov(q: Run, rng: np.random.Generator) -> None:
    """A hidden Markov chain with three states; all probabilities are sums over every path, nothing of the package."""
    k, T = 3, 5
    A, start = rng.dirichlet(np.ones(k), size=k), rng.dirichlet(np.ones(k))
    q["T"], q["A"] = T, A
    for t in range(1, T + 1):
        q["b", t] = rng.uniform(0.1, 1, size=(k, 1))  # how likely what was seen at step t is in each state

    def along(path: tuple[int, ...], first: int) -> float:
        """Multiply the moves of a piece of a path and what it shows; the piece begins at step `first`."""
        moves = np.prod([A[i, j] for i, j in pairwise(path)])
        return float(moves * np.prod([q["b", first + n][i, 0] for n, i in enumerate(path)]))

    for t in range(1, T + 1):
        alpha, beta = np.zeros((k, 1)), np.zeros((k, 1))
        for path in product(range(k), repeat=t):
            alpha[path[-1]] += start[path[0]] * along(path, 1)
        for path in product(range(k), repeat=T - t + 1):
            beta[path[0]] += along(path, t) / q["b", t][path[0], 0]
        q[r"\alpha", t], q[r"\beta", t] = alpha, beta
    whole = {path: start[path[0]] * along(path, 1) for path in product(range(k), repeat=T)}
    for t in range(1, T + 1):
        gamma = np.zeros((k, 1))
        for path, weight in whole.items():
            gamma[path[t - 1]] += weight
        q[r"\gamma", t] = gamma / sum(whole.values())


# --------------------------------------------------------------------------- many layers


@world(
    means={
        r"J_t^{(l)}": r"\frac{\partial^+ h_t^{(l)}}{\partial h_{t-1}^{(l)}}",
        r"U_t^{(l)}": r"\frac{\partial^+ h_t^{(l)}}{\partial h_t^{(l-1)}}",
        r"\delta_t^{(l)}": r"\frac{\partial L}{\partial h_t^{(l)}}",
    },
    held=["h"],
)
def two_layers(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network with two layers of different sizes over one sequence, with a squared error at every step."""
    # --8<-- [start:two-layers]
    T, (D, H1, H2, O) = 5, _sizes(rng, 4)
    cells = [ElmanCell(D, H1, rng=rng), ElmanCell(H1, H2, rng=rng)]
    read_out = Linear(H2, O, rng=rng)
    for params in (*(cell.params for cell in cells), read_out.params):
        _randomise(params, rng)
    q["T"], q[r"\mathbf{0}"] = T, np.zeros((H1, H2))
    q["H", 0], q["H", 1], q["H", 2] = D, H1, H2
    for l, cell in enumerate(cells, start=1):
        for name, value in cell.params.items():
            q[_tex(name), l] = _in_columns(value)
    q["s", 0] = rng.normal(size=(H1 + H2, 1)) * 0.5
    q["h", 0, 1], q["h", 0, 2] = q["s", 0][:H1], q["s", 0][H1:]
    q["L"] = 0.0
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        q["h", t, 0] = q["x", t]
        before = {1: q["s", t - 1][:H1], 2: q["s", t - 1][H1:]} if t > 1 else {l: q["h", 0, l] for l in (1, 2)}
        for l, cell in enumerate(cells, start=1):
            q["h", t, l] = _cell_step(cell, q, q["h", t, l - 1], before[l], _in_layer(l, cell))
        q["s", t] = np.vstack([q["h", t, 1], q["h", t, 2]])
        y = read_out.forward(q["h", t, 2].T[None])[0][0].T
        q["L"] = q["L"] + ((y - rng.normal(size=(O, 1))) ** 2).sum() / 2
    # --8<-- [end:two-layers]

    def seen() -> Seen:
        """Run the stack as a layer, for each number of layers, and as a cell, step by step."""
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        start = tuple((q["h", 0, l].T,) for l in (1, 2))
        found: Seen = {}
        for l in (1, 2):
            outputs, _ = Stacked(cells[:l]).forward(inputs, start[:l])
            found |= {("h", t, l): outputs[t - 1].T for t in range(1, T + 1)}
        state = start
        for t in range(1, T + 1):
            state, _ = Stacked(cells).step(inputs[t - 1], state)
            found["s", t] = np.vstack([h.T for (h,) in state])
        return found

    return seen


@world()
def ladder(q: Run, rng: np.random.Generator) -> None:
    """Three layers of one linear unit each, w from step to step and u from layer to layer; paths and rounds counted."""
    T, N = int(rng.integers(4, 8)), 3
    q["T"], q["N"], q["w"], q["u"] = T, N, rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.5)
    cells = [ElmanCell(1, 1, nonlinearity="identity", rng=rng) for _ in range(N)]
    for l in range(1, N + 1):
        q["h", 0, l] = rng.normal()
    for t in range(1, T + 1):
        q["h", t, 0] = rng.normal()
        for l, cell in enumerate(cells, start=1):
            at = _with(cell, W_xh=q["u"].reshape(1, 1), W_hh=q["w"].reshape(1, 1))
            (h,), _ = at.step(q["h", t, l - 1].reshape(1, 1), (q["h", t - 1, l].reshape(1, 1),))
            q["h", t, l] = h[0, 0]
    for n, d in product(range(T), range(N + 1)):  # of n + d moves, which ones go up
        q["C", n, d] = sum(1 for _ in combinations(range(n + d), d))
    for (t, l), done in _rounds(T, N).items():
        q["n", t, l] = done
    q[r"\bar{n}"] = max(_rounds(T, N, both_ways=True).values())


def _rounds(T: int, N: int, *, both_ways: bool = False) -> dict[Any, int]:
    """Compute all cells of a grid of T steps and N layers, in each round those whose neighbours are done."""
    directions = (1, -1) if both_ways else (1,)
    needs: dict[Any, list[Any]] = {}
    for t, l, way in product(range(1, T + 1), range(1, N + 1), directions):
        needs[t, l, way] = [(t, l - 1, other) for other in directions if l > 1]
        needs[t, l, way] += [(t - way, l, way)] if 1 <= t - way <= T else []
    done: dict[Any, int] = {}
    while len(done) < len(needs):
        now = max(done.values(), default=0) + 1
        ready = [cell for cell, before in needs.items() if cell not in done and all(other in done for other in before)]
        done |= dict.fromkeys(ready, now)
    return done if both_ways else {(t, l): now for (t, l, _), now in done.items()}


@world(means={r"U_t^{(l)}": r"\frac{\partial^+ h_t^{(l)}}{\partial r_t^{(l-1)}}"}, held=["h", "r"])
def residual(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """Three tanh layers of equal size, around each of which its inputs pass too."""
    T, N, (H,) = 4, 3, _sizes(rng, 1)
    cells = [ElmanCell(H, H, rng=rng) for _ in range(N)]
    q["T"], q["N"], q["I"] = T, N, np.eye(H)
    for l, cell in enumerate(cells, start=1):
        _randomise(cell.params, rng)
        q["h", 0, l] = rng.normal(size=(H, 1)) * 0.5
        for name, value in cell.params.items():
            q[_tex(name), l] = _in_columns(value)
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(H, 1))
        q["r", t, 0] = q["x", t]
        for l, cell in enumerate(cells, start=1):
            x, before = q["r", t, l - 1], q["h", t - 1, l]
            q["h", t, l] = _cell_step(cell, q, x, before, _in_layer(l, cell))
            q["r", t, l] = x + q["h", t, l]

    def seen() -> Seen:
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        found: Seen = {}
        for l in range(1, N + 1):
            stack = Stacked([Residual(cell) for cell in cells[:l]])
            outputs, _ = stack.forward(inputs, tuple((q["h", 0, i].T,) for i in range(1, l + 1)))
            found |= {("r", t, l): outputs[t - 1].T for t in range(1, T + 1)}
        return found

    return seen


# --------------------------------------------------------------------------- between the layers


class _Given:
    """Something that hands out numbers in the place of random ones."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.asarray(numbers, dtype=float)

    def random(self, shape: tuple[int, ...]) -> Array:
        return self.numbers.reshape(shape)


@world()
def dropout_masks(q: Run, rng: np.random.Generator) -> None:
    """A unit over three steps, and every mask that dropout may draw for it, with its probability."""
    T, r = 3, rng.uniform(0.1, 0.9)
    masks = list(product((0.0, 1.0), repeat=T))
    q["T"], q["r"], q["M"] = T, r, len(masks)
    for t in range(1, T + 1):
        q["h", t] = rng.normal()
    for i, mask in enumerate(masks, start=1):
        given: Any = _Given(mask)  # 0 is below the rate, so that the unit falls out; 1 is not
        kept = draw_kept(given, float(r), (T, 1, 1), np.float64)[:, 0, 0]
        q["p", i] = np.prod([1 - r if alive else r for alive in mask])
        for t in range(1, T + 1):
            q["m", i, t] = kept[t - 1]
    for alive in (0, 1):  # one draw for all steps
        given = _Given([alive])
        q[r"\bar{m}", alive] = draw_kept(given, float(r), (1, 1, 1), np.float64)[0, 0, 0]


def _layer_norm(q: Run, rng: np.random.Generator, eps: float) -> None:
    (H,) = _sizes(rng, 1)
    norm = LayerNorm(H, eps=eps)
    _randomise(norm.params, rng)
    q["H"], q["I"], q[r"\mathbf{1}"], q[r"\varepsilon"] = H, np.eye(H), np.ones((H, 1)), eps
    q["g"], q["b"] = norm.params["g"][:, None], norm.params["b"][:, None]
    q["c"], q["d"] = rng.uniform(0.2, 5.0), rng.normal()
    q["a"] = rng.normal(size=(H, 1)) * 2
    q[r"\mu"] = q["a"].mean()
    q["s"] = np.sqrt(((q["a"] - q[r"\mu"]) ** 2).mean() + eps)
    q[r"\hat{a}"] = (q["a"] - q[r"\mu"]) / q["s"]
    q["y"] = norm.forward(q["a"].T[None])[0][0].T
    q[r"\tilde{a}"] = q["c"] * q["a"] + q["d"]
    q[r"\tilde{y}"] = norm.forward(q[r"\tilde{a}"].T[None])[0][0].T


@world()
def layer_norm(q: Run, rng: np.random.Generator) -> None:
    """A layer normalisation over H numbers, with a large ε, so that it cannot be forgotten."""
    _layer_norm(q, rng, 0.1)


@world()
def layer_norm_exact(q: Run, rng: np.random.Generator) -> None:
    """The same with the smallest ε there is."""
    _layer_norm(q, rng, float(np.finfo(float).tiny))


# --------------------------------------------------------------------------- the formulas

AHEAD = "1 <= t < s <= T"
EVERY = "1 <= t <= T"
LAYERS = "1 <= t <= T and 1 <= l <= 2"
THREE = "1 <= t <= T and 1 <= l <= 3"

depth_two_chains = definition(where=two_ways, for_all=EVERY)
depth_joined = definition(where=two_ways, for_all=EVERY)
depth_merged = equation(where=two_ways, for_all=EVERY)
depth_not_summed = equation(where=two_ways, for_all=EVERY, equal_in=two_ways_alike)
depth_turned = definition(where=two_ways, for_all=EVERY)
depth_not_turned = equation(where=two_ways, for_all=EVERY, equal_in=two_ways_alike)
depth_future = equation(where=two_ways, for_all=AHEAD)
depth_not_causal = equation(where=two_ways, for_all=AHEAD, equal_in=two_ways_alike)
depth_last = equation(where=two_ways, for_all="1 <= s < T")
depth_two_errors = equation(where=two_ways, for_all="1 < t < T")
depth_input_gradient = equation(where=two_ways, for_all=EVERY)
depth_parameters = equation(where=two_ways, kind="count")
depth_ratio = equation(where=two_ways)
depth_delayed = equation(where=looking_ahead, for_all="1 <= t <= T - 2")
depth_horizon = equation(where=looking_ahead, for_all="1 <= t and t + 2 < s <= T")
depth_reversed = definition(where=padded_both_ways, for_all="1 <= t <= T - 2")
depth_padded = equation(where=padded_both_ways, for_all="1 <= t <= T - 2", equal_in=padded_at_rest)
depth_hidden_markov = equation(where=hidden_markov, for_all="1 <= t < T")

depth_layers = definition(where=two_layers, for_all=LAYERS)
depth_local = equation(where=two_layers, for_all=LAYERS)
depth_one_cell = definition(where=two_layers, for_all=EVERY)
depth_triangular = equation(where=two_layers, for_all="1 < t <= T")
depth_paths = equation(where=two_layers, for_all="1 < t <= T")
depth_back = equation(where=two_layers, for_all="1 <= t < T and l == 1")
depth_lattice = equation(where=ladder, for_all="1 <= k <= t <= T and 1 <= j <= l <= 3")
depth_binomial = equation(where=ladder, for_all="1 <= n < T and 1 <= d <= 3")
depth_rounds = equation(where=ladder, for_all=THREE, kind="count")
depth_residual = definition(where=residual, for_all=THREE)
depth_skip = equation(where=residual, for_all=EVERY)

depth_dropout = equation(where=dropout_masks, for_all=EVERY)
depth_variational = equation(where=dropout_masks)
depth_norm = equation(where=layer_norm)
depth_norm_back = equation(where=layer_norm)
depth_norm_scale = equation(where=layer_norm_exact)
