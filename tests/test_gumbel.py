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


def test_logits_over_sixty_nats_and_barred_categories():
    logits = np.array([-60.0, 0.0, -np.inf, -2.0, -30.0, -1.0, -4.0])
    draws = gumbel.gumbel_max(logits, np.random.default_rng(2), size=(200_000,))
    counts = np.bincount(draws, minlength=len(logits))
    assert counts[[0, 2, 4]].tolist() == [0, 0, 0]          # chance of another outcome: 200000 e^-30 = 2e-8
    likely = [1, 3, 5, 6]
    p = scipy.special.softmax(logits[likely])
    assert scipy.stats.chisquare(counts[likely], 200_000 * p).pvalue > FALSE_ALARM


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
