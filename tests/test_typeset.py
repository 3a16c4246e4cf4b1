"""The mathematics of the pages: what MathJax makes of TeX while the book is built."""

import importlib
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from docutils import nodes

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "book" / "_extensions"))
typeset = importlib.import_module("typeset")

MATHML = "{http://www.w3.org/1998/Math/MathML}"


def mathml(html):
    """The MathML that a screen reader gets, as (tag, text) of its leaves."""
    [math] = re.findall(r"<math .*</math>", html)
    return [(leaf.tag.removeprefix(MATHML), leaf.text) for leaf in ElementTree.fromstring(math).iter() if leaf.text]


@pytest.fixture
def warnings(monkeypatch):
    found = []
    logger = type("Logger", (), {"warning": lambda self, text, *values, location: found.append(text % values)})
    monkeypatch.setattr(typeset.logging, "getLogger", lambda name: logger())
    return found


def test_a_formula_is_drawn_and_told(warnings):
    html = typeset.typeset(r"x^2 < \log 3")
    assert mathml(html) == [("mi", "x"), ("mn", "2"), ("mo", "<"), ("mi", "log"), ("mo", "\u2061"), ("mn", "3")]
    assert html.count("mjx-c1D465") == 1 and 'aria-hidden="true"' in html  # the drawn x, which is not read twice
    assert not warnings


def test_a_displayed_formula_stands_by_itself(warnings):
    assert 'display="true"' in typeset.typeset(r"\sum_i x_i", display=True)
    assert 'display="true"' not in typeset.typeset(r"\sum_i x_i")


@pytest.mark.parametrize("tex, complaint", [(r"\mathbc{E}", r"\mathbc"), (r"\frac{1}{", "close brace"), ("a & b", "&")])
def test_wrong_tex_is_a_warning_and_the_next_formula_is_typeset(warnings, tex, complaint):
    assert "mjx-container" not in typeset.typeset(tex)
    [warning] = warnings
    assert complaint in warning and tex in warning
    assert "mjx-container" in typeset.typeset("x")


@pytest.mark.parametrize(
    ("before", "after", "taken", "left"),
    [
        ("so ", ", and", ("", ","), ("so ", " and")),
        ("so (", "); and", ("(", ");"), ("so ", " and")),
        ("a", ".5 is", ("", ""), ("a", ".5 is")),
        ("a ", " is (", ("", ""), ("a ", " is (")),
    ],
)
def test_a_formula_takes_the_marks_beside_it(before, after, taken, left):
    formula = nodes.math("", "x")
    paragraph = nodes.paragraph("", "", nodes.Text(before), formula, nodes.Text(after))
    typeset.keep_marks(None, nodes.section("", paragraph), "page")
    assert (formula.get("before", ""), formula.get("after", "")) == taken
    assert (paragraph[0], paragraph[2]) == left


def test_the_formulas_of_a_quiz_are_typeset_and_its_words_are_not(warnings):
    quiz = '<fieldset class="quiz"><legend>Is $p &lt; q$, or is it $2$?</legend></fieldset>'
    other = "<p>It costs $2 or $3.</p>"
    document = nodes.section("", *(nodes.raw("", text, format="html") for text in (quiz, other)))
    builder = type("Builder", (), {"format": "html"})
    typeset.typeset_quizzes(type("Application", (), {"builder": builder}), document, "page")
    found = [raw.astext() for raw in document.findall(nodes.raw)]
    assert found[0].count("<mjx-container") == 2 and "$" not in found[0]
    assert found[0].startswith('<fieldset class="quiz"><legend>Is <mjx') and found[0].count(", or is it ") == 1
    assert found[1] == other


def test_the_style_sheet_names_fonts_that_are_there():
    style = ROOT / "_build" / "html" / "_static" / typeset.STYLE
    fonts = re.findall(r'url\("([^"]+)"\)', style.read_text())
    assert len(fonts) > 20
    assert [font for font in fonts if not (style.parent / font).is_file()] == []
