"""No page asks another host for anything, and no page could: its Content-Security-Policy forbids it."""

import importlib
import re
import sys
from pathlib import Path

import browser
import pytest

ROOT = Path(__file__).parents[1]
SITE = ROOT / "_build" / "html"
sys.path.append(str(ROOT / "book" / "_extensions"))
private = importlib.import_module("private")

PLANTED = """<!doctype html><html><head><meta charset="utf-8"><title>Planted</title>
<script>
  window.own = true;
  try { new Function("window.evaluated = true")(); } catch {}
</script></head><body>
<script src="https://cdn.example/x.js"></script>
<img src="https://cdn.example/x.png" alt="">
<button onclick="window.print()">press</button>
</body></html>"""
ATTEMPTS = """() => {
  window.refused = [];
  document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
  const script = document.createElement("script");
  script.textContent = "window.foreign = true";
  document.body.append(script);
  window.print = () => { window.printed = true };
  const button = document.querySelector("button");
  button.click();
  button.setAttribute("onclick", "window.handler = true");
  button.click();
  fetch("https://cdn.example/data").catch(() => null);
}"""
ALLOWED, FORBIDDEN = ["own", "printed"], ["foreign", "handler", "evaluated"]


def test_every_page_and_deck_has_the_policy_for_its_own_scripts():
    pages = private.pages(SITE)
    assert len(pages) > 40
    for page in pages:
        text = page.read_text()
        assert text.count("Content-Security-Policy") == 1, page
        assert private.meta(text) in text, page
        before = text[: text.index("Content-Security-Policy")]
        assert not re.search("<script|<link|<style", before), f"{page} loads something before its policy"


@pytest.mark.parametrize("directive", private.POLICY)
def test_the_policy_names_no_host_and_allows_no_eval(directive):
    sources = directive.split()[1:]
    assert set(sources) <= {"'none'", "'self'", "file:", "data:", "'unsafe-hashes'", "{hashes}", "'unsafe-inline'"}
    assert "'unsafe-inline'" not in sources or directive.startswith("style-src")


@pytest.mark.browser
def test_the_browser_refuses_what_the_policy_forbids(chromium, tmp_path):
    (tmp_path / "planted.html").write_text(PLANTED)
    private.protect(tmp_path)
    with browser.serve(tmp_path) as site, browser.visit(chromium, site, "planted.html") as (page, problems):
        page.evaluate(ATTEMPTS)
        browser.until(page, "refused.length == 3")
        assert page.evaluate("refused.sort()") == ["connect-src", "script-src-attr", "script-src-elem"]
        done = page.evaluate("names => names.filter(name => window[name])", ALLOWED + FORBIDDEN)
        assert done == ALLOWED
        assert sum("Content Security Policy" in problem for problem in problems) >= 4
        assert not [problem for problem in problems if problem.startswith("blocked request")], "none left the page"


@pytest.mark.browser
@pytest.mark.parametrize("where", ["site", "files"])
def test_the_search_works_without_a_network(chromium, where, request):
    with browser.visit(chromium, request.getfixturevalue(where), "search.html?q=temperature") as (page, problems):
        results = page.locator("#search-results li")
        results.first.wait_for()
        assert results.locator("a[href*='gumbel/concrete.html']").count()
        if where == "site":  # a page opened as a file may not read others: results come without a line of their text
            results.locator("p.context").first.wait_for()
            assert not problems
