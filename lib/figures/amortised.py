"""Pictures of amortised inference: exact posteriors and what an encoder says, a training, and what the decoder learnt.

All parameters come from the trainings that `lib.vae` keeps; nothing is trained twice.
"""

import functools

import numpy as np
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.textpath import TextPath

from lib import amortised, digits, gaussian, logspace, ppca, vae
from lib.figures import style
from lib.figures.style import number
from lib.figures.tiles import tiles

PAIRS = {"1 to 7": (1, 7), "3 to 8": (3, 8), "4 to 9": (4, 9)}
STEPS = np.linspace(0, 1, 9)  # of a walk between two digits
STRIP_IMAGES = {"0110": 6, "1100": 12, "0000": 0, "1010": 10, "1001": 9}


# --- the strip of four pixels, and one pixel on a line ----------------------------------------------------------------


def strip_posterior(image, steepness):
    """The exact posterior of the spot's place, the best Gaussian, and what a linear encoder says.

    image: number of the image, 0 to 15, its pixels as a binary number; steepness: of the decoder, positive
    """
    log_posterior, answers, best, gaps = _strip(steepness)
    z = np.linspace(-3.2, 3.2, 129)
    posterior = np.exp(np.interp(z, amortised.STRIP_AXIS, log_posterior[image]))
    figure, ax = style.figure(height=3.3, left=0.4)
    ax.fill_between(z, posterior, color=style.GREY, alpha=0.3, lw=0)
    ax.plot(z, posterior, color=style.BLACK, lw=1.5, label="exact posterior")
    for (mean, log_variance), look in (
        (best, {"color": style.BLUE, "ls": "-", "label": "best Gaussian"}),
        (answers, {"color": style.RED, "ls": "--", "label": "linear encoder"}),
    ):
        ax.plot(z, np.exp(gaussian.log_density(z, mean[image], np.exp(log_variance[image]))), **look)
    for centre, ink in zip(amortised.CENTRES, amortised.all_images(4)[image], strict=True):
        square = {"facecolor": style.BLACK if ink else "white", "edgecolor": style.BLACK}
        ax.bar(centre, 0.15, width=0.9, bottom=2.6, **square)
    ax.set(xlabel="place z of the spot", title="density; above, the image")
    ax.set(xlim=(-3.2, 3.2), ylim=(0, 2.8), yticks=[0, 1, 2])
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 0.94), ncols=3, columnspacing=1.2)
    return figure, (
        f"Image {image:04b} at steepness {steepness:g}: the best Gaussian is {gaps[0][image]:.2f} nats below log p(x) "
        f"(approximation gap), and the linear encoder another {gaps[1][image]:.2f} below that (amortisation gap)."
    )


def bent_decoder(bend, variance):
    """One real pixel x ~ N(f(z), variance): the posterior of z over x, for f bent from a line to a step, and a line.

    bend: from 0, f(z) = z, to 1, f(z) = tanh 4z; variance: of the pixel's noise, positive
    """
    z, x = np.linspace(-5, 5, 301), np.linspace(-4, 4, 161)
    f = (1 - bend) * z + bend * np.tanh(4 * z)
    joint = np.exp(gaussian.log_density(x[:, None], f, variance) + gaussian.log_density(z, 0.0, 1.0))
    evidence = joint.sum(axis=-1)
    mean = joint @ z / evidence
    deviation = np.sqrt(joint @ z**2 / evidence - mean**2)
    weights = evidence / evidence.sum()
    slope = np.sum(weights * x * mean) / np.sum(weights * x**2)  # both have mean 0
    away = np.sqrt(np.sum(weights * ((mean - slope * x) / deviation) ** 2))
    figure, (left, right) = style.figure(1, 2, height=2.9, left=0.5, gap=0.6)
    left.plot(z, f, color=style.GREEN)
    left.set(xlabel="code z", title="decoder's mean f(z)", xlim=(-3, 3), ylim=(-3, 3))
    right.fill_between(x, mean - deviation, mean + deviation, color=style.GREY, alpha=0.3, lw=0)
    right.plot(x, mean, color=style.BLACK, label="exact")
    right.plot(x, slope * x, color=style.RED, ls="--", label="linear")
    right.set(xlabel="pixel x", title="mean of z given x", xlim=(-2.5, 2.5), ylim=(-3, 3))
    right.legend(loc="upper left")
    widths = deviation[weights > 1e-4 * weights.max()]
    return figure, (
        f"Bend {bend:g}, noise variance {variance:g}: the exact mean is {away:.2f} posterior standard deviations "
        f"from the best straight line (root mean square), and that deviation goes from {widths.min():.2f} to "
        f"{widths.max():.2f} over x."
    )


def factorised(angle, variance=0.5):
    """The exact posterior of a linear model with two codes, its weights turned by an angle; the best q without tilt.

    angle: in degrees; variance: of the pixels' noise
    """
    turn = np.radians(angle)
    weights = np.diag([2.0, 0.7]) @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    _, covariance = ppca.posterior(np.zeros(2), weights, np.zeros(2), variance)
    variances, gap = ppca.best_factorised(covariance)
    figure, ax = style.figure(height=3.1, left=0.65, right=1.6)
    circle = np.stack([np.cos(np.linspace(0, 2 * np.pi, 121)), np.sin(np.linspace(0, 2 * np.pi, 121))])
    ax.plot(*circle, color=style.GREY, ls=":", label="prior")
    ax.fill(*(np.linalg.cholesky(covariance) @ circle), color=style.BLACK, alpha=0.2, lw=0)
    ax.plot(*(np.linalg.cholesky(covariance) @ circle), color=style.BLACK, lw=1.5, label="exact posterior")
    ax.plot(*(np.sqrt(variances)[:, None] * circle), color=style.BLUE, ls="--", label="best q")
    ax.set(xlabel="code z₁ (from its mean)", title="z₂: one standard deviation", xlim=(-1.34, 1.34), ylim=(-1.1, 1.1))
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    first, second = np.sqrt(variances)
    return figure, (
        f"Weights turned by {angle:g}°: the best q with independent components has "
        f"standard deviations {first:.2f} and {second:.2f}, and leaves a gap of {abs(gap):.3f} nats."
    )


# --- training ---------------------------------------------------------------------------------------------------------


def learning(passes, latent):
    """Left: the ELBO of training and of held-out digits. Right: held-out digits, restored, and draws from the prior.

    passes: over the training digits, one of `vae.PASSES`; latent: dimensions of the code
    """
    parameters = vae.history(latent=latent)[passes]
    curves, baseline = _curves(latent), amortised.held_out_baseline()
    figure, (left, right) = style.figure(1, 2, height=3.0, left=0.55, gap=0.3, right=0.05)
    left.set_position([0.11, 0.185, 0.4, 0.715])
    right.set_position([0.54, 0.1, 0.45, 0.8])
    at, places = vae.PASSES.index(passes), np.sqrt(vae.PASSES)
    looks = {"color": style.GREY, "ls": "--", "label": "training"}, {"color": style.BLUE, "label": "held out"}
    for values, look in zip(curves, looks, strict=True):
        left.plot(places, values, **look)
        marker = "o" if values[at] > -32 else "v"  # below the picture
        left.plot(places[at], max(values[at], -31.6), marker, color=look["color"], clip_on=False)
    left.axhline(baseline, color=style.AMBER, ls=":", lw=1.5)
    left.text(places[-1], baseline - 0.2, "without z", color=style.AMBER, ha="right", va="top", fontsize=10)
    left.set(xlabel="passes", title="ELBO of a digit, nats", xlim=(0, places[-1]), ylim=(-32, -17))
    ticks = [0, 4, 16, 64, 128, 200]
    left.set_xticks(np.sqrt(ticks), ticks)
    left.legend(loc="lower right", bbox_to_anchor=(1.0, 0.02))
    images = _first_of_each()[[0, 3, 6, 7]]
    restored = logspace.sigmoid(vae.decode(parameters, vae.encode(parameters, images)[0]))
    noise = np.random.default_rng(3).standard_normal((4, latent))
    drawn = logspace.sigmoid(vae.decode(parameters, noise))
    tiles(right, np.concatenate([images, restored, drawn]), columns=4)
    right.set_title("digits, restored, drawn")
    training, held_out = (values[at] for values in curves)
    beyond = held_out - baseline
    word, unit = "above" if beyond > 0 else "below", "pass" if passes == 1 else "passes"
    return figure, (
        f"{latent} latent dimensions, after {passes} {unit}: held-out ELBO {number(held_out)} nats a digit, "
        f"{abs(beyond):.1f} {word} the model without z, and training ELBO {number(training)}."
    )


def digit_posterior(digit, which):
    """The exact posterior of a held-out digit in the latent plane, the best Gaussian and the encoder's.

    digit: 0 to 9; which: 0, 1, … among the held-out digits of that kind
    """
    parameters = vae.trained(latent=2)
    images, answers, bests, evidence, gaps = _answers(which)
    image, approximation, amortisation = images[digit], gaps[0][digit], gaps[1][digit]
    figure, (left, right) = style.figure(1, 2, height=3.0, left=0.1, gap=0.8, width_ratios=[0.8, 1])
    left.set_position([0.02, 0.2, 0.32, 0.62])
    right.set_position([0.48, 0.185, 0.49, 0.715])
    tiles(left, image[None], columns=1)
    left.set_title("held out")
    around, centre = np.linspace(-1.8, 1.8, 73), answers[0][digit]
    codes = centre + np.stack(np.meshgrid(around, around), axis=-1)
    logits = vae.decode(parameters, codes)
    log_p = logits @ image - np.logaddexp(0, logits).sum(axis=-1)
    log_p += gaussian.log_density(codes, 0.0, 1.0).sum(axis=-1)
    density = np.exp(log_p - log_p.max())
    right.contourf(around, around, density, levels=[0.05, 0.25, 0.5, 0.75, 1.01], cmap="Greys", vmin=-0.3, vmax=1.5)
    for (mean, log_variance), look in (
        (bests, {"color": style.BLUE, "ls": "-", "label": "best Gaussian"}),
        (answers, {"color": style.RED, "ls": "--", "label": "encoder"}),
    ):
        right.plot(*_ellipse(mean[digit] - centre, log_variance[digit]), **look)
    right.set(xlabel="z₁ from the encoder's mean", title="z₂: exact posterior, grey")
    right.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    right.legend(loc="upper right", fontsize=9)
    return figure, (
        f"A held-out {digit}: log p(x) = {number(evidence[digit])} nats. The best Gaussian loses "
        f"{approximation:.2f} of them, and the encoder another {amortisation:.2f}."
    )


# --- what the decoder learnt ------------------------------------------------------------------------------------------


def plane(z1, z2):
    """The digit that the decoder paints at (z1, z2), and the plane with the codes of held-out digits."""
    parameters = vae.trained(latent=2)
    picture = logspace.sigmoid(vae.decode(parameters, np.array([[z1, z2]])))
    codes, labels, written = _codes()
    figure, ax = style.figure(height=2.75, left=0.1)
    look = {"cmap": "Greys", "vmin": 0, "vmax": 1, "interpolation": "nearest", "aspect": "auto"}
    ax.imshow(picture.reshape(8, 8), extent=(-9.6, -4.2, -2.7, 2.7), **look)  # beside the plane: one axes is quick
    ax.plot([-9.6, -4.2, -4.2, -9.6, -9.6], [-2.7, -2.7, 2.7, 2.7, -2.7], color=style.GREY, lw=1)
    ax.add_artist(PathPatch(written, facecolor=style.GREY, lw=0))  # add_patch measures every curve
    ax.plot(z1, z2, "o", ms=11, mfc="none", mec=style.RED, mew=2.5)
    ax.plot([-3, -3], [-2.8, 2.8], color=style.BLACK, lw=0.8)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(-3, 3)
    ax.set(xlim=(-9.7, 3), ylim=(-2.8, 2.8), xticks=[-2, 0, 2], yticks=[])
    ax.set_title("decoded at z")
    ax.text(-3, 2.95, "codes of held-out digits")
    ax.text(1, -3.35, "z₁", ha="center")
    for tick in (-2, 0, 2):
        ax.text(-3.1, tick, number(tick).removesuffix(".00"), ha="right", va="center", fontsize=10)
    ax.text(-2.9, 2.45, "z₂")
    distance = np.sum((codes - [z1, z2]) ** 2, axis=-1)
    near = labels[np.argsort(distance)[:5]]
    most = np.bincount(near).argmax()
    sure = np.mean(np.abs(picture - 0.5) > 0.4)
    return figure, (
        f"At z = ({number(z1)}, {number(z2)}): of the five nearest codes {np.sum(near == most)} are of a {most}; "
        f"{sure:.0%} of the pixels are decided (ink below 0.1 or above 0.9)."
    )


def interpolation(t, pair):
    """Between two held-out digits: a straight line between their codes, decoded, and one between their pixels."""
    decoded, mixed, distances = _walk(PAIRS[pair])
    at = int(np.argmin(np.abs(STEPS - t)))
    figure, axes = style.figure(1, 3, height=2.4, left=0.1, gap=0.3)
    for ax, box in zip(axes, ([0.01, 0.13, 0.27, 0.7], [0.3, 0.13, 0.27, 0.7], [0.65, 0.23, 0.33, 0.64]), strict=True):
        ax.set_position(box)
    tiles(axes[0], decoded[at : at + 1], columns=1)
    tiles(axes[1], mixed[at : at + 1], columns=1)
    axes[0].set_title("codes, decoded")
    axes[1].set_title("pixels")
    looks = {"color": style.BLUE, "label": "codes"}, {"color": style.RED, "ls": "--", "label": "pixels"}
    for values, look in zip(distances, looks, strict=True):
        axes[2].plot(STEPS, values, **look, marker="o", markevery=[at])
    axes[2].set(xlabel="t", title="to nearest digit", xlim=(-0.03, 1.03), ylim=(0, 3.2))
    axes[2].legend(loc="lower center", fontsize=9)
    return figure, (
        f"From {pair} at t = {t:g}: the decoded picture is {distances[0][at]:.2f} from the nearest training digit, the "
        f"mixture of pixels {distances[1][at]:.2f}."
    )


# --- shared -----------------------------------------------------------------------------------------------------------


def _ellipse(mean, log_variance):
    """Where q is exp(-2) of its highest: two standard deviations."""
    angle = np.linspace(0, 2 * np.pi, 121)
    return mean[:, None] + 2 * np.exp(0.5 * log_variance)[:, None] * np.stack([np.cos(angle), np.sin(angle)])


@functools.cache
def _first_of_each():
    """The first held-out digit of each kind, (10, 64)."""
    images, labels = digits.black_and_white()[1]
    return np.stack([images[np.flatnonzero(labels == digit)[0]] for digit in range(10)])


@functools.cache
def _strip(steepness):
    """Of all 16 images of the strip: log posterior, the linear encoder's answers, the best Gaussians, both gaps."""
    table, axis = amortised.strip_log_joint(steepness), amortised.STRIP_AXIS
    answers = amortised.encode(amortised.strip_encoder(steepness), amortised.all_images(4))
    best = amortised.best_of_three(table, *answers, axis)
    tops = amortised.log_evidence(table, axis), *(amortised.elbo(table, *q, axis) for q in (best, answers))
    return amortised.log_posterior(table, axis), answers, best, (tops[0] - tops[1], tops[1] - tops[2])


@functools.cache
def _answers(which):
    """Of the held-out digits 0 to 9, each the one with this number of its kind: images, answers, best Gaussians, …"""
    images, labels = digits.black_and_white()[1]
    images = images[[np.flatnonzero(labels == digit)[which] for digit in range(10)]]
    parameters = vae.trained(latent=2)
    table, answers = amortised.log_joint(parameters, images), vae.encode(parameters, images)
    best = amortised.best_of_three(table, *answers)
    tops = amortised.log_evidence(table), *(amortised.elbo(table, *q) for q in (best, answers))
    return images, answers, best, tops[0], (tops[0] - tops[1], tops[1] - tops[2])


@functools.cache
def _curves(latent):
    """The ELBO of the training and of the held-out digits after each of `vae.PASSES`, from 3 draws an image."""
    return [
        [amortised.estimated_elbo(parameters, images, 3, seed=1) for parameters in vae.history(latent=latent).values()]
        for images, _ in digits.black_and_white()
    ]


@functools.cache
def _codes():
    """The codes of 12 held-out digits of each kind, their labels, and all of them written out as one path."""
    images, labels = digits.black_and_white()[1]
    chosen = np.concatenate([np.flatnonzero(labels == digit)[:12] for digit in range(10)])
    codes, labels = vae.encode(vae.trained(latent=2), images[chosen])[0], labels[chosen]
    glyphs = [TextPath((x - 0.09, y - 0.11), str(digit), size=0.3) for (x, y), digit in zip(codes, labels, strict=True)]
    return codes, labels, Path.make_compound_path(*glyphs)


@functools.cache
def _walk(pair):
    """Decoded and mixed pictures along STEPS, (9, 64) each, and their distances to the nearest training digit."""
    parameters = vae.trained(latent=4)
    decoded, mixed = amortised.walks(parameters, *_first_of_each()[list(pair)], STEPS)
    training = digits.black_and_white()[0][0]
    return decoded, mixed, [amortised.nearest(each, training) for each in (decoded, mixed)]
