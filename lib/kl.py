"""The Gaussian nearest to a mixture on the line, in each direction of the divergence.

    p(z) = sum_k w_k N(z; m_k, v_k)                    q(z) = N(z; mean, variance)

    KL(p || q): smallest where q has the mean and the variance of p (moment matching)
    KL(q || p): with z = mean + sigma x, x ~ N(0, 1),
                d/d mean = -E[s(z)]      d/d log sigma = -1 - E[s(z) sigma x]      s = (log p)', the slope of log p
                no closed form, and often several minima, each on a peak of p

Expectations are sums over evenly spaced points (the trapezoidal rule), which for smooth integrands that vanish at both
ends converges faster than any power of the spacing.
"""

import numpy as np

from lib import checks, gaussian, logspace

POINTS = 1_201  # from -9 to 9 standard deviations, beyond which lie 2e-19


def mixture_log_density(z, weights, means, variances):
    """log p(z), by log-sum-exp over the components.

    z                        : (...) finite
    weights, means, variances: (K,) positive with sum 1; finite; positive
    returns                  : (...)
    raises                   : ValueError for weights that do not sum to 1 and for shapes that differ
    """
    return logspace.logsumexp(log_terms(checks.finite("z", z), *check_mixture(weights, means, variances)))


def mixture_moments(weights, means, variances):
    """Mean and variance of the mixture: the variance within the components plus the variance of their means.

    These are also those of the Gaussian q that makes KL(p || q) smallest. Arguments as in `mixture_log_density`.
    """
    weights, means, variances = check_mixture(weights, means, variances)
    mean = np.sum(weights * means)
    return mean, np.sum(weights * (variances + (means - mean) ** 2))


def to_mixture(mean, variance, weights, means, variances):
    """KL(N(mean, variance) || p): minus q's entropy, minus E_q[log p].

    mean, variance: (...) finite; positive; they broadcast; the mixture as in `mixture_log_density`
    returns       : (...), in nats

    Off by less than 1e-9 while sigma * (largest gap of two means) <= 20 * (smallest v_k): log p bends over about
    v / gap, and the points lie 0.015 sigma apart.
    """
    mean, variance = checks.finite("mean", mean), checks.positive("variance", variance)
    return _value_and_slopes(mean, 0.5 * np.log(variance), *check_mixture(weights, means, variances))[0]


def from_mixture(mean, variance, weights, means, variances):
    """KL(p || N(mean, variance)) = E_p[log p] - E_p[log q], the second in closed form from the moments of p.

    Arguments and precision as in `to_mixture`.
    """
    mean, variance = checks.finite("mean", mean), checks.positive("variance", variance)
    mixture = weights, means, variances = check_mixture(weights, means, variances)
    x, bell = quadrature()
    z = means + np.sqrt(variances) * x[:, None]                           # (POINTS, K): each component's own points
    negative_entropy = np.sum(weights * (bell @ mixture_log_density(z, *mixture)))
    p_mean, p_variance = mixture_moments(*mixture)
    return negative_entropy + 0.5 * (np.log(2 * np.pi * variance) + (p_variance + (p_mean - mean) ** 2) / variance)


def descend(mean, variance, weights, means, variances, steps=100):
    """From N(mean, variance) down to a local minimum of KL(q || p), by Newton steps that are halved until they descend.

    mean, variance: numbers, where to start; the mixture as in `mixture_log_density`
    returns       : (mean, variance), two numbers, where the slopes by mean / sigma and by log sigma are below 1e-8
    raises        : ArithmeticError if it is not there after `steps` steps

    Where KL bends down the step goes down all the same: curvatures are taken without their sign.
    A start on a line of symmetry stays on it, and may end on a saddle between two minima.
    """
    mixture = check_mixture(weights, means, variances)
    sigma = np.sqrt(checks.positive("variance", variance))
    at = np.array([float(checks.finite("mean", mean)), float(np.log(sigma))])
    for _ in range(checks.integer("steps", steps, least=1)):
        unit = np.array([np.exp(at[1]), 1.0])                             # the mean moves in units of sigma

        def slopes(step, at=at, unit=unit):
            return unit * _value_and_slopes(*(at + unit * step), *mixture)[1]

        down = -slopes(np.zeros(2))
        if np.abs(down).max() < 1e-8:
            return float(at[0]), float(np.exp(2 * at[1]))
        bends, axes = np.linalg.eigh(np.array([slopes(e) - slopes(-e) for e in 1e-4 * np.eye(2)]) / 2e-4)
        step = np.clip(axes @ ((axes.T @ down) / np.maximum(np.abs(bends), 1e-3)), -1, 1)
        value, lower = (_value_and_slopes(*place, *mixture)[0] for place in (at, at + unit * step))
        while not lower <= value + 1e-14:                                 # rounding of the sums
            step *= 0.5
            lower = _value_and_slopes(*(at + unit * step), *mixture)[0]
        at = at + unit * step
    raise ArithmeticError(f"the slopes must come below 1e-8, but {steps} steps leave {np.abs(down).max():.1g}")


def mode_seeking(weights, means, variances):
    """The best of the minima of KL(q || p) that `descend` reaches from each component and from p's own moments.

    returns: (mean, variance); of equally good ones the first, in the order of the components
    """
    mixture = weights, means, variances = check_mixture(weights, means, variances)
    starts = [*zip(means, variances, strict=True), mixture_moments(*mixture)]
    found = [descend(*start, *mixture) for start in starts]
    values = np.array([to_mixture(*q, *mixture) for q in found])
    return found[int(np.argmax(values < values.min() + 1e-9))]            # 1e-9: equal but for rounding


def log_terms(z, weights, means, variances):
    """log(w_k N(z; m_k, v_k)) for each component: arrays as `check_mixture` returns them; returns (..., K)."""
    return np.log(weights) + gaussian.log_density(z[..., None], means, variances)


def quadrature():
    """Points x and weights, (POINTS,) each, with E[f(x)] = weights @ f(x) for x ~ N(0, 1)."""
    x = np.linspace(-9, 9, POINTS)
    return x, np.exp(gaussian.log_density(x, 0.0, 1.0)) * (x[1] - x[0])


def check_mixture(weights, means, variances):
    """The three as arrays, or the ValueError of `mixture_log_density`."""
    weights, means = checks.positive("weights", weights), checks.finite("means", means)
    variances = checks.positive("variances", variances)
    for name, array in (("weights", weights), ("means", means), ("variances", variances)):
        if array.ndim != 1 or array.shape != weights.shape or array.size == 0:
            raise ValueError(f"{name} must have one entry for each component, as the weights have, "
                             f"but its shape is {array.shape} beside {weights.shape}")
    if not abs(weights.sum() - 1) < 1e-9:
        raise ValueError(f"weights must sum to 1, but their sum is {weights.sum():.6g}")
    return weights, means, variances


def _value_and_slopes(mean, log_sigma, weights, means, variances):
    """KL(N(mean, sigma^2) || p), and its derivatives by mean and by log sigma on the first axis of one array."""
    x, bell = quadrature()
    sigma = np.exp(log_sigma)
    z = mean[..., None] + sigma[..., None] * x
    joint = log_terms(z, weights, means, variances)
    log_p = logspace.logsumexp(joint)
    shares = np.exp(joint - log_p[..., None])
    slope = np.sum(shares * (means - z[..., None]) / variances, axis=-1)  # (log p)'(z)
    value = -log_sigma - 0.5 * np.log(2 * np.pi * np.e) - log_p @ bell
    return value, np.array([-slope @ bell, -1 - sigma * ((slope * x) @ bell)])
