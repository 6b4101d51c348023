"""What the sentences of the chapter sequences say about its figures and numbers."""

import numpy as np

from scripts.figures import sequences


def test_what_is_learned_at_some_places_and_known_at_others():
    found = sequences.sequences_learned.function()
    for kind in ("whole", "window", "recurrent"):
        assert found[kind]["old"] > 0.9  # at the places of the training all three are good
    assert 0.4 < found["whole"]["low"] < found["whole"]["new"] < found["whole"]["high"] < 0.6  # a coin
    assert found["between"] < 0.05  # nearly always the wrong way round
    assert found["window"]["low"] > 0.95
    assert found["recurrent"]["new"] < 0.55  # no better than a coin
    assert found["soon"]["right"] < found["late"]["right"] < found["recurrent"]["old"] - 0.1


def test_data_from_all_places_make_up_for_sharing():
    answers = sequences.sequences_answers.function()
    assert 0.85 < answers["all-whole"] < answers["all-recurrent"]
    assert abs(answers["first"] - 2 * np.cos(0.3)) < 1e-9
    assert abs(answers["second"] + 1) < 1e-9


def test_a_window_of_seven_is_enough_for_an_echo_of_six_and_no_shorter_one_helps():
    left = sequences._echo_left()
    assert min(left[:6]) > 0.98
    assert max(left[6:]) < 1e-12


def test_the_sunspots_are_predicted_best_from_about_nine_years():
    errors = sequences._sunspot_errors()
    assert int(np.argmin(errors)) + 1 == 9
    assert errors[1] < 0.75 * errors[0]
    assert errors[11] > errors[8]


def test_the_autocorrelation_of_the_sunspots_is_what_the_page_says():
    found = sequences.sequences_correlated.function()
    assert found["five"] < -0.3 < found["noise"] < found["third"] < found["at"] < found["one"]
    assert 0.4 < found["third"] / found["at"] < 0.6  # three cycles later half of that is left
    assert found["peak"] in (10, 11)
