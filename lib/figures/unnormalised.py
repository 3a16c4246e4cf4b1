"""Pictures of why an unnormalised model works: one Gaussian, exp(theta_1 - theta_2 x^2 / 2), its scale left free.

The data are N(0, 1), so the true parameters are theta = (-log(2 pi) / 2, 1), and the noise is N(0, 4) unless said
otherwise. An estimate of log Z is -theta_1, since the true scale is 1/Z with Z = sqrt(2 pi).
"""

import functools

import numpy as np

from lib import gaussian, logspace, nce
from lib.figures import style

WIDTH = 2.0  # standard deviation of the noise
TRUTH = np.array([-0.5 * np.log(2 * np.pi), 1.0])
RATIOS = (1, 3, 10)
DRAWS = (50, 100, 200, 400)
FITS = 150  # of each pair of a ratio and a number of draws
MASSES = np.geomspace(0.1, 10, 81)  # of the model, on the axes of the objective
STEP = 0.02
GRID = STEP * np.arange(-1000, 1001)  # the noise beyond is 2e-23, or as good as flat where it is wide


def features(x):
    """(..., 2): what the log of the model is linear in, 1 and -x^2 / 2."""
    x = np.asarray(x, dtype=float)
    return np.stack([np.ones_like(x), -0.5 * x**2], axis=-1)


def log_noise(x, location=0.0, width=WIDTH):
    return gaussian.log_density(x, location, width**2)


def on_grid(location=0.0, width=WIDTH):
    """The data's density and the log of the noise's, both times the step of the grid, so that sums are integrals."""
    p = STEP * np.exp(gaussian.log_density(GRID, 0.0, 1.0))
    return p, np.log(STEP) + log_noise(GRID, location, width)


def limit(mass, ratio):
    """C of a model with the true shape and the given total mass, (...), by a fine sum."""
    p, noise = on_grid()
    scores = np.log(STEP * np.asarray(mass, dtype=float))[..., None] + gaussian.log_density(GRID, 0.0, 1.0)
    return nce.expected_objective(scores, p, noise, ratio)


def sample(mass, data, noise):
    """C_n of the same model at draws of the data (..., n) and of the noise (..., m): the terms of both sums, the
    second's times nu, so that C_n is the sum of their means over the last axis."""
    ratio, log_mass = noise.shape[-1] / data.shape[-1], np.log(np.asarray(mass, dtype=float))[..., None]
    delta = [
        nce.shifted_score(log_mass + gaussian.log_density(x, 0.0, 1.0), log_noise(x), ratio) for x in (data, noise)
    ]
    return logspace.log_sigmoid(delta[0]), ratio * logspace.log_sigmoid(-delta[1])


def model_scale(mass, ratio):
    """A model of the true shape and a wrong scale: model and noise, their odds, the classifier, the objective."""
    x = np.linspace(-5, 5, 201)
    p, noise = np.exp(gaussian.log_density(x, 0.0, 1.0)), ratio * np.exp(log_noise(x))
    figure, ((densities, odds), (classifier, objective)) = style.figure(2, 2, height=4.7, left=0.6, gap=0.7)
    densities.plot(x, p, color=style.BLACK, ls="--", lw=1.5, zorder=3)
    densities.plot(x, np.minimum(mass * p, 1.1), color=style.BLUE)
    densities.plot(x, noise, color=style.RED, ls=":")
    densities.set(title="u (line), p (dashed), νq", ylim=(0, 1.05), yticks=[0, 0.5, 1])
    inner = np.abs(x) <= 4
    odds.semilogy(x[inner], (noise / p)[inner], color=style.BLACK, ls="--", lw=1.5, zorder=3)
    odds.semilogy(x[inner], (noise / (mass * p))[inner], color=style.BLUE)
    odds.set(title="odds G = νq/u", ylim=(0.03, 2e4), yticks=[0.1, 1, 10, 100, 1000])
    odds.set(yticklabels=["0.1", "1", "10", "100", "1000"])
    classifier.plot(x, p / (p + noise), color=style.BLACK, ls="--", lw=1.5, zorder=3)
    classifier.plot(x, mass * p / (mass * p + noise), color=style.BLUE)
    classifier.set(title="P(data) = 1/(1 + G)", ylim=(0, 1), yticks=[0, 0.5, 1])
    for ax in (densities, odds, classifier):
        ax.set(xlim=(-5, 5), xticks=[-4, 0, 4])
    classifier.set(xlabel="w")
    curve = limit(MASSES, ratio)
    objective.semilogx(MASSES, curve - curve.max(), color=style.BLUE)
    here = limit(mass, ratio) - limit(1.0, ratio)
    objective.axvline(1, color=style.BLACK, ls="--", lw=1.5)
    objective.plot(mass, here, "o", color=style.RED, ms=8, clip_on=False)
    objective.set(title="C less its top", xlabel="mass of the model", xlim=(0.1, 10), ylim=(-2.9, 0.1))
    objective.set(xticks=[0.1, 1, 10], xticklabels=["0.1", "1", "10"], yticks=[-2, -1, 0])
    for ax in (odds, objective):
        ax.minorticks_off()
    share = mass * p[100] / (mass * p[100] + noise[100])
    true = p[100] / (p[100] + noise[100])
    verdict = "as it is" if mass == 1 else f"and {true:.2f} is right; C is {-here:.3f} below its top"
    return figure, (
        f"With total mass {mass:g} and ν = {ratio:g} the classifier says P(data) = {share:.2f} at w = 0, {verdict}."
    )


def sampled_objective(draws, seed):
    """C_n over the model's mass from n draws of the data and as many of the noise, against its limit C."""
    rng = np.random.default_rng([17, seed])  # draws come in pairs: more draws keep the earlier ones
    data, noise = (rng.standard_normal((10_000, 2))[:draws] * [1.0, WIDTH]).T
    values = np.sum([terms.mean(axis=-1) for terms in sample(MASSES, data, noise)], axis=0)
    curve = limit(MASSES, 1)
    best = MASSES[np.argmax(values)]
    figure, ax = style.figure(height=2.9)
    ax.semilogx(MASSES, curve, color=style.BLACK, ls="--", label="limit C")
    ax.semilogx(MASSES, values, color=style.BLUE, label="Cₙ")
    ax.plot(1, curve.max(), "s", color=style.BLACK, ms=7)
    ax.plot(best, values.max(), "o", color=style.BLUE, ms=8)
    ax.minorticks_off()
    ax.set(xlabel="total mass of the model", xlim=(0.1, 10), ylim=(-2.8, -0.7), title="objective, per draw of the data")
    ax.set(xticks=[0.1, 1, 10], xticklabels=["0.1", "1", "10"])
    ax.legend(loc="upper left", ncols=2)
    gap = np.abs(values - curve).max()
    return figure, (
        f"From {draws:,} draws of each kind Cₙ is highest at a mass of {best:.2g}; it is at most {gap:.2g} from its "
        f"limit."
    )


def one_point(place, ratio):
    """What one point adds to C: a function F of the odds G there, and of the score s = log u there.

    Both are drawn less their top and divided by the overlap h, so that near it both are -d^2 / 2 at every point.
    """
    p, noise = np.exp(gaussian.log_density(place, 0.0, 1.0)), ratio * np.exp(log_noise(place))
    best = noise / p
    bend = best + np.sqrt(best**2 + best)  # where the second derivative in G is 0
    overlap_here = p * noise / (p + noise)

    def below(odds):
        return (noise * np.log(odds / best) - (p + noise) * np.log((1 + odds) / (1 + best))) / overlap_here

    figure, (left, right) = style.figure(1, 2, height=2.9, left=0.55, gap=0.45)
    odds = np.linspace(0.05, 6, 239) * best
    for part, line, name in ((odds <= bend, "-", "concave"), (odds >= bend, ":", "convex")):
        left.plot(odds[part] / best, below(odds[part]), color=style.BLUE, ls=line, label=name)
    score = np.linspace(-3, 3, 121)  # less log p
    right.plot(score, below(best * np.exp(-score)), color=style.BLUE)
    for ax, at in ((left, 1), (right, 0)):
        ax.plot(at, 0, "o", color=style.RED, ms=8, clip_on=False)
        ax.set(ylim=(-3, 0.1), yticks=[-3, -2, -1, 0])
    left.set(title="against the odds", xlabel="G, in units of νq/p", xlim=(0, 6), xticks=[0, 1, 2, 4, 6])
    right.set(title="against the score", xlabel="s − log p", xlim=(-3, 3), xticks=[-3, 0, 3])
    left.legend(loc="lower right")
    curvature = -(p**3) / (noise * (p + noise))
    return figure, (
        f"At w = {place:g} with ν = {ratio:g}, p is {p:.3f} and νq is {noise:.3f}: the top is at G = {best:.2f}, where "
        f"the second derivative in G is {f'{curvature:.2g}'.replace('-', '−')}."
    )


def log_z_estimates(draws, ratio):
    """The estimates of log Z from 150 samples, with the normal curve that large samples promise."""
    theta, _ = estimates(draws, ratio)
    found = -theta[:, 0]
    deviation = np.sqrt(covariance(ratio)[0, 0] / draws)
    figure, ax = style.figure(height=2.7)
    edges = np.linspace(0.2, 1.8, 41)
    ax.stairs(np.histogram(found, edges)[0] / FITS / 0.04, edges, fill=True, **style.SHADE)
    at = np.linspace(0.2, 1.8, 321)
    ax.plot(at, np.exp(gaussian.log_density(at, -TRUTH[0], deviation**2)), color=style.BLUE)
    ax.axvline(-TRUTH[0], color=style.BLACK, ls="--", lw=1.5)
    ax.set(title="estimates (bars), large-sample law (line)", xlabel="estimated log Z; dashed: the true 0.919")
    ax.set(xlim=(0.2, 1.8), ylim=(0, 14), yticks=[0, 5, 10])
    return figure, (
        f"With n = {draws} and ν = {ratio:g} the {FITS} estimates of log Z have mean {found.mean():.3f} and standard "
        f"deviation {found.std():.3f}, the worst is off by {np.abs(found + TRUTH[0]).max():.2f}; the large-sample "
        f"formula says {deviation:.3f} around 0.919."
    )


MARKERS = {1: "o", 3: "s", 10: "^"}
LINES = {1: ":", 3: "-.", 10: "-"}
COLORS = {1: style.RED, 3: style.PURPLE, 10: style.BLUE}


def squared_errors(parameter, shown):
    """Mean squared error against n, for as many ratios as shown, and for maximum likelihood; lines by the formula."""
    column = {"log Z": 0, "precision": 1}[parameter]
    figure, ax = style.figure(height=3.3)
    n = np.array(DRAWS)
    likely = [mean_square(estimates(draws, 1)[1])[column] for draws in DRAWS]
    ax.loglog(n, likely, "D", color=style.BLACK, ms=6)
    ax.loglog(n, (0.5, 2.0)[column] / n, color=style.BLACK, ls="--", lw=1.5)
    ax.plot([], [], "D--", color=style.BLACK, lw=1.5, ms=6, label="maximum likelihood")
    for ratio in RATIOS[: int(shown)]:
        errors = [mean_square(estimates(draws, ratio)[0])[column] for draws in DRAWS]
        look = {"color": COLORS[ratio], "lw": 1.5, "ms": 6}
        ax.loglog(n, errors, MARKERS[ratio], **look)
        ax.loglog(n, covariance(ratio)[column, column] / n, LINES[ratio], **look)
        ax.plot([], [], MARKERS[ratio] + LINES[ratio], **look, label=f"NCE, ν = {ratio}")
    ax.minorticks_off()
    ax.set(xlabel="draws of the data, n", title=f"mean squared error of {parameter}", xlim=(44, 455))
    ax.set(xticks=n, xticklabels=n, ylim=((4e-4, 0.1), (1e-3, 0.2))[column])
    ax.set(yticks=[0.001, 0.01, 0.1], yticklabels=["0.001", "0.01", "0.1"])
    ax.legend(loc="lower left")
    if shown == 0:
        return figure, f"Maximum likelihood: at n = 400 the mean squared error of {parameter} is {likely[-1]:.2g}."
    return figure, (
        f"With ν = {ratio} the mean squared error of {parameter} at n = 400 is {errors[-1]:.2g}, "
        f"{errors[-1] / likely[-1]:.1f} times that of maximum likelihood."
    )


def bad_noise(width, location):
    """Twenty fits with a noise of some width and place: which of it overlaps the data, and what comes out."""
    x = np.linspace(-4, 8, 301)
    p, q = np.exp(gaussian.log_density(x, 0.0, 1.0)), np.exp(log_noise(x, location, width))
    fits, without = fits_with(width, location)
    figure, (top, bottom) = style.figure(2, 1, height=4.4, gap=0.65)
    top.plot(x, p, color=style.BLACK, ls="--", lw=1.5)
    top.plot(x, np.minimum(q, 1.1), color=style.RED, ls=":")
    top.fill_between(x, p * q / (p + q), **style.SHADE)
    top.set(xlim=(-4, 8), ylim=(0, 1.0), yticks=[0, 0.5, 1], title="data p (dashed), noise q (dotted), overlap (grey)")
    with np.errstate(over="ignore"):
        for theta in fits:
            bottom.plot(x, np.minimum(np.exp(np.minimum(features(x) @ theta, 5)), 1.1), color=style.BLUE, lw=0.6)
    bottom.plot(x, p, color=style.BLACK, ls="--", lw=1.5)
    bottom.set(xlim=(-4, 8), ylim=(0, 1.0), yticks=[0, 0.5, 1], xlabel="w", title="fitted models u, and p (dashed)")
    scale, precision = np.sqrt(np.diag(covariance(1, location, width)) / 100)
    share = overlap(location, width)
    lost = f"; there is no estimate from {without} of 20 samples" if without else ""
    return figure, (
        f"Noise of width {width:g} at {location:g}: the overlap has mass {share:.3f}; for 100 draws, large-sample "
        f"theory predicts standard errors of {scale:.2g} for log Z and {precision:.2g} for the precision{lost}."
    )


def overlap(location, width):
    """The integral of pq/(p + q), from 0 to 1/2, where p = q."""
    p, noise = on_grid(location, width)
    return np.sum(p * logspace.sigmoid(noise - np.log(STEP) - gaussian.log_density(GRID, 0.0, 1.0)))


@functools.cache
def fits_with(width, location):
    """Twenty fits of 100 draws each, with as much noise, and how many samples had none: separable, or so nearly that
    Newton's method finds no maximum."""
    rng = np.random.default_rng(99)
    fits, without = [], 0
    for _ in range(20):
        data, noise = rng.standard_normal((2, 100))
        noise = location + width * noise
        try:
            fits.append(fit(data, noise, location, width))
        except ValueError:
            without += 1
    return fits, without


def is_separable(data, noise):
    """Whether a threshold on x^2, all that the model looks at, tells data from noise without a mistake."""
    inner, outer = data**2, noise**2
    return bool(inner.max() < outer.min() or outer.max() < inner.min())


def fit(data, noise, location=0.0, width=WIDTH):
    """The parameters of the unnormalised Gaussian from draws of the data and of the noise, (2,)."""
    return nce.fit(features(data), features(noise), log_noise(data, location, width), log_noise(noise, location, width))


@functools.cache
def estimates(draws, ratio):
    """150 fits with `draws` draws of the data, and maximum likelihood on the same data: two arrays (150, 2).

    Maximum likelihood: precision 1 / mean(x^2), and the scale that normalises it.
    """
    contrastive, likely = np.empty((2, FITS, 2))
    for i in range(FITS):
        data = np.random.default_rng([draws, i]).standard_normal(draws)
        noise = WIDTH * np.random.default_rng([draws, i, ratio]).standard_normal(draws * ratio)
        contrastive[i] = fit(data, noise)
        precision = 1 / np.mean(data**2)
        likely[i] = 0.5 * np.log(precision / (2 * np.pi)), precision
    return contrastive, likely


def mean_square(theta):
    return np.mean((theta - TRUTH) ** 2, axis=0)


@functools.cache
def covariance(ratio, location=0.0, width=WIDTH):
    """n times the covariance of the estimates, n large."""
    return nce.asymptotic_covariance(features(GRID), *on_grid(location, width), ratio)
