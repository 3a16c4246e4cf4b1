"""Exercises of the chapter "A simple example, solved twice": z ~ N(a theta + b, 1), F(theta) = E[z^2]."""

import numpy as np

from lib.exercises import Exercise

_NOISE = np.array([-1.5, -0.2, 0.0, 0.7, 2.1])
_PLACES = ((0.0, 2.0, 3.0), (-1.0, 2.0, 3.0), (0.5, -1.5, 0.25))  # theta, a, b

EXERCISES = {
    "variance": Exercise(
        solution=3**2 * (1 + 14 + 15),
        slips=(
            (1 + 14 + 15, "You have the variance for a = 1. Every term has a factor a, so its variance has a²."),
            (3 * (1 + 14 + 15), "The factor a stands in every term, so the variance has its square."),
            (3**2 * (1 + 18 + 15), "That is the mean of the squared terms. Take the square of their mean off: (2aμ)²."),
            (3**2 * (4**4 + 14 * 4**2 + 15), "That is the variance at θ = 0, where μ = 4. What is μ at θ = −1?"),
        ),
        hint="First μ = aθ + b at θ = −1; then a²(μ⁴ + 14μ² + 15).",
    ),
    "draws": Exercise(
        solution=(1 + 14 + 15) / 4,
        slips=(
            (np.sqrt(30 / 4), "That is the ratio of the standard errors at equal draws. n needs its square."),
            (4 / 30, "That is how many times fewer the re-parameterised gradient needs. Turn it round."),
            (270 / 4, "The re-parameterised variance is 4a², not 4: both have the factor a²."),
            ((256 + 224 + 15) / 4, "That is the ratio at θ = 0. At θ = −1 the mean is μ = 1."),
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
            (lambda theta, a, b, x: 2 * a * (a * theta + b + x), "This is for z². What is the derivative of z⁴?"),
            (
                lambda theta, a, b, x: np.mean(4 * a * (a * theta + b + x) ** 3),
                "Return one term for each draw; the average comes later.",
            ),
        ),
        hint="Write z = aθ + b + x, then differentiate z⁴ with respect to θ, with x held fixed.",
        cases=tuple((theta, a, b, _NOISE) for theta, a, b in _PLACES),
    ),
    "baseline": Exercise(
        solution=15.0,
        slips=(
            (3.0, "3 = E[x⁴] is the mean of f. The best constant weighs f by the squared score: E[f x²]/E[x²]."),
            (0.0, "Without a baseline, or with f at the mean, the variance is larger. You can do better."),
            (1.0, "E[x²] is the denominator. What is E[x⁴ · x²]?"),
        ),
        hint="With μ = 0, f = x⁴ and s = xa: a² cancels in E[f s²]/E[s²], and moments of x are left.",
    ),
    "wider": Exercise(
        solution=lambda a, sigma: 4 * a**2 * sigma**2,
        slips=(
            (lambda a, sigma: 4 * a**2, "That is the variance for σ = 1. How does σx enter 2a(μ + σx)?"),
            (lambda a, sigma: 4 * a**2 * sigma, "Var(σx) = σ² Var(x): the factor is squared."),
            (lambda a, sigma: 2 * a * sigma, "That is the factor of x. The variance has its square."),
            (lambda a, sigma: 2 * abs(a) * sigma, "That is the standard deviation. The variance is its square."),
        ),
        hint="The term is 2a(μ + σx). Only x is random, and a factor leaves a variance squared.",
        cases=((2.0, 1.0), (2.0, 3.0), (-1.0, 0.5)),
    ),
}
