"""The commands of the workshop as they are typed: status, words, tables, JSON, watching."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import rnn
from rnn.workshop.exercise import registry

pytest.importorskip("typer")

SOLUTION = (Path(__file__).parent / "workshop" / "solution.py").read_text(encoding="utf-8")
WRONG = SOLUTION.replace("d_next = d_a @ self.W_hh.T", "d_next = d_a @ self.W_hh")
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def environment(**more):
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "MPLCONFIGDIR") if name in os.environ}
    return keep | {"PYTHONPATH": str(Path(rnn.__file__).parents[1]), "COLUMNS": "100", "LANG": "C.UTF-8"} | more


def run(*arguments, cwd, **more):
    return subprocess.run(
        [sys.executable, "-m", "rnn", *map(str, arguments)],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, timeout=120, env=environment(**more), check=False,
    )  # fmt: skip


def test_a_right_submission_passes_with_every_stage_named(tmp_path):
    (tmp_path / "mine.py").write_text(SOLUTION, encoding="utf-8")
    done = run("check", "mine.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") == 13
    assert "gradient of W_hh" in done.stdout
    assert "Everything passes." in done.stdout


@pytest.mark.parametrize(("lang", "name"), [("en", "transpose of W_hh"), ("zh", "W_hh 要转置")])
def test_a_mistake_is_named_with_both_numbers(lang, name, tmp_path):
    (tmp_path / "mine.py").write_text(WRONG, encoding="utf-8")
    done = run("check", "mine.py", "--lang", lang, cwd=tmp_path)
    assert done.returncode == 1
    assert name in done.stdout
    number = r"-?[\d.]+(?:e-?\d+)?"
    assert re.search(rf"b_h\[0\](: expected |：应为 ){number}(, got |，得到 ){number}", done.stdout)
    assert "LSTM" not in done.stdout


def test_the_language_is_that_of_the_terminal(tmp_path):
    (tmp_path / "mine.py").write_text(WRONG, encoding="utf-8")
    assert "前向计算" in run("check", "mine.py", cwd=tmp_path, LANG="zh_CN.UTF-8").stdout
    assert "forward" in run("check", "mine.py", cwd=tmp_path, LANG="de_DE.UTF-8").stdout


def test_json_says_what_the_terminal_says(tmp_path):
    (tmp_path / "mine.py").write_text(WRONG, encoding="utf-8")
    done = run("check", "mine.py", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["passed"], told["failed"], told["mistake"], told["where"]) == (False, "b_h", "untransposed", "b_h[0]")
    assert told["stages"]["b_y"] is True
    assert told["stages"]["b_h"] is False
    assert float(told["expected"]) != float(told["got"])


def test_a_folder_becomes_a_table(tmp_path):
    for name, source in (("a", SOLUTION), ("b", WRONG), ("c", "x = (")):
        (tmp_path / f"ml-6-{name}-1.py").write_text(source, encoding="utf-8")
    (tmp_path / "ml-6-d-1.py").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "notes.py").write_text("1/0", encoding="utf-8")
    done = run("check", ".", cwd=tmp_path)
    assert done.returncode == 1
    assert "1 of 4 pass" in done.stdout
    assert "notes.py" not in done.stdout
    told = json.loads(run("check", tmp_path, "--json", cwd=tmp_path).stdout)
    assert [entry["mistake"] for entry in told] == [None, "untransposed", "syntax", "file"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.py"], "expected a file, got 'nothing.py'"),
        (["remedies-1"], "of this chapter: remedies-5"),
        (["no-such-thing-at-all"], "expected an exercise that can be checked, a file or a folder"),
        ([], "expected a file, a folder or an exercise"),
        (["mine.py", "--lang", "fr"], "lang: expected en or zh, got 'fr'"),
        (["remedies-5"], "expected the file with your answer"),
        (["empty"], "expected Python files in the folder"),
        (["latin.py"], "expected a text in UTF-8"),
    ],
)
def test_bad_input_gets_one_sentence(arguments, says, tmp_path):
    (tmp_path / "mine.py").write_text(SOLUTION, encoding="utf-8")
    (tmp_path / "latin.py").write_bytes("# Müller".encode("latin-1"))
    (tmp_path / "empty").mkdir()
    done = run("check", *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not done.stdout


def test_an_exercise_is_begun_hinted_and_checked(tmp_path):
    exercise = registry()["remedies-5"]
    assert run("start", "remedies-5", cwd=tmp_path).returncode == 0
    path = tmp_path / "remedies-5.py"
    done = run("check", "remedies-5", path, cwd=tmp_path)
    assert done.returncode == 1
    assert "not written yet" in done.stdout
    for n in (1, 2, 3):
        assert exercise.hints[n - 1].zh in run("check", "remedies-5", "--hint", n, "--lang", "zh", cwd=tmp_path).stdout
    again = run("start", "remedies-5", cwd=tmp_path)
    assert again.returncode == 2
    assert "there already" in again.stderr
    path.write_text(exercise.source, encoding="utf-8")
    assert run("check", "remedies-5", path, cwd=tmp_path).returncode == 0
    key, old, new = exercise.planted[0]
    path.write_text(exercise.source.replace(old, new), encoding="utf-8")
    told = json.loads(run("check", "remedies-5", path, "--json", cwd=tmp_path).stdout)
    assert (told["passed"], told["mistake"]) == (False, key)


def test_the_list_names_every_exercise(tmp_path):
    done = run("check", "--list", "--lang", "zh", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.split()[::2][:1] == [next(iter(registry()))]
    assert all(exercise.id in done.stdout for exercise in registry().values())


def test_start_and_pack_go_together(tmp_path):
    started = run("start", "--name", "王小明", "--id", "42", "--lang", "zh", cwd=tmp_path)
    assert started.returncode == 0, started.stderr
    code, sheet = tmp_path / "ml-6-王小明-42.py", tmp_path / "ml-6-王小明-42.md"
    refused = run("pack", code, cwd=tmp_path, LANG="zh_CN.UTF-8")
    assert refused.returncode == 1
    assert "没有打包" in refused.stderr
    assert not (tmp_path / "submission").exists()
    code.write_text(SOLUTION, encoding="utf-8")
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(
        text.replace("<!-- recurrent -->\n", "<!-- recurrent -->\n\n状态从一步传到下一步。\n", 1), encoding="utf-8"
    )
    (tmp_path / "page.png").write_bytes(PNG)
    done = run("pack", code, "--photo", tmp_path / "page.png", cwd=tmp_path, LANG="zh_CN.UTF-8")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6-王小明-42" in done.stdout.splitlines()[-1]
    packed = tmp_path / "submission"
    assert sorted(path.name for path in packed.iterdir()) == [sheet.name, code.name]
    assert (packed / code.name).read_bytes() == code.read_bytes()
    report = (packed / sheet.name).read_text(encoding="utf-8")
    assert "状态从一步传到下一步。" in report
    assert report.count("data:image/png;base64,") >= 2  # the photo, and what the training drew
    assert "13" in report
    assert "还没有回答" in done.stderr


def test_watching_grades_on_every_save(tmp_path):
    pytest.importorskip("watchfiles")
    path = tmp_path / "mine.py"
    path.write_text(WRONG, encoding="utf-8")
    watching = subprocess.Popen(
        [sys.executable, "-u", "-m", "rnn", "check", "mine.py", "--watch"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", cwd=tmp_path, env=environment(),
    )  # fmt: skip
    try:
        assert "transpose of W_hh" in until(watching, "Waiting for mine.py")
        path.write_text(WRONG.replace("1 - states[t] ** 2", "1 - states[t]"), encoding="utf-8")
        assert "1 - h²" in until(watching, "Waiting for mine.py")
        time.sleep(0.3)
        path.write_text("while True:\n    pass\n", encoding="utf-8")
        time.sleep(1.0)  # it is being graded, and a new save ends that
        path.write_text(SOLUTION, encoding="utf-8")
        said = until(watching, "Waiting for mine.py")
        assert "Everything passes." in said
    finally:
        watching.terminate()
        watching.wait(10)
        watching.stdout.close()


def until(process, text):
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return "".join(lines)
    raise AssertionError("".join(lines))


def test_the_exercises_are_what_they_promise(tmp_path):
    done = run("check", "remedies", "--self", cwd=tmp_path)  # all of them have a test of their own
    assert done.returncode == 0, done.stdout
    planted = sum(len(exercise.planted) for exercise in registry().values() if exercise.chapter == "remedies")
    assert f"2 exercises, {planted} planted mistakes" in " ".join(done.stdout.split())
    assert run("check", "remedy", "--self", cwd=tmp_path).returncode == 2
