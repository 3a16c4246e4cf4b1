"""The weight of the pages, and how soon their widgets are there.

**Pages.** *Stock* is the same book from the same executed notebooks as Jupyter Book 1 builds it without the course's
extension: require.js, `embed-amd.js` of `@jupyter-widgets/html-manager` 1.0.6 and MathJax's `tex-mml-chtml.js`. Those
would come from CDNs; here both sites come from the same local server, uncompressed and without delay, each visit in a
fresh profile, in turns. So the ratio leaves out what a CDN costs a reader, and flatters the stock page. (npm has
require.js only unminified, 70 kB larger, which is no more than a millisecond.)

*Ready* is when every widget of the page shows its picture, from the start of the navigation, and *first* when the first
text is painted. *Files* are all that a page loads besides itself: scripts, style sheets, fonts. *Text* is the page
without the widgets' state, *a widget* that state over the number of widgets; both have a limit, as scripts and style
sheets have, over which the build fails (`book/_extensions/budget.py`). *Longest task* is how long the page was deaf at
a stretch in the second after its load event, at most (and in the worst visit). *Swap* is from a key on a page's first
slider to the picture painted; one page has buttons only. Times are the medians of the visits; ratios are stock over
ours.
"""

import gzip
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from contextlib import ExitStack
from pathlib import Path

import browser
import yaml

from benchmarks import ROOT, SITE, Row, Table, frames, say

sys.path.append(str(ROOT / "book" / "_extensions"))
import budget  # noqa: E402

VISITS = 5
CDN = "https://cdn.jsdelivr.net/npm/"
WATCH = """
window.widgetsShown = new Promise(resolve => {
    const look = () => {
        const pictures = [...document.querySelectorAll('.explorable img')];
        const shown = pictures.filter(picture => picture.complete && !picture.closest('[hidden]')).length;
        if (shown == %d) resolve(performance.now()); else requestAnimationFrame(look);
    };
    look();
});
window.tasks = [];
new PerformanceObserver(list => window.tasks.push(...list.getEntries())).observe({type: 'longtask', buffered: true});
"""
VIEW_DATA = re.compile(f"({re.escape(budget.VIEW)})(.*?)(</script>)", re.S)
VERSION = "version_major", "version_minor"
SEEN = """async () => {
    const ready = await window.widgetsShown;
    if (document.readyState !== 'complete') await new Promise(resolve => window.addEventListener('load', resolve));
    await new Promise(resolve => setTimeout(resolve, 1000));
    const loaded = performance.getEntriesByType('navigation')[0].loadEventEnd;
    return {
        ready,
        first: performance.getEntriesByName('first-contentful-paint')[0].startTime,
        files: performance.getEntriesByType('resource').reduce((sum, file) => sum + file.decodedBodySize, 0),
        deaf: Math.max(0, ...window.tasks.filter(task => task.startTime >= loaded).map(task => task.duration)),
    };
}"""
HEADS = """page, widgets, frames, kB of text, kB a widget, kB of the page (compressed),
kB of files, stock, ratio, ms to the first text, stock, ratio, ms until ready, stock, ratio,
ms of the longest task (worst), ms of a swap""".replace("\n", " ").split(", ")


def measure():
    pages = [path.relative_to(SITE).as_posix() for path in sorted(SITE.glob("book/**/*.html")) if weigh(path)]
    lines, ratios = [], {"files": [], "first": [], "ready": []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stock = build_stock(Path(folder))
        chromium = stack.enter_context(browser.launch())
        sites = [stack.enter_context(browser.serve(site)) for site in (SITE, stock)]
        for page in pages:
            say(f"Loading {page} {VISITS} times from each site …")
            ours, theirs = zip(*([load(chromium, site, page) for site in sites] for _ in range(VISITS)), strict=True)
            line = [f"`{Path(page).stem}`", *weigh(SITE / page)]
            for what, unit in ("files", 1000), ("first", 1), ("ready", 1):
                our, their = (statistics.median(visit[what] for visit in visits) / unit for visits in (ours, theirs))
                ratios[what].append(their / our)
                line += [f"{our:.0f}", f"{their:.0f}", f"{their / our:.2f}"]
            deaf = [visit["deaf"] for visit in ours]
            lines.append([*line, f"{statistics.median(deaf):.0f} ({max(deaf):.0f})", swap(chromium, sites[0], page)])
    for what, how in (
        ("files", "kB of files a page loads, stock over ours"),
        ("first", "ms until a page's first content, stock over ours"),
        ("ready", "ms until a page's widgets are ready, stock over ours"),
    ):
        least, median, most = min(ratios[what]), statistics.median(ratios[what]), max(ratios[what])
        target = "" if what == "first" else "target: at least 2 on every page"
        yield Row(f"{how}: least, median, most", f"{least:.2f}, {median:.2f}, {most:.2f}", target, least)
    yield Table(HEADS, lines)


def weigh(path):
    """The table's entries for what a page holds; none for a page without widgets, or for a deck."""
    text = path.read_text()
    widgets = text.count(budget.VIEW)
    if not widgets or path.name.endswith(".slides.html"):
        return []
    weight, size = budget.weights(path), len(text.encode())
    pictures = text.count("<figure", text.index("widget-state+json"))
    packed = len(gzip.compress(text.encode()))
    numbers = [widgets, pictures, weight["text"] // 1000, weight["a widget"] // 1000]
    return [*map(str, numbers), f"{size // 1000} ({packed // 1000})"]


def load(chromium, site, page):
    """What a visit saw: the times of its first content and of its widgets in ms, the bytes of its files, …"""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    try:
        tab = context.new_page()
        tab.add_init_script(WATCH % (SITE / page).read_text().count(budget.VIEW))
        tab.goto(site + page, wait_until="networkidle")
        return tab.evaluate(SEEN)
    finally:
        context.close()


def swap(chromium, site, page):
    """ms from a key on the first slider to its picture, the median of a sweep there and back, as text."""
    with browser.visit(chromium, site, page) as (tab, _):
        browser.until(tab, "!document.querySelector('.first-picture')")
        sliders = tab.locator(".explorable").filter(has=tab.locator(".noUi-handle"))
        if not sliders.count():
            return "–"
        return f"{statistics.median(seen['painted'] for seen in frames.follow(tab, sliders.first, 2)):.0f}"


def build_stock(folder):
    """The same book without the set-up of `course`, its CDN files beside it; returns the folder of the site."""
    say("Building the same book as Jupyter Book does it by itself …")
    book = folder / "book"
    leave_out = shutil.ignore_patterns("_build", "node_modules", ".*", "tests", "benchmarks", "lib")
    shutil.copytree(ROOT, book, ignore=leave_out)
    config = yaml.safe_load((book / "_config.yml").read_text())
    executions = next((SITE.parent / ".executions").iterdir())
    config["sphinx"]["local_extensions"] = {"appendix": "book/_extensions"}  # whose directives the pages use
    config.pop("launch_buttons", None)  # `course` finds the address they need
    config["sphinx"]["config"].pop("myst_update_mathjax")
    shutil.copytree(executions, folder / "executions")
    config["sphinx"]["config"]["nb_execution_cache_path"] = str(folder / "executions")
    (book / "_config.yml").write_text(yaml.safe_dump(config))
    run_build(book, COURSE_PRERENDER="1")

    site = book / "_build" / "html"
    vendor(folder, site / "cdn")
    for path in site.rglob("*.html"):
        root = "../" * (len(path.relative_to(site).parts) - 1)
        text = re.sub(r' integrity="[^"]*"', "", path.read_text())
        for address, file in (
            ("https://cdnjs.cloudflare.com/ajax/libs/require.js/2.3.4/require.min.js", "requirejs/require.js"),
            (f"{CDN}@jupyter-widgets/html-manager@1.0.6/dist/", "html-manager/dist/"),
            (f"{CDN}mathjax@3/es5/", "mathjax/es5/"),
        ):
            text = text.replace(address, f"{root}cdn/{file}")
        path.write_text(VIEW_DATA.sub(only_the_model, text))  # the first picture is ours, too
    return site


def only_the_model(view):
    model = {name: value for name, value in json.loads(view[2]).items() if name in ("model_id", *VERSION)}
    return f"{view[1]}{json.dumps(model)}{view[3]}"


def run_build(book, *options, **environment):
    command = [str(Path(sys.executable).with_name("jupyter-book")), "build", str(book), *options]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def vendor(folder, place):
    """What the stock page takes from CDNs, from npm at the same versions (MathJax: ours, which is its newest 3)."""
    npm = shutil.which("npm") or str(ROOT / ".venv-node" / "bin" / "npm")
    packages = ["requirejs@2.3.4", "@jupyter-widgets/html-manager@1.0.6"]
    environment = os.environ | {"PATH": f"{Path(npm).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([npm, "pack", "--silent", *packages], cwd=folder, env=environment, stdout=sys.stderr, check=True)
    for archive, name in ("requirejs-2.3.4", "requirejs"), ("jupyter-widgets-html-manager-1.0.6", "html-manager"):
        with tarfile.open(folder / f"{archive}.tgz") as packed:
            packed.extractall(folder / name, filter="data")
        shutil.copytree(folder / name / "package", place / name)
    shutil.copytree(ROOT / "node_modules" / "mathjax" / "es5", place / "mathjax" / "es5")
