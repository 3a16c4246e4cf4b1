"""Trajectories enumerated, returns differenced, values against simulation: four routes to one gradient."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import chisquare

from lib import gradients, logspace, policy

PLAN = ("....", "SCCG")
EPS = np.finfo(float).eps


def tiny(seed=0, states=2, actions=3, steps=3):
    """Made-up chances and rewards, all of them positive probabilities: 6^3 = 216 trajectories."""
    rng = np.random.default_rng(seed)
    start, moves = rng.dirichlet(np.ones(states)), rng.dirichlet(np.ones(states), size=(states, actions))
    return policy.Problem(start, moves, rng.normal(size=(states, actions)), steps)


def table(problem, seed=1, lead=()):
    return np.random.default_rng(seed).normal(size=(*lead, *problem.rewards.shape))


def enumerated(problem, logits):
    """All trajectories, their probabilities and their rewards."""
    states, actions = policy.trajectories(problem)
    return states, actions, np.exp(policy.log_probability(problem, logits, states, actions)), problem.rewards[
        states, actions
    ]


def differences(function, logits, step=1e-5):
    """Central differences by every finite logit: off by step^2 times a third derivative, and by rounding eps / step."""
    slope = np.zeros(logits.shape)
    for at in np.argwhere(np.isfinite(logits)):
        nudge = np.zeros(logits.shape)
        nudge[tuple(at)] = step
        slope[tuple(at)] = (function(logits + nudge) - function(logits - nudge)) / (2 * step)
    return slope


problems = st.builds(
    tiny, seed=st.integers(0, 10**6), states=st.integers(1, 3), actions=st.integers(1, 3), steps=st.integers(1, 3)
)

# --- enumeration ------------------------------------------------------------------------------------------------------


def test_all_trajectories_are_there_once():
    states, actions = policy.trajectories(tiny())
    assert states.shape == actions.shape == (216, 3)
    assert len({tuple(row) for row in np.concatenate([states, actions], axis=1).tolist()}) == 216
    assert (states.min(), states.max(), actions.min(), actions.max()) == (0, 1, 0, 2)


def test_a_probability_by_hand():
    problem = policy.Problem([1.0, 0.0], [[[0.2, 0.8]] * 2, [[1.0, 0.0]] * 2], np.zeros((2, 2)), 2)
    logits = np.log([[0.3, 0.7], [0.9, 0.1]])
    states, actions = np.array([[0, 1], [1, 0]]), np.array([[1, 0], [0, 0]])
    log_p = policy.log_probability(problem, logits, states, actions)
    assert abs(log_p[0] - np.log(0.7 * 0.8 * 0.9)) < 8 * EPS
    assert log_p[1] == -np.inf  # it cannot start in state 1


@given(problems, st.integers(0, 10**6))
def test_enumeration_agrees_with_dynamic_programming(problem, seed):
    logits = table(problem, seed)
    states, actions, p, rewards = enumerated(problem, logits)
    assert abs(p.sum() - 1) < 1e-12  # up to 729 terms
    assert abs(p @ rewards.sum(axis=1) - policy.expected_return(problem, logits)) < 1e-12 * (1 + np.abs(rewards).sum())
    visited = np.stack([p @ (states == s) for s in range(len(problem.start))], axis=-1)
    np.testing.assert_allclose(policy.visits(problem, logits), visited, rtol=0, atol=1e-12)


@given(problems, st.integers(0, 10**6), st.booleans(), st.floats(-5, 5))
def test_the_mean_of_the_terms_is_the_gradient_whatever_is_taken_off(problem, seed, to_go, constant):
    logits = table(problem, seed)
    states, actions, p, rewards = enumerated(problem, logits)
    weights = policy.credit(rewards, to_go, baseline=False) - constant
    mean = np.tensordot(p, policy.score(logits, states, actions, weights), axes=1)
    exact = policy.exact_gradient(problem, logits)
    np.testing.assert_allclose(mean, exact, rtol=0, atol=1e-11)  # 729 terms of size up to 3 (5 + 3 * 5)
    by_differences = differences(lambda table: policy.expected_return(problem, table), logits)
    np.testing.assert_allclose(exact, by_differences, rtol=0, atol=1e-7)  # 1e-10 * (third derivative < 100) + 1e-10


@given(problems, st.integers(0, 10**6))
def test_the_score_has_mean_0_and_is_the_slope_of_the_log_probability(problem, seed):
    logits = table(problem, seed)
    states, actions, p, _ = enumerated(problem, logits)
    scores = policy.score(logits, states, actions)
    np.testing.assert_allclose(np.tensordot(p, scores, axes=1), 0, atol=1e-12)
    row = seed % len(states)
    one = states[row : row + 1], actions[row : row + 1]
    slope = differences(lambda table: policy.log_probability(problem, table, *one)[0], logits)
    np.testing.assert_allclose(scores[row], slope, rtol=0, atol=1e-8)


def test_the_dynamics_drop_out_of_the_score():
    one, two = tiny(seed=0), tiny(seed=5)
    states, actions = policy.trajectories(one)
    logits, other = table(one), table(one) + 0.1
    change = [policy.log_probability(p, other, states, actions) - policy.log_probability(p, logits, states, actions)
              for p in (one, two)]
    np.testing.assert_allclose(change[0], change[1], atol=1e-13)  # of log p, when the policy changes


def test_rewards_before_an_action_are_uncorrelated_with_its_score():
    problem = tiny()
    logits = table(problem)
    states, actions, p, rewards = enumerated(problem, logits)
    for t in range(3):
        weights = np.zeros(states.shape)
        weights[:, t] = 1.0
        scores = policy.score(logits, states, actions, weights)
        for k in range(3):
            size = np.abs(np.tensordot(p * rewards[:, k], scores, axes=1)).max()
            assert size < 1e-14 if k < t else size > 1e-3


def test_the_best_return_is_that_of_the_best_of_all_rules():
    problem = tiny(actions=2, steps=2)
    rules = np.indices((2,) * 4).reshape(2, 2, -1)  # (t, s, rule): one action for each step and state
    best = max(
        problem.start @ (problem.rewards[[0, 1], first] + problem.moves[[0, 1], first] @ problem.rewards[[0, 1], then])
        for first, then in (rules[..., i] for i in range(16))
    )
    assert abs(policy.best_return(problem) - best) < 1e-14


# --- sampling ---------------------------------------------------------------------------------------------------------


def test_sampled_trajectories_come_as_often_as_they_should():
    problem, n = tiny(states=2, actions=2, steps=2), 100_000
    logits = table(problem)
    states, actions, p, _ = enumerated(problem, logits)
    drawn = policy.sample(problem, logits, np.random.default_rng(2).random((n, 2, 2)))
    digits = np.concatenate([np.stack([s, a], axis=-1).reshape(n, -1) for s, a in [drawn]])
    counts = np.bincount(digits @ [8, 4, 2, 1], minlength=16)
    place = np.stack([states, actions], axis=-1).reshape(16, -1) @ [8, 4, 2, 1]
    assert chisquare(counts[place], n * p).pvalue > 1e-4  # false alarm: 1 seed in 10^4


@pytest.mark.parametrize("to_go", [False, True])
@pytest.mark.parametrize("baseline", [False, True])
def test_simulated_gradients_tend_to_the_exact_one(to_go, baseline):
    problem = policy.grid_world(PLAN, 0.2, 8)
    logits = policy.no_preference(problem) + 0.3 * table(problem)
    uniforms = np.random.default_rng(3).random((4_000, 5, 8, 2))  # 4,000 batches of 5 episodes
    terms = policy.gradient_terms(problem, np.broadcast_to(logits, (4_000, *logits.shape)), uniforms, to_go, baseline)
    mean, error = gradients.mean_and_error(terms.mean(axis=1))
    exact = policy.exact_gradient(problem, logits)
    free = error > 0
    assert (np.abs(mean - exact)[~free] < 1e-13).all()
    assert (np.abs(mean - exact)[free] < 5 * error[free]).all()  # 20 components: false alarm 1 seed in 80,000


def test_simulated_returns_tend_to_the_expected_one():
    problem = policy.grid_world(PLAN, 0.3, 10)
    logits = policy.no_preference(problem) + table(problem)
    states, actions = policy.sample(problem, logits, np.random.default_rng(4).random((50_000, 10, 2)))
    mean, error = gradients.mean_and_error(problem.rewards[states, actions].sum(axis=1))
    assert abs(mean - policy.expected_return(problem, logits)) < 4.5 * error  # false alarm: 1 seed in 150,000


def test_a_category_of_probability_0_never_comes():
    problem = policy.Problem([1.0, 0.0], np.array([[[1.0, 0.0]] * 3] * 2), np.zeros((2, 3)), 1)
    logits = np.array([[0.1, 0.2, -np.inf]] * 2)
    uniforms = np.full((1, 1, 2), 1 - EPS / 2)  # the largest float below 1
    assert [x.item() for x in policy.sample(problem, logits, uniforms)] == [0, 1]
    assert [x.item() for x in policy.sample(problem, logits, 0 * uniforms)] == [0, 0]


@given(hnp.arrays(float, (2, 3, 4), elements=st.floats(-100, 100)))
def test_credit(rewards):
    whole, to_go = (policy.credit(rewards, to_go=kind, baseline=False) for kind in (False, True))
    np.testing.assert_allclose(to_go[..., 0], whole[..., 0], atol=1e-11)
    np.testing.assert_allclose(to_go[..., :-1] - to_go[..., 1:], rewards[..., :-1], atol=1e-11)
    for weights, kind in ((whole, False), (to_go, True)):
        less = policy.credit(rewards, to_go=kind, baseline=True)
        others = weights[:, [1, 2, 0]] / 2 + weights[:, [2, 0, 1]] / 2
        np.testing.assert_allclose(less, weights - others, atol=1e-11)


def test_many_policies_at_once():
    problem = tiny()
    logits = table(problem, lead=(2, 4))
    uniforms = np.random.default_rng(5).random((2, 4, 7, 3, 2))
    terms = policy.gradient_terms(problem, logits, uniforms)
    states, actions = policy.sample(problem, logits, uniforms)
    log_p = policy.log_probability(problem, logits, states, actions)
    exact, value, seen = (f(problem, logits) for f in (policy.exact_gradient, policy.values, policy.visits))
    assert terms.shape == (2, 4, 7, 2, 3) and value.shape == seen.shape == (2, 4, 3, 2)
    for at in np.ndindex(2, 4):
        np.testing.assert_allclose(terms[at], policy.gradient_terms(problem, logits[at], uniforms[at]), atol=1e-14)
        alone = policy.log_probability(problem, logits[at], states[at], actions[at])
        np.testing.assert_allclose(log_p[at], alone, atol=1e-14)
        np.testing.assert_allclose(exact[at], policy.exact_gradient(problem, logits[at]), atol=1e-14)


# --- training ---------------------------------------------------------------------------------------------------------


def test_one_update_is_a_step_along_the_mean_of_the_terms():
    problem = tiny()
    logits = table(problem, lead=(3,))
    path = policy.train(problem, logits, 0.5, 2, 4, np.random.default_rng(6))
    rng = np.random.default_rng(6)
    for k in range(2):
        terms = policy.gradient_terms(problem, path[k], rng.random((3, 4, 3, 2)))
        np.testing.assert_allclose(path[k + 1], path[k] + 0.5 * terms.mean(axis=1), atol=1e-14)
    np.testing.assert_array_equal(path[0], logits)


def test_training_learns():
    problem = policy.grid_world(PLAN, 0.0, 10, cost=0.2, fall=-5.0)
    logits = np.broadcast_to(policy.no_preference(problem), (5, 9, 4))
    path = policy.train(problem, logits, 0.3, 150, 20, np.random.default_rng(7))
    returns = policy.expected_return(problem, path[[0, -1]])
    assert (returns[0] < 0).all() and np.median(returns[1]) > 8.5  # the best is 10 - 5 * 0.2 = 9
    assert np.isneginf(path[-1][:, -1, 1:]).all() and (path[-1][:, -1, 0] == 0).all()


def test_a_wage_changes_the_noise_but_not_with_a_baseline():
    problem = policy.grid_world(PLAN, 0.2, 8)
    paid = dataclasses.replace(problem, rewards=problem.rewards + 1.0)
    logits, uniforms = policy.no_preference(problem), np.random.default_rng(8).random((50, 8, 2))
    for to_go in (False, True):
        terms = [policy.gradient_terms(p, logits, uniforms, to_go, True) for p in (problem, paid)]
        np.testing.assert_allclose(*terms, atol=1e-12)
        bare = [policy.gradient_terms(p, logits, uniforms, to_go, False) for p in (problem, paid)]
        assert np.abs(bare[0] - bare[1]).max() > 1


# --- a grid world -----------------------------------------------------------------------------------------------------


def test_moves_on_a_grid_by_hand():
    problem = policy.grid_world(("..", "SG"), 0.2, 5)
    up, right, down, left = range(4)
    moves = problem.moves
    np.testing.assert_allclose(moves[2, up], [0.8, 0, 0.1, 0.1, 0])  # from S: off to the left one stays in place
    np.testing.assert_allclose(moves[2, right], [0.1, 0, 0.1, 0.8, 0])
    np.testing.assert_allclose(moves[0, down], [0.1, 0.1, 0.8, 0, 0])
    np.testing.assert_allclose(moves[0, left], [0.9, 0, 0.1, 0, 0])
    np.testing.assert_array_equal(moves[3:], np.broadcast_to([0, 0, 0, 0, 1.0], (2, 4, 5)))
    np.testing.assert_array_equal(problem.rewards[:, 0], [-1, -1, -1, 10, 0])
    np.testing.assert_array_equal(problem.start, [0, 0, 1, 0, 0])
    np.testing.assert_array_equal(np.isfinite(policy.no_preference(problem)).sum(axis=1), [4, 4, 4, 1, 1])


def test_a_walk_by_hand():
    problem = policy.grid_world(PLAN, 0.0, 8, cost=0.5, goal=7.0)
    logits = np.where(np.isfinite(policy.no_preference(problem)), -50.0, -np.inf)
    for cell, action in ((4, 0), (0, 1), (1, 1), (2, 1), (3, 2)):  # up, right, right, right, down
        logits[cell, action] = 50.0
    logits[[5, 6, 7, 8], 0] = 0.0
    assert abs(policy.expected_return(problem, logits) - (7 - 5 * 0.5)) < 1e-12
    assert abs(policy.best_return(problem) - 4.5) < 1e-12


@given(st.floats(0, 1), st.integers(1, 12))
def test_a_grid_world_keeps_its_probabilities(slip, steps):
    problem = policy.grid_world((".S.", "SCG"), slip, steps)
    assert np.abs(problem.moves.sum(axis=-1) - 1).max() < 1e-15 * 8
    seen = policy.visits(problem, policy.no_preference(problem))
    np.testing.assert_allclose(seen.sum(axis=-1), 1, atol=1e-12)
    value = policy.expected_return(problem, policy.no_preference(problem))
    assert -10 - steps <= value <= policy.best_return(problem) <= 10


# --- bad input --------------------------------------------------------------------------------------------------------

TINY = tiny()
LOGITS = table(TINY)
GOOD = {"start": TINY.start, "moves": TINY.moves, "rewards": TINY.rewards, "steps": 3}
INDEX = np.zeros((4, 3), dtype=int)


@pytest.mark.parametrize("change, message", [
    ({"start": [0.5, 0.6]}, "start must sum to 1"),
    ({"start": [1.5, -0.5]}, "start must be 0 or positive"),
    ({"start": [1.0]}, "start, moves and rewards must have shapes"),
    ({"start": 1.0}, "start, moves and rewards must have shapes"),
    ({"moves": TINY.moves * 1.1}, "moves must sum to 1"),
    ({"moves": TINY.moves[0]}, "start, moves and rewards must have shapes"),
    ({"rewards": np.full((2, 3), np.nan)}, "rewards must be finite"),
    ({"rewards": [1.0, 2.0]}, "start, moves and rewards must have shapes"),
    ({"steps": 0}, "steps must be an integer from 1"),
    ({"steps": 2.0}, "steps must be an integer from 1"),
])  # fmt: skip
def test_a_wrong_problem_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        policy.Problem(**{**GOOD, **change})


@pytest.mark.parametrize("call, message", [
    (lambda: policy.grid_world(("..", "S"), 0, 5), "plan must be rows"),
    (lambda: policy.grid_world(("..", "SX"), 0, 5), "plan must be rows"),
    (lambda: policy.grid_world(("..", ".G"), 0, 5), "with an S"),
    (lambda: policy.grid_world((), 0, 5), "plan must be rows"),
    (lambda: policy.grid_world(PLAN, 1.1, 5), "slip must be a probability, at most 1, but is 1.1"),
    (lambda: policy.grid_world(PLAN, -0.1, 5), "slip must be 0 or positive"),
    (lambda: policy.grid_world(PLAN, 0.1, 5, cost=np.nan), "cost must be finite"),
    (lambda: policy.sample(TINY, LOGITS, np.zeros((4, 2, 2))), r"uniforms must have shape \(\) \+ \(n, 3, 2\)"),
    (lambda: policy.sample(TINY, LOGITS, np.ones((4, 3, 2))), "uniforms must be below 1 everywhere, but the largest"),
    (lambda: policy.sample(TINY, LOGITS, -np.ones((4, 3, 2))), "uniforms must be 0 or positive"),
    (lambda: policy.sample(TINY, LOGITS[None], np.zeros((4, 3, 2))), "uniforms must have shape"),
    (lambda: policy.sample(TINY, LOGITS[:1], np.zeros((4, 3, 2))), "logits must have shape"),
    (lambda: policy.values(TINY, np.full((2, 3), np.nan)), "logits must be finite or -inf"),
    (lambda: policy.values(TINY, np.full((2, 3), -np.inf)), "logits must have a finite entry in every row"),
    (lambda: policy.trajectories(tiny(states=3, actions=3, steps=7)), "at most 1,000,000 trajectories, but it has 4,7"),
    (lambda: policy.log_probability(TINY, LOGITS, INDEX, INDEX[:2]), "states and actions must have shape"),
    (lambda: policy.score(LOGITS, INDEX, INDEX + 3), "actions must be integers from 0 to 2, but hold 3 to 3"),
    (lambda: policy.score(LOGITS, INDEX - 1, INDEX), "states must be integers from 0 to 1, but hold -1 to -1"),
    (lambda: policy.score(LOGITS, INDEX * 1.0, INDEX), "states must be integers"),
    (lambda: policy.score(LOGITS, INDEX[0], INDEX[0]), "states and actions must have shape"),
    (lambda: policy.score(LOGITS, INDEX, INDEX, np.ones((2, 4, 3))), "weights must be a number or have shape"),
    (lambda: policy.score(LOGITS, INDEX, INDEX, np.ones(5)), "weights must be a number or have shape"),
    (lambda: policy.credit(np.ones(3)), "rewards must have shape"),
    (lambda: policy.credit(np.ones((1, 3))), "at least 2 samples"),
    (lambda: policy.train(TINY, LOGITS, 0.0, 5, 5, np.random.default_rng()), "rate must be positive"),
    (lambda: policy.train(TINY, LOGITS, 0.1, -1, 5, np.random.default_rng()), "updates must be an integer from 0"),
    (lambda: policy.train(TINY, LOGITS, 0.1, 5, 0, np.random.default_rng()), "episodes must be an integer from 1"),
    (lambda: policy.train(TINY, LOGITS, 0.1, 5, 5, 3), "rng must be a np.random.Generator"),
])  # fmt: skip
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_no_preference_is_uniform_where_there_is_a_choice():
    problem = policy.grid_world(PLAN, 0.1, 5)
    p = logspace.softmax(policy.no_preference(problem))
    np.testing.assert_array_equal(p[:5], 0.25)
    np.testing.assert_array_equal(p[5:], np.broadcast_to([1.0, 0, 0, 0], (4, 4)))
