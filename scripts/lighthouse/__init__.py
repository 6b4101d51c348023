"""Scores of the built pages as Lighthouse gives them; reported, never a gate."""
