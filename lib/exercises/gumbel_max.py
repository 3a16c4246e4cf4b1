"""Exercises of the chapter "The Gumbel-max trick"."""

import numpy as np

from lib.exercises import Exercise


def _softmax(*logits):
    weights = np.exp(logits)
    return weights / weights.sum()


_P = _softmax(2, 1, -1)
_LOG_SUM = float(np.log(np.exp(2) + np.exp(1) + np.exp(-1)))
_CHANCES = ((0.5, 0.3, 0.2), (0.2, 0.7, 0.1), (0.1, 0.25, 0.65))  # p_1, p_2, p_3

EXERCISES = {
    "weights": Exercise(
        solution=float(_softmax(5, 3, 2)[0]),
        slips=(
            (0.5, "That is what log weights would give: the trick draws from the softmax of what it is fed."),
            (1.0, "The largest of 5, 3, 2 is not always the winner: the noise is added first."),
            (1 / 3, "The three numbers are not equal."),
            (float(_softmax(3, 5, 2)[0]), "That is the probability of the second category."),
        ),
        hint="Whatever is fed counts as logits: the first of softmax(5, 3, 2).",
    ),
    "maximum": Exercise(
        solution=_LOG_SUM + float(np.euler_gamma),
        slips=(
            (_LOG_SUM, "That is the maximum's location, its mode. The mean lies 0.577 above it."),
            (2 + float(np.euler_gamma), "That is the mean of Z_1 alone. The largest of three is larger on average."),
            (2 + 3 * float(np.euler_gamma), "That is the mean of the sum of the three."),
            (2.0, "That is the largest logit. Noise is added before the maximum is taken."),
            (float(np.exp(_LOG_SUM)), "Take the logarithm of that sum, and add the mean of a standard Gumbel."),
        ),
        hint="The maximum is a Gumbel with location log Σ exp(μ_i); a standard Gumbel has mean 0.5772.",
    ),
    "order": Exercise(
        solution=float(_P[1] * _P[0] / (1 - _P[1])),
        slips=(
            (float(_P[1] * _P[0]), "After the first draw category 2 is out: renormalise what is left."),
            (float(_P[0] * _P[1] / (1 - _P[0])), "That is the order 1, 2. Here category 2 comes first."),
            (
                float(_P[1] * _P[0] / (1 - _P[1]) + _P[0] * _P[1] / (1 - _P[0])),
                "That counts both orders of the pair.",
            ),
            (float(_P[0] / (1 - _P[1])), "That is the second step alone: multiply by the probability of the first."),
        ),
        hint="Category 2 first: p_2. Then category 1 among 1 and 3: p_1/(p_1 + p_3).",
    ),
    "inclusion": Exercise(
        solution=lambda p1, p2, p3: p1 + p2 * p1 / (1 - p2) + p3 * p1 / (1 - p3),
        slips=(
            (lambda p1, p2, p3: 1 - (1 - p1) ** 2, "That is with replacement: divide by what the first draw left."),
            (lambda p1, p2, p3: 2 * p1, "That can exceed 1. Only the first draw has the probability p1."),
            (
                lambda p1, p2, p3: p2 * p1 / (1 - p2) + p3 * p1 / (1 - p3),
                "Category 1 may also come first.",
            ),
            (lambda p1, p2, p3: p1 + (1 - p1) * p1 / (p1 + p3), "What is left depends on which category came first."),
        ),
        hint="Category 1 comes first, or after 2, or after 3: three cases that exclude each other.",
        cases=_CHANCES,
    ),
}
