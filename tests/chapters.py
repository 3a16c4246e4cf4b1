"""The chapters as the tests see them: their order, their cells, the tags, calls and stored texts of a cell."""

import ast
import functools
import re

import nbformat
import yaml
from store_outputs import ROOT, chapters

BOOK = ROOT / "book"


def name(path):
    """How a chapter is called in slides.yml: its path under book/, without the suffix."""
    return path.relative_to(BOOK).with_suffix("").as_posix()


# Every notebook is stored in the same form; one in the appendix is no chapter.
NOTEBOOKS = {name(path): path for path in chapters()}
CHAPTERS = {key: path for key, path in NOTEBOOKS.items() if not key.startswith("appendix/")}


def table_of_contents():
    """The entries of _toc.yml in order, the root first."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


@functools.cache
def read(path):
    return nbformat.read(path, as_version=nbformat.NO_CONVERT)


def cells(path, kind=None, tag=None):
    """The cells of a notebook, of one kind or with one tag if asked for."""
    return [
        cell
        for cell in read(path).cells
        if kind in (None, cell.cell_type) and (tag is None or tag in cell.metadata.get("tags", []))
    ]


def calls(cell, function):
    """The calls of a function by its plain name in a code cell, as ast nodes."""
    tree = ast.parse(cell.source)
    return [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "id", None) == function]


def checked(cell):
    """The names of the exercises that a cell checks."""
    return [call.args[0].value for call in calls(cell, "check")]


def printed(cell):
    """What a cell's stored streams say."""
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def shown(cell, kind="text/plain"):
    """The stored results of a cell in one of its forms."""
    return [output.data[kind] for output in cell.outputs if "data" in output and kind in output.data]


def headings(path, level):
    """The Markdown headings of a level, code blocks left aside."""
    text = "\n\n".join(cell.source for cell in cells(path, "markdown"))
    text = re.sub(r"^(```+|~~~+).*?^\1", "", text, flags=re.M | re.S)
    return re.findall(rf"^{'#' * level} +(.+?)\s*$", text, re.M)
