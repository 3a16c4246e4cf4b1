"""Exercises of the chapter "The evidence lower bound"."""

import numpy as np

from lib import logspace
from lib.exercises import Exercise

_CONSTANT = 0.5 * np.log(2 * np.pi)
_BOUND = -_CONSTANT - 1.0  # E_q[log N(1; z, 1)] with q = N(0, 1), and a divergence of 0
_EVIDENCE = -0.5 * np.log(4 * np.pi) - 0.25  # log N(1; 0, 2)

_WEIGHTS = (
    (np.array([-1.0, 0.5, 0.2, -3.0]),),
    (np.array([-1000.0, -1001.0]),),
    (np.array([3.0, 3.0, 3.0]),),
)
_PLACES = ((-2.0, 0.5, 0.7), (1.5, 1.2, -0.4), (0.3, 2.0, 1.0))  # slope, sigma, noise


def _underflowing(log_w):
    with np.errstate(divide="ignore"):
        return np.log(np.mean(np.exp(log_w)))


EXERCISES = {
    "by_hand": Exercise(
        solution=_BOUND,
        slips=(
            (_EVIDENCE, "That is the evidence, log N(1; 0, 2). The bound of q = prior lies below it."),
            (-_CONSTANT - 0.5, "E_q[(y − z)²] is not (y − E[z])²: the variance of q adds 1."),
            (_CONSTANT + 1.0, "That is the loss, minus the bound."),
            (-_CONSTANT - 1.0 - 0.5, "q is the prior, so the divergence to the prior is 0: there is no second term."),
            (-2 * _CONSTANT - 1.0, "With E_q[log p(y, z)] the entropy of q has to come back in, ½ log 2πe."),
        ),
        hint="Use E_q[log p(y|z)] − KL(q‖prior). The second is 0, and E_q[(1 − z)²] = 1² + 1.",
    ),
    "gap": Exercise(
        solution=_EVIDENCE - _BOUND,
        slips=(
            (_BOUND - _EVIDENCE, "A divergence is never negative: log-evidence minus bound."),
            (0.5 * (0.5 + 0.25 - 1 + np.log(2)), "That is KL(posterior‖q); the bound leaves out KL(q‖posterior)."),
            (0.25, "The variances differ too, 1 and ½: that is the part of the means alone."),
            (0.0, "q is the prior, not the posterior, which is N(½, ½)."),
        ),
        hint="log N(1; 0, 2) minus the bound of exercise 1; or KL(N(0, 1)‖N(½, ½)).",
    ),
    "importance": Exercise(
        solution=lambda log_w: logspace.logsumexp(log_w) - np.log(len(log_w)),
        slips=(
            (np.mean, "That is the ELBO's estimate: the mean of the logarithms. Here it is the log of the mean."),
            (logspace.logsumexp, "This is the log of the sum: take off log K to make it a mean."),
            (_underflowing, "exp(−1000) is 0 in a double, and its logarithm is −∞. Stay in log space."),
            (lambda log_w: np.exp(logspace.logsumexp(log_w)) / len(log_w), "The mean weight; its log is asked."),
        ),
        hint="m + log mean exp(log_w − m) with m the largest of log_w.",
        cases=_WEIGHTS,
    ),
    "term": Exercise(
        solution=lambda slope, sigma, x: slope * sigma * x + 1.0,
        slips=(
            (lambda slope, sigma, x: slope * sigma * x, "The entropy is missing: d/d log σ of log σ is 1."),
            (lambda slope, sigma, x: slope * x + 1.0 / sigma, "That is by σ; by log σ it is σ times as much."),
            (lambda slope, sigma, x: slope + 0.0 * x, "That is the term for the mean: dz/dm = 1."),
            (lambda slope, sigma, x: (slope + x / sigma) * sigma * x,
             "Right on average, but the question keeps the entropy in closed form: its slope is 1, without noise."),
            (lambda slope, sigma, x: slope * sigma * x - 1.0, "The entropy is added in the bound, so its slope is +1."),
        ),
        hint="z = m + σx moves by σx for each unit of log σ; the entropy log σ + const moves by 1.",
        cases=_PLACES,
    ),
    "peak": Exercise(
        solution=-np.log(0.2),
        slips=(
            (-np.log(0.8), "q sits on the peak with 20 %: within it, q is the posterior divided by 0.2."),
            (np.log(0.2), "A divergence is never negative."),
            (0.2 * np.log(0.2) + 0.8 * np.log(0.8), "q draws, so only the peak that q covers counts."),
            (0.8, "The share that is missed is not the divergence: it is the log of a ratio of densities."),
            (-np.log2(0.2), "In nats, please: the natural logarithm."),
        ),
        hint="On that peak p(z|y) = 0.2 q(z), so log(q/p) is the same number everywhere.",
    ),
}
