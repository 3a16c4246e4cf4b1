"""JupyterLab with a live kernel: its cells render MyST, and a dragged slider's picture never falls behind it."""

import re
import shutil
from pathlib import Path

import lab
import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[1]
CHAPTER = ROOT / "book" / "gumbel" / "concrete.ipynb"
LAST = 40
PATIENCE = 30_000  # milliseconds; only a failure waits so long

# A picture that takes its time and notes each time that it is drawn.
SLOW = f"""
import time
from lib.explore import explore, grid
from lib.figures import style

def line(position):
    with open("drawn.txt", "a") as file:
        file.write(f"{{position}}\\n")
    time.sleep(0.15)
    figure, ax = style.figure()
    ax.plot([0, position])
    return figure, f"At position {{position}}."

explore(line, position=grid(0, {LAST}, {LAST + 1}, start=0))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="module")
def live(chromium, folder, tmp_path_factory):
    """Opens a notebook of `folder` in JupyterLab; `chromium` comes first, so that without one nothing is started."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLOW)])
    notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, folder / "slow.ipynb")
    shutil.copy(CHAPTER, folder)
    with lab.serve_lab(folder, tmp_path_factory.mktemp("jupyter")) as address:
        yield lambda name: lab.open_notebook(chromium, address, name)


def drag_to_the_end(page, explorable):
    """Move the slider's handle across its whole track, in many small moves."""
    explorable.locator(".noUi-handle").hover()  # waits until nothing moves it or covers it, as a late output would
    page.mouse.down()
    expect(explorable.locator(".noUi-handle.noUi-active")).to_be_attached(timeout=PATIENCE)
    track = explorable.locator(".noUi-target").bounding_box()
    page.mouse.move(track["x"] + track["width"], track["y"] + track["height"] / 2, steps=200)
    page.mouse.up()


def test_a_dragged_slider_never_falls_behind(live, folder):
    drawn = lambda: list(map(int, (folder / "drawn.txt").read_text().split()))  # noqa: E731
    with live("slow.ipynb") as page:
        lab.run_all(page)
        explorable = page.locator(".explorable")
        caption = explorable.locator("figcaption")
        expect(caption).to_have_text("At position 0.", timeout=PATIENCE)
        assert drawn() == [0], "more was drawn than is shown"

        drag_to_the_end(page, explorable)
        at_release = len(drawn())
        expect(caption).to_have_text(f"At position {LAST}.", timeout=PATIENCE)
        assert len(drawn()) - at_release <= 3, "drawings were still queued when the slider was released"
        assert drawn() == sorted(set(drawn())), "a position was drawn twice, or out of order"
        assert 2 < len(drawn()) and drawn()[-1] == LAST, "no picture was drawn on the way, or one past the last"
        expect(explorable.locator("img")).to_have_attribute("alt", f"At position {LAST}.", timeout=PATIENCE)

        before = drawn()
        explorable.locator(".noUi-handle").press("Home")  # what was still queued would be drawn before this is answered
        expect(caption).to_have_text("At position 0.", timeout=PATIENCE)
        assert drawn() == before, "a picture was drawn though none, or a cached one, was asked for"


def test_the_temperatures_of_the_concrete_chapter_move_their_pictures_live(live):
    with live(CHAPTER.name) as page:
        lab.run_all(page)
        sliders = page.locator(".explorable").filter(has=page.get_by_title("temperature", exact=True))
        expect(sliders.nth(2)).to_be_attached(timeout=PATIENCE)  # three of them at least
        for explorable in sliders.all():
            picture = explorable.locator("img").get_attribute("src")
            drag_to_the_end(page, explorable)
            temperature = explorable.locator(".widget-readout").inner_text()
            caption = explorable.locator("figcaption")
            expect(caption).to_have_text(re.compile(rf"temperature {re.escape(temperature)}\b"), timeout=PATIENCE)
            expect(explorable.locator("img")).to_have_attribute("alt", caption.inner_text(), timeout=PATIENCE)
            expect(explorable.locator("img")).not_to_have_attribute("src", picture, timeout=PATIENCE)


def test_myst_is_rendered_in_the_cells_of_a_chapter(live):
    with live(CHAPTER.name) as page:
        reading = page.locator(".jp-MarkdownCell").filter(has=page.locator("aside.myst-admonition"))
        expect(reading.first.locator(".myst-admonition-header")).to_have_text("On the slide", timeout=PATIENCE)
        written = sum(":::{admonition}" in cell.source for cell in nbformat.read(CHAPTER, 4).cells)
        expect(reading).to_have_count(written, timeout=PATIENCE)
        expect(page.locator(".jp-RenderedMarkdown").filter(has_text=":::")).to_have_count(0)
        expect(reading.first.locator(".katex").first).to_be_attached(timeout=PATIENCE)
