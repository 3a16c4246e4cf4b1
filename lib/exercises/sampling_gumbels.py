"""Exercises of the chapter "Sampling Gumbels"."""

import numpy as np

from lib.exercises import Exercise

_LOW, _HIGH = -np.log(-np.log(1 / 1024)), -np.log(-np.log(1023 / 1024))  # the noise that ten bits can give
_SCALE = 2 * np.sqrt(6) / np.pi  # of standard deviation 2

EXERCISES = {
    "weibull": Exercise(
        solution=lambda u, k: (-np.log(1 - u)) ** (1 / k),
        slips=(
            (
                lambda u, k: (-np.log(u)) ** (1 / k),
                "That draws from the right law, as 1 − u is uniform too, but it decreases: it inverts 1 − F.",
            ),
            (lambda u, k: (-np.log(1 - u)) ** k, "x^k = −log(1 − u): the root is the power 1/k."),
            (lambda u, k: -np.log(1 - u), "That is x^k, an exponential draw. One step is left."),
            (lambda u, k: -np.log(1 - u) / k, "x^k is a power, not a product: take a root."),
            (lambda u, k: 1 - np.exp(-(u**k)), "That is F itself. Solve u = F(x) for x."),
        ),
        hint="u = 1 − exp(−x^k), so exp(−x^k) = 1 − u. Then a logarithm, a sign and a root.",
        cases=((0.1, 0.5), (0.5, 1.0), (0.9, 2.0), (0.3, 3.0)),
    ),
    "maximum": Exercise(
        solution=float(np.euler_gamma + np.log(10)),
        slips=(
            (float(np.log(10)), "That is the mode of the maximum. Its mean lies 0.577 above."),
            (float(10 * np.euler_gamma), "Means add up in a sum, not in a maximum."),
            (float(np.euler_gamma), "That is the mean of one of them. The largest of ten is larger."),
            (float(np.euler_gamma + 10), "The maximum is moved by log n, not by n."),
            (float(np.log(10) - np.log(np.log(2))), "That is the median of the maximum."),
        ),
        hint="The maximum of n standard Gumbels is a standard Gumbel moved by log n.",
    ),
    "largest": Exercise(
        solution=float(_HIGH - _LOW),
        slips=(
            (float(_HIGH), "That is the largest noise. The other category can have the smallest at the same time."),
            (float(_HIGH + _LOW), "The smallest noise is negative: its distance from the largest is longer."),
            (float(-_LOW), "That is the distance of the smallest noise from 0."),
            (10.0, "That counts bits. Compute the largest and the smallest noise."),
        ),
        hint="The gap is at most the largest noise minus the smallest: −log(−log u) at 1023/1024 and at 1/1024.",
    ),
    "scale": Exercise(
        solution=np.array([-np.euler_gamma * _SCALE, _SCALE]),
        slips=(
            (np.array([0.0, 2.0]), "Location and scale are not mean and standard deviation."),
            (np.array([_SCALE, -np.euler_gamma * _SCALE]), "The right numbers: the location comes first."),
            (np.array([0.0, _SCALE]), "The scale is right. With location 0 the mean is 0.577 scales: move it back."),
            (np.array([-np.euler_gamma, _SCALE]), "The mean is μ + γβ, and β is not 1."),
            (np.array([np.euler_gamma * _SCALE, _SCALE]), "The mean lies above the location: mind the sign."),
            (
                np.array([-np.euler_gamma * 2 * np.pi / np.sqrt(6), 2 * np.pi / np.sqrt(6)]),
                "The standard deviation is π/√6 times the scale: divide by it.",
            ),
            (
                np.array([-np.euler_gamma * 12 / np.pi**2, 12 / np.pi**2]),
                "The variance is π²β²/6, and the standard deviation its root: 2 = πβ/√6.",
            ),
            (np.array([-2 * np.euler_gamma, 2.0]), "The mean is right for scale 2, but the deviation is then 2.57."),
        ),
        hint="Solve πβ/√6 = 2 for β first, then μ + γβ = 0 for μ.",
    ),
}
