"""What other libraries computed for the chapter frameworks: it belongs to the programs shown, and ours still agrees."""

import json
import tokenize

import numpy as np
import pytest

from scripts import frameworks
from scripts.frameworks import in_numpy
from scripts.slim import plain_switches

FOUND = frameworks.found()
FACTS = FOUND["facts"]


def test_what_is_stored_was_computed_by_these_programs():
    assert FOUND["digest"] == frameworks.digest(), "run .venv-peers/bin/python -m scripts.frameworks"
    assert FOUND["sizes"] == frameworks.SIZES
    assert set(FOUND["programs"]) == set(frameworks.PROGRAMS)


def test_a_comment_does_not_change_the_hash_and_code_does(tmp_path, monkeypatch):
    monkeypatch.setattr(frameworks, "HERE", tmp_path)
    program = tmp_path / "in_any.py"
    hashes = []
    for text in ("x = 1\n", "# a remark\nx = 1  # another\n\n", "x = 2\n"):
        program.write_text(text, encoding="utf-8")
        hashes.append(frameworks.digest())
    assert hashes[0] == hashes[1] != hashes[2]
    program.write_text("x = (", encoding="utf-8")
    with pytest.raises((tokenize.TokenError, SyntaxError)):
        frameworks.digest()


def test_the_file_names_no_path():
    assert "/" not in frameworks.FILE.read_text(encoding="utf-8")
    assert json.loads(frameworks.FILE.read_text(encoding="utf-8")) == FOUND


def test_the_program_in_numpy_computes_what_is_stored():
    outputs, d_h0 = in_numpy.run(*frameworks.given())
    np.testing.assert_allclose(outputs, FOUND["programs"]["numpy"]["outputs"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(d_h0, FOUND["programs"]["numpy"]["d_h0"], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", frameworks.PROGRAMS)
def test_all_programs_agree(name):
    ours, theirs = FOUND["programs"]["numpy"], FOUND["programs"][name]
    for key in ("outputs", "d_h0"):
        error = np.abs(np.array(theirs[key]) - np.array(ours[key])).max()
        assert error == theirs[f"distance_{key}"] < 1e-13


@pytest.mark.parametrize("library", ["torch", "keras"])
@pytest.mark.parametrize("layer", ["lstm", "gru"])
def test_one_order_of_the_gates_agrees_and_no_other(library, layer):
    tried = FACTS[library][layer]
    assert tried["order"] == {"lstm": "ifco", "gru": {"torch": "rzn", "keras": "zrn"}[library]}[layer]
    assert tried["tried"] == {"lstm": 24, "gru": 6}[layer]
    assert tried["distance"] < 1e-13
    assert tried["next"] > 0.1


def test_what_the_chapter_says_of_pytorch():
    torch = FACTS["torch"]
    assert torch["right_axis"] == 0 < torch["wrong_axis"]
    assert torch["state"] == {"layers": 6, "batch": 3, "units": 5}
    assert torch["ends"]["forward"] == torch["ends"]["backward"] == 0 < torch["ends"]["last_step"]
    assert max(torch["packed"], torch["same_value"]) < 1e-14
    assert torch["unpacked"] > 0.01
    assert torch["beyond"] == torch["dropout_one_layer"] == 0
    assert 0.99 < torch["init"]["largest"] <= 1
    assert torch["init"]["variance"] == pytest.approx(1, abs=0.02)
    assert torch["bias_step"] == pytest.approx(2)
    assert all(torch[name] is True for name in ("detached", "twice", "dropout_warns", "float32"))
    assert max(torch["rounding"].values()) < 1e-6
    assert torch["adam"] == pytest.approx(1e-7 / (1e-7 + torch["adam_eps"]))


def test_what_the_chapter_says_of_keras_and_jax():
    keras = FACTS["keras"]
    told = ("reset_after", "sigmoid", "unit_forget_bias", "float32", "cut")
    assert all(keras[name] is True for name in told)
    assert (keras["lstm_biases"], keras["gru_biases"], keras["axes"]) == (1, 2, 2)
    assert max(keras[name] for name in ("masked", "repeats", "forgets", "carries", "hard_formula")) < 1e-14
    start = keras["init"]
    assert max(start["together"], start["simple"]) < 1e-13
    assert 0.99 < start["kernel"] <= 1
    assert start["largest"] < 1
    assert (start["forget"], start["others"]) == (1, 0)
    assert keras["adam"] == pytest.approx(1e-7 / (1e-7 + keras["adam_eps"] / np.sqrt(1 - 0.999)), rel=1e-4)
    assert keras["adam_eps"] == pytest.approx(10 * FACTS["torch"]["adam_eps"])
    assert FACTS["jax"] == {"float32": True, "float64": True}


def test_the_range_of_the_five_mistakes():
    values = FACTS["mistakes"]
    assert len(values) == 5
    assert min(values, key=values.get) == "transpose"
    assert max(values, key=values.get) == "label"


def test_the_switches_of_tabs_are_written_as_html():
    given = '<input checked="checked" id="a" name="n" type="radio" /><input id="b" type="radio" /><path/>'
    assert plain_switches(given) == '<input checked id="a" name="n" type="radio"><input id="b" type="radio"><path/>'
