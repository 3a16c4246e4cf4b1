"""Exercises of the chapter "Functional derivatives"."""

import numpy as np

from lib.exercises import Exercise

_P, _Q = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])

EXERCISES = {
    "slope": Exercise(
        solution=-4 / 6,
        slips=(
            (4 / 6, "The sign: integration by parts brings a minus before d/dx of ∂F/∂f'."),
            (-2 / 6, "The derivative of f'² by f' is 2f', so the bracket is −2f'', and f'' = 2."),
            (-4.0, "That is the bracket. It still has to be multiplied by η and integrated."),
            (4 / 3, "That is J itself at ε = 0. How fast does it change with ε?"),
        ),
        hint="The bracket is 0 − d/dx (2f') = −2f''. Multiply by η = x(1 − x) and integrate over [0, 1].",
    ),
    "bracket": Exercise(
        solution=lambda f, slope, second: f**3 - second,
        slips=(
            (lambda f, slope, second: f**3 + second, "The second part is subtracted: minus d/dx of ∂F/∂f'."),
            (lambda f, slope, second: f**3 - slope, "∂F/∂f' = f' is right, but d/dx of it is still to be taken."),
            (lambda f, slope, second: second - f**3, "Turned round: it is ∂F/∂f first, minus the other."),
            (lambda f, slope, second: f**3, "d/dx goes along the curve: f'(x) changes with x. It is not ∂/∂x."),
            (lambda f, slope, second: f**3 - 2 * second, "The derivative of ½f'² by f' is f', not 2f'."),
        ),
        hint="∂F/∂f = f³ and ∂F/∂f' = f'. Differentiate the second along x, and subtract.",
        cases=((0.5, 1.0, -2.0), (-1.2, 0.3, 0.7), (2.0, -1.5, 1.1)),
    ),
    "smooth": Exercise(
        solution=lambda k, lam: 1 / (1 + lam * k**2 * np.pi**2),
        slips=(
            (lambda k, lam: 1 / (1 - lam * k**2 * np.pi**2), "The second derivative of sin kπx is minus k²π² of it."),
            (lambda k, lam: 1 / (1 + lam * k**2), "Each derivative of sin kπx brings kπ, not k."),
            (lambda k, lam: 1 / (1 + lam * k * np.pi), "f'' has two derivatives: k²π²."),
            (lambda k, lam: 1 / (1 + 2 * lam * k**2 * np.pi**2), "Both squares bring a factor 2, and it cancels."),
        ),
        hint="The equation is 2(f − y) − 2λf'' = 0. Put f = c sin kπx in and solve for c.",
        cases=((1, 0.01), (3, 0.02), (5, 0.5)),
    ),
    "longest": Exercise(
        solution=np.pi / 2,
        slips=(
            (np.pi, "That is for f'² − f². Here f² has the factor 4."),
            (2 * np.pi, "The other way round: a larger factor of f² makes the stretch shorter."),
            (np.pi / 4, "(π/L)² has to stay above 4, so π/L above 2."),
        ),
        hint="Nudge f = 0 by ε sin(πx/L), the longest wave: J = ε² L/2 [(π/L)² − 4]. Where does it turn negative?",
    ),
    "ratio": Exercise(
        solution=lambda p, q: p / q,
        slips=(
            (lambda p, q: q / p, "Upside down: p/G − q = 0."),
            (lambda p, q: p, "The second term brings −q. Set p/G equal to q."),
            (lambda p, q: np.log(p / q), "The derivative of log G is 1/G: solve p/G = q for G itself."),
            (lambda p, q: np.sum(p) / np.sum(q), "No integral is left: the equation holds at each w by itself."),
        ),
        hint="There is no G', so set the derivative of p log G − q G by G to 0 at each w.",
        cases=((_P, _Q), (_Q, _P), (0.2, 0.8)),
    ),
}
