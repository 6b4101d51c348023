"""The models of the chapter seq2seq: they can be trained anew, and what was measured supports what the page says."""

from __future__ import annotations

import numpy as np

from rnn.seq2seq import Seq2Seq
from scripts.experiments import results, seq2seq
from scripts.figures.seq2seq import LOOKS, trained


def test_the_sizes_are_those_of_the_models():
    for task in seq2seq.TASKS:
        for attends in (False, True):
            model = seq2seq.build(attends, np.random.default_rng(0))
            for run in results("seq2seq.json").where(task=task, attends=attends):
                assert sum(value.size for value in model.params.values()) == run.found["parameters"]
                assert len(run.found["exact"]) == run.arm["longest"] + seq2seq.BEYOND
    assert trained("copy-vector")[0]["parameters"] > trained("copy-attention")[0]["parameters"]


def test_a_short_training_copies_two_letters():
    model = seq2seq.train("copy", False, 0, longest=10, updates=150)
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


def test_what_the_page_says_beside_the_claims_is_so():
    for arm in LOOKS:
        assert all(found["forced"]["exact"] == found["forced"]["exact_free"] for found in trained(arm))
    weights = np.array(trained("reverse-attention")[0]["look"]["weights"])
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=0.005)
