"""The diagnostics by rank are the diagnostics, at every M."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsf_core.errors import TargetError
from rsf_core.sampling import diagnostics
from rsf_core.sampling.acceptance import prompt_scale
from rsf_core.sampling.curve import RatioCurve


def test_a_curve_over_20000_candidates_equals_the_formulas_at_every_point():
    rng = np.random.default_rng(0)
    w, group = rng.normal(-900, 3, 20_000), np.arange(20_000) // 8
    w[::7] = -math.inf
    scale = prompt_scale(w, group)
    curve = RatioCurve(w, scale)
    grid = np.concatenate([np.linspace(curve.lowest - 3, curve.highest + 3, 40), [curve.lowest, curve.highest]])
    table = curve.curve(grid)
    for i, log_m in enumerate(grid):
        d = diagnostics.draws(w, log_m, scale)
        for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
            assert getattr(table, name)[i] == pytest.approx(getattr(diagnostics, name)(d), abs=1e-9), (name, log_m)
        assert table.violation_rate[i] == diagnostics.violations(d) / w.size


@pytest.mark.parametrize("log_m", [-2000.0, -1700.0, -899.0, 500.0])
def test_ratios_900_nats_apart_underflow_nothing(log_m):
    w = np.concatenate([np.full(50, -1800.0), np.linspace(-900, 0, 100)])
    curve, d = RatioCurve(w), diagnostics.draws(w, log_m)
    for name in ("acceptance_rate", "tvd", "kl_target", "kl_proposal", "violated_mass"):
        assert float(getattr(curve, name)(log_m)) == pytest.approx(getattr(diagnostics, name)(d), rel=1e-9, abs=1e-9)


@given(arrays(np.float64, 30, elements=st.floats(-5, 5)), st.floats(0.0001, 0.5))
def test_the_smallest_m_within_a_distance_is_the_smallest(w, epsilon):
    log_m = RatioCurve(w).log_m_for_tvd(epsilon)
    assert diagnostics.tvd(diagnostics.draws(w, log_m)) <= epsilon + 1e-9
    if log_m > w.min():
        assert diagnostics.tvd(diagnostics.draws(w, log_m - 1e-4)) > epsilon - 1e-9
        assert diagnostics.tvd(diagnostics.draws(w, log_m)) == pytest.approx(epsilon, abs=1e-9)


def test_a_grid_that_is_not_finite_is_refused_by_name():
    with pytest.raises(TargetError, match=r"log M\[1\] is nan"):
        RatioCurve([0.0]).tvd([0.0, math.nan])
