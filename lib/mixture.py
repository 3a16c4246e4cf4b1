"""EM for a mixture of Gaussians at a temperature, and k-means as its limit (the question of slide S53).

    p(x) = (1/K) sum_k N(x; m_k, tau I)     has responsibilities     r_k(x) = softmax_k(-|x - m_k|^2 / (2 tau))
    EM sets      m_k <- sum_x r_k(x) x / sum_x r_k(x)
    tau -> 0:    r(x) -> one-hot(nearest mean), and EM becomes k-means

The common variance tau of the clusters is the softmax map's temperature.
"""

import numpy as np

from lib import checks, logspace


def responsibilities(points, means, temperature):
    """Posterior probabilities of the K clusters at each point: softmax(-|x - m_k|^2 / (2 tau)).

    points     : (..., n, d); means: (..., K, d); in units of length
    temperature: positive, in units of length squared: the variance of each cluster along each axis
    returns    : (..., n, K)
    """
    temperature = checks.positive("temperature", temperature)
    squares = _squared_distances(*_check_points(points, means))
    return logspace.softmax(-squares / (2.0 * temperature[..., None, None]))


def em_step(points, means, temperature):
    """One step of EM on the means: each becomes the mean of the points, weighted by its responsibilities.

    points, means, temperature: as in `responsibilities`
    returns: (..., K, d)

    A mean whose weights sum to less than the smallest normal double (2e-308) stays where it was, as in `k_means_step`;
    in exact arithmetic EM would draw it to the points where it is least hopeless.
    """
    points, means = _check_points(points, means)
    return _weighted_means(responsibilities(points, means, temperature), points, means)


def k_means_step(points, means):
    """One step of k-means: each mean becomes the plain mean of the points that have it as their nearest.

    points : (..., n, d); means: (..., K, d)
    returns: (..., K, d)

    A point between two equally near means goes to the first, where EM shares it. A mean that no point is nearest to
    stays where it was.
    """
    points, means = _check_points(points, means)
    nearest = np.argmin(_squared_distances(points, means), axis=-1)
    return _weighted_means(np.eye(means.shape[-2])[nearest], points, means)


def _weighted_means(weights, points, means):
    """Means of the points under weights (..., n, K); the old mean where there is no weight."""
    weight = np.sum(weights, axis=-2)[..., None]
    has_weight = weight >= np.finfo(float).tiny             # below, a double has lost its digits
    sums = np.swapaxes(weights, -1, -2) @ points
    return np.where(has_weight, sums / np.where(has_weight, weight, 1.0), means)


def _squared_distances(points, means):
    return np.sum((points[..., :, None, :] - means[..., None, :, :]) ** 2, axis=-1)


def _check_points(points, means):
    points, means = checks.finite("points", points), checks.finite("means", means)
    for name, array in (("points", points), ("means", means)):
        if array.ndim < 2 or array.shape[-2] == 0:
            raise ValueError(f"{name} must have shape (..., how many, dimensions) with at least one, "
                             f"but its shape is {array.shape}")
    if points.shape[-1] != means.shape[-1]:
        raise ValueError(f"means must have the {points.shape[-1]} dimensions of the points, "
                         f"but its shape is {means.shape}")
    return points, means
