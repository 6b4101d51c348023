"""Training: the loop against one written out, resuming bit for bit, stopping, checkpoints, truncated gradients."""

import json
import os
import sys
import time

import numpy as np
import pytest
import safetensors.numpy

from rnn import layer, optim
from rnn.depth import Dropout, Residual, Stacked, Unrolled
from rnn.layers import GRU, LSTM, RNN
from rnn.linear import Embedding, Linear
from rnn.losses import LastStep, length_mask, mse, softmax_cross_entropy
from rnn.simple import ElmanCell
from rnn.training import DivergenceError, History, fit, truncated_backward

pytestmark = pytest.mark.filterwarnings("error")


def model_of(seed=0, *, dropout=0.0):
    rng = np.random.default_rng(seed)
    between = [Dropout(dropout, 4, rng=rng)] if dropout else []
    return Stacked([RNN(2, 4, rng=rng), *between, Linear(4, 3, rng=rng)])


def regression(rng):
    """Yield three batches with noise of their own, the first of them padded."""
    for lengths in ([5, 2, 4], None, None):
        inputs = rng.normal(size=(5, 3, 2))
        yield inputs, np.repeat(np.cumsum(inputs, axis=0)[..., :1], 3, axis=-1) / 3, lengths


def series(seed=5):
    """Return batches that are the same in every epoch."""
    return lambda rng: regression(np.random.default_rng(seed))


def same(a, b):
    assert a.keys() == b.keys()
    return all(np.array_equal(value, b[name]) for name, value in a.items())


def copied(params):
    return {name: value.copy() for name, value in params.items()}


def test_fit_is_the_loop_written_out():
    model, other, started = model_of(), model_of(), time.perf_counter()
    history = fit(
        model, regression, mse, optim.Adam(0.05), epochs=2, clip=0.3, schedule=optim.cosine(6),
        rng=np.random.default_rng(1), validation=series(),
    )  # fmt: skip
    assert sum(history.seconds) < time.perf_counter() - started
    optimizer, rng, n, expected = optim.Adam(0.05), np.random.default_rng(1), 0, History()
    for _ in range(2):
        losses, weights = [], []
        for inputs, targets, lengths in regression(rng):
            outputs, _ = other.forward(inputs, lengths=lengths)
            loss, d_outputs = mse(outputs, targets, None if lengths is None else length_mask(lengths, 5))
            other.backward(d_outputs)
            grads, norm = optim.clip_by_norm(other.grads, 0.3)
            optimizer.learning_rate = 0.05 * optim.cosine(6)(n)
            optimizer.update(other.params, grads)
            losses.append(loss)
            weights.append(15 if lengths is None else sum(lengths))
            expected.norm.append(norm)
            expected.learning_rate.append(optimizer.learning_rate)
            n += 1
        expected.update_loss += losses
        expected.loss.append(np.average(losses, weights=weights))
        judged = [
            mse(other.forward(x, lengths=ends)[0], y, None if ends is None else length_mask(ends, 5))[0]
            for x, y, ends in series()(None)
        ]
        expected.validation.append(np.average(judged, weights=weights))
    assert same(model.params, other.params)
    assert history == expected
    assert len(history.seconds) == 2
    assert min(history.seconds) > 0


def test_a_model_learns_and_the_learning_rate_is_as_before():
    model, optimizer = model_of(), optim.Adam(0.02)
    history = fit(model, series(), mse, optimizer, epochs=60, schedule=optim.cosine(200))
    assert history.loss[-1] < history.loss[0] / 5
    assert optimizer.learning_rate == 0.02
    assert history.best_epoch == 1 + int(np.argmin(history.loss))
    assert History().best_epoch == 0


CASES = {
    "plain": {},
    "noise": {"weight_noise": 0.05, "clip": 0.5, "schedule": lambda: optim.cosine(30)},
    "plateau": {"schedule": lambda: optim.Plateau(1), "validation": series(8), "patience": 20},
    "momentum": {"optimizer": lambda: optim.SGD(0.05, momentum=0.9), "carry_state": True},
}


def run(case, path, epochs, *, resume=False, seed=3, kind=np.random.PCG64):
    options = dict(CASES[case])
    optimizer = options.pop("optimizer", lambda: optim.Adam(0.1))()
    schedule = options.pop("schedule", lambda: None)()
    rng = np.random.Generator(kind(seed))
    dropping = np.random.default_rng(9)  # one generator in two places
    inner = Unrolled(ElmanCell(4, 4, rng=rng), recurrent_dropout=0.2, rng=rng)
    around = Residual(Stacked([inner, Dropout(0.1, 4, rng=dropping)]))
    model = Stacked([RNN(2, 4, rng=rng), Dropout(0.3, 4, rng=dropping), around, Linear(4, 3, rng=rng)])
    history = fit(
        model, regression, mse, optimizer, epochs=epochs, schedule=schedule, rng=rng, checkpoint=path, resume=resume,
        **options,
    )  # fmt: skip
    return model, optimizer, history, rng


@pytest.mark.parametrize("case", CASES)
def test_a_resumed_training_equals_one_that_runs_through(case, tmp_path):
    whole = run(case, None, 7)
    path = tmp_path / "state.safetensors"
    for epochs in (2, 3, 7):
        resumed = run(case, path, epochs, resume=True)
        assert len(resumed[2].loss) == epochs
    assert same(resumed[0].params, whole[0].params)
    assert same(resumed[1].state, whole[1].state)
    assert resumed[2] == whole[2]
    assert resumed[3].bit_generator.state == whole[3].bit_generator.state
    assert list(tmp_path.iterdir()) == [path]  # nothing unfinished is left behind
    before = path.read_bytes()
    again = run(case, path, 5, resume=True)  # nothing is left to do
    assert again[2] == whole[2]
    assert path.read_bytes() == before
    assert run(case, path, 1)[2].loss == whole[2].loss[:1]  # without resume it begins anew


@pytest.mark.parametrize("kind", [np.random.MT19937, np.random.Philox, np.random.SFC64, np.random.PCG64DXSM])
def test_other_generators_resume_too(kind, tmp_path):
    path = tmp_path / "checkpoint"
    whole = run("noise", None, 2, kind=kind)
    run("noise", path, 1, kind=kind)
    assert run("noise", path, 2, resume=True, kind=kind)[2] == whole[2]


def test_stopping_early_keeps_the_best_parameters(tmp_path):
    # A model that is right at first and gets worse with each step: the best is that of the first epoch.
    seen = []

    def judged(rng):
        seen.append(copied(model.params))
        yield np.zeros((1, 1, 2)), np.zeros((1, 1, 3)), None

    def pushed(rng):
        yield np.zeros((1, 1, 2)), np.full((1, 1, 3), 100.0), None

    model = model_of()
    options = {"epochs": 50, "validation": judged, "checkpoint": tmp_path / "it"}
    history = fit(model, pushed, mse, optim.Adam(0.1), patience=3, **options)
    assert (len(history.loss), history.best_epoch) == (4, 1)
    assert history.validation == sorted(history.validation)
    assert same(model.params, seen[0])
    other = model_of()
    assert fit(other, pushed, mse, optim.Adam(0.1), patience=3, resume=True, **options) == history
    assert same(other.params, seen[0])
    # With more patience it goes on from the last parameters, not from the best.
    history = fit(other, pushed, mse, optim.Adam(0.1), patience=5, resume=True, **options)
    assert len(history.loss) == 6
    options |= {"epochs": 4, "checkpoint": None}
    fit(model_of(), pushed, mse, optim.Adam(0.1), **options)
    model = model_of()
    fit(model, pushed, mse, optim.Adam(0.1), **options)  # without patience the last parameters stay
    assert not same(model.params, seen[-4])


def test_diverging_training_says_so_and_keeps_the_best(tmp_path):
    model, began = model_of(), None

    def batches(rng):
        yield np.ones((2, 1, 2)), np.ones((2, 1, 3)), None

    def explodes(outputs, targets, mask):
        nonlocal began
        loss, d_outputs = mse(outputs, targets, mask)
        if began is not None and loss < began / 2:
            raise FloatingPointError("loss: expected a finite result, got nan at index ()")
        began = began or loss
        return loss, d_outputs

    optimizer = optim.Adam(0.02)
    with pytest.raises(DivergenceError) as caught:
        fit(model, batches, explodes, optimizer, epochs=100, schedule=optim.exponential(0.99))
    history = caught.value.history
    n = len(history.loss)
    assert str(caught.value) == (
        f"epoch {n + 1}: expected training to converge, got loss: expected a finite result, got nan at index ();"
        f" the model's parameters are those of epoch {n}"
    )
    assert optimizer.learning_rate == 0.02
    other, began = model_of(), None
    fit(other, batches, mse, optim.Adam(0.02), epochs=n, schedule=optim.exponential(0.99))
    assert same(model.params, other.params)
    # In the first validation: no epoch has been completed, so nothing is better than the beginning.
    model, optimizer = model_of(), optim.Adam(0.02)
    calls = iter([1.0, np.nan])
    options = {"epochs": 3, "validation": batches}
    with pytest.raises(DivergenceError, match=r"^epoch 1: .* got loss: expected a finite .* those it began with$"):
        fit(model, batches, lambda y, *_: (next(calls), y), optimizer, **options)
    assert same(model.params, model_of().params)
    with pytest.raises(DivergenceError, match=r"^epoch 1: .* got loss: expected a finite .* those it began with$"):
        fit(model, batches, lambda y, *_: (np.inf, y), optimizer, epochs=1)
    # In the first epoch already: an enormous step, after which outputs overflow.
    model = model_of()
    with pytest.raises(DivergenceError, match=r"the model's parameters are those it began with$"):
        fit(model, regression, mse, optim.SGD(1e300), epochs=3)
    assert same(model.params, model_of().params)


def test_dropout_is_on_in_training_and_off_in_validation_and_afterwards():
    seen = []

    class Spy(Dropout):
        def forward(self, inputs, state=None, *, lengths=None):
            seen.append(self.training)
            return super().forward(inputs, state, lengths=lengths)

    spy = Spy(0.5, 4, rng=np.random.default_rng(0))
    model = Stacked([RNN(2, 4), spy, Linear(4, 3)])
    layer.set_training(model, False)
    fit(model, regression, mse, optim.SGD(0.1), epochs=2, validation=series())
    assert seen == ([True] * 3 + [False] * 3) * 2
    assert not spy.training


def test_weight_noise_is_there_for_forward_and_backward_and_then_gone():
    model, noisy = model_of(), []

    def loss(outputs, targets, mask):
        noisy.append(model.params["1.b"].copy())
        return mse(outputs, targets, mask)

    began = model.params["1.b"].copy()
    fit(model, series(), loss, optim.SGD(0.0), epochs=1, weight_noise=0.3, rng=np.random.default_rng(0))
    assert 0.1 < np.std(np.array(noisy) - began) < 0.6
    assert len({tuple(b) for b in noisy}) == 3
    np.testing.assert_array_equal(model.params["1.b"], began)


def test_states_are_carried_to_the_next_batch_of_the_same_size():
    model, seen = model_of(), []
    forward = model.forward
    model.forward = lambda inputs, state, *, lengths: (
        seen.append((state, forward(inputs, state, lengths=lengths))) or seen[-1][1]
    )

    def batches(rng):
        for size in (3, 3, 2, 2, 3):
            yield rng.normal(size=(4, size, 2)), rng.normal(size=(4, size, 3)), None

    fit(model, batches, mse, optim.SGD(0.1), epochs=2, carry_state=True, validation=batches)
    carried = [False, True, False, True, False] * 4
    assert [state is not None for state, _ in seen] == carried
    for n, (state, _) in enumerate(seen):
        assert not carried[n] or state is seen[n - 1][1][1]
    seen.clear()
    fit(model, batches, mse, optim.SGD(0.1), epochs=1)
    assert all(state is None for state, _ in seen)


def test_carried_states_give_truncated_backpropagation(rng):
    model = Stacked([LSTM(2, 4, rng=rng), Linear(4, 3, rng=rng)])
    inputs, targets = rng.normal(size=(9, 2, 2)), rng.normal(size=(9, 2, 3))
    total = dict.fromkeys(model.params, 0)

    def loss(outputs, wanted, mask):
        value, d_outputs = mse(outputs, wanted, mask)
        return value, d_outputs * 0.3

    class Collect(optim.SGD):
        def update(self, params, grads):
            for name, grad in grads.items():
                total[name] = total[name] + grad

    windows = [(inputs[t : t + 3], targets[t : t + 3], None) for t in (0, 3, 6)]
    fit(model, lambda rng: windows, loss, Collect(1.0), epochs=1, carry_state=True)
    grads, _, _ = truncated_backward(model, inputs, lambda y, steps: 0.3 * mse(y, targets[steps])[1], 3, 3)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, total[name], rtol=1e-13, atol=1e-16)


def test_a_batch_counts_by_its_steps_or_by_its_sequences():
    def batches(rng):
        yield np.ones((5, 1, 2)), np.zeros((1, 3)), None
        yield np.ones((2, 3, 2)), np.ones((3, 3)), [1, 2, 2]

    model = model_of()
    history = fit(model, batches, LastStep(mse), optim.SGD(0.1), epochs=1)
    assert history.loss[0] == pytest.approx(np.average(history.update_loss, weights=[1, 3]))

    def per_step(outputs, targets, mask):
        return mse(outputs, np.broadcast_to(targets, outputs.shape), mask)

    history = fit(model, batches, per_step, optim.SGD(0.1), epochs=1)
    assert history.loss[0] == pytest.approx(np.average(history.update_loss, weights=[5, 5]))


def test_a_plateau_is_told_the_loss_of_each_epoch():
    def worse(rng):
        yield np.zeros((1, 1, 2)), np.full((1, 1, 3), -100.0), None

    def better(rng):
        yield np.zeros((1, 1, 2)), np.full((1, 1, 3), 100.0), None

    expected = {None: [1] * 5, better: [1] * 5, worse: [1, 1, 1, 0.5, 0.5]}
    for validation, rates in expected.items():
        schedule = optim.Plateau(2)
        history = fit(
            model_of(), better, mse, optim.SGD(1.0), epochs=5, schedule=schedule, validation=validation, clip=0.01
        )
        assert history.learning_rate == rates
    assert schedule.state["best"] == history.validation[0]
    history = fit(model_of(), better, mse, optim.SGD(0.0), epochs=3, schedule=optim.Plateau(1, factor=0.1))
    assert len(set(history.loss)) == 1


def test_validation_draws_the_same_numbers_each_time():
    history = fit(model_of(), regression, mse, optim.SGD(0.0), epochs=3, validation=regression)
    assert len(set(history.validation)) == 1
    assert len(set(history.loss)) == 3


def test_clipping_by_a_function():
    seen = []

    def clip(grads):
        seen.append(optim.clip_by_norm(grads, np.inf)[1])
        return {name: np.zeros_like(grad) for name, grad in grads.items()}

    model = model_of()
    history = fit(model, series(), mse, optim.SGD(0.1), epochs=1, clip=clip)
    assert history.norm == seen
    assert same(model.params, model_of().params)


def test_independent_seeds_are_trained_at_once():
    K, rng = 3, np.random.default_rng(0)
    model = Stacked([RNN(2, 4, seeds=K, rng=rng), Linear(4, 3, seeds=K, rng=rng)])
    alone = []
    for k in range(K):
        one = Stacked([RNN(2, 4), Linear(4, 3)])
        for name in one.params:
            one.params[name] = model.params[name][k].copy()
        alone.append(one)

    def batches(rng):
        for inputs, targets, _ in regression(rng):
            yield np.stack([inputs] * K, axis=1), np.stack([targets] * K, axis=1), None

    def plain(rng):
        return [(inputs, targets, None) for inputs, targets, _ in regression(rng)]

    history = fit(
        model, batches, lambda *given: mse(*given, seeds=True), optim.Adam(0.01), epochs=2,
        clip=lambda grads: optim.clip_by_norm(grads, 0.2, seeds=True)[0], rng=np.random.default_rng(1),
    )  # fmt: skip
    for k, one in enumerate(alone):
        other = fit(one, plain, mse, optim.Adam(0.01), epochs=2, clip=0.2, rng=np.random.default_rng(1))
        np.testing.assert_allclose([loss[k] for loss in history.loss], other.loss, rtol=1e-12)
        for name, value in one.params.items():
            np.testing.assert_allclose(model.params[name][k], value, rtol=1e-9, atol=1e-12)


def test_symbols_are_learned(rng):
    text = np.tile([0, 1, 2, 1], 30)
    model = Stacked([Embedding(3, 4, rng=rng), GRU(4, 6, rng=rng), Linear(6, 3, rng=rng)])
    windows = [(text[t : t + 20, None], text[t + 1 : t + 21, None], None) for t in range(0, 80, 20)]
    history = fit(
        model, lambda rng: windows, softmax_cross_entropy, optim.RMSprop(0.02), epochs=25, clip=1.0, carry_state=True
    )
    assert history.loss[-1] < 0.05 < 0.9 < history.loss[0]


def test_progress(capsys):
    told = []
    history = fit(model_of(), series(), mse, optim.SGD(0.1), epochs=3, progress=lambda *given: told.append(given))
    assert told == [(n + 1, 3, history.loss[n]) for n in range(3)]
    assert capsys.readouterr() == ("", "")
    fit(model_of(), series(), mse, optim.SGD(0.1), epochs=3)
    assert capsys.readouterr() == ("", "")
    fit(model_of(), series(), mse, optim.SGD(0.1), epochs=3, progress=True)
    assert len(capsys.readouterr().err.splitlines()) == 3
    fit(model_of(), series(), mse, optim.SGD(0.1), epochs=20, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split(":")[0] for line in err.splitlines()] == [f"epoch {n} of 20" for n in range(2, 21, 2)]


# Checkpoint files


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "run.safetensors"
    run("noise", path, 1)
    return path


def refused(path, case="noise", **changes):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        run(case, path, 2, resume=True, **changes)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path}: ")


def test_a_broken_checkpoint_is_refused_in_a_sentence(saved, rng):
    content = saved.read_bytes()
    start = "expected a whole checkpoint by rnn.training.fit, got "
    for length in (0, 5, 8, 100, len(content) // 2, len(content) - 1):
        saved.write_bytes(content[:length])
        assert refused(saved).startswith(start)
    for place in (0, 3, 9, 60, *rng.integers(8, len(content), size=30)):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.integers(8)
        saved.write_bytes(changed)
        assert refused(saved).startswith(start)
    for header in (b"\xff" * 8, (10**9).to_bytes(8, "little") + b"{}", b"PK\x03\x04" + bytes(100)):
        saved.write_bytes(header)
        assert refused(saved).startswith(start)


def test_a_foreign_file_is_refused_in_a_sentence(saved):
    saved.write_bytes(safetensors.numpy.save({"a": np.ones(3)}))
    assert refused(saved) == "expected a whole checkpoint by rnn.training.fit, got other tensors"
    saved.unlink()
    saved.mkdir()
    assert refused(saved).startswith("expected a whole checkpoint by rnn.training.fit, got ")


def test_a_checkpoint_of_another_format_is_refused(saved, monkeypatch):
    monkeypatch.setattr("rnn.training.FORMAT", 2)
    assert refused(saved) == "expected a whole checkpoint by rnn.training.fit, got format 1"


def test_a_checkpoint_of_another_training_is_refused(saved):
    start = "expected a checkpoint of this training, got one with other "
    assert refused(saved, "plateau") == start + "plateau"
    assert refused(saved, "momentum") == start + "optimizer"
    assert refused(saved, kind=np.random.Philox) == start + "generators"
    model = model_of()
    with pytest.raises(ValueError, match=start + "parameters$"):
        fit(model, regression, mse, optim.Adam(), epochs=2, checkpoint=saved, resume=True)
    assert same(model.params, model_of().params)


def test_an_interrupted_or_failed_write_leaves_the_old_checkpoint(saved, monkeypatch):
    content = saved.read_bytes()
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt()):

        def fail(*_, error=error):
            raise error

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(type(error)):
                run("noise", saved, 2, resume=True)
        assert saved.read_bytes() == content
        assert list(saved.parent.iterdir()) == [saved]
    whole = run("noise", None, 2)
    assert run("noise", saved, 2, resume=True)[2] == whole[2]


def test_the_checkpoint_needs_safetensors(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r"^a checkpoint needs safetensors: pip install 'rnn-unrolled\[files\]'$"):
        run("plain", tmp_path / "file", 1)


def test_nothing_in_a_checkpoint_is_pickled(saved):
    content = saved.read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert set(header["__metadata__"]) == {"rnn checkpoint", "sha256"}
    assert {tensor["dtype"] for name, tensor in header.items() if name != "__metadata__"} == {"F64", "I64"}


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        ({"model": None}, TypeError, "model: expected a layer with parameters, got NoneType"),
        ({"model": Dropout(0.5, 2)}, TypeError, "model: expected a layer with parameters, got Dropout"),
        ({"batches": [1]}, TypeError, "batches: expected a function, got list"),
        ({"loss": "mse"}, TypeError, "loss: expected a function, got str"),
        ({"optimizer": "adam"}, TypeError, "optimizer: expected one of rnn.optim, got str"),
        ({"epochs": 0}, ValueError, "epochs: expected a whole number of at least 1, got 0"),
        ({"clip": 0.0}, ValueError, "clip: expected a finite number of at least 2.22507e-308, got 0.0"),
        ({"schedule": 0.1}, TypeError, "schedule: expected a function, got float"),
        ({"validation": []}, TypeError, "validation: expected a function, got list"),
        ({"patience": 2}, ValueError, "validation: expected batches, because there is a patience, got None"),
        ({"patience": 0}, ValueError, "patience: expected a whole number of at least 1, got 0"),
        ({"weight_noise": -1}, ValueError, "weight_noise: expected a finite number of at least 0, got -1"),
        ({"resume": True}, ValueError, "checkpoint: expected a path to resume from, got None"),
        ({"rng": 3}, TypeError, "rng: expected a numpy.random.Generator, got 3; try np.random.default_rng(0)"),
        ({"batches": lambda rng: []}, ValueError, "batches: expected at least one batch an epoch, got none"),
        ({"batches": lambda rng: [(1, 2)]}, TypeError, "batches: expected tuples (inputs, targets, lengths), got a tu"),
        ({"batches": lambda rng: [5]}, TypeError, "batches: expected tuples (inputs, targets, lengths), got int"),
        ({"validation": lambda rng: []}, ValueError, "validation: expected at least one batch an epoch, got none"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(change, error, sentence):
    arguments = {"model": model_of(), "batches": regression, "loss": mse, "optimizer": optim.Adam(), "epochs": 1}
    with pytest.raises(error) as caught:
        fit(**{**arguments, **change})
    assert str(caught.value).startswith(sentence)


# Truncated backpropagation


@pytest.mark.parametrize("make", [RNN, LSTM])
def test_one_window_is_backpropagation_through_time(make, rng):
    net = Stacked([make(2, 4, rng=rng), Linear(4, 3, rng=rng)])
    inputs, weights = rng.normal(size=(6, 2, 2)), rng.normal(size=(6, 2, 3))
    state = net.forward(inputs)[1]
    outputs, last = net.forward(inputs, state)
    net.backward(weights)
    expected = copied(net.grads)
    for k1, k2 in ((6, 6), (6, 9), (7, 7)):
        grads, came, came_last = truncated_backward(net, inputs, lambda y, steps: weights[steps], k1, k2, state=state)
        np.testing.assert_array_equal(came, outputs)
        np.testing.assert_array_equal(came_last[0][0], last[0][0])
        for name, grad in grads.items():
            np.testing.assert_array_equal(grad, expected[name])


def test_with_a_window_as_long_as_the_sequence_nothing_is_cut(rng):
    net = RNN(2, 4, rng=rng)
    inputs, weights = rng.normal(size=(7, 2, 2)), rng.normal(size=(7, 2, 4))
    net.forward(inputs)
    net.backward(weights)
    expected = copied(net.grads)
    for k1 in (1, 2, 3):
        grads, _, _ = truncated_backward(net, inputs, lambda y, steps: weights[steps], k1, 6 + k1)
        for name, grad in grads.items():
            np.testing.assert_allclose(grad, expected[name], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("k1", "k2"), [(1, 1), (1, 3), (2, 2), (2, 3), (3, 5), (4, 4)])
def test_truncation_drops_just_the_lags_beyond_the_window(k1, k2, rng):
    # Each loss alone, its gradient by hand through the steps of its window and no further.
    T, H = 7, 3
    cell = ElmanCell(2, H, rng=rng)
    net = Unrolled(cell)
    inputs, weights = rng.normal(size=(T, 2, 2)), rng.normal(size=(T, 2, H))
    state, caches = net.zero_state(2), []
    for x in inputs:
        state, cache = cell.step(x, state)
        caches.append(cache)
    total = {name: np.zeros_like(value) for name, value in cell.params.items()}
    for t in range(T):
        begin = max(0, t - t % k1 + k1 - k2)
        delta = (weights[t],)
        for s in range(t, begin - 1, -1):
            _, delta, step_grads = cell.step_back(delta, caches[s])
            total = {name: total[name] + step_grads[name] for name in total}
    calls = []

    def d_outputs_of(outputs, steps):
        calls.append((len(outputs), steps.start, steps.stop))
        return weights[steps]

    grads, outputs, last = truncated_backward(net, inputs, d_outputs_of, k1, k2)
    assert calls == [(min(k1, T - t), t, min(t + k1, T)) for t in range(0, T, k1)]
    np.testing.assert_allclose(outputs, net.forward(inputs)[0], rtol=1e-14)
    np.testing.assert_allclose(last[0], state[0], rtol=1e-14)
    for name, grad in grads.items():
        np.testing.assert_allclose(grad, total[name], rtol=1e-12, atol=1e-15)


def test_each_step_is_run_once_when_windows_do_not_overlap(rng):
    net, steps = RNN(2, 4, rng=rng), []
    forward = net.forward
    net.forward = lambda inputs, state: steps.append(len(inputs)) or forward(inputs, state)
    truncated_backward(net, rng.normal(size=(7, 1, 2)), lambda y, s: y, 3, 3)
    assert steps == [3, 3, 1]


def test_truncation_refuses_what_makes_no_sense(rng):
    net, inputs = RNN(2, 4), rng.normal(size=(3, 1, 2))
    for k1, k2, sentence in (
        (0, 1, "k1: expected a whole number of at least 1, got 0"),
        (2, 1, "k2: expected at least k1, 2, so that every loss enters, got 1"),
    ):
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            truncated_backward(net, inputs, lambda y, s: y, k1, k2)
        assert str(caught.value) == sentence
    with pytest.raises(TypeError, match=r"^d_outputs_of: expected a function, got ndarray$"):
        truncated_backward(net, inputs, inputs, 1, 1)
    with pytest.raises(ValueError, match=r"^d_outputs: expected \(2, 1, 4\), got \(1, 4\)$"):
        truncated_backward(net, inputs, lambda y, s: y[0], 2, 2)
    with pytest.raises(ValueError, match=r"^seq_len: expected a whole number of at least 1, got 0$"):
        truncated_backward(net, inputs[:0], lambda y, s: y, 1, 1)


def test_two_runs_that_took_other_times_are_equal():
    quick, slow = History(loss=[1.0, 0.5], seconds=[0.1, 0.1]), History(loss=[1.0, 0.5], seconds=[3.0, 4.0])
    assert quick == slow
    assert quick != History(loss=[1.0, 0.6], seconds=[0.1, 0.1])
