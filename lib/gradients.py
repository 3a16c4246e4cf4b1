"""Two unbiased estimators of the gradient of an expectation, as terms whose mean is the estimate.

    score function   d/dtheta E[f(z)] = E[(f(z) - c) d/dtheta log p(z; theta)]        z ~ p(.; theta), any constant c
    pathwise         d/dtheta E[f(z)] = E[f'(z) dg/dtheta]                            z = g(x, theta), x without theta

The first asks nothing of f; the second needs f(g(x, theta)) continuous in theta, differentiable but for finitely many
theta, and an integrable bound of the derivative (erratum E22). Terms are returned, not means, so that their spread
can be seen.

Shapes: n samples lead; a gradient of d components has its own axis, the last.
"""

import numpy as np

from lib import checks


def score_function(values, scores, baseline=0.0):
    """Terms (f(z_i) - baseline) * d/dtheta log p(z_i; theta): the REINFORCE trick (slides S25, S30).

    values  : (n,) f(z_i)
    scores  : (n,) or (n, d) d/dtheta log p(z_i; theta)
    baseline: a number; (n,) or (n, 1) one for each sample; (d,) or (1, d) one for each component
    returns : the shape of scores
    raises  : ValueError for other shapes, and for a baseline (n,) where n = d leaves open which of the two is meant

    A baseline leaves the mean as it is, because the scores have mean 0, as long as baseline_i does not depend on z_i.
    Values and scores may have further leading axes; (n,) then stands for all of them.
    """
    values, scores = _pair("values", values, "scores", scores)
    return (values - _align_baseline(baseline, values, scores)) * scores


def pathwise(slopes, paths):
    """Terms f'(z_i) dz_i/dtheta: the re-parameterisation trick (slides S28, S31).

    slopes : (n,) df/dz at z_i
    paths  : (n,) or (n, d) dz_i/dtheta with the noise held
    returns: the shape of paths
    raises : ValueError for other shapes
    """
    slopes, paths = _pair("slopes", slopes, "paths", paths)
    return slopes * paths


def best_baseline(values, scores):
    """The constant that gives the score-function terms their smallest variance, estimated: E[f s^2] / E[s^2].

    As E[s] = 0, the mean of (f - c) s does not depend on c, so the variance is smallest where E[(f - c)^2 s^2] is:

        d/dc E[(f - c)^2 s^2] = -2 E[f s^2] + 2 c E[s^2] = 0   =>   c = E[f s^2] / E[s^2],
        and the second derivative 2 E[s^2] is positive.

    values : (n,); scores: (n,) or (n, d)
    returns: a number, or (d,), one for each component
    raises : ValueError where all scores of a component are 0: every baseline is as good there

    Estimate it on other samples than those it is used on: on the same ones it depends on z_i, which biases the mean.
    """
    values, scores = _pair("values", values, "scores", scores)
    weight = np.sum(scores**2, axis=0)
    if not (weight > 0).all():
        raise ValueError("scores must not be 0 in every sample, but their squares sum to 0.0")
    return np.sum(values * scores**2, axis=0) / weight


def leave_one_out(values):
    """For each sample the mean of the others: a baseline that does not depend on its own sample, so nothing is biased.

    values : (n,) with n >= 2
    returns: (n,)
    """
    values = _several("values", values)
    return (np.sum(values, axis=0) - values) / (len(values) - 1)


def mean_and_error(terms):
    """The mean of independent terms and its standard error, (sample standard deviation) / sqrt(n).

    terms  : (n,) or (n, d) with n >= 2
    returns: two numbers, or two arrays (d,)
    """
    terms = _several("terms", terms)
    return np.mean(terms, axis=0), np.std(terms, axis=0, ddof=1) / np.sqrt(len(terms))


def _pair(one_name, one, each_name, each):
    """Both as float arrays, the first with a last axis of 1 where the second has an axis of components."""
    one, each = checks.finite(one_name, one), checks.finite(each_name, each)
    if each.shape == one.shape:
        return one, each
    if each.shape[:-1] == one.shape:
        return one[..., None], each
    raise ValueError(f"{each_name} must have shape {one.shape}, as {one_name} has, or one axis more for components, "
                     f"but its shape is {each.shape}")


def _align_baseline(baseline, values, scores):
    """The baseline in a shape that broadcasts against scores as it is meant, whatever n and d are."""
    baseline = checks.finite("baseline", baseline)
    samples, components = values.shape, scores.shape[-1:]
    if baseline.shape in ((), samples, scores.shape):
        return baseline
    if values.shape == scores.shape:
        raise ValueError(f"baseline must be a number or have shape {samples}, but its shape is {baseline.shape}")
    if baseline.shape == samples[:-1] == components:
        raise ValueError(f"baseline must say whether it is one for each sample, {samples}, or one for each component, "
                         f"{(1,) + components}, but its shape is {baseline.shape}")
    if baseline.shape == samples[:-1]:
        return baseline[..., None]
    if baseline.shape in (components, (1,) + components):
        return baseline
    raise ValueError(f"baseline must be a number or have shape {samples[:-1]}, {samples}, {components} or "
                     f"{(1,) + components}, but its shape is {baseline.shape}")


def _several(name, value):
    array = checks.finite(name, value)
    if array.ndim == 0 or len(array) < 2:
        raise ValueError(f"{name} must hold at least 2 samples on its first axis, but its shape is {array.shape}")
    return array
