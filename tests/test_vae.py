"""The auto-encoder: loss against scipy and quadrature, each derivative against differences, and how it trains."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

from lib import digits, vae

(TRAINING, LABELS), (HELD_OUT, _) = digits.training_and_held_out()
TRAINING, HELD_OUT = digits.binary(TRAINING), digits.binary(HELD_OUT)
NAMES = ("encoder", "mean", "log_variance", "decoder", "logits")


def made(pixels=5, hidden=4, latent=2, images=3, seed=0, offsets=0.3):
    """Parameters none of which is 0, images, and a draw of the noise."""
    rng = np.random.default_rng(seed)
    parameters = vae.initial(rng, pixels, hidden, latent)
    parameters = {name: value + offsets * rng.standard_normal(value.shape) for name, value in parameters.items()}
    return parameters, (rng.random((images, pixels)) < 0.4).astype(float), rng.standard_normal((images, latent))


# --- the loss -------------------------------------------------------------------------------------------------------


def one_image(parameters, image, noise):
    """Both terms for one image, a number at a time, with scipy's distributions."""
    p, hidden, latent = parameters, len(parameters["encoder_offset"]), len(parameters["mean_offset"])
    h = [np.tanh(sum(image * p["encoder"][:, j]) + p["encoder_offset"][j]) for j in range(hidden)]
    mean = [sum(h * p["mean"][:, k]) + p["mean_offset"][k] for k in range(latent)]
    log_v = [sum(h * p["log_variance"][:, k]) + p["log_variance_offset"][k] for k in range(latent)]
    z = [m + np.sqrt(np.exp(v)) * e for m, v, e in zip(mean, log_v, noise, strict=True)]
    k = [np.tanh(sum(z * p["decoder"][:, j]) + p["decoder_offset"][j]) for j in range(hidden)]
    logits = [sum(k * p["logits"][:, d]) + p["logits_offset"][d] for d in range(len(image))]
    reconstruction = -sum(scipy.stats.bernoulli.logpmf(int(x), scipy.special.expit(s))
                          for x, s in zip(image, logits, strict=True))  # fmt: skip
    divergence = 0.0
    for m, v in zip(mean, log_v, strict=True):
        q, prior = scipy.stats.norm(m, np.exp(v / 2)), scipy.stats.norm(0, 1)
        reach = 12 * np.exp(v / 2)  # the rest of q is below 1e-32
        divergence += scipy.integrate.quad(
            lambda t, q=q, prior=prior: q.pdf(t) * (q.logpdf(t) - prior.logpdf(t)), m - reach, m + reach, epsabs=1e-11
        )[0]
    return reconstruction, divergence


@pytest.mark.parametrize("latent", [1, 3])
def test_the_two_terms_of_each_image_are_those_of_scipy(latent):
    parameters, images, noise = made(latent=latent)
    reconstruction, divergence = vae.losses(parameters, images, noise)
    expected = [one_image(parameters, image, each) for image, each in zip(images, noise, strict=True)]
    np.testing.assert_allclose(reconstruction, [first for first, _ in expected], rtol=1e-11)
    np.testing.assert_allclose(divergence, [second for _, second in expected], rtol=1e-8, atol=1e-9)  # quad's promise


def test_draws_of_the_noise_lead():
    parameters, images, _ = made()
    noise = np.random.default_rng(1).standard_normal((4, 2, 3, 2))
    reconstruction, divergence = vae.losses(parameters, images, noise)
    assert reconstruction.shape == (4, 2, 3) and divergence.shape == (3,)
    np.testing.assert_allclose(reconstruction[1, 1], vae.losses(parameters, images, noise[1, 1])[0], rtol=1e-14)


def test_encode_and_decode_are_the_pieces_of_the_loss():
    parameters, images, noise = made()
    mean, log_variance = vae.encode(parameters, images)
    logits = vae.decode(parameters, mean + np.exp(log_variance / 2) * noise)
    assert mean.shape == log_variance.shape == (3, 2) and logits.shape == images.shape
    expected = np.sum(np.logaddexp(0, logits) - images * logits, axis=-1)
    np.testing.assert_allclose(vae.losses(parameters, images, noise)[0], expected, rtol=1e-12)
    np.testing.assert_allclose(vae.encode(parameters, images[1])[0], mean[1], rtol=1e-13)      # any leading shape
    np.testing.assert_allclose(vae.decode(parameters, np.zeros((2, 7, 2)))[1, 3], vae.decode(parameters, [0.0, 0.0]))


def evidence(parameters, image):
    """p(x) = integral of p(x|z) N(z; 0, 1) for one latent dimension, by quadrature."""
    def integrand(z):
        probability = scipy.special.expit(vae.decode(parameters, [z]))
        return np.prod(np.where(image == 1, probability, 1 - probability)) * scipy.stats.norm.pdf(z)

    return scipy.integrate.quad(integrand, -10, 10, epsabs=1e-13)[0]


def test_with_one_latent_dimension_the_bound_and_its_gap_are_those_of_quadrature():
    parameters, images, _ = made(latent=1, seed=3)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    noise = np.broadcast_to(nodes[:, None, None], (60, 3, 1))
    reconstruction, divergence = vae.losses(parameters, images, noise)
    bound = -(weights / weights.sum()) @ reconstruction - divergence
    mean, log_variance = vae.encode(parameters, images)
    for i, image in enumerate(images):
        q = scipy.stats.norm(mean[i, 0], np.exp(log_variance[i, 0] / 2))
        log_evidence = np.log(evidence(parameters, image))

        def integrand(z, image=image, q=q, log_evidence=log_evidence):
            logits = vae.decode(parameters, [z])
            log_posterior = np.sum(image * logits - np.logaddexp(0, logits)) + scipy.stats.norm.logpdf(z) - log_evidence
            return q.pdf(z) * (q.logpdf(z) - log_posterior)

        gap = scipy.integrate.quad(integrand, q.mean() - 10 * q.std(), q.mean() + 10 * q.std(), epsabs=1e-11)[0]
        assert gap > 1e-3
        assert abs(bound[i] + gap - log_evidence) < 1e-8  # ln p(x) = ELBO + KL(q || p(z|x)), slide S38


def test_the_importance_bound_is_below_the_evidence_in_mean_and_climbs():
    parameters, images, _ = made(latent=1, seed=3)
    # q wider than the prior: the weights p(x, z) / q(z|x) are then bounded, and their mean has a standard error
    parameters["log_variance"], parameters["log_variance_offset"] = np.zeros((4, 1)), np.array([0.5])
    log_evidence = np.log([evidence(parameters, image) for image in images])
    rng, means = np.random.default_rng(5), []
    for draws, runs in ((1, 4_000), (4, 4_000), (64, 1_000)):
        bounds = np.array([vae.importance_bound(parameters, images, rng.standard_normal((draws, 3, 1)))
                           for _ in range(runs)])
        error = bounds.std(axis=0) / np.sqrt(runs)
        assert (bounds.mean(axis=0) < log_evidence + 5 * error).all()
        weights = np.exp(bounds)  # each is an unbiased estimate of p(x); all nine: false alarm 1 seed in 100,000
        deviation = np.abs(weights.mean(axis=0) - np.exp(log_evidence)) / (weights.std(axis=0) / np.sqrt(runs))
        assert (deviation < 5).all()
        means.append(bounds.mean(axis=0))
    assert (means[0] + 0.01 < means[1]).all() and (means[1] < means[2]).all()
    assert (np.abs(means[2] - log_evidence) < 0.02).all()


def test_one_draw_of_the_importance_bound_is_a_draw_of_the_bound():
    parameters, images, _ = made(seed=4)
    noise = np.random.default_rng(0).standard_normal((1, 3, 2))
    mean, log_variance = vae.encode(parameters, images)
    z = mean + np.exp(log_variance / 2) * noise[0]
    log_prior = scipy.stats.norm.logpdf(z).sum(axis=-1)
    log_q = scipy.stats.norm.logpdf(z, mean, np.exp(log_variance / 2)).sum(axis=-1)
    expected = log_prior - log_q - vae.losses(parameters, images, noise[0])[0]
    np.testing.assert_allclose(vae.importance_bound(parameters, images, noise), expected, rtol=1e-12)


# --- the gradient ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [0.0, 0.7, 1, 5.0])
@pytest.mark.parametrize("sizes", [{}, {"latent": 1, "hidden": 1}, {"pixels": 2, "hidden": 6, "latent": 3}])
def test_every_derivative_is_that_of_differences(sizes, weight):
    parameters, images, noise = made(**sizes)
    slopes, step = vae.gradient(parameters, images, noise, weight), 1e-5

    def loss(parameters):
        reconstruction, divergence = vae.losses(parameters, images, noise)
        return np.mean(reconstruction + weight * divergence)

    assert slopes.keys() == parameters.keys() == {name + end for name in NAMES for end in ("", "_offset")}
    for name, value in parameters.items():
        assert slopes[name].shape == value.shape
        for at in np.ndindex(value.shape):
            ends = []
            for sign in (1, -1):
                moved = {**parameters, name: value.copy()}
                moved[name][at] += sign * step
                ends.append(loss(moved))
            # Rounding: 1e-15 * 50 / 1e-5 = 5e-9; the third derivative's share is 1e-10 times it.
            assert abs(slopes[name][at] - (ends[0] - ends[1]) / (2 * step)) < 3e-8, (name, at)


def test_the_divergence_reaches_the_encoder_alone():                                    # erratum E26
    parameters, images, noise = made()
    alone = {name: slope - vae.gradient(parameters, images, noise, 0.0)[name]
             for name, slope in vae.gradient(parameters, images, noise, 1.0).items()}  # fmt: skip
    for name, slope in alone.items():
        assert np.any(slope) == (not name.startswith(("decoder", "logits"))), name


def test_without_noise_the_variance_gets_a_gradient_from_the_divergence_alone():
    parameters, images, noise = made()
    slopes = vae.gradient(parameters, images, 0 * noise, 0.0)
    assert not slopes["log_variance"].any() and not slopes["log_variance_offset"].any() and slopes["mean"].any()


# --- the steps ------------------------------------------------------------------------------------------------------


def test_adam_is_its_formula():
    slopes, rate = [3.0, -0.2, 0.5, 0.0], 0.1
    start = {"a": np.array([1.0, 2.0]), "b": np.array(0.5)}
    adam, parameters = vae.Adam(start), start
    for slope in slopes:
        parameters = adam.step(parameters, {"a": np.array([slope, -2 * slope]), "b": np.array(slope**2)}, rate)

    def by_hand(value, slopes):
        for t in range(1, len(slopes) + 1):  # the running means as the weighted sums they are
            ages = np.arange(t)[::-1]
            first = np.sum(0.1 * 0.9**ages * slopes[:t]) / np.sum(0.1 * 0.9**ages)
            second = np.sum(0.001 * 0.999**ages * np.square(slopes[:t])) / np.sum(0.001 * 0.999**ages)
            value = value - rate * first / (np.sqrt(second) + 1e-8)
        return value

    slopes = np.array(slopes)
    np.testing.assert_allclose(parameters["a"], [by_hand(1.0, slopes), by_hand(2.0, -2 * slopes)], rtol=1e-11)
    np.testing.assert_allclose(parameters["b"], by_hand(0.5, slopes**2), rtol=1e-11)
    np.testing.assert_array_equal(start["a"], [1.0, 2.0])  # left as it was


def test_the_first_step_of_adam_has_the_length_of_the_rate():
    start = {"a": np.zeros(3)}
    after = vae.Adam(start).step(start, {"a": np.array([1e-3, -5.0, 1e4])}, 0.02)
    np.testing.assert_allclose(after["a"], [-0.02, 0.02, -0.02], rtol=1e-4)


def test_initial_parameters():
    parameters = vae.initial(np.random.default_rng(0), 400, 100, 3)
    assert {name: value.shape for name, value in parameters.items()} == {
        "encoder": (400, 100), "encoder_offset": (100,), "mean": (100, 3), "mean_offset": (3,),
        "log_variance": (100, 3), "log_variance_offset": (3,), "decoder": (3, 100), "decoder_offset": (100,),
        "logits": (100, 400), "logits_offset": (400,),
    }  # fmt: skip
    # 40,000 draws of N(0, 1/400): their standard deviation is within 5 standard errors, false alarm 1 seed in 10^6
    assert abs(parameters["encoder"].std() * 20 - 1) < 5 / np.sqrt(2 * 40_000)
    assert not parameters["encoder_offset"].any()


def test_training_yields_the_start_and_one_set_a_pass_and_depends_on_the_seed_alone():
    def run(seed):
        return list(vae.train(TRAINING[:150], np.random.default_rng(seed), hidden=5, epochs=3, batch=40))

    one, again, other = run(0), run(0), run(1)
    assert len(one) == 4
    for first, second in zip(one, again, strict=True):
        assert all(np.array_equal(first[name], second[name]) for name in first)
    assert not np.array_equal(one[-1]["mean"], other[-1]["mean"])
    start = vae.initial(np.random.default_rng(0), 64, 5, 2)
    assert all(np.array_equal(start[name], one[0][name]) for name in start)
    few = list(vae.train(TRAINING[:7], np.random.default_rng(0), hidden=5, epochs=1))  # fewer than a batch
    assert not np.array_equal(few[0]["logits"], few[1]["logits"])


def test_without_sampling_the_variance_stays_at_weight_0_and_goes_to_that_of_the_prior_otherwise():
    def spread(weight, epochs):
        *_, last = vae.train(TRAINING[:200], np.random.default_rng(0), 8, weight=weight, epochs=epochs, sampled=False)
        return last, np.exp(vae.encode(last, TRAINING[:200])[1])

    last, _ = spread(0.0, 3)
    start = vae.initial(np.random.default_rng(0), 64, 8, 2)
    np.testing.assert_array_equal(last["log_variance"], start["log_variance"])
    _, variance = spread(1.0, 200)
    assert np.abs(variance - 1).mean() < 0.1


# --- trained on the digits ------------------------------------------------------------------------------------------


def held_out(parameters, draws=50):
    """The two terms on the held-out digits, each (500,), the noise averaged over."""
    noise = np.random.default_rng(1).standard_normal((draws, 500, len(parameters["mean_offset"])))
    reconstruction, divergence = vae.losses(parameters, HELD_OUT, noise)
    return reconstruction.mean(axis=0), divergence


def baseline():
    """The losses of the held-out digits under independent pixels, with the training digits' means."""
    ink = np.clip(TRAINING.mean(axis=0), 0.5 / len(TRAINING), 1 - 0.5 / len(TRAINING))
    return -scipy.stats.bernoulli.logpmf(HELD_OUT.astype(int), ink).sum(axis=-1)


def test_the_trained_model_beats_independent_pixels_on_held_out_digits():
    gain = baseline() - sum(held_out(vae.trained()))
    error = gain.std() / np.sqrt(500)
    # 4.1 here and 4.5 with two other seeds of the training; the error of the mean over the digits is 0.3.
    assert 0.1 < error < 0.5 and gain.mean() > 3


def test_the_weight_trades_the_two_terms():
    terms = {weight: [term.mean() for term in held_out(vae.trained(weight))] for weight in (0, 1, 10)}
    assert terms[0][1] > 60 and terms[0][0] < 18                                        # 72.8 and 17.2
    assert 2 < terms[1][1] < 4 and 17 < terms[1][0] < 19.5                              # 2.8 and 18.0
    assert terms[10][1] < 0.01 and abs(terms[10][0] - baseline().mean()) < 0.3          # 0.00: the codes say nothing


def test_samples_of_the_regularised_model_are_nearer_to_digits():
    z = np.random.default_rng(2).standard_normal((1_000, 2))
    near = {w: digits.nearest((vae.decode(vae.trained(w), z) > 0).astype(float), TRAINING)[1].mean() for w in (0, 1)}
    assert near[1] < 3.2 and near[0] > 7                                                # 2.4 and 9.6 pixels


def test_what_is_kept_is_not_the_caller_s_to_change_and_is_trained_once():
    first = vae.trained(1, 2)
    first["encoder"][:] = 0
    again = vae.trained(weight=1.0, hidden=64)
    assert again["encoder"].any()
    before = vae._history.cache_info()
    vae.trained(np.float64(1)), vae.history(1.0, seed=0)
    after = vae._history.cache_info()
    assert after.misses == before.misses and after.hits == before.hits + 2


def test_the_history_begins_at_the_start_and_ends_with_the_trained_model():
    path = vae.history()
    assert tuple(path) == vae.PASSES
    start, end = vae.initial(np.random.default_rng(0), 64, 64, 2), vae.trained()
    assert all(np.array_equal(path[0][name], start[name]) and np.array_equal(path[200][name], end[name])
               for name in start)  # fmt: skip
    losses = [sum(term.mean() for term in held_out(path[passes], draws=5)) for passes in (0, 8, 200)]
    assert losses[0] > losses[1] + 5 > losses[2] + 5


# --- bad arguments --------------------------------------------------------------------------------------------------

PARAMETERS, IMAGES, NOISE = made()


@pytest.mark.parametrize("call, message", [
    (lambda: vae.initial(0, 5, 4, 2), "rng must be a np.random.Generator"),
    (lambda: vae.initial(np.random.default_rng(0), 5, 4, 0), "latent must be an integer from 1 up, but is 0"),
    (lambda: vae.initial(np.random.default_rng(0), 5, 2.0, 1), "hidden must be an integer from 1 up, but is 2.0"),
    (lambda: vae.encode(PARAMETERS, np.zeros((2, 6))), r"images must have 5 pixels on their last axis, .*\(2, 6\)"),
    (lambda: vae.encode(PARAMETERS, np.full(5, np.nan)), "images must be finite everywhere, but holds nan"),
    (lambda: vae.decode(PARAMETERS, np.zeros(3)), r"codes must have the 2 latent dimensions on their last axis"),
    (lambda: vae.losses(PARAMETERS, IMAGES[0], NOISE), r"images must have shape \(n, 5\), but its shape is \(5,\)"),
    (lambda: vae.losses(PARAMETERS, IMAGES / 2, NOISE), "images must be 0 or 1 everywhere, but holds 0.5"),
    (lambda: vae.losses(PARAMETERS, IMAGES, NOISE[:2]), r"noise must have shape \(..., 3, 2\), .*\(2, 2\)"),
    (lambda: vae.losses(PARAMETERS, IMAGES, NOISE + np.inf), "noise must be finite everywhere, but holds inf"),
    (lambda: vae.gradient(PARAMETERS, IMAGES, NOISE, -1), "weight must be 0 or positive everywhere, .* -1"),
    (lambda: vae.gradient(PARAMETERS, IMAGES, NOISE[None]), r"noise must have shape \(3, 2\), .*\(1, 3, 2\)"),
    (lambda: vae.importance_bound(PARAMETERS, IMAGES, NOISE), r"noise must have shape \(S, 3, 2\), .*\(3, 2\)"),
    (lambda: next(vae.train(IMAGES, None)), "rng must be a np.random.Generator"),
    (lambda: next(vae.train(IMAGES, np.random.default_rng(0), rate=0)), "rate must be positive everywhere"),
    (lambda: next(vae.train(IMAGES, np.random.default_rng(0), epochs=0)), "epochs must be an integer from 1 up"),
    (lambda: next(vae.train(IMAGES, np.random.default_rng(0), batch=0)), "batch must be an integer from 1 up"),
    (lambda: vae.trained(-1), "weight must be 0 or positive everywhere"),
])  # fmt: skip
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
