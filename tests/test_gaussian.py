"""The Gaussian against scipy, quadrature, finite differences, and the formulas the slides print wrongly."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import gaussian

EPS = np.finfo(float).eps
NUMBER = st.floats(-1e3, 1e3)
VARIANCE = st.floats(1e-3, 1e3)


@given(NUMBER, NUMBER, VARIANCE)
def test_log_density_is_that_of_scipy_with_the_variance_second(z, mean, variance):
    expected = scipy.stats.norm.logpdf(z, loc=mean, scale=np.sqrt(variance))
    # A few roundings of either term; near its zero the two terms, of size up to 5, cancel.
    np.testing.assert_allclose(gaussian.log_density(z, mean, variance), expected, rtol=8 * EPS, atol=64 * EPS)


@pytest.mark.parametrize("mean, variance", [(0.0, 1.0), (1.5, 0.25), (-2.0, 9.0)])
def test_the_density_integrates_to_one_and_the_printed_one_does_not(mean, variance):   # erratum E16
    spread = np.sqrt(variance)
    total, _ = scipy.integrate.quad(lambda z: np.exp(gaussian.log_density(z, mean, variance)), mean - 12 * spread,
                                    mean + 12 * spread)
    assert abs(total - 1) < 1e-7                            # quad's default promise is 1.5e-8; the tails hold 4e-33
    printed, _ = scipy.integrate.quad(lambda z: np.exp(-((z - mean) ** 2) / variance) / (np.sqrt(2 * np.pi) * spread),
                                      mean - 12 * spread, mean + 12 * spread)
    assert abs(printed - 0.70711) < 5e-6                    # five digits are printed


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.1, 10))
def test_the_score_is_the_derivative_in_the_mean(z, mean, variance):                   # erratum E17
    step = 1e-4
    above, below = (gaussian.log_density(z, mean + d, variance) for d in (step, -step))
    # log N is a parabola in the mean, so central differences err by rounding only: eps * 510 / 1e-4 = 1e-9.
    assert abs(gaussian.mean_score(z, mean, variance) - (above - below) / (2 * step)) < 4e-9


def test_the_score_has_mean_zero_and_variance_one_over_the_variance():
    nodes, weights = np.polynomial.hermite_e.hermegauss(8)  # exact for polynomials up to degree 15
    weights = weights / weights.sum()
    score = gaussian.mean_score(2.0 + 3.0 * nodes, 2.0, 9.0)
    assert abs(weights @ score) < 8 * EPS and abs(weights @ score**2 - 1 / 9) < 8 * EPS


def test_reparameterize_is_location_and_scale():
    np.testing.assert_array_equal(gaussian.reparameterize(2.0, 9.0, [0.0, 1.0, -2.0]), [2.0, 5.0, -4.0])
    z = gaussian.reparameterize(-1.0, 4.0, np.random.default_rng(0).normal(size=20_000))
    assert scipy.stats.kstest(z, scipy.stats.norm(-1.0, 2.0).cdf).pvalue > 1e-6        # false alarm: 1 seed in 10^6


@given(st.floats(-5, 5), st.floats(0.05, 20), st.floats(-5, 5), st.floats(0.05, 20))
def test_the_divergence_is_its_integral(mean, variance, other_mean, other_variance):
    x, weights = np.polynomial.legendre.leggauss(200)       # of degree 399, on 24 standard deviations
    z = mean + 12 * np.sqrt(variance) * x
    log_p = scipy.stats.norm.logpdf(z, mean, np.sqrt(variance))
    log_q = scipy.stats.norm.logpdf(z, other_mean, np.sqrt(other_variance))
    integral = 12 * np.sqrt(variance) * np.sum(weights * np.exp(log_p) * (log_p - log_q))
    # The rule is exact to 1e-15 and the tails hold 4e-33; log_p - log_q reaches 1e5 where p is small.
    exact = gaussian.kl(mean, variance, other_mean, other_variance)
    assert abs(integral - exact) < 1e-10 * max(1.0, exact)


def test_the_divergence_to_the_standard_normal_and_the_printed_one():                  # erratum E32
    mean, sigma = 1.2, 0.7
    right = gaussian.kl(mean, sigma**2)
    assert abs(right - 0.82167) < 5e-6                      # five digits are printed
    assert abs(right - (sigma**2 + mean**2 - 1 - np.log(sigma**2)) / 2) < 4 * EPS
    assert abs((sigma**2 / 2 + mean**2 / 2 - 1 / 2 - np.log(sigma**2)) / 2 - 0.58917) < 5e-6
    assert abs(gaussian.kl(mean, sigma**2, 1.0, 1.0) - 0.12167) < 5e-6                 # erratum E30: mean 1 for 0


@given(NUMBER, VARIANCE, NUMBER, VARIANCE)
def test_the_divergence_is_never_negative_and_0_only_where_nothing_differs(mean, variance, other_mean, other_variance):
    assert gaussian.kl(mean, variance, mean, variance) == 0
    with np.errstate(all="raise", under="ignore"):
        value = gaussian.kl(mean, variance, other_mean, other_variance)
    assert value >= 0
    if abs(mean - other_mean) > 1e-6 or abs(np.log(variance / other_variance)) > 1e-6:
        assert value > 0


@given(st.floats(1e-8, 1e-5), st.sampled_from([1.0, -1.0]), st.floats(0.5, 2))
def test_close_to_each_other_the_digits_stay(size, sign, variance):
    # change^2 / 4 for a small change of log variance, to relative order change; log loses eps of its value, here 0.7.
    value = gaussian.kl(0.0, variance * np.exp(sign * size), 0.0, variance)
    assert abs(value / (size**2 / 4) - 1) < size + 16 * EPS / size


def test_the_divergence_has_the_slopes_of_its_derivation():
    # By the mean (m - m0) / v0, by the variance (1 / v0 - 1 / v) / 2; central differences err by step^2.
    mean, variance, other_mean, other_variance, step = 0.3, 0.8, -0.5, 2.5, 1e-5
    by_mean = gaussian.kl(mean + step, variance, other_mean, other_variance)
    by_mean -= gaussian.kl(mean - step, variance, other_mean, other_variance)
    by_variance = gaussian.kl(mean, variance + step, other_mean, other_variance)
    by_variance -= gaussian.kl(mean, variance - step, other_mean, other_variance)
    assert abs(by_mean / (2 * step) - (mean - other_mean) / other_variance) < 1e-9
    assert abs(by_variance / (2 * step) - (1 / other_variance - 1 / variance) / 2) < 1e-9


def test_arguments_broadcast():
    z, mean, variance = np.zeros((5, 1, 1)), np.arange(3.0)[:, None], np.array([1.0, 2.0])
    for function in (gaussian.log_density, gaussian.mean_score):
        result = function(z, mean, variance)
        assert result.shape == (5, 3, 2) and result[4, 2, 1] == function(0.0, 2.0, 2.0)
    assert gaussian.reparameterize(mean, variance, z).shape == (5, 3, 2)
    assert gaussian.kl(mean, variance, z).shape == (5, 3, 2)
    assert gaussian.kl(mean, variance)[2, 1] == gaussian.kl(2.0, 2.0, 0.0, 1.0)


@pytest.mark.parametrize("function, first", [(lambda z, m, v: gaussian.log_density(z, m, v), "z"),
                                             (lambda z, m, v: gaussian.mean_score(z, m, v), "z"),
                                             (lambda noise, m, v: gaussian.reparameterize(m, v, noise), "noise")])
def test_bad_arguments_are_named(function, first):
    for bad, message in [((np.nan, 0.0, 1.0), f"{first} must be finite everywhere, but holds nan"),
                         ((0.0, np.inf, 1.0), "mean must be finite everywhere, but holds inf"),
                         ((0.0, 0.0, 0.0), "variance must be positive everywhere, but its smallest entry is 0.0"),
                         ((0.0, 0.0, [1.0, -4.0]), "variance must be positive everywhere, .* -4.0"),
                         ((0.0, 0.0, np.nan), "variance must be finite everywhere, but holds nan")]:
        with pytest.raises(ValueError, match=f"^{message}"):
            function(*bad)


def test_bad_arguments_of_the_divergence_are_named():
    for bad, message in [((np.nan, 1.0), "mean must be finite everywhere, but holds nan"),
                         ((0.0, 0.0), "variance must be positive everywhere, but its smallest entry is 0.0"),
                         ((0.0, 1.0, np.inf), "other_mean must be finite everywhere, but holds inf"),
                         ((0.0, 1.0, 0.0, -2.0), "other_variance must be positive everywhere, .* -2.0")]:
        with pytest.raises(ValueError, match=f"^{message}"):
            gaussian.kl(*bad)
