"""The colours of the figures: strong enough on white and in the dark, and never the only thing that tells curves apart.

Each widget's first picture is looked at where all its pictures are drawn, in test_notebooks.
"""

import re
from pathlib import Path

import colours
import pytest
from matplotlib.figure import Figure

from lib.figures import style

PALETTE = {name: getattr(style, name) for name in ("BLUE", "RED", "GREEN", "PURPLE", "AMBER", "GREY", "BLACK")}
STYLE_SHEET = Path(__file__).parents[1] / "book" / "_static" / "course.css"


def test_contrast_is_that_of_wcag():
    assert colours.contrast((0, 0, 0), colours.WHITE) == pytest.approx(21)
    assert colours.contrast(colours.on_white("#767676"), colours.WHITE) == pytest.approx(4.54, abs=0.005)
    assert colours.on_white("black", 0.5) == (0.5, 0.5, 0.5)


def test_the_dark_is_that_of_the_style_sheet():
    assert set(re.findall(r"filter: (.*);", STYLE_SHEET.read_text())) == {"invert(0.92) hue-rotate(180deg)"}
    assert colours.in_the_dark(colours.WHITE) == pytest.approx((0.08, 0.08, 0.08))
    red, green, blue = colours.in_the_dark(colours.on_white(style.RED))
    assert red > 0.9 and red > 1.5 * green and red > 1.5 * blue, "red stays red"


@pytest.mark.parametrize("name", PALETTE)
def test_each_colour_is_strong_enough_by_day_and_in_the_dark(name):
    day, least = colours.on_white(PALETTE[name]), colours.MARK if name == "GREEN" else colours.TEXT
    assert colours.contrast(day, colours.WHITE) >= least
    assert colours.contrast(colours.in_the_dark(day), colours.in_the_dark(colours.WHITE)) >= colours.TEXT


def test_what_only_colours_tell_apart_is_seen():
    ax = Figure().subplots()
    ax.plot([0, 1], [0, 1], color=style.BLUE, label="one")
    for look in {"ls": "--"}, {"ls": (0, (3, 1, 1, 1))}, {"marker": "o"}, {"lw": 4}, {"color": "black"}:
        [line] = ax.plot([0, 1], [1, 0], **{"color": style.RED, **look})
        assert colours.alone(ax.figure) == [], look
        line.remove()
    ax.plot([0, 1], [1, 0], color=style.RED, label="two")
    [problem] = colours.alone(ax.figure)
    assert "'one'" in problem and "'two'" in problem
    name = ax.text(0, 0, "two", color=style.RED)
    assert colours.alone(ax.figure) == []
    name.remove()
    ax.clear()
    bars = [ax.bar([0], [1], color=color, label=color) for color in (style.BLUE, style.RED)]
    ax.legend()
    assert len(colours.alone(ax.figure)) == 1
    bars[1][0].set_hatch("//")
    ax.legend()
    assert colours.alone(ax.figure) == []


def test_faint_text_is_seen():
    figure = Figure()
    figure.text(0, 0, "fine", color=style.GREY)
    assert colours.faint_text(figure) == []
    figure.text(0, 0, "pale", color=style.GREEN)
    figure.text(0, 0, "thin", color=style.BLACK, alpha=0.4)
    assert len(colours.faint_text(figure)) == 2
