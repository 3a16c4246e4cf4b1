"""The nearest Gaussians against scipy's quadrature and minimiser, and against moments and peaks worked out by hand."""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import gaussian, kl

TWO = ([0.5, 0.5], [-2.0, 2.0], [0.5, 0.5])
THREE = ([0.2, 0.5, 0.3], [-3.0, 0.5, 2.0], [0.4, 1.0, 0.6])


def density(z, weights, means, variances):
    return sum(w * scipy.stats.norm.pdf(z, m, np.sqrt(v)) for w, m, v in zip(weights, means, variances, strict=True))


def integral(f, low, high):
    value, _ = scipy.integrate.quad(f, low, high, limit=500, epsabs=1e-11, epsrel=1e-11, points=[-2.0, 0.0, 2.0])
    return value


@pytest.mark.parametrize("mixture", [TWO, THREE])
def test_log_density_and_moments(mixture):
    z = np.linspace(-6, 6, 41).reshape(1, 41)
    np.testing.assert_allclose(kl.mixture_log_density(z, *mixture), np.log(density(z, *mixture)), rtol=0, atol=1e-13)
    mean, variance = kl.mixture_moments(*mixture)
    assert abs(mean - integral(lambda z: z * density(z, *mixture), -15, 15)) < 1e-9    # what quad is asked for, and
    assert abs(variance - integral(lambda z: (z - mean) ** 2 * density(z, *mixture), -15, 15)) < 1e-9  # a few of it


@pytest.mark.parametrize("mixture", [TWO, THREE])
@pytest.mark.parametrize("mean, variance", [(0.0, 1.0), (-1.5, 0.3), (0.7, 4.0)])
def test_both_divergences_are_their_integrals(mixture, mean, variance):
    def log_q(z):
        return scipy.stats.norm.logpdf(z, mean, np.sqrt(variance))

    reach = 9 * np.sqrt(variance)
    expected = integral(lambda z: np.exp(log_q(z)) * (log_q(z) - kl.mixture_log_density(z, *mixture)), mean - reach,
                        mean + reach)
    assert abs(kl.to_mixture(mean, variance, *mixture) - expected) < 1e-9              # quad's promise and both rules'
    expected = integral(lambda z: density(z, *mixture) * (kl.mixture_log_density(z, *mixture) - log_q(z)), -12, 12)
    assert abs(kl.from_mixture(mean, variance, *mixture) - expected) < 1e-9


@given(st.floats(-3, 3), st.floats(0.1, 5), st.floats(-3, 3), st.floats(0.1, 5))
def test_one_component_is_the_closed_form(mean, variance, other_mean, other_variance):
    one = [1.0], [other_mean], [other_variance]
    expected = gaussian.kl(mean, variance, other_mean, other_variance)
    assert abs(kl.to_mixture(mean, variance, *one) - expected) < 1e-11 * (1 + expected)  # sums of 1,201 terms
    expected = gaussian.kl(other_mean, other_variance, mean, variance)
    assert abs(kl.from_mixture(mean, variance, *one) - expected) < 1e-11 * (1 + expected)


@given(st.floats(-4, 4), st.floats(0.05, 10))
def test_the_points_are_fine_enough(mean, variance):
    x = np.linspace(-9, 9, 48_001)                          # 40 times as fine
    bell = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi) * (x[1] - x[0])
    expected = -0.5 * np.log(2 * np.pi * np.e * variance) - bell @ kl.mixture_log_density(
        mean + np.sqrt(variance) * x, *TWO)
    assert abs(kl.to_mixture(mean, variance, *TWO) - expected) < 1e-9 # sqrt(10) * 4 / 0.5 = 25: near the stated limit


@pytest.mark.parametrize("mixture", [TWO, THREE])
def test_the_moments_make_the_forward_divergence_smallest(mixture):
    mean, variance = kl.mixture_moments(*mixture)
    best = kl.from_mixture(mean, variance, *mixture)
    for other in np.random.default_rng(0).uniform([-3, 0.2], [3, 9], (200, 2)):
        excess = kl.from_mixture(*other, *mixture) - best
        assert abs(excess - gaussian.kl(mean, variance, *other)) < 1e-9   # Pythagoras: the rest is a divergence


@pytest.mark.parametrize("mixture", [TWO, THREE, ([0.5, 0.5], [-1.0, 1.0], [0.5, 0.5]),
                                     ([0.7, 0.3], [-1.5, 1.5], [0.5, 0.5])])
def test_the_mode_seeking_minimum_is_that_of_scipy(mixture):
    mean, variance = kl.mode_seeking(*mixture)
    value = kl.to_mixture(mean, variance, *mixture)

    def objective(at):
        return float(kl.to_mixture(at[0], np.exp(2 * at[1]), *mixture))

    starts = [(m, s) for m in np.linspace(-4, 4, 9) for s in (-1.0, 0.0, 1.0)]
    found = [scipy.optimize.minimize(objective, start, method="Nelder-Mead").fun for start in starts]
    assert abs(min(found) - value) < 1e-7                   # Nelder-Mead stops at differences of 1e-4, squared
    eps = 1e-5                                              # and the slopes are 0, by differences that err by 1e-9
    assert abs(objective((mean + eps, np.log(variance) / 2)) - objective((mean - eps, np.log(variance) / 2))) < 1e-11


def test_descent_reaches_the_peak_it_starts_on():
    for start in (-2.0, 2.0):
        mean, variance = kl.descend(start, 0.5, *TWO)
        assert abs(mean - np.sign(start) * 1.9795) < 1e-4 and abs(variance - 0.5412) < 1e-4
        assert abs(kl.to_mixture(mean, variance, *TWO) - np.log(2)) < 0.01             # half of p is never visited
    apart = ([0.5, 0.5], [-6.0, 6.0], [0.5, 0.5])
    assert abs(kl.to_mixture(*kl.descend(-6.0, 0.5, *apart), *apart) - np.log(2)) < 1e-9


def test_one_component_is_found_from_afar():
    for start in ((-3.0, 0.1), (5.0, 9.0), (0.0, 1.0)):
        mean, variance = kl.descend(*start, [1.0], [1.0], [2.0])
        assert abs(mean - 1) < 1e-7 and abs(variance - 2) < 1e-7          # slopes below 1e-8, curvatures 1 and 2


def test_the_better_peak_is_chosen_and_of_equal_ones_the_first():
    assert kl.mode_seeking([0.3, 0.7], [-3.0, 3.0], [0.5, 0.5])[0] > 2.9
    assert kl.mode_seeking([0.5, 0.5], [-3.0, 3.0], [0.5, 0.5])[0] < -2.9
    assert kl.mode_seeking([0.5, 0.5], [3.0, -3.0], [0.5, 0.5])[0] > 2.9


def test_a_descent_that_runs_out_of_steps_says_so():
    with pytest.raises(ArithmeticError, match="slopes must come below 1e-8, but 1 steps leave"):
        kl.descend(0.5, 3.0, *TWO, steps=1)


def test_shapes():
    means, variances = np.zeros((4, 1)), np.ones(3)
    assert kl.to_mixture(means, variances, *TWO).shape == (4, 3)
    assert kl.from_mixture(means, variances, *TWO).shape == (4, 3)


@pytest.mark.parametrize("bad, message", [
    (([0.5, 0.6], [0.0, 1.0], [1.0, 1.0]), "weights must sum to 1, but their sum is 1.1"),
    (([1.5, -0.5], [0.0, 1.0], [1.0, 1.0]), "weights must be positive everywhere, but its smallest entry is -0.5"),
    (([0.5, 0.5], [0.0, np.nan], [1.0, 1.0]), "means must be finite everywhere, but holds nan"),
    (([0.5, 0.5], [0.0, 1.0], [1.0, 0.0]), "variances must be positive everywhere, but its smallest entry is 0.0"),
    (([0.5, 0.5], [0.0], [1.0, 1.0]), r"means must have one entry for each component, .* \(1,\) beside \(2,\)"),
    ((1.0, 0.0, 1.0), r"weights must have one entry for each component, .* \(\) beside \(\)"),
])
def test_what_is_no_mixture_is_refused_by_name(bad, message):
    for call in (lambda: kl.mixture_log_density(0.0, *bad), lambda: kl.mixture_moments(*bad),
                 lambda: kl.to_mixture(0.0, 1.0, *bad), lambda: kl.from_mixture(0.0, 1.0, *bad),
                 lambda: kl.descend(0.0, 1.0, *bad), lambda: kl.mode_seeking(*bad)):
        with pytest.raises(ValueError, match=f"^{message}"):
            call()


def test_bad_gaussians_are_named():
    for call in (kl.to_mixture, kl.from_mixture, kl.descend):
        with pytest.raises(ValueError, match="^mean must be finite everywhere, but holds nan"):
            call(np.nan, 1.0, *TWO)
        with pytest.raises(ValueError, match="^variance must be positive everywhere, but its smallest entry is 0.0"):
            call(0.0, 0.0, *TWO)
    with pytest.raises(ValueError, match="^z must be finite everywhere, but holds inf"):
        kl.mixture_log_density(np.inf, *TWO)
