"""The Gaussian of d dimensions with a full covariance, through its Cholesky factor: no inverse and no determinant.

    covariance = L L^T,  L lower triangular with a positive diagonal
    log det covariance              = 2 sum_i log L_ii
    (x - m)^T covariance^-1 (x - m) = |L^-1 (x - m)|^2
    x ~ N(0, I)   =>   m + L x ~ N(m, covariance)

    KL(N(m, L L^T) || N(m0, L0 L0^T)) = (sum_i (M_ii^2 - 1 - log M_ii^2) + sum_{i>j} M_ij^2 + |L0^-1 (m - m0)|^2) / 2
    with M = L0^-1 L, lower triangular, M_ii = L_ii / L0_ii: no term is negative, and all are 0 where the two are equal

A covariance of condition c costs c roundings: at 1e10, six digits of the divergence are left.
"""

import numpy as np

from lib import checks

ASYMMETRY = 1e-12  # of sqrt(S_ii S_jj), by which S_ij and S_ji may differ: a sum of 20 products is off by 5e-15


def cholesky(covariance, name="covariance"):
    """The lower triangular L with L L^T = covariance and a positive diagonal.

    covariance: (..., d, d) symmetric up to rounding, the mean of S_ij and S_ji is used; positive definite
    returns   : (..., d, d)
    raises    : ValueError for another shape; for entries that are not finite; with both entries where they differ;
                with the smallest eigenvalue if it is not positive definite, or singular but for rounding
    """
    covariance = checks.finite(name, covariance)
    if covariance.ndim < 2 or covariance.shape[-1] != covariance.shape[-2] or covariance.shape[-1] == 0:
        raise ValueError(f"{name} must have shape (..., d, d) with d at least 1, but its shape is {covariance.shape}")
    variances = np.diagonal(covariance, axis1=-2, axis2=-1)
    scale = np.sqrt(np.abs(variances[..., :, None] * variances[..., None, :]))
    mirrored = np.swapaxes(covariance, -1, -2)
    wrong = np.argwhere(~(np.abs(covariance - mirrored) <= ASYMMETRY * scale))
    if len(wrong):
        *_, i, j = at = tuple(wrong[0].tolist())
        raise ValueError(f"{name} must be symmetric, but its entry ({i}, {j}) is {covariance[at]} "
                         f"and its entry ({j}, {i}) is {mirrored[at]}")
    symmetric = 0.5 * (covariance + mirrored)
    try:
        factor = np.linalg.cholesky(symmetric)
        left = np.diagonal(factor, axis1=-2, axis2=-1) ** 2  # of each variance, given the coordinates before it
        definite = (left > 8 * covariance.shape[-1] * np.finfo(float).eps * variances).all()
    except np.linalg.LinAlgError:
        definite = False
    if not definite:
        smallest = np.min(np.linalg.eigvalsh(symmetric))
        raise ValueError(f"{name} must be positive definite, but its smallest eigenvalue is {smallest:.3g}")
    return factor


def solve_lower(factor, right):
    """y with factor y = right, from the first entry down: y_i = (right_i - sum_{j<i} L_ij y_j) / L_ii.

    factor: (..., d, d), read on and below its diagonal, which holds no 0; right: (..., d, n)
    """
    factor, right = checks.finite("factor", factor), checks.finite("right", right)
    solution = np.zeros(np.broadcast_shapes(factor.shape[:-1] + (1,), right.shape))
    for i in range(factor.shape[-1]):
        known = factor[..., i : i + 1, :i] @ solution[..., :i, :]
        solution[..., i, :] = (right[..., i, :] - known[..., 0, :]) / factor[..., i, i, None]
    return solution


def log_density(x, mean, covariance):
    """Log density of N(mean, covariance) at x (slide S41).

    x, mean   : (..., d) finite; covariance: (..., d, d) symmetric positive definite; batches broadcast
    returns   : (...)
    raises    : ValueError as in `cholesky`, and where the dimensions differ
    """
    factor = cholesky(covariance)
    x, mean = _vector("x", x, factor), _vector("mean", mean, factor)
    return -0.5 * (factor.shape[-1] * np.log(2 * np.pi) + _squares(factor, x - mean)) - _log_diagonal(factor).sum(-1)


def reparameterize(mean, covariance, noise):
    """z = mean + L noise, a draw of N(mean, covariance) where the noise is one of N(0, I) (slide S26).

    mean, noise: (..., d) finite; covariance: (..., d, d) symmetric positive definite; batches broadcast
    raises     : ValueError as in `log_density`
    """
    factor = cholesky(covariance)
    mean, noise = _vector("mean", mean, factor), _vector("noise", noise, factor)
    return mean + (factor @ noise[..., None])[..., 0]


def kl(mean, covariance, other_mean=0.0, other_covariance=None):
    """KL(N(mean, covariance) || N(other_mean, other_covariance)), without the second pair to N(0, I) (slide S41; E30).

    mean, other_mean            : (..., d) finite, or a number for all dimensions
    covariance, other_covariance: (..., d, d) symmetric positive definite; batches broadcast
    returns                     : (...), in nats, 0 or above
    raises                      : ValueError as in `cholesky`, and where the dimensions differ
    """
    factor = cholesky(covariance)
    dimensions = factor.shape[-1]
    other = np.eye(dimensions) if other_covariance is None else cholesky(other_covariance, "other_covariance")
    if other.shape[-1] != dimensions:
        raise ValueError(f"other_covariance must have the {dimensions} dimensions of covariance, "
                         f"but its shape is {other.shape}")
    shift = _vector("mean", mean, factor) - _vector("other_mean", other_mean, factor)
    change = 2 * (_log_diagonal(factor) - _log_diagonal(other))           # log M_ii^2
    spread = np.sum(np.expm1(change) - change, axis=-1)
    tilt = np.sum(np.tril(solve_lower(other, factor), -1) ** 2, axis=(-1, -2))
    return 0.5 * (spread + tilt + _squares(other, shift))


def _log_diagonal(factor):
    return np.log(np.diagonal(factor, axis1=-2, axis2=-1))


def _squares(factor, vector):
    """|L^-1 v|^2 for a batch of vectors."""
    return np.sum(solve_lower(factor, vector[..., None])[..., 0] ** 2, axis=-1)


def _vector(name, value, factor):
    """The value as floats with d entries on the last axis; a number stands for all of them."""
    value, dimensions = checks.finite(name, value), factor.shape[-1]
    if value.ndim and value.shape[-1] != dimensions:
        raise ValueError(f"{name} must have {dimensions} entries on its last axis, as the covariance has rows, "
                         f"but its shape is {value.shape}")
    return np.broadcast_to(value, value.shape or (dimensions,))
