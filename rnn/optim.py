"""What is done with gradients: optimisers, clipping, schedules of the learning rate, noise on the weights.

The optimisers write into the arrays of `params`, into all or none of them: an update that would leave a number that
is not finite is an error and changes nothing. Their `learning_rate` may be assigned to at any time.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from rnn import validate
from rnn.validate import Array, quiet

Schedule = Callable[[int], float]
# Of one parameter: the moments now, room for those that follow, room for the direction where one is needed.
Slot = tuple[list[Array], list[Array], Array]


class Optimizer:
    """What all optimisers share: a parameter's moments, which are running averages, and the update of all or none.

    Parameters
    ----------
    learning_rate : float
        The size of the steps.
    weight_decay : float
        To the gradient of each weight matrix is added this factor times the matrix, which is the gradient of
        ``weight_decay / 2`` times the sum of its squares. Matrices are known by their names, which begin with W
        (``W_xh``, ``0.W_xh``): biases, gains and embeddings do not decay.

    Attributes
    ----------
    learning_rate, weight_decay : float
        As above.
    count : int
        The number of updates made.
    """

    moments: tuple[str, ...] = ()  # their names

    def __init__(self, learning_rate: float, *, weight_decay: float) -> None:
        self.learning_rate = validate.number("learning_rate", learning_rate, at_least=0)
        self.weight_decay = validate.number("weight_decay", weight_decay, at_least=0)
        self.count = 0
        self._slots: dict[str, Slot] = {}

    @quiet
    def update(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Take one step down the gradient.

        Parameters
        ----------
        params : mapping of str to ndarray
            The parameters; written into.
        grads : mapping of str to ndarray
            Their gradients, under the same keys.

        Raises
        ------
        TypeError, ValueError
            If the two do not fit each other, or the parameters of the first update.
        FloatingPointError
            If a gradient is not finite, or a parameter would not be.
        """
        for kind, given in (("params", params), ("grads", grads)):
            if not isinstance(given, Mapping):
                raise TypeError(f"{kind}: expected a mapping of names to arrays, got {type(given).__name__}")
        values = dict(params)
        learning_rate = validate.number("learning_rate", self.learning_rate, at_least=0)
        slots = self._check(values, grads)
        directions: dict[str, Array] = {}
        for name, p in values.items():
            g, (now, following, scratch) = grads[name], slots[name]
            if self.weight_decay and name.rpartition(".")[2].startswith("W"):
                g = g + self.weight_decay * p
            d = directions[name] = self._direction(g, now, following, scratch)
            # No number is larger than the norm; the norms are quickly found, and hardly ever is there more to do.
            reach = _norm(p) + learning_rate * _norm(d) + sum(map(_norm, following))
            if not reach < 1e38:
                validate.results("grads", grads)
                validate.result(f"params[{name!r}]", p - learning_rate * d)
                if not all(np.isfinite(moment).all() for moment in following):
                    raise FloatingPointError(f"grads[{name!r}]: expected numbers with finite squares, got larger ones")
        for name, p in values.items():
            p -= learning_rate * directions[name]
        self._slots = {name: (following, now, scratch) for name, (now, following, scratch) in slots.items()}
        self.count += 1

    def _direction(self, g: Array, now: list[Array], following: list[Array], scratch: Array) -> Array:
        """Write the moments that come after `now` into `following`; return what a parameter goes against."""
        raise NotImplementedError

    @property
    def state(self) -> dict[str, Array]:
        """All that the next update depends on besides the settings, as copies: the count and the moments."""
        moments = {
            f"{moment}.{name}": value.copy()
            for name, (now, _, _) in self._slots.items()
            for moment, value in zip(self.moments, now, strict=True)
        }
        return {"count": np.array(self.count), **moments}

    def load(self, state: Mapping[str, Array]) -> None:
        """Go on where another optimiser of the same kind has stopped.

        Parameters
        ----------
        state : mapping of str to ndarray
            Its `state`.

        Raises
        ------
        TypeError, ValueError
            If it is the state of another kind of optimiser, or none.
        """
        names = list(dict.fromkeys(key.partition(".")[2] for key in state if key != "count"))
        keys = {name: [f"{moment}.{name}" for moment in self.moments] for name in names}
        expected = {"count", *(key for of_one in keys.values() for key in of_one)}
        if state.keys() != expected or (self.moments and not names and np.any(state["count"])):
            wanted = ", ".join(["count", *(f"{moment}.<parameter>" for moment in self.moments)])
            raise ValueError(f"state: expected the keys {wanted}, got {', '.join(state) or 'none'}")
        count = validate.size("state['count']", np.asarray(state["count"]).item(), at_least=0)
        slots = {}
        for name, of_one in keys.items():
            slots[name] = _slot([validate.array(key, state[key], state[key].shape, state[key].dtype) for key in of_one])
        self.count, self._slots = count, slots

    def _check(self, params: dict[str, Array], grads: Mapping[str, Array]) -> dict[str, Slot]:
        """Return the slots, new ones at the first update, if all arrays fit each other and them."""
        if params.keys() != grads.keys():
            raise ValueError(f"grads: expected the keys {', '.join(params)}, got {', '.join(grads) or 'none'}")
        for name, p in params.items():
            _check_array("params", name, p)
            _check_array("grads", name, grads[name])
            if grads[name].shape != p.shape:
                raise ValueError(f"grads[{name!r}]: expected {p.shape}, got {grads[name].shape}")
        validate.writable("params", params)
        if not self.moments:
            return dict.fromkeys(params, ([], [], np.empty(0)))
        if not self._slots:
            return {name: _slot([np.zeros(p.shape, p.dtype) for _ in self.moments]) for name, p in params.items()}
        if params.keys() != self._slots.keys():
            raise ValueError(f"params: expected the keys {', '.join(self._slots)} as before, got {', '.join(params)}")
        for name, ((first, *_), _, _) in self._slots.items():
            p = params[name]
            if first.shape != p.shape or first.dtype != p.dtype:
                came = f"{p.shape} of {p.dtype}"
                raise ValueError(f"params[{name!r}]: expected {first.shape} of {first.dtype} as before, got {came}")
        return self._slots


def _slot(now: list[Array]) -> Slot:
    return now, [np.empty_like(moment) for moment in now], np.empty_like(now[0])


class SGD(Optimizer):
    """Gradient descent, with momentum if asked for: ``v = momentum * v + g`` and ``p = p - learning_rate * v``.

    So the learning rate multiplies the whole sum, as in PyTorch. With Nesterov's momentum it is
    ``p - learning_rate * (g + momentum * v)``.

    Parameters
    ----------
    learning_rate : float
        The size of the steps.
    momentum : float
        From 0, for none, to below 1.
    nesterov : bool
        Whether the step looks ahead.
    weight_decay : float
        As in `Optimizer`.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton 2013, "On the importance of initialization and momentum in deep learning".
    """

    def __init__(
        self, learning_rate: float, *, momentum: float = 0.0, nesterov: bool = False, weight_decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay)
        self.momentum = _below_one("momentum", momentum)
        if not isinstance(nesterov, bool):
            raise TypeError(f"nesterov: expected True or False, got {nesterov!r}")
        self.nesterov = nesterov
        self.moments = ("velocity",) if self.momentum else ()
        if self.nesterov and not self.momentum:
            raise ValueError("momentum: expected a number above 0 for Nesterov's momentum, got 0")

    def _direction(self, g: Array, now: list[Array], following: list[Array], scratch: Array) -> Array:
        if not self.momentum:
            return g
        (v,), (v_next,) = now, following
        np.multiply(v, self.momentum, out=v_next)
        v_next += g
        return g + self.momentum * v_next if self.nesterov else v_next


class RMSprop(Optimizer):
    """Gradient descent that divides each gradient by the root of the running mean of its squares.

    ``s = decay * s + (1 - decay) * g**2`` and ``p = p - learning_rate * g / (sqrt(s) + eps)``, s being 0 at first.

    Parameters
    ----------
    learning_rate : float
        The size of the steps.
    decay : float
        How much of the mean is kept at an update, from 0 to below 1.
    eps : float
        Keeps the quotient small where gradients vanish.
    weight_decay : float
        As in `Optimizer`.

    References
    ----------
    Tieleman & Hinton 2012, "Lecture 6.5: rmsprop", in "Neural networks for machine learning".
    """

    moments = ("square",)

    def __init__(
        self, learning_rate: float, *, decay: float = 0.9, eps: float = 1e-8, weight_decay: float = 0.0
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay)
        self.decay = _below_one("decay", decay)
        self.eps = _positive("eps", eps)

    def _direction(self, g: Array, now: list[Array], following: list[Array], scratch: Array) -> Array:
        (s,), (s_next,) = now, following
        np.multiply(g, g, out=scratch)
        _average(s, scratch, self.decay, into=s_next, scratch=scratch)
        np.sqrt(s_next, out=scratch)
        scratch += self.eps
        np.divide(g, scratch, out=scratch)
        return scratch


class Adam(Optimizer):
    """Gradient descent along the running mean of the gradients, divided by the root of that of their squares.

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g**2``. Both begin at 0 and are therefore
    divided by ``1 - beta**n`` at the n-th update, before ``p = p - learning_rate * m / (sqrt(v) + eps)``.

    Parameters
    ----------
    learning_rate : float
        The size of the steps.
    beta1, beta2 : float
        How much of the two means is kept at an update, from 0 to below 1.
    eps : float
        Keeps the quotient small where gradients vanish.
    weight_decay : float
        As in `Optimizer`.

    References
    ----------
    Kingma & Ba 2015, "Adam: a method for stochastic optimization".
    """

    moments = ("mean", "square")

    def __init__(
        self,
        learning_rate: float = 1e-3,
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay)
        self.beta1 = _below_one("beta1", beta1)
        self.beta2 = _below_one("beta2", beta2)
        self.eps = _positive("eps", eps)

    def _direction(self, g: Array, now: list[Array], following: list[Array], scratch: Array) -> Array:
        (m, v), (m_next, v_next) = now, following
        correction1, correction2 = 1 - self.beta1 ** (self.count + 1), 1 - self.beta2 ** (self.count + 1)
        _average(m, g, self.beta1, into=m_next, scratch=scratch)
        np.multiply(g, g, out=scratch)
        _average(v, scratch, self.beta2, into=v_next, scratch=scratch)
        np.sqrt(v_next, out=scratch)
        scratch *= correction1 / math.sqrt(correction2)
        scratch += correction1 * self.eps
        np.divide(m_next, scratch, out=scratch)
        return scratch


def _average(mean: Array, value: Array, decay: float, *, into: Array, scratch: Array) -> None:
    """Write decay * mean + (1 - decay) * value into an array."""
    np.multiply(mean, decay, out=into)
    np.multiply(value, 1 - decay, out=scratch)
    into += scratch


def _norm(values: Array) -> float:
    return math.sqrt(np.vdot(values, values))


def _check_array(kind: str, name: str, value: object) -> None:
    if not isinstance(value, np.ndarray) or value.dtype.type not in (np.float64, np.float32) or not value.size:
        came = f"{value.shape} of {value.dtype}" if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{kind}[{name!r}]: expected an array of float64 or float32 numbers, got {came}")


def _positive(name: str, value: float) -> float:
    return validate.number(name, value, at_least=float(np.finfo(float).tiny))


def _below_one(name: str, value: float) -> float:
    value = validate.number(name, value, at_least=0)
    if value >= 1:
        raise ValueError(f"{name}: expected a number below 1, got {value}")
    return value


@quiet
def clip_by_norm(grads: Mapping[str, Array], max_norm: float, *, seeds: bool = False) -> tuple[dict[str, Array], Any]:
    """Shorten the vector of all gradients to `max_norm` if it is longer; its direction stays.

    Parameters
    ----------
    grads : mapping of str to ndarray
        The gradients; not changed.
    max_norm : float
        The largest norm allowed; infinity only measures.
    seeds : bool
        Whether the first axis of all gradients is one of K independent networks, each with a norm of its own.

    Returns
    -------
    grads : dict of str to ndarray
        The given arrays where nothing was too long.
    norm : float
        The norm before; with `seeds` an array (K,).

    Raises
    ------
    TypeError, ValueError
        If the gradients are no floating-point arrays, or `max_norm` is not above 0.
    FloatingPointError
        If a gradient is not finite.

    References
    ----------
    Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks".
    """
    if not (isinstance(max_norm, float) and max_norm == np.inf):
        max_norm = _positive("max_norm", max_norm)
    _check_grads(grads)
    K = _number_of_seeds(grads) if seeds else 1
    # --8<-- [start:clip]
    norm = validate.result("norm", _norms(grads, K))
    factor = max_norm / np.maximum(norm, max_norm)
    clipped = dict(grads)
    if (factor < 1).any():
        clipped = {
            name: (g.reshape(K, -1) * factor[:, np.newaxis].astype(g.dtype)).reshape(g.shape)
            for name, g in grads.items()
        }
    # --8<-- [end:clip]
    return clipped, norm if seeds else norm.item()


def _norms(grads: Mapping[str, Array], K: int) -> Array:
    """Return the norm of all gradients together, one for each index of a first axis of length K."""
    rows = [g.reshape(K, -1) for g in grads.values()]
    squares = sum(np.vecdot(row, row).astype(np.float64) for row in rows)
    if np.all((squares > 1e-30) & (squares < np.inf)):
        return np.asarray(np.sqrt(squares))
    # Squares have vanished or overflowed, which they do not once everything is divided by the largest.
    validate.results("grads", grads)
    largest = np.max([np.abs(row).max(axis=1) for row in rows], axis=0).astype(np.float64)
    largest[largest == 0] = 1
    scaled = [row / largest[:, np.newaxis] for row in rows]
    return np.asarray(largest * np.sqrt(sum(np.vecdot(row, row) for row in scaled)))


def clip_by_value(grads: Mapping[str, Array], limit: float) -> dict[str, Array]:
    """Move every number in the gradients that is beyond ±limit to it.

    Parameters
    ----------
    grads : mapping of str to ndarray
        The gradients; not changed.
    limit : float
        The largest size allowed.

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    TypeError, ValueError
        If the gradients are no floating-point arrays, or `limit` is not above 0.
    FloatingPointError
        If a gradient is not finite.
    """
    limit = _positive("limit", limit)
    _check_grads(grads)
    validate.results("grads", grads)
    return {name: np.clip(g, -limit, limit) for name, g in grads.items()}


def _check_grads(grads: Mapping[str, Array]) -> None:
    if not isinstance(grads, Mapping) or not grads:
        raise ValueError(f"grads: expected a gradient by each parameter's name, got {grads!r}")
    for name, g in grads.items():
        _check_array("grads", name, g)


def _number_of_seeds(grads: Mapping[str, Array]) -> int:
    first = {g.shape[:1] for g in grads.values()}
    if len(first) != 1 or () in first:
        raise ValueError(f"grads: expected a first axis of one length, that of the seeds, got {sorted(first)}")
    return int(first.pop()[0])


def constant() -> Schedule:
    """Return the schedule that leaves the learning rate as it is.

    Returns
    -------
    callable
        Takes the number of updates made to the factor of the learning rate, like all schedules.
    """
    return lambda step: 1.0


def cosine(steps: int, *, warmup: int = 0, smallest: float = 0.0) -> Schedule:
    """Return the schedule that rises in a line to 1 and falls along half a cosine.

    Parameters
    ----------
    steps : int
        After how many updates the end is reached.
    warmup : int
        During how many of them it rises.
    smallest : float
        The factor at the end and beyond.

    Returns
    -------
    callable

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above, or `warmup` not below `steps`.

    References
    ----------
    Loshchilov & Hutter 2017, "SGDR: stochastic gradient descent with warm restarts".
    """
    steps = validate.size("steps", steps)
    warmup = validate.size("warmup", warmup, at_least=0)
    smallest = validate.number("smallest", smallest, at_least=0)
    if warmup >= steps:
        raise ValueError(f"warmup: expected less than the {steps} steps, got {warmup}")

    # --8<-- [start:cosine]
    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / (warmup + 1)
        done = min(step, steps) - warmup
        return smallest + (1 - smallest) * (0.5 + 0.5 * math.cos(math.pi * done / (steps - warmup)))

    # --8<-- [end:cosine]

    return factor


def step_decay(every: int, factor: float = 0.1) -> Schedule:
    """Return the schedule that is multiplied by `factor` after `every` so many updates.

    Parameters
    ----------
    every : int
        The number of updates between two changes.
    factor : float
        What one change multiplies by.

    Returns
    -------
    callable

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    """
    every = validate.size("every", every)
    factor = validate.number("factor", factor, at_least=0)
    return lambda step: factor ** (step // every)


def exponential(factor: float) -> Schedule:
    """Return the schedule that is multiplied by `factor` after each update.

    Parameters
    ----------
    factor : float
        A number just below 1.

    Returns
    -------
    callable

    Raises
    ------
    TypeError, ValueError
        If it is not a number of at least 0.
    """
    factor = validate.number("factor", factor, at_least=0)
    return lambda step: factor**step


class Plateau:
    """The schedule that is multiplied by `factor` whenever the loss has not improved for some epochs.

    Parameters
    ----------
    patience : int
        After how many epochs without a new smallest loss.
    factor : float
        What a change multiplies by.

    Attributes
    ----------
    state : dict of str to float
        All that its next value depends on; may be assigned to.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    """

    def __init__(self, patience: int, *, factor: float = 0.5) -> None:
        self.patience = validate.size("patience", patience)
        self.factor = validate.number("factor", factor, at_least=0)
        self.state: dict[str, Any] = {"scale": 1.0, "best": None, "waited": 0}

    def __call__(self, step: int) -> float:
        """Return the factor of the learning rate now."""
        return float(self.state["scale"])

    def observe(self, loss: float) -> None:
        """Take note of the loss of one more epoch."""
        loss = validate.number("loss", loss)
        scale, best, waited = (self.state[key] for key in ("scale", "best", "waited"))
        if best is None or loss < best:
            best, waited = loss, 0
        else:
            waited += 1
        if waited == self.patience:
            scale, waited = scale * self.factor, 0
        self.state = {"scale": scale, "best": best, "waited": waited}


@contextmanager
def weight_noise(params: Mapping[str, Array], scale: float, rng: np.random.Generator) -> Iterator[None]:
    """Add noise to all parameters for as long as the block lasts: one forward and one backward.

    The gradient found with noisy parameters then updates the true ones, which come back bit for bit.

    Parameters
    ----------
    params : mapping of str to ndarray
        The parameters; written into.
    scale : float
        The standard deviation of the noise, which is normal and independent for each number.
    rng : numpy.random.Generator
        Where the noise comes from.

    Raises
    ------
    TypeError, ValueError
        If an argument is not of the kind above.
    FloatingPointError
        If a parameter with noise overflows.

    References
    ----------
    Graves 2011, "Practical variational inference for neural networks".
    """
    scale = validate.number("scale", scale, at_least=0)
    rng = validate.generator(rng)
    values = dict(params) if scale else {}
    for name, value in values.items():
        _check_array("params", name, value)
    validate.writable("params", values)
    true = {name: value.copy() for name, value in values.items()}
    with np.errstate(all="ignore"):  # what overflows is an error
        noisy = {name: value + scale * rng.standard_normal(value.shape) for name, value in values.items()}
        noisy = {name: value.astype(true[name].dtype) for name, value in noisy.items()}
    validate.results("params", noisy)
    try:
        for name, value in values.items():
            value[...] = noisy[name]
        yield
    finally:
        for name, value in values.items():
            value[...] = true[name]
