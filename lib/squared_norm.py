"""The squared norm of a Gaussian vector: what dimension does to two gradient estimators.

    z = mu + x,  x ~ N(0, I) in d dimensions,   J(mu) = E[|z|^2] = |mu|^2 + d,   dJ/dmu_j = 2 mu_j

    terms with that mean, for each j:
        REINFORCE           (|z|^2 - c) x_j    variance  (|mu|^2 + d + 2 - c)^2 + 4 |mu|^2 + 4 mu_j^2 + 2 d + 4
        re-parameterised    2 z_j              variance  4

At mu = 0 the first is (d + 2)(d + 4) without a baseline, and 2 (d + 2) with the best. In one dimension these are the
formulas of `simple_example` with a = 1. Slides S25, S28.
"""

import numpy as np

from lib import checks, gradients


def reinforce(mean, noise, baseline=0.0):
    """REINFORCE terms (|z|^2 - baseline) x_j.

    mean: (d,); noise: (n, d) draws of N(0, I); baseline: a number
    returns: (n, d)
    """
    mean, noise = _arguments(mean, noise)
    return gradients.score_function(np.sum((mean + noise) ** 2, axis=-1), noise, baseline)


def reparameterized(mean, noise):
    """Re-parameterised terms 2 z_j; arguments and shape as in `reinforce`."""
    mean, noise = _arguments(mean, noise)
    return gradients.pathwise(2.0 * (mean + noise), np.ones_like(noise))


def reinforce_variance(mean, baseline=0.0):
    """Variance of one REINFORCE term, for each component.

    mean: (..., d); baseline: a number
    returns: (..., d)

    With k = |mu|^2 + d + 2 - c, |z|^2 - c = k + 2 mu.x + (|x|^2 - d - 2). Times x_j, squared and averaged, the three
    parts give k^2, 4 (|mu|^2 + 2 mu_j^2) and 2 (d + 2); the first times the last gives 0, for E[|x|^2 x_j^2] = d + 2,
    and the middle one has odd powers with either. Off goes the squared mean, 4 mu_j^2.
    """
    mean, baseline = _vector("mean", mean), checks.finite("baseline", baseline)
    d, square = mean.shape[-1], np.sum(mean**2, axis=-1, keepdims=True)
    return (square + d + 2.0 - baseline) ** 2 + 4.0 * square + 4.0 * mean**2 + 2.0 * d + 4.0


def best_baseline(mean):
    """The constant with the smallest variance, |mu|^2 + d + 2: the mean of |z|^2, and 2 more. (..., d) to (...)."""
    mean = _vector("mean", mean)
    return np.sum(mean**2, axis=-1) + mean.shape[-1] + 2.0


def _arguments(mean, noise):
    mean, noise = _vector("mean", mean), _vector("noise", noise)
    if noise.shape[-1] != mean.shape[-1]:
        raise ValueError(f"noise must have the {mean.shape[-1]} components of mean, but its shape is {noise.shape}")
    return mean, noise


def _vector(name, value):
    array = checks.finite(name, value)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} must have components on its last axis, but its shape is {array.shape}")
    return array
