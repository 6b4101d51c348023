"""The command: what it prints, what it writes, how it refuses."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rnn

pytestmark = pytest.mark.filterwarnings("error")


def run(*arguments, directory, program=("-m", "rnn")):
    return subprocess.run(
        [sys.executable, *program, *arguments],
        capture_output=True,
        text=True,
        cwd=directory,
        timeout=60,
        env={"COLUMNS": "120", "PATH": "", "PYTHONPATH": str(Path(rnn.__file__).parents[1])},
        encoding="utf-8",
    )


def test_the_command_prints_a_table_and_writes_a_picture(tmp_path):
    pytest.importorskip("typer")
    done = run(
        "train",
        "sunspots",
        "--epochs",
        "4",
        "--hidden",
        "3",
        "--window",
        "4",
        "--seed",
        "5",
        directory=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    result = rnn.train_rnn_on_sequence("sunspots", epochs=4, hidden_size=3, window=4, seed=5)
    rows = {
        row.split("│")[1].strip(): [cell.strip() for cell in row.split("│")[2:-1]]
        for row in done.stdout.splitlines()
        if row.startswith("│")
    }
    assert list(rows) == list(result.metrics)
    for model, cells in rows.items():
        scores = result.metrics[model].values()
        assert cells == [f"{s.rmse:.3g} ({s.arv:.3g})" for s in scores]
    heads = " ".join(done.stdout.split())
    assert "1704–1920" in heads
    assert heads.count("1921–1955") == 1
    assert f"Weight decay {result.weight_decay:g} was best" in heads
    assert done.stdout.endswith("picture: sunspots.svg\n")
    assert (tmp_path / "sunspots.svg").stat().st_size > 5000
    assert "update 20 of 20" in done.stderr


def test_the_command_takes_the_path_of_the_picture(tmp_path):
    pytest.importorskip("typer")
    done = run("train", "sine", "--epochs", "1", "--figure", "b.png", directory=tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "picture: b.png")
    assert [path.name for path in tmp_path.iterdir()] == ["b.png"]


def test_the_command_explains_itself(tmp_path):
    pytest.importorskip("typer")
    for arguments in (("--help",), ("train", "--help")):
        done = run(*arguments, directory=tmp_path)
        assert done.returncode == 0
        assert "train" in done.stdout
        assert "completion" not in done.stdout
    bare = run(directory=tmp_path)
    assert "Usage: python -m rnn [OPTIONS] COMMAND" in bare.stdout
    assert "sunspots, sine, damped, noisy or fibonacci" in done.stdout
    assert "--figure" in done.stdout


def test_the_options_have_the_defaults_of_the_function(tmp_path):
    pytest.importorskip("typer")
    done = run("train", "--help", directory=tmp_path)
    defaults = dict(re.findall(r"--(\w+)\b.*?\[default: (\d+)\]", done.stdout))
    function = inspect.signature(rnn.train_rnn_on_sequence).parameters
    names = {"seed": "seed", "hidden": "hidden_size", "window": "window", "epochs": "epochs"}
    assert defaults == {option: str(function[name].default) for option, name in names.items()}


def test_a_mistake_of_the_program_shows_where_it_is(tmp_path):
    pytest.importorskip("typer")
    program = (
        "import sys, rnn.train, rnn.__main__ as m\n"
        "rnn.train.train_rnn_on_sequence = lambda *_, **__: {}['nothing']\n"
        "sys.argv = ['rnn', 'train', 'sine']\n"
        "m.main()\n"
    )
    done = run(directory=tmp_path, program=("-c", program))
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback (most recent call last):\n")
    assert done.stderr.endswith("KeyError: 'nothing'\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("sunspot",),
            "rnn: seq_type: expected one of fibonacci, sine, damped, noisy, sunspots, got 'sunspot'; did",
        ),
        (("sine", "--epochs", "0"), "rnn: epochs: expected a whole number of at least 1, got 0"),
        (
            ("sine", "--figure", "a.txt"),
            "rnn: path: expected a name that ends in .svg, .png or .pdf, got 'a.txt'",
        ),
        (("sine", "--figure", "no/a.svg"), "rnn: path: expected an existing directory, got 'no'"),
    ],
)
def test_the_command_refuses_in_one_sentence(tmp_path, arguments, sentence):
    pytest.importorskip("typer")
    done = run("train", *arguments, directory=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(sentence)
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_the_command_without_typer_says_how_to_get_it(tmp_path):
    program = "import sys; sys.modules['typer'] = None; import rnn.__main__ as m; m.main()"
    done = run("train", "sine", directory=tmp_path, program=("-c", program))
    assert done.returncode == 2
    assert done.stderr == "rnn: typer is not installed; pip install 'rnn-unrolled[cli]' brings it\n"
