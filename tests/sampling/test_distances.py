"""The diagnostics against enumeration: the draws are in exact proportion to q, so every estimate is exact."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rsf_core.domain.errors import TargetError
from rsf_core.sampling import distances
from rsf_core.sampling.curve import RatioCurve
from rsf_core.sampling.diagnosis import Diagnoser
from tests.support.diagnosed import diagnose

OUTCOMES = 7
times = arrays(np.int64, OUTCOMES, elements=st.integers(1, 9))
logs = arrays(np.float64, OUTCOMES, elements=st.one_of(st.floats(-6, 6), st.just(-math.inf))).filter(
    lambda a: bool(np.isfinite(a).any())
)
log_ms = st.floats(-7, 9)
shifts = st.sampled_from([0.0, -900.0, 900.0])


def draws_of(times: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    """The log ratios of draws with each outcome in its proportion under q = times/Σtimes."""
    return np.repeat(log_p - np.log(times / times.sum()), times)


def enumerated(times: np.ndarray, log_p: np.ndarray, log_m: float) -> dict[str, float]:
    """All values by definition: p = P/Z, p_M = min(P, Mq)/Z_M, sums over outcomes."""
    q, p = times / times.sum(), np.exp(log_p)
    below = np.minimum(p, np.exp(log_m) * q)
    z, z_m = p.sum(), below.sum()
    p, p_m = p / z, below / z_m
    on = p > 0
    return {
        "log_z": math.log(z),
        "log_z_m": math.log(z_m),
        "acceptance_rate": z_m / math.exp(log_m),
        "tvd": 0.5 * np.abs(p - p_m).sum(),
        "kl_target": float((p[on] * np.log(p[on] / p_m[on])).sum()),
        "kl_proposal": float((p_m[on] * np.log(p_m[on] / q[on])).sum()),
        "violated_mass": p[np.exp(log_p) > np.exp(log_m) * q].sum(),
        "ess": times.sum() / (p**2 / q).sum(),
        "ess_truncated": times.sum() / (p_m**2 / q).sum(),
    }


def near_an_edge(w: np.ndarray, log_m: float) -> bool:
    return bool((np.abs(w[np.isfinite(w)] - log_m) < 1e-9).any())


@given(times, logs, log_ms, shifts)
def test_every_estimator_equals_enumeration(times, log_p, log_m, shift):
    w = draws_of(times, log_p)
    if near_an_edge(w, log_m):
        log_m += 1e-6
    d, exact = distances.draws(w + shift, log_m + shift), enumerated(times, log_p, log_m)
    curve = RatioCurve(w + shift)
    assert d.log_z - shift == pytest.approx(exact["log_z"], abs=1e-9)
    assert curve.log_z - shift == pytest.approx(exact["log_z"], abs=1e-9)
    assert d.log_z_m - shift == pytest.approx(exact["log_z_m"], abs=1e-9)
    for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
        assert getattr(distances, name)(d) == pytest.approx(exact[name], abs=1e-9), name
        assert float(getattr(curve, name)(log_m + shift)) == pytest.approx(exact[name], abs=1e-9), name
    for name in ("ess", "ess_truncated"):
        assert getattr(distances, name)(d) == pytest.approx(exact[name], rel=1e-9), name
    assert distances.violations(d) == round(float(curve.violation_rate(log_m + shift)) * w.size)


@given(times, logs, log_ms, st.floats(0, 5))
def test_raising_m_lowers_the_rate_and_both_distances_to_the_target(times, log_p, log_m, more):
    w, slack = draws_of(times, log_p), 1e-11
    low, high = distances.draws(w, log_m), distances.draws(w, log_m + more)
    assert distances.acceptance_rate(high) <= distances.acceptance_rate(low) + slack
    assert distances.tvd(high) <= distances.tvd(low) + slack
    assert distances.kl_target(high) <= distances.kl_target(low) + slack
    assert distances.kl_proposal(high) >= distances.kl_proposal(low) - slack
    assert distances.violated_mass(high) <= distances.violated_mass(low) + slack


@given(times, logs, log_ms)
def test_the_inequalities_between_the_diagnostics_hold(times, log_p, log_m):
    d, slack = distances.draws(draws_of(times, log_p), log_m), 1e-11
    lost = 1 - math.exp(d.log_z_m - d.log_z)
    assert distances.violated_mass(d) >= lost - slack
    assert lost >= distances.tvd(d) - slack
    assert distances.kl_proposal(d) <= -math.log(distances.acceptance_rate(d)) + slack
    assert distances.tvd(d) ** 2 <= distances.kl_target(d) / 2 + slack  # Pinsker


@given(times, logs, st.floats(0, 20))
def test_beyond_the_bound_the_rate_is_z_over_m_and_the_distance_0(times, log_p, beyond):
    w = draws_of(times, log_p)
    log_m = float(w.max()) + beyond
    one, two = distances.draws(w, log_m), distances.draws(w, log_m + math.log(2))
    assert distances.acceptance_rate(two) == pytest.approx(distances.acceptance_rate(one) / 2, rel=1e-12)
    assert distances.acceptance_rate(one) == pytest.approx(math.exp(one.log_z - log_m), rel=1e-12)
    assert distances.tvd(one) == distances.kl_target(one) == distances.violated_mass(one) == 0


def test_the_estimators_agree_with_two_poissons():
    """The closed-form check of disco: q Poisson(11), p Poisson(10), both truncated at 40, beyond which no mass is left."""
    x = np.arange(41)
    q, p = stats.poisson(11).pmf(x), stats.poisson(10).pmf(x)
    log_m = 0.3
    below = np.minimum(p, math.exp(log_m) * q)
    p_m = below / below.sum()
    sample = stats.poisson(11).rvs(200_000, random_state=0)
    d = diagnose(stats.poisson(10).logpmf(sample) - stats.poisson(11).logpmf(sample), log_m)
    assert d.log_z == pytest.approx(0, abs=0.01)
    assert d.trusted
    for interval, exact in [
        (d.acceptance_rate, below.sum() / math.exp(log_m)),
        (d.tvd, 0.5 * np.abs(p - p_m).sum()),
        (d.kl_target, (p * np.log(p / p_m)).sum()),
        (d.kl_proposal, (p_m * np.log(p_m / q)).sum()),
        (d.violated_mass, p[p > math.exp(log_m) * q].sum()),
    ]:
        assert interval.low <= exact <= interval.high
        assert interval.value == pytest.approx(exact, abs=0.01)


# one call -----------------------------------------------------------------------------------------------------------


def test_one_call_gives_the_same_numbers_with_intervals():
    rng = np.random.default_rng(0)
    w, group = np.minimum(rng.normal(-900, 1, 800), -898.5), np.arange(800) // 16  # an end that many prompts reach
    w[::9] = -math.inf
    diagnosis, d = diagnose(w, -899.0, group=group), distances.draws(w, -899.0)
    assert (diagnosis.draws, diagnosis.prompts, diagnosis.finite) == (800, 50, 711)
    assert diagnosis.acceptance_rate.value == pytest.approx(distances.acceptance_rate(d))
    for name in ("tvd", "kl_target", "kl_proposal", "violated_mass"):
        interval = getattr(diagnosis, name)
        assert interval.value == pytest.approx(getattr(distances, name)(d), rel=1e-9)
        assert 0 <= interval.low < interval.value < interval.high
    assert diagnosis.violation_rate.value == distances.violations(d) / 800
    assert diagnosis.ess == distances.ess(d) and diagnosis.ess_truncated == distances.ess_truncated(d)
    assert diagnose(w, -899.0, group=group) == diagnosis  # the same after a reload
    assert diagnose(w + 900, 1.0, group=group).tvd.high == pytest.approx(diagnosis.tvd.high, rel=1e-6)


def test_one_m_after_another_is_diagnosed_as_each_alone():
    rng = np.random.default_rng(1)
    w, group, scale = rng.normal(0, 1, 3000), rng.integers(0, 700, 3000), rng.normal(0, 0.2, 3000)
    w[::11] = -math.inf
    several = Diagnoser(w, scale=scale, group=group)
    for log_m in (0.3, -2.0, float((w - scale).max()), 1.5, 0.3):
        assert several.at(log_m) == diagnose(w, log_m, scale=scale, group=group)


@pytest.mark.parametrize(
    ("sigma", "end", "tvd", "kl"), [(0.5, 9, True, False), (2, 9, False, False), (2, 1, True, True)]
)
def test_what_the_draws_do_not_determine_has_no_interval(sigma, end, tvd, kl):
    """Unless five prompts reached the largest ratio, larger ratios may be missing; if ratios are even, those weigh little."""
    w = np.minimum(sigma * np.random.default_rng(0).normal(size=800), end)
    d = diagnose(w, 0.25 * sigma, group=np.arange(800) // 16)
    assert (d.tvd.known, d.violated_mass.known, d.trusted) == (tvd, tvd, tvd)
    assert (d.kl_target.known, d.end_is_seen) == (kl, kl)
    assert d.kl_proposal.known and d.acceptance_rate.known and d.violation_rate.known


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_where_no_end_was_seen_the_upper_limit_of_what_moved_is_far_and_within_what_the_rate_allows(sigma):
    w = sigma * np.random.default_rng(1).normal(size=160)
    open_ended, capped = (diagnose(x, sigma, group=np.arange(160) // 4) for x in (w, np.minimum(w, 1.3 * sigma)))
    assert capped.end_is_seen and not open_ended.end_is_seen
    moved, rate = open_ended.kl_proposal, open_ended.acceptance_rate
    assert moved.value <= -math.log(rate.value) + 1e-9 and moved.high <= -math.log(rate.low) + 1e-9
    assert moved.high - moved.value > 1.5 * (moved.value - moved.low)


def test_one_far_prompt_is_not_an_end():
    w = np.where(np.arange(800) // 16 < 4, 3.0, 0.0)
    assert not diagnose(w, 1.0, group=np.arange(800) // 16).end_is_seen
    assert diagnose(np.where(np.arange(800) // 16 < 5, 3.0, 0.0), 1.0, group=np.arange(800) // 16).end_is_seen


def test_fewer_prompts_must_be_more_even_to_be_trusted():
    w = 0.57 * np.random.default_rng(0).normal(size=1600)
    few, many = diagnose(w[:320], 0.3, group=np.arange(320) // 16), diagnose(w, 0.3, group=np.arange(1600) // 16)
    assert few.even < many.even < 0.7 and few.even == pytest.approx(0.7 / (1 + 20**-0.5))


def test_equal_ratios_have_a_seen_end_whatever_the_rounding():
    w = np.log(np.full(60, 0.1) * 3) - np.log(0.3) + np.linspace(0, 1e-13, 60)
    assert diagnose(w, -1.0, group=np.arange(60) // 6).end_is_seen


def test_a_bound_nobody_violates_leaves_the_distance_unknown():
    w = np.random.default_rng(0).normal(size=300)
    d = diagnose(w, float(w.max()), group=np.arange(300) // 6)
    assert d.bound_holds_here
    for interval in (d.tvd, d.kl_target, d.violated_mass):
        assert interval.value == 0 and not interval.known
    assert d.acceptance_rate.known and 0 < d.violation_rate.high <= 3 / 50  # the sample is the prompts, not draws


def test_constraints_alone_with_m_1_accept_all_that_pass():
    passed = np.random.default_rng(0).random(400) < 0.3
    d = diagnose(np.where(passed, 0.0, -math.inf), 0.0, group=np.arange(400) // 8)
    assert d.acceptance_rate.value == pytest.approx(passed.mean())
    assert d.bound_holds_here and d.trusted and d.ess == pytest.approx(passed.sum())


@pytest.mark.parametrize("n", [1, 2, 3, 10, 30])
def test_few_draws_give_wide_or_unknown_intervals_but_never_nan(n):
    w = np.random.default_rng(n).normal(size=n)
    for group in (None, np.zeros(n, int), np.arange(n) // 2):
        d = diagnose(w, 0.0, group=group)
        for interval in (d.acceptance_rate, d.tvd, d.kl_target, d.kl_proposal, d.violated_mass, d.violation_rate):
            assert not np.isnan([interval.value, interval.low, interval.high]).any()
        if d.prompts == 1:
            assert not d.acceptance_rate.known and not d.tvd.known


@pytest.mark.parametrize(
    ("w", "says"),
    [
        ([], "no candidates"),
        ([-math.inf] * 4, "all 4 candidates fail a constraint"),
        ([0.0, math.nan], r"log_ratio\[1\] is nan"),
        ([0.0, 1.0, math.inf], r"log_ratio\[2\] is inf"),
    ],
)
def test_draws_without_a_target_are_an_error_that_explains(w, says):
    for call in (lambda: distances.draws(w, 0.0), lambda: diagnose(w, 0.0), lambda: RatioCurve(w)):
        with pytest.raises(TargetError, match=says):
            call()
