"""How the pages are found, shared and cited: a small course, built with its addresses known and without."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import browser
import nbformat
import pytest
import yaml
from PIL import Image
from playwright.sync_api import expect
from sphinx.errors import ConfigError

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "book" / "_extensions"))
import found  # noqa: E402

CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text())
CONFIG = yaml.safe_load((ROOT / "_config.yml").read_text())
VARIABLES = "GITHUB_REPOSITORY", "GITHUB_SERVER_URL"
ADDRESS = "https://someone.github.io/Course/"
REPOSITORY = "https://github.com/Someone/Course"

# --- the site's address ---------------------------------------------------------------------------------------------


def address(monkeypatch, written="", **variables):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    config = SimpleNamespace(html_baseurl=written)
    found.find_address(None, config)
    assert config.html_baseurl == config.course_address
    return config.course_address


@pytest.mark.parametrize(
    ("written", "repository", "expected"),
    [
        ("", "Someone/Course", ADDRESS),
        (None, "Someone/Course", ADDRESS),
        ("", "Someone/someone.github.io", "https://someone.github.io/"),  # GitHub's name for a site without a folder
        ("https://course.example", "", "https://course.example/"),
        ("https://course.example/a/b/", "Someone/Course", "https://course.example/a/b/"),  # what is written holds
        ("", "", ""),
    ],
)
def test_the_address_is_the_one_written_down_or_that_of_githubs_pages(monkeypatch, written, repository, expected):
    assert address(monkeypatch, written, GITHUB_REPOSITORY=repository) == expected


def test_a_workflow_elsewhere_publishes_elsewhere(monkeypatch):
    variables = {"GITHUB_REPOSITORY": "someone/course", "GITHUB_SERVER_URL": "https://git.example.org"}
    assert address(monkeypatch, **variables) == ""


@pytest.mark.parametrize("written", ["course.example", "/course/", "https://", "https://a.example/?b", "ftp://a.example/"])
def test_an_address_that_is_not_whole_ends_the_build(monkeypatch, written):
    with pytest.raises(ConfigError, match=re.escape(written)):
        address(monkeypatch, written)


# --- formulas as text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\arg\max_k(\mu_k+G_k)", "arg max_k(μ_k+G_k)"),
        (r"\exp(\text{score})", "exp(score)"),
        (r"u=e^{s}", "u=e^s"),
        (r"z=g(x,\theta)", "z=g(x,θ)"),
        (r"\varepsilon+\Gamma", "ε+Γ"),
    ],
)
def test_a_formula_in_a_description_is_text(tex, text):
    assert found.plain_math(tex) == text


# --- a course in small ----------------------------------------------------------------------------------------------

OPENING = r'A formula, $\mu_k$, and *words* & "signs" that a [link](../index.md) leads to, and'
FIGURE = """
def ground(place):
    figure, ax = style.figure()
    ax.set_facecolor(("red", "lime", "blue")[place + 1])
    return figure, f"The ground is at {place}, in <one> place."
"""
IMPORTS = "from lib.explore import explore, grid\nfrom lib.figures import style"
PAGES = ["book/index", "book/part/moving", "book/part/still"]


def course_in_small(folder):
    """A repository with the course's extensions and settings, two chapters, and a first page with a picture of one."""
    for name in ("lib", "book/_extensions", "book/_static"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("_config.yml", "requirements.txt", "package-lock.json", "CITATION.cff"):
        shutil.copy(ROOT / name, folder)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    chapters = "".join(f"- file: {page}\n" for page in PAGES[1:])
    (folder / "_toc.yml").write_text(f"format: jb-book\nroot: book/index\nchapters:\n{chapters}")
    (folder / "book" / "part").mkdir()
    moving = [IMPORTS, FIGURE.strip(), "explore(ground, place=grid(-1, 1, 3, start=0))"]
    write(folder, "moving", moving, "many-worded " * 20 + "\n\n## A section")
    write(folder, "still", ["print(6 * 7)"], "no more.\n\nA second paragraph.\n\n- A list\n\nWhat follows it.")
    first = "# The title\n\nWhat it is.\n\n```{thumbnail} part/moving cell-2\n```\n\n```{citation}\n```\n"
    (folder / "book" / "index.md").write_text(first)


def write(folder, name, sources, text):
    head = nbformat.v4.new_markdown_cell(f"# About {name} & more\n\n{OPENING} {text}")
    code = [nbformat.v4.new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    code[-1].metadata |= {"tags": ["widget"], "slideshow": {"slide_type": "slide" if name == "moving" else "skip"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[head, *code]), folder / "book" / "part" / f"{name}.ipynb")


def build(folder, repository=None):
    environment = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    environment |= {"GITHUB_REPOSITORY": repository} if repository else {}
    command = [Path(sys.executable).parent / "jupyter-book", "build", ".", "-W", "--keep-going"]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert done.returncode == 0, done.stdout
    return folder / "_build" / "html"


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """The site as GitHub's workflow builds it, and the same folder's next build where no address is known."""
    folder = tmp_path_factory.mktemp("course")
    course_in_small(folder)
    known = folder / "known"
    shutil.copytree(build(folder, "Someone/Course"), known)
    return {"known": known, "unknown": build(folder)}


class Head(HTMLParser):
    """A page's title, its meta tags by name, its canonical addresses, and the links of its body by their text."""

    def __init__(self, path):
        super().__init__()
        self.title, self.meta, self.canonical, self.base, self.links, self.place = "", {}, [], [], {}, None
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.place = (tag, attributes) if tag in ("title", "a") else self.place
        if tag == "meta" and (name := attributes.get("name") or attributes.get("property")):
            assert name not in self.meta or name == "viewport", f"two {name}"
            self.meta[name] = attributes["content"]
        if tag == "link" and attributes.get("rel") == "canonical":
            self.canonical.append(attributes["href"])
        if tag == "base":
            self.base.append(attributes["href"])

    def handle_data(self, data):
        if self.place and self.place[0] == "title":
            self.title += data
        elif self.place and data.strip():
            self.links[data.strip()] = self.place[1].get("href")

    def handle_endtag(self, tag):
        self.place = None if self.place and tag == self.place[0] else self.place


@pytest.fixture(scope="module")
def heads(sites):
    return {(case, page): Head(site / f"{page}.html") for case, site in sites.items() for page in [*PAGES, "index"]}


CASES = pytest.mark.parametrize("case", ["known", "unknown"])


# --- what a page says of itself -------------------------------------------------------------------------------------


@CASES
def test_each_page_has_a_title_of_its_own(heads, case):
    titles = [heads[case, page].title for page in PAGES]
    assert titles == [
        f"{found.FIRST_PAGE} — {CONFIG['title']}",
        f"About moving & more — {CONFIG['title']}",
        f"About still & more — {CONFIG['title']}",
    ]


@CASES
def test_the_description_is_the_opening_as_far_as_it_fits(heads, case):
    described = [heads[case, page].meta["description"] for page in PAGES]
    start = "A formula, μ_k, and words & “signs” that a link leads to, and"
    assert described[0] == "What it is."
    assert described[1].startswith(f"{start} many-worded many-") and described[1].endswith(" many-worded …")
    assert 145 < len(described[1]) <= 160
    assert described[2] == f"{start} no more. A second paragraph."


@CASES
def test_shared_pages_show_their_name_and_their_description(heads, case):
    for page, title in zip(PAGES, ["The title", "About moving & more", "About still & more"], strict=True):
        meta = heads[case, page].meta
        assert (meta["og:title"], meta["og:site_name"]) == (title, CONFIG["title"])
        assert meta["og:description"] == meta["description"]
        assert meta["og:type"] == "article"


def test_pages_say_their_whole_address_where_it_is_known(heads):
    for page in PAGES:
        head = heads["known", page]
        assert head.canonical == [head.meta["og:url"]] == [f"{ADDRESS}{page}.html"]


def test_a_page_with_a_widget_on_the_first_page_is_shared_with_the_picture_it_starts_with(sites, heads):
    for page in PAGES:  # a page without one has that of the first chapter that has
        meta = heads["known", page].meta
        assert meta["og:image"] == f"{ADDRESS}book/part/moving.png"
        assert meta["og:image:alt"] == "The ground is at 0, in <one> place."
        assert meta["twitter:card"] == "summary_large_image"
    with Image.open(sites["known"] / "book" / "part" / "moving.png") as image:
        assert image.format == "PNG"
        assert [str(n) for n in image.size] == [meta["og:image:width"], meta["og:image:height"]]
        assert image.getpixel((0, 0)) == image.getpixel((1199, 629)) == (255, 255, 255)
        assert image.getpixel((600, 300)) == (0, 255, 0)  # as where the slider starts, between red and blue


def test_every_picture_of_the_first_page_is_found():
    config = SimpleNamespace(root_doc="book/index")
    found.find_cards(SimpleNamespace(srcdir=ROOT), config)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    chapters = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    assert list(config.course_cards) == [page for page in chapters if (ROOT / f"{page}.ipynb").exists()]


def test_the_site_map_lists_every_page_and_nothing_else(sites):
    tree = ElementTree.parse(sites["known"] / "sitemap.xml")
    space = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    assert tree.getroot().tag == f"{space}urlset"
    assert [place.text for place in tree.iter(f"{space}loc")] == [f"{ADDRESS}{page}.html" for page in PAGES]


def test_a_second_build_that_writes_one_page_lists_all_of_them(sites, tmp_path):
    app = SimpleNamespace(
        outdir=tmp_path,
        builder=SimpleNamespace(format="html", get_target_uri=lambda page: f"{page}.html"),
        config=SimpleNamespace(course_address=ADDRESS, root_doc="index"),
        env=SimpleNamespace(found_docs={*PAGES}),
    )
    found.finish(app, None)
    assert (tmp_path / "sitemap.xml").read_text() == (sites["known"] / "sitemap.xml").read_text()


def test_without_an_address_nothing_needs_one(sites, heads):
    assert not (sites["unknown"] / "sitemap.xml").exists()  # though the build before had one
    for page in [*PAGES, "index"]:
        head = heads["unknown", page]
        assert not head.canonical and not {"og:url", "og:image", "twitter:card"} & head.meta.keys()
    for page in sites["unknown"].rglob("*.html"):
        assert "github" not in re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.S), page


@CASES
def test_the_front_door_says_what_the_first_page_says(heads, case):
    door, first = heads[case, "index"], heads[case, "book/index"]
    about = {name: text for name, text in first.meta.items() if re.match("description|og:|twitter:", name)}
    assert (door.title, door.meta, door.canonical) == (first.title, about, first.canonical)
    assert door.links == {"The first page": "book/index.html"}


# --- where there is no page -----------------------------------------------------------------------------------------


@CASES
def test_the_lost_page_has_the_sites_look_and_is_in_no_list(sites, case):
    head, text = Head(sites[case] / "404.html"), (sites[case] / "404.html").read_text()
    assert head.title == f"Page not found — {CONFIG['title']}"
    assert head.meta["robots"] == "noindex" and not head.canonical
    assert "_static/course.css" in text and CONFIG["html"]["extra_footer"].strip() in text
    assert (head.links["first page"], head.links["search"]) == ("book/index.html", "search.html")
    assert head.base == (["/Course/404.html"] if case == "known" else [])
    assert text.index("<base") < min(text.index(mark) for mark in ("href=", "src=")) + 6 if head.base else True


@pytest.mark.browser
@pytest.mark.parametrize("lost", ["Course/gone.html", "Course/book/part/gone/deeper.html"])
def test_links_of_the_lost_page_lead_to_the_site_from_any_depth(chromium, sites, tmp_path, lost):
    shutil.copytree(sites["known"], tmp_path / "Course")
    place = tmp_path / lost
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(tmp_path / "Course" / "404.html", place)  # as a server answers for what is not there
    with browser.serve(tmp_path) as site, browser.visit(chromium, site, lost, 390, 844) as (page, problems):
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        own = {urlsplit(link).path.removeprefix("/") for link in links if link.startswith(site)}
        assert {"Course/book/index.html", "Course/book/part/moving.html", "Course/search.html"} <= own
        assert [path for path in own if not (tmp_path / path).is_file()] == []
        page.get_by_role("link", name="search", exact=True).press("Enter")
        page.wait_for_url(urljoin(site, "Course/search.html"))
        assert not problems, "\n".join(problems)


# --- the links to the repository ------------------------------------------------------------------------------------


def test_every_page_can_be_edited_and_reported_where_the_repository_is_known(heads):
    for page, suffix in zip(PAGES, ["md", "ipynb", "ipynb"], strict=True):
        links = heads["known", page].links
        assert links["Edit on GitHub"] == f"{REPOSITORY}/edit/main/{page}.{suffix}"
        assert links["Open an issue"].startswith(f"{REPOSITORY}/issues/new?")
        assert not {"Edit on GitHub", "Open an issue"} & heads["unknown", page].links.keys()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_menu_is_named_and_opened_by_key(chromium, sites, width, height):
    with (
        browser.serve(sites["known"]) as site,
        browser.visit(chromium, site, "book/part/moving.html", width, height) as (page, problems),
    ):
        page.wait_for_load_state("networkidle")
        menu = page.get_by_role("button", name="Correct this page", exact=True)
        expect(menu).to_be_in_viewport(ratio=1)
        expect(menu.locator("i")).to_be_visible()
        boxes = [button.bounding_box() for button in page.locator(".article-header-buttons .btn:visible").all()]
        boxes.sort(key=lambda box: box["x"])
        assert all(a["x"] + a["width"] <= b["x"] + 1 for a, b in zip(boxes, boxes[1:], strict=False)), boxes
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        menu.focus()
        page.keyboard.press("Enter")
        edit, issue = (page.get_by_role("link", name=name) for name in ("Edit on GitHub", "Open an issue"))
        for link in (edit, issue):
            page.keyboard.press("ArrowDown")
            expect(link).to_be_focused()
            expect(link).to_be_in_viewport(ratio=1)
        assert not problems, "\n".join(problems)


# --- how to cite the course -----------------------------------------------------------------------------------------


@CASES
def test_the_first_page_cites_the_course_as_citation_cff_does(sites, case):
    page = re.sub(r"<[^>]+>", "", (sites[case] / "book" / "index.html").read_text())
    text = " ".join(page.replace("’", "'").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">").split())
    [author], title, version = CFF["authors"], CFF["title"], CFF["version"]
    year = CONFIG["copyright"]
    line = f"{author['name'].capitalize()} ({year}). {title}. Version {version}."
    assert f"{line} {ADDRESS}" in text if case == "known" else line in text
    fields = [f"author = {{{{{author['name']}}}}}", f"title = {{{{{title}}}}}", f"year = {{{year}}}"]
    fields += [f"note = {{Version {version}}}"] + ([f"url = {{{ADDRESS}}}"] if case == "known" else [])
    assert f"@misc{{probability-in-deep-learning, {', '.join(fields)} }}" in text


def test_persons_are_cited_by_their_names():
    person = {"given-names": "Ada", "family-names": "Lovelace"}
    text = found.citation({"authors": [person, {"name": "others"}], "title": "T", "version": 1}, "1843", "")
    assert text.startswith("Ada Lovelace and others (1843). *T*. Version 1.\n")
    assert "author = {{Ada Lovelace} and {others}}" in text


def test_the_course_cites_itself_in_one_version_and_on_its_first_page():
    assert CFF["version"] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert "```{citation}\n```" in (ROOT / "book" / "index.md").read_text()
