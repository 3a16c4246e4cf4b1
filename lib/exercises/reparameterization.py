"""Exercises of the chapter "The re-parameterisation trick": densities of mapped variables, samplers, gradients."""

import numpy as np

from lib import gaussian
from lib.exercises import Exercise
from lib.transforms import normal_cdf

_UNIFORM = np.array([0.03, 0.2, 0.5, 0.77, 0.99])
_NOISE = np.array([-1.5, -0.2, 0.0, 0.7, 2.1])
_DRAWS = np.array([0.1, 0.5, 1.3, 4.0])


def _normal(z, mean=0.0, variance=1.0):
    return float(np.exp(gaussian.log_density(z, mean, variance)))


EXERCISES = {
    "density": Exercise(
        solution=_normal(1.0) / (3 * np.exp(3.0)),
        slips=(
            (_normal(1.0), "That is the density of x at 1. How much does a short strip of x widen there?"),
            (_normal(1.0) * 3 * np.exp(3.0), "The strip of y is |dy/dx| times as wide, so it is lower, not higher."),
            (_normal(1.0) / np.exp(3.0), "The slope of e³ˣ is 3e³ˣ: the inner derivative is missing."),
            (_normal(1.0) / 3, "You took the slope at x = 0. Which x leads to y = e³?"),
            (_normal(3.0) / (3 * np.exp(3.0)), "The density of x is taken at x = g⁻¹(y) = (log y)/3, not at log y."),
        ),
        hint="x = (log y)/3 = 1, and the density is that of x there over |dy/dx| there.",
    ),
    "rayleigh": Exercise(
        solution=lambda u, theta: theta * np.sqrt(-2 * np.log1p(-u)),
        slips=(
            (
                lambda u, theta: theta * np.sqrt(-2 * np.log(u)),
                "That has the right law, since 1 − u is uniform too, but it decreases. Solve F(z) = u itself.",
            ),
            (lambda u, theta: -2 * theta * np.log1p(-u), "The z stands squared in F: a root is missing."),
            (
                lambda u, theta: np.sqrt(-2 * np.log1p(-u) / theta),
                "Solve for z²: it is −2θ² log(1 − u), so θ multiplies.",
            ),
            (lambda u, theta: np.sqrt(-2 * theta * np.log1p(-u)), "θ stands squared in F: it leaves the root whole."),
            (
                lambda u, theta: 1 - np.exp(-(u**2) / (2 * theta**2)),
                "This is F. A sampler goes the other way, from u to z.",
            ),
        ),
        hint="Set u = 1 − exp(−z²/(2θ²)), take 1 − u, its logarithm, and solve for z.",
        cases=((_UNIFORM, 1.0), (_UNIFORM, 2.5)),
    ),
    "scale": Exercise(
        solution=lambda theta, x: 2 * x**2 * theta * np.cos((theta * x) ** 2),
        slips=(
            (
                lambda theta, x: 2 * theta * x * np.cos((theta * x) ** 2),
                "That is f'(z). By how much does z = θx move when θ moves by 1?",
            ),
            (lambda theta, x: np.cos((theta * x) ** 2) * x, "f'(z) is cos(z²) times the inner derivative 2z."),
            (
                lambda theta, x: 2 * theta**2 * x * np.cos((theta * x) ** 2),
                "z = θx moves by x, not by θ: x is held, and θ is what moves.",
            ),
            (
                lambda theta, x: np.sin((theta * x) ** 2) * (x**2 - 1) / theta,
                "That is the REINFORCE term, with the right mean. The pathwise one differentiates f.",
            ),
        ),
        hint="f'(z) dz/dθ with z = θx: 2z cos(z²) times x.",
        cases=((1.0, _NOISE), (0.6, _NOISE)),
    ),
    "threshold": Exercise(
        solution=_normal(1.0, 0.0, 4.0),
        slips=(
            (0.0, "That is the pathwise gradient. The loss has a jump, so it is wrong here."),
            (_normal(1.0), "The variance is 4: the bell is wider and lower."),
            (_normal(0.5), "The bell is twice as wide, so its density is half as high: 1/σ is missing."),
            (_normal(1.0, 0.0, 16.0), "The second argument of N is the variance. The standard deviation is 2, not 4."),
            (float(1 - normal_cdf(0.5)), "That is the probability itself. How fast does it grow with θ?"),
            (-_normal(1.0, 0.0, 4.0), "More θ moves more of the bell beyond 1: the probability grows."),
        ),
        hint="Pr(z > 1) = 1 − Φ((1 − θ)/2). Differentiate: the density of z at the jump is left.",
    ),
    "implicit": Exercise(
        solution=lambda z, theta: -z * np.log(z) / theta,
        slips=(
            (lambda z, theta: z * np.log(z) / theta, "The sign: the level is held, so p dz + (∂F/∂θ) dθ = 0."),
            (lambda z, theta: -(z**theta) * np.log(z), "That is −∂F/∂θ. It is still to be divided by the density."),
            (
                lambda z, theta: -theta * z ** (theta - 1) / (z**theta * np.log(z)),
                "Upside down: the density stands in the denominator.",
            ),
            (lambda z, theta: -np.log(z) / theta, "The density is θz^(θ−1): one power of z is left over."),
            (lambda z, theta: -z * np.log(z), "The density θz^(θ−1) has a factor θ."),
        ),
        hint="∂F/∂θ = z^θ log z and p = θ z^(θ−1). Divide, with a minus sign.",
        cases=((_DRAWS / 5, 1.0), (_DRAWS / 5, 2.5)),
    ),
}
