"""The chapter sequences: a network for a whole sequence takes one length, a recurrent network takes any."""

# --8<-- [start:shown]
import numpy as np

from rnn import SimpleRNN

rng = np.random.default_rng(0)
whole = SimpleRNN(30, 8, 1, rng=rng)  # thirty numbers in a single step: nothing comes back
recurrent = SimpleRNN(1, 8, 1, rng=rng)  # one number a step

for T in (30, 31):
    numbers = rng.normal(size=T)
    outputs, _ = recurrent.forward(numbers.reshape(T, 1, 1))
    print(T, "numbers, recurrent:", outputs[-1, 0])
    try:
        outputs, _ = whole.forward(numbers.reshape(1, 1, T))
        print(T, "numbers, whole:    ", outputs[-1, 0])
    except ValueError as error:
        print(T, "numbers, whole:    ", error)
# --8<-- [end:shown]

assert T == 31
