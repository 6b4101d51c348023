"""Seq2Seq: against complex steps, all ways of writing enumerated, and against itself in other arrangements."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn.attention import AdditiveAttention, AttentionDecoder, DotAttention
from rnn.depth import Bidirectional, Dropout, Stacked, Unrolled
from rnn.gradcheck import COMPLEX_STEP
from rnn.gru import GRUCell
from rnn.layer import Layer, leaves, set_training
from rnn.layers import GRU, LSTM
from rnn.linear import Embedding, Linear
from rnn.losses import softmax_cross_entropy
from rnn.lstm import LSTMCell
from rnn.optim import Adam, cosine
from rnn.seq2seq import Seq2Seq, TeacherForcing
from rnn.simple import ElmanCell
from rnn.training import fit

pytestmark = pytest.mark.filterwarnings("error")

V_IN, V, E, H, A = 6, 5, 4, 3, 2
T_IN, T_OUT, B = 5, 4, 3
SOURCE_LENGTHS, TARGET_LENGTHS = [5, 2, 3], [1, 4, 3]
CELLS = {"elman": ElmanCell, "gru": GRUCell, "lstm": LSTMCell}
START, END = 0, 1


def cell_of(kind, sizes, rng):
    if kind == "stack":
        return Stacked([LSTMCell(*sizes, rng=rng), GRUCell(sizes[1], sizes[1], rng=rng)])
    return CELLS[kind](*sizes, rng=rng)


def random_model(rng, *, encoder="gru", both=False, decoder="gru", attention="additive", v=V, e=E, h=H):
    """Build a model in which nothing is 0: an embedding and one or two directions, the decoder, attention."""
    there, back = (Unrolled(cell_of(encoder, (e + 1, h), rng)) for _ in range(2))
    read = Stacked([Embedding(V_IN, e + 1, rng=rng), Bidirectional(there, back) if both else there])
    C = read.output_size
    looks = {
        "none": lambda: None,
        "dot": lambda: DotAttention(C),
        "additive": lambda: AdditiveAttention(h + 1, C, A, rng=rng),
    }
    look = looks[attention]()
    hidden = C if attention == "dot" else h + 1
    write = cell_of(decoder, (e + (0 if look is None else C), hidden), rng)
    return randomised(Seq2Seq(read, write, v, attention=look, rng=rng), rng)


def randomised(model, rng):
    for name, value in model.params.items():
        model.params[name] = value + rng.normal(size=value.shape) / 2
    return model


def random_case(rng, *, t_in=T_IN, t_out=T_OUT, b=B, **options):
    model = random_model(rng, **options)
    return model, rng.integers(V_IN, size=(t_in, b)), rng.integers(model.vocabulary_size, size=(t_out, b))


LENGTHS = {"source_lengths": SOURCE_LENGTHS, "target_lengths": TARGET_LENGTHS}


@pytest.fixture(params=["none", "dot", "additive"])
def case(request, rng):
    return random_case(rng, attention=request.param, both=True)


def worst_error(model, source, target_in, lengths, rng):
    """Compare, for each parameter, the slope in a random direction with a complex step."""
    scores = model.forward(source, target_in, **lengths)
    d = rng.normal(size=scores.shape)
    grads = model.backward(d)
    assert list(grads) == list(model.params)
    errors = []
    for name, value in model.params.items():
        direction = rng.normal(size=value.shape)
        model.params[name] = value + 1j * COMPLEX_STEP * direction
        slope = (d * model.forward(source, target_in, **lengths)).sum().imag / COMPLEX_STEP
        model.params[name] = value
        size = np.linalg.norm(grads[name]) * np.linalg.norm(direction)
        errors.append(abs((grads[name] * direction).sum() - slope) / max(size, 1e-3))
    return max(errors)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("attention", ["none", "dot", "additive"])
@pytest.mark.parametrize("decoder", ["elman", "gru", "lstm", "stack"])
def test_gradients_agree_with_complex_steps(decoder, attention, both, rng):
    case = random_case(rng, decoder=decoder, attention=attention, both=both, encoder="lstm" if both else "elman")
    assert worst_error(*case, LENGTHS, rng) < 1e-12


@settings(max_examples=12, deadline=None)
@given(
    st.sampled_from(["elman", "gru", "lstm"]),
    st.sampled_from(["none", "dot", "additive"]),
    st.booleans(),
    *[st.integers(1, 3)] * 5,
    st.integers(0, 10**6),
)
def test_gradients_agree_with_complex_steps_for_all_sizes(decoder, attention, both, t_in, t_out, b, e, h, seed):
    rng = np.random.default_rng(seed)
    case = random_case(rng, decoder=decoder, attention=attention, both=both, t_in=t_in, t_out=t_out, b=b, e=e, h=h, v=2)
    lengths = {
        "source_lengths": rng.integers(1, t_in, size=b, endpoint=True),
        "target_lengths": rng.integers(1, t_out, size=b, endpoint=True),
    }
    assert worst_error(*case, lengths if seed % 2 else {}, rng) < 1e-11


def test_gradient_for_a_source_of_numbers(rng):
    attention = AdditiveAttention(H, H, A, rng=rng)
    model = randomised(
        Seq2Seq(Unrolled(GRUCell(2, H, rng=rng)), GRUCell(E + H, H, rng=rng), V, attention=attention), rng
    )
    source, target_in = rng.normal(size=(T_IN, B, 2)), rng.integers(V, size=(T_OUT, B))
    d = rng.normal(size=(T_OUT, B, V))
    model.forward(source, target_in, **LENGTHS)
    model.backward(d)
    came, direction = model.d_source, rng.normal(size=source.shape)
    slope = (d * model.forward(source + 1j * COMPLEX_STEP * direction, target_in, **LENGTHS)).sum().imag / COMPLEX_STEP
    assert (came * direction).sum() == pytest.approx(slope, rel=1e-12)
    for b, length in enumerate(SOURCE_LENGTHS):
        assert not came[length:, b].any()


def test_scores_are_those_of_the_formulas_written_out(rng):
    model, source, target_in = random_case(rng, b=1, both=True)
    p, sigmoid = model.params, lambda a: 1 / (1 + np.exp(-a))

    def gru(name, x, h):
        q = {key.removeprefix(name): value for key, value in p.items() if key.startswith(name)}
        z, r = (sigmoid(x @ q[f"W_x{g}"] + h @ q[f"W_h{g}"] + q[f"b_{g}"]) for g in "zr")
        n = np.tanh(x @ q["W_xn"] + q["b_n"] + r * (h @ q["W_hn"] + q["b_hn"]))
        return z * h + (1 - z) * n

    embedded = p["encoder.0.E"][source[:, 0]]
    there, back = [np.zeros(H)], [np.zeros(H)]
    for t in range(T_IN):
        there.append(gru("encoder.1.forward.", embedded[t], there[-1]))
        back.append(gru("encoder.1.backward.", embedded[-1 - t], back[-1]))
    keys = [np.concatenate([there[t + 1], back[T_IN - t]]) for t in range(T_IN)]
    h = np.tanh(np.concatenate([there[-1], back[-1]]) @ p["bridge.W"] + p["bridge.b"])
    scores = model.forward(source, target_in)
    for t in range(T_OUT):
        e = [
            np.tanh(h @ p["decoder.attention.W_q"] + k @ p["decoder.attention.W_k"]) @ p["decoder.attention.v"]
            for k in keys
        ]
        weights = np.exp(e) / np.exp(e).sum()
        context = sum(w * k for w, k in zip(weights, keys, strict=True))
        h = gru("decoder.cell.", np.concatenate([p["embedding.E"][target_in[t, 0]], context]), h)
        y = np.concatenate([h, context]) @ p["read_out.W"] + p["read_out.b"]
        np.testing.assert_allclose(scores[t, 0], y, rtol=1e-11, atol=1e-13)


def test_a_batch_equals_its_rows(case, rng):
    model, source, target_in = case
    scores = model.forward(source, target_in, **LENGTHS)
    d = rng.normal(size=scores.shape)
    grads = model.backward(d)
    total = dict.fromkeys(grads, 0)
    for b, (t_in, t_out) in enumerate(zip(SOURCE_LENGTHS, TARGET_LENGTHS, strict=True)):
        row = model.forward(source[:t_in, b : b + 1], target_in[:t_out, b : b + 1])
        np.testing.assert_allclose(row[:, 0], scores[:t_out, b], rtol=1e-11, atol=1e-13)
        assert not scores[t_out:, b].any()
        total = {name: total[name] + grad for name, grad in model.backward(d[:t_out, b : b + 1]).items()}
    for name, grad in grads.items():
        np.testing.assert_allclose(total[name], grad, rtol=1e-10, atol=1e-12)


def test_padding_changes_nothing(case, rng):
    model, source, target_in = case
    scores = model.forward(source, target_in, **LENGTHS)
    d = rng.normal(size=scores.shape)
    grads = model.backward(d)
    for b, (t_in, t_out) in enumerate(zip(SOURCE_LENGTHS, TARGET_LENGTHS, strict=True)):
        source[t_in:, b] = (source[t_in:, b] + 1) % V_IN
        target_in[t_out:, b] = (target_in[t_out:, b] + 1) % V
        d[t_out:, b] = 1e300
    source = np.concatenate([source, source])
    np.testing.assert_allclose(model.forward(source, target_in, **LENGTHS), scores, rtol=1e-12)
    for name, grad in model.backward(d).items():
        np.testing.assert_allclose(grad, grads[name], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("attention", [None, DotAttention(2)])
def test_what_grows_beyond_the_end_is_no_overflow(attention, rng):
    decoder = ElmanCell(3 if attention else 1, 2, nonlinearity="relu", rng=rng)
    model = Seq2Seq(Unrolled(ElmanCell(1, 2, rng=rng)), decoder, 2, attention=attention, rng=rng)
    name = "decoder.cell." if attention else "decoder."
    model.params["encoder.b_h"] = np.array([3.0, 3.0])  # a first state near 1
    model.params[name + "W_hh"] = 1e160 * np.eye(2)
    model.params[name + "W_xh"][...] = 10
    model.params["embedding.E"] = np.array([[1.0], [1e308]])
    source, target_in = np.ones((2, 2, 1)), np.zeros((9, 2), int)
    with pytest.raises(FloatingPointError):
        model.forward(source, target_in)
    target_in[1:] = 1
    scores = model.forward(source, target_in, target_lengths=[1, 1])
    assert not scores[1:].any()
    model.backward(np.ones_like(scores) * 1e-300)


def test_attention_that_overflows_is_named(rng):
    model, source, target_in = random_case(rng)
    model.params["decoder.attention.v"][...] = 1.7e308
    for run in (
        lambda: model.forward(source, target_in),
        lambda: model.greedy(source, **WRITE),
        lambda: model.beam(source, **WRITE, width=2),
    ):
        with pytest.raises(FloatingPointError, match="scores: expected a finite result"):
            run()


def overflowing(steps, **params):
    """Say what overflows first in a model whose parameters are 0 but for a few, for a source of some steps."""
    model = Seq2Seq(Unrolled(ElmanCell(1, 3)), ElmanCell(7, 3), 2, attention=DotAttention(3))
    for name, value in model.params.items():
        value[...] = params.get(name.replace(".", "_"), 0)
    model.forward(np.ones((steps, 1, 1)), np.zeros((2, 1), int))
    with pytest.raises(FloatingPointError, match="expected a finite result") as raised:
        # Each score has a gradient at one step alone, so that those of the read-out's bias stay finite.
        model.backward([[[1.5e308, 0.0]], [[0.0, 1.5e308]]])
    assert model.grads == {}
    return str(raised.value).split(":")[0]


def test_gradients_that_overflow_are_named():
    only_h, only_context = np.repeat([[1.0], [0.0]], 3, axis=0), np.repeat([[0.0], [1.0]], 3, axis=0)
    assert overflowing(2, read_out_W=only_context, encoder_b_h=3.0) == "gradient['h']"
    assert overflowing(1, read_out_W=only_context, encoder_b_h=0.1) == "gradient['keys']"
    assert overflowing(1, read_out_W=only_h).startswith("grads['cell.")


def test_equal_symbols_are_taken_in_order():
    model = Seq2Seq(Unrolled(ElmanCell(1, 2)), ElmanCell(2, 2), 50)
    for value in model.params.values():
        value[...] = 0
    source, write = np.ones((2, 1, 1)), {"start": 0, "end": 49, "max_length": 2}
    ((best, second, third),) = model.beam(source, **write, width=3)
    assert [h.symbols.tolist() for h in (best, second, third)] == [[0, 0], [0, 1], [0, 2]]
    assert model.greedy(source, **write)[0].symbols.tolist() == [0, 0]


def test_state_is_handed_over_where_it_fits(rng):
    def bridge_of(encoder, decoder):
        return Seq2Seq(encoder, decoder, V, rng=rng).bridge

    pairs = [
        (Unrolled(LSTMCell(2, H)), LSTMCell(E, H)),
        (Stacked([Embedding(V_IN, 2), LSTMCell(2, H)]), LSTMCell(E, H)),
        (Stacked([GRUCell(2, H), LSTMCell(H, A)]), Stacked([GRUCell(2, H), LSTMCell(H, A)])),
    ]
    assert [bridge_of(*pair) for pair in pairs] == [None] * 3
    pairs = [
        (Unrolled(LSTMCell(2, H)), LSTMCell(E, H + 1)),
        (Unrolled(LSTMCell(2, H)), GRUCell(E, H)),
        (Bidirectional(GRUCell(2, H), GRUCell(2, H)), LSTMCell(E, H)),  # its two states are no (h, c)
    ]
    sizes = [(2 * H, 2 * H + 2), (2 * H, H), (2 * H, 2 * H)]
    assert [bridge_of(*pair).params["W"].shape for pair in pairs] == sizes


@pytest.mark.parametrize("attend", [False, True])
def test_fast_layers_and_loops_over_their_cells_are_one_model(attend, rng):
    embedding, there, back = Embedding(V_IN, E, rng=rng), GRU(E, H, rng=rng), LSTM(E, H, rng=rng)
    attention = AdditiveAttention(H, 2 * H, A, rng=rng) if attend else None
    decoder = LSTM(E + 2 * H * attend, H, rng=rng)
    fast = Seq2Seq(Stacked([embedding, Bidirectional(there, back)]), decoder, V, attention=attention, rng=rng)
    loops = Bidirectional(Unrolled(there.cell), Unrolled(back.cell))
    slow = Seq2Seq(Stacked([embedding, loops]), decoder.cell, V, attention=attention)
    for name, value in randomised(fast, rng).params.items():
        slow.params[name] = value
    source, target_in = rng.integers(V_IN, size=(T_IN, B)), rng.integers(V, size=(T_OUT, B))
    assert worst_error(fast, source, target_in, LENGTHS, rng) < 1e-12
    scores, grads = [], []
    for model in (fast, slow):
        scores.append(model.forward(source, target_in, **LENGTHS))
        grads.append(model.backward(np.ones_like(scores[0])))
    np.testing.assert_allclose(*scores, rtol=1e-11, atol=1e-13)
    for name, grad in grads[0].items():
        np.testing.assert_allclose(grads[1][name], grad, rtol=1e-10, atol=1e-12)
    beams = [model.beam(source, **WRITE, width=3, source_lengths=SOURCE_LENGTHS) for model in (fast, slow)]
    for one, other in zip(*map(itertools.chain.from_iterable, beams), strict=True):
        np.testing.assert_array_equal(one.symbols, other.symbols)
        assert one.log_probability == pytest.approx(other.log_probability, rel=1e-11)


def log_probability(model, source, length, symbols):
    """Score symbols with teacher forcing."""
    target_in = np.array([START, *symbols[:-1]])[:, None]
    scores = model.forward(source[:length, None], target_in)[:, 0]
    scores = scores - scores.max(axis=-1, keepdims=True)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    return log_p[np.arange(len(symbols)), symbols].sum()


WRITE = {"start": START, "end": END, "max_length": 5}


@pytest.mark.parametrize("bias", [-1000, 1, 1000])
def test_greedy_takes_the_best_symbol_at_each_step(case, bias):
    model, source, _ = case
    model.params["read_out.b"][END] += bias
    came = model.greedy(source, **WRITE, source_lengths=SOURCE_LENGTHS)
    for b, (hypothesis, length) in enumerate(zip(came, SOURCE_LENGTHS, strict=True)):
        symbols = []
        while len(symbols) < 5 and END not in symbols:
            target_in = np.array([START, *symbols])[:, None]
            symbols.append(int(model.forward(source[:length, b : b + 1], target_in)[-1, 0].argmax()))
        assert hypothesis.symbols.tolist() == symbols
        assert bias == 1 or len(symbols) == (5 if bias < 0 else 1)
        expected = log_probability(model, source[:, b], length, symbols)
        assert hypothesis.log_probability == pytest.approx(expected, rel=1e-12, abs=1e-14)
        if model.attention is None:
            assert hypothesis.weights is None
        else:
            assert hypothesis.weights.shape == (len(symbols), length)
            np.testing.assert_allclose(hypothesis.weights.sum(axis=1), 1, rtol=1e-12)


def test_a_beam_of_one_is_greedy(case):
    model, source, _ = case
    model.params["read_out.b"][END] += 1
    for options in ({}, {"length_penalty": 0.7}):
        beams = model.beam(source, **WRITE, **options, width=1, source_lengths=SOURCE_LENGTHS)
        for (one,), greedy in zip(beams, model.greedy(source, **WRITE, source_lengths=SOURCE_LENGTHS), strict=True):
            np.testing.assert_array_equal(one.symbols, greedy.symbols)
            assert one.log_probability == pytest.approx(greedy.log_probability, rel=1e-12)
            if model.attention is not None:
                np.testing.assert_allclose(one.weights, greedy.weights, rtol=1e-12)


def test_sources_are_written_for_independently():
    rng = np.random.default_rng(20245)  # some end early, and would go on otherwise
    model, source, _ = random_case(rng, b=12, both=True)
    lengths = rng.integers(1, T_IN, size=12, endpoint=True)
    model.params["embedding.E"][END] = 3 * rng.normal(size=E)
    model.params["read_out.b"][END] += 0.5
    came = model.greedy(source, **WRITE, source_lengths=lengths)
    assert len({len(hypothesis.symbols) for hypothesis in came}) > 1
    beams = model.beam(source, **WRITE, width=2, source_lengths=lengths)
    for b, length in enumerate(lengths):
        row = source[:length, b : b + 1]
        for many, alone in zip(
            [came[b], *beams[b]], [*model.greedy(row, **WRITE), *model.beam(row, **WRITE, width=2)[0]], strict=True
        ):
            np.testing.assert_array_equal(many.symbols, alone.symbols)
            assert many.log_probability == pytest.approx(alone.log_probability, rel=1e-11)


def test_writing_stops_when_all_has_been_written(case):
    model, source, _ = case
    model.params["read_out.b"][END] += 1000
    write = WRITE | {"max_length": 10**12}
    assert [h.symbols.tolist() for h in model.greedy(source, **write)] == [[END]] * B
    assert {len(h.symbols) for beam in model.beam(source, **write, width=2) for h in beam} == {1, 2}


def test_certainty_is_no_warning(rng):
    model, source, _ = random_case(rng)
    model.params["read_out.b"][...] = -1.7e308
    model.params["read_out.b"][2] = 1.7e308
    for hypothesis in (*model.greedy(source, **WRITE), *itertools.chain(*model.beam(source, **WRITE, width=2))):
        assert hypothesis.symbols.tolist() == [2] * 5
        assert hypothesis.log_probability == 0


@pytest.mark.parametrize("alpha", [0.0, 0.8])
@pytest.mark.parametrize("attention", ["none", "additive"])
@pytest.mark.parametrize("decoder", ["lstm", "stack"])
def test_a_beam_wide_enough_is_an_enumeration(decoder, attention, alpha, rng):
    v, longest, options = 3, 3, {"decoder": decoder, "attention": attention}
    model, source, _ = random_case(rng, v=v, both=True, **options)
    write = {"start": START, "end": END, "max_length": longest}
    beams = model.beam(source, **write, width=v**longest, length_penalty=alpha, source_lengths=SOURCE_LENGTHS)
    open_ = [list(s) for s in itertools.product([s for s in range(v) if s != END], repeat=longest)]
    closed = [[*s, END] for n in range(longest) for s in itertools.product([0, 2], repeat=n)]
    assert len(open_) + len(closed) == 8 + 7
    for b, length in enumerate(SOURCE_LENGTHS):
        every = {tuple(s): log_probability(model, source[:, b], length, s) for s in open_ + closed}
        ranked = sorted(every, key=lambda s: -every[s] / ((5 + len(s)) / 6) ** alpha)
        assert [tuple(hypothesis.symbols.tolist()) for hypothesis in beams[b]] == ranked
        for hypothesis in beams[b]:
            expected = every[tuple(hypothesis.symbols.tolist())]
            assert hypothesis.log_probability == pytest.approx(expected, rel=1e-11)
        assert sum(np.exp(list(every.values()))) == pytest.approx(1, rel=1e-12)
        narrow = model.beam(source, **write, width=3, length_penalty=alpha, source_lengths=SOURCE_LENGTHS)[b]
        assert len(narrow) == 3
        ranks = [-h.log_probability / ((5 + len(h.symbols)) / 6) ** alpha for h in narrow]
        assert ranks == sorted(ranks)


def test_a_beam_finds_what_greedy_misses(rng):
    """The first symbol 2 is likelier than 3, but what may follow 3 is certain."""
    model = Seq2Seq(Unrolled(ElmanCell(1, 4)), ElmanCell(4, 4), 4, rng=rng)
    for value in model.params.values():
        value[...] = 0
    model.params["embedding.E"][...] = 20 * np.eye(4)
    model.params["decoder.W_xh"][...] = np.eye(4)
    # After start 2 or 3; after 2 anything; after 3 the end.
    model.params["read_out.W"][...] = [[-30, -30, 1.0, 0.8], [0, 0, 0, 0], [0, 0, 0, 0], [-30, 30, -30, -30]]
    source, write = np.zeros((1, 1, 1)), {"start": 0, "end": 1, "max_length": 2}
    (greedy,) = model.greedy(source, **write)
    ((best, *_),) = model.beam(source, **write, width=2)
    assert greedy.symbols[0] == 2
    assert best.symbols.tolist() == [3, 1]
    assert best.log_probability > greedy.log_probability


def test_weights_of_a_beam_are_those_of_its_symbols(rng):
    model, source, _ = random_case(rng, both=True)
    for b, (beam, length) in enumerate(
        zip(model.beam(source, **WRITE, width=4, source_lengths=SOURCE_LENGTHS), SOURCE_LENGTHS, strict=True)
    ):
        for hypothesis in beam:
            state, memory, _ = model._read_to_write(source[:length, b : b + 1], None)
            stream = model._stream(state, memory)
            for symbol, weights in zip([START, *hypothesis.symbols[:-1]], hypothesis.weights, strict=True):
                stream.step(model.embedding.params["E"][[symbol]])
                np.testing.assert_allclose(weights, stream.weights[0], rtol=1e-11)


def test_dropout_in_a_decoder_is_off_while_it_writes_and_can_be_switched_off(rng):
    decoder = Stacked([GRUCell(E, H, rng=rng), Dropout(0.5, H, rng=rng), GRUCell(H, H, rng=rng)])
    model = Seq2Seq(Unrolled(GRUCell(2, H, rng=rng)), decoder, V, rng=rng)
    source, target_in = rng.normal(size=(T_IN, B, 2)), rng.integers(V, size=(T_OUT, B))
    assert (model.forward(source, target_in) != model.forward(source, target_in)).any()
    set_training(model, False)
    scores = model.forward(source, target_in)
    np.testing.assert_array_equal(scores, model.forward(source, target_in))
    written = []
    for training in (False, True):
        set_training(model, training)
        written.append([h.log_probability for h in model.greedy(source, **WRITE)])
    assert written[0] == written[1]


def test_results_are_never_overwritten_and_arguments_never_changed(case, rng):
    model, source, target_in = case
    copies = source.copy(), target_in.copy()
    scores = model.forward(source, target_in)
    d = rng.normal(size=scores.shape)
    results = [scores, *model.backward(d).values()]
    before = [result.copy() for result in results]
    model.forward(source[::-1], target_in[::-1])
    model.backward(-d)
    model.beam(source, **WRITE, width=2)
    for result, copied in zip([*results, source, target_in], [*before, *copies], strict=True):
        np.testing.assert_array_equal(result, copied)
    model.forward(source, target_in)
    source[...] = target_in[...] = 0  # what the caller does next does not reach backward
    for name, grad in model.backward(d).items():
        np.testing.assert_array_equal(grad, dict(zip(model.grads, before[1:], strict=True))[name])


def test_single_precision_stays_single(rng):
    f32 = {"rng": rng, "dtype": np.float32}
    attention = AdditiveAttention(H, H, A, **f32)
    read = Stacked([Embedding(V_IN, 2, **f32), LSTMCell(2, H, **f32)])
    model = Seq2Seq(read, GRUCell(E + H, H, **f32), V, attention=attention, **f32)
    scores = model.forward(rng.integers(V_IN, size=(T_IN, B)), rng.integers(V, size=(T_OUT, B)), **LENGTHS)
    arrays = [scores, *model.backward(scores).values(), *model.params.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_params_are_named_by_their_parts(rng):
    model = random_model(rng, both=True)
    names = {name.rsplit(".", 1)[0] for name in model.params}
    directions = {"encoder.1.forward", "encoder.1.backward"}
    decoder = {"decoder.cell", "decoder.attention"}
    assert names == {"encoder.0", "bridge", "embedding", "read_out"} | directions | decoder
    assert len(list(leaves(model))) == 8
    assert isinstance(model.decoder, AttentionDecoder)
    assert {name.split(".")[0] for name in random_model(rng, attention="none").params if name[0] == "d"} == {"decoder"}
    assert model.grads == {}


def test_teacher_forcing_is_a_layer(case, rng):
    model, source, target_in = case
    layer = TeacherForcing(model)
    assert isinstance(layer, Layer)
    assert (layer.output_size, layer.zero_state(B)) == (V, ())
    scores, state = layer.forward((source, SOURCE_LENGTHS, target_in), lengths=TARGET_LENGTHS)
    assert state == ()
    np.testing.assert_array_equal(scores, model.forward(source, target_in, **LENGTHS))
    assert layer.backward(scores) == (None, ())
    assert list(layer.grads) == list(layer.params) == list(model.params)
    with pytest.raises(TypeError, match=r"inputs: expected the tuple \(source, source_lengths, target_in\)"):
        layer.forward(source)


def reversals(rng, n):
    """Return strings of 3 to 5 out of 4 letters, and what reverses them, as `rnn.training.fit` wants them."""
    lengths = rng.integers(3, 5, size=n, endpoint=True)
    source = rng.integers(2, 6, size=(5, n))
    target = np.full((6, n), END)
    for b, length in enumerate(lengths):
        target[:length, b] = source[:length, b][::-1]
    target_in = np.concatenate([np.full((1, n), START), target[:-1]])
    return (source, lengths, target_in), target, lengths + 1


def test_it_learns_to_reverse_strings():
    rng, updates = np.random.default_rng(0), 250
    read = Stacked([Embedding(6, 8, rng=rng), GRU(8, 24, rng=rng)])
    model = Seq2Seq(read, GRU(8 + 24, 24, rng=rng), 6, attention=AdditiveAttention(24, 24, 24, rng=rng), rng=rng)
    fit(
        TeacherForcing(model),
        lambda rng: (reversals(rng, 32) for _ in range(updates)),
        softmax_cross_entropy,
        Adam(0.02),
        schedule=cosine(updates),
        epochs=1,
        clip=1.0,
        rng=rng,
    )
    (source, lengths, _), target, ends = reversals(rng, 200)
    came = model.greedy(source, source_lengths=lengths, start=START, end=END, max_length=6)
    right = [h.symbols.tolist() == target[:end, b].tolist() for b, (h, end) in enumerate(zip(came, ends, strict=True))]
    assert np.mean(right) > 0.95
    # It looks most at the letter that it is about to write; evenly would be a quarter.
    looks = [h.weights[k, n - 1 - k] for h, n in zip(came, lengths, strict=True) for k in range(min(n, len(h.symbols)))]
    assert np.mean(looks) > 0.4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": np.zeros((T_IN, B))}, "inputs: expected whole numbers, got float64"),
        ({"source": np.full((T_IN, B), V_IN)}, "inputs: expected numbers from 0 to 5, got 6"),
        ({"source": np.zeros((0, B), int)}, r"inputs: expected \(seq_len, batch\)"),
        ({"source": None}, "inputs: expected whole numbers, got NoneType"),
        ({"target_in": np.full((T_OUT, B), V)}, r"target_in: expected numbers from 0 to 4, got 5 at index \(0, 0\)"),
        ({"target_in": np.full((T_OUT, B), -1)}, "target_in: expected numbers from 0 to 4, got -1"),
        ({"target_in": np.zeros((T_OUT, B))}, "target_in: expected whole numbers, got float64"),
        ({"target_in": np.zeros((T_OUT, B + 1), int)}, "target_in: expected 3 sequences as in source, got 4"),
        ({"target_in": np.zeros((0, B), int)}, r"target_in: expected \(seq_len, batch\)"),
        ({"target_in": np.zeros(T_OUT, int)}, r"target_in: expected \(seq_len, batch\)"),
        ({"target_in": "abc"}, "target_in: expected whole numbers, got str"),
        ({"target_in": [[1], [1, 2]]}, "target_in: expected one array, got rows of different lengths"),
        ({"source_lengths": [0, 1, 2]}, "lengths: expected numbers from 1 to 5, got 0"),
        ({"source_lengths": [1, 2]}, r"lengths: expected \(3,\), got \(2,\)"),
        ({"target_lengths": [1, 2, 5]}, "lengths: expected numbers from 1 to 4, got 5"),
    ],
)
def test_arguments_that_do_not_fit_are_one_sentence(change, said, rng):
    model, source, target_in = random_case(rng)
    with pytest.raises((TypeError, ValueError), match=said):
        model.forward(**{"source": source, "target_in": target_in} | change)
    assert model.grads == {}


def test_another_number_of_targets_than_sources_is_named(rng):
    model = random_model(rng)  # whose encoder has 3 outputs, neither number
    with pytest.raises(ValueError, match="target_in: expected 2 sequences as in source, got 4"):
        model.forward(np.zeros((T_IN, 2), int), np.zeros((T_OUT, 4), int))


def test_a_complex_gradient_goes_back_by_its_parts(case, rng):
    model, source, target_in = case
    re, im = rng.normal(size=(2, *model.forward(source, target_in, **LENGTHS).shape))
    both, real, imaginary = (dict(model.backward(d_scores)) for d_scores in (re + 1j * im, re, im))
    for name, grad in both.items():
        np.testing.assert_allclose(grad, real[name] + 1j * imaginary[name], rtol=1e-9, atol=1e-12)


def test_backward_needs_a_forward_and_fitting_gradients(case):
    model, source, target_in = case
    for spoil in (lambda: None, lambda: model.greedy(source, **WRITE), lambda: model.beam(source, **WRITE, width=2)):
        spoil()
        with pytest.raises(RuntimeError, match="backward: expected a call of forward first, got none"):
            model.backward(np.ones((T_OUT, B, V)))
        model.forward(source, target_in)
    with pytest.raises(ValueError, match=r"d_scores: expected \(4, 3, 5\), got \(4, 3, 4\)"):
        model.backward(np.ones((T_OUT, B, V - 1)))
    with pytest.raises(ValueError, match="d_scores: expected finite numbers, got nan"):
        model.backward(np.full((T_OUT, B, V), np.nan))
    with pytest.raises(FloatingPointError):
        model.backward(np.full((T_OUT, B, V), 1e308))
    assert model.grads == {}
    model.backward(np.ones((T_OUT, B, V)))
    for name in {"embedding.E", "read_out.b", "decoder.attention.v"} & set(model.params):
        value, model.params[name] = model.params[name], np.ones(99)
        with pytest.raises(ValueError, match="params"):
            model.backward(np.ones((T_OUT, B, V)))
        with pytest.raises(ValueError, match="params"):
            model.greedy(source, **WRITE)
        model.params[name] = value
        model.forward(source, target_in)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": V}, r"start: expected numbers from 0 to 4, got 5"),
        ({"end": -1}, "end: expected numbers from 0 to 4, got -1"),
        ({"end": None}, "end: expected whole numbers, got NoneType"),
        ({"start": 1.0}, "start: expected whole numbers, got float"),
        ({"max_length": 0}, "max_length: expected a whole number of at least 1, got 0"),
        ({"width": 0}, "width: expected a whole number of at least 1, got 0"),
        ({"length_penalty": -1}, "length_penalty: expected"),
        ({"length_penalty": np.nan}, "length_penalty: expected"),
        ({"source_lengths": [9, 9, 9]}, "lengths: expected numbers from 1 to 5, got 9"),
    ],
)
def test_writing_refuses_what_does_not_fit(change, said, rng):
    model, source, _ = random_case(rng)
    with pytest.raises((TypeError, ValueError), match=said):
        model.beam(source, **WRITE | {"width": 2} | change)
    if not change.keys() & {"width", "length_penalty"}:
        with pytest.raises((TypeError, ValueError), match=said):
            model.greedy(source, **WRITE | change)


def build(encoder=None, decoder=None, size=V, **options):
    encoder = Unrolled(GRUCell(2, H)) if encoder is None else encoder
    return Seq2Seq(encoder, GRUCell(E + H, H) if decoder is None else decoder, size, **options)


SHARED = Unrolled(GRUCell(2, H))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: build(encoder=5), "encoder: expected a layer, got int"),
        (lambda: build(encoder=GRUCell(2, H)), "encoder: expected a layer, got GRUCell"),
        (lambda: build(encoder=Linear(2, H)), "encoder: expected a layer that carries a state, got a Linear"),
        (lambda: build(decoder=Linear(2, H)), "decoder: expected a layer that carries a state, got a Linear"),
        (lambda: build(decoder="gru"), "decoder: expected a layer or a cell, got str"),
        (lambda: build(decoder=Bidirectional(GRUCell(2, H), GRUCell(2, H))), "stream: expected .* got a Bidirectional"),
        (lambda: build(encoder=SHARED, decoder=SHARED), "decoder: expected layers of its own"),
        (lambda: build(size=0), "vocabulary_size: expected"),
        (lambda: build(size=2.0), "vocabulary_size: expected"),
        (lambda: build(rng=0), "rng: expected"),
        (lambda: build(dtype=int), "dtype: expected"),
        (lambda: build(attention="dot"), "attention: expected a DotAttention or AdditiveAttention, got str"),
        (lambda: build(attention=DotAttention(H + 1)), "attention: expected query_size 3, got 4"),
        (lambda: build(attention=AdditiveAttention(H, H + 1, A)), "attention: expected key_size 3, got 4"),
        (
            lambda: build(decoder=GRUCell(H, H), attention=DotAttention(H)),
            "decoder: expected input_size above 3, the size of a context, got 3",
        ),
        (
            lambda: build(decoder=Linear(2, H), attention=DotAttention(H)),
            "decoder: expected a cell or a layer that has one, got Linear",
        ),
    ],
)
def test_constructor_refuses_what_does_not_fit(make, said):
    with pytest.raises((TypeError, ValueError), match=said):
        make()
