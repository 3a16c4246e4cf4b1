"""Time per update against the size of the vocabulary.

**Updates.** One update is one step on one pair of a word and its context, with the gradients of both vectors, in place
on one table of 50 single-precision numbers a word: `lib.nce.softmax_update`, which has to change every row and does so
in blocks that stay in the cache; and `lib.nce.nce_update`, which changes 26 rows, with the drawing of its 25 noise
words by `lib.nce.AliasSampler` inside the time. The sizes take turns, so that a slow spell of the machine meets all of
them; each time is the median of all rounds. *Uniform* noise touches rows all over the table, 200 MB at a million words,
and is the worst case for the processor's cache; *unigram* noise, here 1/rank, mostly touches rows that are there
already. Most of the time of 26 rows is numpy's fixed cost a call, which hides a part of the cache misses; 1,000 noise
words spread that cost thin and let the misses show, so they are given too. It is the time *per update* that does not
depend on the vocabulary: how many updates a model needs does (erratum E08).

**Noise words.** 25 draws for one update, and 100,000 at once, by the alias method, by a binary search in a cumulative
sum made beforehand, and by `Generator.choice(…, p=q)`, which makes that sum anew at each call. The search takes log V
steps a draw and suits numpy well: it is the call that is linear in V which has to be avoided.
"""

import statistics
import time

import numpy as np

from benchmarks import Row, say
from lib import nce

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SMALL, LARGE = SIZES[0], SIZES[-1]
DIMENSIONS, K, MANY, RATE = 50, 25, 1_000, 1e-3
ROUNDS, UPDATES = 15, 200  # of each size, in each round
WHOLE = {1_000: 40, 10_000: 10, 100_000: 3, 1_000_000: 1}  # the same where a call takes the whole vocabulary
GROWTH = f"time of an update at {LARGE:,} words over that at {SMALL:,}"
LAWS = {"uniform": np.ones, "unigram": lambda size: 1 / np.arange(1.0, size + 1)}


def measure():
    say("Updates (half a minute) …")
    rng = np.random.default_rng(1)
    words = {size: small_numbers(rng, (size, DIMENSIONS)) for size in SIZES}
    contexts = {size: small_numbers(rng, DIMENSIONS) for size in SIZES}
    samplers = {(shape, size): nce.AliasSampler(law(size)) for shape, law in LAWS.items() for size in SIZES}
    log_noise = {at: np.log(sampler.probabilities) for at, sampler in samplers.items()}

    def by_softmax(size):
        nce.softmax_update(words[size], contexts[size], int(rng.integers(size)), RATE)

    def by_nce(shape, k=K):
        def update(size):
            noise = samplers[shape, size].draw(rng, (k,))
            nce.nce_update(words[size], contexts[size], int(rng.integers(size)), noise, log_noise[shape, size], RATE)

        return update

    softmax, uniform = medians(by_softmax, WHOLE), medians(by_nce("uniform"))
    for size in SIZES:
        what = f"µs an update, {size:,} words, NCE with {K} uniform noise words"
        yield Row(what, f"{uniform[size]:.0f}", f"full softmax: {softmax[size]:,.0f}", softmax[size] / uniform[size])
    grew = growth(softmax)
    yield Row(f"{GROWTH}, full softmax", f"{grew:,.0f} times", "target: at least 300", grew / 300)
    for shape, took in ("uniform", uniform), ("unigram", medians(by_nce("unigram"))):
        grew = growth(took)
        what = f"{GROWTH}, NCE with {K} {shape} noise words"
        yield Row(what, f"{grew:.2f} times", "target: at most 1.5", 1.5 / grew)
    grew = growth(medians(by_nce("uniform", MANY)))
    yield Row(f"{GROWTH}, NCE with {MANY:,} uniform noise words", f"{grew:.2f} times")

    sums = {size: np.cumsum(samplers["unigram", size].probabilities) for size in SIZES}
    ways = {
        "a search": (lambda size, n: np.searchsorted(sums[size], rng.random(n), side="right"), UPDATES),
        "`Generator.choice`": (lambda size, n: rng.choice(size, n, p=samplers["unigram", size].probabilities), None),
    }
    for n in K, 100_000:
        calls = UPDATES if n == K else 1
        alias = medians(lambda size, n=n: samplers["unigram", size].draw(rng, (n,)), calls)[LARGE]
        for name, (draw, often) in ways.items():
            took = medians(lambda size, n=n, draw=draw: draw(size, n), (often and calls) or WHOLE)[LARGE]
            what = f"µs for {n:,} noise words out of {LARGE:,}, alias method"
            yield Row(what, f"{alias:,.0f}", f"{name}: {took:,.0f}", took / alias)


def small_numbers(rng, shape):
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(0.1)


def medians(call, calls=UPDATES):
    """The median time of a call at each size, in microseconds; calls: how many in a round, for all sizes or each."""
    calls = calls if isinstance(calls, dict) else dict.fromkeys(SIZES, calls)
    times = {size: [] for size in SIZES}
    for turn in range(ROUNDS + 1):
        for size in SIZES:
            for _ in range(calls[size]):
                start = time.perf_counter()
                call(size)
                if turn > 0:  # the first round warms up
                    times[size].append(1e6 * (time.perf_counter() - start))
    return {size: statistics.median(values) for size, values in times.items()}


def growth(took):
    return took[LARGE] / took[SMALL]
