"""The accepted law, by enumeration and by chi-square tests at fixed seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rsf_core.sampling.acceptance import (
    acceptance_prob,
    accepted,
    critical_log_m,
    importance_weight,
    prompt_scale,
    uniform,
)

DRAWS = 200_000
SEED = 11
Q = np.array([0.30, 0.22, 0.15, 0.11, 0.08, 0.06, 0.04, 0.03, 0.01])
LOG_P = np.log([0.02, 0.10, 0.25, 0.05, 0.30, 0.02, 0.01, 0.20, 0.05]) - 900.0  # unnormalised
LOG_RATIO = LOG_P - np.log(Q)
P = np.exp(LOG_P - LOG_P.max())
P /= P.sum()
BOUND = float(LOG_RATIO.max())

probabilities = arrays(np.float64, 6, elements=st.floats(0.01, 1)).map(lambda a: a / a.sum())
logs = arrays(np.float64, 6, elements=st.one_of(st.floats(-4, 4), st.just(-np.inf))).filter(
    lambda a: bool(np.isfinite(a).any())
)


def kept(log_m: float, seed: int = SEED) -> np.ndarray:
    """How often each outcome is accepted among DRAWS draws from Q."""
    x = np.random.default_rng(seed).choice(Q.size, size=DRAWS, p=Q)
    u = uniform(seed, [f"0.0.{k}" for k in range(DRAWS)])
    return np.bincount(x[accepted(critical_log_m(LOG_RATIO[x], u), log_m)], minlength=Q.size)


def chi_square(observed: np.ndarray, law: np.ndarray) -> float:
    return float(stats.chisquare(observed, law * observed.sum()).pvalue)


@pytest.mark.parametrize("beyond", [0.0, 0.5, 2.0])
def test_at_or_beyond_the_bound_the_accepted_law_is_the_target(beyond):
    observed = kept(BOUND + beyond)
    assert chi_square(observed, P) > 0.01
    # a larger M only discards samples: the rate is Z/M
    z_over_m = np.exp(LOG_RATIO - BOUND - beyond) @ Q
    assert stats.binomtest(int(observed.sum()), DRAWS, z_over_m).pvalue > 0.01


def test_below_the_bound_the_accepted_law_is_min_p_mq_and_not_the_target():
    log_m = BOUND - 1.5
    below = np.minimum(np.exp(LOG_P - log_m), Q)
    observed = kept(log_m)
    assert chi_square(observed, below / below.sum()) > 0.01
    assert chi_square(observed, P) < 1e-6


def test_with_the_scope_of_a_prompt_every_prompt_has_its_own_target():
    """Two prompts whose Z differ by a factor of e^40, with one log M: each accepted law is right, and the shares are even."""
    x = np.random.default_rng(SEED).choice(Q.size, size=DRAWS, p=Q)
    group = np.arange(DRAWS) % 2
    log_ratio = np.where(group == 0, LOG_RATIO[x], LOG_RATIO[::-1][x] * 0.5 + 40.0)
    scale = prompt_scale(log_ratio, group)
    log_m = float((log_ratio - scale).max())
    keep = accepted(critical_log_m(log_ratio, uniform(SEED, [f"0.0.{k}" for k in range(DRAWS)])), log_m, scale)
    other = Q * np.exp(0.5 * (LOG_RATIO[::-1] + 900))
    assert chi_square(np.bincount(x[keep & (group == 0)], minlength=Q.size), P) > 0.01
    assert chi_square(np.bincount(x[keep & (group == 1)], minlength=Q.size), other / other.sum()) > 0.01
    assert stats.binomtest(int(keep[group == 0].sum()), int(keep.sum()), 0.5).pvalue > 0.01


@given(probabilities, logs, st.floats(-4, 4))
def test_the_accepted_law_is_min_p_mq_over_z_m(q, log_p, log_m):
    accept = q * acceptance_prob(log_p - np.log(q), log_m)
    below = np.minimum(np.exp(log_p), np.exp(log_m) * q)
    np.testing.assert_allclose(accept / accept.sum(), below / below.sum(), atol=1e-12)


@given(probabilities, logs)
def test_beyond_the_bound_doubling_m_halves_the_rate_and_keeps_the_law(q, log_p):
    log_ratio = log_p - np.log(q)
    log_m = float(log_ratio.max())
    one, two = (q * acceptance_prob(log_ratio, log_m + more) for more in (0.0, np.log(2)))
    assert two.sum() == pytest.approx(one.sum() / 2, rel=1e-12)
    np.testing.assert_allclose(one / one.sum(), np.exp(log_p) / np.exp(log_p).sum(), atol=1e-12)


# importance weights -------------------------------------------------------------------------------------------------


@given(probabilities, logs, st.floats(-6, 4), arrays(np.float64, 6, elements=st.floats(-1, 1)))
def test_weighted_acceptance_is_unbiased_at_any_m(q, log_p, log_m, f):
    log_ratio = log_p - np.log(q)
    weighted = q * acceptance_prob(log_ratio, log_m) * importance_weight(log_ratio, log_m)
    p = np.exp(log_p) / np.exp(log_p).sum()
    assert weighted @ f / weighted.sum() == pytest.approx(p @ f, abs=1e-12)


def test_weighted_acceptance_is_unbiased_on_real_draws_far_below_the_bound():
    x = np.random.default_rng(SEED).choice(Q.size, size=DRAWS, p=Q)
    log_m = BOUND - 2.5
    m = critical_log_m(LOG_RATIO[x], uniform(SEED, [f"0.0.{k}" for k in range(DRAWS)]))
    weight = accepted(m, log_m) * importance_weight(LOG_RATIO[x], log_m)
    estimate = np.bincount(x, weight, minlength=Q.size) / weight.sum()
    error = np.sqrt(np.bincount(x, weight**2, minlength=Q.size)) / weight.sum()
    assert (np.abs(estimate - P) < 4 * error).all()
    unweighted = np.bincount(x[accepted(m, log_m)], minlength=Q.size)
    assert chi_square(unweighted, P) < 1e-6


# retargeting --------------------------------------------------------------------------------------------------------


@given(probabilities, arrays(np.float64, 6, elements=st.floats(-1, 1)), st.integers(1, 6), st.sampled_from([0.3, 1.0]))
def test_retargeting_the_newest_model_each_round_equals_beta_over_t(base, reward, rounds, beta):
    """With reference = base the target does not change."""
    newest, fixed = base, base
    tilted = base * np.exp(reward / beta)
    for _ in range(rounds):
        ratio = reward / beta  # reference = proposal
        newest = newest * acceptance_prob(ratio, float(ratio.max()))
        newest = newest / newest.sum()
        ratio = np.log(base) + reward / beta - np.log(fixed)  # reference = base
        fixed = fixed * acceptance_prob(ratio, float(ratio.max()))
        fixed = fixed / fixed.sum()
    smaller_beta = base * np.exp(reward / (beta / rounds))
    np.testing.assert_allclose(newest, smaller_beta / smaller_beta.sum(), atol=1e-10)
    np.testing.assert_allclose(fixed, tilted / tilted.sum(), atol=1e-10)
