"""The package that the book *Unrolled* is woven from: recurrent networks whose code reads as the formulas do.

Code is batched rows, arrays ``(seq_len, batch, features)`` and weights ``(inputs, outputs)``; the book's
mathematics is columns, so ``W_math == W_code.T``. Importing the package needs NumPy alone; a module is loaded
when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rnn.data import generate_sequence_data as generate_sequence_data
    from rnn.lstm import LSTMCell as LSTMCell
    from rnn.simple import SimpleRNN as SimpleRNN
    from rnn.train import train_rnn_on_sequence as train_rnn_on_sequence

# Where each name of the package is at home.
_HOMES = {
    "LSTMCell": "lstm",
    "SimpleRNN": "simple",
    "generate_sequence_data": "data",
    "train_rnn_on_sequence": "train",
}
_MODULES = ["data", "gradcheck", "gradients", "init", "layer"]

__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    """Load what is asked for."""
    if name in _HOMES:
        value = getattr(import_module(f"rnn.{_HOMES[name]}"), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return import_module(f"rnn.{name}")
    raise AttributeError(f"module 'rnn' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name all that can be asked for."""
    return sorted(__all__)
