"""What an architecture costs, from its sizes alone: parameters, operations a step, numbers kept for the way back.

The counts are exact under these rules. A product of a row with a matrix (D, H) is D · H multiply-adds. Elementwise
operations are those that the formula writes: each number that an addition, a multiplication or a function of a
single number gives counts 1, a sigmoid or a tanh too. What a step keeps for its backward is its input, the state
it leaves, and what lies between as far as the cells of this package keep it; the input of a layer is counted with
that layer, also where it is the output of another.

How many biases there are is a matter of convention:

* ``"one"`` for each gate, as in this package and in most books; where the GRU's reset gate acts after the product,
  a second one stands inside of its reach and cannot be merged with the first.
* ``"two"`` for each gate, one with ``W_x`` and one with ``W_h``, as in PyTorch and cuDNN.
* ``"keras"``: one, but two for each gate of a GRU whose reset gate acts after the product, its default.
"""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from rnn import validate
from rnn.depth import Bidirectional, Residual, Stacked
from rnn.gru import GRUCell
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.lstm import LSTMCell
from rnn.pointwise import Dropout, LayerNorm
from rnn.simple import ElmanCell, SimpleRNN
from rnn.unrolled import Unrolled
from rnn.variants import LSTMVariant

CONVENTIONS = ("one", "two", "keras")


@dataclass(frozen=True)
class Counts:
    """What a layer costs.

    Attributes
    ----------
    parameters : int
        How many weights and biases it has.
    products : int
        The multiply-adds in products with matrices, for a step of one sequence.
    elementwise : int
        The other operations of such a step.
    stored : int
        The numbers that such a step leaves behind for `backward`.
    """

    parameters: int
    products: int
    elementwise: int
    stored: int


def rnn(input_size: int, hidden_size: int, *, biases: str = "one") -> Counts:
    """Count a simple recurrent layer, ``h = f(x @ W_xh + h_prev @ W_hh + b_h)``.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    biases : {"one", "two", "keras"}
        The convention.

    Returns
    -------
    Counts

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number of at least 1, or `biases` another word.
    """
    # f is the only function; x and h are kept.
    return _recurrent(input_size, hidden_size, biases, gates=1, second=False, more=1, kept=1)


def lstm(input_size: int, hidden_size: int, *, biases: str = "one") -> Counts:
    """Count an LSTM with forget gate; arguments, result and errors as for `rnn`.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    biases : {"one", "two", "keras"}
        The convention.

    Returns
    -------
    Counts
    """
    # Four functions of the gates, c = f * c_prev + i * c_tilde, h = o * tanh(c); kept are f, i, c_tilde, o, c and h.
    return _recurrent(input_size, hidden_size, biases, gates=4, second=False, more=9, kept=6)


def gru(input_size: int, hidden_size: int, *, reset: str = "after", biases: str = "one") -> Counts:
    """Count a GRU; the two roles of its update gate cost the same.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    reset : {"after", "before"}
        Whether the reset gate acts before or after the product.
    biases : {"one", "two", "keras"}
        The convention.

    Returns
    -------
    Counts

    Raises
    ------
    TypeError, ValueError
        As for `rnn`, or if `reset` is another word.
    """
    validate.choice("reset", reset, ("after", "before"))
    # Three functions of the gates, one product with r, z * h_prev + (1 - z) * n; kept are z, r, n, h and what r
    # lets pass or acts upon.
    return _recurrent(input_size, hidden_size, biases, gates=3, second=reset == "after", more=8, kept=5)


# --8<-- [start:recurrent]
def _recurrent(D: int, H: int, biases: str, *, gates: int, second: bool, more: int, kept: int) -> Counts:
    """Count what all have in common.

    `second` says whether a bias stands where the reset gate acts; `more` functions and products a unit there are
    besides the additions, and `kept` numbers a unit besides the input.
    """
    D, H = validate.size("input_size", D), validate.size("hidden_size", H)
    validate.choice("biases", biases, CONVENTIONS)
    two = biases == "two" or (biases == "keras" and second)
    bias = 2 * gates * H if two else gates * H + second * H
    products = gates * (D * H + H * H)
    additions = bias + gates * H  # of the biases, and of the two products
    return Counts(products + bias, products, additions + more * H, D + kept * H)


# --8<-- [end:recurrent]
def lstm_variant(
    input_size: int,
    hidden_size: int,
    *,
    without: Any = (),
    peepholes: bool = False,
    coupled: bool = False,
    biases: str = "one",
) -> Counts:
    """Count an LSTM with parts left out or added; nothing is counted for what is not there.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    without, peepholes, coupled
        As in `rnn.variants.LSTMVariant`.
    biases : {"one", "two", "keras"}
        The convention.

    Returns
    -------
    Counts

    Raises
    ------
    TypeError, ValueError
        As for `rnn` and `LSTMVariant`.
    """
    hidden_size = validate.size("hidden_size", hidden_size)
    gates = len(LSTMVariant(1, 1, without=without, peepholes=peepholes, coupled=coupled).gates)
    # Of the nine functions and products of an LSTM a part that is left out takes one with it, a gate also its
    # sigmoid; a coupled forget gate has 1 - i in its place.
    more = 9 - sum(2 if part.endswith("gate") else 1 for part in without) + 2 * gates * peepholes
    counts = _recurrent(input_size, hidden_size, biases, gates=gates + 1, second=False, more=more, kept=gates + 3)
    return replace(counts, parameters=counts.parameters + peepholes * gates * hidden_size)


def linear(input_size: int, output_size: int) -> Counts:
    """Count ``y = x @ W + b``.

    Parameters
    ----------
    input_size, output_size : int
        The sizes D and O.

    Returns
    -------
    Counts
    """
    D, O = validate.size("input_size", input_size), validate.size("output_size", output_size)
    return Counts(D * O + O, D * O, O, D)


def embedding(vocabulary_size: int, size: int) -> Counts:
    """Count a table of vectors: looking one up is no operation, and what is kept is its number.

    Parameters
    ----------
    vocabulary_size, size : int
        How many vectors, and how long they are.

    Returns
    -------
    Counts
    """
    return Counts(validate.size("vocabulary_size", vocabulary_size) * validate.size("size", size), 0, 0, 1)


def stacked(*parts: Counts) -> Counts:
    """Count layers on top of each other: the sums.

    Parameters
    ----------
    *parts : Counts
        The layers.

    Returns
    -------
    Counts
    """
    if not parts or not all(isinstance(part, Counts) for part in parts):
        raise TypeError(f"parts: expected at least one Counts and nothing else, got {parts!r}")
    return Counts(*(sum(column) for column in zip(*map(astuple, parts), strict=True)))


def bidirectional(part: Counts) -> Counts:
    """Count two equal layers, one for each direction: twice as much of everything; the outputs are twice as wide.

    Parameters
    ----------
    part : Counts
        One of them.

    Returns
    -------
    Counts
    """
    return stacked(part, part)


def layer_norm(size: int) -> Counts:
    """Count ``g * (x - mean) / sqrt(variance + eps) + b``; a mean of n numbers is n operations.

    Parameters
    ----------
    size : int
        The number of features.

    Returns
    -------
    Counts
    """
    size = validate.size("size", size)
    return Counts(2 * size, 0, 7 * size + 2, size + 1)


def dropout(size: int) -> Counts:
    """Count what dropout does in training: a product with a factor that is kept.

    Parameters
    ----------
    size : int
        The number of features.

    Returns
    -------
    Counts
    """
    size = validate.size("size", size)
    return Counts(0, 0, size, size)


def residual(part: Counts, size: int) -> Counts:
    """Count a layer and the addition of its inputs.

    Parameters
    ----------
    part : Counts
        The layer.
    size : int
        The number of features.

    Returns
    -------
    Counts
    """
    part = stacked(part)
    return replace(part, elementwise=part.elementwise + validate.size("size", size))


def of(layer: Any) -> Counts:
    """Count a real layer, cell or model of them, with the biases that it has.

    Parameters
    ----------
    layer : Layer or Cell
        Made of `RNN`, `LSTM`, `GRU`, their cells, `LSTMVariant`, `SimpleRNN`, `Linear`, `Embedding`, `LayerNorm`,
        `Dropout`, and of `Stacked`, `Bidirectional`, `Residual` and `Unrolled` of such.

    Returns
    -------
    Counts
        With independent seeds on a leading axis, those of all together.

    Raises
    ------
    TypeError
        If a part is none of these.
    """
    match layer:
        case Stacked() | Bidirectional():
            return stacked(*map(of, layer.parts))
        case Residual():
            return residual(of(layer.parts[0]), layer.input_size)
        case Unrolled():
            return of(layer.cell)
        case SimpleRNN(input_size=D, hidden_size=H, output_size=O):
            return stacked(rnn(D, H), linear(H, O))
        case ElmanCell(input_size=D, hidden_size=H):
            return rnn(D, H)
        case LSTMVariant(input_size=D, hidden_size=H):
            return lstm_variant(D, H, without=layer.without, peepholes=layer.peepholes, coupled=layer.coupled)
        case LSTMCell(input_size=D, hidden_size=H):
            return lstm(D, H)
        case GRUCell(input_size=D, hidden_size=H):
            return gru(D, H, reset=layer.reset)
        case RNN() | LSTM() | GRU():
            return stacked(*[of(layer.cell)] * (layer.seeds or 1))
        case Linear(input_size=D, output_size=O):
            return stacked(*[linear(D, O)] * (layer.seeds or 1))
        case Embedding(vocabulary_size=V, output_size=O):
            return embedding(V, O)
        case LayerNorm(input_size=D):
            return layer_norm(D)
        case Dropout(input_size=D):
            return dropout(D)
    raise TypeError(f"layer: expected layers or cells whose operations are known, got {type(layer).__name__}")


class Row(NamedTuple):
    """A row of `table`: a hidden size, and the counts under each bias convention."""

    hidden_size: int
    counts: dict[str, Counts]


def table(
    input_size: int,
    hidden_size: int | None = None,
    *,
    parameters: int | None = None,
    depth: int = 1,
    both_directions: bool = False,
) -> dict[str, Row]:
    """Count the common architectures under each bias convention, with equal sizes or equal budgets.

    Parameters
    ----------
    input_size, hidden_size : int
        The sizes D and H.
    parameters : int, optional
        In place of a hidden size: each architecture gets that with which its parameters, with one bias for each
        gate, are nearest to this budget.
    depth : int
        How many such layers lie on top of each other.
    both_directions : bool
        Whether each of them is bidirectional, with H units a direction.

    Returns
    -------
    dict of str to Row
        By architecture.

    Raises
    ------
    TypeError, ValueError
        If a number is not a whole one of at least 1, or not one of `hidden_size` and `parameters` is given.
    """
    if (hidden_size is None) == (parameters is None):
        raise ValueError("hidden_size: expected either it or parameters, got both or none")
    directions, depth = 2 if validate.flag("both_directions", both_directions) else 1, validate.size("depth", depth)

    def model(kind: Kind, H: int, biases: str) -> Counts:
        sizes = [input_size] + [H * directions] * (depth - 1)
        return stacked(*[kind(D, H, biases=biases) for D in sizes for _ in range(directions)])

    rows = {}
    for name, kind in KINDS.items():
        if parameters is None:
            H = validate.size("hidden_size", hidden_size)
        else:
            H = hidden_size_for(parameters, partial(model, kind, biases="one"))
        rows[name] = Row(H, {biases: model(kind, H, biases) for biases in CONVENTIONS})
    return rows


Kind = Callable[..., Counts]
KINDS: dict[str, Kind] = {
    "RNN": rnn,
    "GRU, reset before": partial(gru, reset="before"),
    "GRU, reset after": partial(gru, reset="after"),
    "LSTM": lstm,
}


def hidden_size_for(parameters: int, model: Callable[[int], Counts]) -> int:
    """Return the hidden size with which a model's parameters are nearest to a budget.

    Parameters
    ----------
    parameters : int
        The budget.
    model : callable
        Takes a hidden size to the counts, such as ``lambda H: stacked(lstm(88, H), linear(H, 88))``; a larger
        one has to have more parameters.

    Returns
    -------
    int
        At least 1; of two that are equally near, the smaller one.

    Raises
    ------
    TypeError, ValueError
        If `parameters` is not a whole number of at least 1, or `model` not such a function.
    """
    validate.size("parameters", parameters)
    if not callable(model):
        raise TypeError(f"model: expected a function of the hidden size, got {model!r}")
    high = 1
    while model(high).parameters < parameters:
        if high > parameters:  # what grows with every unit has one less than units at least
            raise ValueError("model: expected parameters that grow with the hidden size, got too few")
        high *= 2
    low = high // 2  # too few parameters, or 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if model(middle).parameters < parameters else (low, middle)
    return min((size for size in (low, high) if size), key=lambda size: abs(model(size).parameters - parameters))
