"""Priority sampling: it accepts as many as requested, and their weights add up to unbiased totals of all candidates."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsf_core.domain.errors import TargetError
from rsf_core.sampling.acceptance import accepted, critical_log_m, importance_weight, log_m_for_priority, log_m_for_rate

ELL = np.log([0.1, 0.5, 1.0, 2.0, 8.0])


def weights(ell: np.ndarray, u: np.ndarray, rate: float, choose: str = "priority") -> np.ndarray:
    """max(w, τ) of the accepted candidates, 0 of the others."""
    m = critical_log_m(ell, u)
    log_m = log_m_for_priority(m, ell, rate) if choose == "priority" else log_m_for_rate(m, rate)
    return accepted(m, log_m) * importance_weight(ell, log_m) * math.exp(log_m)


def estimates(rate: float, choose: str, sets: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """The mean weight of each candidate over `sets` draws of u, and its standard error."""
    rng = np.random.default_rng(5)
    weights_drawn = np.array([weights(ELL, 1.0 - rng.random(ELL.size), rate, choose) for _ in range(sets)])
    return weights_drawn.mean(axis=0), weights_drawn.std(axis=0) / math.sqrt(sets)


@pytest.mark.parametrize("rate", [0.2, 0.4, 0.8])
def test_every_candidate_weighs_what_it_is_on_average(rate: float) -> None:
    """The same holds for sums of weights: totals over any subset are unbiased."""
    mean, error = estimates(rate, "priority")
    assert (np.abs(mean - np.exp(ELL)) < 4.5 * error).all()


def test_an_m_between_two_candidates_does_not() -> None:
    mean, error = estimates(0.4, "rate")
    assert (mean - np.exp(ELL) > 4.5 * error).any()


def test_two_candidates_by_enumeration() -> None:
    """k = 1, both u on a fine grid: the mean over all pairs of u is w, up to the grid's error."""
    grid = (np.arange(600) + 0.5) / 600
    ell = np.log([0.5, 2.0])
    u, v = (each.ravel() for each in np.meshgrid(grid, grid))
    first, second = 0.5 / u, 2.0 / v
    expected = np.where(first > second, np.maximum(0.5, second), 0.0).mean()
    assert expected == pytest.approx(0.5, abs=0.01)  # the claim itself
    for i in range(0, u.size, 7919):
        chosen = weights(ell, np.array([u[i], v[i]]), 0.5)
        right = [max(0.5, second[i]), 0.0] if first[i] > second[i] else [0.0, max(2.0, first[i])]
        np.testing.assert_allclose(chosen, right)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=30), st.integers(1, 30), st.integers(0, 5))
def test_as_many_as_requested_are_accepted(ell: list[float], k: int, failing: int) -> None:
    ratios = np.array([*ell, *[-math.inf] * failing])
    u = 1.0 - np.random.default_rng(len(ell)).random(ratios.size)
    m = critical_log_m(ratios, u)
    k = min(k, ratios.size)
    log_m = log_m_for_priority(m, ratios, k / ratios.size)
    assert accepted(m, log_m).sum() == min(k, len(ell))
    if k >= len(ell):  # all are accepted, each with its own weight
        np.testing.assert_allclose(
            importance_weight(ratios[: len(ell)], log_m) * math.exp(log_m), np.exp(ell), rtol=1e-9
        )
    else:
        assert log_m == np.sort(m)[-k - 1]


def test_it_goes_by_what_is_relative_to_the_prompt() -> None:
    ell, scale, u = np.array([100.0, 101.0, 0.0, 1.0]), np.array([100.0, 100.0, 0.0, 0.0]), np.full(4, 0.5)
    m = critical_log_m(ell, u)
    log_m = log_m_for_priority(m, ell, 0.5, scale)
    assert log_m == pytest.approx(-math.log(0.5)) and accepted(m, log_m, scale).tolist() == [False, True, False, True]


def test_nothing_to_choose_from_is_an_error_that_explains() -> None:
    nothing = np.full(3, -math.inf)
    with pytest.raises(TargetError, match="all 3 candidates fail a constraint"):
        log_m_for_priority(nothing, nothing, 0.5)
    with pytest.raises(TargetError, match="must lie in"):
        log_m_for_priority(ELL, ELL, 0.0)
    with pytest.raises(TargetError, match="give one of each"):
        log_m_for_priority(ELL, ELL[1:], 0.5)
