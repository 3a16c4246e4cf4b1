"""Functionals on a grid against quadrature, kinematics, hand-made brackets, scipy's minimisers, and E14's saddle."""

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from lib import variation
from lib.variation import ACTION, FALL, LENGTH, Integrand

EPS = np.finfo(float).eps
# With x, f and slope together and a mixed second derivative: nothing in it is 0.
MIXED = Integrand(
    value=lambda x, f, s: x * f**2 + np.exp(f) * s**2 + x**2 * s,
    by_f=lambda x, f, s: 2 * x * f + np.exp(f) * s**2,
    by_slope=lambda x, f, s: 2 * np.exp(f) * s + x**2,
)
ALL = {"length": LENGTH, "fall": FALL, "action": ACTION, "mixed": MIXED}
each = pytest.mark.parametrize("F", ALL.values(), ids=ALL.keys())


def uneven(n, seed=0):
    """A grid of n cells on [0, 1], with spacings from a half to three halves of 1/n before scaling."""
    steps = np.random.default_rng(seed).uniform(0.5, 1.5, n)
    return np.concatenate([[0.0], np.cumsum(steps) / steps.sum()])


def curve(x):
    return 0.7 + 0.5 * x + 0.2 * np.sin(3 * x)              # positive, as a speed is


# --- the functional ---------------------------------------------------------------------------------------------------


@each
@given(x=st.floats(0.1, 2), f=st.floats(0.3, 2), slope=st.floats(-2, 2))
def test_the_partial_derivatives_are_those_of_the_value(F, x, f, slope):
    x, f, slope, d = np.array(x), np.array(f), np.array(slope), 1e-5
    by_f = (F.value(x, f + d, slope) - F.value(x, f - d, slope)) / (2 * d)
    by_slope = (F.value(x, f, slope + d) - F.value(x, f, slope - d)) / (2 * d)
    # differences err by third derivatives (below 6 / 0.3^4) times d^2 / 6, 1e-7, and by rounding, 1e-10
    assert abs(by_f - F.by_f(x, f, slope)) < 1e-6
    assert abs(by_slope - F.by_slope(x, f, slope)) < 1e-6


@each
def test_the_functional_tends_to_the_integral_quadratically(F):
    def integrand(x):
        return F.value(x, curve(x), 0.5 + 0.6 * np.cos(3 * x))

    exact, _ = scipy.integrate.quad(integrand, 0, 1, epsabs=1e-13)
    errors = []
    for n in (64, 128, 256):
        x = np.linspace(0, 1, n + 1)
        errors.append(abs(variation.functional(F, x, curve(x)) - exact))
    assert errors[0] < 1e-3
    assert 3.9 < errors[0] / errors[1] < 4.1 and 3.9 < errors[1] / errors[2] < 4.1


@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(2, 20))
def test_the_length_of_a_straight_line_is_exact_on_any_grid(start, slope, n):
    x = uneven(n, n)
    assert abs(variation.functional(LENGTH, x, start + slope * x) - np.hypot(1, slope)) < 1e-13


@pytest.mark.parametrize("seed", range(5))
def test_the_fall_along_a_polygon_is_exact(seed):
    rng = np.random.default_rng(seed)
    x = uneven(8, seed)
    depth = np.concatenate([[0.0], rng.uniform(0.1, 2, 8)])  # up and down
    speed, way = np.sqrt(2 * depth), np.hypot(np.diff(x), np.diff(depth))
    # constant acceleration (drop / way) along each piece: time = change of speed / acceleration
    time = np.sum(np.diff(speed) * way / np.diff(depth))
    assert abs(variation.functional(FALL, x, speed) / time - 1) < 1e-12


@each
def test_many_curves_at_once(F):
    x = uneven(6)
    curves = curve(x) + 0.1 * np.random.default_rng(0).uniform(size=(2, 3, 7))
    J, residual = variation.functional(F, x, curves), variation.euler_lagrange(F, x, curves)
    assert J.shape == (2, 3) and residual.shape == (2, 3, 5)
    for i, j in np.ndindex(2, 3):
        assert abs(J[i, j] - variation.functional(F, x, curves[i, j])) < 1e-14 * abs(J[i, j]) * 10
        np.testing.assert_allclose(residual[i, j], variation.euler_lagrange(F, x, curves[i, j]), rtol=1e-12, atol=1e-12)


# --- first variation --------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("n", [2, 3, 30])
def test_summation_by_parts_nudging_gives_the_residual(F, n):
    x = uneven(n, n)
    f = curve(x)
    residual = variation.euler_lagrange(F, x, f)
    # rounding: 1e-16 * 2 / (1e-4 h^2) with h > 0.015, and the fourth derivatives (up to 24 / 0.7^5) of the value
    np.testing.assert_allclose(variation.functional_derivative(F, x, f), residual, rtol=0, atol=3e-6)
    room = (x[2:] - x[:-2]) / 2
    gradient = scipy.optimize.approx_fprime(
        f[1:-1], lambda inner: variation.functional(F, x, np.concatenate([f[:1], inner, f[-1:]])), 1e-7
    )
    np.testing.assert_allclose(gradient / room, residual, rtol=0, atol=2e-3)               # one-sided: 1e-7 / h^2


@pytest.mark.parametrize("F, f, bracket", [
    (LENGTH, lambda x: x**2, lambda x: -2 / (1 + 4 * x**2) ** 1.5),
    (ACTION, lambda x: np.sin(2 * x), lambda x: 6 * np.sin(2 * x)),
    # dF/df = 2 x f + e^f s^2, d/dx (2 e^f s + x^2) = 2 e^f s^2 + 2 e^f f'' + 2 x, with f = x^2
    (MIXED, lambda x: x**2, lambda x: 2 * x**3 - 4 * x**2 * np.exp(x**2) - 4 * np.exp(x**2) - 2 * x),
], ids=["length", "action", "mixed"])
def test_the_residual_tends_to_the_bracket_by_hand_quadratically(F, f, bracket):
    off = []
    for n in (50, 100, 200):
        x = np.linspace(0, 1, n + 1)
        errors = variation.euler_lagrange(F, x, f(x)) - bracket(x[1:-1])
        off.append(np.abs(errors[n // 5 : -n // 5]).max())  # the same stretch of x on each grid
    assert off[0] < 0.03
    assert 3.8 < off[0] / off[1] < 4.2 and 3.8 < off[1] / off[2] < 4.2


@each
def test_the_residual_is_the_slope_in_every_direction(F):
    x = uneven(40)
    f, rng = curve(x), np.random.default_rng(2)
    room = (x[2:] - x[:-2]) / 2
    for _ in range(5):
        eta = np.concatenate([[0.0], rng.uniform(-0.01, 0.01, 39), [0.0]])
        slope = (variation.functional(F, x, f + 1e-3 * eta) - variation.functional(F, x, f - 1e-3 * eta)) / 2e-3
        assert abs(slope - np.sum(room * variation.euler_lagrange(F, x, f) * eta[1:-1])) < 1e-6    # (1e-3 slope)^2


# --- second variation -------------------------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("n", [2, 3, 12])
def test_the_second_variation_is_the_derivative_of_the_first(F, n):
    x = uneven(n, n)
    f, room = curve(x), (x[2:] - x[:-2]) / 2
    nudges = 1e-6 * np.eye(n + 1)[1:-1]
    ends = [room * variation.euler_lagrange(F, x, f + sign * nudges) for sign in (1, -1)]
    matrix = variation.second_variation(F, x, f)
    np.testing.assert_allclose(matrix, (ends[0] - ends[1]) / 2e-6, rtol=0, atol=1e-6 * np.abs(matrix).max())
    np.testing.assert_array_equal(matrix, matrix.T)


@pytest.mark.parametrize("length, falling", [(3.0, 0), (3.3, 1), (6.2, 1), (6.4, 2), (10.0, 3)])
def test_a_stationary_curve_may_be_a_saddle(length, falling):                              # erratum E14
    x = np.linspace(0, length, 201)
    np.testing.assert_array_equal(variation.euler_lagrange(ACTION, x, 0 * x), 0)
    values = np.linalg.eigvalsh(variation.second_variation(ACTION, x, 0 * x))
    assert (values < 0).sum() == falling and (values > 0).sum() == 199 - falling


# --- descents ---------------------------------------------------------------------------------------------------------


@given(st.floats(-2, 2), st.integers(2, 25))
def test_newton_finds_the_straight_line_on_any_grid(slope, n):
    x = uneven(n, n)
    start = slope * x + 0.4 * np.sin(np.pi * x) * (1 + np.cos(7 * x))
    start[-1] = slope
    path = variation.newton_descent(LENGTH, x, start, 25)
    assert path.shape == (26, n + 1)
    np.testing.assert_array_equal(path[0], start)
    np.testing.assert_array_equal(path[:, [0, -1]], np.tile(start[[0, -1]], (26, 1)))
    np.testing.assert_allclose(path[-1], slope * x, rtol=0, atol=1e-7)     # J is flat there: the root of its rounding


def test_a_parabola_takes_newton_one_step_and_a_share_of_it_a_geometric_descent():
    x = np.linspace(0, 1, 101)
    start = x * np.sin(1)
    path = variation.newton_descent(ACTION, x, start, 3)
    np.testing.assert_allclose(path[1], np.sin(x), rtol=0, atol=1e-5)      # f'' = -f; order h^2 / 24
    np.testing.assert_allclose(path[2:], path[[1, 1]], rtol=0, atol=1e-8)
    slow = variation.newton_descent(ACTION, x, start, 5, share=0.25)
    for k in range(6):
        np.testing.assert_allclose(slow[k] - path[-1], 0.75**k * (start - path[-1]), rtol=0, atol=1e-9)


@pytest.mark.parametrize("width, depth", [(3.0, 1.0), (1.0, 2.0), (1.0, 1.0)])
def test_the_quickest_chute_is_scipys_and_a_cycloid(width, depth):
    n = 30
    x = width * np.linspace(0, 1, n + 1) ** 3
    start = np.sqrt(2 * depth * x / width)
    path = variation.newton_descent(FALL, x, start, 20)
    times = variation.functional(FALL, x, path)
    assert (np.diff(times) <= 1e-12).all() and path[-1, 1:].min() > 0

    def time(inner):
        return variation.functional(FALL, x, np.concatenate([[0.0], inner, start[-1:]]))

    found = scipy.optimize.minimize(time, start[1:-1], method="BFGS", options={"gtol": 1e-6})
    assert times[-1] <= found.fun + 1e-10 and found.fun - times[-1] < 1e-6
    radius, angle = variation.cycloid(width, depth)
    assert 0 < times[-1] - np.sqrt(radius) * angle < 2e-3   # a polygon is never quicker than the cycloid
    np.testing.assert_allclose(path[-1] ** 2 / 2, variation.cycloid_depth(x, radius), rtol=0, atol=2e-3 * depth)


def test_newton_halves_steps_that_are_too_long():
    # log cosh: from a slope of 3 a full Newton step goes to slopes about -sinh(6) / 2, far up the other side.
    steep = Integrand(
        value=lambda x, f, s: np.logaddexp(s, -s),
        by_f=lambda x, f, s: 0 * f,
        by_slope=lambda x, f, s: np.tanh(s),
    )
    x = np.linspace(0, 1, 3)
    path = variation.newton_descent(steep, x, np.array([0.0, 1.5, 0.0]), 30)
    assert (np.diff(variation.functional(steep, x, path)) <= 0).all()
    assert abs(path[-1, 1]) < 1e-7
    assert abs(path[1, 1]) < 1.5                            # a full step leads to 1.5 - sinh(6) / 4, which is -49


def test_newton_refuses_where_there_is_no_minimum():
    x = np.linspace(0, 4, 41)
    with pytest.raises(ValueError, match="^F must make the second variation positive at f, but its lowest .* -0"):
        variation.newton_descent(ACTION, x, 0 * x, 1)


def test_no_steps_is_the_start():
    x = np.linspace(0, 1, 5)
    np.testing.assert_array_equal(variation.newton_descent(LENGTH, x, x**2, 0), [x**2])


# --- the cycloid ------------------------------------------------------------------------------------------------------


@given(st.floats(0.05, 20), st.floats(0.05, 20))
def test_the_cycloid_ends_where_it_should(width, depth):
    radius, angle = variation.cycloid(width, depth)
    assert 0 < angle < 2 * np.pi
    assert abs(radius * (angle - np.sin(angle)) / width - 1) < 1e-9
    assert abs(radius * (1 - np.cos(angle)) / depth - 1) < 1e-6            # 1 - cos loses digits at either end


def test_the_cycloid_of_a_wheel_rolled_half_round():
    radius, angle = variation.cycloid(np.pi, 2.0)
    assert abs(radius - 1) < 1e-14 and abs(angle - np.pi) < 1e-14
    angles = np.linspace(0, 2 * np.pi, 50)
    depth = variation.cycloid_depth(2 * (angles - np.sin(angles)), 2.0)
    np.testing.assert_allclose(depth, 2 * (1 - np.cos(angles)), rtol=0, atol=1e-6)   # y ~ x^(2/3) near the cusps


def test_time_along_the_cycloid_by_quadrature():
    radius, angle = variation.cycloid(3.0, 1.0)

    def rate(t):                                            # x = t^3: dx / v has no singularity left
        x = t**3
        y = variation.cycloid_depth(x, radius)
        return 3 * t**2 * np.sqrt(2 * radius / y) / np.sqrt(2 * y)         # 1 + y'^2 = 2 R / y

    time, _ = scipy.integrate.quad(rate, 0, np.cbrt(3.0), epsabs=1e-9)
    assert abs(time - np.sqrt(radius) * angle) < 1e-6


# --- bad arguments ----------------------------------------------------------------------------------------------------

X = np.linspace(0, 1, 5)


@pytest.mark.parametrize("call, message", [
    (lambda: variation.functional(LENGTH, [0, 1, 1, 2], np.zeros(4)), "x must be strictly increasing, .* is 0.0"),
    (lambda: variation.functional(LENGTH, [0, 2, 1], np.zeros(3)), "x must be strictly increasing, .* is -1.0"),
    (lambda: variation.functional(LENGTH, [0, 1], np.zeros(2)), r"x must be a grid of at least 3 points, .* \(2,\)"),
    (lambda: variation.functional(LENGTH, [X, X], X), r"x must be a grid of at least 3 points, .* \(2, 5\)"),
    (lambda: variation.functional(LENGTH, X, X[:-1]), r"f must have the 5 points of x on its last axis, .* \(4,\)"),
    (lambda: variation.functional(LENGTH, X, 1.0), r"f must have the 5 points of x on its last axis, .* \(\)"),
    (lambda: variation.functional(LENGTH, X + np.nan, X), "x must be finite everywhere, but holds nan"),
    (lambda: variation.euler_lagrange(LENGTH, X, X + np.nan), "f must be finite everywhere, but holds nan"),
    (lambda: variation.functional_derivative(LENGTH, X, [X, X]), r"f must be one curve, but its shape is \(2, 5\)"),
    (lambda: variation.second_variation(LENGTH, X, [X, X]), r"f must be one curve, but its shape is \(2, 5\)"),
    (lambda: variation.newton_descent(LENGTH, X, [X, X], 1), r"f must be one curve, but its shape is \(2, 5\)"),
    (lambda: variation.newton_descent(LENGTH, X, X, -1), "steps must be an integer from 0 up, but is -1"),
    (lambda: variation.newton_descent(LENGTH, X, X, 1, share=1.5), "share must be at most 1, but is 1.5"),
    (lambda: variation.newton_descent(LENGTH, X, X, 1, share=0), "share must be positive everywhere, .* is 0.0"),
    (lambda: variation.cycloid(-1, 1), "width must be positive everywhere, .* is -1.0"),
    (lambda: variation.cycloid(1, np.nan), "depth must be finite everywhere, but holds nan"),
    (lambda: variation.cycloid_depth([0, 7], 1), r"x must lie in 0 ... 2 pi radius, but spans 0.0 to 7.0"),
    (lambda: variation.cycloid_depth(1, 0), "radius must be positive everywhere, .* is 0.0"),
])  # fmt: skip
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
