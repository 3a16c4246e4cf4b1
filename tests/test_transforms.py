"""Maps against scipy's laws, round trips, finite differences and quadrature; the printed formula of E21 fails."""

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from lib import gaussian, gradients, transforms
from lib.transforms import DECAY, EXP, EXPONENTIAL, GUMBEL, LOGISTIC, SIGMOID, SQUARE, affine, chain

EPS = np.finfo(float).eps


def standard(x):
    return gaussian.log_density(x, 0.0, 1.0)


def uniform(u):
    return np.where((u > 0) & (u < 1), 0.0, -np.inf)


# On the line: the map, and scipy's law of its value when x ~ N(0, 1).
OF_NORMAL = {
    "stretch": (affine(1.0, 2.0), scipy.stats.norm(1, 2)),
    "mirror": (affine(1.0, -0.5), scipy.stats.norm(1, 0.5)),
    "exp": (EXP, scipy.stats.lognorm(1)),
    "decay": (DECAY, scipy.stats.lognorm(1)),
    "chained exp": (chain(affine(0.5, 0.3), EXP), scipy.stats.lognorm(0.3, scale=np.exp(0.5))),
    "chained decay": (chain(affine(0.5, -0.3), DECAY), scipy.stats.lognorm(0.3, scale=np.exp(-0.5))),
}
# Inverse distribution functions, and scipy's law.
OF_UNIFORM = {
    "logistic": (LOGISTIC, scipy.stats.logistic()),
    "exponential": (EXPONENTIAL, scipy.stats.expon()),
    "gumbel": (GUMBEL, scipy.stats.gumbel_r()),
    "gumbel, moved": (chain(GUMBEL, affine(1.0, 2.0)), scipy.stats.gumbel_r(1, 2)),
    "kumaraswamy (a, 1) is a beta": (transforms.kumaraswamy(2.5, 1.0), scipy.stats.beta(2.5, 1)),
    "kumaraswamy (1, b) is a beta": (transforms.kumaraswamy(1.0, 0.7), scipy.stats.beta(1, 0.7)),
}
MAPS = {name: g for name, (g, _) in {**OF_NORMAL, **OF_UNIFORM}.items()}
MAPS |= {"sigmoid": SIGMOID, "left": SQUARE[0], "right": SQUARE[1], "kumaraswamy": transforms.kumaraswamy(0.5, 3.0)}
each_map = pytest.mark.parametrize("g", MAPS.values(), ids=MAPS.keys())


def inner(g, share):
    """A point of the domain, well inside: from a share in (0, 1)."""
    low, high = g.domain
    x = scipy.special.logit(share)
    if (low, high) == transforms.LINE:
        return x
    if (low, high) == transforms.UNIT:
        return share
    return np.exp(x) if low == 0 else -np.exp(x)


# --- maps -------------------------------------------------------------------------------------------------------------


@each_map
@given(share=st.floats(0.001, 0.999))
def test_there_and_back(g, share):
    x = inner(g, share)
    y = g(x)
    assert g.image[0] < y < g.image[1]
    # y is off by about 4 roundings, which the slope at x turns into an error of x
    room = 8 * EPS * (abs(x) + (1 + abs(y)) * np.exp(-g.log_slope(x)))
    assert abs(g.inverse(y) - x) <= room


@each_map
@given(share=st.floats(0.02, 0.98))
def test_the_log_slope_is_that_of_the_map(g, share):
    x = inner(g, np.float64(share if abs(share - 0.5) > 1e-3 else 0.502))         # x = 0 gives the step no size
    d = 1e-5 * min(1.0, abs(x), 1 - x if g.domain == transforms.UNIT else 1.0)
    slope = (g.forward(x + d) - g.forward(x - d)) / (2 * d)
    assert (slope > 0) == g.increasing
    # third derivatives, in units of (distance to the end of the domain)^2: below 50 d^2; rounding: 1e-16 / 1e-7 * |y|
    assert abs(np.log(abs(slope)) - g.log_slope(x)) < 1e-6


@each_map
def test_the_image_is_where_the_map_leads(g):
    ends = inner(g, np.array([1e-9, 1 - 1e-9]))
    low, high = np.sort(g(ends))
    assert g.image[0] < low < high < g.image[1]
    for reached, end in ((low, g.image[0]), (high, g.image[1])):
        assert abs(reached) > 2.9 if np.isinf(end) else abs(reached - end) < 0.005


def test_bad_arguments_are_named():
    for call, message in [
        (lambda: affine(0.0, 0.0), "scale must not be 0, but is 0.0"),
        (lambda: affine(np.nan, 1.0), "location must be finite everywhere, but holds nan"),
        (lambda: affine([0.0, 1.0], 1.0), r"location and scale must be numbers, but have shapes \(2,\) and \(\)"),
        (lambda: transforms.kumaraswamy(0.0, 1.0), "a must be positive everywhere, but its smallest entry is 0.0"),
        (lambda: transforms.kumaraswamy(1.0, -2.0), "b must be positive everywhere, but its smallest entry is -2.0"),
        (lambda: GUMBEL([0.5, 0.0]), r"x must lie inside \(0.0, 1.0\), its ends excluded, but holds 0.0"),
        (lambda: EXP(np.inf), "x must be finite everywhere, but holds inf"),
        (lambda: chain(LOGISTIC, GUMBEL), r"first must map into the domain \(0.0, 1.0\) of then"),
        (lambda: transforms.log_density(EXP, standard, np.nan), "y must be finite everywhere, but holds nan"),
        (lambda: transforms.log_density(GUMBEL, uniform, [1.0, 40.0]), "y must not lie so far out .* but holds 40.0"),
        (lambda: transforms.cdf(EXP, standard, np.inf), "y must be finite everywhere, but holds inf"),
        (lambda: transforms.quantile(scipy.stats.norm.cdf, [0.5, 0.999], -2, 2), "u must lie between .* holds 0.999"),
        (lambda: transforms.quantile(scipy.stats.norm.cdf, np.nan, -2, 2), "u must be finite everywhere"),
        (lambda: transforms.implicit_gradient(lambda z, t: z, lambda z, t: -np.inf + z, 1.0, 1.0),
         "log_density at z must be finite everywhere, but holds -inf"),
        (lambda: transforms.implicit_gradient(lambda z, t: z, lambda z, t: z, 1.0, 1.0, step=0.0),
         "step must be positive everywhere, but its smallest entry is 0.0"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match=f"^{message}"):
            call()


# --- densities --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("g, law, base", [(*pair, standard) for pair in OF_NORMAL.values()]
                         + [(*pair, uniform) for pair in OF_UNIFORM.values()],
                         ids=[*OF_NORMAL, *OF_UNIFORM])
@given(level=st.floats(1e-3, 1 - 1e-3))
def test_density_and_distribution_function_are_scipys(g, law, base, level):
    y = law.ppf(level)
    expected = law.logpdf(y)
    assert abs(transforms.log_density(g, base, y) - expected) < 1e-9 * (1 + abs(expected))   # roundings, amplified
    F = scipy.special.ndtr if base is standard else (lambda u: u)
    assert abs(transforms.cdf(g, F, y) - level) < 1e-11


@given(st.floats(0.01, 30))
def test_the_square_of_a_gaussian_is_chi_squared(y):
    assert abs(transforms.log_density(SQUARE, standard, y) - scipy.stats.chi2(1).logpdf(y)) < 1e-12 * (1 + y)
    lifted = transforms.log_density(SQUARE, lambda x: gaussian.log_density(x, 1.5, 1.0), y)
    assert abs(lifted - scipy.stats.ncx2(1, 1.5**2).logpdf(y)) < 1e-8 * (1 + y)


@pytest.mark.parametrize("g", [EXP, DECAY, SIGMOID, SQUARE], ids=["exp", "decay", "sigmoid", "square"])
def test_outside_the_image_the_density_is_zero(g):
    assert (transforms.log_density(g, standard, [-1.0, -1e-9, 0.0]) == -np.inf).all()
    assert np.isfinite(transforms.log_density(g, standard, 0.5))


def test_the_distribution_function_outside_the_image_is_zero_or_one():
    for g in (SIGMOID, chain(affine(0.0, -1.0), SIGMOID)):
        np.testing.assert_array_equal(transforms.cdf(g, scipy.special.ndtr, [-1.0, 0.0, 1.0, 2.0]), [0, 0, 1, 1])


@pytest.mark.parametrize("g", [EXP, DECAY, SIGMOID, chain(SIGMOID, affine(1.0, -3.0))])
def test_densities_integrate_to_one(g):
    # over x the integral of p_Y(g(x)) |g'(x)| is that of p_Y, by substitution; here over y itself
    low, high = max(g.image[0], -60), min(g.image[1], 60)
    total, _ = scipy.integrate.quad(lambda y: np.exp(transforms.log_density(g, standard, y)), low, high, limit=200,
                                    points=[low + 0.01, low + 1] if high > low + 1 else None)
    assert abs(total - 1) < 3e-5                            # Pr(e^x > 60) = 2.1e-5


def test_the_printed_formula_has_the_sign_of_the_slope():                               # erratum E21
    x, y = np.log(2.0), 0.5
    printed = np.exp(standard(x)) * (-1 / y)                # dx/dy of x = -log y
    assert abs(printed + 0.6275) < 5e-5
    assert abs(np.exp(transforms.log_density(DECAY, standard, y)) - 0.6275) < 5e-5
    right, wrong = scipy.stats.norm.sf(x), scipy.stats.norm.cdf(x)
    assert abs(transforms.cdf(DECAY, scipy.special.ndtr, y) - right) < 1e-15 and abs(right - wrong) > 0.5


@given(st.floats(-40, 40))
def test_the_normal_distribution_function_is_scipys(x):
    assert abs(transforms.normal_cdf(x) - scipy.special.ndtr(x)) < 4 * EPS


@pytest.mark.parametrize("domain", [(2.0, 3.0), (5.0, np.inf), (-np.inf, -5.0)])
def test_a_branch_on_any_interval(domain):
    log = transforms.Monotone(lambda x: 1 / x, lambda y: 1 / y, lambda x: -2 * np.log(np.abs(x)), False, domain,
                              tuple(sorted(1 / end for end in domain)))
    inside = 1 / (max(domain[0], -9) + min(domain[1], 9)) * 2
    with np.errstate(all="raise"):
        found = transforms.log_density(log, standard, [0.0, inside])
    np.testing.assert_allclose(found, [-np.inf, standard(1 / inside) - 2 * np.log(abs(inside))], rtol=1e-14)


# --- implicit gradients -----------------------------------------------------------------------------------------------


@given(st.floats(0.001, 0.999), st.floats(0.5, 20))
def test_the_quantile_is_scipys(u, shape):
    law = scipy.stats.gamma(shape)
    z = transforms.quantile(law.cdf, u, 0.0, 100.0)
    assert abs(law.cdf(z) - u) < 1e-13                      # 100 * 2^-60, and a few roundings of the function


@given(st.floats(-3, 3), st.floats(0.3, 3))
def test_where_the_map_is_known_both_gradients_agree(x, sigma):
    z = 1.0 + sigma * x                                     # dz/dsigma = x
    path = transforms.implicit_gradient(lambda z, s: scipy.special.ndtr((z - 1) / s),
                                        lambda z, s: gaussian.log_density(z, 1.0, s**2), z, sigma)
    # rounding 1e-16 / 1e-5 and curvature 1e-10 / sigma^3, over a density from 0.0044 / sigma up
    assert abs(path - x) < 2e-7


@pytest.mark.parametrize("shape", [0.7, 1.0, 3.0, 12.0])
def test_the_gamma_law_moves_with_its_shape(shape):
    def F(z, k):
        return scipy.special.gammainc(k, z)

    def log_p(z, k):
        return scipy.stats.gamma(k).logpdf(z)

    u = np.linspace(0.01, 0.99, 99)
    z = scipy.special.gammaincinv(shape, u)
    by_inverse = (scipy.special.gammaincinv(shape + 1e-5, u) - scipy.special.gammaincinv(shape - 1e-5, u)) / 2e-5
    np.testing.assert_allclose(transforms.implicit_gradient(F, log_p, z, shape), by_inverse, rtol=1e-4, atol=1e-6)
    draws = np.random.default_rng(5).gamma(shape, size=100_000)                 # by a rejection sampler: no map at all
    paths = transforms.implicit_gradient(F, log_p, draws, shape)
    for slopes, exact in ((np.ones_like(draws), 1.0), (2 * draws, 2 * shape + 1)):          # E z = k, E z^2 = k^2 + k
        mean, error = gradients.mean_and_error(gradients.pathwise(slopes, paths))
        assert abs(mean - exact) < 5 * error                # false alarm, all eight: 1 run in 200,000
