"""An auto-encoder of binary images whose code is discrete: N categorical variables of K values each.

    prior     p(z)   = K^-N                             every code equally likely
    encoder   q(z|x) = prod_v softmax(a_v)[z_v]         h = tanh(x W + b),  the logits a (N, K) linear in h
    decoder   p(x|z) = prod_d Bernoulli(x_d; sigma(s_d(z)))    k = tanh(z U + c),  z as N one-hot rows, s linear in k

    loss      -E_q[log p(x|z)] + KL(q(z|x) || p(z)) = -ELBO,     KL = sum_v [ sum_k q_vk log q_vk + log K ]

The gradient of the expectation by the encoder's logits, four ways, all from the same Gumbel noise g:

    exact             q_vk (E[f | z_v = k] - E[f])                                 f(z) = -log p(x|z), all K^N codes
    reinforce         (f(z) - baseline) (onehot(z_v) - q_v)                        z_v = argmax (a_v + g_v)
    relaxed           the chain rule through y_v = softmax((a_v + g_v) / tau)      f at y
    straight-through  the chain rule through y_v, with the slope of f taken at the one-hot z

The first is the truth, the second right on average, the last two are not. Maddison, Mnih & Teh (2017), The Concrete
distribution; Jang, Gu & Poole (2017), Gumbel-softmax; Bengio, Leonard & Courville (2013), straight-through; Kool, van
Hoof & Welling (2019), the mean of the other draws for a baseline.

Shapes: n images of D pixels, 0 or 1; H hidden units; S draws of the noise, which lead: (S, n, N, K).
"""

import functools

import numpy as np

from lib import checks, concrete, digits, gradients, likelihood, logspace, vae

VARIABLES, CATEGORIES, HIDDEN = 2, 10, 32  # of the trainings that are kept
GRID = 2.0**-16  # of the parameters in training
DRAWS = 2  # of the code, for each image and step
PASSES = (0, 1, 2, 4, 8, 15, 30)  # over the training digits, after which `history` keeps the parameters
ENCODER = ("encoder", "encoder_offset", "code", "code_offset")  # the layers before the code
METHODS = ("exact", "relaxed", "straight-through", "leave-one-out", "reinforce")
SCHEDULES = {"annealed": (1.0, 0.3), "constant 0.1": (0.1, 0.1), "constant 0.3": (0.3, 0.3), "constant 1": (1.0, 1.0)}


def initial(rng, pixels, hidden, variables, categories):
    """Parameters to start from, a dict of arrays: small random weights, and no offsets.

    rng: np.random.Generator; pixels: D, hidden: H, variables: N, categories: K, from 1 up
    """
    rng = checks.generator(rng)
    sizes = {"pixels": pixels, "hidden": hidden, "variables": variables, "categories": categories}
    pixels, hidden, variables, categories = (checks.integer(name, size, 1) for name, size in sizes.items())

    def weights(inputs, outputs, active):
        return rng.standard_normal((inputs, outputs)) / np.sqrt(active)

    width = variables * categories
    return {
        "encoder": weights(pixels, hidden, pixels), "encoder_offset": np.zeros(hidden),
        "code": weights(hidden, width, hidden), "code_offset": np.zeros((variables, categories)),
        "decoder": weights(width, hidden, variables), "decoder_offset": np.zeros(hidden),  # N of the inputs are 1
        "logits": weights(hidden, pixels, hidden), "logits_offset": np.zeros(pixels),
    }  # fmt: skip


def encode(parameters, images):
    """log q(z_v = k | x), (..., N, K); images: (..., D) from 0 to 1."""
    return _encode(parameters, vae.checked_images(parameters, images))[1]


def decode(parameters, codes):
    """The logits of p(x|z), (..., D), for codes (..., N, K): one-hot rows, or weights that blend several."""
    codes, shape = checks.finite("codes", codes), parameters["code_offset"].shape
    if codes.shape[-2:] != shape:
        raise ValueError(f"codes must have shape (..., {shape[0]}, {shape[1]}), but its shape is {codes.shape}")
    return _decode(parameters, codes)[1]


def all_codes(variables, categories):
    """Every code as one-hot rows, (K^N, N, K), the last variable moving fastest."""
    variables, categories = checks.integer("variables", variables, 1), checks.integer("categories", categories, 1)
    indices = np.indices((categories,) * variables).reshape(variables, -1).T
    return np.eye(categories)[indices]


def one_hot_draws(log_q, gumbels):
    """Codes drawn from q by the Gumbel-max trick, one-hot: the category of the largest log_q + g in each variable.

    log_q: (..., N, K) log-weights; gumbels: (S, ..., N, K) finite; returns the shape of gumbels
    """
    noisy = checks.logits(log_q, "log_q") + checks.finite("gumbels", gumbels)
    return np.eye(noisy.shape[-1])[np.argmax(noisy, axis=-1)]


def kl_to_uniform(log_q):
    """KL(q || uniform) = sum_v [ sum_k q_vk log q_vk + log K ], in nats, from 0 to N log K.

    log_q  : (..., N, K) log-probabilities; returns (...)
    """
    log_q = checks.finite("log_q", log_q)
    return np.sum(np.exp(log_q) * log_q, axis=(-2, -1)) + log_q.shape[-2] * np.log(log_q.shape[-1])


def enumerate_codes(parameters, images):
    """log p(x|z) and log q(z|x) of every code, two tables (n, K^N), codes in the order of `all_codes`.

    All the exact quantities are sums over these. images: (n, D) 0 or 1
    """
    images = _arguments(parameters, images)
    codes = all_codes(*parameters["code_offset"].shape)
    logits, log_q = _decode(parameters, codes)[1], _encode(parameters, images)[1]
    return _log_likelihoods(images, logits), _log_q_of_codes(log_q, codes)


def elbo(parameters, images):
    """The exact ELBO of each image, (n,) in nats: E_q[log p(x|z)] - KL, by summing over all codes."""
    log_p, log_q = enumerate_codes(parameters, images)
    return np.sum(np.exp(log_q) * log_p, axis=-1) - kl_to_uniform(encode(parameters, images))


def log_evidence(parameters, images):
    """log p(x) = log sum_z K^-N p(x|z), (n,) in nats."""
    log_p, _ = enumerate_codes(parameters, images)
    return logspace.logsumexp(log_p) - np.log(log_p.shape[-1])


def relaxed_losses(parameters, images, gumbels, temperature):
    """-log p(x|y) + KL(q || uniform) at relaxed codes y, (S, n) in nats: what the relaxed training descends.

    The divergence is that of the categories, as Jang et al. take it. The mean over the noise is no bound on -log p(x).
    images: (n, D) 0 or 1; gumbels: (S, n, N, K); temperature: positive
    """
    images, gumbels = _arguments(parameters, images, gumbels)
    log_q = encode(parameters, images)
    logits = _decode(parameters, concrete.relax(log_q, temperature, gumbels))[1]
    return _errors(images, logits) + kl_to_uniform(log_q)


def gradient(method, parameters, images, gumbels=None, temperature=None):
    """The gradient of the mean loss over the images, or one estimate of it: a dict like the parameters.

    method     : one of METHODS; "leave-one-out" is REINFORCE with the mean of an image's other draws for a baseline
    images     : (n, D) 0 or 1
    gumbels    : (S, n, N, K), S from 1 up (2 for "leave-one-out"); not used by "exact"
    temperature: positive; used by "relaxed" and "straight-through" alone
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, but is {method!r}")
    if method == "exact":
        return _exact_gradient(parameters, _arguments(parameters, images))
    if gumbels is None or (temperature is None and method in ("relaxed", "straight-through")):
        missing = "gumbels" if gumbels is None else "temperature"
        raise ValueError(f"{missing} must be given for the method {method!r}, but is None")
    images, gumbels = _arguments(parameters, images, gumbels)
    h, log_q = _encode(parameters, images)
    relaxed = None
    if method in ("relaxed", "straight-through"):
        relaxed = concrete.relax(log_q, temperature, gumbels)
    codes = relaxed if method == "relaxed" else one_hot_draws(log_q, gumbels)
    k, logits = _decode(parameters, codes)
    slope_logits = (logspace.sigmoid(logits) - images) / len(gumbels)
    slope_k = slope_logits @ parameters["logits"].T * (1 - k**2)
    if relaxed is None:
        f = _errors(images, logits)
        baseline = gradients.leave_one_out(f) if method == "leave-one-out" else 0.0
        scores = (codes - np.exp(log_q)).reshape(*f.shape, -1)
        slope_a = gradients.score_function(f, scores, baseline).mean(axis=0).reshape(log_q.shape)
    else:
        slope_codes = (slope_k @ parameters["decoder"].T).reshape(codes.shape)
        slope_a = concrete.pullback(slope_codes, relaxed, temperature).sum(axis=0)
    return _collect(parameters, images, h, log_q, slope_a, codes, k, slope_k, slope_logits)


def temperature_at(progress, schedule):
    """The temperature at a share of the training, from 0 to 1: first (last / first)^progress, equal ratios a step.

    schedule: a name in SCHEDULES, or a pair (first, last) of temperatures
    """
    first, last = SCHEDULES[schedule] if isinstance(schedule, str) else schedule
    first, last = checks.positive("first", first), checks.positive("last", last)
    return first * (last / first) ** checks.not_negative("progress", progress)


def train(method, images, rng, schedule="annealed", epochs=30, rate=2e-2, batch=100, draws=DRAWS,
          hidden=HIDDEN, variables=VARIABLES, categories=CATEGORIES):  # fmt: skip
    """Train on images (n, D), 0 or 1: a generator of the parameters, at the start and after each pass over the images.

    method, schedule: as in `gradient` and `temperature_at`; draws: S; the rest is as in `vae.train`

    The parameters are rounded to multiples of GRID after each step. A training that draws codes is chaotic: the last
    digit of a machine's arithmetic grows until it turns a draw, and all that follows. Rounding takes it off in time.
    """
    images, rng = checks.finite("images", images), checks.generator(rng)
    draws = checks.integer("draws", draws, 1)

    def slope(parameters, chosen, progress):
        gumbels = rng.gumbel(size=(draws, len(chosen), variables, categories))
        return gradient(method, parameters, chosen, gumbels, temperature_at(progress, schedule))

    start = initial(rng, images.shape[-1], hidden, variables, categories)
    yield from vae.descend(start, images, rng, slope, epochs, rate, batch, GRID)


def history(method, schedule="annealed", seed=0):
    """The parameters of a training on the training digits after each number of passes in PASSES, kept.

    A dict {passes: parameters}. Equal seeds start from equal parameters and see the images in the same order.
    """
    if method not in METHODS or schedule not in SCHEDULES:
        raise ValueError(f"method and schedule must be of {METHODS} and {tuple(SCHEDULES)}, but are {method!r} and "
                         f"{schedule!r}")  # fmt: skip
    kept = _history(method, schedule, checks.integer("seed", seed, 0))
    return {passes: {name: value.copy() for name, value in parameters.items()} for passes, parameters in kept.items()}


def trained(method, schedule="annealed", seed=0):
    """The parameters at the end of `history`."""
    return history(method, schedule, seed)[PASSES[-1]]


def flat(gradient):
    """The encoder's entries of a gradient, in one row."""
    return np.concatenate([gradient[name].ravel() for name in ENCODER])


def estimates(method, parameters, images, rng, repeats, temperature=None, draws=DRAWS):
    """So many independent estimates of the encoder's gradient, in rows (repeats, P); arguments as in `gradient`."""
    shape = (draws, len(images), *parameters["code_offset"].shape)
    return np.array([
        flat(gradient(method, parameters, images, rng.gumbel(size=shape), temperature)) for _ in range(repeats)
    ])  # fmt: skip


def squared_bias_and_variance(estimates, exact):
    """Of estimates (R, P) of a gradient (P,): the squared length of their bias and their variance, over |exact|^2.

    |mean - exact|^2 has the expectation |bias|^2 + variance / R, so that much is taken off: the first number is right
    on average, and can fall below 0 where the bias is too small to be seen. The variance is summed over the entries.
    """
    estimates, exact = checks.finite("estimates", estimates), checks.finite("exact", exact)
    if estimates.ndim != 2 or len(estimates) < 2 or estimates.shape[1:] != exact.shape:
        raise ValueError(f"estimates must have shape (R, {exact.size}) with R from 2 up, "
                         f"but its shape is {estimates.shape}")  # fmt: skip
    scale = np.sum(exact**2)
    variance = np.sum(np.var(estimates, axis=0, ddof=1))
    return (np.sum((estimates.mean(axis=0) - exact) ** 2) - variance / len(estimates)) / scale, variance / scale


@functools.cache
def _history(method, schedule, seed):
    (images, _), _ = digits.black_and_white()
    path = train(method, images, np.random.default_rng(seed), schedule, epochs=PASSES[-1])
    return {passes: parameters for passes, parameters in enumerate(path) if passes in PASSES}


def _exact_gradient(parameters, images):
    h, log_q = _encode(parameters, images)
    codes = all_codes(*parameters["code_offset"].shape)
    k, logits = _decode(parameters, codes)
    q, f = np.exp(_log_q_of_codes(log_q, codes)), -_log_likelihoods(images, logits)
    weighed = q * f
    slope_a = (weighed @ codes.reshape(len(codes), -1)).reshape(log_q.shape)  # q_vk E[f | z_v = k]
    slope_a = slope_a - np.exp(log_q) * weighed.sum(axis=-1)[:, None, None]
    slope_logits = q.sum(axis=0)[:, None] * logspace.sigmoid(logits) - q.T @ images
    slope_k = slope_logits @ parameters["logits"].T * (1 - k**2)
    return _collect(parameters, images, h, log_q, slope_a, codes, k, slope_k, slope_logits)


def _collect(parameters, images, h, log_q, slope_a, codes, k, slope_k, slope_logits):
    """The gradient of the mean loss from the slopes of each image's reconstruction error; the divergence is added."""
    q = np.exp(log_q)
    slope_a = slope_a + q * (log_q - np.sum(q * log_q, axis=-1, keepdims=True))
    slope_a = slope_a.reshape(len(images), -1)
    slope_h = slope_a @ parameters["code"].T * (1 - h**2)
    layers = {
        "encoder": (images, slope_h),
        "code": (h, slope_a),
        "decoder": (codes, slope_k),
        "logits": (k, slope_logits),
    }
    result = {}
    for name, (inputs, slope) in layers.items():
        offset = parameters[f"{name}_offset"]
        slope = slope.reshape(-1, slope.shape[-1]) / len(images)
        result[name] = inputs.reshape(len(slope), -1).T @ slope
        result[f"{name}_offset"] = slope.sum(axis=0).reshape(offset.shape)
    return result


def _encode(parameters, images):
    h = np.tanh(images @ parameters["encoder"] + parameters["encoder_offset"])
    a = (h @ parameters["code"]).reshape(h.shape[:-1] + parameters["code_offset"].shape) + parameters["code_offset"]
    return h, logspace.log_softmax(a)


def _decode(parameters, codes):
    rows = codes.reshape(codes.shape[:-2] + (-1,))
    k = np.tanh(rows @ parameters["decoder"] + parameters["decoder_offset"])
    return k, k @ parameters["logits"] + parameters["logits_offset"]


def _errors(images, logits):
    """-log p(x|z) of each draw of a code for each image, (S, n); logits: (S, n, D)."""
    return likelihood.bernoulli_loss(logits, np.broadcast_to(images, logits.shape)).sum(axis=-1)


def _log_likelihoods(images, logits):
    """log p(x|z) of n images under C codes, (n, C): sum_d x_d s_d - log(1 + e^s_d)."""
    return images @ logits.T - np.sum(np.logaddexp(0, logits), axis=-1)


def _log_q_of_codes(log_q, codes):
    """log q(z|x) = sum_v log q(z_v|x) of C codes, (n, C)."""
    return log_q.reshape(len(log_q), -1) @ codes.reshape(len(codes), -1).T


def _arguments(parameters, images, gumbels=None):
    """The images, (n, D) of 0 and 1; with noise, the noise too, (S, n, N, K)."""
    images = checks.zero_or_one("images", vae.checked_images(parameters, images))
    if images.ndim != 2:
        raise ValueError(f"images must have shape (n, {images.shape[-1]}), but its shape is {images.shape}")
    if gumbels is None:
        return images
    gumbels, shape = checks.finite("gumbels", gumbels), (len(images), *parameters["code_offset"].shape)
    if gumbels.ndim != 4 or gumbels.shape[1:] != shape or not len(gumbels):
        raise ValueError(f"gumbels must have shape (S, {', '.join(map(str, shape))}) with S from 1 up, "
                         f"but its shape is {gumbels.shape}")  # fmt: skip
    return images, gumbels
