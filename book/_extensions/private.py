"""What a page may load: files from beside itself, and nothing from anywhere else. The browser sees to it.

Every page and deck carries a Content-Security-Policy. It names the page's own inline scripts, and what the theme's
buttons do when they are pressed, by their hashes, so that nothing else runs; it forbids `eval`, and refuses every
request to another host. Links out of the site stay plain links.
"""

import base64
import hashlib
import re
from pathlib import Path

import course

# `file:` is for pages opened as files, for which some browsers do not take 'self' to mean their folder.
POLICY = (
    "default-src 'none'",
    "script-src 'self' file: 'unsafe-hashes' {hashes}",
    "style-src 'self' file: 'unsafe-inline'",  # formulas and sliders carry their sizes in style attributes
    "img-src 'self' file: data:",
    "font-src 'self' file: data:",
    "connect-src 'self' file:",  # the search looks into the pages it has found
    "frame-src 'self' file:",  # a lecturer's notes show the slides
    "form-action 'self' file:",
    "base-uri 'self'",  # the page for lost addresses names the site's
)
HEAD = re.compile(r'<meta charset="utf-8" ?/?>')
HANDLERS = "toggleFullScreen()", "window.print()", ""  # the last is of "Print with solutions", which print.js does
SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.S)


def setup(app):
    app.connect("build-finished", finish, priority=900)  # after the decks are written
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def finish(app, exception):
    if not exception and app.builder.format == "html":
        protect(Path(app.outdir))


def protect(site):
    """Give each page its policy that has none yet."""
    for path in pages(site):
        text = path.read_text()
        if "Content-Security-Policy" not in text[:2000]:
            start = HEAD.search(text).end()
            path.write_text(text[:start] + meta(text) + text[start:])


def pages(site):
    """The site's pages and decks; what lies in _static are the theme's templates."""
    return sorted(path for path in site.rglob("*.html") if path.relative_to(site).parts[0] != "_static")


def meta(text):
    return f'<meta http-equiv="Content-Security-Policy" content="{policy(text)}">'


def policy(text):
    """The policy of a page with this text."""
    inline = scripts(text)
    if "/plugin/notes/notes.js" in text:  # which opens a window with a script in it
        inline += scripts((course.ROOT / "node_modules/reveal.js/plugin/notes/speaker-view.html").read_text())
    return "; ".join(POLICY).format(hashes=" ".join(sorted({hash_source(code) for code in (*inline, *HANDLERS)})))


def scripts(text):
    return [found["code"] for found in SCRIPT.finditer(text) if is_code(found["attributes"])]


def is_code(attributes):
    return "src=" not in attributes and ("type=" not in attributes or "javascript" in attributes)


def hash_source(code):
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"
