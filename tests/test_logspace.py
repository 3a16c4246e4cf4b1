"""Sums in log space against fifty-digit decimals, scipy and their own invariances."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import logspace

EPS = np.finfo(float).eps
LOGIT = st.floats(-1e4, 1e4)
ROW = hnp.arrays(float, st.integers(1, 8), elements=LOGIT)
BATCH = hnp.arrays(float, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=LOGIT)


def decimal_logsumexp(row):
    with localcontext() as context:
        context.prec, context.Emin = 50, -10**6            # exp(-1e4) = 1e-4343 is an ordinary number here
        return sum((Decimal(float(x)).exp() for x in row), Decimal(0)).ln()


@given(ROW)
def test_logsumexp_is_exact_to_rounding(row):
    # The answer, of size up to 1e4, is rounded once; the sum of up to 8 terms in [1, 8] has error below 8 eps.
    tolerance = EPS * (np.abs(row).max() + 16)
    assert abs(logspace.logsumexp(row) - float(decimal_logsumexp(row))) <= tolerance


@given(ROW)
def test_log_softmax_is_exact_to_rounding(row):
    total = decimal_logsumexp(row)
    exact = np.array([float(Decimal(float(x)) - total) for x in row])
    # One rounding of x - max, one of the difference of it and log of the sum, and the sum's own 8 eps.
    np.testing.assert_allclose(logspace.log_softmax(row), exact, rtol=2 * EPS, atol=16 * EPS)


@given(ROW)
def test_softmax_is_that_of_decimals(row):
    with localcontext() as context:
        context.prec, context.Emin = 50, -10**6
        total = decimal_logsumexp(row)
        exact = np.array([float((Decimal(float(x)) - total).exp()) for x in row])
    # exp turns the error of its argument, below (2 * 745 + 16) eps, into a relative one; subnormals lose digits.
    np.testing.assert_allclose(logspace.softmax(row), exact, rtol=1600 * EPS, atol=1e-300)


@given(BATCH, st.integers(-3, 2))
def test_logsumexp_along_any_axis_matches_scipy(x, axis):
    axis = axis % x.ndim
    with np.errstate(all="raise", under="ignore"):
        result = logspace.logsumexp(x, axis=axis)
    assert result.shape == x.sum(axis=axis).shape
    expected = scipy.special.logsumexp(x, axis=axis)
    np.testing.assert_allclose(result, expected, rtol=4 * EPS, atol=16 * EPS)          # both round


@pytest.mark.parametrize("x, expected", [
    ([-np.inf, -np.inf], -np.inf),                          # log(0 + 0)
    ([-np.inf, 2.5], 2.5),
    ([np.inf, 0.0], np.inf),
    ([], -np.inf),                                          # the empty sum is 0
    ([1e308, 1e308], 1e308),                                # + log 2, below the last digit
    ([[-np.inf, -np.inf], [0.0, 0.0]], [-np.inf, np.log(2)]),
])
def test_logsumexp_at_infinities_is_silent(x, expected):
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(logspace.logsumexp(x), expected)


def test_logsumexp_lets_nan_through():
    assert np.isnan(logspace.logsumexp([0.0, np.nan]))


@given(BATCH)
def test_softmax_is_a_probability_and_batches_are_rows(logits):
    with np.errstate(all="raise", under="ignore"):
        p = logspace.softmax(logits)
    assert p.shape == logits.shape and (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=-1), 1.0, rtol=0, atol=16 * EPS)             # up to 4 rounded terms of sum 1
    rows = logits.reshape(-1, logits.shape[-1])
    np.testing.assert_array_equal(p.reshape(rows.shape), [logspace.softmax(row) for row in rows])


@given(ROW, st.floats(-1e4, 1e4))
def test_softmax_ignores_a_shift(logits, shift):
    # Adding the shift rounds each logit by at most eps * 1e4 (half an ulp of 2e4); exp makes that relative, twice.
    p, shifted = logspace.softmax(logits), logspace.softmax(logits + shift)
    np.testing.assert_allclose(shifted, p, rtol=4 * EPS * 1e4, atol=1e-300)


@given(hnp.arrays(int, st.integers(1, 8), elements=st.integers(-10_000, 10_000)), st.integers(-10_000, 10_000))
def test_log_softmax_ignores_an_exact_shift_exactly(logits, shift):
    np.testing.assert_array_equal(logspace.log_softmax(logits + shift), logspace.log_softmax(logits))


@given(ROW, st.randoms(use_true_random=False))
def test_softmax_permutes_with_its_logits(logits, random):
    order = np.array(random.sample(range(len(logits)), len(logits)))
    # The sum is taken in another order, which moves its last digits.
    permuted, plain = logspace.log_softmax(logits[order]), logspace.log_softmax(logits)
    np.testing.assert_allclose(permuted, plain[order], rtol=2 * EPS, atol=16 * EPS)


@given(ROW, st.integers(0, 8))
def test_a_barred_category_has_weight_zero_and_changes_nothing_else(logits, place):
    place = min(place, len(logits))
    with_bar = np.insert(logits, place, -np.inf)
    with np.errstate(all="raise", under="ignore"):
        p = logspace.softmax(with_bar)
    assert p[place] == 0.0
    np.testing.assert_allclose(np.delete(p, place), logspace.softmax(logits), rtol=16 * EPS)    # adds in another order


@pytest.mark.parametrize("function", [logspace.softmax, logspace.log_softmax])
@pytest.mark.parametrize("bad", [[0.0, np.nan], [-np.inf, -np.inf], [np.inf, 0.0], 1.0])
def test_bad_logits_are_named(function, bad):
    with pytest.raises(ValueError, match="^logits must"):
        function(bad)


# --- the sigmoid ------------------------------------------------------------------------------------------------------


def decimal_log_sigmoid(x):
    with localcontext() as context:
        context.prec, context.Emin, context.Emax = 50, -10**6, 10**6
        small = (-Decimal(float(x))).exp()
        return -small if x > 60 else -(1 + small).ln()          # log(1 + y) = y to a share y / 2 < 1e-26


@given(LOGIT)
def test_log_sigmoid_is_exact_to_rounding(x):
    # exp of a rounded x: a share |x| eps, where the result is exp(-x) itself; below exp(-708) floats thin out.
    exact = float(decimal_log_sigmoid(x))
    np.testing.assert_allclose(logspace.log_sigmoid(x), exact, rtol=4 * EPS * (1 + abs(x)), atol=1e-300)


@given(st.floats(-700, 700))
def test_sigmoid_against_scipy_and_its_symmetry(x):
    np.testing.assert_allclose(logspace.sigmoid(x), scipy.special.expit(x), rtol=4 * EPS * (1 + abs(x)))
    assert abs(logspace.sigmoid(x) + logspace.sigmoid(-x) - 1) < 4 * EPS * (1 + abs(x))


@given(st.floats(-30, 30))
def test_the_sigmoid_is_a_softmax_and_undoes_the_log_odds(x):
    np.testing.assert_allclose(logspace.sigmoid(x), logspace.softmax([x, 0.0])[0], rtol=16 * EPS * (1 + abs(x)))
    log_odds = logspace.log_sigmoid(x) - logspace.log_sigmoid(-x)
    assert abs(log_odds - x) < 16 * EPS * (1 + abs(x))


@given(st.floats(-20, 20))
def test_the_slopes_of_the_sigmoid_and_of_its_logarithm(x):
    h = 1e-5
    for function, slope in (
        (logspace.sigmoid, logspace.sigmoid(x) * logspace.sigmoid(-x)),
        (logspace.log_sigmoid, logspace.sigmoid(-x)),
    ):
        assert abs((function(x + h) - function(x - h)) / (2 * h) - slope) < 1e-9       # h^2 / 6, and 20 eps / h


def test_the_sigmoid_at_the_ends_of_the_line():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(logspace.sigmoid([-np.inf, -1e4, 0.0, 1e4, np.inf]), [0, 0, 0.5, 1, 1])
        np.testing.assert_array_equal(logspace.log_sigmoid([-np.inf, -1e4, 1e4, np.inf]), [-np.inf, -1e4, 0, 0])
    with np.errstate(invalid="ignore"):                         # numpy's logaddexp says so of a nan
        assert np.isnan(logspace.sigmoid(np.nan)) and np.isnan(logspace.log_sigmoid(np.nan))
    assert logspace.sigmoid(np.zeros((2, 0, 3))).shape == (2, 0, 3)
