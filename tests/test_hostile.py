"""Everything public against what nobody should pass: a right result or one sentence, and nothing changed."""

import ast
import importlib
import inspect

import numpy as np
import pytest

import rnn
from scripts.book.closure import ROOT
from scripts.hostile import Attack, Case, run
from scripts.hostile.__main__ import tally
from scripts.hostile.cases import INTERNAL, cases

CASES = {case.name: case for case in cases()}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_argument_gets_a_right_result_or_one_sentence(name):
    counts, failed = tally(CASES[name])
    assert counts["all"] > 4
    assert failed == []


def called(name):
    """Return whether some case calls a function, a class or a method of it."""
    return any(case == name or case.startswith((f"{name}.", f"{name} ")) for case in CASES)


def public(module):
    """Return the functions and classes that a module defines for others."""
    found = vars(importlib.import_module(f"rnn.{module}")).items()
    mine = {name: value for name, value in found if getattr(value, "__module__", "") == f"rnn.{module}"}
    return {
        name for name, value in mine.items() if name[0] != "_" and (inspect.isfunction(value) or inspect.isclass(value))
    }


@pytest.mark.parametrize("module", sorted({*rnn._MODULES, *rnn._HOMES.values()}))
def test_every_public_name_is_attacked(module):
    asked = public(module) if module in rnn._MODULES else {name for name, home in rnn._HOMES.items() if home == module}
    assert {name for name in asked if not called(name)} - INTERNAL.get(module, set()) == set()


def test_each_name_of_the_package_is_at_home_where_the_annotations_say():
    tree = ast.parse((ROOT / "rnn" / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    assert {alias.name: line.module.removeprefix("rnn.") for line in block.body for alias in line.names} == rnn._HOMES
    assert all(getattr(rnn, name) is not None for name in rnn.__all__)
    with pytest.raises(AttributeError, match="no attribute 'LTSM'"):
        _ = rnn.LTSM


# --------------------------------------------------------------------------- the attacks themselves


def case(function):
    """Return a case that calls a function with x = (1, 2)."""
    return Case("f", lambda: (None, function, {"x": np.array([1.0, 2.0])}))


def refuse(x):
    raise ValueError("x: expected numbers, got none")


def shrug(x):
    raise ValueError("no")


def crash(x):
    raise KeyError("x")


def total(x):
    return np.sum(x)


def logarithm(x):
    return np.log(x)


def spoil(x):
    x[0] = 3.0
    return x


@pytest.mark.parametrize(
    ("function", "value", "same", "verdict"),
    [
        (total, np.ones(2), False, "result"),
        (refuse, np.ones(2), False, "sentence"),
        (refuse, np.ones(2), True, "refuses a right value"),
        (shrug, np.ones(2), False, "does not say what was expected"),
        (crash, np.ones(2), False, "raises KeyError"),
        (logarithm, -np.ones(2), False, "raises RuntimeWarning"),
        (total, np.array([np.inf, 1.0]), False, "returns numbers that are not finite"),
        (total, np.ones(2), True, "gives another result"),
        (spoil, np.ones(2), False, "an argument has changed"),
    ],
)
def test_an_attack_notices(function, value, same, verdict):
    assert run(case(function), Attack("x", "test", value, same)).startswith(verdict)
