"""The covariance of the fitted parameters for large samples, against three routes that do not use its formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import nce

P = np.array([0.5, 0.3, 0.15, 0.05])
Q = np.array([0.25, 0.3, 0.35, 0.1])
positive = st.floats(0.05, 1.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(positive, positive), min_size=2, max_size=6), st.floats(0.1, 50))
def test_a_table_has_the_variance_of_two_multinomials(pairs, ratio):
    """One free score a word: s_w = log(n_w / m_w) + known, so n cov(s) = cov(n_w)/(p p^T) + cov(m_w)/(nu q q^T)."""
    p, q = np.array(pairs).T
    p, q = p / p.sum(), q / q.sum()
    found = nce.asymptotic_covariance(np.eye(len(p)), p, np.log(q), ratio)
    by_hand = np.diag(1 / p) - 1 + (np.diag(1 / q) - 1) / ratio  # the delta method
    assert np.allclose(found, by_hand, rtol=1e-9, atol=1e-9 / p.min())


@pytest.mark.parametrize("ratio", [0.5, 1.0, 4.0, 32.0])
def test_with_the_data_as_noise_it_is_a_multiple_of_maximum_likelihood(ratio):
    """A multinomial model with a free scale, q = p: (1 + 1/nu) times the inverse Fisher information."""
    x = np.array([-1.0, 0.5, 2.0, 3.0])
    features = np.stack([np.ones(4), x], axis=-1)
    found = nce.asymptotic_covariance(features, P, np.log(P), ratio)
    fisher = P @ x**2 - (P @ x) ** 2  # the variance of the sufficient statistic
    assert found[1, 1] == pytest.approx((1 + 1 / ratio) / fisher, rel=1e-12)
    # log Z has slope E[x], and a scale that takes log Z off
    assert found[0, 0] == pytest.approx((1 + 1 / ratio) * (P @ x) ** 2 / fisher, rel=1e-12)


def test_much_noise_reaches_maximum_likelihood_whatever_its_distribution():
    x = np.array([-1.0, 0.5, 2.0, 3.0])
    found = nce.asymptotic_covariance(np.stack([np.ones(4), x], axis=-1), P, np.log(Q), 1e9)
    assert found[1, 1] == pytest.approx(1 / (P @ x**2 - (P @ x) ** 2), rel=1e-6)


@pytest.mark.parametrize("ratio", [1, 5])
def test_fits_spread_as_it_says(ratio):
    """400 fits of a log-linear model on four words, with n = 1000."""
    rng = np.random.default_rng(11)
    x = np.array([-1.0, 0.5, 2.0, 3.0])
    features = np.stack([np.ones(4), x], axis=-1)
    p = np.exp(-0.4 * x) / np.exp(-0.4 * x).sum()
    n, truth = 1000, np.array([-np.log(np.exp(-0.4 * x).sum()), -0.4])
    fits = []
    for _ in range(400):
        data, noise = rng.choice(4, n, p=p), rng.choice(4, n * ratio, p=Q)
        fits.append(nce.fit(features[data], features[noise], np.log(Q)[data], np.log(Q)[noise]))
    errors = np.sqrt(n) * (np.array(fits) - truth)
    predicted = nce.asymptotic_covariance(features, p, np.log(Q), ratio)
    whitened = np.linalg.solve(np.linalg.cholesky(predicted), errors.T)
    # the sum of 800 squares of standard normals: deviation sqrt(2 * 800) = 40; both cases, 4.5 sigma: 1 seed in 70,000
    assert abs(np.sum(whitened**2) - 800) < 4.5 * 40
    assert abs(np.sum(whitened[0] * whitened[1])) < 4.5 * 20


def test_a_word_without_noise_and_one_without_data_add_nothing():
    features = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 50.0], [1.0, -50.0]])
    p, log_noise = np.array([0.5, 0.3, 0.2, 0.3, 0.0]), np.array([-1.0, -2.0, -1.5, -2000.0, -1.0])
    both = nce.asymptotic_covariance(features, p, log_noise, 2.0)
    assert np.array_equal(both, nce.asymptotic_covariance(features[:3], p[:3], log_noise[:3], 2.0))


def test_bad_arguments_are_named():
    good = {"features": np.eye(4), "p": P, "log_noise": np.log(Q), "ratio": 2.0}
    for name, value, message in [
        ("features", np.ones((4, 2)), "linearly independent where data and noise overlap"),
        ("features", np.ones(4), r"shapes \(V, d\)"),
        ("features", np.eye(3), r"shapes \(V, d\)"),
        ("p", P[:3], "shape"),
        ("p", -P, "p must be 0 or positive"),
        ("log_noise", np.array([0.0, -np.inf, 0.0, 0.0]), "log_noise must be finite"),
        ("log_noise", np.log(Q)[:1], r"shapes \(V, d\)"),
        ("ratio", 0.0, "ratio must be positive"),
    ]:
        with pytest.raises(ValueError, match=message):
            nce.asymptotic_covariance(**{**good, name: value})
    hole = np.where(np.arange(4) == 3, -2000.0, np.log(Q))
    with pytest.raises(ValueError, match="overlap"):
        nce.asymptotic_covariance(np.eye(4), P, hole, 2.0)
