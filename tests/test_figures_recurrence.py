"""What the sentences of the chapter recurrence say about its figures and numbers."""

import numpy as np

from scripts.figures import recurrence


def test_the_trained_echo_is_a_shift_register():
    units = recurrence.recurrence_units.function()
    assert {age for _, age, _ in units} == {0, 1, 2, 3}  # the four places
    assert all(share > 0.5 for *_, share in units)  # each follows mainly one input
    assert min(share for *_, share in units) > recurrence.recurrence_mixed.function()  # others are less tidy
    decoded = recurrence.recurrence_decoded.function()
    assert decoded["missing"] < 0.01 < decoded["five"] < decoded["four"] < 0.9


def test_the_echo_runs_on_long_sequences_as_well_as_on_short_ones():
    error = recurrence.recurrence_echo_error.function()
    assert error["longer"] < error["trained"] * 1.2 < 0.1


def test_no_unit_just_fades_after_the_impulse():
    states = recurrence._after_an_impulse(steps=30, units=6)
    assert not states[:4].any()
    assert np.all(states.min(axis=0) < 0)  # every unit changes its sign on the way
    assert np.all(states.max(axis=0) > 0)
    assert np.abs(states[-1]).max() < 0.1 * np.abs(states[4]).max()


def test_tanh_forgets_at_least_as_fast_as_the_linear_network():
    steps = recurrence.recurrence_steps.function()
    assert steps["half"] <= steps["linear-half"]
    assert steps["most"] <= steps["linear-most"]
    assert steps["half"] < steps["most"] < steps["all"] < 2000  # with the factor 1 it fades too


def test_texts_outnumber_states_beyond_the_letters_that_the_page_names():
    capacity = recurrence.recurrence_capacity.function()
    assert 27 ** capacity["letters"] <= 2 ** capacity["bits"] < 27 ** (capacity["letters"] + 1)


def test_half_and_a_thousandth_are_left_when_the_table_says_so():
    for weight, half, thousandth in recurrence.recurrence_half_life.function():
        for left, steps in ((0.5, half), (0.001, thousandth)):
            assert float(weight) ** steps <= left < float(weight) ** (steps - 1)
