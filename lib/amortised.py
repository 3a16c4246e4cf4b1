"""Amortised inference: one network answers for every image, and how far its answer is from the exact posterior.

    log p(x) = ELBO(q) + KL(q || p(z|x))                                                   for every q (slide S34)

    log p(x) - ELBO(encoder's q)  =  [log p(x) - ELBO(best q)]  +  [ELBO(best q) - ELBO(encoder's q)]
                                     approximation gap             amortisation gap
                                     of the family                 of the encoder

Here q is a Gaussian with independent components, as the encoder's is. With one or two latent dimensions every integral
over z is a sum over an even grid, so the evidence, the posterior and both gaps are known. Where the decoder is linear
and its noise Gaussian they have closed forms: `lib.ppca`.

Cremer, Li & Duvenaud (2018), Inference suboptimality in variational autoencoders: the two gaps.

Shapes: n images of D pixels; L latent dimensions, 1 or 2 on a grid; G points of a grid along each of them. A table
log p(x, z) is (n, G) or (n, G, G). Sums over the grid are as good as exact for a q or a posterior that lies inside it
and whose standard deviation is a grid step or more: the relative error is about 2 exp(-2 pi^2 (deviation / step)^2).
"""

import functools

import numpy as np

from lib import checks, digits, gaussian, logspace, vae

AXIS = np.linspace(-6, 6, 121)  # for a trained auto-encoder
AXIS.setflags(write=False)

# --- a model small enough to know its posterior: a spot of ink on a strip of four pixels ------------------------------

CENTRES = np.array([-1.5, -0.5, 0.5, 1.5])
STRIP_AXIS = np.linspace(-9, 9, 361)
STRIP_AXIS.setflags(write=False)


def all_images(pixels):
    """Every image of so many pixels, (2^D, D), counted up in binary; pixels: D, from 1 up to 16."""
    pixels = checks.integer("pixels", pixels, 1)
    if pixels > 16:
        raise ValueError(f"pixels must be at most 16, or the images are too many, but is {pixels}")
    return (np.arange(2**pixels)[:, None] >> np.arange(pixels)[::-1] & 1).astype(float)


def strip_logits(codes, steepness):
    """The logits of four pixels for a spot at z: s (2 exp(-2 (z - c_d)^2) - 1), +s under the spot and -s far from it.

    codes  : (...) the places z; steepness: s, positive: ink where it does not belong has probability sigma(-s)
    returns: (..., 4)
    """
    codes, steepness = checks.finite("codes", codes), checks.positive("steepness", steepness)
    return steepness * (2 * np.exp(-2 * (codes[..., None] - CENTRES) ** 2) - 1)


def strip_log_joint(steepness):
    """log p(x, z) of all 16 images of the strip on STRIP_AXIS, (16, G): the prior of z is N(0, 1)."""
    return _log_joint(strip_logits(STRIP_AXIS, steepness), all_images(4), STRIP_AXIS)


# --- integrals over a grid --------------------------------------------------------------------------------------------


def log_joint(parameters, images, axis=AXIS):
    """log p(x, z) of an auto-encoder (`lib.vae`) for every image and every code of a grid.

    parameters: with one or two latent dimensions; images: (n, D) 0 or 1; axis: (G,) evenly spaced
    returns   : (n, G) or (n, G, G)
    """
    latent, axis = len(parameters["mean_offset"]), _axis(axis)
    if latent > 2:
        raise ValueError(f"parameters must have one or two latent dimensions for a grid, but have {latent}")
    codes = np.stack(np.meshgrid(*[axis] * latent, indexing="ij"), axis=-1)
    return _log_joint(vae.decode(parameters, codes), images, axis)


def log_evidence(table, axis=AXIS):
    """log p(x) = log of the integral of p(x, z) over z, (n,), from the table of `log_joint`."""
    table, axis = _table(table, axis)
    latent = table.ndim - 1
    return logspace.logsumexp(table.reshape(len(table), -1), axis=-1) + latent * np.log(axis[1] - axis[0])


def log_posterior(table, axis=AXIS):
    """log p(z|x) on the grid, in the shape of the table: the joint over the evidence (Bayes)."""
    table, axis = _table(table, axis)
    return table - log_evidence(table, axis).reshape((-1,) + (1,) * (table.ndim - 1))


def posterior_moments(table, axis=AXIS):
    """Mean and variance of each component of z under p(z|x), each (n, L)."""
    table, axis = _table(table, axis)
    weights = np.exp(table - np.max(table, axis=tuple(range(1, table.ndim)), keepdims=True))
    mean, variance = [], []
    for kept in range(1, table.ndim):
        others = tuple(i for i in range(1, table.ndim) if i != kept)
        margin = weights.sum(axis=others)
        margin = margin / margin.sum(axis=-1, keepdims=True)
        mean.append(margin @ axis)
        variance.append(margin @ axis**2 - mean[-1] ** 2)
    return np.stack(mean, axis=-1), np.stack(variance, axis=-1)


def elbo(table, mean, log_variance, axis=AXIS):
    """E_q[log p(x, z)] + entropy of q for q = N(mean, diag variance), one for each image.

    table  : (n, G) or (n, G, G); mean, log_variance: (n, L); axis: (G,)
    returns: (n,) in nats
    raises : ValueError for a q that the grid does not carry: a mean within 3 standard deviations of its end or
             beyond (a thousandth of q is cut off there), or a standard deviation below 0.7 of its step (where the
             sums are off by 1 in 10,000)
    """
    return elbo_and_gradient(table, mean, log_variance, axis)[0]


def elbo_and_gradient(table, mean, log_variance, axis=AXIS):
    """The ELBO of each image as in `elbo`, (n,), and its gradient, a dict of "mean" and "log_variance", each (n, L).

    The density is what gets differentiated, under the sum: dq/dmean = q (z - mean) / variance and
    dq/dlog variance = q ((z - mean)^2 / variance - 1) / 2. The entropy is (1 + log 2 pi + log variance) / 2 each.
    """
    (table, axis), (mean, log_variance) = _table(table, axis), _gaussians(table, mean, log_variance)
    deviation = np.exp(0.5 * log_variance)
    step, inside = axis[1] - axis[0], np.minimum(mean - axis[0], axis[-1] - mean)
    if not (deviation >= 0.7 * step).all():
        raise ValueError(f"log_variance must give standard deviations of 0.7 steps of the axis, {0.7 * step:.3g}, or "
                         f"more, but the smallest is {deviation.min():.3g}")
    if not (inside > 3 * deviation).all():
        raise ValueError(f"mean must lie 3 standard deviations inside the axis, but one lies "
                         f"{np.min(inside / deviation):.3g} inside")
    u = (axis - mean[..., None]) / deviation[..., None]                  # (n, L, G), z in units of q
    q = np.exp(-0.5 * u**2) / np.sqrt(2 * np.pi) * (step / deviation)[..., None]
    factors = np.stack([q, q * u / deviation[..., None], 0.5 * q * (u**2 - 1)], axis=-1)
    sums = table[:, None] if table.ndim == 2 else table
    sums = np.swapaxes(sums @ factors[:, -1], 1, 2)                      # the last component: (n, 3, G) or (n, 3, 1)
    if table.ndim == 2:
        sums = sums[..., 0]
        value, slopes = sums[:, 0], sums[:, None, 1:]
    else:
        sums = sums @ factors[:, 0]                                      # [image, of the second, of the first]
        value, slopes = sums[:, 0, 0], np.stack([sums[:, 0, 1:], sums[:, 1:, 0]], axis=1)
    entropy = 0.5 * np.sum(1 + np.log(2 * np.pi) + log_variance, axis=-1)
    return value + entropy, {"mean": slopes[..., 0], "log_variance": slopes[..., 1] + 0.5}


def best_gaussian(table, mean, log_variance, axis=AXIS, steps=50, rate=0.2):
    """The q of each image by itself: Adam climbs its own mean and log variance, from those given.

    table  : (n, G) or (n, G, G); mean, log_variance: (n, L), such as the encoder's; axis: (G,)
    steps  : from 1 up; rate: of the first step, it falls to 0 along a straight line
    returns: (mean, log_variance), each (n, L): the best place on the way, so never below the start. An ELBO can have
             several summits, of which this finds one
    raises : ValueError as `elbo` does, also for a climb that leaves the grid
    """
    now = dict(zip(("mean", "log_variance"), _gaussians(table, mean, log_variance), strict=True))
    steps, rate, adam = checks.integer("steps", steps, 1), float(checks.positive("rate", rate)), vae.Adam(now)
    best, kept = None, now
    for i in range(steps + 1):
        value, slope = elbo_and_gradient(table, **now, axis=axis)
        better = np.ones(len(value), bool) if best is None else value > best
        best = value if best is None else np.maximum(value, best)
        kept = {name: np.where(better[:, None], now[name], kept[name]) for name in now}
        now = adam.step(now, {name: -each for name, each in slope.items()}, rate * (1 - i / steps))
    return kept["mean"], kept["log_variance"]


def gaps(table, mean, log_variance, axis=AXIS):
    """What keeps the encoder's ELBO below log p(x): (approximation gap, amortisation gap), each (n,), 0 or above.

    mean, log_variance: (n, L), the encoder's
    """
    best = elbo(table, *best_of_three(table, mean, log_variance, axis), axis)
    return log_evidence(table, axis) - best, best - elbo(table, mean, log_variance, axis)


def best_of_three(table, mean, log_variance, axis=AXIS):
    """The best of three climbs of `best_gaussian` for each image: from the q given, from a q with the mean and variance
    of the exact posterior, and from a narrow q at its summit. Arguments and result as there."""
    table, axis = _table(table, axis)
    mean, log_variance = _gaussians(table, mean, log_variance)
    moments = posterior_moments(table, axis)
    summit = np.unravel_index(table.reshape(len(table), -1).argmax(axis=-1), table.shape[1:])
    narrow = np.full(mean.shape, 2 * np.log(2 * (axis[1] - axis[0])))
    starts = (mean, log_variance), (moments[0], np.log(moments[1])), (axis[np.stack(summit, axis=-1)], narrow)
    ends = [best_gaussian(table, *start, axis) for start in starts]
    chosen = np.argmax([elbo(table, *end, axis) for end in ends], axis=0), np.arange(len(table))
    return tuple(np.array(each)[chosen] for each in zip(*ends, strict=True))


# --- encoders for a decoder that stands still -------------------------------------------------------------------------


def fit_encoder(slopes, images, rng, latent, hidden=0, steps=400, rate=0.05):
    """Fit an encoder alone, with the slopes that the decoder sends back; hidden = 0 fits a linear one.

    slopes : (mean, log_variance) -> the slopes of the loss with respect to both, each (n, L)
    images : (n, D); rng: np.random.Generator; latent: L; hidden: tanh units, 0 for none
    steps  : of Adam, each over all images; rate: of the first step, it falls to 0 along a straight line
    returns: a dict of arrays: "mean", "log_variance" and their offsets, and "encoder" with its own if there are any
             hidden units
    """
    images, rng = checks.finite("images", images), checks.generator(rng)
    hidden, latent = checks.integer("hidden", hidden, 0), checks.integer("latent", latent, 1)
    inputs = hidden or images.shape[-1]
    encoder = {f"{name}{offset}": np.zeros(latent if offset else (inputs, latent))
               for name in ("mean", "log_variance") for offset in ("", "_offset")}  # fmt: skip
    if hidden:
        encoder["encoder"] = rng.standard_normal((images.shape[-1], hidden)) / np.sqrt(images.shape[-1])
        encoder["encoder_offset"] = rng.standard_normal(hidden)
    adam, steps = vae.Adam(encoder), checks.integer("steps", steps, 1)
    for i in range(steps):
        h = _hidden(encoder, images)
        slope = dict(zip(("mean", "log_variance"), slopes(*_read(encoder, h)), strict=True))
        layers = {name: (h, each) for name, each in slope.items()}
        if hidden:
            back = sum(each @ encoder[name].T for name, each in slope.items()) * (1 - h**2)
            layers["encoder"] = images, back
        gradient = {name: inputs.T @ each for name, (inputs, each) in layers.items()}
        gradient |= {f"{name}_offset": each.sum(axis=0) for name, (_, each) in layers.items()}
        encoder = adam.step(encoder, gradient, rate * (1 - i / steps))
    return encoder


def encode(encoder, images):
    """The mean and the log variance of q(z|x), each (n, L), of an encoder that `fit_encoder` made."""
    return _read(encoder, _hidden(encoder, images))


@functools.cache
def strip_encoder(steepness, hidden=0):
    """The encoder with the highest mean ELBO over the strip's own images, each weighted with its probability p(x)."""
    table = strip_log_joint(steepness)
    weights = np.exp(log_evidence(table, STRIP_AXIS))[:, None]

    def slopes(mean, log_variance):
        _, slope = elbo_and_gradient(table, mean, log_variance, STRIP_AXIS)
        return -weights * slope["mean"], -weights * slope["log_variance"]

    return fit_encoder(slopes, all_images(4), np.random.default_rng(0), 1, hidden)


# --- the digits -------------------------------------------------------------------------------------------------------


def bernoulli_baseline(training_images, images):
    """log p(x) of each image if its pixels were independent, each inked as often as in training: a model without z.

    training_images: (m, D) 0 or 1; images: (n, D) 0 or 1; the share is (count + 1/2) / (m + 1), so never 0 or 1
    """
    share = (np.sum(training_images, axis=0) + 0.5) / (len(training_images) + 1)
    return images @ np.log(share) + (1 - images) @ np.log1p(-share)


@functools.cache
def held_out_baseline():
    """The mean of `bernoulli_baseline` over the held-out digits, in nats a digit: what a code must beat."""
    (training, _), (held_out, _) = digits.black_and_white()
    return bernoulli_baseline(training, held_out).mean()


def estimated_elbo(parameters, images, draws, seed):
    """The mean ELBO of the images, from so many draws of the noise for each of them; its own draws for each image."""
    noise = np.random.default_rng(seed).standard_normal((draws, len(images), len(parameters["mean_offset"])))
    reconstruction, kl = vae.losses(parameters, images, noise)
    return -np.mean(reconstruction + kl)


def walks(parameters, one, other, steps):
    """Pictures on the way from one image to another: along the line between their codes, decoded, and between pixels.

    one, other: (D,); steps: (k,) from 0 to 1; returns: two arrays (k, D), probabilities of ink
    """
    steps = checks.finite("steps", steps)[:, None]
    (first, last), _ = vae.encode(parameters, np.stack([one, other]))
    decoded = logspace.sigmoid(vae.decode(parameters, (1 - steps) * first + steps * last))
    return decoded, (1 - steps) * one + steps * other


def nearest(pictures, images):
    """The Euclidean distance of each picture, (k, D), to the nearest of the images, (n, D): (k,)."""
    return np.sqrt(np.sum((pictures[:, None] - images) ** 2, axis=-1)).min(axis=-1)


# --- inner functions --------------------------------------------------------------------------------------------------


def _log_joint(logits, images, axis):
    """x . s - sum_d log(1 + e^s_d), plus the prior, for logits (..., D) of a grid with as many axes as codes have."""
    images = checks.zero_or_one("images", images)
    if images.ndim != 2 or images.shape[-1] != logits.shape[-1]:
        raise ValueError(f"images must have {logits.shape[-1]} pixels, (n, D), but their shape is {images.shape}")
    prior = sum(np.ix_(*[gaussian.log_density(axis, 0.0, 1.0)] * (logits.ndim - 1)))
    return np.tensordot(images, logits, (-1, -1)) - np.logaddexp(0, logits).sum(axis=-1) + prior


def _axis(axis):
    axis = checks.finite("axis", axis)
    if axis.ndim != 1 or len(axis) < 2 or not (axis[1] > axis[0] and np.allclose(np.diff(axis), axis[1] - axis[0])):
        raise ValueError(f"axis must be evenly spaced and rising, with 2 points or more, but its shape is {axis.shape}")
    return axis


def _table(table, axis):
    table, axis = checks.finite("table", table), _axis(axis)
    if table.ndim not in (2, 3) or set(table.shape[1:]) != {len(axis)}:
        raise ValueError(f"table must have shape (n, {len(axis)}) or (n, {len(axis)}, {len(axis)}), as the axis has, "
                         f"but its shape is {table.shape}")
    return table, axis


def _gaussians(table, mean, log_variance):
    shape = (len(table), np.ndim(table) - 1)
    for name, value in {"mean": mean, "log_variance": log_variance}.items():
        if checks.finite(name, value).shape != shape:
            raise ValueError(f"{name} must have shape {shape}, one for each image and latent dimension, but its shape "
                             f"is {np.shape(value)}")
    return checks.finite("mean", mean), checks.finite("log_variance", log_variance)


def _hidden(encoder, images):
    """What the last layer reads: tanh units, or the images themselves (a linear encoder)."""
    return np.tanh(images @ encoder["encoder"] + encoder["encoder_offset"]) if "encoder" in encoder else images


def _read(encoder, h):
    return tuple(h @ encoder[name] + encoder[f"{name}_offset"] for name in ("mean", "log_variance"))
