"""Exercises of the chapter "The Concrete distribution"."""

import numpy as np

from lib.exercises import Exercise


def _softmax(*logits):
    weights = np.exp(logits)
    return weights / weights.sum()


_WEIGHTS = ((0.2, 0.5, 1.0), (0.7, 0.1, 0.5), (0.3, 0.3, 2.0))  # x_1, x_2, temperature
_POINTS = ((0.1, 0.5), (0.5, 1.0), (0.8, 2.0), (0.3, 0.25))  # x, temperature

EXERCISES = {
    "limit": Exercise(
        solution=np.array([0.5, 0.5, 0.0]),
        slips=(
            (np.array([1.0, 0.0, 0.0]), "There are two largest logits, and no temperature tells them apart."),
            (_softmax(2, 2, 1), "That is the softmax at temperature 1. Divide the logits by a temperature near 0."),
            (np.full(3, 1 / 3), "That is the limit of a high temperature."),
            (np.array([1.0, 1.0, 0.0]), "Right in proportion, but weights sum to 1."),
        ),
        hint="Divide all weights by the largest: exp((μ_k − 2)/τ) is 1 for a logit of 2, and goes to 0 for 1.",
    ),
    "frequency": Exercise(
        solution=float(_softmax(1, 0.5, 0)[0]),
        slips=(
            (
                float(_softmax(1 / 0.3, 0.5 / 0.3, 0)[0]),
                "That is softmax(μ/τ). The noise is divided by τ too, so τ does not change which is the largest.",
            ),
            (1.0, "At temperature 0.3 the largest weight is often near 1, but which one it is is still random."),
            (1 / 3, "The three logits are not equal."),
            (0.51, "Right so far, but give three digits."),
        ),
        hint="Which of μ + G is the largest does not change when everything is divided by τ.",
    ),
    "slope": Exercise(
        solution=lambda x1, x2, tau: -x1 * x2 / tau,
        slips=(
            (lambda x1, x2, tau: x1 * x2 / tau, "Raising another category's logit takes weight away: mind the sign."),
            (lambda x1, x2, tau: -x1 * x2, "μ_2 enters divided by τ, so the chain rule gives a factor 1/τ."),
            (lambda x1, x2, tau: x1 * (1 - x1) / tau, "That is the derivative with respect to μ_1, its own logit."),
            (lambda x1, x2, tau: x1 * x2, "Two things are missing: the sign, and a factor 1/τ."),
            (lambda x1, x2, tau: x2 * (1 - x2) / tau, "That is the derivative of x_2, not of x_1."),
            (lambda x1, x2, tau: -x1 * x2 * tau, "The derivative of μ_2/τ is 1/τ."),
        ),
        hint="Differentiate log x_1 = (μ_1 + G_1)/τ − log Σ exp((μ_i + G_i)/τ) first, then multiply by x_1.",
        cases=_WEIGHTS,
    ),
    "density": Exercise(
        solution=lambda x, tau: tau * (x * (1 - x)) ** (-tau - 1) / (x**-tau + (1 - x) ** -tau) ** 2,
        slips=(
            (
                lambda x, tau: (x * (1 - x)) ** (-tau - 1) / (x**-tau + (1 - x) ** -tau) ** 2,
                "A factor τ^(K−1) is missing: with K = 2 it is τ.",
            ),
            (
                lambda x, tau: tau * (x * (1 - x)) ** (-tau - 1) / (x**-tau + (1 - x) ** -tau),
                "The sum in the denominator has the power K = 2.",
            ),
            (
                lambda x, tau: tau * (x * (1 - x)) ** -tau / (x**-tau + (1 - x) ** -tau) ** 2,
                "The powers of the weights are −τ − 1: the −1 comes from the change of variables to log x.",
            ),
            (
                lambda x, tau: tau**2 * (x * (1 - x)) ** (-tau - 1) / (x**-tau + (1 - x) ** -tau) ** 2,
                "The factor τ^(K−1) is τ for K = 2.",
            ),
            (
                lambda x, tau: tau * (x * (1 - x)) ** (tau - 1) / (x**tau + (1 - x) ** tau) ** 2 * 2,
                "The factor is (K − 1)! = 1: there is no 2 here.",
            ),
        ),
        hint="Put K = 2 and α = (1, 1) into the density, with x_1 = x and x_2 = 1 − x.",
        cases=_POINTS,
    ),
    "responsibility": Exercise(
        solution=float(1 / (1 + np.exp(-(4 - 1) / (2 * 0.5)))),
        slips=(
            (float(1 / (1 + np.exp(-(4 - 1) / 2))), "Divide the squares by 2τ = 1, not by 2."),
            (0.8, "That is the share of the squared distances. Put −|x − m|²/(2τ) into a softmax."),
            (float(1 / (1 + np.exp(-(4 - 1) / 0.5))), "The exponent of a Gaussian is −|x − m|²/(2τ): mind the 2."),
            (
                float(1 / (1 + np.exp(-(2 - 1) / (2 * 0.5)))),
                "Square the distances: they are 1 and 2, their squares 1 and 4.",
            ),
            (
                float(np.exp(-1 / (2 * 0.5))),
                "That is the nearer cluster's weight before it is divided by the sum of both.",
            ),
            (float(1 / (1 + np.exp((4 - 1) / (2 * 0.5)))), "That is the responsibility of the farther cluster."),
        ),
        hint="softmax(−1/(2τ), −4/(2τ)) with τ = 0.5.",
    ),
}
