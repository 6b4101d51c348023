"""What `make status` counts is what stands in the pages."""

from __future__ import annotations

import re

from rnn.equations import registry
from scripts import status
from scripts.book.closure import ROOT


def test_the_sums_are_those_of_the_pages(capsys):
    status.main()
    printed = capsys.readouterr().out
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs" / "en").glob("*.md")))
    (sums,) = (line.split() for line in printed.splitlines() if line.split()[:1] == ["all"])
    counted = dict(zip(status.COLUMNS, (int(number.replace(",", "")) for number in sums[1:]), strict=True))
    assert counted["equations"] == len(registry())
    assert counted["equations"] - counted["evaluated"] == sum(eq.twin is not None for eq in registry().values())
    assert counted["claims"] > counted["evaluated"]
    assert counted["exercises"] == len(re.findall(r"^!!! exercise ", text, re.M))
    assert counted["quizzes"] == text.count("!!! quiz")
    assert 0 < counted["words"] < counted["字"]
    kinds = re.search(r"equations by kind: (.*?)exercises by kind: (.*?)myths", printed, re.S)
    assert kinds
    assert sum(map(int, re.findall(r"\d+", kinds[1]))) == counted["equations"]
    assert sum(map(int, re.findall(r"\d+", kinds[2]))) == counted["exercises"]
