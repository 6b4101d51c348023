"""The commands of the workshop: start, check, pack."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from rnn.workshop.wrong import Text

if TYPE_CHECKING:
    import typer
    from rich.console import Console

    from rnn.workshop.assignment import Report
    from rnn.workshop.check import Limits
    from rnn.workshop.exercise import Exercise
    from rnn.workshop.wrong import Wrong

SAYS = {
    "passed": Text("Everything passes.", "全部通过。"),
    "difference": Text("{where}: expected {expected}, got {got}", "{where}：应为 {expected}，得到 {got}"),
    "advice": Text("To think about: {sentence}", "值得想一想：{sentence}"),
    "watching": Text("Waiting for {file} to be saved; Ctrl-C ends.", "等待 {file} 保存；按 Ctrl-C 结束。"),
    "hint": Text("Hint {number} of 3: {hint}", "提示 {number}/3：{hint}"),
    "exercise": Text("{id} passes.", "{id} 通过。"),
    "next": Text("`rnn check {id} --hint 1` gives a hint.", "`rnn check {id} --hint 1` 给出提示。"),
    "wrote": Text("wrote {path}", "已写入 {path}"),
    "table": Text("submissions", "作业"),
    "file": Text("file", "文件"),
    "verdict": Text("verdict", "结果"),
    "why": Text("why", "原因"),
    "ok": Text("passes", "通过"),
    "of": Text("{passed} of {all} pass", "{all} 份中 {passed} 份通过"),
    "unanswered": Text("Not answered yet: {names}", "还没有回答：{names}"),
    "subject": Text("Subject of the mail: {subject}", "邮件主题：{subject}"),
    "not-packed": Text(
        "Nothing was packed, because the check fails; --anyway packs it as it is.",
        "检查没有通过，所以没有打包；加 --anyway 可以照原样打包。",
    ),
    "self": Text(
        "{exercises} exercises, {planted} planted mistakes: every skeleton fails, every model answer passes, every"
        " mistake is named.",
        "{exercises} 道练习，{planted} 处埋设的错误：骨架都不通过，参考答案都通过，错误都被指出名称。",
    ),
}


def language() -> str:
    """Return the language of this terminal: zh where it is set to Chinese, else en."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].startswith("zh") else "en"
    return "en"


def said(key: str, lang: str, **values: Any) -> str:
    """Return one of our sentences."""
    return str(getattr(SAYS[key], lang).format(**values))


def add(app: "typer.Typer") -> None:
    """Add the commands to the command line."""
    for command in (_add_start, _add_check, _add_pack):
        command(app)


def _checked_language(lang: str | None) -> str:
    if lang not in (None, "en", "zh"):
        raise ValueError(f"lang: expected en or zh, got {lang!r}")
    return lang or language()


def _add_start(app: "typer.Typer") -> None:
    import typer

    from rnn.commands import one_sentence

    @app.command()
    def start(
        exercise: Annotated[
            str, typer.Argument(help="An exercise of the book, as bptt-4; by default the assignment.")
        ] = "",
        name: Annotated[str, typer.Option(help="Your name, as it stands in the names of the files.")] = "姓名",
        number: Annotated[str, typer.Option("--id", help="Your student number.")] = "学号",
        to: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
        lang: Annotated[str | None, typer.Option(help="en or zh; by default as the terminal.")] = None,
    ) -> None:
        """Write the skeleton of the assignment and a template for the answers, or the skeleton of an exercise."""
        from rnn.workshop import start

        with one_sentence():
            language = _checked_language(lang)
            if exercise:
                paths: tuple[Path, ...] = (start.start_exercise(_exercise(exercise), to, lang=language),)
            else:
                paths = start.start(to, name=name, number=number, lang=language)
        for path in paths:
            print(said("wrote", language, path=path))


def _exercise(name: str) -> "Exercise":
    """Return the exercise of that name.

    Raises
    ------
    ValueError
        If there is none that can be checked.
    """
    from difflib import get_close_matches

    from rnn.workshop.exercise import registry

    known = registry()
    if name not in known:
        chapter = [i for i in known if i.startswith(name.rpartition("-")[0] + "-")]
        near = chapter or get_close_matches(name, known)
        hint = f"; of this chapter: {', '.join(near)}" if near else "; `rnn check --list` names them"
        raise ValueError(f"expected an exercise that can be checked, a file or a folder, got {name!r}{hint}")
    return known[name]


def _add_check(app: "typer.Typer") -> None:
    import typer

    from rnn.commands import one_sentence

    @app.command()
    def check(
        target: Annotated[str, typer.Argument(help="A file, a folder of submissions, or an exercise, as bptt-4.")] = "",
        file: Annotated[Path | None, typer.Argument(help="The answer to the exercise.")] = None,
        lang: Annotated[str | None, typer.Option(help="en or zh; by default as the terminal.")] = None,
        watch: Annotated[bool, typer.Option("--watch", help="Grade again whenever the file is saved.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
        hint: Annotated[int, typer.Option(min=0, max=3, help="A hint for the exercise: 1, 2 or 3.")] = 0,
        seconds: Annotated[float, typer.Option(min=1, help="How long the training may take.")] = 120.0,
        memory: Annotated[int, typer.Option(min=256, help="How much memory it may have, in MB.")] = 2048,
        jobs: Annotated[int, typer.Option(min=0, help="How many submissions at a time; 0: one a processor.")] = 0,
        listing: Annotated[bool, typer.Option("--list", help="List the exercises that can be checked.")] = False,
        itself: Annotated[
            bool, typer.Option("--self", help="Check the exercises themselves, all or those of a chapter.")
        ] = False,
    ) -> None:
        """Grade the assignment, an exercise, or a folder of submissions; the exit status is 0 if all pass, else 1."""
        from rnn.workshop.check import Limits

        with one_sentence():
            language = _checked_language(lang)
            limits = Limits(seconds, memory << 20)
            if itself or listing:
                good = _check_itself(target, language) if itself else _list_exercises(language)
            elif not target:
                raise ValueError("expected a file, a folder or an exercise; `rnn check --help` shows how")
            elif Path(target).is_dir():
                good = _check_folder(Path(target), limits, jobs, language, as_json)
            elif Path(target).exists() or target.endswith(".py") or os.sep in target:
                good = _check_file(Path(target), limits, language, as_json, watch)
            else:
                good = _check_exercise(_exercise(target), file, hint, limits, language, as_json)
        raise typer.Exit(0 if good else 1)


# ── one submission ──────────────────────────────────────────────────────────────────────────────────────────────────


def _console(**options: Any) -> "Console":
    from rich.console import Console

    return Console(highlight=False, **options)


def _notice(lang: str) -> None:
    from rnn.workshop.check import NOTICE
    from rnn.workshop.sandbox import bubblewrap

    if bubblewrap() is None:
        print(getattr(NOTICE, lang), file=sys.stderr)


def _check_file(path: Path, limits: "Limits", lang: str, as_json: bool, watch: bool) -> bool:
    from rnn.workshop import check

    check.read(path)  # before anything else is said
    _notice(lang)
    if as_json:
        report = check.check_file(path, limits)
        print(json.dumps(check.as_json(path, report, lang), ensure_ascii=False, indent=1))
        return report.passed
    printer = Printer(lang)
    if watch:
        _watch(path, limits, printer)
        return True
    with printer:
        report = check.check_file(path, limits, watcher=printer.begin)
        printer.tell(report)
    return report.passed


class Printer:
    """Prints the stages of a submission as they come, and the verdict."""

    def __init__(self, lang: str) -> None:
        self.lang, self.console = lang, _console()
        self.status: Any = None
        self.stage = ""

    def __enter__(self) -> "Printer":
        return self

    def __exit__(self, *error: object) -> None:
        self._done()

    def begin(self, stage: str) -> None:
        """Say that the last stage passed, and which one has begun."""
        from rnn.workshop.assignment import STAGES

        if self.stage:
            self._done("✓")
        self.stage = getattr(STAGES[stage], self.lang)
        if self.console.is_terminal:
            self.status = self.console.status(self.stage)
            self.status.start()

    def tell(self, report: "Report | str") -> None:
        """Print the verdict."""
        from rnn.workshop.assignment import NAMES

        if isinstance(report, str):
            self._done()
            self.console.print(report, markup=False)
            return
        self._done("✓" if report.passed else "✗")
        if report.wrong is not None:
            show(self.console, report.wrong, self.lang, NAMES)
        for sentence in report.advices(self.lang):
            self.console.print("  " + said("advice", self.lang, sentence=sentence), markup=False)
        if report.passed:
            self._show_training(report)
            self.console.print(said("passed", self.lang), style="green")

    def _show_training(self, report: "Report") -> None:
        from rich.table import Table

        table = Table(show_header=False, box=None, padding=(0, 2))
        for row in getattr(report.training, "rows", ()):
            table.add_row(*(str(getattr(cell, self.lang, cell)) for cell in row))
        if table.rows:
            self.console.print(table)

    def _done(self, sign: str = "") -> None:
        if self.status is not None:
            self.status.stop()
            self.status = None
        if sign and self.stage:
            self.console.print(f"{sign} {self.stage}", style="green" if sign == "✓" else "red")
        self.stage = ""


def show(console: "Console", wrong: "Wrong", lang: str, names: dict[str, Text]) -> None:
    """Print what is wrong: the first number that differs, and the name of the mistake."""
    from rnn.workshop.wrong import say

    if wrong.difference is not None and wrong.difference.where != "shape":
        where, expected, got = wrong.difference
        console.print("  " + said("difference", lang, where=where, expected=expected, got=got), markup=False)
    elif wrong.difference is not None:
        _, expected, got = wrong.difference
        console.print(
            "  " + said("difference", lang, where=wrong.values.get("of", ""), expected=expected, got=got), markup=False
        )
    console.print("  " + say(wrong, lang, names), markup=False)


def _watch(path: Path, limits: "Limits", printer: Printer) -> None:
    try:
        import watchfiles
    except ModuleNotFoundError:
        raise ImportError("watchfiles is not installed; pip install 'rnn-unrolled[cli]' brings it") from None
    from rnn.workshop.check import Watch

    def told(report: "Report | str") -> None:
        printer.tell(report)
        printer.console.print(said("watching", printer.lang, file=path.name), style="dim")

    watch = Watch(path, limits, printer.begin, told)
    try:
        watch.start()
        for changes in watchfiles.watch(path.resolve().parent, debounce=100, step=20, recursive=False):
            if any(Path(name).name == path.name for _, name in changes) and path.exists():
                watch.stop()
                printer._done()
                watch.start()
    except KeyboardInterrupt:
        pass
    finally:
        watch.close()


# ── many ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_folder(folder: Path, limits: "Limits", jobs: int, lang: str, as_json: bool) -> bool:
    from rich.progress import Progress

    from rnn.workshop import check

    paths = check.submissions(folder)
    _notice(lang)
    reports = {}
    with Progress(console=_console(stderr=True), transient=True) as progress:
        task = progress.add_task(said("table", lang), total=len(paths))
        for path, report in check.check_folder(paths, limits, jobs):
            reports[path] = report
            progress.advance(task)
    if as_json:
        print(json.dumps([check.as_json(path, reports[path], lang) for path in paths], ensure_ascii=False, indent=1))
    else:
        _print_folder(folder, {path: reports[path] for path in paths}, lang)
    return all(not isinstance(report, str) and report.passed for report in reports.values())


def _print_folder(folder: Path, reports: "dict[Path, Report | str]", lang: str) -> None:
    from rich.table import Table
    from rich.text import Text as Line

    from rnn.workshop.assignment import STAGES

    table = Table(said("file", lang), said("verdict", lang), said("why", lang))
    for path, report in reports.items():
        if isinstance(report, str):
            cells = "✗", report
        elif report.passed:
            cells = f"✓ {said('ok', lang)}", ""
        else:
            cells = f"✗ {getattr(STAGES[report.failed], lang)}", report.sentence(lang)
        table.add_row(*map(Line, (str(path.relative_to(folder)), *cells)))
    passed = sum(not isinstance(report, str) and report.passed for report in reports.values())
    console = _console()
    console.print(table)
    console.print(said("of", lang, passed=passed, all=len(reports)))


# ── exercises ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _check_exercise(
    exercise: "Exercise", path: Path | None, hint: int, limits: "Limits", lang: str, as_json: bool
) -> bool:
    from rnn.workshop import check

    console = _console()
    if hint:
        console.print(said("hint", lang, number=hint, hint=getattr(exercise.hints[hint - 1], lang)), markup=False)
        if path is None:
            return True
    if path is None:
        raise ValueError(f"expected the file with your answer: rnn check {exercise.id} {exercise.id}.py")
    check.read(path)
    _notice(lang)
    wrong = check.check_exercise(exercise, path, limits)
    if as_json:
        told = {"file": str(path), "exercise": exercise.id, "passed": wrong is None}
        told |= check.wrong_as_json(wrong, lang, exercise.names)
        print(json.dumps(told, ensure_ascii=False, indent=1))
    elif wrong is None:
        console.print(f"✓ {said('exercise', lang, id=exercise.id)}", style="green")
    else:
        console.print(f"✗ {exercise.id}  {getattr(exercise.title, lang)}", style="red", markup=False)
        show(console, wrong, lang, exercise.names)
        console.print("  " + said("next", lang, id=exercise.id), style="dim")
    return wrong is None


def _list_exercises(lang: str) -> bool:
    from rich.table import Table

    from rnn.workshop.exercise import registry

    table = Table("", "", box=None, show_header=False)
    for exercise in registry().values():
        table.add_row(exercise.id, getattr(exercise.title, lang))
    _console().print(table)
    return True


def _check_itself(chapter: str, lang: str) -> bool:
    from rich.progress import track
    from rich.table import Table
    from rich.text import Text as Line

    from rnn.workshop.exercise import registry

    exercises = [exercise for exercise in registry().values() if chapter in ("", exercise.chapter, exercise.id)]
    if not exercises:
        raise ValueError(f"expected a chapter or an exercise that can be checked, got {chapter!r}")
    table, bad = Table("", "", "", box=None, show_header=False), 0
    for exercise in track(exercises, "", console=_console(stderr=True), transient=True):
        problems = exercise.problems()
        bad += bool(problems)
        table.add_row("✗" if problems else "✓", exercise.id, str(len(exercise.planted)))
        for problem in problems:
            table.add_row("", "", Line(problem))
    console = _console()
    console.print(table)
    if not bad:
        planted = sum(len(exercise.planted) for exercise in exercises)
        console.print(said("self", lang, exercises=len(exercises), planted=planted))
    return not bad


def _add_pack(app: "typer.Typer") -> None:
    import typer

    from rnn.commands import one_sentence

    @app.command()
    def pack(
        file: Annotated[Path, typer.Argument(help="Your code, ml-6-<name>-<number>.py.")],
        answers: Annotated[Path | None, typer.Option(help="Your answers; by default the .md of the same name.")] = None,
        photo: Annotated[
            list[Path] | None, typer.Option(help="A photo of a derivation by hand; may be repeated.")
        ] = None,
        to: Annotated[Path | None, typer.Option(help="The folder to write into; by default submission/.")] = None,
        again: Annotated[bool, typer.Option("--again", help="Replace what was packed before.")] = False,
        anyway: Annotated[bool, typer.Option("--anyway", help="Pack even if the check fails.")] = False,
        lang: Annotated[str | None, typer.Option(help="en or zh; by default as the terminal.")] = None,
        seconds: Annotated[float, typer.Option(min=1, help="How long the training may take.")] = 120.0,
    ) -> None:
        """Check the assignment, then build the two files to hand in, with table, figures and photos in the .md."""
        from rnn.workshop import check, pack

        with one_sentence():
            language = _checked_language(lang)
            sheet = answers or file.with_suffix(".md")
            check.read(file)
            pack.places(file, sheet, to=to, again=again, lang=language)  # before the work, not after it
            photos = pack.photos(photo or [], lang=language)
            _notice(language)
            drawn: list[pack.Picture] = []
            left_out: list[Text] = []

            def fetch(sandbox: Any, report: "Report") -> None:
                if report.training is not None:
                    drawn.extend(pack.pictures(sandbox.folder, report.training.pictures, tell=left_out.append))

            with Printer(language) as printer:
                report = check.check_file(file, check.Limits(seconds), watcher=printer.begin, then=fetch)
                printer.tell(report)
            if not report.passed and not anyway:
                print(said("not-packed", language), file=sys.stderr)
                raise typer.Exit(1)
            packed = pack.pack(
                file, sheet, to=to, rows=_rows(report), pictures=drawn, photos=photos, lang=language, again=again
            )
        for sentence in [*(getattr(text, language) for text in left_out), *packed.warnings]:
            print(sentence, file=sys.stderr)
        if packed.unanswered:
            print(
                said("unanswered", language, names={"en": "; ", "zh": "；"}[language].join(packed.unanswered)),
                file=sys.stderr,
            )
        for path in (packed.py, packed.md):
            print(said("wrote", language, path=path))
        print(said("subject", language, subject=packed.subject))


def _rows(report: "Report") -> list[tuple[Any, ...]]:
    """Return the table of results: what passed, and what the training came to."""
    from rnn.workshop.assignment import STAGES

    passed = Text(f"{len(report.stages)} of {len(STAGES)} stages", f"{len(STAGES)} 项中 {len(report.stages)} 项")
    training = report.training.rows if report.training else ()
    return [(Text("passed by rnn check", "rnn check 通过"), passed), *training]
