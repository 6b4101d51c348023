"""The assignment's `SimpleRNN`, graded: what it returns, what its gradients are, what an update does.

Every mistake is written down as what it computes. The grader sets random parameters, computes the truth with the
package and, where the submission differs, looks for the mistake that leads to its number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np

from rnn.simple import SimpleRNN
from rnn.validate import Array
from rnn.workshop import host
from rnn.workshop.mistakes import BACKWARD, FORWARD, ROLES, SINGLE, B, D, H, O, Params, T, bptt, terms
from rnn.workshop.parameters import Leaf, by_statement, choices, live_leaves, matching_gradient, stated
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import FLOAT32, FLOAT64, Wrong, compare, expect, shown

SHAPES: dict[str, tuple[int, ...]] = {"W_xh": (D, H), "W_hh": (H, H), "W_hy": (H, O)}
EXAMPLE = '"W_hh": "cell.U.T"'


# ── a network of the submission ─────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Net:
    """A network of the submission, and how its arrays are to be read."""

    work: Subject
    name: str
    leaves: list[Leaf] = field(default_factory=list)

    def read(self) -> Params:
        """Return its parameters as the package has them."""
        return params_of(self.leaves, self.work.leaves(self.name))

    def forward(self, x: Array) -> tuple[Array, Array]:
        """Return outputs (T, B, O) and states (T, B, H)."""
        return _forward_result(self.work(self.name, x, method="forward"), x.shape[0], x.shape[1])


def params_of(leaves: list[Leaf], values: Mapping[str, Any]) -> Params:
    """Return the arrays of a network as the package has them: two biases are added up, a missing one is zero."""
    found: Params = {}
    for leaf in leaves:
        value = leaf.row(np.asarray(values[leaf.path], dtype=float))
        if "+" in leaf.role:
            first, _ = leaf.role.split("+")
            rows = len(value) - value.shape[1]
            parts = (
                (value[:rows], value[rows:]) if first == "W_xh" else (value[value.shape[1] :], value[: value.shape[1]])
            )
            found["W_xh"], found["W_hh"] = parts
        else:
            found[leaf.role] = found[leaf.role] + value if leaf.role in found else value
    size, outputs = found["W_hh"].shape[0], found["W_hy"].shape[1] if "W_hy" in found else 0
    return {"b_h": np.zeros(size), "b_y": np.zeros(outputs)} | found


def check_shapes(work: Subject) -> Net:
    """Make a network, run it, and find out which of its arrays are its parameters."""
    name = str(work("SimpleRNN", D, H, O))
    x = np.random.default_rng().normal(size=(T, B, D))
    net = Net(work, name)
    first = net.forward(x)
    if compare(net.forward(x), first) is not None:
        raise Wrong("state-leaks")
    net.leaves = _find(work, net, x)
    return net


def _find(work: Subject, net: Net, x: Array) -> list[Leaf]:
    def outputs() -> Array:
        y, h = net.forward(x)
        return np.concatenate([y.ravel(), h.ravel()])

    mapping = stated(work.names)
    complete = all(role in mapping for role in ("W_xh", "W_hh", "W_hy"))
    live = {} if complete else live_leaves(work, net.name, lambda shape: _role("", shape), outputs)
    leaves = by_statement(mapping, ROLES, work.leaves(net.name), "SimpleRNN")
    known = {leaf.role for leaf in leaves}
    for path, value in live.items():
        leaf = _role(path, value.shape)
        if leaf is not None and not known & set(leaf.role.split("+")):
            leaves.append(leaf)
    _complain(leaves, live)
    return leaves


def _role(path: str, shape: tuple[int, ...]) -> Leaf | None:
    joined: dict[tuple[int, ...], Leaf] = {
        (D + H, H): Leaf(path, "W_xh+W_hh"),
        (H, D + H): Leaf(path, "W_xh+W_hh", True),
    }
    for role, size in SHAPES.items():
        joined[size] = Leaf(path, role)
        if role != "W_hh":
            joined[size[::-1]] = Leaf(path, role, True)
    for role, width in (("b_h", H), ("b_y", O)):
        joined |= {(width,): Leaf(path, role), (1, width): Leaf(path, role), (width, 1): Leaf(path, role)}
    return joined.get(shape)


def _complain(leaves: list[Leaf], live: Mapping[str, Array]) -> None:
    roles = [role for leaf in leaves for role in leaf.role.split("+")]
    found = ", ".join(f"{path} {value.shape}" for path, value in live.items()) or "—"
    for role in ("W_xh", "W_hh", "W_hy"):
        if roles.count(role) > 1:
            raise Wrong("too-many", owner="SimpleRNN", role=role, found=found, example=f'"{role}": "…"')
    if "W_hh" not in roles and {"W_xh", "W_hy"} <= set(roles):
        raise Wrong("no-recurrence", of="forward")
    for role, key in (("W_xh", "no-input"), ("W_hy", ""), ("b_h", "no-bias"), ("b_y", "no-read-bias")):
        if role not in roles:
            shape = str(SHAPES.get(role, ""))
            if key and len(set(roles)) == len(ROLES) - 1:
                raise Wrong(key, of="forward")
            raise Wrong("no-parameter", owner="SimpleRNN", role=f"{role} {shape}", found=found, example=EXAMPLE)


def check_forward(work: Subject, net: Net) -> None:
    """Compare outputs and states with the package's, for random parameters, and find out how square arrays lie."""
    rng = np.random.default_rng()
    _randomise(work, net, rng)
    x = rng.normal(size=(T, B, D))
    outputs, states = net.forward(x)
    values = work.leaves(net.name)
    ways = [*choices(net.leaves), *_joined_the_other_way(net.leaves)]
    rtol = _precision(values, net.leaves)
    for leaves in ways:
        p = params_of(leaves, values)
        if compare((outputs, states), _truth(p, x), rtol) is None:
            net.leaves = leaves
            _check_single_sequence(net, x)
            return
    otherwise: dict[str, Any] = {}
    for key, wrong in FORWARD.items():
        for leaves in ways:
            came = wrong(params_of(leaves, values), x)
            if compare(outputs, came[0], rtol) is None:
                otherwise.setdefault(key, came[0])
    truth = _truth(params_of(ways[0], values), x)
    expect("forward(inputs)[0]", outputs, truth[0], otherwise, rtol=rtol)
    shifted = np.concatenate([np.zeros_like(states[:1]), truth[1][:-1]])
    expect("forward(inputs)[1]", states, truth[1], {"states-shifted": shifted}, rtol=rtol)


def _truth(p: Params, x: Array) -> tuple[Array, Array]:
    net = _reference(p)
    return net.forward(x)


def _reference(p: Params) -> SimpleRNN:
    net = SimpleRNN(p["W_xh"].shape[0], p["W_xh"].shape[1], p["W_hy"].shape[1], rng=np.random.default_rng(0))
    for name, value in p.items():
        net.params[name] = np.array(value, dtype=float)
    return net


def _check_single_sequence(net: Net, x: Array) -> None:
    """One sequence alone, and a shorter one, give the same numbers as in the batch."""
    outputs, _ = net.forward(x)
    for b in range(B):
        alone, _ = net.forward(x[: T - 2, b : b + 1])
        expect("forward(one sequence)[0]", alone[:, 0], outputs[: T - 2, b], rtol=FLOAT32)


def _joined_the_other_way(leaves: list[Leaf]) -> list[list[Leaf]]:
    if not any("+" in leaf.role for leaf in leaves):
        return []
    return [[Leaf(n.path, "W_hh+W_xh", n.turned) if "+" in n.role else n for n in leaves]]


def _randomise(work: Subject, net: Net, rng: np.random.Generator) -> None:
    values = work.leaves(net.name)
    new = {}
    for leaf in net.leaves:
        shape = np.asarray(values[leaf.path]).shape
        scale = 0.5 if leaf.role.startswith("b") else 0.9 / np.sqrt(max(shape))
        new[leaf.path] = scale * rng.normal(size=shape)
    work.write(net.name, new)


def _precision(values: Mapping[str, Any], leaves: list[Leaf]) -> float:
    single = any(np.asarray(values[leaf.path]).dtype == np.float32 for leaf in leaves)
    return FLOAT32 if single else FLOAT64


def _forward_result(value: Any, steps: int, batch: int) -> tuple[Array, Array]:
    """Take apart what `forward` returns; further results do not matter."""
    if value is None:
        raise Wrong("returns-none", of="forward(inputs)")
    if not isinstance(value, list | tuple) or len(value) < 2:
        raise Wrong("no-states", of="forward(inputs)", got=shown(value))
    outputs, states = _stacked(value[0]), _stacked(value[1])
    shape = (steps, batch)
    if outputs.shape[1:] != (batch, O) or len(outputs) != steps:
        keys = {
            (batch, steps, O): "batch-first",
            (batch, O): "last-output-only",
            (steps, O, batch): "columns",
        }
        raise Wrong(
            keys.get(outputs.shape, "outputs-shape"),
            got=shown(value[0]) if outputs.dtype == object else str(outputs.shape),
            wanted=str((*shape, O)),
        )
    if states.shape[1:] != (batch, H) or len(states) not in (steps, steps + 1):
        raise Wrong("states-shape", got=str(states.shape), wanted=str((*shape, H)))
    first_is_last = len(states) > steps and not states[-1].any() and states[0].any()  # states[-1] as the one before 0
    return outputs, states[:steps] if first_is_last else states[-steps:]  # with h_0 in front, or without


def _stacked(value: Any) -> Array:
    """Return an array of what may be a list of steps, or a dict of them by their number."""
    if isinstance(value, dict):
        keys = sorted(key for key in value if isinstance(key, int))
        value = [value[key] for key in keys]
    try:
        array = np.asarray(value)
    except ValueError:
        return np.asarray(None, dtype=object)
    return array if array.dtype.kind in "fciub" else np.asarray(None, dtype=object)


# ── gradients ───────────────────────────────────────────────────────────────────────────────────────────────────────


class Trial:
    """A pass forward and back through a network of the submission with random numbers, beside the truth."""

    def __init__(self, work: Subject, net: Net, *, scale: float = 1.0, fresh: bool = True) -> None:
        rng = np.random.default_rng()
        self.work, self.net = work, net
        if fresh:
            _randomise(work, net, rng)
        self.x = rng.normal(size=(T, B, D))
        self.d = scale * rng.normal(size=(T, B, O))
        self.y, self.h = net.forward(self.x)
        values = work.leaves(net.name)
        self.rtol = 10 * _precision(values, net.leaves)
        self.p = params_of(net.leaves, values)
        reference = _reference(self.p)
        reference.forward(self.x)
        self.truth = reference.backward(self.d)
        self.returned = work(net.name, self.d, method="backward")
        self.arrays = _arrays_in(work, self.returned)
        self.shapes = {leaf.path: np.asarray(values[leaf.path]).shape for leaf in net.leaves}
        if self.returned is None or not self.arrays:
            raise Wrong("returns-none", of="backward(d_outputs)")

    def found(self, leaf: Leaf) -> Array:
        """Return the gradient of an array of the submission, in its own form.

        Raises
        ------
        Wrong
            If `backward` returned none.
        """
        match = matching_gradient(leaf.path, self.shapes[leaf.path], self.arrays)
        if match is None:
            raise self._missing(leaf)
        return match[1]

    def _missing(self, leaf: Leaf) -> Wrong:
        shape = self.shapes[leaf.path]
        shapes = [value.shape for value in self.arrays.values()]
        got = ", ".join(f"{name} {value.shape}" for name, value in self.arrays.items())
        values: dict[str, Any] = {"parameter": leaf.path, "wanted": str(shape), "got": got}
        size = int(np.prod(shape))
        if leaf.role.startswith("b") and any(s in ((B, size), (T, B, size), (T, size)) for s in shapes):
            return Wrong("bias-not-summed", **values)
        if len(shape) == 2 and shape[0] != shape[1] and shape[::-1] in shapes:
            return Wrong("gradient-turned", **values)
        return Wrong("no-gradient", **values)

    def form(self, leaf: Leaf, grads: Mapping[str, Array]) -> Array:
        """Return the gradient of an array in its form, from those of the parameters."""
        if "+" in leaf.role:
            whole = np.concatenate([grads[role] for role in leaf.role.split("+")])
            return whole.T if leaf.turned else whole
        value = grads[leaf.role]
        return leaf.laid(value, self.shapes[leaf.path])

    def check(self, role: str) -> None:
        """Compare the gradients of the arrays of a parameter, and name what explains a difference."""
        for leaf in self.net.leaves:
            if role in leaf.role.split("+"):
                got, truth = self.found(leaf), self.form(leaf, self.truth)
                difference = compare(got, truth, self.rtol, leaf.path)
                if difference is not None:
                    keys = self._explanations(leaf)
                    more = {"also": keys[1]} if len(keys) > 1 else {}
                    key = keys[0] if keys else "gradient-differs"
                    raise Wrong(key, difference, of=leaf.path, parameter=leaf.path, **more)

    def _explains(self, leaf: Leaf, grads: Mapping[str, Array]) -> bool:
        match = matching_gradient(leaf.path, self.shapes[leaf.path], self.arrays)
        return match is not None and compare(match[1], self.form(leaf, grads), self.rtol) is None

    def _explanations(self, leaf: Leaf) -> list[str]:
        """Return the mistake that explains most gradients, and this one among them; or two mistakes together."""
        states = self.p, self.x, self.y, self.h, self.d
        scores: dict[tuple[str, ...], int] = {}
        for key, wrong in BACKWARD.items():
            grads = bptt(*states, **wrong)
            if self._explains(leaf, grads):
                scores[(key,)] = sum(self._explains(other, grads) for other in self.net.leaves)
        parts = terms(self.p, self.x, self.h, self.d)
        for key, change in SINGLE.items():
            grads = {name: change(value, parts[name]) for name, value in self.truth.items()}
            if self._explains(leaf, grads):
                scores[(key,)] = sum(self._explains(other, grads) for other in self.net.leaves)
        if self._explains(leaf, {name: g.T if name == "W_hh" else g for name, g in self.truth.items()}):
            scores[("gradient-turned",)] = 1
        if not scores and self.clipped(leaf):
            return ["clipped"]
        if not scores:
            for pair in combinations(BACKWARD, 2):
                if BACKWARD[pair[0]].keys() & BACKWARD[pair[1]].keys():
                    continue
                grads = bptt(*states, **(BACKWARD[pair[0]] | BACKWARD[pair[1]]))
                if self._explains(leaf, grads):
                    scores[pair] = sum(self._explains(other, grads) for other in self.net.leaves)
        if not scores:
            scores = self._scaled(leaf)
        return list(max(scores.items(), key=lambda item: item[1])[0]) if scores else []

    def clipped(self, leaf: Leaf) -> bool:
        """Whether a gradient is the true one with its numbers, or its length, held below a limit."""
        got, truth = self.found(leaf), self.form(leaf, self.truth)
        limit = np.abs(got).max()
        ratio = got.ravel() @ truth.ravel() / (truth.ravel() @ truth.ravel())
        each = limit > 0 and compare(got, np.clip(truth, -limit, limit), self.rtol) is None
        return bool(each or (0 < ratio < 1 and compare(got, ratio * truth, self.rtol) is None))

    def _scaled(self, leaf: Leaf) -> dict[tuple[str, ...], int]:
        """Look for a mistake on the way together with a factor: averaged, doubled, or of the wrong sign."""
        found: dict[tuple[str, ...], int] = {}
        for key, wrong in BACKWARD.items():
            grads = bptt(self.p, self.x, self.y, self.h, self.d, **wrong)
            for factor, change in SINGLE.items():
                if factor not in ("overwritten", "last-step-only", "zero"):
                    changed = {name: change(value, []) for name, value in grads.items()}
                    if self._explains(leaf, changed):
                        found[(key, factor)] = sum(self._explains(other, changed) for other in self.net.leaves)
        return found


def _arrays_in(work: Subject, value: Any, name: str = "") -> dict[str, Array]:
    """Return all arrays in what was returned, by their way."""
    if isinstance(value, host.Kept):
        return {path: np.asarray(v) for path, v in work.leaves(value).items()}
    if isinstance(value, np.ndarray):
        return {name or "0": value} if value.dtype.kind in "fciu" else {}
    if isinstance(value, list) and value and not isinstance(value[0], host.Kept | np.ndarray | tuple | dict):
        array = np.asarray(value, dtype=object) if _ragged(value) else np.asarray(value)
        if array.dtype.kind in "fciu":
            return {name or "0": array}
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list | tuple) else ()
    return {path: v for key, item in items for path, v in _arrays_in(work, item, str(key)).items()}


def _ragged(value: list[Any]) -> bool:
    try:
        np.asarray(value)
    except ValueError:
        return True
    return False


def check_calls(work: Subject, net: Net) -> None:
    """Look for what shows only in a second call: gradients that add up, or are held below a limit."""
    first = Trial(work, net)
    again = Trial(work, net, fresh=False)  # the gradients must be those of the new inputs
    for leaf in net.leaves:
        before, truth = first.found(leaf), again.form(leaf, again.truth)
        added = {"accumulates": before + truth}
        expect(leaf.path, again.found(leaf), truth, added, rtol=again.rtol, parameter=leaf.path)
    large = Trial(work, net, scale=1000.0)
    for leaf in net.leaves:
        difference = compare(large.found(leaf), large.form(leaf, large.truth), large.rtol, leaf.path)
        if difference is not None:
            key = "clipped" if large.clipped(leaf) else "gradient-differs"
            raise Wrong(key, difference, parameter=leaf.path, of=leaf.path)


# ── the update ──────────────────────────────────────────────────────────────────────────────────────────────────────


def check_update(work: Subject, net: Net) -> list[str]:
    """Hold an update to gradient descent; return advice."""
    rate, advice = 0.01, list[str]()
    other = str(work("SimpleRNN", D, H, O))
    there = work.leaves(other)
    trial = Trial(work, net, scale=1e-3)
    before = {leaf.path: np.asarray(value) for leaf in net.leaves for value in [work.leaves(net.name)[leaf.path]]}
    work(net.name, rate, method="update_parameters")
    after = work.leaves(net.name)
    if all(np.array_equal(after[path], value) for path, value in before.items()):
        raise Wrong("update-nothing")
    for leaf in net.leaves:
        old, grad = before[leaf.path], trial.form(leaf, trial.truth)
        new = np.asarray(after[leaf.path])
        step = new - old
        if _near(step, -rate * grad, old):
            continue
        if _near(np.abs(step), np.full_like(step, rate), old, 1e-2) and (np.sign(step) == -np.sign(grad)).all():
            advice = ["update-adam"]
            continue
        wrongs = {
            "update-sign": rate * grad,
            "update-some": 0 * grad,
            "update-no-rate": -grad,
            "update-twice": -2 * rate * grad,
        }
        wrongs |= {"update-averaged": -rate * grad / B, "update-by-time": -rate * grad / T}
        key = next((key for key, wrong in wrongs.items() if _near(step, wrong, old)), "update-differs")
        raise Wrong(key, compare(new, old - rate * grad, 1e-9, leaf.path), parameter=leaf.path)
    x = np.random.default_rng().normal(size=(T, B, D))
    expect("forward(inputs)[0]", net.forward(x)[0], _truth(net.read(), x)[0], rtol=trial.rtol)
    if any(
        compare(value, there[path], 0.0) is not None for path, value in work.leaves(other).items() if path in before
    ):
        raise Wrong("update-shared")
    return advice


def _near(step: Array, wanted: Array, old: Array, rtol: float = 1e-4) -> bool:
    rounding = 4 * float(np.finfo(old.dtype).eps if old.dtype.kind == "f" else 1e-15) * float(np.abs(old).max() + 1)
    return bool((np.abs(step - wanted) <= rtol * float(np.abs(wanted).max()) + rounding).all())


def check_start(work: Subject, net: Net) -> list[str]:
    """Look at how a network begins: units that are alike stay alike; return advice."""
    values = work.leaves(str(work("SimpleRNN", D, H, O)))
    again = work.leaves(str(work("SimpleRNN", D, H, O)))
    p = params_of(net.leaves, values)
    if all(np.ptp(p[name], axis=1).max() == 0 for name in ("W_xh", "W_hh")) and np.ptp(p["W_hy"], axis=0).max() == 0:
        raise Wrong("start-alike")
    advice = []
    if all(np.array_equal(values[leaf.path], again[leaf.path]) for leaf in net.leaves):
        advice.append("start-seeded")
    big = work.leaves(str(work("SimpleRNN", 20, 100, O)))
    with_h = params_of(net.leaves, big)["W_hh"]
    if np.abs(np.linalg.eigvals(with_h)).max() > 3:
        advice.append("start-large")
    return advice


def params_if(leaves: list[Leaf], values: Mapping[str, Any]) -> Params | None:
    """Return the parameters that lie in a network of any size, or None if these are not its arrays."""
    try:
        found = params_of(leaves, values)
    except (KeyError, ValueError, IndexError):
        return None
    return found if set(found) == set(ROLES) else None
