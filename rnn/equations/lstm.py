"""The formulas of the chapter *lstm*: a state that is carried by adding, and gates."""

# ruff: noqa: D401 (a context says what it is)

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnn import LSTMCell, init
from rnn.equations import definition, equation
from rnn.equations.context import Run, world
from rnn.equations.tex import Rows
from rnn.equations.worlds import Seen, _randomise, _sizes, _tex, _typewriter, _with
from rnn.jacobians import cell_jacobians
from rnn.lstm import sigmoid
from rnn.validate import Array
from rnn.variants import LSTMVariant

GATES = ["f", "i", r"\tilde{c}", "o"]
_NOTATION = {
    r"e_t": r"\frac{\partial L_t}{\partial h_t}",
    r"\delta_t": r"\frac{\partial L}{\partial h_t}",
    r"\varepsilon_t": r"\frac{\partial L}{\partial c_t}",
    r"A_t": r"\frac{\partial c_t}{\partial h_{t-1}}",
    r"B_t": r"\frac{\partial h_t}{\partial c_t}",
    r"M_t": r"\frac{\partial h_t}{\partial o_t}\,\frac{\partial o_t}{\partial h_{t-1}}",
}


def _cell(
    q: Run,
    rng: np.random.Generator,
    *,
    make: Callable[..., LSTMCell] = LSTMCell,
    change: Callable[[dict[str, Array]], None] = lambda params: None,
    silent: bool = False,
) -> Callable[[], Seen]:
    T, (D, H) = int(rng.integers(4, 7)), _sizes(rng, 2)
    cell = make(D, H, rng=rng)
    _randomise(cell.params, rng)
    change(cell.params)  # the special contexts below
    gates = getattr(cell, "gates", "fio")

    q["T"], q["D"], q["H"], q["I"] = T, D, H, np.eye(H)
    q["N"] = sum(value.size for value in cell.params.values())
    for name, value in cell.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]  # W_math is W_code.T
    q["h", 0], q["c", 0] = rng.normal(size=(H, 1)) * 0.5, rng.normal(size=(H, 1))
    q["L"] = 0.0
    for t in range(1, T + 1):
        q["x", t], q[r"h^\ast", t] = rng.normal(size=(D, 1)), rng.normal(size=(H, 1))
        if silent:  # W_xo closes the output gate as long as the first input is 1
            q["x", t][0] = float(t < T)
        at_t = _with(cell, **{name: q[_tex(name)].T for name in cell.params})
        for gate in "c" + gates:
            q[rf"\bar{{{gate}}}", t] = at_t.pre_activation(gate, q["x", t].T, q["h", t - 1].T).T
        q["i", t], q[r"\tilde{c}", t] = sigmoid(q[r"\bar{i}", t]), np.tanh(q[r"\bar{c}", t])
        if "f" in gates:
            q["f", t] = sigmoid(q[r"\bar{f}", t])
        else:
            q["f", t] = 1 - q["i", t] if getattr(cell, "coupled", False) else np.ones((H, 1))
        q["c", t] = q["f", t] * q["c", t - 1] + q["i", t] * q[r"\tilde{c}", t]
        q["o", t] = sigmoid(q[r"\bar{o}", t])
        q["h", t] = q["o", t] * np.tanh(q["c", t])
        q["L", t] = ((q["h", t] - q[r"h^\ast", t]) ** 2).sum() / 2
        q["L"] = q["L"] + q["L", t]

    def seen() -> Seen:
        """Return what `step` says, and the Jacobians that `step_back` gives."""
        state, found = (q["h", 0].T, q["c", 0].T), Seen()
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        for t, J in enumerate(cell_jacobians(cell, inputs, state), start=1):
            found["J", t] = J
        for t, x in enumerate(inputs, start=1):
            state, (_, _, _, *values, _) = cell.step(x, state)
            found |= {(name, t): value.T for name, value in zip(GATES, values, strict=True)}
            found["h", t], found["c", t] = (part.T for part in state)
        return found

    return seen


def _constant(params: dict[str, Array], gate: str, bias: float | None = None) -> None:
    """Let a gate look at nothing, and give it a bias."""
    params[f"W_x{gate}"][...] = params[f"W_h{gate}"][...] = 0
    if bias is not None:
        params[f"b_{gate}"][...] = bias


@world(means=_NOTATION, held=GATES)
def gated_cell(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """An LSTM cell over one sequence, with a squared error of h at every step."""
    return _cell(q, rng)


@world(means=_NOTATION, held=GATES)
def gated_deaf(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but no gate and no candidate listens to h."""

    def change(params: dict[str, Array]) -> None:
        for gate in "fico":
            params[f"W_h{gate}"][...] = 0

    return _cell(q, rng, change=change)


@world(means=_NOTATION, held=GATES)
def gated_silent(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but the output gate is closed until the last step."""

    def change(params: dict[str, Array]) -> None:
        params["W_xo"][0] = -100  # so strong that the gate is 0 to the last digit

    return _cell(q, rng, change=change, silent=True)


@world(means=_NOTATION, held=GATES)
def gated_even(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same, but the forget gate looks at nothing, so that it never changes."""
    return _cell(q, rng, change=lambda params: _constant(params, "f"))


@world(means=_NOTATION, held=GATES)
def gated_holding(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the forget gate open and the input gate shut, to the last digit."""

    def change(params: dict[str, Array]) -> None:
        params["b_f"][...], params["b_i"][...] = 100, -100

    return _cell(q, rng, change=change)


@world(means=_NOTATION, held=GATES)
def gated_carousel(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same without a forget gate, as in 1997."""
    return _cell(q, rng, make=lambda D, H, rng: LSTMVariant(D, H, without=("forget gate",), rng=rng))


@world(means=_NOTATION, held=GATES)
def gated_coupled(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with one gate for input and forgetting."""
    return _cell(q, rng, make=lambda D, H, rng: LSTMVariant(D, H, coupled=True, rng=rng))


_GATE_ROWS = {gate: rf"\mathtt{{d\_a[{gate}]}}" for gate in "fico"}
_ROWS_NOTATION = {
    r"\mathtt{d\_h}_t": r"\frac{\partial L}{\partial \mathtt{h}_t}",
    r"\mathtt{d\_c}_t": r"\frac{\partial L}{\partial \mathtt{c}_t}",
    r"\mathtt{d\_x}_t": r"\frac{\partial L}{\partial \mathtt{x}_t}",
    **{f"{name}_t": rf"\frac{{\partial L}}{{\partial \mathtt{{a[{gate}]}}_t}}" for gate, name in _GATE_ROWS.items()},
}


@world(means=_ROWS_NOTATION)
def gated_rows(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The arrays of the code for a whole batch, forward and back."""
    T, (B, D, H) = 4, _sizes(rng, 3)
    cell = LSTMCell(D, H, rng=rng)
    _randomise(cell.params, rng)
    q["T"], q["B"], q["D"], q["H"] = T, B, D, H
    for name, value in cell.params.items():
        q[_typewriter(name)] = np.atleast_2d(value).view(Rows)
    batch = _with(cell, **{name: q[_typewriter(name)] for name in cell.params})
    targets = rng.normal(size=(T + 1, B, H))
    q[r"\mathtt{h}", 0] = (rng.normal(size=(B, H)) * 0.5).view(Rows)
    q[r"\mathtt{c}", 0] = rng.normal(size=(B, H)).view(Rows)
    q["L"] = 0.0
    for t in range(1, T + 1):
        q[r"\mathtt{x}", t] = rng.normal(size=(B, D)).view(Rows)
        for gate, name in zip("fico", ("f", "i", r"c\_tilde", "o"), strict=True):
            q[rf"\mathtt{{a[{gate}]}}", t] = batch.pre_activation(gate, q[r"\mathtt{x}", t], q[r"\mathtt{h}", t - 1])
            a = q[rf"\mathtt{{a[{gate}]}}", t]
            q[rf"\mathtt{{{name}}}", t] = np.tanh(a) if gate == "c" else sigmoid(a)
        kept = q[r"\mathtt{f}", t] * q[r"\mathtt{c}", t - 1]
        q[r"\mathtt{c}", t] = kept + q[r"\mathtt{i}", t] * q[r"\mathtt{c\_tilde}", t]
        q[r"\mathtt{h}", t] = q[r"\mathtt{o}", t] * np.tanh(q[r"\mathtt{c}", t])
        q["L"] = q["L"] + np.asarray(((q[r"\mathtt{h}", t] - targets[t]) ** 2).sum() / 2)

    def seen() -> Seen:
        """Return what `step` and `step_back` give, in a loop over the sequence."""
        state, caches, found = (np.array(q[r"\mathtt{h}", 0]), np.array(q[r"\mathtt{c}", 0])), [], Seen()
        for t in range(1, T + 1):
            state, cache = cell.step(np.array(q[r"\mathtt{x}", t]), state)
            caches.append(cache)
            for name, value in zip(("f", "i", r"c\_tilde", "o", "c"), cache[3:], strict=True):
                found[rf"\mathtt{{{name}}}", t] = value.view(Rows)
            found[r"\mathtt{h}", t] = state[0].view(Rows)
        back = np.zeros((B, H)), np.zeros((B, H))
        found[r"\mathtt{d\_c\_prev}", T + 1] = back[1].view(Rows)
        for t in range(T, 0, -1):
            local = np.array(found[r"\mathtt{h}", t]) - targets[t]
            found[r"\mathtt{e}", t] = local.view(Rows)
            d_x, back, _ = cell.step_back((back[0] + local, back[1]), caches[t - 1])
            found[r"\mathtt{d\_x}", t] = d_x.view(Rows)
            found[r"\mathtt{d\_h\_prev}", t], found[r"\mathtt{d\_c\_prev}", t] = (part.view(Rows) for part in back)
        return found

    return seen


def _unit(q: Run, b_f: float, b_i: float) -> None:
    cell = LSTMCell(1, 1, rng=np.random.default_rng(0))
    for gate, bias in zip("fico", (b_f, b_i, 0.3, 0.1), strict=True):
        _constant(cell.params, gate, bias)
    _, (_, _, _, f, i, *_) = cell.step(np.ones((1, 1)), cell.zero_state(1))
    q["b_{f}"], q["b_{i}"], q["u"], q["f"], q["i"] = b_f, b_i, np.exp(b_f), f[0, 0], i[0, 0]
    rate = np.log1p(np.exp(-b_f))  # the bias and not f: near 1 a number has too few digits for what it is short of 1
    low, high = 0.0, 1e20
    for _ in range(200):  # the time at which half is left, found by halving
        middle = (low + high) / 2
        low, high = (middle, high) if middle * rate < np.log(2) else (low, middle)
    q["n"] = (low + high) / 2


@world()
def gated_unit(q: Run, rng: np.random.Generator) -> None:
    """A single LSTM unit whose gates look at nothing; `chrono` draws its biases, and $n$ is its half-life."""
    b_f, b_i = init.chrono(1, 12, rng)
    _unit(q, float(b_f[0]), float(b_i[0]))


@world()
def gated_unit_wide(q: Run, rng: np.random.Generator) -> None:
    """The same with a forget gate that is nearly open."""
    _unit(q, float(rng.uniform(12.5, 13)), -3.0)


@world()
def gated_unit_open(q: Run, rng: np.random.Generator) -> None:
    """The same with a forget gate that is as good as open."""
    _unit(q, float(rng.uniform(30, 32)), -3.0)


EVERY = "1 <= t <= T"
PAIRS = "0 <= k <= t <= T and t >= 1"

# carried by adding
lstm_adding = equation(where=gated_carousel, for_all=EVERY)
lstm_constant = equation(where=gated_carousel, for_all=PAIRS)

# the step
lstm_forward = definition(where=gated_cell, for_all=EVERY)
lstm_rows = definition(where=gated_rows, for_all=EVERY)
lstm_count = equation(where=gated_cell, kind="count")

# what is in the cell
lstm_unfolded = equation(where=gated_cell, for_all="2 <= t <= T")
lstm_written = equation(where=gated_cell, for_all=EVERY)
lstm_holds = equation(where=gated_holding, for_all=EVERY)

# back through one step
lstm_shown_slope = equation(where=gated_cell, for_all=EVERY)
lstm_ends = equation(where=gated_cell)
lstm_cell_error = equation(where=gated_cell, for_all="1 <= t < T")
lstm_one_consumer = equation(where=gated_cell, for_all="1 <= t < T", equal_in=gated_silent)
lstm_first_cell = equation(where=gated_cell)
lstm_pre_activations = equation(where=gated_cell, for_all=EVERY)
lstm_state_error = equation(where=gated_cell, for_all="2 <= t <= T")
lstm_input_error = equation(where=gated_cell, for_all=EVERY)
lstm_weights = equation(where=gated_cell)
lstm_biases = equation(where=gated_cell)
lstm_rows_cell = equation(where=gated_rows, for_all=EVERY)
lstm_rows_gates = equation(where=gated_rows, for_all=EVERY)
lstm_rows_before = equation(where=gated_rows, for_all=EVERY)

# the direct path, and the others
lstm_direct = equation(where=gated_cell, for_all=PAIRS)
lstm_direct_bound = equation(where=gated_cell, for_all=PAIRS, equal_in=gated_carousel)
lstm_not_direct = equation(where=gated_cell, for_all="1 <= k < t <= T", equal_in=gated_deaf)
lstm_detour = equation(where=gated_cell, for_all="2 <= t <= T")
lstm_parts = equation(where=gated_cell, for_all=EVERY)
lstm_block = equation(where=gated_cell, for_all=EVERY)
lstm_block_back = equation(where=gated_cell, for_all="2 <= t < T")
lstm_determinant = equation(where=gated_cell, for_all=EVERY)

# how fast a gate forgets
lstm_half_life = equation(where=gated_unit)
lstm_half_life_bounds = equation(where=gated_unit, equal_in=(gated_unit_open, gated_unit_wide))
lstm_chrono = equation(where=gated_unit)
lstm_noise = equation(where=gated_cell, equal_in=gated_even)

# relatives
lstm_coupled = equation(where=gated_coupled, for_all=EVERY)
lstm_average = equation(where=gated_coupled, for_all=EVERY)
