"""The network in Keras, with TensorFlow beneath it."""

import keras
import numpy as np
import tensorflow as tf

from scripts.frameworks import Array, Arrays


# --8<-- [start:run]
def run(params: Arrays, inputs: Array, h0: Array) -> tuple[Array, Array]:
    """Return all states (T, B, H) and the gradient for h0 (B, H)."""
    p, none = params, np.zeros_like(params["b_n"])
    x, start = tf.constant(inputs.swapaxes(0, 1)), tf.constant(h0)  # (B, T, D)
    layer = keras.layers.GRU(h0.shape[1], return_sequences=True, dtype="float64")
    layer.build(x.shape)
    kernel = np.hstack([p["W_xz"], p["W_xr"], p["W_xn"]])
    recurrent_kernel = np.hstack([p["W_hz"], p["W_hr"], p["W_hn"]])
    b_x = np.hstack([p["b_z"], p["b_r"], p["b_n"]])
    b_h = np.hstack([none, none, p["b_hn"]])
    layer.set_weights([kernel, recurrent_kernel, np.stack([b_x, b_h])])
    with tf.GradientTape() as tape:
        tape.watch(start)
        outputs = layer(x, initial_state=start)
        loss = tf.reduce_sum(outputs**2) / 2
    return outputs.numpy().swapaxes(0, 1), tape.gradient(loss, start).numpy()
    # --8<-- [end:run]
