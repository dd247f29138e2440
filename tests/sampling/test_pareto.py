"""k̂ estimates the tail that the data have."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsf_core.sampling.pareto import fit_generalised_pareto, pareto_k, pareto_k_limit


@pytest.mark.parametrize("k", [0.2, 0.5, 0.9, 1.5])
def test_k_of_pareto_weights_is_their_tail_index(k):
    rng = np.random.default_rng(0)
    tail_indices = [pareto_k(k * rng.exponential(size=100_000) + shift) for shift in (0.0, -900.0, 900.0)]
    assert tail_indices == pytest.approx([k] * 3, abs=3 * (1 + k) / math.sqrt(3 * math.sqrt(100_000)))


def test_k_does_not_depend_on_the_scale_of_the_weights():
    w = np.random.default_rng(0).normal(size=5000)
    assert pareto_k(w - 900) == pytest.approx(pareto_k(w), abs=1e-6)


def test_the_fit_is_the_one_of_zhang_and_stephens_with_the_prior_of_psis():
    """The paper's estimator, written out with loops, on 30 exceedances."""
    x = np.sort(np.random.default_rng(0).pareto(2.0, 30))
    m = 30 + int(math.sqrt(30))
    b = [1 / x[-1] + (1 - math.sqrt(m / (j - 0.5))) / (3 * x[int(30 / 4 + 0.5) - 1]) for j in range(1, m + 1)]

    def profile(one):
        k = sum(math.log1p(-one * v) for v in x) / 30
        return 30 * (math.log(-one / k) - k - 1)

    weights = [1 / sum(math.exp(profile(other) - profile(one)) for other in b) for one in b]
    mean = sum(w * one for w, one in zip(weights, b, strict=True)) / sum(weights)
    k = sum(math.log1p(-mean * v) for v in x) / 30
    assert fit_generalised_pareto(x) == pytest.approx((30 * k + 10 * 0.5) / 40)


def test_bounded_weights_have_a_small_k_and_equal_ones_0():
    small = pareto_k(np.random.default_rng(0).uniform(0, 1, 10_000))
    assert small is not None and small < 0.2
    assert pareto_k(np.where(np.arange(1000) % 3 == 0, 0.0, -math.inf)) == 0.0
    assert pareto_k(np.zeros(100)) == 0.0


@pytest.mark.parametrize("w", [[], [1.0], np.arange(20.0), [-math.inf] * 50 + [1.0] * 3])
def test_too_few_draws_leave_k_unknown(w):
    assert pareto_k(np.asarray(w, dtype=float)) is None


def test_weights_hundreds_of_nats_apart_have_a_heavy_tail_and_no_nan():
    heavy = pareto_k(np.linspace(-5000, 0, 1000))
    assert heavy is not None and heavy > 0.7


def test_the_limit_grows_with_the_draws_to_seven_tenths():
    assert pareto_k_limit(100) == 0.5 and pareto_k_limit(10**6) == 0.7
    assert pareto_k_limit(1) == pareto_k_limit(10) == 0.0
