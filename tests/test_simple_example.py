"""The simple example against quadrature that is exact for it, a simulation, and the slides' misprints.

All its integrands are polynomials in x ~ N(0, 1) of degree six at most; Gauss-Hermite with 8 nodes is exact up to 15.
"""

import functools

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from lib import gradients, simple_example

EPS = np.finfo(float).eps
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(8)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
NUMBER = st.floats(-4, 4)
# Eight terms are added, each with some ten roundings: 100 eps of the largest at most, whose size each test states.
ROUNDING = 100 * EPS


@given(NUMBER, NUMBER, NUMBER)
def test_objective_and_gradient(theta, a, b):
    mu = simple_example.mean(theta, a, b)
    assert mu == a * theta + b
    z = mu + NODES
    size = 25**2                                            # of z^2 at the outermost node
    np.testing.assert_allclose(simple_example.objective(theta, a, b), WEIGHTS @ z**2, rtol=0, atol=ROUNDING * size)
    # A parabola in theta: central differences err only by rounding, 2 eps * 401 / 1e-3.
    above, below = (simple_example.objective(theta + d, a, b) for d in (1e-3, -1e-3))
    assert abs(simple_example.gradient(theta, a, b) - (above - below) / 2e-3) < 1e-9


@pytest.mark.parametrize("a, b, theta", [(2.0, 3.0, -1.5), (-0.5, 1.0, 2.0), (3.0, 0.0, 0.0)])
def test_the_minimizer_minimises(a, b, theta):              # erratum E18: F is minimised, it has no maximum
    assert simple_example.minimizer(a, b) == theta
    found = scipy.optimize.minimize_scalar(lambda t: simple_example.objective(t, a, b)).x
    assert abs(found - theta) < 1e-6                        # a minimum is found to about the square root of eps
    assert simple_example.gradient(theta, a, b) == 0 and simple_example.objective(theta, a, b) == 1
    assert simple_example.objective(theta + 1e6, a, b) > 1e9


@given(NUMBER, NUMBER, NUMBER, st.floats(-20, 20))
def test_both_estimators_have_the_gradient_as_their_mean(theta, a, b, baseline):
    expected = simple_example.gradient(theta, a, b)
    for terms in (simple_example.reinforce(theta, a, b, NODES),
                  simple_example.reinforce(theta, a, b, NODES, baseline),
                  simple_example.reparameterized(theta, a, b, NODES)):
        assert abs(WEIGHTS @ terms - expected) < ROUNDING * 1e5         # terms below 800 * 4 * 5


@given(NUMBER, NUMBER, NUMBER, st.floats(-20, 20))
def test_both_variances_are_exact(theta, a, b, baseline):
    def variance(terms):
        return WEIGHTS @ (terms - WEIGHTS @ terms) ** 2

    for c in (0.0, baseline):
        terms = simple_example.reinforce(theta, a, b, NODES, c)
        expected = simple_example.reinforce_variance(theta, a, b, c)
        np.testing.assert_allclose(expected, variance(terms), rtol=1e-12, atol=ROUNDING * 1e8)         # (600 * 4 * 4)^2
    terms = simple_example.reparameterized(theta, a, b, NODES)
    expected = simple_example.reparameterized_variance(theta, a, b)
    np.testing.assert_allclose(expected, variance(terms), rtol=1e-12, atol=ROUNDING * 1e5)             # (2 * 4 * 25)^2


@given(NUMBER, NUMBER, NUMBER)
def test_without_a_baseline_the_variance_is_the_printed_polynomial(theta, a, b):       # erratum E43
    mu = a * theta + b
    expected = a**2 * (mu**4 + 14 * mu**2 + 15)
    np.testing.assert_allclose(simple_example.reinforce_variance(theta, a, b), expected, rtol=16 * EPS)


def test_reference_figures():                               # errata E19 and E43
    a, b = 2.0, 3.0
    assert simple_example.gradient(0.0, a, b) == 12
    assert simple_example.reinforce_variance(0.0, a, b) == 888
    assert simple_example.reparameterized_variance(0.0, a, b) == 16
    best = simple_example.minimizer(a, b)
    assert simple_example.reinforce_variance(best, a, b) / simple_example.reparameterized_variance(best, a, b) == 3.75


def test_the_gradient_integral_as_printed_gives_another_number():                      # erratum E19
    def integrand(z, factor):                               # factor 1 as printed: 2 (z - mu), exp(-(z - mu)^2)
        density = np.exp(-((z - 3.0) ** 2) / factor) / np.sqrt(2 * np.pi)
        return z**2 * 2 / factor * (z - 3.0) * density * 2.0

    printed, _ = scipy.integrate.quad(integrand, -9, 15, args=(1.0,))
    right, _ = scipy.integrate.quad(integrand, -9, 15, args=(2.0,))
    assert abs(printed - 8.485) < 5e-4                      # three digits are printed
    assert abs(right - simple_example.gradient(0.0, 2.0, 3.0)) < 1e-6                  # quad promises 1.5e-8


@pytest.mark.parametrize("theta", [-3.0, -1.5, 0.0])
def test_variances_agree_with_a_simulation(theta):
    a, b, n = 2.0, 3.0, 200_000
    noise = np.random.default_rng(0).normal(size=n)
    for terms, variance in [
        (simple_example.reinforce(theta, a, b, noise), simple_example.reinforce_variance(theta, a, b)),
        (simple_example.reinforce(theta, a, b, noise, 9.0), simple_example.reinforce_variance(theta, a, b, 9.0)),
        (simple_example.reparameterized(theta, a, b, noise), simple_example.reparameterized_variance(theta, a, b)),
    ]:
        mean, error = gradients.mean_and_error(terms)
        assert abs(mean - simple_example.gradient(theta, a, b)) < 5 * error            # false alarm: 6e-7
        squares, squares_error = gradients.mean_and_error((terms - mean) ** 2)
        assert abs(squares - variance) < 6 * squares_error  # heavier tails than a Gaussian's, so 6


@given(NUMBER, NUMBER.filter(lambda a: abs(a) > 1e-2), NUMBER)
def test_the_best_baseline_is_where_the_variance_is_smallest(theta, a, b):
    best = simple_example.best_baseline(theta, a, b)
    z = a * theta + b + NODES
    # E[z^2 x^2] / E[x^2] by quadrature, and the same from the general formula with the weights taken into the scores.
    np.testing.assert_allclose(best, WEIGHTS @ (z**2 * NODES**2), rtol=0, atol=ROUNDING * 1e4)
    general = gradients.best_baseline(z**2, np.sqrt(WEIGHTS) * NODES * a)
    np.testing.assert_allclose(best, general, rtol=0, atol=ROUNDING * 1e4)
    smallest = simple_example.reinforce_variance(theta, a, b, best)
    mu = a * theta + b
    np.testing.assert_allclose(smallest, a**2 * (8 * mu**2 + 6), rtol=16 * EPS)
    for c in (best - 1.0, best + 1.0):
        assert simple_example.reinforce_variance(theta, a, b, c) > smallest
    assert smallest > simple_example.reparameterized_variance(theta, a, b)


def test_terms_by_hand():
    noise = np.array([1.0, -2.0])                           # mu = 5, z = (6, 3), a = 2
    np.testing.assert_array_equal(simple_example.reinforce(1.0, 2.0, 3.0, noise), [72.0, -36.0])
    np.testing.assert_array_equal(simple_example.reinforce(1.0, 2.0, 3.0, noise, 6.0), [60.0, -12.0])
    np.testing.assert_array_equal(simple_example.reinforce(1.0, 2.0, 3.0, noise, [36.0, 0.0]), [0.0, -36.0])
    np.testing.assert_array_equal(simple_example.reparameterized(1.0, 2.0, 3.0, noise), [24.0, 12.0])


def test_terms_of_many_thetas_at_once():
    theta, noise = np.array([[-2.0], [0.5]]), np.random.default_rng(1).normal(size=(2, 6))
    baseline = simple_example.best_baseline(theta, 2.0, 3.0)
    for function in (simple_example.reinforce_variance, simple_example.reparameterized_variance):
        assert function(theta, 2.0, 3.0).tolist() == [[function(-2.0, 2.0, 3.0)], [function(0.5, 2.0, 3.0)]]
    for row in range(2):
        np.testing.assert_array_equal(simple_example.reinforce(theta, 2.0, 3.0, noise, baseline)[row],
                                      simple_example.reinforce(theta[row, 0], 2.0, 3.0, noise[row], baseline[row, 0]))
        np.testing.assert_array_equal(simple_example.reparameterized(theta, 2.0, 3.0, noise)[row],
                                      simple_example.reparameterized(theta[row, 0], 2.0, 3.0, noise[row]))


# --- descents ---------------------------------------------------------------------------------------------------------


def test_without_noise_the_descent_is_geometric():
    path = simple_example.descend(simple_example.reparameterized, 1.0, 2.0, 3.0, 0.05, np.zeros((40, 3)))
    # theta - theta* shrinks by 1 - 2 a^2 rate = 0.6 a step; rounding errors shrink with it.
    np.testing.assert_allclose(path, -1.5 + 2.5 * 0.6 ** np.arange(41), rtol=0, atol=16 * EPS)


@pytest.mark.parametrize("terms", [simple_example.reinforce, simple_example.reparameterized])
def test_the_descent_steps_against_the_mean_of_the_terms(terms):
    noise = np.random.default_rng(2).normal(size=(30, 10))
    path = simple_example.descend(terms, 0.0, 2.0, 3.0, 0.01, noise)
    assert path.shape == (31,) and path[0] == 0.0
    for step in range(30):
        expected = path[step] - 0.01 * np.mean(terms(path[step], 2.0, 3.0, noise[step]))
        assert abs(path[step + 1] - expected) < 16 * EPS    # ten terms below 100, added in another order, times 0.01


def test_runs_are_independent_descents():
    noise = np.random.default_rng(3).normal(size=(2, 4, 20, 5))
    start = np.array([0.0, -1.0, 1.0, 2.0])
    paths = simple_example.descend(simple_example.reparameterized, start, 2.0, 3.0, 0.05, noise)
    assert paths.shape == (2, 4, 21)
    for i, j in np.ndindex(2, 4):
        one = simple_example.descend(simple_example.reparameterized, start[j], 2.0, 3.0, 0.05, noise[i, j])
        np.testing.assert_allclose(paths[i, j], one, rtol=0, atol=1e-13)               # sums in another order, 20 steps


def test_the_descent_ends_at_the_spread_its_variance_predicts():
    # theta - theta* is an autoregression: factor r = 1 - 2 a^2 rate, noise rate * (mean of the terms' noise), so its
    # stationary variance is rate^2 (4 a^2 / samples) / (1 - r^2). Of 4000 runs: a standard error of sqrt(2 / 4000).
    a, b, rate, samples = 2.0, 3.0, 0.05, 4
    noise = np.random.default_rng(4).normal(size=(4000, 60, samples))
    end = simple_example.descend(simple_example.reparameterized, -1.5, a, b, rate, noise)[:, -1]
    r = 1 - 2 * a**2 * rate
    expected = rate**2 * (4 * a**2 / samples) / (1 - r**2)
    assert abs(end.var() / expected - 1) < 5 * 0.0224       # false alarm: 6e-7


def test_a_baseline_goes_in_as_a_partial_function():
    noise = np.random.default_rng(5).normal(size=(3, 4))
    terms = functools.partial(simple_example.reinforce, baseline=4.0)
    path = simple_example.descend(terms, 0.0, 2.0, 3.0, 0.01, noise)
    assert abs(path[1] + 0.01 * np.mean(((3 + noise[0]) ** 2 - 4) * noise[0] * 2)) < 16 * EPS          # below 100


@pytest.mark.parametrize("a, b, size", [(1e5, 0.0, 1e150), (1.0, 1e154, 1e154)])
def test_a_descent_fails_where_the_objective_leaves_the_range_of_a_float(a, b, size):
    # theta becomes `size`, whose square is still a float; that of mu = 1e155 and 2e154 is not.
    with pytest.raises(ValueError, match=r"^rate must be small enough .* with 1.0 it is not after step 1$"):
        simple_example.descend(lambda theta, a, b, noise: np.full(noise.shape, -size), 0.0, a, b, 1.0, np.zeros((1, 1)))


@pytest.mark.parametrize("terms", [simple_example.reinforce, simple_example.reparameterized])
def test_a_diverging_descent_fails_and_names_the_rate(terms):
    noise = np.random.default_rng(6).normal(size=(400, 4))
    message = r"^rate must be small enough .* with 9.0 it is not after step \d+"
    with np.errstate(all="raise", under="ignore"), pytest.raises(ValueError, match=message):
        simple_example.descend(terms, 0.0, 2.0, 3.0, 9.0, noise)


def reinforce_descent(theta, rate, noise):
    return simple_example.descend(simple_example.reinforce, theta, 2.0, 3.0, rate, noise)


@pytest.mark.parametrize("call, message", [
    (lambda: simple_example.mean(np.nan, 2, 3), "theta must be finite everywhere, but holds nan"),
    (lambda: simple_example.objective(0, np.inf, 3), "a must be finite everywhere, but holds inf"),
    (lambda: simple_example.gradient(0, 2, np.nan), "b must be finite everywhere, but holds nan"),
    (lambda: simple_example.reparameterized_variance(np.nan, 2, 3), "theta must be finite everywhere, but holds nan"),
    (lambda: simple_example.minimizer(0.0, 3.0), "a must not be 0, .* is 0.0"),
    (lambda: simple_example.minimizer([1.0, 0.0], 3.0), "a must not be 0, .* is 0.0"),
    (lambda: simple_example.minimizer(np.nan, 3.0), "a must be finite everywhere, but holds nan"),
    (lambda: simple_example.minimizer(1.0, np.inf), "b must be finite everywhere, but holds inf"),
    (lambda: simple_example.reinforce(0, 2, 3, [np.nan]), "noise must be finite everywhere, but holds nan"),
    (lambda: simple_example.reparameterized(0, 2, 3, [np.inf]), "noise must be finite everywhere, but holds inf"),
    (lambda: simple_example.reinforce_variance(0, 2, 3, np.nan), "baseline must be finite everywhere, but holds nan"),
    (lambda: reinforce_descent(0, 0.0, np.zeros((2, 2))), "rate must be positive everywhere, .* is 0.0"),
    (lambda: reinforce_descent(0, 0.1, np.zeros(4)), r"noise must have shape .* \(4,\)"),
    (lambda: reinforce_descent(0, 0.1, np.zeros((4, 0))), r"noise must have shape .* \(4, 0\)"),
    (lambda: reinforce_descent(np.nan, 0.1, np.zeros((0, 1))), "theta must be finite everywhere, but holds nan"),
    (lambda: reinforce_descent(0, 0.1, [[np.nan]]), "noise must be finite everywhere, but holds nan"),
])
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
