"""The command: what it prints, what it writes, how it refuses."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import rnn
from rnn import commands, counts
from rnn.poems import TEXTS

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
    assert "sunspots, sine, damped, noisy, sines, mackey_glass or" in done.stdout
    assert "--figure" in done.stdout


def test_the_options_have_the_defaults_of_the_function(tmp_path):
    pytest.importorskip("typer")
    done = run("train", "--help", directory=tmp_path)
    defaults = dict(re.findall(r"--(\w+)\b.*?\[default: (\d+)\]", done.stdout))
    function = inspect.signature(rnn.train_rnn_on_sequence).parameters
    names = {"seed": "seed", "hidden": "hidden_size", "window": "window", "epochs": "epochs"}
    assert defaults == {option: str(function[name].default) for option, name in names.items()}


def test_generate_has_the_defaults_of_the_function():
    pytest.importorskip("typer")
    from rnn.characters import train_character_model

    function = inspect.signature(train_character_model).parameters
    (generate,) = (c.callback for c in commands.build().registered_commands if c.callback.__name__ == "generate")
    options = inspect.signature(generate).parameters
    for option, name in {"cell": "cell", "hidden": "hidden_size", "updates": "updates", "seed": "seed"}.items():
        assert options[option].default == function[name].default


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
            "rnn: seq_type: expected one of fibonacci, sine, damped, noisy, sunspots, sines, mackey_glass, got 'sun",
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


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Return a function that runs a command in this process, in an empty directory."""
    testing = pytest.importorskip("typer.testing")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    app = commands.build()
    return lambda *arguments: testing.CliRunner().invoke(app, [str(argument) for argument in arguments])


def cells(output):
    """Return the rows of a printed table, those of a name that goes on in the next line joined."""
    rows = []
    for line in output.splitlines():
        if line.startswith("│"):
            row = [cell.strip() for cell in line.split("│")[1:-1]]
            if any(row[1:]):
                rows.append(row)
            else:
                rows[-1][0] += " " + row[0]
    return rows


@pytest.mark.parametrize("command", ["train", "generate", "counts", "gradients", "export"])
def test_each_command_explains_itself(cli, command):
    done = cli(command, "--help")
    assert done.exit_code == 0
    function = next(c.callback for c in commands.build().registered_commands if c.callback.__name__ == command)
    for name, parameter in inspect.signature(function).parameters.items():
        (about,) = parameter.annotation.__metadata__
        assert about.help
        if type(about).__name__ == "OptionInfo":
            assert f"--{name.replace('_', '-')} " in done.stdout
    assert command in cli("--help").stdout


def test_generate_learns_writes_saves_and_reads(cli, tmp_path):
    pytest.importorskip("safetensors")
    size = ("--hidden", 24, "--updates", 100)
    done = cli("generate", "tang", *size, "--temperature", 0, "--length", 7, "--save", "a.safetensors")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == TEXTS["tang"][:8] + "\n"
    assert done.stderr.startswith("epoch 5 of 50: loss ")
    assert done.stderr.endswith("model: a.safetensors\n")
    again = cli("generate", "a.safetensors", "--temperature", 0, "--length", 3, "--start", "春眠不")
    assert (again.stdout, again.stderr) == ("春眠不觉晓，\n", "")
    drawn = [cli("generate", "a.safetensors", "--temperature", 3, "--seed", seed).stdout for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == 302
    Path("own.txt").write_text("abcabc" * 9, encoding="utf-8")
    done = cli("generate", "own.txt", "--hidden", 4, "--updates", 2, "--cell", "lstm", "--length", 5)
    assert re.fullmatch(r"a[abc]{5}\n", done.stdout)


def test_counts_prints_what_the_package_counts(cli):
    done = cli("counts", "--inputs", 5, "--hidden", 7)
    assert done.exit_code == 0, done.stderr
    rows = cells(done.stdout)
    for row, (name, (hidden, of)) in zip(rows, counts.table(5, 7).items(), strict=True):
        parameters = [of[biases].parameters for biases in ("one", "two", "keras")]
        step = [of["one"].products, of["one"].elementwise, of["one"].stored]
        assert row == [name, *(f"{number:,}" for number in (hidden, *parameters, *step))]
    deep = cells(cli("counts", "--parameters", 20_000, "--depth", 2, "--both").stdout)
    expected = counts.table(10, parameters=20_000, depth=2, both_directions=True)
    assert [row[:3] for row in deep] == [
        [name, str(row.hidden_size), f"{row.counts['one'].parameters:,}"] for name, row in expected.items()
    ]


def test_names_stand_at_the_left_of_a_table_and_numbers_at_the_right(cli):
    rows = [line.split("│")[1:-1] for line in cli("counts").stdout.splitlines() if line.startswith("│")]
    names, *columns = zip(*rows, strict=True)
    assert {len(name) - len(name.lstrip()) for name in names} == {1}  # the space beside every line
    assert {len(number) - len(number.rstrip()) for column in columns for number in column} == {1}


def test_counts_and_export_of_a_saved_model(cli):
    pytest.importorskip("safetensors")
    pytest.importorskip("onnx")
    from rnn import files, layers

    layer = layers.GRU(3, 4)
    files.save(layer, "b.safetensors")
    of = counts.of(layer)
    row = ["saved", "", *(f"{n:,}" if n else "" for n in (of.parameters, 0, 0, of.products, of.elementwise, of.stored))]
    assert cells(cli("counts", "b.safetensors").stdout) == [row]
    done = cli("export", "b.safetensors")
    assert (done.exit_code, done.stdout) == (0, "graph: b.onnx\n")
    done = cli("export", "b.safetensors", "--to", "c.onnx", "--double", "--states", "--lengths")
    assert (done.exit_code, done.stdout) == (0, "graph: c.onnx\n")
    import onnx

    graphs = [onnx.load(name).graph for name in ("b.onnx", "c.onnx")]
    assert [[i.name for i in graph.input] for graph in graphs] == [["inputs"], ["inputs", "lengths", "state.h"]]
    assert [graph.input[0].type.tensor_type.elem_type for graph in graphs] == [1, 11]  # float, double


def test_gradients_prints_a_table_and_writes_a_picture(cli):
    pytest.importorskip("matplotlib")
    done = cli("gradients", "lstm", "relu", "--steps", 30, "--hidden", 6, "--bias", 2, "--gain", 0.5, "--seed", 4)
    assert done.exit_code == 0, done.stderr
    options = {"steps": 30, "hidden_size": 6, "bias": 2.0, "gain": 0.5, "seed": 4}
    norms = [commands.gradient_norms(name, **options) for name in ("lstm", "relu")]
    assert cells(done.stdout) == [
        [str(lag), *(f"{values[lag]:.2g}" for values in norms)] for lag in (0, 1, 2, 5, 10, 20)
    ]
    assert done.stdout.endswith("picture: gradients.svg\n")
    assert Path("gradients.svg").stat().st_size > 5000
    done = cli("gradients", "--steps", 5, "--hidden", 3, "--figure", "d.png")
    assert all(name in done.stdout for name in ("rnn", "relu", "gru", "lstm"))
    assert len(cells(done.stdout)) == 4
    assert Path("d.png").exists()


def test_gradient_norms_are_those_of_the_chain_rule():
    options = {"steps": 12, "hidden_size": 5, "gain": 1.0, "bias": 1.0, "seed": 0}
    values = commands.gradient_norms("relu", **options)
    assert values.shape == (13,)
    assert values[0] == 1
    assert (np.diff(values) <= 1e-15).all()  # an identity and slopes of 0 or 1 can only lose
    np.testing.assert_allclose(commands.gradient_norms("relu", **options | {"gain": 0.0})[1:], 0)
    # The gates that keep the state keep the gradient: a larger bias leaves more of it.
    for name in ("gru", "lstm"):
        little, much = (commands.gradient_norms(name, **options | {"bias": bias})[-1] for bias in (0.0, 4.0))
        assert much > 20 * little
    assert commands.gradient_norms("rnn", **options)[-1] == commands.gradient_norms("rnn", **options | {"bias": 3})[-1]


def test_the_gain_is_that_of_the_recurrent_weights():
    options = {"steps": 9, "hidden_size": 5, "bias": 1.0, "seed": 3}
    for gain in (0.0, 0.5, 0.9):  # orthogonal weights times the gain, and slopes below 1
        values = commands.gradient_norms("rnn", gain=gain, **options)
        assert (values[1:] <= gain ** np.arange(1, 10)).all()
        assert values[1] > 0.2 * gain or gain == 0


@pytest.mark.parametrize(
    ("arguments", "work"),
    [
        (("train", "sine", "--figure", "a.txt"), "rnn.train.train_rnn_on_sequence"),
        (("generate", "tang", "--save", "a.bin"), "rnn.characters.train_character_model"),
        (("gradients", "--figure", "a.txt"), "rnn.commands.gradient_norms"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(cli, monkeypatch, arguments, work):
    done = []
    monkeypatch.setattr(work, lambda *_, **__: done.append(work))
    assert cli(*arguments).exit_code == 2
    assert not done


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("generate", "nothing"), "source: expected a file or one of sonnet, tang, got 'nothing'"),
        (("generate", "bytes"), "source: expected a text in UTF-8, got other bytes in 'bytes'"),
        (("generate", "nothing.safetensors"), "nothing.safetensors: expected a model, got no such file"),
        (("generate", "tang", "--cell", "elman"), "cell: expected one of rnn, gru, lstm, got 'elman'"),
        (("generate", "tang", "--updates", 0), "updates: expected a whole number of at least 1, got 0"),
        (("generate", "tang", "--save", "a.bin"), "save: expected a name that ends in .safetensors, got 'a.bin'"),
        (("generate", "tang", "--save", "no/a.safetensors"), "save: expected an existing directory, got 'no'"),
        (("counts", "--inputs", 0), "input_size: expected a whole number of at least 1, got 0"),
        (("counts", "--parameters", 0), "parameters: expected a whole number of at least 1, got 0"),
        (("counts", "nothing"), "nothing: expected a model, got no such file"),
        (("gradients", "elman"), "architecture: expected one of rnn, relu, gru, lstm, got 'elman'"),
        (("gradients", "rnn", "--steps", 0), "steps: expected a whole number of at least 1, got 0"),
        (("gradients", "rnn", "--seed", -1), "seed: expected a whole number of at least 0, got -1"),
        (("gradients", "rnn", "--gain", "nan"), "gain: expected a finite number, got nan"),
        (("gradients", "--figure", "a.txt"), "path: expected a name that ends in .svg, .png or .pdf, got 'a.txt'"),
        (("export", "nothing"), "nothing: expected a model, got no such file"),
    ],
)
def test_every_command_refuses_in_one_sentence(cli, tmp_path, arguments, sentence):
    pytest.importorskip("safetensors")
    pytest.importorskip("matplotlib")
    Path("bytes").write_bytes(b"\xff\xfe\x00")
    done = cli(*arguments)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"rnn: {sentence}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["bytes"]


def test_an_interruption_is_one_sentence(tmp_path):
    pytest.importorskip("typer")
    # A program that was started in the background may ignore the signal: it is told not to.
    program = (
        "import os, signal, sys, rnn.characters as characters, rnn.__main__ as m\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "characters.train_character_model = lambda *_, **__: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.argv = ['rnn', 'generate', 'sonnet']\n"
        "m.main()\n"
    )
    done = run(directory=tmp_path, program=("-c", program))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "rnn: interrupted\n")


def test_an_interruption_before_the_command_begins_is_one_too(tmp_path):
    program = "import rnn.__main__ as m\ndef build():\n    raise KeyboardInterrupt\nm.build = build\nm.main()\n"
    done = run(directory=tmp_path, program=("-c", program))
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "rnn: interrupted\n")
