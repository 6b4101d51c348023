"""What the chapter comparison measured outside of the build: its file is whole, and the program still runs."""

import json

import numpy as np
import pytest

from scripts import comparison_measured as measured

pytestmark = pytest.mark.filterwarnings("error")

FOUND = json.loads(measured.FILE.read_text(encoding="utf-8"))


def test_the_file_names_neither_a_machine_nor_a_path():
    text = measured.FILE.read_text(encoding="utf-8")
    assert "/" not in text
    assert set(FOUND) == {"time", "training"}
    assert set(FOUND["time"]) == {"measured", "cpu", "cores", "threads", "versions", "cases"}


def test_times_are_medians_of_whole_rounds():
    samples = {"ours": [3.0, 1.0, None, 2.0], "torch": [4.0, 4.0, 8.0, None]}
    case = {"cell": "gru", "size": [4, 3, 2, 5], "dtype": "float32", "threads": 1}
    worker = {"python": "3", "versions": {"numpy": "2"}}
    record = {
        "workers": {"ours 1": worker, "torch 1": worker},
        "made": "2026-01-02T03:04:05",
        "machine": {"cpu": "any", "cores": 2},
        "timed": [
            {"part": "train", "case": case, "samples": samples},
            {"part": "train", "case": case | {"threads": 2}, "samples": samples},
            {"part": "forward", "case": case, "samples": samples},
        ],
    }
    found = measured.times(record)
    assert found["cases"] == [
        {"cell": "gru", "size": [4, 3, 2, 5], "dtype": "float32", "rounds": 3, "ours": 2.0, "torch": 4.0}
    ]
    assert found["measured"] == "2026-01-02"


def test_every_case_has_all_three_cells():
    cases = FOUND["time"]["cases"]
    sizes = {(c["dtype"], *c["size"]) for c in cases}
    assert len(sizes) == 10
    measured_cells = {(c["dtype"], *c["size"], c["cell"]) for c in cases}
    assert measured_cells == {(*size, cell) for size in sizes for cell in measured.CELLS}


def test_the_models_that_were_trained_have_the_parameters_of_the_budget():
    runs = FOUND["training"]["runs"]
    assert len(runs) == len(measured.TASKS) * len(measured.MODELS) * len(measured.RATES)
    for run in runs:
        assert (run["hidden"], run["parameters"]) == measured.size_of(run["cell"])
        assert abs(run["parameters"] - measured.BUDGET) < 0.04 * measured.BUDGET
        assert len(run["solved"]) == measured.SEEDS


def test_solved_is_the_first_time_that_the_average_is_high():
    right = np.zeros((120, 3))
    right[10:, 0], right[60:, 1], right[100:, 2] = 1, 1, 1
    assert measured.solved_after(right) == [60, 110, None]


@pytest.mark.parametrize("cell", measured.MODELS)
def test_a_cell_learns_a_short_task(cell):
    right = measured.train(cell, 10, 0.01, 100, seeds=2)
    assert right.shape == (100, 2)
    assert right[:3].mean() < 0.7 < right[-10:].mean()
