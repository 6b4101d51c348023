"""The chapter applications: five models that have learned nothing, and the loss that this should cost."""

# --8<-- [start:shown]
from math import comb, log

import numpy as np

from rnn import GRU, LSTM, Bidirectional, Embedding, Linear, Stacked
from rnn.losses import LastStep, binary_cross_entropy, ctc, softmax_cross_entropy

rng = np.random.default_rng(0)
T, B, V = 50, 8, 1000  # steps, sequences, words
words = rng.integers(V, size=(T + 1, B))
sound = rng.normal(size=(T, B, 40))
notes = rng.integers(2, size=(T, B, 88)).astype(float)
letters = np.tile(np.arange(1, 7), (B, 1))  # six, of 28 and a blank


def show(task, layers, inputs, loss, targets, expected):
    """Run a model whose scores are made small, so that it finds all classes about equally likely."""
    outputs, _ = Stacked(layers).forward(inputs)
    print(f"{task:9} {outputs.shape!s:14} loss {loss(outputs / 1e6, targets)[0]:7.3f}, expected {expected:7.3f}")


vectors, both = Embedding(V, 16), Bidirectional(GRU(16, 16), GRU(16, 16))
heard = Bidirectional(LSTM(40, 32), LSTM(40, 32))
entropy = softmax_cross_entropy
show("language", [vectors, GRU(16, 32), Linear(32, V)], words[:-1], entropy, words[1:], log(V))
show("tags", [vectors, both, Linear(32, 5)], words[1:], entropy, words[1:] % 5, log(5))
show("sentiment", [vectors, GRU(16, 32), Linear(32, 2)], words[1:], LastStep(entropy), words[0] % 2, log(2))
show("melody", [LSTM(88, 32), Linear(32, 88)], notes[:-1], binary_cross_entropy, notes[1:], 88 * log(2))
show("speech", [heard, Linear(64, 29)], sound, ctc, letters, T * log(29) - log(comb(T + 6, 12)))
# --8<-- [end:shown]
