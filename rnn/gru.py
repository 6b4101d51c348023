"""One step of the gated recurrent unit, forward and back, in each of its published forms."""

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from rnn import init, validate
from rnn.lstm import sigmoid
from rnn.validate import Array, quiet

Cache = tuple[Array, ...]
Grads = dict[str, Array]


class GRUCell:
    """A cell that mixes its old state with a candidate n; gate z says how much of each, gate r what n may see.

    Four different functions go by this name: the reset gate acts before or after the product with ``W_hn``,
    and the update gate keeps the old state or replaces it.

    ========================  =====================================================================
    ``reset="before"``        ``n = tanh(x @ W_xn + (r * h_prev) @ W_hn + b_n)``
    ``reset="after"``         ``n = tanh(x @ W_xn + b_n + r * (h_prev @ W_hn + b_hn))``
    ``update="keeps"``        ``h = z * h_prev + (1 - z) * n``
    ``update="replaces"``     ``h = (1 - z) * h_prev + z * n``
    ========================  =====================================================================

    With the same weights and ``b_hn`` = 0 the two resets are the same function exactly if any two units that a
    weight of ``W_hn`` joins have the same reset gate (equal columns of ``W_xr`` and ``W_hr``, equal entries of
    ``b_r``): with a single unit, with a diagonal ``W_hn``, with one gate for all. The two updates are always the
    same function: z of the one is 1 - z of the other, which is to negate ``W_xz``, ``W_hz`` and ``b_z``.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    reset : {"after", "before"}
        Before: Cho et al. 2014 from the third version of the paper on, Chung et al. 2014. After: the first
        version, PyTorch, cuDNN, and Keras by default.
    update : {"keeps", "replaces"}
        Keeps: Cho et al. 2014, PyTorch, Keras. Replaces: Chung et al. 2014.
    update_bias : float
        The initial ``b_z``; all other biases begin at 0. The cell begins by remembering if it is above 0
        with ``update="keeps"``, below 0 with ``update="replaces"``.
    rng : numpy.random.Generator, optional
        Where the initial weights come from; fresh entropy by default.
    dtype : data type
        float64 or float32: the type of the parameters, and so of the computation.

    Attributes
    ----------
    params : dict of str to ndarray
        For each letter z, r, n: ``W_xz`` (D, H), ``W_hz`` (H, H), ``b_z`` (H,), and so on; with
        ``reset="after"`` also ``b_hn`` (H,). Assigning an array and writing into one both take effect.

    Raises
    ------
    TypeError
        If a size is not a whole number, `update_bias` not a number, `rng` not a generator, or `dtype` not
        float64 or float32.
    ValueError
        If a size is below 1, `reset` or `update` unknown, or `update_bias` not finite.

    Notes
    -----
    What is said in `ElmanCell` of types and errors holds here too.

    References
    ----------
    Cho et al. 2014, "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation".
    Chung et al. 2014, "Empirical evaluation of gated recurrent neural networks on sequence modeling".
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        reset: str = "after",
        update: str = "keeps",
        update_bias: float = 0.0,
        rng: np.random.Generator | None = None,
        dtype: DTypeLike = np.float64,
    ) -> None:
        self.input_size = validate.size("input_size", input_size)
        self.hidden_size = validate.size("hidden_size", hidden_size)
        self.reset = validate.choice("reset", reset, ("after", "before"))
        self.update = validate.choice("update", update, ("keeps", "replaces"))
        self.dtype = validate.float_dtype(dtype)
        update_bias = validate.number("update_bias", update_bias)
        self.params = self._initial_params(update_bias, validate.generator(rng))
        self._shapes = {name: value.shape for name, value in self.params.items()}

    def _initial_params(self, update_bias: float, rng: np.random.Generator) -> dict[str, Array]:
        D, H = self.input_size, self.hidden_size
        params = {}
        for gate in "zrn":
            params[f"W_x{gate}"] = init.xavier((D, H), rng)
            params[f"W_h{gate}"] = init.orthogonal((H, H), rng)
            params[f"b_{gate}"] = np.full(H, update_bias if gate == "z" else 0.0)
        if self.reset == "after":
            params["b_hn"] = np.zeros(H)
        return {name: value.astype(self.dtype) for name, value in params.items()}

    def zero_state(self, batch: int) -> tuple[Array]:
        """Return the state (h,) in which a sequence begins: zeros (batch, H)."""
        return (np.zeros((validate.size("batch", batch), self.hidden_size), self.dtype),)

    def pre_activation(self, gate: str, x: Array, h_prev: Array) -> Array:
        """Return the argument of one gate's nonlinearity, (B, H); `gate` is z, r or n."""
        W_x, W_h, b = (self.params[name] for name in (f"W_x{gate}", f"W_h{gate}", f"b_{gate}"))
        a: Array = x @ W_x + h_prev @ W_h + b
        return a

    # --8<-- [start:step]
    @quiet
    def step(self, x: ArrayLike, state: tuple[ArrayLike]) -> tuple[tuple[Array], Cache]:
        """Take one step: x (B, D) and the state (h_prev,) to the state (h,) and a cache for `step_back`."""
        x, h_prev = self._check_step(x, state)
        z = sigmoid(self.pre_activation("z", x, h_prev))
        r = sigmoid(self.pre_activation("r", x, h_prev))
        if self.reset == "before":
            m = r * h_prev  # what the candidate may see of the old state
            n = np.tanh(self.pre_activation("n", x, m))
        else:
            m = h_prev @ self.params["W_hn"] + self.params["b_hn"]  # what r lets pass a part of
            n = np.tanh(x @ self.params["W_xn"] + self.params["b_n"] + r * m)
        keep = z if self.update == "keeps" else 1 - z
        h = validate.result("h", keep * h_prev + (1 - keep) * n)
        return (h,), (x, h_prev, z, r, m, n)

    # --8<-- [end:step]

    @quiet
    def step_back(self, d_state: tuple[ArrayLike], cache: Cache) -> tuple[Array, tuple[Array], Grads]:
        """Take the gradient (delta,) back through one step: to x, the state before, the parameters."""
        delta, (x, h_prev, z, r, m, n) = self._check_step_back(d_state, cache)
        # --8<-- [start:step-back]
        keep, sign = (z, 1) if self.update == "keeps" else (1 - z, -1)
        d_h_prev = delta * keep
        d_a = {"z": sign * delta * (h_prev - n) * z * (1 - z)}

        d_a["n"] = delta * (1 - keep) * (1 - n**2)
        if self.reset == "before":
            d_m = d_a["n"] @ self.params["W_hn"].T
            d_a["r"] = d_m * h_prev * r * (1 - r)
            d_h_prev = d_h_prev + d_m * r
            grads = {"W_hn": m.T @ d_a["n"]}
        else:
            d_m = d_a["n"] * r
            d_a["r"] = d_a["n"] * m * r * (1 - r)
            d_h_prev = d_h_prev + d_m @ self.params["W_hn"].T
            grads = {"W_hn": h_prev.T @ d_m, "b_hn": d_m.sum(axis=0)}

        d_x = np.zeros_like(x)
        for gate, d in d_a.items():
            grads |= {f"W_x{gate}": x.T @ d, f"b_{gate}": d.sum(axis=0)}
            d_x = d_x + d @ self.params[f"W_x{gate}"].T
        for gate in "zr":
            grads[f"W_h{gate}"] = h_prev.T @ d_a[gate]
            d_h_prev = d_h_prev + d_a[gate] @ self.params[f"W_h{gate}"].T
        # --8<-- [end:step-back]
        validate.results("gradient", {"x": d_x, "h": d_h_prev} | grads)
        return d_x, (d_h_prev,), {name: grads[name] for name in self.params}

    def _check_array(self, name: str, value: object, shape: validate.Shape) -> Array:
        return validate.array(name, value, shape, self.dtype, allow_complex=True)

    def _check_step(self, x: ArrayLike, state: tuple[ArrayLike]) -> tuple[Array, Array]:
        validate.named("params", self.params, self._shapes)
        x = self._check_array("x", x, ("batch", self.input_size))
        (h_prev,) = validate.state("state", state, ("h",))
        return x, self._check_array("h", h_prev, (len(x), self.hidden_size))

    def _check_step_back(self, d_state: tuple[ArrayLike], cache: Cache) -> tuple[Array, Cache]:
        validate.named("params", self.params, self._shapes)
        sizes = {"x": self.input_size} | dict.fromkeys(("h_prev", "z", "r", "m", "n"), self.hidden_size)
        cache = validate.cache(cache, sizes)
        (d_h,) = validate.state("d_state", d_state, ("d_h",))
        return self._check_array("d_h", d_h, cache[-1].shape), cache
