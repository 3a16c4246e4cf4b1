"""Words: counts by plain loops, slopes by differences, small tables trained to their known optima, and the neighbours
of the vectors that the chapter trains."""

import ast
import math

import matplotlib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import words

TEXTS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=12), max_size=6)
TABLE = np.array([[9, 4, 1, 2], [4, 2, 6, 1], [1, 6, 3, 8], [2, 1, 8, 5]])


# --- from texts to counts -------------------------------------------------------------------------------------------


def test_docstrings_are_found_wherever_they_stand_and_in_order():
    source = '''"module"
x = "no docstring"
if x:
    def f(a="neither"):
        """function"""
        return "nor this"
else:
    class C:
        "class"
        y = 1
        """attribute"""
        async def g(self):
            "method"
add_newdoc("package", "name", "given")
add_newdoc("package", "name", ("attribute", "in a pair"))
add_newdoc_for_scalar_type("bool", [], "scalar")
print("package", "name", "not given")
'''
    found = ["module", "function", "class", "attribute", "method", "given", "attribute", "in a pair", "scalar"]
    assert words.docstrings(source) == found


def test_the_documentation_is_read_whole_and_once():
    texts = words.documentation()
    assert len(set(texts)) == len(texts) > 5_000
    told = set(texts)
    for member in (np.sin, np.random.Generator.beta, np.random.Generator.shuffle):  # compiled
        assert member.__doc__ in told
    for module in (np.lib._function_base_impl, matplotlib):  # from sources, by another route
        tree = ast.parse(open(module.__file__, encoding="utf8").read())
        nodes = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef | ast.Module)]
        docs = [d for d in (ast.get_docstring(n, clean=False) for n in nodes) if d]
        assert len(docs) > 20 and told.issuperset(docs)


def test_tokens_are_the_words_of_the_prose():
    text = "The array_like `x2`, a 3-D *Array*.\n\n    >>> np.sin(0)\n    0.0\n    ...\n\n    After;\n>>> last = 1"
    assert words.tokens(text) == ["the", "array", "like", "array", "after"]
    assert words.tokens("") == []
    assert words.tokens("one\n>>> code\noutput\n \ntwo") == ["one", "two"]


def test_the_vocabulary_is_sorted_by_frequency_then_by_alphabet():
    texts = [["b", "a", "c"], ["c", "d", "b", "c"], ["a"]]
    assert words.vocabulary(texts, 1) == ("c", "a", "b", "d")
    assert words.vocabulary(texts, 2) == ("c", "a", "b")


@given(TEXTS, st.integers(1, 4))
def test_cooccurrences_against_plain_loops(texts, window):
    known = words.vocabulary(texts, 3)
    if not known:
        return
    slow = np.zeros((len(known), len(known)))
    for text in texts:
        text = [word for word in text if word in known]
        for i in range(len(text)):
            for j in range(len(text)):
                if 0 < abs(i - j) <= window:
                    slow[known.index(text[i]), known.index(text[j])] += 1
    assert np.array_equal(words.cooccurrences(texts, known, window), slow)


def test_thinning_keeps_each_word_as_often_as_it_should():
    n = np.array([60_000, 30_000, 9_000, 1_000])
    texts = [[word] * count for word, count in zip("abcd", n, strict=True)]
    kept = words.thin(texts, 0.02, np.random.default_rng(3))
    stayed = np.array([len(text) for text in kept])
    chance = np.minimum(1, np.sqrt(0.02 / (n / n.sum())))
    error = np.sqrt(n * chance * (1 - chance))
    assert (np.abs(stayed - n * chance) <= 4.5 * error).all()  # false alarm: 1 seed in 50,000
    assert stayed[3] == 1_000  # rarer than the threshold: all
    assert words.thin([["a", "b", "c"]], 9.0, np.random.default_rng(0)) == [["a", "b", "c"]]  # in order


def test_the_corpus():
    corpus = words.corpus()
    assert corpus is words.corpus()
    assert len(corpus.words) >= 2_000 and corpus.size > 350_000
    for table in (corpus.counts, corpus.held_out):
        assert table.shape == (len(corpus.words),) * 2 and np.array_equal(table, table.T)
    share = corpus.held_out.sum(dtype=float) / corpus.counts.sum(dtype=float)
    assert 0.08 < share < 0.14  # one docstring in ten is held out: 1/9
    assert [corpus.words[corpus.index[word]] for word in ("median", "red")] == ["median", "red"]


# --- slopes and optima ----------------------------------------------------------------------------------------------


def test_softmax_slope_by_differences():
    rng = np.random.default_rng(1)
    scores, n = rng.standard_normal((3, 5)), rng.integers(0, 4, (3, 5))

    def objective(s):
        return sum(n[i, w] * (s[i, w] - math.log(sum(map(math.exp, s[i])))) for i in range(3) for w in range(5))

    for step, slope in zip(1e-5 * np.eye(15).reshape(15, 3, 5), words.softmax_slope(scores, n).ravel(), strict=True):
        assert abs((objective(scores + step) - objective(scores - step)) / 2e-5 - slope) < 1e-7


@pytest.mark.parametrize("ratio", [1, 2.5, 10])
def test_contrast_slope_by_differences(ratio):
    rng = np.random.default_rng(2)
    delta, n = 2 * rng.standard_normal((3, 5)), rng.integers(0, 4, (3, 5))
    noise = [0, 0, 3, 4, 4, 4, 1]  # noise words as they were drawn; word 2 never

    def objective(d):
        real = sum(n[i, w] * -math.log1p(math.exp(-d[i, w])) for i in range(3) for w in range(5))
        fake = sum(n[i].sum() * -math.log1p(math.exp(d[i, w])) / len(noise) for i in range(3) for w in noise)
        return real + ratio * fake

    slope = words.contrast_slope(delta, n, np.bincount(noise, minlength=5), ratio)
    for step, one in zip(1e-5 * np.eye(15).reshape(15, 3, 5), slope.ravel(), strict=True):
        measured = (objective(delta + step) - objective(delta - step)) / 2e-5
        assert abs(measured - one) < 1e-5 * (1 + abs(measured))  # slopes are float32, 6e-8 of their size


def last(passes, *arguments, **named):
    """The vectors after so many passes, averaged over the last half: what the noise draws do to them averages out."""
    scores = [
        vectors.scores()
        for done, vectors in zip(range(passes + 1), words.train(*arguments, **named), strict=False)
        if 2 * done > passes
    ]
    return np.mean(scores, axis=0)


@pytest.mark.parametrize("method, exponent", [(m, e) for m in words.METHODS for e in (0.0, 1.0)])
def test_rich_vectors_reach_the_known_optimum(method, exponent):
    k = 3.0
    scores = last(1_000, TABLE, method, 6, k, exponent, np.random.default_rng(4), rows=2, shared=512)
    p = TABLE / TABLE.sum(axis=1, keepdims=True)
    weights = TABLE.sum(axis=0) ** exponent
    q = weights / weights.sum()
    z = np.exp(scores).sum(axis=1)
    # the noise is drawn, and its errors, 0.01 in a score, are averaged over 500 passes; the softmax sees no noise
    if method == "full softmax":
        assert np.abs(scores - np.log(z)[:, None] - np.log(p)).max() < 1e-3
    elif method == "NCE":
        assert np.abs(scores - np.log(p)).max() < 0.04
        assert np.abs(np.log(z)).max() < 0.015
    else:
        assert np.abs(scores - np.log(p / (k * q))).max() < 0.04
        assert np.abs(z - (p / (k * q)).sum(axis=1)).max() < 0.015 * z.max()
        assert exponent or np.abs(np.log(z) - np.log(4 / 3)).max() < 0.015  # q uniform: Z = V / k


def test_training_starts_where_it_should_and_repeats():
    for method in words.METHODS:
        first, second = (next(words.train(TABLE, method, 3, 2, 1, np.random.default_rng(5))) for _ in range(2))
        assert all(np.array_equal(getattr(first, part), getattr(second, part)) for part in vars(first))
        start = np.full(4, -np.log(2)) if method == "negative sampling" else np.log(words.noise(TABLE, 1))
        np.testing.assert_allclose(first.bias, start, rtol=1e-6)  # float32
        passes = words.train(TABLE, method, 3, 2, 1, np.random.default_rng(5))
        later = [next(passes) for _ in range(3)][2]
        assert not np.array_equal(later.centre, first.centre) and not np.array_equal(later.context, first.context)
        assert np.array_equal(later.bias, first.bias) == (method == "negative sampling")


def test_a_step_of_nce_touches_only_partners_and_noise():
    size = 400
    counts = np.zeros((size, size))
    counts[:2, :2] = [[1, 5], [5, 1]]
    passes = words.train(counts, "NCE", 4, 2, 1.0, np.random.default_rng(6), rows=1, shared=8)
    before, after = next(passes), next(passes)
    moved = np.flatnonzero((before.context != after.context).any(axis=1))
    assert {0, 1} <= set(moved) and len(moved) < 30  # words without a pair are noise in 1 of 20 draws at most each


def test_noise_is_a_power_of_the_counts_and_never_zero():
    np.testing.assert_allclose(words.noise(TABLE, 0), 0.25)
    np.testing.assert_allclose(words.noise(TABLE, 1), TABLE.sum(axis=0) / TABLE.sum())
    three_quarters = np.array([16, 13, 18, 16]) ** 0.75
    np.testing.assert_allclose(words.noise(TABLE, 0.75), three_quarters / three_quarters.sum())
    assert words.noise(np.array([[0, 3], [0, 5]]), 1).tolist() == [0.5 / 8.5, 8 / 8.5]


# --- what the vectors say -------------------------------------------------------------------------------------------


def small_vectors(seed=7, size=6, dimension=3):
    rng = np.random.default_rng(seed)
    return words.Vectors(rng.standard_normal((size, dimension)), rng.standard_normal((size, dimension)),
                         rng.standard_normal(size))  # fmt: skip


def test_likelihood_and_normalisers_pair_by_pair():
    v, n = small_vectors(), np.random.default_rng(8).integers(0, 5, (6, 6))
    total = 0.0
    for c in range(6):
        scores = [sum(v.context[w] * v.centre[c]) + v.bias[w] for w in range(6)]
        log_z = math.log(sum(map(math.exp, scores)))
        assert abs(words.log_normalisers(v)[c] - log_z) < 1e-12
        total += sum(n[c, w] * (scores[w] - log_z) for w in range(6))
    assert abs(words.likelihood(v, words.log_normalisers(v), n) - total / n.sum()) < 1e-12


def test_pmi_pair_by_pair():
    joint = TABLE / TABLE.sum()
    for c, w in np.ndindex(4, 4):
        exact = math.log(joint[c, w] / (joint[c].sum() * joint[:, w].sum()))
        assert abs(words.pmi(TABLE)[c, w] - exact) < 1e-12
    with_gaps = words.pmi(np.array([[0, 2, 0], [2, 1, 0], [0, 0, 0]]))
    assert with_gaps[0, 0] == -np.inf and not np.isnan(with_gaps).any()


def test_neighbours_are_sorted_by_angle():
    angles = np.array([0, 10, 25, 100, 181, -12])
    centre = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1) * np.arange(1, 7)[:, None]
    vectors = words.Vectors(centre, centre, np.zeros(6))
    corpus = words.Corpus(tuple("abcdef"), TABLE, TABLE, 0, {word: i for i, word in enumerate("abcdef")})
    assert words.neighbours(vectors, "a", corpus) == ["b", "f", "c", "d", "e"]
    assert words.neighbours(vectors, "e", corpus, count=2) == ["d", "c"]
    np.testing.assert_allclose(words.cosines(vectors, 0), np.cos(np.radians(angles)), atol=1e-12)


@settings(max_examples=30)
@given(st.integers(0, 10_000))
def test_projection_keeps_the_two_widest_directions(seed):
    points = np.random.default_rng(seed).standard_normal((9, 4)) * [5, 2, 1, 0.5]
    plane = words.project(points)
    largest = np.sort(np.linalg.eigvalsh(np.cov(points.T)))[:-3:-1]
    np.testing.assert_allclose(np.cov(plane.T), np.diag(largest), atol=1e-10 * largest[0])
    assert (plane.max(axis=0) >= -plane.min(axis=0)).all()
    np.testing.assert_allclose(words.project(points @ np.diag([-1.0, 1, 1, 1])), plane, atol=1e-9)  # mirrored


# Probes, and companions of which at least one is to be among the first five neighbours.
COMPANIONS = {
    "median": "percentile quantile",
    "percentile": "median quantile",
    "red": "blue green",
    "green": "red blue",
    "blue": "red green",
    "row": "column",
    "column": "row",
    "minimum": "maximum",
    "min": "max",
    "horizontal": "vertical",
    "left": "right",
    "top": "bottom",
    "width": "height",
    "eigenvalues": "eigenvectors",
    "imaginary": "real",
    "upper": "lower",
    "chebyshev": "legendre hermite laguerre",
    "hermite": "legendre chebyshev laguerre",
    "svg": "pdf ps",
    "radians": "angle angles degrees",
    "signed": "unsigned",
    "variance": "deviation",
    "zoom": "pan",
    "positive": "negative",
    "file": "filename files",
    "histogram": "bins hist",
    "polygon": "polygons vertex",
    "sine": "cosine tangent hyperbolic",
    "ticks": "tick minor",
    "fourier": "discrete fft",
}


@pytest.mark.parametrize("method", words.METHODS)
def test_probes_have_their_companions(method):
    corpus, vectors = words.corpus(), words.training(method).after(words.PASSES)
    missed = {}
    for probe, companions in COMPANIONS.items():
        near = words.neighbours(vectors, probe, corpus)
        if not set(companions.split()) & set(near):
            missed[probe] = near
    assert len(COMPANIONS) >= 20 and not missed


def test_normalisers_and_held_out_likelihoods_of_the_three_trainings():
    corpus, log_z, likelihood = words.corpus(), {}, {}
    for method in words.METHODS:
        vectors = words.training(method).after(words.PASSES)
        log_z[method] = words.log_normalisers(vectors)
        likelihood[method] = words.likelihood(vectors, log_z[method], corpus.held_out)
    unigram = corpus.held_out.sum(axis=0) / corpus.held_out.sum() @ np.log(words.noise(corpus.counts, 1))
    assert np.mean(np.abs(log_z["NCE"]) < 0.25) > 0.9  # Z near 1, though nothing forces it
    assert np.std(log_z["NCE"]) < 0.15 < np.std(log_z["full softmax"])
    assert log_z["negative sampling"].min() > 4
    assert likelihood["full softmax"] > likelihood["NCE"] > likelihood["negative sampling"]
    assert unigram + 0.4 < likelihood["NCE"] and likelihood["negative sampling"] < unigram + 0.3


def test_a_training_is_kept_and_can_be_carried_on_or_begun_anew(monkeypatch):
    begun = []

    def passes(*arguments):
        begun.append(arguments)
        for done in range(100):
            if len(begun) == 1 and done == 4:
                raise KeyboardInterrupt
            yield f"vectors {done}"

    monkeypatch.setattr(words, "train", passes)
    training = words.Training("NCE")
    steps = training.run()
    assert [next(steps), next(steps)] == [0, 1]
    again = training.run()
    assert [next(again), next(again)] == [2, 3]  # not from the start
    with pytest.raises(KeyboardInterrupt):
        next(again)
    assert list(training.run()) == list(range(words.PASSES + 1)) and len(begun) == 2
    assert [training.after(done) for done in (0, words.PASSES)] == ["vectors 0", f"vectors {words.PASSES}"]
    assert list(training.run()) == [] and len(begun) == 2  # done once, it is kept
    assert begun[0][1] == "NCE"
    assert words.training("NCE") is words.training("NCE")


# --- bad input ------------------------------------------------------------------------------------------------------


def test_bad_input_is_named():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="method must be one of full softmax, NCE, negative sampling, but is 'nce'"):
        next(words.train(TABLE, "nce", 2, 1, 1, rng))
    with pytest.raises(ValueError, match=r"counts must be a square table .* but its shape is \(2, 4\)"):
        next(words.train(TABLE[:2], "NCE", 2, 1, 1, rng))
    with pytest.raises(ValueError, match="counts must be a square table .* smallest entry -1"):
        words.pmi(np.array([[1, -1], [2, 3]]))
    with pytest.raises(ValueError, match="counts must be a square table"):
        words.noise(np.zeros((2, 2)), 1)
    with pytest.raises(ValueError, match="ratio must be positive everywhere, but its smallest entry is 0.0"):
        next(words.train(TABLE, "NCE", 2, 0, 1, rng))
    with pytest.raises(ValueError, match="dimension must be an integer from 1 up, but is 0"):
        next(words.train(TABLE, "NCE", 0, 1, 1, rng))
    with pytest.raises(ValueError, match="rng must be a np.random.Generator"):
        next(words.train(TABLE, "NCE", 2, 1, 1, 0))
    with pytest.raises(ValueError, match="rng must be a np.random.Generator"):
        words.thin([["a"]], 1, 0)
    with pytest.raises(ValueError, match="window must be an integer from 1 up, but is 0"):
        words.cooccurrences([["a"]], ("a",), 0)
    with pytest.raises(ValueError, match="exponent must be finite everywhere, but holds nan"):
        words.noise(TABLE, np.nan)
    with pytest.raises(ValueError, match=r"word must be in the vocabulary of \d+ words, but is 'xyzzy'"):
        words.neighbours(words.training("NCE").after(0), "xyzzy", words.corpus())
