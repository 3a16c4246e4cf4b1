"""The evidence lower bound, on models whose evidence is known.

    log p(y) = ELBO(q) + KL(q || p(. | y))                       for every q
    ELBO(q)  = E_q[log w(z)]           w(z) = p(y, z) / q(z)     the evidence itself is log E_q[w(z)]
    L_K      = E[log (w_1 + ... + w_K) / K]                      climbs from the ELBO, L_1, to the evidence

With q = N(mean, sigma^2) and z = mean + sigma x, x ~ N(0, 1), the gradient by (mean, log sigma) is the mean of each of

    reinforce   (log w(z) - c) (x / sigma, x^2 - 1)
    pathwise    s(z) (1, sigma x) + (0, 1)                       s(z) = d/dz log p(y, z)
    landing     (s(z) + x / sigma) (1, sigma x)                  0 term by term where q is the posterior

Slides S33 and S34; errata E24 and E25. Burda, Grosse and Salakhutdinov (2016) for L_K; Roeder, Wu and Duvenaud (2017)
for the last estimator. Mixtures, sums over evenly spaced points and KL(q || a mixture): `kl`.
"""

from dataclasses import dataclass

import numpy as np

from lib import checks, gaussian, gradients, kl, logspace


@dataclass(frozen=True)
class Model:
    """z ~ sum_k w_k N(m_k, v_k), then y ~ N(z, noise_variance), with y seen: its evidence and posterior are known.

    y, noise_variance        : numbers, the second positive
    weights, means, variances: of the prior, (K,) each; positive with sum 1; finite; positive. Without them N(0, 1)
    raises                   : ValueError for anything else

    Each component alone is a Gaussian prior with a Gaussian likelihood: y ~ N(m_k, v_k + noise_variance).
    """

    y: float
    noise_variance: float
    weights: np.ndarray = (1.0,)
    means: np.ndarray = (0.0,)
    variances: np.ndarray = (1.0,)

    def __post_init__(self):
        for name, rule in (("y", checks.finite), ("noise_variance", checks.positive)):
            number = rule(name, getattr(self, name))
            if number.ndim:
                raise ValueError(f"{name} must be a number, but its shape is {number.shape}")
            object.__setattr__(self, name, number)
        names = "weights", "means", "variances"
        for name, array in zip(names, kl.check_mixture(*self.prior()), strict=True):
            object.__setattr__(self, name, array)

    def prior(self):
        """p(z) as (weights, means, variances) of a mixture, (K,) each."""
        return self.weights, self.means, self.variances

    def log_joint(self, z):
        """log p(y, z) = log p(z) + log p(y | z); z: (...) finite; returns (...)."""
        return kl.mixture_log_density(z, *self.prior()) + gaussian.log_density(self.y, z, self.noise_variance)

    def slope(self, z):
        """d/dz log p(y, z): that of each component of the prior by its share, and that of the likelihood; (...)."""
        z = checks.finite("z", z)
        shares = logspace.softmax(kl.log_terms(z, *self.prior()))
        pull = (self.means - z[..., None]) / self.variances
        return np.sum(shares * pull, axis=-1) + gaussian.mean_score(self.y, z, self.noise_variance)

    def log_evidence(self):
        """log p(y) = log sum_k w_k N(y; m_k, v_k + noise_variance), a number."""
        return logspace.logsumexp(self._evidence_terms())

    def posterior(self):
        """p(z | y) as (weights, means, variances) of a mixture, (K,) each: precisions add, weights follow Bayes."""
        variances = 1 / (1 / self.variances + 1 / self.noise_variance)
        means = variances * (self.means / self.variances + self.y / self.noise_variance)
        return logspace.softmax(self._evidence_terms()), means, variances

    def log_posterior(self, z):
        """log p(z | y), from the mixture of `posterior` and not from the joint; z: (...) finite; returns (...)."""
        return kl.mixture_log_density(z, *self.posterior())

    def _evidence_terms(self):
        return np.log(self.weights) + gaussian.log_density(self.y, self.means, self.variances + self.noise_variance)


def conjugate(y, mean, variance, noise_variance, prior_variance=1.0):
    """The ELBO in closed form for z ~ N(0, prior_variance), y ~ N(z, noise_variance), q = N(mean, variance).

        E_q[log p(y | z)] - KL(q || p(z)) = log N(y; mean, noise_variance) - variance / (2 noise_variance) - KL

    y, mean: finite; the variances: positive; all broadcast; returns their shape, in nats
    """
    fit = gaussian.log_density(y, mean, noise_variance)
    blur = checks.positive("variance", variance) / (2 * checks.positive("noise_variance", noise_variance))
    return fit - blur - gaussian.kl(mean, variance, 0.0, checks.positive("prior_variance", prior_variance))


def expectation(function, mean, variance):
    """E_q[function(z)] by quadrature, q = N(mean, variance).

    function      : of an array of places, returns an array of that shape
    mean, variance: (...) finite; positive; they broadcast
    returns       : (...)
    """
    x, bell = kl.quadrature()
    return function(_places(mean, variance, x)) @ bell


def elbo(log_joint, mean, variance):
    """E_q[log p(y, z)] - E_q[log q(z)], the first by quadrature, the second in closed form (slides S33, S34; E25).

    log_joint     : a function z -> log p(y, z) on arrays, such as `Model(...).log_joint`
    mean, variance: (...) of q, finite; positive; they broadcast
    returns       : (...), in nats
    """
    return expectation(log_joint, mean, variance) + entropy(variance)


def entropy(variance):
    """-E_q[log q(z)] = log(2 pi e variance) / 2 of a Gaussian, in nats; variance: positive."""
    return 0.5 * np.log(2 * np.pi * np.e * checks.positive("variance", variance))


def log_weights(log_joint, mean, variance, noise):
    """log w = log p(y, z) - log q(z) at z = mean + sigma x, whose mean is the ELBO (slide S33, re-parameterised).

    log_joint     : as in `elbo`
    mean, variance: (...), one q each
    noise         : (..., n) draws x of N(0, 1)
    returns       : (..., n)
    """
    log_q = gaussian.log_density(noise, 0.0, 1.0) - 0.5 * np.log(checks.positive("variance", variance))[..., None]
    return log_joint(_places(mean, variance, noise)) - log_q


def importance_weighted(log_weights):
    """log (w_1 + ... + w_K) / K, in log space: its mean is the bound L_K (Burda and others, 2016, equation 8).

    log_weights: (..., K) with a sample; returns: (...)
    """
    log_weights = checks.finite("log_weights", log_weights)
    if log_weights.ndim == 0 or log_weights.shape[-1] == 0:
        raise ValueError(f"log_weights must hold a sample on its last axis, but its shape is {log_weights.shape}")
    return logspace.logsumexp(log_weights) - np.log(log_weights.shape[-1])


def reinforce(log_joint, mean, variance, noise, baseline=0.0):
    """REINFORCE terms (log w - baseline) (x / sigma, x^2 - 1): log p(y, z) need not be differentiable.

    arguments: as in `log_weights`; baseline as in `gradients.score_function`
    returns  : (..., n, 2), by mean and by log sigma
    """
    values = log_weights(log_joint, mean, variance, noise)
    x, sigma = np.broadcast_arrays(noise, np.sqrt(variance)[..., None])
    return gradients.score_function(values, np.stack([x / sigma, x**2 - 1], axis=-1), baseline)


def pathwise(slope, mean, variance, noise):
    """Re-parameterised terms s(z) (1, sigma x) + (0, 1): the slope along the path, and that of the entropy (S33).

    slope  : a function z -> d/dz log p(y, z) on arrays, such as `Model(...).slope`; the rest as in `log_weights`
    returns: (..., n, 2)
    """
    z, _, paths = _paths(mean, variance, noise)
    return gradients.pathwise(slope(z), paths) + np.array([0.0, 1.0])


def landing(slope, mean, variance, noise):
    """Re-parameterised terms without the score of q: (s(z) + x / sigma) (1, sigma x), all 0 where q is the posterior.

    arguments and shape as in `pathwise` (Roeder, Wu and Duvenaud, 2017, "sticking the landing")
    """
    z, inward, paths = _paths(mean, variance, noise)
    return gradients.pathwise(slope(z) + inward, paths)


def ascend(terms, mean, variance, rate, noise):
    """Stochastic gradient ascent on the ELBO: (mean, log sigma) += rate * (mean of the terms).

    terms         : a function (mean, variance, noise) -> (..., n, 2)
    mean, variance: (...) where it starts, one for each run
    rate          : positive number
    noise         : (..., steps, n) draws of N(0, 1)
    returns       : (..., steps + 1, 2) the path of (mean, log sigma), its start included
    raises        : ValueError if it leaves the range of a float: the rate is too large for these samples
    """
    rate, noise = checks.positive("rate", rate), checks.finite("noise", noise)
    if noise.ndim < 2 or noise.shape[-1] == 0:
        raise ValueError(f"noise must have shape (..., steps, n) with a sample, but its shape is {noise.shape}")
    start = np.stack(np.broadcast_arrays(checks.finite("mean", mean),
                                         0.5 * np.log(checks.positive("variance", variance))), axis=-1)
    path = [start + np.zeros((*noise.shape[:-2], 2))]
    for step in range(noise.shape[-2]):
        at = path[-1]
        at = at + rate * np.mean(terms(at[..., 0], np.exp(2 * at[..., 1]), noise[..., step, :]), axis=-2)
        if not (np.isfinite(at).all() and np.abs(at[..., 1]).max(initial=0) < 300):             # sigma^2 in range
            raise ValueError(f"rate must be small enough for the ascent to stay finite, but with {rate} it is not "
                             f"after step {step + 1}")
        path.append(at)
    return np.stack(path, axis=-2)


def _places(mean, variance, noise):
    mean, variance = np.broadcast_arrays(checks.finite("mean", mean), checks.positive("variance", variance))
    return gaussian.reparameterize(mean[..., None], variance[..., None], noise)


def _paths(mean, variance, noise):
    """Places z, minus the slope of log q there (x / sigma), and dz by (mean, log sigma) with the noise held."""
    z = _places(mean, variance, noise)
    sigma = np.sqrt(np.asarray(variance, float))[..., None]
    x, sigma, z = np.broadcast_arrays(noise, sigma, z)
    return z, x / sigma, np.stack([np.ones_like(z), sigma * x], axis=-1)
