"""The laboratory: nothing is lost, nothing is counted twice, and nothing old passes for new."""

import ast
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scripts import experiments
from scripts.book import cache
from scripts.book.closure import ROOT, spelled
from scripts.experiments import Claim, Experiment, NoResultError, ResultError, Results, Run, fetch, store, sweep
from scripts.experiments.__main__ import app
from scripts.experiments.sweep import Plan, Task

TINY = "laboratory.tiny"
TESTS = Path(__file__).parent


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Let results and runs land in a directory of the test, and return the module of the experiment."""
    monkeypatch.setattr(experiments, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(store, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(store, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(store, "ROOT", tmp_path)
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.setattr("scripts.experiments.__main__.ROOT", tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(ROOT)]))
    import laboratory.tiny

    return laboratory.tiny


@pytest.fixture
def call(tiny):
    """Return a function that runs the command on the tiny experiment in this process, and gives its exit status."""

    def command(name: str, *options: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, [name, "--only", TINY, "--jobs", "1", *options])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, re.sub(r"\s+", " ", result.output)

    return command


def vary(monkeypatch, module, **changes):
    """Replace parts of an experiment's declaration."""
    monkeypatch.setattr(module, "EXPERIMENT", Experiment(**{**vars(module.EXPERIMENT), **changes}))


# --------------------------------------------------------------------------- what is committed


@pytest.mark.parametrize("name", experiments.names())
def test_committed_results_are_of_these_sources_and_keep_their_claims(name):
    """Of every experiment: sources, runs and claims."""
    assert store.complaints(name) == []
    assert any(one.reduced for one in experiments.claims(name))  # else a landing checks nothing


@pytest.mark.parametrize("name", experiments.names())
def test_every_experiment_says_what_it_asks_and_stays_small(name):
    """It has a docstring, its claims have one too, and its file can be read through."""
    about = experiments.experiment(name)
    module = sys.modules[experiments.module_of(name)]
    assert module.__doc__
    assert about.run.__doc__
    assert all(one.function.__doc__ for one in experiments.claims(name))
    assert (experiments.RESULTS / f"{name}.json").stat().st_size < 200_000


def test_all_of_it_can_be_done_again_in_three_hours_of_two_processors():
    """The processor time that the results say they took."""
    assert sum(run.cpu for name in experiments.names() for run in experiments.results(name).runs) < 2 * 3 * 3600


def test_no_results_lie_about_that_no_experiment_makes():
    """A file for each, and each file for one."""
    assert sorted(path.stem for path in experiments.RESULTS.iterdir()) == experiments.names()


# --------------------------------------------------------------------------- running and resuming


def test_what_is_run_is_written_with_its_provenance_and_not_run_again(call, tiny, tmp_path):
    """Sixteen runs, then none."""
    status, said = call("run")
    assert status == 0
    assert "16/16" in said
    written = json.loads((tmp_path / "results" / "tiny.json").read_text(encoding="utf-8"))
    assert {"by", "on", "sources", "python", "numpy", "machine"} == set(written["full"]["made"])
    assert [run["seed"] for run in written["full"]["runs"]] == [*range(5), *range(5)]
    assert all(run["seconds"] > 0 and run["found"]["never"] is None for run in written["full"]["runs"])
    status, said = call("run")
    assert (status, said) == (0, "")
    assert np.isinf(experiments.results(TINY).of("never", size=4)).all()


def test_a_run_is_the_same_wherever_and_however_often(call, tiny, tmp_path):
    """Done afresh by two processes it gives the same file but for the times."""

    def found():
        return [(run.arm, run.seed, run.found) for run in experiments.results(TINY).runs]

    call("run")
    before = found()
    assert call("run", "--afresh", "--jobs", "2")[0] == 0
    assert found() == before


def test_an_interruption_keeps_what_is_done(call, tiny, tmp_path, monkeypatch):
    """Ctrl-C in the fourth run: three are kept, the rest is done the next time."""
    keep, count = store.keep, iter(range(100))

    def interrupted(path, run):
        if next(count) == 3:
            raise KeyboardInterrupt
        keep(path, run)

    monkeypatch.setattr(store, "keep", interrupted)
    status, said = call("run")
    assert status == 130
    assert "what is done is kept" in said
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 3
    monkeypatch.setattr(store, "keep", keep)
    status, said = call("run")
    assert status == 0
    assert "13/13" in said


def test_a_full_disk_keeps_what_is_done(call, tiny, tmp_path, monkeypatch):
    """The message says that the disk is full, and no half-written file is left."""
    keep, count = store.keep, iter(range(100))

    def full(path, run):
        if next(count) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(path, run)

    monkeypatch.setattr(store, "keep", full)
    status, said = call("run")
    assert status == 1
    assert "the disk is full; what is done is kept" in said
    assert sorted(path.suffix for path in (tmp_path / "kept").rglob("*") if path.is_file()) == [".json"] * 2


def test_a_write_that_fails_half_way_leaves_the_old_file(tmp_path, monkeypatch):
    """Whoever reads a file sees all of it."""
    path = tmp_path / "run.json"
    cache.store(path, "old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        cache.store(path, "new")
    assert [one.name for one in tmp_path.iterdir()] == ["run.json"]
    assert path.read_text() == "old"


@pytest.mark.parametrize("text", ["", "{", '{"full": 3}', '{"full": {"made": {}, "runs": [{"seed": 1}]}}', "[]", "\0"])
def test_a_corrupt_file_of_results_is_named_and_made_again(call, tiny, tmp_path, text):
    """The kept runs are used; only if they are gone too is anything run."""
    call("run")
    path = tmp_path / "results" / "tiny.json"
    good = path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ResultError, match=r"tiny\.json: expected"):
        experiments.results(TINY)
    status, said = call("check")
    assert status == 1
    assert "tiny.json" in said
    assert "make experiments ONLY=laboratory.tiny" in said
    status, said = call("run")
    assert status == 0
    assert "/10" not in said
    runs = [json.loads(one)[tier]["runs"] for one in (good, path.read_text(encoding="utf-8")) for tier in ("full",)]
    assert runs[0] == runs[1]


def test_a_corrupt_run_is_done_again_and_the_others_are_kept(call, tiny, tmp_path):
    """One broken file costs one run."""
    call("run")
    (tmp_path / "results" / "tiny.json").unlink()
    next((tmp_path / "kept").rglob("*.json")).write_text('{"arm"', encoding="utf-8")
    status, said = call("run")
    assert status == 0
    assert "it is done again" in said
    assert "1/1" in said


def test_a_run_that_fails_is_named_and_the_others_are_kept(call, tiny, tmp_path, monkeypatch):
    """The unlucky size fails five times; the other size is done, and not again."""
    vary(monkeypatch, tiny, arms=[{"size": size, "seconds": 0.0, "log": ""} for size in (13, 4)])
    status, said = call("run", "--tier", "full")
    assert status == 1
    assert said.count("ValueError: size: expected anything but 13, got 13") == 5
    assert not (tmp_path / "results" / "tiny.json").exists()
    assert len(Plan.of(TINY, "full").missing) == 5


def test_what_is_not_a_finite_number_is_refused():
    """Infinity has no place in a file; what never happened is None."""
    assert store.plain({"a": np.float32(0.1), "b": (None, np.int64(3)), "c": np.array([True])}) == {
        "a": 0.1,
        "b": [None, 3],
        "c": [True],
    }
    for value in (float("nan"), np.inf, [np.float32(np.nan)]):
        with pytest.raises(ValueError, match="finite"):
            store.plain(value)
    with pytest.raises(ValueError, match="object"):
        store.plain(object())


# --------------------------------------------------------------------------- old, wrong and changed results


def test_results_of_other_sources_are_found_out(call, tiny, tmp_path, monkeypatch):
    """A changed line of code makes all runs old; `check` says how to bring them up to date."""
    call("run")
    monkeypatch.setattr(store, "sources", lambda name: "0" * 24)
    assert store.complaints(TINY)[0].endswith("`make experiments ONLY=laboratory.tiny` brings them up to date")
    assert call("check")[0] == 1
    assert len(Plan.of(TINY, "full").missing) == 10


def test_new_arms_are_run_alone(call, tiny, monkeypatch):
    """Results with other runs than the experiment has are found out; those that fit are used."""
    call("run")
    vary(monkeypatch, tiny, arms=[{"size": size, "seconds": 0.0, "log": ""} for size in (4, 40, 4000)])
    assert "other runs" in store.complaints(TINY)[0]
    status, said = call("run")
    assert "5/5" in said
    assert status == 0
    assert store.complaints(TINY) == []


def test_a_change_of_prose_or_of_a_claim_makes_nothing_old(tiny, tmp_path, monkeypatch):
    """But a change of what `run` uses does."""
    path = Path(tiny.__file__)
    source = path.read_text(encoding="utf-8")

    def hashed(*change: str) -> str:
        assert change[0] in source
        changed = tmp_path / "tiny.py"
        changed.write_text(source.replace(*change), encoding="utf-8")
        monkeypatch.setattr(store.inspect, "getsourcefile", lambda module: str(changed))
        return store.sources(TINY)

    before = hashed("claim", "claim")
    assert hashed("Average some numbers", "Do something else") == before
    assert hashed("An experiment that", "What") == before
    assert hashed("9.0", "8.0") == before
    assert hashed("(4, 4000)", "(4, 5000)") == before
    assert hashed("** 2", "** 4") != before
    assert hashed("[seed, size]", "[size, seed]") != before
    assert hashed("EXPERIMENT =", "FACTOR = 2\n\n\nEXPERIMENT =") == before  # nothing of the run asks for it
    assert hashed("import numpy as np", "import numpy.ma as np") != before


def test_code_is_spelled_alike_under_every_version_of_python():
    """A field that only some versions have would make all results old with the next one."""
    tree = ast.parse('@one\ndef two(a: int = 3, *b) -> None:\n    """Text."""\n    return f"{a:>{b}}" if a else None\n')
    assert spelled(tree) == (
        "Module(body=[FunctionDef(name='two',args=arguments(args=[arg(arg='a',annotation=Name(id='int'))],"
        "vararg=arg(arg='b'),defaults=[Constant(value=3)]),body=[Expr(value=Constant(value='Text.')),"
        "Return(value=IfExp(test=Name(id='a'),body=JoinedStr(values=[FormattedValue(value=Name(id='a'),conversion=-1,"
        "format_spec=JoinedStr(values=[Constant(value='>'),FormattedValue(value=Name(id='b'),conversion=-1)]))]),"
        "orelse=Constant()))],decorator_list=[Name(id='one')],returns=Constant())])"
    )


def test_a_broken_claim_is_named_with_both_numbers(call, tiny, monkeypatch):
    """In the tier in which it is broken."""
    monkeypatch.setattr(tiny, "wrong", Claim(lambda results: (results.of("mean", size=4), 1e-9)), raising=False)
    tiny.wrong.function.__name__ = "wrong"
    status, said = call("run")
    assert status == 1
    assert re.search(r"laboratory.tiny: claim wrong: expected \S+ < 1e-09 \(full results\)", said)
    assert "(reduced results)" in said
    assert call("check")[0] == 1


def test_a_claim_fails_on_equal_and_on_missing_numbers():
    """What never happened is infinite: nothing is smaller than it but a number."""
    there = Results(TINY, "full", {}, [])
    assert Claim(lambda _: (1.0, 2.0)).complaint(there) == ""
    for pair in ((2.0, 2.0), ([1.0, 3.0], 2.0), (np.inf, np.inf), (np.nan, 1.0)):
        assert "expected" in Claim(lambda _, pair=pair: pair).complaint(there)


def test_a_repeated_run_with_other_numbers_is_found_out(call, tiny, tmp_path):
    """Where rounding does not decide, the reduced runs have to come out as they did."""
    call("run")
    assert call("check")[0] == 0
    path = tmp_path / "results" / "tiny.json"
    parts = json.loads(path.read_text(encoding="utf-8"))
    parts["reduced"]["runs"][0]["found"]["mean"] *= 1.01
    path.write_text(json.dumps(parts), encoding="utf-8")
    status, said = call("check")
    assert status == 1
    assert re.search(r"done again: mean: \S+ is not \S+", said)


@pytest.mark.parametrize(
    ("here", "there", "same"),
    [
        ({"a": 1.0}, {"a": 1.0004}, True),
        ({"a": 1.0}, {"a": 1.002}, False),
        ({"a": 1.0}, {"b": 1.0}, False),
        ([1.0, 1e-6], [1.0, 2e-6], True),  # small beside the others
        ([1.0, 0.5], [1.0, 0.6], False),
        ([1.0], [1.0, 1.0], False),
        (None, None, True),
        (None, 3, False),
        ([None, 1.0], [None, 1.0], True),
        ({"a": [{"b": 1}]}, {"a": [{"b": 2}]}, False),
        ("x", "y", False),
    ],
)
def test_measurements_are_compared_up_to_rounding(here, there, same):
    """Numbers relative to the largest in their list."""
    assert (store.unlike(here, there, 1e-3) == "") is same


@pytest.mark.parametrize("changes", [{"seeds": 4}, {"arms": [{"size": 1}]}, {"reduced": [{"other": 1}]}])
def test_a_wrong_declaration_is_refused(tiny, changes):
    """Too few seeds, or arms that `run` does not take."""
    with pytest.raises(ValueError, match="expected"):
        Experiment(**{**vars(tiny.EXPERIMENT), **changes})


def test_nets_on_a_leading_axis_count_as_seeds():
    """Their measurements stand in one row."""
    runs = [Run({"size": 4}, seed, {"mean": [[seed, 0], [seed, 1], [seed, None]]}, 1, 1) for seed in range(2)]
    there = Results(TINY, "full", {}, runs, nets=3)
    assert there.of("mean", size=4).tolist() == [[0, 0], [0, 1], [0, np.inf], [1, 0], [1, 1], [1, np.inf]]
    with pytest.raises(KeyError, match="no run"):
        there.of("mean", size=5)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--only", "nothing"], "expected some of"),
        (["--tier", "half"], "expected full, reduced or both, got 'half'"),
        (["--give", "jsb"], "expected NAME=PATH, got 'jsb'"),
        (["--give", "jsb=/nowhere"], "expected the path of jsb-chorales-quarter.json, got /nowhere: No such file"),
        (["--give", "jb=/nowhere"], "expected one of"),
        (["--give", f"jsb={__file__}"], "expected a file with the hash"),
        (["--cluster", "tcp://127.0.0.1:9"], "expected the address of a Dask scheduler"),
    ],
)
def test_a_wrong_option_gets_a_sentence(tiny, options, expected, monkeypatch):
    """And nothing is run."""
    monkeypatch.setattr(sweep, "PATIENCE", "1s")
    given = [] if "--only" in options else ["--only", TINY]
    result = CliRunner().invoke(app, ["run", *given, *options])
    assert result.exit_code != 0
    assert expected in re.sub(r"[│\s]+", " ", result.output)
    assert "Traceback" not in result.output


# --------------------------------------------------------------------------- data


def test_data_with_another_hash_is_refused(tiny, monkeypatch):
    """What a package has today may not be what the results were made with."""
    one = fetch.Source("x", "wheel", "numpy", "0", "file", "0" * 64, "")
    monkeypatch.setattr(fetch, "catalogue", lambda: {"x": one})
    monkeypatch.setattr(fetch, "_downloaded", lambda source, wanted: [b"other"])
    with pytest.raises(fetch.DataError, match="the package has changed"):
        fetch.fetch("x")
    with pytest.raises(fetch.DataError, match="expected one of x, got 'y'"):
        fetch.fetch("y")


def test_experiments_whose_data_is_not_there_are_named_and_the_others_go_on(call, tiny, monkeypatch):
    """In `check` they are passed over, visibly; when the data is required they fail."""
    monkeypatch.delenv("REQUIRE_DATA", raising=False)
    call("run")
    one = fetch.Source("x", "wheel", "numpy", "0", "file", "0" * 64, "")
    monkeypatch.setattr(fetch, "catalogue", lambda: {"x": one})

    def offline(source, wanted):
        raise fetch.DataError("x: the package numpy 0 cannot be fetched: offline")

    monkeypatch.setattr(fetch, "_downloaded", offline)
    monkeypatch.setattr(fetch, "TRIES", 1)
    vary(monkeypatch, tiny, data=("x",))
    assert call("run")[0] == 1  # the data is part of the sources
    monkeypatch.setattr(store, "sources", lambda name: experiments.results(name).made["sources"])
    status, said = call("check")
    assert (status, said.strip()) == (
        0,
        "laboratory.tiny is not done again: x: the package numpy 0 cannot be fetched: offline",
    )
    monkeypatch.setenv("REQUIRE_DATA", "1")
    assert call("check")[0] == 1


def test_every_source_says_where_it_comes_from():
    """Name, hash and licence."""
    for one in fetch.catalogue().values():
        assert one.kind in ("wheel", "sdist", "deb", "given")
        assert re.fullmatch(r"[0-9a-f]{64}", one.sha256)
        assert one.licence
        assert one.member
    used = {source for name in experiments.names() for source in experiments.experiment(name).data}
    assert used == set(fetch.catalogue())


# --------------------------------------------------------------------------- a cluster


@pytest.fixture
def cluster(tiny, tmp_path, monkeypatch):
    """Start a scheduler and two workers as one would on three machines; return its address and the workers."""
    file = tmp_path / "scheduler.json"
    environment = {**os.environ, "DASK_DISTRIBUTED__DEPLOY__LOST_WORKER_TIMEOUT": "5s"}
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler = subprocess.Popen(
        [*dask, "--no-dashboard", "--scheduler-file", str(file)], env=environment, stderr=subprocess.DEVNULL
    )
    while not file.exists():
        assert scheduler.poll() is None
        time.sleep(0.1)
    address = json.loads(file.read_text())["address"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    workers = [
        subprocess.Popen(
            [*worker, "--no-dashboard", "--local-directory", str(tmp_path / f"worker{i}")],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
        for i in range(2)
    ]
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait()


def test_a_killed_worker_loses_nothing_and_nothing_counts_twice(cluster, tiny, tmp_path):
    """Two workers of a real scheduler, one of which is killed in the middle of a run."""
    address, workers = cluster
    log = tmp_path / "log.txt"
    hashed = store.sources(TINY)
    tasks = [Task(TINY, "full", {"size": 5, "seconds": 0.4, "log": str(log)}, seed, hashed) for seed in range(12)]
    killed, came = 0, []
    for outcome in sweep.sweep(tasks, jobs=1, cluster=address):
        came.append(outcome)
        if not killed:
            killed = workers[0].pid
            before = log.read_text().splitlines()
            os.kill(killed, signal.SIGKILL)
    assert [outcome.failure for outcome in came] == [""] * 12
    assert sorted(outcome.task.seed for outcome in came) == list(range(12))
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 12
    begun = log.read_text().splitlines()
    by = {int(line.split()[0]) for line in begun}
    assert by == {worker.pid for worker in workers}  # both had work before one died
    assert len(begun) > 12  # what the dead worker had begun was done again …
    assert before[-1].split()[0] in map(str, by)
    here = [tiny.run(seed=o.task.seed, size=5, seconds=0, log="") for o in came]
    assert [store.plain(found) for found in here] == [o.run.found for o in came if o.run]  # … with the same result


def test_the_same_sweep_runs_on_a_cluster_and_here(cluster, call, tiny):
    """Nothing but an address is different."""

    def found():
        return [(run.arm, run.seed, run.found) for run in experiments.results(TINY).runs]

    assert call("run", "--cluster", cluster[0])[0] == 0
    there = found()
    assert call("run", "--afresh")[0] == 0
    assert found() == there


def test_a_worker_with_other_sources_is_refused(tiny):
    """Its result would be counted as one of ours."""
    outcome = sweep.work(Task(TINY, "full", {"size": 5, "seconds": 0.0, "log": ""}, 0, "f" * 24))
    assert outcome.run is None
    assert "other sources" in outcome.failure


def test_missing_results_say_how_to_make_them(tiny):
    """For whoever asks a figure for results that nobody has made."""
    with pytest.raises(NoResultError, match=r"`make experiments ONLY=laboratory\.tiny` makes them"):
        experiments.results(f"{TINY}.json")
