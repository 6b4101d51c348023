"""Experiments that the tests of the laboratory run."""
