"""The package that the book *Unrolled* is woven from: recurrent networks whose code reads as the formulas do.

Code is batched rows, arrays ``(seq_len, batch, features)`` and weights ``(inputs, outputs)``; the book's
mathematics is columns, so ``W_math == W_code.T``. Importing the package needs NumPy alone; a module is loaded
when it is first asked for.

To be read in this order: `simple`, `lstm`, `gru` are single steps; `unrolled` and `depth` make layers of steps and
models of layers; `layers` and `runs` are the same, fast; `losses`, `optim`, `training` make them learn.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # where each name is at home; `scripts.book.closure` reads it too
    from rnn.attention import AdditiveAttention as AdditiveAttention
    from rnn.attention import DotAttention as DotAttention
    from rnn.data import generate_sequence_data as generate_sequence_data
    from rnn.depth import Bidirectional as Bidirectional
    from rnn.depth import Residual as Residual
    from rnn.depth import Stacked as Stacked
    from rnn.echo import EchoState as EchoState
    from rnn.files import load as load
    from rnn.files import save as save
    from rnn.gru import GRUCell as GRUCell
    from rnn.layers import GRU as GRU
    from rnn.layers import LSTM as LSTM
    from rnn.layers import RNN as RNN
    from rnn.linear import Embedding as Embedding
    from rnn.linear import Linear as Linear
    from rnn.lstm import LSTMCell as LSTMCell
    from rnn.optim import SGD as SGD
    from rnn.optim import Adam as Adam
    from rnn.optim import RMSprop as RMSprop
    from rnn.orthogonal import OrthogonalRNN as OrthogonalRNN
    from rnn.pointwise import Dropout as Dropout
    from rnn.pointwise import LayerNorm as LayerNorm
    from rnn.seq2seq import Seq2Seq as Seq2Seq
    from rnn.seq2seq import TeacherForcing as TeacherForcing
    from rnn.simple import ElmanCell as ElmanCell
    from rnn.simple import SimpleRNN as SimpleRNN
    from rnn.ssm import DiagonalSSM as DiagonalSSM
    from rnn.text import Batches as Batches
    from rnn.text import Scaler as Scaler
    from rnn.text import Vocabulary as Vocabulary
    from rnn.train import train_rnn_on_sequence as train_rnn_on_sequence
    from rnn.training import fit as fit
    from rnn.unrolled import Unrolled as Unrolled
    from rnn.variants import LSTMVariant as LSTMVariant

_HOMES = {
    "Adam": "optim",
    "AdditiveAttention": "attention",
    "Batches": "text",
    "Bidirectional": "depth",
    "DiagonalSSM": "ssm",
    "DotAttention": "attention",
    "Dropout": "pointwise",
    "EchoState": "echo",
    "ElmanCell": "simple",
    "Embedding": "linear",
    "GRU": "layers",
    "GRUCell": "gru",
    "LSTM": "layers",
    "LSTMCell": "lstm",
    "LSTMVariant": "variants",
    "LayerNorm": "pointwise",
    "Linear": "linear",
    "OrthogonalRNN": "orthogonal",
    "RMSprop": "optim",
    "RNN": "layers",
    "Residual": "depth",
    "SGD": "optim",
    "Scaler": "text",
    "Seq2Seq": "seq2seq",
    "SimpleRNN": "simple",
    "Stacked": "depth",
    "TeacherForcing": "seq2seq",
    "Unrolled": "unrolled",
    "Vocabulary": "text",
    "fit": "training",
    "generate_sequence_data": "data",
    "load": "files",
    "save": "files",
    "train_rnn_on_sequence": "train",
}
_MODULES = [
    "counts",
    "data",
    "deploy",
    "exchange",
    "files",
    "gradcheck",
    "gradients",
    "init",
    "jacobians",
    "layer",
    "losses",
    "metrics",
    "onnx_export",
    "optim",
    "penalty",
    "rtrl",
    "scan",
    "tasks",
    "text",
]

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
