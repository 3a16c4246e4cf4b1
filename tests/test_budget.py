"""A page that is too heavy fails the build."""

import importlib
import sys
from pathlib import Path

import pytest
from sphinx.errors import ExtensionError

sys.path.append(str(Path(__file__).parents[1] / "book" / "_extensions"))
budget = importlib.import_module("budget")

STATE = '<script type="application/vnd.jupyter.widget-state+json">{}</script>'
PAGE = """<head><link rel="stylesheet" type="text/css" href="style.css?v=1">
<link href="style.css" rel="stylesheet"><link rel="canonical" href="page.html"><script defer src="script.js"></script>
<script src="https://cdn.example/x.js"></script></head>"""


@pytest.fixture
def site(tmp_path):
    (tmp_path / "style.css").write_text("x" * 20)
    (tmp_path / "script.js").write_text("x" * 300)
    return tmp_path


def write(site, name, text="", widgets=0, state=""):
    views = f"{budget.VIEW}{{}}</script>" * widgets
    (site / f"{name}.html").write_text(PAGE + text + views + STATE.format(state))


def test_bytes_are_counted_for_what_they_are_for(site):
    write(site, "page", "é" * 100, widgets=2, state="s" * 1000)
    views = 2 * len(f"{budget.VIEW}{{}}</script>")
    state = len(STATE) - 2 + 1000
    assert budget.weights(site / "page.html") == {
        "text": len(PAGE) + 200 + views,
        "a widget": state // 2,
        "files": 320,
    }


@pytest.mark.parametrize("what", budget.LIMITS)
def test_one_byte_too_much_fails_the_build_and_the_limit_itself_does_not(site, what, monkeypatch):
    write(site, "light")
    write(site, "heavy", "text", widgets=1, state="s" * 100)
    (site / "script.js").write_text("x" * 500)
    heavy = budget.weights(site / "heavy.html")
    monkeypatch.setattr(budget, "LIMITS", heavy)
    budget.check(site, ["light", "heavy"])
    monkeypatch.setattr(budget, "LIMITS", heavy | {what: heavy[what] - 1})
    complaint = f"heavy: {what} weighs {heavy[what]:,} bytes, {heavy[what] - 1:,} at most"
    with pytest.raises(ExtensionError, match=complaint):
        budget.check(site, ["light", "heavy"])
