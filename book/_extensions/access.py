"""What pages need to be read by everyone, where the theme and Sphinx leave it out:

script      access.js, which tells screen readers of changed captions and lets the keyboard scroll wide formulas
corners     the empty corner of a table is no header of anything
columns     a table that a cell prints keeps its columns where the window is too narrow for them: it scrolls
landmark    the title in the sidebar stands in a landmark, as all else does: screen readers go from one to the next
"""

import re
from pathlib import Path

from docutils import nodes

EMPTY_HEADER = '<th class="head"><p></p></th>'
IN_COLUMNS = re.compile(r"\S {2,}\S")


def setup(app):
    app.add_js_file("access.js", loading_method="defer")
    app.connect("config-inited", find_templates)
    app.connect("doctree-resolved", mark_columns)
    app.connect("html-page-context", mend_tables)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


def find_templates(app, config):
    config.templates_path.insert(0, str(Path(__file__).parent / "theme"))  # before the theme's own


def mark_columns(app, doctree, docname):
    for block in doctree.findall(nodes.literal_block):  # of cells, and of the errata, which repeat what cells print
        printed = "output" in block["classes"] or block.get("language") == "text"
        if printed and sum(bool(IN_COLUMNS.search(line)) for line in block.astext().splitlines()) >= 3:
            block["classes"].append("columns")


def mend_tables(app, pagename, templatename, context, doctree):
    if "body" in context:
        context["body"] = context["body"].replace(EMPTY_HEADER, "<td></td>")
