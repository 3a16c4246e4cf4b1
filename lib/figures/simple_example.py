"""Pictures of the simple example: z ~ N(a theta + b, 1), minimise F(theta) = E[z^2]."""

import numpy as np

from lib import gaussian, simple_example
from lib.figures import style
from lib.figures.style import number

SLOPE, OFFSET = 2, 3  # the slides' a and b, where a picture does not vary them
START = 0.0  # where the descents begin
VARIANCES = (simple_example.reinforce_variance, simple_example.reparameterized_variance)
ESTIMATORS = {
    "REINFORCE": (simple_example.reinforce, {"color": style.RED, "ls": "--"}),
    "re-parameterised": (simple_example.reparameterized, {"color": style.BLUE, "ls": "-"}),
}


def mean_line(a, b):
    """Left: the density at theta = 1 over the parabola z squared. Right: F over theta with its minimiser."""
    theta = 1
    figure, (left, right) = style.figure(1, 2, height=2.7)
    mu = simple_example.mean(theta, a, b)
    _density_over_parabola(left, mu)
    thetas = np.linspace(-4, 4, 161)
    right.plot(thetas, simple_example.objective(thetas, a, b), color=style.BLUE)
    right.plot(theta, simple_example.objective(theta, a, b), "o", color=style.RED)
    right.set(xlabel="parameter θ", title="objective F(θ) = E[z²]", ylim=(0, 40), xlim=(-4, 4))
    place = f"At θ = 1 the density has mean {number(mu)} and E[z²] = {mu**2 + 1:g}."
    if a == 0:
        return figure, f"{place} With a = 0, θ moves nothing: F is flat and every θ is a minimiser."
    best = float(simple_example.minimizer(a, b)) + 0.0  # -0 becomes 0
    if abs(best) <= 4:
        right.axvline(best, color=style.GREEN, ls=":")
        right.text(best, 38, " θ* ", ha="left" if best < 3 else "right", va="top")
    where = "" if abs(best) <= 4 else ", outside the picture"
    return figure, f"{place} F is smallest at θ* = −b/a = {number(best)}{where}."


def sliding_density(theta):
    """The same with a = 2, b = 3 and theta moving: the density slides to where z squared is small."""
    figure, (left, right) = style.figure(1, 2, height=2.7)
    mu = simple_example.mean(theta, SLOPE, OFFSET)
    _density_over_parabola(left, mu)
    thetas = np.linspace(-3.5, 0.5, 161)
    right.plot(thetas, simple_example.objective(thetas, SLOPE, OFFSET), color=style.BLUE)
    right.plot(theta, simple_example.objective(theta, SLOPE, OFFSET), "o", color=style.RED)
    slope = simple_example.gradient(theta, SLOPE, OFFSET)
    run = np.array([-0.4, 0.4])
    right.plot(theta + run, simple_example.objective(theta, SLOPE, OFFSET) + slope * run, color=style.RED, lw=1.5)
    right.set(xlabel="parameter θ", title="objective F(θ) = E[z²]", ylim=(0, 18), xlim=(-3.6, 0.6))
    return figure, (
        f"At θ = {number(theta)} the mean is {number(mu)}, E[z²] = {mu**2 + 1:.2f}, "
        f"and the slope of F is {number(slope)}."
    )


def terms_over_noise(theta):
    """One term of each estimator as a function of its draw x: the same mean under the bell, another spread."""
    x = np.linspace(-3.2, 3.2, 161)
    figure, ax = style.figure(height=3.0)
    bell = np.exp(gaussian.log_density(x, 0.0, 1.0))
    ax.fill_between(x, -150, -150 + 250 * bell, **style.SHADE)
    for name, (terms, look) in ESTIMATORS.items():
        ax.plot(x, terms(theta, SLOPE, OFFSET, x), **look, label=name)
    exact = simple_example.gradient(theta, SLOPE, OFFSET)
    ax.axhline(exact, color=style.BLACK, lw=1, ls=":")
    ax.set(
        xlabel="noise x (grey: how often it comes)",
        title="one term of the gradient",
        ylim=(-150, 150),
        xlim=(-3.2, 3.2),
    )
    ax.legend(loc="upper left")
    deviations = [np.sqrt(variance(theta, SLOPE, OFFSET)) for variance in VARIANCES]
    return figure, (
        f"At θ = {number(theta)} the exact gradient is {number(exact)} (dotted). One REINFORCE term is off by "
        f"{deviations[0]:.3g} (one standard deviation), a re-parameterised one by {deviations[1]:.3g}."
    )


def gradient_histograms(theta, samples):
    """4,000 estimates of F'(theta), each from `samples` draws, by both estimators from the same draws."""
    noise = np.random.default_rng(32).standard_normal((4_000, samples))
    exact = simple_example.gradient(theta, SLOPE, OFFSET)
    figure, axes = style.figure(2, 1, height=3.4, gap=0.35, sharex=True, left=0.35, right=0.35)
    reach = 100 / np.sqrt(samples)
    spreads = {}
    for ax, (name, (terms, look)) in zip(axes, ESTIMATORS.items(), strict=True):
        error = terms(theta, SLOPE, OFFSET, noise).mean(axis=-1) - exact
        spreads[name] = error.std()
        counts, edges = np.histogram(np.clip(error, -reach, reach), bins=60, range=(-reach, reach))
        ax.stairs(counts, edges, fill=True, color=look["color"])
        ax.axvline(0, color=style.BLACK, lw=1, ls=":")
        ax.set(yticks=[], title=f"{name}, standard deviation {spreads[name]:.2g}")
    axes[1].set(xlabel=f"error of an estimate from {_draws(samples)}", xlim=(-reach, reach))
    ratio = (spreads["REINFORCE"] / spreads["re-parameterised"]) ** 2
    exact_ratio = np.divide(*(variance(theta, SLOPE, OFFSET) for variance in VARIANCES))
    return figure, (
        f"At θ = {number(theta)} the exact gradient is {number(exact)}. From {_draws(samples)} an estimate is off by "
        f"{spreads['REINFORCE']:.2g} with REINFORCE and by {spreads['re-parameterised']:.2g} re-parameterised "
        f"(one standard deviation): REINFORCE's variance is {ratio:.3g} times as large (exactly: {exact_ratio:.3g})."
    )


def variance_over_theta(theta):
    """The exact variances of one term over theta, and their ratio at the theta of the slider."""
    thetas = np.linspace(-4, 1, 201)
    curves = {
        "REINFORCE": (simple_example.reinforce_variance(thetas, SLOPE, OFFSET), style.RED, "--"),
        "REINFORCE, best baseline": (_best_variance(thetas), style.AMBER, "-."),
        "re-parameterised": (simple_example.reparameterized_variance(thetas, SLOPE, OFFSET), style.BLUE, "-"),
    }
    figure, ax = style.figure(height=3.0)
    for name, (variance, color, line) in curves.items():
        ax.semilogy(thetas, variance, color=color, ls=line, label=name)
    plain = simple_example.reinforce_variance(theta, SLOPE, OFFSET)
    best, path = _best_variance(theta), simple_example.reparameterized_variance(theta, SLOPE, OFFSET)
    ax.plot([theta] * 3, [path, best, plain], "o-", color=style.GREY, lw=1, clip_on=False)
    ax.set(xlabel="parameter θ", title="variance of one term", ylim=(8, 40_000), xlim=(-4, 1))
    ax.minorticks_off()
    ax.legend(loc="upper center", handlelength=2.6)
    return figure, (
        f"At θ = {number(theta)}, where μ = {number(simple_example.mean(theta, SLOPE, OFFSET))}, REINFORCE has "
        f"{plain / path:.3g} times the variance of the re-parameterised gradient, {best / path:.3g} times with the "
        f"best constant baseline."
    )


def descents(step, seed):
    """Both descents from theta = 0 with 4 draws a step and the same noise, up to `step`."""
    rate, steps = 0.03, 30
    noise = np.random.default_rng(seed).standard_normal((steps, 4))
    figure, (left, right) = style.figure(1, 2, height=2.9)
    thetas = np.linspace(-3.2, 0.4, 121)
    left.plot(thetas, simple_example.objective(thetas, SLOPE, OFFSET), color=style.GREY, lw=1)
    now = {}
    for name, (terms, look) in ESTIMATORS.items():
        path = simple_example.descend(terms, START, SLOPE, OFFSET, rate, noise)[: step + 1]
        now[name] = path[-1]
        marker = "s" if look["ls"] == "--" else "o"
        left.plot(path, simple_example.objective(path, SLOPE, OFFSET), marker, color=look["color"], ms=4, alpha=0.4)
        left.plot(path[-1], simple_example.objective(path[-1], SLOPE, OFFSET), marker, color=look["color"], ms=8)
        right.plot(path, **look, marker=marker, markevery=[-1], label=name, clip_on=False)
    left.set(xlabel="parameter θ", title="objective F(θ)", ylim=(0, 14), xlim=(-3.2, 0.4))
    right.axhline(simple_example.minimizer(SLOPE, OFFSET), color=style.GREY, lw=1)
    right.set(xlabel="step", title="θ after each step", xlim=(0, steps + 1), ylim=(-3, 0.5))
    right.legend(loc="lower right")
    return figure, (
        f"After {step} steps REINFORCE is at θ = {number(now['REINFORCE'])}, the re-parameterised descent at "
        f"θ = {number(now['re-parameterised'])}; the minimiser is −1.5."
    )


def excess_over_steps(rate, samples):
    """The mean of F(theta) - F(theta*) = mu^2 over 200 descents, at each step: first the way down, then a floor."""
    runs, steps = 200, 160
    noise = np.random.default_rng(7).standard_normal((runs, steps, samples))
    figure, ax = style.figure(height=3.0, left=0.8)
    floors = {}
    for name, (terms, look) in ESTIMATORS.items():
        path = simple_example.descend(terms, START, SLOPE, OFFSET, rate, noise)
        excess = np.mean(simple_example.mean(path, SLOPE, OFFSET) ** 2, axis=0)
        floors[name] = excess[-20:].mean()
        ax.semilogy(excess, **look, label=name)
    share = 2 * SLOPE**2 * rate  # of the mean, taken away by a step
    ax.axhline(share / (samples * (2 - share)), color=style.BLACK, ls=":", lw=1)
    ax.set(xlabel="step", title="mean excess F(θ) − F(θ*) over 200 descents", ylim=(1e-3, 20), xlim=(0, steps))
    ax.minorticks_off()
    ax.legend(loc="upper right")
    return figure, (
        f"At rate {rate:g} with {_draws(samples)} a step, the excess after 140 to 160 steps is "
        f"{floors['REINFORCE']:.2g} with REINFORCE and {floors['re-parameterised']:.2g} re-parameterised."
    )


def _density_over_parabola(ax, mu):
    """z squared, and over it the density of N(mu, 1), stretched so that its peak is seen beside the parabola."""
    z = np.linspace(-9.5, 9.5, 381)
    density = np.exp(gaussian.log_density(z, mu, 1.0))
    ax.plot(z, z**2, color=style.GREY, ls="--", lw=1.5)
    ax.fill_between(z, 40 * density, color=style.BLUE, alpha=0.2, lw=0)
    ax.plot(z, 40 * density, color=style.BLUE)
    ax.plot([mu], [0], "^", color=style.RED, clip_on=False, ms=8)
    ax.set(xlabel="sample z", title="z² (dashed), density of z", yticks=[0, 20, 40], ylim=(0, 48), xlim=(-9.5, 9.5))


def _best_variance(theta):
    best = simple_example.best_baseline(theta, SLOPE, OFFSET)
    return simple_example.reinforce_variance(theta, SLOPE, OFFSET, baseline=best)


def _draws(samples):
    return f"{samples} draw{'s' if samples > 1 else ''}"
