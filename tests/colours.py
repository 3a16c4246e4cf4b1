"""Colours as WCAG measures them, on the page and in the dark; and what in a figure is told apart by colour alone."""

import itertools

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.lines import Line2D
from matplotlib.text import Text

TEXT, MARK = 4.5, 3.0  # the least contrasts of text and of all else that carries information
WHITE = (1.0, 1.0, 1.0)


def contrast(one, other):
    """The ratio of two colours' luminances, from 1 to 21."""
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def luminance(color):
    channels = np.array(color[:3])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def on_white(color, alpha=None):
    """A colour as it is seen on a white ground."""
    *rgb, opacity = to_rgba(color, alpha)
    return tuple(opacity * np.array(rgb) + (1 - opacity))


def in_the_dark(color):
    """A colour of a picture as the dark page shows it: course.css says `invert(0.92) hue-rotate(180deg)`."""
    inverted = 0.92 - 0.84 * np.array(color)
    grey = np.array([0.213, 0.715, 0.072])
    return tuple(np.clip(2 * grey @ inverted - inverted, 0, 1))  # a half turn about the axis of greys


def alone(figure):
    """Pairs of curves or marks, in one pair of axes or legend, that only their colours tell apart; as texts.

    Else they differ in line, marker, filling, hatch, in width by half, in lightness (3 : 1), or one has its name beside
    it, in its own colour. A mark on a curve is told by the curve; a straight line by the marks in its colour, or the
    one that it ends in.
    """
    found = []
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()] + figure.legends
    groups = [(told_by_themselves(ax), {to_rgba(text.get_color()) for text in ax.texts}) for ax in figure.axes]
    for artists, named in groups + [(legend.legend_handles, set()) for legend in legends]:
        for one, other in itertools.combinations(artists, 2):
            colors = to_rgba(color(one)), to_rgba(color(other))
            same = colors[0] == colors[1] or contrast(*map(on_white, colors)) >= 3 or named & set(colors)
            if not same and look(one) == look(other):
                found.append(f"{describe(one)} and {describe(other)} differ by colour alone")
    return found


def told_by_themselves(ax):
    """The curves of a pair of axes, and the marks and straight lines that belong to no other."""
    lines = [line for line in ax.lines if line.get_visible() and len(line.get_xydata())]
    curves = [line for line in lines if len(line.get_xydata()) > 2]
    marks = [line for line in lines if line not in curves and line.get_marker() not in ("None", "", None)]
    straight = [line for line in lines if line not in curves + marks]
    of_curves = {to_rgba(color(curve)) for curve in curves}
    of_marks = {to_rgba(color(line)) for line in lines if line.get_marker() not in ("None", "", None)}
    points = [tuple(point) for mark in marks for point in mark.get_xydata()]
    return [
        *curves,
        *(mark for mark in marks if to_rgba(color(mark)) not in of_curves),
        *(
            line
            for line in straight
            if to_rgba(color(line)) not in of_marks and not any(tuple(end) in points for end in line.get_xydata())
        ),
    ]


def faint_text(figure):
    """Words of a figure that are too pale for its white ground, by day or in the dark; as texts."""
    found = []
    for text in figure.findobj(Text):
        if text.get_text().strip() and text.get_visible():
            seen = on_white(text.get_color(), text.get_alpha())
            ratio = min(contrast(seen, WHITE), contrast(in_the_dark(seen), in_the_dark(WHITE)))
            if ratio < TEXT:
                found.append(f"{text.get_text()!r} has a contrast of {ratio:.2f}, less than {TEXT}")
    return found


def color(artist):
    if isinstance(artist, Line2D):
        return artist.get_color()
    face = artist.get_facecolor()
    return tuple(np.atleast_2d(face)[0]) if len(face) else tuple(np.atleast_2d(artist.get_edgecolor())[0])


def look(artist):
    """All of how an artist is drawn but its colour."""
    if isinstance(artist, Line2D):
        ls, marker = artist.get_linestyle(), artist.get_marker()
        dashes = artist._unscaled_dash_pattern  # all patterns of one's own are called "--"
        filled = marker in ("None", "", None) or on_white(artist.get_markerfacecolor()) != WHITE
        width = 0 if ls == "None" else round(np.log(artist.get_linewidth()) / np.log(1.5))
        return "line", ls, str(dashes), width, marker, filled
    paths = getattr(artist, "get_paths", list)()
    return type(artist).__name__, artist.get_hatch(), tuple(len(path.vertices) for path in paths)


def describe(artist):
    name = artist.get_label()
    return f"{name!r} in {np.round(to_rgba(color(artist)), 2)[:3]} drawn as {look(artist)[1:]}"
