"""Sums, softmax and sigmoid of weights known by their logarithm: the one home of their stability.

    log sum_k exp(x_k) = m + log sum_k exp(x_k - m)      with m = max_k x_k
    softmax(x)_k       = exp(x_k - log sum_i exp(x_i))
    log sigma(x)       = -log(1 + exp(-x))               the softmax of (x, 0), its first entry

No term exceeds exp(0), so nothing overflows; the largest term is exp(0), so the sum is at least 1.
"""

import numpy as np

from lib import checks


def logsumexp(x, axis=-1):
    """log sum exp(x) along an axis; -inf, the logarithm of 0, where there is nothing but -inf.

    x      : (...) finite numbers, -inf or inf; a nan stays a nan
    returns: the shape of x without that axis
    """
    x = np.asarray(x, dtype=float)
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    largest = np.where(np.isfinite(largest), largest, 0.0)          # -inf - (-inf) would be nan
    with np.errstate(divide="ignore"):                              # log(0) = -inf is meant
        return np.squeeze(largest, axis) + np.log(np.sum(np.exp(x - largest), axis=axis))


def log_softmax(logits):
    """log softmax over the last axis (slides S03, S45): log-probabilities from unnormalised log-weights.

    logits : (..., K) log-weights, up to an additive constant; -inf gives -inf
    returns: (..., K), with logsumexp 0
    raises : ValueError for nan, +inf, or a row without a finite logit
    """
    logits = checks.logits(logits)
    below = logits - np.max(logits, axis=-1, keepdims=True)         # first, so that a shift costs no digits
    return below - logsumexp(below)[..., None]


def softmax(logits):
    """softmax over the last axis (slides S03, S45).

    logits : (..., K) log-weights, up to an additive constant; -inf gives exactly 0
    returns: (..., K) probabilities
    raises : ValueError for nan, +inf, or a row without a finite logit
    """
    return np.exp(log_softmax(logits))


def log_sigmoid(x):
    """log sigma(x) = -log(1 + exp(-x)), finite for every finite x (slides S01, S12).

    x      : (...) finite numbers, -inf or inf; a nan stays a nan
    returns: (...) numbers from -inf to 0
    """
    return -np.logaddexp(0.0, -np.asarray(x, dtype=float))


def sigmoid(x):
    """sigma(x) = 1 / (1 + exp(-x)) (slide S01); sigma(-x) keeps the digits that 1 - sigma(x) loses.

    x      : (...) finite numbers, -inf or inf; a nan stays a nan
    returns: (...) numbers from 0 to 1
    """
    return np.exp(log_sigmoid(x))
