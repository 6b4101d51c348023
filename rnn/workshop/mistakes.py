"""The assignment's simple network, run forward and back in every wrong way that is known here.

Each mistake is written down as what it computes: an argument of `unroll` or `bptt`, or a change of one gradient. The
grader looks for the one that leads to the submission's number.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from rnn.validate import Array

T, B, D, H, O = 7, 3, 4, 5, 2  # all different, their sums too: an exchange of axes cannot go unnoticed

Params = dict[str, Array]
ROLES = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")

# ── forward: the truth and what mistakes make of it ─────────────────────────────────────────────────────────────────


def unroll(
    p: Params,
    x: Array,
    *,
    f: Callable[[Array], Array] = np.tanh,
    carry: bool = True,
    read: Callable[[Array], Array] = lambda y: y,
    use: tuple[str, ...] = ("x", "h", "b"),
    outside: str = "",
    read_from: str = "h",
    read_bias: bool = True,
    backwards: bool = False,
) -> tuple[Array, Array]:
    """Run a simple network; each argument is a way to do it wrong."""
    h = np.zeros((x.shape[1], len(p["b_h"])))
    states, outputs = [], []
    for x_t in x[::-1] if backwards else x:
        before = h if carry else np.zeros_like(h)
        terms = {"x": x_t @ p["W_xh"], "h": before @ p["W_hh"], "b": p["b_h"] + np.zeros_like(h)}
        h = f(sum((terms[k] for k in use if k != outside), np.zeros_like(h)))
        if outside:
            h = h + terms[outside]
        states.append(h)
        y = (before if read_from == "before" else h) @ p["W_hy"]
        outputs.append(read(y + p["b_y"] if read_bias else y))
    if backwards:
        states, outputs = states[::-1], outputs[::-1]
    return np.stack(outputs), np.stack(states)


def sigmoid(a: Array) -> Array:
    """Return 1/(1+e^-a)."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def softmax(a: Array) -> Array:
    """Return probabilities along the last axis."""
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _axes_exchanged(p: Params, x: Array) -> tuple[Array, Array]:
    y, h = unroll(p, x.transpose(1, 0, 2))
    return y.transpose(1, 0, 2), h.transpose(1, 0, 2)


FORWARD: dict[str, Callable[[Params, Array], tuple[Array, Array]]] = {
    "no-recurrence": lambda p, x: unroll(p, x, carry=False),
    "no-input": lambda p, x: unroll(p, x, use=("h", "b")),
    "no-bias": lambda p, x: unroll(p, x, use=("x", "h")),
    "no-tanh": lambda p, x: unroll(p, x, f=lambda a: a),
    "sigmoid-for-tanh": lambda p, x: unroll(p, x, f=sigmoid),
    "relu-for-tanh": lambda p, x: unroll(p, x, f=lambda a: np.maximum(a, 0)),
    "bias-outside": lambda p, x: unroll(p, x, outside="b"),
    "state-outside": lambda p, x: unroll(p, x, outside="h"),
    "input-outside": lambda p, x: unroll(p, x, outside="x"),
    "reads-state-before": lambda p, x: unroll(p, x, read_from="before"),
    "no-read-bias": lambda p, x: unroll(p, x, read_bias=False),
    "tanh-on-outputs": lambda p, x: unroll(p, x, read=np.tanh),
    "sigmoid-on-outputs": lambda p, x: unroll(p, x, read=sigmoid),
    "softmax-on-outputs": lambda p, x: unroll(p, x, read=softmax),
    "reads-backwards": lambda p, x: unroll(p, x, backwards=True),
    "batch-is-time": _axes_exchanged,
}


# ── backward: the truth and what mistakes make of it ────────────────────────────────────────────────────────────────


def bptt(
    p: Params,
    x: Array,
    y: Array,
    h: Array,
    d: Array,
    *,
    carried: str = "all",
    through: str = "transposed",
    slope: str = "state",
    steps: str = "all",
    before: str = "h",
    read: str = "h",
    of: str = "d",
    error: str = "both",
) -> Params:
    """Go back through time; each argument is a way to do it wrong."""
    last = len(x) - 1
    if of == "targets":
        d = y - d
    grads = {name: np.zeros_like(value) for name, value in p.items()}
    zero = np.zeros_like(h[0])
    before_h = np.concatenate([zero[None], h[:-1]])
    if before == "around":
        before_h[0] = h[-1]
    elif before == "same":
        before_h = h
    d_next = zero
    order = [
        t
        for t in (range(last + 1) if carried == "forwards" else range(last, -1, -1))
        if not (steps == "not-first" and t == 0) and not (steps == "not-last" and t == last)
    ]
    for t in order:
        from_loss = d[t] @ p["W_hy"].T
        d_h = from_loss + d_next
        if error == "last" and t != last:
            d_h = d_next
        d_a = d_h * _slope(slope, p, x, h, before_h, t)
        grads["W_hy"] += (before_h if read == "before" else h)[t].T @ d[t]
        grads["b_y"] += d[t].sum(axis=0)
        grads["W_xh"] += x[t].T @ d_a
        grads["W_hh"] += before_h[t].T @ d_a
        grads["b_h"] += d_a.sum(axis=0)
        back = p["W_hh"] if through == "untransposed" else p["W_hh"].T
        if carried == "none":
            d_next = zero
        elif carried == "one-step":
            d_next = (from_loss * _slope(slope, p, x, h, before_h, t)) @ back
        elif carried == "without-slope":
            d_next = d_h @ back
        elif carried == "slope-after":
            d_next = (d_h @ back) * _slope(slope, p, x, h, before_h, t)
        elif carried == "without-weights":
            d_next = d_a
        else:
            d_next = d_a @ back
    return grads


def _slope(kind: str, p: Params, x: Array, h: Array, before: Array, t: int) -> Array:
    a = np.arctanh(np.clip(h[t], -1 + 1e-15, 1 - 1e-15))
    kinds = {
        "state": 1 - h[t] ** 2,
        "none": np.ones_like(h[t]),
        "pre-activation": 1 - a**2,
        "tanh-twice": 1 - np.tanh(h[t]) ** 2,
        "sigmoid": h[t] * (1 - h[t]),
        "before": 1 - before[t] ** 2,
        "not-squared": 1 - h[t],
        "state-itself": h[t],
    }
    return np.asarray(kinds[kind])


BACKWARD: dict[str, dict[str, Any]] = {
    "untransposed": {"through": "untransposed"},
    "not-carried": {"carried": "none"},
    "one-step": {"carried": "one-step"},
    "carried-without-slope": {"carried": "without-slope"},
    "reversed-product": {"carried": "slope-after"},
    "carried-without-weights": {"carried": "without-weights"},
    "forwards": {"carried": "forwards"},
    "no-slope": {"slope": "none"},
    "slope-of-pre-activation": {"slope": "pre-activation"},
    "slope-tanh-twice": {"slope": "tanh-twice"},
    "slope-sigmoid": {"slope": "sigmoid"},
    "slope-before": {"slope": "before"},
    "slope-not-squared": {"slope": "not-squared"},
    "slope-state-itself": {"slope": "state-itself"},
    "first-step-missing": {"steps": "not-first"},
    "last-step-missing": {"steps": "not-last"},
    "around": {"before": "around"},
    "state-after": {"before": "same"},
    "reads-before": {"read": "before"},
    "targets": {"of": "targets"},
    "last-error-only": {"error": "last"},
}

# What may happen to one gradient at a time, after all else was right.
SINGLE: dict[str, Callable[[Array, list[Array]], Array]] = {
    "overwritten": lambda g, terms: terms[0],  # the loop goes back, so that what stays is the first step's
    "last-step-only": lambda g, terms: terms[-1],
    "averaged-batch": lambda g, terms: g / B,
    "averaged-time": lambda g, terms: g / T,
    "averaged-both": lambda g, terms: g / (T * B),
    "averaged-all": lambda g, terms: g / (T * B * O),
    "doubled": lambda g, terms: 2 * g,
    "negative": lambda g, terms: -g,
    "zero": lambda g, terms: 0 * g,
}


def terms(p: Params, x: Array, h: Array, d: Array) -> dict[str, list[Array]]:
    """Return what each step adds to the gradients, in the order of time."""
    d_h, found = np.zeros_like(h[0]), []
    for t in reversed(range(len(x))):
        d_a = (d[t] @ p["W_hy"].T + d_h) * (1 - h[t] ** 2)
        d_h = d_a @ p["W_hh"].T
        before = h[t - 1] if t else np.zeros_like(h[0])
        products = {"W_xh": x[t].T @ d_a, "W_hh": before.T @ d_a, "b_h": d_a.sum(0), "W_hy": h[t].T @ d[t]}
        found.append(products | {"b_y": d[t].sum(0)})
    return {name: [step[name] for step in reversed(found)] for name in ROLES}
