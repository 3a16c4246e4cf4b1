"""The Gaussian against scipy, quadrature, finite differences, and the two formulas the slides print wrongly."""

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


def test_arguments_broadcast():
    z, mean, variance = np.zeros((5, 1, 1)), np.arange(3.0)[:, None], np.array([1.0, 2.0])
    for function in (gaussian.log_density, gaussian.mean_score):
        result = function(z, mean, variance)
        assert result.shape == (5, 3, 2) and result[4, 2, 1] == function(0.0, 2.0, 2.0)
    assert gaussian.reparameterize(mean, variance, z).shape == (5, 3, 2)


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
