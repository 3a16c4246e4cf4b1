"""The course's one Sphinx extension. It lets plain `jupyter-book build .` make the whole static site:

prerender   kernels of a build draw every frame of every widget (`lib.explore` looks at COURSE_PRERENDER)
assets      all that a page or deck loads stands beside it: the widgets' script is bundled, fonts, reveal.js and the
            decks' MathJax are copied, from node_modules, where `npm ci` has put them
first       a page shows each widget's first picture at once, before any script has run
cache       stored executions, and the pages read from them, are valid for one state of `lib` and of the lock file
parallel    the chapters without a stored execution run side by side, one on each processor
launch      a chapter's page has a button that opens it in Binder, where the address of the repository is known
mend        and every page has links to edit it there, and to report a mistake
print       every page can be printed, one with solutions also with these
quiet       a page loads only what it uses, and leaves its console empty
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import nbformat
from docutils import nodes
from jupyter_cache import get_cache
from jupyter_cache.executors import load_executor
from sphinx.errors import ConfigError
from sphinx.util import logging

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
STATIC = "_static/*.*", "_extensions/*.*", "_extensions/page/*.*"  # what decides a page besides its text, below book
GITHUB = "https://github.com"

# The widgets' script, which esbuild makes of page/widgets.js and of Jupyter's packages, and its style sheet.
WIDGETS, WIDGETS_STYLE = "widgets.js", "widgets.css"
VIEW = '<script type="application/vnd.jupyter.widget-view+json">'

# What decks load from each package, below VENDOR, and the fonts of their MathJax's and the pages' formulas.
VENDOR = "vendor"
DECK = {
    "reset": "reveal.js/dist/reset.css",
    "layout": "reveal.js/dist/reveal.css",
    "reveal": "reveal.js/dist/reveal.js",
    "notes": "reveal.js/plugin/notes/notes.js",
    "mathjax": "mathjax/es5/tex-svg.js",  # needs no fonts, which some browsers refuse to a page opened as a file
}
FONTS = ("mathjax/es5/output/chtml/fonts/woff-v2/*.woff",)

# MathJax 3 keeps settings and later itself in window.MathJax. Widgets ask MathJax 2's Hub to typeset their labels,
# which are plain text.
# A formula's menu opens by a click; as stops for the key Tab, formulas would stand before a slide's sliders.
MATHJAX_SETTINGS = """
window.MathJax = {
  tex: {inlineMath: [["$", "$"], ["\\\\(", "\\\\)"]]},
  svg: {scale: 0.9},
  options: {
    ignoreHtmlClass: "tex2jax_ignore|document",
    processHtmlClass: "tex2jax_process|math|output_area",
    menuOptions: {settings: {inTabOrder: false}},
  },
  startup: {ready() {
    MathJax.startup.defaultReady();
    MathJax.Hub = {Queue() {}};
  }},
  Hub: {Queue() {}},
};
"""

# What a reader should know before pressing the button: the notebook opens without its pictures.
LAUNCH = "Open this chapter in JupyterLab on mybinder.org. It takes some minutes; then choose Run > Run All Cells."


def setup(app):
    os.environ["COURSE_PRERENDER"] = "1"
    app.add_config_value("course_digest", "", "env")  # "env": another digest reads all pages again
    app.add_config_value("course_static", "", "html")  # "html": another digest writes all pages and files again
    app.connect("config-inited", configure)
    app.connect("config-inited", find_repository)
    app.connect("env-before-read-docs", execute)
    app.connect("builder-inited", lambda app: bundle(Path(app.outdir)))
    app.connect("doctree-resolved", show_first_pictures)
    app.connect("html-page-context", name_launch_button, priority=900)  # after the theme has made it
    app.connect("html-page-context", name_source_buttons, priority=900)
    app.connect("html-page-context", name_print_buttons, priority=900)
    app.connect("build-finished", finish)
    app.setup_extension("access")
    app.setup_extension("appendix")
    app.setup_extension("decks")
    app.setup_extension("found")
    app.setup_extension("order")
    app.setup_extension("typeset")
    app.setup_extension("private")
    app.setup_extension("budget")
    app.add_css_file(WIDGETS_STYLE)
    app.add_js_file("print.js", loading_method="defer")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def configure(app, config):
    """Point the page at its assets, and the execution cache at a folder of its own for this state of the code."""
    if not (ROOT / "node_modules").is_dir():
        raise ConfigError("the pages' scripts are not installed: run `make book`, or `npm ci` once")
    # myst-nb loads these on pages with widgets only
    config.nb_ipywidgets_js = {file: {"defer": "defer"} for file in (WIDGETS, "share.js")}
    config.course_digest = code_digest()
    config.course_static = digest_of(sorted(path for place in STATIC for path in (ROOT / "book").rglob(place)))
    config.nb_execution_cache_path = cache_path(Path(app.outdir).parent)


def cache_path(build):
    """The folder of stored executions for this state of the code, below the build's; those of other states go."""
    caches = build / ".executions"
    current = caches / code_digest()
    for stale in set(caches.glob("*")) - {current}:
        shutil.rmtree(stale)
    return str(current)


def find_repository(app, config):
    """Take the repository's address from _config.yml or else from GitHub's workflow; no button stands without one."""
    options = config.html_theme_options
    url = (options.get("repository_url") or "").rstrip("/").removesuffix(".git")
    if not url and (repository := workflow_repository()):
        url = f"{GITHUB}/{repository}"
    if not url:
        options.pop("launch_buttons", None)
    elif not re.fullmatch(r"https://git(hub|lab)\.com/[^/]+/[^/]+", url):  # for others the theme's link is dead
        rule = f"must be {GITHUB}/owner/name or https://gitlab.com/owner/name"
        raise ConfigError(f"repository: url in _config.yml {rule}, but it is {url}")
    options["repository_url"] = url
    options["use_edit_page_button"] = options["use_issues_button"] = bool(url)


def workflow_repository():
    """The owner/name of the repository whose workflow on GitHub is building the site, if one is."""
    return os.environ.get("GITHUB_SERVER_URL", GITHUB) == GITHUB and os.environ.get("GITHUB_REPOSITORY") or ""


def name_launch_button(app, pagename, templatename, context, doctree):
    """Show the theme's link to Binder in the row of buttons and say what it does; the theme folds it into a menu."""
    buttons = context.get("header_buttons", [])
    for place, button in enumerate(buttons):
        if button.get("label") == "launch-buttons" and len(button["buttons"]) == 1:
            buttons[place] = button["buttons"][0] | {
                "label": "launch",
                "icon": "fas fa-rocket",
                "text": "Run in Binder",
                "tooltip": LAUNCH,
            }


def name_source_buttons(app, pagename, templatename, context, doctree):
    """Say what the theme's links to the repository are for; the theme names their menu "Source repositories"."""
    host = "GitHub" if "github.com" in app.config.html_theme_options["repository_url"] else "GitLab"
    names = {"source-edit-button": f"Edit on {host}", "source-issues-button": "Open an issue"}
    for menu in context.get("header_buttons", []):
        if menu.get("label") == "source-buttons":
            menu["tooltip"] = "Correct this page"
            for button in menu["buttons"]:
                button["text"] = button["tooltip"] = names[button["label"]]


def name_print_buttons(app, pagename, templatename, context, doctree):
    """Say what the theme's button ".pdf" does, and add one that prints the solutions, too, where there are any."""
    for menu in context.get("header_buttons", []):
        if menu.get("label") == "download-buttons":
            [button] = [button for button in menu["buttons"] if button["label"] == "download-pdf-button"]
            button |= {"text": "Print", "tooltip": "Print this page, or save it as PDF", "icon": "fas fa-print"}
            if "tag_solution" in context.get("body", ""):
                more = {"text": "Print with solutions", "label": "print-solutions", "javascript": ""}  # see print.js
                menu["buttons"].append(button | more)


def execute(app, env, docnames):
    """Run the notebooks about to be read that have no stored execution.

    What fails is not stored: MyST-NB then runs it again, alone, and reports its error.
    """
    paths = [Path(env.doc2path(name)) for name in docnames]
    notebooks = [path for path in paths if path.suffix == ".ipynb"]
    run_missing(app.config.nb_execution_cache_path, notebooks, app.config.nb_execution_timeout)


def run_missing(cache_path, notebooks, timeout):
    """Run and store those notebooks that have no stored execution, all processors at work; gives those that failed."""
    cache = get_cache(cache_path)
    missing = [str(path) for path in notebooks if not _stored(cache, path)]
    if not missing:
        return []
    for path in missing:
        cache.add_nb_to_project(path)
    logging.getLogger(__name__).info("running %d notebooks, %d at a time …", len(missing), os.cpu_count())
    load_executor("local-parallel", cache).run_and_cache(filter_uris=missing, timeout=timeout)
    return [path for path in missing if not _stored(cache, path)]


def _stored(cache, path):
    try:
        return cache.match_cache_notebook(nbformat.read(path, as_version=4))
    except KeyError:
        return None


def node():
    """Node, where the path has it, or where `make` has put it."""
    return shutil.which("node") or str(ROOT / ".venv-node" / "bin" / "node")


def make(file, write, *sources):
    """Write a file of the site, unless it is newer than what it is made from: its sources and the locked packages."""
    sources = [*sources, ROOT / "package-lock.json"]
    if not file.exists() or any(source.stat().st_mtime >= file.stat().st_mtime for source in sources):
        file.parent.mkdir(parents=True, exist_ok=True)
        write(file)


def bundle(site):
    """Make the widgets' script, and its style sheet beside it."""
    sources = sorted((HERE / "page").iterdir())
    options = "--bundle", "--minify", "--loader:.svg=dataurl", f"--alias:sanitize-html={HERE / 'page' / 'no-html.js'}"
    esbuild = [node(), str(ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"), *options]

    def write(file):
        command = [*esbuild, str(HERE / "page" / WIDGETS), f"--outfile={file}", "--log-level=warning"]
        subprocess.run(command, check=True)

    make(site / "_static" / WIDGETS, write, *sources)


def show_first_pictures(app, doctree, docname):
    """Before each widget stands its first picture, which the notebook gave along with it, until the widget is there."""
    for raw in doctree.findall(nodes.raw):
        if raw.astext().startswith(VIEW):
            view = json.loads(raw.astext().removeprefix(VIEW).removesuffix("</script>"))
            raw.children = [nodes.Text(f"{view.pop('first')}{VIEW}{json.dumps(view)}</script>")]


def finish(app, exception):
    if not exception and app.builder.format == "html":
        copy_assets(Path(app.outdir))


def copy_assets(site):
    """Copy what pages and decks load from the packages into the site."""
    packages = ROOT / "node_modules"
    for pattern in (*DECK.values(), *FONTS):
        for source in packages.glob(pattern):
            place = site / "_static" / VENDOR / source.relative_to(packages)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)


def code_digest():
    """A digest of all that decides a notebook's outputs besides its own cells: `lib`, its data, the locked packages."""
    files = [path for kind in ("*.py", "data/*") for path in sorted((ROOT / "lib").rglob(kind))]
    return digest_of([*files, ROOT / "requirements.txt"])


def digest_of(files):
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
