"""Every exercise takes its solution, tells each slip from it by that slip's own hint, and survives any other answer."""

import importlib
import pkgutil

import numpy as np
import pytest
from chapters import CHAPTERS, cells, checked
from hypothesis import given
from hypothesis import strategies as st

from lib import exercises
from lib.exercises import Exercise, check, find

MODULES = sorted(module.name for module in pkgutil.iter_modules(exercises.__path__))
ALL = {
    f"{module}/{name}": exercise
    for module in MODULES
    for name, exercise in importlib.import_module(f"lib.exercises.{module}").EXERCISES.items()
}
FUNCTIONS = [name for name, exercise in ALL.items() if callable(exercise.solution)]
NUMBERS = [name for name in ALL if name not in FUNCTIONS]
SLIPS = [(name, i) for name, exercise in ALL.items() for i in range(len(exercise.slips))]


# --- the exercises there are ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_the_solution_is_accepted(name):
    verdict = check(name, ALL[name].solution)
    assert verdict.passed
    assert repr(verdict) == verdict.message == f"✓ {name}: right."


@pytest.mark.parametrize("name, i", SLIPS)
def test_a_slip_is_rejected_with_its_own_hint(name, i):
    slip, hint = ALL[name].slips[i]
    verdict = check(name, slip)
    assert not verdict.passed
    assert verdict.message == f"✗ {name}: not yet. {hint}"


@pytest.mark.parametrize("name", ALL)
def test_there_are_two_slips_or_more_and_each_has_something_to_say(name):
    hints = [hint for _, hint in ALL[name].slips] + [ALL[name].hint]
    assert len(hints) >= 3
    assert len(set(hints)) == len(hints)
    assert all(len(hint.split()) >= 3 for hint in hints)


@pytest.mark.parametrize("name", ALL)
def test_slips_differ_from_the_solution_and_from_each_other(name):
    exercise = ALL[name]
    answers = [exercise.solution, *(slip for slip, _ in exercise.slips)]
    values = [exercise.values(answer) for answer in answers]
    same = [(i, j) for i in range(len(answers)) for j in range(len(answers)) if exercise.agrees(values[i], answers[j])]
    assert same == [(i, i) for i in range(len(answers))]


@pytest.mark.parametrize("name", NUMBERS)
def test_three_digits_of_a_number_are_enough(name):
    rounded = np.vectorize(lambda number: float(f"{number:.3g}"))(np.asarray(ALL[name].solution, float))
    assert check(name, rounded).passed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_cases_tell_it_from_a_constant(name):
    exercise = ALL[name]
    values = exercise.values(exercise.solution)
    assert len(values) >= 2
    assert all(np.isfinite(value).all() for value in values)
    assert not any(check(name, lambda *arguments, value=value: value).passed for value in values)


NOT_NUMBERS = ["0.5", None, [], {}, 1j, object(), ["a"], [[1], [2, 3]]]
NOT_IT = [np.nan, np.inf, np.full((3, 1, 5), 0.5), -987.654]


@pytest.mark.filterwarnings("ignore")  # numpy may warn of what the answer does
@pytest.mark.parametrize("name", ALL)
def test_any_other_answer_gets_a_message(name):
    def raises(*arguments, **named):
        raise RuntimeError("not done")

    answers = [*NOT_NUMBERS, *NOT_IT, raises, lambda: 0.5, float]
    answers += [lambda *arguments, value=value: value for value in NOT_NUMBERS + NOT_IT]
    for answer in answers:
        verdict = check(name, answer)
        assert not verdict.passed
        assert verdict.message.startswith(f"✗ {name}: ") and len(verdict.message.split()) > 5


@pytest.mark.parametrize("name", ALL)
def test_an_answer_of_the_other_kind_is_named(name):
    function = callable(ALL[name].solution)
    assert "is to be a function" in check(name, 0.5).message or not function
    assert "is to be a number" in check(name, lambda *arguments: 0.5).message or function


@pytest.mark.parametrize("name", ALL)
def test_three_dots_are_no_answer_yet(name):
    verdict = check(name, ...)
    assert not verdict.passed
    assert verdict.message.startswith(f"{name}: no answer yet")


@pytest.mark.parametrize("path", CHAPTERS.values(), ids=CHAPTERS.keys())
def test_the_chapter_uses_its_exercises_and_no_others(path):
    chapter = path.stem
    assert chapter in MODULES, f"lib/exercises/{chapter}.py is missing"
    used = {name for cell in cells(path, "code", "exercise") for name in checked(cell)}
    assert used == {name for name in ALL if name.startswith(f"{chapter}/")}


def test_every_module_of_exercises_has_a_chapter():
    assert set(MODULES) <= {path.stem for path in CHAPTERS.values()}


# --- how an answer is judged ----------------------------------------------------------------------------------------


@pytest.fixture
def judge(monkeypatch):
    def judge(answer, solution, **options):
        exercise = Exercise(solution, options.pop("slips", ()), "think", **options)
        monkeypatch.setattr(exercises, "find", lambda name: exercise)
        return check("made/up", answer)

    return judge


@given(st.floats(1e-3, 1e6), st.sampled_from([1, -1]))
def test_any_three_digit_rounding_is_within_the_tolerance(size, sign):
    exercise = Exercise(sign * size, (), "")
    assert exercise.agrees(exercise.values(float(f"{sign * size:.3g}")), exercise.solution)


@pytest.mark.parametrize("answer, passed", [(2.0, True), (2.009, True), (2.011, False), (1.989, False), (-2.0, False)])
def test_a_number_may_be_half_a_percent_off(judge, answer, passed):
    assert judge(answer, 2.0).passed == passed


@pytest.mark.parametrize("factor, passed", [(1 + 1e-9, True), (1 + 1e-5, False), (1 - 1e-5, False)])
def test_a_function_may_differ_by_rounding(judge, factor, passed):
    assert judge(lambda x: factor * x, lambda x: x, cases=((1.0,), (3.0,))).passed == passed


def test_a_function_must_be_right_on_every_case(judge):
    cases = ((1.0,), (2.0,), (3.0,))
    for wrong in (1.0, 2.0, 3.0):
        verdict = judge(lambda x, wrong=wrong: x + (x == wrong), lambda x: x, cases=cases)
        assert verdict.message == "✗ made/up: not yet. think"


def test_an_array_must_have_the_right_shape_and_every_entry(judge):
    solution = np.array([0.2, 0.3, 0.5])
    assert judge([0.2, 0.3, 0.5], solution).passed
    assert not judge([0.2, 0.5, 0.3], solution).passed
    assert not judge([[0.2, 0.3, 0.5]], solution).passed
    assert not judge(0.2, np.full(3, 0.2)).passed


def test_zero_is_compared_to_zero(judge):
    assert judge(0, 0.0).passed
    assert not judge(1e-6, 0.0).passed


def test_an_answer_that_changes_its_arguments_spoils_nothing(judge):
    def in_place(x):
        x *= 2
        return x

    cases = ((np.array([1.0, 2.0]),), (np.array([3.0]),))
    for _ in range(2):
        assert judge(in_place, lambda x: 2 * x, cases=cases).passed
    assert cases[0][0].tolist() == [1.0, 2.0]


def test_answers_and_solution_draw_the_same_noise(judge):
    cases = ((np.random.default_rng(1), 3), (np.random.default_rng(2), 4))
    for _ in range(2):
        assert judge(lambda rng, n: rng.normal(size=n), lambda rng, n: rng.standard_normal(n), cases=cases).passed


def test_an_answer_runs_once_for_each_case(judge):
    seen = []
    slips = ((lambda x: x + 1, "one too many"), (lambda x: x + 2, "two too many"))
    verdict = judge(lambda x: seen.append(x) or x + 2, lambda x: x, slips=slips, cases=((1.0,), (3.0,)))
    assert seen == [1.0, 3.0]
    assert verdict.message == "✗ made/up: not yet. two too many"


def test_the_error_of_an_answer_is_told(judge):
    message = judge(lambda x: 1 / 0, lambda x: x, cases=((1.0,),)).message
    assert message == "✗ made/up: your answer raised ZeroDivisionError: division by zero"
    for answer in ("0.5", None, {}, 1j, ["a"]):
        assert f"an answer is made of numbers, but this is {answer!r}" in judge(answer, 0.5).message


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "nowhere/variance", "..", "/", "__init__/x", "lib.exercises/x"])
def test_an_unknown_chapter_raises_with_the_chapters_there_are(name):
    with pytest.raises(ValueError) as caught:
        check(name, 1.0)
    assert repr(name) in str(caught.value)
    assert MODULES and all(f"{module}/" in str(caught.value) for module in MODULES)


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("rest", ["", "/", "/nothing", "/variance/more"])
def test_an_unknown_exercise_raises_with_the_exercises_there_are(module, rest):
    with pytest.raises(ValueError) as caught:
        check(module + rest, ...)
    names = [name for name in ALL if name.startswith(f"{module}/")]
    assert names and all(name in str(caught.value) for name in names)
    assert repr(module + rest) in str(caught.value)


def test_a_broken_module_of_exercises_is_not_taken_for_a_missing_one(tmp_path, monkeypatch):
    (tmp_path / "broken_chapter.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.setattr(exercises, "__path__", [*exercises.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match="a_module_that_is_not_there"):
        find("broken_chapter/one")
