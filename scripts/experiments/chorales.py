"""Bach chorales by tanh, LSTM and GRU of about 20 000 parameters (Chung, Gulcehre, Cho & Bengio 2014, Table 2).

Given the chords before, how probable is the next one?  The split is that of Boulanger-Lewandowski, Bengio & Vincent
2012, the number the mean negative log-likelihood of a chord in nats, summed over 88 keys.  Each network is judged on
the test part as it was when it was best on the validation part; so is the choice between the two learning rates.
Not as in the paper: Adam without weight noise, no peepholes in the LSTM, the GRU resets after the product, and tanh has
80 units in place of 100, so that with the read-out all three have nearly equal numbers of parameters.
"""

from __future__ import annotations

import numpy as np

from rnn.depth import Stacked
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Linear
from rnn.losses import binary_cross_entropy
from rnn.optim import Adam, clip_by_norm
from rnn.validate import Array
from scripts.experiments import Experiment, Found, Pair, Results, _jsb, claim

NETS = 5
CELLS = {"tanh": (RNN, 80), "lstm": (LSTM, 36), "gru": (GRU, 46)}  # with their units
BATCH, LOOK = 16, 3  # pieces; epochs between two looks at the validation part


def build(cell: str, rng: np.random.Generator) -> Stacked:
    """Make NETS networks on a leading axis."""
    make, H = CELLS[cell]
    below = make(_jsb.KEYS, H, seeds=NETS, rng=rng, dtype=np.float32)
    return Stacked([below, Linear(H, _jsb.KEYS, seeds=NETS, rng=rng, dtype=np.float32)])


def run(seed: int, cell: str, rate: float, biased: bool, epochs: int, pieces: int) -> Found:
    """Train, look at the validation part every few epochs, and keep what each network was worth at its best."""
    rng, music = np.random.default_rng([seed, CELLS[cell][1]]), _jsb.chorales(pieces)
    net, optimizer = build(cell, rng), Adam(rate)
    if biased:  # else they learn for long how rare a key is
        net.params["1.b"][...] = _jsb.log_odds(music["train"])
    looks: list[list[Array]] = []
    for done in range(1, epochs + 1):
        # --8<-- [start:epoch]
        for x, y, lengths, mask in _jsb.epoch(music["train"], BATCH, rng, NETS):
            outputs, _ = net.forward(x, lengths=lengths)
            _, d_outputs = binary_cross_entropy(outputs, y, mask, seeds=True)
            net.backward(d_outputs)
            grads, _ = clip_by_norm(net.grads, 1.0, seeds=True)
            optimizer.update(net.params, grads)
        # --8<-- [end:epoch]
        if done % LOOK == 0:
            looks.append([_jsb.nats(net, music[part], NETS) for part in ("valid", "test")])
        if done == 2 * epochs // 3 or done == 5 * epochs // 6:
            optimizer.learning_rate /= 3
    valid, test = np.array(looks).swapaxes(0, 1)  # (looks, NETS)
    best = valid.argmin(axis=0)
    return {
        "parameters": sum(value[0].size for value in net.params.values()),
        "alone": [_jsb.alone(music)] * NETS,
        "curve": valid.T.round(4).tolist(),
        "valid": valid.min(axis=0).tolist(),
        "test": test[best, np.arange(NETS)].tolist(),
        "best": (LOOK * (best + 1)).tolist(),
    }


EXPERIMENT = Experiment(
    run,
    arms=[
        {"cell": cell, "rate": rate, "biased": biased, "epochs": 90, "pieces": 0}
        for cell, rate, biased in (
            *((cell, rate, True) for cell in CELLS for rate in (3e-3, 1e-2)),
            *((cell, 3e-3, False) for cell in CELLS),
        )
    ],
    reduced=[
        {"cell": cell, "rate": 3e-3, "biased": biased, "epochs": 12, "pieces": 16}
        for cell, biased in (*((cell, True) for cell in CELLS), ("gru", False))
    ],
    seeds=1,
    nets=NETS,
    data=("jsb",),
    chaotic=True,
)


def chosen(results: Results, cell: str, measured: str = "test") -> Array:
    """Return what the networks of a cell measured with the rate that is better on the validation part."""
    arms = {rate: {"cell": cell, "rate": rate, "biased": True} for rate in results.arms("rate")}
    best = min(arms, key=lambda rate: float(np.median(results.of("valid", **arms[rate]))))
    return results.of(measured, **arms[best])


@claim(reduced=False)
def gates_before_tanh(results: Results) -> Pair:
    """Gated networks have a smaller test loss than tanh (medians)."""
    tanh = np.median(chosen(results, "tanh"))
    return [np.median(chosen(results, cell)) for cell in ("gru", "lstm")], [tanh, tanh]


@claim(reduced=False)
def lstm_and_gru_close(results: Results) -> Pair:
    """Trained out, LSTM and GRU differ by less than either from tanh."""
    tanh, lstm, gru = (np.median(chosen(results, cell)) for cell in CELLS)
    return [abs(lstm - gru)] * 2, [tanh - lstm, tanh - gru]


@claim
def the_past_helps(results: Results) -> Pair:
    """With the chords before, all are better than with the frequency of each key alone."""
    return [np.median(chosen(results, cell)) for cell in CELLS], np.median(results.of("alone"))


@claim(reduced=False)
def order_turned_round(results: Results) -> Pair:
    """Without the bias, at one rate and within these epochs, tanh is ahead of the LSTM, and the LSTM of the GRU."""
    tanh, lstm, gru = (np.median(results.of("test", cell=cell, rate=3e-3, biased=False)) for cell in CELLS)
    return [tanh, lstm], [lstm, gru]


@claim
def bias_before_cell(results: Results) -> Pair:
    """At one rate the right bias of the read-out makes more of a difference to the GRU than the cell does."""
    biased = {cell: np.median(results.of("test", cell=cell, rate=3e-3, biased=True)) for cell in CELLS}
    without = np.median(results.of("test", cell="gru", rate=3e-3, biased=False))
    return max(biased.values()) - min(biased.values()), without - biased["gru"]
