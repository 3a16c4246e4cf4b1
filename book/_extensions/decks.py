"""Each chapter's slides, from the same stored execution as its page: CHAPTER.slides.html beside CHAPTER.html.

`make book` writes a deck when its chapter, the code, or what lies in deck/ has changed; `make slides` does the same
without the pages. The cells marked slide, subslide, fragment or notes are kept, in the template of deck/. How much of
them fits on one slide is decided in the browser, where it can be measured, by _static/deck.js.
"""

import functools
import os
import re
import shutil
import sys
import zlib
from multiprocessing import Pool
from pathlib import Path

import appendix
import course
import nbformat
import private
import yaml
from jupyter_cache import get_cache
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter

HERE = Path(__file__).parent
STATIC = HERE.parent / "_static"


def setup(app):
    app.connect("html-page-context", add_button, priority=900)
    app.connect("build-finished", build)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def add_button(app, pagename, templatename, context, doctree):
    """A button in the head of each chapter's page that opens its slides."""
    if pagename in notebooks(app.env):
        button = {"type": "link", "icon": "fas fa-person-chalkboard", "tooltip": "Slides", "label": "slides-button"}
        context["header_buttons"].insert(0, {"url": f"{pagename.rpartition('/')[2]}.slides.html", "text": "", **button})


def build(app, exception):
    if not exception and app.builder.format == "html":
        write(Path(app.outdir), app.config.nb_execution_cache_path, notebooks(app.env))


def notebooks(env):
    """The notebooks with cells for slides, by the names of their pages."""
    paths = {page: Path(env.doc2path(page)) for page in env.found_docs}
    return {page: path for page, path in paths.items() if path.suffix == ".ipynb" and slides(read(path))}


@functools.cache
def read(path):
    return nbformat.read(path, as_version=4)


def slides(notebook):
    """The cells that are on slides or say what to say to them."""
    kinds = {"slide", "subslide", "fragment", "notes"}
    return [cell for cell in notebook.cells if appendix.slide_type(cell) in kinds]


def write(site, cache, notebooks):
    """Write the decks that do not stand for the present state of their chapter and of the code."""
    code = course.digest_of([*sorted(HERE.glob("*.py")), *sorted((HERE / "deck").iterdir())]) + course.code_digest()
    stale = []
    for page, path in notebooks.items():
        deck, digest = site / f"{page}.slides.html", f"{zlib.crc32(path.read_bytes())}-{code}"
        if not (deck.exists() and digest in deck.read_text()[:1000]):
            stale.append((path, page, cache, deck, digest))
    with Pool() as pool:
        pool.starmap(write_deck, stale)


def write_deck(path, page, cache, deck, digest):
    _, notebook = get_cache(cache).merge_match_into_notebook(read(path))
    notebook.cells = slides(notebook)
    for cell in notebook.cells:
        cell.source = re.sub(r"\]\(([^\s()]+)\.(ipynb|md)(#[^\s()]*)?\)", r"](\1.html\3)", cell.source)
    static = "../" * page.count("/") + "_static"
    resources = {
        "title": notebook.cells[0].source.splitlines()[0].removeprefix("# "),
        "page": f"{path.stem}.html",
        "digest": digest,
        "static": static,
        "settings": course.MATHJAX_SETTINGS,
        "highlighting": HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight"),
        **{name: f"{static}/{course.VENDOR}/{file}" for name, file in course.DECK.items()},
    }
    exporter = HTMLExporter(
        template_name="deck",
        extra_template_basedirs=[str(HERE)],
        exclude_anchor_links=True,
        preprocessors=["nbconvert.preprocessors.CoalesceStreamsPreprocessor"],
    )
    text, _ = exporter.from_notebook_node(notebook, resources={"deck": resources})
    deck.parent.mkdir(parents=True, exist_ok=True)
    deck.write_text(text)


def main():
    """The decks alone, where the book has them or would have them."""
    toc, settings = (yaml.safe_load((course.ROOT / name).read_text()) for name in ("_toc.yml", "_config.yml"))
    pages = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    paths = {page: path for page in pages if (path := course.ROOT / f"{page}.ipynb").exists()}
    os.environ["COURSE_PRERENDER"] = "1"
    build = course.ROOT / "_build"
    cache = course.cache_path(build)
    if failed := course.run_missing(cache, paths.values(), settings["execute"]["timeout"]):
        sys.exit(f"These chapters do not run; make book tells more:\n{failed}")
    write(build / "html", cache, paths)
    course.copy_assets(build / "html")
    course.bundle(build / "html")
    shutil.copytree(STATIC, build / "html" / "_static", dirs_exist_ok=True)
    private.protect(build / "html")


if __name__ == "__main__":
    main()
