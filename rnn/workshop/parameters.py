"""Which array of a submission is which parameter, whatever it is called and however it lies.

An array is a parameter if writing other numbers into it changes what `forward` returns. What it is says its shape,
because all sizes differ; how a square matrix lies, and in which order input and state are joined, is tried out.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rnn.validate import Array
from rnn.workshop.subject import Subject
from rnn.workshop.wrong import Wrong


@dataclass(frozen=True)
class Leaf:
    """An array of a submission: the way to it, which parameter it is (a part of), whether it lies transposed."""

    path: str
    role: str  # "W_xh", "W_hh", …; "x" and "h" joined: "W_xh+W_hh"
    turned: bool = False

    def row(self, value: Array) -> Array:
        """Return the numbers as the package has them: rows are inputs."""
        value = np.asarray(value)
        if self.role.startswith("b"):
            return value.reshape(-1)
        return value.T if self.turned else value

    def laid(self, value: Array, shape: tuple[int, ...]) -> Array:
        """Return numbers as the submission has them."""
        return (value.T if self.turned and value.ndim == 2 else value).reshape(shape)


def live_leaves(
    work: Subject, net: str, likely: Callable[[tuple[int, ...]], object], outputs_of: Callable[[], Array]
) -> dict[str, Array]:
    """Return the arrays of an object that have an influence on what it computes.

    Parameters
    ----------
    work : Subject
    net : str
        The object.
    likely : callable
        Takes a shape; whether it could be that of a parameter. Such arrays get random numbers first: behind a bias of
        zero another array may have no influence yet.
    outputs_of : callable
        Takes nothing; runs the object on always the same inputs and returns an array.
    """
    rng = np.random.default_rng(7)
    start = {path: np.asarray(value) for path, value in work.leaves(net).items()}
    work.write(net, {path: 0.5 * rng.normal(size=v.shape) for path, v in start.items() if likely(v.shape)})
    before = outputs_of()
    live: dict[str, Array] = {}
    for path, value in work.leaves(net).items():
        value = np.asarray(value)
        if value.dtype.kind not in "fiu" or value.size == 0:
            continue
        try:
            work.write(net, {path: value + rng.normal(size=value.shape)})
            after = outputs_of()
        except Wrong:
            after = before  # it cannot be written to, or was not meant to be: no parameter
        work.write(net, {path: value})
        if after.shape != before.shape or not np.array_equal(after, before):
            live[path] = value
    return live


def stated(names: Mapping[str, Any]) -> dict[str, str]:
    """Return the mapping that a submission states in its `PARAMETERS`."""
    given = names.get("PARAMETERS") or {}
    value = given.get("value") if given.get("kind") == "names" else None
    return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}


def by_statement(
    mapping: Mapping[str, str], roles: Iterable[str], leaves: Mapping[str, Array], owner: str
) -> list[Leaf]:
    """Return the leaves that a mapping names."""
    return [_leaf(role, mapping[role], leaves, owner) for role in roles if role in mapping]


def _leaf(role: str, way: str, leaves: Mapping[str, Array], owner: str) -> Leaf:
    """Return the leaf that a way leads to: with ``.T`` behind if it lies transposed, with ``self.`` in front or not."""
    for path in (way, re.sub(r"^self\.", "", way)):
        if path in leaves:
            return Leaf(path, role)
        if path.removesuffix(".T") in leaves:
            return Leaf(path.removesuffix(".T"), role, True)
    raise Wrong("no-such-array", role=role, path=way, owner=owner)


def stems(paths: list[str]) -> list[str]:
    """Return what tells some names apart: without their common beginning and end."""
    start = 0
    while all(len(p) > start + 1 and p[start] == paths[0][start] for p in paths):
        start += 1
    short = [p[start:] for p in paths]
    end = 0
    while all(len(p) > end + 1 and p[-1 - end] == short[0][-1 - end] for p in short):
        end += 1
    return [p[: len(p) - end] for p in short]


GATES = {
    "f": ("forget", "f", "遗忘"),
    "i": ("input", "in", "i", "update", "输入"),
    "c": (
        "candidate",
        "cand",
        "cell",
        "tilde",
        "content",
        "memory",
        "new",
        "c",
        "g",
        "a",
        "z",
        "n",
        "候选",
        "细胞",
        "记忆",
    ),
    "o": ("output", "out", "o", "输出"),
}


def gate_names(paths: list[str]) -> list[str] | None:
    """Return which gate each of four names stands for, or None where they do not say."""
    if len(paths) != 4:
        return None
    found = []
    for stem in stems([path.lower() for path in paths]):
        word = stem.strip("_.[]'\" ")
        letter = next((g for g, words in GATES.items() if word in words), None)
        letter = letter or next((g for g, words in GATES.items() if any(len(w) > 1 and w in word for w in words)), None)
        found.append(letter or "")
    return found if sorted(found) == ["c", "f", "i", "o"] else None


def matching_gradient(path: str, shape: tuple[int, ...], found: Mapping[str, Array]) -> tuple[str, Array] | None:
    """Return the gradient of a parameter among some arrays: of its shape, and the one whose name is most alike."""
    same = {
        name: value
        for name, value in found.items()
        if value.shape == shape
        or (value.size == np.prod(shape) and value.squeeze().shape == tuple(n for n in shape if n > 1))
    }
    if not same:
        return None
    best = max(same, key=lambda name: (_alike(name, path), -list(same).index(name)))
    return best, same[best].reshape(shape)


def _alike(gradient: str, parameter: str) -> int:
    """Say how much the name of a gradient is like that of a parameter: 2 the same, 1 a part, 0 not at all."""
    a, b = _bare(gradient), _bare(parameter)
    return 2 if a == b else int(bool(a and b) and (a.endswith(b) or b.endswith(a)))


def _bare(path: str) -> str:
    name = path.rpartition(".")[2].lower()
    name = re.sub(r"^(grads?|gradients?|delta|d)_?(l_?)?(?=[wbuvk])|_?(grads?|gradients?)$", "", name)
    return re.sub(r"[^a-z0-9]", "", name)


def choices(leaves: list[Leaf]) -> Iterator[list[Leaf]]:
    """Yield the ways in which square matrices may lie; those that are alike lie alike."""
    square = [leaf for leaf in leaves if leaf.role.startswith("W_h") and leaf.role != "W_hy"]
    for turned in (False, True) if square else (False,):
        yield [Leaf(leaf.path, leaf.role, turned) if leaf in square else leaf for leaf in leaves]
