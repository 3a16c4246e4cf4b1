"""Pages on paper, as a browser prints them, and the book as one PDF.

A page is opened as wide as a screen, and from its first print on it is as wide as the text on A4 paper.
"""

import html
import json
import re
import unicodedata
from pathlib import Path

import browser
import pytest
from chapters import CHAPTERS
from pypdf import PdfReader
from test_pages import assert_none

from book._extensions import pdf

SITE = Path(__file__).parents[1] / "_build" / "html"
SCREEN = {"width": 1280, "height": 900}
PAPER = {"width": 672, "height": 900}  # 210 mm less two margins of 16 mm, at 96 pixels an inch
SMALLEST = 8 * 96 / 72  # pixels: letters of 8 points

pytestmark = pytest.mark.browser


class Printed:
    """An open page, with what a print of it does in a browser."""

    def __init__(self, page):
        self.page = page
        browser.define(page, HELPERS)
        browser.until(page, "all(VIEW).length === all('.printed').length")
        browser.until(page, "all('.explorable img').length === all(VIEW).length")
        page.evaluate("window.print = () => ['beforeprint', 'afterprint'].forEach(fire)")

    def __enter__(self):
        self.page.emulate_media(media="print")
        self.page.set_viewport_size(PAPER)
        self.page.evaluate("fire('beforeprint')")
        return self.page

    def __exit__(self, *_):
        self.page.evaluate("fire('afterprint')")
        self.page.emulate_media(media="screen")


HELPERS = r"""
const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const fire = kind => dispatchEvent(new Event(kind));
const name = element => element.outerHTML.slice(0, 160);
const seen = selector => all(selector).filter(element => element.checkVisibility()).map(name);

const strips = () => all('.printed').map(strip => all('figure', strip).map(figure => ({
  settings: figure.querySelector('p').textContent,
  caption: figure.querySelector('figcaption').textContent,
  picture: figure.querySelector('img').src,
  loaded: figure.querySelector('img').naturalWidth > 0,
  seen: figure.checkVisibility(),
})));

// What the paper's edge would cut off. (A formula's words for screen readers are not on the paper.)
const cut_off = () => all('article :not(mjx-assistive-mml, mjx-assistive-mml *)').filter(element => {
  const { left, right, width } = element.getBoundingClientRect();
  return element.checkVisibility() && width && (left < -1 || right > innerWidth + 1);
}).map(element => `${Math.round(element.getBoundingClientRect().right)} px: ${name(element)}`);

// What only scrolling would show.
const scrolling = () => all('article :is(div, pre, p, td)').filter(element =>
  element.checkVisibility() && getComputedStyle(element).overflowX !== 'visible'
  && element.scrollWidth > element.clientWidth + 1
).map(element => `${element.scrollWidth} px: ${name(element)}`);

const small = least => all('.printed p, .printed figcaption, article > section p, article pre')
  .filter(element => element.checkVisibility() && parseFloat(getComputedStyle(element).fontSize) < least).map(name);
"""


def declared(name):
    """The frames that a built page declares, for each widget: what they are to show.

    Read from the widgets' state alone, and found as a reader would: by the controls that are linked to the stacks.
    """
    text = (SITE / f"{name}.html").read_text()
    script = r'<script type="application/vnd.jupyter.widget-{}\+json">(.*?)</script>'
    views = [json.loads(view) for view in re.findall(script.format("view"), text, re.S)]
    models = {}
    for state in re.findall(script.format("state"), text, re.S):
        models |= {key: model["state"] for key, model in json.loads(state)["state"].items()}
    model = lambda reference: models[reference.removeprefix("IPY_MODEL_")]  # noqa: E731
    links = [(link["source"][0], link["target"][0]) for link in models.values() if "source" in link]
    mover = {target: source for source, target in links}  # of a stack: the control that turns it

    def frames(view):
        *boxes, picture = model(view["model_id"])["children"]
        controls = [model(box).get("children", [box])[-1] for box in boxes]  # a slider with Play has a box
        for printed in view["printed"]:
            at, shown = dict(zip(controls, printed["at"], strict=True)), picture
            while "selected_index" in model(shown):
                shown = model(shown)["children"][at[mover[shown]]]
            settings = [f"{model(c)['description']}: {model(c)['_options_labels'][at[c]]}" for c in controls]
            frame = model(shown)["value"]
            data, caption = re.search(r'src="([^"]+)"', frame)[1], re.search(r"<figcaption[^>]*>(.*?)</", frame)[1]
            yield {"settings": ", ".join(settings), "caption": html.unescape(caption), "picture": data}

    return [list(frames(view)) for view in views]


@pytest.fixture(scope="module", params=CHAPTERS)
def visit(request, chromium, site):
    name = f"book/{request.param}"
    with browser.visit(chromium, site, f"{name}.html", **SCREEN) as (page, problems):
        yield name, Printed(page), problems


@pytest.fixture
def name(visit):
    return visit[0]


@pytest.fixture
def printed(visit):
    """An open chapter, which must have had no problem when the test ends."""
    yield visit[1]
    assert not visit[2], "\n".join(visit[2])


# --- every chapter --------------------------------------------------------------------------------------------------


def test_each_picture_is_a_strip_of_its_declared_frames(name, printed):
    expected = declared(name)
    assert expected and all(3 <= len(frames) <= 5 for frames in expected)
    for strip in printed.page.evaluate("strips()"):
        assert not any(frame["seen"] for frame in strip), "on the screen"
    for handle in printed.page.locator(".explorable .noUi-handle").all():
        handle.press("End")  # what the reader has set changes no strip
    with printed as page:
        found = page.evaluate("strips()")
        assert not page.evaluate("seen('.explorable, .explorable *')"), "controls on paper"
    assert all(frame.pop("seen") and frame.pop("loaded") for strip in found for frame in strip)
    assert found == expected


def test_only_the_text_is_printed_and_nothing_of_it_cut_off_small_or_raw(printed):
    frame = "seen('button, .bd-header, .bd-header-article, .bd-sidebar, .bd-footer, .prev-next-footer, .headerlink')"
    with printed as page:
        assert page.evaluate(frame) == []
        assert page.locator("h1:visible").count() == 1
        assert page.locator("fieldset.quiz p:visible").count() == 0, "answers, in a print without solutions"
        assert_none(page, "cut_off()")
        assert_none(page, "scrolling()")
        assert page.evaluate("small(SMALLEST)".replace("SMALLEST", str(SMALLEST - 0.01))) == []
        raw = "all('article .math').filter(math => !math.querySelector('mjx-container')).map(name)"
        assert page.evaluate(raw) == [] == page.evaluate("all('mjx-merror').map(name)")
    assert page.evaluate(frame) != []


def test_solutions_are_printed_when_chosen_or_open(printed):
    page, solutions = printed.page, "seen('.tag_solution .cell_input').length"
    count = page.locator("article details").count()
    assert count >= 3
    with printed:
        assert page.evaluate(solutions) == 0
        assert page.evaluate("seen('summary')") == []
    page.locator("article summary").first.click()
    with printed:
        assert page.evaluate(solutions) == 1
    page.locator("article summary").first.click()

    page.evaluate("addEventListener('beforeprint', () => { window.opened = all('details[open]').length })")
    page.get_by_role("button", name="Download this page").click()
    page.get_by_role("button", name="Print with solutions").click()
    assert page.evaluate("opened") == count
    assert page.locator("article details[open]").count() == 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Download this page").click()
    page.get_by_role("button", name="Print", exact=True).click()
    assert page.evaluate("opened") == 0
    page.keyboard.press("Escape")


def test_a_quiz_shows_its_options_and_its_answer_with_the_solutions(printed):
    quizzes = printed.page.locator("fieldset.quiz").count()
    printed.page.evaluate("withSolutions = true")
    with printed as page:
        assert page.locator("fieldset.quiz p:visible").count() == quizzes
        assert page.locator("fieldset.quiz p.right:visible").count() == quizzes
    with printed:  # the next print is one without them again
        assert page.locator("fieldset.quiz label:visible").count() >= 2 * quizzes >= 2
        assert page.locator("fieldset.quiz p:visible").count() == 0


def test_paper_is_white_in_the_dark(printed):
    theme = "document.documentElement.dataset.theme"
    before = printed.page.evaluate(theme)
    printed.page.evaluate(f"{theme} = 'dark'")
    with printed as page:
        assert page.evaluate(theme) == "light"
        style = "all('.printed img, html, body, article').map(element => getComputedStyle(element))"
        assert set(page.evaluate(f"{style}.map(style => style.filter)")) == {"none"}
        grounds = set(page.evaluate(f"{style}.map(style => style.backgroundColor)"))
        assert grounds <= {"rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"}
    assert page.evaluate(theme) == "dark"
    page.evaluate(f"{theme} = {before!r}")


# --- one page -------------------------------------------------------------------------------------------------------


def test_strips_are_there_for_a_print_before_the_page_is_idle(chromium, site):
    with browser.visit(chromium, site, "book/gumbel/concrete.html", **SCREEN) as (page, problems):
        page.evaluate("document.querySelectorAll('.printed').forEach(strip => strip.remove())")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        browser.define(page, HELPERS)
        assert page.evaluate("strips().length") == len(declared("book/gumbel/concrete"))
        assert not problems


# --- the book -------------------------------------------------------------------------------------------------------

FRONT, ONE, OTHER = "book/index", "book/nce/softmax", "book/appendix/notation"


@pytest.fixture(scope="module", params=[False, True], ids=["without solutions", "with solutions"])
def book(request, chromium, site, tmp_path_factory):
    """A book of three pages of the site, the texts of the PDF's pages, and whether it has the solutions."""
    path = tmp_path_factory.mktemp("pdf") / "book.pdf"
    count = pdf.write(path, chromium, site, FRONT, {"Part": [ONE], "Appendix": [OTHER]}, request.param)
    reader = PdfReader(path)
    assert len(reader.pages) == count > 10
    return reader, [page.extract_text() for page in reader.pages], request.param


def bookmarks(reader, outline, depth=0):
    """(depth, title, number of its page), from pypdf's nested lists."""
    for item in outline:
        if isinstance(item, list):
            yield from bookmarks(reader, item, depth + 1)
        else:
            yield depth, item.title, reader.get_destination_page_number(item)


def squeezed(text):
    """Without spaces, which lines bring, and without ligatures."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def test_the_book_has_bookmarks_for_parts_chapters_and_sections(book):
    reader, texts, _ = book
    found = list(bookmarks(reader, reader.outline))
    titles = [(depth, title) for depth, title, _ in found]
    assert titles[:4] == [
        (0, "Selected topics of probability in deep learning"),
        (0, "Part"),
        (1, "Softmax and its cost"),
        (2, "What you will be able to do"),
    ]
    assert (0, "Appendix") in titles and titles[titles.index((0, "Appendix")) + 1][0] == 1
    assert (2, "Exercises") in titles
    for _, title, number in found:
        if title not in ("Part", "Appendix"):
            assert squeezed(title) in squeezed(texts[number]), title
    assert [number for *_, number in found] == sorted(number for *_, number in found)


def test_links_lead_within_the_book_or_to_the_web(book):
    reader, *_ = book
    numbers = {page.indirect_reference: number for number, page in enumerate(reader.pages)}
    inside, outside = [], []
    for number, page in enumerate(reader.pages):
        for link in pdf.links(page):
            if "/Dest" in link:
                inside.append((number, numbers[link["/Dest"][0].indirect_reference]))
            else:
                outside.append(link["/A"]["/URI"])
    assert all(re.match(r"https://(?!127|localhost)", address) for address in outside)
    assert outside and len({number for _, number in inside}) > 3
    first = {title: number for depth, title, number in bookmarks(reader, reader.outline) if depth == 1}
    front = {to for number, to in inside if number < min(first.values())}
    assert front >= set(first.values()), "from the first page to the beginning of each chapter, and to its pictures"
    assert not reader.named_destinations, "names of one chapter must not catch the links of another"


def test_each_page_has_its_number_and_the_title_at_its_foot(book):
    _, texts, _ = book
    for number, text in enumerate(texts, 1):
        lines = text.split("\n")
        assert any(re.fullmatch(rf"\D*{number}", line.strip()) for line in lines[-3:]), lines[-3:]
        assert "Selected topics of probability in deep learning" in text


def test_captions_and_pictures_of_the_strips_are_in_the_book(book):
    reader, texts, _ = book
    text, frames = squeezed("".join(texts)), sum(declared(ONE), [])
    assert [frame["caption"] for frame in frames if squeezed(frame["caption"]) not in text] == []
    assert [frame["settings"] for frame in frames if squeezed(frame["settings"]) not in text] == []
    assert sum(len(page.images) for page in reader.pages) >= len(frames)


def test_the_book_has_solutions_when_chosen(book):
    _, texts, solutions = book
    count = (SITE / f"{ONE}.html").read_text().count("<details") if solutions else 0
    assert "".join(texts).count("Solution\n") == count


def test_the_book_says_what_it_is(book):
    reader, *_ = book
    assert reader.metadata.title == "Selected topics of probability in deep learning"
    assert reader.metadata.author == "the course's authors"
    assert reader.root_object["/Lang"] == "en"
    assert {tuple(map(round, page.mediabox[2:])) for page in reader.pages} == {(596, 843)}  # A4 in whole pixels


@pytest.mark.parametrize(
    ("title", "written"),
    [("SummarySummary", "Summary"), ("Summary", "Summary"), ("Bonbon", "Bonbon"), ("", "")],
)
def test_a_title_that_chromium_writes_twice_is_written_once(title, written):
    assert pdf.once(title) == written
