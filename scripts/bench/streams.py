"""The contenders in streaming: one step at a time, one sequence, the state carried on.

A contender has `xs`, a few inputs in the form that it takes, and `step`, which takes one and returns the output.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scripts.bench import Case, states
from scripts.bench.contenders import Arrays, fused, jax_cell, our_layer, state_bias, torch_weights
from scripts.bench.limit import LimitStream

ONNX = {"rnn": "h", "lstm": "iofc", "gru": "zrn"}


class OurStream:
    """One step at a time in `rnn.layers`."""

    def __init__(self, case: Case, given: Arrays) -> None:
        layer, state = our_layer(case, given)
        self.xs, self.step = list(given["inputs"]), layer.stream(state, batch=1).step


class TorchStream:
    """`nn.RNNCell`, `nn.LSTMCell`, `nn.GRUCell`, one step at a time: eagerly, traced, or compiled."""

    def __init__(self, case: Case, given: Arrays, *, form: str = "eager") -> None:
        import torch

        self.mode = torch.inference_mode()
        self.mode.__enter__()  # for good: this process does nothing else
        cell: Any = torch_weights(getattr(torch.nn, case.cell.upper() + "Cell")(*case.size[2:]), case, given)
        state = tuple(torch.tensor(given[part]) for part in states(case.cell))
        self.xs = list(torch.tensor(given["inputs"]))
        self.state: Any = state if case.cell == "lstm" else state[0]
        if form == "jit":
            cell = torch.jit.freeze(torch.jit.trace(cell.eval(), (self.xs[0], self.state)))
        if form == "compile":
            cell = torch.compile(cell)
        self.cell, self.step = cell, self.step_two if case.cell == "lstm" else self.step_one

    def step_one(self, x: Any) -> Any:
        """Take one step of a cell whose state is h."""
        self.state = self.cell(x, self.state)
        return self.state

    def step_two(self, x: Any) -> Any:
        """Take one step of a cell whose state is (h, c)."""
        self.state = self.cell(x, self.state)
        return self.state[0]


class JaxStream:
    """One jitted step at a time."""

    def __init__(self, case: Case, given: Arrays) -> None:
        import jax

        self.params, step = jax_cell(case, given)
        self.state = jax.device_put(tuple(given[part] for part in states(case.cell)))
        self.xs, self.wait = [jax.device_put(x) for x in given["inputs"]], jax.block_until_ready
        self.jitted = jax.jit(lambda params, state, x: step(params, state, x @ params["W_x"] + params["b"]))

    def step(self, x: Any) -> Any:
        """Take one step."""
        self.state, y = self.jitted(self.params, self.state, x)
        return self.wait(y)


class OnnxStream:
    """One step at a time in onnxruntime: `run`, which returns fresh arrays, as our streams do."""

    def __init__(self, case: Case, given: Arrays) -> None:
        self.session, self.xs = onnx_session(case, given), [x[None] for x in given["inputs"]]
        self.parts = states(case.cell)
        self.names = [f"new_{part}" for part in self.parts]
        self.feed = {part: given[part][None] for part in self.parts}

    def step(self, x: Any) -> Any:
        """Take one step."""
        self.feed["X"] = x
        new = self.session.run(self.names, self.feed)
        self.feed.update(zip(self.parts, new, strict=True))
        return new[0][0]


class OnnxBoundStream:
    """The same in memory bound once: faster, but what a step returns is overwritten by the step after the next."""

    def __init__(self, case: Case, given: Arrays) -> None:
        import onnxruntime

        session, value = onnx_session(case, given), onnxruntime.OrtValue.ortvalue_from_numpy
        self.xs, self.run = [x[None] for x in given["inputs"]], session.run_with_iobinding
        self.x = value(given["inputs"][:1])
        here, there = ({part: value(given[part][None].copy()) for part in states(case.cell)} for _ in range(2))
        self.turns = []  # of two states, each in turn the one that is read and the one that is written
        for old, new in ((there, here), (here, there)):
            binding = session.io_binding()
            binding.bind_ortvalue_input("X", self.x)
            for part in old:
                binding.bind_ortvalue_input(part, old[part])
                binding.bind_ortvalue_output(f"new_{part}", new[part])
            self.turns.append((binding, new["h0"]))

    def step(self, x: Any) -> Any:
        """Take one step."""
        self.turns.reverse()
        binding, h = self.turns[0]
        self.x.update_inplace(x)
        self.run(binding)
        return h.numpy()


def onnx_session(case: Case, given: Arrays) -> Any:
    """Return a session of onnxruntime with the operator RNN, LSTM or GRU over a sequence of length one."""
    import onnx
    import onnxruntime

    helper, order, (_, _, D, H) = onnx.helper, ONNX[case.cell], case.size
    tensors = {
        "W": fused(given, "W_x", order).T[None],
        "R": fused(given, "W_h", order).T[None],
        "B": np.concatenate([fused(given, "b_", order), state_bias(given, order)])[None],
    }
    before = states(case.cell)
    after = [f"new_{part}" for part in before]
    options: dict[str, Any] = {"hidden_size": H} | ({"linear_before_reset": 1} if case.cell == "gru" else {})
    node = helper.make_node(case.cell.upper(), ["X", *tensors, "", *before], ["", *after], **options)
    number = helper.np_dtype_to_tensor_dtype(np.dtype(case.dtype))

    def info(name: str) -> Any:
        return helper.make_tensor_value_info(name, number, [1, 1, D if name == "X" else H])

    values = [onnx.numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in tensors.items()]
    graph = helper.make_graph([node], case.cell, list(map(info, ("X", *before))), list(map(info, after)), values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = case.threads
    return onnxruntime.InferenceSession(model.SerializeToString(), settings, ["CPUExecutionProvider"])


def stream(name: str, case: Case, given: Arrays) -> Any:
    """Return a contender."""
    if name.startswith("torch"):
        return TorchStream(case, given, form=name.partition("-")[2] or "eager")
    if name == "limit":
        return LimitStream(case)
    others = {"ours": OurStream, "onnxruntime": OnnxStream, "onnxruntime-bound": OnnxBoundStream, "jax": JaxStream}
    return others[name](case, given)
