"""Exercises of the chapter "KL between Gaussians"."""

import numpy as np

from lib.exercises import Exercise

_CODES = (
    (np.array([1.2, -0.5]), np.log(np.array([0.49, 2.0]))),
    (np.array([0.0, 0.3, -2.0]), np.array([0.4, -1.0, 0.1])),
)


def _to_standard(mu, log_var):
    return 0.5 * np.sum(np.exp(log_var) + mu**2 - 1 - log_var)


EXERCISES = {
    "by_hand": Exercise(
        solution=0.5 * (4 + 1 - 1 - np.log(4)),
        slips=(
            (0.5 * (16 + 1 - 1 - np.log(16)), "4 is the variance here, not the standard deviation: σ² = 4."),
            (1 - 0.5 * np.log(4), "That is the formula as the slide prints it: a half too many, in three terms."),
            (0.5 * (4 + 1 - 1 - np.log(2)), "The logarithm is that of the variance, or twice that of σ."),
            (4 + 1 - 1 - np.log(4), "The half in front is missing."),
            (0.5 * (4 + 1 - 1 - np.log(4)) / np.log(2), "That is in bits. Nats come from the natural logarithm."),
            (0.5 * (0.25 + 0.25 - 1 + np.log(4)), "That is KL(N(0, 1)‖N(1, 4)), the other direction."),
            (0.5 * (4 + 1 - 1 + np.log(4)), "A wider p has the larger entropy: log σ² is taken off."),
        ),
        hint="½ (σ² + μ² − 1 − log σ²) with μ = 1 and σ² = 4.",
    ),
    "encoder": Exercise(
        solution=_to_standard,
        slips=(
            (
                lambda mu, log_var: 0.5 * np.sum(np.exp(2 * log_var) + mu**2 - 1 - 2 * log_var),
                "This reads log_var as log σ. The network's second output is log σ², so σ² = exp(log_var).",
            ),
            (
                lambda mu, log_var: -_to_standard(mu, log_var),
                "That is −KL, the term of the ELBO. KL itself is never negative.",
            ),
            (
                lambda mu, log_var: 2 * _to_standard(mu, log_var),
                "The half in front is missing.",
            ),
            (
                lambda mu, log_var: _to_standard(mu, log_var) / np.size(mu),
                "A mean over the dimensions. Independent parts add up: sum.",
            ),
            (
                lambda mu, log_var: 0.5 * (np.exp(log_var) + mu**2 - 1 - log_var),
                "These are the parts; KL of the whole vector is their sum.",
            ),
            (
                lambda mu, log_var: 0.5 * np.sum(np.exp(log_var) + mu - 1 - log_var),
                "The mean enters by its square.",
            ),
            (
                lambda mu, log_var: 0.5 * np.sum(np.exp(log_var / 2) + mu**2 - 1 - log_var),
                "exp(log_var / 2) is σ; the formula holds σ², which is exp(log_var).",
            ),
        ),
        hint="Put σ² = exp(log_var) into ½ (σ² + μ² − 1 − log σ²) and sum over the dimensions.",
        cases=_CODES,
    ),
    "dependence": Exercise(
        solution=-0.5 * np.log(1 - 0.6**2),
        slips=(
            (-np.log(1 - 0.6**2), "The half in front is missing: each log-determinant comes with ½."),
            (0.5 * np.log(1 - 0.6**2), "Turn the sign round: log(1 − ρ²) is negative, and KL never is."),
            (-0.5 * np.log(1 - 0.6), "The determinant of the covariance is 1 − ρ², not 1 − ρ."),
            (0.5 * (2 / (1 - 0.6**2) - 2 + np.log(1 - 0.6**2)), "That is the other direction, KL(q‖p)."),
            (0.0, "Part by part there is no divergence, but the whole has one: its parts are dependent."),
        ),
        hint="Both have the same marginals, so the trace is 2 and only ½ log(det Σ₀ / det Σ) is left; det Σ = 1 − ρ².",
    ),
    "matching": Exercise(
        solution=0.5 + 9.0,
        slips=(
            (0.5, "That is the variance of one peak, which is what the smallest KL(q‖p) takes. Here it is KL(p‖q)."),
            (9.0, "That is the variance of the two means. Each peak has a width of its own on top."),
            (np.sqrt(9.5), "That is the standard deviation."),
            (0.5 + 36.0, "The mean is 0, so a peak lies 3 from it, not 6."),
            (0.5 + 3.0, "The distance from the mean enters by its square."),
            (1.0 + 9.0, "Each peak has variance ½, and their average is ½, not their sum."),
        ),
        hint="q takes the mean and the variance of p: within the peaks plus between them.",
    ),
    "mean_field": Exercise(
        solution=4 * (1 - 0.5**2),
        slips=(
            (4.0, "That is p's own variance, which the smallest KL(p‖q) takes. Here it is KL(q‖p)."),
            (1 - 0.5**2, "The first part has variance 4, so this is too small by a factor of 4."),
            (4 / (1 - 0.5**2), "Turn it round: Λ₁₁ = 1 / (4 (1 − ρ²)), and the variance is 1 / Λ₁₁."),
            (1 / (4 * (1 - 0.5**2)), "That is Λ₁₁. The variance of q is one over it."),
            (4 * (1 - 0.5), "It is the square of the correlation that is taken off."),
            (2 * (1 - 0.5**2), "The variance of the first part is 4; 2 is its standard deviation."),
        ),
        hint="1/Λ₁₁ is the variance of the first part once the second is known: σ₁² (1 − ρ²).",
    ),
}
