"""Choices of M, and the bias of diagnosing a bound on the draws that chose it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsf_core.domain.errors import TargetError
from rsf_core.sampling import bounds
from rsf_core.sampling.acceptance import prompt_scale, violated
from rsf_core.sampling.distances import draws, tvd
from tests.support.diagnosed import diagnose

RNG = np.random.default_rng(0)
LOG_RATIO, GROUP = RNG.normal(-900, 1.5, 4000), np.arange(4000) // 8


def test_the_analytic_bound_holds_for_every_reward_and_is_reached():
    weights, limits, beta = [2.0, -1.0, 0.0], [(0.0, 1.0), (-3.0, 4.0), (-math.inf, math.inf)], 0.5
    log_m = bounds.analytic_bound(weights, limits, beta)
    assert log_m == (2 * 1 + 1 * 3) / 0.5
    scores = RNG.uniform([0, -3], [1, 4], size=(1000, 2))
    assert not violated(scores @ [2, -1] / beta, log_m).any()


def test_a_constraint_alone_has_m_1():
    assert bounds.analytic_bound([], [], 1.0) == 0.0


def test_with_the_scope_of_a_prompt_the_analytic_bound_serves_every_prompt():
    reward = RNG.uniform(size=400)
    log_ratio, group = reward / 0.2, np.arange(400) // 4
    log_ratio[:4] = -math.inf
    scale = prompt_scale(log_ratio, group)
    log_m = bounds.analytic_bound([1.0], [(0.0, 1.0)], 0.2, scale)
    assert not violated(log_ratio, log_m, scale).any()
    assert log_m == pytest.approx(5 - scale[np.isfinite(scale)].min())


def test_the_maximum_violates_nothing_and_the_quantile_at_most_its_share():
    scale = prompt_scale(LOG_RATIO, GROUP)
    assert not violated(LOG_RATIO, bounds.max_bound(LOG_RATIO, scale), scale).any()
    for share in (0.0, 0.01, 0.29, 0.9999):
        log_m = bounds.quantile_bound(LOG_RATIO, share, scale)
        assert violated(LOG_RATIO, log_m, scale).sum() == math.floor(share * 4000 + 1e-9)
    few = np.array([-math.inf] * 9 + [2.0])
    assert bounds.quantile_bound(few, 0.5) == 2.0


def test_the_smallest_m_within_a_distance_is_between_quantile_and_maximum():
    log_m = bounds.tvd_bound(LOG_RATIO, 0.01)
    assert tvd(draws(LOG_RATIO, log_m)) == pytest.approx(0.01, abs=1e-9)
    assert log_m < bounds.max_bound(LOG_RATIO) == bounds.tvd_bound(LOG_RATIO, 0.0)
    assert bounds.tvd_bound(LOG_RATIO, 1.0) == LOG_RATIO.min()


def test_held_out_prompts_see_the_violations_that_the_choosing_draws_cannot():
    in_sample = diagnose(LOG_RATIO, bounds.max_bound(LOG_RATIO), group=GROUP)
    assert in_sample.tvd.value == 0 and in_sample.violations == 0
    caught = 0
    for seed in range(10):
        bound = bounds.HeldOut(LOG_RATIO, GROUP, seed=seed).bound(bounds.max_bound)
        assert 0 < bound.diagnosis.draws < 4000
        caught += bound.diagnosis.violations > 0 and bound.diagnosis.tvd.value > 0
    assert caught >= 2


def test_held_out_prompts_are_whole_and_fixed_by_their_number():
    out = bounds.hold_out(GROUP, 0.3, seed=1)
    assert all(np.unique(out[g == GROUP]).size == 1 for g in range(0, 500, 7))
    assert out.mean() == pytest.approx(0.3, abs=0.07)
    order = RNG.permutation(4000)
    assert (bounds.hold_out(GROUP[order], 0.3, seed=1) == out[order]).all()
    assert (bounds.hold_out(GROUP[100:200], 0.3, seed=1) == out[100:200]).all()
    assert (bounds.hold_out(GROUP, 0.3, seed=2) != out).any()


def test_a_held_out_diagnosis_is_that_of_the_held_out_prompts():
    scale = prompt_scale(LOG_RATIO, GROUP)
    bound = bounds.HeldOut(LOG_RATIO, GROUP, scale=scale, share=0.25).bound(bounds.quantile_bound)
    out = bounds.hold_out(GROUP, 0.25)
    assert bound.log_m == bounds.quantile_bound(LOG_RATIO[~out], scale=scale[~out])
    assert bound.diagnosis == diagnose(LOG_RATIO[out], bound.log_m, scale=scale[out], group=GROUP[out])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: bounds.analytic_bound([1.0], [(0.0, math.inf)], 1.0), "no finite bound"),
        (lambda: bounds.analytic_bound([1.0], [(0.0, 1.0)], 0.0), r"β is 0\.0"),
        (lambda: bounds.analytic_bound([1.0, 2.0], [(0.0, 1.0)], 1.0), "2 weights for 1"),
        (lambda: bounds.max_bound([]), "no candidates"),
        (lambda: bounds.max_bound([-math.inf]), "fail a constraint"),
        (lambda: bounds.quantile_bound([0.0], 1.0), "share"),
        (lambda: bounds.tvd_bound([0.0], -0.1), "distance"),
        (lambda: bounds.hold_out([1], 1.0), r"share is 1\.0"),
        (lambda: bounds.HeldOut([0.0, 1.0], [3, 3]), "too few to hold some out"),
    ],
)
def test_an_impossible_choice_is_an_error_that_explains(call, says):
    with pytest.raises(TargetError, match=says):
        call()
