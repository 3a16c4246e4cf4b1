"""Explorables: the static page, played back from its stored widgets, shows for every state what a kernel shows."""

import io
import itertools
import json
import re
from pathlib import Path

import ipywidgets
import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image
from playback import Frame, OnPage

from lib import explore as module
from lib.explore import Control, choices, explore, frame, grid, log_grid, noise, play, states
from lib.figures import style


@pytest.fixture(autouse=True)
def no_widgets_left():
    yield
    ipywidgets.Widget.close_all()


@pytest.fixture
def live(monkeypatch):
    monkeypatch.delenv("COURSE_PRERENDER", raising=False)


@pytest.fixture
def static(monkeypatch):
    monkeypatch.setenv("COURSE_PRERENDER", "1")


def tiny(**state):
    """A figure of 16 x 12 pixels, quick to draw, and a sentence that names the state."""
    return Figure(figsize=(0.16, 0.12), dpi=100), "It shows " + ", ".join(f"{k} at {v}" for k, v in state.items()) + "."


def none():
    return tiny(nothing=0)


def one(slope):
    return tiny(slope=slope)


def two(slope, learning_rate):
    return tiny(slope=slope, learning_rate=learning_rate)


def three(slope, learning_rate, seed):
    return tiny(slope=slope, learning_rate=learning_rate, seed=seed)


SLOPE = grid(-1, 1, 5)
RATE = log_grid(0.01, 1, 3, start=0.1)
WALK = play(0, 4, 5, start=1)
ESTIMATOR = choices({"score": 0, "path": 1}, start=1)
SEED = noise(2)
WIDGETS = {
    "no control": (none, {}),
    "one": (one, {"slope": SLOPE}),
    "one play": (one, {"slope": WALK}),
    "two, narrow first": (two, {"slope": ESTIMATOR, "learning_rate": grid(0, 1, 4)}),
    "two, wide first": (two, {"slope": SLOPE, "learning_rate": RATE}),
    "three": (three, {"slope": SLOPE, "learning_rate": RATE, "seed": SEED}),
    "three, equally wide": (three, {"slope": RATE, "learning_rate": grid(1, 3, 3, start=1), "seed": noise(3)}),
}
each_widget = pytest.mark.parametrize("function, controls", WIDGETS.values(), ids=WIDGETS.keys())


def page_with(explorable):
    """What a page would hold, without a kernel: the stored state of the widgets."""
    models = json.loads(json.dumps(ipywidgets.Widget.get_manager_state()["state"]))
    return OnPage(models, explorable.model_id)


def selectors(explorable):
    """The widgets by which a live explorable is moved, in the order of its controls."""
    boxes = explorable.children[:-1]
    return [box.children[1] if isinstance(box, ipywidgets.HBox) else box for box in boxes]


def picture(explorable):
    return explorable.children[-1].value


# --- controls -------------------------------------------------------------------------------------------------------


def test_a_grid_is_even_holds_both_ends_and_starts_in_the_middle():
    control = grid(-1, 1, 5)
    assert control.values == (-1, -0.5, 0, 0.5, 1)
    assert [type(value) for value in control.values] == [int, float, int, float, int]
    assert control.names == ("−1", "−0.5", "0", "0.5", "1")
    assert (control.start, control.label, control.kind) == (2, None, "slider")


def test_a_grids_values_have_no_last_digits_of_arithmetic():
    assert grid(0, 0.3, 4).values == (0, 0.1, 0.2, 0.3)
    assert grid(0, 1, 4).values == (0, 0.333333, 0.666667, 1)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(2, 60))
def test_a_grid_across_zero_has_zero_itself_or_nothing_near_it(below, above, count):
    values = grid(-below / 100, above / 100, count).values
    assert (values[0], values[-1]) == (-below / 100, above / 100)
    step = (above + below) / 100 / (count - 1)
    # a value next to zero but not zero is at least one part in `count` of a hundredth away, far above 1e-9
    assert all(value == 0 and type(value) is int or abs(value) > 1e-6 for value in values)
    np.testing.assert_allclose(np.diff(values), step, rtol=0, atol=1e-5 * max(map(abs, values)))  # six digits are kept


@given(st.integers(-50, 50), st.integers(1, 100), st.integers(2, 40), st.data())
def test_a_default_is_found_wherever_it_is_on_the_grid(first, width, count, data):
    control = grid(first, first + width, count)
    index = data.draw(st.integers(0, count - 1))
    exact = first + width * index / (count - 1)  # not rounded as the grid's values are
    for start in (control.values[index], exact, np.float64(exact)):
        assert grid(first, first + width, count, start=start).start == index


def test_a_default_among_tiny_values_is_not_taken_for_its_neighbour():
    assert log_grid(1e-12, 1e-9, 4, start=1e-10).start == 2
    assert grid(1, 1.00002, 3, start=1.00001).start == 1


def test_a_log_grid_has_equal_ratios_rounded_to_two_digits():
    control = log_grid(0.01, 100, 5, start=1)
    assert control.values == (0.01, 0.1, 1, 10, 100)
    assert control.start == 2
    assert [type(value) for value in control.values] == [float, float, int, int, int]
    fine = log_grid(0.01, 100, 33)
    assert all(float(f"{value:.1e}") == value for value in fine.values)
    exact = np.geomspace(0.01, 100, 33)
    np.testing.assert_allclose(fine.values, exact, rtol=0.05)  # two digits: at worst 1.05 shown for 1.0


def test_choices_name_themselves_or_are_named():
    assert choices([1, 2.5, "mean", True]).names == ("1", "2.5", "mean", "True")
    assert choices([1, 2.5, "mean"], start="mean").start == 2
    assert choices(np.arange(-1, 2)) == choices([-1, 0, 1])
    named = choices({"few": 4, "many": 400}, start=400, label="draws")
    assert (named.values, named.names, named.start, named.label) == ((4, 400), ("few", "many"), 1, "draws")
    assert named.kind == "buttons"


def test_noise_gives_seeds_and_shows_draws():
    control = noise(3)
    assert (control.values, control.names) == ((0, 1, 2), ("draw 1", "draw 2", "draw 3"))
    assert (control.start, control.label, control.kind) == (0, "noise", "buttons")
    assert noise(2, label="sample").label == "sample"


def test_play_walks_along_a_grid_from_its_first_value():
    control = play(0, 1, 5, interval=50)
    assert (control.values, control.start, control.kind) == ((0, 0.25, 0.5, 0.75, 1), 0, "play")
    assert control.interval == 50
    assert play(0, 1, 5, start=0.5).start == 2


def test_states_are_all_the_states_and_the_last_control_moves_fastest():
    found = list(states({"slope": grid(0, 1, 2), "seed": noise(3)}))
    assert found == [{"slope": a, "seed": b} for a in (0, 1) for b in (0, 1, 2)]
    assert list(states({})) == [{}]


# --- bad arguments --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: grid(0, 1, 0), "count must be an integer from 1 up, but is 0"),
        (lambda: log_grid(1, 2, 0), "count must be an integer from 1 up, but is 0"),
        (lambda: play(0, 1, 0), "count must be an integer from 1 up, but is 0"),
        (lambda: noise(0), "count must be an integer from 1 up, but is 0"),
        (lambda: grid(0, 1, 2.5), "count must be an integer from 1 up, but is 2.5"),
        (lambda: choices([]), "its grid is empty"),
        (lambda: choices({}), "its grid is empty"),
        (lambda: grid(0, np.nan, 3), "last must be finite everywhere, but holds nan"),
        (lambda: grid(-np.inf, 1, 3), "first must be finite everywhere, but holds -inf"),
        (lambda: log_grid(0, 1, 3), "first must be positive"),
        (lambda: log_grid(1, -1, 3), "last must be positive"),
        (lambda: play(0, 1, 3, interval=1), "interval must be an integer from 20 up, but is 1"),
        (lambda: grid(0, 1, 5, start=0.3), r"start must be a value of the control, but 0.3 is not one of \[0, 0.25"),
        (lambda: log_grid(1, 4, 3, start=3), "start must be a value of the control, but 3 is not"),
        (lambda: play(0, 1, 3, start=2), "start must be a value of the control, but 2 is not"),
        (lambda: choices(["a", "b"], start="c"), "start must be a value of the control, but 'c' is not"),
        (lambda: choices({"few": 1}, start="few"), "start must be a value of the control, but 'few' is not"),
        (lambda: grid(0, 1, 5, printed=(0, 0.3)), r"printed must be values of the control, but 0.3 is none of \[0,"),
        (lambda: log_grid(1, 4, 3, printed=(3,)), "printed must be values of the control, but 3 is none of"),
        (lambda: choices({"few": 1}, printed=("few",)), "printed must be values of the control, but 'few' is none of"),
        (lambda: noise(3, printed=(3,)), "printed must be values of the control, but 3 is none of"),
        (lambda: play(0, 1, 3, printed=(1, 0, 1.0)), r"printed must name a value once, but 1 stands twice in \[1,"),
        (lambda: Control((1, 2), ("a", "b"), 0, printed=(2, 2)), "printed must name a value once, but 2 stands twice"),
        (lambda: grid(1, 1, 2), "different names, but '1' names 2 of the 2 values"),
        (lambda: log_grid(1, 1.1, 5), "different names, but '1' names 3 of the 5 values"),
        (lambda: choices([1, 1.0]), r"choices must have different names, but \[1, 1.0\]"),
        (lambda: Control((1, 2), ("a", "a"), 0), "different names, but 'a' names 2 of the 2 values"),
    ],
)
def test_a_bad_control_names_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("prerender", ["", "1"])
@pytest.mark.parametrize(
    "function, controls, message",
    [
        (one, {"slope": SLOPE, "width": SLOPE}, "one takes no argument 'width'; it takes slope"),
        (two, {"slope": SLOPE}, "two needs a control for 'learning_rate'"),
        (three, {}, "three needs a control for 'slope', 'learning_rate', 'seed'"),
        (one, {"slope": 3}, "slope must be a control such as .*, but it is 3"),
        (one, {"slope": [1, 2]}, "slope must be a control"),
        (two, {"slope": noise(2), "learning_rate": noise(3)}, "'slope' and 'learning_rate' are both labelled 'noise'"),
        (two, {"slope": grid(0, 1, 2, label="learning rate"), "learning_rate": SLOPE}, "both labelled 'learning rate'"),
        (two, {"slope": grid(0, 1, 7), "learning_rate": grid(0, 1, 43)}, "301 frames, .*300: coarsen 'learning_rate'"),
        (two, {"slope": grid(0, 1, 43), "learning_rate": grid(0, 1, 7)}, "301 frames, .*300: coarsen 'slope'"),
        (
            two,
            {"slope": grid(0, 1, 3, printed=(0, 1)), "learning_rate": grid(0, 1, 5, printed=(0, 0.5, 1))},
            "two would have 6 printed frames, more than 5: 2 of 'slope' × 3 of 'learning_rate'",
        ),
    ],
)
def test_controls_that_do_not_fit_are_named(monkeypatch, prerender, function, controls, message):
    monkeypatch.setenv("COURSE_PRERENDER", prerender)
    with pytest.raises(ValueError, match=message):
        explore(function, **controls)


def test_an_argument_with_a_default_needs_no_control(live):
    assert explore(lambda slope, seed=7: tiny(seed=seed), slope=SLOPE).sentence == "It shows seed at 7."


def test_three_hundred_frames_are_allowed(live):
    assert module.MAX_FRAMES == 300
    explore(two, slope=grid(0, 1, 6), learning_rate=grid(0, 1, 50))


def test_frames_may_weigh_so_much_and_not_a_byte_more(static, monkeypatch):
    assert module.MAX_BYTES == 1_000_000
    controls = {"slope": noise(2), "learning_rate": grid(0, 1, 4)}
    weight = sum(len(frame(two, **state)[0].encode()) for state in states(controls))
    monkeypatch.setattr(module, "MAX_BYTES", weight)
    explore(two, **controls)
    monkeypatch.setattr(module, "MAX_BYTES", weight - 1)
    message = f"two weigh more than {weight - 1:,} bytes: coarsen 'learning_rate', which has 4 values"
    with pytest.raises(ValueError, match=message):
        explore(two, **controls)
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="none weigh more than 10 bytes: draw less in it"):
        explore(none)


# --- the static page against the live kernel ------------------------------------------------------------------------


@each_widget
def test_the_page_shows_for_every_state_what_a_kernel_shows(monkeypatch, function, controls):
    monkeypatch.delenv("COURSE_PRERENDER", raising=False)
    in_kernel = explore(function, **controls)
    monkeypatch.setenv("COURSE_PRERENDER", "1")
    stored = explore(function, **controls)
    page = page_with(stored)
    moved = selectors(in_kernel)
    assert len(page.selectors) == len(moved) == len(controls)

    assert page.picture() == picture(in_kernel)  # before anything is touched
    default = {name: control.values[control.start] for name, control in controls.items()}
    assert stored.sentence == in_kernel.sentence == function(**default)[1]

    order = [range(len(control.values)) for control in controls.values()]
    forwards = list(itertools.product(*order))
    jumps = np.random.default_rng(0).permutation(len(forwards))
    for indices in forwards + [forwards[i] for i in jumps]:
        for index, static_selector, live_selector in zip(indices, page.selectors, moved, strict=True):
            page.set(static_selector, "index", index)
            live_selector.index = index
        state = {name: control.values[i] for (name, control), i in zip(controls.items(), indices, strict=True)}
        assert page.picture() == picture(in_kernel) == frame(function, **state)[0]


@each_widget
def test_both_hosts_show_the_same_controls(monkeypatch, function, controls):
    shown = []
    for prerender in ("", "1"):
        monkeypatch.setenv("COURSE_PRERENDER", prerender)
        page = page_with(explore(function, **controls))
        shown.append(page.controls())
        assert page.children(page.root)[-1]["model_name"] == ("StackModel" if prerender and controls else "HTMLModel")
    assert shown[0] == shown[1]
    for (kind, label, names, index), (argument, control) in zip(shown[0], controls.items(), strict=True):
        assert kind == ("ToggleButtonsModel" if control.kind == "buttons" else "SelectionSliderModel")
        assert label == (control.label or argument.replace("_", " "))
        assert (tuple(names), index) == (control.names, control.start)


@pytest.mark.parametrize("prerender", ["", "1"])
def test_a_play_button_moves_its_slider_in_the_page(monkeypatch, prerender):
    monkeypatch.setenv("COURSE_PRERENDER", prerender)
    page = page_with(explore(two, slope=play(0, 4, 5, start=1, interval=70), learning_rate=RATE))
    [button] = page.below(page.root, "PlayModel")
    assert {key: button["state"][key] for key in ("min", "max", "value", "interval")} == {
        "min": 0, "max": 4, "value": 1, "interval": 70,
    }  # fmt: skip
    slider = page.selectors[0]
    for step in (2, 3, 4, 0):
        page.set(button, "value", step)
        assert slider["state"]["index"] == step
        if prerender:
            assert page.picture() == frame(two, slope=step, learning_rate=0.1)[0]
    page.set(slider, "index", 3)  # and the slider, dragged, moves the button on
    assert button["state"]["value"] == 3


def test_every_frame_of_a_page_is_drawn_once(static):
    drawn = []

    def counted(slope, seed):
        drawn.append((slope, seed))
        return tiny(slope=slope, seed=seed)

    explore(counted, slope=SLOPE, seed=SEED)
    assert sorted(drawn) == sorted(itertools.product(SLOPE.values, SEED.values))


# --- on paper -------------------------------------------------------------------------------------------------------

PRINTED = {
    "the default alone": ({"slope": SLOPE, "learning_rate": RATE, "seed": SEED}, [(2, 1, 0)]),
    "in the order named": ({"slope": grid(-1, 1, 5, printed=(1, -1)), "learning_rate": RATE}, [(4, 1), (0, 1)]),
    "every combination, the last fastest": (
        {"slope": play(0, 4, 5, printed=(0, 3)), "learning_rate": log_grid(0.01, 1, 3, printed=(0.1, 1))},
        [(0, 1), (0, 2), (3, 1), (3, 2)],
    ),
    "a value of a choice, by a draw": (
        {"slope": choices({"score": (0, 1), "path": (1, 0)}, printed=((1, 0),)), "seed": noise(4, printed=range(4))},
        [(1, 0), (1, 1), (1, 2), (1, 3)],
    ),
    "five of a control of one's own": (
        {"slope": Control((1, 2, 4, 8, 9), tuple("abcde"), 0, printed=(9, 8, 4, 2, 1))},
        [(4,), (3,), (2,), (1,), (0,)],
    ),
    "no control": ({}, [()]),
}
VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("controls, positions", PRINTED.values(), ids=PRINTED.keys())
def test_the_page_learns_which_frames_to_print_and_where_they_are(static, controls, positions):
    def drawn(slope=0, learning_rate=0, seed=0):
        return tiny(slope=slope, learning_rate=learning_rate, seed=seed)

    explorable = explore(drawn, **controls)
    page, printed = page_with(explorable), json.loads(json.dumps(explorable._repr_mimebundle_()[VIEW]))["printed"]
    assert [tuple(entry["at"]) for entry in printed] == positions
    for entry in printed:
        at = zip(controls.items(), entry["at"], strict=True)
        state = {name: control.values[index] for (name, control), index in at}
        assert page.models[entry["model_id"]]["state"]["value"] == frame(drawn, **state)[0]


def test_a_live_notebook_prints_nothing_of_its_own(live):
    assert "printed" not in explore(one, slope=grid(0, 1, 3, printed=(0, 1)))._repr_mimebundle_()[VIEW]


# --- live -----------------------------------------------------------------------------------------------------------


def test_live_frames_are_drawn_when_asked_for_and_kept(live):
    drawn = []

    def counted(slope, seed):
        drawn.append((slope, seed))
        return tiny(slope=slope, seed=seed)

    widget = explore(counted, slope=SLOPE, seed=SEED)
    slope, seed = selectors(widget)
    assert drawn == [(0, 0)]
    slope.index = 4
    assert drawn == [(0, 0), (1, 0)]
    assert Frame(picture(widget)).caption == Frame(picture(widget)).image["alt"] == "It shows slope at 1, seed at 0."
    seed.index = 1
    assert Frame(picture(widget)).caption == "It shows slope at 1, seed at 1."
    seen = list(drawn)
    slope.index, seed.index, slope.index = 2, 0, 4
    assert drawn == seen + [(0, 1)]  # the only state of the three that was new


def test_an_error_in_the_first_picture_is_raised_with_its_state(live):
    def broken(slope):
        raise ZeroDivisionError("no slope")

    with pytest.raises(ZeroDivisionError, match="no slope") as caught:
        explore(broken, slope=SLOPE)
    assert caught.value.__notes__ == ["while drawing broken(slope=0)"]


def fails_at_one(slope):
    if slope == 1:
        raise ZeroDivisionError("<no> slope")
    return tiny(slope=slope)


def undefined_at_one(slope):
    return Figure(), f"The slope is {np.nan if slope == 1 else slope}."


@pytest.mark.parametrize(
    "function, error, shown",
    [
        (fails_at_one, ZeroDivisionError, "ZeroDivisionError: &lt;no&gt; slope while drawing fails_at_one(slope=1)"),
        (undefined_at_one, ValueError, "describes a number that is not finite"),
    ],
)
def test_an_error_on_a_move_is_shown_and_raised_and_forgotten_on_the_next(live, function, error, shown):
    widget = explore(function, slope=SLOPE)
    [slider], good = selectors(widget), picture(widget)
    for _ in range(2):  # an error is not kept as a picture
        with pytest.raises(error):
            slider.index = 4
        assert shown in picture(widget) and 'role="alert"' in picture(widget)
        slider.index = 2
        assert picture(widget) == good


@pytest.mark.parametrize("function, error", [(fails_at_one, ZeroDivisionError), (undefined_at_one, ValueError)])
def test_one_broken_state_fails_a_build(static, function, error):
    with pytest.raises(error) as caught:
        explore(function, slope=SLOPE)
    assert "slope=1)" in str(caught.value) + " ".join(getattr(caught.value, "__notes__", []))


# --- a frame --------------------------------------------------------------------------------------------------------

NOT_FINITE = ["nan", "NaN", "-inf", "−inf", "inf%", "about inf.", "(nan, 2)", "infinity", "x=nan", "1±nan", "inf×"]
FINITE = ["information", "Nancy", "Adnan", "inference", "finance", "banana", "an infinite sum", "nanoseconds"]


def says(sentence):
    def saying(slope):
        return Figure(figsize=(0.2, 0.2)), sentence

    return saying


@pytest.mark.parametrize("part", NOT_FINITE)
def test_a_sentence_with_a_number_that_is_not_finite_is_refused(part):
    with pytest.raises(ValueError, match=r"saying\(slope=2\) describes a number that is not finite: 'The mean is"):
        frame(says(f"The mean is {part}"), slope=2)


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("form", ["{}", "{:.2f}", "{:.0%}", "{:+.1e}", "{:g}", "[{}]", "θ={}", "{}."])
def test_however_it_is_written(number, form):
    with pytest.raises(ValueError, match="not finite"):
        frame(says("It is " + form.format(number)), slope=2)


@pytest.mark.parametrize("part", FINITE)
def test_words_that_hold_such_letters_are_fine(part):
    assert frame(says(f"It is {part}"), slope=2)[1] == f"It is {part}"


BAD = np.array([1.0, 2.0, np.nan, 4.0])
FOUR = np.arange(4.0)
DRAWINGS = {
    "line": lambda ax, y: ax.plot(FOUR, y),
    "line's x": lambda ax, y: ax.plot(y, FOUR),
    "scatter": lambda ax, y: ax.scatter(FOUR, y),
    "scatter's x": lambda ax, y: ax.scatter(y, FOUR),
    "scatter's colours": lambda ax, y: ax.scatter(FOUR, FOUR, c=y),
    "bar": lambda ax, y: ax.bar(FOUR, y),
    "barh": lambda ax, y: ax.barh(FOUR, y),
    "fill_between": lambda ax, y: ax.fill_between(FOUR, y),
    "fill_between's second": lambda ax, y: ax.fill_between(FOUR, FOUR, y),
    "fill_between's x": lambda ax, y: ax.fill_between(y, FOUR),
    "fill_betweenx": lambda ax, y: ax.fill_betweenx(FOUR, y),
    "fill": lambda ax, y: ax.fill(FOUR, y),
    "errorbar": lambda ax, y: ax.errorbar(FOUR, y, yerr=FOUR),
    "errorbar's error": lambda ax, y: ax.errorbar(FOUR, FOUR, yerr=np.abs(y)),
    "vlines": lambda ax, y: ax.vlines(y, 0, 1),
    "axvline": lambda ax, y: ax.axvline(y[2]),
    "image": lambda ax, y: ax.imshow(y.reshape(2, 2)),
    "mesh": lambda ax, y: ax.pcolormesh(y.reshape(2, 2)),
    "text": lambda ax, y: ax.text(0, 0, f"y = {y[2]:.2f}"),
    "title": lambda ax, y: ax.set_title(f"y = {y[2]:.2f}"),
    "tick": lambda ax, y: ax.set_xticks([1], [f"{y[2]:.2f}"]),
}


def draws(draw, y):
    def drawing(slope):
        figure, ax = style.figure()
        draw(ax, np.array(y, copy=True))
        return figure, "It is drawn."

    return drawing


@pytest.mark.filterwarnings("ignore")  # matplotlib warns of some of these numbers, of others not
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_a_drawn_number_that_is_not_finite_is_refused(draw, number):
    with pytest.raises(ValueError, match="not finite|must be finite") as caught:
        frame(draws(draw, [1.0, 2.0, number, 4.0]), slope=2)
    assert "drawing(slope=2)" in str(caught.value) + " ".join(getattr(caught.value, "__notes__", []))


@pytest.mark.parametrize("draw", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_the_same_drawings_of_finite_numbers_are_fine(draw):
    frame(draws(draw, FOUR), slope=2)


def test_areas_are_checked_only_while_a_frame_is_drawn():
    ax = Figure().subplots()
    ax.fill_between(FOUR, BAD)


@pytest.mark.parametrize(
    "result", [None, Figure(), "a sentence", (Figure(), 3.0), ("a sentence", Figure()), (Figure(),), (Figure(), "", 0)]
)
def test_anything_but_a_figure_and_a_sentence_is_refused(result):
    def wrong(slope):
        return result

    with pytest.raises(TypeError, match=r"must return \(Figure, sentence\)") as caught:
        frame(wrong, slope=2)
    assert caught.value.__notes__ == ["while drawing wrong(slope=2)"]


@pytest.mark.parametrize("sentence", ["", " \n"])
def test_an_empty_sentence_is_refused(sentence):
    with pytest.raises(ValueError, match=r"saying\(slope=2\) must describe its picture"):
        frame(says(sentence), slope=2)


@pytest.mark.parametrize("prerender", ["", "1"])
@pytest.mark.parametrize(
    "sentence",
    ["a < b & c > d", 'it\'s "said"', "</figcaption><script>alert(1)</script>", '" onerror="alert(1)', "&lt;", "θ → é"],
)
def test_alternative_text_caption_and_stored_text_are_the_sentence(monkeypatch, prerender, sentence):
    monkeypatch.setenv("COURSE_PRERENDER", prerender)
    widget = explore(says(sentence), slope=SLOPE)
    parsed = Frame(page_with(widget).picture())
    assert parsed.image["alt"] == parsed.caption == sentence
    assert parsed.tags == ["figure", "img", "figcaption"]
    assert parsed.image.keys() == {"alt", "width", "height", "style", "src"}
    bundle = widget._repr_mimebundle_()
    assert bundle["text/plain"] == repr(widget) == widget.sentence == sentence
    assert bundle["application/vnd.jupyter.widget-view+json"]["model_id"] == widget.model_id


def drawn(slope):
    figure, ax = style.figure()
    ax.plot([0, 1], [0, slope], label="a line")
    ax.fill_between([0, 1], [0, slope], color=style.AMBER)
    ax.set_title("Its title")
    ax.legend()
    return figure, f"A line of slope {slope}."


def test_the_picture_is_a_lossless_webp_of_the_figure_in_its_stated_size():
    text = frame(drawn, slope=2)[0]
    data, image = Frame(text).bytes(), Frame(text).image
    assert data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8L"  # VP8L is WebP's lossless coding
    stored = Image.open(io.BytesIO(data))
    assert stored.size == (int(image["width"]), int(image["height"])) == (style.WIDTH * style.DPI, 2.8 * style.DPI)
    with style.context():
        canvas = FigureCanvasAgg(drawn(2)[0])
        canvas.draw()
    exact = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    gap = 255 / (style.LEVELS - 1)
    # each channel is rounded to the nearest of the levels: off by half a gap between them at most
    assert np.abs(np.asarray(stored.convert("RGB")).astype(int) - exact).max() <= np.ceil(gap / 2)


@pytest.mark.parametrize("colour", ["BLUE", "RED", "GREEN", "PURPLE", "AMBER", "GREY", "BLACK"])
def test_the_course_colours_are_stored_exactly(colour):
    value = getattr(style, colour)

    def filled(slope):
        return Figure(figsize=(0.2, 0.2), facecolor=value), "It is filled."

    stored = Image.open(io.BytesIO(Frame(frame(filled, slope=2)[0]).bytes())).convert("RGB")
    assert "#{:02X}{:02X}{:02X}".format(*stored.getpixel((0, 0))) == value


def test_the_same_arguments_give_the_same_bytes():
    assert frame(drawn, slope=2) == frame(drawn, slope=2)
    assert frame(drawn, slope=2)[0] != frame(drawn, slope=3)[0]


READERS = {"font.size": 30, "lines.linewidth": 9, "axes.facecolor": "black", "figure.dpi": 50, "savefig.dpi": 10,
           "font.family": "monospace", "axes.grid": True, "axes.spines.top": True, "image.cmap": "gray"}  # fmt: skip


def test_the_readers_settings_do_not_change_the_picture():
    plain = frame(drawn, slope=2)
    with matplotlib.rc_context(READERS):
        assert frame(drawn, slope=2) == plain


def test_drawing_leaves_the_readers_settings_alone():
    def rude(slope):
        matplotlib.rcParams["font.size"] = 3
        if slope == 1:
            raise ZeroDivisionError
        return drawn(slope)

    with matplotlib.rc_context(READERS):
        before = matplotlib.rcParams.copy()
        frame(rude, slope=2)
        assert matplotlib.rcParams == before
        with pytest.raises(ZeroDivisionError):
            frame(rude, slope=1)
        assert matplotlib.rcParams == before


def test_only_this_module_imports_widgets():
    head = re.compile(r"^\s*(import|from) (ipywidgets|IPython)\b", re.M)
    files = sorted(Path(module.__file__).parent.rglob("*.py"))
    assert [path.name for path in files if head.search(path.read_text())] == ["explore.py"]
