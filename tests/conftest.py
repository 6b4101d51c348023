"""What the tests share."""

import logging

import markdown
import numpy as np
import pytest

from scripts import book
from scripts.book.closure import ROOT

EXTENSIONS = [
    "pymdownx.superfences",
    "pymdownx.highlight",
    "pymdownx.arithmatex",
    "pymdownx.snippets",
    "pymdownx.details",
    "admonition",
    "tables",
]


@pytest.fixture
def rng():
    """Return a generator that begins the same way in every test."""
    return np.random.default_rng(20240)


@pytest.fixture
def weave(tmp_path, caplog):
    """Return a function that converts the first of some pages and says what was complained about."""

    def convert(*texts: str, lang: str = "en") -> tuple[str, list[str]]:
        book._EDITIONS.clear()
        caplog.clear()
        for number, text in enumerate(texts):
            (tmp_path / f"page{number}.md").write_text(text, encoding="utf-8")
        options = {
            "pymdownx.arithmatex": {"generic": True},
            "pymdownx.snippets": {"base_path": [str(ROOT)], "check_paths": True},
        }
        md = markdown.Markdown(
            extensions=[*EXTENSIONS, book.BookExtension(lang=lang, docs=str(tmp_path))], extension_configs=options
        )
        with caplog.at_level(logging.WARNING, "mkdocs.plugins.book"):
            html = md.convert(texts[0])
        said = [record.getMessage() for record in caplog.records]
        return html, [message for message in said if "is on no page of the edition" not in message]

    return convert
