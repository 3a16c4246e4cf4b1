"""Sliders and the picture they move: one cell, two hosts.

    explore(figure_function, temperature=log_grid(0.01, 100, 33, start=1), seed=noise(4))

A figure function is plain: numbers in, a `matplotlib.figure.Figure` and one sentence describing this picture out.
Every control is a finite grid of named values, so a page without a kernel and a live notebook show the same pictures:

    static   COURSE_PRERENDER is set (a build of the book): every frame is drawn now, into nested `Stack`s that the
             page itself links to the sliders; no kernel, and no JavaScript of ours
    live     otherwise: the frame asked for is drawn when it is asked for, and kept. The front end sends a slider's
             next position only when the kernel is idle, and then the latest one: a dragged slider never queues up
    paper    a printed page shows a few of the frames: those of the values that each control names in `printed`

The sentence is the picture's alternative text and its visible caption, and what the cell stores as plain text.
"""

import base64
import html
import inspect
import io
import itertools
import math
import os
import re
from dataclasses import dataclass
from unittest.mock import patch

import ipywidgets
import numpy as np
from ipywidgets.widgets.widget_string import HTMLStyle
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from lib import checks
from lib.figures import style

MAX_FRAMES = 300
MAX_PRINTED = 5  # frames on paper
MAX_BYTES = 1_000_000  # of one widget's frames as they stand in the page, captions and base64 included
VIEW = "application/vnd.jupyter.widget-view+json"
NOT_FINITE = re.compile(r"(?<![a-z])(nan|inf|infinity)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Control:
    """A finite grid of values, the name each is shown by, and the widget that moves along it."""

    values: tuple
    names: tuple
    start: int  # index of the default
    label: str | None = None  # None: the argument's own name
    kind: str = "slider"  # slider, buttons or play
    interval: int = 0  # milliseconds between the steps of a `play`
    printed: tuple = ()  # the values that a printed page shows, in this order; none: the default

    def __post_init__(self):
        for name in self.names:
            if self.names.count(name) > 1:
                raise ValueError(
                    f"values of a control must have different names, but {name!r} names {self.names.count(name)} of "
                    f"the {len(self.names)} values {list(self.values)}: use fewer values or a wider range"
                )
        for value in self.printed:
            if value not in self.values:
                raise ValueError(f"printed must be values of the control, but {value!r} is none of {list(self.values)}")
            if self.printed.count(value) > 1:
                raise ValueError(f"printed must name a value once, but {value!r} stands twice in {list(self.printed)}")

    @property
    def printed_at(self):
        """The indices of the printed values."""
        return [self.values.index(value) for value in self.printed] or [self.start]


def grid(first, last, count, start=None, label=None, printed=()):
    """A slider over `count` evenly spaced values, both ends included; whole numbers arrive as `int`.

    start  : the default, a value of the grid; the middle one if not given
    printed: the values that a printed page shows, in this order; the default alone if not given
    raises : ValueError if the grid is empty or not finite, shows a value twice, or `start` or a printed value is not
             on it, or a value is printed twice
    """
    return _control(_evenly(first, last, count), start, label, printed)


def log_grid(first, last, count, start=None, label=None, printed=()):
    """A slider over `count` values in equal ratios, each rounded to two significant digits.

    first, last: positive; the rest as in `grid`
    """
    first, last, count = _range(checks.positive("first", first), checks.positive("last", last), count)
    return _control([float(f"{value:.2g}") for value in np.geomspace(first, last, count)], start, label, printed)


def choices(values, start=None, label=None, printed=()):
    """Buttons, one for each value: a dict {name shown: value}, or a list of values that name themselves."""
    named = values if isinstance(values, dict) else {_name(_plain(value)): value for value in values}
    if len(named) < len(values):
        raise ValueError(f"choices must have different names, but {list(values)} does not")
    return _control(list(named.values()), start, label, printed, names=tuple(named), kind="buttons")


def noise(count, label="noise", printed=()):
    """Buttons that redraw the noise: the seeds 0 to count - 1, shown as draw 1 to draw `count`."""
    seeds = range(checks.integer("count", count, least=1))
    return choices({f"draw {seed + 1}": seed for seed in seeds}, start=0, label=label, printed=printed)


def play(first, last, count, start=None, label=None, interval=200, printed=()):
    """A `grid` with a Play button that walks along it, a step every `interval` milliseconds; it starts at `first`."""
    values = _evenly(first, last, count)
    interval = checks.integer("interval", interval, least=20)
    return _control(values, first if start is None else start, label, printed, kind="play", interval=interval)


def explore(figure_function, /, **controls):
    """Show the picture of `figure_function` with a widget for each of its arguments that is named in `controls`.

    figure_function: numbers in, (Figure, sentence) out; its other arguments keep their defaults
    controls       : none to three of `grid`, `log_grid`, `choices`, `noise`, `play`, by argument name
    returns        : an `Explorable`; as the last line of a cell, the picture
    raises         : ValueError for controls that do not fit the function, for more than 300 frames or 1 MB of them,
                     for more than 5 printed ones, which are those of every combination of the controls' printed values,
                     for a number that is not finite; whatever the figure function raises, with the state added
    """
    _check(figure_function, controls)
    prerender = bool(os.environ.get("COURSE_PRERENDER"))
    return (_prerendered if prerender else _live)(figure_function, controls)


class Explorable(ipywidgets.VBox):
    """Controls over a picture. Its plain text is the default picture's sentence: nbval compares that, and a reader
    of the raw notebook still learns what there was to see. `page` is what a page is given beside the widget: the HTML
    of its first picture, and which frames to print: of each the controls' positions, and the model that holds it."""

    def __init__(self, selectors, picture, sentence, page=None):
        super().__init__([*selectors, picture], layout=ipywidgets.Layout(max_width="44em"))
        self.add_class("explorable")
        self.sentence, self.page = sentence, page

    def __repr__(self):
        return self.sentence

    def _repr_mimebundle_(self, **kwargs):
        bundle = {**super()._repr_mimebundle_(**kwargs), "text/plain": self.sentence}
        if self.page:
            bundle[VIEW] = {**bundle[VIEW], **self.page}
        return bundle


def states(controls):
    """Every state of the controls, as keyword arguments of the figure function; the last control moves fastest."""
    for values in itertools.product(*(control.values for control in controls.values())):
        yield dict(zip(controls, values, strict=True))


def on_paper(controls):
    """The printed frames, each as the tuple of the controls' positions; the last control moves fastest."""
    return list(itertools.product(*(control.printed_at for control in controls.values())))


def frame(figure_function, **state):
    """Draw one state: returns (html, sentence), a lossless WebP inside a figure element with its caption.

    raises: whatever the figure function raises, with the state added; TypeError if it returns anything but a figure
            and a sentence; ValueError if the sentence is empty, if a number drawn, written or described is not finite
    """
    where = f"{figure_function.__name__}({', '.join(f'{name}={value!r}' for name, value in state.items())})"
    try:
        with style.context(), _areas_checked():
            result = figure_function(**state)
            match result:
                case (Figure() as figure, str() as sentence):
                    image, width, height = _webp(figure)
                case _:
                    raise TypeError(f"a figure function must return (Figure, sentence), but this returned {result!r}")
    except Exception as error:
        error.add_note(f"while drawing {where}")
        raise
    if not sentence.strip():
        raise ValueError(f"{where} must describe its picture, but its sentence is empty")
    for text in [sentence, *(text.get_text() for text in figure.findobj(Text))]:
        if NOT_FINITE.search(text):
            raise ValueError(f"{where} describes a number that is not finite: {text!r}")
    for what, numbers in style.drawn_numbers(figure):
        if not np.isfinite(np.ma.getdata(numbers)).all():  # matplotlib masks what is not finite and draws the rest
            raise ValueError(f"{where} draws {what} with a number that is not finite")
    text = html.escape(sentence)
    return (
        f'<figure style="margin:0"><img alt="{text}" width="{width}" height="{height}" '
        f'style="width:100%;height:auto" src="data:image/webp;base64,{image}">'
        f'<figcaption style="line-height:1.4">{text}</figcaption></figure>'
    ), sentence


def _areas_checked():
    """While it lasts, areas between curves refuse what is not finite; matplotlib leaves it out without a trace."""

    def checked(draw):
        def fill(axes, at, first, second=0, *rest, **options):
            for numbers in (at, first, second):
                checks.finite("an area between curves", np.ma.getdata(numbers))
            return draw(axes, at, first, second, *rest, **options)

        return fill

    return patch.multiple(Axes, fill_between=checked(Axes.fill_between), fill_betweenx=checked(Axes.fill_betweenx))


def _webp(figure):
    """The figure as (base64 of a lossless WebP, its width, its height in pixels).

    Few levels a colour channel look the same, with a palette made of them, and halve the bytes.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    step = 255 // (style.LEVELS - 1)
    picture = picture.point([round(level / step) * step for level in range(256)] * 3)
    buffer = io.BytesIO()
    picture.save(buffer, format="webp", lossless=True)
    return base64.b64encode(buffer.getvalue()).decode(), *picture.size


def _prerendered(figure_function, controls):
    """All frames at once: a stack for each value of the first control, of stacks for the second, and so on.

    The control with the fewest values comes outermost, which needs the fewest links.
    """
    order = sorted(controls, key=lambda name: len(controls[name].values))
    selectors = {name: _Selector(name, control) for name, control in controls.items()}
    size, frames = 0, {}  # a frame's HTML widget and sentence, by the positions of the controls in their order
    shared = {"layout": ipywidgets.Layout(), "style": HTMLStyle()}

    def nest(names, at):
        nonlocal size
        if not names:
            state = {name: control.values[at[name]] for name, control in controls.items()}
            picture, sentence = frame(figure_function, **state)
            size += len(picture)
            if size > MAX_BYTES:
                name = figure_function.__name__
                raise ValueError(f"the frames of {name} weigh more than {MAX_BYTES:,} bytes: {_coarsen(controls)}")
            widget = ipywidgets.HTML(picture, **shared)
            frames[tuple(at[name] for name in controls)] = widget, sentence
            return widget
        name, *inner = names
        children = [nest(inner, at | {name: index}) for index in range(len(controls[name].values))]
        stack = ipywidgets.Stack(children, selected_index=controls[name].start, layout=shared["layout"])
        ipywidgets.jslink((selectors[name].index, "index"), (stack, "selected_index"))
        return stack

    picture = nest(order, {})
    boxes = [selector.box for selector in selectors.values()]
    start, sentence = frames[tuple(control.start for control in controls.values())]
    first = f'<div class="first-picture" style="--controls: {len(controls)}">{start.value}</div>'
    printed = [{"at": at, "model_id": frames[at][0].model_id} for at in on_paper(controls)]
    return Explorable(boxes, picture, sentence, {"first": first, "printed": printed})


def _live(figure_function, controls):
    """One frame at a time, drawn when it is asked for. An error stands where the picture would, and is raised too."""
    selectors = {name: _Selector(name, control) for name, control in controls.items()}
    picture, drawn = ipywidgets.HTML(), {}

    def show(_change=None):
        at = tuple(selector.index.index for selector in selectors.values())
        if at not in drawn:
            state = {name: control.values[i] for (name, control), i in zip(controls.items(), at, strict=True)}
            try:
                drawn[at] = frame(figure_function, **state)
            except Exception as error:
                notes = " ".join(getattr(error, "__notes__", []))
                picture.value = f'<pre role="alert">{html.escape(f"{type(error).__name__}: {error} {notes}")}</pre>'
                raise
        picture.value = drawn[at][0]
        return drawn[at][1]

    sentence = show()
    for selector in selectors.values():
        selector.index.observe(show, "index")
    return Explorable([selector.box for selector in selectors.values()], picture, sentence)


class _Selector:
    """The widgets of one control: `index` carries the position, `box` is what is shown."""

    def __init__(self, name, control):
        kind = ipywidgets.ToggleButtons if control.kind == "buttons" else ipywidgets.SelectionSlider
        label = _label(name, control)
        self.index = self.box = kind(
            options=control.names,
            index=control.start,
            description=label,
            tooltip=label,
            style={"description_width": "initial"},
            layout=ipywidgets.Layout(width="auto"),
        )
        if control.kind == "buttons":
            self.index.style.button_width = "auto"
            self.index.layout.display, self.index.layout.flex_flow = "flex", "row wrap"
        if control.kind == "play":
            last = len(control.values) - 1
            button = ipywidgets.Play(value=control.start, min=0, max=last, interval=control.interval)
            ipywidgets.jslink((button, "value"), (self.index, "index"))
            self.index.layout.flex = "1 1 16em"
            self.box = ipywidgets.HBox([button, self.index], layout=ipywidgets.Layout(flex_flow="row wrap"))


def _control(values, start, label, printed, names=None, kind="slider", interval=0):
    """A checked Control: whole numbers become int, and `start` becomes its index."""
    values = tuple(_plain(value) for value in values)
    if not values:
        raise ValueError("a control must have at least one value, but its grid is empty")
    at = [i for i, value in enumerate(values) if start is not None and value == _plain(start)]
    if start is not None and not at:
        raise ValueError(f"start must be a value of the control, but {start!r} is not one of {list(values)}")
    index = at[0] if at else len(values) // 2
    printed = tuple(_plain(value) for value in printed)
    return Control(values, names or tuple(map(_name, values)), index, label, kind, interval, printed)


def _evenly(first, last, count):
    values = np.linspace(*_range(first, last, count))
    rounding = np.abs(values) < 1e-9 * np.abs(values).max()  # such as 1e-17 where the grid crosses zero
    return np.where(rounding, 0.0, values)


def _range(first, last, count):
    first, last = float(checks.finite("first", first)), float(checks.finite("last", last))
    return first, last, checks.integer("count", count, least=1)


def _plain(value):
    """A grid's value without the last digits of its arithmetic: 0.3, not 0.30000000000000004; 2, not 2.0."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, float):
        return value
    value = float(f"{value:.6g}")
    return int(value) if value.is_integer() else value


def _name(value):
    return f"{value:g}".replace("-", "\N{MINUS SIGN}") if type(value) in (int, float) else str(value)


def _check(figure_function, controls):
    """The controls must fit the function's arguments, have different labels, and make, and print, few frames."""
    name = figure_function.__name__
    arguments = inspect.signature(figure_function).parameters
    for argument, control in controls.items():
        if not isinstance(control, Control):
            raise ValueError(f"{argument} must be a control such as grid(…) or choices(…), but it is {control!r}")
        if argument not in arguments:
            raise ValueError(f"{name} takes no argument {argument!r}; it takes {', '.join(arguments)}")
    missing = [key for key, value in arguments.items() if value.default is value.empty and key not in controls]
    if missing:
        raise ValueError(f"{name} needs a control for {', '.join(map(repr, missing))}")
    labels = {}
    for argument, control in controls.items():
        label = _label(argument, control)
        if label in labels:
            raise ValueError(f"labels must differ, but {labels[label]!r} and {argument!r} are both labelled {label!r}")
        labels[label] = argument
    frames = math.prod(len(control.values) for control in controls.values())
    if frames > MAX_FRAMES:
        raise ValueError(f"{name} would have {frames} frames, more than {MAX_FRAMES}: {_coarsen(controls)}")
    printed = len(on_paper(controls))
    if printed > MAX_PRINTED:
        counts = " × ".join(f"{len(control.printed_at)} of {argument!r}" for argument, control in controls.items())
        raise ValueError(f"{name} would have {printed} printed frames, more than {MAX_PRINTED}: {counts}")


def _label(argument, control):
    return control.label or argument.replace("_", " ")


def _coarsen(controls):
    widest = max(controls, key=lambda name: len(controls[name].values), default=None)
    return f"coarsen {widest!r}, which has {len(controls[widest].values)} values" if widest else "draw less in it"
