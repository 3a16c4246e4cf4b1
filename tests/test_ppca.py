"""The linear-Gaussian model against scipy's Gaussians, and its bests against what lies beside them."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import ppca

LINEAR = {"weights": np.array([[1.0, 0.4], [0.2, -0.9], [0.5, 0.7]]), "offset": np.array([0.3, -0.2, 1.0]),
          "variance": 0.6}  # fmt: skip


def models():
    """Random linear models with a random q each."""
    def make(seed):
        rng = np.random.default_rng(seed)
        pixels, latent = rng.integers(1, 6), rng.integers(1, 4)
        root = rng.standard_normal((latent, latent))
        model = {"weights": rng.standard_normal((pixels, latent)), "offset": rng.standard_normal(pixels),
                 "variance": rng.uniform(0.1, 2)}  # fmt: skip
        x, mean = rng.standard_normal((3, pixels)), rng.standard_normal((3, latent))
        return model, x, mean, root @ root.T + 0.1 * np.eye(latent)

    return st.integers(0, 10_000).map(make)


@given(models())
def test_posterior_and_evidence_against_scipys_joint_gaussian(drawn):
    model, x, _, _ = drawn
    w, d = model["weights"], len(model["offset"])
    of_x = w @ w.T + model["variance"] * np.eye(d)
    law = scipy.stats.multivariate_normal(model["offset"], of_x)
    evidence = ppca.log_evidence(x, **model)
    np.testing.assert_allclose(evidence, law.logpdf(x).reshape(3), rtol=1e-9, atol=1e-9)
    # the conditional of a joint Gaussian: another road to the posterior, through the D x D inverse
    gain = w.T @ np.linalg.inv(of_x)
    mean, covariance = ppca.posterior(x, **model)
    np.testing.assert_allclose(mean, (x - model["offset"]) @ gain.T, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(covariance, np.eye(w.shape[1]) - gain @ w, rtol=1e-8, atol=1e-8)


@given(models())
def test_evidence_minus_elbo_is_the_divergence_to_the_posterior(drawn):
    model, x, mean, covariance = drawn
    exact_mean, exact = ppca.posterior(x, **model)
    evidence = ppca.log_evidence(x, **model)
    np.testing.assert_allclose(ppca.elbo(x, **model, mean=exact_mean, covariance=exact), evidence,
                               rtol=1e-10, atol=1e-10)  # fmt: skip
    apart, inverse = exact_mean - mean, np.linalg.inv(exact)
    kl = 0.5 * (np.trace(inverse @ covariance) + np.einsum("nl,lk,nk->n", apart, inverse, apart) - len(exact)
                + np.linalg.slogdet(exact)[1] - np.linalg.slogdet(covariance)[1])  # fmt: skip
    gap = evidence - ppca.elbo(x, **model, mean=mean, covariance=covariance)
    np.testing.assert_allclose(gap, kl, rtol=1e-8, atol=1e-8)


@given(models())
def test_the_best_factorised_gaussian_cannot_be_bettered(drawn):
    model, x, _, _ = drawn
    mean, covariance = ppca.posterior(x, **model)
    variances, kl = ppca.best_factorised(covariance)
    evidence = ppca.log_evidence(x, **model)

    def gap(v):
        return evidence - ppca.elbo(x, **model, mean=mean, covariance=np.diag(v))

    np.testing.assert_allclose(gap(variances), kl, rtol=1e-8, atol=1e-8)
    for i in range(len(variances)):
        for factor in (0.9, 1.1):
            moved = np.where(np.arange(len(variances)) == i, factor * variances, variances)
            assert (gap(moved) > kl + 1e-3).all()
    assert kl > -1e-12


def test_principal_components_have_the_highest_evidence():
    rng = np.random.default_rng(4)
    images = rng.standard_normal((400, 2)) @ rng.standard_normal((2, 5)) + 0.4 * rng.standard_normal((400, 5)) + 2
    weights, offset, variance = ppca.fit(images, 2)
    best = ppca.log_evidence(images, weights, offset, variance).mean()
    for _ in range(20):
        moved = weights + 0.03 * rng.standard_normal(weights.shape)
        other = variance * np.exp(0.1 * rng.standard_normal())
        assert ppca.log_evidence(images, moved, offset, other).mean() < best
    across = (weights.T @ weights)[0, 1]
    assert abs(across) < 1e-12 and 0.1 < variance < 0.25


@pytest.mark.parametrize("call, message", [
    (lambda: ppca.posterior(np.zeros(2), **LINEAR), "x, weights and offset must have shapes"),
    (lambda: ppca.posterior(np.zeros(3), **LINEAR | {"variance": 0}), "variance must be positive"),
    (lambda: ppca.elbo(np.zeros(3), **LINEAR, mean=np.zeros(2), covariance=-np.eye(2)),
     "covariance must be positive"),
    (lambda: ppca.fit(np.eye(4), 4), "latent must be below the 4 pixels"),
    (lambda: ppca.best_factorised([[np.nan]]), "covariance must be finite"),
])  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
