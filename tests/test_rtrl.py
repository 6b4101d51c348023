"""Real-time recurrent learning: the gradient of backpropagation through time, without the way back."""

import numpy as np
import pytest
from test_jacobians import CELLS, D, H, back, run

from rnn.gradcheck import complex_step
from rnn.jacobians import as_rows, as_state, shown_columns
from rnn.lstm import LSTMCell
from rnn.rtrl import RTRL, rtrl
from rnn.simple import ElmanCell

pytestmark = pytest.mark.filterwarnings("error")

T, B = 6, 2


@pytest.fixture(params=CELLS)
def case(request, rng):
    cell = CELLS[request.param](rng)
    for name, value in list(cell.params.items()):
        cell.params[name] = value + rng.normal(size=value.shape) / 3
    zero = cell.zero_state(B)
    state = as_state(rng.normal(size=as_rows(zero).shape), zero)
    return cell, rng.normal(size=(T, B, D)), state, rng.normal(size=(T, B, H))


def test_the_gradient_is_that_of_backpropagation_through_time(case):
    cell, x, state, d_h = case
    states, caches = run(cell, x, state)
    expected, _ = back(cell, caches, state, d_h)
    came, last = rtrl(cell, x, d_h, state)
    np.testing.assert_allclose(as_rows(last), as_rows(states[-1]), rtol=1e-13)
    assert came.keys() == expected.keys()
    for name, grad in came.items():
        np.testing.assert_allclose(grad, expected[name], rtol=0, atol=1e-12 * np.abs(expected[name]).max())


def test_the_sensitivity_is_the_derivative_of_the_state(case):
    cell, x, state, _ = case
    learner = RTRL(cell, state, batch=B)
    for x_t in x[:3]:
        learner.step(x_t)
    for name, value in list(cell.params.items()):

        def after(v, name=name):
            cell.params[name] = v
            return as_rows(run(cell, x[:3], state)[0][-1])

        expected = complex_step(after, value)
        cell.params[name] = value
        tolerance = 1e-12 * np.abs(expected).max() + 1e-15
        np.testing.assert_allclose(learner.sensitivity[name], expected, rtol=0, atol=tolerance)


def test_each_step_has_its_own_gradient_and_gives_the_output(case):
    cell, x, state, d_h = case
    learner = RTRL(cell, state, batch=B)
    states, caches = run(cell, x, state)
    for t in range(T):
        h = learner.step(x[t])
        np.testing.assert_allclose(h, as_rows(states[t + 1])[:, shown_columns(state)], rtol=1e-12)
        losses = np.zeros((t + 1, B, H))
        losses[-1] = d_h[t]
        expected, _ = back(cell, caches[: t + 1], state, losses)
        for name, grad in learner.gradient(d_h[t]).items():
            np.testing.assert_allclose(grad, expected[name], rtol=0, atol=1e-12 * np.abs(expected[name]).max() + 1e-15)


def test_one_unit_alone(rng):
    """Follow the recurrence of Williams and Zipser with plain numbers."""
    cell = ElmanCell(1, 1, rng=rng)
    learner, h, p = RTRL(cell), 0.0, 0.0
    w_x, w_h = cell.params["W_xh"].item(), cell.params["W_hh"].item()
    for x in (0.5, -1.0, 2.0):
        previous, h = h, np.tanh(w_x * x + w_h * h)
        p = (1 - h**2) * (previous + w_h * p)  # dh/dw_h
        assert learner.step(np.array([[x]])).item() == pytest.approx(h, rel=1e-13)
        assert learner.gradient(np.array([[3.0]]))["W_hh"].item() == pytest.approx(3 * p, rel=1e-12)


def test_learning_at_every_step_follows_the_one_who_saw_all(rng):
    """Let one cell learn, online, to do what another does."""
    teacher, pupil = ElmanCell(1, 3, rng=rng), ElmanCell(1, 3, rng=rng)
    pupil.params = {name: value + rng.normal(size=value.shape) / 3 for name, value in teacher.params.items()}
    learner, (h,) = RTRL(pupil), teacher.zero_state(1)
    errors = []
    for _ in range(1500):
        x = rng.normal(size=(1, 1))
        (h,), _ = teacher.step(x, (h,))
        error = learner.step(x) - h
        for name, grad in learner.gradient(error).items():
            pupil.params[name] = pupil.params[name] - 0.1 * grad
        errors.append(float((error**2).sum()))
    assert np.mean(errors[-100:]) < 0.02 * np.mean(errors[:100])


def test_results_are_ones_own_and_arguments_stay(rng):
    learner = RTRL(LSTMCell(D, 2, rng=rng), batch=1)
    x = rng.normal(size=(1, D))
    x.setflags(write=False)
    h = learner.step(x)
    grads = learner.gradient(h)
    copies = [value.copy() for value in (h, *grads.values())]
    learner.step(-x)
    learner.gradient(-h)
    for came, copy in zip((h, *grads.values()), copies, strict=True):
        np.testing.assert_array_equal(came, copy)


def test_a_step_that_overflows_changes_nothing(rng):
    learner = RTRL(ElmanCell(1, 2, nonlinearity="identity", rng=rng), (np.array([[9.0, 8.0]]),))
    learner.step(np.ones((1, 1)))
    state, sensitivity = learner.state, learner.sensitivity
    learner.cell.params["W_xh"] = np.full((1, 2), 1e308)
    with pytest.raises(FloatingPointError, match="expected a finite result"):
        learner.step(np.full((1, 1), 10.0))
    assert learner.state is state
    assert learner.sensitivity is sensitivity


CELL = LSTMCell(D, H, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: RTRL(3), TypeError, "cell: expected a cell, with step and step_back, got int"),
        (lambda: RTRL(CELL, batch=0), ValueError, "batch: expected a whole number of at least 1, got 0"),
        (lambda: RTRL(CELL, (np.ones((1, H)),)), TypeError, "state: expected a tuple of 2"),
        (lambda: RTRL(CELL).step(np.ones((2, D))), ValueError, "x: expected (1, 2), got (2, 2)"),
        (
            lambda: RTRL(CELL).gradient(np.ones((1, H))),
            RuntimeError,
            "gradient: expected a call of step first, got none",
        ),
        (
            lambda: rtrl(CELL, np.ones((2, 1, D)), np.ones((1, 1, H))),
            ValueError,
            "d_h: expected (2, 1, 4), got (1, 1, 4)",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value).startswith(sentence)


def test_the_gradient_has_to_fit(rng):
    learner = RTRL(CELL)
    learner.step(np.ones((1, D)))
    with pytest.raises(ValueError, match=r"^d_h: expected \(1, 4\), got \(1, 3\)$"):
        learner.gradient(np.ones((1, 3)))


def one_unit(W_xh, W_hh):
    """Return h = W_xh x + W_hh h_prev."""
    cell = ElmanCell(1, 1, nonlinearity="identity")
    for name, value in {"W_xh": W_xh, "W_hh": W_hh, "b_h": 0.0}.items():
        cell.params[name][...] = value
    return cell


def test_a_sensitivity_that_overflows_is_reported_and_forgotten():
    online = RTRL(one_unit(W_xh=1e-300, W_hh=1e200))
    online.step(np.array([[1e150]]))  # h = 1e-150, and its derivative for W_xh is 1e150
    state, sensitivity = online.state, online.sensitivity
    with pytest.raises(FloatingPointError, match=r"^sensitivity\['W_xh'\]: expected a finite result, got inf"):
        online.step(np.zeros((1, 1)))  # h = 1e50 fits, its derivative 1e350 does not
    assert online.state is state
    assert online.sensitivity is sensitivity


def test_a_gradient_that_overflows_is_reported():
    online = RTRL(one_unit(W_xh=1e-10, W_hh=1.0))
    np.testing.assert_allclose(online.step(np.array([[1e10]])), 1.0)
    np.testing.assert_allclose(online.gradient([[2.0]])["W_xh"], 2e10)
    with pytest.raises(FloatingPointError, match=r"^gradient\['W_xh'\]: expected a finite result, got inf"):
        online.gradient([[1e300]])


def test_a_cell_without_a_size_of_inputs_is_refused_as_one():
    class Nothing:
        pass

    with pytest.raises(TypeError, match=r"^cell: expected "):
        RTRL(Nothing())
