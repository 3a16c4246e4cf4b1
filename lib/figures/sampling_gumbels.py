"""Pictures of Gumbel noise: the way from a uniform number, location and scale, maxima, and what few bits do to it."""

import numpy as np

from lib import gumbel, logspace, transforms
from lib.figures import style

LAWS = {  # log F(z) of what the maximum is taken of; the maximum of n, moved back by log n, is shown
    "exponential": lambda z: np.log(-np.expm1(-np.maximum(z, 1e-300))),
    "logistic": logspace.log_sigmoid,
    "Gumbel": gumbel.log_cdf,
}


def walk(u):
    """From u up to the distribution function and down to g; below, the density, with u as the area left of g."""
    exponential = -np.log(u)
    g = float(transforms.GUMBEL(u))
    z = np.linspace(-3, 6, 361)
    figure, (top, low) = style.figure(2, 1, height=3.9, gap=0.55, top=0.3)
    top.plot(z, np.exp(gumbel.log_cdf(z)), color=style.BLUE)
    top.plot([-3, g], [u, u], color=style.RED, ls="--")
    top.plot([g, g], [u, 0], color=style.RED, ls="--")
    top.plot(-3, u, "s", color=style.RED, clip_on=False)
    top.plot(g, 0, "v", color=style.RED, ms=9, clip_on=False)
    top.set(title="distribution function: from u (square) to g (triangle)", xlim=(-3, 6), ylim=(0, 1.02))
    top.set(yticks=[0, 0.5, 1], ylabel="u")
    left = z[z <= g]
    left = np.append(left, g)
    low.fill_between(left, np.exp(gumbel.log_density(left)), color=style.RED, alpha=0.3, lw=0)
    low.plot(z, np.exp(gumbel.log_density(z)), color=style.BLUE)
    low.plot(g, 0, "v", color=style.RED, ms=9, clip_on=False)
    low.set(title="density: the area left of g is u", xlim=(-3, 6), ylim=(0, 0.42), yticks=[0, 0.2, 0.4], xlabel="g")
    return figure, (
        f"u = {u:.2f} gives −log u = {exponential:.4f}, and g = −log {exponential:.4f} = {style.number(g)}. "
        f"The shaded area is {np.exp(gumbel.log_cdf(g)):.2f}."
    )


def location_and_scale(location, scale):
    """The density of location + scale G, with its mode, median and mean, over the standard one."""
    z = np.linspace(-6, 12, 541)
    figure, ax = style.figure(height=2.8)
    ax.plot(z, np.exp(gumbel.log_density(z)), color=style.GREY, ls="--", lw=1.5, label="standard")
    ax.plot(z, np.exp(gumbel.log_density(z, location, scale)), color=style.BLUE, label="μ + βG")
    marks = {
        "mode": (location, "o", style.BLACK),
        "median": (location - scale * np.log(np.log(2)), "D", style.RED),
        "mean": (location + scale * np.euler_gamma, "^", style.GREEN),
    }
    for name, (at, marker, color) in marks.items():
        height = np.exp(gumbel.log_density(at, location, scale))
        ax.plot([at, at], [0, height], color=color, lw=1)
        ax.plot(at, height, marker, color=color, ms=7, label=name)
    ax.set(title="density", xlabel="z", xlim=(-6, 12), ylim=(0, 0.8), yticks=[0, 0.2, 0.4, 0.6, 0.8])
    ax.legend(loc="upper right")
    mode, median, mean = (style.number(float(at)) for at, _, _ in marks.values())
    return figure, (
        f"Location {style.number(location, 0)}, scale {scale:g}: mode {mode}, median {median}, mean {mean}, standard "
        f"deviation {scale * np.pi / np.sqrt(6):.2f}."
    )


def maximum(n, law):
    """The density of the maximum of n draws of a law, moved back by log n, and the standard Gumbel's."""
    z = np.linspace(-4, 8, 481)

    def distribution(z):
        return np.exp(n * LAWS[law](z + np.log(n)))

    middles = (z[1:] + z[:-1]) / 2
    density = np.diff(distribution(z)) / np.diff(z)
    figure, ax = style.figure(height=2.7)
    ax.plot(middles, density, color=style.BLUE, label=f"maximum of {n}, minus log {n}")
    ax.plot(z, np.exp(gumbel.log_density(z)), color=style.RED, ls="--", label="standard Gumbel")
    ax.set(title="density", xlabel="z", xlim=(-4, 8), ylim=(0, 1.05), yticks=[0, 0.5, 1])
    ax.legend(loc="upper right")
    fine = np.linspace(-8, 12, 20_001)
    gap = np.abs(distribution(fine) - np.exp(gumbel.log_cdf(fine))).max()
    close = f"differ by at most {gap:#.2g}" if gap > 1e-9 else "are the same"
    return figure, f"n = {n}, {law} law: the distribution functions of the moved maximum and of a Gumbel {close}."


def tails(bits):
    """Both tails of Gumbel noise from a uniform generator of so many bits, beside those of the law."""
    smallest, largest = gumbel.range_of_bits(bits)
    figure, (left, right) = style.figure(1, 2, height=3.0, left=0.75, gap=0.35, width_ratios=[1, 2.2], sharey=True)
    lower, upper = np.linspace(-4, -0.5, 701), np.linspace(0, 40, 2001)
    left.plot(lower, gumbel.log_cdf(lower) / np.log(10), color=style.GREY, ls="--")
    right.plot(upper, _log_tail(upper) / np.log(10), color=style.GREY, ls="--", label="Gumbel law")
    # u = k / 2^bits from k = 1 up: Pr(G <= g_k) = k / (2^bits - 1), where a u of 0 is thrown away
    k = np.unique(np.geomspace(1, 2.0**bits - 1, 600).round())
    log_share = (np.log(k) - np.log(2.0**bits - 1)) / np.log(10)
    ends = -np.log(-np.log(k / 2.0**bits)), -np.log(-np.log1p(-k / 2.0**bits))
    for ax, at, to in ((left, ends[0], lower), (right, ends[1], upper)):
        inside = (at >= to[0]) & (at <= to[-1])
        ax.plot(at[inside], log_share[inside], ".", color=style.BLUE, ms=4, label=f"{bits} bits")
    left.plot(smallest, log_share[0], "s", color=style.RED, ms=8, clip_on=False)
    right.plot(largest, log_share[0], "s", color=style.RED, ms=8, clip_on=False)
    left.set(title="Pr(G ≤ g)", xlim=(-4, -0.5), ylim=(-17.5, 0), xlabel="g", xticks=[-4, -2])
    left.set_yticks([0, -4, -8, -12, -16], ["1", "10⁻⁴", "10⁻⁸", "10⁻¹²", "10⁻¹⁶"])
    right.set(title="Pr(G ≥ g)", xlim=(0, 40), xlabel="g", xticks=[0, 10, 20, 30, 40])
    right.legend(loc="upper right", markerscale=2)
    return figure, (
        f"{bits} bits: all noise lies from {style.number(smallest)} to {style.number(largest)} (squares), so a "
        f"category more than {largest - smallest:.1f} nats below the largest is never drawn."
    )


def _log_tail(z):
    """log Pr(G > z) of a standard Gumbel, exact far out: log(1 - exp(-exp(-z)))."""
    return np.log(-np.expm1(-np.exp(-z)))
