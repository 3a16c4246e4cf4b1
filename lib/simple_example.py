"""The simple example: one objective, its gradient estimated in two ways, all of it in closed form.

    z ~ N(mu, 1),  mu = a theta + b,   F(theta) = E[z^2] = mu^2 + 1   is smallest at   theta = -b / a
    F'(theta) = 2 a mu

    terms with mean F'(theta), where z = mu + x and x ~ N(0, 1):
        REINFORCE           (z^2 - c) (z - mu) a      variance  a^2 ((mu^2 + 3 - c)^2 + 8 mu^2 + 6)
        re-parameterised    2 z a                     variance  4 a^2

With c = 0 the first variance is a^2 (mu^4 + 14 mu^2 + 15). Slides S29 to S32; errata E18, E19, E43.
Numbers throughout; theta, a and b may also be arrays that broadcast.
"""

import numpy as np

from lib import checks, gaussian, gradients


def mean(theta, a, b):
    """mu = a theta + b."""
    return checks.finite("a", a) * checks.finite("theta", theta) + checks.finite("b", b)


def objective(theta, a, b):
    """F(theta) = E[z^2] = mu^2 + 1, to be minimised (slide S29; erratum E18)."""
    return mean(theta, a, b) ** 2 + 1.0


def gradient(theta, a, b):
    """F'(theta) = 2 a (a theta + b) (slide S29; erratum E19)."""
    return 2.0 * np.asarray(a) * mean(theta, a, b)


def minimizer(a, b):
    """theta* = -b / a, where mu = 0 (slide S29).

    raises: ValueError for a = 0: theta then moves nothing, and every theta is a minimiser
    """
    a, b = checks.finite("a", a), checks.finite("b", b)
    if not (a != 0).all():
        raise ValueError("a must not be 0, since theta then does not move the mean, but its smallest size is 0.0")
    return -b / a


def reinforce(theta, a, b, noise, baseline=0.0):
    """REINFORCE terms (z^2 - baseline) (z - mu) a, with mean F'(theta) (slide S30).

    theta   : a number, or an array that broadcasts against the noise, such as (runs, 1)
    noise   : (..., n) draws x of N(0, 1); z = mu + x
    baseline: a number, or an array that broadcasts against z; it must not depend on its own sample
    returns : (..., n)
    """
    z = gaussian.reparameterize(mean(theta, a, b), 1.0, noise)
    scores = gaussian.mean_score(noise, 0.0, 1.0) * a           # z - mu is the noise, also where |mu| would swallow it
    return gradients.score_function(z**2, scores, np.broadcast_to(baseline, z.shape))


def reparameterized(theta, a, b, noise):
    """Re-parameterised terms 2 z a, with mean F'(theta) (slide S31); arguments and shapes as in `reinforce`."""
    z = gaussian.reparameterize(mean(theta, a, b), 1.0, noise)
    return gradients.pathwise(2.0 * z, np.broadcast_to(a, z.shape))


def reinforce_variance(theta, a, b, baseline=0.0):
    """Variance of one REINFORCE term with a constant baseline (slide S30; erratum E43).

    With x = z - mu ~ N(0, 1) and m = mu^2 - c, where c is the baseline, z^2 - c = m + 2 mu x + x^2, so

        E[(z^2 - c)^2 x^2] = m^2 E[x^2] + (4 mu^2 + 2 m) E[x^4] + E[x^6]           odd moments are 0
                           = m^2 + 3 (4 mu^2 + 2 m) + 15                           E[x^2], E[x^4], E[x^6] = 1, 3, 15

    Less the squared mean (2 mu)^2, this is (m + 3)^2 + 8 mu^2 + 6; c = 0 gives mu^4 + 14 mu^2 + 15.
    """
    mu, baseline = mean(theta, a, b), checks.finite("baseline", baseline)
    return np.square(a) * ((mu**2 + 3.0 - baseline) ** 2 + 8.0 * mu**2 + 6.0)


def reparameterized_variance(theta, a, b):
    """Variance of one re-parameterised term: Var(2 a (mu + x)) = 4 a^2, whatever theta and b (slide S31)."""
    return 4.0 * np.square(a) * np.ones_like(mean(theta, a, b))


def best_baseline(theta, a, b):
    """The constant c that gives REINFORCE its smallest variance: E[z^2 x^2] / E[x^2] = mu^2 + 3.

    There (m + 3)^2 in `reinforce_variance` is 0, and a^2 (8 mu^2 + 6) is left: still above 4 a^2.
    """
    return mean(theta, a, b) ** 2 + 3.0


def descend(terms, theta, a, b, rate, noise):
    """Stochastic gradient descent, theta <- theta - rate * (mean of the terms) (slide S32).

    terms  : `reinforce` or `reparameterized`, or any function of (theta, a, b, noise) like them
    theta  : where it starts, a number or (...), one for each run; a, b: numbers
    rate   : positive number
    noise  : (..., steps, samples) draws of N(0, 1)
    returns: (..., steps + 1) the path of theta, its start included
    raises : ValueError if theta^2 leaves the range of a float: the rate is too large for these samples
    """
    rate, noise = checks.positive("rate", rate), checks.finite("noise", noise)
    if noise.ndim < 2 or noise.shape[-1] == 0:
        raise ValueError(f"noise must have shape (..., steps, samples) with a sample, but its shape is {noise.shape}")
    theta = checks.finite("theta", theta) + np.zeros(noise.shape[:-2])
    path = [theta]
    for step in range(noise.shape[-2]):
        with np.errstate(over="ignore", invalid="ignore"):              # reported below
            theta = theta - rate * terms(theta[..., None], a, b, noise[..., step, :]).mean(axis=-1)
            if not np.isfinite(np.square(a * theta + b)).all():
                raise ValueError(f"rate must be small enough for the descent to stay finite, but with {rate} it is not "
                                 f"after step {step + 1}")
        path.append(theta)
    return np.stack(path, axis=-1)
