"""Exercises of the chapter "Amortised inference: training the VAE"."""

import numpy as np

from lib.exercises import Exercise

_SLOPES = np.array([[1.5, -0.4], [0.3, 2.0]])
_NOISE = np.array([[0.7, -1.2], [-0.1, 0.5]])
_LOG_VARIANCE = np.array([[-1.0, 0.4], [0.2, -2.0]])

EXERCISES = {
    "log_variance": Exercise(
        solution=lambda slope_z, log_variance, noise: 0.5
        * (slope_z * np.exp(0.5 * log_variance) * noise + np.exp(log_variance) - 1),
        slips=(
            (
                lambda slope_z, log_variance, noise: 0.5 * slope_z * np.exp(0.5 * log_variance) * noise,
                "The divergence has a share: it depends on the log variance too.",
            ),
            (
                lambda slope_z, log_variance, noise: slope_z * np.exp(0.5 * log_variance) * noise
                + 0.5 * (np.exp(log_variance) - 1),
                "d exp(ℓ/2)/dℓ is exp(ℓ/2)/2: the reconstruction's share lacks its half.",
            ),
            (
                lambda slope_z, log_variance, noise: 0.5 * (slope_z * noise + np.exp(log_variance) - 1),
                "z moves by exp(ℓ/2) ε/2 when ℓ moves by 1: the deviation is missing.",
            ),
            (
                lambda slope_z, log_variance, noise: 0.5
                * (slope_z * np.exp(0.5 * log_variance) * noise + np.exp(log_variance)),
                "The term −ℓ of the divergence has a derivative too: −1/2.",
            ),
        ),
        hint="Two paths lead from ℓ to the loss: through z = m + exp(ℓ/2) ε, and through the divergence.",
        cases=((_SLOPES, _LOG_VARIANCE, _NOISE), (-_SLOPES, 0.5 * _LOG_VARIANCE, _NOISE + 1)),
    ),
    "posterior": Exercise(
        solution=np.array([0.8, 0.2]),
        slips=(
            (np.array([1.2, 0.2]), "That is with x in place of x − μ. The offset is taken off first."),
            (np.array([1.0, 0.2]), "(x − μ)/w would be the mean without a prior. The prior pulls it towards 0."),
            (np.array([0.8, 0.8]), "The mean is right. The variance is σ²/(w² + σ²)."),
            (np.array([0.8, 5.0]), "The mean is right. You gave the precision; the variance is one over it."),
        ),
        hint="With one pixel and one code, M = w² + σ²: the mean is w(x − μ)/M, the variance σ²/M.",
    ),
    "gaps": Exercise(
        solution=np.array([0.81, 0.93]),
        slips=(
            (np.array([0.12, 0.93]), "0.12 is the approximation gap: from log p(x) to the best Gaussian."),
            (np.array([0.81, 0.12]), "0.12 is the divergence of the best Gaussian. The encoder's q is further off."),
            (np.array([0.93, 0.81]), "The other way round: the divergence is the sum of both gaps."),
            (np.array([0.81, 0.81]), "The divergence is to the exact posterior, not to the best Gaussian: both gaps."),
        ),
        hint="The amortisation gap is ELBO(best) − ELBO(encoder); log p(x) − ELBO(q) is the divergence of q.",
    ),
}
