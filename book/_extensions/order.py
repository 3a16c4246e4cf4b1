"""What a page says comes before what it does.

Sphinx and the theme put their scripts into a page's head, and myst-nb the pictures of all widgets' positions, megabytes
that a browser would read before the first word. Here scripts wait until the text is there, and the pictures come after
it. The search loads its index on its own page only: the theme would load it on every page. The theme's icons come from
its style sheet: its script of 1.5 MB would draw the same again. And whether a page is light or dark is known from the
start: the theme would find out at the end, and colour the whole page again.
"""

import re
from pathlib import Path

import private
from budget import STATE

WAITS = re.compile(r'<script (?![^>]*(?:\bdefer\b|documentation_options\.js))(?=[^>]*\bsrc=")')
SEARCH = re.compile(r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js"></script>')
ICON_SCRIPT = re.compile(r'\s*<script[^>]* src="[^"]*/fontawesome\.js[^"]*"></script>')
# Icons are letters of no language to a screen reader, from which that script would hide them.
ICON = re.compile(r'<i (?=class="[^"]*\bfa-)')

THEME = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
KNOWN_THEME = """document.documentElement.dataset.theme =
      ["light", "dark"].find((theme) => theme === document.documentElement.dataset.mode) ??
      (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");"""


def setup(app):
    app.connect("html-page-context", drop_thebe, priority=900)
    app.connect("build-finished", finish)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def drop_thebe(app, pagename, templatename, context, doctree):
    """Leave out thebe, which the theme declares twice on every page (a console error) and this course does not use."""
    context["script_files"] = [
        script
        for script in context["script_files"]
        if "thebe" not in f"{script.filename} {script.attributes.get('body')}".lower()
    ]


def finish(app, exception):
    if not exception and app.builder.format == "html":
        for path in private.pages(Path(app.outdir)):
            if THEME in (text := path.read_text()):  # the theme has made it, and made it anew
                path.write_text(arrange(text, searches=path.name == "search.html"))


def arrange(text, searches=False):
    """A page with its scripts and its widgets' state in their order; one that has been arranged stays as it is."""
    if not searches:
        text = SEARCH.sub("", text)
    text = ICON.sub('<i aria-hidden="true" ', ICON_SCRIPT.sub("", text))
    state = "".join(STATE.findall(text))
    text, end = STATE.sub("", text.replace(THEME, KNOWN_THEME)).rsplit("</body>", 1)
    return f"{WAITS.sub('<script defer ', text)}{state}</body>{end}"
