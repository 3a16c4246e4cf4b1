"""How soon a slider's picture follows.

**Frame changes.** The first temperature slider of the chapter on the Concrete distribution is moved key by key, in the
same Chromium: on the built page, and in JupyterLab with a live kernel by `ipywidgets.interact` on the same figure
function, grid and picture size. *Painted* is the first display frame that finds the changed picture loaded, which is
the frame that draws it, counted and timed from the key event; *on screen* is when Chromium presents it (its Element
Timing, in steps of 4 ms). The live explorable stands between the two: it draws a position once, then remembers it.
"""

import re
import statistics
import tempfile
from pathlib import Path

import browser
import lab
import nbformat

from benchmarks import ROOT, SITE, Row, percentile, say

CHAPTER = "book/gumbel/concrete"
SLIDER = "explore\\((?s:.)*?temperature="

INTERACT = """
import lib.explore, ipywidgets
from IPython.display import display
%matplotlib inline
%config InlineBackend.print_figure_kwargs = {"bbox_inches": None}

def interact(figure_function, **controls):
    def show(**state):
        with lib.figures.style.context():
            display(figure_function(**state)[0])
    ipywidgets.interact(show, **{
        name: (ipywidgets.SelectionSlider if control.kind == "slider" else ipywidgets.ToggleButtons)(
            options=list(zip(control.names, control.values)), index=control.start, description=name)
        for name, control in controls.items()})

lib.explore.explore = interact
"""

# A picture is another when its element or its source is: at low temperatures neighbouring pictures look the same.
WATCH = """root => {
    const picture = () => root.querySelector('img');
    const mark = () => root.querySelectorAll('img').forEach(image => image.setAttribute('elementtiming', ''));
    let start, element, source, frames;
    mark();
    new MutationObserver(mark).observe(root, {subtree: true, childList: true});
    new PerformanceObserver(list => {
        const shown = list.getEntries().find(entry => entry.element === picture());
        if (shown && window.seen) window.seen.screen = shown.renderTime - start;
    }).observe({type: 'element'});
    const watch = () => {
        frames += 1;
        const now = picture();
        if (now?.complete && (now !== element || now.src !== source))
            window.seen = {frames, painted: performance.now() - start};
        else requestAnimationFrame(watch);
    };
    document.addEventListener('keydown', event => {
        [start, element, source, frames, window.seen] = [event.timeStamp, picture(), picture().src, 0, null];
        requestAnimationFrame(watch);
    }, true);
}"""


def measure():
    with browser.launch() as chromium:
        say("Frame changes on the page …")
        with browser.serve(SITE) as site, browser.visit(chromium, site, f"{CHAPTER}.html") as (page, _):
            browser.until(page, "document.querySelector('.explorable img')?.complete")
            static = follow(page, page.locator(".explorable").filter(has=page.get_by_title("temperature")).first, 4)
        with tempfile.TemporaryDirectory() as folder:
            write_notebooks(Path(folder))
            with lab.serve_lab(folder, f"{folder}/jupyter") as address:
                say("Frame changes in JupyterLab, by interact …")
                with lab.open_notebook(chromium, address, "interact.ipynb") as page:
                    lab.run_all(page)
                    interact = follow(page, page.locator(".widget-interact").first, 1)
                say("Frame changes in JupyterLab, by explore …")
                with lab.open_notebook(chromium, address, "explore.ipynb") as page:
                    lab.run_all(page)
                    page.wait_for_selector(".explorable img")
                    live = follow(page, page.locator(".explorable").first, 2)
    half = len(live) // 2
    frames = [seen["frames"] for seen in static]
    yield Row(
        "display frames from a key to its picture painted, median (95th percentile)",
        f"{statistics.median(frames):.0f} ({percentile(frames, 95):.0f})",
        "target: at most 2 at the 95th percentile",
    )
    for what, key in ("painted", "painted"), ("on screen", "screen"):
        ours, theirs = ([seen[key] for seen in found] for found in (static, interact))
        yield Row(
            f"ms from a key to its picture {what}, median (95th percentile)",
            spread(ours),
            f"`interact` in JupyterLab: {spread(theirs)}",
            statistics.median(theirs) / statistics.median(ours),
        )
    for what, found in ("first time", live[:half]), ("again", live[half:]):
        ours, theirs = ([seen["painted"] for seen in part] for part in (found, interact))
        yield Row(
            f"the same painted by the live explorable, {what}",
            spread(ours),
            f"`interact` in JupyterLab: {spread(theirs)}",
            statistics.median(theirs) / statistics.median(ours),
        )


def spread(times):
    return f"{statistics.median(times):.0f} ({percentile(times, 95):.0f})"


def write_notebooks(folder):
    """The chapter up to its first temperature slider, as it is and with `interact` in the place of `explore`."""
    chapter = nbformat.read(ROOT / f"{CHAPTER}.ipynb", as_version=4)
    code = [nbformat.v4.new_code_cell(cell.source) for cell in chapter.cells if cell.cell_type == "code"]
    last = next(number for number, cell in enumerate(code) if re.match(SLIDER, cell.source))
    setup = [cell for cell in code[:last] if "import" in cell.source]
    for name, first in ("explore", []), ("interact", [nbformat.v4.new_code_cell(INTERACT)]):
        notebook = nbformat.v4.new_notebook(cells=first + setup + [code[last]])
        notebook.metadata.kernelspec = {"display_name": "Python 3", "language": "python", "name": "python3"}
        nbformat.write(notebook, folder / f"{name}.ipynb")


def follow(page, root, sweeps):
    """Sweep the root's first slider from end to end by keyboard; how long each picture took."""
    handle = root.locator(".noUi-handle").first
    root.evaluate(WATCH)

    def press(key):
        handle.press(key)
        browser.until(page, "window.seen && window.seen.screen !== undefined")
        return page.evaluate("window.seen")

    now, last = (int(float(handle.get_attribute(f"aria-value{which}"))) for which in ("now", "max"))
    if now:
        press("Home")
    return [press("ArrowLeft" if sweep % 2 else "ArrowRight") for sweep in range(sweeps) for _ in range(last)]
