"""The package that the book *Unrolled* is woven from: recurrent networks whose code reads as the formulas do.

Code is batched rows, arrays ``(seq_len, batch, features)`` and weights ``(inputs, outputs)``; the book's
mathematics is columns, so ``W_math == W_code.T``. Importing the package needs NumPy alone.
"""

from rnn import gradcheck, gradients, init
from rnn.data import generate_sequence_data
from rnn.lstm import LSTMCell
from rnn.simple import SimpleRNN
from rnn.train import train_rnn_on_sequence

__all__ = [
    "LSTMCell",
    "SimpleRNN",
    "generate_sequence_data",
    "gradcheck",
    "gradients",
    "init",
    "train_rnn_on_sequence",
]
