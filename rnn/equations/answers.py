"""The formulas of the page *answers*: the short forms that an examinee is expected to write."""

from __future__ import annotations

from rnn.equations import equation
from rnn.equations.comparison import counted_cells
from rnn.equations.depth import two_layers, two_ways
from rnn.equations.gru import gru
from rnn.equations.lstm import gated_cell
from rnn.equations.seq2seq import translation
from rnn.equations.sequences import whole
from rnn.equations.worlds import elman, nearly_linear

STEPS, PAIRS = "1 <= t <= T", "0 <= k <= t <= T and t >= 1"

# concepts
answers_step = equation(where=elman, for_all=STEPS)
answers_dependency = equation(where=elman, for_all="1 <= k <= t <= T")
answers_both_ways = equation(where=two_ways, for_all=STEPS)
answers_second_layer = equation(where=two_layers, for_all=STEPS)
answers_likelihood = equation(where=translation)
answers_cell = equation(where=gated_cell, for_all=STEPS)
answers_toward = equation(where=gru, for_all=STEPS)
answers_blend = equation(where=gru, for_all=STEPS)

# questions
answers_difference = equation(where=whole, for_all=STEPS, kind="count")
answers_counts = equation(where=counted_cells, for_all="k in (1, 3, 4)", kind="count")

# derivations
answers_one_back = equation(where=elman, for_all="1 <= k <= t <= T")
answers_product = equation(where=elman, for_all=PAIRS)
answers_weights = equation(where=elman)
answers_between = equation(where=elman, for_all=PAIRS, equal_in=(nearly_linear, nearly_linear))
answers_held = equation(where=gated_cell, for_all=STEPS)
answers_update_gate = equation(where=gru, for_all=STEPS)

# experiments
answers_pairs = equation(where=elman, kind="count")
