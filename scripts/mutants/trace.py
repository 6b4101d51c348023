"""Run tests and note which lines of the package each of them executes."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest


class Watch:
    """A plugin of pytest that tells coverage which test is running, and takes the processor's time."""

    def __init__(self, watched: coverage.Coverage) -> None:
        self.watched = watched
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[Any]:
        """Let what follows count for this test."""
        self.watched.switch_context(item.nodeid)
        start = time.process_time()
        yield
        self.seconds[item.nodeid] = time.process_time() - start
        self.watched.switch_context("")


def trace(args: list[str], report: str) -> int:
    """Run pytest and write, for each test, its seconds and the lines it executes.

    Parameters
    ----------
    args : list of str
        For pytest.
    report : str
        The JSON file to write: ``{test: [seconds, {file: [line, …]}]}``.

    Returns
    -------
    int
        The exit code of pytest.
    """
    watched = coverage.Coverage(data_file=None, include=["rnn/*.py"], config_file=False)
    watch = Watch(watched)
    watched.start()
    code = int(pytest.main(args, plugins=[watch]))
    watched.stop()
    reached: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    data = watched.get_data()
    for file in data.measured_files():
        for line, tests in data.contexts_by_lineno(file).items():
            for test in tests:
                reached[test][os.path.relpath(file)].append(line)
    found = {test: [seconds, reached[test]] for test, seconds in watch.seconds.items()}
    Path(report).write_text(json.dumps(found), encoding="utf-8")
    return code
