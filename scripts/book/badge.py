"""The badge beside a formula: what was computed, how far the two sides are apart, and where to look it up."""

from __future__ import annotations

import html
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from scripts.book.pages import Formula

# For each language: how the kind of a claim was tested, and what came out.
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "equation": "Both sides of every relation were computed from this TeX, as it stands here.",
        "bound": "Both sides were computed from this TeX; the smaller one was never larger.",
        "definition": "The right side was computed from this TeX; the left side comes from the package.",
        "counterexample": "Both sides were computed from this TeX. They differ: every draw misses by this share.",
        "count": "Both sides are whole numbers and agree exactly.",
        "twin": "The function below computes both sides by different routes.",
        "evaluations": "Comparisons",
        "error": "Largest relative error",
        "slack": "Distance, as a share of the larger side",
        "context": "Random networks",
        "equal_in": "An equality in",
        "for_all": "Indices",
        "where": "Registered in",
        "failed": "This formula does not hold.",
        "badge": "How this was checked",
        "exact": "exact",
    },
    "zh": {
        "equation": "每个关系式的两边都由这里所见的 TeX 直接算出。",
        "bound": "两边都由这里所见的 TeX 直接算出；每一次较小的一边确实较小。",
        "definition": "右边由这里所见的 TeX 算出；左边的名字取程序包自己算出的值。",
        "counterexample": "两边都由这里所见的 TeX 算出。它们并不相等：每次抽样相差的比例见下。",
        "count": "两边都是整数，完全相等。",
        "twin": "下面的函数用两条不同的途径算出两边。",
        "evaluations": "比较次数",
        "error": "最大相对误差",
        "slack": "相差（占较大一边的比例）",
        "context": "随机网络",
        "equal_in": "取等号的情形",
        "for_all": "下标范围",
        "where": "登记于",
        "failed": "这个公式不成立。",
        "badge": "这个公式是怎样检验的",
        "exact": "精确",
    },
}


def badge(formula: Formula, evidence: dict[str, Any], place: dict[str, Any], lang: str) -> str:
    """Return the folded badge of a formula that holds."""
    words, kind, slack = WORDS[lang], evidence["kind"], evidence["slack"]
    if kind == "counterexample":
        figure = f"≠ {_span(slack)}"
    elif slack is not None:
        figure = f"✓ {_span(slack)}"
    elif kind == "count" or evidence["error"] == 0:
        figure = f"✓ {words['exact']}"
    else:
        figure = f"✓ {evidence['error']:.0e}"
    rows = [(words["evaluations"], str(evidence["draws"]))]
    rows += [(words["slack"], _span(slack))] if slack is not None else []
    rows += [(words["error"], f"{evidence['error']:.0e}")] if slack is None else []
    for row, names in (("context", evidence["contexts"]), ("equal_in", evidence["equal_in"])):
        if names:
            rows.append((words[row], _separator(lang).join(_context(name, formula) for name in names)))
    if evidence["for_all"]:
        rows.append((words["for_all"], html.escape(_readable(evidence["for_all"]))))
    rows.append((words["where"], f"<code>{place['file']}:{place['line']}</code>"))
    route = "twin" if evidence["twin"] else "tex"
    said = [kind] if route == "tex" else ["count", "twin"] if kind == "count" else ["twin"]
    says = "".join(f"<p>{words[word]}</p>" for word in said)
    source = HtmlFormatter(cssclass="highlight", wrapcode=True)
    twin = highlight(evidence["twin"], PythonLexer(), source) if evidence["twin"] else ""
    listed = "".join(f"<dt>{term}</dt><dd>{value}</dd>" for term, value in rows)
    return (
        f'<details class="eq-badge" data-route="{route}" data-search-exclude="1"><summary title="{words["badge"]}">'
        f'<span class="eq-figure">{figure}</span></summary>'
        f'<div class="eq-evidence">{says}<dl>{listed}</dl>{twin}</div></details>'
    )


def failure(problem: str, lang: str) -> str:
    """Return the badge of a formula that fails: open, and with the reason."""
    return f'<p class="eq-failure" role="alert">✗ {WORDS[lang]["failed"]} {html.escape(problem)}</p>'


def _span(slack: tuple[float, float]) -> str:
    """Write a range of shares in whole percent."""
    low, high = (f"{round(share, 2) + 0.0:.0%}" for share in slack)  # adding 0 takes the sign from what rounding left
    return low if low == high else f"{low}–{high}"


def _separator(lang: str) -> str:
    return "、" if lang == "zh" else ", "


def _context(name: str, formula: Formula) -> str:
    """Link a context to where its source is shown."""
    here = formula.page.path.stem == "notation"
    up = "" if formula.page.path.stem == "index" else "../"
    return f'<a href="{"" if here else up + "notation/"}#context-{name.replace("_", "-")}">{name.replace("_", " ")}</a>'


def _readable(for_all: str) -> str:
    return for_all.replace("<=", "≤").replace(">=", "≥").replace(" and ", ", ")
