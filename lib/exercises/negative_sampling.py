"""Exercises of the chapter "Negative sampling and skip-gram"."""

import numpy as np

from lib import logspace, nce, words
from lib.exercises import Exercise

_P, _Q, _K = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.1, 0.2, 0.3, 0.4]), 2
_TABLES = ((np.array([[4.0, 1.0], [2.0, 8.0]]),), (np.array([[1.0, 6.0, 3.0], [2.0, 7.0, 5.0], [4.0, 5.0, 9.0]]),))
_PLACES = ((0.7, 0.5, 0.25, 5), (-2.0, 0.05, 0.1, 10), (0.0, 0.3, 0.02, 1))  # s, p, q, k
_SCORES = ((np.array([0.5, -1.0, 2.0]), np.array([0.2, 0.3, 0.5])), (np.array([-3.0, 0.1]), np.array([0.9, 0.1])))

EXERCISES = {
    "optimum": Exercise(
        solution=_P / (_K * _Q),
        slips=(
            (_P, "That is where NCE ends. Negative sampling keeps Δs = s, without the log k q."),
            (_P / _Q, "Almost: there are k noise words for each pair, so the noise weighs k q, not q."),
            (np.log(_P / (_K * _Q)), "Those are the scores s. The question is for exp(s)."),
            (_P / (_P + _K * _Q), "That is σ(s), the probability that a word is real. Solve it for exp(s)."),
        ),
        hint="The slope p σ(−s) − k q σ(s) is 0 where exp(s) = p / (k q), word by word.",
    ),
    "normaliser": Exercise(
        solution=np.sum(_P / (_K * _Q)),
        slips=(
            (1.0, "That holds for NCE. Add up the four values of exercise 1."),
            (np.sum(_P / _Q), "The factor 1/k is missing."),
            (np.log(np.sum(_P / (_K * _Q))), "That is log Z."),
        ),
        hint="Z is the sum of exp(s) over the four words.",
    ),
    "recover": Exercise(
        solution=lambda scores, q: logspace.softmax(scores + np.log(q)),
        slips=(
            (
                lambda scores, q: logspace.softmax(scores),
                "The softmax of the scores is p/q made to sum to 1. Where does q come back in?",
            ),
            (
                lambda scores, q: np.exp(scores) * q,
                "This is p/k: the right ratios, but it does not sum to 1. Divide by the sum, and k is gone.",
            ),
            (
                lambda scores, q: logspace.softmax(scores - np.log(q)),
                "The sign: s = log p − log k q, so p is proportional to exp(s) times q.",
            ),
        ),
        hint="exp(s) = p/(k q), so p is proportional to q exp(s), and p sums to 1.",
        cases=_SCORES,
    ),
    "pmi": Exercise(
        solution=lambda counts: words.pmi(counts),
        slips=(
            (
                lambda counts: np.log(counts / counts.sum(axis=1, keepdims=True)),
                "That is log p(w | c). Divide by p(w) as well.",
            ),
            (
                lambda counts: np.log(counts / (counts.sum(axis=1, keepdims=True) * counts.sum(axis=0))),
                "The total is missing: p(c, w) = n/N, p(c) = N_c/N and p(w) = N_w/N leave one factor N.",
            ),
            (
                lambda counts: np.log2(np.exp(words.pmi(counts))),
                "Those are bits. Use the natural logarithm, as the scores do.",
            ),
        ),
        hint="p(c, w) = n/N with N the sum of the table; p(c) and p(w) are its row and column sums over N.",
        cases=_TABLES,
    ),
    "slope": Exercise(
        solution=lambda s, p, q, k: p * logspace.sigmoid(-s) - k * q * logspace.sigmoid(s),
        slips=(
            (
                lambda s, p, q, k: nce.expected_gradient(s, p, np.log(q), k),
                "This is NCE's slope. In negative sampling Δs is s itself.",
            ),
            (
                lambda s, p, q, k: (p - k * q) * logspace.sigmoid(s) * logspace.sigmoid(-s),
                "This is the slope without the logs. With them, d/ds log σ(s) = σ(−s).",
            ),
            (
                lambda s, p, q, k: p * logspace.sigmoid(-s) - q * logspace.sigmoid(s),
                "There are k noise words for each pair: the second term has a factor k.",
            ),
            (
                lambda s, p, q, k: p * logspace.sigmoid(-s) + k * q * logspace.sigmoid(s),
                "The sign of the second term: d/ds log σ(−s) = −σ(s).",
            ),
        ),
        hint="d/ds log σ(s) = σ(−s), and d/ds log σ(−s) = −σ(s); weigh them by p and by k q.",
        cases=_PLACES,
    ),
}
