"""The chapter deployment: two watchmen over one stream, for single rows and for whole windows."""

# --8<-- [start:shown]
import numpy as np

from rnn.deploy import Monitor, stability_index

rng = np.random.default_rng(0)
training = rng.normal(size=(2000, 2))
watch = Monitor(2, threshold=6.0)
watch.update(training)

broken = np.array([[0.1, -0.3], [0.2, 999.0], [-0.4, 0.1]])
print("rows far away:", watch.step(broken).tolist())
print("rows learned from:", watch.count)

for shift in (0.0, 0.3, 0.8):
    window = rng.normal(size=(500, 2)) + np.array([0.0, shift])
    index = [stability_index(training[:, d], window[:, d]) for d in (0, 1)]
    alarms = watch.step(window).sum()
    print(f"shift {shift}: {index[0]:.2f} and {index[1]:.2f}, alarms: {alarms}")
# --8<-- [end:shown]

assert index[1] > 0.25 > index[0]
