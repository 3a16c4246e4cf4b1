"""Exercises of the chapter "Variational auto-encoders"."""

import numpy as np

from lib.exercises import Exercise

_MEAN = np.array([[0.5, -1.0], [2.0, 0.0], [0.1, 0.3]])
_LOG_VARIANCE = np.array([[-1.0, 0.2], [0.0, -3.0], [0.5, -0.4]])
_LOG_LIKELIHOOD = np.array([-18.0, -22.5, -9.1])


def _kl(mean, variance):
    return 0.5 * (variance + np.square(mean) - 1 - np.log(variance))


_ONE = np.array([1.0, -0.5]), np.array([0.5, 0.2])  # mean, standard deviation
_KL = _kl(_ONE[0], _ONE[1] ** 2)


def _terms(mean, log_variance):
    return _kl(mean, np.exp(log_variance))


EXERCISES = {
    "regulariser": Exercise(
        solution=_KL.sum(),
        slips=(
            (_kl(*_ONE).sum(), "You took the standard deviations for variances. Square them first."),
            (_KL.mean(), "That is the mean over the two dimensions. Independent components add up."),
            (2 * _KL.sum(), "Only the factor ½ is missing."),
            (-_KL.sum(), "A divergence is never negative: turn the sign."),
            (_kl(_ONE[0], _ONE[1] ** 4).sum(), "The variance is the standard deviation squared once, not twice."),
            (_KL.sum() + 0.5 * np.log(_ONE[1]).sum(), "The last term is ln σ², which is 2 ln σ."),
        ),
        hint="½(σ² + μ² − 1 − ln σ²) for each of the two dimensions, with σ² = 0.25 and 0.04; then add.",
    ),
    "loss": Exercise(
        solution=lambda log_p, mean, log_variance, weight: -log_p + weight * _terms(mean, log_variance).sum(axis=-1),
        slips=(
            (
                lambda log_p, mean, log_variance, weight: log_p - weight * _terms(mean, log_variance).sum(axis=-1),
                "At weight 1 this is the ELBO, to be maximised. The loss has the other sign.",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p - weight * _terms(mean, log_variance).sum(axis=-1),
                "KL is added to the loss: it is a cost. With this sign the means run off to infinity.",
            ),
            (
                lambda log_p, mean, log_variance, weight: log_p + weight * _terms(mean, log_variance).sum(axis=-1),
                "The first argument is a log-likelihood, to be made large. What is the error?",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p + weight * _terms(mean, log_variance).mean(axis=-1),
                "KL adds up over the latent dimensions; a mean makes the weight L times smaller.",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p + _terms(mean, log_variance).sum(axis=-1),
                "The weight is not used yet.",
            ),
            (
                lambda log_p, mean, log_variance, weight: weight * (-log_p + _terms(mean, log_variance).sum(axis=-1)),
                "The weight is on KL alone, not on the reconstruction error.",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p + 2 * weight * _terms(mean, log_variance).sum(axis=-1),
                "Only the factor ½ of KL is missing.",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p + weight * _terms(mean, log_variance / 2).sum(axis=-1),
                "exp of half the log variance is the standard deviation; the formula has the variance.",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p + weight * _terms(mean, 2 * log_variance).sum(axis=-1),
                "The argument is ln σ², the log of the variance, not the log of the standard deviation.",
            ),
            (
                lambda log_p, mean, log_variance, weight: -log_p + weight * _terms(mean, log_variance).sum(),
                "Each picture has its own KL: sum over the last axis only.",
            ),
            (
                lambda log_p, mean, log_variance, weight: np.mean(
                    -log_p + weight * _terms(mean, log_variance).sum(axis=-1)
                ),
                "Return one loss for each picture; the mean over pictures comes later.",
            ),
        ),
        hint="−log_likelihood + weight × KL, with KL = ½ Σ (exp(log_variance) + mean² − 1 − log_variance) over the "
        "last axis.",
        cases=tuple((_LOG_LIKELIHOOD, _MEAN, _LOG_VARIANCE, weight) for weight in (1.0, 0.25, 4.0)),
    ),
    "averages": Exercise(
        solution=32.0,
        slips=(
            (64.0, "That would be it if KL were summed. It is averaged too, over 2."),
            (1 / 32, "Turned round: it is KL that has become heavier."),
            (1 / 64, "The 1/64 is on the reconstruction error, and KL has its own factor."),
            (128.0, "Averaging KL makes it lighter, not heavier."),
            (0.5, "That is the factor of KL as written. Divide by the factor of the other term."),
            (2.0, "What is the factor of the reconstruction error?"),
        ),
        hint="Take a factor out of R/64 + KL/2 so that R stands alone.",
    ),
    "floor": Exercise(
        solution=20 * np.log1p(np.exp(-1)) + 44 * np.log(2),
        slips=(
            (64 * np.log(2), "That is every pixel at ½. With p = 1 a pixel of ink gets sigmoid(1) = 0.731."),
            (64 * np.log1p(np.exp(-1)), "A pixel of paper has at best p = 0, and sigmoid(0) = ½."),
            (44 * np.log1p(np.exp(-1)) + 20 * np.log(2), "You have exchanged ink and paper."),
            (0.0, "That would be the floor with proper logits, which may go to ±∞. Here they stay between 0 and 1."),
            (
                20 * np.log1p(np.exp(-1)) + 44 * np.log1p(np.exp(1)),
                "With p = 1 for a pixel of paper. The best there is p = 0.",
            ),
        ),
        hint="The best values are p = 1 for ink, −ln sigmoid(1) each, and p = 0 for paper, −ln(1 − sigmoid(0)) each.",
    ),
}
