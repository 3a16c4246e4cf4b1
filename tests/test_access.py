"""The site for readers who hear it, move by keyboard, see few colours, enlarge the text, or want nothing to move.

axe-core looks at every page and every deck, light and dark, with all that is folded open. Its rules are those of WCAG
2.0, 2.1 and 2.2, levels A and AA, and its own best practices.
"""

import io
import re

import browser
import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from chapters import CHAPTERS
from PIL import Image
from playwright.sync_api import expect
from test_decks import laid_out
from test_pages import HELPERS, assert_none, chapters

PAGES = [*chapters(), "search", "genindex", "py-modindex", "404"]
LAPTOP, PHONE = {"width": 1280, "height": 900}, {"width": 320, "height": 640}
SLIDER = "book/nce/likelihoods"  # a page with sliders, buttons, and questions
PLAY = "book/nce/softmax"  # a page with an animation
LONG = "book/reparameterization/vae"  # a page with formulas wider than a phone
TABLE = "book/gumbel/concrete"  # … with a table wider than a phone
PRINTED = "book/gumbel/sampling_gumbels"  # … with one that a cell prints
QUIET = {"reduced_motion": "reduce"}  # colours are those at rest
CALM = 1500  # milliseconds, more than the rest after which a caption is said (access.js)


def opened(chromium, site, name, width=1280, height=900, **options):
    return browser.visit(chromium, site, f"{name}.html", width, height, **QUIET | options)


def settle(page):
    """Until all formulas and pictures are there; what is folded is opened."""
    browser.define(page, HELPERS)
    assert_none(page, "unfinished()")
    page.evaluate("all('details').forEach(details => details.open = true)")
    return page


@pytest.fixture(scope="module", params=PAGES)
def visit(request, chromium, site):
    """A page for all tests of every page, in their order; a phone shows it first."""
    with opened(chromium, site, request.param, color_scheme="light", **PHONE) as (page, problems):
        yield settle(page), problems


# --- small windows, large letters -----------------------------------------------------------------------------------

# What stands beyond the window's edge, and no box of its own lets the reader scroll to it.
CUT_OFF = r"""
() => {
  const cut = all('main *').filter(element => {
    const {left, right, width, height} = element.getBoundingClientRect();
    return element.checkVisibility({visibilityProperty: true}) && width > 1 && height > 1
      && (right > innerWidth + 1 || left < -1);
  }).filter(element => {
    if (element.closest('mjx-assistive-mml, .announcement, svg')) return false;
    for (let box = element.parentElement; box; box = box.parentElement) {
      const {overflowX} = getComputedStyle(box);
      if (['auto', 'scroll'].includes(overflowX) && box.scrollWidth > box.clientWidth) return false;
    }
    return true;
  });
  return cut.filter(element => !cut.includes(element.parentElement)).map(name);
}
"""


# Formulas of a line that, with the mark after them, run out of their place and are in no box that scrolls, or are whole
# and in one. (A tenth of a pixel is more than the rounding of places, and less than is seen.)
WRONGLY_BOXED = """
() => all('article span.math').filter(formula => {
  const [end, last] = [document.createRange(), formula.lastChild];
  end.selectNodeContents(last.nodeType === Node.TEXT_NODE ? last : formula.querySelector('mjx-math'));
  const runsOut = end.getBoundingClientRect().right > formula.getBoundingClientRect().right + 0.1;
  return formula.checkVisibility() && formula.matches('.wide') !== runsOut;
}).map(name)
"""


@pytest.mark.browser
def test_a_page_fits_a_narrow_window_and_double_letters(page):
    """320 points are 1280 at a zoom of 400 %, 640 are 1280 at 200 %; letters alone may be doubled, too."""
    for width in 320, 640:
        page.set_viewport_size({"width": width, "height": 640})
        assert_none(page, "too_wide()")
        assert page.evaluate(CUT_OFF) == [], width
        assert_none(page, f"({WRONGLY_BOXED})()")
    assert_none(page, "all('thead').filter(head => head.checkVisibility() && !head.innerText.trim()).map(name)")
    page.set_viewport_size(LAPTOP)
    assert_none(page, f"({WRONGLY_BOXED})()")
    doubled = page.add_style_tag(content="html { font-size: 200% !important }")
    assert_none(page, "too_wide()")
    assert page.evaluate(CUT_OFF) == []
    doubled.evaluate("style => style.remove()")


# --- controls have names --------------------------------------------------------------------------------------------


@pytest.mark.browser
def test_every_control_says_what_it_is_and_how_it_is_set(page):
    for picture in page.locator(".explorable").all():
        for slider in picture.locator(".widget-slider").all():
            handle = slider.get_by_role("slider")
            label, readout = (slider.locator(part).inner_text() for part in (".widget-label", ".widget-readout"))
            expect(handle).to_have_accessible_name(label)
            expect(handle).to_have_attribute("aria-valuetext", readout)
            handle.press("Home" if handle.get_attribute("aria-valuenow") != "0.0" else "End")
            changed = slider.locator(".widget-readout").inner_text()
            assert changed != readout
            expect(handle).to_have_attribute("aria-valuetext", changed)
            typed = slider.locator(".widget-readout[contenteditable=true]").count()
            assert not typed, "a readout takes what is typed, and nothing comes of it"
        for group in picture.locator(".widget-toggle-buttons").all():
            label, buttons = group.locator(".widget-label").inner_text(), group.get_by_role("button").all()
            expect(picture.get_by_role("group", name=label, exact=True)).to_have_count(1)
            for chosen in buttons:
                chosen.click()
                pressed = [button.get_attribute("aria-pressed") for button in buttons]
                assert pressed == [str(button == chosen).lower() for button in buttons]
        for play in picture.locator(".widget-play").all():
            names = play.get_by_role("button", name=re.compile(r"\w")).all()
            assert len(names) == play.locator("button:visible").count() > 1


# --- axe-core -------------------------------------------------------------------------------------------------------

# Where a rule does not hold: (the rule, a selector of the elements): why.
EXCEPTIONS = {
    ("empty-table-header", "th:has(math)"): "The header is a formula: screen readers read its MathML, axe only words.",
}

# Rules that axe leaves out unless asked, as it may not be needed for its tags.
RULES = {"target-size": {"enabled": True}}

AXE = """
async ([options, exceptions]) => {
  const {violations} = await axe.run(document, options);
  const excepted = (rule, element) => exceptions.some(([id, selector]) => id === rule && element.matches(selector));
  return violations.flatMap(({id, nodes}) => nodes
    .filter(node => !excepted(id, node.element))
    .map(node => `${id}: ${node.html.slice(0, 160)}\\n    ${node.failureSummary.replace(/\\s+/g, ' ').slice(0, 300)}`));
}
"""


# Axe takes most of its time for what comes by the thousand and looks alike: of the coloured words of a page's code one
# of each kind is enough, and of the letters of formulas, which screen readers are not told of, those of the first few.
FEWER = """
const kinds = new Set();
for (const word of all('.highlight span[class]')) {
  if (kinds.has(word.className) && !word.children.length) word.replaceWith(...word.childNodes);
  kinds.add(word.className);
}
all('mjx-math').slice(5).forEach(letters => letters.replaceChildren());
"""


def violations(page, **options):
    """What axe finds on a page, as texts."""
    if not page.evaluate("'axe' in window"):
        browser.define(page, FEWER)
        page.evaluate(AXE_SCRIPT)
    options |= {"resultTypes": ["violations"], "elementRef": True, "preload": False}
    return page.evaluate(AXE, [options, list(EXCEPTIONS)])


@pytest.mark.browser
def test_axe_finds_nothing_on_a_page_light_or_dark(page):
    """The last test of a page, as `violations` leaves out much of it."""
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert violations(page, rules=RULES) == []
    page.emulate_media(color_scheme="dark")
    browser.until(page, "document.documentElement.dataset.theme == 'dark'")
    colours = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    assert violations(page, runOnly=colours) == []


@pytest.mark.browser
@pytest.mark.parametrize("name", CHAPTERS)
def test_axe_finds_nothing_on_a_deck(chromium, site, name):
    """On the deck as it opens; and on all of its slides, as they stand below one another for a printer."""
    with opened(chromium, site, f"book/{name}.slides", color_scheme="dark") as (page, problems):
        laid_out(page)
        assert violations(page, rules=RULES) == []
        assert not problems
    with browser.visit(chromium, site, f"book/{name}.slides.html?print-pdf", **LAPTOP, **QUIET) as (page, problems):
        laid_out(page)
        page.wait_for_selector(".pdf-page")
        # reveal.js hides from screen readers what is not the present slide; here all slides are present
        page.evaluate("all('.slides section').forEach(e => ['hidden', 'aria-hidden'].map(a => e.removeAttribute(a)))")
        assert violations(page, rules=RULES) == []
        assert not problems


@pytest.mark.browser
def test_axe_sees_planted_faults(chromium, tmp_path):
    """Those that the tests above must not overlook."""
    (tmp_path / "bad.html").write_text(BAD_PAGE)
    with browser.serve(tmp_path) as site, browser.visit(chromium, site, "bad.html") as (page, _):
        browser.define(page, HELPERS)
        found = {text.partition(":")[0] for text in violations(page, rules=RULES)}
    assert found >= PLANTED


PLANTED = {"aria-input-field-name", "button-name", "color-contrast", "heading-order", "image-alt", "region"}
PLANTED |= {"link-name", "scrollable-region-focusable", "target-size"}
BAD_PAGE = """<!doctype html><html lang="en"><head><title>Bad</title></head><body><h1>Bad</h1><h4>Too deep</h4>
<div role="slider" tabindex="0" aria-valuenow="1" aria-valuemin="0" aria-valuemax="2">x</div><button></button>
<p style="color: #999; background: white">Pale</p><img src="gone.png"><a href="/"></a>
<div style="height: 40px; width: 60px; overflow: auto"><p style="width: 400px; height: 300px">wide and high</p></div>
<button style="width: 9px; height: 9px; padding: 0; border: 0">a</button><button
 style="width: 9px; height: 9px; padding: 0; border: 0">b</button></body></html>"""


# --- captions are said ----------------------------------------------------------------------------------------------

SAID = """
window.said = [];
new MutationObserver(() => said.push(document.querySelector('.announcement').textContent))
  .observe(document.querySelector('.announcement'), {childList: true, characterData: true, subtree: true});
"""


@pytest.mark.browser
@pytest.mark.parametrize("name", [SLIDER, f"{SLIDER}.slides"])
def test_a_changed_caption_is_said_once_and_none_at_the_start(chromium, site, name):
    with opened(chromium, site, name) as (page, problems):
        laid_out(page) if name.endswith("slides") else settle(page)
        picture = page.locator(".explorable:has(.noUi-handle)").first
        if name.endswith("slides"):
            page.evaluate("Reveal.slide(Reveal.getSlides().findIndex(s => s.querySelector('.noUi-handle')), 0, 1000)")
            expect(picture.locator(".noUi-handle").first).to_be_visible()  # and so can take the focus
        expect(page.get_by_role("status").and_(page.locator(".announcement"))).to_have_text("")
        page.evaluate(SAID)
        captions = []
        for key in "ArrowRight", "ArrowRight", "Home":
            before = picture.locator("figcaption").inner_text()
            picture.locator(".noUi-handle").first.press(key)
            expect(picture.locator("figcaption")).not_to_have_text(before)
            captions.append(picture.locator("figcaption").inner_text())
            expect(page.locator(".announcement")).to_have_text(captions[-1])
        assert page.evaluate("said") == captions
        assert not problems


@pytest.mark.browser
def test_an_animation_is_silent_until_it_pauses(chromium, site):
    with opened(chromium, site, PLAY) as (page, problems):
        settle(page)
        picture = page.locator(".explorable:has(.widget-play)").first
        button, captions = picture.locator(".widget-play button").first, picture.locator("figcaption")
        page.clock.install()
        page.evaluate(SAID)
        button.click()
        for _ in range(4):
            before = captions.inner_text()
            while captions.inner_text() == before:
                page.clock.run_for(50)
        button.click()
        assert page.evaluate("said") == []
        page.clock.run_for(CALM)
        assert page.evaluate("said") == [captions.inner_text()]
        assert not problems


# --- the keyboard ---------------------------------------------------------------------------------------------------

# The stops of the key Tab, in the order of the page.
STOPS = """
all('a[href], button, input, summary, select, textarea, [tabindex="0"], [contenteditable=true]')
  .filter(e => (e.tabIndex === 0 || e.isContentEditable) && !e.disabled)
  .filter(e => e.checkVisibility({visibilityProperty: true}))
"""
FOCUS = """
element => {
  const luminance = color => {
    const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(c => c / 255)
      .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const {outlineStyle, outlineWidth, outlineColor, boxShadow} = getComputedStyle(element);
  const rings = [];
  if (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) rings.push(outlineColor);
  for (const [, color, spread] of boxShadow.matchAll(/(rgb\\([^)]*\\)) 0px 0px 0px ([\\d.]+)px/g))
    if (spread >= 2) rings.push(color);
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  const contrast = color => {
    const [low, high] = [luminance(color), ground].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  return Math.max(0, ...rings.map(contrast));
}
"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["book/index", SLIDER, PLAY, "book/appendix/errata"])
def test_tab_goes_through_a_page_in_its_order_and_shows_where_it_is(chromium, site, name, scheme):
    with opened(chromium, site, name, color_scheme=scheme) as (page, problems):
        settle(page)
        stops = page.evaluate_handle(STOPS)
        count = page.evaluate("stops => stops.length", stops)
        order, dim = [], []
        for _ in range(count + 50):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break
            place = page.evaluate("stops => stops.indexOf(document.activeElement)", stops)
            if order and place == order[0]:
                break
            if place >= 0:  # else it has come to be seen only now, as the contents of the section that is read
                order.append(place)
            skip = page.evaluate("document.activeElement.closest('.skip-link') !== null")  # it is seen only now
            if not skip and page.evaluate(FOCUS, page.evaluate_handle("document.activeElement")) < 3:
                dim.append(page.evaluate("name(document.activeElement)"))
        assert dim == []
        assert order == sorted(order)
        left_out = sorted(set(range(count)) - set(order))
        missed = page.evaluate(
            "([stops, places]) => places.map(i => stops[i]).filter(stop => stop.type !== 'radio' "
            "&& stop.closest('article')).map(name)",
            [stops, left_out],
        )
        assert missed == [], "of a question's options one is a stop, and all else"
        assert not problems


@pytest.mark.browser
def test_the_first_stop_skips_to_the_content(chromium, site):
    with opened(chromium, site, SLIDER) as (page, _):
        settle(page)
        page.keyboard.press("Tab")
        link = page.get_by_role("link", name="Skip to main content")
        expect(link).to_be_focused()
        expect(link).to_be_in_viewport()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.browser
def test_the_search_opens_and_closes_by_keyboard(chromium, site):
    with opened(chromium, site, SLIDER) as (page, problems):
        settle(page)
        button, field = page.locator(".search-button-field"), page.locator("dialog#pst-search-dialog input")
        button.focus()
        page.keyboard.press("Enter")
        expect(field).to_be_focused()
        page.keyboard.press("Escape")
        expect(field).to_be_hidden()
        expect(button).to_be_focused()
        page.keyboard.press("Control+k")
        expect(field).to_be_focused()
        page.keyboard.type("softmax")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search.html?q=softmax*")
        assert not problems


@pytest.mark.browser
def test_a_formula_wider_than_the_page_scrolls_by_keyboard(chromium, site):
    with opened(chromium, site, LONG, **PHONE) as (page, problems):
        settle(page)
        wrong = "box => (box.matches('div, .wide') && box.scrollWidth > box.clientWidth) == (box.tabIndex !== 0)"
        assert_none(page, f"all('.math').filter({wrong}).map(name)")
        for kind in "div.math", "span.math":
            wide = page.locator(f"{kind}[tabindex='0']").first
            wide.press("ArrowRight")
            browser.until(page, "box => box.scrollLeft > 0", arg=wide.element_handle())
        page.set_viewport_size({"width": 4000, "height": 900})
        assert_none(page, "all('.math[tabindex], .math.wide').map(name)")
        assert not problems


@pytest.mark.browser
def test_a_table_that_goes_on_shows_a_shadow_there(chromium, site):
    def edges(table):
        with Image.open(io.BytesIO(table.screenshot())) as picture:
            lightness = np.asarray(picture.convert("L"), float).mean(axis=0)
        return lightness[2:5].mean(), lightness[-5:-2].mean()

    with opened(chromium, site, TABLE, **PHONE) as (page, problems):
        settle(page)
        table = page.locator(".pst-scrollable-table-container[tabindex='0']").last
        page.add_style_tag(content="th *, td * { visibility: hidden } th, td { border: none !important }")
        left, right = edges(table)
        assert left > right + 5, "there is more on the right"
        table.evaluate("table => table.scrollLeft = table.scrollWidth")
        left, right = edges(table)
        assert right > left + 5, "there is more on the left"
        assert not problems


@pytest.mark.browser
def test_a_printed_table_keeps_its_columns_and_other_text_wraps(chromium, site):
    with opened(chromium, site, PRINTED, **PHONE) as (page, problems):
        settle(page)
        table = page.locator("pre", has_text="should win").last
        assert table.evaluate("pre => pre.scrollWidth > pre.clientWidth && pre.tabIndex === 0")
        table.press("ArrowRight")
        browser.until(page, "pre => pre.scrollLeft > 0", arg=table.element_handle())
        wide = "pre => pre.scrollWidth > pre.clientWidth"
        assert_none(page, f"all('.cell_output :not(.columns) > .highlight > pre').filter({wide}).map(name)")
        assert page.locator(".columns").count() < page.locator(".cell_output pre").count() / 2
        assert not problems


# --- motion ---------------------------------------------------------------------------------------------------------

MOVING = r"""
() => [...document.querySelectorAll('*')].filter(element => [null, '::before', '::after'].some(part => {
  const {animationName, animationDuration, transitionDuration, scrollBehavior} = getComputedStyle(element, part);
  return animationName !== 'none' && /[1-9]/.test(animationDuration) || /[1-9]/.test(transitionDuration)
    || scrollBehavior !== 'auto';
})).map(element => element.outerHTML.slice(0, 160))
"""


@pytest.mark.browser
@pytest.mark.parametrize("name", ["book/index", PLAY, f"{PLAY}.slides"])
def test_nothing_moves_by_itself_where_less_motion_is_asked_for(chromium, site, name):
    moving = {}
    for motion in "no-preference", "reduce":
        with opened(chromium, site, name, reduced_motion=motion) as (page, _):
            laid_out(page) if name.endswith("slides") else settle(page)
            moving[motion] = page.evaluate(MOVING)
    assert moving["no-preference"], "the test sees no motion"
    assert moving["reduce"] == []


