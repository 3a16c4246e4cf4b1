"""Word vectors from the documentation of numpy and matplotlib, trained in three ways on the same counts (slide S14).

n(c, w) times the word w stood within a window around the centre word c, N_c = sum_w n(c, w). A pair gets the score

    s(w | c) = u_w^T v_c + b_w                                      u, v: (V, d), b: (V,)

and, with k draws w' ~ q of noise for each pair, one of these is made large:

    full softmax       sum_c sum_w n(c, w) log softmax(s(. | c))_w
    NCE                sum_c [sum_w n(c, w) log sigma(delta(w | c)) + k N_c E_q log sigma(-delta(w' | c))]
                                                                                       delta = s - log(k q)
    negative sampling  the same                                                        delta = s

If the scores are free to take any values, the first is largest where softmax(s) = p(. | c) = n(c, .) / N_c, the second
where s = log p(w | c), so that sum_w exp(s) = 1, the third where s = log(p(w | c) / (k q(w))): with q the unigram that
is PMI - log k (erratum E10).

    T. Mikolov, I. Sutskever, K. Chen, G. Corrado and J. Dean (2013), Distributed representations of words and phrases
    and their compositionality, NIPS
    A. Mnih and Y. W. Teh (2012), A fast and simple algorithm for training neural probabilistic language models, ICML
    O. Levy and Y. Goldberg (2014), Neural word embedding as implicit matrix factorization, NIPS
"""

import ast
import functools
import re
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from lib import checks, logspace, nce

METHODS = ("full softmax", "NCE", "negative sampling")
RATIO = 10  # k, noise words for each pair
EXPONENT = 0.75  # of the counts in the noise: Mikolov et al. (2013)
PASSES = 12  # over all centre words
WINDOW = 5  # words to either side of the centre
LEAST = 12  # occurrences of a word of the vocabulary
KEEP = 3e-4  # frequency above which words are thinned out
BLOCK = 128  # words at a time: OpenBLAS starts threads for larger products, which on a busy machine wait for each other


# --- from texts to counts -------------------------------------------------------------------------------------------


@functools.cache
def documentation():
    """The docstrings of the installed numpy and matplotlib, each text once, in a fixed order: a tuple of str.

    They are read from the sources, not from imported modules, tests left out. What numpy holds in compiled form is
    asked for its `__doc__`: the ufuncs and the methods of `np.random.Generator`.
    """
    texts = []
    for package in ("numpy", "matplotlib"):
        root = Path(find_spec(package).origin).parent
        for path in sorted(root.rglob("*.py"), key=lambda path: path.relative_to(root).as_posix()):
            if "tests" not in path.relative_to(root).parts:
                texts += docstrings(path.read_text(encoding="utf8"))
    compiled = [member for _, member in sorted(vars(np).items()) if isinstance(member, np.ufunc)]
    compiled += [member for _, member in sorted(vars(np.random.Generator).items())]
    texts += [text for text in (getattr(member, "__doc__", None) for member in compiled) if isinstance(text, str)]
    return tuple(dict.fromkeys(texts))


def docstrings(source):
    """The strings in a Python source that are statements of their own or given to `add_newdoc`, from top to end."""
    texts, statements = [], ast.parse(source).body[::-1]
    while statements:
        statement = statements.pop()
        match statement:
            case ast.Expr(ast.Constant(str() as text)):
                texts.append(text)
            case ast.Expr(ast.Call(ast.Name(name), [_, _, *given])) if name.startswith("add_newdoc"):
                constants = [node.value for part in given for node in ast.walk(part) if isinstance(node, ast.Constant)]
                texts += [constant for constant in constants if isinstance(constant, str)]
        for part in ("orelse", "body"):
            statements += getattr(statement, part, [])[::-1]
    return texts


def tokens(text):
    """The words of a text: runs of two letters or more, in lower case. Lines of an interactive session are left out."""
    prose = re.sub(r"^[ \t]*>>>.*\n(?:[ \t]*\S.*\n)*", "", text + "\n", flags=re.M)
    return re.findall(r"[a-z]{2,}", prose.lower())


def vocabulary(texts, least):
    """The words that occur `least` times or more in lists of words: a tuple, frequent ones first, ties by alphabet."""
    found = Counter(word for text in texts for word in text)
    return tuple(word for word, n in sorted(found.items(), key=lambda item: (-item[1], item[0])) if n >= least)


def thin(texts, keep, rng):
    """Lists of words, frequent ones left out at random: with share f of all words, one stays with probability
    min(1, sqrt(keep / f)) (Mikolov et al. 2013)."""
    rng, found = checks.generator(rng), Counter(word for text in texts for word in text)
    total = found.total()
    chance = {word: (keep * total / n) ** 0.5 for word, n in found.items()}
    uniform = iter(rng.random(total).tolist())
    return [[word for word in text if next(uniform) < chance[word]] for text in texts]


def cooccurrences(texts, vocabulary, window):
    """n(c, w), (V, V): how often w stands at most `window` places before or after c in a text.

    Words outside the vocabulary are taken out before places are counted, and no window crosses from text to text.
    """
    index = {word: i for i, word in enumerate(vocabulary)}
    line = []
    for text in texts:
        line += [index[word] for word in text if word in index] + [-1] * checks.integer("window", window, 1)
    line, codes = np.array(line, dtype=np.int64), []
    for step in range(1, window + 1):
        one, other = line[:-step], line[step:]
        codes.append((one * len(index) + other)[(one >= 0) & (other >= 0)])
    table = np.bincount(np.concatenate(codes), minlength=len(index) ** 2)
    table = table.astype(np.float32).reshape(len(index), -1)  # whole numbers below 2^24: float32 holds them
    return table + table.T


@dataclass(frozen=True)
class Corpus:
    """What is counted in the docstrings: the words, and how often each stands near each other one."""

    words: tuple  # the vocabulary, V words
    counts: np.ndarray  # (V, V) n(c, w), to train on
    held_out: np.ndarray  # (V, V) the same of every tenth docstring
    size: int  # words in all docstrings, before thinning
    index: dict  # word -> its number


@functools.cache
def corpus():
    """The documentation as counts; every tenth docstring is held out. Cached: it takes two to three seconds."""
    texts = [tokens(text) for text in documentation()]
    words = vocabulary(texts, LEAST)
    thinned = thin(texts, KEEP, np.random.default_rng(0))
    train = [text for i, text in enumerate(thinned) if i % 10 != 9]
    counts, held_out = (cooccurrences(part, words, WINDOW) for part in (train, thinned[9::10]))
    index = {word: i for i, word in enumerate(words)}
    return Corpus(words, counts, held_out, sum(map(len, texts)), index)


# --- the model and its slopes ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Vectors:
    """What a model of the word pairs holds: two vectors and a number for each word."""

    centre: np.ndarray  # (V, d) v
    context: np.ndarray  # (V, d) u
    bias: np.ndarray  # (V,) b

    def scores(self, centres=slice(None)):
        """s(. | c), one row for each of the centres asked for."""
        return self.centre[centres] @ self.context.T + self.bias


def noise(counts, exponent):
    """q(w) proportional to (sum_c n(c, w))^exponent, (V,); 0 makes it uniform, 1 the unigram.

    A word without a pair counts as half a one, so that q > 0 everywhere (erratum E07).
    """
    weights = np.maximum(_table(counts).sum(axis=0), 0.5) ** float(checks.finite("exponent", exponent))
    return weights / weights.sum()


def softmax_slope(scores, counts):
    """d/ds sum_w n(w) log softmax(s)_w = n(w) - N softmax(s)_w (slides S03, S05); scores and counts: (..., V)"""
    softmax = np.exp(scores - logspace.logsumexp(scores)[..., None].astype(scores.dtype))
    return counts - np.sum(counts, axis=-1, keepdims=True) * softmax


def contrast_slope(delta, counts, drawn, ratio):
    """d/ds [sum_w n(w) log sigma(delta(w)) + k N mean_j log sigma(-delta(w_j))] (slides S12, S14).

    delta, counts: (B, V), one row for each centre; drawn: (V,) how often each word is among the w_j, noise that all
    rows share; ratio: k
    returns: (B, V)  n(w) sigma(-delta(w)) - k N m(w)/m sigma(delta(w))   with m(w) = drawn
    """
    slope = np.zeros(delta.shape, dtype=np.float32)
    seen, words = np.nonzero(counts), np.flatnonzero(drawn)
    slope[seen] = counts[seen] * logspace.sigmoid(-delta[seen])
    share = ratio * counts.sum(axis=1, keepdims=True) * (drawn[words] / drawn.sum())
    slope[:, words] -= share * logspace.sigmoid(delta[:, words])
    return slope


# --- training -------------------------------------------------------------------------------------------------------


def train(counts, method, dimension, ratio, exponent, rng, rate=0.1, rows=32, shared=256):
    """Train word vectors; a generator of `Vectors`: those at the start, then those after each pass over all centres.

    counts : (V, V) n(c, w); method: one of METHODS; dimension: d; ratio: k; exponent: as in `noise`
    rate   : the first step of Adagrad; rows: centre words in a batch; shared: noise words drawn for a batch

    Vectors start small. The bias starts at log unigram, where the model is the unigram, and is learnt; in negative
    sampling it stays at -log k, so that u^T v = 0 stands for PMI = 0, and the vectors have all the rest to say.
    NCE and negative sampling look only at the words that stood with the batch's centres, and at the noise.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, but is {method!r}")
    counts, rng = _table(counts).astype(np.float32), checks.generator(rng)
    size, ratio = len(counts), float(checks.positive("ratio", ratio))
    q, unigram = noise(counts, exponent), noise(counts, 1)
    start = 0.1 * rng.standard_normal((2, size, checks.integer("dimension", dimension, 1)), dtype=np.float32)
    bias, shift = np.log(unigram), np.log(ratio * q)
    if method == "negative sampling":
        bias, shift = np.full(size, -np.log(ratio)), np.zeros(size)
    parameters = [start[0], start[1], bias.astype(np.float32)]
    squares = [np.full_like(parameter, 1e-8) for parameter in parameters]
    batches = [np.sort(part) for part in np.array_split(rng.permutation(size), -(-size // rows))]
    stood = [counts[batch].any(axis=0) for batch in batches]
    sampler = nce.AliasSampler(q)

    def climb(part, where, gradient):
        """One step of Adagrad, on the rows `where`: a step shrinks with the squared gradients that came before it."""
        squares[part][where] = total = squares[part][where] + gradient**2
        parameters[part][where] += rate * gradient / np.sqrt(total)

    yield Vectors(*map(np.copy, parameters))
    while True:
        for i in rng.permutation(len(batches)):
            centres, words = batches[i], slice(None)
            if method != "full softmax":
                drawn = np.bincount(sampler.draw(rng, shared), minlength=size)
                words = np.flatnonzero(stood[i] | (drawn > 0))
            v, u = parameters[0][centres], parameters[1][words]
            parts = [slice(start, start + BLOCK) for start in range(0, len(u), BLOCK)]
            scores = np.hstack([v @ u[part].T for part in parts]) + parameters[2][words]
            if method == "full softmax":
                seen = counts[centres]
                slope = softmax_slope(scores, seen).astype(np.float32)
            else:
                seen = counts[np.ix_(centres, words)]
                slope = contrast_slope(scores - shift[words], seen, drawn[words], ratio)
            slope /= max(seen.sum(), 1.0)
            climb(0, centres, sum(slope[:, part] @ u[part] for part in parts))
            climb(1, words, np.vstack([slope[:, part].T @ v for part in parts]))
            if method != "negative sampling":
                climb(2, words, slope.sum(axis=0))
        yield Vectors(*map(np.copy, parameters))


class Training:
    """The training on the documentation by one method, carried on as far as it is asked for, and kept."""

    def __init__(self, method):
        self._passes, self._vectors = None, []
        self.method = method

    def run(self):
        """A generator of the number of passes done, up to PASSES; what has been done before is not done again."""
        if self._passes is None:
            rng = np.random.default_rng(1)
            self._passes = train(corpus().counts, self.method, 50, RATIO, EXPONENT, rng)
        while len(self._vectors) <= PASSES:
            try:
                self._vectors.append(next(self._passes))
            except BaseException:  # interrupted: a generator cannot go on from there, so the next run starts anew
                self._passes, self._vectors = None, []
                raise
            yield len(self._vectors) - 1

    def after(self, passes):
        """The vectors after so many passes."""
        for _ in self.run():
            pass
        return self._vectors[passes]


@functools.cache
def training(method):
    """The one `Training` by this method."""
    return Training(method)


# --- what the vectors say -------------------------------------------------------------------------------------------


def log_normalisers(vectors):
    """log Z_c = log sum_w exp(s(w | c)), (V,), one for each centre word."""
    parts = [slice(start, start + BLOCK) for start in range(0, len(vectors.bias), BLOCK)]  # V rows of V are slower
    return np.concatenate([logspace.logsumexp(vectors.scores(part)) for part in parts])


def likelihood(vectors, log_z, counts):
    """The mean of log softmax(s(. | c))_w over the pairs counted, in nats; log_z: the vectors' `log_normalisers`."""
    scores = np.sum((counts @ vectors.context) * vectors.centre) + counts.sum(axis=0) @ vectors.bias
    return float((scores - counts.sum(axis=1) @ log_z) / counts.sum(dtype=float))


def cosines(vectors, word):
    """The cosine of the angle between the centre vector of a word, given by its number, and that of each word, (V,)."""
    directions = vectors.centre / np.linalg.norm(vectors.centre, axis=1, keepdims=True)
    return directions @ directions[word]


def neighbours(vectors, word, corpus, count=5):
    """The words whose centre vectors have the largest cosine with that of `word`, nearest first."""
    if word not in corpus.index:
        raise ValueError(f"word must be in the vocabulary of {len(corpus.words)} words, but is {word!r}")
    at = corpus.index[word]
    order = np.argsort(-cosines(vectors, at), kind="stable")
    return [corpus.words[i] for i in order if i != at][:count]


def pmi(counts):
    """log p(c, w) / (p(c) p(w)), the pointwise mutual information of each pair, (V, V); -inf for pairs never seen."""
    counts = _table(counts)
    total, seen = counts.sum(), np.nonzero(counts)
    table = np.full(counts.shape, -np.inf)
    expected = counts.sum(axis=1)[seen[0]] * counts.sum(axis=0)[seen[1]] / total
    table[seen] = np.log(counts[seen] / expected)
    return table


def project(points):
    """Points (n, d) on the plane on which they spread most (principal components), (n, 2).

    A component is known but for its sign: here its largest entry by size is positive.
    """
    points = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(points, full_matrices=False)
    plane = points @ axes[:2].T
    return plane * np.sign(plane[np.argmax(np.abs(plane), axis=0), [0, 1]])


def _table(counts):
    counts = checks.finite("counts", counts)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1] or not (counts >= 0).all() or not counts.any():
        raise ValueError(f"counts must be a square table of numbers from 0 up, not all 0, but its shape is "
                         f"{counts.shape} and its smallest entry {np.min(counts, initial=0)}")
    return counts
