"""Limits of means of positive, unbounded values: where they are, when there are none, and what they don't depend on."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.divergence import UNSEEN, divergence_rate
from rsf_core.sampling.intervals import Interval
from tests.support.bootstrapped import bootstrap


def drawn(groups: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """KL, tokens and group of `each` completions of every group."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(3, 40, groups * each).astype(np.float64)
    return rng.gamma(0.5 * tokens), tokens, np.repeat(np.arange(groups), each)


def limits(kl, tokens, group, level=0.95) -> Interval:
    return divergence_rate(kl, tokens, group, np.random.default_rng(0), level)


def test_the_value_is_all_nats_over_all_tokens_and_the_upper_limit_is_further_off() -> None:
    kl, tokens, group = drawn(30, 1)
    interval = limits(kl, tokens, group)
    assert interval.value == pytest.approx(kl.sum() / tokens.sum()) and interval.groups == 30
    assert 0.0 < interval.low < interval.value < interval.high
    columns = np.column_stack([kl, tokens])
    plain = bootstrap(columns, group, lambda total: total[..., 0] / total[..., 1], np.random.default_rng(0))
    assert interval.low <= plain.low and interval.high - interval.value >= UNSEEN * (plain.high - plain.value)


def test_several_completions_of_a_prompt_are_one_of_its_groups() -> None:
    kl, tokens, group = drawn(12, 3)
    by_prompt = [np.add.reduceat(values, np.arange(0, 36, 3)) for values in (kl, tokens)]
    together = limits(by_prompt[0], by_prompt[1], np.arange(12))
    interval = limits(kl, tokens, group)
    assert (interval.low, interval.high) == pytest.approx((together.low, together.high))


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_the_limits_go_with_the_unit(unit: float) -> None:
    kl, tokens, group = drawn(20, 1)
    one, other = limits(kl, tokens, group), limits(unit * kl, tokens, group)
    assert (other.low, other.high) == pytest.approx((unit * one.low, unit * one.high), rel=1e-4)


@pytest.mark.parametrize(("kl", "group"), [([0.0] * 6, range(6)), ([0.5] * 6, range(6)), ([1.0, 2.0, 3.0], [1, 1, 1])])
def test_one_prompt_and_prompts_that_are_all_alike_have_no_limits(kl, group) -> None:
    interval = limits(np.array(kl), np.full(len(kl), 5.0), np.array(list(group)))
    assert not interval.known and interval.value == pytest.approx(sum(kl) / (5 * len(kl)))


@pytest.mark.parametrize("groups", [2, 3, 5])
def test_few_prompts_have_wide_limits_or_none(groups: int) -> None:
    interval = limits(*drawn(groups, 1))
    assert not interval.known or interval.high - interval.low > 0.5 * interval.value


def test_a_higher_level_is_wider_and_a_lower_limit_is_never_below_zero() -> None:
    kl, tokens, group = drawn(15, 1)
    kl[0] = 50 * kl.max()
    narrow, wide = limits(kl, tokens, group, 0.8), limits(kl, tokens, group, 0.95)
    assert 0.0 <= wide.low <= narrow.low and narrow.high <= wide.high


def test_no_value_and_one_that_is_no_number_are_refused() -> None:
    with pytest.raises(TargetError, match="at least one value"):
        limits(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    with pytest.raises(TargetError, match=r"value\[1\]"):
        limits(np.array([1.0, math.inf]), np.ones(2), np.arange(2))
