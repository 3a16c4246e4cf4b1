"""Links to a picture as it is set, copied and followed, on a page and on a deck, from files and over HTTP."""

import browser
import explorables
import pytest
from playwright.sync_api import expect

CHAPTER = "book/gumbel/gumbel_max"  # its first two pictures have controls of all kinds
BEGINS = {  # what stands before the name of a cell
    "page": f"{CHAPTER}.html#gumbel-max-",
    "deck": f"{CHAPTER}.slides.html#/",
}

pytestmark = pytest.mark.browser
on_both = pytest.mark.parametrize("kind", BEGINS)


class Opened:
    """A page or deck opened by a link to one of its pictures, the first one (number 0) or the second."""

    def __init__(self, page, number):
        browser.define(page, explorables.HELPERS)
        self.page, self.picture = page, explorables.Explorable(page, number, every=False)
        self.root = self.picture.root
        self.button, self.says = self.root.locator(".share button"), self.root.get_by_role("status")

    def shows(self, picture):
        """It is set so, and in sight."""
        self.picture.becomes(picture, "the link")
        expect(self.root.locator("img")).to_be_visible()
        expect(self.root.locator("img")).to_be_in_viewport()

    def follow(self, fragment):
        self.page.evaluate("fragment => { location.hash = fragment }", fragment)

    def copied(self):
        expect(self.says).to_have_text("The link is copied.")
        return self.page.evaluate("navigator.clipboard.readText()")


@pytest.fixture
def opened(chromium):
    """Opens addresses, each with nothing left of the one before; they must have had no problem when the test ends."""
    visits, all_problems = [], []

    def open_(address, path, number=0):
        visits.append(browser.visit(chromium, address, path))
        page, problems = visits[-1].__enter__()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        all_problems.append(problems)
        page.wait_for_selector(".explorable .share", state="attached")
        if "slides" in page.url:
            page.wait_for_selector(".reveal.laid-out")
        page.evaluate("following.then(() => null)")  # the link is followed
        return Opened(page, number)

    yield open_
    for visit in reversed(visits):
        visit.__exit__(None, None, None)
    assert sum(all_problems, []) == []


# --- copied and followed --------------------------------------------------------------------------------------------


@on_both
@pytest.mark.parametrize(
    ("where", "number", "cell", "key", "settings"),
    [
        ("files", 0, "trick-widget", "Home", "logit%20of%201=-1&draws=10&noise=draw%202"),
        ("site", 1, "each-widget", "End", "Gumbels=one%20for%20all&draw=12&noise=draw%202"),
    ],
)
def test_a_copied_link_opens_the_picture_as_it_was_set(opened, request, where, kind, number, cell, key, settings):
    address, begin = request.getfixturevalue(where), BEGINS[kind]
    before = opened(address, f"{begin}{cell}:", number)
    expect(before.root.locator("img")).to_be_in_viewport()
    start = before.picture.state()
    for handle in before.root.locator(".noUi-handle").all():
        handle.press(key)
    for buttons in before.root.locator(".widget-toggle-buttons").all():
        buttons.locator("button:not(.mod-active)").first.click()
    before.root.locator(".widget-toggle-button").last.focus()
    before.page.keyboard.press("Tab")
    expect(before.button).to_be_focused()
    before.page.keyboard.press("Enter")
    link = before.copied()
    assert link == f"{address}{begin}{cell}:{settings}"
    picture = before.picture.state()
    assert picture != start
    opened(address, link.removeprefix(address), number).shows(picture)


@on_both
def test_a_link_holds_where_play_was_paused(opened, files, kind):
    before = opened(files, f"{BEGINS[kind]}each-widget:", 1)
    first = before.picture.state()
    play = before.root.locator(".widget-play button").first
    play.click()
    assert before.picture.state(first, frames=explorables.PLAYING) != first
    play.click()
    before.picture.assert_still("paused")
    before.button.click()
    opened(files, before.copied().removeprefix(files), 1).shows(before.picture.state())


@on_both
def test_a_link_is_followed_where_its_page_is_open_and_leaves_other_controls(opened, files, kind):
    begin = BEGINS[kind].partition("#")[2]
    wanted = opened(files, f"{BEGINS[kind]}trick-widget:draws=10&noise=draw%202").picture.state()
    open_ = opened(files, BEGINS[kind].partition("#")[0])
    open_.follow(f"{begin}trick-widget:draws=10")
    open_.follow(f"{begin}trick-widget:noise=draw%202")
    open_.shows(wanted)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@on_both
def test_what_a_link_names_wrongly_is_not_set_and_said(opened, files, kind):
    wanted = opened(files, f"{BEGINS[kind]}trick-widget:logit of 1=-1&noise=draw 2").picture.state()
    wrong = "colour=red&draws=<b>11</b>&noise=%E0&logit of 1=\N{MINUS SIGN}1&noise=draw 2"
    open_ = opened(files, f"{BEGINS[kind]}trick-widget:{wrong}")
    expect(open_.says).to_have_text(
        "The link sets “colour”, but this picture has logit of 1, draws, noise. "
        "The link sets draws to “<b>11</b>”, but it can be 10, 32, 100, 320, 1000, 3200, 10000. "
        "The link sets noise to “%E0”, but it can be draw 1, draw 2."
    )
    expect(open_.says).to_be_in_viewport()
    open_.shows(wanted)
    open_.root.locator(".noUi-handle").last.press("End")
    expect(open_.says).to_be_empty()


@on_both
def test_a_link_to_no_picture_opens_the_beginning(opened, files, kind):
    page = opened(files, f"{BEGINS[kind]}gone-widget:draws=10").page
    expect(page.locator("article h1, section.present h1").first).to_be_in_viewport()


@on_both
def test_where_copying_is_not_allowed_the_link_is_selected(opened, files, kind):
    open_ = opened(files, f"{BEGINS[kind]}trick-widget:")
    open_.page.context.clear_permissions()
    open_.page.context.grant_permissions(["clipboard-read"])
    open_.button.click()
    link = open_.says.get_by_role("textbox", name="link")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    open_.page.keyboard.press("Control+c")
    assert open_.page.evaluate("navigator.clipboard.readText()") == link.input_value()
    assert link.input_value() == f"{files}{BEGINS[kind]}trick-widget:logit%20of%201=1&draws=100&noise=draw%201"


# --- what the buttons are called ------------------------------------------------------------------------------------


@on_both
def test_every_picture_has_a_button_that_says_whose_link_it_copies(opened, files, kind):
    page = opened(files, BEGINS[kind].partition("#")[0]).page
    names = page.locator(".explorable .share button").evaluate_all("buttons => buttons.map(button => button.ariaLabel)")
    assert len(set(names)) == page.locator(".explorable").count() >= 6
    assert names[0] == "Copy a link to this picture as it is set: The trick, logit of 1, draws, noise"
