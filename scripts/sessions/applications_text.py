"""The chapter applications: what a small network writes after one sonnet, and how much of it is copied."""

# --8<-- [start:shown]
from difflib import SequenceMatcher

import numpy as np

from rnn.characters import train_character_model
from rnn.poems import TEXTS

sonnet = TEXTS["sonnet"]
sizes = {"hidden_size": 32, "seq_len": 25}
for updates in (60, 600):
    model = train_character_model(sonnet, updates=updates, **sizes)
    written = model.generate(120, rng=np.random.default_rng(1))
    pieces = SequenceMatcher(None, written, sonnet, autojunk=False)
    same = pieces.find_longest_match()
    print(f"--- {updates} updates; the longest copied piece has {same.size} characters")
    print(written)
# --8<-- [end:shown]

assert same.size >= 25  # what the page says
