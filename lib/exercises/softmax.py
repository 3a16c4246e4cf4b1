"""Exercises of the chapter "Softmax and its cost"."""

import numpy as np

from lib.exercises import Exercise

_WORDS = np.array([[1.0, 0.5], [-0.5, 2.0], [0.0, -1.0], [1.5, 1.5]])
_SCORES = np.array([2.0, 1.0, 0.5, -1.0])
_LAW = np.array([0.4, 0.3, 0.2, 0.1])


def _probabilities(words, centre):
    u = np.exp(words @ centre)
    return u / u.sum()


EXERCISES = {
    "probability": Exercise(
        solution=np.exp(4) / 200,
        slips=(
            (4 / 200, "4 is the score. Its exponential is what is divided by Z."),
            (4 - np.log(200), "That is the log-probability. Take exp of it."),
            (np.exp(4) / (np.exp(4) + 200), "Z sums over all words, so the word itself is in it already."),
            (np.exp(4), "That is u(w | c), not normalised yet."),
            (100 * np.exp(4) / 200, "That is right in per cent; give the probability itself, between 0 and 1."),
        ),
        hint="exp(score) divided by Z.",
    ),
    "gradient": Exercise(
        solution=lambda words, centre, seen: _probabilities(words, centre) @ words - words[seen],
        slips=(
            (
                lambda words, centre, seen: words[seen] - _probabilities(words, centre) @ words,
                "The sign: that is the direction of a step down, the gradient points up.",
            ),
            (
                lambda words, centre, seen: _probabilities(words, centre) @ words,
                "That is the gradient of log Z. The score of the word seen stands in the loss, too.",
            ),
            (
                lambda words, centre, seen: words.mean(axis=0) - words[seen],
                "The mean is to be taken with the model's probabilities, not with equal weights.",
            ),
            (
                lambda words, centre, seen: np.exp(words @ centre) @ words - words[seen],
                "The exponentials are to be divided by their sum.",
            ),
            (
                lambda words, centre, seen: _probabilities(words, centre) - np.eye(len(words))[seen],
                "That is the slope in each score. The chain rule multiplies by the word vectors and sums.",
            ),
            (
                lambda words, centre, seen: np.outer(_probabilities(words, centre) - np.eye(len(words))[seen], centre),
                "That is the gradient by the target vectors. The one by the centre has d numbers.",
            ),
        ),
        hint="The mean word vector under the model, less the vector of the word seen.",
        cases=(
            (_WORDS, np.array([0.3, -0.2]), 1),
            (_WORDS, np.array([-1.0, 0.5]), 3),
            (_WORDS[:3], np.array([0.0, 0.0]), 0),
        ),
    ),
    "cost": Exercise(
        solution=30.0,
        slips=(
            (10.0, "That is for the scores alone. The mean vector and the pushes take as much each."),
            (20.0, "Scores, mean vector and pushes: three times V·d."),
            (30e6, "That is right as a number of multiplications; the question asks for millions."),
            (3 * (50_000 + 200) / 1e6, "Each of the V words has d numbers: multiply, do not add."),
        ),
        hint="V·d for the scores, V·d for the mean vector, V·d for the pushes.",
    ),
    "share": Exercise(
        solution=1.5 / np.sum(1 / np.arange(1, 9)),
        slips=(
            (2 / 8, "That would be the share if all words had the same weight."),
            (1 / np.sum(1 / np.arange(1, 9)), "That is the share of the first word alone."),
            (1 - 1.5 / np.sum(1 / np.arange(1, 9)), "That is the share of the other six."),
            (1.5, "That is the weight of the first two. Divide by the sum of all."),
            (150 / np.sum(1 / np.arange(1, 9)), "That is right in per cent; give the share itself, between 0 and 1."),
        ),
        hint="(1 + 1/2) over the sum of all eight weights.",
    ),
    "estimate": Exercise(
        solution=lambda scores, q, draws: np.mean(np.exp(scores[draws]) / q[draws]),
        slips=(
            (
                lambda scores, q, draws: np.mean(np.exp(scores[draws])),
                "A word that is drawn often must count less: divide each term by the q of its word.",
            ),
            (
                lambda scores, q, draws: len(scores) * np.mean(np.exp(scores[draws])),
                "V times the mean is right for uniform draws only. In general each term is divided by its q.",
            ),
            (
                lambda scores, q, draws: np.sum(np.exp(scores[draws]) / q[draws]),
                "An estimate is the mean of the terms, not their sum.",
            ),
            (
                lambda scores, q, draws: np.mean(np.exp(scores) / q),
                "That uses every word. Only those drawn are to enter: index scores and q by draws.",
            ),
            (
                lambda scores, q, draws: np.mean(np.exp(scores[draws]) * q[draws]),
                "Drawing has weighted each word by its q already. Divide by q to undo that.",
            ),
            (
                lambda scores, q, draws: np.mean(scores[draws] / q[draws]),
                "Z sums the exponentials of the scores.",
            ),
            (
                lambda scores, q, draws: np.mean(np.log(np.exp(scores[draws]) / q[draws])),
                "The mean comes before any logarithm, and Z itself is asked for.",
            ),
        ),
        hint="Each term is exp(score of the word drawn) / q(word drawn). Then the mean.",
        cases=(
            (_SCORES, _LAW, np.array([0, 0, 1, 3])),
            (_SCORES, _LAW, np.array([2])),
            (-_SCORES, _LAW[::-1], np.array([3, 2, 2, 0, 1])),
        ),
    ),
}
