"""The formulas of the chapter *gru*: four functions of one name, their gradients, and what they turn into."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnn import ElmanCell, GRUCell, LSTMVariant, exchange
from rnn.equations import definition, equation
from rnn.equations.context import Run, world
from rnn.equations.tex import Rows
from rnn.equations.worlds import Seen, _randomise, _sizes, _tex, _typewriter, _with
from rnn.jacobians import cell_jacobians
from rnn.lstm import sigmoid
from rnn.validate import Array

Change = Callable[[dict[str, Array]], None]
SHUT, OPEN = -800.0, 800.0  # biases at which a sigmoid is 0 and 1 to the last digit


def _gates(q: Run, cell: GRUCell, t: int, weights: dict[str, Array]) -> None:
    """Take one step gate by gate, so that each value can be varied; `seen` says what `GRUCell.step` makes of it."""
    # --8<-- [start:gates]
    at_t = _with(cell, **weights)
    x, h_prev = q["x", t].T, q["h", t - 1].T
    for gate in "zr":
        q[rf"\hat{{{gate}}}", t] = at_t.pre_activation(gate, x, h_prev).T
        q[gate, t] = sigmoid(q[rf"\hat{{{gate}}}", t])
    if cell.reset == "before":
        q["m", t] = q["r", t] * q["h", t - 1]
        q[r"\hat{n}", t] = at_t.pre_activation("n", x, q["m", t].T).T
    else:
        q["m", t] = weights["W_hn"].T @ q["h", t - 1] + weights["b_hn"].T
        q[r"\hat{n}", t] = weights["W_xn"].T @ q["x", t] + weights["b_n"].T + q["r", t] * q["m", t]
    q["n", t] = np.tanh(q[r"\hat{n}", t])
    keep = q["z", t] if cell.update == "keeps" else 1 - q["z", t]
    q["h", t] = keep * q["h", t - 1] + (1 - keep) * q["n", t]
    # --8<-- [end:gates]


def _nothing(params: dict[str, Array]) -> None:
    """Leave the random parameters as they are."""


def _gru(
    q: Run,
    rng: np.random.Generator,
    *,
    reset: str = "after",
    update: str = "keeps",
    change: Change = _nothing,
    h0: Array | None = None,
) -> Callable[[], Seen]:
    # --8<-- [start:gru]
    T, (D, H) = int(rng.integers(4, 7)), _sizes(rng, 2)
    cell = GRUCell(D, H, reset=reset, update=update, rng=rng)
    _randomise(cell.params, rng)
    change(cell.params)  # the special contexts below
    q["T"], q["D"], q["H"], q["I"], q[r"\mathbf{1}"] = T, D, H, np.eye(H), np.ones((H, 1))
    for name, value in cell.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]  # W_math is W_code.T
    q["h", 0] = rng.uniform(-0.9, 0.9, size=(H, 1)) if h0 is None else h0 * np.ones((H, 1))
    q["L"] = 0.0
    for t in range(1, T + 1):
        q["x", t], target = rng.normal(size=(D, 1)), rng.normal(size=(H, 1))
        _gates(q, cell, t, {name: q[_tex(name)].T for name in cell.params})
        q["L", t] = ((q["h", t] - target) ** 2).sum() / 2
        q["L"] = q["L"] + q["L", t]
        q |= {(name, t, i): q[name, t][i - 1, 0] for name in "hzn" for i in range(1, H + 1)}
        q[r"y^\ast", t] = target
    q |= {("h", 0, i): q["h", 0][i - 1, 0] for i in range(1, H + 1)}
    # --8<-- [end:gru]

    def seen() -> Seen:
        """Return what `GRUCell.step` and `step_back` make of the same sequence."""
        found: Seen = {}
        h, caches = q["h", 0].T, []
        for t in range(1, T + 1):
            (h,), cache = cell.step(q["x", t].T, (h,))
            caches.append(cache)
            found["h", t] = h.T
            for name, value in zip("zrmn", cache[2:], strict=True):
                found[name, t] = value.T
        delta, total = np.zeros_like(h), {name: np.zeros_like(value) for name, value in cell.params.items()}
        for t in range(T, 0, -1):
            delta = delta + found["h", t].T - q[r"y^\ast", t].T
            found[r"\delta", t] = delta.T
            _, (delta,), grads = cell.step_back((delta,), caches[t - 1])
            total = {name: total[name] + grads[name] for name in total}
        found |= {("d" + _tex(name),): np.atleast_2d(value).T for name, value in total.items()}
        inputs = np.stack([q["x", t].T for t in range(1, T + 1)])
        for t, J in enumerate(cell_jacobians(cell, inputs, (q["h", 0].T,)), start=1):
            found["J", t] = J
        return found

    return seen


_NOTATION = {
    r"e_t": r"\frac{\partial L_t}{\partial h_t}",
    r"J_t": r"\frac{\partial h_t}{\partial h_{t-1}}",
    r"\delta_t": r"\frac{\partial L}{\partial h_t}",
}
HELD = ["h", "z", "n"]


@world(means=_NOTATION, held=HELD)
def gru(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A GRU over one sequence, with a loss at every step: reset after the product, z keeps."""
    return _gru(q, rng)


@world(means=_NOTATION, held=HELD)
def gru_before(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the reset before the product."""
    return _gru(q, rng, reset="before")


@world(means=_NOTATION, held=HELD)
def gru_replaces(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the reset after the product and a z that replaces."""
    return _gru(q, rng, update="replaces")


@world(means=_NOTATION, held=HELD)
def gru_before_replaces(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The same with the reset before the product and a z that replaces."""
    return _gru(q, rng, reset="before", update="replaces")


def _relabelled(q: Run, rng: np.random.Generator, reset: str) -> None:
    """Run a GRU whose z keeps; a bar marks another of the package whose z replaces, with three parameters negated."""
    _gru(q, rng, reset=reset)
    cell = GRUCell(int(q["D"]), int(q["H"]), reset=reset, update="replaces", rng=rng)
    for name in cell.params:
        sign = -1 if name in ("W_xz", "W_hz", "b_z") else 1
        cell.params[name] = sign * (q[_tex(name)].T if name.startswith("W") else q[_tex(name)][:, 0])
        letter, _, index = name.partition("_")
        q[rf"\bar{{{letter}}}_{{{index}}}"] = sign * q[_tex(name)]
    h = q["h", 0].T
    for t in range(1, int(q["T"]) + 1):
        (h,), cache = cell.step(q["x", t].T, (h,))
        q[r"\bar{h}", t], q[r"\bar{z}", t] = h.T, cache[2].T


@world()
def gru_relabelled(q: Run, rng: np.random.Generator) -> None:
    """A GRU whose z keeps, and with a bar another of the package whose z replaces, with three parameters negated."""
    _relabelled(q, rng, "after")


@world()
def gru_before_relabelled(q: Run, rng: np.random.Generator) -> None:
    """The same with the reset before the product in both."""
    _relabelled(q, rng, "before")


def _bias(params: dict[str, Array], **values: float) -> None:
    """Make gates depend on nothing but a bias."""
    for gate, value in values.items():
        for name in (f"W_x{gate}", f"W_h{gate}"):
            params[name][...] = 0
        params[f"b_{gate}"][...] = value


def _with_others(q: Run, rng: np.random.Generator, **biases: float) -> None:
    """Run a GRU with constant gates; a bar marks the package's tanh network with the weights of its candidate."""
    _gru(q, rng, change=lambda params: _bias(params, **biases))
    cell = ElmanCell(int(q["D"]), int(q["H"]), rng=rng)
    cell.params |= {"W_xh": q["W_{xn}"].T, "W_hh": q["W_{hn}"].T, "b_h": (q["b_{n}"] + q["b_{hn}"])[:, 0]}
    for t in range(1, int(q["T"]) + 1):
        (h,), _ = cell.step(q["x", t].T, (q["h", t - 1].T,))
        q[r"\bar{h}", t] = h.T


@world()
def gru_open(q: Run, rng: np.random.Generator) -> None:
    """A GRU with r = 1, beside the package's tanh network with the weights of its candidate (bar)."""
    _with_others(q, rng, r=OPEN)


@world()
def gru_even_resets(q: Run, rng: np.random.Generator) -> None:
    """A GRU whose reset gates are all one and the same number, neither 0 nor 1."""
    _gru(q, rng, change=lambda params: _bias(params, r=rng.uniform(-1, 1)))


@world()
def gru_plain(q: Run, rng: np.random.Generator) -> None:
    """The same with r = 1 and z = 0."""
    _with_others(q, rng, r=OPEN, z=SHUT)


@world()
def gru_leaky(q: Run, rng: np.random.Generator) -> None:
    """The same with r = 1 and a z that is the same number α at every step."""
    alpha = rng.uniform(0.2, 0.8)
    _with_others(q, rng, r=OPEN, z=float(np.log(alpha / (1 - alpha))))
    q[r"\alpha"] = alpha


@world()
def gru_copying(q: Run, rng: np.random.Generator) -> None:
    """The same with z = 1."""
    _gru(q, rng, change=lambda params: _bias(params, z=OPEN))


@world()
def gru_rising(q: Run, rng: np.random.Generator) -> None:
    """A GRU that starts between 0 and 1, with a candidate of 1 in every unit."""
    _gru(q, rng, change=lambda params: _bias(params, n=OPEN), h0=rng.uniform(0.2, 0.8, size=(1, 1)))


@world()
def gru_full(q: Run, rng: np.random.Generator) -> None:
    """A GRU whose state and candidate are 1 in every unit."""
    _gru(q, rng, change=lambda params: _bias(params, n=OPEN), h0=np.ones((1, 1)))


@world()
def gru_diagonal(q: Run, rng: np.random.Generator) -> None:
    """A GRU with a diagonal W_hn: no unit's candidate listens to another unit."""

    def change(params: dict[str, Array]) -> None:
        params["W_hn"][...] = np.diag(np.diag(params["W_hn"]))

    _gru(q, rng, change=change)


@world()
def gru_one_gate(q: Run, rng: np.random.Generator) -> None:
    """A GRU, reset before and z replaces, whose two gates have the same weights."""

    def change(params: dict[str, Array]) -> None:
        for kind in ("W_x", "W_h", "b_"):
            params[f"{kind}r"][...] = params[f"{kind}z"]

    _gru(q, rng, reset="before", update="replaces", change=change)
    for t in range(1, int(q["T"]) + 1):
        q["f", t] = q["z", t]


@world()
def gru_coupled(q: Run, rng: np.random.Generator) -> None:
    """A GRU with r = 1 and a z that replaces; with a bar an LSTM with f = 1 - i, and h = c, with the same weights."""
    _gru(q, rng, update="replaces", change=lambda params: _bias(params, r=OPEN))
    bare = ("output gate", "output activation")
    cell = LSTMVariant(int(q["D"]), int(q["H"]), coupled=True, without=bare, rng=rng)
    bias = {"b_i": q["b_{z}"], "b_c": q["b_{n}"] + q["b_{hn}"]}
    weights = {f"W_{a}{ours}": q[f"W_{{{a}{theirs}}}"].T for a in "xh" for ours, theirs in ("iz", "cn")}
    cell.params |= weights | {name: value[:, 0] for name, value in bias.items()}
    h = c = q["h", 0].T
    for t in range(1, int(q["T"]) + 1):
        (h, c), cache = cell.step(q["x", t].T, (h, c))
        q[r"\bar{h}", t], q[r"\bar{i}", t] = h.T, cache[4].T


@world()
def gru_half_life(q: Run, rng: np.random.Generator) -> None:
    """An update gate that depends on its bias b alone, and after how many steps half is left on the direct path."""
    cell = GRUCell(1, 1, rng=rng)
    q["b"] = rng.uniform(0.5, 5.0)
    _bias(cell.params, z=float(q["b"]), n=0.0)
    _, cache = cell.step([[0.0]], (np.ones((1, 1)),))
    q["n"] = 1 / -np.log2(cache[2][0, 0])


@world()
def gru_counted(q: Run, rng: np.random.Generator) -> None:
    """The arrays of a GRU in both forms of the reset, and those that PyTorch and Keras store."""
    # --8<-- [start:counted]
    D, H = _sizes(rng, 2)
    before, after = (GRUCell(D, H, reset=reset, rng=rng) for reset in ("before", "after"))
    _randomise(after.params, rng)
    q["D"], q["H"] = D, H
    arrays = {"before": before.params, "after": after.params, "two": exchange.to_torch(after)}
    for name, params in arrays.items():
        q[rf"N_{{\mathrm{{{name}}}}}"] = sum(value.size for value in params.values())
    for name, value in after.params.items():
        q[_tex(name)] = value.T if value.ndim == 2 else value[:, None]
    q[r"\mathtt{weight\_ih}"] = exchange.to_torch(after)["weight_ih"]
    q[r"\mathtt{weight\_hh}"] = exchange.to_torch(after)["weight_hh"]
    q["K_{x}"] = exchange.to_keras(after)["kernel"]
    q["K_{h}"] = exchange.to_keras(after)["recurrent_kernel"]
    # --8<-- [end:counted]


@world()
def gru_rows(q: Run, rng: np.random.Generator) -> None:
    """One step of a GRU for a whole batch, forwards and back, in the rows of the code."""
    # --8<-- [start:rows]
    B, D, H = _sizes(rng, 3)
    cell = GRUCell(D, H, rng=rng)
    _randomise(cell.params, rng)
    x, h_prev, delta = rng.normal(size=(B, D)), rng.uniform(-0.9, 0.9, size=(B, H)), rng.normal(size=(B, H))
    (h,), cache = cell.step(x, (h_prev,))
    d_x, (d_h_prev,), grads = cell.step_back((delta,), cache)
    alone = [cell.step_back((delta[[b]],), tuple(part[[b]] for part in cache))[2] for b in range(B)]
    d_a = {gate: np.stack([g[f"b_{gate}"] for g in alone]) for gate in "zrn"}  # of one row, it is the bias's gradient
    # --8<-- [end:rows]
    named = dict(zip(("x", "h_prev", "z", "r", "m", "n"), cache, strict=True)) | {"h": h, "delta": delta, "d_x": d_x}
    named |= {"d_h_prev": d_h_prev} | {f"d_{gate}": value for gate, value in d_a.items()}
    for name, value in (named | cell.params | {"d" + name: value for name, value in grads.items()}).items():
        q[_typewriter(name)] = np.atleast_2d(value).view(Rows)


FORMS = (gru, gru_before, gru_replaces, gru_before_replaces)
STEPS = "1 <= t <= T"

# the four functions
gru_gates = equation(where=FORMS, for_all=STEPS)
gru_step_after = definition(where=gru, for_all=STEPS)
gru_step_before = definition(where=gru_before, for_all=STEPS)
gru_step_replaces = definition(where=gru_before_replaces, for_all=STEPS)
gru_relabel = equation(where=(gru_relabelled, gru_before_relabelled), for_all=STEPS)
gru_relabel_why = equation(where=gru, for_all=STEPS)
gru_rows_step = equation(where=gru_rows)

# before or after the product
gru_scaled = equation(where=gru, for_all=STEPS)
gru_not_the_same = equation(where=gru, for_all=STEPS, equal_in=gru_even_resets)
gru_commutator = equation(where=gru, for_all=STEPS)
gru_not_commuting = equation(where=gru, for_all=STEPS, equal_in=gru_diagonal)

# special cases
gru_tanh = equation(where=gru_plain, for_all=STEPS)
gru_not_tanh = equation(where=gru_open, for_all=STEPS, equal_in=gru_plain)
gru_copy = equation(where=gru_copying, for_all=STEPS)
gru_leak = equation(where=gru_leaky, for_all=STEPS)
gru_bounded = equation(where=(gru, gru_before), for_all="1 <= t <= T and 1 <= i <= H", equal_in=(gru_rising, gru_full))
gru_as_lstm = equation(where=gru_coupled, for_all=STEPS)
gru_minimal = equation(where=gru_one_gate, for_all=STEPS)

# gradients
gru_back_inside = equation(where=gru, for_all=STEPS)
gru_back_state = equation(where=gru, for_all="1 <= t < T")
gru_back_delta = definition(where=gru, for_all="1 <= t < T")
gru_back_weights = equation(where=gru)
gru_back_biases = equation(where=gru)
gru_back_input = equation(where=gru, for_all=STEPS)
gru_back_before = equation(where=gru_before, for_all="1 <= t < T")
gru_rows_back = equation(where=gru_rows)
gru_direct = equation(where=(gru, gru_before), for_all=STEPS)
gru_jacobian = equation(where=gru, for_all=STEPS)
gru_jacobian_before = definition(where=gru_before, for_all=STEPS)
gru_half = equation(where=gru_half_life)

# parameters
gru_parameters = equation(where=gru_counted, kind="count")
gru_two_biases = equation(where=gru, for_all=STEPS, equal_in=gru_open)
gru_orders = equation(where=gru_counted)
