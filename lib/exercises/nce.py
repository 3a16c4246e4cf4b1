"""Exercises of the chapter "Noise contrastive estimation": posterior, gradient, number of noise words, alias cells."""

import numpy as np

from lib.exercises import Exercise


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _slope(s, p, q, k):
    return k * q * (p - np.exp(s)) / (np.exp(s) + k * q)


_S = np.array([-2.0, -0.5, 0.7])
_WORDS = ((_S, np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]), 5.0), (_S, 0.25, 0.1, 2.0), (_S, 0.6, 0.4, 25.0))

EXERCISES = {
    "posterior": Exercise(
        solution=0.02 / (0.02 + 5 * 0.01),
        slips=(
            (0.02 / 0.03, "There are five noise words for each true one: the noise weighs 5 × 0.01."),
            (1 / 6, "That is the prior. This word is more frequent in the data than in the noise."),
            (5 / 7, "That is the probability of being noise."),
            (0.4, "That is the odds, p/(kq) = 0.02/0.05. A probability is odds/(1 + odds)."),
        ),
        hint="Out of 1 + k words, p are expected to be this word as data, and kq as noise.",
    ),
    "slope": Exercise(
        solution=_slope,
        slips=(
            (
                lambda s, p, q, k: p * _sigmoid(-(s - np.log(k * q))) - q * _sigmoid(s - np.log(k * q)),
                "The noise's half has k terms: its weight is kq, not q.",
            ),
            (
                lambda s, p, q, k: -_slope(s, p, q, k),
                "The sign: where u is below p, the score should grow, as this is an ascent.",
            ),
            (
                lambda s, p, q, k: p * _sigmoid(-(s - k * q)) - k * q * _sigmoid(s - k * q),
                "Δ is s − log(kq): the score is a logarithm already, the noise's density is not.",
            ),
            (
                lambda s, p, q, k: p - np.exp(s),
                "That is the limit of many noise words. With k of them the factor kq/(u + kq) stays.",
            ),
            (
                lambda s, p, q, k: np.exp(s) / (np.exp(s) + k * q) * (p - np.exp(s)),
                "The factor before p − u is the probability of noise, kq/(u + kq), not that of data.",
            ),
            (
                lambda s, p, q, k: k * q / (s + k * q) * (p - s),
                "s is the logarithm of u: put u = exp(s).",
            ),
            (
                lambda s, p, q, k: np.sum(_slope(s, p, q, k)),
                "Return one number for each word; do not add them up.",
            ),
        ),
        hint="p σ(−Δ) − kq σ(Δ), with Δ = s − log(kq).",
        cases=_WORDS,
    ),
    "enough_noise": Exercise(
        solution=5.0,
        slips=(
            (10.0, "With k = 10 the variance is 10 % larger. The standard error is its square root."),
            (1 / 0.21, "Nearly. Noise words come whole, and with fewer than this it is not enough: round up."),
            (4.0, "With four, √(1 + 1/4) = 1.118: just too much."),
            (100.0, "That would give 0.5 %. Solve √(1 + 1/k) ≤ 1.1."),
        ),
        hint="With q = p the variance is (1 + 1/k)(1/p − 1)/n, and that of maximum likelihood is (1/p − 1)/n.",
    ),
    "cells": Exercise(
        solution=np.array([1.5, 1.2, 0.3]) / 3,
        slips=(
            (np.array([1.0, 0.5, 0.3]) / 3, "You counted each word's own cell only. Add what it fills in other cells."),
            (np.array([1.5, 1.2, 0.3]), "Each cell is drawn with probability 1/3, so divide by the number of cells."),
            (np.array([1.0, 0.5, 0.3]) / 1.8, "Nothing is to be normalised: the rest of a cell belongs to its alias."),
            (np.array([2.2, 0.5, 0.3]) / 3, "The rest of cell C goes to B, not to A."),
        ),
        hint="A word's probability is the mean over the cells of the height it fills in them.",
    ),
    "untouched": Exercise(
        solution=np.log(0.05) / (25 * np.log1p(-1e-6)),
        slips=(
            (0.95e6 / 25, "That would be enough if no word came twice, but soon many draws hit a word drawn before."),
            (np.log(20) * 1e6, "Each update draws 25 words, not one."),
            (np.log(2) * 1e6 / 25, "That leaves half of the words untouched. Five in a hundred are to be left."),
            (1e6 / 25, "After so many updates 37 % of the words have never been drawn."),
        ),
        hint="A word escapes one draw with probability 1 − 1/V, and T updates of k draws with its power kT.",
    ),
}
