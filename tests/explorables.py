"""A picture with its controls, on a page or on a slide, moved as a reader moves them: by keyboard and by mouse.

    browser.define(page, HELPERS)
    Explorable(page, 0, every=True).check()
"""

import json
import re

import browser
import pytest
from playwright.sync_api import TimeoutError as Late
from playwright.sync_api import expect

PLAYING = 300  # display frames within which an animation's picture must have changed

# A state of an explorable is its picture and caption, null while it is changing.
HELPERS = r"""
const all = (selector, root = document) => [...root.querySelectorAll(selector)];

const state = root => {
  const [image, ...more] = all('img', root), captions = all('figcaption', root);
  const whole = image && !more.length && captions.length == 1 && image.complete && image.naturalWidth;
  return whole && image.alt === captions[0].textContent ? JSON.stringify([image.src, image.alt]) : null;
};

// The state that follows `before`, or the same one if nothing has changed after some display frames.
const next_state = async (root, before, frames, patience) => {
  for (let frame = 0, start = performance.now(); performance.now() < start + patience; frame++) {
    const now = state(root);
    if (now !== null && (now !== before || frame >= frames)) return now;
    await new Promise(requestAnimationFrame);
  }
  return null;
};
"""


class Explorable:
    """A picture with its controls; `every` position of a slider is visited by keyboard, or the first and last two."""

    def __init__(self, page, number, every):
        self.page, self.root, self.every = page, page.locator(".explorable").nth(number), every
        self.element = self.root.element_handle()

    def check(self):
        for play in self.root.locator(".widget-play").all():
            self.check_play(play)
        for slider in self.root.locator(".noUi-handle").all():
            self.check_slider(slider)
        for buttons in self.root.locator(".widget-toggle-buttons").all():
            for track in self.root.locator(".noUi-target").all():
                expect(track).not_to_have_class(re.compile("noUi-state-tap"))  # the 0.3 s in which it ignores clicks
                track.click()  # in its middle, where it leaves the buttons something to change
            self.check_buttons(buttons.locator("button").all())

    def state(self, before=None, frames=30):
        """The picture and its caption, as text, once they differ from `before` or have not for some display frames."""
        arguments = [self.element, before, frames, browser.PATIENCE]
        found = self.page.evaluate("arguments => next_state(...arguments)", arguments)
        assert found, f"no single picture whose caption is its alternative text: {self.root.inner_text()!r}"
        return found

    def becomes(self, picture, what):
        """The state is, or becomes, this one."""
        try:
            browser.until(self.page, "([root, text]) => state(root) === text", arg=[self.element, picture])
        except Late:
            pytest.fail(f"{what}: expected the picture of {caption(picture)!r}, found {caption(self.state())!r}")

    def check_slider(self, handle):
        """By keyboard, and by mouse a few positions."""
        at = lambda: int(float(handle.get_attribute("aria-valuenow")))  # noqa: E731
        start, start_at, last = self.state(), at(), int(float(handle.get_attribute("aria-valuemax")))
        track = handle.locator("xpath=ancestor::*[contains(@class, 'noUi-target')]")
        keyboard, mouse = self.page.keyboard, self.page.mouse

        handle.focus()
        expect(handle).to_be_focused()
        keyboard.press("Home")
        pictures = {0: self.state(start) if start_at else start}
        for position in range(1, last + 1) if self.every else sorted({1, last}):
            before = list(pictures.values())[-1]
            keyboard.press("ArrowRight" if self.every or position == 1 else "End")
            pictures[position] = self.state(before)
            assert at() == position
        assert_moving(list(pictures.values()))
        keyboard.press("ArrowLeft")
        pictures.setdefault(last - 1, self.state(pictures[last]))
        self.becomes(pictures[last - 1], "ArrowLeft")
        keyboard.press("Home")
        self.becomes(pictures[0], "Home")
        keyboard.press("End")
        self.becomes(pictures[last], "End")

        track.scroll_into_view_if_needed()
        box = track.bounding_box()
        left, right, middle = box["x"], box["x"] + box["width"], box["y"] + box["height"] / 2
        for to, picture in (left, pictures[0]), (right, pictures[last]):
            knob = handle.bounding_box()
            mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
            mouse.down()
            mouse.move(to, middle, steps=3)
            mouse.up()
            self.becomes(picture, f"dragged to {to} px")
        mouse.click((left + right) / 2, middle)
        clicked = self.state(pictures[last])
        assert clicked == pictures.get(at(), clicked) and (last < 2 or 0 < at() < last), "clicked in the middle"

        handle.focus()
        keyboard.press("Home")
        for _ in range(start_at):
            keyboard.press("ArrowRight")
        self.becomes(start, "back at the start")

    def check_buttons(self, buttons):
        """By mouse from the one after the pressed one round to itself, so each click changes something; then by key."""
        [pressed] = [i for i, button in enumerate(buttons) if "mod-active" in button.get_attribute("class")]
        pictures = {pressed: self.state()}
        for number in [*range(pressed + 1, len(buttons)), *range(pressed + 1)]:
            buttons[number].click()
            pictures[number] = self.state(list(pictures.values())[-1])
        assert_moving([pictures[number] for number in range(len(buttons))])
        for number, button in reversed(list(enumerate(buttons))):
            button.press("Enter" if number % 2 else "Space")
            self.becomes(pictures[number], f"button {button.inner_text()}")

    def check_play(self, play):
        """By mouse and by keyboard: plays on from the first picture, pauses, goes on, stops at the first picture."""
        start_button, stop_button, repeat_button = play.locator("button").all()
        stop_button.click()
        first = self.state(self.state())
        repeat_button.click()  # so that it still plays, however late the next button is pressed
        for press, way in (lambda button: button.click(), "mouse"), (lambda button: button.press("Enter"), "keyboard"):
            press(start_button)
            second = self.state(first, frames=PLAYING)
            third = self.state(second, frames=PLAYING)
            assert first != second != third, f"Play does not play by {way}"
            press(start_button)
            self.assert_still(f"paused by {way}")
            paused = self.state()
            press(start_button)
            assert self.state(paused, frames=PLAYING) != paused, f"Play does not go on by {way}"
            press(stop_button)
            self.becomes(first, f"stopped by {way}")
            self.assert_still(f"stopped by {way}")
        repeat_button.click()

    def assert_still(self, what):
        """No change within 45 display frames, 0.75 s: longer than any step of an animation."""
        now = self.state()
        assert self.state(now, frames=45) == now, f"{what}, but it plays on"


def caption(picture):
    return json.loads(picture)[1]


def assert_moving(pictures):
    """Pictures and captions differ between the ends, and captions at most steps in between.

    Towards a limit neighbouring pictures may look alike: only a third of the steps must change the picture.
    """
    seen = list(zip(*map(json.loads, pictures), strict=True))
    for what, states, share in zip(("picture", "caption"), seen, (1 / 3, 0.8), strict=True):
        moved = [before != after for before, after in zip(states, states[1:], strict=False)]
        assert states[0] != states[-1], f"the {what} is the same at both ends: {seen[1]}"
        assert sum(moved) >= share * len(moved), f"the {what} changes at {sum(moved)} of {len(moved)} steps: {seen[1]}"
