"""The model of characters: it learns a text by heart, draws as the softmax says, and comes back from a file."""

import numpy as np
import pytest

from rnn import files
from rnn.characters import CharacterModel, _draw, train_character_model
from rnn.linear import Linear
from rnn.poems import TEXTS

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def poems():
    return train_character_model(TEXTS["tang"], hidden_size=32, updates=150, learning_rate=0.02)


def test_a_short_text_is_learned_by_heart(poems):
    assert poems.history.loss[0] > 3
    assert poems.history.loss[-1] < 0.2
    assert poems.generate(len(TEXTS["tang"]) - 1, temperature=0) == TEXTS["tang"][1:]
    line = "床前明月光，疑是地上霜。"
    assert poems.generate(len(line) - 4, start=line[:4], temperature=0) == line[4:]
    assert poems.generate(0) == ""
    assert poems.first == "床"


def test_the_seeds_decide(poems):
    def written(seed):
        return poems.generate(60, temperature=2.0, rng=np.random.default_rng(seed))

    assert written(1) == written(1) != written(2)
    options = {"hidden_size": 4, "updates": 3}
    first, same, other = (train_character_model("abcabd" * 9, seed=seed, **options) for seed in (5, 5, 6))
    assert first.history.loss == same.history.loss != other.history.loss


@pytest.mark.parametrize(("cell", "kind"), [("rnn", "RNN"), ("gru", "GRU"), ("lstm", "LSTM")])
def test_what_is_trained(cell, kind):
    model = train_character_model(("abcabd" * 40)[:200], cell=cell, hidden_size=5, updates=6, seq_len=20)
    _, recurrent, read_out = model.network.parts
    assert type(recurrent).__name__ == kind
    assert (recurrent.input_size, recurrent.output_size, read_out.output_size) == (5, 5, 4)
    assert {value.dtype for value in model.network.params.values()} == {np.dtype(np.float32)}
    # 200 characters in 4 streams of 49 steps are 3 batches of at most 20 steps: 6 updates in 2 epochs.
    assert (len(model.history.loss), len(model.history.update_loss)) == (2, 6)


def test_a_long_text_is_read_once_in_32_streams():
    model = train_character_model("abcd" * 500, hidden_size=1, updates=1, seq_len=20)
    assert (len(model.history.loss), len(model.history.update_loss)) == (1, 4)  # of 62 steps
    assert len(train_character_model("ab", hidden_size=1, updates=1).history.loss) == 1


def test_how_it_is_trained(monkeypatch):
    given = {}
    monkeypatch.setattr("rnn.characters.fit", lambda *arguments, **options: given.update(options))
    train_character_model("abcabd" * 9, updates=3)
    assert (given["epochs"], given["clip"], given["carry_state"], given["progress"]) == (2, 1.0, True, False)


def test_draws_have_the_probabilities_of_the_softmax(rng):
    scores, temperature = np.array([0.5, -1.0, 2.0]), 1.7
    p = np.exp(scores / temperature)
    shares = np.bincount([_draw(scores, temperature, rng) for _ in range(20_000)]) / 20_000
    np.testing.assert_allclose(shares, p / p.sum(), atol=0.015)
    assert _draw(scores, 0, rng) == 2


def test_a_model_comes_back_from_a_file(poems, tmp_path):
    pytest.importorskip("safetensors")
    path = tmp_path / "a.safetensors"
    poems.save(path)
    same = CharacterModel.load(path)
    assert same.vocabulary.symbols == poems.vocabulary.symbols
    again = [model.generate(50, rng=np.random.default_rng(3)) for model in (poems, same)]
    assert again[0] == again[1]
    files.save(Linear(2, 3), path)
    with pytest.raises(ValueError, match=r"expected a model of characters, got one without a vocabulary$"):
        CharacterModel.load(path)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"text": "a"}, "text: expected at least two characters, got 'a'"),
        ({"text": b"abc"}, "text: expected at least two characters, got b'abc'"),
        ({"cell": "elman"}, "cell: expected one of rnn, gru, lstm, got 'elman'"),
        ({"cell": ["gru"]}, "cell: expected one of rnn, gru, lstm, got ['gru']"),
        ({"hidden_size": 0}, "hidden_size: expected a whole number of at least 1, got 0"),
        ({"updates": 0}, "updates: expected a whole number of at least 1, got 0"),
        ({"seq_len": 0}, "seq_len: expected a whole number of at least 1, got 0"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
        ({"learning_rate": -1}, "learning_rate: expected a finite number of at least 0, got -1"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(options, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011, the sentence is looked at below
        train_character_model(**({"text": "abc"} | options))
    assert str(caught.value) == sentence


def test_what_cannot_be_written_is_refused(poems):
    with pytest.raises(ValueError, match=r"^text: expected one of the \d+ known symbols, got 'x' at index 1$"):
        poems.generate(3, start="月x")
    with pytest.raises(ValueError, match=r"^temperature: expected a finite number of at least 0, got -1"):
        poems.generate(3, temperature=-1)
    with pytest.raises(ValueError, match=r"^length: expected a whole number of at least 0, got -1$"):
        poems.generate(-1)
