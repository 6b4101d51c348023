"""The formulas of the chapter *bptt*: the gradient from t back to k."""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn import SimpleRNN
from rnn.equations import definition, equation, twin
from rnn.equations.worlds import alike, elman, nearly_linear, one_step, rows, unison

# the network
bptt_forward = equation(where=elman, for_all="1 <= t <= T")
bptt_loss = equation(where=elman, for_all="1 <= t <= T")

# one step back, many steps forward
bptt_activation = equation(where=elman, for_all="1 <= t <= T")
bptt_step_jacobian = definition(where=elman, for_all="1 <= t <= T")
bptt_four_to_one = equation(where=elman)
bptt_jacobian_product = equation(where=elman, for_all="0 <= k <= t <= T")

# the gradient
bptt_local_error = definition(where=elman, for_all="1 <= t <= T")
bptt_transfer = definition(where=elman, for_all="0 <= k <= t <= T and t >= 1")
bptt_product_derivation = equation(where=elman, for_all="0 <= k <= t <= T and t >= 1")
bptt_product = equation(where=elman, for_all="0 <= k <= t <= T and t >= 1")
bptt_product_four_to_one = equation(where=elman)

# what may not be done with the factors
bptt_not_reversed = equation(where=elman, for_all="0 <= k < t - 1 < T", equal_in=unison)
bptt_not_swapped = equation(where=elman, for_all="0 <= k < t <= T", equal_in=unison)
bptt_not_collected = equation(where=elman, for_all="0 <= k < t - 1 < T", equal_in=unison)
bptt_not_untransposed = equation(where=elman, for_all="0 <= k < t <= T", equal_in=alike)
bptt_other_state = equation(where=elman, for_all="2 <= t <= T")

# all losses at once
bptt_delta = definition(where=elman, for_all="0 <= k <= T")
bptt_delta_sum = equation(where=elman, for_all="1 <= k <= T")
bptt_naive_steps = equation(where=elman, kind="count")
bptt_recursion = equation(where=elman, for_all="1 <= k < T")
bptt_ends = equation(where=elman)

# from states to weights
bptt_copies = equation(where=elman)
bptt_pre_activation = equation(where=elman, for_all="1 <= t <= T")
bptt_one_copy = equation(where=elman, for_all="1 <= t <= T")
bptt_gradients = equation(where=elman, for_all="1 <= t <= T")
bptt_every_pair = equation(where=elman)

# immediate and total derivatives
bptt_immediate = equation(where=elman, for_all="1 <= t <= T")
bptt_two_pairings = equation(where=elman)
bptt_counted_twice = equation(where=elman, equal_in=one_step)
bptt_how_often = equation(where=elman)

# the batched code
bptt_rows = equation(where=rows, for_all="1 <= t <= T")
bptt_rows_start = equation(where=rows)
bptt_rows_gradients = equation(where=rows)
bptt_rows_delta = definition(where=rows, for_all="1 <= t <= T")
bptt_rows_package = definition(where=rows)

# size, and an exercise
bptt_bound = equation(where=elman, for_all="0 <= k <= t <= T and t >= 1", equal_in=(alike, nearly_linear))
bptt_invariant = equation(where=elman, for_all="0 <= t <= T")


class Counted(np.ndarray):
    """An array that counts the multiplications of every matrix product it takes part in."""

    total = 0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Count, then do what NumPy does."""
        plain = [np.asarray(x) for x in inputs]
        if ufunc is np.matmul:
            Counted.total += plain[0].size * plain[1].shape[-1]
        result = getattr(ufunc, method)(*plain, **kwargs)
        return result.view(Counted) if isinstance(result, np.ndarray) else result


def _multiplications(rng: np.random.Generator) -> tuple[int, int, int]:
    """Run a network whose arrays count; return the counts of both ways, and T B (D H + H² + H O)."""
    T, B, D, H, O = (int(size) for size in rng.permutation(np.arange(2, 9))[:5])
    net = SimpleRNN(D, H, O, rng=rng)
    net.params = {name: value.view(Counted) for name, value in net.params.items()}
    Counted.total = 0
    outputs, _ = net.forward(rng.normal(size=(T, B, D)))
    forward = Counted.total
    net.backward(np.asarray(outputs))
    return forward, Counted.total - forward, T * B * (D * H + H**2 + H * O)


@twin("count")
def bptt_cost_forward(rng: np.random.Generator) -> tuple[int, int]:
    """Return what the arrays counted on the way forwards, and the formula."""
    forward, _, formula = _multiplications(rng)
    return forward, formula


@twin("count")
def bptt_cost_backward(rng: np.random.Generator) -> tuple[int, int]:
    """Return what the arrays counted on the way back, and the formula."""
    _, backward, formula = _multiplications(rng)
    return backward, 2 * formula
