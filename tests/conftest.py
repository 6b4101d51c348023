"""What the tests of the package share."""

import numpy as np
import pytest


@pytest.fixture
def rng():
    """Return a generator that begins the same way in every test."""
    return np.random.default_rng(20240)
