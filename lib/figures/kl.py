"""Pictures of the divergence between Gaussians: its integrand, and what the smallest one is in either direction."""

import numpy as np

from lib import gaussian, kl, multivariate
from lib.figures import style
from lib.figures.style import number

PEAK = 0.5  # the variance of either peak of a two-peaked target


def integrand(mean, sigma):
    """Top: p = N(mean, sigma^2) and q = N(0, 1). Bottom: p log(p / q), whose signed area is KL(p || q)."""
    x = np.linspace(-5, 9, 561)
    log_p, log_q = gaussian.log_density(x, mean, sigma**2), gaussian.log_density(x, 0.0, 1.0)
    p, product = np.exp(log_p), np.exp(log_p) * (log_p - log_q)
    figure, (top, bottom) = style.figure(2, 1, height=3.9, gap=0.4, sharex=True, left=0.55)
    top.plot(x, p, color=style.BLUE, label="p")
    top.plot(x, np.exp(log_q), color=style.BLACK, ls="--", label="q = N(0, 1)")
    top.set(title="the two densities", ylim=(0, 0.9), yticks=[0, 0.4, 0.8], xlim=(-5, 9))
    top.legend(loc="upper right")
    bottom.fill_between(x, np.maximum(product, 0), color=style.BLUE, alpha=0.35, lw=0, label="adds")
    bottom.fill_between(
        x, np.minimum(product, 0), facecolor="white", edgecolor=style.RED, hatch="////", lw=0, label="takes off"
    )
    bottom.plot(x, product, color=style.BLUE, lw=1.5)
    bottom.axhline(0, color=style.BLACK, lw=0.8)
    bottom.set(title="p log(p/q): its signed area is the divergence", xlabel="x", ylim=(-0.45, 2.3), yticks=[0, 1, 2])
    bottom.legend(loc="upper right")
    # The tails beyond the picture count too, so the areas are summed on a wider grid.
    wide = np.linspace(mean - 10 * sigma, mean + 10 * sigma, 4_001)
    log_p = gaussian.log_density(wide, mean, sigma**2)
    terms = np.exp(log_p) * (log_p - gaussian.log_density(wide, 0.0, 1.0)) * (wide[1] - wide[0])
    above, below = terms[terms > 0].sum(), -terms[terms < 0].sum()
    return figure, (
        f"p = N({number(mean)}, {number(sigma)}²). Where p is above q, {above:.3f} is added, where it is below, "
        f"{number(below, 3)} is taken off: KL(p‖q) = {number(gaussian.kl(mean, sigma**2), 3)} nats."
    )


def two_peaks(distance, mean, spread):
    """A two-peaked target p and q = N(mean, spread^2), with both divergences on a logarithmic axis."""
    mixture, variance = _target(distance), spread**2
    reverse = float(kl.to_mixture(mean, variance, *mixture))
    forward = float(kl.from_mixture(mean, variance, *mixture))
    figure, (left, right) = style.figure(1, 2, height=2.9, gap=0.35, left=0.2, width_ratios=[1.6, 1])
    _draw_target(left, mixture)
    _draw_fit(left, mean, variance, style.BLUE, "-", "q")
    left.legend(loc="upper left")
    for row, (value, color, marker) in enumerate(((forward, style.RED, "s"), (reverse, style.BLUE, "o"))):
        right.plot([0.03, value], [row, row], color=color, lw=3)
        right.plot(value, row, marker, color=color, ms=9)
        right.text(0.035, row + 0.18, f"{('KL(p‖q)', 'KL(q‖p)')[row]} = {_three(value)}", color=color)
    right.set(xscale="log", xlim=(0.03, 120), ylim=(-0.5, 1.7), yticks=[], xlabel="nats", title="divergences")
    right.set_xticks([0.1, 1, 10, 100], ["0.1", "1", "10", "100"])
    right.minorticks_off()
    return figure, (
        f"Peaks at ±{distance / 2:g}, q = N({number(mean)}, {number(spread)}²): KL(q‖p) = {_three(reverse)} nats, "
        f"KL(p‖q) = {_three(forward)} nats."
    )


def nearest(distance, share):
    """The target with the Gaussian of the smallest KL(q || p) and that of the smallest KL(p || q)."""
    mixture = _target(distance, share)
    seeking, matching = kl.mode_seeking(*mixture), kl.mixture_moments(*mixture)
    figure, ax = style.figure(height=3.0, left=0.2)
    _draw_target(ax, mixture)
    _draw_fit(ax, *seeking, style.BLUE, "-", "smallest KL(q‖p)")
    _draw_fit(ax, *matching, style.RED, "--", "smallest KL(p‖q)")
    ax.set(ylim=(0, 0.92))
    ax.legend(loc="upper right")
    return figure, (
        f"Peaks at ±{distance / 2:g}, {share:.0%} of p in the left one. KL(q‖p) is smallest at "
        f"{_law(*seeking)}, KL(p‖q) at {_law(*matching)}, the mean and variance of p."
    )


def factorised(correlation):
    """A correlated target p and the best law with independent parts, by either direction."""
    covariance = np.array([[1.0, correlation], [correlation, 1.0]])
    narrow = 1 - correlation**2  # one over the diagonal of the precision
    figure, (left, right) = style.figure(1, 2, height=2.9, gap=0.6, left=0.85, width_ratios=[2.1, 1.35])
    left.fill(*_ellipse(covariance), label="p", **style.SHADE)
    left.plot(*_ellipse(narrow * np.eye(2)), color=style.BLUE)
    left.plot(*_ellipse(np.eye(2)), color=style.RED, ls="--")
    left.set(xlim=(-4, 4), ylim=(-3.2, 4.6), xticks=[-2, 0, 2], yticks=[-2, 0, 2], title="95 % of each law")
    left.set(xlabel="first part", ylabel="second part")
    left.set_aspect("equal", adjustable="box")
    left.legend(loc="upper left")
    rho = np.linspace(-0.99, 0.99, 199)
    right.plot(rho, 1 - rho**2, color=style.BLUE)
    right.axhline(1, color=style.RED, ls="--")
    right.plot(correlation, narrow, "o", color=style.BLUE, ms=8)
    right.plot(correlation, 1, "s", color=style.RED, ms=8, clip_on=False)
    right.text(0, 1.10, "least KL(p‖q)", color=style.RED, ha="center")
    right.text(0, 0.4, "least\nKL(q‖p)", color=style.BLUE, ha="center", va="center")
    right.set(xlabel="correlation", title="variances of q", ylim=(0, 1.2), xlim=(-1.02, 1.02))
    right.set(xticks=[-1, 0, 1], yticks=[0, 0.5, 1])
    values = multivariate.kl(0.0, narrow * np.eye(2), 0.0, covariance), multivariate.kl(0.0, covariance)
    return figure, (
        f"Correlation {number(correlation)}: the q of smallest KL(q‖p) has variances {number(narrow)}, that of "
        f"smallest KL(p‖q) has p's own, 1; both divergences are then {number(values[0], 3)} nats."
    )


def _target(distance, share=0.5):
    return np.array([share, 1 - share]), np.array([-distance / 2, distance / 2]), np.array([PEAK, PEAK])


def _draw_target(ax, mixture):
    z = np.linspace(-6, 6, 361)
    ax.fill_between(z, np.exp(kl.mixture_log_density(z, *mixture)), label="p", **style.SHADE)
    ax.set(xlabel="z", yticks=[], ylim=(0, 0.92), title="density", xlim=(-6, 6), xticks=[-4, -2, 0, 2, 4])


def _draw_fit(ax, mean, variance, color, line, label):
    z = np.linspace(-6, 6, 361)
    ax.plot(z, np.exp(gaussian.log_density(z, mean, variance)), color=color, ls=line, label=label)


def _ellipse(covariance):
    """The outline, two rows, of the ellipse around 0 that holds 95 % of N(0, covariance)."""
    angle = np.linspace(0, 2 * np.pi, 121)
    circle = np.sqrt(-2 * np.log(0.05)) * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return multivariate.reparameterize(0.0, covariance, circle).T


def _law(mean, variance):
    return f"N({number(mean)}, {variance:.2f})"


def _three(value):
    return f"{value:#.3g}"
