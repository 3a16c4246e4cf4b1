"""The bound against closed forms, scipy's quadrature, finite differences and draws, on models with a known evidence."""

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import elbo, gaussian, gradients, kl
from lib.elbo import Model

ONE = Model(2.0, 1 / 3)                                     # posterior N(1.5, 0.25)
TWO = Model(0.5, 2.0, [0.5, 0.5], [-2.0, 2.0], [0.5, 0.5])  # a posterior with two peaks
THREE = Model(-1.0, 0.7, [0.2, 0.5, 0.3], [-3.0, 0.5, 2.0], [0.4, 1.0, 0.6])
MODELS = pytest.mark.parametrize("model", [ONE, TWO, THREE])
PLACES = pytest.mark.parametrize("mean, variance", [(0.0, 1.0), (1.5, 0.25), (-0.7, 2.3)])
MEAN, VARIANCE = st.floats(-4, 4), st.floats(0.05, 5)


def prior(model, z):
    parts = zip(model.weights, model.means, model.variances, strict=True)
    return sum(w * scipy.stats.norm.pdf(z, m, np.sqrt(v)) for w, m, v in parts)


def joint(model, z):
    return prior(model, z) * scipy.stats.norm.pdf(model.y, z, np.sqrt(model.noise_variance))


def integral(f, low=-20.0, high=20.0):
    value, _ = scipy.integrate.quad(f, low, high, limit=500, epsabs=1e-12, epsrel=1e-12, points=[-2.0, 0.0, 2.0])
    return value


# --- the models -----------------------------------------------------------------------------------------------------


@MODELS
def test_joint_evidence_and_posterior_are_those_of_the_densities(model):
    z = np.linspace(-6, 6, 41).reshape(1, 41)
    np.testing.assert_allclose(model.log_joint(z), np.log(joint(model, z)), rtol=0, atol=1e-12)   # sizes below 100
    evidence = integral(lambda z: joint(model, z))
    assert abs(model.log_evidence() - np.log(evidence)) < 1e-10         # what quad is asked for, relative to 0.05
    np.testing.assert_allclose(np.exp(model.log_posterior(z)), joint(model, z) / evidence, rtol=1e-9)


@MODELS
def test_the_slope_is_that_of_the_joint(model):
    z = np.linspace(-5, 5, 31)
    difference = (model.log_joint(z + 1e-5) - model.log_joint(z - 1e-5)) / 2e-5
    np.testing.assert_allclose(model.slope(z), difference, rtol=0, atol=1e-7)     # curvature's change * 1e-10, rounding


def test_the_conjugate_posterior_by_hand():
    weights, means, variances = ONE.posterior()
    np.testing.assert_allclose([weights[0], means[0], variances[0]], [1.0, 1.5, 0.25], rtol=1e-14)
    assert abs(ONE.log_evidence() - gaussian.log_density(2.0, 0.0, 4 / 3)) < 1e-14


# --- bound and divergence -------------------------------------------------------------------------------------------


@given(MEAN, MEAN, VARIANCE, VARIANCE, VARIANCE)
def test_closed_form_and_quadrature(y, mean, variance, noise_variance, prior_variance):
    model = Model(y, noise_variance, [1.0], [0.0], [prior_variance])
    closed = elbo.conjugate(y, mean, variance, noise_variance, prior_variance)
    by_quadrature = elbo.elbo(model.log_joint, mean, variance)
    assert abs(closed - by_quadrature) < 1e-10                          # integrands up to 81 * 5 / 0.05 = 8,000
    _, post_mean, post_variance = model.posterior()
    gap = gaussian.kl(mean, variance, post_mean[0], post_variance[0])
    assert abs(closed + gap - model.log_evidence()) < 1e-10


@settings(deadline=None)
@given(st.floats(-3, 3), VARIANCE, st.lists(st.tuples(st.floats(0.1, 1), MEAN, VARIANCE), min_size=1, max_size=4),
       MEAN, VARIANCE)
def test_bound_and_divergence_add_up_to_the_evidence_for_every_q(y, noise_variance, parts, mean, variance):
    weights, means, variances = np.array(parts).T
    model = Model(y, noise_variance, weights / weights.sum(), means, variances)
    bound = elbo.elbo(model.log_joint, mean, variance)
    gap = kl.to_mixture(mean, variance, *model.posterior())
    assert abs(bound + gap - model.log_evidence()) < 1e-10              # the points cancel: rounding of terms to 8,000
    assert gap > -1e-9 and bound < model.log_evidence() + 1e-9


@MODELS
@PLACES
def test_the_bound_is_its_integral(model, mean, variance):
    sigma = np.sqrt(variance)

    def terms(z):
        log_q = scipy.stats.norm.logpdf(z, mean, sigma)
        return np.exp(log_q) * (np.log(joint(model, z)) - log_q)

    expected = integral(terms, mean - 9 * sigma, mean + 9 * sigma)
    assert abs(elbo.elbo(model.log_joint, mean, variance) - expected) < 1e-10


def test_the_bound_is_tight_at_the_posterior_and_nowhere_else():
    assert abs(elbo.elbo(ONE.log_joint, 1.5, 0.25) - ONE.log_evidence()) < 1e-12     # rounding of a sum of 1,201 terms
    means, variances = np.meshgrid(np.linspace(-1, 4, 51), np.linspace(0.05, 2, 40))        # holds (1.5, 0.25)
    values = elbo.conjugate(2.0, means, variances, 1 / 3)
    at = np.unravel_index(np.argmax(values), values.shape)
    assert np.allclose([means[at], variances[at]], [1.5, 0.25]) and np.sum(values > ONE.log_evidence() - 1e-3) == 1


def test_log_weights_are_constant_at_the_posterior():
    noise = np.random.default_rng(0).standard_normal(100)
    log_w = elbo.log_weights(ONE.log_joint, 1.5, 0.25, noise)
    np.testing.assert_allclose(log_w, ONE.log_evidence(), rtol=0, atol=1e-12)
    for count in (1, 3, 100):
        assert abs(elbo.importance_weighted(log_w[:count]) - ONE.log_evidence()) < 1e-12


@MODELS
def test_the_mean_log_weight_is_the_bound(model):
    noise = np.random.default_rng(1).standard_normal(200_000)
    mean, error = gradients.mean_and_error(elbo.log_weights(model.log_joint, 0.3, 0.8, noise))
    assert abs(mean - elbo.elbo(model.log_joint, 0.3, 0.8)) < 4.5 * error          # false alarm: 1 seed in 150,000


def test_importance_weights_climb_to_the_evidence():
    """For q = N(0, 1) all weights are bounded: the standard error can be believed."""
    noise = np.random.default_rng(2).standard_normal((4_000, 64))
    log_w = elbo.log_weights(TWO.log_joint, 0.0, 4.0, noise)
    bounds = {}
    for count in (1, 2, 8, 64):
        bounds[count] = gradients.mean_and_error(elbo.importance_weighted(log_w[:, :count]))
        assert bounds[count][0] < TWO.log_evidence() + 4.5 * bounds[count][1]      # false alarm: 1 seed in 300,000
    means = [mean for mean, _ in bounds.values()]
    assert (np.diff(means) > 0.01).all()                                # steps of 0.04 and more, errors below 0.01
    x = np.linspace(-9, 9, 4_001)
    w = np.exp(elbo.log_weights(TWO.log_joint, 0.0, 4.0, x) - TWO.log_evidence())
    relative = np.exp(gaussian.log_density(x, 0.0, 1.0)) * (x[1] - x[0]) @ (w - 1) ** 2
    gap = TWO.log_evidence() - bounds[64][0]
    assert abs(gap - relative / 128) < 0.2 * relative / 128 + 4.5 * bounds[64][1]  # the next order is 1/K as large


def test_log_space_holds_far_from_one():
    assert abs(elbo.importance_weighted([-1e5, -1e5]) + 1e5) < 1e-9
    assert abs(elbo.importance_weighted([-1e5, 0.0]) + np.log(2)) < 1e-15


# --- gradients ------------------------------------------------------------------------------------------------------


def slopes_of_the_bound(model, mean, variance):
    """By mean and by log sigma, by central differences: the third derivative's 1e-10, and rounding of 1e-8."""
    def bound(m, log_sigma):
        return elbo.elbo(model.log_joint, m, np.exp(2 * log_sigma))

    log_sigma, d = 0.5 * np.log(variance), 1e-5
    return np.array([(bound(mean + d, log_sigma) - bound(mean - d, log_sigma)) / (2 * d),
                     (bound(mean, log_sigma + d) - bound(mean, log_sigma - d)) / (2 * d)])


@MODELS
@PLACES
def test_all_three_estimators_have_the_gradient_as_their_mean(model, mean, variance):
    x = np.linspace(-9, 9, 1_201)
    bell = np.exp(gaussian.log_density(x, 0.0, 1.0)) * (x[1] - x[0])
    exact = slopes_of_the_bound(model, mean, variance)
    for terms in (elbo.reinforce(model.log_joint, mean, variance, x),
                  elbo.reinforce(model.log_joint, mean, variance, x, baseline=-3.0),
                  elbo.pathwise(model.slope, mean, variance, x), elbo.landing(model.slope, mean, variance, x)):
        assert terms.shape == (1_201, 2)
        np.testing.assert_allclose(bell @ terms, exact, rtol=0, atol=1e-7)         # of the differences


def test_the_estimators_on_draws():
    noise = np.random.default_rng(3).standard_normal(400_000)
    exact = slopes_of_the_bound(TWO, 0.4, 0.9)
    for terms in (elbo.reinforce(TWO.log_joint, 0.4, 0.9, noise), elbo.pathwise(TWO.slope, 0.4, 0.9, noise),
                  elbo.landing(TWO.slope, 0.4, 0.9, noise)):
        mean, error = gradients.mean_and_error(terms)
        assert (np.abs(mean - exact) < 4.7 * error).all()               # six comparisons; false alarm: 1 seed in 60,000


def test_only_the_landing_has_no_variance_at_the_posterior():
    noise = np.random.default_rng(4).standard_normal(1_000)
    assert np.abs(elbo.landing(ONE.slope, 1.5, 0.25, noise)).max() < 1e-12
    np.testing.assert_allclose(elbo.pathwise(ONE.slope, 1.5, 0.25, noise),
                               np.stack([-2 * noise, 1 - noise**2], axis=-1), atol=1e-12)


def test_ascent_ends_at_the_posterior():
    noise = np.random.default_rng(5).standard_normal((20, 400, 5))
    starts = np.linspace(-2, 4, 20), np.linspace(0.5, 1.5, 20)
    path = elbo.ascend(lambda *at: elbo.landing(ONE.slope, *at), *starts, 0.05, noise)
    assert path.shape == (20, 401, 2) and (path[:, 0, 0] == starts[0]).all()
    np.testing.assert_allclose(np.exp(2 * path[:, 0, 1]), starts[1], rtol=1e-14)
    np.testing.assert_allclose(path[:, -1], np.tile([1.5, np.log(0.5)], (20, 1)), atol=1e-6)    # 0.8 and 0.9 ^ 400


def test_batches():
    means, variances, noise = np.zeros((4, 1)), np.ones(3), np.zeros((4, 3, 7))
    assert elbo.elbo(TWO.log_joint, means, variances).shape == (4, 3)
    assert elbo.log_weights(TWO.log_joint, means, variances, noise).shape == (4, 3, 7)
    for terms in (elbo.reinforce(TWO.log_joint, means, variances, noise),
                  elbo.pathwise(TWO.slope, means, variances, noise), elbo.landing(TWO.slope, means, variances, noise)):
        assert terms.shape == (4, 3, 7, 2)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments, message", [
    ((np.nan, 1.0), "y must be finite everywhere, but holds nan"),
    (([0.0, 1.0], 1.0), r"y must be a number, but its shape is \(2,\)"),
    ((0.0, 0.0), "noise_variance must be positive everywhere, but its smallest entry is 0.0"),
    ((0.0, 1.0, [0.5, 0.6], [0.0, 1.0], [1.0, 1.0]), "weights must sum to 1, but their sum is 1.1"),
    ((0.0, 1.0, [1.5, -0.5], [0.0, 1.0], [1.0, 1.0]), "weights must be positive everywhere"),
    ((0.0, 1.0, 1.0, 0.0, 1.0), r"weights must have one entry for each component, .* its shape is \(\)"),
    ((0.0, 1.0, [0.5, 0.5], [0.0], [1.0, 1.0]), r"means must have one entry for each component, .* shape is \(1,\)"),
    ((0.0, 1.0, [0.5, 0.5], [0.0, 1.0], [1.0, 0.0]), "variances must be positive everywhere"),
])
def test_what_is_no_model_is_refused_by_name(arguments, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        Model(*arguments)


@pytest.mark.parametrize("call", [
    lambda m, v: elbo.elbo(ONE.log_joint, m, v),
    lambda m, v: elbo.conjugate(2.0, m, v, 1.0),
    lambda m, v: elbo.log_weights(ONE.log_joint, m, v, np.zeros(3)),
    lambda m, v: elbo.reinforce(ONE.log_joint, m, v, np.zeros(3)),
    lambda m, v: elbo.pathwise(ONE.slope, m, v, np.zeros(3)), lambda m, v: elbo.landing(ONE.slope, m, v, np.zeros(3)),
    lambda m, v: elbo.ascend(None, m, v, 0.1, np.zeros((2, 3))),
])  # fmt: skip
def test_bad_gaussians_are_named(call):
    with pytest.raises(ValueError, match="^mean must be finite everywhere, but holds nan"):
        call(np.nan, 1.0)
    with pytest.raises(ValueError, match="^variance must be positive everywhere, but its smallest entry is -1.0"):
        call(0.0, -1.0)


def test_bad_noise_weights_and_rates_are_named():
    def terms(*at):
        return elbo.pathwise(ONE.slope, *at)

    with pytest.raises(ValueError, match="^noise must be finite everywhere, but holds inf"):
        terms(0.0, 1.0, [np.inf])
    with pytest.raises(ValueError, match=r"^log_weights must hold a sample on its last axis, but its shape is \(0,\)"):
        elbo.importance_weighted(np.zeros(0))
    with pytest.raises(ValueError, match="^log_weights must be finite everywhere, but holds nan"):
        elbo.importance_weighted([np.nan])
    with pytest.raises(ValueError, match=r"^noise must have shape \(..., steps, n\) with a sample, but .* \(3,\)"):
        elbo.ascend(terms, 0.0, 1.0, 0.1, np.zeros(3))
    with pytest.raises(ValueError, match="^rate must be positive everywhere, but its smallest entry is 0.0"):
        elbo.ascend(terms, 0.0, 1.0, 0.0, np.zeros((2, 3)))
    with pytest.raises(ValueError, match="^rate must be small enough for the ascent to stay finite"):
        elbo.ascend(terms, 0.0, 1.0, 1e3, np.ones((9, 3)))
    with pytest.raises(ValueError, match="^prior_variance must be positive everywhere"):
        elbo.conjugate(0.0, 0.0, 1.0, 1.0, prior_variance=0.0)
