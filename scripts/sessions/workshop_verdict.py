"""The chapter workshop: an exercise is attempted and refused twice, and each time the mistake is named."""

import numpy as np

dice = np.random.default_rng
np.random.default_rng = lambda seed=0: dice(seed)  # a grader throws other numbers each time; a book must not

# --8<-- [start:shown]
from rnn.workshop.exercise import registry
from rnn.workshop.subject import local
from rnn.workshop.wrong import say

first = """
import numpy as np

def clip(grads, max_norm):
    norm = sum(np.sum(g**2) for g in grads.values())
    return {name: g * min(1.0, max_norm / norm) for name, g in grads.items()}
"""
second = first.replace("max_norm / norm", "max_norm / np.sqrt(norm)")

exercise = registry()["remedies-5"]
for attempt in (first, second):
    wrong = exercise.grade(local(package=True, stubs=exercise.stubs), attempt)
    where, expected, got = wrong.difference
    print(f"{wrong.values['of']}{where}: expected {expected}, got {got}")
    print("  ", say(wrong, "en", exercise.names))
    print("  ", say(wrong, "zh", exercise.names))
# --8<-- [end:shown]
