"""The formulas of the chapter *comparison*: what the three cells cost, and what their states can hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rnn import GRU, LSTM, RNN, counts
from rnn.equations import equation
from rnn.equations.context import Run, world
from rnn.equations.worlds import _randomise, _sizes, _tex
from rnn.exchange import to_torch
from rnn.gru import GRUCell
from rnn.linear import Linear
from rnn.lstm import LSTMCell
from rnn.simple import ElmanCell

# --------------------------------------------------------------------------- the three cells over one sequence


def _three(q: Run, rng: np.random.Generator, *, saturated: bool) -> None:
    T, (D, H) = 4, _sizes(rng, 2)
    elman, gru, lstm = ElmanCell(D, H, rng=rng), GRUCell(D, H, rng=rng), LSTMCell(D, H, rng=rng)
    for cell in (elman, gru, lstm):
        _randomise(cell.params, rng)
    h0, c0 = rng.uniform(-1, 1, size=(1, H)), rng.normal(size=(1, H))
    if saturated:  # gates fully open, a state at the end of its range, a candidate that adds 1 to a cell above 0
        for cell, gates in ((gru, "z"), (lstm, "fico")):
            for gate in gates:
                cell.params |= {f"W_x{gate}": np.zeros((D, H)), f"W_h{gate}": np.zeros((H, H))}
                cell.params[f"b_{gate}"] = np.full(H, 50.0)
        h0, c0 = np.sign(h0), 30 + np.abs(c0)
    q["T"], q["D"], q["H"] = T, D, H
    for name, value in elman.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    q[r"\bar{h}", 0], q["h", 0], q[r"\hat{h}", 0], q["c", 0] = h0.T, h0.T, h0.T, c0.T
    for t in range(1, T + 1):
        q["x", t] = rng.normal(size=(D, 1))
        (bar,), _ = elman.step(q["x", t].T, (q[r"\bar{h}", t - 1].T,))
        (h,), cache = gru.step(q["x", t].T, (q["h", t - 1].T,))
        (hat, c), inner = lstm.step(q["x", t].T, (q[r"\hat{h}", t - 1].T, q["c", t - 1].T))
        q["z", t], q["r", t], q["n", t] = cache[2].T, cache[3].T, cache[5].T
        q["f", t], q["i", t], q[r"\tilde{c}", t], q["o", t] = (gate.T for gate in inner[3:7])
        q[r"\bar{h}", t], q["h", t], q[r"\hat{h}", t], q["c", t] = bar.T, h.T, hat.T, c.T
    for name in ("h", r"\hat{h}", "c"):
        for t in range(T + 1):
            for j in range(1, H + 1):
                q[name, t, j] = q[name, t][j - 1, 0]


@world()
def three_cells(q: Run, rng: np.random.Generator) -> None:
    """A tanh cell, a GRU cell and an LSTM cell over the same sequence."""  # noqa: D401
    _three(q, rng, saturated=False)


@world()
def saturated_cells(q: Run, rng: np.random.Generator) -> None:
    """The same with gates that are fully open, a GRU state of ones and an LSTM cell that counts up."""  # noqa: D401
    _three(q, rng, saturated=True)


# --------------------------------------------------------------------------- real arrays, counted


class _Counting(np.ndarray):
    """An array that notes the multiply-adds of the products in which it or its offspring takes part."""

    products = 0

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        plain = [np.asarray(x) for x in inputs]
        if ufunc is np.matmul:
            _Counting.products += plain[0].size * plain[1].shape[-1]
        return getattr(ufunc, method)(*plain, **options).view(_Counting)


def _numbers(arrays: Any) -> int:
    return sum(np.asarray(value).size for value in arrays)


def _products(cell: Any, x: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Count the multiply-adds of a step of one sequence, forward and back, while it runs."""
    for name, value in cell.params.items():
        cell.params[name] = value.view(_Counting)
    state = tuple(part.view(_Counting) for part in cell.zero_state(1))
    cell._check_step = lambda x, state: (x, *state)  # which would turn them into plain arrays
    cell._check_step_back = lambda d_state, cache: (*d_state, cache)
    _Counting.products = 0
    after, cache = cell.step(x, state)
    forward = _Counting.products
    cell.step_back(after, cache)
    return forward, _Counting.products - forward


def _kept(cell: Any, rng: np.random.Generator, steps: int) -> int:
    """Count the different numbers in what the steps of a run leave behind for the way back."""
    state = tuple(rng.normal(size=part.shape) / 2 for part in cell.zero_state(1))
    kept: dict[bytes, int] = {}  # by value: a state is the same array as the one before it in the next step
    for _ in range(steps):
        state, cache = cell.step(rng.normal(size=(1, cell.input_size)), state)
        kept |= {value.tobytes(): value.size for value in cache}
    return sum(kept.values())


CELLS: dict[int, Callable[..., Any]] = {1: ElmanCell, 3: partial(GRUCell, reset="before"), 4: LSTMCell}
LAYERS: dict[int, Callable[..., Any]] = {1: RNN, 3: GRU, 4: LSTM}


def _count(q: Run, rng: np.random.Generator, *, read_out: bool) -> None:
    # --8<-- [start:counted]
    D, H, O = _sizes(rng, 3)
    q["D"], q["H"], q["O"] = D, H, O
    q["R"] = _numbers(Linear(H, O).params.values()) if read_out else 0
    for k, make in CELLS.items():
        q["P", k, 1] = _numbers(make(D, H).params.values())  # one bias for each gate
        q["P", k, 2] = _numbers(to_torch(LAYERS[k](D, H)).values())  # two, under PyTorch's names
        q["M", k], q[r"\bar{M}", k] = _products(make(D, H), np.ones((1, D)))
        q["S", k] = _kept(make(D, H), rng, 5) - _kept(make(D, H), rng, 4)
        q["Z", k] = _numbers(make(D, H).zero_state(1))
        for b in (1, 2):
            q["N", k, b] = q["P", k, b] + q["R"]
            single = make(D, 1).params if b == 1 else to_torch(LAYERS[k](D, 1))
            q["u", k, b] = _numbers(single.values()) + _numbers(Linear(1, O).params.values()) - k - O
    q[r"P^\ast", 3] = _numbers(GRUCell(D, H, reset="after").params.values())
    # --8<-- [end:counted]


@world()
def counted_cells(q: Run, rng: np.random.Generator) -> None:
    """Cells of the package with random sizes: the numbers in their arrays, the products while a step runs."""
    _count(q, rng, read_out=True)


@world()
def without_read_out(q: Run, rng: np.random.Generator) -> None:
    """The same without a read-out layer."""  # noqa: D401
    _count(q, rng, read_out=False)


@world()
def equal_budgets(q: Run, rng: np.random.Generator) -> None:
    """Hidden sizes that the package finds for one budget of parameters, large against the input."""
    D, budget = int(rng.integers(2, 7)), int(rng.integers(200_000, 400_000))
    kinds: dict[int, Callable[..., counts.Counts]] = {
        1: counts.rnn,
        3: partial(counts.gru, reset="before"),
        4: counts.lstm,
    }
    for k, kind in kinds.items():
        q["H", k] = counts.hidden_size_for(budget, partial(kind, D))


# --------------------------------------------------------------------------- cells with weights set by hand


@world()
def counting_cell(q: Run, rng: np.random.Generator) -> None:
    """An LSTM cell with weights set by hand: gates open, and a candidate that is 1 or −1 as the input is."""  # noqa: D401
    cell = LSTMCell(1, 1, rng=rng)
    for name, value in cell.params.items():
        value[...] = 50.0 if name in ("W_xc", "b_f", "b_i", "b_o") else 0.0
    q["T"], q["c", 0], h = 12, float(rng.integers(-5, 6)), np.zeros((1, 1))
    for t in range(1, 13):
        q["x", t] = float(rng.choice([-1, 1]))
        (h, c), _ = cell.step(q["x", t].reshape(1, 1), (h, q["c", t - 1].reshape(1, 1)))
        q["c", t], q["h", t] = c[0, 0], h[0, 0]


@world()
def leaky_cell(q: Run, rng: np.random.Generator) -> None:
    """A GRU cell with the same candidate, and a constant update gate."""  # noqa: D401
    cell = GRUCell(1, 1, rng=rng)
    for name, value in cell.params.items():
        value[...] = 50.0 if name == "W_xn" else 0.0
    cell.params["b_z"][...] = rng.normal()
    q["T"], q["h", 0] = 12, rng.uniform(-1, 1)
    for t in range(1, 13):
        q["x", t] = float(rng.choice([-1, 1]))
        (h,), cache = cell.step(q["x", t].reshape(1, 1), (q["h", t - 1].reshape(1, 1),))
        q["z"], q["h", t] = cache[2][0, 0], h[0, 0]


# --------------------------------------------------------------------------- where each formula holds

KINDS, BOTH = "k in (1, 3, 4)", "k in (1, 3, 4) and b in (1, 2)"
UNITS = "1 <= t <= T and 1 <= j <= H"

comparison_updates = equation(where=three_cells, for_all="1 <= t <= T")

# parameters
comparison_parameters = equation(where=counted_cells, for_all=BOTH, kind="count")
comparison_ratio = equation(where=counted_cells, for_all="b in (1, 2)", kind="count")
comparison_biases = equation(where=counted_cells, for_all=KINDS, kind="count")
comparison_read_out = equation(where=counted_cells, for_all=BOTH, kind="count")
comparison_diluted = equation(where=counted_cells, for_all="b in (1, 2)", equal_in=without_read_out)

# operations and memory
comparison_products = equation(where=counted_cells, for_all=BOTH, kind="count")
comparison_backward = equation(where=counted_cells, for_all=KINDS, kind="count")
comparison_stored = equation(where=counted_cells, kind="count")
comparison_state = equation(where=counted_cells, kind="count")

# equal numbers of parameters
comparison_quadratic = equation(where=counted_cells, for_all=BOTH, kind="count")
comparison_solved = equation(where=counted_cells, for_all=BOTH)
comparison_root = equation(where=equal_budgets, approx=0.01)

# what the states can hold
comparison_bounded = equation(where=three_cells, for_all=UNITS, equal_in=(saturated_cells, saturated_cells))
comparison_open = equation(where=three_cells, for_all=UNITS, equal_in=saturated_cells)
comparison_counter = equation(where=counting_cell, for_all="0 <= t <= T", kind="count")
comparison_leaky = equation(where=leaky_cell, for_all="0 <= t <= T")
