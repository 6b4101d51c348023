"""The formulas of the chapter *vanishing*: how large the gradient is after many steps."""

from __future__ import annotations

import numpy as np

from rnn.equations import Sides, definition, equation, twin
from rnn.equations.worlds import (
    alike,
    diagonalisable,
    elman,
    isometry,
    lyapunov,
    nearly_linear,
    normal,
    one_unit,
    one_unit_near_zero,
    orthogonal,
    rank_one,
    shear,
    wide,
)
from rnn.gradients import mean_field
from rnn.validate import Array

PAIRS = "0 <= k <= t <= T and t >= 1"

# what each lag contributes
vanishing_lag = definition(where=elman, for_all="0 <= n < T")
vanishing_by_lag = equation(where=elman)

# bounds by singular values
vanishing_one_factor = equation(
    where=elman, for_all="1 <= t <= T", equal_in=(nearly_linear, nearly_linear, alike, alike)
)
vanishing_upper = equation(where=elman, for_all=PAIRS, equal_in=(alike, nearly_linear))
vanishing_lower = equation(where=elman, for_all=PAIRS, equal_in=alike)
vanishing_orthogonal = equation(where=orthogonal, for_all=PAIRS, equal_in=isometry)

# one matrix again and again
vanishing_linear = equation(where=diagonalisable, for_all=PAIRS)
vanishing_eigen = equation(where=diagonalisable, for_all=PAIRS)
vanishing_spectral = equation(where=diagonalisable, for_all=PAIRS, equal_in=(normal, normal))
vanishing_shear = equation(where=shear, for_all="1 <= k <= T")

# tanh, and the spectral radius of W_hh
vanishing_not_power = equation(where=elman, for_all="0 <= k < t <= T", equal_in=nearly_linear)
vanishing_nilpotent = equation(where=rank_one)
vanishing_revived = equation(where=rank_one, for_all="0 <= k < t <= T")
vanishing_uneven = equation(where=rank_one, for_all="1 <= t <= T")
vanishing_fixed_point = equation(where=one_unit, equal_in=one_unit_near_zero)
vanishing_at_rest = equation(where=one_unit, for_all="0 <= k <= t <= T")

# random weights, and the exponents
vanishing_gaussian = equation(where=wide, approx=0.1)
vanishing_growth = equation(where=wide, for_all=PAIRS, approx=0.22)
vanishing_triangular = equation(where=lyapunov, for_all="1 <= t <= T")
vanishing_exponents = definition(where=lyapunov, for_all="1 <= i <= H")
vanishing_volume = equation(where=lyapunov)


@twin()
def vanishing_gelfand(rng: np.random.Generator) -> Sides:
    """Square W again and again for the norm of a huge power; the eigenvalues give the right side."""
    W = rng.normal(size=(4, 4))
    power, log_scale, squarings = W, 0.0, 45
    for _ in range(squarings):  # power · exp(log_scale) is W to the k, and k doubles
        size = float(np.linalg.norm(power, 2))
        power, log_scale = (power / size) @ (power / size), 2 * (log_scale + np.log(size))
    k = 2.0**squarings
    return np.exp((log_scale + np.log(np.linalg.norm(power, 2))) / k), np.abs(np.linalg.eigvals(W)).max()


def _average(f: Array, nodes: Array, weights: Array) -> float:
    """Average values at the nodes over the normal distribution."""
    density = np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi)
    return float((weights * density) @ f)


@twin()
def vanishing_mean_field(rng: np.random.Generator) -> Sides:
    """Take q and χ of the package, and put them into Gauss's rule instead of the package's even grid."""
    g, sigma_x = rng.uniform(0.5, 3.0), rng.uniform(0.3, 1.5)
    q, chi = mean_field(g, sigma_x)
    nodes, weights = np.polynomial.legendre.leggauss(300)
    z, weights = 10 * nodes, 10 * weights
    h = np.tanh(np.sqrt(q) * z)
    return [q, chi], [g**2 * _average(h**2, z, weights) + sigma_x**2, g**2 * _average((1 - h**2) ** 2, z, weights)]
