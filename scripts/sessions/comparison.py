"""The chapter comparison: the arrays of the three layers, counted under the names of three packages."""

# --8<-- [start:shown]
import numpy as np

from rnn import GRU, LSTM, RNN
from rnn.exchange import to_keras, to_torch

D, H = 10, 20
print("              here  PyTorch  Keras")
for layer in (RNN(D, H), GRU(D, H), LSTM(D, H)):
    sizes = [
        sum(np.size(array) for array in weights.values())
        for weights in (layer.params, to_torch(layer), to_keras(layer))
    ]
    print(f"{type(layer).__name__:10}", *(f"{size:7d}" for size in sizes))

print(*(f"{name} {array.shape}" for name, array in to_torch(RNN(D, H)).items()))
# --8<-- [end:shown]

assert sizes == [2480, 2560, 2480]
