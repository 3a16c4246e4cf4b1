"""The built pages against JupyterLab: sliders moved in a live notebook reach the pictures and captions of the page.

Each chapter's code is opened in JupyterLab and run; its text, which takes the browser longest and moves nothing, is
left out. Then every control of every explorable is moved as a reader moves it: a slider by keyboard to both its ends
and by mouse to a place between them, buttons by a click on each. After each move the notebook must come to show the
picture and the caption that the page holds for these positions. `test_equal.py` compares all positions, without a
browser.
"""

import json

import browser
import explorables
import lab
import nbformat
import pytest
from chapters import CHAPTERS, cells, read
from playback import Frame
from playwright.sync_api import expect
from test_equal import page_of

PATIENCE = 60_000  # milliseconds; only a failure waits so long
pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("files")]


@pytest.fixture(scope="module")
def live(chromium, tmp_path_factory):
    """Opens a chapter in JupyterLab; `chromium` comes first, so that without one nothing is started."""
    folder = tmp_path_factory.mktemp("notebooks")
    for path in CHAPTERS.values():
        code = nbformat.v4.new_notebook(cells=cells(path, "code"), metadata=read(path).metadata)
        nbformat.write(code, folder / path.name)
    with lab.serve_lab(folder, tmp_path_factory.mktemp("jupyter")) as address:
        yield lambda name: lab.open_notebook(chromium, address, CHAPTERS[name].name)


@pytest.mark.parametrize("name", CHAPTERS)
def test_moved_sliders_reach_the_pictures_of_the_page(live, name):
    page_has = page_of(name)
    with live(name) as page:
        lab.run_all(page)
        browser.define(page, explorables.HELPERS)
        expect(page.locator(".explorable")).to_have_count(len(page_has), timeout=PATIENCE)
        for number, widget in enumerate(page_has):
            compare(explorables.Explorable(page, number, every=False), widget)
        lab.end_kernel(page)


def compare(shown, widget):
    """Move each control of an explorable in the notebook; the stored one is moved along."""
    shown.becomes(state(widget), "before it is moved")
    controls = shown.root.locator(".widget-hslider, .widget-toggle-buttons").all()
    for control, selector in zip(controls, widget.selectors, strict=True):
        moves = slider_moves if selector["model_name"] == "SelectionSliderModel" else button_moves
        for position in moves(control, len(selector["state"]["_options_labels"])):
            widget.set(selector, "index", position)
            shown.becomes(state(widget), f"{selector['state']['description']} at its position {position}")


def slider_moves(control, count):
    handle, track = control.locator(".noUi-handle"), control.locator(".noUi-target")
    handle.press("Home")
    yield 0
    handle.press("End")
    yield count - 1
    track.click(position={"x": track.bounding_box()["width"] / 3, "y": 2})
    yield int(float(handle.get_attribute("aria-valuenow")))


def button_moves(control, count):
    expect(control.locator("button")).to_have_count(count)
    for position, button in enumerate(control.locator("button").all()):
        button.click()
        yield position


def state(widget):
    """The picture and caption of a stored explorable, as `explorables` writes those in a browser."""
    frame = Frame(widget.picture())
    assert frame.caption == frame.image["alt"]
    return json.dumps([frame.image["src"], frame.caption], ensure_ascii=False, separators=(",", ":"))
