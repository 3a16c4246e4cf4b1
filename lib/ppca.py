"""Probabilistic PCA, the auto-encoder that is linear and Gaussian: every quantity of the bound has a closed form.

    z ~ N(0, I)        x | z ~ N(W z + offset, variance I)

Tipping & Bishop (1999), Probabilistic principal component analysis.

Shapes: n images of D pixels; L latent dimensions.
"""

import numpy as np

from lib import checks, gaussian, multivariate


def posterior(x, weights, offset, variance):
    """The exact posterior of z: Gaussian, with a mean linear in x and one covariance for all x.

        M = W^T W + variance I,    z | x ~ N(M^-1 W^T (x - offset), variance M^-1)

    x      : (..., D); weights: (D, L); offset: (D,); variance: of a pixel's noise, positive
    returns: mean (..., L), covariance (L, L)
    """
    x, weights, offset, variance = _checked(x, weights, offset, variance)
    m = weights.T @ weights + variance * np.eye(weights.shape[1])
    return np.linalg.solve(m, ((x - offset) @ weights)[..., None])[..., 0], variance * np.linalg.inv(m)


def log_evidence(x, weights, offset, variance):
    """log N(x; offset, W W^T + variance I), (...): a sum of independent Gaussians is Gaussian; shapes as above."""
    x, weights, offset, variance = _checked(x, weights, offset, variance)
    return multivariate.log_density(x, offset, weights @ weights.T + variance * np.eye(len(weights)))


def elbo(x, weights, offset, variance, mean, covariance):
    """The ELBO of q = N(mean, covariance), (...), in closed form.

        E_q[log p(x|z)] = log N(x; W mean + offset, variance I) - trace(W covariance W^T) / (2 variance)
        KL(q || N(0, I)) as `multivariate.kl` has it (slide S41)

    mean: (..., L); covariance: (L, L) symmetric, positive definite; the rest as in `posterior`
    """
    x, weights, offset, variance = _checked(x, weights, offset, variance)
    mean, covariance = checks.finite("mean", mean), checks.finite("covariance", covariance)
    fit = gaussian.log_density(x, mean @ weights.T + offset, variance).sum(axis=-1)
    fit = fit - 0.5 * np.trace(weights @ covariance @ weights.T) / variance
    return fit - multivariate.kl(mean, covariance)


def best_factorised(covariance):
    """The q with independent components nearest to N(mean, covariance) in KL(q || .): its variances (L,), and that KL.

    With precision P = covariance^-1 the best variances are 1 / P_ll, and KL = (sum_l log P_ll - log det P) / 2, which
    is 0 only for a diagonal P. The best mean is the exact one.
    """
    precision = np.linalg.inv(checks.finite("covariance", covariance))
    diagonal = np.diag(precision)
    return 1 / diagonal, 0.5 * (np.sum(np.log(diagonal)) - np.linalg.slogdet(precision)[1])


def fit(images, latent):
    """The W, offset and noise variance with the highest evidence (Tipping & Bishop 1999), its columns orthogonal.

        W = U (Lambda - variance I)^(1/2): the first L eigenvectors and eigenvalues of the covariance of the images;
        variance = the mean of the eigenvalues left out

    images : (n, D); latent: L from 1 up to D - 1
    returns: weights (D, L), offset (D,), variance
    """
    images, latent = checks.finite("images", images), checks.integer("latent", latent, 1)
    if latent >= images.shape[-1]:
        raise ValueError(f"latent must be below the {images.shape[-1]} pixels, but is {latent}")
    offset = images.mean(axis=0)
    values, vectors = np.linalg.eigh((images - offset).T @ (images - offset) / len(images))
    variance = values[:-latent].mean()
    return vectors[:, -latent:] * np.sqrt(values[-latent:] - variance), offset, variance


def _checked(x, weights, offset, variance):
    x, weights, offset = checks.finite("x", x), checks.finite("weights", weights), checks.finite("offset", offset)
    if weights.ndim != 2 or offset.shape != weights.shape[:1] or x.shape[-1:] != offset.shape:
        raise ValueError(f"x, weights and offset must have shapes (..., D), (D, L) and (D,), but they are {x.shape}, "
                         f"{weights.shape} and {offset.shape}")
    return x, weights, offset, float(checks.positive("variance", variance))
