"""Every page of the built site in Chromium, wide and narrow; requests to any other host are blocked and counted."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import browser
import explorables
import pytest
import yaml
from playwright.sync_api import TimeoutError as Late
from test_budget import budget

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
SIZES = {1280: 900, 390: 844}  # a laptop, a telephone


def chapters():
    """The pages that the table of contents names, without suffix."""

    def files(entry):
        yield from (entry[key] for key in ("root", "file") if key in entry)
        for key in "parts", "chapters", "sections":
            for inner in entry.get(key, []):
                yield from files(inner)

    return list(files(yaml.safe_load((ROOT / "_toc.yml").read_text())))


PAGES = [(name, width) for name in [*chapters(), "search", "genindex"] for width in SIZES]


@pytest.fixture(scope="module", params=PAGES, ids=[f"{name}-{width}" for name, width in PAGES])
def visit(request, chromium, site):
    """A page with all that is on it, open for all tests of this page and width."""
    name, width = request.param
    with browser.visit(chromium, site, f"{name}.html", width, SIZES[width]) as (page, problems):
        browser.define(page, HELPERS)
        assert_none(page, "unfinished()")
        yield page, problems


def assert_none(page, offences):
    """A list that the page computes is empty, or becomes so."""
    try:
        browser.until(page, f"{offences}.length == 0")
    except Late:
        found = page.evaluate(offences)
        assert not found, f"{offences} found\n" + "\n".join(found)


# What the tests ask of a page.
HELPERS = explorables.HELPERS + r"""
const name = element => element.outerHTML.slice(0, 160);

const unfinished = () => [
  ...all('script[type="application/vnd.jupyter.widget-view+json"]')
    .filter(view => !view.parentElement.querySelector('.jupyter-widgets')),
  ...all('.first-picture'),
  ...all('.explorable').filter(root => state(root) === null),
  ...all('.math').filter(math => !math.querySelector('mjx-container')),
].map(name);

// From the top to the end and back, as far at a time as a reader sees: nothing on the way asks for more.
const scrolled = async () => {
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight) {
    scrollTo(0, top);
    await new Promise(requestAnimationFrame);
  }
  scrollTo(0, 0);
};

const wrong_images = () => all('img').filter(image => !(
  image.complete && image.naturalWidth
  && (image.alt.trim() || image.getAttribute('alt') === '' && image.getAttribute('role') === 'presentation')
)).map(name);

// TeX that a reader would see: commands, delimiters, and what MathJax leaves of an unknown command or reference.
const raw_math = () => {
  const found = all('mjx-merror').map(name);
  const skip = 'script, style, template, pre, code, textarea, mjx-math, [data-mjx-texclass]';
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode.data, parent = texts.currentNode.parentElement;
    const tex = parent.closest('mjx-assistive-mml') ? /\\[a-zA-Z]|\?\?\?/ : /\\[a-zA-Z()[\]]|\$/;
    if (tex.test(text) && !parent.closest(skip)) found.push(text.trim().slice(0, 160));
  }
  return found;
};

// The page must not scroll sideways, and no widget may be cut off.
const too_wide = () => [document.documentElement, ...all('.explorable, .explorable .widget-inline-hbox, .quiz')]
  .filter(element => element.scrollWidth > element.clientWidth + 1
    || element.getBoundingClientRect().right > innerWidth + 1)
  .map(element => `${element.scrollWidth} px: ${name(element)}`);

// In the dark the theme puts outputs on a pale ground; ours are to stand on the page's own.
const pale_in_the_dark = () => {
  const html = document.documentElement, theme = html.dataset.theme;
  html.dataset.theme = 'dark';
  const found = all('.cell_output .text_html, .cell_output .widget-subarea')
    .filter(output => !output.querySelector('table') && getComputedStyle(output).backgroundColor !== 'rgba(0, 0, 0, 0)')
    .map(name);
  html.dataset.theme = theme;
  return found;
};

const shown = root => all('p', root).flatMap((feedback, i) => feedback.checkVisibility() ? [i] : []);
"""


# --- every page -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_page_is_whole(page):
    page.evaluate("scrolled()")
    assert_none(page, "raw_math()")
    assert_none(page, "wrong_images()")
    assert_none(page, "too_wide()")
    assert_none(page, "pale_in_the_dark()")
    views = page.evaluate("all('script[type=\"application/vnd.jupyter.widget-view+json\"]').length")
    loaders = page.evaluate("performance.getEntriesByType('resource').filter(e => /widgets\\.js/.test(e.name)).length")
    assert bool(loaders) == bool(views), f"{loaders} widget scripts for {views} widgets"
    assert page.locator("link[rel~=icon]").count(), "a page without an icon asks for /favicon.ico, which is not there"


@pytest.mark.browser
def test_the_site_opens_at_its_first_page(chromium, site):
    with browser.visit(chromium, site) as (page, problems):
        page.wait_for_url(f"{site}{chapters()[0]}.html")
        page.wait_for_load_state()
        assert not problems


@pytest.mark.parametrize("name", chapters())
def test_a_page_has_every_widget_of_its_notebook(site, name):
    """Without this, a page that lost its widgets would pass all tests of widgets."""
    notebook = ROOT / f"{name}.ipynb"
    cells = json.loads(notebook.read_text())["cells"] if notebook.exists() else []
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    page = (SITE / f"{name}.html").read_text()
    for call, mark in {"explore": "application/vnd.jupyter.widget-view+json", "quiz": '<fieldset class="quiz'}.items():
        assert page.count(mark) == sum(bool(re.search(rf"^{call}\(", text, re.M)) for text in code), call


# --- what moves -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_every_control_moves_its_picture_and_its_caption(page):
    for number in range(page.locator(".explorable").count()):
        explorables.Explorable(page, number, every=page.viewport_size["width"] == max(SIZES)).check()


@pytest.mark.browser
def test_every_quiz_answers_the_option_chosen(page):
    quizzes = page.locator("fieldset.quiz").all()
    for quiz in quizzes:
        shown = lambda quiz=quiz: quiz.evaluate("root => shown(root)")  # noqa: E731
        options, labels = quiz.locator("input").all(), quiz.locator("label").all()
        assert len(options) == len(labels) == quiz.locator("p").count() >= 2
        assert shown() == []
        for number, label in enumerate(labels):
            label.click()
            assert shown() == [number]
        options[-1].focus()
        for number in range(len(options)):  # down from the last is the first
            page.keyboard.press("ArrowDown")
            assert shown() == [number]
        page.keyboard.press("ArrowUp")
        assert shown() == [len(options) - 2]
    assert page.locator("fieldset.quiz input:checked").count() == len(quizzes), "quizzes share their options"


@pytest.mark.browser
def test_hidden_solutions_open_by_keyboard(page):
    for details in page.locator("article details").all():
        content = details.locator(":scope > :not(summary)").first
        assert not content.is_visible()
        for key in "Enter", "Space":
            details.locator("summary").press(key)
            assert content.is_visible(), key
            details.locator("summary").press(key)
            assert not content.is_visible(), key


# --- the files ------------------------------------------------------------------------------------------------------


class References(HTMLParser):
    """The addresses from which a page makes the browser load, and those of files to load that its scripts name."""

    LINKS = {"stylesheet", "icon", "preload", "prefetch", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
    ATTRIBUTES = {"link": ["href"], "object": ["data"], "a": []}

    def __init__(self, text):
        super().__init__()
        self.found, self.tag = [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tag, attributes = tag, dict(attributes)
        if tag != "link" or self.LINKS & set((attributes.get("rel") or "").split()):
            names = self.ATTRIBUTES.get(tag, ["src", "srcset", "poster"])
            self.found += [attributes[name] for name in names if attributes.get(name)]

    def handle_data(self, data):
        if self.tag == "style":
            self.found += style_references(data)
        if self.tag == "script":
            self.found += re.findall(r"""(?:https?:)?//[^\s"'`]+\.(?:js|mjs|css|woff2?)\b""", data)

    def handle_endtag(self, tag):
        self.tag = None


def style_references(text):
    return re.findall(r"""(?:url\(|@import)\s*["']?([^"')]+)""", text)


def to_another_host(path):
    """The addresses of other hosts that a page or a style sheet loads from; plain links are not loaded."""
    text = path.read_text()
    found = References(text).found if path.suffix == ".html" else style_references(text)
    return [f"{path.name}: {address[:200]}" for address in found if re.match(r"\s*(?:https?:)?//", address)]


def test_no_page_and_no_style_sheet_loads_from_another_host(site):
    files = [*SITE.rglob("*.html"), *SITE.rglob("*.css")]
    assert len(files) > len(chapters())
    assert sum(map(to_another_host, files), []) == []


def test_the_site_keeps_its_budget(site):
    budget.check(SITE, chapters())


@pytest.mark.browser
def test_a_widget_that_fails_keeps_its_first_picture_and_the_others_are_shown(chromium, site):
    def without_the_first_model(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r'("model_id": )"\w+"', r'\1"missing"', answer.text(), count=1))

    with browser.visit(chromium, site, "book/gumbel/concrete.html") as (page, problems):
        page.wait_for_load_state("networkidle")
        widgets = page.locator(".explorable").count()
        page.route("**/concrete.html", without_the_first_model)
        page.reload(wait_until="networkidle")
        browser.until(page, "document.querySelectorAll('.first-picture').length == 1")
        assert page.locator(".explorable").count() == widgets - 1
        assert problems and all(problem.startswith("uncaught exception") for problem in problems), problems


# --- these tests themselves -----------------------------------------------------------------------------------------

BAD_PAGE = """<!doctype html><html><head><link rel="preload" href="//cdn.example/x.js">
<style>@import "//x.example/a.css"; </style>
<script src="https://cdn.example/x.js"></script><script src="gone.js"></script></head><body>
<script>console.error("planted"); Promise.reject(new Error("rejected")); new WebSocket("ws://sockets.example/");
load("https://cdn.example/lazy.mjs"); </script>
<p style="width: 2000px">Raw $x$.</p><p>Raw \\begin{align}</p><code>$fine$</code><mjx-merror>?</mjx-merror>
<mjx-container><mjx-assistive-mml><math><mtext>\\unknown (???)</mtext></math></mjx-assistive-mml></mjx-container>
<img src="gone.png" alt="gone"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">
<img alt="" src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">
<div><script type="application/vnd.jupyter.widget-view+json">{}</script></div><span class="math">x</span>
</body></html>"""


@pytest.mark.browser
def test_the_tests_see_planted_faults(chromium, tmp_path):
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    with browser.serve(tmp_path) as site, browser.visit(chromium, site, "bad.html", width=390) as (page, problems):
        browser.define(page, HELPERS)
        seen = {"raw_math": 4, "wrong_images": 3, "too_wide": 1, "unfinished": 2}
        assert {check: page.evaluate(f"{check}().length") for check in seen} == seen
        for planted in (
            "blocked request: https://cdn.example/x.js",
            "blocked request: http://x.example/a.css",
            "blocked request: ws://sockets.example/",
            f"failed request: {site}gone.js (404)",
            f"failed request: {site}gone.png (404)",
            "console error: planted",
            "uncaught exception: rejected",
            "uncaught exception: load is not defined",
        ):
            assert any(problem.startswith(planted) for problem in problems), f"{planted} is not among {problems}"
    assert len(to_another_host(tmp_path / "bad.html")) == 4
