"""Samples per second.

**Sampling.** Ten categories. *One law* draws a million times from the same logits, *many laws* once from each of
100,000 rows of logits. For one law `Generator.choice` searches a sorted table, and is the right tool where nothing but
draws is wanted; Gumbel-max needs no normalised probabilities and takes rows of logits at once. The Concrete
comparison is the textbook line `softmax((logits + gumbel_r.rvs(…)) / temperature)` of scipy. The best of five runs.
"""

import timeit

import numpy as np
import scipy.special
import scipy.stats

from benchmarks import Row, say
from lib import concrete, gumbel

DRAWS, LAWS, CATEGORIES, TEMPERATURE = 1_000_000, 100_000, 10, 0.5


def measure():
    say("Sampling (half a minute) …")
    rng = np.random.default_rng(1)
    logits = rng.normal(size=CATEGORIES)
    many = rng.normal(size=(LAWS, CATEGORIES))
    p, many_p = scipy.special.softmax(logits), scipy.special.softmax(many, axis=-1)

    def textbook(size):
        return (logits + scipy.stats.gumbel_r.rvs(size=(size, CATEGORIES), random_state=rng)) / TEMPERATURE

    ours = rate(DRAWS, lambda: gumbel.gumbel_max(logits, rng, size=(DRAWS,)))
    ours_many = rate(LAWS, lambda: gumbel.gumbel_max(many, rng))
    ours_concrete = rate(DRAWS, lambda: concrete.sample(logits, TEMPERATURE, rng, size=(DRAWS,)))
    for what, mine, name, other in (
        ("Gumbel-max, one law", ours, "`Generator.choice`", rate(DRAWS, lambda: rng.choice(CATEGORIES, DRAWS, p=p))),
        (
            "Gumbel-max, one law",
            ours,
            "`scipy.stats.multinomial`",
            rate(DRAWS, lambda: scipy.stats.multinomial.rvs(1, p, DRAWS, random_state=rng).argmax(axis=-1)),
        ),
        (
            "Gumbel-max, one law",
            ours,
            "arg max over `gumbel_r.rvs`",
            rate(DRAWS, lambda: textbook(DRAWS).argmax(axis=-1)),
        ),
        (
            "Gumbel-max, many laws",
            ours_many,
            "`Generator.multinomial`",
            rate(LAWS, lambda: rng.multinomial(1, many_p).argmax(axis=-1)),
        ),
        (
            "Concrete, one law",
            ours_concrete,
            "`gumbel_r.rvs`, `softmax`",
            rate(DRAWS, lambda: scipy.special.softmax(textbook(DRAWS), axis=-1)),
        ),
    ):
        yield Row(f"{what}, million draws a second", f"{mine / 1e6:.1f}", f"{name}: {other / 1e6:.1f}", mine / other)


def rate(draws, call):
    """Draws a second, in the best of five runs."""
    return draws / min(timeit.repeat(call, number=1, repeat=5))
