"""The chapter seq2seq: greedy search does not find the most probable sentence; a beam that keeps two does here."""

# --8<-- [start:shown]
import numpy as np

from rnn.equations.seq2seq import by_table

table = np.array([[0.10, 0.50, 0.40], [0.40, 0.30, 0.30], [0.90, 0.05, 0.05]])
model, source = by_table(table), np.zeros((1, 1, 1))  # what is read plays no part here
options = {"start": 0, "end": 0, "max_length": 4}


def show(name, hypotheses):
    """Print sentences with their probabilities."""
    said = [f"{''.join('.ab'[i] for i in h.symbols)} {np.exp(h.log_probability):.3f}" for h in hypotheses]
    print(f"{name:12}", "  ".join(said))


show("greedy", model.greedy(source, **options))
for width in (1, 2, 3):
    show(f"beam of {width}", model.beam(source, width=width, **options)[0])
every = model.beam(source, width=3**4, **options)[0]
show("best of all", every[:4])
print("all together", len(every), "sentences,", round(sum(np.exp(h.log_probability) for h in every), 12))
# --8<-- [end:shown]

assert every[0].symbols.tolist() == [2, 0]
assert model.greedy(source, **options)[0].symbols.tolist() == [1, 0]
