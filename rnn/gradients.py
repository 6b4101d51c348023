"""What one step does to a gradient, and what many do: Jacobians of the simple network and their products.

Everything here is in the columns of the mathematics: ``J[a, b]`` is the derivative of component a of h_t for
component b of h_{t-1}, and W_hh of the book is ``params["W_hh"].T``. Times count from 1, as in the book;
time 0 is the initial state. `rnn.jacobians` has the same for any cell.

Arguments, wherever they occur:

net
    A `SimpleRNN`.
hidden_states : array_like (T, B, H)
    Its states h_1 … h_T, as `forward` returns them.
batch : int
    Which of the B sequences to look at.
jacobians : array_like (T, H, H)
    J_1 … J_T, as `step_jacobians` returns them.
inputs : array_like (T, B, D)
    What it reads.
t, k : int
    The later and the earlier time, 0 <= k <= t <= T.
e : array_like (H,)
    The gradient for h_t of the loss at time t.
d_outputs : array_like (T, B, O)
    The gradients of the losses for the outputs, as `SimpleRNN.backward` takes them.
h0 : array_like (B, H), optional
    The state before the first step; zeros by default, as in `SimpleRNN.forward`.

Every function raises ``TypeError`` or ``ValueError`` for an argument that does not fit, and
``FloatingPointError`` for a result that overflows.
"""

import numpy as np
from numpy.typing import ArrayLike

from rnn import validate
from rnn.gradcheck import complex_step
from rnn.simple import SimpleRNN
from rnn.validate import Array, quiet


# --8<-- [start:step-jacobians]
@quiet
def step_jacobians(net: SimpleRNN, hidden_states: ArrayLike, *, batch: int = 0) -> Array:
    """Return J_t = diag(f'(a_t)) W_hh, (T, H, H), J_t at index t - 1; for tanh f'(a_t) is 1 - h_t²."""
    h = _check_states(net, hidden_states, batch)
    W_hh = net.params["W_hh"].T
    jacobians = np.stack([np.diag(net.derivative(h_t)) @ W_hh for h_t in h])
    return validate.result("jacobians", jacobians)


# --8<-- [end:step-jacobians]


# --8<-- [start:ordered-product]
@quiet
def ordered_product(jacobians: ArrayLike, t: int, k: int) -> Array:
    """Return J_t J_{t-1} … J_{k+1}, (H, H), the derivative of h_t for h_k; the identity for t = k."""
    jacobians = _check_jacobians(jacobians)
    _check_times(t, k, len(jacobians))
    product = np.eye(len(jacobians[0]))
    for i in range(k + 1, t + 1):
        product = jacobians[i - 1] @ product  # the later step acts last, so it stands on the left
    return validate.result("product", product)


# --8<-- [end:ordered-product]


# --8<-- [start:gradient-product]
@quiet
def gradient_product(net: SimpleRNN, hidden_states: ArrayLike, t: int, k: int, *, batch: int = 0) -> Array:
    """Return the product of W_hhᵀ diag(f'(a_i)), i = k+1 … t, smallest index leftmost, (H, H)."""
    h = _check_states(net, hidden_states, batch)
    _check_times(t, k, len(h))
    W_hh = net.params["W_hh"].T
    product = np.eye(net.hidden_size)
    for i in range(k + 1, t + 1):
        product = product @ W_hh.T @ np.diag(net.derivative(h[i - 1]))
    return validate.result("product", product)


# --8<-- [end:gradient-product]


# --8<-- [start:backpropagated]
@quiet
def backpropagated(net: SimpleRNN, hidden_states: ArrayLike, t: int, e: ArrayLike, *, batch: int = 0) -> Array:
    """Return the part of the gradient at h_k that comes from e at t: (t + 1, H), k = 0 … t, O(H²) a step."""
    h = _check_states(net, hidden_states, batch)
    _check_times(t, 0, len(h))
    W_hh = net.params["W_hh"].T
    deltas = [validate.array("e", e, (net.hidden_size,))]
    for i in range(t, 0, -1):
        deltas.insert(0, W_hh.T @ (net.derivative(h[i - 1]) * deltas[0]))
    return validate.result("gradient", np.stack(deltas))


# --8<-- [end:backpropagated]


# --8<-- [start:lag-terms]
@quiet
def lag_terms(
    net: SimpleRNN, hidden_states: ArrayLike, d_outputs: ArrayLike, *, h0: ArrayLike | None = None, batch: int = 0
) -> Array:
    """Return what each lag n = t - k adds to the gradient of the book's W_hh: (T, H, H), n = 0 … T - 1."""
    h, d_y, before = _check_losses(net, hidden_states, d_outputs, h0, batch)
    W_hh, slopes, terms = net.params["W_hh"].T, net.derivative(h), []
    deltas = d_y @ net.params["W_hy"].T  # a row for each k = 1 … T - n: the gradient at h_k from the loss at k + n
    for _ in range(len(h)):
        d_a = slopes * deltas
        terms.append(d_a.T @ before)
        deltas = (d_a @ W_hh)[1:]  # all go one step back, and that of step 1 leaves the sequence
        slopes, before = slopes[:-1], before[:-1]
    return validate.result("terms", np.stack(terms))


# --8<-- [end:lag-terms]


# --8<-- [start:orthogonal-steps]
@quiet
def orthogonal_steps(jacobians: ArrayLike) -> tuple[Array, Array]:
    """Return Q_0 … Q_T, (T + 1, H, H), and R_1 … R_T, (T, H, H): J_t Q_{t-1} = Q_t R_t, with Q_0 the identity."""
    jacobians = _check_jacobians(jacobians)
    Q, R = [np.eye(len(jacobians[0]))], []
    for J in jacobians:
        q, r = np.linalg.qr(J @ Q[-1])
        sign = np.where(np.diag(r) < 0, -1.0, 1.0)  # the diagonal of R counts as a stretch: never below zero
        Q.append(q * sign)
        R.append(sign[:, None] * r)
    return np.stack(Q), validate.result("R", np.stack(R))


@quiet
def lyapunov_exponents(jacobians: ArrayLike) -> Array:
    """Return the mean of log diag(R_t) over the steps, (H,): -inf where a direction is lost altogether.

    References
    ----------
    Benettin et al. 1980, "Lyapunov characteristic exponents for smooth dynamical systems and for Hamiltonian
    systems; a method for computing all of them".
    """
    _, R = orthogonal_steps(jacobians)
    exponents: Array = np.log(np.diagonal(R, axis1=1, axis2=2)).mean(axis=0)
    return exponents


# --8<-- [end:orthogonal-steps]


@quiet
def log_norms(jacobians: ArrayLike) -> Array:
    """Return log ‖J_t … J_1‖ for t = 1 … T, (T,): it stays finite where the product would not; -inf for a product 0."""
    jacobians = _check_jacobians(jacobians)
    product, scale, logs = np.eye(len(jacobians[0])), 0.0, []
    for J in jacobians:
        product = validate.result("product", J @ product)
        norm = float(validate.result("norm", np.linalg.norm(product[None], 2, axis=(1, 2)))[0])
        if norm > 0:
            product, scale = product / norm, scale + np.log(norm)
        logs.append(scale if norm > 0 else -np.inf)
    return np.array(logs)


# --8<-- [start:influence]
def influence(net: SimpleRNN, inputs: ArrayLike, *, h0: ArrayLike | None = None) -> Array:
    """Return how strongly each output depends on each input, (T, T): the size of ∂y_t/∂x_s in row t, column s.

    The network is run, no formula is used, so that the answer holds for any subclass too.
    """
    outputs_by_inputs = complex_step(lambda x: net.forward(x, h0=h0)[0], inputs)  # (T, B, O, T, B, D)
    return np.asarray(np.sqrt((outputs_by_inputs**2).sum(axis=(1, 2, 4, 5))))


# --8<-- [end:influence]


@quiet
def singular_values(matrices: ArrayLike) -> Array:
    """Return the factors by which a matrix stretches, largest first: (H, H) to (H,), (T, H, H) to (T, H)."""
    values = np.linalg.svd(_check_square(matrices), compute_uv=False)
    return validate.result("singular values", values)


@quiet
def spectral_radius(matrices: ArrayLike) -> Array:
    """Return the largest modulus of an eigenvalue: (H, H) to a number, (T, H, H) to (T,)."""
    radius: Array = np.abs(np.linalg.eigvals(_check_square(matrices))).max(axis=-1)
    return validate.result("spectral radius", radius)


@quiet
def product_bounds(W_hh: ArrayLike, slopes: ArrayLike) -> tuple[float, float]:
    """Return between which numbers all singular values of ∏ diag(f'(a_i)) W_hh lie.

    They are ∏ min f'(a_i) σ_min(W_hh) and ∏ max f'(a_i) σ_max(W_hh). With the constant slope γ, the largest that f
    has (1 for tanh), the upper one is (γ σ_max)ⁿ: below 1 it is sufficient for the gradient to vanish.

    Parameters
    ----------
    W_hh : array_like (H, H)
        The weights; as singular values are concerned, those of the book or of the code.
    slopes : array_like (n, H)
        f'(a_i) for each of the n steps, as `SimpleRNN.derivative` gives them.

    Returns
    -------
    lower, upper : float
    """
    sigma = singular_values(validate.array("W_hh", W_hh, ("hidden", "hidden")))
    slopes = np.abs(validate.array("slopes", slopes, ("steps", len(sigma))))
    lower, upper = np.prod(slopes.min(axis=1) * sigma[-1]), np.prod(slopes.max(axis=1) * sigma[0])
    return float(lower), float(validate.result("upper", np.asarray(upper)))


@quiet
def gate_half_lives(gates: ArrayLike) -> Array:
    """Return after how many steps a gate that stays at f has let half of a memory go, ln ½ / ln f.

    It is that of the direct path through an LSTM's cell alone: what goes through the other gates comes on top.

    Parameters
    ----------
    gates : array_like
        Values of a forget gate, from 0 to 1, in any shape.

    Returns
    -------
    ndarray of the same shape
        0 for a gate that is shut, infinity for one that is open.
    """
    f = validate.array("gates", gates, None)
    if not (f.min() >= 0 and f.max() <= 1):
        raise ValueError(f"gates: expected numbers from 0 to 1, got {f.min():g} to {f.max():g}")
    half_lives: Array = np.log(0.5) / np.log(f)
    return np.abs(half_lives)  # an open gate: ln f is 0, without the sign that the quotient has elsewhere


@quiet
def mean_field(gain: float, sigma_x: float, *, steps: int = 1000) -> tuple[float, float]:
    """Return q and χ of a very wide tanh network with weights of variance gain²/H: two averages over a normal z.

    Parameters
    ----------
    gain : float
        g, at least 0.
    sigma_x : float
        Standard deviation of what the input and the bias add to a pre-activation; at least 0.
    steps : int
        How often the equation for q is applied to itself.

    Returns
    -------
    q, chi : float
        The variance of a pre-activation, and the factor by which ‖δ‖² changes in a step back.
    """
    gain, sigma_x = (
        np.float64(validate.number(name, value, at_least=0)) for name, value in (("gain", gain), ("sigma_x", sigma_x))
    )
    steps = validate.size("steps", steps, at_least=0)
    # --8<-- [start:mean-field]
    z = np.linspace(-10, 10, 2001)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    q = 1.0
    for _ in range(steps):
        q = gain**2 * float(weight @ np.tanh(np.sqrt(q) * z) ** 2) + sigma_x**2
    chi = gain**2 * float(weight @ (1 - np.tanh(np.sqrt(q) * z) ** 2) ** 2)
    # --8<-- [end:mean-field]
    validate.result("q, chi", np.array([q, chi]))
    return float(q), float(chi)


def _check_states(net: SimpleRNN, hidden_states: ArrayLike, batch: int) -> Array:
    if not isinstance(net, SimpleRNN):
        raise TypeError(f"net: expected a SimpleRNN, got {type(net).__name__}")
    states = validate.array("hidden_states", hidden_states, ("seq_len", "batch", net.hidden_size))
    if validate.size("batch", batch, at_least=0) >= states.shape[1]:
        raise ValueError(f"batch: expected a whole number below {states.shape[1]}, got {batch}")
    return states[:, batch]


def _check_losses(
    net: SimpleRNN, hidden_states: ArrayLike, d_outputs: ArrayLike, h0: ArrayLike | None, batch: int
) -> tuple[Array, Array, Array]:
    """Return of one sequence h_1 … h_T, the gradients for its outputs, and h_0 … h_{T-1}."""
    h = _check_states(net, hidden_states, batch)
    batches = np.shape(hidden_states)[1]
    d_y = validate.array("d_outputs", d_outputs, (len(h), batches, net.output_size))[:, batch]
    first = np.zeros((batches, net.hidden_size)) if h0 is None else validate.array("h0", h0, (batches, net.hidden_size))
    return h, d_y, np.vstack([first[batch], h[:-1]])


def _check_square(matrices: ArrayLike) -> Array:
    came = validate.array("matrices", matrices, None)
    if came.ndim not in (2, 3) or came.shape[-1] != came.shape[-2]:
        raise ValueError(f"matrices: expected square matrices, got {came.shape}")
    return came


def _check_jacobians(jacobians: ArrayLike) -> Array:
    jacobians = validate.array("jacobians", jacobians, ("seq_len", "hidden", "hidden"))
    if jacobians.shape[1] != jacobians.shape[2]:
        raise ValueError(f"jacobians: expected square matrices, got {jacobians.shape}")
    return jacobians


def _check_times(t: int, k: int, seq_len: int) -> None:
    if validate.size("t", t, at_least=0) > seq_len:
        raise ValueError(f"t: expected at most the {seq_len} steps there are, got {t}")
    if validate.size("k", k, at_least=0) > t:
        raise ValueError(f"k: expected at most t = {t}, got {k}")
