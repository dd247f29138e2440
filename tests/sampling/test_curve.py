"""The diagnostics by rank equal the diagnostics themselves, at every M."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsf_core.domain.errors import TargetError
from rsf_core.sampling import distances
from rsf_core.sampling.acceptance import prompt_scale
from rsf_core.sampling.arrays import even_weights
from rsf_core.sampling.curve import RatioCurve
from tests.support.diagnosed import diagnose


def test_a_curve_over_20000_candidates_equals_the_formulas_at_every_point():
    rng = np.random.default_rng(0)
    w, group = rng.normal(-900, 3, 20_000), np.arange(20_000) // 8
    w[::7] = -math.inf
    scale = prompt_scale(w, group)
    curve = RatioCurve(w, scale)
    grid = np.concatenate([np.linspace(curve.lowest - 3, curve.highest + 3, 40), [curve.lowest, curve.highest]])
    table = curve.curve(grid)
    for i, log_m in enumerate(grid):
        d = distances.draws(w, log_m, scale)
        for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
            assert getattr(table, name)[i] == pytest.approx(getattr(distances, name)(d), abs=1e-9), (name, log_m)
        assert table.violation_rate[i] == distances.violations(d) / w.size


@pytest.mark.parametrize("log_m", [-2000.0, -1700.0, -899.0, 500.0])
def test_ratios_900_nats_apart_underflow_nothing(log_m):
    w = np.concatenate([np.full(50, -1800.0), np.linspace(-900, 0, 100)])
    curve, d = RatioCurve(w), distances.draws(w, log_m)
    for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
        assert float(getattr(curve, name)(log_m)) == pytest.approx(getattr(distances, name)(d), rel=1e-9, abs=1e-9)


@given(arrays(np.float64, 30, elements=st.floats(-5, 5)), st.floats(0.0001, 0.5))
def test_the_smallest_m_within_a_distance_is_the_smallest(w, epsilon):
    log_m = RatioCurve(w).log_m_for_tvd(epsilon)
    assert distances.tvd(distances.draws(w, log_m)) <= epsilon + 1e-9
    if log_m > w.min():
        assert distances.tvd(distances.draws(w, log_m - 1e-4)) > epsilon - 1e-9
        assert distances.tvd(distances.draws(w, log_m)) == pytest.approx(epsilon, abs=1e-9)


def test_a_grid_that_is_not_finite_is_refused_by_name():
    with pytest.raises(TargetError, match=r"log M\[1\] is nan"):
        RatioCurve([0.0]).tvd([0.0, math.nan])


def test_prompts_with_unequal_numbers_of_draws_count_the_same():
    """As if each draw were repeated until every prompt has equally many: those of the prompt with 2 twice as often as those of
    the prompt with 4."""
    rng = np.random.default_rng(3)
    w, group = rng.normal(0, 2, 12), np.repeat([0, 1, 2], [4, 2, 6])
    w[[1, 5, 9]] = -math.inf
    repeated = np.repeat(w, np.array([3, 6, 2])[group])  # 12 of each prompt
    weight = even_weights(3, group)
    assert weight.sum() == pytest.approx(12)
    curve, even = RatioCurve(w, weight=weight), RatioCurve(repeated)
    for log_m in (-1.0, 0.0, 0.7, 3.0):
        d, one = distances.draws(w, log_m, weight=weight), distances.draws(repeated, log_m)
        for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
            expected = getattr(distances, name)(one)
            assert float(getattr(curve, name)(log_m)) == pytest.approx(expected, abs=1e-12)
            assert getattr(distances, name)(d) == pytest.approx(expected, abs=1e-12)
        assert float(curve.violation_rate(log_m)) == pytest.approx(float(even.violation_rate(log_m)))
        diagnosis = diagnose(w, log_m, group=group)
        rates = [np.minimum(1, np.exp(w[group == g] - log_m)).mean() for g in range(3)]
        assert diagnosis.acceptance_rate.value == pytest.approx(np.mean(rates))
        assert diagnosis.tvd.value == pytest.approx(distances.tvd(one), abs=1e-12)
        assert diagnosis.kl_proposal.value == pytest.approx(distances.kl_proposal(one), abs=1e-12)


@pytest.mark.parametrize("sizes", [(4, 2, 6), (1, 9), (9, 1, 1, 1)])
def test_a_draw_that_weighs_less_than_1_may_be_all_of_the_accepted_law(sizes):
    """One draw of each prompt in turn is finite alone, or far above all others. With M at, above and below it, every number of
    the curve equals the formula's."""
    group = np.repeat(np.arange(len(sizes)), sizes)
    weight = even_weights(len(sizes), group)
    for i in range(group.size):
        for others in (-math.inf, -40.0, -2.0):
            w = np.full(group.size, others)
            w[i] = 1.0
            curve = RatioCurve(w, weight=weight)
            for log_m in (-30.0, 0.0, 0.5, 1.0, 2.0):
                d = distances.draws(w, log_m, weight=weight)
                for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
                    value = float(getattr(curve, name)(log_m))
                    assert value == pytest.approx(getattr(distances, name)(d), abs=1e-12), (name, i, others, log_m)
