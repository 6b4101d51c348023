"""The formulas of the chapter *recurrence*: the way forwards, and what a state carries."""

from __future__ import annotations

from rnn.equations import equation
from rnn.equations.worlds import elman, memoryless, register, resting, retold, rows, straight, turning

# one step
recurrence_forward = equation(where=elman, for_all="1 <= t <= T")
recurrence_one_matrix = equation(where=elman, for_all="1 <= t <= T")
recurrence_one_matrix_rows = equation(where=rows, for_all="1 <= t <= T")

# the state as memory
recurrence_two_steps = equation(where=elman)
recurrence_three_steps = equation(where=elman)
recurrence_carried = equation(where=retold, for_all="0 <= s < s + t <= T")
recurrence_restarted = equation(where=retold, for_all="0 <= s < T")
recurrence_not_restarted = equation(where=retold, for_all="1 <= s < s + t <= T", equal_in=memoryless)
recurrence_forgetting = equation(where=retold, for_all="0 <= s < s + t <= T", equal_in=turning)

# who can know what
recurrence_causal = equation(where=retold, for_all="1 <= t < s <= T")
recurrence_influence = equation(where=retold, for_all="1 <= s <= t <= T")

# sharing
recurrence_parameters = equation(where=retold, kind="count")
recurrence_window = equation(where=retold, for_all="1 <= t <= T", kind="count")
recurrence_window_more = equation(where=retold, for_all="1 <= t <= T", kind="count")
recurrence_rest = equation(where=resting)
recurrence_late = equation(where=resting, for_all="0 <= s < T and 1 <= t <= T")
recurrence_waiting = equation(where=resting, for_all="1 <= t <= s < T")
recurrence_not_late = equation(where=retold, for_all="1 <= s < T and 1 <= t <= T", equal_in=resting)

# without the nonlinearity
recurrence_linear = equation(where=straight, for_all="2 <= t <= T")
recurrence_response = equation(where=straight, for_all="1 <= s <= t <= T")
recurrence_linear_restart = equation(where=straight, for_all="0 <= s < s + t <= T")
recurrence_register = equation(where=register)
recurrence_register_state = equation(where=register, for_all="4 <= t <= T")
