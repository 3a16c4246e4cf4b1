"""What a page says comes before what it does: the order of its scripts, its text and its pictures."""

import importlib
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import browser
import pytest
from test_pages import SITE, chapters

sys.path.append(str(Path(__file__).parents[1] / "book" / "_extensions"))
order = importlib.import_module("order")

STATE = '<script type="application/vnd.jupyter.widget-state+json">{"state": {}}</script>'
PAGE = f"""<head><script>{order.THEME}</script>
<script src="_static/documentation_options.js?v=1"></script><script src="_static/doctools.js"></script>
<script data-prefix="tab" src="_static/tabs.js"></script><script defer="defer" src="_static/access.js"></script>
<script>DOCUMENTATION_OPTIONS.pagename = "page";</script>{STATE}
    <script src="_static/searchtools.js"></script>
    <script src="searchindex.js"></script>
    <script defer src="_static/scripts/fontawesome.js?digest=1"></script></head><body><p>Text.</p></body></html>"""


def test_scripts_wait_and_the_state_comes_after_the_text():
    page = order.arrange(PAGE)
    assert re.findall(r"<script (.*?)>", page) == [
        'src="_static/documentation_options.js?v=1"',  # for which the script in the page does not wait
        'defer src="_static/doctools.js"',
        'defer data-prefix="tab" src="_static/tabs.js"',
        'defer="defer" src="_static/access.js"',
        'type="application/vnd.jupyter.widget-state+json"',
    ]
    assert page.endswith(f"<p>Text.</p>{STATE}</body></html>")


def test_only_the_page_of_the_search_loads_its_index():
    assert "searchindex.js" not in order.arrange(PAGE)
    assert '<script defer src="searchindex.js">' in order.arrange(PAGE, searches=True)


def test_icons_come_from_the_style_sheet_and_are_not_read_out():
    assert "fontawesome" not in order.arrange(PAGE)
    page = PAGE.replace("<p>Text.", '<p><i class="fas fa-print"></i> Text <i>and</i> <i class="more">more</i>.')
    icon, *others = re.findall(r"<i\b.*?>", order.arrange(page))
    assert icon == '<i aria-hidden="true" class="fas fa-print">' and others == ["<i>", '<i class="more">']


def test_a_page_in_order_stays_as_it_is():
    assert order.arrange(order.arrange(PAGE)) == order.arrange(PAGE) != PAGE


def test_thebe_is_left_out_and_nothing_else_is():
    def script(filename, **attributes):
        return SimpleNamespace(filename=filename, attributes=attributes)

    keep = [script("a.js"), script(None, body="window.first = 1"), script("widgets.js")]
    drop = [script("_static/sphinx-thebe.js"), script(None, body="const THEBE_JS_URL = 1")]
    context = {"script_files": [keep[0], drop[0], *keep[1:], drop[1]]}
    order.drop_thebe(None, "page", "page.html", context, None)
    assert context["script_files"] == keep


@pytest.mark.parametrize("name", [*chapters(), "search", "genindex", "py-modindex", "404"])
def test_every_page_of_the_site_is_in_order(site, name):
    text = (SITE / f"{name}.html").read_text()
    assert order.arrange(text, searches=name == "search") == text and order.KNOWN_THEME in text
    head = text[: text.index("</head>")]
    assert re.findall(r'<script (?!defer)[^>]*src="([^"?]*)', head) == [
        f"{'../' * name.count('/')}_static/documentation_options.js"
    ]


REMEMBER = "kept => Object.entries(kept).forEach(([key, value]) => localStorage.setItem(key, value))"
NOTE_THEMES = """
    window.themes = [];
    const note = () => document.body && themes.push(document.documentElement.dataset.theme);
    new MutationObserver(note).observe(document, {attributeFilter: ["data-theme"], childList: true, subtree: true});"""


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("chosen", ["light", "dark", "auto"])
def test_a_page_is_light_or_dark_from_its_first_word_on(chromium, site, theme, chosen):
    """It is coloured once, as its reader has chosen or as the machine is, though it was the other way before."""
    other = {"light": "dark", "dark": "light"}[theme]
    with browser.visit(chromium, site, "book/index.html", color_scheme=theme) as (page, problems):
        page.wait_for_load_state("networkidle")
        page.evaluate(REMEMBER, {"theme": other, "mode": chosen})
        page.add_init_script(NOTE_THEMES)
        page.reload(wait_until="networkidle")
        assert set(page.evaluate("themes")) == {theme if chosen == "auto" else chosen}
        assert not problems


@pytest.mark.browser
def test_no_icon_is_read_out(chromium, site):
    """A button with an icon is called by its words alone, on the site as it was built."""
    with browser.visit(chromium, site, "book/gumbel/concrete.html") as (page, problems):
        icons = page.locator("i[class*='fa-']")
        assert icons.count() > 5
        assert set(icons.evaluate_all("icons => icons.map(icon => icon.ariaHidden)")) == {"true"}
        assert not page.locator("script[src*=fontawesome]").count() and not problems
