"""Model files: what goes in comes out, bit for bit, and a file that is not whole gives one sentence."""

import json
import math
import os
import struct
import tracemalloc

import numpy as np
import pytest
import safetensors.numpy

from rnn import files
from rnn.attention import AdditiveAttention, DotAttention
from rnn.deploy import quantise
from rnn.depth import Bidirectional, Dropout, LayerNorm, Residual, Stacked, Unrolled
from rnn.echo import EchoState
from rnn.gru import GRUCell
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.lstm import LSTMCell
from rnn.orthogonal import OrthogonalRNN
from rnn.seq2seq import Seq2Seq
from rnn.simple import ElmanCell, SimpleRNN
from rnn.ssm import DiagonalSSM
from rnn.variants import LSTMVariant

pytestmark = pytest.mark.filterwarnings("error")

F32 = {"dtype": np.float32}
MODELS = {
    "AdditiveAttention": lambda: AdditiveAttention(3, 4, 5),
    "Bidirectional": lambda: Bidirectional(LSTM(3, 4), Unrolled(ElmanCell(3, 5))),
    "DiagonalSSM": lambda: DiagonalSSM(3, 4, 2),
    "DotAttention": lambda: DotAttention(3, scaled=True),
    "Dropout": lambda: Dropout(0.25, 6, variational=True),
    "EchoState": lambda: EchoState(3, 20, 2, leak=0.5),
    "ElmanCell": lambda: ElmanCell(3, 4, nonlinearity="identity"),
    "Embedding": lambda: Embedding(7, 3, **F32),
    "GRU": lambda: GRU(3, 4, reset="before", update="replaces"),
    "GRUCell": lambda: GRUCell(3, 4, update="replaces", **F32),
    "LSTM": lambda: LSTM(3, 4, seeds=2, forget_bias=3.0),
    "LSTMCell": lambda: LSTMCell(3, 4, **F32),
    "LSTMVariant": lambda: LSTMVariant(3, 4, without={"output gate", "input activation"}, peepholes=True),
    "LayerNorm": lambda: LayerNorm(5, eps=1e-3),
    "Linear": lambda: Linear(3, 4, seeds=2),
    "OrthogonalRNN": lambda: OrthogonalRNN(3, 4, held=True, nonlinearity="relu"),
    "Quantised": lambda: quantise(Stacked([GRU(3, 4), Linear(4, 2)])),
    "RNN": lambda: RNN(3, 4, nonlinearity="relu"),
    "Residual": lambda: Residual(RNN(3, 3)),
    "Seq2Seq": lambda: Seq2Seq(GRU(3, 4), LSTMCell(9, 5), 7, attention=AdditiveAttention(5, 4, 3)),
    "SimpleRNN": lambda: SimpleRNN(3, 4, 2, nonlinearity="relu", **F32),
    "Stacked": lambda: Stacked([Embedding(7, 4), Residual(GRU(4, 4)), Dropout(0.5, 4), Linear(4, 2)]),
    "Unrolled": lambda: Unrolled(GRUCell(3, 4), recurrent_dropout=0.5),
}
# The arguments of a constructor that only say with which numbers it begins.
INITIAL = ("rng", "forget_bias", "update_bias", "start", "slowest", "fastest")
INITIAL += ("spectral_radius", "input_scale", "bias_scale", "incoming")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def assert_same(came, model):
    """Compare two models: their weights bit for bit, and all that the plan says."""
    assert type(came) is type(model)
    assert list(came.params) == list(model.params)
    for name, value in model.params.items():
        assert (came.params[name].dtype, came.params[name].shape) == (value.dtype, value.shape)
        assert came.params[name].tobytes() == value.tobytes()
        assert came.params[name].flags.writeable
    assert files._plan(came) == files._plan(model)


def test_there_is_a_model_for_every_class():
    assert MODELS.keys() == files.CLASSES.keys()


@pytest.mark.parametrize("kind", MODELS)
def test_a_model_comes_back_bit_for_bit(kind, path):
    model = MODELS[kind]()
    assert type(model).__name__ == kind
    for value in model.params.values():
        value.flat[0] = -0.0 if value.dtype.kind == "f" else -7
    files.save(model, path)
    assert_same(files.load(path), model)
    files.save(files.load(path), path.with_name("again"))
    assert path.read_bytes() == path.with_name("again").read_bytes()
    assert sorted(os.listdir(path.parent)) == ["again", path.name]


@pytest.mark.parametrize("kind", files.CLASSES)
def test_the_plan_says_all_that_a_constructor_takes(kind):
    model = MODELS[kind]()
    arguments = [name for name in files._arguments(type(model)) if name not in INITIAL]
    assert [name for name in files._plan(model) if name not in ("class", *INITIAL)] == arguments


def test_a_loaded_model_does_what_the_saved_one_did(path, rng):
    model = Stacked([Embedding(7, 4), Bidirectional(LSTM(4, 3), GRU(4, 2)), LayerNorm(5, eps=0.1), Linear(5, 2)])
    files.save(model, path)
    inputs, lengths = rng.integers(0, 7, (6, 3)), np.array([6, 2, 4])
    for came, expected in zip(
        files.load(path).forward(inputs, lengths=lengths)[0], model.forward(inputs, lengths=lengths)[0], strict=True
    ):
        np.testing.assert_array_equal(came, expected)
    small = quantise(model)
    files.save(small, path)
    np.testing.assert_array_equal(files.load(path).forward(inputs)[0], small.forward(inputs)[0])


def test_a_file_that_was_written_long_ago_can_be_read(path):
    header = {
        "model": {"dtype": "float64", "class": "Linear", "output_size": 1, "input_size": 2, "seeds": None},
        "metadata": {"note": "old", "epoch": 3},
        "format": 1,
        # Of the other three as JSON with the keys in order, then of the numbers of W and of b.
        "sha256": "c2337c5ddeb03279396edf8b30598de52ad6cab16d305a94b301efc3293b5940",
    }
    params = {"b": np.array([0.25]), "W": np.array([[1.5], [-2.0]])}
    path.write_bytes(safetensors.numpy.save(params, {"rnn": json.dumps(header)}))
    layer = files.load(path)
    np.testing.assert_array_equal(layer.forward([[[1.0, 1.0]]])[0], [[[-0.25]]])
    assert files.read_metadata(path) == {"note": "old", "epoch": 3}


def test_metadata_comes_back(path):
    given = {"epoch": 3, "note": "循环 'ok'", "history": [1.5, None], "nested": {"a": True}}
    files.save(SimpleRNN(1, 2, 1), path, metadata=given)
    assert files.read_metadata(path) == given
    files.save(SimpleRNN(1, 2, 1), path)
    assert files.read_metadata(path) == {}
    with safetensors.safe_open(path, "numpy") as file:  # a tensor for each weight, under its name
        assert sorted(file.keys()) == sorted(SimpleRNN(1, 2, 1).params)


def test_weights_of_any_layout_are_saved(path, rng):
    net = SimpleRNN(3, 4, 2)
    net.params["W_xh"] = np.asfortranarray(rng.normal(size=(3, 4)))
    net.params["W_hh"] = rng.normal(size=(8, 4))[::2]
    net.params["b_h"].flags.writeable = False
    files.save(net, path)
    for name, value in net.params.items():
        np.testing.assert_array_equal(files.load(path).params[name], value)


def test_a_model_for_two_sequences_keeps_its_decoder_and_precision(path):
    for options in ({}, F32):
        encoder = Bidirectional(GRU(3, 4, **options), GRU(3, 4, **options))
        decoder = Stacked([LSTM(5, 4, **options), RNN(4, 2, **options)])
        model = Seq2Seq(encoder, decoder, 30, **options)
        files.save(model, path)
        assert_same(files.load(path), model)


# What cannot be saved leaves what is there


class Other(SimpleRNN):
    pass


def with_weight(name, value):
    net = SimpleRNN(2, 3, 1)
    net.params[name] = value
    return net


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (Other(1, 2, 1), {}, "model: expected one made of .*, got Other"),
        (None, {}, "model: expected one made of .*, got NoneType"),
        ({"W": np.ones(3)}, {}, "model: expected one made of .*, got dict"),
        (3, {}, "model: expected one made of .*, got int"),
        ([Linear(1, 2)], {}, "model: expected one made of .*, got list"),
        (with_weight("b_h", np.array([1, math.nan, 2])), {}, r"params\['b_h'\]: expected finite"),
        (with_weight("b_h", np.zeros(3, complex)), {}, r"params\['b_h'\]: expected float64 \(3,\), got complex128"),
        (with_weight("b_h", np.zeros(3, np.float32)), {}, r"params\['b_h'\]: expected float64 \(3,\), got float32"),
        (with_weight("W_xh", np.zeros((3, 2))), {}, r"params\['W_xh'\]: expected .* \(2, 3\), got float64 \(3, 2\)"),
        (with_weight("W_hh", np.zeros((2, 2))), {}, "params: expected 22 numbers .*, got 17"),
        (with_weight("extra", np.zeros(3)), {}, "params: expected the keys W_xh, .*extra"),
        (SimpleRNN(1, 2, 1), {"metadata": {"a": np.ones(2)}}, "metadata: expected a mapping of JSON values"),
        (SimpleRNN(1, 2, 1), {"metadata": {"a": math.inf}}, "metadata: expected a mapping of JSON values"),
        (SimpleRNN(1, 2, 1), {"metadata": "text"}, "metadata: expected a mapping of JSON values"),
    ],
)
def test_what_cannot_be_saved_leaves_the_file_that_is_there(model, options, message, path):
    path.write_text("precious")
    with pytest.raises((TypeError, ValueError), match=rf"^{message}[^\n]*$"):
        files.save(model, path, **options)
    assert path.read_text() == "precious"
    assert os.listdir(path.parent) == [path.name]


def test_a_full_disk_leaves_the_file_that_is_there(path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    path.write_text("precious")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"model.safetensors: expected a place .* 'No space left on device'$"):
        files.save(SimpleRNN(1, 2, 1), path)
    assert path.read_text() == "precious"
    assert os.listdir(path.parent) == [path.name]


def test_the_content_is_on_the_disk_before_the_name_changes(path, monkeypatch):
    def spy(number):
        seen.append((os.fstat(number).st_size, path.read_bytes()))

    seen = []
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", spy)
    files.write(path, b"contents")
    assert seen == [(8, b"old")]
    assert path.read_bytes() == b"contents"


def test_places_that_are_no_file(tmp_path):
    net = SimpleRNN(1, 2, 1)
    with pytest.raises(IsADirectoryError, match=r"expected a file, got a directory$"):
        files.save(net, tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no/model: expected a place .* 'No such file or directory'$"):
        files.save(net, tmp_path / "no" / "model")
    for read in (files.load, files.read_metadata):
        with pytest.raises(FileNotFoundError, match=r"missing: expected a model, got no such file$"):
            read(tmp_path / "missing")
        with pytest.raises(OSError, match=r"expected a file, got a directory or device$"):
            read(tmp_path)
        with pytest.raises(OSError, match=r"expected a file, got a directory or device$"):
            read("/dev/zero")


# Bad files


def refused(path, content=None):
    """Return the sentence with which a file is refused."""
    if content is not None:
        path.unlink(missing_ok=True)  # a new file is written much faster than an old one is overwritten
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model.safetensors: [^\n]*expected [^\n]*, got [^\n]*$") as caught:
        files.load(path)
    return str(caught.value)


def refused_cheaply(path, content=None):
    """Do the same, and check that it costs next to no memory."""
    tracemalloc.start()
    sentence = refused(path, content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6
    return sentence


def test_every_truncation_and_every_flipped_byte_is_noticed(path, rng):
    model = SimpleRNN(1, 2, 1, rng=rng, dtype=np.float32)
    files.save(model, path, metadata={"note": "ok"})
    content = path.read_bytes()
    for size in range(len(content)):
        refused(path, content[:size])
    refused(path, content + b"\0")
    harmless = 0
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= int(rng.integers(1, 256))
        path.unlink()
        path.write_bytes(flipped)
        try:
            came = files.load(path)
        except ValueError:
            refused(path)
        else:
            harmless += 1
            assert_same(came, model)
            assert files.read_metadata(path) == {"note": "ok"}
    assert harmless < 10  # blanks in the header


def test_random_bytes_are_refused(path, rng):
    for size in (0, 1, 8, 9, 100, 10_000):
        refused(path, rng.bytes(size))
        refused(path, struct.pack("<Q", max(size - 8, 1)) + rng.bytes(size))


def test_a_huge_header_is_refused_before_it_is_read(path):
    for length in (2**63, 10**9, 2**24, 3):
        assert "expected a header that fits" in refused_cheaply(path, struct.pack("<Q", length) + b"{}")
    with path.open("wb") as file:
        file.write(struct.pack("<Q", 2**26) + b"{")
        file.truncate(2**27)  # a file that has so many bytes
    assert "expected a header that fits" in refused_cheaply(path)


def test_a_header_is_refused_for_its_length_only_where_that_is_wrong(path):
    assert refused(path, b"").endswith("expected a header that fits into the file and 1000000 bytes, got one of 0")
    assert refused(path, b"\1" * 7).endswith("got one of 0")  # no whole number yet
    assert refused(path, struct.pack("<Q", 0) + b"{}").endswith("got one of 0")
    assert refused(path, struct.pack("<Q", 2) + b"{").endswith("got one of 2")
    assert "expected a whole model by rnn.files.save, got " in refused(path, struct.pack("<Q", 1) + b"{")


@pytest.mark.parametrize(
    ("raised", "error", "sentence"),
    [
        (RuntimeError("first\nsecond"), ValueError, "expected a whole model by rnn.files.save, got 'first'"),
        (RuntimeError("only"), ValueError, "expected a whole model by rnn.files.save, got 'only'"),
        (
            PermissionError(13, "Permission denied"),
            PermissionError,
            "expected a file that can be read, got 'Permission denied'",
        ),
        (OSError("torn"), OSError, "expected a file that can be read, got 'torn'"),
    ],
)
def test_whatever_goes_wrong_while_reading_is_a_sentence_that_names_the_file(
    path, monkeypatch, raised, error, sentence
):
    def fails(*_args, **_options):
        raise raised

    files.save(SimpleRNN(1, 2, 1), path)
    monkeypatch.setattr(safetensors, "safe_open", fails)
    for read in (files.load, files.read_metadata):
        with pytest.raises(error) as caught:
            read(path)
        assert str(caught.value) == f"{path}: {sentence}"


def forged(path, tensors=None, checksum=True, **changes):
    """Write a file by hand, with a checksum that is right, and return the sentence that refuses it."""
    model = SimpleRNN(2, 3, 1)
    params = {name: value for name, value in (model.params | (tensors or {})).items() if value is not None}
    header = {"format": 1, "model": files._plan(model), "metadata": {}} | changes
    header = {key: value for key, value in header.items() if value is not None}
    if checksum:
        header["sha256"] = files._digest(header, params)
    return refused_cheaply(path, safetensors.numpy.save(params, {"rnn": json.dumps(header)}))


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ({"W_hh": np.zeros((4, 4))}, "params['W_hh']: expected float64 (3, 3), got float64 (4, 4)"),
        ({"W_hh": np.zeros((3, 3), np.float32)}, "expected float64 (3, 3), got float32 (3, 3)"),
        ({"W_hh": np.zeros((3, 3), np.float16)}, "params['W_hh']: expected numbers in F64, F32, I8, got F16"),
        ({"W_hh": np.zeros((3, 3), np.int64)}, "params['W_hh']: expected numbers in F64, F32, I8, got I64"),
        ({"W_hh": np.zeros((3, 3), np.int8)}, "expected float64 (3, 3), got int8 (3, 3)"),
        ({"W_hh": np.full((3, 3), np.inf)}, "params['W_hh']: expected finite numbers, got NaN or infinity among them"),
        ({"b_h": np.array([0, math.nan, 0])}, "params['b_h']: expected finite"),
        ({"b_h": None}, "params: expected 22 numbers for such a model, got 19"),
        ({"b_h": None, "b_z": np.zeros(3)}, "params: expected the keys W_xh, W_hh, b_h, W_hy, b_y, got"),
        ({"foreign": np.zeros(3)}, "params: expected the keys W_xh, W_hh, b_h, W_hy, b_y, got"),
        ({"W_hh": np.zeros((0, 3))}, "params: expected 22 numbers for such a model, got 13"),
    ],
)
def test_wrong_tensors_are_refused(tensors, message, path):
    assert message in forged(path, tensors)


PLAN = files._plan(SimpleRNN(2, 3, 1))
HUGE = 10**6  # squared, eight terabytes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "expected format 1, got 2"),
        ({"format": "1"}, "expected a model by rnn.files.save, got other tensors"),
        ({"format": None}, "expected a model by rnn.files.save, got other tensors"),
        ({"metadata": None}, "expected format, model, metadata and sha256 in the header, got format, model, sha256"),
        ({"more": 1}, "expected format, model, metadata and sha256 in the header"),
        ({"checksum": False}, "expected format, model, metadata and sha256 in the header"),
        ({"model": []}, "expected format, model, metadata and sha256 in the header"),
        ({"model": {}}, "expected a class among"),
        ({"model": PLAN | {"class": "os.system"}}, "expected a class among"),
        ({"model": PLAN | {"class": ["SimpleRNN"]}}, "expected a class among"),
        ({"model": PLAN | {"hidden_size": HUGE}}, "params: expected 1000004000001 numbers for such a model, got 22"),
        ({"model": {"class": "Stacked", "parts": [PLAN | {"hidden_size": HUGE}]}}, "numbers for such a model, got 22"),
        ({"model": {"class": "Stacked", "parts": [[PLAN | {"hidden_size": HUGE}]]}}, "for such a model, got 22"),
        (
            {"model": PLAN | {"hidden_size": HUGE, "dtype": PLAN | {"hidden_size": 1}}},
            "numbers for such a model, got 22",
        ),
        ({"model": {"class": "Stacked", "parts": [PLAN] * 9}}, "expected 198 numbers for such a model, got 22"),
        ({"model": PLAN | {"hidden_size": -HUGE}}, "hidden_size: expected a whole number of at least 1, got -1000000"),
        ({"model": PLAN | {"hidden_size": 1e6}}, "hidden_size: expected a whole number, got 1000000.0"),
        ({"model": PLAN | {"hidden_size": "3"}}, "hidden_size: expected a whole number, got '3'"),
        ({"model": PLAN | {"hidden_size": True}}, "hidden_size: expected a whole number, got True"),
        ({"model": PLAN | {"hidden_size": 2}}, "params['W_hh']: expected float64 (2, 2), got float64 (3, 3)"),
        ({"model": PLAN | {"dtype": "float16"}}, "dtype: expected float64 or float32, got 'float16'"),
        ({"model": PLAN | {"nonlinearity": "sin"}}, "nonlinearity: expected one of"),
        ({"model": PLAN | {"rng": 3}}, "expected the arguments input_size, hidden_size, output_size"),
        ({"model": PLAN | {"seeds": HUGE}}, "expected the arguments input_size, hidden_size, output_size"),
        ({"model": {"class": "SimpleRNN"}}, "SimpleRNN: expected the arguments input_size, hidden_size, output_size"),
        ({"model": {"class": "Stacked", "parts": 3}}, "parts: expected"),
        ({"model": {"class": "Dropout", "rate": "x", "size": 3}}, "rate: expected"),
    ],
)
def test_hostile_headers_are_refused(changes, message, path):
    assert message in forged(path, **changes)


def test_a_plan_without_all_arguments_is_refused_with_those_it_has(path):
    wanted = "Linear: expected the arguments input_size, output_size, seeds, dtype, got"
    plan = {"class": "Linear"}
    assert forged(path, model=plan).endswith(f"{wanted} none")
    assert forged(path, model=plan | {"output_size": 3, "seeds": None}).endswith(f"{wanted} output_size, seeds")


def test_endless_nesting_is_refused(path):
    plan = '{"class": "Residual", "layer": ' * 5000 + "3" + "}" * 5000
    header = '{"format": 1, "metadata": {}, "sha256": "", "model": ' + plan + "}"
    refused(path, safetensors.numpy.save({"W": np.zeros(3)}, {"rnn": header}))


def test_files_of_others_are_refused(path):
    for metadata in (None, {}, {"format": "pt"}, {"rnn": "no JSON"}, {"rnn": "[]"}, {"rnn": '"text"'}):
        refused(path, safetensors.numpy.save({"W": np.zeros(3)}, metadata))
    np.savez(path.with_suffix(".npz"), W=np.zeros(3))
    refused(path, path.with_suffix(".npz").read_bytes())
