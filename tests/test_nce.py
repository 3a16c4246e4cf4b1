"""Noise contrastive estimation against simulation, finite differences, other optimisers, and the slides' misprints."""

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import logspace, nce
from lib.figures import nce as figures

EPS = np.finfo(float).eps
P = np.array([0.5, 0.3, 0.15, 0.05])
UNIFORM = np.full(4, 0.25)
SHAPES = {"uniform": UNIFORM, "unigram": P, "count^0.75": P**0.75 / np.sum(P**0.75), "upside down": P[::-1]}
K = (1, 5, 25)

SCORE, LOG_NOISE, RATIO = st.floats(-30, 30), st.floats(-30, 0), st.floats(1e-3, 1e3)
WEIGHTS = st.lists(st.one_of(st.just(0.0), st.floats(1e-12, 1e12)), min_size=1, max_size=40).filter(any)
each_shape = pytest.mark.parametrize("q", SHAPES.values(), ids=SHAPES)


# --- posterior ------------------------------------------------------------------------------------------------------


@given(SCORE, LOG_NOISE, RATIO)
def test_the_posterior_is_the_ratio_of_densities(score, log_noise, ratio):
    u, kq = np.exp(score), ratio * np.exp(log_noise)
    # The exponent is off by some roundings of numbers up to 70, and so, relatively, is what it is the exponent of.
    np.testing.assert_allclose(nce.posterior(score, log_noise, ratio), u / (u + kq), rtol=500 * EPS)
    assert nce.shifted_score(score, log_noise, ratio) == pytest.approx(np.log(u / kq), rel=1e-12, abs=1e-12)


def test_the_posterior_where_a_ratio_would_overflow():
    assert nce.posterior(800.0, -800.0, 5) == 1.0
    assert nce.posterior(-700.0, 0.0, 1) == pytest.approx(np.exp(-700.0), rel=1e-12)


@each_shape
def test_the_posterior_counts_data_among_data_and_noise(q):
    rng, n, k = np.random.default_rng(8), 200_000, 5
    data, noise = rng.multinomial(n, P), rng.multinomial(k * n, q)
    probability = nce.posterior(np.log(P), np.log(q), k)
    both = data + noise
    deviation = np.abs(data - both * probability) / np.sqrt(both * probability * (1 - probability))
    assert deviation.max() < 5  # false alarm: 4 words, 1 seed in 400,000


# --- objective and gradient -----------------------------------------------------------------------------------------


@each_shape
@pytest.mark.parametrize("k", [0.5, *K])
def test_the_gradient_is_the_objectives(q, k):
    scores = np.array([0.3, -1.7, 2.2, -4.0])
    gradient = nce.expected_gradient(scores, P, np.log(q), k)
    for w, step in enumerate(1e-5 * np.eye(4)):
        ends = [nce.expected_objective(scores + sign * step, P, np.log(q), k) for sign in (1, -1)]
        # a central difference: h^2 J''' / 6 is 1e-10, rounding 25 * eps / h is 6e-10
        assert abs((ends[0] - ends[1]) / 2e-5 - gradient[w]) < 5e-9
    formula = k * q * (P - np.exp(scores)) / (np.exp(scores) + k * q)  # the same over one denominator
    np.testing.assert_allclose(gradient, formula, rtol=1e-10)


@each_shape
@pytest.mark.parametrize("k", K)
def test_the_density_itself_is_the_maximum(q, k):
    np.testing.assert_allclose(nce.expected_gradient(np.log(P), P, np.log(q), k), 0, atol=4 * EPS)
    found = scipy.optimize.minimize(lambda s: -nce.expected_objective(s, P, np.log(q), k), np.zeros(4), tol=1e-12).x
    np.testing.assert_allclose(np.exp(found), P, atol=1e-5)  # the square root of eps is 1.5e-8, over a curvature 0.03
    assert abs(np.exp(found).sum() - 1) < 1e-5


def test_the_printed_objective_sends_every_score_down():  # erratum E09: no logs; k q = 1.25 is above every p
    def printed(scores):
        delta = nce.shifted_score(scores, np.log(UNIFORM), 5)
        return np.sum(P * logspace.sigmoid(delta) + 5 * UNIFORM * logspace.sigmoid(-delta))

    values = [printed(np.full(4, score)) for score in (3.0, 0.0, -3.0, -10.0, -30.0)]
    assert (np.diff(values) > 0).all() and values[-1] > printed(np.log(P))


@pytest.mark.parametrize("logs", [True, False])
def test_the_pictures_climb_is_that_of_numerical_slopes(logs):
    f = logspace.log_sigmoid if logs else logspace.sigmoid
    scores, h, kq = np.zeros(4), 1e-5, figures.FOUR_K / 4
    for drawn in figures.four_words_path(logs):
        np.testing.assert_allclose(scores, drawn, atol=1e-7)  # 120 steps, each off by eps / h = 2e-11 or so
        ends = [figures.FOUR * f(s - np.log(kq)) + kq * f(np.log(kq) - s) for s in (scores + h, scores - h)]
        scores = scores + (ends[0] - ends[1]) / (2 * h)


def test_batches_of_scores():
    scores = np.random.default_rng(0).normal(size=(3, 2, 4))
    values, slopes = nce.expected_objective(scores, P, np.log(P), 5), nce.expected_gradient(scores, P, np.log(P), 5)
    assert values.shape == (3, 2) and slopes.shape == (3, 2, 4)
    assert values[1, 1] == nce.expected_objective(scores[1, 1], P, np.log(P), 5)
    assert (slopes[1, 1] == nce.expected_gradient(scores[1, 1], P, np.log(P), 5)).all()


def test_with_much_noise_the_gradient_is_that_of_the_likelihood():
    scores = logspace.log_softmax([0.3, -0.7, 1.1, 0.0])  # normalised
    limit = P - np.exp(scores)
    off = [np.abs(nce.expected_gradient(scores, P, np.log(UNIFORM), k) - limit).max() for k in (1e2, 1e3, 1e4)]
    np.testing.assert_allclose(np.divide(off[:-1], off[1:]), 10, rtol=0.03)  # to first order in u / kq, 0.02 at k = 100
    assert off[-1] < 1e-4


# --- estimates ------------------------------------------------------------------------------------------------------


@each_shape
@pytest.mark.parametrize("k", K)
def test_it_recovers_the_log_probabilities(q, k):
    """Within 4.5 standard errors for each of 4 words x 12 settings: a false alarm in 1 of 3,000 seeds."""
    rng, n = np.random.default_rng(100 + k), 100_000
    scores, errors = nce.fit_table(rng.multinomial(n, P), rng.multinomial(k * n, q), np.log(q), k)
    assert (np.abs(scores - np.log(P)) < 4.5 * errors).all()
    np.testing.assert_allclose(errors, np.sqrt(nce.table_variance(P, q, k) / n), rtol=0.05)  # 5 deviations: 3.5 %


@each_shape
@pytest.mark.parametrize("k", K)
def test_the_standard_errors_are_those_of_repeated_estimates(q, k):
    rng, n, runs = np.random.default_rng(7), 20_000, 4_000
    counts = zip(rng.multinomial(n, P, size=runs), rng.multinomial(k * n, q, size=runs), strict=True)
    scores = np.array([nce.fit_table(data, noise, np.log(q), k)[0] for data, noise in counts])
    # A sample variance of 4,000 near-normal scores is within 2.2 % (one deviation): 12 % is 5.4 deviations.
    np.testing.assert_allclose(scores.var(axis=0) * n, nce.table_variance(P, q, k), rtol=0.12)


def test_the_best_noise_for_an_average_word_goes_as_the_square_root():
    """sum_w p_w var(s_w) holds q only in sum p / q, smallest at q proportional to sqrt(p) by Cauchy and Schwarz."""

    def mean_variance(free):
        return np.sum(P * nce.table_variance(P, scipy.special.softmax(free), 5))

    found = scipy.special.softmax(scipy.optimize.minimize(mean_variance, np.zeros(4), tol=1e-10).x)
    np.testing.assert_allclose(found, np.sqrt(P) / np.sqrt(P).sum(), atol=1e-4)


def sample(rng, n, k, q):
    return rng.choice(4, size=n, p=P), rng.choice(4, size=k * n, p=q)


@pytest.mark.parametrize("k", [1, 5])
def test_a_fit_on_one_hot_features_is_the_table(k):
    q = SHAPES["count^0.75"]
    data, noise = sample(np.random.default_rng(3), 2_000, k, q)
    theta = nce.fit(np.eye(4)[data], np.eye(4)[noise], np.log(q)[data], np.log(q)[noise])
    table, _ = nce.fit_table(np.bincount(data), np.bincount(noise), np.log(q), k)
    np.testing.assert_allclose(theta, table, atol=1e-7)  # Newton stops when the loss is within 1e-16 of its own size


@pytest.mark.parametrize("k", [1, 5])
def test_a_fit_is_what_another_optimiser_finds(k):
    """A model of three parameters, scale among them, which cannot hold p: only the optimum itself is compared."""
    features = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 1.0], [1.0, 2.0, 4.0], [1.0, 3.0, 2.0]])
    data, noise = sample(np.random.default_rng(4), 1_000, k, UNIFORM)
    theta = nce.fit(features[data], features[noise], np.log(UNIFORM)[data], np.log(UNIFORM)[noise])

    def loss(theta):
        delta = features @ theta - np.log(k * UNIFORM)
        return np.mean(np.log1p(np.exp(-delta[data]))) + k * np.mean(np.log1p(np.exp(delta[noise])))

    found = scipy.optimize.minimize(loss, np.zeros(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13,
                                                                                     "maxiter": 5_000}).x  # fmt: skip
    np.testing.assert_allclose(theta, found, atol=1e-5)


def test_without_a_parameter_for_its_scale_a_model_misses():  # erratum E07
    n, k, levels = 50_000, 5, np.arange(4.0)
    p = np.exp(-levels) / np.exp(-levels).sum()
    rng = np.random.default_rng(5)
    data, noise = rng.choice(4, size=n, p=p), rng.choice(4, size=k * n)
    log_noise = np.full(4, np.log(0.25))
    fits = []
    for columns in (levels[:, None], np.stack([levels, np.ones(4)], axis=-1)):
        fits.append(nce.fit(columns[data], columns[noise], log_noise[data], log_noise[noise]))
    assert abs(fits[1][0] + 1) < 0.05 and abs(fits[1][1] + np.log(np.exp(-levels).sum())) < 0.05  # 0.007, one deviation
    assert fits[0][0] < -1.2  # for the scale it gives up the shape


# --- updates --------------------------------------------------------------------------------------------------------


def tables(seed=0, dtype=float):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(7, 3)).astype(dtype), rng.normal(size=3).astype(dtype)


def ascended(objective, words, context, rate):
    """The tables after a step along the gradient of the objective, by central differences."""
    both = np.concatenate([words.ravel(), context])
    split = lambda x: (x[: words.size].reshape(words.shape), x[words.size :])  # noqa: E731
    slope = [objective(*split(both + h)) - objective(*split(both - h)) for h in 1e-5 * np.eye(both.size)]
    return split(both + rate * np.array(slope) / 2e-5)


def test_the_softmax_update_climbs_the_log_likelihood():
    words, context = tables()
    expected = ascended(lambda w, c: scipy.special.log_softmax(w @ c)[2], words, context, 0.3)
    nce.softmax_update(words, context, 2, 0.3)
    np.testing.assert_allclose(words, expected[0], atol=1e-9)
    np.testing.assert_allclose(context, expected[1], atol=1e-9)


def test_the_softmax_update_reaches_every_block():
    words, context = np.random.default_rng(1).normal(size=(5_000, 2)), np.array([0.5, -1.0])
    error = -scipy.special.softmax(words @ context)
    error[4_999] += 1
    expected, moved = words + 0.1 * np.outer(error, context), context + 0.1 * error @ words
    nce.softmax_update(words, context, 4_999, 0.1)
    np.testing.assert_allclose(words, expected, rtol=1e-12)
    np.testing.assert_allclose(context, moved, rtol=1e-12)


@pytest.mark.parametrize("noise", [[4, 5], [4, 4, 4, 6], [2, 4], [2, 2, 2]], ids=str)
def test_the_nce_update_climbs_its_objective_and_leaves_other_rows(noise):
    words, context = tables()
    log_noise = np.log(np.arange(1.0, 8.0) / 28)
    noise = np.array(noise)

    def objective(w, c):
        delta = w @ c - log_noise - np.log(len(noise))
        return scipy.special.log_expit(delta[2]) + scipy.special.log_expit(-delta[noise]).sum()

    expected, before = ascended(objective, words, context, 0.3), words.copy()
    nce.nce_update(words, context, 2, noise, log_noise, 0.3)
    np.testing.assert_allclose(words, expected[0], atol=1e-9)
    np.testing.assert_allclose(context, expected[1], atol=1e-9)
    others = np.setdiff1d(np.arange(7), [2, *noise])
    assert (words[others] == before[others]).all()


def test_updates_of_single_precision_tables():
    for update in (
        lambda *tables: nce.softmax_update(*tables, 2, 0.3),
        lambda *tables: nce.nce_update(*tables, 2, np.array([4, 5, 4]), np.full(7, -np.log(7)), 0.3),
    ):
        single, double = tables(dtype=np.float32), tables()
        update(*single)
        update(*double)
        for one, two in zip(single, double, strict=True):
            assert one.dtype == np.float32
            np.testing.assert_allclose(one, two, atol=1e-5)  # some ten roundings of 6e-8, of numbers up to 5


# --- alias sampling -------------------------------------------------------------------------------------------------


def reconstructed(sampler):
    """The probabilities that the cells stand for, by adding up all their parts."""
    cells = sampler.alias.size
    own = sampler.threshold + np.bincount(sampler.alias, weights=1 - sampler.threshold, minlength=cells)
    return own / cells


@given(WEIGHTS)
def test_the_cells_hold_the_probabilities(weights):
    sampler, p = nce.AliasSampler(weights), np.array(weights) / max(weights)
    p = p / p.sum()
    # A tall category is cut up to 40 times, each with a rounding of at most eps / 2 of its height.
    np.testing.assert_allclose(reconstructed(sampler), p, atol=50 * EPS)
    np.testing.assert_allclose(sampler.probabilities, p, rtol=4 * EPS)
    assert (0 <= sampler.threshold).all() and (sampler.threshold <= 1).all()
    barred = np.flatnonzero(p == 0)
    assert not sampler.threshold[barred].any()  # a word without weight is in no cell, not even by rounding
    assert not np.isin(sampler.alias[sampler.threshold < 1], barred).any()


LAWS = {
    "skewed": 1 / np.arange(1.0, 1001) ** 1.2,
    "one heavy, many light": np.array([1e6] + [1.0] * 50),
    "tiny": np.array([3e-310, 1e-310]),
    "huge": np.array([1e308, 1e308, 1e308]),
    "uniform": np.ones(10),
    "two of five": np.array([0.0, 1.0, 0.0, 2.0, 0.0]),
}


@pytest.mark.parametrize("weights", LAWS.values(), ids=LAWS)
def test_draws_have_the_probabilities(weights):
    n = 200_000
    counts = np.bincount(nce.AliasSampler(weights).draw(np.random.default_rng(1), (n,)), minlength=weights.size)
    p = weights / weights.max()
    p = p / p.sum()
    assert counts[p == 0].sum() == 0 and counts.sum() == n
    order = np.argsort(p)  # the rarest together, so that every class expects at least 5
    rare = order[np.cumsum(p[order]) * n < 5]
    observed = np.append(np.delete(counts, rare), counts[rare].sum())
    expected = np.append(np.delete(p, rare), p[rare].sum()) * n
    keep = expected > 0
    assert scipy.stats.chisquare(observed[keep], expected[keep]).pvalue > 1e-4  # false alarm, all six: 1 seed in 1,700


def test_a_single_word_is_always_drawn():
    sampler = nce.AliasSampler([0.3])
    assert sampler.probabilities.tolist() == [1.0]
    assert not sampler.draw(np.random.default_rng(0), (100,)).any()


def test_draws_have_the_shape_asked_for_and_follow_their_generator():
    sampler = nce.AliasSampler([1.0, 2.0, 3.0])
    draws = [sampler.draw(np.random.default_rng(seed), (2, 5)) for seed in (0, 0, 1)]
    assert draws[0].shape == (2, 5) and draws[0].dtype.kind == "i"
    assert (draws[0] == draws[1]).all() and (draws[0] != draws[2]).any()
    assert np.shape(sampler.draw(np.random.default_rng(0))) == ()
    assert sampler.draw(np.random.default_rng(0), 4).shape == (4,)


@given(WEIGHTS)
def test_each_filling_completes_a_cell_once(weights):
    p = np.array(weights) / max(weights)
    heights = (p / p.sum() * p.size).tolist()
    done = set()
    for short, tall, height in nce.fillings(heights):
        assert short not in done and tall not in done and short != tall and 0 <= height < 1
        done.add(short)
    assert len(done) < len(heights)


# --- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "weights, message",
    [
        ([1.0, -0.5], "weights must be 0 or positive everywhere, but its smallest entry is -0.5"),
        ([0.0, 0.0], "weights must have a positive sum, but all are 0"),
        ([1.0, np.nan], "weights must be finite everywhere, but holds nan"),
        ([1.0, np.inf], "weights must be finite everywhere, but holds inf"),
        ([], "weights must have shape"),
        ([[1.0]], "weights must have shape"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        nce.AliasSampler(weights)


LOG_Q = np.log(UNIFORM)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: nce.posterior(np.nan, 0.0, 1), "scores must be finite"),
        (lambda: nce.posterior(0.0, -np.inf, 1), "log_noise must be finite"),  # q must not vanish, erratum E07
        (lambda: nce.posterior(0.0, 0.0, 0), "ratio must be positive"),
        (lambda: nce.expected_objective(LOG_Q, [0.5, 0.6, 0.0, -0.1], LOG_Q, 5), "p must be 0 or positive"),
        (lambda: nce.expected_gradient(LOG_Q, [0.5, np.nan, 0.2, 0.3], LOG_Q, 5), "p must be finite"),
        (lambda: nce.fit_table([1, 2, 3, 0], [1, 1, 1, 1], LOG_Q, 1), "data_counts must be positive"),
        (lambda: nce.fit_table([1, 2, 3, 1], [1, 0, 1, 1], LOG_Q, 1), "noise_counts must be positive"),
        (lambda: nce.fit_table([1, 2, 3], [1, 1, 1, 1], LOG_Q, 1), "data_counts, noise_counts and log_noise must"),
        (lambda: nce.table_variance([0.5, 0.5], [1.0, 0.0], 1), "q must be positive"),
        (lambda: nce.fit(np.ones((3, 1)), np.zeros((3, 1)), np.zeros(3), np.zeros(3)), "labels must leave"),
        (lambda: nce.AliasSampler([1.0]).draw(0, 3), "rng must be a np.random.Generator"),
        (lambda: nce.AliasSampler([1.0]).draw(np.random.default_rng(0), -1), "size must be an integer"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
