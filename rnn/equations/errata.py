"""The formulas of the chapter *errata*: popular claims that are false, and the special cases in which they are true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rnn import SimpleRNN
from rnn.equations import equation
from rnn.equations.context import Run, world
from rnn.equations.gru import gru as gated_unit_keeps
from rnn.equations.gru import gru_replaces as gated_unit_replaces
from rnn.equations.losses import scored, undecided
from rnn.equations.lstm import gated_carousel, gated_cell
from rnn.equations.worlds import (
    _ELMAN_NOTATION,
    Seen,
    _elman,
    _randomise,
    _sizes,
    _tanh_states,
    _tex,
    elman,
    memoryless,
    one_step,
    retold,
)
from rnn.validate import Array


@world(means=_ELMAN_NOTATION, held=["h"])
def errata_symmetric(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The tanh network of elman with a symmetric W_hh, which is its own transpose."""

    def change(params: dict[str, Array]) -> None:
        params["W_hh"][...] = (params["W_hh"] + params["W_hh"].T) / 2

    return _elman(q, rng, change=change)


@world(means=_ELMAN_NOTATION, held=["h"])
def errata_one_loss(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """A tanh network over one sequence, with a loss at the last step only."""
    net, here = _tanh_states(q, rng)
    T, O = int(q["T"]), int(q["O"])
    q["y", T], target = here.read_out(q["h", T].T).T, rng.normal(size=(O, 1))
    q["L"] = ((q["y", T] - target) ** 2).sum() / 2

    def seen() -> Seen:
        """Return what `backward` hands on from step to step when all other losses are 0."""
        found: Seen = {}
        for k in range(T):
            inputs = np.stack([q["x", t].T for t in range(k + 1, T + 1)])
            outputs, _ = net.forward(inputs, h0=q["h", k].T)
            d_outputs = np.zeros_like(outputs)
            d_outputs[-1] = outputs[-1] - target.T
            net.backward(d_outputs)
            found[r"\delta", k] = net.d_h0.T
        found[r"\delta", T] = net.params["W_hy"] @ d_outputs[-1].T
        return found

    return seen


@world(means=_ELMAN_NOTATION, held=["h"])
def errata_small(q: Run, rng: np.random.Generator) -> Callable[[], Seen]:
    """The tanh network of elman with states so small that their fourth power is lost in rounding."""

    def change(params: dict[str, Array]) -> None:
        params["b_h"] *= 1e-4

    return _elman(q, rng, change=change, small=1e-4)


@world()
def errata_weighted(q: Run, rng: np.random.Generator) -> None:
    """A tanh network whose inputs hold h where it is, with W_hh a symmetric matrix times diag(1 - h²)."""
    T, (H,) = 4, _sizes(rng, 1)
    net = SimpleRNN(H, H, 1, rng=rng)
    _randomise(net.params, rng)
    h, S = rng.uniform(-0.9, 0.9, size=(1, H)), rng.normal(size=(H, H))
    net.params["W_hh"] = ((S + S.T) @ np.diag(1 - h[0] ** 2)).T
    q["T"], q["D"], q["H"], q["h", 0] = T, H, H, rng.uniform(-0.9, 0.9, size=(H, 1))
    for name in ("W_xh", "W_hh", "b_h"):
        q[_tex(name)] = np.atleast_2d(net.params[name]).T
    for t in range(1, T + 1):
        missing = np.arctanh(h) - net.pre_activation(np.zeros((1, H)), np.real(q["h", t - 1].T))
        q["x", t] = np.linalg.solve(q["W_{xh}"], missing.T)
        q["h", t] = net.activation(net.pre_activation(q["x", t].T, q["h", t - 1].T)).T


# derivatives
errata_transpose = equation(where=elman, for_all="1 <= t < T", equal_in=errata_symmetric)
errata_jacobian = equation(where=elman, for_all="1 <= t <= T", equal_in=errata_weighted)
errata_one_term = equation(where=elman, equal_in=one_step)
errata_no_local = equation(where=elman, for_all="1 <= t < T", equal_in=errata_one_loss)
errata_slope_again = equation(where=elman, for_all="1 <= t <= T", equal_in=errata_small)

# gates
errata_carousel = equation(where=gated_cell, for_all="1 <= t <= T", equal_in=gated_carousel)
errata_blend = equation(where=gated_unit_keeps, for_all="1 <= t <= T", equal_in=gated_unit_replaces)

# shapes, and losses
errata_stateless = equation(where=retold, for_all="1 <= t <= T", equal_in=memoryless)
errata_mean_perplexity = equation(where=scored, equal_in=undecided)
