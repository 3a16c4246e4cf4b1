"""Pictures of the re-parameterisation trick: maps of random variables, and gradients through them."""

import numpy as np

from lib import gaussian, gradients, logspace, squared_norm, transforms
from lib.figures import style
from lib.figures.style import number
from lib.transforms import normal_cdf

MAPS = {  # name: branches, and the range of y that is shown
    "eˣ": (transforms.EXP, (0, 5)),
    "e⁻ˣ": (transforms.DECAY, (0, 5)),
    "σ(x)": (transforms.SIGMOID, (0, 1)),
    "x²": (transforms.SQUARE, (0, 5)),
}
LAWS = {  # name: inverse distribution function of the standard law, and the range of z that is shown
    "Gumbel": (transforms.GUMBEL, (-3.2, 10)),
    "logistic": (transforms.LOGISTIC, (-9, 9)),
    "exponential": (transforms.EXPONENTIAL, (-0.5, 9)),
    "Kumaraswamy": (transforms.kumaraswamy(2.0, 5.0), (-0.1, 2.1)),
}
MIXTURE = ((-2.0, 0.6), (2.0, 0.8))  # location and scale of two logistic components
DIMENSIONS = np.unique(np.geomspace(1, 100, 41).round())


def location_scale(mu, sigma):
    """The bell of x above, the bell of z = mu + sigma x below, and where nine of the x go."""
    figure, ax = style.figure(height=3.3, left=0.3, right=0.3)
    line = np.linspace(-6.5, 6.5, 521)
    x = np.linspace(-2, 2, 9)
    z = gaussian.reparameterize(mu, sigma**2, x)
    above = 1 + np.exp(gaussian.log_density(line, 0.0, 1.0))
    below = -np.exp(gaussian.log_density(line, mu, sigma**2))
    ax.fill_between(line, 1, above, color=style.GREY, alpha=0.3, lw=0)
    ax.fill_between(line, below, 0, color=style.BLUE, alpha=0.3, lw=0)
    ax.plot(line, above, color=style.GREY, ls="--")
    ax.plot(line, below, color=style.BLUE)
    ax.plot([x, z], [np.ones(9), np.zeros(9)], color=style.BLACK, lw=1)
    ax.plot(z, np.zeros(9), "o", color=style.BLUE, ms=4)
    ax.text(-6.3, 1.08, "noise x ~ N(0, 1)", va="bottom")
    ax.text(-6.3, -0.82, "sample z", va="bottom", color=style.BLUE)
    ax.set(xlabel="x (above), z (below)", yticks=[], ylim=(-0.85, 1.45), xlim=(-6.5, 6.5), title="z = μ + σx")
    ax.spines["left"].set_visible(False)
    squares = gaussian.reparameterize(mu, sigma**2, np.random.default_rng(26).standard_normal(2_000)) ** 2
    mean, error = gradients.mean_and_error(squares)
    return figure, (
        f"z = {number(mu)} + {sigma:g}x has mean {number(mu)} and variance {sigma**2:g}. E[z²] is "
        f"{mu**2 + sigma**2:.2f} over the density of z; averaged over 2,000 draws of x it is {mean:.2f} ± {error:.2f}."
    )


def inverse_cdf(law, scale):
    """Ten equal slices of u, carried by the inverse distribution function to ten slices of z that hold 0.1 each."""
    standard, reach = LAWS[law]
    quantile = transforms.chain(standard, transforms.affine(0.0, scale))
    figure, (top, bottom) = style.figure(2, 1, height=3.9, gap=0.35, left=0.6, sharex=True)
    z = np.linspace(*reach, 601)
    F = transforms.cdf(quantile, lambda u: u, z)
    density = np.exp(transforms.log_density(quantile, np.zeros_like, z))
    levels = np.arange(1, 10) / 10
    cuts = quantile(levels)
    top.plot(z, F, color=style.BLUE)
    for level, cut in zip(levels, cuts, strict=True):
        top.plot([reach[0], cut, cut], [level, level, 0], color=style.GREY, lw=1)
    edges = [reach[0], *cuts, reach[1]]
    for k, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        inside = np.linspace(low, high, 80)
        heights = np.exp(transforms.log_density(quantile, np.zeros_like, inside))
        color = (style.BLUE, style.AMBER)[k % 2]
        bottom.fill_between(inside, heights, color=color, alpha=0.35, lw=0)
        bottom.plot([low, low], [0, heights[0]], color=style.GREY, lw=1)
    bottom.plot(z, density, color=style.BLACK, lw=1.5)
    top.set(title="distribution function: u = F(z)", ylim=(0, 1), yticks=[0, 0.5, 1])
    peak = {"Gumbel": 0.37, "logistic": 0.25, "exponential": 1.0, "Kumaraswamy": 2.2}[law]
    bottom.set(xlabel="z", title="density of z, in slices of 0.1", xlim=reach, ylim=(0, 2.1 * peak))
    return figure, (
        f"{law} with scale {scale:g}: u = 0.1, 0.5 and 0.9 go to z = {number(cuts[0])}, {number(cuts[4])} and "
        f"{number(cuts[8])}. Between them lies 0.4 of the probability, twice."
    )


def equal_areas(transform, place, width):
    """A strip of x under its density, the map, and the strip of y that it becomes, beside the axis of y."""
    branches, reach = MAPS[transform]
    branches = branches if isinstance(branches, tuple) else (branches,)
    low, high = place - width / 2, place + width / 2
    figure, ((side, middle), (corner, below)) = style.figure(
        2, 2, height=4.6, gap=0.45, left=0.55, right=0.2, width_ratios=(0.8, 1.2), height_ratios=(1.25, 0.75)
    )
    x, y = np.linspace(-3, 3, 301), np.linspace(reach[0], reach[1], 501)[1:-1]
    strip = np.linspace(low, high, 41)
    image = branches[0].forward(strip)
    middle.plot(x, branches[0].forward(x), color=style.BLACK)
    bottom, top = image.min(), image.max()
    for end in (low, high):
        at = branches[0].forward(np.float64(end))
        middle.plot([-3, end, end], [at, at, reach[0]], color=style.RED, lw=1)
    middle.set(xlim=(-3, 3), ylim=reach, title=f"the map y = {transform}")
    below.fill_between(x, np.exp(_standard(x)), **style.SHADE)
    below.fill_between(strip, np.exp(_standard(strip)), color=style.RED, alpha=0.8, lw=0)
    below.set(xlim=(-3, 3), ylim=(0, 0.45), xlabel="x", title="density of x")
    density = np.exp(transforms.log_density(branches, _standard, y))
    widest = {"σ(x)": 2.4}.get(transform, 1.2)
    side.fill_betweenx(y, np.minimum(density, widest), **style.SHADE)
    inside = np.linspace(max(bottom, reach[0] + 1e-3), top, 80)
    part = np.exp(transforms.log_density(branches, _only(low, high), inside))  # of two branches, what this strip gives
    side.fill_betweenx(inside, np.minimum(part, widest), color=style.RED, alpha=0.8, lw=0)
    side.set(ylim=reach, xlim=(widest, 0), title="density of y", ylabel="y")
    corner.axis("off")
    area = np.diff(normal_cdf([low, high]))[0]
    corner.text(0, 0.75, "red areas, each", transform=corner.transAxes, fontsize=10)
    corner.text(0, 0.5, f"{area:.3f}", transform=corner.transAxes, color=style.RED, fontsize=13)
    before, after = np.exp(_standard(place)), np.exp(_standard(place) - _slope(branches, place))
    return figure, (
        f"The strip of x from {number(low)} to {number(high)} and its image, y from {number(bottom)} to "
        f"{number(top)}, both hold {area:.3f}. At x = {number(place)} the slope is {_signed_slope(branches, place)}, "
        f"so a height of {before:.3f} becomes {after:.3f}."
    )


def quotient(function, step):
    """The difference quotient in theta at each noise x, and times the density: its area is the mean."""
    figure, (left, right) = style.figure(1, 2, height=3.0, left=0.5)
    x = np.unique(np.concatenate([np.linspace(-3, 3, 601), [-step - 1e-9, -step + 1e-9, -1e-9, 1e-9]]))
    q = (FUNCTIONS[function](x + step) - FUNCTIONS[function](x)) / step
    bell = np.exp(_standard(x))
    left.plot(x, q, color=style.BLUE)
    right.plot(x, bell, color=style.GREY, ls="--", lw=1)
    right.fill_between(x, q * bell, color=style.BLUE, alpha=0.4, lw=0)
    right.plot(x, q * bell, color=style.BLUE, lw=1)
    tall = function == "step"
    left.set(xlabel="noise x", title="difference quotient", xlim=(-3, 3), ylim=(-0.02, 11) if tall else (-0.02, 1.15))
    right.set(xlabel="noise x", title="times density (dashed)", xlim=(-3, 3), ylim=(0, 4.2) if tall else (0, 0.45))
    share = normal_cdf(0.0) - normal_cdf(-step)
    if tall:
        return figure, (
            f"ε = {step:g}: the quotient of the step is {1 / step:.3g} in {share:.0%} of the draws and 0 in the "
            f"others. Its mean is {share / step:.3f}, and tends to 0.399; the quotient itself tends to 0 at each x."
        )
    mean = (_relu_mean(step) - _relu_mean(0.0)) / step
    return figure, (
        f"ε = {step:g}: the quotient of the ReLU lies between 0 and 1, and on the kink's strip, {share:.0%} of the "
        f"draws, strictly between. Its mean is {mean:.3f}, and tends to 0.500, the mean of its limit."
    )


def slopes(function, theta):
    """f and the bell at theta; J = E[f(z)] with its tangent, and with the slope that the pathwise terms average to."""
    figure, (left, right) = style.figure(1, 2, height=3.0, left=0.5)
    z, thetas = np.linspace(-4, 4, 801), np.linspace(-3, 3, 121)
    values = FUNCTIONS[function](z)
    jumps = np.abs(np.diff(values)) > 0.5
    left.fill_between(z, -1.1 + 3 * _bell(z - theta), -1.1, **style.SHADE)
    shown = np.ma.masked_array(values, np.append(jumps, False))
    for part in np.ma.clump_unmasked(shown):
        left.plot(z[part], values[part], color=style.BLACK)
    left.set(xlabel="sample z (grey: how often)", title=f"f: {function}", xlim=(-4, 4), ylim=(-1.1, 3.2))
    expected, exact, path = EXPECTED[function]
    right.plot(thetas, expected(thetas), color=style.GREY, lw=1.2)
    run = np.array([-1.2, 1.2])
    here, exact, path = (float(part(np.float64(theta))) for part in (expected, exact, path))
    right.plot(theta + run, here + path * run, color=style.BLUE, lw=3, label="pathwise")
    right.plot(theta + run, here + exact * run, color=style.RED, ls="--", lw=1.5, label="exact")
    right.plot(theta, here, "o", color=style.BLACK)
    right.set(xlabel="parameter θ", title="J(θ) = E[f(z)]", xlim=(-3, 3), ylim=(-1.1, 3.2))
    right.legend(loc="upper left")
    verdict = "They agree" if abs(exact - path) < 1e-9 else "The pathwise gradient is wrong"
    return figure, (
        f"{function} at θ = {number(theta)}: the slope of J is {number(exact, 3)}, the mean of the pathwise "
        f"terms is {number(path, 3)}. {verdict}."
    )


def implicit(weight, level):
    """Hold the level u = F(z; w) and raise the weight w: the draw moves to the left, by dF/dw over the density."""
    figure, (top, bottom) = style.figure(2, 1, height=3.9, gap=0.35, left=0.6, sharex=True)
    z, later = np.linspace(-6, 7, 401), weight + 0.1
    at = float(transforms.quantile(lambda z: mixture_cdf(z, weight), level, -20.0, 20.0))
    then = float(transforms.quantile(lambda z: mixture_cdf(z, later), level, -20.0, 20.0))
    top.plot(z, mixture_cdf(z, weight), color=style.BLUE, label=f"w = {weight:g}")
    top.plot(z, mixture_cdf(z, later), color=style.RED, ls="--", label=f"w = {later:g}")
    top.plot([-6, max(at, then)], [level, level], color=style.GREY, lw=1)
    top.plot(at, level, "o", color=style.BLUE)
    top.plot(then, level, "s", color=style.RED, ms=5)
    top.set(title="F(z; w), and a level that is held", ylim=(0, 1.02), yticks=[0, 0.5, 1])
    top.legend(loc="lower right")
    path = transforms.implicit_gradient(mixture_cdf, mixture_log_density, z, weight)
    here = float(transforms.implicit_gradient(mixture_cdf, mixture_log_density, at, weight))
    density = np.exp(mixture_log_density(z, weight))
    bottom.fill_between(z, -30 + 60 * density, -30, **style.SHADE)
    bottom.plot(z, path, color=style.BLUE)
    bottom.plot(at, here, "o", color=style.BLUE)
    bottom.set(xlabel="z (grey: its density)", title="dz/dw", xlim=(-6, 7), ylim=(-30, 1))
    return figure, (
        f"The draw at level u = {level:g} is z = {number(at)} with w = {weight:g}, and {number(then)} with "
        f"w = {later:g}: a quotient of {number((then - at) / 0.1)}. The implicit gradient at w = {weight:g} is "
        f"{number(here)}."
    )


def dimension(dimension, mean):
    """Variance of one term of one component over the dimension, exactly, and simulated where the control stands."""
    figure, ax = style.figure(height=3.2, left=0.75)
    mus = [np.full(int(d), float(mean)) for d in DIMENSIONS]
    plain = [squared_norm.reinforce_variance(mu)[0] for mu in mus]
    best = [squared_norm.reinforce_variance(mu, squared_norm.best_baseline(mu))[0] for mu in mus]
    ax.loglog(DIMENSIONS, plain, color=style.RED, ls="--", label="REINFORCE")
    ax.loglog(DIMENSIONS, best, color=style.AMBER, ls="-.", label="REINFORCE, best baseline")
    ax.loglog(DIMENSIONS, np.full(len(DIMENSIONS), 4.0), color=style.BLUE, label="re-parameterised")
    mu, noise = np.full(dimension, float(mean)), np.random.default_rng(28).standard_normal((2_000, dimension))
    baseline = squared_norm.best_baseline(mu)
    for terms, marker, color in (
        (squared_norm.reinforce(mu, noise), "s", style.RED),
        (squared_norm.reinforce(mu, noise, baseline), "D", style.AMBER),
        (squared_norm.reparameterized(mu, noise), "o", style.BLUE),
    ):
        ax.plot(dimension, np.mean(np.var(terms, axis=0)), marker, color=color, clip_on=False)
    ax.set(xlabel="dimension d (marks: 2,000 draws)", title="variance of one term", xlim=(1, 100), ylim=(2, 1e6))
    ax.minorticks_off()
    ax.legend(loc="upper left", handlelength=2.6)
    exact, with_best = squared_norm.reinforce_variance(mu)[0], squared_norm.reinforce_variance(mu, baseline)[0]
    return figure, (
        f"In {dimension} dimension{'s' if dimension > 1 else ''} with every mean {mean:g}, a REINFORCE term has "
        f"variance {exact:,.0f}, {with_best:,.0f} with the best baseline, and a re-parameterised term 4: "
        f"REINFORCE needs {_times(exact / 4)} or {_times(with_best / 4)} times the draws."
    )


def mixture_cdf(z, weight):
    """F(z; w) of the mixture of two logistic laws, the first with weight w: no formula inverts it."""
    first, second = (logspace.sigmoid((z - location) / scale) for location, scale in MIXTURE)
    return weight * first + (1 - weight) * second


def mixture_log_density(z, weight):
    """log p(z; w) of the same mixture."""
    parts = []
    for (location, scale), share in zip(MIXTURE, (weight, 1 - weight), strict=True):
        u = (z - location) / scale
        parts.append(np.log(share / scale) + logspace.log_sigmoid(u) + logspace.log_sigmoid(-u))
    return np.logaddexp(*parts)


_KINKS = np.arange(-12, 13)


def _bell(theta):
    return np.exp(gaussian.log_density(theta, 0.0, 1.0))


def _bells(theta):
    """The sum of the density of z over the whole numbers, where the sawtooth jumps."""
    return np.sum(_bell(np.asarray(theta)[..., None] - _KINKS), axis=-1)


def _floor_mean(theta):
    """E[floor(theta + x)]: the probabilities of being beyond each whole number, added up."""
    return np.sum(normal_cdf(np.asarray(theta)[..., None] - _KINKS), axis=-1) + _KINKS[0] - 1


def _relu_mean(theta):
    return theta * normal_cdf(theta) + _bell(theta)


FUNCTIONS = {
    "sine": np.sin,
    "ReLU": lambda z: np.maximum(z, 0.0),
    "step": lambda z: (z > 0) * 1.0,
    "sawtooth": lambda z: z - np.floor(z),
}
EXPECTED = {  # J(theta) with z = theta + x, its derivative, and the mean of the pathwise terms f'(z)
    "sine": (lambda t: np.sin(t) * np.exp(-0.5),) + (lambda t: np.cos(t) * np.exp(-0.5),) * 2,
    "ReLU": (_relu_mean, normal_cdf, normal_cdf),
    "step": (normal_cdf, _bell, np.zeros_like),
    "sawtooth": (lambda t: t - _floor_mean(t), lambda t: 1 - _bells(t), np.ones_like),
}


def _standard(x):
    return gaussian.log_density(x, 0.0, 1.0)


def _only(low, high):
    """log of the standard density between low and high, and of 0 elsewhere."""
    return lambda x: np.where((x >= low - 1e-9) & (x <= high + 1e-9), _standard(x), -np.inf)


def _slope(branches, x):
    """log |g'(x)|: the branches of a map share their formula."""
    return branches[0].log_slope(np.float64(x))


def _signed_slope(branches, x):
    inside = [branch for branch in branches if branch.domain[0] < x < branch.domain[1]]
    sign = 1 if inside and inside[0].increasing else -1
    return number(sign * np.exp(_slope(branches, x)))


def _times(ratio):
    return f"{ratio:,.0f}" if ratio >= 100 else f"{ratio:.3g}"
