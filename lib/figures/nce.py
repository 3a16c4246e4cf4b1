"""Pictures of noise contrastive estimation: eight words p, their noise q, and the scores that tell the two apart."""

import functools

import numpy as np
from matplotlib.patches import Rectangle

from lib import logspace, nce
from lib.figures import style
from lib.figures.style import number

WORDS = ("the", "of", "and", "model", "noise", "score", "prior", "alias")
P = np.array([0.30, 0.25, 0.20, 0.08, 0.07, 0.05, 0.03, 0.02])  # three frequent words and five rare ones
NOISES = {
    "uniform": np.full(8, 1 / 8),
    "unigram": P,
    "count^0.75": P**0.75 / np.sum(P**0.75),
    "upside down": P[::-1].copy(),
}
LINES = {  # how each noise is drawn, where all are in one picture
    "uniform": {"color": style.BLUE, "ls": "-", "marker": "o"},
    "unigram": {"color": style.RED, "ls": "--", "marker": "s"},
    "count^0.75": {"color": style.GREEN, "ls": "-.", "marker": "^"},
    "upside down": {"color": style.PURPLE, "ls": ":", "marker": "v"},
}
PLACES = np.arange(8)

# The four words on which the slides' objective is tried, with and without its logs (erratum E09).
FOUR, FOUR_K = np.array([0.5, 0.3, 0.15, 0.05]), 5

# Microseconds an update on one machine with 2 cores, 50 numbers a word, uniform noise: see benchmarks/updates.py.
SIZES = np.array([1e3, 1e4, 1e5, 1e6])
SOFTMAX_TIMES = np.array([71, 637, 8_980, 91_800])
NCE_TIMES = {
    1: np.array([74, 75, 75, 75]),
    5: np.array([79, 79, 79, 80]),
    25: np.array([94, 97, 99, 100]),
    100: np.array([142, 149, 158, 165]),
    1000: np.array([756, 797, 931, 976]),
}

LAWS = {
    "steep": np.array([0.40, 0.25, 0.15, 0.10, 0.06, 0.04]),
    "nearly even": np.array([0.20, 0.18, 0.17, 0.16, 0.15, 0.14]),
}
FILLS = (
    {"facecolor": "#99CCFF", "hatch": ""},
    {"facecolor": "#FFCC99", "hatch": "//"},
    {"facecolor": "#99FFCC", "hatch": "\\\\"},
    {"facecolor": "#FFCCFF", "hatch": ".."},
    {"facecolor": "#FFFFCC", "hatch": "xx"},
    {"facecolor": "#CCCCCC", "hatch": "--"},
)


def posterior_over_words(k, noise):
    """Above: what a word weighs as data, p, and as noise, kq. Below: the probability that it is data, and the prior."""
    kq = k * NOISES[noise]
    probability = nce.posterior(np.log(P), np.log(NOISES[noise]), k)
    figure, (above, below) = style.figure(2, 1, height=3.65, bottom=0.3, gap=0.5, sharex=True)
    above.bar(PLACES - 0.2, P, 0.38, color=style.BLUE, label="data, p(w)")
    above.bar(PLACES + 0.2, kq, 0.38, color="white", edgecolor=style.RED, hatch="///", label="noise, k q(w)")
    above.set(yscale="log", ylim=(0.01, 150), title="expected number among 1 + k words")
    above.minorticks_off()
    above.legend(loc="upper right", ncols=2)
    below.bar(PLACES, probability, 0.6, color=style.BLUE)
    below.axhline(1 / (k + 1), color=style.BLACK, ls=":", lw=1.5)
    below.set(ylim=(0, 1), xlim=(-0.6, 7.6), title="probability of being data (dotted: prior 1/(k + 1))")
    _name_words(below)
    most, least = np.argmax(probability), np.argmin(probability)
    if np.ptp(probability) < 1e-9:
        what = f"every word is data with the prior probability {probability[0]:.3f}: its look says nothing"
    else:
        what = (
            f"“{WORDS[most]}” is data with probability {probability[most]:.3f}, the highest, "
            f"and “{WORDS[least]}” with {probability[least]:.3f}, the lowest; the prior is {1 / (k + 1):.3f}"
        )
    return figure, f"With k = {k} and {noise} noise, {what}."


def climb(step, objective):
    """The four exp(s) after some steps of gradient ascent, beside p, and their sum Z over the steps so far."""
    path = four_words_path(objective == "with logs")
    u = np.exp(path[step])
    figure, (left, right) = style.figure(1, 2, height=2.8)
    left.bar(np.arange(4), u, 0.6, color=style.BLUE, alpha=0.6)
    left.plot(np.arange(4), FOUR, "D", color=style.RED, ms=6)
    left.set(xticks=range(4), xticklabels=["w₁", "w₂", "w₃", "w₄"], ylim=(0, 1.05), xlim=(-0.6, 3.6))
    left.set(title="exp(s), and p (diamonds)", xlabel="word")
    right.axhline(1, color=style.BLACK, ls=":", lw=1)
    right.plot(np.exp(path[: step + 1]).sum(axis=-1), color=style.BLUE)
    right.plot(step, u.sum(), "o", color=style.BLUE, clip_on=False)
    right.set(title="their sum Z (dotted: 1)", xlabel="step", xlim=(0, 125), ylim=(0, 4.1))
    return figure, (
        f"{objective.capitalize()}, after {step} steps: exp(s) = ({', '.join(f'{value:.3f}' for value in u)}), "
        f"with sum Z = {u.sum():.3f}; p = (0.5, 0.3, 0.15, 0.05)."
    )


@functools.cache
def four_words_path(logs, steps=120, rate=1.0):
    """Scores (steps + 1, 4) of gradient ascent on the expected objective, as it should be or as the slide prints it."""
    log_noise, scores = np.full(4, np.log(0.25)), np.zeros(4)
    path = [scores]
    for _ in range(steps):
        if logs:
            slope = nce.expected_gradient(scores, FOUR, log_noise, FOUR_K)
        else:  # d/ds [p sigma(delta) + kq sigma(-delta)]
            share = nce.posterior(scores, log_noise, FOUR_K)
            slope = (FOUR - FOUR_K * 0.25) * share * (1 - share)
        scores = scores + rate * slope
        path.append(scores)
    return np.array(path)


def training(step, noise):
    """The scores of frequent and rare words in one training run: the full softmax beside NCE, on the same words."""
    figure, axes = style.figure(1, 2, height=3.4, gap=0.35, sharey=True)
    names = "full softmax", f"NCE, {noise} noise"
    goals = np.log(P) - np.log(P).mean(), np.log(P)
    ends = []
    for ax, name, goal, path in zip(axes, names, goals, training_paths(noise), strict=True):
        for w in PLACES:
            look = {"color": style.BLUE, "ls": "-"} if w < 3 else {"color": style.RED, "ls": "--"}
            ax.plot(path[: step + 1, w], **look, lw=1.3)
            fill = look["color"] if w < 3 else "white"
            ax.plot(305, goal[w], "<", color=look["color"], mfc=fill, ms=5, clip_on=False)
            ax.plot(step, path[step, w], "o" if w < 3 else "s", color=look["color"], ms=4, clip_on=False)
        ax.set(title=name, xlabel="step", xlim=(0, 305), ylim=(-5.2, 2.2), xticks=[0, 100, 200, 300])
        ends.append((path[step, :3].mean(), path[step, 3:].mean(), np.exp(path[step]).sum()))
    axes[0].text(150, 1.75, "frequent (solid)", color=style.BLUE, ha="center", fontsize=10)
    axes[0].text(150, -4.6, "rare (dashed)", color=style.RED, ha="center", fontsize=10)
    soft, contrast = ends
    return figure, (
        f"After {step} steps the frequent and the rare words’ mean scores are {number(soft[0])} and "
        f"{number(soft[1])} under the softmax, with Z = {soft[2]:.2f}, and {number(contrast[0])} and "
        f"{number(contrast[1])} under NCE with {noise} noise and k = 5, with Z = {contrast[2]:.2f}."
    )


@functools.cache
def training_paths(noise, steps=300, pairs=100, k=5, rate=1.0):
    """Scores (steps + 1, 8) under the softmax and under NCE, by the mean gradient of `pairs` drawn pairs a step."""
    rng, q = np.random.default_rng(10), NOISES[noise]
    data = rng.multinomial(pairs, P, size=steps) / pairs  # how often each word was drawn
    contrast = rng.multinomial(k * pairs, q, size=steps) / pairs
    softmax, scores = [np.zeros(8)], [np.zeros(8)]
    for seen, drawn in zip(data, contrast, strict=True):
        softmax.append(softmax[-1] + rate * (seen - logspace.softmax(softmax[-1])))
        share = nce.posterior(scores[-1], np.log(q), k)
        scores.append(scores[-1] + rate * (seen * (1 - share) - drawn * share))
    return np.array(softmax), np.array(scores)


def gradient_against_likelihood(k):
    """The gradient of each score at one normalised model: of the log-likelihood, and of NCE with k noise words."""
    u = model()
    likelihood_slope = P - u
    contrast = nce.expected_gradient(np.log(u), P, np.log(NOISES["uniform"]), k)
    figure, ax = style.figure(height=2.75, bottom=0.3)
    ax.bar(PLACES, likelihood_slope, 0.8, color="white", edgecolor=style.BLACK, label="log-likelihood, p − softmax(s)")
    ax.bar(PLACES, contrast, 0.45, color=style.BLUE, label="NCE, kq(p − u)/(u + kq)")
    ax.axhline(0, color=style.BLACK, lw=0.8)
    ax.set(title="slope of each score", ylim=(-0.15, 0.26), xlim=(-0.6, 7.6))
    _name_words(ax)
    ax.legend(loc="upper right")
    gap = np.abs(contrast - likelihood_slope).max()
    return figure, (
        f"With k = {k} and uniform noise, NCE’s slopes are between {np.min(contrast / likelihood_slope):.1%} and "
        f"{np.max(contrast / likelihood_slope):.1%} of the log-likelihood’s; the largest difference is {gap:.4f}."
    )


def model():
    """A normalised model that is not p: its slopes have both signs."""
    return logspace.softmax([0.4, 0.9, 0.2, -0.3, 0.1, -0.8, 0.0, -1.2])


def standard_errors(k):
    """The standard error of each word's score over that of maximum likelihood, for four shapes of the noise."""
    figure, ax = style.figure(height=2.95, bottom=0.3)
    best = np.sqrt(1 / P - 1)
    means = {}
    for name, q in NOISES.items():
        variance = nce.table_variance(P, q, k)
        ax.plot(PLACES, np.sqrt(variance) / best, **LINES[name], ms=5, label=name)
        means[name] = np.sqrt(P @ variance / (P @ best**2))
    ax.axhline(1, color=style.BLACK, lw=0.8)
    ax.set(title="standard error, in units of maximum likelihood’s", ylim=(0.8, 5), xlim=(-0.3, 7.3))
    _name_words(ax)
    ax.legend(loc="upper right", handlelength=3)
    listed = ", ".join(f"{value:.2f} with {name}" for name, value in means.items())
    return figure, (
        f"With k = {k} the root mean square error, over words as they come in text, is so many times that of maximum "
        f"likelihood: {listed} noise."
    )


def time_per_update(k):
    """Measured microseconds of one update over the size of the vocabulary, the full softmax against NCE."""
    figure, ax = style.figure(height=3.2, left=0.8)
    ax.loglog(SIZES, SOFTMAX_TIMES, "s--", color=style.RED, label="full softmax")
    ax.loglog(SIZES, NCE_TIMES[k], "o-", color=style.BLUE, label="NCE")
    ax.minorticks_off()
    ax.set(xlabel="words in the vocabulary", title="microseconds an update", ylim=(30, 300_000), xlim=(800, 1.25e6))
    ax.legend(loc="upper left")
    ratio = SOFTMAX_TIMES[-1] / NCE_TIMES[k][-1]
    return figure, (
        f"From a thousand words to a million, NCE with k = {k} took {NCE_TIMES[k][-1] / NCE_TIMES[k][0]:.2f} times as "
        f"long an update, the full softmax {SOFTMAX_TIMES[-1] / SOFTMAX_TIMES[0]:,.0f} times; at a million words NCE "
        f"was {ratio:,.0f} times faster."
    )


def alias_cells(step, law):
    """The columns of six words after some fillings: finished cells have height 1, the others are what is left."""
    p = LAWS[law]
    left, alias, last = (p * p.size).tolist(), {}, ""
    for short, tall, height in list(nce.fillings(left))[:step]:
        alias[short] = tall
        left[tall] -= 1 - height
        last = f" The last filling put {1 - height:.2f} of “{_letter(tall)}” on top of cell {_letter(short)}."
    figure, ax = style.figure(height=2.75, left=0.5, bottom=0.3)
    for w, height in enumerate(left):
        _block(ax, w, 0, height, w)
        if w in alias:
            _block(ax, w, height, 1 - height, alias[w])
    ax.axhline(1, color=style.BLACK, ls=":", lw=1.5)
    ax.set(xlim=(-0.6, 5.6), ylim=(0, 2.6), yticks=[0, 1, 2], title="height of each cell (dotted: 1, the mean)")
    ax.set_xticks(range(6), [f"cell {_letter(w)}" for w in range(6)], fontsize=9)
    done = sum(abs(height - 1) < 1e-9 or w in alias for w, height in enumerate(left))
    return figure, f"After {step} filling{'s' * (step != 1)}, {done} of 6 cells have height 1.{last}"


def _block(ax, cell, bottom, height, word):
    """A part of a cell: its word by colour, by hatch, and by its letter where there is room."""
    if height < 1e-9:
        return
    ax.add_patch(Rectangle((cell - 0.42, bottom), 0.84, height, edgecolor=style.BLACK, lw=0.8, **FILLS[word]))
    if height > 0.17:
        label = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        ax.text(cell, bottom + height / 2, _letter(word), ha="center", va="center", fontsize=10, bbox=label)


def _letter(word):
    return "ABCDEF"[word]


def _name_words(ax):
    ax.set_xticks(PLACES, WORDS, fontsize=9.5)
    ax.tick_params(axis="x", length=0)
