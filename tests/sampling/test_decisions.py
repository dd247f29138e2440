"""The fit of decisions against its definition: means over leniency by quadrature, pairs by a loop, and decisions in exactly
the proportions of a curve."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.sampling import decisions
from rsf_core.sampling.decisions import Link, fit_decisions, mean_over_leniency

POINTS = np.linspace(-9.0, 9.0, 20_001)
WEIGHTS = np.exp(-0.5 * POINTS**2) / np.exp(-0.5 * POINTS**2).sum()
BETA, TAU = 0.5, 0.6


def alike(eta: np.ndarray, link: Link) -> np.ndarray:
    """P(accept) if all prompts are judged alike."""
    p = 0.99 * np.exp(np.minimum(eta, 0.0)) if link == "rejection" else 1.0 / (1.0 + np.exp(-eta))
    return np.asarray(p)


@pytest.mark.parametrize(("link", "near"), [("rejection", 1e-6), ("logistic", 0.012)])
@pytest.mark.parametrize("tau", [0.0, 1e-3, 0.3, 1.0, 2.0])
def test_the_mean_over_leniency_is_that_by_quadrature(link: Link, near: float, tau: float) -> None:
    eta = np.linspace(-4, 4, 33)
    p, slope = mean_over_leniency(eta, link, np.full(eta.shape, tau**2))
    by_quadrature = alike(eta[:, None] + tau * POINTS, link) @ WEIGHTS
    assert p == pytest.approx(by_quadrature, abs=near)
    up, down = (mean_over_leniency(eta + step, link, np.full(eta.shape, tau**2))[0] for step in (1e-5, -1e-5))
    smooth = np.abs(eta) > 1e-2  # the rule has a corner at 0, which a small leniency hardly rounds
    assert slope[smooth] == pytest.approx(((up - down) / 2e-5)[smooth], abs=1e-6)


def test_pairs_of_a_prompt_are_counted_once_each_way_and_as_often_as_the_prompt() -> None:
    rng = np.random.default_rng(0)
    prompts, times = np.array([2, 0, 2, 1, 0, 2]), np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]])
    values = rng.normal(size=(2, 6))
    by_loop = [
        sum(
            times[r, p] * v[i] * v[j] for i, p in enumerate(prompts) for j, o in enumerate(prompts) if i != j and p == o
        )
        for r, v in enumerate(values)
    ]
    assert decisions._pairs(values, prompts, times) == pytest.approx(by_loop)


def proportioned(link: Link, tau: float, copies: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A column of ones and one of scores, the decisions, and the prompts. Each of 60 prompts has one of 60 equally likely
    leniencies, and accepts each score in the proportion of the curve."""
    rng = np.random.default_rng(1)
    score = np.repeat(np.linspace(-1.0, 1.0, 9), copies)
    draws = rng.standard_normal(200_000)
    leniencies = tau * np.quantile(draws, (np.arange(60) + 0.5) / 60)
    rank = np.tile((np.arange(copies) + 0.5) / copies, 9)
    eta = leniencies[:, None] + score / BETA - (0.5 / BETA if link == "rejection" else 0.0)
    accepted = (rank < alike(eta, link)).ravel()
    x = np.column_stack([np.ones(accepted.size), np.tile(score, 60)])
    return x, accepted, np.repeat(np.arange(60), score.size)


@pytest.mark.parametrize("link", ["rejection", "logistic"])
@pytest.mark.parametrize("tau", [0.0, TAU])
def test_beta_is_found_where_prompts_are_judged_with_a_leniency_of_their_own(link: Link, tau: float) -> None:
    x, accepted, prompts = proportioned(link, tau)
    fitted = fit_decisions(x, accepted, prompts, np.random.default_rng(0), 0)
    assert fitted.link == link
    assert fitted.slopes[1] == pytest.approx(1 / BETA, rel=0.04)


def test_leniency_that_is_left_out_makes_beta_of_the_rule_look_larger() -> None:
    """Each decision counts as a prompt of its own, so nothing shows what decisions of a prompt have in common."""
    x, accepted, _ = proportioned("rejection", TAU)
    alone = fit_decisions(x, accepted, np.arange(accepted.size), np.random.default_rng(0), 0)
    assert alone.link == "logistic" or alone.slopes[1] < 0.9 / BETA
