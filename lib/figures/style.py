"""One look for every picture: sizes that read at 390 px and from the back of a hall, colours safe for the colour-blind.

A picture is 5 inches wide and drawn at 160 dots an inch, 800 pixels: more than twice the density of a phone. The
colours are dark enough for thin lines on white (contrast at least 3 : 1), and no picture tells things apart by colour
alone: line styles, markers or words say it too. Margins are fixed, so that the axes stand still while a slider moves.
"""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

# Close to Okabe and Ito's palette (2008). Each channel is one of six levels, those of a stored picture (lib.explore).
# All but green are dark enough for text, too (4.5 : 1).
BLUE, RED, GREEN, PURPLE = "#0066CC", "#CC3300", "#009966", "#993399"
AMBER, GREY, BLACK = "#996600", "#666666", "#333333"
LEVELS = 6
SHADE = {"facecolor": (GREY, 0.4), "edgecolor": GREY, "lw": 1}  # of an area: pale, so that curves show on it, but edged

DPI = 160
WIDTH = 5.0  # inches

RC = {
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,  # a place of its own: matplotlib need not measure every tick label to find one
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": BLACK,
    "axes.linewidth": 0.8,
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, RED, GREEN, PURPLE, AMBER]),
    "axes.xmargin": 0,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "legend.fontsize": 10,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 2,
    "text.color": BLACK,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def context():
    """The settings under which every picture is drawn, whatever the reader's own are."""
    return matplotlib.rc_context({**matplotlib.rcParamsDefault, **RC})


def figure(rows=1, columns=1, height=2.8, left=0.7, right=0.15, bottom=0.55, top=0.3, gap=0.75, **options):
    """A figure of the course's width with `rows` x `columns` axes.

    height, left, right, bottom, top: of the figure and of its margins, in inches
    gap    : room between neighbouring axes, in inches
    options: as in matplotlib's `Figure.subplots`
    returns: (Figure, axes), axes as `Figure.subplots` returns them
    """
    with context():
        drawing = Figure(figsize=(WIDTH, height), dpi=DPI)
        axes = drawing.subplots(rows, columns, **options)
        inner_width = (WIDTH - left - right - gap * (columns - 1)) / columns
        inner_height = (height - bottom - top - gap * (rows - 1)) / rows
        drawing.subplots_adjust(
            left=left / WIDTH,
            right=1 - right / WIDTH,
            bottom=bottom / height,
            top=1 - top / height,
            wspace=gap / inner_width,
            hspace=gap / inner_height,
        )
        for ax in np.ravel(axes):  # places for the labels, too
            ax.xaxis.set_label_coords(0.5, -0.32 / inner_height)
            ax.yaxis.set_label_coords(-0.5 / inner_width, 0.5)
        return drawing, axes


def number(value, digits=2):
    """The value with so many decimals as a caption writes it: with a real minus sign, and none before zero."""
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def drawn_numbers(figure):
    """The numbers that the lines, points, areas, bars and colours of a figure are drawn from: pairs (what, array)."""
    for ax in figure.axes:
        for artist in ax.get_children():
            if isinstance(artist, Line2D):
                yield "a line", artist.get_xydata()
            elif isinstance(artist, Patch):
                yield "a bar or an area", artist.get_patch_transform().transform_path(artist.get_path()).vertices
            elif isinstance(artist, Collection):
                yield "points", artist.get_offsets()
                for path in artist.get_paths():
                    yield "an area", path.vertices
    for artist in figure.findobj(lambda artist: isinstance(artist, ScalarMappable)):
        if artist.get_array() is not None:
            yield "colours", artist.get_array()
