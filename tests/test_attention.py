"""Attention: against loops over scalars, complex steps, and against itself in other arrangements."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnn.attention import AdditiveAttention, AttentionDecoder, DotAttention, softmax
from rnn.gradcheck import complex_step
from rnn.simple import ElmanCell

pytestmark = pytest.mark.filterwarnings("error")

T_OUT, T_IN, B, H, K, C, A = 4, 5, 3, 6, 7, 2, 8
LENGTHS = [5, 1, 3]
KINDS = ["dot", "scaled", "additive"]


def random_case(kind, rng, *, t_out=T_OUT, t_in=T_IN, b=B, h=H, k=K, c=C, a=A):
    if kind == "additive":
        attention = AdditiveAttention(h, k, a, rng=rng)
        for name, value in attention.params.items():
            attention.params[name] = rng.normal(size=value.shape)
    else:
        attention, k = DotAttention(h, scaled=kind == "scaled"), h
    queries = rng.normal(size=(b, h) if t_out is None else (t_out, b, h))
    return attention, queries, rng.normal(size=(t_in, b, k)), rng.normal(size=(t_in, b, c))


@pytest.fixture(params=KINDS)
def case(request, rng):
    return random_case(request.param, rng)


def errors_of_backward(attention, queries, keys, values, lengths, rng):
    contexts, _ = attention.forward(queries, keys, values, lengths=lengths)
    d_contexts = rng.normal(size=contexts.shape)
    came = dict(zip(("queries", "keys", "values"), attention.backward(d_contexts), strict=True)) | attention.grads
    leaves = {"queries": queries, "keys": keys, "values": values} | attention.params

    def loss(leaves):
        other = copy.copy(attention)
        other.params = {name: leaves[name] for name in attention.params}
        return (
            d_contexts * other.forward(leaves["queries"], leaves["keys"], leaves["values"], lengths=lengths)[0]
        ).sum()

    errors = {}
    for name, value in leaves.items():
        expected = complex_step(lambda changed, name=name: loss({**leaves, name: changed}), value)
        assert came[name].shape == expected.shape
        errors[name] = np.abs(came[name] - expected).max() / max(np.abs(expected).max(), 1e-3)
    return errors


def test_forward_agrees_with_scalar_loops(case):
    attention, queries, keys, values = case
    contexts, weights = attention.forward(queries, keys, values, lengths=LENGTHS)
    assert contexts.shape == (T_OUT, B, C)
    assert weights.shape == (T_OUT, B, T_IN)
    p = attention.params
    for t in range(T_OUT):
        for b in range(B):
            q, scores = queries[t, b], []
            for k in keys[: LENGTHS[b], b]:
                if p:
                    a = [
                        sum(q[i] * p["W_q"][i, j] for i in range(H)) + sum(k[i] * p["W_k"][i, j] for i in range(K))
                        for j in range(A)
                    ]
                    scores.append(sum(p["v"][j] * math.tanh(a[j]) for j in range(A)))
                else:
                    scores.append(sum(q[i] * k[i] for i in range(H)) / (math.sqrt(H) if attention.scaled else 1))
            total = sum(map(math.exp, scores))
            expected = [math.exp(score) / total for score in scores]
            np.testing.assert_allclose(weights[t, b, : LENGTHS[b]], expected, rtol=1e-12)
            assert not weights[t, b, LENGTHS[b] :].any()
            for j in range(C):
                came = sum(w * values[s, b, j] for s, w in enumerate(expected))
                assert contexts[t, b, j] == pytest.approx(came, rel=1e-12)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-14)


@pytest.mark.parametrize("lengths", [None, LENGTHS])
def test_backward_agrees_with_complex_steps(case, lengths, rng):
    assert max(errors_of_backward(*case, lengths, rng).values()) < 1e-12


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(KINDS), st.one_of(st.none(), st.integers(1, 3)), *[st.integers(1, 4)] * 6, st.integers(0, 10**6))
def test_backward_agrees_with_complex_steps_for_all_sizes(kind, t_out, t_in, b, h, k, c, a, seed):
    rng = np.random.default_rng(seed)
    case = random_case(kind, rng, t_out=t_out, t_in=t_in, b=b, h=h, k=k, c=c, a=a)
    lengths = rng.integers(1, t_in, size=b, endpoint=True)
    assert max(errors_of_backward(*case, lengths, rng).values()) < 1e-11


def test_one_query_is_a_sequence_of_one(case, rng):
    attention, queries, keys, values = case
    contexts, weights = attention.forward(queries[:1], keys, values)
    d = rng.normal(size=contexts.shape)
    whole = [contexts, weights, *attention.backward(d)]
    grads = attention.grads
    contexts, weights = attention.forward(queries[0], keys, values)
    d_queries, d_keys, d_values = attention.backward(d[0])
    for came, expected in zip((contexts[None], weights[None], d_queries[None], d_keys, d_values), whole, strict=True):
        np.testing.assert_array_equal(came, expected)
    for name, grad in grads.items():
        np.testing.assert_array_equal(attention.grads[name], grad)


def test_queries_know_nothing_of_each_other_and_neither_do_sequences(case, rng):
    attention, queries, keys, values = case
    contexts, weights = attention.forward(queries, keys, values, lengths=LENGTHS)
    d = rng.normal(size=contexts.shape)
    attention.backward(d)
    grads = attention.grads
    total = dict.fromkeys(grads, 0)
    for t in range(T_OUT):
        for b, length in enumerate(LENGTHS):
            row = slice(b, b + 1)
            one, its_weights = attention.forward(queries[t, row], keys[:length, row], values[:length, row])
            np.testing.assert_allclose(one[0], contexts[t, b], rtol=1e-12)
            np.testing.assert_allclose(its_weights[0], weights[t, b, :length], rtol=1e-12)
            attention.backward(d[t, row])
            total = {name: total[name] + attention.grads[name] for name in grads}
    for name, grad in grads.items():
        np.testing.assert_allclose(total[name], grad, rtol=1e-10, atol=1e-13)


def test_padding_changes_nothing(case, rng):
    attention, queries, keys, values = case
    expected = [*attention.forward(queries, keys, values, lengths=LENGTHS)]
    d = rng.normal(size=expected[0].shape)
    expected += attention.backward(d)
    grads = attention.grads
    for b, length in enumerate(LENGTHS):
        keys[length:, b] = 1e308
        values[length:, b] = -1e308
    came = [*attention.forward(queries, keys, values, lengths=LENGTHS), *attention.backward(d)]
    for one, other in zip(came, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    for name, grad in grads.items():
        np.testing.assert_array_equal(attention.grads[name], grad)
    for d_sequence in came[3:]:
        assert not any(d_sequence[length:, b].any() for b, length in enumerate(LENGTHS))


def test_memory_has_the_batch_first_and_is_zero_beyond_the_end(case):
    attention, _, keys, values = case
    memory = attention.remember(keys, values, np.array(LENGTHS))
    for b, length in enumerate(LENGTHS):
        assert memory.inside[b].tolist() == [[s < length for s in range(T_IN)]]
        np.testing.assert_array_equal(memory.keys[b, :length], keys[:length, b])
        np.testing.assert_array_equal(memory.values[b, :length], values[:length, b])
        for part in (memory.keys, memory.projected, memory.values):
            assert not part[b, length:].any()


def test_order_of_the_memory_does_not_matter(case, rng):
    attention, queries, keys, values = case
    order = rng.permutation(T_IN)
    contexts, weights = attention.forward(queries, keys, values)
    other, other_weights = attention.forward(queries, keys[order], values[order])
    np.testing.assert_allclose(other, contexts, rtol=1e-12)
    np.testing.assert_allclose(other_weights, weights[..., order], rtol=1e-12)


def test_large_scores_pick_one_step():
    attention = DotAttention(2)
    keys = np.array([[[1e3, 0.0]], [[0.0, 1e3]], [[-1e3, 0.0]]])
    contexts, weights = attention.forward(np.array([[0.0, 1e3]]), keys, keys)
    np.testing.assert_array_equal(weights, [[0, 1, 0]])
    np.testing.assert_array_equal(contexts, [[0, 1e3]])
    assert not attention.backward(np.ones((1, 2)))[0].any()


def test_softmax_goes_over_what_is_inside():
    inside = np.array([[True, True, False], [False, True, False]])
    e = math.e
    came = softmax(np.array([[0.0, 1.0, 900.0], [5.0, -900.0, 7.0]]), inside)
    np.testing.assert_allclose(came, [[1 / (1 + e), e / (1 + e), 0], [0, 1, 0]], rtol=1e-14)


def test_results_are_never_overwritten_and_arguments_never_changed(case, rng):
    attention, queries, keys, values = case
    given = [array.copy() for array in (queries, keys, values)]
    contexts, weights = attention.forward(queries, keys, values)
    d = rng.normal(size=contexts.shape)
    results = [contexts, weights, *attention.backward(d), *attention.grads.values()]
    copies = [result.copy() for result in results]
    attention.forward(-queries, -keys, values)
    attention.backward(2 * d)
    for result, copied in zip(results, copies, strict=True):
        np.testing.assert_array_equal(result, copied)
    for came, copied in zip((queries, keys, values), given, strict=True):
        np.testing.assert_array_equal(came, copied)
    _, weights = attention.forward(queries, keys, values)
    queries[...] = keys[...] = values[...] = weights[...] = 9.0  # what the caller does next does not reach backward
    np.testing.assert_array_equal(attention.backward(d)[0], copies[2])


def test_parameters_are_read_at_each_call(rng):
    attention, queries, keys, values = random_case("additive", rng)
    before, _ = attention.forward(queries, keys, values)
    attention.params["v"][...] = 0
    contexts, weights = attention.forward(queries, keys, values)
    np.testing.assert_allclose(weights, 1 / T_IN)
    np.testing.assert_allclose(contexts, np.broadcast_to(values.mean(axis=0), before.shape))
    same = [AdditiveAttention(3, 4, 5, rng=np.random.default_rng(0)).params for _ in range(2)]
    assert {name: value.shape for name, value in same[0].items()} == {"W_q": (3, 5), "W_k": (4, 5), "v": (5,)}
    for name, value in same[0].items():
        np.testing.assert_array_equal(value, same[1][name])
        assert (value != AdditiveAttention(3, 4, 5).params[name]).all()


def test_initial_weights_reach_the_bounds_of_their_sizes(rng):
    many = [AdditiveAttention(2, 5, 1, rng=rng).params for _ in range(300)]
    for name, inputs in {"W_q": 2, "W_k": 5, "v": 1}.items():  # each with one output
        largest = max(np.abs(params[name]).max() for params in many)
        assert 0.97 < largest / math.sqrt(6 / (inputs + 1)) <= 1


def test_a_decoder_cannot_overflow_where_a_sequence_is_over(rng):
    attention = DotAttention(2)
    decoder = AttentionDecoder(ElmanCell(3, 2, nonlinearity="relu", rng=rng), attention)
    for name, value in {"cell.W_xh": 1.0, "cell.W_hh": 1e308, "cell.b_h": 0.0}.items():
        decoder.params[name][...] = value
    inputs, keys = np.ones((3, 2, 1)), np.ones((4, 2, 2))
    inputs[:, 1], keys[:, 1] = -1, -1  # the second sequence has states of zeros, and goes on
    memory = attention.remember(keys, keys, None)
    outputs = decoder.forward(inputs, decoder.zero_state(2), memory, np.array([1, 3]))
    np.testing.assert_array_equal(outputs[0, 0], [3, 3, 1, 1])  # h = 1 + 1 + 1, and the context
    np.testing.assert_array_equal(outputs[:, 1], [[0, 0, -1, -1]] * 3)
    with pytest.raises(FloatingPointError, match="expected a finite result"):
        decoder.forward(inputs, decoder.zero_state(2), memory, np.array([2, 3]))


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_stays_single_and_complex_stays_complex(kind, rng):
    _, queries, keys, values = random_case(kind, rng)
    kwargs = {"dtype": np.float32}
    attention = (
        AdditiveAttention(H, K, A, rng=rng, **kwargs)
        if kind == "additive"
        else DotAttention(H, scaled=kind == "scaled", **kwargs)
    )
    contexts, weights = attention.forward(queries, keys, values, lengths=LENGTHS)
    arrays = [contexts, weights, *attention.backward(contexts), *attention.params.values(), *attention.grads.values()]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
    assert attention.forward(queries + 0j, keys, values, lengths=LENGTHS)[0].dtype == np.complex128


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"queries": np.ones((T_OUT, B, H + 1))}, r"queries: expected \(seq_len, 3, 6\) with seq_len at least 1, got"),
        ({"queries": np.ones((T_OUT, B + 1, H))}, r"queries: expected \(seq_len, 3, 6\)"),
        ({"queries": np.ones((B, H + 1))}, r"queries: expected \(3, 6\), got \(3, 7\)"),
        ({"queries": np.ones(H)}, r"queries: expected \(seq_len, 3, 6\)"),
        ({"queries": np.ones((0, B, H))}, "queries: expected at least one number, got the shape"),
        ({"queries": None}, "queries: expected float64, float32 or complex128 numbers, got NoneType"),
        ({"queries": "abc"}, "queries: expected float64, float32 or complex128 numbers, got str"),
        ({"queries": [[1.0], [1.0, 2.0]]}, "queries: expected one array, got rows of different lengths"),
        ({"keys": np.ones((0, B, H))}, r"keys: expected \(keys_len, batch, 6\) with keys_len and batch at least 1"),
        ({"keys": np.ones((T_IN, 0, H))}, r"keys: expected \(keys_len, batch, 6\)"),
        ({"keys": np.ones((T_IN, B, H), int)}, "keys: expected float64, float32 or complex128 numbers, got int64"),
        ({"keys": np.ones((T_IN, B, H), np.float16)}, "keys: expected .* got float16"),
        ({"keys": np.full((T_IN, B, H), np.nan)}, r"keys: expected finite numbers, got nan at index \(0, 0, 0\)"),
        ({"values": np.full((T_IN, B, C), -np.inf)}, r"values: expected finite numbers, got -inf at index \(0, 0, 0\)"),
        ({"values": np.ones((T_IN + 1, B, C))}, r"values: expected \(5, 3, value_size\) with value_size at least 1"),
        ({"values": np.ones((T_IN, B, 0))}, r"values: expected \(5, 3, value_size\)"),
        ({"lengths": [5, 0, 3]}, r"lengths: expected numbers from 1 to 5, got 0 at index \(1,\)"),
        ({"lengths": [5, 6, 3]}, "lengths: expected numbers from 1 to 5, got 6"),
        ({"lengths": [5, 3]}, r"lengths: expected \(3,\), got \(2,\)"),
        ({"lengths": [1.0, 2.0, 3.0]}, "lengths: expected whole numbers, got float64"),
    ],
)
def test_arguments_that_do_not_fit_are_one_sentence(change, said, rng):
    attention, queries, keys, values = random_case("dot", rng)
    attention.forward(queries, keys, values)
    expected = attention.backward(np.ones((T_OUT, B, C)))
    with pytest.raises((TypeError, ValueError), match=said):
        attention.forward(**{"queries": queries, "keys": keys, "values": values} | change)
    for came, before in zip(attention.backward(np.ones((T_OUT, B, C))), expected, strict=True):
        np.testing.assert_array_equal(came, before)


def test_backward_refuses_what_does_not_fit(case):
    attention, queries, keys, values = case
    with pytest.raises(RuntimeError, match="backward: expected a call of forward first, got none"):
        attention.backward(np.ones((T_OUT, B, C)))
    attention.forward(queries, keys, values)
    with pytest.raises(ValueError, match=r"d_contexts: expected \(4, 3, 2\), got \(3, 2\)"):
        attention.backward(np.ones((B, C)))
    with pytest.raises(ValueError, match="d_contexts: expected finite numbers"):
        attention.backward(np.full((T_OUT, B, C), np.nan))
    assert attention.grads == {}


def test_overflow_is_an_error_and_changes_nothing(case):
    attention, queries, keys, values = case
    attention.forward(queries, keys, values)
    expected = attention.backward(np.ones((T_OUT, B, C)))
    if isinstance(attention, DotAttention):
        with pytest.raises(FloatingPointError, match="scores: expected a finite result"):
            attention.forward(queries * 1e200, keys * 1e200, values)
    with pytest.raises(FloatingPointError, match="gradient"):
        attention.backward(np.full((T_OUT, B, C), 1e308))
    for came, before in zip(attention.backward(np.ones((T_OUT, B, C))), expected, strict=True):
        np.testing.assert_array_equal(came, before)


def test_a_mean_of_the_largest_numbers_may_round_to_infinity():
    def means():
        for n in range(1, 60):  # for some of them n times 1/n is more than 1
            DotAttention(1).forward(np.zeros((1, 1)), np.zeros((n, 1, 1)), np.full((n, 1, 1), np.finfo(float).max))

    with pytest.raises(FloatingPointError, match="contexts: expected a finite result, got inf"):
        means()


def test_parameters_that_do_not_fit_are_one_sentence(rng):
    attention, queries, keys, values = random_case("additive", rng)
    attention.forward(queries, keys, values)
    for bad, said in ((np.ones(A + 1), r"params\['v'\]: expected \(8,\)"), (np.full(A, np.nan), "finite numbers")):
        attention.params["v"] = bad
        with pytest.raises(ValueError, match=said):
            attention.forward(queries, keys, values)
        with pytest.raises(ValueError, match=said):
            attention.backward(np.ones((T_OUT, B, C)))
    del attention.params["v"]
    with pytest.raises(ValueError, match="params: expected the keys W_q, W_k, v, got W_q, W_k"):
        attention.forward(queries, keys, values)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: DotAttention(0), "size: expected a whole number of at least 1, got 0"),
        (lambda: DotAttention(2.0), "size: expected a whole number, got 2.0"),
        (lambda: DotAttention(2, scaled=None), "scaled: expected True or False, got None"),
        (lambda: DotAttention(2, dtype=int), "dtype: expected float64 or float32"),
        (lambda: AdditiveAttention(0, 1, 1), "query_size: expected"),
        (lambda: AdditiveAttention(1, True, 1), "key_size: expected"),
        (lambda: AdditiveAttention(1, 1, -1), "size: expected"),
        (lambda: AdditiveAttention(1, 1, 1, rng=0), "rng: expected"),
    ],
)
def test_constructors_refuse_what_does_not_fit(build, said):
    with pytest.raises((TypeError, ValueError), match=said):
        build()


def test_read_only_and_strided_arrays_are_fine(case):
    attention, queries, keys, values = case
    expected, _ = attention.forward(queries, keys, values, lengths=LENGTHS)
    strided = [np.repeat(array, 2, axis=2)[..., ::2] for array in (queries, keys, values)]
    for array in strided:
        array.flags.writeable = False
    for value in attention.params.values():
        value.flags.writeable = False
    np.testing.assert_array_equal(attention.forward(*strided, lengths=LENGTHS)[0], expected)
    attention.backward(expected)
