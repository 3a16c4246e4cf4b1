"""The weight of the pages, and how soon their widgets are there.

**Pages.** *Stock* is the same book from the same executed notebooks as Jupyter Book 1 builds it without the course's
extension: require.js, `embed-amd.js` of `@jupyter-widgets/html-manager` 1.0.6 and MathJax's `tex-mml-chtml.js`. Those
would come from CDNs; here both sites come from the same local server, uncompressed and without delay, each visit in a
fresh profile, in turns. So the ratio leaves out what a CDN costs a reader, and flatters the stock page. (npm has
require.js only unminified, 70 kB larger, which is no more than a millisecond.) *Ready* is when every widget of the
page shows its picture, from the start of the navigation. The target for a page is half a megabyte per widget. Visited
are the lightest page, the heaviest, and the one in the middle.
"""

import gzip
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

from benchmarks import ROOT, SITE, Row, say

VISITS = 9
CDN = "https://cdn.jsdelivr.net/npm/"
VIEW = b"application/vnd.jupyter.widget-view+json"
READY = """
window.widgetsShown = new Promise(resolve => {
    const look = () => {
        const widgets = [...document.querySelectorAll('.explorable')];
        const shown = widgets.filter(widget => widget.querySelector('img')?.complete).length;
        if (shown == %d) resolve(performance.now()); else requestAnimationFrame(look);
    };
    look();
});
"""


def measure():
    files = [path for path in sorted(SITE.glob("book/**/*.html")) if VIEW in path.read_bytes()]
    pages = [path.relative_to(SITE).as_posix() for path in files if not path.name.endswith(".slides.html")]
    for page in pages:
        text = (SITE / page).read_bytes()
        widgets = text.count(VIEW)
        yield Row(
            f"`{page}`, {widgets} widgets: kB of HTML per widget",
            f"{len(text) / 1000 / widgets:.0f} ({len(gzip.compress(text)) / 1000 / widgets:.0f} compressed)",
            "target: at most 500",
            500_000 / (len(text) / widgets),
        )
    by_weight = sorted(pages, key=lambda page: (SITE / page).stat().st_size)
    visited = [by_weight[0], by_weight[len(by_weight) // 2], by_weight[-1]]
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        stock = build_stock(Path(folder))
        chromium = stack.enter_context(browser.launch())
        sites = [stack.enter_context(browser.serve(site)) for site in (SITE, stock)]
        say(f"Loading {len(visited)} pages {VISITS} times from each site …")
        for page in visited:
            ours, theirs = zip(*([load(chromium, site, page) for site in sites] for _ in range(VISITS)), strict=True)
            (ready, size), (stock_ready, stock_size) = map(median, (ours, theirs))
            yield Row(f"`{page}`: ms until ready", f"{ready:.0f}", f"stock: {stock_ready:.0f}", stock_ready / ready)
            yield Row(
                f"`{page}`: kB of shared files",
                f"{size / 1000:.0f}",
                f"stock: {stock_size / 1000:.0f}",
                stock_size / size,
            )


def median(visits):
    return [statistics.median(values) for values in zip(*visits, strict=True)]


def load(chromium, site, page):
    """(ms until every widget shows its picture, bytes of all files but the page itself)."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    try:
        tab = context.new_page()
        tab.add_init_script(READY % (SITE / page).read_bytes().count(VIEW))
        tab.goto(site + page, wait_until="networkidle")
        ready = tab.evaluate("window.widgetsShown")
        size = tab.evaluate(
            "performance.getEntriesByType('resource').reduce((sum, file) => sum + file.decodedBodySize, 0)"
        )
        return ready, size
    finally:
        context.close()


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
    for name in "myst_update_mathjax", "mathjax3_config":
        config["sphinx"]["config"].pop(name, None)
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
        path.write_text(text)
    return site


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
