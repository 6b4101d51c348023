"""A context gives the names in a formula their values, by running the package on random parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import Any

import numpy as np

from rnn.equations.tex import Key, Value, fail, parse, text_of

Model = Callable[["Run", np.random.Generator], Callable[[], dict[Key, Value]] | None]


class Run(dict[Key, Value]):
    """One execution of a model, quantity by quantity; an overridden quantity keeps its override.

    The model assigns in the order in which things happen, so overriding ``h_3`` changes all that comes after it
    and nothing before: that is what a total derivative asks for.
    """

    def __init__(self, overrides: Mapping[Key, Value]) -> None:
        super().__init__()
        self.overrides = overrides

    def __setitem__(self, key: str | Key, value: Any) -> None:
        key = key if isinstance(key, tuple) else (key,)
        super().__setitem__(key, self.overrides[key] if key in self.overrides else np.asanyarray(value))

    def __getitem__(self, key: str | Key) -> Value:
        return super().__getitem__(key if isinstance(key, tuple) else (key,))


class World:
    r"""A model with the notation that goes with it; `draw` makes a `Context` of it with random parameters.

    Parameters
    ----------
    model : callable
        ``model(q, rng)`` assigns every quantity to ``q`` in order.  It may return a function that runs the package
        once more, outside the differentiation, and returns what it saw.
    means : dict of str to str
        Notation declared in TeX: ``{r"\delta_t": r"\frac{\partial L}{\partial h_t}"}``.  It is computed by
        complex step from the run itself, so it is independent of any formula that uses it.
    held : iterable of str
        The families that ``\partial^+`` holds.
    """

    def __init__(self, model: Model, means: Mapping[str, str], held: Iterable[str]) -> None:
        self.model, self.held = model, frozenset(held)
        self.name: str = model.__name__
        self.says: str = (model.__doc__ or "").split("\n")[0]
        self.notation = dict(_notation(left, right) for left, right in means.items())

    @cache  # noqa: B019  (worlds live as long as the process)
    def draw(self, seed: int) -> Context:
        """Run the model with the random parameters of this seed."""
        return Context(self, seed)


def world(*, means: Mapping[str, str] | None = None, held: Iterable[str] = ()) -> Callable[[Model], World]:
    """Turn a model into a `World`."""
    return lambda model: World(model, means or {}, held)


def _notation(left: str, right: str) -> tuple[tuple[str, int], tuple[list[str], str]]:
    r"""Take ``\delta_{k\leftarrow t}`` apart: the symbol, how many indices, their letters, what it means."""
    symbol = parse(left, "factor")
    name, indices = str(symbol.children[0].children[0]), []
    for script in (s.children[0] for s in symbol.children[1:]):
        text = text_of(str(script)).strip("()")
        name += r"\leftarrow" if r"\leftarrow" in text else ""
        indices += re.split(r",|\\leftarrow", text)
    return (name, len(indices)), ([i.strip() for i in indices], right)


class Context:
    """One draw of a world: its base run, and runs in which one entry of one quantity is varied."""

    step = 1e-30  # of the complex step: no difference is taken, so no digit is lost

    def __init__(self, world: World, seed: int) -> None:
        self.name, self.notation, self._world, self._seed = world.name, world.notation, world, seed
        self.base = Run({})
        self._observe = world.model(self.base, np.random.default_rng(seed))
        self._names = {key[0] for key in self.base}
        self._bumped: dict[Any, Run] = {}

    @cached_property
    def seen(self) -> dict[Key, Value]:
        """What the package was seen to compute; it cannot be differentiated."""
        seen = self._observe() if self._observe else {}
        return {key if isinstance(key, tuple) else (key,): np.asanyarray(value) for key, value in seen.items()}

    def knows(self, name: str) -> bool:
        """Tell whether ``W_{hh}`` is a name here, and not W with an index."""
        return name in self._names or any(key[0] == name for key in self.seen)

    def knows_family(self, name: str) -> bool:
        """Tell whether a name stands for something here when it has indices."""
        families = {symbol for symbol, _ in self.notation} | {str(key[0]) for key in self.seen}
        return self.knows(name) or name in {family.removesuffix(r"\leftarrow") for family in families}

    def offers(self) -> str:
        """List the names of this context, for an error message."""
        names = self._names | {key[0] for key in self.seen} | {name for name, _ in self.notation}
        return ", ".join(sorted(names, key=lambda name: (name.lstrip("\\"), name)))

    def held_except(self, key: Key) -> dict[Key, Value]:
        r"""Return the quantities that ``\partial^+`` of this one holds."""
        if not self._world.held:
            fail(rf"the context “{self.name}” does not say what \partial^+ holds")
        return {k: v for k, v in self.base.items() if k[0] in self._world.held and k != key}

    def bumped(self, key: Key, index: tuple[int, ...], held: Mapping[Key, Value]) -> Run:
        """Run the model anew with one entry of one quantity moved by a complex step."""
        memo = key, index, tuple(held)
        if memo not in self._bumped:
            value = self.base[key].astype(complex)
            value[index] += 1j * self.step
            run = self._bumped[memo] = Run({**held, key: value})
            self._world.model(run, np.random.default_rng(self._seed))
        return self._bumped[memo]
