"""Pictures of losses as likelihoods: a coin, the sigmoid, two regressions on digits, squares, squares on a softmax."""

import functools

import numpy as np
from matplotlib.colors import ListedColormap

from lib import digits, gaussian, likelihood, logspace
from lib.figures import style
from lib.figures.style import number

THROWS = 10
# Red below 0, blue above, in colours that a stored picture keeps.
SIGNED = ListedColormap(
    [style.RED, "#FF6633", "#FF9999", "#FFCCCC", "#FFFFFF", "#CCCCFF", "#99CCFF", "#3399FF", style.BLUE]
)
RATE, STEPS = 0.3, 300  # of the softmax regression's training
LABEL = 1  # of the three classes of the last picture; the wrong one is class 0
LOSSES = {
    "cross-entropy": (likelihood.categorical_loss, likelihood.categorical_slope, {"color": style.BLUE, "ls": "-"}),
    "square": (likelihood.square_loss, likelihood.square_slope, {"color": style.RED, "ls": "--"}),
}


def coin(heads):
    """Likelihood and negative log-likelihood of a coin that fell `heads` times on heads in 10 throws."""
    log_odds = np.linspace(-32, 32, 1_001)  # dense at both ends, where the loss goes to infinity
    theta = logspace.sigmoid(log_odds)
    loss = -heads * logspace.log_sigmoid(log_odds) - (THROWS - heads) * logspace.log_sigmoid(-log_odds)
    share = heads / THROWS
    terms = [n * np.log(n / THROWS) for n in (heads, THROWS - heads) if n]
    least = -sum(terms) + 0.0
    figure, (left, right) = style.figure(1, 2, height=2.7)
    left.plot(theta, np.exp(least - loss), color=style.BLUE)
    right.plot(theta, loss, color=style.RED)
    for ax, height, name in ((left, 1.0, "likelihood / its largest"), (right, least, "−log likelihood")):
        ax.axvline(share, color=style.BLACK, ls=":", lw=1)
        ax.plot(share, height, "o", color=style.BLACK, clip_on=False)
        ax.set(xlabel="θ, chance of heads", title=name, xlim=(0, 1), xticks=[0, 0.5, 1])
    left.set(ylim=(0, 1.05), yticks=[0, 0.5, 1])
    right.set(ylim=(0, 30))
    return figure, (
        f"{heads} heads in {THROWS} throws: both curves have their best θ at {share:g}; there the likelihood is "
        f"{np.exp(-least):.2g} and its negative logarithm {least:.2f}."
    )


def sigmoid_and_losses(score):
    """Left: the sigmoid at s and at -s. Right: the loss at s for either label, with its slope."""
    s = np.linspace(-6.5, 6.5, 131)
    figure, (left, right) = style.figure(1, 2, height=2.8)
    p = float(logspace.sigmoid(score))
    left.plot(s, logspace.sigmoid(s), color=style.BLACK)
    left.plot(score, p, "o", color=style.BLUE)
    left.plot(-score, 1 - p, "s", color=style.RED)
    left.set(xlabel="score s", title="σ(s), dot; σ(−s), square", xlim=(-6.5, 6.5), ylim=(-0.05, 1.05))
    for label, color, line, marker in ((1, style.BLUE, "-", "o"), (0, style.RED, "--", "s")):
        labels = np.full(s.shape, label)
        right.plot(s, likelihood.bernoulli_loss(s, labels), color=color, ls=line, label=f"y = {label}")
        height = likelihood.bernoulli_loss([score], [label])
        slope = likelihood.bernoulli_slope([score], [label])
        run = np.array([-1.2, 1.2])
        right.plot(score + run, height + slope * run, color=style.BLACK, lw=1, zorder=3)
        right.plot(score, height, marker, color=color)
    right.set(xlabel="score s", title="loss of either label", xlim=(-6.5, 6.5), ylim=(-0.3, 8))
    right.legend(loc="upper center", ncols=2, columnspacing=0.8)
    return figure, (
        f"At score {number(score, 1)} label 1 has probability {p:.3f}: label 1 costs {-np.log(p):.3f} with slope "
        f"{number(p - 1, 3)}, label 0 costs {-np.log1p(-p):.3f} with slope {number(p, 3)}."
    )


def logistic_line(slope, intercept):
    """A logistic regression on one number: the data and the curve; the mean loss over both parameters."""
    x, y, best, (slopes, intercepts, height) = _line_data()
    figure, (left, right) = style.figure(1, 2, height=2.9, left=0.5, gap=0.85)
    at = np.linspace(-3.2, 3.2, 121)
    left.plot(at, logspace.sigmoid(slope * at + intercept), color=style.BLACK)
    left.plot(x[y == 1], np.full((y == 1).sum(), 1.0), "o", color=style.BLUE, ms=5, mfc="none", clip_on=False)
    left.plot(x[y == 0], np.full((y == 0).sum(), 0.0), "s", color=style.RED, ms=5, mfc="none", clip_on=False)
    left.set(xlabel="x", title="σ(slope·x + intercept)", xlim=(-3.2, 3.2), ylim=(-0.08, 1.08))
    right.contour(slopes, intercepts, height, levels=[0.45, 0.5, 0.7, 1, 1.5, 2, 3], colors=style.GREY, linewidths=1)
    right.plot(*best, "x", color=style.GREEN, ms=9, mew=2)
    right.plot(slope, intercept, "o", color=style.BLACK)
    right.set(xlabel="slope", title="mean loss (× = lowest)", ylabel="intercept", xlim=(-2.2, 4.2), ylim=(-3.2, 3.2))
    right.yaxis.set_label_coords(-0.25, 0.5)
    loss = likelihood.bernoulli_loss(slope * x + intercept, y).mean()
    gradient = np.stack([x, np.ones_like(x)]) @ likelihood.bernoulli_slope(slope * x + intercept, y) / len(x)
    least = likelihood.bernoulli_loss(best[0] * x + best[1], y).mean()
    return figure, (
        f"With slope {number(slope, 1)} and intercept {number(intercept, 1)} the mean loss is {loss:.3f} (smallest: "
        f"{least:.3f}), and its gradient is {number(gradient[0])} in the slope, {number(gradient[1])} in the "
        f"intercept."
    )


def threes_and_eights(ridge):
    """Logistic regression of 8 against 3: the weights as a picture, and the losses over the ridge."""
    ridges, losses, _ = _ridge_curves()
    theta, loss, right_share = _ridge_fit(ridge)
    figure, (left, right) = style.figure(1, 2, height=2.8, left=0.25)
    _weights(left, theta[:64].reshape(8, 8))
    left.set(title="weights: + for 8, − for 3")
    for values, name, color, line in zip(
        losses.T, ("fitted digits", "held-out digits"), (style.BLUE, style.RED), ("-", "--"), strict=True
    ):
        right.semilogx(ridges, values, color=color, ls=line, label=name)
    right.semilogx([ridge] * 2, loss, "o", color=style.BLACK)
    right.axhline(np.log(2), color=style.GREY, ls=":", lw=1)
    right.set(xlabel="ridge", title="mean loss", xlim=(7e-4, 1.4e3), ylim=(0, 0.75), xticks=[1e-3, 1, 1e3])
    right.minorticks_off()
    right.legend(loc="upper left", bbox_to_anchor=(0, 0.9))
    return figure, (
        f"With ridge {ridge:g} the mean loss is {loss[0]:.3f} on the digits it was fitted on and {loss[1]:.3f} on the "
        f"held-out ones, of which {right_share:.1%} are told right; the largest weight has size "
        f"{np.abs(theta[:64]).max():.2f}."
    )


def training(step):
    """The softmax regression after `step` steps: ten pictures of weights, and both losses along the way."""
    path, losses, accuracy = _training()
    figure, (above, below) = style.figure(2, 1, height=4.3, gap=0.45, left=0.6, gridspec_kw={"height_ratios": [1.3, 1]})
    tiles = path[step][:64].reshape(8, 8, 2, 5).transpose(2, 0, 3, 1)  # row of tiles, pixel row, tile, pixel column
    padded = np.zeros((2, 9, 5, 9))
    padded[:, :8, :, :8] = tiles
    _weights(above, padded.reshape(18, 45)[:-1, :-1], size=4, least=0.5)
    for digit in range(10):
        x, y = 9 * (digit % 5) - 0.5, 9 * (digit // 5) - 0.5
        above.plot(x + np.array([0, 8, 8, 0, 0]), y + np.array([0, 0, 8, 8, 0]), color=style.GREY, lw=0.8)
        above.text(x + 0.3, y + 0.2, str(digit), va="top", fontsize=9)
    above.spines[:].set_visible(False)
    above.set(title="weights of each digit: + blue, − red", xlim=(-1, 44), ylim=(17, -1))
    for values, name, color, line in zip(
        losses.T, ("fitted digits", "held-out digits"), (style.BLUE, style.RED), ("-", "--"), strict=True
    ):
        below.plot(values, color=color, ls=line, label=name)
        below.plot(step, values[step], "o", color=color, clip_on=False)
    below.set(xlabel="step", title="mean loss", xlim=(0, STEPS), ylim=(0, 2.4))
    below.legend(loc="upper right")
    return figure, (
        f"After {step} step{'' if step == 1 else 's'} the mean loss is {losses[step, 0]:.3f} on the fitted digits and "
        f"{losses[step, 1]:.3f} on the held-out ones, of which {accuracy[step]:.1%} are told right."
    )


def bell_and_squares(variance):
    """Left: the Gaussian density of the error. Right: its negative log, less a constant, beside the square."""
    error = np.linspace(-3, 3, 241)
    log_density = gaussian.log_density(error, 0.0, variance)
    top = float(gaussian.log_density(0.0, 0.0, variance))
    figure, (left, right) = style.figure(1, 2, height=2.7)
    left.plot(error, np.exp(log_density), color=style.BLUE)
    left.set(xlabel="error ŷ − y", title="density", xlim=(-3, 3), ylim=(0, 1.9))
    right.plot(error, error**2, color=style.AMBER, ls="--", lw=3, label="(ŷ − y)²")
    shown = top - log_density < 9.1
    right.plot(error[shown], (top - log_density)[shown], color=style.BLUE, label="−log density")
    right.set(xlabel="error ŷ − y", title="loss, 0 at its lowest", xlim=(-3, 3), ylim=(0, 13), yticks=[0, 3, 6, 9])
    right.legend(loc="upper center", handlelength=2.6)  # two dashes, not one
    same = "the square itself" if variance == 0.5 else f"{1 / (2 * variance):.3g} times the square"
    return figure, (f"With variance {variance:g} the negative log density is {same}, plus the constant {number(-top)}.")


def wrong_logit(wrong):
    """Three classes, logits (wrong, 0, 0), the second is right: losses and sizes of both gradients over `wrong`."""
    at = np.linspace(-2, 12, 141)
    figure, (left, right) = style.figure(1, 2, height=2.9)
    sizes, values = {}, {}
    for name, (loss, slope, look) in LOSSES.items():
        left.plot(at, loss(_logits(at), _labels(at)), **look, label=name)
        right.semilogy(at, np.linalg.norm(slope(_logits(at), _labels(at)), axis=-1), **look)
        here, label = _logits(np.array([wrong])), _labels(np.array([wrong]))
        values[name] = loss(here, label)[0]
        sizes[name] = np.linalg.norm(slope(here, label))
        left.plot(wrong, values[name], "o", color=look["color"])
        right.plot(wrong, sizes[name], "o", color=look["color"], clip_on=False)
    left.set(xlabel="logit of the wrong class", title="loss", xlim=(-2.5, 12.5), ylim=(0, 13))
    left.legend(loc="upper left")
    right.set(xlabel="logit of the wrong class", title="length of the gradient", xlim=(-2.5, 12.5), ylim=(2e-5, 4))
    right.minorticks_off()
    return figure, (
        f"With logits ({number(wrong, 0)}, 0, 0) and the second class right, cross-entropy is "
        f"{values['cross-entropy']:.2f} with a gradient of length {sizes['cross-entropy']:.3f}; the square loss is "
        f"{values['square']:.2f} with one of length {sizes['square']:.2g}."
    )


def _logits(wrong):
    """(..., 3) logits: `wrong`, 0, 0."""
    return np.stack([wrong, np.zeros_like(wrong, dtype=float), np.zeros_like(wrong, dtype=float)], axis=-1)


def _labels(wrong):
    return np.full(np.shape(wrong), LABEL)


@functools.cache
def _line_data():
    """40 numbers with labels, the best (slope, intercept), and the mean loss on a grid of both."""
    rng = np.random.default_rng(2)
    x = np.sort(rng.uniform(-3, 3, 40))
    y = (rng.random(40) < logspace.sigmoid(1.5 * x - 0.5)).astype(int)
    best = likelihood.fit_logistic(np.stack([x, np.ones_like(x)], axis=-1), y)
    slopes, intercepts = np.meshgrid(np.linspace(-2.2, 4.2, 49), np.linspace(-3.2, 3.2, 49))
    scores = slopes[..., None] * x + intercepts[..., None]
    height = likelihood.bernoulli_loss(scores, np.broadcast_to(y, scores.shape)).mean(axis=-1)
    return x, y, best, (slopes, intercepts, height)


@functools.cache
def _threes_and_eights():
    """Features and labels (1 for an 8) of the 3s and 8s, of the fitted and of the held-out digits."""
    parts = []
    for images, labels in digits.training_and_held_out():
        chosen = np.isin(labels, [3, 8])
        parts.append((digits.features(images[chosen]), (labels[chosen] == 8).astype(int)))
    return parts


@functools.cache
def _ridge_fit(ridge):
    """The weights, the two mean losses, and the share of held-out digits told right."""
    (x, y), (x_out, y_out) = _threes_and_eights()
    theta = likelihood.fit_logistic(x, y, ridge=ridge)
    loss = [likelihood.bernoulli_loss(features @ theta, labels).mean() for features, labels in _threes_and_eights()]
    return theta, loss, np.mean((x_out @ theta > 0) == y_out)


@functools.cache
def _ridge_curves():
    ridges = np.geomspace(1e-3, 1e3, 25)
    fits = [_ridge_fit(ridge) for ridge in ridges]
    return ridges, np.array([loss for _, loss, _ in fits]), [share for *_, share in fits]


@functools.cache
def _training():
    """The path of the softmax regression's weights, its two mean losses, its held-out accuracy."""
    (images, labels), (images_out, labels_out) = digits.training_and_held_out()
    x, x_out = digits.features(images), digits.features(images_out)
    start = np.zeros((x.shape[1], 10))
    path = likelihood.descend(likelihood.categorical_slope, x, labels, start, RATE, STEPS)
    losses, accuracy = [], []
    for theta in path:
        scores = x_out @ theta
        losses.append(
            [
                likelihood.categorical_loss(x @ theta, labels).mean(),
                likelihood.categorical_loss(scores, labels_out).mean(),
            ]
        )
        accuracy.append(np.mean(scores.argmax(axis=-1) == labels_out))
    return path, np.array(losses), accuracy


def _weights(ax, picture, size=7, least=0.3):
    """Weights as colours, each picture on its own scale; the large ones also get a + or a − of some size.

    least: how large, as a share of the largest
    """
    reach = max(np.abs(picture).max(), 1e-12)
    ax.imshow(picture, cmap=SIGNED, vmin=-reach, vmax=reach, interpolation="nearest")
    for marker, chosen in (("+", picture > least * reach), ("_", picture < -least * reach)):
        rows, columns = np.nonzero(chosen)
        ax.plot(columns, rows, marker, color=style.BLACK, ms=size, mew=size / 6)
    _framed(ax)


def _framed(ax):
    ax.set(xticks=[], yticks=[])
    ax.spines[["top", "right"]].set_visible(True)
