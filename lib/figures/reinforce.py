"""Pictures of REINFORCE: a bell that moves, switches with a closed box, a walk beside a cliff."""

import dataclasses
import math
from functools import lru_cache

import numpy as np
from matplotlib.patches import Rectangle

from lib import gaussian, gradients, logspace, policy
from lib.figures import style

# --- the bell ---------------------------------------------------------------------------------------------------------


def moved_bell(shift, sigma):
    """Left: a bell and the same bell moved; what is gained and what is lost. Right: the difference divided by the
    shift, and the derivative of the density that it tends to."""
    z = np.linspace(-5, 6, 441)
    here, there = (np.exp(gaussian.log_density(z, mean, sigma**2)) for mean in (0.0, shift))
    figure, (left, right) = style.figure(1, 2, height=2.9)
    left.plot(z, here, color=style.GREY, ls="--", lw=1.5)
    left.plot(z, there, color=style.BLACK, lw=1.5)
    _signed_area(left, z, here, there)
    left.set(xlabel="z", title="bell at 0 (dashed), moved", ylim=(0, 0.62), xlim=(-5, 6), yticks=[0, 0.3, 0.6])
    derivative = gaussian.mean_score(z, 0.0, sigma**2) * here
    quotient = (there - here) / shift
    right.plot(z, derivative, color=style.GREY, ls="--", lw=1.5)
    right.plot(z, quotient, color=style.BLACK, lw=1.5)
    _signed_area(right, z, 0 * z, quotient)
    right.set(xlabel="z", title="change divided by shift", ylim=(-0.6, 0.6), xlim=(-5, 6))
    right.set(yticks=[-0.5, 0, 0.5])
    right.text(3.2, 0.2, "+", color=style.BLUE, size=16)
    right.text(-4.2, -0.3, "−", color=style.RED, size=16)
    moved = gained(shift, sigma)
    return figure, (
        f"Moved by {shift:g}, the bell gains an area of {moved:.3f} on the right (+) and loses as much on the left "
        f"(−, hatched). Divided by the shift: {moved / shift:.3f} each. The lobes of the derivative (dashed) have "
        f"{lobe(sigma):.3f} each; the total is 0."
    )


def gained(shift, sigma):
    """The area that a moved bell gains on its right: Phi(h / 2 sigma) - Phi(-h / 2 sigma) for a shift h."""
    return math.erf(shift / sigma / math.sqrt(8))


def lobe(sigma):
    """The area of one lobe of dN/dmu: from mu to infinity it is the density at mu."""
    return 1 / (math.sqrt(2 * math.pi) * sigma)


def _signed_area(ax, z, low, high):
    ax.fill_between(z, low, high, where=high >= low, color=style.BLUE, alpha=0.35, lw=0)
    ax.fill_between(z, low, high, where=high <= low, facecolor="#FFCCCC", edgecolor=style.RED, hatch="////", lw=0)


# --- the closed box ---------------------------------------------------------------------------------------------------

SWITCHES = np.stack(np.unravel_index(np.arange(64), (2,) * 6), axis=-1)  # all settings of six switches


def closed_box(z):
    """What a box with six switches answers: an integer for each setting. z: (..., 6) of 0 and 1; returns (...)."""
    lit = np.asarray(z)
    run = longest = np.zeros(lit.shape[:-1])
    for k in range(lit.shape[-1]):
        run = (run + 1) * lit[..., k]
        longest = np.maximum(longest, run)
    return longest


def switch_terms(chance, baseline=0.0):
    """Probability and REINFORCE term, by theta = log(q / (1 - q)), of each of the 64 settings; each switch is on with
    the same chance q."""
    on = SWITCHES.sum(axis=-1)
    p = chance**on * (1 - chance) ** (6 - on)
    return p, gradients.score_function(closed_box(SWITCHES), on - 6 * chance, baseline)


def baselines(chance):
    """The constants that one may take off: none, the mean of f, and the best."""
    p, _ = switch_terms(chance)
    f, scores = closed_box(SWITCHES), SWITCHES.sum(axis=-1) - 6 * chance
    return {"none": 0.0, "mean of f": p @ f, "best": p @ (f * scores**2) / (p @ scores**2)}


def switch_variance(chance, baseline):
    """The exact variance of one term."""
    p, terms = switch_terms(chance, baseline)
    return p @ terms**2 - (p @ terms) ** 2


def variance_over_baseline(baseline, chance):
    """Left: all terms that can come, a stick as high as it is likely. Right: their variance, a parabola in c."""
    figure, (left, right) = style.figure(1, 2, height=2.9)
    p, terms = switch_terms(chance, baseline)
    places, which = np.unique(terms.round(9), return_inverse=True)
    heights = np.bincount(which, p)
    left.vlines(places, 0, heights, color=style.BLUE, lw=2)
    left.axvline(p @ terms, color=style.BLACK, ls=":", lw=1.2)
    left.set(xlabel="term (f − c) s", title="how often a term comes", xlim=(-21, 21), ylim=(0, 0.6))
    c = np.linspace(0, 6, 121)
    named = baselines(chance)
    right.plot(c, [switch_variance(chance, each) for each in c], color=style.BLUE)
    for name, marker, color in (("mean of f", "s", style.AMBER), ("best", "v", style.GREEN)):
        c = named[name]
        right.plot(c, switch_variance(chance, c), marker, color=color, ms=8, label=name, clip_on=False)
    right.plot(baseline, switch_variance(chance, baseline), "o", color=style.RED, ms=7, label="this c", clip_on=False)
    right.set(xlabel="baseline c", title="variance of a term", xlim=(0, 6), ylim=(0, 32))
    right.legend(loc="upper center", ncols=1)
    return figure, (
        f"Switches on with probability {chance:g}: the gradient is {p @ terms:.2f} (dotted) with any c. With c = "
        f"{baseline:g} a term has variance {switch_variance(chance, baseline):.2f}; the best c is {named['best']:.2f}, "
        f"with {switch_variance(chance, named['best']):.2f}. The mean of f is {named['mean of f']:.2f}."
    )


def variance_over_samples(chance, seed):
    """The variance of an estimate from n draws over n, found from 60 estimates; lines: (variance of a term)/n.

    A mean of n terms depends on how often each setting came, so the counts are drawn."""
    rng, repeats = np.random.default_rng(seed), 60
    samples = 4 ** np.arange(7)
    p, _ = switch_terms(chance)
    counts = [rng.multinomial(n, p, size=repeats) for n in samples]  # the same draws for each baseline
    looks = {"none": (style.RED, "o", "--"), "mean of f": (style.AMBER, "s", "-."), "best": (style.GREEN, "v", "-")}
    figure, ax = style.figure(height=3.1, left=0.8)
    slopes = {}
    for name, c in baselines(chance).items():
        color, marker, line = looks[name]
        _, terms = switch_terms(chance, c)
        found = [np.var(each @ terms / n, ddof=1) for each, n in zip(counts, samples, strict=True)]
        ax.loglog(samples, switch_variance(chance, c) / samples, color=color, ls=line, lw=1.5)
        ax.loglog(samples, found, marker, color=color, ms=6, label=name, clip_on=False)
        slopes[name] = np.polyfit(np.log(samples), np.log(found), 1)[0]
    ax.set(xlabel="draws n in an estimate", title="variance of the estimate", xlim=(0.8, 5_000), ylim=(2e-5, 40))
    ax.minorticks_off()
    ax.legend(loc="lower left", title="baseline", alignment="left")
    drop = switch_variance(chance, 0.0) / switch_variance(chance, baselines(chance)["best"])
    return figure, (
        f"Switches on with probability {chance:g}: the points fall with slopes {slopes['none']:.2f}, "
        f"{slopes['mean of f']:.2f} and {slopes['best']:.2f}, in theory −1 each. The best baseline lowers the line "
        f"by a factor of {drop:.1f}, which saves as many draws."
    ).replace("slopes -", "slopes −").replace(", -", ", −").replace("and -", "and −")


# --- the cliff --------------------------------------------------------------------------------------------------------

PLAN = (".....", ".....", "SCCCG")
RATE, EPISODES, UPDATES, RUNS = 0.3, 20, 200, 20
GOAL, CLIFF = 14, slice(11, 14)  # their cells
TINTS, TINT_FROM = ("#FFFFFF", "#CCCCFF", "#9999FF"), (0.15, 0.6)  # by the mean number of ticks in a cell


def world(slip=0.2, wage=0.0):
    """The walk beside the cliff; the wage is paid at each of the 20 ticks, whatever one does."""
    problem = policy.grid_world(PLAN, slip, steps=20, cost=0.2, goal=10.0, fall=-5.0)
    return dataclasses.replace(problem, rewards=problem.rewards + wage)


@lru_cache
def one_run(slip, seed):
    """The logits of a training, (updates + 1, S, A)."""
    problem = world(slip)
    return policy.train(problem, policy.no_preference(problem), RATE, 150, EPISODES, np.random.default_rng(seed))


@lru_cache
def many_runs(wage, baseline):
    """The logits of 20 trainings at every tenth update, (21, 20, S, A); both kinds get the same noise."""
    problem = world(wage=wage)
    logits = policy.no_preference(problem)
    logits = np.broadcast_to(logits, (RUNS, *logits.shape))
    path = policy.train(problem, logits, RATE, UPDATES, EPISODES, np.random.default_rng(0), baseline=baseline)
    return path[::10]


def learned_policy(update, slip, seed):
    """The policy after so many updates: arrows as long as an action is likely, cells as dark as they are visited."""
    problem, logits = world(slip), one_run(slip, seed)[update]
    figure, ax = style.figure(height=3.2, left=0.12, right=0.12, bottom=0.12)
    visited = policy.visits(problem, logits).sum(axis=0)
    chances = logspace.softmax(logits)
    words = {"S": "start", "G": "goal", "C": "cliff"}
    tails, ways = [], []
    for cell, kind in enumerate("".join(PLAN)):
        row, column = divmod(cell, len(PLAN[0]))
        look = {"facecolor": TINTS[np.searchsorted(TINT_FROM, visited[cell], side="right")], "edgecolor": style.BLACK}
        if kind == "C":
            look = {"facecolor": "#FFCCCC", "edgecolor": style.RED, "hatch": "//"}
        ax.add_patch(Rectangle((column, -row), 1, 1, lw=0.8, **look))
        if kind in words:
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if kind == "C" else None
            ax.text(column + 0.5, -row + (0.08 if kind == "S" else 0.5), words[kind], ha="center",
                    va="bottom" if kind == "S" else "center", bbox=paper)  # fmt: skip
        if kind in "S.":
            for action in range(4):
                down, along = policy.STEP[action] * chances[cell, action] * 0.48
                tails.append((column + 0.5, -row + 0.5))
                ways.append((along, -down))
    tails, ways = np.array(tails), np.array(ways)
    seen = np.hypot(*ways.T) > 0.02
    ax.quiver(*tails[seen].T, *ways[seen].T, angles="xy", scale_units="xy", scale=1, width=0.009, headwidth=4,
              headlength=4, headaxislength=4, color=style.BLACK)  # fmt: skip
    ax.set(xlim=(-0.02, 5.02), ylim=(-2.02, 1.02), xticks=[], yticks=[], aspect="equal")
    ax.set_title(f"after {update} updates")
    ax.spines[:].set_visible(False)
    fell, arrived = visited[CLIFF].sum(), visited[GOAL]
    value = f"{policy.expected_return(problem, logits):.2f}".replace("-", "−")
    return figure, (
        f"After {update} updates the walker reaches the goal with probability {arrived:.2f} and falls with {fell:.2f}; "
        f"the expected return is {value}, and the best there is {policy.best_return(problem):.2f}. On average "
        f"{visited[6:9].sum():.1f} ticks are spent above the cliff and {visited[1:4].sum():.1f} a row higher."
    )


def return_curves(wage, run):
    """Exact expected return, less the wages, over updates: median and quartiles of 20 runs, and one run of them."""
    figure, ax = style.figure(height=3.8, bottom=1.15)
    updates = np.arange(0, UPDATES + 1, 10)
    looks = {"with baseline": (True, style.BLUE, "-"), "without": (False, style.RED, "--")}
    ends = {}
    for name, (baseline, color, line) in looks.items():
        returns = policy.expected_return(world(), many_runs(wage, baseline))
        low, middle, high = np.quantile(returns, (0.25, 0.5, 0.75), axis=1)
        ax.fill_between(updates, low, high, color=color, alpha=0.18, lw=0)
        ax.plot(updates, middle, color=color, ls=line, label=f"{name}: median")
        ax.plot(updates, returns[:, run - 1], color=color, ls=line, lw=1, marker="." if baseline else "x", ms=5,
                markevery=3, label=f"{name}: run {run}")  # fmt: skip
        ends[name] = (middle[10], returns[10, run - 1])
    ax.axhline(policy.best_return(world()), color=style.BLACK, ls=":", lw=1)
    ax.set(xlabel="update", title="expected return (dotted: the best there is)", xlim=(0, UPDATES), ylim=(-7, 7))
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.17), ncols=2, columnspacing=1.2)
    (median, this), (bare_median, bare) = ends["with baseline"], ends["without"]
    return figure, (
        f"With a wage of {wage:g} a tick, the median return after 100 updates is {median:.1f} with the baseline and "
        f"{bare_median:.1f} without; run {run} is at {this:.1f} and {bare:.1f}."
    ).replace(" -", " −")
