"""What the search is told: weights of pages, and Chinese terms as single words."""

from types import SimpleNamespace

import jieba
import pytest
import yaml

from scripts import finding
from scripts.book.closure import ROOT


class Tagged(yaml.SafeLoader):
    """Reads mkdocs.yml without doing what its tags ask for."""


Tagged.add_multi_constructor("", lambda loader, suffix, node: None)
WEIGHTS = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Tagged)["extra"]["weights"]


def config(lang="zh"):
    return SimpleNamespace(docs_dir=str(ROOT / "docs" / lang), extra={"weights": WEIGHTS})


@pytest.fixture
def segmenter(monkeypatch):
    """Give the hook a segmenter that has heard of nothing."""
    fresh = jieba.Tokenizer()
    monkeypatch.setattr(jieba, "add_word", fresh.add_word)
    return fresh


def test_terms_of_the_glossary_are_not_taken_apart(segmenter):
    sentence = "按范数做梯度裁剪，再做梯度检验，看单元状态"
    assert "梯度裁剪" not in segmenter.cut(sentence)
    finding.on_config(config())
    assert {"梯度裁剪", "梯度检验", "单元状态"} <= set(segmenter.cut(sentence))


def test_long_terms_do_not_hide_their_parts(segmenter):
    finding.on_config(config())
    assert "传播" in list(segmenter.cut("沿时间反向传播"))


def test_an_edition_without_chinese_heads_teaches_nothing(segmenter):
    before = len(segmenter.FREQ)
    finding.on_config(config("en"))
    assert len(segmenter.FREQ) == before


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_weight_is_that_of_a_page(lang):
    assert [page for page in WEIGHTS if not (ROOT / "docs" / lang / page).is_file()] == []


def weighed(page, meta):
    asked = SimpleNamespace(meta=meta, file=SimpleNamespace(src_uri=page))
    finding.on_page_markdown("", page=asked, config=config(), files=None)
    return asked.meta


def test_a_page_has_its_weight_where_the_search_looks_for_it():
    assert weighed("glossary.md", {}) == {"search": {"boost": WEIGHTS["glossary.md"]}}
    assert weighed("labs/sunspots.py", {}) == {}
    assert weighed("contexts.md", {"search": {"exclude": False}})["search"].keys() == {"exclude", "boost"}
