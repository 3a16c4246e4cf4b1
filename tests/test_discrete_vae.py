"""The discrete auto-encoder: sums over codes term by term, each gradient against differences or by enumeration."""

from itertools import product

import numpy as np
import pytest
import scipy.special
import scipy.stats

from lib import concrete, digits, discrete_vae

(TRAINING, _), (HELD_OUT, _) = digits.black_and_white()
TEMPERATURE = 0.7


def made(pixels=5, hidden=4, variables=2, categories=3, images=4, draws=2, seed=0):
    """Parameters none of which is 0, images, and a draw of the noise."""
    rng = np.random.default_rng(seed)
    parameters = discrete_vae.initial(rng, pixels, hidden, variables, categories)
    parameters = {name: value + 0.5 * rng.standard_normal(value.shape) for name, value in parameters.items()}
    images = (rng.random((images, pixels)) < 0.4).astype(float)
    return parameters, images, rng.gumbel(size=(draws, len(images), variables, categories))


def noise_for(code):
    """Gumbel noise that makes the arg max draw this code, whatever the logits are: (1, 1, N, K)."""
    return 1e3 * code[None, None]


def by_difference(loss, parameters, h=1e-5):
    """Central differences of a loss by every single parameter; error h^2 / 6 times a third derivative, and rounding."""
    result = {}
    for name, value in parameters.items():
        result[name] = np.zeros_like(value)
        for at in np.ndindex(value.shape):
            unit = np.zeros_like(value)
            unit[at] = h
            ends = [loss({**parameters, name: value + move}) for move in (unit, -unit)]
            result[name][at] = (ends[0] - ends[1]) / (2 * h)
    return result


def assert_same(one, two, atol):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=0, atol=atol, err_msg=name)


# --- what is computed by summing over codes -------------------------------------------------------------------------


@pytest.mark.parametrize("variables, categories", [(1, 4), (2, 3), (3, 2)])
def test_elbo_and_evidence_are_sums_over_codes_term_by_term(variables, categories):
    parameters, images, _ = made(variables=variables, categories=categories)
    log_q, count = discrete_vae.encode(parameters, images), categories**variables
    for i, image in enumerate(images):
        bound, evidence = 0.0, 0.0
        for indices in product(range(categories), repeat=variables):
            logits = discrete_vae.decode(parameters, np.eye(categories)[list(indices)])
            log_p = scipy.stats.bernoulli.logpmf(image.astype(int), scipy.special.expit(logits)).sum()
            log_code = sum(log_q[i, v, k] for v, k in enumerate(indices))
            bound += np.exp(log_code) * (log_p - np.log(count) - log_code)
            evidence += np.exp(log_p) / count
        np.testing.assert_allclose(discrete_vae.elbo(parameters, images)[i], bound, rtol=1e-11)
        np.testing.assert_allclose(discrete_vae.log_evidence(parameters, images)[i], np.log(evidence), rtol=1e-11)


def test_the_divergence_is_that_of_scipy():
    log_q = scipy.special.log_softmax(np.random.default_rng(1).standard_normal((5, 3, 4)), axis=-1)
    expected = [sum(scipy.stats.entropy(np.exp(row), np.full(4, 0.25)) for row in rows) for rows in log_q]
    np.testing.assert_allclose(discrete_vae.kl_to_uniform(log_q), expected, rtol=1e-12)
    assert discrete_vae.kl_to_uniform(np.full((2, 4), -np.log(4))) == pytest.approx(0, abs=1e-15)


def test_all_codes_are_all_and_the_last_variable_moves_fastest():
    codes = discrete_vae.all_codes(2, 3)
    assert [tuple(code.argmax(axis=-1)) for code in codes] == list(product(range(3), repeat=2))
    assert (codes.sum(axis=-1) == 1).all() and codes.shape == (9, 2, 3)


def test_draws_follow_q():
    log_q = scipy.special.log_softmax(np.random.default_rng(2).standard_normal((2, 4)), axis=-1)
    gumbels = np.random.default_rng(3).gumbel(size=(50_000, 2, 4))
    counts = discrete_vae.one_hot_draws(log_q, gumbels).sum(axis=0)
    for v in range(2):
        assert scipy.stats.chisquare(counts[v], 50_000 * np.exp(log_q[v])).pvalue > 1e-4  # false alarm: 2 in 10^4


# --- gradients ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variables, categories", [(1, 4), (2, 3), (3, 2)])
def test_the_exact_gradient_is_that_of_the_elbo(variables, categories):
    parameters, images, _ = made(variables=variables, categories=categories)
    expected = by_difference(lambda moved: -discrete_vae.elbo(moved, images).mean(), parameters)
    assert_same(discrete_vae.gradient("exact", parameters, images), expected, atol=1e-8)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_the_relaxed_gradient_is_that_of_the_relaxed_loss_with_the_noise_held(temperature):
    parameters, images, gumbels = made()
    expected = by_difference(
        lambda moved: discrete_vae.relaxed_losses(moved, images, gumbels, temperature).mean(), parameters
    )
    found = discrete_vae.gradient("relaxed", parameters, images, gumbels, temperature)
    assert_same(found, expected, atol=2e-7)  # third derivatives grow as temperature^-3


def test_reinforce_is_right_on_average_over_all_codes():
    parameters, images, _ = made(images=1)
    codes, q = discrete_vae.all_codes(2, 3), np.exp(discrete_vae.enumerate_codes(parameters, images)[1][0])
    each = [discrete_vae.gradient("reinforce", parameters, images, noise_for(code)) for code in codes]
    mean = {name: sum(w * g[name] for w, g in zip(q, each, strict=True)) for name in parameters}
    assert_same(mean, discrete_vae.gradient("exact", parameters, images), atol=1e-12)


def test_leave_one_out_is_right_on_average_over_all_pairs_of_codes():
    parameters, images, _ = made(images=1)
    codes, q = discrete_vae.all_codes(2, 3), np.exp(discrete_vae.enumerate_codes(parameters, images)[1][0])
    mean = {name: 0.0 for name in parameters}
    for (i, one), (j, two) in product(enumerate(codes), repeat=2):
        pair = np.concatenate([noise_for(one), noise_for(two)])
        found = discrete_vae.gradient("leave-one-out", parameters, images, pair)
        mean = {name: mean[name] + q[i] * q[j] * found[name] for name in parameters}
    assert_same(mean, discrete_vae.gradient("exact", parameters, images), atol=1e-12)


def test_straight_through_takes_the_decoder_at_the_one_hot_code_and_the_softmax_at_the_relaxed_one():
    parameters, images, gumbels = made(images=1, draws=1)
    log_q = discrete_vae.encode(parameters, images)
    code = discrete_vae.one_hot_draws(log_q, gumbels)

    def error(moved, code):
        logits = discrete_vae.decode(moved, code)
        return np.sum(np.logaddexp(0, logits) - images * logits)

    found = discrete_vae.gradient("straight-through", parameters, images, gumbels, TEMPERATURE)
    expected = by_difference(lambda moved: error(moved, code), parameters)
    for name in ("decoder", "decoder_offset", "logits", "logits_offset"):
        np.testing.assert_allclose(found[name], expected[name], atol=1e-8)
    slope = by_difference(lambda moved: error(parameters, moved["code"]), {"code": code})["code"]

    def surrogate(moved):  # linear in the relaxed code, with the slope frozen
        log_q = discrete_vae.encode(moved, images)
        return np.sum(slope * concrete.relax(log_q, TEMPERATURE, gumbels)) + discrete_vae.kl_to_uniform(log_q)[0]

    expected = by_difference(surrogate, parameters)
    for name in discrete_vae.ENCODER:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-7)


def test_at_a_low_temperature_a_relaxed_code_is_the_one_drawn_and_its_loss_the_discrete_one():
    parameters, images, gumbels = made(draws=3)
    log_q = discrete_vae.encode(parameters, images)
    codes = discrete_vae.one_hot_draws(log_q, gumbels)
    logits = discrete_vae.decode(parameters, codes)
    expected = np.sum(np.logaddexp(0, logits) - images * logits, axis=-1) + discrete_vae.kl_to_uniform(log_q)
    np.testing.assert_allclose(discrete_vae.relaxed_losses(parameters, images, gumbels, 1e-4), expected, rtol=1e-10)


def test_bias_and_variance_of_made_estimates_are_right_on_average_even_from_four():
    rng = np.random.default_rng(0)
    exact, bias = np.array([3.0, 4.0]), np.array([0.5, 0.0])
    made = exact + bias + 2 * rng.standard_normal((4_000, 4, 2))
    found = np.array([discrete_vae.squared_bias_and_variance(four, exact) for four in made])
    error = found.std(axis=0) / np.sqrt(len(found))  # 0.002 each; the term taken off is 8 / 25 / 4 = 0.08
    assert (np.abs(found.mean(axis=0) - [0.25 / 25, 8 / 25]) < 4.5 * error).all()  # false alarm: 1 seed in 70,000


# --- training -------------------------------------------------------------------------------------------------------


def test_a_schedule_goes_from_its_first_to_its_last_temperature_in_equal_ratios():
    found = [discrete_vae.temperature_at(share, (1.0, 0.25)) for share in (0, 0.5, 1)]
    np.testing.assert_allclose(found, [1, 0.5, 0.25], rtol=1e-15)
    assert discrete_vae.temperature_at(0.4, "constant 0.3") == 0.3


def test_training_by_the_exact_gradient_beats_the_model_without_a_code():
    *_, parameters = discrete_vae.train("exact", TRAINING, np.random.default_rng(0), epochs=8)
    assert discrete_vae.elbo(parameters, HELD_OUT).mean() > -24  # -22.2; independent pixels: -24.9
    assert (discrete_vae.elbo(parameters, HELD_OUT) <= discrete_vae.log_evidence(parameters, HELD_OUT) + 1e-12).all()


@pytest.mark.parametrize("rate", [1e-2, 4e-2])
def test_the_order_that_the_chapter_reports_is_the_same_at_half_and_at_twice_its_rate(rate):
    for seed in range(3):
        ends = []
        for method in ("exact", "relaxed", "straight-through"):
            *_, parameters = discrete_vae.train(method, TRAINING, np.random.default_rng(seed), rate=rate)
            ends.append(discrete_vae.elbo(parameters, HELD_OUT).mean())
        assert ends == sorted(ends, reverse=True)


@pytest.mark.parametrize("method", ["straight-through", "reinforce"])
def test_the_last_digit_of_a_gradient_does_not_decide_a_training(method, monkeypatch):
    first = list(discrete_vae.train(method, TRAINING, np.random.default_rng(0), epochs=6))
    exactly, rng = discrete_vae.gradient, np.random.default_rng(1)

    def by_another_machine(*arguments):
        return {name: value * (1 + 1e-15 * rng.standard_normal(value.shape))
                for name, value in exactly(*arguments).items()}  # fmt: skip

    monkeypatch.setattr(discrete_vae, "gradient", by_another_machine)
    second = list(discrete_vae.train(method, TRAINING, np.random.default_rng(0), epochs=6))
    assert_same(first[-1], second[-1], atol=0)


def test_equal_seeds_give_equal_trainings_and_what_is_kept_cannot_be_changed(monkeypatch):
    monkeypatch.setattr(discrete_vae, "PASSES", (0, 1))
    discrete_vae._history.cache_clear()
    kept = discrete_vae.history("relaxed", seed=3)
    *_, again = discrete_vae.train("relaxed", TRAINING, np.random.default_rng(3), epochs=1)
    assert_same(kept[1], again, atol=0)
    kept[1]["logits"][:] = 0
    assert np.any(discrete_vae.trained("relaxed", seed=3)["logits"])
    discrete_vae._history.cache_clear()


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda p, x, g: discrete_vae.gradient("rebar", p, x, g), "method must be one of"),
        (lambda p, x, g: discrete_vae.gradient("reinforce", p, x), "gumbels must"),
        (lambda p, x, g: discrete_vae.gradient("reinforce", p, x, g[0]), "gumbels must have shape"),
        (lambda p, x, g: discrete_vae.gradient("leave-one-out", p, x, g[:1]), "at least 2"),
        (lambda p, x, g: discrete_vae.gradient("relaxed", p, x, g, 0.0), "temperature must be positive"),
        (lambda p, x, g: discrete_vae.gradient("exact", p, x + 0.5), "images must be 0 or 1"),
        (lambda p, x, g: discrete_vae.elbo(p, x[:, :4]), "images must have 5 pixels"),
        (lambda p, x, g: discrete_vae.decode(p, np.ones(6)), "codes must have shape"),
        (lambda p, x, g: discrete_vae.history("exact", "warm"), "schedule must be of"),
        (lambda p, x, g: discrete_vae.temperature_at(-0.1, "annealed"), "progress must be 0 or positive"),
        (lambda p, x, g: discrete_vae.initial(np.random.default_rng(0), 5, 4, 2, 0), "categories must be an integer"),
        (lambda p, x, g: discrete_vae.squared_bias_and_variance(np.ones((1, 2)), np.ones(2)), "R from 2 up"),
    ],
)
def test_bad_arguments_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call(*made())
