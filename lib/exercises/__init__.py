"""Exercises that check themselves.

    check("simple_example/variance", answer)

An answer is a number, an array, or a function, which is then compared on a few arguments. `...` means not answered yet.
One module per chapter holds its exercises: the solution, the slips people usually make, and a hint for each of them.
"""

import copy
import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Exercise:
    solution: float | np.ndarray | Callable
    slips: tuple  # pairs (wrong answer, hint)
    hint: str  # for any other wrong answer
    cases: tuple = ()  # for a function: the tuples of arguments on which it is compared

    # Three digits of a number are within 0.5 % of it; a function computes, so it differs by rounding alone.
    @property
    def tolerance(self):
        return 1e-6 if callable(self.solution) else 5e-3

    def agrees(self, values, answer):
        """Whether the values are those of `answer` on every case, each entry within the relative tolerance."""
        return all(
            np.shape(one) == np.shape(two) and np.allclose(one, two, rtol=self.tolerance, atol=1e-12)
            for one, two in zip(values, self.values(answer), strict=True)
        )

    def values(self, answer):
        """The numbers that an answer stands for: itself, or what it returns on each case."""
        if not callable(self.solution):
            return [_numbers(answer)]
        # a copy of the arguments each time: an answer may change an array in place, or draw from a generator
        return [_numbers(answer(*copy.deepcopy(arguments))) for arguments in self.cases]


@dataclass(frozen=True)
class Verdict:
    """What a check says of an answer; as the last line of a cell it shows its message."""

    passed: bool
    message: str

    def __repr__(self):
        return self.message


def check(name, answer):
    """Say whether `answer` solves the exercise `name`, and if not, what to think of next.

    name   : "chapter/exercise"
    answer : a number, an array or a function, as the exercise asks; `...` for none yet
    returns: Verdict
    raises : ValueError if there is no exercise of that name
    """
    exercise = find(name)
    if answer is ...:
        return Verdict(False, f"{name}: no answer yet. Put yours in place of the three dots and run the cell again.")
    if callable(exercise.solution) and not callable(answer):
        return Verdict(False, f"✗ {name}: the answer is to be a function, but this is {answer!r}.")
    if callable(answer) and not callable(exercise.solution):
        return Verdict(False, f"✗ {name}: the answer is to be a number, but this is a function: call it.")
    try:
        values = exercise.values(answer)
    except Exception as error:  # the reader's own code: say what it did
        return Verdict(False, f"✗ {name}: your answer raised {type(error).__name__}: {error}")
    if exercise.agrees(values, exercise.solution):
        return Verdict(True, f"✓ {name}: right.")
    hints = [hint for slip, hint in exercise.slips if exercise.agrees(values, slip)]
    return Verdict(False, f"✗ {name}: not yet. {hints[0] if hints else exercise.hint}")


def find(name):
    """The exercise "chapter/exercise"; raises ValueError, with the names there are, if there is none."""
    chapter, _, exercise = name.partition("/")
    chapters = [module.name for module in pkgutil.iter_modules(__path__)]
    if chapter not in chapters:
        raise ValueError(f"name must start with one of {', '.join(f'{key}/' for key in chapters)}, but is {name!r}")
    exercises = importlib.import_module(f"lib.exercises.{chapter}").EXERCISES
    if exercise not in exercises:
        raise ValueError(f"name must be one of {', '.join(f'{chapter}/{key}' for key in exercises)}, but is {name!r}")
    return exercises[exercise]


def _numbers(answer):
    array = np.asarray(answer)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"an answer is made of numbers, but this is {answer!r}")
    return array.astype(float)
