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
    found = outcomes.by_value(landscape, values, 0.0)
    assert found.accepted.sum() + found.rejected.sum() + found.truncated.sum() == 360
    assert found.accepted.sum() == landscape.effective(0.0)[np.isfinite(values)].sum()
    assert len(found.edges) == outcomes.BINS + 1


def test_a_score_of_few_values_gets_a_bar_for_each(landscape: Landscape) -> None:
    values = np.random.default_rng(1).choice([0.0, 0.5, 1.0], 400)
    found = outcomes.by_value(landscape, values, 0.0)
    np.testing.assert_allclose(found.edges, [-0.25, 0.25, 0.75, 1.25])
    total = found.accepted + found.rejected + found.truncated
    np.testing.assert_array_equal(total, [(values == v).sum() for v in (0.0, 0.5, 1.0)])


@pytest.mark.parametrize("values", [np.full(400, np.nan), np.full(400, 3.0)])
def test_no_value_and_one_value_are_drawn_without_nan_edges(landscape: Landscape, values: np.ndarray) -> None:
    assert np.isfinite(outcomes.by_value(landscape, values, 0.0).edges).all()


def test_the_length_density_holds_every_possible_candidate(landscape: Landscape) -> None:
    tokens = ratios()["token_count"].to_numpy()
    found = outcomes.by_length(landscape, tokens, 0.0)
    possible = np.isfinite(landscape.log_ratio)
    assert found.count.sum() == possible.sum()
    assert np.nansum(found.rate * found.count) == pytest.approx((landscape.effective(0.0) & possible).sum())


def test_the_shares_of_the_prompts_add_up(landscape: Landscape) -> None:
    found = outcomes.by_prompt(landscape, 0.0)
    assert found.share.sum() == pytest.approx(1.0)
    assert (
        found.accepted.sum() == landscape.at(0.0).accepted
        and (found.rate == 0).sum() == landscape.at(0.0).prompts_with_none
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


def test_prompts_that_starve_are_told_from_their_own_draws_and_those_of_all(landscape: Landscape) -> None:
    found = outcomes.starving(landscape, 0.0, 4)
    accepted = outcomes.by_prompt(landscape, 0.0)
    order = np.argsort(accepted.accepted / accepted.candidates, kind="stable")
    assert len(found.by_prompt) == landscape.prompt_count == found.none.groups
    assert found.by_prompt[order[0]] >= found.by_prompt[order[-1]] and 0 < found.none.value < 1
