"""Losses against the densities of scipy, slopes against differences, fits against a general minimiser."""

import warnings

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import likelihood

EPS = np.finfo(float).eps
SCORE = st.floats(-30, 30)
STEP = 1e-5


def differences(function, at, step=STEP):
    """Central differences along each entry of `at`: error step^2 / 6 times a third derivative, and rounding."""
    units = step * np.eye(at.size).reshape((at.size,) + at.shape)
    return np.array([(function(at + unit) - function(at - unit)) / (2 * step) for unit in units]).reshape(at.shape)


# --- losses and slopes ------------------------------------------------------------------------------------------------


@given(SCORE, st.integers(0, 1))
def test_bernoulli_loss_is_minus_the_log_of_the_bernoulli_law(score, label):
    expected = -scipy.stats.bernoulli.logpmf(label, scipy.special.expit(score))
    # The law is given 1 - expit(30) with only three digits left: 1e-16 * e^30.
    assert abs(likelihood.bernoulli_loss(score, label) - expected) < 1e-12 + 4 * EPS * np.exp(abs(score))


@given(SCORE, st.integers(0, 1))
def test_bernoulli_loss_is_the_printed_one(score, label):      # slide S02, with its bracket
    sigma = scipy.special.expit
    expected = -(label * np.log(sigma(score)) + (1 - label) * np.log(sigma(-score)))
    assert abs(likelihood.bernoulli_loss(score, label) - expected) < 1e-13 * (1 + abs(score))
    assert abs(likelihood.bernoulli_loss(score, label) - (np.log1p(np.exp(score)) - label * score)) < 1e-13


@given(SCORE, st.integers(0, 1))
def test_bernoulli_slope(score, label):
    at = np.array([score])
    slope = differences(lambda s: likelihood.bernoulli_loss(s, np.array([label]))[0], at)
    assert abs(likelihood.bernoulli_slope(at, [label]) - slope)[0] < 1e-9   # 1e-10 / 6, and 30 eps / 1e-5
    expected = scipy.special.expit(score) - label
    assert abs(likelihood.bernoulli_slope(at, [label])[0] - expected) < 2 * EPS


def test_far_out_scores_cost_what_they_should():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(likelihood.bernoulli_loss([1e4, -1e4, 1e4], [0, 1, 1]), [1e4, 1e4, 0])
        np.testing.assert_array_equal(likelihood.categorical_loss([[1e4, 0], [1e4, 0]], np.array([1, 0])), [1e4, 0])
        # where 1 - sigma(40) would be 0 in floating point, the slope keeps its digits
        np.testing.assert_allclose(likelihood.bernoulli_slope([40.0], [1]), [-np.exp(-40.0)], rtol=1e-14)


ROWS = hnp.arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 5)), elements=st.floats(-15, 15))


@given(ROWS, st.randoms(use_true_random=False))
def test_categorical_loss_is_minus_the_log_of_the_softmax(logits, random):
    labels = np.array([random.randrange(logits.shape[1]) for _ in logits])
    rows = np.arange(len(logits))
    expected = -scipy.special.log_softmax(logits, axis=-1)[rows, labels]
    np.testing.assert_allclose(likelihood.categorical_loss(logits, labels), expected, rtol=0, atol=1e-13)
    p = scipy.special.softmax(logits, axis=-1)
    onehot = np.eye(logits.shape[1])[labels]
    law = [scipy.stats.multinomial.logpmf(y, 1, row / row.sum()) for y, row in zip(onehot, p, strict=True)]
    np.testing.assert_allclose(-np.array(law), expected, rtol=0, atol=1e-9)            # one draw: its coefficient is 1


@pytest.mark.parametrize("loss, slope", [
    (likelihood.categorical_loss, likelihood.categorical_slope),
    (likelihood.square_loss, likelihood.square_slope),
])
@given(logits=ROWS, random=st.randoms(use_true_random=False))
def test_slopes_of_losses_on_a_softmax(loss, slope, logits, random):
    labels = np.array([random.randrange(logits.shape[1]) for _ in logits])
    found = slope(logits, labels)
    np.testing.assert_allclose(found, differences(lambda s: loss(s, labels).sum(), logits), rtol=0, atol=2e-9)
    np.testing.assert_allclose(found.sum(axis=-1), 0, atol=1e-14)                      # a shift of all logits is free


@given(SCORE, st.integers(0, 1))
def test_two_classes_are_the_logistic_loss(score, label):
    two = likelihood.categorical_loss([score, 0.0], np.array(1 - label))               # class 0 is label 1
    assert abs(two - likelihood.bernoulli_loss(score, label)) < 1e-14 * (1 + abs(score))


@given(ROWS, st.randoms(use_true_random=False))
def test_square_loss_is_the_squared_distance(logits, random):
    labels = np.array([random.randrange(logits.shape[1]) for _ in logits])
    p, onehot = scipy.special.softmax(logits, axis=-1), np.eye(logits.shape[1])[labels]
    found = likelihood.square_loss(logits, labels)
    np.testing.assert_allclose(found, np.linalg.norm(p - onehot, axis=-1) ** 2, rtol=0, atol=1e-14)
    assert (found >= 0).all() and (found <= 2).all()
    jacobian = [np.diag(row) - np.outer(row, row) for row in p]
    expected = [2 * j @ (row - y) for j, row, y in zip(jacobian, p, onehot, strict=True)]
    np.testing.assert_allclose(likelihood.square_slope(logits, labels), expected, rtol=0, atol=1e-14)


def test_reference_figures_of_the_saturated_softmax():         # the question of slide S04
    logits, label = np.array([10.0, 0.0, 0.0]), np.array(1)
    assert abs(np.linalg.norm(likelihood.categorical_slope(logits, label)) - 1.414) < 5e-4
    assert abs(np.linalg.norm(likelihood.square_slope(logits, label)) - 3.4e-4) < 5e-6


def test_cross_entropy_is_convex_and_the_square_loss_is_not():
    rng = np.random.default_rng(0)
    one, two = 5 * rng.normal(size=(2, 500, 4))
    labels = rng.integers(0, 4, 500)
    for loss, convex in ((likelihood.categorical_loss, True), (likelihood.square_loss, False)):
        gap = (loss(one, labels) + loss(two, labels)) / 2 - loss((one + two) / 2, labels)
        assert (gap > -1e-13).all() == convex


# --- fits -------------------------------------------------------------------------------------------------------------


def data(seed, n=60, d=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = (rng.random(n) < scipy.special.expit(x @ rng.normal(size=d))).astype(int)
    return x, y, rng


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ridge", [0.0, 0.3, 20.0])
def test_fit_logistic_finds_the_minimum_a_general_minimiser_finds(seed, ridge):
    x, y, rng = data(seed)
    offset, weights = rng.normal(size=60), rng.integers(0, 3, 60)

    def loss(theta):
        signed = np.where(y == 1, 1, -1) * (x @ theta + offset)
        return np.sum(weights * np.logaddexp(0, -signed)) + 0.5 * ridge * theta @ theta

    found = likelihood.fit_logistic(x, y, offset=offset, weights=weights, ridge=ridge)
    best = scipy.optimize.minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(found, best.x, rtol=0, atol=1e-5)                       # BFGS stops at a slope of 1e-7
    assert np.abs(differences(loss, found)).max() < 1e-6                               # 60 terms of third order, 1e-10


def test_weights_count_examples_and_an_offset_is_a_feature_with_weight_one():
    x, y, rng = data(7)
    counts = rng.integers(0, 4, 60)
    repeated = likelihood.fit_logistic(np.repeat(x, counts, axis=0), np.repeat(y, counts))
    np.testing.assert_allclose(likelihood.fit_logistic(x, y, weights=counts), repeated, rtol=0, atol=1e-10)
    theta = likelihood.fit_logistic(x, y)
    part = likelihood.fit_logistic(x[:, :2], y, offset=x[:, 2] * theta[2])             # the rest is at its best already
    np.testing.assert_allclose(part, theta[:2], rtol=0, atol=1e-7)


def test_with_an_intercept_alone_the_fit_is_the_log_odds():
    y = np.array([1, 1, 1, 0])
    np.testing.assert_allclose(likelihood.fit_logistic(np.ones((4, 1)), y), [np.log(3)], rtol=1e-9)


@pytest.mark.parametrize("x, y", [
    (np.array([[1.0, -1.0], [1.0, -2.0], [1.0, 1.0], [1.0, 3.0]]), [0, 0, 1, 1]),      # separated at 0
    (np.array([[1.0], [1.0]]), [1, 1]),                                                # one label only
    (np.ones((4, 2)), [0, 1, 1, 0]),                                                   # two equal features
])
def test_without_a_single_minimum_the_fit_says_so_and_a_ridge_mends_it(x, y):
    with pytest.raises(ValueError, match="^labels must leave the loss a single finite minimum"):
        likelihood.fit_logistic(x, y)
    assert np.isfinite(likelihood.fit_logistic(x, y, ridge=0.1)).all()


def test_examples_of_weight_zero_do_not_make_up_for_a_dependent_feature():
    x, y = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 2.0]]), [0, 1, 1, 0]
    with pytest.raises(ValueError, match="linearly dependent"):
        likelihood.fit_logistic(x, y, weights=[1, 1, 1, 0])


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_the_fit_does_not_depend_on_the_scale_of_the_features(scale):
    x, y, _ = data(9)
    np.testing.assert_allclose(likelihood.fit_logistic(scale * x, y) * scale, likelihood.fit_logistic(x, y), rtol=1e-6)


# --- descents ---------------------------------------------------------------------------------------------------------


def test_the_descent_steps_down_the_gradient_of_the_mean_loss():
    x, _, rng = data(3)
    labels, start = rng.integers(0, 4, 60), rng.normal(size=(3, 4))
    path = likelihood.descend(likelihood.categorical_slope, x, labels, start, 0.7, 5)
    assert path.shape == (6, 3, 4)
    np.testing.assert_array_equal(path[0], start)
    for theta, then in zip(path, path[1:], strict=False):
        slope = differences(lambda t: likelihood.categorical_loss(x @ t, labels).mean(), theta)
        np.testing.assert_allclose(then, theta - 0.7 * slope, rtol=0, atol=1e-9)       # as for the slopes, times 0.7


def test_the_descent_of_one_score_ends_where_newtons_method_does():
    x, y, _ = data(5)
    path = likelihood.descend(likelihood.bernoulli_slope, x, y, np.zeros(3), 1.0, 3_000)
    assert path.shape == (3001, 3)
    np.testing.assert_allclose(path[-1], likelihood.fit_logistic(x, y), rtol=0, atol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_below_the_stated_rate_cross_entropy_falls_at_every_step(seed):
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(40, 3)) * 3, rng.integers(0, 3, 40)
    largest = np.linalg.eigvalsh(x.T @ x / 40)[-1]
    start = rng.normal(size=(3, 3)) * 2
    path = likelihood.descend(likelihood.categorical_slope, x, labels, start, 0.99 * 4 / largest, 200)
    losses = [likelihood.categorical_loss(x @ theta, labels).mean() for theta in path]
    assert (np.diff(losses) < 1e-14).all()
    path = likelihood.descend(likelihood.bernoulli_slope, x, labels // 2, start[:, 0], 0.99 * 8 / largest, 200)
    losses = [likelihood.bernoulli_loss(x @ theta, labels // 2).mean() for theta in path]
    assert (np.diff(losses) < 1e-14).all()


def test_the_stated_rate_is_the_largest_one():
    # Two classes, one feature +-1, labels at random: the loss bends by exactly 1/2 along (1, -1) / sqrt(2) at 0.
    x, labels = np.array([[1.0], [1.0]]), np.array([0, 1])
    start = np.array([[1e-3, -1e-3]])
    for rate, falls in ((3.9, True), (4.1, False)):
        path = likelihood.descend(likelihood.categorical_slope, x, labels, start, rate, 1)
        before, after = (likelihood.categorical_loss(x @ theta, labels).mean() for theta in path)
        assert (after < before) == falls


# --- arguments --------------------------------------------------------------------------------------------------------

X, Y = np.ones((2, 1)), np.array([0, 1])


@pytest.mark.parametrize("call, message", [
    (lambda: likelihood.bernoulli_loss([np.nan], [1]), "scores must be finite everywhere, but holds nan"),
    (lambda: likelihood.bernoulli_loss([0.0], [2]), "labels must be 0 or 1 everywhere, but holds 2"),
    (lambda: likelihood.bernoulli_slope([0.0, 1.0], [1]), r"labels must have the shape of scores, \(2,\), .* \(1,\)"),
    (lambda: likelihood.categorical_loss([0.0, np.nan], np.array(0)), "logits must be finite or -inf"),
    (lambda: likelihood.categorical_loss([[0.0, 1.0]], np.array([2])), "labels must be from 0 to 1 .* holds 2"),
    (lambda: likelihood.categorical_loss([[0.0, 1.0]], np.array([-1])), "labels must be from 0 to 1 .* holds -1"),
    (lambda: likelihood.categorical_slope([[0.0, 1.0]], np.array([0.0])), "labels must be integers of shape"),
    (lambda: likelihood.square_loss([[0.0, 1.0]], np.array(0)), r"labels must be integers of shape \(1,\)"),
    (lambda: likelihood.square_slope([[0.0, 1.0]], np.array([5])), "labels must be from 0 to 1"),
    (lambda: likelihood.fit_logistic([1.0, 2.0], Y), r"features must have shape \(n, d\), .* \(2,\)"),
    (lambda: likelihood.fit_logistic(np.ones((2, 0)), Y), r"features must have shape \(n, d\), .* \(2, 0\)"),
    (lambda: likelihood.fit_logistic(X, [0, 1, 1]), r"labels must have shape \(2,\), .* \(3,\)"),
    (lambda: likelihood.fit_logistic(X, [0, 3]), "labels must be 0 or 1 everywhere, but holds 3"),
    (lambda: likelihood.fit_logistic(X, Y, offset=[1.0]), r"offset must have shape \(2,\), .* \(1,\)"),
    (lambda: likelihood.fit_logistic(X, Y, weights=[1.0, -1.0]), "weights must be 0 or positive .* -1.0"),
    (lambda: likelihood.fit_logistic(X, Y, ridge=-1.0), "ridge must be one number, 0 or positive, but is -1.0"),
    (lambda: likelihood.fit_logistic(X, Y, ridge=[1.0]), "ridge must be one number"),
    (lambda: likelihood.descend(likelihood.bernoulli_slope, X[0], Y, np.zeros(1), 1.0, 1), "features must have shape"),
    (lambda: likelihood.descend(likelihood.bernoulli_slope, X, Y, np.zeros(2), 1.0, 1), "start must have shape"),
    (lambda: likelihood.descend(likelihood.bernoulli_slope, X, Y, np.zeros(1), 0.0, 1), "rate must be positive"),
    (lambda: likelihood.descend(likelihood.bernoulli_slope, X, Y, np.zeros(1), 1.0, -1), "steps must be an integer"),
])
def test_bad_arguments_are_named(call, message):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=f"^{message}"):
            call()

