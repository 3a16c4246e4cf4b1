"""Gumbel densities against scipy and quadrature; Gumbel-max draws against the categorical law."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import gumbel

EPS = np.finfo(float).eps
FALSE_ALARM = 1e-6          # a right sampler fails one of these tests for one seed in a million
EXAMPLE = np.array([1.0, 0.5, 0.0])


def categorical_pvalue(draws, p):
    """Chi-squared test of draws against probabilities p, all of them large enough for it (expected counts above 10)."""
    expected = draws.size * p
    assert expected.min() > 10
    return scipy.stats.chisquare(np.bincount(draws, minlength=len(p)), expected).pvalue


@given(hnp.arrays(float, (3, 1), elements=st.floats(-700, 1e4)), hnp.arrays(float, 2, elements=st.floats(-5, 5)))
def test_densities_are_those_of_scipy(z, location):
    # exp turns the rounding of z - location, at most eps * 710 where it counts, into a relative error.
    close = dict(rtol=1000 * EPS, atol=EPS)
    np.testing.assert_allclose(gumbel.log_density(z, location), scipy.stats.gumbel_r.logpdf(z, loc=location), **close)
    np.testing.assert_allclose(gumbel.log_cdf(z, location), scipy.stats.gumbel_r.logcdf(z, loc=location), **close)


@pytest.mark.parametrize("location", [-2.0, 0.0, 3.5])
def test_density_integrates_to_one_and_up_to_the_distribution_function(location):
    def density(z):
        return np.exp(gumbel.log_density(z, location))

    # Outside (-7, 60) around the location there is less than exp(-exp(7)) + exp(-60) < 1e-26; quad promises 1e-10.
    total, _ = scipy.integrate.quad(density, location - 7, location + 60, epsabs=1e-11, limit=200)
    below, _ = scipy.integrate.quad(density, location - 7, 1.0, epsabs=1e-11, limit=200)
    assert abs(total - 1) < 1e-10
    assert abs(below - np.exp(gumbel.log_cdf(1.0, location))) < 1e-10


def test_the_location_is_zero_unless_given():
    assert gumbel.log_density(0.0) == gumbel.log_cdf(0.0) == -1.0       # -0 - exp(-0), and -exp(-0)


def test_far_tails_are_silent():
    with np.errstate(all="raise", under="ignore"):
        assert gumbel.log_density(-1e3) == gumbel.log_cdf(-1e3) == -np.inf
        assert gumbel.log_density(1e3) == -1e3              # exp(-1e3) is far below the last digit
        assert gumbel.log_cdf(1e3) == 0.0
        assert gumbel.log_density(2.0, 1e3) == -np.inf


@pytest.mark.parametrize("function", [gumbel.log_density, gumbel.log_cdf])
def test_densities_refuse_what_is_not_finite(function):
    with pytest.raises(ValueError, match="^z must be finite everywhere, but holds nan"):
        function([0.0, np.nan])
    with pytest.raises(ValueError, match="^location must be finite everywhere, but holds inf"):
        function(0.0, np.inf)


@pytest.mark.parametrize("shift", [0.0, 3.0, -1e4, 1e4])
def test_draws_are_categorical_whatever_is_added_to_the_logits(shift):
    draws = gumbel.gumbel_max(EXAMPLE + shift, np.random.default_rng(1), size=(100_000,))
    p = np.array([0.506, 0.307, 0.186]) / 0.999             # erratum E36, to three digits
    assert categorical_pvalue(draws, scipy.special.softmax(EXAMPLE)) > FALSE_ALARM
    # Three digits are off by at most 5e-4 / 0.186 = 0.3 %: a sixth of a standard error of the least frequent count.
    assert categorical_pvalue(draws, p) > FALSE_ALARM


def test_one_gumbel_for_all_categories_would_never_draw_but_the_first():
    shared = np.random.default_rng(1).gumbel(size=(1000, 1))
    assert (np.argmax(EXAMPLE + shared, axis=-1) == 0).all()                           # what slide S46 prints: E36
    assert set(gumbel.gumbel_max(EXAMPLE, np.random.default_rng(1), size=1000)) == {0, 1, 2}


def pooled_pvalue(draws, logits):
    """Chi-squared test of draws where some categories are too rare for it.

    The rule: categories with 10 expected draws or more are cells of their own. Of the others, those that together
    expect less than 1e-6 draws (barred ones among them) must not have been drawn at all, with no more false alarms
    than the test has. What remains is one cell if it expects 10 draws or more, and goes into the rarest cell if not.
    """
    expected = draws.size * scipy.special.softmax(logits)
    counts = np.bincount(draws, minlength=len(logits))
    never = expected < FALSE_ALARM / len(logits)
    if counts[never].any():
        return 0.0
    rare = (expected < 10) & ~never
    own = expected >= 10
    seen, expected_rare = counts[rare].sum(), expected[rare].sum()
    counts, expected = counts[own], expected[own]
    if expected_rare >= 10:
        counts, expected = np.append(counts, seen), np.append(expected, expected_rare)
    else:
        rarest = np.argmin(expected)
        counts[rarest] += seen
        expected[rarest] += expected_rare
    assert counts.sum() == draws.size and len(counts) > 1
    return scipy.stats.chisquare(counts, expected, sum_check=False).pvalue     # without `never`: 1e-6 draws fewer


WIDE = {
    "a few, with impossible ones": np.array([-60.0, 0.0, -np.inf, -2.0, -30.0, -1.0, -4.0]),
    "every three nats": np.linspace(0.0, -60.0, 21),
    "every third is barred": np.where(np.arange(21) % 3 == 1, -np.inf, np.linspace(-60.0, 0.0, 21)),
    "a thousand rare ones": np.concatenate([np.full(1000, -10.0), [0.0, -1.0, -60.0, -np.inf]]),
    "two alike at the top": np.array([-60.0, 0.0, 0.0, -np.inf, -59.0]),
}


@pytest.mark.parametrize("shift", [0.0, -1e4, 1e4])
@pytest.mark.parametrize("name", WIDE)
def test_logits_over_sixty_nats_and_barred_categories(name, shift):
    logits = WIDE[name]
    draws = gumbel.gumbel_max(logits + shift, np.random.default_rng(2), size=(50_000,))
    assert np.isfinite(logits[draws]).all()
    assert pooled_pvalue(draws, logits) > FALSE_ALARM


def test_the_order_of_the_categories_does_not_matter():
    logits = np.random.default_rng(0).permutation(WIDE["every three nats"])
    assert pooled_pvalue(gumbel.gumbel_max(logits, np.random.default_rng(5), size=(50_000,)), logits) > FALSE_ALARM


@pytest.mark.parametrize("name", WIDE)
def test_the_pooled_test_sees_a_wrong_law(name):
    rng, logits = np.random.default_rng(3), WIDE[name]
    noise = rng.gumbel(size=(50_000, len(logits)))
    wrong = {"noise a tenth too wide": np.argmax(logits + 1.1 * noise, axis=-1),
             "normal noise": np.argmax(logits + rng.normal(0, np.pi / np.sqrt(6), size=noise.shape), axis=-1),
             "one impossible draw": np.append(np.argmax(logits + noise, axis=-1), np.argmin(logits))}
    if name == "two alike at the top":          # any exchangeable noise shares the draws among two equal logits
        wrong = {key: wrong[key] for key in ["one impossible draw"]}
    for key, draws in wrong.items():
        assert pooled_pvalue(draws, logits) < FALSE_ALARM, key


def test_a_category_deep_in_the_tail_has_its_frequency():
    draws = gumbel.gumbel_max(np.array([0.0, -9.0]), np.random.default_rng(6), size=(2_000_000,))
    p = scipy.special.softmax([0.0, -9.0])                              # 247 draws are expected in the second
    assert scipy.stats.binomtest(int(draws.sum()), draws.size, p[1]).pvalue > FALSE_ALARM


def test_the_maximum_is_a_gumbel_at_the_log_sum_and_knows_nothing_of_the_winner():
    z = EXAMPLE + np.random.default_rng(8).gumbel(size=(100_000, 3))
    winner, largest = np.argmax(z, axis=-1), z.max(axis=-1)
    at = scipy.special.logsumexp(EXAMPLE)
    assert scipy.stats.kstest(largest, scipy.stats.gumbel_r(loc=at).cdf).pvalue > FALSE_ALARM
    tenth = np.searchsorted(np.quantile(largest, np.arange(0.1, 1, 0.1)), largest)
    table = np.zeros((3, 10))
    np.add.at(table, (winner, tenth), 1)
    assert scipy.stats.chi2_contingency(table).pvalue > FALSE_ALARM     # the winner is independent of the maximum
    grid = np.linspace(-4, 30, 200)                                     # the same, exactly: the product of F's is one F
    together = gumbel.log_cdf(grid[:, None], EXAMPLE).sum(axis=-1)
    np.testing.assert_allclose(together, gumbel.log_cdf(grid, at), rtol=100 * EPS)


def test_every_row_of_a_batch_has_its_own_law_and_its_own_noise():
    logits = np.log([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
    draws = gumbel.gumbel_max(logits, np.random.default_rng(3), size=(50_000,))
    assert draws.shape == (50_000, 2)
    assert categorical_pvalue(draws[:, 0], np.array([0.1, 0.2, 0.7])) > FALSE_ALARM
    assert categorical_pvalue(draws[:, 1], np.array([0.6, 0.3, 0.1])) > FALSE_ALARM
    table = np.zeros((3, 3))
    np.add.at(table, (draws[:, 0], draws[:, 1]), 1)
    assert scipy.stats.chi2_contingency(table).pvalue > FALSE_ALARM                    # rows are independent


SHAPE = hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)


@given(st.integers(1, 5), SHAPE, SHAPE)
def test_shapes(categories, batch, size):
    draws = gumbel.gumbel_max(np.zeros(batch + (categories,)), np.random.default_rng(0), size=size)
    assert draws.shape == size + batch and np.issubdtype(draws.dtype, np.integer)
    assert ((draws >= 0) & (draws < categories)).all()


@given(hnp.arrays(float, st.integers(2, 6), elements=st.floats(-1e4, 1e4)), st.integers(0, 2**32 - 1))
def test_a_barred_category_is_never_drawn(logits, seed):
    logits[seed % len(logits)] = -np.inf
    with np.errstate(all="raise"):
        draws = gumbel.gumbel_max(logits, np.random.default_rng(seed), size=20)
    assert (draws != seed % len(logits)).all()


def test_the_same_seed_draws_the_same():
    one, other = (gumbel.gumbel_max(EXAMPLE, np.random.default_rng(7), size=50) for _ in range(2))
    assert (one == other).all()


def test_bad_arguments_are_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="^logits must have a finite entry in every row"):
        gumbel.gumbel_max([-np.inf], rng)
    with pytest.raises(ValueError, match="^rng must be a np.random.Generator"):
        gumbel.gumbel_max([0.0], 7)
    with pytest.raises(ValueError, match="^size must be an integer from 0 up, but is -2"):
        gumbel.gumbel_max([0.0], rng, size=-2)


# --- scale, and the range of the noise ------------------------------------------------------------------------------


@given(
    hnp.arrays(float, (3, 1), elements=st.floats(-50, 1e3)),
    st.floats(-5, 5),
    hnp.arrays(float, 2, elements=st.floats(0.1, 10)),
)
def test_densities_with_a_scale_are_those_of_scipy(z, location, scale):
    # as without a scale: exp turns the rounding of its argument, at most eps * 710 where it counts, into a relative one
    close = dict(rtol=1000 * EPS, atol=10 * EPS)
    law = scipy.stats.gumbel_r(location, scale)
    np.testing.assert_allclose(gumbel.log_density(z, location, scale), law.logpdf(z), **close)
    np.testing.assert_allclose(gumbel.log_cdf(z, location, scale), law.logcdf(z), **close)


def test_a_scale_that_is_not_positive_is_named():
    for function in (gumbel.log_density, gumbel.log_cdf):
        with pytest.raises(ValueError, match="^scale must be positive everywhere, but its smallest entry is 0.0"):
            function(1.0, 0.0, [1.0, 0.0])
        with pytest.raises(ValueError, match="^scale must be finite everywhere, but holds nan"):
            function(1.0, scale=np.nan)


@pytest.mark.parametrize("bits", [1, 2, 8, 12])
def test_the_range_of_a_few_bits_is_that_of_the_whole_grid(bits):
    u = np.arange(1, 2**bits) / 2**bits                     # every value there is
    gumbels = scipy.stats.gumbel_r.ppf(u)
    # ppf takes the logarithm of a number near 1, which costs eps * 2^bits; the range does not
    np.testing.assert_allclose(gumbel.range_of_bits(bits), (gumbels[0], gumbels[-1]), rtol=10 * EPS * 2**bits)


def test_the_range_of_numpys_noise():
    low, high = gumbel.range_of_bits(53)
    assert (round(low, 2), round(high, 2)) == (-3.60, 36.74)
    noise = np.random.default_rng(5).gumbel(size=1_000_000)
    assert low <= noise.min() and noise.max() <= high
    with pytest.raises(ValueError, match="^bits must be an integer from 1 up, but is 0"):
        gumbel.range_of_bits(0)
