"""The LSTM with parts left out or added, to see what each of them is for."""

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import validate
from rnn.lstm import Cache, Grads, LSTMCell, State, sigmoid
from rnn.validate import Array, quiet

PARTS = ("input gate", "forget gate", "output gate", "input activation", "output activation")


class LSTMVariant(LSTMCell):
    """An `LSTMCell` without some of its parts, with peepholes, or with one gate for input and forgetting.

    At every step ``c = f * c_prev + i * g(a_c)`` and ``h = o * g'(c)``, where g and g' are tanh. A gate that
    is left out is 1, an activation that is left out passes its argument on. With nothing left out and nothing
    added it is the `LSTMCell`.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    without : collection of str
        What to leave out: "input gate", "forget gate", "output gate", "input activation" (of the candidate),
        "output activation" (of the cell on its way to h). Greff et al. call these variants NIG, NFG, NOG,
        NIAF and NOAF. Without the forget gate it is, but for the scale of its activations, the cell of 1997.
    peepholes : bool
        Whether the gates see the cell: i and f the old one, o the new one, each unit its own. The standard
        LSTM of Greff et al. has them, and NP is that without.
    coupled : bool
        Whether ``f = 1 - i``: what comes in pushes out as much (CIFG).
    forget_bias : float
        The initial ``b_f``. A coupled cell, which has none, begins with ``b_i = -forget_bias`` to the same
        effect.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        As in `LSTMCell`, but none for a gate that is missing; with peepholes also ``p_f``, ``p_i``, ``p_o``
        (H,), which begin at 0.

    Raises
    ------
    TypeError
        As in `LSTMCell`, or if `without` is not a collection, `peepholes` or `coupled` not True or False.
    ValueError
        As in `LSTMCell`, or if `without` names something else, or a gate that a coupled cell needs.

    References
    ----------
    Hochreiter & Schmidhuber 1997, "Long short-term memory".
    Gers & Schmidhuber 2000, "Recurrent nets that time and count", for the peepholes.
    Greff et al. 2017, "LSTM: A search space odyssey".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        without: Collection[str] = (),
        peepholes: bool = False,
        coupled: bool = False,
        forget_bias: float = 1.0,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.coupled = validate.flag("coupled", coupled)
        self.peepholes = validate.flag("peepholes", peepholes)
        self.without = _check_without(without, self.coupled)
        gone = {part[0] for part in self.without if part.endswith("gate")} | ({"f"} if coupled else set())
        self.gates = "".join(gate for gate in "fio" if gate not in gone)  # those that have weights
        super().__init__(input_size, hidden_size, forget_bias=forget_bias, rng=rng, dtype=dtype)

    def _initial_params(self, forget_bias: float, rng: np.random.Generator) -> dict[str, Array]:
        params = super()._initial_params(forget_bias, rng)
        for gate in set("fio") - set(self.gates):
            for kind in ("W_x", "W_h", "b_"):
                del params[f"{kind}{gate}"]
        if self.coupled:
            params["b_i"][...] = -forget_bias
        if self.peepholes:
            params |= {f"p_{gate}": np.zeros(self.hidden_size, self.dtype) for gate in self.gates}
        return params

    def gate(self, gate: str, x: Array, h_prev: Array, c: Array) -> Array:
        """Return gate f, i or o, (B, H), which may look at a cell c (B, H); ones where it has been left out."""
        if gate not in self.gates:
            return np.ones_like(c)
        a = self.pre_activation(gate, x, h_prev)
        return sigmoid(a + self.params[f"p_{gate}"] * c if self.peepholes else a)

    def activation(self, which: str, a: Array) -> Array:
        """Return the "input activation" or "output activation" of a, elementwise."""
        return a if which in self.without else np.tanh(a)

    def derivative(self, which: str, value: Array) -> Array:
        """Return the slope of that activation, elementwise, from its value."""
        return np.ones_like(value) if which in self.without else 1 - value**2

    @quiet
    def step(self, x: ArrayLike, state: tuple[ArrayLike, ArrayLike]) -> tuple[State, Cache]:
        """Take one step: x (B, D) and the state (h_prev, c_prev) to (h, c) and a cache for `step_back`."""
        x, h_prev, c_prev = self._check_step(x, state)
        i = self.gate("i", x, h_prev, c_prev)
        f = 1 - i if self.coupled else self.gate("f", x, h_prev, c_prev)
        c_tilde = self.activation("input activation", self.pre_activation("c", x, h_prev))
        c = f * c_prev + i * c_tilde
        o = self.gate("o", x, h_prev, c)
        h = o * self.activation("output activation", c)
        validate.results("state", {"h": h, "c": c})
        return (h, c), (x, h_prev, c_prev, f, i, c_tilde, o, c)

    @quiet
    def step_back(self, d_state: tuple[ArrayLike, ArrayLike], cache: Cache) -> tuple[Array, State, Grads]:
        """Take the gradients (d_h, d_c) back through one step: to x, the state before, the parameters."""
        d_h, d_c, (x, h_prev, c_prev, f, i, c_tilde, o, c) = self._check_step_back(d_state, cache)
        shown = self.activation("output activation", c)
        d_a = {"o": d_h * shown * o * (1 - o)}  # a gate that is 1 has no slope
        d_c = d_c + d_h * o * self.derivative("output activation", shown)
        if self.peepholes and "o" in self.gates:
            d_c = d_c + d_a["o"] * self.params["p_o"]
        d_a["c"] = d_c * i * self.derivative("input activation", c_tilde)
        d_a["i"] = d_c * (c_tilde - c_prev if self.coupled else c_tilde) * i * (1 - i)
        d_a["f"] = d_c * c_prev * f * (1 - f)

        grads: Grads = {}
        d_x, d_h_prev, d_c_prev = np.zeros_like(x), np.zeros_like(h_prev), d_c * f
        for gate in "c" + self.gates:
            d = d_a[gate]
            grads |= {f"W_x{gate}": x.T @ d, f"W_h{gate}": h_prev.T @ d, f"b_{gate}": d.sum(axis=0)}
            d_x = d_x + d @ self.params[f"W_x{gate}"].T
            d_h_prev = d_h_prev + d @ self.params[f"W_h{gate}"].T
            if self.peepholes and gate != "c":
                grads[f"p_{gate}"] = (d * (c if gate == "o" else c_prev)).sum(axis=0)
                if gate != "o":
                    d_c_prev = d_c_prev + d * self.params[f"p_{gate}"]
        validate.results("gradient", {"x": d_x, "h": d_h_prev, "c": d_c_prev} | grads)
        return d_x, (d_h_prev, d_c_prev), {name: grads[name] for name in self.params}


def _check_without(without: object, coupled: bool) -> frozenset[str]:
    if isinstance(without, str) or not isinstance(without, Collection):
        raise TypeError(f"without: expected a collection of names such as ('forget gate',), got {without!r}")
    for part in without:
        if part not in PARTS:
            raise ValueError(f"without: expected some of {', '.join(PARTS)}, got {part!r}")
        if coupled and part in ("input gate", "forget gate"):
            raise ValueError(f"without: expected both gates where they are coupled, got {part!r}")
    return frozenset(without)
