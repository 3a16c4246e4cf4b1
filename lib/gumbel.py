"""Gumbel-max: a categorical draw as the arg max of perturbed logits.

    density       exp(-(z - location) - exp(-(z - location)))
    distribution  exp(-exp(-(z - location)))

    g_k ~ Gumbel(0, 1) iid   =>   argmax_k (logits_k + g_k) ~ Categorical(softmax(logits))
"""

import numpy as np

from lib import checks


def log_density(z, location=0.0):
    """Log density of a Gumbel variable of unit scale (slide S47).

    z, location: finite, broadcast; the location is the mode (the mean lies 0.577 above it)
    returns    : the broadcast shape; -inf from about 710 below the location down
    """
    above = checks.finite("z", z) - checks.finite("location", location)
    with np.errstate(over="ignore"):                        # exp overflows to inf, and -inf is meant
        return -above - np.exp(-above)


def log_cdf(z, location=0.0):
    """Log of Pr(Z <= z) for a Gumbel variable of unit scale (slide S47).

    z, location: finite, broadcast
    returns    : the broadcast shape; -inf from about 710 below the location down
    """
    above = checks.finite("z", z) - checks.finite("location", location)
    with np.errstate(over="ignore"):
        return -np.exp(-above)


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
