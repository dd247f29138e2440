"""Nominal 95 % intervals cover at least 93 % in simulations of 50 heterogeneous prompts × 16 draws; pooling does not.

Each prompt has a success probability θ of its own; a draw scores r = Binomial(4, θ)/4 and ℓ = r/β. The truth is that of
the population of prompts, by enumeration. (Where ℓ is unbounded and heavy-tailed, TVD and KL(p‖p_M) are covered less,
for instance 88 % and 83 % with lognormal weights of σ = √2: what no draw shows no interval knows, and k̂ warns of it.)
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rsf_core.sampling.acceptance import acceptance_prob
from rsf_core.sampling.diagnosis import diagnose
from rsf_core.sampling.intervals import clopper_pearson, cluster_mean, paired_difference
from tests.simulations import distances

PROMPTS, DRAWS = 50, 16
THETA = np.linspace(0.05, 0.95, 10)
GROUP = np.repeat(np.arange(PROMPTS), DRAWS)
LEVELS, BETA, LOG_M = np.arange(5) / 4, 0.5, 0.7


def simulate(rng: np.random.Generator) -> np.ndarray:
    """The log ratios of one data set."""
    theta = rng.choice(THETA, size=PROMPTS)
    return rng.binomial(4, theta[GROUP]) / 4 / BETA


def truth(log_m: float = LOG_M) -> dict[str, float]:
    q = np.mean([stats.binom(4, theta).pmf(np.arange(5)) for theta in THETA], axis=0)
    p, below = q * np.exp(LEVELS / BETA), q * np.minimum(np.exp(LEVELS / BETA), math.exp(log_m))
    acceptance_rate = below.sum() / math.exp(log_m)
    p, p_m = p / p.sum(), below / below.sum()
    return {
        "acceptance_rate": acceptance_rate,
        "tvd": 0.5 * np.abs(p - p_m).sum(),
        "kl_target": (p * np.log(p / p_m)).sum(),
        "kl_proposal": (p_m * np.log(p_m / q)).sum(),
        "violated_mass": p[log_m < LEVELS / BETA].sum(),
    }


def test_intervals_by_prompt_cover_the_acceptance_rate_and_pooled_ones_do_not():
    rng, exact, sims = np.random.default_rng(0), truth()["acceptance_rate"], 4000
    by_prompt = pooled = 0
    for _ in range(sims):
        prob = acceptance_prob(simulate(rng), LOG_M)
        interval = cluster_mean(prob, GROUP)
        by_prompt += interval.low <= exact <= interval.high
        naive = clopper_pearson(int((rng.random(prob.size) < prob).sum()), prob.size)
        pooled += naive.low <= exact <= naive.high
    assert by_prompt / sims >= 0.93
    assert pooled / sims < 0.80


@pytest.mark.parametrize(("log_m", "tvd_at_least"), [(0.7, 0.93), (1.2, 0.90), (1.6, 0.93)])
def test_every_interval_of_a_diagnosis_covers(log_m, tvd_at_least):
    """At log M = 1.2 the place where p = p_M falls almost on a reward's value, where TVD has a kink: the worst case."""
    rng, exact, sims = np.random.default_rng(1), truth(log_m), 200
    covered = dict.fromkeys(exact, 0)
    for _ in range(sims):
        d = diagnose(simulate(rng), log_m, group=GROUP, rng=rng)
        for name, value in exact.items():
            interval = getattr(d, name)
            covered[name] += interval.low <= value <= interval.high
    least = dict.fromkeys(exact, 0.93) | {"tvd": tvd_at_least}
    assert {name: hits / sims for name, hits in covered.items() if hits / sims < least[name]} == {}


@pytest.mark.parametrize("gain", [0.0, 0.3])
def test_a_paired_difference_covers_the_gain(gain):
    rng, sims = np.random.default_rng(2), 3000
    covered = 0
    for _ in range(sims):
        difficulty = rng.normal(0, 3, PROMPTS)[GROUP]
        before = difficulty + rng.normal(size=GROUP.size)
        after = difficulty + gain + rng.normal(0, 0.5, PROMPTS)[GROUP] + rng.normal(size=GROUP.size)
        interval = paired_difference(before, GROUP, after, GROUP)
        covered += interval.low <= gain <= interval.high
    assert covered / sims >= 0.93


@pytest.mark.parametrize(
    ("ratios", "tvd_is_shown", "kl_is_shown"),
    [("normal 0.5", True, False), ("capped 2", True, True), ("normal 2", False, False)],
)
def test_of_ratios_like_those_of_later_rounds_what_is_shown_is_covered(ratios, tvd_is_shown, kl_is_shown):
    cell = {"ratios": ratios, "within": 0.5, "prompts": 50, "draws": 8, "violating": 0.1}
    found = distances.coverage(cell, 80, np.random.default_rng(0))
    assert (found["tvd shown"] > 0.6, found["kl_target shown"] > 0.6) == (tvd_is_shown, kl_is_shown)
    assert found["kl_proposal"] >= 0.88 and found["acceptance_rate"] >= 0.88 and found["violation_rate"] >= 0.88
    for name, shown in (("tvd", tvd_is_shown), ("violated_mass", tvd_is_shown), ("kl_target", kl_is_shown)):
        assert not shown or found[name] >= 0.88, name  # 93 % less two standard errors of 80 data sets


def test_how_far_the_accepted_are_from_the_proposal_is_covered_where_no_end_was_seen() -> None:
    """KL(p_M‖q) is always shown; with twenty prompts and most of the tail not drawn the hull alone covered 82 to 88 %."""
    cell = {"ratios": "normal 2", "within": 0.0, "prompts": 20, "draws": 4, "violating": 0.02}
    found = distances.coverage(cell, 80, np.random.default_rng(2))
    assert found["kl_proposal"] >= 0.88  # 93 % less two standard errors of 80 data sets
