"""The data and the training of the assignment: each mistake is refused by name, right work in any dress passes."""

import json
import re

import numpy as np
import pytest

import rnn
from rnn.workshop import host, task
from rnn.workshop.sandbox import Sandbox
from rnn.workshop.subject import Subject, local, sandboxed
from rnn.workshop.wrong import GENERAL, Wrong, say
from tests.workshop import task_mistakes as catalogue

NAMES = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")


# A submission that overflows warns of it, and nobody listens.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    """Let pictures be drawn where nothing else stands, and on no screen."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")


def params_of(leaves):
    """Return the parameters of the solution's network; the grader proper finds those of any."""
    return {name: leaves[name] for name in NAMES} if set(NAMES) <= set(leaves) else None


def loaded(source: str, work: Subject | None = None) -> Subject:
    work = work or local()
    work.load(source)
    return work


def trained(source: str, work: Subject | None = None) -> task.Training:
    return task.check_training(loaded(source, work), params_of, 60.0)


def refusal(source: str) -> Wrong:
    work = loaded(source)
    try:
        task.check_data(work)
        task.check_training(work, params_of, 60.0)
    except Wrong as wrong:
        return wrong
    pytest.fail("it passes")


# ── the catalogue ──


@pytest.mark.parametrize(("key", "old", "new"), catalogue.MISTAKES)
def test_each_mistake_is_refused_under_its_name(key, old, new):
    wrong = refusal(catalogue.edited((old, new)))
    assert wrong.key == key
    for lang in ("en", "zh"):
        sentence = say(wrong, lang, task.NAMES)
        assert "None" not in sentence or key == "returns-none"
        assert not re.search(r"[{}]", sentence)


def test_every_mistake_that_has_a_name_is_in_the_catalogue():
    planted = {key for key, *_ in catalogue.MISTAKES}
    assert {key for key in task.NAMES if not key.startswith("advice-")} <= planted
    assert planted <= set(task.NAMES) | set(GENERAL)


def test_the_solution_passes_without_advice():
    assert task.check_data(loaded(catalogue.SOURCE)) == []
    training = trained(catalogue.SOURCE)
    assert training.advice == []
    assert [path.rpartition("/")[2] for path in training.pictures] == ["prediction.png"]
    assert "persistence" in training.printed
    assert [name for name, _ in training.rows] == list(task.ROWS.values())
    assert all(re.fullmatch(r"[0-9.]+", value) for _, value in training.rows)


@pytest.mark.parametrize("name", catalogue.DATA_VARIANTS)
def test_data_in_other_dress_pass(name):
    assert "advice-no-sine" not in task.check_data(loaded(catalogue.DATA_VARIANTS[name]))


@pytest.mark.parametrize("name", catalogue.TRAINING_VARIANTS)
def test_a_training_in_other_dress_passes(name):
    training = trained(catalogue.TRAINING_VARIANTS[name])
    numbers = training.numbers
    assert numbers["updates"] > 10
    assert numbers["start"] is None or numbers["end"] < numbers["start"]


# ── what the numbers are ──


def test_the_numbers_are_those_of_the_training():
    # One network, one length: what the solution prints is then what the table must say.
    source = catalogue.edited(catalogue.ONE_LENGTH, (catalogue.SCALE, "mean, std = 0, 1"), (catalogue.FREE, ""))
    training = trained(
        source.replace("predictions[-1], y_test[-1]", "predictions, y_test")
        .replace("x_test[-1], y_test[-1]", "x_test, y_test")
        .replace("round(float(error), 4)", "float(error)")
    )
    told = {key: float(re.search(rf"'{key}': ([0-9.e-]+)", training.printed)[1]) for key in ("rmse", "persistence")}
    # The last target of the last window stands in no other window, and so the grader does not know it.
    assert training.numbers["unseen"] == pytest.approx(told["rmse"], rel=1e-2)
    assert training.numbers["persistence"] == pytest.approx(told["persistence"], rel=1e-2)
    assert training.numbers["updates"] == 15 * 22
    assert training.numbers["trained-on"] == 690
    assert training.numbers["tested-on"] == 290


@pytest.mark.parametrize(
    ("advice", "edits"),
    [
        ("advice-no-free-run", [(catalogue.FREE, "")]),
        ("advice-one-length", [catalogue.ONE_LENGTH]),
        ("advice-known-data", [(catalogue.SINE, "return np.sin(2 * np.pi * np.arange(length) / 25)")]),
        (
            "advice-no-picture",
            [
                ('    figure.savefig("prediction.png")\n', "    return results\n"),
                ("    figure, (left, right)", "    return results\n    figure, (left, right)"),
            ],
        ),
        ("advice-persistence", [("learning_rate=0.1)", "learning_rate=0.002)")]),
        ("advice-huge", [('"sine", 1000', '"fibonacci", 1000'), (catalogue.SCALE, "mean, std = 0, series[cut]")]),
    ],
)
def test_advice(advice, edits):
    assert advice in trained(catalogue.edited(*edits)).advice


def test_advice_on_the_data():
    no_sine = catalogue.edited(('    if seq_type == "sine":', '    if seq_type == "wave":'))
    assert task.check_data(loaded(no_sine)) == ["advice-no-sine"]
    two_at_least = catalogue.edited((catalogue.ONES, "        values = np.ones(max(length, 2))\n"))
    assert task.check_data(loaded(two_at_least)) == ["advice-short"]


def test_advice_stands_by_itself():
    """The report shows it without the numbers of the case."""
    for key, text in task.NAMES.items():
        assert not key.startswith("advice-") or "{" not in text.en + text.zh


# ── data of the package, and data near the edge ──


@pytest.mark.parametrize("form", ["raw", "log", "ratio", "modulo"])
def test_the_forms_of_the_package_are_fibonacci_numbers(form):
    task._check_fibonacci(rnn.generate_sequence_data("fibonacci", 1000, form=form))


@pytest.mark.parametrize("seed", range(5))
def test_noise_and_straight_lines_are_no_fibonacci_numbers(seed):
    rng = np.random.default_rng(seed)
    for values in (rng.normal(size=1000), rng.normal(size=1000).cumsum(), rng.integers(0, 10, 1000) * 1.0):
        with pytest.raises(Wrong, match="fibonacci-broken"):
            task._check_fibonacci(values)
    with pytest.raises(Wrong, match="fibonacci-broken"):
        task._check_fibonacci(np.arange(1000.0) * rng.normal())


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5, 4.0])
def test_less_than_half_a_wave_is_told_from_more(share, phase):
    def wave(total):
        return 3 * np.sin(phase + total * np.linspace(0, 1, 1000)) - 2

    with pytest.raises(Wrong, match="sine-slow"):
        task._check_sine("sine", wave(share * np.pi))
    task._check_sine("sine", wave(np.pi / share))


# ── verdicts do not depend on luck ──

ANY_SEED = ("RNG = np.random.default_rng(6)", "RNG = np.random.default_rng()")


@pytest.mark.parametrize("time", range(2))
def test_verdicts_are_the_same_every_time(time):
    assert trained(catalogue.edited(ANY_SEED)).advice == []
    assert refusal(catalogue.edited(ANY_SEED, (catalogue.SPLIT, catalogue.RANDOM))).key == "random-split"
    turned = catalogue.GRADIENT.replace("outputs - y", "y - outputs")
    assert refusal(catalogue.edited(ANY_SEED, (catalogue.GRADIENT, turned))).key == "wrong-sign"


# ── the recording ──

LONG = """
def train_rnn_on_sequence():
    net = SimpleRNN(1, 16, 1)
    for n in range({updates}):
        x = RNG.normal(size=(20, 32, 1))
        y, _ = net.forward(x)
        net.backward((y - x) / y.size)
        net.update_parameters(0.01)


if __name__"""


def long_training(updates: int) -> str:
    return catalogue.edited(
        ("def train_rnn_on_sequence", "def train_otherwise"), ("\nif __name__", LONG.format(updates=updates))
    )


def record(source: str):
    return loaded(source).train(task.TRAIN, task.CLASSES, task.DATA, 60.0)


def test_the_recording_of_a_long_training_stays_small():
    raw = record(long_training(5000))
    assert len(json.dumps(host.encode(raw))) < 30e6
    assert raw["nets"][0]["versions"] == 5000


def test_the_classes_are_afterwards_what_they_were():
    work = loaded(catalogue.SOURCE + "\nforward, made = SimpleRNN.forward, generate_sequence_data\n")
    work.train(task.TRAIN, task.CLASSES, task.DATA, 60.0)
    work.define("same = work.SimpleRNN.forward is work.forward and work.generate_sequence_data is work.made")
    work.define("assert same")


def test_an_answer_that_is_no_recording_is_refused(monkeypatch):
    work = loaded(catalogue.SOURCE)
    good = work.train(task.TRAIN, task.CLASSES, task.DATA, 60.0)
    for bad in (
        None,
        [],
        {},
        {"windows": 3},
        good | {"nets": [{}]},
        good | {"batches": [[1], [5, "x"]]},
        good | {"windows": [[1]]},
    ):
        monkeypatch.setattr(work, "train", lambda *args, bad=bad: bad)
        with pytest.raises(Wrong, match="nonsense"):
            task.check_training(work, params_of, 60.0)


# ── in a process of its own ──


@pytest.mark.parametrize("name", ["plt.show", "an LSTM"])
def test_it_works_in_the_sandbox(name):
    sandbox = Sandbox()
    try:
        training = trained(catalogue.TRAINING_VARIANTS[name], sandboxed(sandbox))
        assert training.numbers["updates"] > 10
        assert name != "plt.show" or training.pictures == [str(sandbox.folder / "figure-1.png")]
    finally:
        sandbox.close()


def test_a_mistake_is_named_in_the_sandbox():
    sandbox = Sandbox()
    try:
        with pytest.raises(Wrong, match="not-shifted"):
            trained(catalogue.edited((catalogue.TARGETS, "series[s : s + seq_len]")), sandboxed(sandbox))
    finally:
        sandbox.close()


def test_a_training_that_does_not_end_is_ended():
    sandbox = Sandbox()
    try:
        work = loaded(catalogue.edited((catalogue.SERIES, "    while True:\n        pass\n")), sandboxed(sandbox))
        with pytest.raises(Wrong, match="time") as info:
            task.check_training(work, params_of, 1.0)
        assert info.value.values["asked"] == "train_rnn_on_sequence"
    finally:
        sandbox.close()
