"""One contender in a process of its own: it reads a request a line and writes an answer a line, both JSON."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

BEGIN = time.process_time()  # the start of the interpreter is nobody's merit

SHORTEST = 0.01  # seconds of a sample
PROBES = 3  # random directions in which results are compared
RATE = 1e-6  # so small that thousands of steps leave the weights, and so the work, as they are


class Worker:
    """What the parent asks for, a method a request."""

    def __init__(self, name: str, threads: int) -> None:
        import resource

        self.name, self.threads, self.resource = name, threads, resource
        from scripts.bench import contenders

        self.contenders = contenders
        self.versions = contenders.load(name, threads)
        self.imported = time.process_time() - BEGIN
        # One thread is measured by the time that its core has worked, two by the clock.
        self.clock = time.process_time if threads == 1 else time.perf_counter

    def hello(self) -> dict[str, Any]:
        """Say what is running here."""
        try:
            from threadpoolctl import threadpool_info

            pools = [{key: pool.get(key) for key in KEYS} for pool in threadpool_info()]
        except ImportError:
            pools = []
        return {"versions": self.versions, "python": sys.version.split()[0], "pools": pools}

    def start(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return the CPU seconds from the start until all is imported, and until the first gradient."""
        contender = self.make(case)[0]
        contender.train()
        return {"import": self.imported, "first": time.process_time() - BEGIN}

    def memory(self, case: dict[str, Any]) -> dict[str, Any]:
        """Return how many bytes more a training step needs at its peak than the imports have left occupied."""
        before = resident("VmRSS") or 1024 * self.resource.getrusage(self.resource.RUSAGE_SELF).ru_maxrss
        contender = self.make(case)[0]
        contender.train()  # what compiles or allocates once does so here
        contender.train()
        peak = Path("/proc/self/clear_refs")
        if peak.exists():
            peak.write_text("5")  # forget the peak so far
        contender.train()
        after = resident("VmHWM") or 1024 * self.resource.getrusage(self.resource.RUSAGE_SELF).ru_maxrss
        return {"bytes": after - before}

    def prepare(self, case: dict[str, Any]) -> dict[str, Any]:
        """Set up a case in the fastest of the contender's forms; return projections of its results for comparison."""
        from scripts.bench import Case, arrays

        self.case = Case(**case)
        self.contender: Any = None  # lets go of the last case's memory
        self.operation = self.case.kind
        given = arrays(self.case)
        if self.case.kind == "stream":
            from scripts.bench.streams import stream

            self.contender = stream(self.name, self.case, given)
            projections = project({} if self.name == "limit" else self.streamed())
            seconds = self.warm(self.contender)
        else:
            checked = self.contenders.forms(self.name, self.case, given, 1.0)[0]
            projections = project(checked.results())
            del checked
            candidates = self.contenders.forms(self.name, self.case, given, RATE)
            seconds, self.contender = min(((self.warm(one), one) for one in candidates), key=lambda pair: pair[0])
        self.repeat = max(1, math.ceil(SHORTEST / max(seconds, 1e-7)))
        return {"projections": projections, "form": getattr(self.contender, "form", ""), "repeat": self.repeat}

    def sample(self) -> dict[str, Any]:
        """Return the seconds of one step, over as many as make a sample."""
        steps = self.repeat * (len(self.contender.xs) if self.operation == "stream" else 1)
        return {"seconds": self.time(self.contender, self.repeat) / steps}

    def make(self, case: dict[str, Any]) -> Any:
        """Return the contender for training in its first form."""
        from scripts.bench import Case, arrays

        self.case = Case(**case)
        return self.contenders.forms(self.name, self.case, arrays(self.case), RATE)

    def streamed(self) -> dict[str, Any]:
        """Return what the steps over the inputs give."""
        import numpy as np

        step = self.contender.step
        return {"outputs": np.array([np.array(step(x)).reshape(-1) for x in self.contender.xs])}

    def warm(self, contender: Any) -> float:
        """Run until it is warm, a slow one twice at least; return the median seconds without the first run."""
        seconds, start = list[float](), time.perf_counter()
        while len(seconds) < 2 or time.perf_counter() - start < 3 * SHORTEST:
            seconds.append(self.time(contender, 1))
        return median(seconds[1:])

    def time(self, contender: Any, repeat: int) -> float:
        """Return the seconds of so many training steps, or of so many runs over the inputs of a stream."""
        clock = self.clock
        if self.operation == "stream":
            step, xs = contender.step, contender.xs
            start = clock()
            for _ in range(repeat):
                for x in xs:
                    step(x)
            return clock() - start
        work = getattr(contender, self.operation)
        start = clock()
        for _ in range(repeat):
            work()
        return clock() - start


KEYS = ("user_api", "internal_api", "version", "threading_layer", "architecture", "num_threads")


def resident(key: str) -> int:
    """Return a number of bytes that Linux knows about this process: VmRSS now, VmHWM at its peak; elsewhere 0."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(key)), 0)


def project(results: dict[str, Any]) -> dict[str, list[float]]:
    """Reduce every result to its norm and its products with a few random directions, the same in each process.

    Two results that agree in these agree everywhere, but by a chance that is as good as none; and the largest would
    be hundreds of megabytes to hand over.
    """
    import numpy as np

    reduced = {}
    for name, value in results.items():
        rng, flat = np.random.default_rng(len(name)), np.asarray(value, np.float64).reshape(-1)
        reduced[name] = [float(np.linalg.norm(flat))]
        reduced[name] += [float(rng.standard_normal(flat.size, np.float32) @ flat) for _ in range(PROBES)]
    return reduced


def main() -> None:
    """Answer until there is nothing more to read."""
    name, threads, cores = sys.argv[1], int(sys.argv[2]), [int(core) for core in sys.argv[3].split(",") if core]
    if cores:
        os.sched_setaffinity(0, cores)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not come between the answers

    def answer(value: dict[str, Any]) -> None:
        print(json.dumps(value), file=answers, flush=True)

    worker: Worker | None = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            worker = worker or Worker(name, threads)
            answer(getattr(worker, request.pop("do"))(**request))
        except Exception as error:
            answer({"error": f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"})


if __name__ == "__main__":
    main()
