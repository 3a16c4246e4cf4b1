"""A variational auto-encoder of binary images: one hidden layer each way, its gradients written by hand.

    encoder   q(z|x) = N(z; mean(x), diag variance(x))      h = tanh(x W + b),  mean and log variance linear in h
    path      z      = mean + exp(log_variance / 2) noise   noise ~ N(0, I)
    decoder   p(x|z) = prod_d Bernoulli(x_d; sigma(logit_d(z)))      k = tanh(z U + c),  logits linear in k
    prior     p(z)   = N(0, I)

    loss      -E_q[log p(x|z)] + weight KL(q(z|x) || p(z))  = -ELBO at weight 1          (slides S37, S39, S44)

The expectation is estimated with one draw of the noise for each image, which the caller passes: the loss is then an
ordinary function of the parameters, and its gradient is the chain rule, run from the loss back to the first layer.

Kingma & Welling (2014), Auto-encoding variational Bayes; a weight other than 1: Higgins et al. (2017), beta-VAE.

Shapes: n images of D pixels, 0 or 1; H hidden units; L latent dimensions. Draws of the noise may lead: (S, n, L).
"""

import functools

import numpy as np

from lib import checks, digits, gaussian, likelihood, logspace

PASSES = (0, 1, 2, 4, 8, 16, 32, 64, 128, 200)  # over the training digits, after which `history` keeps the parameters


def initial(rng, pixels, hidden, latent):
    """Parameters to start from, a dict of arrays: small random weights, and no offsets.

    rng: np.random.Generator; pixels: D, hidden: H, latent: L, from 1 up
    """
    rng = checks.generator(rng)
    sizes = {"pixels": pixels, "hidden": hidden, "latent": latent}
    pixels, hidden, latent = (checks.integer(name, size, 1) for name, size in sizes.items())

    def weights(inputs, outputs):
        return rng.standard_normal((inputs, outputs)) / np.sqrt(inputs)

    return {
        "encoder": weights(pixels, hidden), "encoder_offset": np.zeros(hidden),
        "mean": weights(hidden, latent), "mean_offset": np.zeros(latent),
        "log_variance": weights(hidden, latent), "log_variance_offset": np.zeros(latent),
        "decoder": weights(latent, hidden), "decoder_offset": np.zeros(hidden),
        "logits": weights(hidden, pixels), "logits_offset": np.zeros(pixels),
    }  # fmt: skip


def encode(parameters, images):
    """The mean and the log variance of q(z|x), each (..., L); images: (..., D) from 0 to 1."""
    _, mean, log_variance = _encode(parameters, checked_images(parameters, images))
    return mean, log_variance


def decode(parameters, codes):
    """The logits of p(x|z), (..., D), for codes z, (..., L); sigma(logit) is the probability of ink."""
    codes = checks.finite("codes", codes)
    if codes.shape[-1:] != parameters["mean_offset"].shape:
        raise ValueError(f"codes must have the {len(parameters['mean_offset'])} latent dimensions on their last axis, "
                         f"but their shape is {codes.shape}")
    return _decode(parameters, codes)[1]


def losses(parameters, images, noise):
    """The two terms of the loss of each image, with the noise given: -log p(x|z) and KL(q(z|x) || N(0, I)).

    images : (n, D) 0 or 1; noise: (..., n, L)
    returns: (..., n) and (n,), in nats: loss = first + weight * second; at weight 1 it estimates -ELBO
    """
    images, noise = _arguments(parameters, images, noise)
    _, mean, log_variance = _encode(parameters, images)
    _, logits = _decode(parameters, gaussian.reparameterize(mean, np.exp(log_variance), noise))
    reconstruction = likelihood.bernoulli_loss(logits, np.broadcast_to(images, logits.shape)).sum(axis=-1)
    return reconstruction, gaussian.kl(mean, np.exp(log_variance)).sum(axis=-1)


def gradient(parameters, images, noise, weight=1.0):
    """The gradient of the mean loss over the images, a dict like the parameters: the chain rule, last layer first.

    images: (n, D) 0 or 1; noise: (n, L), one draw for each image; weight: of the divergence, 0 or positive
    """
    images, noise = _arguments(parameters, images, noise, draws=0)
    weight = checks.not_negative("weight", weight) / len(images)
    h, mean, log_variance = _encode(parameters, images)
    deviation = np.exp(0.5 * log_variance)
    z = mean + deviation * noise
    k, logits = _decode(parameters, z)

    ink = 0.5 + 0.5 * np.tanh(0.5 * logits)                                # sigma(logits), in a quick way
    slope_logits = (ink - images) / len(images)                            # of log(1 + e^s) - x s
    slope_k = slope_logits @ parameters["logits"].T * (1 - k**2)           # tanh' = 1 - tanh^2
    slope_z = slope_k @ parameters["decoder"].T
    slope_mean = slope_z + weight * mean                                   # dz/dmean = 1; the KL's share
    slope_log_variance = 0.5 * (slope_z * deviation * noise + weight * np.expm1(log_variance))
    slope_h = (slope_mean @ parameters["mean"].T + slope_log_variance @ parameters["log_variance"].T) * (1 - h**2)
    layers = {
        "encoder": (images, slope_h),
        "mean": (h, slope_mean),
        "log_variance": (h, slope_log_variance),
        "decoder": (z, slope_k),
        "logits": (k, slope_logits),
    }
    result = {}
    for name, (inputs, slope) in layers.items():
        result[name], result[f"{name}_offset"] = inputs.T @ slope, slope.sum(axis=0)
    return result


def importance_bound(parameters, images, noise):
    """log (1/S) sum_s p(x, z_s) / q(z_s|x) for S draws of the noise: at S = 1 an estimate of the ELBO, and with S it
    climbs to log p(x) (Burda, Grosse & Salakhutdinov 2016).

    images : (n, D) 0 or 1; noise: (S, n, L)
    returns: (n,) in nats
    """
    images, noise = _arguments(parameters, images, noise, draws=1)
    mean, log_variance = encode(parameters, images)
    reconstruction, _ = losses(parameters, images, noise)
    z = gaussian.reparameterize(mean, np.exp(log_variance), noise)
    log_prior = gaussian.log_density(z, 0.0, 1.0).sum(axis=-1)
    log_q = gaussian.log_density(z, mean, np.exp(log_variance)).sum(axis=-1)
    return logspace.logsumexp(log_prior - reconstruction - log_q, axis=0) - np.log(len(noise))


class Adam:
    """Steps along a running mean of the gradient, over the root of a running mean of its square (Kingma & Ba 2015).

        m <- 0.9 m + 0.1 g,   v <- 0.999 v + 0.001 g^2,   theta <- theta - rate m' / (sqrt(v') + 1e-8)

    where m' and v' are m and v over 1 - 0.9^t and 1 - 0.999^t: at step t that takes off the pull of their start at 0.
    """

    def __init__(self, parameters):
        self.steps = 0
        self.first = {name: np.zeros_like(value) for name, value in parameters.items()}
        self.second = {name: np.zeros_like(value) for name, value in parameters.items()}

    def step(self, parameters, gradient, rate):
        """The parameters after one step; those passed stay as they are."""
        self.steps += 1
        result = {}
        for name, slope in gradient.items():
            self.first[name] = 0.9 * self.first[name] + 0.1 * slope
            self.second[name] = 0.999 * self.second[name] + 0.001 * slope**2
            first = self.first[name] / (1 - 0.9**self.steps)
            second = self.second[name] / (1 - 0.999**self.steps)
            result[name] = parameters[name] - rate * first / (np.sqrt(second) + 1e-8)
        return result


def train(images, rng, hidden=64, latent=2, weight=1.0, epochs=200, rate=5e-3, batch=100, sampled=True):
    """Train on images (n, D), 0 or 1: a generator of the parameters, at the start and after each pass over the images.

    rng    : np.random.Generator; hidden: H; latent: L; weight: of the divergence
    batch  : images in a step; where it does not divide n, each pass leaves out as many as remain, others each time
    rate   : the first step of Adam; it falls to 0 along a straight line, which averages the last steps' noise away
    sampled: False takes the mean of q(z|x) for the code, without noise: at weight 0 the plain auto-encoder
    """
    images, rng = checks.finite("images", images), checks.generator(rng)

    def slope(parameters, chosen, progress):
        noise = rng.standard_normal((len(chosen), latent)) if sampled else np.zeros((len(chosen), latent))
        return gradient(parameters, chosen, noise, weight)

    yield from descend(initial(rng, images.shape[-1], hidden, latent), images, rng, slope, epochs, rate, batch)


def descend(parameters, images, rng, slope, epochs, rate, batch, grid=None):
    """Adam down any loss: a generator of the parameters, at the start and after each pass over the images.

    slope: a function of the parameters, the images of a step, (batch, D), and the share of the steps that are done,
           from 0 to below 1; returns a gradient, a dict like the parameters
    grid : if given, the parameters are rounded to its multiples after each step; the rest is as in `train`
    """
    images, rng = checks.finite("images", images), checks.generator(rng)
    rate, adam = float(checks.positive("rate", rate)), Adam(parameters)
    batch = min(checks.integer("batch", batch, 1), len(images))
    total = checks.integer("epochs", epochs, 1) * (len(images) // batch)
    yield parameters
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(images) - batch + 1, batch):
            progress = adam.steps / total
            gradient = slope(parameters, images[order[start : start + batch]], progress)
            parameters = adam.step(parameters, gradient, rate * (1 - progress))
            if grid is not None:
                parameters = {name: np.rint(value / grid) * grid for name, value in parameters.items()}
        yield parameters


def trained(weight=1.0, latent=2, hidden=64, seed=0, sampled=True):
    """The parameters after training on the training digits (`lib.digits`), kept: about a second the first time."""
    kept = _history(float(checks.not_negative("weight", weight)), latent, hidden, seed, bool(sampled))
    return {name: value.copy() for name, value in kept[PASSES[-1]].items()}


def history(weight=1.0, latent=2, hidden=64, seed=0, sampled=True):
    """The parameters of that training after each number of passes in PASSES: a dict {passes: parameters}, kept."""
    kept = _history(float(checks.not_negative("weight", weight)), latent, hidden, seed, bool(sampled))
    return {passes: {name: value.copy() for name, value in parameters.items()} for passes, parameters in kept.items()}


def checked_images(parameters, images):
    """The images, (..., D), as floats; raises ValueError unless they have as many pixels as the decoder paints."""
    images = checks.finite("images", images)
    if images.shape[-1:] != parameters["logits_offset"].shape:
        raise ValueError(f"images must have {len(parameters['logits_offset'])} pixels on their last axis, "
                         f"but their shape is {images.shape}")
    return images


@functools.cache
def _history(weight, latent, hidden, seed, sampled):
    (images, _), _ = digits.black_and_white()
    rng = np.random.default_rng(seed)
    path = train(images, rng, hidden, latent, weight, epochs=PASSES[-1], sampled=sampled)
    return {passes: parameters for passes, parameters in enumerate(path) if passes in PASSES}


def _encode(parameters, images):
    h = np.tanh(images @ parameters["encoder"] + parameters["encoder_offset"])
    mean = h @ parameters["mean"] + parameters["mean_offset"]
    return h, mean, h @ parameters["log_variance"] + parameters["log_variance_offset"]


def _decode(parameters, codes):
    k = np.tanh(codes @ parameters["decoder"] + parameters["decoder_offset"])
    return k, k @ parameters["logits"] + parameters["logits_offset"]


def _arguments(parameters, images, noise, draws=None):
    """The images, (n, D) of 0 and 1, and the noise: (n, L) after `draws` leading axes, or any number if it is None."""
    images = checks.zero_or_one("images", checked_images(parameters, images))
    if images.ndim != 2:
        raise ValueError(f"images must have shape (n, {images.shape[-1]}), but its shape is {images.shape}")
    noise = checks.finite("noise", noise)
    latent = len(parameters["mean_offset"])
    leading = {None: "..., ", 0: "", 1: "S, "}[draws]
    if noise.shape[-2:] != (len(images), latent) or draws not in (None, noise.ndim - 2):
        raise ValueError(f"noise must have shape ({leading}{len(images)}, {latent}), one number for each image and "
                         f"latent dimension, but its shape is {noise.shape}")
    return images, noise
