r"""Every formula of the book holds, and the loom that says so notices when one does not."""

from __future__ import annotations

import numpy as np
import pytest

from rnn import SimpleRNN, gradients, lstm
from rnn.equations import Equation, bindings, check, equation, registry, twin
from rnn.equations.context import Run, world
from rnn.equations.tex import Evaluator, Rows, TexError, compare, parse
from rnn.equations.worlds import elman, nearly_linear, rows, wide
from scripts.book.closure import ROOT
from scripts.book.pages import Page

FORMULAS = {
    formula.name: formula.tex
    for path in sorted((ROOT / "docs" / "en").rglob("*.md"))
    for formula in Page(path, path.read_text(encoding="utf-8")).formulas
}
REGISTRY = registry()


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_equation_holds(name):
    result = check(REGISTRY[name], FORMULAS[name])
    assert result.ok, result.why
    assert result.draws >= 3


# --------------------------------------------------------------------------- how TeX is read


@world(means={r"p_i": r"A_i\,u"}, held=["s"])
def small(q: Run, rng: np.random.Generator):
    """Symbols of every shape, and a chain s₀ → s₁ → s₂ → s₃ in which the weight w acts at every step."""
    q["T"], q["n"], q["m"], q["I"] = 4, 3, 2, np.eye(3)
    q["u"], q["v"] = rng.normal(size=(3, 1)), rng.normal(size=(3, 1))
    q["B"], q["c"] = rng.normal(size=(2, 3)), rng.normal()
    q["W_{hh}"], q["b_{h}"] = rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    q[r"\tilde{c}", 1] = rng.normal(size=(3, 1))
    q[r"\overrightarrow{c}", 1], q[r"\overleftarrow{W}_{hh}"] = q[r"\tilde{c}", 1], q["W_{hh}"]
    q[r"y^\ast", 2] = rng.normal(size=(3, 1))
    for i in range(1, 5):
        q["A", i] = rng.normal(size=(3, 3))
    q[r"\mathtt{X}"], q[r"\mathtt{r}"] = rng.normal(size=(4, 3)).view(Rows), rng.normal(size=(1, 3)).view(Rows)
    q["w"] = rng.normal(size=(3, 1))
    q["s", 0] = rng.normal(size=(3, 1))
    for t in range(1, 5):
        q["s", t] = np.sin(q["A", t] @ q["s", t - 1]) * q["w"]
    q["E"] = (q["s", 3] ** 2).sum()
    return lambda: {("g",): 2 * q["s", 3]}


def verdict(tex: str, for_all: str = "", where=small, kind: str = "", approx: float = 0.0):
    return check(Equation("x", "x.py", 1, kind, (where,), for_all, approx=approx), tex)


@pytest.mark.parametrize(
    "tex",
    [
        r"A_1 A_2 u = A_1\,(A_2\,u)",
        r"A_1 + A_2 A_3 = (A_2 A_3) + A_1",
        r"u \odot v + u = (v \odot u) + u",
        r"-u + v = v - u",
        r"A_1\,u \odot v = (A_1 u) \odot v",
        r"u^2 = u \odot u",
        r"A_1^2 = A_1 A_1",
        r"A_1^{3} = A_1 \cdot A_1 \cdot A_1",
        r"1 - u^2 = -(u \odot u - 1)",
        r"u^\top v = v^{\top} u",
        r"u^{\!\top} u = \lVert u \rVert^2",
        r"(A_1 A_2)^\top = A_2^\top A_1^\top",
        r"\tanh(u)^2 = \tanh^2(u)",
        r"\tanh u^2 = \tanh(u^2)",
        r"\tanh u \odot v = \tanh(u) \odot v",
        r"\tanh'(u) = 1 - \tanh^2(u)",
        r"\sigma'(u) = \sigma(u) \odot (1 - \sigma(u))",
        r"\exp(\log(\exp(u))) = \exp u",
        r"\sqrt{c^2} = \lvert c \rvert",
        r"\sinh u = \tfrac{1}{2} (\exp(u) - \exp(-u))",
        r"\operatorname{diag}(u)\,v = u \odot v",
        r"\operatorname{tr}(A_1 A_2) = \operatorname{tr}(A_2 A_1)",
        r"\det(A_1 A_2) = \det(A_1)\,\det(A_2)",
        r"\rho(A_1^\top) = \rho(A_1)",
        r"\sigma_{\mathrm{max}}(A_1) = \lVert A_1 \rVert",
        r"\sigma_{\mathrm{min}}(A_1)\,\lVert u \rVert \le \lVert A_1 u \rVert \le \sigma_{\mathrm{max}}(A_1)\,\lVert u\rVert",
        r"\frac{u}{2} = \tfrac{1}{2} u = 0.5\,u",
        r"\sum_{i=1}^{3} A_i u = \Bigl(\sum_{i=1}^{3} A_i\Bigr)\,u",
        r"\sum_{i=1}^{3} i = 6",
        r"\sum_{i=1}^{3} i^2 + 1 = 15",
        r"\prod_{i=1}^{3} A_i = A_1 A_2 A_3",
        r"\prod_{i=3}^{1} A_i = A_3 A_2 A_1",
        r"\prod_{i=1}^{3} \bigl(A_i^\top\bigr)\,u = A_1^\top A_2^\top A_3^\top u",
        r"\prod_{i=1}^{3} i = 6",
        r"(W_{hh} b_h) = W_{hh}\,b_{h}",
        r"p_2 = A_{2} u",
        r"\tilde c_1 = \tilde{c}_1",
        r"\overleftarrow{W}_{hh}\,\overrightarrow{c}_1 = W_{hh}\,\tilde{c}_1",
        r"\begin{cases} u, & c > 100 \\ v, & \text{otherwise} \end{cases} = 1 v",
        r"\begin{cases} u, & c < 100 \\ v, & c \ge 100 \end{cases} = 1 u",
        r"[u; v]^\top [u; v] = \lVert u \rVert^2 + \lVert v \rVert^2",
        r"[u, v]^\top [v, u] = 2\,u^\top v",
        r"\begin{bmatrix} u \\ v \end{bmatrix} = [u; v]",
        r"\begin{bmatrix} A_1 & A_2 \end{bmatrix} \begin{bmatrix} u \\ v \end{bmatrix} = A_1 u + A_2 v",
        r"\begin{bmatrix} A_1 & u \\ v^\top & 1 \end{bmatrix} \begin{bmatrix} u \\ 2 \end{bmatrix} = [A_1 u + 2 u; \begin{bmatrix} v^\top u + 2 \end{bmatrix}]",
        r"\underbrace{\begin{bmatrix} B & B \end{bmatrix}}_{m\times(n+n)} = \begin{bmatrix} B^\top \\ B^\top \end{bmatrix}^\top",
        r"\begin{aligned} u &= \begin{bmatrix} I & A_1 \end{bmatrix} [u; 0 v] \\ v &= 1 v - \begin{bmatrix} A_1 & A_1 \end{bmatrix} [u; -u] \end{aligned}",
        r"\underbrace{B}_{m\times n}\,\underbrace{u}_{n\times 1} = B u",
        r"\underbrace{u^\top v}_{1\times 1} = v^\top u",
        r"\mathtt{X} + \mathtt{r} - \mathtt{r} = 1 \mathtt{X}",
        r"\mathtt{X}^2 = \mathtt{X} \odot \mathtt{X}",
        r"1 - \mathtt{X}^2 = -(\mathtt{X}^2 - 1)",
        r"0 = u - u + 0 v",
        r"\lVert A_1 u\rVert \le \lVert A_1\rVert\,\lVert u\rVert",
        r"u \ne v",
        r"A_1 A_2 \ne A_2 A_1",
        r"\begin{aligned} u + v &= v + u \\ &= 1 v \\ &\quad + u, & A_1 u &= A_1 (u) \\ u^2 &= u \odot u. \end{aligned}",
        r"u + v = v + u, \qquad u - v = -(v - u)",
        r"\frac{\partial E}{\partial s_3} = 2\,s_3",
        r"\frac{\partial E}{\partial s_1} = \Bigl(\frac{\partial s_3}{\partial s_2}\,\frac{\partial s_2}{\partial s_1}\Bigr)^{\!\top} (2\,s_3)",
        r"\frac{\partial A_1 u}{\partial u} = 1 A_1",
        r"\frac{\partial s_1}{\partial s_2} = 0",
        r"\frac{\partial s_3}{\partial w} = \frac{\partial^+ s_3}{\partial w} + \frac{\partial s_3}{\partial s_2} \frac{\partial s_2}{\partial w}",
        r"\frac{\partial^{+} s_3}{\partial w} \ne \frac{\partial s_3}{\partial w}",
        r"\underbrace{\frac{\partial E}{\partial A_2}}_{n\times n} = \frac{\partial E}{\partial s_2}\,u^\top - \frac{\partial E}{\partial s_2}\,u^\top + \frac{\partial E}{\partial A_2}",
    ],
)
def test_reading(tex):
    result = verdict(tex)
    assert result.ok, result.why


@pytest.mark.parametrize(
    ("tex", "for_all"),
    [
        (r"\prod_{i=a}^{b} A_i = \prod_{i=a}^{b-1} \bigl(A_i\bigr)\, A_b", "1 <= a <= b <= T"),
        (r"\prod_{i=b}^{a} A_i = A_b \prod_{i=b-1}^{a} \bigl(A_i\bigr)", "1 <= a <= b <= T"),
        (r"\prod_{i=a+1}^{b} A_i\; = \Bigl(\prod_{i=b}^{a+1} \bigl(A_i^\top\bigr)\Bigr)^\top", "0 <= a <= b <= T"),
        (r"\sum_{i=a+1}^{a} i = 0", "1 <= a <= T"),
        (r"\sum_{i=a+1}^{T} A_i u = \Bigl(\sum_{i=a+1}^{T} A_i\Bigr)\,u", "0 <= a <= T"),
        (r"\sum_{i=1}^{a} \sum_{k=1}^{i} 1 = \frac{a\,(a+1)}{2}", "1 <= a <= T"),
        (r"\frac{\partial s_t}{\partial s_k} = 0", "1 <= t < k <= T"),
    ],
)
def test_reading_with_free_indices(tex, for_all):
    result = verdict(tex, for_all)
    assert result.ok, result.why


FALSE = [
    (r"u = v", "differ by"),
    (r"A_1 A_2 = A_2 A_1", "differ by"),
    (r"u = u^\top", "left side is 3×1, the right side 1×3"),
    (r"\lVert u\rVert = u", "left side is a scalar"),
    (r"\log(u - u) = 1 v", "not a number"),
    (r"2 \lVert A_1 u\rVert \ge 3 \lVert A_1\rVert\,\lVert u\rVert", "bound is broken"),
    (r"\lVert u\rVert < 1\,\lVert u\rVert", "bound is broken"),
    (r"u + v \ne v + u", "agree to"),
    (r"u \odot v = v \odot u, \qquad u = 2 u", "differ by"),
    (r"\begin{aligned} u + v &= v + u \\ &= v \end{aligned}", "differ by"),
]


@pytest.mark.parametrize(("tex", "why"), FALSE)
def test_what_is_false_fails(tex, why):
    result = verdict(tex)
    assert not result.ok
    assert why in result.why
    assert "in the context “small”" in result.why
    assert result.row >= 1


UNREADABLE = [
    (r"A_3 \cdots A_1 = A_1", r"does not parse at “\cdots"),
    (r"u = v, \quad t = 1, \dots, T", "does not parse"),
    (r"t \in T", r"does not parse at “\in"),
    (r"u = v \text{ if } c > 0", "does not parse"),
    (r"u \approxeq v", "does not parse"),
    (r"u +", "does not parse"),
    (r"u = (v", "does not parse"),
    (r"u", "does not parse"),
    ("u = v \\\\\nw = \\wp", "row 2 of the formula"),
    (r"[B; u] = u", "blocks do not meet: 2×3, 3×1"),
    (r"q = u", "unknown name q; the context “small” offers A, B, E,"),
    (r"A_5 u = u", "unknown name A_{5}"),
    (r"A_t u = u", "unknown name t"),
    (r"A_{1.5} = A_1", "an index must be an integer, not 1.5"),
    (r"A_{u} = A_1", "an index must be a number, not 3×1"),
    (r"u v = u", "cannot multiply 3×1 by 3×1"),
    (r"A_1 + u = A_1", "cannot add 3×3 and 3×1"),
    (r"1 - A_1 = A_1", "cannot add a scalar and 3×3"),
    (r"u \odot A_1 = u", r"cannot take the \odot of 3×1 and 3×3"),
    (r"\mathtt{X} + u = \mathtt{X}", "cannot add 4×3 and 3×1"),
    (r"\begin{bmatrix} A_1 & B \end{bmatrix} u = u", "blocks do not meet: 3×3, 2×3 beside each other"),
    (r"\begin{bmatrix} A_1 \\ u \end{bmatrix} u = u", "blocks do not meet: 3×3, 3×1 below each other"),
    (r"\begin{bmatrix} A_1 & \end{bmatrix} u = u", "does not parse"),
    (r"B^2 = B", "a square matrix is needed, not 2×3"),
    (r"\operatorname{diag}(A_1) = A_1", "diag takes a vector, not 3×3"),
    (r"c^\top = c", "a scalar has no transpose"),
    (r"\frac{1}{u} = u", "cannot divide by 3×1"),
    (r"\lvert u\rvert = c", "takes a number, not 3×1"),
    (r"(u)_1 = c", "a subscript does not fit"),
    (r"\prod_{i=1}^{3} A_i\,u = u", r"put brackets around what \prod multiplies"),
    (r"\sum_{i=3}^{1} i = 6", r"limits of \sum run backwards"),
    (r"\sum_{i}^{3} i = 6", "must read “i=…”"),
    (r"\underbrace{B}_{n\times m} = B", "the brace claims 3×2, the value is 2×3"),
    (r"\begin{cases} u, & c > 100 \end{cases} = u", "no case applies"),
    (r"\frac{\partial u}{\partial q} = A_1", "cannot differentiate by q"),
    (r"\frac{\partial u}{\partial p_1} = A_1", "cannot differentiate by p_{1}"),
    (r"\frac{\partial g}{\partial u} = A_1", "g is only observed"),
    (r"\frac{\partial s_1}{\partial A_1} = A_1", "3×1 by 3×3 is no matrix"),
    (r"\frac{\partial (u + v)}{\partial (u)} = A_1", "taken by a symbol"),
    (r"\frac{\partial \lvert c\rvert}{\partial c} = 1", "not analytic"),
    (r"\frac{\partial \lVert A_1\rVert}{\partial A_1} = A_1", "not analytic"),
    (r"\frac{\partial \frac{\partial E}{\partial u}}{\partial u} = A_1", "needs a twin"),
    (r"u = u", "nothing is tested"),
    (r"A_1 u = A_{1} u", "nothing is tested"),
    (r"u - u = v - v", "both sides are zero"),
    (r"u = v, \qquad w - w = v - v", "differ by"),
]


@pytest.mark.parametrize(("tex", "why"), UNREADABLE)
def test_what_cannot_be_read_is_never_skipped(tex, why):
    result = verdict(tex)
    assert not result.ok
    assert why in result.why


@pytest.mark.parametrize(
    ("tex", "for_all", "why"),
    [
        (r"A_i A_k = A_k A_i", "9 <= i <= T and k == 1", "no index satisfies"),
        (r"\prod_{i=a}^{b} A_i = A_1", "1 <= a <= 3 and b == 2", "cannot tell which way"),
        (r"\frac{\partial^+ L}{\partial b_h} = 0", "", r"does not say what \partial^+ holds"),
    ],
)
def test_ranges_that_say_nothing(tex, for_all, why):
    result = verdict(tex, for_all, where=rows if "+" in tex else small)
    assert not result.ok
    assert why in result.why


def test_an_approximation_holds_as_far_as_the_chapter_says():
    nearly = r"u^\top u \approx 1.02 u^\top u"
    assert verdict(nearly, approx=0.05).ok
    assert "differ by 2e-02, allowed is 1e-02" in verdict(nearly, approx=0.01).why
    assert "how far may it be off" in verdict(nearly).why
    assert not verdict(r"u^\top u = 1.02 u^\top u", approx=0.05).ok  # an equality stays exact


def test_parts_that_only_the_package_names_are_found():
    """A family such as δ from t to k may be observed without being declared in TeX."""
    result = verdict(r"\lVert \delta_{t\leftarrow t}\rVert = \lVert e_t\rVert", "1 <= t <= T", wide)
    assert result.ok, result.why


def test_counts_are_exact_and_whole():
    assert verdict(r"\sum_{i=1}^{T} i = 10", kind="count").ok
    assert "whole numbers" in verdict(r"\frac{1}{3} + \frac{2}{3} = 1 + u^\top u - u^\top u", kind="count").why
    assert not verdict(r"\sum_{i=1}^{T} i = 11", kind="count").ok


def test_a_notation_cannot_be_checked_against_its_own_meaning():
    result = verdict(r"\delta_t = \frac{\partial L}{\partial h_t}", "1 <= t <= T", elman)
    assert not result.ok
    assert "register it as a definition" in result.why
    assert verdict(r"\delta_t = \frac{\partial L}{\partial h_t}", "1 <= t <= T", elman, "definition").ok


def test_a_definition_needs_the_package_on_its_left():
    result = verdict(r"2 h_t = h_t + h_t", "1 <= t <= T", elman, "definition")
    assert not result.ok
    assert "that the package computes too" in result.why


def test_an_observed_value_cannot_be_differentiated():
    context = small.draw(0)
    evaluator = Evaluator(context, context.bumped(("u",), (0, 0), {}), {}, {})
    with pytest.raises(TexError, match="is only observed"):
        evaluator(parse("g", "sum"))


# --------------------------------------------------------------------------- the numbers behind a verdict


def test_errors_are_relative_to_the_larger_side():
    a, b = np.array([[100.0], [1.0]]), np.array([[101.0], [1.0]])
    assert compare("=", a, b).error == pytest.approx(1 / 101)
    assert compare("=", b, a).error == pytest.approx(1 / 101)
    assert compare(r"\le", a, b).slack == 0
    assert compare(r"\ge", b + 1, a).slack == pytest.approx(1 / 102)
    assert compare("=", np.zeros((2, 1)), np.zeros(())).ok
    assert not compare("=", np.full((2, 1), 1e-3), np.zeros(())).ok  # against a bare 0 the error is absolute
    assert not compare("=", np.array(np.nan), np.array(np.nan)).ok
    assert not compare(r"\ne", np.array(1.0), np.array(1.009)).ok
    assert compare(r"\ne", np.array(1.0), np.array(1.02)).ok
    assert compare(r"\approx", np.array(1.0), np.array(1.02), approx=0.05).ok
    assert not compare(r"\approx", np.array(0.0), np.array(1e-5), approx=0.05).ok  # a tenth of zero is zero
    assert not compare(r"\approx", np.array(1.0), np.array(1.02), approx=0.01).ok


def test_derivatives_do_not_depend_on_formulas():
    """A derivative in TeX is the complex step of the world's own computation: compare with differences."""
    context = elman.draw(4)
    h = 1e-6

    def loss(value):
        run = Run({("h", 2): value})
        elman.model(run, np.random.default_rng(4))
        return run["L"]

    at = context.base["h", 2]
    differences = np.array([[(loss(at + h * e) - loss(at - h * e)) / (2 * h)] for e in np.eye(len(at))[:, :, None]])
    step = Evaluator(context, context.base, {}, {})(parse(r"\frac{\partial L}{\partial h_2}", "sum"))
    np.testing.assert_allclose(step, differences.reshape(step.shape), rtol=1e-7)


@pytest.mark.parametrize("where", [elman, nearly_linear, rows])
def test_draws_differ_and_repeat(where):
    first, again, other = where.draw(0), type(where.draw(0))(where, 0), where.draw(1)
    assert first.base.keys() == again.base.keys()
    assert all(np.array_equal(first.base[key], again.base[key]) for key in first.base)
    assert any(first.base["D",] != other.base["D",] for other in map(where.draw, range(1, 6)))
    sizes = [int(first.base[name,]) for name in "BDHO" if (name,) in first.base]
    assert len(set(sizes)) == len(sizes)
    assert not np.array_equal(first.base["L",], other.base["L",])
    for key, value in first.base.items():
        if key[0] in ("b_{h}", "b_{y}") or key[0].endswith("h"):
            assert np.all(value != 0), f"{key} has zeros: a term could hide"


def test_bindings_may_run_over_the_steps_of_a_source():
    from rnn.equations.seq2seq import attending

    context = attending.draw(0)
    S, T = int(context.base["S"]), int(context.base["T"])
    assert S != T
    assert len(bindings("1 <= t <= T and 1 <= j <= S", context)) == S * T


def test_bindings_are_all_that_the_range_allows():
    context = small.draw(0)
    assert bindings("0 <= k < t <= T", context) == [
        {"k": k, "t": t} for k in range(5) for t in range(5) if 0 <= k < t <= 4
    ]
    assert bindings("", context) == [{}]


# --------------------------------------------------------------------------- a broken package


def broken(name: str) -> bool:
    """Check one formula of the book on fresh draws."""
    for where in REGISTRY[name].worlds:
        type(where).draw.cache_clear()
    try:
        return not check(REGISTRY[name], FORMULAS[name]).ok
    finally:
        for where in REGISTRY[name].worlds:
            type(where).draw.cache_clear()


def test_a_wrong_sign_in_the_derivative_is_named(monkeypatch):
    assert not broken("bptt-rows-delta")
    monkeypatch.setattr(SimpleRNN, "derivative", lambda self, h: 1 + h**2)
    assert broken("bptt-rows-delta")
    assert broken("bptt-rows-package")
    assert broken("bptt-step-jacobian")
    assert not broken("bptt-product")  # the mathematics has not changed


def test_a_product_in_the_wrong_order_is_named(monkeypatch):
    right = gradients.gradient_product
    monkeypatch.setattr(gradients, "gradient_product", lambda *args: right(*args).T)
    assert broken("bptt-transfer")
    assert broken("bptt-delta")


def test_a_forward_pass_without_its_bias_is_named(monkeypatch):
    monkeypatch.setattr(
        SimpleRNN, "pre_activation", lambda self, x, h: x @ self.params["W_xh"] + h @ self.params["W_hh"]
    )
    assert broken("bptt-forward")
    assert broken("notation-step")
    assert broken("notation-step-rows")


def test_a_wrong_gate_is_named(monkeypatch):
    monkeypatch.setattr(lstm, "sigmoid", lambda a: np.tanh(a))
    assert broken("notation-lstm")


# --------------------------------------------------------------------------- twins and the registry


def test_a_twin_compares_its_two_sides():
    assert check(twin()(lambda rng: (1.0, 1.0)), "").ok
    assert not check(twin()(lambda rng: (1.0, 1.0 + 1e-9)), "").ok
    assert not check(twin("count")(lambda rng: (3, 4)), "").ok
    assert check(twin("count")(lambda rng: (10**15, 10**15)), "").ok
    assert not check(twin("count")(lambda rng: (10**15, 10**15 + 1)), "").ok
    assert check(twin("bound")(lambda rng: (1.0, 2.0)), "").ok
    assert not check(twin("bound")(lambda rng: (2.0, 1.0)), "").ok
    assert not check(twin("counterexample")(lambda rng: (2.0, 2.0)), "").ok
    assert "nothing is tested" in check(twin()(lambda rng: (np.zeros(3), np.zeros(3))), "").why


def test_the_registry_knows_where_everything_stands():
    for name, eq in REGISTRY.items():
        line = (ROOT / eq.file).read_text(encoding="utf-8").splitlines()[eq.line - 1]
        assert line.startswith(("@twin", name.replace("-", "_"))), f"{name}: {eq.file}:{eq.line}: {line}"


def test_a_name_begins_with_its_chapter(monkeypatch):
    from rnn.equations import bptt

    monkeypatch.setattr(bptt, "vanishing_bound", equation(where=elman), raising=False)
    with pytest.raises(ValueError, match=r"vanishing-bound: a name begins with its chapter, bptt"):
        registry()
