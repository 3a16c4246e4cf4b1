"""Policy gradients: REINFORCE where a sample is a whole trajectory, beside the exact gradient.

    p_theta(Pi) = p(s_1) pi(a_1 | s_1) prod_t p(s_t | s_(t-1), a_(t-1)) pi(a_t | s_t)     Pi = (s_1, a_1, ..., s_T, a_T)
    grad log p_theta(Pi) = sum_t grad log pi(a_t | s_t)                        the dynamics do not hold theta
    grad E[sum_t r_t]    = E[sum_t (r_1 + ... + r_T) grad log pi(a_t | s_t)]   REINFORCE
                         = E[sum_t (r_t + ... + r_T) grad log pi(a_t | s_t)]   what was before a_t, it cannot change
    dE[sum_t r_t]/dtheta_sa = sum_t d_t(s) pi(a | s) (Q_t(s, a) - V_t(s))     exact, where pi is a table of logits

The policy is a table of logits (..., S, A), one row a state: pi(a | s) = softmax(logits[s])_a, and -inf bars an action.
S states, A actions, T steps, n episodes; batch dimensions lead, so that many policies run at once. Slides S24 and S25.
"""

from dataclasses import dataclass

import numpy as np

from lib import checks, gradients, logspace

STEP = np.array([(-1, 0), (0, 1), (1, 0), (0, -1)])  # (row, column) of each action: up, right, down, left
MOST = 1_000_000  # trajectories to enumerate


@dataclass(frozen=True, eq=False)
class Problem:
    """What there is to be learned in: p(s_1), p(s' | s, a), R(s, a) and the number of steps T (slide S24).

    start: (S,) probabilities; moves: (S, A, S) probabilities on the last axis; rewards: (S, A) finite; steps: 1 or more
    raises: ValueError for other shapes, and for probabilities that are negative or do not sum to 1
    """

    start: np.ndarray
    moves: np.ndarray
    rewards: np.ndarray
    steps: int

    def __post_init__(self):
        start, moves = _distribution("start", self.start), _distribution("moves", self.moves)
        rewards, steps = checks.finite("rewards", self.rewards), checks.integer("steps", self.steps, least=1)
        if rewards.ndim != 2 or start.shape != rewards.shape[:1] or moves.shape != rewards.shape + start.shape:
            raise ValueError(
                "start, moves and rewards must have shapes (S,), (S, A, S) and (S, A), but their shapes are "
                f"{start.shape}, {moves.shape} and {rewards.shape}"
            )
        for name, value in (("start", start), ("moves", moves), ("rewards", rewards), ("steps", steps)):
            object.__setattr__(self, name, value)


def grid_world(plan, slip, steps, cost=1.0, goal=10.0, fall=-10.0):
    """A grid to walk in: up, right, down, left, on a floor that may be slippery.

    plan   : rows of equal length: S a start, G a goal, C a cliff, . floor
    slip   : from 0 to 1, the probability to go off to the left or the right of where one meant to (half each);
             whoever would leave the grid stays in place
    cost   : of each step from the floor; goal, fall: what is paid in a goal and in a cliff, where an episode ends
    returns: Problem with a state for each cell, row by row, and a last one where nothing happens any more
    raises : ValueError for a ragged plan, another character, no start, a slip outside of [0, 1]
    """
    cells = np.array([list(row) for row in plan]) if len({len(row) for row in plan}) == 1 else np.empty((0, 0))
    if not cells.size or not np.isin(cells, list("SGC.")).all() or not (cells == "S").any():
        raise ValueError(f"plan must be rows of equal length of S, G, C and ., with an S, but is {plan!r}")
    slip = float(checks.not_negative("slip", slip))
    if not slip <= 1:
        raise ValueError(f"slip must be a probability, at most 1, but is {slip}")
    paid = {name: float(checks.finite(name, value)) for name, value in (("cost", cost), ("goal", goal), ("fall", fall))}
    kinds, ends, end = cells.ravel(), np.isin(cells.ravel(), ["G", "C"]), cells.size
    place = np.stack(np.unravel_index(np.arange(end), cells.shape), axis=-1)
    reached = place[:, None] + STEP  # (cell, way it goes, 2)
    stays = ((reached < 0) | (reached >= cells.shape)).any(axis=-1)
    to = np.where(stays, np.arange(end)[:, None], reached @ [cells.shape[1], 1])

    moves = np.zeros((end + 1, 4, end + 1))
    for action in range(4):
        for turn, chance in ((0, 1 - slip), (1, slip / 2), (-1, slip / 2)):
            moves[np.arange(end), action, to[:, (action + turn) % 4]] += chance
    moves[:end][ends] = 0.0
    moves[np.append(ends, True), :, end] = 1.0
    rewards = np.select([kinds == "G", kinds == "C"], [paid["goal"], paid["fall"]], -paid["cost"])
    start = (kinds == "S") / np.sum(kinds == "S")
    return Problem(np.append(start, 0.0), moves, np.append(rewards, 0.0)[:, None] + np.zeros(4), steps)


def no_preference(problem):
    """The logits (S, A) of the uniform policy; where all actions do the same, all but the first are barred by -inf.

    Such a state, as a goal, then has one action, with score 0, and adds nothing to a gradient but what belongs there.
    """
    moves, rewards = problem.moves, problem.rewards
    same = (moves == moves[:, :1]).all(axis=(1, 2)) & (rewards == rewards[:, :1]).all(axis=1)
    logits = np.zeros(rewards.shape)
    logits[same, 1:] = -np.inf
    return logits


# --- trajectories -----------------------------------------------------------------------------------------------------


def sample(problem, logits, uniforms):
    """Trajectories of a policy: noise in, trajectories out (slide S24).

    logits  : (..., S, A)
    uniforms: (..., n, T, 2) in [0, 1): the first of a step picks the state, the second the action
    returns : states and actions, integers (..., n, T)
    raises  : ValueError for other shapes, and for a uniform outside of [0, 1)
    """
    logits, uniforms = _logits(problem, logits), checks.not_negative("uniforms", uniforms)
    if not (uniforms < 1).all():
        raise ValueError(f"uniforms must be below 1 everywhere, but the largest is {np.max(uniforms)}")
    if uniforms.ndim < 3 or uniforms.shape[-2:] != (problem.steps, 2) or uniforms.shape[:-3] != logits.shape[:-2]:
        raise ValueError(
            f"uniforms must have shape {logits.shape[:-2]} + (n, {problem.steps}, 2), but its shape is {uniforms.shape}"
        )
    first, move, act = _cumulative(problem.start), _cumulative(problem.moves), _cumulative(logspace.softmax(logits))
    states = np.empty(uniforms.shape[:-1], dtype=int)
    actions = np.empty_like(states)
    for t in range(problem.steps):
        chances = first if t == 0 else move[states[..., t - 1], actions[..., t - 1]]
        states[..., t] = _pick(chances, uniforms[..., t, 0])
        chances = np.take_along_axis(act, states[..., t, None], axis=-2)
        actions[..., t] = _pick(chances, uniforms[..., t, 1])
    return states, actions


def trajectories(problem):
    """All (S A)^T trajectories: states and actions, ((S A)^T, T), also those of probability 0.

    raises: ValueError if there are more than a million
    """
    states, actions = problem.rewards.shape
    count = (states * actions) ** problem.steps
    if not count <= MOST:
        raise ValueError(f"problem must have at most {MOST:,} trajectories, but it has {count:,}")
    steps = np.indices((states * actions,) * problem.steps).reshape(problem.steps, -1).T
    return steps // actions, steps % actions


def log_probability(problem, logits, states, actions):
    """log p_theta(Pi) of trajectories (..., n, T), shape (..., n); -inf where it cannot happen (slide S24)."""
    logits = _logits(problem, logits)
    states, actions = _indices(states, actions, logits.shape)
    with np.errstate(divide="ignore"):  # log 0 = -inf is meant
        first = np.log(problem.start[states[..., 0]])
        moved = np.log(problem.moves[states[..., :-1], actions[..., :-1], states[..., 1:]])
    log_policy = np.take_along_axis(logspace.log_softmax(logits)[..., None, :, :], states[..., None], axis=-2)
    chosen = np.take_along_axis(log_policy, actions[..., None], axis=-1)[..., 0]
    return first + np.sum(moved, axis=-1) + np.sum(chosen, axis=-1)


def score(logits, states, actions, weights=1.0):
    """sum_t weight_t grad log pi(a_t | s_t), by the logits; with weights 1 that is grad log p_theta(Pi) (slide S24).

        d log pi(a | s) / d logits[s, b] = 1[b = a] - pi(b | s), and 0 in the rows of the other states

    logits : (..., S, A); states, actions: (..., n, T); weights: a number or (..., n, T)
    returns: (..., n, S, A), one term a trajectory: with the rewards to go as weights, the terms of REINFORCE
    """
    logits = checks.logits(logits)
    states, actions = _indices(states, actions, logits.shape)
    weights = checks.finite("weights", weights)
    if weights.shape not in ((), states.shape):
        raise ValueError(f"weights must be a number or have shape {states.shape}, but its shape is {weights.shape}")
    pairs, lead = logits.shape[-2] * logits.shape[-1], states.shape[:-1]
    cells = states * logits.shape[-1] + actions + pairs * np.arange(np.prod(lead, dtype=int)).reshape(*lead, 1)
    counts = np.bincount(
        cells.ravel(), np.broadcast_to(weights, states.shape).ravel(), minlength=pairs * np.prod(lead, dtype=int)
    ).reshape(*lead, *logits.shape[-2:])
    return counts - np.sum(counts, axis=-1, keepdims=True) * logspace.softmax(logits)[..., None, :, :]


def credit(rewards, to_go=True, baseline=True):
    """The weight of each grad log pi(a_t | s_t), from the rewards r_t of n episodes (slides S24, S25).

    rewards : (..., n, T)
    to_go   : r_t + ... + r_T, without what was paid before; otherwise the whole return at every t
    baseline: less the mean of the same over the other episodes, which does not depend on this one; n is then 2 or more
    returns : (..., n, T)
    """
    rewards = checks.finite("rewards", rewards)
    if rewards.ndim < 2:
        raise ValueError(f"rewards must have shape (..., n, T), but its shape is {rewards.shape}")
    if to_go:
        weights = np.cumsum(rewards[..., ::-1], axis=-1)[..., ::-1]
    else:
        weights = np.broadcast_to(np.sum(rewards, axis=-1, keepdims=True), rewards.shape)
    if baseline:
        others = gradients.leave_one_out(np.moveaxis(weights, -2, 0))
        weights = weights - np.moveaxis(others, 0, -2)
    return weights


def gradient_terms(problem, logits, uniforms, to_go=True, baseline=True):
    """The REINFORCE terms of n episodes, (..., n, S, A), whose mean estimates the gradient without bias (slide S25).

    logits, uniforms: as in `sample`; to_go, baseline: as in `credit`
    """
    states, actions = sample(problem, logits, uniforms)
    return score(logits, states, actions, credit(problem.rewards[states, actions], to_go, baseline))


def train(problem, logits, rate, updates, episodes, rng, baseline=True):
    """Gradient ascent on the expected return: `updates` times logits + rate * (mean of the terms of some episodes).

    logits : (..., S, A) to begin with; runs on leading axes are independent of each other
    returns: (updates + 1, ..., S, A), the first of them the one given

    The noise depends on the generator and on shapes alone: equal seeds give equal noise with a baseline and without.
    """
    logits, rate, rng = _logits(problem, logits), checks.positive("rate", rate), checks.generator(rng)
    updates, episodes = checks.integer("updates", updates, least=0), checks.integer("episodes", episodes, least=1)
    path = np.empty((updates + 1, *logits.shape))
    path[0] = logits
    for k in range(updates):
        uniforms = rng.random((*logits.shape[:-2], episodes, problem.steps, 2))
        terms = gradient_terms(problem, path[k], uniforms, baseline=baseline)
        path[k + 1] = path[k] + rate * np.mean(terms, axis=-3)
    return path


# --- exact, by dynamic programming ------------------------------------------------------------------------------------


def values(problem, logits):
    """V_t(s), the expected sum of the rewards from step t on, for a policy that is in s at t: (..., T, S).

        Q_t(s, a) = R(s, a) + sum_s' p(s' | s, a) V_(t+1)(s'),   V_t(s) = sum_a pi(a | s) Q_t(s, a),   V_(T+1) = 0
    """
    logits = _logits(problem, logits)
    chosen = logspace.softmax(logits)
    table = np.zeros((*logits.shape[:-2], problem.steps, logits.shape[-2]))
    value = np.zeros(logits.shape[:-1])
    for t in reversed(range(problem.steps)):
        value = np.sum(chosen * _action_values(problem, value), axis=-1)
        table[..., t, :] = value
    return table


def expected_return(problem, logits):
    """E[sum_t r_t] = sum_s p(s_1 = s) V_1(s), exactly (slide S24): (...)."""
    return values(problem, logits)[..., 0, :] @ problem.start


def best_return(problem):
    """The largest expected return that any policy has, also one that looks at the clock: max in place of the mean."""
    value = np.zeros(problem.start.shape)
    for _ in range(problem.steps):
        value = np.max(_action_values(problem, value), axis=-1)
    return value @ problem.start


def visits(problem, logits):
    """d_t(s) = p(s_t = s), forward from the start: (..., T, S), with sum 1 on the last axis."""
    logits = _logits(problem, logits)
    moved = np.sum(logspace.softmax(logits)[..., None] * problem.moves, axis=-2)  # p(s' | s)
    table = np.empty((*logits.shape[:-2], problem.steps, logits.shape[-2]))
    table[..., 0, :] = problem.start
    for t in range(1, problem.steps):
        table[..., t, :] = np.sum(table[..., t - 1, :, None] * moved, axis=-2)
    return table


def exact_gradient(problem, logits):
    """grad E[sum_t r_t] by the logits, (..., S, A), from `visits` and `values`, without a sample.

        sum_t d_t(s) pi(a | s) (Q_t(s, a) - V_t(s))
    """
    chosen, later = logspace.softmax(_logits(problem, logits)), values(problem, logits)
    total, value = np.zeros_like(chosen), np.zeros(chosen.shape[:-1])
    seen = visits(problem, logits)
    for t in reversed(range(problem.steps)):
        advantage = _action_values(problem, value) - later[..., t, :, None]
        total = total + seen[..., t, :, None] * chosen * advantage
        value = later[..., t, :]
    return total


# --- checks and picks -------------------------------------------------------------------------------------------------


def _action_values(problem, value):
    """Q(s, a) from the values (..., S) of the step after."""
    return problem.rewards + np.tensordot(value, problem.moves, axes=(-1, -1))


def _cumulative(probabilities):
    """Cumulative sums whose last is exactly 1, also at the last category that is possible."""
    sums = np.cumsum(probabilities, axis=-1)
    return sums / sums[..., -1:]


def _pick(cumulative, uniforms):
    """The first category whose cumulative probability is above the uniform; one of probability 0 never is."""
    return np.sum(cumulative <= uniforms[..., None], axis=-1)


def _distribution(name, value):
    array = np.atleast_1d(checks.not_negative(name, value))
    sums = np.sum(array, axis=-1)
    wrong = np.abs(sums - 1) > 1e-9  # more than the rounding of a sum of a million
    if wrong.any():
        raise ValueError(f"{name} must sum to 1 on its last axis, but a sum is {sums[wrong][0]}")
    return array


def _logits(problem, logits):
    logits = checks.logits(logits)
    if logits.shape[-2:] != problem.rewards.shape:
        raise ValueError(f"logits must have shape (..., S, A) with {problem.rewards.shape}, but its is {logits.shape}")
    return logits


def _indices(states, actions, shape):
    states, actions = np.asarray(states), np.asarray(actions)
    fits = states.ndim >= 2 and states.shape == actions.shape and states.shape[:-2] == shape[:-2]
    if not fits or states.shape[-1] == 0:
        raise ValueError(
            f"states and actions must have shape {shape[:-2]} + (n, T), but their shapes are {states.shape} and "
            f"{actions.shape}"
        )
    for name, index, count in (("states", states, shape[-2]), ("actions", actions, shape[-1])):
        if index.dtype.kind not in "iu" or not ((index >= 0) & (index < count)).all():
            raise ValueError(f"{name} must be integers from 0 to {count - 1}, but hold {index.min()} to {index.max()}")
    return states, actions
