"""How the pages are found, shared and cited:

address     where the site will be, from _config.yml or else from GitHub's workflow; some of what follows needs it
description of a page: its opening paragraphs as plain text, as far as they fit
sharing     Open Graph tags, which a chat or a social network shows as a card; with the address, the picture that the
            chapter's widget on the first page starts with is written beside its page, as CHAPTER.png
site map    sitemap.xml, a list of the pages for search engines, where the address is known
front door  index.html, which sends the reader on to the first page, says what the first page says of itself
404         what a server shows where there is no page
citation    how to cite the course, from CITATION.cff

Canonical links are Sphinx's own, once it has the address. Of extensions for the rest, sphinx-sitemap lists only what
a build has written anew, the 404 page included, and warns where there is no address; what sphinxext-opengraph says of
a page's text, picture and address would have to be replaced; sphinx-notfound-page does by replacing parts of Sphinx
what one <base> does.
"""

import base64
import functools
import html
import io
import itertools
import re
import textwrap
import unicodedata
import zlib
from pathlib import Path
from urllib.parse import urlsplit

import appendix
import course
import nbformat
import yaml
from docutils import nodes
from PIL import Image, ImageOps
from sphinx.errors import ConfigError

LENGTH = 160  # characters of a description that search engines show
SIZE = 1200, 630  # pixels of a card's picture; another shape would be cut
FIRST_PAGE = "An interactive course"  # before the site's title, which is the first page's heading
ABOUT = r'<title>.*?</title>|<link rel="canonical"[^>]*>|<meta (?:name="(?:description|twitter:)|property="og:)[^>]*>'
LOST = "404"
LOST_BODY = """
<h1>Page not found</h1>
<p>There is no page at this address. The page may have another name now, or the address may be mistyped.</p>
<p>The <a href="{first}">first page</a> lists all chapters; the <a href="{search}">search</a> looks through them.</p>
"""


def setup(app):
    app.add_config_value("course_address", "", "env")  # "env": another address reads the page that says it again
    app.add_config_value("course_cards", {}, "html")  # "html": other pictures on the first page write all pages again
    app.connect("config-inited", find_address)
    app.connect("config-inited", find_cards, priority=950)  # when the table of contents has named the first page
    app.connect("html-page-context", describe, priority=900)
    app.connect("html-collect-pages", lost_page)
    app.connect("build-finished", finish)
    app.add_directive("citation", Citation)
    changes = zlib.crc32(Path(__file__).read_bytes())  # another text of this module makes all pages again
    return {"version": "1", "env_version": changes, "parallel_read_safe": True, "parallel_write_safe": True}


def find_address(app, config):
    """Take the site's address from _config.yml or else from GitHub's workflow, which publishes on GitHub's pages."""
    address = config.html_baseurl or ""
    if not address and (repository := course.workflow_repository()):
        owner, name = repository.split("/")
        host = f"{owner.lower()}.github.io"
        address = f"https://{host}" if name.lower() == host else f"https://{host}/{name}"
    if address and not re.fullmatch(r"https?://[^/?#\s]+(/[^?#\s]*)?", address):
        rule = "must be a whole address, as in https://owner.github.io/name/"
        raise ConfigError(f"html: baseurl in _config.yml {rule}, but it is {address}")
    config.html_baseurl = config.course_address = address and address.rstrip("/") + "/"


# --- what a page says of itself -------------------------------------------------------------------------------------


def describe(app, pagename, templatename, context, doctree):
    if pagename == LOST:
        context["metatags"] = lost_tags(app.config.course_address)
        context["pageurl"] = None
    if not doctree:
        return
    title = app.env.titles[pagename].astext()
    if pagename == app.config.root_doc:
        context["title"] = FIRST_PAGE
    text, address = opening(doctree), app.config.course_address
    tags = {"og:title": title, "og:site_name": app.config.html_title, "og:type": "article"}
    if text:
        tags |= {"description": text, "og:description": text}
    if address:
        tags |= {"og:url": address + app.builder.get_target_uri(pagename)}
    if address and (cards := app.config.course_cards):
        chapter = pagename if pagename in cards else next(iter(cards))
        source, alt = picture(app, chapter)
        if chapter == pagename:
            write_card(source, Path(app.outdir) / f"{chapter}.png")
        width, height = map(str, SIZE)
        tags |= {"og:image": f"{address}{chapter}.png", "og:image:width": width, "og:image:height": height}
        tags |= {"og:image:alt": alt, "twitter:card": "summary_large_image"}
    context["metatags"] += "".join(tag(name, content) for name, content in tags.items())


def tag(name, content):
    kind = "property" if name.startswith("og:") else "name"
    return f'\n    <meta {kind}="{name}" content="{html.escape(content)}" />'


def opening(doctree):
    """The paragraphs that follow a page's title, as much of them as a description holds."""
    title = next(iter(doctree.findall(nodes.title)), None)
    after = title.parent[title.parent.index(title) + 1 :] if title else []
    paragraphs = itertools.takewhile(lambda node: isinstance(node, nodes.paragraph), after)
    return textwrap.shorten(" ".join(map(plain, paragraphs)), LENGTH, placeholder=" …", break_on_hyphens=False)


def plain(paragraph):
    texts = list(paragraph.findall(nodes.Text))
    return "".join(with_marks(text) if isinstance(text.parent, nodes.math) else text for text in texts)


def with_marks(formula):
    """A formula in words, between the brackets and commas that it keeps (typeset.py)."""
    node = formula.parent
    return f"{node.get('before', '')}{plain_math(formula)}{node.get('after', '')}"


def plain_math(tex):
    r"""A short formula as text: \arg\max_k(\mu_k+G_k) is arg max_k(μ_k+G_k)."""
    tex = re.sub(r"\\(?:text|mathrm|operatorname) *\{([^{}]*)\}", r"\1", tex)
    return re.sub(r"\\([A-Za-z]+)", letter_or_word, tex).translate(str.maketrans("", "", "\\{}"))


def letter_or_word(command):
    try:
        name = command[1].removeprefix("var")
        return unicodedata.lookup(f"GREEK {'SMALL' if name.islower() else 'CAPITAL'} LETTER {name}")
    except KeyError:
        return f" {command[1]}" if command.string[: command.start()][-1:].isalpha() else command[1]


# --- the picture of a chapter ---------------------------------------------------------------------------------------


def find_cards(app, config):
    """The widget's cell of each chapter that has a picture on the first page, by the chapter's page."""
    index = Path(app.srcdir) / f"{config.root_doc}.md"
    shown = re.findall(r"^```\{thumbnail\} (\S+) (\S+)$", index.read_text() if index.exists() else "", re.M)
    config.course_cards = {f"book/{chapter}": cell for chapter, cell in shown}


@functools.cache
def picture(app, chapter):
    """What the widget starts with: the picture as an address that holds its data, and its text."""
    path, cache = app.env.doc2path(chapter), app.config.nb_execution_cache_path
    source, alt = appendix.start(cache, nbformat.read(path, as_version=4), app.config.course_cards[chapter])
    return source, html.unescape(alt)


def write_card(source, path):
    """Write a picture as PNG, which every network can show, on a white ground of the size that they ask for."""
    image = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    ImageOps.pad(image, SIZE, color="white").save(path, optimize=True)


# --- files of the whole site ----------------------------------------------------------------------------------------


def finish(app, exception):
    if exception or app.builder.format != "html":
        return
    site, address = Path(app.outdir), app.config.course_address
    sitemap = site / "sitemap.xml"
    if address:
        sitemap.write_text(site_map(address + app.builder.get_target_uri(page) for page in sorted(app.env.found_docs)))
    else:
        sitemap.unlink(missing_ok=True)
    if app.config.root_doc != "index":
        first = app.builder.get_target_uri(app.config.root_doc)
        (site / "index.html").write_text(front_door(first, (site / first).read_text()))


def site_map(addresses):
    entries = "".join(f"<url><loc>{html.escape(address)}</loc></url>\n" for address in addresses)
    schema = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{schema}">\n{entries}</urlset>\n'


def front_door(first, page):
    """A page that leads to the first page; it has that page's title, tags and canonical address."""
    return "\n".join([
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">',
        *re.findall(ABOUT, page),
        f'<meta http-equiv="refresh" content="0; url={first}">\n<p><a href="{first}">The first page</a></p>\n</html>\n',
    ])


# --- where there is no page -----------------------------------------------------------------------------------------


def lost_page(app):
    first, search = map(app.builder.get_target_uri, (app.config.root_doc, "search"))
    return [(LOST, {"title": "Page not found", "body": LOST_BODY.format(first=first, search=search)}, "page.html")]


def lost_tags(address):
    """Search engines leave the page out, and its links, which begin at the site's root, lead there from any depth.

    The base is the page itself and not its folder: a link to a place within the page stays on it.
    """
    base = f'\n    <base href="{html.escape(urlsplit(address).path)}{LOST}.html" />' if address else ""
    return f'\n    <meta name="robots" content="noindex" />{base}'


# --- how to cite the course -----------------------------------------------------------------------------------------


class Citation(appendix.Markdown):
    """`citation`: the course as one entry of a list of references, and for BibTeX."""

    def markdown(self):
        path = course.ROOT / "CITATION.cff"
        self.env.note_dependency(str(path))
        return citation(yaml.safe_load(path.read_text()), self.config.copyright, self.config.course_address)


def citation(cff, year, address):
    authors = [who.get("name") or f"{who['given-names']} {who['family-names']}" for who in cff["authors"]]
    title, version = cff["title"], f"Version {cff['version']}"
    names = " and ".join(authors)
    fields = {
        "author": " and ".join(f"{{{author}}}" for author in authors),
        "title": f"{{{title}}}",
        "year": year,
        "note": version,
        **({"url": address} if address else {}),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items())
    where = f" <{address}>" if address else ""
    text = f"{names[0].upper()}{names[1:]} ({year}). *{title}*. {version}.{where}"
    return f"{text}\n\n```bibtex\n@misc{{probability-in-deep-learning,\n{lines}\n}}\n```"
