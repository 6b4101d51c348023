"""The layers against stored values and gradients of PyTorch, which `scripts/torch_values.py` has written."""

import json
from pathlib import Path

import numpy as np
import pytest

from scripts.compare import TOLERANCE, Model, flat, model_arrays, nested, ours, worst

CASES = json.loads((Path(__file__).parent / "data" / "torch_layers.json").read_text(encoding="utf-8"))
EXACT = 1e-13  # 3e-15 is reached


def name(case):
    model = case["model"]
    return "-".join(
        [model["cell"], str(model["layers"]), *(word for word in ("bidirectional", "padded") if model[word])]
    )


def arrays(values):
    return {key: np.array(value) for key, value in values.items()}


def test_every_cell_is_stored_in_every_form():
    assert len({name(case) for case in CASES}) == 16


@pytest.mark.parametrize("case", CASES, ids=name)
def test_values_and_gradients_are_those_of_pytorch(case):
    model = Model(**{**case["model"], "size": tuple(case["model"]["size"])})
    came, expected = ours(model, arrays(case["given"])), arrays(case["results"])
    assert came.keys() == expected.keys()
    errors = {key: worst({key: came[key]}, {key: expected[key]}) for key in came}
    assert {key: error for key, error in errors.items() if not error < EXACT} == {}


def test_an_error_is_seen():
    values = {"a": np.array([1.0, 2.0]), "b": np.zeros(2)}
    assert worst(values, values) == 0
    assert worst({**values, "a": np.array([1.0, 2.5])}, values) == 0.25
    assert worst({**values, "b": np.array([0.0, 1e-3])}, values) == 1e-3
    assert worst({"a": values["a"]}, values) > TOLERANCE
    for key in values:
        assert not worst({**values, key: np.array([np.nan, 0])}, values) <= TOLERANCE


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_states_go_there_and_back(rng, layers, bidirectional):
    model = Model("lstm", (2, 3, 4, 5), layers=layers, bidirectional=bidirectional)
    given = model_arrays(model, rng)
    parts = [given["h0"], given["c0"]]
    for came, expected in zip(flat(nested(model, parts)), parts, strict=True):
        np.testing.assert_array_equal(came, expected)
