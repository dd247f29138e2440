"""Intervals by prompt: closed forms, degenerate cases, pairing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.bootstrap import MAX_BLOCKS
from rsf_core.sampling.intervals import (
    Interval,
    clopper_pearson,
    cluster_mean,
    paired_difference,
    pooled_mean,
    share_of_items,
)
from tests.support.bootstrapped import bootstrap


def ratio(totals):
    return totals[..., 0] / totals[..., 1]


def test_the_mean_by_prompt_has_the_t_interval_of_the_prompt_means():
    values, groups = [1.0, 3.0, 5.0, 5.0, 9.0, 11.0, 13.0], [4, 4, -1, -1, 8, 8, 8]
    got = cluster_mean(values, groups, level=0.9)
    expected = stats.ttest_1samp([2.0, 5.0, 11.0], 0).confidence_interval(0.9)
    assert got.value == 6 and got.groups == 3
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high))


def test_pooling_equals_the_mean_by_prompt_where_prompts_have_equally_many_draws():
    values, groups = np.random.default_rng(0).normal(size=60), np.arange(60) % 12
    one, other = cluster_mean(values, groups), pooled_mean(values, groups)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


def test_pooling_counts_every_draw_and_the_mean_by_prompt_every_prompt():
    values, groups = [0.0, 0.0, 0.0, 1.0], [1, 1, 1, 2]
    assert pooled_mean(values, groups).value == 0.25 and cluster_mean(values, groups).value == 0.5


def test_a_paired_difference_pairs_by_prompt_and_uses_common_prompts_only():
    before, before_groups = [1.0, 2.0, 3.0, 100.0], [1, 1, 2, 9]
    after, after_groups = [4.0, 2.0, 3.0, 5.0, -7.0], [2, 1, 1, 3, 8]
    got = paired_difference(before, before_groups, after, after_groups)
    assert (got.value, got.groups) == (1.0, 2) and not got.known  # both prompts gained exactly 1: no spread


def test_a_paired_difference_has_the_t_interval_of_the_paired_t_test():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=30), rng.normal(0.3, 1, size=30)
    got = paired_difference(a, range(30), b[::-1], np.arange(30)[::-1])
    interval = stats.ttest_rel(b, a).confidence_interval(0.95)
    assert (got.low, got.high) == pytest.approx((interval.low, interval.high))


@pytest.mark.parametrize(
    "interval",
    [
        cluster_mean([1.0, 2.0], [3, 3]),
        pooled_mean([1.0, 2.0], [3, 3]),
        paired_difference([1.0], [3], [2.5], [3]),
        bootstrap([[1.0, 2.0], [2.0, 0.0]], [3, 3], ratio, np.random.default_rng(0)),
    ],
)
def test_one_prompt_has_a_value_and_unknown_limits(interval):
    assert interval.value == 1.5 and not interval.known
    assert interval.low == -math.inf and interval.high == math.inf
    assert interval.clipped(0, 1) == interval


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: cluster_mean([], []), "at least one value"),
        (lambda: pooled_mean([], []), "at least one value"),
        (lambda: bootstrap(np.zeros((0, 2)), [], ratio, np.random.default_rng(0)), "at least one value"),
        (lambda: paired_difference([1.0], [1], [1.0], [2]), "no prompt is in both"),
        (lambda: cluster_mean([1.0, math.nan], [1, 2]), r"value\[1\] is nan"),
        (lambda: cluster_mean([1.0], [1], level=95), "level is 95"),
        (lambda: clopper_pearson(1, 0), "1 of 0"),
        (lambda: clopper_pearson(5, 3), "5 of 3"),
    ],
)
def test_an_interval_of_nothing_is_an_error(call, says):
    with pytest.raises(TargetError, match=says):
        call()


@given(st.integers(1, 300), st.data())
def test_clopper_pearson_is_scipys_exact_interval(n, data):
    k = data.draw(st.integers(0, n))
    exact = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
    got = clopper_pearson(k, n)
    assert (got.low, got.high) == pytest.approx((exact.low, exact.high), rel=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 30, 50, 300])
def test_what_is_called_exact_covers_at_least_95_percent_of_every_share_by_enumeration(n):
    """Coverage is lowest next to a limit. With the whole error on one side at 0 and n of n, it was 92.5 % for n = 50."""
    k = np.arange(n + 1)
    low, high = np.array([(one.low, one.high) for one in (clopper_pearson(int(j), n) for j in k)]).T
    share = np.concatenate(
        [np.linspace(0.001, 0.999, 500), *(limit + e for limit in (low, high) for e in (-1e-9, 1e-9))]
    )
    share = share[(share > 0) & (share < 1)][:, None]
    coverage = (stats.binom(n, share).pmf(k) * ((low <= share) & (share <= high))).sum(axis=1)
    assert coverage.min() >= 0.95 - 1e-9


@given(st.integers(30, 10_000))
def test_none_of_n_means_at_most_3_7_over_n(n):
    none, every = clopper_pearson(0, n), clopper_pearson(n, n)
    assert none.low == 0 and none.high == pytest.approx(-math.log(0.025) / n, rel=0.07)
    assert every.high == 1 and every.low == pytest.approx(1 - none.high)


@pytest.mark.parametrize(
    ("prompts", "each", "share", "alike"), [(25, 4, 0.8, 0.3), (10, 2, 0.5, 0.8), (60, 4, 0.95, 0.8)]
)
def test_items_of_one_prompt_are_covered_where_an_interval_of_independent_ones_is_not(prompts, each, share, alike):
    """Unequal numbers of items per prompt; the prompts' chances of being right follow a Beta law with correlation `alike`."""
    rng, sets, covered = np.random.default_rng(5), 400, np.zeros(2)
    for _ in range(sets):
        group = np.repeat(np.arange(prompts), 1 + rng.poisson(each - 1, prompts))
        chance = rng.beta(share * (1 / alike - 1), (1 - share) * (1 / alike - 1), prompts)
        right = rng.random(group.size) < chance[group]
        for which, interval in enumerate((share_of_items(right, group), clopper_pearson(int(right.sum()), right.size))):
            covered[which] += interval.low <= share <= interval.high
    assert covered[0] / sets >= 0.93 and covered[1] / sets < 0.93


def test_a_share_of_items_is_covered_where_one_prompt_has_a_third_of_them():
    """50 prompts, 49 with three items. Counted as 50 prompts of equal size, 92 % were covered."""
    rng, sets, covered = np.random.default_rng(6), 1_000, 0
    group = np.repeat(np.arange(50), np.r_[np.full(49, 3), 75])
    for _ in range(sets):
        interval = pooled_mean(rng.random(group.size) < rng.beta(2.0, 2.0, 50)[group], group, bounds=(0.0, 1.0))
        covered += interval.low <= 0.5 <= interval.high
    assert covered / sets >= 0.94


def test_unequal_sizes_widen_a_share_and_equal_ones_of_any_weight_do_not():
    values, group = np.tile([1.0, 0.0, 1.0, 1.0], 10), np.repeat(np.arange(20), 2)
    even = pooled_mean(values, group, bounds=(0.0, 1.0))
    assert pooled_mean(values, group, bounds=(0.0, 1.0), weights=np.full(40, 1.0)) == even
    heavy = pooled_mean(values, group, bounds=(0.0, 1.0), weights=np.where(group < 2, 20.0, 1.0))
    assert (heavy.value, heavy.groups) == (0.75, 20) and heavy.high - heavy.low > even.high - even.low


def test_a_share_of_items_is_exact_where_each_has_its_own_prompt_and_says_nothing_of_other_prompts_from_one():
    assert share_of_items([True, True, False], [4, 9, 2]) == clopper_pearson(2, 3)
    assert share_of_items([True, True, False], [4, 4, 4]) == Interval(2 / 3, 0.0, 1.0, 1)
    with pytest.raises(TargetError, match="0 of 0"):
        share_of_items([], [])


def test_the_bootstrap_of_a_mean_is_near_its_t_interval_and_repeats_with_its_seed():
    values, groups = np.random.default_rng(1).normal(5, 1, 400), np.arange(400) % 80
    columns = np.stack([values, np.ones(400)], axis=1)
    got = bootstrap(columns, groups, ratio, np.random.default_rng(2))
    t = cluster_mean(values, groups)
    assert got.value == pytest.approx(t.value)
    assert (got.low, got.high) == pytest.approx((t.low, t.high), abs=0.15 * (t.high - t.low))
    assert got == bootstrap(columns, groups, ratio, np.random.default_rng(2))


def test_many_prompts_are_resampled_in_blocks_at_no_visible_loss():
    prompts = 5 * MAX_BLOCKS
    values, groups = np.random.default_rng(1).exponential(size=2 * prompts), np.arange(2 * prompts) // 2
    got = bootstrap(np.stack([values, np.ones_like(values)], axis=1), groups, ratio, np.random.default_rng(0))
    t = cluster_mean(values, groups)
    assert got.groups == prompts
    assert got.high - got.low == pytest.approx(t.high - t.low, rel=0.1)


def test_clipping_keeps_limits_in_range():
    assert Interval(0.1, -0.2, 1.3, 5).clipped(0, 1) == Interval(0.1, 0, 1, 5)
