"""Exercises of the chapter "Why an unnormalised model works": the objective C and what its maximum finds."""

import numpy as np

from lib.exercises import Exercise

_P = np.array([0.5, 0.3, 0.2])
_Q = np.array([0.2, 0.2, 0.6])
_MODELS = ((np.array([0.2, 0.4, 0.1]), _P, _Q, 1.0), (np.array([2.0, 0.1, 0.9]), _P, _Q, 5.0))  # u, p, q, nu


def _slope(u, p, q, nu):
    return float(np.sum(p * nu * q / (u + nu * q)) - nu * np.sum(q * u / (u + nu * q)))


EXERCISES = {
    "classifier": Exercise(
        solution=0.05 * 0.2 / 0.8,
        slips=(
            (0.01 * 0.2 / 0.8, "There are five noise words for each word of the data: q is multiplied by ν."),
            (0.05 * 0.2, "That takes the probability for the odds. The odds of data against noise are 0.2/0.8."),
            (0.05 * 0.8 / 0.2, "The other way round: 0.8/0.2 is G, the odds of noise against data, and u = νq/G."),
            (0.05 * 0.8, "That is νq times the probability of noise. Turn the probabilities into odds first."),
        ),
        hint="First the odds of data against noise, 0.2/0.8; they are u/(νq).",
    ),
    "scale": Exercise(
        solution=_slope,
        slips=(
            (
                lambda u, p, q, nu: -_slope(u, p, q, nu),
                "The sign: data pull the scale up, noise pushes it down.",
            ),
            (
                lambda u, p, q, nu: float(np.sum(p * u / (u + nu * q)) - nu * np.sum(nu * q * q / (u + nu * q))),
                "The derivative of log σ(x) is σ(−x), not σ(x).",
            ),
            (
                lambda u, p, q, nu: float(np.sum(p * nu * q / (u + nu * q)) - np.sum(q * u / (u + nu * q))),
                "The second expectation has ν in front of it.",
            ),
            (
                lambda u, p, q, nu: float(np.sum(p * q / (u + q)) - nu * np.sum(q * u / (u + q))),
                "The ν is in the classifier, too: P(data) = u/(u + νq).",
            ),
            (
                lambda u, p, q, nu: p * nu * q / (u + nu * q) - nu * q * u / (u + nu * q),
                "Right word by word. The common scale moves all words at once: add them up.",
            ),
        ),
        hint="d/dα of log σ(Δ + α) at α = 0 is σ(−Δ) = νq/(u + νq); average over p, then do the same for the noise.",
        cases=_MODELS,
    ),
    "hole": Exercise(
        solution=0.8,
        slips=(
            (1.0, "That holds if the noise reaches all words. What is found for a word that it does reach?"),
            (0.2, "That is the probability of the word that the noise never shows."),
            (0.0, "Where q is positive, the maximum is at u = p, not at 0."),
        ),
        hint="Each word has its own score, so each word that the noise reaches has u = p by itself.",
    ),
    "price": Exercise(
        solution=400 * (1 + 1 / 4),
        slips=(
            (400.0, "With q = p the variance is 1 + 1/ν times that of maximum likelihood, not the same."),
            (400 * 5.0, "The factor is 1 + 1/ν, not 1 + ν."),
            (400 * 1.25**2, "The variance falls as 1/n, so a factor in the variance is the same factor in n."),
            (400 / 1.25, "NCE needs more draws than maximum likelihood, not fewer."),
            (400 / 4.0, "That divides by ν. The variance has the factor 1 + 1/ν."),
        ),
        hint="Set (1 + 1/ν)·V/n equal to V/400.",
    ),
    "forgotten": Exercise(
        solution=0.1,
        slips=(
            (1.0, "The classifier must be right about the odds, 10 q/p, and its formula has no 10 to say so."),
            (10.0, "The other way round: q/u must equal the true odds 10 q/p."),
            (1 / 11, "The share of data in the training set is 1/11, but odds are what u/q has to match."),
        ),
        hint="The fitted q/u equals the true odds of noise against data, 10 q/p. Solve for u.",
    ),
}
