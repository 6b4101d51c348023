"""The assignment's `LSTMCell`, graded: one step, whatever its arrays are called and however the gates are joined."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import permutations, product
from typing import Any

import numpy as np

from rnn.lstm import LSTMCell
from rnn.validate import Array
from rnn.workshop.mistakes import sigmoid
from rnn.workshop.parameters import by_statement, gate_names, live_leaves, stated
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import FLOAT32, FLOAT64, Wrong, compare, expect, shown

B, D, H = 3, 4, 5
GATES = "fico"
ROLES = tuple(f"{kind}{gate}" for gate in GATES for kind in ("W_x", "W_h", "b_"))

Sums = dict[str, Array]  # what goes into each gate before its nonlinearity, (B, H)
State = tuple[Array, Array]


def _step(a: Sums, h: Array, c: Array, **wrong: Any) -> State:
    """Make a step from the sums; each keyword is a way to do it wrong."""
    act = dict.fromkeys("fio", sigmoid) | {"c": np.tanh} | wrong.get("act", {})
    f, i, g, o = (act[gate](a[gate]) for gate in GATES)
    if wrong.get("coupled"):
        i = 1 - f
    new = wrong.get("cell", lambda f, i, g, c, h: f * c + i * g)(f, i, g, c, h)
    out = wrong.get("hidden", lambda o, new, old, g: o * np.tanh(new))(o, new, c, g)
    return (new, out) if wrong.get("swapped") else (out, new)


def _linear(a: Array) -> Array:
    return a


# Mistakes that read the gates' sums rightly.
MISTAKES: dict[str, dict[str, Any]] = {
    "candidate-sigmoid": {"act": {"c": sigmoid}},
    "candidate-linear": {"act": {"c": _linear}},
    "no-output-tanh": {"hidden": lambda o, new, old, g: o * new},
    "no-forget-gate": {"cell": lambda f, i, g, c, h: c + i * g},
    "no-input-gate": {"cell": lambda f, i, g, c, h: f * c + g},
    "no-output-gate": {"hidden": lambda o, new, old, g: np.tanh(new)},
    "forgets-all": {"cell": lambda f, i, g, c, h: i * g},
    "writes-nothing": {"cell": lambda f, i, g, c, h: f * c},
    "forgets-new": {"cell": lambda f, i, g, c, h: f * (c + i * g)},
    "reads-old-cell": {"hidden": lambda o, new, old, g: o * np.tanh(old)},
    "hidden-for-cell": {"cell": lambda f, i, g, c, h: f * h + i * g},
    "candidate-for-cell": {"hidden": lambda o, new, old, g: o * np.tanh(g)},
    "coupled": {"coupled": True},
    "returns-swapped": {"swapped": True},
    "sigmoid-sign": {"act": dict.fromkeys("fio", lambda a: sigmoid(-a))},
}
CALLED = {"f": "f", "i": "i", "c": "c̃", "o": "o"}


@dataclass(frozen=True)
class Reading:
    """One way to read the arrays of a cell: which slot is which gate, and how matrices lie."""

    x: tuple[Array, ...]  # for each of f, i, c, o: (D, H)
    h: tuple[Array, ...]  # (H, H)
    b: tuple[Array, ...]  # (H,)
    gates: str = GATES  # what the slots act as, in the order of their names

    def sums(self, x: Array, h: Array, *, bias: str = GATES, recurrent: bool = True) -> Sums:
        """Return what goes into each gate."""
        found = {}
        for gate, W_x, W_h, b in zip(self.gates, self.x, self.h, self.b, strict=True):
            found[gate] = x @ W_x + (h @ W_h if recurrent else 0.0) + (b if gate in bias else 0.0)
        return found


def check(work: Subject) -> None:
    """Grade `LSTMCell`: results, parameters, one step with random numbers, large numbers."""
    name = str(work("LSTMCell", D, H))
    rng = np.random.default_rng()
    x, h, c = rng.normal(size=(B, D)), rng.normal(size=(B, H)), rng.normal(size=(B, H))
    first = _forward(work, name, x, h, c)
    if compare(_forward(work, name, x, h, c), first) is not None:
        raise Wrong("cell-leaks")
    live = live_leaves(work, name, _role, lambda: np.concatenate(_forward(work, name, x, h, c)))
    slots = Slots.found(work, name, live)
    work.write(name, {p: _random(np.asarray(v), rng) for p, v in work.leaves(name).items() if p in slots.paths})
    values = {path: np.asarray(v) for path, v in work.leaves(name).items()}
    got = _forward(work, name, x, h, c)
    rtol = FLOAT32 if any(values[path].dtype == np.float32 for path in slots.paths) else FLOAT64
    _compare(got, slots, values, (x, h, c), rtol)
    big = _forward(work, name, 1e4 * x, h, c)
    if not all(np.isfinite(part).all() for part in big):
        raise Wrong("sigmoid-overflow", of="LSTMCell.forward")


def _forward(work: Subject, name: str, x: Array, h: Array, c: Array) -> State:
    value = work(name, x, h, c, method="forward")
    if value is None:
        raise Wrong("returns-none", of="LSTMCell.forward(…)")
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise Wrong("cell-results", got=shown(value), wanted=str((len(x), H)))
    parts = [np.asarray(part) if not isinstance(part, str) else np.asarray(None) for part in value[:2]]
    if any(part.shape != (len(x), H) or part.dtype.kind not in "fc" for part in parts):
        raise Wrong("cell-results", got=", ".join(shown(part) for part in parts), wanted=str((len(x), H)))
    return parts[0], parts[1]


def _random(value: Array, rng: np.random.Generator) -> Array:
    return rng.normal(size=value.shape) * (0.7 if value.ndim > 1 and min(value.shape) > 1 else 0.6)


# ── which array is which ────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Slots:
    """The arrays of a cell, sorted by what they are; joined ones are cut when they are read."""

    roles: Mapping[str, list[str]]  # "x", "h", "b", "xh" (joined) → paths
    named: bool = False  # the paths of each role stand in the order f, i, c, o
    turned: frozenset[str] = frozenset()  # stated to lie transposed

    @property
    def paths(self) -> set[str]:
        """All of them."""
        return {path for paths in self.roles.values() for path in paths}

    @classmethod
    def found(cls, work: Subject, name: str, live: Mapping[str, Array]) -> "Slots":
        """Sort the arrays that have an influence."""
        mapping = stated(work.names)
        if all(role in mapping for role in ROLES):
            leaves = by_statement(mapping, ROLES, work.leaves(name), "LSTMCell")
            by_name = {leaf.role: leaf.path for leaf in leaves}
            roles = {
                kind: [by_name[f"{long}{gate}"] for gate in GATES]
                for kind, long in (("x", "W_x"), ("h", "W_h"), ("b", "b_"))
            }
            return cls(roles, named=True, turned=frozenset(leaf.path for leaf in leaves if leaf.turned))
        by_role: dict[str, list[str]] = {"x": [], "h": [], "b": [], "xh": []}
        for path, value in live.items():
            if kind := _role(value.shape):
                by_role[kind].append(path)
        by_role = {role: _without_joined(paths, live) for role, paths in by_role.items() if paths}
        _complain(by_role, live, {path: np.asarray(v) for path, v in work.leaves(name).items()})
        if len(by_role["b"]) == 8:
            by_role["b"], by_role["b2"] = _pairs(by_role["b"])
        orders = {role: gate_names(paths) for role, paths in by_role.items()}
        if all(orders.values()):
            ordered = {
                r: [dict(zip(orders[r] or [], paths, strict=True))[g] for g in GATES] for r, paths in by_role.items()
            }
            return cls(ordered, named=True)
        return cls(by_role)

    def readings(self, values: Mapping[str, Array]) -> Iterator[Reading]:
        """Yield every way to read the arrays that is worth a try, the likeliest first."""
        for turned, state_first in product((False, True), (False, True) if "xh" in self.roles else (False,)):
            x, h = self._matrices(values, turned, state_first)
            b = self._biases(values)
            orders = [GATES] if self.named else ["".join(p) for p in permutations(GATES)]
            for gates in orders:
                yield Reading(x, h, b, gates)

    def _matrices(self, values: Mapping[str, Array], turned: bool, state_first: bool) -> tuple[tuple[Array, ...], ...]:
        if "xh" in self.roles:
            whole = [_laid(values[path], D + H) for path in self.roles["xh"]]
            parts = [part for array in whole for part in np.split(array, array.shape[1] // H, axis=1)]
            x = [part[H:] if state_first else part[:D] for part in parts]
            h = [part[:H] if state_first else part[D:] for part in parts]
        else:
            x = [part for path in self.roles["x"] for part in _split(_laid(values[path], D))]
            h = []
            for path in self.roles["h"]:
                square = values[path].shape == (H, H)
                lies = path in self.turned if self.turned else turned
                array = values[path].T if square and lies else _laid(values[path], H)
                h += _split(array)
        return tuple(x), tuple(h)

    def _biases(self, values: Mapping[str, Array]) -> tuple[Array, ...]:
        def cut(role: str) -> list[Array]:
            flat = [values[path].reshape(-1) for path in self.roles.get(role, [])]
            return [part for array in flat for part in np.split(array, array.size // H)]

        parts = cut("b")
        second = cut("b2") or parts[4:]  # two for each gate are added up
        return tuple(a + b for a, b in zip(parts, second, strict=False)) if second else tuple(parts)


def _pairs(paths: list[str]) -> tuple[list[str], list[str]]:
    """Cut eight biases into the first and the second of each gate, as their names or else their order suggest."""
    alternating, halves = (paths[::2], paths[1::2]), (paths[:4], paths[4:])
    for first, second in (alternating, halves):
        if gate_names(first) is not None and gate_names(first) == gate_names(second):
            return first, second
    return halves


def _role(shape: tuple[int, ...]) -> str:
    sizes = set(shape) - {1}
    if len(sizes) == 1 and len(shape) - shape.count(1) == 1 and sizes <= {H, 4 * H}:
        return "b"
    if shape in ((D, H), (H, D), (D, 4 * H), (4 * H, D)):
        return "x"
    if shape in ((H, H), (H, 4 * H), (4 * H, H)):
        return "h"
    return "xh" if shape in ((D + H, H), (H, D + H), (D + H, 4 * H), (4 * H, D + H)) else ""


def _without_joined(paths: list[str], live: Mapping[str, Array]) -> list[str]:
    """Where an array and views of its parts are both there, take the parts."""
    small = [path for path in paths if 4 * H not in live[path].shape]
    return small if len(small) in (4, 8) and len(small) < len(paths) else paths


UNUSED = {"f": "no-forget-gate", "i": "no-input-gate", "c": "writes-nothing", "o": "no-output-gate"}


def _complain(roles: Mapping[str, list[str]], live: Mapping[str, Array], every: Mapping[str, Array]) -> None:
    """Say what is missing among the arrays that have an influence."""
    counts = {role: sum(4 if 4 * H in live[path].shape else 1 for path in paths) for role, paths in roles.items()}
    whole = counts.get("xh") == 4 or (counts.get("x") == 4 and counts.get("h") == 4)
    if whole and counts.get("b") in (4, 8):
        return
    if whole and "b" not in roles:
        raise Wrong("cell-no-bias")
    if counts.get("x") == 4 and "h" not in roles and counts.get("b") == 4:
        raise Wrong("cell-no-recurrence")
    for role in ("xh", "x"):
        same = [path for path, value in every.items() if _role(value.shape) == role]
        names = gate_names(same) if len(same) == 4 else None
        unused = "".join(gate for path, gate in zip(same, names or [], strict=False) if path not in live)
        if set(unused) in ({"f"}, {"i"}, {"o"}, {"c"}, {"i", "c"}):
            raise Wrong(UNUSED["c" if "c" in unused else unused])
    found = ", ".join(f"{path} {value.shape}" for path, value in live.items()) or "—"
    raise Wrong("cell-parameters", found=found)


def _laid(value: Array, rows: int) -> Array:
    """Return a matrix with its inputs as rows; both its sizes differ."""
    return value if value.shape[0] == rows and value.shape[1] % H == 0 else value.T


def _split(array: Array) -> list[Array]:
    return list(np.split(array, array.shape[1] // H, axis=1))


# ── the step, and what mistakes make of it ──────────────────────────────────────────────────────────────────────────


def _compare(
    got: State, slots: Slots, values: Mapping[str, Array], given: tuple[Array, Array, Array], rtol: float
) -> None:
    x, h, c = given
    readings = list(slots.readings(values))
    truths = [_truth(reading, x, h, c) for reading in readings]
    if any(compare(got, truth, rtol) is None for truth in truths):
        return
    difference = compare(got, truths[0], rtol, "LSTMCell.forward(…)")
    if slots.named:
        _check_swapped(got, readings, given, rtol, difference)
    for reading in readings:
        for key, detail, came in _wrong_steps(reading, x, h, c):
            if compare(got, came(), rtol) is None:
                raise Wrong(key, difference, of="LSTMCell.forward", **detail)
    expect("LSTMCell.forward(…)", got, truths[0], rtol=rtol)


def _truth(reading: Reading, x: Array, h: Array, c: Array) -> State:
    cell = LSTMCell(D, H, rng=np.random.default_rng(0))
    for gate, W_x, W_h, b in zip(reading.gates, reading.x, reading.h, reading.b, strict=True):
        cell.params[f"W_x{gate}"], cell.params[f"W_h{gate}"], cell.params[f"b_{gate}"] = W_x, W_h, b
    return cell.forward(x, h, c)


def _check_swapped(
    got: State, readings: list[Reading], given: tuple[Array, Array, Array], rtol: float, difference: Any
) -> None:
    for reading in readings:
        for gates in map("".join, permutations(GATES)):
            other = Reading(reading.x, reading.h, reading.b, gates)
            if compare(got, _truth(other, *given), rtol) is None:
                pairs = [(CALLED[a], CALLED[b]) for a, b in zip(GATES, gates, strict=True) if a != b]
                called, acts = (", ".join(names) for names in zip(*pairs, strict=True))
                raise Wrong("gates-swapped", difference, called=called, acts=acts)


def _wrong_steps(
    reading: Reading, x: Array, h: Array, c: Array
) -> Iterator[tuple[str, dict[str, str], Callable[[], State]]]:
    """Yield every known mistake: its key, what its sentence says, and what it leads to."""
    sums = reading.sums(x, h)
    for key, wrong in MISTAKES.items():
        yield key, {}, partial(_step, sums, h, c, **wrong)
    for gate in "fio":
        yield "gate-tanh", {"gate": gate}, partial(_step, sums, h, c, act={gate: np.tanh})
        yield "gate-linear", {"gate": gate}, partial(_step, sums, h, c, act={gate: _linear})
    yield "gate-tanh", {"gate": "f, i, o"}, partial(_step, sums, h, c, act=dict.fromkeys("fio", np.tanh))
    for gate in GATES:
        without = reading.sums(x, h, bias=GATES.replace(gate, ""))
        yield "gate-without-bias", {"gate": CALLED[gate]}, partial(_step, without, h, c)
    yield "cell-no-bias", {}, partial(_step, reading.sums(x, h, bias=""), h, c)
    yield "cell-no-recurrence", {}, partial(_step, reading.sums(x, h, recurrent=False), h, c)
    for gate, other in permutations(GATES, 2):
        copied = sums | {gate: sums[other]}
        yield "gate-copies", {"gate": CALLED[gate], "other": CALLED[other]}, partial(_step, copied, h, c)
