"""How the work of a student begins, and what is handed in: names of files, answers, pictures, two files or none."""

import ast
import base64
import inspect
import os
import re
import stat
import sys
from pathlib import Path

import markdown
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnn
from rnn.workshop import pack as packing
from rnn.workshop import start as starting
from rnn.workshop.exercise import registry
from rnn.workshop.pack import Picture, answers, count_words, pack, photos, pictures
from rnn.workshop.start import start, start_exercise, template
from rnn.workshop.wrong import Text

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("zh", "en")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
JPEG = b"\xff\xd8\xff\xe0" + bytes(20)
WEBP = b"RIFF\x00\x00\x00\x00WEBP" + bytes(20)
SVG = (
    b'<?xml version="1.0"?>\n<!-- a > b -->\n<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">\n<svg xmlns="s"/>'
)
HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(20)
windows = os.name == "nt"


def questions(lang: str) -> list[tuple[str, str]]:
    page = (ROOT / "docs" / lang / "answers.md").read_text(encoding="utf-8")
    found = re.findall(r"^## (\d+\. .*) \{ #([a-z0-9-]+) \}$", page, re.M)
    assert len(found) == 18
    return [(key, title) for title, key in found]


def sheet(lang: str = "zh", **given: str) -> str:
    """Return the sheet with some answers by their ids."""
    by_id = {key.replace("_", "-"): answer for key, answer in given.items()}
    return re.sub(
        r"(?<=\n)<!-- ([a-z0-9-]+) -->\n",
        lambda match: f"{match[0]}\n{answer}\n" if (answer := by_id.pop(match[1], None)) is not None else match[0],
        template(f"answers.{lang}.md"),
    )


@pytest.fixture
def work(tmp_path):
    """Return a function that writes a submission and its answers and packs them."""

    def packed(text: str | bytes = "", name: str = "ml-6-张三-2024001", **options):
        source, sheet = tmp_path / f"{name}.py", tmp_path / f"{name}.md"
        source.write_bytes(b"# 1\r\nx = 1\r\n")
        sheet.write_bytes(text.encode() if isinstance(text, str) else text)
        return pack(source, sheet, **options)

    return packed


def no_links(*arguments):
    raise OSError("no links here")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


# ── the texts ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_sheet_has_the_questions_of_the_page(lang):
    text = template(f"answers.{lang}.md")
    found = re.findall(r"^## (.*)\n<!-- ([a-z0-9-]+) -->\n\n", text, re.M)
    parts = {"zh": ["推导", "结果"], "en": ["Derivations", "Results"]}[lang]
    assert [(key, title) for title, key in found[:18]] == questions(lang)
    assert found[18:] == list(zip(parts, ("derivations", "results"), strict=True))
    assert text.startswith("# ")
    assert "{{name}}" in text
    assert "{{number}}" in text
    assert "\r" not in text
    assert all("--" not in comment for comment in re.findall(r"<!--(.*?)-->", text, re.S))


def test_both_sheets_are_the_same_line_for_line():
    shape = [
        [re.match(r"#*|<!--|- |\$\$", line)[0] for line in template(f"answers.{lang}.md").split("\n")]
        for lang in LANGUAGES
    ]
    assert shape[0] == shape[1]
    equations = [re.search(r"\$\$\n.*?\$\$", template(f"answers.{lang}.md"), re.S)[0] for lang in LANGUAGES]
    assert equations[0] == equations[1]
    assert r"\tanh(W_{xh}\,x_t + W_{hh}\,h_{t-1} + b_h)" in equations[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_skeleton_has_the_signatures_of_the_assignment(lang):
    tree = ast.parse(template(f"skeleton.{lang}.py"))
    names = {}
    for node in tree.body:
        for part in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(part, ast.FunctionDef):
                owner = f"{node.name}." if part is not node else ""
                names[owner + part.name] = ast.unparse(part.args)
                assert ast.get_docstring(part)
                assert ast.unparse(part.body[1:][0]) == "raise NotImplementedError"
                assert len(part.body) == 2
    assert names == {
        "SimpleRNN.__init__": "self, input_size, hidden_size, output_size",
        "SimpleRNN.forward": "self, inputs",
        "SimpleRNN.backward": "self, d_outputs",
        "SimpleRNN.update_parameters": "self, learning_rate",
        "LSTMCell.__init__": "self, input_size, hidden_size",
        "LSTMCell.forward": "self, input_t, hidden_state, cell_state",
        "generate_sequence_data": "seq_type='fibonacci', length=1000",
        "train_rnn_on_sequence": "",
    }
    for name, arguments in names.items():  # the package keeps to the same names
        ours = rnn
        for part in name.split("."):
            ours = getattr(ours, part)
        wanted = [argument.split("=")[0] for argument in arguments.split(", ") if argument]
        assert list(inspect.signature(ours).parameters)[: len(wanted)] == wanted
    said = ast.get_docstring(tree)
    for word in ("(T, B, D)", "∂L/∂y", "W_xh (D, H)", "h_0 = 0", "train_rnn_on_sequence()"):
        assert word in said


def test_both_skeletons_are_the_same_program():
    def program(lang):
        tree = ast.parse(template(f"skeleton.{lang}.py"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.Module):
                node.body = node.body[1:]
        return ast.dump(tree)

    assert program("zh") == program("en")


def test_the_texts_are_in_the_package():
    import tomllib

    options = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    assert options["package-data"]["rnn.workshop"] == ["texts/*"]
    names = {
        f"{text}.{lang}.{ending}" for text, ending in (("skeleton", "py"), ("answers", "md")) for lang in LANGUAGES
    }
    assert {path.name for path in (ROOT / "rnn/workshop/texts").iterdir() if path.is_file()} == names


def test_every_sentence_is_in_both_languages():
    for of in (starting.SAID, packing.SAID):
        for key, text in of.items():
            fields = [sorted(set(re.findall(r"\{(\w+)", one))) for one in text]
            assert fields[0] == fields[1], key
            assert re.search(r"[\u4e00-\u9fff]", text.zh), key
            assert not re.search(r"[\u4e00-\u9fff]", text.en), key


# ── start ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", LANGUAGES)
def test_start_writes_two_files(tmp_path, lang):
    code, sheet = start(tmp_path, name="欧阳 娜娜", number="2024-001".replace("-", ""), lang=lang)
    assert [p.name for p in (code, sheet)] == ["ml-6-欧阳 娜娜-2024001.py", "ml-6-欧阳 娜娜-2024001.md"]
    assert code.read_bytes() == template(f"skeleton.{lang}.py").encode()
    assert "欧阳 娜娜\n" in sheet.read_text(encoding="utf-8")
    assert "2024001\n" in sheet.read_text(encoding="utf-8")
    assert "{{" not in sheet.read_text(encoding="utf-8")
    assert len(everything(tmp_path)) == 2


def test_a_name_is_not_taken_for_a_placeholder(tmp_path):
    _, sheet = start(tmp_path, name="{{number}}", number="7")
    assert "- 姓名：{{number}}\n- 学号：7\n" in sheet.read_text(encoding="utf-8")


@pytest.mark.parametrize("ending", [".py", ".md"])
@pytest.mark.parametrize("kind", ["file", "folder", "dangling"])
def test_start_overwrites_nothing(tmp_path, ending, kind):
    path = tmp_path / f"ml-6-a-1{ending}"
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    elif windows:
        pytest.skip("links need rights there")
    else:
        path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError, match=re.escape(path.name)) as error:
        start(tmp_path, name="a", number="1", lang="en")
    assert "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert kind != "file" or path.read_text() == "mine"


def test_start_leaves_no_half_of_it_behind(tmp_path, monkeypatch):
    """The second file cannot be written: the first goes too, and what another has written meanwhile stays."""
    there = tmp_path / "ml-6-a-1.md"
    plain = Path.open

    def raced(path, mode="r", **options):
        if path == there and "x" in mode:
            there.write_text("another's")
        return plain(path, mode, **options)

    monkeypatch.setattr(Path, "open", raced)
    with pytest.raises(FileExistsError, match="nothing has been written"):
        start(tmp_path, name="a", number="1", lang="en")
    assert everything(tmp_path) == {"ml-6-a-1.md": b"another's"}


def test_start_takes_back_what_an_error_interrupts(tmp_path, monkeypatch):
    monkeypatch.setattr(starting, "template", lambda name: "half \ud800" if name.endswith(".md") else "whole")
    with pytest.raises(UnicodeEncodeError):
        start(tmp_path, name="a", number="1")
    assert everything(tmp_path) == {}


def test_start_needs_a_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="没有这个文件夹"):
        start(tmp_path / "none")
    with pytest.raises(ValueError, match="expected zh or en, got 'fr'"):
        start(tmp_path, lang="fr")


BAD = ["", " ", "\u3000", "a/b", "a\\b", "..\\b", "a:b", "a*", "a?", 'a"', "<a", "a>", "a|b", "a\nb", "a\0", "\x7f"]
BAD += [" a", "a ", "\u202ea", "a\u200b", "\ud800", "a\u2028b", "CON", "nul.txt", "Com1", "lpt¹", "aux .x", "姓" * 90]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("part", ["name", "number"])
@pytest.mark.parametrize("bad", BAD)
def test_a_name_that_no_file_can_have_is_refused_in_a_sentence(tmp_path, lang, part, bad):
    with pytest.raises(ValueError) as error:  # noqa: PT011, the sentences are looked at below
        start(tmp_path, **{"name": "a", "number": "1", part: bad}, lang=lang)
    said = str(error.value)
    assert said.isprintable()
    assert re.search(r"[\u4e00-\u9fff]", said) if lang == "zh" else re.match(r"(name|number)( and number)?: ", said)
    assert everything(tmp_path) == {}


def test_a_number_has_no_hyphen_and_a_name_may(tmp_path):
    with pytest.raises(ValueError, match="学号：不能含有连字符"):
        start(tmp_path, name="a", number="20-1")
    code, sheet = start(tmp_path, name="Jean-Luc", number="1")
    assert pack(code, sheet).subject == "6-Jean-Luc-1"


names = st.text(st.sampled_from("张三李四𠮷é·ñ -'.{}()_1aZ"), min_size=1, max_size=12)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=40), names), st.one_of(st.text(max_size=12), names))
def test_whatever_start_accepts_pack_reads_back(tmp_path_factory, name, number):
    folder = tmp_path_factory.mktemp("names")
    try:
        code, sheet = start(folder, name=name, number=number)
    except ValueError:
        assert not any(folder.iterdir())
        return
    assert code.parent == folder
    done = pack(code, sheet)
    assert done.py.read_bytes() == code.read_bytes()
    assert done.subject == f"6-{starting.stem_part(name)}-{starting.stem_part(number)}"
    assert done.py.stem == done.md.stem == code.stem


@pytest.mark.parametrize("lang", LANGUAGES)
def test_start_of_an_exercise(tmp_path, lang):
    exercise = registry()["remedies-5"]
    path = start_exercise(exercise, tmp_path, lang=lang)
    assert path == tmp_path / "remedies-5.py"
    assert path.read_text(encoding="utf-8") == exercise.skeleton(lang)
    path.write_text("mine")
    with pytest.raises(FileExistsError, match=r"remedies-5\.py"):
        start_exercise(exercise, tmp_path, lang=lang)
    assert path.read_text() == "mine"


# ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_empty_sheet_has_no_answers(lang):
    found = answers(sheet(lang), lang)
    assert [(one.id, one.title) for one in found] == questions(lang)
    assert {(one.text, one.words) for one in found} == {("", 0)}


def test_answers_are_found_in_either_language():
    found = {one.id: one for one in answers(sheet("en", lstm="three gates"), "zh")}
    assert found["lstm"] == ("lstm", "8. LSTM 的门", "three gates", 2)


HARD = """## 我的小标题

<!-- TODO -->
```markdown
## 结果
# <!-- lstm -->
```
$$\\frac{\\partial L}{\\partial h}$$

    <!-- gru -->
- 最后"""


def test_an_answer_may_have_headings_code_comments_and_formulas():
    found = {one.id: one.text for one in answers(sheet(hidden_state=HARD, gru="门"), "zh")}
    assert found["hidden-state"] == HARD
    assert found["gru"] == "门"
    assert not found["lstm"]


PIECES = [
    "# 标题",
    "## a",
    "### 12. x",
    "```",
    "~~~py",
    "<!-- 注 -->",
    "<!--",
    "-->",
    "$$",
    "$$x_t$$",
    "| a | b |",
    "  - x",
]
PIECES += [
    "<script>",
    "---",
    "![](a.png)",
    "    code",
    "",
    "\\",
    "{{name}}",
    "%s {0}",
    "<!-- pack -->",
    "\u2028",
    "\x0c",
]
line = st.one_of(
    st.sampled_from(PIECES), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"))
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from([key for key, _ in questions("zh")]), st.lists(line, max_size=6), max_size=6))
def test_what_is_written_is_read_back(written):
    given = {key: "\n".join(lines) for key, lines in written.items()}
    titles = {title for lang in LANGUAGES for _, title in questions(lang)} | {"推导", "结果", "Derivations", "Results"}
    for text in given.values():
        assert not any(re.sub(r"^\s*#+\s*", "", one).strip() in titles for one in text.split("\n"))
    for ends in ("\n", "\r\n", "\r"):
        found = answers("\ufeff" + sheet(**given).replace("\n", ends), "zh")
        assert {one.id: one.text for one in found} == {
            key: packing._trimmed(given.get(key, "").split("\n")) for key, _ in questions("zh")
        }


def test_a_heading_without_its_comment_and_a_comment_without_its_heading():
    text = sheet(lstm="甲", gru="乙", deep="丙").replace("<!-- lstm -->\n", "").replace("## 9. GRU 与它的更新\n", "")
    text = text.replace("## 6. 深层 RNN\n", "#### 六、深层\n\n")
    found = {one.id: one.text for one in answers(text, "zh")}
    assert (found["lstm"], found["gru"], found["deep"]) == ("甲", "乙", "丙")


def test_a_question_twice_and_a_question_missing():
    text = "## 8. LSTM 的门\n<!-- lstm -->\n一\n## 8. LSTM 的门\n<!-- lstm -->\n二\n"
    found = {one.id: one for one in answers(text, "zh")}
    assert found["lstm"].text == "一\n\n二"
    assert len(found) == 18


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("<!-- 写在这里 -->", 0),
        ("<!-- 没有结束", 0),
        ("- \n* …", 0),
        ("遗忘门 f_t", 5),
        ("don't stop, really", 3),
        ("$W_{hh}$", 2),
        ("𠮷", 1),
    ],
)
def test_words_are_counted(text, words):
    assert count_words(text) == words


def test_long_answers_do_not_take_long():
    """No pattern may try again and again on a line of a million characters."""
    for text in (" " * 10**6, "#" * 10**6, "<!--" * 10**5, "![" * 10**5, "`" * 10**6, "|" * 10**5):
        answers(sheet(lstm=text), "zh")
        packing._embedded([text], Path(), "zh", [])


# ── pack ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pack_makes_two_files(work, tmp_path):
    done = work(sheet(lstm="三个门"))
    folder = tmp_path / "submission"
    assert sorted(p.name for p in folder.iterdir()) == ["ml-6-张三-2024001.md", "ml-6-张三-2024001.py"]
    assert done.py.read_bytes() == b"# 1\r\nx = 1\r\n"
    assert done.subject == "6-张三-2024001"
    assert done.unanswered == [title for key, title in questions("zh") if key != "lstm"]
    assert done.warnings == []
    assert done.md.read_bytes() == sheet(lstm="三个门").encode()  # nothing to add, nothing changed
    if not windows:
        modes = {stat.S_IMODE(p.stat().st_mode) for p in folder.iterdir()}
        (tmp_path / "plain").touch()
        assert modes == {stat.S_IMODE((tmp_path / "plain").stat().st_mode)}


def test_a_comment_is_no_answer(work):
    done = work(sheet("en", lstm="<!-- say what each gate does -->", gru="Two gates."), lang="en")
    assert "8. The gates of the LSTM" in done.unanswered
    assert "9. The GRU and its update" not in done.unanswered


@pytest.mark.parametrize("lang", LANGUAGES)
def test_results_and_photos_are_put_where_they_belong(work, lang):
    rows = [(Text("error at the end", "最后的误差"), "0.25"), ["unseen", 0.5, "1|2 <b>"], ("updates", 400)]
    drawn = [Picture("a](x)/loss.png", "image/png", PNG), Picture("b.svg", "image/svg+xml", SVG)]
    done = work(sheet(lang), rows=rows, pictures=drawn, photos=[Picture("p.jpg", "image/jpeg", JPEG)], lang=lang)
    text = done.md.read_text(encoding="utf-8")
    heads, first = {"zh": ("训练 | 数值", "最后的误差"), "en": ("Training | Value", "error at the end")}[lang]
    table = f"| {heads} |  |\n|:--|--:|--:|\n| {first} | 0.25 |  |\n"
    table += "| unseen | 0.5 | 1\\|2 &lt;b&gt; |\n| updates | 400 |  |\n"
    before, after = text.split("<!-- results -->\n\n<!-- pack -->\n\n" + table)
    figure, photo = {"zh": ("图", "推导，第 1 页"), "en": ("Figure", "Derivation, page 1")}[lang]
    data = [base64.b64encode(picture).decode() for picture in (PNG, SVG, JPEG)]
    assert f"{figure} 1 · a__x_/loss.png\n\n![{figure} 1](data:image/png;base64,{data[0]})\n" in after
    assert f'<img alt="{figure} 2" src="data:image/svg+xml;base64,{data[1]}">\n' in after
    assert f"![{photo}](data:image/jpeg;base64,{data[2]})\n" in before.split("<!-- derivations -->")[1]
    taken = re.sub(r"\n<!-- pack -->\n.*?<!-- /pack -->\n", "", text, flags=re.S)
    assert taken == sheet(lang)  # the rest is as it was
    derived = {title for key, title in questions(lang) if key in ("propagation", "weights")}
    assert set(done.unanswered) == {title for _, title in questions(lang)} - derived
    page = markdown.markdown(text, extensions=["tables"])
    assert page.count("<img") == 3
    assert page.count("<tr>") == 4
    assert "<b>" not in page


def test_packing_again_gives_the_same_bytes(work, tmp_path):
    options = {"rows": [["a", "b"], ["1", "2"]], "photos": [Picture("p.png", "image/png", PNG)]}
    text = sheet(gru="<!-- pack -->\n\n门").replace("\n", "\r\n")
    first = everything((done := work(text, **options)).md.parent)
    work(text, again=True, **options)
    assert everything(done.md.parent) == first
    # What has been packed can be packed: the new table stands in place of the old one.
    more = work(first[done.md.name], to=tmp_path / "other", **options)
    assert more.md.read_bytes() == first[done.md.name]
    none = work(first[done.md.name], to=tmp_path / "third")
    assert none.md.read_bytes() == text.replace("\r\n", "\n").encode()


def test_marks_that_are_gone(work):
    options = {"rows": [["a", "1"]], "photos": [Picture("p.png", "image/png", PNG)]}
    text = work("我的回答", **options).md.read_text(encoding="utf-8")
    assert text.startswith("我的回答\n\n## 推导\n<!-- derivations -->\n\n<!-- pack -->\n\n![")
    assert "\n## 结果\n<!-- results -->\n\n<!-- pack -->\n\n| 训练 | 数值 |\n|:--|--:|\n| a | 1 |\n" in text
    again = work(text, again=True, **options).md.read_text(encoding="utf-8")
    assert again == text
    bare = work("甲\n<!-- results -->\n乙", again=True, rows=[["a", 1]]).md.read_text(encoding="utf-8")
    table = "| 训练 | 数值 |\n|:--|--:|\n| a | 1 |"
    assert bare == f"甲\n<!-- results -->\n\n<!-- pack -->\n\n{table}\n\n<!-- /pack -->\n乙\n"


def test_a_derivation_of_ones_own_counts(work):
    for own, missing in (("", 18), ("$$J_t = D_t W_{hh}$$", 16)):
        assert len(work(sheet(derivations=own), again=True).unanswered) == missing


@pytest.mark.parametrize(
    "text",
    ["门".encode("gbk"), "三个门".encode("utf-16"), "abc".encode("utf-16-le"), b"\xff\xfe\x00", "门".encode()[:-1]],
)
def test_another_encoding_is_refused_in_a_sentence(work, tmp_path, text):
    with pytest.raises(ValueError, match=r"^回答：.*\.md 不是 UTF-8 编码，请另存为 UTF-8$"):
        work(text)
    assert not (tmp_path / "submission").exists()


def test_a_mark_at_the_front_and_windows_line_ends(work):
    done = work(b"\xef\xbb\xbf" + sheet(lstm="门").replace("\n", "\r\n").encode())
    assert done.md.read_bytes() == sheet(lstm="门").encode()


@pytest.mark.parametrize(
    "name", ["ml-6-张三", "ml-6--1", "ml-5-张三-1", "ml-6-张三-", "homework", "ml_6_a_1", "x-ml-6-a-1"]
)
def test_the_name_of_the_file_is_checked(work, tmp_path, name):
    with pytest.raises(ValueError, match=r"源文件：文件名应为 ml-6-姓名-学号\.py，得到的是"):
        work(name=name)
    assert not (tmp_path / "submission").exists()


def test_the_placeholders_and_another_ones_answers_are_refused(work, tmp_path):
    for name in ("ml-6-姓名-学号", "ml-6-name-number", "ml-6-张三-学号"):
        with pytest.raises(ValueError, match="还没有换成自己的姓名和学号"):
            work(name=name)
    source = tmp_path / "ml-6-Zhang San-1.py"
    source.touch()
    for name in ("ml-6-ZhangSan-1 (2).md", "ml-6-姓名-学号.md", "answers.md", "ml-6-zhang san-1.md"):
        (tmp_path / name).touch()
        assert pack(source, tmp_path / name, again=True).md.name == "ml-6-Zhang San-1.md"
    (tmp_path / "ml-6-李四-1.md").touch()
    with pytest.raises(ValueError, match="姓名或学号不同"):
        pack(source, tmp_path / "ml-6-李四-1.md", again=True)


def test_files_that_are_not_there(work, tmp_path):
    with pytest.raises(FileNotFoundError, match="源文件：没有文件"):
        pack(tmp_path / "ml-6-a-1.py", tmp_path / "ml-6-a-1.md")
    (tmp_path / "ml-6-a-1.py").touch()
    with pytest.raises(FileNotFoundError, match="回答：没有文件"):
        pack(tmp_path / "ml-6-a-1.py", tmp_path / "ml-6-a-1.md")
    with pytest.raises(NotADirectoryError, match="目标：应为文件夹"):
        work(to=tmp_path / "ml-6-a-1.py")
    assert sorted(everything(tmp_path)) == ["ml-6-a-1.py", "ml-6-张三-2024001.md", "ml-6-张三-2024001.py"]


@pytest.mark.parametrize("ending", [".py", ".md"])
def test_nothing_is_replaced_unless_one_says_so(work, tmp_path, ending):
    there = tmp_path / "submission" / f"ml-6-张三-2024001{ending}"
    there.parent.mkdir()
    there.write_text("old")
    with pytest.raises(FileExistsError, match="什么也没有写"):
        work()
    assert everything(there.parent) == {there.name: b"old"}
    work(again=True)
    assert len(everything(there.parent)) == 2
    assert there.read_bytes() != b"old"


def test_the_students_own_files_are_never_replaced(work, tmp_path):
    for again in (False, True):
        with pytest.raises(ValueError, match="请换一个文件夹"):
            work(sheet(), to=tmp_path, again=again)
    assert everything(tmp_path)["ml-6-张三-2024001.md"] == sheet().encode()


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("number", [1, 2])
def test_two_files_or_none(work, tmp_path, monkeypatch, again, number):
    """The first or the second move fails: everything is as it was."""
    folder = tmp_path / "deep" / "er"
    if again:
        work("old", to=folder)
    before = everything(folder) if again else {}
    calls, plain = [], packing._move

    def failing(source, place, replaces):
        calls.append(place)
        if len(calls) == number:
            raise OSError("no more space")
        plain(source, place, replaces)

    monkeypatch.setattr(packing, "_move", failing)
    with pytest.raises(OSError, match="no more space"):
        work("new", to=folder, again=again)
    assert len(calls) == number
    if again:
        assert everything(folder) == before
    else:
        assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_comes_meanwhile_is_not_replaced(work, tmp_path, monkeypatch, links):
    md = tmp_path / "submission" / "ml-6-张三-2024001.md"
    plain = packing._check_places

    def raced(*arguments):
        plain(*arguments)
        md.parent.mkdir()
        md.write_text("another's")

    monkeypatch.setattr(packing, "_check_places", raced)
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    with pytest.raises(FileExistsError, match=r"2024001\.md：文件已经存在"):
        work()
    assert everything(md.parent) == {md.name: b"another's"}


def test_a_file_system_without_links(work, monkeypatch):
    monkeypatch.setattr(os, "link", no_links)
    assert len(everything(work().py.parent)) == 2


def test_a_large_document_is_warned_of(work):
    big = Picture("p.png", "image/png", PNG + bytes(9_000_000))
    assert work(photos=[big]).warnings == []
    (said,) = work(photos=[big, big], again=True, lang="en").warnings
    assert said.startswith("ml-6-张三-2024001.md has 24.1 MB; many mail servers refuse more than 20 MB")


def test_a_block_of_code_without_an_end_is_warned_of(work):
    text = sheet(lstm="```python\nx\n```\n", gru="~~~\nx\n```\n")
    line = text.split("\n").index("~~~") + 1
    (said,) = work(text).warnings
    assert said == f"回答：第 {line} 行开始的代码块没有结束，后面的内容都成了代码"


def test_pictures_beside_the_answers_are_put_in(work, tmp_path):
    (tmp_path / "图").mkdir()
    (tmp_path / "图" / "a b.png").write_bytes(PNG)
    (tmp_path / "x.svg").write_bytes(SVG)
    (tmp_path / "secret.txt").write_text("mine")
    text = '![展开](图/a%20b.png "标题") ![](<图/a b.png>)\n![门](x.svg)\n```\n![](x.svg)\n```\n'
    text += "![](none.png) ![](secret.txt) ![](https://example.org/a.png)"
    done = work(sheet(lstm=text))
    written = {one.id: one.text for one in answers(done.md.read_text(encoding="utf-8"), "zh")}["lstm"].split("\n")
    data = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert written[0] == f'![展开]({data} "标题") ![]({data})'
    assert written[1].startswith('<img alt="门" src="data:image/svg+xml;base64,')
    assert written[2:] == text.split("\n")[2:]
    assert done.warnings == [
        "回答里的图 none.png 放不进去：没有这个文件",
        "回答里的图 secret.txt 放不进去：不是 PNG、JPEG、WebP、GIF 或 SVG",
    ]


# ── pictures and photos ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def drawn(tmp_path):
    """Return a function that takes pictures from a folder beside which a secret lies."""
    folder = tmp_path / "box"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(PNG)

    def take(*paths):
        said: list[Text] = []
        found = pictures(folder, [str(path) for path in paths], tell=said.append)
        assert all(one.isprintable() for text in said for one in text)
        return found, [text.en for text in said]

    take.folder = folder
    return take


def test_pictures_are_known_by_what_is_in_them(drawn):
    for name, data in {
        "a.png": PNG,
        "b.png": JPEG,
        "c.jpg": SVG,
        "d.png": b"GIF89a",
        "e.svg": HEIC,
        "f.png": b"",
    }.items():
        (drawn.folder / name).write_bytes(data)
    (drawn.folder / "sub" / "g.png").write_bytes(PNG)
    found, said = drawn(
        *(drawn.folder / f"{n}.{e}" for n, e in zip("abcdef", ["png", "png", "jpg", "png", "svg", "png"], strict=True)),
        "sub/g.png",
        "a.png",
    )
    assert found == [
        ("a.png", "image/png", PNG),
        ("b.png", "image/jpeg", JPEG),
        ("c.jpg", "image/svg+xml", SVG),
        ("sub/g.png", "image/png", PNG),
        ("a.png", "image/png", PNG),
    ]
    assert said == [f"{name}: left out, because it is no PNG, JPEG or SVG" for name in ("d.png", "e.svg", "f.png")]


@pytest.mark.parametrize(
    "data",
    [
        b"<html><svg></svg></html>",
        b"<svgx/>",
        b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>',
        b"<!-- <svg> -->",
        b"<?xml <svg>",
        b"\xff<svg/>",
        b" " * 5000 + b"<svg/>",
        b"<!---->" * 100_000,
    ],
)
def test_what_is_no_svg(data):
    assert packing._kind(data) is None


def test_svg_with_a_mark_at_the_front():
    assert packing._kind(b"\xef\xbb\xbf\n<svg>") == packing._kind(SVG) == "image/svg+xml"


@pytest.mark.skipif(windows, reason="links need rights there")
def test_pictures_come_from_the_folder_alone(drawn, tmp_path):
    folder, secret = drawn.folder, tmp_path / "secret.png"
    (folder / "link.png").symlink_to(secret)
    (folder / "dir").symlink_to(tmp_path)
    (folder / "near.png").symlink_to(folder / "real.png")
    (folder / "real.png").write_bytes(PNG)
    os.link(secret, folder / "hard.png")
    os.mkfifo(folder / "pipe.png")
    found, said = drawn("link.png", "dir/secret.png", "near.png", "hard.png", "pipe.png", "sub", "none.png")
    assert found == []
    assert len(said) == 7
    assert all("not an ordinary file" in one for one in said)
    found, said = drawn(secret, "../secret.png", "sub/../../secret.png", ".", "", "/etc/hostname", "a\0.png")
    assert found == []
    assert len(said) == 7
    assert all("not in the folder" in one for one in said)
    assert len(drawn("sub/../real.png", folder / "real.png")[0]) == 2
    seen = tmp_path / "seen"
    seen.symlink_to(folder)
    assert len(pictures(seen, [str(seen / "real.png"), str(folder / "real.png")])) == 2


@pytest.mark.skipif(windows, reason="links need rights there")
def test_pictures_where_no_step_can_be_taken_from_a_folder(drawn, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "supports_dir_fd", set())
    (drawn.folder / "real.png").write_bytes(PNG)
    (drawn.folder / "link.png").symlink_to(drawn.folder / "real.png")
    (drawn.folder / "dir").symlink_to(tmp_path)
    found, said = drawn("real.png", "link.png", "dir/secret.png")
    assert [one.name for one in found] == ["real.png"]
    assert len(said) == 2


def test_no_file_stays_open(drawn):
    """Every step opens a folder; all of them are closed, also when the last step fails."""
    (drawn.folder / "a.png").write_bytes(PNG)
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("no list of open files here")
    before = len(list(descriptors.iterdir()))
    for _ in range(20):
        drawn("a.png", "sub/none.png", "none/none.png", "sub")
    assert len(list(descriptors.iterdir())) == before


def test_pictures_are_few_and_small(drawn):
    for n in range(12):
        (drawn.folder / f"{n}.png").write_bytes(PNG)
    (drawn.folder / "big.png").write_bytes(PNG + bytes(packing.LARGEST_PICTURE))
    (drawn.folder / "fits.png").write_bytes(PNG + bytes(packing.LARGEST_PICTURE - len(PNG)))
    found, said = drawn("big.png", "fits.png", *(f"{n}.png" for n in range(12)))
    assert [one.name for one in found] == ["fits.png", *(f"{n}.png" for n in range(7))]
    assert said == ["big.png: left out, because it has more than 5 MB", "5 more pictures are left out: 8 are enough"]
    _, said = drawn(*(f"none-{n}" for n in range(1000)))
    assert len(said) == packing.MOST_PATHS + 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters()), max_size=5))
def test_no_path_can_do_harm(drawn, paths):
    """A name from a stranger ends in a sentence, and never in an error or in characters that a terminal obeys."""
    found, said = drawn(*paths)
    assert found == []
    assert len(said) == len(set(paths))


def test_photos(tmp_path):
    for name, data in (("1.jpg", JPEG), ("2.PNG", PNG), ("3.webp", WEBP)):
        (tmp_path / name).write_bytes(data)
    found = photos([tmp_path / "1.jpg", tmp_path / "2.PNG", tmp_path / "3.webp"])
    assert [(one.name, one.mime) for one in found] == [
        ("1.jpg", "image/jpeg"),
        ("2.PNG", "image/png"),
        ("3.webp", "image/webp"),
    ]
    assert [one.data for one in found] == [JPEG, PNG, WEBP]


@pytest.mark.parametrize(
    ("data", "en", "zh"),
    [
        (HEIC, "is HEIC.*save it as JPEG", "HEIC 格式.*另存为 JPEG"),
        (b"%PDF-1.7", "expected JPEG, PNG or WebP", "只收 JPEG、PNG 或 WebP"),
        (SVG, "expected JPEG, PNG or WebP", "只收 JPEG、PNG 或 WebP"),
        (b"", "expected JPEG, PNG or WebP", "只收 JPEG、PNG 或 WebP"),
        (JPEG + bytes(10_000_000), r"at most 10 MB, got 10\.1 in", r"最多 10 MB，.*有 10\.1 MB"),
    ],
)
def test_photos_that_are_refused(tmp_path, data, en, zh):
    (tmp_path / "p.jpg").write_bytes(data)
    for lang, said in (("en", en), ("zh", zh)):
        with pytest.raises(ValueError, match=said) as error:
            photos([tmp_path / "p.jpg"], lang=lang)
        assert "p.jpg" in str(error.value)
    with pytest.raises(FileNotFoundError, match="照片：没有文件"):
        photos([tmp_path / "none.jpg"])
    with pytest.raises(FileNotFoundError):
        photos([tmp_path])


@pytest.mark.skipif(sys.platform == "win32", reason="needs the list of modules of a fresh Python")
def test_packing_needs_numpy_alone():
    import subprocess

    program = (
        "import sys, rnn.workshop.start, rnn.workshop.pack\n"
        "heavy = {'matplotlib', 'rich', 'typer', 'PIL', 'markdown'} & {m.split('.')[0] for m in sys.modules}\n"
        "sys.exit(', '.join(heavy) or 0)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
