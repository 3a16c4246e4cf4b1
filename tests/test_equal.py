"""The built pages against a fresh kernel: for every position of every slider both show the same picture and caption.

A chapter's cells are run in a fresh live kernel, as a reader runs them. Then each of its explorables is moved to every
position of its controls: on the page as its links carry the change, in the kernel by the message that a front end
sends. The two frames must be the same text, which holds the caption, the alternative text and the picture's bytes:
where no byte differs, no pixel does. The build moves one explorable after another, the last control fastest; here the
order is shuffled over the whole chapter, so a picture that depended on what was drawn before it would be seen.

What a picture is drawn from, `lib`, is the same in both; that the kernel's pictures are right is for other tests.
"""

import base64
import io
import re

import numpy as np
import pytest
from chapters import CHAPTERS, ROOT, calls, cells
from PIL import Image
from playback import Frame, fresh_kernel, stored

SITE = ROOT / "_build" / "html"
pytestmark = pytest.mark.usefixtures("files")
each_chapter = pytest.mark.parametrize("name", CHAPTERS)


def page_of(name):
    return stored(SITE / "book" / f"{name}.html")


@each_chapter
def test_every_frame_of_a_page_is_what_a_live_kernel_draws(name):
    page, code = page_of(name), cells(CHAPTERS[name], "code")
    with fresh_kernel(CHAPTERS[name].parent) as kernel:
        for cell in code:
            kernel.run(cell.source)
        live = kernel.explorables()
        assert len(live) == len(made(kernel.models)) == sum(len(calls(cell, "explore")) for cell in code)
        assert all(not widget.below(widget.root, "StackModel") for widget in live), "the kernel is not a live one"
        found = differences(page, live)
    assert not found, report(found)


@each_chapter
def test_every_frame_that_is_stored_is_shown_at_one_position(name):
    page = page_of(name)
    assert len(page) == len(made(page[0].models))
    for widget in page:
        shown = [id(model) for _, model in widget.walk()]
        assert sorted(shown) == sorted(id(model) for model in widget.below(widget.root, "HTMLModel"))


@each_chapter
def test_a_deck_has_the_frames_of_its_page(name):
    page, deck = (
        [{position: model["state"]["value"] for position, model in widget.walk()} for widget in widgets]
        for widgets in (page_of(name), stored(SITE / "book" / f"{name}.slides.html"))
    )
    assert deck and deck == [frames for frames in page if frames in deck]


@each_chapter
def test_a_page_begins_with_the_pictures_that_its_widgets_show_first(name):
    text = (SITE / "book" / f"{name}.html").read_text()
    first = re.findall(r'<div class="first-picture"[^>]*>(.*?)</div><script', text, re.S)
    assert first == [widget.picture() for widget in page_of(name)]


def made(models):
    """All explorables among these models, shown or not."""
    return [model for model in models.values() if "explorable" in model["state"].get("_dom_classes", [])]


def differences(page, live):
    """What differs between the explorables of a page and those of a kernel, in words."""
    if len(page) != len(live):
        return [f"the page has {len(page)} explorables, the kernel {len(live)}"]
    pairs = list(zip(page, live, strict=True))
    found = []
    for number, (ours, theirs) in enumerate(pairs, 1):
        if (a := ours.controls()) != (b := theirs.controls()):
            found.append(f"explorable {number}: its controls are {a} on the page, {b} live")
        found += compared(f"explorable {number} before it is moved", ours, theirs)
    if found:
        return found
    moves = [(number, position) for number, (ours, _) in enumerate(pairs) for position in ours.positions()]
    for move in np.random.default_rng(0).permutation(len(moves)):
        number, position = moves[move]
        for widget in pairs[number]:
            widget.move(position)
        found += compared(f"explorable {number + 1} at {where(pairs[number][0], position)}", *pairs[number])
    return found


def compared(what, ours, theirs):
    """Nothing if the two show the same, else one text that says what differs."""
    if ours.picture() == theirs.picture():
        return []
    page, live = Frame(ours.picture()), Frame(theirs.picture())
    if live.image is None:
        return [f"{what}: the kernel shows {theirs.picture()!r}"]
    texts = {"caption": (page.caption, live.caption), "alternative text": (page.image["alt"], live.image["alt"])}
    parts = [f"the {name} is {a!r} on the page, {b!r} live" for name, (a, b) in texts.items() if a != b]
    sizes = [frame.pixels().shape for frame in (page, live)]
    if sizes[0] != sizes[1]:
        parts.append(f"the picture is {sizes[0]} on the page, {sizes[1]} live")
    elif wrong := (page.pixels() != live.pixels()).any(axis=-1).sum():
        parts.append(f"{wrong:,} of {sizes[0][0] * sizes[0][1]:,} pixels differ")
    return [f"{what}: {', '.join(parts) or 'the same to the eye, but in other bytes'}"]


def where(widget, position):
    """A position as a reader sees it: temperature 0.2, noise draw 1."""
    return ", ".join(
        f"{label} {names[index]}" for (_, label, names, _), index in zip(widget.controls(), position, strict=True)
    )


def report(found):
    return "\n".join([f"{len(found)} differences, the first of them:", *found[:10]])


# --- each difference is seen ----------------------------------------------------------------------------------------

CHAPTER = "gumbel/concrete"  # its second explorable has a slider for the temperature and buttons for the noise


def frame_at(page, *position):
    """What a page holds of its second explorable's frame at a position; the controls are left where they are."""
    start = tuple(index for *_, index in page[1].controls())
    page[1].move(position)
    state = page[1].shown()["state"]
    page[1].move(start)
    return state


def change_a_pixel(page):
    state = frame_at(page, 0, 2)
    frame, buffer = Frame(state["value"]), io.BytesIO()
    pixels = frame.pixels().copy()
    pixels[20, 30, 0] ^= 1
    Image.fromarray(pixels).save(buffer, format="webp", lossless=True)
    source = f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    state["value"] = state["value"].replace(frame.image["src"], source)


def change_a_caption(page):
    state = frame_at(page, 0, 2)
    state["value"] = state["value"].replace(".</figcaption>", "!</figcaption>")


def change_an_alternative_text(page):
    state = frame_at(page, 0, 2)
    state["value"] = re.sub(r'alt="[^"]*"', 'alt="A picture"', state["value"])


def show_an_error(page):
    frame_at(page, 0, 2)["value"] = "<pre>ZeroDivisionError</pre>"


def swap_two_frames(page):
    first, second = frame_at(page, 0, 2), frame_at(page, 16, 0)
    first["value"], second["value"] = second["value"], first["value"]


def swap_two_names(page):
    names = page[1].selectors[1]["state"]["_options_labels"]
    names[0], names[1] = names[1], names[0]


def start_elsewhere(page):
    page[1].move((8, 1))


def show_another_picture_first(page):
    page[1].children(page[1].root)[-1]["state"]["selected_index"] = 1  # the stack of the buttons' positions


def swap_two_explorables(page):
    page[1], page[2] = page[2], page[1]


def leave_one_out(page):
    del page[1]


HERE = r"explorable 2 at temperature 0\.05, noise draw 3: "
FIRST = "explorable 2 before it is moved: "
CAPTION = "the caption is '.+' on the page, '.+' live"
BOTH = rf"{CAPTION}, the alternative text is '.+' on the page, '.+' live, [\d,]+ of [\d,]+ pixels differ"
CONTROLS = r"its controls are \[.+\] on the page, \[.+\] live"
PLANTED = {
    change_a_pixel: [HERE + r"1 of [\d,]+ pixels differ"],
    change_a_caption: [HERE + CAPTION],
    change_an_alternative_text: [HERE + "the alternative text is '.+' on the page, 'A picture' live"],
    show_an_error: [HERE + "the kernel shows '<pre>ZeroDivisionError</pre>'"],
    swap_two_frames: [HERE + BOTH, "explorable 2 at temperature 20, noise draw 1: " + BOTH],
    swap_two_names: ["explorable 2: " + CONTROLS],
    start_elsewhere: [FIRST + BOTH, "explorable 2: " + CONTROLS],
    show_another_picture_first: [FIRST + BOTH],
    swap_two_explorables: [
        FIRST + ".+",
        "explorable 2: " + CONTROLS,
        "explorable 3 before .+",
        "explorable 3: " + CONTROLS,
    ],
    leave_one_out: ["the page has 6 explorables, the kernel 5"],
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_difference_is_reported(plant):
    planted = page_of(CHAPTER)
    plant(planted)
    found = sorted(differences(page_of(CHAPTER), planted))
    assert len(found) == len(PLANTED[plant]), report(found)
    for text, pattern in zip(found, PLANTED[plant], strict=True):
        assert re.fullmatch(pattern, text), text


def test_two_readings_of_a_page_do_not_differ():
    assert differences(page_of(CHAPTER), page_of(CHAPTER)) == []
