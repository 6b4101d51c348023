"""A hook of MkDocs: what the search puts first, and which Chinese words it keeps whole.

Most words stand in most chapters.  Where one is defined should come before where it is used, and both before the pages
that collect questions or errors: `mkdocs.yml` says how much each page weighs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import jieba

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

# A term of the Chinese glossary. A longer one would hide its parts: 反向传播 is to be found in 沿时间反向传播.
TERM = re.compile(r"^### ([一-鿿]{2,4}) ·", re.M)


def on_config(config: MkDocsConfig) -> None:
    """Teach the search's segmenter the words of the glossary, which it would take apart: 梯度裁剪 is one."""
    glossary = Path(config.docs_dir) / "glossary.md"
    for term in TERM.findall(glossary.read_text(encoding="utf-8")) if glossary.is_file() else ():
        jieba.add_word(term)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> None:
    """Give a page its weight where the search looks for it."""
    if weight := config.extra.get("weights", {}).get(page.file.src_uri):
        page.meta.setdefault("search", {})["boost"] = weight
