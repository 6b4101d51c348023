"""Labs as pages: mkdocs-jupyter turns their outputs into HTML, the book's Markdown all the rest.  A hook of MkDocs.

Left to itself mkdocs-jupyter builds a lab that raises, sets no mathematics, follows no link, adds 574 kB of style
sheets to every page and shows white pictures at night.  Here it gets the executed notebook and a template of our own;
what it returns is put where the code cells stand in the page that Python-Markdown makes of the same source.
"""

from __future__ import annotations

import html
import itertools
import json
import logging
import re
from pathlib import Path
from typing import Any

import mkdocs_jupyter.config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from scripts.book import cache
from scripts.book.closure import ROOT
from scripts.labs.build import LabError, Outputs, for_readers, notebook, outputs
from scripts.labs.source import Cell, SourceError, as_markdown, cells

log = logging.getLogger("mkdocs.plugins.labs")

mkdocs_jupyter.config.settings.templates_dir = str(Path(__file__).with_name("templates"))

EMPTY = "# %%\npass\n"
LISTING = re.compile(r'<div class="[^"]*\blab\b[^"]*">.*?</pre></div>', re.S)
# Names, signs and blanks, which have no colour here: two thirds of a listing's bytes.
PLAIN = re.compile(r'<span class="(?:n|nn|w|p|o|ow|si)">([^<]*)</span>')
NEIGHBOURS = re.compile(r'<p>\s*((?:<div class="[^"]*\blab\b[^"]*">.*?</pre></div>\s*)+)</p>', re.S)
# What nbconvert's HTML parser does to SVG: letters in lower case, shapes with an end tag.
PARSED = {"viewbox=": "viewBox=", "clippath>": "clipPath>", "<clippath": "<clipPath", "></path>": "/>", "></use>": "/>"}
DOWNLOADS = {
    "en": "This page is a notebook; it was run when the book was built. Download it as "
    '<a href="{name}.ipynb" download>a notebook</a> with its outputs or as <a href="{name}.py" download>a script</a>.',
    "zh": "这一页是一份笔记本，构建本书时运行过。下载："
    '<a href="{name}.ipynb" download>带输出的笔记本</a>，<a href="{name}.py" download>脚本</a>。',
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Run the labs, and give mkdocs-jupyter the executed notebooks in the place of their sources."""
    lang = config.extra["edition"]["dir"]
    for file in [file for file in files if _is_lab(file)]:
        path = Path(config.docs_dir) / file.src_uri
        source = path.read_text(encoding="utf-8")
        done, failure = _run(path, Path(config.docs_dir).parent / config.extra["other"]["dir"] / file.src_uri)
        about = {"lang": lang, "name": path.stem, "failure": failure}
        try:
            shown, kept = notebook(source, done, **about), for_readers(source, done, config.site_url or "")
        except SourceError:  # which has been reported
            shown, kept = notebook(EMPTY, [], **about), ""
        executed = (ROOT / "build" / "labs" / lang / file.src_uri).with_suffix(".ipynb")
        cache.store(executed, json.dumps(shown, ensure_ascii=False))
        file.abs_src_path = str(executed)
        for ending, content in ((".ipynb", kept), (".py", source)):
            files.append(File.generated(config, f"labs/{path.stem}/{path.stem}{ending}", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Replace the notebook, which is JSON, by its Markdown, and take the rendering over from mkdocs-jupyter."""
    if not _is_lab(page.file):
        return markdown
    about, jupyter = json.loads(markdown)["metadata"]["book"], page.render

    def render(config: MkDocsConfig, files: Files) -> None:
        jupyter(config, files)
        cells, _, _ = (page.content or "").partition("<!--end-->")  # behind it stand Jupyter's style sheets
        shown = cells.split("<!--cell-->")[1:]
        Page.render(page, config, files)
        page.content = _woven(page.content or "", shown, about)

    page.render = render  # type: ignore[method-assign]  # as mkdocs-jupyter does it
    try:
        return as_markdown((Path(config.docs_dir) / page.file.src_uri).read_text(encoding="utf-8"))
    except SourceError:
        return f"# {page.file.name}"


def _is_lab(file: File) -> bool:
    return re.fullmatch(r"labs/\w+\.py", file.src_uri) is not None


def _run(path: Path, other: Path) -> tuple[Outputs, str]:
    """Return what the cells of a lab put out, and what is wrong with it; that `--strict` makes a failure."""
    try:
        done = outputs(path)
        as_markdown(path.read_text(encoding="utf-8"))
        for cell, shown in zip(_code(path), done, strict=True):
            _check_figure(path, cell, shown)
        if other.is_file():  # if not, the list of pages will say so
            _compare(path, other)
    except LabError as error:
        log.warning("%s", error)
        return error.outputs, str(error)
    except SourceError as error:
        _report(path, error.line, str(error))
        return [], str(error)
    return done, ""


def _check_figure(path: Path, cell: Cell, shown: list[dict[str, str]]) -> None:
    """Report a figure that says nothing to those who cannot see it."""
    figures = sum("svg" in output for output in shown)
    if figures > 1 or bool(figures) != bool(cell.alt):
        wanted = 'a cell with a figure, of which there is one, begins with # %% alt="what it shows"'
        _report(path, cell.line - 1, f"expected that {wanted}; this one has {figures}")


def _compare(path: Path, other: Path) -> None:
    """Report code that is not the same in the other edition: both show the outputs of one run."""
    for here, there in itertools.zip_longest(_code(path), _code(other)):
        if here is None or there is None or here.text != there.text:
            line = here.line if here else 1
            _report(path, line, f"from here on the code is not that of {_name(other)}:{there.line if there else 1}")
            return


def _code(path: Path) -> list[Cell]:
    return [cell for cell in cells(path.read_text(encoding="utf-8")) if cell.kind == "code"]


def _report(path: Path, line: int, message: str) -> None:
    log.warning("%s:%d: %s", _name(path), line, message)


def _name(path: Path) -> Path:
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def _woven(page: str, shown: list[str], about: dict[str, Any]) -> str:
    """Set the outputs of each cell below its listing, and the downloads below the title."""
    for parsed, meant in PARSED.items():
        shown = [part.strip().replace(parsed, meant) for part in shown]
    waiting = iter(shown)
    page = NEIGHBOURS.sub(r"\1", page)  # two listings without a line between them pass for a paragraph
    page = LISTING.sub(lambda listing: PLAIN.sub(r"\1", listing[0]) + next(waiting, ""), page)
    downloads = DOWNLOADS[about["lang"]].format(name=about["name"])
    page = page.replace("</h1>", f'</h1>\n<p class="lab-files">{downloads}</p>', 1)
    if about["failure"]:
        page = f'<p class="eq-failure" role="alert">✗ {html.escape(about["failure"])}</p>\n{page}'
    return page
