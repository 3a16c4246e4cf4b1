"""A question with options that answer back, in plain HTML: it works on a static page, in JupyterLab and on a slide.

    quiz("What does the baseline change?",
         right("The variance.", "The scores have mean 0, so the mean stays."),
         wrong("The mean.", "No: …"))

Radio buttons and a style rule that shows the chosen option's feedback: no script, and the keyboard works by itself.
The question floats, or the bar on the left would begin half-way down it: a fieldset's border starts in the middle of
a legend that does not float.
"""

import hashlib
import html
from dataclasses import dataclass

STYLE = """<style>
.quiz { border: 0; border-left: .25em solid #0066CC; padding: .1em 0 .1em 1em; margin: 0; max-width: 42em; }
.quiz legend { float: left; width: 100%; font-size: 1em; font-weight: bold; margin: 0 0 .75em; padding: 0; }
.quiz legend + div { clear: both; }
.quiz div { display: grid; grid-template-columns: 1.6em 1fr; align-items: baseline; margin: .35em 0; }
.quiz p { display: none; grid-column: 2; margin: .2em 0; border-left: .2em solid; padding-left: .6em; }
.quiz input:checked ~ p { display: block; }
.quiz p.right { border-color: #009966; }
.quiz p.wrong { border-color: #CC3300; }
</style>"""


@dataclass(frozen=True)
class Option:
    """One answer to choose: its text, what is said once it is chosen, and whether it is right."""

    text: str
    feedback: str
    right: bool


def right(text, feedback):
    """An option that answers the question; feedback says why."""
    return Option(text, feedback, True)


def wrong(text, feedback):
    """An option that does not; feedback says what it overlooks."""
    return Option(text, feedback, False)


class quiz:
    """A question and its options, shown by the front end. Text may hold `$math$`.

    raises: ValueError unless there are at least two options, of which exactly one is right
    """

    def __init__(self, question, *options):
        if len(options) < 2 or sum(option.right for option in options) != 1:
            verdicts = [option.right for option in options]
            raise ValueError(f"options must be two or more, one of them right, but their verdicts are {verdicts}")
        self.question, self.options = question, options

    def __repr__(self):
        return "\n".join([self.question, *(f"  ( ) {option.text}" for option in self.options)])

    def _repr_html_(self):
        name = "quiz-" + hashlib.sha256(self.question.encode()).hexdigest()[:8]
        rows = [_row(f"{name}-{number}", name, option) for number, option in enumerate(self.options)]
        return f'{STYLE}<fieldset class="quiz"><legend>{html.escape(self.question)}</legend>{"".join(rows)}</fieldset>'


def _row(key, name, option):
    verdict = "Right." if option.right else "Not quite."
    return (
        f'<div><input type="radio" name="{name}" id="{key}"> <label for="{key}">{html.escape(option.text)}</label>'
        f'<p class="{"right" if option.right else "wrong"}"><b>{verdict}</b> {html.escape(option.feedback)}</p></div>'
    )
