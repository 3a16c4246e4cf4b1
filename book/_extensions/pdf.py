"""The whole book as one PDF, printed from the built site by Chromium: `make pdf`, or with the solutions

    python -m book._extensions.pdf --solutions

Each page of _toc.yml is printed by itself, as a reader would (book/_static/print.js). Joined, they get what one book
has: page numbers that run through, bookmarks for parts, chapters and sections, links that lead from chapter to chapter.
"""

import argparse
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urldefrag

import yaml
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DictionaryObject,
    Fit,
    FloatObject,
    NameObject,
    NullObject,
    NumberObject,
    TextStringObject,
)

from tests import browser

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
BOOK = ROOT / "_build" / "probability_in_deep_learning.pdf"
PATIENCE = 60_000  # milliseconds; only a failure waits so long

# All is there: formulas, letters, strips of frames, pictures. A link to each place makes Chromium note where it gets.
READY = """async solutions => {
  await window.picturesShown?.();
  makeStrips();
  withSolutions = solutions;
  const places = document.body.appendChild(document.createElement("nav"));
  places.hidden = true;
  for (const { id } of document.querySelectorAll("article [id]"))
    places.appendChild(document.createElement("a")).href = "#" + encodeURIComponent(id);
  await Promise.all([document.fonts.ready, ...[...document.images].map(image => image.decode())]);
}"""
FOOT = """<div style="display: flex; font: 8pt system-ui, sans-serif; justify-content: space-between; padding: 0 16mm;
width: 100%"><span>{title}</span><span class="pageNumber"></span></div>"""


@dataclass
class Chapter:
    """A printed page of the site, and where in the book it begins."""

    name: str
    reader: PdfReader
    first: int
    places: dict  # from an id, with a slash before it, to its Destination in `reader`

    def find(self, place):
        """Where in the book a Destination of this chapter is: its page's number, left, top; of None, the beginning."""
        if place is None:
            return self.first, 0, self.reader.pages[0].mediabox.top
        return self.first + self.reader.get_destination_page_number(place), place.left, place.top


def main():
    parser = argparse.ArgumentParser(description="Print the built book into one PDF.")
    parser.add_argument("--solutions", action="store_true", help="with the solutions of the exercises")
    options = parser.parse_args()
    if not browser.find():
        sys.exit(browser.MISSING)
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text())
    parts = {part["caption"]: [chapter["file"] for chapter in part["chapters"]] for part in toc["parts"]}
    with browser.serve(SITE) as site, browser.launch() as chromium:
        pages = write(BOOK, chromium, site, toc["root"], parts, options.solutions)
    print(f"{pages} pages: {BOOK.relative_to(ROOT)}")


def write(path, chromium, site, front, parts, solutions=False):
    """Print the front page and the pages of each part, by their names without suffix; gives the number of pages."""
    config = yaml.safe_load((ROOT / "_config.yml").read_text())
    book, chapters, count = PdfWriter(), {}, 0
    for name in [front, *(name for part in parts.values() for name in part)]:
        reader = PdfReader(io.BytesIO(printed(chromium, site, name, solutions)))
        chapters[name] = Chapter(name, reader, count, reader.named_destinations)
        count += len(reader.pages)
        address_links(chapters[name], f"{site}{name}.html")
        book.append(reader, import_outline=False)
    feet = PdfReader(io.BytesIO(numbered(chromium, count, config["title"])))
    for page, foot in zip(book.pages, feet.pages, strict=True):
        page.merge_page(foot)
        lead_links(book, page, site, chapters)
        page.compress_content_streams()
    for names in "/Dests", "/Names":  # no link needs them any more, and chapters share some
        book.root_object.pop(names, None)
    add_bookmarks(book, front, parts, chapters)
    join_tags(book, chapters.values())
    book.add_metadata({"/Title": config["title"], "/Author": config["author"]})
    book.root_object[NameObject("/Lang")] = TextStringObject(config["sphinx"]["config"]["language"])
    book.compress_identical_objects()
    book.write(path)
    return count


def printed(chromium, site, name, solutions):
    """The PDF of one page of the site, with an outline of its headings."""
    with browser.visit(chromium, site, f"{name}.html") as (page, problems):
        page.set_default_timeout(PATIENCE)
        page.evaluate(READY, solutions)
        pdf = page.pdf(format="A4", prefer_css_page_size=True, outline=True, tagged=True)
        if problems:
            raise RuntimeError(f"{name} must have no problems, but it has {problems}")
        return pdf


def numbered(chromium, count, title):
    """A PDF of so many pages, empty but for the book's title and their numbers at the foot."""
    page = chromium.new_page()
    page.set_content('<p style="break-before: page">\N{NO-BREAK SPACE}</p>' * count)
    foot = FOOT.format(title=title)
    options = {"display_header_footer": True, "header_template": "<i></i>", "footer_template": foot}
    pdf = page.pdf(format="A4", margin={"bottom": "18mm"}, **options)
    page.close()
    return pdf


# --- links ----------------------------------------------------------------------------------------------------------


def address_links(chapter, address):
    """Give links within a chapter its address, and take away the names they had: another chapter may use them, too."""
    for page in chapter.reader.pages:
        for link in links(page):
            if "/Dest" in link:
                target = f"{address}#{str(link.pop('/Dest')).removeprefix('/')}"
                link[NameObject("/A")] = DictionaryObject(
                    {NameObject("/S"): NameObject("/URI"), NameObject("/URI"): TextStringObject(target)}
                )
    chapter.reader.root_object.pop("/Dests", None)


def lead_links(book, page, site, chapters):
    """Lead links to the site to their place in the book; one to what is not in the book leads nowhere, and goes."""
    for link in links(page):
        address, place = urldefrag(link["/A"].get("/URI", ""))
        if not address.startswith(site):
            continue
        chapter = chapters.get(address.removeprefix(site).removesuffix(".html"))
        if chapter is None:
            page["/Annots"].remove(link.indirect_reference)
            continue
        del link["/A"]
        number, _, top = chapter.find(chapter.places.get(f"/{unquote(place)}"))
        to = [book.pages[number].indirect_reference, NameObject("/XYZ"), NullObject(), FloatObject(top), NullObject()]
        link[NameObject("/Dest")] = ArrayObject(to)


def links(page):
    annotations = [annotation.get_object() for annotation in page.get("/Annots", [])]
    return [annotation for annotation in annotations if annotation["/Subtype"] == "/Link"]


# --- bookmarks ------------------------------------------------------------------------------------------------------


def add_bookmarks(book, front, parts, chapters):
    """Those of the front page, and for each part its chapters with their sections."""
    add_outline(book, chapters[front], chapters[front].reader.outline[:1])
    for part, names in parts.items():
        above = book.add_outline_item(title=part, page_number=chapters[names[0]].first)
        for name in names:
            add_outline(book, chapters[name], chapters[name].reader.outline, above)


def add_outline(book, chapter, outline, above=None):
    """A chapter's headings; in pypdf's outlines a list holds what is below the entry before it."""
    entry = above
    for item in outline:
        if isinstance(item, list):
            add_outline(book, chapter, item, entry)
        else:
            number, left, top = chapter.find(item)
            place = {"page_number": number, "fit": Fit.xyz(left, top)}
            entry = book.add_outline_item(title=once(item.title), parent=above, **place)


def once(title):
    """A title as it stands in the text; Chromium writes one twice that it has moved to the next page."""
    half = len(title) // 2
    return title[:half] if title[:half] == title[half:] else title


# --- tags -----------------------------------------------------------------------------------------------------------


def join_tags(book, chapters):
    """One tree of tags (headings, lists, words for pictures), which a screen reader needs, from those of the chapters.

    Pages and links name their places in a chapter's tree by numbers, which are raised to differ from other chapters'.
    """
    documents, numbers, raised = ArrayObject(), ArrayObject(), 0
    tree = book._add_object(DictionaryObject({NameObject("/Type"): NameObject("/StructTreeRoot")}))
    for chapter in chapters:
        tags = chapter.reader.root_object["/StructTreeRoot"].clone(book)
        tags["/K"][NameObject("/P")] = tree
        documents.append(tags["/K"])
        nums = tags["/ParentTree"]["/Nums"]  # a number, its place, a number, …
        for key, place in zip(nums[::2], nums[1::2], strict=True):
            numbers.extend([NumberObject(key + raised), place])
        for page in book.pages[chapter.first : chapter.first + len(chapter.reader.pages)]:
            for holder, key in [(page, "/StructParents"), *((link, "/StructParent") for link in links(page))]:
                if key in holder:
                    holder[NameObject(key)] = NumberObject(holder[key] + raised)
        raised += tags["/ParentTreeNextKey"]
    parents = book._add_object(DictionaryObject({NameObject("/Nums"): numbers}))
    tree.get_object().update({NameObject("/K"): documents, NameObject("/ParentTree"): parents})
    book.root_object[NameObject("/StructTreeRoot")] = tree
    book.root_object[NameObject("/MarkInfo")] = DictionaryObject({NameObject("/Marked"): BooleanObject(True)})


if __name__ == "__main__":
    main()
