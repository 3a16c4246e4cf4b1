"""The losses of classifiers and of regression are negative log-likelihoods (slides S01 to S04).

                  p(y | s)                             -log p(y | s)               d/ds
    Bernoulli     sigma(s)^y (1 - sigma(s))^(1 - y)    log(1 + e^s) - y s          sigma(s) - y
    categorical   softmax(s)_y                         log sum_k e^(s_k) - s_y     softmax(s) - onehot(y)
    Gaussian      N(y; s, 1/2)                         (s - y)^2 + constant        2 (s - y)

In each, the slope is (what is predicted) - (what was seen), times 2 in the last, whose variance sets its scale. With
scores s = x^T theta it is multiplied by x. Losses are returned for each example, not summed, so that their spread can
be seen.
"""

import numpy as np

from lib import checks, logspace

NO_MINIMUM = (
    "labels must leave the loss a single finite minimum, but Newton's method found none: the features "
    "separate the labels or are linearly dependent; set ridge above 0"
)


def bernoulli_loss(scores, labels):
    """-log p(y | s) of the logistic model (slide S02).

    scores : (...) log-odds of label 1; labels: (...) 0 or 1
    returns: (...) losses, in nats
    """
    scores, labels = _binary(scores, labels)
    return -logspace.log_sigmoid(np.where(labels == 1, scores, -scores))


def bernoulli_slope(scores, labels):
    """d loss / d score = sigma(s) - y; shapes as in `bernoulli_loss` (slide S02)."""
    scores, labels = _binary(scores, labels)
    sign = np.where(labels == 1, -1.0, 1.0)
    return sign * logspace.sigmoid(sign * scores)  # -(1 - sigma(s)) as -sigma(-s): no digit is lost


def categorical_loss(logits, labels):
    """-log softmax(s)_y: the cross-entropy between a one-hot label and the softmax (slide S03).

    logits : (..., K); labels: (...) integers in 0..K-1
    returns: (...) losses, in nats
    """
    logits, labels = _categorical(logits, labels)
    return -np.take_along_axis(logspace.log_softmax(logits), labels[..., None], axis=-1)[..., 0]


def categorical_slope(logits, labels):
    """d loss / d logits = softmax(s) - onehot(y), shape (..., K); arguments as in `categorical_loss` (slide S03)."""
    logits, labels = _categorical(logits, labels)
    return logspace.softmax(logits) - _one_hot(labels, logits.shape[-1])


def square_loss(logits, labels):
    """sum_k (softmax(s)_k - onehot(y)_k)^2: the square loss put on a softmax, the question of slide S04.

    logits : (..., K); labels: (...) integers in 0..K-1
    returns: (...) losses, from 0 to 2
    """
    logits, labels = _categorical(logits, labels)
    return np.sum((logspace.softmax(logits) - _one_hot(labels, logits.shape[-1])) ** 2, axis=-1)


def square_slope(logits, labels):
    """d square_loss / d logits_j = 2 p_j (e_j - sum_k p_k e_k) with p = softmax(s), e = p - onehot(y); shape (..., K).

    The factor p_j, and e_j less its own mean, make it vanish wherever the softmax is sure, right or wrong (slide S04).
    """
    logits, labels = _categorical(logits, labels)
    p = logspace.softmax(logits)
    error = p - _one_hot(labels, logits.shape[-1])
    return 2.0 * p * (error - np.sum(p * error, axis=-1, keepdims=True))


def fit_logistic(features, labels, offset=0.0, weights=1.0, ridge=0.0):
    """The theta that minimises sum_i weights_i bernoulli_loss(x_i^T theta + offset_i, y_i) + ridge/2 |theta|^2.

    features: (n, d); labels: (n,) 0 or 1; offset: a number or (n,), a known part of the log-odds
    weights : positive or 0, a number or (n,), how often each example counts; ridge: 0 or positive
    returns : (d,)
    raises  : ValueError for other shapes, and where there is no single minimum: a hyperplane that separates the labels
              sends theta to infinity, linearly dependent features leave a direction open; a positive ridge mends both

    Newton's method: the loss is convex, with second derivative sum_i w_i sigma(s_i) sigma(-s_i) x_i x_i^T + ridge I. A
    step that does not lower the loss enough is halved.
    """
    features, labels, offset, weights, ridge = _fit_arguments(features, labels, offset, weights, ridge)

    def loss(theta):
        return np.sum(weights * bernoulli_loss(features @ theta + offset, labels)) + 0.5 * ridge * theta @ theta

    counted = features[np.broadcast_to(weights, labels.shape) > 0]
    if ridge == 0 and np.linalg.matrix_rank(counted) < features.shape[1]:
        raise ValueError(NO_MINIMUM)
    theta = np.zeros(features.shape[1])
    now = loss(theta)
    for _ in range(100):
        scores = features @ theta + offset
        gradient = features.T @ (weights * bernoulli_slope(scores, labels)) + ridge * theta
        curvature = weights * logspace.sigmoid(scores) * logspace.sigmoid(-scores)
        hessian = (features.T * curvature) @ features + ridge * np.eye(len(theta))
        try:
            step = np.linalg.solve(hessian, gradient)
        except np.linalg.LinAlgError:  # so far out that the curvature is 0 in floating point
            break
        if np.abs(features @ step).max() < 1e-7:  # a step squares such an error; towards infinity steps do not shrink
            return theta - step
        size, decrease = 1.0, gradient @ step
        while not (then := loss(theta - size * step)) <= now - 1e-4 * size * decrease + 1e-13 * now:
            size /= 2
            if size < 1e-12:
                break
        theta, now = theta - size * step, then
    raise ValueError(NO_MINIMUM)


def descend(slope, features, labels, start, rate, steps):
    """Plain gradient descent on the mean loss of a model with scores x^T theta: theta <- theta - rate X^T slope / n.

    slope   : one of this module's: slope(scores, labels), in the shape of scores
    features: (n, d); labels: (n,); start: (d,) for one score an example, (d, K) for K logits
    rate    : positive; steps: 0 or more
    returns : (steps + 1, d) or (steps + 1, d, K), the start first
    raises  : ValueError for other shapes

    Cross-entropy falls at every step if rate < 4 / m, m the largest eigenvalue of X^T X / n: its second derivative
    along a unit direction is a mean of variances (slide S03), at most m / 2. For the logistic loss it is at most m / 4,
    so rate < 8 / m.
    """
    features, theta = _matrix(features), checks.finite("start", start)
    if theta.ndim not in (1, 2) or theta.shape[0] != features.shape[1]:
        raise ValueError(f"start must have shape (d,) or (d, K) with d = {features.shape[1]}, as features has, but its "
                         f"shape is {theta.shape}")
    rate, path = checks.positive("rate", rate), [theta]
    for _ in range(checks.integer("steps", steps, least=0)):
        theta = theta - rate * features.T @ slope(features @ theta, labels) / len(features)
        path.append(theta)
    return np.array(path)


def _fit_arguments(features, labels, offset, weights, ridge):
    features = _matrix(features)
    examples = features.shape[:1]
    labels = checks.zero_or_one("labels", labels)
    offset, weights = checks.finite("offset", offset), checks.not_negative("weights", weights)
    for name, array in {"labels": labels, "offset": offset, "weights": weights}.items():
        if array.shape != examples and (array.shape or name == "labels"):
            raise ValueError(f"{name} must have shape {examples}, one for each row of features, but its shape is "
                             f"{array.shape}")
    ridge = checks.finite("ridge", ridge)
    if ridge.ndim != 0 or not ridge >= 0:
        raise ValueError(f"ridge must be one number, 0 or positive, but is {ridge}")
    return features, labels, offset, weights, float(ridge)


def _matrix(features):
    features = checks.finite("features", features)
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(f"features must have shape (n, d), n and d from 1 up, but its shape is {features.shape}")
    return features


def _binary(scores, labels):
    scores, labels = checks.finite("scores", scores), checks.zero_or_one("labels", labels)
    if scores.shape != labels.shape:
        raise ValueError(f"labels must have the shape of scores, {scores.shape}, but its shape is {labels.shape}")
    return scores, labels


def _categorical(logits, labels):
    logits, labels = checks.logits(logits), np.asarray(labels)
    if labels.dtype.kind not in "iu" or labels.shape != logits.shape[:-1]:
        raise ValueError(f"labels must be integers of shape {logits.shape[:-1]}, one for each row of logits, but its "
                         f"type is {labels.dtype} and its shape {labels.shape}")
    broken = labels[(labels < 0) | (labels >= logits.shape[-1])]
    if broken.size:
        raise ValueError(f"labels must be from 0 to {logits.shape[-1] - 1} everywhere, but holds {broken[0]}")
    return logits, labels


def _one_hot(labels, categories):
    return (labels[..., None] == np.arange(categories)).astype(float)
