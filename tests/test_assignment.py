"""The assignment's interface: names and signatures as agreed, and one sentence for whatever does not fit."""

import copy
import inspect
import re
import subprocess
import sys
from typing import ClassVar

import numpy as np
import pytest

import rnn

pytestmark = pytest.mark.filterwarnings("error")

T, B, D, H, O = 5, 2, 3, 4, 2


def test_the_signatures_are_those_of_the_assignment():
    def names(f):
        return [
            (p.name, p.default, p.kind is p.KEYWORD_ONLY)
            for p in inspect.signature(f).parameters.values()
            if p.name != "self"
        ]

    none = inspect.Parameter.empty
    assert names(rnn.SimpleRNN)[:3] == [(f"{n}_size", none, False) for n in ("input", "hidden", "output")]
    assert names(rnn.SimpleRNN)[3:] == [
        ("nonlinearity", "tanh", True),
        ("rng", None, True),
        ("dtype", np.float64, True),
    ]
    assert names(rnn.SimpleRNN.forward) == [("inputs", none, False), ("h0", None, True)]
    assert names(rnn.SimpleRNN.backward)[0] == ("d_outputs", none, False)
    assert names(rnn.SimpleRNN.update_parameters) == [("learning_rate", none, False)]
    assert names(rnn.LSTMCell)[2:] == [
        ("forget_bias", 1.0, True),
        ("rng", None, True),
        ("dtype", np.float64, True),
    ]
    assert [n for n, *_ in names(rnn.LSTMCell.forward)] == ["input_t", "hidden_state", "cell_state"]
    assert [n for n, *_ in names(rnn.LSTMCell.backward)] == ["d_hidden", "d_cell"]
    assert names(rnn.generate_sequence_data)[:3] == [
        ("seq_type", "fibonacci", False),
        ("length", 1000, False),
        ("rng", None, True),
    ]
    assert names(rnn.train_rnn_on_sequence)[:2] == [("seq_type", "sine", False), ("seed", 0, True)]
    assert all(hasattr(rnn, name) for name in rnn.__all__)


def test_importing_the_package_needs_numpy_alone():
    program = (
        "import sys, rnn\n"
        "heavy = {'matplotlib', 'rich', 'typer', 'scipy'} & {m.split('.')[0] for m in sys.modules}\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


# What may not come in where an array of shape (2, 3) belongs: the value, the error, what the message says.
def with_value(shape, value):
    array = np.full(shape, 0.5)
    array[(-1,) * len(shape)] = value
    return array


BAD_NUMBERS = {
    "nan": (
        lambda shape: with_value(shape, np.nan),
        ValueError,
        "expected finite numbers, got nan at index {last}",
    ),
    "inf": (
        lambda shape: with_value(shape, np.inf),
        ValueError,
        "expected finite numbers, got inf at index {last}",
    ),
    "-inf list": (
        lambda shape: with_value(shape, -np.inf).tolist(),
        ValueError,
        "expected finite numbers, got -inf at index {last}",
    ),
    "complex nan": (
        lambda shape: with_value(shape, 0.5) + with_value(shape, np.nan) * 1j,
        ValueError,
        "expected finite numbers, got",
    ),
    "int": (
        lambda shape: np.ones(shape, int),
        TypeError,
        "expected float64, float32 or complex128 numbers, got int64; convert with {name}.astype(float)",
    ),
    "int list": (
        lambda shape: np.ones(shape, int).tolist(),
        TypeError,
        "expected float64, float32 or complex128 numbers, got int64; convert with {name}.astype(float)",
    ),
    "uint8": (
        lambda shape: np.ones(shape, np.uint8),
        TypeError,
        "expected float64, float32 or complex128 numbers, got uint8; convert with {name}.astype(float)",
    ),
    "bool": (
        lambda shape: np.ones(shape, bool),
        TypeError,
        "expected float64, float32 or complex128 numbers, got bool; convert with {name}.astype(float)",
    ),
    "float16": (
        lambda shape: np.ones(shape, np.float16),
        TypeError,
        "expected float64, float32 or complex128 numbers, got float16; convert with {name}.astype(float)",
    ),
    "complex64": (
        lambda shape: np.ones(shape, np.complex64),
        TypeError,
        "expected float64, float32 or complex128 numbers, got complex64",
    ),
    "object": (
        lambda shape: np.ones(shape).astype(object),
        TypeError,
        "expected float64, float32 or complex128 numbers, got object",
    ),
    "strings": (
        lambda shape: np.full(shape, "one"),
        TypeError,
        "expected float64, float32 or complex128 numbers, got <U3",
    ),
    "string": (
        lambda shape: "numbers",
        TypeError,
        "expected float64, float32 or complex128 numbers, got str",
    ),
    "none": (lambda shape: None, TypeError, "expected float64, float32 or complex128 numbers, got NoneType"),
    "number": (lambda shape: 3.0, ValueError, "expected {shape}, got ()"),
    "ragged": (
        lambda shape: [[0.5], [0.5, 1.0]],
        ValueError,
        "expected one array, got rows of different lengths",
    ),
    "less rank": (lambda shape: np.ones(shape[1:]), ValueError, "expected {shape}, got {less}"),
    "more rank": (lambda shape: np.ones((*shape, 1)), ValueError, "expected {shape}, got {more}"),
    "more features": (
        lambda shape: np.ones((*shape[:-1], shape[-1] + 1)),
        ValueError,
        "expected {shape}, got",
    ),
    "empty batch": (lambda shape: np.ones((*shape[:-2], 0, shape[-1])), ValueError, "expected {shape}, got"),
}


class Rnn:
    """The calls of a SimpleRNN that take an array, each with good arguments but one."""

    def __init__(self):
        self.layer = rnn.SimpleRNN(D, H, O, rng=np.random.default_rng(0))
        self.layer.forward(np.ones((T, B, D)))
        self.layer.backward(np.ones((T, B, O)))
        _, self.cache = self.layer.step(np.ones((B, D)), (np.ones((B, H)),))

    ARGUMENTS: ClassVar = {
        "inputs": ((T, B, D), "(seq_len, batch, 3) with seq_len and batch at least 1"),
        "h0": ((B, H), "(2, 4)"),
        "d_outputs": ((T, B, O), "(5, 2, 2)"),
        "d_h": ((B, H), "(2, 4)"),
        "x": ((B, D), "(batch, 3) with batch at least 1"),
        "h": ((B, H), "(2, 4)"),
        "d_h of step_back": ((B, H), "(2, 4)"),
    }

    def call(self, argument, value):
        layer = self.layer
        calls = {
            "inputs": lambda: layer.forward(value),
            "h0": lambda: layer.forward(np.ones((T, B, D)), h0=value),
            "d_outputs": lambda: layer.backward(value),
            "d_h": lambda: layer.backward(np.ones((T, B, O)), d_h=value),
            "x": lambda: layer.step(value, (np.ones((B, H)),)),
            "h": lambda: layer.step(np.ones((B, D)), (value,)),
            "d_h of step_back": lambda: layer.step_back((value,), self.cache),
        }
        return calls[argument]()


class Lstm:
    """The calls of an LSTMCell that take an array, each with good arguments but one."""

    def __init__(self):
        self.layer = rnn.LSTMCell(D, H, rng=np.random.default_rng(0))
        h = np.ones((B, H))
        self.layer.forward(np.ones((B, D)), h, h)
        _, self.cache = self.layer.step(np.ones((B, D)), (h, h))

    ARGUMENTS: ClassVar = {
        "input_t": ((B, D), "(batch, 3) with batch at least 1"),
        "hidden_state": ((B, H), "(2, 4)"),
        "cell_state": ((B, H), "(2, 4)"),
        "d_hidden": ((B, H), "(2, 4)"),
        "d_cell": ((B, H), "(2, 4)"),
        "x": ((B, D), "(batch, 3) with batch at least 1"),
        "h": ((B, H), "(2, 4)"),
        "c": ((B, H), "(2, 4)"),
        "d_h": ((B, H), "(2, 4)"),
        "d_c": ((B, H), "(2, 4)"),
    }

    def call(self, argument, value):
        layer, x, h = self.layer, np.ones((B, D)), np.ones((B, H))
        calls = {
            "input_t": lambda: layer.forward(value, h, h),
            "hidden_state": lambda: layer.forward(x, value, h),
            "cell_state": lambda: layer.forward(x, h, value),
            "d_hidden": lambda: layer.backward(value, h),
            "d_cell": lambda: layer.backward(h, value),
            "x": lambda: layer.step(value, (h, h)),
            "h": lambda: layer.step(x, (value, h)),
            "c": lambda: layer.step(x, (h, value)),
            "d_h": lambda: layer.step_back((value, h), self.cache),
            "d_c": lambda: layer.step_back((h, value), self.cache),
        }
        return calls[argument]()


ARGUMENTS = [(kind, argument) for kind in (Rnn, Lstm) for argument in kind.ARGUMENTS]


def snapshot(layer):
    return copy.deepcopy(dict(vars(layer).items()))


def assert_unchanged(layer, before):
    after = vars(layer)
    assert after.keys() == before.keys()
    np.testing.assert_equal(after, before)


@pytest.mark.parametrize(("kind", "argument"), ARGUMENTS)
@pytest.mark.parametrize("bad", BAD_NUMBERS)
def test_arrays_that_do_not_fit_are_refused_in_a_sentence(kind, argument, bad):
    world = kind()
    shape, written = kind.ARGUMENTS[argument]
    if argument in ("h0", "d_h") and kind is Rnn and bad == "none":
        world.call(argument, None)  # their default
        return
    make, error, sentence = BAD_NUMBERS[bad]
    before = snapshot(world.layer)
    with pytest.raises(error) as caught:
        world.call(argument, make(shape))
    message = str(caught.value)
    name = argument.split()[0]
    last = tuple(size - 1 for size in shape)
    expected = sentence.format(name=name, shape=written, last=last, less=shape[1:], more=(*shape, 1))
    assert "\n" not in message
    assert message.startswith(f"{name}: {expected}")
    assert_unchanged(world.layer, before)


def test_an_empty_sequence_and_states_of_another_batch_are_refused():
    net = rnn.SimpleRNN(D, H, O)
    wanted = r"^inputs: expected \(seq_len, batch, 3\) with seq_len and batch at least 1, got \(0, 2, 3\)$"
    with pytest.raises(ValueError, match=wanted):
        net.forward(np.ones((0, B, D)))
    with pytest.raises(ValueError, match=r"^h0: expected \(2, 4\), got \(3, 4\)$"):
        net.forward(np.ones((T, B, D)), h0=np.ones((3, H)))


def arrays_in(results):
    if isinstance(results, np.ndarray):
        return [results]
    return [array for part in (results.values() if isinstance(results, dict) else results) for array in arrays_in(part)]


@pytest.mark.parametrize(("kind", "argument"), ARGUMENTS)
def test_huge_numbers_give_a_right_result_or_a_sentence(kind, argument):
    world = kind()
    shape, _ = kind.ARGUMENTS[argument]
    before = copy.deepcopy(world.layer.params)
    for value in (np.full(shape, 1e308), np.full(shape, -1e308), with_value(shape, 1e308)):
        try:
            results = world.call(argument, value)
        except FloatingPointError as error:
            message = str(error)
            assert re.fullmatch(r"\S+: expected a finite result, got .*", message)
        else:
            assert all(np.isfinite(array).all() for array in arrays_in(results))
    np.testing.assert_equal(world.layer.params, before)


@pytest.mark.parametrize("caller_settings", ["ignore", "warn", "raise"])
def test_overflow_is_one_error_whatever_the_callers_numpy_settings(caller_settings):
    net = rnn.SimpleRNN(1, 2, 1, nonlinearity="identity")
    net.params["W_xh"] = np.full((1, 2), 1e200)
    net.params["W_hh"] = np.eye(2)
    with np.errstate(all=caller_settings):
        with pytest.raises(FloatingPointError, match=r"^h: expected a finite result, got inf at index \(0, 0\)$"):
            net.forward(np.full((3, 1, 1), 1e200))
        with pytest.raises(FloatingPointError, match=r"^h: expected a finite result, got inf"):
            net.step(np.full((1, 1), 1e200), (np.ones((1, 2)),))
        net.params["W_hy"] = np.full((2, 1), 1e308)
        with pytest.raises(FloatingPointError, match=r"^outputs: expected a finite result, got -?inf at index"):
            net.forward(np.full((3, 1, 1), 1e-190))
        with pytest.raises(RuntimeError):  # a forward that fails leaves nothing to differentiate
            net.backward(np.ones((3, 1, 1)))
        net.params["W_hy"] = np.full((2, 1), 1e100)
        net.forward(np.full((3, 1, 1), 1e-190))
        with pytest.raises(FloatingPointError, match=r"^gradient\['x'\]: expected a finite result, got inf"):
            net.backward(np.full((3, 1, 1), 1e20))
        assert net.grads == {}
        net.params["W_xh"] = np.ones((1, 2))
        net.forward(np.full((3, 1, 1), 1e200))
        with pytest.raises(FloatingPointError, match=r"^(gradient|grads)\['W_xh'\]: expected a finite result"):
            net.backward(np.full((3, 1, 1), 1e20))
        net.forward(np.full((3, 1, 1), 1.0))
        net.backward(np.full((3, 1, 1), 1e20))
        with pytest.raises(FloatingPointError, match=r"^params\['W_xh'\]: expected a finite result, got -inf"):
            net.update_parameters(1e300)
    np.testing.assert_array_equal(net.params["W_xh"], np.ones((1, 2)))


def test_the_gradient_of_the_readout_is_checked_too():
    net = rnn.SimpleRNN(1, 1, 1, nonlinearity="identity")
    net.params.update(W_xh=np.ones((1, 1)), W_hh=np.zeros((1, 1)), W_hy=np.zeros((1, 1)))
    net.forward(np.full((2, 1, 1), 1e200))
    with pytest.raises(FloatingPointError, match=r"^grads\['W_hy'\]: expected a finite result, got inf at index"):
        net.backward(np.full((2, 1, 1), 1e200))


def test_lstm_overflow_is_one_error():
    cell, one, zero = rnn.LSTMCell(1, 1), np.ones((1, 1)), np.zeros((1, 1))
    cell.params["W_xc"], cell.params["W_hc"] = np.full((1, 1), 1e308), np.full((1, 1), -1e308)
    with pytest.raises(FloatingPointError, match=r"^state\['h'\]: expected a finite result, got nan at index"):
        cell.forward(1e10 * one, 1e10 * one, zero)  # infinity minus infinity
    cell.params["W_xi"] = one
    assert cell.forward(1e10 * one, zero, zero)[1] == 1  # infinity alone only saturates the tanh
    for name, gradient in [("W_xc", "x"), ("W_hc", "h")]:
        cell = rnn.LSTMCell(1, 1)
        cell.forward(zero, zero, zero)
        cell.params[name] = np.full((1, 1), 1e300)
        with pytest.raises(FloatingPointError, match=rf"^gradient\['{gradient}'\]: expected a finite result, got inf"):
            cell.backward(zero, 1e300 * one)
    cell = rnn.LSTMCell(1, 1)
    cell.forward(zero, zero, zero)
    with pytest.raises(FloatingPointError, match=r"^gradient\['.'\]: expected a finite result, got"):
        cell.backward(np.full((1, 1), 1.7e308), np.full((1, 1), 1.7e308))


def test_numbers_too_large_for_single_precision_are_refused():
    net = rnn.SimpleRNN(1, 2, 1, dtype=np.float32)
    with pytest.raises(ValueError, match=r"^inputs: expected numbers that fit into float32, got 1e\+300$"):
        net.forward([[[0.5]], [[1e300]]])


@pytest.mark.parametrize("make", [lambda: rnn.SimpleRNN(D, H, O), lambda: rnn.LSTMCell(D, H)])
def test_backward_before_forward_is_refused(make):
    layer = make()
    arguments = [np.ones((T, B, O))] if isinstance(layer, rnn.SimpleRNN) else [np.ones((B, H))] * 2
    with pytest.raises(RuntimeError, match=r"^backward: expected a call of forward first, got none"):
        layer.backward(*arguments)


def test_update_before_backward_is_refused():
    net = rnn.SimpleRNN(D, H, O)
    net.forward(np.ones((T, B, D)))
    with pytest.raises(RuntimeError, match=r"^update_parameters: expected a call of backward first, got none$"):
        net.update_parameters(0.1)


@pytest.mark.parametrize(
    ("learning_rate", "error", "came"),
    [
        (np.nan, ValueError, "finite number of at least 0, got nan"),
        (np.inf, ValueError, "finite number of at least 0, got inf"),
        (-0.1, ValueError, "finite number of at least 0, got -0.1"),
        ("0.1", TypeError, "number of at least 0, got '0.1'"),
        (None, TypeError, "number of at least 0, got None"),
        (True, TypeError, "number of at least 0, got True"),
        (np.True_, TypeError, "number of at least 0, got np.True_"),
        (0.1j, TypeError, "number of at least 0, got 0.1j"),
        (np.array([0.1]), TypeError, "number of at least 0, got an array of shape (1,)"),
    ],
)
def test_learning_rates_that_are_none_are_refused(learning_rate, error, came):
    world = Rnn()
    before = snapshot(world.layer)
    with pytest.raises(error) as caught:
        world.layer.update_parameters(learning_rate)
    assert str(caught.value) == f"learning_rate: expected a {came}"
    assert_unchanged(world.layer, before)


def test_any_kind_of_real_number_is_a_learning_rate():
    for rate in (1, np.float32(0.5), np.float64(0.5), np.int64(1)):
        Rnn().layer.update_parameters(rate)


SIZES = [(0, ValueError, "of at least 1, got 0"), (-1, ValueError, "of at least 1, got -1")]
SIZES += [(2.5, TypeError, ", got 2.5"), (True, TypeError, ", got True"), ("3", TypeError, ", got '3'")]
SIZES += [(None, TypeError, ", got None"), (2.0, TypeError, ", got 2.0")]


@pytest.mark.parametrize(("size", "error", "came"), SIZES)
def test_sizes_that_are_none_are_refused(size, error, came):
    for position, name in enumerate(("input_size", "hidden_size", "output_size")):
        sizes = [D, H, O]
        sizes[position] = size
        with pytest.raises(error) as caught:
            rnn.SimpleRNN(*sizes)
        assert str(caught.value).replace("number,", "number ,") == f"{name}: expected a whole number {came}"
        if position < 2:
            with pytest.raises(error, match=f"^{name}: expected a whole number"):
                rnn.LSTMCell(*sizes[:2])


def test_numpy_integers_are_sizes():
    net = rnn.SimpleRNN(np.int64(2), np.int32(3), np.uint8(1))
    assert net.params["W_xh"].shape == (2, 3)
    assert type(net.hidden_size) is int


@pytest.mark.parametrize("make", [lambda **o: rnn.SimpleRNN(2, 3, 1, **o), lambda **o: rnn.LSTMCell(2, 3, **o)])
@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"dtype": int}, TypeError, "dtype: expected float64 or float32, got <class 'int'>"),
        ({"dtype": complex}, TypeError, "dtype: expected float64 or float32, got <class 'complex'>"),
        ({"dtype": "float16"}, TypeError, "dtype: expected float64 or float32, got 'float16'"),
        ({"dtype": "nonsense"}, TypeError, "dtype: expected float64 or float32, got 'nonsense'"),
        ({"dtype": None}, TypeError, "dtype: expected float64 or float32, got None"),
        (
            {"rng": 0},
            TypeError,
            "rng: expected a numpy.random.Generator, got 0; try np.random.default_rng(0)",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(make, options, error, sentence):
    with pytest.raises(error) as caught:
        make(**options)
    assert str(caught.value) == sentence


def test_other_options_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"^nonlinearity: expected one of tanh, relu, identity, got 'sigmoid'$"):
        rnn.SimpleRNN(2, 3, 1, nonlinearity="sigmoid")
    with pytest.raises(ValueError, match=r"^nonlinearity: expected one of tanh, relu, identity, got \['tanh'\]$"):
        rnn.SimpleRNN(2, 3, 1, nonlinearity=["tanh"])
    with pytest.raises(ValueError, match=r"^forget_bias: expected a finite number, got nan$"):
        rnn.LSTMCell(2, 3, forget_bias=np.nan)
    with pytest.raises(TypeError, match=r"^forget_bias: expected a number, got None$"):
        rnn.LSTMCell(2, 3, forget_bias=None)


@pytest.mark.parametrize("dtype", [np.float32, "float32", np.dtype("float32")])
def test_single_precision_by_any_of_its_names(dtype):
    assert rnn.SimpleRNN(2, 3, 1, dtype=dtype).dtype == rnn.LSTMCell(2, 3, dtype=dtype).dtype == np.float32


@pytest.mark.parametrize(
    ("state", "came"),
    [
        (np.ones((B, H)), "ndarray"),
        ([np.ones((B, H))], "list"),
        ((), "a tuple of 0"),
        ((1, 2, 3), "a tuple of 3"),
    ],
)
def test_a_state_that_is_no_tuple_of_its_parts_is_refused(state, came):
    net, cell = Rnn(), Lstm()
    for call, wanted in [
        (lambda: net.layer.step(np.ones((B, D)), state), "state: expected the tuple (h,), got "),
        (lambda: net.layer.step_back(state, net.cache), "d_state: expected the tuple (d_h,), got "),
        (lambda: cell.layer.step(np.ones((B, D)), state), "state: expected the tuple (h, c), got "),
        (lambda: cell.layer.step_back(state, cell.cache), "d_state: expected the tuple (d_h, d_c), got "),
    ]:
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == wanted + came


def test_a_cache_that_is_none_of_its_own_is_refused():
    net, cell = Rnn(), Lstm()
    d = np.ones((B, H))
    x, h_prev, h = net.cache
    for cache, error, sentence in [
        (None, TypeError, "cache: expected the tuple (x, h_prev, h), got NoneType"),
        ((x, h), TypeError, "cache: expected the tuple (x, h_prev, h), got a tuple of 2"),
        (("x", h_prev, h), TypeError, "cache: expected the array x that step returned, got str"),
        ((x, h_prev[:1], h), ValueError, "cache: expected h_prev of shape (2, 4), got (1, 4)"),
        ((h, h_prev, h), ValueError, "cache: expected x of shape (2, 3), got (2, 4)"),
        ((np.array(1.0), h_prev, h), ValueError, "cache: expected x of shape (0, 3), got ()"),
    ]:
        with pytest.raises(error) as caught:
            net.layer.step_back((d,), cache)
        assert str(caught.value) == sentence
    wanted = "cache: expected the tuple (x, h_prev, c_prev, f, i, c_tilde, o, c), got a tuple of 3"
    with pytest.raises(TypeError) as caught:
        cell.layer.step_back((d, d), net.cache)
    assert str(caught.value) == wanted
    with pytest.raises(ValueError, match=r"^cache: expected c of shape \(2, 4\), got \(2, 3\)$"):
        cell.layer.step_back((d, d), (*cell.cache[:-1], x))


BAD_PARAMS = {
    "shape": (lambda w: w[:-1], ValueError, r"expected \({rows}, 4\), got"),
    "int": (
        lambda w: np.ones(w.shape, int),
        TypeError,
        "expected float64, float32 or complex128 numbers, got int64",
    ),
    "list": (lambda w: w.tolist(), TypeError, "expected a NumPy array, got list"),
    "nan": (lambda w: np.full(w.shape, np.nan), ValueError, "expected finite numbers, got nan at index"),
}


@pytest.mark.parametrize("bad", BAD_PARAMS)
def test_assigned_parameters_that_do_not_fit_are_refused_where_they_are_used(bad):
    make, error, sentence = BAD_PARAMS[bad]
    h = np.ones((B, H))
    for kind, name, rows in [(Rnn, "W_xh", 3), (Lstm, "W_xo", 3)]:
        for method in ("forward", "backward", "step", "step_back", "update"):
            world = kind()
            layer = world.layer
            layer.params[name] = make(layer.params[name])
            calls = {
                "forward": lambda layer=layer, kind=kind: (
                    layer.forward(np.ones((T, B, D))) if kind is Rnn else layer.forward(np.ones((B, D)), h, h)
                ),
                "backward": lambda layer=layer, kind=kind: (
                    layer.backward(np.ones((T, B, O))) if kind is Rnn else layer.backward(h, h)
                ),
                "step": lambda layer=layer, kind=kind: layer.step(np.ones((B, D)), (h,) if kind is Rnn else (h, h)),
                "step_back": lambda world=world, kind=kind: world.layer.step_back(
                    (h,) if kind is Rnn else (h, h), world.cache
                ),
                "update": lambda layer=layer, kind=kind: (
                    layer.update_parameters(0.1) if kind is Rnn else layer.step(np.ones((B, D)), (h, h))
                ),
            }
            pattern = rf"^params\['{name}'\]: " + sentence.replace("{rows}", str(rows))
            if method == "update":
                pattern = pattern.replace(
                    "float64, float32 or complex128", "float64(, float32)? or (float32|complex128)"
                )
            with pytest.raises(error, match=pattern):
                calls[method]()


def test_missing_and_unknown_parameters_are_refused():
    net = Rnn().layer
    net.params["W"] = net.params.pop("W_hh")
    sentence = "^params: expected the keys W_xh, W_hh, b_h, W_hy, b_y, got W_xh, b_h, W_hy, b_y, W$"
    with pytest.raises(ValueError, match=sentence):
        net.forward(np.ones((T, B, D)))


def test_read_only_parameters_compute_but_are_not_updated():
    net = Rnn().layer
    net.params["b_y"] = np.zeros(O)
    net.params["b_y"].flags.writeable = False
    net.forward(np.ones((T, B, D)))
    net.backward(np.ones((T, B, O)))
    before = copy.deepcopy(net.params)
    with pytest.raises(ValueError, match=r"^params\['b_y'\]: expected a writable array, got a read-only one$"):
        net.update_parameters(0.1)
    np.testing.assert_equal(net.params, before)


def test_gradients_that_do_not_fit_are_refused():
    net = Rnn().layer
    net.grads["b_h"] = np.full(H, np.inf)
    before = copy.deepcopy(net.params)
    with pytest.raises(ValueError, match=r"^grads\['b_h'\]: expected finite numbers, got inf at index \(0,\)$"):
        net.update_parameters(0.1)
    np.testing.assert_equal(net.params, before)
