"""Pictures of the Gumbel-max trick: draws that fill up the softmax, the proof as an area, alarm clocks, top-k."""

import functools

import numpy as np

from lib import gumbel, logspace, top_k, transforms
from lib.figures import style
from lib.figures.style import number

LOGITS = np.array([1.0, 0.5, 0.0])
ITEMS = np.array([1.0, 0.5, 0.0, -0.5, -1.0])  # of the pictures without replacement
NAMES = "ABCDE"  # theirs
COLORS = (style.BLUE, style.RED, style.GREEN, style.PURPLE, style.AMBER)
HATCHES = ("", "///", "...", "xx", "--")
MARKERS = "os^Dv"
LAWS = {"Gumbel": "-", "normal": "--"}
MOST = 10_000  # draws


def filling_up(mu_1, draws, seed):
    """Frequencies of Gumbel-max draws over the softmax, with the band in which a frequency belongs."""
    logits = np.array([mu_1, 0.5, 0.0])
    winner = np.argmax(logits + np.random.default_rng(seed + 4).gumbel(size=(MOST, 3)), axis=-1)
    frequency = np.bincount(winner[:draws], minlength=3) / draws
    p = logspace.softmax(logits)
    error = np.sqrt(p * (1 - p) / draws)
    figure, ax = style.figure(height=2.45, bottom=0.3)
    _bars(ax, frequency, COLORS)
    for k in range(3):
        ax.plot([k - 0.36, k + 0.36], [p[k], p[k]], color=style.BLACK, ls="--", label="softmax" if k == 0 else None)
    ax.errorbar(range(3), p, 2 * error, fmt="none", ecolor=style.BLACK, capsize=7, lw=1.5, label="± 2 standard errors")
    ax.set(xticks=range(3), xticklabels=[f"{k + 1}: μ = {number(value, 1)}" for k, value in enumerate(logits)])
    ax.set(ylim=(0, 1.2), yticks=[0, 0.5, 1], xlim=(-0.6, 2.6), title="share of the draws (bars)")
    ax.legend(ncols=2, loc="upper right", borderpad=0.1)
    off = np.max(np.abs(frequency - p) / error)
    return figure, (
        f"After {draws:,} draws the frequencies are {_list(frequency)}; the softmax is {_list(p)}. The frequency "
        f"farthest off is {off:.1f} standard errors away."
    )


def one_for_each(gumbels, draw, seed):
    """One draw as a race of perturbed logits, and who has won so far; `gumbels` is "each" or "shared"."""
    noise = np.random.default_rng(seed).gumbel(size=(12, 3))
    if gumbels == "shared":
        noise = np.repeat(noise[:, :1], 3, axis=1)
    perturbed = LOGITS + noise
    winner = np.argmax(perturbed, axis=-1)
    figure, (left, right) = style.figure(1, 2, height=2.6, left=0.5, gap=0.55)
    for k in range(3):
        left.plot([k, k], [LOGITS[k], perturbed[draw - 1, k]], color=COLORS[k], lw=2, ls=":")
        left.plot(k, LOGITS[k], "_", color=style.BLACK, ms=16, mew=2)
        left.plot(k, perturbed[draw - 1, k], MARKERS[k], color=COLORS[k], ms=9)
    now = winner[draw - 1]
    top = max(LOGITS[now], perturbed[draw - 1, now])
    left.annotate("largest", (now, top), xytext=(0, 8), textcoords="offset points", ha="center")
    left.set(title=f"draw {draw}: μ (bar), μ + G (dot)", xlim=(-0.6, 2.6), ylim=(-2.2, 7.2))
    counts = np.bincount(winner[:draw], minlength=3)
    right.bar(range(3), counts / draw, width=0.6, color=COLORS[:3], edgecolor="white", lw=0)
    right.plot(range(3), logspace.softmax(LOGITS), "D", color=style.BLACK, ms=6, mfc="white", label="softmax")
    right.set(title="won so far (share)", ylim=(0, 1.25), yticks=[0, 0.5, 1], xlim=(-0.6, 2.6))
    right.legend(loc="upper right", borderpad=0.1)
    for ax in (left, right):
        ax.set(xticks=range(3), xticklabels=[1, 2, 3], xlabel="category")
    kind = "One Gumbel for each category" if gumbels == "each" else "One Gumbel shared by all"
    return figure, (
        f"{kind}: in draw {draw} the perturbed logits are {_list(perturbed[draw - 1])}, and category {now + 1} wins. "
        f"Wins so far: {', '.join(map(str, counts.tolist()))}."
    )


def proof_area(category, mu_1, z):
    """The integrand of the proof: the density of one Z_k times the chance that the others lie below it."""
    logits = np.array([mu_1, 0.5, 0.0])
    k = category - 1
    others = np.delete(logits, k)
    at = np.linspace(-3, 8, 221)
    density = np.exp(gumbel.log_density(at, logits[k]))
    below = np.exp(gumbel.log_cdf(at[:, None], others).sum(axis=-1))
    figure, ax = style.figure(height=3.0)
    ax.fill_between(at, density * below, color=COLORS[k], alpha=0.4, lw=0)
    ax.plot(at, density * below, color=COLORS[k], lw=1)
    ax.plot(at, density, color=style.BLACK, label=f"density of Z{_SUB[k]}")
    ax.plot(at, below, color=style.GREY, ls="--", label="chance that the others lie below z")
    here = np.exp(gumbel.log_cdf(z, others).sum())
    ax.plot([z, z], [0, here], color=style.GREY, ls=":", lw=1.5)
    ax.plot(z, here, "o", color=style.GREY, ms=7)
    ax.set(xlabel="z", ylim=(0, 1.42), xlim=(-3, 8), yticks=[0, 0.5, 1], title="filled: the product of both lines")
    ax.legend(loc="upper left", borderpad=0.1)
    area = logspace.softmax(logits)[k]
    return figure, (
        f"If Z{_SUB[k]} is {z:g}, both others lie below it with probability {here:.3f}. Averaged over all values of "
        f"Z{_SUB[k]}, the filled area, that is {area:.3f}: the softmax at category {category}."
    )


def third_option(law, mu_3):
    """The winner's law under one kind of noise, and how the odds of 1 against 2 answer to the third logit."""
    logits = np.array([1.0, 0.5, mu_3])
    p = winning_probabilities(logits, law)
    figure, (left, right) = style.figure(1, 2, height=2.6, left=0.5, gap=0.6)
    _bars(left, p, COLORS)
    left.plot(range(3), logspace.softmax(logits), "D", color=style.BLACK, ms=6, mfc="white", label="softmax")
    left.legend(loc="upper right", borderpad=0.1)
    left.set(title=f"{law} noise: who wins", ylim=(0, 1.25), yticks=[0, 0.5, 1], xlim=(-0.6, 2.6))
    left.set(xticks=range(3), xticklabels=[1, 2, 3], xlabel="category")
    for name, line in LAWS.items():
        right.plot(*_odds(name), color=style.BLACK if name == "Gumbel" else style.RED, ls=line, label=name)
    right.plot(mu_3, p[0] / p[1], "o", color=style.BLACK if law == "Gumbel" else style.RED, ms=9, clip_on=False)
    right.set(xlabel="logit of category 3", title="odds of 1 against 2", xlim=(-3, 4), ylim=(1.4, 2.6))
    right.set(yticks=[1.5, 2, 2.5])
    right.legend(loc="upper left", borderpad=0.1)
    return figure, (
        f"{law[0].upper()}{law[1:]} noise and a third logit of {number(mu_3, 0)}: the categories win with "
        f"{_list(p, 3)}, where the softmax is {_list(logspace.softmax(logits), 3)}. The odds of 1 against 2 are "
        f"{p[0] / p[1]:.3f}."
    )


def alarm_clocks(rung, seed):
    """Five exponential clocks, the first `rung` of which have rung, and the odds of those that are left."""
    z = ITEMS + np.random.default_rng(seed + 10).gumbel(size=5)
    times = np.exp(-z)
    order = np.argsort(times)
    left_over = np.sort(order[rung:])
    share = np.zeros(5)
    share[left_over] = logspace.softmax(ITEMS[left_over])
    figure, (left, right) = style.figure(1, 2, height=2.8, left=0.35, gap=0.5)
    for i in range(5):
        has_rung = i in order[:rung]
        left.plot([0.02, times[i]], [i, i], color=COLORS[i], ls="-" if has_rung else ":", lw=2)
        left.plot(times[i], i, MARKERS[i], color=COLORS[i], mfc=COLORS[i] if has_rung else "white", ms=9)
    if rung:
        left.axvline(times[order[rung - 1]], color=style.GREY, ls="--", lw=1.5)
    left.set_xscale("log")
    left.minorticks_off()
    left.set(yticks=range(5), yticklabels=NAMES, ylim=(4.6, -0.6), xlim=(0.02, 20), xlabel="time exp(−Z)")
    left.set(xticks=[0.1, 1, 10], xticklabels=["0.1", "1", "10"], title="ringing times (filled: rung)")
    for i in left_over:
        right.barh(i, share[i], height=0.7, color=COLORS[i], hatch=HATCHES[i], edgecolor="white", lw=0)
        right.text(share[i] + 0.02, i, f"{share[i]:.2f}", va="center")
    right.set(yticks=range(5), yticklabels=NAMES, ylim=(4.6, -0.6), xlim=(0, 1.2), xticks=[0, 0.5, 1])
    right.set(xlabel="probability", title="who rings next")
    rung_names = ", ".join(NAMES[i] for i in order[:rung])
    so_far = f"Rung so far, in order: {rung_names}" if rung else "Nobody has rung yet"
    chances = ", ".join(f"{NAMES[i]} {share[i]:.2f}" for i in left_over)
    return figure, f"{so_far}. The probabilities to ring next are {chances}; it will be {NAMES[order[rung]]}."


def inclusion(k, spread):
    """Chance to be among k drawn without replacement, beside the chance to appear in k draws with replacement."""
    logits = spread * ITEMS
    without = top_k.inclusion(logits, k)
    repeated = 1 - (1 - logspace.softmax(logits)) ** k
    figure, ax = style.figure(height=2.45, bottom=0.3)
    for values, place, color, hatch, name in (
        (without, -0.2, style.BLUE, "", "without replacement (top-k)"),
        (repeated, 0.2, style.AMBER, "///", "with replacement"),
    ):
        bars = ax.bar(np.arange(5) + place, values, width=0.37, color=color, hatch=hatch, edgecolor="white", lw=0)
        bars.set_label(name)
        ax.bar_label(bars, [f"{value:.2f}" for value in values], fontsize=9)
    names = [f"{name}: {number(value, 1)}" for name, value in zip(NAMES, logits, strict=True)]
    ax.set(xticks=range(5), xticklabels=names)
    ax.set(ylim=(0, 1.35), yticks=[0, 0.5, 1], xlim=(-0.6, 4.6), title="chance to be drawn at least once")
    ax.legend(ncols=2, loc="upper center", borderpad=0.1, columnspacing=1.2)
    return figure, (
        f"With k = {k}: without replacement {_list(without)}, which sum to {k}; with replacement {_list(repeated)}, "
        f"which sum to {repeated.sum():.2f}."
    )


def winning_probabilities(logits, law):
    """Pr(argmax_k (logits_k + noise_k) = k) for iid noise, by quadrature: the integral of f(z - mu_k) prod F(z - mu_i).

    logits : (K,) finite, within some 10 of each other
    law    : "Gumbel", "minus Gumbel", or "normal" with the Gumbel's variance, pi^2 / 6
    returns: (K,) probabilities. The integrand is smooth and vanishes at both ends, so that a plain sum over a grid is
             exact but for what lies outside: less than e^-50
    raises : ValueError for another law
    """
    z = np.arange(-60.0, 60.0, 0.05)
    above = z[:, None] - logits
    if law == "Gumbel":
        density, below = np.exp(gumbel.log_density(above)), np.exp(gumbel.log_cdf(above))
    elif law == "minus Gumbel":  # -G <= x where G >= -x
        density, below = np.exp(gumbel.log_density(-above)), -np.expm1(gumbel.log_cdf(-above))
    elif law == "normal":
        scale = np.pi / np.sqrt(6)
        density = np.exp(-0.5 * (above / scale) ** 2) / (scale * np.sqrt(2 * np.pi))
        below = transforms.normal_cdf(above / scale)
    else:
        raise ValueError(f'law must be "Gumbel", "minus Gumbel" or "normal", but is {law!r}')
    others = [np.prod(np.delete(below, k, axis=1), axis=1) for k in range(len(logits))]
    return 0.05 * np.sum(density * np.stack(others, axis=1), axis=0)


@functools.cache
def _odds(law):
    """Odds of category 1 against 2 over the third logit: (logits, odds)."""
    at = np.linspace(-3, 4, 29)
    p = np.array([winning_probabilities(np.array([1.0, 0.5, mu_3]), law) for mu_3 in at])
    return at, p[:, 0] / p[:, 1]


def _bars(ax, values, colors):
    for k, value in enumerate(values):
        ax.bar(k, value, width=0.6, color=colors[k], hatch=HATCHES[k], edgecolor="white", lw=0)


def _list(values, digits=2):
    return "(" + ", ".join(number(value, digits) for value in values) + ")"


_SUB = "₁₂₃"
