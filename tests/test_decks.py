"""Every chapter's slides in Chromium, opened as files, as on a laptop without a network, and over HTTP."""

import re

import browser
import explorables
import pytest
from chapters import CHAPTERS, read
from playwright.sync_api import expect

SIZE = {"width": 1280, "height": 720}
ALL_STEPS = 1000  # more than a slide has

each_chapter = pytest.mark.parametrize("name", CHAPTERS)


def kinds(name, *wanted):
    """The cells of a chapter that are marked so for slides."""
    return [cell for cell in read(CHAPTERS[name]).cells if cell.metadata.slideshow.slide_type in wanted]


def opened(chromium, site, name, query=""):
    """A deck, once its slides are laid out: what `browser.visit` gives."""
    return browser.visit(chromium, site, f"book/{name}.slides.html{query}", **SIZE)


def laid_out(page):
    page.wait_for_selector(".reveal.laid-out")
    browser.define(page, explorables.HELPERS + HELPERS)
    return page.evaluate("Reveal.getTotalSlides()")


def turn(page, number):
    """To a slide, with all its steps, each of which can take the focus: what fades in is hidden for one frame more."""
    page.evaluate(f"Reveal.slide({number}, 0, {ALL_STEPS})")
    browser.until(page, "all('.fragment', current()).every(step => getComputedStyle(step).visibility === 'visible')")


@pytest.fixture(scope="module", params=CHAPTERS)
def visit(request, chromium, files):
    with opened(chromium, files, request.param) as (page, problems):
        yield request.param, page, problems, laid_out(page)


@pytest.fixture
def deck(visit):
    """A deck opened as a file, which must have had no problem when the test ends: its chapter, page and slides."""
    name, page, problems, count = visit
    yield name, page, count
    assert not problems, "\n".join(problems)


HELPERS = r"""
const current = () => Reveal.getCurrentSlide();

// What hangs over the slide's edge, or is hidden by the controls' corner, at the present step.
const hanging = () => {
  const points = box => ['left', 'top', 'right', 'bottom'].map(side => box[side] / Reveal.getScale());
  const content = current().querySelector('.page');
  const found = all('*', content).filter(element => {
    if (!element.checkVisibility() || element.closest('mjx-assistive-mml, .mjx-hidden')) return false;
    const [left, top, right, bottom] = points(element.getBoundingClientRect());
    return left < 0 || top < 0 || right > 1280 || bottom > 720;
  }).map(element => element.outerHTML.slice(0, 160));
  return content.scrollHeight > 720 || content.scrollWidth > 1280 ? ['the content', ...found] : found;
};

// Sizes of the text's letters, in points of a slide of 1280 x 720, and how far wide formulas had to shrink.
const letters = () => all('p, li, td, th', current().querySelector('.page'))
  .filter(element => element.textContent.trim() && !element.matches('.keys'))
  .map(element => parseFloat(getComputedStyle(element).fontSize) * element.currentCSSZoom);
const shrunk = () => all('mjx-container[display] > svg', current().querySelector('.page')).map(svg => {
  const width = svg.getBoundingClientRect().width;
  svg.style.maxWidth = 'none';
  const natural = svg.getBoundingClientRect().width / svg.currentCSSZoom;
  svg.style.maxWidth = '';
  return width / natural;
});
const raw = () => {
  const text = current().querySelector('.page').innerText;
  return [...(text.match(/\\[a-zA-Z]+|\$|\?\?\?/g) ?? []), ...all('mjx-merror', current()).map(e => e.outerHTML)];
};
const waiting = () => all('.fragment:not(.visible)', current()).length;
"""


# --- what is on the slides ------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_every_slide_fits_and_can_be_read_from_the_back(deck):
    _, page, count = deck
    for number in range(count):
        turn(page, number)
        where = f"slide {number + 1}, {page.evaluate('current().innerText.slice(0, 60)')!r}"
        assert page.evaluate("hanging()") == [], where
        assert page.evaluate("raw()") == [], where
        assert min(page.evaluate("letters()"), default=28) >= 28, where
        assert min(page.evaluate("shrunk()"), default=1) >= 0.8, where  # formulas start at about 33 points


@pytest.mark.browser
def test_the_deck_shows_every_cell_for_slides_with_its_note(deck):
    name, page, count = deck
    sections = len(kinds(name, "slide", "subslide"))
    assert count >= sections
    widgets = [c for c in kinds(name, "slide", "subslide", "fragment") if "widget" in c.metadata.get("tags", [])]
    assert page.locator(".slides .explorable").count() == len(widgets) >= 3
    headings = [line for c in kinds(name, "slide") for line in c.source.splitlines() if re.match(r"##? [^$*`]+$", line)]
    shown = page.locator(".slides section :is(h1, h2)").all_inner_texts()
    assert [heading for heading in headings if heading.lstrip("# ") not in shown] == []
    notes = page.evaluate("Reveal.getSlides().map(slide => slide.querySelector('aside.notes')?.textContent ?? '')")
    assert all("Say." in note and "Time." in note for note in notes)


@pytest.mark.browser
def test_the_steps_of_a_derivation_come_one_at_a_time(deck):
    _, page, count = deck
    page.evaluate("Reveal.slide(0, 0)")
    steps = 0
    for number in range(count):
        assert page.evaluate("Reveal.getIndices().h") == number
        while page.evaluate("Reveal.availableFragments().next"):
            before = page.evaluate("waiting()")
            page.keyboard.press("ArrowRight")
            assert page.evaluate("waiting()") < before
            steps += 1
        assert page.evaluate("waiting()") == 0
        page.keyboard.press("ArrowRight")
    rows = page.locator("g.fragment[data-mml-node=mtr]").count()
    assert steps >= rows > 5, f"{rows} rows of derivations in {steps} steps"


# --- what moves -----------------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_every_widget_moves_and_the_slide_stays(deck):
    _, page, count = deck
    for number in range(count):
        turn(page, number)
        for widget in page.evaluate("all('.explorable').flatMap((e, i) => current().contains(e) ? [i] : [])"):
            explorables.Explorable(page, widget, every=False).check()
            assert page.evaluate("Reveal.getIndices().h") == number, "a key of a control has turned the slide"
            assert page.evaluate("hanging()") == []


@pytest.mark.browser
def test_arrows_move_a_focused_slider_and_otherwise_turn_the_slide(deck):
    _, page, _ = deck
    at = lambda: page.evaluate("Reveal.getIndices().h")  # noqa: E731
    sliders = page.evaluate("Reveal.getSlides().flatMap((slide, i) => slide.querySelector('.noUi-handle') ? [i] : [])")
    for number in sliders[:1]:  # a deck may have buttons only
        turn(page, number)
        handle = page.locator("section.present .noUi-handle").first.element_handle()
        handle.press("End")
        handle.press("ArrowLeft")
        assert at() == number
        handle.press("Escape")
        page.keyboard.press("ArrowRight")
        assert at() == number + 1
        turn(page, number)
        value = handle.get_attribute("aria-valuenow")
        handle.press("PageDown")  # as a clicker sends it
        assert at() == number + 1 and handle.get_attribute("aria-valuenow") == value
        page.keyboard.press("PageUp")
        assert at() == number
    number = page.evaluate("Reveal.getSlides().findIndex(slide => slide.querySelector('.explorable button'))")
    if number >= 0:
        turn(page, number)
        button = page.locator("section.present .explorable button").last
        button.press("Enter")
        assert at() == number
        button.press("ArrowRight")
        assert at() == number + 1
    assert sliders or number >= 0


# --- how it is opened -----------------------------------------------------------------------------------------------


@pytest.mark.browser
@each_chapter
def test_the_deck_opens_over_http_from_its_page(chromium, site, name):
    with browser.visit(chromium, site, f"book/{name}.html", **SIZE) as (page, problems):
        link = page.get_by_role("link", name="Slides", exact=True)
        assert link.get_attribute("href") == f"{name.split('/')[1]}.slides.html"
        link.focus()
        with page.expect_popup() as popup:  # the theme opens it beside the page
            page.keyboard.press("Enter")
        assert laid_out(popup.value) > 20
        popup.value.get_by_role("link", name="the chapter’s page").click()
        popup.value.wait_for_url(f"{site}book/{name}.html", wait_until="commit")
        assert not problems


@pytest.mark.browser
def test_the_notes_open_and_follow(deck):
    name, page, _ = deck
    follow(page, name)


@pytest.mark.browser
def test_the_notes_open_and_follow_over_http(chromium, site):
    with opened(chromium, site, "gumbel/concrete") as (page, problems):
        laid_out(page)
        follow(page, "gumbel/concrete")
        assert not problems


def follow(page, name):
    """Open the window of notes, turn to three slides, and expect their notes in it."""
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    notes = popup.value.locator(".speaker-controls-notes .value")
    for note in kinds(name, "notes")[:3]:
        slide = note.id.removesuffix("-notes")
        page.evaluate("name => Reveal.slide(Reveal.getSlides().findIndex(slide => slide.id === name))", slide)
        first_words = re.match(r"\*\*Say\.\*\* ([^$*`_\[]+)", note.source)[1].strip()
        expect(notes).to_contain_text(first_words)
    popup.value.close()


@pytest.mark.browser
@each_chapter
def test_print_gives_one_page_a_slide(chromium, files, name):
    with opened(chromium, files, name, "?print-pdf") as (page, problems):
        count = laid_out(page)
        browser.until(page, "document.querySelectorAll('.pdf-page').length > 0")
        assert count == page.locator(".pdf-page .page").count() > 20
        printed = page.pdf(prefer_css_page_size=True, print_background=True)
        assert len(re.findall(rb"/Type /Page\b", printed)) == count
        pictures = page.locator(".pdf-page .explorable img")
        assert pictures.count() == page.locator(".pdf-page .explorable").count() >= 3
        assert not problems
