"""The network in JAX, written out."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from scripts.frameworks import Array, Arrays

jax.config.update("jax_enable_x64", True)


# --8<-- [start:run]
def run(params: Arrays, inputs: Array, h0: Array) -> tuple[Array, Array]:
    """Return all states (T, B, H) and the gradient for h0 (B, H)."""
    p, sigmoid = params, jax.nn.sigmoid

    def step(h: Any, x: Any) -> tuple[Any, Any]:
        z = sigmoid(x @ p["W_xz"] + h @ p["W_hz"] + p["b_z"])
        r = sigmoid(x @ p["W_xr"] + h @ p["W_hr"] + p["b_r"])
        heard = h @ p["W_hn"] + p["b_hn"]
        n = jnp.tanh(x @ p["W_xn"] + p["b_n"] + r * heard)
        h = z * h + (1 - z) * n
        return h, h  # what is carried on, and what is put out

    def loss(h: Any) -> tuple[Any, Any]:
        _, outputs = jax.lax.scan(step, h, jnp.asarray(inputs))
        return (outputs**2).sum() / 2, outputs

    d_h0, outputs = jax.grad(loss, has_aux=True)(jnp.asarray(h0))
    return np.asarray(outputs), np.asarray(d_h0)
    # --8<-- [end:run]
