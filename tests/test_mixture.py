"""EM and k-means against scipy's densities and clustering, and against the likelihood that EM must raise."""

import numpy as np
import pytest
import scipy.cluster.vq
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import mixture

EPS = np.finfo(float).eps
COORDINATE = st.floats(-10, 10)


@st.composite
def clouds(draw):
    """Points (n, 2) and means (K, 2) in a box of side 20."""
    n, clusters = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    return tuple(draw(hnp.arrays(float, (count, 2), elements=COORDINATE)) for count in (n, clusters))


@given(clouds(), st.floats(0.1, 100))
def test_responsibilities_are_bayes_rule(cloud, temperature):
    points, means = cloud
    log_density = np.stack([scipy.stats.multivariate_normal.logpdf(points, mean, temperature * np.eye(2)).reshape(-1)
                            for mean in means], axis=-1)
    expected = np.exp(log_density - scipy.special.logsumexp(log_density, axis=-1, keepdims=True))
    # Exponents up to 800 / 0.2 = 4000 are rounded a few times on either side.
    result = mixture.responsibilities(points, means, temperature)
    np.testing.assert_allclose(result, expected, rtol=0, atol=8 * EPS * 4000)


@given(clouds(), st.sampled_from(10.0 ** np.arange(-6, 7, 2)))
def test_no_nan_and_no_warning_at_any_temperature(cloud, temperature):
    points, means = cloud
    with np.errstate(all="raise", under="ignore"):
        r = mixture.responsibilities(points, means, temperature)
        moved = mixture.em_step(points, means, temperature)
    assert np.isfinite(moved).all()
    np.testing.assert_allclose(r.sum(axis=-1), 1.0, rtol=0, atol=16 * EPS)             # up to four rounded weights


@given(clouds(), st.floats(0.1, 10))
def test_an_em_step_is_a_weighted_mean(cloud, temperature):
    points, means = cloud
    r = mixture.responsibilities(points, means, temperature)
    moved = mixture.em_step(points, means, temperature)
    for k in range(len(means)):
        if r[:, k].sum() > 1e-300:                          # np.average divides by the sum
            expected = np.average(points, axis=0, weights=r[:, k])
            np.testing.assert_allclose(moved[k], expected, rtol=0, atol=1e-13)         # 6 terms up to 10


@given(clouds(), st.floats(0.1, 10))
def test_an_em_step_never_lowers_the_likelihood(cloud, temperature):
    points, means = cloud

    def log_likelihood(means):
        squares = ((points[:, None] - means) ** 2).sum(axis=-1)
        return scipy.special.logsumexp(-squares / (2 * temperature), axis=-1).sum()

    before, after = log_likelihood(means), log_likelihood(mixture.em_step(points, means, temperature))
    assert after >= before - 32 * EPS * (1 + abs(before))   # up to rounding: at a fixed point it does not move


@pytest.mark.parametrize("seed", range(5))
def test_k_means_is_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    points, means = rng.normal(size=(60, 2)), rng.normal(size=(4, 2))
    expected, _ = scipy.cluster.vq.kmeans2(points, means, iter=1, minit="matrix", missing="raise")
    np.testing.assert_allclose(mixture.k_means_step(points, means), expected, rtol=0, atol=64 * EPS)   # 60 additions


@pytest.mark.parametrize("seed", range(5))
def test_em_becomes_k_means_as_the_temperature_falls(seed):                            # the question of slide S53
    rng = np.random.default_rng(seed)
    points, means = rng.normal(size=(60, 2)), np.append(rng.normal(size=(4, 2)), [[99.0, 99.0]], axis=0)
    limit = mixture.k_means_step(points, means)
    squares = np.sort(((points[:, None] - means) ** 2).sum(axis=-1), axis=-1)
    assert (squares[:, 1] - squares[:, 0]).min() > 2e-6 * 40            # so all other weights are below e^-40 = 4e-18
    warm, cool, cold = (np.abs(mixture.em_step(points, means, t) - limit)[:4].max() for t in (1.0, 0.01, 1e-6))
    assert warm > cool > cold and warm > 0.01
    assert cold <= 64 * EPS                                 # 60 additions
    np.testing.assert_array_equal(mixture.em_step(points, means, 1e-6)[4], [99.0, 99.0])


def test_steps_by_hand():
    points, means = np.array([[0.0], [2.0], [6.0], [7.0]]), np.array([[1.0], [6.0]])
    np.testing.assert_array_equal(mixture.k_means_step(points, means), [[1.0], [6.5]])
    r = mixture.responsibilities([[2.0]], [[1.0], [4.0]], 3.0)          # squares 1 and 4: odds exp(3 / 6)
    np.testing.assert_allclose(r, [[scipy.special.expit(0.5), scipy.special.expit(-0.5)]], rtol=8 * EPS)


def test_a_mean_without_weight_stays_and_a_tie_is_shared_by_em_alone():
    points, means = np.array([[0.0], [1.0]]), np.array([[0.5], [500.0], [0.5]])
    np.testing.assert_array_equal(mixture.k_means_step(points, means), [[0.5], [500.0], [0.5]])
    np.testing.assert_array_equal(mixture.responsibilities(points, means, 1.0), [[0.5, 0.0, 0.5]] * 2)
    np.testing.assert_array_equal(mixture.em_step(points + 1, means, 1.0), [[1.5], [500.0], [1.5]])
    np.testing.assert_array_equal(mixture.k_means_step(points + 1, means), [[1.5], [500.0], [0.5]])
    # exp(-742) and exp(-743) are weights of two and one of the smallest double: no digits are left to average with.
    np.testing.assert_array_equal(mixture.em_step([[0.0]], [[0.0], [np.sqrt(2 * 742.0)]], 1.0)[1], [np.sqrt(2 * 742.0)])


@given(clouds(), st.floats(0.5, 10), COORDINATE, st.randoms(use_true_random=False))
def test_a_translation_moves_everything_and_clusters_have_no_order(cloud, temperature, shift, random):
    points, means = cloud
    r = mixture.responsibilities(points, means, temperature)
    # Shifted coordinates are rounded at 20, squares change by 2 * 30 * eps * 20, and the temperature divides by 1.
    moved = mixture.responsibilities(points + shift, means + shift, temperature)
    np.testing.assert_allclose(moved, r, rtol=0, atol=EPS * 1e4)
    order = np.array(random.sample(range(len(means)), len(means)))
    permuted = mixture.responsibilities(points, means[order], temperature)
    np.testing.assert_allclose(permuted, r[:, order], rtol=0, atol=8 * EPS)            # adds in another order


def test_batches_are_separate_problems():
    rng = np.random.default_rng(6)
    points, means, temperature = rng.normal(size=(3, 10, 2)), rng.normal(size=(3, 4, 2)), np.array([0.1, 1.0, 5.0])
    assert mixture.responsibilities(points, means, temperature).shape == (3, 10, 4)
    em, k_means = mixture.em_step(points, means, temperature), mixture.k_means_step(points, means)
    for i in range(3):                                      # sums of ten numbers below 4, perhaps in another order
        np.testing.assert_allclose(em[i], mixture.em_step(points[i], means[i], temperature[i]), rtol=0, atol=1e-13)
        np.testing.assert_allclose(k_means[i], mixture.k_means_step(points[i], means[i]), rtol=0, atol=1e-13)


ONE = np.zeros((1, 2))


@pytest.mark.parametrize("step", [lambda p, m: mixture.em_step(p, m, 1.0), mixture.k_means_step,
                                  lambda p, m: mixture.responsibilities(p, m, 1.0)])
@pytest.mark.parametrize("points, means, message", [
    (ONE * np.nan, ONE, "points must be finite everywhere, but holds nan"),
    (ONE, ONE + np.inf, "means must be finite everywhere, but holds inf"),
    (np.zeros(3), ONE, r"points must have shape \(..., how many, dimensions\) .* \(3,\)"),
    (ONE, np.zeros((0, 2)), r"means must have shape .* with at least one, .* \(0, 2\)"),
    (np.zeros((3, 0, 2)), ONE, r"points must have shape .* with at least one, .* \(3, 0, 2\)"),
    (np.zeros((0, 2)), ONE, r"points must have shape .* with at least one, .* \(0, 2\)"),
    (ONE, np.zeros((1, 3)), r"means must have the 2 dimensions of the points, but its shape is \(1, 3\)"),
])
def test_bad_arrays_are_named(step, points, means, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        step(points, means)


@pytest.mark.parametrize("function", [mixture.em_step, mixture.responsibilities])
def test_a_bad_temperature_is_named(function):
    with pytest.raises(ValueError, match="^temperature must be positive everywhere, but its smallest entry is 0.0"):
        function(ONE, ONE, 0.0)
    with pytest.raises(ValueError, match="^temperature must be finite everywhere, but holds nan"):
        function(ONE, ONE, np.nan)
