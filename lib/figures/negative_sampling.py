"""Pictures of negative sampling: where it ends, how it climbs there, and the words it learns from."""

import functools

import numpy as np

from lib import logspace, words
from lib.figures import style
from lib.figures.style import number

P = np.array([0.5, 0.3, 0.15, 0.05])  # p(w | c) of four words
COUNTS = np.array([20, 60, 15, 5])  # how often each stands in the whole text
LOOKS = {
    "full softmax": {"color": style.GREEN, "ls": "-.", "hatch": "...", "marker": "^"},
    "NCE": {"color": style.BLUE, "ls": "-", "hatch": None, "marker": "o"},
    "negative sampling": {"color": style.RED, "ls": "--", "hatch": "////", "marker": "s"},
}
SNAPSHOTS = (0, 2, 5, 12)  # passes at which the training is looked at
GROUPS = {
    "colours": ("red", "green", "blue", "black"),
    "sides": ("left", "right", "top", "bottom"),
    "statistics": ("median", "percentile", "mean", "variance"),
    "polynomials": ("chebyshev", "hermite", "laguerre", "legendre"),
    "file types": ("pdf", "svg", "ps", "pgf"),
    "matrices": ("row", "column", "eigenvalues", "hermitian"),
}
MARKS = ("o", "s", "^", "D", "v", "P")
COLOURS = (style.RED, style.BLUE, style.GREEN, style.PURPLE, style.AMBER, style.BLACK)


def optima(ratio, exponent):
    """Where NCE and negative sampling end for four words of known probability: exp(s), word by word."""
    q = COUNTS**exponent / np.sum(COUNTS**exponent)
    sampled = P / (ratio * q)
    figure, ax = style.figure(height=2.9, left=0.8)
    at = np.arange(P.size)
    nce, negative = LOOKS["NCE"], LOOKS["negative sampling"]
    ax.plot(at - 0.08, P, nce["marker"], color=nce["color"], ms=9, label="NCE: exp(s) = p")
    ax.plot(at + 0.08, sampled, negative["marker"], color=negative["color"], ms=9, label="negative sampling: p / (k q)")
    ax.vlines(at, np.minimum(P, sampled), np.maximum(P, sampled), color=style.GREY, lw=1)
    ax.set_yscale("log")
    ax.set(title="exp(s) at the optimum", ylim=(0.004, 12), xlim=(-0.5, 3.5), xticks=at)
    ax.set_xticklabels([f"p = {p:g}\ncount {n}" for p, n in zip(P, COUNTS, strict=True)])
    ax.minorticks_off()
    ax.legend(loc="upper right")
    same = " k q = 1 for every word: the two agree." if np.allclose(ratio * q, 1) else ""
    values = ", ".join(f"{value:.3g}" for value in sampled)
    return figure, (
        f"With k = {ratio} and q ∝ count^{exponent:g}, negative sampling ends at exp(s) = {values}, with the sum "
        f"Z = {sampled.sum():.2f}; NCE ends at p, with the sum 1.{same}"
    )


@functools.cache
def _ascent(objective, ratio):
    """exp(s) of four words over 1,000 steps of gradient ascent, q uniform: (1001, 4)."""
    noise, scores, path = ratio * np.full(4, 0.25), np.zeros(4), []
    for _ in range(1_001):
        path.append(np.exp(scores))
        delta = scores - np.log(noise) if objective == "NCE" else scores
        there = logspace.sigmoid(delta)
        if objective == "as printed":
            scores = scores + 2 * (P - noise) * there * (1 - there)
        else:
            scores = scores + 2 * (P * (1 - there) - noise * there)
    return np.array(path)


def climb(objective, ratio):
    """Gradient ascent on three objectives for the same four words, from s = 0."""
    path, steps = _ascent(objective, ratio), np.arange(1, 1_002)
    figure, ax = style.figure(height=2.9, left=0.8)
    target = P if objective == "NCE" else P / (ratio * 0.25)
    for p, goal, values, line, color in zip(P, target, path.T, ("-", "--", "-.", ":"), COLOURS, strict=False):
        ax.loglog(steps, values, ls=line, color=color, label=f"p = {p:g}")
        if objective != "as printed":
            ax.plot(1_300, goal, "<", color=color, clip_on=False, ms=7)
    ax.set(xlabel="step", title=f"exp(s), {objective}", ylim=(1e-4, 1e4), xlim=(1, 1_300))
    ax.minorticks_off()
    ax.legend(loc="upper left", handlelength=2.6, ncols=2)
    end = ", ".join(map(_size, path[-1]))
    what = {
        "NCE": "The triangles mark p.",
        "negative sampling": "The triangles mark p / (k q).",
        "as printed": "Without the logs there is no goal: a score rises for ever where p > k q, and sinks if p < k q.",
    }[objective]
    total = _size(path[-1].sum())
    return figure, f"After 1,000 steps with k = {ratio}: exp(s) = {end}, and their sum is {total}. {what}"


@functools.cache
def _report(method, passes):
    """The likelihood of the held-out pairs, and log Z of each centre word, after so many passes."""
    vectors = words.training(method).after(passes)
    log_z = words.log_normalisers(vectors)
    return words.likelihood(vectors, log_z, words.corpus().held_out), log_z


@functools.cache
def _unigram():
    corpus = words.corpus()
    share = corpus.held_out.sum(axis=0) / corpus.held_out.sum(dtype=float)
    return float(share @ np.log(words.noise(corpus.counts, 1)))


def progress(passes):
    """Left: the held-out likelihood over the passes. Right: log Z of all centre words after the pass chosen."""
    figure, (left, right) = style.figure(1, 2, height=3.1, left=0.6, gap=0.5)
    bins, said, peaks = np.linspace(-1, 7, 81), [], {}
    for method, look in LOOKS.items():
        curve = [_report(method, done)[0] for done in SNAPSHOTS]
        left.plot(SNAPSHOTS, curve, color=look["color"], ls=look["ls"], label=method)
        value, log_z = _report(method, passes)
        left.plot(passes, value, look["marker"], color=look["color"], ms=8, clip_on=False)
        counts, edges = np.histogram(log_z, bins)
        right.stairs(counts / len(log_z), edges, fill=look["hatch"] is None, color=look["color"], hatch=look["hatch"])
        peaks[method] = edges[counts.argmax()], counts.max() / len(log_z)
        said.append(f"{method} {number(value)} and {number(np.median(log_z), 1)}")
    _name_peaks(right, peaks)
    left.axhline(_unigram(), color=style.GREY, lw=1, ls=":")
    left.text(12, _unigram() - 0.03, "unigram", ha="right", va="top", color=style.GREY, fontsize=9)
    left.set(xlabel="passes", title="held-out log-likelihood", xlim=(0, 12.3), ylim=(-8.2, -6.5), xticks=[0, 4, 8, 12])
    right.set(xlabel="log Z of a centre word", title="share of the words")
    right.set(xlim=(-1, 7), ylim=(0, 1), yticks=[0, 0.5, 1])
    left.legend(loc="lower right", fontsize=9, handlelength=2.2, borderaxespad=0.1)
    return figure, (
        f"After {passes} passes, the held-out log-likelihood of a pair, in nats, and the median of log Z: "
        f"{'; '.join(said)}. The unigram has {number(_unigram())}."
    )


def _name_peaks(ax, peaks):
    """The methods' names beside their peaks (log Z, share); the softmax's below NCE's, for the two may coincide."""
    (softmax, low), (nce, high), (negative, top) = peaks.values()
    ax.text(max(softmax, nce) + 0.35, min(low, high - 0.1), "full softmax", fontsize=9)
    ax.text(nce + 0.35, high, "NCE", va="center", fontsize=9)
    ax.text(negative - 0.2, min(top, 0.85), "negative\nsampling", ha="right", fontsize=9)


@functools.cache
def _map(method):
    """The words of GROUPS on the plane of most spread, by their directions."""
    corpus = words.corpus()
    shown = [word for group in GROUPS.values() for word in group]
    vectors = words.training(method).after(words.PASSES).centre[[corpus.index[word] for word in shown]]
    plane = words.project(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return dict(zip(shown, plane, strict=True))


def neighbourhood(probe, method):
    """Left: a map of words in groups, the probe ringed. Right: the nearest of all words, by the cosine of the angle."""
    corpus, vectors = words.corpus(), words.training(method).after(words.PASSES)
    nearest = words.neighbours(vectors, probe, corpus)
    cosines = words.cosines(vectors, corpus.index[probe])
    figure, (left, right) = style.figure(1, 2, height=3.2, left=0.1, gap=1.3, width_ratios=[1.8, 1])
    place = _map(method)
    for (name, group), mark, color in zip(GROUPS.items(), MARKS, COLOURS, strict=True):
        points = np.array([place[word] for word in group])
        left.plot(*points.T, mark, color=color, ms=6, label=name)
    left.plot(*place[probe], "o", mfc="none", mec=style.BLACK, ms=15, mew=2)
    offset, ha, va = _clear_side(probe, place)
    left.annotate(probe, place[probe], offset, textcoords="offset points", ha=ha, va=va, fontsize=11)
    left.set(xlim=(-0.95, 0.95), ylim=(-0.85, 1.1), xticks=[], yticks=[], title=f"map of 24 words, {method}")
    below = {"loc": "upper center", "bbox_to_anchor": (0.55, -0.01), "ncols": 3}
    left.legend(**below, fontsize=9, handlelength=0.8, columnspacing=0.8)
    rows = np.arange(len(nearest))
    right.barh(rows, [cosines[corpus.index[word]] for word in nearest], color=LOOKS[method]["color"], height=0.6)
    right.set(ylim=(4.6, -0.6), xlim=(0, 1), xticks=[0, 0.5, 1], xlabel="cosine", title="nearest words")
    right.set_yticks(rows, nearest)
    return figure, (
        f"Trained by {method}, the five words nearest to “{probe}” of {len(corpus.words):,} are {', '.join(nearest)}."
    )


def _clear_side(probe, place):
    """On which side of its ring a word's name keeps farthest from all marks: offset in points, ha, va."""
    x, y = place[probe]
    half = 0.04 * len(probe)  # of the name's width, on the map's scale
    beside = half + 0.15
    sides = {
        (0, 10, "center", "bottom"): (x, y + 0.17),
        (0, -10, "center", "top"): (x, y - 0.17),
        (11, 0, "left", "center"): (x + beside, y),
        (-11, 0, "right", "center"): (x - beside, y),
        (7, 7, "left", "bottom"): (x + beside - 0.05, y + 0.13),
        (-7, 7, "right", "bottom"): (x - beside + 0.05, y + 0.13),
    }
    marks = np.array(list(place.values()))

    def clearance(side):
        middle = np.array(sides[side])
        inside = np.abs(middle[0]) + half < 0.95
        return inside * np.max(np.abs(marks - middle) / (half + 0.03, 0.09), axis=1).min()

    *offset, ha, va = max(sides, key=clearance)
    return offset, ha, va


def learnt(least, method):
    """Scores that training found against the optimum of free scores, for pairs that were counted `least` times."""
    corpus, vectors = words.corpus(), words.training(method).after(words.PASSES)
    centre, word = np.nonzero(corpus.counts >= least)
    every = -(-len(centre) // 600)  # 600 points at most
    goal = np.log(corpus.counts[centre, word] / corpus.counts.sum(axis=1)[centre])
    name = "log p(w | c)"
    if method == "negative sampling":
        goal = goal - np.log(words.RATIO * words.noise(corpus.counts, words.EXPONENT)[word])
        name = "log p(w | c) − log k q(w)"
    scores = np.sum(vectors.centre[centre] * vectors.context[word], axis=1) + vectors.bias[word]
    figure, ax = style.figure(height=3.0, left=0.8)
    ax.plot([-10, 6], [-10, 6], color=style.BLACK, lw=1, ls=":")
    look = LOOKS[method]
    ax.plot(goal[::every], scores[::every], look["marker"], color=look["color"], ms=3, alpha=0.6)
    ax.set(xlabel=f"{name} from the counts", title=f"score learnt by {method}", xlim=(-10, 6), ylim=(-10, 6))
    return figure, (
        f"{len(centre):,} pairs of words stood together {least} times or more. The scores learnt by {method} have the "
        f"correlation {np.corrcoef(goal, scores)[0, 1]:.2f} with {name} of the counts, and are "
        f"{number(np.mean(goal - scores), 1)} lower on average."
    )


def _size(value):
    """A positive number with the digits that its size needs."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}" if value >= 0.0095 else f"{value:.4f}"
