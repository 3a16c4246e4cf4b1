"""The Concrete law against quadrature, a change of variables, the logistic law, and its own exact arg max."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import concrete, gumbel

EPS = np.finfo(float).eps
FALSE_ALARM = 1e-6          # a right sampler fails one of the chi-squared tests for one seed in a million
EXAMPLE = np.array([1.0, 0.5, 0.0])
TEMPERATURES = np.logspace(-2, 2, 9)
TEMPERATURE = st.sampled_from(TEMPERATURES)


@st.composite
def rows(draw, largest=1e4, least=1):
    """Logits and Gumbel noise of one row, the noise within what numpy draws."""
    categories = draw(st.integers(least, 6))
    logits = draw(hnp.arrays(float, categories, elements=st.floats(-largest, largest)))
    return logits, draw(hnp.arrays(float, categories, elements=st.floats(-3.6, 36.7)))


def density(x1, x2, temperature, logits=EXAMPLE):
    return np.exp(concrete.log_density(np.log([x1, x2, 1 - x1 - x2]), logits, temperature))


# --- relaxing ---------------------------------------------------------------------------------------------------------


@given(rows(), TEMPERATURE)
def test_log_relax_is_the_softmax_map(row, temperature):
    logits, gumbels = row
    expected = scipy.special.log_softmax((logits + gumbels) / temperature)
    # scipy rounds the same quotients, then subtracts in its own order: a few roundings of the result and of log K.
    result = concrete.log_relax(logits, temperature, gumbels)
    np.testing.assert_allclose(result, expected, rtol=4 * EPS, atol=16 * EPS)
    np.testing.assert_array_equal(concrete.relax(logits, temperature, gumbels), np.exp(result))


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("spread", [0.0, 1.0, 60.0, 1e4])
def test_no_nan_and_no_warning_at_any_temperature(temperature, spread):
    rng = np.random.default_rng(4)
    logits = spread * rng.uniform(-1, 1, size=(50, 5))
    gumbels = rng.gumbel(size=(20, 50, 5))
    with np.errstate(all="raise", under="ignore"):          # small weights do underflow to 0, and may
        log_x = concrete.log_relax(logits, temperature, gumbels)
        x = concrete.relax(logits, temperature, gumbels)
        log_density = concrete.log_density(log_x, logits, temperature)
        gradient = concrete.pullback(rng.normal(size=x.shape), x, temperature)
    assert np.isfinite(log_x).all() and np.isfinite(log_density).all() and np.isfinite(gradient).all()
    # Five weights, each with a relative error of a few eps plus eps times |log x| where x is not yet negligible.
    np.testing.assert_allclose(x.sum(axis=-1), 1.0, rtol=0, atol=50 * EPS)


@given(rows(largest=5.0, least=2))
def test_limits_are_one_hot_and_uniform(row):
    logits, gumbels = row
    perturbed = np.sort(logits + gumbels)
    cold, hot = 1e-12, 1e12
    if perturbed[-1] - perturbed[-2] > 1e-9:                # exp(-1e-9 / 1e-12) = exp(-1000) is 0 in floats
        one_hot = np.arange(len(logits)) == np.argmax(logits + gumbels)
        np.testing.assert_array_equal(concrete.relax(logits, cold, gumbels), one_hot.astype(float))
    # Perturbed logits differ by less than 51, so the weights from 1 / K by less than 51 / 1e12.
    np.testing.assert_allclose(concrete.relax(logits, hot, gumbels), 1 / len(logits), rtol=0, atol=51e-12)


def test_temperature_zero_shares_among_ties():              # erratum E40, without noise
    np.testing.assert_array_equal(concrete.relax([2.0, 1.0, 2.0], 1e-6, np.zeros(3)), [0.5, 0.0, 0.5])


@given(rows(), TEMPERATURE, st.floats(-1e4, 1e4))
def test_a_shift_of_logits_changes_nothing(row, temperature, shift):
    logits, gumbels = row
    # Adding the shift rounds at 2e4, by up to eps * 1e4 each; the temperature divides that.
    np.testing.assert_allclose(concrete.log_relax(logits + shift, temperature, gumbels),
                               concrete.log_relax(logits, temperature, gumbels),
                               rtol=4 * EPS, atol=8 * EPS * 1e4 / temperature)


@given(rows(), TEMPERATURE, st.randoms(use_true_random=False))
def test_categories_have_no_order(row, temperature, random):
    logits, gumbels = row
    order = np.array(random.sample(range(len(logits)), len(logits)))
    permuted = concrete.log_relax(logits[order], temperature, gumbels[order])
    plain = concrete.log_relax(logits, temperature, gumbels)
    np.testing.assert_allclose(permuted, plain[order], rtol=4 * EPS, atol=16 * EPS)    # adds in another order
    # The density adds K terms of size up to |log x| (tau + 1), again in another order.
    size = 1 + np.abs(plain).max() * (1 + temperature) + np.abs(logits).max()
    np.testing.assert_allclose(concrete.log_density(plain[order], logits[order], temperature),
                               concrete.log_density(plain, logits, temperature), rtol=0, atol=64 * EPS * size)


@given(rows(), TEMPERATURE, st.integers(0, 6))
def test_a_barred_category_has_weight_exactly_zero(row, temperature, place):
    logits, gumbels = row
    place = min(place, len(logits))
    with np.errstate(all="raise", under="ignore"):
        log_x = concrete.log_relax(np.insert(logits, place, -np.inf), temperature, np.insert(gumbels, place, 1.0))
    assert log_x[place] == -np.inf and np.exp(log_x)[place] == 0.0
    others = concrete.log_relax(logits, temperature, gumbels)
    np.testing.assert_allclose(np.delete(log_x, place), others, rtol=4 * EPS, atol=16 * EPS)


def test_batches_are_rows():
    rng = np.random.default_rng(5)
    logits, temperature, gumbels = rng.normal(size=(2, 1, 4)), np.array([0.2, 1.0, 7.0]), rng.gumbel(size=(5, 2, 3, 4))
    log_x = concrete.log_relax(logits, temperature, gumbels)
    slope = rng.normal(size=(5, 2, 3, 4))
    log_density = concrete.log_density(log_x, logits, temperature)
    gradient = concrete.pullback(slope, np.exp(log_x), temperature)
    assert log_x.shape == gradient.shape == (5, 2, 3, 4) and log_density.shape == (5, 2, 3)
    for i, j, k in np.ndindex(5, 2, 3):                     # numpy may add in another order: the last digits differ
        row, tau = logits[j, 0], temperature[k]
        one = concrete.log_relax(row, tau, gumbels[i, j, k])
        np.testing.assert_allclose(log_x[i, j, k], one, rtol=1e-14)
        np.testing.assert_allclose(log_density[i, j, k], concrete.log_density(one, row, tau), rtol=1e-12)
        np.testing.assert_allclose(gradient[i, j, k], concrete.pullback(slope[i, j, k], np.exp(one), tau), atol=1e-14)


# --- sampling ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [0.01, 0.1, 0.5, 1.0, 10.0, 100.0])
def test_the_arg_max_is_exactly_categorical(temperature):
    x = concrete.sample(EXAMPLE, temperature, np.random.default_rng(6), size=100_000)
    counts = np.bincount(x.argmax(axis=-1), minlength=3)
    assert scipy.stats.chisquare(counts, 100_000 * scipy.special.softmax(EXAMPLE)).pvalue > FALSE_ALARM
    # ... and it is the very draw that Gumbel-max makes of the same noise.
    assert (x.argmax(axis=-1) == gumbel.gumbel_max(EXAMPLE, np.random.default_rng(6), size=100_000)).all()


def test_the_arg_max_is_categorical_with_spread_and_barred_logits():
    logits = np.array([-60.0, 0.0, -np.inf, -1.5])
    x = concrete.sample(logits, 0.5, np.random.default_rng(7), size=100_000)
    counts = np.bincount(x.argmax(axis=-1), minlength=4)
    assert counts[[0, 2]].tolist() == [0, 0] and (x[:, 2] == 0).all()                  # 100000 e^-60 = 1e-21
    assert scipy.stats.chisquare(counts[[1, 3]], 100_000 * scipy.special.softmax([0, -1.5])).pvalue > FALSE_ALARM


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_two_categories_make_a_logistic_variable(temperature):
    # The difference of two Gumbels is logistic: log(x1 / x2) ~ Logistic((l1 - l2) / tau, scale 1 / tau).
    x = concrete.sample([1.2, 0.5], temperature, np.random.default_rng(8), size=20_000)
    law = scipy.stats.logistic(loc=0.7 / temperature, scale=1 / temperature)
    assert scipy.stats.kstest(np.log(x[:, 0] / x[:, 1]), law.cdf).pvalue > FALSE_ALARM


def test_the_mean_is_not_the_softmax():                     # erratum E42
    logits, temperature = np.array([2.0, 0.0]), 1.0
    # E[x1] = E[sigma(L)], L logistic around 2: by quadrature, to far better than the simulation's 1e-3.
    law = scipy.stats.logistic(loc=2.0)
    mean, _ = scipy.integrate.quad(lambda t: scipy.special.expit(t) * law.pdf(t), -40, 44)
    x = concrete.sample(logits, temperature, np.random.default_rng(9), size=100_000)[:, 0]
    standard_error = x.std() / np.sqrt(x.size)
    assert abs(x.mean() - mean) < 5 * standard_error        # false alarm: 6e-7
    assert abs(mean - scipy.special.expit(2.0)) > 100 * standard_error


@given(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3), hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
def test_sample_shapes(batch, size):
    x = concrete.sample(np.zeros(batch + (4,)), 0.7, np.random.default_rng(0), size=size)
    assert x.shape == size + batch + (4,)
    assert len(np.unique(x)) == x.size                      # fresh noise for every entry: equal ones have probability 0


# --- the density ------------------------------------------------------------------------------------------------------


def test_the_density_integrates_to_one_over_the_triangle():                            # erratum E42
    # At 2 it vanishes smoothly at the edges, where a strip of width 1e-12 is left out; dblquad is asked for 1e-7.
    total, reported = scipy.integrate.dblquad(lambda x2, x1: density(x1, x2, 2.0), 1e-12, 1 - 2e-12,
                                              1e-12, lambda x1: 1 - x1 - 1e-12, epsabs=1e-7, epsrel=1e-7)
    assert reported < 1e-6 and abs(total - 1) < 1e-6


@pytest.mark.parametrize("temperature", [0.05, 0.5, 1.0, 2.0, 20.0])
def test_the_density_integrates_to_one_in_log_odds(temperature):                       # erratum E42
    # With u_k = log(x_k / x_3), dx1 dx2 = x1 x2 x3 du1 du2, and tau u is a difference of Gumbels: smooth, with tails
    # e^-40 at 40. There the trapezoid rule errs by exp(-2 pi^2 / 0.25) = 1e-34; rounding of 1e5 terms is what is left.
    scaled = np.arange(-40.0, 40.0, 0.25)
    log_odds = np.stack([*np.meshgrid(scaled, scaled), np.zeros((320, 320))], axis=-1) / temperature
    log_x = scipy.special.log_softmax(log_odds, axis=-1)
    log_integrand = concrete.log_density(log_x, EXAMPLE, temperature) + log_x.sum(axis=-1)
    total = np.exp(log_integrand).sum() * (0.25 / temperature) ** 2
    # log_x, up to 800, is rounded to 1e-13 and enters with a slope of a few (tau + 1).
    assert abs(total - 1) < 1e-12 * (1 + temperature)


@pytest.mark.parametrize("temperature, probability", [(0.5, 0.0388), (1.0, 0.1478), (2.0, 0.4481)])
def test_the_density_gives_a_region_its_probability(temperature, probability):         # erratum E42
    inside, _ = scipy.integrate.dblquad(lambda x2, x1: density(x1, x2, temperature), 0.2, 0.5,
                                        0.2, lambda x1: min(0.5, 0.9 - x1), epsabs=1e-7)
    assert abs(inside - probability) < 5e-5 + 1e-7          # four digits are printed
    x = concrete.sample(EXAMPLE, temperature, np.random.default_rng(10), size=200_000)
    hits = ((0.2 < x) & (x < 0.5))[:, :2].all(axis=-1) & (x[:, 2] > 0.1)
    standard_error = np.sqrt(inside * (1 - inside) / hits.size)
    assert abs(hits.mean() - inside) < 5 * standard_error   # false alarm: 6e-7


@given(st.floats(-700, 700), st.floats(-5, 5), st.floats(0.01, 100))
def test_two_categories_have_the_logistic_density(log_odds, difference, temperature):
    log_x = -np.logaddexp(0, [-log_odds, log_odds])
    law = scipy.stats.logistic(loc=difference / temperature, scale=1 / temperature)
    expected = law.logpdf(log_odds) - log_x.sum()           # d log_odds / d x1 = 1 / (x1 x2)
    # Terms of size up to 100 * 700 are rounded a few times on either side.
    size = 1 + (1 + temperature) * abs(log_odds)
    result = concrete.log_density(log_x, [difference, 0.0], temperature)
    np.testing.assert_allclose(result, expected, rtol=0, atol=16 * EPS * size)


@pytest.mark.parametrize("categories", [2, 3, 5])
@pytest.mark.parametrize("temperature", [0.1, 0.7, 3.0])
def test_the_density_is_that_of_transformed_gumbels(categories, temperature):
    # Where x and the last Gumbel are given, all Gumbels are: change variables, then integrate the last one out.
    rng = np.random.default_rng(11)
    logits, x = rng.normal(size=categories), rng.dirichlet(np.ones(categories))
    jacobian = temperature * (np.diag(1 / x[:-1]) + 1 / x[-1])                          # d g_k / d x_j, last g held

    def joint(last):
        gumbels = temperature * np.log(x / x[-1]) - (logits - logits[-1]) + last
        return np.exp(scipy.stats.gumbel_r.logpdf(gumbels).sum()) * abs(np.linalg.det(jacobian))

    # The integrand is a bump a few units wide, all of it within 40 of where the gumbels are centred.
    middle = -np.mean(temperature * np.log(x / x[-1]) - (logits - logits[-1]))
    expected, _ = scipy.integrate.quad(joint, middle - 40, middle + 40, points=[middle], epsabs=0, epsrel=1e-10)
    result = np.exp(concrete.log_density(np.log(x), logits, temperature))
    np.testing.assert_allclose(result, expected, rtol=1e-9)             # what quad was asked for, and its rounding


def test_one_category_is_one_point_of_density_one():
    assert concrete.log_density([0.0], [3.0], 0.5) == 0.0


@given(rows(largest=50.0, least=2), TEMPERATURE, st.floats(-1e4, 1e4))
def test_the_density_ignores_a_shift_of_logits(row, temperature, shift):
    logits, gumbels = row
    log_x = concrete.log_relax(logits, temperature, gumbels)
    plain, shifted = (concrete.log_density(log_x, given, temperature) for given in (logits, logits + shift))
    np.testing.assert_allclose(shifted, plain, rtol=8 * EPS, atol=4 * len(logits) * EPS * 1e4)         # rounded at 1e4


def test_a_sum_slightly_off_one_moves_the_log_density_by_k_times_as_much():
    log_x = np.log([0.2, 0.3, 0.5])
    for defect in (-9e-7, 9e-7):
        moved = concrete.log_density(log_x + defect, EXAMPLE, 0.8) - concrete.log_density(log_x, EXAMPLE, 0.8)
        assert abs(moved + 3 * defect) < 1e-14              # terms up to 5, each rounded a few times


def test_the_density_takes_single_precision_weights():
    x = np.random.default_rng(12).dirichlet(np.ones(5), size=1000)
    single = np.log(x.astype(np.float32))
    wide = concrete.log_density(np.log(x), np.zeros(5), 0.8)
    # Each log x_k is off by 2^-24 (1 + |log x_k|) twice, and enters with a slope of at most tau + 1 + K tau = 5.8.
    bound = 2 * 2**-24 * 5.8 * (5 + np.abs(np.log(x)).sum(axis=-1))
    assert (np.abs(concrete.log_density(single, np.zeros(5), 0.8) - wide) <= bound).all()


# --- the gradient -----------------------------------------------------------------------------------------------------


@given(rows(largest=5.0, least=2), st.floats(0.3, 10), st.integers(0, 2**32 - 1))
def test_pullback_is_the_gradient(row, temperature, seed):
    logits, gumbels = row
    gumbels = gumbels / 4                                   # keeps weights away from 0, where there is no slope to see
    linear, square = np.random.default_rng(seed).normal(size=(2, len(logits)))

    def f(logits):
        x = concrete.relax(logits, temperature, gumbels)
        return np.sum(linear * x + square * x**2)

    x = concrete.relax(logits, temperature, gumbels)
    step = 1e-5 * temperature
    differences = [(f(logits + step * e) - f(logits - step * e)) / (2 * step) for e in np.eye(len(logits))]
    # Central differences: an error of (1e-5)^2 times a third derivative, and rounding eps / 1e-5 = 2e-11; both over tau
    # and for slopes up to about 10.
    gradient = concrete.pullback(linear + 2 * square * x, x, temperature)
    np.testing.assert_allclose(gradient, differences, rtol=0, atol=5e-9 / temperature)


@given(rows(least=2), TEMPERATURE, st.floats(-1e3, 1e3), st.integers(0, 2**32 - 1))
def test_pullback_sums_to_zero_and_ignores_a_constant(row, temperature, constant, seed):
    logits, gumbels = row
    x = concrete.relax(logits, temperature, gumbels)
    slope = np.random.default_rng(seed).normal(size=len(x))
    gradient = concrete.pullback(slope, x, temperature)
    assert abs(gradient.sum()) <= 100 * EPS / temperature               # slopes below 5, six rounded terms each
    # slope + constant is rounded at 1e3, by eps * 1e3 / 2.
    np.testing.assert_allclose(concrete.pullback(slope + constant, x, temperature), gradient,
                               rtol=0, atol=4 * EPS * (abs(constant) + 10) / temperature)


@pytest.mark.parametrize("temperature", [0.01, 0.1, 1.0])
def test_pullback_keeps_its_digits_next_to_a_corner(temperature):
    # x = (1 - rest, rest...): the naive slope_1 - sum x slope cancels to nothing there. Fifty digits as a reference.
    x = np.array([1.0, 3e-14, 2e-18])
    x[0] = 1.0 - x[1:].sum()
    slope = np.array([3.0, -1.7, 0.4])
    with localcontext() as context:
        context.prec = 50
        exact_x = [1 - Decimal(3e-14) - Decimal(2e-18), Decimal(3e-14), Decimal(2e-18)]
        slopes = [Decimal(s) for s in slope]
        mean = sum(p * s for p, s in zip(exact_x, slopes, strict=True))
        exact = [float(p * (s - mean) / Decimal(temperature)) for p, s in zip(exact_x, slopes, strict=True)]
    np.testing.assert_allclose(concrete.pullback(slope, x, temperature), exact, rtol=16 * EPS)


# --- what is refused --------------------------------------------------------------------------------------------------


X = np.array([0.2, 0.3, 0.5])


@pytest.mark.parametrize("call, message", [
    (lambda: concrete.log_relax([-np.inf, -np.inf], 1.0, [0, 0]), "logits must have a finite entry in every row"),
    (lambda: concrete.log_relax(1.0, 1.0, 0.5), r"logits must have at least one category on its last axis, .* \(\)"),
    (lambda: concrete.log_relax(EXAMPLE, 0.0, np.zeros(3)), "temperature must be positive everywhere, .* is 0.0"),
    (lambda: concrete.relax(EXAMPLE, np.nan, np.zeros(3)), "temperature must be finite everywhere, but holds nan"),
    (lambda: concrete.relax(EXAMPLE, 1.0, [0, np.inf, 0]), "gumbels must be finite everywhere, but holds inf"),
    (lambda: concrete.relax(EXAMPLE, 1.0, 0.5), r"gumbels must have one entry for each of the 3 categories .* \(\)"),
    (lambda: concrete.relax(EXAMPLE, 1.0, np.zeros((9, 1))), r"gumbels must have one .* \(9, 1\)"),
    (lambda: concrete.relax([1.0], 1.0, np.zeros(3)), r"gumbels must have one entry for each of the 1 .* \(3,\)"),
    (lambda: concrete.sample(EXAMPLE, -1.0, np.random.default_rng(0)), "temperature must be positive .* -1.0"),
    (lambda: concrete.sample(EXAMPLE, 1.0, 0), "rng must be a np.random.Generator, .* but is 0"),
    (lambda: concrete.sample(EXAMPLE, 1.0, np.random.default_rng(0), size=1.5), "size must be an integer .* 1.5"),
    (lambda: concrete.sample([[0.0], [0.0, 1.0]], 1.0, np.random.default_rng(0)), "logits must be an array of real"),
    (lambda: concrete.sample([np.nan], 1.0, np.random.default_rng(0)), "logits must be finite or -inf .* nan"),
    (lambda: concrete.log_density(X, EXAMPLE, 1.0), r"exp\(log_x\) must be weights .* sum to 1 .* a sum is 4.2"),
    (lambda: concrete.log_density(np.log(X * (1 + 3e-6)), EXAMPLE, 1.0), r"exp\(log_x\) must be .* a sum is 1.00000"),
    (lambda: concrete.log_density(np.log(X * (1 - 3e-6)), EXAMPLE, 1.0), r"exp\(log_x\) must be .* a sum is 0.99999"),
    (lambda: concrete.log_density([1e4, 0.0, 0.0], EXAMPLE, 1.0), r"exp\(log_x\) must be weights .* sum to 1"),
    (lambda: concrete.log_density([0.0, -np.inf, -np.inf], EXAMPLE, 1.0), "log_x must be finite everywhere, .* -inf"),
    (lambda: concrete.log_density(np.log(X), [1, 0, -np.inf], 1.0), "logits must be finite everywhere, but holds -inf"),
    (lambda: concrete.log_density(np.log(X), 3.0, 1.0), r"logits must have at least one category .* \(\)"),
    (lambda: concrete.log_density(np.log(X), [1, 0], 1.0), r"log_x must have 2 entries on its last axis.* \(3,\)"),
    (lambda: concrete.log_density(np.log(X), EXAMPLE, 0.0), "temperature must be positive everywhere, .* is 0.0"),
    (lambda: concrete.pullback([np.nan, 0, 0], X, 1.0), "slope must be finite everywhere, but holds nan"),
    (lambda: concrete.pullback(X, [0.5, 0.5, np.nan], 1.0), "x must be finite everywhere, but holds nan"),
    (lambda: concrete.pullback([1, 0], X, 1.0), r"slope must have as many entries .* as x, .* \(2,\) and \(3,\)"),
    (lambda: concrete.pullback(1.0, 1.0, 1.0), r"slope must have as many entries .* as x, .* \(\) and \(\)"),
    (lambda: concrete.pullback(X, np.log(X), 1.0), "x must be weights from 0 up .* the smallest is -1.6"),
    (lambda: concrete.pullback(X, [1.5, -0.5, 0.0], 1.0), "x must be weights from 0 up .* the smallest is -0.5"),
    (lambda: concrete.pullback(X, X * 1.01, 1.0), "x must be weights from 0 up .* a sum is 1.01"),
    (lambda: concrete.pullback(X, X, -2.0), "temperature must be positive everywhere, .* is -2.0"),
])
def test_bad_arguments_are_named(call, message):
    with np.errstate(all="raise", under="ignore"), pytest.raises(ValueError, match=f"^{message}"):
        call()
