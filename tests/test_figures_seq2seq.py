"""The models of the chapter seq2seq: they can be trained anew, and what was measured supports what the page says."""

from __future__ import annotations

import json

import numpy as np

from rnn.seq2seq import Seq2Seq
from scripts import seq2seq

FOUND = json.loads(seq2seq.RESULTS.read_text(encoding="utf-8"))


def test_the_results_say_where_they_come_from():
    made = FOUND["made"]
    assert made["by"] == "python -m scripts.seq2seq"
    assert made["seeds"] == list(range(seq2seq.SEEDS))
    assert made["updates"] == seq2seq.UPDATES
    assert made["numpy"]
    assert made["python"]


def test_the_sizes_are_those_of_the_models():
    for task, attends in seq2seq.ARMS:
        model = seq2seq.build(attends, np.random.default_rng(0))
        arm = f"{task}-{'attention' if attends else 'vector'}"
        assert sum(value.size for value in model.params.values()) == FOUND["parameters"][arm]
        assert np.shape(FOUND["exact"][arm]) == (seq2seq.SEEDS, seq2seq.TESTED)
    assert FOUND["parameters"]["copy-vector"] > FOUND["parameters"]["copy-attention"]


def test_a_short_training_copies_two_letters():
    model = seq2seq.train("copy", False, 0, updates=150)
    assert isinstance(model, Seq2Seq)
    assert seq2seq.exact(model, "copy", 2, 0) > 0.8 > seq2seq.exact(model, "copy", 10, 0)
    told = seq2seq.forced(model, "copy", 2, 0, n=50)
    assert told["exact"] == told["exact_free"]


def test_strings_are_reversed_with_their_end_last():
    (source, ends, target_in), target, steps = seq2seq.strings("reverse", np.array([3, 1]), np.random.default_rng(0))
    assert source.shape == target.shape == target_in.shape == (4, 2)
    assert target[:3, 0].tolist() == source[:3, 0][::-1].tolist()
    assert target[3, 0] == target[1, 1] == seq2seq.END
    assert target_in[0].tolist() == [seq2seq.START] * 2
    assert ends.tolist() == steps.tolist() == [4, 2]


def test_what_the_page_says_of_the_curves_is_so():
    at = {arm: np.array(values) for arm, values in FOUND["exact"].items()}
    for task in ("copy", "reverse"):  # with attention all seeds are above all without, from eight letters to eleven
        assert (at[f"{task}-attention"][:, 7:11].min(axis=0) > at[f"{task}-vector"][:, 7:11].max(axis=0)).all()
    assert at["reverse-vector"][:, 7].min() > at["copy-vector"][:, 7].max()
    assert np.median(at["copy-attention"][:, 13]) < 0.1
    for runs in FOUND["forced"].values():
        assert all(run["exact"] == run["exact_free"] for run in runs)
    weights = np.array(FOUND["looks"]["reverse-attention"]["weights"])
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=0.005)
