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
<script>window.own = true;</script></head><body>
<script src="https://cdn.example/x.js"></script>
<img src="https://cdn.example/x.png" alt="">
<button onclick="window.handler = true">press</button>
</body></html>"""
ATTEMPTS = """async () => {
  const refused = [];
  document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
  const script = document.createElement("script");
  script.textContent = "window.foreign = true";
  document.body.append(script);
  document.querySelector("button").click();
  await fetch("https://cdn.example/data").catch(() => null);
  try { new Function("window.evaluated = true")(); } catch {}
  await new Promise(requestAnimationFrame);
  return [refused, window.own, window.foreign, window.handler, window.evaluated].map((one) => one ?? null);
}"""


def pages():
    return sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))


def test_every_page_and_deck_has_the_policy_for_its_own_scripts():
    assert len(pages()) > 40
    for page in pages():
        text = (SITE / page).read_text()
        assert text.count("Content-Security-Policy") == 1, page
        assert private.meta(text) in text, page
        first = re.search("<script|<link|<style", text)
        assert text.index("Content-Security-Policy") < first.start(), f"{page} loads something before its policy"


@pytest.mark.parametrize("directive", private.POLICY)
def test_the_policy_names_no_host_and_allows_no_eval(directive):
    sources = directive.split()[1:]
    assert set(sources) <= {"'none'", "'self'", "file:", "data:", "{hashes}", "'unsafe-inline'"}
    assert "'unsafe-inline'" not in sources or directive.startswith("style-src")


@pytest.mark.browser
def test_the_browser_refuses_what_the_policy_forbids(chromium, tmp_path):
    (tmp_path / "planted.html").write_text(PLANTED)
    private.protect(tmp_path)
    with browser.serve(tmp_path) as site, browser.visit(chromium, site, "planted.html") as (page, problems):
        refused, own, *others = page.evaluate(ATTEMPTS)
        assert own and others == [None, None, None]
        assert {"script-src-elem", "script-src-attr", "connect-src", "script-src"} <= set(refused)
        assert sum("Content Security Policy" in problem for problem in problems) >= 4
        assert not [problem for problem in problems if problem.startswith("blocked request")], "none left the page"


@pytest.mark.browser
def test_the_search_works_without_a_network(chromium, files, site):
    for address in files, site:
        with browser.visit(chromium, address, "search.html?q=temperature") as (page, problems):
            page.wait_for_selector("#search-results li a")
            assert "concrete" in page.locator("#search-results").inner_html()
            assert not problems
