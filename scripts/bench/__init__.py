"""Time the layers against their peers and against the bare arithmetic: what `make bench` runs.

Each contender works in a process of its own (thread pools in one process fight), and they take turns: a round is one
sample of each, and what is reported are medians and quartiles of the ratios within a round, so that a machine that is
slow for a minute is slow for all of them. One thread is measured by the CPU time of the process, pinned to a core; two
threads by the clock. A sample is repeated until it is long enough to be measured.

All of them get the same weights and inputs and have to give the same outputs and gradients before they are timed.

`python -m scripts.bench run` writes a file with every sample; `python -m scripts.bench table` makes the tables from the
file alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

Size = tuple[int, int, int, int]  # T, B, D, H

SIZES: tuple[Size, ...] = (
    (20, 1, 1, 16),
    (50, 32, 1, 64),
    (100, 32, 28, 128),
    (200, 64, 64, 256),
    (100, 128, 128, 512),
)
STREAM_SIZES = ((1, 64), (64, 256))  # D, H
MEMORY_SIZE: Size = (200, 64, 64, 256)
START_SIZE: Size = (50, 32, 1, 64)
SLOPE_SIZE: Size = (100, 32, 28, 128)
SLOPES = {"T": (25, 50, 100, 200, 400), "B": (8, 16, 32, 64, 128), "H": (32, 64, 128, 256, 512)}

# The gates of each cell by their letters in `params`.
GATES = {"rnn": "h", "lstm": "fico", "gru": "zrn"}
CELLS = tuple(GATES)

# Who takes part in what, ours first: the table's columns are the ratios of its time to the others'.
CONTENDERS = ("ours", "torch", "jax", "keras", "numpy-ml", "limit")
STREAMERS = ("ours", "torch", "torch-jit", "torch-compile", "onnxruntime", "onnxruntime-bound", "jax", "limit")
STARTERS = ("ours", "torch", "jax", "keras")
MODULES = {  # what a contender has to import; "ours" and "limit" need no more than the book's own environment
    "ours": ("numpy", "rnn"),
    "limit": ("numpy",),
    "torch": ("torch",),
    "torch-jit": ("torch",),
    "torch-compile": ("torch",),
    "onnxruntime": ("onnx", "onnxruntime"),
    "onnxruntime-bound": ("onnx", "onnxruntime"),
    "jax": ("jax",),
    "keras": ("keras", "tensorflow"),
    "numpy-ml": ("numpy_ml",),
}

# What the issue asks for, at one thread in float32 unless said: the largest value that is good enough.
TARGETS = {
    "geometric mean to torch": 0.50,
    "worst case to torch": 1.10,
    "worst case to jax, B ≥ 32": 0.90,
    "median to the limit, B ≥ 32": 1.20,
    "worst case to the limit, B ≥ 32": 1.50,
    "streaming LSTM at H = 64 to the best peer": 0.25,
    "streaming, worst case to the best peer": 0.75,
    "peak memory to torch": 0.65,
    "time to first gradient to torch": 0.10,
    "slope in T": 1.03,
    "import rnn.layers to import numpy": 1.15,
}


@dataclass(frozen=True)
class Case:
    """One thing to time: a cell at a size, in a precision, on a number of threads.

    A training step is forward, backward to weights, inputs and initial state, and an update by gradient descent.
    """

    kind: str  # "train", "forward" or "stream"
    cell: str  # "rnn", "lstm" or "gru"
    size: Size
    dtype: str = "float32"
    threads: int = 1

    def as_json(self) -> dict[str, Any]:
        """Return what `Case(**…)` takes."""
        return asdict(self)

    @property
    def work(self) -> float:
        """Guess the seconds of one step, so that long cases get more of the time that there is."""
        T, B, D, H = self.size
        products = 6 * T * B * len(GATES[self.cell]) * H * (D + H) / 5e10
        return (products + 2e-5 * T) * (2 if self.dtype == "float64" else 1) / self.threads


def arrays(case: Case) -> dict[str, NDArray[Any]]:
    """Draw weights by the names of `params`, inputs, initial state and output gradients: the same in every process."""
    import numpy as np

    T, B, D, H = case.size
    rng = np.random.default_rng(2024)
    drawn = {"inputs": rng.normal(size=(T, B, D)), "d_outputs": rng.normal(size=(T, B, H)) / (T * B)}
    for gate in GATES[case.cell]:
        for name, shape in ((f"W_x{gate}", (D, H)), (f"W_h{gate}", (H, H)), (f"b_{gate}", (H,))):
            drawn[name] = rng.uniform(-(H**-0.5), H**-0.5, shape)
    if case.cell == "gru":
        drawn["b_hn"] = rng.uniform(-(H**-0.5), H**-0.5, H)
    for part in states(case.cell):
        drawn[part] = rng.normal(size=(B, H)) / 2
    return {name: value.astype(case.dtype) for name, value in drawn.items()}


def states(cell: str) -> tuple[str, ...]:
    """Name the parts of the initial state."""
    return ("h0", "c0") if cell == "lstm" else ("h0",)


def weights(given: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return those of the arrays that are parameters."""
    return {name: value for name, value in given.items() if name.startswith(("W_", "b_"))}
