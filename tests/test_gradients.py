"""The estimators where every outcome can be enumerated, so that their means and variances are exact."""

import itertools

import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import gradients

EPS = np.finfo(float).eps
VALUES = np.array([1.3, -0.4, 2.2])                         # f of three outcomes
LOGITS = np.array([0.3, -0.5, 0.1])                         # their law is softmax(LOGITS); d = 3 parameters
P = np.exp(LOGITS) / np.exp(LOGITS).sum()
SCORES = np.eye(3) - P                                      # d log p(z) / d logits, a row for each outcome


def expected_value(logits):
    p = np.exp(logits) / np.exp(logits).sum()
    return p @ VALUES


def exact_gradient():
    """By central differences: error (1e-5)^2 times a third derivative below 1, and rounding eps / 1e-5 = 2e-11."""
    step = 1e-5 * np.eye(3)
    return np.array([(expected_value(LOGITS + e) - expected_value(LOGITS - e)) / 2e-5 for e in step])


# --- score function ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", [0.0, -3.0, np.array([[1.0, 2.0, -5.0]])], ids=str)
def test_score_terms_have_the_gradient_as_their_mean_whatever_the_baseline(baseline):
    terms = gradients.score_function(VALUES, SCORES, baseline)
    assert terms.shape == (3, 3)
    np.testing.assert_allclose(P @ terms, exact_gradient(), rtol=0, atol=4e-10)


def test_score_terms_by_hand():
    np.testing.assert_array_equal(gradients.score_function([3.0, 5.0], [2.0, -1.0]), [6.0, -5.0])
    np.testing.assert_array_equal(gradients.score_function([3.0, 5.0], [2.0, -1.0], 1.0), [4.0, -4.0])
    np.testing.assert_array_equal(gradients.score_function([3.0, 5.0], [2.0, -1.0], [1.0, 2.0]), [4.0, -3.0])


def test_a_baseline_goes_where_its_shape_says():
    values, scores = np.array([3.0, 5.0]), np.array([[1.0, 2.0, 4.0], [-1.0, 1.0, 1.0]])       # n = 2, d = 3
    by_sample = [[2.0, 4.0, 8.0], [-3.0, 3.0, 3.0]]         # values less (1, 2): (2, 3) times the scores
    by_component = [[2.0, 2.0, 0.0], [-4.0, 3.0, 2.0]]      # values less (1, 2, 3)
    for baseline in ([1.0, 2.0], [[1.0], [2.0]], [[1.0] * 3, [2.0] * 3]):
        np.testing.assert_array_equal(gradients.score_function(values, scores, baseline), by_sample)
    for baseline in ([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]] * 2):
        np.testing.assert_array_equal(gradients.score_function(values, scores, baseline), by_component)


def test_a_baseline_as_long_as_both_axes_is_refused():
    values, scores = np.array([3.0, 5.0]), np.ones((2, 2))
    message = r"^baseline must say whether .* sample, \(2, 1\), .* component, \(1, 2\), but its shape is \(2,\)$"
    with pytest.raises(ValueError, match=message):
        gradients.score_function(values, scores, [1.0, 2.0])
    np.testing.assert_array_equal(gradients.score_function(values, scores, [[1.0], [2.0]]), [[2.0, 2.0], [3.0, 3.0]])
    np.testing.assert_array_equal(gradients.score_function(values, scores, [[1.0, 2.0]]), [[2.0, 1.0], [4.0, 3.0]])


def test_leading_axes_are_runs():
    rng = np.random.default_rng(0)
    values, scores, baseline = rng.normal(size=(4, 5)), rng.normal(size=(4, 5, 3)), rng.normal(size=(4, 5))
    terms = gradients.score_function(values, scores, baseline)
    for run in range(4):
        expected = gradients.score_function(values[run], scores[run], baseline[run])
        np.testing.assert_array_equal(terms[run], expected)
    np.testing.assert_array_equal(gradients.pathwise(values, scores)[2], gradients.pathwise(values[2], scores[2]))


# --- pathwise ---------------------------------------------------------------------------------------------------------


def test_path_terms_by_hand():
    np.testing.assert_array_equal(gradients.pathwise([3.0, 5.0], [2.0, -1.0]), [6.0, -5.0])
    np.testing.assert_array_equal(gradients.pathwise([3.0, 5.0], [[2.0, 1.0], [-1.0, 0.0]]), [[6.0, 3.0], [-5.0, 0.0]])


def test_path_terms_have_the_gradient_as_their_mean():
    # z = mu + s x, f = cos: E[f] = cos(mu) exp(-s^2 / 2), differentiated by hand in mu and in s.
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)             # exact to rounding for cos at this width
    mu, s = 0.7, 0.8
    terms = gradients.pathwise(-np.sin(mu + s * nodes), np.stack([np.ones_like(nodes), nodes], axis=-1))
    expected = [-np.sin(mu) * np.exp(-(s**2) / 2), -s * np.cos(mu) * np.exp(-(s**2) / 2)]
    np.testing.assert_allclose(weights / weights.sum() @ terms, expected, rtol=0, atol=1e-13)      # 40 rounded terms


# --- baselines --------------------------------------------------------------------------------------------------------


@given(hnp.arrays(float, 6, elements=st.floats(-10, 10)), st.integers(0, 2**32 - 1))
def test_the_best_baseline_minimises_the_second_moment(values, seed):
    scores = np.random.default_rng(seed).normal(size=(6, 2))
    best = gradients.best_baseline(values, scores)
    assert best.shape == (2,)
    for component in range(2):
        def second_moment(c, s=scores[:, component]):
            return np.mean(((values - c) * s) ** 2)

        found = scipy.optimize.minimize_scalar(second_moment, bracket=(-10, 10)).x
        assert abs(best[component] - found) < 1e-5          # a minimum is found to about 10 times the root of eps
        assert gradients.best_baseline(values, scores[:, component]) == best[component]


def test_the_best_baseline_minimises_the_exact_variance():
    # Under the exact law the weights P replace the sample's 1/n: scaling both f s^2 and s^2 by P does the same.
    scores = np.sqrt(P)[:, None] * SCORES
    best = gradients.best_baseline(VALUES, scores)

    def variance(c):
        terms = gradients.score_function(VALUES, SCORES, c)
        return P @ terms**2 - (P @ terms) ** 2

    smallest = variance(best[None, :])
    for step in (-0.3, -0.01, 0.01, 0.3):
        # The excess is exactly step^2 E[s^2], since the mean does not move.
        np.testing.assert_allclose(variance(best[None, :] + step) - smallest, step**2 * (P @ SCORES**2), atol=1e-14)


def test_leave_one_out_is_the_mean_of_the_others():
    values = np.random.default_rng(1).normal(size=7)
    expected = [np.delete(values, i).mean() for i in range(7)]
    np.testing.assert_allclose(gradients.leave_one_out(values), expected, rtol=0, atol=16 * EPS)       # seven additions


@pytest.mark.parametrize("n", [2, 3, 4])
def test_leave_one_out_keeps_the_estimate_unbiased_and_the_plain_mean_does_not(n):
    with_others, with_all = np.zeros(3), np.zeros(3)
    for outcome in itertools.product(range(3), repeat=n):   # every sample of n there is
        outcome = list(outcome)
        probability = np.prod(P[outcome])
        values, scores = VALUES[outcome], SCORES[outcome]
        baseline = gradients.leave_one_out(values)[:, None]
        with_others += probability * gradients.score_function(values, scores, baseline).mean(axis=0)
        with_all += probability * gradients.score_function(values, scores, values.mean()).mean(axis=0)
    np.testing.assert_allclose(with_others, exact_gradient(), rtol=0, atol=4e-10)
    np.testing.assert_allclose(with_all, (1 - 1 / n) * exact_gradient(), rtol=0, atol=4e-10)   # shrunk by 1/n


# --- mean and error ---------------------------------------------------------------------------------------------------


def test_mean_and_error_are_those_of_scipy():
    terms = np.random.default_rng(2).normal(size=(9, 4))
    mean, error = gradients.mean_and_error(terms)
    np.testing.assert_allclose(mean, terms.mean(axis=0), rtol=0, atol=8 * EPS)
    np.testing.assert_allclose(error, scipy.stats.sem(terms, axis=0), rtol=8 * EPS)    # both round a few times
    one_mean, one_error = gradients.mean_and_error(terms[:, 1])
    assert abs(one_mean - mean[1]) < 8 * EPS and abs(one_error - error[1]) < 8 * EPS   # adds in another order


def test_mean_and_error_by_hand():
    mean, error = gradients.mean_and_error([1.0, 3.0])
    assert mean == 2.0 and abs(error - 1.0) < 4 * EPS       # deviation sqrt(2), over sqrt(2)


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call, message", [
    (lambda: gradients.score_function([1, np.nan], [1, 1]), "values must be finite everywhere, but holds nan"),
    (lambda: gradients.score_function([1, 2], [1, np.inf]), "scores must be finite everywhere, but holds inf"),
    (lambda: gradients.score_function([1, 2], [1, 1], np.nan), "baseline must be finite everywhere, but holds nan"),
    (lambda: gradients.score_function([1, 2], [1, 1, 1]), r"scores must have shape \(2,\), as values has, .* \(3,\)"),
    (lambda: gradients.score_function([1, 2, 3], np.ones((2, 3))), r"scores must have shape \(3,\), .* \(2, 3\)"),
    (lambda: gradients.score_function([1, 2], [1, 1], [1, 2, 3]),
     r"baseline must be a number or have shape \(2,\), but its shape is \(3,\)"),
    (lambda: gradients.score_function([1, 2], [1, 1], [[1, 2]]),
     r"baseline must be a number or have shape \(2,\), but its shape is \(1, 2\)"),
    (lambda: gradients.score_function([1, 2], np.ones((2, 3)), np.ones(4)),
     r"baseline must be a number or have shape \(2,\), \(2, 1\), \(3,\) or \(1, 3\), but its shape is \(4,\)"),
    (lambda: gradients.pathwise([1, np.nan], [1, 1]), "slopes must be finite everywhere, but holds nan"),
    (lambda: gradients.pathwise([1, 2], [1, np.nan]), "paths must be finite everywhere, but holds nan"),
    (lambda: gradients.pathwise([1, 2], 3.0), r"paths must have shape \(2,\), as slopes has, .* \(\)"),
    (lambda: gradients.best_baseline([1, 2], np.zeros(2)), "scores must not be 0 in every sample, .* 0.0"),
    (lambda: gradients.best_baseline([1, 2], [[1, 0], [1, 0]]), "scores must not be 0 in every sample, .* 0.0"),
    (lambda: gradients.best_baseline([1, 2], [1]), r"scores must have shape \(2,\), .* \(1,\)"),
    (lambda: gradients.leave_one_out([1.0]), r"values must hold at least 2 samples .* \(1,\)"),
    (lambda: gradients.leave_one_out([1.0, np.nan]), "values must be finite everywhere, but holds nan"),
    (lambda: gradients.mean_and_error([1.0]), r"terms must hold at least 2 samples .* \(1,\)"),
    (lambda: gradients.mean_and_error(3.0), r"terms must hold at least 2 samples .* \(\)"),
    (lambda: gradients.mean_and_error(np.ones((1, 5))), r"terms must hold at least 2 samples .* \(1, 5\)"),
])
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
