"""The mathematics of the pages, typeset while the book is built.

A page holds its formulas as HTML, as MathJax would make it in the browser, with MathML for screen readers, and loads no
script for them: it shows them at once, on paper too, and where scripts are off. What MathJax does not know, such as a
misspelt command, is a warning of the build.

MathJax runs in Node (page/typeset.js). The decks, which cut formulas into steps, load it themselves.
"""

import functools
import html
import json
import os
import re
import subprocess
from pathlib import Path

import course
from docutils import nodes
from sphinx.errors import ExtensionError
from sphinx.util import logging

SCRIPT = Path(__file__).parent / "page" / "typeset.js"
STYLE = "typeset.css"
OPENING = re.compile(r"[(\N{LEFT SINGLE QUOTATION MARK}\N{LEFT DOUBLE QUOTATION MARK}]+$")
CLOSING = re.compile(r"^[,.;:!?)\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}]+(?!\w)")


def setup(app):
    app.add_html_math_renderer("typeset", (visit_inline, None), (visit_display, None))
    app.connect("config-inited", configure)
    app.connect("builder-inited", write_style)
    app.connect("doctree-resolved", keep_marks)
    app.connect("doctree-resolved", typeset_quizzes)
    app.add_css_file(STYLE)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def configure(app, config):
    config.html_math_renderer = "typeset"


def write_style(app):
    """The style sheet of MathJax's HTML, beside the pages; it names the fonts relative to itself."""
    course.make(
        Path(app.outdir) / "_static" / STYLE,
        lambda file: file.write_text(run("--css", f"{course.VENDOR}/{Path(course.FONTS[0]).parent}")),
        SCRIPT,
    )


def visit_inline(writer, node):
    writer.body.append(writer.starttag(node, "span", "", CLASS="math notranslate nohighlight"))
    before, after = node.get("before", ""), node.get("after", "")
    writer.body.append(f"{before}{typeset(node.astext(), location=node)}{after}</span>")
    raise nodes.SkipNode


def visit_display(writer, node):
    if node["number"]:
        raise ExtensionError(f"equations must have no numbers, but this one has: {node.astext()}")
    tex = node.astext()
    if r"\\" in tex and not node["nowrap"]:  # as Sphinx does
        tex = rf"\begin{{split}}{tex}\end{{split}}"
    writer.body.append(writer.starttag(node, "div", CLASS="math notranslate nohighlight"))
    writer.body.append(typeset(tex, display=True, location=node) + "</div>\n")
    raise nodes.SkipNode


def keep_marks(app, doctree, docname):
    """A comma or full stop goes with the formula before it, a bracket with the one after it: no line parts them."""
    for formula in list(doctree.findall(nodes.math)):
        place = formula.parent.index(formula)
        for side, beside, mark in ("before", place - 1, OPENING), ("after", place + 1, CLOSING):
            text = formula.parent[beside] if 0 <= beside < len(formula.parent) else None
            if isinstance(text, nodes.Text) and (found := mark.search(text)):
                formula[side] = found[0]
                formula.parent[beside] = nodes.Text(text[: found.start()] + text[found.end() :])


def typeset_quizzes(app, doctree, docname):
    """The `$…$` of quizzes, whose HTML the notebooks make."""
    if app.builder.format == "html":
        for node in doctree.findall(nodes.raw):
            if '<fieldset class="quiz">' in node.astext():
                formula = lambda match: typeset(html.unescape(match[1]), location=docname)  # noqa: E731
                node.children = [nodes.Text(re.sub(r"\$([^$]+)\$", formula, node.astext()))]


def typeset(tex, display=False, location=None):
    """A formula as HTML; what is wrong with it becomes a warning."""
    node = mathjax(os.getpid())
    node.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    node.stdin.flush()
    answer = json.loads(node.stdout.readline())
    if "error" in answer:
        logging.getLogger(__name__).warning("MathJax: %s: %s", answer["error"], tex, location=location)
    return answer.get("html", html.escape(tex))


@functools.cache
def mathjax(owner):
    """The process that typesets for the process `owner`; it ends with it."""
    return subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def run(*options):
    return subprocess.run(command(*options), capture_output=True, check=True, text=True).stdout


def command(*options):
    return [course.node(), str(SCRIPT), *options]
