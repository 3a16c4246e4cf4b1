"""Exercises of the chapter "A simple example, solved twice": z ~ N(a theta + b, 1), F(theta) = E[z^2]."""

import numpy as np

from lib.exercises import Exercise

_NOISE = np.array([-1.5, -0.2, 0.0, 0.7, 2.1])
_PLACES = ((0.0, 2.0, 3.0), (-1.0, 2.0, 3.0), (0.5, -1.5, 0.25))  # theta, a, b

EXERCISES = {
    "variance": Exercise(
        solution=2**2 * (1 + 14 + 15),
        slips=(
            (
                1 + 14 + 15,
                "You have the variance for a = 1. Every term carries a factor a, so its variance carries a².",
            ),
            (2 * (1 + 14 + 15), "The factor a stands in every term, so the variance has its square."),
            (
                2**2 * (1 + 18 + 15),
                "That is the mean of the squared terms. Take the square of their mean away: (2aμ)².",
            ),
            (2**2 * (3**4 + 14 * 3**2 + 15), "That is the variance at θ = 0, where μ = 3. What is μ at θ = −1?"),
        ),
        hint="First μ = aθ + b at θ = −1; then a²(μ⁴ + 14μ² + 15).",
    ),
    "draws": Exercise(
        solution=(1 + 14 + 15) / 4,
        slips=(
            (
                np.sqrt(30 / 4),
                "That is the ratio of the standard errors at equal draws. The error falls as 1/√n: n needs its square.",
            ),
            (4 / 30, "That is how many times fewer the re-parameterised gradient needs. Turn it round."),
            (888 / 16, "That is the ratio at θ = 0. At θ = −1 the mean is μ = 1."),
        ),
        hint="The variance of a mean of n terms is (variance of a term)/n. Set the two equal.",
    ),
    "fourth_power": Exercise(
        solution=lambda theta, a, b, x: 4 * a * (a * theta + b + x) ** 3,
        slips=(
            (
                lambda theta, a, b, x: 4 * (a * theta + b + x) ** 3,
                "The chain rule has one more factor: z moves by a when θ moves by 1.",
            ),
            (
                lambda theta, a, b, x: 4 * a * (a * theta + b) ** 3 + 0 * x,
                "The noise x is gone. E[z³] is not μ³, so it has to stay in.",
            ),
            (
                lambda theta, a, b, x: (a * theta + b + x) ** 4 * x * a,
                "This is the REINFORCE term, with the right mean. The re-parameterised one differentiates z⁴ itself.",
            ),
            (
                lambda theta, a, b, x: 2 * a * (a * theta + b + x),
                "This is the term for z². What is the derivative of z⁴?",
            ),
        ),
        hint="Write z = aθ + b + x, then differentiate z⁴ with respect to θ, with x held fixed.",
        cases=tuple((theta, a, b, _NOISE) for theta, a, b in _PLACES),
    ),
    "baseline": Exercise(
        solution=12.0,
        slips=(
            (
                10.0,
                "10 = μ² + 1 is the mean of f. It is a good baseline, but not the best: the weight is the squared score.",
            ),
            (9.0, "9 = μ² is f at the mean. Weigh f = z² by the squared score x² instead: E[z²x²]/E[x²]."),
            (0.0, "Without a baseline the variance is a² · 222. You can do better."),
        ),
        hint="The part of the variance that depends on c is (μ² + 3 − c)², and at θ = 0 the mean is μ = 3.",
    ),
    "wider": Exercise(
        solution=lambda a, sigma: 4 * a**2 * sigma**2,
        slips=(
            (
                lambda a, sigma: 4 * a**2,
                "That is the variance for σ = 1. The noise is now σx: how does it enter 2a(μ + σx)?",
            ),
            (lambda a, sigma: 4 * a**2 * sigma, "Var(σx) = σ² Var(x): the factor is squared."),
            (lambda a, sigma: 2 * a * sigma, "That is the standard deviation. The variance is its square."),
        ),
        hint="The term is 2a(μ + σx). Only x is random, and a factor leaves a variance squared.",
        cases=((2.0, 1.0), (2.0, 3.0), (-1.0, 0.5)),
    ),
}
