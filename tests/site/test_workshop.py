"""Answers of one's own: written, kept, compared, marked, handed on; for everybody, and on no other page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from host import ROOT, Site
from playwright.sync_api import Page, expect
from reading import LOCALE, OTHER, Reader, too_wide, visit, watch
from test_access import barriers

QUESTIONS = 18
MINE = "The state $h_t$ is handed on.\n\n## with a heading of its own\n\n循环。"
PHONE, DESK = 390, 1366
FIELD = "textarea[data-key='{}']"
EQUATION = "#eq-answers-product"  # in the model answer of question 12


def answers(site: Site, lang: str, place: str = "") -> str:
    return f"{site.url}{lang}/answers/{place}"


def field(page: Page, question: str = "recurrent"):
    return page.locator(FIELD.format(question))


def model(page: Page, question: str = "recurrent"):
    return page.locator(f".model[data-question='{question}']")


def button(page: Page, question: str = "recurrent"):
    return page.locator(f".own:has({FIELD.format(question)}) button")


def news(page: Page):
    return page.locator(".own-news")


def exported(page: Page, tmp_path: Path) -> tuple[str, str]:
    """Press Export, and return the name and the text of the file."""
    with page.expect_download() as coming:
        page.locator("[data-do=give]").click()
    path = tmp_path / coming.value.suggested_filename
    coming.value.save_as(path)
    return path.name, path.read_bytes().decode("utf-8")


def choose(page: Page, text: str, encoding: str = "utf-8") -> None:
    """Import a file."""
    page.locator(".desk input[type=file]").set_input_files(
        {"name": "mine.md", "mimeType": "text/markdown", "buffer": text.encode(encoding)}
    )


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_what_is_written_stays_and_is_there_in_the_other_language(
    site: Site, reader: Reader, lang: str, width: int
) -> None:
    page = reader(width=width, locale=LOCALE[lang])
    _, complaints = watch(page, site.url)
    visit(page, answers(site, lang))
    count = page.locator(".desk-count")
    expect(count).to_contain_text(str(QUESTIONS))
    field(page).fill(MINE)
    field(page, "weights").fill("x")
    field(page, "lstm").fill("   ")  # blanks are no answer
    page.locator("[data-key='@name']").fill("李雷")
    expect(count).to_contain_text("2")
    page.wait_for_load_state("networkidle")  # what is left behind half loaded would be a complaint
    page.reload()
    expect(field(page)).to_have_value(MINE)
    expect(count).to_contain_text("2")
    page.wait_for_load_state("networkidle")
    page.goto(answers(site, OTHER[lang]))
    expect(field(page)).to_have_value(MINE)
    expect(page.locator("[data-key='@name']")).to_have_value("李雷")
    page.wait_for_load_state("networkidle")
    assert complaints == []


def test_every_question_has_a_field_with_a_name_of_its_own(site: Site, reader: Reader, lang: str) -> None:
    page = reader(locale=LOCALE[lang])
    visit(page, answers(site, lang))
    fields = page.locator("textarea")
    expect(fields).to_have_count(QUESTIONS)
    names = fields.evaluate_all("(fields) => fields.map((field) => field.ariaLabel)")
    assert len(set(names)) == QUESTIONS
    for number, name in enumerate(names, start=1):
        assert re.search(rf" {number}\. ", name)
    assert page.locator(".model").evaluate_all("(all) => all.every((one) => one.hidden === 'until-found')")


def test_other_pages_carry_nothing_of_it(site: Site) -> None:
    for path in site.folder.rglob("*.html"):
        here = path.parent.name == "answers"
        text = path.read_text(encoding="utf-8")
        assert ("js/answers.js" in text, 'class="own"' in text, "css/answers.css" in text) == (here, here, here), path


def test_the_count_is_that_of_words_and_of_signs(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, answers(site, "en"))
    for text, words in (("two words", 2), ("don’t stop", 2), ("循环网络", 4), ("用 tanh 两次。", 4), ("h = W x", 3)):
        field(page).fill(text)
        expect(page.locator(".own-count").first).to_have_text(f"Words: {words}")
    field(page).fill("")
    expect(page.locator(".own-count").first).to_be_hidden()


def test_the_count_is_read_out_when_one_rests_not_at_every_key(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, answers(site, "en"))
    page.evaluate("""() => {
        window.said = [];
        const regions = document.querySelectorAll("[role=status], [aria-live]:not([aria-live=off]), output");
        for (const region of regions) {
            const listen = () => window.said.push(region.textContent);
            new MutationObserver(listen).observe(region, { childList: true, characterData: true, subtree: true });
        }
    }""")
    field(page).press_sequentially("one two three four", delay=20)
    page.wait_for_timeout(4000)
    assert page.evaluate("window.said") == ["Words: 4"]


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_compare_reveals_and_points_are_added_up(site: Site, reader: Reader, lang: str, width: int) -> None:
    page = reader(width=width, locale=LOCALE[lang])
    visit(page, answers(site, lang))
    words = {"en": ("Show without writing", "Compare", "Fold away"), "zh": ("不写，直接看", "对照答案", "收起答案")}
    without, compare, fold = words[lang]
    expect(button(page)).to_have_text(without)
    field(page).fill(MINE)
    expect(button(page)).to_have_text(compare)
    expect(model(page).locator("p").first).to_be_hidden()
    button(page).click()
    expect(button(page)).to_have_text(fold)
    expect(button(page)).to_have_attribute("aria-expanded", "true")
    expect(model(page).locator("p").first).to_be_visible()
    expect(model(page).locator(".katex-html").first).to_be_visible()
    expect(model(page, "weights").locator("p").first).to_be_hidden()  # the others wait

    model(page).locator("details:has(.point) > summary").click()
    points = model(page).locator(".point input")
    assert points.count() == 4  # what points are lost by is none of them
    points.nth(0).check()
    points.nth(1).check()
    total = page.locator(".own-points").first
    expect(total).to_have_text({"en": "3 of 6 points", "zh": "得 3 分，共 6 分"}[lang])
    page.goto(answers(site, OTHER[lang]))
    expect(total).to_have_text({"zh": "3 of 6 points", "en": "得 3 分，共 6 分"}[lang])
    button(page).click()
    model(page).locator("details:has(.point) > summary").click()
    assert [box.is_checked() for box in points.all()] == [True, True, False, False]
    for box in points.all():
        box.uncheck()
    expect(total).to_be_hidden()
    button(page).click()
    expect(model(page).locator("p").first).to_be_hidden()


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_link_into_an_answer_opens_it(site: Site, reader: Reader, lang: str, width: int) -> None:
    page = reader(width=width, locale=LOCALE[lang])
    visit(page, answers(site, lang, EQUATION))
    expect(page.locator(EQUATION)).to_be_in_viewport()
    expect(button(page, "propagation")).to_have_attribute("aria-expanded", "true")
    expect(button(page)).to_have_attribute("aria-expanded", "false")
    page.evaluate("() => { location.hash = '#eq-answers-cell' }")
    expect(page.locator("#eq-answers-cell")).to_be_in_viewport()
    page.goto("about:blank")
    visit(page, answers(site, lang, "#propagation"))  # the question: one is to write first
    expect(page.locator("#propagation")).to_be_in_viewport()
    expect(page.locator(EQUATION)).to_be_hidden()
    page.goto("about:blank")
    visit(page, answers(site, lang, "?h=tanh#recurrent"))  # a result of the search
    expect(model(page).locator("p").first).to_be_visible()
    expect(page.locator("article mark").first).to_be_attached()


def test_the_search_of_the_browser_opens_what_it_finds(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, answers(site, "en"))
    words = re.findall(r"\b[a-z]+ [a-z]+ [a-z]+ [a-z]+\b", model(page, "weights").locator("p").first.text_content())[0]
    page.goto("about:blank")
    visit(page, answers(site, "en", f"#:~:text={words.replace(' ', '%20')}"))  # it goes by the same way as Ctrl-F
    expect(model(page, "weights").locator("p").first).to_be_in_viewport()
    expect(button(page, "weights")).to_have_attribute("aria-expanded", "true")
    expect(button(page)).to_have_attribute("aria-expanded", "false")


def test_without_javascript_all_is_there_and_nothing_is_dead(site: Site, reader: Reader, lang: str) -> None:
    page = reader(js=False, locale=LOCALE[lang])
    page.goto(answers(site, lang))
    assert page.locator("textarea, .own, .desk, article button").count() == 0
    expect(page.locator(EQUATION)).to_be_visible()
    assert page.locator(".model").count() == QUESTIONS
    assert page.locator(".model[hidden]").count() == 0


def test_paper_has_all_answers_and_no_controls(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, answers(site, "en"))
    field(page).fill(MINE)
    page.emulate_media(media="print")
    expect(page.locator(EQUATION)).to_be_visible()
    assert page.locator(EQUATION).bounding_box()["height"] > 20
    expect(page.locator(".desk")).to_be_hidden()
    expect(field(page)).to_be_visible()
    expect(field(page, "weights")).to_be_hidden()
    expect(button(page)).to_be_hidden()


def test_export_has_the_form_of_the_template(site: Site, reader: Reader, lang: str, tmp_path: Path) -> None:
    page = reader(locale=LOCALE[lang])
    responses, complaints = watch(page, site.url)
    visit(page, answers(site, lang))
    assert exported(page, tmp_path)[0] == "ml-6-name-number.md"
    field(page).fill(MINE)
    field(page, "applications").fill("last")
    page.locator("[data-key='@name']").fill(" 李雷 ")
    page.locator("[data-key='@number']").fill("2026/1234")
    before = len(responses)
    name, text = exported(page, tmp_path)
    assert name == "ml-6-李雷-20261234.md"
    assert text.startswith("# ")
    assert text.endswith("\n")
    source = (ROOT / "docs" / lang / "answers.md").read_text(encoding="utf-8")
    asked = re.findall(r"^## (\d+\. .*) \{ #([\w-]+) \}$", source, re.M)
    assert len(asked) == QUESTIONS
    parts = re.findall(r"^## (.*)\n<!-- ([\w-]+) -->$", text, re.M)
    assert parts[:QUESTIONS] == asked
    assert [key for _, key in parts[QUESTIONS:]] == ["derivations", "results"]
    assert f"<!-- recurrent -->\n\n{MINE}\n\n## 2. " in text
    assert "<!-- applications -->\n\nlast\n\n## " in text
    assert "<!-- lstm -->\n\n## 9. " in text
    assert "李雷" in text.split("## 1. ")[0]
    assert [r.url for r in responses[before:] if not r.url.startswith("blob:")] == []
    assert complaints == []


def test_what_was_exported_can_be_imported(site: Site, reader: Reader, lang: str, tmp_path: Path) -> None:
    page = reader(locale=LOCALE[lang])
    visit(page, answers(site, lang))
    field(page).fill(MINE)
    field(page, "weights").fill("a sum")
    _, text = exported(page, tmp_path)
    text = text.replace("<!-- derivations -->", "<!-- derivations -->\n\n$$x$$")
    again = reader(locale=LOCALE[OTHER[lang]])
    visit(again, answers(site, OTHER[lang]))
    choose(again, text.replace("\n", "\r\n"))
    expect(field(again)).to_have_value(MINE)
    expect(field(again, "weights")).to_have_value("a sum")
    expect(field(again, "lstm")).to_have_value("")
    expect(news(again)).to_contain_text("2")
    again.reload()
    assert "<!-- derivations -->\n\n$$x$$" in exported(again, tmp_path)[1]  # the page has no field for it, and keeps it


def test_import_asks_before_a_longer_answer_goes(site: Site, reader: Reader) -> None:
    page = reader()
    visit(page, answers(site, "en"))
    asked: list[str] = []
    reply = [False]

    def answer(dialog) -> None:
        asked.append(dialog.message)
        dialog.accept() if reply[0] else dialog.dismiss()

    page.on("dialog", answer)
    field(page).fill("a long answer of mine")
    field(page, "lstm").fill("old")
    short = (
        "# T\n\n## 1. q\n<!-- recurrent -->\n\nshort\n\n## 8. q\n<!-- lstm -->\n\nlonger than old\n\n"
        "## 9. q\n<!-- gru -->\n\n<!-- write here -->\n"
    )
    choose(page, short)
    expect(field(page, "lstm")).to_have_value("longer than old")
    expect(field(page)).to_have_value("a long answer of mine")
    expect(field(page, "gru")).to_have_value("")  # a comment is no answer
    assert len(asked) == 1
    assert "1" in asked[0]
    reply[0] = True
    choose(page, short)
    expect(field(page)).to_have_value("short")
    choose(page, "# not such a file\n\n## 1. and no comment\n\ntext\n")
    expect(news(page)).to_contain_text("no answers")
    expect(field(page)).to_have_value("short")
    choose(page, "# T\n\n## 1. q\n<!-- recurrent -->\n\n循环网络带着状态。\n", "gb18030")
    expect(field(page)).to_have_value("循环网络带着状态。")


def test_delete_asks_and_then_leaves_nothing(site: Site, reader: Reader, lang: str) -> None:
    page = reader(locale=LOCALE[lang])
    visit(page, answers(site, lang))
    field(page).fill(MINE)
    page.locator("[data-key='@name']").fill("李雷")
    choose(page, "## D\n<!-- derivations -->\n\n$$x$$\n")
    button(page).click()
    model(page).locator("details:has(.point) > summary").click()
    model(page).locator(".point input").first.check()
    replies = iter(("dismiss", "accept"))
    page.on("dialog", lambda dialog: getattr(dialog, next(replies))())
    delete = page.locator("[data-do=leave]")
    delete.click()
    expect(field(page)).to_have_value(MINE)
    delete.click()
    expect(field(page)).to_have_value("")
    expect(page.locator("[data-key='@name']")).to_have_value("")
    expect(page.locator(".own-points").first).to_be_hidden()
    stored = page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('unrolled-answers'))")
    assert stored == []


BLOCKED = {
    "full": "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') };",
    "forbidden": """Object.defineProperty(window, "localStorage", {
        get: () => { throw new DOMException("forbidden", "SecurityError") } });""",
}


@pytest.mark.parametrize("how", BLOCKED)
def test_where_nothing_can_be_kept_it_is_said_once_and_works(
    site: Site, reader: Reader, how: str, lang: str, tmp_path: Path
) -> None:
    page = reader(locale=LOCALE[lang])
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.add_init_script(BLOCKED[how])
    page.goto(answers(site, lang), wait_until="load")
    expect(news(page)).to_be_empty()
    field(page).fill(MINE)
    expect(news(page)).not_to_be_empty()
    page.evaluate("document.querySelector('.own-news').textContent = ''")
    field(page, "weights").fill("more")
    expect(news(page)).to_be_empty()
    expect(page.locator(".desk-count")).to_contain_text("2")
    assert MINE in exported(page, tmp_path)[1]
    assert [error for error in errors if "answers" in error] == []


def test_two_tabs_do_not_overwrite_each_other(site: Site, reader: Reader) -> None:
    first = reader()
    visit(first, answers(site, "en"))
    second = first.context.new_page()
    visit(second, answers(site, "zh"))
    field(first).fill("from the first")
    expect(field(second)).to_have_value("from the first")
    field(second, "weights").fill("from the second")
    expect(field(first, "weights")).to_have_value("from the second")
    field(first).fill("from the first, more")
    second.reload()
    expect(field(second)).to_have_value("from the first, more")
    expect(field(second, "weights")).to_have_value("from the second")
    expect(second.locator(".desk-count")).to_contain_text("2")


def test_the_keyboard_is_enough(site: Site, reader: Reader, lang: str) -> None:
    page = reader(locale=LOCALE[lang])
    visit(page, answers(site, lang))
    page.locator("[data-key='@name']").focus()
    stops = []
    for _ in range(7):
        stops.append(
            page.evaluate(
                "document.activeElement.dataset.key ?? document.activeElement.dataset.do "
                "?? document.activeElement.type ?? document.activeElement.className"
            )
        )
        page.keyboard.press("Tab")
        if stops[-1] == "leave":
            break
    assert stops == ["@name", "@number", "give", "file", "leave"]
    field(page).focus()
    page.keyboard.type("mine")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(model(page).locator("p").first).to_be_visible()
    expect(button(page)).to_be_focused()
    page.keyboard.press("Space")
    expect(model(page).locator("p").first).to_be_hidden()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.evaluate(outline) == "solid"
    page.locator(".desk input[type=file]").focus()
    assert page.evaluate("getComputedStyle(document.activeElement.parentElement).outlineStyle") == "solid"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_it_keeps_nobody_out(site: Site, reader: Reader, axe: str, lang: str, width: int, dark: bool) -> None:
    page = reader(width=width, locale=LOCALE[lang], dark=dark)
    page.emulate_media(reduced_motion="reduce")
    visit(page, answers(site, lang))
    field(page).fill(MINE)
    button(page).click()
    model(page).locator("details:has(.point) > summary").click()
    model(page).locator(".point input").first.check()
    choose(page, "no answers")
    expect(news(page)).to_be_visible()
    page.evaluate("for (const formula of document.querySelectorAll('.katex-html')) formula.remove()")
    assert barriers(page, axe) == []
    controls = "article :is(button, textarea, input:not([type=file]))"
    small = page.evaluate(
        """(controls) => [...document.querySelectorAll(controls)]
        .filter((part) => part.checkVisibility({ contentVisibilityAuto: true }))
        .map((part) => [part.outerHTML.slice(0, 60), part.getBoundingClientRect()])
        .filter(([, { width, height }]) => width < 24 || height < 24).map(([text]) => text)""",
        controls,
    )
    assert [text for text in small if "md-c" not in text] == []


def test_it_fits_a_narrow_screen(site: Site, reader: Reader, lang: str) -> None:
    page = reader(width=320, locale=LOCALE[lang])
    visit(page, answers(site, lang))
    field(page).fill("long " * 100)
    button(page).click()
    assert too_wide(page) == []
    height = "(field) => [field.scrollHeight, field.clientHeight]"
    inside, seen = field(page).evaluate(height)
    assert inside <= seen + 1, "the field has not grown with its text"


def test_an_exercise_with_a_check_says_so(site: Site, reader: Reader, lang: str) -> None:
    page = reader(locale=LOCALE[lang])
    visit(page, f"{site.url}{lang}/remedies/#exercise-remedies-5")
    box = page.locator("#exercise-remedies-5")
    expect(box).to_be_in_viewport()
    expect(box.locator("p").last).to_contain_text("rnn check remedies-5 remedies-5.py")
    box.locator("p").last.locator("a").click()
    page.wait_for_url(f"{site.url}{lang}/workshop/#check-exercises")
