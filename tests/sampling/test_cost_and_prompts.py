"""What M costs, and how many samples each prompt gets."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.acceptance import acceptance_prob, accepted, critical_log_m, prompt_scale
from rsf_core.sampling.by_prompt import prompt_index, prompt_rates
from rsf_core.sampling.cost import forecast


def test_the_forecast_is_draws_over_the_rate_at_the_measured_speed():
    assert forecast(100, 0.25, 50, 1000) == (400, 20)
    assert forecast(100, 0.0, 50, 1000) == (math.inf, math.inf)
    assert forecast(0, 0.0, 50, 1000) == (0, 0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: forecast(1, 1.1, 1, 1),
        lambda: forecast(1, math.nan, 1, 1),
        lambda: forecast(1, 0.5, 1, 0),
    ],
)
def test_impossible_numbers_are_refused(call):
    with pytest.raises(TargetError):
        call()


def test_the_global_scope_shares_by_z_and_the_scope_of_a_prompt_evenly():
    rng = np.random.default_rng(0)
    group = np.repeat([5, -1, 3], [30, 20, 50])
    log_ratio = rng.normal(size=100) + np.repeat([0.0, 2.0, -3.0], [30, 20, 50])
    z = [np.exp(log_ratio[group == g]).sum() for g in (-1, 3, 5)]
    shared = prompt_rates(log_ratio, 20.0, group)
    assert shared.group.tolist() == [-1, 3, 5] and shared.draws.tolist() == [20, 50, 30]
    np.testing.assert_allclose(shared.share, z / np.sum(z))
    even = prompt_rates(log_ratio, 20.0, group, prompt_scale(log_ratio, group))
    np.testing.assert_allclose(even.share, np.array([20, 50, 30]) / 100, atol=0.01)
    np.testing.assert_allclose(even.acceptance_rate, math.exp(-20.0), rtol=0.05)


def test_prompts_without_finite_candidates_have_rate_and_share_0():
    rates = prompt_rates([-math.inf, -math.inf, 0.0], 0.0, [1, 1, 2])
    assert rates.acceptance_rate.tolist() == [0, 1] and rates.share.tolist() == [0, 1]
    assert prompt_rates([-math.inf], 0.0, [1]).share.tolist() == [0]


@given(
    arrays(np.float64, 20, elements=st.one_of(st.floats(-5, 5), st.just(-math.inf))),
    arrays(np.int64, 20, elements=st.sampled_from([0, 0, 0, 1, -1])),
    st.floats(-6, 8),
)
def test_the_prompts_served_by_rank_are_those_with_an_accepted_candidate(log_ratio, override, log_m):
    group = np.arange(20) * 7 % 6
    m = critical_log_m(log_ratio, np.full(20, 0.3))
    effective = np.where(override == 0, accepted(m, log_m), override > 0)
    assert prompt_index(m, group, override).count(log_m) == np.unique(group[effective]).size
    assert len(prompt_index(m, group)) == 6


def test_a_prompts_rate_is_the_mean_probability_of_its_draws():
    log_ratio, group = np.array([0.0, -1.0, 3.0]), np.array([1, 1, 2])
    rates = prompt_rates(log_ratio, 1.0, group).acceptance_rate
    prob = acceptance_prob(log_ratio, 1.0)
    np.testing.assert_allclose(rates, [prob[:2].mean(), prob[2]])
