"""Gumbel-max: a categorical draw as the arg max of perturbed logits.

    density       exp(-x - exp(-x)) / scale        x = (z - location) / scale
    distribution  exp(-exp(-x))

    g_k ~ Gumbel(0, 1) iid   =>   argmax_k (logits_k + g_k) ~ Categorical(softmax(logits))

From uniform numbers to Gumbels: `transforms.GUMBEL`, the inverse of the distribution function.
"""

import numpy as np

from lib import checks


def log_density(z, location=0.0, scale=1.0):
    """Log density of a Gumbel variable (slides S47, S51).

    z, location: finite; scale: positive; all broadcast
    returns    : the broadcast shape; -inf from about 710 scales below the location down

    The location is the mode; the mean lies 0.577 scales above it, and the standard deviation is 1.283 scales.
    """
    scale = checks.positive("scale", scale)
    above = (checks.finite("z", z) - checks.finite("location", location)) / scale
    with np.errstate(over="ignore"):                        # exp overflows to inf, and -inf is meant
        return -above - np.exp(-above) - np.log(scale)


def log_cdf(z, location=0.0, scale=1.0):
    """Log of Pr(Z <= z) for a Gumbel variable (slides S47, S51).

    z, location: finite; scale: positive; all broadcast
    returns    : the broadcast shape; -inf from about 710 scales below the location down
    """
    scale = checks.positive("scale", scale)
    above = (checks.finite("z", z) - checks.finite("location", location)) / scale
    with np.errstate(over="ignore"):
        return -np.exp(-above)


def range_of_bits(bits):
    """The smallest and the largest of -log(-log(u)) for u on the grid 2^-bits, 2 * 2^-bits, ..., 1 - 2^-bits.

    bits   : from 1 up; numpy's `random` has 53, and 24 in single precision
    returns: two floats, -log(bits log 2) and about bits * log 2
    """
    end = 0.5 ** checks.integer("bits", bits, least=1)
    return float(-np.log(-np.log(end))), float(-np.log(-np.log1p(-end)))


def gumbel_max(logits, rng, size=()):
    """Draw category indices by the Gumbel-max trick (slides S46, S50).

    logits : (..., K) log-weights, up to an additive constant; -inf bars a category
    rng    : np.random.Generator
    size   : sample shape, as in numpy
    returns: size + (...) integers in 0..K-1
    raises : ValueError if a row has no finite logit

    numpy's Gumbel noise lies in [-3.61, 36.74], so a category 41 below the largest is never drawn: it has e^-41.
    """
    logits, rng = checks.logits(logits), checks.generator(rng)
    noise = rng.gumbel(size=checks.shape("size", size) + logits.shape)      # one for each category (erratum E36)
    return np.argmax(logits + noise, axis=-1)
