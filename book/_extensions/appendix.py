"""What the appendix and the first page show of the chapters, read from their cells' tags and from slides.yml:

targets     a cell with a tag of a slide, of an erratum, or of a widget can be linked to, as CHAPTER-CELL
slide-map   a table for each chapter: its slides, where they are derived, checked and drawn, and their errata
errata      a table of what the slides print, what is right, and what the cell that compares the two has printed
papers      the chapters' lists of papers, merged: what each is, and what each chapter refers to it for
lecture     a table of slides to show in a given time, with the minutes that the lecturer's notes give them
show        a list of the slides of one chapter to show, for several lengths
thumbnail   the picture that a widget starts with, linked to the widget
docstrings  of the code that autodoc shows: their sentences, lists of arguments, and formulas
"""

import functools
import re
import zlib
from pathlib import Path

import nbformat
import yaml
from docutils import nodes
from docutils.statemachine import StringList
from jupyter_cache import get_cache
from sphinx.util.docutils import SphinxDirective

BOOK = Path(__file__).resolve().parents[1]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
PAPER = re.compile(
    r"- (?P<authors>.+) \((?P<year>\d{4})\)\. (?P<title>\[.+\]\(\S+\)|\*[^*]+\*)\. (?P<place>.+?)\.(?: (?P<why>.+))?"
)
ARGUMENT = re.compile(r"(\w+(?:, \w+)*) *: +(.+)")  # of a docstring: its name or names, what they are
MARKS = re.compile(r"([\\*|_`])")
KINDS = {"wrong": "false as printed", "gap": "something is missing", "notation": "notation"}


def setup(app):
    app.setup_extension("sphinx.ext.autodoc")
    app.connect("source-read", add_targets)
    app.connect("autodoc-process-docstring", keep_the_form)
    app.add_directive("slide-map", SlideMap)
    app.add_directive("errata", Errata)
    app.add_directive("papers", Papers)
    app.add_directive("lecture", Lecture)
    app.add_directive("show", Show)
    app.add_directive("thumbnail", Thumbnail)
    changes = zlib.crc32(Path(__file__).read_bytes())  # another text of this module reads all pages again
    return {"version": "1", "env_version": changes, "parallel_read_safe": True, "parallel_write_safe": True}


# --- cells to link to -----------------------------------------------------------------------------------------------


def add_targets(app, docname, source):
    """Put a MyST target before each cell that the appendix or the first page may link to."""
    if Path(app.env.doc2path(docname)).suffix != ".ipynb":
        return
    notebook = nbformat.reads(source[0], as_version=4)
    cells = []
    for cell in notebook.cells:
        if linked(cell):
            cells.append(nbformat.v4.new_markdown_cell(f"({label(docname, cell)})="))
        cells.append(cell)
    notebook.cells = cells
    source[0] = nbformat.writes(notebook)


def linked(cell):
    return "remove-cell" not in tags(cell) and any(re.fullmatch(r"[SE]\d\d|widget", tag) for tag in tags(cell))


def tags(cell):
    return cell.metadata.get("tags", [])


def label(chapter, cell):
    """The name of a cell in the whole book; a chapter is named by its path or its file alone."""
    return f"{chapter.rpartition('/')[2]}-{cell.id}"


@functools.cache
def read(chapter):
    return nbformat.read(BOOK / f"{chapter}.ipynb", as_version=4)


def heading(chapter):
    return read(chapter).cells[0].source.splitlines()[0].removeprefix("# ")


# --- tables ---------------------------------------------------------------------------------------------------------


class Markdown(SphinxDirective):
    """What `markdown` writes, read as if it stood on the page."""

    def run(self):
        node = nodes.Element()
        self.state.nested_parse(StringList(self.markdown().splitlines(), ""), self.content_offset, node, True)
        return node.children


class FromTags(Markdown):
    """Markdown written from slides.yml and the chapters' tags; written again when one of them changes."""

    def run(self):
        self.named = yaml.safe_load((BOOK / "slides.yml").read_text())
        toc = yaml.safe_load((BOOK.parent / "_toc.yml").read_text())
        pages = [entry["file"].removeprefix("book/") for part in toc["parts"] for entry in part["chapters"]]
        self.chapters = [page for page in pages if (BOOK / f"{page}.ipynb").exists()]
        notebooks = [BOOK / f"{chapter}.ipynb" for chapter in self.chapters]
        for path in [BOOK / "slides.yml", BOOK.parent / "_toc.yml", *notebooks]:
            self.env.note_dependency(str(path))
        return super().run()

    def cells(self, name, kind):
        """The cells with this tag of the chapter that slides.yml names, and with the tag, or of the type, `kind`."""
        found = read(self.named[name]["chapter"]).cells
        return [c for c in found if linked(c) and name in tags(c) and kind in (c.cell_type, *tags(c))]

    def link(self, name, cell, text):
        return f"{{ref}}`{text} <{label(self.named[name]['chapter'], cell)}>`"

    def numbered(self, name, kind):
        """Links to all these cells, such as "check 1 2"; nothing if there are none."""
        links = [self.link(name, cell, number) for number, cell in enumerate(self.cells(name, kind), 1)]
        return " ".join([kind, *links]) if links else ""


class SlideMap(FromTags):
    def markdown(self):
        taught = {entry["chapter"] for entry in self.named.values()}
        return "\n\n".join(self.table(chapter) for chapter in self.chapters if chapter in taught)

    def table(self, chapter):
        rows = [self.row(key) for key, entry in self.named.items() if key[0] == "S" and entry["chapter"] == chapter]
        head = ["| slide | derived | run | errata |", "| --- | --- | --- | --- |"]
        return "\n".join([f"## {{doc}}`{heading(chapter)} </book/{chapter}>`", "", *head, *rows])

    def row(self, slide):
        derived = self.link(slide, self.cells(slide, "markdown")[0], self.named[slide]["title"])
        run = "; ".join(filter(None, (self.numbered(slide, kind) for kind in ("check", "widget"))))
        errata = [key for key, entry in self.named.items() if slide in entry.get("slides", [])]
        corrected = " ".join(f"{{ref}}`{key} <erratum-{key}>`" for key in errata)
        return f"| {slide} | {derived} | {run or '–'} | {corrected or '–'} |"


class Errata(FromTags):
    def markdown(self):
        rows = "\n".join(self.row(key) for key in self.named if key[0] == "E")
        return f"````{{list-table}}\n:class: errata\n\n{rows}\n````"

    def row(self, key):
        entry = self.named[key]
        printed = "".join(output.get("text", "") for output in self.cells(key, "check")[0].outputs)
        text = (
            f"**{entry['title']}** ({KINDS[entry['kind']]})\n\n"
            f"Printed: {entry['printed']}\n\n"
            f"Right: {entry['right']}\n\n"
            f"{{doc}}`/book/{entry['chapter']}`, {self.numbered(key, 'check')}:\n\n"
            f"```text\n{printed.rstrip()}\n```"
        )
        slides = " ".join(self.link(slide, self.cells(slide, "markdown")[0], slide) for slide in entry["slides"])
        first = f"(erratum-{key})=\n**{key}**\n\n{slides}"
        return f"* - {indented(first)}\n  - {indented(text)}"


def indented(text):
    """The lines of a list item, but the first, under its first one."""
    return text.replace("\n", "\n    ")


class Papers(FromTags):
    def markdown(self):
        read_in = {}
        for chapter in self.chapters:
            for paper in listed_papers(chapter):
                line = "- {authors} ({year}). {title}. {place}.".format(**paper)
                why = f": {paper['why']}" if paper["why"] else ""
                key = surname(paper["authors"]), paper["year"], line
                read_in.setdefault(key, []).append(f"  - {{doc}}`/book/{chapter}`{why}")
        return "\n".join("\n".join([line, *chapters]) for (*_, line), chapters in sorted(read_in.items()))


def listed_papers(chapter):
    """What a chapter's list of papers says of each, by the names in PAPER."""
    [text] = [cell.source for cell in read(chapter).cells if cell.source.startswith("## Papers")]
    return [PAPER.fullmatch(line).groupdict() for line in text.splitlines() if line.startswith("- ")]


def surname(authors):
    first = re.split(",| and | et al", authors)[0]
    return first.split()[-1]


# --- lectures -------------------------------------------------------------------------------------------------------


class ForLecturers(FromTags):
    """Markdown about slides, which are named by their chapter and the cells they begin with."""

    required_arguments = 1
    has_content = True

    def slides(self, chapter, names):
        """Links to these slides of a chapter's deck, and their minutes in all."""
        times = minutes(chapter)
        if unknown := [name for name in names.split() if name not in times]:
            raise self.error(f"{chapter} has no slide {', '.join(unknown)}; it has {', '.join(times)}")
        under = {}  # those under one heading are one link, to the first
        for name in names.split():
            under.setdefault(title_of(chapter, name), []).append(name)
        links = [
            f'<a href="{self.deck(chapter)}#/{first}">{title}</a>{f" ({len(more) + 1} slides)" if more else ""}'
            for title, (first, *more) in under.items()
        ]
        return ", ".join(links), sum(times[name] for name in names.split())

    def deck(self, chapter):
        page = self.env.app.builder.get_relative_uri(self.env.docname, f"book/{chapter}")
        return page.replace(".html", ".slides.html")


class Lecture(ForLecturers):
    """`lecture` MINUTES, then lines CHAPTER: CELL …, which together must fill the minutes."""

    def markdown(self):
        rows, total, limit = ["| show | minutes |", "| --- | --- |"], 0, int(self.arguments[0])
        for line in self.content:
            chapter, names = line.split(": ")
            links, time = self.slides(chapter, names)
            rows.append(f"| {{doc}}`/book/{chapter}`: {links} | {time} |")
            total += time
        if not 0.85 * limit <= total <= limit:
            raise self.error(f"a lecture's slides must take 85 to 100 % of its {limit} minutes, but these take {total}")
        return "\n".join([*rows, f"| in all | {total} |"])


class Show(ForLecturers):
    """`show` CHAPTER, then lines of cells, each a choice of its slides."""

    def markdown(self):
        chapter = self.arguments[0]
        deck = f'<a href="{self.deck(chapter)}">slides</a>'
        head = f"**{{doc}}`/book/{chapter}`** ({deck}, {sum(minutes(chapter).values())} minutes in all)\n"
        choices = [self.slides(chapter, names) for names in self.content]
        return "\n".join([head, *(f"- {time} minutes: {links}" for links, time in choices)])


def minutes(chapter):
    """What the lecturer's notes give each slide of a chapter, by the cell that it begins with; a note follows it."""
    cells = read(chapter).cells
    notes = {cell.id: following.source for cell, following in zip(cells, cells[1:], strict=False)}
    begins = [cell.id for cell in cells if slide_type(cell) in ("slide", "subslide")]
    return {name: int(re.search(r"\*\*Time\.\*\* (\d+) minute", notes[name])[1]) for name in begins}


def title_of(chapter, name):
    """The heading that stands over a slide: its own, or the last before it."""
    title = None
    for cell in read(chapter).cells:
        if slide_type(cell) in ("slide", "subslide") and (own := re.match(r"#+ (.+)", cell.source)):
            title = own[1]
        if cell.id == name:
            return title


def slide_type(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type")


# --- pictures -------------------------------------------------------------------------------------------------------


class Thumbnail(SphinxDirective):
    """`thumbnail` CHAPTER CELL: the picture that the cell's widget starts with, from its run in this build."""

    required_arguments = 2

    def run(self):
        chapter, name = self.arguments
        self.env.note_dependency(str(BOOK / f"{chapter}.ipynb"))
        try:
            source, text = start(self.config.nb_execution_cache_path, read(chapter), name)
        except KeyError:
            raise self.error(f"{chapter} has no stored execution to take a picture from") from None
        [cell] = [cell for cell in read(chapter).cells if cell.id == name]
        address = self.env.app.builder.get_relative_uri(self.env.docname, f"book/{chapter}")
        address += "#" + nodes.make_id(label(chapter, cell))
        picture = f'<a class="thumbnail" href="{address}"><img src="{source}" alt="{text}"></a>'
        return [nodes.raw("", picture, format="html")]


def start(cache, notebook, name):
    """What a cell's widget starts with, from its run in this build: the `src` and the `alt` of the picture."""
    _, run = get_cache(cache).merge_match_into_notebook(notebook)
    [cell] = [cell for cell in run.cells if cell.id == name]
    [view] = [output.data[WIDGET_VIEW] for output in cell.outputs if WIDGET_VIEW in output.get("data", {})]
    frame = first_frame(run.metadata.widgets[WIDGET_STATE]["state"], view["model_id"])
    return tuple(re.search(rf'{attribute}="([^"]*)"', frame)[1] for attribute in ("src", "alt"))


def first_frame(models, name):
    """The HTML of the frame that a model shows, or the one shown by its children; of a stack, by the selected one."""
    model = models[name]["state"]
    if model["_model_name"] == "HTMLModel":
        return model["value"]
    children = model.get("children", [])
    if model["_model_name"] == "StackModel":
        children = [children[model["selected_index"]]]
    return next(filter(None, (first_frame(models, child.removeprefix("IPY_MODEL_")) for child in children)), None)


# --- docstrings -----------------------------------------------------------------------------------------------------


def keep_the_form(app, what, name, thing, options, lines):
    """A docstring in reStructuredText: sentences, lists of arguments, and what is indented as it stands."""
    blocks = [block.split("\n") for block in re.split(r"\n(?:[ ]*\n)+", "\n".join(lines).strip("\n")) if block.strip()]
    if blocks and len(blocks[0]) > 1 and blocks[0][0].endswith((".", ":")):
        blocks[:1] = [blocks[0][:1], blocks[0][1:]]
    lines[:] = []
    for place, block in enumerate(blocks):
        if all(line.startswith(" ") for line in block):
            lines += [".. code-block:: text", "   :class: columns", "", *(f"   {line}" for line in block)]
        elif place and ARGUMENT.match(block[0]):
            for line in block:
                named = ARGUMENT.match(line)
                lines.append(f"- ``{named[1]}``: {plain(named[2])}" if named else f"  {plain(line.strip())}")
        else:
            lines += [plain(line) for line in block]
        lines.append("")


def plain(text):
    """The text with no marks of reStructuredText in it but those of code."""
    parts = text.split("`")  # every second one is code
    return "".join(f"``{part}``" if place % 2 else MARKS.sub(r"\\\1", part) for place, part in enumerate(parts))
