"""Quizzes as a browser without scripts sees them: one choice among radio buttons, and the chosen option's feedback."""

import re
from html.parser import HTMLParser

import pytest
from chapters import CHAPTERS, calls, cells, shown

from lib.quiz import STYLE, quiz, right, wrong


class Tree(HTMLParser):
    """Elements as (tag, attributes, children), in a root; text as strings. Every element but <input> must be closed."""

    def __init__(self, text):
        super().__init__()
        self.root = ("root", {}, [])
        self.open = [self.root]
        self.feed(text)
        self.close()
        assert self.open == [self.root]

    def handle_starttag(self, tag, attributes):
        assert len(dict(attributes)) == len(attributes)
        element = (tag, dict(attributes), [])
        self.open[-1][2].append(element)
        if tag != "input":
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        self.open[-1][2].append(data)


def below(element):
    yield element
    for child in element[2]:
        if not isinstance(child, str):
            yield from below(child)


def text(element):
    return "".join(child if isinstance(child, str) else text(child) for child in element[2])


def only(element, tag):
    [found] = [child for child in below(element) if child[0] == tag]
    return found


def read(html):
    """The question, the options as (text, verdict, feedback), and the shared name of a well-formed quiz."""
    tree = Tree(html).root
    fieldset = only(tree, "fieldset")
    assert fieldset[1] == {"class": "quiz"}
    legend, *rows = fieldset[2]
    assert legend[0] == "legend"  # the name of the group that a screen reader says
    options, names, ids = [], [], []
    for row in rows:
        box, label, feedback = [child for child in row[2] if not isinstance(child, str)]
        assert [element[0] for element in (row, box, label, feedback)] == ["div", "input", "label", "p"]
        assert box[1].keys() == {"type", "name", "id"} and box[1]["type"] == "radio"
        assert label[1] == {"for": box[1]["id"]}
        names.append(box[1]["name"])
        ids.append(box[1]["id"])
        verdict = text(only(feedback, "b"))
        assert feedback[1] == {"class": {"Right.": "right", "Not quite.": "wrong"}[verdict]}
        options.append((text(label), feedback[1]["class"] == "right", text(feedback).removeprefix(f"{verdict} ")))
    assert len(set(ids)) == len(ids) >= 2
    assert len(set(names)) == 1 and re.fullmatch(r"quiz-[0-9a-f]{8}", names[0])
    assert sum(verdict for _, verdict, _ in options) == 1
    assert all(
        part.strip() for part in [text(legend), *(part for option in options for part in (option[0], option[2]))]
    )
    return text(legend), options, names[0]


QUESTION = quiz(
    "What does the baseline change?",
    wrong("The mean.", "The scores have mean 0."),
    right("The variance.", "Yes: a² < b²."),
    wrong("Nothing.", "Draw it."),
)


def test_a_quiz_is_one_group_of_radio_buttons_with_feedback_beside_each():
    question, options, _ = read(QUESTION._repr_html_())
    assert question == "What does the baseline change?"
    assert options == [
        ("The mean.", False, "The scores have mean 0."),
        ("The variance.", True, "Yes: a² < b²."),
        ("Nothing.", False, "Draw it."),
    ]


def test_the_style_hides_feedback_until_its_own_button_before_it_is_checked():
    rules = dict(re.findall(r"^(.+?) \{(.+?)\}$", STYLE, re.M))
    assert "display: none" in rules[".quiz p"]
    # the rule reaches only siblings after the input: `read` has seen that each option has a <div> of its own
    assert "display: block" in rules[".quiz input:checked ~ p"]
    assert QUESTION._repr_html_().startswith(STYLE)


def test_a_quiz_needs_no_script():
    tags = {element[0] for element in below(Tree(QUESTION._repr_html_()).root)}
    assert tags == {"root", "style", "fieldset", "legend", "div", "input", "label", "p", "b"}


@pytest.mark.parametrize(
    "part", ["a < b & c > d", "</p><script>alert(1)</script>", '"quoted"', "it's", "&lt;", "$x_1$"]
)
def test_text_is_escaped_everywhere(part):
    question, options, _ = read(quiz(part, right(part, part), wrong("no", part))._repr_html_())
    assert (question, options) == (part, [(part, True, part), ("no", False, part)])


def test_different_questions_have_different_names_and_the_same_one_keeps_its():
    names = {read(quiz(q, right("a", "b"), wrong("c", "d"))._repr_html_())[2] for q in ("one", "two", "one?", "three")}
    assert len(names) == 4
    assert QUESTION._repr_html_() == QUESTION._repr_html_()


def test_a_reader_of_the_raw_notebook_sees_question_and_options_but_not_which_is_right():
    assert repr(QUESTION).splitlines() == [
        "What does the baseline change?", "  ( ) The mean.", "  ( ) The variance.", "  ( ) Nothing."
    ]  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        [],
        [right("a", "b")],
        [wrong("a", "b"), wrong("c", "d")],
        [right("a", "b"), right("c", "d")],
        [right("a", "b"), wrong("c", "d"), right("e", "f")],
    ],
)
def test_a_quiz_has_two_options_or_more_and_one_right_answer(options):
    with pytest.raises(ValueError, match="^options must be two or more, one of them right, but their verdicts are"):
        quiz("What?", *options)


# --- the chapters' quizzes, as they are stored ----------------------------------------------------------------------


@pytest.mark.parametrize("path", CHAPTERS.values(), ids=CHAPTERS.keys())
def test_the_quizzes_of_a_chapter_are_well_formed_and_have_different_names(path):
    stored = [[read(html) for html in shown(cell, "text/html")] for cell in cells(path, "code", "quiz")]
    assert [len(one) for one in stored] == [1] * len(stored)  # each cell shows its quiz
    names = [name for [(_, _, name)] in stored]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", CHAPTERS.values(), ids=CHAPTERS.keys())
def test_every_quiz_of_a_chapter_is_tagged(path):
    for cell in cells(path, "code"):
        assert len(calls(cell, "quiz")) == ("quiz" in cell.metadata.get("tags", []))
