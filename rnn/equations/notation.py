"""The formulas of the chapter *notation*: conventions, and the way from columns to rows."""

from __future__ import annotations

from rnn.equations import equation
from rnn.equations.worlds import algebra, elman, lstm, rows

notation_diagonal = equation(where=algebra)
notation_order = equation(where=algebra)
notation_transpose = equation(where=algebra)
notation_shapes = equation(where=elman, for_all="2 <= t <= T")

notation_weights = equation(where=rows)
notation_rows = equation(where=rows, for_all="1 <= t <= T and 1 <= b <= B")
notation_step = equation(where=elman, for_all="1 <= t <= T")
notation_step_rows = equation(where=rows, for_all="1 <= t <= T")
notation_batch_loss = equation(where=rows)
notation_gradients = equation(where=rows, for_all="1 <= t <= T and 1 <= b <= B")

notation_sigmoid = equation(where=algebra)
notation_lstm = equation(where=lstm, for_all="1 <= t <= T")
