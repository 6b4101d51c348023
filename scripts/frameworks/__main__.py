"""The command: run the four programs and all checks, print what came out and store it."""

from __future__ import annotations

import json
import os
import platform
from importlib import import_module
from typing import Any

import numpy as np

from scripts.frameworks import FILE, PROGRAMS, SIZES, digest, given

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def main() -> None:
    """Run everything."""
    params, inputs, h0 = given()
    programs: dict[str, Any] = {}
    for name in PROGRAMS:
        outputs, d_h0 = import_module(f"scripts.frameworks.in_{name}").run(params, inputs, h0)
        programs[name] = {"outputs": outputs.tolist(), "d_h0": d_h0.tolist()}
    ours = programs["numpy"]
    for found in programs.values():
        for key in ("outputs", "d_h0"):
            found[f"distance_{key}"] = float(np.abs(np.array(found[key]) - np.array(ours[key])).max())
    import keras

    from scripts.frameworks import differences as d

    if keras.backend.backend() != "tensorflow":
        raise SystemExit("expected Keras to compute with TensorFlow: KERAS_BACKEND=tensorflow")
    facts = {"torch": d.in_pytorch(), "keras": d.in_keras(), "jax": d.in_jax(), "mistakes": d.mistakes()}
    names = ("numpy", "torch", "keras", "tensorflow", "jax")
    versions = {name: import_module(name).__version__ for name in names}
    versions["python"] = platform.python_version()
    stored = {"digest": digest(), "versions": versions, "sizes": SIZES, "programs": programs, "facts": facts}
    FILE.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"versions": versions, "facts": facts}, indent=1))
    for name, found in programs.items():
        print(name, np.array(found["outputs"])[-1, 0], found["distance_outputs"], found["distance_d_h0"])


if __name__ == "__main__":
    main()
