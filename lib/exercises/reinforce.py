"""Exercises of the chapter "Gradients of expectations: REINFORCE"."""

import numpy as np

from lib.exercises import Exercise

_WAITS = np.array([0.1, 0.4, 1.0, 2.5])

EXERCISES = {
    "moving_edge": Exercise(
        solution=2 * 1.5 / 3,
        slips=(
            (-0.5, "That is ∫ z² ∂p/∂θ dz = −θ/3: the derivative passed inside although the edge moves with θ."),
            (1.5, "That is the edge's share alone, f(θ) p(θ) = θ. The inside has a share as well."),
            (1.5**2 / 3, "That is the expectation θ²/3 itself. Differentiate it."),
            (3.0, "That is the slope of θ². What is E[z²]? Integrate z²/θ from 0 to θ."),
        ),
        hint="Compute E[z²] = ∫ z²/θ dz from 0 to θ as a function of θ first; then differentiate.",
    ),
    "waiting_score": Exercise(
        solution=lambda rate, z: 1 / rate - z,
        slips=(
            (lambda rate, z: z - 1 / rate, "The sign: a longer wait speaks for a smaller rate."),
            (
                lambda rate, z: -z,
                "The density is λ exp(−λz), with the factor λ in front. Its logarithm depends on λ too.",
            ),
            (lambda rate, z: 1 - rate * z, "This is the derivative by log λ: λ times the one asked for."),
            (
                lambda rate, z: (1 - rate * z) * np.exp(-rate * z),
                "That is the derivative of the density. The score is the derivative of its logarithm: divide by it.",
            ),
            (lambda rate, z: np.mean(1 / rate - z) + 0 * z, "Return one score a draw; the average comes later."),
        ),
        hint="log p(z; λ) = log λ − λz. Differentiate by λ.",
        cases=((0.5, _WAITS), (2.0, _WAITS), (3.5, _WAITS)),
    ),
    "one_switch": Exercise(
        solution=0.2 * 5 + 0.8 * 1,
        slips=(
            (0.8 * 5 + 0.2 * 1, "That is the mean of f. The best baseline weighs f(z) with p(z) s(z)², not with p(z)."),
            (3.0, "That is half way between the two values: right for q = 1/2 only."),
            (0.0, "Without a baseline a term has variance q(1 − q)((1 − q)f(1) + q f(0))². You can do better."),
            (5.0, "With c = f(1) the terms are 0 and (f(0) − c)(−q): they still differ."),
        ),
        hint="The score is z − q: 0.2 with probability 0.8, and −0.8 with probability 0.2. Then E[f s²]/E[s²].",
    ),
    "walk_score": Exercise(
        solution=np.array([2 - 3 * 0.7, 1 - 3 * 0.3]),
        slips=(
            (np.array([2 - 0.7, 1 - 0.3]), "Each of the three steps takes its π off, not the walk as a whole."),
            (
                np.array([2.0, 1.0]),
                "You have counted the actions. Each step also takes π off: the policy must sum to 1.",
            ),
            (
                np.array([2 / 0.7, 1 / 0.3]),
                "These are derivatives by the probabilities, as if they were free; by the logits "
                "it is (taken or not) − π.",
            ),
            (
                np.array([3 * 0.7 - 2, 3 * 0.3 - 1]),
                "The sign: an action that was taken gets more likely when its logit grows.",
            ),
            (np.array([0.3, -0.3]), "That is one step with the first action. Add the scores of all three."),
        ),
        hint="One step has the score (1 − 0.7, −0.3) if it takes the first action and (−0.7, 1 − 0.3) if the second.",
    ),
}
