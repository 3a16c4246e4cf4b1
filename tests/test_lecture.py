"""A chapter as live slides, as `make lecture` shows it: one key starts them, and on them widgets and code are alive."""

import re
import shutil
from pathlib import Path

import lab
import nbformat
import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

CHAPTER = Path(__file__).parents[1] / "book" / "gumbel" / "concrete.ipynb"
CELLS = nbformat.read(CHAPTER, 4).cells
PATIENCE = 120_000  # milliseconds; only a failure waits so long


def cells(*kinds):
    return [cell for cell in CELLS if cell.metadata["slideshow"]["slide_type"] in kinds]


@pytest.fixture(scope="module")
def page(chromium, tmp_path_factory):
    """The chapter's slides in full screen, once all cells have run."""
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copy(CHAPTER, folder)
    with (
        lab.serve_lab(folder, tmp_path_factory.mktemp("jupyter")) as address,
        lab.open_notebook(chromium, address, CHAPTER.name, width=1280, height=720) as page,
    ):
        page.locator(".jp-Notebook .jp-Cell").first.press("Alt+r")
        page.wait_for_function("document.fullscreenElement?.querySelector('.reveal.ready')", timeout=PATIENCE)
        widgets = [cell for cell in cells("slide", "subslide", "fragment") if "widget" in cell.metadata.get("tags", [])]
        expect(page.locator(".reveal .explorable figcaption")).to_have_count(len(widgets), timeout=PATIENCE)
        yield page


@pytest.fixture
def slide(page):
    """The slide that is shown, whichever it is; the first one at the start of each test."""
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Home")
    slide = page.locator(".reveal .slides > section.present > section.present")
    expect(slide.locator("h1")).to_contain_text("The Concrete distribution")
    return slide


def turn_to(page, slide, function):
    """Turn slides by key until the widget of this figure function is shown; returns its cell."""
    cell = slide.locator(".fragment.visible .jp-CodeCell").filter(has_text=f"figures.{function}")
    for _ in CELLS:
        if cell.count():
            break
        page.keyboard.press("Space")
    expect(cell.locator("img")).to_be_in_viewport(ratio=0.9)
    return cell


def test_a_key_turns_to_the_next_slide(page, slide):
    page.keyboard.press("ArrowRight")
    expect(slide.locator("h2")).to_contain_text("What you will be able to do")
    page.keyboard.press("ArrowLeft")
    expect(slide.locator("h1")).to_be_visible()


def test_neither_notes_nor_reading_cells_are_on_the_slides(page, slide):
    assert cells("notes") and cells("skip")
    expect(page.locator(".reveal .slides > section > section")).to_have_count(len(cells("slide", "subslide")))
    expect(page.locator(".reveal .jp-Cell")).to_have_count(len(cells("slide", "subslide", "fragment")))
    expect(page.locator(".jp-Cell:not(.reveal *) >> visible=true")).to_have_count(0)
    expect(page.locator(".reveal aside.notes >> visible=true")).to_have_count(0)


def test_arrow_keys_move_a_slider_and_its_picture_and_not_the_slide(page, slide):
    cell = turn_to(page, slide, "softmax_map")
    readout, caption, image = map(cell.locator, (".widget-readout", "figcaption", "img"))
    picture, temperature = image.get_attribute("src"), readout.inner_text()
    cell.locator(".noUi-handle").press("ArrowLeft")
    expect(readout).not_to_have_text(temperature)
    expect(caption).to_contain_text(re.compile(rf"temperature {re.escape(readout.inner_text())}\b"), timeout=PATIENCE)
    expect(image).not_to_have_attribute("src", picture)
    expect(image).to_be_in_viewport(ratio=0.9)


def test_a_code_cell_is_changed_and_run_again_on_its_slide(page, slide):
    cell = turn_to(page, slide, "arg_max_and_mean")
    expect(cell.locator("figcaption")).to_contain_text("temperature 1 ")
    cell.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text("explore(figures.arg_max_and_mean, temperature=log_grid(0.05, 20, 17, start=20))")
    page.keyboard.press("Shift+Enter")
    expect(cell.locator("figcaption")).to_contain_text("temperature 20 ", timeout=PATIENCE)
    expect(cell.locator("img")).to_be_in_viewport()


def test_what_is_longer_than_the_screen_scrolls(page, slide):
    turn_to(page, slide, "softmax_map")
    height, shown = slide.evaluate("slide => [slide.scrollHeight, slide.clientHeight]")
    assert shown <= 720 < height, "choose a slide that is longer than the screen"
    heading = slide.locator("h2")
    expect(heading).not_to_be_in_viewport()
    page.evaluate("document.activeElement.blur()")
    for _ in range(height // 80):
        page.keyboard.press("ArrowUp")
        if slide.evaluate("slide => slide.scrollTop") == 0:
            break
    expect(heading).to_be_in_viewport()
