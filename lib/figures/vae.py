"""Pictures of auto-encoders: restored digits, codes and what is drawn among them, the two terms of the loss.

Held-out digits are encoded; a picture decoded from a code shows the probability of ink in each pixel.
"""

import functools

import numpy as np

from lib import digits, gaussian, logspace, vae
from lib.figures import style
from lib.figures.style import number
from lib.figures.tiles import tiles

WEIGHTS = (0, 0.01, 0.1, 0.5, 1, 2, 4, 10)  # of the divergence in the loss
OBSERVED, DECODER_VARIANCE = 1.5, 0.25  # of the toy: z ~ N(0, 1), x|z ~ N(z, 1/4), and x = 1.5 was seen
SUN = "#FFFFCC"  # of the prior: light enough for colours to read on it
COLOURS = (style.BLUE, style.BLACK, "#006633", style.RED, style.AMBER, style.PURPLE)
COLOURS += ("#006699", "#CC0066", style.GREY, "#336600")  # one for each kind of digit
SOURCES = {
    "prior": "N(0, I)",
    "fitted": "a Gaussian with the mean and covariance of the codes",
    "codes": "the codes of held-out digits",
}


def restored(method, numbers, which):
    """Ten held-out digits above, and below what is left of them after passing through `numbers` numbers.

    method: "network" or "PCA"; numbers: 2 or 8; which: 0, 1, 2, three sets of one digit of each kind
    """
    (_, _), (images, labels) = digits.black_and_white()
    probability = restore(method, numbers)
    chosen = [np.flatnonzero(labels == digit)[which] for digit in range(10)]
    figure, ax = style.figure(height=1.22, left=0.75, right=0.05, bottom=0.1, top=0.3)
    tiles(ax, np.concatenate([images[chosen], probability[chosen]]), columns=10)
    ax.set(title=f"ten held-out digits, {numbers} numbers each")
    for y, word in ((3.5, "before"), (12.5, "after")):
        ax.text(-1.5, y, word, ha="right", va="center")
    wrong = np.sum((probability > 0.5) != images, axis=-1)
    name = "PCA" if method == "PCA" else "the auto-encoder"
    return figure, (
        f"From {numbers} numbers {name} restores these ten with {wrong[chosen].mean():.1f} wrong pixels of 64 on "
        f"average, and all 500 held-out digits with {wrong.mean():.1f}."
    )


def sources(source, seed):
    """Left: the plain auto-encoder's codes, and 25 draws from one of three sources. Right: the draws, decoded."""
    parameters = vae.trained(0.0, sampled=False)
    (images, labels), (held_out, _) = digits.black_and_white()
    codes, _ = vae.encode(parameters, images)
    rng = np.random.default_rng(seed)
    if source == "codes":
        draws = vae.encode(parameters, held_out)[0][rng.permutation(500)]
    else:
        draws = rng.standard_normal((1_000, 2))
        if source == "fitted":
            draws = codes.mean(axis=0) + draws @ np.linalg.cholesky(np.cov(codes.T)).T
    figure, (left, right) = style.figure(1, 2, height=3.05, left=0.4, right=0.05, gap=0.15)
    _plane(left, codes)
    left.plot(*codes.T, ".", color=style.GREY, ms=3, alpha=0.5, mew=0)
    left.plot(*draws[:25].T, "x", color=style.RED, ms=5, mew=1.5)
    left.set(title="codes (dots), draws (×)")
    tiles(right, logspace.sigmoid(vae.decode(parameters, draws[:25])), columns=5)
    right.set(title="the draws, decoded")
    pixels, kinds = score(parameters, draws)
    return figure, (
        f"Draws from {SOURCES[source]} decode to pictures that differ from the nearest training digit in {pixels:.1f} "
        f"pixels on average, and show {kinds:.1f} kinds of digit out of 10."
    )


def two_terms(mean, deviation):
    """The toy: the prior, the likelihood and q over z; the two terms of the loss as bars against -ln p(x)."""
    variance, z = deviation**2, np.linspace(-5.5, 3.5, 361)
    reconstruction = -gaussian.log_density(OBSERVED, mean, DECODER_VARIANCE) + variance / (2 * DECODER_VARIANCE)
    divergence = float(gaussian.kl(mean, variance))
    surprise = -float(gaussian.log_density(OBSERVED, 0.0, 1 + DECODER_VARIANCE))
    loss = reconstruction + divergence
    figure, (left, right) = style.figure(1, 2, height=2.9, left=0.2, gap=0.95, right=0.2)
    left.plot(z, np.exp(gaussian.log_density(z, 0.0, 1.0)), color=style.GREY, ls="--", label="prior p(z)")
    likelihood = np.exp(gaussian.log_density(OBSERVED, z, DECODER_VARIANCE))
    left.plot(z, likelihood, color=style.AMBER, ls="-.", label="p(x|z)")
    q = np.exp(gaussian.log_density(z, mean, variance))
    left.fill_between(z, np.minimum(q, 2.4), color=style.BLUE, alpha=0.2, lw=0)
    left.plot(z, q, color=style.BLUE, label="q(z|x)")
    left.set(xlabel="code z", title="densities", yticks=[], ylim=(0, 2.4), xlim=(-5.5, 3.5), xticks=[-2, 0, 2])
    left.legend(loc="upper left", handlelength=1.9, borderaxespad=0, borderpad=0.1)
    for y, value in ((2, reconstruction), (1, divergence), (0, loss)):
        right.text(9.5, y, f"{value:.2f}", va="center", ha="right")
    right.barh([2, 0], reconstruction, color=style.AMBER, height=0.6)
    striped = {"hatch": "///", "edgecolor": "white", "lw": 0}
    right.barh([1, 0], divergence, left=[0, reconstruction], color=style.GREY, height=0.6, **striped)
    right.axvline(surprise, color=style.BLACK, ls=":", lw=2)
    right.text(surprise + 0.15, 2.55, "−ln p(x)", va="center", fontsize=10)
    right.set(yticks=range(3), yticklabels=["loss", "KL", "recon-\nstruction"], ylim=(-0.5, 2.8), xlim=(0, 9.5))
    right.set(xlabel="nats", title="terms of the loss", xticks=[0, 4, 8])
    return figure, (
        f"With q = N({number(mean)}, {deviation:g}²) the reconstruction error is {reconstruction:.2f} and KL is "
        f"{divergence:.2f}: the loss, {loss:.2f}, is {loss - surprise:.2f} above −ln p(x) = {surprise:.2f}."
    )


def latent_space(weight, seed):
    """Left: a code drawn from q(z|x) for 80 held-out digits, written as the digit. Right: 25 fresh samples."""
    parameters, rng = vae.trained(weight), np.random.default_rng(seed)
    _, (images, labels) = digits.black_and_white()
    mean, log_variance = vae.encode(parameters, images)
    codes = gaussian.reparameterize(mean, np.exp(log_variance), rng.standard_normal((500, 2)))
    draws = rng.standard_normal((1_000, 2))
    figure, (left, right) = style.figure(1, 2, height=3.05, left=0.4, right=0.05, gap=0.15)
    _plane(left, mean)
    _digits(left, codes, labels)
    left.set(title="codes (disk: the prior)")
    tiles(right, logspace.sigmoid(vae.decode(parameters, draws[:25])), columns=5)
    right.set(title="fresh samples")
    reconstruction, divergence = terms(weight)[1]
    pixels, kinds = score(parameters, draws)
    return figure, (
        f"Weight {weight:g}: a held-out digit costs {reconstruction:.1f} nats of reconstruction and "
        f"{divergence:.1f} of KL, an ELBO of {number(-reconstruction - divergence, 1)}. Samples differ from the "
        f"nearest training digit in {pixels:.1f} pixels and show {kinds:.1f} kinds of digit."
    )


def rate_distortion(weight):
    """Reconstruction error over KL, a point for each weight, and the line on which loss(weight) is what it is here."""
    points = np.array([terms(each) for each in WEIGHTS])  # weight, training or held out, reconstruction or KL
    figure, ax = style.figure(height=3.1)
    here, looks = WEIGHTS.index(weight), (("training digits", style.BLUE, "o-"), ("held-out digits", style.RED, "s--"))
    for part, (name, color, look) in enumerate(looks):
        ax.plot(points[:, part, 1], points[:, part, 0], look, color=color, ms=4, label=name, clip_on=False)
        ax.plot(points[here, part, 1], points[here, part, 0], look[0], color=color, ms=8, clip_on=False)
    divergence = np.linspace(0, 100, 2_001)
    (reconstruction, rate), held_out = points[here]
    ax.plot(divergence, reconstruction + weight * (rate - divergence), color=style.BLACK, ls=":", lw=1.2)
    ax.set_xscale("asinh", linear_width=1)
    ax.set(xticks=[0, 1, 2, 5, 10, 20, 50], xticklabels=["0", "1", "2", "5", "10", "20", "50"])
    ax.set(xlim=(0, 80), ylim=(14, 27), xlabel="KL, in nats a digit", title="reconstruction error, in nats a digit")
    ax.minorticks_off()
    ax.legend(loc="upper right")
    return figure, (
        f"At weight {weight:g} a training digit costs {reconstruction:.1f} nats of reconstruction and {rate:.1f} of "
        f"KL; a held-out digit {held_out[0]:.1f} and {held_out[1]:.1f}, an ELBO of {number(-held_out.sum(), 1)}."
    )


def forming(passes, weight):
    """Left: codes drawn from q(z|x) after some passes over the training digits. Right: how wide q has become."""
    here = vae.PASSES.index(passes)
    _, (images, labels) = digits.black_and_white()
    noise = np.random.default_rng(0).standard_normal((500, 2))
    mean, log_variance = vae.encode(vae.history(weight)[passes], images)
    figure, (left, right) = style.figure(1, 2, height=2.95, left=0.4, right=0.1, gap=0.5)
    codes = gaussian.reparameterize(mean, np.exp(log_variance), noise)
    _plane(left, vae.encode(vae.trained(weight), images)[0])
    _digits(left, codes, labels)
    left.set(title=f"codes after {passes} passes")
    for each, color, look in ((0, style.RED, "s--"), (1, style.BLUE, "o-")):
        right.semilogy(_deviations(each), look, color=color, ms=3, label=f"weight {each}")
        if each == weight:
            right.plot(here, _deviations(each)[here], look[0], color=color, ms=8)
    right.set(xticks=range(0, 10, 2), xticklabels=vae.PASSES[::2], xlim=(-0.5, 9.5), ylim=(2e-3, 3), xlabel="passes")
    right.set(title="standard deviation of q")
    right.minorticks_off()
    right.legend(loc="lower left")
    divergence = gaussian.kl(mean, np.exp(log_variance)).sum(axis=-1).mean()
    return figure, (
        f"At weight {weight:g}, after {passes} pass{'' if passes == 1 else 'es'}, q(z|x) has standard deviation "
        f"{_deviations(weight)[here]:.2g} on average, the means of held-out digits are spread by "
        f"{mean.std(axis=0).mean():.2g}, and KL is {divergence:.1f} nats."
    )


def score(parameters, draws):
    """How much like digits the pictures decoded from codes (n, 2) are, each pixel at its likelier value.

    returns: the mean number of pixels in which they differ from the nearest training digit, and the number of kinds of
             digit: exp(entropy) of the nearest digits' labels, from 1, all of one kind, to 10, as many of each
    """
    (images, labels), _ = digits.black_and_white()
    index, pixels = digits.nearest((vae.decode(parameters, draws) > 0).astype(float), images)
    share = np.bincount(labels[index], minlength=10) / len(index)
    share = share[share > 0]
    return pixels.mean(), np.exp(-np.sum(share * np.log(share)))


@functools.cache
def terms(weight):
    """Reconstruction error and KL in nats a digit, for the training digits and for the held-out ones: (2, 2)."""
    result = []
    for images, _ in digits.black_and_white():
        noise = np.random.default_rng(1).standard_normal((20, len(images), 2))
        result.append([term.mean() for term in vae.losses(vae.trained(weight), images, noise)])
    return np.array(result)


@functools.cache
def restore(method, numbers):
    """The held-out digits after encoding and decoding, (500, 64): probabilities of ink, or what PCA takes for them."""
    (images, _), (held_out, _) = digits.black_and_white()
    if method == "PCA":
        centre = images.mean(axis=0)
        directions = np.linalg.svd(images - centre, full_matrices=False)[2][:numbers]
        return centre + (held_out - centre) @ directions.T @ directions
    parameters = vae.trained(0.0, latent=numbers, sampled=False)
    return logspace.sigmoid(vae.decode(parameters, vae.encode(parameters, held_out)[0]))


@functools.cache
def _deviations(weight):
    """The standard deviation of q(z|x), on average over held-out digits and latent dimensions, after each of PASSES."""
    _, (images, _) = digits.black_and_white()
    return [np.exp(0.5 * vae.encode(parameters, images)[1]).mean() for parameters in vae.history(weight).values()]


def _plane(ax, codes):
    """A square window of the code plane that holds these codes and the prior N(0, I): a disk of 2 standard deviations,
    and a circle at 1."""
    angle = np.linspace(0, 2 * np.pi, 181)
    for radius, fill in ((2, SUN), (1, "none")):
        circle = radius * np.cos(angle), radius * np.sin(angle)
        ax.fill(*circle, facecolor=fill, edgecolor=style.BLACK, lw=1.2, zorder=0.5)
    low, high = np.minimum(codes.min(axis=0), -2.7), np.maximum(codes.max(axis=0), 2.7)
    half = 1.06 * np.max(high - low) / 2
    for middle, limits in zip((low + high) / 2, (ax.set_xlim, ax.set_ylim), strict=True):
        limits(middle - half, middle + half)
    ticks = [-2, 0, 2] if half < 8 else [-10, 0, 10]
    ax.set(xticks=ticks, yticks=ticks, xlabel="first number (up: second)")


def _digits(ax, codes, labels):
    """Codes of eight digits of each kind, written as those digits, but none that the window's edge would cut."""
    low, high = np.transpose([ax.get_xlim(), ax.get_ylim()])
    for digit, colour in enumerate(COLOURS):
        chosen = codes[labels == digit][:8]
        chosen = chosen[np.all(np.abs(chosen - (low + high) / 2) < 0.95 * (high - low) / 2, axis=-1)]
        ax.plot(*chosen.T, color=colour, marker=rf"$\mathbf{{{digit}}}$", ls="", ms=8, mew=0)
