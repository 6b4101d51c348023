"""What was recorded of a training, put in order: which sequences trained a network, which tested it, and on which loss.

The recording comes from the submission's process (`rnn.workshop.host.Recording`). Everything here is worked out from
the sequences and the outputs in it, and nothing from what the submission says about them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rnn.validate import Array
from rnn.workshop.host import BACKWARD, FORWARD, UPDATE

EXACT = 1e-4  # the largest misfit of a gradient to a formula, relative to the gradient; single precision included
ALWAYS = 0.99  # the share of the signs that must agree
LEAST = 8  # numbers that a formula with one factor must explain before it is believed


@dataclass
class Passed:
    """A batch that went through a network, or some of its columns."""

    shape: tuple[int, ...]  # of the whole batch
    seen: Array  # numbers of the sequences
    outputs: Array  # (T, columns, O)


@dataclass
class Pair(Passed):
    """Outputs, and the gradient that was handed to the backward pass after them."""

    number: int  # how many things had happened to the network
    given: tuple[int, ...]  # the shape of the gradient
    gradient: Array
    earlier: list[Passed]  # passed since the last backward pass, before these outputs


@dataclass
class Evaluation(Passed):
    """A batch that was not followed by a step back."""

    inputs: Array
    states: Array | None  # of the first column
    version: int


@dataclass
class Fit:
    """A formula that explains gradients: `factor` times outputs minus targets, where `kind` says what stood there."""

    kind: str  # "next", "input", "targets", "inputs", "outputs", "independent", "other" or "unknown"
    factor: float = 0.0
    feature: int | None = None  # of the inputs, if the output is one number
    targets: dict[int, Array] = field(default_factory=dict)  # by the number of the sequence, if they are unknown


class Network:
    """What happened to one network."""

    def __init__(self, raw: dict[str, Any], sequences: "Sequences") -> None:
        self.sequences = sequences
        self.names = [str(name) for name in raw["class"]]
        self.what, self.batch, self.version = (np.asarray(raw[name]).ravel() for name in ("what", "batch", "version"))
        self.finite = np.asarray(raw["finite"]).ravel().astype(bool)
        if not len(self.what) == len(self.batch) == len(self.version) == len(self.finite):
            raise ValueError("events")
        self.versions, self.weighed = int(raw["versions"]), bool(raw["weighed"])
        self.first, self.last = ([_pair(pair) for pair in pairs] for pairs in raw["pairs"])
        self.evaluations = [_evaluation(one) for one in raw["evaluations"]]
        self.before, self.trained = ({str(k): np.asarray(v) for k, v in raw[n].items()} for n in ("before", "trained"))

    @property
    def pairs(self) -> list[Pair]:
        """The pairs that were kept."""
        return self.first + self.last

    def count(self, what: int) -> int:
        """Return how many calls of one kind there were."""
        return int((self.what == what).sum())

    @property
    def updates(self) -> int:
        """How often the parameters changed, or if they cannot be seen, how often they were told to."""
        return self.versions if self.weighed else self.count(UPDATE)

    @cached_property
    def trains(self) -> Array:
        """For each thing that happened, whether it is a forward pass that the network was trained on."""
        after = np.append(self.what[1:], -1)
        forward = self.what == FORWARD
        if self.count(BACKWARD):
            return np.asarray(forward & (after == BACKWARD))
        changed = np.append(self.version[1:], self.versions) > self.version
        return np.asarray(forward & changed)

    @cached_property
    def training(self) -> set[int]:
        """The numbers of the sequences that it was trained on."""
        return self._seen(np.flatnonzero(self.trains))

    @cached_property
    def after(self) -> dict[bytes, Array | None]:
        """What followed in the sequences that it was trained on."""
        return self.sequences.followers(self.training)

    @cached_property
    def tested(self) -> set[int]:
        """The numbers of the sequences that it was shown late in the training or after it, without a step back."""
        places = np.flatnonzero((self.what == FORWARD) & ~self.trains)
        late = 2 * self.version >= self.versions if self.weighed else 2 * np.arange(len(self.what)) >= len(self.what)
        return self._seen(places[late[places]])

    def _seen(self, places: Array) -> set[int]:
        return {int(n) for place in places for n in self.sequences.of_batch(int(self.batch[place]))}

    def final(self) -> list[Evaluation]:
        """Return what was evaluated with the parameters as they are in the end."""
        return [one for one in self.evaluations if one.version == self.versions and np.isfinite(one.outputs).all()]


class Sequences:
    """The different sequences of a recording, each (T, D), and how they hang together."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.values: dict[int, Array] = {}
        for numbers, stack in raw["windows"]:
            for number, row in zip(np.asarray(numbers).ravel().tolist(), np.asarray(stack, dtype=float), strict=True):
                self.values[int(number)] = row
        flat, lengths = (np.asarray(part, dtype=np.int64).ravel() for part in raw["batches"])
        self.batches = np.split(flat, np.cumsum(lengths)[:-1]) if len(lengths) else []
        self.series = [a for s in raw["sequences"] if (a := np.asarray(s, dtype=float).squeeze()).ndim == 1 and len(a)]

    def of_batch(self, batch: int) -> Array:
        """Return the numbers of the sequences in a batch."""
        return self.batches[batch] if 0 <= batch < len(self.batches) else np.zeros(0, dtype=np.int64)

    def rows(self, numbers: Any) -> Iterator[tuple[int, Array]]:
        """Yield those of some sequences whose values are known."""
        for number in numbers:
            if int(number) in self.values:
                yield int(number), self.values[int(number)]

    def followers(self, numbers: Any) -> dict[bytes, Array | None]:
        """Map all values of a sequence but the last to the last; to None where two do not agree."""
        found: dict[bytes, Array | None] = {}
        for _, row in self.rows(numbers):
            key = _key(row[:-1])
            other = found.get(key, row[-1])
            found[key] = row[-1] if other is not None and np.array_equal(other, row[-1]) else None
        return found

    def repeats(self, numbers: Any) -> bool:
        """Tell whether the data come round again exactly, so that nothing new could be tested on."""
        if any(_period(series) for series in self.series):
            return True
        follower = {}
        for _, row in self.rows(numbers):
            if len(row) > 1:
                follower[_key(row[:-1])] = _key(row[1:])
        while follower:
            place: bytes | None = next(iter(follower))
            path = set()
            while place in follower:
                path.add(place)
                place = follower.pop(place)
            if place in path:
                return True
        return False


def read(raw: Any) -> tuple[Sequences, list[Network], list[str]]:
    """Return a recording in order: its sequences, its networks and its pictures; raise for what cannot be one."""
    sequences = Sequences(raw)
    return sequences, [Network(net, sequences) for net in raw["nets"]], [str(path) for path in raw["pictures"]]


def _passed(raw: dict[str, Any]) -> dict[str, Any]:
    outputs = np.asarray(raw["outputs"], dtype=float)
    if outputs.ndim != 3:
        raise ValueError("outputs")
    shape = tuple(int(n) for n in raw.get("shape", outputs.shape))
    return {"shape": shape, "seen": np.asarray(raw["seen"]).ravel(), "outputs": outputs}


def _pair(raw: dict[str, Any]) -> Pair:
    earlier = [Passed(**_passed(one)) for one in raw["earlier"]]
    given = tuple(int(n) for n in raw["given"])
    gradient = np.asarray(raw["gradient"], dtype=float)
    return Pair(**_passed(raw), number=int(raw["number"]), given=given, gradient=gradient, earlier=earlier)


def _evaluation(raw: dict[str, Any]) -> Evaluation:
    states = None if raw["states"] is None else np.asarray(raw["states"], dtype=float)
    inputs = np.asarray(raw["inputs"], dtype=float)
    return Evaluation(**_passed(raw), inputs=inputs, states=states, version=int(raw["version"]))


def _key(row: Array) -> bytes:
    return repr(row.shape).encode() + np.ascontiguousarray(row).tobytes()


def _period(series: Array) -> int | None:
    """Return after how many steps a series repeats itself exactly, at least once as a whole."""
    places = np.flatnonzero(series[1 : len(series) // 2 + 1] == series[0]) + 1
    return next((int(p) for p in places if np.array_equal(series[p:], series[:-p])), None)


# ── which sequences are new ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Tested:
    """The sequences that a network was tested on, by what it knew of them."""

    trained: set[int]  # it was trained on these
    covered: set[int]  # each piece of these was trained on, though not in this order of cutting
    unseen: set[int]
    apart: set[int]  # of these: no piece of them was trained on
    made: set[int]  # its own outputs stand in these


def tested(net: Network, sequences: Sequences, also: set[int], outputs: list[Array]) -> Tested:
    """Sort the sequences that a network was tested on; `also` were shown to a copy of it."""
    answers = np.concatenate([np.zeros(0), *[o[-1].ravel() for o in outputs]])
    own = set(answers[answers != 0].tolist())
    training = dict(sequences.rows(net.training))
    pieces = {n: set(_pieces(training.values(), n)) for n in (1, 2)}
    short = min((len(row) for row in training.values()), default=1) < 3
    result = Tested(set(), set(), set(), set(), set())
    for number in net.tested | also:
        row = sequences.values.get(number)
        if number in net.training:
            result.trained.add(number)
        elif row is None:
            result.unseen.add(number)
            result.apart.add(number)
        elif set(row[-1].tolist()) & own:
            result.made.add(number)
        elif short or len(row) < 2 or not set(_pieces([row], 2)) <= pieces[2]:
            fresh = len(row) >= 2 or not set(_pieces([row], 1)) <= pieces[1]
            (result.unseen if fresh else result.trained).add(number)
            if fresh and not set(_pieces([row], 2)) & pieces[2]:
                result.apart.add(number)
        elif any(len(row) == len(other) for other in training.values()):
            result.covered.add(number)
        else:
            result.trained.add(number)
    return result


def _pieces(rows: Any, length: int) -> Iterator[bytes]:
    for row in rows:
        data, size = np.ascontiguousarray(row).tobytes(), row[0].nbytes
        for start in range(len(row) - length + 1):
            yield data[start * size : (start + length) * size]


def runs_beyond(net: Network, tested: Tested) -> bool:
    """Tell whether a free run from a training sequence goes on to where the training data end; if unsure, it does."""
    begun = {_key(row[:-1]) for _, row in net.sequences.rows(tested.made)}
    seeds = [row for _, row in net.sequences.rows(tested.trained) if begun & {_key(row[1:]), _key(row)}]
    for row in seeds:
        steps = 0
        while steps < len(tested.made) and (last := net.after.get(_key(row[1:]))) is not None:
            row, steps = np.concatenate([row[1:], last[np.newaxis]]), steps + 1
        if steps < len(tested.made):
            return True
    return not seeds


def nearly_known(sequences: Sequences, unseen: set[int], training: set[int]) -> bool:
    """Tell whether new sequences are old ones up to rounding: a wave whose period is a whole number of steps."""
    rows = [row for _, row in sequences.rows(training)]
    new = [row for _, row in sequences.rows(unseen)]
    if not rows or not new:
        return False
    scale = max(float(np.abs(row).max()) for row in rows) or 1.0
    known = {_key(np.round(row / scale, 6) + 0.0) for row in rows}
    return sum(_key(np.round(row / scale, 6) + 0.0) in known for row in new) >= 0.9 * len(new)


# ── what the gradient says of the loss ──────────────────────────────────────────────────────────────────────────────


def steps_trained(pairs: list[Pair]) -> Array:
    """Return which steps have a gradient; for a loss at the end that is the last alone."""
    longest = max((len(pair.gradient) for pair in pairs if pair.gradient.ndim == 3), default=0)
    used = np.zeros(longest, dtype=bool)
    for pair in pairs:
        if pair.gradient.ndim == 3:
            used[longest - len(pair.gradient) :] |= (pair.gradient != 0).any(axis=(1, 2))
    return used


def explain(net: Network, pairs: list[Pair]) -> Fit:
    """Find the formula that the gradients of a training follow: outputs minus which targets, and with which sign."""
    whole = [p for p in pairs if p.gradient.shape == p.outputs.shape and p.given == p.shape and _is_finite(p)]
    groups: dict[tuple[int, ...], list[Pair]] = {}
    for pair in whole:
        groups.setdefault(pair.shape, []).append(pair)
    for same in sorted(groups.values(), key=len, reverse=True):
        for some in [same, *([pair] for pair in same[:3])]:  # the factor may change from batch to batch
            fit = _by_formula(net, [(p, p.gradient) for p in some])
            if fit is not None:
                return fit
    for same in sorted(groups.values(), key=len, reverse=True):
        fit = _by_repetition(same) or _by_sign(net, [(p, p.gradient) for p in same])
        if fit is not None:
            return fit
    return Fit("unknown")


def explains_earlier(net: Network, pairs: list[Pair]) -> bool:
    """Tell whether gradients belong to outputs that came before those that the network went back from."""
    late = [p for p in pairs if p.earlier and p.gradient.ndim == 3 and np.isfinite(p.gradient).all()][:20]
    for pair in late:
        for one in pair.earlier:
            if pair.given == one.shape != pair.shape:
                return True
            if pair.given != one.shape or np.array_equal(one.seen, pair.seen):
                continue
            columns = min(one.outputs.shape[1], pair.gradient.shape[1])
            here, there = ((p, pair.gradient[:, :columns]) for p in (pair, one))
            if _by_formula(net, [here]) is None and (fit := _by_formula(net, [there])) and fit.kind == "next":
                return True
    return False


def _is_finite(pair: Pair) -> bool:
    with np.errstate(all="ignore"):
        numbers = float(np.abs(pair.outputs).sum() + np.abs(pair.gradient).sum())
    return bool(np.isfinite(numbers)) and numbers < 1e100


def _by_formula(net: Network, cases: list[tuple[Passed, Array]]) -> Fit | None:
    """Try the formulas in which the targets are the inputs, one step later or not."""
    for feature, y, now, then, d in _candidates(net, cases):
        formulas = {"next": y - then, "input": y - now, "targets": then, "inputs": now, "outputs": y}
        factors = {kind: float(f @ d / (f @ f)) if f.any() else 0.0 for kind, f in formulas.items()}
        misfits = {kind: np.abs(d - factors[kind] * f).max() for kind, f in formulas.items()}
        best = min(misfits, key=lambda kind: float(misfits[kind]))
        if misfits[best] <= EXACT * np.abs(d).max():
            return Fit(best, factors[best], feature)
    return None


def _by_sign(net: Network, cases: list[tuple[Passed, Array]]) -> Fit | None:
    """Tell whether gradients have the sign of the error one step ahead: absolute errors, or clipped ones."""
    for feature, y, now, then, d in _candidates(net, cases):
        ahead, here = (float((np.sign(y - target) == np.sign(d)).mean()) for target in (then, now))
        if max(ahead, 1 - ahead) >= ALWAYS > max(here, 1 - here):
            return Fit("next", 1.0 if ahead >= ALWAYS else -1.0, feature)
    return None


def _candidates(
    net: Network, cases: list[tuple[Passed, Array]]
) -> Iterator[tuple[int | None, Array, Array, Array, Array]]:
    """Yield for each feature that may be predicted outputs, inputs, next inputs and gradients, where all are known."""
    features = cases[0][0].outputs.shape[2]
    width = next((row.shape[1] for _, row in net.sequences.rows(net.training)), 0)
    for feature in [None] if features == width else range(width) if features == 1 else []:
        y, now, then, d = (np.concatenate(parts) for parts in zip(*_numbers(net, cases, feature), strict=True))
        both = np.isfinite(then) & np.isfinite(now) & (d != 0)
        y, now, then, d = y[both], now[both], then[both], d[both]
        if len(d) >= LEAST and np.ptp(now) > 0 and not np.array_equal(now, then):
            yield feature, y, now, then, d


def _numbers(net: Network, cases: list[tuple[Passed, Array]], feature: int | None) -> Iterator[tuple[Array, ...]]:
    for passed, gradient in cases:
        columns = gradient.shape[1]
        shape = passed.outputs[:, :columns].shape
        now, then = now_and_next(net.sequences, passed.seen[:columns], shape, feature, net.after)
        yield passed.outputs[:, :columns].ravel(), now.ravel(), then.ravel(), gradient.ravel()


def now_and_next(
    sequences: Sequences, seen: Array, shape: tuple[int, ...], feature: int | None, after: dict[bytes, Array | None]
) -> tuple[Array, Array]:
    """Return for some sequences the inputs in the form of the outputs, and the same one step later, NaN if unknown."""
    now, then = np.full(shape, np.nan), np.full(shape, np.nan)
    for column, number in enumerate(seen[: shape[1]].tolist()):
        row = sequences.values.get(int(number))
        if row is None or len(row) != shape[0]:
            continue
        picked = row if feature is None else row[:, feature : feature + 1]
        now[:, column], then[:-1, column] = picked, picked[1:]
        last = after.get(_key(row[1:])) if len(row) > 1 else None
        if last is not None:
            then[-1, column] = last if feature is None else last[feature]
    return now, then


def _by_repetition(pairs: list[Pair]) -> Fit | None:
    """Compare the gradients of a sequence that came twice: what has changed in them came from the outputs."""
    first: dict[int, tuple[Array, Array]] = {}
    ys, ds = [], []
    for pair in pairs:
        for column, number in enumerate(pair.seen[: pair.outputs.shape[1]].tolist()):
            y, d = pair.outputs[:, column], pair.gradient[:, column]
            if number in first:
                ys.append(y - first[number][0])
                ds.append(d - first[number][1])
            else:
                first[number] = y, d
    if not ys:
        return None
    gradients, outputs = (np.stack([both[n] for both in first.values()]) for n in (1, 0))
    used = (gradients != 0).any(axis=(0, 2))
    y, d = np.stack(ys)[:, used].ravel(), np.stack(ds)[:, used].ravel()
    if len(d) < LEAST or np.abs(y).max() <= 1e-3 * np.abs(outputs).max():
        return None
    if np.unique(np.abs(gradients[gradients != 0])).size < LEAST:
        return None  # as with the sign of an error, which is the same for long
    if np.abs(d).max() <= 1e-9 * np.abs(gradients).max():
        return Fit("independent")
    factor = float(y @ d / (y @ y))
    if np.abs(d - factor * y).max() > EXACT * np.abs(d).max():
        return None
    return Fit("other", factor, targets={n: y - d / factor for n, (y, d) in first.items()})
