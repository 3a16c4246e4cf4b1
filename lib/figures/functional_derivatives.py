"""Pictures of functional derivatives: nudges of a point and of a curve, a descent to the quickest chute, a ratio."""

from functools import cache

import numpy as np

from lib import gaussian, variation
from lib.figures import style

POINTS = {"minimum": ("x²", 2, 1), "maximum": ("−x²", 2, -1), "inflection": ("x³", 3, 1)}  # name, power, sign
X = np.linspace(0.0, 1.0, 201)
CURVES = {"straight": X, "bent": X + 0.4 * np.sin(np.pi * X)}
WIDTH, DEPTH = 3.0, 1.0  # where the chutes end
RATIO = 2.0  # nu, noise draws per data draw


def bump(x, center, width):
    """exp(1 - 1 / (1 - u^2)) for |u| < 1 and 0 outside, u = (x - center) / width: smooth, and 1 at the centre."""
    inside = 1.0 - ((np.asarray(x) - center) / width) ** 2
    return np.where(inside > 0, np.exp(1.0 - 1.0 / np.where(inside > 0, inside, 1.0)), 0.0)


NUDGES = {"hump": np.sin(np.pi * X), "wave": np.sin(2 * np.pi * X), "bump": bump(X, 0.3, 0.2)}


def nudged_point(kind, epsilon):
    """J over x near its stationary point 0, at the point nudged to epsilon."""
    name, power, sign = POINTS[kind]
    x = np.linspace(-1.1, 1.1, 121)
    figure, ax = style.figure()
    ax.plot(x, sign * x**power, color=style.BLUE)
    ax.axhline(0, color=style.GREY, lw=1, ls="--")
    ax.plot([0, epsilon], [0, sign * epsilon**power], "o", color=style.GREY, mfc="white", ms=5)
    ax.plot(epsilon, sign * epsilon**power, "o", color=style.RED, ms=8)
    ax.set(xlabel="x = 0 + ε", title=f"J(x) = {name}, tangent at 0 dashed", xlim=(-1.1, 1.1), ylim=(-1.3, 1.3))
    ax.set(xticks=[-1, -0.5, 0, 0.5, 1], yticks=[-1, 0, 1])
    there, back = sign * epsilon**power, sign * (-epsilon) ** power
    return figure, (
        f"J(x) = {name}. Nudging x from 0 to {_number(epsilon)} changes J by {_number(there)}, and the opposite nudge "
        f"changes it by {_number(back)}. The slope at 0 is 0."
    )


def nudged_curve(curve, eta, epsilon):
    """Left the curve f and f + epsilon eta; right the length J of the latter over epsilon, and its slope at 0."""
    f, direction = CURVES[curve], NUDGES[eta]
    sizes, lengths, slope = _lengths(curve, eta)
    here = variation.functional(variation.LENGTH, X, f + epsilon * direction)
    figure, (left, right) = style.figure(1, 2, height=2.9)
    left.plot(X, f, color=style.GREY, ls="--", lw=1.5, label="f")
    left.plot(X, f + epsilon * direction, color=style.BLUE, label="f + εη")
    left.plot([0, 1], [0, 1], "s", color=style.BLACK, ms=6, clip_on=False)
    left.set(xlabel="x", title="the curve, nudged", xlim=(0, 1), ylim=(-0.7, 2.6), yticks=[0, 1, 2])
    left.legend(loc="upper left")
    right.plot(sizes, lengths, color=style.BLUE)
    run = np.array([-0.35, 0.35])
    right.plot(run, lengths[sizes.size // 2] + slope * run, color=style.RED, ls="--", lw=1.5)
    right.plot(epsilon, here, "o", color=style.BLUE, ms=8)
    right.set(xlabel="size ε of the nudge", title="length J(ε)", xlim=(-0.7, 0.7), ylim=(1.2, 3.1))
    return figure, (
        f"The {curve} curve nudged by ε = {_number(epsilon)} times the {eta} has length {here:.3f}; "
        f"at ε = 0 the slope of J(ε) is {_number(slope)} (dashed)."
    )


@cache
def _lengths(curve, eta):
    sizes = np.linspace(-0.65, 0.65, 53)
    f, direction = CURVES[curve], NUDGES[eta]
    lengths = variation.functional(variation.LENGTH, X, f + sizes[:, None] * direction)
    residual = variation.euler_lagrange(variation.LENGTH, X, f)
    return sizes, lengths, (X[1] - X[0]) * residual @ direction[1:-1]


def action_parabolas(length, waves):
    """The nudge sin(k pi x / length) of f = 0, and the action's parabola over its size, for k = 1, 2, 3."""
    figure, (left, right) = style.figure(1, 2, height=2.8)
    x, sizes = np.linspace(0, length, 121), np.linspace(-1, 1, 81)
    left.axhline(0, color=style.GREY, ls="--", lw=1.5)
    looks = ((1, style.BLUE, "-"), (2, style.RED, "--"), (3, style.GREEN, "-."))
    for k, color, line in looks:
        look = {"color": color, "ls": line, "lw": 3 if k == waves else 1}
        left.plot(x, np.sin(k * np.pi * x / length), **look, label=f"k = {k}")
        right.plot(sizes, _bend(length, k) * sizes**2, **look)
    left.set(xlabel="x", title="direction η", xlim=(0, 9.3), ylim=(-1.3, 3.8), yticks=[-1, 0, 1])
    left.legend(loc="upper right", handlelength=2.2)
    right.set(xlabel="size ε of the nudge", title="action J(ε)", xlim=(-1, 1), ylim=(-4.5, 4.5))
    downs = [str(k) for k, *_ in looks if _bend(length, k) < 0]
    verdict = f"J falls for k = {' and '.join(downs)}: a saddle." if downs else "J rises for each of the three."
    change = _number(_bend(length, waves))
    return figure, f"On a stretch of length {length:g}, with k = {waves}, J(ε) = {change} ε². At f = 0, {verdict}"


def _bend(length, k):
    """Integral of (eta'^2 - eta^2) for eta = sin(k pi x / length)."""
    return length / 2 * ((k * np.pi / length) ** 2 - 1)


def lemma_bump(center, width):
    """f = sin(2 pi x), a bump h, and the mean of f under the bump, for every centre and for this one."""
    x = np.linspace(0, 1, 401)
    f, h = np.sin(2 * np.pi * x), bump(x, center, width)
    centers, means = _bump_means(width)
    mean = float(np.sum(f * h) / np.sum(h))
    figure, (left, right) = style.figure(1, 2, height=2.8)
    left.fill_between(x, f * h, color=style.BLUE, alpha=0.3, lw=0)
    left.plot(x, f, color=style.BLUE, label="f")
    left.plot(x, h, color=style.RED, ls="--", label="h")
    left.set(xlabel="x", title="f, h and the area of fh", xlim=(0, 1), ylim=(-1.2, 1.2))
    left.legend(loc="lower left")
    right.plot(x, f, color=style.GREY, ls=":", label="f")
    right.plot(centers, means, color=style.BLUE, lw=1.5, label="∫fh / ∫h")
    right.plot(center, mean, "o", color=style.RED, ms=8)
    right.set(xlabel="centre of the bump", title="∫fh / ∫h", xlim=(0, 1), ylim=(-1.2, 1.2))
    right.legend(loc="lower left")
    area = float(np.sum(f * h)) * (x[1] - x[0])
    return figure, (
        f"With a bump of half-width {width:g} at {center:g}, ∫fh = {_number(area)} and ∫fh/∫h = {_number(mean)}, "
        f"where f itself is {_number(np.sin(2 * np.pi * center))}."
    )


@cache
def _bump_means(width):
    x, centers = np.linspace(0, 1, 401), np.linspace(width, 1 - width, 61)
    h = bump(x, centers[:, None], width)
    return centers, h @ np.sin(2 * np.pi * x) / h.sum(axis=1)


def fall_problem(cells):
    """Grid, start and solution of the quickest chute, both as speeds; the grid is finer where the bead is slow."""
    x = WIDTH * np.linspace(0, 1, cells + 1) ** 3
    radius, _ = variation.cycloid(WIDTH, DEPTH)
    return x, np.sqrt(2 * DEPTH * x / WIDTH), np.sqrt(2 * variation.cycloid_depth(x, radius))


def fall(step):
    """The chute after `step` steps of the descent, from a straight one, and its functional derivative along x."""
    x, path, times, best = _falls()
    _, _, solution = fall_problem(x.size - 1)
    figure, (left, right) = style.figure(1, 2, height=2.8)
    left.plot(x, -(solution**2) / 2, color=style.GREY, ls=":", label="cycloid")
    left.plot(x, -(path[step] ** 2) / 2, color=style.BLUE, label="descent")
    left.set(xlabel="x", title=f"step {step}: time {times[step]:.3f}", xlim=(0, WIDTH), ylim=(-2.1, 0.1))
    left.legend(loc="lower left")
    drawn = x[1:-1] > 0.3  # at the top, where the bead rests, that of a straight chute has no bound
    bracket = variation.euler_lagrange(variation.FALL, x, path[step])[drawn]
    right.plot(x[1:-1][drawn], bracket, color=style.RED)
    right.axhline(0, color=style.GREY, ls=":")
    right.set(xlabel="x", title="functional derivative", xlim=(0, WIDTH), ylim=(-5, 1))
    off = np.abs(path[step] ** 2 - solution**2).max() / 2
    return figure, (
        f"At step {step} the fall takes {times[step]:.3f}, on the cycloid {best:.3f}; the chute is off the cycloid "
        f"by at most {_number(off)}. From x = 0.3 on, the functional derivative is at most "
        f"{_number(np.abs(bracket).max())} in size."
    )


@cache
def _falls():
    x, start, _ = fall_problem(60)
    path = variation.newton_descent(variation.FALL, x, start, 12, share=0.5)
    radius, angle = variation.cycloid(WIDTH, DEPTH)
    return x, path, variation.functional(variation.FALL, x, path), np.sqrt(radius) * angle


def race(time):
    """Three beads let go together: a straight chute, one that drops at once and then runs level, and the cycloid."""
    figure, ax = style.figure(height=2.9)
    places = []
    looks = {
        "straight": (style.RED, "--", "s"),
        "drop, then level": (style.AMBER, "-.", "^"),
        "cycloid": (style.BLUE, "-", "o"),
    }
    for name, (color, line, marker) in looks.items():
        x, depth, times = _chutes()[name]
        at = min(time, times[-1])
        ax.plot(x, -depth, color=color, ls=line, lw=1.5, label=f"{name}: {times[-1]:.2f}")
        ax.plot(np.interp(at, times, x), -np.interp(at, times, depth), marker, color=color, ms=9, clip_on=False)
        places.append(f"{_number(np.interp(at, times, x))} ({name})")
    ax.set(xlabel="x", title=f"at time {time:g}", xlim=(-0.05, 3.05), ylim=(-1.4, 0.9), yticks=[-1, 0])
    ax.legend(loc="upper right", title="time to the end")
    return figure, f"At time {time:g} the beads are at x = {', '.join(places)}; the end is at x = 3."


@cache
def _chutes():
    """For each chute fine points and the time at which the bead passes them."""
    part = np.linspace(0, 1, 401)
    radius, angle = variation.cycloid(WIDTH, DEPTH)
    corner = 0.15
    angles = angle * part
    shapes = {
        "straight": (WIDTH * part**2, DEPTH * part**2),
        "drop, then level": (
            np.concatenate([corner * part**2, corner + (WIDTH - corner) * part[1:]]),
            np.concatenate([DEPTH * part**2, np.full(400, DEPTH)]),
        ),
        "cycloid": (radius * (angles - np.sin(angles)), radius * (1 - np.cos(angles))),
    }
    chutes = {}
    for name, (x, depth) in shapes.items():
        speed = np.sqrt(2 * depth)
        times = 2 * np.hypot(np.diff(x), np.diff(depth)) / (speed[:-1] + speed[1:])  # exact on a straight piece
        chutes[name] = x, depth, np.concatenate([[0.0], np.cumsum(times)])
    return chutes


W = np.linspace(-4, 4, 401)
P = np.exp(gaussian.log_density(W, 0.0, 1.0))
Q = np.exp(gaussian.log_density(W, 0.5, 2.0))


def ratio_objective(size, where):
    """G = nu q/p times exp(size * shape): left G beside nu q/p, right the derivative of C by log G along w."""
    shape = np.ones_like(W) if where == "everywhere" else bump(W, 1.0, 0.8)
    best = RATIO * Q / P
    G = best * np.exp(size * shape)
    slope = (RATIO * Q - P * G) / (1 + G)  # G times the functional derivative
    figure, (left, right) = style.figure(1, 2, height=2.8, left=0.75)
    left.semilogy(W, best, color=style.GREY, ls=":", label="νq/p")
    left.semilogy(W, G, color=style.BLUE, label="G")
    left.minorticks_off()
    left.set(xlabel="w", title="G", xlim=(-4, 4), ylim=(0.05, 2e5))
    left.legend(loc="upper left")
    right.axhline(0, color=style.GREY, ls=":")
    right.plot(W, slope, color=style.RED)
    right.set(xlabel="w", title="G · δC/δG", xlim=(-4, 4), ylim=(-0.42, 0.42))
    loss = _objective(best) - _objective(G)
    return figure, (
        f"With G = νq/p times e to the {_number(size)} ({where}), G · δC/δG is at most "
        f"{_number(np.abs(slope).max())} in size, and C is {_number(loss)} below its maximum."
    )


def _objective(G):
    """C(G) of slide S17 by a fine sum."""
    return (W[1] - W[0]) * np.sum(-P * np.log1p(G) + RATIO * Q * (np.log(G) - np.log1p(G)))


def _number(value):
    """Three decimals, a real minus sign, no minus zero."""
    return f"{round(float(value), 3) + 0.0:.3g}".replace("-", "−")
