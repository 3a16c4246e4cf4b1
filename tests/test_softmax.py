"""The softmax over words against plain sums, differences, exact expectations by enumeration, and simulation."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lib import gradients, softmax

SMALL = st.floats(-3, 3)
WORDS = hnp.arrays(float, st.tuples(st.integers(1, 6), st.just(3)), elements=SMALL)
CENTRE = hnp.arrays(float, 3, elements=SMALL)
SCORES = hnp.arrays(float, 5, elements=SMALL)
LAW = hnp.arrays(float, 5, elements=st.floats(0.05, 1)).map(lambda weights: weights / weights.sum())


@given(WORDS, CENTRE)
def test_the_loss_is_minus_the_log_of_a_probability(words, centre):
    p = [np.exp(-softmax.loss(words, centre, seen)) for seen in range(len(words))]
    np.testing.assert_allclose(p, scipy.special.softmax(words @ centre), rtol=1e-12)   # scores up to 27: 27 eps twice
    assert abs(sum(p) - 1) < 1e-12


@given(WORDS, CENTRE, st.data())
def test_gradients(words, centre, data):
    seen, step = data.draw(st.integers(0, len(words) - 1)), 1e-5
    by_words, by_centre = softmax.gradients(words, centre, seen)
    assert by_words.shape == words.shape and by_centre.shape == centre.shape
    for k in range(3):
        unit = step * np.eye(3)[k]
        slope = (softmax.loss(words, centre + unit, seen) - softmax.loss(words, centre - unit, seen)) / (2 * step)
        assert abs(by_centre[k] - slope) < 1e-7             # step^2 / 6 times 6^3, and 30 eps / step
        for w in range(len(words)):
            moved = np.outer(np.arange(len(words)) == w, unit)
            slope = (softmax.loss(words + moved, centre, seen) - softmax.loss(words - moved, centre, seen)) / (2 * step)
            assert abs(by_words[w, k] - slope) < 1e-7
    np.testing.assert_allclose(by_words.sum(axis=0), 0, atol=1e-14)                    # pull and pushes cancel


def test_far_out_scores_neither_overflow_nor_lose_the_loss():
    words, centre = np.array([[1000.0], [0.0]]), np.ones(1)
    with np.errstate(all="raise", under="ignore"):
        assert softmax.loss(words, centre, 1) == 1000 and softmax.loss(words, centre, 0) == 0
        np.testing.assert_array_equal(softmax.gradients(words, centre, 1)[0], [[1], [-1]])


@given(SCORES, LAW)
def test_the_terms_have_mean_z_and_the_stated_variance(scores, law):
    terms = softmax.normaliser_terms(scores, law, np.arange(5))
    total = sum(np.exp(score) for score in scores)
    mean = sum(p * term for p, term in zip(law, terms, strict=True))                   # by enumeration
    variance = sum(p * (term - total) ** 2 for p, term in zip(law, terms, strict=True)) / total**2
    assert abs(mean - total) < 1e-12 * total
    assert abs(softmax.relative_variance(scores, law) - variance) < 1e-11 * (1 + variance)


@given(SCORES)
def test_drawing_from_the_model_itself_leaves_no_variance(scores):
    law = scipy.special.softmax(scores)
    assert abs(softmax.relative_variance(scores, law)) < 1e-13
    terms = softmax.normaliser_terms(scores, law, np.array([[0, 4], [2, 2]]))
    np.testing.assert_allclose(terms, np.full((2, 2), np.exp(scores).sum()), rtol=1e-12)


def test_figures_of_the_zipf_law():
    rank = np.arange(1, 100_001)
    variance = softmax.relative_variance(-np.log(rank), np.full(100_000, 1e-5))
    # zeta(2) and the harmonic number by their expansions, other than as sums
    harmonic = np.log(1e5) + np.euler_gamma + 0.5e-5
    assert abs(variance - (1e5 * (np.pi**2 / 6 - 1e-5) / harmonic**2 - 1)) < 1e-3
    assert abs(variance - 1124.3) < 0.1


def test_a_simulation_agrees():
    rng, scores, law = np.random.default_rng(0), np.array([2.0, 1.0, 0.0, -1.0, 0.5]), np.array([4, 1, 2, 2, 1]) / 10
    terms = softmax.normaliser_terms(scores, law, rng.choice(5, p=law, size=200_000))
    mean, error = gradients.mean_and_error(terms)
    assert abs(mean - np.exp(scores).sum()) < 5 * error                                # false alarm: 6e-7
    assert abs(error**2 * 200_000 / np.exp(scores).sum() ** 2 / softmax.relative_variance(scores, law) - 1) < 0.05


TABLE, LAW_5 = np.ones((4, 2)), np.full(5, 0.2)


@pytest.mark.parametrize("call, message", [
    (lambda: softmax.loss([[np.nan]], [1.0], 0), "words must be finite"),
    (lambda: softmax.loss(TABLE, [1.0, np.inf], 0), "centre must be finite"),
    (lambda: softmax.loss(TABLE, [1.0], 0), r"words and centre must have shapes .* \(4, 2\) and \(1,\)"),
    (lambda: softmax.loss(np.ones((0, 2)), [1.0, 1.0], 0), r"words and centre must have shapes"),
    (lambda: softmax.gradients([1.0], [1.0], 0), r"words and centre must have shapes"),
    (lambda: softmax.gradients(TABLE, [1.0, 1.0], 4), "seen must be below the number of words, 4, but is 4"),
    (lambda: softmax.loss(TABLE, [1.0, 1.0], -1), "seen must be an integer from 0 up, but is -1"),
    (lambda: softmax.normaliser_terms(np.zeros(5), 2 * LAW_5, [0]), "proposal must sum to 1, but its sum is 2"),
    (lambda: softmax.normaliser_terms(np.zeros(5), [0.5, 0.5, 0, 0, 0], [0]), "proposal must be positive"),
    (lambda: softmax.relative_variance(np.zeros(4), LAW_5), r"scores and proposal must have one shape .* \(4,\)"),
    (lambda: softmax.relative_variance([np.nan] * 5, LAW_5), "scores must be finite"),
])
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()
