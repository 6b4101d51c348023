"""The benchmark: its arithmetic on known numbers, its tables from a small file, its options, and two of its workers."""

import json
import math
import re
import tomllib

import pytest
from typer.testing import CliRunner

from scripts import bench
from scripts.bench import Case, __main__, limit, parts, report
from scripts.bench.__main__ import ROOT, Run, app, choose, disagreement, environment, parse_sizes, vary, worker

TINY = Case("train", "gru", (3, 2, 4, 5))


@pytest.fixture(autouse=True)
def without_peers(monkeypatch, tmp_path):
    """Whether the peers are installed must not matter here."""
    monkeypatch.setattr(__main__, "PEERS", tmp_path)


def timed(part, case, **samples):
    return {"part": part, "case": case.as_json(), "samples": samples}


@pytest.fixture
def record():
    """A run in which every figure is known: ours takes 2, PyTorch 4, the limit 1."""
    size, first = (50, 32, 1, 64), {"import": 0.1, "first": 0.2}
    cases = [Case("train", cell, size) for cell in bench.CELLS]
    entries = [
        timed("train", case, ours=[2.0, 2.0], torch=[4.0, 4.0], jax=[4.0, None], limit=[1.6, 2.0]) for case in cases
    ]
    stream = Case("stream", "lstm", (100, 1, 1, 64))
    entries.append(timed("stream", stream, ours=[1.0], torch=[8.0], onnxruntime=[5.0], limit=[0.5]))
    for T in (10, 20, 40):
        entries.append(timed("slopes T", Case("train", "lstm", vary(size, "T", T)), ours=[T**1.5], torch=[T]))
    pools = [{"user_api": "blas", "internal_api": "openblas", "version": "0.3", "architecture": "Haswell"}]
    return {
        "made": "2026-01-01",
        "machine": {"cpu": "a chip", "cores": 2, "load before": 0.1},
        "workers": {"torch 1": {"versions": {"torch": "2.13.0"}, "pools": pools}},
        "notes": ["A note."],
        "timed": entries,
        "memory": [
            {"case": cases[1].as_json(), "contender": name, "bytes": n} for name, n in (("ours", 3e6), ("torch", 6e6))
        ],
        "start": {"samples": {"ours": [first], "torch": [{"import": 1.0, "first": 2.0}]}},
        "imports": {"numpy": [0.1, 0.1], "rnn": [0.01, 0.01], "rnn.layers": [0.11, 0.12]},
    }


def test_ratios_are_taken_within_rounds():
    assert report.ratios([1.0, None, 3.0], [2.0, 5.0, 4.0]) == [0.5, 0.75]


def test_quartiles_and_means_of_known_numbers():
    assert report.quartiles([5.0, 1.0, 3.0, 2.0, 4.0]) == (2.0, 3.0, 4.0)
    assert report.quartiles([7.0]) == (7.0, 7.0, 7.0)
    assert report.geometric_mean([0.5, 2.0, 8.0]) == pytest.approx(2.0)
    assert math.isnan(report.geometric_mean([]))


def test_a_slope_is_the_power():
    assert report.slope([(x, 3 * x**1.25) for x in (1, 2, 5, 10)]) == pytest.approx(1.25)


def test_the_figures_of_a_file(record):
    expected = {
        "geometric mean to torch": 0.5,
        "worst case to torch": 0.5,
        "worst case to jax, B ≥ 32": 0.5,
        "median to the limit, B ≥ 32": 1.125,
        "worst case to the limit, B ≥ 32": 1.125,
        "streaming LSTM at H = 64 to the best peer": 0.2,
        "streaming, worst case to the best peer": 0.2,
        "peak memory to torch": 0.5,
        "time to first gradient to torch": 0.1,
        "slope in T": 1.5,
        "import rnn.layers to import numpy": 1.15,
    }
    assert report.figures(record) == pytest.approx(expected)
    assert expected.keys() == bench.TARGETS.keys()


def test_the_tables_of_a_file(record):
    text = report.tables(json.loads(json.dumps(record)))
    assert "| 50, 32, 1, 64 | lstm | 2 s | 0.50 (0.50–0.50) | 0.50 (0.50–0.50) | 1.12 (1.06–1.19) |" in text
    assert "| slope in T | ≤ 1.03 | 1.50 | **no** |" in text
    assert "| peak memory to torch | ≤ 0.65 | 0.50 | yes |" in text
    assert "| lstm | 3 MB | 6 MB | 0.50 |" in text
    assert "openblas 0.3 (Haswell)" in text
    assert "- A note." in text
    for table in re.findall(r"(?:^\|.*\|\n?)+", text, re.M):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_a_part_of_a_run_has_tables_too(record):
    empty = record | {"timed": [], "memory": [], "start": {}, "imports": {}}
    assert "###" not in report.tables(empty)
    alone = record | {
        "timed": [timed("train", TINY, ours=[2e-3], limit=[1e-3])],
        "memory": [],
        "start": {},
        "imports": {},
    }
    assert "| 3, 2, 4, 5 | gru | 2 ms | 2.00 (2.00–2.00) |" in report.tables(alone)


def test_contenders_that_compute_something_else_are_seen():
    ours = {"outputs": [2.0, 1.0, -1.0], "d_b": [1.0, 0.5, 0.5]}
    assert disagreement({"ours": ours, "same": ours, "limit": {}}) == {"same": 0}
    assert disagreement({"ours": ours, "other": ours | {"outputs": [2.0, 1.5, -1.0]}}) == {"other": 0.25}
    assert disagreement({"ours": ours, "part": {"outputs": ours["outputs"]}}) == {"part": math.inf}
    assert disagreement({"ours": ours, "nan": ours | {"d_b": [1.0, math.nan, 0.5]}}) == {"nan": math.inf}


def test_the_limit_counts_at_least_the_products_of_every_form():
    for cell in bench.CELLS:
        first, *others = limit.forms(Case("train", cell, (3, 2, 4, 64)))
        for other in others:
            for one, two in ((first.up, other.up), (first.down, other.down)):
                assert one[1].shape == two[1].shape
                assert one[2].size == two[2].size
                assert one[3].size == two[3].size
        steps = sum(out.size for _, _, out in first.factors[1])
        assert steps == limit.BACKWARD[cell] * 2 * 64


def test_multiplications_are_made_in_few_calls():
    made = limit.factors(2 * limit.CALL + 5, lambda size: bytearray(size))
    assert [len(out) for _, _, out in made] == [10924, 10924, 10925]
    assert limit.factors(0, lambda size: bytearray(size)) == []


@pytest.mark.parametrize("name", ["ours", "limit"])
def test_a_worker_answers(name):
    with worker(name) as one:
        assert one.ask("hello")["versions"]["numpy"]
        said = one.ask("prepare", case=TINY.as_json())
        assert one.ask("sample")["seconds"] > 0
        assert one.ask("prepare", case=Case("stream", "lstm", (4, 1, 2, 3)).as_json())["repeat"] >= 1
        with pytest.raises(__main__.ContenderError, match=f"{name}: TypeError: "):
            one.ask("prepare", case={"kind": "train"})
    wanted = {"outputs", "d_inputs", "d_h0", "d_W_hn", "d_b_hn", "new W_xz"}
    assert wanted <= said["projections"].keys() if name == "ours" else not said["projections"]


def test_a_run_with_numpy_alone(tmp_path):
    options = ["--sizes", "3,2,4,5", "--only", "rnn", "--threads", "1", "--dtype", "float64", "--rounds", "5"]
    file = tmp_path / "result.json"
    came = CliRunner().invoke(app, ["run", *options, "--parts", "train,forward", "--budget", "1", "--to", str(file)])
    assert came.exit_code == 0, came.output
    assert "left out: torch, jax, keras, numpy-ml" in came.output
    record = json.loads(file.read_text(encoding="utf-8"))
    assert [entry["part"] for entry in record["timed"]] == ["train", "forward"]
    assert all(len(samples) == 5 for entry in record["timed"] for samples in entry["samples"].values())
    again = CliRunner().invoke(app, ["table", str(file)])
    assert again.exit_code == 0
    assert again.output.strip() in came.output


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--only", "elman"], "--only: expected some of rnn, lstm, gru, got 'elman'."),
        (["--only", ""], "--only: expected some of rnn, lstm, gru, got ''."),
        (
            ["--sizes", "1,2,3"],
            "--sizes: expected T,B,D,H such as 50,32,1,64, with spaces between several, got '1,2,3'.",
        ),
        (
            ["--sizes", "0,1,1,1"],
            "--sizes: expected T,B,D,H such as 50,32,1,64, with spaces between several, got '0,1,1,1'.",
        ),
        (["--threads", "3"], "--threads: expected some of 1, 2, got '3'."),
        (["--dtype", "float16"], "--dtype: expected some of float32, float64, got 'float16'."),
        (["--parts", "all"], "--parts: expected some of train, forward, stream, memory, start, slopes, got 'all'."),
    ],
)
def test_a_bad_option_gets_one_sentence(options, sentence, capfd):
    came = CliRunner().invoke(app, ["run", *options])
    assert came.exit_code == 2
    assert came.output.strip() == sentence


@pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"made": 1}'])
def test_a_file_that_is_none_gets_one_sentence(tmp_path, text):
    file = tmp_path / "result.json"
    if text:
        file.write_text(text, encoding="utf-8")
    came = CliRunner().invoke(app, ["table", str(file)])
    assert came.exit_code == 2
    assert came.output.startswith("table: expected a file that `run` has written, got ")
    assert came.output.count("\n") == 1


def test_more_threads_than_cores_get_one_sentence(monkeypatch):
    monkeypatch.setattr(__main__.os, "cpu_count", lambda: 1)
    came = CliRunner().invoke(app, ["run", "--threads", "2"])
    assert came.exit_code == 2
    assert came.output == "--threads: expected at most as many as the cores of this machine, 1, got 2.\n"


def test_the_lock_of_the_peers_pins_what_pyproject_names_beside_the_numpy_of_the_book():
    group = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]["peers"]
    lock, book = (
        (ROOT / name).read_text(encoding="utf-8") for name in ("requirements-peers.lock", "requirements.lock")
    )
    assert "://" not in lock
    names = set(re.findall(r"^([\w.-]+)==", lock, re.M))
    assert {re.match(r"[\w.-]+", wanted)[0] for wanted in group} <= names
    numpy = r"^numpy==.*?(?= \\$)"
    assert re.findall(numpy, lock, re.M) == re.findall(numpy, book, re.M), "run `make lock`: the book has moved on"


def test_words_and_sizes_are_read():
    assert choose("--threads", " 2,1", (1, 2)) == [2, 1]
    assert parse_sizes("1,2,3,4 5,6,7,8") == [(1, 2, 3, 4), (5, 6, 7, 8)]


def test_all_cases_are_planned(monkeypatch):
    options = {
        "sizes": list(bench.SIZES),
        "threads": [1, 2],
        "dtypes": ["float32", "float64"],
        "cells": list(bench.CELLS),
    }
    run = Run.__new__(Run)
    run.options = options | {"parts": list(__main__.PARTS)}
    planned = dict(run.timed_cases())
    assert {part: len(cases) for part, cases in planned.items()} == {
        "train": 60,
        "forward": 15,
        "stream": 6,
        "slopes T": 15,
        "slopes B": 15,
        "slopes H": 15,
    }


def test_the_parts_of_a_step_add_up_to_it():
    found = parts.measure(TINY, rounds=1)
    assert sum(value for name, value in found.items() if name != "step") == pytest.approx(found["step"])
    assert all(found[name] > 0 for name in ("step", "products", "tanh", "multiplications", "calls"))
    assert parts.table([(TINY, found)]).splitlines()[2].startswith("| gru | 3, 2, 4, 5 | ")


@pytest.mark.parametrize(("cell", "a_step"), [("rnn", 2 + 1 + 2), ("lstm", 2 + 7 + 5), ("gru", 2 + 9 + 4)])
def test_calls_are_those_of_the_loops(cell, a_step):
    few, many = (parts.calls(Case("train", cell, (T, 2, 4, 5))) for T in (3, 4))
    assert many - few == a_step  # counted by hand in `rnn.runs`: products, forward, back


def test_profile_prints_a_table():
    done = CliRunner().invoke(
        app, ["profile", "--only", "rnn", "--sizes", "3,2,4,5", "--rounds", "5"], env=environment(1)
    )
    assert done.exit_code == 0, done.output
    assert "| rnn | 3, 2, 4, 5 |" in done.output
