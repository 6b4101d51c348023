"""The chapter remedies: what clipping does to a gradient, and to numbers that are none."""

# --8<-- [start:shown]
import numpy as np

from rnn.optim import clip_by_norm, clip_by_value

grads = {"W_hh": np.array([[100.0]]), "b_h": np.array([1.0])}
clipped, norm = clip_by_norm(grads, 5.0)
print("by norm ", {name: g.ravel().round(3).tolist() for name, g in clipped.items()}, "norm before:", round(norm, 2))
print("by value", {name: g.ravel().tolist() for name, g in clip_by_value(grads, 5.0).items()})

zero = {"W_hh": np.zeros((1, 1))}
print("zero    ", clip_by_norm(zero, 5.0))
for bad in (np.inf, np.nan):
    try:
        clip_by_norm({"W_hh": np.array([[bad]])}, 5.0)
    except FloatingPointError as error:
        print(f"{bad}     ", error)

huge = {"W_hh": np.full((2, 2), 1e200)}  # the squares overflow, the norm does not
print("huge    ", clip_by_norm(huge, 5.0)[0]["W_hh"].tolist())
# --8<-- [end:shown]
