"""A random variable under a map: its law, its density, and gradients through the map.

    z = g(x)            =>   E[f(z)] = E[f(g(x))]                          for every g: no density of z is needed
    y = g(x), monotone  =>   log p_Y(y) = log p_X(x) - log |g'(x)|         at x = g^-1(y); several branches add up
    F(z; theta) held    =>   dz/dtheta = -(dF/dtheta) / p(z; theta)        for laws whose F has no inverse in formulas

In several dimensions, for linear maps of a Gaussian vector: `multivariate`.

Slides S26 to S28; errata E21 (the absolute value) and E22 (what `gradients.pathwise` asks of f).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib import checks, logspace

_ERF = np.vectorize(math.erf, otypes=[float])

LINE, RIGHT, LEFT, UNIT = (-np.inf, np.inf), (0.0, np.inf), (-np.inf, 0.0), (0.0, 1.0)


@dataclass(frozen=True)
class Monotone:
    """A strictly monotone map g of an open interval onto another: call it, or ask for its parts, which check nothing.

    forward, inverse: g and g^-1, on arrays
    log_slope       : log |g'(x)|, a function of x (not of y)
    increasing      : the sign of g'
    domain, image   : the two intervals, pairs (low, high)
    """

    forward: Callable
    inverse: Callable
    log_slope: Callable
    increasing: bool = True
    domain: tuple = LINE
    image: tuple = LINE

    def __call__(self, x):
        """y = g(x); raises ValueError if an x lies outside the domain, such as a uniform number that is exactly 0."""
        return self.forward(_inside("x", x, self.domain))


def affine(location, scale):
    """The map x -> location + scale x; a negative scale decreases (slide S26: mu + sigma x).

    location, scale: numbers; the scale of a Gaussian is its standard deviation, not its variance
    raises         : ValueError for a scale of 0, which maps everything to one point
    """
    location, scale = checks.finite("location", location), checks.finite("scale", scale)
    if location.ndim or scale.ndim:
        raise ValueError(f"location and scale must be numbers, but have shapes {location.shape} and {scale.shape}")
    if scale == 0:
        raise ValueError("scale must not be 0, but is 0.0")
    return Monotone(
        forward=lambda x: location + scale * x,
        inverse=lambda y: (y - location) / scale,
        log_slope=lambda x: np.log(np.abs(scale)) + np.zeros_like(x),
        increasing=bool(scale > 0),
    )


EXP = Monotone(np.exp, np.log, lambda x: x, image=RIGHT)
DECAY = Monotone(lambda x: np.exp(-x), lambda y: -np.log(y), lambda x: -x, increasing=False, image=RIGHT)
SIGMOID = Monotone(
    logspace.sigmoid,
    lambda y: np.log(y) - np.log1p(-y),
    lambda x: logspace.log_sigmoid(x) + logspace.log_sigmoid(-x),
    image=UNIT,
)
SQUARE = (  # x^2 is not monotone, but each half of the line is
    Monotone(np.square, lambda y: -np.sqrt(y), lambda x: np.log(2 * np.abs(x)), False, LEFT, RIGHT),
    Monotone(np.square, np.sqrt, lambda x: np.log(2 * np.abs(x)), True, RIGHT, RIGHT),
)

# Inverse distribution functions: from u, uniform on (0, 1), to a draw of the standard law. Their inverse is the
# distribution function F, and their slope at u is one over the density at z.
LOGISTIC = Monotone(
    SIGMOID.inverse, SIGMOID.forward, lambda u: -np.log(u) - np.log1p(-u), domain=UNIT
)
EXPONENTIAL = Monotone(
    lambda u: -np.log1p(-u), lambda z: -np.expm1(-z), lambda u: -np.log1p(-u), domain=UNIT, image=RIGHT
)
GUMBEL = Monotone(
    lambda u: -np.log(-np.log(u)),
    lambda z: np.exp(-np.exp(-z)),
    lambda u: -np.log(u) - np.log(-np.log(u)),
    domain=UNIT,
)


def kumaraswamy(a, b):
    """The inverse of F(z) = 1 - (1 - z^a)^b on (0, 1): a law shaped like a Beta, with an F that can be inverted.

    a, b: positive numbers
    """
    a, b = checks.positive("a", a), checks.positive("b", b)

    def log_slope(u):
        rest = -np.expm1(np.log1p(-u) / b)                      # z^a
        return np.log1p(-u) * (1 / b - 1) + np.log(rest) * (1 / a - 1) - np.log(a * b)

    return Monotone(
        forward=lambda u: (-np.expm1(np.log1p(-u) / b)) ** (1 / a),
        inverse=lambda z: -np.expm1(b * np.log1p(-(z**a))),
        log_slope=log_slope,
        domain=UNIT,
        image=UNIT,
    )


def chain(first, then):
    """The map x -> then(first(x)); slopes multiply, so their logarithms add.

    raises: ValueError unless the image of the first is the domain of the second: the image would not be known
    """
    low, high = then.domain
    if not (low <= first.image[0] and first.image[1] <= high):
        raise ValueError(f"first must map into the domain {then.domain} of then, but its image is {first.image}")
    with np.errstate(divide="ignore"):                          # ends such as log 0 = -inf are meant
        ends = [then.forward(np.float64(end)) for end in first.image]
    return Monotone(
        forward=lambda x: then.forward(first.forward(x)),
        inverse=lambda y: first.inverse(then.inverse(y)),
        log_slope=lambda x: first.log_slope(x) + then.log_slope(first.forward(x)),
        increasing=first.increasing == then.increasing,
        domain=first.domain,
        image=(float(min(ends)), float(max(ends))),
    )


def log_density(branches, log_base, y):
    """log p_Y(y) for Y = g(X): log p_X(x) - log |g'(x)| at x = g^-1(y), summed over branches (slide S27; erratum E21).

    branches: a Monotone, or several with disjoint domains that together make up the map, such as SQUARE
    log_base: the function log p_X, on arrays
    y       : (...) finite
    returns : (...); -inf outside the image
    raises  : ValueError for a y so far out that its x rounds to an end of the domain: a Gumbel variable with u = 1
    """
    y = checks.finite("y", y)
    branches = (branches,) if isinstance(branches, Monotone) else tuple(branches)
    return logspace.logsumexp(np.stack([_branch_log_density(branch, log_base, y) for branch in branches]), axis=0)


def cdf(monotone, base_cdf, y):
    """Pr(g(X) <= y): F_X(g^-1(y)) if g increases, 1 - F_X(g^-1(y)) if it decreases (slide S27; erratum E21).

    base_cdf: the function F_X, on arrays, continuous
    y       : (...) finite; returns: (...), 0 below the image and 1 above it
    """
    y = checks.finite("y", y)
    inside, x = _preimage(monotone, y)
    below = base_cdf(x) if monotone.increasing else 1.0 - base_cdf(x)
    return np.where(inside, below, np.where(y <= monotone.image[0], 0.0, 1.0))


def normal_cdf(x):
    """Phi(x), the distribution function of N(0, 1), on arrays: F_X of a Gaussian noise. Off by a rounding of 1."""
    return 0.5 * (1.0 + _ERF(checks.finite("x", x) / np.sqrt(2.0)))


def quantile(cdf, u, low, high):
    """z with cdf(z) = u, by halving [low, high] until it is a rounding wide: for an F with no inverse in formulas.

    cdf      : a continuous, increasing function on arrays
    u        : (...) probabilities; low, high: numbers with cdf(low) <= u <= cdf(high)
    returns  : (...)
    raises   : ValueError where u is not between cdf(low) and cdf(high)
    """
    u = checks.finite("u", u)
    low, high = (checks.finite(name, end) + np.zeros_like(u) for name, end in (("low", low), ("high", high)))
    outside = (u < cdf(low)) | (u > cdf(high))
    if outside.any():
        raise ValueError(f"u must lie between cdf(low) and cdf(high), but holds {u[outside][0]}")
    for _ in range(60):                                         # 2^-60 of the interval: below a rounding
        middle = (low + high) / 2
        below = cdf(middle) < u
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def implicit_gradient(cdf, log_density, z, theta, step=1e-5):
    """dz/dtheta = -(dF/dtheta)(z; theta) / p(z; theta): how a draw moves when its level u = F(z; theta) is held.

    cdf, log_density: functions of (z, theta), on arrays
    z      : (...) draws, by whatever sampler; theta: a number
    step   : of the central difference in theta, which errs by about step^2 and by 1e-16 / step; divided by p(z), the
             error grows far out in the tails
    returns: (...), to go into `gradients.pathwise` as paths
    raises : ValueError where the density is 0: no draw lies there
    """
    z, theta, step = checks.finite("z", z), checks.finite("theta", theta), checks.positive("step", step)
    slope = (cdf(z, theta + step) - cdf(z, theta - step)) / (2 * step)
    return -slope / np.exp(checks.finite("log_density at z", log_density(z, theta)))


def _branch_log_density(branch, log_base, y):
    inside, x = _preimage(branch, y)
    lost = inside & ~((x > branch.domain[0]) & (x < branch.domain[1]))
    if lost.any():
        raise ValueError(f"y must not lie so far out that its x rounds to an end of {branch.domain}, "
                         f"but holds {y[lost][0]}")
    return np.where(inside, log_base(x) - branch.log_slope(x), -np.inf)


def _preimage(branch, y):
    """Where y lies in the image, and x = g^-1(y) there (elsewhere a stand-in from the domain, to be masked)."""
    inside = (y > branch.image[0]) & (y < branch.image[1])
    low, high = branch.domain
    low, high = max(low, min(-1.0, high - 1.0)), min(high, max(1.0, low + 1.0))    # a finite part: any point will do
    return inside, branch.inverse(np.where(inside, y, branch.forward((low + high) / 2)))


def _inside(name, value, interval):
    array = checks.finite(name, value)
    outside = ~((array > interval[0]) & (array < interval[1]))
    if outside.any():
        raise ValueError(f"{name} must lie inside {interval}, its ends excluded, but holds {array[outside][0]}")
    return array
