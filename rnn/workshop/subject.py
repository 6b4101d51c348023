"""A submission as the grader sees it: something that can be asked, and whose every answer is looked at twice."""

import ast
import json
import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from rnn.workshop import host
from rnn.workshop.sandbox import Ended, Sandbox
from rnn.workshop.wrong import Wrong

CALL = 5.0  # seconds for a call
LOAD = 10.0  # seconds for the import of a submission, Matplotlib included

FRAMEWORKS = ("torch", "tensorflow", "keras", "jax", "autograd", "mxnet", "paddle", "theano", "mindspore", "flax")


class Answer(NamedTuple):
    """What a call has returned, and what has become of its arguments."""

    value: Any
    after: list[Any]


class Subject:
    """A submission that has been loaded, and objects that it has made.

    Parameters
    ----------
    ask : callable
        Takes a question and a number of seconds to an answer: `Sandbox.ask`, or that of a host in this process.
    package : bool
        Whether the submission may use the package `rnn`.
    stubs : tuple of str
        Functions of the package that must not be called, as ``"rnn.optim:clip_by_norm"``.
    """

    def __init__(
        self,
        ask: Callable[[dict[str, Any], float], dict[str, Any]],
        *,
        package: bool = False,
        stubs: tuple[str, ...] = (),
    ) -> None:
        self._ask, self._package, self._stubs = ask, package, stubs
        self.names: dict[str, Any] = {}
        self.calls = CALL

    def load(self, source: str) -> None:
        """Load the submission.

        Raises
        ------
        Wrong
            If it cannot be loaded.
        """
        _scan(source, self._package)
        refuse = ["rnn.workshop", *FRAMEWORKS] if self._package else ["rnn", *FRAMEWORKS]
        names = self.ask("load", LOAD, source=source, refuse=refuse, stubs=list(self._stubs))
        if not isinstance(names, dict) or not all(isinstance(item, dict) for item in names.values()):
            raise Wrong("nonsense", asked="import")
        self.names = names

    def preload(self, names: list[str]) -> None:
        """Import what the submission will, ahead of need."""
        self.ask("preload", LOAD, names=names)

    def call(self, of: str, *args: Any, method: str | None = None, **kwargs: Any) -> Answer:
        """Call a function or a class of the submission, or a method of an object.

        Raises
        ------
        Wrong
            If it raises, does not come back in time, or ends the process.
        """
        given = [_sent(arg) for arg in args]
        named = {name: _sent(arg) for name, arg in kwargs.items()}
        came = self.ask("call", self.calls, of=of, method=method, args=given, kwargs=named, stubs=list(self._stubs))
        if not isinstance(came, dict) or not isinstance(came.get("after"), list) or len(came["after"]) != len(args):
            raise Wrong("nonsense", asked=method or of)
        return Answer(self._value(came.get("value")), [self._value(a) for a in came["after"]])

    def __call__(self, of: str, *args: Any, method: str | None = None, **kwargs: Any) -> Any:
        """Call, insist that no argument has been changed, and return the value."""
        answer = self.call(of, *args, method=method, **kwargs)
        for n, (before, after) in enumerate(zip(args, answer.after, strict=True)):
            if _arrays(before) != _arrays(after):
                raise Wrong("changed-argument", function=method or of, number=n + 1)
        return answer.value

    def leaves(self, of: str) -> dict[str, Any]:
        """Return all arrays in an object, by the way to them."""
        found = self._value(self.ask("leaves", self.calls, of=of))
        if not isinstance(found, dict):
            raise Wrong("nonsense", asked=of)
        return found

    def write(self, of: str, values: dict[str, Any]) -> None:
        """Write arrays into an object."""
        self.ask("write", self.calls, of=of, values=_sent(values))

    def define(self, source: str) -> None:
        """Run a helper of the grader beside the submission, which it sees as `work`."""
        self.ask("define", self.calls, source=source)

    def train(self, function: str, classes: list[str], data: str, seconds: float) -> Any:
        """Call a training, and return what was recorded of it."""
        return self._value(self.ask("train", seconds, function=function, classes=classes, data=data))

    def printed(self) -> str:
        """Return the end of what the submission has printed."""
        return str(self.ask("printed", self.calls))

    def ask(self, what: str, seconds: float, **arguments: Any) -> Any:
        """Ask the host, and return its value.

        Raises
        ------
        Wrong
            If the answer is an error, or none.
        """
        asked = arguments.get("method") or arguments.get("of") or arguments.get("function") or what
        number = secrets.token_hex(8)  # an answer that was there before its question has another
        try:
            answer = self._ask({"do": what, "with": arguments, "number": number}, seconds)
        except Ended as ended:
            raise Wrong(ended.why, seconds=seconds, asked=asked) from None
        match answer:
            case {"number": str(same), "refused": [str(first), *_]} if same == number:
                raise _refused(first)
            case {"number": str(same), "error": dict(error)} if same == number:
                raise raised(error)
            case {"number": str(same), "value": value} if same == number:
                return value
        raise Wrong("nonsense", asked=asked)

    def _value(self, value: Any) -> Any:
        try:
            return host.decode(value)
        except (ValueError, TypeError, RecursionError) as error:
            raise Wrong("nonsense", asked=str(error)[:80]) from None


def local(*, package: bool = False, stubs: tuple[str, ...] = ()) -> Subject:
    """Return a subject in this very process: for code that one trusts, and for a page, which is a sandbox itself."""
    there = host.Host()

    def ask(request: dict[str, Any], seconds: float) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(json.dumps(there.answer(json.loads(json.dumps(request)))))
        return answer

    return Subject(ask, package=package, stubs=stubs)


def sandboxed(sandbox: Sandbox, *, package: bool = False, stubs: tuple[str, ...] = ()) -> Subject:
    """Return a subject in a sandbox."""
    return Subject(sandbox.ask, package=package, stubs=stubs)


def _sent(value: Any) -> Any:
    """Encode an argument; the name of an object that stayed there stands for the object."""
    return _named(host.encode(value, keep=_cannot), value)


def _named(coded: Any, value: Any) -> Any:
    if isinstance(value, host.Kept):
        return {"kept": str(value)}
    if isinstance(value, list | tuple) and isinstance(coded, dict):
        (form,) = coded
        return {form: [_named(c, v) for c, v in zip(coded[form], value, strict=True)]}
    if isinstance(value, dict):
        return {"dict": [[k, _named(c, v)] for (k, c), v in zip(coded["dict"], value.values(), strict=True)]}
    return coded


def _cannot(value: Any) -> str:
    raise TypeError(f"cannot be sent: {type(value).__name__}")


def _arrays(value: Any) -> Any:
    """Return what an argument holds, in a form that can be compared; an object that stayed there has another name."""
    if isinstance(value, host.Kept):
        return "kept"
    if isinstance(value, np.ndarray) and value.ndim:
        return value.shape, value.tobytes()
    if isinstance(value, np.ndarray | np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {key: _arrays(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_arrays(item) for item in value]
    if isinstance(value, int | float | complex) and not isinstance(value, bool):
        return (), np.asarray(value, dtype=complex).tobytes()
    return str(value)


def _scan(source: str, package: bool) -> None:
    """Refuse what the source imports in plain words; what it imports in other ways the host refuses."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return  # the host says where
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name.partition(".")[0] in FRAMEWORKS:
                raise Wrong("framework", name=name)
            if name.startswith("rnn.workshop") or (not package and name.partition(".")[0] == "rnn"):
                raise Wrong("reference", name=name)


def _refused(what: str) -> Wrong:
    verb, _, name = what.partition(" ")
    if verb == "import" and name.partition(".")[0] in FRAMEWORKS:
        return Wrong("framework", name=name)
    if verb in ("import", "call"):
        return Wrong("reference", name=name)
    return Wrong("forbidden", what=what)


def raised(error: dict[str, Any]) -> Wrong:
    """Return what an error of the submission is called."""
    kind = str(error.get("type"))
    keys = {"NotImplementedError": "skeleton", "MemoryError": "memory", "SystemExit": "exit", "SyntaxError": "syntax"}
    keys |= {"IndentationError": "syntax", "TabError": "syntax", "ModuleNotFoundError": "module"}
    line = error.get("line")
    return Wrong(
        keys.get(kind, "raises"),
        type=kind,
        message=str(error.get("message"))[:400],
        line=int(line) if isinstance(line, int) else None,
        text=str(error.get("text") or "")[:200],
        function=str(error.get("function") or ""),
    )
