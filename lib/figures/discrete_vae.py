"""Pictures of the discrete auto-encoder: its codes, relaxed codes and their gradients, trainings, temperatures.

All parameters come from the trainings that `lib.discrete_vae` keeps; nothing is trained twice.
"""

import functools

import numpy as np

from lib import amortised, concrete, digits, discrete_vae, logspace
from lib.figures import style
from lib.figures.style import number
from lib.figures.tiles import tiles

STATES = {"untrained": 0, "after 4 passes": 4, "trained": discrete_vae.PASSES[-1]}  # of the exact training
TEMPERATURES = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0)
SEEDS = range(3)  # of every training that is compared
REPEATS = 80  # estimates of a gradient from which bias and spread are taken
NAMES = {"exact": "exact", "relaxed": "relaxed", "straight-through": "straight-through",
         "leave-one-out": "REINFORCE, leave-one-out", "reinforce": "REINFORCE"}  # fmt: skip
LOOKS = {
    "exact": {"color": style.BLACK, "ls": "-"},
    "relaxed": {"color": style.BLUE, "ls": "--"},
    "straight-through": {"color": style.RED, "ls": "-."},
    "leave-one-out": {"color": style.GREEN, "ls": (0, (5, 1, 1, 1, 1, 1))},
    "reinforce": {"color": style.PURPLE, "ls": ":"},
}


def codebook(method):
    """What all 100 codes decode to, and what they stand for: the label most training digits of a code have."""
    log_q, labels = _codes(method, "training")
    probability = logspace.sigmoid(discrete_vae.decode(_parameters(method), discrete_vae.all_codes(2, 10)))
    table = _label_table(log_q, labels)
    figure, (left, right) = style.figure(1, 2, height=2.85, left=0.4, right=0.05, gap=0.3, bottom=0.4)
    tiles(left, probability, columns=10)
    left.set(title="all 100 codes, decoded", xlabel="second category", ylabel="first category")
    left.xaxis.set_label_coords(0.5, -0.09)
    left.yaxis.set_label_coords(-0.09, 0.5)
    _numbered(left.xaxis)
    _numbered(left.yaxis)
    count, most = table.sum(axis=-1), table.argmax(axis=-1)
    share = np.where(count > 0, table.max(axis=-1) / np.maximum(count, 1), 0.0)
    right.imshow(share.reshape(10, 10), cmap="Greys", vmin=0, vmax=2.2, interpolation="nearest")
    for code in np.flatnonzero(count):
        right.text(code % 10, code // 10 + 0.03, str(most[code]), ha="center", va="center", fontsize=10)
    right.set(title="most frequent label", xticks=[], yticks=[])
    right.set_xlabel("stronger: purer; blank: unused", fontsize=9)
    right.xaxis.set_label_coords(0.5, -0.09)
    right.spines[:].set_visible(False)
    held_out_q, held_out_labels = _codes(method, "held out")
    hits = np.mean(most[held_out_q.argmax(axis=-1)] == held_out_labels)
    return figure, (
        f"{_title(method)}: {np.sum(count > 0)} of 100 codes are the most likely one of some training digit. Naming a "
        f"held-out digit by the most frequent label of its code is right for {hits:.0%}."
    )


def row(first):
    """The ten codes with one first category: each decoded, and the first three training digits that have it.

    first: the first category; a training digit has the code that is its most likely one
    """
    (images, labels), _ = digits.black_and_white()
    code_of = _codes("relaxed", "training")[0].argmax(axis=-1)
    codes = discrete_vae.all_codes(2, 10)[10 * first : 10 * first + 10]
    figure, (top, below) = style.figure(2, 1, height=2.75)
    top.set_position([0.02, 0.73, 0.96, 0.18])
    below.set_position([0.02, 0.13, 0.96, 0.53])
    tiles(top, logspace.sigmoid(discrete_vae.decode(_parameters("relaxed"), codes)), columns=10)
    top.set_title("decoded")
    shown, told = np.zeros((3, 10, 64)), []
    for second in range(10):
        members = np.flatnonzero(code_of == 10 * first + second)
        shown[: len(members), second] = images[members[:3]]
        told.append(str(np.bincount(labels[members]).argmax()) if len(members) else "none")
    tiles(below, shown.reshape(-1, 64), columns=10)
    below.set(title="up to three training digits each", xlabel="second category")
    below.xaxis.set_label_coords(0.5, -0.12)
    _numbered(below.xaxis)
    return figure, (
        f"First category {first}: {np.sum(code_of // 10 == first)} training digits have one of these ten codes. Their "
        f"most frequent labels, by second category: {', '.join(told)}."
    )


def blend(temperature, state):
    """One relaxed code and its decoded blend; bias and spread of the relaxed gradients over temperature.

    temperature: of TEMPERATURES; state: a key of STATES
    """
    passes = STATES[state]
    parameters = discrete_vae.history("exact")[passes]
    log_q = discrete_vae.encode(parameters, _batch()[:1])
    gumbels = np.random.default_rng(12).gumbel(size=log_q.shape)
    relaxed = concrete.relax(log_q, temperature, gumbels)[0]
    figure, axes = style.figure(1, 3, height=3.0, left=0.4, gap=0.5)
    boxes = [0.02, 0.5, 0.2, 0.36], [0.02, 0.14, 0.35, 0.22], [0.52, 0.185, 0.46, 0.715]
    for ax, box in zip(axes, boxes, strict=True):
        ax.set_position(box)
    tiles(axes[0], logspace.sigmoid(discrete_vae.decode(parameters, relaxed))[None], columns=1)
    axes[0].set_title("decoded blend")
    axes[1].imshow(relaxed, cmap="Greys", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axes[1].set(xticks=[], yticks=[], title="its relaxed code")
    axes[1].spines[:].set_visible(True)
    for method in ("relaxed", "straight-through"):
        values = np.array([_moments(method, passes, each) for each in TEMPERATURES])
        look = {"color": LOOKS[method]["color"], "marker": "o" if method == "relaxed" else "s", "ms": 4}
        axes[2].plot(TEMPERATURES, values[:, 1], **look, ls="-", label=f"spread, {NAMES[method]}")
        seen = values[:, 0] > 0
        look["mfc"] = "white"
        axes[2].plot(np.array(TEMPERATURES)[seen], values[seen, 0], **look, ls="--", label=f"bias, {NAMES[method]}")
    spread = _moments("leave-one-out", passes, None)[1]
    axes[2].axhline(spread, color=style.GREEN, ls=":", label="spread, leave-one-out")
    axes[2].plot([temperature, temperature], [0.02, 20], color=style.GREY, lw=1)  # below the legend
    axes[2].set(xscale="log", yscale="log", xlim=(0.09, 4.5), ylim=(0.02, 3_000), xlabel="temperature")
    axes[2].set(title="error / length of gradient", xticks=[0.1, 0.3, 1, 3], xticklabels=["0.1", "0.3", "1", "3"])
    axes[2].minorticks_off()
    axes[2].legend(loc="upper left", fontsize=8.5, handlelength=2.2, labelspacing=0.2, borderaxespad=0)
    told = "; ".join(_told(method, passes, temperature) for method in ("relaxed", "straight-through"))
    return figure, (
        f"Temperature {temperature:g}, {state}: the largest weights of this code are {relaxed.max(axis=-1)[0]:.2f} and "
        f"{relaxed.max(axis=-1)[1]:.2f}. In lengths of the exact gradient: {told}; leave-one-out, spread {spread:.2g}."
    )


def learning(passes, method):
    """Held-out ELBO of all trainings over the passes, one of them in bold, and what it restores by then."""
    baseline, at = amortised.held_out_baseline(), discrete_vae.PASSES.index(passes)
    curves = _curves()
    figure, (left, right) = style.figure(1, 2, height=3.1, left=0.6, gap=0.2)
    left.set_position([0.12, 0.18, 0.5, 0.72])
    right.set_position([0.68, 0.5, 0.3, 0.4])
    left.axhline(baseline, color=style.GREY, ls=":", lw=1)
    for name in LOOKS:
        chosen = name == method
        for seed in SEEDS if chosen else [0]:
            width = 2.4 if chosen and seed == 0 else 1
            look = {**LOOKS[name], "lw": width, "alpha": 1 if chosen else 0.9}
            short = NAMES[name].removeprefix("REINFORCE, ")
            left.plot(np.sqrt(discrete_vae.PASSES), curves[name, seed], **look, label=short if seed == 0 else None)
    value = curves[method, 0][at]
    if value > -27:
        left.plot(np.sqrt(passes), value, "o", color=LOOKS[method]["color"], ms=8, clip_on=False)
    left.set(xlim=(0, np.sqrt(discrete_vae.PASSES[-1])), ylim=(-27, -18.5), xlabel="passes", title="held-out ELBO")
    shown = (0, 1, 4, 8, 15, 30)
    left.set(xticks=np.sqrt(shown), xticklabels=shown)
    left.legend(loc="upper left", bbox_to_anchor=(1.04, 0.47), handlelength=2.3, labelspacing=0.25)
    left.text(0.1, baseline + 0.1, "no code", va="bottom", color=style.GREY, fontsize=10)
    parameters, images = discrete_vae.history(method)[passes], _eight()
    log_q = discrete_vae.encode(parameters, images)
    codes = discrete_vae.one_hot_draws(log_q, np.zeros((1, *log_q.shape)))[0]  # without noise: the most likely code
    restored = logspace.sigmoid(discrete_vae.decode(parameters, codes))
    tiles(right, np.stack([images, restored], axis=1).reshape(-1, 64), columns=4)
    right.set_title("digit, restored")
    unit = "pass" if passes == 1 else "passes"
    others = " and ".join(number(curves[method, seed][at]) for seed in SEEDS[1:])
    return figure, (
        f"{_title(method)}, after {passes} {unit}: held-out ELBO {number(value)} nats a digit (two other seeds: "
        f"{others}); the model without a code has {number(baseline)}."
    )


def schedules(schedule, seed):
    """A schedule of the temperature; what the relaxed loss claims at the end of it, the true ELBO, and log p(x)."""
    claimed, true, evidence = final(schedule, seed)
    figure, (left, right) = style.figure(1, 2, height=2.6, left=0.6, gap=0.9, right=0.25)
    progress = np.linspace(0, 1, 51)
    left.plot(30 * progress, [discrete_vae.temperature_at(share, schedule) for share in progress], color=style.BLUE)
    left.set(xlabel="passes", title="temperature", ylim=(0, 1.1), xlim=(0, 30))
    rows = {"relaxed\nclaims": (claimed, style.RED, "D"), "log p(x)": (evidence, style.BLACK, "|"),
            "true\nELBO": (true, style.BLUE, "o")}  # fmt: skip
    for y, (value, color, marker) in enumerate(rows.values()):
        right.plot([-22, value], [y, y], color=style.GREY, lw=1, ls=":")
        right.plot(value, y, marker, color=color, ms=9, mew=2.5)
        right.text(value, y - 0.25, number(value, 1), ha="center")
    right.set(yticks=range(3), yticklabels=rows, ylim=(2.4, -0.6), xlim=(-22, -17), xlabel="nats a digit, held out")
    right.set_title("at the end of training")
    verdict = "above" if claimed > evidence else "below"
    name = schedule[0].upper() + schedule[1:]
    return figure, (
        f"{name}, training {seed + 1}: with relaxed codes {number(claimed)} nats a digit, which is "
        f"{abs(claimed - evidence):.2f} {verdict} log p(x); with discrete codes the ELBO is {number(true)}."
    )


# --- numbers that the chapter checks, too -----------------------------------------------------------------------------


@functools.cache
def final(schedule, seed):
    """At the end of a relaxed training, held out: minus the relaxed loss (20 draws), the ELBO, log p(x)."""
    (_, _), (images, _) = digits.black_and_white()
    parameters = discrete_vae.trained("relaxed", schedule, seed)
    gumbels = np.random.default_rng(7).gumbel(size=(20, len(images), 2, 10))
    temperature = discrete_vae.temperature_at(1.0, schedule)
    claimed = -discrete_vae.relaxed_losses(parameters, images, gumbels, temperature).mean()
    return claimed, discrete_vae.elbo(parameters, images).mean(), discrete_vae.log_evidence(parameters, images).mean()


# --- shared -----------------------------------------------------------------------------------------------------------


@functools.cache
def _parameters(method):
    return discrete_vae.trained(method)


@functools.cache
def _codes(method, part):
    """log q of all 100 codes for each digit of a part, and the labels."""
    images, labels = digits.black_and_white()[("training", "held out").index(part)]
    return discrete_vae.enumerate_codes(_parameters(method), images)[1], labels


def _numbered(axis):
    """Numbers 0 to 9 at the ten tiles along an axis of `tiles`."""
    axis.set_ticks(9 * np.arange(10) + 3.5, range(10))
    axis.set_tick_params(length=0, labelsize=9, pad=1)


def _label_table(log_q, labels):
    """How many digits of each label have each code for the most likely one, (100, 10)."""
    table = np.zeros((log_q.shape[-1], 10), dtype=int)
    np.add.at(table, (log_q.argmax(axis=-1), labels), 1)
    return table


def _batch():
    return digits.black_and_white()[0][0][:50]


@functools.cache
def _moments(method, passes, temperature):
    """Bias and spread of one estimate of the encoder's gradient on 50 digits, over the length of the exact one.

    The bias is 0.0 where it is too small to be seen: shorter than the noise of the mean that it is taken from.
    """
    parameters, images = discrete_vae.history("exact")[passes], _batch()
    exact = discrete_vae.flat(discrete_vae.gradient("exact", parameters, images))
    rng = np.random.default_rng(5)
    terms = discrete_vae.estimates(method, parameters, images, rng, REPEATS, temperature)
    square, variance = discrete_vae.squared_bias_and_variance(terms, exact)
    return np.sqrt(square) if square > variance / REPEATS else 0.0, np.sqrt(variance)


def _told(method, passes, temperature):
    bias, spread = _moments(method, passes, temperature)
    return f"{NAMES[method]}, bias {f'{bias:.2g}' if bias else 'too small to see'} and spread {spread:.2g}"


@functools.cache
def _curves():
    (_, _), (images, _) = digits.black_and_white()
    return {
        (method, seed): [
            discrete_vae.elbo(each, images).mean() for each in discrete_vae.history(method, seed=seed).values()
        ]
        for method in discrete_vae.METHODS
        for seed in SEEDS
    }


@functools.cache
def _eight():
    """Eight held-out digits: the first of each kind from 0 to 7."""
    images, labels = digits.black_and_white()[1]
    return np.stack([images[np.flatnonzero(labels == digit)[0]] for digit in range(8)])


def _title(method):
    return NAMES[method][0].upper() + NAMES[method][1:]
