"""Pictures of a softmax over words: the vectors in a plane, what a normaliser costs, what sampling it costs."""

import functools

import numpy as np

from lib import logspace, softmax
from lib.figures import style
from lib.figures.style import number

WORDS = {
    "cat": (2.0, 0.5), "dog": (1.8, 1.1), "horse": (1.2, 1.7), "car": (-1.6, 1.3), "bus": (-2.0, 0.5),
    "train": (-1.0, 1.9), "red": (0.5, -1.9), "blue": (-0.4, -1.8),
}  # fmt: skip
NAMES = {  # on which side of its disc each name stands: (right or left, above or below)
    "cat": (1, -1), "dog": (1, 1), "horse": (0, 1), "car": (-1, 1), "bus": (0, -1), "train": (0, 1), "red": (1, -1),
    "blue": (-1, -1),
}  # fmt: skip
VECTORS = np.array(list(WORDS.values()))
SEEN = "dog"
RATE = 0.15  # of the descent
SAMPLED = 11  # words in one update that samples: the one seen and ten others
# Seconds for one log Z, and for both gradients, by c and by all words, with d = 50: the least of many repetitions.
MACHINE = "one core of an AMD EPYC, numpy 2.4, single precision"
MEASURED = np.array([
    [1_000, 1.2e-5, 4.6e-5], [2_000, 1.8e-5, 8.0e-5], [5_000, 3.6e-5, 1.8e-4], [10_000, 6.5e-5, 3.7e-4],
    [20_000, 1.3e-4, 7.2e-4], [50_000, 3.3e-4, 2.2e-3], [100_000, 9.5e-4, 5.7e-3], [200_000, 2.8e-3, 1.6e-2],
    [500_000, 8.6e-3, 3.9e-2], [1_000_000, 1.6e-2, 7.7e-2],
])  # fmt: skip
VOCABULARY = 100_000  # of the Zipf pictures
PROPOSALS = {"uniform": 0.0, "count^0.75": 0.75, "count": 1.0}  # exponent of the words' counts


def words_in_plane(angle, length):
    """Eight words in a plane and a centre vector: who gets which probability, and where the expected vector is."""
    centre = length * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    p = logspace.softmax(VECTORS @ centre)
    figure, (left, right) = _plane_and_bars(VECTORS, centre, p)
    expected = p @ VECTORS
    left.plot(*expected, "s", color=style.BLACK, ms=9, mew=2, mfc="none", zorder=4)
    left.set(title="words, centre (→), mean (□)")
    right.set(title="p(w | c)")
    best = list(WORDS)[int(p.argmax())]
    total = np.exp(logspace.logsumexp(VECTORS @ centre))
    return figure, (
        f"With the centre vector at {angle}° and of length {length:g}, Z = {total:.4g}; the likeliest word is {best}, "
        f"with probability {p.max():.2f}, and the mean vector is ({number(expected[0])}, {number(expected[1])})."
    )


def descent(step):
    """The word dog is seen beside one centre again and again: where the gradient takes the centre and all words."""
    words, centre = _descent()[step]
    start_words, start_centre = _descent()[0]
    p, before = logspace.softmax(words @ centre), logspace.softmax(start_words @ start_centre)
    figure, (left, right) = _plane_and_bars(words, centre, p)
    for old, new in zip(start_words, words, strict=True):
        left.plot(*np.stack([old, new]).T, color=style.GREY, lw=1)
    left.set(title="words and centre (→)")
    right.plot(before, range(len(before)), "|", color=style.BLACK, ms=11, mew=2)
    right.set(title="p(w | c); | at step 0")
    seen = list(WORDS).index(SEEN)
    moved = np.linalg.norm(words - start_words, axis=-1)
    return figure, (
        f"After {step} step{'' if step == 1 else 's'} p({SEEN} | c) is {p[seen]:.3f}; {SEEN} has moved by "
        f"{moved[seen]:.2f}, and each of the seven other words too, by up to {np.delete(moved, seen).max():.2f}."
    )


def cost(vocabulary, dimension):
    """Multiplications for one update over the size of the vocabulary: with all words, and with eleven of them."""
    sizes = np.geomspace(1e3, 1e6, 61)
    figure, ax = style.figure(height=2.9)
    every, few = 3 * vocabulary * dimension, 3 * SAMPLED * dimension
    ax.loglog(sizes, 3 * sizes * dimension, color=style.RED, ls="--", label="all words: 3·V·d")
    ax.loglog(sizes, np.full(sizes.shape, few), color=style.BLUE, label=f"{SAMPLED} words: 3·{SAMPLED}·d")
    ax.loglog([vocabulary] * 2, [every, few], "o-", color=style.GREY, lw=1, clip_on=False)
    ax.set(xlabel="words in the vocabulary, V", title="multiplications for one update", ylim=(1e3, 1e10))
    ax.set(xlim=(900, 1.1e6))
    ax.minorticks_off()
    ax.legend(loc="upper left")
    return figure, (
        f"With V = {vocabulary:,} words of d = {dimension} numbers one update takes {_large(every)} multiplications "
        f"with all words and {few:,} with {SAMPLED} of them, {every / few:,.0f} times fewer. The vectors fill "
        f"{_memory(4 * vocabulary * dimension)}, and so does their gradient."
    )


def measured(vocabulary):
    """Stored times of one normaliser and of both gradients, with a line of slope 1 through the first of each."""
    sizes, *times = MEASURED.T
    at = int(np.argmin(np.abs(sizes - vocabulary)))
    figure, ax = style.figure(height=2.9, left=0.8)
    looks = (("log Z", "o", style.BLUE), ("both gradients", "s", style.RED))
    for values, (name, marker, color) in zip(times, looks, strict=True):
        ax.loglog(sizes, values, marker, color=color, ms=5, label=name)
        ax.loglog(sizes, values[0] * sizes / sizes[0], color=style.GREY, lw=1, ls=":")
        ax.loglog(sizes[at], values[at], marker, color=color, ms=11, mfc="none", mew=2, clip_on=False)
    ax.set(xlabel="words in the vocabulary, V (d = 50)", title="seconds (dotted: in proportion to V)")
    ax.set(xlim=(800, 1.3e6), ylim=(5e-6, 0.3))
    ax.minorticks_off()
    ax.legend(loc="upper left")
    log_z, gradients = times[0][at], times[1][at]
    return figure, (
        f"Measured once, on {MACHINE}: with {sizes[at]:,.0f} words one log Z took {_time(log_z)} and the "
        f"gradients {_time(gradients)}, {log_z / times[0][0]:,.0f} and {gradients / times[1][0]:,.0f} times as long "
        f"as with 1,000."
    )


def share(kept, exponent):
    """How much of Z the most frequent words make, if a word's weight is 1 / rank^exponent."""
    part = np.cumsum(_law(exponent))
    shown = np.unique(np.geomspace(1, VOCABULARY, 121).astype(int))
    figure, ax = style.figure(height=2.8)
    ax.semilogx(shown, part[shown - 1], color=style.BLUE)
    ax.fill_between(shown, part[shown - 1], where=shown <= kept, color=style.BLUE, alpha=0.2, lw=0)
    ax.plot(kept, part[kept - 1], "o", color=style.BLUE, clip_on=False)
    ax.set(xlabel="words kept, the most frequent first", title="share of Z", xlim=(1, VOCABULARY), ylim=(0, 1))
    ax.minorticks_off()
    inside = part[kept - 1]
    return figure, (
        f"If the weight of a word is 1/rank{_power(exponent)}, the {kept:,} most frequent of {VOCABULARY:,} words make "
        f"{inside:.1%} of Z. Without the others log Z is too small by {-np.log(inside):.2f}, and the probability "
        f"of each word kept too large by a factor of {1 / inside:.2f}."
    )


def estimates(samples, proposal):
    """4,000 estimates of Z, each from a few words drawn with one of three laws; the weights: a Zipf law, disturbed."""
    scores, total = _zipf()
    ratio = _estimates(samples, proposal) / total
    figure, ax = style.figure(height=2.8, left=0.35, right=0.35)
    edges = np.geomspace(0.05, 20, 61)
    counts, edges = np.histogram(np.clip(ratio, 0.0501, 19.9), bins=edges)
    color = style.RED if proposal == "uniform" else style.BLUE
    ax.stairs(counts / counts.max(), edges, fill=True, color=color, alpha=0.6)
    ax.set_xscale("log")
    ax.axvline(1, color=style.BLACK, ls=":", lw=1.2)
    ax.axvline(np.median(ratio), color=style.BLACK, lw=1.5, ls="--")
    ax.set(xlabel="estimate of Z / true Z", title="how often (dotted: truth, dashed: median)", yticks=[])
    ax.set(ylim=(0, 1.05), xlim=(0.05, 20), xticks=[0.1, 1, 10, 20], xticklabels=["0.1", "1", "10", "≥ 20"])
    ax.minorticks_off()
    law = _law(PROPOSALS[proposal])
    spread = np.sqrt(softmax.relative_variance(scores, law) / samples)
    return figure, (
        f"With {samples:,} words drawn {_drawn(proposal)} half of the estimates are below {np.median(ratio):.2f} Z, "
        f"and {np.mean(ratio < 0.5):.0%} below half of Z. The exact standard deviation is {spread:.2g} Z."
    )


def _plane_and_bars(words, centre, p):
    """Left the words, each a disc of area p, and the centre as an arrow; right the probabilities as bars."""
    shape = {"height": 2.85, "left": 0.2, "bottom": 0.3}
    figure, (left, right) = style.figure(1, 2, **shape, gap=0.75, gridspec_kw={"width_ratios": [1.35, 1]})
    areas = 700 * p + 6  # of the squares around the discs, in points
    left.scatter(*words.T, s=areas, color=(style.BLUE, 0.45), edgecolors=style.BLUE, lw=1)
    for (name, side), place, area in zip(NAMES.items(), words, areas, strict=True):
        away = (np.sqrt(area) / 2 + 2) * np.array(side) / np.linalg.norm(side)
        ha, va = ["center", "left", "right"][side[0]], ["center", "bottom", "top"][side[1]]
        left.annotate(name, place, away, textcoords="offset points", ha=ha, va=va, fontsize=10)
    left.annotate("", centre, (0, 0), arrowprops={"arrowstyle": "-|>", "color": style.GREEN, "lw": 2.5})
    left.plot(0, 0, ".", color=style.GREEN)
    left.set(xlim=(-2.6, 4.4), ylim=(-2.8, 2.8), xticks=[], yticks=[])
    left.spines[["top", "right"]].set_visible(True)
    right.barh(range(len(p)), p, color=style.BLUE, alpha=0.6, height=0.7)
    right.set(yticks=range(len(p)), yticklabels=list(WORDS), ylim=(len(p) - 0.4, -0.6), xlim=(0, 1), xticks=[0, 0.5, 1])
    return figure, (left, right)


@functools.cache
def _descent():
    """States (words, centre) of 20 steps down the gradient of one pair's loss, centre and words at once."""
    words, centre = VECTORS, np.array([-0.2, -1.0])
    states = [(words, centre)]
    for _ in range(20):
        by_words, by_centre = softmax.gradients(words, centre, list(WORDS).index(SEEN))
        words, centre = words - RATE * by_words, centre - RATE * by_centre
        states.append((words, centre))
    return states


@functools.cache
def _zipf():
    """Scores of the words beside one centre, -log rank and a disturbance N(0, 1), and their Z."""
    rank = np.arange(1, VOCABULARY + 1)
    scores = -np.log(rank) + np.random.default_rng(0).normal(size=VOCABULARY)
    return scores, np.exp(logspace.logsumexp(scores))


@functools.cache
def _law(exponent):
    """Probabilities in proportion to 1 / rank^exponent."""
    weights = np.arange(1, VOCABULARY + 1) ** -float(exponent)
    return weights / weights.sum()


@functools.cache
def _estimates(samples, proposal):
    rng, law = np.random.default_rng(1), _law(PROPOSALS[proposal])
    if proposal == "uniform":
        draws = rng.integers(VOCABULARY, size=(4_000, samples))
    else:
        steps = np.cumsum(law)
        draws = np.searchsorted(steps / steps[-1], rng.random((4_000, samples)), side="right")
    return softmax.normaliser_terms(_zipf()[0], law, draws).mean(axis=-1)


def _drawn(proposal):
    return "uniformly" if proposal == "uniform" else f"in proportion to {proposal}"


def _power(exponent):
    return "" if exponent == 1 else f"^{exponent:g}"


def _large(number):
    return f"{number / 1e9:.3g} billion" if number >= 1e9 else f"{number / 1e6:.3g} million"


def _memory(number):
    return f"{number / 1e9:.3g} GB" if number >= 1e9 else f"{number / 1e6:.3g} MB"


def _time(seconds):
    return f"{1e3 * seconds:.2g} ms" if seconds >= 1e-4 else f"{1e6 * seconds:.2g} µs"
