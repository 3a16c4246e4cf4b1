"""How heavy a page may be. A build that makes a heavier one fails, and says which and by how much.

Bytes are counted, before compression, not seconds: they are the same on every machine.
"""

import re
from pathlib import Path

from course import VIEW
from sphinx.errors import ExtensionError

STATE = re.compile(r'<script type="application/vnd.jupyter.widget-state\+json">.*?</script>', re.S)
FILES = re.compile(r'<(?:script[^>]*\bsrc|link[^>]*rel="stylesheet"[^>]*href|link[^>]*href)="([^"?:]+\.(?:js|css))[?"]')

LIMITS = {
    "text": 1_000_000,  # the page without the state of its widgets: words, formulas, first pictures
    "a widget": 500_000,  # of that state, for each widget
    "files": 1_800_000,  # scripts and style sheets, which all pages share
}


def setup(app):
    app.connect("build-finished", finish, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def finish(app, exception):
    if not exception and app.builder.format == "html":
        check(Path(app.outdir), app.env.found_docs)


def check(site, pages):
    over = [
        f"{page}: {what} weighs {weight:,} bytes, {LIMITS[what]:,} at most"
        for page in sorted(pages)
        for what, weight in weights(site / f"{page}.html").items()
        if weight > LIMITS[what]
    ]
    if over:
        raise ExtensionError("pages over their budget (book/_extensions/budget.py):\n" + "\n".join(over))


def weights(path):
    """The bytes of a page, by what they are for."""
    page = path.read_text()
    text, widgets = STATE.sub("", page), page.count(VIEW)
    files = {(path.parent / file).resolve() for file in FILES.findall(page)}
    return {
        "text": len(text.encode()),
        "a widget": (len(page.encode()) - len(text.encode())) // max(widgets, 1),
        "files": sum(file.stat().st_size for file in files),
    }
