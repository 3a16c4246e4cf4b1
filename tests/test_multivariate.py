"""Gaussian vectors against scipy, exact fractions, simulation and one dimension; covariances that are refused."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import gaussian, multivariate

EPS = np.finfo(float).eps


def covariance_of(rng, dimensions, condition=10.0):
    """A covariance in a random basis with eigenvalues from 1 down to 1 / condition."""
    basis, _ = np.linalg.qr(rng.standard_normal((dimensions, dimensions)))
    return (basis * np.geomspace(1, 1 / condition, dimensions)) @ basis.T


@st.composite
def pairs(draw):
    """Two Gaussians of 1 to 6 dimensions with conditions up to 1e4."""
    rng, dimensions = np.random.default_rng(draw(st.integers(0, 10**6))), draw(st.integers(1, 6))
    conditions = [10.0 ** draw(st.floats(0, 4)) for _ in range(2)]
    mean, other = rng.standard_normal((2, dimensions))
    return mean, covariance_of(rng, dimensions, conditions[0]), other, covariance_of(rng, dimensions, conditions[1])


@given(pairs())
def test_log_density_is_that_of_scipy(pair):
    mean, covariance, x, _ = pair
    expected = scipy.stats.multivariate_normal.logpdf(x, mean, covariance)
    # A square of up to 30 * 1e4, with a relative error of some eps * condition.
    assert abs(multivariate.log_density(x, mean, covariance) - expected) < 1e-10 * (1 + abs(expected))


@given(pairs())
def test_the_divergence_by_generalised_eigenvalues(pair):
    mean, covariance, other_mean, other_covariance = pair
    # In the basis where the second is the identity and the first is diagonal, one-dimensional divergences add up.
    ratios, basis = scipy.linalg.eigh((covariance + covariance.T) / 2, (other_covariance + other_covariance.T) / 2)
    shift = basis.T @ (mean - other_mean)
    expected = np.sum(ratios - 1 - np.log(ratios) + shift**2) / 2
    value = multivariate.kl(mean, covariance, other_mean, other_covariance)
    assert abs(value - expected) < 1e-10 * (1 + expected)   # eps * condition 1e4 = 2e-12, times some 10 terms


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("condition", [1e2, 1e6, 1e10])
def test_the_divergence_in_exact_fractions(seed, condition):
    rng = np.random.default_rng(seed)
    covariance, other = (_symmetric(covariance_of(rng, 4, condition)) for _ in range(2))
    mean, other_mean = rng.standard_normal((2, 4))
    value = multivariate.kl(mean, covariance, other_mean, other)
    expected = _exact_kl(mean, covariance, other_mean, other)
    # The factors are those of covariances that differ by some eps, which the condition magnifies.
    assert abs(value - expected) < 40 * EPS * condition * expected


def _symmetric(covariance):
    return (covariance + covariance.T) / 2


def _exact_kl(mean, covariance, other_mean, other):
    """The textbook formula on the floats as they are, by Gaussian elimination in fractions; only the logs round."""
    a, b = ([[Fraction(float(x)) for x in row] for row in matrix] for matrix in (covariance, other))
    shift = [Fraction(float(x)) - Fraction(float(y)) for x, y in zip(mean, other_mean, strict=True)]
    d = len(a)
    right = [row + [s] for row, s in zip(a, shift, strict=True)]
    determinant_b, solved = _eliminate(b, right)
    determinant_a, _ = _eliminate(a, right)
    trace = sum(solved[i][i] for i in range(d))
    square = sum(shift[i] * solved[i][d] for i in range(d))
    ratio = determinant_b / determinant_a
    log_ratio = math.log(ratio.numerator) - math.log(ratio.denominator)
    return (log_ratio + float(trace + square - d)) / 2


def _eliminate(matrix, right):
    rows = [list(m) + list(r) for m, r in zip(matrix, right, strict=True)]
    d, determinant = len(rows), Fraction(1)
    for i in range(d):
        determinant *= rows[i][i]                           # a positive definite matrix needs no exchange of rows
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for j in range(d):
            if j != i:
                rows[j] = [x - rows[j][i] * y for x, y in zip(rows[j], rows[i], strict=True)]
    return determinant, [row[d:] for row in rows]


@pytest.mark.parametrize("dimensions, condition", [(1, 1.0), (2, 1e10), (5, 1e3), (20, 10.0), (20, 1e10)])
def test_the_divergence_is_the_mean_log_ratio_of_draws(dimensions, condition):
    rng = np.random.default_rng(dimensions)
    covariance = covariance_of(rng, dimensions, condition)
    mixing = multivariate.cholesky(covariance) @ (np.eye(dimensions) + 0.1 * rng.standard_normal((dimensions,) * 2))
    other = mixing @ mixing.T                               # of about the same condition and shape
    mean, noise = rng.standard_normal(dimensions), rng.standard_normal((40_000, dimensions))
    other_mean = multivariate.reparameterize(mean, covariance, 0.3)       # near in the units of the covariance
    z = multivariate.reparameterize(mean, covariance, noise)
    terms = multivariate.log_density(z, mean, covariance) - multivariate.log_density(z, other_mean, other)
    error = terms.std() / np.sqrt(len(terms))
    # False alarm: 1 seed in 3,000 for all five.
    assert abs(terms.mean() - multivariate.kl(mean, covariance, other_mean, other)) < 4 * error


def test_reparameterized_draws_have_the_mean_and_the_covariance():
    mean, covariance = np.array([1.0, -2.0]), np.array([[4.0, 1.8], [1.8, 1.0]])
    z = multivariate.reparameterize(mean, covariance, np.random.default_rng(0).standard_normal((20_000, 2)))
    # Mahalanobis squares are chi-squared with 2 degrees of freedom; the first coordinate is N(1, 4).
    whitened = scipy.linalg.solve_triangular(scipy.linalg.cholesky(covariance, lower=True), (z - mean).T, lower=True)
    assert scipy.stats.kstest(np.sum(whitened**2, axis=0), scipy.stats.chi2(2).cdf).pvalue > 1e-6
    assert scipy.stats.kstest(z[:, 0], scipy.stats.norm(1, 2).cdf).pvalue > 1e-6       # false alarm: 1 in 10^6 each


@given(pairs())
def test_the_divergence_is_never_negative_and_0_for_the_same(pair):
    assert multivariate.kl(*pair) >= 0
    assert multivariate.kl(pair[0], pair[1], pair[0], pair[1]) == 0


@given(pairs())
def test_affine_maps_leave_the_divergence_as_it_is(pair):
    mean, covariance, other_mean, other = pair
    rng, d = np.random.default_rng(1), len(mean)
    linear = np.eye(d) + 0.2 * rng.uniform(-1, 1, (d, d)) / d             # of condition below 2
    parts = (mean, covariance), (other_mean, other)
    moved = [(linear @ m + 3.0, _symmetric(linear @ c @ linear.T)) for m, c in parts]
    value = multivariate.kl(*pair)
    assert abs(multivariate.kl(*moved[0], *moved[1]) - value) < 1e-10 * (1 + value)    # eps * condition, as above


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 100), st.floats(-5, 5), st.floats(0.01, 100)),
                min_size=1, max_size=5))
def test_diagonal_covariances_add_up(parts):
    mean, variance, other_mean, other_variance = np.array(parts).T
    expected = gaussian.kl(mean, variance, other_mean, other_variance).sum()
    value = multivariate.kl(mean, np.diag(variance), other_mean, np.diag(other_variance))
    assert abs(value - expected) < 1e-13 * (1 + expected)
    to_standard = gaussian.kl(mean, variance).sum()
    assert abs(multivariate.kl(mean, np.diag(variance)) - to_standard) < 1e-13 * (1 + to_standard)


def test_the_standard_normal_has_mean_zero():                                          # erratum E30
    for other_mean, expected in ((0.0, 0.82167), (1.0, 0.12167)):
        assert abs(multivariate.kl([1.2], [[0.49]], other_mean) - expected) < 5e-6     # five digits are printed


def test_tiny_and_huge_scales_neither_vanish_nor_overflow():
    covariance = 1e-4 * np.eye(200)                         # its determinant is 1e-800, which is 0 as a double
    with np.errstate(all="raise"):
        value = multivariate.kl(0.0, covariance)
        assert abs(value - 200 * gaussian.kl(0.0, 1e-4)) < 1e-10
        mixed = np.diag([1e-20, 1.0, 1e20])                 # badly scaled, but no row leans on another
        assert abs(multivariate.kl(0.0, mixed, 0.0, 2 * mixed) - 3 * gaussian.kl(0.0, 1.0, 0.0, 2.0)) < 1e-12


def test_batches_lead():
    rng = np.random.default_rng(3)
    covariance = np.stack([covariance_of(rng, 3) for _ in range(4)])
    mean, x = rng.standard_normal((4, 3)), rng.standard_normal((5, 1, 3))
    assert multivariate.log_density(x, mean, covariance).shape == (5, 4)
    assert multivariate.reparameterize(mean, covariance, x).shape == (5, 4, 3)
    values = multivariate.kl(mean, covariance)
    assert values.shape == (4,)
    for i in range(4):
        assert abs(values[i] - multivariate.kl(mean[i], covariance[i])) < 1e-14
    mixed = multivariate.kl(mean, covariance, x, covariance[1])
    assert mixed.shape == (5, 4)
    assert abs(mixed[2, 3] - multivariate.kl(mean[3], covariance[3], x[2, 0], covariance[1])) < 1e-13


@given(pairs())
def test_forward_substitution_is_that_of_scipy(pair):
    factor = multivariate.cholesky(pair[1])
    np.testing.assert_allclose(factor @ factor.T, pair[1], rtol=0, atol=20 * EPS)      # entries up to 1
    right = np.stack([pair[0], pair[2]], axis=-1)
    expected = scipy.linalg.solve_triangular(factor, right, lower=True)
    np.testing.assert_allclose(multivariate.solve_lower(factor, right), expected, rtol=0,
                               atol=1e-10 * np.abs(expected).max())


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])


@pytest.mark.parametrize("bad, message", [
    ([[1.0, 0.5], [0.4, 1.0]],
     r"covariance must be symmetric, but its entry \(0, 1\) is 0.5 and its entry \(1, 0\) is 0.4"),
    (np.diag([1e6, 1e-6]) + [[0, 1e-7], [-1e-7, 0]], r"covariance must be symmetric, .* 1e-07 .* -1e-07"),
    ([[1.0, 2.0], [2.0, 1.0]], "covariance must be positive definite, but its smallest eigenvalue is -1$"),
    (np.diag([1.0, -3.0]), "covariance must be positive definite, but its smallest eigenvalue is -3$"),
    (SINGULAR, "covariance must be positive definite, but its smallest eigenvalue is "),
    (np.stack([np.eye(2), -np.eye(2)]), "covariance must be positive definite, but its smallest eigenvalue is -1$"),
    (np.zeros((2, 2)), "covariance must be positive definite, but its smallest eigenvalue is 0$"),
    (np.ones((2, 3)), r"covariance must have shape \(..., d, d\) with d at least 1, but its shape is \(2, 3\)"),
    (3.0, r"covariance must have shape \(..., d, d\) with d at least 1, but its shape is \(\)"),
    (np.ones((0, 0)), r"covariance must have shape .* but its shape is \(0, 0\)"),
    ([[1.0, np.nan], [np.nan, 1.0]], "covariance must be finite everywhere, but holds nan"),
])
def test_what_is_no_covariance_is_refused_by_name(bad, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        multivariate.kl(0.0, bad)
    with pytest.raises(ValueError, match=f"^{message}"):
        multivariate.log_density(0.0, 0.0, bad)
    with pytest.raises(ValueError, match=f"^other_{message}"):
        multivariate.kl(0.0, np.eye(2), 0.0, bad)


def test_a_matrix_that_is_singular_but_for_rounding_is_refused():
    rng = np.random.default_rng(5)
    thin = rng.standard_normal((6, 5))
    with pytest.raises(ValueError, match="^covariance must be positive definite, but its smallest eigenvalue is"):
        multivariate.kl(0.0, thin @ thin.T)                 # rank 5 of 6, though rounding may lift it above 0


def test_rounding_is_no_asymmetry():
    covariance = covariance_of(np.random.default_rng(8), 20, 1e10)
    assert (covariance != covariance.T).any()
    assert multivariate.kl(0.0, covariance) > 0


@pytest.mark.parametrize("call, message", [
    (lambda: multivariate.kl([0.0, 1.0, 2.0], np.eye(2)), r"mean must have 2 entries .* shape is \(3,\)"),
    (lambda: multivariate.kl(0.0, np.eye(2), [1.0]), r"other_mean must have 2 entries .* shape is \(1,\)"),
    (lambda: multivariate.kl(0.0, np.eye(2), 0.0, np.eye(3)), r"other_covariance must have the 2 dim.* \(3, 3\)"),
    (lambda: multivariate.log_density([1.0], 0.0, np.eye(2)), r"x must have 2 entries .* shape is \(1,\)"),
    (lambda: multivariate.reparameterize(0.0, np.eye(2), np.zeros(3)), r"noise must have 2 entries .* \(3,\)"),
    (lambda: multivariate.kl(np.nan, np.eye(2)), "mean must be finite everywhere, but holds nan"),
])
def test_bad_vectors_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
