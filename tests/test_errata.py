"""The museum of errors: every exhibit has its four lines and something that runs."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rnn import SimpleRNN
from rnn.gradcheck import check
from scripts.book.closure import ROOT
from scripts.figures.errata import Deaf, SlopeAgain, Untransposed

LEAST = 25
LABELS = {
    "en": ("Claim", "Where", "Counter-example", "In fact"),
    "zh": ("说法", "出处", "反例", "正确的说法"),
}
STOP = {"en": ".", "zh": "。"}
RUNS = re.compile(r"\{\{errata-[\w.-]+\}\}|^/// equation \| errata-|\]\(\w*(?:\.md)?#eq-[\w-]+\)", re.M)


def exhibits(lang: str) -> dict[str, str]:
    """Return the text of every exhibit by its id; they are the headings of the third level."""
    text = (ROOT / "docs" / lang / "errata.md").read_text(encoding="utf-8")
    rooms = text[: text.index("{ #checklist }")]
    parts = re.split(r"^###? .*\{ #([\w-]+) \}$", rooms, flags=re.M)
    levels = re.findall(r"^(###?) .*\{ #[\w-]+ \}$", rooms, re.M)
    found = zip(levels, parts[1::2], parts[2::2], strict=True)
    return {name: body for level, name, body in found if level == "###"}


@pytest.mark.parametrize("lang", LABELS)
def test_there_are_enough_exhibits(lang):
    assert len(exhibits(lang)) >= LEAST
    assert list(exhibits("en")) == list(exhibits("zh"))


@pytest.mark.parametrize("lang", LABELS)
@pytest.mark.parametrize("name", exhibits("en"))
def test_an_exhibit_has_its_four_lines_in_order_and_something_that_runs(lang, name):
    body = exhibits(lang)[name]
    places = [body.find(f"\n\n**{label}{STOP[lang]}** ") for label in LABELS[lang]]
    assert -1 not in places, f"{name}: a line is missing"
    assert places == sorted(places)
    against = body[places[2] :]
    assert RUNS.search(against), f"{name}: a number, a formula of its own or a link to one"
    assert "{{errata-" in against, f"{name}: it has a number of its own"


@pytest.mark.parametrize("made", [Untransposed, SlopeAgain, Deaf])
def test_the_wrong_networks_are_wrong_and_the_right_one_is_right(made):
    right = SimpleRNN(3, 4, 2, rng=np.random.default_rng(0))
    assert max(check(right, rng=np.random.default_rng(1)).values()) < 1e-9
    wrong = made(3, 4, 2, rng=np.random.default_rng(0))
    errors = check(wrong, rng=np.random.default_rng(1))
    assert min(errors[name] for name in ("W_xh", "W_hh", "b_h")) > 1e-3


def test_two_steps_unmask_a_forgotten_transpose_and_one_step_does_not():
    wrong = Untransposed(3, 4, 2, rng=np.random.default_rng(0))
    one, two = (check(wrong, seq_len=T, rng=np.random.default_rng(1)) for T in (1, 2))
    assert max(one[name] for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")) < 1e-9
    assert one["h0"] > 1e-3
    assert min(two[name] for name in ("W_xh", "W_hh", "b_h")) > 1e-3


def test_with_a_loss_at_the_last_step_alone_one_step_cannot_tell():
    deaf = Deaf(3, 4, 2, rng=np.random.default_rng(0))
    assert max(check(deaf, seq_len=1, rng=np.random.default_rng(1)).values()) < 1e-9
    errors = check(deaf, seq_len=5, rng=np.random.default_rng(1))
    assert min(errors[name] for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")) > 1e-3
