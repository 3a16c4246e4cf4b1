"""Exercises of the chapter "Likelihoods and losses"."""

import numpy as np

from lib.exercises import Exercise

_X = np.array([[1.0, 0.5, -1.0], [1.0, -2.0, 0.3], [1.0, 0.0, 2.0], [1.0, 1.5, 0.7]])
_Y = np.array([1, 0, 0, 1])


def _sigmoid(s):
    return 1 / (1 + np.exp(-s))


def _loss(logits, label):
    below = logits - np.max(logits)
    return np.log(np.sum(np.exp(below))) - below[label]


def _two_steps(logits, label):
    p = np.exp(logits - np.max(logits))
    with np.errstate(divide="ignore"):
        return -np.log(p[label] / np.sum(p))


EXERCISES = {
    "loss": Exercise(
        solution=np.log(1 + np.exp(3)),
        slips=(
            (np.log(1 + np.exp(-3)), "That is the loss if the label were 0. For label 1 it is −log σ(s)."),
            (1 / (1 + np.exp(3)), "That is σ(−3), the probability of the label. The loss is its negative logarithm."),
            (-np.log(1 + np.exp(3)), "That is the log-likelihood. A loss has the minus sign."),
            (3.0, "Nearly: −log σ(s) is close to −s for very negative scores, but not equal to it."),
        ),
        hint="The probability of the label is σ(−3). Take its logarithm and change the sign.",
    ),
    "gradient": Exercise(
        solution=lambda theta, X, y: X.T @ (_sigmoid(X @ theta) - y),
        slips=(
            (
                lambda theta, X, y: X.T @ (y - _sigmoid(X @ theta)),
                "The sign: that is the gradient of the log-likelihood, and the loss has a minus.",
            ),
            (
                lambda theta, X, y: X.T @ (_sigmoid(X @ theta) - y) / len(y),
                "That is the gradient of the mean loss. The sum is asked for.",
            ),
            (lambda theta, X, y: X.T @ (X @ theta - y), "That belongs to least squares. Where is the sigmoid?"),
            (
                lambda theta, X, y: X.T @ ((_sigmoid(X @ theta) - y) * _sigmoid(X @ theta) * _sigmoid(-X @ theta)),
                "The factor σ′ is too much: the logarithm's 1/σ cancels it.",
            ),
            (lambda theta, X, y: _sigmoid(X @ theta) - y, "That is the slope in each score. The chain rule adds X."),
        ),
        hint="Chain rule: the slope of each loss in its score, times the row of X, summed over the rows.",
        cases=(
            (np.zeros(3), _X, _Y),
            (np.array([0.5, -1.0, 2.0]), _X, _Y),
            (np.array([-3.0, 1.0, 0.2]), _X, 1 - _Y),
        ),
    ),
    "stable": Exercise(
        solution=_loss,
        slips=(
            (lambda logits, label: -_loss(logits, label), "The sign: a loss is minus the log-probability."),
            (lambda logits, label: np.exp(-_loss(logits, label)), "That is the probability. Take −log of it."),
            (
                lambda logits, label: _loss(logits, label) - np.max(logits),
                "You took the maximum off the logits inside the sum, but not off the label's own logit.",
            ),
            (
                lambda logits, label: -(logits - np.max(logits))[label],
                "The log of the sum is missing. It is small if one logit is far above the others, but not 0.",
            ),
            (_two_steps, "A probability such as e^(−800) is 0 in floating point. Take no logarithm of it: subtract."),
        ),
        hint="If you get inf or nan, take the largest logit off all first. Then log of the sum, less the label's own.",
        cases=(
            (np.array([1.0, 0.5, 0.0]), 2),
            (np.array([1000.0, 999.0, 998.0]), 1),
            (np.array([-1000.0, -1001.0]), 0),
            (np.array([800.0, 0.0, 3.0]), 1),
        ),
    ),
    "variance": Exercise(
        solution=1 / 6,
        slips=(
            (1 / 3, "The density has 2σ² in the denominator, not σ²."),
            (3.0, "A larger factor means a narrower bell: 1/(2σ²) = 3."),
            (3 / 2, "You multiplied where the density divides. Which σ² makes 1/(2σ²) equal to 3?"),
            (np.sqrt(1 / 6), "That is the standard deviation. The variance is its square."),
            (1 / 2, "That one belongs to the factor 1."),
            (6.0, "That is 1/σ². Turn it over."),
        ),
        hint="The negative log density is (ŷ − y)²/(2σ²) and a constant. Compare the factors.",
    ),
    "counts": Exercise(
        solution=lambda s, y: np.exp(s) - y,
        slips=(
            (lambda s, y: y - np.exp(s), "The sign: that is the slope of the log-likelihood."),
            (lambda s, y: np.exp(s) - s * y, "That is the loss, but for a constant. Differentiate it by s."),
            (lambda s, y: s - y, "The predicted count is the rate e^s, not s."),
            (lambda s, y: 1 - y / np.exp(s), "That is the slope in the rate. The score is its logarithm: chain rule."),
            (lambda s, y: _sigmoid(s) - y, "That belongs to the Bernoulli model. A Poisson count has mean e^s."),
        ),
        hint="−log p(y) = e^s − s·y + log y!. Differentiate with respect to s.",
        cases=(
            (np.array([0.0, 1.0, -2.0, 0.5]), np.array([0, 3, 1, 2])),
            (np.array([2.0, -1.0]), np.array([0, 0])),
        ),
    ),
}
