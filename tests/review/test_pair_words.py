"""The pairs of a ranking, the weight of each, and which preference counts if a reviewer also compared the pair."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from rsf_core.domain import Verdict
from rsf_core.review.pair_words import PairWord, pair_words, weight_of
from rsf_core.store.choice_records import ComparisonRecord, RankingRecord

L, T = Verdict.LEFT, Verdict.TIE


def ranking(seq: int, places: dict[str, int], who: str = "ann") -> RankingRecord:
    return RankingRecord(seq, f"r{seq}", 1, tuple(places), tuple(places.values()), who, 0)


def comparison(seq: int, left: str, right: str, verdict: Verdict, who: str = "ann") -> ComparisonRecord:
    return ComparisonRecord(seq, f"c{seq}", left, right, verdict, who, 0)


def test_a_ranking_says_all_its_pairs_the_better_one_left_and_ties() -> None:
    words = pair_words([], [ranking(1, {"c": 2, "a": 3, "b": 1, "d": 2})])
    assert {(one.left_id, one.right_id, one.verdict) for one in words} == {
        ("b", "c", L),
        ("b", "d", L),
        ("b", "a", L),
        ("c", "d", T),
        ("c", "a", L),
        ("d", "a", L),
    }
    assert {one.weight for one in words} == {0.6} and {one.reviewer for one in words} == {"ann"}


def test_of_a_reviewers_choices_on_a_pair_the_newest_holds_in_either_order() -> None:
    ranked = ranking(2, {"a": 1, "b": 2, "c": 3})
    older, newer = comparison(1, "b", "a", L), comparison(3, "c", "b", L)
    words = {frozenset((one.left_id, one.right_id)): one for one in pair_words([older, newer], [ranked])}
    assert words[frozenset("ab")] == PairWord("a", "b", L, "ann", 0.75)
    assert words[frozenset("bc")] == PairWord("c", "b", L, "ann", 1.0)
    assert len(words) == 3
    both = pair_words([comparison(1, "b", "a", L, "ben")], [ranked])
    assert len(both) == 4, "each reviewer has a word"


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6])
def test_weighted_so_the_pairs_of_a_ranking_tell_as_much_as_they_seem_to(count: int) -> None:
    """Over all orders, the variance of the slope of the weighted likelihood is its curvature, as for independent choices."""
    curvature, slopes = np.zeros((count, count)), []
    for one, other in combinations(range(count), 2):
        side = np.zeros(count)
        side[[one, other]] = 1, -1
        curvature += np.outer(side, side) / 4  # of log σ(θ₁ − θ₂) if all θ are equal
    for order in permutations(range(count)):
        record = ranking(1, {str(name): place for place, name in enumerate(order, 1)})
        slope = np.zeros(count)
        for word in pair_words([], [record]):
            slope[int(word.left_id)] += word.weight / 2
            slope[int(word.right_id)] -= word.weight / 2
        slopes.append(slope)
    variance = np.mean([np.outer(slope, slope) for slope in slopes], axis=0)
    np.testing.assert_allclose(variance, weight_of(count) * curvature, atol=1e-12)
    assert weight_of(2) == 1.0
