"""The parent of the benchmark: starts the contenders, gives each its turn, writes what they say to a file."""

from __future__ import annotations

import json
import math
import os
import platform
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, track

from scripts import bench
from scripts.bench import Case, Size, parts, report

ROOT = Path(__file__).resolve().parents[2]
PEERS = ROOT / ".venv-peers"
RESULT = ROOT / "build" / "bench" / "result.json"
PARTS = ("train", "forward", "stream", "memory", "start", "slopes")
PATIENCE = 600  # seconds until a contender that says nothing is given up
FEWEST = 5  # rounds, however long they take; of float64 and of two threads, which come second, two fewer
SLOW = 3, 0.5  # who takes so many times as long as the fastest, and so many seconds, sits out two rounds of three
AGREE = {"float32": 1e-4, "float64": 1e-10}  # relative errors that are still the same function
IMPORTS = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=bench.__doc__)
console = Console(stderr=True)


class ContenderError(Exception):
    """A contender cannot do what it was asked for; the message says why."""


class Worker:
    """A contender's process, seen from the parent."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        pinned = ",".join(map(str, cores[-threads:]))  # the last core has the least to do with interrupts
        self.process = subprocess.Popen(
            [python(), "-m", "scripts.bench.worker", name, str(threads), pinned],
            cwd=ROOT,
            env=environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and wait for the answer."""
        to, back = self.process.stdin, self.process.stdout
        assert to is not None
        assert back is not None
        try:
            print(json.dumps({"do": do, **arguments}), file=to, flush=True)
        except BrokenPipeError:
            raise ContenderError(f"{self.name}: its process has ended") from None
        if not select.select([back], [], [], PATIENCE)[0]:
            raise ContenderError(f"{self.name}: no answer for {PATIENCE} seconds")
        answer: dict[str, Any] = json.loads(back.readline() or '{"error": "its process has ended"}')
        if "error" in answer:
            raise ContenderError(f"{self.name}: {answer['error']}")
        return answer


@contextmanager
def worker(name: str, threads: int = 1) -> Iterator[Worker]:
    """Start a contender, and end it in any case."""
    one = Worker(name, threads)
    with one.process:  # closes the pipes and waits
        try:
            yield one
        finally:
            with suppress(ProcessLookupError):
                os.killpg(one.process.pid, signal.SIGKILL)  # with the helpers that some compilers start


def python() -> str:
    """Return the Python of the peers, where ours works too so that all have the same NumPy; else this one."""
    return str(PEERS / "bin" / "python") if (PEERS / ".setup").exists() else sys.executable


def environment(threads: int) -> dict[str, str]:
    """Return the variables that the libraries read when they are loaded."""
    return os.environ | {
        **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads)),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'false' if threads == 1 else 'true'}",
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",  # without it float64 is silently float32
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


def installed(names: Sequence[str]) -> list[str]:
    """Keep the contenders whose packages are there."""
    check = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"
    found = {
        modules: subprocess.run([python(), "-c", check, *modules], cwd=ROOT, check=False).returncode == 0
        for modules in {bench.MODULES[name] for name in names}
    }
    return [name for name in names if found[bench.MODULES[name]]]


def machine() -> dict[str, Any]:
    """Describe the machine."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    load = round(os.getloadavg()[0], 2)
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.platform(), "load before": load}


class Run:
    """One run: its options, its deadline, and the record that becomes the file."""

    def __init__(self, options: dict[str, Any], progress: Progress) -> None:
        self.options, self.progress = options, progress
        self.deadline = time.monotonic() + options["budget"]
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self.record: dict[str, Any] = {
            "made": now,
            "machine": machine(),
            "options": options,
            "workers": {},
            "notes": [],
        }
        self.record |= {"timed": [], "memory": [], "start": {}, "imports": {}}
        if self.record["machine"]["load before"] > 0.5:
            self.note("The machine was not idle when this run began: see `load before` in the file.")

    def note(self, sentence: str) -> None:
        """Say something that the reader of the tables should know."""
        if sentence not in self.record["notes"]:
            self.record["notes"].append(sentence)
            self.progress.console.print(sentence, style="yellow", highlight=False)

    def all(self) -> None:
        """Run the parts that are wanted: what needs fresh processes first, then what shares the time that is left."""
        parts, own, lasting = self.options["parts"], self.options["contenders"], self.timed_cases()
        if "memory" in parts:
            self.memory([name for name in own if name != "limit"])
        if "start" in parts:
            self.start([name for name in bench.STARTERS if name in own])
        self.pending = [case for _, cases in lasting for case in cases]
        names = {
            "train": own,
            "forward": own,
            "stream": self.streamers(),
            "slopes": [n for n in own if n in ("ours", "torch")],
        }
        for part, cases in lasting:
            self.timed(part, cases, names[part.split()[0]])
        self.record["seconds"] = round(self.options["budget"] + time.monotonic() - self.deadline)

    def streamers(self) -> list[str]:
        """Return who streams: those that train, in all their forms, and with PyTorch onnxruntime."""
        kin = {"torch-jit": "torch", "torch-compile": "torch", "onnxruntime": "torch", "onnxruntime-bound": "torch"}
        names = [name for name in bench.STREAMERS if kin.get(name, name) in self.options["contenders"]]
        # It takes a minute to compile, for the slowest of PyTorch's forms.
        return installed([name for name in names if not (self.options["quick"] and name == "torch-compile")])

    def timed_cases(self) -> list[tuple[str, list[Case]]]:
        """Return the cases of all parts that are timed, by part; those of one kind and number of threads together."""
        options, cells = self.options, self.options["cells"]
        train = [
            Case("train", cell, size, dtype, threads)
            for threads in options["threads"]
            for dtype in options["dtypes"]
            for size in options["sizes"]
            for cell in cells
        ]
        plain = [case for case in train if case.threads == options["threads"][0] and case.dtype == options["dtypes"][0]]
        parts: dict[str, list[Case]] = {"train": train, "forward": [replace(case, kind="forward") for case in plain]}
        parts["stream"] = [Case("stream", cell, (100, 1, *size)) for size in bench.STREAM_SIZES for cell in cells]
        wanted = {part: cases for part, cases in parts.items() if part in options["parts"]}
        if "slopes" in options["parts"]:
            for axis, values in bench.SLOPES.items():
                wanted[f"slopes {axis}"] = [
                    Case("train", cell, vary(bench.SLOPE_SIZE, axis, value)) for cell in cells for value in values
                ]
        return list(wanted.items())

    def timed(self, part: str, cases: Sequence[Case], names: Sequence[str]) -> None:
        """Time cases, those with one number of threads in one set of processes."""
        task = self.progress.add_task(part, total=len(cases))
        for threads in sorted({case.threads for case in cases}):
            with ExitStack() as stack:
                workers = {name: stack.enter_context(worker(name, threads)) for name in names}
                self.record["workers"] |= {
                    f"{name} {threads}": said for name, said in self.each(workers, "hello").items()
                }
                for case in sorted((case for case in cases if case.threads == threads), key=lambda case: case.work):
                    self.progress.update(task, description=f"{part} {case.cell} {case.size} {case.dtype} ×{threads}")
                    self.record["timed"].append({"part": part} | self.rounds(case, workers))
                    self.progress.advance(task)
        self.progress.remove_task(task)

    def each(self, workers: dict[str, Worker], do: str, **arguments: Any) -> dict[str, dict[str, Any]]:
        """Ask all in turn; those that cannot are left out, with a note."""
        answers = {}
        for name, one in workers.items():
            try:
                answers[name] = one.ask(do, **arguments)
            except ContenderError as reason:
                self.note(f"{reason} (left out)")
        return answers

    def rounds(self, case: Case, workers: dict[str, Worker]) -> dict[str, Any]:
        """Let all take turns at a case: a round is one sample of each, in an order that is drawn."""
        first = (case.threads, case.dtype) == (self.options["threads"][0], self.options["dtypes"][0])
        # numpy-ml has no GRU, and takes too long to be measured more than once.
        able = {name: one for name, one in workers.items() if name != "numpy-ml" or (first and case.cell != "gru")}
        ready = self.each(able, "prepare", case=case.as_json())
        errors = disagreement({name: said["projections"] for name, said in ready.items()})
        for name, error in errors.items():
            if not error <= AGREE[case.dtype]:
                self.note(f"{name}: another function than ours, error {error:.1e} in {case} (left out)")
                del ready[name]
        share = weight(case) / sum(map(weight, self.pending))
        end = time.monotonic() + share * max(0.0, self.deadline - time.monotonic())
        self.pending.remove(case)
        samples: dict[str, list[float | None]] = {name: [] for name in ready}
        order, rng = list(ready), random.Random(0)
        for number in range(self.options["rounds"]):
            if number >= (FEWEST if first else FEWEST - 2) and time.monotonic() > end:
                break
            rng.shuffle(order)
            for name in list(order):
                mine, fastest = typical(samples[name]), min(map(typical, samples.values()))
                slow = mine > SLOW[0] * fastest and mine * ready[name]["repeat"] > SLOW[1]
                out = slow and number % 3 and name != "ours"
                said = {} if out else self.each({name: able[name]}, "sample")
                samples[name].append(said[name]["seconds"] if said else None)
                if not (out or said):
                    order.remove(name)
                    del samples[name]
        forms = {name: said["form"] for name, said in ready.items() if said["form"]}
        repeats = {name: said["repeat"] for name, said in ready.items()}
        return {"case": case.as_json(), "samples": samples, "forms": forms, "repeats": repeats, "errors": errors}

    def memory(self, names: Sequence[str]) -> None:
        """Measure the peak of a training step, each in a fresh process."""
        turns = [
            (cell, name) for cell in self.options["cells"] for name in names if (name, cell) != ("numpy-ml", "gru")
        ]
        for cell, name in self.progress.track(turns, description="memory"):
            case = Case("train", cell, bench.MEMORY_SIZE)
            with worker(name) as one:
                for said in self.each({name: one}, "memory", case=case.as_json()).values():
                    self.record["memory"].append({"case": case.as_json(), "contender": name, **said})

    def start(self, names: Sequence[str]) -> None:
        """Measure the time from nothing to a gradient, and of bare imports, each in a fresh process."""
        case = Case("train", "lstm" if "lstm" in self.options["cells"] else self.options["cells"][0], bench.START_SIZE)
        self.record["start"] = {"case": case.as_json(), "samples": {name: [] for name in names}}
        few = 3 if self.options["quick"] else FEWEST
        for _ in self.progress.track(range(few), description="first gradient"):
            for name in names:
                with worker(name) as one:
                    for said in self.each({name: one}, "start", case=case.as_json()).values():
                        self.record["start"]["samples"][name].append(said)
        modules = ("numpy", "rnn", "rnn.layers")
        self.record["imports"] = {module: [] for module in modules}
        for _ in self.progress.track(range(4 * few), description="imports"):
            for module in modules:
                command = [python(), "-c", IMPORTS.format(module)]
                done = subprocess.run(command, cwd=ROOT, env=environment(1), check=True, capture_output=True, text=True)
                self.record["imports"][module].append(float(done.stdout))


def weight(case: Case) -> float:
    """Return how much of the time a case should have: long ones more."""
    return 0.1 + case.work


def vary(size: Size, axis: str, value: int) -> Size:
    """Return a size with one of its numbers replaced."""
    T, B, D, H = (value if letter == axis else number for letter, number in zip("TBDH", size, strict=True))
    return T, B, D, H


def typical(samples: Sequence[float | None]) -> float:
    """Return the median of the samples that there are; nothing is slow before it has been measured."""
    return median([sample for sample in samples if sample is not None] or [0.0])


def disagreement(projections: dict[str, dict[str, list[float]]]) -> dict[str, float]:
    """Return each contender's largest error against the first one, relative to the norm of the result."""
    (_, reference), *others = [(name, values) for name, values in projections.items() if values] or [("", {})]
    errors = {}
    for name, values in others:
        pairs = ((reference[key], values[key]) for key in reference.keys() & values.keys())
        found = [abs(a - b) / (one[0] or 1.0) for one, two in pairs for a, b in zip(one, two, strict=True)]
        whole = reference.keys() == values.keys() and not any(map(math.isnan, found))
        errors[name] = max(found) if whole else math.inf
    return errors


def choose(option: str, value: str, known: Sequence[Any]) -> list[Any]:
    """Read words with commas between, each one of those that are known."""
    by_word = {str(word): word for word in known}
    words = [word.strip() for word in value.split(",") if word.strip()]
    for word in words or [value]:
        if word not in by_word:
            wrong(f"{option}: expected some of {', '.join(by_word)}, got {word!r}.")
    return [by_word[word] for word in words]


def parse_sizes(value: str) -> list[Size]:
    """Read sizes such as "50,32,1,64 100,32,28,128"."""
    sizes: list[Size] = []
    for text in value.split() or [value]:
        numbers = text.split(",")
        if len(numbers) != 4 or not all(number.isdecimal() and int(number) for number in numbers):
            wrong(f"--sizes: expected T,B,D,H such as 50,32,1,64, with spaces between several, got {text!r}.")
        T, B, D, H = map(int, numbers)
        sizes.append((T, B, D, H))
    return sizes


def wrong(sentence: str) -> None:
    """Say in one sentence what is wrong with an option, and stop."""
    print(sentence, file=sys.stderr)
    raise typer.Exit(2)


FULL: dict[str, Any] = {
    "sizes": " ".join(",".join(map(str, size)) for size in bench.SIZES),
    "threads": "1,2",
    "dtype": "float32,float64",
    "contenders": ",".join(bench.CONTENDERS),
    "parts": ",".join(PARTS),
    "rounds": 15,
    "budget": 900.0,
}
QUICK = FULL | {
    "sizes": " ".join(FULL["sizes"].split()[:3]),
    "threads": "1",
    "dtype": "float32",
    "contenders": "ours,torch,jax,limit",
    "parts": "train,forward,stream,memory,start",
    "rounds": 7,
    "budget": 60.0,
}


@app.command()
def run(
    quick: Annotated[
        bool, typer.Option("--quick", help="Three sizes, float32, one thread, fewer contenders and parts.")
    ] = False,
    only: Annotated[str, typer.Option(help="Cells, with commas between.")] = ",".join(bench.CELLS),
    sizes: Annotated[str | None, typer.Option(help="Sizes T,B,D,H of training, with spaces between.")] = None,
    rounds: Annotated[int | None, typer.Option(min=FEWEST, help="The most rounds of a case.")] = None,
    threads: Annotated[str | None, typer.Option(help="1, 2 or both.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32, float64 or both.")] = None,
    contenders: Annotated[str | None, typer.Option(help=f"Some of {', '.join(bench.CONTENDERS)}.")] = None,
    parts: Annotated[str | None, typer.Option(help=f"Some of {', '.join(PARTS)}.")] = None,
    budget: Annotated[float | None, typer.Option(min=1, help="About how many seconds it may take.")] = None,
    to: Annotated[Path, typer.Option(help="The file with every sample.")] = RESULT,
) -> None:
    """Measure, write every sample to a file, and print the tables."""
    given: dict[str, Any] = {"sizes": sizes, "rounds": rounds, "threads": threads, "dtype": dtype}
    given |= {"contenders": contenders, "parts": parts, "budget": budget}
    values: dict[str, Any] = (QUICK if quick else FULL) | {key: v for key, v in given.items() if v is not None}
    cores = os.cpu_count() or 1
    options = {
        "cells": choose("--only", only, bench.CELLS),
        "sizes": parse_sizes(values["sizes"]),
        "threads": [number for number in choose("--threads", values["threads"], (1, 2)) if number <= cores],
        "dtypes": choose("--dtype", values["dtype"], tuple(AGREE)),
        "contenders": choose("--contenders", values["contenders"], bench.CONTENDERS),
        "parts": choose("--parts", values["parts"], PARTS),
        "rounds": values["rounds"],
        "budget": values["budget"],
        "quick": quick,
    }
    if not options["threads"]:
        wrong(f"--threads: expected at most as many as the cores of this machine, {cores}, got {values['threads']}.")
    wanted, options["contenders"] = options["contenders"], installed(options["contenders"])
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        this = Run(options, progress)
        if missing := [name for name in wanted if name not in options["contenders"]]:
            this.note(f"Not installed, so left out: {', '.join(missing)} (`make bench-peers` installs them).")
        try:
            this.all()
        except KeyboardInterrupt:
            this.note("The run was interrupted: what follows is a part of it.")
    this.record["machine"]["load after"] = round(os.getloadavg()[0], 2)
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(json.dumps(this.record) + "\n", encoding="utf-8")
    print(report.tables(this.record))
    console.print(f"Every sample is in {to}.", highlight=False)


@app.command()
def profile(
    only: Annotated[str, typer.Option(help="Cells, with commas between.")] = ",".join(bench.CELLS),
    sizes: Annotated[str, typer.Option(help="Sizes T,B,D,H, with spaces between.")] = FULL["sizes"],
    rounds: Annotated[int, typer.Option(min=FEWEST, help="How often each part is timed.")] = 7,
) -> None:
    """Say where the time of our training step goes: float32, one thread, in shares of the whole."""
    cells, chosen = choose("--only", only, bench.CELLS), parse_sizes(sizes)
    if os.environ != environment(1):  # BLAS reads it when it is loaded
        again = [sys.executable, "-m", "scripts.bench", *sys.argv[1:]]
        raise typer.Exit(subprocess.run(again, env=environment(1), check=False).returncode)
    cases = [Case("train", cell, size) for cell in cells for size in chosen]
    found = [(case, parts.measure(case, rounds)) for case in track(cases, "cases", console=console, transient=True)]
    print(parts.table(found))


@app.command()
def table(file: Annotated[Path, typer.Argument(help="A file that `run` has written.")] = RESULT) -> None:
    """Print the tables of a run, in Markdown, from its file alone."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        text = report.tables(record)
    except (OSError, ValueError, LookupError, TypeError) as error:
        wrong(f"table: expected a file that `run` has written, got {file} ({type(error).__name__}).")
    print(text)


if __name__ == "__main__":
    app()
