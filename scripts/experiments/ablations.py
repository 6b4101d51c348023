"""The LSTM without one of its parts, on Bach chorales (Greff, Srivastava, Koutník, Steunebrink & Schmidhuber 2017).

Their standard has peepholes; every variant leaves out one thing, or couples two gates.  Data and measure are those of
`chorales`.  Not as in the paper, which searched 200 settings for each variant: one setting for all, Adam, and fewer
epochs, the same for all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rnn.depth import Stacked
from rnn.linear import Linear
from rnn.losses import binary_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.unrolled import Unrolled
from rnn.validate import Array
from rnn.variants import LSTMVariant
from scripts.experiments import Experiment, Found, Pair, Results, _jsb, claim

# --8<-- [start:variants]
VARIANTS: dict[str, dict[str, Any]] = {
    "V": {"peepholes": True},
    "NP": {},
    "CIFG": {"peepholes": True, "coupled": True},
    "NIG": {"peepholes": True, "without": ["input gate"]},
    "NFG": {"peepholes": True, "without": ["forget gate"]},
    "NOG": {"peepholes": True, "without": ["output gate"]},
    "NIAF": {"peepholes": True, "without": ["input activation"]},
    "NOAF": {"peepholes": True, "without": ["output activation"]},
}
# --8<-- [end:variants]
BATCH, RATE, LOOK = 16, 1e-2, 2


def run(seed: int, variant: str, hidden: int, epochs: int, pieces: int) -> Found:
    """Train one network; return its test loss as it was when it was best on the validation part."""
    rng, music = np.random.default_rng(seed), _jsb.chorales(pieces)
    cell = LSTMVariant(_jsb.KEYS, hidden, rng=rng, dtype=np.float32, **VARIANTS[variant])
    net = Stacked([Unrolled(cell), Linear(hidden, _jsb.KEYS, rng=rng, dtype=np.float32)])
    net.params["1.b"][...] = _jsb.log_odds(music["train"])
    optimizer = Adam(RATE)
    found = []
    for done in range(1, epochs + 1):
        if done == 3 * epochs // 4:
            optimizer.learning_rate = RATE / 3
        for x, y, lengths, mask in _jsb.epoch(music["train"], BATCH, rng):
            outputs, _ = net.forward(x, lengths=lengths)
            _, d_outputs = binary_cross_entropy(outputs, y, mask)
            net.backward(d_outputs)
            grads, _ = clip_by_norm(net.grads, 1.0)
            optimizer.update(net.params, grads)
        if done % LOOK == 0:
            found.append([float(_jsb.nats(net, music[part])) for part in ("valid", "test")])
    valid, test = np.array(found).T
    return {
        "parameters": sum(value.size for value in net.params.values()),
        "alone": _jsb.alone(music),
        "valid": float(valid.min()),
        "test": float(test[valid.argmin()]),
        "best": LOOK * (int(valid.argmin()) + 1),
        "curve": valid.round(4).tolist(),
    }


EXPERIMENT = Experiment(
    run,
    arms=[{"variant": v, "hidden": 48, "epochs": 24, "pieces": 0} for v in VARIANTS],
    reduced=[{"variant": v, "hidden": 16, "epochs": 8, "pieces": 16} for v in ("V", "NOAF")],
    data=("jsb",),
    chaotic=True,
)


def losses(results: Results, variant: str) -> Array:
    """Return the test losses of a variant by seed."""
    return results.of("test", variant=variant)


CRITICAL = ("NFG", "NOAF")


def _medians(results: Results, *without: str) -> list[float]:
    return [float(np.median(losses(results, variant))) for variant in VARIANTS if variant not in without]


@claim(reduced=False)
def two_parts_are_missed_most(results: Results) -> Pair:
    """Without the forget gate, and without the output activation, the LSTM is worse than without any other part."""
    return max(_medians(results, *CRITICAL)), [np.median(losses(results, variant)) for variant in CRITICAL]


@claim(reduced=False)
def others_alike(results: Results) -> Pair:
    """But for those two, the medians of the variants lie closer together than the seeds of the standard cell."""
    return np.ptp(_medians(results, *CRITICAL)), np.ptp(losses(results, "V"))


@claim(reduced=False)
def nothing_improves_as_much(results: Results) -> Pair:
    """No variant is as far ahead of the standard cell as those two are behind it."""
    standard = np.median(losses(results, "V"))
    behind = min(np.median(losses(results, variant)) for variant in CRITICAL) - standard
    return standard - min(_medians(results)), behind


@claim(reduced=False)
def slow_without_forget_gate(results: Results) -> Pair:
    """Without the forget gate the best epoch comes later than with it (medians)."""
    return np.median(results.of("best", variant="V")), np.median(results.of("best", variant="NFG"))


@claim
def the_past_helps(results: Results) -> Pair:
    """With the chords before, the standard cell is better than with the frequency of each key alone."""
    return losses(results, "V").max(), results.of("alone", variant="V").max()
