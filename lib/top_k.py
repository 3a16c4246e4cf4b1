"""Gumbel-top-k: k categories without replacement, as the k largest of the perturbed logits.

    g_i ~ Gumbel(0, 1) iid,  order = the indices of the k largest logits_i + g_i, the largest first   =>

    Pr(order) = prod_j exp(logits[order_j]) / sum_{i not in order_1 .. order_(j-1)} exp(logits_i)      Plackett-Luce

that is: draw from the softmax, take the category out, renormalise, draw again. With k = 1 it is Gumbel-max.

Yellott (1977), The relationship between Luce's choice axiom, Thurstone's theory of comparative judgment, and the double
exponential distribution; Kool, van Hoof & Welling (2019), Stochastic beams and where to find them.
"""

import itertools
import math

import numpy as np

from lib import checks, logspace

MOST_ORDERS = 50_000        # that `inclusion` enumerates: all orders of 8 categories are 40,320


def sample(logits, k, rng, size=()):
    """Draw k different categories by Gumbel-top-k, by falling perturbed logits (Kool et al. 2019, section 2).

    logits : (..., K) log-weights, up to an additive constant; -inf bars a category
    k      : how many; rng: np.random.Generator; size: sample shape, as in numpy
    returns: size + (..., k) different integers in 0..K-1, the first drawn first
    raises : ValueError if a row has fewer than k finite logits
    """
    logits, rng = checks.logits(logits), checks.generator(rng)
    k = _how_many(k, logits)
    perturbed = logits + rng.gumbel(size=checks.shape("size", size) + logits.shape)     # one Gumbel for each (E36)
    return np.argsort(-perturbed, axis=-1)[..., :k]


def log_probability(order, logits):
    """Log probability that the first k categories come in this order (Plackett-Luce).

    Each normaliser is summed afresh over the categories that are left: one minus the weights already drawn would lose
    all digits where those weights sum to almost 1.

    order  : (..., k) different integers in 0..K-1
    logits : (..., K) log-weights, up to an additive constant; -inf bars a category; leading axes broadcast
    returns: (...); -inf if the order holds a barred category
    raises : ValueError if the order has no category, repeats one, or holds what is not in 0..K-1
    """
    logits = checks.logits(logits)
    order = _order(order, logits.shape[-1])
    lead = np.broadcast_shapes(order.shape[:-1], logits.shape[:-1])
    order = np.broadcast_to(order, lead + order.shape[-1:])
    left = np.broadcast_to(logits, lead + logits.shape[-1:]).copy()
    total = np.zeros(lead)
    for drawn in np.moveaxis(order, -1, 0)[..., None]:
        logit = np.take_along_axis(left, drawn, axis=-1)[..., 0]
        allowed = logit > -np.inf
        total += np.where(allowed, logit, 0.0) - np.where(allowed, logspace.logsumexp(left), np.inf)
        np.put_along_axis(left, drawn, -np.inf, axis=-1)
    return total


def orders(categories, k):
    """All ordered choices of k out of `categories`: (categories! / (categories - k)!, k) integers.

    raises: ValueError if k exceeds the categories, or if there are more than 50,000 orders
    """
    categories = checks.integer("categories", categories, 1)
    k = checks.integer("k", k, 1)
    if k > categories:
        raise ValueError(f"k must be at most the number of categories, {categories}, but is {k}")
    if math.perm(categories, k) > MOST_ORDERS:
        raise ValueError(f"categories and k must make at most {MOST_ORDERS:,} orders, "
                         f"but {categories} and {k} make {math.perm(categories, k):,}")
    return np.array(list(itertools.permutations(range(categories), k)))


def inclusion(logits, k):
    """Probability that each category is among the first k, by summing over all orders.

    logits : (..., K) log-weights; -inf bars a category
    returns: (..., K), which sums to k; softmax(logits) for k = 1, and all ones for k = K
    raises : ValueError if a row has fewer than k finite logits, or if there are more than 50,000 orders
    """
    logits = checks.logits(logits)
    each = orders(logits.shape[-1], _how_many(k, logits))
    probability = np.exp(log_probability(each, logits[..., None, :]))                   # (..., orders)
    holds = np.any(each[:, :, None] == np.arange(logits.shape[-1]), axis=1)             # (orders, K)
    return probability @ holds


def _how_many(k, logits):
    k = checks.integer("k", k, 1)
    fewest = int(np.isfinite(logits).sum(axis=-1).min(initial=logits.shape[-1]))
    if k > fewest:
        raise ValueError(f"k must be at most the number of finite logits in every row, {fewest}, but is {k}")
    return k


def _order(order, categories):
    array = np.asarray(order)
    if array.dtype.kind not in "iu" or array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"order must hold integers, at least one on its last axis, but is {order!r}")
    outside = array[(array < 0) | (array >= categories)]
    if outside.size:
        raise ValueError(f"order must lie in 0..{categories - 1} everywhere, but holds {outside[0]}")
    ascending = np.sort(array, axis=-1)
    repeated = ascending[..., 1:][ascending[..., 1:] == ascending[..., :-1]]
    if repeated.size:
        raise ValueError(f"order must not repeat a category, but holds {repeated[0]} twice")
    return array
