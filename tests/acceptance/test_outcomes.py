"""Outcomes by score, length and prompt count every candidate once."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.acceptance import outcomes
from rsf_core.acceptance.landscape import Landscape
from rsf_core.domain import Scope
from tests.support.ratios import ratios


@pytest.fixture
def landscape() -> Landscape:
    return Landscape(ratios(), Scope.PROMPT)


def test_every_scored_candidate_is_in_one_bin_with_one_outcome(landscape: Landscape) -> None:
    values = np.random.default_rng(1).normal(size=400)
    values[::10] = np.nan
    by_score = outcomes.by_value(landscape, values, 0.0)
    assert by_score.accepted.sum() + by_score.rejected.sum() + by_score.truncated.sum() == 360
    assert by_score.accepted.sum() == landscape.effective(0.0)[np.isfinite(values)].sum()
    assert len(by_score.edges) == outcomes.BINS + 1


def test_a_score_of_few_values_gets_a_bar_for_each(landscape: Landscape) -> None:
    values = np.random.default_rng(1).choice([0.0, 0.5, 1.0], 400)
    by_score = outcomes.by_value(landscape, values, 0.0)
    np.testing.assert_allclose(by_score.edges, [-0.25, 0.25, 0.75, 1.25])
    total = by_score.accepted + by_score.rejected + by_score.truncated
    np.testing.assert_array_equal(total, [(values == v).sum() for v in (0.0, 0.5, 1.0)])


@pytest.mark.parametrize("values", [np.full(400, np.nan), np.full(400, 3.0)])
def test_no_value_and_one_value_are_drawn_without_nan_edges(landscape: Landscape, values: np.ndarray) -> None:
    assert np.isfinite(outcomes.by_value(landscape, values, 0.0).edges).all()


def test_the_length_density_holds_every_possible_candidate(landscape: Landscape) -> None:
    tokens = ratios()["token_count"].to_numpy()
    by_length = outcomes.by_length(landscape, tokens, 0.0)
    possible = np.isfinite(landscape.log_ratio)
    assert by_length.count.sum() == possible.sum()
    assert np.nansum(by_length.rate * by_length.count) == pytest.approx((landscape.effective(0.0) & possible).sum())


def test_the_shares_of_the_prompts_add_up(landscape: Landscape) -> None:
    by_prompt = outcomes.by_prompt(landscape, 0.0)
    assert by_prompt.share.sum() == pytest.approx(1.0)
    assert (
        by_prompt.accepted.sum() == landscape.at(0.0).accepted
        and (by_prompt.rate == 0).sum() == landscape.at(0.0).prompts_with_none
    )


def test_prompts_between_two_rates_are_those_at_either_end_too_the_least_accepted_first() -> None:
    prompts = outcomes.PromptOutcomes(np.arange(5), np.full(5, 10), np.array([7, 3, 0, 3, 10]))
    assert prompts.between(0.3, 0.7).tolist() == [1, 3, 0]
    assert prompts.between(0.0, 1.0).tolist() == [2, 1, 3, 0, 4]
    assert prompts.between(0.31, 0.69).tolist() == []


def test_half_of_the_data_comes_from_half_of_the_prompts_only_where_it_is_even() -> None:
    ids = np.arange(10)
    even = outcomes.PromptOutcomes(ids, np.full(10, 8), np.full(10, 4))
    one = outcomes.PromptOutcomes(ids, np.full(10, 8), np.array([8, *[0] * 9]))
    none = outcomes.PromptOutcomes(ids, np.full(10, 8), np.zeros(10, np.int64))
    assert [outcomes.half_of_the_data(p) for p in (even, one, none)] == [5, 1, 0]


def test_starving_prompts_are_estimated_from_their_own_draws_and_those_of_all(landscape: Landscape) -> None:
    starving = outcomes.starving(landscape, 0.0, 4)
    accepted = outcomes.by_prompt(landscape, 0.0)
    order = np.argsort(accepted.accepted / accepted.candidates, kind="stable")
    assert len(starving.by_prompt) == landscape.prompt_count == starving.none.groups
    assert starving.by_prompt[order[0]] >= starving.by_prompt[order[-1]] and 0 < starving.none.value < 1
