"""The formula of the chapter *laboratory*: how often chance alone separates two networks."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from rnn.equations import equation
from rnn.equations.context import Run, world


@world()
def equally_good(q: Run, rng: np.random.Generator) -> None:
    """Two networks that are equally good: all orders of their results, listed one by one."""
    # --8<-- [start:equally-good]
    q["S"] = 5  # the largest number of runs
    for n in range(1, 6):
        orders = list(combinations(range(2 * n), n))  # the places that the runs of A take, from the best
        ahead = [places for places in orders if max(places) < n]  # none of B before the last of A
        q["P", n] = len(ahead) / len(orders)
    # --8<-- [end:equally-good]


laboratory_chance = equation(where=equally_good, for_all="1 <= n <= S")
