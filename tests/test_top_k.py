"""Gumbel-top-k against drawing and renormalising step by step, against enumeration and against quadrature."""

import itertools

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import gumbel, top_k

EPS = np.finfo(float).eps
FALSE_ALARM = 1e-6          # a right sampler fails one of the chi-squared tests for one seed in a million
EXAMPLE = np.array([1.0, 0.5, 0.0, -1.0, 0.2])

SMALL = hnp.arrays(float, st.integers(1, 5), elements=st.floats(-30, 30))


def one_by_one(p, k):
    """{order: probability} by drawing from p, taking the category out, and dividing by what is left."""
    table = {(): 1.0}
    for _ in range(k):
        grown = {}
        for order, probability in table.items():
            left = {i: p[i] for i in range(len(p)) if i not in order}
            for i, weight in left.items():
                grown[(*order, i)] = probability * weight / sum(left.values())
        table = grown
    return table


def included_by_quadrature(rates, k):
    """Pr(i among the k first of independent exponential clocks): one integral over the time t at which i rings.

    Item i is in if fewer than k of the others rang before t, and their number at t is a sum of independent Bernoullis.
    With u = exp(-rate_i t), uniform on (0, 1), the integral has finite ends.
    """

    def integrand(u, i):
        t = -np.log(u) / rates[i]
        counts = np.array([1.0])
        for rate in np.delete(rates, i):
            counts = np.convolve(counts, [np.exp(-rate * t), -np.expm1(-rate * t)])
        return counts[:k].sum()

    return np.array([scipy.integrate.quad(integrand, 0, 1, args=(i,), epsabs=1e-9)[0] for i in range(len(rates))])


@given(SMALL, st.data())
def test_orders_have_the_probability_of_drawing_and_renormalising(logits, data):
    k = data.draw(st.integers(1, len(logits)))
    table = one_by_one(np.exp(logits), k)
    order = top_k.orders(len(logits), k)
    assert sorted(map(tuple, order.tolist())) == sorted(table)
    found = np.exp(top_k.log_probability(order, logits))
    # k steps, each with a few roundings of logits up to 30 in size: 5 * 4 * 60 eps
    np.testing.assert_allclose(found, [table[tuple(row)] for row in order.tolist()], rtol=2000 * EPS, atol=0)
    assert abs(found.sum() - 1) < 2000 * EPS


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_draws_have_the_probabilities_of_their_orders(k):
    draws = top_k.sample(EXAMPLE, k, np.random.default_rng(k), size=200_000)
    order = top_k.orders(5, k)
    code = 5 ** np.arange(k)
    place = {int(row @ code): i for i, row in enumerate(order)}
    counts = np.bincount([place[value] for value in (draws @ code).tolist()], minlength=len(order))
    expected = draws.shape[0] * np.exp(top_k.log_probability(order, EXAMPLE))
    assert expected.min() > 10
    assert scipy.stats.chisquare(counts, expected).pvalue > FALSE_ALARM


def test_the_test_of_the_draws_sees_other_noise():
    perturbed = EXAMPLE + np.random.default_rng(0).normal(0, np.pi / np.sqrt(6), size=(200_000, 5))
    order = top_k.orders(5, 2)
    draws = np.argsort(-perturbed, axis=-1)[:, :2]
    counts = [(draws == row).all(axis=1).sum() for row in order]
    expected = len(draws) * np.exp(top_k.log_probability(order, EXAMPLE))
    assert scipy.stats.chisquare(counts, expected).pvalue < FALSE_ALARM


@given(SMALL, st.integers(0, 2**32 - 1))
def test_the_first_of_them_is_the_gumbel_max_draw(logits, seed):
    one = top_k.sample(logits, 1, np.random.default_rng(seed), size=20)[:, 0]
    assert (one == gumbel.gumbel_max(logits, np.random.default_rng(seed), size=20)).all()   # the same noise
    all_of_them = top_k.sample(logits, len(logits), np.random.default_rng(seed), size=20)
    assert (all_of_them[:, 0] == one).all()
    assert (np.sort(all_of_them, axis=-1) == np.arange(len(logits))).all()


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_inclusion_is_what_one_integral_over_the_ringing_time_says(k):
    found = top_k.inclusion(EXAMPLE, k)
    assert np.abs(found - included_by_quadrature(np.exp(EXAMPLE), k)).max() < 1e-8          # quad promises 1e-9
    assert abs(found.sum() - k) < 100 * EPS


@given(SMALL, st.data())
def test_inclusion_goes_from_the_softmax_to_ones(logits, data):
    np.testing.assert_allclose(top_k.inclusion(logits, 1), scipy.special.softmax(logits), rtol=500 * EPS)
    np.testing.assert_allclose(top_k.inclusion(logits, len(logits)), 1.0, rtol=2000 * EPS)
    k = data.draw(st.integers(1, len(logits)))
    chosen = top_k.inclusion(logits, k)
    subsets = {s: 0.0 for s in itertools.combinations(range(len(logits)), k)}
    for order, probability in one_by_one(np.exp(logits), k).items():
        subsets[tuple(sorted(order))] += probability
    by_sets = [sum(value for s, value in subsets.items() if i in s) for i in range(len(logits))]
    np.testing.assert_allclose(chosen, by_sets, rtol=1e-10, atol=0)       # sums of at most 120 terms off by 2000 eps


def test_logits_over_sixty_nats_keep_their_digits():
    logits = np.array([0.0, -60.0, -61.0])
    # After category 0 the odds are e to 1. One minus its probability is exactly 0 in double precision.
    assert 1 - scipy.special.softmax(logits)[0] == 0
    found = np.exp(top_k.log_probability([[0, 1], [0, 2]], logits))
    np.testing.assert_allclose(found, scipy.special.softmax([0.0, -1.0]), rtol=200 * EPS)
    assert abs(top_k.log_probability([2, 1, 0], logits) - (-61 - 60)) < 1e-13   # the last step has log 1 = 0
    draws = top_k.sample(logits, 2, np.random.default_rng(4), size=100_000)
    assert (draws[:, 0] == 0).all()                                     # chance of another: 100000 e^-60 * 1.4 = 1e-21
    counts = np.bincount(draws[:, 1], minlength=3)[1:]
    assert scipy.stats.chisquare(counts, 100_000 * scipy.special.softmax([0.0, -1.0])).pvalue > FALSE_ALARM


@given(SMALL, st.floats(-1e3, 1e3))
def test_a_constant_in_the_logits_changes_nothing(logits, shift):
    order = top_k.orders(len(logits), len(logits))
    one, other = top_k.log_probability(order, logits), top_k.log_probability(order, logits + shift)
    np.testing.assert_allclose(one, other, rtol=0, atol=5 * 4 * 1030 * EPS)     # five steps, logits up to 1030


def test_barred_categories_are_never_drawn():
    logits = np.array([0.0, -np.inf, 1.0, -np.inf])
    with np.errstate(all="raise"):
        draws = top_k.sample(logits, 2, np.random.default_rng(0), size=1000)
        assert set(draws.ravel().tolist()) == {0, 2}
        assert top_k.log_probability([0, 2], logits) == pytest.approx(-np.log1p(np.e))
        assert top_k.log_probability([2, 0, 1], logits) == top_k.log_probability([1, 3], logits) == -np.inf
        np.testing.assert_allclose(top_k.inclusion(logits, 2), [1, 0, 1, 0], rtol=10 * EPS)
    with pytest.raises(ValueError, match="^k must be at most the number of finite logits in every row, 2, but is 3"):
        top_k.sample(logits, 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match="^k must be at most the number of finite logits in every row, 2, but is 3"):
        top_k.inclusion(logits, 3)


SHAPE = hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)


@given(st.integers(1, 4), SHAPE, SHAPE, st.data())
def test_shapes(categories, batch, size, data):
    k = data.draw(st.integers(1, categories))
    logits = np.random.default_rng(1).normal(size=batch + (categories,))
    draws = top_k.sample(logits, k, np.random.default_rng(0), size=size)
    assert draws.shape == size + batch + (k,) and np.issubdtype(draws.dtype, np.integer)
    values = top_k.log_probability(draws, logits)
    assert values.shape == size + batch
    inside = top_k.inclusion(logits, k)
    assert inside.shape == batch + (categories,)
    for at in np.ndindex(batch):                # a row alone may be summed in another order than in a batch
        alone = top_k.log_probability(draws[(..., *at, slice(None))], logits[at])
        np.testing.assert_allclose(values[(..., *at)], alone, rtol=0, atol=100 * EPS)
        np.testing.assert_allclose(inside[at], top_k.inclusion(logits[at], k), rtol=100 * EPS)


@pytest.mark.parametrize("k, message", [(0, "from 1 up"), (2.0, "must be an integer"), (6, "finite logits")])
def test_k_is_checked(k, message):
    for call in (lambda: top_k.sample(EXAMPLE, k, np.random.default_rng(0)), lambda: top_k.inclusion(EXAMPLE, k)):
        with pytest.raises(ValueError, match=f"^k .*{message}"):
            call()


@pytest.mark.parametrize(
    "order, message",
    [
        ([0, 0], "must not repeat a category, but holds 0 twice"),
        ([0, 5], r"must lie in 0\.\.4 everywhere, but holds 5"),
        ([-1], r"must lie in 0\.\.4 everywhere, but holds -1"),
        ([0.0, 1.0], "must hold integers"),
        ([], "must hold integers"),
        (3, "must hold integers"),
    ],
)
def test_an_order_is_checked(order, message):
    with pytest.raises(ValueError, match=f"^order {message}"):
        top_k.log_probability(order, EXAMPLE)


def test_enumeration_stays_small():
    assert len(top_k.orders(8, 8)) == 40_320
    with pytest.raises(ValueError, match="^categories and k must make at most 50,000 orders, but 9 and 9 make 362,880"):
        top_k.orders(9, 9)
    with pytest.raises(ValueError, match="^k must be at most the number of categories, 2, but is 3"):
        top_k.orders(2, 3)
    with pytest.raises(ValueError, match="^rng must be a np.random.Generator"):
        top_k.sample(EXAMPLE, 1, 0)
