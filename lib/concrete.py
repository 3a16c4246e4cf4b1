"""The Concrete distribution: Gumbel-max with the arg max relaxed to a softmax of temperature tau.

    g_k ~ Gumbel(0, 1) iid,  x = softmax((logits + g) / tau)   =>   x ~ Concrete(logits, tau) on the simplex

    density   (K-1)! tau^(K-1)  prod_k alpha_k x_k^(-tau-1) / (sum_i alpha_i x_i^(-tau))^K,   alpha = exp(logits)

    argmax_k x_k ~ Categorical(softmax(logits))     exactly, at every temperature
    tau -> 0: x -> one-hot(argmax_k (logits_k + g_k));      tau -> infinity: x -> (1/K, ..., 1/K)

Maddison, Mnih & Teh (2017), The Concrete distribution; Jang, Gu & Poole (2017), Categorical reparameterization with
Gumbel-softmax. Slides S52 and S53.
"""

import math

import numpy as np

from lib import checks, logspace


def log_relax(logits, temperature, gumbels):
    """Log of the relaxed one-hot vector that given Gumbel noise makes (slide S53; Maddison et al. 2017, Proposition 1).

    logits     : (..., K) log-weights, up to an additive constant; -inf bars a category
    temperature: positive, a number or (...)
    gumbels    : (..., K) finite; one number for each category, not one for all (erratum E36)
    returns    : (..., K) with logsumexp 0; finite, but -inf for a barred category
    raises     : ValueError for a row without a finite logit, a temperature not positive, a wrong number of gumbels
    """
    logits, temperature = checks.logits(logits), checks.positive("temperature", temperature)
    gumbels = checks.finite("gumbels", gumbels)
    if gumbels.shape[-1:] != logits.shape[-1:]:
        raise ValueError(f"gumbels must have one entry for each of the {logits.shape[-1]} categories on its last axis, "
                         f"but its shape is {gumbels.shape}")
    return logspace.log_softmax((logits + gumbels) / temperature[..., None])


def relax(logits, temperature, gumbels):
    """The relaxed one-hot vector that given Gumbel noise makes: exp of `log_relax`, with the same arguments.

    returns: (..., K) weights on the simplex; at a low temperature the small ones underflow to 0
    """
    return np.exp(log_relax(logits, temperature, gumbels))


def sample(logits, temperature, rng, size=()):
    """Draw from the Concrete distribution (slide S53).

    logits     : (..., K) log-weights; temperature: positive, a number or (...); rng: np.random.Generator
    size       : sample shape, as in numpy
    returns    : size + (..., K) weights on the simplex
    """
    noise_shape = checks.shape("size", size) + checks.logits(logits).shape
    return relax(logits, temperature, checks.generator(rng).gumbel(size=noise_shape))


def log_density(log_x, logits, temperature):
    """Log density of the Concrete distribution (Maddison et al. 2017, Definition 1; erratum E42).

    With respect to the Lebesgue measure on the first K-1 coordinates. Written with s_k = logits_k - tau log x_k,

        log (K-1)! + (K-1) log tau + sum_k [ log softmax(s)_k - log x_k ],

    so that no power of x is ever formed. It can exceed 0: it is a density, not a probability.

    log_x      : (..., K) finite, exp(log_x) on the simplex: the log, as `log_relax` returns it
    logits     : (..., K) finite: a barred category leaves no density on this simplex, only on one of its faces
    temperature: positive, a number or (...)
    returns    : (...)
    raises     : ValueError if exp(log_x) does not sum to 1 or an argument is not as above
    """
    log_x, logits = checks.finite("log_x", log_x), checks.finite("logits", checks.logits(logits))
    temperature = checks.positive("temperature", temperature)
    categories = logits.shape[-1]
    if log_x.shape[-1:] != logits.shape[-1:]:
        raise ValueError(f"log_x must have {categories} entries on its last axis, as logits has, "
                         f"but its shape is {log_x.shape}")
    _check_on_simplex("exp(log_x)", np.exp(np.minimum(log_x, 1.0)))         # 1.0: wrong already, and cannot overflow
    each = logspace.log_softmax(logits - temperature[..., None] * log_x) - log_x
    return math.lgamma(categories) + (categories - 1) * np.log(temperature) + each.sum(axis=-1)


def pullback(slope, x, temperature):
    """Gradient of f(relax(logits, temperature, gumbels)) with respect to logits, from df/dx (the chain rule).

        d x_i / d logits_k = x_i (1[i = k] - x_k) / tau   =>   gradient_k = x_k (slope_k - sum_i x_i slope_i) / tau

    slope      : (..., K) df/dx_k at x; a constant added to all of them changes nothing
    x          : (..., K) on the simplex, as `relax` returns it
    temperature: positive, a number or (...)
    returns    : (..., K), which sums to 0
    """
    slope, x = checks.finite("slope", slope), checks.finite("x", x)
    temperature = checks.positive("temperature", temperature)
    if slope.shape[-1:] != x.shape[-1:] or x.ndim == 0:
        raise ValueError(f"slope must have as many entries on its last axis as x, "
                         f"but their shapes are {slope.shape} and {x.shape}")
    _check_on_simplex("x", x)
    slope, x = np.broadcast_arrays(slope, x)
    heaviest = np.argmax(x, axis=-1)[..., None]
    slope = slope - np.take_along_axis(slope, heaviest, axis=-1)            # where x_k is almost 1 nothing cancels
    return x * (slope - np.sum(x * slope, axis=-1, keepdims=True)) / temperature[..., None]


def _check_on_simplex(name, x):
    """Refuse weights that are negative or do not sum to 1 within 1e-6.

    A sum of 1 + d moves the log density by K d: 1e-6 lets weights of single precision through (2^-24 = 6e-8 each),
    and passing x for log x, or forgetting to normalise, is off by far more.
    """
    total = np.sum(x, axis=-1)
    off = np.abs(total - 1.0)
    if not (x >= 0).all() or not (off <= 1e-6).all():
        raise ValueError(f"{name} must be weights from 0 up that sum to 1 on the last axis, "
                         f"but the smallest is {np.min(x)} and a sum is {np.ravel(total)[np.argmax(off)]}")
