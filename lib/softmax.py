"""A softmax over the words of a vocabulary: its normaliser, its gradients, and what it costs to sample it (slide S05).

    p(w | c) = exp(w^T c) / Z_c                      Z_c = sum_w exp(w^T c), w and c vectors of d numbers
    -log p(seen | c) = log Z_c - seen^T c            d/dc = E_p[w] - seen,  d/dw = (p(w | c) - 1[w = seen]) c
    Z_c = E_q[exp(w^T c) / q(w)]                     variance of a term: Z_c^2 (sum_w p(w | c)^2 / q(w) - 1)

Each of the first two lines has a sum over all words; the third puts a mean over draws in its place, at a price.
"""

import numpy as np

from lib import checks, logspace


def loss(words, centre, seen):
    """-log p(seen | c), in nats.

    words: (V, d), one vector a word; centre: (d,); seen: index of the word that was seen, 0 to V - 1
    """
    words, centre, seen = _arguments(words, centre, seen)
    scores = words @ centre
    return logspace.logsumexp(scores) - scores[seen]


def gradients(words, centre, seen):
    """The gradients of `loss`: (V, d) by the words, (d,) by the centre; arguments as there."""
    words, centre, seen = _arguments(words, centre, seen)
    surplus = logspace.softmax(words @ centre)
    surplus[seen] -= 1.0
    return surplus[:, None] * centre, surplus @ words


def normaliser_terms(scores, proposal, draws):
    """Terms exp(s_w) / q(w) at draws w ~ q: their mean estimates Z without bias.

    scores  : (V,) w^T c; proposal: (V,) positive, sum 1; draws: (...) indices of words
    returns : (...)
    raises  : ValueError for other shapes, and if the proposal does not sum to 1: the mean would then not be Z
    """
    scores, proposal = _proposal(scores, proposal)
    return np.exp(scores[draws]) / proposal[draws]


def relative_variance(scores, proposal):
    """The variance of one term of `normaliser_terms` in units of Z^2: sum_w p_w^2 / q_w - 1; arguments as there."""
    scores, proposal = _proposal(scores, proposal)
    return np.sum(logspace.softmax(scores) ** 2 / proposal) - 1.0


def _arguments(words, centre, seen):
    words, centre = checks.finite("words", words), checks.finite("centre", centre)
    if words.ndim != 2 or 0 in words.shape or centre.shape != words.shape[1:]:
        raise ValueError(
            f"words and centre must have shapes (V, d) and (d,), but their shapes are {words.shape} and {centre.shape}"
        )
    seen = checks.integer("seen", seen, least=0)
    if not seen < len(words):
        raise ValueError(f"seen must be below the number of words, {len(words)}, but is {seen}")
    return words, centre, seen


def _proposal(scores, proposal):
    scores, proposal = checks.finite("scores", scores), checks.positive("proposal", proposal)
    if scores.ndim != 1 or scores.shape != proposal.shape:
        raise ValueError(
            f"scores and proposal must have one shape (V,), but their shapes are {scores.shape} and {proposal.shape}"
        )
    if not abs(proposal.sum() - 1) < 1e-9:
        raise ValueError(f"proposal must sum to 1, but its sum is {proposal.sum()}")
    return scores, proposal
