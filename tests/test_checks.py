"""Each check lets the right values through and names the argument, the rule and the value for all others."""

import re

import numpy as np
import pytest

from lib import checks

NOT_NUMBERS = ["three", None, 1 + 2j, [[1.0], [1.0, 2.0]], {"a": 1}, np.array(["1", "2"])]


def refuses(call, name, rule, value):
    """The call raises a ValueError that says "name must rule, but ... value"."""
    with pytest.raises(ValueError, match=f"^{re.escape(name)} must {re.escape(rule)}.*{re.escape(value)}"):
        call()


@pytest.mark.parametrize("value", [2, 2.5, True, [1, 2], np.float32(0.5), np.ones((2, 3), dtype=int), [], [[-1e308]]])
def test_finite_returns_floats_unchanged(value):
    result = checks.finite("x", value)
    assert result.dtype == float and result.shape == np.shape(value)
    assert (result == np.asarray(value)).all()                 # all these are doubles already: nothing is rounded


@pytest.mark.parametrize("bad, value", [(np.nan, "nan"), (np.inf, "inf"), ([0, -np.inf], "-inf"), ([[np.nan]], "nan")])
def test_finite_refuses(bad, value):
    refuses(lambda: checks.finite("means", bad), "means", "be finite everywhere", f"holds {value}")


@pytest.mark.parametrize("bad", NOT_NUMBERS, ids=str)
@pytest.mark.parametrize("check", [checks.finite, checks.positive, lambda name, value: checks.logits(value, name)])
def test_what_is_no_number_is_refused(check, bad):
    refuses(lambda: check("rate", bad), "rate", "be an array of real numbers", f"is {bad!r}")


def test_positive_returns_floats():
    assert checks.positive("x", [1, 5e-324]).tolist() == [1.0, 5e-324]
    assert checks.positive("x", 3).shape == ()


@pytest.mark.parametrize("bad, value", [(0, "0.0"), (-0.0, "-0.0"), ([1.0, -2.5], "-2.5"), ([3.0, 1.0, 0.0], "0.0")])
def test_positive_refuses(bad, value):
    refuses(lambda: checks.positive("temperature", bad), "temperature", "be positive everywhere", f"is {value}")


@pytest.mark.parametrize("bad, value", [(np.nan, "nan"), ([1.0, np.inf], "inf")])
def test_positive_refuses_what_is_not_finite(bad, value):
    refuses(lambda: checks.positive("temperature", bad), "temperature", "be finite everywhere", f"holds {value}")


@pytest.mark.parametrize("value", [0, 1.0, [True, False], np.eye(3), []])
def test_zero_or_one_returns_floats_unchanged(value):
    result = checks.zero_or_one("labels", value)
    assert result.dtype == float and np.array_equal(result, np.asarray(value, dtype=float))


@pytest.mark.parametrize("bad, value", [(0.5, "0.5"), ([0, 1, 2], "2.0"), ([[1, -1e-300]], "-1e-300")])
def test_zero_or_one_refuses(bad, value):
    refuses(lambda: checks.zero_or_one("labels", bad), "labels", "be 0 or 1 everywhere", f"holds {value}")


@pytest.mark.parametrize("value", [[0], [1, 2], [-np.inf, 3], np.zeros((4, 2, 1)), np.zeros((0, 3)), [[-np.inf, 1e4]]])
def test_logits_returns_floats_unchanged(value):
    result = checks.logits(value)
    assert result.dtype == float and np.array_equal(result, np.asarray(value, dtype=float))


@pytest.mark.parametrize("bad, rule, value", [
    (3.0, "have at least one category on its last axis", "()"),
    ([], "have at least one category on its last axis", "(0,)"),
    (np.zeros((3, 0)), "have at least one category on its last axis", "(3, 0)"),
    ([0.0, np.nan], "be finite or -inf everywhere", "nan"),
    ([0.0, np.inf], "be finite or -inf everywhere", "holds inf"),
    ([-np.inf, -np.inf], "have a finite entry in every row", "its only row is all -inf"),
    ([[0.0, 1.0], [-np.inf, -np.inf]], "have a finite entry in every row", "row (1,) is all -inf"),
    ([[[0.0], [-np.inf]]], "have a finite entry in every row", "row (0, 1) is all -inf"),
])
def test_logits_refuses(bad, rule, value):
    refuses(lambda: checks.logits(bad), "logits", rule, value)
    refuses(lambda: checks.logits(bad, "scores"), "scores", rule, value)


@pytest.mark.parametrize("value, least", [(2, 2), (np.int64(7), 0), (-3, -5), (0, 0)])
def test_integer_returns_an_int(value, least):
    result = checks.integer("n", value, least)
    assert type(result) is int and result == value


@pytest.mark.parametrize("bad, value", [(1, "1"), (2.0, "2.0"), (np.nan, "nan"), ("4", "'4'"), (None, "None")])
def test_integer_refuses(bad, value):
    refuses(lambda: checks.integer("steps", bad, 2), "steps", "be an integer from 2 up", f"is {value}")


def test_integer_refuses_true_where_one_would_do():
    refuses(lambda: checks.integer("steps", True, 0), "steps", "be an integer from 0 up", "is True")


@pytest.mark.parametrize("value, shape", [((), ()), (5, (5,)), ((2, 0), (2, 0)), ([3, np.int32(4)], (3, 4))])
def test_shape_is_that_of_numpy(value, shape):
    assert checks.shape("size", value) == shape == np.zeros(value).shape


@pytest.mark.parametrize("bad, value", [(-1, "-1"), ((2, -3), "-3"), (2.0, "2.0"), (None, "None"), ("3", "'3'")])
def test_shape_refuses(bad, value):
    refuses(lambda: checks.shape("size", bad), "size", "be an integer from 0 up", f"is {value}")


def test_generator_returns_it():
    rng = np.random.default_rng(0)
    assert checks.generator(rng) is rng


@pytest.mark.parametrize("bad", [None, 0, np.random.RandomState(0), np.random])
def test_generator_says_how_to_make_one(bad):
    rule = "be a np.random.Generator, as np.random.default_rng(seed) makes one"
    refuses(lambda: checks.generator(bad), "rng", rule, f"is {bad!r}")
