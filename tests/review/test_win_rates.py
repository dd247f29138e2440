"""Comparisons by a few reviewers, with each figure checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from rsf_core.domain import Scope, Verdict, place
from rsf_core.review.index import ReviewIndex
from rsf_core.review.opinions import Opinions
from rsf_core.review.pair_words import PairWord
from rsf_core.review.round_table import RoundTable
from rsf_core.review.win_rates import CandidateWins, preferred, win_rates
from tests.simulations import winning

NONE = np.zeros(0, np.int64)
L, R, T = Verdict.LEFT, Verdict.RIGHT, Verdict.TIE


def record(left: str, right: str, verdict: Verdict, who: str = "ann", weight: float = 1.0) -> PairWord:
    return PairWord(left, right, verdict, who, weight)


def index() -> ReviewIndex:
    """Three candidates of each of two prompts; the rule accepts the first, rejects the second and has not decided the last."""
    places = place(np.array([1, 1, 1, 2, 2, 2]), np.array([0, 1, 2, 0, 1, 2]))
    ratio = np.array([1.0, -1.0, np.nan, 1.0, -1.0, np.nan])
    table = RoundTable(places, np.full(6, 9), np.zeros(6, bool), np.full(6, 0.5), ratio, ratio, np.zeros(6))
    return ReviewIndex(table, 0.0, Scope.GLOBAL, Opinions.none(), NONE, {})


def test_most_of_those_who_compared_a_pair_say_which_is_better() -> None:
    records = [
        record("1.1.0", "1.1.1", L),
        record("1.1.1", "1.1.0", R, "ben"),  # the same preference with sides swapped
        record("1.1.0", "1.1.1", R, "cleo"),
        record("1.2.0", "1.2.1", L),
        record("1.2.0", "1.2.1", R, "ben"),  # even: a tie
        record("1.2.1", "1.2.2", T),
        record("1.1.1", "1.1.2", T),
        record("1.1.1", "1.1.2", R, "ben"),  # a tie and a preference: the preference
    ]
    votes, tied = preferred(records)
    assert [(pair.better, pair.worse, pair.by) for pair in votes] == [
        ("1.1.0", "1.1.1", ("ann", "ben")),
        ("1.1.2", "1.1.1", ("ben",)),
    ]
    assert tied == 2


def test_the_rule_and_each_scorer_are_held_against_the_pairs_they_tell_apart() -> None:
    records = [
        record("1.1.0", "1.1.1", L),  # the rule: right; score: right
        record("1.2.0", "1.2.1", R),  # the rule: wrong; score: wrong
        record("1.1.1", "1.1.2", L),  # one is not decided by the rule; equal scores
        record("1.2.1", "1.2.2", L, "ben"),  # one is not decided by the rule; unknown score
        record("1.2.1", "1.2.2", L),
        record("1.1.0", "1.1.2", T, "ben"),
    ]
    scores = {"s": np.array([2.0, 1.0, 1.0, 5.0, 4.0, np.nan]), "flat": np.ones(6)}
    rates = win_rates(records, index(), scores)
    assert (rates.compared, rates.tied) == (5, 1)
    assert {f.name: (f.wins, f.pairs, f.share.value) for f in rates.figures} == {"": (1, 2, 0.5), "s": (1, 2, 0.5)}
    assert rates.reviewers == {"ann": 4, "ben": 2}
    assert (rates.twice, rates.alike) == (1, 1)
    assert rates.candidates[:2] == (CandidateWins("1.2.1", 2, 2), CandidateWins("1.1.0", 1, 1))
    assert rates.candidates[2] == CandidateWins("1.1.1", 1, 2)


def test_an_interval_is_over_prompts_and_unknown_of_one() -> None:
    one = win_rates([record("1.1.0", "1.1.1", L)], index(), {})
    assert not one.figures[0].share.known
    both = win_rates([record("1.1.0", "1.1.1", L), record("1.2.0", "1.2.1", L)], index(), {})
    assert both.figures[0].share.groups == 2 and both.figures[0].share.high <= 1.0


@pytest.mark.parametrize("records", [[], [record("1.1.0", "1.1.1", T)]])
def test_without_a_pair_that_differs_there_is_no_figure(records: list[PairWord]) -> None:
    rates = win_rates(records, index(), {"s": np.arange(6.0)})
    assert rates.figures == () and rates.candidates == () and rates.compared == len(records)


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("more", [0, 2])
def test_the_limits_hold_the_true_share_where_prompts_have_uneven_numbers_of_pairs(share: float, more: int) -> None:
    cell = {"share": share, "prompts": 20, "more": more, "spread": "beta 0.5"}
    assert winning.coverage(cell, 200, np.random.default_rng(4))["coverage"] >= 0.91  # 400 sets gave 0.94 to 0.99


def test_a_ranking_of_many_does_not_outweigh_pairs_that_were_compared_by_themselves() -> None:
    records = [record("1.1.0", "1.1.1", L, weight=0.5), record("1.1.0", "1.1.1", T, "ben", weight=0.5)]
    records += [record("1.2.1", "1.2.0", L)]
    rates = win_rates(records, index(), {})
    (figure,) = rates.figures
    assert (figure.wins, figure.pairs) == (1, 2) and figure.share.value == pytest.approx(0.5 / 1.5)
    assert rates.ranked == 1 and rates.compared == 2
    heavier = win_rates([*records, record("1.1.0", "1.1.1", L, "cleo")], index(), {})
    assert heavier.figures[0].share.value == 0.5 and heavier.ranked == 0


@pytest.mark.parametrize("ranked", ["2 to 8", "8"])
@pytest.mark.parametrize("tells", [0.0, 4.0])
def test_the_limits_hold_the_true_share_of_rankings(ranked: str, tells: float) -> None:
    cell = {"ranked": ranked, "prompts": 20, "tells": tells, "spread": 1.0}
    assert winning.ranked_coverage(cell, 200, np.random.default_rng(4))["coverage"] >= 0.91
