"""Pictures of the evidence lower bound: bound and divergence, more samples, ascent, EM, a bound too loose."""

from functools import lru_cache

import numpy as np

from lib import elbo, gaussian, kl
from lib.figures import style
from lib.figures.style import number

ONE = elbo.Model(2.0, 1 / 3)  # z ~ N(0, 1), y ~ N(z, 1/3) and y = 2: posterior N(1.5, 0.5^2)
TWO = elbo.Model(0.5, 2.0, [0.5, 0.5], [-2.5, 2.5], [0.5, 0.5])  # y between two groups: a posterior with two peaks
RUNS = 1_000  # of the bound with several samples
COUNTS = (1, 3, 10, 30, 100, 300, 1_000)
STEPS, SAMPLES, RATE = 90, 10, 0.02  # of the stochastic ascent, from the prior


def split(mean, sigma):
    """Left: q = N(mean, sigma^2) over the posterior N(1.5, 0.5^2). Right: ELBO and KL, which meet the evidence."""
    return _split(ONE, mean, sigma, (-1.5, 4.5), 1.4, (-10.9, 0.6))


def split_peaks(mean, sigma):
    """The same where the posterior has two peaks, which no Gaussian q can be."""
    return _split(TWO, mean, sigma, (-5.5, 5.5), 1.05, (-10.9, 0.6))


def climb(samples, sigma, seed):
    """Left: 1,000 values of log mean(w) with K samples each. Right: their mean over K, with the evidence."""
    values = _climbs(sigma, seed)
    exact = float(ONE.log_evidence())
    figure, (left, right) = style.figure(1, 2, height=2.9, gap=0.75, left=0.2, right=0.3)
    at = values[COUNTS.index(samples)]
    low, high = exact - 4.0, exact + 2.0
    edges = np.linspace(low, high, 61)
    counts, _ = np.histogram(np.clip(at, low, high), bins=edges)
    left.stairs(counts / counts.max(), edges, fill=True, color=style.BLUE)
    left.axvline(exact, color=style.BLACK, ls="--", lw=1.5)
    left.axvline(np.clip(at.mean(), low, high), color=style.RED, lw=1.5)
    left.set(yticks=[], ylim=(0, 1.1), xlabel="nats", title=f"from K = {samples} sample{'s' * (samples > 1)}")
    left.set(xticks=[-6, -4, -2], xlim=(low, high))
    means = values.mean(axis=1)
    tails = np.quantile(values, [0.1, 0.9], axis=1)
    right.fill_between(COUNTS, *np.clip(tails, low, high), color=style.BLUE, alpha=0.25, lw=0)
    right.plot(COUNTS, np.maximum(means, low), "-", color=style.RED)
    right.plot(samples, np.maximum(at.mean(), low), "o", color=style.RED, ms=8, clip_on=False)
    right.axhline(exact, color=style.BLACK, ls="--", lw=1.5)
    right.text(900, exact + 0.35, "log p(y)", ha="right", va="bottom")
    right.set(xscale="log", xlabel="samples K", title="mean, and 8 of 10 values", ylim=(low, high), xlim=(1, 1000))
    right.set(yticks=[-6, -4, -2])
    right.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    right.minorticks_off()
    return figure, (
        f"q = N(1, {number(sigma)}²), K = {samples}: the bound is {number(at.mean())} nats on average, "
        f"{_small(exact - at.mean())} below log p(y) = {number(exact)}; single values scatter by {at.std():.2f}."
    )


def ascent(step, seed):
    """Left: paths of (mean, sigma) over the level lines of the bound. Right: what is left of the divergence."""
    paths = _ascents(seed)
    means, sigmas, values = _levels()
    figure, (left, right) = style.figure(1, 2, height=3.3, gap=0.8, left=0.85, bottom=0.95)
    left.contour(means, sigmas, values, levels=[0.02, 0.1, 0.3, 1, 3, 6], colors=style.GREY, linewidths=0.8)
    left.plot(1.5, 0.5, "*", color=style.BLACK, ms=11)
    left_over = {}
    for name, look in LOOKS.items():
        mean, sigma = paths[name][: step + 1, 0], np.exp(paths[name][: step + 1, 1])
        gap = np.maximum(gaussian.kl(mean, sigma**2, 1.5, 0.25), 1e-5)
        left_over[name] = gap[-1]
        left.plot(np.clip(mean, -0.5, 3), np.clip(sigma, 0.1, 1.8), **look)
        end = {"color": look["color"], "marker": ENDS[name], "ms": 6, "ls": "", "clip_on": False}
        left.plot(np.clip(mean[-1], -0.5, 3), np.clip(sigma[-1], 0.1, 1.8), **end)
        right.plot(np.arange(step + 1), gap, label=name, **look)
        right.plot(step, gap[-1], **end)
    left.set(xlabel="mean of q", title="paths of q", xlim=(-0.5, 3), ylim=(0.1, 1.8), yticks=[0.5, 1, 1.5])
    left.set_ylabel("σ of q")
    right.set(yscale="log", xlim=(0, STEPS), ylim=(1e-5, 60), xlabel="steps", title="log p(y) − ELBO, nats")
    right.set_yticks([1e-4, 1e-2, 1], ["10⁻⁴", "0.01", "1"])
    right.minorticks_off()
    figure.legend(*right.get_legend_handles_labels(), loc="lower center", ncols=3)
    shown = ", ".join(f"{name} {_digits(value)}" for name, value in left_over.items())
    return figure, f"After {step} steps of {SAMPLES} draws, the bound is below the evidence by: {shown} nats."


def em(step):
    """The log-likelihood of the prior's variance, and the bound that touches it where EM stands."""
    data, at = _data(5.0), 0.3
    for _ in range(step):
        at = _em_step(at, data)
    tau = np.linspace(0.1, 8, 200)
    likelihood = _likelihood(tau, 5.0)
    share = at / (at + 1)
    bound = _average_bound(tau, share * data, share, data)
    after = _em_step(at, data)
    figure, ax = style.figure(height=3.0)
    ax.plot(tau, likelihood, color=style.BLACK, ls="--", label="log-likelihood")
    ax.plot(tau, bound, color=style.BLUE, label="ELBO, the q held")
    ax.plot(at, _likelihood(at, 5.0), "o", color=style.BLACK, ms=8)
    ax.plot(after, _average_bound(after, share * data, share, data), "^", color=style.BLUE, ms=8)
    ax.set(xlabel="prior variance τ", title="nats per observation", xlim=(0, 8), ylim=(-5, -1.9))
    ax.legend(loc="lower right")
    return figure, (
        f"EM at τ = {at:.2f}: the bound touches the log-likelihood there (dot) and is highest at {after:.2f} "
        f"(triangle), the next τ. Log-likelihood now {number(_likelihood(at, 5.0), 3)}, then "
        f"{number(_likelihood(after, 5.0), 3)}; its maximum, at τ = 4, is {number(_likelihood(4.0, 5.0), 3)}."
    )


def loose(variance, mean_square):
    """The log-likelihood of the prior's variance, and the best bound with the variance of every q held fixed."""
    data = _data(mean_square)
    tau = np.geomspace(0.02, 16, 1_601)
    likelihood = _likelihood(tau, mean_square)
    bound = _loose_bound(tau, variance, data)
    best, exact = tau[np.argmax(bound)], mean_square - 1
    figure, ax = style.figure(height=3.0)
    ax.plot(tau, likelihood, color=style.BLACK, ls="--", label="log-likelihood")
    ax.plot(tau, np.maximum(bound, -4.6), color=style.RED, label="ELBO, best means of q")
    ax.plot(exact, likelihood.max(), "o", color=style.BLACK, ms=8)
    ax.plot(best, bound.max(), "^", color=style.RED, ms=8)
    ax.set(xscale="log", xlabel="prior variance τ", title="nats per observation", ylim=(-4.5, -1.3), xlim=(0.02, 16))
    ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return figure, (
        f"Mean of y² = {mean_square}, so the likelihood is highest at τ = {exact:g}, where posteriors have variance "
        f"{exact / (exact + 1):.2f}. With variance {variance:g} in every q the bound is highest at τ = {best:.2f}."
    )


def _split(model, mean, sigma, reach, height, limits):
    exact, bound = float(model.log_evidence()), float(elbo.elbo(model.log_joint, mean, sigma**2))
    gap = float(kl.to_mixture(mean, sigma**2, *model.posterior()))
    figure, (left, right) = style.figure(1, 2, height=3.1, gap=0.75, left=0.2, bottom=0.95, width_ratios=[1.5, 1])
    z = np.linspace(*reach, 301)
    left.fill_between(z, np.exp(model.log_posterior(z)), label="posterior", **style.SHADE)
    left.plot(z, np.exp(gaussian.log_density(z, mean, sigma**2)), color=style.BLUE, label="q")
    left.set(xlabel="z", yticks=[], ylim=(0, height), xlim=reach, title="densities")
    left.set_xticks(range(-4, 5, 2) if reach[0] < -4 else range(-1, 5))
    left.legend(loc="upper center", bbox_to_anchor=(0.5, -0.26), ncols=2)
    right.bar(0, bound, width=0.7, color=style.BLUE)
    right.bar(1, gap, width=0.7, bottom=bound, facecolor="white", edgecolor=style.RED, hatch="////", lw=1.5)
    right.plot([0.35, 1.35], [bound, bound], color=style.GREY, lw=1)
    right.axhline(exact, color=style.BLACK, ls="--", lw=1.5)
    right.text(1.45, exact + 0.15, "log p(y)", ha="right", va="bottom")
    right.set(xlim=(-0.5, 1.5), ylim=limits, title="nats", yticks=[-10, -8, -6, -4, -2, 0])
    right.set_xticks([0, 1], ["ELBO", "KL"])
    return figure, (
        f"q = N({number(mean)}, {number(sigma)}²): ELBO {number(bound)} + KL {number(gap)} = "
        f"{number(exact)} = log p(y)."
    )


LOOKS = {
    "REINFORCE": {"color": style.RED, "ls": "--", "lw": 1.5},
    "pathwise": {"color": style.BLUE, "ls": "-", "lw": 1.5},
    "without score": {"color": style.GREEN, "ls": ":", "lw": 2.5},
}
ENDS = {"REINFORCE": "s", "pathwise": "o", "without score": "^"}  # where a path is now
TERMS = {
    "REINFORCE": lambda *at: elbo.reinforce(ONE.log_joint, *at),
    "pathwise": lambda *at: elbo.pathwise(ONE.slope, *at),
    "without score": lambda *at: elbo.landing(ONE.slope, *at),
}


@lru_cache
def _ascents(seed):
    noise = np.random.default_rng(seed).standard_normal((STEPS, SAMPLES))
    return {name: elbo.ascend(terms, 0.0, 1.0, RATE, noise) for name, terms in TERMS.items()}


@lru_cache
def _levels():
    means, sigmas = np.meshgrid(np.linspace(-0.5, 3, 61), np.linspace(0.1, 1.8, 51))
    return means, sigmas, gaussian.kl(means, sigmas**2, 1.5, 0.25)


@lru_cache
def _climbs(sigma, seed):
    """(counts, runs): each run's bound from its first K samples."""
    noise = np.random.default_rng(seed).standard_normal((RUNS, COUNTS[-1]))
    log_w = elbo.log_weights(ONE.log_joint, 1.0, sigma**2, noise)
    return np.stack([elbo.importance_weighted(log_w[:, :count]) for count in COUNTS])


@lru_cache
def _data(mean_square):
    """40 observations with that mean of squares."""
    data = np.random.default_rng(34).standard_normal(40)
    return data * np.sqrt(mean_square / np.mean(data**2))


def _likelihood(tau, mean_square):
    return -0.5 * (np.log(2 * np.pi * (tau + 1)) + mean_square / (tau + 1))


def _average_bound(tau, means, variance, data):
    return np.mean(elbo.conjugate(data, means, variance, 1.0, np.asarray(tau, float)[..., None]), axis=-1)


def _loose_bound(tau, variance, data):
    share = (tau / (tau + 1))[:, None]
    return np.mean(elbo.conjugate(data, share * data, variance, 1.0, tau[:, None]), axis=-1)


def _em_step(tau, data):
    share = tau / (tau + 1)
    return np.mean((share * data) ** 2) + share


def _small(value):
    """Two decimals, none for what rounds to 0."""
    return "0" if abs(value) < 5e-3 else number(value)


def _digits(value):
    return "under 10⁻⁴" if value < 1e-4 else f"{value:.2g}" if value >= 0.01 else f"{value:.4f}"
