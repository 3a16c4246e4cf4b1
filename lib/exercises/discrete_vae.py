"""Exercises of the chapter "A discrete auto-encoder"."""

import numpy as np

from lib.exercises import Exercise


def _softmax(a):
    weights = np.exp(a - np.max(a))
    return weights / weights.sum()


def _terms(f, codes, q, baseline):
    return (f - baseline)[:, None] * (codes - q)


def _others(f):
    return (f.sum() - f) / (len(f) - 1)


def _through(slope, x, tau):
    return x * (slope - np.sum(x * slope)) / tau


def _one_hot(a):
    return np.eye(len(a))[np.argmax(a)]


_Q = (
    (np.array([0.7, 0.2, 0.1]),),
    (np.array([0.1, 0.2, 0.3, 0.4]),),
    (np.array([0.95, 0.05]),),
)
_DRAWS = tuple(
    (np.array(f), np.eye(3)[list(drawn)], np.array(q))
    for f, drawn, q in (
        ([21.0, 25.0], (0, 2), [0.5, 0.3, 0.2]),
        ([18.0, 30.0, 22.5, 19.0], (1, 0, 0, 2), [0.3, 0.3, 0.4]),
        ([5.0, 4.0, 1.0], (2, 2, 1), [0.1, 0.2, 0.7]),
    )
)
_NOISE = (
    (np.array([0.4, -1.0, 0.2]), np.array([0.3, 0.1, -0.5]), np.array([0.2, 1.4, 0.1]), 0.5),
    (np.array([2.0, 0.5, -0.7]), np.array([1.0, 0.0, 0.5]), np.array([-0.3, 0.8, 0.9]), 1.0),
    (np.array([-1.0, 3.0, 0.0]), np.array([0.0, 0.2, 0.4]), np.array([0.5, 0.1, 0.6]), 2.0),
)

EXERCISES = {
    "kl": Exercise(
        solution=lambda q: np.sum(q * np.log(q)) + np.log(len(q)),
        slips=(
            (lambda q: np.sum(q * np.log(q)), "That is minus the entropy. The prior's share, log K, is missing."),
            (lambda q: -np.sum(q * np.log(q)), "That is the entropy of q. KL is log K minus it."),
            (lambda q: np.sum(q * np.log(q)) - np.log(len(q)), "log(1/K) is −log K, and it is subtracted."),
            (lambda q: -np.sum(np.log(len(q) * q)) / len(q), "That is KL the other way, from the uniform one to q."),
            (lambda q: np.sum(q * np.log2(q)) + np.log2(len(q)), "That is in bits. Natural logarithms give nats."),
        ),
        hint="Σ q_k log(q_k / (1/K)): split the logarithm of the quotient, and use that q sums to 1.",
        cases=_Q,
    ),
    "leave_one_out": Exercise(
        solution=lambda f, codes, q: _terms(f, codes, q, _others(f)).mean(axis=0),
        slips=(
            (
                lambda f, codes, q: _terms(f, codes, q, f.mean()).mean(axis=0),
                "This baseline holds its own sample too, so the mean shrinks to (S − 1)/S of what it should be.",
            ),
            (
                lambda f, codes, q: _terms(f, codes, q, 0.0).mean(axis=0),
                "Right on average, but there is no baseline in it.",
            ),
            (
                lambda f, codes, q: _terms(f, codes, q, _others(f)).sum(axis=0),
                "Take the mean over the samples, not their sum.",
            ),
            (
                lambda f, codes, q: -_terms(f, codes, q, _others(f)).mean(axis=0),
                "The sign is turned: the score is the one-hot code minus q.",
            ),
            (
                lambda f, codes, q: _terms(f, codes, q, (f.sum() - f) / len(f)).mean(axis=0),
                "There are S − 1 others, so divide by len(f) - 1.",
            ),
        ),
        hint="baseline = (f.sum() - f) / (len(f) - 1), then the mean of (f - baseline)[:, None] * (codes - q).",
        cases=_DRAWS,
    ),
    "codes": Exercise(
        solution=1e8,
        slips=(
            (80.0, "That is how many inputs the decoder has. Every combination of values is a code of its own."),
            (8.0**10, "Values to the power of variables, not the other way: each variable multiplies by 10."),
            (1e9, "One 10 too many: there are eight variables."),
            (1e7, "One 10 too few: there are eight variables."),
            (100.0, "That is two variables, as in the chapter. Here there are eight."),
        ),
        hint="Each further variable multiplies the number of codes by its number of values.",
    ),
    "straight_through": Exercise(
        solution=lambda slope, logits, gumbels, tau: _through(slope, _softmax((logits + gumbels) / tau), tau),
        slips=(
            (
                lambda slope, logits, gumbels, tau: _through(slope, _one_hot(logits + gumbels), tau),
                "That is 0 for every slope: at a one-hot vector the softmax is flat. Go back through the relaxed code.",
            ),
            (
                lambda slope, logits, gumbels, tau: _through(slope, _softmax(logits / tau), tau),
                "The noise is missing: backward passes through the softmax of logits + gumbels.",
            ),
            (
                lambda slope, logits, gumbels, tau: _through(slope, _softmax((logits + gumbels) / tau), 1.0),
                "The derivative of (logits + gumbels)/τ by the logits is 1/τ.",
            ),
            (
                lambda slope, logits, gumbels, tau: _through(slope, _softmax(logits + gumbels), tau),
                "The softmax has the temperature τ inside, too.",
            ),
            (
                lambda slope, logits, gumbels, tau: slope,
                "That hands the slope on as it is: the oldest variant, but not the one asked for.",
            ),
        ),
        hint="The decoder's slope belongs to the one-hot code; pass it back through relax(logits, tau, gumbels).",
        cases=_NOISE,
    ),
}
