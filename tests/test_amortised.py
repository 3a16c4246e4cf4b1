"""Grids against quadrature and closed forms, encoders against the best."""

import numpy as np
import pytest
import scipy.integrate
import scipy.spatial
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import amortised, digits, ppca, vae

STRIP = amortised.all_images(4)
AXIS = amortised.STRIP_AXIS


def strip_density(image, z, steepness):
    """p(x, z) of the strip by scipy, from the definition."""
    ink = scipy.special.expit(steepness * (2 * np.exp(-2 * (z - amortised.CENTRES) ** 2) - 1))
    return scipy.stats.norm.pdf(z) * np.prod(scipy.stats.bernoulli.pmf(image, ink))


def random_model(latent=2, pixels=6, seed=0):
    """A small auto-encoder with weights that are not special in any way."""
    rng = np.random.default_rng(seed)
    parameters = vae.initial(rng, pixels, 5, latent)
    return {name: value + 0.3 * rng.standard_normal(value.shape) for name, value in parameters.items()}


# --- the strip: evidence, posterior, ELBO -----------------------------------------------------------------------------


def test_all_images_are_all_there():
    assert STRIP.shape == (16, 4) and len(np.unique(STRIP, axis=0)) == 16
    assert STRIP[5].tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("steepness", [0.5, 1, 2, 4])
def test_evidence_and_posterior_of_the_strip_against_quadrature(steepness):
    table = amortised.strip_log_joint(steepness)
    evidence = amortised.log_evidence(table, AXIS)
    assert abs(np.exp(evidence).sum() - 1) < 1e-12
    mean, variance = amortised.posterior_moments(table, AXIS)
    for i in (0, 6, 9, 11):
        def moment(power, i=i):
            return scipy.integrate.quad(lambda z: z**power * strip_density(STRIP[i], z, steepness), -9, 9, limit=400)[0]

        assert abs(evidence[i] - np.log(moment(0))) < 1e-7
        assert abs(mean[i, 0] - moment(1) / moment(0)) < 1e-7
        assert abs(variance[i, 0] - (moment(2) / moment(0) - (moment(1) / moment(0)) ** 2)) < 1e-6
    density = np.exp(amortised.log_posterior(table, AXIS)).sum(axis=-1) * (AXIS[1] - AXIS[0])
    np.testing.assert_allclose(density, 1, rtol=0, atol=1e-12)


@given(st.floats(-1, 1), st.floats(-5, -0.5), st.floats(0.3, 4), st.integers(0, 15))
def test_elbo_against_quadrature_and_its_gradient_against_differences(mean, log_variance, steepness, i):
    table = amortised.strip_log_joint(steepness)[i : i + 1]
    m, v = np.array([[mean]]), np.array([[log_variance]])
    value, slope = amortised.elbo_and_gradient(table, m, v, AXIS)
    q = scipy.stats.norm(mean, np.exp(0.5 * log_variance))
    x, w = np.polynomial.legendre.leggauss(300)
    z = mean + 8 * q.std() * x                                           # 1e-15 of q lies outside
    log_p = np.array([np.log(strip_density(STRIP[i], at, steepness)) for at in z])
    expected = 8 * q.std() * np.sum(w * q.pdf(z) * (log_p - q.logpdf(z)))
    assert abs(value[0] - expected) < 1e-7                               # the axis goes on for 10 deviations of q
    for name, dm, dv in (("mean", 1e-4, 0), ("log_variance", 0, 1e-4)):
        up, down = (amortised.elbo(table, m + s * dm, v + s * dv, AXIS)[0] for s in (1, -1))
        assert abs(slope[name][0, 0] - (up - down) / 2e-4) < 1e-6       # third derivatives up to some 100
    assert value[0] <= amortised.log_evidence(table, AXIS)[0]


@pytest.mark.parametrize("steepness", [0.5, 2, 4])
def test_the_best_gaussian_is_the_best_of_a_fine_search(steepness):
    table = amortised.strip_log_joint(steepness)
    start = np.zeros((16, 1)), np.zeros((16, 1))
    approximation, amortisation = amortised.gaps(table, *start, AXIS)
    assert (approximation > 0).all() and (amortisation > -1e-12).all()
    gap = amortised.log_evidence(table, AXIS) - amortised.elbo(table, *start, AXIS)
    np.testing.assert_allclose(approximation + amortisation, gap, rtol=0, atol=1e-12)
    search = [amortised.elbo(table, np.full((16, 1), m), np.full((16, 1), v), AXIS)
              for m in np.linspace(-2.5, 2.5, 51) for v in np.linspace(-5, 0, 41)]  # fmt: skip
    best = amortised.log_evidence(table, AXIS) - approximation
    assert (best > np.max(search, axis=0) - 1e-3).all()


def test_a_wide_encoder_answers_like_the_best_gaussian_and_a_linear_one_does_not():
    table = amortised.strip_log_joint(2)
    weights = np.exp(amortised.log_evidence(table, AXIS))
    gaps = {}
    for hidden in (0, 2, 4, 8):
        answer = amortised.encode(amortised.strip_encoder(2, hidden), STRIP)
        gaps[hidden] = [weights @ gap for gap in amortised.gaps(table, *answer, AXIS)]
    assert np.ptp([approximation for approximation, _ in gaps.values()]) < 1e-3   # of the family, not of the encoder
    assert gaps[0][1] > gaps[2][1] + 0.03 > gaps[4][1] + 0.1 and gaps[8][1] < 0.005


# --- two latent dimensions, and where everything is Gaussian ----------------------------------------------------------


def gaussian_table(x, weights, offset, variance, axis):
    """log p(x, z) of the linear model on a grid, by scipy."""
    codes = np.stack(np.meshgrid(*[axis] * weights.shape[1], indexing="ij"), axis=-1)
    prior = scipy.stats.norm.logpdf(codes).sum(axis=-1)
    residuals = x.reshape(x.shape[:1] + (1,) * weights.shape[1] + x.shape[1:]) - codes @ weights.T - offset
    return scipy.stats.norm.logpdf(residuals, scale=np.sqrt(variance)).sum(axis=-1) + prior


LINEAR = {"weights": np.array([[1.0, 0.4], [0.2, -0.9], [0.5, 0.7]]), "offset": np.array([0.3, -0.2, 1.0]),
          "variance": 0.6}  # fmt: skip


@pytest.mark.parametrize("latent", [1, 2])
def test_on_a_gaussian_table_both_gaps_are_the_closed_ones(latent):
    model = LINEAR | {"weights": LINEAR["weights"][:, :latent]}
    x = np.random.default_rng(1).standard_normal((5, 3))
    table = gaussian_table(x, **model, axis=amortised.AXIS)
    mean, covariance = ppca.posterior(x, **model)
    evidence = ppca.log_evidence(x, **model)
    np.testing.assert_allclose(amortised.log_evidence(table), evidence, rtol=0, atol=1e-6)   # prior outside the axis
    moments = amortised.posterior_moments(table)
    np.testing.assert_allclose(moments[0], mean, rtol=0, atol=1e-6)
    np.testing.assert_allclose(moments[1], np.broadcast_to(np.diag(covariance), mean.shape), rtol=0, atol=1e-6)

    variances, kl = ppca.best_factorised(covariance)
    best = mean, np.broadcast_to(np.log(variances), mean.shape)
    assert (kl < 1e-12) == (latent == 1)
    approximation, amortisation = amortised.gaps(table, *best)
    np.testing.assert_allclose(approximation, kl, rtol=0, atol=1e-6)
    np.testing.assert_allclose(amortisation, 0, rtol=0, atol=1e-6)
    approximation, amortisation = amortised.gaps(table, best[0] + 0.3, best[1] - 0.5)
    np.testing.assert_allclose(approximation, kl, rtol=0, atol=1e-3)     # 50 steps of Adam
    closed = [ppca.elbo(x, **model, mean=mean + shift, covariance=np.diag(factor * variances))
              for shift, factor in ((0, 1), (0.3, np.exp(-0.5)))]  # fmt: skip
    np.testing.assert_allclose(amortisation, closed[0] - closed[1], rtol=0, atol=1e-3)


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1.5, 1), st.floats(-1.5, 1))
def test_the_gradient_in_two_dimensions_against_differences(m1, m2, v1, v2):
    table = amortised.log_joint(random_model(), np.eye(6)[:1])
    q = {"mean": np.array([[m1, m2]]), "log_variance": np.array([[v1, v2]])}
    _, slope = amortised.elbo_and_gradient(table, **q)
    for name in q:
        for i in range(2):
            ends = []
            for sign in (1, -1):
                moved = {key: value.copy() for key, value in q.items()}
                moved[name][0, i] += sign * 1e-4
                ends.append(amortised.elbo(table, **moved)[0])
            assert abs(slope[name][0, i] - (ends[0] - ends[1]) / 2e-4) < 1e-6


@pytest.mark.parametrize("latent", [1, 2])
def test_a_table_holds_the_decoders_likelihood_and_its_evidence_tops_every_bound(latent):
    rng = np.random.default_rng(2)
    parameters, images = random_model(latent), rng.integers(0, 2, (4, 6)).astype(float)
    axis = np.linspace(-8, 8, 161)
    table = amortised.log_joint(parameters, images, axis)
    at = (slice(None), 70, 95)[: latent + 1]
    code = axis[[70, 95][:latent]]
    ink = scipy.special.expit(vae.decode(parameters, code))
    expected = scipy.stats.bernoulli.logpmf(images, ink).sum(axis=-1) + scipy.stats.norm.logpdf(code).sum()
    np.testing.assert_allclose(table[at], expected, rtol=0, atol=1e-12)

    evidence = amortised.log_evidence(table, axis)
    everything = amortised.log_evidence(amortised.log_joint(parameters, amortised.all_images(6), axis), axis)
    assert abs(np.exp(everything).sum() - 1) < 1e-12
    noise = rng.standard_normal((20_000, 4, latent))
    few, many = (vae.importance_bound(parameters, images, noise[:n]) for n in (1_000, 20_000))
    elbo = amortised.elbo(table, *vae.encode(parameters, images), axis)
    assert (elbo < evidence).all() and np.abs(many - evidence).max() < 0.05 and np.abs(few - evidence).max() < 0.3
    reconstruction, kl = vae.losses(parameters, images, noise)
    error = reconstruction.std(axis=0) / np.sqrt(len(noise))
    assert (np.abs(elbo + reconstruction.mean(axis=0) + kl) < 4.5 * error).all()  # false alarm: 1 seed in 20,000


def test_a_climb_never_ends_below_its_start():
    table = amortised.strip_log_joint(3)
    rng = np.random.default_rng(3)
    start = rng.uniform(-2, 2, (16, 1)), rng.uniform(-3, 0, (16, 1))
    for steps, rate in ((1, 0.5), (5, 0.3), (80, 0.2)):
        end = amortised.best_gaussian(table, *start, AXIS, steps=steps, rate=rate)
        assert (amortised.elbo(table, *end, AXIS) >= amortised.elbo(table, *start, AXIS)).all()


# --- encoders, digits -------------------------------------------------------------------------------------------------


def test_a_linear_encoder_that_is_trained_arrives_at_the_exact_posterior():
    rng = np.random.default_rng(5)
    w, offset, variance = LINEAR["weights"] @ np.diag([1.0, 0.8]), LINEAR["offset"], LINEAR["variance"]
    w[:, 1] -= w[:, 0] * (w[:, 0] @ w[:, 1]) / (w[:, 0] @ w[:, 0])       # orthogonal: the posterior factorises
    x = rng.standard_normal((50, 2)) @ w.T + offset + np.sqrt(variance) * rng.standard_normal((50, 3))
    m = w.T @ w + variance * np.eye(2)

    def slopes(mean, log_variance):
        slope = (mean @ m - (x - offset) @ w) / variance
        return slope / len(x), 0.5 * (np.exp(log_variance) * np.diag(m) / variance - 1) / len(x)

    encoder = amortised.fit_encoder(slopes, x, rng, 2, steps=3_000, rate=0.05)
    mean, covariance = ppca.posterior(x, w, offset, variance)
    answer = amortised.encode(encoder, x)
    np.testing.assert_allclose(answer[0], mean, rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.exp(answer[1]), np.broadcast_to(np.diag(covariance), mean.shape), rtol=0, atol=1e-5)
    np.testing.assert_allclose(encoder["mean"], w @ np.linalg.inv(m), rtol=0, atol=1e-5)


@pytest.mark.parametrize("hidden", [0, 3])
def test_fit_encoder_goes_down_the_slope_of_the_loss(hidden, monkeypatch):
    table, seen = amortised.strip_log_joint(1), []

    def slopes(mean, log_variance):
        slope = amortised.elbo_and_gradient(table, mean, log_variance, AXIS)[1]
        return -slope["mean"], -slope["log_variance"]

    def loss(encoder):
        return -amortised.elbo(table, *amortised.encode(encoder, STRIP), AXIS).sum()

    step = vae.Adam.step
    monkeypatch.setattr(vae.Adam, "step", lambda self, p, g, rate: seen.append((p, g)) or step(self, p, g, rate))
    encoder = amortised.fit_encoder(slopes, STRIP, np.random.default_rng(7), 1, hidden, steps=50, rate=0.05)
    (start, _), (late, gradient) = seen[0], seen[-1]
    assert loss(encoder) < loss(start) - 0.1
    assert late.keys() == gradient.keys() == encoder.keys() and len(late) == (6 if hidden else 4)
    for name, value in late.items():
        for index in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = value.copy()
                moved[index] += sign * 1e-5
                ends.append(loss({**late, name: moved}))
            assert abs(gradient[name][index] - (ends[0] - ends[1]) / 2e-5) < 1e-7


def test_baseline_against_scipy():
    rng = np.random.default_rng(8)
    seen, images = rng.integers(0, 2, (9, 4)).astype(float), rng.integers(0, 2, (3, 4)).astype(float)
    expected = scipy.stats.bernoulli.logpmf(images, (seen.sum(axis=0) + 0.5) / 10).sum(axis=-1)
    np.testing.assert_allclose(amortised.bernoulli_baseline(seen, images), expected, rtol=1e-12)


def test_walks_begin_and_end_at_the_two_images():
    parameters, (one, other) = random_model(), np.eye(6)[:2]
    decoded, mixed = amortised.walks(parameters, one, other, [0, 0.25, 1])
    np.testing.assert_allclose(mixed, [one, [0.75, 0.25, 0, 0, 0, 0], other], rtol=0, atol=1e-15)
    codes = vae.encode(parameters, np.stack([one, other]))[0]
    expected = scipy.special.expit(vae.decode(parameters, np.array([[1, 0], [0.75, 0.25], [0, 1]]) @ codes))
    np.testing.assert_allclose(decoded, expected, rtol=1e-12)


def test_nearest_against_scipy():
    rng = np.random.default_rng(11)
    pictures, images = rng.random((4, 6)), rng.integers(0, 2, (9, 6)).astype(float)
    expected = scipy.spatial.distance.cdist(pictures, images).min(axis=1)
    np.testing.assert_allclose(amortised.nearest(pictures, images), expected, rtol=1e-12)


def test_an_estimated_elbo_is_that_of_the_grid():
    parameters, images = random_model(), np.random.default_rng(12).integers(0, 2, (20, 6)).astype(float)
    axis = np.linspace(-10, 10, 201)
    exact = amortised.elbo(amortised.log_joint(parameters, images, axis), *vae.encode(parameters, images), axis).mean()
    estimates = [amortised.estimated_elbo(parameters, images, 100, seed) for seed in range(20)]
    assert abs(np.mean(estimates) - exact) < 4.5 * np.std(estimates, ddof=1) / np.sqrt(20)   # 1 seed in 4,000


def test_the_auto_encoder_beats_the_baseline_and_comes_near_a_wider_one():
    (training, _), (images, _) = digits.black_and_white()
    baseline = amortised.bernoulli_baseline(training, images).mean()
    def held_out(parameters):
        return amortised.estimated_elbo(parameters, images, 50, seed=9)  # its standard error from the noise: 0.01

    elbo = {latent: held_out(vae.trained(latent=latent)) for latent in (2, 4)}
    wider = max(held_out(vae.trained(latent=8, hidden=128)), held_out(vae.trained(latent=16, hidden=256)))
    assert elbo[2] > baseline + 3.5 and elbo[4] > baseline + 5.5
    assert elbo[4] > wider - 1


def test_the_digits_gaps():
    _, (images, _) = digits.black_and_white()
    parameters = vae.trained(latent=2)
    table = amortised.log_joint(parameters, images[::10])
    approximation, amortisation = (gap.mean() for gap in amortised.gaps(table, *vae.encode(parameters, images[::10])))
    assert 0.03 < approximation < 0.3 and amortisation > 2 * approximation


# --- bad input --------------------------------------------------------------------------------------------------------

TABLE = amortised.strip_log_joint(1)
ZERO = np.zeros((16, 1))
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("call, message", [
    (lambda: amortised.all_images(0), "pixels must be an integer from 1 up"),
    (lambda: amortised.all_images(17), "pixels must be at most 16"),
    (lambda: amortised.strip_logits(np.nan, 1), "codes must be finite"),
    (lambda: amortised.strip_logits(0.0, 0), "steepness must be positive"),
    (lambda: amortised.log_joint(random_model(3), np.zeros((1, 6))), "parameters must have one or two latent"),
    (lambda: amortised.log_joint(random_model(), np.full((1, 6), 0.5)), "images must be 0 or 1 everywhere"),
    (lambda: amortised.log_joint(random_model(), np.zeros((1, 5))), "images must have 6 pixels"),
    (lambda: amortised.log_joint(random_model(), np.zeros((1, 6)), [0, 1, 3]), "axis must be evenly spaced"),
    (lambda: amortised.log_evidence(TABLE), r"table must have shape \(n, 121\)"),
    (lambda: amortised.log_evidence(np.full((1, 361), -np.inf), AXIS), "table must be finite"),
    (lambda: amortised.elbo(TABLE, ZERO[1:], ZERO, AXIS), r"mean must have shape \(16, 1\)"),
    (lambda: amortised.elbo(TABLE, ZERO, ZERO - 8, AXIS), "log_variance must give standard deviations of 0.7 steps"),
    (lambda: amortised.elbo(TABLE, ZERO + 7, ZERO, AXIS), "mean must lie 3 standard deviations inside"),
    (lambda: amortised.elbo(TABLE, ZERO, ZERO + np.nan, AXIS), "log_variance must be finite"),
    (lambda: amortised.best_gaussian(TABLE, ZERO, ZERO, AXIS, steps=0), "steps must be an integer from 1 up"),
    (lambda: amortised.best_gaussian(TABLE, ZERO, ZERO, AXIS, rate=0), "rate must be positive"),
    (lambda: amortised.fit_encoder(None, STRIP, 0, 1), "rng must be a np.random.Generator"),
    (lambda: amortised.fit_encoder(None, STRIP, RNG, 0), "latent must be an integer from 1 up"),
    (lambda: amortised.fit_encoder(None, STRIP, RNG, 1, -1), "hidden must be an integer from 0 up"),
])  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
