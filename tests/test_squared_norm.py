"""Gradients of E|z|^2 in d dimensions against tensor quadrature, the one-dimensional example, and simulation."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib import gradients, simple_example, squared_norm

MEANS = [[0.0], [1.5], [0.0, 0.0], [1.0, -2.0], [0.5, 0.0, 3.0]]


def quadrature(d):
    """Points (4^d, d) and weights, exact for polynomials of degree up to 7 in each component."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(4)
    points = np.array(list(itertools.product(nodes, repeat=d)))
    return points, np.prod(list(itertools.product(weights / weights.sum(), repeat=d)), axis=-1)


@pytest.mark.parametrize("mean", MEANS)
@pytest.mark.parametrize("baseline", [0.0, 2.0, -5.0])
def test_mean_and_variance_by_quadrature(mean, baseline):
    x, weights = quadrature(len(mean))                      # degree 6 in a component: squares of cubic terms
    exact = 2 * np.array(mean)
    for terms, variance in (
        (squared_norm.reinforce(mean, x, baseline), squared_norm.reinforce_variance(mean, baseline)),
        (squared_norm.reparameterized(mean, x), np.full(len(mean), 4.0)),
    ):
        np.testing.assert_allclose(weights @ terms, exact, rtol=0, atol=1e-11)
        np.testing.assert_allclose(weights @ (terms - exact) ** 2, variance, rtol=1e-12)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_one_dimension_is_the_simple_example(mu, baseline):
    expected = simple_example.reinforce_variance(mu, 1.0, 0.0, baseline)
    np.testing.assert_allclose(squared_norm.reinforce_variance([mu], baseline), [expected], rtol=1e-13)
    np.testing.assert_allclose(squared_norm.best_baseline([mu]), simple_example.best_baseline(mu, 1.0, 0.0), rtol=1e-15)


@pytest.mark.parametrize("d", [1, 2, 10, 100])
def test_at_the_minimum(d):
    zero = np.zeros(d)
    np.testing.assert_array_equal(squared_norm.reinforce_variance(zero), (d + 2) * (d + 4))
    np.testing.assert_array_equal(squared_norm.reinforce_variance(zero, squared_norm.best_baseline(zero)), 2 * (d + 2))


@pytest.mark.parametrize("mean", MEANS)
def test_no_baseline_does_better_than_the_best(mean):
    best = squared_norm.best_baseline(mean)
    least = squared_norm.reinforce_variance(mean, best)
    for other in (best - 0.1, best + 0.1, 0.0):
        assert (squared_norm.reinforce_variance(mean, other) > least).all()


def test_a_hundred_dimensions_simulated():
    rng = np.random.default_rng(100)
    mean, x = np.full(100, 0.3), rng.standard_normal((4_000, 100))
    for baseline in (0.0, squared_norm.best_baseline(mean)):
        terms = squared_norm.reinforce(mean, x, baseline)
        squares, error = gradients.mean_and_error((terms - 0.6) ** 2)
        off = (squares - squared_norm.reinforce_variance(mean, baseline)) / error
        # components share |z|^2, so these are not independent; each is beyond 5.5 in 1 of 10^7, skewed a little
        assert np.abs(off).max() < 5.5


def test_leading_axes_are_kept():
    means = np.random.default_rng(0).normal(size=(3, 2, 4))
    variances = squared_norm.reinforce_variance(means)
    assert variances.shape == means.shape and squared_norm.best_baseline(means).shape == (3, 2)
    np.testing.assert_array_equal(variances[2, 1], squared_norm.reinforce_variance(means[2, 1]))


def test_bad_arguments_are_named():
    for call, message in [
        (lambda: squared_norm.reinforce_variance(1.0), "mean must have components on its last axis"),
        (lambda: squared_norm.best_baseline([]), "mean must have components on its last axis"),
        (lambda: squared_norm.reinforce_variance([np.nan]), "mean must be finite everywhere, but holds nan"),
        (lambda: squared_norm.reinforce_variance([1.0], np.inf), "baseline must be finite everywhere, but holds inf"),
        (lambda: squared_norm.reinforce([1.0, 2.0], np.zeros((5, 3))), "noise must have the 2 components of mean"),
        (lambda: squared_norm.reparameterized([1.0, 2.0], np.zeros((5, 3))), "noise must have the 2 components"),
    ]:
        with pytest.raises(ValueError, match=f"^{message}"):
            call()
