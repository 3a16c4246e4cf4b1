"""The Gaussian, its score, its location-scale form, and the divergence between two of them.

    N(z; mean, variance) = exp(-(z - mean)^2 / (2 variance)) / sqrt(2 pi variance)

    d/dmean log N(z; mean, variance) = (z - mean) / variance
    x ~ N(0, 1)   =>   mean + sqrt(variance) x ~ N(mean, variance)
    KL(N(m, v) || N(m0, v0)) = (v / v0 - 1 - log(v / v0) + (m - m0)^2 / v0) / 2

The second parameter is the variance, here and everywhere (erratum E20).
"""

import numpy as np

from lib import checks


def log_density(z, mean, variance):
    """Log density of N(mean, variance) at z (slide S23 with its factor 2: erratum E16).

    z, mean : finite; variance: positive; all three broadcast
    """
    z, mean, variance = _arguments("z", z, mean, variance)
    return -0.5 * (np.log(2 * np.pi * variance) + (z - mean) ** 2 / variance)


def mean_score(z, mean, variance):
    """d log N(z; mean, variance) / d mean = (z - mean) / variance (slide S30; erratum E17).

    z, mean : finite; variance: positive; all three broadcast
    """
    z, mean, variance = _arguments("z", z, mean, variance)
    return (z - mean) / variance


def reparameterize(mean, variance, noise):
    """z = mean + sqrt(variance) noise, a draw of N(mean, variance) where the noise is one of N(0, 1) (slide S26).

    mean, noise: finite; variance: positive; all three broadcast
    """
    noise, mean, variance = _arguments("noise", noise, mean, variance)
    return mean + np.sqrt(variance) * noise


def kl(mean, variance, other_mean=0.0, other_variance=1.0):
    """KL(N(mean, variance) || N(other_mean, other_variance)), without the second pair to N(0, 1) (slide S43; E32).

    mean, other_mean: finite; variance, other_variance: positive; all four broadcast
    returns         : the broadcast shape, in nats, 0 or above; independent components add up (slide S42)
    """
    mean, variance = checks.finite("mean", mean), checks.positive("variance", variance)
    other_mean = checks.finite("other_mean", other_mean)
    other_variance = checks.positive("other_variance", other_variance)
    change = np.log(variance) - np.log(other_variance)
    spread = np.expm1(change) - change                      # v / v0 - 1 - log(v / v0), exact near v = v0 too
    return 0.5 * (spread + (mean - other_mean) ** 2 / other_variance)


def _arguments(name, value, mean, variance):
    return checks.finite(name, value), checks.finite("mean", mean), checks.positive("variance", variance)
