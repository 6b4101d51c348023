"""What others rely on: the names, arguments, defaults and constants of the package, as tests/data/api.txt has them.

A change there is a change for every reader's program. If it is meant, ``python tests/test_api.py`` writes the file.
"""

import dataclasses
import importlib
import inspect
import re
from pathlib import Path

import typer

ROOT = Path(__file__).resolve().parents[1]
KNOWN = ROOT / "tests" / "data" / "api.txt"
PLAIN = (bool, int, float, str, tuple, set, frozenset, type(None))


def lines():
    """Yield a line for every public function, class, method and constant of the package, in order."""
    for path in sorted((ROOT / "rnn").glob("*.py")):
        name = "rnn" if path.stem == "__init__" else f"rnn.{path.stem}"
        if path.stem == "__main__":
            continue
        module = importlib.import_module(name)
        for key, value in sorted(vars(module).items()):
            if key.startswith("_") or getattr(value, "__module__", name) != name:
                continue
            if inspect.isclass(value):
                yield from of_class(f"{name}.{key}", value)
            elif inspect.isfunction(value):
                yield f"{name}.{key}{arguments(value)}"
            elif key.isupper() and isinstance(value, PLAIN) and key != "TYPE_CHECKING":
                yield f"{name}.{key} = {shown(value)}"

    commands = typer.main.get_command(importlib.import_module("rnn.commands").build()).commands
    for name, command in sorted(commands.items()):
        for option in command.params:
            yield f"rnn {name} {option.opts[0]} = {option.default!r}"


def of_class(name, kind):
    """Yield a line for a class and one for each of its own public methods."""
    settings = getattr(kind, "__dataclass_params__", None)
    frozen = " frozen" if settings and settings.frozen else ""
    if settings:
        values = "".join(
            f" {field.name}={shown(field.default)}"
            for field in dataclasses.fields(kind)
            if field.default is not dataclasses.MISSING
        )
        yield f"class {name}{frozen}{values}"
    else:
        yield f"class {name}"
    for key, value in sorted(vars(kind).items()):
        value = getattr(value, "__func__", value)
        if inspect.isfunction(value) and (key == "__init__" or key[0] != "_"):
            yield f"{name}.{key}{arguments(value)}"
        elif key[0] != "_" and isinstance(value, PLAIN) and not settings:
            yield f"{name}.{key} = {shown(value)}"


def arguments(function):
    """Show the arguments of a function with their defaults, without annotations."""
    signature = inspect.signature(function)
    plain = [
        parameter.replace(
            annotation=inspect.Parameter.empty,
            default=parameter.default if parameter.default is inspect.Parameter.empty else Shown(parameter.default),
        )
        for parameter in signature.parameters.values()
    ]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


class Shown:
    """A default that is printed as `shown` prints it."""

    def __init__(self, value):
        self.value = value

    def __repr__(self):
        return shown(self.value)


def shown(value):
    """Print a value without what differs from run to run."""
    if isinstance(value, set | frozenset):
        return "{" + ", ".join(sorted(map(repr, value))) + "}"
    if inspect.isclass(value) or inspect.isfunction(value):
        return value.__qualname__
    return re.sub(r" at 0x[0-9a-f]+|object ", "", repr(value))


def test_names_arguments_defaults_and_constants_are_what_others_rely_on():
    assert list(lines()) == KNOWN.read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    KNOWN.write_text("".join(f"{line}\n" for line in lines()), encoding="utf-8")
