"""The pages built from tags: the parts of the extension one by one, then the built pages and all links of the site."""

import importlib.util
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from urllib.parse import unquote, urldefrag

import nbformat
import pytest
import yaml
from chapters import BOOK, CHAPTERS, ROOT, cells, table_of_contents
from docutils import nodes

SITE = ROOT / "_build" / "html"
spec = importlib.util.spec_from_file_location("appendix", BOOK / "_extensions" / "appendix.py")
appendix = importlib.util.module_from_spec(spec)
spec.loader.exec_module(appendix)

NAMED = yaml.safe_load((BOOK / "slides.yml").read_text())


# --- cells to link to -----------------------------------------------------------------------------------------------


def notebook(**tagged):
    """A notebook of code cells with an id and tags each."""
    made = [nbformat.v4.new_code_cell(f"{name} = 1", id=name, metadata={"tags": tags}) for name, tags in tagged.items()]
    return nbformat.v4.new_notebook(cells=made)


def with_targets(text, name="book/part/chapter.ipynb"):
    app = SimpleNamespace(env=SimpleNamespace(doc2path=lambda docname: name))
    source = [text]
    appendix.add_targets(app, name.partition(".")[0], source)
    return source[0]


def test_a_cell_that_is_linked_to_gets_a_target_before_it_and_no_cell_changes():
    linked = {"a": ["S01"], "c": ["widget"], "e": ["check", "E43"]}
    plain = notebook(**linked, b=["check"], d=["S02", "remove-cell"], f=["S1", "E004"])
    found = nbformat.reads(with_targets(nbformat.writes(plain)), as_version=4).cells
    targets = [cell.source for cell in found if cell.cell_type == "markdown"]
    assert targets == ["(chapter-a)=", "(chapter-c)=", "(chapter-e)="]
    assert [cell for cell in found if cell.cell_type == "code"] == plain.cells
    assert [found[i + 1].id for i, cell in enumerate(found) if cell.cell_type == "markdown"] == ["a", "c", "e"]


def test_pages_that_are_no_notebooks_are_left_as_they_are():
    assert with_targets("# A page", "book/page.md") == "# A page"


def test_every_target_of_the_book_is_its_own():
    linked = [(chapter, cell) for chapter, path in CHAPTERS.items() for cell in cells(path) if appendix.linked(cell)]
    anchors = {nodes.make_id(appendix.label(chapter, cell)) for chapter, cell in linked}
    assert len(anchors) == len(linked) > 500


# --- papers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "authors, name",
    [
        ("C. J. Maddison, A. Mnih and Y. W. Teh", "Maddison"),
        ("R. M. Neal and G. E. Hinton", "Neal"),
        ("I. Higgins et al.", "Higgins"),
        ("T. Minka", "Minka"),
    ],
)
def test_the_surname_is_the_first_authors(authors, name):
    assert appendix.surname(authors) == name


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapters_papers_are_listed_in_one_form(chapter):
    [text] = [cell.source for cell in cells(CHAPTERS[chapter], "markdown") if cell.source.startswith("## Papers")]
    lines = text.splitlines()[1:]
    assert [line for line in lines if line.strip() and not appendix.PAPER.fullmatch(line)] == []


def test_a_paper_is_named_the_same_in_every_chapter():
    named = {}
    for chapter in CHAPTERS:
        for paper in appendix.listed_papers(chapter):
            title = re.sub(r"\W", "", re.sub(r"\]\(.*", "", paper["title"])).lower()
            named.setdefault(title, set()).add(tuple(paper[key] for key in ("authors", "year", "title", "place")))
    assert len(named) > 60
    assert [versions for versions in named.values() if len(versions) > 1] == []


# --- pictures and docstrings ----------------------------------------------------------------------------------------


def test_the_first_frame_is_the_one_that_the_stacks_select():
    def model(kind, **state):
        return {"state": {"_model_name": f"{kind}Model"} | state}

    names = lambda *children: [f"IPY_MODEL_{child}" for child in children]  # noqa: E731
    models = {
        "box": model("VBox", children=names("slider", "outer")),
        "slider": model("SelectionSlider"),
        "outer": model("Stack", children=names("left", "right"), selected_index=1),
        "left": model("Stack", children=names("a", "b"), selected_index=0),
        "right": model("Stack", children=names("c", "d"), selected_index=0),
        **{name: model("HTML", value=name.upper()) for name in "abcd"},
    }
    assert appendix.first_frame(models, "box") == "C"
    assert appendix.first_frame(models, "slider") is None


def test_a_docstring_keeps_its_form():
    arguments = ["x     : (n,) with x*x", "        finite", "returns: a number"]
    lines = ["Result: the `two_means` of x_1|y.", *arguments, "", "    a  =  b", ""]
    appendix.keep_the_form(None, "function", "f", None, {}, lines)
    bullets = [r"- ``x``: (n,) with x\*x", "  finite", "- ``returns``: a number", ""]
    literal = [".. code-block:: text", "   :class: columns", "", "       a  =  b", ""]
    assert lines == [r"Result: the ``two_means`` of x\_1\|y.", "", *bullets, *literal]
    for text in [], ["One line."], ["A sentence", "of two lines: one, two."]:
        lines = list(text)
        appendix.keep_the_form(None, "function", "f", None, {}, lines)
        assert lines == [*text, ""] if text else lines == []


def test_every_module_is_on_the_page_of_the_code():
    modules = sorted(path.stem for path in (ROOT / "lib").glob("*.py") if path.stem != "__init__")
    listed = re.findall(r"automodule:: lib\.(\w+)", (BOOK / "appendix" / "api.md").read_text())
    assert sorted(listed) == modules


# --- the built pages ------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """The ids of a page, the addresses it links to, and the text and links of the rows of its tables."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.rows, self.in_cell = set(), [], [], False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes[key] for key in ("id", "name") if attributes.get(key)}
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append(["", []])
            self.in_cell = True
        if tag == "a" and attributes.get("href"):
            self.links.append(attributes["href"])
            if self.in_cell:
                self.rows[-1][-1][1].append(attributes["href"])

    def handle_endtag(self, tag):
        self.in_cell = self.in_cell and tag != "td"

    def handle_data(self, data):
        if self.in_cell:
            self.rows[-1][-1][0] += data.replace("’", "'")  # which the page's typography makes


@pytest.fixture(scope="module")
def pages():
    if not (SITE / "index.html").exists():
        pytest.fail("_build/html is not there: run `make book` first")
    return {path: Page(path) for path in SITE.rglob("*.html") if "_static" not in path.parts}


def body(page):
    return [row for row in page.rows if row]


def test_every_link_within_the_site_leads_somewhere(pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            address, fragment = urldefrag(link)
            if re.match(r"[a-z]+:|//", address):
                continue
            target = (path.parent / unquote(address)).resolve() if address else path
            name = unquote(fragment).removeprefix("/")  # reveal.js calls a slide #/name
            if not target.exists() or (target in pages and name and name not in pages[target].ids):
                dead.append(f"{path.relative_to(SITE)}: {link}")
    assert sum(len(page.links) for page in pages.values()) > 1000
    assert dead == []


def test_the_slide_map_has_a_full_row_for_each_slide(pages):
    rows = body(pages[SITE / "book" / "appendix" / "slide_map.html"])
    assert [row[0][0].strip() for row in rows] == [name for name in NAMED if name.startswith("S")]
    for (slide, _), (title, derived), (_, cells_run), (errata, errata_links) in rows:
        entry = NAMED[slide.strip()]
        assert title.strip() == entry["title"] and len(derived) == 1
        assert entry["chapter"] in derived[0]
        assert cells_run or not entry.get("run"), slide
        expected = [name for name, other in NAMED.items() if slide.strip() in other.get("slides", [])]
        assert errata.split() == (expected or ["–"]) and len(errata_links) == len(expected)


def test_the_errata_have_a_full_row_each_with_what_their_check_printed(pages):
    rows = body(pages[SITE / "book" / "appendix" / "errata.html"])
    assert [row[0][0].split()[0] for row in rows] == [name for name in NAMED if name.startswith("E")]
    for (left, slides), (text, links) in rows:
        name, *of = left.split()
        entry = NAMED[name]
        assert of == entry["slides"] and len(slides) == len(of)
        first = next(c for c in cells(CHAPTERS[entry["chapter"]], "code", name) if "check" in c.metadata.tags)
        printed = "".join(output.text for output in first.outputs)
        assert entry["title"] in text and printed.strip() and printed.strip() in text, name
        assert any(f"{entry['chapter']}.html#" in link for link in links), name


def test_the_first_page_shows_every_chapter_with_a_picture_that_leads_to_its_widget(pages):
    page = (SITE / "book" / "index.html").read_text()
    picture = r'<img src="data:image/webp;base64,[^"]{99,}" alt="[^"]{20,}"'
    shown = re.findall(rf'<a class="thumbnail" href="([^"#]+)\.html#([^"]+)">{picture}', page)
    chapters = [entry.removeprefix("book/") for entry in table_of_contents() if entry.removeprefix("book/") in CHAPTERS]
    assert [name for name, _ in shown] == chapters
    for name, anchor in shown:
        widgets = cells(CHAPTERS[name], "code", "widget")
        assert anchor in [nodes.make_id(appendix.label(name, cell)) for cell in widgets]


def test_the_page_of_papers_names_each_with_its_chapters(pages):
    text = (SITE / "book" / "appendix" / "bibliography.html").read_text()
    for chapter in CHAPTERS:
        for paper in appendix.listed_papers(chapter):
            address = re.search(r"\]\((\S+)\)$", paper["title"])
            assert (address is None) or address[1].replace("&", "&amp;") in text
        assert f"../{chapter}.html" in text


def test_the_lectures_take_the_time_they_are_given_by_the_notes(pages):
    """The sums on the page, from the notes themselves."""
    source = (BOOK / "appendix" / "lecturers.md").read_text()
    lectures = re.findall(r"```\{lecture\} (\d+)\n(.+?)\n```", source, re.S)
    assert [int(limit) for limit, _ in lectures] == [60] * 4 + [120] * 3
    sums = []
    for limit, text in lectures:
        lines = [line.split(": ") for line in text.splitlines()]
        times = [minutes(chapter, name) for chapter, names in lines for name in names.split()]
        assert 0.85 * int(limit) <= sum(times) <= int(limit)
        sums.append(str(sum(times)))
    rows = body(pages[SITE / "book" / "appendix" / "lecturers.html"])
    assert [row[1][0].strip() for row in rows if row[0][0].strip() == "in all"] == sums


def minutes(chapter, slide):
    [note] = [cell.source for cell in cells(CHAPTERS[chapter], "markdown") if cell.id == f"{slide}-notes"]
    return int(note.split("**Time.** ")[1].split()[0])


def test_there_are_questions_and_choices_of_slides_for_every_chapter(pages):
    for page, at_least in ("questions", 2), ("lecturers", 3):
        text = (SITE / "book" / "appendix" / f"{page}.html").read_text()
        parts = re.split(r'(?:<h2>|<p><strong>)(?=<a class="reference internal")', text)
        for chapter in CHAPTERS:
            [part] = [p for p in parts if p.startswith(f'<a class="reference internal" href="../{chapter}.html"')]
            assert len(re.findall(r"<p><strong>|<li>", part)) >= at_least, chapter


def test_no_paper_is_listed_without_saying_what_for():
    assert [paper for chapter in CHAPTERS for paper in appendix.listed_papers(chapter) if not paper["why"]] == []


def test_the_contents_of_a_page_are_words_not_paths(pages):
    for path in pages:
        contents = re.findall(r'<nav[^>]*page-toc.*?</nav>', path.read_text(), re.S)
        assert "/book/" not in re.sub("<[^>]*>", "", "".join(contents)), path


def test_the_page_of_the_code_shows_names_as_they_are_written(pages):
    text = (SITE / "book" / "appendix" / "api.html").read_text()
    assert "training_and_held_out" in text and "\\_" not in text
    assert '<span class="default_value"><span class="pre">AXIS</span>' in text
