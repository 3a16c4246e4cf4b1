"""Functionals on a grid: their slope in the direction of a nudge, their Euler-Lagrange residual, a way down.

    J[f] = integral of F(x, f(x), f'(x)) over [a, b],  f(a) and f(b) given

    d/d eps J[f + eps eta] at 0  =  integral of (dF/df - d/dx dF/df') eta       if eta(a) = eta(b) = 0
    zero for every such eta      <=>  dF/df - d/dx dF/df' = 0                   the Euler-Lagrange equation

The same holds for sums. With x_0 < ... < x_n, spacings h_i and, between neighbours, means and slopes of the values f_i,

    J = sum_i h_i F(middle_i, mean_i, slope_i)
    dJ/df_i  =  (h_(i-1) F_f(i-1) + h_i F_f(i)) / 2  -  (F_s(i) - F_s(i-1))     summation by parts

and divided by the room (h_(i-1) + h_i) / 2 of the point i, that is the residual at x_i, up to O(h^2) on an even grid.
Stationary is not extreme: `second_variation` tells a minimum from a saddle (erratum E14). Slides S20 to S22.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lib import checks


@dataclass(frozen=True)
class Integrand:
    """F(x, f, slope) and its partial derivatives by f and by slope; each takes three arrays and returns one."""

    value: Callable
    by_f: Callable
    by_slope: Callable


# Length of the graph of f: stationary are the straight lines.
LENGTH = Integrand(
    value=lambda x, f, slope: np.sqrt(1.0 + slope**2),
    by_f=lambda x, f, slope: np.zeros_like(f),
    by_slope=lambda x, f, slope: slope / np.sqrt(1.0 + slope**2),
)

# Time to slide down a chute without friction, g = 1, the chute given by the speed v(x) of the bead: its depth is
# v^2 / 2, so an element of length sqrt(1 + (v v')^2) dx takes sqrt(1 + (v v')^2) / v dx. On a straight piece the mean
# speed is the mean of the two at its ends, so the sum is the exact time of the polygon. Convex in (v, v').
FALL = Integrand(
    value=lambda x, v, slope: np.sqrt(1.0 / v**2 + slope**2),
    by_f=lambda x, v, slope: -1.0 / (v**3 * np.sqrt(1.0 / v**2 + slope**2)),
    by_slope=lambda x, v, slope: slope / np.sqrt(1.0 / v**2 + slope**2),
)

# Action of an oscillator of unit frequency: f = 0 is its minimum on a stretch up to pi, and a saddle beyond.
ACTION = Integrand(
    value=lambda x, f, slope: slope**2 - f**2,
    by_f=lambda x, f, slope: -2.0 * f,
    by_slope=lambda x, f, slope: 2.0 * slope,
)


def functional(F, x, f):
    """J = sum_i h_i F(middle_i, mean_i, slope_i), off by O(h^2) for a smooth curve (slide S20).

    F      : Integrand
    x      : (n + 1,) strictly increasing, n >= 2
    f      : (..., n + 1) values on the grid
    returns: (...)
    raises : ValueError for another grid or shape, or for a value that is not finite
    """
    spacing, *places = _cells(x, f)
    return np.sum(spacing * F.value(*places), axis=-1)


def functional_derivative(F, x, f):
    """What J says itself: nudge one inner value up and down, divide by the nudge and by the point's room.

    x, f   : as in `functional`, f of shape (n + 1,)
    returns: (n - 1,) at the inner points. Uses F alone, not its derivatives.

    The nudge is 1e-4 of the smallest spacing h: slopes change by 1e-4 at most, which errs by some 1e-8 of F's fourth
    derivative; rounding adds some 1e-16 / (1e-4 h^2).
    """
    spacing, *_ = _cells(x, f)
    if np.ndim(f) != 1:
        raise ValueError(f"f must be one curve, but its shape is {np.shape(f)}")
    nudge = 1e-4 * spacing.min()
    each = nudge * np.eye(spacing.size + 1)[1:-1]
    return (functional(F, x, f + each) - functional(F, x, f - each)) / (2.0 * nudge) / _room(spacing)


def euler_lagrange(F, x, f):
    """The residual dF/df - d/dx dF/df' at the inner points (slide S22); arguments as in `functional`.

    returns: (..., n - 1). Uses F's derivatives alone.
    """
    spacing, *places = _cells(x, f)
    push = spacing * F.by_f(*places)
    return ((push[..., :-1] + push[..., 1:]) / 2.0 - np.diff(F.by_slope(*places), axis=-1)) / _room(spacing)


def second_variation(F, x, f):
    """The matrix of second derivatives of J by the inner values, (n - 1, n - 1); x and f as in `functional_derivative`.

    All eigenvalues positive at a stationary f: a minimum. Both signs: a saddle. Second derivatives of F are central
    differences of its first ones, good to about 9 digits where F changes on the scale of 1.
    """
    spacing, x, mean, slope = _cells(x, f)
    if mean.ndim != 1:
        raise ValueError(f"f must be one curve, but its shape is {np.shape(f)}")
    d = 1e-6

    def along(first, by_mean, by_slope):
        ends = (first(x, mean + s * d * by_mean, slope + s * d * by_slope) for s in (1.0, -1.0))
        return np.subtract(*ends) / (2.0 * d)

    by_mean, mixed, by_slope = along(F.by_f, 1, 0), along(F.by_f, 0, 1), along(F.by_slope, 0, 1)
    # In a cell, mean = (left + right) / 2 and slope = (right - left) / h: the chain rule, twice.
    left, right = (spacing * by_mean / 4.0 + sign * mixed + by_slope / spacing for sign in (-1.0, 1.0))
    both = spacing * by_mean / 4.0 - by_slope / spacing
    return np.diag(right[:-1] + left[1:]) + np.diag(both[1:-1], 1) + np.diag(both[1:-1], -1)


def newton_descent(F, x, f, steps, share=1.0):
    """Towards the lowest point of the parabola that J looks like around f, `share` of the way, with both ends held.

    share  : in (0, 1]; 1 is Newton's method. A step is halved until J falls by a fair part of what it promises
    returns: (steps + 1, n + 1), the curves on the way, the start included
    raises : ValueError if the parabola has no lowest point: the second variation is not positive
    """
    spacing, *_ = _cells(x, f)
    path = [np.array(f, dtype=float)]
    if path[0].ndim != 1:
        raise ValueError(f"f must be one curve, but its shape is {path[0].shape}")
    share = float(checks.positive("share", share))
    if not share <= 1.0:
        raise ValueError(f"share must be at most 1, but is {share}")

    def step(f):
        matrix = second_variation(F, x, f)
        lowest = np.linalg.eigvalsh(matrix)[0]
        if not lowest > 0:
            raise ValueError(f"F must make the second variation positive at f, but its lowest eigenvalue is {lowest}")
        gradient = euler_lagrange(F, x, f) * _room(spacing)
        move = np.zeros_like(f)
        move[1:-1] = -np.linalg.solve(matrix, gradient)
        promise, now = gradient @ move[1:-1], functional(F, x, f)
        for part in share * 0.5 ** np.arange(40):
            if functional(F, x, f + part * move) <= now + 1e-4 * part * promise:
                return f + part * move
        return f                                            # nothing left to gain but rounding

    for _ in range(checks.integer("steps", steps, least=0)):
        path.append(step(path[-1]))
    return np.stack(path)


def cycloid(width, depth):
    """The quickest chute from (0, 0) to (width, depth): x = R (a - sin a), depth = R (1 - cos a), time = sqrt(R) a.

    width, depth: positive numbers
    returns     : (R, a at the end), with 0 < a < 2 pi
    """
    width, depth = float(checks.positive("width", width)), float(checks.positive("depth", depth))
    angle = _bisect(lambda a: (a - np.sin(a)) * depth - (1.0 - np.cos(a)) * width)
    return float(width / (angle - np.sin(angle))), float(angle)


def cycloid_depth(x, radius):
    """Depth of the cycloid of that radius at x, each entry in 0 ... 2 pi radius."""
    radius = float(checks.positive("radius", radius))
    x = checks.finite("x", x)
    if not ((x >= 0) & (x <= 2.0 * np.pi * radius)).all():
        raise ValueError(f"x must lie in 0 ... 2 pi radius, but spans {np.min(x)} to {np.max(x)}")
    return radius * (1.0 - np.cos(_bisect(lambda a: radius * (a - np.sin(a)) - x)))


def _cells(x, f):
    """Spacings, and for each cell its middle, the mean of f and its slope."""
    x, f = checks.finite("x", x), checks.finite("f", f)
    if x.ndim != 1 or x.size < 3:
        raise ValueError(f"x must be a grid of at least 3 points, but its shape is {x.shape}")
    spacing = np.diff(x)
    if not (spacing > 0).all():
        raise ValueError(f"x must be strictly increasing, but its smallest step is {spacing.min()}")
    if f.shape[-1:] != x.shape:
        raise ValueError(f"f must have the {x.size} points of x on its last axis, but its shape is {f.shape}")
    return spacing, (x[:-1] + x[1:]) / 2.0, (f[..., :-1] + f[..., 1:]) / 2.0, np.diff(f, axis=-1) / spacing


def _room(spacing):
    """The length of x that belongs to each inner point."""
    return (spacing[:-1] + spacing[1:]) / 2.0


def _bisect(function):
    """Where in 0 ... 2 pi a function changes from below zero to above, or an array of functions: 60 halvings."""
    low, high = 0.0, 2.0 * np.pi
    for _ in range(60):
        middle = (low + high) / 2.0
        below = function(middle) < 0
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2.0
