"""The chapter applications: what a small network writes after one sonnet, and how much of it is copied."""

# --8<-- [start:shown]
from difflib import SequenceMatcher

import numpy as np

from rnn.characters import train_character_model
from rnn.poems import TEXTS

sonnet = TEXTS["sonnet"]
for updates in (60, 600):
    model = train_character_model(sonnet, hidden_size=32, seq_len=25, updates=updates)
    written = model.generate(120, rng=np.random.default_rng(1))
    same = SequenceMatcher(None, written, sonnet, autojunk=False).find_longest_match()
    copied = written[same.a : same.a + same.size]
    print(f"--- {updates} updates; {same.size} characters in a row stand in the sonnet: {copied!r}")
    print(written)
# --8<-- [end:shown]

assert same.size >= 25  # what the page says
