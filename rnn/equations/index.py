"""The formula on the first page."""

from __future__ import annotations

from rnn.equations import equation
from rnn.equations.worlds import elman

index_product = equation(where=elman, for_all="0 <= k <= t <= T and t >= 1")
