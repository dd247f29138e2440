"""The four rules on the same candidates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.errors import TargetError
from rsf_core.sampling import rules
from rsf_core.sampling.acceptance import accepted, critical_log_m, uniform

RNG = np.random.default_rng(0)
N = 4000
REWARD = RNG.integers(0, 6, N).astype(float)  # many ties
REWARD[RNG.random(N) < 0.2] = -math.inf
REWARD[:8] = -math.inf  # a prompt without an eligible candidate
GROUP = np.arange(N) // 8
U = uniform(0, [f"0.{i // 8}.{i % 8}" for i in range(N)])


@pytest.mark.parametrize("keep", [1, 3, 100])
def test_best_of_n_keeps_the_best_of_each_prompt_and_never_a_failed_constraint(keep):
    kept = rules.best_of_n(REWARD, GROUP, U, keep)
    for g in np.unique(GROUP):
        mine, reward = kept[g == GROUP], REWARD[g == GROUP]
        finite = int(np.isfinite(reward).sum())
        assert mine.sum() == min(keep, finite)
        if 0 < mine.sum() < finite:
            assert reward[mine].min() >= reward[~mine].max()


def test_no_rule_depends_on_the_order_of_the_candidates():
    order = RNG.permutation(N)
    for rule in (
        lambda i: rules.best_of_n(REWARD[i], GROUP[i], U[i], 2),
        lambda i: rules.threshold(REWARD[i], 3.0),
        lambda i: rules.random(U[i], 500),
        lambda i: rules.random(U[i], 500, np.isfinite(REWARD[i])),
        lambda i: rules.rejection(critical_log_m(REWARD[i], U[i]), 4.0),
    ):
        assert (rule(order) == rule(np.arange(N))[order]).all()


def test_rejection_is_the_decision_of_the_engine_and_threshold_a_comparison():
    assert rules.rejection is accepted
    assert (rules.threshold(REWARD, 3.0) == (REWARD >= 3)).all()
    assert (rules.threshold(REWARD, -math.inf) == np.isfinite(REWARD)).all()


def test_random_keeps_as_many_as_requested_and_ignores_rejection():
    rejected = rules.rejection(critical_log_m(REWARD, U), 4.0)
    kept = rules.random(U, int(rejected.sum()))
    assert kept.sum() == rejected.sum()
    by_chance = rejected.mean() ** 2 * N
    assert abs((kept & rejected).sum() - by_chance) < 4 * math.sqrt(by_chance)
    assert (rules.random(U, 100) <= rules.random(U, 200)).all()  # a larger number adds candidates and removes none
    eligible = np.isfinite(REWARD)
    assert rules.random(U, N, eligible).tolist() == eligible.tolist()


def test_overlap_is_the_jaccard_index():
    assert rules.overlap([True, True, False], [True, False, True]) == pytest.approx(1 / 3)
    assert rules.overlap([False], [False]) == 1.0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: rules.best_of_n([0.0, math.nan], [1, 1], [0.5, 0.5]), r"reward\[1\] is nan"),
        (lambda: rules.best_of_n([0.0], [1], [0.5], keep=0), "keep 0"),
        (lambda: rules.best_of_n([0.0], [1], [0.5, 0.5]), "one u for each"),
        (lambda: rules.threshold([0.0], math.nan), "threshold is NaN"),
        (lambda: rules.random([0.5], -1), "at least 0"),
        (lambda: rules.random([0.5], 1, [True, True]), "one for each"),
    ],
)
def test_a_rule_refuses_what_it_cannot_judge(call, says):
    with pytest.raises(TargetError, match=says):
        call()


@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=80),
    share=st.floats(0, 1),
    wish=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_random_selection_of_a_size_has_the_count_and_the_nearest_total(sizes, share, wish, seed):
    size, count = np.array(sizes), round(share * len(sizes))
    u = uniform(seed, [str(i) for i in range(len(sizes))])
    ascending = np.sort(size)
    least, most = ascending[:count].sum(), ascending[len(sizes) - count :].sum()
    total = least + wish * (most - least)
    kept = rules.random_of_size(u, count, size, total)
    assert kept.sum() == count
    assert abs(size[kept].sum() - total) <= np.ptp(size)


def test_a_random_selection_of_the_size_it_has_by_itself_is_uniform():
    rng, times = np.random.default_rng(0), np.zeros(12)
    size = np.arange(1, 13)
    for _ in range(2_000):
        times += rules.random_of_size(rng.random(12), 6, size, 39.0)
    assert times / 2_000 == pytest.approx(np.full(12, 0.5), abs=0.06)
