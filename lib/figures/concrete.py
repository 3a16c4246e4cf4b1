"""Pictures of the Concrete distribution: the softmax map, relaxed samples, their density, their gradients, k-means."""

import functools

import numpy as np

from lib import concrete, logspace, mixture
from lib.figures import style

LOGITS = np.array([1.0, 0.5, 0.0])
TARGET = 0.3  # of the objective f(v) = |v - (TARGET, 1 - TARGET)|^2 on two categories
LOG_ODDS = 1.0  # theirs
MARKERS = "Dos^v"  # of the five draws that are followed
COLORS = (style.BLUE, style.RED, style.GREEN)
HATCHES = ("", "///", "...")
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])  # of the triangle on which K = 3 weights live


def softmax_map(temperature, logits):
    """The softmax map of given logits at one temperature, as bars."""
    weights = logspace.softmax(np.array(logits) / temperature)
    figure, ax = style.figure(height=2.15, bottom=0.3)
    _bars(ax, [0, 1, 2], weights, [f"μ = {value:g}" for value in logits])
    ax.set(title="weights after the softmax map", ylim=(0, 1.12), xlim=(-0.6, 2.6))
    return figure, f"At temperature {temperature:g} the weights are {_weights(weights)}."


def concrete_cloud(temperature, seed):
    """400 Concrete draws on the triangle and five of them as bars: the same noise at every temperature."""
    gumbels = np.random.default_rng(seed).gumbel(size=(400, 3))
    x = concrete.relax(LOGITS, temperature, gumbels)
    figure, (left, right) = style.figure(1, 2, height=2.9, left=0.15, gap=0.5)
    _triangle(left)
    left.plot(*(x @ CORNERS).T, ".", color=style.GREY, ms=4)
    for marker, at in zip(MARKERS, x[:5] @ CORNERS, strict=True):
        left.plot(*at, marker, color=style.RED, ms=7)
    start = np.zeros(5)
    for category in range(3):
        right.barh(
            range(5),
            x[:5, category],
            left=start,
            height=0.7,
            color=COLORS[category],
            hatch=HATCHES[category],
            edgecolor="white",
            lw=0,
            label=f"{category + 1}",
        )
        start = start + x[:5, category]
    for row, marker in enumerate(MARKERS):
        right.plot(-0.08, row, marker, color=style.RED, ms=7, clip_on=False)
    right.set(title="the five marked draws", yticks=[], xlabel="weights of categories 1, 2, 3")
    right.set(xlim=(0, 1), xticks=[0, 0.5, 1], ylim=(4.6, -1.6))  # the first on top, room for the legend
    right.legend(ncols=3, loc="upper center", borderpad=0.2)
    near = np.mean(x.max(axis=-1) > 0.95)
    return figure, (
        f"At temperature {temperature:g}, {near:.0%} of the draws lie in a corner, with one weight above 0.95. The "
        f"first marked draw (diamond, top bar) is {_weights(x[0])}."
    )


def arg_max_and_mean(temperature):
    """Softmax probabilities beside the arg max frequencies and the mean weights of 20,000 Concrete draws."""
    x = concrete.log_relax(LOGITS, temperature, np.random.default_rng(53).gumbel(size=(20_000, 3)))
    frequency = np.bincount(np.argmax(x, axis=-1), minlength=3) / len(x)
    mean = np.exp(x).mean(axis=0)
    figure, ax = style.figure(height=2.45, bottom=0.3)
    groups = {"softmax(μ)": logspace.softmax(LOGITS), "arg max frequency": frequency, "mean weight": mean}
    for place, (name, values) in enumerate(groups.items()):
        bars = ax.bar(
            np.arange(3) + 0.27 * (place - 1),
            values,
            width=0.24,
            color=(style.GREY, style.BLUE, style.RED)[place],
            hatch=HATCHES[place],
            edgecolor="white",
            lw=0,
            label=name,
        )
        ax.bar_label(bars, [f"{value:.2f}" for value in values], fontsize=9)
    ax.set(
        xticks=range(3),
        xticklabels=[f"category {k}" for k in (1, 2, 3)],
        ylim=(0, 0.75),
        yticks=[0, 0.25, 0.5],
        xlim=(-0.55, 2.55),
    )
    ax.legend(ncols=3, loc="upper center", columnspacing=1, handlelength=1, borderpad=0.1)
    return figure, (
        f"At temperature {temperature:g} the arg max frequencies are {_weights(frequency)}, as the softmax says, "
        f"and the mean weights {_weights(mean)}."
    )


def binary_density(temperature, log_odds):
    """Two categories: the density of the first weight over a histogram of 20,000 draws."""
    logits = np.array([log_odds, 0.0])
    x = concrete.relax(logits, temperature, np.random.default_rng(2).gumbel(size=(20_000, 2)))[:, 0]
    figure, ax = style.figure(height=2.7)
    counts, edges = np.histogram(x, bins=40, range=(0, 1))
    bars = counts / (x.size * (edges[1] - edges[0]))
    y = np.linspace(-14, 14, 1401)  # log-odds of the weight: close points near both ends
    log_x = np.stack([-np.logaddexp(0, -y), -np.logaddexp(0, y)], axis=-1)
    density = np.exp(concrete.log_density(log_x, logits, temperature))
    top = 5.0
    ax.stairs(np.minimum(bars, top), edges, fill=True, **style.SHADE)
    ax.plot(np.exp(log_x[:, 0]), np.minimum(density, 1.1 * top), color=style.BLUE)
    cut = f", cut off at {top:g}" if max(density.max(), bars.max()) > top else ""
    ax.set(xlabel="weight of category 1", title=f"density (line) and draws (bars){cut}", ylim=(0, top), xlim=(0, 1))
    middle = np.exp(concrete.log_density(np.log([0.5, 0.5]), logits, temperature))
    outside = np.mean((x < 0.05) | (x > 0.95))
    return figure, (
        f"At temperature {temperature:g} the density in the middle is {middle:.2g}, and {outside:.0%} of the draws are "
        f"within 0.05 of an end."
    )


def gradient_error(temperature):
    """Bias and standard deviation of the relaxed gradient over temperature, with REINFORCE on the same objective."""
    temperatures = np.geomspace(0.02, 20, 61)
    curves = np.array([relaxed_gradient_moments(tau) for tau in temperatures])
    reinforce = reinforce_deviation()
    bias, spread = relaxed_gradient_moments(temperature)
    figure, ax = style.figure(height=3.0)
    ax.loglog(temperatures, np.abs(curves[:, 0]), color=style.RED, ls="--", label="relaxed: size of the bias")
    ax.loglog(temperatures, curves[:, 1], color=style.BLUE, label="relaxed: standard deviation")
    ax.axhline(reinforce, color=style.BLACK, ls=":", label="REINFORCE, no baseline: standard deviation")
    ax.plot([temperature, temperature], [abs(bias), spread], "o", color=style.GREY, clip_on=False)
    ax.minorticks_off()
    ax.set(xlabel="temperature", title="error of one gradient term", xlim=(0.02, 20), ylim=(1e-4, 500))
    ax.legend(loc="upper right")
    return figure, (
        f"At temperature {temperature:g} one relaxed term is off by {bias:+.2g} on average, with standard deviation "
        f"{spread:.2g}; a REINFORCE term is right on average, with standard deviation {reinforce:.2g}."
    )


def mixture_at_temperature(temperature):
    """EM on three clusters at one temperature: where 40 steps take the means, and where k-means takes them."""
    points, start = clusters()
    soft, hard = start, start
    for _ in range(40):
        soft, hard = mixture.em_step(points, soft, temperature), mixture.k_means_step(points, hard)
    shares = mixture.responsibilities(points, soft, temperature)
    figure, ax = style.figure(height=3.2, left=0.2, bottom=0.2)
    owner = np.argmax(shares, axis=-1)
    sure, merged = shares.max(axis=-1) > 0.95, shares.max(axis=-1) < 0.34  # of three
    for cluster, marker in enumerate("os^"):
        for is_sure, face in ((True, COLORS[cluster]), (False, "none")):
            at = points[(owner == cluster) & (sure == is_sure) & ~merged]
            ax.plot(*at.T, marker, color=COLORS[cluster], mfc=face, ms=5, ls="none")
    ax.plot(*points[merged].T, "D", color=style.GREY, mfc="none", ms=5, ls="none")
    ax.plot(*hard.T, "+", color=style.BLACK, ms=16, mew=2, ls="none", label="k-means")
    ax.plot(*soft.T, "x", color=style.PURPLE, ms=11, mew=3, ls="none", label="EM")
    ax.set(title="filled: a responsibility above 95%", xlim=(-4, 4), ylim=(-3.4, 4.2), xticks=[], yticks=[])
    ax.legend(loc="upper left")
    gap = np.abs(soft - hard).max()
    where = f"are at most {gap:.2g} from" if gap > 1e-9 else "coincide with"
    return figure, (
        f"At temperature {temperature:g}, {np.mean(sure):.0%} of the points have a responsibility above 95%, and the "
        f"means of EM {where} those of k-means."
    )


def clusters():
    """90 points in three clusters of unequal spread, and three starting means: (90, 2), (3, 2)."""
    rng = np.random.default_rng(8)
    centres, spreads = np.array([[-2.0, -1.0], [2.0, -1.0], [0.0, 2.0]]), np.array([0.5, 0.8, 0.7])
    points = (centres[:, None] + spreads[:, None, None] * rng.standard_normal((3, 30, 2))).reshape(-1, 2)
    return points, np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])


def exact_gradient():
    """d/d log-odds of E[f(v)], v one-hot, for two categories and f(v) = |v - t|^2: p (1 - p) (f_1 - f_2)."""
    p, values = _two_categories()
    return p * (1 - p) * (values[0] - values[1])


@functools.cache
def relaxed_gradient_moments(temperature):
    """Bias and standard deviation of one relaxed gradient term, by quadrature over the noise.

    With two categories x = sigmoid(y), y = (log-odds + L) / temperature, L logistic (a difference of two Gumbels), and
    the term is f'(x) x (1 - x) / temperature. The integrand is smooth, and falls off as e^-|y| and as
    e^-|L|: with 40 as the end and 0.05 as the step of the narrower one, the trapezoidal rule is exact to rounding.
    """
    y = np.linspace(-40, 40, 1601) / max(temperature, 1.0)
    log_x, log_rest = -np.logaddexp(0, -y), -np.logaddexp(0, y)
    noise = temperature * y - LOG_ODDS
    density = np.exp(-np.logaddexp(0, noise) - np.logaddexp(0, -noise))  # of the logistic distribution
    terms = 4 * (np.exp(log_x) - TARGET) * np.exp(log_x + log_rest) / temperature
    mean, square = (np.sum(terms**power * density) * (y[1] - y[0]) * temperature for power in (1, 2))
    return mean - exact_gradient(), np.sqrt(square - mean**2)


def reinforce_deviation():
    """Standard deviation of one REINFORCE term f(v) (1[k = 1] - p), by summing over the two categories."""
    p, values = _two_categories()
    square = p * (values[0] * (1 - p)) ** 2 + (1 - p) * (values[1] * p) ** 2
    return np.sqrt(square - exact_gradient() ** 2)


def _two_categories():
    """Probability of the first category, and f at both one-hot vectors."""
    return 1 / (1 + np.exp(-LOG_ODDS)), (2 * (1 - TARGET) ** 2, 2 * TARGET**2)


def _bars(ax, places, weights, names):
    for place, weight, color, hatch in zip(places, weights, COLORS, HATCHES, strict=True):
        ax.bar(place, weight, width=0.6, color=color, hatch=hatch, edgecolor="white", lw=0)
        ax.text(place, weight + 0.02, f"{weight:.3f}", ha="center")
    ax.set(xticks=places, xticklabels=names)


def _triangle(ax):
    ax.plot(*np.append(CORNERS, CORNERS[:1], axis=0).T, color=style.BLACK, lw=1)
    for category, (corner, align) in enumerate(zip(CORNERS, ("right", "left", "center"), strict=True)):
        offset = 0.04 if category == 2 else -0.04
        ax.text(corner[0], corner[1] + offset, f"{category + 1}", ha=align, va="bottom" if category == 2 else "top")
    ax.set(xlim=(-0.08, 1.08), ylim=(-0.14, 1.0), aspect="equal")
    ax.axis("off")
    ax.set_title("400 draws on the triangle", loc="center")


def _weights(weights):
    return "(" + ", ".join(f"{weight:.2f}" for weight in weights) + ")"
