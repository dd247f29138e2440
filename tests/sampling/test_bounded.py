"""Limits of shares are valid near 0 and 1, with prompts of all kinds, and never have width 0; `make simulations` runs the full
grids."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rsf_core.domain.arrays import Floats
from rsf_core.domain.errors import TargetError
from rsf_core.sampling.bounded import difference_limits, mean_limits
from rsf_core.sampling.intervals import UNBOUNDED, cluster_mean, paired_difference, pooled_mean
from tests.simulations.shares import gain_coverage, share_coverage
from tests.support.diagnosed import diagnose


@pytest.mark.parametrize("spread", ["none", "beta 0.2", "logit 3", "all or nothing"])
@pytest.mark.parametrize("share", [0.005, 0.05, 0.3, 0.98])
def test_a_share_is_covered(share: float, spread: str) -> None:
    for prompts, draws in ((20, 16), (60, 4)):
        cell = {"share": share, "prompts": prompts, "draws": draws, "spread": spread}
        coverage = share_coverage(cell, 1500, np.random.default_rng(1))
        assert coverage["coverage"] >= 0.925, (cell, coverage)  # 93 % minus two standard errors of 1,500 data sets
        assert coverage["width"] < 2.5 / math.sqrt(prompts), (cell, coverage)


def test_t_over_prompts_does_not_cover_a_rare_share() -> None:
    cell = {"share": 0.005, "prompts": 50, "draws": 4, "spread": "beta 0.2"}
    assert share_coverage(cell, 1000, np.random.default_rng(1))["t coverage"] < 0.7


def test_in_the_middle_the_limits_are_little_wider_than_t() -> None:
    for spread in ("none", "beta 0.2"):
        cell = {"share": 0.4, "prompts": 60, "draws": 8, "spread": spread}
        coverage = share_coverage(cell, 300, np.random.default_rng(1))
        assert coverage["t width"] <= coverage["width"] <= 1.15 * coverage["t width"]


@pytest.mark.parametrize(("before", "after"), [(0.005, 0.02), (0.1, 0.1), (0.5, 0.6), (0.99, 0.99)])
def test_a_paired_gain_of_shares_is_covered(before: float, after: float) -> None:
    for prompts, draws, spread, change in ((20, 16, 3, 1), (60, 4, 0, 0)):
        cell = {
            "before": before, "after": after, "prompts": prompts, "draws": draws, "spread": spread, "change": change
        }  # fmt: skip
        assert gain_coverage(cell, 1500, np.random.default_rng(1))["coverage"] >= 0.925, cell


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("prompts", [2, 20, 300])
def test_none_of_all_prompts_still_leaves_3_in_their_number(value: float, prompts: int) -> None:
    outcomes, groups = np.full(2 * prompts, value), np.arange(2 * prompts) // 2
    for interval in (cluster_mean(outcomes, groups), pooled_mean(outcomes, groups)):
        away = interval.high if value == 0.0 else 1.0 - interval.low
        assert interval.value == value and away == pytest.approx(1 - 0.05 ** (1 / prompts)) and away <= 3 / prompts
        assert (interval.low if value == 0.0 else 1.0 - interval.high) == 0.0


def test_equal_prompts_in_between_leave_room_on_both_sides() -> None:
    interval = cluster_mean(np.full(40, 0.25), np.arange(40), bounds=(0, 1))
    assert 0.2 < interval.low < 0.25 < interval.high < 0.35


def test_a_range_is_mapped_to_shares_and_back() -> None:
    values, groups = np.random.default_rng(0).random(60), np.arange(60) // 3
    share, scaled = cluster_mean(values, groups, bounds=(0, 1)), cluster_mean(10 * values - 4, groups, bounds=(-4, 6))
    assert (scaled.low, scaled.high) == pytest.approx((10 * share.low - 4, 10 * share.high - 4))
    mirrored = cluster_mean(1 - values, groups, bounds=(0, 1))
    assert (mirrored.low, mirrored.high) == pytest.approx((1 - share.high, 1 - share.low))


def test_a_difference_turns_with_its_sides_and_scales_with_its_range() -> None:
    rng, groups = np.random.default_rng(0), np.arange(60) // 3
    a, b = rng.random((2, 60))
    there = paired_difference(a, groups, b, groups, bounds=(0, 1))
    back = paired_difference(b, groups, a, groups, bounds=(0, 1))
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    wide = paired_difference(5 * a, groups, 5 * b, groups, bounds=(0, 5))
    assert (wide.low, wide.high) == pytest.approx((5 * there.low, 5 * there.high))


def test_with_many_alike_prompts_the_limits_are_those_of_a_proportion() -> None:
    outcomes = np.random.default_rng(3).random(20_000) < 0.2
    interval = cluster_mean(outcomes, np.arange(20_000))
    exact = stats.binomtest(int(outcomes.sum()), 20_000).proportion_ci(0.95)
    assert (interval.low, interval.high) == pytest.approx((exact.low, exact.high), rel=2e-3)


def test_outcomes_are_bounded_by_default_and_equal_unbounded_values_tell_nothing() -> None:
    assert cluster_mean([0, 0, 1, 1], [1, 2, 3, 4]).high <= 1
    assert cluster_mean([0, 0, 1, 1], [1, 2, 3, 4], bounds=UNBOUNDED).high > 1
    for equal in (cluster_mean([0.3] * 9, range(9)), cluster_mean([0.0] * 9, range(9), bounds=UNBOUNDED)):
        assert not equal.known
    with pytest.raises(TargetError, match=r"value\[1\] is 1.5; it must lie between 0 and 1"):
        cluster_mean([0.5, 1.5], [1, 2], bounds=(0, 1))
    with pytest.raises(TargetError, match="the lower must be less"):
        cluster_mean([0.5, 1.5], [1, 2], bounds=(1, 1))


def test_violations_are_counted_by_prompt() -> None:
    """The draws of a prompt violate together, so 640 draws have no more information than their 40 prompts."""
    w = np.repeat(np.where(np.arange(40) < 4, 1.0, -1.0), 16)
    clustered = diagnose(w, 0.0, group=np.repeat(np.arange(40), 16)).violation_rate
    alone = diagnose(w, 0.0).violation_rate
    assert clustered.value == alone.value == 0.1
    assert clustered.high - clustered.low > 3 * (alone.high - alone.low)


def test_more_confidence_is_wider() -> None:
    y = np.array([-0.1, 0.0, 0.1, 0.2, -0.2])
    widths = [float(np.subtract(*mean_limits(y, np.array(0.3), level)[::-1])) for level in (0.8, 0.95, 0.999)]
    assert widths == sorted(widths)


@given(values=arrays(np.float64, st.integers(2, 60), elements=st.floats(0.0, 1.0)))
def test_so_many_prompts_are_worth_as_many_draws_at_least_where_that_is_asked_for(values: Floats) -> None:
    mean = values.mean()
    low, high = mean_limits(values - mean, mean, 0.95, least=len(values))
    assume(np.ptp(values) > 1e-6)
    k, n = values.sum(), len(values)
    assert low >= stats.beta.ppf(0.025, k, n - k + 1) - 1e-9 and high <= stats.beta.ppf(0.975, k + 1, n - k) + 1e-9


def test_one_prompt_that_loses_a_little_does_not_open_the_limits_of_those_that_gain() -> None:
    gains = np.full(48, 0.1)
    none, little = gains.copy(), gains.copy()
    none[0], little[0] = 0.0, -0.01
    limits = [difference_limits(one, 0.95, least=48)[0] for one in (little, none)]
    assert abs(limits[0] - limits[1]) < 0.025
