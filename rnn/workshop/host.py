"""What runs beside a submission, in the same process: it does what it is asked, and says what came of it.

Nothing here decides anything, because nothing here can be trusted once the submission has been loaded. Questions and
answers are lines of JSON; the grader in another process compares the numbers. This module imports nothing of the
package: in the sandbox its source is all that there is of it.
"""

import base64
import contextlib
import functools
import importlib
import importlib.abc
import inspect
import io
import json
import operator
import os
import sys
import types
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

NAME = "submission"  # the module as which the submission is loaded
MOST_PRINTED = 20_000  # characters of what it prints that are kept
DEEPEST = 4  # how far into its objects one looks for arrays

# How much of a training is kept, in numbers of eight bytes: in all less than 30 MB of JSON.
MOST_NUMBERS = 500_000  # in different sequences
MOST_HEARD = 100_000  # in the data that the submission makes for itself
MOST_SEEN = 600_000  # sequences in different batches
MOST_EVENTS = 100_000  # of a network
MOST_OF_NETS = 800_000  # of all networks together
MOST_OF_NET = 200_000  # in the evaluations of a network; also the largest parameter
MOST_OF_PAIRS = 60_000  # in the first outputs of a network and their gradients, and in the last
MOST_OF_PASSED = 640  # in the outputs of one batch
MOST_STEPS = 20_000  # of a cell in one sequence
MOST_STATES = 200  # steps of which the states are kept

METHODS = ("forward", "backward", "update_parameters")
FORWARD, BACKWARD, UPDATE = range(len(METHODS))

LARGEST_FILE = 16 << 20  # bytes
MOST_FILES = 100  # that are opened to be written

PICTURES = (".png", ".svg", ".jpg", ".jpeg")


class Refused(ImportError):
    """The submission reached for something that it may not have: another's solution, a process, the network."""


# ── values as JSON, and back ────────────────────────────────────────────────────────────────────────────────────────


def encode(value: Any, keep: Callable[[Any], str] = repr, depth: int = 0) -> Any:
    """Return a value as JSON; what has no form there is kept by `keep`, which returns the name to call it by."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return {"int": str(int(value))}  # of any size
    if isinstance(value, np.floating | np.complexfloating | float | complex) and not isinstance(value, np.ndarray):
        value = np.asarray(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return {"list": [encode(item, keep, depth + 1) for item in value.tolist()]}
    if isinstance(value, np.ndarray | np.bool_):
        value = np.asarray(value)
        if value.dtype.kind not in "biufc":
            return {"list": [str(item) for item in value.ravel().tolist()]}
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode("ascii")
        return {"array": [value.dtype.newbyteorder("=").str, list(value.shape), data]}
    if depth < 12:
        if isinstance(value, tuple):
            return {"tuple": [encode(item, keep, depth + 1) for item in value]}
        if isinstance(value, list):
            return {"list": [encode(item, keep, depth + 1) for item in value]}
        if isinstance(value, dict):
            return {"dict": [[encode(k, keep, depth + 1), encode(v, keep, depth + 1)] for k, v in value.items()]}
    return {"kept": keep(value), "type": type(value).__name__}


def decode(value: Any, kept: Callable[[str], Any] = lambda name: Kept(name)) -> Any:
    """Return the value of a piece of JSON; raise ValueError for what `encode` never writes."""
    if value is None or isinstance(value, bool | str):
        return value
    if not isinstance(value, dict):
        raise ValueError("expected null, true, false, a string or an object")
    match value:
        case {"int": str(digits)}:
            return int(digits) if len(digits) < 4000 else float("inf")
        case {"array": [str(dtype), list(shape), str(data)]}:
            kind = np.dtype(dtype)
            if kind.kind not in "biufc" or kind.itemsize > 32:
                raise ValueError(f"expected numbers, got {dtype}")
            flat = np.frombuffer(base64.b64decode(data, validate=True), kind)
            array = flat.reshape([int(n) for n in shape]).copy()
            return array if array.shape else array[()]
        case {"tuple": list(items)}:
            return tuple(decode(item, kept) for item in items)
        case {"list": list(items)}:
            return [decode(item, kept) for item in items]
        case {"dict": list(items)}:
            return {_key(decode(k, kept)): decode(v, kept) for k, v in items}
        case {"kept": str(name)}:
            return kept(name)
    raise ValueError("expected an object that stands for a value")


def _key(key: Any) -> Any:
    return str(key) if isinstance(key, list | dict | np.ndarray) else key


class Kept(str):
    """The name of an object that stayed where it was made."""

    __slots__ = ()


# ── the host ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Host:
    """Holds a submission and its objects, and answers questions about them."""

    def __init__(self, folder: str = "") -> None:
        self.folder = (
            folder  # of a process that serves the submission and nothing else; "" where it is the grader's own
        )
        self.module = types.ModuleType(NAME)
        self.helpers: dict[str, Any] = {"np": np, "work": self.module}
        self.objects: dict[str, Any] = {}
        self.refused: list[str] = []
        self.source = ""
        self.printed = Printed()

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked, and return what came of it: a value, or an error with its place in the submission."""
        reply: dict[str, Any] = {"number": request["number"]}
        try:
            with self._quietly():
                reply["value"] = getattr(self, "do_" + request["do"])(**request["with"])
        except BaseException as error:  # SystemExit and KeyboardInterrupt are answers too
            reply["error"] = self._told(error)
        reply["refused"] = self.refused
        return reply

    @contextlib.contextmanager
    def _quietly(self) -> Iterator[None]:
        """Keep what the submission prints, and give it nothing to read."""
        before = sys.stdout, sys.stderr, sys.stdin
        sys.stdout = sys.stderr = self.printed
        sys.stdin = io.StringIO()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            sys.stdout, sys.stderr, sys.stdin = before

    def _told(self, error: BaseException) -> dict[str, Any]:
        """Return an error as the reader should hear of it: the last line of the submission that led to it."""
        told: dict[str, Any] = {"type": type(error).__name__, "message": str(error)[:400]}
        if isinstance(error, SyntaxError) and error.filename == NAME:
            return told | {"line": error.lineno, "text": (error.text or "").strip(), "message": str(error.msg)}
        trace = error.__traceback__
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == NAME:
                lines = self.source.splitlines()
                told["line"] = trace.tb_lineno
                told["text"] = lines[trace.tb_lineno - 1].strip() if trace.tb_lineno <= len(lines) else ""
                told["function"] = trace.tb_frame.f_code.co_name
            trace = trace.tb_next
        return told

    # ── what can be asked ──

    def do_load(self, source: str, refuse: list[str], stubs: list[str]) -> Any:
        """Run the submission as a module, without the modules `refuse`, and with `stubs` that refuse to be called."""
        self.source = source
        if self.folder:
            self._import_matplotlib()  # in search of fonts it may start a program, and the submission may not
            sys.meta_path.insert(0, _Refuser(refuse, self.refused))
            guard(self.folder, self.refused)
        with _stubbed(stubs, self.refused):
            sys.modules[NAME] = self.module
            self.module.__dict__["__file__"] = NAME + ".py"
            exec(compile(source, NAME, "exec"), self.module.__dict__)
        return {name: _kind(value) for name, value in vars(self.module).items() if not name.startswith("__")}

    def do_preload(self, names: list[str]) -> None:
        """Import modules that the submission will import, ahead of need."""
        for name in names:
            importlib.import_module(name)

    def do_define(self, source: str) -> None:
        """Run a helper of the grader, which sees the submission as `work`."""
        exec(compile(source, "helper", "exec"), self.helpers)

    def do_call(self, of: str, method: str | None, args: Any, kwargs: Any, stubs: list[str]) -> Any:
        """Call a function or a method; return what it returns, and what has become of its arguments."""
        target = self._named(of)
        with _stubbed(stubs, self.refused):
            value, after = self._called(getattr(target, method) if method else target, args, kwargs)
        return {"value": self._value(value), "after": [self._value(a) for a in after]}

    def do_leaves(self, of: str) -> Any:
        """Return the arrays in an object, by the way to them."""
        return self._value({path: value for path, value, _ in leaves(self._named(of))})

    def do_write(self, of: str, values: Any) -> None:
        """Write arrays into an object, each in the form in which it stood there."""
        new = decode(values, self._named)
        for path, _, fill in list(leaves(self._named(of))):
            if path in new:
                fill(new[path])

    def do_train(self, function: str, classes: list[str], data: str) -> Any:
        """Call a training without arguments, and return what went through the networks meanwhile.

        What the training returns is left where it is: it says nothing that the recording does not say.
        """
        record = Recording()
        self._import_matplotlib()  # perhaps the submission does so only inside of the training
        error = None
        try:
            with record.watching(self.module, classes, data), _shown_pictures():
                getattr(self.module, function)()
        except Exception as raised:  # what was recorded until then may say why
            error = self._told(raised)
        pictures = sorted(str(path) for path in Path.cwd().rglob("*") if path.suffix.lower() in PICTURES)
        return self._value(record.result() | {"pictures": pictures, "error": error})

    def do_printed(self) -> Any:
        """Return what the submission has printed."""
        return str(self.printed)

    # ── how it is done ──

    def _import_matplotlib(self) -> None:
        """Import Matplotlib where the submission mentions it and it is there."""
        if "matplotlib" in self.source:
            with contextlib.suppress(ImportError):
                importlib.import_module("matplotlib.pyplot")

    def _named(self, name: str) -> Any:
        if name in self.objects:
            return self.objects[name]
        first, *rest = name.split(".")
        if first == "rnn":  # an object of the package, to be handed to the submission
            self.helpers.setdefault("rnn", importlib.import_module("rnn"))
        value = self.helpers[first] if first in self.helpers else vars(self.module)[first]
        for part in rest:
            value = getattr(value, part)
        return value

    def _called(self, target: Any, args: Any, kwargs: Any) -> tuple[Any, list[Any]]:
        values = [decode(arg, self._named) for arg in args]
        named = {name: decode(arg, self._named) for name, arg in kwargs.items()}
        return target(*values, **named), values

    def _value(self, value: Any) -> Any:
        def keep(item: Any) -> str:
            name = f"#{len(self.objects)}"
            self.objects[name] = item
            return name

        return encode(value, keep)


Leaf = tuple[str, np.ndarray, Callable[[Any], None]]


def leaves(value: Any, path: str = "", depth: int = 0, seen: set[Any] | None = None) -> Iterator[Leaf]:
    """Yield every array of numbers in an object once, with the way to it and a function that writes others into it."""
    seen = set() if seen is None else seen
    for name, item, place in _parts(value):
        there = f"{path}.{name}" if path else name
        if not isinstance(item, float | int | str):
            if _identity(item) in seen:
                continue
            seen.add(_identity(item))
        if isinstance(item, np.ndarray):
            if item.dtype.kind in "fciu":
                yield there, item, _filler(item, place)
        elif isinstance(item, float | np.floating) or (isinstance(item, list) and _numeric(item)):
            yield there, np.asarray(item), _filler(item, place)
        elif depth < DEEPEST and not isinstance(item, str | bytes | type | types.ModuleType | types.FunctionType):
            yield from leaves(item, there, depth + 1, seen)


def _identity(item: Any) -> Any:
    if isinstance(item, np.ndarray):
        return item.__array_interface__["data"][0], item.shape, item.strides
    return id(item)


def _filler(item: Any, place: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return a function that puts new numbers where an item stands, in the form that it has there."""

    def fill(new: Any) -> None:
        if isinstance(item, list):
            place(np.asarray(new, dtype=float).reshape(np.shape(item)).tolist())
        elif not isinstance(item, np.ndarray):
            place(type(item)(new))
        elif item.dtype.kind in "fc" and item.flags.writeable:
            item[...] = np.reshape(new, item.shape)  # other names of the same array see it too
        else:
            place(np.asarray(new, dtype=float).reshape(item.shape))

    return fill


def _parts(value: Any) -> Iterator[tuple[str, Any, Callable[[Any], None]]]:
    if isinstance(value, dict):
        for key in list(value):
            yield str(key), value[key], functools.partial(operator.setitem, value, key)
    elif isinstance(value, list):
        for n, item in enumerate(value):
            yield str(n), item, functools.partial(operator.setitem, value, n)
    elif isinstance(value, tuple):
        for n, item in enumerate(value):
            yield str(n), item, lambda new: None
    elif not isinstance(value, np.random.Generator | np.random.RandomState | complex | int | float):
        names = list(getattr(value, "__dict__", {}))
        for cls in type(value).__mro__:
            slots = getattr(cls, "__slots__", ())
            names += [slots] if isinstance(slots, str) else list(slots)
        for name in names:
            if hasattr(value, name):
                yield name, getattr(value, name), functools.partial(setattr, value, name)


def _numeric(items: list[Any]) -> bool:
    if not items:
        return False
    if all(isinstance(item, float | int) and not isinstance(item, bool) for item in items):
        return True
    return all(isinstance(item, list) and _numeric(item) for item in items)


def _kind(value: Any) -> dict[str, Any]:
    """Say what a name of the submission stands for."""

    def parameters(f: Any) -> list[list[Any]] | None:
        try:
            return [[p.name, p.kind.name, p.default is p.empty] for p in inspect.signature(f).parameters.values()]
        except (TypeError, ValueError):
            return None

    if isinstance(value, type):
        methods = {name: parameters(m) for name, m in inspect.getmembers(value, callable) if not name.startswith("__")}
        return {"kind": "class", "parameters": parameters(value), "methods": methods, "own": value.__module__ == NAME}
    if callable(value):
        return {"kind": "function", "parameters": parameters(value), "own": getattr(value, "__module__", "") == NAME}
    if isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
        return {"kind": "names", "value": {str(k): v for k, v in value.items()}}
    return {"kind": "module" if isinstance(value, types.ModuleType) else "value"}


class Printed(io.TextIOBase):
    """Keeps the end of what is printed."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Take some text."""
        self.text = (self.text + text)[-MOST_PRINTED:]
        return len(text)

    def __str__(self) -> str:
        return self.text


class _Refuser(importlib.abc.MetaPathFinder):
    """Finds nothing, and refuses some names."""

    def __init__(self, names: list[str], refused: list[str]) -> None:
        self.names, self.refused = names, refused

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        """Refuse a module that a submission may not have."""
        if name in self.names or name.partition(".")[0] in self.names:
            self.refused.append(f"import {name}")
            raise Refused(f"import {name}", name=name)


@contextlib.contextmanager
def _stubbed(names: list[str], refused: list[str]) -> Iterator[None]:
    """Let some functions of the package refuse to be called: they are what the exercise asks for."""
    before = []
    for name in names:
        module, _, rest = name.partition(":")
        owner: Any = importlib.import_module(module)
        *path, last = rest.split(".")
        for part in path:
            owner = getattr(owner, part)

        def stub(*args: Any, name: str = name, **kwargs: Any) -> Any:
            refused.append(f"call {name.replace(':', '.')}")
            raise Refused(f"call {name.replace(':', '.')}")

        before.append((owner, last, getattr(owner, last)))
        setattr(owner, last, stub)
    try:
        yield
    finally:
        for owner, last, value in reversed(before):
            setattr(owner, last, value)


# ── a training, watched ─────────────────────────────────────────────────────────────────────────────────────────────


class Recording:
    """What went through the networks of a training: who saw which sequence when, and what came of it."""

    def __init__(self) -> None:
        self.nets: list[Net] = []
        self.places: dict[int, int] = {}  # the id of an object to its place in `nets`
        self.numbers: dict[int, int] = {}  # the hash of a sequence to its number
        self.kept: dict[int, np.ndarray] = {}  # sequences by their number, as far as there is room
        self.room = MOST_NUMBERS
        self.batches: list[np.ndarray] = []  # of numbers of sequences
        self.known: dict[int, int] = {}  # the hash of a batch to its place in `batches`
        self.batched = 0
        self.sequences: list[Any] = []
        self.inside: set[int] = set()  # objects of which a method is running

    @contextlib.contextmanager
    def watching(self, module: Any, classes: list[str], data: str) -> Iterator[None]:
        """Watch some classes, those derived from them, and the function that makes the data."""
        before: list[tuple[Any, str, Any]] = []
        wanted = tuple(c for name in classes if isinstance(c := getattr(module, name, None), type))
        derived = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, wanted)]
        for cls in dict.fromkeys((*wanted, *derived)):
            for method in METHODS:
                before += self._watch(cls, method)
        if callable(getattr(module, data, None)):
            before.append((module, data, getattr(module, data)))
            setattr(module, data, self._heard(getattr(module, data)))
        try:
            yield
        finally:
            for owner, name, value in before:
                setattr(owner, name, value)

    def _watch(self, cls: type, method: str) -> list[tuple[Any, str, Any]]:
        original = vars(cls).get(method)
        if not isinstance(original, types.FunctionType):
            return []
        names = [name for name, value in vars(cls).items() if value is original]  # ``__call__ = forward`` too
        watched = self._watched(original, method)
        for name in names:
            setattr(cls, name, watched)
        return [(cls, name, original) for name in names]

    def _watched(self, method: Any, name: str) -> Any:
        @functools.wraps(method)
        def watched(net: Any, *args: Any, **kwargs: Any) -> Any:
            if id(net) in self.inside:  # called by another method of the same object
                return method(net, *args, **kwargs)
            state = self._net(net)
            values = [*args, *kwargs.values()]
            given = _numbers(values[0]) if values and name != "update_parameters" else None
            if name == "forward":
                self._before_forward(state, given, values)
            elif name == "backward":
                self._backward(state, given)
            self.inside.add(id(net))
            try:
                value = method(net, *args, **kwargs)
            finally:
                self.inside.discard(id(net))
            if name == "forward" and given is not None and given.ndim == 3:
                self._forward(state, given, value)
            elif name == "update_parameters":
                state.happened(UPDATE, -1, True)
            return value

        return watched

    def _net(self, net: Any) -> "Net":
        if id(net) not in self.places:
            self.places[id(net)] = len(self.nets)
            self.nets.append(Net(net))
        return self.nets[self.places[id(net)]]

    def _before_forward(self, state: "Net", given: np.ndarray | None, values: list[Any]) -> None:
        """Ask for the weights where a sequence begins; a cell begins one when its state is zero."""
        if given is None or given.ndim == 3:
            state.weigh()
            return
        hidden = _numbers(values[1]) if len(values) > 1 else None
        if hidden is None or not hidden.any():
            self._end_of_steps(state)
            state.weigh()
        if len(state.steps) < MOST_STEPS:
            state.steps.append(np.atleast_2d(given))

    def _end_of_steps(self, state: "Net") -> None:
        """Make a sequence of the steps that a cell has taken."""
        steps, state.steps = state.steps, []
        if steps and all(step.shape == steps[0].shape for step in steps):
            inputs = np.stack(steps)
            state.happened(FORWARD, self._batch(inputs), bool(np.isfinite(inputs).all()))

    def _forward(self, state: "Net", given: np.ndarray, value: Any) -> None:
        outputs, hidden = (*value, None, None)[:2] if isinstance(value, tuple | list) else (value, None)
        numbers = _numbers(outputs)
        batch = self._batch(given)
        state.happened(FORWARD, batch, numbers is not None and bool(np.isfinite(numbers).all()))
        if numbers is not None and numbers.ndim == 3 and numbers.shape[:2] == given.shape[:2]:
            state.passed(Passed(given, self._seen(batch), numbers, hidden, state.version))

    def _backward(self, state: "Net", given: np.ndarray | None) -> None:
        self._end_of_steps(state)
        if not state.what or state.what[-1] != BACKWARD:  # a cell goes back step by step
            state.happened(BACKWARD, -1, given is None or bool(np.isfinite(given).all()))
        if given is not None and state.since:
            state.pair(given)

    def _batch(self, inputs: np.ndarray) -> int:
        """Return the number of a batch (T, B, D), and remember its sequences."""
        rows = np.ascontiguousarray(inputs.transpose(1, 0, 2))
        data = rows.tobytes()
        key = hash((rows.shape, data))
        if key not in self.known:
            if self.batched + len(rows) > MOST_SEEN:
                return -1
            self.batched += len(rows)
            size = len(data) // max(len(rows), 1)
            seen = [
                self._number(hash((rows.shape[1:], data[n * size : (n + 1) * size])), row) for n, row in enumerate(rows)
            ]
            self.known[key] = len(self.batches)
            self.batches.append(np.array(seen, dtype=np.int32))
        return self.known[key]

    def _number(self, key: int, row: np.ndarray) -> int:
        number = self.numbers.setdefault(key, len(self.numbers))
        if number == len(self.numbers) - 1 and number not in self.kept and row.size <= self.room:
            self.kept[number] = row.copy()
            self.room -= row.size
        return number

    def _seen(self, batch: int) -> np.ndarray:
        return self.batches[batch] if batch >= 0 else np.zeros(0, dtype=np.int32)

    def _heard(self, make: Any) -> Any:
        @functools.wraps(make)
        def heard(*args: Any, **kwargs: Any) -> Any:
            value = make(*args, **kwargs)
            numbers = _numbers(value)
            if numbers is not None and sum(s.size for s in self.sequences) + numbers.size <= MOST_HEARD:
                self.sequences.append(numbers)
            return value

        return heard

    def result(self) -> dict[str, Any]:
        """Return all of it; of the networks those that were trained longest, as far as there is room."""
        for state in self.nets:
            self._end_of_steps(state)
        shapes: dict[tuple[int, ...], list[int]] = {}
        for number, row in self.kept.items():
            shapes.setdefault(row.shape, []).append(number)
        stacks = [[np.array(same), np.stack([self.kept[n] for n in same])] for same in shapes.values()]
        room = MOST_OF_NETS
        nets: list[dict[str, Any]] = []
        for state in sorted(self.nets, key=lambda state: state.version, reverse=True):
            told = state.result()
            room -= state.size
            if room > 0 or not nets:
                nets.append(told)
        lengths = np.array([len(batch) for batch in self.batches], dtype=np.int64)
        flat = np.concatenate([np.zeros(0, dtype=np.int32), *self.batches])
        return {"windows": stacks, "batches": [flat, lengths], "nets": nets, "sequences": self.sequences}


class Passed:
    """A batch that has gone through a network, some of its columns; copies, since the caller may go on to change it."""

    def __init__(self, inputs: np.ndarray, seen: np.ndarray, outputs: np.ndarray, hidden: Any, version: int) -> None:
        columns = min(inputs.shape[1], max(1, MOST_OF_PASSED // max(outputs[:, :1].size, 1)))
        self.inputs, self.outputs, self.hidden = inputs, outputs, hidden
        self.shape, self.seen, self.columns, self.version = outputs.shape, seen, columns, version

    def result(self) -> dict[str, Any]:
        """Return the columns as they are to be told."""
        return {
            "shape": list(self.shape),
            "seen": self.seen[: self.columns],
            "outputs": self.outputs[:, : self.columns],
        }

    def evaluated(self) -> dict[str, Any]:
        """Return all columns, with the states of the first: those tell whether it was the network that answered."""
        states = _numbers(self.hidden)
        states = states[:, :1] if states is not None and states.ndim == 3 and states.size < MOST_OF_NET else None
        told = {"seen": self.seen, "inputs": self.inputs, "outputs": self.outputs, "version": self.version}
        return told | {"states": states[:MOST_STATES] if states is not None else None}


class Net:
    """What has happened to one network, in order, and what is kept of it."""

    def __init__(self, net: Any) -> None:
        self.net = net  # held, so that no id is used twice
        self.before = {path: np.array(value) for path, value, _ in leaves(net)}
        self.weights = [path.split(".") for path, a in self.before.items() if a.ndim == 2 and a.size > 1 and np.ptp(a)]
        self.weight: tuple[float, ...] | None = None
        self.version = 0  # how often the weights have changed
        self.what: list[int] = []
        self.batch: list[int] = []
        self.versions: list[int] = []
        self.finite: list[bool] = []
        self.steps: list[np.ndarray] = []  # of a cell, since its state was last zero
        self.since: list[Passed] = []  # what has been passed since the last step back
        self.evaluations: list[Passed] = []
        self.evaluated = 0
        self.first: list[dict[str, Any]] = []
        self.last: list[dict[str, Any]] = []
        self.sizes = [0, 0]

    @property
    def size(self) -> int:
        """How many numbers are kept."""
        return len(self.what) + sum(self.sizes) + self.evaluated + 2 * sum(a.size for a in self.before.values())

    def weigh(self) -> None:
        """Look whether the weights have changed since the last time."""
        weight = tuple(_sum(_reached(self.net, path)) for path in self.weights)
        if self.weight is not None and weight != self.weight:
            self.version += 1
        self.weight = weight

    def happened(self, what: int, batch: int, finite: bool) -> None:
        """Take down one thing."""
        if len(self.what) < MOST_EVENTS:
            self.what.append(what)
            self.batch.append(batch)
            self.versions.append(self.version)
            self.finite.append(finite)

    def passed(self, passed: Passed) -> None:
        """Keep a batch until it is known whether it trains or tests."""
        if self.since:
            self._evaluate(self.since[-1])
        self.since = [*self.since[-1:], passed]

    def _evaluate(self, passed: Passed) -> None:
        """Keep a batch that was not followed by a step back, and of such batches those of the newest weights."""
        if self.evaluations and self.evaluations[-1].version != passed.version:
            self.evaluations, self.evaluated = [], 0
        size = passed.inputs.size + passed.outputs.size
        if self.evaluated + size <= MOST_OF_NET:
            self.evaluations.append(passed)
            self.evaluated += size

    def pair(self, given: np.ndarray) -> None:
        """Keep the outputs and the gradient that came back for them: the first ones and the last."""
        *earlier, passed = self.since
        pair = passed.result() | {"given": list(given.shape), "earlier": [one.result() for one in earlier]}
        pair["gradient"] = given[:, : passed.columns] if given.ndim == 3 else np.zeros(0)
        size = 2 * pair["outputs"].size + sum(one["outputs"].size for one in pair["earlier"])
        self.since = []
        if self.sizes[0] + size <= MOST_OF_PAIRS:
            self.first.append(pair | {"number": len(self.what), "size": size})
            self.sizes[0] += size
            return
        self.last.append(pair | {"number": len(self.what), "size": size})
        self.sizes[1] += size
        while self.sizes[1] > MOST_OF_PAIRS and len(self.last) > 1:
            self.sizes[1] -= self.last.pop(0)["size"]

    def result(self) -> dict[str, Any]:
        """Return what is to be told of the network, its parameters before and after included."""
        self.weigh()
        if self.since:
            self._evaluate(self.since[-1])
        parameters = {
            p: a for p in self.before if (a := _numbers_as_they_are(_reached(self.net, p.split(".")))) is not None
        }
        return {
            "class": [cls.__name__ for cls in type(self.net).__mro__],
            "what": np.array(self.what, dtype=np.int8),
            "batch": np.array(self.batch, dtype=np.int32),
            "version": np.array(self.versions, dtype=np.int32),
            "finite": np.array(self.finite, dtype=bool),
            "weighed": bool(self.weights),
            "versions": self.version,
            "pairs": [self.first, self.last],
            "evaluations": [one.evaluated() for one in self.evaluations],
            "before": {p: a for p, a in self.before.items() if a.size <= MOST_OF_NET},
            "trained": {p: a for p, a in parameters.items() if a.size <= MOST_OF_NET},
        }


def _numbers(value: Any) -> np.ndarray | None:
    """Return a copy as an array of float64, or None for what is none."""
    if value is None or isinstance(value, dict | str):
        return None
    try:
        return np.array(value, dtype=float)
    except (TypeError, ValueError, OverflowError):
        return None


def _numbers_as_they_are(value: Any) -> np.ndarray | None:
    try:
        array = np.asarray(value)
    except ValueError:
        return None
    return array if array.dtype.kind in "fciu" else None


def _reached(value: Any, path: list[str]) -> Any:
    """Return what stands at the end of a path of `leaves`, or None."""
    for name in path:
        if isinstance(value, dict):
            value = value.get(name)
        elif isinstance(value, list | tuple):
            value = value[int(name)] if int(name) < len(value) else None
        else:
            value = getattr(value, name, None)
    return value


def _sum(value: Any) -> float:
    return float(value.sum()) if isinstance(value, np.ndarray) else float(np.sum(value)) if value is not None else 0.0


@contextlib.contextmanager
def _shown_pictures() -> Iterator[None]:
    """Let ``plt.show()`` save what it would show: there is no screen here."""
    plt: Any = sys.modules.get("matplotlib.pyplot")
    if plt is None:
        yield
        return
    before = plt.show

    def show(*args: Any, **kwargs: Any) -> None:
        for number in plt.get_fignums():
            count = len(list(Path.cwd().glob("figure-*.png"))) + 1
            plt.figure(number).savefig(f"figure-{count}.png")
        plt.close("all")

    plt.show = show
    try:
        yield
        if plt.get_fignums() and not any(p.suffix in PICTURES for p in Path.cwd().iterdir()):
            show()  # drawn, and neither shown nor saved
    finally:
        plt.show = before
        plt.close("all")


# ── in a process of its own ─────────────────────────────────────────────────────────────────────────────────────────

FORBIDDEN = {  # events of `sys.addaudithook`: what no homework needs
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.exec",
    "os.system",
    "os.kill",
    "os.killpg",
    "subprocess.Popen",
    "socket.connect",
    "socket.bind",
    "socket.sendto",
    "socket.getaddrinfo",
    "ctypes.dlopen",
    "webbrowser.open",
}
CHANGING = {"os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink"}
CHANGING |= {"os.truncate", "shutil.rmtree", "shutil.move", "os.utime"}


def guard(folder: str, refused: list[str]) -> None:
    """Refuse processes, connections, and changes outside a folder; it cannot be taken back in this process."""
    inside = os.path.realpath(folder)
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    opened = iter(range(MOST_FILES))
    absolute, realpath, separator, null = os.path.abspath, os.path.realpath, os.sep, os.devnull

    def outside(path: Any) -> bool:
        if isinstance(path, int):
            return False
        name = os.fsdecode(path)
        real = realpath(absolute(name))
        return name != null and real != inside and not real.startswith(inside + separator)

    def refuse(what: str) -> None:
        refused.append(what)
        raise Refused(what)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            refuse(event)
        elif event == "open" and isinstance(args[2], int) and args[2] & writing:
            if outside(args[0]):
                refuse(f"open {os.fsdecode(args[0])}")
            if next(opened, None) is None:
                refuse(f"open more than {MOST_FILES} files")
        elif event in CHANGING and any(outside(a) for a in args[:2] if isinstance(a, str | bytes | os.PathLike)):
            refuse(f"{event} {args[0]!r}")

    sys.addaudithook(hook)


def limit(memory: int) -> None:
    """Limit what this process may take, where the system knows how."""
    try:
        import resource
    except ImportError:
        return
    wanted = {"RLIMIT_AS": memory, "RLIMIT_FSIZE": LARGEST_FILE, "RLIMIT_CORE": 0, "RLIMIT_NOFILE": 256}
    for name, value in wanted.items():
        with contextlib.suppress(ValueError, OSError, AttributeError):
            resource.setrlimit(getattr(resource, name), (value, value))


def main(folder: str, memory: int) -> None:
    """Answer the questions that come in on a pipe, until it closes."""
    limit(memory)
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):  # what the submission writes there goes nowhere
        os.dup2(nothing, number)
    os.chdir(folder)
    host = Host(folder)
    dumps, loads, write, flush = json.dumps, json.loads, answers.write, answers.flush
    for line in questions:
        write(dumps(host.answer(loads(line))).encode() + b"\n")
        flush()
