"""Noise contrastive estimation: fit a model by telling its data from noise of a known density (slides S06 to S18).

    nu noise draws, w ~ q, for each draw of the data, w ~ p; the model is u(w) = exp(s(w)), which need not sum to 1

    P(Y = data | w) = u(w) / (u(w) + nu q(w)) = sigma(delta(w))        delta(w) = s(w) - log(nu q(w))
    J(s)            = E_p[log sigma(delta)] + nu E_q[log sigma(-delta)]
    dJ/ds(w)        = p(w) sigma(-delta(w)) - nu q(w) sigma(delta(w))  = 0   where exp(s) = p

So the maximum of J over all s is the density with its scale, though nothing forces exp(s) to sum to 1 (erratum E07: q
must be positive wherever p is, and the model rich enough). It is a logistic regression, a part of its log-odds known.
An update changes the vectors of 1 + k words, where that of the full softmax changes those of all (slide S11).

    M. Gutmann and A. Hyvarinen (2012), Noise-contrastive estimation of unnormalized statistical models, with
    applications to natural image statistics, Journal of Machine Learning Research 13, 307-361
"""

import numpy as np

from lib import checks, likelihood, logspace


def shifted_score(scores, log_noise, ratio):
    """delta = s - log(nu q), the log-odds that a point is data (slide S12).

    scores   : (...) s(w) = log u(w); log_noise: log q(w); ratio: positive, nu or k, the number of noise draws for each
               draw of the data; all three broadcast
    """
    scores, log_noise = checks.finite("scores", scores), checks.finite("log_noise", log_noise)
    return scores - log_noise - np.log(checks.positive("ratio", ratio))


def posterior(scores, log_noise, ratio):
    """P(Y = data | w) = u / (u + nu q) = sigma(delta) (slides S08, S09, S12). Arguments as in `shifted_score`."""
    return logspace.sigmoid(shifted_score(scores, log_noise, ratio))


def expected_objective(scores, p, log_noise, ratio):
    """J(s) = sum_w p log sigma(delta) + nu sum_w q log sigma(-delta), with no sampling (slides S12, S17).

    scores, p, log_noise: (..., V), one for each of V words; p: 0 or positive; ratio: positive number
    returns: (...) in nats
    """
    delta, p, noise = _expected(scores, p, log_noise, ratio)
    return np.sum(p * logspace.log_sigmoid(delta) + noise * logspace.log_sigmoid(-delta), axis=-1)


def expected_gradient(scores, p, log_noise, ratio):
    """dJ/ds(w) = p sigma(-delta) - nu q sigma(delta), (..., V); arguments as in `expected_objective` (slide S18)."""
    delta, p, noise = _expected(scores, p, log_noise, ratio)
    return p * logspace.sigmoid(-delta) - noise * logspace.sigmoid(delta)


def fit_table(data_counts, noise_counts, log_noise, ratio):
    """The scores, one free number for each word, at which the sampled objective is largest, and their standard errors.

    n_w draws of the data and m_w of the noise were word w. Word by word,

        d/ds_w [n_w log sigma(delta_w) + m_w log sigma(-delta_w)] = n_w sigma(-delta_w) - m_w sigma(delta_w) = 0
        =>   delta_w = log(n_w / m_w)   =>   s_w = log(n_w / m_w) + log(nu q_w)

    data_counts, noise_counts: (V,) positive; log_noise: (V,) log q; ratio: m / n, noise draws for each data draw
    returns: scores (V,) and standard errors (V,); to first order var(log n_w) = 1/n_w - 1/n for a multinomial count
    raises : ValueError if a count is 0: its word's score would be infinite
    """
    n, m = checks.positive("data_counts", data_counts), checks.positive("noise_counts", noise_counts)
    log_noise = checks.finite("log_noise", log_noise)
    if not n.shape == m.shape == log_noise.shape or n.ndim != 1:
        raise ValueError(f"data_counts, noise_counts and log_noise must have one shape (V,), but their shapes are "
                         f"{n.shape}, {m.shape} and {log_noise.shape}")
    scores = np.log(n / m) + np.log(checks.positive("ratio", ratio)) + log_noise
    return scores, np.sqrt(1 / n - 1 / n.sum() + 1 / m - 1 / m.sum())


def table_variance(p, q, ratio):
    """n times the variance of the scores of `fit_table` as n grows: 1/p - 1 + (1/q - 1) / ratio.

    The first part, 1/p - 1, is that of log(n_w / n), the maximum-likelihood estimate; the noise adds the second.

    p, q: (..., V) positive probabilities; ratio: positive, m / n, noise draws for each data draw
    """
    p, q = checks.positive("p", p), checks.positive("q", q)
    return 1 / p - 1 + (1 / q - 1) / checks.positive("ratio", ratio)


def fit(data_features, noise_features, data_log_noise, noise_log_noise):
    """The theta at which a model s(w) = theta^T features(w) tells data from noise best (slide S16).

    A logistic regression with the known part -log(nu q(w)) of the log-odds, nu = m / n. A feature that is 1 everywhere
    has minus the log of the normaliser as its parameter: the scale is estimated like any other parameter.

    data_features : (n, d) at draws of the data; noise_features: (m, d) at draws of the noise
    data_log_noise: (n,) log q at the same draws; noise_log_noise: (m,)
    returns: (d,)
    raises : ValueError where data and noise can be separated, and the objective has no maximum
    """
    features = np.concatenate([data_features, noise_features])
    log_noise = np.concatenate([data_log_noise, noise_log_noise])
    labels = np.repeat([1.0, 0.0], [len(data_features), len(noise_features)])
    ratio = len(noise_features) / len(data_features)
    return likelihood.fit_logistic(features, labels, offset=shifted_score(0.0, log_noise, ratio))


def softmax_update(words, context, target, rate):
    """One step of gradient ascent on log softmax(words @ context)[target], in place (slides S05, S11).

        s = words @ context      d log softmax(s)_target / ds(w) = 1[w = target] - softmax(s)_w

    words  : (V, d) float table, changed in every row; context: (d,) float, changed; target: index of the word seen
    rate   : size of the step
    """
    scores = words @ context
    error = np.exp(scores - scores.max())
    error /= -error.sum()
    error[target] += 1.0
    pull = error @ words  # with the vectors from before the step
    error *= rate
    for start in range(0, len(words), 2048):  # by blocks: no second table is built
        words[start : start + 2048] += error[start : start + 2048, None] * context
    context += rate * pull


def nce_update(words, context, target, noise, log_noise, rate):
    """One step of gradient ascent on log sigma(delta(target)) + sum log sigma(-delta(noise)), in place (slide S12).

    words    : (V, d) float table, changed in the rows of target and noise alone; context: (d,) float, changed
    target   : index of the word seen; noise: (k,) indices drawn from q, which may repeat and may hold the target
    log_noise: (V,) log q; rate: size of the step
    """
    rows = np.concatenate([[target], noise])
    touched = words[rows]
    sign = np.where(np.arange(rows.size) == 0, 1.0, -1.0)  # data, noise, noise, ...
    delta = shifted_score(touched @ context, log_noise[rows], len(noise))
    step = (rate * sign * logspace.sigmoid(-sign * delta)).astype(words.dtype)
    np.add.at(words, rows, step[:, None] * context)  # a row that comes twice moves twice
    context += step @ touched


class AliasSampler:
    """Draws of a categorical distribution in a time that does not depend on the number of categories (erratum E08).

    Cut the probabilities, scaled to mean 1, into V cells of height 1, each filled by at most two categories, its own up
    to `threshold`, and its `alias` above. A draw takes a cell at random; one uniform number chooses between the two.

        A. J. Walker (1977), An efficient method for generating discrete random variables with general distributions
        M. D. Vose (1991), A linear algorithm for generating random numbers with a given distribution

    weights: (V,) 0 or positive, with a positive sum; they need not sum to 1
    raises : ValueError if a weight is negative, nan or infinite, if all are 0, or if there is none
    """

    def __init__(self, weights):
        weights = checks.not_negative("weights", weights)
        if weights.ndim != 1 or weights.size == 0:
            raise ValueError(f"weights must have shape (V,), V from 1 up, but its shape is {weights.shape}")
        if not weights.max() > 0:
            raise ValueError("weights must have a positive sum, but all are 0")
        weights = weights / weights.max()  # so that no sum overflows
        self.probabilities = weights / weights.sum()
        self.threshold, self.alias = _fill_cells(self.probabilities * weights.size)

    def draw(self, rng, size=()):
        """Indices in 0..V-1 of shape `size`, w with probability weights_w / sum weights; rng: np.random.Generator"""
        rng, size = checks.generator(rng), checks.shape("size", size)
        cell = rng.integers(self.alias.size, size=size)
        return np.where(rng.random(size) < self.threshold[cell], cell, self.alias[cell])


def fillings(heights):
    """How the cells are filled, one after the other: what a tall category has too much goes on top of a short one.

    heights: list of V numbers, 0 or positive, with mean 1
    yields : (short, tall, height): cell `short` holds its own category up to `height`, and category `tall` above;
             a cell that never comes as `short` holds its own category alone
    """
    left = list(heights)
    low = [w for w, height in enumerate(left) if height < 1.0]
    high = [w for w, height in enumerate(left) if height >= 1.0]
    while low and high:  # one of them empty: the rest are full but for rounding
        short, tall = low.pop(), high[-1]
        yield short, tall, left[short]
        left[tall] -= 1.0 - left[short]
        if left[tall] < 1.0:
            low.append(high.pop())


def _fill_cells(heights):
    """Thresholds and aliases of the cells."""
    threshold, alias = [1.0] * len(heights), list(range(len(heights)))
    for short, tall, height in fillings(heights.tolist()):
        threshold[short], alias[short] = height, tall
    return np.array(threshold), np.array(alias)


def _expected(scores, p, log_noise, ratio):
    delta, p = shifted_score(scores, log_noise, ratio), checks.not_negative("p", p)
    return delta, p, ratio * np.exp(log_noise)


def asymptotic_covariance(features, p, log_noise, ratio):
    """The covariance of sqrt(n) (theta_hat - theta), n large, where theta_hat is what `fit` returns (slide S18).

    With s(w) = theta^T x(w), exp(s) = p at the true theta, and the overlap h = p nu q / (p + nu q), per data draw

        -d^2 C / d theta^2           = I               I = sum_w h x x^T
        variance of sqrt(n) dC_n     = I - (1 + 1/nu) a a^T      a = sum_w h x
        covariance                   = I^-1 - (1 + 1/nu) I^-1 a a^T I^-1     (Gutmann and Hyvarinen 2012, theorem 3)

    features : (V, d) x(w) of each of V words, or of points on a fine grid; p: (V,) 0 or positive, p(w), on a grid times
               its step; log_noise: (V,) log q(w), on a grid plus the log of its step; ratio: positive, nu
    returns  : (d, d)
    raises   : ValueError where the features are linearly dependent as far as data and noise overlap: no limit exists
    """
    features = checks.finite("features", features)
    delta, p, noise = _expected(0.0, p, log_noise, ratio)
    if features.ndim != 2 or not features.shape[:1] == p.shape == delta.shape:
        raise ValueError(f"features, p and log_noise must have shapes (V, d), (V,) and (V,), but their shapes are "
                         f"{features.shape}, {p.shape} and {delta.shape}")
    overlap = p * noise / np.where(p + noise > 0, p + noise, 1.0)
    information = (features.T * overlap) @ features
    if np.linalg.matrix_rank(information, hermitian=True) < len(information):
        raise ValueError("features must be linearly independent where data and noise overlap, but the information "
                         f"matrix is singular: {information.tolist()}")
    inverse = np.linalg.inv(information)
    mean = inverse @ (features.T @ overlap)
    return inverse - (1 + 1 / ratio) * np.outer(mean, mean)
